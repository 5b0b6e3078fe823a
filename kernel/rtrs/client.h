/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Structures of rtrs-client: session, path, connection, request. Comments name
 * what guards each member. Locks, outer to inner: sessions mutex, link mutex,
 * session mutex, connection lock. Hot files use RCU and the connection lock.
 */
#ifndef RTRS_CLIENT_H
#define RTRS_CLIENT_H

#ifndef pr_fmt
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#endif

#include <linux/completion.h>
#include <linux/device.h>
#include <linux/mutex.h>
#include <linux/uuid.h>
#include <linux/wait.h>

#include "../event_rate.h"
#include "core.h"
#include "pure/handshake.h"
#include "pure/mp_policy.h"
#include "pure/path_step.h"

#define RTRS_CLT_MAX_PATHS	RTRS_MP_PATHS	/* of a session, the server's limit too */
#define RTRS_CLT_SEGMENTS	128	/* scatterlist entries of one request */
#define RTRS_CLT_SGES		4	/* wanted per send; longer writes are chained */
#define RTRS_CLT_HDR_STRIDE	512	/* room for message and header of one slot */
#define RTRS_CLT_BATCH		32	/* requests behind one doorbell at most */
#define RTRS_CLT_REPOST		16	/* receives given back by one call */
#define RTRS_CLT_INV_KEYS	16	/* keys told invalid whose replies are still to come */
#define RTRS_CLT_ADMIN_FLIGHT	128	/* requests on connection 0 at a time */
#define RTRS_CLT_ADMIN_SENDS	(4 * RTRS_CLT_ADMIN_FLIGHT)
/* replies of two messages each, heartbeats both ways, and what waits to be given back */
#define RTRS_CLT_ADMIN_RECVS	(2 * RTRS_CLT_ADMIN_FLIGHT + 64 + RTRS_CLT_REPOST)
#define RTRS_CLT_IO_CONNS_MAX	1024
#define RTRS_CLT_RECONNECTS_MAX	9999	/* sysfs ABI 3.1 */

struct rtrs_clt_conn;
struct rtrs_clt_path;
struct rtrs_clt_session;

/* ---- buffers shared by many small users: pages, each mapped once ---- */

struct rtrs_clt_pages {
	u32 count;
	enum dma_data_direction dir;
	void **va;
	dma_addr_t *dma;
};

/* ---- request: one per slot of a session, made once ---- */

/*
 * rtrs_req.owner: the connection that carries the request, and marks. The
 * request ends when the server has answered and the RDMA device has let go of
 * the data; whoever takes the owner away ends it, once.
 */
#define RTRS_REQ_SENT		1UL	/* nothing to wait for on the send side */
#define RTRS_REQ_ANSWERED	2UL	/* the server has answered, the send is not over */
#define RTRS_REQ_INVAL		4UL	/* answered, its key is being taken back from the server */
#define RTRS_REQ_MARKS		7UL

/* Owners that are no connection. */
#define RTRS_REQ_FREE		0UL
#define RTRS_REQ_CLAIMED	1UL	/* between two connections, or on its way to the first */
#define RTRS_REQ_KEPT		2UL	/* given back unanswered, the upper layer decides */
#define RTRS_REQ_FENCED		3UL	/* no request, but the server may still work on the chunk */

struct rtrs_req {
	atomic_long_t owner;
	/*
	 * Paths by which this slot went without an answer: set by the worker
	 * that drains one, cleared when it is connected again or removed.
	 * session->fence_lock; empty outside of trouble.
	 */
	DECLARE_BITMAP(fence, RTRS_CLT_MAX_PATHS);
	bool foreign;			/* with the fence: one of those paths is to no server of ours */
	struct rtrs_clt_conn *conn;
	void (*done)(void *priv, int error, int slot);
	void *priv;
	struct scatterlist *sg;		/* NULL: no data */
	u32 sg_count;
	u32 data_len;
	u16 msg_len;
	u16 cid;
	ktime_t sent;			/* only while the policy wants latencies */
	int error;			/* of the server */
	struct ib_mr *mr;		/* NULL: nothing lent to the server */
	u32 covers;			/* send queue entries that its send completion frees */
	u32 post_seq;			/* of its chain: posted when the connection's has moved on */
	u16 slot;
	u8 dir;				/* enum rtrs_dir */
	struct ib_cqe send_cqe;
	struct ib_cqe inv_cqe;
	struct ib_reg_wr reg;
	struct ib_rdma_wr *wrs;
	struct ib_sge *sges;
};

