// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * RDMA ports that come and go, and what is left to do while one is down. A CM
 * message given to soft RDMA while its port is down fails in a way that leaves
 * the port's CM deaf, even when the port is up again. So nothing new is sent by
 * such a port, and CM ids, whose end is a message, outlive their connections
 * here until the port is up or the device goes, and so do queue pairs whose packets
 * would have to be waited for, with their id or without. What the CM repeats or
 * answers by itself, when a port goes down in the middle of a handshake or hears a
 * request before it can send, nobody can stop.
 * leftovers_mutex guards the list of them and what becomes of their devices;
 * tending, outside it, is held by whoever takes some off.
 */
#include <linux/netdevice.h>
#include <linux/notifier.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <rdma/ib_cache.h>

#include "core.h"

#define FLUSH_SECONDS	3	/* that a module which unloads waits for ports */
#define LOOK_SECONDS	5	/* between looks without any news, of which some may be lost */
#define PARTING_MS	1000	/* that a peer has to answer a disconnect */

/* As a CM id names it; may be looked at without the id as long as its device is there. */
struct port {
	struct ib_device *ib;		/* NULL: none yet */
	u32 num;
	int netdev;			/* index of the interface */
};

static struct port port_of(const struct rdma_cm_id *id)
{
	return (struct port){ id->device, id->port_num, id->route.addr.dev_addr.bound_dev_if };
}

/* The state of a RoCE port follows that of its interface, some time later. */
static bool netdev_up(const struct port *port)
{
	struct net_device *dev;
	bool up;

	if (!rdma_protocol_roce(port->ib, port->num))
		return true;
	rcu_read_lock();
	dev = dev_get_by_index_rcu(&init_net, port->netdev);
	up = !dev || (netif_running(dev) && netif_carrier_ok(dev));
	rcu_read_unlock();
	return up;
}

static bool port_up(const struct port *port)
{
	enum ib_port_state state;

	if (!port->ib || ib_get_cached_port_state(port->ib, port->num, &state))
		return true;
	return state == IB_PORT_ACTIVE && netdev_up(port);
}

bool rtrs_port_up(const struct rdma_cm_id *id)
{
	const struct port port = port_of(id);

	return port_up(&port);
}
EXPORT_SYMBOL_GPL(rtrs_port_up);

void rtrs_cm_disconnect(struct rtrs_conn *conn)
{
	if (conn->parted || !rtrs_port_up(conn->cm_id))
		return;
	conn->parted = true;
	rdma_disconnect(conn->cm_id);
}
EXPORT_SYMBOL_GPL(rtrs_cm_disconnect);

/* ---- ids without a connection, and queue pairs ---- */

struct leftover {
	struct list_head entry;
	struct rtrs_conn conn;		/* its id and its queues, as far as it has any */
	struct port port;
	struct rtrs_cm_kept *kept;
	struct work_struct burial;
	unsigned long until;		/* once @asked */
	bool asked;			/* to disconnect */
	bool over;			/* the peer is done with it */
	bool device_gone;		/* or about to be, and waits for it */
};

/* Its data, of a device, is the event handler; NULL: nothing may be left that has no id. */
static struct ib_client port_client;

static LIST_HEAD(leftovers);
static DEFINE_MUTEX(leftovers_mutex);
static DEFINE_MUTEX(tending);
static struct workqueue_struct *burials;	/* of queue pairs without an id: may take long */
static DECLARE_WAIT_QUEUE_HEAD(leftover_gone);
static ATOMIC_NOTIFIER_HEAD(subscribers);
static atomic_t port_news;		/* to be told once the ids were looked at */

static bool is_over(const struct leftover *left, const struct ib_device *going)
{
	if (READ_ONCE(left->device_gone) || READ_ONCE(left->kept->flushing))
		return true;
	if (!left->conn.cm_id)
		return left->port.ib == going || port_up(&left->port);
	/* to go without having answered is a message, too: a port hears before it can speak */
	if (READ_ONCE(left->over))
		return port_up(&left->port);
	return left->asked && time_after_eq(jiffies, left->until);
}

