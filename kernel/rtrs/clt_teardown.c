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
		if (path->conns[i].established)
			rtrs_cm_disconnect(&path->conns[i].c);
}

void rtrs_clt_stop(struct rtrs_clt_path *path)
{
	u32 i;

	rtrs_heartbeat_stop(&path->hb);
	rtrs_clt_watch_stop(path);
	disconnect(path);
	for (i = 0; i < path->conn_count; i++)
		rtrs_conn_drain(&path->conns[i].c);
}

/*
 * A server that cannot be told that the path is over takes what still arrives of it:
 * there the end of the queue pairs, and thereby their packets, is waited for.
 */
void rtrs_clt_cut_off(struct rtrs_clt_path *path)
{
	struct rtrs_conn *conn;
	u32 i;

	for (i = 0; i < path->conn_count; i++) {
		conn = &path->conns[i].c;
		if (!path->can_end || rtrs_conn_let_go(conn))
			rtrs_conn_end_qp(conn, true);
	}
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

	/* what a port that was down kept back, and may still be down for */
	for (i = 0; i < path->conn_count; i++)
		if (path->conns[i].established && !path->conns[i].c.held)
			rtrs_cm_disconnect(&path->conns[i].c);
	/* a disconnect is repeated by the CM only while its id lives */
	wait_event_timeout(path->wait, all_disconnected(path), msecs_to_jiffies(DISCONNECT_MS));
	/* not before: what is left cannot disconnect */
	for (i = 0; i < path->conn_count; i++)
		rtrs_conn_end_qp(&path->conns[i].c, false);
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
		path->claims = path->dir;
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
