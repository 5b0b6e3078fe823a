// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Watch over the connections of a published path. The heartbeat tells about
 * connection 0 only, and soft RDMA may stop a queue pair without an error: its
 * requests would never end. A connection that owes replies and brings none is
 * probed with an empty RDMA write, which the peer's hardware acknowledges and
 * its software never sees; a probe that does not come back is a lost path. The
 * same for one whose sends do not end although the replies came. A server that
 * is merely slow passes. Started and stopped by the path worker, runs on its
 * queue; no locks.
 */
#include "client.h"

#define WATCH_MS	1000
#define PROBE_TICKS	4	/* without an end of the probe */

static void probe_done(struct ib_cq *cq, struct ib_wc *wc)
{
	struct rtrs_clt_conn *conn = container_of(wc->wr_cqe, struct rtrs_clt_conn, probe_cqe);

	rtrs_conn_return_sends(&conn->c, 1);
	WRITE_ONCE(conn->probe_out, false);
	if (wc->status != IB_WC_SUCCESS)
		rtrs_clt_path_lost(conn->path, RTRS_CAUSE_TRANSPORT_ERROR, -EIO, false);
}

static void probe(struct rtrs_clt_conn *conn)
{
	struct ib_rdma_wr wr = {
		.wr.opcode = IB_WR_RDMA_WRITE,
		.wr.send_flags = IB_SEND_SIGNALED,
		.wr.wr_cqe = &conn->probe_cqe,
	};

	/* no room is a sign, too: the ticks go on counting */
	if (!rtrs_conn_take_sends(&conn->c, 1))
		return;
	WRITE_ONCE(conn->probe_out, true);
	if (!ib_post_send(conn->c.qp, &wr.wr, NULL))
		return;
	rtrs_conn_return_sends(&conn->c, 1);
	rtrs_clt_path_lost(conn->path, RTRS_CAUSE_TRANSPORT_ERROR, -EIO, false);
}

static void watch_conn(struct rtrs_clt_conn *conn)
{
	u32 answered = READ_ONCE(conn->answered);
	/* an answered write is not over before its send is: that may be what never ends */
	bool owes = answered != READ_ONCE(conn->submitted) || atomic_read(&conn->awaited);

	/* nobody is woken by sends: this is where a finished probe is noticed */
	rtrs_conn_poll_sends(&conn->c);
	if (answered != conn->answered_seen || !owes) {
		conn->answered_seen = answered;
		conn->silent_ticks = 0;
		return;
	}
	if (READ_ONCE(conn->probe_out)) {
		if (++conn->silent_ticks > PROBE_TICKS)
			rtrs_clt_path_lost(conn->path, RTRS_CAUSE_TRANSPORT_ERROR, -ETIMEDOUT,
					   false);
		return;
	}
	probe(conn);
	if (READ_ONCE(conn->probe_out))
		conn->silent_ticks = 0;
	else if (++conn->silent_ticks > PROBE_TICKS)
		rtrs_clt_path_lost(conn->path, RTRS_CAUSE_TRANSPORT_ERROR, -ETIMEDOUT, false);
}

static void watch_tick(struct work_struct *work)
{
	struct rtrs_clt_path *path = container_of(to_delayed_work(work), struct rtrs_clt_path,
						  watch);
	u32 i;

	for (i = 1; i < path->conn_count; i++)
		watch_conn(&path->conns[i]);
	queue_delayed_work(rtrs_clt_wq, &path->watch, msecs_to_jiffies(WATCH_MS));
}

void rtrs_clt_watch_init(struct rtrs_clt_path *path)
{
	u32 i;

	INIT_DELAYED_WORK(&path->watch, watch_tick);
	for (i = 0; i < path->conn_count; i++)
		path->conns[i].probe_cqe.done = probe_done;
}

void rtrs_clt_watch_start(struct rtrs_clt_path *path)
{
	u32 i;

	for (i = 0; i < path->conn_count; i++) {
		path->conns[i].answered_seen = path->conns[i].answered;
		path->conns[i].silent_ticks = 0;
	}
	queue_delayed_work(rtrs_clt_wq, &path->watch, msecs_to_jiffies(WATCH_MS));
}

void rtrs_clt_watch_stop(struct rtrs_clt_path *path)
{
	cancel_delayed_work_sync(&path->watch);
}
