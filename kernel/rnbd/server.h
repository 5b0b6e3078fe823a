/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of rnbd-server share.
 *
 * A session's opens, closes and forced closes run one after another in its
 * admin work, which is the only writer of its mappings; I/O finds a mapping by
 * RCU. Locks, outer to inner: rnbd_srv_exports_lock (exports, their writers
 * and mappings, objects seen by netlink) > session->admin_lock (queue).
 */
#ifndef RNBD_SERVER_H
#define RNBD_SERVER_H

#include <linux/atomic.h>
#include <linux/bio.h>
#include <linux/completion.h>
#include <linux/kobject.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/percpu-refcount.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "compat/compat.h"
#include "compat/block.h"
#include "pure/access.h"
#include "pure/limits.h"
#include "pure/msg.h"
#include "rtrs/log.h"
#include "rtrs/rtrs.h"
#include "wire/rtrs_proto.h"

#define RNBD_SRV_MAX_MAPPINGS	1024	/* of one session (security 4.7) */
#define RNBD_SRV_DEVICE_IDS	(1U << 20)
#define RNBD_SRV_BDEV_NAME	64

/* Something for the admin work: a message, or without @rq a forced close. */
struct rnbd_srv_admin {
	struct list_head entry;
	struct rtrs_srv_request *rq;
};

struct rnbd_srv_session {
	struct rtrs_srv_session *rtrs;
	char name[RTRS_WIRE_NAME_LEN];
	u8 version;			/* negotiated; 0 before session info */
	/* device id -> mapping; ids of closed mappings may stay reserved */
	struct xarray mappings;
	u32 next_device_id;
	u32 mapping_count;		/* admin work only */
	spinlock_t admin_lock;
	struct list_head admin_queue;	/* struct rnbd_srv_admin */
	struct work_struct admin_work;
	bool ending;			/* admin_lock: no forced close any more */
};

/* A block device that is open for at least one session. */
struct rnbd_srv_export {
	struct list_head entry;
	struct block_device *bdev;	/* kept open by the mappings */
	char name[RNBD_SRV_BDEV_NAME];
	bool sleeps;			/* whoever gives it I/O, as was seen */
	struct rnbd_writers writers;
	struct list_head mappings;
	struct kobject kobj;		/* devices/<name> */
	struct kobject *sessions_kobj;
};

/* One session's use of one export. Freed by its kobject after a grace period. */
struct rnbd_srv_mapping {
	/* read for each I/O */
	struct percpu_ref inflight;	/* one for each I/O at the disk */
	struct block_device *bdev;
	struct rnbd_target target;	/* nsectors is not used: the disk may grow */

	struct compat_bdev handle;
	struct rnbd_srv_session *session;
	struct rnbd_srv_export *export;
	struct llist_head late;		/* I/O that may wait for the disk to take it */
	struct work_struct late_work;
	struct list_head entry;		/* of the export */
	struct rnbd_dev_info info;	/* as last told to the client */
	u32 id;				/* netlink object */
	u32 device_id;			/* on the wire */
	u8 access;
	char name[RNBD_WIRE_NAME_LEN];	/* as the client asked for it */
	ktime_t since;
	struct rnbd_srv_admin force;
	bool gone;			/* session->admin_lock: no forced close any more */
	struct completion drained;	/* no I/O at the disk any more */
	struct completion closed;	/* block device released */
	struct kobject kobj;		/* devices/<name>/sessions/<session> */
	struct rcu_head rcu;
};

/* I/O in a chunk slot: everything one operation needs, so that none allocates. */
struct rnbd_srv_op {
	struct bio bio;
	struct bio_vec bvec;
	struct rtrs_srv_request *rq;
	struct rnbd_srv_mapping *mapping;
	struct rnbd_io io;
	u32 answer_len;
	u16 ioprio;
	struct llist_node late;
};

union rnbd_srv_pdu {
	struct rnbd_srv_op op;
	struct rnbd_srv_admin admin;
};

