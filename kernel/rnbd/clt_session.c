// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One session per session name, shared by all devices mapped from it: the
 * transport session, the host-wide tag set, the devices' list. Made by the
 * first device that joins and closed by the last that leaves; both come from
 * the devices' workers. The start worker connects, the link worker introduces
 * us again after an outage; the link callback of rtrs only notes and kicks.
 * Locks: sessions mutex (list, users), then session->lock (state, devices).
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "client.h"
#include "rtrs/pure/path_match.h"

#define NO_LINK		0U	/* we are introduced on: the first one has number 1 */

static DEFINE_MUTEX(sessions_mutex);
static LIST_HEAD(sessions);
static DECLARE_WAIT_QUEUE_HEAD(session_gone);
static atomic_t sessions_gone = ATOMIC_INIT(0);
static struct workqueue_struct *session_wq;

/* ---- link changes ---- */

static void link_changed(void *priv, enum rtrs_clt_link link, const struct rtrs_why *why)
{
	struct rnbd_clt_session *session = priv;
	unsigned int noio = memalloc_noio_save();
	struct rnbd_clt_dev *dev;

	mutex_lock(&session->lock);
	WRITE_ONCE(session->greeted, false);
	if (link == RTRS_CLT_LINK_UP)
		WRITE_ONCE(session->link_gen, session->link_gen + 1);
	/* with rnbd_clt_session_same_link(): up means that the generation is the new one */
	smp_store_release(&session->link_up, link == RTRS_CLT_LINK_UP);
	if (!session->link_up) {
		session->why = *why;
		list_for_each_entry(dev, &session->devs, session_entry)
			rnbd_clt_dev_link_down(dev, why);
	}
	/* before that the start worker does the introduction */
	if (session->link_up && session->state == RNBD_CLT_SESSION_READY)
		queue_work(session_wq, &session->link_work);
	mutex_unlock(&session->lock);
	wake_up_all(&session->wait);
	memalloc_noio_restore(noio);
}

static const struct rtrs_clt_ops link_ops = {
	.link = link_changed,
};

/*
 * After an outage a request may still be on its way that read the device_id of
 * before, and the server gives numbers out again: it would reach another
 * device. So no open is sent before every such request came back. There is
 * hardly ever one, and nobody to wake us when it ends: look again now and then.
 */
static int settle(struct rnbd_clt_session *session)
{
	unsigned long deadline = jiffies + RNBD_CLT_MSG_TIMEOUT;

	/* whoever found a device mapped has handed its request over after this */
	synchronize_rcu();
	while (rnbd_clt_under_way(session)) {
		if (READ_ONCE(session->cancel))
			return -ECANCELED;
		if (time_after(jiffies, deadline))
			return -ETIMEDOUT;
		wait_event_idle_timeout(session->wait, READ_ONCE(session->cancel), HZ / 50);
	}
	return 0;
}

/* Opens may be sent from now on, unless the link changed since @gen. */
static bool set_greeted(struct rnbd_clt_session *session, u32 gen)
{
	lockdep_assert_held(&session->lock);
	WRITE_ONCE(session->greeted, session->link_up && session->link_gen == gen);
	return session->greeted;
}

bool rnbd_clt_session_same_link(struct rnbd_clt_session *session, u32 gen)
{
	/* with link_changed() */
	return smp_load_acquire(&session->link_up) && READ_ONCE(session->link_gen) == gen;
}

u32 rnbd_clt_session_gen(struct rnbd_clt_session *session)
{
	u32 gen;

	mutex_lock(&session->lock);
	gen = session->link_gen;
	mutex_unlock(&session->lock);
	return gen;
}

static int introduce(struct rnbd_clt_session *session)
{
	struct rtrs_why why = { };
	int err;

	err = settle(session);
	if (err) {
		pr_warn("%s: requests of before the outage are not answered (%d)\n",
			session->opt.session, err);
		return err;
	}
	/* the opens, which are tried again, show whether the server answers */
	err = rnbd_clt_send_info(session, &why);
	if (err)
		pr_warn("%s: no session info exchanged (%d)\n", session->opt.session, err);
	return 0;
}

