// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Session info, open and close: messages on the admin slots and the waits for
 * their answers. Called by the workers of sessions and devices, which may
 * sleep; the answer comes in completion context and only marks and wakes.
 * A message and its buffers live until both the waiter and the transport have
 * let go, so a waiter may give up at any time. Slots are a bitmap without lock.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/slab.h>

#include "client.h"

/* The queue of connection 0 is full: nobody tells when heartbeats have left it. */
#define RETRY_DELAY	(HZ / 50)

struct rnbd_clt_msg {
	struct kref ref;
	struct rnbd_clt_session *session;
	u32 slot;
	bool has_slot;
	u32 gen;		/* of the only link it may be sent over; 0: any */
	bool answered;
	bool refused;		/* @error is the server's */
	int error;
	void *answer;		/* own allocation: the peer writes it by DMA */
	struct scatterlist sg;
	size_t len;
	union {
		struct rnbd_wire_sess_info info;
		struct rnbd_wire_open open;
		struct rnbd_wire_close close;
	} req;
};

static void msg_free(struct kref *ref)
{
	struct rnbd_clt_msg *msg = container_of(ref, struct rnbd_clt_msg, ref);

	kfree(msg->answer);
	kfree(msg);
}

static void msg_put(struct rnbd_clt_msg *msg)
{
	kref_put(&msg->ref, msg_free);
}

static struct rnbd_clt_msg *msg_alloc(struct rnbd_clt_session *session, size_t len,
				      size_t answer_len)
{
	struct rnbd_clt_msg *msg = kzalloc(sizeof(*msg), GFP_KERNEL);

	if (!msg)
		return NULL;
	kref_init(&msg->ref);
	msg->session = session;
	msg->len = len;
	if (!answer_len)
		return msg;
	msg->answer = kzalloc(answer_len, GFP_KERNEL);
	if (!msg->answer) {
		kfree(msg);
		return NULL;
	}
	sg_init_one(&msg->sg, msg->answer, answer_len);
	return msg;
}

static bool slot_take(struct rnbd_clt_msg *msg)
{
	struct rnbd_clt_session *session = msg->session;
	u32 bit;

	for (bit = 0; bit < session->admin_slots; bit++)
		if (!test_and_set_bit_lock(bit, &session->admin_busy)) {
			msg->slot = session->admin_base + bit;
			msg->has_slot = true;
			return true;
		}
	return false;
}

/* Completion context. The session outlives this: closing it waits for all calls. */
static void msg_done(void *priv, int error, int slot)
{
	struct rnbd_clt_msg *msg = priv;
	struct rnbd_clt_session *session = msg->session;
	struct rtrs_clt_session *rtrs = READ_ONCE(session->rtrs);

	/* never sent again: after an outage it would say something else */
	if (slot >= 0 && rtrs)
		rtrs_clt_slot_release(rtrs, slot);
	clear_bit_unlock(msg->slot - session->admin_base, &session->admin_busy);
	msg->error = error;
	/* a kept slot: no path is left; and what no path can carry is nobody's answer */
	msg->refused = error && slot < 0 && error != -EMSGSIZE;
	/* with msg_answered(): the answer and its error are in place */
	smp_store_release(&msg->answered, true);
	wake_up_all(&session->wait);
	msg_put(msg);
}

static int msg_submit(struct rnbd_clt_msg *msg)
{
	struct rtrs_clt_io io = {
		.dir = msg->answer ? RTRS_READ : RTRS_WRITE,
		.slot = msg->slot,
		.slots = msg->session->limits.queue_depth,
		.queue = RTRS_QUEUE_ADMIN,
		.msg_len = msg->len,
		.msg = &msg->req,
		.done = msg_done,
		.priv = msg,
	};
	int err;

	if (msg->answer) {
		io.sg = &msg->sg;
		io.sg_count = 1;
		io.data_len = msg->sg.length;
	}
	kref_get(&msg->ref);
	/* before a new link brings new numbers, settle() in clt_session.c waits for us */
	rcu_read_lock();
	err = -ENOTCONN;
	if (!msg->gen || rnbd_clt_session_same_link(msg->session, msg->gen))
		err = rtrs_clt_submit(msg->session->rtrs, &io);
	rcu_read_unlock();
	if (err)
		msg_put(msg);
	return err;
}

static bool cancelled(const bool *cancel)
{
	return cancel && READ_ONCE(*cancel);
}

static long time_left(unsigned long deadline)
{
	long left = deadline - jiffies;

	return max(left, 0L);
}

/* Get a slot and send; an errno, or 0: the answer is on its way. */
static int msg_start(struct rnbd_clt_msg *msg, unsigned long deadline, const bool *cancel)
{
	struct rnbd_clt_session *session = msg->session;
	int err;

	wait_event_idle_timeout(session->wait, cancelled(cancel) || slot_take(msg),
				time_left(deadline));
	if (!msg->has_slot)
		return cancelled(cancel) ? -ECANCELED : -ETIMEDOUT;
	for (;;) {
		err = msg_submit(msg);
		if (err != -EAGAIN)
			break;
		wait_event_idle_timeout(session->wait, cancelled(cancel), RETRY_DELAY);
		if (cancelled(cancel)) {
			err = -ECANCELED;
			break;
		}
		if (!time_left(deadline)) {
			err = -ETIMEDOUT;
			break;
		}
	}
	if (err) {
		clear_bit_unlock(msg->slot - session->admin_base, &session->admin_busy);
		wake_up_all(&session->wait);
	}
	return err;
}

