/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Build and check the four messages that make a path (protocol 4 and 5). */
#ifndef RTRS_PURE_HANDSHAKE_H
#define RTRS_PURE_HANDSHAKE_H

#include "geometry.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Connect request, host order. */
struct rtrs_hello {
	u16 cid;
	u16 conn_count;
	u16 attempt;
	bool first_conn;
	u8 ext_version;
	u8 ext_features;
	u32 token;		/* of RTRS_WIRE_IMM_BITS bits; 0 without extension 2 */
	u8 path_uuid[RTRS_WIRE_UUID_LEN];
	u8 session_uuid[RTRS_WIRE_UUID_LEN];
};

/* Connect response, host order. */
struct rtrs_offer {
	int error;		/* 0 or -errno */
	u32 queue_depth;
	u32 max_io_size;	/* bytes */
	u32 max_hdr_size;	/* bytes */
	bool new_rkey;		/* replies carry the chunk's next key */
	u8 ext_version;
	u8 ext_features;
	u64 instance;		/* of the server; 0 without extension 1 */
};

/* Where the server lets the client write one chunk. */
struct rtrs_chunk_ref {
	u64 addr;
	u32 rkey;
};

void rtrs_conn_req_build(struct rtrs_wire_conn_req *msg,
			 const struct rtrs_hello *hello);
/*
 * Check a connect request before anything is allocated for it (security S1,
 * S2, S3, S8). @max_conns: largest conn_count accepted.
 * -ECONNRESET: short, wrong magic, foreign major, or cid >= conn_count.
 * -EINVAL: conn_count below 2 or above @max_conns, or a nil uuid.
 */
int rtrs_conn_req_parse(const void *buf, size_t len, u32 max_conns,
			struct rtrs_hello *hello);

void rtrs_conn_rsp_build(struct rtrs_wire_conn_rsp *msg,
			 const struct rtrs_offer *offer);
/*
 * -EPROTO: short, wrong magic, or a positive errno (security C12).
 * -EPROTONOSUPPORT: foreign major. Otherwise 0; offer->error tells whether
 * the server accepted; an errno above 4095 is given as -EIO.
 */
int rtrs_conn_rsp_parse(const void *buf, size_t len, struct rtrs_offer *offer);

/*
 * Session name rule (security S23): printable ASCII 0x21..0x7e without
 * '/', '.', '!', 1 to 254 bytes with the NUL inside @size bytes. -EINVAL.
 */
int rtrs_name_check(const char *name, size_t size);

/* -EINVAL for a name that rtrs_name_check() refuses. */
int rtrs_info_req_build(struct rtrs_wire_info_req *msg, const char *name);
/* -EPROTO: not 272 bytes, wrong type, or a bad name. @name gets the NUL too. */
int rtrs_info_req_parse(const void *buf, size_t len,
			char name[RTRS_WIRE_NAME_LEN]);

/* Bytes of an info response with @desc_count descriptors. */
size_t rtrs_info_rsp_size(u32 desc_count);
/* Largest info response a client must have posted a buffer for. */
size_t rtrs_info_rsp_max(const struct rtrs_geometry *g);
/* Put head in place; descriptors follow by rtrs_info_rsp_set(). */
void rtrs_info_rsp_build(void *buf, u32 desc_count);
void rtrs_info_rsp_set(void *buf, u32 index, u64 addr, u32 rkey, u32 len);
/*
 * Check and cut into chunks (protocol 5.2, security C5): fills depth entries
 * of @chunks. -EPROTO on any rule broken; sums are 64 bits wide.
 */
int rtrs_info_rsp_parse(const void *buf, size_t len,
			const struct rtrs_geometry *g,
			struct rtrs_chunk_ref *chunks);

#ifdef __cplusplus
}
#endif
#endif /* RTRS_PURE_HANDSHAKE_H */
