// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The path worker: the only writer of a path's state, which does what
 * pure/path_step.c orders. CM callbacks, completion handlers, heartbeat and
 * administrators raise events and kick it, so that two steps of a path never
 * run at once. The event word is atomic; view_lock lets others read a
 * consistent copy of what the worker writes.
 */
#include "client.h"

#include <linux/random.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "pure/backoff.h"

#define FIRST_ATTEMPTS 3
#define BUSY_ATTEMPTS 6		/* together longer than a server takes to find an old connection dead */
#define RECONNECT_WAIT_MS	15000	/* of an administrator for the outcome */

/* ---- events ---- */

void rtrs_clt_path_raise(struct rtrs_clt_path *path, u32 events)
{
	atomic_or(events, &path->events);
	wake_up_all(&path->wait);
	queue_work(rtrs_clt_wq, &path->work);
}

static s64 pack_why(enum rtrs_cause cause, int error, bool remote)
{
	return (s64)cause << 32 | (s64)remote << 31 | (u32)(error & 0x7fffffff);
}

static struct rtrs_why unpack_why(s64 packed)
{
	struct rtrs_why why = { .cause = packed >> 32, .remote = packed >> 31 & 1 };
	u32 error = packed & 0x7fffffff;

	/* the sign bit was given away for the remote mark */
	why.error = error ? (int)(error | 0x80000000U) : 0;
	return why;
}

void rtrs_clt_path_lost(struct rtrs_clt_path *path, enum rtrs_cause cause, int error, bool remote)
{
	/* every flushed receive comes here: the first one has said it all */
	if (atomic_read(&path->events) & RTRS_PEV_LOST)
		return;
	atomic64_cmpxchg(&path->lost, 0, pack_why(cause, error, remote));
	rtrs_clt_path_raise(path, RTRS_PEV_LOST);
}

void rtrs_clt_path_violation(struct rtrs_clt_conn *conn, const char *reason)
{
	struct rtrs_clt_path *path = conn->path;

	atomic_inc(&path->violations);
	rtrs_err(path->session->name, "path %u, connection %u: protocol violation: %s\n",
		 path->id, conn->c.cid, reason);
	rtrs_clt_path_lost(path, RTRS_CAUSE_VIOLATION, -EPROTO, false);
}

void rtrs_clt_path_close(struct rtrs_clt_path *path, enum rtrs_cause cause, u32 events)
{
	atomic64_set(&path->closed, pack_why(cause, 0, false));
	rtrs_clt_path_raise(path, RTRS_PEV_CLOSE | events);
}

bool rtrs_clt_path_interrupted(struct rtrs_clt_path *path)
{
	return atomic_read(&path->events) & (RTRS_PEV_LOST | RTRS_PEV_CLOSE | RTRS_PEV_REMOVE);
}

bool rtrs_clt_path_interruption(struct rtrs_clt_path *path, struct rtrs_why *why)
{
	u32 events = atomic_read(&path->events);

	if (events & (RTRS_PEV_CLOSE | RTRS_PEV_REMOVE)) {
		*why = unpack_why(atomic64_read(&path->closed));
		if (!why->error)
			why->error = -ECANCELED;
		return true;
	}
	if (!(events & RTRS_PEV_LOST))
		return false;
	*why = unpack_why(atomic64_read(&path->lost));
	return true;
}

/* ---- state ---- */

void rtrs_clt_path_view(struct rtrs_clt_path *path, struct rtrs_clt_view *view)
{
	spin_lock(&path->view_lock);
	view->state = path->state;
	view->why = path->why;
	view->since = path->since;
	view->next_try = path->next_try;
	view->used = path->used;
	strscpy(view->hca, path->hca, sizeof(view->hca));
	view->hca_port = path->hca_port;
	view->attempt = path->attempt;
	view->new_rkey = path->new_rkey;
	view->connects_shown = path->connects_shown;
	view->failures_shown = path->failures_shown;
	spin_unlock(&path->view_lock);
}

/* Why the path is in the state that it now enters; an attempt keeps the last reason. */
static struct rtrs_why state_why(struct rtrs_clt_path *path, enum rtrs_path_state next)
{
	switch (next) {
	case RTRS_PATH_CONNECTED:
		return (struct rtrs_why){ };
	case RTRS_PATH_DRAINING:
		if (!atomic64_read(&path->lost))
			return (struct rtrs_why){ .cause = RTRS_CAUSE_ADMIN };
		return unpack_why(atomic64_read(&path->lost));
	case RTRS_PATH_CLOSING:
		return unpack_why(atomic64_read(&path->closed));
	default:
		return path->why;
	}
}

