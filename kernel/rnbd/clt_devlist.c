// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The list of devices: an object is on it from the first request to map it
 * until its worker is done with it, so a device cannot be mapped twice at
 * once. Called by sysfs and netlink, which find and look at devices here, by the
 * devices' workers to leave, and by the module's end, which empties it. Lock:
 * devs mutex.
 */
#include <linux/slab.h>

#include "client.h"

static DEFINE_MUTEX(devs_mutex);
static LIST_HEAD(devs);		/* in the order of their ids */
static u32 last_id;
static bool shutting_down;
static DECLARE_WAIT_QUEUE_HEAD(devs_empty);

static struct rnbd_clt_dev *make(const struct rnbd_map_options *opt)
{
	struct rnbd_clt_dev *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (!dev)
		return ERR_PTR(-ENOMEM);
	kref_init(&dev->ref);
	dev->opt = *opt;
	dev->index = -1;
	dev->since = ktime_get();
	mutex_init(&dev->lock);
	init_waitqueue_head(&dev->wait);
	INIT_LIST_HEAD(&dev->session_entry);
	INIT_WORK(&dev->work, rnbd_clt_dev_work);
	rnbd_clt_again_setup(dev);
	rnbd_clt_timers_setup(dev);
	return dev;
}

static void dev_free(struct kref *ref)
{
	struct rnbd_clt_dev *dev = container_of(ref, struct rnbd_clt_dev, ref);

	mutex_destroy(&dev->lock);
	kfree(dev);
}

void rnbd_clt_dev_put(struct rnbd_clt_dev *dev)
{
	kref_put(&dev->ref, dev_free);
}

static bool same_device(const struct rnbd_map_options *a, const struct rnbd_map_options *b)
{
	return !strcmp(a->session, b->session) && !strcmp(a->device, b->device);
}

/* Devs mutex held. */
static int check(const struct rnbd_map_options *opt)
{
	struct rnbd_clt_dev *other;
	int err;

	if (shutting_down)
		return -ENODEV;
	err = rnbd_clt_session_may_join(opt);
	/* what is mapped under these names is another server's, not what is wanted */
	if (err == -ENOTUNIQ)
		return err;
	list_for_each_entry(other, &devs, entry)
		if (same_device(&other->opt, opt))
			return -EEXIST;
	/* last: a map that is refused adds nothing */
	return err ?: rnbd_clt_session_add_paths(opt);
}

/* Put on the list with an id; the list takes a reference of its own. */
static int enlist(struct rnbd_clt_dev *dev)
{
	int err;

	mutex_lock(&devs_mutex);
	err = check(&dev->opt);
	if (!err) {
		kref_get(&dev->ref);
		dev->id = ++last_id;
		list_add_tail(&dev->entry, &devs);
	}
	mutex_unlock(&devs_mutex);
	return err;
}

struct rnbd_clt_dev *rnbd_clt_dev_map(const struct rnbd_map_options *opt)
{
	struct rnbd_clt_dev *dev = make(opt);
	int err;

	if (IS_ERR(dev))
		return dev;
	err = enlist(dev);
	if (err) {
		rnbd_clt_dev_put(dev);
		return ERR_PTR(err);
	}
	rnbd_clt_genl_notify(dev, RNBD_CLT_ADDED);
	rnbd_clt_dev_kick(dev);
	return dev;
}

const char *rnbd_clt_map_refusal(int err)
{
	switch (err) {
	case -EEXIST:
		return "the session has this device mapped, or being mapped";
	case -ENXIO:
		return "there is no such session, and no path to make it";
	case -ENOTUNIQ:
		return "the session has none of these addresses, or another port: use another name";
	case -ENOSPC:
		return "the session has no room for these paths";
	case -EINVAL:
		return "a session with poll queues takes one device";
	case -ENODEV:
		return "the module is being unloaded";
	default:
		return "no memory";
	}
}

void rnbd_clt_dev_delist(struct rnbd_clt_dev *dev)
{
	mutex_lock(&devs_mutex);
	list_del(&dev->entry);
	mutex_unlock(&devs_mutex);
	wake_up_all(&devs_empty);
	rnbd_clt_dev_put(dev);
}

struct rnbd_clt_dev *rnbd_clt_dev_next(u32 id)
{
	struct rnbd_clt_dev *dev, *found = NULL;

	mutex_lock(&devs_mutex);
	/* in the order of their ids */
	list_for_each_entry(dev, &devs, entry)
		if (dev->id > id) {
			found = dev;
			kref_get(&found->ref);
			break;
		}
	mutex_unlock(&devs_mutex);
	return found;
}

struct rnbd_clt_dev *rnbd_clt_dev_find_id(u32 id)
{
	struct rnbd_clt_dev *dev = id ? rnbd_clt_dev_next(id - 1) : NULL;

	if (dev && dev->id != id) {
		rnbd_clt_dev_put(dev);
		dev = NULL;
	}
	return dev;
}

struct rnbd_clt_dev *rnbd_clt_dev_find_disk(const char *name)
{
	struct rnbd_clt_dev *dev, *found = NULL;
	char disk[DISK_NAME_LEN];

	mutex_lock(&devs_mutex);
	list_for_each_entry(dev, &devs, entry) {
		int index = READ_ONCE(dev->index);

		snprintf(disk, sizeof(disk), "rnbd%d", index);
		if (index >= 0 && !strcmp(disk, name)) {
			found = dev;
			kref_get(&found->ref);
			break;
		}
	}
	mutex_unlock(&devs_mutex);
	return found;
}

void rnbd_clt_dev_look(struct rnbd_clt_dev *dev, struct rnbd_clt_dev_view *view)
{
	memset(view, 0, sizeof(*view));
	mutex_lock(&dev->lock);
	view->state = rnbd_dev_state_shown(dev->state);
	view->fast_io_fail = dev->fast_io_fail;
	/* mapped means that the disk is there */
	if (!dev->settled && dev->state != RNBD_DEV_UNMAPPED)
		view->state = RNBD_DEV_INIT;
	view->why = dev->why;
	view->since_ms = ktime_ms_delta(ktime_get(), dev->since);
	view->lost_writes = READ_ONCE(dev->lost_writes);
	view->lim = dev->lim;
	view->has_limits = dev->lim.logical_block_size;
	view->index = dev->index;
	if (dev->disk) {
		view->sectors = get_capacity(dev->disk);
		view->openers = disk_openers(dev->disk);
	}
	mutex_unlock(&dev->lock);
}

static bool no_devices(void)
{
	return list_empty_careful(&devs);
}

void rnbd_clt_dev_shutdown(void)
{
	struct rnbd_clt_dev *dev;
	u32 id = 0;

	mutex_lock(&devs_mutex);
	shutting_down = true;
	mutex_unlock(&devs_mutex);
	while ((dev = rnbd_clt_dev_next(id))) {
		id = dev->id;
		rnbd_clt_dev_unmap(dev, true);
		rnbd_clt_dev_put(dev);
	}
	wait_event(devs_empty, no_devices());
	/* a worker that took its device off the list has still to tell about it */
	rnbd_clt_dev_flush();
}
