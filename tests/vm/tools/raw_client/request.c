// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests inside an established session, as they should be or as they should
 * not, and what the server answers. A request is put together in the send area
 * as it stands in the chunk: data, message, header.
 */
#include <ctype.h>
#include <endian.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../../include/wire/rnbd_proto.h"
#include "raw.h"

#define UNSET		-1	/* a number that the tester leaves to us */
#define PENDING		-3	/* no answer so far */
#define ENDS_BURST	258	/* as the server's, and two that came in between */
#define ENDS_RATE	500
#define FLOOD_MS	10000	/* other paths of this client say nothing meanwhile */
#define BEAT_MS		4	/* between answers to heartbeats there are 10, or two ticks of the slowest clock */

struct message {
	union {
		struct rnbd_wire_hdr hdr;
		struct rnbd_wire_sess_info info;
		struct rnbd_wire_open open;
		struct rnbd_wire_close close;
		struct rnbd_wire_io io;
	};
	uint32_t len;
	uint32_t data;		/* bytes in front of it */
	int cid;
	int words;
};

#define MESSAGE_MAX offsetof(struct message, len)

/* Where a request differs from what it should be; words as in main.c. */
struct how {
	long conn, slot, data, room, len, type, count, flags, off, key, nowait;
};

static const struct {
	const char *name;
	size_t at;
} how_words[] = {
	{ "conn", offsetof(struct how, conn) },
	{ "slot", offsetof(struct how, slot) },
	{ "data", offsetof(struct how, data) },
	{ "room", offsetof(struct how, room) },
	{ "len", offsetof(struct how, len) },
	{ "type", offsetof(struct how, type) },
	{ "count", offsetof(struct how, count) },
	{ "flags", offsetof(struct how, flags) },
	{ "off", offsetof(struct how, off) },
	{ "key", offsetof(struct how, key) },
	{ "nowait", offsetof(struct how, nowait) },
};

#define HOW_WORDS (sizeof(how_words) / sizeof(*how_words))

static void parse_how(const char *text, struct how *how)
{
	size_t i, n;

	memset(how, 0xff, sizeof(*how));	/* UNSET */
	if (!strcmp(text, "-"))
		return;
	while (*text) {
		n = strcspn(text, "=,");
		for (i = 0; i < HOW_WORDS; i++)
			if (strlen(how_words[i].name) == n && !strncmp(text, how_words[i].name, n))
				break;
		if (i == HOW_WORDS)
			misused(text);
		*(long *)((char *)how + how_words[i].at) = text[n] == '=' ? atol(text + n + 1) : 1;
		text += strcspn(text, ",");
		text += strspn(text, ",");
	}
}

static long or_else(long value, long otherwise)
{
	return value == UNSET ? otherwise : value;
}

/* ---- messages ---- */

/* @P: the device that path P opened last. */
static uint32_t device_id(const char *word)
{
	if (*word == '@' && word[1] >= '0' && word[1] <= '9')
		return paths[word[1] - '0'].device;
	return strtoul(word, NULL, 0);
}

static void session_message(struct message *m, char **args)
{
	m->info.hdr.type = htole16(RNBD_WIRE_SESS_INFO);
	m->info.version = atoi(args[1]);
	m->len = sizeof(m->info);
	m->data = sizeof(struct rnbd_wire_sess_info);
}

static void open_message(struct message *m, char **args)
{
	const char *access = args[2];

	m->open.hdr.type = htole16(RNBD_WIRE_OPEN);
	/* one as long as the field has no end */
	memcpy(m->open.name, args[1], strnlen(args[1], sizeof(m->open.name)));
	if (!strcmp(access, "ro"))
		m->open.access = RNBD_WIRE_RO;
	else if (!strcmp(access, "rw"))
		m->open.access = RNBD_WIRE_RW;
	else
		m->open.access = atoi(access);
	m->len = sizeof(m->open);
	m->data = sizeof(struct rnbd_wire_open_rsp);
}

static void close_message(struct message *m, char **args)
{
	m->close.hdr.type = htole16(RNBD_WIRE_CLOSE);
	m->close.device_id = htole32(device_id(args[1]));
	m->len = sizeof(m->close);
}

static void io_message(struct message *m, char **args)
{
	uint32_t rw = strtoul(args[1], NULL, 0);
	uint32_t op = rw & RNBD_WIRE_OP_MASK;

	m->io.hdr.type = htole16(RNBD_WIRE_IO);
	m->io.device_id = htole32(device_id(args[2]));
	m->io.sector = htole64(strtoull(args[3], NULL, 0));
	m->io.rw = htole32(rw);
	m->io.bytes = htole32(strtoul(args[4], NULL, 0));
	m->len = sizeof(m->io);
	if (op == RNBD_WIRE_OP_READ || op == RNBD_WIRE_OP_WRITE)
		m->data = le32toh(m->io.bytes);
	m->cid = 1;
}

