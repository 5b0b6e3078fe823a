// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A client that speaks only as much RTRS as its tester wants, to show a server
 * what no real client does at will: the same path twice, half a handshake, a
 * path that dies without a word. Each path has two connections. Commands are
 * carried out in order; each prints one line. Errors are the server's, as
 * positive numbers.
 *
 * usage: raw_client ADDRESS PORT COMMAND...
 *   hello P S      connection 0 of path P in session S (numbers 1 to 9)
 *   second P       its connection 1
 *   open P S       both
 *   again P S MS   open, repeated until it works
 *   info P NAME    the info request; waits for the answer or the end
 *   vanish P       its queue pairs are gone, nobody is told
 *   ended P MS     waits for the server to disconnect path P
 *   knock N        N times connection 0 for a session that does not exist
 *   sleep MS
 *   address A      paths from now on go there
 */
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <rdma/rdma_cma.h>
#include <rdma/rdma_verbs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../../include/wire/rtrs_proto.h"

#define PATHS		10
#define RECVS		64
#define RECV_BYTES	16384
#define PATIENCE_MS	20000

struct conn {
	struct rdma_event_channel *events;
	struct rdma_cm_id *id;
	struct ibv_mr *mr;
	char *buf;
	int ended;
};

static struct conn conns[PATHS][2];
static const char *address, *port;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The next event's type, or -1 after @ms without any. @status: what the server says with a reject. */
static int next_event(struct conn *c, long ms, int *status)
{
	struct pollfd fd = { .fd = c->events->fd, .events = POLLIN };
	const struct rtrs_wire_conn_rsp *rsp;
	struct rdma_cm_event *event;
	int type;

	if (status)
		*status = ETIMEDOUT;
	if (poll(&fd, 1, ms) <= 0)
		return -1;
	if (rdma_get_cm_event(c->events, &event))
		die("rdma_get_cm_event");
	type = event->event;
	rsp = event->param.conn.private_data;
	if (status)
		*status = EIO;
	if (status && type == RDMA_CM_EVENT_REJECTED && rsp &&
	    event->param.conn.private_data_len >= sizeof(*rsp))
		*status = -(__s16)le16toh((__u16)rsp->status);
	rdma_ack_cm_event(event);
	if (type == RDMA_CM_EVENT_DISCONNECTED)
		c->ended = 1;
	return type;
}

static void make_id(struct conn *c)
{
	struct rdma_addrinfo hints = { .ai_port_space = RDMA_PS_TCP }, *info;

	memset(c, 0, sizeof(*c));
	c->events = rdma_create_event_channel();
	if (!c->events || rdma_create_id(c->events, &c->id, NULL, RDMA_PS_TCP))
		die("rdma_create_id");
	if (rdma_getaddrinfo(address, port, &hints, &info))
		die("rdma_getaddrinfo");
	if (rdma_resolve_addr(c->id, NULL, info->ai_dst_addr, 5000) ||
	    next_event(c, PATIENCE_MS, NULL) != RDMA_CM_EVENT_ADDR_RESOLVED)
		die("rdma_resolve_addr");
	rdma_freeaddrinfo(info);
	if (rdma_resolve_route(c->id, 5000) ||
	    next_event(c, PATIENCE_MS, NULL) != RDMA_CM_EVENT_ROUTE_RESOLVED)
		die("rdma_resolve_route");
}

static void make_qp(struct conn *c)
{
	struct ibv_qp_init_attr attr = {
		.cap = { .max_send_wr = 8, .max_recv_wr = RECVS, .max_send_sge = 1, .max_recv_sge = 1 },
		.qp_type = IBV_QPT_RC,
		.sq_sig_all = 1,
	};
	int i;

	if (rdma_create_qp(c->id, NULL, &attr))
		die("rdma_create_qp");
	c->buf = calloc(RECVS + 1, RECV_BYTES);
	c->mr = c->buf ? rdma_reg_msgs(c->id, c->buf, (RECVS + 1) * RECV_BYTES) : NULL;
	if (!c->mr)
		die("rdma_reg_msgs");
	for (i = 0; i < RECVS; i++)
		if (rdma_post_recv(c->id, NULL, c->buf + i * RECV_BYTES, RECV_BYTES, c->mr))
			die("rdma_post_recv");
}

/* 0 or the server's error. */
static int say_hello(struct conn *c, int path, int session, int cid, int first)
{
	struct rtrs_wire_conn_req req = {
		.magic = (__le16)htole16(RTRS_WIRE_MAGIC),
		.version = (__le16)htole16(RTRS_WIRE_VERSION),
		.cid = (__le16)htole16(cid),
		.conn_count = (__le16)htole16(2),
		.attempt = (__le16)htole16(1),
		.first_conn = first,
	};
	struct rdma_conn_param param = {
		.private_data = &req,
		.private_data_len = sizeof(req),
		.retry_count = 7,
		.rnr_retry_count = 7,
	};
	int status;

	memset(req.path_uuid, path, sizeof(req.path_uuid));
	memset(req.session_uuid, session, sizeof(req.session_uuid));
	make_id(c);
	make_qp(c);
	if (rdma_connect(c->id, &param))
		die("rdma_connect");
	if (next_event(c, PATIENCE_MS, &status) == RDMA_CM_EVENT_ESTABLISHED)
		return 0;
	rdma_destroy_qp(c->id);
	rdma_destroy_id(c->id);
	c->id = NULL;
	return status;
}

