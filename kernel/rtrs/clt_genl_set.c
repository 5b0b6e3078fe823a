// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Setters of the family "rtrs-client": thin doors to the functions that sysfs
 * calls too, but they never wait; states and events tell how it went on.
 * Objects are looked up under the sessions mutex and the session mutex, then
 * held by a reference.
 */
#include "client.h"

#include "clt_genl.h"

/* With a reference to its device: put_device(). */
static struct rtrs_clt_session *get_session_by_id(u32 id)
{
	struct rtrs_clt_session *session, *found = NULL;

	mutex_lock(&rtrs_clt_sessions_mutex);
	list_for_each_entry(session, &rtrs_clt_sessions, link)
		if (session->id == id)
			found = session;
	if (found)
		get_device(&found->dev);
	mutex_unlock(&rtrs_clt_sessions_mutex);
	return found;
}

static struct rtrs_clt_path *path_of(struct rtrs_clt_session *session, u32 id)
{
	struct rtrs_clt_path *path, *found = NULL;

	mutex_lock(&session->mutex);
	list_for_each_entry(path, &session->paths, link)
		if (path->id == id)
			found = path;
	if (found)
		rtrs_clt_path_get(found);
	mutex_unlock(&session->mutex);
	return found;
}

/* With a reference; ERR_PTR and an explanation. */
static struct rtrs_clt_path *get_path(struct genl_info *info)
{
	struct nlattr *id = info->attrs[RTRS_A_ID];
	struct rtrs_clt_session *session;
	struct rtrs_clt_path *path = NULL;
	int ret = genl_check_admin(info);

	if (ret)
		return ERR_PTR(ret);
	if (!id) {
		GENL_SET_ERR_MSG(info, "path id is missing");
		return ERR_PTR(-EINVAL);
	}
	mutex_lock(&rtrs_clt_sessions_mutex);
	list_for_each_entry(session, &rtrs_clt_sessions, link) {
		path = path_of(session, nla_get_u32(id));
		if (path)
			break;
	}
	mutex_unlock(&rtrs_clt_sessions_mutex);
	if (path)
		return path;
	NL_SET_ERR_MSG_ATTR(info->extack, id, "no such path");
	return ERR_PTR(-ENOENT);
}

/* ---- session ---- */

static bool has_heartbeat(struct genl_info *info)
{
	return info->attrs[RTRS_A_HEARTBEAT_IDLE_MS] || info->attrs[RTRS_A_HEARTBEAT_BUSY_MS] ||
	       info->attrs[RTRS_A_HEARTBEAT_MISSED];
}

/* All of a request is looked at before any of it is done. */
static int check_settings(struct genl_info *info, int *policy)
{
	struct nlattr *name = info->attrs[RTRS_A_MP_POLICY];

	if (!info->attrs[RTRS_A_ID] && !info->attrs[RTRS_A_NAME]) {
		GENL_SET_ERR_MSG(info, "session id or name is missing");
		return -EINVAL;
	}
	if (!name && !info->attrs[RTRS_A_MAX_RECONNECTS] && !has_heartbeat(info)) {
		GENL_SET_ERR_MSG(info, "there is nothing to set");
		return -EINVAL;
	}
	*policy = name ? rtrs_mp_parse(nla_data(name), strlen(nla_data(name))) : 0;
	if (*policy >= 0)
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, name,
			    "not round-robin, min-inflight or min-latency");
	return *policy;
}

static u32 u32_or_0(const struct nlattr *attr)
{
	return attr ? nla_get_u32(attr) : 0;
}

static int set_heartbeat(struct genl_info *info, struct rtrs_clt_session *session)
{
	struct rtrs_hb_params change = {
		.idle_ms = u32_or_0(info->attrs[RTRS_A_HEARTBEAT_IDLE_MS]),
		.busy_ms = u32_or_0(info->attrs[RTRS_A_HEARTBEAT_BUSY_MS]),
		.missed_max = u32_or_0(info->attrs[RTRS_A_HEARTBEAT_MISSED]),
	};
	int ret = has_heartbeat(info) ? rtrs_clt_session_set_heartbeat(session, &change) : 0;

	if (ret)
		GENL_SET_ERR_MSG(info, "heartbeats: 100 to 600000 ms apart, 20 ms to that while I/O waits, 1 to 1000 missed");
	return ret;
}