static void tell(struct rtrs_clt_path *path, enum rtrs_path_state old, bool new_reason)
{
	const char *name = path->session->name;

	switch (path->state) {
	case RTRS_PATH_CONNECTED:
		rtrs_info(name, "path %u up on %s/%u: depth %u, I/O size %u, %u connections\n",
			  path->id, path->hca, path->hca_port, path->geo.depth,
			  path->geo.io_size, path->conn_count);
		break;
	case RTRS_PATH_DRAINING:
		/* one line when it is lost, none for each attempt that fails after that */
		if (old == RTRS_PATH_CONNECTED || (!path->was_connected && new_reason))
			rtrs_warn(name, "path %u %s: %s (%d)\n", path->id,
				  old == RTRS_PATH_CONNECTED ? "lost" : "not connected",
				  rtrs_cause_text(path->why.cause), path->why.error);
		break;
	case RTRS_PATH_CLOSED:
		rtrs_info(name, "path %u closed: %s\n", path->id,
			  rtrs_cause_text(path->why.cause));
		break;
	default:
		break;
	}
}

/* The server still takes down what this address left behind: no outcome yet, no attempt used up. */
static bool busy_for_now(const struct rtrs_clt_path *path)
{
	return path->busy && path->busy <= BUSY_ATTEMPTS;
}

static void count_outcome(struct rtrs_clt_path *path, enum rtrs_path_state next,
			  const struct rtrs_why *why)
{
	if (next == RTRS_PATH_CONNECTING) {
		path->attempt++;
	} else if (next == RTRS_PATH_CONNECTED) {
		path->attempt = 0;
		path->busy = 0;
		path->tried = true;
		path->connects_shown++;
	} else if (next == RTRS_PATH_DRAINING && path->state == RTRS_PATH_CONNECTING) {
		path->busy = why->remote && why->error == -EBUSY ? path->busy + 1 : 0;
		if (busy_for_now(path))
			path->attempt--;
		else
			path->tried = true;
		if (path->was_connected)
			path->failures_shown++;
	} else if (next == RTRS_PATH_CLOSED) {
		path->busy = 0;
		path->tried = true;
	}
	if (path->state == RTRS_PATH_CONNECTED || path->state == RTRS_PATH_CLOSED)
		path->lost_at = ktime_get();
}

static void enter(struct rtrs_clt_path *path, enum rtrs_path_state next)
{
	enum rtrs_path_state old = path->state;
	struct rtrs_why why = state_why(path, next);
	bool new_reason = why.cause != path->why.cause || why.error != path->why.error;

	spin_lock(&path->view_lock);
	count_outcome(path, next, &why);
	WRITE_ONCE(path->state, next);
	path->why = why;
	path->since = ktime_get();
	spin_unlock(&path->view_lock);
	if (next == RTRS_PATH_GONE)
		return;
	tell(path, old, new_reason);
	rtrs_clt_genl_path_event(path, RTRS_CLT_CHANGED);
}

/* ---- actions ---- */

static void act_connect(struct rtrs_clt_path *path)
{
	struct rtrs_why why = { };

	if (!rtrs_clt_connect(path, &why)) {
		rtrs_clt_path_raise(path, RTRS_PEV_UP);
		return;
	}
	/* the attempt knows better than what interrupted it */
	atomic64_set(&path->lost, pack_why(why.cause, why.error, why.remote));
	/* TIMER: the next attempt does not wait */
	rtrs_clt_path_raise(path, rtrs_clt_session_unknown(path, &why) ?
			    RTRS_PEV_LOST | RTRS_PEV_TIMER : RTRS_PEV_LOST);
}

static void act_publish(struct rtrs_clt_path *path)
{
	WRITE_ONCE(path->was_connected, true);
	/* The path works without its directory; whoever looks for it finds it missing. */
	if (rtrs_clt_sysfs_path_add(path))
		rtrs_warn(path->session->name, "path %u: no sysfs directory\n", path->id);
	rtrs_heartbeat_start(&path->hb, &path->conns[0].c);
	rtrs_clt_watch_start(path);
	/* the server took the path back: whatever came by its last life has ended there */
	rtrs_clt_linger_end(path);
	do {
		if (!rtrs_clt_end_others(path))
			return;
	} while (!rtrs_clt_session_publish(path));
	wake_up_all(&path->wait);
}

