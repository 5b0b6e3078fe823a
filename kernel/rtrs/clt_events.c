// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * News of this machine's links: an RDMA device appeared, a port became active,
 * a network interface came up. Paths that wait for their next attempt make it
 * at once instead. Notifiers run under locks of their subsystems, so they only
 * queue the work. Losses need no such news: they show on the connections.
 */
#include "client.h"

#include <linux/netdevice.h>

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

static int port_event(struct notifier_block *nb, unsigned long event, void *device)
{
	queue_work(rtrs_clt_wq, &links_work);
	return NOTIFY_DONE;
}

static struct notifier_block port_notifier = { .notifier_call = port_event };

/* ---- module ---- */

int rtrs_clt_events_init(void)
{
	int ret = rtrs_port_subscribe(&port_notifier);

	if (ret)
		return ret;
	ret = register_netdevice_notifier(&netdev_notifier);
	if (ret)
		rtrs_port_unsubscribe(&port_notifier);
	return ret;
}

void rtrs_clt_events_exit(void)
{
	unregister_netdevice_notifier(&netdev_notifier);
	rtrs_port_unsubscribe(&port_notifier);
	cancel_work_sync(&links_work);
}
