/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which of the published paths takes the next request. Paths are the bits of a
 * mask of two words; a cursor (per CPU, at the caller's) is where the last
 * choice ended, and each choice moves it behind the chosen path.
 *
 * Round robin is rtrs_mp_next(). The weighing policies fold over the candidates
 * in the order of rtrs_mp_take(), from the cursor on: ties stay with the earlier
 * one, hence they go round, and paths of equal weight share the load.
 *
 *	u64 left[RTRS_MP_WORDS] = { published and not tried yet };
 *
 *	while ((index = rtrs_mp_take(left, cursor)) >= 0)
 *		best = rtrs_mp_fold(policy, best, index, ...);
 *	cursor = best.index + 1;
 */
#ifndef RTRS_PURE_MP_POLICY_H
#define RTRS_PURE_MP_POLICY_H

#include "../../pure.h"

#ifdef __cplusplus
extern "C" {
#endif

enum rtrs_mp_policy {		/* numbers and order: sysfs ABI 3.1 */
	RTRS_MP_ROUND_ROBIN	= 0,
	RTRS_MP_MIN_INFLIGHT	= 1,
	RTRS_MP_MIN_LATENCY	= 2,
	RTRS_MP_POLICIES
};

#define RTRS_MP_WORDS	2
#define RTRS_MP_PATHS	(64 * RTRS_MP_WORDS)

struct rtrs_mp_choice {
	int index;		/* -1: none seen yet */
	u64 weight;
};

/* Start value of the fold. */
struct rtrs_mp_choice rtrs_mp_none(void);
/* Keep the better of @best and the candidate; ties stay with @best. */
struct rtrs_mp_choice rtrs_mp_fold(enum rtrs_mp_policy policy,
				   struct rtrs_mp_choice best, int index,
				   u32 inflight, u64 latency_ns);
/* First set bit of @mask at or after @cursor (modulo RTRS_MP_PATHS), cyclic; -1 if empty. */
int rtrs_mp_next(const u64 mask[RTRS_MP_WORDS], u32 cursor);

/* The same bit, and no longer set. */
static inline int rtrs_mp_take(u64 left[RTRS_MP_WORDS], u32 cursor)
{
	int index = rtrs_mp_next(left, cursor);

	if (index >= 0)
		left[index / 64] &= ~(1ULL << (index % 64));
	return index;
}

/*
 * Text of the sysfs file to policy: "0" "1" "2"; case-insensitive text that
 * starts with round-robin, min-inflight, min-latency; exactly rr, mi, ml; one
 * trailing newline allowed. -EINVAL.
 */
int rtrs_mp_parse(const char *text, size_t len);
/* "min-inflight (MI: 1)" as the sysfs file prints it, without newline. */
const char *rtrs_mp_text(enum rtrs_mp_policy policy);
/* "min-inflight" */
const char *rtrs_mp_name(enum rtrs_mp_policy policy);

#ifdef __cplusplus
}
#endif
#endif /* RTRS_PURE_MP_POLICY_H */
