// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The ports: frames are read whole, given to the rules, and wait for the ports that they
 * go to. Whatever is wrong with one port's socket ends this socket and nothing else.
 */
#include "switch.h"

struct port *port_find(const char *name)
{
	int i;

	for (i = 0; i < port_count; i++)
		if (!strcmp(ports[i].name, name))
			return &ports[i];
	return NULL;
}

void frame_put(struct frame *frame)
{
	if (!--frame->users)
		free(frame);
}

void list_init(struct list *list)
{
	*list = (struct list){ .last = &list->first };
}

void list_add(struct list *list, struct frame *frame, struct port *from)
{
	struct item *item = malloc(sizeof(*item));

	if (!item)
		die("memory");
	frame->users++;
	*item = (struct item){ .frame = frame, .from = from };
	*list->last = item;
	list->last = &item->next;
	list->n++;
}

struct frame *list_take(struct list *list, struct port **from)
{
	struct item *item = list->first;
	struct frame *frame = item->frame;

	if (from)
		*from = item->from;
	list->first = item->next;
	if (!--list->n)
		list->last = &list->first;
	free(item);
	return frame;
}

/* The next end that connects begins with a frame, in both directions. */
void port_close(struct port *port)
{
	if (port->fd >= 0)
		close(port->fd);
	port->fd = -1;
	port->got = port->sent = 0;
	while (port->out.n)
		frame_put(list_take(&port->out, NULL));
}

/* A port whose reader is slow loses frames and holds up nobody. */
void deliver(struct port *from, struct frame *frame, bool must)
{
	struct port *to;

	if (from->cut)
		return;
	for (to = ports; to < ports + port_count; to++) {
		if (to == from || to->cut || to->fd < 0)
			continue;
		if (to->out.n < QUEUED_MAX || must)
			list_add(&to->out, frame, from);
		else
			to->dropped++;
	}
}

static void frame_read(struct port *from, const unsigned char *bytes, unsigned int len)
{
	struct frame *frame = malloc(sizeof(*frame) + len);

	if (!frame)
		die("memory");
	frame->users = 1;
	frame->len = len;
	memcpy(frame->bytes, bytes, len);
	from->received++;
	rule_apply(from, frame);
	frame_put(frame);
}

void port_read(struct port *port)
{
	ssize_t n = read(port->fd, port->in + port->got, sizeof(port->in) - port->got);
	unsigned int at = 0;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		port_close(port);
		return;
	}
	port->got += n;
	while (port->got - at >= PREFIX) {
		const unsigned char *in = port->in + at;
		unsigned int len = (unsigned int)in[0] << 24 | in[1] << 16 | in[2] << 8 | in[3];

		if (len < FRAME_MIN || len > FRAME_MAX) {
			port->refused++;
			port_close(port);
			return;
		}
		if (port->got - at < PREFIX + len)
			break;
		frame_read(port, in, PREFIX + len);
		at += PREFIX + len;
	}
	memmove(port->in, port->in + at, port->got - at);
	port->got -= at;
}

/* written: so many bytes of the queue are with the reader. */
static void written(struct port *port, size_t n)
{
	n += port->sent;
	while (port->out.n && n >= port->out.first->frame->len) {
		n -= port->out.first->frame->len;
		port->delivered++;
		frame_put(list_take(&port->out, NULL));
	}
	port->sent = n;
}

void port_write(struct port *port)
{
	struct iovec parts[64];
	struct msghdr message = { .msg_iov = parts };
	struct item *item;
	ssize_t n;

	while (port->out.n) {
		message.msg_iovlen = 0;
		for (item = port->out.first; item && message.msg_iovlen < 64; item = item->next)
			parts[message.msg_iovlen++] = (struct iovec){ item->frame->bytes, item->frame->len };
		parts[0].iov_base = port->out.first->frame->bytes + port->sent;
		parts[0].iov_len -= port->sent;
		n = sendmsg(port->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			if (errno != EAGAIN)
				port_close(port);
			return;
		}
		written(port, n);
	}
}
