// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A device: mapped, opened again, resized, unmapped. The only writer of its
 * state. Each device has one worker that executes every step, so no two steps
 * meet; sysfs, netlink and the session set what is wanted and kick it. Waits
 * for an outcome look at the object without lock. Lock: dev->lock.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "client.h"

static struct workqueue_struct *dev_wq;

/* ---- state ---- */

static void set_state(struct rnbd_clt_dev *dev, enum rnbd_dev_state state)
{
	enum rnbd_dev_state old = dev->state;

	lockdep_assert_held(&dev->lock);
	/* pairs with the acquire in clt_io.c: device_id was written before */
	smp_store_release(&dev->state, state);
	if (rnbd_dev_state_shown(old) != rnbd_dev_state_shown(state))
		dev->since = ktime_get();
	if (state == RNBD_DEV_HELD)
		rnbd_clt_hold_begin(dev);
	else if (old == RNBD_DEV_HELD)
		rnbd_clt_hold_end(dev);
}

bool rnbd_clt_dev_step(struct rnbd_clt_dev *dev, enum rnbd_dev_event event,
		       const struct rtrs_why *why)
{
	int next = rnbd_dev_step(dev->state, event);

	lockdep_assert_held(&dev->lock);
	if (next < 0)
		return false;
	if (why)
		dev->why = *why;
	set_state(dev, next);
	return true;
}

static void set_why(struct rnbd_clt_dev *dev, const struct rtrs_why *why)
{
	mutex_lock(&dev->lock);
	dev->why = *why;
	mutex_unlock(&dev->lock);
}

/* Run the worker; it drops the reference that goes with it. */
void rnbd_clt_dev_kick(struct rnbd_clt_dev *dev)
{
	kref_get(&dev->ref);
	if (!queue_work(dev_wq, &dev->work))
		rnbd_clt_dev_put(dev);
}

/* ---- steps of the worker ---- */

static bool was_cancelled(struct rnbd_clt_dev *dev)
{
	return READ_ONCE(dev->cancel);
}

/* Leave state mapped for good; does the server still hold the device open? */
static bool enter_unmapped(struct rnbd_clt_dev *dev)
{
	bool open;

	mutex_lock(&dev->lock);
	open = dev->remote_open && rnbd_clt_session_same_link(dev->session, dev->open_gen);
	dev->remote_open = false;
	rnbd_clt_dev_step(dev, RNBD_DEV_EV_UNMAP, NULL);
	mutex_unlock(&dev->lock);
	wake_up_all(&dev->wait);
	return open;
}

static void settle(struct rnbd_clt_dev *dev, int error)
{
	mutex_lock(&dev->lock);
	dev->map_error = error;
	dev->since = ktime_get();
	/* waits look without lock */
	smp_store_release(&dev->settled, true);
	mutex_unlock(&dev->lock);
	wake_up_all(&dev->wait);
}

/* Undo whatever there is of the device, for a mapping that failed as well. */
static void take_down(struct rnbd_clt_dev *dev, bool force)
{
	bool open = enter_unmapped(dev);

	rnbd_clt_timers_stop(dev);
	rnbd_clt_sysfs_unlink(dev);
	rnbd_clt_disk_destroy(dev, force);
	rnbd_clt_again_stop(dev);
	rnbd_clt_unmap_unwatch(dev);
	if (dev->session) {
		if (open && dev->session->rtrs)
			rnbd_clt_close_remote(dev, dev->device_id, dev->open_gen);
		rnbd_clt_session_leave(dev);
	}
}

static void forget(struct rnbd_clt_dev *dev)
{
	rnbd_clt_dev_delist(dev);
	rnbd_clt_genl_notify(dev, RNBD_CLT_REMOVED);
	/* waits look without lock */
	smp_store_release(&dev->gone, true);
	wake_up_all(&dev->wait);
}

static int map(struct rnbd_clt_dev *dev, struct rtrs_why *why)
{
	int err;

	err = rnbd_clt_session_join(dev, why);
	if (err)
		return err;
	err = rnbd_clt_open_first(dev, why);
	if (err)
		return err;
	*why = (struct rtrs_why){ RTRS_CAUSE_NO_RESOURCE };
	/* later than this it is the I/O of the partition scan that ends, see unmapping */
	if (!was_cancelled(dev))
		err = rnbd_clt_disk_create(dev);
	if (!err && dev->disk)
		err = rnbd_clt_sysfs_link(dev);
	if (!err && was_cancelled(dev)) {
		why->cause = RTRS_CAUSE_CANCELLED;
		err = -ECANCELED;
	}
	why->error = err;
	return err;
}

