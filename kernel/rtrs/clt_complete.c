// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Replies coming in and sends going out of use: decode, keep the chunk's next
 * key, make sure that lent memory is no longer writable, finish the request.
 * Hot: completion handlers in softirq, or the poller of a polled queue; one
 * receive handler at a time per connection, sends from anywhere. No locks: the
 * owner word of a request decides who finishes it.
 */
#include "client.h"

#include "pure/io_msg.h"

/* ---- receives back to the device ---- */

static int post_typed(struct rtrs_clt_conn *conn, const u32 *index, u32 count)
{
	struct ib_device *ib = conn->path->dev->ib;
	struct ib_recv_wr wrs[RTRS_CLT_REPOST];
	struct ib_sge sges[RTRS_CLT_REPOST];
	u32 i;

	for (i = 0; i < count; i++) {
		size_t off = index[i] * sizeof(struct rtrs_wire_rkey);

		sges[i].addr = rtrs_clt_pages_dma(&conn->keys, off);
		sges[i].length = sizeof(struct rtrs_wire_rkey);
		sges[i].lkey = conn->c.dev->pd->local_dma_lkey;
		ib_dma_sync_single_for_device(ib, sges[i].addr, sges[i].length, DMA_FROM_DEVICE);
		wrs[i].next = i + 1 < count ? &wrs[i + 1] : NULL;
		wrs[i].wr_cqe = &conn->recvs[index[i]].cqe;
		wrs[i].sg_list = &sges[i];
		wrs[i].num_sge = 1;
	}
	rtrs_clt_count(RTRS_OPC_DMA_SYNC, count);
	rtrs_clt_count(RTRS_OPC_RECV_WR, count);
	rtrs_clt_count(RTRS_OPC_RECV_POST, 1);
	return ib_post_recv(conn->c.qp, wrs, NULL);
}

static int post_empty(struct rtrs_clt_conn *conn, u32 count)
{
	rtrs_clt_count(RTRS_OPC_RECV_WR, count);
	rtrs_clt_count(RTRS_OPC_RECV_POST, 1);
	return rtrs_post_empty_recvs(&conn->c, &conn->empty_cqe, count);
}

int rtrs_clt_post_recvs(struct rtrs_clt_conn *conn)
{
	u32 index[RTRS_CLT_REPOST], i, n;
	int ret = 0;

	if (!conn->recvs)
		return post_empty(conn, conn->recv_count);
	for (i = 0; !ret && i < conn->recv_count; ) {
		for (n = 0; n < RTRS_CLT_REPOST && i < conn->recv_count; n++)
			index[n] = i++;
		ret = post_typed(conn, index, n);
	}
	return ret;
}

/* Collected up to a chain; as many are posted beyond what replies can need. */
static void repost(struct rtrs_clt_conn *conn, u32 index)
{
	int ret;

	conn->repost[conn->repost_count++] = index;
	if (conn->repost_count < RTRS_CLT_REPOST)
		return;
	conn->repost_count = 0;
	if (conn->recvs)
		ret = post_typed(conn, conn->repost, RTRS_CLT_REPOST);
	else
		ret = post_empty(conn, RTRS_CLT_REPOST);
	if (ret)
		rtrs_clt_path_lost(conn->path, RTRS_CAUSE_TRANSPORT_ERROR, ret, false);
}

/* ---- the end of a request ---- */

void rtrs_clt_req_detach(struct rtrs_req *req, struct rtrs_clt_conn *conn)
{
	struct rtrs_clt_path *path = conn->path;

	if (req->sg)
		ib_dma_unmap_sg(path->dev->ib, req->sg, req->sg_count,
				req->dir == RTRS_WRITE ? DMA_TO_DEVICE : DMA_FROM_DEVICE);
	this_cpu_dec(path->stats->inflight);
	if (!conn->c.cid)
		atomic_dec(&conn->flight);
}

void rtrs_clt_req_finish(struct rtrs_req *req, struct rtrs_clt_conn *conn, int error)
{
	struct rtrs_clt_session *session = conn->path->session;
	void (*done)(void *priv, int error, int slot) = req->done;
	void *priv = req->priv;

	if (req->sent)
		rtrs_clt_stats_latency(conn->path, ktime_to_ns(ktime_sub(ktime_get(), req->sent)));
	rtrs_clt_req_detach(req, conn);
	/* done() may use the slot again at once */
	rtrs_clt_slot_free(session, req);
	done(priv, error, -1);
}

