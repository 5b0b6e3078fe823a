// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The published paths of a session: the table that I/O reads, and what follows
 * from its first entry and its last, which is what the upper layer hears of.
 * Called by the path workers. session->link_mutex guards the table and
 * ops->link, session->mutex, inside it, what is written for readers elsewhere.
 */
#include "client.h"

static void session_changed(struct rtrs_clt_session *session, const struct rtrs_why *why)
{
	mutex_lock(&session->mutex);
	session->since = ktime_get();
	session->why = *why;
	mutex_unlock(&session->mutex);
}

static void set_up(struct rtrs_clt_path *path, bool up)
{
	u64 *word = &path->session->up[path->index / 64];
	u64 bit = BIT_ULL(path->index % 64);

	WRITE_ONCE(*word, up ? *word | bit : *word & ~bit);
}

/* The session exists on the server now: the other paths may join it. */
static void start_others(struct rtrs_clt_session *session)
{
	struct rtrs_clt_path *path;

	mutex_lock(&session->mutex);
	list_for_each_entry(path, &session->paths, link) {
		/* also one that failed while there was no session */
		if (path->state == RTRS_PATH_CLOSED && !path->removing)
			rtrs_clt_path_raise(path, RTRS_PEV_RECONNECT);
		path->started = true;
	}
	mutex_unlock(&session->mutex);
}

bool rtrs_clt_session_publish(struct rtrs_clt_path *path)
{
	static const struct rtrs_why none;
	struct rtrs_clt_session *session = path->session;
	bool first = !READ_ONCE(session->ever_up);

	mutex_lock(&session->link_mutex);
	/* one was lost a moment ago */
	if (!rtrs_clt_end_all(session)) {
		mutex_unlock(&session->link_mutex);
		return false;
	}
	WRITE_ONCE(path->create, false);
	rcu_assign_pointer(session->table[path->index], path);
	set_up(path, true);
	/* the shape is complete; pairs with its readers */
	smp_store_release(&session->ever_up, true);
	WRITE_ONCE(path->published, true);
	if (!session->link_up) {
		session->link_up = true;
		session_changed(session, &none);
		rtrs_info(session->name, "session up\n");
		session->ops->link(session->priv, RTRS_CLT_LINK_UP, &none);
		rtrs_clt_genl_session_event(session, RTRS_CLT_CHANGED);
	}
	mutex_unlock(&session->link_mutex);
	if (first)
		start_others(session);
	/* ever_up or why is written; pairs with rtrs_clt_session_wait() */
	smp_store_release(&session->settled, true);
	wake_up_all(&session->wait);
	return true;
}

void rtrs_clt_session_unpublish(struct rtrs_clt_path *path)
{
	struct rtrs_clt_session *session = path->session;

	if (!path->published)
		return;
	mutex_lock(&session->link_mutex);
	set_up(path, false);
	path->draining = true;
	session->draining++;
	RCU_INIT_POINTER(session->table[path->index], NULL);
	rtrs_clt_end_begin(path);
	mutex_unlock(&session->link_mutex);
	WRITE_ONCE(path->published, false);
	synchronize_rcu();
	/* whoever asks the server by a published path may have to ask by another one */
	wake_up_all(&session->wait);
}

void rtrs_clt_session_path_down(struct rtrs_clt_path *path, const struct rtrs_why *why)
{
	struct rtrs_clt_session *session = path->session;

	mutex_lock(&session->link_mutex);
	if (path->draining) {
		path->draining = false;
		session->draining--;
	}
	/* also when this is but an attempt that failed: another path may still have requests */
	if (session->link_up && !rtrs_clt_session_is_up(session) && !session->draining) {
		session->link_up = false;
		session_changed(session, why);
		rtrs_info(session->name, "session down: %s\n", rtrs_cause_text(why->cause));
		session->ops->link(session->priv, RTRS_CLT_LINK_DOWN, why);
		rtrs_clt_genl_session_event(session, RTRS_CLT_CHANGED);
	}
	mutex_unlock(&session->link_mutex);
}

/* The next path that was never tried; false: there is none, or an end is wanted. */
static bool start_next(struct rtrs_clt_session *session)
{
	struct rtrs_clt_path *path;
	bool found = false;

	mutex_lock(&session->mutex);
	list_for_each_entry(path, &session->paths, link) {
		if (path->started || path->removing || session->closing)
			continue;
		path->started = true;
		rtrs_clt_path_raise(path, RTRS_PEV_RECONNECT);
		found = true;
		break;
	}
	/* the first path is the one that somebody meant first: its failure counts */
	path = list_first_entry_or_null(&session->paths, struct rtrs_clt_path, link);
	if (!found && path)
		session->why = path->why;
	session->since = ktime_get();
	mutex_unlock(&session->mutex);
	return found;
}

void rtrs_clt_session_settle(struct rtrs_clt_path *path)
{
	struct rtrs_clt_session *session = path->session;

	if (READ_ONCE(session->settled) || start_next(session))
		return;
	/* as above */
	smp_store_release(&session->settled, true);
	wake_up_all(&session->wait);
}
