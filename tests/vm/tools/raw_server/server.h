/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the sources of raw_server share; main.c tells what it is. */
#ifndef RAW_SERVER_SERVER_H
#define RAW_SERVER_SERVER_H

#include "../../../../kernel/rnbd/pure/msg.h"
#include "../../../../kernel/rtrs/pure/handshake.h"
#include "../../../../kernel/rtrs/pure/io_msg.h"
#include "../lib/verbs.h"

#define SESSIONS	256
#define PATHS		8		/* at a time, of all sessions */
#define CONNS		9		/* of a path */
#define DEPTH		20		/* no power of two, so that there are slots beyond it */
#define CHUNK		16384U
#define HDR		4096U
#define SECTORS		16384U		/* of the disk, which all sessions share */
#define TRAP		8192U		/* the first sector where misbehaviour waits, */
#define STEP		8U		/* for each act so many */
#define ACTS		128

struct request;
struct session;
struct path;

/* One way to misbehave. A session's name, or a sector, chooses it. */
struct act {
	const char *name;
	/* what is done instead of a good answer */
	void (*info)(struct path *p, const struct act *act);
	void (*greet)(struct request *r);	/* session info */
	void (*open)(struct request *r);
	void (*io)(struct request *r);
	int times;		/* so often in a session, then it behaves well; 0: always */
	long number;		/* what tells it from others alike */
};

struct session {
	uint8_t uuid[RTRS_WIRE_UUID_LEN];
	char name[RTRS_WIRE_NAME_LEN];
	char *chunks;
	uint32_t devices;	/* opened */
	const struct act *act;	/* of info and open responses; NULL: none */
	long number;		/* behind the act's name */
	int acted;
	int io_acted[ACTS];
	struct rtrs_lent kept;	/* of an act that takes more than one request */
	uint32_t ending;	/* token of the path that was cut, until its end is told */
	int asked;
	uint32_t mute_end;	/* token of the path whose end is never told */
};

struct path {
	int used;
	uint8_t uuid[RTRS_WIRE_UUID_LEN];
	uint32_t token;
	struct session *session;
	struct conn conns[CONNS];
	struct ibv_mr *mr;	/* of the session's chunks; NULL before the info request */
};

struct request {
	struct path *path;
	int cid;
	uint32_t slot;
	struct rtrs_io io;
	char *chunk;
	struct rnbd_io what;	/* of an I/O */
	const struct act *act;
	int turn;		/* of the act, from 0 */
	int error;		/* to be answered: 0 or -errno */
	const void *data;	/* and with that */
	uint32_t len;
};

/* ---- main.c ---- */

extern const struct rtrs_geometry geo;
extern int new_keys;		/* every answer names the chunk's next key */
extern int extensions;		/* the highest one offered */
extern struct path paths[PATHS];

/* ---- serve.c ---- */

void fill_disk(void);
/* Whether the connection is over; looks for events first. */
int conn_over(void *conn);
int post(struct conn *c, struct ibv_send_wr *wr, const void *buf, uint32_t len);
int say_imm(struct path *p, int cid, uint32_t type, uint32_t payload);
/* The same so many times. */
int say_often(struct path *p, int cid, uint32_t type, uint32_t payload, int times);
/* A SEND, with an immediate if there is one. */
int say_send(struct path *p, int cid, const uint32_t *imm, const void *buf, uint32_t len);
int invalidate(struct path *p, int cid, uint32_t key);
int put(struct path *p, int cid, uint64_t addr, uint32_t key, const void *buf, uint32_t len);
/* The last message of an answer, of the kind that was offered. */
int final(struct path *p, int cid, uint32_t slot, int error, int inv);
void put_data(struct request *r);
/* All of the answer, as it should be. */
void answer(struct request *r);
void good_info(struct path *p);
void serve_message(struct path *p, int cid, const struct ibv_wc *wc, const char *buf);

/* ---- acts.c, lies.c ---- */

/* What the session's name asks for. */
void find_act(struct session *s);
/* The session's act, if its turn has come; it counts as done. */
const struct act *take_act(struct session *s);
/* Does what the request's sector asks for; 0: nothing, or no longer. */
int act_on_io(struct request *r);
void list_acts(void);
extern const struct act lie_acts[];

/* ---- ends.c ---- */

/* A question whether the path of this token is over. */
void end_asked(struct path *p, uint32_t token);
void act_ends(struct request *r);
void act_early_end(struct request *r);
void act_mute_end(struct request *r);

#endif /* RAW_SERVER_SERVER_H */
