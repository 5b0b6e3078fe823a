// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Taking the connections of a path down, in the order that leaves nothing
 * behind: silence, queues, memory, device, CM ids. Called by the path worker.
 * Device removal needs no client of its own: the CM waits until the last CM id
 * of the device is destroyed, and everything else goes before it.
 */
#include "client.h"

#define DISCONNECT_MS	1000	/* the peer's answers to our disconnects, together */

static void disconnect(struct rtrs_clt_path *path)
{
	u32 i;

	for (i = 0; i < path->conn_count; i++)
		if (path->conns[i].established && rtrs_port_up(path->conns[i].c.cm_id))
			rdma_disconnect(path->conns[i].c.cm_id);
}

void rtrs_clt_stop(struct rtrs_clt_path *path)
{
	u32 i;

	rtrs_heartbeat_stop(&path->hb);
	rtrs_clt_watch_stop(path);
	disconnect(path);
	for (i = 0; i < path->conn_count; i++)
		rtrs_conn_drain(&path->conns[i].c);
	for (i = 0; i < path->conn_count; i++)
		rtrs_conn_destroy_qp(&path->conns[i].c);
}

static bool all_disconnected(struct rtrs_clt_path *path)
{
	u32 i;

	/* nobody answers any more, and the device is waited for */
	if (path->why.cause == RTRS_CAUSE_DEVICE_REMOVED)
		return true;
	for (i = 0; i < path->conn_count; i++)
		if (path->conns[i].established && !READ_ONCE(path->conns[i].disconnected) &&
		    rtrs_port_up(path->conns[i].c.cm_id))
			return false;
	return true;
}

/* A path that is to come back needs its port anyway, one that is to go does not. */
static bool port_enough(void *arg)
{
	const struct rtrs_clt_path *path = arg;

	return READ_ONCE(path->device_gone) || !path->was_connected ||
	       path->state == RTRS_PATH_CLOSING ||
	       atomic_read(&path->events) & (RTRS_PEV_CLOSE | RTRS_PEV_REMOVE);
}

/* All connections of a path leave by one port. */
static void await_port(struct rtrs_clt_path *path)
{
	const struct rtrs_clt_conn *conn = &path->conns[0];
	struct rdma_cm_id *id = conn->c.cm_id;

	if (!conn->dialled || rtrs_port_up(id))
		return;
	rtrs_port_await(id, port_enough, path);
	/* what could not be said when it was due */
	disconnect(path);
}

void rtrs_clt_teardown(struct rtrs_clt_path *path)
{
	struct rtrs_device *dev = path->dev;
	u32 i;

	await_port(path);
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
