// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keeps account of what a disk has promised. Threads write stamped blocks past
 * the page cache, each block by one thread, one write at a time, and note in a
 * file (which must not be on that disk) the number of each write before it is
 * issued and once it is durable. Whatever happens to the disk meanwhile: a
 * block read later has the last durable number, or a later one that was issued.
 *
 * usage: ledger run DISK FILE [threads=8] [at=BLOCK] [blocks=1024] [seed=N]
 *                [sync=dsync|flush] [pause=MICROSECONDS] [reads=PERCENT]
 *            until `ledger stop`; goes on with FILE if it is there
 *        ledger stop FILE SECONDS        fails when a request does not end
 *        ledger verify DISK FILE         prints each wrong block; fails if any
 *        ledger stat FILE                writes, errors, bad, gap_ms, slowest_ms
 *        ledger mark FILE                gap and slowest begin anew
 *        ledger await FILE WRITES SECONDS        until that many more are durable
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BLOCK 4096
#define SECTOR 512		/* what a disk writes whole */
#define SECTORS (BLOCK / SECTOR)
#define MAX_THREADS 128
#define FLUSH_EVERY 8		/* writes of a thread, with sync=flush */
#define MS 1000000ull

struct entry {
	uint64_t issued;	/* number of the last write issued */
	uint64_t done;		/* ... that was acknowledged */
	uint64_t durable;	/* ... that has to be there whatever happens */
};

/* The file: this, then an entry for each block. Times in nanoseconds since boot. */
struct book {
	uint64_t magic, seed, at, blocks, threads;
	uint64_t sync_flush, pause, reads;
	uint64_t pid, stop;
	uint64_t writes, errors, bad;	/* writes: durable ones */
	uint64_t last, gap, slowest;	/* completion; longest between two, longest request */
	uint64_t begun[MAX_THREADS];	/* request in flight, or 0 */
	struct entry entry[];
};

struct stamp {
	uint64_t magic, seed, block, number;
	uint32_t sector, sum;
};

#define BOOK_MAGIC 0x6c65646765720a01ull
#define STAMP_MAGIC 0x7374616d700a0a01ull

static struct book *book;
static int disk;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static uint64_t load(uint64_t *at)
{
	return __atomic_load_n(at, __ATOMIC_SEQ_CST);
}

static void store(uint64_t *at, uint64_t value)
{
	__atomic_store_n(at, value, __ATOMIC_SEQ_CST);
}

static void add(uint64_t *at, uint64_t value)
{
	__atomic_add_fetch(at, value, __ATOMIC_SEQ_CST);
}

static void raise_to(uint64_t *at, uint64_t value)
{
	uint64_t old = load(at);

	while (old < value && !__atomic_compare_exchange_n(at, &old, value, false, __ATOMIC_SEQ_CST,
							   __ATOMIC_SEQ_CST))
		;
}

/* ---- blocks ---- */

static uint32_t sum_of(const unsigned char *sector)
{
	uint32_t sum = 2166136261u;
	int i;

	for (i = 0; i < SECTOR; i++)
		sum = (sum ^ sector[i]) * 16777619u;
	return sum;
}

static void fill(unsigned char *data, uint64_t block, uint64_t number)
{
	uint32_t i, j;

	for (i = 0; i < SECTORS; i++) {
		struct stamp stamp = { STAMP_MAGIC, book->seed, block, number, i, 0 };
		unsigned char *sector = data + i * SECTOR;

		for (j = 0; j < SECTOR; j++)
			sector[j] = number * 31 + block + j;
		memcpy(sector, &stamp, sizeof(stamp));
		stamp.sum = sum_of(sector);
		memcpy(sector, &stamp, sizeof(stamp));
	}
}

