// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Generic netlink family "rtrs-client": what sessions and paths exist, events
 * of what changes, and the table of all verbs. Getters are open to everybody,
 * as the sysfs files are. Requests walk the lists under the sessions mutex and
 * the session mutex; events are sent by session code and path workers.
 */
#include "client.h"

#include <linux/module.h>
#include <linux/slab.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>

#include "clt_genl.h"

static struct genl_family family;

static atomic_t generation;

u32 rtrs_clt_genl_generation(void)
{
	return atomic_read(&generation);
}

/* ---- look-ups; the sessions mutex is held ---- */

struct rtrs_clt_session *rtrs_clt_genl_find_session(struct genl_info *info)
{
	struct nlattr *id = info->attrs[RTRS_A_ID], *name = info->attrs[RTRS_A_NAME];
	struct rtrs_clt_session *session;

	list_for_each_entry(session, &rtrs_clt_sessions, link) {
		if (id && session->id == nla_get_u32(id))
			return session;
		if (!id && name && !nla_strcmp(name, session->name))
			return session;
	}
	return NULL;
}

/* Puts the path itself: it is only safe to look at under its session's mutex. */
static int put_path_by_id(struct sk_buff *skb, u32 id)
{
	struct rtrs_clt_session *session;
	struct rtrs_clt_path *path;
	int ret = -ENOENT;

	list_for_each_entry(session, &rtrs_clt_sessions, link) {
		mutex_lock(&session->mutex);
		list_for_each_entry(path, &session->paths, link) {
			if (path->id == id) {
				ret = rtrs_clt_genl_put_path(skb, path);
				break;
			}
		}
		mutex_unlock(&session->mutex);
		if (ret != -ENOENT)
			break;
	}
	return ret;
}

/* ---- get ---- */

static int fill_session(struct sk_buff *skb, struct genl_info *info)
{
	struct rtrs_clt_session *session;
	int ret = -ENOENT;

	if (!info->attrs[RTRS_A_ID] && !info->attrs[RTRS_A_NAME]) {
		GENL_SET_ERR_MSG(info, "session id or name is missing");
		return -EINVAL;
	}
	mutex_lock(&rtrs_clt_sessions_mutex);
	session = rtrs_clt_genl_find_session(info);
	if (session)
		ret = rtrs_clt_genl_put_session(skb, session);
	mutex_unlock(&rtrs_clt_sessions_mutex);
	if (ret == -ENOENT)
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[RTRS_A_ID] ?
				    info->attrs[RTRS_A_ID] : info->attrs[RTRS_A_NAME],
				    "no such session");
	return ret;
}

static int fill_path(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *id = info->attrs[RTRS_A_ID];
	int ret;

	if (!id) {
		GENL_SET_ERR_MSG(info, "path id is missing");
		return -EINVAL;
	}
	mutex_lock(&rtrs_clt_sessions_mutex);
	ret = put_path_by_id(skb, nla_get_u32(id));
	mutex_unlock(&rtrs_clt_sessions_mutex);
	if (ret == -ENOENT)
		NL_SET_ERR_MSG_ATTR(info->extack, id, "no such path");
	return ret;
}

static int fill_info(struct sk_buff *skb, struct genl_info *info)
{
	return rtrs_clt_genl_put_info(skb);
}

static struct sk_buff *reply_start(struct genl_info *info, u8 cmd, void **hdr)
{
	struct sk_buff *skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);

	if (!skb)
		return NULL;
	*hdr = genlmsg_put_reply(skb, info, &family, 0, cmd);
	if (*hdr)
		return skb;
	nlmsg_free(skb);
	return NULL;
}

static int reply_finish(struct sk_buff *skb, struct genl_info *info, void *hdr, int ret)
{
	if (ret) {
		nlmsg_free(skb);
		return ret;
	}
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);
}

static int reply(struct genl_info *info, u8 cmd,
		 int (*fill)(struct sk_buff *skb, struct genl_info *info))
{
	void *hdr;
	struct sk_buff *skb = reply_start(info, cmd, &hdr);

	return skb ? reply_finish(skb, info, hdr, fill(skb, info)) : -ENOMEM;
}

