/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What rtrs-client and rtrs-server share, exported by rtrs-core: the device
 * record, a connection's queues, message buffers, heartbeat, address
 * conversion, operation counters. Upper layers never include this.
 */
#ifndef RTRS_CORE_H
#define RTRS_CORE_H

#include <linux/kobject.h>
#include <linux/kref.h>
#include <linux/notifier.h>
#include <linux/percpu.h>
#include <linux/socket.h>
#include <linux/static_key.h>
#include <linux/workqueue.h>
#include <rdma/ib_verbs.h>
#include <rdma/rdma_cm.h>

#include "../compat/compat.h"
#include "log.h"
#include "pure/addr_text.h"
#include "pure/cause.h"
#include "pure/geometry.h"
#include "pure/heartbeat.h"
#include "rtrs.h"

/* ---- device.c: one protection domain per session and RDMA device (rule H) ---- */

struct rtrs_device {
	struct ib_device *ib;
	struct ib_pd *pd;
	struct kref ref;
};

/*
 * Reference 1 to a new record. ERR_PTR: -EOPNOTSUPP if the device lacks fast
 * registration and local invalidate, or what ib_alloc_pd() says.
 */
struct rtrs_device *rtrs_device_create(struct ib_device *ib);
void rtrs_device_get(struct rtrs_device *dev);
void rtrs_device_put(struct rtrs_device *dev);

/* ---- qp.c: the queues of one connection ---- */

/*
 * A connection: CM id, QP, CQs. Embedded in the client's and the server's own
 * connection structure. With a separate send CQ nobody is woken by sends: the
 * owner polls it with rtrs_conn_poll_sends() and arms it only when it must
 * wait; then a worker runs the handlers. Handlers may run on several CPUs at
 * once, each completion once.
 */
struct rtrs_conn {
	struct rdma_cm_id *cm_id;
	bool parted;			/* the CM was told to disconnect */
	struct rtrs_device *dev;
	struct ib_qp *qp;
	struct ib_cq *recv_cq;
	struct ib_cq *send_cq;		/* may be recv_cq */
	u16 cid;
	u32 send_wrs;			/* granted send queue entries */
	u32 recv_wrs;
	u32 send_sges;			/* granted entries per send */
	u32 inline_bytes;		/* granted */
	atomic_t send_free;		/* entries neither posted nor promised */
	struct work_struct send_work;	/* polls an armed send CQ */
	spinlock_t send_lock;		/* send_open against late CQ events */
	bool send_open;			/* send_work may be queued */
	bool draining;			/* the send CQ stays armed until all is flushed */
	struct rtrs_device *held;	/* reference of queues that rtrs_conn_end_qp() left */
};

struct rtrs_qp_spec {
	u32 send_wrs;			/* wanted; clamped to the device */
	u32 recv_wrs;
	u32 send_sges;
	u32 inline_bytes;
	enum ib_poll_context poll_ctx;	/* of recv_cq, and of sends without own CQ */
	int comp_vector;
	bool own_send_cq;		/* sends complete on an un-armed CQ of their own */
	/* asynchronous QP events, any context; may be NULL */
	void (*qp_event)(struct ib_event *event, void *context);
	void *context;			/* of qp_event */
};

/* Set up CQs and the QP on conn->cm_id and conn->dev; granted caps are read back. */
int rtrs_conn_create_qp(struct rtrs_conn *conn, const struct rtrs_qp_spec *spec);
/* Flush both queues and wait until every posted work request has completed. May sleep. */
void rtrs_conn_drain(struct rtrs_conn *conn);
/* Idempotent; fine for a connection that never had a QP. After rtrs_conn_drain(). */
void rtrs_conn_destroy_qp(struct rtrs_conn *conn);
/*
 * The same, but where that might have to wait for packets it sent, the queue pair is
 * only reset and left to rtrs_cm_leave(): either way none of its handlers runs, it
 * touches no memory and holds no memory region. One that is left cannot disconnect.
 * @behind_packets: nothing may arrive of them later, so they are waited for unless
 * the port is down.
 */
void rtrs_conn_end_qp(struct rtrs_conn *conn, bool behind_packets);
/* @to, zeroed, takes over what rtrs_conn_end_qp() left to @from, to destroy it. */
void rtrs_conn_move_qp(struct rtrs_conn *to, struct rtrs_conn *from);

