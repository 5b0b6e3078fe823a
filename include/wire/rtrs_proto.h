/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RTRS protocol 2.0: connect messages, info exchange, request headers and the
 * 32-bit immediate. Layouts are given in docs/protocol.md.
 */
#ifndef WIRE_RTRS_PROTO_H
#define WIRE_RTRS_PROTO_H

#include "wire.h"

#define RTRS_WIRE_MAGIC		0x1BBD
#define RTRS_WIRE_MAJOR		2
#define RTRS_WIRE_MINOR		0
#define RTRS_WIRE_VERSION	((RTRS_WIRE_MAJOR << 8) | RTRS_WIRE_MINOR)

#define RTRS_WIRE_UUID_LEN	16
#define RTRS_WIRE_NAME_LEN	255	/* with its NUL */

#define RTRS_WIRE_MAX_PATHS	128
#define RTRS_WIRE_MAX_CONNS	4096	/* what the protocol allows; limits are lower */
#define RTRS_WIRE_ADMIN_DEPTH	512	/* receives a server keeps on connection 0 */
#define RTRS_WIRE_MIN_CHUNK	8192
#define RTRS_WIRE_MAX_DEPTH	65535

/* CM service: TCP port space maps onto this by itself, IB port space needs it */
#define RTRS_WIRE_IB_SERVICE	0x00000000013F0000ULL

/* message types, first two bytes of every message but the connect messages */
enum rtrs_wire_type {
	RTRS_WIRE_INFO_REQ	= 0,
	RTRS_WIRE_INFO_RSP	= 1,
	RTRS_WIRE_WRITE		= 2,
	RTRS_WIRE_READ		= 3,
	RTRS_WIRE_RKEY		= 4,
};

/* bits 31..28 of the immediate */
enum rtrs_wire_imm {
	RTRS_WIRE_IMM_REQUEST		= 0,
	RTRS_WIRE_IMM_RESPONSE		= 1,
	RTRS_WIRE_IMM_RESPONSE_INV	= 2,	/* peer invalidated the key it was lent */
	RTRS_WIRE_IMM_HB		= 8,
	RTRS_WIRE_IMM_HB_ACK		= 9,
	RTRS_WIRE_IMM_PATH_END		= 10,	/* extension 2: the path of this token is over */
	RTRS_WIRE_IMM_PATH_END_ACK	= 11,	/* and the server takes nothing of it any more */
};

#define RTRS_WIRE_IMM_BITS	28	/* payload below the type */
#define RTRS_WIRE_IMM_PAYLOAD	((1U << RTRS_WIRE_IMM_BITS) - 1)
#define RTRS_WIRE_IMM_SLOT_BITS	19	/* of a response; 9 bits of errno above */
#define RTRS_WIRE_IMM_ERRNO_MAX	511

/* connect response flags */
#define RTRS_WIRE_F_NEW_RKEY	0x2	/* every reply carries the chunk's next key */

/*
 * Extension 1, only to a client that asked for it: the response, a refusal too,
 * names the server's instance. In-tree peers send zeroes here and read nothing.
 */
#define RTRS_WIRE_EXT_INSTANCE	1
/*
 * Extension 2: an attempt to connect has a token, none of another one of its
 * session at the time. By another path the client tells that this one is over.
 */
#define RTRS_WIRE_EXT_PATH_END	2
#define RTRS_WIRE_EXT_VERSION	RTRS_WIRE_EXT_PATH_END	/* the highest we know */

/* read header flags */
#define RTRS_WIRE_F_NEED_INVAL	0x1	/* invalidate the descriptor's key before the reply */

struct rtrs_wire_conn_req {
	__u8	cma_version;		/* 0: read as CMA header in the IB port space */
	__u8	ip_version;		/* 0, as above */
	__le16	magic;
	__le16	version;
	__le16	cid;
	__le16	conn_count;
	__le16	attempt;		/* 1 on the first try of the path */
	__u8	path_uuid[RTRS_WIRE_UUID_LEN];
	__u8	session_uuid[RTRS_WIRE_UUID_LEN];
	__u8	first_conn;		/* bit 0: the session may be created */
	__u8	ext_version;		/* 0: a peer without extensions */
	__u8	ext_features;
	__u8	reserved1[1];
	__le32	token;			/* since ext_version 2: what fits an immediate, not 0 */
	__u8	reserved2[4];
};
WIRE_SIZE(struct rtrs_wire_conn_req, 56);

struct rtrs_wire_conn_rsp {
	__le16	magic;
	__le16	version;
	__le16	status;			/* 0, or -errno in two's complement */
	__le16	queue_depth;
	__le32	max_io_size;
	__le32	max_hdr_size;
	__le32	flags;
	__u8	ext_version;
	__u8	ext_features;
	__u8	reserved1[2];
	__le64	instance;		/* since ext_version 1; another one: the server started anew */
	__u8	reserved2[24];
};
WIRE_SIZE(struct rtrs_wire_conn_rsp, 56);

struct rtrs_wire_info_req {
	__le16	type;
	char	name[RTRS_WIRE_NAME_LEN];
	__u8	reserved[15];
};
WIRE_SIZE(struct rtrs_wire_info_req, 272);

struct rtrs_wire_desc {
	__le64	addr;
	__le32	rkey;
	__le32	len;
};
WIRE_SIZE(struct rtrs_wire_desc, 16);

struct rtrs_wire_info_rsp {
	__le16	type;
	__le16	desc_count;
	__u8	reserved[4];
	/* desc_count times struct rtrs_wire_desc */
};
WIRE_SIZE(struct rtrs_wire_info_rsp, 8);

struct rtrs_wire_write_hdr {
	__le16	type;
	__le16	msg_len;
};
WIRE_SIZE(struct rtrs_wire_write_hdr, 4);

struct rtrs_wire_read_hdr {
	__le16	type;
	__le16	msg_len;
	__le16	flags;
	__le16	desc_count;		/* 0 or 1 */
	/* desc_count times struct rtrs_wire_desc */
};
WIRE_SIZE(struct rtrs_wire_read_hdr, 8);

#define RTRS_WIRE_READ_HDR_MAX	24	/* with its one descriptor */

struct rtrs_wire_rkey {
	__le16	type;
	__le16	slot;
	__le32	rkey;
};
WIRE_SIZE(struct rtrs_wire_rkey, 8);

#endif /* WIRE_RTRS_PROTO_H */
