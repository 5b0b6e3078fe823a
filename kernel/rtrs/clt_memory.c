// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory of sessions and paths: the request array of a session, and what one
 * connection attempt needs per slot and per receive. Small buffers share pages
 * that are mapped once. Called by the path worker only, which alone knows
 * these members while the path is not published; the request array is made
 * under the session mutex and stays. No locks here.
 */
#include "client.h"

#include <linux/mm.h>
#include <linux/slab.h>

int rtrs_clt_pages_create(struct rtrs_clt_pages *pages, struct ib_device *ib, size_t bytes,
			  enum dma_data_direction dir)
{
	u32 want = DIV_ROUND_UP(bytes, PAGE_SIZE);

	pages->dir = dir;
	pages->count = 0;
	pages->va = kvcalloc(want, sizeof(*pages->va), GFP_KERNEL);
	pages->dma = kvcalloc(want, sizeof(*pages->dma), GFP_KERNEL);
	if (!pages->va || !pages->dma)
		goto err_destroy;
	for (; pages->count < want; pages->count++) {
		void *va = (void *)get_zeroed_page(GFP_KERNEL);
		dma_addr_t dma;

		if (!va)
			goto err_destroy;
		dma = ib_dma_map_single(ib, va, PAGE_SIZE, dir);
		if (ib_dma_mapping_error(ib, dma)) {
			free_page((unsigned long)va);
			goto err_destroy;
		}
		pages->va[pages->count] = va;
		pages->dma[pages->count] = dma;
	}
	return 0;

err_destroy:
	rtrs_clt_pages_destroy(pages, ib);
	return -ENOMEM;
}

void rtrs_clt_pages_destroy(struct rtrs_clt_pages *pages, struct ib_device *ib)
{
	while (pages->count) {
		u32 i = --pages->count;

		ib_dma_unmap_single(ib, pages->dma[i], PAGE_SIZE, pages->dir);
		free_page((unsigned long)pages->va[i]);
	}
	kvfree(pages->va);
	kvfree(pages->dma);
	pages->va = NULL;
	pages->dma = NULL;
}

static int mrs_create(struct rtrs_clt_path *path)
{
	/* the limits reserve one page more than the data, for a start inside a page */
	u32 entries = path->session->limits.max_io_size / SZ_4K + 1;
	u32 i;

	path->mrs = kvcalloc(path->geo.depth, sizeof(*path->mrs), GFP_KERNEL);
	if (!path->mrs)
		return -ENOMEM;
	for (i = 0; i < path->geo.depth; i++) {
		struct ib_mr *mr = ib_alloc_mr(path->dev->pd, IB_MR_TYPE_MEM_REG, entries);

		if (IS_ERR(mr))
			return PTR_ERR(mr);
		path->mrs[i] = mr;
	}
	return 0;
}

int rtrs_clt_memory_create(struct rtrs_clt_path *path)
{
	size_t hdr_bytes = (size_t)path->geo.depth * RTRS_CLT_HDR_STRIDE;
	int ret;

	path->chunks = kvcalloc(path->geo.depth, sizeof(*path->chunks), GFP_KERNEL);
	if (!path->chunks)
		return -ENOMEM;
	ret = rtrs_clt_pages_create(&path->hdrs, path->dev->ib, hdr_bytes, DMA_TO_DEVICE);
	if (ret)
		return ret;
	return mrs_create(path);
}

void rtrs_clt_memory_free_mrs(struct rtrs_clt_path *path)
{
	u32 i;

	for (i = 0; path->mrs && i < path->geo.depth && path->mrs[i]; i++)
		ib_dereg_mr(path->mrs[i]);
	kvfree(path->mrs);
	path->mrs = NULL;
}

void rtrs_clt_memory_destroy(struct rtrs_clt_path *path)
{
	rtrs_clt_memory_free_mrs(path);
	if (path->hdrs.va)
		rtrs_clt_pages_destroy(&path->hdrs, path->dev->ib);
	kvfree(path->chunks);
	path->chunks = NULL;
}

static int req_create(struct rtrs_clt_session *session, struct rtrs_req *req, u32 slot)
{
	atomic_long_set(&req->owner, 0);
	req->slot = slot;
	req->send_cqe.done = rtrs_clt_send_done;
	req->inv_cqe.done = rtrs_clt_inv_done;
	req->wrs = kcalloc(session->chain_max, sizeof(*req->wrs), GFP_KERNEL);
	req->sges = kcalloc(session->limits.max_segments + 1, sizeof(*req->sges), GFP_KERNEL);
	return req->wrs && req->sges ? 0 : -ENOMEM;
}

static void reqs_free(struct rtrs_req *reqs, u32 depth)
{
	u32 i;

	for (i = 0; reqs && i < depth; i++) {
		kfree(reqs[i].wrs);
		kfree(reqs[i].sges);
	}
	kvfree(reqs);
}

int rtrs_clt_reqs_create(struct rtrs_clt_session *session, u32 depth)
{
	struct rtrs_req *reqs = kvcalloc(depth, sizeof(*reqs), GFP_KERNEL);
	u8 *messages = kvzalloc((size_t)depth * RTRS_CLT_HDR_STRIDE, GFP_KERNEL);
	u32 i;

	if (!reqs || !messages)
		goto err_free;
	for (i = 0; i < depth; i++)
		if (req_create(session, &reqs[i], i))
			goto err_free;
	session->messages = messages;
	session->limits.queue_depth = depth;
	/* whole: workers of other paths look without the mutex; pairs with slots() */
	smp_store_release(&session->reqs, reqs);
	return 0;

err_free:
	kvfree(messages);
	reqs_free(reqs, depth);
	return -ENOMEM;
}

void rtrs_clt_reqs_destroy(struct rtrs_clt_session *session)
{
	kvfree(session->messages);
	reqs_free(session->reqs, session->limits.queue_depth);
}

int rtrs_clt_recvs_create(struct rtrs_clt_conn *conn, u32 count)
{
	struct rtrs_clt_path *path = conn->path;
	u32 i;

	conn->recv_count = count;
	if (!path->new_rkey)
		return 0;
	conn->recvs = kvcalloc(count, sizeof(*conn->recvs), GFP_KERNEL);
	if (!conn->recvs)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		conn->recvs[i].cqe.done = rtrs_clt_recv_done;
		conn->recvs[i].conn = conn;
	}
	return rtrs_clt_pages_create(&conn->keys, path->dev->ib,
				     (size_t)count * sizeof(struct rtrs_wire_rkey), DMA_FROM_DEVICE);
}

void rtrs_clt_recvs_destroy(struct rtrs_clt_conn *conn)
{
	if (conn->keys.va)
		rtrs_clt_pages_destroy(&conn->keys, conn->path->dev->ib);
	kvfree(conn->recvs);
	conn->recvs = NULL;
	conn->recv_count = 0;
}