/* What can be refused comes first. */
static int apply_settings(struct genl_info *info, struct rtrs_clt_session *session, int policy)
{
	struct nlattr *max = info->attrs[RTRS_A_MAX_RECONNECTS];
	int ret = set_heartbeat(info, session);

	if (!ret && max)
		ret = rtrs_clt_session_set_reconnects(session, nla_get_s32(max));
	if (!ret && info->attrs[RTRS_A_MP_POLICY])
		rtrs_clt_session_set_policy(session, policy);
	return ret;
}

int rtrs_clt_genl_session_set(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *id = info->attrs[RTRS_A_ID], *name = info->attrs[RTRS_A_NAME];
	struct rtrs_clt_session *session;
	int policy, ret;

	ret = genl_check_admin(info);
	if (!ret)
		ret = check_settings(info, &policy);
	if (ret)
		return ret;
	/* while it is in the list, the event of its end is still to come */
	mutex_lock(&rtrs_clt_sessions_mutex);
	session = rtrs_clt_genl_find_session(info);
	ret = session ? apply_settings(info, session, policy) : -ENOENT;
	mutex_unlock(&rtrs_clt_sessions_mutex);
	if (ret == -ENOENT)
		NL_SET_ERR_MSG_ATTR(info->extack, id ? id : name, "no such session");
	return ret;
}

/* ---- path ---- */

static void explain_add(struct genl_info *info, int ret)
{
	struct nlattr *dst = info->attrs[RTRS_A_DST];

	switch (ret) {
	case -EEXIST:
		NL_SET_ERR_MSG_ATTR(info->extack, dst, "the session has this path already");
		break;
	case -ENOSPC:
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[RTRS_A_SESSION_ID],
				    "the session has as many paths as it can have");
		break;
	case -ESHUTDOWN:
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[RTRS_A_SESSION_ID],
				    "the session is being closed");
		break;
	}
}

static int add_path(struct genl_info *info, struct rtrs_clt_session *session,
		    const struct rtrs_addr_pair *pair)
{
	struct rtrs_clt_path *path = rtrs_clt_path_add(session, pair);
	int ret;

	if (IS_ERR(path)) {
		explain_add(info, PTR_ERR(path));
		return PTR_ERR(path);
	}
	ret = rtrs_clt_genl_reply_path(info, RTRS_CMD_PATH_ADD, path);
	rtrs_clt_path_put(path);
	return ret;
}

int rtrs_clt_genl_path_add(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *id = info->attrs[RTRS_A_SESSION_ID], *dst = info->attrs[RTRS_A_DST];
	struct rtrs_addr_pair pair = { };
	struct rtrs_clt_session *session;
	int ret = genl_check_admin(info);

	if (ret)
		return ret;
	if (!id || !dst) {
		GENL_SET_ERR_MSG(info, "session id and destination are needed");
		return -EINVAL;
	}
	ret = genl_take_pair(info, info->attrs[RTRS_A_SRC], info->attrs[RTRS_A_SRC], dst, &pair);
	if (ret)
		return ret;
	session = get_session_by_id(nla_get_u32(id));
	if (!session) {
		NL_SET_ERR_MSG_ATTR(info->extack, id, "no such session");
		return -ENOENT;
	}
	ret = add_path(info, session, &pair);
	put_device(&session->dev);
	return ret;
}

static int order_path(struct genl_info *info, int (*order)(struct rtrs_clt_path *path))
{
	struct rtrs_clt_path *path = get_path(info);
	int ret;

	if (IS_ERR(path))
		return PTR_ERR(path);
	ret = order(path);
	if (ret == -EBUSY)
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[RTRS_A_ID],
				    "the path is connecting or closing");
	else if (ret == -EALREADY)
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[RTRS_A_ID],
				    "the path is being removed");
	rtrs_clt_path_put(path);
	return ret;
}

int rtrs_clt_genl_path_del(struct sk_buff *skb, struct genl_info *info)
{
	return order_path(info, rtrs_clt_path_remove);
}

int rtrs_clt_genl_path_reconnect(struct sk_buff *skb, struct genl_info *info)
{
	return order_path(info, rtrs_clt_path_reconnect);
}

int rtrs_clt_genl_path_disconnect(struct sk_buff *skb, struct genl_info *info)
{
	return order_path(info, rtrs_clt_path_disconnect);
}
