// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Chunk memory of a session and, for each of its paths, DMA mapping and
 * memory registration. Called by path workers once the client has shown that
 * it can finish a handshake (S10); chunks under session->setup, the rest by
 * the path's own worker. Keys are renewed from srv_reply.c.
 *
 * Where a key may be taken away alone, each chunk has a region of its own: one
 * key never covers two chunks. Without that, regions are as few as possible.
 */
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "server.h"

#define REG_BATCH 16	/* registrations posted by one call */

/* ---- memory ---- */

static int charge_memory(struct rtrs_srv_session *session)
{
	const struct rtrs_geometry *g = &rtrs_srv.geometry;
	u64 bytes = (u64)g->depth * g->chunk_size;
	u64 limit = (u64)totalram_pages() * PAGE_SIZE / 100 * rtrs_srv_params.chunk_memory_percent;

	if ((u64)atomic64_add_return(bytes, &rtrs_srv.chunk_bytes) > limit) {
		atomic64_sub(bytes, &rtrs_srv.chunk_bytes);
		rtrs_warn(session->name, "refused: chunks of all sessions would exceed %u%% of the memory\n",
			  rtrs_srv_params.chunk_memory_percent);
		return -ENOMEM;
	}
	session->chunk_bytes = bytes;
	return 0;
}

static void init_chunk(struct rtrs_srv_session *session, u32 index)
{
	struct rtrs_srv_chunk *chunk = &session->chunks[index];
	struct rtrs_srv_request *rq = &chunk->op.rq;

	INIT_LIST_HEAD(&chunk->waiters);
	chunk->op.inv_cqe.done = rtrs_srv_inv_done;
	rq->slot = index;
	rq->page = chunk->page;
	rq->data = page_address(chunk->page);
	rq->msg = session->msg_area + index * session->msg_stride;
	rq->pdu = session->pdu_area + index * session->pdu_stride;
}

/* Zeroed, so that no byte of somebody else's can ever be read back (rule F). */
static int alloc_pages_of(struct rtrs_srv_session *session)
{
	const struct rtrs_geometry *g = &rtrs_srv.geometry;
	u32 i;

	for (i = 0; i < g->depth; i++) {
		struct page *page = alloc_pages(GFP_KERNEL | __GFP_ZERO | __GFP_COMP |
						__GFP_NOWARN | __GFP_RETRY_MAYFAIL,
						get_order(g->chunk_size));

		if (!page)
			return -ENOMEM;
		session->chunks[i].page = page;
		init_chunk(session, i);
	}
	return 0;
}

int rtrs_srv_chunks_create(struct rtrs_srv_session *session)
{
	u32 depth = rtrs_srv.geometry.depth;
	int ret;

	ret = charge_memory(session);
	if (ret)
		return ret;
	session->msg_stride = ALIGN(max_t(size_t, rtrs_srv.ops->msg_max, 1), L1_CACHE_BYTES);
	session->pdu_stride = ALIGN(max_t(size_t, rtrs_srv.ops->pdu_size, 1), L1_CACHE_BYTES);
	session->chunks = kvcalloc(depth, sizeof(*session->chunks), GFP_KERNEL);
	session->msg_area = kvcalloc(depth, session->msg_stride, GFP_KERNEL);
	session->pdu_area = kvcalloc(depth, session->pdu_stride, GFP_KERNEL);
	ret = -ENOMEM;
	if (session->chunks && session->msg_area && session->pdu_area)
		ret = alloc_pages_of(session);
	if (ret)
		rtrs_srv_chunks_destroy(session);
	return ret;
}

void rtrs_srv_chunks_destroy(struct rtrs_srv_session *session)
{
	u32 i;

	for (i = 0; session->chunks && i < rtrs_srv.geometry.depth; i++)
		if (session->chunks[i].page)
			__free_pages(session->chunks[i].page,
				     get_order(rtrs_srv.geometry.chunk_size));
	kvfree(session->chunks);
	kvfree(session->msg_area);
	kvfree(session->pdu_area);
	session->chunks = NULL;
	session->msg_area = NULL;
	session->pdu_area = NULL;
	atomic64_sub(session->chunk_bytes, &rtrs_srv.chunk_bytes);
	session->chunk_bytes = 0;
}

/* ---- mapping and regions of a path ---- */