static void bytes_message(struct message *m, char **args)
{
	m->hdr.type = htole16(atoi(args[1]));
	m->len = atoi(args[2]);
}

static const struct {
	const char *name;
	int words;
	void (*make)(struct message *m, char **args);
} messages[] = {
	{ "session", 2, session_message },
	{ "open", 3, open_message },
	{ "close", 2, close_message },
	{ "io", 5, io_message },
	{ "bytes", 3, bytes_message },
};

#define MESSAGES (sizeof(messages) / sizeof(*messages))

static void parse_message(char **args, struct message *m)
{
	size_t i;
	int n;

	memset(m, 0, sizeof(*m));
	for (i = 0; args[0] && i < MESSAGES; i++) {
		if (strcmp(args[0], messages[i].name))
			continue;
		for (n = 1; n < messages[i].words; n++)
			if (!args[n])
				misused(args[0]);
		m->words = n;
		messages[i].make(m, args);
		return;
	}
	misused(args[0]);
}

/* ---- answers ---- */

void learn_chunks(struct path *p, const char *buf, uint32_t len)
{
	const struct rtrs_wire_info_rsp *rsp = (const void *)buf;
	const struct rtrs_wire_desc *desc = (const void *)(rsp + 1);
	const struct rtrs_wire_conn_rsp *offer = &p->conns[0].rsp;
	uint32_t count, i, k, n = 0;

	p->depth = le16toh(offer->queue_depth);
	p->chunk_size = le32toh(offer->max_io_size) + le32toh(offer->max_hdr_size);
	for (p->off_bits = RTRS_WIRE_IMM_BITS; 1U << (RTRS_WIRE_IMM_BITS - p->off_bits) < p->depth;)
		p->off_bits--;
	free(p->chunks);
	p->chunks = calloc(p->depth, sizeof(*p->chunks));
	count = len < sizeof(*rsp) ? 0 : le16toh(rsp->desc_count);
	if (!p->chunks || p->chunk_size > CHUNK_MAX || len < sizeof(*rsp) + count * sizeof(*desc))
		misused("the info response");
	for (i = 0; i < count; i++)
		for (k = 0; k < le32toh(desc[i].len) / p->chunk_size && n < p->depth; k++, n++) {
			p->chunks[n].addr = le64toh(desc[i].addr) + k * p->chunk_size;
			p->chunks[n].rkey = le32toh(desc[i].rkey);
		}
	if (n != p->depth)
		misused("the info response");
}

static void take(struct path *p, const struct ibv_wc *wc, const char *buf)
{
	uint32_t imm = be32toh(wc->imm_data);
	uint32_t payload = imm & RTRS_WIRE_IMM_PAYLOAD;
	uint32_t slot = payload & ((1U << RTRS_WIRE_IMM_SLOT_BITS) - 1);
	const struct rtrs_wire_rkey *key = (const void *)buf;

	if (!(wc->wc_flags & IBV_WC_WITH_IMM))
		return;
	switch (imm >> RTRS_WIRE_IMM_BITS) {
	case RTRS_WIRE_IMM_RESPONSE:
	case RTRS_WIRE_IMM_RESPONSE_INV:
		if (slot >= p->depth)
			misused("the slot of an answer");
		p->chunks[slot].answer = payload >> RTRS_WIRE_IMM_SLOT_BITS;
		if (wc->opcode == IBV_WC_RECV && wc->byte_len >= sizeof(*key))
			p->chunks[slot].rkey = le32toh(key->rkey);
		break;
	case RTRS_WIRE_IMM_HB_ACK:
		p->beats_answered++;
		break;
	case RTRS_WIRE_IMM_PATH_END_ACK:
		p->ends_answered++;
		p->over = payload;
		break;
	}
}

/* Takes whatever came, waits up to @ms for more. */
static void receive(struct path *p, long ms)
{
	struct ibv_wc wc;
	char *buf;
	int i;

	for (i = 0; i < CONNS; i++)
		while (next_message(&p->conns[i], &wc, &buf)) {
			take(p, &wc, buf);
			give_back(&p->conns[i], buf);
			ms = 0;
		}
	if (ms)
		next_event(&p->conns[0], ms);
}

static int await_answer(struct path *p, uint32_t slot)
{
	long start = now_ms();

	do {
		receive(p, 1);
		if (p->chunks[slot].answer != PENDING)
			return p->chunks[slot].answer;
		if (path_ended(p))
			return ENDED;
	} while (now_ms() - start < PATIENCE_MS);
	return NO_ANSWER;
}

/* ---- requests ---- */

