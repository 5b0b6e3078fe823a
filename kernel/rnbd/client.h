/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Structures and calls that the files of rnbd-client share.
 *
 * Locks, outer to inner: devs mutex (clt_devlist.c: list of devices), sessions mutex
 * (clt_session.c: list of sessions), session->lock, dev->lock. None is held over
 * a message, a disk call or a wait, so the link callback may take the last two.
 * disk->open_mutex is outside dev->lock and tried only by who has that: its owner
 * may wait for I/O that waits for us.
 */
#ifndef RNBD_CLIENT_H
#define RNBD_CLIENT_H

#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/completion.h>
#include <linux/kref.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/scatterlist.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "compat/compat.h"
#include "compat/block.h"
#include "rtrs/rtrs.h"
#include "wire/rnbd_proto.h"
#include "pure/dev_step.h"
#include "pure/limits.h"
#include "pure/map_options.h"
#include "pure/msg.h"

#define RNBD_CLT_MAX_DISKS	16384
#define RNBD_CLT_MINORS		64
#define RNBD_CLT_ADMIN_SLOTS	4
#define RNBD_CLT_MSG_TIMEOUT	(30 * HZ)
/* what an unmap grants the server, which may stand still: 10 s for all steps */
#define RNBD_CLT_GRACE		(2 * HZ)	/* the answer to an open that was on its way */
#define RNBD_CLT_UNMAP_TIMEOUT	(4 * HZ)	/* requests in flight; then the same for the close */

/* ---- session: one per session name, shared by its devices ---- */

enum rnbd_clt_session_state {
	RNBD_CLT_SESSION_STARTING,
	RNBD_CLT_SESSION_READY,		/* was up once, admin messages and tags usable */
	RNBD_CLT_SESSION_FAILED,	/* first connection failed; @why tells */
	RNBD_CLT_SESSION_CLOSING,	/* last device has left */
};

struct rnbd_clt_session {
	/* read by I/O, constant once ready */
	struct rtrs_clt_session *rtrs;	/* NULL again, after a grace period, when it closes */
	struct blk_mq_tag_set tags;
	struct request_queue *anchor;	/* of no disk; see make_anchor() */
	struct rtrs_clt_limits limits;
	u32 max_segments;		/* of one request, entries in struct rnbd_clt_req */
	u32 default_queues;		/* hardware queues that are not polled */

	unsigned long admin_busy;	/* bit per admin slot */
	u32 admin_base;			/* number of the first admin slot */
	u32 io_slots;			/* I/O may use those below this when its own are fenced */
	u32 admin_slots;
	/* answers, free admin slots, state changes and what was cancelled */
	wait_queue_head_t wait;
	bool cancel;			/* closing: our own messages are given up */

	struct mutex lock;		/* everything below */
	enum rnbd_clt_session_state state;
	bool link_up;
	bool greeted;			/* since the link came up: opens may be sent */
	u32 link_gen;			/* times the link came up; written before link_up */
	struct rtrs_why why;
	struct list_head devs;		/* struct rnbd_clt_dev.session_entry */

	struct work_struct start_work;
	struct work_struct link_work;
	struct list_head entry;		/* sessions mutex */
	u32 users;			/* sessions mutex; devices that joined */
	struct rnbd_map_options opt;	/* of the device that made the session */
};

struct rnbd_clt_dev;

int rnbd_clt_session_init(void);
void rnbd_clt_session_exit(void);
/*
 * What a mapping would meet: 0, -ENXIO (unknown session and no path), -ENOTUNIQ
 * (the session has none of the addresses, or another port: it is one to another
 * server), -EINVAL (a session with poll queues takes one device). The answer may be
 * old at once.
 */
int rnbd_clt_session_may_join(const struct rnbd_map_options *opt);
/*
 * Paths named that the session, if it is there, has not are added to it, all or none.
 * Does not wait. As rtrs_clt_session_want().
 */
int rnbd_clt_session_add_paths(const struct rnbd_map_options *opt);
/*
 * Find or make the device's session, wait until it is ready and give it what paths of
 * the device's it has not. The device is on its list afterwards. 0 or -errno and @why;
 * on error it has not joined. Checks as rnbd_clt_session_may_join(): of two that make a
 * session at once the second joins that of the first.
 */
int rnbd_clt_session_join(struct rnbd_clt_dev *dev, struct rtrs_why *why);
/* The last device closes the session, which ends every request. Waits for that. */
void rnbd_clt_session_leave(struct rnbd_clt_dev *dev);
/* Does any other device of the session use this number on the wire? */
bool rnbd_clt_session_has_id(struct rnbd_clt_dev *dev, u32 device_id);
/* Times the link came up so far. */
u32 rnbd_clt_session_gen(struct rnbd_clt_session *session);
/* dev->cancel was set: wake the waits that look at it. */
void rnbd_clt_session_kick(struct rnbd_clt_dev *dev);
/* Is the link that came up as number @gen still up? Without lock; see send_close. */
bool rnbd_clt_session_same_link(struct rnbd_clt_session *session, u32 gen);
/*
 * Until opens may be sent, at once over another link than number @tried and else a
 * moment later, or until @deadline (in jiffies), or dev->cancel. True for the first.
 * The device has joined.
 */
