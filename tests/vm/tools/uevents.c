// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prints the kernel's uevents of one disk until it is killed, one a line: the
 * action, RESIZE=1 if the event has it, and the name of FILE if that is there.
 *
 * usage: uevents DISK [FILE]
 */
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* "action@path", then NAME=VALUE words, each with its NUL. */
static void tell(const char *text, ssize_t len, const char *disk, const char *file)
{
	const char *end = text + len, *word, *resize = "";
	int there = file && !access(file, F_OK);
	const char *at = strchr(text, '@');
	const char *name = strrchr(text, '/');

	if (!at || !name || strcmp(name + 1, disk))
		return;
	for (word = text; word < end; word += strlen(word) + 1)
		if (!strcmp(word, "RESIZE=1"))
			resize = " RESIZE=1";
	printf("%.*s%s%s%s\n", (int)(at - text), text, resize, there ? " " : "", there ? file : "");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	static char text[8192];
	ssize_t len;

	if (argc < 2 || argc > 3 || fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		perror("uevents");
		return 1;
	}
	puts("ready");
	fflush(stdout);
	while ((len = recv(fd, text, sizeof(text) - 1, 0)) > 0) {
		text[len] = '\0';
		tell(text, len, argv[1], argv[2]);
	}
	return 1;
}
