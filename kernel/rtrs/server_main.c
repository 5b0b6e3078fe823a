// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rtrs-server as a module: parameters and their check, order of init and exit.
 * Owns the one struct rtrs_srv; everything in it belongs to the other files.
 */
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/reboot.h>

#include "server.h"
#include "../version.h"

struct rtrs_srv rtrs_srv;

struct rtrs_srv_params rtrs_srv_params = {
	.invalidate = RTRS_SRV_INVAL_AUTO,
	.max_chunk_size = 131072,
	.sess_queue_depth = 512,
	.max_sessions = 256,
	.max_conns = 1025,
	.max_conns_total = 32768,
	.max_conns_per_addr = 8192,
	.connect_rate = 64,
	.half_open_max = 64,
	.half_open_per_addr = 8,
	.handshake_timeout = 10,
	.chunk_memory_percent = 25,
	.ack_timeout = RTRS_ACK_TIMEOUT_AUTO,
	/* a dead client is gone after 25 to 30 s, or 0.8 s after somebody asks */
	.heartbeat = {
		.idle_ms = RTRS_HB_IDLE_MS,
		.busy_ms = 200,
		.missed_max = 4,
	},
};

static const char * const invalidate_names[] = {
	[RTRS_SRV_INVAL_NO]	= "N",
	[RTRS_SRV_INVAL_YES]	= "Y",
	[RTRS_SRV_INVAL_AUTO]	= "auto",
};

const char *rtrs_srv_invalidate_name(void)
{
	return invalidate_names[rtrs_srv_params.invalidate];
}

/* A bool as it always was, and "auto". Without a value: yes, as for a bool. */
static int invalidate_set(const char *text, const struct kernel_param *kp)
{
	bool strict = true;
	int ret = 0;

	if (text && sysfs_streq(text, "auto")) {
		rtrs_srv_params.invalidate = RTRS_SRV_INVAL_AUTO;
		return 0;
	}
	if (text)
		ret = kstrtobool(text, &strict);
	if (!ret)
		rtrs_srv_params.invalidate = strict ? RTRS_SRV_INVAL_YES : RTRS_SRV_INVAL_NO;
	return ret;
}

static int invalidate_get(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s\n", rtrs_srv_invalidate_name());
}

static const struct kernel_param_ops invalidate_ops = {
	.flags = KERNEL_PARAM_OPS_FL_NOARG,
	.set = invalidate_set,
	.get = invalidate_get,
};

module_param_cb(always_invalidate, &invalidate_ops, NULL, 0444);
MODULE_PARM_DESC(always_invalidate, "Take away the client's key of a chunk with every request: Y, N, or auto = only where data must be stable (default auto)");
module_param_named(max_chunk_size, rtrs_srv_params.max_chunk_size, int, 0444);
MODULE_PARM_DESC(max_chunk_size, "Bytes of one chunk: data, message and header of a request; a power of two from 8192 (default 131072)");
module_param_named(sess_queue_depth, rtrs_srv_params.sess_queue_depth, int, 0444);
MODULE_PARM_DESC(sess_queue_depth, "Chunks, hence requests in flight, of one session: 1..65535 (default 512)");
module_param_named(max_sessions, rtrs_srv_params.max_sessions, uint, 0444);
MODULE_PARM_DESC(max_sessions, "Sessions at a time (default 256)");
module_param_named(max_conns, rtrs_srv_params.max_conns, uint, 0444);
MODULE_PARM_DESC(max_conns, "Connections of one path: 2..4096 (default 1025)");
module_param_named(max_conns_total, rtrs_srv_params.max_conns_total, uint, 0444);
MODULE_PARM_DESC(max_conns_total, "Connections of all paths (default 32768)");
module_param_named(max_conns_per_addr, rtrs_srv_params.max_conns_per_addr, uint, 0444);
MODULE_PARM_DESC(max_conns_per_addr, "The same from one client address (default 8192)");
module_param_named(connect_rate, rtrs_srv_params.connect_rate, uint, 0444);
MODULE_PARM_DESC(connect_rate, "Paths that one client address may ask for in a second, four times that at once after a rest: up to 100000, 0 = no limit (default 64)");
module_param_named(half_open_max, rtrs_srv_params.half_open_max, uint, 0444);
MODULE_PARM_DESC(half_open_max, "Paths in the middle of the handshake (default 64)");
module_param_named(half_open_per_addr, rtrs_srv_params.half_open_per_addr, uint, 0444);
MODULE_PARM_DESC(half_open_per_addr, "The same from one client address (default 8)");
module_param_named(handshake_timeout, rtrs_srv_params.handshake_timeout, uint, 0444);
MODULE_PARM_DESC(handshake_timeout, "Seconds a client may take to establish a path: 1..600 (default 10)");
module_param_named(chunk_memory_percent, rtrs_srv_params.chunk_memory_percent, uint, 0444);
MODULE_PARM_DESC(chunk_memory_percent, "Part of the memory that chunks of all sessions may take: 1..90 (default 25)");
module_param_named(ack_timeout, rtrs_srv_params.ack_timeout, int, 0444);
MODULE_PARM_DESC(ack_timeout, "The adapter repeats what the client's has not acknowledged after 4.096 us << this, 10..31; 0 = as the fabric says (default -1: 15, which is 134 ms, but 0 on soft RDMA)");
module_param_named(heartbeat_idle_ms, rtrs_srv_params.heartbeat.idle_ms, uint, 0444);
MODULE_PARM_DESC(heartbeat_idle_ms, "Milliseconds between heartbeats: 100..600000 (default 5000)");
module_param_named(heartbeat_busy_ms, rtrs_srv_params.heartbeat.busy_ms, uint, 0444);
MODULE_PARM_DESC(heartbeat_busy_ms, "The same while a path is in doubt because its client asks for it anew: 20..heartbeat_idle_ms (default 200)");
module_param_named(heartbeat_missed_max, rtrs_srv_params.heartbeat.missed_max, uint, 0444);
MODULE_PARM_DESC(heartbeat_missed_max, "A path is lost when the client is silent for more of these: 1..1000 (default 4)");