static void bury(struct leftover *left)
{
	rtrs_conn_destroy_qp(&left->conn);
	if (left->conn.cm_id)
		rdma_destroy_id(left->conn.cm_id);
	/* the module may go when there are no more */
	if (atomic_dec_and_test(&left->kept->count))
		wake_up_all(&leftover_gone);
	kfree(left);
}

static void burial_func(struct work_struct *work)
{
	bury(container_of(work, struct leftover, burial));
}

static void say_goodbye(struct leftover *left)
{
	rtrs_conn_destroy_qp(&left->conn);
	/* repeated by the CM as long as the id lives */
	left->asked = true;
	left->until = jiffies + msecs_to_jiffies(PARTING_MS);
	rdma_disconnect(left->conn.cm_id);
}

static void leftovers_func(struct work_struct *work);
static DECLARE_DELAYED_WORK(leftovers_work, leftovers_func);

/* @going, unless NULL, is a device whose queue pairs may not be left. */
static void tend(const struct ib_device *going)
{
	unsigned long wait = LOOK_SECONDS * HZ;
	struct leftover *left, *next;
	LIST_HEAD(mine);

	mutex_lock(&tending);
	/* destroying may take its time, and whoever leaves more must not wait for that */
	mutex_lock(&leftovers_mutex);
	list_splice_init(&leftovers, &mine);
	mutex_unlock(&leftovers_mutex);
	list_for_each_entry_safe(left, next, &mine, entry) {
		if (is_over(left, going)) {
			list_del(&left->entry);
			if (left->conn.cm_id)
				bury(left);
			else
				queue_work(burials, &left->burial);
			continue;
		}
		if (left->conn.cm_id && !left->asked && port_up(&left->port))
			say_goodbye(left);
		if (left->asked)
			wait = msecs_to_jiffies(PARTING_MS);
	}
	mutex_lock(&leftovers_mutex);
	list_splice(&mine, &leftovers);
	if (!list_empty(&leftovers))
		queue_delayed_work(system_dfl_wq, &leftovers_work, wait);
	mutex_unlock(&leftovers_mutex);
	mutex_unlock(&tending);
}

static void leftovers_func(struct work_struct *work)
{
	tend(NULL);
	/* whoever connects anew now does so behind the disconnects */
	if (atomic_xchg(&port_news, 0))
		atomic_notifier_call_chain(&subscribers, RTRS_PORT_BACK, NULL);
}

static void look_now(void)
{
	mod_delayed_work(system_dfl_wq, &leftovers_work, 0);
}

static int leftover_event(struct rdma_cm_id *id, struct rdma_cm_event *event)
{
	struct leftover *left = id->context;

	switch (event->event) {
	case RDMA_CM_EVENT_DISCONNECTED:
	case RDMA_CM_EVENT_TIMEWAIT_EXIT:
		WRITE_ONCE(left->over, true);
		look_now();
		break;
	case RDMA_CM_EVENT_DEVICE_REMOVAL:
		WRITE_ONCE(left->device_gone, true);
		look_now();
		break;
	default:
		break;
	}
	return 0;
}

static void enlist(struct leftover *left)
{
	list_add_tail(&left->entry, &leftovers);
	atomic_inc(&left->kept->count);
	/* what it waits for may have happened before it was on the list */
	look_now();
}

static void keep_id(struct leftover *left, const bool *device_gone)
{
	struct rdma_cm_id *id = left->conn.cm_id;

	/* events find either the owner's context or this one, never the owner's after its end */
	rdma_lock_handler(id);
	left->device_gone = READ_ONCE(*device_gone);
	id->event_handler = leftover_event;
	id->context = left;
	rdma_unlock_handler(id);
	mutex_lock(&leftovers_mutex);
	enlist(left);
	mutex_unlock(&leftovers_mutex);
}

/*
 * An id that said its word, unanswered, is silent when it goes and repeats itself
 * if not, and one whose port is up may go, too: the queue pair stays without it,
 * unless the device is going.
 */
