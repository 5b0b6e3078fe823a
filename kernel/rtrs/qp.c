// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The queues of one connection: create within what the device grants, drain,
 * destroy; accounting of send queue entries. A connection has one CQ, or two
 * when its owner wants sends to finish without waking anybody. Called by the
 * path workers of client and server; the accounting from any context. No locks.
 */
#include <linux/completion.h>
#include <linux/delay.h>

#include "core.h"

/* Memory reclaim may wait for a write whose send completion only this work handles. */
static struct workqueue_struct *send_wq;

/*
 * The lock keeps a late event of the provider from queueing the worker after
 * rtrs_conn_destroy_qp() has cancelled it for good.
 */
static void queue_send_work(struct rtrs_conn *conn)
{
	unsigned long flags;

	spin_lock_irqsave(&conn->send_lock, flags);
	if (conn->send_open)
		queue_work(send_wq, &conn->send_work);
	spin_unlock_irqrestore(&conn->send_lock, flags);
}

/* Not armed until somebody waits, so the worker is rare and may be a slow one. */
static void send_cq_fired(struct ib_cq *cq, void *context)
{
	queue_send_work(context);
}

int rtrs_conn_poll_sends(struct rtrs_conn *conn)
{
	return ib_process_cq_direct(conn->send_cq, -1);
}
EXPORT_SYMBOL_GPL(rtrs_conn_poll_sends);

/*
 * A send may finish between the last poll and the arming. Devices that can
 * tell ask for another poll; the worker does it, because the caller may hold
 * locks that the handlers take.
 */
void rtrs_conn_arm_sends(struct rtrs_conn *conn)
{
	int ret = ib_req_notify_cq(conn->send_cq, IB_CQ_NEXT_COMP | IB_CQ_REPORT_MISSED_EVENTS);

	if (ret)
		queue_send_work(conn);
}
EXPORT_SYMBOL_GPL(rtrs_conn_arm_sends);

static void send_work(struct work_struct *work)
{
	struct rtrs_conn *conn = container_of(work, struct rtrs_conn, send_work);

	rtrs_conn_poll_sends(conn);
	if (READ_ONCE(conn->draining))
		rtrs_conn_arm_sends(conn);
}

static struct ib_cq *create_send_cq(struct rtrs_conn *conn, u32 entries, int vector)
{
	struct ib_cq_init_attr attr = { .cqe = entries, .comp_vector = vector };
	struct ib_cq *cq;

	cq = ib_create_cq(conn->dev->ib, send_cq_fired, NULL, conn, &attr);
	if (IS_ERR(cq))
		return cq;
	/* Polled by its users: what tells ib_drain_sq() to keep polling, too. */
	cq->poll_ctx = IB_POLL_DIRECT;
	return cq;
}

static int create_cqs(struct rtrs_conn *conn, const struct rtrs_qp_spec *spec)
{
	struct ib_device *ib = conn->dev->ib;
	int vector = spec->comp_vector % max_t(int, ib->num_comp_vectors, 1);
	/* one more each for the entries that draining posts */
	u32 sends = conn->send_wrs + 1, recvs = conn->recv_wrs + 1;

	if (!spec->own_send_cq)
		recvs += sends;
	if (max(recvs, sends) > ib->attrs.max_cqe)
		return -EINVAL;
	conn->recv_cq = ib_alloc_cq(ib, conn, recvs, vector, spec->poll_ctx);
	if (IS_ERR(conn->recv_cq)) {
		int ret = PTR_ERR(conn->recv_cq);

		conn->recv_cq = NULL;
		return ret;
	}
	conn->send_cq = conn->recv_cq;
	if (spec->own_send_cq)
		conn->send_cq = create_send_cq(conn, sends, vector);
	if (IS_ERR(conn->send_cq)) {
		int ret = PTR_ERR(conn->send_cq);

		conn->send_cq = NULL;
		return ret;
	}
	return 0;
}

static int create_qp(struct rtrs_conn *conn, const struct rtrs_qp_spec *spec)
{
	const struct ib_device_attr *attrs = &conn->dev->ib->attrs;
	struct ib_qp_init_attr init = {
		.event_handler = spec->qp_event,
		.qp_context = spec->context,
		.send_cq = conn->send_cq,
		.recv_cq = conn->recv_cq,
		.sq_sig_type = IB_SIGNAL_REQ_WR,
		.qp_type = IB_QPT_RC,
		.cap = {
			.max_send_wr = conn->send_wrs + 1,
			.max_recv_wr = conn->recv_wrs + 1,
			.max_send_sge = min_t(u32, spec->send_sges, attrs->max_send_sge),
			.max_recv_sge = 1,
			.max_inline_data = spec->inline_bytes,
		},
	};
	int ret;

	ret = rdma_create_qp(conn->cm_id, conn->dev->pd, &init);
	if (ret)
		return ret;
	conn->qp = conn->cm_id->qp;
	/*
	 * The provider may have granted more entries than asked for; they are
	 * not used, so that the CQs never overflow.
	 */
	conn->send_sges = init.cap.max_send_sge;
	conn->inline_bytes = init.cap.max_inline_data;
	atomic_set(&conn->send_free, conn->send_wrs);
	return 0;
}