/* The header behind a message that ends at @end; where it ends. */
static uint32_t put_header(struct conn *c, const struct how *how, int read, uint32_t end,
			   const struct message *m, long room)
{
	long count = or_else(how->count, read && room > 0);
	struct rtrs_wire_read_hdr hdr = {
		.type = htole16(or_else(how->type, read ? RTRS_WIRE_READ : RTRS_WIRE_WRITE)),
		.msg_len = htole16(or_else(how->len, m->len)),
		.flags = htole16(or_else(how->flags, 0)),
		.desc_count = htole16(count),
	};
	struct rtrs_wire_desc desc = {
		.addr = htole64((uintptr_t)answer_area(c)),
		.rkey = htole32(c->mr->rkey),
		.len = htole32(room),
	};
	char *at = send_area(c) + end;

	if (!read) {
		memcpy(at, &hdr, sizeof(struct rtrs_wire_write_hdr));
		return end + sizeof(struct rtrs_wire_write_hdr);
	}
	memcpy(at, &hdr, sizeof(hdr));
	if (!count)
		return end + sizeof(hdr);
	memcpy(at + sizeof(hdr), &desc, sizeof(desc));
	return end + sizeof(hdr) + sizeof(desc);
}

/* Of a READ nothing is sent in front of the message. */
static int request(struct path *p, const struct how *how, int read, const struct message *m)
{
	long data = or_else(how->data, m->data), slot = or_else(how->slot, 0);
	struct path *owner = how->key == UNSET ? p : &paths[how->key % PATHS];
	struct conn *c = &p->conns[or_else(how->conn, m->cid) % CONNS];
	uint32_t start = read ? data : 0, end = data + m->len, off;
	struct ibv_send_wr wr = { .opcode = IBV_WR_RDMA_WRITE_WITH_IMM };
	int ret;

	if (data < 0 || end + RTRS_WIRE_READ_HDR_MAX > p->chunk_size || slot < 0 ||
	    slot >= p->depth || !owner->chunks || !c->id)
		misused("a request that fits no chunk");
	memset(send_area(c), '0' + (int)(p - paths), data);
	memset(send_area(c) + data, 0, m->len);
	memcpy(send_area(c) + data, &m->hdr, m->len < MESSAGE_MAX ? m->len : MESSAGE_MAX);
	memset(answer_area(c), 0, CHUNK_MAX);
	off = or_else(how->off, end);
	end = put_header(c, how, read, end, m, or_else(how->room, data));
	wr.imm_data = htobe32(slot << p->off_bits | off);
	wr.wr.rdma.remote_addr = owner->chunks[slot].addr + start;
	wr.wr.rdma.rkey = owner->chunks[slot].rkey;
	p->chunks[slot].answer = PENDING;
	ret = post(p, c - p->conns, &wr, send_area(c) + start, end - start);
	if (ret)
		return ret;
	return how->nowait == UNSET ? await_answer(p, slot) : PENDING;
}

static void print_answer(struct path *p, struct conn *c, const struct message *m)
{
	const struct rnbd_wire_sess_info *info = (const void *)answer_area(c);
	const struct rnbd_wire_open_rsp *open = (const void *)info;
	int type = le16toh(m->hdr.type), first = *(const char *)info;

	if (type == RNBD_WIRE_SESS_INFO && le16toh(info->hdr.type) == RNBD_WIRE_SESS_INFO_RSP) {
		printf("ok, version %d\n", info->version);
	} else if (type == RNBD_WIRE_OPEN && le16toh(open->hdr.type) == RNBD_WIRE_OPEN_RSP) {
		p->device = le32toh(open->device_id);
		printf("ok, device %u\n", p->device);
	} else if (type == RNBD_WIRE_IO && isalnum(first)) {
		printf("ok, %c\n", first);
	} else {
		printf("ok\n");
	}
}

static struct path *established(int number)
{
	if (!paths[number].chunks || !paths[number].conns[1].id)
		misused("a path without info response");
	return &paths[number];
}

int run_request(char **args, int number)
{
	struct path *p = established(number);
	int read = !strcmp(args[0], "read"), ret;
	struct message m;
	struct how how;

	if (!args[2])
		misused(args[0]);
	parse_how(args[2], &how);
	parse_message(args + 3, &m);
	ret = request(p, &how, read, &m);
	printf("%s %d: ", args[0], number);
	if (ret == ENDED)
		printf("ended\n");
	else if (ret == NO_ANSWER)
		printf("no answer\n");
	else if (ret == PENDING)
		printf("sent\n");
	else if (ret)
		printf("error %d\n", ret);
	else
		print_answer(p, &p->conns[or_else(how.conn, m.cid) % CONNS], &m);
	return 3 + m.words;
}

