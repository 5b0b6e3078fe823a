/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Choice of the path, and the words of the mpath_policy file (sysfs ABI 3.1). */
#include "tests/catch.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "rtrs/pure/mp_policy.h"
#include "tests/unit/util.h"

namespace {

int parse(std::string_view s)
{
	return rtrs_mp_parse(s.data(), s.size());
}

int pick(rtrs_mp_policy policy, const std::vector<std::pair<u32, u64>> &candidates)
{
	rtrs_mp_choice best = rtrs_mp_none();
	int index = 0;
	for (const auto &[inflight, latency] : candidates)
		best = rtrs_mp_fold(policy, best, index++, inflight, latency);
	return best.index;
}

using Mask = std::array<u64, RTRS_MP_WORDS>;

int next(const Mask &mask, u32 cursor)
{
	return rtrs_mp_next(mask.data(), cursor);
}

bool has(const Mask &mask, int index)
{
	return mask[index / 64] >> index % 64 & 1;
}

/* From empty to full, and also with one word empty. */
Mask random_mask(unit::Random &random)
{
	Mask mask = {random.next() & random.next(), random.next() | random.next()};
	if (random.below(4) == 0)
		mask[random.below(2)] = 0;
	return mask;
}

} // namespace

TEST_CASE("without candidates nothing is chosen")
{
	CHECK(pick(RTRS_MP_MIN_INFLIGHT, {}) == -1);
}

TEST_CASE("each policy looks at its own weight and keeps the first of equals")
{
	const std::vector<std::pair<u32, u64>> paths = {{5, 300}, {2, 200}, {2, 100}, {9, 100}};
	CHECK(pick(RTRS_MP_MIN_INFLIGHT, paths) == 1);
	CHECK(pick(RTRS_MP_MIN_LATENCY, paths) == 2);
	CHECK(pick(RTRS_MP_ROUND_ROBIN, paths) == 0);
	CHECK(pick(RTRS_MP_MIN_INFLIGHT, {{0xffffffffU, 0}}) == 0);
	CHECK(pick(RTRS_MP_MIN_LATENCY, {{0, ~0ULL}, {0, 1ULL << 32}, {0, (1ULL << 32) + 1}}) == 1);
}

TEST_CASE("round robin goes on at the cursor and wraps")
{
	CHECK(next({0, 0}, 5) == -1);
	CHECK(next({0, 0}, 69) == -1);
	CHECK(next({0b1011, 0}, 0) == 0);
	CHECK(next({0b1011, 0}, 1) == 1);
	CHECK(next({0b1011, 0}, 2) == 3);
	CHECK(next({0b1011, 0}, 4) == 0);
	CHECK(next({0b1011, 0}, 64) == 0);
	CHECK(next({0b1011, 1}, 4) == 64);
	CHECK(next({0b1011, 1}, 65) == 0);
	CHECK(next({1ULL << 63, 0}, 0) == 63);
	CHECK(next({1ULL << 63, 0}, 63) == 63);
	CHECK(next({1ULL << 63, 1ULL << 63}, 64) == 127);
	CHECK(next({0, 1ULL << 63}, 127) == 127);
	CHECK(next({0, 1ULL << 32}, 97) == 96);
	CHECK(next({1, 0}, 128) == 0);
	CHECK(next({6, 0}, 0xffffffffU) == 1);
	CHECK(next({6, 1ULL << 63}, 0xffffffffU) == 127);
}

TEST_CASE("round robin visits every path equally often")
{
	unit::Random random(24);
	for (int round = 0; round < 300; round++) {
		const Mask mask = random_mask(random);
		int count[RTRS_MP_PATHS] = {}, members = 0;
		for (int i = 0; i < RTRS_MP_PATHS; i++)
			members += has(mask, i);
		u32 cursor = random.below(RTRS_MP_PATHS);
		for (int i = 0; i < 3 * members; i++) {
			const int at = next(mask, cursor);
			REQUIRE(at >= 0);
			REQUIRE(has(mask, at));
			count[at]++;
			cursor = static_cast<u32>(at) + 1;
		}
		for (int i = 0; i < RTRS_MP_PATHS; i++)
			REQUIRE(count[i] == (has(mask, i) ? 3 : 0));
	}
}

