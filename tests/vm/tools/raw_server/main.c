// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A server that speaks only as much RTRS as its tester wants, to show a client
 * what no real server does at will. It has one small disk in memory under every
 * name, whose 4 KiB blocks say their numbers, and answers well, but for what it is
 * asked for: a session of one of the names in lies.c gets that info response
 * or open response; a read or write at a place that "acts" prints gets that of
 * acts.c. Runs until it is killed, for any number of sessions one after the
 * other; prints "ready" once it listens, then "SESSION: " and what happened.
 *
 * usage: raw_server PORT plain|keys|old
 *   plain  answers are immediates
 *   keys   answers name the chunk's next key
 *   old    as plain, without extensions
 *        raw_server acts
 *   prints each act and the number of its block
 */
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "server.h"

#define BACKLOG 64
#define IDLE_LOOKS	32	/* without result, for each millisecond between two of them, */
#define IDLE_MS		20	/* up to so many */

const struct rtrs_geometry geo = {
	.depth = DEPTH, .chunk_size = CHUNK, .io_size = CHUNK - HDR, .hdr_size = HDR, .off_bits = 23,
};
int new_keys, extensions = RTRS_WIRE_EXT_VERSION;
struct path paths[PATHS];

static struct session sessions[SESSIONS];
static struct rdma_event_channel *events;
/* connect requests that came while something else was waited for */
static struct rdma_cm_event *knocks[BACKLOG];
static int knocking;

/* ---- paths ---- */

static void drop_path(struct path *p)
{
	int i;

	if (p->mr && ibv_dereg_mr(p->mr))
		die("ibv_dereg_mr");
	for (i = 0; i < CONNS; i++)
		drop_conn(&p->conns[i]);
	memset(p, 0, sizeof(*p));
}

static struct session *session_of(const uint8_t *uuid)
{
	static const uint8_t none[RTRS_WIRE_UUID_LEN];
	struct session *s;

	for (s = sessions; s < sessions + SESSIONS; s++) {
		if (!memcmp(s->uuid, uuid, sizeof(s->uuid)))
			return s;
		if (!memcmp(s->uuid, none, sizeof(none)))
			break;
	}
	if (s == sessions + SESSIONS)
		misused("so many sessions");
	memcpy(s->uuid, uuid, sizeof(s->uuid));
	s->chunks = calloc(DEPTH, CHUNK);
	if (!s->chunks)
		die("calloc");
	return s;
}

/* The path of a connect request; connection 0 begins its life anew. */
static struct path *path_of(const struct rtrs_hello *hello)
{
	struct path *p, *found = NULL;

	for (p = paths; p < paths + PATHS; p++)
		if (p->used && !memcmp(p->uuid, hello->path_uuid, sizeof(p->uuid)))
			found = p;
	if (hello->cid)
		return found;
	if (found)
		drop_path(found);
	for (p = paths; p < paths + PATHS && p->used; p++)
		;
	if (p == paths + PATHS)
		return NULL;
	p->used = 1;
	p->session = session_of(hello->session_uuid);
	p->token = hello->token;
	memcpy(p->uuid, hello->path_uuid, sizeof(p->uuid));
	return p;
}

static void knocked(struct rdma_cm_event *event)
{
	const struct rtrs_offer offer = {
		.queue_depth = DEPTH,
		.max_io_size = geo.io_size,
		.max_hdr_size = geo.hdr_size,
		.new_rkey = new_keys,
		.ext_version = extensions,
		.instance = extensions ? getpid() : 0,
	};
	struct rtrs_wire_conn_rsp rsp;
	struct rdma_conn_param param = {
		.private_data = &rsp, .private_data_len = sizeof(rsp), .rnr_retry_count = 7,
	};
	struct rdma_cm_id *id = event->id;
	struct path *p = NULL;
	struct rtrs_hello hello;
	struct conn *c;

	if (!rtrs_conn_req_parse(event->param.conn.private_data,
				 event->param.conn.private_data_len, CONNS, &hello))
		p = path_of(&hello);
	rdma_ack_cm_event(event);
	if (!p || p->conns[hello.cid].id) {
		rdma_reject(id, NULL, 0);
		rdma_destroy_id(id);
		return;
	}
	c = &p->conns[hello.cid];
	c->id = id;
	/* here and below: a client that gave up meanwhile is no error */
	if (make_qp(c)) {
		c->id = NULL;
		rdma_destroy_id(id);
		if (!hello.cid)
			drop_path(p);
		return;
	}
	id->context = c;
	rtrs_conn_rsp_build(&rsp, &offer);
	if (rdma_accept(id, &param))
		c->ended = 1;
}

