// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /sys/class/rtrs-server: a device per session, a directory per path, as the
 * ABI says (section 4). Made and removed by path workers; reads and stores run
 * in any task and only look at what lives as long as the directory. The
 * kobjects of a path hold references to it.
 */
#include <linux/module.h>
#include <linux/slab.h>

#include "server.h"

static struct class *server_class;

static struct rtrs_srv_path *to_path(struct kobject *kobj)
{
	return container_of(kobj, struct rtrs_srv_path, kobj);
}

static ssize_t src_addr_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return rtrs_sysfs_addr(&to_path(kobj)->client, buf);
}

static ssize_t dst_addr_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return rtrs_sysfs_addr(&to_path(kobj)->server, buf);
}

static ssize_t hca_name_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", to_path(kobj)->hca_name);
}

static ssize_t hca_port_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", to_path(kobj)->hca_port);
}

/* The file goes at once, the path in its own time. */
static ssize_t disconnect_store(struct kobject *kobj, struct kobj_attribute *attr,
				const char *buf, size_t len)
{
	struct rtrs_srv_path *path = to_path(kobj);

	if (!sysfs_streq(buf, "1"))
		return -EINVAL;
	/* once the file is gone nobody waits for this store */
	rtrs_srv_path_get(path);
	/* false: somebody else was first */
	if (sysfs_remove_file_self(kobj, &attr->attr))
		rtrs_srv_path_raise(path, RTRS_PEV_CLOSE, RTRS_CAUSE_ADMIN, 0);
	rtrs_srv_path_put(path);
	return len;
}

static struct kobj_attribute src_addr_attr = __ATTR_RO(src_addr);
static struct kobj_attribute dst_addr_attr = __ATTR_RO(dst_addr);
static struct kobj_attribute hca_name_attr = __ATTR_RO(hca_name);
static struct kobj_attribute hca_port_attr = __ATTR_RO(hca_port);
static struct kobj_attribute disconnect_attr =
	__ATTR(disconnect, 0644, rtrs_sysfs_order_show, disconnect_store);

static struct attribute *path_attrs[] = {
	&src_addr_attr.attr,
	&dst_addr_attr.attr,
	&hca_name_attr.attr,
	&hca_port_attr.attr,
	&disconnect_attr.attr,
	NULL
};
ATTRIBUTE_GROUPS(path);

static void path_kobj_release(struct kobject *kobj)
{
	rtrs_srv_path_put(to_path(kobj));
}

static const struct kobj_type path_ktype = {
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = path_groups,
	.release = path_kobj_release,
};

/* ---- stats/ ---- */

static struct rtrs_srv_path *stats_to_path(struct kobject *kobj)
{
	return container_of(kobj, struct rtrs_srv_path, stats_kobj);
}

static ssize_t rdma_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct rtrs_srv_stats sum;

	rtrs_srv_stats_sum(stats_to_path(kobj), &sum);
	return sysfs_emit(buf, "%llu %llu %llu %llu\n", sum.ops[RTRS_READ], sum.bytes[RTRS_READ],
			  sum.ops[RTRS_WRITE], sum.bytes[RTRS_WRITE]);
}

static ssize_t rdma_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			  size_t len)
{
	if (!sysfs_streq(buf, "1"))
		return -EINVAL;
	rtrs_srv_stats_reset(stats_to_path(kobj));
	return len;
}

static struct kobj_attribute rdma_attr = __ATTR_RW(rdma);

static struct attribute *stats_attrs[] = {
	&rdma_attr.attr,
	NULL
};
ATTRIBUTE_GROUPS(stats);

static void stats_kobj_release(struct kobject *kobj)
{
	rtrs_srv_path_put(stats_to_path(kobj));
}

static const struct kobj_type stats_ktype = {
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = stats_groups,
	.release = stats_kobj_release,
};

int rtrs_srv_sysfs_path_add(struct rtrs_srv_path *path)
{
	int ret;

	rtrs_srv_path_get(path);
	ret = kobject_init_and_add(&path->kobj, &path_ktype, path->session->paths_dir, "%s",
				   path->name);
	if (ret) {
		kobject_put(&path->kobj);
		return ret;
	}
	rtrs_srv_path_get(path);
	ret = kobject_init_and_add(&path->stats_kobj, &stats_ktype, &path->kobj, "stats");
	if (ret) {
		kobject_put(&path->stats_kobj);
		kobject_del(&path->kobj);
		kobject_put(&path->kobj);
		return ret;
	}
	path->in_sysfs = true;
	return 0;
}

/* Waits for reads and stores that run. */
void rtrs_srv_sysfs_path_del(struct rtrs_srv_path *path)
{
	if (!path->in_sysfs)
		return;
	path->in_sysfs = false;
	kobject_del(&path->stats_kobj);
	kobject_put(&path->stats_kobj);
	kobject_del(&path->kobj);
	kobject_put(&path->kobj);
}

/* ---- session ---- */

static void session_dev_release(struct device *dev)
{
	kfree(dev);
}

/* Its release frees it, whenever the last user of the directory is gone. */
static struct device *session_dev_add(const char *name)
{
	struct device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	int ret;

	if (!dev)
		return ERR_PTR(-ENOMEM);
	dev->class = server_class;
	dev->release = session_dev_release;
	device_initialize(dev);
	dev_set_uevent_suppress(dev, true);
	ret = dev_set_name(dev, "%s", name);
	if (!ret)
		ret = device_add(dev);
	if (!ret)
		return dev;
	put_device(dev);
	return ERR_PTR(ret);
}

/* The uevent comes when the directory is complete. */
int rtrs_srv_sysfs_session_add(struct rtrs_srv_session *session)
{
	struct device *dev = session_dev_add(session->name);

	if (IS_ERR(dev))
		return PTR_ERR(dev);
	session->paths_dir = kobject_create_and_add("paths", &dev->kobj);
	if (!session->paths_dir) {
		device_unregister(dev);
		return -ENOMEM;
	}
	session->dev = dev;
	dev_set_uevent_suppress(dev, false);
	kobject_uevent(&dev->kobj, KOBJ_ADD);
	return 0;
}

void rtrs_srv_sysfs_session_del(struct rtrs_srv_session *session)
{
	kobject_del(session->paths_dir);
	kobject_put(session->paths_dir);
	session->paths_dir = NULL;
	device_unregister(session->dev);
	session->dev = NULL;
}

int rtrs_srv_sysfs_init(void)
{
	server_class = class_create("rtrs-server");
	return PTR_ERR_OR_ZERO(server_class);
}

void rtrs_srv_sysfs_exit(void)
{
	class_destroy(server_class);
}
