// SPDX-License-Identifier: GPL-2.0-or-later
// mainline 6.7, gone in 6.9: an opened block device is a struct bdev_handle
#include <linux/blkdev.h>

void probe(void *holder)
{
	struct bdev_handle *handle = bdev_open_by_path("/", BLK_OPEN_READ, holder, NULL);

	bdev_release(handle);
}
