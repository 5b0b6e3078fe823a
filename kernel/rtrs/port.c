// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ports that are down. A CM message given to a port while it is down may never
 * complete (soft RDMA keeps it without an end), and destroying the CM id then
 * waits for that completion for ever. So ids of a path say nothing and are not
 * destroyed until their port is up again, or their device goes.
 */
#include <linux/slab.h>
#include <rdma/ib_cache.h>

#include "core.h"

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

void rtrs_port_await(const struct rdma_cm_id *id, long timeout, bool (*enough)(void *arg),
		     void *arg)
{
	wait_event_timeout(port_news, enough(arg) || rtrs_port_up(id), timeout);
}
EXPORT_SYMBOL_GPL(rtrs_port_await);

static void port_event(struct ib_event_handler *handler, struct ib_event *event)
{
	if (event->event == IB_EVENT_PORT_ACTIVE)
		rtrs_port_news();
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
	ib_unregister_client(&port_client);
}
