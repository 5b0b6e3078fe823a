// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A disk that may let later writes pass an earlier one, as real ones do: the
 * memory or file of one process behind the kernel's nbd driver. Told to, it
 * keeps back the next write to some blocks, tells who waits for that, and does
 * it when told to. The data of a write is taken when the write arrives. It may
 * have a volatile cache as well: then only what was flushed, or written with
 * FUA, is in the file.
 *
 * usage: nbd_disk serve NBD SOCKET MIB [FILE|- [LOG|- [volatile]]]
 *            returns once the disk is there, and goes on in the background;
 *            LOG: a line for each write, "write BLOCK COUNT HASH BEGINNING" when
 *            it arrives, "held ..." or "released ..." for those kept back
 *        nbd_disk ask SOCKET COMMAND      in blocks of 4 KiB:
 *            hold BLOCK COUNT [WRITES]    keep back the next writes to these
 *            wait [WRITES]                until that many are kept back
 *            release                      do them, oldest first
 *            get BLOCK BYTES              what the disk has there
 *            state                        "armed N held N writes N reads N"
 *            stop
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nbd.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BLOCK 4096
#define MAX_HELD 256
#define MAX_WAITERS 8
#define MAX_LINE 256
#define ASK_LIMIT 60	/* seconds an answer may take */

struct held {
	struct nbd_request request;
	unsigned char *data;
};

struct waiter {
	int fd;			/* < 0: none */
	unsigned int writes;
};

