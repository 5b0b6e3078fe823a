/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtrs-server inside: sessions, their chunks, paths, connections, operations.
 * One path worker executes every lifecycle step of its path; everybody else
 * sets event bits and kicks it. Hot files are srv_recv.c and srv_reply.c.
 *
 * Locks, outer to inner:
 *   session->setup (mutex)   bringing a session up, sharing of devices; path workers only,
 *                            may be held long
 *   rtrs_srv.lock (mutex)    lists of sessions, paths, devices, half-open paths; names;
 *                            short, also in CM callbacks
 *   path->why_lock           state, since and cause as others read them
 *   conn->send_lock          send queue account and the replies that wait for it; held over
 *                            posting, so that the account and the queue have one order
 *   session->wait_lock       operations that wait for a chunk; a reply that cannot be sent
 *                            gives its chunk away under send_lock
 */
#ifndef RTRS_SERVER_H
#define RTRS_SERVER_H

#include <linux/device.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/percpu-refcount.h>
#include <linux/wait.h>

#include "core.h"
#include "pure/bucket.h"
#include "pure/handshake.h"
#include "pure/io_msg.h"
#include "pure/path_step.h"

#undef pr_fmt
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#define RTRS_SRV_MARKS		16	/* signalled replies in flight per connection */
#define RTRS_SRV_CHAIN		4	/* longest reply: data, key, invalidate, notice */
#define RTRS_SRV_RECV_BATCH	8	/* receives given back by one call */
#define RTRS_SRV_RATES		256	/* buckets for the addresses of clients */

enum rtrs_srv_invalidate {
	RTRS_SRV_INVAL_NO,	/* keys live as long as the path */
	RTRS_SRV_INVAL_YES,	/* strict: every request takes the peer's key away */
	RTRS_SRV_INVAL_AUTO,	/* only when the upper layer needs stable data */
};

/* Module parameters; fixed after load. */
struct rtrs_srv_params {
	enum rtrs_srv_invalidate invalidate;
	int max_chunk_size;
	int sess_queue_depth;
	uint max_sessions;
	uint max_conns;		/* of one path */
	uint max_conns_total;
	uint max_conns_per_addr;
	uint connect_rate;	/* paths a second and address; 0: no limit */
	uint half_open_max;
	uint half_open_per_addr;
	uint handshake_timeout;	/* s */
	uint chunk_memory_percent;
	int ack_timeout;		/* for rtrs_conn_tune() */
	struct rtrs_hb_params heartbeat;
};

extern struct rtrs_srv_params rtrs_srv_params;

/* Reasons of protocol violations; names in srv_stats.c. */
enum rtrs_srv_violation {
	RTRS_SRV_BAD_INFO,
	RTRS_SRV_EARLY,		/* request before the handshake was complete */
	RTRS_SRV_BAD_OPCODE,
	RTRS_SRV_BAD_IMM_TYPE,
	RTRS_SRV_BAD_SLOT,
	RTRS_SRV_BUSY_SLOT,
	RTRS_SRV_BAD_HEADER,
	RTRS_SRV_BAD_MESSAGE,	/* found by the upper layer */
	RTRS_SRV_STRAY_HEARTBEAT,
	RTRS_SRV_STRAY_PATH_END,
	RTRS_SRV_VIOLATIONS
};

/* What listeners are told of an object. */
enum rtrs_srv_change {
	RTRS_SRV_ADDED,
	RTRS_SRV_CHANGED,
	RTRS_SRV_REMOVED,
};

struct rtrs_srv_path;
struct rtrs_srv_conn;
struct rtrs_srv_slot;

/* What an operation wants send queue entries for. */
enum rtrs_srv_stage {
	RTRS_SRV_STAGE_INVALIDATE,
	RTRS_SRV_STAGE_REPLY,
};

