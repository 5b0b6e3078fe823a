// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One rnbd session per rtrs session: made when its first path comes, ended
 * after its last one went, and the door through which every message enters.
 * Called by rtrs-server. session_down() runs after every request was replied
 * to, so it meets neither I/O nor admin messages, only forced closes.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/random.h>
#include <linux/slab.h>

#include "server.h"

static int session_up(struct rtrs_srv_session *rtrs, void **priv)
{
	struct rnbd_srv_session *session = kzalloc(sizeof(*session), GFP_KERNEL);

	if (!session)
		return -ENOMEM;
	session->rtrs = rtrs;
	strscpy(session->name, rtrs_srv_session_name(rtrs), sizeof(session->name));
	xa_init_flags(&session->mappings, XA_FLAGS_ALLOC);
	/* a request that speaks of a device of an earlier session must not find another one */
	session->next_device_id = get_random_u32_below(RNBD_SRV_DEVICE_IDS);
	rnbd_srv_admin_init(session);
	*priv = session;
	return 0;
}

static void session_down(struct rtrs_srv_session *rtrs, void *priv)
{
	struct rnbd_srv_session *session = priv;
	struct rnbd_srv_mapping *mapping;
	unsigned long id;

	/* Forced closes run in the admin work: none comes any more, and it finishes. */
	rnbd_srv_admin_end(session);
	/* All are stopped before the first is waited for: one grace period serves them all. */
	xa_for_each(&session->mappings, id, mapping)
		rnbd_srv_mapping_stop(mapping);
	xa_for_each(&session->mappings, id, mapping)
		rnbd_srv_mapping_close(mapping, RTRS_CAUSE_SESSION_CLOSED);
	xa_destroy(&session->mappings);
	kfree(session);
}

/* Too short to be what it says: the peer does not speak the protocol (security S35). */
static enum rtrs_srv_verdict violation(const struct rnbd_srv_session *session,
				       const struct rtrs_srv_request *rq)
{
	rnbd_srv_count(RNBD_SRV_VIOLATIONS);
	rtrs_warn(session->name, "message of %u bytes on connection %u is too short\n",
		  rq->msg_len, rq->cid);
	return RTRS_SRV_VIOLATION;
}

static enum rtrs_srv_verdict admin(struct rnbd_srv_session *session, struct rtrs_srv_request *rq,
				   size_t min_len)
{
	if (rq->msg_len < min_len)
		return violation(session, rq);
	rnbd_srv_admin_message(session, rq);
	return RTRS_SRV_TAKEN;
}

static enum rtrs_srv_verdict request(void *priv, struct rtrs_srv_request *rq)
{
	struct rnbd_srv_session *session = priv;
	int type = rnbd_msg_type(rq->msg, rq->msg_len);

	if (type < 0)
		return violation(session, rq);
	switch (type) {
	case RNBD_WIRE_IO:
		if (rq->msg_len < RNBD_WIRE_IO_MIN)
			return violation(session, rq);
		return rnbd_srv_io(session, rq);
	case RNBD_WIRE_SESS_INFO:
		return admin(session, rq, sizeof(struct rnbd_wire_sess_info));
	case RNBD_WIRE_OPEN:
		return admin(session, rq, sizeof(struct rnbd_wire_open));
	case RNBD_WIRE_CLOSE:
		return admin(session, rq, sizeof(struct rnbd_wire_close));
	}
	rnbd_srv_count(RNBD_SRV_BAD_MESSAGES);
	rtrs_warn(session->name, "message of unknown type %d\n", type);
	rtrs_srv_reply(rq, -EINVAL, 0);
	return RTRS_SRV_TAKEN;
}

const struct rtrs_srv_ops rnbd_srv_rtrs_ops = {
	.pdu_size	= sizeof(union rnbd_srv_pdu),
	.msg_max	= sizeof(struct rnbd_wire_open),
	.session_up	= session_up,
	.session_down	= session_down,
	.request	= request,
};
