// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Connect requests, in the CM callback: checked against the limits and what is
 * there before anything is allocated for them, then linked to a path whose
 * worker does the rest. All under rtrs_srv.lock; never waits for the network,
 * a disk or memory registration.
 */
#include <linux/jhash.h>
#include <linux/slab.h>

#include "server.h"

#define HANDSHAKE_MS	2000	/* as long as no other one of the path comes in between */
#define REPLACED_MS	300	/* what a path has to prove itself whose client says it has it no more */
#define RATE_BURST_SECONDS 4	/* what a client may save up while it is quiet */

static struct rtrs_srv_conn *new_conn(struct rtrs_srv_path *path, struct rdma_cm_id *cm_id, u16 cid)
{
	struct rtrs_srv_conn *conn = kzalloc(sizeof(*conn), GFP_KERNEL);

	if (!conn)
		return NULL;
	conn->core.cm_id = cm_id;
	conn->core.cid = cid;
	conn->path = path;
	conn->recv_cqe.done = rtrs_srv_recv_done;
	conn->send_cqe.done = rtrs_srv_unsignalled_done;
	rtrs_srv_conn_init_sends(conn);
	return conn;
}

/* From now on CM events of the id belong to the path. */
static void link_conn(struct rtrs_srv_conn *conn)
{
	conn->path->conns[conn->core.cid] = conn;
	list_add_tail(&conn->arrival, &conn->path->arrivals);
	conn->core.cm_id->context = conn;
	rtrs_srv_path_job(conn->path, RTRS_SRV_JOB_ACCEPT);
}

static struct rtrs_srv_path *find_path(const struct rtrs_srv_session *session, const u8 *uuid)
{
	struct rtrs_srv_path *path;

	list_for_each_entry(path, &session->paths, entry)
		if (!memcmp(path->uuid, uuid, sizeof(path->uuid)))
			return path;
	return NULL;
}

struct peer {
	struct rtrs_addr client, server;
	u16 client_port, server_port;
};

static void get_peer(const struct rdma_cm_id *cm_id, struct peer *peer)
{
	rtrs_sockaddr_addr((struct sockaddr *)&cm_id->route.addr.dst_addr, &peer->client,
			   &peer->client_port);
	rtrs_sockaddr_addr((struct sockaddr *)&cm_id->route.addr.src_addr, &peer->server,
			   &peer->server_port);
}

/* Refusals that the administrator is told of; what a client soon asks again by itself is none. */
enum refusal {
	REFUSED_MALFORMED,
	REFUSED_CONNS,
	REFUSED_CONNS_TOTAL,
	REFUSED_CONNS_ADDR,
	REFUSED_SESSIONS,
	REFUSED_RATE,
	REFUSED_HALF_OPEN,
	REFUSED_HALF_OPEN_ADDR,
	REFUSED_PATHS,
	REFUSED_PAIR,
	REFUSED_STRAY,
	REFUSED_RESOURCE,
	REFUSALS
};

static const struct {
	const char *why;
	const char *param;	/* that set the limit */
	const uint *limit;
} refusals[REFUSALS] = {
	[REFUSED_MALFORMED]	= { "it is not RTRS, or not well-formed" },
	[REFUSED_CONNS]		= { "more connections of a path than",
				    "max_conns", &rtrs_srv_params.max_conns },
	[REFUSED_CONNS_TOTAL]	= { "more connections of all paths than",
				    "max_conns_total", &rtrs_srv_params.max_conns_total },
	[REFUSED_CONNS_ADDR]	= { "more connections from this address than",
				    "max_conns_per_addr", &rtrs_srv_params.max_conns_per_addr },
	[REFUSED_SESSIONS]	= { "more sessions than",
				    "max_sessions", &rtrs_srv_params.max_sessions },
	[REFUSED_RATE]		= { "more paths a second from this address than",
				    "connect_rate", &rtrs_srv_params.connect_rate },
	[REFUSED_HALF_OPEN]	= { "more paths in the handshake than",
				    "half_open_max", &rtrs_srv_params.half_open_max },
	[REFUSED_HALF_OPEN_ADDR] = { "more paths from this address in the handshake than",
				     "half_open_per_addr", &rtrs_srv_params.half_open_per_addr },
	[REFUSED_PATHS]		= { "more paths than a session may have" },
	[REFUSED_PAIR]		= { "its session has a path between these addresses" },
	[REFUSED_STRAY]		= { "a connection that fits no path in the handshake" },
	[REFUSED_RESOURCE]	= { "no memory or device for it" },
};

