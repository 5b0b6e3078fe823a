// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Decides at each tick whether to rest, to ask the peer for a sign of life or
 * to give it up, and how long it is to the next one. Called by the heartbeat
 * timer of both sides under its lock. Ticks are counted, not time: a machine
 * that stood still has missed nothing.
 */
#include "heartbeat.h"

#define ASKED 2		/* what missed is after the tick that sent */

bool rtrs_hb_params_ok(const struct rtrs_hb_params *p)
{
	return p->idle_ms >= 100 && p->idle_ms <= 600000 && p->busy_ms >= 20 &&
	       p->busy_ms <= p->idle_ms && p->missed_max && p->missed_max <= 1000;
}

void rtrs_hb_init(struct rtrs_hb *hb, u32 missed_max)
{
	hb->missed = 0;
	hb->missed_max = missed_max;
	hb->rounds = 0;
}

void rtrs_hb_heard(struct rtrs_hb *hb)
{
	hb->missed = 0;
	hb->rounds = 0;
}

void rtrs_hb_asked(struct rtrs_hb *hb)
{
	hb->missed = ASKED;
}

enum rtrs_hb_action rtrs_hb_tick(struct rtrs_hb *hb, bool reached)
{
	u32 silent = hb->missed;

	if (silent > hb->missed_max) {
		if (!reached || hb->rounds + 1 >= RTRS_HB_PATIENCE)
			return RTRS_HB_DEAD;
		hb->rounds++;
		hb->missed = ASKED;
		return RTRS_HB_SEND;
	}
	hb->missed = silent + 1;
	/* 0: heard in the interval that ends now; above 1: the question is out */
	return hb->missed == ASKED ? RTRS_HB_SEND : RTRS_HB_REST;
}

enum rtrs_hb_pace rtrs_hb_next_pace(enum rtrs_hb_pace pace, bool busy)
{
	if (busy)
		return RTRS_HB_BUSY;
	return pace == RTRS_HB_BUSY ? RTRS_HB_COASTING : RTRS_HB_IDLE;
}
