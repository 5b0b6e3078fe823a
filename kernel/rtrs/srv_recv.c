// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests in: receive completion, checks, private copy of header and message,
 * hand-over to the upper layer. Runs in the completion worker of a connection
 * (process context), one completion at a time per connection. Rule G is kept
 * by chunk->owner: one compare-and-exchange in, one out; wait_lock only when a
 * second path asks for a chunk that is still in use.
 *
 * An operation holds one reference of path->ops from here to its reply.
 */
#include "server.h"

/* heartbeats are answered at most this often (S42); clients may ask every 20 ms */
#define BEAT_GAP	max(HZ / 100, 1)

static struct rtrs_srv_chunk *chunk_of(struct rtrs_srv_op *op)
{
	return container_of(op, struct rtrs_srv_chunk, op);
}

static struct rtrs_srv_path *path_of(const struct rtrs_srv_op *op)
{
	return op->conn->path;
}

/* ---- who may use a chunk ---- */

enum claim { CLAIMED, PARKED, TWICE };

/* The chunk is in use, or was a moment ago. */
static enum claim claim_slowly(struct rtrs_srv_conn *conn, u32 index, u32 off)
{
	struct rtrs_srv_session *session = conn->path->session;
	struct rtrs_srv_chunk *chunk = &session->chunks[index];
	struct rtrs_srv_slot *slot = &conn->path->slots[index];
	unsigned long me = (unsigned long)conn->path;
	enum claim result = TWICE;
	unsigned long owner, flags;

	spin_lock_irqsave(&session->wait_lock, flags);
	for (;;) {
		owner = cmpxchg(&chunk->owner, 0, me);
		if (!owner) {
			result = CLAIMED;
			break;
		}
		if ((owner & ~RTRS_SRV_AWAITED) == me || slot->wait_conn)
			break;
		if (!(owner & RTRS_SRV_AWAITED) &&
		    cmpxchg(&chunk->owner, owner, owner | RTRS_SRV_AWAITED) != owner)
			continue;
		slot->wait_conn = conn;
		slot->wait_off = off;
		list_add_tail(&slot->wait, &chunk->waiters);
		result = PARKED;
		break;
	}
	spin_unlock_irqrestore(&session->wait_lock, flags);
	return result;
}

static enum claim claim(struct rtrs_srv_conn *conn, u32 index, u32 off)
{
	struct rtrs_srv_chunk *chunk = &conn->path->session->chunks[index];

	if (likely(!cmpxchg(&chunk->owner, 0, (unsigned long)conn->path)))
		return CLAIMED;
	return claim_slowly(conn, index, off);
}

static void prepare(struct rtrs_srv_op *op, struct rtrs_srv_conn *conn, u32 off)
{
	op->conn = conn;
	op->slot = &conn->path->slots[op->rq.slot];
	op->off = off;
	op->parsed = false;
	op->invalidated = false;
	op->rq.stable = false;
	op->rq.cid = conn->core.cid;
}

/* Pass the chunk and its operation on to the request that waited longest. */
static void hand_over(struct rtrs_srv_session *session, struct rtrs_srv_chunk *chunk)
{
	struct rtrs_srv_slot *slot;
	unsigned long owner, flags;

	spin_lock_irqsave(&session->wait_lock, flags);
	slot = list_first_entry_or_null(&chunk->waiters, struct rtrs_srv_slot, wait);
	if (!slot) {
		/* whoever waited has died meanwhile */
		smp_store_release(&chunk->owner, 0);
		spin_unlock_irqrestore(&session->wait_lock, flags);
		return;
	}
	list_del(&slot->wait);
	prepare(&chunk->op, slot->wait_conn, slot->wait_off);
	owner = (unsigned long)slot->wait_conn->path;
	slot->wait_conn = NULL;
	if (!list_empty(&chunk->waiters))
		owner |= RTRS_SRV_AWAITED;
	WRITE_ONCE(chunk->owner, owner);
	list_add_tail(&chunk->op.wait, &session->resumed);
	queue_work(rtrs_srv.wq, &session->resume);
	spin_unlock_irqrestore(&session->wait_lock, flags);
}

