// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A path's worker: the only place where the state of a path changes and where
 * its queues are made and destroyed. Others raise events and kick it. A path
 * that ends gives its RDMA device back at once. The worker never waits for an
 * operation at the disk: when the last one has left, that kicks it, too. A
 * queued worker holds a reference to its path.
 */
#include <linux/slab.h>

#include "server.h"

#define WATCH_SECONDS 10

static void path_release(struct kref *ref)
{
	struct rtrs_srv_path *path = container_of(ref, struct rtrs_srv_path, ref);
	u32 i;

	percpu_ref_exit(&path->ops);
	free_percpu(path->stats);
	for (i = 0; i < path->conn_count; i++)
		kfree(path->conns[i]);
	kfree(path->conns);
	if (path->session)
		rtrs_srv_session_put(path->session);
	kfree(path);
}

/* Any context: all that needs to sleep was freed by the worker. */
void rtrs_srv_path_put(struct rtrs_srv_path *path)
{
	kref_put(&path->ref, path_release);
}

void rtrs_srv_path_kick(struct rtrs_srv_path *path)
{
	rtrs_srv_path_get(path);
	if (!queue_work(rtrs_srv.wq, &path->work))
		rtrs_srv_path_put(path);
}

void rtrs_srv_path_job(struct rtrs_srv_path *path, int what)
{
	/* what the job is about is written; pairs with handle_info(), test_and_clear_bit() */
	smp_mb__before_atomic();
	set_bit(what, &path->jobs);
	rtrs_srv_path_kick(path);
}

void rtrs_srv_path_raise(struct rtrs_srv_path *path, u32 event, enum rtrs_cause cause, int error)
{
	unsigned long flags;

	spin_lock_irqsave(&path->why_lock, flags);
	if (cause != RTRS_CAUSE_NONE && path->why.cause == RTRS_CAUSE_NONE) {
		path->why.cause = cause;
		path->why.error = error;
	}
	/* inside, for set_state() */
	atomic_or(event, &path->events);
	spin_unlock_irqrestore(&path->why_lock, flags);
	rtrs_srv_path_kick(path);
}

void rtrs_srv_path_not_half_open(struct rtrs_srv_path *path)
{
	if (list_empty(&path->half_open))
		return;
	list_del_init(&path->half_open);
	rtrs_srv.half_open_count--;
}

static void handshake_late(struct work_struct *work)
{
	struct rtrs_srv_path *path = container_of(to_delayed_work(work), struct rtrs_srv_path,
						  deadline);

	if (READ_ONCE(path->state) == RTRS_PATH_CONNECTING)
		rtrs_srv_path_raise(path, RTRS_PEV_TIMER, RTRS_CAUSE_HANDSHAKE_TIMEOUT, -ETIMEDOUT);
}

/* A peer that sends but never receives is not found by heartbeats (S12). */
static void watch_sends(struct work_struct *work)
{
	struct rtrs_srv_path *path = container_of(to_delayed_work(work), struct rtrs_srv_path,
						  watch);
	u32 i;

	for (i = 0; i < path->conn_count; i++)
		if (rtrs_srv_conn_stuck(path->conns[i])) {
			rtrs_srv_path_raise(path, RTRS_PEV_LOST, RTRS_CAUSE_TRANSPORT_ERROR,
					    -ETIMEDOUT);
			return;
		}
	queue_delayed_work(rtrs_srv.wq, &path->watch, WATCH_SECONDS * HZ);
}

static void beat_lost(struct rtrs_heartbeat *hb, enum rtrs_cause cause)
{
	struct rtrs_srv_path *path = container_of(hb, struct rtrs_srv_path, hb);

	rtrs_srv_path_raise(path, RTRS_PEV_LOST, cause, -ETIMEDOUT);
}

/* Somebody may wait to hear this; that takes a mutex, hence the worker. */
static void beat_heard(struct rtrs_heartbeat *hb)
{
	rtrs_srv_path_job(container_of(hb, struct rtrs_srv_path, hb), RTRS_SRV_JOB_HEARD);
}

static const struct rtrs_heartbeat_ops beat_ops = {
	.lost = beat_lost,
	.heard = beat_heard,
};

/* The reference taken when the path was published keeps it until here. */
static void ops_gone(struct percpu_ref *ref)
{
	struct rtrs_srv_path *path = container_of(ref, struct rtrs_srv_path, ops);

	rtrs_srv_path_job(path, RTRS_SRV_JOB_QUIET);
	rtrs_srv_path_put(path);
}

static void path_work(struct work_struct *work);

struct rtrs_srv_path *rtrs_srv_path_new(u32 conn_count)
{
	struct rtrs_srv_path *path = kzalloc(sizeof(*path), GFP_KERNEL);

