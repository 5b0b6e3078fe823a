// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Replies out: the chain of work requests for each kind of reply, the account
 * of send queue entries, and the list of replies that wait for entries. Called
 * by the upper layer from any context and by completion handlers. send_lock is
 * held over posting: entries are known to be free again when a later signalled
 * work request completes, and "later" needs one order.
 */
#include <linux/module.h>

#include "server.h"

#define MARK_SECONDS	5	/* a quiet connection has each reply signalled */
#define STUCK_SECONDS	30

struct chain {
	struct ib_rdma_wr data;
	struct ib_reg_wr reg;
	struct ib_send_wr inv;
	struct ib_rdma_wr notice;
	struct ib_sge data_sge;
	struct ib_sge key_sge;
	struct ib_send_wr *head;
	struct ib_send_wr **tail;
	u32 count;
};

/* ---- the account; all with send_lock held ---- */

static bool room_for(const struct rtrs_srv_conn *conn, u32 count)
{
	return conn->budget - (conn->posted - conn->done) >= count;
}

/* To be called before the signalled one is added to posted. */
static void note_signalled(struct rtrs_srv_conn *conn, u32 mark)
{
	if (conn->marked == conn->done)
		conn->done_at = jiffies;
	conn->marked = mark;
	conn->marked_at = jiffies;
}

/*
 * Every eighth of the queue, so that entries come back in time and marks never
 * run short; and every reply of a quiet connection, so that one that cannot be
 * delivered is noticed.
 */
static struct rtrs_srv_mark *next_mark(struct rtrs_srv_conn *conn, u32 count)
{
	unsigned long i;

	if (conn->posted + count - conn->marked < conn->budget / 8 &&
	    time_before(jiffies, conn->marked_at + MARK_SECONDS * HZ))
		return NULL;
	i = find_first_zero_bit(&conn->marks_used, RTRS_SRV_MARKS);
	if (i >= RTRS_SRV_MARKS)
		return NULL;
	__set_bit(i, &conn->marks_used);
	conn->marks[i].posted = conn->posted + count;
	note_signalled(conn, conn->marks[i].posted);
	return &conn->marks[i];
}

/* ---- the chain ---- */

static void add(struct chain *chain, struct ib_send_wr *wr)
{
	*chain->tail = wr;
	chain->tail = &wr->next;
	chain->count++;
}

static void add_data(struct chain *chain, const struct rtrs_srv_op *op)
{
	chain->data_sge = (struct ib_sge) {
		.addr = op->slot->dma,
		.length = op->io.lent.len,
		.lkey = op->conn->core.dev->pd->local_dma_lkey,
	};
	chain->data = (struct ib_rdma_wr) {
		.wr = {
			.wr_cqe = &op->conn->send_cqe,
			.opcode = IB_WR_RDMA_WRITE,
			.sg_list = &chain->data_sge,
			.num_sge = 1,
		},
		.remote_addr = op->io.lent.addr,
		.rkey = op->io.lent.rkey,
	};
	add(chain, &chain->data.wr);
}

static void add_key(struct chain *chain, const struct rtrs_srv_op *op)
{
	chain->reg = (struct ib_reg_wr) {
		.wr = {
			.wr_cqe = &op->conn->send_cqe,
			.opcode = IB_WR_REG_MR,
		},
		.mr = op->slot->mr,
		.key = op->slot->mr->rkey,
		.access = IB_ACCESS_LOCAL_WRITE | IB_ACCESS_REMOTE_WRITE,
	};
	add(chain, &chain->reg.wr);
	rtrs_count(&rtrs_srv.opc, RTRS_OPC_MR_REG, 1);
}

/* Empty on the wire: the receive it meets may have no buffer (protocol 9). */
static void add_remote_inv(struct chain *chain, const struct rtrs_srv_op *op)
{
	chain->inv = (struct ib_send_wr) {
		.wr_cqe = &op->conn->send_cqe,
		.opcode = IB_WR_SEND_WITH_INV,
		.ex.invalidate_rkey = op->io.lent.rkey,
	};
	add(chain, &chain->inv);
}

/* With keys that change, the client wants the slot's key with every reply, new or not. */
static void add_notice(struct chain *chain, const struct rtrs_srv_op *op)
{
	struct rtrs_srv_path *path = op->conn->path;
	u32 slot = op->rq.slot;

	chain->notice = (struct ib_rdma_wr) {
		.wr = {
			.wr_cqe = &op->conn->send_cqe,
			.opcode = IB_WR_RDMA_WRITE_WITH_IMM,
			.ex.imm_data = cpu_to_be32(rtrs_imm_response(slot, op->error,
								     op->io.need_inval)),
		},
	};
	if (path->new_rkey) {
		chain->key_sge = (struct ib_sge) {
			.addr = path->rkey_iu->dma + slot * sizeof(*path->rkeys),
			.length = sizeof(*path->rkeys),
			.lkey = op->conn->core.dev->pd->local_dma_lkey,
		};
		chain->notice.wr.opcode = IB_WR_SEND_WITH_IMM;
		chain->notice.wr.sg_list = &chain->key_sge;
		chain->notice.wr.num_sge = 1;
	}
	add(chain, &chain->notice.wr);
}