/* ---- connection ---- */

enum rtrs_clt_cm {
	RTRS_CM_IDLE,
	RTRS_CM_BUSY,			/* a step was started, its event is still to come */
	RTRS_CM_DONE,
	RTRS_CM_FAILED,
};

/* One typed receive of a path whose replies carry keys. */
struct rtrs_clt_recv {
	struct ib_cqe cqe;
	struct rtrs_clt_conn *conn;
};

struct rtrs_clt_conn {		/* aligned to more than RTRS_REQ_MARKS */
	struct rtrs_conn c;
	struct rtrs_clt_path *path;

	/* send side */
	spinlock_t lock;		/* guards: the next eight */
	struct ib_send_wr *head;	/* chain not yet posted */
	struct ib_send_wr *tail;
	u32 pending;			/* requests in it */
	u32 pending_wrs;
	u32 post_seq;			/* chains posted so far */
	u32 submitted;			/* requests, ever */
	u32 unsignalled;		/* entries that the next signalled send frees */
	u32 signal_every;
	struct ib_cqe quiet_cqe;	/* of sends that complete only with an error */
	atomic_t inv_free;		/* entries kept for local invalidations */
	atomic_t awaited;		/* answered requests whose send is not over */
	atomic_t flight;		/* connection 0: requests in flight */

	/* watch: its tick alone, but for probe_out */
	struct ib_cqe probe_cqe;
	bool probe_out;
	u32 silent_ticks;
	u32 answered_seen;

	/* receive side: used by one completion handler at a time */
	struct ib_cqe empty_cqe;	/* receives without a buffer */
	struct rtrs_clt_recv *recvs;
	struct rtrs_clt_pages keys;	/* their eight bytes each */
	u32 answered;			/* requests, ever */
	u32 recv_count;
	u32 repost_count;
	u32 repost[RTRS_CLT_REPOST];	/* indices of typed receives */
	u32 inv_count;
	u32 inv_keys[RTRS_CLT_INV_KEYS];
	unsigned long polling;		/* bit 0: a poller is in */

	/* completions that belonged to @cpu and ran elsewhere */
	u32 cpu;
	unsigned long migrated;

	/* connecting: written by CM events, read by the path worker */
	enum rtrs_clt_cm cm;
	struct rtrs_why cm_why;
	bool dialled;			/* the CM has sent by this id */
	bool established;
	bool disconnected;
	struct rtrs_offer offer;
};

/* ---- path ---- */

struct rtrs_clt_stats {
	u64 reads, read_bytes;
	u64 writes, write_bytes;
	u64 failovers;
	u64 migrated_to;
	long inflight;			/* the sum over CPUs counts */
};

struct rtrs_clt_path {
	struct kref ref;		/* the list's, look-ups' */
	struct rtrs_clt_session *session;
	struct list_head link;		/* session mutex */
	u32 id;
	u32 index;			/* place in the published table */
	u8 uuid[RTRS_WIRE_UUID_LEN];
	struct rtrs_addr_pair wanted;	/* as configured; the source may be open */

	/* the worker */
	struct work_struct work;
	struct delayed_work timer;
	struct delayed_work watch;
	atomic_t events;		/* enum rtrs_path_event */
	atomic64_t lost;		/* first cause of the loss, packed; 0: none */
	atomic64_t closed;		/* last cause of the wish to close */
	wait_queue_head_t wait;		/* events, CM steps, state */
	struct work_struct reap;	/* after the last step: off the list */
	struct completion reaped;

