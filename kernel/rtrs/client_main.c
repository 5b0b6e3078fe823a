// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Start and end of module rtrs-client: parameters, work queue, counters,
 * sysfs class, netlink family. Sessions belong to upper modules, which hold a
 * reference to this one, so none is left when the module goes. No locks.
 */
#include "client.h"

#include <linux/module.h>

#include "../version.h"

MODULE_AUTHOR("The rnbd project");
MODULE_DESCRIPTION("Client side of the RTRS transport: requests to a server over RDMA paths");
MODULE_VERSION(RNBD_VERSION);
MODULE_LICENSE("GPL");

static ushort conns_per_path;
module_param(conns_per_path, ushort, 0444);
MODULE_PARM_DESC(conns_per_path,
		 "I/O connections of each path, 1 to 1024 (default 0: one per CPU, at most 16)");

static uint max_queue_depth = 4096;
module_param(max_queue_depth, uint, 0444);
MODULE_PARM_DESC(max_queue_depth, "Largest queue depth accepted from a server (default 4096)");

struct rtrs_hb_params rtrs_clt_hb_params = {
	.idle_ms = RTRS_HB_IDLE_MS,
	.busy_ms = RTRS_HB_BUSY_MS,
	.missed_max = RTRS_HB_MISSED_MAX,
};
module_param_named(heartbeat_idle_ms, rtrs_clt_hb_params.idle_ms, uint, 0444);
MODULE_PARM_DESC(heartbeat_idle_ms,
		 "Milliseconds between heartbeats without I/O, 100 to 600000 (default 5000)");
module_param_named(heartbeat_busy_ms, rtrs_clt_hb_params.busy_ms, uint, 0444);
MODULE_PARM_DESC(heartbeat_busy_ms,
		 "The same while I/O waits for the server, 20 to heartbeat_idle_ms (default 125)");
module_param_named(heartbeat_missed_max, rtrs_clt_hb_params.missed_max, uint, 0444);
MODULE_PARM_DESC(heartbeat_missed_max,
		 "A path is lost when the server is silent for more of these, 1 to 1000 (default 5)");

static int ack_timeout = RTRS_ACK_TIMEOUT_AUTO;
module_param(ack_timeout, int, 0444);
MODULE_PARM_DESC(ack_timeout,
		 "The adapter repeats what the server's has not acknowledged after 4.096 us << this, 10 to 31, six times; 0 = as the fabric says (default -1: 15, which is 134 ms, but 0 on soft RDMA)");

struct rtrs_opcounts rtrs_clt_opc;
struct workqueue_struct *rtrs_clt_wq;
struct rtrs_cm_kept rtrs_clt_kept;

u32 rtrs_clt_io_conns(void)
{
	if (conns_per_path)
		return conns_per_path;
	return min(num_possible_cpus(), 16U);
}

u32 rtrs_clt_max_depth(void)
{
	return max_queue_depth;
}

int rtrs_clt_ack_timeout(void)
{
	return ack_timeout;
}

u32 rtrs_clt_new_id(void)
{
	static atomic_t last = ATOMIC_INIT(0);

	return atomic_inc_return(&last);
}

static int __init client_init(void)
{
	int ret;

	if (conns_per_path > RTRS_CLT_IO_CONNS_MAX || !max_queue_depth ||
	    max_queue_depth > RTRS_WIRE_MAX_DEPTH) {
		pr_err("conns_per_path must be 0 to %u, max_queue_depth 1 to %u\n",
		       RTRS_CLT_IO_CONNS_MAX, RTRS_WIRE_MAX_DEPTH);
		return -EINVAL;
	}
	if (!rtrs_hb_params_ok(&rtrs_clt_hb_params) || !rtrs_ack_timeout_ok(ack_timeout)) {
		pr_err("ack_timeout or a heartbeat parameter is out of range, see modinfo\n");
		return -EINVAL;
	}
	ret = rtrs_opcounts_create(&rtrs_clt_opc, "rtrs-client");
	if (ret)
		return ret;
	rtrs_clt_debugfs();
	/*
	 * Unbound: path workers sleep for seconds. Not for memory reclaim:
	 * connecting waits for work of the RDMA core that is not either.
	 */
	rtrs_clt_wq = alloc_workqueue("rtrs-client", WQ_UNBOUND, WQ_MAX_ACTIVE);
	if (!rtrs_clt_wq) {
		ret = -ENOMEM;
		goto err_opcounts;
	}
	ret = rtrs_clt_sysfs_init();
	if (ret)
		goto err_wq;
	ret = rtrs_clt_genl_init();
	if (ret)
		goto err_sysfs;
	ret = rtrs_clt_events_init();
	if (ret)
		goto err_genl;
	return 0;

err_genl:
	rtrs_clt_genl_exit();
err_sysfs:
	rtrs_clt_sysfs_exit();
err_wq:
	destroy_workqueue(rtrs_clt_wq);
err_opcounts:
	rtrs_opcounts_destroy(&rtrs_clt_opc);
	return ret;
}

static void __exit client_exit(void)
{
	rtrs_clt_events_exit();
	rtrs_clt_genl_exit();
	rtrs_clt_sysfs_exit();
	destroy_workqueue(rtrs_clt_wq);
	rtrs_cm_flush(&rtrs_clt_kept);
	rtrs_opcounts_destroy(&rtrs_clt_opc);
}

module_init(client_init);
module_exit(client_exit);
