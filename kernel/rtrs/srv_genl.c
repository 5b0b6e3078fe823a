// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Netlink family "rtrs-server": what is there (getters, open to everybody),
 * what changes (events), and the order to close a path. Requests run in the
 * asking task under rtrs_srv.lock; events are sent by path workers. Half-open paths have no object here: they
 * may be anybody's, and come and go without having meant anything.
 */
#include <linux/module.h>

#include "server.h"
#include "../genl_common.h"
#include "../version.h"
#include "../../include/uapi/rtrs_netlink.h"

static struct genl_family family;

enum { GROUP_EVENTS };

static const struct genl_multicast_group groups[] = {
	[GROUP_EVENTS] = { .name = RTRS_GENL_MCGRP_EVENTS },
};

/* ---- filling ---- */

static u32 generation(void)
{
	return atomic_read(&rtrs_srv.generation);
}

static int put_since(struct sk_buff *skb, ktime_t since)
{
	return nla_put_u64_64bit(skb, RTRS_A_SINCE_MS, ktime_ms_delta(ktime_get(), since),
				 RTRS_A_PAD);
}

static void numbers_check(void)
{
	BUILD_BUG_ON((int)RTRS_PATH_CLOSED != (int)RTRS_STATE_CLOSED);
	BUILD_BUG_ON((int)RTRS_SRV_ADDED != (int)RTRS_EVENT_ADDED);
	BUILD_BUG_ON((int)RTRS_SRV_CHANGED != (int)RTRS_EVENT_CHANGED);
	BUILD_BUG_ON((int)RTRS_SRV_REMOVED != (int)RTRS_EVENT_REMOVED);
}