/* A path that is there already is left alone when the server refuses another like it. */
static int hello(int path, int session)
{
	struct conn c;
	int ret = say_hello(&c, path, session, 0, 1);

	if (!ret)
		conns[path][0] = c;
	return ret;
}

static int second(int path, int session)
{
	return say_hello(&conns[path][1], path, session, 1, 1);
}

static int open_path(int path, int session)
{
	int ret = hello(path, session);

	return ret ? ret : second(path, session);
}

static void again(int path, int session, long ms)
{
	long start = now_ms();
	int ret;

	while ((ret = open_path(path, session)) && now_ms() - start < ms)
		usleep(200000);
	if (ret)
		printf("again %d: error %d\n", path, ret);
	else
		printf("again %d: ok\n", path);
}

/* Connection 0 has one completion for the request and one for the answer. */
static void info(int path, const char *name)
{
	struct conn *c = &conns[path][0];
	struct rtrs_wire_info_req *req = (void *)(c->buf + RECVS * RECV_BYTES);
	long start = now_ms();
	struct ibv_wc wc;

	memset(req, 0, sizeof(*req));
	strncpy(req->name, name, sizeof(req->name) - 1);
	if (rdma_post_send(c->id, NULL, req, sizeof(*req), c->mr, 0))
		die("rdma_post_send");
	while (now_ms() - start < PATIENCE_MS) {
		while (ibv_poll_cq(c->id->recv_cq, 1, &wc) > 0)
			if (wc.status == IBV_WC_SUCCESS && wc.opcode == IBV_WC_RECV) {
				printf("info %d: ok\n", path);
				return;
			}
		if (next_event(c, 20, NULL) == RDMA_CM_EVENT_DISCONNECTED)
			break;
	}
	printf("info %d: %s\n", path, c->ended ? "ended" : "no answer");
}

static void vanish(int path)
{
	int i;

	for (i = 0; i < 2; i++)
		if (conns[path][i].id)
			rdma_destroy_qp(conns[path][i].id);
	printf("vanish %d\n", path);
}

static void ended(int path, long ms)
{
	struct conn *c = &conns[path][0];
	long start = now_ms();

	while (!c->ended && now_ms() - start < ms)
		next_event(c, 20, NULL);
	printf("ended %d: %s\n", path, c->ended ? "yes" : "no");
}

static void knock(int count)
{
	int i, busy = 0;
	struct conn c;

	for (i = 0; i < count; i++)
		busy += say_hello(&c, 9, 9, 0, 0) == EBUSY;
	printf("knock: %d of %d put off\n", busy, count);
}

static void print(const char *what, int path, int ret)
{
	if (ret)
		printf("%s %d: error %d\n", what, path, ret);
	else
		printf("%s %d: ok\n", what, path);
}

static int number(const char *text)
{
	int n = text ? atoi(text) : 0;

	if (n < 1 || n >= PATHS) {
		fprintf(stderr, "not 1 to %d: %s\n", PATHS - 1, text ? text : "nothing");
		exit(2);
	}
	return n;
}

/* Carries out the command at @args; how many words it has. */
static int run(char **args)
{
	static int session_of[PATHS];
	const char *verb = args[0];
	int path;

	if (!args[1])
		exit(2);
	if (!strcmp(verb, "sleep"))
		return usleep(atoi(args[1]) * 1000), 2;
	if (!strcmp(verb, "knock"))
		return knock(atoi(args[1])), 2;
	if (!strcmp(verb, "address"))
		return address = args[1], 2;
	path = number(args[1]);
	if (!strcmp(verb, "vanish"))
		return vanish(path), 2;
	if (!strcmp(verb, "second"))
		return print(verb, path, second(path, session_of[path])), 2;
	if (!args[2])
		exit(2);
	if (!strcmp(verb, "info"))
		return info(path, args[2]), 3;
	if (!strcmp(verb, "ended"))
		return ended(path, atoi(args[2])), 3;
	session_of[path] = number(args[2]);
	if (!strcmp(verb, "hello"))
		return print(verb, path, hello(path, session_of[path])), 3;
	if (!strcmp(verb, "open"))
		return print(verb, path, open_path(path, session_of[path])), 3;
	if (strcmp(verb, "again") || !args[3])
		exit(2);
	return again(path, session_of[path], atoi(args[3])), 4;
}

int main(int argc, char **argv)
{
	int i = 3;

	if (argc < 4) {
		fprintf(stderr, "usage: %s ADDRESS PORT COMMAND...\n", argv[0]);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	address = argv[1];
	port = argv[2];
	while (i < argc)
		i += run(argv + i);
	return 0;
}
