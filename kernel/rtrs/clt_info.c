// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The info exchange: the last step of connecting a path. It tells the server
 * the session's name and brings the addresses and keys of the chunks; after it
 * the receives for replies are posted. Called by the path worker; the two
 * completion handlers only note the result. No locks.
 */
#include "client.h"

#include <linux/slab.h>

#define INFO_MS 10000

static void info_received(struct ib_cq *cq, struct ib_wc *wc)
{
	struct rtrs_clt_conn *conn = wc->qp->qp_context;
	struct rtrs_clt_path *path = conn->path;

	if (wc->status != IB_WC_SUCCESS) {
		rtrs_clt_path_lost(path, RTRS_CAUSE_TRANSPORT_ERROR, -EIO, false);
		return;
	}
	/* a message of any other shape used up the buffer: there will be no answer */
	if (wc->opcode != IB_WC_RECV || wc->wc_flags & (IB_WC_WITH_IMM | IB_WC_WITH_INVALIDATE)) {
		rtrs_clt_path_violation(conn, "something else before the info response");
		return;
	}
	/* pairs with await_response() */
	smp_store_release(&path->info_len, wc->byte_len);
	if (!wc->byte_len)
		rtrs_clt_path_violation(conn, "empty info response");
	wake_up_all(&path->wait);
}

static void info_sent(struct ib_cq *cq, struct ib_wc *wc)
{
	struct rtrs_clt_conn *conn = wc->qp->qp_context;

	rtrs_conn_return_sends(&conn->c, 1);
	if (wc->status != IB_WC_SUCCESS)
		rtrs_clt_path_lost(conn->path, RTRS_CAUSE_TRANSPORT_ERROR, -EIO, false);
}

/* The server closes a path that it does not want; nothing says why. */
static void refused(struct rtrs_why *why)
{
	if (why->cause == RTRS_CAUSE_PEER_CLOSED || why->cause == RTRS_CAUSE_TRANSPORT_ERROR)
		*why = (struct rtrs_why){ RTRS_CAUSE_INFO_REFUSED, -ECONNRESET, true };
}

static int await_response(struct rtrs_clt_path *path, struct rtrs_why *why)
{
	wait_event_timeout(path->wait, READ_ONCE(path->info_len) ||
			   rtrs_clt_path_interrupted(path), msecs_to_jiffies(INFO_MS));
	if (rtrs_clt_path_interruption(path, why)) {
		refused(why);
		return why->error ? why->error : -ECONNABORTED;
	}
	/* pairs with info_received() */
	if (smp_load_acquire(&path->info_len))
		return 0;
	*why = (struct rtrs_why){ RTRS_CAUSE_INFO_TIMEOUT, -ETIMEDOUT, false };
	return why->error;
}

static int take_response(struct rtrs_clt_path *path, struct rtrs_why *why)
{
	struct rtrs_iu *iu = path->info_rsp;
	int ret;

	ib_dma_sync_single_for_cpu(iu->ib, iu->dma, iu->size, iu->dir);
	ret = rtrs_info_rsp_parse(iu->buf, path->info_len, &path->geo, path->chunks);
	if (ret)
		*why = (struct rtrs_why){ RTRS_CAUSE_BAD_INFO, ret, false };
	return ret;
}

/* The buffer stays until the path is torn down: its send may complete after the answer came. */
static int send_request(struct rtrs_clt_path *path)
{
	struct rtrs_conn *c = &path->conns[0].c;
	struct rtrs_iu *iu = rtrs_iu_create(path->dev->ib, sizeof(struct rtrs_wire_info_req),
					    DMA_TO_DEVICE, info_sent);
	int ret;

	if (IS_ERR(iu))
		return PTR_ERR(iu);
	path->info_req = iu;
	ret = rtrs_info_req_build(iu->buf, path->session->name);
	if (ret)
		return ret;
	if (!rtrs_conn_take_sends(c, 1))
		return -ENOSPC;
	ret = rtrs_iu_send(c, iu, sizeof(struct rtrs_wire_info_req), NULL);
	if (ret)
		rtrs_conn_return_sends(c, 1);
	return ret;
}

static int post_all_recvs(struct rtrs_clt_path *path)
{
	u32 i, count;
	int ret = 0;

	for (i = 0; !ret && i < path->conn_count; i++) {
		count = RTRS_CLT_ADMIN_RECVS;
		if (i)
			count = 2 * path->geo.depth + RTRS_CLT_REPOST;
		ret = rtrs_clt_recvs_create(&path->conns[i], count);
		if (!ret)
			ret = rtrs_clt_post_recvs(&path->conns[i]);
	}
	return ret;
}

static int make_response_buffer(struct rtrs_clt_path *path)
{
	struct rtrs_iu *iu = rtrs_iu_create(path->dev->ib, rtrs_info_rsp_max(&path->geo),
					    DMA_FROM_DEVICE, info_received);

	if (IS_ERR(iu))
		return PTR_ERR(iu);
	path->info_rsp = iu;
	path->info_len = 0;
	return rtrs_iu_recv(&path->conns[0].c, iu);
}

int rtrs_clt_info_exchange(struct rtrs_clt_path *path, struct rtrs_why *why)
{
	int ret;

	*why = (struct rtrs_why){ RTRS_CAUSE_NO_RESOURCE, -ENOMEM, false };
	ret = make_response_buffer(path);
	if (ret)
		return ret;
	ret = send_request(path);
	if (!ret)
		ret = await_response(path, why);
	if (!ret)
		ret = take_response(path, why);
	if (ret)
		return ret;
	ret = post_all_recvs(path);
	if (ret)
		*why = (struct rtrs_why){ RTRS_CAUSE_NO_RESOURCE, ret, false };
	return ret;
}
