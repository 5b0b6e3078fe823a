/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a path, session or device is in the state it is in: one number inside,
 * one short token for programs, one sentence for people.
 */
#ifndef RTRS_PURE_CAUSE_H
#define RTRS_PURE_CAUSE_H

#include "../../pure.h"

#ifdef __cplusplus
extern "C" {
#endif

enum rtrs_cause {
	RTRS_CAUSE_NONE,
	RTRS_CAUSE_NO_RESOURCE,		/* local memory, queue pair or registration */
	RTRS_CAUSE_NO_DEVICE,		/* no RDMA device reaches the address */
	RTRS_CAUSE_DEVICE_UNFIT,	/* RDMA device lacks what the protocol needs */
	RTRS_CAUSE_ADDR_UNRESOLVED,
	RTRS_CAUSE_ROUTE_UNRESOLVED,
	RTRS_CAUSE_NO_ANSWER,		/* connect request unanswered */
	RTRS_CAUSE_NO_LISTENER,		/* nobody listens on address and port */
	RTRS_CAUSE_REFUSED,		/* peer's reject with its errno */
	RTRS_CAUSE_BAD_MAGIC,		/* answer is not RTRS */
	RTRS_CAUSE_BAD_VERSION,
	RTRS_CAUSE_BAD_OFFER,		/* depth or sizes out of bounds */
	RTRS_CAUSE_INFO_REFUSED,	/* peer closed the path instead of answering the info request */
	RTRS_CAUSE_INFO_TIMEOUT,
	RTRS_CAUSE_BAD_INFO,
	RTRS_CAUSE_HANDSHAKE_TIMEOUT,	/* server: client did not finish */
	RTRS_CAUSE_PEER_CLOSED,		/* orderly disconnect by the peer */
	RTRS_CAUSE_HEARTBEAT_LOST,
	RTRS_CAUSE_TRANSPORT_ERROR,	/* work completion error */
	RTRS_CAUSE_VIOLATION,		/* peer broke the protocol */
	RTRS_CAUSE_ADDR_CHANGED,
	RTRS_CAUSE_DEVICE_REMOVED,	/* RDMA device went away */
	RTRS_CAUSE_ADMIN,		/* closed by the administrator */
	RTRS_CAUSE_SESSION_CLOSED,
	RTRS_CAUSE_NO_PATH,		/* no path of the session is connected */
	/* block device layer */
	RTRS_CAUSE_OPEN_REFUSED,	/* server answered the open with an errno */
	RTRS_CAUSE_OPEN_TIMEOUT,
	RTRS_CAUSE_BAD_OPEN_RSP,
	RTRS_CAUSE_SESSION_LOST,
	RTRS_CAUSE_CANCELLED,
	RTRS_CAUSE_DEVICE_CHANGED,	/* what the server has now cannot stand in for what was mapped */
	RTRS_CAUSE_PORT_DOWN,		/* ours */
	RTRS_CAUSE_ADDR_TAKEN,		/* another path of the session has the same two */
	RTRS_CAUSE_END_TIMEOUT,		/* server did not answer that a lost path is over */
	RTRS_CAUSE_OTHER_SERVER,	/* the session of that name has other addresses, or another port */
	RTRS_CAUSES
};

/* "heartbeat-lost": lower case, stable, for programs. Never NULL. */
const char *rtrs_cause_token(enum rtrs_cause cause);
/* A sentence without full stop, for people. Never NULL. */
const char *rtrs_cause_text(enum rtrs_cause cause);
/* Inverse of the token; RTRS_CAUSES for an unknown one. */
enum rtrs_cause rtrs_cause_from_token(const char *token);

#ifdef __cplusplus
}
#endif
#endif /* RTRS_PURE_CAUSE_H */