TEST_CASE("taking visits every candidate once, in the order from the cursor")
{
	unit::Random random(25);
	for (int round = 0; round < 300; round++) {
		const Mask mask = random_mask(random);
		const u32 cursor = random.below(2 * RTRS_MP_PATHS);
		Mask left = mask;
		for (u32 i = 0; i < RTRS_MP_PATHS; i++) {
			const int at = static_cast<int>((cursor + i) % RTRS_MP_PATHS);
			if (has(mask, at))
				REQUIRE(rtrs_mp_take(left.data(), cursor) == at);
		}
		REQUIRE(rtrs_mp_take(left.data(), cursor) == -1);
	}
}

TEST_CASE("paths of equal weight share the load, the others do not disturb them")
{
	for (rtrs_mp_policy policy : {RTRS_MP_MIN_INFLIGHT, RTRS_MP_MIN_LATENCY}) {
		const Mask mask = {0b10011, 0b1001};
		const int slow = 4;
		int count[RTRS_MP_PATHS] = {};
		u32 cursor = 0;
		for (int i = 0; i < 400; i++) {
			rtrs_mp_choice best = rtrs_mp_none();
			Mask left = mask;
			for (int at; (at = rtrs_mp_take(left.data(), cursor)) >= 0;)
				best = rtrs_mp_fold(policy, best, at, at == slow ? 3 : 2,
						    at == slow ? 3000 : 2000);
			cursor = static_cast<u32>(best.index) + 1;
			count[best.index]++;
		}
		CHECK(count[slow] == 0);
		for (int at : {0, 1, 64, 67})
			CHECK(count[at] == 100);
	}
}

TEST_CASE("the policy file reads as it always did")
{
	CHECK(std::string(rtrs_mp_text(RTRS_MP_ROUND_ROBIN)) == "round-robin (RR: 0)");
	CHECK(std::string(rtrs_mp_text(RTRS_MP_MIN_INFLIGHT)) == "min-inflight (MI: 1)");
	CHECK(std::string(rtrs_mp_text(RTRS_MP_MIN_LATENCY)) == "min-latency (ML: 2)");
	CHECK(std::string(rtrs_mp_text(RTRS_MP_POLICIES)) == "unknown");
	CHECK(std::string(rtrs_mp_name(RTRS_MP_MIN_LATENCY)) == "min-latency");
	CHECK(std::string(rtrs_mp_name(static_cast<rtrs_mp_policy>(77))) == "unknown");
}

TEST_CASE("the policy file takes numbers, names and abbreviations")
{
	CHECK(parse("0") == 0);
	CHECK(parse("1\n") == 1);
	CHECK(parse("2") == 2);
	CHECK(parse("rr") == 0);
	CHECK(parse("MI\n") == 1);
	CHECK(parse("ml") == 2);
	CHECK(parse("round-robin") == 0);
	CHECK(parse("Min-Inflight\n") == 1);
	CHECK(parse("min-latency (ML: 2)\n") == 2);
	for (int i = 0; i < RTRS_MP_POLICIES; i++) {
		CHECK(parse(rtrs_mp_text(static_cast<rtrs_mp_policy>(i))) == i);
		CHECK(parse(rtrs_mp_name(static_cast<rtrs_mp_policy>(i))) == i);
	}
}

TEST_CASE("the policy file refuses everything else")
{
	for (std::string_view bad :
	     {"", "\n", "3", "-1", "00", "0 ", " 0", "0\n\n", "r", "rrr", "rr ", "min-", "min"}) {
		CAPTURE(bad);
		CHECK(parse(bad) == -EINVAL);
	}
	CHECK(parse("min-inflightless") == 1);	/* text that starts with the name is enough */
	CHECK(parse(std::string_view("rr\0", 3)) == -EINVAL);
}