/* The link is back: introduce us, then let every device open again. */
static void link_work(struct work_struct *work)
{
	struct rnbd_clt_session *session = container_of(work, struct rnbd_clt_session, link_work);
	unsigned int noio = memalloc_noio_save();
	u32 gen = rnbd_clt_session_gen(session);
	struct rnbd_clt_dev *dev;
	int err;

	err = introduce(session);
	mutex_lock(&session->lock);
	if (err == -ETIMEDOUT && session->link_up && session->state == RNBD_CLT_SESSION_READY)
		queue_work(session_wq, &session->link_work);
	if (!err && set_greeted(session, gen))
		list_for_each_entry(dev, &session->devs, session_entry)
			rnbd_clt_dev_link_up(dev);
	mutex_unlock(&session->lock);
	wake_up_all(&session->wait);
	memalloc_noio_restore(noio);
}

/* ---- starting ---- */

/* The transport session, unless the last device left meanwhile. */
static int make_rtrs(struct rnbd_clt_session *session)
{
	const struct rnbd_map_options *opt = &session->opt;
	const struct rtrs_clt_config config = {
		.name = opt->session,
		.paths = opt->paths,
		.path_count = opt->path_count,
		.port = opt->port,
		.max_reconnects = -1,
		.nr_poll_queues = opt->nr_poll_queues,
	};
	struct rtrs_clt_session *rtrs = rtrs_clt_session_create(&config, &link_ops, session);
	int err = 0;

	if (IS_ERR(rtrs)) {
		err = PTR_ERR(rtrs);
		pr_err("%s: no session made: %s (%d)\n", opt->session,
		       rtrs_cause_text(RTRS_CAUSE_NO_RESOURCE), err);
		return err;
	}
	mutex_lock(&session->lock);
	session->rtrs = rtrs;
	if (session->state == RNBD_CLT_SESSION_CLOSING)
		err = -ECANCELED;
	mutex_unlock(&session->lock);
	return err;
}

static int start(struct rnbd_clt_session *session, struct rtrs_why *why, u32 *gen)
{
	int err;

	why->cause = RTRS_CAUSE_NO_RESOURCE;
	err = make_rtrs(session);
	if (err)
		goto out;
	err = rtrs_clt_session_wait(session->rtrs, why);
	if (err)
		return err;
	why->cause = RTRS_CAUSE_SESSION_LOST;
	err = rtrs_clt_session_limits(session->rtrs, &session->limits);
	if (err)
		goto out;
	why->cause = RTRS_CAUSE_BAD_OFFER;
	err = rnbd_clt_slots_split(session);
	if (err)
		goto out;
	why->cause = RTRS_CAUSE_NO_RESOURCE;
	err = rnbd_clt_tags_make(session);
	if (err)
		goto out;
	*gen = rnbd_clt_session_gen(session);
	err = rnbd_clt_send_info(session, why);
	if (!err || why->cause != RTRS_CAUSE_SESSION_LOST)
		return err;
	/* no path for the moment, as after any outage: the link worker introduces us */
	*gen = NO_LINK;
	return 0;
out:
	if (err == -ECANCELED)
		why->cause = RTRS_CAUSE_CANCELLED;
	why->error = err;
	why->remote = false;
	return err;
}

static void start_work(struct work_struct *work)
{
	struct rnbd_clt_session *session = container_of(work, struct rnbd_clt_session, start_work);
	struct rtrs_why why = { };
	u32 gen = NO_LINK;
	int err;

	err = start(session, &why, &gen);
	mutex_lock(&session->lock);
	if (err) {
		session->why = why;
		if (!session->why.error)
			session->why.error = err;
	}
	if (session->state == RNBD_CLT_SESSION_STARTING)
		WRITE_ONCE(session->state,
			   err ? RNBD_CLT_SESSION_FAILED : RNBD_CLT_SESSION_READY);
	/* lost and found while we were introducing us, or another path is up: once more */
	if (session->state == RNBD_CLT_SESSION_READY && !set_greeted(session, gen) &&
	    session->link_up)
		queue_work(session_wq, &session->link_work);
	mutex_unlock(&session->lock);
	wake_up_all(&session->wait);
}

