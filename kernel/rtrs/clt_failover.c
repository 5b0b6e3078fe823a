// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests that a drained path still holds, and what becomes of their slots.
 * The path worker calls it when nothing of the path runs any more: queues
 * flushed, handlers over, memory regions gone, no submitter inside. The owner
 * word tells whose a request is; other paths go on using theirs.
 *
 * An unanswered request moves with its slot: the server runs one operation per
 * chunk at a time, so the copy waits until the first has left the disk (rule
 * G), and writes the same bytes into the chunk that the first may be reading.
 * Anything else would be a foreign block's data. Therefore the slot is fenced
 * until each path it went by without an answer is connected again, for which
 * the server must have ended what came by it (security 4.4). A path that stays
 * away must not keep the slots of all that was on its way by it: one that was
 * removed, or whose server is ours and keeps such operations apart, gives them
 * back when the server has noticed its end.
 * session->fence_lock guards the fences.
 */
#include "client.h"

#define ROOM_MS 20	/* between looks for room when nobody said that there is some */
/* by then a server has noticed the end of a lost path: by its defaults in 35 s at most */
#define LINGER_MS 60000

u32 rtrs_clt_linger_ms = LINGER_MS;	/* a test has less: debugfs */

/* ---- fences ---- */

static bool fenced(const struct rtrs_req *req)
{
	return !bitmap_empty(req->fence, RTRS_CLT_MAX_PATHS);
}

void rtrs_clt_slot_free(struct rtrs_clt_session *session, struct rtrs_req *req)
{
	unsigned long flags, owner = RTRS_REQ_FREE;

	/* only the owner of a request adds to its fence */
	if (unlikely(fenced(req))) {
		spin_lock_irqsave(&session->fence_lock, flags);
		if (fenced(req))
			owner = RTRS_REQ_FENCED;
		atomic_long_set_release(&req->owner, owner);
		spin_unlock_irqrestore(&session->fence_lock, flags);
	} else {
		atomic_long_set_release(&req->owner, RTRS_REQ_FREE);
	}
	if (unlikely(READ_ONCE(session->short_of_room))) {
		WRITE_ONCE(session->short_of_room, false);
		wake_up_all(&session->wait);
	}
}

/* None as long as no offer was taken, which another path's worker may be about to do. */
static u32 slots(struct rtrs_clt_session *session)
{
	/* pairs with rtrs_clt_reqs_create() */
	return smp_load_acquire(&session->reqs) ? session->limits.queue_depth : 0;
}

static bool fences_up(struct rtrs_clt_session *session, u32 index)
{
	u32 slot, count = slots(session);

	for (slot = 0; slot < count; slot++)
		if (test_bit(index, session->reqs[slot].fence))
			return true;
	return false;
}

/* Nothing of the last life of the path at this place is left on the server. */
static void fence_lift(struct rtrs_clt_session *session, u32 index)
{
	u32 slot, count = slots(session);
	struct rtrs_req *req;

	for (slot = 0; slot < count; slot++) {
		req = &session->reqs[slot];
		/* set by the path's worker alone, which is the caller, has ended or has not been up since */
		if (!test_bit(index, req->fence))
			continue;
		spin_lock_irq(&session->fence_lock);
		__clear_bit(index, req->fence);
		if (!fenced(req)) {
			WRITE_ONCE(req->foreign, false);
			atomic_long_cmpxchg(&req->owner, RTRS_REQ_FENCED, RTRS_REQ_FREE);
		}
		spin_unlock_irq(&session->fence_lock);
	}
}

/* Session mutex held. */
static void linger(struct rtrs_clt_session *session, u32 index)
{
	unsigned long wait = msecs_to_jiffies(READ_ONCE(rtrs_clt_linger_ms));

	__set_bit(index, session->lingering);
	session->linger_until[index] = jiffies + wait;
	queue_delayed_work(rtrs_clt_wq, &session->linger_work, wait);
}

void rtrs_clt_linger_begin(struct rtrs_clt_path *path)
{
	struct rtrs_clt_session *session = path->session;

	mutex_lock(&session->mutex);
	/*
	 * An attempt that failed has sent nothing: the clock of the loss goes on.
	 * An in-tree server may look late at what is in a chunk: as long as such a
	 * path is to come back, its slots wait.
	 */
	if (!session->closing && path->own_server && !test_bit(path->index, session->lingering) &&
	    fences_up(session, path->index))
		linger(session, path->index);
	mutex_unlock(&session->mutex);
}

void rtrs_clt_linger_end(struct rtrs_clt_path *path)
{
	struct rtrs_clt_session *session = path->session;

	mutex_lock(&session->mutex);
	__clear_bit(path->index, session->lingering);
	mutex_unlock(&session->mutex);
	fence_lift(session, path->index);
}

void rtrs_clt_linger_orphan(struct rtrs_clt_path *path)
{
	struct rtrs_clt_session *session = path->session;

	lockdep_assert_held(&session->mutex);
	if (!session->closing && !test_bit(path->index, session->lingering) &&
	    (fences_up(session, path->index) || rtrs_clt_end_open(path)))
		linger(session, path->index);
	if (!session->closing && test_bit(path->index, session->lingering))
		__set_bit(path->index, session->orphaned);
	else
		__clear_bit(path->index, session->indices);
}

