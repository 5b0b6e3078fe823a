/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How often something may happen: so many a second, so many at once after a rest. */
#ifndef RTRS_PURE_BUCKET_H
#define RTRS_PURE_BUCKET_H

#include "../../pure.h"

#ifdef __cplusplus
extern "C" {
#endif

/* All zero: full. */
struct rtrs_bucket {
	u64 full_at;	/* ns; when nothing more is taken it is full again */
};

/*
 * Take one of @burst that come back at @rate a second, both at least 1; @now
 * never goes backwards. False: none is left, nothing was taken.
 */
bool rtrs_bucket_take(struct rtrs_bucket *bucket, u64 now, u32 rate, u32 burst);

#ifdef __cplusplus
}
#endif
#endif /* RTRS_PURE_BUCKET_H */
