// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Making the connections of a path. Called by the path worker, which waits for
 * each CM step; the CM event handler only notes results and raises events. Each
 * wait ends early when the path is lost or closed.
 */
#include "client.h"

#include <net/net_namespace.h>
#include <rdma/ib_cm.h>

#define RESOLVE_MS	2000
#define RESOLVE_TRIES	5
#define CONNECT_MS	5000	/* one connection; the CM repeats the request after 4.3 s */
#define RECONNECT_MS	1500	/* the same of a path that was connected before */
#define RETURN_MS	600	/* its first one: lost just before the link came back, it costs no more */
#define PATIENT_EVERY	4	/* attempts to come back; this one grants CONNECT_MS */
#define HANDSHAKE_MS	30000	/* all connections */

/* ---- CM events ---- */

static void cm_step(struct rtrs_clt_conn *conn, enum rtrs_clt_cm result)
{
	/* what the step found out comes before its result; pairs with step_wait() */
	smp_store_release(&conn->cm, result);
	wake_up_all(&conn->path->wait);
}

static void cm_failed(struct rtrs_clt_conn *conn, enum rtrs_cause cause, int error, bool remote)
{
	conn->cm_why = (struct rtrs_why){ cause, error, remote };
	cm_step(conn, RTRS_CM_FAILED);
}

/* Private data is the peer's; what does not parse says which way it is foreign. */
static bool offer_read(struct rtrs_clt_conn *conn, const void *data, size_t len)
{
	int ret = rtrs_conn_rsp_parse(data, len, &conn->offer);

	if (!ret)
		return true;
	if (ret == -EPROTONOSUPPORT)
		cm_failed(conn, RTRS_CAUSE_BAD_VERSION, ret, false);
	else
		cm_failed(conn, RTRS_CAUSE_BAD_MAGIC, ret, false);
	return false;
}

static void cm_established(struct rtrs_clt_conn *conn, const struct rdma_cm_event *ev)
{
	conn->established = true;
	if (!offer_read(conn, ev->param.conn.private_data, ev->param.conn.private_data_len))
		return;
	if (conn->offer.error)
		cm_failed(conn, RTRS_CAUSE_REFUSED, conn->offer.error, true);
	else
		cm_step(conn, RTRS_CM_DONE);
}

static void cm_rejected(struct rtrs_clt_conn *conn, struct rdma_cm_id *id,
			struct rdma_cm_event *ev)
{
	u8 len = 0;
	const void *data = rdma_consumer_reject_data(id, ev, &len);

	if (data) {
		if (offer_read(conn, data, len))
			cm_failed(conn, RTRS_CAUSE_REFUSED,
				  conn->offer.error ? conn->offer.error : -ECONNRESET, true);
	} else if (ev->status == IB_CM_REJ_STALE_CONN) {
		/* a connection of this machine's last boot looks the same; the peer's CM ends it */
		cm_failed(conn, RTRS_CAUSE_REFUSED, -EBUSY, true);
	} else if (ev->status == IB_CM_REJ_INVALID_SERVICE_ID) {
		cm_failed(conn, RTRS_CAUSE_NO_LISTENER, -ECONNREFUSED, true);
	} else {
		cm_failed(conn, RTRS_CAUSE_REFUSED, -ECONNRESET, true);
	}
}

static void cm_ended(struct rtrs_clt_conn *conn, enum rtrs_cause cause, int error)
{
	conn->disconnected = true;
	if (conn->established)
		rtrs_clt_path_lost(conn->path, cause, error, true);
	else
		cm_failed(conn, cause, error, true);
	wake_up_all(&conn->path->wait);
}

