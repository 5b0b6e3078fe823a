// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where clients come in: RDMA devices as they appear and go, the two CM
 * listeners that live from the first device to the last, and the dispatch of
 * CM events. Called by the upper layer (listen, unlisten), RDMA core (devices)
 * and the CM. listen_lock orders devices and listeners; the list of devices is
 * under rtrs_srv.lock because connect requests look at it.
 */
#include <linux/module.h>
#include <linux/slab.h>
#include <net/net_namespace.h>
#include <rdma/ib_cm.h>

#include "server.h"

#define BACKLOG 64
#define FAREWELL_SECONDS 3

static DEFINE_MUTEX(listen_lock);
static struct rdma_cm_id *tcp_listener;	/* IPv6-any takes IPv4 as well */
static struct rdma_cm_id *ib_listener;	/* AF_IB: clients that name a GID */
static int listen_error;

void rtrs_srv_offer_extend(struct rtrs_offer *offer, u8 ext_version)
{
	offer->ext_version = min_t(u8, ext_version, RTRS_WIRE_EXT_VERSION);
	offer->instance = rtrs_srv.instance;
}

void rtrs_srv_reject(struct rdma_cm_id *cm_id, int error, u8 ext_version)
{
	struct rtrs_offer refusal = { .error = error };
	struct rtrs_wire_conn_rsp rsp;

	rtrs_srv_offer_extend(&refusal, ext_version);
	rtrs_conn_rsp_build(&rsp, &refusal);
	rdma_reject(cm_id, &rsp, sizeof(rsp), IB_CM_REJ_CONSUMER_DEFINED);
}

static void conn_event(struct rtrs_srv_conn *conn, const struct rdma_cm_event *event)
{
	enum rtrs_cause cause = RTRS_CAUSE_PEER_CLOSED;

	switch (event->event) {
	case RDMA_CM_EVENT_ESTABLISHED:
		return;
	case RDMA_CM_EVENT_DISCONNECTED:
	case RDMA_CM_EVENT_TIMEWAIT_EXIT:
		break;
	case RDMA_CM_EVENT_REJECTED:
		cause = RTRS_CAUSE_REFUSED;
		break;
	case RDMA_CM_EVENT_CONNECT_ERROR:
	case RDMA_CM_EVENT_UNREACHABLE:
		cause = RTRS_CAUSE_NO_ANSWER;
		break;
	case RDMA_CM_EVENT_ADDR_CHANGE:
		cause = RTRS_CAUSE_ADDR_CHANGED;
		break;
	case RDMA_CM_EVENT_DEVICE_REMOVAL:
		cause = RTRS_CAUSE_DEVICE_REMOVED;
		WRITE_ONCE(conn->path->device_gone, true);
		break;
	default:
		return;
	}
	rtrs_srv_path_raise(conn->path, RTRS_PEV_LOST, cause, min(event->status, 0));
}

/* Ids of connections are destroyed by path workers, which wait for this to return. */
static int cm_event(struct rdma_cm_id *cm_id, struct rdma_cm_event *event)
{
	if (event->event == RDMA_CM_EVENT_CONNECT_REQUEST)
		return rtrs_srv_hello(cm_id, event);
	if (cm_id->context)
		conn_event(cm_id->context, event);
	return 0;
}

static struct rdma_cm_id *listen_on(enum rdma_ucm_port_space space, const void *addr)
{
	struct sockaddr_storage ss;
	struct rdma_cm_id *id;
	int ret;

	memcpy(&ss, addr, sizeof(ss));
	id = rdma_create_id(&init_net, cm_event, NULL, space, IB_QPT_RC);
	if (IS_ERR(id))
		return id;
	ret = 0;
	/* whatever net.ipv6.bindv6only says: the listener for IPv6 is the one for IPv4, too */
	if (ss.ss_family == AF_INET6)
		ret = rdma_set_afonly(id, 0);
	if (!ret)
		ret = rdma_bind_addr(id, (struct sockaddr *)&ss);
	if (!ret)
		ret = rdma_listen(id, BACKLOG);
	if (!ret)
		return id;
	rdma_destroy_id(id);
	return ERR_PTR(ret);
}

static struct rdma_cm_id *listen_tcp(u16 port)
{
	struct rtrs_addr any = { .family = RTRS_ADDR_IP6 };
	struct sockaddr_storage ss;
	struct rdma_cm_id *id;

	rtrs_addr_sockaddr(&any, port, &ss);
	id = listen_on(RDMA_PS_TCP, &ss);
	if (PTR_ERR(id) != -EAFNOSUPPORT)
		return id;
	/* a host booted without IPv6 */
	any.family = RTRS_ADDR_IP4;
	rtrs_addr_sockaddr(&any, port, &ss);
	return listen_on(RDMA_PS_TCP, &ss);
}

/*
 * Some hosts have nothing that speaks the IB port space; they serve IP
 * addresses all the same.
 */
static int listeners_create(void)
{
	const struct rtrs_addr any_gid = { .family = RTRS_ADDR_GID };
	struct sockaddr_storage ss;

	tcp_listener = listen_tcp(rtrs_srv.port);
	if (IS_ERR(tcp_listener)) {
		int ret = PTR_ERR(tcp_listener);

		tcp_listener = NULL;
		pr_err("cannot listen on port %u: %d\n", rtrs_srv.port, ret);
		return ret;
	}
	rtrs_addr_sockaddr(&any_gid, rtrs_srv.port, &ss);
	ib_listener = listen_on(RDMA_PS_IB, &ss);
	if (IS_ERR(ib_listener)) {
		pr_info("no gid: addresses on port %u: %ld\n", rtrs_srv.port, PTR_ERR(ib_listener));
		ib_listener = NULL;
	}
	return 0;
}

