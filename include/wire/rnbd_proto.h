/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RNBD protocol 2.2: block device messages carried by RTRS. Sectors are
 * 512 bytes. Layouts are given in docs/protocol.md.
 */
#ifndef WIRE_RNBD_PROTO_H
#define WIRE_RNBD_PROTO_H

#include "wire.h"

#define RNBD_WIRE_MAJOR		2
#define RNBD_WIRE_PORT		1234
#define RNBD_WIRE_NAME_LEN	255	/* device name with its NUL */

enum rnbd_wire_type {
	RNBD_WIRE_SESS_INFO	= 0,
	RNBD_WIRE_SESS_INFO_RSP	= 1,
	RNBD_WIRE_OPEN		= 2,
	RNBD_WIRE_OPEN_RSP	= 3,
	RNBD_WIRE_IO		= 4,
	RNBD_WIRE_CLOSE		= 5,
};

enum rnbd_wire_access {
	RNBD_WIRE_RO		= 0,
	RNBD_WIRE_RW		= 1,
	RNBD_WIRE_MIGRATION	= 2,
};

/* low byte of struct rnbd_wire_io.rw */
enum rnbd_wire_op {
	RNBD_WIRE_OP_READ		= 0,
	RNBD_WIRE_OP_WRITE		= 1,
	RNBD_WIRE_OP_FLUSH		= 2,
	RNBD_WIRE_OP_DISCARD		= 3,
	RNBD_WIRE_OP_SECURE_ERASE	= 4,
	RNBD_WIRE_OP_WRITE_ZEROES	= 5,
};

#define RNBD_WIRE_OP_MASK	0xffU
#define RNBD_WIRE_F_SYNC	0x100U
#define RNBD_WIRE_F_FUA		0x200U
#define RNBD_WIRE_F_PREFLUSH	0x400U	/* since 2.1, dropped by older servers */
#define RNBD_WIRE_F_NOUNMAP	0x800U	/* since 2.2, dropped by older servers */

/* cache policy byte of the open response */
#define RNBD_WIRE_CACHE_FUA		0x1
#define RNBD_WIRE_CACHE_WRITEBACK	0x2

struct rnbd_wire_hdr {
	__le16	type;
	__le16	padding;
};
WIRE_SIZE(struct rnbd_wire_hdr, 4);

struct rnbd_wire_sess_info {		/* request and response alike */
	struct rnbd_wire_hdr hdr;
	__u8	version;
	__u8	reserved[31];
};
WIRE_SIZE(struct rnbd_wire_sess_info, 36);

struct rnbd_wire_open {
	struct rnbd_wire_hdr hdr;
	__u8	access;
	__u8	reserved1;
	char	name[RNBD_WIRE_NAME_LEN];
	__u8	reserved2[3];
};
WIRE_SIZE(struct rnbd_wire_open, 264);

struct rnbd_wire_open_rsp {
	struct rnbd_wire_hdr hdr;
	__le32	device_id;
	__le64	nsectors;
	__le32	max_hw_sectors;
	__le32	max_write_zeroes_sectors;
	__le32	max_discard_sectors;
	__le32	discard_granularity;	/* bytes */
	__le32	discard_alignment;	/* bytes */
	__le16	physical_block_size;	/* bytes */
	__le16	logical_block_size;	/* bytes */
	__le16	max_segments;
	__le16	secure_discard;		/* sectors, cut to 16 bits; read as yes or no */
	__u8	obsolete_rotational;
	__u8	cache_policy;
	__u8	reserved[10];
};
WIRE_SIZE(struct rnbd_wire_open_rsp, 56);

struct rnbd_wire_close {
	struct rnbd_wire_hdr hdr;
	__le32	device_id;
};
WIRE_SIZE(struct rnbd_wire_close, 8);

struct rnbd_wire_io {
	struct rnbd_wire_hdr hdr;
	__le32	device_id;
	__le64	sector;
	__le32	rw;
	__le32	bytes;			/* bytes the operation covers; flush: 0 */
	__le16	prio;
	__u8	reserved[6];		/* a 32-bit peer may leave out the last four */
};
WIRE_SIZE(struct rnbd_wire_io, 32);

#define RNBD_WIRE_IO_MIN	24	/* without prio */
#define RNBD_WIRE_IO_PRIO	26	/* with prio */

#endif /* WIRE_RNBD_PROTO_H */
