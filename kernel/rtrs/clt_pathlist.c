// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The list of a session's paths: made with it, added to by administrators and by
 * the upper layer, left by the path workers. session->mutex guards the list and
 * the places in the table of published paths.
 */
#include "client.h"

#include <linux/bitmap.h>
#include <linux/export.h>

#include "pure/path_match.h"

static bool pair_taken(const struct rtrs_clt_session *session, const struct rtrs_addr_pair *addr)
{
	const struct rtrs_clt_path *path;

	list_for_each_entry(path, &session->paths, link)
		if (!path->removing && (rtrs_pair_equal(&path->wanted, addr) ||
					(path->claims && rtrs_pair_equal(&path->used, addr))))
			return true;
	return false;
}

static bool room_for(const struct rtrs_clt_session *session, u32 count)
{
	return bitmap_weight(session->indices, RTRS_CLT_MAX_PATHS) + count <= RTRS_CLT_MAX_PATHS;
}

/* Session mutex held, there is room. What is on the list has its own reference. */
static void enlist(struct rtrs_clt_path *path, bool start)
{
	struct rtrs_clt_session *session = path->session;

	path->index = find_first_zero_bit(session->indices, RTRS_CLT_MAX_PATHS);
	__set_bit(path->index, session->indices);
	list_add_tail(&path->link, &session->paths);
	session->path_total++;
	rtrs_clt_path_get(path);
	rtrs_heartbeat_set(&path->hb, &session->heartbeat);
	path->started = start;
}

static struct rtrs_clt_path *new_path(struct rtrs_clt_session *session,
				      const struct rtrs_addr_pair *addr, bool start)
{
	struct rtrs_clt_path *path = rtrs_clt_path_create(session, addr);
	int ret = 0;

	if (IS_ERR(path))
		return path;
	mutex_lock(&session->mutex);
	if (session->closing)
		ret = -ESHUTDOWN;
	else if (pair_taken(session, &path->wanted))
		ret = -EEXIST;
	else if (!room_for(session, 1))
		ret = -ENOSPC;
	else
		enlist(path, start);
	mutex_unlock(&session->mutex);
	if (ret) {
		rtrs_clt_path_put(path);
		return ERR_PTR(ret);
	}
	return path;
}

struct rtrs_clt_path *rtrs_clt_path_add(struct rtrs_clt_session *session,
					const struct rtrs_addr_pair *addr)
{
	struct rtrs_clt_path *path = new_path(session, addr, true);

	if (IS_ERR(path))
		return path;
	rtrs_clt_genl_path_event(path, RTRS_CLT_ADDED);
	rtrs_clt_path_raise(path, RTRS_PEV_RECONNECT);
	return path;
}

void rtrs_clt_session_unlist(struct rtrs_clt_path *path)
{
	struct rtrs_clt_session *session = path->session;

	mutex_lock(&session->mutex);
	list_del(&path->link);
	rtrs_clt_linger_orphan(path);
	mutex_unlock(&session->mutex);
}

void rtrs_clt_session_forget(struct rtrs_clt_path *path)
{
	struct rtrs_clt_session *session = path->session;

	mutex_lock(&session->mutex);
	/* closing waits for it */
	WRITE_ONCE(session->path_total, session->path_total - 1);
	mutex_unlock(&session->mutex);
	wake_up_all(&session->wait);
	rtrs_clt_path_put(path);
}

void rtrs_clt_paths_discard(struct rtrs_clt_session *session)
{
	struct rtrs_clt_path *path, *next;

	list_for_each_entry_safe(path, next, &session->paths, link) {
		rtrs_clt_session_unlist(path);
		rtrs_clt_session_forget(path);
	}
}