	if (!path)
		return ERR_PTR(-ENOMEM);
	path->conns = kcalloc(conn_count, sizeof(*path->conns), GFP_KERNEL);
	path->stats = alloc_percpu(struct rtrs_srv_stats);
	if (!path->conns || !path->stats ||
	    percpu_ref_init(&path->ops, ops_gone, PERCPU_REF_INIT_DEAD, GFP_KERNEL)) {
		free_percpu(path->stats);
		kfree(path->conns);
		kfree(path);
		return ERR_PTR(-ENOMEM);
	}
	kref_init(&path->ref);
	path->conn_count = conn_count;
	path->id = atomic_inc_return(&rtrs_srv.next_id);
	path->new_rkey = rtrs_srv_params.invalidate != RTRS_SRV_INVAL_NO;
	path->state = RTRS_PATH_CONNECTING;
	path->since = ktime_get();
	path->beat_answered = jiffies - HZ;
	spin_lock_init(&path->why_lock);
	INIT_LIST_HEAD(&path->entry);
	INIT_LIST_HEAD(&path->half_open);
	INIT_LIST_HEAD(&path->arrivals);
	INIT_WORK(&path->work, path_work);
	INIT_DELAYED_WORK(&path->deadline, handshake_late);
	INIT_DELAYED_WORK(&path->watch, watch_sends);
	rtrs_heartbeat_init(&path->hb, &rtrs_srv_params.heartbeat, &beat_ops);
	return path;
}

void rtrs_srv_path_start(struct rtrs_srv_path *path)
{
	queue_delayed_work(rtrs_srv.wq, &path->deadline, rtrs_srv_params.handshake_timeout * HZ);
}

static void wake_waiting(void)
{
	mutex_lock(&rtrs_srv.lock);
	rtrs_srv_wake_half_open();
	mutex_unlock(&rtrs_srv.lock);
}

/* The client may send as soon as it has the info response, so that goes last. */
static void publish(struct rtrs_srv_path *path)
{
	u32 i;
	int ret;

	mutex_lock(&rtrs_srv.lock);
	rtrs_srv_path_not_half_open(path);
	mutex_unlock(&rtrs_srv.lock);
	cancel_delayed_work(&path->deadline);
	for (i = 0; i < path->conn_count; i++)
		rtrs_srv_conn_open_sends(path->conns[i]);
	WRITE_ONCE(path->published, true);
	rtrs_srv_path_get(path);	/* put by ops_gone() */
	percpu_ref_reinit(&path->ops);
	queue_delayed_work(rtrs_srv.wq, &path->watch, WATCH_SECONDS * HZ);
	rtrs_info(path->session->name, "path %s up, %u connections on %s\n", path->name,
		  path->conn_count, path->hca_name);
	ret = rtrs_srv_send_info(path);
	if (ret)
		rtrs_srv_path_raise(path, RTRS_PEV_LOST, RTRS_CAUSE_TRANSPORT_ERROR, ret);
	/* a heartbeat before the info response would be none to the client */
	rtrs_heartbeat_start(&path->hb, &path->conns[0]->core);
	wake_waiting();
}

static void log_end(struct rtrs_srv_path *path)
{
	const char *name = path->session->name[0] ? path->session->name : "(no name yet)";

	rtrs_info(name, "path %s %s: %s (%d)\n", path->name,
		  path->published ? "down" : "not established",
		  rtrs_cause_text(path->why.cause), path->why.error);
}

static void disconnect(struct rtrs_srv_path *path)
{
	struct rtrs_srv_conn *conn;
	u32 i;

	for (i = 0; i < path->conn_count; i++) {
		conn = path->conns[i];
		if (!conn || !rtrs_port_up(conn->core.cm_id))
			continue;
		if (conn->accepted)
			rtrs_cm_disconnect(&conn->core);
		else
			rtrs_srv_reject(conn->core.cm_id, -ECONNRESET, path->ext_version);
	}
	for (i = 0; i < path->conn_count; i++)
		if (path->conns[i])
			rtrs_conn_drain(&path->conns[i]->core);
}

/*
 * Everything of the RDMA device, which may be about to go. Operations that are
 * still at the disk need the chunk's memory only and may take their time: when
 * they are done they find the connection dead and touch nothing of this.
 */
