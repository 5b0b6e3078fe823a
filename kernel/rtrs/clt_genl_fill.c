// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sessions, paths and the module as netlink attributes, for the getters, the
 * setters' answers and the events of the family "rtrs-client". A session is
 * read under its mutex, a path from its worker's view.
 */
#include "client.h"

#include "../version.h"
#include "clt_genl.h"

static s64 age_ms(ktime_t since)
{
	return ktime_ms_delta(ktime_get(), since);
}

static int put_why(struct sk_buff *skb, const struct rtrs_why *why)
{
	if (nla_put_string(skb, RTRS_A_CAUSE, rtrs_cause_token(why->cause)) ||
	    nla_put_string(skb, RTRS_A_CAUSE_TEXT, rtrs_cause_text(why->cause)) ||
	    nla_put_s32(skb, RTRS_A_ERROR, why->error) ||
	    nla_put_u8(skb, RTRS_A_REMOTE, why->remote))
		return -EMSGSIZE;
	return 0;
}

static u32 genl_state(enum rtrs_path_state state)
{
	static const u8 states[RTRS_PATH_STATES] = {
		[RTRS_PATH_CONNECTING]	= RTRS_STATE_CONNECTING,
		[RTRS_PATH_CONNECTED]	= RTRS_STATE_CONNECTED,
		[RTRS_PATH_DRAINING]	= RTRS_STATE_DRAINING,
		[RTRS_PATH_WAITING]	= RTRS_STATE_WAITING,
		[RTRS_PATH_CLOSING]	= RTRS_STATE_CLOSING,
		[RTRS_PATH_CLOSED]	= RTRS_STATE_CLOSED,
		[RTRS_PATH_GONE]	= RTRS_STATE_CLOSED,
	};

	return states[state];
}

static int put_u64(struct sk_buff *skb, int type, u64 value)
{
	return nla_put_u64_64bit(skb, type, value, RTRS_A_PAD);
}

