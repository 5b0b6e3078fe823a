// SPDX-License-Identifier: GPL-2.0-or-later
// sanity: every kernel answers yes
#include <linux/module.h>
#include <linux/blk-mq.h>
#include <net/genetlink.h>
#include <rdma/rdma_cm.h>

int probe(struct rdma_cm_id *id, struct request *rq)
{
	return id && blk_rq_bytes(rq);
}
