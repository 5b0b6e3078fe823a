// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The disk of a device: number, queue limits, capacity, and its end. Called by
 * the device's worker, so creation and destruction never overlap. Opening
 * is refused once dev->no_open is set, under the disk's open mutex or by force.
 * A disk that was taken from its users outlives the device, and its number with
 * it; whoever lets go of it last gives that back. Lock: numbers_lock, innermost.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/spinlock.h>

#include "client.h"

static int disk_major;
static DEFINE_SPINLOCK(numbers_lock);
static DECLARE_BITMAP(numbers, RNBD_CLT_MAX_DISKS);	/* taken; numbers_lock */
static DECLARE_WAIT_QUEUE_HEAD(numbers_back);

/* ---- numbers ---- */

static int take_number(void)
{
	int number;

	spin_lock_irq(&numbers_lock);
	number = find_first_zero_bit(numbers, RNBD_CLT_MAX_DISKS);
	if (number < RNBD_CLT_MAX_DISKS)
		__set_bit(number, numbers);
	else
		number = -ENOSPC;
	spin_unlock_irq(&numbers_lock);
	return number;
}

/* Woken under the lock: the module's end, which takes it, finds nobody left in here. */
static void give_back(int number)
{
	spin_lock_irq(&numbers_lock);
	__clear_bit(number, numbers);
	wake_up(&numbers_back);
	spin_unlock_irq(&numbers_lock);
}

/*
 * Whoever closes a disk lets go of the module first and of the disk then, so the last
 * one may still be on its way here when the module goes. After it has given the number
 * back it has only to return from our code. It does not sleep on that way, so these
 * grace periods wait for it. A window is left on kernels that preempt themselves and
 * were built without them (that is, with neither tracing nor BPF): a task preempted on
 * its way out must run again before our memory is freed.
 */
static void await_numbers(void)
{
	spin_lock_irq(&numbers_lock);
	wait_event_lock_irq(numbers_back, bitmap_empty(numbers, RNBD_CLT_MAX_DISKS), numbers_lock);
	spin_unlock_irq(&numbers_lock);
	synchronize_rcu_tasks();
}

/* ---- what the block layer calls ---- */

/* Under the disk's open mutex: whoever could miss what was lost has closed it. */
static void end_loss(struct gendisk *disk, struct rnbd_clt_dev *dev)
{
	if (disk_openers(disk) || !READ_ONCE(dev->lost_writes))
		return;
	WRITE_ONCE(dev->lost_writes, false);
	rnbd_clt_genl_notify(dev, RNBD_CLT_CHANGED);
}

static int disk_open(struct gendisk *disk, blk_mode_t mode)
{
	struct rnbd_clt_dev *dev = disk->private_data;

	if (READ_ONCE(dev->no_open))
		return -ENXIO;
	/* the loss was while nobody had it open */
	end_loss(disk, dev);
	return 0;
}
COMPAT_DISK_OPEN(disk_open)

static void disk_release(struct gendisk *disk)
{
	struct rnbd_clt_dev *dev = disk->private_data;

	/* a disk that was taken away by force is closed later */
	if (dev)
		end_loss(disk, dev);
}
COMPAT_DISK_RELEASE(disk_release)

/* Old partitioning tools insist on one; any that multiplies up to the capacity does. */
static int disk_getgeo(struct gendisk *disk, struct hd_geometry *geo)
{
	geo->heads = 4;
	geo->sectors = 16;
	geo->cylinders = get_capacity(disk) / (4 * 16);
	geo->start = 0;
	return 0;
}
COMPAT_DISK_GETGEO(disk_getgeo)

/*
 * The last user of a disk that was added has gone. Until then its number is that of
 * its file system (the kernel finds mounts by number), of its names in /proc, of
 * its partitions: a new disk of the same number would be taken for this one.
 */
static void disk_free(struct gendisk *disk)
{
	give_back(disk->first_minor / RNBD_CLT_MINORS);
}

static const struct block_device_operations disk_ops = {
	.owner	= THIS_MODULE,
	.open	= COMPAT_DISK_OP(disk_open),
	.release = COMPAT_DISK_OP(disk_release),
	.getgeo	= COMPAT_DISK_GETGEO_OP(disk_getgeo),
	.free_disk = disk_free,
};

/* ---- a device's disk ---- */

static struct compat_limits queue_limits_of(const struct rnbd_clt_dev *dev)
{
	const struct rnbd_limits *lim = &dev->lim;
	struct compat_limits out = {
		.logical_block_size = lim->logical_block_size,
		.physical_block_size = lim->physical_block_size,
		.io_min = lim->physical_block_size,
		.io_opt = lim->io_opt,
		.max_hw_sectors = lim->max_hw_sectors,
		.max_segments = lim->max_segments,
		/* masks: the stricter one has all bits of the other */
		.virt_boundary_mask = lim->virt_boundary | dev->session->limits.virt_boundary,
		.max_hw_discard_sectors = lim->max_discard_sectors,
		.discard_granularity = lim->discard_granularity,
		.discard_alignment = lim->discard_alignment,
		.max_write_zeroes_sectors = lim->max_write_zeroes_sectors,
		.max_secure_erase_sectors = lim->max_secure_erase_sectors,
	};

