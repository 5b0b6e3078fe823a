// SPDX-License-Identifier: GPL-2.0-or-later
/* What a test says to the switch, and those who wait for a rule to have met frames. */
#include <stdarg.h>
#include "rule.h"

static struct wait {
	const struct rule *rule;	/* NULL: this one waits for nothing */
	unsigned long n;
	long long end;			/* in milliseconds */
} waits[CLIENTS];

static const char *const actions[] = { [PASS] = "pass", [HOLD] = "hold", [DROP] = "drop", [DUPLICATE] = "duplicate" };

static long long now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

__attribute__((format(printf, 2, 3))) static int say(char *answer, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(answer, ANSWER, format, args);
	va_end(args);
	return n < ANSWER ? n : ANSWER - 1;
}

bool number_of(const char *text, unsigned long most, unsigned long *number)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*number = strtoul(text, &end, 0);
	return !*end && !errno && *number <= most;
}

static struct rule *rule_find(const char *name)
{
	struct rule *rule;

	for (rule = rules; rule && strcmp(rule->name, name); rule = rule->next)
		;
	return rule;
}

static bool ops_add(struct rule *rule, char *names)
{
	char *rest, *name = strtok_r(names, ",", &rest);

	if (!name)
		return false;
	for (; name; name = strtok_r(NULL, ",", &rest))
		if (!op_add(rule, name))
			return false;
	return true;
}

static bool word_add(struct rule *rule, char *word)
{
	char *value = strchr(word, '=');

	if (!value)
		return false;
	*value++ = '\0';
	if (!strcmp(word, "from"))
		return (rule->from = port_find(value));
	if (!strcmp(word, "op"))
		return ops_add(rule, value);
	if (!strcmp(word, "qp"))
		return (rule->by_qp = number_of(value, 0xffffff, &rule->qp));
	if (!strcmp(word, "skip"))
		return number_of(value, ~0UL, &rule->skip);
	if (!strcmp(word, "limit"))
		return number_of(value, ~0UL, &rule->limit);
	return false;
}

static int rule_new(enum action action, char **words, char *answer)
{
	struct rule *rule, **last;
	char whole[128];

	if (!words[0] || strlen(words[0]) >= sizeof(rule->name) || strchr(words[0], '='))
		return say(answer, "error a rule has a name\n");
	if (rule_find(words[0]))
		return say(answer, "error there is a rule %s\n", words[0]);
	rule = calloc(1, sizeof(*rule));
	if (!rule)
		die("memory");
	strcpy(rule->name, *words);
	rule->action = action;
	rule->limit = ~0UL;
	list_init(&rule->held);
	while (*++words) {
		snprintf(whole, sizeof(whole), "%s", *words);
		if (!word_add(rule, *words)) {
			free(rule);
			return say(answer, "error %s?\n", whole);
		}
	}
	for (last = &rules; *last; last = &(*last)->next)
		;
	*last = rule;
	return say(answer, "ok\n");
}

static int rule_release(struct rule *rule, char *answer)
{
	struct rule **at = &rules;
	unsigned int n = rule->held.n;
	struct frame *frame;
	struct port *from;
	int i;

	while (*at != rule)
		at = &(*at)->next;
	*at = rule->next;
	while (rule->held.n) {
		frame = list_take(&rule->held, &from);
		deliver(from, frame, true);
		frame_put(frame);
	}
	for (i = 0; i < CLIENTS; i++)
		if (waits[i].rule == rule)
			client_end(i, "error the rule was released\n", 28);
	free(rule);
	return say(answer, "ok %u\n", n);
}

static int wait_start(const struct rule *rule, char **words, int client, char *answer)
{
	unsigned long n, seconds;

	if (!words[0] || !words[1] || words[2] || !number_of(words[0], ~0UL, &n) || !number_of(words[1], 86400, &seconds))
		return say(answer, "error usage: wait RULE N SECONDS\n");
	waits[client] = (struct wait){ rule, n, now() + seconds * 1000LL };
	return 0;
}

void wait_forget(int client)
{
	waits[client].rule = NULL;
}

void wait_check(void)
{
	char answer[ANSWER];
	long long time = now();
	int i;

	for (i = 0; i < CLIENTS; i++) {
		const struct rule *rule = waits[i].rule;

		if (!rule)
			continue;
		if (rule->met >= waits[i].n)
			client_end(i, "ok\n", 3);
		else if (time >= waits[i].end)
			client_end(i, answer, say(answer, "error %s has met %lu, not %lu\n", rule->name, rule->met, waits[i].n));
	}
}

int wait_timeout(void)
{
	long long time = now(), least = -1;
	int i;

	for (i = 0; i < CLIENTS; i++)
		if (waits[i].rule && (least < 0 || waits[i].end - time < least))
			least = waits[i].end > time ? waits[i].end - time : 0;
	return least;
}

static int status(char *answer)
{
	const struct rule *rule;
	int n = say(answer, "ok "), i;

	for (i = 0; i < port_count; i++) {
		const struct port *port = &ports[i];

		n += snprintf(answer + n, ANSWER - n, "port %s%s%s%s received %lu delivered %lu waiting %u dropped %lu refused %lu\n",
			      port->name, port->fd < 0 ? " absent" : "", port->cut ? " cut" : "", port->stalled ? " stalled" : "",
			      port->received, port->delivered, port->out.n, port->dropped, port->refused);
	}
	for (rule = rules; rule && n < ANSWER - 128; rule = rule->next)
		n += snprintf(answer + n, ANSWER - n, "rule %s %s met %lu held %u\n", rule->name, actions[rule->action],
			      rule->met, rule->held.n);
	return n;
}

static int port_command(const char *name, struct port *port, char *answer)
{
	if (!strcmp(name, "cut") || !strcmp(name, "join"))
		port->cut = *name == 'c';
	else
		port->stalled = *name == 's';
	return say(answer, "ok\n");
}

static bool one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(word, *words))
			return true;
	return false;
}

int command_run(char *line, char answer[ANSWER], int client)
{
	static const char *const of_port[] = { "cut", "join", "stall", "flow", NULL };
	static const char *const of_rule[] = { "count", "wait", "release", NULL };
	char *words[32] = { NULL }, *rest, *word;
	struct rule *rule;
	struct port *port;
	unsigned int n = 0;

	for (word = strtok_r(line, " ", &rest); word && n < 31; word = strtok_r(NULL, " ", &rest))
		words[n++] = word;
	if (!n || word)
		return say(answer, "error no command, or too long\n");
	for (n = PASS; n <= DUPLICATE; n++)
		if (!strcmp(words[0], actions[n]))
			return rule_new(n, words + 1, answer);
	if (!strcmp(words[0], "status"))
		return status(answer);
	if (one_of(words[0], of_port)) {
		port = words[1] ? port_find(words[1]) : NULL;
		if (!port || words[2])
			return say(answer, "error usage: %s PORT\n", words[0]);
		return port_command(words[0], port, answer);
	}
	if (!one_of(words[0], of_rule))
		return say(answer, "error no command is called %s\n", words[0]);
	rule = words[1] ? rule_find(words[1]) : NULL;
	if (!rule)
		return say(answer, "error no such rule\n");
	if (!strcmp(words[0], "wait"))
		return wait_start(rule, words + 2, client, answer);
	if (!strcmp(words[0], "release"))
		return rule_release(rule, answer);
	return say(answer, "ok %lu\n", rule->met);
}
