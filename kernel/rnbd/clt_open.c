// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Opening a device on the server and closing it there: what the answer must say
 * before I/O may go by it. Called by the device's worker. Locks: session->lock,
 * then dev->lock, to enter state mapped on the link the answer came by.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "client.h"

/* A first open outlives an outage of that length: a path lost and connected again. */
#define LINK_PATIENCE	(5 * HZ)

void rnbd_clt_close_remote(struct rnbd_clt_dev *dev, u32 device_id, u32 gen)
{
	int err = rnbd_clt_send_close(dev, device_id, gen);

	if (err && err != -ENOTCONN && err != -ECONNABORTED)
		pr_warn("%s@%s: close is not answered (%d)\n", dev->opt.device,
			dev->opt.session, err);
}

/*
 * dev->lock held, before I/O goes on. A server that still has the session did
 * not lose power since the last open, one that does not may have. Without a
 * volatile cache every answer meant that the data is safe.
 */
static void note_loss(struct rnbd_clt_dev *dev)
{
	u32 now = rtrs_clt_session_incarnation(dev->session->rtrs);

	if (dev->settled && now != dev->incarnation && dev->lim.write_cache &&
	    READ_ONCE(dev->unflushed)) {
		WRITE_ONCE(dev->lost_writes, true);
		pr_err("%s: the server started anew; writes that were not flushed may be lost: flushes fail until the disk is closed\n",
		       dev->disk->disk_name);
	}
	if (now != dev->incarnation)
		WRITE_ONCE(dev->unflushed, 0);
	dev->incarnation = now;
}

/* Enter state mapped, unless the link the open was sent over is gone. */
static int enter_mapped(struct rnbd_clt_dev *dev, u32 gen, const struct rnbd_limits *lim,
			u32 device_id)
{
	static const struct rtrs_why none;
	struct rnbd_clt_session *session = dev->session;
	int err = 0;

	mutex_lock(&session->lock);
	mutex_lock(&dev->lock);
	if (!session->link_up || session->link_gen != gen) {
		err = -ENOTCONN;
	} else {
		note_loss(dev);
		dev->lim = *lim;
		dev->open_gen = gen;
		dev->remote_open = true;
		WRITE_ONCE(dev->device_id, device_id);
		if (!rnbd_clt_dev_step(dev, RNBD_DEV_EV_OPENED, &none))
			err = -EALREADY;
	}
	mutex_unlock(&dev->lock);
	mutex_unlock(&session->lock);
	return err;
}

/* Once for each thing that is wrong, however often it is tried again. */
static void complain(struct rnbd_clt_dev *dev, const char *text)
{
	if (dev->complaint != text)
		pr_err("%s@%s: refused what the server says of it: %s\n", dev->opt.device,
		       dev->opt.session, text);
	dev->complaint = text;
}

/* What the server answered, as limits; or @why they cannot be. */
static int check_answer(struct rnbd_clt_dev *dev, const struct rnbd_dev_info *info, bool again,
			struct rnbd_limits *lim, struct rtrs_why *why)
{
	struct rnbd_clt_session *session = dev->session;
	const char *text = NULL;
	int err;

	*why = (struct rtrs_why){ RTRS_CAUSE_BAD_OPEN_RSP, 0, true };
	err = rnbd_limits_init(lim, info, session->limits.max_io_size, session->max_segments,
			       &text);
	if (!err && again) {
		why->cause = RTRS_CAUSE_DEVICE_CHANGED;
		err = rnbd_limits_compatible(lim, &dev->lim, &text);
	}
	why->error = err;
	if (err)
		complain(dev, text);
	else
		dev->complaint = NULL;
	return err;
}

int rnbd_clt_open_remote(struct rnbd_clt_dev *dev, bool again, struct rtrs_why *why)
{
	u32 gen = rnbd_clt_session_gen(dev->session);
	struct rnbd_dev_info info;
	struct rnbd_limits lim;
	int err;

	/* until then requests of the last link are on their way back */
	if (!READ_ONCE(dev->session->greeted)) {
		*why = (struct rtrs_why){ RTRS_CAUSE_SESSION_LOST, -ENOTCONN, false };
		return -ENOTCONN;
	}
	err = rnbd_clt_send_open(dev, gen, &info, why);
	if (err)
		return err;
	if (rnbd_clt_session_has_id(dev, info.device_id)) {
		/* closing it would close the other device */
		*why = (struct rtrs_why){ RTRS_CAUSE_BAD_OPEN_RSP, -EPROTO, true };
		complain(dev, "it has the number of another device");
		return -EPROTO;
	}
	err = check_answer(dev, &info, again, &lim, why);
	if (err)
		goto err_close;
	err = enter_mapped(dev, gen, &lim, info.device_id);
	if (!err)
		return 0;
	*why = (struct rtrs_why){ RTRS_CAUSE_SESSION_LOST, err, false };
	if (err == -ENOTCONN)
		return err;
err_close:
	rnbd_clt_close_remote(dev, info.device_id, gen);
	return err;
}

/*
 * Nobody uses the device yet, so there is no I/O to hold: whoever asked for it
 * waits. One that is mapped opens again when the session says that it is back.
 */
int rnbd_clt_open_first(struct rnbd_clt_dev *dev, struct rtrs_why *why)
{
	struct rnbd_clt_session *session = dev->session;
	unsigned long deadline = 0;
	u32 tried;
	int err;

	do {
		/* a link that was not ready for opens has not been tried */
		tried = READ_ONCE(session->greeted) ? rnbd_clt_session_gen(session) : 0;
		err = rnbd_clt_open_remote(dev, false, why);
		if (!err || why->cause != RTRS_CAUSE_SESSION_LOST)
			return err;
		/* from the first loss, which may have taken as long to be noticed */
		deadline = deadline ?: jiffies + LINK_PATIENCE;
	} while (rnbd_clt_session_await_link(dev, tried, deadline));
	if (!READ_ONCE(dev->cancel))
		return err;
	*why = (struct rtrs_why){ RTRS_CAUSE_CANCELLED, -ECANCELED, false };
	return -ECANCELED;
}
