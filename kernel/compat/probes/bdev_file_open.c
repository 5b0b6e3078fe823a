// SPDX-License-Identifier: GPL-2.0-or-later
// mainline 6.9: an opened block device is a struct file
#include <linux/blkdev.h>
#include <linux/file.h>

void probe(void *holder)
{
	struct file *file = bdev_file_open_by_path("/", BLK_OPEN_READ, holder, NULL);

	__fput_sync(file);
}