static void build(struct chain *chain, struct rtrs_srv_op *op)
{
	chain->tail = &chain->head;
	chain->count = 0;
	if (op->io.has_desc && !op->error)
		add_data(chain, op);
	if (op->invalidated)
		add_key(chain, op);
	if (op->io.need_inval)
		add_remote_inv(chain, op);
	add_notice(chain, op);
}

/* ---- posting; with send_lock held ---- */

static int post(struct rtrs_srv_conn *conn, struct ib_send_wr *head, u32 count)
{
	int ret = ib_post_send(conn->core.qp, head, NULL);

	conn->posted += count;
	rtrs_count(&rtrs_srv.opc, RTRS_OPC_SEND_POST, 1);
	rtrs_count(&rtrs_srv.opc, RTRS_OPC_SEND_WR, count);
	if (ret)
		rtrs_srv_path_raise(conn->path, RTRS_PEV_LOST, RTRS_CAUSE_TRANSPORT_ERROR, ret);
	return ret;
}

static int post_invalidate(struct rtrs_srv_op *op)
{
	struct rtrs_srv_conn *conn = op->conn;
	struct ib_send_wr inv = {
		.wr_cqe = &op->inv_cqe,
		.opcode = IB_WR_LOCAL_INV,
		.send_flags = IB_SEND_SIGNALED,
		.ex.invalidate_rkey = op->slot->mr->rkey,
	};

	op->inv_mark = conn->posted + 1;
	note_signalled(conn, op->inv_mark);
	rtrs_count(&rtrs_srv.opc, RTRS_OPC_MR_INV, 1);
	return post(conn, &inv, 1);
}

/* The client may use the slot again as soon as it has the reply: release first. */
static void post_reply(struct rtrs_srv_op *op, struct chain *chain)
{
	struct rtrs_srv_conn *conn = op->conn;
	struct rtrs_srv_mark *mark = next_mark(conn, chain->count);

	if (mark) {
		chain->notice.wr.wr_cqe = &mark->cqe;
		chain->notice.wr.send_flags = IB_SEND_SIGNALED;
	}
	rtrs_srv_chunk_release(op);
	post(conn, chain->head, chain->count);
}

enum outcome { POSTED, WAITS, DEAD };

/*
 * An invalidate keeps the operation; after a posted reply it is somebody
 * else's. DEAD: no completion will come, the operation is to be abandoned.
 */
static enum outcome try_post(struct rtrs_srv_op *op)
{
	struct rtrs_srv_conn *conn = op->conn;
	struct chain chain;

	if (op->stage == RTRS_SRV_STAGE_INVALIDATE) {
		if (!room_for(conn, 1))
			return WAITS;
		return post_invalidate(op) ? DEAD : POSTED;
	}
	build(&chain, op);
	if (!room_for(conn, chain.count))
		return WAITS;
	post_reply(op, &chain);
	return POSTED;
}

static void submit(struct rtrs_srv_op *op, enum rtrs_srv_stage stage)
{
	struct rtrs_srv_conn *conn = op->conn;
	struct rtrs_srv_path *path = conn->path;
	enum outcome outcome = WAITS;
	unsigned long flags;

	op->stage = stage;
	spin_lock_irqsave(&conn->send_lock, flags);
	if (conn->dead)
		outcome = DEAD;
	else if (list_empty(&conn->starved))
		outcome = try_post(op);
	if (outcome == WAITS)
		list_add_tail(&op->wait, &conn->starved);
	spin_unlock_irqrestore(&conn->send_lock, flags);
	if (outcome == DEAD)
		rtrs_srv_op_abandon(op);
	else if (outcome == POSTED && stage == RTRS_SRV_STAGE_REPLY)
		percpu_ref_put(&path->ops);
}

void rtrs_srv_invalidate(struct rtrs_srv_op *op)
{
	submit(op, RTRS_SRV_STAGE_INVALIDATE);
}

/* What the upper layer did not fill is cleared: the client gets all it asked for. */
static void finish_data(const struct rtrs_srv_op *op, u32 len)
{
	u32 wanted = op->io.lent.len;

	if (len < wanted)
		memset(op->rq.data + len, 0, wanted - len);
	ib_dma_sync_single_for_device(op->conn->core.dev->ib, op->slot->dma, wanted,
				      DMA_BIDIRECTIONAL);
	rtrs_count(&rtrs_srv.opc, RTRS_OPC_DMA_SYNC, 1);
}

