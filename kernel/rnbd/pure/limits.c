// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a client makes of the server's description of a device, and what a
 * server checks before an operation reaches its disk (hot). Needs no lock.
 */
#include "limits.h"

#define SEGMENT_BYTES		4096U
#define CAPACITY_MAX		((1ULL << (63 - 9)) - 1)	/* sectors; their bytes fit loff_t */
#define BYTES_FIELD_SECTORS	(0xffffffffU >> 9)	/* one operation's 32-bit length */
#define PRIO_CLASS_SHIFT	13
#define PRIO_LEVEL_MASK		7
#define PRIO_CLASS_RT		1
#define PRIO_CLASS_BE		2
#define PRIO_CLASS_IDLE		3

static int refuse(const char **why, const char *text)
{
	*why = text;
	return -EPROTO;
}

static bool block_size_ok(u32 size, u32 max)
{
	return size >= 512 && size <= max && !(size & (size - 1));
}

/* Block sizes and capacity. */
static int limits_shape(struct rnbd_limits *lim, const struct rnbd_dev_info *info,
			const char **why)
{
	u32 logical = info->logical_block_size;
	u32 physical = info->physical_block_size ? info->physical_block_size : logical;

	if (!block_size_ok(logical, 4096))
		return refuse(why, "logical block size is no power of two in 512..4096");
	if (!block_size_ok(physical, 65536) || physical < logical)
		return refuse(why,
			      "physical block size is no power of two from the logical one to 65536");
	if (!info->nsectors)
		return refuse(why, "capacity is 0");
	if (info->nsectors > CAPACITY_MAX)
		return refuse(why, "capacity is 2^63 bytes or more");
	if (info->nsectors & (logical / 512 - 1))
		return refuse(why, "capacity is no multiple of the logical block size");
	lim->nsectors = info->nsectors;
	lim->logical_block_size = logical;
	lim->physical_block_size = physical;
	return 0;
}

/* As many sectors as fit one message, in whole blocks. */
static u32 range_sectors(u32 sectors, u32 logical)
{
	if (sectors > BYTES_FIELD_SECTORS)
		sectors = BYTES_FIELD_SECTORS;
	return sectors & ~(logical / 512 - 1);
}

static int limits_discard(struct rnbd_limits *lim, const struct rnbd_dev_info *info,
			  const char **why)
{
	u32 logical = lim->logical_block_size;
	u32 granularity = info->discard_granularity ? info->discard_granularity : logical;

	if (granularity % 512)
		return refuse(why, "discard granularity is no multiple of 512");
	lim->max_write_zeroes_sectors = range_sectors(info->max_write_zeroes_sectors, logical);
	lim->max_discard_sectors = range_sectors(info->max_discard_sectors, logical);
	if (!lim->max_discard_sectors)
		return 0;
	lim->discard_granularity = granularity;
	lim->discard_alignment = info->discard_alignment % granularity;
	if (info->secure_erase_sectors)
		lim->max_secure_erase_sectors = lim->max_discard_sectors;
	return 0;
}

int rnbd_limits_init(struct rnbd_limits *lim, const struct rnbd_dev_info *info,
		     u32 max_io_size, u32 max_segments, const char **why)
{
	u64 bytes = (u64)max_segments * SEGMENT_BYTES;
	int err;

	memset(lim, 0, sizeof(*lim));
	err = limits_shape(lim, info, why);
	if (err)
		return err;
	err = limits_discard(lim, info, why);
	if (err)
		return err;
	if (bytes > max_io_size)
		bytes = max_io_size;
	bytes &= ~(u64)(lim->logical_block_size - 1);
	if (bytes < SEGMENT_BYTES)
		return refuse(why, "largest request is below 4096 bytes");
	lim->max_hw_sectors = (u32)(bytes >> 9);
	lim->io_opt = (u32)bytes;
	lim->max_segments = max_segments;
	lim->virt_boundary = SEGMENT_BYTES - 1;
	lim->write_cache = info->writeback;
	lim->fua = info->writeback && info->fua;
	return 0;
}

static int permission(const struct rnbd_target *target, u8 op)
{
	bool has;

	if (op == RNBD_WIRE_OP_READ || op == RNBD_WIRE_OP_FLUSH)
		return 0;
	if (op > RNBD_WIRE_OP_WRITE_ZEROES)
		return -EOPNOTSUPP;
	if (target->read_only)
		return -EROFS;
	if (op == RNBD_WIRE_OP_DISCARD)
		has = target->discard;
	else if (op == RNBD_WIRE_OP_SECURE_ERASE)
		has = target->secure_erase;
	else
		has = op == RNBD_WIRE_OP_WRITE || target->write_zeroes;
	return has ? 0 : -EOPNOTSUPP;
}

int rnbd_io_check(const struct rnbd_target *target, const struct rnbd_io *io)
{
	u64 sectors = io->bytes >> 9;
	u32 block = target->logical_block_size;
	int err = permission(target, io->op);

	if (err || io->op == RNBD_WIRE_OP_FLUSH)
		return err;
	if (!io->bytes || io->bytes & (block - 1) || io->sector & (block / 512 - 1))
		return -EINVAL;
	if (io->sector > target->nsectors || sectors > target->nsectors - io->sector)
		return -EINVAL;
	return 0;
}

u16 rnbd_prio_clamp(u16 prio)
{
	u16 class = prio >> PRIO_CLASS_SHIFT;
	u16 level = prio & PRIO_LEVEL_MASK;

	if (class == PRIO_CLASS_RT)
		class = PRIO_CLASS_BE;
	/* schedulers index tables with the class and complain about odd levels */
	if (class != PRIO_CLASS_BE && class != PRIO_CLASS_IDLE)
		return 0;
	return (u16)(class << PRIO_CLASS_SHIFT | level);
}

/* Discard, write zeroes and secure erase: the disk promised them, so they must stay. */
static int ranges_compatible(const struct rnbd_limits *now, const struct rnbd_limits *then,
			     const char **why)
{
	if (now->max_discard_sectors < then->max_discard_sectors)
		return refuse(why, "discard limit shrank");
	if (now->max_write_zeroes_sectors < then->max_write_zeroes_sectors)
		return refuse(why, "write-zeroes limit shrank");
	if (now->max_secure_erase_sectors < then->max_secure_erase_sectors)
		return refuse(why, "secure-erase limit shrank");
	if (then->max_discard_sectors &&
	    (now->discard_granularity != then->discard_granularity ||
	     now->discard_alignment != then->discard_alignment))
		return refuse(why, "discard granularity or alignment changed");
	return 0;
}

int rnbd_limits_compatible(const struct rnbd_limits *now, const struct rnbd_limits *then,
			   const char **why)
{
	if (now->nsectors < then->nsectors)
		return refuse(why, "capacity shrank");
	if (now->logical_block_size != then->logical_block_size)
		return refuse(why, "logical block size changed");
	if (now->physical_block_size != then->physical_block_size)
		return refuse(why, "physical block size changed");
	if (now->max_hw_sectors < then->max_hw_sectors || now->max_segments < then->max_segments)
		return refuse(why, "largest request shrank");
	/* without flushes set up on the disk, acknowledged data would not be durable */
	if (now->write_cache && !then->write_cache)
		return refuse(why, "a write cache appeared");
	if (now->write_cache && then->fua && !now->fua)
		return refuse(why, "FUA is gone while the write cache stays");
	return ranges_compatible(now, then, why);
}