/* Run handlers of finished sends on the separate send CQ; how many. Any context. */
int rtrs_conn_poll_sends(struct rtrs_conn *conn);
/* Have a worker run the handlers of sends that finish from now on, once. Any context. */
void rtrs_conn_arm_sends(struct rtrs_conn *conn);

/*
 * The transport's clocks, before the CM id of @conn connects or accepts; the
 * client's request names RTRS_RETRY_COUNT. @ack_timeout: an unacknowledged
 * message is sent again after 4.096 us << this; 0 = as the fabric's path record
 * says (0.5 s on RoCE, 2 s before Linux 6.12); AUTO: RTRS_ACK_TIMEOUT, but 0 on
 * soft RDMA: a machine short of CPU time is late there, and what soft RDMA
 * repeats it registers twice, which ends the queue pair. 0 or -errno.
 */
int rtrs_conn_tune(struct rtrs_conn *conn, int ack_timeout);

/*
 * With it a queue pair that nobody acknowledges ends after 7 x 134 ms. One less
 * than the field holds: soft RDMA repeats for ever when asked for 7.
 */
#define RTRS_RETRY_COUNT	6
#define RTRS_ACK_TIMEOUT	15
#define RTRS_ACK_TIMEOUT_AUTO	(-1)
#define RTRS_ACK_TIMEOUT_MIN	10	/* 4 ms: adapters round shorter ones up */
#define RTRS_ACK_TIMEOUT_MAX	31

static inline bool rtrs_ack_timeout_ok(int timeout)
{
	return timeout == RTRS_ACK_TIMEOUT_AUTO || !timeout ||
	       (timeout >= RTRS_ACK_TIMEOUT_MIN && timeout <= RTRS_ACK_TIMEOUT_MAX);
}

/* Reserve @n send queue entries; false: not enough. Give back with _return(). */
bool rtrs_conn_take_sends(struct rtrs_conn *conn, u32 n);
void rtrs_conn_return_sends(struct rtrs_conn *conn, u32 n);
/*
 * A drained queue pair holds no memory region any more: only soft RDMA's may, until
 * it is reset. 0; otherwise rtrs_conn_end_qp() has to come before they are freed.
 */
int rtrs_conn_let_go(struct rtrs_conn *conn);
int rtrs_qp_module_init(void);
void rtrs_qp_module_exit(void);

/* ---- port.c: RDMA ports that come and go, and CM ids that wait for theirs ---- */

enum rtrs_port_news {
	RTRS_PORT_BACK,		/* a device was added, a port became active or got addresses */
	RTRS_PORT_DOWN,		/* a port is not active any more */
};

/* @nb is called with that as its action, in any context. */
int rtrs_port_subscribe(struct notifier_block *nb);
void rtrs_port_unsubscribe(struct notifier_block *nb);
/* Whether the CM may send by @id; so it may, too, while the id has no device yet. */
bool rtrs_port_up(const struct rdma_cm_id *id);

/* What a module has left behind with rtrs_cm_leave(); zeroed. */
struct rtrs_cm_kept {
	atomic_t count;
	bool flushing;
};

/* rdma_disconnect(), once, unless the port is down. Process context. */
void rtrs_cm_disconnect(struct rtrs_conn *conn);
/*
 * Destroys the CM id of @conn and what rtrs_conn_end_qp() left: now, or behind the
 * caller's back, when its port is up and its packets are gone. The owner's handler
 * is not called again. @device_gone: set by that handler at
 * RDMA_CM_EVENT_DEVICE_REMOVAL, then the id goes at once. Not from a CM handler;
 * may sleep.
 */
void rtrs_cm_leave(struct rtrs_conn *conn, const bool *device_gone, struct rtrs_cm_kept *kept);
/*
 * The caller's module is about to unload, and its ids name it: waits some
 * seconds for their ports, then destroys what is left. Nothing is left any more.
 */
void rtrs_cm_flush(struct rtrs_cm_kept *kept);
int rtrs_port_module_init(void);
void rtrs_port_module_exit(void);

/* ---- iu.c: information units ---- */