int run_opens(char **args, int number)
{
	char name[RNBD_WIRE_NAME_LEN];
	char *words[] = { "open", name, "ro", NULL };
	int i, count, ret = 0;
	struct message m;
	struct how how;

	if (!args[2] || !args[3])
		misused(args[0]);
	count = atoi(args[2]);
	parse_how("-", &how);
	for (i = 0; i < count && !ret; i++) {
		snprintf(name, sizeof(name), "%s%d", args[3], i);
		parse_message(words, &m);
		ret = request(established(number), &how, 1, &m);
	}
	printf("opens %d: %d, then %d\n", number, i - !!ret, ret);
	return 4;
}

/* ---- what is no request ---- */

static int conn_number(const char *text)
{
	if (!text || (strcmp(text, "0") && strcmp(text, "1")))
		misused(text);
	return *text - '0';
}

int run_imm(char **args, int number)
{
	struct path *p = &paths[number];
	struct ibv_send_wr wr = { .opcode = IBV_WR_RDMA_WRITE_WITH_IMM };
	int cid = conn_number(args[2]);

	if (!args[3] || !args[4] || !args[5] || !p->conns[cid].id)
		misused(args[0]);
	wr.imm_data = htobe32((uint32_t)atoi(args[3]) << RTRS_WIRE_IMM_BITS |
			      (uint32_t)atoi(args[4]) << p->off_bits | (uint32_t)atoi(args[5]));
	post(p, cid, &wr, NULL, 0);
	printf("imm %d\n", number);
	return 6;
}

int run_send(char **args, int number)
{
	struct path *p = established(number);
	struct ibv_send_wr wr = { .opcode = IBV_WR_SEND };
	int cid = conn_number(args[2]);

	if (!args[3])
		misused(args[0]);
	post(p, cid, &wr, send_area(&p->conns[cid]), atoi(args[3]));
	printf("send %d\n", number);
	return 4;
}

int run_inval(char **args, int number)
{
	struct path *p = established(number);
	struct ibv_send_wr wr = { .opcode = IBV_WR_SEND_WITH_INV };

	wr.invalidate_rkey = p->chunks[0].rkey;
	post(p, conn_number(args[2]), &wr, NULL, 0);
	printf("inval %d\n", number);
	return 3;
}

static int post_imm(struct path *p, int cid, uint32_t type, uint32_t payload)
{
	struct ibv_send_wr wr = {
		.opcode = IBV_WR_RDMA_WRITE_WITH_IMM,
		.imm_data = htobe32(type << RTRS_WIRE_IMM_BITS | payload),
	};

	return post(p, cid, &wr, NULL, 0);
}

/*
 * Some of N, or of as many as go in FLOOD_MS, are answered, but not more than
 * @burst and one each @gap_us.
 */
static int flood(char **args, int number, uint32_t type, const int *answered, int burst, int gap_us)
{
	struct path *p = established(number);
	long start = now_ms(), most;
	int i, ret = 0, before = *answered;

	if (!args[2])
		misused(args[0]);
	for (i = 0; i < atoi(args[2]) && !ret && now_ms() - start < FLOOD_MS; i++) {
		ret = post_imm(p, 0, type, type == RTRS_WIRE_IMM_PATH_END);
		receive(p, 0);
	}
	most = burst + (now_ms() - start) * 1000 / gap_us;
	while (*answered == before && !path_ended(p) && now_ms() - start < PATIENCE_MS)
		receive(p, 10);
	/* those that were on their way */
	receive(p, 100);
	if (ret)
		printf("%s %d: ended\n", args[0], number);
	else if (*answered == before || *answered - before > most)
		printf("%s %d: %d answered\n", args[0], number, *answered - before);
	else
		printf("%s %d: ok\n", args[0], number);
	return 3;
}

int run_beats(char **args, int number)
{
	return flood(args, number, RTRS_WIRE_IMM_HB, &paths[number].beats_answered, 2,
		     BEAT_MS * 1000);
}

int run_ends(char **args, int number)
{
	return flood(args, number, RTRS_WIRE_IMM_PATH_END, &paths[number].ends_answered, ENDS_BURST,
		     1000000 / ENDS_RATE);
}

int run_end(char **args, int number)
{
	struct path *p = established(number);
	int cid = conn_number(args[2]), ret = 0;
	long start = now_ms();
	uint32_t token;

	if (!args[3] || !args[4])
		misused(args[0]);
	token = atoi(args[3]);
	p->over = 0;
	do {
		ret = post_imm(p, cid, RTRS_WIRE_IMM_PATH_END, token);
		receive(p, 20);
		receive(p, 0);
	} while (!ret && p->over != token && !path_ended(p) && now_ms() - start < atoi(args[4]));
	if (p->over == token)
		printf("end %d: ok\n", number);
	else
		printf("end %d: %s\n", number, path_ended(p) ? "ended" : "no answer");
	return 5;
}
