// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A token bucket in one number: the time at which it will be full. Each token
 * taken puts that off; it is empty when it is as far away as filling takes.
 * Needs no lock; the caller has one.
 */
#include "bucket.h"

#define SECOND 1000000000U

bool rtrs_bucket_take(struct rtrs_bucket *bucket, u64 now, u32 rate, u32 burst)
{
	u32 each = SECOND / rate;
	u64 full_at = bucket->full_at > now ? bucket->full_at : now;

	if (full_at - now > (u64)each * (burst - 1))
		return false;
	bucket->full_at = full_at + each;
	return true;
}