static bool own_send_cq(const struct rtrs_clt_conn *conn)
{
	return conn->c.send_cq != conn->c.recv_cq;
}

/* Answered, and nothing of it is writable by the server: finish, or leave it to the send. */
static void settle(struct rtrs_clt_conn *conn, struct rtrs_req *req)
{
	unsigned long old = atomic_long_read(&req->owner);
	bool wakes = own_send_cq(conn);

	if (!(old & RTRS_REQ_SENT)) {
		if (wakes)
			atomic_inc(&conn->awaited);
		old = atomic_long_fetch_or(RTRS_REQ_ANSWERED, &req->owner);
		if (!(old & RTRS_REQ_SENT)) {
			if (wakes)
				rtrs_conn_arm_sends(&conn->c);
			return;
		}
		if (wakes)
			atomic_dec(&conn->awaited);
	}
	rtrs_clt_req_finish(req, conn, req->error);
}

static void send_failed(struct rtrs_clt_conn *conn, const struct ib_wc *wc)
{
	if (wc->status != IB_WC_WR_FLUSH_ERR)
		rtrs_warn(conn->path->session->name, "path %u, connection %u: send failed: %s\n",
			  conn->path->id, conn->c.cid, ib_wc_status_msg(wc->status));
	rtrs_clt_path_lost(conn->path, RTRS_CAUSE_TRANSPORT_ERROR, -EIO, false);
}

void rtrs_clt_send_done(struct ib_cq *cq, struct ib_wc *wc)
{
	struct rtrs_req *req = container_of(wc->wr_cqe, struct rtrs_req, send_cqe);
	struct rtrs_clt_conn *conn = req->conn;
	unsigned long old;

	rtrs_clt_count(RTRS_OPC_CQE, 1);
	rtrs_conn_return_sends(&conn->c, req->covers);
	if (wc->status != IB_WC_SUCCESS)
		send_failed(conn, wc);
	else
		rtrs_heartbeat_heard(&conn->path->hb);
	old = atomic_long_fetch_or(RTRS_REQ_SENT, &req->owner);
	if (old & RTRS_REQ_ANSWERED) {
		if (own_send_cq(conn))
			atomic_dec(&conn->awaited);
		rtrs_clt_req_finish(req, conn, req->error);
	}
	/* one arming brings one call, and this may not have been the send waited for */
	if (atomic_read(&conn->awaited))
		rtrs_conn_arm_sends(&conn->c);
}

/* Sends that were not signalled complete only when they fail. */
void rtrs_clt_quiet_done(struct ib_cq *cq, struct ib_wc *wc)
{
	if (wc->status != IB_WC_SUCCESS)
		send_failed(container_of(wc->wr_cqe, struct rtrs_clt_conn, quiet_cqe), wc);
}

/* ---- lent memory ---- */

/* The server told before its reply which key it made invalid; @key is one of them. */
static bool key_is_gone(struct rtrs_clt_conn *conn, u32 key)
{
	u32 i;

	for (i = 0; i < conn->inv_count; i++) {
		if (conn->inv_keys[i] != key)
			continue;
		conn->inv_keys[i] = conn->inv_keys[--conn->inv_count];
		return true;
	}
	return false;
}

/* The server left the key valid: the request is not over before it is taken back. */
static void take_key_back(struct rtrs_clt_conn *conn, struct rtrs_req *req)
{
	struct ib_send_wr inv = {
		.opcode = IB_WR_LOCAL_INV,
		.send_flags = IB_SEND_SIGNALED,
		.wr_cqe = &req->inv_cqe,
		.ex.invalidate_rkey = req->mr->rkey,
	};
	int ret = -ENOSPC;

	atomic_long_or(RTRS_REQ_INVAL, &req->owner);
	if (atomic_dec_if_positive(&conn->inv_free) >= 0)
		ret = ib_post_send(conn->c.qp, &inv, NULL);
	if (ret) {
		/* it ends with the path, when the memory region is gone */
		rtrs_clt_path_lost(conn->path, RTRS_CAUSE_TRANSPORT_ERROR, ret, false);
		return;
	}
	rtrs_clt_count(RTRS_OPC_MR_INV, 1);
	rtrs_clt_count(RTRS_OPC_SEND_WR, 1);
	rtrs_clt_count(RTRS_OPC_SEND_POST, 1);
	if (own_send_cq(conn)) {
		atomic_inc(&conn->awaited);
		rtrs_conn_arm_sends(&conn->c);
	}
}

