// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A client says by one path that another one of its session is over, before it
 * sends what was unanswered there by this one. The answer means that nothing of
 * the other path begins any more: its queue pairs are flushed, and whoever took
 * in something that they had received has put it into its chunk or dropped it.
 * What has a chunk may still be at the disk; the copy waits for the chunk (rule
 * G). No state is kept: the client asks until it is answered. Runs in the
 * receive handler of connection 0; takes rtrs_srv.lock if it is free.
 */
#include "server.h"

/* questions of one path a second, and at once: 128 paths may be lost together */
#define ENDS_RATE	500
#define ENDS_BURST	256

static struct rtrs_srv_path *find_other(const struct rtrs_srv_path *path, u32 token)
{
	struct rtrs_srv_path *other;

	list_for_each_entry(other, &path->session->paths, entry)
		if (other != path && other->token && other->token == token)
			return other;
	return NULL;
}

static bool is_over(const struct rtrs_srv_path *path, u32 token)
{
	struct rtrs_srv_path *other;
	bool over;

	/* asked again soon, and what else comes by this connection does not wait */
	if (!mutex_trylock(&rtrs_srv.lock))
		return false;
	other = find_other(path, token);
	/* pairs with halt_path() */
	over = !other || smp_load_acquire(&other->drained);
	if (!over)
		rtrs_srv_path_raise(other, RTRS_PEV_LOST, RTRS_CAUSE_PEER_CLOSED, -ECONNRESET);
	mutex_unlock(&rtrs_srv.lock);
	return over;
}

void rtrs_srv_path_end(struct rtrs_srv_conn *conn, u32 token)
{
	struct rtrs_srv_path *path = conn->path;
	int ret = 0;

	if (conn->core.cid || path->ext_version < RTRS_WIRE_EXT_PATH_END || !token ||
	    token == path->token || !READ_ONCE(path->published)) {
		rtrs_srv_violation(path, conn->core.cid, RTRS_SRV_STRAY_PATH_END);
		return;
	}
	if (!rtrs_bucket_take(&path->end_rate, ktime_get_ns(), ENDS_RATE, ENDS_BURST))
		return;
	if (is_over(path, token))
		ret = rtrs_heartbeat_say(&path->hb, RTRS_WIRE_IMM_PATH_END_ACK, token);
	if (ret)
		rtrs_srv_path_raise(path, RTRS_PEV_LOST, RTRS_CAUSE_TRANSPORT_ERROR, ret);
}
