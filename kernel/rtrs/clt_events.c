// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * News of this machine's links: an RDMA device appeared, a port became active,
 * a network interface came up. Paths that wait for their next attempt make it
 * at once instead. Notifiers run under locks of their subsystems, so they only
 * queue the work. Losses need no such news: they show on the connections.
 */
#include "client.h"

#include <linux/netdevice.h>
#include <linux/slab.h>
#include <rdma/ib_verbs.h>

static void links_changed(struct work_struct *work)
{
	rtrs_clt_sessions_kick();
}
static DECLARE_WORK(links_work, links_changed);

/* ---- network interfaces ---- */

static int netdev_event(struct notifier_block *nb, unsigned long event, void *info)
{
	struct net_device *dev = netdev_notifier_info_to_dev(info);

	if ((event == NETDEV_UP || event == NETDEV_CHANGE) && netif_running(dev) &&
	    netif_carrier_ok(dev))
		queue_work(rtrs_clt_wq, &links_work);
	return NOTIFY_DONE;
}

static struct notifier_block netdev_notifier = { .notifier_call = netdev_event };

/* ---- RDMA devices ---- */

struct watched {
	struct ib_event_handler handler;
};

static struct ib_client rdma_client;

static void rdma_event(struct ib_event_handler *handler, struct ib_event *event)
{
	if (event->event == IB_EVENT_PORT_ACTIVE || event->event == IB_EVENT_GID_CHANGE)
		queue_work(rtrs_clt_wq, &links_work);
}

static int rdma_added(struct ib_device *ib)
{
	struct watched *watched = kzalloc(sizeof(*watched), GFP_KERNEL);

	if (!watched)
		return -ENOMEM;
	INIT_IB_EVENT_HANDLER(&watched->handler, ib, rdma_event);
	ib_register_event_handler(&watched->handler);
	ib_set_client_data(ib, &rdma_client, watched);
	queue_work(rtrs_clt_wq, &links_work);
	return 0;
}

static void rdma_removed(struct ib_device *ib, void *data)
{
	struct watched *watched = data;

	ib_unregister_event_handler(&watched->handler);
	kfree(watched);
}

static struct ib_client rdma_client = {
	.name = "rtrs-client",
	.add = rdma_added,
	.remove = rdma_removed,
};

/* ---- module ---- */

int rtrs_clt_events_init(void)
{
	int ret = ib_register_client(&rdma_client);

	if (ret)
		return ret;
	ret = register_netdevice_notifier(&netdev_notifier);
	if (ret)
		ib_unregister_client(&rdma_client);
	return ret;
}

void rtrs_clt_events_exit(void)
{
	unregister_netdevice_notifier(&netdev_notifier);
	ib_unregister_client(&rdma_client);
	cancel_work_sync(&links_work);
}