/* A line of its own for each: a flood of one, which peers can cause, hides no other. */
static struct ratelimit_state refusal_rates[REFUSALS] = {
	[0 ... REFUSALS - 1] = RATELIMIT_STATE_INIT(refusal_rates, DEFAULT_RATELIMIT_INTERVAL, 1),
};

/* Returns @error. The name is what the kernel says of lines left out. */
static int rtrs_srv_refuse(const struct peer *peer, enum refusal cause, int error)
{
	char name[RTRS_ADDR_TEXT_MAX];

	if (!__ratelimit(&refusal_rates[cause]))
		return error;
	rtrs_addr_format(&peer->client, name, sizeof(name));
	if (refusals[cause].param)
		pr_warn("%s: connect request refused: %s %s=%u\n", name, refusals[cause].why,
			refusals[cause].param, *refusals[cause].limit);
	else
		pr_warn("%s: connect request refused: %s (%d)\n", name, refusals[cause].why, error);
	return error;
}

/* Half-open paths cost a queue pair each before anything is known of the peer (S10). */
static int check_half_open(const struct peer *peer)
{
	const struct rtrs_srv_path *path;
	u32 same = 0;

	if (rtrs_srv.half_open_count >= rtrs_srv_params.half_open_max)
		return rtrs_srv_refuse(peer, REFUSED_HALF_OPEN, -EBUSY);
	list_for_each_entry(path, &rtrs_srv.half_open, half_open)
		if (rtrs_addr_equal(&path->client, &peer->client))
			same++;
	if (same >= rtrs_srv_params.half_open_per_addr)
		return rtrs_srv_refuse(peer, REFUSED_HALF_OPEN_ADDR, -EBUSY);
	return 0;
}

/* Queue pairs of one address, and of all, that paths hold or may still ask for (S2). */
static int check_conns(const struct peer *peer, u32 more)
{
	const struct rtrs_srv_session *session;
	const struct rtrs_srv_path *path;
	u32 all = more, same = more;

	list_for_each_entry(session, &rtrs_srv.sessions, entry)
		list_for_each_entry(path, &session->paths, entry) {
			all += path->conn_count;
			if (rtrs_addr_equal(&path->client, &peer->client))
				same += path->conn_count;
		}
	if (all > rtrs_srv_params.max_conns_total)
		return rtrs_srv_refuse(peer, REFUSED_CONNS_TOTAL, -ENOSPC);
	if (same > rtrs_srv_params.max_conns_per_addr)
		return rtrs_srv_refuse(peer, REFUSED_CONNS_ADDR, -ENOSPC);
	return 0;
}

/* Addresses share buckets by chance only; nobody knows which do (S13). */
static int check_rate(const struct peer *peer)
{
	u32 hash = jhash(&peer->client, sizeof(peer->client), rtrs_srv.rate_seed);
	struct rtrs_bucket *bucket = &rtrs_srv.rates[hash % RTRS_SRV_RATES];
	u32 rate = rtrs_srv_params.connect_rate;

	if (!rate || rtrs_bucket_take(bucket, ktime_get_ns(), rate, rate * RATE_BURST_SECONDS))
		return 0;
	return rtrs_srv_refuse(peer, REFUSED_RATE, -EBUSY);
}

/*
 * A client has one handshake at a time for a path: that it begins another one
 * from the same address means that the first came to nothing.
 */
