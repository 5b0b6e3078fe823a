// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The list of a session's paths: made with it, added to by administrators and by
 * the upper layer, left by the path workers. session->mutex guards the list and
 * the places in the table of published paths.
 */
#include "client.h"

#include <linux/bitmap.h>

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