int rtrs_clt_genl_reply_path(struct genl_info *info, u8 cmd, struct rtrs_clt_path *path)
{
	void *hdr;
	struct sk_buff *skb = reply_start(info, cmd, &hdr);

	if (!skb)
		return -ENOMEM;
	return reply_finish(skb, info, hdr, rtrs_clt_genl_put_path(skb, path));
}

static int info_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return reply(info, RTRS_CMD_INFO_GET, fill_info);
}

static int session_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return reply(info, RTRS_CMD_SESSION_GET, fill_session);
}

static int path_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return reply(info, RTRS_CMD_PATH_GET, fill_path);
}

/* ---- dump: cb->args[0] = objects already sent ---- */

static void *dump_header(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd)
{
	void *hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &family,
				NLM_F_MULTI, cmd);

	if (hdr)
		genl_dump_check_consistent(cb, hdr);
	return hdr;
}

/* False: no room left, go on with the next call. */
static bool dump_session(struct sk_buff *skb, struct netlink_callback *cb,
			 struct rtrs_clt_session *session)
{
	void *hdr = dump_header(skb, cb, RTRS_CMD_SESSION_GET);

	if (!hdr)
		return false;
	if (rtrs_clt_genl_put_session(skb, session)) {
		genlmsg_cancel(skb, hdr);
		return false;
	}
	genlmsg_end(skb, hdr);
	return true;
}

static bool dump_path(struct sk_buff *skb, struct netlink_callback *cb,
		      struct rtrs_clt_path *path)
{
	void *hdr = dump_header(skb, cb, RTRS_CMD_PATH_GET);

	if (!hdr)
		return false;
	if (rtrs_clt_genl_put_path(skb, path)) {
		genlmsg_cancel(skb, hdr);
		return false;
	}
	genlmsg_end(skb, hdr);
	return true;
}

static int session_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct rtrs_clt_session *session;
	long seen = 0;

	mutex_lock(&rtrs_clt_sessions_mutex);
	cb->seq = rtrs_clt_genl_generation() + 1;
	list_for_each_entry(session, &rtrs_clt_sessions, link) {
		if (seen++ < cb->args[0])
			continue;
		if (!dump_session(skb, cb, session))
			break;
		cb->args[0]++;
	}
	mutex_unlock(&rtrs_clt_sessions_mutex);
	return skb->len;
}

/* False: no room left. */
static bool dump_paths_of(struct sk_buff *skb, struct netlink_callback *cb,
			  struct rtrs_clt_session *session, long *seen)
{
	struct rtrs_clt_path *path;
	bool room = true;

	mutex_lock(&session->mutex);
	list_for_each_entry(path, &session->paths, link) {
		if ((*seen)++ < cb->args[0])
			continue;
		room = dump_path(skb, cb, path);
		if (!room)
			break;
		cb->args[0]++;
	}
	mutex_unlock(&session->mutex);
	return room;
}

static int path_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr *of = compat_dump_attrs(cb)[RTRS_A_SESSION_ID];
	struct rtrs_clt_session *session;
	long seen = 0;

	mutex_lock(&rtrs_clt_sessions_mutex);
	cb->seq = rtrs_clt_genl_generation() + 1;
	list_for_each_entry(session, &rtrs_clt_sessions, link) {
		if (of && session->id != nla_get_u32(of))
			continue;
		if (!dump_paths_of(skb, cb, session, &seen))
			break;
	}
	mutex_unlock(&rtrs_clt_sessions_mutex);
	return skb->len;
}

/* ---- events ---- */

enum { GROUP_EVENTS };

static const struct genl_multicast_group groups[] = {
	[GROUP_EVENTS] = { .name = RTRS_GENL_MCGRP_EVENTS },
};

/*
 * An event of a lost path comes before the path's requests move on, which memory
 * reclaim may wait for: so no event may wait for reclaim.
 */
#define EVENT_GFP	(GFP_NOWAIT | __GFP_NOWARN)

