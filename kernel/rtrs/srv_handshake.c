// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How an accepted connect request becomes a path: queues and acceptance of its
 * connections, then the info exchange. All in the path worker. The info
 * request is held, within the deadline of the handshake, until nothing of a
 * dead path of the session is left at the disk and the name is free.
 */
#include <linux/slab.h>

#include "server.h"

#define RECV_SLACK	RTRS_SRV_RECV_BATCH
#define BEAT_SENDS	64	/* of connection 0, for heartbeats */
#define INFO_SENDS	1	/* and for the info response, which is in no account */
#define SEND_SLACK	16
#define SENDS_PER_CONN	128	/* replies that may be on their way before others wait */

static void info_sent(struct ib_cq *cq, struct ib_wc *wc);
static void info_arrived(struct ib_cq *cq, struct ib_wc *wc);

/* ---- acceptance, path worker ---- */

/* A message may overtake the CM's last one; then the CM is told by the queue pair. */
static void qp_event(struct ib_event *event, void *context)
{
	struct rtrs_srv_conn *conn = context;

	if (event->event == IB_EVENT_COMM_EST)
		rdma_notify(conn->core.cm_id, event->event);
}

/* Only failures come here; the completion of a later signalled send covers success. */
void rtrs_srv_unsignalled_done(struct ib_cq *cq, struct ib_wc *wc)
{
	struct rtrs_srv_conn *conn = container_of(wc->wr_cqe, struct rtrs_srv_conn, send_cqe);

	if (wc->status != IB_WC_SUCCESS && wc->status != IB_WC_WR_FLUSH_ERR)
		rtrs_srv_path_raise(conn->path, RTRS_PEV_LOST, RTRS_CAUSE_TRANSPORT_ERROR, -EIO);
}

static u32 recv_count(const struct rtrs_srv_conn *conn)
{
	u32 depth = rtrs_srv.geometry.depth;

	return conn->core.cid ? depth : max_t(u32, depth, RTRS_WIRE_ADMIN_DEPTH);
}

static int create_queues(struct rtrs_srv_conn *conn)
{
	u32 per_op = 1;	/* the notice */
	struct rtrs_qp_spec spec = {
		.recv_wrs = recv_count(conn) + RECV_SLACK,
		.send_sges = 1,
		.poll_ctx = IB_POLL_WORKQUEUE,
		.comp_vector = conn->core.cid,
		.qp_event = qp_event,
		.context = conn,
	};
	int ret;

	if (rtrs_srv_params.invalidate != RTRS_SRV_INVAL_NO)
		per_op += 2;	/* local invalidate and new key */
	per_op += 2;		/* data and remote invalidate of a read */
	spec.send_wrs = per_op * min_t(u32, rtrs_srv.geometry.depth, SENDS_PER_CONN) + SEND_SLACK;
	if (!conn->core.cid) {
		spec.send_wrs += BEAT_SENDS + INFO_SENDS;
		spec.recv_wrs++;	/* info request */
	}
	ret = rtrs_conn_create_qp(&conn->core, &spec);
	if (ret)
		return ret;
	if (conn->core.recv_wrs < spec.recv_wrs ||
	    conn->core.send_wrs < (conn->core.cid ? 0 : BEAT_SENDS + INFO_SENDS) + 2 * RTRS_SRV_CHAIN)
		return -ENOSPC;	/* the device is too small for this depth */
	conn->budget = conn->core.send_wrs;
	if (!conn->core.cid) {
		conn->budget -= BEAT_SENDS + INFO_SENDS;
		/* heartbeats have an account of their own: leave them what is theirs */
		rtrs_conn_take_sends(&conn->core, conn->budget + INFO_SENDS);
	}
	return 0;
}

static int post_info_buffer(struct rtrs_srv_conn *conn)
{
	struct rtrs_srv_path *path = conn->path;
	struct rtrs_iu *iu;

	iu = rtrs_iu_create(conn->core.dev->ib, sizeof(struct rtrs_wire_info_req),
			    DMA_FROM_DEVICE, info_arrived);
	if (IS_ERR(iu))
		return PTR_ERR(iu);
	path->info_req = iu;
	return rtrs_iu_recv(&conn->core, iu);
}

static int send_accept(struct rtrs_srv_conn *conn)
{
	const struct rtrs_geometry *g = &rtrs_srv.geometry;
	struct rtrs_offer offer = {
		.queue_depth = g->depth,
		.max_io_size = g->io_size,
		.max_hdr_size = g->hdr_size,
		.new_rkey = conn->path->new_rkey,
	};
	struct rtrs_wire_conn_rsp rsp;
	struct rdma_conn_param param = {
		.private_data = &rsp,
		.private_data_len = sizeof(rsp),
		.rnr_retry_count = 7,
	};
	struct rdma_cm_id *cm_id = conn->core.cm_id;
	int ret;

	rtrs_srv_offer_extend(&offer, conn->path->ext_version);
	rtrs_conn_rsp_build(&rsp, &offer);
	ret = rtrs_conn_tune(&conn->core, rtrs_srv_params.ack_timeout);
	if (ret)
		return ret;
	rdma_lock_handler(cm_id);
	ret = rdma_accept(cm_id, &param);
	rdma_unlock_handler(cm_id);
	return ret;
}

