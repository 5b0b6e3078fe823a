// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Queue pairs, sends and receives of the programs that speak RTRS by hand.
 * Linked to each tool that is a directory. They look for completions now and then and
 * want no events of them: soft RDMA of Linux 6.1 tells of one when the queue is
 * destroyed already.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "verbs.h"

#define BUF_BYTES (RECVS * RECV_BYTES + 2 * CHUNK_MAX)

void die(const char *what)
{
	perror(what);
	exit(1);
}

void misused(const char *what)
{
	fprintf(stderr, "not understood: %s\n", what ? what : "nothing");
	exit(2);
}

long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int make_qp(struct conn *c)
{
	struct ibv_qp_init_attr attr = {
		.cap = {
			.max_send_wr = SENDS, .max_recv_wr = RECVS,
			.max_send_sge = 1, .max_recv_sge = 1,
		},
		.qp_type = IBV_QPT_RC,
		.sq_sig_all = 1,
	};
	int i;

	if (rdma_create_qp(c->id, NULL, &attr))
		return -1;
	c->buf = calloc(1, BUF_BYTES);
	c->mr = c->buf ? rdma_reg_write(c->id, c->buf, BUF_BYTES) : NULL;
	if (!c->mr)
		die("rdma_reg_write");
	for (i = 0; i < RECVS; i++)
		give_back(c, c->buf + i * RECV_BYTES);
	return 0;
}

void drop_conn(struct conn *c)
{
	if (!c->id)
		return;
	if (c->id->qp)
		rdma_destroy_qp(c->id);
	rdma_dereg_mr(c->mr);
	free(c->buf);
	rdma_destroy_id(c->id);
	if (c->events)
		rdma_destroy_event_channel(c->events);
	memset(c, 0, sizeof(*c));
}

int post_and_wait(struct conn *c, struct ibv_send_wr *wr, void *buf, uint32_t len,
		  int (*over)(void *arg), void *arg)
{
	struct ibv_sge sge = { .addr = (uintptr_t)buf, .length = len, .lkey = c->mr->lkey };
	struct ibv_send_wr *bad, *each;
	long start = now_ms();
	struct ibv_wc wc;
	int n, missing = 0;

	if (len) {
		wr->sg_list = &sge;
		wr->num_sge = 1;
	}
	for (each = wr; each; each = each->next)
		missing++;
	if (c->broken || over(arg))
		return ENDED;
	if (ibv_post_send(c->id->qp, wr, &bad))
		die("ibv_post_send");
	while (missing && now_ms() - start < PATIENCE_MS) {
		if (over(arg))
			return ENDED;
		n = ibv_poll_cq(c->id->send_cq, 1, &wc);
		if (n > 0 && wc.status != IBV_WC_SUCCESS) {
			c->broken = 1;
			return ENDED;
		}
		missing -= n > 0;
		if (!n)
			poll(NULL, 0, 1);
	}
	return missing ? NO_ANSWER : 0;
}

int next_message(struct conn *c, struct ibv_wc *wc, char **buf)
{
	if (ibv_poll_cq(c->id->recv_cq, 1, wc) <= 0 || wc->status != IBV_WC_SUCCESS)
		return 0;
	*buf = (char *)(uintptr_t)wc->wr_id;
	return 1;
}

void give_back(struct conn *c, char *buf)
{
	if (rdma_post_recv(c->id, buf, buf, RECV_BYTES, c->mr))
		die("rdma_post_recv");
}
