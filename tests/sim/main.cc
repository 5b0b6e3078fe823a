/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: sim [--seed FIRST] [--count N] [--break RULE] [--verbose] [--trace]
 * Runs N schedules (else SIM_COUNT, else 3000) from seed FIRST on; a failure
 * names its seed. Then breaks the rules one by one, each of which must be
 * noticed; with --break only the one named is broken, and only to be looked at.
 * --trace tells the story.
 */
#include "tests/sim/schedule.h"

#include <cinttypes>
#include <exception>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

/* Of the sanitizers, when the program is built with them. */
extern "C" void __sanitizer_set_death_callback(void (*callback)()) __attribute__((weak));

bool sim::tracing = false;

namespace {

/*
 * A rule that so many schedules do not miss is no rule, or the simulation does
 * not test it. What needs more of them is tried in long runs only.
 */
const std::uint64_t BROKEN_COUNT = 20000, RARE_COUNT = 1000000;
const int NOTICED = 42;		/* exit code */

struct RuleInfo {
	const char *name;
	bool rare;
};

const RuleInfo RULE_INFO[sim::RULES] = {
	{"same-slot", false}, {"quarantine", false}, {"wipe", false},	      {"wipe-first", false}, {"not-by-removal", false},
	{"remap", false},     {"end-first", false},  {"slot-first", false}, {"one-op", false},     {"accept-back", false},
	{"unique-ids", true}, {"end-drained", false},
};

std::uint64_t seed = 1;
sim::Rule broken = sim::RULES;

void print_seed()
{
	std::printf("seed %" PRIu64 ": again with --seed %" PRIu64 " --count 1%s%s --trace\n", seed, seed,
		    broken < sim::RULES ? " --break " : "", broken < sim::RULES ? sim::rule_name(broken) : "");
	std::fflush(stdout);
}

/* More than this many schedules must have reached the disk, or the simulation tests nothing. */
bool worthwhile(const sim::Counts &sum, std::uint64_t count)
{
	return count < 100 || (sum.succeeded > 10 * count && sum.failed > count / 10 && sum.refused > count / 10 &&
			       sum.connects > 2 * count && sum.moved > count && sum.wiped > count / 10 &&
			       sum.held > count / 100 && sum.removed > count && sum.ended > count / 3 && sum.queued > count);
}

void add(sim::Counts *sum, const sim::Counts &c)
{
	sum->connects += c.connects;
	sum->issued += c.issued;
	sum->succeeded += c.succeeded;
	sum->failed += c.failed;
	sum->refused += c.refused;
	sum->moved += c.moved;
	sum->wiped += c.wiped;
	sum->removed += c.removed;
	sum->held += c.held;
	sum->ended += c.ended;
	sum->queued += c.queued;
}

void run_one(sim::Counts *sum, bool verbose)
{
	sim::Schedule schedule(seed, broken);
	try {
		schedule.run();
	} catch (const std::exception &e) {
		sim::failed("schedule", 0, e.what());
	}
	const sim::Counts &c = schedule.counts();
	add(sum, c);
	if (verbose)
		std::printf("seed %" PRIu64 ": %" PRIu64 " connects, %" PRIu64 " requests, %" PRIu64 " failed\n", seed, c.connects,
			    c.issued, c.failed);
}

/* Does a model without this rule go wrong? In a process of its own, since that ends it. */
bool missed(sim::Rule rule)
{
	const std::uint64_t count = RULE_INFO[rule].rare ? RARE_COUNT : BROKEN_COUNT;
	int status;
	std::printf("without %s: ", sim::rule_name(rule));
	std::fflush(stdout);
	const pid_t child = fork();
	if (child == 0) {
		sim::Counts sum;
		broken = rule;
		for (seed = 1; seed <= count; seed++)
			run_one(&sum, false);
		std::printf("nothing noticed in %" PRIu64 " schedules\n", count);
		std::fflush(stdout);
		_exit(0);
	}
	return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == NOTICED;
}

void break_rules(bool rare, int *passed, int *failures)
{
	for (int rule = 0; rule < sim::RULES; rule++)
		if (rare || !RULE_INFO[rule].rare)
			++*(missed(static_cast<sim::Rule>(rule)) ? passed : failures);
}

int usage()
{
	std::fprintf(stderr, "usage: sim [--seed FIRST] [--count N] [--break RULE] [--verbose] [--trace]\nrules:");
	for (int rule = 0; rule < sim::RULES; rule++)
		std::fprintf(stderr, " %s", sim::rule_name(static_cast<sim::Rule>(rule)));
	std::fprintf(stderr, "\n");
	return 2;
}

bool set_broken(const std::string &name)
{
	for (int rule = 0; rule < sim::RULES; rule++)
		if (name == sim::rule_name(static_cast<sim::Rule>(rule))) {
			broken = static_cast<sim::Rule>(rule);
			return true;
		}
	return false;
}

} // namespace

const char *sim::rule_name(Rule rule)
{
	return RULE_INFO[rule].name;
}

void sim::failed(const char *file, int line, const char *what)
{
	std::printf("%s:%d: broken: %s\n", file, line, what);
	print_seed();
	if (broken == RULES)
		std::printf("0 passed, 1 failed, 0 skipped\n");
	std::fflush(stdout);
	_exit(broken == RULES ? 1 : NOTICED);
}

int main(int argc, char **argv)
{
	const char *const wanted = std::getenv("SIM_COUNT");
	std::uint64_t count = wanted ? std::strtoull(wanted, nullptr, 0) : 3000;
	bool verbose = false;
	for (int i = 1; i < argc; i++) {
		const std::string word = argv[i];
		if (word == "--verbose")
			verbose = true;
		else if (word == "--trace")
			sim::tracing = true;
		else if (word == "--seed" && i + 1 < argc)
			seed = std::strtoull(argv[++i], nullptr, 0);
		else if (word == "--count" && i + 1 < argc)
			count = std::strtoull(argv[++i], nullptr, 0);
		else if (word != "--break" || i + 1 == argc || !set_broken(argv[++i]))
			return usage();
	}
	sim::Counts sum;
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(print_seed);
	for (std::uint64_t left = count; left; left--, seed++)
		run_one(&sum, verbose);
	std::printf("%" PRIu64 " schedules: %" PRIu64 " connects, %" PRIu64 " refused, %" PRIu64 " paths removed, %" PRIu64
		    " requests, %" PRIu64 " succeeded, %" PRIu64 " failed (%" PRIu64 " after being held), %" PRIu64
		    " moved, %" PRIu64 " wipes, %" PRIu64 " lost lives ended, %" PRIu64 " waited for a slot\n",
		    count, sum.connects, sum.refused, sum.removed, sum.issued, sum.succeeded, sum.failed, sum.held,
		    sum.moved, sum.wiped, sum.ended, sum.queued);
	const bool good = worthwhile(sum, count);
	if (!good)
		std::printf("too little of something for this many schedules\n");
	int failures = !good, passed = good;
	if (broken == sim::RULES && count >= 1000)
		break_rules(count >= 100000, &passed, &failures);
	std::printf("%d passed, %d failed, 0 skipped\n", passed, failures);
	return failures ? 1 : 0;
}
