// SPDX-License-Identifier: GPL-2.0-or-later
// mainline 6.9: blk_mq_alloc_disk() takes queue limits
#include <linux/blk-mq.h>

struct gendisk *probe(struct blk_mq_tag_set *set, struct queue_limits *lim)
{
	return blk_mq_alloc_disk(set, lim, NULL);
}