/* One request from receive to reply; lives in its chunk. */
struct rtrs_srv_op {
	struct rtrs_srv_request rq;
	struct rtrs_srv_conn *conn;
	struct rtrs_srv_slot *slot;
	struct rtrs_io io;		/* private copy of the header, also feeds the reply */
	u32 off;			/* of the header in the chunk */
	enum rtrs_srv_stage stage;
	bool parsed;
	bool invalidated;		/* the peer's key is dead; the reply brings a new one */
	int error;			/* of the reply */
	struct ib_cqe inv_cqe;
	u32 inv_mark;
	struct list_head wait;		/* conn->starved or session->resumed */
};

#define RTRS_SRV_AWAITED	1UL	/* in a chunk's owner */

/* One chunk of a session: memory, and the only operation that may use it (rule G). */
struct rtrs_srv_chunk {
	struct page *page;
	unsigned long owner;		/* path that uses it, and RTRS_SRV_AWAITED; 0: free */
	struct list_head waiters;	/* slots of other paths */
	struct rtrs_srv_op op;
};

/* What one path knows about one chunk. */
struct rtrs_srv_slot {
	dma_addr_t dma;
	struct ib_mr *mr;		/* covers this chunk alone; NULL if the key is shared */
	struct rtrs_srv_conn *wait_conn;	/* request that waits for the chunk */
	u32 wait_off;
	struct list_head wait;
};

struct rtrs_srv_session {
	struct kref ref;
	struct list_head entry;		/* rtrs_srv.sessions; lock */
	struct list_head paths;		/* rtrs_srv.lock */
	u32 path_count;			/* rtrs_srv.lock */
	bool dying;			/* last path is gone; rtrs_srv.lock */
	u32 id;
	u8 uuid[RTRS_WIRE_UUID_LEN];
	char name[RTRS_WIRE_NAME_LEN];	/* empty until the first info request; rtrs_srv.lock */
	ktime_t since;
	struct rtrs_why why;		/* of the end of its last path; rtrs_srv.lock */

	struct mutex setup;		/* bringing up, ending, devices of the paths */
	bool up;			/* setup */
	void *priv;
	u64 chunk_bytes;		/* charged to the limit */
	struct rtrs_srv_chunk *chunks;
	void *msg_area;			/* msg_stride bytes per chunk */
	void *pdu_area;
	size_t msg_stride;
	size_t pdu_stride;

	spinlock_t wait_lock;		/* waiters of all chunks, resumed */
	struct list_head resumed;	/* operations that got their chunk after waiting */
	struct work_struct resume;

	struct device *dev;		/* /sys/class/rtrs-server/<name> */
	struct kobject *paths_dir;
};

/* A signalled reply: when it is sent, so is all that was posted before. */
struct rtrs_srv_mark {
	struct ib_cqe cqe;
	struct rtrs_srv_conn *conn;
	u32 posted;
};

struct rtrs_srv_conn {
	struct rtrs_conn core;
	struct rtrs_srv_path *path;
	struct list_head arrival;	/* path->arrivals; rtrs_srv.lock */
	bool accepted;			/* path worker */

	struct ib_cqe recv_cqe;
	struct ib_cqe send_cqe;		/* sends that are not signalled */
	u32 recv_owed;			/* receives not given back yet; receive handler */

	spinlock_t send_lock;		/* all below */
	struct list_head starved;	/* operations that found the send queue full */
	u32 budget;			/* entries replies may use */
	u32 posted;			/* cumulative */
	u32 done;			/* cumulative, as far as known */
	u32 marked;			/* posted at the last signalled one */
	unsigned long marked_at;	/* jiffies */
	unsigned long done_at;
	unsigned long marks_used;
	bool dead;			/* nothing is posted any more */
	struct rtrs_srv_mark marks[RTRS_SRV_MARKS];
};

struct rtrs_srv_stats {
	u64 ops[2];			/* by enum rtrs_dir */
	u64 bytes[2];
};

/* An RDMA device that may carry paths. */
struct rtrs_srv_hca {
	struct list_head entry;		/* rtrs_srv.hcas */
	struct ib_device *ib;
	u32 paths;			/* rtrs_srv.lock */
};

