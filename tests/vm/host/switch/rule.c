// SPDX-License-Identifier: GPL-2.0-or-later
/* What a rule asks of a frame, and what becomes of one that fits. */
#include "rule.h"

#define UD_SEND_ONLY 0x64
#define CM(attribute) (1U << ((attribute) & 0xf))

struct rule *rules;

/* The opcodes of reliable connections, and the connection manager's messages, by their attribute. */
static const struct kind { const char *name; unsigned char opcode; unsigned int cm; } kinds[] = {
	{ "send-first", 0x00, 0 }, { "send-middle", 0x01, 0 }, { "send-last", 0x02, 0 }, { "send-last-imm", 0x03, 0 },
	{ "send-only", 0x04, 0 }, { "send-only-imm", 0x05, 0 }, { "send-last-inv", 0x16, 0 }, { "send-only-inv", 0x17, 0 },
	{ "write-first", 0x06, 0 }, { "write-middle", 0x07, 0 }, { "write-last", 0x08, 0 }, { "write-last-imm", 0x09, 0 },
	{ "write-only", 0x0a, 0 }, { "write-only-imm", 0x0b, 0 },
	{ "read-request", 0x0c, 0 }, { "read-response-first", 0x0d, 0 }, { "read-response-middle", 0x0e, 0 },
	{ "read-response-last", 0x0f, 0 }, { "read-response-only", 0x10, 0 }, { "ack", 0x11, 0 },
	{ "cm-req", UD_SEND_ONLY, CM(0x10) }, { "cm-mra", UD_SEND_ONLY, CM(0x11) }, { "cm-rej", UD_SEND_ONLY, CM(0x12) },
	{ "cm-rep", UD_SEND_ONLY, CM(0x13) }, { "cm-rtu", UD_SEND_ONLY, CM(0x14) }, { "cm-dreq", UD_SEND_ONLY, CM(0x15) },
	{ "cm-drep", UD_SEND_ONLY, CM(0x16) },
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void kind_add(struct rule *rule, const struct kind *kind)
{
	rule->by_op = true;
	if (kind->cm)
		rule->cm |= kind->cm;
	else
		rule->op[kind->opcode] = true;
}

/* op_add: a kind by its name, all whose names begin with these words, or an opcode in numbers. */
bool op_add(struct rule *rule, const char *name)
{
	size_t len = strlen(name), i;
	unsigned long number;
	bool found = false;

	if (number_of(name, 255, &number)) {
		rule->by_op = rule->op[number] = true;
		return true;
	}
	for (i = 0; i < KINDS; i++) {
		if (!strcmp(kinds[i].name, name)) {
			kind_add(rule, &kinds[i]);
			return true;
		}
	}
	for (i = 0; i < KINDS; i++) {
		if (len && !strncmp(kinds[i].name, name, len) && kinds[i].name[len] == '-') {
			kind_add(rule, &kinds[i]);
			found = true;
		}
	}
	return found;
}

static unsigned int be16(const unsigned char *at)
{
	return at[0] << 8 | at[1];
}

/* transport_header: where the InfiniBand header of a RoCEv2 frame stands; 0: it is none. */
static unsigned int transport_header(const unsigned char *eth, unsigned int len)
{
	unsigned int at;

	if (len < 54)
		return 0;
	switch (be16(eth + 12)) {
	case 0x0800:
		/* UDP, and no fragment but the first */
		if (eth[14] >> 4 != 4 || eth[23] != 17 || be16(eth + 20) & 0x1fff)
			return 0;
		at = 14 + 4 * (eth[14] & 0xf);
		break;
	case 0x86dd:
		if (eth[20] != 17)
			return 0;
		at = 54;
		break;
	default:
		return 0;
	}
	if (len < at + 20 || be16(eth + at + 2) != 4791)
		return 0;
	return at + 8;
}

/* The management datagram stands behind 8 bytes of datagram header; class 7 is the connection manager's. */
static bool cm_fits(const struct rule *rule, const unsigned char *bth, unsigned int len)
{
	const unsigned char *mad = bth + 20;

	return rule->cm && bth[0] == UD_SEND_ONLY && len >= 20 + 24 && mad[1] == 7 && be16(mad + 16) >> 4 == 1 &&
	       rule->cm & CM(be16(mad + 16));
}

static bool fits(const struct rule *rule, const struct port *from, const struct frame *frame)
{
	const unsigned char *eth = frame->bytes + PREFIX;
	unsigned int len = frame->len - PREFIX, at;
	const unsigned char *bth;

	if (rule->from && rule->from != from)
		return false;
	if (!rule->by_op && !rule->by_qp)
		return true;
	at = transport_header(eth, len);
	if (!at)
		return false;
	bth = eth + at;
	if (rule->by_qp && rule->qp != ((unsigned int)bth[5] << 16 | be16(bth + 6)))
		return false;
	return !rule->by_op || rule->op[bth[0]] || cm_fits(rule, bth, len - at);
}

/* What a cut port sends does not even meet rules; what is held and then let go is no more subject to them. */
void rule_apply(struct port *from, struct frame *frame)
{
	struct rule *rule;

	if (from->cut)
		return;
	for (rule = rules; rule; rule = rule->next) {
		if (rule->met == rule->limit || !fits(rule, from, frame))
			continue;
		if (rule->seen++ < rule->skip)
			continue;
		break;
	}
	if (!rule) {
		deliver(from, frame, false);
		return;
	}
	rule->met++;
	switch (rule->action) {
	case HOLD:
		if (rule->held.n < HELD_MAX)
			list_add(&rule->held, frame, from);
		else
			from->dropped++;
		break;
	case DUPLICATE:
		deliver(from, frame, false);
		/* fall through */
	case PASS:
		deliver(from, frame, false);
		break;
	case DROP:
		break;
	}
}
