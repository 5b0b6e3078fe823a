// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Paths of a port of ours that stays down end here, before their clients send
 * what was unanswered by another path: for those that cannot say so first, as
 * srv_end.c has it, which are the kernel's own. A network may keep what it could not
 * deliver, and deliver it when the port is back: by then there is no queue pair
 * any more that would take an old write over a newer one. Whether the port is
 * still down is looked at a little later, for a flap to cost nothing.
 * The notifier runs in the RDMA core's event work, the rest in the workqueue.
 */
#include "server.h"

/* a client with default heartbeats takes more than 600 */
#define GRACE_MS 250

static bool port_gone(const struct rtrs_srv_path *path)
{
	/* while it has a device, its CM ids stay */
	return READ_ONCE(path->state) == RTRS_PATH_CONNECTED && path->hca &&
	       !rtrs_port_up(path->conns[0]->core.cm_id);
}

static void look(struct work_struct *work)
{
	struct rtrs_srv_session *session;
	struct rtrs_srv_path *path;

	mutex_lock(&rtrs_srv.lock);
	list_for_each_entry(session, &rtrs_srv.sessions, entry)
		list_for_each_entry(path, &session->paths, entry)
			if (port_gone(path))
				rtrs_srv_path_raise(path, RTRS_PEV_LOST, RTRS_CAUSE_PORT_DOWN,
						    -ENETDOWN);
	mutex_unlock(&rtrs_srv.lock);
}
static DECLARE_DELAYED_WORK(look_work, look);

static int port_event(struct notifier_block *nb, unsigned long news, void *unused)
{
	/* counted from the first port that went down */
	if (news == RTRS_PORT_DOWN)
		queue_delayed_work(rtrs_srv.wq, &look_work, msecs_to_jiffies(GRACE_MS));
	return NOTIFY_DONE;
}

static struct notifier_block port_notifier = { .notifier_call = port_event };

int rtrs_srv_ports_init(void)
{
	return rtrs_port_subscribe(&port_notifier);
}

void rtrs_srv_ports_exit(void)
{
	rtrs_port_unsubscribe(&port_notifier);
	cancel_delayed_work_sync(&look_work);
}
