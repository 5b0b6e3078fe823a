/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RULE_H
#define RULE_H

#include "switch.h"

enum action { PASS, HOLD, DROP, DUPLICATE };

struct rule {
	struct rule *next;
	char name[32];
	enum action action;
	const struct port *from;	/* NULL: any */
	bool by_op, by_qp;
	bool op[256];
	unsigned int cm;		/* attributes of the connection manager's messages, a bit each */
	unsigned long qp;
	unsigned long skip, limit;
	unsigned long seen, met;	/* all that fitted; those without the first ones */
	struct list held;
};

extern struct rule *rules;

bool op_add(struct rule *rule, const char *name);
bool number_of(const char *text, unsigned long most, unsigned long *number);

#endif
