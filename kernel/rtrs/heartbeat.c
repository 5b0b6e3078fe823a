// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Heartbeat of one path: a timer and two kinds of message on connection 0;
 * pure/heartbeat.c decides. Started and stopped by the path workers; fed from
 * completion handlers; hurried by whoever begins to wait for the peer. Its
 * spinlock, taken in any context, orders start and stop against posting and
 * against setting the timer: nothing is posted on a connection that is being
 * torn down, and no tick is lost or left behind.
 */
#include "core.h"
#include "../../include/wire/rtrs_proto.h"

#define SAYING_MAX 32	/* leaves room for heartbeats in the queues of both sides */

/* Finding the dead must not wait for memory or for work that sleeps. */
static struct workqueue_struct *beat_wq;

/*
 * With lock held. Every post takes one send queue entry; its completion gives
 * it back. Nothing is lost with a full queue: its own completions tell life
 * from death. 1: posted, 0: no room.
 */
static int post(struct rtrs_heartbeat *hb, struct ib_cqe *cqe, u8 type, u32 payload)
{
	int ret;

	if (!rtrs_conn_take_sends(hb->conn, 1))
		return 0;
	ret = rtrs_post_imm(hb->conn, cqe, rtrs_imm_pack(type, payload), IB_SEND_SIGNALED);
	if (!ret)
		return 1;
	rtrs_conn_return_sends(hb->conn, 1);
	return ret;
}

static int post_beat(struct rtrs_heartbeat *hb)
{
	hb->reached = false;
	WRITE_ONCE(hb->sent, ktime_get());
	return post(hb, &hb->beat_cqe, RTRS_WIRE_IMM_HB, 0);
}

static int post_probe(struct rtrs_heartbeat *hb)
{
	int ret;

	hb->asked_at = ktime_get();
	WRITE_ONCE(hb->sent, hb->asked_at);
	ret = post(hb, &hb->probe_cqe, RTRS_WIRE_IMM_HB, 0);
	hb->probe_out = ret > 0;
	return ret;
}

static void check_sent(struct rtrs_heartbeat *hb, const struct ib_wc *wc)
{
	rtrs_conn_return_sends(hb->conn, 1);
	if (wc->status != IB_WC_SUCCESS && wc->status != IB_WC_WR_FLUSH_ERR)
		hb->ops->lost(hb, RTRS_CAUSE_TRANSPORT_ERROR);
}

static void answer_sent(struct ib_cq *cq, struct ib_wc *wc)
{
	check_sent(container_of(wc->wr_cqe, struct rtrs_heartbeat, cqe), wc);
}

/* An older one that is late by a whole round was acknowledged after it as well. */
static void beat_sent(struct ib_cq *cq, struct ib_wc *wc)
{
	struct rtrs_heartbeat *hb = container_of(wc->wr_cqe, struct rtrs_heartbeat, beat_cqe);
	unsigned long flags;

	spin_lock_irqsave(&hb->lock, flags);
	hb->reached = wc->status == IB_WC_SUCCESS;
	spin_unlock_irqrestore(&hb->lock, flags);
	check_sent(hb, wc);
}

static void set_timer(struct rtrs_heartbeat *hb, u32 ms)
{
	mod_delayed_work(beat_wq, &hb->tick, msecs_to_jiffies(ms));
}

/* Acknowledged by the peer's queue pair: that one was there after the probe began. */
static void probe_sent(struct ib_cq *cq, struct ib_wc *wc)
{
	struct rtrs_heartbeat *hb = container_of(wc->wr_cqe, struct rtrs_heartbeat, probe_cqe);
	unsigned long flags;

	spin_lock_irqsave(&hb->lock, flags);
	hb->probe_out = false;
	if (hb->running && wc->status == IB_WC_SUCCESS) {
		hb->probing = false;
		hb->proved = true;
		hb->proved_at = hb->asked_at;
		set_timer(hb, 0);
	}
	spin_unlock_irqrestore(&hb->lock, flags);
	check_sent(hb, wc);
}

