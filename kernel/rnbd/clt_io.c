// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests of a disk to requests of the transport and back: the hot file. The
 * tag of a request is its slot, a hardware queue's number its connection. A
 * request that came back unanswered keeps the slot that the transport gave back
 * with it, and is sent again by clt_again.c. Both callers, the block layer and
 * that, are under RCU; what is behind session->rtrs goes away only a grace
 * period after the pointer. No lock, no allocation, no sleep.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "client.h"

/* Wire operation, or -EOPNOTSUPP. */
static int wire_op(const struct request *rq)
{
	switch (req_op(rq)) {
	case REQ_OP_READ:
		return RNBD_WIRE_OP_READ;
	case REQ_OP_WRITE:
		return RNBD_WIRE_OP_WRITE;
	case REQ_OP_FLUSH:
		return RNBD_WIRE_OP_FLUSH;
	case REQ_OP_DISCARD:
		return RNBD_WIRE_OP_DISCARD;
	case REQ_OP_SECURE_ERASE:
		return RNBD_WIRE_OP_SECURE_ERASE;
	case REQ_OP_WRITE_ZEROES:
		return RNBD_WIRE_OP_WRITE_ZEROES;
	default:
		return -EOPNOTSUPP;
	}
}

static void describe(struct rnbd_io *io, const struct rnbd_clt_dev *dev, struct request *rq, u8 op)
{
	bool flush = op == RNBD_WIRE_OP_FLUSH;

	*io = (struct rnbd_io) {
		.device_id = READ_ONCE(dev->device_id),
		.sector = blk_rq_pos(rq),
		.bytes = blk_rq_bytes(rq),
		.op = op,
		.sync = op_is_sync(rq->cmd_flags),
		/* only writes and flushes may carry these on the wire */
		.fua = op == RNBD_WIRE_OP_WRITE && rq->cmd_flags & REQ_FUA,
		.preflush = flush,
		.nounmap = op == RNBD_WIRE_OP_WRITE_ZEROES && rq->cmd_flags & REQ_NOUNMAP,
		.prio = req_get_ioprio(rq),
		.has_prio = true,
	};
}

/* ---- the way back ---- */

/*
 * The server does not know the device: it closed it by itself (true), or the
 * request was sent with the number of before an outage.
 */
static bool refused(struct rnbd_clt_dev *dev, const struct rnbd_clt_req *req)
{
	/* the acquire as in queue_rq() */
	if (smp_load_acquire(&dev->state) != RNBD_DEV_MAPPED ||
	    READ_ONCE(dev->device_id) != req->device_id)
		return false;
	rnbd_clt_dev_refused(dev);
	return true;
}

/* What the disk of the server may still have in a volatile cache. */
static void note_written(struct rnbd_clt_dev *dev, const struct request *rq)
{
	if (!op_is_write(req_op(rq)) || req_op(rq) == REQ_OP_FLUSH || rq->cmd_flags & REQ_FUA)
		return;
	/* read first: the line stays shared between the CPUs */
	if (!READ_ONCE(dev->unflushed))
		WRITE_ONCE(dev->unflushed, 1);
}

/* A flush answers for the writes answered before it was sent, if it succeeds. */
static void flush_begins(struct rnbd_clt_dev *dev, struct rnbd_clt_req *req)
{
	req->covers = xchg(&dev->unflushed, 0);
}

static void flush_failed(struct rnbd_clt_dev *dev, const struct rnbd_clt_req *req)
{
	if (req->covers)
		WRITE_ONCE(dev->unflushed, 1);
}

/* Completion context, or the submitter's when it polls. */
static void io_done(void *priv, int error, int slot)
{
	struct request *rq = priv;
	struct rnbd_clt_req *req = blk_mq_rq_to_pdu(rq);
	struct rnbd_clt_dev *dev = rq->q->queuedata;

	if (likely(!error))
		note_written(dev, rq);
	else if (req_op(rq) == REQ_OP_FLUSH)
		flush_failed(dev, req);
	if (unlikely(slot >= 0)) {
		WRITE_ONCE(req->kept, slot + 1);
		rnbd_clt_again_add(dev, req);
		return;
	}
	if (unlikely(error == -ENOTCONN) && !refused(dev, req)) {
		/* queue_rq() finds out whether there is something to wait for */
		blk_mq_requeue_request(rq, true);
		return;
	}
	req->status = errno_to_blk_status(error);
	blk_mq_complete_request(rq);
}

static void complete_rq(struct request *rq)
{
	struct rnbd_clt_req *req = blk_mq_rq_to_pdu(rq);

	blk_mq_end_request(rq, req->status);
}

