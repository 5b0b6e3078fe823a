// SPDX-License-Identifier: GPL-2.0-or-later
// mainline 6.2: quiesce all queues of a tag set
#include <linux/blk-mq.h>

void probe(struct blk_mq_tag_set *set)
{
	blk_mq_quiesce_tagset(set);
	blk_mq_unquiesce_tagset(set);
}