static void keep_qp_only(struct leftover *left)
{
	struct rdma_cm_id *id = left->conn.cm_id;
	bool kept;

	/* the CM looks at the queue pair in its handlers */
	rdma_lock_handler(id);
	id->qp = NULL;
	rdma_unlock_handler(id);
	left->conn.cm_id = NULL;
	mutex_lock(&leftovers_mutex);
	kept = ib_get_client_data(left->port.ib, &port_client);
	if (kept)
		enlist(left);
	mutex_unlock(&leftovers_mutex);
	if (!kept) {
		rtrs_conn_destroy_qp(&left->conn);
		kfree(left);
	}
	/* not before: until now it has held the device */
	rdma_destroy_id(id);
}

void rtrs_cm_leave(struct rtrs_conn *conn, const bool *device_gone, struct rtrs_cm_kept *kept)
{
	struct leftover *left = NULL;
	bool unsaid;

	unsaid = !conn->parted && !rtrs_port_up(conn->cm_id);
	if ((unsaid || conn->held) && !READ_ONCE(*device_gone))
		left = kzalloc(sizeof(*left), GFP_KERNEL);
	if (left) {
		left->kept = kept;
		left->port = port_of(conn->cm_id);
		INIT_WORK(&left->burial, burial_func);
		rtrs_conn_move_qp(&left->conn, conn);
		if (unsaid)
			keep_id(left, device_gone);
		else
			keep_qp_only(left);
	} else {
		/* without memory, too: a new device cures a deaf CM, and nothing a leaked id */
		rtrs_conn_destroy_qp(conn);
		rdma_destroy_id(conn->cm_id);
	}
	conn->cm_id = NULL;
	conn->parted = false;
}
EXPORT_SYMBOL_GPL(rtrs_cm_leave);

void rtrs_cm_flush(struct rtrs_cm_kept *kept)
{
	wait_event_timeout(leftover_gone, !atomic_read(&kept->count), FLUSH_SECONDS * HZ);
	WRITE_ONCE(kept->flushing, true);
	look_now();
	flush_delayed_work(&leftovers_work);
	flush_workqueue(burials);
}
EXPORT_SYMBOL_GPL(rtrs_cm_flush);

/* ---- events of ports ---- */

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

static void tell(void)
{
	atomic_set(&port_news, 1);
	look_now();
}

static void port_event(struct ib_event_handler *handler, struct ib_event *event)
{
	if (event->event == IB_EVENT_PORT_ACTIVE || event->event == IB_EVENT_GID_CHANGE)
		tell();
	else if (event->event == IB_EVENT_PORT_ERR)
		atomic_notifier_call_chain(&subscribers, RTRS_PORT_DOWN, NULL);
}

static int port_add(struct ib_device *ib)
{
	struct ib_event_handler *handler = kzalloc(sizeof(*handler), GFP_KERNEL);

	if (!handler)
		return -ENOMEM;
	INIT_IB_EVENT_HANDLER(handler, ib, port_event);
	ib_register_event_handler(handler);
	ib_set_client_data(ib, &port_client, handler);
	tell();
	return 0;
}

static void port_remove(struct ib_device *ib, void *data)
{
	ib_unregister_event_handler(data);
	mutex_lock(&leftovers_mutex);
	ib_set_client_data(ib, &port_client, NULL);
	mutex_unlock(&leftovers_mutex);
	tend(ib);
	flush_workqueue(burials);
	kfree(data);
}

static struct ib_client port_client = {
	.name = "rtrs-core",
	.add = port_add,
	.remove = port_remove,
};

int rtrs_port_module_init(void)
{
	int ret;

	burials = alloc_workqueue("rtrs-burials", WQ_UNBOUND, 0);
	if (!burials)
		return -ENOMEM;
	ret = ib_register_client(&port_client);
	if (ret) {
		/* the devices that were added before it failed have queued it */
		cancel_delayed_work_sync(&leftovers_work);
		destroy_workqueue(burials);
	}
	return ret;
}

void rtrs_port_module_exit(void)
{
	ib_unregister_client(&port_client);
	/* those who left ids here have flushed them */
	cancel_delayed_work_sync(&leftovers_work);
	destroy_workqueue(burials);
}