/* Listeners look at everything again, as if they had been too slow to read. */
static void event_missed(void)
{
	genl_set_err(&family, &init_net, 0, GROUP_EVENTS, -ENOBUFS);
}

/* NULL: nobody listens, or it is missed. */
static struct sk_buff *event_start(u8 cmd, enum rtrs_clt_event event, u32 left_out, void **hdr)
{
	static const u8 events[] = {
		[RTRS_CLT_ADDED]	= RTRS_EVENT_ADDED,
		[RTRS_CLT_CHANGED]	= RTRS_EVENT_CHANGED,
		[RTRS_CLT_REMOVED]	= RTRS_EVENT_REMOVED,
	};
	struct sk_buff *skb;

	if (!genl_has_listeners(&family, &init_net, GROUP_EVENTS))
		return NULL;
	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, EVENT_GFP);
	if (!skb) {
		event_missed();
		return NULL;
	}
	*hdr = genlmsg_put(skb, 0, 0, &family, 0, cmd);
	if (*hdr && !nla_put_u32(skb, RTRS_A_EVENT, events[event]) &&
	    (!left_out || !nla_put_u32(skb, RTRS_A_SUPPRESSED, left_out)))
		return skb;
	nlmsg_free(skb);
	return NULL;
}

static void event_finish(struct sk_buff *skb, void *hdr, int ret)
{
	if (ret) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, hdr);
	genlmsg_multicast(&family, skb, 0, GROUP_EVENTS, EVENT_GFP);
}

/* First and last event of an object are always sent; true: this one, too. */
static bool event_due(struct event_rate *rate, enum rtrs_clt_event event)
{
	atomic_inc(&generation);
	if (event == RTRS_CLT_CHANGED)
		return event_rate_pass(rate);
	if (event == RTRS_CLT_REMOVED)
		event_rate_end(rate);
	return true;
}

static void send_session(struct rtrs_clt_session *session, enum rtrs_clt_event event, u32 left_out)
{
	void *hdr;
	struct sk_buff *skb = event_start(RTRS_CMD_SESSION_NTF, event, left_out, &hdr);

	if (skb)
		event_finish(skb, hdr, rtrs_clt_genl_put_session(skb, session));
}

static void late_session(struct work_struct *work)
{
	struct rtrs_clt_session *session = container_of(to_delayed_work(work),
							struct rtrs_clt_session, rate.late);
	u32 left_out = event_rate_count(&session->rate);

	if (left_out)
		/* the last of them is told now */
		send_session(session, RTRS_CLT_CHANGED, left_out - 1);
}

void rtrs_clt_genl_session_init(struct rtrs_clt_session *session)
{
	event_rate_init(&session->rate, late_session);
}

void rtrs_clt_genl_session_event(struct rtrs_clt_session *session, enum rtrs_clt_event event)
{
	if (event_due(&session->rate, event))
		send_session(session, event, event_rate_count(&session->rate));
}

static void send_path(struct rtrs_clt_path *path, enum rtrs_clt_event event, u32 left_out)
{
	void *hdr;
	struct sk_buff *skb = event_start(RTRS_CMD_PATH_NTF, event, left_out, &hdr);

	if (skb)
		event_finish(skb, hdr, rtrs_clt_genl_put_path(skb, path));
}

static void late_path(struct work_struct *work)
{
	struct rtrs_clt_path *path = container_of(to_delayed_work(work), struct rtrs_clt_path,
						  rate.late);
	u32 left_out = event_rate_count(&path->rate);

	if (left_out)
		/* as above */
		send_path(path, RTRS_CLT_CHANGED, left_out - 1);
}

void rtrs_clt_genl_path_init(struct rtrs_clt_path *path)
{
	event_rate_init(&path->rate, late_path);
}

void rtrs_clt_genl_path_event(struct rtrs_clt_path *path, enum rtrs_clt_event event)
{
	if (event_due(&path->rate, event))
		send_path(path, event, event_rate_count(&path->rate));
}

/* ---- family ---- */

