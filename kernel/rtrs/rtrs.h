/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RTRS as an upper layer sees it: requests with a message and data between one
 * client and one server, over any number of RDMA paths. No verbs types here.
 * Client half exported by rtrs-client, server half by rtrs-server.
 */
#ifndef RTRS_H
#define RTRS_H

#include <linux/mm_types.h>
#include <linux/scatterlist.h>
#include <linux/types.h>

#include "pure/addr_text.h"
#include "pure/cause.h"

/* Direction as the client sees it: READ brings data to the client. */
enum rtrs_dir {
	RTRS_READ,
	RTRS_WRITE,
};

/* Why something failed or changed; remote: error is what the peer answered. */
struct rtrs_why {
	enum rtrs_cause cause;
	int error;			/* 0 or -errno */
	bool remote;
};

/* ------------------------------------------------------------ client --- */

struct rtrs_clt_session;

enum rtrs_clt_link {
	RTRS_CLT_LINK_UP,		/* first path published */
	RTRS_CLT_LINK_DOWN,		/* last path gone; every request was answered or given back before */
};

struct rtrs_clt_ops {
	/*
	 * Called by a path worker, one call at a time per session, for every
	 * change including the first UP. May sleep; must neither wait for a
	 * request nor close the session.
	 */
	void (*link)(void *priv, enum rtrs_clt_link link, const struct rtrs_why *why);
};

struct rtrs_clt_config {
	const char *name;		/* session name, rtrs_name_check() */
	const struct rtrs_addr_pair *paths;
	u32 path_count;			/* >= 1 */
	u16 port;
	int max_reconnects;		/* -1: for ever */
	u32 nr_poll_queues;
};

/* Valid once the session was up; the same for the rest of its life. */
struct rtrs_clt_limits {
	u32 queue_depth;		/* slots: 0 .. queue_depth - 1 */
	u32 max_io_size;		/* data of one request, bytes */
	u32 max_msg_len;		/* message of one request, bytes */
	u32 max_segments;		/* scatterlist entries of one request */
	u32 io_queues;			/* numbers for rtrs_clt_io.queue; the last nr_poll_queues polled */
	u32 nr_poll_queues;
	int numa_node;			/* of the first path's RDMA device */
	u32 virt_boundary;		/* inner segments start and end on it, bytes - 1 */
};

#define RTRS_QUEUE_ADMIN (~0U)		/* rtrs_clt_io.queue: connection 0 */

/* One request. Only @sg and what it points to must outlive the call. */
struct rtrs_clt_io {
	enum rtrs_dir dir;
	u32 slot;			/* the caller's first choice; with @again the one given back */
	u32 slots;			/* if that is not free: one below this, at most the queue depth */
	bool again;			/* sent before and given back unanswered */
	u32 queue;
	bool more;			/* more follow at once on this queue: the doorbell may wait */
	u16 msg_len;			/* 1 .. max_msg_len */
	const void *msg;
	struct scatterlist *sg;		/* NULL: no data */
	u32 sg_count;
	u32 data_len;			/* bytes; sum over @sg */
	/*
	 * Exactly once per accepted request; softirq or process context.
	 * @error: 0, the server's -errno, or -ECONNABORTED: no path is left and
	 * the server has not answered. It may have carried the request out, or
	 * may still do so, therefore its chunk is kept: @slot names it. The
	 * caller submits the request again with it, or gives up and returns it
	 * by rtrs_clt_slot_release(). @slot is -1 in all other cases.
	 */
	void (*done)(void *priv, int error, int slot);
	void *priv;
};

/*
 * Make the session and start connecting its paths; does not wait. ERR_PTR:
 * -EINVAL bad name, no path, too many or two alike, -EEXIST name in use,
 * -ENOMEM. May sleep.
 */
struct rtrs_clt_session *rtrs_clt_session_create(const struct rtrs_clt_config *config,
						 const struct rtrs_clt_ops *ops, void *priv);
/*
 * Wait until the session is up for the first time (0) or its first connection
 * attempt has failed (-errno and @why). -ECANCELED after
 * rtrs_clt_session_cancel(), -ERESTARTSYS on a fatal signal. A session that
 * failed stays as it is until it is closed.
 */
int rtrs_clt_session_wait(struct rtrs_clt_session *session, struct rtrs_why *why);
/* End waits of the session early. Any context that may sleep. */
void rtrs_clt_session_cancel(struct rtrs_clt_session *session);
/*
 * Disconnect, complete every request still in flight with -ECONNABORTED, free.
 * No callback runs after it returned. Not from ops->link.
 */
void rtrs_clt_session_close(struct rtrs_clt_session *session);

/*
 * Drop all connections and make them anew: every request in flight comes back
 * to its owner with its slot. For a server that does not answer although it
 * lives. Returns at once. May sleep; not from ops->link.
 */
void rtrs_clt_session_reset(struct rtrs_clt_session *session);

/* -ENOTCONN before the session was up for the first time. */
int rtrs_clt_session_limits(struct rtrs_clt_session *session, struct rtrs_clt_limits *limits);
const char *rtrs_clt_session_name(const struct rtrs_clt_session *session);
/*
 * Is the session one to the server at these addresses: does one of its paths, up
 * or down, lead to one of the destinations? 0, or -ENOTUNIQ: none does, another
 * server is meant. At most RTRS_MATCH_MAX paths. May sleep, does not wait.
 */