static void said(struct ib_cq *cq, struct ib_wc *wc)
{
	struct rtrs_heartbeat *hb = container_of(wc->wr_cqe, struct rtrs_heartbeat, said_cqe);
	unsigned long flags;

	spin_lock_irqsave(&hb->lock, flags);
	hb->saying--;
	spin_unlock_irqrestore(&hb->lock, flags);
	check_sent(hb, wc);
}

/* With lock held: until the next tick. */
static u32 tick_ms(const struct rtrs_heartbeat *hb)
{
	if (hb->probing)
		return hb->probe_ms;
	return hb->pace == RTRS_HB_IDLE ? hb->params.idle_ms : hb->params.busy_ms;
}

/* With lock held: what this tick orders. Negative: a heartbeat cannot be posted. */
static int decide(struct rtrs_heartbeat *hb, enum rtrs_hb_action *action)
{
	int ret = 0;

	if (atomic_xchg(&hb->heard, 0) || hb->proved)
		rtrs_hb_heard(&hb->state);
	/* what reached its adapter would have ended the probe */
	*action = rtrs_hb_tick(&hb->state, hb->reached && !hb->probing, tick_ms(hb));
	if (*action == RTRS_HB_SEND)
		ret = post_beat(hb);
	if (ret >= 0 && hb->probing && !hb->probe_out)
		ret = post_probe(hb);
	return ret;
}

static void tick(struct work_struct *work)
{
	struct rtrs_heartbeat *hb = container_of(to_delayed_work(work), struct rtrs_heartbeat, tick);
	bool busy = hb->ops->busy && hb->ops->busy(hb);
	enum rtrs_hb_action action;
	bool proved;
	int ret;

	spin_lock_irq(&hb->lock);
	if (!hb->running) {
		spin_unlock_irq(&hb->lock);
		return;
	}
	ret = decide(hb, &action);
	proved = hb->proved;
	hb->proved = false;
	WRITE_ONCE(hb->pace, rtrs_hb_next_pace(hb->pace, busy || hb->probing));
	if (ret >= 0 && action != RTRS_HB_DEAD)
		set_timer(hb, tick_ms(hb));
	spin_unlock_irq(&hb->lock);

	if (action == RTRS_HB_DEAD)
		hb->ops->lost(hb, RTRS_CAUSE_HEARTBEAT_LOST);
	else if (ret < 0)
		hb->ops->lost(hb, RTRS_CAUSE_TRANSPORT_ERROR);
	else if (proved && hb->ops->heard)
		hb->ops->heard(hb);
}

void rtrs_heartbeat_init(struct rtrs_heartbeat *hb, const struct rtrs_hb_params *params,
			 const struct rtrs_heartbeat_ops *ops)
{
	memset(hb, 0, sizeof(*hb));
	hb->params = *params;
	hb->ops = ops;
	hb->cqe.done = answer_sent;
	hb->beat_cqe.done = beat_sent;
	hb->probe_cqe.done = probe_sent;
	hb->said_cqe.done = said;
	spin_lock_init(&hb->lock);
	INIT_DELAYED_WORK(&hb->tick, tick);
}
EXPORT_SYMBOL_GPL(rtrs_heartbeat_init);

void rtrs_heartbeat_set(struct rtrs_heartbeat *hb, const struct rtrs_hb_params *params)
{
	spin_lock_irq(&hb->lock);
	hb->params = *params;
	hb->state.missed_max = params->missed_max;
	/* what the timer runs now may be far off */
	if (hb->running)
		set_timer(hb, tick_ms(hb));
	spin_unlock_irq(&hb->lock);
}
EXPORT_SYMBOL_GPL(rtrs_heartbeat_set);

void rtrs_heartbeat_start(struct rtrs_heartbeat *hb, struct rtrs_conn *conn)
{
	spin_lock_irq(&hb->lock);
	hb->conn = conn;
	hb->running = true;
	hb->probing = false;
	hb->probe_out = false;
	hb->saying = 0;
	hb->proved = false;
	hb->reached = false;
	rtrs_hb_init(&hb->state, hb->params.missed_max);
	WRITE_ONCE(hb->pace, RTRS_HB_IDLE);
	set_timer(hb, hb->params.idle_ms);
	spin_unlock_irq(&hb->lock);
}
EXPORT_SYMBOL_GPL(rtrs_heartbeat_start);