/* ---- joining and leaving ---- */

static struct rnbd_clt_session *find(const char *name)
{
	struct rnbd_clt_session *session;

	lockdep_assert_held(&sessions_mutex);
	list_for_each_entry(session, &sessions, entry)
		if (!strcmp(session->opt.session, name))
			return session;
	return NULL;
}

static bool usable(struct rnbd_clt_session *session)
{
	enum rnbd_clt_session_state state = READ_ONCE(session->state);

	return state == RNBD_CLT_SESSION_STARTING || state == RNBD_CLT_SESSION_READY;
}

/* Sessions mutex held, the session usable: once there it stays. */
static struct rtrs_clt_session *transport(struct rnbd_clt_session *session)
{
	struct rtrs_clt_session *rtrs;

	mutex_lock(&session->lock);
	rtrs = session->rtrs;
	mutex_unlock(&session->lock);
	return rtrs;
}

/* As for transport(). Without one yet, its paths will be those the session was asked for with. */
static int check_server(struct rnbd_clt_session *session, const struct rnbd_map_options *opt)
{
	const struct rnbd_map_options *mine = &session->opt;
	struct rtrs_clt_session *rtrs = transport(session);
	struct rtrs_path_match found;
	u32 i;

	if (opt->port_given && opt->port != mine->port)
		return -ENOTUNIQ;
	if (!opt->path_count)
		return 0;
	if (rtrs)
		return rtrs_clt_session_knows(rtrs, opt->paths, opt->path_count);
	rtrs_match_begin(&found, opt->path_count);
	for (i = 0; i < mine->path_count; i++)
		rtrs_match_path(&found, &mine->paths[i], opt->paths, opt->path_count);
	return found.same_server ? 0 : -ENOTUNIQ;
}

/* Sessions mutex held; @session NULL or not usable: a new one will be made. */
static int check_join(struct rnbd_clt_session *session, const struct rnbd_map_options *opt)
{
	int err;

	if (!session || !usable(session))
		return opt->path_count ? 0 : -ENXIO;
	err = check_server(session, opt);
	if (err)
		return err;
	if (session->users && (session->opt.nr_poll_queues || opt->nr_poll_queues))
		return -EINVAL;
	return 0;
}

int rnbd_clt_session_may_join(const struct rnbd_map_options *opt)
{
	int err;

	mutex_lock(&sessions_mutex);
	err = check_join(find(opt->session), opt);
	mutex_unlock(&sessions_mutex);
	return err;
}

/* As for transport(). @late: there is none yet that the paths could be added to. */
static int want_paths(struct rnbd_clt_session *session, const struct rnbd_map_options *opt,
		      bool *late)
{
	struct rtrs_clt_session *rtrs = opt->path_count ? transport(session) : NULL;

	*late = opt->path_count && !rtrs;
	return rtrs ? rtrs_clt_session_want(rtrs, opt->paths, opt->path_count) : 0;
}

int rnbd_clt_session_add_paths(const struct rnbd_map_options *opt)
{
	/* an unmap that ends somebody's I/O may wait for the mutex */
	unsigned int noio = memalloc_noio_save();
	struct rnbd_clt_session *session;
	bool late;
	int err = 0;

	mutex_lock(&sessions_mutex);
	session = find(opt->session);
	if (session && usable(session))
		err = want_paths(session, opt, &late);
	mutex_unlock(&sessions_mutex);
	memalloc_noio_restore(noio);
	return err;
}

static struct rnbd_clt_session *make(const struct rnbd_map_options *opt)
{
	struct rnbd_clt_session *session = kzalloc(sizeof(*session), GFP_KERNEL);

	if (!session)
		return NULL;
	session->opt = *opt;
	session->state = RNBD_CLT_SESSION_STARTING;
	mutex_init(&session->lock);
	init_waitqueue_head(&session->wait);
	INIT_LIST_HEAD(&session->devs);
	INIT_WORK(&session->start_work, start_work);
	INIT_WORK(&session->link_work, link_work);
	return session;
}