	/* written by the worker alone, under view_lock for readers elsewhere */
	spinlock_t view_lock;
	enum rtrs_path_state state;
	struct rtrs_why why;
	ktime_t since;
	ktime_t next_try;		/* while waiting */
	struct rtrs_addr_pair used;	/* addresses of the last connection */
	char hca[IB_DEVICE_NAME_MAX];
	u32 hca_port;
	bool new_rkey;
	bool own_server;		/* keeps operations on a chunk apart, whatever path they came by */
	bool can_end;			/* it answers whether a path is over; this one has a token */
	u32 token;			/* of the attempt */
	u32 attempt;			/* since last connected */
	u32 busy;			/* refusals of the server as busy, in a row; the worker alone */
	u32 connects;			/* successful ones */
	int connects_shown;		/* what statistics show: can be reset */
	int failures_shown;

	bool claims;			/* @used is no other path's; session mutex */
	struct rtrs_addr_pair named;	/* as its directory, nor is this; session mutex */
	bool started;			/* session mutex */
	bool removing;			/* session mutex */
	bool was_connected;
	bool tried;			/* the first attempt has ended, well or not */
	bool hopeless;			/* no further attempt: the server changed its shape */
	bool create;			/* the server did not know the session: the next attempt makes it */
	bool device_gone;		/* of the last attempt; its ids must go at once */
	ktime_t lost_at;		/* start of the outage that attempts are to end */
	bool published;			/* written by the worker alone; READ_ONCE elsewhere */
	bool draining;			/* was published, its requests are not dealt with; worker */

	/* of one attempt: made by connecting, freed by draining */
	struct rtrs_device *dev;
	struct rtrs_geometry geo;
	struct rtrs_chunk_ref *chunks;	/* per slot; key changed by the reply handler */
	struct ib_mr **mrs;		/* per slot */
	struct rtrs_clt_pages hdrs;	/* RTRS_CLT_HDR_STRIDE per slot */
	struct rtrs_iu *info_req;
	struct rtrs_iu *info_rsp;
	u32 info_len;			/* bytes received; 0: none yet */

	struct rtrs_heartbeat hb;
	u64 latency_ns;			/* moving average over requests; see clt_stats.c */
	struct rtrs_clt_stats __percpu *stats;
	atomic_t violations;
	struct event_rate rate;
	struct kobject *dir;		/* in sysfs; NULL: none yet, or no longer */
	u32 conn_count;			/* fixed; connection 0 included */
	struct rtrs_clt_conn conns[];
};

/* ---- session ---- */

/* Of one queue: chains of some path wait for a request without .more. */
struct rtrs_clt_bell {
	u32 held;			/* bool; not every CPU can exchange a byte */
} ____cacheline_aligned_in_smp;

struct rtrs_clt_session {
	struct list_head link;		/* sessions mutex */
	char name[RTRS_WIRE_NAME_LEN];
	u32 id;
	u8 uuid[RTRS_WIRE_UUID_LEN];
	u16 port;
	u32 nr_poll_queues;
	u32 io_queues;
	int max_reconnects;		/* READ_ONCE */
	enum rtrs_mp_policy policy;	/* READ_ONCE */
	const struct rtrs_clt_ops *ops;
	void *priv;

	/* hot: readers under RCU, writers hold link_mutex */
	u64 up[RTRS_MP_WORDS];		/* bit per published path */
	struct rtrs_clt_path __rcu *table[RTRS_CLT_MAX_PATHS];
	u32 __percpu *cursor;
	struct rtrs_clt_bell *bells;	/* per connection number */

	/* made with the first path's offer, then constant; valid once a path was published */
	struct rtrs_req *reqs;
	struct rtrs_geometry geo;
	struct rtrs_clt_limits limits;
	u32 wr_sges;			/* entries per send that chains are built for */
	u32 chain_max;			/* sends of one request at most */

	spinlock_t fence_lock;		/* fences of all slots; irq-safe */
	bool short_of_room;		/* a path worker waits on @wait for send queue entries */
	u8 *messages;			/* RTRS_CLT_HDR_STRIDE per slot: of requests that moved */

