// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * I/O, hot: a message becomes a bio over the pages of its chunk, the end of
 * the bio becomes the reply. Called from the completion worker of a
 * connection, ends in any context. No lock and no allocation: the mapping is
 * found by RCU and held by its percpu reference, the bio lives in the slot.
 * That worker serves other devices and has to end when its path does, so it
 * does not wait for a disk to take I/O: what would, the mapping's own work does.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "server.h"

static void io_reply(struct rnbd_srv_op *op, int err)
{
	struct rnbd_srv_mapping *mapping = op->mapping;

	rtrs_srv_reply(op->rq, err, err ? 0 : op->answer_len);
	/* last: a close is answered after all I/O of its device */
	percpu_ref_put(&mapping->inflight);
}

static void io_later(struct rnbd_srv_op *op)
{
	struct rnbd_srv_mapping *mapping = op->mapping;

	if (llist_add(&op->late, &mapping->late))
		queue_work(rnbd_srv_io_wq, &mapping->late_work);
}

static void io_end(struct bio *bio)
{
	struct rnbd_srv_op *op = container_of(bio, struct rnbd_srv_op, bio);
	int err = blk_status_to_errno(bio->bi_status);
	bool again = (bio->bi_status == BLK_STS_AGAIN || bio->bi_status == BLK_STS_NOTSUPP) &&
		     bio->bi_opf & REQ_NOWAIT;

	/* NOTSUPP: what lies below a stack has changed, and does not know how to refuse */
	bio_uninit(bio);
	if (unlikely(again)) {
		rnbd_srv_count(RNBD_SRV_DISK_FULL);
		io_later(op);
	} else {
		io_reply(op, err);
	}
}

static struct rnbd_srv_mapping *mapping_get(struct rnbd_srv_session *session, u32 device_id)
{
	struct rnbd_srv_mapping *mapping;

	rcu_read_lock();
	mapping = xa_load(&session->mappings, device_id);
	if (mapping && !percpu_ref_tryget_live(&mapping->inflight))
		mapping = NULL;
	rcu_read_unlock();
	return mapping;
}

static blk_opf_t block_op(const struct rnbd_io *io)
{
	switch (io->op) {
	case RNBD_WIRE_OP_WRITE:
		return REQ_OP_WRITE;
	case RNBD_WIRE_OP_FLUSH:
		return REQ_OP_WRITE | REQ_PREFLUSH;
	case RNBD_WIRE_OP_DISCARD:
		return REQ_OP_DISCARD;
	case RNBD_WIRE_OP_SECURE_ERASE:
		return REQ_OP_SECURE_ERASE;
	case RNBD_WIRE_OP_WRITE_ZEROES:
		return REQ_OP_WRITE_ZEROES | (io->nounmap ? REQ_NOUNMAP : 0);
	default:		/* rnbd_io_parse() lets no other pass */
		return REQ_OP_READ;
	}
}

static blk_opf_t block_flags(const struct rnbd_io *io)
{
	blk_opf_t opf = block_op(io);

	/* as direct I/O: write-back throttling puts other writers to sleep, NOWAIT or not */
	if (op_is_write(opf))
		opf |= REQ_SYNC | REQ_IDLE;
	if (io->sync)
		opf |= REQ_SYNC;
	if (io->fua)
		opf |= REQ_FUA;
	if (io->preflush)
		opf |= REQ_PREFLUSH;
	return opf;
}

/* Range, alignment and permission against the device as it is now. */
static int target_check(const struct rnbd_srv_mapping *mapping, const struct rnbd_io *io)
{
	struct rnbd_target target = mapping->target;

	target.nsectors = bdev_nr_sectors(mapping->bdev);
	if (!target.nsectors)
		return -EIO;	/* removed under us */
	if (bdev_read_only(mapping->bdev))
		target.read_only = true;
	return rnbd_io_check(&target, io);
}

static bool has_pages(const struct rnbd_srv_op *op)
{
	return op->io.op == RNBD_WIRE_OP_READ || op->io.op == RNBD_WIRE_OP_WRITE;
}

/*
 * The whole range goes down as one bio: the block layer splits it to the
 * limits of the device, discards and their like too. These carry no pages.
 */
static void io_send(struct rnbd_srv_op *op, blk_opf_t nowait)
{
	const struct rnbd_io *io = &op->io;
	struct bio *bio = &op->bio;

	bio_init(bio, op->mapping->bdev, has_pages(op) ? &op->bvec : NULL, has_pages(op),
		 block_flags(io) | nowait);
	bio->bi_iter.bi_sector = io->sector;
	bio->bi_end_io = io_end;
	bio->bi_ioprio = op->ioprio;
	if (has_pages(op))
		__bio_add_page(bio, op->rq->page, io->bytes, offset_in_page(op->rq->data));
	else
		bio->bi_iter.bi_size = io->bytes;
	submit_bio(bio);
}

