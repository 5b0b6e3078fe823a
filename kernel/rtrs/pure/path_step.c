// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The state machine of a path: current state and pending events to next state,
 * action and the events used up. Called by the path workers, which run one at
 * a time per path and loop until nothing is consumed. Needs no lock.
 *
 * CLOSING is always entered with DRAIN, also from states that drained before:
 * draining is idempotent, and its DONE is the only way on.
 */
#include "path_step.h"

#define CLOSERS (RTRS_PEV_CLOSE | RTRS_PEV_REMOVE)

/*
 * REMOVE must survive until the path is closed; nothing else is worth keeping.
 * Draining settles LOST even if it comes only now: so a step always consumes
 * something.
 */
static struct rtrs_path_verdict go(enum rtrs_path_state next,
				   enum rtrs_path_action action, u32 events)
{
	struct rtrs_path_verdict v = {
		.next = next,
		.action = action,
		.consumed = events & ~(u32)RTRS_PEV_REMOVE,
	};

	if (action == RTRS_PACT_DRAIN)
		v.consumed |= RTRS_PEV_LOST;
	return v;
}

static struct rtrs_path_verdict stay(enum rtrs_path_state state, u32 events)
{
	struct rtrs_path_verdict v = go(state, RTRS_PACT_NONE, events);

	v.consumed &= events;
	return v;
}

/*
 * An order to reconnect outlives the draining it waits for, and so does word
 * that the link is back, which may come while an attempt still fails without it.
 */
static struct rtrs_path_verdict keep(struct rtrs_path_verdict v, u32 events)
{
	v.consumed &= ~events;
	return v;
}

/* The last stretch, the same on both sides but for coming back. */
static struct rtrs_path_verdict end_step(enum rtrs_path_state state, u32 events,
					 bool may_reconnect)
{
	struct rtrs_path_verdict v = stay(state, events);

	if (state == RTRS_PATH_CLOSING) {
		if (events & RTRS_PEV_DONE)
			v = go(RTRS_PATH_CLOSED, RTRS_PACT_REST, events);
		return v;
	}
	if (state == RTRS_PATH_CLOSED && events & RTRS_PEV_REMOVE)
		v = go(RTRS_PATH_GONE, RTRS_PACT_FREE, events);
	else if (state == RTRS_PATH_CLOSED && may_reconnect &&
		 (events & (RTRS_PEV_CLOSE | RTRS_PEV_RECONNECT)) == RTRS_PEV_RECONNECT)
		return go(RTRS_PATH_CONNECTING, RTRS_PACT_CONNECT, events);
	v.consumed = events;
	return v;
}

static struct rtrs_path_verdict connecting_step(u32 events)
{
	if (events & RTRS_PEV_LOST)
		return keep(go(RTRS_PATH_DRAINING, RTRS_PACT_DRAIN, events), RTRS_PEV_TIMER);
	if (events & RTRS_PEV_UP)
		return go(RTRS_PATH_CONNECTED, RTRS_PACT_PUBLISH, events);
	return keep(stay(RTRS_PATH_CONNECTING, events), RTRS_PEV_TIMER);
}

static struct rtrs_path_verdict draining_step(u32 events, bool attempts_left)
{
	if (!(events & RTRS_PEV_DONE))
		return keep(stay(RTRS_PATH_DRAINING, events), RTRS_PEV_RECONNECT | RTRS_PEV_TIMER);
	if (events & RTRS_PEV_RECONNECT || (events & RTRS_PEV_TIMER && attempts_left))
		return go(RTRS_PATH_CONNECTING, RTRS_PACT_CONNECT, events);
	if (attempts_left)
		return go(RTRS_PATH_WAITING, RTRS_PACT_WAIT, events);
	return go(RTRS_PATH_CLOSED, RTRS_PACT_REST, events);
}

struct rtrs_path_verdict rtrs_clt_path_step(enum rtrs_path_state state,
					    u32 events, bool attempts_left)
{
	if (state >= RTRS_PATH_CLOSING)
		return end_step(state, events, true);
	if (events & CLOSERS)
		return go(RTRS_PATH_CLOSING, RTRS_PACT_DRAIN, events);
	switch (state) {
	case RTRS_PATH_CONNECTING:
		return connecting_step(events);
	case RTRS_PATH_CONNECTED:
		if (events & (RTRS_PEV_LOST | RTRS_PEV_RECONNECT))
			return keep(go(RTRS_PATH_DRAINING, RTRS_PACT_DRAIN, events),
				    RTRS_PEV_RECONNECT | RTRS_PEV_TIMER);
		break;
	case RTRS_PATH_DRAINING:
		return draining_step(events, attempts_left);
	default: /* WAITING */
		if (events & (RTRS_PEV_TIMER | RTRS_PEV_RECONNECT))
			return go(RTRS_PATH_CONNECTING, RTRS_PACT_CONNECT, events);
		break;
	}
	return stay(state, events);
}

struct rtrs_path_verdict rtrs_srv_path_step(enum rtrs_path_state state,
					    u32 events)
{
	u32 enders = CLOSERS | RTRS_PEV_LOST;

	if (state >= RTRS_PATH_CLOSING)
		return end_step(state, events, false);
	/* a handshake that is complete has met its deadline */
	if (state == RTRS_PATH_CONNECTING && !(events & RTRS_PEV_UP))
		enders |= RTRS_PEV_TIMER;
	if (events & enders)
		return go(RTRS_PATH_CLOSING, RTRS_PACT_DRAIN, events);
	if (state == RTRS_PATH_CONNECTING && events & RTRS_PEV_UP)
		return go(RTRS_PATH_CONNECTED, RTRS_PACT_PUBLISH, events);
	return stay(state, events);
}

const char *rtrs_path_state_name(enum rtrs_path_state state)
{
	static const char * const names[RTRS_PATH_STATES] = {
		[RTRS_PATH_CONNECTING]	= "connecting",
		[RTRS_PATH_CONNECTED]	= "connected",
		[RTRS_PATH_DRAINING]	= "draining",
		[RTRS_PATH_WAITING]	= "waiting",
		[RTRS_PATH_CLOSING]	= "closing",
		[RTRS_PATH_CLOSED]	= "closed",
		[RTRS_PATH_GONE]	= "gone",
	};

	return (u32)state < RTRS_PATH_STATES ? names[state] : "unknown";
}