static int put_stats(struct sk_buff *skb, struct rtrs_clt_path *path,
		     const struct rtrs_clt_view *view)
{
	struct nlattr *nest = nla_nest_start(skb, RTRS_A_STATS);
	struct rtrs_clt_stats sum;

	if (!nest)
		return -EMSGSIZE;
	rtrs_clt_stats_sum(path, &sum);
	if (nla_put_u64_64bit(skb, RTRS_STAT_A_READS, sum.reads, RTRS_STAT_A_PAD) ||
	    nla_put_u64_64bit(skb, RTRS_STAT_A_READ_BYTES, sum.read_bytes, RTRS_STAT_A_PAD) ||
	    nla_put_u64_64bit(skb, RTRS_STAT_A_WRITES, sum.writes, RTRS_STAT_A_PAD) ||
	    nla_put_u64_64bit(skb, RTRS_STAT_A_WRITE_BYTES, sum.write_bytes, RTRS_STAT_A_PAD) ||
	    nla_put_u32(skb, RTRS_STAT_A_INFLIGHT, max(sum.inflight, 0L)) ||
	    nla_put_u64_64bit(skb, RTRS_STAT_A_FAILOVERS, sum.failovers, RTRS_STAT_A_PAD) ||
	    nla_put_u32(skb, RTRS_STAT_A_RECONNECTS, max(view->connects_shown, 0)) ||
	    nla_put_u32(skb, RTRS_STAT_A_RECONNECT_FAILURES, view->failures_shown) ||
	    nla_put_u32(skb, RTRS_STAT_A_VIOLATIONS, atomic_read(&path->violations))) {
		nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static int put_path_link(struct sk_buff *skb, struct rtrs_clt_path *path,
			 const struct rtrs_clt_view *view)
{
	s64 wait = max(ktime_ms_delta(view->next_try, ktime_get()), 0LL);

	if (genl_put_addr(skb, RTRS_A_SRC, &view->used.src, 0) ||
	    genl_put_addr(skb, RTRS_A_DST, &path->wanted.dst, path->session->port))
		return -EMSGSIZE;
	if (view->hca[0] && (nla_put_string(skb, RTRS_A_HCA, view->hca) ||
			     nla_put_u32(skb, RTRS_A_HCA_PORT, view->hca_port)))
		return -EMSGSIZE;
	if (view->state == RTRS_PATH_WAITING && nla_put_u32(skb, RTRS_A_NEXT_TRY_MS, wait))
		return -EMSGSIZE;
	if (nla_put_u32(skb, RTRS_A_CONNS, path->conn_count) ||
	    nla_put_u32(skb, RTRS_A_ATTEMPT, view->attempt) ||
	    put_u64(skb, RTRS_A_LATENCY_NS, READ_ONCE(path->hb.latency_ns)) ||
	    nla_put_u8(skb, RTRS_A_NEW_RKEY, view->new_rkey))
		return -EMSGSIZE;
	return put_stats(skb, path, view);
}

int rtrs_clt_genl_put_path(struct sk_buff *skb, struct rtrs_clt_path *path)
{
	char name[RTRS_PAIR_TEXT_MAX];
	struct rtrs_clt_view view;

	rtrs_clt_path_view(path, &view);
	rtrs_pair_format(&view.used, name, sizeof(name));
	if (nla_put_u32(skb, RTRS_A_ID, path->id) ||
	    nla_put_string(skb, RTRS_A_NAME, name) ||
	    nla_put_u32(skb, RTRS_A_GENERATION, rtrs_clt_genl_generation()) ||
	    nla_put_u32(skb, RTRS_A_SESSION_ID, path->session->id) ||
	    nla_put_u32(skb, RTRS_A_STATE, genl_state(view.state)) ||
	    put_u64(skb, RTRS_A_SINCE_MS, age_ms(view.since)) ||
	    put_why(skb, &view.why))
		return -EMSGSIZE;
	return put_path_link(skb, path, &view);
}

/* Connected if a path is; otherwise what the first path is busy with. */
static u32 session_state(struct rtrs_clt_session *session)
{
	struct rtrs_clt_path *path;
	struct rtrs_clt_view view;

	if (rtrs_clt_session_is_up(session))
		return RTRS_STATE_CONNECTED;
	path = list_first_entry_or_null(&session->paths, struct rtrs_clt_path, link);
	if (!path)
		return RTRS_STATE_CLOSED;
	rtrs_clt_path_view(path, &view);
	return genl_state(view.state);
}

static int put_session_shape(struct sk_buff *skb, struct rtrs_clt_session *session)
{
	/* pairs with publishing */
	bool known = smp_load_acquire(&session->ever_up);

	if (nla_put_u32(skb, RTRS_A_QUEUE_DEPTH, known ? session->limits.queue_depth : 0) ||
	    nla_put_u32(skb, RTRS_A_MAX_IO_SIZE, known ? session->limits.max_io_size : 0) ||
	    nla_put_u32(skb, RTRS_A_CHUNK_SIZE, known ? session->geo.chunk_size : 0) ||
	    nla_put_string(skb, RTRS_A_MP_POLICY, rtrs_mp_name(READ_ONCE(session->policy))) ||
	    nla_put_s32(skb, RTRS_A_MAX_RECONNECTS, READ_ONCE(session->max_reconnects)) ||
	    nla_put_u32(skb, RTRS_A_HEARTBEAT_IDLE_MS, session->heartbeat.idle_ms) ||
	    nla_put_u32(skb, RTRS_A_HEARTBEAT_BUSY_MS, session->heartbeat.busy_ms) ||
	    nla_put_u32(skb, RTRS_A_HEARTBEAT_MISSED, session->heartbeat.missed_max) ||
	    nla_put_u32(skb, RTRS_A_PATHS_TOTAL, session->path_total) ||
	    nla_put_u32(skb, RTRS_A_PATHS_UP, rtrs_clt_session_paths_up(session)))
		return -EMSGSIZE;
	return 0;
}

/* Path list, cause and age belong together. */
int rtrs_clt_genl_put_session(struct sk_buff *skb, struct rtrs_clt_session *session)
{
	int ret = -EMSGSIZE;

	mutex_lock(&session->mutex);
	if (nla_put_u32(skb, RTRS_A_ID, session->id) ||
	    nla_put_string(skb, RTRS_A_NAME, session->name) ||
	    nla_put_u32(skb, RTRS_A_GENERATION, rtrs_clt_genl_generation()) ||
	    nla_put_u32(skb, RTRS_A_STATE, session_state(session)) ||
	    put_u64(skb, RTRS_A_SINCE_MS, age_ms(session->since)) ||
	    put_why(skb, &session->why))
		goto unlock;
	ret = put_session_shape(skb, session);
unlock:
	mutex_unlock(&session->mutex);
	return ret;
}

int rtrs_clt_genl_put_info(struct sk_buff *skb)
{
	if (nla_put_string(skb, RTRS_A_MODULE, RTRS_CLIENT_GENL_NAME) ||
	    nla_put_string(skb, RTRS_A_VERSION, RNBD_VERSION) ||
	    nla_put_u32(skb, RTRS_A_GENERATION, rtrs_clt_genl_generation()) ||
	    put_u64(skb, RTRS_A_FEATURES, 0) ||
	    nla_put_u32(skb, RTRS_A_QUEUE_DEPTH, rtrs_clt_max_depth()) ||
	    nla_put_u32(skb, RTRS_A_CONNS, rtrs_clt_io_conns() + 1))
		return -EMSGSIZE;
	return 0;
}