/* First step of every device. False: it failed and is gone. */
static bool do_map(struct rnbd_clt_dev *dev)
{
	struct rtrs_why why = { };
	int err = map(dev, &why);

	if (!err) {
		rnbd_clt_disk_uevent(dev, KOBJ_ONLINE);
		pr_info("%s: mapped %s from %s, %s, %llu sectors\n", dev->disk->disk_name,
			dev->opt.device, dev->opt.session, rnbd_access_name(dev->opt.access),
			dev->lim.nsectors);
		settle(dev, 0);
		rnbd_clt_genl_notify(dev, RNBD_CLT_CHANGED);
		return true;
	}
	pr_err("%s@%s: not mapped: %s%s (%d)\n", dev->opt.device, dev->opt.session,
	       why.remote ? "answer of the server: " : "", rtrs_cause_text(why.cause), err);
	set_why(dev, &why);
	take_down(dev, true);
	/* the name is free again before anybody hears of the failure */
	forget(dev);
	settle(dev, err);
	return false;
}

static void report_remap(struct rnbd_clt_dev *dev, int err)
{
	mutex_lock(&dev->lock);
	dev->remap_error = err;
	WRITE_ONCE(dev->remaps_done, dev->remaps_done + 1);
	mutex_unlock(&dev->lock);
	wake_up_all(&dev->wait);
}

/* The reason is kept and told, unless it is the one of last time; a lost link had a better one. */
static void reopen_failed(struct rnbd_clt_dev *dev, const struct rtrs_why *why)
{
	bool news = dev->why.cause != why->cause || dev->why.error != why->error;

	if (news && why->cause != RTRS_CAUSE_SESSION_LOST) {
		set_why(dev, why);
		pr_err("%s: not opened again: %s%s (%d)\n", dev->disk->disk_name,
		       why->remote ? "answer of the server: " : "", rtrs_cause_text(why->cause),
		       why->error);
	}
	if (why->cause != RTRS_CAUSE_DEVICE_CHANGED) {
		rnbd_clt_retry_arm(dev);
		return;
	}
	/* it may have lost data: it takes somebody who looked to say go on */
	mutex_lock(&dev->lock);
	dev->by_hand = true;
	mutex_unlock(&dev->lock);
}

static void do_reopen(struct rnbd_clt_dev *dev)
{
	struct rtrs_why why = { };
	int err;

	if (READ_ONCE(dev->state) == RNBD_DEV_MAPPED) {
		report_remap(dev, 0);
		return;
	}
	err = rnbd_clt_open_remote(dev, true, &why);
	if (err) {
		reopen_failed(dev, &why);
	} else {
		set_capacity_and_notify(dev->disk, dev->lim.nsectors);
		rnbd_clt_disk_uevent(dev, KOBJ_ONLINE);
		pr_info("%s: open again\n", dev->disk->disk_name);
	}
	report_remap(dev, err);
	rnbd_clt_genl_notify(dev, RNBD_CLT_CHANGED);
}

/* The server closed the device and keeps the session: no I/O until somebody remaps it. */
static void do_refused(struct rnbd_clt_dev *dev)
{
	static const struct rtrs_why why = { RTRS_CAUSE_ADMIN, -ENOTCONN, true };
	bool changed;

	mutex_lock(&dev->lock);
	/* if the link is lost meanwhile, it is open again with the next one */
	changed = dev->state == RNBD_DEV_MAPPED &&
		  rnbd_clt_dev_step(dev, RNBD_DEV_EV_GIVE_UP, &why);
	if (changed) {
		dev->remote_open = false;
		dev->by_hand = true;
	}
	mutex_unlock(&dev->lock);
	if (!changed)
		return;
	pr_warn("%s: the server has closed the device\n", dev->disk->disk_name);
	rnbd_clt_disk_uevent(dev, KOBJ_OFFLINE);
	rnbd_clt_genl_notify(dev, RNBD_CLT_CHANGED);
}