int rtrs_conn_create_qp(struct rtrs_conn *conn, const struct rtrs_qp_spec *spec)
{
	/* one entry below the device's limit is kept for draining */
	u32 room = conn->dev->ib->attrs.max_qp_wr - 1;
	int ret;

	conn->draining = false;
	conn->send_open = true;
	spin_lock_init(&conn->send_lock);
	INIT_WORK(&conn->send_work, send_work);
	conn->send_wrs = min(spec->send_wrs, room);
	conn->recv_wrs = min(spec->recv_wrs, room);
	ret = create_cqs(conn, spec);
	if (!ret)
		ret = create_qp(conn, spec);
	if (ret)
		rtrs_conn_destroy_qp(conn);
	return ret;
}
EXPORT_SYMBOL_GPL(rtrs_conn_create_qp);

static bool soft(const struct rtrs_conn *conn)
{
	return conn->cm_id->device->ops.driver_id == RDMA_DRIVER_RXE;
}

int rtrs_conn_tune(struct rtrs_conn *conn, int ack_timeout)
{
	/* should a receive queue ever be empty, its peer tries again soon; by default after 0.66 s */
	int ret = rdma_set_min_rnr_timer(conn->cm_id, IB_RNR_TIMER_000_64);

	if (ack_timeout == RTRS_ACK_TIMEOUT_AUTO)
		ack_timeout = soft(conn) ? 0 : RTRS_ACK_TIMEOUT;
	if (ret || !ack_timeout)
		return ret;
	return rdma_set_ack_timeout(conn->cm_id, ack_timeout);
}
EXPORT_SYMBOL_GPL(rtrs_conn_tune);

static void close_send_work(struct rtrs_conn *conn)
{
	spin_lock_irq(&conn->send_lock);
	conn->send_open = false;
	spin_unlock_irq(&conn->send_lock);
	cancel_work_sync(&conn->send_work);
}

/* The last entry of a queue that flushes: once it is handled, all before it are. */
struct drain_mark {
	struct ib_cqe cqe;
	struct completion handled;
};

static void mark_handled(struct ib_cq *cq, struct ib_wc *wc)
{
	complete(&container_of(wc->wr_cqe, struct drain_mark, cqe)->handled);
}

/*
 * ib_drain_rq() looks at a polled CQ only after a tenth of a second, and a path has one
 * such CQ for each polled queue: all of them come before its requests move on.
 */
static void drain_polled_recvs(struct rtrs_conn *conn)
{
	struct ib_qp_attr attr = { .qp_state = IB_QPS_ERR };
	struct drain_mark mark = { .cqe.done = mark_handled };
	struct ib_recv_wr last = { .wr_cqe = &mark.cqe };

	init_completion(&mark.handled);
	if (ib_modify_qp(conn->qp, &attr, IB_QP_STATE) || ib_post_recv(conn->qp, &last, NULL)) {
		/* a device that has failed takes nothing, but its driver may know a way */
		ib_drain_rq(conn->qp);
		return;
	}
	for (;;) {
		ib_process_cq_direct(conn->recv_cq, -1);
		if (try_wait_for_completion(&mark.handled))
			break;
		usleep_range(50, 200);
	}
}

/*
 * As draining does first, but with no handler of the CM under way: a late answer to
 * a connect request moves the queue pair on, soft RDMA takes two such changes at
 * once, and when the second one undoes the first nothing is ever flushed.
 */
static void stop_qp(struct rtrs_conn *conn)
{
	struct ib_qp_attr attr = { .qp_state = IB_QPS_ERR };

	rdma_lock_handler(conn->cm_id);
	ib_modify_qp(conn->qp, &attr, IB_QP_STATE);
	rdma_unlock_handler(conn->cm_id);
}

static void drain_recvs(struct rtrs_conn *conn)
{
	if (conn->recv_cq->poll_ctx == IB_POLL_DIRECT)
		drain_polled_recvs(conn);
	else
		ib_drain_rq(conn->qp);
}