bool rnbd_clt_session_await_link(struct rnbd_clt_dev *dev, u32 tried, unsigned long deadline);
/*
 * Get every request of the unmapped device back from a server that does not
 * answer: close the transport of a session that no other device shares, make
 * the connections of a shared one anew. May sleep; the device must not leave
 * the session before this returned.
 */
void rnbd_clt_session_break(struct rnbd_clt_dev *dev);

/* ---- slots and tags of a session (clt_tags.c) ---- */

/* -EPROTO: there are too few. */
int rnbd_clt_slots_split(struct rnbd_clt_session *session);
int rnbd_clt_tags_make(struct rnbd_clt_session *session);
/* Also after only half of it was made. */
void rnbd_clt_tags_free(struct rnbd_clt_session *session);

/* ---- admin messages (clt_admin.c) ---- */

/* An answer is enough, also one that says no. Else -errno and @why. */
int rnbd_clt_send_info(struct rnbd_clt_session *session, struct rtrs_why *why);
/* Ends early with -ECANCELED once dev->cancel is set. @gen as for a close. */
int rnbd_clt_send_open(struct rnbd_clt_dev *dev, u32 gen, struct rnbd_dev_info *info,
		       struct rtrs_why *why);
/*
 * Not sent (-ENOTCONN) when the link is not the one of generation @gen any more:
 * the server has closed the device, its number may be that of another one.
 */
int rnbd_clt_send_close(struct rnbd_clt_dev *dev, u32 device_id, u32 gen);

/* ---- device ---- */

struct rnbd_clt_dev {
	/* read by I/O */
	enum rnbd_dev_state state;	/* written by clt_dev.c only, under @lock */
	u32 device_id;			/* written before state becomes mapped */
	struct rnbd_clt_session *session;
	unsigned long again_queues;	/* with requests to be sent before any other; @again_lock */
	struct gendisk *disk;

	struct kref ref;
	u32 id;
	int index;			/* of the disk, -1: none yet */
	struct list_head entry;		/* devs mutex */
	struct list_head session_entry;	/* session->lock */
	struct work_struct work;	/* every lifecycle step; never two at once */
	wait_queue_head_t wait;		/* settled, remap result, gone */

	struct mutex lock;		/* all below but opt and lim */
	struct rtrs_why why;
	ktime_t since;			/* of the state, as reported */
	bool settled;			/* mapped with its disk, or failed for good */
	int map_error;			/* valid once settled */
	bool want_unmap;
	bool force;
	bool cancel;			/* read without lock by waits */
	bool want_open;			/* open again */
	int fast_io_fail;		/* seconds that I/O waits, -1: for ever; read by I/O */
	u32 open_gen;			/* session->link_gen that @device_id belongs to */
	bool remote_open;		/* on that link the server has it open */
	u32 attempts;			/* to open again that failed since the link came up */
	u32 remaps_done;		/* counts answered requests to open again */
	int remap_error;		/* of the last one */
	bool gone;
	char *link;			/* its name below devices/, worker only */
	bool paths_late;		/* to be added to the session once it is up; worker only */
	bool no_open;			/* disk->open_mutex: being unmapped */
	/*
	 * Writes the server has answered since the last flush may be gone when it
	 * comes back after a loss of power. Whoever has the disk open then has
	 * every flush fail, until all have closed it.
	 */
	u32 unflushed;			/* bool: set by I/O, exchanged by a flush on its way out */
	bool by_hand;			/* only a remap opens it again; @lock */
	bool lost_writes;		/* read by I/O; set under @lock, cleared under disk->open_mutex */
	u32 incarnation;		/* of the session that @device_id belongs to */
	unsigned long refused;		/* bit 0: an I/O says that the server closed the device */
	const char *complaint;		/* about the server's last answer; worker only */

	spinlock_t again_lock;		/* clt_again.c */
	struct list_head again;		/* struct rnbd_clt_req.again, the oldest first */
	struct delayed_work again_work;

	struct delayed_work hold_work;	/* armed under @lock in state held only */
	struct delayed_work retry_work;	/* armed by the worker */
	struct delayed_work unmap_work;	/* stopped by the worker */

	struct rnbd_limits lim;		/* last accepted; written by the worker under @lock */
	struct rnbd_map_options opt;	/* constant */
};

/* ---- list of devices (clt_devlist.c) ---- */