/* Rare events, counted for the administrator and the tests (debugfs). */
enum rnbd_srv_counter {
	RNBD_SRV_VIOLATIONS,		/* messages that closed a path */
	RNBD_SRV_BAD_MESSAGES,		/* answered with an error */
	RNBD_SRV_UNKNOWN_DEVICE,	/* I/O for a device id not open */
	RNBD_SRV_BAD_IO,		/* range, alignment or operation refused */
	RNBD_SRV_RO_WRITES,		/* writing operation on a read-only mapping */
	RNBD_SRV_OPENS,
	RNBD_SRV_OPENS_REFUSED,
	RNBD_SRV_CLOSES,
	RNBD_SRV_FORCED_CLOSES,
	RNBD_SRV_STABLE_WAITS,		/* writes held until the peer lost access */
	RNBD_SRV_DISK_FULL,		/* I/O that the disk did not take at once */
	RNBD_SRV_COUNTERS
};

/* ---- server_main.c ---- */

extern struct workqueue_struct *rnbd_srv_wq;
extern struct workqueue_struct *rnbd_srv_io_wq;
/* Where devices are looked for; empty: nothing may be opened. Never changes. */
extern char rnbd_srv_search_path[];
extern atomic_long_t rnbd_srv_counters[RNBD_SRV_COUNTERS];

static inline void rnbd_srv_count(enum rnbd_srv_counter what)
{
	atomic_long_inc(&rnbd_srv_counters[what]);
}

/* ---- srv_session.c ---- */

extern const struct rtrs_srv_ops rnbd_srv_rtrs_ops;

/* ---- srv_io.c ---- */

enum rtrs_srv_verdict rnbd_srv_io(struct rnbd_srv_session *session, struct rtrs_srv_request *rq);
void rnbd_srv_io_late_work(struct work_struct *work);

/* ---- srv_admin.c ---- */

void rnbd_srv_admin_init(struct rnbd_srv_session *session);
/* No forced close comes or runs any more; no message does either by then. */
void rnbd_srv_admin_end(struct rnbd_srv_session *session);
/* Any context. */
void rnbd_srv_admin_message(struct rnbd_srv_session *session, struct rtrs_srv_request *rq);
/*
 * Close a mapping under its client and wait until the device is released.
 * The caller keeps the mapping's directory from going. -EINTR on a fatal signal.
 */
int rnbd_srv_force_close(struct rnbd_srv_mapping *mapping);

/* ---- srv_export.c; but for the lock, all from the admin work or session end ---- */

extern struct mutex rnbd_srv_exports_lock;
/* Netlink object id -> mapping, under rnbd_srv_exports_lock. */
extern struct xarray rnbd_srv_objects;

/* The mapping of the device of that name, made if need be; mapping->info is fresh. */
struct rnbd_srv_mapping *rnbd_srv_mapping_open(struct rnbd_srv_session *session,
					       const struct rnbd_open *open);
/* I/O that comes from now on is answered with -ENOTCONN. Once. */
static inline void rnbd_srv_mapping_stop(struct rnbd_srv_mapping *mapping)
{
	percpu_ref_kill(&mapping->inflight);
}

/* After stop: wait for I/O, release the device, forget the mapping. Its id stays reserved. */
void rnbd_srv_mapping_close(struct rnbd_srv_mapping *mapping, enum rtrs_cause cause);

/* ---- srv_sysfs.c ---- */

int rnbd_srv_sysfs_init(void);
void rnbd_srv_sysfs_exit(void);
/* Make the kobject, whose last reference frees the object. */
void rnbd_srv_sysfs_init_export(struct rnbd_srv_export *export);
void rnbd_srv_sysfs_init_mapping(struct rnbd_srv_mapping *mapping);
/* Make the directory; nothing is left of it after an error. */
int rnbd_srv_sysfs_add_export(struct rnbd_srv_export *export);
void rnbd_srv_sysfs_del_export(struct rnbd_srv_export *export);
int rnbd_srv_sysfs_add_mapping(struct rnbd_srv_mapping *mapping);
/* Waits for readers and writers of the files. */
void rnbd_srv_sysfs_del_mapping(struct rnbd_srv_mapping *mapping);

/* ---- srv_genl.c ---- */

enum rnbd_srv_change {
	RNBD_SRV_ADDED,
	RNBD_SRV_CHANGED,
	RNBD_SRV_REMOVED,
};

int rnbd_srv_genl_init(void);
void rnbd_srv_genl_exit(void);
void rnbd_srv_genl_event(const struct rnbd_srv_mapping *mapping, enum rnbd_srv_change change,
			 enum rtrs_cause cause);

#endif /* RNBD_SERVER_H */
