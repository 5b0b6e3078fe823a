// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which published path takes the next request; pure/mp_policy.c decides. Hot:
 * called for every request, under RCU, no locks. A path that goes away between
 * the look at the mask and the look at the table is simply not there.
 */
#include "client.h"

static struct rtrs_clt_path *path_at(struct rtrs_clt_session *session, u32 index)
{
	return rcu_dereference(session->table[index]);
}

static int best_of(struct rtrs_clt_session *session, u64 *left, u32 cursor,
		   enum rtrs_mp_policy policy)
{
	struct rtrs_mp_choice best = rtrs_mp_none();
	int index;

	while ((index = rtrs_mp_take(left, cursor)) >= 0) {
		struct rtrs_clt_path *path = path_at(session, index);
		u32 inflight = 0;

		if (!path)
			continue;
		if (policy == RTRS_MP_MIN_INFLIGHT)
			inflight = rtrs_clt_stats_inflight(path);
		best = rtrs_mp_fold(policy, best, index, inflight, READ_ONCE(path->latency_ns));
	}
	return best.index;
}

static int choose(struct rtrs_clt_session *session, const u64 *tried)
{
	enum rtrs_mp_policy policy = READ_ONCE(session->policy);
	u32 i, count = 0, cursor = this_cpu_read(*session->cursor);
	u64 left[RTRS_MP_WORDS];

	for (i = 0; i < RTRS_MP_WORDS; i++) {
		left[i] = READ_ONCE(session->up[i]) & ~tried[i];
		count += hweight64(left[i]);
	}
	/* weighing takes a look at every CPU's counters */
	if (policy == RTRS_MP_ROUND_ROBIN || count < 2)
		return rtrs_mp_next(left, cursor);
	return best_of(session, left, cursor, policy);
}

struct rtrs_clt_path *rtrs_clt_pick(struct rtrs_clt_session *session, u64 *tried)
{
	struct rtrs_clt_path *path;
	int index;

	/* at most as often as there are paths: each choice is marked */
	while ((index = choose(session, tried)) >= 0) {
		/* a preemption since the cursor was read costs fairness only */
		this_cpu_write(*session->cursor, index + 1);
		tried[index / 64] |= BIT_ULL(index % 64);
		path = path_at(session, index);
		if (path)
			return path;
	}
	return NULL;
}

struct rtrs_clt_path *rtrs_clt_next_up(struct rtrs_clt_session *session, u32 *index)
{
	struct rtrs_clt_path *path;
	u64 rest;

	while (*index < RTRS_CLT_MAX_PATHS) {
		rest = READ_ONCE(session->up[*index / 64]) >> (*index % 64);
		if (!rest) {
			*index = (*index | 63) + 1;
			continue;
		}
		*index += __ffs64(rest);
		path = path_at(session, (*index)++);
		if (path)
			return path;
	}
	return NULL;
}
