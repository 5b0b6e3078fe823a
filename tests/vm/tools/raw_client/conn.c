// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Connections: the connection manager's part, and sends and receives without
 * knowing what they mean. One thread; whoever waits looks at the events, too.
 */
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "raw.h"

#define BUF_BYTES (RECVS * RECV_BYTES + 2 * CHUNK_MAX)

struct path paths[PATHS];
const char *address, *port;

void die(const char *what)
{
	perror(what);
	exit(1);
}

void misused(const char *what)
{
	fprintf(stderr, "not understood: %s\n", what ? what : "nothing");
	exit(2);
}

long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int next_event(struct conn *c, long ms)
{
	struct pollfd fd = { .fd = c->events->fd, .events = POLLIN };
	struct rdma_cm_event *event;
	const void *data;
	int type;

	if (poll(&fd, 1, ms) <= 0)
		return -1;
	if (rdma_get_cm_event(c->events, &event))
		die("rdma_get_cm_event");
	type = event->event;
	data = event->param.conn.private_data;
	if ((type == RDMA_CM_EVENT_ESTABLISHED || type == RDMA_CM_EVENT_REJECTED) && data &&
	    event->param.conn.private_data_len >= sizeof(c->rsp))
		memcpy(&c->rsp, data, sizeof(c->rsp));
	rdma_ack_cm_event(event);
	if (type == RDMA_CM_EVENT_DISCONNECTED)
		c->ended = 1;
	return type;
}

static void make_id(struct conn *c)
{
	struct rdma_addrinfo hints = { .ai_port_space = RDMA_PS_TCP }, *info;

	c->events = rdma_create_event_channel();
	if (!c->events || rdma_create_id(c->events, &c->id, NULL, RDMA_PS_TCP))
		die("rdma_create_id");
	if (rdma_getaddrinfo(address, port, &hints, &info))
		die("rdma_getaddrinfo");
	if (rdma_resolve_addr(c->id, NULL, info->ai_dst_addr, 5000) ||
	    next_event(c, PATIENCE_MS) != RDMA_CM_EVENT_ADDR_RESOLVED)
		die("rdma_resolve_addr");
	rdma_freeaddrinfo(info);
	if (rdma_resolve_route(c->id, 5000) ||
	    next_event(c, PATIENCE_MS) != RDMA_CM_EVENT_ROUTE_RESOLVED)
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
	c->buf = calloc(1, BUF_BYTES);
	c->mr = c->buf ? rdma_reg_write(c->id, c->buf, BUF_BYTES) : NULL;
	if (!c->mr)
		die("rdma_reg_write");
	for (i = 0; i < RECVS; i++)
		give_back(c, c->buf + i * RECV_BYTES);
}

void drop_conn(struct conn *c)
{
	if (!c->id)
		return;
	if (c->id->qp)
		rdma_destroy_qp(c->id);
	rdma_dereg_mr(c->mr);
	free(c->buf);
	rdma_destroy_id(c->id);
	rdma_destroy_event_channel(c->events);
	memset(c, 0, sizeof(*c));
}

int say_hello(struct conn *c, const struct hello *hello)
{
	struct rtrs_wire_conn_req req = {
		.magic = htole16(RTRS_WIRE_MAGIC),
		.version = htole16(RTRS_WIRE_VERSION),
		.cid = htole16(hello->cid),
		.conn_count = htole16(hello->count),
		.attempt = htole16(1),
		.first_conn = hello->first,
		.ext_version = hello->token ? RTRS_WIRE_EXT_PATH_END : 0,
		.token = htole32(hello->token),
	};
	struct rdma_conn_param param = {
		.private_data = &req,
		.private_data_len = sizeof(req),
		.retry_count = 7,
		.rnr_retry_count = 7,
	};
	int event, status;

	memset(req.path_uuid, hello->path, sizeof(req.path_uuid));
	memset(req.session_uuid, hello->session, sizeof(req.session_uuid));
	memset(c, 0, sizeof(*c));
	make_id(c);
	make_qp(c);
	if (rdma_connect(c->id, &param))
		die("rdma_connect");
	event = next_event(c, PATIENCE_MS);
	if (event == RDMA_CM_EVENT_ESTABLISHED)
		return 0;
	status = -(int16_t)le16toh(c->rsp.status);
	drop_conn(c);
	if (event < 0)
		return ETIMEDOUT;
	return status ? status : EIO;
}

int path_ended(struct path *p)
{
	int i, ended = 0;

	for (i = 0; i < CONNS; i++) {
		while (p->conns[i].id && next_event(&p->conns[i], 0) >= 0)
			;
		ended |= p->conns[i].ended;
	}
	return ended;
}

int post(struct path *p, int cid, struct ibv_send_wr *wr, void *buf, uint32_t len)
{
	struct conn *c = &p->conns[cid];
	struct ibv_sge sge = { .addr = (uintptr_t)buf, .length = len, .lkey = c->mr->lkey };
	long start = now_ms();
	struct ibv_send_wr *bad;
	struct ibv_wc wc;
	int n = 0;

	wr->sg_list = &sge;
	wr->num_sge = !!len;
	if (path_ended(p))
		return ENDED;
	if (ibv_post_send(c->id->qp, wr, &bad))
		die("ibv_post_send");
	while (!n && now_ms() - start < PATIENCE_MS) {
		if (path_ended(p))
			return ENDED;
		n = ibv_poll_cq(c->id->send_cq, 1, &wc);
	}
	if (!n)
		return NO_ANSWER;
	return wc.status == IBV_WC_SUCCESS ? 0 : ENDED;
}

int next_message(struct conn *c, struct ibv_wc *wc, char **buf)
{
	if (ibv_poll_cq(c->id->recv_cq, 1, wc) <= 0 || wc->status != IBV_WC_SUCCESS)
		return 0;
	*buf = (char *)(uintptr_t)wc->wr_id;
	return 1;
}

void give_back(struct conn *c, char *buf)
{
	if (rdma_post_recv(c->id, buf, buf, RECV_BYTES, c->mr))
		die("rdma_post_recv");
}