/*
 * One try to find or make: 0, an errno, or -EAGAIN while an old session of
 * this name is still on its way out.
 */
static int try_join(struct rnbd_clt_dev *dev)
{
	struct rnbd_clt_session *session;
	int err;

	mutex_lock(&sessions_mutex);
	session = find(dev->opt.session);
	err = session && !usable(session) ? -EAGAIN : check_join(session, &dev->opt);
	if (!err && session) {
		err = want_paths(session, &dev->opt, &dev->paths_late);
	} else if (!err) {
		session = make(&dev->opt);
		err = session ? 0 : -ENOMEM;
	}
	if (err)
		goto out;
	if (!session->users++) {
		list_add_tail(&session->entry, &sessions);
		queue_work(session_wq, &session->start_work);
	}
	dev->session = session;
	mutex_lock(&session->lock);
	list_add_tail(&dev->session_entry, &session->devs);
	mutex_unlock(&session->lock);
out:
	mutex_unlock(&sessions_mutex);
	return err;
}

/* Nothing to wait for: opens may be sent, or cannot. Without lock, as waits look at it. */
static bool decided(struct rnbd_clt_session *session)
{
	return READ_ONCE(session->state) != RNBD_CLT_SESSION_READY ||
	       READ_ONCE(session->greeted) || !READ_ONCE(session->link_up);
}

static int wait_ready(struct rnbd_clt_dev *dev, struct rtrs_why *why)
{
	struct rnbd_clt_session *session = dev->session;
	int err = 0;

	wait_event_idle(session->wait, READ_ONCE(dev->cancel) ||
			READ_ONCE(session->state) != RNBD_CLT_SESSION_STARTING);
	/* a link that comes and goes may never be decided about; the open has its own patience */
	wait_event_idle_timeout(session->wait, READ_ONCE(dev->cancel) || decided(session),
				RNBD_CLT_MSG_TIMEOUT);
	mutex_lock(&session->lock);
	if (session->state == RNBD_CLT_SESSION_FAILED) {
		*why = session->why;
		err = why->error;
	} else if (session->state != RNBD_CLT_SESSION_READY) {
		err = -ECANCELED;
	}
	mutex_unlock(&session->lock);
	return err;
}

/*
 * Of a device that joined before there was a transport to add its paths to. That it is
 * the right server was seen then; the paths may have been changed by hand since.
 */
static int join_paths(struct rnbd_clt_dev *dev, struct rtrs_why *why)
{
	const struct rnbd_map_options *opt = &dev->opt;
	int err;

	if (!dev->paths_late)
		return 0;
	err = rtrs_clt_session_want(dev->session->rtrs, opt->paths, opt->path_count);
	if (err == -ENOTUNIQ)
		return 0;
	why->cause = RTRS_CAUSE_NO_RESOURCE;
	return err;
}

int rnbd_clt_session_join(struct rnbd_clt_dev *dev, struct rtrs_why *why)
{
	int seen, err;

	why->cause = RTRS_CAUSE_NO_RESOURCE;
	for (;;) {
		seen = atomic_read(&sessions_gone);
		err = READ_ONCE(dev->cancel) ? -ECANCELED : try_join(dev);
		if (err != -EAGAIN)
			break;
		wait_event_idle(session_gone, READ_ONCE(dev->cancel) ||
				atomic_read(&sessions_gone) != seen);
	}
	if (err == -ENOTUNIQ)
		why->cause = RTRS_CAUSE_OTHER_SERVER;
	if (!err) {
		err = wait_ready(dev, why);
		if (!err)
			err = join_paths(dev, why);
		if (err)
			rnbd_clt_session_leave(dev);
	}
	if (err == -ECANCELED)
		why->cause = RTRS_CAUSE_CANCELLED;
	why->error = err;
	return err;
}

/* Wake whoever waits on behalf of @dev: dev->cancel was set. */
void rnbd_clt_session_kick(struct rnbd_clt_dev *dev)
{
	mutex_lock(&sessions_mutex);
	if (dev->session)
		wake_up_all(&dev->session->wait);
	mutex_unlock(&sessions_mutex);
	wake_up_all(&session_gone);
}

