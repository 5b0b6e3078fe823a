// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * News of this machine's links: an RDMA device appeared, a port became active,
 * a network interface came up. Paths that wait for their next attempt make it
 * at once instead. Notifiers run under locks of their subsystems, so they only
 * queue the work. Losses need no such news: they show on the connections.
 */
#include "client.h"

#include <linux/if_arp.h>
#include <linux/netdevice.h>

static void links_changed(struct work_struct *work)
{
	rtrs_clt_sessions_kick();
}
static DECLARE_WORK(links_work, links_changed);

/* ---- network interfaces ---- */

static int has_rdma(struct net_device *dev, struct netdev_nested_priv *priv)
{
	struct ib_device *ib = ib_device_get_by_netdev(dev, RDMA_DRIVER_UNKNOWN);

	if (ib)
		ib_device_put(ib);
	return ib != NULL;
}

/*
 * Interfaces of containers come and go all day; none of them is worth an attempt.
 * Those of IPoIB belong to an RDMA device that does not know them. RTNL is held.
 */
static bool carries_paths(struct net_device *dev)
{
	struct netdev_nested_priv priv = { };

	return dev->type == ARPHRD_INFINIBAND || has_rdma(dev, &priv) ||
	       netdev_walk_all_lower_dev(dev, has_rdma, &priv);
}

static int netdev_event(struct notifier_block *nb, unsigned long event, void *info)
{
	struct net_device *dev = netdev_notifier_info_to_dev(info);

	if ((event == NETDEV_UP || event == NETDEV_CHANGE) && netif_running(dev) &&
	    netif_carrier_ok(dev) && carries_paths(dev))
		queue_work(rtrs_clt_wq, &links_work);
	return NOTIFY_DONE;
}

static struct notifier_block netdev_notifier = { .notifier_call = netdev_event };

/* ---- RDMA devices ---- */

static int port_event(struct notifier_block *nb, unsigned long news, void *unused)
{
	if (news == RTRS_PORT_BACK)
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
