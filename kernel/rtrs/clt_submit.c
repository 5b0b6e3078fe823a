// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests on their way out: map, put the header into the slot's buffer, build
 * the chain of work requests, post it. Hot: called by the upper layer for every
 * request, in any context, under RCU. conn->lock orders what goes onto the send
 * queue, because a signalled send gives back the entries of all before it.
 */
#include "client.h"

#include "pure/io_msg.h"

/* ---- posting ---- */

static void post_locked(struct rtrs_clt_conn *conn)
{
	int ret;

	if (!conn->head)
		return;
	ret = ib_post_send(conn->c.qp, conn->head, NULL);
	rtrs_clt_count(RTRS_OPC_SEND_POST, 1);
	rtrs_clt_count(RTRS_OPC_SEND_WR, conn->pending_wrs);
	conn->head = NULL;
	conn->tail = NULL;
	conn->pending = 0;
	conn->pending_wrs = 0;
	WRITE_ONCE(conn->post_seq, conn->post_seq + 1);
	/* How far the chain got is settled by draining: every request ends there, once. */
	if (ret)
		rtrs_clt_path_lost(conn->path, RTRS_CAUSE_TRANSPORT_ERROR, ret, false);
}

static void post_pending(struct rtrs_clt_conn *conn)
{
	unsigned long flags;

	if (!READ_ONCE(conn->head))
		return;
	spin_lock_irqsave(&conn->lock, flags);
	post_locked(conn);
	spin_unlock_irqrestore(&conn->lock, flags);
}

/*
 * A server may answer at any time, also what it was not asked yet: finishing a
 * request that is still to be posted would leave its memory open for ever.
 */
bool rtrs_clt_req_posted(struct rtrs_clt_conn *conn, const struct rtrs_req *req)
{
	unsigned long flags;
	bool posted;

	if (READ_ONCE(conn->post_seq) != req->post_seq)
		return true;
	/* the answer may have been quicker than the submitter's way out of the lock */
	spin_lock_irqsave(&conn->lock, flags);
	posted = conn->post_seq != req->post_seq;
	spin_unlock_irqrestore(&conn->lock, flags);
	return posted;
}

/* A chain of @count work requests, already taken from the queue's free entries. */
struct chain {
	struct ib_send_wr *first;
	struct ib_send_wr *last;
	u32 count;
	bool strict;		/* data goes out from the caller's own memory */
};

static void enqueue(struct rtrs_clt_conn *conn, struct rtrs_req *req, struct chain *chain,
		    bool more)
{
	unsigned long flags, owner = (unsigned long)conn;

	spin_lock_irqsave(&conn->lock, flags);
	conn->unsignalled += chain->count;
	if (chain->strict || conn->unsignalled >= conn->signal_every) {
		req->covers = conn->unsignalled;
		conn->unsignalled = 0;
		chain->last->send_flags = IB_SEND_SIGNALED;
		chain->last->wr_cqe = &req->send_cqe;
	} else {
		owner |= RTRS_REQ_SENT;
	}
	req->post_seq = conn->post_seq;
	/* pairs with the acquire of a reply that names this slot */
	atomic_long_set_release(&req->owner, owner);
	if (conn->tail)
		conn->tail->next = chain->first;
	else
		conn->head = chain->first;
	conn->tail = chain->last;
	conn->pending++;
	WRITE_ONCE(conn->submitted, conn->submitted + 1);
	conn->pending_wrs += chain->count;
	if (!more || conn->pending >= RTRS_CLT_BATCH)
		post_locked(conn);
	spin_unlock_irqrestore(&conn->lock, flags);
}

/* ---- building ---- */

/* Message and header into the slot's buffer; @sge names them. */
static void put_header(struct rtrs_clt_path *path, struct rtrs_req *req,
		       const struct rtrs_clt_io *io, const struct rtrs_lent *lent,
		       struct ib_sge *sge)
{
	size_t off = (size_t)req->slot * RTRS_CLT_HDR_STRIDE;
	u8 *va = rtrs_clt_pages_va(&path->hdrs, off);
	size_t len = io->msg_len;

