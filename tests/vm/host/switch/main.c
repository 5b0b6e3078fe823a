// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The network of the test guests: one process joins the ends of one link and does
 * with its frames what a test asks for. An end is QEMU's "stream" network device on
 * a UNIX socket: each frame behind its length, 4 bytes, big-endian.
 *
 * switch serve DIR PORT...	sockets DIR/PORT, and DIR/control for commands
 * switch ask DIR COMMAND...	prints the answer; status 1 when it is an error
 *
 * An answer means that it is done: no frame that is read later is treated as before.
 *
 *	cut PORT, join PORT		frames from and to it vanish
 *	stall PORT, flow PORT		nothing is read from it: its sender has to wait
 *	pass|hold|drop|duplicate RULE [WORD...]	from now on, with frames that fit all of
 *		from=PORT op=KIND[,KIND...] qp=DESTINATION	the last two: of RoCEv2
 *		skip=N limit=N		not the first N of them; N of them at most
 *	count RULE			how many it has met
 *	wait RULE N SECONDS		until it has met N; an error when the time is over
 *	release RULE			its end; what it holds goes on, in order: how many
 *	status
 *
 * The first rule that fits a frame, in the order they came, is the only one for it.
 */
#include "switch.h"

struct port *ports;
int port_count;

static struct client {
	int fd;
	unsigned int got;
	char line[512];
} clients[CLIENTS];

void die(const char *what)
{
	perror(what);
	exit(1);
}

static struct sockaddr_un address_of(const char *dir, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", dir, name) >= (int)sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		die(dir);
	}
	return address;
}

/* Under its name only when it listens: who sees the socket can connect. */
static int listen_at(const char *dir, const char *name)
{
	struct sockaddr_un address = address_of(dir, name), early = address_of(dir, ".new");
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	unlink(early.sun_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&early, sizeof(early)) || listen(fd, 16) ||
	    rename(early.sun_path, address.sun_path))
		die(address.sun_path);
	return fd;
}

/* A fresh socket takes an answer whole. */
void client_end(int id, const char *answer, int len)
{
	if (len && send(clients[id].fd, answer, len, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		perror("answer");
	close(clients[id].fd);
	clients[id].fd = -1;
	wait_forget(id);
}

static void client_answer(struct client *client)
{
	char answer[ANSWER];
	int len = command_run(client->line, answer, client - clients);

	if (!len)
		return;		/* it waits */
	client_end(client - clients, answer, len);
}

static void client_read(struct client *client)
{
	ssize_t n = read(client->fd, client->line + client->got, sizeof(client->line) - client->got);
	char *end;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_end(client - clients, NULL, 0);
		return;
	}
	client->got += n;
	end = memchr(client->line, '\n', client->got);
	if (end) {
		*end = '\0';
		client->got = 0;
		client_answer(client);
	} else if (client->got == sizeof(client->line)) {
		client_end(client - clients, "error too long\n", 15);
	}
}

static void client_accept(int listener)
{
	int i, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	for (i = 0; i < CLIENTS && clients[i].fd >= 0; i++)
		;
	if (i == CLIENTS) {
		close(fd);
		return;
	}
	clients[i] = (struct client){ .fd = fd };
}

/* A guest that is started anew takes the place of the one before, whose end may be told later. */
static void port_accept(struct port *port)
{
	int fd = accept4(port->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	port_close(port);
	port->fd = fd;
}

/* poll_set: the control socket, two of each port, those who ask. */
static void poll_set(struct pollfd *polled, int control)
{
	int i;

	*polled++ = (struct pollfd){ control, POLLIN, 0 };
	for (i = 0; i < port_count; i++) {
		struct port *port = &ports[i];

		*polled++ = (struct pollfd){ port->listener, POLLIN, 0 };
		*polled++ = (struct pollfd){ port->fd, (port->stalled ? 0 : POLLIN) | (port->out.n ? POLLOUT : 0), 0 };
	}
	for (i = 0; i < CLIENTS; i++)
		*polled++ = (struct pollfd){ clients[i].fd, POLLIN, 0 };
}

/* Frames before commands: what a guest sent before a command was given has been read. */
static void poll_done(const struct pollfd *polled)
{
	const struct pollfd *control = polled++;
	int i;

	for (i = 0; i < port_count; i++, polled += 2) {
		if (polled[1].revents & (POLLHUP | POLLERR) && ports[i].stalled)
			port_close(&ports[i]);
		else if (polled[1].revents & (POLLIN | POLLHUP | POLLERR))
			port_read(&ports[i]);
		if (polled[0].revents)
			port_accept(&ports[i]);
	}
	for (i = 0; i < CLIENTS; i++, polled++)
		/* one may have been ended by the command of another */
		if (polled->revents && clients[i].fd >= 0)
			client_read(&clients[i]);
	if (control->revents)
		client_accept(control->fd);
	wait_check();
	for (i = 0; i < port_count; i++)
		port_write(&ports[i]);
}

static void serve(int control)
{
	struct pollfd *polled = calloc(1 + 2 * port_count + CLIENTS, sizeof(*polled));

	if (!polled)
		die("memory");
	for (;;) {
		poll_set(polled, control);
		if (poll(polled, 1 + 2 * port_count + CLIENTS, wait_timeout()) >= 0)
			poll_done(polled);
		else if (errno != EINTR)
			die("poll");
	}
}

static int start(const char *dir, int count, char **names)
{
	int i;

	ports = calloc(count, sizeof(*ports));
	if (!ports)
		die("memory");
	for (i = 0; i < count; i++) {
		ports[i].name = names[i];
		ports[i].fd = -1;
		list_init(&ports[i].out);
		ports[i].listener = listen_at(dir, names[i]);
	}
	for (i = 0; i < CLIENTS; i++)
		clients[i].fd = -1;
	port_count = count;
	/* last: a test waits for it */
	serve(listen_at(dir, "control"));
	return 0;
}

static int ask(const char *dir, int count, char **words)
{
	struct sockaddr_un address = address_of(dir, "control");
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), i;
	char text[ANSWER], *rest;
	unsigned int len = 0;
	ssize_t n;

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		die(address.sun_path);
	for (i = 0; i < count; i++) {
		n = snprintf(text + len, sizeof(text) - len, "%s%c", words[i], i + 1 < count ? ' ' : '\n');
		if (n >= (ssize_t)(sizeof(text) - len)) {
			fputs("too long\n", stderr);
			return 1;
		}
		len += n;
	}
	if (send(fd, text, len, MSG_NOSIGNAL) != (ssize_t)len)
		die("send");
	for (len = 0; len < sizeof(text) - 1; len += n) {
		n = read(fd, text + len, sizeof(text) - 1 - len);
		if (n <= 0)
			break;
	}
	text[len] = '\0';
	rest = strchr(text, ' ');
	if (!strncmp(text, "ok", 2)) {
		if (rest)
			fputs(rest + 1, stdout);
		return 0;
	}
	fputs(rest ? rest + 1 : "no answer\n", stderr);
	return 1;
}

int main(int argc, char **argv)
{
	if (argc > 3 && !strcmp(argv[1], "serve"))
		return start(argv[2], argc - 3, argv + 3);
	if (argc > 3 && !strcmp(argv[1], "ask"))
		return ask(argv[2], argc - 3, argv + 3);
	fputs("usage: switch serve DIR PORT... | switch ask DIR COMMAND...\n", stderr);
	return 2;
}