void rtrs_srv_chunk_release(struct rtrs_srv_op *op)
{
	struct rtrs_srv_chunk *chunk = chunk_of(op);
	struct rtrs_srv_path *path = path_of(op);

	if (cmpxchg(&chunk->owner, (unsigned long)path, 0) != (unsigned long)path)
		hand_over(path->session, chunk);
}

void rtrs_srv_unpark(struct rtrs_srv_path *path)
{
	struct rtrs_srv_session *session = path->session;
	struct rtrs_srv_slot *slot;
	u32 i;

	for (i = 0; path->slots && i < rtrs_srv.geometry.depth; i++) {
		slot = &path->slots[i];
		spin_lock_irq(&session->wait_lock);
		if (!slot->wait_conn) {
			spin_unlock_irq(&session->wait_lock);
			continue;
		}
		list_del(&slot->wait);
		slot->wait_conn = NULL;
		spin_unlock_irq(&session->wait_lock);
		percpu_ref_put(&path->ops);
	}
}

void rtrs_srv_op_abandon(struct rtrs_srv_op *op)
{
	struct rtrs_srv_path *path = path_of(op);

	rtrs_srv_chunk_release(op);
	percpu_ref_put(&path->ops);
}

/* ---- one request ---- */

static void refuse(struct rtrs_srv_op *op, enum rtrs_srv_violation reason)
{
	rtrs_srv_violation(path_of(op), op->rq.cid, reason);
	rtrs_srv_op_abandon(op);
}

static void sync_for_cpu(const struct rtrs_srv_op *op, u32 off, u32 len)
{
	ib_dma_sync_single_for_cpu(op->conn->core.dev->ib, op->slot->dma + off, len,
				   DMA_BIDIRECTIONAL);
	rtrs_count(&rtrs_srv.opc, RTRS_OPC_DMA_SYNC, 1);
}

/*
 * Rule A: what is checked is a copy, and what is used is that copy. One sync
 * covers header and message unless the message is longer than the upper layer
 * cares for.
 */
static int take_in(struct rtrs_srv_op *op)
{
	const struct rtrs_geometry *g = &rtrs_srv.geometry;
	u32 avail = min_t(u32, g->chunk_size - op->off, RTRS_WIRE_READ_HDR_MAX);
	u32 before = min(op->off, rtrs_srv.ops->msg_max);
	struct rtrs_srv_request *rq = &op->rq;
	u8 hdr[RTRS_WIRE_READ_HDR_MAX];
	int ret;

	sync_for_cpu(op, op->off - before, before + avail);
	memcpy(hdr, rq->data + op->off, avail);
	ret = rtrs_io_parse(g, op->off, hdr, avail, &op->io);
	if (ret)
		return ret;
	rq->msg_len = min(op->io.msg_len, rtrs_srv.ops->msg_max);
	if (op->io.msg_off < op->off - before)
		sync_for_cpu(op, op->io.msg_off, rq->msg_len);
	memcpy((void *)rq->msg, rq->data + op->io.msg_off, rq->msg_len);
	rtrs_count(&rtrs_srv.opc, RTRS_OPC_COPY_BYTES, avail + rq->msg_len);
	rq->dir = op->io.read ? RTRS_READ : RTRS_WRITE;
	rq->data_len = op->io.data_len;
	rq->answer_len = op->io.has_desc ? op->io.lent.len : 0;
	if (!op->io.read && op->io.data_len)
		sync_for_cpu(op, 0, op->io.data_len);
	op->parsed = true;
	return 0;
}

