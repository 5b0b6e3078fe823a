// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What happens to a device by the passing of time: I/O that waits for a lost
 * server fails in the end, an open that failed is tried again, an unmap does
 * not wait for ever. Called by clt_dev.c and clt_disk.c; the timers call verbs
 * of clt_dev.c and clt_session.c. A held device's queue is stopped, so that
 * nothing spins. Lock: dev->lock, of callers.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/moduleparam.h>
#include <linux/random.h>

#include "client.h"
#include "rtrs/pure/backoff.h"

/* ---- how long I/O waits ---- */

static int fast_io_fail = 30;

static int fast_io_fail_set(const char *text, const struct kernel_param *kp)
{
	int seconds, err;

	err = kstrtoint(text, 10, &seconds);
	if (!err && !rnbd_fast_io_fail_ok(seconds))
		err = -EINVAL;
	if (!err)
		WRITE_ONCE(fast_io_fail, seconds);
	return err;
}

static const struct kernel_param_ops fast_io_fail_ops = {
	.set	= fast_io_fail_set,
	.get	= param_get_int,
};
module_param_cb(fast_io_fail, &fast_io_fail_ops, &fast_io_fail, 0644);
MODULE_PARM_DESC(fast_io_fail,
		 "seconds that I/O waits for a lost server before it fails; 0: fails at once, -1: waits for ever (30; of devices mapped from now on)");

/* Not with the others: memory reclaim may wait for I/O that only this ends. */
static struct workqueue_struct *hold_wq;

s64 rnbd_clt_hold_left_ms(const struct rnbd_clt_dev *dev)
{
	int seconds = READ_ONCE(dev->fast_io_fail);

	if (seconds < 0)
		return S64_MAX;
	return seconds * 1000LL - ktime_ms_delta(ktime_get(), dev->since);
}

void rnbd_clt_hold_arm(struct rnbd_clt_dev *dev)
{
	s64 left = rnbd_clt_hold_left_ms(dev);

	lockdep_assert_held(&dev->lock);
	if (left == S64_MAX)
		cancel_delayed_work(&dev->hold_work);
	else
		mod_delayed_work(hold_wq, &dev->hold_work,
				 msecs_to_jiffies(max_t(s64, left, 0)));
}

void rnbd_clt_hold_begin(struct rnbd_clt_dev *dev)
{
	/* a request on its way in is turned back by the state, which was set before */
	blk_mq_quiesce_queue_nowait(dev->disk->queue);
	rnbd_clt_hold_arm(dev);
}

void rnbd_clt_hold_end(struct rnbd_clt_dev *dev)
{
	lockdep_assert_held(&dev->lock);
	cancel_delayed_work(&dev->hold_work);
	blk_mq_unquiesce_queue(dev->disk->queue);
	rnbd_clt_again_kick(dev);
}

static void hold_work(struct work_struct *work)
{
	rnbd_clt_dev_hold_over(container_of(to_delayed_work(work), struct rnbd_clt_dev,
					    hold_work));
}

/* ---- opening again ---- */

void rnbd_clt_retry_arm(struct rnbd_clt_dev *dev)
{
	u64 outage;
	u32 delay;

	mutex_lock(&dev->lock);
	outage = ktime_ms_delta(ktime_get(), dev->since);
	delay = rtrs_backoff_ms(++dev->attempts, RTRS_BACKOFF_MS, rtrs_backoff_cap_ms(outage),
				get_random_u32());
	mutex_unlock(&dev->lock);
	mod_delayed_work(system_dfl_wq, &dev->retry_work, msecs_to_jiffies(delay));
}

static void retry_work(struct work_struct *work)
{
	rnbd_clt_dev_open_again(container_of(to_delayed_work(work), struct rnbd_clt_dev,
					     retry_work));
}

/* ---- unmapping ---- */

void rnbd_clt_unmap_watch(struct rnbd_clt_dev *dev)
{
	queue_delayed_work(system_dfl_wq, &dev->unmap_work, RNBD_CLT_UNMAP_TIMEOUT);
}

void rnbd_clt_unmap_unwatch(struct rnbd_clt_dev *dev)
{
	cancel_delayed_work_sync(&dev->unmap_work);
}

/*
 * The disk cannot go before its requests do, and the server keeps them. A path
 * that came up just then may have taken some over: until somebody says enough.
 */
static void unmap_work(struct work_struct *work)
{
	struct rnbd_clt_dev *dev = container_of(to_delayed_work(work), struct rnbd_clt_dev,
						unmap_work);

	pr_warn("%s@%s: the server does not answer requests; the session is given up to unmap it\n",
		dev->opt.device, dev->opt.session);
	rnbd_clt_session_break(dev);
	rnbd_clt_unmap_watch(dev);
}

/* ---- life ---- */

void rnbd_clt_timers_setup(struct rnbd_clt_dev *dev)
{
	dev->fast_io_fail = dev->opt.fast_io_fail == RNBD_FAST_IO_FAIL_NONE ?
		READ_ONCE(fast_io_fail) : dev->opt.fast_io_fail;
	INIT_DELAYED_WORK(&dev->hold_work, hold_work);
	INIT_DELAYED_WORK(&dev->retry_work, retry_work);
	INIT_DELAYED_WORK(&dev->unmap_work, unmap_work);
}

void rnbd_clt_timers_stop(struct rnbd_clt_dev *dev)
{
	cancel_delayed_work_sync(&dev->hold_work);
	cancel_delayed_work_sync(&dev->retry_work);
}

int rnbd_clt_timers_init(void)
{
	hold_wq = alloc_workqueue("rnbd-client-hold", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	return hold_wq ? 0 : -ENOMEM;
}

void rnbd_clt_timers_exit(void)
{
	destroy_workqueue(hold_wq);
}