static int share_device(struct rtrs_srv_path *path)
{
	struct rtrs_device *dev;

	if (path->dev)
		return 0;
	mutex_lock(&path->session->setup);
	dev = rtrs_srv_session_device(path);
	if (!IS_ERR(dev))
		path->dev = dev;
	mutex_unlock(&path->session->setup);
	return PTR_ERR_OR_ZERO(dev);
}

static int accept_conn(struct rtrs_srv_conn *conn)
{
	int ret;

	ret = share_device(conn->path);
	if (ret)
		return ret;
	conn->core.dev = conn->path->dev;
	ret = create_queues(conn);
	if (!ret && !conn->core.cid)
		ret = post_info_buffer(conn);
	/* a port that comes up hears requests before it can answer them */
	if (!ret && !rtrs_port_up(conn->core.cm_id))
		ret = -ENETDOWN;
	if (!ret)
		ret = send_accept(conn);
	return ret;
}

static struct rtrs_srv_conn *next_arrival(struct rtrs_srv_path *path)
{
	struct rtrs_srv_conn *conn;

	mutex_lock(&rtrs_srv.lock);
	conn = list_first_entry_or_null(&path->arrivals, struct rtrs_srv_conn, arrival);
	if (conn)
		list_del_init(&conn->arrival);
	mutex_unlock(&rtrs_srv.lock);
	return conn;
}

void rtrs_srv_accept_arrivals(struct rtrs_srv_path *path)
{
	struct rtrs_srv_conn *conn;
	int ret;

	while ((conn = next_arrival(path))) {
		ret = accept_conn(conn);
		if (!ret) {
			conn->accepted = true;
			continue;
		}
		if (ret != -ENETDOWN)
			rtrs_srv_reject(conn->core.cm_id, ret, path->ext_version);
		rtrs_srv_path_raise(path, RTRS_PEV_LOST, ret == -ENETDOWN ?
				    RTRS_CAUSE_PORT_DOWN : RTRS_CAUSE_NO_RESOURCE, ret);
	}
}

/* ---- info exchange ---- */

static void info_arrived(struct ib_cq *cq, struct ib_wc *wc)
{
	struct rtrs_srv_conn *conn = container_of(cq->cq_context, struct rtrs_srv_conn, core);
	struct rtrs_srv_path *path = conn->path;

	if (wc->status != IB_WC_SUCCESS) {
		if (wc->status != IB_WC_WR_FLUSH_ERR)
			rtrs_srv_path_raise(path, RTRS_PEV_LOST, RTRS_CAUSE_TRANSPORT_ERROR, -EIO);
		return;
	}
	if (wc->opcode != IB_WC_RECV || wc->wc_flags & (IB_WC_WITH_IMM | IB_WC_WITH_INVALIDATE)) {
		rtrs_srv_violation(path, conn->core.cid, RTRS_SRV_BAD_INFO);
		return;
	}
	path->info_len = wc->byte_len;
	path->info_at = ktime_get();
	rtrs_srv_path_job(path, RTRS_SRV_JOB_INFO);
}

static void info_sent(struct ib_cq *cq, struct ib_wc *wc)
{
	struct rtrs_srv_conn *conn = container_of(cq->cq_context, struct rtrs_srv_conn, core);

	if (wc->status != IB_WC_SUCCESS && wc->status != IB_WC_WR_FLUSH_ERR)
		rtrs_srv_path_raise(conn->path, RTRS_PEV_LOST, RTRS_CAUSE_TRANSPORT_ERROR, -EIO);
}

static bool all_accepted(const struct rtrs_srv_path *path)
{
	u32 i;

	for (i = 0; i < path->conn_count; i++)
		if (!path->conns[i] || !path->conns[i]->accepted)
			return false;
	return true;
}

/*
 * The answer to the info request lets the client use every slot again, also
 * those whose last request it never heard of. As long as such a request may
 * still be at the disk, a new one in the same chunk would change its data. So
 * each sibling must have been reached after the info request came, or be gone
 * with all its operations. With rtrs_srv.lock held; who waits is kicked when a
 * sibling was reached, has left or was published.
 */
