// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files that the path directories of both sides have alike. Called by reads,
 * which keep the directory they are in; no locks.
 */
#include <linux/module.h>
#include <linux/sysfs.h>

#include "core.h"

ssize_t rtrs_sysfs_addr(const struct rtrs_addr *addr, char *buf)
{
	char text[RTRS_ADDR_TEXT_MAX];

	rtrs_addr_format(addr, text, sizeof(text));
	return sysfs_emit(buf, "%s\n", text);
}
EXPORT_SYMBOL_GPL(rtrs_sysfs_addr);

ssize_t rtrs_sysfs_order_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "Usage: echo 1 > %s\n", attr->attr.name);
}
EXPORT_SYMBOL_GPL(rtrs_sysfs_order_show);
