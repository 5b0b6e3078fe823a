// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Module rnbd-server: parameters, counters, start and stop. Owns the work
 * queue of admin messages. No locks: parameters are set at load time only,
 * counters are atomic.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "pure/dev_path.h"
#include "server.h"
#include "version.h"

MODULE_DESCRIPTION("Block devices of this machine for clients on an RDMA network");
MODULE_LICENSE("GPL");
MODULE_VERSION(RNBD_VERSION);

static ushort port_nr = RNBD_WIRE_PORT;
module_param(port_nr, ushort, 0444);
MODULE_PARM_DESC(port_nr, "port to listen on (default 1234)");

char rnbd_srv_search_path[RNBD_DEV_PATH_MAX];

static int search_path_set(const char *val, const struct kernel_param *kp)
{
	return rnbd_search_path_clean(val, rnbd_srv_search_path, sizeof(rnbd_srv_search_path));
}

static int search_path_get(char *buffer, const struct kernel_param *kp)
{
	return scnprintf(buffer, PAGE_SIZE, "%s\n", rnbd_srv_search_path);
}

static const struct kernel_param_ops search_path_ops = {
	.set = search_path_set,
	.get = search_path_get,
};
module_param_cb(dev_search_path, &search_path_ops, NULL, 0444);
MODULE_PARM_DESC(dev_search_path,
		 "directory below which every client may open block devices; %SESSNAME% stands for the session's name (default: none, every open is refused)");

struct workqueue_struct *rnbd_srv_wq;
struct workqueue_struct *rnbd_srv_io_wq;
atomic_long_t rnbd_srv_counters[RNBD_SRV_COUNTERS];

static const char * const counter_names[RNBD_SRV_COUNTERS] = {
	[RNBD_SRV_VIOLATIONS]		= "violations",
	[RNBD_SRV_BAD_MESSAGES]		= "bad_messages",
	[RNBD_SRV_UNKNOWN_DEVICE]	= "unknown_device",
	[RNBD_SRV_BAD_IO]		= "bad_io",
	[RNBD_SRV_RO_WRITES]		= "ro_writes",
	[RNBD_SRV_OPENS]		= "opens",
	[RNBD_SRV_OPENS_REFUSED]	= "opens_refused",
	[RNBD_SRV_CLOSES]		= "closes",
	[RNBD_SRV_FORCED_CLOSES]	= "forced_closes",
	[RNBD_SRV_STABLE_WAITS]		= "stable_waits",
	[RNBD_SRV_DISK_FULL]		= "disk_full",
};

static struct dentry *debugfs_dir;

static int counters_show(struct seq_file *seq, void *unused)
{
	int i;

	for (i = 0; i < RNBD_SRV_COUNTERS; i++)
		seq_printf(seq, "%s %ld\n", counter_names[i],
			   atomic_long_read(&rnbd_srv_counters[i]));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(counters);

static void __init announce(void)
{
	if (*rnbd_srv_search_path)
		pr_notice("every client that reaches port %u may open the block devices below %s\n",
			  port_nr, rnbd_srv_search_path);
	else
		pr_notice("dev_search_path is not set: no client may open anything\n");
}

static int __init rnbd_srv_init(void)
{
	int err = -ENOMEM;

	/* opening and closing, and I/O, wait for disks: one session's for no other's */
	rnbd_srv_wq = alloc_workqueue("rnbd-server", WQ_UNBOUND, WQ_MAX_ACTIVE);
	if (!rnbd_srv_wq)
		return err;
	rnbd_srv_io_wq = alloc_workqueue("rnbd-server-io", WQ_UNBOUND | WQ_MEM_RECLAIM,
					 WQ_MAX_ACTIVE);
	if (!rnbd_srv_io_wq)
		goto err_wq;
	err = rnbd_srv_sysfs_init();
	if (err)
		goto err_io_wq;
	err = rnbd_srv_genl_init();
	if (err)
		goto err_sysfs;
	debugfs_dir = debugfs_create_dir("rnbd-server", NULL);
	debugfs_create_file("counters", 0444, debugfs_dir, NULL, &counters_fops);
	err = rtrs_srv_listen(&rnbd_srv_rtrs_ops, port_nr);
	if (err) {
		pr_err("cannot listen on port %u: error %d\n", port_nr, err);
		goto err_debugfs;
	}
	announce();
	return 0;

err_debugfs:
	debugfs_remove(debugfs_dir);
	rnbd_srv_genl_exit();
err_sysfs:
	rnbd_srv_sysfs_exit();
err_io_wq:
	destroy_workqueue(rnbd_srv_io_wq);
err_wq:
	destroy_workqueue(rnbd_srv_wq);
	return err;
}

static void __exit rnbd_srv_exit(void)
{
	/* Ends every session and with it every mapping; what follows is idle. */
	rtrs_srv_unlisten();
	debugfs_remove(debugfs_dir);
	rnbd_srv_genl_exit();
	rnbd_srv_sysfs_exit();
	destroy_workqueue(rnbd_srv_io_wq);
	destroy_workqueue(rnbd_srv_wq);
}

module_init(rnbd_srv_init);
module_exit(rnbd_srv_exit);