struct rtrs_iu {
	struct ib_cqe cqe;
	struct ib_device *ib;
	dma_addr_t dma;
	void *buf;
	size_t size;
	enum dma_data_direction dir;
};

/* Zeroed, DMA-mapped buffer; ERR_PTR(-ENOMEM). */
struct rtrs_iu *rtrs_iu_create(struct ib_device *ib, size_t size, enum dma_data_direction dir,
			      void (*done)(struct ib_cq *cq, struct ib_wc *wc));
void rtrs_iu_destroy(struct rtrs_iu *iu);	/* NULL is fine */
static inline struct rtrs_iu *rtrs_iu_of(struct ib_wc *wc)
{
	return container_of(wc->wr_cqe, struct rtrs_iu, cqe);
}

int rtrs_iu_recv(struct rtrs_conn *conn, struct rtrs_iu *iu);
/* Signalled SEND of @len bytes behind the chain @head (NULL: none). Syncs for the device. */
int rtrs_iu_send(struct rtrs_conn *conn, struct rtrs_iu *iu, size_t len,
		      struct ib_send_wr *head);
/* @count receives without a buffer, chained. */
int rtrs_post_empty_recvs(struct rtrs_conn *conn, struct ib_cqe *cqe, u32 count);
/* Empty RDMA_WRITE_WITH_IMM; @flags as ib_send_flags. */
int rtrs_post_imm(struct rtrs_conn *conn, struct ib_cqe *cqe, u32 imm, int flags);

/* ---- heartbeat.c: timer and messages around pure/heartbeat.c, on connection 0 ---- */

struct rtrs_heartbeat;

struct rtrs_heartbeat_ops {
	/*
	 * No sign of life, or a heartbeat could not be delivered. Process or
	 * completion context; may be called more than once.
	 */
	void (*lost)(struct rtrs_heartbeat *hb, enum rtrs_cause cause);
	/* May be NULL: a probe has reached the peer. Process context. */
	void (*heard)(struct rtrs_heartbeat *hb);
	/* May be NULL: does anything wait for the peer? Process context, must not sleep. */
	bool (*busy)(struct rtrs_heartbeat *hb);
};

struct rtrs_heartbeat {
	const struct rtrs_heartbeat_ops *ops;
	struct rtrs_conn *conn;
	struct ib_cqe cqe;		/* of answers sent */
	struct ib_cqe beat_cqe;
	struct ib_cqe probe_cqe;
	struct ib_cqe said_cqe;
	struct delayed_work tick;
	atomic_t heard;			/* set by any sign of life, cleared by the tick */
	ktime_t sent;
	s64 latency_ns;			/* last round trip */

	spinlock_t lock;		/* all below */
	struct rtrs_hb_params params;
	struct rtrs_hb state;
	enum rtrs_hb_pace pace;		/* may be read without */
	bool running;
	bool probing;			/* until the probe has reached the peer */
	u32 probe_ms;			/* between ticks until then */
	bool probe_out;			/* posted, not complete */
	u32 saying;			/* the same of rtrs_heartbeat_say() */
	bool reached;			/* the peer's adapter has the last heartbeat */
	bool proved;			/* for the tick to tell */
	ktime_t asked_at;		/* when the probe was posted */
	ktime_t proved_at;		/* the same of the last one that arrived */
};

void rtrs_heartbeat_init(struct rtrs_heartbeat *hb, const struct rtrs_hb_params *params,
			 const struct rtrs_heartbeat_ops *ops);
/* Other parameters, checked by rtrs_hb_params_ok(), from now on; running or not. */
void rtrs_heartbeat_set(struct rtrs_heartbeat *hb, const struct rtrs_hb_params *params);
void rtrs_heartbeat_start(struct rtrs_heartbeat *hb, struct rtrs_conn *conn);
/* Idempotent; waits for a running tick; also fine if never started. */
void rtrs_heartbeat_stop(struct rtrs_heartbeat *hb);

void rtrs_heartbeat_hurry(struct rtrs_heartbeat *hb);
/*
 * Something waits for the peer from now on, ops->busy() says so already: the
 * next tick comes after busy_ms and so do all others while it says so. Any
 * context; one read when the heartbeat ticks fast already.
 */
