// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes and reads back requests of as many memory segments as asked for: pages
 * that do not follow each other in memory, the first one used from its middle
 * and the last one up to it, so that the request is one page shorter.
 *
 * usage: scattered DISK SEGMENTS COUNT
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAGE 4096

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Every other page, so that no two of them can be one segment. */
static void lay_out(struct iovec *iov, int segments)
{
	char *pages = mmap(NULL, 2UL * segments * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	int i;

	if (pages == MAP_FAILED)
		die("mmap");
	for (i = 0; i < segments; i++) {
		iov[i].iov_base = pages + 2UL * i * PAGE;
		iov[i].iov_len = PAGE;
	}
	iov[0].iov_base = (char *)iov[0].iov_base + PAGE / 2;
	iov[0].iov_len = PAGE / 2;
	iov[segments - 1].iov_len = PAGE / 2;
}

/* Eight bytes tell request and place; false: something else is there. */
static int stamp(const struct iovec *iov, int segments, uint64_t request, int check)
{
	uint64_t place = 0, value, *word;
	size_t at;
	int i;

	for (i = 0; i < segments; i++) {
		for (at = 0; at < iov[i].iov_len; at += sizeof(value), place++) {
			word = (uint64_t *)((char *)iov[i].iov_base + at);
			value = request << 32 | place;
			if (check && *word != value) {
				fprintf(stderr, "request %lu, segment %d, byte %zu: %lx\n",
					(unsigned long)request, i, at, (unsigned long)*word);
				return 0;
			}
			*word = check ? 0 : value;
		}
	}
	return 1;
}

int main(int argc, char **argv)
{
	int segments = argc == 4 ? atoi(argv[2]) : 0, count = argc == 4 ? atoi(argv[3]) : 0;
	struct iovec *iov = calloc(segments + 1, sizeof(*iov));
	ssize_t bytes = (segments - 1L) * PAGE;
	int fd, i;

	if (segments < 2 || count < 1 || !iov) {
		fprintf(stderr, "usage: %s DISK SEGMENTS COUNT\n", argv[0]);
		return 2;
	}
	fd = open(argv[1], O_RDWR | O_DIRECT);
	if (fd < 0)
		die(argv[1]);
	lay_out(iov, segments);
	for (i = 0; i < count; i++) {
		stamp(iov, segments, i + 1, 0);
		if (pwritev(fd, iov, segments, i * bytes) != bytes)
			die("pwritev");
	}
	for (i = 0; i < count; i++) {
		stamp(iov, segments, 0, 0);
		if (preadv(fd, iov, segments, i * bytes) != bytes)
			die("preadv");
		if (!stamp(iov, segments, i + 1, 1))
			return 1;
	}
	return 0;
}