void rnbd_srv_io_late_work(struct work_struct *work)
{
	struct rnbd_srv_mapping *mapping = container_of(work, struct rnbd_srv_mapping, late_work);
	struct llist_node *list = llist_reverse_order(llist_del_all(&mapping->late));
	struct rnbd_srv_op *op, *next;

	/* with the last one the mapping may go, which waits for this to return */
	llist_for_each_entry_safe(op, next, list, late) {
		if (rtrs_srv_abandoned(op->rq))
			io_reply(op, -ECONNABORTED);
		else
			io_send(op, 0);
	}
}

/* Whether the disk takes I/O without putting anybody to sleep, as far as is known. */
static bool is_prompt(const struct rnbd_srv_mapping *mapping)
{
	return bdev_nowait(mapping->bdev) && !READ_ONCE(mapping->export->sleeps);
}

/*
 * Stacks with RAID say that they know how to refuse, and sleep all the same: for
 * their superblock, another flush, a stripe. What has once slept may do it again.
 */
static void io_send_now(struct rnbd_srv_op *op)
{
	struct rnbd_srv_mapping *mapping = op->mapping;
	unsigned long sleeps = current->nvcsw;

	/* it may end, and be the last one, before this returns */
	percpu_ref_get(&mapping->inflight);
	io_send(op, REQ_NOWAIT);
	if (unlikely(current->nvcsw != sleeps))
		WRITE_ONCE(mapping->export->sleeps, true);
	percpu_ref_put(&mapping->inflight);
}

/*
 * Those without pages may be split into any number, which takes its time as well.
 * A disk that does not know how to refuse may sleep whenever it is given something.
 */
static void io_submit(struct rnbd_srv_session *session, struct rnbd_srv_mapping *mapping,
		      struct rtrs_srv_request *rq, const struct rnbd_io *io)
{
	struct rnbd_srv_op *op = rq->pdu;

	op->rq = rq;
	op->mapping = mapping;
	op->io = *io;
	op->answer_len = io->op == RNBD_WIRE_OP_READ ? io->bytes : 0;
	op->ioprio = io->has_prio && READ_ONCE(session->version) >= 2 ?
		     rnbd_prio_clamp(io->prio) : 0;
	if (is_prompt(mapping) && (has_pages(op) || io->op == RNBD_WIRE_OP_FLUSH))
		io_send_now(op);
	else
		io_later(op);
}

/* Well-formed enough to be answered, but not executed. */
static noinline enum rtrs_srv_verdict refuse(struct rnbd_srv_session *session,
					     struct rtrs_srv_request *rq,
					     enum rnbd_srv_counter counter, int err)
{
	rnbd_srv_count(counter);
	/* stale I/O after a forced close is no news */
	if (err != -ENOTCONN)
		rtrs_warn(session->name, "I/O refused: error %d\n", err);
	rtrs_srv_reply(rq, err, 0);
	return RTRS_SRV_TAKEN;
}

enum rtrs_srv_verdict rnbd_srv_io(struct rnbd_srv_session *session, struct rtrs_srv_request *rq)
{
	struct rnbd_srv_mapping *mapping;
	struct rnbd_io io;
	int err;

	err = rnbd_io_parse(rq->msg, rq->msg_len, rq->dir == RTRS_READ, rq->data_len, &io);
	if (unlikely(err))
		return refuse(session, rq, RNBD_SRV_BAD_IO, err);
	mapping = mapping_get(session, io.device_id);
	if (unlikely(!mapping))
		return refuse(session, rq, RNBD_SRV_UNKNOWN_DEVICE, -ENOTCONN);
	err = target_check(mapping, &io);
	if (unlikely(err)) {
		percpu_ref_put(&mapping->inflight);
		return refuse(session, rq,
			      err == -EROFS ? RNBD_SRV_RO_WRITES : RNBD_SRV_BAD_IO, err);
	}
	if (io.op == RNBD_WIRE_OP_WRITE && !rq->stable && bdev_stable_writes(mapping->bdev)) {
		percpu_ref_put(&mapping->inflight);
		rnbd_srv_count(RNBD_SRV_STABLE_WAITS);
		return RTRS_SRV_WANT_STABLE;
	}
	io_submit(session, mapping, rq, &io);
	return RTRS_SRV_TAKEN;
}
