// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Connections: the connection manager's part, and what is sent by them. One
 * thread; whoever waits looks at the events, too.
 */
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "raw.h"

struct path paths[PATHS];
const char *address, *port;

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
	if (make_qp(c))
		die("rdma_create_qp");
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

static int over(void *path)
{
	return path_ended(path);
}

int post(struct path *p, int cid, struct ibv_send_wr *wr, void *buf, uint32_t len)
{
	return post_and_wait(&p->conns[cid], wr, buf, len, over, p);
}