/*
 * The order matters: no new requests, no completions, no requests that the server
 * still takes, no write access for it, then other paths for the requests that are
 * left, then the memory.
 */
static void act_drain(struct rtrs_clt_path *path)
{
	cancel_delayed_work_sync(&path->timer);
	rtrs_clt_session_unpublish(path);
	rtrs_clt_stop(path);
	rtrs_clt_end_await(path);
	rtrs_clt_cut_off(path);
	rtrs_clt_memory_free_mrs(path);
	rtrs_clt_fail_over(path);
	rtrs_clt_linger_begin(path);
	rtrs_clt_session_path_down(path, &path->why);
	rtrs_clt_teardown(path);
	/* what was lost is lost: late news of it must not end the next attempt */
	atomic64_set(&path->lost, 0);
	rtrs_clt_path_raise(path, RTRS_PEV_DONE);
}

static void timer_fired(struct work_struct *work)
{
	struct rtrs_clt_path *path = container_of(to_delayed_work(work), struct rtrs_clt_path,
						  timer);

	rtrs_clt_path_raise(path, RTRS_PEV_TIMER);
}

static void act_wait(struct rtrs_clt_path *path)
{
	u32 cap = rtrs_backoff_cap_ms(ktime_ms_delta(ktime_get(), path->lost_at));
	u32 random = get_random_u32(), delay;

	if (busy_for_now(path))
		delay = rtrs_backoff_ms(path->busy, RTRS_BACKOFF_BUSY_MS, cap, random);
	else
		delay = rtrs_backoff_ms(path->attempt + 1, RTRS_BACKOFF_MS, cap, random);

	spin_lock(&path->view_lock);
	path->next_try = ktime_add_ms(ktime_get(), delay);
	spin_unlock(&path->view_lock);
	queue_delayed_work(rtrs_clt_wq, &path->timer, msecs_to_jiffies(delay));
}

/*
 * @early: an attempt failed and no other one was left, judged as of a session that has
 * never been up. One that came up since then may have looked for such paths before this
 * one was closed. Under the mutex one of the two sees what the other has written.
 */
static void act_rest(struct rtrs_clt_path *path, bool early)
{
	struct rtrs_clt_session *session = path->session;

	mutex_lock(&session->mutex);
	if (early && READ_ONCE(session->ever_up) && !path->removing)
		rtrs_clt_path_raise(path, RTRS_PEV_RECONNECT);
	mutex_unlock(&session->mutex);
	rtrs_clt_session_settle(path);
}

static void act(struct rtrs_clt_path *path, enum rtrs_path_action action, bool early)
{
	switch (action) {
	case RTRS_PACT_CONNECT:
		cancel_delayed_work_sync(&path->timer);
		act_connect(path);
		break;
	case RTRS_PACT_PUBLISH:
		act_publish(path);
		break;
	case RTRS_PACT_DRAIN:
		act_drain(path);
		break;
	case RTRS_PACT_WAIT:
		act_wait(path);
		break;
	case RTRS_PACT_REST:
		act_rest(path, early);
		break;
	default:
		break;
	}
}

/*
 * While a session has never been up its caller waits for the outcome: only
 * silence, which a busy machine or a lost datagram explains, and a peer that
 * still takes something down are tried again.
 */
static bool attempts_left(struct rtrs_clt_path *path)
{
	struct rtrs_clt_session *session = path->session;

	if (path->hopeless)
		return false;
	if (!READ_ONCE(session->ever_up))
		return busy_for_now(path) ||
		       (path->why.cause == RTRS_CAUSE_NO_ANSWER && path->attempt < FIRST_ATTEMPTS);
	return rtrs_attempts_left(READ_ONCE(session->max_reconnects), path->attempt);
}