static bool siblings_settled(const struct rtrs_srv_path *path)
{
	struct rtrs_srv_path *other;
	bool settled = true;

	list_for_each_entry(other, &path->session->paths, entry) {
		enum rtrs_path_state state = READ_ONCE(other->state);

		if (other == path || state == RTRS_PATH_CONNECTING)
			continue;
		if (state == RTRS_PATH_CONNECTED &&
		    rtrs_heartbeat_heard_since(&other->hb, path->info_at))
			continue;
		rtrs_heartbeat_probe(&other->hb, 0);
		settled = false;
	}
	return settled;
}

static int build_info_rsp(struct rtrs_srv_path *path)
{
	u32 chunk = rtrs_srv.geometry.chunk_size;
	struct rtrs_iu *iu;
	u32 i;

	iu = rtrs_iu_create(path->dev->ib, rtrs_info_rsp_size(path->mr_count), DMA_TO_DEVICE,
			    info_sent);
	if (IS_ERR(iu))
		return PTR_ERR(iu);
	path->info_rsp = iu;
	rtrs_info_rsp_build(iu->buf, path->mr_count);
	for (i = 0; i < path->mr_count; i++)
		rtrs_info_rsp_set(iu->buf, i, path->mrs[i]->iova, path->mrs[i]->rkey,
				  chunk * (rtrs_srv.geometry.depth / path->mr_count));
	return 0;
}

static int post_receives(struct rtrs_srv_path *path)
{
	struct rtrs_srv_conn *conn;
	int ret = 0;
	u32 i;

	for (i = 0; i < path->conn_count && !ret; i++) {
		conn = path->conns[i];
		ret = rtrs_post_empty_recvs(&conn->core, &conn->recv_cqe,
					    recv_count(conn) + RECV_SLACK);
	}
	return ret;
}

/* All that may fail or sleep, so that publishing is a matter of stores. */
static int make_ready(struct rtrs_srv_path *path)
{
	struct rtrs_srv_session *session = path->session;
	int ret;

	mutex_lock(&session->setup);
	ret = rtrs_srv_session_bring_up(session);
	mutex_unlock(&session->setup);
	if (!ret)
		ret = rtrs_srv_chunks_map(path);
	if (!ret)
		ret = build_info_rsp(path);
	if (!ret)
		ret = post_receives(path);
	if (!ret)
		ret = rtrs_srv_sysfs_path_add(path);
	return ret;
}

/* May the path of this name be answered now? -EAGAIN: something will kick us. */
static int admit(struct rtrs_srv_path *path, const char *name)
{
	int ret;

	mutex_lock(&rtrs_srv.lock);
	ret = siblings_settled(path) ? 0 : -EAGAIN;
	if (!ret && !path->ready)
		ret = rtrs_srv_session_claim_name(path->session, name, path->info_at);
	mutex_unlock(&rtrs_srv.lock);
	return ret;
}

/* That takes its time, and a sibling that was reached before may be lost since. */
static bool get_ready(struct rtrs_srv_path *path)
{
	int ret = make_ready(path);

	if (ret) {
		clear_bit(RTRS_SRV_JOB_INFO, &path->jobs);
		rtrs_srv_path_raise(path, RTRS_PEV_LOST, RTRS_CAUSE_NO_RESOURCE, ret);
		return false;
	}
	path->ready = true;
	path->info_at = ktime_get();
	return true;
}

void rtrs_srv_handle_info(struct rtrs_srv_path *path)
{
	char name[RTRS_WIRE_NAME_LEN];
	int ret;

	if (!test_bit(RTRS_SRV_JOB_INFO, &path->jobs))
		return;
	/* pairs with rtrs_srv_path_job() */
	smp_rmb();
	ib_dma_sync_single_for_cpu(path->dev->ib, path->info_req->dma, path->info_req->size,
				   DMA_FROM_DEVICE);
	if (!all_accepted(path) ||
	    rtrs_info_req_parse(path->info_req->buf, path->info_len, name)) {
		clear_bit(RTRS_SRV_JOB_INFO, &path->jobs);
		rtrs_srv_violation(path, 0, RTRS_SRV_BAD_INFO);
		return;
	}
	ret = admit(path, name);
	if (!ret && !path->ready) {
		if (!get_ready(path))
			return;
		ret = admit(path, name);
	}
	if (ret == -EAGAIN)
		return;
	clear_bit(RTRS_SRV_JOB_INFO, &path->jobs);
	if (ret) {
		rtrs_warn(path->name, "session name \"%s\" refused: %d\n", name, ret);
		rtrs_srv_path_raise(path, RTRS_PEV_LOST, RTRS_CAUSE_REFUSED, ret);
		return;
	}
	rtrs_srv_path_raise(path, RTRS_PEV_UP, RTRS_CAUSE_NONE, 0);
}

int rtrs_srv_send_info(struct rtrs_srv_path *path)
{
	return rtrs_iu_send(&path->conns[0]->core, path->info_rsp,
			    rtrs_info_rsp_size(path->mr_count), NULL);
}