static struct {
	int dev, sock, control;
	unsigned char *data;
	uint64_t size;
	FILE *log;
	uint64_t hold_first, hold_end;	/* bytes */
	unsigned int armed;		/* writes still to be kept back */
	struct held held[MAX_HELD];
	unsigned int held_count;
	struct waiter waiters[MAX_WAITERS];
	uint64_t writes, reads;
	int file;			/* with a volatile cache, else < 0 */
	bool *dirty;			/* a block of the cache */
} disk;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static bool transfer(int fd, void *buffer, size_t len, ssize_t (*move)(int, void *, size_t))
{
	char *at = buffer;

	while (len) {
		ssize_t n = move(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= n;
	}
	return true;
}

static ssize_t put(int fd, void *buffer, size_t len)
{
	return write(fd, buffer, len);
}

static bool read_all(int fd, void *buffer, size_t len)
{
	return transfer(fd, buffer, len, read);
}

static bool write_all(int fd, void *buffer, size_t len)
{
	return transfer(fd, buffer, len, put);
}

/* ---- the disk ---- */

static void note(const char *what, const struct nbd_request *request, const unsigned char *data)
{
	uint32_t len = ntohl(request->len), hash = 2166136261u, i;
	char text[13] = "";

	if (!disk.log)
		return;
	for (i = 0; i < len; i++)
		hash = (hash ^ data[i]) * 16777619u;
	for (i = 0; i < sizeof(text) - 1 && i < len && data[i]; i++)
		text[i] = data[i] > 32 && data[i] < 127 ? data[i] : '.';
	fprintf(disk.log, "%s %llu %u %08x %s\n", what,
		(unsigned long long)be64toh(request->from) / BLOCK, (len + BLOCK - 1) / BLOCK, hash, text);
	fflush(disk.log);
}

/* The cache's blocks of this range, where they are safe from a power cut. */
static bool make_durable(uint64_t from, uint64_t len)
{
	uint64_t block;

	for (block = from / BLOCK; block * BLOCK < from + len; block++) {
		if (!disk.dirty[block])
			continue;
		if (pwrite(disk.file, disk.data + block * BLOCK, BLOCK, block * BLOCK) != BLOCK)
			return false;
		disk.dirty[block] = false;
	}
	return true;
}

/* store: a write takes place. */
static bool store(const struct nbd_request *request, const unsigned char *data)
{
	uint64_t from = be64toh(request->from), block;
	uint32_t len = ntohl(request->len);

	memcpy(disk.data + from, data, len);
	if (disk.file < 0)
		return true;
	for (block = from / BLOCK; block * BLOCK < from + len; block++)
		disk.dirty[block] = true;
	return !(request->type & htonl(NBD_CMD_FLAG_FUA)) || make_durable(from, len);
}

static bool answer(const struct nbd_request *request, int error)
{
	struct nbd_reply reply = { .magic = htonl(NBD_REPLY_MAGIC), .error = htonl(error) };

	memcpy(reply.handle, request->handle, sizeof(reply.handle));
	return write_all(disk.sock, &reply, sizeof(reply));
}

static void tell_waiters(void)
{
	char text[32];
	int i, len = snprintf(text, sizeof(text), "held %u\n", disk.held_count);

	for (i = 0; i < MAX_WAITERS; i++) {
		struct waiter *waiter = &disk.waiters[i];

		if (waiter->fd < 0 || waiter->writes > disk.held_count)
			continue;
		write_all(waiter->fd, text, len);
		close(waiter->fd);
		waiter->fd = -1;
	}
}

static bool to_be_held(uint64_t from, uint32_t len)
{
	return disk.armed && disk.held_count < MAX_HELD &&
	       from < disk.hold_end && from + len > disk.hold_first;
}

static bool do_write(const struct nbd_request *request, uint64_t from, uint32_t len)
{
	unsigned char *data = malloc(len);
	bool good;

	if (!data)
		die("malloc");
	if (!read_all(disk.sock, data, len))
		return false;
	disk.writes++;
	if (to_be_held(from, len)) {
		note("held", request, data);
		disk.armed--;
		disk.held[disk.held_count++] = (struct held){ *request, data };
		tell_waiters();
		return true;
	}
	note("write", request, data);
	good = store(request, data);
	free(data);
	return answer(request, good ? 0 : EIO);
}

static bool do_read(const struct nbd_request *request, uint64_t from, uint32_t len)
{
	disk.reads++;
	return answer(request, 0) && write_all(disk.sock, disk.data + from, len);
}

static bool serve_one(void)
{
	struct nbd_request request;
	uint64_t from;
	uint32_t len;

	if (!read_all(disk.sock, &request, sizeof(request)) ||
	    request.magic != htonl(NBD_REQUEST_MAGIC))
		return false;
	from = be64toh(request.from);
	len = ntohl(request.len);
	if (from > disk.size || len > disk.size - from) {
		fprintf(stderr, "request beyond the end\n");
		return false;
	}
	switch (ntohl(request.type) & 0xffff) {
	case NBD_CMD_READ:
		return do_read(&request, from, len);
	case NBD_CMD_WRITE:
		return do_write(&request, from, len);
	case NBD_CMD_FLUSH:
		return answer(&request, disk.file < 0 || make_durable(0, disk.size) ? 0 : EIO);
	case NBD_CMD_DISC:
		return false;
	}
	return answer(&request, EINVAL);
}

static bool release_all(void)
{
	unsigned int i;
	bool good = true;

	for (i = 0; i < disk.held_count; i++) {
		struct held *held = &disk.held[i];

		note("released", &held->request, held->data);
		good = answer(&held->request, store(&held->request, held->data) ? 0 : EIO) && good;
		free(held->data);
	}
	disk.held_count = 0;
	return good;
}

/* ---- who tells it what to do ---- */

static bool wait_for(int fd, unsigned int writes)
{
	int i;

	for (i = 0; i < MAX_WAITERS; i++) {
		if (disk.waiters[i].fd >= 0)
			continue;
		disk.waiters[i] = (struct waiter){ fd, writes };
		tell_waiters();
		return true;
	}
	return false;
}

static void get(int fd, uint64_t block, unsigned int bytes)
{
	if (block >= disk.size / BLOCK || bytes > BLOCK)
		return;
	write_all(fd, disk.data + block * BLOCK, bytes);
}

/* Takes the fd. False ends the disk. */
static bool obey(int fd, const char *line)
{
	unsigned long long block, count;
	unsigned int n = 1, released = disk.held_count;
	bool good = true;

	if (sscanf(line, "hold %llu %llu %u", &block, &count, &n) >= 2) {
		disk.hold_first = block * BLOCK;
		disk.hold_end = disk.hold_first + count * BLOCK;
		disk.armed = n;
		dprintf(fd, "armed %u\n", n);
	} else if (!strncmp(line, "wait", 4)) {
		sscanf(line, "wait %u", &n);
		if (wait_for(fd, n))
			return true;
		dprintf(fd, "error: too many wait\n");
	} else if (!strcmp(line, "release")) {
		disk.armed = 0;
		good = release_all();
		dprintf(fd, "released %u\n", released);
	} else if (sscanf(line, "get %llu %u", &block, &n) == 2) {
		get(fd, block, n);
	} else if (!strcmp(line, "state")) {
		dprintf(fd, "armed %u held %u writes %llu reads %llu\n", disk.armed, disk.held_count,
			(unsigned long long)disk.writes, (unsigned long long)disk.reads);
	} else if (!strcmp(line, "stop")) {
		ioctl(disk.dev, NBD_DISCONNECT);
	} else {
		dprintf(fd, "error: what is \"%s\"?\n", line);
	}
	close(fd);
	return good;
}

static bool take_command(void)
{
	int fd = accept(disk.control, NULL, NULL);
	char line[MAX_LINE];
	ssize_t len;

	if (fd < 0)
		return true;
	len = read(fd, line, sizeof(line) - 1);
	if (len <= 0) {
		close(fd);
		return true;
	}
	line[len] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return obey(fd, line);
}

static void serve(void)
{
	struct pollfd fds[] = {
		{ .fd = disk.sock, .events = POLLIN },
		{ .fd = disk.control, .events = POLLIN },
	};
	bool good = true;

	while (good) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			die("poll");
		if (fds[0].revents)
			good = serve_one();
		if (good && fds[1].revents)
			good = take_command();
	}
}

/* ---- start ---- */

