// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sysfs ABI: ctl/map_device and ctl/devices/ of class rnbd-client, and the
 * files below rnbd/ of each disk. A door only: each store parses, calls one
 * verb of clt_dev.c and, as this ABI has always done, waits for its outcome.
 * No lock of its own.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/task_work.h>

#include "client.h"
#include "ctl_dir.h"

static struct rnbd_ctl_dir ctl;

/* ---- ctl/map_device ---- */

static ssize_t map_device_show(struct device *d, struct device_attribute *attr, char *page)
{
	return sysfs_emit(page,
			  "Usage: echo \"[dest_port=server port number] sessname=<name of the rtrs session> path=<[srcaddr@]dstaddr> [path=<[srcaddr@]dstaddr>] device_path=<full path on remote side> [access_mode=<ro|rw|migration>] [nr_poll_queues=<number of queues>]\" > %s\n\naddr ::= [ ip:<ipv4> | ip:<ipv6> | gid:<gid> ]\n",
			  attr->attr.name);
}

static int parse(const char *text, size_t len, struct rnbd_map_options *opt)
{
	struct rnbd_map_error err;
	int rc = rnbd_map_parse(text, len, num_possible_cpus(), opt, &err);

	if (rc)
		pr_err("map_device: %s: \"%*pE\"\n", err.text, (int)min(err.word_len, (size_t)64),
		       text + err.word_off);
	return rc;
}

static void tell_refusal(const struct rnbd_map_options *opt, int err)
{
	pr_err("%s@%s: not mapped: %s (%d)\n", opt->device, opt->session,
	       rnbd_clt_map_refusal(err), err);
	if (err == -ENOTUNIQ)
		pr_err("%s: another address of the same server is made a path of the session first, by its add_path\n",
		       opt->session);
}

static ssize_t map_device_store(struct device *d, struct device_attribute *attr,
				const char *text, size_t len)
{
	struct rnbd_map_options *opt = kmalloc(sizeof(*opt), GFP_KERNEL);
	struct rnbd_clt_dev *dev;
	int err;

	if (!opt)
		return -ENOMEM;
	err = parse(text, len, opt);
	if (err)
		goto out;
	dev = rnbd_clt_dev_map(opt);
	if (IS_ERR(dev)) {
		err = PTR_ERR(dev);
		tell_refusal(opt, err);
		goto out;
	}
	err = rnbd_clt_dev_map_wait(dev);
	rnbd_clt_dev_put(dev);
out:
	kfree(opt);
	return err ?: len;
}
static DEVICE_ATTR_RW(map_device);

static struct attribute *ctl_attrs[] = {
	&dev_attr_map_device.attr,
	NULL
};
ATTRIBUTE_GROUPS(ctl);

/* ---- files of a disk; they go before the device does ---- */

static struct rnbd_clt_dev *to_clt_dev(struct device *d)
{
	return dev_to_disk(d)->private_data;
}

/* One word, with or without a newline. */
static bool is_word(const char *text, size_t len, const char *word)
{
	size_t word_len = strlen(word);

	if (len == word_len + 1 && text[word_len] == '\n')
		len--;
	return len == word_len && !memcmp(text, word, len);
}

static ssize_t unmap_device_show(struct device *d, struct device_attribute *attr, char *page)
{
	return sysfs_emit(page, "Usage: echo <normal|force> > %s\n", attr->attr.name);
}

struct unmap_wait {
	struct callback_head work;
	struct rnbd_clt_dev *dev;
};

static void unmap_wait_run(struct callback_head *work)
{
	struct unmap_wait *wait = container_of(work, struct unmap_wait, work);

	rnbd_clt_dev_unmap_wait(wait->dev);
	rnbd_clt_dev_put(wait->dev);
	kfree(wait);
	module_put(THIS_MODULE);
}

/*
 * The caller expects the disk to be gone when its write returns, yet the disk
 * cannot go while one of its files is being written. So the wait happens on the
 * way back to user space, when this file is no longer busy.
 */
static ssize_t unmap_device_store(struct device *d, struct device_attribute *attr,
				  const char *text, size_t len)
{
	bool force = is_word(text, len, "force");
	struct unmap_wait *wait;
	int err = -EINVAL;

	if (!force && !is_word(text, len, "normal")) {
		pr_err("unmap_device: neither \"normal\" nor \"force\"\n");
		return err;
	}
	wait = kmalloc(sizeof(*wait), GFP_KERNEL);
	if (!wait)
		return -ENOMEM;
	if (!try_module_get(THIS_MODULE)) {
		err = -ENODEV;
		goto err_free;
	}
	wait->dev = to_clt_dev(d);
	kref_get(&wait->dev->ref);
	err = rnbd_clt_dev_unmap(wait->dev, force);
	if (err)
		goto err_put;
	init_task_work(&wait->work, unmap_wait_run);
	if (task_work_add(current, &wait->work, TWA_RESUME))
		goto out_put;	/* a task that is exiting expects nothing */
	return len;

out_put:
	err = 0;
err_put:
	rnbd_clt_dev_put(wait->dev);
	module_put(THIS_MODULE);
err_free:
	kfree(wait);
	return err ?: len;
}
static DEVICE_ATTR_RW(unmap_device);

static ssize_t resize_show(struct device *d, struct device_attribute *attr, char *page)
{
	return sysfs_emit(page, "Usage: echo <new size in sectors> > %s\n", attr->attr.name);
}

