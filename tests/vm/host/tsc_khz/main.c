// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prints the frequency of this machine's time stamp counter, in kHz, for guests to be
 * told it: software emulation gives them this counter as it is, and a kernel that
 * measures it against emulated timers while the host is busy may take it for a slow
 * one. Its seconds are then short, by more than ten times once.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <x86intrin.h>

#define ROUNDS 5
#define ROUND_NS 40000000L

struct moment {
	uint64_t tsc;
	int64_t ns;
};

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* Of some readings the one that was interrupted least: its two clocks belong together. */
static struct moment look(void)
{
	uint64_t before, width, best = UINT64_MAX;
	struct moment moment = { 0 };
	int64_t ns;
	int i;

	for (i = 0; i < 20; i++) {
		before = __rdtsc();
		ns = now_ns();
		width = __rdtsc() - before;
		if (width >= best)
			continue;
		best = width;
		moment.tsc = before + width / 2;
		moment.ns = ns;
	}
	return moment;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

int main(void)
{
	struct timespec pause = { .tv_nsec = ROUND_NS };
	struct moment from, to;
	uint64_t khz[ROUNDS];
	int i;

	for (i = 0; i < ROUNDS; i++) {
		from = look();
		nanosleep(&pause, NULL);
		to = look();
		if (to.ns <= from.ns || to.tsc <= from.tsc) {
			fprintf(stderr, "tsc_khz: a clock goes backwards\n");
			return 1;
		}
		khz[i] = (to.tsc - from.tsc) * 1000000 / (uint64_t)(to.ns - from.ns);
	}
	qsort(khz, ROUNDS, sizeof(khz[0]), by_value);
	printf("%" PRIu64 "\n", khz[ROUNDS / 2]);
	return 0;
}