	if (lim->write_cache)
		out.features |= BLK_FEAT_WRITE_CACHE;
	if (lim->fua)
		out.features |= BLK_FEAT_FUA;
	return out;
}

static struct gendisk *make_disk(struct rnbd_clt_dev *dev)
{
	struct compat_limits lim = queue_limits_of(dev);
	struct gendisk *disk = compat_alloc_disk(&dev->session->tags, &lim, dev);

	if (IS_ERR(disk))
		return disk;
	disk->major = disk_major;
	disk->first_minor = dev->index * RNBD_CLT_MINORS;
	disk->minors = RNBD_CLT_MINORS;
	disk->fops = &disk_ops;
	disk->private_data = dev;
	snprintf(disk->disk_name, sizeof(disk->disk_name), "rnbd%d", dev->index);
	set_capacity(disk, dev->lim.nsectors);
	if (dev->opt.access == RNBD_ACCESS_RO)
		set_disk_ro(disk, true);
	return disk;
}

static void set_index(struct rnbd_clt_dev *dev, int index)
{
	mutex_lock(&dev->lock);
	dev->index = index;
	mutex_unlock(&dev->lock);
}

int rnbd_clt_disk_create(struct rnbd_clt_dev *dev)
{
	struct gendisk *disk;
	int index, err;

	index = take_number();
	if (index < 0)
		return index;
	set_index(dev, index);
	disk = make_disk(dev);
	if (IS_ERR(disk)) {
		err = PTR_ERR(disk);
		goto err_number;
	}
	err = device_add_disk(NULL, disk, rnbd_clt_disk_groups);
	if (err)
		goto err_disk;
	mutex_lock(&dev->lock);
	dev->disk = disk;
	mutex_unlock(&dev->lock);
	return 0;

err_disk:
	/* nobody could open it, and nobody is told of its end */
	put_disk(disk);
err_number:
	set_index(dev, -1);
	give_back(index);
	return err;
}

void rnbd_clt_disk_destroy(struct rnbd_clt_dev *dev, bool force)
{
	struct gendisk *disk = dev->disk;

	if (!disk)
		return;
	/* in state unmapped nothing new goes out, but both of these wait for what did */
	rnbd_clt_unmap_watch(dev);
	if (force)
		blk_mark_disk_dead(disk);
	del_gendisk(disk);
	mutex_lock(&disk->open_mutex);
	disk->private_data = NULL;
	mutex_unlock(&disk->open_mutex);
	mutex_lock(&dev->lock);
	dev->disk = NULL;
	mutex_unlock(&dev->lock);
	set_index(dev, -1);
	put_disk(disk);
}

/*
 * A disk in use stays unless forced; one that goes cannot be opened any more.
 * Whoever opens or closes the disk just now uses it, and may be waiting for I/O
 * until we let go of the lock.
 */
int rnbd_clt_disk_refuse_openers(struct rnbd_clt_dev *dev, bool force)
{
	struct gendisk *disk = dev->disk;
	int err = 0;

	if (force) {
		WRITE_ONCE(dev->no_open, true);
		return 0;
	}
	if (!disk)
		return 0;
	if (!mutex_trylock(&disk->open_mutex))
		return -EBUSY;
	if (disk_openers(disk))
		err = -EBUSY;
	else
		WRITE_ONCE(dev->no_open, true);
	mutex_unlock(&disk->open_mutex);
	return err;
}

int rnbd_clt_disk_resize(struct rnbd_clt_dev *dev, u64 sectors)
{
	/* waiting for I/O to make room would keep it waiting, as its end takes this lock */
	unsigned int noio = memalloc_noio_save();
	int err = 0;

	mutex_lock(&dev->lock);
	if (dev->state != RNBD_DEV_MAPPED || !dev->disk)
		err = -ENOENT;
	else if (!sectors || sectors > dev->lim.nsectors ||
		 sectors & ((dev->lim.logical_block_size >> SECTOR_SHIFT) - 1))
		err = -EINVAL;
	else
		set_capacity_and_notify(dev->disk, sectors);
	mutex_unlock(&dev->lock);
	memalloc_noio_restore(noio);
	if (!err)
		rnbd_clt_genl_notify(dev, RNBD_CLT_CHANGED);
	return err;
}

void rnbd_clt_disk_uevent(struct rnbd_clt_dev *dev, enum kobject_action action)
{
	kobject_uevent(&disk_to_dev(dev->disk)->kobj, action);
}

int rnbd_clt_disk_init(void)
{
	disk_major = register_blkdev(0, "rnbd");
	return disk_major < 0 ? disk_major : 0;
}

void rnbd_clt_disk_exit(void)
{
	await_numbers();
	unregister_blkdev(disk_major, "rnbd");
}