static ssize_t resize_store(struct device *d, struct device_attribute *attr, const char *text,
			    size_t len)
{
	u64 sectors;
	int err;

	/* a NUL would hide what follows it */
	err = strlen(text) == len ? kstrtoull(text, 0, &sectors) : -EINVAL;
	if (!err)
		err = rnbd_clt_disk_resize(to_clt_dev(d), sectors);
	return err ?: len;
}
static DEVICE_ATTR_RW(resize);

static ssize_t remap_device_show(struct device *d, struct device_attribute *attr, char *page)
{
	return sysfs_emit(page, "Usage: echo <1> > %s\n", attr->attr.name);
}

static ssize_t remap_device_store(struct device *d, struct device_attribute *attr,
				  const char *text, size_t len)
{
	struct rnbd_clt_dev *dev = to_clt_dev(d);
	u32 ticket;
	int err;

	if (!is_word(text, len, "1")) {
		pr_err("remap_device: not \"1\"\n");
		return -EINVAL;
	}
	err = rnbd_clt_dev_remap(dev, &ticket);
	if (!err)
		err = rnbd_clt_dev_remap_wait(dev, ticket);
	return err ?: len;
}
static DEVICE_ATTR_RW(remap_device);

static ssize_t mapping_path_show(struct device *d, struct device_attribute *attr, char *page)
{
	return sysfs_emit(page, "%s\n", to_clt_dev(d)->opt.device);
}
static DEVICE_ATTR_RO(mapping_path);

static ssize_t state_show(struct device *d, struct device_attribute *attr, char *page)
{
	return sysfs_emit(page, "%s\n", rnbd_dev_state_word(READ_ONCE(to_clt_dev(d)->state)));
}
static DEVICE_ATTR_RO(state);

static ssize_t session_show(struct device *d, struct device_attribute *attr, char *page)
{
	return sysfs_emit(page, "%s\n", to_clt_dev(d)->opt.session);
}
static DEVICE_ATTR_RO(session);

static ssize_t access_mode_show(struct device *d, struct device_attribute *attr, char *page)
{
	return sysfs_emit(page, "%s\n", rnbd_access_name(to_clt_dev(d)->opt.access));
}
static DEVICE_ATTR_RO(access_mode);

static ssize_t nr_poll_queues_show(struct device *d, struct device_attribute *attr, char *page)
{
	return sysfs_emit(page, "%d\n", to_clt_dev(d)->opt.nr_poll_queues);
}
static DEVICE_ATTR_RO(nr_poll_queues);

static ssize_t fast_io_fail_show(struct device *d, struct device_attribute *attr, char *page)
{
	return sysfs_emit(page, "%d\n", READ_ONCE(to_clt_dev(d)->fast_io_fail));
}

static ssize_t fast_io_fail_store(struct device *d, struct device_attribute *attr,
				  const char *text, size_t len)
{
	int seconds, err;

	/* a NUL would hide what follows it */
	err = strlen(text) == len ? kstrtoint(text, 10, &seconds) : -EINVAL;
	if (!err)
		err = rnbd_clt_dev_set_fast_io_fail(to_clt_dev(d), seconds);
	return err ?: len;
}
static DEVICE_ATTR_RW(fast_io_fail);

static struct attribute *disk_attrs[] = {
	&dev_attr_unmap_device.attr,
	&dev_attr_resize.attr,
	&dev_attr_remap_device.attr,
	&dev_attr_mapping_path.attr,
	&dev_attr_state.attr,
	&dev_attr_session.attr,
	&dev_attr_access_mode.attr,
	&dev_attr_nr_poll_queues.attr,
	&dev_attr_fast_io_fail.attr,
	NULL
};

static const struct attribute_group disk_group = {
	.name	= "rnbd",
	.attrs	= disk_attrs,
};

const struct attribute_group *rnbd_clt_disk_groups[] = {
	&disk_group,
	NULL
};

/* ---- ctl/devices/ ---- */

/* The name of @dev's link, to be freed; NULL without memory. */
static char *link_name(const struct rnbd_clt_dev *dev)
{
	size_t size = sizeof(dev->opt.device) + sizeof(dev->opt.session);
	char *name = kmalloc(size, GFP_KERNEL);

	if (name)
		rnbd_link_name(dev->opt.device, dev->opt.session, name, size);
	return name;
}

int rnbd_clt_sysfs_link(struct rnbd_clt_dev *dev)
{
	char *name = link_name(dev);
	int err;

	if (!name)
		return -ENOMEM;
	err = sysfs_create_link(ctl.devices, &disk_to_dev(dev->disk)->kobj, name);
	if (!err)
		dev->link = name;
	else
		kfree(name);
	return err;
}

void rnbd_clt_sysfs_unlink(struct rnbd_clt_dev *dev)
{
	if (!dev->link)
		return;
	sysfs_remove_link(ctl.devices, dev->link);
	kfree(dev->link);
	dev->link = NULL;
}

/* ---- module ---- */

int rnbd_clt_sysfs_init(void)
{
	return rnbd_ctl_dir_create(&ctl, "rnbd-client");
}

int rnbd_clt_sysfs_open(void)
{
	return sysfs_create_groups(&ctl.dev->kobj, ctl_groups);
}

void rnbd_clt_sysfs_close(void)
{
	sysfs_remove_groups(&ctl.dev->kobj, ctl_groups);
}

/* Every device is unmapped, so no link is left. */
void rnbd_clt_sysfs_exit(void)
{
	rnbd_ctl_dir_destroy(&ctl);
}
