// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sessions: create, wait, close, limits. Called by the upper layer, by
 * administrators and by the path workers.
 * rtrs_clt_sessions_mutex guards the list, session->mutex the path list and
 * the shape.
 */
#include "client.h"

#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/slab.h>

DEFINE_MUTEX(rtrs_clt_sessions_mutex);
LIST_HEAD(rtrs_clt_sessions);

/* ---- shape: fixed by the first offer ---- */

/* What can be mapped in one piece: less with bounce buffers; soft RDMA maps nothing. */
static u32 mapping_max(const struct ib_device *ib)
{
	size_t max = ib->dma_device ? dma_max_mapping_size(ib->dma_device) : SIZE_MAX;

	return min_t(size_t, round_down(max, SZ_4K), SZ_1G);
}

static int first_shape(struct rtrs_clt_path *path, struct rtrs_why *why)
{
	struct rtrs_clt_session *session = path->session;
	const struct ib_device_attr *attrs = &path->dev->ib->attrs;
	const struct rtrs_geometry *geo = &path->geo;
	struct rtrs_clt_limits *limits = &session->limits;
	u32 mr_pages = min(geo->io_size / SZ_4K + 1, attrs->max_fast_reg_page_list_len);

	session->wr_sges = min_t(u32, RTRS_CLT_SGES, attrs->max_send_sge);
	if (session->wr_sges < 2 || mr_pages < 2) {
		*why = (struct rtrs_why){ RTRS_CAUSE_DEVICE_UNFIT, -EOPNOTSUPP, false };
		return why->error;
	}
	limits->max_io_size = min3(geo->io_size, (mr_pages - 1) * SZ_4K, mapping_max(path->dev->ib));
	limits->max_msg_len = min_t(u32, geo->hdr_size, RTRS_CLT_HDR_STRIDE) -
			      RTRS_WIRE_READ_HDR_MAX;
	limits->max_segments = min_t(u32, RTRS_CLT_SEGMENTS, mr_pages);
	limits->io_queues = session->io_queues;
	limits->nr_poll_queues = session->nr_poll_queues;
	limits->numa_node = ibdev_to_node(path->dev->ib);
	limits->virt_boundary = SZ_4K - 1;
	session->chain_max = DIV_ROUND_UP(limits->max_segments + 1, session->wr_sges);
	if (rtrs_clt_reqs_create(session, geo->depth)) {
		*why = (struct rtrs_why){ RTRS_CAUSE_NO_RESOURCE, -ENOMEM, false };
		return why->error;
	}
	session->geo = *geo;
	return 0;
}

/* Requests were built for the first shape; a smaller one would fail them for ever. */
static bool offer_fits(const struct rtrs_clt_path *path)
{
	const struct rtrs_clt_limits *limits = &path->session->limits;

	return path->geo.depth == limits->queue_depth &&
	       path->geo.io_size >= limits->max_io_size &&
	       path->geo.hdr_size >= limits->max_msg_len + RTRS_WIRE_READ_HDR_MAX;
}

/* The same of this machine's own device, which may be another one than the first path's. */
static bool device_fits(const struct rtrs_clt_path *path)
{
	u32 mr_pages = path->dev->ib->attrs.max_fast_reg_page_list_len;
	u32 io_size = path->session->limits.max_io_size;

	return mr_pages >= io_size / SZ_4K + 1 && mapping_max(path->dev->ib) >= io_size;
}

int rtrs_clt_session_shape(struct rtrs_clt_path *path, struct rtrs_why *why)
{
	struct rtrs_clt_session *session = path->session;
	int ret = 0;

	mutex_lock(&session->mutex);
	if (!session->reqs) {
		ret = first_shape(path, why);
	} else if (!device_fits(path)) {
		path->hopeless = true;
		*why = (struct rtrs_why){ RTRS_CAUSE_DEVICE_UNFIT, -EOPNOTSUPP, false };
		ret = why->error;
	} else if (!offer_fits(path)) {
		rtrs_err(session->name,
			 "server now offers depth %u, I/O size %u, header size %u; the session has depth %u, I/O size %u; giving up\n",
			 path->geo.depth, path->geo.io_size, path->geo.hdr_size,
			 session->limits.queue_depth, session->limits.max_io_size);
		path->hopeless = true;
		*why = (struct rtrs_why){ RTRS_CAUSE_BAD_OFFER, -EPROTO, false };
		ret = why->error;
	}
	mutex_unlock(&session->mutex);
	return ret;
}

struct rtrs_device *rtrs_clt_session_device(struct rtrs_clt_path *path, struct ib_device *ib)
{
	struct rtrs_clt_session *session = path->session;
	struct rtrs_clt_path *other;
	struct rtrs_device *dev = NULL;

