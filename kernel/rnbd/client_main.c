// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loading and unloading of rnbd-client. Everything is set up bottom up and the
 * sysfs door, by which users come in, opens last. Unloading refuses new work,
 * unmaps every device while the doors still tell about it, then goes top down.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>

#include "client.h"
#include "version.h"

static int __init rnbd_clt_init(void)
{
	int err;

	err = rnbd_clt_disk_init();
	if (err)
		return err;
	err = rnbd_clt_session_init();
	if (err)
		goto err_disk;
	err = rnbd_clt_again_init();
	if (err)
		goto err_session;
	err = rnbd_clt_timers_init();
	if (err)
		goto err_again;
	err = rnbd_clt_dev_init();
	if (err)
		goto err_timers;
	err = rnbd_clt_sysfs_init();
	if (err)
		goto err_dev;
	err = rnbd_clt_genl_init();
	if (err)
		goto err_sysfs;
	err = rnbd_clt_sysfs_open();
	if (err)
		goto err_genl;
	return 0;

err_genl:
	/* netlink was open already */
	rnbd_clt_dev_shutdown();
	rnbd_clt_genl_exit();
err_sysfs:
	rnbd_clt_sysfs_exit();
err_dev:
	rnbd_clt_dev_exit();
err_timers:
	rnbd_clt_timers_exit();
err_again:
	rnbd_clt_again_exit();
err_session:
	rnbd_clt_session_exit();
err_disk:
	rnbd_clt_disk_exit();
	return err;
}

static void __exit rnbd_clt_exit(void)
{
	rnbd_clt_dev_shutdown();
	rnbd_clt_sysfs_close();
	rnbd_clt_genl_exit();
	rnbd_clt_sysfs_exit();
	rnbd_clt_dev_exit();
	rnbd_clt_timers_exit();
	rnbd_clt_again_exit();
	rnbd_clt_session_exit();
	rnbd_clt_disk_exit();
}

module_init(rnbd_clt_init);
module_exit(rnbd_clt_exit);

MODULE_DESCRIPTION("RNBD client: block devices of another machine over RDMA");
MODULE_VERSION(RNBD_VERSION);
MODULE_LICENSE("GPL");
