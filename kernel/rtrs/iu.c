// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Information units: message buffers that stay DMA-mapped while they live, and
 * the posting of the few shapes of work request that both sides use. Called
 * from path workers and completion handlers; no locks of its own.
 */
#include <linux/slab.h>

#include "core.h"

#define RECV_CHAIN 16	/* receives posted by one call */

struct rtrs_iu *rtrs_iu_create(struct ib_device *ib, size_t size, enum dma_data_direction dir,
			       void (*done)(struct ib_cq *cq, struct ib_wc *wc))
{
	struct rtrs_iu *iu = kzalloc(sizeof(*iu), GFP_KERNEL);

	if (!iu)
		return ERR_PTR(-ENOMEM);
	iu->buf = kzalloc(size, GFP_KERNEL);
	if (!iu->buf)
		goto err_free_iu;
	iu->dma = ib_dma_map_single(ib, iu->buf, size, dir);
	if (ib_dma_mapping_error(ib, iu->dma))
		goto err_free_buf;
	iu->cqe.done = done;
	iu->ib = ib;
	iu->size = size;
	iu->dir = dir;
	return iu;

err_free_buf:
	kfree(iu->buf);
err_free_iu:
	kfree(iu);
	return ERR_PTR(-ENOMEM);
}
EXPORT_SYMBOL_GPL(rtrs_iu_create);

void rtrs_iu_destroy(struct rtrs_iu *iu)
{
	if (!iu)
		return;
	ib_dma_unmap_single(iu->ib, iu->dma, iu->size, iu->dir);
	kfree(iu->buf);
	kfree(iu);
}
EXPORT_SYMBOL_GPL(rtrs_iu_destroy);

int rtrs_iu_recv(struct rtrs_conn *conn, struct rtrs_iu *iu)
{
	struct ib_sge place = {
		.addr = iu->dma,
		.length = iu->size,
		.lkey = conn->dev->pd->local_dma_lkey,
	};
	struct ib_recv_wr recv = { .wr_cqe = &iu->cqe, .num_sge = 1, .sg_list = &place };

	ib_dma_sync_single_for_device(iu->ib, iu->dma, iu->size, iu->dir);
	return ib_post_recv(conn->qp, &recv, NULL);
}
EXPORT_SYMBOL_GPL(rtrs_iu_recv);

int rtrs_iu_send(struct rtrs_conn *conn, struct rtrs_iu *iu, size_t len, struct ib_send_wr *head)
{
	struct ib_sge bytes = {
		.addr = iu->dma,
		.length = len,
		.lkey = conn->dev->pd->local_dma_lkey,
	};
	struct ib_send_wr send = {
		.opcode = IB_WR_SEND,
		.send_flags = IB_SEND_SIGNALED,
		.wr_cqe = &iu->cqe,
		.sg_list = &bytes,
		.num_sge = 1,
	};
	struct ib_send_wr *last = head;

	while (last && last->next)
		last = last->next;
	if (last)
		last->next = &send;
	ib_dma_sync_single_for_device(iu->ib, iu->dma, len, iu->dir);
	return ib_post_send(conn->qp, head ? head : &send, NULL);
}
EXPORT_SYMBOL_GPL(rtrs_iu_send);

int rtrs_post_empty_recvs(struct rtrs_conn *conn, struct ib_cqe *cqe, u32 count)
{
	struct ib_recv_wr chain[RECV_CHAIN];
	u32 n, i;
	int ret;

	for (; count; count -= n) {
		n = min_t(u32, count, RECV_CHAIN);
		for (i = 0; i < n; i++)
			chain[i] = (struct ib_recv_wr) {
				.next = i + 1 < n ? &chain[i + 1] : NULL,
				.wr_cqe = cqe,
			};
		ret = ib_post_recv(conn->qp, chain, NULL);
		if (ret)
			return ret;
	}
	return 0;
}
EXPORT_SYMBOL_GPL(rtrs_post_empty_recvs);

int rtrs_post_imm(struct rtrs_conn *conn, struct ib_cqe *cqe, u32 imm, int flags)
{
	struct ib_rdma_wr note = {
		.wr = {
			.opcode = IB_WR_RDMA_WRITE_WITH_IMM,
			.send_flags = flags,
			.wr_cqe = cqe,
			.ex.imm_data = cpu_to_be32(imm),
		},
	};

	return ib_post_send(conn->qp, &note.wr, NULL);
}
EXPORT_SYMBOL_GPL(rtrs_post_imm);