static int cm_event(struct rdma_cm_id *id, struct rdma_cm_event *ev)
{
	struct rtrs_clt_conn *conn = id->context;

	switch (ev->event) {
	case RDMA_CM_EVENT_ADDR_RESOLVED:
	case RDMA_CM_EVENT_ROUTE_RESOLVED:
		cm_step(conn, RTRS_CM_DONE);
		break;
	case RDMA_CM_EVENT_ADDR_ERROR:
		cm_failed(conn, ev->status == -ENODEV ? RTRS_CAUSE_NO_DEVICE :
			  RTRS_CAUSE_ADDR_UNRESOLVED, ev->status, false);
		break;
	case RDMA_CM_EVENT_ROUTE_ERROR:
		cm_failed(conn, RTRS_CAUSE_ROUTE_UNRESOLVED, ev->status, false);
		break;
	case RDMA_CM_EVENT_ESTABLISHED:
		cm_established(conn, ev);
		break;
	case RDMA_CM_EVENT_REJECTED:
		cm_rejected(conn, id, ev);
		break;
	case RDMA_CM_EVENT_UNREACHABLE:
	case RDMA_CM_EVENT_CONNECT_ERROR:
		cm_ended(conn, RTRS_CAUSE_NO_ANSWER, -ETIMEDOUT);
		break;
	case RDMA_CM_EVENT_DISCONNECTED:
		cm_ended(conn, RTRS_CAUSE_PEER_CLOSED, -ECONNRESET);
		break;
	case RDMA_CM_EVENT_ADDR_CHANGE:
		rtrs_clt_path_lost(conn->path, RTRS_CAUSE_ADDR_CHANGED, -EADDRNOTAVAIL, false);
		break;
	case RDMA_CM_EVENT_DEVICE_REMOVAL:
		/* the removal waits for our ids; the path comes back with the device */
		WRITE_ONCE(conn->path->device_gone, true);
		rtrs_clt_path_lost(conn->path, RTRS_CAUSE_DEVICE_REMOVED, -ENODEV, false);
		break;
	default:
		break;
	}
	/* the worker alone destroys ids */
	return 0;
}

static void qp_event(struct ib_event *event, void *context)
{
	struct rtrs_clt_conn *conn = context;

	switch (event->event) {
	case IB_EVENT_QP_FATAL:
	case IB_EVENT_QP_REQ_ERR:
	case IB_EVENT_QP_ACCESS_ERR:
		rtrs_clt_path_lost(conn->path, RTRS_CAUSE_TRANSPORT_ERROR, -EIO, false);
		break;
	default:
		break;
	}
}

/* ---- steps ---- */

static int step_wait(struct rtrs_clt_conn *conn, u32 ms, enum rtrs_cause late,
		     struct rtrs_why *why)
{
	struct rtrs_clt_path *path = conn->path;
	enum rtrs_clt_cm cm;

	wait_event_timeout(path->wait, READ_ONCE(conn->cm) != RTRS_CM_BUSY ||
			   rtrs_clt_path_interrupted(path), msecs_to_jiffies(ms));
	/* pairs with cm_step() */
	cm = smp_load_acquire(&conn->cm);
	if (cm == RTRS_CM_FAILED)
		*why = conn->cm_why;
	else if (rtrs_clt_path_interruption(path, why))
		cm = RTRS_CM_FAILED;
	else if (cm == RTRS_CM_BUSY)
		*why = (struct rtrs_why){ late, -ETIMEDOUT, false };
	if (cm == RTRS_CM_DONE)
		return 0;
	/* the caller only sees whether there is an error: there is one */
	if (!why->error)
		why->error = -ECONNABORTED;
	return why->error;
}

static int make_addrs(struct rtrs_clt_conn *conn, struct sockaddr_storage *src,
		      struct sockaddr_storage *dst)
{
	struct rtrs_clt_path *path = conn->path;
	/* further connections leave from where the first one left */
	const struct rtrs_addr *from = conn->c.cid ? &path->used.src : &path->wanted.src;
	int ret = rtrs_addr_sockaddr(&path->wanted.dst, path->session->port, dst);

	if (!ret && from->family != RTRS_ADDR_NONE)
		ret = rtrs_addr_sockaddr(from, 0, src);
	return ret;
}

static int resolve_once(struct rtrs_clt_conn *conn, struct rtrs_why *why)
{
	struct sockaddr_storage src = { }, dst = { };
	struct rdma_cm_id *id = conn->c.cm_id;
	int ret = make_addrs(conn, &src, &dst);

	if (!ret)
		ret = rdma_set_reuseaddr(id, 1);
	if (ret)
		goto err_addr;
	conn->cm = RTRS_CM_BUSY;
	ret = rdma_resolve_addr(id, src.ss_family ? (struct sockaddr *)&src : NULL,
				(struct sockaddr *)&dst, RESOLVE_MS);
	if (ret)
		goto err_addr;
	ret = step_wait(conn, RESOLVE_MS + 1000, RTRS_CAUSE_ADDR_UNRESOLVED, why);
	if (ret)
		return ret;
	conn->cm = RTRS_CM_BUSY;
	ret = rdma_resolve_route(id, RESOLVE_MS);
	if (ret) {
		*why = (struct rtrs_why){ RTRS_CAUSE_ROUTE_UNRESOLVED, ret, false };
		return ret;
	}
	return step_wait(conn, RESOLVE_MS + 1000, RTRS_CAUSE_ROUTE_UNRESOLVED, why);

err_addr:
	*why = (struct rtrs_why){ ret == -ENODEV ? RTRS_CAUSE_NO_DEVICE :
				  RTRS_CAUSE_ADDR_UNRESOLVED, ret, false };
	return ret;
}