/* path->jobs */
enum {
	RTRS_SRV_JOB_ACCEPT,
	RTRS_SRV_JOB_INFO,
	RTRS_SRV_JOB_HEARD,	/* a probe has reached the client */
	RTRS_SRV_JOB_QUIET,	/* the last operation has left */
	RTRS_SRV_JOB_END,	/* is another path over? end_asked tells which */
};

struct rtrs_srv_path {
	struct kref ref;
	struct rtrs_srv_session *session;
	struct rtrs_srv_hca *hca;	/* until the device is released; rtrs_srv.lock */
	u32 id;
	u8 uuid[RTRS_WIRE_UUID_LEN];
	struct rtrs_addr client, server;
	u16 client_port, server_port;
	char name[RTRS_PAIR_TEXT_MAX];
	char hca_name[IB_DEVICE_NAME_MAX];
	u32 hca_port;

	struct list_head entry;		/* session->paths; rtrs_srv.lock */
	struct list_head half_open;	/* rtrs_srv.half_open; rtrs_srv.lock */
	struct list_head arrivals;	/* connections to accept; rtrs_srv.lock */
	struct rtrs_srv_conn **conns;	/* conn_count entries; filled under rtrs_srv.lock */
	u32 conn_count;

	struct work_struct work;
	struct delayed_work deadline;	/* of the handshake */
	struct delayed_work watch;	/* send progress */
	bool device_gone;		/* the CM waits for the ids */
	atomic_t events;		/* enum rtrs_path_event */
	unsigned long jobs;		/* bits above, for the worker */
	enum rtrs_path_state state;	/* written by the worker under why_lock */
	spinlock_t why_lock;
	struct rtrs_why why;		/* first cause of the end */
	ktime_t since;
	u32 attempt;
	u8 ext_version;		/* of the client */
	u32 token;			/* by which its client names it; 0: not at all */
	bool drained;			/* nothing of it is taken any more; written by the worker */
	struct rtrs_bucket end_rate;	/* receive handler of connection 0 */

	/* path worker only */
	struct rtrs_device *dev;	/* also session->setup */
	struct rtrs_iu *info_req;
	struct rtrs_iu *info_rsp;
	u32 info_len;
	ktime_t info_at;		/* siblings must have been reached since then */
	bool ready;			/* but for its siblings */
	u32 end_asked;			/* token */
	bool published;
	bool halted;			/* queues gone, nothing of the RDMA device is held */
	bool in_sysfs;

	bool new_rkey;
	struct percpu_ref ops;		/* live while connected; one per operation */
	struct rtrs_srv_slot *slots;
	struct rtrs_wire_rkey *rkeys;	/* = rkey_iu->buf: one message per slot */
	struct rtrs_iu *rkey_iu;
	struct ib_mr **mrs;
	u32 mr_count;
	u32 slots_mapped;
	struct ib_cqe reg_cqe;
	struct completion reg_done;	/* a batch of registrations */
	int reg_error;

	struct rtrs_heartbeat hb;
	unsigned long beat_answered;	/* jiffies */
	struct rtrs_srv_stats __percpu *stats;
	atomic_t violations;

	struct kobject kobj;		/* <client@server> */
	struct kobject stats_kobj;
};

/* The module. */
struct rtrs_srv {
	struct mutex lock;		/* lists and names, see above */
	struct list_head sessions;
	struct list_head hcas;
	struct list_head half_open;
	u32 session_count;		/* READ_ONCE */
	u32 paths_on_hcas;		/* those of all hcas; READ_ONCE */
	u32 half_open_count;
	u32 rate_seed;
	u64 instance;			/* drawn anew at every load, never 0 */
	struct rtrs_bucket rates[RTRS_SRV_RATES];
	bool listening;
	wait_queue_head_t gone;		/* a session or a path of a device went away */
	atomic_t next_id;
	atomic_t generation;
	atomic64_t chunk_bytes;
	struct rtrs_geometry geometry;
	struct workqueue_struct *wq;
	struct rtrs_cm_kept kept;
	const struct rtrs_srv_ops *ops;
	u16 port;
	struct rtrs_opcounts opc;
	atomic_t violations[RTRS_SRV_VIOLATIONS];
};