/*
 * An answer that takes so long may still come, and the server may still carry
 * the request out: ending it here would let its blocks change later. A lost
 * connection is noticed by the transport, an unmap does not wait for ever.
 * One that came back waits for a server, which has a limit of its own.
 */
static enum blk_eh_timer_return timed_out(struct request *rq)
{
	struct rnbd_clt_req *req = blk_mq_rq_to_pdu(rq);

	if (READ_ONCE(req->kept) || time_before(jiffies, READ_ONCE(req->resent) + rq->timeout))
		return BLK_EH_RESET_TIMER;
	pr_warn_ratelimited("%s: %s of %u bytes at sector %llu is not answered for %u s\n",
			    rq->q->disk->disk_name, blk_op_str(req_op(rq)), blk_rq_bytes(rq),
			    (u64)blk_rq_pos(rq), jiffies_to_msecs(rq->timeout) / 1000);
	return BLK_EH_RESET_TIMER;
}

/* ---- the way there ---- */

/* It will not be sent again: the transport may have its slot. */
static blk_status_t give_up(struct rtrs_clt_session *rtrs, struct request *rq, blk_status_t status)
{
	struct rnbd_clt_req *req = blk_mq_rq_to_pdu(rq);

	if (req->kept && rtrs)
		rtrs_clt_slot_release(rtrs, req->kept - 1);
	req->kept = 0;
	return status;
}

/* The connection of a hardware queue: polled ones are the transport's last. */
static u32 queue_of(const struct blk_mq_hw_ctx *hctx)
{
	return (uintptr_t)hctx->driver_data;
}

static blk_status_t submit(struct rtrs_clt_session *rtrs, struct request *rq,
			   struct rtrs_clt_io *io)
{
	struct rnbd_clt_dev *dev = rq->q->queuedata;
	struct rnbd_clt_req *req = blk_mq_rq_to_pdu(rq);
	bool flush = req_op(rq) == REQ_OP_FLUSH;
	u32 kept = req->kept;
	int err;

	if (flush) {
		if (unlikely(READ_ONCE(dev->lost_writes)))
			return give_up(rtrs, rq, BLK_STS_IOERR);
		flush_begins(dev, req);
	}
	if (!blk_mq_request_started(rq))
		blk_mq_start_request(rq);
	/* it may be back, with another one, before this returns */
	WRITE_ONCE(req->kept, 0);
	err = rtrs_clt_submit(rtrs, io);
	if (likely(!err))
		return BLK_STS_OK;
	WRITE_ONCE(req->kept, kept);
	if (flush)
		flush_failed(dev, req);
	/*
	 * The queue is shared by the devices of the session, so the one that
	 * waits need not be the one with requests in flight: of the two "try
	 * later" answers only this one makes the block layer run it by time.
	 * So it does until a link that is being lost is known as lost.
	 */
	if (err == -EAGAIN || (err == -ENOTCONN && READ_ONCE(dev->fast_io_fail)))
		return BLK_STS_RESOURCE;
	return give_up(rtrs, rq, err == -ENOTCONN ? BLK_STS_TRANSPORT : BLK_STS_IOERR);
}

/* On connection @queue; @more follow at once. Resource: not now; another error is the end of it. */
static blk_status_t send(struct rtrs_clt_session *rtrs, struct request *rq, u32 queue, bool more)
{
	struct rnbd_clt_dev *dev = rq->q->queuedata;
	struct rnbd_clt_req *req = blk_mq_rq_to_pdu(rq);
	int op = wire_op(rq);
	struct rnbd_wire_io msg;
	struct rnbd_io desc;
	struct rtrs_clt_io io = {
		.dir = op == RNBD_WIRE_OP_READ || op == RNBD_WIRE_OP_FLUSH ? RTRS_READ : RTRS_WRITE,
		.slot = req->kept ? req->kept - 1 : rq->tag,
		.slots = dev->session->io_slots,
		.again = req->kept,
		.queue = queue,
		.more = more,
		.msg_len = sizeof(msg),
		.msg = &msg,
		.done = io_done,
		.priv = rq,
	};

	if (unlikely(op < 0))
		return BLK_STS_NOTSUPP;
	describe(&desc, dev, rq, op);
	req->device_id = desc.device_id;
	rnbd_io_build(&msg, &desc);
	if (op == RNBD_WIRE_OP_READ || op == RNBD_WIRE_OP_WRITE) {
		sg_init_table(req->sgl, blk_rq_nr_phys_segments(rq));
		io.sg_count = blk_rq_map_sg(rq, req->sgl);
		io.sg = req->sgl;
		io.data_len = blk_rq_bytes(rq);
	}
	return submit(rtrs, rq, &io);
}

