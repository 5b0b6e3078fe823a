/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Build and check request headers and the key message (protocol 8 and 9). */
#ifndef RTRS_PURE_IO_MSG_H
#define RTRS_PURE_IO_MSG_H

#include "geometry.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RTRS_IO_MSG_MAX 4096	/* longest upper-layer message, bytes (security rule A) */

/* Memory the client lends the server for the result of a read. */
struct rtrs_lent {
	u64 addr;
	u32 rkey;
	u32 len;		/* bytes */
};

/* A checked request header, host order. */
struct rtrs_io {
	bool read;
	bool need_inval;	/* only with has_desc */
	bool has_desc;
	u32 data_len;		/* bytes in front of the message */
	u32 msg_len;		/* bytes of the upper layer's message */
	u32 msg_off;		/* = data_len: where the message starts in the chunk */
	struct rtrs_lent lent;	/* valid if has_desc */
};

/* Each returns the bytes written: 4, 8 or 24. @buf needs no alignment. */
size_t rtrs_write_hdr_build(void *buf, u16 msg_len);
/* @lent NULL: no data wanted. @need_inval is ignored then. */
size_t rtrs_read_hdr_build(void *buf, u16 msg_len, const struct rtrs_lent *lent,
			   bool need_inval);

/*
 * Check a request header. @hdr: private copy of min(24, chunk_size - off)
 * bytes that were at chunk offset @off; @avail: how many were copied.
 * -EPROTO: unknown type, header or message beyond the chunk, message of 0 or
 * more than RTRS_IO_MSG_MAX bytes or longer than @off, more than one
 * descriptor, a lent length of 0 or above data_len or io_size, data_len above
 * io_size (security S32, S34, S38, S40). Unknown flags are ignored, and so is
 * NEED_INVAL without a descriptor.
 */
int rtrs_io_parse(const struct rtrs_geometry *g, u32 off, const void *hdr,
		  size_t avail, struct rtrs_io *io);

void rtrs_rkey_build(struct rtrs_wire_rkey *msg, u16 slot, u32 rkey);
/* -EPROTO: short, wrong type, or another slot than @slot. */
int rtrs_rkey_parse(const void *buf, size_t len, u32 slot, u32 *rkey);

#ifdef __cplusplus
}
#endif
#endif /* RTRS_PURE_IO_MSG_H */
