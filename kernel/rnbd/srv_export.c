// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Block devices opened for sessions: resolves names, claims devices, decides
 * who may write, makes and ends mappings. Called by the admin work of a
 * session and by its end, one call at a time per session.
 * rnbd_srv_exports_lock guards the exports, their writers and mappings and
 * the netlink objects; it is never held over opening or closing a device.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/major.h>
#include <linux/slab.h>

#include "pure/dev_path.h"
#include "server.h"

/* See above; also what netlink walks. */
DEFINE_MUTEX(rnbd_srv_exports_lock);
DEFINE_XARRAY(rnbd_srv_objects);

static LIST_HEAD(exports);
static u32 last_object_id;

static void drained(struct percpu_ref *ref)
{
	complete(&container_of(ref, struct rnbd_srv_mapping, inflight)->drained);
}

static struct rnbd_srv_mapping *mapping_alloc(struct rnbd_srv_session *session,
					      const struct rnbd_open *open)
{
	struct rnbd_srv_mapping *mapping = kzalloc(sizeof(*mapping), GFP_KERNEL);

	if (!mapping)
		return NULL;
	if (percpu_ref_init(&mapping->inflight, drained, 0, GFP_KERNEL)) {
		kfree(mapping);
		return NULL;
	}
	mapping->session = session;
	mapping->access = open->access;
	strscpy(mapping->name, open->name, sizeof(mapping->name));
	mapping->since = ktime_get();
	init_llist_head(&mapping->late);
	INIT_WORK(&mapping->late_work, rnbd_srv_io_late_work);
	INIT_LIST_HEAD(&mapping->force.entry);
	init_completion(&mapping->drained);
	init_completion(&mapping->closed);
	rnbd_srv_sysfs_init_mapping(mapping);
	return mapping;
}

static void mapping_free(struct rnbd_srv_mapping *mapping)
{
	percpu_ref_exit(&mapping->inflight);
	kobject_put(&mapping->kobj);
}

/* What the client is told; sizes are those of this moment. */
static void mapping_refresh(struct rnbd_srv_mapping *mapping)
{
	struct block_device *bdev = mapping->bdev;
	struct request_queue *queue = bdev_get_queue(bdev);
	u32 block = bdev_logical_block_size(bdev);
	struct rnbd_dev_info *info = &mapping->info;

	info->device_id = mapping->device_id;
	info->nsectors = bdev_nr_sectors(bdev) & ~(u64)(block / SECTOR_SIZE - 1);
	info->logical_block_size = block;
	info->physical_block_size = bdev_physical_block_size(bdev);
	info->max_hw_sectors = queue_max_hw_sectors(queue);
	info->max_segments = queue_max_segments(queue);
	info->max_write_zeroes_sectors = bdev_write_zeroes_sectors(bdev);
	info->max_discard_sectors = bdev_max_discard_sectors(bdev);
	info->discard_granularity = info->max_discard_sectors ? bdev_discard_granularity(bdev) : 0;
	info->discard_alignment = info->max_discard_sectors ? bdev_discard_alignment(bdev) : 0;
	info->secure_erase_sectors = bdev_max_secure_erase_sectors(bdev);
	info->fua = bdev_fua(bdev);
	info->writeback = bdev_write_cache(bdev);

	mapping->target.logical_block_size = block;
	mapping->target.discard = info->max_discard_sectors;
	mapping->target.secure_erase = info->secure_erase_sectors;
	mapping->target.write_zeroes = info->max_write_zeroes_sectors;
}

static int decline(const struct rnbd_srv_session *session, const char *name, int err,
		   const char *why)
{
	rtrs_warn(session->name, "open of %s refused: %s (error %d)\n", name, why, err);
	return err;
}