static void count_request(const struct rtrs_srv_op *op)
{
	struct rtrs_srv_stats __percpu *stats = path_of(op)->stats;

	this_cpu_inc(stats->ops[op->rq.dir]);
	this_cpu_add(stats->bytes[op->rq.dir], op->io.data_len + op->io.msg_len);
}

static void make_stable(struct rtrs_srv_op *op);

static void run(struct rtrs_srv_op *op)
{
	if (!op->parsed) {
		if (take_in(op)) {
			refuse(op, RTRS_SRV_BAD_HEADER);
			return;
		}
		count_request(op);
	}
	switch (rtrs_srv.ops->request(path_of(op)->session->priv, &op->rq)) {
	case RTRS_SRV_TAKEN:
		break;	/* may be answered and gone already */
	case RTRS_SRV_WANT_STABLE:
		make_stable(op);
		break;
	case RTRS_SRV_VIOLATION:
		refuse(op, RTRS_SRV_BAD_MESSAGE);
		break;
	}
}

/* Keys that cover all chunks cannot be taken away: N means that clients are trusted. */
static void make_stable(struct rtrs_srv_op *op)
{
	if (op->slot->mr && !op->invalidated) {
		rtrs_srv_invalidate(op);
		return;
	}
	if (op->rq.stable) {
		pr_warn_once("the upper layer asks for stable data that it has\n");
		rtrs_srv_reply(&op->rq, -EIO, 0);
		return;
	}
	op->rq.stable = true;
	run(op);
}

static void start(struct rtrs_srv_op *op)
{
	if (rtrs_srv_params.invalidate == RTRS_SRV_INVAL_YES)
		rtrs_srv_invalidate(op);
	else
		run(op);
}

void rtrs_srv_inv_done(struct ib_cq *cq, struct ib_wc *wc)
{
	struct rtrs_srv_op *op = container_of(wc->wr_cqe, struct rtrs_srv_op, inv_cqe);

	rtrs_count(&rtrs_srv.opc, RTRS_OPC_CQE, 1);
	rtrs_srv_sends_done(op->conn, op->inv_mark);
	if (wc->status == IB_WC_SUCCESS) {
		op->invalidated = true;
		op->rq.stable = true;
		run(op);
		return;
	}
	if (wc->status != IB_WC_WR_FLUSH_ERR)
		rtrs_srv_path_raise(path_of(op), RTRS_PEV_LOST, RTRS_CAUSE_TRANSPORT_ERROR, -EIO);
	rtrs_srv_op_abandon(op);
}

/*
 * Requests that waited for their chunk. One whose path has died meanwhile must
 * not run any more: the client may have put something else into the chunk.
 */
void rtrs_srv_resume_work(struct work_struct *work)
{
	struct rtrs_srv_session *session = container_of(work, struct rtrs_srv_session, resume);
	struct rtrs_srv_op *op;

	for (;;) {
		spin_lock_irq(&session->wait_lock);
		op = list_first_entry_or_null(&session->resumed, struct rtrs_srv_op, wait);
		if (op)
			list_del(&op->wait);
		spin_unlock_irq(&session->wait_lock);
		if (!op)
			return;
		if (percpu_ref_is_dying(&path_of(op)->ops))
			rtrs_srv_op_abandon(op);
		else
			start(op);
	}
}

static void request(struct rtrs_srv_conn *conn, u32 payload)
{
	struct rtrs_srv_path *path = conn->path;
	u32 index, off;

	if (unlikely(rtrs_imm_request_parse(&rtrs_srv.geometry, payload, &index, &off))) {
		rtrs_srv_violation(path, conn->core.cid, RTRS_SRV_BAD_SLOT);
		return;
	}
	if (unlikely(!percpu_ref_tryget_live(&path->ops))) {
		if (!READ_ONCE(path->published))
			rtrs_srv_violation(path, conn->core.cid, RTRS_SRV_EARLY);
		return;
	}
	rtrs_count(&rtrs_srv.opc, RTRS_OPC_REQUESTS, 1);
	switch (claim(conn, index, off)) {
	case CLAIMED:
		prepare(&path->session->chunks[index].op, conn, off);
		start(&path->session->chunks[index].op);
		break;
	case PARKED:
		break;
	case TWICE:
		rtrs_srv_violation(path, conn->core.cid, RTRS_SRV_BUSY_SLOT);
		percpu_ref_put(&path->ops);
		break;
	}
}

