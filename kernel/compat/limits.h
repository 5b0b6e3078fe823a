/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queue limits: one struct at the call site, applied as a struct queue_limits or, on older kernels,
 * by setters.
 * Included by compat/block.h only.
 */
#ifndef RNBD_COMPAT_LIMITS_H
#define RNBD_COMPAT_LIMITS_H

#ifndef HAVE_LIMITS_FEATURES
#define BLK_FEAT_WRITE_CACHE	(1u << 0)
#define BLK_FEAT_FUA		(1u << 1)
#define BLK_FEAT_ROTATIONAL	(1u << 2)
#define BLK_FEAT_STABLE_WRITES	(1u << 5)
typedef unsigned int blk_features_t;
#endif

/*
 * Names and units of struct queue_limits; 0 is the kernel's default, or "not supported" where that
 * exists.
 */
struct compat_limits {
	unsigned int logical_block_size;
	unsigned int physical_block_size;
	unsigned int io_min;
	unsigned int io_opt;
	unsigned int max_hw_sectors;
	unsigned int max_segments;
	unsigned int max_segment_size;
	unsigned long virt_boundary_mask;
	unsigned int max_hw_discard_sectors;
	unsigned int discard_granularity;
	unsigned int discard_alignment;
	unsigned int max_write_zeroes_sectors;
	unsigned int max_secure_erase_sectors;
	blk_features_t features;
};

#ifdef HAVE_ALLOC_DISK_LIMITS
static inline void compat_limits_fill(struct queue_limits *lim, const struct compat_limits *from)
{
	lim->logical_block_size = from->logical_block_size;
	lim->physical_block_size = from->physical_block_size;
	lim->io_min = from->io_min;
	lim->io_opt = from->io_opt;
	lim->max_hw_sectors = from->max_hw_sectors;
	lim->max_segments = from->max_segments;
	/* A virtual boundary rules out a segment length limit; some kernels warn of both. */
	lim->max_segment_size = from->virt_boundary_mask ? 0 : from->max_segment_size;
	lim->virt_boundary_mask = from->virt_boundary_mask;
	lim->max_hw_discard_sectors = from->max_hw_discard_sectors;
	lim->discard_granularity = from->discard_granularity;
	lim->discard_alignment = from->discard_alignment;
	lim->max_write_zeroes_sectors = from->max_write_zeroes_sectors;
	lim->max_secure_erase_sectors = from->max_secure_erase_sectors;
}
#else
static inline void compat_limits_apply(struct request_queue *q, const struct compat_limits *lim)
{
	blk_queue_logical_block_size(q, lim->logical_block_size ?: SECTOR_SIZE);
	blk_queue_physical_block_size(q, lim->physical_block_size ?: SECTOR_SIZE);
	blk_queue_io_min(q, lim->io_min);
	blk_queue_io_opt(q, lim->io_opt);
	blk_queue_max_hw_sectors(q, lim->max_hw_sectors ?: BLK_SAFE_MAX_SECTORS);
	blk_queue_max_segments(q, lim->max_segments ?: BLK_MAX_SEGMENTS);
	blk_queue_virt_boundary(q, lim->virt_boundary_mask);
	if (!lim->virt_boundary_mask)
		blk_queue_max_segment_size(q, lim->max_segment_size ?: BLK_MAX_SEGMENT_SIZE);
	blk_queue_max_discard_sectors(q, lim->max_hw_discard_sectors);
	q->limits.discard_granularity = lim->discard_granularity;
	q->limits.discard_alignment = lim->discard_alignment;
	blk_queue_max_write_zeroes_sectors(q, lim->max_write_zeroes_sectors);
	blk_queue_max_secure_erase_sectors(q, lim->max_secure_erase_sectors);
}
#endif

#ifdef HAVE_LIMITS_FEATURES
#define COMPAT_FEATURES \
	(BLK_FEAT_WRITE_CACHE | BLK_FEAT_FUA | BLK_FEAT_ROTATIONAL | BLK_FEAT_STABLE_WRITES)
#else
static inline void compat_queue_flag(struct request_queue *q, unsigned int flag, bool on)
{
	if (on)
		blk_queue_flag_set(flag, q);
	else
		blk_queue_flag_clear(flag, q);
}

static inline void compat_features_apply(struct request_queue *q, blk_features_t features)
{
	blk_queue_write_cache(q, features & BLK_FEAT_WRITE_CACHE, features & BLK_FEAT_FUA);
	compat_queue_flag(q, QUEUE_FLAG_NONROT, !(features & BLK_FEAT_ROTATIONAL));
	compat_queue_flag(q, QUEUE_FLAG_STABLE_WRITES, features & BLK_FEAT_STABLE_WRITES);
}
#endif

/* A disk with its queue, or an ERR_PTR; @data is in disk->queue->queuedata from the start. */
static inline struct gendisk *compat_alloc_disk(struct blk_mq_tag_set *set,
						const struct compat_limits *from, void *data)
{
	struct gendisk *disk;
#ifdef HAVE_ALLOC_DISK_LIMITS
	struct queue_limits lim = { };

	compat_limits_fill(&lim, from);
#ifdef HAVE_LIMITS_FEATURES
	lim.features = from->features;
#endif
	disk = blk_mq_alloc_disk(set, &lim, data);
#else
	disk = blk_mq_alloc_disk(set, data);
	if (!IS_ERR(disk))
		compat_limits_apply(disk->queue, from);
#endif
#ifndef HAVE_LIMITS_FEATURES
	if (!IS_ERR(disk))
		compat_features_apply(disk->queue, from->features);
#endif
	return disk;
}

/* New limits for a live disk; no request is in flight while they change. Sleeps. */
static inline int compat_set_limits(struct gendisk *disk, const struct compat_limits *from)
{
	struct request_queue *q = disk->queue;
	int err = 0;
#ifdef HAVE_ALLOC_DISK_LIMITS
	struct queue_limits lim;
#endif

#if defined(HAVE_LIMITS_COMMIT_FROZEN)
	lim = queue_limits_start_update(q);
	compat_limits_fill(&lim, from);
	lim.features = (lim.features & ~COMPAT_FEATURES) | from->features;
	err = queue_limits_commit_update_frozen(q, &lim);
#else
	blk_mq_freeze_queue(q);
#if defined(HAVE_ALLOC_DISK_LIMITS)
	lim = queue_limits_start_update(q);
	compat_limits_fill(&lim, from);
#ifdef HAVE_LIMITS_FEATURES
	lim.features = (lim.features & ~COMPAT_FEATURES) | from->features;
#endif
	err = queue_limits_commit_update(q, &lim);
#else
	compat_limits_apply(q, from);
#endif
#ifndef HAVE_LIMITS_FEATURES
	if (!err)
		compat_features_apply(q, from->features);
#endif
	blk_mq_unfreeze_queue(q);
#endif
	return err;
}

#endif /* RNBD_COMPAT_LIMITS_H */