	struct mutex mutex;		/* guards: paths, path_total, heartbeat, first offer */
	struct list_head paths;
	u32 path_total;
	struct rtrs_hb_params heartbeat;	/* of each path */
	bool closing;			/* no further path */
	DECLARE_BITMAP(indices, RTRS_CLT_MAX_PATHS);	/* places taken in the table */
	/* Places of lost paths whose fences are still up, and until when; of them, removed paths'. */
	DECLARE_BITMAP(lingering, RTRS_CLT_MAX_PATHS);
	DECLARE_BITMAP(orphaned, RTRS_CLT_MAX_PATHS);
	unsigned long linger_until[RTRS_CLT_MAX_PATHS];
	struct delayed_work linger_work;
	struct mutex link_mutex;	/* publishing and ops->link */

	spinlock_t end_lock;		/* guards the next two */
	DECLARE_BITMAP(ending, RTRS_CLT_MAX_PATHS);	/* places of lost paths; the server may not know */
	u32 end_tokens[RTRS_CLT_MAX_PATHS];
	atomic_t tokens;		/* the last one given */

	wait_queue_head_t wait;
	bool link_up;			/* what ops->link was last told; link_mutex */
	u32 draining;			/* paths that are; link_mutex */
	bool ever_up;
	u32 incarnation;		/* of the server, as far as can be known; link_mutex, READ_ONCE */
	u64 server_instance;		/* what it said last, 0: an in-tree one; link_mutex */
	bool settled;			/* first attempt has ended, the caller may know */
	bool cancelled;
	struct rtrs_why why;		/* of the first failure, and of the last change */
	ktime_t since;			/* of the last change between up and down */

	struct event_rate rate;
	struct device dev;
	struct kobject *paths_kobj;
};

/* ---- client_main.c ---- */

extern struct rtrs_opcounts rtrs_clt_opc;
extern struct workqueue_struct *rtrs_clt_wq;
extern struct rtrs_cm_kept rtrs_clt_kept;
extern struct rtrs_hb_params rtrs_clt_hb_params;	/* of new sessions; fixed after load */
u32 rtrs_clt_io_conns(void);
u32 rtrs_clt_max_depth(void);
int rtrs_clt_ack_timeout(void);	/* for rtrs_conn_tune() */
u32 rtrs_clt_new_id(void);
static inline void rtrs_clt_count(enum rtrs_opcount what, u64 n)
{
	rtrs_count(&rtrs_clt_opc, what, n);
}

/* ---- clt_session.c ---- */

extern struct mutex rtrs_clt_sessions_mutex;
extern struct list_head rtrs_clt_sessions;

/* The first offer fixes the session's shape; later ones must fit. 0, or -errno and @why. */
int rtrs_clt_session_shape(struct rtrs_clt_path *path, struct rtrs_why *why);
/*
 * Let I/O see the path, or no longer; tells the upper layer. Path worker only.
 * False: not yet, rtrs_clt_end_others() has to come before.
 */
bool rtrs_clt_session_publish(struct rtrs_clt_path *path);
void rtrs_clt_session_unpublish(struct rtrs_clt_path *path);
/* After the requests of an unpublished path have been dealt with. */
void rtrs_clt_session_path_down(struct rtrs_clt_path *path, const struct rtrs_why *why);
/* The path has closed: the next one is tried, or whoever waits for the session learns why. */
void rtrs_clt_session_settle(struct rtrs_clt_path *path);
/* Number of published paths. */
u32 rtrs_clt_session_paths_up(const struct rtrs_clt_session *session);
/* Something local came back: paths that wait for their next attempt make it now. */
void rtrs_clt_sessions_kick(void);
/* Whether connect requests of the path may create the session on the server (protocol 4.3). */
bool rtrs_clt_session_may_create(struct rtrs_clt_path *path);
/* An attempt has failed: does the next one, made at once, have to create it? Path worker only. */
bool rtrs_clt_session_unknown(struct rtrs_clt_path *path, const struct rtrs_why *why);
/* The server accepted: is it the one that was met before? */
void rtrs_clt_session_meet(struct rtrs_clt_session *session, const struct rtrs_offer *offer);
/* The session's record for the device, a new one if no path of it has one yet. */
struct rtrs_device *rtrs_clt_session_device(struct rtrs_clt_path *path, struct ib_device *ib);