static void map_storage(const char *file)
{
	int fd = -1, flags = MAP_SHARED | MAP_ANONYMOUS;

	if (file && strcmp(file, "-")) {
		fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0 || ftruncate(fd, disk.size))
			die(file);
		flags = MAP_SHARED;
	}
	disk.data = mmap(NULL, disk.size, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (disk.data == MAP_FAILED)
		die("mmap");
}

static void map_cache(const char *file)
{
	disk.file = open(file, O_RDWR | O_DSYNC | O_CLOEXEC);
	disk.data = mmap(NULL, disk.size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	disk.dirty = mmap(NULL, disk.size / BLOCK, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (disk.file < 0 || disk.data == MAP_FAILED || disk.dirty == MAP_FAILED)
		die(file);
	if (!read_all(disk.file, disk.data, disk.size))
		die(file);
}

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path)) {
		fprintf(stderr, "%s: too long\n", path);
		exit(2);
	}
	strcpy(address.sun_path, path);
	return address;
}

static void listen_on(const char *path)
{
	struct sockaddr_un address = address_of(path);

	unlink(path);
	disk.control = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (disk.control < 0 || bind(disk.control, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(disk.control, MAX_WAITERS))
		die(path);
}

static void set_up(const char *name, int sock)
{
	unsigned long flags = NBD_FLAG_HAS_FLAGS;

	if (disk.file >= 0)
		flags |= NBD_FLAG_SEND_FLUSH | NBD_FLAG_SEND_FUA;
	disk.dev = open(name, O_RDWR | O_CLOEXEC);
	if (disk.dev < 0)
		die(name);
	ioctl(disk.dev, NBD_CLEAR_SOCK);
	if (ioctl(disk.dev, NBD_SET_BLKSIZE, 512ul) ||
	    ioctl(disk.dev, NBD_SET_SIZE_BLOCKS, (unsigned long)(disk.size / 512)) ||
	    ioctl(disk.dev, NBD_SET_FLAGS, flags) ||
	    ioctl(disk.dev, NBD_SET_SOCK, (unsigned long)sock))
		die("nbd");
}

/* The driver shows its process once the disk works. */
static int await_ready(const char *name)
{
	char path[64], *base = strrchr(name, '/');
	int i;

	snprintf(path, sizeof(path), "/sys/block/%s/pid", base ? base + 1 : name);
	for (i = 0; i < 200; i++) {
		if (!access(path, F_OK)) {
			puts("ready");
			return 0;
		}
		usleep(50000);
	}
	fprintf(stderr, "%s: no disk\n", name);
	return 1;
}

static void to_background(void)
{
	int null = open("/dev/null", O_RDWR);

	setsid();
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
}

static int start(int argc, char **argv)
{
	int socks[2], i;

	signal(SIGPIPE, SIG_IGN);
	disk.size = strtoull(argv[4], NULL, 10) << 20;
	for (i = 0; i < MAX_WAITERS; i++)
		disk.waiters[i].fd = -1;
	disk.file = -1;
	if (argc > 7)
		map_cache(argv[5]);
	else
		map_storage(argc > 5 ? argv[5] : NULL);
	if (argc > 6 && strcmp(argv[6], "-") && !(disk.log = fopen(argv[6], "we")))
		die(argv[6]);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socks))
		die("socketpair");
	listen_on(argv[3]);
	set_up(argv[2], socks[0]);
	disk.sock = socks[1];
	if (!fork()) {
		to_background();
		close(socks[1]);
		close(disk.control);
		ioctl(disk.dev, NBD_DO_IT);
		ioctl(disk.dev, NBD_CLEAR_QUE);
		ioctl(disk.dev, NBD_CLEAR_SOCK);
		_exit(0);
	}
	if (!fork()) {
		to_background();
		close(socks[0]);
		serve();
		_exit(0);
	}
	return await_ready(argv[2]);
}

static int ask(int argc, char **argv)
{
	struct timeval limit = { .tv_sec = ASK_LIMIT };
	struct sockaddr_un address = address_of(argv[2]);
	char line[BLOCK] = "";
	ssize_t len, all = 0;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), i;

	for (i = 3; i < argc; i++)
		snprintf(line + strlen(line), MAX_LINE - strlen(line), "%s%s", i > 3 ? " " : "", argv[i]);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    !write_all(fd, line, strlen(line)))
		die(argv[2]);
	while ((len = read(fd, line + all, sizeof(line) - all)) > 0)
		all += len;
	if (len < 0 && errno == EAGAIN) {
		fprintf(stderr, "no answer\n");
		return 1;
	}
	fwrite(line, 1, all, stdout);
	return strncmp(line, "error", 5) ? 0 : 1;
}

int main(int argc, char **argv)
{
	if (argc >= 5 && !strcmp(argv[1], "serve"))
		return start(argc, argv);
	if (argc >= 4 && !strcmp(argv[1], "ask"))
		return ask(argc, argv);
	fprintf(stderr, "usage: %s serve NBD SOCKET MIB [FILE|- [LOG|- [volatile]]]\n       %s ask SOCKET COMMAND\n",
		argv[0], argv[0]);
	return 2;
}