	memcpy(va, io->msg, io->msg_len);
	if (io->dir == RTRS_WRITE)
		len += rtrs_write_hdr_build(va + len, io->msg_len);
	else
		len += rtrs_read_hdr_build(va + len, io->msg_len, lent, lent != NULL);
	sge->addr = rtrs_clt_pages_dma(&path->hdrs, off);
	sge->length = len;
	sge->lkey = path->dev->pd->local_dma_lkey;
	ib_dma_sync_single_for_device(path->dev->ib, sge->addr, len, DMA_TO_DEVICE);
	rtrs_clt_count(RTRS_OPC_DMA_SYNC, 1);
	rtrs_clt_count(RTRS_OPC_COPY_BYTES, len);
}

static void fill_wr(struct rtrs_clt_conn *conn, struct ib_rdma_wr *wr, enum ib_wr_opcode opcode,
		    struct ib_sge *sges, u32 count, const struct rtrs_chunk_ref *chunk, u32 off)
{
	wr->wr.next = NULL;
	wr->wr.wr_cqe = &conn->quiet_cqe;
	wr->wr.sg_list = sges;
	wr->wr.num_sge = count;
	wr->wr.opcode = opcode;
	wr->wr.send_flags = 0;
	wr->remote_addr = chunk->addr + off;
	wr->rkey = chunk->rkey;
}

static void fill_last(struct rtrs_clt_path *path, struct rtrs_req *req,
		      const struct rtrs_clt_io *io, struct ib_rdma_wr *wr, struct chain *chain)
{
	u32 imm = rtrs_imm_request(&path->geo, req->slot, io->data_len + io->msg_len);

	wr->wr.opcode = IB_WR_RDMA_WRITE_WITH_IMM;
	wr->wr.ex.imm_data = cpu_to_be32(imm);
	chain->last = &wr->wr;
}

/* All data, then the header, in as many writes as the queue pair's entries make necessary. */
static int build_write(struct rtrs_clt_conn *conn, struct rtrs_req *req,
		       const struct rtrs_clt_io *io, u32 mapped, struct chain *chain)
{
	struct rtrs_clt_path *path = conn->path;
	const struct rtrs_chunk_ref *chunk = &path->chunks[req->slot];
	u32 per_wr = path->session->wr_sges, total = mapped + 1, off = 0, i, n;
	struct ib_rdma_wr *wr = req->wrs;
	struct scatterlist *sg;

	for_each_sg(io->sg, sg, mapped, i) {
		req->sges[i].addr = sg_dma_address(sg);
		req->sges[i].length = sg_dma_len(sg);
		req->sges[i].lkey = path->dev->pd->local_dma_lkey;
		off += sg_dma_len(sg);
	}
	if (off != io->data_len)
		return -EINVAL;
	put_header(path, req, io, NULL, &req->sges[mapped]);
	off = 0;
	for (i = 0; i < total; i += n, wr++) {
		n = min(per_wr, total - i);
		fill_wr(conn, wr, IB_WR_RDMA_WRITE, &req->sges[i], n, chunk, off);
		if (i)
			wr[-1].wr.next = &wr->wr;
		for (u32 k = i; k < i + n; k++)
			off += req->sges[k].length;
	}
	chain->first = &req->wrs[0].wr;
	chain->count = wr - req->wrs;
	chain->strict = mapped;
	fill_last(path, req, io, wr - 1, chain);
	return 0;
}