/* ---- receive completions ---- */

static void heartbeat(struct rtrs_srv_conn *conn, u8 type)
{
	struct rtrs_srv_path *path = conn->path;
	int ret;

	if (conn->core.cid) {
		rtrs_srv_violation(path, conn->core.cid, RTRS_SRV_STRAY_HEARTBEAT);
		return;
	}
	if (type == RTRS_WIRE_IMM_HB) {
		if (time_before(jiffies, path->beat_answered + BEAT_GAP))
			return;
		path->beat_answered = jiffies;
	}
	ret = rtrs_heartbeat_imm(&path->hb, type);
	if (ret)
		rtrs_srv_path_raise(path, RTRS_PEV_LOST, RTRS_CAUSE_TRANSPORT_ERROR, ret);
}

/* Receives carry no buffer, so any of them replaces any other; they go back in batches. */
static void give_back_recv(struct rtrs_srv_conn *conn)
{
	int ret;

	if (++conn->recv_owed < RTRS_SRV_RECV_BATCH || READ_ONCE(conn->dead))
		return;
	conn->recv_owed = 0;
	ret = rtrs_post_empty_recvs(&conn->core, &conn->recv_cqe, RTRS_SRV_RECV_BATCH);
	if (ret)
		rtrs_srv_path_raise(conn->path, RTRS_PEV_LOST, RTRS_CAUSE_TRANSPORT_ERROR, ret);
	rtrs_count(&rtrs_srv.opc, RTRS_OPC_RECV_POST, 1);
	rtrs_count(&rtrs_srv.opc, RTRS_OPC_RECV_WR, RTRS_SRV_RECV_BATCH);
}

void rtrs_srv_recv_done(struct ib_cq *cq, struct ib_wc *wc)
{
	struct rtrs_srv_conn *conn = container_of(wc->wr_cqe, struct rtrs_srv_conn, recv_cqe);
	struct rtrs_imm imm;

	if (unlikely(wc->status != IB_WC_SUCCESS)) {
		/* a queue pair that broke without a word flushes, and the other ones live on */
		if (wc->status != IB_WC_WR_FLUSH_ERR || !READ_ONCE(conn->dead))
			rtrs_srv_path_raise(conn->path, RTRS_PEV_LOST, RTRS_CAUSE_TRANSPORT_ERROR,
					    -EIO);
		return;
	}
	rtrs_count(&rtrs_srv.opc, RTRS_OPC_CQE, 1);
	give_back_recv(conn);
	if (unlikely(wc->opcode != IB_WC_RECV_RDMA_WITH_IMM)) {
		rtrs_srv_violation(conn->path, conn->core.cid, RTRS_SRV_BAD_OPCODE);
		return;
	}
	rtrs_heartbeat_heard(&conn->path->hb);
	imm = rtrs_imm_unpack(be32_to_cpu(wc->ex.imm_data));
	switch (imm.type) {
	case RTRS_WIRE_IMM_REQUEST:
		request(conn, imm.payload);
		break;
	case RTRS_WIRE_IMM_HB:
	case RTRS_WIRE_IMM_HB_ACK:
		heartbeat(conn, imm.type);
		break;
	case RTRS_WIRE_IMM_PATH_END:
		rtrs_srv_path_end(conn, imm.payload);
		break;
	default:
		rtrs_srv_violation(conn->path, conn->core.cid, RTRS_SRV_BAD_IMM_TYPE);
	}
}
