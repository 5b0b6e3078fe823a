/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Heartbeat decisions (protocol 10); ticks are counted, the clock is passed in. */
#ifndef RTRS_PURE_HEARTBEAT_H
#define RTRS_PURE_HEARTBEAT_H

#include "../../pure.h"

#ifdef __cplusplus
extern "C" {
#endif

struct rtrs_hb_params {
	u32 idle_ms;		/* between ticks while nothing waits for the peer */
	u32 busy_ms;		/* while something does */
	u32 missed_max;
};

/* Idle as every peer does it; busy: silent for 750 to 875 ms is lost. */
#define RTRS_HB_IDLE_MS		5000
#define RTRS_HB_BUSY_MS		125
#define RTRS_HB_MISSED_MAX	5

/* What a person may ask for: 100 ms to 10 min idle, from 20 ms to idle busy, 1 to 1000 missed. */
bool rtrs_hb_params_ok(const struct rtrs_hb_params *params);

enum rtrs_hb_action {
	RTRS_HB_REST,		/* the peer was heard since the last tick, or an answer is due */
	RTRS_HB_SEND,
	RTRS_HB_DEAD,
};

/*
 * So long, or for missed_max ticks if that is longer, may a peer stay silent
 * whose adapter still acknowledges questions: its CPUs are late, the path is
 * not dead.
 */
#define RTRS_HB_PATIENCE_MS	5000

struct rtrs_hb {
	u32 missed;		/* ticks since the peer was last heard, or asked anew */
	u32 missed_max;
	u32 silent_ms;		/* ticks since the first question without an answer, in time */
	bool again;		/* it was not the last one */
};

void rtrs_hb_init(struct rtrs_hb *hb, u32 missed_max);
/* Any sign of life of the peer. */
void rtrs_hb_heard(struct rtrs_hb *hb);
/* A heartbeat went out between ticks; what was heard or missed before counts no more. */
void rtrs_hb_asked(struct rtrs_hb *hb);
/*
 * One tick, @ms after the one before: the first silent one sends, more than
 * missed_max silent ones are the end; but as long as @reached, the last question
 * has reached the peer's adapter, it is asked anew, for RTRS_HB_PATIENCE_MS in all.
 */
enum rtrs_hb_action rtrs_hb_tick(struct rtrs_hb *hb, bool reached, u32 ms);

enum rtrs_hb_pace {
	RTRS_HB_IDLE,		/* the next tick is idle_ms away */
	RTRS_HB_COASTING,	/* one more at busy_ms */
	RTRS_HB_BUSY,		/* the next tick is busy_ms away, whoever comes need not call */
};

/*
 * Pace after a tick that found the heartbeat @busy or not. Slowing down takes
 * two ticks: somebody may have become busy and seen BUSY at the same moment.
 */
enum rtrs_hb_pace rtrs_hb_next_pace(enum rtrs_hb_pace pace, bool busy);

#ifdef __cplusplus
}
#endif
#endif /* RTRS_PURE_HEARTBEAT_H */