/* check_sector: what is wrong with it, or NULL. */
static const char *check_sector(unsigned char *sector, uint32_t i, uint64_t block,
				const struct entry *entry, uint64_t *number)
{
	static const unsigned char zero[SECTOR];
	struct stamp stamp, plain;
	uint32_t sum;

	*number = 0;
	if (!entry->durable && !memcmp(sector, zero, SECTOR))
		return NULL;
	memcpy(&stamp, sector, sizeof(stamp));
	if (stamp.magic != STAMP_MAGIC)
		return "no stamp";
	plain = stamp;
	plain.sum = 0;
	memcpy(sector, &plain, sizeof(plain));
	sum = sum_of(sector);
	if (sum != stamp.sum)
		return "damaged";
	*number = stamp.number;
	if (stamp.seed != book->seed)
		return "from another run";
	if (stamp.block != block || stamp.sector != i)
		return "of another block";
	if (stamp.number < entry->durable)
		return "older than a durable write";
	if (stamp.number > entry->issued)
		return "never issued";
	return NULL;
}

/* A block whose last write was acknowledged is whole. */
static bool check(unsigned char *data, uint64_t block, const struct entry *entry)
{
	uint64_t first = 0, number;
	const char *wrong;
	uint32_t i;

	for (i = 0; i < SECTORS; i++) {
		wrong = check_sector(data + i * SECTOR, i, block, entry, &number);
		if (!i)
			first = number;
		else if (!wrong && number != first && entry->done == entry->issued)
			wrong = "torn";
		if (!wrong)
			continue;
		printf("block %llu sector %u: %s: number %llu, durable %llu, acknowledged %llu, issued %llu\n",
		       (unsigned long long)block, i, wrong, (unsigned long long)number,
		       (unsigned long long)entry->durable, (unsigned long long)entry->done,
		       (unsigned long long)entry->issued);
		fflush(stdout);
		return false;
	}
	return true;
}

/* ---- requests ---- */

static void completed(unsigned int thread, bool good)
{
	uint64_t time = now(), last;

	raise_to(&book->slowest, time - book->begun[thread]);
	store(&book->begun[thread], 0);
	if (!good) {
		add(&book->errors, 1);
		usleep(20000);
		return;
	}
	last = __atomic_exchange_n(&book->last, time, __ATOMIC_SEQ_CST);
	if (last < time)
		raise_to(&book->gap, time - last);
}

static bool do_write(unsigned int thread, unsigned char *data, uint64_t block)
{
	struct entry *entry = &book->entry[block - book->at];
	bool good;

	fill(data, block, entry->issued + 1);
	store(&entry->issued, entry->issued + 1);
	store(&book->begun[thread], now());
	good = pwrite(disk, data, BLOCK, block * BLOCK) == BLOCK;
	completed(thread, good);
	if (good)
		store(&entry->done, entry->issued);
	return good;
}

static bool do_flush(unsigned int thread)
{
	bool good;

	store(&book->begun[thread], now());
	good = !fdatasync(disk);
	completed(thread, good);
	return good;
}

/* The block is this thread's: no write of it is under way. */
static void do_read(unsigned int thread, unsigned char *data, uint64_t block)
{
	bool good;

	store(&book->begun[thread], now());
	good = pread(disk, data, BLOCK, block * BLOCK) == BLOCK;
	completed(thread, good);
	if (good && !check(data, block, &book->entry[block - book->at]))
		add(&book->bad, 1);
}

static void durable(struct entry *entry, uint64_t number)
{
	store(&entry->durable, number);
	add(&book->writes, 1);
}

/* Until the flush, none of these is durable; a block may be among them twice. */
static void write_and_flush(unsigned int thread, unsigned char *data, const uint64_t *blocks)
{
	uint64_t number[FLUSH_EVERY];
	struct entry *entry;
	int i;

	for (i = 0; i < FLUSH_EVERY; i++) {
		entry = &book->entry[blocks[i] - book->at];
		number[i] = do_write(thread, data, blocks[i]) ? entry->issued : 0;
	}
	if (!do_flush(thread))
		return;
	for (i = 0; i < FLUSH_EVERY; i++)
		if (number[i])
			durable(&book->entry[blocks[i] - book->at], number[i]);
}