static int put_stats(struct sk_buff *skb, struct rtrs_srv_path *path)
{
	struct nlattr *nest = nla_nest_start(skb, RTRS_A_STATS);
	struct rtrs_srv_stats sum;

	rtrs_srv_stats_sum(path, &sum);
	if (!nest ||
	    nla_put_u64_64bit(skb, RTRS_STAT_A_READS, sum.ops[RTRS_READ], RTRS_STAT_A_PAD) ||
	    nla_put_u64_64bit(skb, RTRS_STAT_A_READ_BYTES, sum.bytes[RTRS_READ],
			      RTRS_STAT_A_PAD) ||
	    nla_put_u64_64bit(skb, RTRS_STAT_A_WRITES, sum.ops[RTRS_WRITE], RTRS_STAT_A_PAD) ||
	    nla_put_u64_64bit(skb, RTRS_STAT_A_WRITE_BYTES, sum.bytes[RTRS_WRITE],
			      RTRS_STAT_A_PAD) ||
	    nla_put_u32(skb, RTRS_STAT_A_VIOLATIONS, atomic_read(&path->violations)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
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

static int put_state(struct sk_buff *skb, struct rtrs_srv_path *path)
{
	enum rtrs_path_state state;
	struct rtrs_why why;
	ktime_t since;

	spin_lock_irq(&path->why_lock);
	state = path->state;
	why = path->why;
	since = path->since;
	spin_unlock_irq(&path->why_lock);
	if (nla_put_u32(skb, RTRS_A_STATE, min_t(u32, state, RTRS_STATE_CLOSED)) ||
	    put_why(skb, &why) || put_since(skb, since))
		return -EMSGSIZE;
	return 0;
}

static int put_path(struct sk_buff *skb, struct rtrs_srv_path *path)
{
	if (nla_put_u32(skb, RTRS_A_ID, path->id) ||
	    nla_put_u32(skb, RTRS_A_GENERATION, generation()) ||
	    nla_put_u32(skb, RTRS_A_SESSION_ID, path->session->id) ||
	    nla_put_string(skb, RTRS_A_NAME, path->name) || put_state(skb, path) ||
	    genl_put_addr(skb, RTRS_A_SRC, &path->server, path->server_port) ||
	    genl_put_addr(skb, RTRS_A_DST, &path->client, path->client_port) ||
	    nla_put_string(skb, RTRS_A_HCA, path->hca_name) ||
	    nla_put_u32(skb, RTRS_A_HCA_PORT, path->hca_port) ||
	    nla_put_u32(skb, RTRS_A_CONNS, path->conn_count) ||
	    nla_put_u32(skb, RTRS_A_ATTEMPT, path->attempt) ||
	    nla_put_u64_64bit(skb, RTRS_A_LATENCY_NS, max_t(s64, READ_ONCE(path->hb.latency_ns), 0),
			      RTRS_A_PAD) ||
	    nla_put_u8(skb, RTRS_A_NEW_RKEY, path->new_rkey) || put_stats(skb, path))
		return -EMSGSIZE;
	return 0;
}

/* rtrs_srv.lock held */
static int put_session(struct sk_buff *skb, struct rtrs_srv_session *session)
{
	const struct rtrs_geometry *g = &rtrs_srv.geometry;
	const struct rtrs_srv_path *path;
	u32 total = 0, up = 0;

	list_for_each_entry(path, &session->paths, entry) {
		total += READ_ONCE(path->published);
		up += READ_ONCE(path->state) == RTRS_PATH_CONNECTED;
	}
	if (nla_put_u32(skb, RTRS_A_ID, session->id) ||
	    nla_put_u32(skb, RTRS_A_GENERATION, generation()) ||
	    nla_put_string(skb, RTRS_A_NAME, session->name) ||
	    nla_put_u32(skb, RTRS_A_STATE, up ? RTRS_STATE_CONNECTED : RTRS_STATE_CLOSING) ||
	    put_why(skb, &session->why) || put_since(skb, session->since) ||
	    nla_put_u32(skb, RTRS_A_QUEUE_DEPTH, g->depth) ||
	    nla_put_u32(skb, RTRS_A_MAX_IO_SIZE, g->io_size) ||
	    nla_put_u32(skb, RTRS_A_CHUNK_SIZE, g->chunk_size) ||
	    nla_put_u32(skb, RTRS_A_PATHS_TOTAL, total) ||
	    nla_put_u32(skb, RTRS_A_PATHS_UP, up) ||
	    nla_put_u64_64bit(skb, RTRS_A_CHUNK_MEMORY, session->chunk_bytes, RTRS_A_PAD))
		return -EMSGSIZE;
	return 0;
}

static int put_info(struct sk_buff *skb)
{
	const struct rtrs_geometry *g = &rtrs_srv.geometry;

	if (nla_put_string(skb, RTRS_A_MODULE, KBUILD_MODNAME) ||
	    nla_put_string(skb, RTRS_A_VERSION, RNBD_VERSION) ||
	    nla_put_u32(skb, RTRS_A_GENERATION, generation()) ||
	    nla_put_u64_64bit(skb, RTRS_A_FEATURES, 0, RTRS_A_PAD) ||
	    nla_put_string(skb, RTRS_A_INVALIDATE, rtrs_srv_invalidate_name()) ||
	    nla_put_u32(skb, RTRS_A_QUEUE_DEPTH, g->depth) ||
	    nla_put_u32(skb, RTRS_A_MAX_IO_SIZE, g->io_size) ||
	    nla_put_u32(skb, RTRS_A_CHUNK_SIZE, g->chunk_size) ||
	    nla_put_u64_64bit(skb, RTRS_A_CHUNK_MEMORY, atomic64_read(&rtrs_srv.chunk_bytes),
			      RTRS_A_PAD))
		return -EMSGSIZE;
	return 0;
}

/* ---- getters ---- */

/* A session is an object from its first path's establishment on. */
static bool visible(const struct rtrs_srv_session *session)
{
	return session->chunk_bytes && session->name[0];
}

static struct rtrs_srv_session *session_by(struct nlattr *id, struct nlattr *name)
{
	struct rtrs_srv_session *session;

	list_for_each_entry(session, &rtrs_srv.sessions, entry) {
		if (!visible(session))
			continue;
		if (id ? session->id == nla_get_u32(id) : !nla_strcmp(name, session->name))
			return session;
	}
	return NULL;
}

static struct rtrs_srv_path *path_by(u32 id)
{
	struct rtrs_srv_session *session;
	struct rtrs_srv_path *path;

	list_for_each_entry(session, &rtrs_srv.sessions, entry)
		list_for_each_entry(path, &session->paths, entry)
			if (path->id == id && READ_ONCE(path->published))
				return path;
	return NULL;
}

/* A message for the answer; the caller fills it between here and reply(). */
static struct sk_buff *answer(struct genl_info *info, u8 cmd, void **head)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);

	if (!skb)
		return NULL;
	*head = genlmsg_put_reply(skb, info, &family, 0, cmd);
	if (*head)
		return skb;
	nlmsg_free(skb);
	return NULL;
}

static int reply(struct genl_info *info, struct sk_buff *skb, void *head, int ret)
{
	if (ret) {
		nlmsg_free(skb);
		return ret;
	}
	genlmsg_end(skb, head);
	return genlmsg_reply(skb, info);
}

static int info_query(struct sk_buff *unused, struct genl_info *info)
{
	struct sk_buff *skb;
	void *head;

	skb = answer(info, RTRS_CMD_INFO_GET, &head);
	if (!skb)
		return -ENOMEM;
	return reply(info, skb, head, put_info(skb));
}

static int session_query(struct sk_buff *unused, struct genl_info *info)
{
	struct nlattr *name = info->attrs[RTRS_A_NAME];
	struct nlattr *id = info->attrs[RTRS_A_ID];
	struct rtrs_srv_session *session;
	struct sk_buff *skb;
	void *head;
	int ret;

	if (!id && !name) {
		NL_SET_ERR_MSG(info->extack, "id or name of a session is needed");
		return -EINVAL;
	}
	skb = answer(info, RTRS_CMD_SESSION_GET, &head);
	if (!skb)
		return -ENOMEM;
	mutex_lock(&rtrs_srv.lock);
	session = session_by(id, name);
	ret = session ? put_session(skb, session) : -ENOENT;
	mutex_unlock(&rtrs_srv.lock);
	if (ret == -ENOENT)
		NL_SET_ERR_MSG_ATTR(info->extack, id ? id : name, "no such session");
	return reply(info, skb, head, ret);
}

static int path_query(struct sk_buff *unused, struct genl_info *info)
{
	struct nlattr *id = info->attrs[RTRS_A_ID];
	struct rtrs_srv_path *path;
	struct sk_buff *skb;
	void *head;
	int ret;

	if (!id) {
		NL_SET_ERR_MSG(info->extack, "id of a path is needed");
		return -EINVAL;
	}
	skb = answer(info, RTRS_CMD_PATH_GET, &head);
	if (!skb)
		return -ENOMEM;
	mutex_lock(&rtrs_srv.lock);
	path = path_by(nla_get_u32(id));
	ret = path ? put_path(skb, path) : -ENOENT;
	mutex_unlock(&rtrs_srv.lock);
	if (ret == -ENOENT)
		NL_SET_ERR_MSG_ATTR(info->extack, id, "no such path");
	return reply(info, skb, head, ret);
}

/* ---- setter: the one order a server gives to a path ---- */

static int path_disconnect(struct sk_buff *unused, struct genl_info *info)
{
	struct nlattr *id = info->attrs[RTRS_A_ID];
	struct rtrs_srv_path *path;
	int ret = genl_check_admin(info);

	if (ret)
		return ret;
	if (!id) {
		NL_SET_ERR_MSG(info->extack, "id of a path is needed");
		return -EINVAL;
	}
	mutex_lock(&rtrs_srv.lock);
	path = path_by(nla_get_u32(id));
	if (!path)
		ret = -ENOENT;
	else if (READ_ONCE(path->state) >= RTRS_PATH_CLOSING)
		ret = -EALREADY;
	else
		rtrs_srv_path_raise(path, RTRS_PEV_CLOSE, RTRS_CAUSE_ADMIN, 0);
	mutex_unlock(&rtrs_srv.lock);
	if (ret == -ENOENT)
		NL_SET_ERR_MSG_ATTR(info->extack, id, "no such path");
	else if (ret)
		NL_SET_ERR_MSG_ATTR(info->extack, id, "the path is closing");
	return ret;
}

/* ---- dumps; cb->args[0] counts the objects done ---- */

static void *dump_head(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd)
{
	void *head = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &family,
				 NLM_F_MULTI, cmd);

	if (head)
		genl_dump_check_consistent(cb, head);
	return head;
}