/* May I/O be sent: OK, resource: later, or the error that it ends with. @rtrs: read once. */
static blk_status_t may_send(const struct rnbd_clt_dev *dev, const struct rtrs_clt_session *rtrs)
{
	/* pairs with the release in clt_dev.c: mapped means that device_id is the new one */
	enum rnbd_dev_state state = smp_load_acquire(&dev->state);

	/* the queue of a held device is stopped, or about to be */
	if (unlikely(state == RNBD_DEV_HELD))
		return BLK_STS_RESOURCE;
	if (unlikely(state != RNBD_DEV_MAPPED || !rtrs))
		return BLK_STS_TRANSPORT;
	return BLK_STS_OK;
}

static blk_status_t queue_rq(struct blk_mq_hw_ctx *hctx, const struct blk_mq_queue_data *bd)
{
	struct rnbd_clt_dev *dev = hctx->queue->queuedata;
	struct rtrs_clt_session *rtrs = READ_ONCE(dev->session->rtrs);
	blk_status_t status = may_send(dev, rtrs);

	if (unlikely(status))
		return status;
	/* those go first, for they have waited longer, and hold slots */
	if (unlikely(READ_ONCE(dev->again_queues) & rnbd_clt_again_bit(hctx)))
		return BLK_STS_RESOURCE;
	return send(rtrs, bd->rq, queue_of(hctx), !bd->last);
}

bool rnbd_clt_io_again(struct rnbd_clt_dev *dev, struct request *rq)
{
	struct rnbd_clt_req *req = blk_mq_rq_to_pdu(rq);
	struct rtrs_clt_session *rtrs;
	blk_status_t status;

	rcu_read_lock();
	rtrs = READ_ONCE(dev->session->rtrs);
	status = may_send(dev, rtrs);
	/* before all is built in vain, for as long as the loss of the link is not told */
	if (status == BLK_STS_OK && !rtrs_clt_session_is_up(rtrs) && READ_ONCE(dev->fast_io_fail))
		status = BLK_STS_RESOURCE;
	WRITE_ONCE(req->resent, jiffies);
	if (status == BLK_STS_OK)
		status = send(rtrs, rq, queue_of(rq->mq_hctx), false);
	else if (status != BLK_STS_RESOURCE)
		give_up(rtrs, rq, status);
	rcu_read_unlock();
	if (status == BLK_STS_RESOURCE)
		return false;
	if (status) {
		req->status = status;
		blk_mq_complete_request(rq);
	}
	return true;
}

static void commit_rqs(struct blk_mq_hw_ctx *hctx)
{
	struct rnbd_clt_dev *dev = hctx->queue->queuedata;
	struct rtrs_clt_session *rtrs = READ_ONCE(dev->session->rtrs);

	if (rtrs)
		rtrs_clt_flush(rtrs, queue_of(hctx));
}

static int poll(struct blk_mq_hw_ctx *hctx, struct io_comp_batch *iob)
{
	struct rnbd_clt_dev *dev = hctx->queue->queuedata;
	struct rtrs_clt_session *rtrs;
	int count = 0;

	rcu_read_lock();
	rtrs = READ_ONCE(dev->session->rtrs);
	if (rtrs)
		count = rtrs_clt_poll(rtrs, queue_of(hctx));
	rcu_read_unlock();
	return count;
}

static int init_hctx(struct blk_mq_hw_ctx *hctx, void *data, unsigned int index)
{
	struct rnbd_clt_session *session = data;
	u32 queue = index;

	if (index >= session->default_queues)
		queue += session->limits.io_queues - session->limits.nr_poll_queues -
			 session->default_queues;
	hctx->driver_data = (void *)(uintptr_t)queue;
	return 0;
}

static void map_queues(struct blk_mq_tag_set *set)
{
	struct rnbd_clt_session *session = set->driver_data;
	struct blk_mq_queue_map *map = set->map;

	map[HCTX_TYPE_DEFAULT].nr_queues = min(session->default_queues, set->nr_hw_queues);
	map[HCTX_TYPE_DEFAULT].queue_offset = 0;
	blk_mq_map_queues(&map[HCTX_TYPE_DEFAULT]);
	if (set->nr_maps <= HCTX_TYPE_POLL)
		return;
	/* none of their own: reads use the default queues */
	map[HCTX_TYPE_READ].nr_queues = 0;
	map[HCTX_TYPE_POLL].nr_queues = session->limits.nr_poll_queues;
	map[HCTX_TYPE_POLL].queue_offset = session->default_queues;
	blk_mq_map_queues(&map[HCTX_TYPE_POLL]);
}

const struct blk_mq_ops rnbd_clt_mq_ops = {
	.queue_rq	= queue_rq,
	.commit_rqs	= commit_rqs,
	.complete	= complete_rq,
	.timeout	= timed_out,
	.poll		= poll,
	.init_hctx	= init_hctx,
	.map_queues	= map_queues,
};