void rtrs_clt_inv_done(struct ib_cq *cq, struct ib_wc *wc)
{
	struct rtrs_req *req = container_of(wc->wr_cqe, struct rtrs_req, inv_cqe);
	struct rtrs_clt_conn *conn = req->conn;

	rtrs_clt_count(RTRS_OPC_CQE, 1);
	atomic_inc(&conn->inv_free);
	if (own_send_cq(conn))
		atomic_dec(&conn->awaited);
	if (wc->status == IB_WC_SUCCESS)
		settle(conn, req);
	else
		send_failed(conn, wc);
	if (atomic_read(&conn->awaited))
		rtrs_conn_arm_sends(&conn->c);
}

/* ---- replies ---- */

static void response(struct rtrs_clt_conn *conn, const struct rtrs_imm *imm, const void *key_msg,
		     u32 key_len)
{
	struct rtrs_clt_path *path = conn->path;
	bool told = imm->type == RTRS_WIRE_IMM_RESPONSE_INV;
	unsigned long owner;
	struct rtrs_req *req;
	u32 slot, key = 0;
	int error;

	if (rtrs_imm_response_parse(&path->geo, imm->payload, &slot, &error))
		return rtrs_clt_path_violation(conn, "reply for a slot that does not exist");
	req = &path->session->reqs[slot];
	/* pairs with the release in the submitter */
	owner = atomic_long_read_acquire(&req->owner);
	if ((owner & ~RTRS_REQ_MARKS) != (unsigned long)conn ||
	    owner & (RTRS_REQ_ANSWERED | RTRS_REQ_INVAL))
		return rtrs_clt_path_violation(conn, "reply for a slot that has no request here");
	if (!rtrs_clt_req_posted(conn, req))
		return rtrs_clt_path_violation(conn, "reply before its request");
	if (key_msg && rtrs_rkey_parse(key_msg, key_len, slot, &key))
		return rtrs_clt_path_violation(conn, "malformed key message");
	if (told && (!req->mr || !key_is_gone(conn, req->mr->rkey)))
		return rtrs_clt_path_violation(conn, "a key reported invalid that is not");
	if (key_msg)
		path->chunks[slot].rkey = key;
	req->error = error;
	WRITE_ONCE(conn->answered, conn->answered + 1);
	if (req->mr && !told && !key_is_gone(conn, req->mr->rkey))
		return take_key_back(conn, req);
	if (!(owner & RTRS_REQ_SENT) && own_send_cq(conn))
		rtrs_conn_poll_sends(&conn->c);
	settle(conn, req);
}

static void note_invalidated(struct rtrs_clt_conn *conn, u32 key)
{
	if (conn->inv_count == RTRS_CLT_INV_KEYS)
		return rtrs_clt_path_violation(conn, "keys invalidated that no reply follows");
	conn->inv_keys[conn->inv_count++] = key;
}

static void imm_arrived(struct rtrs_clt_conn *conn, const struct ib_wc *wc, const void *key_msg)
{
	struct rtrs_imm imm = rtrs_imm_unpack(be32_to_cpu(wc->ex.imm_data));
	bool by_write = wc->opcode == IB_WC_RECV_RDMA_WITH_IMM;
	int ret;

	switch (imm.type) {
	case RTRS_WIRE_IMM_RESPONSE:
	case RTRS_WIRE_IMM_RESPONSE_INV:
		/* replies of this path either all carry a key or none does */
		if (by_write == conn->path->new_rkey)
			return rtrs_clt_path_violation(conn, "reply of the wrong kind");
		return response(conn, &imm, by_write ? NULL : key_msg, wc->byte_len);
	case RTRS_WIRE_IMM_HB:
	case RTRS_WIRE_IMM_HB_ACK:
		if (conn->c.cid || !by_write)
			return rtrs_clt_path_violation(conn, "misplaced heartbeat");
		ret = rtrs_heartbeat_imm(&conn->path->hb, imm.type);
		/* a path that no request measures is not slow for ever */
		if (imm.type == RTRS_WIRE_IMM_HB_ACK)
			rtrs_clt_stats_heartbeat(conn->path, READ_ONCE(conn->path->hb.latency_ns));
		if (ret)
			rtrs_clt_path_lost(conn->path, RTRS_CAUSE_TRANSPORT_ERROR, ret, false);
		return;
	case RTRS_WIRE_IMM_PATH_END_ACK:
		if (conn->c.cid || !by_write || !conn->path->can_end)
			return rtrs_clt_path_violation(conn, "misplaced end of a path");
		/* also an answer to a question that was asked twice */
		rtrs_clt_end_answer(conn->path, imm.payload);
		return;
	default:
		return rtrs_clt_path_violation(conn, "unknown immediate");
	}
}

