// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Misbehaviour while a read or write waits for its answer. r is the request;
 * where an act gives no answer, the client has to lose the path and to ask again.
 *
 *   C8   idle         after the answer one for a slot without request
 *        admin        the same on connection 0
 *        far-N        one for slot N
 *        always       the same, whenever it is asked again
 *        twice        the answer twice
 *        other        the answer on another connection for I/O, 0: on that one
 *   C9   lie lie-write
 *                     "invalidated", and nothing was
 *        keep         neither, and no word of it
 *        use          as it should be; when the same is read again, keep and
 *                     use try to write by the key of the first time
 *        keep-twice   as keep, and the same again while the client takes the key back
 *        cross        the key of another request invalidated, not this one's
 *        foreign-N    and N added to its number
 *        flood        this one's, 17 times
 *        beyond       data of one sector more than was asked for
 *   C10  key-N        the key message has N bytes
 *        key-slot key-type
 *                     it is of another slot, of another type
 *        wrong-kind   an immediate where a key is due, or the other way
 *        stuffed      64 bytes where there is room for 8 or for none
 *        bare bare-0  nothing at all
 *   C11  imm-T imm0-T an immediate of type T, on connection 0
 *        volley       100 of them at once
 *        beat         a heartbeat on a connection for I/O
 *        sent-beat    one that is no write, on connection 0
 *        beats        400 good ones, and the answer
 *   C12  error-N      always error N
 *        errors       the next one each time, but "not connected"
 *   C16  mute         no answer, ever
 *   ends, end, sent-end, early-end, mute-end: see ends.c
 */
#include <ctype.h>
#include <stdlib.h>

#include "server.h"

#define STAND_IN 1	/* an I/O connection that there always is */

/* ---- C8 ---- */

static void act_idle(struct request *r)
{
	answer(r);
	final(r->path, r->cid, (r->slot + 1) % DEPTH, 0, 0);
}

static void act_admin(struct request *r)
{
	answer(r);
	final(r->path, 0, DEPTH - 1, 0, 0);
}

static void act_far(struct request *r)
{
	final(r->path, r->cid, r->act->number, 0, 0);
}

static void act_twice(struct request *r)
{
	answer(r);
	final(r->path, r->cid, r->slot, 0, r->io.need_inval);
}

static void act_other(struct request *r)
{
	int cid = r->act->number;

	if (cid)
		cid = r->cid == STAND_IN ? STAND_IN + 1 : STAND_IN;
	put_data(r);
	if (r->io.need_inval)
		invalidate(r->path, cid, r->io.lent.rkey);
	final(r->path, cid, r->slot, 0, r->io.need_inval);
}

/* ---- C9 ---- */

static void act_lie(struct request *r)
{
	put_data(r);
	final(r->path, r->cid, r->slot, 0, 1);
}

static void use_key(struct request *r, void (*first)(struct request *r))
{
	struct session *s = r->path->session;
	int ret;

	if (!r->turn) {
		s->kept = r->io.lent;
		first(r);
		return;
	}
	ret = put(r->path, r->cid, s->kept.addr, s->kept.rkey, "not yours any more", 18);
	printf("%s: the key is %s\n", s->name, ret ? "gone" : "still good");
	if (!ret)
		answer(r);
}

static void leave_key(struct request *r)
{
	put_data(r);
	final(r->path, r->cid, r->slot, 0, 0);
}

static void act_keep(struct request *r)
{
	use_key(r, leave_key);
}

static void act_use(struct request *r)
{
	use_key(r, answer);
}

static void act_keep_twice(struct request *r)
{
	put_data(r);
	say_often(r->path, r->cid, RTRS_WIRE_IMM_RESPONSE, r->slot, 2);
}

static void act_cross(struct request *r)
{
	struct session *s = r->path->session;

	if (!r->turn) {
		s->kept = r->io.lent;
		return;
	}
	put_data(r);
	invalidate(r->path, r->cid, s->kept.rkey);
	final(r->path, r->cid, r->slot, 0, 1);
}

static void act_foreign(struct request *r)
{
	put_data(r);
	invalidate(r->path, r->cid, r->io.lent.rkey + r->act->number);
}

static void act_flood(struct request *r)
{
	int i;

	for (i = 0; i < 17 && !invalidate(r->path, r->cid, r->io.lent.rkey); i++)
		;
}

static void act_beyond(struct request *r)
{
	put(r->path, r->cid, r->io.lent.addr, r->io.lent.rkey, r->data, r->io.lent.len + 512);
}

/* ---- C10, C11 ---- */

static void act_key(struct request *r)
{
	uint32_t imm = rtrs_imm_response(r->slot, 0, 0), len = sizeof(struct rtrs_wire_rkey);
	struct rtrs_wire_rkey key;

	rtrs_rkey_build(&key, r->act->number == 's' ? r->slot + 1 : r->slot, r->path->mr->rkey);
	if (r->act->number == 't')
		key.type++;
	else if (r->act->number < (long)sizeof(key))
		len = r->act->number;
	say_send(r->path, r->cid, &imm, &key, len);
}

static void act_wrong_kind(struct request *r)
{
	uint32_t imm = rtrs_imm_response(r->slot, 0, 0);

	if (new_keys)
		say_imm(r->path, r->cid, imm >> RTRS_WIRE_IMM_BITS, imm & RTRS_WIRE_IMM_PAYLOAD);
	else
		say_send(r->path, r->cid, &imm, NULL, 0);
}