static bool msg_answered(struct rnbd_clt_msg *msg)
{
	/* with msg_done() */
	return smp_load_acquire(&msg->answered);
}

/*
 * Send and wait. Giving up does not take an open back, so a cancelled wait
 * grants the server @grace more: an answer tells what there is to close.
 */
static int msg_run(struct rnbd_clt_msg *msg, unsigned long timeout, const bool *cancel,
		   unsigned long grace)
{
	wait_queue_head_t *wait = &msg->session->wait;
	unsigned long deadline = jiffies + timeout;
	int err;

	err = msg_start(msg, deadline, cancel);
	if (err)
		return err;
	wait_event_idle_timeout(*wait, msg_answered(msg) || cancelled(cancel),
				time_left(deadline));
	if (!msg_answered(msg) && cancelled(cancel))
		wait_event_idle_timeout(*wait, msg_answered(msg),
					min_t(long, grace, time_left(deadline)));
	if (!msg_answered(msg))
		return cancelled(cancel) ? -ECANCELED : -ETIMEDOUT;
	return msg->error;
}

/* @msg: NULL if there was no memory for one. The server may answer with any errno of ours. */
static void explain(struct rtrs_why *why, struct rnbd_clt_msg *msg, int err)
{
	why->error = err;
	why->remote = true;
	if (msg && msg_answered(msg) && msg->refused) {
		why->cause = RTRS_CAUSE_OPEN_REFUSED;
		return;
	}
	if (err == -EPROTO) {
		why->cause = RTRS_CAUSE_BAD_OPEN_RSP;
		return;
	}
	why->remote = false;
	switch (err) {
	case -ETIMEDOUT:
		why->cause = RTRS_CAUSE_OPEN_TIMEOUT;
		break;
	case -ECANCELED:
		why->cause = RTRS_CAUSE_CANCELLED;
		break;
	case -ENOTCONN:
	case -ECONNABORTED:
	case -ECONNRESET:
		why->cause = RTRS_CAUSE_SESSION_LOST;
		break;
	default:
		why->cause = RTRS_CAUSE_NO_RESOURCE;
		break;
	}
}

int rnbd_clt_send_info(struct rnbd_clt_session *session, struct rtrs_why *why)
{
	struct rnbd_clt_msg *msg;
	u8 version;
	int err = -ENOMEM;

	msg = msg_alloc(session, sizeof(msg->req.info), sizeof(struct rnbd_wire_sess_info));
	if (!msg)
		goto out;
	rnbd_sess_info_build(&msg->req.info, RNBD_WIRE_MAJOR);
	err = msg_run(msg, RNBD_CLT_MSG_TIMEOUT, &session->cancel, 0);
	if (!err)
		err = rnbd_sess_info_rsp_parse(msg->answer, sizeof(struct rnbd_wire_sess_info),
					       &version);
out:
	if (err)
		explain(why, msg, err);
	if (msg)
		msg_put(msg);
	if (!err || !why->remote)
		return err;
	/* a server takes opens without it */
	pr_warn("%s: the server does not take the session info (%d): it may ignore the priority of I/O\n",
		session->opt.session, err);
	return 0;
}

int rnbd_clt_send_open(struct rnbd_clt_dev *dev, u32 gen, struct rnbd_dev_info *info,
		       struct rtrs_why *why)
{
	struct rnbd_clt_msg *msg;
	int err = -ENOMEM;

	msg = msg_alloc(dev->session, sizeof(msg->req.open), sizeof(struct rnbd_wire_open_rsp));
	if (!msg)
		goto out;
	msg->gen = gen;
	err = rnbd_open_build(&msg->req.open, dev->opt.device, dev->opt.access);
	if (!err)
		err = msg_run(msg, RNBD_CLT_MSG_TIMEOUT, &dev->cancel, RNBD_CLT_GRACE);
	if (!err)
		err = rnbd_open_rsp_parse(msg->answer, sizeof(struct rnbd_wire_open_rsp), info);
out:
	if (err)
		explain(why, msg, err);
	if (msg)
		msg_put(msg);
	return err;
}

int rnbd_clt_send_close(struct rnbd_clt_dev *dev, u32 device_id, u32 gen)
{
	struct rnbd_clt_msg *msg = msg_alloc(dev->session, sizeof(msg->req.close), 0);
	int err;

	if (!msg)
		return -ENOMEM;
	rnbd_close_build(&msg->req.close, device_id);
	msg->gen = gen;
	if (READ_ONCE(dev->cancel))
		err = msg_run(msg, RNBD_CLT_UNMAP_TIMEOUT, NULL, 0);
	else
		err = msg_run(msg, RNBD_CLT_MSG_TIMEOUT, &dev->cancel, RNBD_CLT_GRACE);
	msg_put(msg);
	return err;
}