static int map_slots(struct rtrs_srv_path *path)
{
	struct ib_device *ib = path->dev->ib;
	struct rtrs_srv_slot *slot;
	u32 i;

	path->slots = kvcalloc(rtrs_srv.geometry.depth, sizeof(*path->slots), GFP_KERNEL);
	if (!path->slots)
		return -ENOMEM;
	for (i = 0; i < rtrs_srv.geometry.depth; i++) {
		slot = &path->slots[i];
		slot->dma = ib_dma_map_page(ib, path->session->chunks[i].page, 0,
					    rtrs_srv.geometry.chunk_size, DMA_BIDIRECTIONAL);
		if (ib_dma_mapping_error(ib, slot->dma))
			return -ENOMEM;
		path->slots_mapped++;
	}
	return 0;
}

/* The largest page the device takes that every chunk is aligned to. */
static u32 region_page_size(const struct rtrs_srv_path *path)
{
	u32 size = rtrs_srv.geometry.chunk_size;
	u64 low_bits = 0;
	u32 i;

	for (i = 0; i < rtrs_srv.geometry.depth; i++)
		low_bits |= path->slots[i].dma;
	for (; size > SZ_4K; size >>= 1)
		if (path->dev->ib->attrs.page_size_cap & size && !(low_bits & (size - 1)))
			break;
	return size;
}

/* As few regions as the device allows; the wire wants the depth divisible by their number. */
static u32 region_count(const struct rtrs_srv_path *path, u32 chunk_pages)
{
	u32 depth = rtrs_srv.geometry.depth;
	u32 fit = path->dev->ib->attrs.max_fast_reg_page_list_len / chunk_pages;
	u32 count = 1;

	if (!fit)
		return 0;
	if (path->new_rkey)
		return depth;
	while (depth % count || depth / count > fit)
		count++;
	return count;
}

static int fill_region(struct rtrs_srv_path *path, struct ib_mr *mr, u32 first, u32 count,
		       u32 page_size)
{
	u32 chunk_size = rtrs_srv.geometry.chunk_size;
	struct scatterlist *sg;
	struct sg_table table;
	u32 i;
	int ret;

	ret = sg_alloc_table(&table, count, GFP_KERNEL);
	if (ret)
		return ret;
	for_each_sg(table.sgl, sg, count, i) {
		sg_set_page(sg, path->session->chunks[first + i].page, chunk_size, 0);
		sg_dma_address(sg) = path->slots[first + i].dma;
		sg_dma_len(sg) = chunk_size;
	}
	ret = ib_map_mr_sg(mr, table.sgl, count, NULL, page_size);
	sg_free_table(&table);
	if (ret < 0)
		return ret;
	return ret == count ? 0 : -EINVAL;
}

static int create_regions(struct rtrs_srv_path *path)
{
	u32 page_size = region_page_size(path);
	u32 chunk_pages = rtrs_srv.geometry.chunk_size / page_size;
	u32 count = region_count(path, chunk_pages);
	u32 chunks, i;
	struct ib_mr *mr;
	int ret;

	if (!count)
		return -EOPNOTSUPP;
	chunks = rtrs_srv.geometry.depth / count;
	path->mrs = kvcalloc(count, sizeof(*path->mrs), GFP_KERNEL);
	if (!path->mrs)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		mr = ib_alloc_mr(path->dev->pd, IB_MR_TYPE_MEM_REG, chunks * chunk_pages);
		if (IS_ERR(mr))
			return PTR_ERR(mr);
		path->mrs[i] = mr;
		path->mr_count++;
		if (path->new_rkey)
			path->slots[i].mr = mr;
		ret = fill_region(path, mr, i * chunks, chunks, page_size);
		if (ret)
			return ret;
		ib_update_fast_reg_key(mr, ib_inc_rkey(mr->rkey));
	}
	return 0;
}

/* ---- registration ---- */

static void registered(struct ib_cq *cq, struct ib_wc *wc)
{
	struct rtrs_srv_path *path = container_of(wc->wr_cqe, struct rtrs_srv_path, reg_cqe);

	if (wc->status != IB_WC_SUCCESS)
		path->reg_error = -EIO;
	complete(&path->reg_done);
}

