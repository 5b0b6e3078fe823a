// SPDX-License-Identifier: GPL-2.0-or-later
// gone in mainline 6.14: merging had to be asked for
#include <linux/blk-mq.h>

void probe(struct blk_mq_tag_set *set)
{
	set->flags |= BLK_MQ_F_SHOULD_MERGE;
}