static uint64_t pick(uint64_t *random, unsigned int thread)
{
	uint64_t mine = (book->blocks - thread + book->threads - 1) / book->threads;

	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return book->at + thread + (*random >> 8) % mine * book->threads;
}

static void step(unsigned int thread, unsigned char *data, uint64_t *random)
{
	uint64_t blocks[FLUSH_EVERY], block = pick(random, thread);
	struct entry *entry = &book->entry[block - book->at];
	int i;

	if (*random % 100 < book->reads) {
		do_read(thread, data, block);
	} else if (!book->sync_flush) {
		if (do_write(thread, data, block))
			durable(entry, entry->issued);
	} else {
		for (i = 0; i < FLUSH_EVERY; i++)
			blocks[i] = pick(random, thread);
		write_and_flush(thread, data, blocks);
	}
}

static void *work(void *arg)
{
	unsigned int thread = (uintptr_t)arg;
	uint64_t random = book->seed * 0x9e3779b97f4a7c15ull + thread + 1;
	unsigned char *data;

	if (posix_memalign((void **)&data, BLOCK, BLOCK))
		die("memory");
	while (!load(&book->stop)) {
		step(thread, data, &random);
		if (book->pause)
			usleep(book->pause);
	}
	free(data);
	return NULL;
}

/* ---- commands ---- */

static void map_book(const char *name, uint64_t blocks)
{
	size_t size = sizeof(*book) + blocks * sizeof(struct entry);
	int fd = open(name, O_RDWR | (blocks ? O_CREAT : 0) | O_CLOEXEC, 0600);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		die(name);
	if (!st.st_size && ftruncate(fd, size))
		die(name);
	if (st.st_size)
		size = st.st_size;
	book = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (book == MAP_FAILED)
		die(name);
	close(fd);
	if (st.st_size && (book->magic != BOOK_MAGIC || (blocks && book->blocks != blocks))) {
		fprintf(stderr, "%s: another ledger\n", name);
		exit(1);
	}
	book->magic = BOOK_MAGIC;
}

static void open_disk(const char *name, int flags)
{
	disk = open(name, flags | O_DIRECT | O_CLOEXEC);
	if (disk < 0)
		die(name);
}

static uint64_t option(int argc, char **argv, const char *name, uint64_t value)
{
	size_t len = strlen(name);
	int i;

	for (i = 4; i < argc; i++)
		if (!strncmp(argv[i], name, len) && argv[i][len] == '=')
			value = strtoull(argv[i] + len + 1, NULL, 0);
	return value;
}

static int run(int argc, char **argv)
{
	pthread_t threads[MAX_THREADS];
	uint64_t i, blocks = option(argc, argv, "blocks", 1024);

	map_book(argv[3], blocks);
	book->seed = option(argc, argv, "seed", book->seed ? book->seed : now() / MS);
	book->at = option(argc, argv, "at", 0);
	book->threads = option(argc, argv, "threads", 8);
	book->pause = option(argc, argv, "pause", 0);
	book->reads = option(argc, argv, "reads", 20);
	book->blocks = blocks;
	book->sync_flush = 0;
	for (i = 4; i < (uint64_t)argc; i++)
		if (!strcmp(argv[i], "sync=flush"))
			book->sync_flush = 1;
	if (!book->threads || book->threads > MAX_THREADS || book->threads > blocks) {
		fprintf(stderr, "threads: 1 to %d, no more than blocks\n", MAX_THREADS);
		return 2;
	}
	open_disk(argv[2], O_RDWR | (book->sync_flush ? 0 : O_DSYNC));
	memset(book->begun, 0, sizeof(book->begun));
	book->stop = 0;
	book->pid = getpid();
	book->last = now();
	printf("seed %llu\n", (unsigned long long)book->seed);
	fflush(stdout);
	for (i = 0; i < book->threads; i++)
		if (pthread_create(&threads[i], NULL, work, (void *)(uintptr_t)i))
			die("thread");
	for (i = 0; i < book->threads; i++)
		pthread_join(threads[i], NULL);
	return book->errors || book->bad;
}