static void received(struct rtrs_clt_conn *conn, const struct ib_wc *wc, const void *key_msg)
{
	if (wc->opcode == IB_WC_RECV_RDMA_WITH_IMM ||
	    (wc->opcode == IB_WC_RECV && wc->wc_flags & IB_WC_WITH_IMM))
		imm_arrived(conn, wc, key_msg);
	else if (wc->opcode == IB_WC_RECV && wc->wc_flags & IB_WC_WITH_INVALIDATE)
		note_invalidated(conn, wc->ex.invalidate_rkey);
	else
		rtrs_clt_path_violation(conn, "message without immediate");
}

/* Common to all receives; false: there is nothing in it. */
static bool arrived(struct rtrs_clt_conn *conn, const struct ib_wc *wc)
{
	u32 cpu = raw_smp_processor_id();

	if (wc->status != IB_WC_SUCCESS) {
		if (wc->status != IB_WC_WR_FLUSH_ERR)
			rtrs_warn(conn->path->session->name,
				  "path %u, connection %u: receive failed: %s\n", conn->path->id,
				  conn->c.cid, ib_wc_status_msg(wc->status));
		rtrs_clt_path_lost(conn->path, RTRS_CAUSE_TRANSPORT_ERROR, -EIO, false);
		return false;
	}
	rtrs_clt_count(RTRS_OPC_CQE, 1);
	rtrs_heartbeat_heard(&conn->path->hb);
	if (conn->c.cid && cpu != conn->cpu) {
		conn->migrated++;
		this_cpu_inc(conn->path->stats->migrated_to);
	}
	return true;
}

void rtrs_clt_recv_done(struct ib_cq *cq, struct ib_wc *wc)
{
	struct rtrs_clt_recv *recv = container_of(wc->wr_cqe, struct rtrs_clt_recv, cqe);
	struct rtrs_clt_conn *conn = recv->conn;
	u32 index = recv - conn->recvs;
	size_t off = index * sizeof(struct rtrs_wire_rkey);

	if (!arrived(conn, wc))
		return;
	if (wc->opcode == IB_WC_RECV && wc->byte_len) {
		ib_dma_sync_single_for_cpu(conn->path->dev->ib,
					   rtrs_clt_pages_dma(&conn->keys, off),
					   sizeof(struct rtrs_wire_rkey), DMA_FROM_DEVICE);
		rtrs_clt_count(RTRS_OPC_DMA_SYNC, 1);
	}
	received(conn, wc, rtrs_clt_pages_va(&conn->keys, off));
	repost(conn, index);
}

void rtrs_clt_empty_done(struct ib_cq *cq, struct ib_wc *wc)
{
	struct rtrs_clt_conn *conn = container_of(wc->wr_cqe, struct rtrs_clt_conn, empty_cqe);

	if (!arrived(conn, wc))
		return;
	received(conn, wc, NULL);
	repost(conn, 0);
}

/* ---- polled queues ---- */

static int poll_conn(struct rtrs_clt_conn *conn)
{
	int found;

	/* handlers of one connection do not run side by side */
	if (test_and_set_bit_lock(0, &conn->polling))
		return 0;
	found = ib_process_cq_direct(conn->c.recv_cq, RTRS_CLT_REPOST);
	clear_bit_unlock(0, &conn->polling);
	return max(found, 0) + max(rtrs_conn_poll_sends(&conn->c), 0);
}

int rtrs_clt_poll(struct rtrs_clt_session *session, u32 queue)
{
	struct rtrs_clt_path *path;
	int found = 0;
	u32 index;

	if (queue >= session->io_queues || queue < session->io_queues - session->nr_poll_queues)
		return 0;
	rcu_read_lock();
	for_each_path_up(session, path, index)
		found += poll_conn(&path->conns[queue + 1]);
	rcu_read_unlock();
	return found;
}
EXPORT_SYMBOL_GPL(rtrs_clt_poll);