/* Memory for the answer is registered and lent by its key; only the header is written. */
static int build_read(struct rtrs_clt_conn *conn, struct rtrs_req *req,
		      const struct rtrs_clt_io *io, u32 mapped, struct chain *chain)
{
	struct rtrs_clt_path *path = conn->path;
	struct ib_rdma_wr *wr = req->wrs;
	struct rtrs_lent lent;
	struct ib_mr *mr = path->mrs[req->slot];

	chain->strict = false;
	chain->count = 1;
	chain->first = &wr->wr;
	if (mapped) {
		if (ib_map_mr_sg(mr, io->sg, mapped, NULL, SZ_4K) != mapped ||
		    mr->length != io->data_len)
			return -EINVAL;
		ib_update_fast_reg_key(mr, ib_inc_rkey(mr->rkey));
		req->mr = mr;
		req->reg = (struct ib_reg_wr){
			.wr.next = &wr->wr,
			.wr.wr_cqe = &conn->quiet_cqe,
			.wr.opcode = IB_WR_REG_MR,
			.mr = mr,
			.key = mr->rkey,
			.access = IB_ACCESS_LOCAL_WRITE | IB_ACCESS_REMOTE_WRITE,
		};
		lent = (struct rtrs_lent){ mr->iova, mr->rkey, mr->length };
		chain->first = &req->reg.wr;
		chain->count = 2;
	}
	put_header(path, req, io, mapped ? &lent : NULL, req->sges);
	fill_wr(conn, wr, IB_WR_RDMA_WRITE_WITH_IMM, req->sges, 1, &path->chunks[req->slot],
		io->data_len);
	fill_last(path, req, io, wr, chain);
	return 0;
}

/* ---- submitting ---- */

static int check(const struct rtrs_clt_session *session, const struct rtrs_clt_io *io)
{
	const struct rtrs_clt_limits *limits = &session->limits;

	if (io->slot >= io->slots || io->slots > limits->queue_depth)
		return -EINVAL;
	if (io->queue != RTRS_QUEUE_ADMIN && io->queue >= session->io_queues)
		return -EINVAL;
	if (!io->msg_len || !io->sg != !io->data_len)
		return -EINVAL;
	if (io->msg_len > limits->max_msg_len || io->data_len > limits->max_io_size ||
	    (io->sg && io->sg_count > limits->max_segments))
		return -EMSGSIZE;
	return 0;
}

static enum dma_data_direction dma_dir(u8 dir)
{
	return dir == RTRS_WRITE ? DMA_TO_DEVICE : DMA_FROM_DEVICE;
}

static bool take_sends(struct rtrs_clt_conn *conn, u32 count)
{
	if (rtrs_conn_take_sends(&conn->c, count))
		return true;
	/* what holds the entries must be on its way, or nobody would come back to say so */
	post_pending(conn);
	if (conn->c.send_cq != conn->c.recv_cq)
		rtrs_conn_poll_sends(&conn->c);
	return rtrs_conn_take_sends(&conn->c, count);
}

static bool take_flight(struct rtrs_clt_conn *conn)
{
	if (conn->c.cid)
		return true;
	if (atomic_inc_return(&conn->flight) <= RTRS_CLT_ADMIN_FLIGHT)
		return true;
	atomic_dec(&conn->flight);
	return false;
}

static void count_request(struct rtrs_clt_path *path, const struct rtrs_clt_io *io)
{
	u32 bytes = io->data_len + io->msg_len;

	this_cpu_inc(path->stats->inflight);
	if (io->dir == RTRS_READ) {
		this_cpu_inc(path->stats->reads);
		this_cpu_add(path->stats->read_bytes, bytes);
	} else {
		this_cpu_inc(path->stats->writes);
		this_cpu_add(path->stats->write_bytes, bytes);
	}
	rtrs_clt_count(RTRS_OPC_REQUESTS, 1);
	if (io->sg)
		rtrs_clt_count(RTRS_OPC_DMA_MAP, 1);
	if (io->sg && io->dir == RTRS_READ)
		rtrs_clt_count(RTRS_OPC_MR_REG, 1);
}