	mutex_lock(&session->mutex);
	list_for_each_entry(other, &session->paths, link) {
		if (other->dev && other->dev->ib == ib) {
			dev = other->dev;
			rtrs_device_get(dev);
			break;
		}
	}
	if (!dev)
		dev = rtrs_device_create(ib);
	if (!IS_ERR(dev))
		path->dev = dev;
	mutex_unlock(&session->mutex);
	return dev;
}

/*
 * A session that was up once is looked for first: whether the server still had
 * it tells whether the server may have lost what its disks had not written. And
 * while another path is up, a server that lost the session must not make a new
 * one behind that path's back, which will be found lost soon.
 */
bool rtrs_clt_session_may_create(struct rtrs_clt_path *path)
{
	return !READ_ONCE(path->session->ever_up) || path->create;
}

/*
 * link_mutex held. A server that tells its instance may have dropped the session
 * for want of paths, and lost nothing of what its disks had not written. Of one
 * that does not tell, the worst is assumed.
 */
static void meet(struct rtrs_clt_session *session, u64 instance)
{
	if (!instance || session->server_instance != instance)
		WRITE_ONCE(session->incarnation, session->incarnation + 1);
	session->server_instance = instance;
}

void rtrs_clt_session_meet(struct rtrs_clt_session *session, const struct rtrs_offer *offer)
{
	mutex_lock(&session->link_mutex);
	if (offer->instance)
		meet(session, offer->instance);
	mutex_unlock(&session->link_mutex);
}

/*
 * link_mutex held. Two that ask for the same session at once are one too many for
 * a server that looks for it and makes it in two steps, as the kernel's own does.
 */
static bool another_creates(const struct rtrs_clt_path *path)
{
	struct rtrs_clt_session *session = path->session;
	const struct rtrs_clt_path *other;
	bool found = false;

	mutex_lock(&session->mutex);
	list_for_each_entry(other, &session->paths, link)
		if (other != path && READ_ONCE(other->create) && !other->removing &&
		    READ_ONCE(other->state) != RTRS_PATH_CLOSED)
			found = true;
	mutex_unlock(&session->mutex);
	return found;
}

/*
 * link_mutex held. An address that nobody has answered for yet may be another
 * machine's, with a disk of that name: what was written last is not there. So it
 * is for a path that was connected before to make the session anew, as long as
 * there is one; the others join.
 */
static bool may_be_elsewhere(const struct rtrs_clt_path *path)
{
	struct rtrs_clt_session *session = path->session;
	const struct rtrs_clt_path *other;
	bool found = false;

	if (READ_ONCE(path->was_connected))
		return false;
	mutex_lock(&session->mutex);
	list_for_each_entry(other, &session->paths, link)
		if (READ_ONCE(other->was_connected) && !other->removing)
			found = true;
	mutex_unlock(&session->mutex);
	return found;
}

bool rtrs_clt_session_unknown(struct rtrs_clt_path *path, const struct rtrs_why *why)
{
	struct rtrs_clt_session *session = path->session;
	bool unknown = why->cause == RTRS_CAUSE_REFUSED && why->remote && why->error == -ENXIO;
	bool again = path->create;

	WRITE_ONCE(path->create, false);
	if (!unknown || again)
		return false;
	mutex_lock(&session->link_mutex);
	/* not before the upper layer heard that the last path is gone */
	if (!session->link_up && may_be_elsewhere(path)) {
		if (path->attempt <= 1)
			rtrs_info(session->name,
				  "path %u was never connected: it waits for one that was (delete those that are gone for good)\n",
				  path->id);
	} else if (!session->link_up && !another_creates(path)) {
		WRITE_ONCE(path->create, true);
		/* counted here: another path may join what this one makes, and be up first */
		meet(session, path->conns[0].offer.instance);
	}
	mutex_unlock(&session->link_mutex);
	return path->create;
}

/* ---- create and close ---- */

static bool name_taken(const char *name)
{
	struct rtrs_clt_session *session;

	list_for_each_entry(session, &rtrs_clt_sessions, link)
		if (!strcmp(session->name, name))
			return true;
	return false;
}

/* The last reference to the device is the end of the session's memory. */
static void session_release(struct device *dev)
{
	struct rtrs_clt_session *session = container_of(dev, struct rtrs_clt_session, dev);

	rtrs_clt_reqs_destroy(session);
	kfree(session->bells);
	free_percpu(session->cursor);
	mutex_destroy(&session->mutex);
	mutex_destroy(&session->link_mutex);
	kfree(session);
}

