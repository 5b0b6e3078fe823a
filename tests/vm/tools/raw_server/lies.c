// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Info responses and open responses that cannot be. The names in the tables
 * below are those of sessions; some take -NUMBER behind them.
 */
#include <stdlib.h>

#include "server.h"

#define LEN(descs)	(sizeof(struct rtrs_wire_info_rsp) + (descs) * sizeof(struct rtrs_wire_desc))
#define ALL		(DEPTH * CHUNK)

/* ---- C5: info responses ---- */

static const struct info {
	uint16_t type;
	uint16_t count;		/* as told */
	uint16_t descs;		/* that are there */
	uint32_t len;		/* of each */
	uint32_t bytes;		/* of the message */
	uint64_t addr;		/* 0: the chunks' */
} infos[] = {
	{ RTRS_WIRE_INFO_REQ, 1, 1, ALL, LEN(1), 0 },
	{ RTRS_WIRE_INFO_RSP, 0, 0, ALL, LEN(0), 0 },
	{ RTRS_WIRE_INFO_RSP, DEPTH + 1, DEPTH, CHUNK, LEN(DEPTH), 0 },
	{ RTRS_WIRE_INFO_RSP, 65535, DEPTH, CHUNK, LEN(DEPTH), 0 },
	{ RTRS_WIRE_INFO_RSP, 3, 3, CHUNK, LEN(3), 0 },
	{ RTRS_WIRE_INFO_RSP, DEPTH, DEPTH, CHUNK, LEN(DEPTH) - 1, 0 },
	{ RTRS_WIRE_INFO_RSP, DEPTH, 0, CHUNK, LEN(0) - 1, 0 },
	{ RTRS_WIRE_INFO_RSP, 1, 1, ALL, 2, 0 },
	{ RTRS_WIRE_INFO_RSP, 1, 1, 0, LEN(1), 0 },
	{ RTRS_WIRE_INFO_RSP, 1, 1, ALL - 1, LEN(1), 0 },
	{ RTRS_WIRE_INFO_RSP, 1, 1, ALL - CHUNK, LEN(1), 0 },
	{ RTRS_WIRE_INFO_RSP, 2, 2, ALL, LEN(2), 0 },
	{ RTRS_WIRE_INFO_RSP, DEPTH, DEPTH, 0x80000000, LEN(DEPTH), 0 },
	{ RTRS_WIRE_INFO_RSP, 1, 1, 0xffffc000, LEN(1), 0 },
	{ RTRS_WIRE_INFO_RSP, 1, 1, ALL, LEN(1), -(uint64_t)CHUNK },
	/* no message that the client could read */
	{ RTRS_WIRE_INFO_RSP, DEPTH, DEPTH, CHUNK, 0, 0 },
	{ RTRS_WIRE_INFO_RSP, DEPTH, DEPTH, CHUNK, LEN(DEPTH + 1), 0 },
};

#define INFOS (sizeof(infos) / sizeof(*infos))

static void lie_info(struct path *p, const struct act *act)
{
	const struct info *info = &infos[(size_t)p->session->number % INFOS];
	struct rtrs_wire_info_rsp *rsp;
	char buf[LEN(DEPTH + 1)] = { };
	uint64_t addr = info->addr;
	int i;

	(void)act;
	if (!addr)
		addr = (uintptr_t)p->session->chunks;
	rtrs_info_rsp_build(buf, info->count);
	rsp = (void *)buf;
	rsp->type = htole16(info->type);
	for (i = 0; i < info->descs; i++)
		rtrs_info_rsp_set(buf, i, addr, p->mr->rkey, info->len);
	say_send(p, 0, NULL, buf, info->bytes);
}

/* Instead of it, or after it. */
static void strange_info(struct path *p, const struct act *act)
{
	uint32_t imm = 0;
	char buf[LEN(1)] = { };

	if (act->number == 't') {
		good_info(p);
		good_info(p);
	} else if (act->number == 'i') {
		say_imm(p, 0, RTRS_WIRE_IMM_RESPONSE, 0);
	} else {
		say_send(p, 0, &imm, buf, sizeof(buf));
	}
}

/* ---- C14: open responses ---- */

#define AT(member)	offsetof(struct rnbd_wire_open_rsp, member)