static int dump_one(struct sk_buff *skb, struct netlink_callback *cb,
		    struct rtrs_srv_session *session, struct rtrs_srv_path *path)
{
	void *head = dump_head(skb, cb, path ? RTRS_CMD_PATH_GET : RTRS_CMD_SESSION_GET);

	if (!head)
		return -EMSGSIZE;
	if (path ? put_path(skb, path) : put_session(skb, session)) {
		genlmsg_cancel(skb, head);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, head);
	cb->args[0]++;
	return 0;
}

static int session_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct rtrs_srv_session *session;
	long seen = 0;

	mutex_lock(&rtrs_srv.lock);
	cb->seq = generation();
	list_for_each_entry(session, &rtrs_srv.sessions, entry)
		if (visible(session) && seen++ >= cb->args[0] &&
		    dump_one(skb, cb, session, NULL))
			break;
	mutex_unlock(&rtrs_srv.lock);
	return skb->len;
}

static int path_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr *of = compat_dump_attrs(cb)[RTRS_A_SESSION_ID];
	struct rtrs_srv_session *session;
	struct rtrs_srv_path *path;
	long seen = 0;

	mutex_lock(&rtrs_srv.lock);
	cb->seq = generation();
	list_for_each_entry(session, &rtrs_srv.sessions, entry) {
		if (of && session->id != nla_get_u32(of))
			continue;
		list_for_each_entry(path, &session->paths, entry)
			if (READ_ONCE(path->published) && seen++ >= cb->args[0] &&
			    dump_one(skb, cb, session, path))
				goto full;
	}
