// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A client that speaks only as much RTRS as its tester wants, to show a server
 * what no real client does at will: the same path twice, half a handshake, a
 * path that dies without a word, requests that no client would send. Each path
 * has two connections. Commands are carried out in order; each prints one line.
 * Errors are the server's, as positive numbers.
 *
 * usage: raw_client ADDRESS PORT COMMAND...
 *   hello P S      connection 0 of path P in session S (numbers 1 to 139)
 *   second P       its connection 1
 *   miscount P N   the same, but as one of N
 *   open P S       both
 *   again P S MS   open, repeated until it works
 *   info P NAME    the info request; waits for the answer or the end
 *   vanish P       its queue pairs are gone, nobody is told
 *   leave P        its connections are closed, as they should be
 *   ended P MS     waits for the server to disconnect path P
 *   knock N        N times connection 0 for a session that does not exist
 *   sleep MS
 *   address A      paths from now on go there
 *   token T        and have this token, which asks for extension 2; 0: none
 *   imm P C TYPE SLOT OFFSET
 *                  an immediate, on connection C
 * and after the info request:
 *   read P HOW MESSAGE, write P HOW MESSAGE
 *                  a request; its answer, "ended" or "no answer"
 *   opens P N NAME opens NAME0 to NAME(N-1), until an error: how many, which
 *   send P C BYTES an ordinary SEND
 *   inval P C      an empty one that invalidates the key of chunk 0
 *   beats P N      N heartbeats, or as many as go in 10 s; "ok": some were answered,
 *                  and not too many
 *   end P C T MS   says on connection C that the path of token T is over, until the
 *                  server says so, too
 *   ends P N       N times that of a path that is none, as many and "ok" as above
 *
 * MESSAGE: session VERSION | open NAME ro|rw|NUMBER | close ID |
 *   io OP ID SECTOR BYTES | bytes TYPE LENGTH
 *   ID: a number, or @P for the device that path P opened last. What is written
 *   is the path's number, as a digit; of what is read the first byte is printed.
 * HOW: - or words from here, with commas between them:
 *   conn=C slot=N  instead of 1 for io, 0 for all else, and slot 0
 *   data=BYTES     in front of the message
 *   room=BYTES     of the lent memory, 0: none (all the data)
 *   type=N len=N count=N flags=N
 *                  in the header: its type, the length of the message, the
 *                  number of descriptors, the flags
 *   off=N          in the immediate, wherever the header is
 *   key=P          address and key of the chunk are those of path P
 *   nowait         does not wait for the answer
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "raw.h"

static int session_of[PATHS];
static uint32_t token;

/* ---- handshakes ---- */

static void drop_path(struct path *p)
{
	int i;

	for (i = 0; i < CONNS; i++)
		drop_conn(&p->conns[i]);
	free(p->chunks);
	memset(p, 0, sizeof(*p));
}

/* What is there already is left alone when the server refuses another like it. */
static int hello(int path)
{
	const struct hello hello = {
		.path = path, .session = session_of[path], .count = CONNS, .first = 1,
		.token = token,
	};
	struct conn c;
	int ret = say_hello(&c, &hello);

	if (ret)
		return ret;
	drop_path(&paths[path]);
	paths[path].conns[0] = c;
	return 0;
}

static int second(int path, int count)
{
	const struct hello hello = {
		.path = path, .session = session_of[path], .cid = 1, .count = count, .first = 1,
		.token = token,
	};
	struct conn c;
	int ret = say_hello(&c, &hello);

	if (ret)
		return ret;
	drop_conn(&paths[path].conns[1]);
	paths[path].conns[1] = c;
	return 0;
}

static int open_path(int path)
{
	int ret = hello(path);

	return ret ? ret : second(path, CONNS);
}

static int print(const char *what, int path, int ret)
{
	if (ret)
		printf("%s %d: error %d\n", what, path, ret);
	else
		printf("%s %d: ok\n", what, path);
	return ret;
}

static const char *word(char **args, int n)
{
	int i;

	for (i = 1; i <= n; i++)
		if (!args[i])
			misused(args[0]);
	return args[n];
}

static int path_number(const char *text)
{
	int n = text ? atoi(text) : 0;

	if (n < 1 || n >= PATHS)
		misused(text);
	return n;
}

static int run_hello(char **args, int path)
{
	session_of[path] = path_number(word(args, 2));
	print(args[0], path, hello(path));
	return 3;
}

static int run_second(char **args, int path)
{
	print(args[0], path, second(path, CONNS));
	return 2;
}

static int run_miscount(char **args, int path)
{
	print(args[0], path, second(path, atoi(word(args, 2))));
	return 3;
}

