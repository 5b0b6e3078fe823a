// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Listens to the events of the family "rtrs-client" and prints a line for each
 * of a session: what happened, the policy, and how many events were left out
 * before it. Runs until it is killed. Prints "ready" once it listens.
 *
 * usage: session_events
 */
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../include/uapi/rtrs_netlink.h"

#define NEXT(attr) ((struct nlattr *)((char *)(attr) + NLA_ALIGN((attr)->nla_len)))
#define DATA(attr) ((void *)((char *)(attr) + NLA_HDRLEN))

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* The attribute @type among those from @attr to @end; NULL if there is none. */
static struct nlattr *find(struct nlattr *attr, void *end, int type)
{
	for (; (char *)attr + NLA_HDRLEN <= (char *)end && attr->nla_len >= NLA_HDRLEN; attr = NEXT(attr))
		if ((attr->nla_type & NLA_TYPE_MASK) == type)
			return attr;
	return NULL;
}

static void *end_of(struct nlattr *attr)
{
	return (char *)attr + attr->nla_len;
}

static uint32_t number(struct nlattr *attr)
{
	uint32_t value = 0;

	if (attr)
		memcpy(&value, DATA(attr), sizeof(value));
	return value;
}

static void ask_family(int fd)
{
	struct {
		struct nlmsghdr head;
		struct genlmsghdr genl;
		struct nlattr attr;
		char name[16];
	} request = {
		.head = { sizeof(request), GENL_ID_CTRL, NLM_F_REQUEST, 1, 0 },
		.genl = { CTRL_CMD_GETFAMILY, 1, 0 },
		.attr = { NLA_HDRLEN + sizeof(RTRS_CLIENT_GENL_NAME), CTRL_ATTR_FAMILY_NAME },
		.name = RTRS_CLIENT_GENL_NAME,
	};

	if (send(fd, &request, sizeof(request), 0) < 0)
		die("send");
}

/* Number of the only group, out of the controller's answer. */
static uint32_t group_of(struct nlmsghdr *head, ssize_t len)
{
	struct nlattr *first = (struct nlattr *)((char *)NLMSG_DATA(head) + GENL_HDRLEN);
	struct nlattr *groups, *group;

	if (head->nlmsg_type == NLMSG_ERROR)
		return 0;
	groups = find(first, (char *)head + len, CTRL_ATTR_MCAST_GROUPS);
	if (!groups)
		return 0;
	group = DATA(groups);
	return number(find(DATA(group), end_of(group), CTRL_ATTR_MCAST_GRP_ID));
}

static void print_event(struct nlmsghdr *head, ssize_t len)
{
	struct genlmsghdr *genl = NLMSG_DATA(head);
	struct nlattr *first = (struct nlattr *)((char *)genl + GENL_HDRLEN);
	void *end = (char *)head + len;
	struct nlattr *policy = find(first, end, RTRS_A_MP_POLICY);

	if (genl->cmd != RTRS_CMD_SESSION_NTF)
		return;
	printf("%u %s %u\n", number(find(first, end, RTRS_A_EVENT)),
	       policy ? (char *)DATA(policy) : "-", number(find(first, end, RTRS_A_SUPPRESSED)));
	fflush(stdout);
}

int main(void)
{
	static char buf[65536] __attribute__((aligned(8)));
	struct sockaddr_nl self = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	uint32_t group;
	ssize_t len;

	if (fd < 0 || bind(fd, (struct sockaddr *)&self, sizeof(self)))
		die("socket");
	ask_family(fd);
	len = recv(fd, buf, sizeof(buf), 0);
	group = len > 0 ? group_of((struct nlmsghdr *)buf, len) : 0;
	if (!group || setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
		die("group");
	puts("ready");
	fflush(stdout);
	while ((len = recv(fd, buf, sizeof(buf), 0)) > 0)
		print_event((struct nlmsghdr *)buf, len);
	die("recv");
	return 1;
}
