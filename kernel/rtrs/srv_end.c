// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A client says by one path that another one of its session is over, before it
 * sends what was unanswered there by this one. The answer means that nothing of
 * the other path begins any more: its queue pairs are flushed, and whoever took
 * in something that they had received has put it into its chunk or dropped it.
 * What has a chunk may still be at the disk; the copy waits for the chunk (rule
 * G). No state is kept: the client asks until it is answered. Runs in the
 * receive handler of connection 0 if rtrs_srv.lock is free, for what else comes by
 * this connection does not wait for it, and otherwise in the path's worker.
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

/* With rtrs_srv.lock held. */
static bool is_over(const struct rtrs_srv_path *path, u32 token)
{
	struct rtrs_srv_path *other = find_other(path, token);

	if (!other)
		return true;
	if (smp_load_acquire(&other->drained))	/* pairs with halt_path() */
		return true;
	rtrs_srv_path_raise(other, RTRS_PEV_LOST, RTRS_CAUSE_PEER_CLOSED, -ECONNRESET);
	return false;
}

static void say_over(struct rtrs_srv_path *path, u32 token)
{
	int ret = rtrs_heartbeat_say(&path->hb, RTRS_WIRE_IMM_PATH_END_ACK, token);

	if (ret)
		rtrs_srv_path_raise(path, RTRS_PEV_LOST, RTRS_CAUSE_TRANSPORT_ERROR, ret);
}

/* The last question that met a taken lock; the client repeats those before it. */
void rtrs_srv_path_end_late(struct rtrs_srv_path *path)
{
	u32 token = READ_ONCE(path->end_asked);
	bool over;

	mutex_lock(&rtrs_srv.lock);
	over = is_over(path, token);
	mutex_unlock(&rtrs_srv.lock);
	if (over)
		say_over(path, token);
}

void rtrs_srv_path_end(struct rtrs_srv_conn *conn, u32 token)
{
	struct rtrs_srv_path *path = conn->path;
	bool over;

	if (conn->core.cid || path->ext_version < RTRS_WIRE_EXT_PATH_END || !token ||
	    token == path->token || !READ_ONCE(path->published)) {
		rtrs_srv_violation(path, conn->core.cid, RTRS_SRV_STRAY_PATH_END);
		return;
	}
	if (!rtrs_bucket_take(&path->end_rate, ktime_get_ns(), ENDS_RATE, ENDS_BURST))
		return;
	if (!mutex_trylock(&rtrs_srv.lock)) {
		WRITE_ONCE(path->end_asked, token);
		rtrs_srv_path_job(path, RTRS_SRV_JOB_END);
		return;
	}
	over = is_over(path, token);
	mutex_unlock(&rtrs_srv.lock);
	if (over)
		say_over(path, token);
}