/* A device that cannot be served says so now, not at the first I/O. */
static int bdev_check(const struct rnbd_srv_session *session, const char *name,
		      struct block_device *bdev)
{
	if (bdev_is_zoned(bdev))
		return decline(session, name, -EOPNOTSUPP, "zoned devices cannot be served");
	if (bdev_logical_block_size(bdev) > 4096)
		return decline(session, name, -EOPNOTSUPP, "logical blocks above 4096 bytes");
	if (bdev_nr_sectors(bdev) < bdev_logical_block_size(bdev) / SECTOR_SIZE)
		return decline(session, name, -ENOMEDIUM, "the device is empty");
	return 0;
}

/* Security 4.2: a bare server opens nothing and says how to change that. */
static const char closed_text[] =
	"nothing is exported; allowed by \"options rnbd_server dev_search_path=/dev\" in /etc/modprobe.d";

static const char *open_error_text(int err)
{
	switch (err) {
	case -ENOENT:
		return "no such file";
	case -ENOTBLK:
		return "not a block device";
	case -EBUSY:
		return "in use on this machine";
	case -EACCES:
	case -EROFS:
		return "not permitted, or the device is read-only";
	default:
		return "cannot be opened";
	}
}

/* Find the device and claim it. */
static int handle_open(struct rnbd_srv_session *session, const struct rnbd_open *open,
		       struct compat_bdev *handle)
{
	blk_mode_t mode = BLK_OPEN_READ;
	char *path = kmalloc(RNBD_DEV_PATH_MAX, GFP_KERNEL);
	int err;

	if (!path)
		return -ENOMEM;
	err = rnbd_dev_path(rnbd_srv_search_path, session->name, open->name, path,
			    RNBD_DEV_PATH_MAX);
	if (err) {
		kfree(path);
		return decline(session, open->name, err, err == -EACCES ? closed_text : "bad name");
	}
	if (open->access != RNBD_WIRE_RO)
		mode |= BLK_OPEN_WRITE;
	/* exclusive, with one holder for all sessions: they share, nobody else may */
	err = compat_bdev_open(handle, path, mode, &exports);
	kfree(path);
	if (err)
		return decline(session, open->name, err, open_error_text(err));
	err = bdev_check(session, open->name, handle->bdev);
	if (err)
		compat_bdev_close(handle);
	return err;
}

/* The address alone may be that of a device that is gone. */
static struct rnbd_srv_export *export_get(struct block_device *bdev)
{
	struct rnbd_srv_export *export;
	char name[RNBD_SRV_BDEV_NAME];
	int err;

	snprintf(name, sizeof(name), "%pg", bdev);
	list_for_each_entry(export, &exports, entry) {
		if (strcmp(export->name, name))
			continue;
		/* a removed device still mapped keeps its name and directory */
		return export->bdev == bdev ? export : ERR_PTR(-EBUSY);
	}
	export = kzalloc(sizeof(*export), GFP_KERNEL);
	if (!export)
		return ERR_PTR(-ENOMEM);
	export->bdev = bdev;
	export->sleeps = MAJOR(bdev->bd_dev) == MD_MAJOR;
	strscpy(export->name, name, sizeof(export->name));
	INIT_LIST_HEAD(&export->mappings);
	rnbd_srv_sysfs_init_export(export);
	err = rnbd_srv_sysfs_add_export(export);
	if (err) {
		kobject_put(&export->kobj);
		return ERR_PTR(err);
	}
	list_add_tail(&export->entry, &exports);
	return export;
}

static void export_put(struct rnbd_srv_export *export)
{
	if (!list_empty(&export->mappings))
		return;
	list_del(&export->entry);
	rnbd_srv_sysfs_del_export(export);
	kobject_put(&export->kobj);
}

/* One mapping per session and device, at most so many writers as the modes allow. */
static int export_admit(struct rnbd_srv_export *export, const struct rnbd_srv_mapping *mapping)
{
	const struct rnbd_srv_session *session = mapping->session;
	const struct rnbd_srv_mapping *other;
	int err;

	list_for_each_entry(other, &export->mappings, entry) {
		if (other->session == session)
			return decline(session, mapping->name, -EEXIST,
				       "open in this session under another name");
		/* what an ended session of that name left is on its way out */
		if (!strcmp(other->session->name, session->name))
			return decline(session, mapping->name, -EBUSY, "still being closed");
	}
	err = rnbd_access_take(&export->writers, mapping->access);
	if (err)
		return decline(session, mapping->name, err, "another client writes to it");
	return 0;
}

