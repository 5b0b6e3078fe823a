// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a server has to do, done well: the info exchange, heartbeats, the ends
 * of paths, and requests, whose answers an act may take over.
 */
#include <stdlib.h>

#include "server.h"

static char disk[SECTORS * 512];

/* Each 4 KiB block says its number, in lines of 16 bytes. */
void fill_disk(void)
{
	char line[17];
	size_t at;

	for (at = 0; at < sizeof(disk); at += 16) {
		snprintf(line, sizeof(line), "block %9zu\n", at / 4096);
		memcpy(disk + at, line, 16);
	}
}

/* ---- messages ---- */

int post(struct conn *c, struct ibv_send_wr *wr, const void *buf, uint32_t len)
{
	if (!c->id || len > CHUNK_MAX)
		return ENDED;
	if (len)
		memcpy(send_area(c), buf, len);
	return post_and_wait(c, wr, send_area(c), len, conn_over, c);
}

int say_imm(struct path *p, int cid, uint32_t type, uint32_t payload)
{
	struct ibv_send_wr wr = {
		.opcode = IBV_WR_RDMA_WRITE_WITH_IMM,
		.imm_data = htobe32(rtrs_imm_pack(type, payload)),
	};

	return post(&p->conns[cid], &wr, NULL, 0);
}

int say_often(struct path *p, int cid, uint32_t type, uint32_t payload, int times)
{
	struct ibv_send_wr wrs[SENDS];
	int i, n, ret = 0;

	for (; !ret && times > 0; times -= n) {
		n = times < SENDS ? times : SENDS;
		for (i = 0; i < n; i++)
			wrs[i] = (struct ibv_send_wr){
				.opcode = IBV_WR_RDMA_WRITE_WITH_IMM,
				.imm_data = htobe32(rtrs_imm_pack(type, payload)),
				.next = i + 1 < n ? &wrs[i + 1] : NULL,
			};
		ret = post(&p->conns[cid], wrs, NULL, 0);
	}
	return ret;
}

int say_send(struct path *p, int cid, const uint32_t *imm, const void *buf, uint32_t len)
{
	struct ibv_send_wr wr = { .opcode = imm ? IBV_WR_SEND_WITH_IMM : IBV_WR_SEND };

	if (imm)
		wr.imm_data = htobe32(*imm);
	return post(&p->conns[cid], &wr, buf, len);
}

int invalidate(struct path *p, int cid, uint32_t key)
{
	struct ibv_send_wr wr = { .opcode = IBV_WR_SEND_WITH_INV, .invalidate_rkey = key };

	return post(&p->conns[cid], &wr, NULL, 0);
}

int put(struct path *p, int cid, uint64_t addr, uint32_t key, const void *buf, uint32_t len)
{
	struct ibv_send_wr wr = { .opcode = IBV_WR_RDMA_WRITE };

	wr.wr.rdma.remote_addr = addr;
	wr.wr.rdma.rkey = key;
	return post(&p->conns[cid], &wr, buf, len);
}

int final(struct path *p, int cid, uint32_t slot, int error, int inv)
{
	uint32_t imm = rtrs_imm_response(slot, error, inv);
	struct rtrs_wire_rkey key;

	if (!new_keys)
		return say_imm(p, cid, imm >> RTRS_WIRE_IMM_BITS, imm & RTRS_WIRE_IMM_PAYLOAD);
	rtrs_rkey_build(&key, slot, p->mr->rkey);
	return say_send(p, cid, &imm, &key, sizeof(key));
}

/* ---- answers ---- */

void put_data(struct request *r)
{
	uint32_t len = r->len < r->io.lent.len ? r->len : r->io.lent.len;

	if (r->io.has_desc && !r->error && len)
		put(r->path, r->cid, r->io.lent.addr, r->io.lent.rkey, r->data, len);
}

/* In one chain: a client that is far away would make three round trips of it. */
void answer(struct request *r)
{
	struct conn *c = &r->path->conns[r->cid];
	uint32_t len = r->len < r->io.lent.len ? r->len : r->io.lent.len;
	uint32_t imm = rtrs_imm_response(r->slot, r->error, r->io.need_inval);
	struct rtrs_wire_rkey *key;
	struct ibv_sge sge;
	struct ibv_send_wr wrs[] = {
		{ .opcode = IBV_WR_RDMA_WRITE },
		{ .opcode = IBV_WR_SEND_WITH_INV, .invalidate_rkey = r->io.lent.rkey },
		{ .opcode = IBV_WR_RDMA_WRITE_WITH_IMM, .imm_data = htobe32(imm) },
	};
	int first = 0;

	if (!c->id)
		return;
	if (new_keys) {
		key = (void *)(send_area(c) + CHUNK);
		rtrs_rkey_build(key, r->slot, r->path->mr->rkey);
		sge = (struct ibv_sge){ (uintptr_t)key, sizeof(*key), c->mr->lkey };
		wrs[2].opcode = IBV_WR_SEND_WITH_IMM;
		wrs[2].sg_list = &sge;
		wrs[2].num_sge = 1;
	}
	wrs[0].wr.rdma.remote_addr = r->io.lent.addr;
	wrs[0].wr.rdma.rkey = r->io.lent.rkey;
	wrs[0].next = &wrs[1];
	wrs[1].next = &wrs[2];
	if (!r->io.need_inval)
		wrs[0].next = &wrs[2];
	if (!r->io.has_desc || r->error || !len)
		first = r->io.need_inval ? 1 : 2;
	if (first)
		post_and_wait(c, &wrs[first], send_area(c), 0, conn_over, c);
	else
		post(c, &wrs[0], r->data, len);
}

