// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sends requests with attributes of random types, lengths and content to a
 * generic netlink family, as root may, and reads what comes back.
 * Prints "refused N answered N".
 *
 * usage: netlink_fuzz FAMILY SEED COUNT
 */
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define COMMANDS	24	/* more than any family of ours has */
#define TYPES		64
#define ROOM		2048

struct request {
	struct nlmsghdr head;
	struct genlmsghdr genl;
	char attrs[ROOM];
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* What the attributes would hold if they were right, so that checks behind the first are reached. */
static const char *const words[] = {
	"ram0", "s9", "/dev/ram0", "ip:10.77.0.1", "round-robin", "a/b", "..", "%SESSNAME%", "",
};

static uint16_t attribute(char *at, size_t room, int depth)
{
	struct nlattr attr = { .nla_type = random() % TYPES };
	const char *word = words[random() % (sizeof(words) / sizeof(*words))];
	size_t len = random() % 24, i;

	if (random() % 4 == 0)
		len = random() % 600;
	if (len + NLA_HDRLEN > room)
		len = room - NLA_HDRLEN;
	for (i = 0; i < len; i++)
		at[NLA_HDRLEN + i] = random();
	if (random() % 2 && strlen(word) < len)
		strcpy(at + NLA_HDRLEN, word);
	if (random() % 6 == 0 && depth && len >= 2 * NLA_HDRLEN) {
		attr.nla_type |= NLA_F_NESTED;
		attribute(at + NLA_HDRLEN, len, depth - 1);
	}
	attr.nla_len = NLA_HDRLEN + len;
	/* now and then longer than it is, shorter than its header, past the message */
	if (random() % 12 == 0)
		attr.nla_len = random() % 1000;
	memcpy(at, &attr, sizeof(attr));
	return NLA_ALIGN(NLA_HDRLEN + len);
}

static size_t fill(struct request *request, uint16_t family)
{
	size_t used = 0;
	int count = random() % 8;

	memset(request, 0, sizeof(*request));
	request->genl.cmd = random() % COMMANDS;
	request->genl.version = random() % 3;
	while (count-- && used + 2 * NLA_HDRLEN < sizeof(request->attrs) - 700)
		used += attribute(request->attrs + used, 700, 3);
	request->head.nlmsg_len = NLMSG_HDRLEN + GENL_HDRLEN + used;
	request->head.nlmsg_type = family;
	request->head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | (random() % 5 ? 0 : NLM_F_DUMP);
	return request->head.nlmsg_len;
}

static uint16_t family_id(int fd, const char *name)
{
	static char buf[65536] __attribute__((aligned(8)));
	struct request request = {
		.head = { 0, GENL_ID_CTRL, NLM_F_REQUEST, 1, 0 },
		.genl = { CTRL_CMD_GETFAMILY, 1, 0 },
	};
	struct nlattr attr = { NLA_HDRLEN + strlen(name) + 1, CTRL_ATTR_FAMILY_NAME };
	struct nlmsghdr *head = (void *)buf;
	char *at, *end;
	ssize_t len;

	memcpy(request.attrs, &attr, sizeof(attr));
	strcpy(request.attrs + NLA_HDRLEN, name);
	request.head.nlmsg_len = NLMSG_HDRLEN + GENL_HDRLEN + NLA_ALIGN(attr.nla_len);
	if (send(fd, &request, request.head.nlmsg_len, 0) < 0)
		die("send");
	len = recv(fd, buf, sizeof(buf), 0);
	if (len < (ssize_t)NLMSG_HDRLEN || head->nlmsg_type == NLMSG_ERROR)
		return 0;
	end = buf + len;
	for (at = (char *)NLMSG_DATA(head) + GENL_HDRLEN; at + NLA_HDRLEN <= end; at += NLA_ALIGN(attr.nla_len)) {
		memcpy(&attr, at, sizeof(attr));
		if (attr.nla_type == CTRL_ATTR_FAMILY_ID) {
			uint16_t id;

			memcpy(&id, at + NLA_HDRLEN, sizeof(id));
			return id;
		}
		if (attr.nla_len < NLA_HDRLEN)
			break;
	}
	return 0;
}

/* All that has come so far. */
static void take(int fd, unsigned int *refused, unsigned int *answered)
{
	static char buf[65536] __attribute__((aligned(8)));
	struct nlmsghdr *head;
	struct nlmsgerr *err;
	ssize_t len;

	while ((len = recv(fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		for (head = (void *)buf; NLMSG_OK(head, len); head = NLMSG_NEXT(head, len)) {
			err = NLMSG_DATA(head);
			if (head->nlmsg_type == NLMSG_ERROR && err->error)
				(*refused)++;
			else
				(*answered)++;
		}
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_nl self = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC), i;
	unsigned int refused = 0, answered = 0;
	struct request request;
	uint16_t family;
	size_t len;

	if (argc != 4) {
		fprintf(stderr, "usage: %s FAMILY SEED COUNT\n", argv[0]);
		return 2;
	}
	if (fd < 0 || bind(fd, (struct sockaddr *)&self, sizeof(self)))
		die("socket");
	family = family_id(fd, argv[1]);
	if (!family) {
		fprintf(stderr, "no family %s\n", argv[1]);
		return 1;
	}
	srandom(atoi(argv[2]));
	for (i = 0; i < atoi(argv[3]); i++) {
		len = fill(&request, family);
		/* a request that cannot be sent, because its predecessors' answers wait, is one less */
		send(fd, &request, len, 0);
		take(fd, &refused, &answered);
	}
	printf("refused %u answered %u\n", refused, answered);
	return 0;
}
