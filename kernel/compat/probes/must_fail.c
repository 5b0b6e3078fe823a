// SPDX-License-Identifier: GPL-2.0-or-later
// sanity: every kernel answers no
#include <linux/blk-mq.h>

int probe(struct request *rq)
{
	return blk_rq_no_kernel_has_this_call(rq);
}
