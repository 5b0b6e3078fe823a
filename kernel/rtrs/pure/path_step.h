/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * States of a path and what each event does to it (architecture section 5).
 * The path worker obeys; nobody else writes the state.
 */
#ifndef RTRS_PURE_PATH_STEP_H
#define RTRS_PURE_PATH_STEP_H

#include "../../pure.h"

#ifdef __cplusplus
extern "C" {
#endif

enum rtrs_path_state {
	RTRS_PATH_CONNECTING,
	RTRS_PATH_CONNECTED,
	RTRS_PATH_DRAINING,	/* client only: lost, will come back or close */
	RTRS_PATH_WAITING,	/* client only: until the next attempt */
	RTRS_PATH_CLOSING,
	RTRS_PATH_CLOSED,
	RTRS_PATH_GONE,		/* may be freed */
	RTRS_PATH_STATES
};

/* Bits of the path's event word. Several may be pending at once. */
enum rtrs_path_event {
	RTRS_PEV_UP		= BIT(0),	/* handshake complete */
	RTRS_PEV_LOST		= BIT(1),	/* CM, CQ, heartbeat, protocol violation, device removal */
	RTRS_PEV_DONE		= BIT(2),	/* drained, nothing of the attempt is left */
	RTRS_PEV_TIMER		= BIT(3),	/* reconnect delay is over, link is back; server: handshake deadline */
	RTRS_PEV_CLOSE		= BIT(4),	/* administrator, session end */
	RTRS_PEV_RECONNECT	= BIT(5),	/* administrator: at once, attempts left or not */
	RTRS_PEV_REMOVE		= BIT(6),
};

/* What the worker does on entering the next state. */
enum rtrs_path_action {
	RTRS_PACT_NONE,
	RTRS_PACT_CONNECT,	/* start an attempt */
	RTRS_PACT_PUBLISH,	/* let I/O see the path */
	RTRS_PACT_DRAIN,	/* unpublish, stop, flush, fail over; then raise DONE */
	RTRS_PACT_WAIT,		/* arm the reconnect timer */
	RTRS_PACT_REST,		/* closed: tell who waits */
	RTRS_PACT_FREE,		/* gone */
};

struct rtrs_path_verdict {
	enum rtrs_path_state next;
	enum rtrs_path_action action;
	/* events to clear, pending or not; 0: no step, nothing to do */
	u32 consumed;
};

/*
 * One step: of the pending @events the strongest that means something in
 * @state (CLOSE and REMOVE over LOST over the rest) is obeyed and consumed
 * together with those that it makes meaningless; an event that means nothing
 * in @state is consumed without effect, but for REMOVE and CLOSE, which stay
 * pending until they can act. REMOVE before CLOSED acts as CLOSE and stays
 * pending. RECONNECT waits for the end of DRAINING; so does TIMER, also from
 * CONNECTING and CONNECTED on when it comes with LOST: a link that returns in
 * the middle of an attempt is tried at once after it. @attempts_left: whether
 * DONE in DRAINING leads to WAITING, or with TIMER to CONNECTING.
 */
struct rtrs_path_verdict rtrs_clt_path_step(enum rtrs_path_state state,
					    u32 events, bool attempts_left);
/*
 * Server: no draining or waiting; LOST, CLOSE and TIMER (only in CONNECTING)
 * lead to CLOSING, DONE to CLOSED, then at once to GONE by REMOVE.
 */
struct rtrs_path_verdict rtrs_srv_path_step(enum rtrs_path_state state,
					    u32 events);

const char *rtrs_path_state_name(enum rtrs_path_state state);

#ifdef __cplusplus
}
#endif
#endif /* RTRS_PURE_PATH_STEP_H */