/* Give the mapping its numbers and its directory, then show it to I/O. */
static int mapping_publish(struct rnbd_srv_mapping *mapping)
{
	struct rnbd_srv_session *session = mapping->session;
	int err;

	err = xa_alloc_cyclic(&session->mappings, &mapping->device_id, NULL,
			      XA_LIMIT(0, RNBD_SRV_DEVICE_IDS - 1), &session->next_device_id,
			      GFP_KERNEL);
	if (err < 0)
		return err;
	mapping_refresh(mapping);
	mapping->id = ++last_object_id;
	err = xa_insert(&rnbd_srv_objects, mapping->id, mapping, GFP_KERNEL);
	if (err)
		goto err_device_id;
	err = rnbd_srv_sysfs_add_mapping(mapping);
	if (err)
		goto err_object;
	/* the place was reserved above, so this cannot fail */
	xa_store(&session->mappings, mapping->device_id, mapping, GFP_KERNEL);
	session->mapping_count++;
	return 0;

err_object:
	xa_erase(&rnbd_srv_objects, mapping->id);
err_device_id:
	xa_erase(&session->mappings, mapping->device_id);
	return err;
}

/* Under its device's export, which is made if this is the first mapping. */
static int mapping_join(struct rnbd_srv_mapping *mapping)
{
	struct rnbd_srv_export *export;
	int err;

	mutex_lock(&rnbd_srv_exports_lock);
	export = export_get(mapping->bdev);
	if (IS_ERR(export)) {
		err = decline(mapping->session, mapping->name, PTR_ERR(export),
			      "no place for its export");
		goto out;
	}
	err = export_admit(export, mapping);
	if (err)
		goto err_export;
	mapping->export = export;
	list_add_tail(&mapping->entry, &export->mappings);
	err = mapping_publish(mapping);
	if (err) {
		decline(mapping->session, mapping->name, err, "cannot be published");
		goto err_admitted;
	}
	mutex_unlock(&rnbd_srv_exports_lock);
	return 0;

err_admitted:
	list_del(&mapping->entry);
	rnbd_access_put(&export->writers, mapping->access);
err_export:
	export_put(export);
out:
	mutex_unlock(&rnbd_srv_exports_lock);
	return err;
}

static struct rnbd_srv_mapping *mapping_find(struct rnbd_srv_session *session, const char *name)
{
	struct rnbd_srv_mapping *mapping;
	unsigned long id;

	xa_for_each(&session->mappings, id, mapping)
		if (!strcmp(mapping->name, name))
			return mapping;
	return NULL;
}

/*
 * The client lost sight of a mapping that still exists and opens it again. It
 * keeps its id; another access mode is granted if the other clients leave
 * room for it, and then the new handle replaces the old one.
 */
static int mapping_reopen(struct rnbd_srv_mapping *mapping, const struct rnbd_open *open,
			  struct compat_bdev *handle)
{
	struct rnbd_writers *writers = &mapping->export->writers;
	struct rnbd_writers before;
	bool change = open->access != mapping->access;
	int err = 0;

	mutex_lock(&rnbd_srv_exports_lock);
	if (change) {
		before = *writers;
		rnbd_access_put(writers, mapping->access);
		err = rnbd_access_take(writers, open->access);
		if (err)
			*writers = before;
	}
	if (!err) {
		mapping->access = open->access;
		mapping->target.read_only = open->access == RNBD_WIRE_RO;
		swap(mapping->handle, *handle);
		mapping_refresh(mapping);
	}
	mutex_unlock(&rnbd_srv_exports_lock);
	compat_bdev_close(handle);
	if (err)
		return decline(mapping->session, mapping->name, -EBUSY,
			       "open in another mode, which other clients do not let change");
	if (change)
		rnbd_srv_genl_event(mapping, RNBD_SRV_CHANGED, RTRS_CAUSE_NONE);
	return 0;
}