static void path_work(struct work_struct *work)
{
	struct rtrs_clt_path *path = container_of(work, struct rtrs_clt_path, work);
	/* whoever waits for this path may hold up writing back dirty memory */
	unsigned int noio = memalloc_noio_save();
	struct rtrs_path_verdict v;
	u32 events;
	bool early;

	while ((events = atomic_read(&path->events))) {
		/* an administrator who closes a path does not leave it as DRAINING */
		early = path->state == RTRS_PATH_DRAINING && !READ_ONCE(path->session->ever_up);
		v = rtrs_clt_path_step(path->state, events, attempts_left(path));
		if (!v.consumed && v.next == path->state)
			break;
		if (v.next != path->state)
			enter(path, v.next);
		/* in this order, so that an event gone tells that its state is reached */
		smp_mb__before_atomic();
		atomic_andnot(v.consumed, &path->events);
		wake_up_all(&path->wait);
		if (v.action == RTRS_PACT_FREE) {
			/* not from here: freeing waits for this function */
			queue_work(rtrs_clt_wq, &path->reap);
			break;
		}
		act(path, v.action, early);
	}
	memalloc_noio_restore(noio);
}

/* ---- orders of the administrator ---- */

static enum rtrs_path_state state_of(struct rtrs_clt_path *path)
{
	return READ_ONCE(path->state);
}

/* An order is carried out when its event is gone and the path has come to rest. */
static bool at_rest(struct rtrs_clt_path *path, u32 order)
{
	enum rtrs_path_state state;

	if (atomic_read(&path->events) & order)
		return false;
	/* pairs with the barrier between state and event in the worker */
	smp_rmb();
	state = state_of(path);
	return (state == RTRS_PATH_CONNECTED && READ_ONCE(path->published)) ||
	       state == RTRS_PATH_WAITING || state == RTRS_PATH_CLOSED || state == RTRS_PATH_GONE;
}

int rtrs_clt_path_reconnect(struct rtrs_clt_path *path)
{
	enum rtrs_path_state state = state_of(path);

	if (state == RTRS_PATH_CONNECTING || state == RTRS_PATH_CLOSING)
		return -EBUSY;
	rtrs_clt_path_raise(path, RTRS_PEV_RECONNECT);
	return 0;
}

int rtrs_clt_path_reconnect_wait(struct rtrs_clt_path *path)
{
	long ret;

	/* a server still busy with the old connections refuses once; the next try comes soon */
	ret = wait_event_killable_timeout(path->wait,
					  at_rest(path, RTRS_PEV_RECONNECT) &&
					  state_of(path) != RTRS_PATH_WAITING,
					  msecs_to_jiffies(RECONNECT_WAIT_MS));
	if (ret < 0)
		return ret;
	return state_of(path) == RTRS_PATH_CONNECTED && READ_ONCE(path->published) ? 0 : -ENOTCONN;
}

int rtrs_clt_path_disconnect(struct rtrs_clt_path *path)
{
	rtrs_clt_path_close(path, RTRS_CAUSE_ADMIN, 0);
	return 0;
}

int rtrs_clt_path_disconnect_wait(struct rtrs_clt_path *path)
{
	return wait_event_killable(path->wait, at_rest(path, RTRS_PEV_CLOSE));
}

/* The first attempt of a new path has an outcome. */
static bool tried(struct rtrs_clt_path *path)
{
	enum rtrs_path_state state = state_of(path);

	/* whoever added it finds its directory */
	if (state == RTRS_PATH_CONNECTED && !READ_ONCE(path->published))
		return false;
	return READ_ONCE(path->tried) || state == RTRS_PATH_GONE;
}

int rtrs_clt_path_add_wait(struct rtrs_clt_path *path, struct rtrs_why *why)
{
	struct rtrs_clt_view view;
	int ret = wait_event_killable(path->wait, tried(path) &&
				      at_rest(path, RTRS_PEV_RECONNECT));

	*why = (struct rtrs_why){ RTRS_CAUSE_CANCELLED, ret, false };
	if (ret)
		return ret;
	rtrs_clt_path_view(path, &view);
	if (view.state == RTRS_PATH_CONNECTED)
		return 0;
	*why = view.why;
	if (!why->error)
		why->error = -ENOTCONN;
	return why->error;
}

int rtrs_clt_path_remove(struct rtrs_clt_path *path)
{
	bool again;

	mutex_lock(&path->session->mutex);
	again = path->removing;
	path->removing = true;
	mutex_unlock(&path->session->mutex);
	if (again)
		return -EALREADY;
	rtrs_clt_path_close(path, RTRS_CAUSE_ADMIN, RTRS_PEV_REMOVE);
	return 0;
}