static void give_up_handshake(struct rtrs_srv_path *path, const struct peer *peer)
{
	if (READ_ONCE(path->state) == RTRS_PATH_CONNECTING &&
	    ktime_ms_delta(ktime_get(), path->since) > HANDSHAKE_MS &&
	    rtrs_addr_equal(&path->client, &peer->client))
		rtrs_srv_path_raise(path, RTRS_PEV_TIMER, RTRS_CAUSE_HANDSHAKE_TIMEOUT, -ETIMEDOUT);
}

/* What is left of it goes without anybody's help: worth another try. */
static bool is_ending(struct rtrs_srv_path *path)
{
	return READ_ONCE(path->state) >= RTRS_PATH_CLOSING ||
	       atomic_read(&path->events) & (RTRS_PEV_LOST | RTRS_PEV_CLOSE);
}

/* Ticks of a probe after which a path that is dead was given REPLACED_MS. */
static u32 replaced_tick_ms(void)
{
	return max(DIV_ROUND_UP(REPLACED_MS, rtrs_srv_params.heartbeat.missed_max), 20U);
}

/*
 * May the session get one more path? One that is there already stays as long
 * as its client has it: this request may be a replay (S6). But the client may
 * have lost it without our knowing, so it is looked into; when this client
 * tries again the dead ones are gone.
 */
static int check_session(struct rtrs_srv_session *session, const struct rtrs_hello *hello,
			 const struct peer *peer)
{
	struct rtrs_srv_path *path;

	if (session->dying)
		return -EBUSY;
	rtrs_srv_session_probe(session);
	path = find_path(session, hello->path_uuid);
	if (path) {
		give_up_handshake(path, peer);
		if (rtrs_addr_equal(&path->client, &peer->client))
			rtrs_heartbeat_probe(&path->hb, replaced_tick_ms());
		return -EBUSY;
	}
	if (session->path_count >= RTRS_WIRE_MAX_PATHS)
		return rtrs_srv_refuse(peer, REFUSED_PATHS, -ECONNRESET);
	list_for_each_entry(path, &session->paths, entry)
		if (rtrs_addr_equal(&path->client, &peer->client) &&
		    rtrs_addr_equal(&path->server, &peer->server))
			return is_ending(path) ? -EBUSY :
			       rtrs_srv_refuse(peer, REFUSED_PAIR, -EEXIST);
	return 0;
}

static int link_path(struct rtrs_srv_session *session, struct rtrs_srv_hca *hca,
		     struct rdma_cm_id *cm_id, const struct rtrs_hello *hello,
		     const struct peer *peer)
{
	struct rtrs_srv_path *path = rtrs_srv_path_new(hello->conn_count);
	struct rtrs_addr_pair pair;
	struct rtrs_srv_conn *conn;

	if (IS_ERR(path))
		return PTR_ERR(path);
	conn = new_conn(path, cm_id, hello->cid);
	if (!conn) {
		rtrs_srv_path_put(path);
		return -ENOMEM;
	}
	memcpy(path->uuid, hello->path_uuid, sizeof(path->uuid));
	path->attempt = hello->attempt;
	path->ext_version = hello->ext_version;
	path->token = hello->token;
	path->client = peer->client;
	path->client_port = peer->client_port;
	path->server = peer->server;
	path->server_port = peer->server_port;
	pair.src = peer->client;
	pair.dst = peer->server;
	rtrs_pair_format(&pair, path->name, sizeof(path->name));
	path->hca = hca;
	hca->paths++;
	rtrs_srv.paths_on_hcas++;
	path->hca_port = cm_id->port_num;
	strscpy(path->hca_name, dev_name(&hca->ib->dev), sizeof(path->hca_name));

	rtrs_srv_session_get(session);
	path->session = session;
	session->path_count++;
	list_add_tail(&path->entry, &session->paths);
	rtrs_srv.half_open_count++;
	list_add_tail(&path->half_open, &rtrs_srv.half_open);
	rtrs_srv_path_start(path);
	link_conn(conn);
	return 0;
}

static struct rtrs_srv_hca *find_hca(const struct ib_device *ib)
{
	struct rtrs_srv_hca *hca;