static struct rnbd_srv_mapping *mapping_make(struct rnbd_srv_session *session,
					     const struct rnbd_open *open,
					     struct compat_bdev *handle)
{
	struct rnbd_srv_mapping *mapping;
	int err;

	if (session->mapping_count >= RNBD_SRV_MAX_MAPPINGS) {
		err = decline(session, open->name, -ENOSPC, "too many devices in this session");
		goto err_handle;
	}
	mapping = mapping_alloc(session, open);
	if (!mapping) {
		err = -ENOMEM;
		goto err_handle;
	}
	mapping->handle = *handle;
	mapping->bdev = handle->bdev;
	mapping->target.read_only = open->access == RNBD_WIRE_RO;
	err = mapping_join(mapping);
	if (err)
		goto err_mapping;
	rtrs_info(session->name, "opened %s as %s (%s)\n", mapping->name, mapping->export->name,
		  rnbd_access_name(mapping->access));
	rnbd_srv_genl_event(mapping, RNBD_SRV_ADDED, RTRS_CAUSE_NONE);
	return mapping;

err_mapping:
	mapping_free(mapping);
err_handle:
	compat_bdev_close(handle);
	return ERR_PTR(err);
}

struct rnbd_srv_mapping *rnbd_srv_mapping_open(struct rnbd_srv_session *session,
					       const struct rnbd_open *open)
{
	struct rnbd_srv_mapping *mapping;
	struct compat_bdev handle;
	int err = handle_open(session, open, &handle);

	if (err)
		return ERR_PTR(err);
	mapping = mapping_find(session, open->name);
	if (mapping && mapping->bdev == handle.bdev) {
		err = mapping_reopen(mapping, open, &handle);
		return err ? ERR_PTR(err) : mapping;
	}
	if (mapping) {
		/* the name means another device by now */
		rnbd_srv_mapping_stop(mapping);
		rnbd_srv_mapping_close(mapping, RTRS_CAUSE_NONE);
	}
	return mapping_make(session, open, &handle);
}

/* No forced close can be queued any more, and none is. */
static void mapping_unqueue(struct rnbd_srv_mapping *mapping)
{
	struct rnbd_srv_session *session = mapping->session;

	spin_lock_irq(&session->admin_lock);
	mapping->gone = true;
	list_del_init(&mapping->force.entry);
	spin_unlock_irq(&session->admin_lock);
}

void rnbd_srv_mapping_close(struct rnbd_srv_mapping *mapping, enum rtrs_cause cause)
{
	struct rnbd_srv_session *session = mapping->session;
	struct rnbd_srv_export *export = mapping->export;

	/* keeps the id reserved: stale I/O must never meet another device */
	xa_store(&session->mappings, mapping->device_id, NULL, GFP_KERNEL);
	mapping_unqueue(mapping);
	wait_for_completion(&mapping->drained);
	/* its last I/O may have ended before it returned */
	flush_work(&mapping->late_work);
	mutex_lock(&rnbd_srv_exports_lock);
	xa_erase(&rnbd_srv_objects, mapping->id);
	mutex_unlock(&rnbd_srv_exports_lock);
	compat_bdev_close(&mapping->handle);
	mutex_lock(&rnbd_srv_exports_lock);
	rnbd_access_put(&export->writers, mapping->access);
	mutex_unlock(&rnbd_srv_exports_lock);
	rtrs_info(session->name, "closed %s (%s)%s\n", mapping->name, export->name,
		  cause == RTRS_CAUSE_ADMIN ? ", forced" : "");
	rnbd_srv_genl_event(mapping, RNBD_SRV_REMOVED, cause);
	complete_all(&mapping->closed);

	/* waits for a forced close on its way out, hence after the completion */
	rnbd_srv_sysfs_del_mapping(mapping);
	mutex_lock(&rnbd_srv_exports_lock);
	list_del(&mapping->entry);
	export_put(export);
	mutex_unlock(&rnbd_srv_exports_lock);
	session->mapping_count--;
	mapping_free(mapping);
}