static void session_info(struct request *r)
{
	const struct session *s = r->path->session;
	struct rnbd_wire_sess_info rsp = {
		.hdr.type = htole16(RNBD_WIRE_SESS_INFO_RSP),
		.version = RNBD_WIRE_MAJOR,
	};

	r->data = &rsp;
	r->len = sizeof(rsp);
	if (s->act && s->act->greet)
		s->act->greet(r);
	else
		answer(r);
}

static void opened(struct request *r)
{
	struct session *s = r->path->session;
	const struct rnbd_dev_info info = {
		.device_id = s->devices++,
		.nsectors = SECTORS,
		.max_hw_sectors = geo.io_size / 512,
		.physical_block_size = 4096,
		.logical_block_size = 512,
		.max_segments = 1,
	};
	struct rnbd_wire_open_rsp rsp;
	const struct act *act;

	rnbd_open_rsp_build(&rsp, &info);
	r->data = &rsp;
	r->len = sizeof(rsp);
	act = s->act && s->act->open ? take_act(s) : NULL;
	if (act)
		act->open(r);
	else
		answer(r);
}

static void io(struct request *r, const void *msg)
{
	size_t at;

	r->error = rnbd_io_parse(msg, r->io.msg_len, r->io.read, r->io.data_len, &r->what);
	at = r->what.sector * 512;
	if (!r->error && (r->what.sector > SECTORS || r->what.bytes > sizeof(disk) - at))
		r->error = -EINVAL;
	if (!r->error && r->what.op == RNBD_WIRE_OP_WRITE)
		memcpy(disk + at, r->chunk, r->what.bytes);
	if (!r->error && r->what.op == RNBD_WIRE_OP_READ) {
		r->data = disk + at;
		r->len = r->what.bytes;
	}
	if (!act_on_io(r))
		answer(r);
}

static void serve_request(struct path *p, int cid, uint32_t payload)
{
	struct request r = { .path = p, .cid = cid };
	uint32_t off, avail;
	const char *msg;

	if (!p->mr || rtrs_imm_request_parse(&geo, payload, &r.slot, &off))
		misused("the client's immediate");
	r.chunk = p->session->chunks + r.slot * CHUNK;
	avail = CHUNK - off < RTRS_WIRE_READ_HDR_MAX ? CHUNK - off : RTRS_WIRE_READ_HDR_MAX;
	if (rtrs_io_parse(&geo, off, r.chunk + off, avail, &r.io))
		misused("the client's header");
	msg = r.chunk + r.io.msg_off;
	switch (rnbd_msg_type(msg, r.io.msg_len)) {
	case RNBD_WIRE_SESS_INFO:
		return session_info(&r);
	case RNBD_WIRE_OPEN:
		return opened(&r);
	case RNBD_WIRE_IO:
		return io(&r, msg);
	case RNBD_WIRE_CLOSE:
		printf("%s: closed\n", p->session->name);
		return answer(&r);
	default:
		misused("the client's message");
	}
}

/* ---- the rest ---- */

void good_info(struct path *p)
{
	char buf[sizeof(struct rtrs_wire_info_rsp) + sizeof(struct rtrs_wire_desc)];

	rtrs_info_rsp_build(buf, 1);
	rtrs_info_rsp_set(buf, 0, (uintptr_t)p->session->chunks, p->mr->rkey, DEPTH * CHUNK);
	say_send(p, 0, NULL, buf, sizeof(buf));
}

static void serve_info(struct path *p, const char *buf, uint32_t len)
{
	struct session *s = p->session;
	const struct act *act;

	if (p->mr || rtrs_info_req_parse(buf, len, s->name))
		misused("the client's info request");
	p->mr = ibv_reg_mr(p->conns[0].id->pd, s->chunks, DEPTH * CHUNK,
			   IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE);
	if (!p->mr)
		die("ibv_reg_mr");
	find_act(s);
	act = s->act && s->act->info ? take_act(s) : NULL;
	if (act)
		act->info(p, act);
	else
		good_info(p);
}

void serve_message(struct path *p, int cid, const struct ibv_wc *wc, const char *buf)
{
	struct rtrs_imm imm = rtrs_imm_unpack(be32toh(wc->imm_data));

	if (!(wc->wc_flags & IBV_WC_WITH_IMM))
		return serve_info(p, buf, wc->byte_len);
	switch (imm.type) {
	case RTRS_WIRE_IMM_REQUEST:
		return serve_request(p, cid, imm.payload);
	case RTRS_WIRE_IMM_HB:
		say_imm(p, 0, RTRS_WIRE_IMM_HB_ACK, 0);
		return;
	case RTRS_WIRE_IMM_HB_ACK:
		return;
	case RTRS_WIRE_IMM_PATH_END:
		return end_asked(p, imm.payload);
	default:
		misused("the client's immediate");
	}
}
