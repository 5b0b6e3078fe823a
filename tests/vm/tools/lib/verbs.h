/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections of the programs that speak RTRS by hand: what a client and a
 * server need alike. One thread; nothing here knows what a message means.
 */
#ifndef TOOLS_LIB_VERBS_H
#define TOOLS_LIB_VERBS_H

#include <rdma/rdma_cma.h>
#include <rdma/rdma_verbs.h>
#include <stdint.h>

#include "../../../../include/wire/rtrs_proto.h"

#define RECVS		64
#define RECV_BYTES	16384
#define CHUNK_MAX	131072U		/* of the tester's server */
#define PATIENCE_MS	20000

/* What became of a message, beside the peer's errors. */
#define ENDED		-1
#define NO_ANSWER	-2

/* buf: the receives, a place for what is sent, one for the data of answers. */
struct conn {
	struct rdma_event_channel *events;	/* NULL: not its own */
	struct rdma_cm_id *id;
	struct ibv_mr *mr;
	char *buf;
	struct rtrs_wire_conn_rsp rsp;		/* of the server, to a client */
	int ended;				/* as the connection manager says */
	int broken;				/* a send has failed: no other will do better */
};

static inline char *send_area(struct conn *c)
{
	return c->buf + RECVS * RECV_BYTES;
}

static inline char *answer_area(struct conn *c)
{
	return send_area(c) + CHUNK_MAX;
}

void die(const char *what) __attribute__((noreturn));
/* A word that means nothing. */
void misused(const char *what) __attribute__((noreturn));
long now_ms(void);

/* The queue pair of @c->id, its buffers and all its receives; -1: that id has ended. */
int make_qp(struct conn *c);
/* Nothing is left of it; one without id is none. */
void drop_conn(struct conn *c);

/*
 * Returns when all of the chain have arrived, or cannot: ENDED, NO_ANSWER. The
 * first one carries @buf, unless it is empty. @over looks for events and tells whether the
 * connection has ended.
 */
#define SENDS 8		/* of a chain */
int post_and_wait(struct conn *c, struct ibv_send_wr *wr, void *buf, uint32_t len,
		  int (*over)(void *arg), void *arg);
/* What came in, if anything did: 1. The buffer belongs to the caller until give_back(). */
int next_message(struct conn *c, struct ibv_wc *wc, char **buf);
void give_back(struct conn *c, char *buf);

#endif /* TOOLS_LIB_VERBS_H */