static int build(struct rtrs_clt_conn *conn, struct rtrs_req *req, const struct rtrs_clt_io *io,
		 u32 mapped, struct chain *chain)
{
	req->conn = conn;
	req->done = io->done;
	req->priv = io->priv;
	req->sg = io->sg;
	req->sg_count = io->sg_count;
	req->data_len = io->data_len;
	req->msg_len = io->msg_len;
	WRITE_ONCE(req->cid, conn->c.cid);
	req->dir = io->dir;
	req->mr = NULL;
	req->error = 0;
	req->sent = 0;
	if (READ_ONCE(conn->path->session->policy) == RTRS_MP_MIN_LATENCY)
		req->sent = ktime_get();
	if (io->dir == RTRS_WRITE)
		return build_write(conn, req, io, mapped, chain);
	return build_read(conn, req, io, mapped, chain);
}

static int submit_on(struct rtrs_clt_conn *conn, struct rtrs_req *req,
		     const struct rtrs_clt_io *io)
{
	struct ib_device *ib = conn->path->dev->ib;
	struct chain chain;
	int mapped = 0, ret;

	if (io->sg) {
		mapped = ib_dma_map_sg(ib, io->sg, io->sg_count, dma_dir(io->dir));
		/* what is mapped for others runs out like the send queue does */
		if (!mapped)
			return -EAGAIN;
	}
	ret = build(conn, req, io, mapped, &chain);
	if (ret)
		goto err_unmap;
	ret = -EAGAIN;
	if (!take_flight(conn))
		goto err_unmap;
	if (!take_sends(conn, chain.count))
		goto err_flight;
	count_request(conn->path, io);
	enqueue(conn, req, &chain, io->more);
	rtrs_heartbeat_wake(&conn->path->hb);
	return 0;

err_flight:
	if (!conn->c.cid)
		atomic_dec(&conn->flight);
err_unmap:
	if (io->sg)
		ib_dma_unmap_sg(ib, io->sg, io->sg_count, dma_dir(io->dir));
	return ret;
}

/* ---- doorbells held back ---- */

static void ring(struct rtrs_clt_session *session, u32 cid)
{
	struct rtrs_clt_path *path;
	u32 index;

	/* whoever holds one back from now on rings for it */
	xchg(&session->bells[cid].held, 0);
	rcu_read_lock();
	for_each_path_up(session, path, index)
		post_pending(&path->conns[cid]);
	rcu_read_unlock();
}

void rtrs_clt_flush(struct rtrs_clt_session *session, u32 queue)
{
	if (queue == RTRS_QUEUE_ADMIN)
		ring(session, 0);
	else if (queue < session->io_queues)
		ring(session, queue + 1);
}
EXPORT_SYMBOL_GPL(rtrs_clt_flush);

/*
 * The requests of one burst may have gone to different paths; the last one
 * rang for its own only.
 */
static void bell(struct rtrs_clt_session *session, u32 cid, bool more)
{
	struct rtrs_clt_bell *bell = &session->bells[cid];

	if (more) {
		/* after the chain: who clears it sees the chain; pairs with ring() */
		smp_store_release(&bell->held, 1);
	} else if (READ_ONCE(bell->held)) {
		ring(session, cid);
	}
}

int rtrs_clt_send(struct rtrs_clt_session *session, struct rtrs_req *req,
		  const struct rtrs_clt_io *io)
{
	u32 cid = io->queue == RTRS_QUEUE_ADMIN ? 0 : io->queue + 1;
	u64 tried[RTRS_MP_WORDS] = { };
	struct rtrs_clt_path *path;
	int ret = -ENOTCONN;

	rcu_read_lock();
	/* one whose queue is full leaves it to the next one */
	do {
		path = rtrs_clt_pick(session, tried);
		if (path)
			ret = submit_on(&path->conns[cid], req, io);
	} while (path && ret == -EAGAIN);
	rcu_read_unlock();
	if (!ret)
		bell(session, cid, io->more);
	return ret;
}

/* ---- slots ---- */

static bool claim(struct rtrs_req *req, unsigned long from)
{
	long old = from;

	return atomic_long_try_cmpxchg(&req->owner, &old, RTRS_REQ_CLAIMED);
}

