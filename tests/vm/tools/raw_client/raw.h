/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the sources of raw_client share; main.c tells what it is. */
#ifndef RAW_CLIENT_RAW_H
#define RAW_CLIENT_RAW_H

#include "../lib/verbs.h"

#define PATHS		140		/* more than a session may have */
#define CONNS		2		/* of a path */

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

/* The next event's type, or -1 after @ms without any. */
int next_event(struct conn *c, long ms);
/* 0 or the server's error; nothing is left of @c after one. */
int say_hello(struct conn *c, const struct hello *hello);
int path_ended(struct path *p);

/* Returns when it has arrived, or cannot: ENDED, NO_ANSWER. */
int post(struct path *p, int cid, struct ibv_send_wr *wr, void *buf, uint32_t len);

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