int rtrs_clt_session_knows(struct rtrs_clt_session *session, const struct rtrs_addr_pair *paths,
			   u32 count);
/*
 * The same, and those of @paths that the session has not are added, all or none.
 * They start connecting; does not wait. -ENOSPC: too many paths, -ESHUTDOWN,
 * -ENOMEM.
 */
int rtrs_clt_session_want(struct rtrs_clt_session *session, const struct rtrs_addr_pair *paths,
			  u32 count);
bool rtrs_clt_session_is_up(const struct rtrs_clt_session *session);
/*
 * Changes, before ops->link tells that the session is up, whenever the server
 * did not know it any more: it may have been started anew meanwhile.
 */
u32 rtrs_clt_session_incarnation(const struct rtrs_clt_session *session);

/*
 * Send a request. 0: accepted, done() will be called. Otherwise not, and
 * done() will not: -ENOTCONN no path is up, -EAGAIN the send queue is full
 * until a request of this queue completes or no slot is free, -EMSGSIZE
 * message or data too large, -EINVAL slot or queue out of range. With @again
 * the slot stays kept then. Any context, does not sleep.
 */
int rtrs_clt_submit(struct rtrs_clt_session *session, const struct rtrs_clt_io *io);
/*
 * A request given back with its slot will not be sent again. The slot is not
 * used by others before the paths it went by are connected again or removed,
 * because the server may still work on it (security 4.4). Any context.
 */
void rtrs_clt_slot_release(struct rtrs_clt_session *session, u32 slot);
/* Ring the doorbell for requests submitted with .more. */
void rtrs_clt_flush(struct rtrs_clt_session *session, u32 queue);
/* Process completions of a polled queue; how many, 0 if none. */
int rtrs_clt_poll(struct rtrs_clt_session *session, u32 queue);

/* ------------------------------------------------------------ server --- */

struct rtrs_srv_session;

/*
 * A request as the upper layer gets it. @msg is a private copy that the peer
 * cannot change; @data may be changed by the peer unless @stable.
 */
struct rtrs_srv_request {
	enum rtrs_dir dir;
	u32 slot;
	u32 cid;			/* connection it came by; 0 = service */
	bool stable;			/* the peer cannot write the chunk until the reply */
	u16 msg_len;			/* bytes in @msg, at most ops->msg_max */
	const void *msg;
	struct page *page;		/* first page of the chunk, physically contiguous */
	void *data;			/* its address; data starts at offset 0 */
	u32 data_len;			/* WRITE: payload bytes; READ: bytes before the message */
	u32 answer_len;			/* READ: bytes the client wants back, <= data_len; 0: none */
	void *pdu;			/* ops->pdu_size bytes per slot, zeroed when the session starts */
};

enum rtrs_srv_verdict {
	RTRS_SRV_TAKEN,			/* will be answered by rtrs_srv_reply(), or was already */
	RTRS_SRV_WANT_STABLE,		/* take away the peer's write access, then call again with @stable */
	RTRS_SRV_VIOLATION,		/* the peer broke the protocol: close the path; no reply */
};

struct rtrs_srv_ops {
	u32 pdu_size;
	u32 msg_max;			/* longest message the upper layer reads; more is cut off */
	/*
	 * First path of a session is about to be established. Non-zero refuses
	 * it. May sleep. *priv is given to the other calls.
	 */
	int (*session_up)(struct rtrs_srv_session *session, void **priv);
	/* After the last path is gone and every request was replied to. May sleep. */
	void (*session_down)(struct rtrs_srv_session *session, void *priv);
	/*
	 * From the completion worker of a connection: process context, may
	 * submit bios, must not wait for a disk, a path look-up or a mutex
	 * held over such. Requests of one connection come one at a time.
	 */
	enum rtrs_srv_verdict (*request)(void *priv, struct rtrs_srv_request *rq);
};

/* One upper layer at a time: -EBUSY. Otherwise 0 or why the listeners failed. */
int rtrs_srv_listen(const struct rtrs_srv_ops *ops, u16 port);
/* Stop listening, close all sessions, wait until session_down() was called for each. */
void rtrs_srv_unlisten(void);

/*
 * Answer a request, once. @error: 0 or -errno. @len: READ with success: valid
 * bytes at the start of the chunk; the client gets answer_len bytes, the rest
 * zeroed. Any context; never fails: on a dead path the answer goes nowhere.
 * @rq and its pdu belong to the transport again.
 */
void rtrs_srv_reply(struct rtrs_srv_request *rq, int error, u32 len);
/*
 * The path is dead: the client sends the request again by another one, which
 * waits for the end of this. What has not begun need not be done. Any context.
 */
bool rtrs_srv_abandoned(const struct rtrs_srv_request *rq);

const char *rtrs_srv_session_name(const struct rtrs_srv_session *session);
u32 rtrs_srv_session_depth(const struct rtrs_srv_session *session);
u32 rtrs_srv_session_id(const struct rtrs_srv_session *session);
/* Close every path of the session; returns at once. Any context that may sleep. */
void rtrs_srv_session_close(struct rtrs_srv_session *session);

#endif /* RTRS_H */
