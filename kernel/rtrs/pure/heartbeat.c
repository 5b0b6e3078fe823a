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
	hb->missed_max = missed_max;
	rtrs_hb_heard(hb);
}

void rtrs_hb_heard(struct rtrs_hb *hb)
{
	hb->missed = 0;
	hb->silent_ms = 0;
	hb->again = false;
}

void rtrs_hb_asked(struct rtrs_hb *hb)
{
	rtrs_hb_heard(hb);
	hb->missed = ASKED;
}

enum rtrs_hb_action rtrs_hb_tick(struct rtrs_hb *hb, bool reached, u32 ms)
{
	bool round_over = hb->missed > hb->missed_max;
	bool patient;

	if (hb->missed >= ASKED)
		hb->silent_ms += ms;
	patient = hb->silent_ms < RTRS_HB_PATIENCE_MS;
	if ((round_over && !reached) || ((round_over || hb->again) && !patient))
		return RTRS_HB_DEAD;
	if (round_over) {
		hb->again = true;
		hb->missed = ASKED;
		return RTRS_HB_SEND;
	}
	hb->missed++;
	/* 0 before: heard in the interval that ends now; above 1: the question is out */
	return hb->missed == ASKED ? RTRS_HB_SEND : RTRS_HB_REST;
}

enum rtrs_hb_pace rtrs_hb_next_pace(enum rtrs_hb_pace pace, bool busy)
{
	if (busy)
		return RTRS_HB_BUSY;
	return pace == RTRS_HB_BUSY ? RTRS_HB_COASTING : RTRS_HB_IDLE;
}