static uint64_t oldest_request(void)
{
	uint64_t i, begun, oldest = UINT64_MAX;

	for (i = 0; i < book->threads; i++) {
		begun = load(&book->begun[i]);
		if (begun && begun < oldest)
			oldest = begun;
	}
	return oldest;
}

static int stat_of(void)
{
	uint64_t time = now(), gap = load(&book->gap), slowest = load(&book->slowest);
	uint64_t oldest = oldest_request(), last = load(&book->last);

	/* what is not over yet counts as well */
	if (oldest < time && time - oldest > slowest)
		slowest = time - oldest;
	if (oldest < time && last < time && time - last > gap)
		gap = time - last;
	printf("writes %llu errors %llu bad %llu gap_ms %llu slowest_ms %llu\n",
	       (unsigned long long)load(&book->writes), (unsigned long long)load(&book->errors),
	       (unsigned long long)load(&book->bad), (unsigned long long)(gap / MS),
	       (unsigned long long)(slowest / MS));
	return 0;
}

static bool running(void)
{
	return book->pid && !kill(book->pid, 0);
}

static int stop(int seconds)
{
	uint64_t end = now() + seconds * 1000 * MS, oldest;

	store(&book->stop, 1);
	while (running()) {
		if (now() > end) {
			oldest = oldest_request();
			printf("a request has not ended for %llu ms\n",
			       oldest == UINT64_MAX ? 0ull : (unsigned long long)((now() - oldest) / MS));
			return 1;
		}
		usleep(20000);
	}
	return 0;
}

static int await(uint64_t writes, int seconds)
{
	uint64_t end = now() + seconds * 1000 * MS;

	writes += load(&book->writes);
	while (load(&book->writes) < writes) {
		if (now() > end || !running()) {
			printf(running() ? "no progress\n" : "the ledger's writer is gone\n");
			stat_of();
			return 1;
		}
		usleep(5000);
	}
	return 0;
}

static int verify(const char *name)
{
	uint64_t i, bad = 0, durables = 0;
	unsigned char *data;

	open_disk(name, O_RDONLY);
	if (posix_memalign((void **)&data, BLOCK, BLOCK))
		die("memory");
	for (i = 0; i < book->blocks; i++) {
		durables += book->entry[i].durable > 0;
		if (pread(disk, data, BLOCK, (book->at + i) * BLOCK) != BLOCK) {
			printf("block %llu: %s\n", (unsigned long long)(book->at + i), strerror(errno));
			bad++;
		} else if (!check(data, book->at + i, &book->entry[i])) {
			bad++;
		}
	}
	printf("%llu blocks, %llu with durable writes, %llu bad\n", (unsigned long long)book->blocks,
	       (unsigned long long)durables, (unsigned long long)bad);
	return bad > 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";

	if (!strcmp(what, "run") && argc > 3)
		return run(argc, argv);
	if (!strcmp(what, "verify") && argc == 4) {
		map_book(argv[3], 0);
		return verify(argv[2]);
	}
	if (!strcmp(what, "stat") || !strcmp(what, "mark") || !strcmp(what, "stop") || !strcmp(what, "await")) {
		map_book(argv[2], 0);
		if (!strcmp(what, "stat"))
			return stat_of();
		if (!strcmp(what, "stop") && argc == 4)
			return stop(atoi(argv[3]));
		if (!strcmp(what, "await") && argc == 5)
			return await(strtoull(argv[3], NULL, 10), atoi(argv[4]));
		if (!strcmp(what, "mark")) {
			store(&book->gap, 0);
			store(&book->slowest, 0);
			return 0;
		}
	}
	fprintf(stderr, "usage: %s run|stop|verify|stat|mark|await ...\n", argv[0]);
	return 2;
}
