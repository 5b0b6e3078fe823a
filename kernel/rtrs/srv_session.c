// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A session: found by UUID, cheap until its first path is complete, ended by
 * its last path. Called by the CM callback (find, new), path workers (the
 * rest) and the upper layer (name, depth, close). Lists and names are under
 * rtrs_srv.lock, coming up and sharing of devices under session->setup.
 */
#include <linux/module.h>
#include <linux/slab.h>

#include "server.h"

struct rtrs_srv_session *rtrs_srv_session_find(const u8 *uuid)
{
	struct rtrs_srv_session *session;

	list_for_each_entry(session, &rtrs_srv.sessions, entry)
		if (!memcmp(session->uuid, uuid, sizeof(session->uuid)))
			return session;
	return NULL;
}

struct rtrs_srv_session *rtrs_srv_session_new(const u8 *uuid)
{
	struct rtrs_srv_session *session = kzalloc(sizeof(*session), GFP_KERNEL);

	if (!session)
		return ERR_PTR(-ENOMEM);
	kref_init(&session->ref);
	INIT_LIST_HEAD(&session->paths);
	mutex_init(&session->setup);
	spin_lock_init(&session->wait_lock);
	INIT_LIST_HEAD(&session->resumed);
	INIT_WORK(&session->resume, rtrs_srv_resume_work);
	memcpy(session->uuid, uuid, sizeof(session->uuid));
	session->id = atomic_inc_return(&rtrs_srv.next_id);
	session->since = ktime_get();
	list_add_tail(&session->entry, &rtrs_srv.sessions);
	rtrs_srv.session_count++;
	return session;
}

static void session_release(struct kref *ref)
{
	kfree(container_of(ref, struct rtrs_srv_session, ref));
}

void rtrs_srv_session_get(struct rtrs_srv_session *session)
{
	kref_get(&session->ref);
}

void rtrs_srv_session_put(struct rtrs_srv_session *session)
{
	kref_put(&session->ref, session_release);
}

/* Paths in the handshake may wait for a name or a sibling that is gone now. */
void rtrs_srv_wake_half_open(void)
{
	struct rtrs_srv_path *path;

	list_for_each_entry(path, &rtrs_srv.half_open, half_open)
		rtrs_srv_path_kick(path);
}

void rtrs_srv_session_drop(struct rtrs_srv_session *session)
{
	list_del(&session->entry);
	WRITE_ONCE(rtrs_srv.session_count, rtrs_srv.session_count - 1);
	rtrs_srv_wake_half_open();
	wake_up_all(&rtrs_srv.gone);
	rtrs_srv_session_put(session);
}

void rtrs_srv_session_probe(struct rtrs_srv_session *session)
{
	struct rtrs_srv_path *path;

	list_for_each_entry(path, &session->paths, entry)
		rtrs_heartbeat_probe(&path->hb, 0);
}

static bool session_alive(const struct rtrs_srv_session *session, ktime_t since)
{
	struct rtrs_srv_path *path;

	list_for_each_entry(path, &session->paths, entry)
		if (READ_ONCE(path->state) == RTRS_PATH_CONNECTED &&
		    rtrs_heartbeat_heard_since(&path->hb, since))
			return true;
	return false;
}

/* A client that was started anew comes as a stranger under the old name. */
int rtrs_srv_session_claim_name(struct rtrs_srv_session *session, const char *name,
				ktime_t since)
{
	struct rtrs_srv_session *other;

	if (session->name[0])
		return strcmp(session->name, name) ? -EINVAL : 0;
	list_for_each_entry(other, &rtrs_srv.sessions, entry) {
		if (strcmp(other->name, name))
			continue;
		if (session_alive(other, since))
			return -EPERM;
		rtrs_srv_session_probe(other);
		return -EAGAIN;
	}
	strscpy(session->name, name, sizeof(session->name));
	return 0;
}