extern struct rtrs_srv rtrs_srv;

/* ---- srv_listen.c ---- */
/* The machine goes down: tell the clients; returns soon. */
void rtrs_srv_farewell(void);
/* Add what a client understands that sent @ext_version in its connect request. */
void rtrs_srv_offer_extend(struct rtrs_offer *offer, u8 ext_version);
/* @ext_version: of the connect request, 0 if it was none */
void rtrs_srv_reject(struct rdma_cm_id *cm_id, int error, u8 ext_version);

/* ---- srv_ports.c ---- */
int rtrs_srv_ports_init(void);
void rtrs_srv_ports_exit(void);

/* ---- srv_hello.c ---- */
/* A connect request; CM callback. Non-zero: rejected, the CM destroys the id. */
int rtrs_srv_hello(struct rdma_cm_id *cm_id, const struct rdma_cm_event *event);

/* ---- srv_handshake.c ---- */
void rtrs_srv_unsignalled_done(struct ib_cq *cq, struct ib_wc *wc);
/* Path worker: give new connections their queues and accept them. */
void rtrs_srv_accept_arrivals(struct rtrs_srv_path *path);
/* Path worker: act on the info request if there is one and nothing holds it up. */
void rtrs_srv_handle_info(struct rtrs_srv_path *path);
/* Path worker, connected: tell the client where the chunks are. */
int rtrs_srv_send_info(struct rtrs_srv_path *path);

/* ---- srv_session.c ---- */
/* All with rtrs_srv.lock held. */
struct rtrs_srv_session *rtrs_srv_session_find(const u8 *uuid);
struct rtrs_srv_session *rtrs_srv_session_new(const u8 *uuid);
/* Undo of _new() while it has no path. */
void rtrs_srv_session_drop(struct rtrs_srv_session *session);
/*
 * 0, -EPERM: its owner was found alive after @since, -EINVAL: another one than
 * the session has, -EAGAIN: nobody knows yet, or the owner is about to end.
 */
int rtrs_srv_session_claim_name(struct rtrs_srv_session *session, const char *name,
				ktime_t since);
/* Find out which clients of its paths are still there. */
void rtrs_srv_session_probe(struct rtrs_srv_session *session);
/* Paths in the handshake that wait for something look again. */
void rtrs_srv_wake_half_open(void);

void rtrs_srv_session_get(struct rtrs_srv_session *session);
void rtrs_srv_session_put(struct rtrs_srv_session *session);
/* Path workers; session->setup held. */
int rtrs_srv_session_bring_up(struct rtrs_srv_session *session);
struct rtrs_device *rtrs_srv_session_device(struct rtrs_srv_path *path);
/* The path holds nothing of its RDMA device any more. */
void rtrs_srv_path_off_device(struct rtrs_srv_path *path);
/* The path is quiet, too: leave the session; the last one ends it. */
void rtrs_srv_session_leave(struct rtrs_srv_path *path);

/* ---- srv_path.c ---- */
/* ERR_PTR. Belongs to nobody yet. May sleep. */
struct rtrs_srv_path *rtrs_srv_path_new(u32 conn_count);
void rtrs_srv_path_start(struct rtrs_srv_path *path);
void rtrs_srv_path_put(struct rtrs_srv_path *path);
static inline void rtrs_srv_path_get(struct rtrs_srv_path *path)
{
	kref_get(&path->ref);
}

/* Any context; the caller holds a reference, a lock or an operation that keeps the path. */
void rtrs_srv_path_kick(struct rtrs_srv_path *path);
void rtrs_srv_path_job(struct rtrs_srv_path *path, int what);
void rtrs_srv_path_raise(struct rtrs_srv_path *path, u32 event, enum rtrs_cause cause, int error);
/* With rtrs_srv.lock held: no longer counted as half-open. */
void rtrs_srv_path_not_half_open(struct rtrs_srv_path *path);

