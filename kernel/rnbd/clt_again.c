// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests that came back unanswered, to be sent again with the slot that the
 * transport keeps for each. They wait here and not with the block layer, whose
 * queues hold requests that wait for a slot: whatever its order, one that has a
 * slot must never stand behind one that needs it. They stay started, keep their
 * tags, and count from when they were first sent. io_done() adds them, the work
 * sends or ends them; a held device has them wait for the end of that. Lock:
 * dev->again_lock.
 */
#include "client.h"

#define ROOM_MS 3	/* the block layer's pause as well: nobody tells when a send queue has room */

/* Memory reclaim may wait for these requests. */
static struct workqueue_struct *again_wq;

static unsigned long queue_bit(struct rnbd_clt_req *req)
{
	return rnbd_clt_again_bit(blk_mq_rq_from_pdu(req)->mq_hctx);
}

void rnbd_clt_again_kick(struct rnbd_clt_dev *dev)
{
	mod_delayed_work(again_wq, &dev->again_work, 0);
}

void rnbd_clt_again_add(struct rnbd_clt_dev *dev, struct rnbd_clt_req *req)
{
	unsigned long flags;

	spin_lock_irqsave(&dev->again_lock, flags);
	list_add_tail(&req->again, &dev->again);
	WRITE_ONCE(dev->again_queues, dev->again_queues | queue_bit(req));
	/* inside the lock: outside, a work that runs may end the last request, and the device go */
	rnbd_clt_again_kick(dev);
	spin_unlock_irqrestore(&dev->again_lock, flags);
}

static void take_all(struct rnbd_clt_dev *dev, struct list_head *waiting)
{
	spin_lock_irq(&dev->again_lock);
	list_splice_init(&dev->again, waiting);
	spin_unlock_irq(&dev->again_lock);
}

/*
 * @left still wait, and are older than what was added meanwhile. Queues of which
 * nothing waits any more take new requests from now on. Is anything left?
 */
static bool put_back(struct rnbd_clt_dev *dev, struct list_head *left)
{
	struct rnbd_clt_req *req;
	unsigned long queues = 0;

	spin_lock_irq(&dev->again_lock);
	list_splice(left, &dev->again);
	list_for_each_entry(req, &dev->again, again)
		queues |= queue_bit(req);
	WRITE_ONCE(dev->again_queues, queues);
	spin_unlock_irq(&dev->again_lock);
	return queues;
}

static void again_work(struct work_struct *work)
{
	struct rnbd_clt_dev *dev = container_of(to_delayed_work(work), struct rnbd_clt_dev,
						again_work);
	struct rnbd_clt_req *req;
	LIST_HEAD(waiting);
	LIST_HEAD(left);

	take_all(dev, &waiting);
	/* each is tried: every connection has room or not for itself */
	while ((req = list_first_entry_or_null(&waiting, struct rnbd_clt_req, again))) {
		/* once sent it may be back on the list, or be another request */
		list_del(&req->again);
		if (!rnbd_clt_io_again(dev, blk_mq_rq_from_pdu(req)))
			list_add_tail(&req->again, &left);
	}
	/* a device that is held kicks when that ends */
	if (put_back(dev, &left) && READ_ONCE(dev->state) != RNBD_DEV_HELD)
		queue_delayed_work(again_wq, &dev->again_work, msecs_to_jiffies(ROOM_MS));
}

static bool count_sent(struct request *rq, void *data)
{
	struct rnbd_clt_req *req = blk_mq_rq_to_pdu(rq);

	*(u32 *)data += !READ_ONCE(req->kept);
	return true;
}

bool rnbd_clt_under_way(struct rnbd_clt_session *session)
{
	u32 count = 0;

	blk_mq_tagset_busy_iter(&session->tags, count_sent, &count);
	return count;
}

void rnbd_clt_again_setup(struct rnbd_clt_dev *dev)
{
	spin_lock_init(&dev->again_lock);
	INIT_LIST_HEAD(&dev->again);
	INIT_DELAYED_WORK(&dev->again_work, again_work);
}

void rnbd_clt_again_stop(struct rnbd_clt_dev *dev)
{
	cancel_delayed_work_sync(&dev->again_work);
}

int rnbd_clt_again_init(void)
{
	again_wq = alloc_workqueue("rnbd-client-again", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	return again_wq ? 0 : -ENOMEM;
}

void rnbd_clt_again_exit(void)
{
	destroy_workqueue(again_wq);
}