/* Whether the same may succeed a moment later: an answer got lost or came late. */
static bool worth_repeating(const struct rtrs_why *why)
{
	if (why->cause != RTRS_CAUSE_ADDR_UNRESOLVED && why->cause != RTRS_CAUSE_ROUTE_UNRESOLVED)
		return false;
	return why->error == -ETIMEDOUT || why->error == -EAGAIN || why->error == -ENODATA ||
	       why->error == -EHOSTUNREACH;
}

void rtrs_clt_conn_forget(struct rtrs_clt_conn *conn)
{
	if (conn->dialled) {
		rtrs_cm_leave(&conn->c, &conn->path->device_gone, &rtrs_clt_kept);
	} else if (conn->c.cm_id) {
		rtrs_conn_destroy_qp(&conn->c);
		rdma_destroy_id(conn->c.cm_id);
	}
	conn->c.cm_id = NULL;
	conn->dialled = false;
}

/* Each try has its own CM id: late events of an old one have nowhere to go. */
static int resolve(struct rtrs_clt_conn *conn, struct rtrs_why *why)
{
	enum rdma_ucm_port_space space = RDMA_PS_TCP;
	int tries, ret = 0;

	if (conn->path->wanted.dst.family == RTRS_ADDR_GID)
		space = RDMA_PS_IB;
	for (tries = 0; tries < RESOLVE_TRIES; tries++) {
		struct rdma_cm_id *id = rdma_create_id(&init_net, cm_event, conn, space,
						       IB_QPT_RC);

		if (IS_ERR(id)) {
			*why = (struct rtrs_why){ RTRS_CAUSE_NO_RESOURCE, PTR_ERR(id), false };
			return why->error;
		}
		conn->c.cm_id = id;
		ret = resolve_once(conn, why);
		if (!ret)
			return 0;
		if (!worth_repeating(why) || rtrs_clt_path_interrupted(conn->path))
			break;
		rtrs_clt_conn_forget(conn);
	}
	/* whatever the resolver calls it, the address cannot be reached */
	if (worth_repeating(why))
		why->error = -EHOSTUNREACH;
	return ret;
}

/*
 * With its source left open, a path may end up with the addresses of another one. The
 * server would take them for one path that comes back, sysfs for one name given twice.
 */
static bool claim_addrs(struct rtrs_clt_path *path, const struct rtrs_addr *src)
{
	struct rtrs_addr_pair pair = { .src = *src, .dst = path->wanted.dst };
	struct rtrs_clt_session *session = path->session;
	struct rtrs_clt_path *other;
	bool free = true;

	mutex_lock(&session->mutex);
	/* one that is being removed has its directory as long as it is on the list */
	list_for_each_entry(other, &session->paths, link)
		if (other != path && (rtrs_pair_equal(&other->named, &pair) ||
				      (other->claims && rtrs_pair_equal(&other->used, &pair))))
			free = false;
	if (free) {
		path->claims = true;
		spin_lock(&path->view_lock);
		path->used = pair;
		spin_unlock(&path->view_lock);
	}
	mutex_unlock(&session->mutex);
	return free;
}

