// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sysfs files of sessions and paths, byte for byte as the ABI says. Thin:
 * every store calls the function that netlink calls too. Added and removed by
 * session and path code; removal waits for files in use. Takes no mutex that
 * the removers hold.
 */
#include "client.h"

#include <linux/kobject.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

static struct class session_class = { .name = "rtrs-client" };

/* ---- session ---- */

static struct rtrs_clt_session *to_session(struct device *dev)
{
	return container_of(dev, struct rtrs_clt_session, dev);
}

static ssize_t max_reconnect_attempts_show(struct device *dev, struct device_attribute *attr,
					   char *buf)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(to_session(dev)->max_reconnects));
}

static ssize_t max_reconnect_attempts_store(struct device *dev, struct device_attribute *attr,
					    const char *buf, size_t count)
{
	int value, ret = kstrtoint(buf, 10, &value);

	if (!ret)
		ret = rtrs_clt_session_set_reconnects(to_session(dev), value);
	return ret ? ret : count;
}
static DEVICE_ATTR_RW(max_reconnect_attempts);

static ssize_t mpath_policy_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", rtrs_mp_text(READ_ONCE(to_session(dev)->policy)));
}

static ssize_t mpath_policy_store(struct device *dev, struct device_attribute *attr,
				  const char *buf, size_t count)
{
	int policy = rtrs_mp_parse(buf, count);

	if (policy < 0)
		return policy;
	rtrs_clt_session_set_policy(to_session(dev), policy);
	return count;
}
static DEVICE_ATTR_RW(mpath_policy);

/* Three files of one kind: each is a field of the heartbeat's parameters. */
static u32 *heartbeat_field(struct rtrs_hb_params *params, const struct device_attribute *attr)
{
	const struct dev_ext_attribute *file = container_of(attr, struct dev_ext_attribute, attr);

	return (void *)params + (unsigned long)file->var;
}

static ssize_t heartbeat_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	u32 *field = heartbeat_field(&to_session(dev)->heartbeat, attr);

	return sysfs_emit(buf, "%u\n", READ_ONCE(*field));
}

static ssize_t heartbeat_store(struct device *dev, struct device_attribute *attr, const char *buf,
			       size_t count)
{
	struct rtrs_hb_params change = { };
	u32 *field = heartbeat_field(&change, attr);
	int ret = kstrtou32(buf, 10, field);

	if (!ret && !*field)	/* would change nothing */
		ret = -EINVAL;
	if (!ret)
		ret = rtrs_clt_session_set_heartbeat(to_session(dev), &change);
	return ret ? ret : count;
}

#define HEARTBEAT_ATTR(_field)								\
	static struct dev_ext_attribute heartbeat_##_field = {				\
		__ATTR(heartbeat_##_field, 0644, heartbeat_show, heartbeat_store),	\
		(void *)offsetof(struct rtrs_hb_params, _field),			\
	}
HEARTBEAT_ATTR(idle_ms);
HEARTBEAT_ATTR(busy_ms);
HEARTBEAT_ATTR(missed_max);

static ssize_t add_path_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "Usage: echo [<source addr>@]<destination addr> > add_path\n\n"
			  "*addr ::= [ ip:<ipv4|ipv6> | gid:<gid> ]\n");
}

/* A path that never came up is none: users of this file have always had it so. */
static int add_and_wait(struct rtrs_clt_session *session, const struct rtrs_addr_pair *pair)
{
	struct rtrs_clt_path *path = rtrs_clt_path_add(session, pair);
	struct rtrs_why why;
	int ret;

	if (IS_ERR(path))
		return PTR_ERR(path);
	ret = rtrs_clt_path_add_wait(path, &why);
	if (ret) {
		/* also when somebody else was faster */
		rtrs_clt_path_remove(path);
		rtrs_clt_path_remove_wait(path);
	}
	rtrs_clt_path_put(path);
	return ret;
}