/* Up to two fields of a good one are something else. */
static const struct open {
	const char *name;
	struct {
		size_t at;
		int bytes;
		uint64_t value;
	} fields[2];
} opens[] = {
	{ "open-nothing", { { AT(nsectors), 8, 0 } } },
	{ "open-all", { { AT(nsectors), 8, -1ULL } } },
	{ "open-vast", { { AT(nsectors), 8, (1ULL << 54) + 8 } } },
	{ "open-limit", { { AT(nsectors), 8, 1ULL << 54 } } },
	{ "open-large", { { AT(nsectors), 8, (1ULL << 54) - 8 } } },
	{ "open-odd", { { AT(nsectors), 8, SECTORS + 1 }, { AT(logical_block_size), 2, 4096 } } },
	{ "open-block", { { AT(logical_block_size), 2, 0 } } },		/* or -NUMBER */
	{ "open-physical", { { AT(physical_block_size), 2, 0 } } },
	{ "open-less", { { AT(physical_block_size), 2, 512 }, { AT(logical_block_size), 2, 4096 } } },
	{ "open-grain", { { AT(max_discard_sectors), 4, 8 }, { AT(discard_granularity), 4, 0 } } },
	{ "open-discard", { { AT(max_discard_sectors), 4, -1U }, { AT(discard_granularity), 4, 0 } } },
	{ "open-type", { { AT(hdr.type), 2, RNBD_WIRE_SESS_INFO_RSP } } },
	{ "open-same", { { AT(device_id), 4, 7 } } },
};

#define OPENS (sizeof(opens) / sizeof(*opens))

static void lie_open(struct request *r)
{
	const struct session *s = r->path->session;
	const struct open *open = &opens[s->act->number];
	struct rnbd_wire_open_rsp rsp;
	uint64_t value;
	int i;

	memcpy(&rsp, r->data, sizeof(rsp));
	for (i = 0; i < 2; i++) {
		value = open->fields[i].value;
		if (!value && open->fields[i].bytes && s->number)
			value = s->number;
		value = htole64(value);
		memcpy((char *)&rsp + open->fields[i].at, &value, open->fields[i].bytes);
	}
	r->data = &rsp;
	answer(r);
}

/* Of other length: as many bytes as the session's number says, more than are wanted too. */
static void cut_open(struct request *r)
{
	char buf[4096] = { };

	memcpy(buf, r->data, r->len);
	if (r->path->session->number)
		put(r->path, r->cid, r->io.lent.addr, r->io.lent.rkey, buf,
		    r->path->session->number % sizeof(buf));
	r->len = 0;
	answer(r);
}

static void open_elsewhere(struct request *r)
{
	put_data(r);
	invalidate(r->path, 1, r->io.lent.rkey);
	final(r->path, 1, r->slot, 0, 1);
}

static void open_twice(struct request *r)
{
	answer(r);
	final(r->path, 0, r->slot, 0, 1);
}

static void refuse(struct request *r)
{
	r->error = -r->path->session->number;
	answer(r);
}

/* The first time it is opened. */
static void refuse_reopen(struct request *r)
{
	if (r->path->session->acted == 1)
		answer(r);
	else
		refuse(r);
}

#define OPEN(n, index)	{ .name = (n), .open = lie_open, .times = 1, .number = (index) }

const struct act lie_acts[] = {
	{ .name = "info", .info = lie_info },
	{ .name = "info-twice", .info = strange_info, .times = 1, .number = 't' },
	{ .name = "info-imm", .info = strange_info, .number = 'i' },
	{ .name = "info-sent-imm", .info = strange_info },
	OPEN("open-nothing", 0),
	OPEN("open-all", 1),
	OPEN("open-vast", 2),
	OPEN("open-limit", 3),
	OPEN("open-large", 4),
	OPEN("open-odd", 5),
	OPEN("open-block", 6),
	OPEN("open-physical", 7),
	OPEN("open-less", 8),
	OPEN("open-grain", 9),
	OPEN("open-discard", 10),
	OPEN("open-type", 11),
	{ .name = "open-same", .open = lie_open, .number = 12 },
	{ .name = "open-bytes", .open = cut_open, .times = 1 },
	{ .name = "open-elsewhere", .open = open_elsewhere, .times = 1 },
	{ .name = "open-twice", .open = open_twice, .times = 1 },
	{ .name = "open-errno", .open = refuse },
	{ .name = "reopen-errno", .open = refuse_reopen, .times = 2 },
	{ .name = "greet-errno", .greet = refuse },
	{ }
};
