// SPDX-License-Identifier: GPL-2.0-or-later
// mainline 6.11: cache, FUA and rotation are features in the queue limits
#include <linux/blkdev.h>

void probe(struct queue_limits *lim)
{
	lim->features |= BLK_FEAT_WRITE_CACHE | BLK_FEAT_FUA;
	lim->features |= BLK_FEAT_ROTATIONAL | BLK_FEAT_STABLE_WRITES;
}
