// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ends of paths: what a client asks about them, and answers to what it did not.
 */
#include "server.h"

#define NO_PATH		0xffffffeU	/* a token that no path gets so soon */
#define ROUNDS		120		/* three times that is more than a client has receives */
#define WITHHELD	5		/* questions that get no answer */

static int alive(uint32_t token)
{
	struct path *p;

	for (p = paths; p < paths + PATHS; p++)
		if (p->used && p->token == token && !p->conns[0].ended)
			return 1;
	return 0;
}

static int end_is_by(struct path *p, int cid, uint32_t token)
{
	return say_imm(p, cid, RTRS_WIRE_IMM_PATH_END_ACK, token);
}

static int end_is(struct path *p, uint32_t token)
{
	return end_is_by(p, 0, token);
}

void end_asked(struct path *p, uint32_t token)
{
	struct session *s = p->session;

	if (s->mute_end == token)
		return;
	if (s->ending == token && s->asked < WITHHELD) {
		s->asked++;
		return;
	}
	if (s->ending == token) {
		printf("%s: asked, answered\n", s->name);
		s->ending = 0;
	}
	if (!alive(token))
		end_is(p, token);
}

void act_ends(struct request *r)
{
	uint32_t imm = rtrs_imm_pack(RTRS_WIRE_IMM_PATH_END_ACK, NO_PATH);
	const uint32_t type = RTRS_WIRE_IMM_PATH_END_ACK;
	struct path *p = r->path;

	if (r->act->number == 'i')
		end_is_by(p, r->cid, NO_PATH);
	else if (r->act->number == 's')
		say_send(p, 0, &imm, NULL, 0);
	else if (!say_often(p, 0, type, 0, ROUNDS) && !say_often(p, 0, type, NO_PATH, ROUNDS) &&
		 !say_often(p, 0, type, p->token, ROUNDS))
		answer(r);
}

static struct path *sibling(struct path *of)
{
	struct path *p;

	for (p = paths; p < paths + PATHS; p++)
		if (p != of && p->used && p->session == of->session && p->mr && !p->conns[0].ended)
			return p;
	return NULL;
}

static void cut(struct path *p)
{
	int cid;

	for (cid = 0; cid < CONNS; cid++)
		if (p->conns[cid].id && rdma_disconnect(p->conns[cid].id))
			die("rdma_disconnect");
}

/*
 * Two paths: one brings a request, the other one says at once that the first
 * is over, which nobody has asked; then it is. What was on its way there may
 * come by the other only after the client has asked, and was answered.
 */
void act_early_end(struct request *r)
{
	struct session *s = r->path->session;
	struct path *other = sibling(r->path);

	if (r->turn) {
		printf("%s: sent elsewhere%s\n", s->name, s->ending ? " unasked" : "");
		answer(r);
		return;
	}
	if (!other)
		misused("a session of one path");
	s->ending = r->path->token;
	if (end_is(other, s->ending) || end_is(other, s->ending))
		misused("the end of the other path");
	printf("%s: told early\n", s->name);
	cut(r->path);
}

/* One path ends, and the other one never says so. */
void act_mute_end(struct request *r)
{
	if (r->turn) {
		answer(r);
		return;
	}
	if (!sibling(r->path))
		misused("a session of one path");
	r->path->session->mute_end = r->path->token;
	cut(r->path);
}
