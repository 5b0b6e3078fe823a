/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the sources of raw_client share; main.c tells what it is. */
#ifndef RAW_CLIENT_RAW_H
#define RAW_CLIENT_RAW_H

#include <rdma/rdma_cma.h>
#include <rdma/rdma_verbs.h>
#include <stdint.h>

#include "../../../../include/wire/rtrs_proto.h"

#define PATHS		10
#define CONNS		2		/* of a path */
#define RECVS		64
#define RECV_BYTES	16384
#define CHUNK_MAX	131072U		/* of the tester's server */
#define PATIENCE_MS	20000

/* What became of a request, beside the server's errors. */
#define ENDED		-1
#define NO_ANSWER	-2

/* buf: the receives, a place for what is sent, one for the data of answers. */
struct conn {
	struct rdma_event_channel *events;
	struct rdma_cm_id *id;
	struct ibv_mr *mr;
	char *buf;
	struct rtrs_wire_conn_rsp rsp;
	int ended;
};

/* A chunk of the server, and what came back for the last request in it. */
struct chunk {
	uint64_t addr;
	uint32_t rkey;
	int answer;
};

struct path {
	struct conn conns[CONNS];
	uint32_t depth;
	uint32_t chunk_size;
	uint32_t off_bits;
	struct chunk *chunks;
	uint32_t device;	/* opened last */
	int beats_answered;
	int ends_answered;
	uint32_t over;		/* what the server has said last to be at its end */
};

struct hello {
	int path;
	int session;
	int cid;
	int count;		/* connections, as told */
	int first;
	uint32_t token;		/* 0: without extensions */
};

/* ---- conn.c ---- */

extern struct path paths[PATHS];
extern const char *address, *port;

void die(const char *what) __attribute__((noreturn));
/* A command with words that mean nothing. */
void misused(const char *what) __attribute__((noreturn));
long now_ms(void);

/* The next event's type, or -1 after @ms without any. */
int next_event(struct conn *c, long ms);
/* 0 or the server's error; nothing is left of @c after one. */
int say_hello(struct conn *c, const struct hello *hello);
void drop_conn(struct conn *c);
int path_ended(struct path *p);

static inline char *send_area(struct conn *c)
{
	return c->buf + RECVS * RECV_BYTES;
}

static inline char *answer_area(struct conn *c)
{
	return send_area(c) + CHUNK_MAX;
}

/* Returns when it has arrived, or cannot: ENDED, NO_ANSWER. */
int post(struct path *p, int cid, struct ibv_send_wr *wr, void *buf, uint32_t len);
/* What came in, if anything did: 1. The buffer belongs to the caller until give_back(). */
int next_message(struct conn *c, struct ibv_wc *wc, char **buf);
void give_back(struct conn *c, char *buf);

/* ---- request.c; all print their line and return the words they used ---- */

/* From the info response on. */
void learn_chunks(struct path *p, const char *rsp, uint32_t len);
int run_request(char **args, int number);
int run_opens(char **args, int number);
int run_imm(char **args, int number);
int run_send(char **args, int number);
int run_inval(char **args, int number);
int run_beats(char **args, int number);
int run_end(char **args, int number);
int run_ends(char **args, int number);

#endif /* RAW_CLIENT_RAW_H */
