// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Asks the family "rnbd-client" to map devices, as a program would that does not
 * compare anything first. All requests are made before any other thread may run, so
 * that the kernel has begun with none of them when the last one comes. Prints a line
 * for each: "ok", or the error and what the kernel says of it.
 *
 * usage: netlink_map SESSION DEVICE PORT IPV4... [-- SESSION DEVICE ...]	PORT 0: none
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../include/uapi/rnbd_netlink.h"
#include "../../../include/uapi/rtrs_netlink.h"

#define DATA(attr) ((void *)((char *)(attr) + NLA_HDRLEN))

#define REQUESTS 4

static char requests[REQUESTS][2048] __attribute__((aligned(8)));
static size_t lengths[REQUESTS];
static char buf[8192] __attribute__((aligned(8)));
static size_t used;
static atomic_int hogs, over;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static struct nlattr *put(int type, const void *data, size_t len)
{
	struct nlattr *attr = (struct nlattr *)(buf + used);

	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + len;
	if (len)
		memcpy(DATA(attr), data, len);
	used += NLA_ALIGN(attr->nla_len);
	return attr;
}

static void close_nest(struct nlattr *nest)
{
	nest->nla_type |= NLA_F_NESTED;
	nest->nla_len = buf + used - (char *)nest;
}

static void begin(int family, int cmd)
{
	struct genlmsghdr genl = { cmd, RNBD_GENL_VERSION, 0 };

	memset(buf, 0, sizeof(buf));
	((struct nlmsghdr *)buf)->nlmsg_type = family;
	((struct nlmsghdr *)buf)->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	memcpy(buf + NLMSG_HDRLEN, &genl, sizeof(genl));
	used = NLMSG_HDRLEN + GENL_HDRLEN;
}

/* The answer is in @buf. */
static struct nlmsghdr *talk(int fd)
{
	ssize_t len;

	((struct nlmsghdr *)buf)->nlmsg_len = used;
	if (send(fd, buf, used, 0) < 0)
		die("send");
	memset(buf, 0, sizeof(buf));
	len = recv(fd, buf, sizeof(buf) - 1, 0);
	if (len < (ssize_t)NLMSG_HDRLEN)
		die("recv");
	return (struct nlmsghdr *)buf;
}

/* The attribute @type from @at on; NULL if there is none. */
static struct nlattr *find(const struct nlmsghdr *head, size_t at, int type)
{
	struct nlattr *attr;

	for (; at + NLA_HDRLEN <= head->nlmsg_len; at += NLA_ALIGN(attr->nla_len)) {
		attr = (struct nlattr *)(buf + at);
		if ((attr->nla_type & NLA_TYPE_MASK) == type)
			return attr;
		if (attr->nla_len < NLA_HDRLEN)
			break;
	}
	return NULL;
}

static int family_number(int fd)
{
	struct nlattr *id;
	struct nlmsghdr *head;

	begin(GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	put(CTRL_ATTR_FAMILY_NAME, RNBD_CLIENT_GENL_NAME, sizeof(RNBD_CLIENT_GENL_NAME));
	((struct nlmsghdr *)buf)->nlmsg_flags = NLM_F_REQUEST;
	head = talk(fd);
	id = head->nlmsg_type == NLMSG_ERROR ? NULL : find(head, NLMSG_HDRLEN + GENL_HDRLEN, CTRL_ATTR_FAMILY_ID);
	if (!id) {
		fputs("no family rnbd-client\n", stderr);
		exit(2);
	}
	return *(uint16_t *)DATA(id);
}

static void put_path(const char *text)
{
	uint32_t family = RTRS_GENL_ADDR_IP4;
	struct nlattr *path, *dst;
	struct in_addr addr;

	if (inet_pton(AF_INET, text, &addr) != 1) {
		fprintf(stderr, "%s is no IPv4 address\n", text);
		exit(2);
	}
	path = put(RNBD_A_PATH, NULL, 0);
	dst = put(RNBD_PATH_A_DST, NULL, 0);
	put(RNBD_ADDR_A_FAMILY, &family, sizeof(family));
	put(RNBD_ADDR_A_BYTES, &addr, sizeof(addr));
	close_nest(dst);
	close_nest(path);
}

static int tell(struct nlmsghdr *head)
{
	struct nlmsgerr *err = NLMSG_DATA(head);
	struct nlattr *text;
	size_t at = NLMSG_HDRLEN + sizeof(*err);

	if (!err->error) {
		puts("ok");
		return 0;
	}
	if (!(head->nlmsg_flags & NLM_F_CAPPED))
		at += NLMSG_ALIGN(err->msg.nlmsg_len) - NLMSG_HDRLEN;
	text = head->nlmsg_flags & NLM_F_ACK_TLVS ? find(head, at, NLMSGERR_ATTR_MSG) : NULL;
	printf("%s: %s\n", strerror(-err->error), text ? (char *)DATA(text) : "");
	return 1;
}

/* Words up to the next "--"; how many there were. */
static int build(int family, char **words, int count, int n)
{
	uint16_t port;
	int i;

	if (count < 3 || n == REQUESTS) {
		fputs("usage: netlink_map SESSION DEVICE PORT IPV4... [-- SESSION DEVICE ...]\n", stderr);
		exit(2);
	}
	port = atoi(words[2]);
	begin(family, RNBD_CMD_DEVICE_MAP);
	put(RNBD_A_SESSION, words[0], strlen(words[0]) + 1);
	put(RNBD_A_REMOTE_PATH, words[1], strlen(words[1]) + 1);
	if (port)
		put(RNBD_A_PORT, &port, sizeof(port));
	for (i = 3; i < count && strcmp(words[i], "--"); i++)
		put_path(words[i]);
	((struct nlmsghdr *)buf)->nlmsg_len = used;
	memcpy(requests[n], buf, used);
	lengths[n] = used;
	return i;
}

/* From now on nothing of a lower priority interrupts this thread, which has the processor. */
static void take_cpu(int cpu)
{
	const struct sched_param first = { .sched_priority = 10 };
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) || sched_setscheduler(0, SCHED_FIFO, &first))
		die("processor");
}

static void *hog(void *cpu)
{
	take_cpu((int)(intptr_t)cpu);
	atomic_fetch_add(&hogs, 1);
	while (!atomic_load(&over))
		;
	return NULL;
}

static void take_all_cpus(void)
{
	int cpu, count = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_t thread;

	for (cpu = 1; cpu < count; cpu++)
		if (pthread_create(&thread, NULL, hog, (void *)(intptr_t)cpu))
			die("thread");
	while (atomic_load(&hogs) < count - 1)
		sched_yield();
	take_cpu(0);
}

int main(int argc, char **argv)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC), on = 1, family, n = 0, at, i, rc = 0;

	if (fd < 0 || setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)))
		die("socket");
	family = family_number(fd);
	for (at = 1; at < argc; at++)
		at += build(family, argv + at, argc - at, n++);
	take_all_cpus();
	for (i = 0; i < n; i++)
		if (send(fd, requests[i], lengths[i], 0) < 0)
			die("send");
	atomic_store(&over, 1);
	for (i = 0; i < n;) {
		if (recv(fd, buf, sizeof(buf) - 1, 0) < (ssize_t)NLMSG_HDRLEN)
			die("recv");
		/* the new object comes before the verdict */
		if (((struct nlmsghdr *)buf)->nlmsg_type != NLMSG_ERROR)
			continue;
		rc |= tell((struct nlmsghdr *)buf);
		i++;
	}
	return rc;
}
