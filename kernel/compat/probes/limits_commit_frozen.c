// SPDX-License-Identifier: GPL-2.0-or-later
// mainline 6.14: limits are committed with the queue frozen by the call itself
#include <linux/blkdev.h>

int probe(struct request_queue *q)
{
	struct queue_limits lim = queue_limits_start_update(q);

	return queue_limits_commit_update_frozen(q, &lim);
}