static struct rtrs_clt_session *session_alloc(const struct rtrs_clt_config *config,
					      const struct rtrs_clt_ops *ops, void *priv)
{
	struct rtrs_clt_session *session = kzalloc(sizeof(*session), GFP_KERNEL);

	if (!session)
		return ERR_PTR(-ENOMEM);
	session->io_queues = rtrs_clt_io_conns() + config->nr_poll_queues;
	session->cursor = alloc_percpu(u32);
	session->bells = kcalloc(session->io_queues + 1, sizeof(*session->bells), GFP_KERNEL);
	if (!session->cursor || !session->bells) {
		kfree(session->bells);
		free_percpu(session->cursor);
		kfree(session);
		return ERR_PTR(-ENOMEM);
	}
	strscpy(session->name, config->name, sizeof(session->name));
	session->id = rtrs_clt_new_id();
	generate_random_uuid(session->uuid);
	session->port = config->port;
	session->nr_poll_queues = config->nr_poll_queues;
	session->max_reconnects = config->max_reconnects;
	session->heartbeat = rtrs_clt_hb_params;
	session->policy = RTRS_MP_MIN_INFLIGHT;
	session->ops = ops;
	session->priv = priv;
	session->since = ktime_get();
	spin_lock_init(&session->fence_lock);
	spin_lock_init(&session->end_lock);
	mutex_init(&session->mutex);
	mutex_init(&session->link_mutex);
	INIT_LIST_HEAD(&session->paths);
	INIT_DELAYED_WORK(&session->linger_work, rtrs_clt_linger_work);
	init_waitqueue_head(&session->wait);
	rtrs_clt_genl_session_init(session);
	device_initialize(&session->dev);
	session->dev.release = session_release;
	return session;
}

static int check_config(const struct rtrs_clt_config *config)
{
	if (!config->path_count || config->path_count > RTRS_CLT_MAX_PATHS ||
	    rtrs_name_check(config->name, RTRS_WIRE_NAME_LEN))
		return -EINVAL;
	if (config->max_reconnects < -1)
		return -EINVAL;
	return config->nr_poll_queues > num_possible_cpus() ? -EINVAL : 0;
}

/* ---- open and close ---- */

/* The name is reserved and shown with the list locked: two of one name never meet in sysfs. */
static int session_add(struct rtrs_clt_session *session)
{
	int ret = -EEXIST;

	mutex_lock(&rtrs_clt_sessions_mutex);
	if (!name_taken(session->name))
		ret = rtrs_clt_sysfs_session_add(session);
	if (!ret)
		list_add_tail(&session->link, &rtrs_clt_sessions);
	mutex_unlock(&rtrs_clt_sessions_mutex);
	return ret;
}

static void session_del(struct rtrs_clt_session *session)
{
	mutex_lock(&rtrs_clt_sessions_mutex);
	list_del(&session->link);
	rtrs_clt_sysfs_session_del(session);
	mutex_unlock(&rtrs_clt_sessions_mutex);
}

