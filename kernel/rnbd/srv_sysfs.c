// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The server's sysfs tree (ABI section 6): class rnbd-server, device ctl,
 * below it devices/<block device>/sessions/<session>/. Directories are made
 * and removed by srv_export.c under rnbd_srv_exports_lock; the files take no
 * lock of their own, and force_close waits for the session's admin work.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "ctl_dir.h"
#include "server.h"

static struct rnbd_ctl_dir ctl;

static struct rnbd_srv_mapping *mapping_of(struct kobject *kobj)
{
	return container_of(kobj, struct rnbd_srv_mapping, kobj);
}

static ssize_t read_only_show(struct kobject *kobj, struct kobj_attribute *attr, char *page)
{
	return sysfs_emit(page, "%d\n", mapping_of(kobj)->target.read_only);
}

static ssize_t access_mode_show(struct kobject *kobj, struct kobj_attribute *attr, char *page)
{
	return sysfs_emit(page, "%s\n", rnbd_access_name(mapping_of(kobj)->access));
}

static ssize_t mapping_path_show(struct kobject *kobj, struct kobj_attribute *attr, char *page)
{
	return sysfs_emit(page, "%s\n", mapping_of(kobj)->name);
}

static ssize_t force_close_show(struct kobject *kobj, struct kobj_attribute *attr, char *page)
{
	return sysfs_emit(page, "Usage: echo 1 > force_close\n");
}

static ssize_t force_close_store(struct kobject *kobj, struct kobj_attribute *attr,
				 const char *buf, size_t count)
{
	int err;

	if (!sysfs_streq(buf, "1"))
		return -EINVAL;
	err = rnbd_srv_force_close(mapping_of(kobj));
	return err ? err : count;
}

static struct kobj_attribute read_only_attr = __ATTR_RO(read_only);
static struct kobj_attribute access_mode_attr = __ATTR_RO(access_mode);
static struct kobj_attribute mapping_path_attr = __ATTR_RO(mapping_path);
static struct kobj_attribute force_close_attr = __ATTR_RW(force_close);

static struct attribute *mapping_attrs[] = {
	&read_only_attr.attr,
	&access_mode_attr.attr,
	&mapping_path_attr.attr,
	&force_close_attr.attr,
	NULL
};
ATTRIBUTE_GROUPS(mapping);

/* I/O may still look at it: it asks for a reference, which it does not get. */
static void mapping_release(struct kobject *kobj)
{
	kfree_rcu(mapping_of(kobj), rcu);
}

static const struct kobj_type mapping_type = {
	.sysfs_ops	= &kobj_sysfs_ops,
	.release	= mapping_release,
	.default_groups	= mapping_groups,
};

void rnbd_srv_sysfs_init_mapping(struct rnbd_srv_mapping *mapping)
{
	kobject_init(&mapping->kobj, &mapping_type);
}

int rnbd_srv_sysfs_add_mapping(struct rnbd_srv_mapping *mapping)
{
	return kobject_add(&mapping->kobj, mapping->export->sessions_kobj, "%s",
			   mapping->session->name);
}

void rnbd_srv_sysfs_del_mapping(struct rnbd_srv_mapping *mapping)
{
	kobject_del(&mapping->kobj);
}

static void export_release(struct kobject *kobj)
{
	kfree(container_of(kobj, struct rnbd_srv_export, kobj));
}

static const struct kobj_type export_type = {
	.sysfs_ops	= &kobj_sysfs_ops,
	.release	= export_release,
};

void rnbd_srv_sysfs_init_export(struct rnbd_srv_export *export)
{
	kobject_init(&export->kobj, &export_type);
}

int rnbd_srv_sysfs_add_export(struct rnbd_srv_export *export)
{
	int err;

	err = kobject_add(&export->kobj, ctl.devices, "%s", export->name);
	if (err)
		return err;
	err = sysfs_create_link(&export->kobj, bdev_kobj(export->bdev), "block_dev");
	if (err)
		goto err_dir;
	export->sessions_kobj = kobject_create_and_add("sessions", &export->kobj);
	if (!export->sessions_kobj) {
		err = -ENOMEM;
		goto err_link;
	}
	return 0;

err_link:
	sysfs_remove_link(&export->kobj, "block_dev");
err_dir:
	kobject_del(&export->kobj);
	return err;
}

void rnbd_srv_sysfs_del_export(struct rnbd_srv_export *export)
{
	kobject_del(export->sessions_kobj);
	kobject_put(export->sessions_kobj);
	sysfs_remove_link(&export->kobj, "block_dev");
	kobject_del(&export->kobj);
}

int rnbd_srv_sysfs_init(void)
{
	return rnbd_ctl_dir_create(&ctl, "rnbd-server");
}

void rnbd_srv_sysfs_exit(void)
{
	rnbd_ctl_dir_destroy(&ctl);
}