int rtrs_srv_session_bring_up(struct rtrs_srv_session *session)
{
	int ret;

	if (session->up)
		return 0;
	ret = rtrs_srv_chunks_create(session);
	if (ret)
		return ret;
	ret = rtrs_srv_sysfs_session_add(session);
	if (ret)
		goto err_chunks;
	ret = rtrs_srv.ops->session_up(session, &session->priv);
	if (ret)
		goto err_sysfs;
	session->up = true;
	session->since = ktime_get();
	rtrs_info(session->name, "session up\n");
	rtrs_srv_notify_session(session, RTRS_SRV_ADDED);
	return 0;

err_sysfs:
	rtrs_srv_sysfs_session_del(session);
err_chunks:
	rtrs_srv_chunks_destroy(session);
	return ret;
}

/* Rule H: paths of one session on one device share a protection domain, nobody else does. */
struct rtrs_device *rtrs_srv_session_device(struct rtrs_srv_path *path)
{
	struct ib_device *ib = path->hca->ib;
	struct rtrs_device *dev = NULL;
	struct rtrs_srv_path *other;

	mutex_lock(&rtrs_srv.lock);
	list_for_each_entry(other, &path->session->paths, entry)
		if (other->dev && other->dev->ib == ib)
			dev = other->dev;
	if (dev)
		rtrs_device_get(dev);
	mutex_unlock(&rtrs_srv.lock);
	return dev ? dev : rtrs_device_create(ib);
}

static void session_end(struct rtrs_srv_session *session)
{
	mutex_lock(&session->setup);
	if (session->up) {
		session->up = false;
		rtrs_srv.ops->session_down(session, session->priv);
		cancel_work_sync(&session->resume);
		rtrs_srv_notify_session(session, RTRS_SRV_REMOVED);
		rtrs_srv_sysfs_session_del(session);
		rtrs_srv_chunks_destroy(session);
		rtrs_info(session->name, "session down\n");
	}
	mutex_unlock(&session->setup);
	mutex_lock(&rtrs_srv.lock);
	rtrs_srv_session_drop(session);
	mutex_unlock(&rtrs_srv.lock);
}

void rtrs_srv_path_off_device(struct rtrs_srv_path *path)
{
	mutex_lock(&rtrs_srv.lock);
	WRITE_ONCE(path->hca->paths, path->hca->paths - 1);
	WRITE_ONCE(rtrs_srv.paths_on_hcas, rtrs_srv.paths_on_hcas - 1);
	path->hca = NULL;
	wake_up_all(&rtrs_srv.gone);
	mutex_unlock(&rtrs_srv.lock);
}

void rtrs_srv_session_leave(struct rtrs_srv_path *path)
{
	struct rtrs_srv_session *session = path->session;
	bool last;

	mutex_lock(&rtrs_srv.lock);
	list_del_init(&path->entry);
	session->path_count--;
	last = list_empty(&session->paths);
	session->dying = last;
	session->why = path->why;
	rtrs_srv_wake_half_open();
	mutex_unlock(&rtrs_srv.lock);
	if (last)
		session_end(session);
}

const char *rtrs_srv_session_name(const struct rtrs_srv_session *session)
{
	return session->name;
}
EXPORT_SYMBOL_GPL(rtrs_srv_session_name);

u32 rtrs_srv_session_depth(const struct rtrs_srv_session *session)
{
	return rtrs_srv.geometry.depth;
}
EXPORT_SYMBOL_GPL(rtrs_srv_session_depth);

u32 rtrs_srv_session_id(const struct rtrs_srv_session *session)
{
	return session->id;
}
EXPORT_SYMBOL_GPL(rtrs_srv_session_id);

void rtrs_srv_session_close(struct rtrs_srv_session *session)
{
	struct rtrs_srv_path *path;

	mutex_lock(&rtrs_srv.lock);
	list_for_each_entry(path, &session->paths, entry)
		rtrs_srv_path_raise(path, RTRS_PEV_CLOSE, RTRS_CAUSE_SESSION_CLOSED, 0);
	mutex_unlock(&rtrs_srv.lock);
}
EXPORT_SYMBOL_GPL(rtrs_srv_session_close);