/* The last one of a chain is signalled; local work, so this wait is short. */
static int register_some(struct rtrs_srv_path *path, u32 first, u32 count)
{
	struct ib_reg_wr regs[REG_BATCH];
	int ret;
	u32 i;

	for (i = 0; i < count; i++)
		regs[i] = (struct ib_reg_wr) {
			.wr = {
				.next = i + 1 < count ? &regs[i + 1].wr : NULL,
				.wr_cqe = &path->reg_cqe,
				.opcode = IB_WR_REG_MR,
				.send_flags = i + 1 < count ? 0 : IB_SEND_SIGNALED,
			},
			.mr = path->mrs[first + i],
			.key = path->mrs[first + i]->rkey,
			.access = IB_ACCESS_LOCAL_WRITE | IB_ACCESS_REMOTE_WRITE,
		};
	ret = ib_post_send(path->conns[0]->core.qp, &regs[0].wr, NULL);
	if (ret)
		return ret;
	wait_for_completion(&path->reg_done);
	return path->reg_error;
}

static int register_all(struct rtrs_srv_path *path)
{
	u32 batch = min_t(u32, REG_BATCH, path->conns[0]->core.send_wrs);
	u32 i;
	int ret = 0;

	init_completion(&path->reg_done);
	path->reg_cqe.done = registered;
	for (i = 0; i < path->mr_count && !ret; i += batch)
		ret = register_some(path, i, min(batch, path->mr_count - i));
	return ret;
}

/* One message per slot, rewritten only when its key changes. */
static int build_rkeys(struct rtrs_srv_path *path)
{
	u32 depth = rtrs_srv.geometry.depth;
	struct rtrs_iu *iu;
	u32 i;

	if (!path->new_rkey)
		return 0;
	iu = rtrs_iu_create(path->dev->ib, depth * sizeof(*path->rkeys), DMA_TO_DEVICE, NULL);
	if (IS_ERR(iu))
		return PTR_ERR(iu);
	path->rkey_iu = iu;
	path->rkeys = iu->buf;
	for (i = 0; i < depth; i++)
		rtrs_rkey_build(&path->rkeys[i], i, path->slots[i].mr->rkey);
	ib_dma_sync_single_for_device(iu->ib, iu->dma, iu->size, iu->dir);
	return 0;
}

int rtrs_srv_chunks_map(struct rtrs_srv_path *path)
{
	int ret;

	ret = map_slots(path);
	if (!ret)
		ret = create_regions(path);
	if (!ret)
		ret = build_rkeys(path);
	if (!ret)
		ret = register_all(path);
	return ret;
}

/*
 * What came by this path was synced when it came. Syncing the whole chunk now,
 * as ib_dma_unmap_page() does, would put what this path's bounce buffer has over
 * the data of other paths, which are using the chunk.
 */
static void unmap_chunk(struct ib_device *ib, u64 dma)
{
	if (!ib_uses_virt_dma(ib))
		dma_unmap_page_attrs(ib->dma_device, dma, rtrs_srv.geometry.chunk_size,
				     DMA_BIDIRECTIONAL, DMA_ATTR_SKIP_CPU_SYNC);
}

void rtrs_srv_chunks_unmap(struct rtrs_srv_path *path)
{
	u32 i;

	for (i = 0; i < path->mr_count; i++)
		ib_dereg_mr(path->mrs[i]);
	path->mr_count = 0;
	kvfree(path->mrs);
	path->mrs = NULL;
	rtrs_iu_destroy(path->rkey_iu);
	path->rkey_iu = NULL;
	path->rkeys = NULL;
	for (i = 0; i < path->slots_mapped; i++)
		unmap_chunk(path->dev->ib, path->slots[i].dma);
	path->slots_mapped = 0;
	kvfree(path->slots);
	path->slots = NULL;
}

void rtrs_srv_slot_next_key(struct rtrs_srv_path *path, u32 index)
{
	struct ib_mr *mr = path->slots[index].mr;
	size_t off = index * sizeof(*path->rkeys);

	ib_update_fast_reg_key(mr, ib_inc_rkey(mr->rkey));
	rtrs_rkey_build(&path->rkeys[index], index, mr->rkey);
	ib_dma_sync_single_for_device(path->rkey_iu->ib, path->rkey_iu->dma + off,
				      sizeof(*path->rkeys), DMA_TO_DEVICE);
	rtrs_count(&rtrs_srv.opc, RTRS_OPC_DMA_SYNC, 1);
}