static void do_unmap(struct rnbd_clt_dev *dev, bool force)
{
	char name[DISK_NAME_LEN];

	strscpy(name, dev->disk->disk_name, sizeof(name));
	take_down(dev, force);
	pr_info("%s: unmapped %s from %s\n", name, dev->opt.device, dev->opt.session);
	forget(dev);
}

void rnbd_clt_dev_work(struct work_struct *work)
{
	struct rnbd_clt_dev *dev = container_of(work, struct rnbd_clt_dev, work);
	/* reopening may be what memory reclaim waits for */
	unsigned int noio = memalloc_noio_save();
	bool open, unmap, force;

	if (dev->gone || (!dev->settled && !do_map(dev)))
		goto out;
	mutex_lock(&dev->lock);
	open = dev->want_open;
	dev->want_open = false;
	unmap = dev->want_unmap;
	force = dev->force;
	mutex_unlock(&dev->lock);
	if (test_and_clear_bit(0, &dev->refused))
		do_refused(dev);
	if (unmap)
		do_unmap(dev, force);
	else if (open)
		do_reopen(dev);
out:
	memalloc_noio_restore(noio);
	rnbd_clt_dev_put(dev);
}

/* ---- verbs ---- */

int rnbd_clt_dev_map_wait(struct rnbd_clt_dev *dev)
{
	/* with settle(): map_error is valid */
	if (!wait_event_killable(dev->wait, smp_load_acquire(&dev->settled)))
		return dev->map_error;
	rnbd_clt_dev_unmap(dev, true);
	return -EINTR;
}

/* dev->lock held. The worker, which is to unmap, may itself wait for the server to do I/O. */
static void end_waits(struct rnbd_clt_dev *dev)
{
	bool scan = !dev->settled && dev->state == RNBD_DEV_MAPPED;

	if (scan || dev->state == RNBD_DEV_HELD)
		rnbd_clt_dev_step(dev, RNBD_DEV_EV_GIVE_UP, NULL);
	if (scan)
		rnbd_clt_unmap_watch(dev);
}

int rnbd_clt_dev_unmap(struct rnbd_clt_dev *dev, bool force)
{
	int err;

	mutex_lock(&dev->lock);
	if (dev->want_unmap)
		err = -EALREADY;
	else if (dev->state == RNBD_DEV_UNMAPPED)
		err = -ENODEV;
	else
		/* whoever opens a disk while it is being made has no claim on it */
		err = rnbd_clt_disk_refuse_openers(dev, force || !dev->settled);
	if (!err) {
		dev->want_unmap = true;
		WRITE_ONCE(dev->force, force || !dev->settled);
		WRITE_ONCE(dev->cancel, true);
		end_waits(dev);
	}
	mutex_unlock(&dev->lock);
	if (err)
		return err;
	rnbd_clt_session_kick(dev);
	rnbd_clt_dev_kick(dev);
	return 0;
}

int rnbd_clt_dev_unmap_wait(struct rnbd_clt_dev *dev)
{
	/* with forget() */
	return wait_event_killable(dev->wait, smp_load_acquire(&dev->gone)) ? -EINTR : 0;
}

int rnbd_clt_dev_remap(struct rnbd_clt_dev *dev, u32 *ticket)
{
	int err;

	mutex_lock(&dev->lock);
	err = dev->want_unmap ? -ENODEV : rnbd_dev_may_remap(dev->state);
	/* disconnected, so the worker has not left the session */
	if (!err && !dev->settled)
		err = -EBUSY;
	if (!err && !READ_ONCE(dev->session->greeted))
		err = -ENOTCONN;
	if (!err) {
		dev->by_hand = false;
		dev->want_open = true;
		*ticket = dev->remaps_done + 1;
	}
	mutex_unlock(&dev->lock);
	if (!err)
		rnbd_clt_dev_kick(dev);
	return err;
}