static void listeners_destroy(void)
{
	if (tcp_listener)
		rdma_destroy_id(tcp_listener);
	if (ib_listener)
		rdma_destroy_id(ib_listener);
	tcp_listener = NULL;
	ib_listener = NULL;
}

static int hca_add(struct ib_device *ib)
{
	struct rtrs_srv_hca *hca;
	int ret = 0;

	if (!(ib->attrs.device_cap_flags & IB_DEVICE_MEM_MGT_EXTENSIONS)) {
		pr_info("%s: not used, it lacks fast registration\n", dev_name(&ib->dev));
		return -EOPNOTSUPP;
	}
	hca = kzalloc(sizeof(*hca), GFP_KERNEL);
	if (!hca)
		return -ENOMEM;
	hca->ib = ib;
	mutex_lock(&listen_lock);
	mutex_lock(&rtrs_srv.lock);
	list_add_tail(&hca->entry, &rtrs_srv.hcas);
	mutex_unlock(&rtrs_srv.lock);
	if (!tcp_listener)
		ret = listeners_create();
	listen_error = ret;
	mutex_unlock(&listen_lock);
	/* The device stays known: another one may bring the listeners up. */
	return 0;
}

static struct rtrs_srv_hca *hca_find(const struct ib_device *ib)
{
	struct rtrs_srv_hca *hca;

	list_for_each_entry(hca, &rtrs_srv.hcas, entry)
		if (hca->ib == ib)
			return hca;
	return NULL;
}

static void hca_close_paths(const struct rtrs_srv_hca *hca)
{
	enum rtrs_cause cause = rtrs_srv.listening ? RTRS_CAUSE_DEVICE_REMOVED :
						     RTRS_CAUSE_SESSION_CLOSED;
	struct rtrs_srv_session *session;
	struct rtrs_srv_path *path;

	list_for_each_entry(session, &rtrs_srv.sessions, entry)
		list_for_each_entry(path, &session->paths, entry)
			if (path->hca == hca)
				rtrs_srv_path_raise(path, RTRS_PEV_CLOSE, cause, 0);
}

static void hca_remove(struct ib_device *ib, void *client_data)
{
	struct rtrs_srv_hca *hca;
	bool last;

	mutex_lock(&rtrs_srv.lock);
	hca = hca_find(ib);
	if (hca) {
		/* from here on connect requests that come by it are refused */
		list_del(&hca->entry);
		hca_close_paths(hca);
	}
	mutex_unlock(&rtrs_srv.lock);
	if (!hca)
		return;
	wait_event(rtrs_srv.gone, !READ_ONCE(hca->paths));

	mutex_lock(&listen_lock);
	mutex_lock(&rtrs_srv.lock);
	/* the last path has let go of it before it let go of the lock */
	kfree(hca);
	last = list_empty(&rtrs_srv.hcas);
	mutex_unlock(&rtrs_srv.lock);
	/* not under rtrs_srv.lock: waits for CM callbacks, which take it */
	if (last)
		listeners_destroy();
	mutex_unlock(&listen_lock);
}

static struct ib_client hca_client = {
	.name = "rtrs_server",
	.add = hca_add,
	.remove = hca_remove,
};

/* A path that is off its device has sent its disconnects. Disks are not waited for. */
void rtrs_srv_farewell(void)
{
	const struct rtrs_srv_hca *hca;

	mutex_lock(&rtrs_srv.lock);
	rtrs_srv.listening = false;
	list_for_each_entry(hca, &rtrs_srv.hcas, entry)
		hca_close_paths(hca);
	mutex_unlock(&rtrs_srv.lock);
	if (!wait_event_timeout(rtrs_srv.gone, !READ_ONCE(rtrs_srv.paths_on_hcas),
				FAREWELL_SECONDS * HZ))
		pr_warn("not every client could be told\n");
}

int rtrs_srv_listen(const struct rtrs_srv_ops *ops, u16 port)
{
	int ret;

	mutex_lock(&rtrs_srv.lock);
	if (rtrs_srv.ops) {
		mutex_unlock(&rtrs_srv.lock);
		return -EBUSY;
	}
	rtrs_srv.ops = ops;
	rtrs_srv.port = port;
	rtrs_srv.listening = true;
	mutex_unlock(&rtrs_srv.lock);

	listen_error = 0;
	ret = ib_register_client(&hca_client);
	if (ret) {
		mutex_lock(&rtrs_srv.lock);
		rtrs_srv.listening = false;
		rtrs_srv.ops = NULL;
		mutex_unlock(&rtrs_srv.lock);
		return ret;
	}
	mutex_lock(&listen_lock);
	ret = listen_error;
	mutex_unlock(&listen_lock);
	if (ret)
		rtrs_srv_unlisten();
	return ret;
}
EXPORT_SYMBOL_GPL(rtrs_srv_listen);

void rtrs_srv_unlisten(void)
{
	mutex_lock(&rtrs_srv.lock);
	rtrs_srv.listening = false;
	mutex_unlock(&rtrs_srv.lock);
	/* every path has a device, so this closes all of them */
	ib_unregister_client(&hca_client);
	wait_event(rtrs_srv.gone, !READ_ONCE(rtrs_srv.session_count));
	flush_workqueue(rtrs_srv.wq);
	mutex_lock(&rtrs_srv.lock);
	rtrs_srv.ops = NULL;
	mutex_unlock(&rtrs_srv.lock);
}
EXPORT_SYMBOL_GPL(rtrs_srv_unlisten);
