/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events of one object that changes too often: some are left out, but never
 * the last one, which comes at most a second later and counts the others.
 * Process context; none after event_rate_end().
 */
#ifndef EVENT_RATE_H
#define EVENT_RATE_H

#include <linux/atomic.h>
#include <linux/ratelimit.h>
#include <linux/workqueue.h>

#define EVENT_RATE_BURST 20	/* in a second */

struct event_rate {
	struct ratelimit_state limit;
	struct delayed_work late;
	atomic_t left_out;
};

/* @late sends the event that was left out last, unless event_rate_count() says 0. */
static inline void event_rate_init(struct event_rate *rate, work_func_t late)
{
	ratelimit_state_init(&rate->limit, HZ, EVENT_RATE_BURST);
	/* it would print how many it refused */
	ratelimit_set_flags(&rate->limit, RATELIMIT_MSG_ON_RELEASE);
	INIT_DELAYED_WORK(&rate->late, late);
	atomic_set(&rate->left_out, 0);
}

/* False: leave this one out. */
static inline bool event_rate_pass(struct event_rate *rate)
{
	if (__ratelimit(&rate->limit))
		return true;
	atomic_inc(&rate->left_out);
	queue_delayed_work(system_long_wq, &rate->late, HZ);
	return false;
}

/* How many were left out since this was asked last. */
static inline u32 event_rate_count(struct event_rate *rate)
{
	return atomic_xchg(&rate->left_out, 0);
}

/* After it no late event comes; before the object's last event. */
static inline void event_rate_end(struct event_rate *rate)
{
	cancel_delayed_work_sync(&rate->late);
}

#endif /* EVENT_RATE_H */