/* ---- clt_pathlist.c ---- */

/* The paths that a new session begins with, all or none: the first one may be started. */
int rtrs_clt_paths_create(struct rtrs_clt_session *session, const struct rtrs_clt_config *config);
/* Those of a session that was never shown; nobody started them. */
void rtrs_clt_paths_discard(struct rtrs_clt_session *session);
/* The path is gone: look-ups do not find it, its place is free again. */
void rtrs_clt_session_unlist(struct rtrs_clt_path *path);
/* After that: the session may be closed now. Drops the list's reference. */
void rtrs_clt_session_forget(struct rtrs_clt_path *path);
/*
 * A new path of a running session; starts connecting, does not wait. With a
 * reference. ERR_PTR: -EEXIST the same pair is there, -ENOSPC no place left,
 * -ESHUTDOWN the session is being closed, -ENOMEM.
 */
struct rtrs_clt_path *rtrs_clt_path_add(struct rtrs_clt_session *session,
					const struct rtrs_addr_pair *addr);

/* ---- clt_path.c ---- */

struct rtrs_clt_path *rtrs_clt_path_create(struct rtrs_clt_session *session,
					   const struct rtrs_addr_pair *addr);
void rtrs_clt_path_get(struct rtrs_clt_path *path);
void rtrs_clt_path_put(struct rtrs_clt_path *path);
void rtrs_clt_path_raise(struct rtrs_clt_path *path, u32 events);
/* Any context. The first cause of a loss counts. */
void rtrs_clt_path_lost(struct rtrs_clt_path *path, enum rtrs_cause cause, int error, bool remote);
/* The peer broke the protocol: counted, logged with its reason, path lost. */
void rtrs_clt_path_violation(struct rtrs_clt_conn *conn, const char *reason);
/* CLOSE, and @events besides. */
void rtrs_clt_path_close(struct rtrs_clt_path *path, enum rtrs_cause cause, u32 events);
/*
 * Orders of the administrator, each in two halves: the first is accepted or
 * refused at once, the second waits for the outcome (killable). Netlink uses
 * the first only.
 */
/* Connect now: drops a connected path, wakes a waiting or closed one. 0, -EBUSY. */
int rtrs_clt_path_reconnect(struct rtrs_clt_path *path);
int rtrs_clt_path_reconnect_wait(struct rtrs_clt_path *path);
/* Closes the path, to stay so until it is told to reconnect. */
int rtrs_clt_path_disconnect(struct rtrs_clt_path *path);
int rtrs_clt_path_disconnect_wait(struct rtrs_clt_path *path);
/* Until it is connected (0) or its first attempt has failed (-errno and @why). */
int rtrs_clt_path_add_wait(struct rtrs_clt_path *path, struct rtrs_why *why);
/* Take the path away, the last one too; its requests move on. 0, -EALREADY. */
int rtrs_clt_path_remove(struct rtrs_clt_path *path);
/* Until nothing of it is left but the caller's reference. */
int rtrs_clt_path_remove_wait(struct rtrs_clt_path *path);
bool rtrs_clt_path_interrupted(struct rtrs_clt_path *path);
/* What ended an attempt early; false: nothing did. */
bool rtrs_clt_path_interruption(struct rtrs_clt_path *path, struct rtrs_why *why);

struct rtrs_clt_view {
	enum rtrs_path_state state;
	struct rtrs_why why;
	ktime_t since;
	ktime_t next_try;
	struct rtrs_addr_pair used;
	char hca[IB_DEVICE_NAME_MAX];
	u32 hca_port;
	u32 attempt;
	bool new_rkey;
	int connects_shown;
	int failures_shown;
};

/* A consistent copy of what the worker says about the path. */
void rtrs_clt_path_view(struct rtrs_clt_path *path, struct rtrs_clt_view *view);

/* ---- clt_connect.c ---- */