/*
 * Start mapping; returns at once with a reference to the object. -EEXIST: the
 * device is mapped or being mapped in that session. -ENODEV: module going.
 * Others as rnbd_clt_session_may_join(), of which -ENOTUNIQ comes before -EEXIST,
 * and rnbd_clt_session_add_paths().
 */
struct rnbd_clt_dev *rnbd_clt_dev_map(const struct rnbd_map_options *opt);
/* In words why that said no. */
const char *rnbd_clt_map_refusal(int err);
void rnbd_clt_dev_put(struct rnbd_clt_dev *dev);
struct rnbd_clt_dev *rnbd_clt_dev_find_id(u32 id);
struct rnbd_clt_dev *rnbd_clt_dev_find_disk(const char *name);
/* The device with the lowest id above @id, or NULL. With a reference. */
struct rnbd_clt_dev *rnbd_clt_dev_next(u32 id);
/* The worker is done with it: off the list, which drops the list's reference. */
void rnbd_clt_dev_delist(struct rnbd_clt_dev *dev);
/* Refuse new mappings, unmap every device by force and wait for it. */
void rnbd_clt_dev_shutdown(void);

/* ---- device (clt_dev.c) ---- */

int rnbd_clt_dev_init(void);
/* Wait until no worker runs. */
void rnbd_clt_dev_flush(void);
void rnbd_clt_dev_exit(void);
/* A worker's function and how to run it: reference counted, any context. */
void rnbd_clt_dev_work(struct work_struct *work);
void rnbd_clt_dev_kick(struct rnbd_clt_dev *dev);

/* Killable wait for the outcome; a fatal signal gives up the mapping, -EINTR. */
int rnbd_clt_dev_map_wait(struct rnbd_clt_dev *dev);
/* Start unmapping; also gives up a mapping in progress. -EBUSY in use, -EALREADY. */
int rnbd_clt_dev_unmap(struct rnbd_clt_dev *dev, bool force);
/* Killable. 0 or -EINTR. */
int rnbd_clt_dev_unmap_wait(struct rnbd_clt_dev *dev);
/* Ask for another open; *ticket for the wait. As rnbd_dev_may_remap(), -ENOTCONN without link. */
int rnbd_clt_dev_remap(struct rnbd_clt_dev *dev, u32 *ticket);
int rnbd_clt_dev_remap_wait(struct rnbd_clt_dev *dev, u32 ticket);
/* Change how long I/O waits. -EINVAL out of range. Counts from when the link went down. */
int rnbd_clt_dev_set_fast_io_fail(struct rnbd_clt_dev *dev, int seconds);

/* dev->lock held: enter the next state, with @why if given. False: the event means nothing now. */
bool rnbd_clt_dev_step(struct rnbd_clt_dev *dev, enum rnbd_dev_event event,
		       const struct rtrs_why *why);

/* From clt_session.c, with session->lock held. */
void rnbd_clt_dev_link_down(struct rnbd_clt_dev *dev, const struct rtrs_why *why);
void rnbd_clt_dev_link_up(struct rnbd_clt_dev *dev);

/* From clt_timers.c: I/O may have waited long enough; it is time to try another open. */
void rnbd_clt_dev_hold_over(struct rnbd_clt_dev *dev);
void rnbd_clt_dev_open_again(struct rnbd_clt_dev *dev);

/* From completion context: the server does not know the device any more. */
void rnbd_clt_dev_refused(struct rnbd_clt_dev *dev);

/* A consistent copy of what the administrator may see. */
struct rnbd_clt_dev_view {
	enum rnbd_dev_state state;	/* as shown: never held */
	struct rtrs_why why;
	u64 since_ms;
	int fast_io_fail;
	bool lost_writes;
	bool has_limits;
	struct rnbd_limits lim;
	u64 sectors;
	u32 openers;
	int index;
};
void rnbd_clt_dev_look(struct rnbd_clt_dev *dev, struct rnbd_clt_dev_view *view);

/* ---- opening on the server (clt_open.c), called by the device's worker ---- */

/*
 * Open and enter state mapped; @again: compare with what it was. 0 or -errno and
 * @why. Whatever fails after the answer is closed again.
 */
int rnbd_clt_open_remote(struct rnbd_clt_dev *dev, bool again, struct rtrs_why *why);
/* The same for a device that is being mapped: a lost link has some seconds to come back. */
int rnbd_clt_open_first(struct rnbd_clt_dev *dev, struct rtrs_why *why);
/* @gen as for rnbd_clt_send_close(); a server that does not answer is told of. */
void rnbd_clt_close_remote(struct rnbd_clt_dev *dev, u32 device_id, u32 gen);

/* ---- what happens by time (clt_timers.c) ---- */