struct rtrs_clt_session *rtrs_clt_session_create(const struct rtrs_clt_config *config,
						 const struct rtrs_clt_ops *ops, void *priv)
{
	struct rtrs_clt_session *session;
	struct rtrs_clt_path *path;
	int ret = check_config(config);

	if (ret)
		return ERR_PTR(ret);
	session = session_alloc(config, ops, priv);
	if (IS_ERR(session))
		return session;
	ret = rtrs_clt_paths_create(session, config);
	if (ret)
		goto err_put;
	ret = session_add(session);
	if (ret)
		goto err_paths;
	rtrs_clt_genl_session_event(session, RTRS_CLT_ADDED);
	/* paths removed at once by somebody quick stay on the list as long as this has the mutex */
	mutex_lock(&session->mutex);
	list_for_each_entry(path, &session->paths, link)
		rtrs_clt_genl_path_event(path, RTRS_CLT_ADDED);
	path = list_first_entry_or_null(&session->paths, struct rtrs_clt_path, link);
	if (path)
		rtrs_clt_path_raise(path, RTRS_PEV_RECONNECT);
	mutex_unlock(&session->mutex);
	return session;

err_paths:
	rtrs_clt_paths_discard(session);
err_put:
	put_device(&session->dev);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(rtrs_clt_session_create);

static bool wait_over(struct rtrs_clt_session *session)
{
	return READ_ONCE(session->settled) || READ_ONCE(session->cancelled);
}

int rtrs_clt_session_wait(struct rtrs_clt_session *session, struct rtrs_why *why)
{
	int ret = wait_event_killable(session->wait, wait_over(session));

	*why = (struct rtrs_why){ RTRS_CAUSE_CANCELLED, ret ? ret : -ECANCELED, false };
	if (ret)
		return ret;
	/* pairs with the two places that settle */
	if (smp_load_acquire(&session->settled)) {
		if (READ_ONCE(session->ever_up)) {
			*why = (struct rtrs_why){ };
			return 0;
		}
		mutex_lock(&session->mutex);
		*why = session->why;
		mutex_unlock(&session->mutex);
	}
	return why->error ? why->error : -ECONNABORTED;
}
EXPORT_SYMBOL_GPL(rtrs_clt_session_wait);

void rtrs_clt_session_cancel(struct rtrs_clt_session *session)
{
	WRITE_ONCE(session->cancelled, true);
	wake_up_all(&session->wait);
}
EXPORT_SYMBOL_GPL(rtrs_clt_session_cancel);

void rtrs_clt_session_close(struct rtrs_clt_session *session)
{
	struct rtrs_clt_path *path;

	mutex_lock(&session->mutex);
	WRITE_ONCE(session->closing, true);
	list_for_each_entry(path, &session->paths, link) {
		path->removing = true;
		rtrs_clt_path_close(path, RTRS_CAUSE_SESSION_CLOSED, RTRS_PEV_REMOVE);
	}
	mutex_unlock(&session->mutex);
	/* for workers that wait for an answer of the server */
	wake_up_all(&session->wait);
	wait_event(session->wait, !READ_ONCE(session->path_total));
	cancel_delayed_work_sync(&session->linger_work);
	session_del(session);
	rtrs_clt_genl_session_event(session, RTRS_CLT_REMOVED);
	put_device(&session->dev);
}
EXPORT_SYMBOL_GPL(rtrs_clt_session_close);

void rtrs_clt_session_reset(struct rtrs_clt_session *session)
{
	struct rtrs_clt_path *path;

	enum rtrs_path_state state;

	mutex_lock(&session->mutex);
	list_for_each_entry(path, &session->paths, link) {
		state = READ_ONCE(path->state);
		/* one that is up in a moment would take the requests instead of giving them back */
		if (state == RTRS_PATH_CONNECTED || state == RTRS_PATH_CONNECTING)
			rtrs_clt_path_lost(path, RTRS_CAUSE_ADMIN, -ECONNABORTED, false);
	}
	mutex_unlock(&session->mutex);
}
EXPORT_SYMBOL_GPL(rtrs_clt_session_reset);

/* ---- look-ups ---- */

int rtrs_clt_session_limits(struct rtrs_clt_session *session, struct rtrs_clt_limits *limits)
{
	/* pairs with publishing */
	if (!smp_load_acquire(&session->ever_up))
		return -ENOTCONN;
	*limits = session->limits;
	return 0;
}
EXPORT_SYMBOL_GPL(rtrs_clt_session_limits);

const char *rtrs_clt_session_name(const struct rtrs_clt_session *session)
{
	return session->name;
}
EXPORT_SYMBOL_GPL(rtrs_clt_session_name);

bool rtrs_clt_session_is_up(const struct rtrs_clt_session *session)
{
	u64 up = 0;
	u32 i;

	for (i = 0; i < RTRS_MP_WORDS; i++)
		up |= READ_ONCE(session->up[i]);
	return up;
}
EXPORT_SYMBOL_GPL(rtrs_clt_session_is_up);

u32 rtrs_clt_session_incarnation(const struct rtrs_clt_session *session)
{
	return READ_ONCE(session->incarnation);
}
EXPORT_SYMBOL_GPL(rtrs_clt_session_incarnation);

u32 rtrs_clt_session_paths_up(const struct rtrs_clt_session *session)
{
	u32 i, count = 0;

	for (i = 0; i < RTRS_MP_WORDS; i++)
		count += hweight64(READ_ONCE(session->up[i]));
	return count;
}

static void kick_paths(struct rtrs_clt_session *session)
{
	struct rtrs_clt_path *path;

	mutex_lock(&session->mutex);
	/* an attempt that fails for want of the link must not wait after it either */
	list_for_each_entry(path, &session->paths, link)
		if (READ_ONCE(path->state) != RTRS_PATH_CONNECTED)
			rtrs_clt_path_raise(path, RTRS_PEV_TIMER);
	mutex_unlock(&session->mutex);
}

void rtrs_clt_sessions_kick(void)
{
	struct rtrs_clt_session *session;

	mutex_lock(&rtrs_clt_sessions_mutex);
	list_for_each_entry(session, &rtrs_clt_sessions, link)
		kick_paths(session);
	mutex_unlock(&rtrs_clt_sessions_mutex);
}