void rtrs_heartbeat_stop(struct rtrs_heartbeat *hb)
{
	spin_lock_irq(&hb->lock);
	hb->running = false;
	spin_unlock_irq(&hb->lock);
	/* nobody sets the timer any more; a tick that has begun is waited for */
	cancel_delayed_work_sync(&hb->tick);
}
EXPORT_SYMBOL_GPL(rtrs_heartbeat_stop);

void rtrs_heartbeat_hurry(struct rtrs_heartbeat *hb)
{
	unsigned long flags;

	spin_lock_irqsave(&hb->lock, flags);
	if (hb->running && hb->pace != RTRS_HB_BUSY) {
		WRITE_ONCE(hb->pace, RTRS_HB_BUSY);
		set_timer(hb, hb->params.busy_ms);
	}
	spin_unlock_irqrestore(&hb->lock, flags);
}
EXPORT_SYMBOL_GPL(rtrs_heartbeat_hurry);

void rtrs_heartbeat_probe(struct rtrs_heartbeat *hb, u32 ms)
{
	unsigned long flags;
	u32 wanted;

	spin_lock_irqsave(&hb->lock, flags);
	wanted = ms ? ms : hb->params.busy_ms;
	if (hb->running && !hb->probing) {
		hb->probing = true;
		hb->probe_ms = wanted;
		atomic_set(&hb->heard, 0);
		rtrs_hb_asked(&hb->state);
		WRITE_ONCE(hb->pace, RTRS_HB_BUSY);
		/* the tick tries again and tells if it cannot be posted */
		set_timer(hb, post_probe(hb) < 0 ? 0 : wanted);
	} else if (hb->running && wanted < hb->probe_ms) {
		hb->probe_ms = wanted;
		set_timer(hb, wanted);
	}
	spin_unlock_irqrestore(&hb->lock, flags);
}
EXPORT_SYMBOL_GPL(rtrs_heartbeat_probe);

bool rtrs_heartbeat_heard_since(struct rtrs_heartbeat *hb, ktime_t since)
{
	unsigned long flags;
	bool heard;

	spin_lock_irqsave(&hb->lock, flags);
	heard = ktime_compare(hb->proved_at, since) >= 0;
	spin_unlock_irqrestore(&hb->lock, flags);
	return heard;
}
EXPORT_SYMBOL_GPL(rtrs_heartbeat_heard_since);

int rtrs_heartbeat_imm(struct rtrs_heartbeat *hb, u8 imm_type)
{
	unsigned long flags;
	int ret = 0;

	rtrs_heartbeat_heard(hb);
	if (imm_type == RTRS_WIRE_IMM_HB_ACK) {
		WRITE_ONCE(hb->latency_ns, ktime_to_ns(ktime_sub(ktime_get(), READ_ONCE(hb->sent))));
		return 0;
	}
	spin_lock_irqsave(&hb->lock, flags);
	if (hb->running)
		ret = post(hb, &hb->cqe, RTRS_WIRE_IMM_HB_ACK, 0);
	spin_unlock_irqrestore(&hb->lock, flags);
	return min(ret, 0);
}
EXPORT_SYMBOL_GPL(rtrs_heartbeat_imm);

int rtrs_heartbeat_say(struct rtrs_heartbeat *hb, u8 imm_type, u32 payload)
{
	unsigned long flags;
	int ret = 0;

	spin_lock_irqsave(&hb->lock, flags);
	if (hb->running && hb->saying < SAYING_MAX)
		ret = post(hb, &hb->said_cqe, imm_type, payload);
	if (ret > 0)
		hb->saying++;
	spin_unlock_irqrestore(&hb->lock, flags);
	return min(ret, 0);
}
EXPORT_SYMBOL_GPL(rtrs_heartbeat_say);

int rtrs_heartbeat_module_init(void)
{
	beat_wq = alloc_workqueue("rtrs-heartbeat", WQ_UNBOUND | WQ_HIGHPRI | WQ_MEM_RECLAIM, 0);
	return beat_wq ? 0 : -ENOMEM;
}

void rtrs_heartbeat_module_exit(void)
{
	destroy_workqueue(beat_wq);
}