void rtrs_clt_linger_work(struct work_struct *work)
{
	struct rtrs_clt_session *session = container_of(to_delayed_work(work),
							struct rtrs_clt_session, linger_work);
	unsigned long wait = MAX_JIFFY_OFFSET, now = jiffies;
	u32 index;

	mutex_lock(&session->mutex);
	for_each_set_bit(index, session->lingering, RTRS_CLT_MAX_PATHS) {
		if (time_before(now, session->linger_until[index])) {
			wait = min(wait, session->linger_until[index] - now);
			continue;
		}
		fence_lift(session, index);
		__clear_bit(index, session->lingering);
		if (__test_and_clear_bit(index, session->orphaned)) {
			rtrs_clt_end_over(session, index);
			__clear_bit(index, session->indices);
		}
	}
	/* a path that was lost while this waited for the mutex may have it queued, for later */
	if (wait != MAX_JIFFY_OFFSET && !session->closing)
		mod_delayed_work(rtrs_clt_wq, &session->linger_work, wait);
	mutex_unlock(&session->mutex);
}

static void fence_raise(struct rtrs_clt_path *path, struct rtrs_req *req)
{
	spin_lock_irq(&path->session->fence_lock);
	__set_bit(path->index, req->fence);
	if (!path->own_server)
		WRITE_ONCE(req->foreign, true);
	spin_unlock_irq(&path->session->fence_lock);
}

/* ---- moving ---- */

/* The message is all that the old path's memory holds of the request. */
static void keep_message(struct rtrs_clt_path *path, const struct rtrs_req *req)
{
	size_t off = (size_t)req->slot * RTRS_CLT_HDR_STRIDE;

	memcpy(path->session->messages + off, rtrs_clt_pages_va(&path->hdrs, off), req->msg_len);
}

static void describe(struct rtrs_clt_session *session, const struct rtrs_req *req,
		     struct rtrs_clt_io *io)
{
	*io = (struct rtrs_clt_io){
		.dir = req->dir,
		.slot = req->slot,
		.queue = req->cid ? req->cid - 1 : RTRS_QUEUE_ADMIN,
		.msg_len = req->msg_len,
		.msg = session->messages + (size_t)req->slot * RTRS_CLT_HDR_STRIDE,
		.sg = req->sg,
		.sg_count = req->sg_count,
		.data_len = req->data_len,
		.done = req->done,
		.priv = req->priv,
	};
}

/* Another path's queue may be full; each request that ends there makes room. */
static int send_elsewhere(struct rtrs_clt_session *session, struct rtrs_req *req)
{
	struct rtrs_clt_io io;
	int ret;

	describe(session, req, &io);
	while ((ret = rtrs_clt_send(session, req, &io)) == -EAGAIN) {
		WRITE_ONCE(session->short_of_room, true);
		/* a wake-up may be missed: the completion side pays no barrier for it */
		wait_event_timeout(session->wait, !READ_ONCE(session->short_of_room),
				   msecs_to_jiffies(ROOM_MS));
	}
	return ret;
}

static void give_back(struct rtrs_clt_session *session, struct rtrs_req *req, int error)
{
	void (*done)(void *priv, int error, int slot) = req->done;
	void *priv = req->priv;
	u16 slot = req->slot;

	if (error == -ENOTCONN) {
		/* done() may submit it again at once */
		atomic_long_set_release(&req->owner, RTRS_REQ_KEPT);
		done(priv, -ECONNABORTED, slot);
		return;
	}
	/* no path can take it as it is, which a second try would not change */
	rtrs_clt_slot_free(session, req);
	done(priv, error, -1);
}

static void move(struct rtrs_clt_path *path, struct rtrs_clt_conn *conn, struct rtrs_req *req)
{
	struct rtrs_clt_session *session = path->session;
	int ret;

	fence_raise(path, req);
	keep_message(path, req);
	rtrs_clt_req_detach(req, conn);
	/* nobody but this worker can reach it until it has a connection again */
	atomic_long_set(&req->owner, RTRS_REQ_CLAIMED);
	/* before that is known no path is up, or the session closes */
	ret = rtrs_clt_end_open(path) ? -ENOTCONN : send_elsewhere(session, req);
	if (ret)
		give_back(session, req, ret);
	else
		this_cpu_inc(path->stats->failovers);
}

static struct rtrs_clt_conn *conn_of(struct rtrs_clt_path *path, unsigned long owner)
{
	struct rtrs_clt_conn *conn = (struct rtrs_clt_conn *)(owner & ~RTRS_REQ_MARKS);

	/* compared, not followed: a foreign path may be gone */
	if (conn < path->conns || conn >= path->conns + path->conn_count)
		return NULL;
	return conn;
}

void rtrs_clt_fail_over(struct rtrs_clt_path *path)
{
	struct rtrs_clt_session *session = path->session;
	u32 slot, count = slots(session);
	struct rtrs_clt_conn *conn;
	unsigned long owner;

	for (slot = 0; slot < count; slot++) {
		struct rtrs_req *req = &session->reqs[slot];

		owner = atomic_long_read(&req->owner);
		conn = conn_of(path, owner);
		if (!conn)
			continue;
		/* the answer is here, and what the server could still write to is gone */
		if (owner & (RTRS_REQ_ANSWERED | RTRS_REQ_INVAL))
			rtrs_clt_req_finish(req, conn, req->error);
		else
			move(path, conn, req);
	}
}