int rnbd_clt_dev_remap_wait(struct rnbd_clt_dev *dev, u32 ticket)
{
	int err = -ENODEV;

	if (wait_event_killable(dev->wait, (s32)(READ_ONCE(dev->remaps_done) - ticket) >= 0 ||
				READ_ONCE(dev->state) == RNBD_DEV_UNMAPPED))
		return -EINTR;
	mutex_lock(&dev->lock);
	if ((s32)(dev->remaps_done - ticket) >= 0)
		err = dev->remap_error;
	mutex_unlock(&dev->lock);
	return err;
}

int rnbd_clt_dev_set_fast_io_fail(struct rnbd_clt_dev *dev, int seconds)
{
	if (!rnbd_fast_io_fail_ok(seconds))
		return -EINVAL;
	mutex_lock(&dev->lock);
	WRITE_ONCE(dev->fast_io_fail, seconds);
	if (dev->state == RNBD_DEV_HELD)
		rnbd_clt_hold_arm(dev);
	mutex_unlock(&dev->lock);
	rnbd_clt_genl_notify(dev, RNBD_CLT_CHANGED);
	return 0;
}

/* ---- what time does ---- */

void rnbd_clt_dev_hold_over(struct rnbd_clt_dev *dev)
{
	bool over = false;

	mutex_lock(&dev->lock);
	if (dev->state == RNBD_DEV_HELD) {
		over = rnbd_clt_hold_left_ms(dev) <= 0;
		if (over)
			rnbd_clt_dev_step(dev, RNBD_DEV_EV_GIVE_UP, NULL);
		else
			rnbd_clt_hold_arm(dev);
	}
	mutex_unlock(&dev->lock);
	if (over)
		pr_warn("%s: no server for %d s: I/O fails until it is back\n",
			dev->disk->disk_name, READ_ONCE(dev->fast_io_fail));
}

void rnbd_clt_dev_open_again(struct rnbd_clt_dev *dev)
{
	bool open;

	mutex_lock(&dev->lock);
	/* without link its return is what makes us try */
	open = !rnbd_dev_may_remap(dev->state) && !dev->want_unmap && !dev->by_hand &&
	       READ_ONCE(dev->session->greeted);
	if (open)
		dev->want_open = true;
	mutex_unlock(&dev->lock);
	if (open)
		rnbd_clt_dev_kick(dev);
}

/* ---- what the server did ---- */

void rnbd_clt_dev_refused(struct rnbd_clt_dev *dev)
{
	if (!test_and_set_bit(0, &dev->refused))
		rnbd_clt_dev_kick(dev);
}

void rnbd_clt_dev_link_down(struct rnbd_clt_dev *dev, const struct rtrs_why *why)
{
	struct rtrs_why lost = *why;
	bool changed, hold;

	if (lost.cause == RTRS_CAUSE_NONE)
		lost.cause = RTRS_CAUSE_SESSION_LOST;
	mutex_lock(&dev->lock);
	/* while it is being mapped, the worker that could open it again waits for I/O, too */
	hold = dev->settled && !dev->want_unmap && dev->fast_io_fail;
	changed = rnbd_clt_dev_step(dev, hold ? RNBD_DEV_EV_LINK_DOWN : RNBD_DEV_EV_GIVE_UP, &lost);
	/* under the lock: the worker may be about to remove the disk */
	if (changed && dev->disk)
		rnbd_clt_disk_uevent(dev, KOBJ_OFFLINE);
	mutex_unlock(&dev->lock);
	if (changed)
		rnbd_clt_genl_notify(dev, RNBD_CLT_CHANGED);
}

void rnbd_clt_dev_link_up(struct rnbd_clt_dev *dev)
{
	bool open;

	mutex_lock(&dev->lock);
	open = !rnbd_dev_may_remap(dev->state) && !dev->want_unmap && !dev->by_hand;
	if (open)
		dev->want_open = true;
	dev->attempts = 0;
	mutex_unlock(&dev->lock);
	if (open)
		rnbd_clt_dev_kick(dev);
}

/* ---- module ---- */

int rnbd_clt_dev_init(void)
{
	dev_wq = alloc_workqueue("rnbd-client-dev", WQ_UNBOUND, WQ_MAX_ACTIVE);
	return dev_wq ? 0 : -ENOMEM;
}

void rnbd_clt_dev_flush(void)
{
	flush_workqueue(dev_wq);
}

void rnbd_clt_dev_exit(void)
{
	destroy_workqueue(dev_wq);
}