static bool link_open(const struct rnbd_clt_session *session, u32 tried)
{
	return READ_ONCE(session->greeted) && READ_ONCE(session->link_gen) != tried;
}

/*
 * A path that was lost while another one came up is no change of the link: what
 * was not sent over it may be sent a moment later.
 */
bool rnbd_clt_session_await_link(struct rnbd_clt_dev *dev, u32 tried, unsigned long deadline)
{
	struct rnbd_clt_session *session = dev->session;
	long left;

	do {
		left = deadline - jiffies;
		if (left <= 0)
			return false;
		wait_event_idle_timeout(session->wait, READ_ONCE(dev->cancel) ||
					link_open(session, tried), min_t(long, left, HZ / 4));
		if (READ_ONCE(dev->cancel))
			return false;
	} while (!READ_ONCE(session->greeted));
	return true;
}

bool rnbd_clt_session_has_id(struct rnbd_clt_dev *dev, u32 device_id)
{
	struct rnbd_clt_session *session = dev->session;
	struct rnbd_clt_dev *other;
	bool found = false;

	mutex_lock(&session->lock);
	list_for_each_entry(other, &session->devs, session_entry)
		if (other != dev && READ_ONCE(other->state) == RNBD_DEV_MAPPED &&
		    other->device_id == device_id)
			found = true;
	mutex_unlock(&session->lock);
	return found;
}

/*
 * Close the transport session. State is closing already: nobody joins, the
 * link callback queues nothing. Every request in flight completes.
 */
static void stop(struct rnbd_clt_session *session)
{
	struct rtrs_clt_session *rtrs;

	WRITE_ONCE(session->cancel, true);
	wake_up_all(&session->wait);
	mutex_lock(&session->lock);
	rtrs = session->rtrs;
	mutex_unlock(&session->lock);
	if (rtrs)
		rtrs_clt_session_cancel(rtrs);
	/* make_rtrs() sees the state if it comes after us */
	flush_work(&session->start_work);
	cancel_work_sync(&session->link_work);
	rtrs = session->rtrs;
	WRITE_ONCE(session->rtrs, NULL);
	/* queue_rq, commit_rqs and poll that still saw it */
	synchronize_rcu();
	if (rtrs)
		rtrs_clt_session_close(rtrs);
}

/* Alone with the session: no device on its list, no other can join. */
static void destroy(struct rnbd_clt_session *session)
{
	stop(session);
	rnbd_clt_tags_free(session);
	mutex_lock(&sessions_mutex);
	list_del(&session->entry);
	mutex_unlock(&sessions_mutex);
	atomic_inc(&sessions_gone);
	wake_up_all(&session_gone);
	mutex_destroy(&session->lock);
	kfree(session);
}

void rnbd_clt_session_break(struct rnbd_clt_dev *dev)
{
	struct rnbd_clt_session *session = dev->session;
	bool sole;

	mutex_lock(&sessions_mutex);
	sole = session->users == 1;
	if (sole) {
		mutex_lock(&session->lock);
		WRITE_ONCE(session->state, RNBD_CLT_SESSION_CLOSING);
		mutex_unlock(&session->lock);
	}
	mutex_unlock(&sessions_mutex);
	if (sole)
		stop(session);
	else
		rtrs_clt_session_reset(session->rtrs);
}

void rnbd_clt_session_leave(struct rnbd_clt_dev *dev)
{
	struct rnbd_clt_session *session = dev->session;
	bool last;

	mutex_lock(&sessions_mutex);
	last = !--session->users;
	mutex_lock(&session->lock);
	list_del_init(&dev->session_entry);
	if (last)
		WRITE_ONCE(session->state, RNBD_CLT_SESSION_CLOSING);
	mutex_unlock(&session->lock);
	dev->session = NULL;
	mutex_unlock(&sessions_mutex);
	if (last)
		destroy(session);
}

int rnbd_clt_session_init(void)
{
	session_wq = alloc_workqueue("rnbd-client-session", WQ_UNBOUND, 0);
	return session_wq ? 0 : -ENOMEM;
}

void rnbd_clt_session_exit(void)
{
	destroy_workqueue(session_wq);
}