static ssize_t add_path_store(struct device *dev, struct device_attribute *attr, const char *buf,
			      size_t count)
{
	struct rtrs_addr_pair pair = { };
	size_t len = count && buf[count - 1] == '\n' ? count - 1 : count;
	int ret;

	if (rtrs_pair_parse(buf, len, &pair))
		return -EINVAL;
	ret = add_and_wait(to_session(dev), &pair);
	return ret ? ret : count;
}
static DEVICE_ATTR_RW(add_path);

static struct attribute *session_attrs[] = {
	&dev_attr_add_path.attr,
	&heartbeat_busy_ms.attr.attr,
	&heartbeat_idle_ms.attr.attr,
	&heartbeat_missed_max.attr.attr,
	&dev_attr_max_reconnect_attempts.attr,
	&dev_attr_mpath_policy.attr,
	NULL,
};
ATTRIBUTE_GROUPS(session);

/* The uevent comes last: whoever acts on it finds everything in place. */
int rtrs_clt_sysfs_session_add(struct rtrs_clt_session *session)
{
	struct device *dev = &session->dev;
	int ret;

	dev->class = &session_class;
	dev->groups = session_groups;
	ret = dev_set_name(dev, "%s", session->name);
	if (ret)
		return ret;
	dev_set_uevent_suppress(dev, true);
	ret = device_add(dev);
	if (ret)
		return ret;
	session->paths_kobj = kobject_create_and_add("paths", &dev->kobj);
	if (!session->paths_kobj) {
		device_del(dev);
		return -ENOMEM;
	}
	dev_set_uevent_suppress(dev, false);
	kobject_uevent(&dev->kobj, KOBJ_ADD);
	return 0;
}

void rtrs_clt_sysfs_session_del(struct rtrs_clt_session *session)
{
	kobject_put(session->paths_kobj);
	device_del(&session->dev);
}

/* ---- path ---- */

/* The directory of a path, which it may outlive: it holds a reference. */
struct path_dir {
	struct kobject kobj;
	struct rtrs_clt_path *path;
};

static struct rtrs_clt_path *to_path(struct kobject *kobj)
{
	return container_of(kobj, struct path_dir, kobj)->path;
}

static ssize_t src_addr_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct rtrs_clt_view view;

	rtrs_clt_path_view(to_path(kobj), &view);
	return rtrs_sysfs_addr(&view.used.src, buf);
}

static ssize_t dst_addr_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return rtrs_sysfs_addr(&to_path(kobj)->wanted.dst, buf);
}

static ssize_t hca_name_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct rtrs_clt_view view;

	rtrs_clt_path_view(to_path(kobj), &view);
	return sysfs_emit(buf, "%s\n", view.hca);
}

static ssize_t hca_port_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct rtrs_clt_view view;

	rtrs_clt_path_view(to_path(kobj), &view);
	return sysfs_emit(buf, "%u\n", view.hca_port);
}

static ssize_t state_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct rtrs_clt_view view;

	rtrs_clt_path_view(to_path(kobj), &view);
	return sysfs_emit(buf, "%s\n",
			  view.state == RTRS_PATH_CONNECTED ? "connected" : "disconnected");
}

static ssize_t cur_latency_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%lld ns\n", READ_ONCE(to_path(kobj)->hb.latency_ns));
}

/* A file that takes the order "1" and says so. */
static ssize_t order_store(struct kobject *kobj, const char *buf, size_t count,
			   int (*order)(struct rtrs_clt_path *path),
			   int (*wait)(struct rtrs_clt_path *path))
{
	int ret;

	if (!sysfs_streq(buf, "1"))
		return -EINVAL;
	ret = order(to_path(kobj));
	if (!ret)
		ret = wait(to_path(kobj));
	return ret ? ret : count;
}

static ssize_t reconnect_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			       size_t count)
{
	return order_store(kobj, buf, count, rtrs_clt_path_reconnect,
			   rtrs_clt_path_reconnect_wait);
}

