// SPDX-License-Identifier: GPL-2.0-or-later
// mainline 7.0: bdev_rot() instead of bdev_nonrot()
#include <linux/blkdev.h>

bool probe(struct block_device *bdev)
{
	return bdev_rot(bdev);
}
