// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * RDMA ports that come and go, and what is left to do while one is down. A CM
 * message given to soft RDMA while its port is down fails in a way that leaves
 * the port's CM deaf, even when the port is up again. So nothing is sent by
 * such a port, and CM ids, whose end is a message, outlive their connections
 * here until the port is up or the device goes.
 */
#include <linux/notifier.h>
#include <linux/slab.h>
#include <rdma/ib_cache.h>

#include "core.h"

#define UNLOAD_SECONDS 3	/* that the module waits for ports */

static DECLARE_WAIT_QUEUE_HEAD(port_news);

bool rtrs_port_up(const struct rdma_cm_id *id)
{
	enum ib_port_state state;

	if (!id->device || ib_get_cached_port_state(id->device, id->port_num, &state))
		return true;
	return state == IB_PORT_ACTIVE;
}
EXPORT_SYMBOL_GPL(rtrs_port_up);

void rtrs_port_news(void)
{
	wake_up_all(&port_news);
}
EXPORT_SYMBOL_GPL(rtrs_port_news);

void rtrs_port_await(const struct rdma_cm_id *id, bool (*enough)(void *arg), void *arg)
{
	wait_event(port_news, enough(arg) || rtrs_port_up(id));
}
EXPORT_SYMBOL_GPL(rtrs_port_await);

/* ---- ids without a connection ---- */

struct leftover {
	struct list_head entry;		/* leftovers_lock */
	struct rdma_cm_id *id;
	bool device_gone;		/* its removal waits for the id */
};

static LIST_HEAD(leftovers);
static DEFINE_SPINLOCK(leftovers_lock);
static bool unloading;

static struct leftover *next_due(void)
{
	struct leftover *left;

	spin_lock(&leftovers_lock);
	list_for_each_entry(left, &leftovers, entry) {
		if (READ_ONCE(unloading) || READ_ONCE(left->device_gone) ||
		    rtrs_port_up(left->id)) {
			list_del(&left->entry);
			spin_unlock(&leftovers_lock);
			return left;
		}
	}
	spin_unlock(&leftovers_lock);
	return NULL;
}

static void destroy_due(struct work_struct *work)
{
	struct leftover *left;

	while ((left = next_due())) {
		rdma_destroy_id(left->id);
		kfree(left);
	}
	wake_up_all(&port_news);
}
static DECLARE_WORK(leftovers_work, destroy_due);

static int leftover_event(struct rdma_cm_id *id, struct rdma_cm_event *event)
{
	struct leftover *left = id->context;

	if (event->event == RDMA_CM_EVENT_DEVICE_REMOVAL) {
		WRITE_ONCE(left->device_gone, true);
		schedule_work(&leftovers_work);
	}
	return 0;
}

void rtrs_cm_destroy_id(struct rdma_cm_id *id, const bool *device_gone)
{
	struct leftover *left = NULL;

	if (!rtrs_port_up(id) && !READ_ONCE(*device_gone))
		left = kzalloc(sizeof(*left), GFP_KERNEL);
	/* without memory, too: a deaf CM is cured by adding the device again, a leaked id is not */
	if (!left) {
		rdma_destroy_id(id);
		return;
	}
	left->id = id;
	/* events find either the owner's context or this one, never the owner's after its end */
	rdma_lock_handler(id);
	left->device_gone = READ_ONCE(*device_gone);
	id->event_handler = leftover_event;
	id->context = left;
	rdma_unlock_handler(id);
	spin_lock(&leftovers_lock);
	list_add_tail(&left->entry, &leftovers);
	spin_unlock(&leftovers_lock);
	/* what it waits for may have happened before it was on the list */
	schedule_work(&leftovers_work);
}
EXPORT_SYMBOL_GPL(rtrs_cm_destroy_id);

/* ---- events of ports ---- */

static ATOMIC_NOTIFIER_HEAD(subscribers);

int rtrs_port_subscribe(struct notifier_block *nb)
{
	return atomic_notifier_chain_register(&subscribers, nb);
}
EXPORT_SYMBOL_GPL(rtrs_port_subscribe);

void rtrs_port_unsubscribe(struct notifier_block *nb)
{
	atomic_notifier_chain_unregister(&subscribers, nb);
}
EXPORT_SYMBOL_GPL(rtrs_port_unsubscribe);

static void port_event(struct ib_event_handler *handler, struct ib_event *event)
{
	if (event->event != IB_EVENT_PORT_ACTIVE && event->event != IB_EVENT_GID_CHANGE)
		return;
	rtrs_port_news();
	schedule_work(&leftovers_work);
	atomic_notifier_call_chain(&subscribers, event->event, event->device);
}

static struct ib_client port_client;

static int port_add(struct ib_device *ib)
{
	struct ib_event_handler *handler = kzalloc(sizeof(*handler), GFP_KERNEL);

	if (!handler)
		return -ENOMEM;
	INIT_IB_EVENT_HANDLER(handler, ib, port_event);
	ib_register_event_handler(handler);
	ib_set_client_data(ib, &port_client, handler);
	atomic_notifier_call_chain(&subscribers, IB_EVENT_PORT_ACTIVE, ib);
	return 0;
}

static void port_remove(struct ib_device *ib, void *data)
{
	ib_unregister_event_handler(data);
	kfree(data);
}

static struct ib_client port_client = {
	.name = "rtrs-core",
	.add = port_add,
	.remove = port_remove,
};

int rtrs_port_module_init(void)
{
	return ib_register_client(&port_client);
}

void rtrs_port_module_exit(void)
{
	/* the code of their handler goes now, whatever becomes of the CM */
	wait_event_timeout(port_news, list_empty_careful(&leftovers), UNLOAD_SECONDS * HZ);
	WRITE_ONCE(unloading, true);
	schedule_work(&leftovers_work);
	flush_work(&leftovers_work);
	ib_unregister_client(&port_client);
	cancel_work_sync(&leftovers_work);
}