static ssize_t disconnect_store(struct kobject *kobj, struct kobj_attribute *attr,
				const char *buf, size_t count)
{
	return order_store(kobj, buf, count, rtrs_clt_path_disconnect,
			   rtrs_clt_path_disconnect_wait);
}

/*
 * The directory goes, and this file with it, before the store returns: nobody
 * may wait for the store meanwhile, and it holds the module itself.
 */
static ssize_t remove_path_store(struct kobject *kobj, struct kobj_attribute *attr,
				 const char *buf, size_t count)
{
	struct rtrs_clt_path *path = to_path(kobj);
	struct kernfs_node *file;
	int ret = -ENODEV;

	if (!sysfs_streq(buf, "1"))
		return -EINVAL;
	if (!try_module_get(THIS_MODULE))
		return -ENODEV;
	/* also keeps the directory, and that the path */
	file = sysfs_break_active_protection(kobj, &attr->attr);
	if (file) {
		/* who was faster removes it for both */
		rtrs_clt_path_remove(path);
		ret = rtrs_clt_path_remove_wait(path);
		sysfs_unbreak_active_protection(file);
	}
	module_put(THIS_MODULE);
	return ret ? ret : count;
}

static struct kobj_attribute src_addr_attr = __ATTR_RO(src_addr);
static struct kobj_attribute dst_addr_attr = __ATTR_RO(dst_addr);
static struct kobj_attribute hca_name_attr = __ATTR_RO(hca_name);
static struct kobj_attribute hca_port_attr = __ATTR_RO(hca_port);
static struct kobj_attribute state_attr = __ATTR_RO(state);
static struct kobj_attribute cur_latency_attr = __ATTR_RO(cur_latency);
static struct kobj_attribute reconnect_attr =
	__ATTR(reconnect, 0644, rtrs_sysfs_order_show, reconnect_store);
static struct kobj_attribute disconnect_attr =
	__ATTR(disconnect, 0644, rtrs_sysfs_order_show, disconnect_store);
static struct kobj_attribute remove_path_attr =
	__ATTR(remove_path, 0644, rtrs_sysfs_order_show, remove_path_store);

static struct attribute *path_attrs[] = {
	&src_addr_attr.attr,
	&dst_addr_attr.attr,
	&hca_name_attr.attr,
	&hca_port_attr.attr,
	&state_attr.attr,
	&cur_latency_attr.attr,
	&reconnect_attr.attr,
	&disconnect_attr.attr,
	&remove_path_attr.attr,
	NULL,
};

static const struct attribute_group path_group = { .attrs = path_attrs };

/* ---- path/stats ---- */

/* Writing 1 resets, anything else is refused. */
static ssize_t reset_store(struct kobject *kobj, const char *buf, size_t count,
			   void (*reset)(struct rtrs_clt_path *path))
{
	if (!sysfs_streq(buf, "1"))
		return -EINVAL;
	reset(to_path(kobj));
	return count;
}

static ssize_t cpu_migration_from_show(struct kobject *kobj, struct kobj_attribute *attr,
				       char *buf)
{
	return rtrs_clt_stats_migration_from(to_path(kobj), buf);
}

static ssize_t cpu_migration_from_store(struct kobject *kobj, struct kobj_attribute *attr,
					const char *buf, size_t count)
{
	return reset_store(kobj, buf, count, rtrs_clt_stats_reset_migration);
}

static ssize_t cpu_migration_to_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return rtrs_clt_stats_migration_to(to_path(kobj), buf);
}

static ssize_t cpu_migration_to_store(struct kobject *kobj, struct kobj_attribute *attr,
				      const char *buf, size_t count)
{
	return reset_store(kobj, buf, count, rtrs_clt_stats_reset_migration);
}

static ssize_t reconnects_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct rtrs_clt_view view;

	rtrs_clt_path_view(to_path(kobj), &view);
	return sysfs_emit(buf, "%d %d\n", view.connects_shown, view.failures_shown);
}