int rtrs_clt_paths_create(struct rtrs_clt_session *session, const struct rtrs_clt_config *config)
{
	struct rtrs_clt_path *path;
	u32 i;

	for (i = 0; i < config->path_count; i++) {
		path = new_path(session, &config->paths[i], i == 0);
		if (IS_ERR(path)) {
			rtrs_clt_paths_discard(session);
			return PTR_ERR(path) == -EEXIST ? -EINVAL : PTR_ERR(path);
		}
		rtrs_clt_path_put(path);
	}
	return 0;
}

/* ---- paths that a session shall have ---- */

/* Session mutex held. A path whose source was open has one once it was connected. */
static void match(const struct rtrs_clt_session *session, const struct rtrs_addr_pair *wishes,
		  u32 count, struct rtrs_path_match *found)
{
	const struct rtrs_clt_path *path;

	rtrs_match_begin(found, count);
	list_for_each_entry(path, &session->paths, link) {
		if (path->removing)
			continue;
		rtrs_match_path(found, &path->wanted, wishes, count);
		if (path->claims)
			rtrs_match_path(found, &path->used, wishes, count);
	}
}

static int look(struct rtrs_clt_session *session, const struct rtrs_addr_pair *wishes, u32 count,
		u32 *missing)
{
	struct rtrs_path_match found;

	if (count > RTRS_MATCH_MAX)
		return -EINVAL;
	mutex_lock(&session->mutex);
	match(session, wishes, count, &found);
	mutex_unlock(&session->mutex);
	*missing = found.missing;
	return found.same_server ? 0 : -ENOTUNIQ;
}

int rtrs_clt_session_knows(struct rtrs_clt_session *session, const struct rtrs_addr_pair *paths,
			   u32 count)
{
	u32 missing;

	return look(session, paths, count, &missing);
}
EXPORT_SYMBOL_GPL(rtrs_clt_session_knows);

static void drop(struct list_head *fresh)
{
	struct rtrs_clt_path *path, *next;

	list_for_each_entry_safe(path, next, fresh, link)
		rtrs_clt_path_put(path);
}

static int make_missing(struct rtrs_clt_session *session, const struct rtrs_addr_pair *wishes,
			u32 missing, struct list_head *fresh)
{
	struct rtrs_clt_path *path;

	for (; missing; missing &= missing - 1) {
		path = rtrs_clt_path_create(session, &wishes[__ffs(missing)]);
		if (IS_ERR(path)) {
			drop(fresh);
			return PTR_ERR(path);
		}
		list_add_tail(&path->link, fresh);
	}
	return 0;
}

/*
 * Session mutex held. Before the session was up for the first time its paths are
 * tried one after the other, and these come last.
 */
static void take_over(struct rtrs_clt_session *session, struct list_head *fresh)
{
	bool start = READ_ONCE(session->ever_up);
	struct rtrs_clt_path *path, *next;
	struct rtrs_path_match found;

	list_for_each_entry_safe(path, next, fresh, link) {
		/* named twice, or somebody else was faster */
		match(session, &path->wanted, 1, &found);
		if (!found.missing)
			continue;
		list_del(&path->link);
		enlist(path, start);
		rtrs_clt_genl_path_event(path, RTRS_CLT_ADDED);
		if (start)
			rtrs_clt_path_raise(path, RTRS_PEV_RECONNECT);
		rtrs_clt_path_put(path);
	}
}

int rtrs_clt_session_want(struct rtrs_clt_session *session, const struct rtrs_addr_pair *paths,
			  u32 count)
{
	LIST_HEAD(fresh);
	u32 missing;
	int ret = look(session, paths, count, &missing);

	if (ret || !missing)
		return ret;
	ret = make_missing(session, paths, missing, &fresh);
	if (ret)
		return ret;
	mutex_lock(&session->mutex);
	if (session->closing)
		ret = -ESHUTDOWN;
	else if (!room_for(session, hweight32(missing)))
		ret = -ENOSPC;
	else
		take_over(session, &fresh);
	mutex_unlock(&session->mutex);
	drop(&fresh);
	return ret;
}
EXPORT_SYMBOL_GPL(rtrs_clt_session_want);