/* One attempt, all connections and the info exchange. 0, or -errno and @why. Path worker only. */
int rtrs_clt_connect(struct rtrs_clt_path *path, struct rtrs_why *why);
/* Destroy the CM id, if there is one; none of its events comes after that. May sleep. */
void rtrs_clt_conn_forget(struct rtrs_clt_conn *conn);

/* ---- clt_teardown.c ---- */

/* Stop and flush the queues; nothing of the path runs any more. */
void rtrs_clt_stop(struct rtrs_clt_path *path);
/* After rtrs_clt_end_await(): the server does not write by the path any more, nor take anything. */
void rtrs_clt_cut_off(struct rtrs_clt_path *path);
/* Free what the attempt made. Idempotent, fine for half an attempt. After rtrs_clt_stop(). */
void rtrs_clt_teardown(struct rtrs_clt_path *path);

/* ---- clt_info.c ---- */

int rtrs_clt_info_exchange(struct rtrs_clt_path *path, struct rtrs_why *why);

/* ---- clt_memory.c ---- */

int rtrs_clt_pages_create(struct rtrs_clt_pages *pages, struct ib_device *ib, size_t bytes,
			  enum dma_data_direction dir);
void rtrs_clt_pages_destroy(struct rtrs_clt_pages *pages, struct ib_device *ib);
static inline void *rtrs_clt_pages_va(const struct rtrs_clt_pages *pages, size_t off)
{
	return pages->va[off >> PAGE_SHIFT] + offset_in_page(off);
}

static inline dma_addr_t rtrs_clt_pages_dma(const struct rtrs_clt_pages *pages, size_t off)
{
	return pages->dma[off >> PAGE_SHIFT] + offset_in_page(off);
}

/* Per-slot memory of one attempt; the device and the geometry are known. */
int rtrs_clt_memory_create(struct rtrs_clt_path *path);
/* Memory regions go first: after it the server cannot write here any more. */
void rtrs_clt_memory_free_mrs(struct rtrs_clt_path *path);
void rtrs_clt_memory_destroy(struct rtrs_clt_path *path);
int rtrs_clt_reqs_create(struct rtrs_clt_session *session, u32 depth);
void rtrs_clt_reqs_destroy(struct rtrs_clt_session *session);
int rtrs_clt_recvs_create(struct rtrs_clt_conn *conn, u32 count);
void rtrs_clt_recvs_destroy(struct rtrs_clt_conn *conn);

/* ---- clt_multipath.c ---- */

/* Under RCU; the next published path at or after @index, which moves behind it. NULL: none. */
struct rtrs_clt_path *rtrs_clt_next_up(struct rtrs_clt_session *session, u32 *index);
#define for_each_path_up(session, path, index) \
	for ((index) = 0; ((path) = rtrs_clt_next_up(session, &(index)));)

/* Under RCU; @tried: paths not to take, added to. NULL: none is left. */
struct rtrs_clt_path *rtrs_clt_pick(struct rtrs_clt_session *session, u64 *tried);

/* ---- clt_submit.c ---- */

/* Whether the device has been given the request; a reply before that is a lie. */
bool rtrs_clt_req_posted(struct rtrs_clt_conn *conn, const struct rtrs_req *req);
/*
 * Send a claimed request by one of the published paths. 0, -ENOTCONN, or why
 * the last one of them did not take it; the claim stays then. Any context.
 */
int rtrs_clt_send(struct rtrs_clt_session *session, struct rtrs_req *req,
		  const struct rtrs_clt_io *io);

/* ---- clt_complete.c ---- */

void rtrs_clt_send_done(struct ib_cq *cq, struct ib_wc *wc);
void rtrs_clt_quiet_done(struct ib_cq *cq, struct ib_wc *wc);
void rtrs_clt_recv_done(struct ib_cq *cq, struct ib_wc *wc);
void rtrs_clt_empty_done(struct ib_cq *cq, struct ib_wc *wc);
void rtrs_clt_inv_done(struct ib_cq *cq, struct ib_wc *wc);
/* Give all receives of the connection to the device, first time of an attempt. */
int rtrs_clt_post_recvs(struct rtrs_clt_conn *conn);
/* The request leaves the connection that carried it: unmap, account. */
void rtrs_clt_req_detach(struct rtrs_req *req, struct rtrs_clt_conn *conn);
/* Detach, free the slot, call done(). */
void rtrs_clt_req_finish(struct rtrs_req *req, struct rtrs_clt_conn *conn, int error);