/*
 * May the message go where @req, a message as well, was lost? The same one again
 * always may: whichever copy the server looks at, it reads the same. Another one only
 * with a server of ours, which has a copy of a message before it begins with it. What
 * it may still write is the answer to the lost one; that must end in front of the new.
 */
static bool may_follow(const struct rtrs_clt_session *session, const struct rtrs_req *req,
		       const struct rtrs_clt_io *io)
{
	const u8 *lost = session->messages + (size_t)req->slot * RTRS_CLT_HDR_STRIDE;

	if (req->cid)
		return false;
	if (req->dir == io->dir && req->data_len == io->data_len && req->msg_len == io->msg_len &&
	    !memcmp(lost, io->msg, io->msg_len))
		return true;
	return !READ_ONCE(req->foreign) && io->data_len >= req->data_len;
}

/* All slots may be taken by requests that wait for what this message brings. */
static struct rtrs_req *claim_for_message(struct rtrs_clt_session *session,
					  const struct rtrs_clt_io *io)
{
	struct rtrs_req *req;
	u32 slot;

	/* from the top, where the upper layer begins with its messages */
	for (slot = session->limits.queue_depth; slot--;) {
		req = &session->reqs[slot];
		if (READ_ONCE(req->cid) || !claim(req, RTRS_REQ_FENCED))
			continue;
		if (may_follow(session, req, io))
			return req;
		rtrs_clt_slot_free(session, req);
	}
	return NULL;
}

/*
 * The slot of the caller's choice; any other free one when the server may
 * still work on that one's chunk, or somebody in that need has taken it.
 */
static struct rtrs_req *claim_slot(struct rtrs_clt_session *session, const struct rtrs_clt_io *io)
{
	u32 i, slot = io->slot;

	if (likely(claim(&session->reqs[slot], RTRS_REQ_FREE)))
		return &session->reqs[slot];
	for (i = 1; i < io->slots; i++) {
		slot = slot + 1 == io->slots ? 0 : slot + 1;
		if (atomic_long_read(&session->reqs[slot].owner) == RTRS_REQ_FREE &&
		    claim(&session->reqs[slot], RTRS_REQ_FREE))
			return &session->reqs[slot];
	}
	return io->queue == RTRS_QUEUE_ADMIN ? claim_for_message(session, io) : NULL;
}

static int submit_again(struct rtrs_clt_session *session, const struct rtrs_clt_io *io)
{
	struct rtrs_req *req = &session->reqs[io->slot];
	int ret;

	if (!claim(req, RTRS_REQ_KEPT))
		return -EINVAL;
	ret = rtrs_clt_send(session, req, io);
	if (ret)
		atomic_long_set_release(&req->owner, RTRS_REQ_KEPT);
	return ret;
}

int rtrs_clt_submit(struct rtrs_clt_session *session, const struct rtrs_clt_io *io)
{
	struct rtrs_req *req;
	int ret;

	/* before that there are no slots; pairs with publishing */
	if (unlikely(!smp_load_acquire(&session->ever_up)))
		return -ENOTCONN;
	ret = check(session, io);
	if (ret)
		return ret;
	if (unlikely(io->again))
		return submit_again(session, io);
	req = claim_slot(session, io);
	if (!req)
		return -EAGAIN;
	ret = rtrs_clt_send(session, req, io);
	if (ret)
		rtrs_clt_slot_free(session, req);
	return ret;
}
EXPORT_SYMBOL_GPL(rtrs_clt_submit);

void rtrs_clt_slot_release(struct rtrs_clt_session *session, u32 slot)
{
	struct rtrs_req *req = &session->reqs[slot];

	if (slot < session->limits.queue_depth && claim(req, RTRS_REQ_KEPT))
		rtrs_clt_slot_free(session, req);
}
EXPORT_SYMBOL_GPL(rtrs_clt_slot_release);
