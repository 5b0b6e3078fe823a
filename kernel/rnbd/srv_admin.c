// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Session info, open, close and the forced close from sysfs: queued per
 * session and run one by one in the session's admin work, which may wait for
 * path look-ups and disks and so stalls nobody but its own session. A waiting
 * message lives in the pdu of its request. admin_lock guards the queue.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "server.h"

static void answer(struct rtrs_srv_request *rq, const void *rsp, u32 len)
{
	memcpy(rq->data, rsp, len);
	rtrs_srv_reply(rq, 0, len);
}

/* The client left no room for the response, or asked in the wrong direction (S51, S55). */
static bool no_room(const struct rtrs_srv_request *rq, u32 len)
{
	return rq->dir != RTRS_READ || rq->answer_len < len;
}

static void refuse(struct rnbd_srv_session *session, struct rtrs_srv_request *rq, int err)
{
	rnbd_srv_count(RNBD_SRV_BAD_MESSAGES);
	rtrs_warn(session->name, "malformed message: error %d\n", err);
	rtrs_srv_reply(rq, err, 0);
}

static void session_info(struct rnbd_srv_session *session, struct rtrs_srv_request *rq)
{
	struct rnbd_wire_sess_info rsp;
	u8 version = 0;
	int err = rnbd_sess_info_parse(rq->msg, rq->msg_len, &version);

	if (!err && no_room(rq, sizeof(rsp)))
		err = -EINVAL;
	if (err) {
		refuse(session, rq, err);
		return;
	}
	WRITE_ONCE(session->version, version);
	rnbd_sess_info_rsp_build(&rsp, version);
	answer(rq, &rsp, sizeof(rsp));
}

static void open_device(struct rnbd_srv_session *session, struct rtrs_srv_request *rq)
{
	struct rnbd_srv_mapping *mapping;
	struct rnbd_wire_open_rsp rsp;
	struct rnbd_open open;
	int err = rnbd_open_parse(rq->msg, rq->msg_len, &open);

	if (!err && no_room(rq, sizeof(rsp)))
		err = -EINVAL;
	if (err) {
		refuse(session, rq, err);
		return;
	}
	mapping = rnbd_srv_mapping_open(session, &open);
	if (IS_ERR(mapping)) {
		rnbd_srv_count(RNBD_SRV_OPENS_REFUSED);
		rtrs_srv_reply(rq, PTR_ERR(mapping), 0);
		return;
	}
	rnbd_srv_count(RNBD_SRV_OPENS);
	rnbd_open_rsp_build(&rsp, &mapping->info);
	answer(rq, &rsp, sizeof(rsp));
}

/* Unknown ids are answered with success, as clients that close twice expect. */
static void close_device(struct rnbd_srv_session *session, struct rtrs_srv_request *rq)
{
	struct rnbd_srv_mapping *mapping;
	u32 device_id = 0;
	int err = rnbd_close_parse(rq->msg, rq->msg_len, &device_id);

	if (err) {
		refuse(session, rq, err);
		return;
	}
	mapping = xa_load(&session->mappings, device_id);
	if (mapping) {
		rnbd_srv_count(RNBD_SRV_CLOSES);
		rnbd_srv_mapping_stop(mapping);
		rnbd_srv_mapping_close(mapping, RTRS_CAUSE_NONE);
	}
	/* also the reservation that a forced close left */
	xa_erase(&session->mappings, device_id);
	rtrs_srv_reply(rq, 0, 0);
}

static void run_message(struct rnbd_srv_session *session, struct rtrs_srv_request *rq)
{
	switch (rnbd_msg_type(rq->msg, rq->msg_len)) {
	case RNBD_WIRE_SESS_INFO:
		session_info(session, rq);
		break;
	case RNBD_WIRE_OPEN:
		open_device(session, rq);
		break;
	case RNBD_WIRE_CLOSE:
		close_device(session, rq);
		break;
	default:
		refuse(session, rq, -EINVAL);
		break;
	}
}

static void run_forced_close(struct rnbd_srv_mapping *mapping)
{
	rnbd_srv_count(RNBD_SRV_FORCED_CLOSES);
	rnbd_srv_mapping_stop(mapping);
	rnbd_srv_mapping_close(mapping, RTRS_CAUSE_ADMIN);
}

static struct rnbd_srv_admin *next_item(struct rnbd_srv_session *session)
{
	struct rnbd_srv_admin *item;

	spin_lock_irq(&session->admin_lock);
	item = list_first_entry_or_null(&session->admin_queue, struct rnbd_srv_admin, entry);
	if (item)
		list_del_init(&item->entry);
	spin_unlock_irq(&session->admin_lock);
	return item;
}

static void admin_work(struct work_struct *work)
{
	struct rnbd_srv_session *session = container_of(work, struct rnbd_srv_session, admin_work);
	struct rnbd_srv_admin *item;

	while ((item = next_item(session))) {
		if (item->rq)
			run_message(session, item->rq);
		else
			run_forced_close(container_of(item, struct rnbd_srv_mapping, force));
	}
}

void rnbd_srv_admin_init(struct rnbd_srv_session *session)
{
	spin_lock_init(&session->admin_lock);
	INIT_LIST_HEAD(&session->admin_queue);
	INIT_WORK(&session->admin_work, admin_work);
}

void rnbd_srv_admin_message(struct rnbd_srv_session *session, struct rtrs_srv_request *rq)
{
	struct rnbd_srv_admin *item = rq->pdu;
	unsigned long flags;

	item->rq = rq;
	spin_lock_irqsave(&session->admin_lock, flags);
	list_add_tail(&item->entry, &session->admin_queue);
	/* inside the lock: outside, a work already running may answer, and the session go */
	queue_work(rnbd_srv_wq, &session->admin_work);
	spin_unlock_irqrestore(&session->admin_lock, flags);
}

void rnbd_srv_admin_end(struct rnbd_srv_session *session)
{
	spin_lock_irq(&session->admin_lock);
	session->ending = true;
	spin_unlock_irq(&session->admin_lock);
	flush_work(&session->admin_work);
}

int rnbd_srv_force_close(struct rnbd_srv_mapping *mapping)
{
	struct rnbd_srv_session *session = mapping->session;

	spin_lock_irq(&session->admin_lock);
	/* no longer, or already, or with all others: then only wait */
	if (!session->ending && !mapping->gone && list_empty(&mapping->force.entry)) {
		list_add_tail(&mapping->force.entry, &session->admin_queue);
		queue_work(rnbd_srv_wq, &session->admin_work);
	}
	spin_unlock_irq(&session->admin_lock);
	return wait_for_completion_killable(&mapping->closed) ? -EINTR : 0;
}