/* Connection 0 decides about the device; the others must end up on the same. */
static int take_device(struct rtrs_clt_conn *conn, struct rtrs_why *why)
{
	struct rtrs_clt_path *path = conn->path;
	struct rdma_cm_id *id = conn->c.cm_id;
	struct rtrs_device *dev;
	struct rtrs_addr src;
	u16 port;

	if (conn->c.cid) {
		conn->c.dev = path->dev;
		if (id->device == path->dev->ib)
			return 0;
		*why = (struct rtrs_why){ RTRS_CAUSE_NO_DEVICE, -ENODEV, false };
		return why->error;
	}
	dev = rtrs_clt_session_device(path, id->device);
	if (IS_ERR(dev)) {
		*why = (struct rtrs_why){ PTR_ERR(dev) == -EOPNOTSUPP ? RTRS_CAUSE_DEVICE_UNFIT :
					  RTRS_CAUSE_NO_RESOURCE, PTR_ERR(dev), false };
		return why->error;
	}
	conn->c.dev = dev;
	rtrs_sockaddr_addr((struct sockaddr *)&id->route.addr.src_addr, &src, &port);
	spin_lock(&path->view_lock);
	strscpy(path->hca, dev_name(&id->device->dev), sizeof(path->hca));
	path->hca_port = id->port_num;
	spin_unlock(&path->view_lock);
	if (claim_addrs(path, &src))
		return 0;
	*why = (struct rtrs_why){ RTRS_CAUSE_ADDR_TAKEN, -EEXIST, false };
	return why->error;
}

static void qp_spec(struct rtrs_clt_conn *conn, struct rtrs_qp_spec *spec)
{
	const struct rtrs_clt_path *path = conn->path;
	const struct rtrs_clt_session *session = path->session;
	u32 depth = path->geo.depth, io_irq = path->conn_count - session->nr_poll_queues;

	*spec = (struct rtrs_qp_spec){
		.send_wrs = RTRS_CLT_ADMIN_SENDS,
		.recv_wrs = RTRS_CLT_ADMIN_RECVS,
		.send_sges = RTRS_CLT_SGES,
		.poll_ctx = IB_POLL_SOFTIRQ,
		.qp_event = qp_event,
		.context = conn,
	};
	if (!conn->c.cid)
		return;
	/* two sends for each slot, one to take its key back, the longest chain, heartbeat slack */
	spec->send_wrs = 3 * depth + 2 * session->chain_max + 64;
	spec->recv_wrs = 2 * depth + RTRS_CLT_REPOST;
	spec->own_send_cq = true;
	spec->comp_vector = conn->c.cid - 1;
	if (conn->c.cid >= io_irq)
		spec->poll_ctx = IB_POLL_DIRECT;
}

static void conn_reset(struct rtrs_clt_conn *conn)
{
	conn->head = NULL;
	conn->tail = NULL;
	conn->pending = 0;
	conn->pending_wrs = 0;
	conn->unsignalled = 0;
	conn->submitted = 0;
	conn->answered = 0;
	conn->probe_out = false;
	conn->repost_count = 0;
	conn->inv_count = 0;
	conn->polling = 0;
	atomic_set(&conn->inv_free, 0);
	atomic_set(&conn->awaited, 0);
	atomic_set(&conn->flight, 0);
	conn->cm = RTRS_CM_IDLE;
	conn->dialled = false;
	conn->established = false;
	conn->disconnected = false;
}

static int make_qp(struct rtrs_clt_conn *conn, struct rtrs_why *why)
{
	struct rtrs_qp_spec spec;
	u32 kept;
	int ret;

	qp_spec(conn, &spec);
	ret = rtrs_conn_create_qp(&conn->c, &spec);
	if (ret) {
		*why = (struct rtrs_why){ RTRS_CAUSE_NO_RESOURCE, ret, false };
		return ret;
	}
	if (conn->c.recv_wrs < spec.recv_wrs || conn->c.send_wrs < spec.send_wrs / 2 ||
	    (conn->c.cid && conn->c.send_sges < conn->path->session->wr_sges)) {
		*why = (struct rtrs_why){ RTRS_CAUSE_DEVICE_UNFIT, -EOPNOTSUPP, false };
		return why->error;
	}
	/* a key can always be taken back, however full the queue is */
	kept = min(conn->c.send_wrs / 4,
		   conn->c.cid ? conn->path->geo.depth : RTRS_CLT_ADMIN_FLIGHT);
	rtrs_conn_take_sends(&conn->c, kept);
	atomic_set(&conn->inv_free, kept);
	conn->signal_every = min(conn->c.send_wrs / 8 + 1, 64U);
	conn->cpu = conn->c.cid ? (conn->c.cid - 1) % num_possible_cpus() : 0;
	return 0;
}

/* Short tries find a link that returns, long ones a server that is slow. */
static u32 dial_ms(const struct rtrs_clt_conn *conn)
{
	const struct rtrs_clt_path *path = conn->path;

	if (!path->was_connected || path->attempt % PATIENT_EVERY == 0)
		return CONNECT_MS;
	return conn->c.cid ? RECONNECT_MS : RETURN_MS;
}