/* ---- events ---- */

/* Connections are neither made nor dropped here: somebody may be using one. */
static void take_event(void)
{
	struct rdma_cm_event *event;
	struct conn *c;

	if (rdma_get_cm_event(events, &event))
		die("rdma_get_cm_event");
	if (event->event == RDMA_CM_EVENT_CONNECT_REQUEST) {
		if (knocking == BACKLOG)
			misused("so many connect requests");
		knocks[knocking++] = event;
		return;
	}
	c = event->id->context;
	if (c && event->event != RDMA_CM_EVENT_ESTABLISHED && !c->ended) {
		c->ended = 1;
		/* answers the client's, as a server does; it may be gone */
		rdma_disconnect(event->id);
	}
	rdma_ack_cm_event(event);
}

static int events_within(int ms)
{
	struct pollfd fd = { .fd = events->fd, .events = POLLIN };

	return poll(&fd, 1, ms) > 0;
}

int conn_over(void *conn)
{
	while (events_within(0))
		take_event();
	return ((struct conn *)conn)->ended;
}

static int receive(struct path *p)
{
	int cid, found = 0;
	struct ibv_wc wc;
	char *buf;

	for (cid = 0; cid < CONNS; cid++)
		while (p->conns[cid].id && !p->conns[cid].ended &&
		       next_message(&p->conns[cid], &wc, &buf)) {
			serve_message(p, cid, &wc, buf);
			give_back(&p->conns[cid], buf);
			found = 1;
		}
	return found;
}

/* One connection's end is the path's. */
static void drop_ended(void)
{
	struct path *p;
	int cid, ended;

	for (p = paths; p < paths + PATHS; p++) {
		for (cid = 0, ended = 0; cid < CONNS; cid++)
			ended |= p->conns[cid].ended;
		if (ended)
			drop_path(p);
	}
}

/* Looks often while there is something to do, and less so the longer there is not. */
static void serve(void)
{
	static int idle;
	struct path *p;
	int i, found = 0;

	for (p = paths; p < paths + PATHS; p++)
		found |= p->used && receive(p);
	idle = found ? 0 : idle + 1;
	if (events_within(idle / IDLE_LOOKS < IDLE_MS ? idle / IDLE_LOOKS : IDLE_MS)) {
		take_event();
		idle = 0;
	}
	drop_ended();
	for (i = 0; i < knocking; i++)
		knocked(knocks[i]);
	knocking = 0;
}

static void start(int port)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct rdma_cm_id *id;

	events = rdma_create_event_channel();
	if (!events || rdma_create_id(events, &id, NULL, RDMA_PS_TCP))
		die("rdma_create_id");
	if (rdma_bind_addr(id, (struct sockaddr *)&any) || rdma_listen(id, BACKLOG))
		die("rdma_listen");
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "acts"))
		return list_acts(), 0;
	if (argc != 3 || (strcmp(argv[2], "plain") && strcmp(argv[2], "keys") &&
			  strcmp(argv[2], "old"))) {
		fprintf(stderr, "usage: %s PORT plain|keys|old, or %s acts\n", argv[0],
			argv[0]);
		return 2;
	}
	new_keys = *argv[2] == 'k';
	if (*argv[2] == 'o')
		extensions = 0;
	fill_disk();
	setvbuf(stdout, NULL, _IOLBF, 0);
	start(atoi(argv[1]));
	puts("ready");
	for (;;)
		serve();
}