int rnbd_clt_timers_init(void);
void rnbd_clt_timers_exit(void);
void rnbd_clt_timers_setup(struct rnbd_clt_dev *dev);
/* In state unmapped, without lock: no timer runs afterwards but that of unmapping. */
void rnbd_clt_timers_stop(struct rnbd_clt_dev *dev);

/* Entering and leaving state held, dev->lock held: stop the queue, let it run. */
void rnbd_clt_hold_begin(struct rnbd_clt_dev *dev);
void rnbd_clt_hold_end(struct rnbd_clt_dev *dev);
/* Wake us when I/O has waited long enough; dev->lock held, in state held. */
void rnbd_clt_hold_arm(struct rnbd_clt_dev *dev);
/* Until then; S64_MAX: for ever. */
s64 rnbd_clt_hold_left_ms(const struct rnbd_clt_dev *dev);

/* Try an open that failed again, a little later each time. */
void rnbd_clt_retry_arm(struct rnbd_clt_dev *dev);

/* End the requests in flight unless unwatch comes soon; it waits for that. */
void rnbd_clt_unmap_watch(struct rnbd_clt_dev *dev);
void rnbd_clt_unmap_unwatch(struct rnbd_clt_dev *dev);

/* ---- disk (clt_disk.c), called by the device's worker ---- */

int rnbd_clt_disk_init(void);
void rnbd_clt_disk_exit(void);
int rnbd_clt_disk_create(struct rnbd_clt_dev *dev);
/* Idempotent. @force: openers lose the disk. Waits for requests in flight. */
void rnbd_clt_disk_destroy(struct rnbd_clt_dev *dev, bool force);
/* dev->lock held: nobody opens the disk any more, or -EBUSY. */
int rnbd_clt_disk_refuse_openers(struct rnbd_clt_dev *dev, bool force);
/* Anybody: set the capacity by hand. -ENOENT not mapped, -EINVAL 0 or above what the server said. */
int rnbd_clt_disk_resize(struct rnbd_clt_dev *dev, u64 sectors);
void rnbd_clt_disk_uevent(struct rnbd_clt_dev *dev, enum kobject_action action);

/* ---- I/O (clt_io.c) ---- */

struct rnbd_clt_req {
	blk_status_t status;
	u32 kept;			/* slot that the transport keeps for it, + 1; 0: none */
	struct list_head again;		/* dev->again */
	unsigned long resent;		/* jiffies; of old for one that was not */
	u32 device_id;			/* it was sent with */
	bool covers;			/* a flush that answered writes wait for */
	struct scatterlist sgl[];	/* session->max_segments entries */
};

extern const struct blk_mq_ops rnbd_clt_mq_ops;
/*
 * Send a request that came back once more. True: it is on its way, or ended.
 * False: later; the device is held, or a queue is full. Any context.
 */
bool rnbd_clt_io_again(struct rnbd_clt_dev *dev, struct request *rq);

/* ---- requests that came back (clt_again.c) ---- */

/* Of a hardware queue in dev->again_queues; far apart ones may share it. */
static inline unsigned long rnbd_clt_again_bit(const struct blk_mq_hw_ctx *hctx)
{
	return BIT(hctx->queue_num % BITS_PER_LONG);
}

int rnbd_clt_again_init(void);
void rnbd_clt_again_exit(void);
void rnbd_clt_again_setup(struct rnbd_clt_dev *dev);
/* A started request with a kept slot; any context. */
void rnbd_clt_again_add(struct rnbd_clt_dev *dev, struct rnbd_clt_req *req);
/* State held was left: send or end what waits. Any context. */
void rnbd_clt_again_kick(struct rnbd_clt_dev *dev);
/* No request is left: wait until the work is over. */
void rnbd_clt_again_stop(struct rnbd_clt_dev *dev);
/* Is any request of the session's devices with the transport? Not one that came back. */
bool rnbd_clt_under_way(struct rnbd_clt_session *session);

/* ---- sysfs, netlink, module ---- */

extern const struct attribute_group *rnbd_clt_disk_groups[];
int rnbd_clt_sysfs_init(void);
void rnbd_clt_sysfs_exit(void);
/* map_device comes last and goes first. */
int rnbd_clt_sysfs_open(void);
void rnbd_clt_sysfs_close(void);
int rnbd_clt_sysfs_link(struct rnbd_clt_dev *dev);
void rnbd_clt_sysfs_unlink(struct rnbd_clt_dev *dev);

int rnbd_clt_genl_init(void);
void rnbd_clt_genl_exit(void);
enum rnbd_clt_event {
	RNBD_CLT_ADDED,
	RNBD_CLT_CHANGED,
	RNBD_CLT_REMOVED,
};
/* Tell listeners; process context, no lock needed. */
void rnbd_clt_genl_notify(struct rnbd_clt_dev *dev, enum rnbd_clt_event event);

#endif /* RNBD_CLIENT_H */
