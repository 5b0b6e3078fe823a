/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the simulation: random source, the check that ends a schedule, and
 * the shape of one. A schedule is a seed: same seed, same steps, same result.
 */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "rtrs/pure/geometry.h"
#include "rtrs/pure/mp_policy.h"

namespace sim {

using Bytes = std::vector<std::uint8_t>;

/* What failed, and the command that shows it again. */
[[noreturn]] void failed(const char *file, int line, const char *what);

#define SIM_CHECK(cond)                                            \
	do {                                                       \
		if (!(cond))                                       \
			sim::failed(__FILE__, __LINE__, #cond);    \
	} while (0)

/* The story of a schedule, for --trace. */
extern bool tracing;
#define SIM_TRACE(...)                                             \
	do {                                                       \
		if (sim::tracing) {                                \
			std::printf(__VA_ARGS__);                  \
			std::putchar('\n');                        \
		}                                                  \
	} while (0)

class Random {
public:
	explicit Random(std::uint64_t seed) : state_(seed) {}
	std::uint64_t next()
	{
		std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
		z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
		return z ^ (z >> 31);
	}
	std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(next() % n); }
	bool percent(std::uint32_t p) { return below(100) < p; }

private:
	std::uint64_t state_;
};

const std::uint32_t BLOCK = 512;
const std::uint32_t DISK_BLOCKS = 6;
const std::uint32_t MAX_BLOCKS = 3;	/* of one request */
const std::size_t MAX_WAITING = 3;	/* for a slot */
const std::uint32_t MAX_PATHS = 4;	/* at a time */
const std::uint32_t MAX_NAMES = 32;	/* of paths in one schedule: bits of a fence */
const std::uint32_t CHUNK_SIZE = 8192;
const std::uint32_t HDR_SIZE = 4096;

/*
 * What keeps data right when paths are lost. A model that breaks one of them must fail. Where the server ends paths,
 * the END rules and ONE_OP leave nothing for QUARANTINE and WIPE to do; those are for servers without extension 2.
 */
enum Rule {
	/* client */
	SAME_SLOT,	/* a lost request is repeated in its slot */
	QUARANTINE,	/* an unanswered slot takes no other request until each path it went by is settled */
	WIPE,		/* a repeated request is given back only when its lost copies can do nothing any more */
	WIPE_FIRST,	/* after failing such a request, nothing else is sent before the same is true of it */
	NOT_BY_REMOVAL,	/* removing a path tells nothing about what the server still holds of it */
	REMAP,		/* a request for a device that the server does not know is no failure: open it again */
	END_FIRST,	/* a lost path's requests go elsewhere when the server takes nothing of it any more, and says so */
	SLOT_FIRST,	/* a request that has a slot stands behind none that waits for one */
	/* server */
	ONE_OP,		/* one operation per chunk, whatever path it came by */
	ACCEPT_BACK,	/* a path comes back when nothing of its predecessor is left */
	UNIQUE_IDS,	/* a device's number is never given to another one, whatever the session */
	END_DRAINED,	/* the server says so when nothing that the path has received can begin any more */
	RULES
};

const char *rule_name(Rule rule);

/* Where the block layer puts a request among those that wait; it always tries the first one. */
enum Order {
	LAST,
	FIRST,
	ANYWHERE,
	ORDERS
};

/* Drawn from the seed. */
struct Config {
	std::uint16_t conns = 2;
	std::uint32_t depth = 2;
	std::uint32_t paths = 1;
	rtrs_mp_policy policy = RTRS_MP_ROUND_ROBIN;
	bool new_rkey = false;
	bool need_inval = false;
	int max_attempts = -1;
	std::uint32_t loss = 0;		/* percent of connection messages */
	/* The server has extension 2; else nothing arrives of a path that its client has closed. */
	bool ends = true;
	std::uint32_t kept = 0;		/* percent of dead paths whose packets the network keeps */
	std::uint32_t faults = 0;	/* per thousand steps */
	std::uint32_t lazy = 0;		/* percent of operations, completions and ends of paths that take their time */
	std::uint32_t patience = 10;	/* how long, in chances to end it */
	bool fast_fail = false;		/* held requests are failed after a time */
	Order order = LAST;
	std::uint32_t steps = 0;
	bool broken[RULES] = {};
};

/* Logical time: one tick per question, so no two events are at once. */
class Clock {
public:
	std::uint64_t now() { return ++now_; }

private:
	std::uint64_t now_ = 1;
};

template <typename T> Bytes to_bytes(const T &value)
{
	const auto *at = reinterpret_cast<const std::uint8_t *>(&value);
	return Bytes(at, at + sizeof(value));
}

} // namespace sim

#endif /* TESTS_SIM_SIM_H */
