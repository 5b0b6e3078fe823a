// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The slots of a session: which are for admin messages, and the tag set for the
 * others, one tag per slot, shared by all its disks. Made by the session's start
 * worker once the transport is up, freed with the session; no lock.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "client.h"

#define QUEUE_DEPTH_MAX	10240U	/* what blk-mq takes */
#define SEGMENTS_MAX	256U	/* bounds the scatterlist each request carries */

/* Slots for admin messages: the top ones; one has to do when there are few. */
int rnbd_clt_slots_split(struct rnbd_clt_session *session)
{
	u32 depth = session->limits.queue_depth;
	u32 admin = depth < 16 ? 1 : RNBD_CLT_ADMIN_SLOTS;

	if (depth < 2) {
		pr_err("%s: queue depth %u leaves no slot for I/O\n", session->opt.session, depth);
		return -EPROTO;
	}
	session->admin_base = depth - admin;
	/* all but one: without it nothing could be opened again, for want of which I/O waits */
	session->io_slots = depth - 1;
	session->admin_slots = admin;
	return 0;
}

static int make_tags(struct rnbd_clt_session *session)
{
	struct rtrs_clt_limits *lim = &session->limits;
	struct blk_mq_tag_set *tags = &session->tags;
	u32 plain;

	if (!lim->max_segments || lim->nr_poll_queues >= lim->io_queues)
		return -EPROTO;
	plain = lim->io_queues - lim->nr_poll_queues;
	session->default_queues = min_t(u32, plain, nr_cpu_ids);
	session->max_segments = min(lim->max_segments, SEGMENTS_MAX);

	tags->ops = &rnbd_clt_mq_ops;
	tags->queue_depth = min(session->admin_base, QUEUE_DEPTH_MAX);
	tags->numa_node = lim->numa_node;
	tags->nr_hw_queues = session->default_queues + lim->nr_poll_queues;
	tags->nr_maps = lim->nr_poll_queues ? HCTX_MAX_TYPES : 1;
	/* one tag space for all queues: a tag is the number of a slot */
	tags->flags = BLK_MQ_F_TAG_HCTX_SHARED | BLK_MQ_F_NO_SCHED_BY_DEFAULT;
	tags->cmd_size = struct_size((struct rnbd_clt_req *)NULL, sgl, session->max_segments);
	tags->driver_data = session;
	return compat_alloc_tag_set(tags);
}

/*
 * When a queue comes or goes and leaves another one alone or not alone with the
 * tags, the block layer waits until that other one is idle, which a disk whose
 * I/O waits for the server may not be for a long time. This queue never has I/O
 * and keeps the disks from ever being the one that is waited for.
 */
static int make_anchor(struct rnbd_clt_session *session)
{
	struct request_queue *q = compat_alloc_queue(&session->tags);

	if (IS_ERR(q))
		return PTR_ERR(q);
	session->anchor = q;
	return 0;
}

int rnbd_clt_tags_make(struct rnbd_clt_session *session)
{
	int err = make_tags(session);

	return err ?: make_anchor(session);
}

void rnbd_clt_tags_free(struct rnbd_clt_session *session)
{
	if (session->anchor) {
		blk_mq_destroy_queue(session->anchor);
		blk_put_queue(session->anchor);
	}
	if (session->tags.tags)
		blk_mq_free_tag_set(&session->tags);
}
