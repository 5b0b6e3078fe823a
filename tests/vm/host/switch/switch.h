/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SWITCH_H
#define SWITCH_H

#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PREFIX 4		/* the length before each frame */
#define FRAME_MAX 69632		/* what QEMU takes from a stream */
#define FRAME_MIN 14		/* an Ethernet header */
#define QUEUED_MAX 4096		/* frames that wait for a slow port */
#define HELD_MAX 16384		/* frames that a rule holds */
#define ANSWER 4096
#define CLIENTS 16		/* a test asks from a few places at once */

/* One for all ports that it goes to, whole with its length, as it was read. */
struct frame {
	int users;
	unsigned int len;
	unsigned char bytes[];
};

struct item {
	struct item *next;
	struct frame *frame;
	struct port *from;
};

struct list {
	struct item *first, **last;
	unsigned int n;
};

struct port {
	const char *name;
	int listener, fd;
	bool cut, stalled;
	unsigned int got, sent;	/* bytes of what was read, and of the first frame to write */
	unsigned long received, delivered, dropped, refused;
	struct list out;
	unsigned char in[4 * (PREFIX + FRAME_MAX)];
};

extern struct port *ports;
extern int port_count;

/* main.c */
void die(const char *what);
void client_end(int client, const char *answer, int len);

/* port.c */
struct port *port_find(const char *name);
void port_close(struct port *port);
void port_read(struct port *port);
void port_write(struct port *port);
/* deliver: to all other ports; whatever it takes, when nobody may throw it away. */
void deliver(struct port *from, struct frame *frame, bool must);
void list_init(struct list *list);
void list_add(struct list *list, struct frame *frame, struct port *from);
/* list_take: the first one, with the list's reference. */
struct frame *list_take(struct list *list, struct port **from);
void frame_put(struct frame *frame);

/* rule.c */
void rule_apply(struct port *from, struct frame *frame);

/* command.c */
/* command_run: fills in the answer, of so many bytes; 0: it comes later, or never. */
int command_run(char *line, char answer[ANSWER], int client);
void wait_forget(int client);
void wait_check(void);
int wait_timeout(void);

#endif
