// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lost paths that the server may not know to be lost. What was sent by one may
 * still stand in the network, and a server that has its end of the path would
 * take it, over newer data that went by another path. Therefore nothing goes by
 * another path before the server has said that it takes nothing of this one any
 * more (docs/protocol.md, section 5): what was unanswered waits for that, and so
 * does a path that comes up. The messages may get lost, they are repeated; a
 * server that is alive and says nothing for END_WAIT loses the paths it was asked
 * by, for the trouble to have a name and an end.
 * Called by the path workers, the answers come from completion handlers.
 * session->end_lock guards the marks; they are set under session->link_mutex,
 * for no path to come up without having seen them.
 */
#include "client.h"

#define ASK_MS		10U	/* between two questions, at first */
#define ASK_MS_MAX	160U
#define END_WAIT	(10 * HZ)	/* it flushes queue pairs first, which takes milliseconds */

u32 rtrs_clt_end_token(struct rtrs_clt_session *session)
{
	u32 token;

	/* once in years it begins anew; none is 0 */
	do {
		token = atomic_inc_return(&session->tokens) & RTRS_WIRE_IMM_PAYLOAD;
	} while (!token);
	return token;
}

void rtrs_clt_end_begin(struct rtrs_clt_path *path)
{
	struct rtrs_clt_session *session = path->session;

	lockdep_assert_held(&session->link_mutex);
	if (!path->can_end)
		return;
	spin_lock_irq(&session->end_lock);
	WRITE_ONCE(session->end_tokens[path->index], path->token);
	__set_bit(path->index, session->ending);
	spin_unlock_irq(&session->end_lock);
}

void rtrs_clt_end_over(struct rtrs_clt_session *session, u32 index)
{
	spin_lock_irq(&session->end_lock);
	__clear_bit(index, session->ending);
	spin_unlock_irq(&session->end_lock);
	wake_up_all(&session->wait);
}

void rtrs_clt_end_answer(struct rtrs_clt_path *path, u32 token)
{
	struct rtrs_clt_session *session = path->session;
	unsigned long flags;
	u32 index;

	spin_lock_irqsave(&session->end_lock, flags);
	for_each_set_bit(index, session->ending, RTRS_CLT_MAX_PATHS)
		if (session->end_tokens[index] == token)
			__clear_bit(index, session->ending);
	spin_unlock_irqrestore(&session->end_lock, flags);
	wake_up_all(&session->wait);
}

bool rtrs_clt_end_open(const struct rtrs_clt_path *path)
{
	return test_bit(path->index, path->session->ending);
}

/* By @path: is the path over that had place @index? */
static void ask(struct rtrs_clt_path *path, u32 index)
{
	u32 token = READ_ONCE(path->session->end_tokens[index]);
	int ret;

	/* a server that cannot be asked is another one than the lost path led to */
	if (!path->can_end) {
		rtrs_clt_end_over(path->session, index);
		return;
	}
	/* one that does not answer may be away by this path, too */
	rtrs_heartbeat_wake(&path->hb);
	ret = rtrs_heartbeat_say(&path->hb, RTRS_WIRE_IMM_PATH_END, token);
	if (ret)
		rtrs_clt_path_lost(path, RTRS_CAUSE_TRANSPORT_ERROR, ret, false);
}

/* By one of the published paths, another one each time. False: there is none. */
static bool ask_by_any(struct rtrs_clt_session *session, u32 index, u32 *turn)
{
	struct rtrs_clt_path *path;

	rcu_read_lock();
	path = rtrs_clt_next_up(session, turn);
	if (!path) {
		*turn = 0;
		path = rtrs_clt_next_up(session, turn);
	}
	if (path)
		ask(path, index);
	rcu_read_unlock();
	return path;
}

static void asked_in_vain(struct rtrs_clt_path *path)
{
	rtrs_clt_path_lost(path, RTRS_CAUSE_END_TIMEOUT, -ETIMEDOUT, false);
}

static void all_asked_in_vain(struct rtrs_clt_session *session)
{
	struct rtrs_clt_path *path;
	u32 turn = 0;

	rcu_read_lock();
	while ((path = rtrs_clt_next_up(session, &turn)))
		asked_in_vain(path);
	rcu_read_unlock();
}

void rtrs_clt_end_await(struct rtrs_clt_path *path)
{
	struct rtrs_clt_session *session = path->session;
	unsigned long deadline = jiffies + END_WAIT;
	u32 ms = ASK_MS, turn = path->index;

	while (rtrs_clt_end_open(path)) {
		if (READ_ONCE(session->closing))
			return;
		if (time_after(jiffies, deadline))
			all_asked_in_vain(session);
		if (!ask_by_any(session, path->index, &turn))
			return;
		wait_event_timeout(session->wait, !rtrs_clt_end_open(path) ||
				   READ_ONCE(session->closing) || !rtrs_clt_session_is_up(session),
				   msecs_to_jiffies(ms));
		ms = min(2 * ms, ASK_MS_MAX);
	}
}

bool rtrs_clt_end_all(const struct rtrs_clt_session *session)
{
	return bitmap_empty(session->ending, RTRS_CLT_MAX_PATHS);
}

bool rtrs_clt_end_others(struct rtrs_clt_path *path)
{
	struct rtrs_clt_session *session = path->session;
	unsigned long deadline = jiffies + END_WAIT;
	u32 ms = ASK_MS, index;

	/* a server that took the path back has nothing left of what it was before */
	rtrs_clt_end_over(session, path->index);
	while (!rtrs_clt_end_all(session)) {
		if (time_after(jiffies, deadline))
			asked_in_vain(path);
		if (rtrs_clt_path_interrupted(path))
			return false;
		for_each_set_bit(index, session->ending, RTRS_CLT_MAX_PATHS)
			ask(path, index);
		wait_event_timeout(session->wait, rtrs_clt_end_all(session) ||
				   rtrs_clt_path_interrupted(path), msecs_to_jiffies(ms));
		ms = min(2 * ms, ASK_MS_MAX);
	}
	return true;
}
