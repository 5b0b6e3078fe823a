/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The top of either side's sysfs tree: class NAME, its device "ctl", and "devices" below that (ABI 5.1, 6). */
#ifndef RNBD_CTL_DIR_H
#define RNBD_CTL_DIR_H

#include <linux/device.h>
#include <linux/kdev_t.h>
#include <linux/kobject.h>

#include "../compat/compat.h"

struct rnbd_ctl_dir {
	struct class *class;
	struct device *dev;
	struct kobject *devices;
};

static inline int rnbd_ctl_dir_create(struct rnbd_ctl_dir *ctl, const char *name)
{
	int err = -ENOMEM;

	ctl->class = class_create(name);
	if (IS_ERR(ctl->class))
		return PTR_ERR(ctl->class);
	ctl->dev = device_create(ctl->class, NULL, MKDEV(0, 0), NULL, "ctl");
	if (IS_ERR(ctl->dev)) {
		err = PTR_ERR(ctl->dev);
		goto err_class;
	}
	ctl->devices = kobject_create_and_add("devices", &ctl->dev->kobj);
	if (ctl->devices)
		return 0;
	device_unregister(ctl->dev);
err_class:
	class_destroy(ctl->class);
	return err;
}

/* Nothing is left below "devices". */
static inline void rnbd_ctl_dir_destroy(struct rnbd_ctl_dir *ctl)
{
	kobject_del(ctl->devices);
	kobject_put(ctl->devices);
	device_unregister(ctl->dev);
	class_destroy(ctl->class);
}

#endif /* RNBD_CTL_DIR_H */
