/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chunks, slots and the immediate: how many, how large, how they are packed. */
#ifndef RTRS_PURE_GEOMETRY_H
#define RTRS_PURE_GEOMETRY_H

#include "../../pure.h"
#include "../../../include/wire/rtrs_proto.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Shape of a session's chunk memory; fixed for the life of the session. */
struct rtrs_geometry {
	u32 depth;		/* chunks = slots */
	u32 chunk_size;		/* bytes; io_size + hdr_size */
	u32 io_size;		/* largest data of one request, bytes */
	u32 hdr_size;		/* room for message and header, bytes */
	u32 off_bits;		/* low bits of a request immediate that hold the offset */
};

/* What the client is willing to take from a server (security C1 to C4). */
struct rtrs_geometry_limits {
	u32 max_depth;
	u32 max_io_size;	/* bytes */
};

struct rtrs_imm {
	u8 type;		/* enum rtrs_wire_imm, or a number without meaning */
	u32 payload;		/* 28 bits */
};

/* Smallest b with (1 << b) >= n; 0 for n <= 1. */
u32 rtrs_ceil_log2(u32 n);

/*
 * Fill @g from what a connect response says (protocol 4.2, 7).
 * -EPROTO: depth 0 or above the limit, header room outside 512..65536,
 * io size below 4096 or above the limit, a sum (the chunk) that is no power of
 * two, or depth and chunk size that do not fit 28 bits together.
 */
int rtrs_geometry_init(struct rtrs_geometry *g, u32 depth, u32 io_size,
		       u32 hdr_size, const struct rtrs_geometry_limits *limits);

/*
 * Server side: shape from module parameters (sysfs ABI 1). -EINVAL: depth
 * outside 1..65535, chunk below 8192 or no power of two, 28 bits exceeded,
 * or no room for data behind @hdr_size.
 */
int rtrs_geometry_from_params(struct rtrs_geometry *g, u32 depth,
			      u32 chunk_size, u32 hdr_size);

u32 rtrs_imm_pack(u8 type, u32 payload);
struct rtrs_imm rtrs_imm_unpack(u32 imm);

/* @slot < depth and @off < chunk_size are the caller's duty. */
u32 rtrs_imm_request(const struct rtrs_geometry *g, u32 slot, u32 off);
/* @err: 0 or -errno; an errno above 511 is sent as EIO (protocol 7). */
u32 rtrs_imm_response(u32 slot, int err, bool invalidated);

/* -EPROTO unless slot < depth and off < chunk_size (security S31). */
int rtrs_imm_request_parse(const struct rtrs_geometry *g, u32 payload,
			   u32 *slot, u32 *off);
/* -EPROTO unless slot < depth; *err becomes 0 or -errno, unknown ones -EIO (C12). */
int rtrs_imm_response_parse(const struct rtrs_geometry *g, u32 payload,
			    u32 *slot, int *err);

#ifdef __cplusplus
}
#endif
#endif /* RTRS_PURE_GEOMETRY_H */