int rtrs_clt_path_remove_wait(struct rtrs_clt_path *path)
{
	return wait_for_completion_killable(&path->reaped);
}

/* ---- life ---- */

static void heartbeat_lost(struct rtrs_heartbeat *hb, enum rtrs_cause cause)
{
	struct rtrs_clt_path *path = container_of(hb, struct rtrs_clt_path, hb);

	rtrs_clt_path_lost(path, cause, -ETIMEDOUT, false);
}

/* Somebody waits for the server: its silence matters now. */
static bool heartbeat_busy(struct rtrs_heartbeat *hb)
{
	struct rtrs_clt_path *path = container_of(hb, struct rtrs_clt_path, hb);

	return rtrs_clt_stats_inflight(path) || !rtrs_clt_end_all(path->session);
}

static const struct rtrs_heartbeat_ops heartbeat_ops = {
	.lost = heartbeat_lost,
	.busy = heartbeat_busy,
};

static void conn_init(struct rtrs_clt_path *path, u32 cid)
{
	struct rtrs_clt_conn *conn = &path->conns[cid];

	conn->path = path;
	conn->c.cid = cid;
	spin_lock_init(&conn->lock);
	conn->quiet_cqe.done = rtrs_clt_quiet_done;
	conn->empty_cqe.done = rtrs_clt_empty_done;
}

/* The last step of a path, when its worker has ended: nobody finds it any more. */
static void reap(struct work_struct *work)
{
	struct rtrs_clt_path *path = container_of(work, struct rtrs_clt_path, reap);

	rtrs_clt_sysfs_path_del(path);
	rtrs_clt_session_unlist(path);
	/* removed before its first attempt, which somebody waits for */
	if (path->started && !path->tried)
		rtrs_clt_session_settle(path);
	/* whoever hears it and looks again finds nothing */
	rtrs_clt_genl_path_event(path, RTRS_CLT_REMOVED);
	rtrs_clt_path_get(path);
	rtrs_clt_session_forget(path);
	complete_all(&path->reaped);
	rtrs_clt_path_put(path);
}

struct rtrs_clt_path *rtrs_clt_path_create(struct rtrs_clt_session *session,
					   const struct rtrs_addr_pair *addr)
{
	u32 count = session->io_queues + 1, i;
	struct rtrs_clt_path *path = kvzalloc(struct_size(path, conns, count), GFP_KERNEL);

	if (!path)
		return ERR_PTR(-ENOMEM);
	path->stats = alloc_percpu(struct rtrs_clt_stats);
	if (!path->stats) {
		kvfree(path);
		return ERR_PTR(-ENOMEM);
	}
	kref_init(&path->ref);
	path->session = session;
	path->id = rtrs_clt_new_id();
	generate_random_uuid(path->uuid);
	path->wanted = *addr;
	path->used = *addr;
	/* a closed path comes to life by RECONNECT */
	path->state = RTRS_PATH_CLOSED;
	path->since = ktime_get();
	path->connects_shown = -1;
	INIT_WORK(&path->work, path_work);
	INIT_WORK(&path->reap, reap);
	INIT_DELAYED_WORK(&path->timer, timer_fired);
	init_waitqueue_head(&path->wait);
	init_completion(&path->reaped);
	spin_lock_init(&path->view_lock);
	rtrs_heartbeat_init(&path->hb, &rtrs_clt_hb_params, &heartbeat_ops);
	path->conn_count = count;
	for (i = 0; i < count; i++)
		conn_init(path, i);
	rtrs_clt_watch_init(path);
	rtrs_clt_genl_path_init(path);
	get_device(&session->dev);
	return path;
}

static void path_free(struct kref *ref)
{
	struct rtrs_clt_path *path = container_of(ref, struct rtrs_clt_path, ref);
	struct rtrs_clt_session *session = path->session;

	cancel_work_sync(&path->work);
	cancel_delayed_work_sync(&path->timer);
	free_percpu(path->stats);
	kvfree(path);
	put_device(&session->dev);
}

void rtrs_clt_path_get(struct rtrs_clt_path *path)
{
	kref_get(&path->ref);
}

void rtrs_clt_path_put(struct rtrs_clt_path *path)
{
	kref_put(&path->ref, path_free);
}
