// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A server that answers every connect request with bytes of the tester's
 * choice, by accept or by reject: what a foreign, broken or newer server would
 * say. Runs until it is killed. Prints "ready" once it listens.
 *
 * usage: cm_answer PORT accept|reject HEX
 */
#include <netinet/in.h>
#include <rdma/rdma_cma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ANSWER 148	/* of a reject */

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static size_t read_hex(const char *text, unsigned char *out)
{
	size_t n = 0;
	unsigned int byte;

	for (; text[0] && text[1] && n < MAX_ANSWER; text += 2) {
		if (sscanf(text, "%2x", &byte) != 1)
			break;
		out[n++] = byte;
	}
	if (*text) {
		fprintf(stderr, "not a string of up to %d bytes in hex\n", MAX_ANSWER);
		exit(2);
	}
	return n;
}

static struct rdma_cm_id *start(struct rdma_event_channel *events, int port)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct rdma_cm_id *id;

	if (rdma_create_id(events, &id, NULL, RDMA_PS_TCP))
		die("rdma_create_id");
	if (rdma_bind_addr(id, (struct sockaddr *)&any))
		die("rdma_bind_addr");
	if (rdma_listen(id, 16))
		die("rdma_listen");
	return id;
}

static void accept_with(struct rdma_cm_id *id, const unsigned char *bytes, size_t len)
{
	struct rdma_conn_param param = { .private_data = bytes, .private_data_len = len };
	struct ibv_qp_init_attr attr = {
		.cap = { .max_send_wr = 1, .max_recv_wr = 1, .max_send_sge = 1, .max_recv_sge = 1 },
		.qp_type = IBV_QPT_RC,
	};

	if (rdma_create_qp(id, NULL, &attr))
		die("rdma_create_qp");
	if (rdma_accept(id, &param))
		die("rdma_accept");
}

int main(int argc, char **argv)
{
	struct rdma_event_channel *events = rdma_create_event_channel();
	unsigned char bytes[MAX_ANSWER];
	struct rdma_cm_event *event;
	size_t len;

	if (argc != 4 || (strcmp(argv[2], "accept") && strcmp(argv[2], "reject"))) {
		fprintf(stderr, "usage: %s PORT accept|reject HEX\n", argv[0]);
		return 2;
	}
	if (!events)
		die("rdma_create_event_channel");
	len = read_hex(argv[3], bytes);
	start(events, atoi(argv[1]));
	puts("ready");
	fflush(stdout);
	while (!rdma_get_cm_event(events, &event)) {
		struct rdma_cm_id *id = event->id;
		enum rdma_cm_event_type type = event->event;

		rdma_ack_cm_event(event);
		if (type == RDMA_CM_EVENT_CONNECT_REQUEST && argv[2][0] == 'a')
			accept_with(id, bytes, len);
		else if (type == RDMA_CM_EVENT_CONNECT_REQUEST && rdma_reject(id, bytes, len))
			die("rdma_reject");
		else if (type == RDMA_CM_EVENT_DISCONNECTED)
			rdma_disconnect(id);
	}
	return 1;
}
