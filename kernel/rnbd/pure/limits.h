/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks of what a server says of a device, and of an I/O against a device. */
#ifndef RNBD_PURE_LIMITS_H
#define RNBD_PURE_LIMITS_H

#include "msg.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Queue limits of the client's disk. Units as named. */
struct rnbd_limits {
	u64 nsectors;
	u32 logical_block_size;		/* bytes */
	u32 physical_block_size;	/* bytes */
	u32 max_hw_sectors;
	u32 max_segments;
	u32 io_opt;			/* bytes */
	u32 virt_boundary;		/* bytes - 1 */
	u32 max_discard_sectors;	/* 0: no discard */
	u32 discard_granularity;	/* bytes */
	u32 discard_alignment;		/* bytes */
	u32 max_write_zeroes_sectors;	/* 0: none */
	u32 max_secure_erase_sectors;	/* 0: none */
	bool write_cache;
	bool fua;
};

/*
 * Open response to limits (protocol 10, security C14). @max_io_size and
 * @max_segments come from the session. -EPROTO: block size not a power of two
 * in 512..4096 (512..65536 for the physical one, not below the logical; 0
 * becomes the logical), capacity 0, from 2^63 bytes on or no multiple of the
 * logical block, discard granularity not a multiple of 512 (0 with discard
 * becomes the logical block). *why names the broken rule.
 */
int rnbd_limits_init(struct rnbd_limits *lim, const struct rnbd_dev_info *info,
		     u32 max_io_size, u32 max_segments, const char **why);

/* An opened device as the server's I/O check needs it. */
struct rnbd_target {
	u64 nsectors;
	u32 logical_block_size;		/* bytes */
	bool read_only;			/* opened ro by the peer, or the disk is */
	bool discard;
	bool secure_erase;
	bool write_zeroes;
};

/*
 * Range, alignment and permission of one operation (security S60, S61, S62).
 * -EROFS: writing operation on a read-only target. -EINVAL: not aligned to the
 * logical block, or beyond the end (sector + length computed without wrap).
 * -EOPNOTSUPP: operation the target lacks.
 */
int rnbd_io_check(const struct rnbd_target *target, const struct rnbd_io *io);

/* I/O priority a peer may use: class real time is lowered to best effort (S63). */
u16 rnbd_prio_clamp(u16 prio);

/*
 * What a re-open may change (security C15): limits may grow, a write cache may
 * go; everything else is -EPROTO.
 */
int rnbd_limits_compatible(const struct rnbd_limits *now, const struct rnbd_limits *then,
			   const char **why);

#ifdef __cplusplus
}
#endif
#endif /* RNBD_PURE_LIMITS_H */