static ssize_t reconnects_store(struct kobject *kobj, struct kobj_attribute *attr,
				const char *buf, size_t count)
{
	return reset_store(kobj, buf, count, rtrs_clt_stats_reset_reconnects);
}

static ssize_t rdma_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	struct rtrs_clt_stats sum;

	rtrs_clt_stats_sum(to_path(kobj), &sum);
	return sysfs_emit(buf, "%llu %llu %llu %llu %u %llu\n", sum.reads, sum.read_bytes,
			  sum.writes, sum.write_bytes, (u32)max(sum.inflight, 0L),
			  sum.failovers);
}

static ssize_t rdma_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			  size_t count)
{
	return reset_store(kobj, buf, count, rtrs_clt_stats_reset_rdma);
}

static ssize_t reset_all_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "echo 1 to reset all statistics\n");
}

static void reset_everything(struct rtrs_clt_path *path)
{
	rtrs_clt_stats_reset_rdma(path);
	rtrs_clt_stats_reset_migration(path);
	rtrs_clt_stats_reset_reconnects(path);
}

static ssize_t reset_all_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf,
			       size_t count)
{
	return reset_store(kobj, buf, count, reset_everything);
}

static struct kobj_attribute cpu_migration_from_attr = __ATTR_RW(cpu_migration_from);
static struct kobj_attribute cpu_migration_to_attr = __ATTR_RW(cpu_migration_to);
static struct kobj_attribute reconnects_attr = __ATTR_RW(reconnects);
static struct kobj_attribute rdma_attr = __ATTR_RW(rdma);
static struct kobj_attribute reset_all_attr = __ATTR_RW(reset_all);

static struct attribute *stats_attrs[] = {
	&cpu_migration_from_attr.attr,
	&cpu_migration_to_attr.attr,
	&reconnects_attr.attr,
	&rdma_attr.attr,
	&reset_all_attr.attr,
	NULL,
};

static const struct attribute_group stats_group = { .name = "stats", .attrs = stats_attrs };

static const struct attribute_group *path_groups[] = { &path_group, &stats_group, NULL };

static void path_dir_release(struct kobject *kobj)
{
	struct path_dir *dir = container_of(kobj, struct path_dir, kobj);

	rtrs_clt_path_put(dir->path);
	kfree(dir);
}

static const struct kobj_type path_type = {
	.sysfs_ops = &kobj_sysfs_ops,
	.release = path_dir_release,
	.default_groups = path_groups,
};

int rtrs_clt_sysfs_path_add(struct rtrs_clt_path *path)
{
	char name[RTRS_PAIR_TEXT_MAX];
	struct path_dir *dir;
	int ret;

	if (path->dir)
		return 0;
	dir = kzalloc(sizeof(*dir), GFP_KERNEL);
	if (!dir)
		return -ENOMEM;
	rtrs_clt_path_get(path);
	dir->path = path;
	rtrs_pair_format(&path->used, name, sizeof(name));
	ret = kobject_init_and_add(&dir->kobj, &path_type, path->session->paths_kobj, "%s", name);
	if (ret) {
		kobject_put(&dir->kobj);
		return ret;
	}
	path->dir = &dir->kobj;
	mutex_lock(&path->session->mutex);
	path->named = path->used;
	mutex_unlock(&path->session->mutex);
	return 0;
}

/* Waits for reads and stores that run, but for the one that asked for this. */
void rtrs_clt_sysfs_path_del(struct rtrs_clt_path *path)
{
	struct kobject *dir = path->dir;

	if (!dir)
		return;
	path->dir = NULL;
	kobject_del(dir);
	kobject_put(dir);
}

int rtrs_clt_sysfs_init(void)
{
	return class_register(&session_class);
}

void rtrs_clt_sysfs_exit(void)
{
	class_unregister(&session_class);
}
