/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The block layer on older kernels: opening a device by path, disk operations, queue limits,
 * requests and bios.
 * Used by kernel/rnbd only.
 */
#ifndef RNBD_COMPAT_BLOCK_H
#define RNBD_COMPAT_BLOCK_H

#include <linux/bio.h>
#include <linux/blk-mq.h>
#include <linux/blkdev.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs_struct.h>
#include <linux/hdreg.h>

#include "../generated/compat-config.h"

#ifndef HAVE_BLK_MODE
typedef fmode_t blk_mode_t;
#define BLK_OPEN_READ	FMODE_READ
#define BLK_OPEN_WRITE	FMODE_WRITE
#define BLK_OPEN_EXCL	FMODE_EXCL
#endif

/* A block device opened by path. A holder makes the open exclusive against other holders. */
struct compat_bdev {
	struct block_device *bdev;
#if defined(HAVE_BDEV_FILE_OPEN)
	struct file *file;
#elif defined(HAVE_BDEV_HANDLE)
	struct bdev_handle *handle;
#elif defined(HAVE_BLK_MODE)
	void *holder;
#else
	fmode_t mode;
#endif
};

static inline int compat_bdev_open_here(struct compat_bdev *cb, const char *path, blk_mode_t mode,
				   void *holder)
{
#if defined(HAVE_BDEV_FILE_OPEN)
	cb->file = bdev_file_open_by_path(path, mode, holder, NULL);
	if (IS_ERR(cb->file))
		return PTR_ERR(cb->file);
	cb->bdev = file_bdev(cb->file);
#elif defined(HAVE_BDEV_HANDLE)
	cb->handle = bdev_open_by_path(path, mode, holder, NULL);
	if (IS_ERR(cb->handle))
		return PTR_ERR(cb->handle);
	cb->bdev = cb->handle->bdev;
#elif defined(HAVE_BLK_MODE)
	cb->holder = holder;
	cb->bdev = blkdev_get_by_path(path, mode, holder, NULL);
#else
	cb->mode = holder ? mode | FMODE_EXCL : mode;
	cb->bdev = blkdev_get_by_path(path, cb->mode, holder);
#endif
	return PTR_ERR_OR_ZERO(cb->bdev);
}

/*
 * The path is what user space sees, also for a worker. 0 or a negative errno;
 * @cb is to be used and closed only after 0.
 */
static inline int compat_bdev_open(struct compat_bdev *cb, const char *path, blk_mode_t mode,
				   void *holder)
{
#ifdef HAVE_KTHREAD_INIT_FS
	scoped_with_init_fs()
		return compat_bdev_open_here(cb, path, mode, holder);
#endif
	return compat_bdev_open_here(cb, path, mode, holder);
}

/* The device is free on return, for other holders too. Sleeps. */
static inline void compat_bdev_close(struct compat_bdev *cb)
{
#if defined(HAVE_BDEV_FILE_OPEN)
	/* bdev_fput() from a worker would leave the closing to another one, at some later time. */
	__fput_sync(cb->file);
#elif defined(HAVE_BDEV_HANDLE)
	bdev_release(cb->handle);
#elif defined(HAVE_BLK_MODE)
	blkdev_put(cb->bdev, cb->holder);
#else
	blkdev_put(cb->bdev, cb->mode);
#endif
	cb->bdev = NULL;
}

/*
 * block_device_operations in the newest form at the call site:
 *	static int disk_open(struct gendisk *disk, blk_mode_t mode);
 *	COMPAT_DISK_OPEN(disk_open)
 *	... = { .open = COMPAT_DISK_OP(disk_open), ...
 * COMPAT_DISK_OPEN and its like stand after the function, at file level, without a semicolon.
 */
#ifdef HAVE_BLK_MODE
#define COMPAT_DISK_OPEN(fn)
#define COMPAT_DISK_RELEASE(fn)
#define COMPAT_DISK_OP(fn)	fn
#else
#define COMPAT_DISK_OPEN(fn)						\
static int fn##_compat(struct block_device *bdev, fmode_t mode)		\
{									\
	return fn(bdev->bd_disk, mode);					\
}
#define COMPAT_DISK_RELEASE(fn)						\
static void fn##_compat(struct gendisk *disk, fmode_t mode)		\
{									\
	fn(disk);							\
}
#define COMPAT_DISK_OP(fn)	fn##_compat
#endif

#ifdef HAVE_GETGEO_DISK
#define COMPAT_DISK_GETGEO(fn)
#define COMPAT_DISK_GETGEO_OP(fn)	fn
#else
#define COMPAT_DISK_GETGEO(fn)							\
static int fn##_compat(struct block_device *bdev, struct hd_geometry *geo)	\
{										\
	return fn(bdev->bd_disk, geo);						\
}
#define COMPAT_DISK_GETGEO_OP(fn)	fn##_compat
#endif

#ifndef HAVE_BDEV_ROT
static inline bool bdev_rot(struct block_device *bdev)
{
	return !bdev_nonrot(bdev);
}
#endif

#ifndef HAVE_BIO_ADD_VIRT
static inline void bio_add_virt_nofail(struct bio *bio, void *vaddr, unsigned int len)
{
	__bio_add_page(bio, virt_to_page(vaddr), len, offset_in_page(vaddr));
}
#endif

#ifndef HAVE_RQ_MAP_SG_RQ
#define blk_rq_map_sg(rq, sglist)	blk_rq_map_sg((rq)->q, rq, sglist)
#endif

/* Requests may be merged, as the newest kernels do without being asked. */
static inline int compat_alloc_tag_set(struct blk_mq_tag_set *set)
{
#ifdef HAVE_MQ_SHOULD_MERGE
	set->flags |= BLK_MQ_F_SHOULD_MERGE;
#endif
	return blk_mq_alloc_tag_set(set);
}

/* A queue without a disk. It goes by blk_mq_destroy_queue() and blk_put_queue(). */
static inline struct request_queue *compat_alloc_queue(struct blk_mq_tag_set *set)
{
#ifdef HAVE_ALLOC_DISK_LIMITS
	return blk_mq_alloc_queue(set, NULL, NULL);
#else
	return blk_mq_init_queue(set);
#endif
}

#ifndef HAVE_MQ_QUIESCE_TAGSET
static inline void blk_mq_quiesce_tagset(struct blk_mq_tag_set *set)
{
	struct request_queue *q;

	mutex_lock(&set->tag_list_lock);
	list_for_each_entry(q, &set->tag_list, tag_set_list)
		blk_mq_quiesce_queue(q);
	mutex_unlock(&set->tag_list_lock);
}

static inline void blk_mq_unquiesce_tagset(struct blk_mq_tag_set *set)
{
	struct request_queue *q;

	mutex_lock(&set->tag_list_lock);
	list_for_each_entry(q, &set->tag_list, tag_set_list)
		blk_mq_unquiesce_queue(q);
	mutex_unlock(&set->tag_list_lock);
}
#endif

#include "limits.h"

#endif /* RNBD_COMPAT_BLOCK_H */
