// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One record per session and RDMA device: the protection domain and a
 * reference count. A domain of its own for each session means that a key
 * guessed by one peer never opens the memory of another (security rule H).
 * Called by client and server while they set up and tear down paths; no locks.
 */
#include <linux/slab.h>

#include "core.h"

/* Fast registration and remote invalidation are one capability to the verbs. */
static bool device_fits(const struct ib_device *ib)
{
	return ib->attrs.device_cap_flags & IB_DEVICE_MEM_MGT_EXTENSIONS;
}

struct rtrs_device *rtrs_device_create(struct ib_device *ib)
{
	struct rtrs_device *dev;
	struct ib_pd *pd;

	if (!device_fits(ib))
		return ERR_PTR(-EOPNOTSUPP);
	dev = kzalloc(sizeof(*dev), GFP_KERNEL);
	if (!dev)
		return ERR_PTR(-ENOMEM);
	pd = ib_alloc_pd(ib, 0);
	if (IS_ERR(pd)) {
		kfree(dev);
		return ERR_CAST(pd);
	}
	dev->ib = ib;
	dev->pd = pd;
	kref_init(&dev->ref);
	return dev;
}
EXPORT_SYMBOL_GPL(rtrs_device_create);

static void device_release(struct kref *ref)
{
	struct rtrs_device *dev = container_of(ref, struct rtrs_device, ref);

	ib_dealloc_pd(dev->pd);
	kfree(dev);
}

void rtrs_device_get(struct rtrs_device *dev)
{
	kref_get(&dev->ref);
}
EXPORT_SYMBOL_GPL(rtrs_device_get);

void rtrs_device_put(struct rtrs_device *dev)
{
	kref_put(&dev->ref, device_release);
}
EXPORT_SYMBOL_GPL(rtrs_device_put);