full:
	mutex_unlock(&rtrs_srv.lock);
	return skb->len;
}

/* ---- events ---- */

static void notify(struct rtrs_srv_session *session, struct rtrs_srv_path *path,
		   enum rtrs_srv_change change)
{
	struct sk_buff *skb;
	void *head;
	int ret;

	atomic_inc(&rtrs_srv.generation);
	if (!genl_has_listeners(&family, &init_net, GROUP_EVENTS))
		return;
	skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!skb) {
		/* listeners look at everything again, as if they had been too slow to read */
		genl_set_err(&family, &init_net, 0, GROUP_EVENTS, -ENOBUFS);
		return;
	}
	head = genlmsg_put(skb, 0, 0, &family, 0, path ? RTRS_CMD_PATH_NTF : RTRS_CMD_SESSION_NTF);
	ret = head ? nla_put_u32(skb, RTRS_A_EVENT, (u32)change) : -EMSGSIZE;
	mutex_lock(&rtrs_srv.lock);
	if (!ret)
		ret = path ? put_path(skb, path) : put_session(skb, session);
	mutex_unlock(&rtrs_srv.lock);
	if (ret) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, head);
	genlmsg_multicast(&family, skb, 0, GROUP_EVENTS, GFP_KERNEL);
}

void rtrs_srv_notify_session(struct rtrs_srv_session *session, enum rtrs_srv_change change)
{
	notify(session, NULL, change);
}

void rtrs_srv_notify_path(struct rtrs_srv_path *path, enum rtrs_srv_change change)
{
	notify(path->session, path, change);
}

/* ---- the family ---- */

static const struct nla_policy get_policy[RTRS_A_MAX + 1] = {
	[RTRS_A_ID]		= { .type = NLA_U32 },
	[RTRS_A_NAME]		= { .type = NLA_NUL_STRING, .len = RTRS_WIRE_NAME_LEN - 1 },
	[RTRS_A_SESSION_ID]	= { .type = NLA_U32 },
};

static const struct nla_policy id_policy[RTRS_A_MAX + 1] = {
	[RTRS_A_ID]		= { .type = NLA_U32 },
};

static const struct genl_ops ops[] = {
	{
		.cmd = RTRS_CMD_INFO_GET,
		.doit = info_query,
	},
	{
		.cmd = RTRS_CMD_SESSION_GET,
		.doit = session_query,
		.dumpit = session_dump,
		.policy = get_policy,
		.maxattr = RTRS_A_SESSION_ID,
	},
	{
		.cmd = RTRS_CMD_PATH_GET,
		.doit = path_query,
		.dumpit = path_dump,
		.policy = get_policy,
		.maxattr = RTRS_A_SESSION_ID,
	},
	{
		.cmd = RTRS_CMD_PATH_DISCONNECT,
		.doit = path_disconnect,
		.policy = id_policy,
		.maxattr = RTRS_A_SESSION_ID,
		.flags = GENL_ADMIN_PERM,
	},
};

static struct genl_family family __ro_after_init = {
	.name = RTRS_SERVER_GENL_NAME,
	.version = RTRS_GENL_VERSION,
	.module = THIS_MODULE,
	.maxattr = RTRS_A_SESSION_ID,
	.policy = get_policy,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.resv_start_op = __RTRS_CMD_MAX,
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
};

int rtrs_srv_genl_init(void)
{
	numbers_check();
	return genl_register_family(&family);
}

void rtrs_srv_genl_exit(void)
{
	genl_unregister_family(&family);
}