/* ---- clt_watch.c ---- */

void rtrs_clt_watch_init(struct rtrs_clt_path *path);
void rtrs_clt_watch_start(struct rtrs_clt_path *path);
void rtrs_clt_watch_stop(struct rtrs_clt_path *path);

/* ---- clt_failover.c ---- */

/* Requests that a stopped path still holds go to other paths, or back to their owner. */
void rtrs_clt_fail_over(struct rtrs_clt_path *path);
/* The slot's request has ended; it may be used again when no fence is up. Any context. */
void rtrs_clt_slot_free(struct rtrs_clt_session *session, struct rtrs_req *req);
extern u32 rtrs_clt_linger_ms;	/* by then a server has noticed that a path is lost */
/* The path is lost: its fences go when the server must have noticed, too. */
void rtrs_clt_linger_begin(struct rtrs_clt_path *path);
/* The path is back: nothing of its last life is left on the server. */
void rtrs_clt_linger_end(struct rtrs_clt_path *path);
/* A removed path: its place is free at once, or when its fences may go. Session mutex held. */
void rtrs_clt_linger_orphan(struct rtrs_clt_path *path);
void rtrs_clt_linger_work(struct work_struct *work);

/* ---- clt_end.c ---- */

/* For an attempt to connect: no other one of the session has it. */
u32 rtrs_clt_end_token(struct rtrs_clt_session *session);
/* The path is out of sight, the server may not know yet. link_mutex held. */
void rtrs_clt_end_begin(struct rtrs_clt_path *path);
/* Not known to be over there; until it is, no path comes up. One that has no token is. */
bool rtrs_clt_end_open(const struct rtrs_clt_path *path);
/* Until that is known, nobody is there to ask, or the session closes. May sleep. */
void rtrs_clt_end_await(struct rtrs_clt_path *path);
/*
 * The same of all paths, asked by this one, which is connected and about to be
 * published. False: it is lost or to be closed. May sleep.
 */
bool rtrs_clt_end_others(struct rtrs_clt_path *path);
bool rtrs_clt_end_all(const struct rtrs_clt_session *session);	/* of all it is known */
void rtrs_clt_end_over(struct rtrs_clt_session *session, u32 index);	/* by other means */
/* The server's answer; completion context. */
void rtrs_clt_end_answer(struct rtrs_clt_path *path, u32 token);

/* ---- clt_events.c ---- */

int rtrs_clt_events_init(void);
void rtrs_clt_events_exit(void);

/* ---- clt_stats.c ---- */

/* One more answered request; hot. */
void rtrs_clt_stats_latency(struct rtrs_clt_path *path, u64 ns);
void rtrs_clt_stats_heartbeat(struct rtrs_clt_path *path, u64 ns);

void rtrs_clt_stats_sum(struct rtrs_clt_path *path, struct rtrs_clt_stats *sum);
u32 rtrs_clt_stats_inflight(struct rtrs_clt_path *path);
ssize_t rtrs_clt_stats_migration_from(struct rtrs_clt_path *path, char *buf);
ssize_t rtrs_clt_stats_migration_to(struct rtrs_clt_path *path, char *buf);
void rtrs_clt_stats_reset_rdma(struct rtrs_clt_path *path);
void rtrs_clt_stats_reset_migration(struct rtrs_clt_path *path);
void rtrs_clt_stats_reset_reconnects(struct rtrs_clt_path *path);

#include "clt_admin.h"

/* ---- clt_debug.c ---- */
/* Files of root beside the operation counts: slots, linger_ms. */
void rtrs_clt_debugfs(void);

#endif /* RTRS_CLIENT_H */