static void act_stuffed(struct request *r)
{
	uint32_t imm = rtrs_imm_response(r->slot, 0, 0);
	char buf[64] = { };

	rtrs_rkey_build((void *)buf, r->slot, r->path->mr->rkey);
	say_send(r->path, r->cid, &imm, buf, sizeof(buf));
}

static void act_bare(struct request *r)
{
	say_send(r->path, r->act->number ? r->cid : 0, NULL, NULL, 0);
}

static void act_imm(struct request *r)
{
	say_imm(r->path, r->cid, r->act->number, r->slot);
}

static void act_imm0(struct request *r)
{
	say_imm(r->path, 0, r->act->number, r->slot);
}

static void act_volley(struct request *r)
{
	say_often(r->path, r->cid, r->act->number, 0, 100);
}

static void act_beat(struct request *r)
{
	say_imm(r->path, r->cid, RTRS_WIRE_IMM_HB, 0);
}

static void act_sent_beat(struct request *r)
{
	uint32_t imm = rtrs_imm_pack(RTRS_WIRE_IMM_HB, 0);

	say_send(r->path, 0, &imm, NULL, 0);
}

static void act_beats(struct request *r)
{
	say_often(r->path, 0, RTRS_WIRE_IMM_HB, 0, 200);
	say_often(r->path, 0, RTRS_WIRE_IMM_HB_ACK, 0, 200);
	answer(r);
}

/* ---- C12, C16 ---- */

static void act_error(struct request *r)
{
	int error = r->act->number;

	if (!error)
		error = r->turn + 1 < ENOTCONN ? r->turn + 1 : r->turn + 2;
	r->error = -error;
	answer(r);
}

static void act_mute(struct request *r)
{
	printf("%s: no answer\n", r->path->session->name);
}

/* ---- all of them ---- */

/* The names are the tester's, each for a block of its own. */
#define ACT(n, how, what)	{ .name = (n), .io = (how), .times = 1, .number = (what) }
#define TWO(n, how)		{ .name = (n), .io = (how), .times = 2 }
#define EVER(n, how, what)	{ .name = (n), .io = (how), .number = (what) }

static const struct act io_acts[] = {
	ACT("idle", act_idle, 0), ACT("admin", act_admin, 0), ACT("twice", act_twice, 0),
	ACT("far-20", act_far, 20), ACT("far-524287", act_far, 524287),
	EVER("always", act_far, 20), ACT("other", act_other, 1), ACT("other-0", act_other, 0),
	ACT("lie", act_lie, 0), ACT("lie-write", act_lie, 0),
	TWO("keep", act_keep), TWO("use", act_use), TWO("cross", act_cross),
	ACT("keep-twice", act_keep_twice, 0),
	ACT("foreign-1", act_foreign, 1),
	ACT("foreign-100000000", act_foreign, 100000000),
	ACT("flood", act_flood, 0), ACT("beyond", act_beyond, 0),
	ACT("key-0", act_key, 0), ACT("key-4", act_key, 4), ACT("key-7", act_key, 7),
	ACT("key-slot", act_key, 's'), ACT("key-type", act_key, 't'),
	ACT("wrong-kind", act_wrong_kind, 0), ACT("stuffed", act_stuffed, 0),
	ACT("bare", act_bare, 1), ACT("bare-0", act_bare, 0),
	ACT("imm-0", act_imm, 0), ACT("imm-3", act_imm, 3), ACT("imm-7", act_imm, 7),
	ACT("imm-10", act_imm, 10), ACT("imm-12", act_imm, 12), ACT("imm-15", act_imm, 15),
	ACT("imm0-0", act_imm0, 0), ACT("imm0-10", act_imm0, 10),
	ACT("volley", act_volley, 7),
	ACT("beat", act_beat, 0), ACT("sent-beat", act_sent_beat, 0), ACT("beats", act_beats, 0),
	EVER("error-107", act_error, 107), EVER("error-511", act_error, 511),
	EVER("errors", act_error, 0), EVER("mute", act_mute, 0),
	ACT("ends", act_ends, 0), ACT("end", act_ends, 'i'), ACT("sent-end", act_ends, 's'),
	EVER("early-end", act_early_end, 0), EVER("mute-end", act_mute_end, 0),
};

#define IO_ACTS (sizeof(io_acts) / sizeof(*io_acts))
_Static_assert(IO_ACTS <= ACTS, "a session counts them all");

void list_acts(void)
{
	size_t i;

	for (i = 0; i < IO_ACTS; i++)
		printf("%s %zu\n", io_acts[i].name, TRAP / STEP + i);
}

int act_on_io(struct request *r)
{
	size_t i = (r->what.sector - TRAP) / STEP;
	int *acted;

	if (r->what.sector < TRAP || i >= IO_ACTS)
		return 0;
	acted = &r->path->session->io_acted[i];
	if (io_acts[i].times && *acted == io_acts[i].times)
		return 0;
	r->act = &io_acts[i];
	r->turn = (*acted)++;
	r->act->io(r);
	return 1;
}

void find_act(struct session *s)
{
	size_t len = strlen(s->name), word = len;
	const struct act *act = lie_acts;

	while (word && isdigit((unsigned char)s->name[word - 1]))
		word--;
	if (word > 1 && word < len && s->name[word - 1] == '-') {
		s->number = atol(s->name + word);
		len = word - 1;
	}
	while (act->name && (strlen(act->name) != len || strncmp(act->name, s->name, len)))
		act++;
	s->act = act->name ? act : NULL;
}

const struct act *take_act(struct session *s)
{
	if (s->act->times && s->acted == s->act->times)
		return NULL;
	s->acted++;
	return s->act;
}
