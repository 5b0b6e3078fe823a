// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Counters: requests and bytes of a path (per CPU, written on the I/O path),
 * protocol violations by reason (security rule B). Violations are reported by
 * completion handlers; sums are read by sysfs, netlink and debugfs.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "server.h"

static const char * const violation_names[RTRS_SRV_VIOLATIONS] = {
	[RTRS_SRV_BAD_INFO]		= "bad-info-request",
	[RTRS_SRV_EARLY]		= "request-before-info",
	[RTRS_SRV_BAD_OPCODE]		= "unexpected-opcode",
	[RTRS_SRV_BAD_IMM_TYPE]		= "unknown-immediate",
	[RTRS_SRV_BAD_SLOT]		= "slot-or-offset-out-of-range",
	[RTRS_SRV_BUSY_SLOT]		= "slot-in-use",
	[RTRS_SRV_BAD_HEADER]		= "bad-header",
	[RTRS_SRV_BAD_MESSAGE]		= "bad-message",
	[RTRS_SRV_STRAY_HEARTBEAT]	= "stray-heartbeat",
	[RTRS_SRV_STRAY_PATH_END]	= "stray-path-end",
};

void rtrs_srv_violation(struct rtrs_srv_path *path, u32 cid, enum rtrs_srv_violation reason)
{
	atomic_inc(&path->violations);
	atomic_inc(&rtrs_srv.violations[reason]);
	rtrs_warn(path->session->name, "path %s connection %u broke the protocol: %s\n",
		  path->name, cid, violation_names[reason]);
	rtrs_srv_path_raise(path, RTRS_PEV_LOST, RTRS_CAUSE_VIOLATION, -EPROTO);
}

void rtrs_srv_stats_sum(struct rtrs_srv_path *path, struct rtrs_srv_stats *sum)
{
	const struct rtrs_srv_stats *cell;
	int cpu, dir;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		cell = per_cpu_ptr(path->stats, cpu);
		for (dir = 0; dir < 2; dir++) {
			sum->ops[dir] += cell->ops[dir];
			sum->bytes[dir] += cell->bytes[dir];
		}
	}
}

void rtrs_srv_stats_reset(struct rtrs_srv_path *path)
{
	int cpu;

	for_each_possible_cpu(cpu)
		memset(per_cpu_ptr(path->stats, cpu), 0, sizeof(struct rtrs_srv_stats));
}

static int violations_show(struct seq_file *seq, void *unused)
{
	int i;

	for (i = 0; i < RTRS_SRV_VIOLATIONS; i++)
		seq_printf(seq, "%s %d\n", violation_names[i],
			   atomic_read(&rtrs_srv.violations[i]));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(violations);

/* Goes away with the directory. */
void rtrs_srv_stats_debugfs(void)
{
	debugfs_create_file("violations", 0400, rtrs_srv.opc.dir, NULL, &violations_fops);
}
