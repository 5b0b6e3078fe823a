// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Taking the connections of a path down, in the order that leaves nothing
 * behind: silence, queues, memory, device, CM ids. Called by the path worker.
 * Device removal needs no client of its own: the CM waits until the last CM id
 * of the device is destroyed, and everything else goes before it.
 */
#include "client.h"

#define DISCONNECT_MS	1000	/* the peer's answers to our disconnects, together */

/* What a port that was down kept back is said by another call. */
static void disconnect(struct rtrs_clt_path *path)
{
	u32 i;

	for (i = 0; i < path->conn_count; i++)
		if (path->conns[i].established)
			rtrs_cm_disconnect(&path->conns[i].c);
}

static void destroy_qps(struct rtrs_clt_path *path)
{
	u32 i;

	for (i = 0; i < path->conn_count; i++)
		rtrs_conn_destroy_qp(&path->conns[i].c);
}

/*
 * Soft RDMA destroys a queue pair only when the last packet it sent is freed,
 * and the driver of an interface that is down may keep packets until it is up
 * again. Requests do not wait for that. Packets still in front of a port that
 * works are waited for: none of them may reach the server behind a copy of its
 * request that went by another path.
 */
static bool reset_qps(struct rtrs_clt_path *path)
{
	u32 i;

	for (i = 0; i < path->conn_count; i++)
		if (path->conns[i].c.qp && rtrs_port_up(path->conns[i].c.cm_id))
			return false;
	for (i = 0; i < path->conn_count; i++)
		if (!rtrs_conn_reset_qp(&path->conns[i].c))
			return false;
	return true;
}

void rtrs_clt_stop(struct rtrs_clt_path *path)
{
	u32 i;

	rtrs_heartbeat_stop(&path->hb);
	rtrs_clt_watch_stop(path);
	disconnect(path);
	for (i = 0; i < path->conn_count; i++)
		rtrs_conn_drain(&path->conns[i].c);
	if (!reset_qps(path))
		destroy_qps(path);
}

static bool all_disconnected(struct rtrs_clt_path *path)
{
	u32 i;

	/* nobody answers any more, and the device is waited for */
	if (path->why.cause == RTRS_CAUSE_DEVICE_REMOVED)
		return true;
	for (i = 0; i < path->conn_count; i++)
		if (path->conns[i].c.parted && !READ_ONCE(path->conns[i].disconnected))
			return false;
	return true;
}

void rtrs_clt_teardown(struct rtrs_clt_path *path)
{
	struct rtrs_device *dev = path->dev;
	u32 i;

	destroy_qps(path);
	disconnect(path);
	/* a disconnect is repeated by the CM only while its id lives */
	wait_event_timeout(path->wait, all_disconnected(path), msecs_to_jiffies(DISCONNECT_MS));
	for (i = 0; i < path->conn_count; i++)
		rtrs_clt_recvs_destroy(&path->conns[i]);
	rtrs_iu_destroy(path->info_rsp);
	rtrs_iu_destroy(path->info_req);
	path->info_rsp = NULL;
	path->info_req = NULL;
	rtrs_clt_memory_destroy(path);
	if (dev) {
		mutex_lock(&path->session->mutex);
		path->dev = NULL;
		mutex_unlock(&path->session->mutex);
		rtrs_device_put(dev);
	}
	/* last: an id is what holds back the removal of its device */
	for (i = 0; i < path->conn_count; i++) {
		rtrs_clt_conn_forget(&path->conns[i]);
		path->conns[i].c.dev = NULL;
		path->conns[i].established = false;
	}
}