static const struct nla_policy session_policy[RTRS_A_MAX + 1] = {
	[RTRS_A_ID] = { .type = NLA_U32 },
	[RTRS_A_NAME] = { .type = NLA_NUL_STRING, .len = RTRS_WIRE_NAME_LEN - 1 },
};

static const struct nla_policy path_policy[RTRS_A_MAX + 1] = {
	[RTRS_A_ID] = { .type = NLA_U32 },
	[RTRS_A_SESSION_ID] = { .type = NLA_U32 },
};

static const struct nla_policy no_policy[RTRS_A_MAX + 1] = { };

static const struct nla_policy set_policy[RTRS_A_MAX + 1] = {
	[RTRS_A_ID] = { .type = NLA_U32 },
	[RTRS_A_NAME] = { .type = NLA_NUL_STRING, .len = RTRS_WIRE_NAME_LEN - 1 },
	[RTRS_A_MP_POLICY] = { .type = NLA_NUL_STRING, .len = 31 },
	[RTRS_A_MAX_RECONNECTS] = NLA_POLICY_RANGE(NLA_S32, -1, RTRS_CLT_RECONNECTS_MAX),
	[RTRS_A_HEARTBEAT_IDLE_MS] = NLA_POLICY_MIN(NLA_U32, 1),
	[RTRS_A_HEARTBEAT_BUSY_MS] = NLA_POLICY_MIN(NLA_U32, 1),
	[RTRS_A_HEARTBEAT_MISSED] = NLA_POLICY_MIN(NLA_U32, 1),
};

static const struct nla_policy add_policy[RTRS_A_MAX + 1] = {
	[RTRS_A_SESSION_ID] = { .type = NLA_U32 },
	[RTRS_A_SRC] = { .type = NLA_NESTED },
	[RTRS_A_DST] = { .type = NLA_NESTED },
};

static const struct nla_policy id_policy[RTRS_A_MAX + 1] = {
	[RTRS_A_ID] = { .type = NLA_U32 },
};

static const struct genl_ops ops[] = {
	{
		.cmd = RTRS_CMD_INFO_GET,
		.doit = info_get_doit,
		.policy = no_policy,
		.maxattr = RTRS_A_MAX,
	},
	{
		.cmd = RTRS_CMD_SESSION_GET,
		.doit = session_get_doit,
		.dumpit = session_get_dumpit,
		.policy = session_policy,
		.maxattr = RTRS_A_MAX,
	},
	{
		.cmd = RTRS_CMD_PATH_GET,
		.doit = path_get_doit,
		.dumpit = path_get_dumpit,
		.policy = path_policy,
		.maxattr = RTRS_A_MAX,
	},
	{
		.cmd = RTRS_CMD_SESSION_SET,
		.doit = rtrs_clt_genl_session_set,
		.policy = set_policy,
		.maxattr = RTRS_A_MAX,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = RTRS_CMD_PATH_ADD,
		.doit = rtrs_clt_genl_path_add,
		.policy = add_policy,
		.maxattr = RTRS_A_MAX,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = RTRS_CMD_PATH_DEL,
		.doit = rtrs_clt_genl_path_del,
		.policy = id_policy,
		.maxattr = RTRS_A_MAX,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = RTRS_CMD_PATH_RECONNECT,
		.doit = rtrs_clt_genl_path_reconnect,
		.policy = id_policy,
		.maxattr = RTRS_A_MAX,
		.flags = GENL_ADMIN_PERM,
	},
	{
		.cmd = RTRS_CMD_PATH_DISCONNECT,
		.doit = rtrs_clt_genl_path_disconnect,
		.policy = id_policy,
		.maxattr = RTRS_A_MAX,
		.flags = GENL_ADMIN_PERM,
	},
};

static struct genl_family family __ro_after_init = {
	.name = RTRS_CLIENT_GENL_NAME,
	.version = RTRS_GENL_VERSION,
	.module = THIS_MODULE,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.resv_start_op = RTRS_CMD_INFO_GET,
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
};

int rtrs_clt_genl_init(void)
{
	return genl_register_family(&family);
}

void rtrs_clt_genl_exit(void)
{
	genl_unregister_family(&family);
}
