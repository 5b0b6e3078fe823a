// SPDX-License-Identifier: GPL-2.0-or-later
// mainline 6.5: blk_mode_t; open() and release() of a disk
#include <linux/blkdev.h>

static int open(struct gendisk *disk, blk_mode_t mode)
{
	return mode & BLK_OPEN_EXCL ? -EBUSY : 0;
}

static void release(struct gendisk *disk)
{
}

const struct block_device_operations probe = { .open = open, .release = release };