void rtrs_conn_drain(struct rtrs_conn *conn)
{
	if (!conn->qp)
		return;
	stop_qp(conn);
	if (conn->send_cq != conn->recv_cq) {
		/* ib_drain_sq() alone looks at a polled CQ ten times a second only */
		WRITE_ONCE(conn->draining, true);
		rtrs_conn_arm_sends(conn);
	}
	/*
	 * What had arrived when the queue pair was stopped is still handled, and the
	 * handlers give receives back and send. Those sends are before the end of the
	 * send queue that is waited for next, those receives behind the first end of
	 * theirs. The second one is behind all: no success is left to be handled. The
	 * memory of the receives goes after this, while soft RDMA's queue pair may stay.
	 */
	drain_recvs(conn);
	ib_drain_sq(conn->qp);
	drain_recvs(conn);
	/* its own poll may have overtaken a handler that still runs there */
	if (conn->send_cq != conn->recv_cq)
		close_send_work(conn);
}
EXPORT_SYMBOL_GPL(rtrs_conn_drain);

void rtrs_conn_destroy_qp(struct rtrs_conn *conn)
{
	if (conn->qp && conn->cm_id)
		rdma_destroy_qp(conn->cm_id);
	else if (conn->qp)
		ib_destroy_qp(conn->qp);
	conn->qp = NULL;
	if (conn->send_cq && conn->send_cq != conn->recv_cq) {
		close_send_work(conn);
		ib_destroy_cq(conn->send_cq);
	}
	conn->send_cq = NULL;
	if (conn->recv_cq)
		ib_free_cq(conn->recv_cq);
	conn->recv_cq = NULL;
	if (conn->held)
		rtrs_device_put(conn->held);
	conn->held = NULL;
}
EXPORT_SYMBOL_GPL(rtrs_conn_destroy_qp);

int rtrs_conn_let_go(struct rtrs_conn *conn)
{
	struct ib_qp_attr attr = { .qp_state = IB_QPS_RESET };

	return conn->qp && soft(conn) ? ib_modify_qp(conn->qp, &attr, IB_QP_STATE) : 0;
}
EXPORT_SYMBOL_GPL(rtrs_conn_let_go);

/*
 * Soft RDMA destroys a queue pair only when the last packet it sent is freed,
 * and the driver of an interface that is down may keep packets until it is up
 * again, a network in front of it as long as it likes. After 50 s soft RDMA frees
 * the queue pair nevertheless, and the packets point to nothing. Reset it takes
 * nothing from the wire and holds no memory region, and may stay.
 */
static bool keep_qp(struct rtrs_conn *conn)
{
	if (!conn->qp || !soft(conn) || rtrs_conn_let_go(conn))
		return false;
	conn->held = conn->dev;
	rtrs_device_get(conn->held);
	return true;
}

void rtrs_conn_end_qp(struct rtrs_conn *conn, bool behind_packets)
{
	bool wait = conn->qp && behind_packets && rtrs_port_up(conn->cm_id);

	if (!conn->held && (wait || !keep_qp(conn)))
		rtrs_conn_destroy_qp(conn);
}
EXPORT_SYMBOL_GPL(rtrs_conn_end_qp);

void rtrs_conn_move_qp(struct rtrs_conn *to, struct rtrs_conn *from)
{
	to->cm_id = from->cm_id;
	to->qp = from->qp;
	to->recv_cq = from->recv_cq;
	to->send_cq = from->send_cq;
	to->held = from->held;
	to->send_open = false;
	spin_lock_init(&to->send_lock);
	INIT_WORK(&to->send_work, send_work);
	if (to->send_cq != to->recv_cq)
		to->send_cq->cq_context = to;
	from->qp = NULL;
	from->recv_cq = NULL;
	from->send_cq = NULL;
	from->held = NULL;
}

bool rtrs_conn_take_sends(struct rtrs_conn *conn, u32 n)
{
	if (atomic_sub_return(n, &conn->send_free) >= 0)
		return true;
	atomic_add(n, &conn->send_free);
	return false;
}
EXPORT_SYMBOL_GPL(rtrs_conn_take_sends);

void rtrs_conn_return_sends(struct rtrs_conn *conn, u32 n)
{
	atomic_add(n, &conn->send_free);
}
EXPORT_SYMBOL_GPL(rtrs_conn_return_sends);

int rtrs_qp_module_init(void)
{
	send_wq = alloc_workqueue("rtrs-sends", WQ_HIGHPRI | WQ_MEM_RECLAIM | WQ_PERCPU, 0);
	return send_wq ? 0 : -ENOMEM;
}

void rtrs_qp_module_exit(void)
{
	destroy_workqueue(send_wq);
}