	if (!rtrs_srv.listening)
		return NULL;
	list_for_each_entry(hca, &rtrs_srv.hcas, entry)
		if (hca->ib == ib)
			return hca;
	return NULL;
}

/* Connection 0: a new path, of a known session or of a new one. */
static int open_path(struct rdma_cm_id *cm_id, const struct rtrs_hello *hello,
		     const struct peer *peer)
{
	struct rtrs_srv_session *session = rtrs_srv_session_find(hello->session_uuid);
	struct rtrs_srv_hca *hca = find_hca(cm_id->device);
	bool fresh = !session;
	int ret;

	if (!hca)
		return -ENODEV;
	ret = check_rate(peer);
	if (ret)
		return ret;
	if (fresh && !hello->first_conn)
		return -ENXIO;
	if (fresh && rtrs_srv.session_count >= rtrs_srv_params.max_sessions)
		return rtrs_srv_refuse(peer, REFUSED_SESSIONS, -ENOSPC);
	ret = fresh ? 0 : check_session(session, hello, peer);
	if (!ret)
		ret = check_half_open(peer);
	if (!ret)
		ret = check_conns(peer, hello->conn_count);
	if (ret)
		return ret;
	if (fresh) {
		session = rtrs_srv_session_new(hello->session_uuid);
		if (IS_ERR(session))
			return rtrs_srv_refuse(peer, REFUSED_RESOURCE, PTR_ERR(session));
	}
	ret = link_path(session, hca, cm_id, hello, peer);
	if (ret && fresh)
		rtrs_srv_session_drop(session);
	return ret ? rtrs_srv_refuse(peer, REFUSED_RESOURCE, ret) : 0;
}

/* Further connections: of a half-open path, from where connection 0 came (S3, S4, S5, S14). */
static int join_path(struct rdma_cm_id *cm_id, const struct rtrs_hello *hello,
		     const struct peer *peer)
{
	struct rtrs_srv_session *session = rtrs_srv_session_find(hello->session_uuid);
	struct rtrs_srv_path *path;
	struct rtrs_srv_conn *conn;

	if (!session)
		return hello->first_conn ? rtrs_srv_refuse(peer, REFUSED_STRAY, -ECONNRESET) :
					   -ENXIO;
	path = find_path(session, hello->path_uuid);
	if (!path)
		return rtrs_srv_refuse(peer, REFUSED_STRAY, -ECONNRESET);
	if (list_empty(&path->half_open))
		return -EBUSY;
	if (path->conn_count != hello->conn_count || path->conns[hello->cid] ||
	    path->hca->ib != cm_id->device || !rtrs_addr_equal(&path->client, &peer->client))
		return rtrs_srv_refuse(peer, REFUSED_STRAY, -ECONNRESET);
	conn = new_conn(path, cm_id, hello->cid);
	if (!conn)
		return rtrs_srv_refuse(peer, REFUSED_RESOURCE, -ENOMEM);
	link_conn(conn);
	return 0;
}

int rtrs_srv_hello(struct rdma_cm_id *cm_id, const struct rdma_cm_event *event)
{
	const struct rdma_conn_param *param = &event->param.conn;
	struct rtrs_hello hello = { };
	struct peer peer;
	int ret;

	/* a child id starts with the listener's context, which is none */
	get_peer(cm_id, &peer);
	ret = rtrs_conn_req_parse(param->private_data, param->private_data_len,
				  rtrs_srv_params.max_conns, &hello);
	if (ret) {
		rtrs_srv_refuse(&peer, hello.conn_count > rtrs_srv_params.max_conns ?
				REFUSED_CONNS : REFUSED_MALFORMED, ret);
	} else {
		mutex_lock(&rtrs_srv.lock);
		if (hello.cid)
			ret = join_path(cm_id, &hello, &peer);
		else
			ret = open_path(cm_id, &hello, &peer);
		mutex_unlock(&rtrs_srv.lock);
	}
	if (ret) {
		pr_debug_ratelimited("connect request refused: %d\n", ret);
		rtrs_srv_reject(cm_id, ret, hello.ext_version);
	}
	return ret;
}