static int run_open(char **args, int path)
{
	session_of[path] = path_number(word(args, 2));
	print(args[0], path, open_path(path));
	return 3;
}

static int run_again(char **args, int path)
{
	long start = now_ms(), ms = atol(word(args, 3));
	int ret;

	session_of[path] = path_number(args[2]);
	while ((ret = open_path(path)) && now_ms() - start < ms)
		usleep(200000);
	print(args[0], path, ret);
	return 4;
}

/* ---- established paths ---- */

/* Waits for a message that is no immediate; false: the path ended, or none came. */
static int info_response(struct path *p)
{
	struct conn *c = &p->conns[0];
	long start = now_ms();
	struct ibv_wc wc;
	int found = 0;
	char *buf;

	while (!found && now_ms() - start < PATIENCE_MS && !path_ended(p)) {
		while (!found && next_message(c, &wc, &buf)) {
			found = wc.opcode == IBV_WC_RECV && !(wc.wc_flags & IBV_WC_WITH_IMM);
			if (found)
				learn_chunks(p, buf, wc.byte_len);
			give_back(c, buf);
		}
		if (!found)
			next_event(c, 20);
	}
	return found;
}

static int run_info(char **args, int path)
{
	struct path *p = &paths[path];
	struct ibv_send_wr wr = { .opcode = IBV_WR_SEND };
	struct rtrs_wire_info_req *req;

	if (!p->conns[0].id)
		misused("info without a connection");
	req = (void *)send_area(&p->conns[0]);
	memset(req, 0, sizeof(*req));
	strncpy(req->name, word(args, 2), sizeof(req->name) - 1);
	if (!post(p, 0, &wr, req, sizeof(*req)) && info_response(p))
		printf("info %d: ok\n", path);
	else
		printf("info %d: %s\n", path, path_ended(p) ? "ended" : "no answer");
	return 3;
}

static int run_vanish(char **args, int path)
{
	int i;

	for (i = 0; i < CONNS; i++)
		if (paths[path].conns[i].id)
			rdma_destroy_qp(paths[path].conns[i].id);
	printf("%s %d\n", args[0], path);
	return 2;
}

static int run_leave(char **args, int path)
{
	drop_path(&paths[path]);
	printf("%s %d\n", args[0], path);
	return 2;
}

static int run_ended(char **args, int path)
{
	struct path *p = &paths[path];
	long start = now_ms(), ms = atol(word(args, 2));

	while (p->conns[0].id && !path_ended(p) && now_ms() - start < ms)
		next_event(&p->conns[0], 20);
	printf("ended %d: %s\n", path, path_ended(p) ? "yes" : "no");
	return 3;
}

/* ---- all commands ---- */

static void knock(int count)
{
	const struct hello hello = { .path = 9, .session = 9, .count = CONNS };
	int i, busy = 0;
	struct conn c;

	for (i = 0; i < count; i++)
		busy += say_hello(&c, &hello) == EBUSY;
	printf("knock: %d of %d put off\n", busy, count);
}

static const struct {
	const char *name;
	int (*run)(char **args, int path);
} verbs[] = {
	{ "hello", run_hello },
	{ "second", run_second },
	{ "miscount", run_miscount },
	{ "open", run_open },
	{ "again", run_again },
	{ "info", run_info },
	{ "vanish", run_vanish },
	{ "leave", run_leave },
	{ "ended", run_ended },
	{ "read", run_request },
	{ "write", run_request },
	{ "opens", run_opens },
	{ "imm", run_imm },
	{ "send", run_send },
	{ "inval", run_inval },
	{ "beats", run_beats },
	{ "end", run_end },
	{ "ends", run_ends },
};

/* Carries out the command at @args; how many words it has. */
static int run(char **args)
{
	const char *verb = args[0];
	size_t i;

	word(args, 1);
	if (!strcmp(verb, "sleep"))
		return usleep(atoi(args[1]) * 1000), 2;
	if (!strcmp(verb, "knock"))
		return knock(atoi(args[1])), 2;
	if (!strcmp(verb, "address"))
		return address = args[1], 2;
	if (!strcmp(verb, "token"))
		return token = atoi(args[1]), 2;
	for (i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (!strcmp(verb, verbs[i].name))
			return verbs[i].run(args, path_number(args[1]));
	misused(verb);
}

int main(int argc, char **argv)
{
	int i = 3;

	if (argc < 4) {
		fprintf(stderr, "usage: %s ADDRESS PORT COMMAND...\n", argv[0]);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	address = argv[1];
	port = argv[2];
	while (i < argc)
		i += run(argv + i);
	return 0;
}