/*
 * The RCU section holds up the end of the path's device. An operation that the
 * disk had for longer than that device lived finds the connection dead.
 */
void rtrs_srv_reply(struct rtrs_srv_request *rq, int error, u32 len)
{
	struct rtrs_srv_op *op = container_of(rq, struct rtrs_srv_op, rq);

	rcu_read_lock();
	if (unlikely(READ_ONCE(op->conn->dead))) {
		rcu_read_unlock();
		rtrs_srv_op_abandon(op);
		return;
	}
	op->error = error;
	if (op->io.has_desc && !error)
		finish_data(op, len);
	if (op->invalidated)
		rtrs_srv_slot_next_key(op->conn->path, rq->slot);
	submit(op, RTRS_SRV_STAGE_REPLY);
	rcu_read_unlock();
}
EXPORT_SYMBOL_GPL(rtrs_srv_reply);

bool rtrs_srv_abandoned(const struct rtrs_srv_request *rq)
{
	return READ_ONCE(container_of(rq, struct rtrs_srv_op, rq)->conn->dead);
}
EXPORT_SYMBOL_GPL(rtrs_srv_abandoned);

/* ---- completions ---- */

/* Replies that waited go out in order, as far as there is room. */
static void feed_starved(struct rtrs_srv_conn *conn)
{
	struct percpu_ref *ops = &conn->path->ops;
	enum rtrs_srv_stage stage;
	enum outcome outcome;
	struct rtrs_srv_op *op;

	while (!list_empty(&conn->starved)) {
		op = list_first_entry(&conn->starved, struct rtrs_srv_op, wait);
		list_del(&op->wait);
		stage = op->stage;
		outcome = try_post(op);
		if (outcome == WAITS) {
			list_add(&op->wait, &conn->starved);
			return;
		}
		if (outcome == DEAD)
			rtrs_srv_op_abandon(op);
		else if (stage == RTRS_SRV_STAGE_REPLY)
			percpu_ref_put(ops);
	}
}

void rtrs_srv_sends_done(struct rtrs_srv_conn *conn, u32 mark)
{
	unsigned long flags;

	spin_lock_irqsave(&conn->send_lock, flags);
	if ((s32)(mark - conn->done) > 0) {
		conn->done = mark;
		conn->done_at = jiffies;
	}
	if (!conn->dead)
		feed_starved(conn);
	spin_unlock_irqrestore(&conn->send_lock, flags);
}

static void mark_done(struct ib_cq *cq, struct ib_wc *wc)
{
	struct rtrs_srv_mark *mark = container_of(wc->wr_cqe, struct rtrs_srv_mark, cqe);
	struct rtrs_srv_conn *conn = mark->conn;
	u32 posted = mark->posted;

	rtrs_count(&rtrs_srv.opc, RTRS_OPC_CQE, 1);
	if (wc->status != IB_WC_SUCCESS && wc->status != IB_WC_WR_FLUSH_ERR)
		rtrs_srv_path_raise(conn->path, RTRS_PEV_LOST, RTRS_CAUSE_TRANSPORT_ERROR, -EIO);
	spin_lock_irq(&conn->send_lock);
	__clear_bit(mark - conn->marks, &conn->marks_used);
	spin_unlock_irq(&conn->send_lock);
	rtrs_srv_sends_done(conn, posted);
}

/* ---- life of a connection's sends ---- */

void rtrs_srv_conn_init_sends(struct rtrs_srv_conn *conn)
{
	u32 i;

	spin_lock_init(&conn->send_lock);
	INIT_LIST_HEAD(&conn->starved);
	INIT_LIST_HEAD(&conn->arrival);
	for (i = 0; i < RTRS_SRV_MARKS; i++) {
		conn->marks[i].cqe.done = mark_done;
		conn->marks[i].conn = conn;
	}
}

void rtrs_srv_conn_open_sends(struct rtrs_srv_conn *conn)
{
	conn->marked_at = jiffies;
	conn->done_at = jiffies;
}

void rtrs_srv_conn_kill_sends(struct rtrs_srv_conn *conn)
{
	struct rtrs_srv_op *op, *next;
	LIST_HEAD(waiting);

	spin_lock_irq(&conn->send_lock);
	WRITE_ONCE(conn->dead, true);
	list_splice_init(&conn->starved, &waiting);
	spin_unlock_irq(&conn->send_lock);
	list_for_each_entry_safe(op, next, &waiting, wait)
		rtrs_srv_op_abandon(op);
}

bool rtrs_srv_conn_stuck(struct rtrs_srv_conn *conn)
{
	bool stuck;

	spin_lock_irq(&conn->send_lock);
	stuck = conn->marked != conn->done &&
		time_after(jiffies, conn->done_at + STUCK_SECONDS * HZ);
	spin_unlock_irq(&conn->send_lock);
	return stuck;
}
