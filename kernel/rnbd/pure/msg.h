/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Build and check every RNBD message, old peers' shorter ones included. */
#ifndef RNBD_PURE_MSG_H
#define RNBD_PURE_MSG_H

#include "../../pure.h"
#include "../../../include/wire/rnbd_proto.h"

#ifdef __cplusplus
extern "C" {
#endif

enum rnbd_access {
	RNBD_ACCESS_RO		= RNBD_WIRE_RO,
	RNBD_ACCESS_RW		= RNBD_WIRE_RW,
	RNBD_ACCESS_MIGRATION	= RNBD_WIRE_MIGRATION,
};

/* One block operation, host order. */
struct rnbd_io {
	u32 device_id;
	u64 sector;		/* 512-byte units */
	u32 bytes;		/* 0 for flush */
	u8 op;			/* enum rnbd_wire_op */
	bool sync;
	bool fua;
	bool preflush;
	bool nounmap;
	u16 prio;
	bool has_prio;
};

/* An open request, host order; name checked by rnbd_open_parse(). */
struct rnbd_open {
	u8 access;		/* enum rnbd_wire_access */
	char name[RNBD_WIRE_NAME_LEN];
};

/* What the server says about an opened device, host order. */
struct rnbd_dev_info {
	u32 device_id;
	u64 nsectors;
	u32 max_hw_sectors;
	u32 max_write_zeroes_sectors;
	u32 max_discard_sectors;
	u32 discard_granularity;	/* bytes */
	u32 discard_alignment;		/* bytes */
	u32 physical_block_size;	/* bytes */
	u32 logical_block_size;		/* bytes */
	u32 max_segments;
	u32 secure_erase_sectors;	/* sent as min(65535, this) */
	bool fua;
	bool writeback;
};

/* Device name rule: 1..254 printable bytes 0x21..0x7e, no '!', no ".." component. -EINVAL. */
int rnbd_device_name_check(const char *name, size_t size);
/* "ro", "rw", "migration", one trailing newline allowed; -EINVAL. */
int rnbd_access_parse(const char *text, size_t len);
const char *rnbd_access_name(enum rnbd_access access);

/* Every build function fills all bytes of its message, reserved ones with 0. */
void rnbd_sess_info_build(struct rnbd_wire_sess_info *msg, u8 version);
void rnbd_sess_info_rsp_build(struct rnbd_wire_sess_info *msg, u8 version);
/* -EINVAL: name refused by rnbd_device_name_check(). */
int rnbd_open_build(struct rnbd_wire_open *msg, const char *name, u8 access);
void rnbd_open_rsp_build(struct rnbd_wire_open_rsp *msg, const struct rnbd_dev_info *info);
void rnbd_close_build(struct rnbd_wire_close *msg, u32 device_id);
/* A flush is sent with sector all ones, as in-tree (protocol 7.1). */
void rnbd_io_build(struct rnbd_wire_io *msg, const struct rnbd_io *io);

/* Type of a message of @len bytes, or -EINVAL if shorter than its head. */
int rnbd_msg_type(const void *buf, size_t len);

/* Server side. Reserved and padding bytes never matter (protocol 2). */
/* *version becomes min(own major, peer's); 0 stays 0. -EINVAL: short. */
int rnbd_sess_info_parse(const void *buf, size_t len, u8 *version);
/* -EINVAL: short, mode above 2, name unterminated or refused (security S52). */
int rnbd_open_parse(const void *buf, size_t len, struct rnbd_open *open);
int rnbd_close_parse(const void *buf, size_t len, u32 *device_id);
/*
 * @read: RTRS direction of the request, @data_len: bytes of its data part.
 * -EOPNOTSUPP: unknown operation (S57). -EINVAL: short; READ in an RTRS write
 * or WRITE in an RTRS read (S39; flush may come as either); bytes != data_len
 * for READ and WRITE, or 0; data with any other operation; flush with bytes;
 * FUA or preflush on anything but WRITE and FLUSH (S58, S59); bytes no
 * multiple of 512. Unknown flags are ignored. In-tree flushes carry FUA, which
 * is accepted and dropped.
 */
int rnbd_io_parse(const void *buf, size_t len, bool read, u32 data_len,
		  struct rnbd_io *io);

/* Client side. -EPROTO: short, or wrong type. */
int rnbd_sess_info_rsp_parse(const void *buf, size_t len, u8 *version);
int rnbd_open_rsp_parse(const void *buf, size_t len, struct rnbd_dev_info *info);

#ifdef __cplusplus
}
#endif
#endif /* RNBD_PURE_MSG_H */