/* ---- srv_chunks.c ---- */
int rtrs_srv_chunks_create(struct rtrs_srv_session *session);
void rtrs_srv_chunks_destroy(struct rtrs_srv_session *session);
/* Path worker: map the chunks for the path's device and register them. */
int rtrs_srv_chunks_map(struct rtrs_srv_path *path);
void rtrs_srv_chunks_unmap(struct rtrs_srv_path *path);
/* The next key of a slot's own MR. */
void rtrs_srv_slot_next_key(struct rtrs_srv_path *path, u32 index);

/* ---- srv_recv.c ---- */
void rtrs_srv_recv_done(struct ib_cq *cq, struct ib_wc *wc);
void rtrs_srv_inv_done(struct ib_cq *cq, struct ib_wc *wc);
void rtrs_srv_resume_work(struct work_struct *work);
/* Path worker, drained: no request of the path waits for a chunk any more. */
void rtrs_srv_unpark(struct rtrs_srv_path *path);
/* Finish without a reply: the path is dead or the peer broke the protocol. */
void rtrs_srv_op_abandon(struct rtrs_srv_op *op);
/* Give the chunk back; the operation must not be touched afterwards. */
void rtrs_srv_chunk_release(struct rtrs_srv_op *op);

/* ---- srv_end.c ---- */
/* By this connection the client says that the path of @token is over. Process context. */
void rtrs_srv_path_end(struct rtrs_srv_conn *conn, u32 token);
void rtrs_srv_path_end_late(struct rtrs_srv_path *path);

/* ---- srv_reply.c ---- */
void rtrs_srv_conn_init_sends(struct rtrs_srv_conn *conn);
void rtrs_srv_conn_open_sends(struct rtrs_srv_conn *conn);
/* Path worker: no more posting; abandons what waits for send queue entries. */
void rtrs_srv_conn_kill_sends(struct rtrs_srv_conn *conn);
/* Take the peer's key away; rtrs_srv_inv_done() goes on. */
void rtrs_srv_invalidate(struct rtrs_srv_op *op);
/* All that was posted up to @mark has been sent. */
void rtrs_srv_sends_done(struct rtrs_srv_conn *conn, u32 mark);
/* True: nothing was sent for 30 s although something waits. */
bool rtrs_srv_conn_stuck(struct rtrs_srv_conn *conn);

/* ---- srv_stats.c ---- */
void rtrs_srv_violation(struct rtrs_srv_path *path, u32 cid, enum rtrs_srv_violation reason);
void rtrs_srv_stats_sum(struct rtrs_srv_path *path, struct rtrs_srv_stats *sum);
void rtrs_srv_stats_reset(struct rtrs_srv_path *path);
void rtrs_srv_stats_debugfs(void);

/* ---- srv_debug.c ---- */
/* Files of root beside the operation counts: operations, violations. */
void rtrs_srv_debugfs(void);

/* ---- srv_sysfs.c ---- */
int rtrs_srv_sysfs_init(void);
void rtrs_srv_sysfs_exit(void);
int rtrs_srv_sysfs_session_add(struct rtrs_srv_session *session);
void rtrs_srv_sysfs_session_del(struct rtrs_srv_session *session);
int rtrs_srv_sysfs_path_add(struct rtrs_srv_path *path);
void rtrs_srv_sysfs_path_del(struct rtrs_srv_path *path);

/* ---- srv_genl.c ---- */
int rtrs_srv_genl_init(void);
void rtrs_srv_genl_exit(void);
/* May sleep; not with rtrs_srv.lock held. */
void rtrs_srv_notify_session(struct rtrs_srv_session *session, enum rtrs_srv_change change);
void rtrs_srv_notify_path(struct rtrs_srv_path *path, enum rtrs_srv_change change);

/* ---- server_main.c ---- */
const char *rtrs_srv_invalidate_name(void);

#endif /* RTRS_SERVER_H */