static inline void rtrs_heartbeat_wake(struct rtrs_heartbeat *hb)
{
	if (unlikely(READ_ONCE(hb->pace) != RTRS_HB_BUSY))
		rtrs_heartbeat_hurry(hb);
}

/*
 * Find out now whether the peer still has this path: ends with ops->heard() or
 * ops->lost(), the latter after about missed_max ticks of @ms, 0 = busy_ms. Any
 * context; while a probe is under way only a shorter @ms has an effect, when
 * stopped nothing has.
 */
void rtrs_heartbeat_probe(struct rtrs_heartbeat *hb, u32 ms);
/*
 * A probe that was started at @since or later has reached the peer. What was
 * received after @since proves less: it may have waited to be looked at.
 */
bool rtrs_heartbeat_heard_since(struct rtrs_heartbeat *hb, ktime_t since);

static inline void rtrs_heartbeat_heard(struct rtrs_heartbeat *hb)
{
	/* read first: the line stays shared on the I/O path */
	if (!atomic_read(&hb->heard))
		atomic_set(&hb->heard, 1);
}
/*
 * A heartbeat (type RTRS_WIRE_IMM_HB) or its answer (.._HB_ACK) came in on
 * connection 0; answers a heartbeat. Completion context. 0 or -errno of the post.
 */
int rtrs_heartbeat_imm(struct rtrs_heartbeat *hb, u8 imm_type);

/*
 * One more immediate on connection 0, of a kind that the receiver can miss: it is
 * dropped when the heartbeat is stopped or the device has not sent the last ones.
 * Any context. 0 or -errno of the post.
 */
int rtrs_heartbeat_say(struct rtrs_heartbeat *hb, u8 imm_type, u32 payload);

int rtrs_heartbeat_module_init(void);
void rtrs_heartbeat_module_exit(void);

/* ---- addr.c ---- */

/* -EINVAL for RTRS_ADDR_NONE. AF_IB gets the IB service id of @port. */
int rtrs_addr_sockaddr(const struct rtrs_addr *addr, u16 port, struct sockaddr_storage *ss);
/* RTRS_ADDR_NONE if the family is foreign; an IPv4 address mapped into IPv6 becomes IPv4. */
void rtrs_sockaddr_addr(const struct sockaddr *sa, struct rtrs_addr *addr, u16 *port);

/* ---- sysfs.c: files that both sides show alike ---- */

ssize_t rtrs_sysfs_addr(const struct rtrs_addr *addr, char *buf);
/* "Usage: echo 1 > FILE" */
ssize_t rtrs_sysfs_order_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf);

/* ---- opcount.c: operations per I/O, behind a static key, in debugfs ---- */

enum rtrs_opcount {
	RTRS_OPC_REQUESTS,		/* requests submitted or received */
	RTRS_OPC_SEND_WR,		/* work requests put on a send queue */
	RTRS_OPC_RECV_WR,
	RTRS_OPC_SEND_POST,		/* calls, = doorbells */
	RTRS_OPC_RECV_POST,
	RTRS_OPC_CQE,			/* signalled completions handled */
	RTRS_OPC_MR_REG,
	RTRS_OPC_MR_INV,		/* local invalidates posted */
	RTRS_OPC_DMA_MAP,
	RTRS_OPC_DMA_SYNC,
	RTRS_OPC_COPY_BYTES,		/* bytes copied by the CPU */
	RTRS_OPCOUNTS
};

struct rtrs_opcounts {
	u64 __percpu *cells;		/* RTRS_OPCOUNTS each */
	struct dentry *dir;
};

DECLARE_STATIC_KEY_FALSE(rtrs_opcount_on);

/*
 * debugfs <@dir_name>/ops: reading gives "name value" lines; writing 1 clears
 * the cells and counts from now on, 0 stops. Works without debugfs too (then
 * nothing is counted). @opc->cells must exist before the first I/O.
 */
int rtrs_opcounts_create(struct rtrs_opcounts *opc, const char *dir_name);
void rtrs_opcounts_destroy(struct rtrs_opcounts *opc);

static inline void rtrs_count(struct rtrs_opcounts *opc, enum rtrs_opcount what, u64 n)
{
	if (static_branch_unlikely(&rtrs_opcount_on))
		this_cpu_add(opc->cells[what], n);
}

#endif /* RTRS_CORE_H */