static void release_device(struct rtrs_srv_path *path)
{
	u32 i;

	rtrs_srv_unpark(path);
	flush_work(&path->session->resume);
	synchronize_rcu();	/* replies that found the connection alive */
	for (i = 0; i < path->conn_count; i++) {
		if (!path->conns[i])
			continue;
		rtrs_conn_end_qp(&path->conns[i]->core, false);
	}
	rtrs_srv_chunks_unmap(path);
	rtrs_iu_destroy(path->info_req);
	rtrs_iu_destroy(path->info_rsp);
	path->info_req = NULL;
	path->info_rsp = NULL;
	mutex_lock(&path->session->setup);
	if (path->dev)
		rtrs_device_put(path->dev);
	path->dev = NULL;
	mutex_unlock(&path->session->setup);
	rtrs_srv_path_off_device(path);
	for (i = 0; i < path->conn_count; i++)
		if (path->conns[i])
			rtrs_cm_leave(&path->conns[i]->core, &path->device_gone, &rtrs_srv.kept);
}

/*
 * Nothing new comes in, nothing more goes out. Operations that the upper layer
 * still holds end without a reply; the path waits for them in the session, so
 * that nobody else takes their chunks.
 */
static void halt_path(struct rtrs_srv_path *path)
{
	u32 i;

	if (path->halted)
		return;
	path->halted = true;
	mutex_lock(&rtrs_srv.lock);
	rtrs_srv_path_not_half_open(path);
	mutex_unlock(&rtrs_srv.lock);
	log_end(path);
	cancel_delayed_work_sync(&path->deadline);
	cancel_delayed_work_sync(&path->watch);
	rtrs_heartbeat_stop(&path->hb);
	for (i = 0; i < path->conn_count; i++)
		if (path->conns[i])
			rtrs_srv_conn_kill_sends(path->conns[i]);
	if (path->published)
		percpu_ref_kill(&path->ops);
	disconnect(path);
	/* handlers have run that had taken something in; pairs with is_over() */
	smp_store_release(&path->drained, true);
	release_device(path);
	if (!path->published)
		rtrs_srv_path_job(path, RTRS_SRV_JOB_QUIET);
}

/* Halted and quiet: leave the session. */
static void dissolve(struct rtrs_srv_path *path)
{
	rtrs_srv_sysfs_path_del(path);
	rtrs_srv_path_raise(path, RTRS_PEV_DONE | RTRS_PEV_REMOVE, RTRS_CAUSE_NONE, 0);
}

static void run_jobs(struct rtrs_srv_path *path)
{
	if (path->state == RTRS_PATH_CONNECTING) {
		if (test_and_clear_bit(RTRS_SRV_JOB_ACCEPT, &path->jobs))
			rtrs_srv_accept_arrivals(path);
		rtrs_srv_handle_info(path);
	}
	if (test_and_clear_bit(RTRS_SRV_JOB_HEARD, &path->jobs))
		wake_waiting();
	if (path->state == RTRS_PATH_CONNECTED &&
	    test_and_clear_bit(RTRS_SRV_JOB_END, &path->jobs))
		rtrs_srv_path_end_late(path);
	if (path->state == RTRS_PATH_CLOSING &&
	    test_and_clear_bit(RTRS_SRV_JOB_QUIET, &path->jobs))
		dissolve(path);
}

static void set_state(struct rtrs_srv_path *path, enum rtrs_path_state state)
{
	spin_lock_irq(&path->why_lock);
	WRITE_ONCE(path->state, state);
	path->since = ktime_get();
	/* a deadline that came as the path was up already is no cause of its later end */
	if (state == RTRS_PATH_CONNECTED &&
	    !(atomic_read(&path->events) & (RTRS_PEV_LOST | RTRS_PEV_CLOSE | RTRS_PEV_REMOVE)))
		path->why = (struct rtrs_why){ };
	spin_unlock_irq(&path->why_lock);
	atomic_inc(&rtrs_srv.generation);
}

static void act(struct rtrs_srv_path *path, enum rtrs_path_action action)
{
	switch (action) {
	case RTRS_PACT_PUBLISH:
		publish(path);
		rtrs_srv_notify_path(path, RTRS_SRV_ADDED);
		break;
	case RTRS_PACT_DRAIN:
		if (path->published)
			rtrs_srv_notify_path(path, RTRS_SRV_CHANGED);
		halt_path(path);
		break;
	case RTRS_PACT_FREE:
		if (path->published)
			rtrs_srv_notify_path(path, RTRS_SRV_REMOVED);
		rtrs_srv_session_leave(path);
		rtrs_srv_path_put(path);
		break;
	default:
		break;
	}
}

static void path_work(struct work_struct *work)
{
	struct rtrs_srv_path *path = container_of(work, struct rtrs_srv_path, work);
	struct rtrs_path_verdict v;

	for (;;) {
		run_jobs(path);
		v = rtrs_srv_path_step(path->state, atomic_read(&path->events));
		atomic_andnot(v.consumed, &path->events);
		if (v.next != path->state)
			set_state(path, v.next);
		else if (!v.consumed)
			break;
		act(path, v.action);
	}
	rtrs_srv_path_put(path);	/* of the queue */
}