static int params_check(void)
{
	const struct rtrs_srv_params *p = &rtrs_srv_params;
	int ret = -EINVAL;

	if (p->sess_queue_depth > 0 && p->max_chunk_size > 0)
		ret = rtrs_geometry_from_params(&rtrs_srv.geometry, p->sess_queue_depth,
						p->max_chunk_size, PAGE_SIZE);
	if (ret) {
		pr_err("sess_queue_depth=%d with max_chunk_size=%d is not possible\n",
		       p->sess_queue_depth, p->max_chunk_size);
		return ret;
	}
	if (!p->max_sessions || !p->half_open_max || !p->half_open_per_addr ||
	    p->max_conns < 2 || p->max_conns > RTRS_WIRE_MAX_CONNS ||
	    p->max_conns_total < 2 || p->max_conns_per_addr < 2 || p->connect_rate > 100000 ||
	    !p->handshake_timeout || p->handshake_timeout > 600 ||
	    !p->chunk_memory_percent || p->chunk_memory_percent > 90 ||
	    !rtrs_hb_params_ok(&p->heartbeat) || !rtrs_ack_timeout_ok(p->ack_timeout)) {
		pr_err("a limit is out of range, see modinfo\n");
		return -EINVAL;
	}
	return 0;
}

static void state_init(void)
{
	mutex_init(&rtrs_srv.lock);
	INIT_LIST_HEAD(&rtrs_srv.sessions);
	INIT_LIST_HEAD(&rtrs_srv.hcas);
	INIT_LIST_HEAD(&rtrs_srv.half_open);
	init_waitqueue_head(&rtrs_srv.gone);
	rtrs_srv.rate_seed = get_random_u32();
	rtrs_srv.instance = get_random_u64() | 1;
}

static int reboot(struct notifier_block *nb, unsigned long event, void *unused)
{
	rtrs_srv_farewell();
	return NOTIFY_DONE;
}

static struct notifier_block reboot_notifier = { .notifier_call = reboot };

static int __init server_init(void)
{
	int ret;

	ret = params_check();
	if (ret)
		return ret;
	state_init();
	/* No WQ_MEM_RECLAIM: work of RDMA core that path workers wait on has none. */
	rtrs_srv.wq = alloc_workqueue("rtrs_server", WQ_UNBOUND, WQ_MAX_ACTIVE);
	if (!rtrs_srv.wq)
		return -ENOMEM;
	ret = rtrs_opcounts_create(&rtrs_srv.opc, "rtrs-server");
	if (ret)
		goto err_wq;
	rtrs_srv_debugfs();
	ret = rtrs_srv_sysfs_init();
	if (ret)
		goto err_opcounts;
	ret = rtrs_srv_genl_init();
	if (ret)
		goto err_sysfs;
	ret = rtrs_srv_ports_init();
	if (ret)
		goto err_genl;
	ret = register_reboot_notifier(&reboot_notifier);
	if (ret)
		goto err_ports;
	return 0;

err_ports:
	rtrs_srv_ports_exit();
err_genl:
	rtrs_srv_genl_exit();
err_sysfs:
	rtrs_srv_sysfs_exit();
err_opcounts:
	rtrs_opcounts_destroy(&rtrs_srv.opc);
err_wq:
	destroy_workqueue(rtrs_srv.wq);
	return ret;
}

/* The upper layer is unloaded first and has stopped listening: no session is left. */
static void __exit server_exit(void)
{
	unregister_reboot_notifier(&reboot_notifier);
	rtrs_srv_ports_exit();
	rtrs_srv_genl_exit();
	destroy_workqueue(rtrs_srv.wq);
	rtrs_cm_flush(&rtrs_srv.kept);
	rtrs_srv_sysfs_exit();
	rtrs_opcounts_destroy(&rtrs_srv.opc);
}

module_init(server_init);
module_exit(server_exit);

MODULE_DESCRIPTION("RDMA transport for block devices, server");
MODULE_VERSION(RNBD_VERSION);
MODULE_LICENSE("GPL");