static int dial(struct rtrs_clt_conn *conn, struct rtrs_why *why)
{
	struct rtrs_clt_path *path = conn->path;
	struct rtrs_wire_conn_req msg;
	struct rtrs_hello hello = {
		.cid = conn->c.cid,
		.conn_count = path->conn_count,
		.attempt = min_t(u32, path->attempt, U16_MAX),
		.first_conn = rtrs_clt_session_may_create(path),
		.ext_version = RTRS_WIRE_EXT_VERSION,
		.token = path->token,
	};
	struct rdma_conn_param param = {
		.private_data = &msg,
		.private_data_len = sizeof(msg),
		.retry_count = RTRS_RETRY_COUNT,
		.rnr_retry_count = 7,
	};
	int ret;

	if (!rtrs_port_up(conn->c.cm_id)) {
		*why = (struct rtrs_why){ RTRS_CAUSE_ROUTE_UNRESOLVED, -ENETDOWN, false };
		return why->error;
	}
	memcpy(hello.path_uuid, path->uuid, sizeof(hello.path_uuid));
	memcpy(hello.session_uuid, path->session->uuid, sizeof(hello.session_uuid));
	rtrs_conn_req_build(&msg, &hello);
	ret = rtrs_conn_tune(&conn->c, rtrs_clt_ack_timeout());
	if (!ret) {
		conn->cm = RTRS_CM_BUSY;
		conn->dialled = true;
		ret = rdma_connect(conn->c.cm_id, &param);
	}
	if (ret) {
		*why = (struct rtrs_why){ RTRS_CAUSE_NO_RESOURCE, ret, false };
		return ret;
	}
	return step_wait(conn, dial_ms(conn), RTRS_CAUSE_NO_ANSWER, why);
}

static int take_offer(struct rtrs_clt_path *path, struct rtrs_why *why)
{
	const struct rtrs_geometry_limits limits = {
		.max_depth = rtrs_clt_max_depth(),
		.max_io_size = SZ_16M,
	};
	const struct rtrs_offer *offer = &path->conns[0].offer;
	int ret = rtrs_geometry_init(&path->geo, offer->queue_depth, offer->max_io_size,
				     offer->max_hdr_size, &limits);

	if (ret) {
		rtrs_err(path->session->name,
			 "offer out of bounds: depth %u, I/O size %u, header size %u\n",
			 offer->queue_depth, offer->max_io_size, offer->max_hdr_size);
		*why = (struct rtrs_why){ RTRS_CAUSE_BAD_OFFER, ret, false };
		return ret;
	}
	rtrs_clt_session_meet(path->session, offer);
	spin_lock(&path->view_lock);
	path->own_server = offer->instance;
	path->can_end = offer->ext_version >= RTRS_WIRE_EXT_PATH_END;
	path->new_rkey = offer->new_rkey;
	spin_unlock(&path->view_lock);
	ret = rtrs_clt_session_shape(path, why);
	if (ret)
		return ret;
	ret = rtrs_clt_memory_create(path);
	if (ret)
		*why = (struct rtrs_why){ RTRS_CAUSE_NO_RESOURCE, ret, false };
	return ret;
}

static int connect_conn(struct rtrs_clt_conn *conn, struct rtrs_why *why)
{
	int ret;

	conn_reset(conn);
	ret = resolve(conn, why);
	if (ret)
		return ret;
	ret = take_device(conn, why);
	if (ret)
		return ret;
	ret = make_qp(conn, why);
	if (ret)
		return ret;
	ret = dial(conn, why);
	if (ret || conn->c.cid)
		return ret;
	return take_offer(conn->path, why);
}

int rtrs_clt_connect(struct rtrs_clt_path *path, struct rtrs_why *why)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(HANDSHAKE_MS);
	u32 cid;
	int ret;

	path->device_gone = false;
	path->hopeless = false;
	path->can_end = false;
	path->token = rtrs_clt_end_token(path->session);
	for (cid = 0; cid < path->conn_count; cid++) {
		ret = connect_conn(&path->conns[cid], why);
		if (ret)
			return ret;
		if (time_after(jiffies, deadline)) {
			*why = (struct rtrs_why){ RTRS_CAUSE_NO_ANSWER, -ETIMEDOUT, false };
			return why->error;
		}
	}
	return rtrs_clt_info_exchange(path, why);
}
