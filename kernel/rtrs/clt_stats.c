// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Per-CPU counters of a path: sums and resets for sysfs and netlink, and the
 * number of requests in flight for the path choice. Readers see a moment's
 * mixture; nobody waits. No locks.
 */
#include "client.h"

void rtrs_clt_stats_sum(struct rtrs_clt_path *path, struct rtrs_clt_stats *sum)
{
	int cpu;

	*sum = (struct rtrs_clt_stats){ };
	for_each_possible_cpu(cpu) {
		const struct rtrs_clt_stats *one = per_cpu_ptr(path->stats, cpu);

		sum->reads += READ_ONCE(one->reads);
		sum->read_bytes += READ_ONCE(one->read_bytes);
		sum->writes += READ_ONCE(one->writes);
		sum->write_bytes += READ_ONCE(one->write_bytes);
		sum->failovers += READ_ONCE(one->failovers);
		sum->migrated_to += READ_ONCE(one->migrated_to);
		sum->inflight += READ_ONCE(one->inflight);
	}
}

u32 rtrs_clt_stats_inflight(struct rtrs_clt_path *path)
{
	long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(path->stats, cpu)->inflight);
	/* a request may begin on one CPU and end on another between two reads */
	return max(sum, 0L);
}

ssize_t rtrs_clt_stats_migration_from(struct rtrs_clt_path *path, char *buf)
{
	ssize_t len = 0;
	int cpu;
	u32 i;

	for_each_possible_cpu(cpu) {
		unsigned long moved = 0;

		for (i = 1; i < path->conn_count; i++)
			if (path->conns[i].cpu == cpu)
				moved += READ_ONCE(path->conns[i].migrated);
		len += sysfs_emit_at(buf, len, "%d ", (int)moved);
	}
	return len + sysfs_emit_at(buf, len, "\n");
}

ssize_t rtrs_clt_stats_migration_to(struct rtrs_clt_path *path, char *buf)
{
	ssize_t len = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		len += sysfs_emit_at(buf, len, "%d ",
				     (int)READ_ONCE(per_cpu_ptr(path->stats, cpu)->migrated_to));
	return len + sysfs_emit_at(buf, len, "\n");
}

/* Not the requests in flight: they are still there, and the path choice counts on them. */
void rtrs_clt_stats_reset_rdma(struct rtrs_clt_path *path)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct rtrs_clt_stats *one = per_cpu_ptr(path->stats, cpu);

		WRITE_ONCE(one->reads, 0);
		WRITE_ONCE(one->read_bytes, 0);
		WRITE_ONCE(one->writes, 0);
		WRITE_ONCE(one->write_bytes, 0);
		WRITE_ONCE(one->failovers, 0);
	}
}

void rtrs_clt_stats_reset_migration(struct rtrs_clt_path *path)
{
	int cpu;
	u32 i;

	for_each_possible_cpu(cpu)
		WRITE_ONCE(per_cpu_ptr(path->stats, cpu)->migrated_to, 0);
	for (i = 0; i < path->conn_count; i++)
		WRITE_ONCE(path->conns[i].migrated, 0);
}

void rtrs_clt_stats_reset_reconnects(struct rtrs_clt_path *path)
{
	spin_lock(&path->view_lock);
	path->connects_shown = 0;
	path->failures_shown = 0;
	spin_unlock(&path->view_lock);
}

/*
 * An eighth of the difference per request, without a lock: updates that meet
 * lose one of them, which an average forgives. 0 means not measured yet.
 */
void rtrs_clt_stats_latency(struct rtrs_clt_path *path, u64 ns)
{
	u64 old = READ_ONCE(path->latency_ns);

	WRITE_ONCE(path->latency_ns, old ? old - old / 8 + ns / 8 : ns);
}

/*
 * A path without requests has nothing newer than its heartbeat. In an average
 * over heartbeats, which are many seconds apart, one old stall would keep
 * min-latency away for minutes. Requests know better: they go to the disk, too.
 */
void rtrs_clt_stats_heartbeat(struct rtrs_clt_path *path, u64 ns)
{
	if (!rtrs_clt_stats_inflight(path))
		WRITE_ONCE(path->latency_ns, ns);
}
