/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Delays between connection attempts. */
#include "tests/catch.h"

#include "rtrs/pure/backoff.h"
#include "tests/unit/util.h"

TEST_CASE("delays double from the first one to the cap")
{
	CHECK(rtrs_backoff_ms(0, 1000, 30000, 0) == 1000);
	CHECK(rtrs_backoff_ms(1, 1000, 30000, 0) == 1000);
	CHECK(rtrs_backoff_ms(1, 200, 30000, 0) == 200);
	CHECK(rtrs_backoff_ms(2, 1000, 30000, 0) == 2000);
	CHECK(rtrs_backoff_ms(5, 1000, 30000, 0) == 16000);
	CHECK(rtrs_backoff_ms(6, 1000, 30000, 0) == 30000);
	CHECK(rtrs_backoff_ms(0xffffffffU, 1000, 30000, 0) == 30000);
	CHECK(rtrs_backoff_ms(0xffffffffU, 1000, 0xffffffffU, 0) == 0xffffffffU);
	CHECK(rtrs_backoff_ms(9, 1000, 300, 0) == 300);
}

TEST_CASE("jitter takes off at most half, so that clients do not return in step")
{
	CHECK(rtrs_backoff_ms(1, 1000, 30000, 500) == 500);
	CHECK(rtrs_backoff_ms(1, 1000, 30000, 501) == 1000);
	unit::Random random(23);
	bool low = false, high = false;
	for (int i = 0; i < 2000; i++) {
		const u32 ms = rtrs_backoff_ms(3, 1000, 30000, static_cast<u32>(random.next()));
		REQUIRE(ms >= 2000);
		REQUIRE(ms <= 4000);
		low |= ms < 2500;
		high |= ms > 3500;
	}
	CHECK(low);
	CHECK(high);
}

TEST_CASE("a delay is never 0, however small the cap")
{
	for (u32 random = 0; random < 5; random++) {
		CHECK(rtrs_backoff_ms(1, 1000, 0, random) == 1);
		CHECK(rtrs_backoff_ms(1, 1000, 1, random) == 1);
		CHECK(rtrs_backoff_ms(1, 1000, 2, random) >= 1);
	}
}

TEST_CASE("a young outage is tried often, an old one less so")
{
	CHECK(rtrs_backoff_cap_ms(0) == 500);
	CHECK(rtrs_backoff_cap_ms(29999) == 500);
	CHECK(rtrs_backoff_cap_ms(30000) == 1000);
	CHECK(rtrs_backoff_cap_ms(119999) == 1000);
	CHECK(rtrs_backoff_cap_ms(120000) == 5000);
	CHECK(rtrs_backoff_cap_ms(1ULL << 32) == 5000);
	CHECK(rtrs_backoff_cap_ms(~0ULL) == 5000);
}

TEST_CASE("minus one means attempts for ever")
{
	CHECK(rtrs_attempts_left(-1, 0));
	CHECK(rtrs_attempts_left(-1, 0xffffffffU));
	CHECK_FALSE(rtrs_attempts_left(0, 0));
	CHECK(rtrs_attempts_left(3, 2));
	CHECK_FALSE(rtrs_attempts_left(3, 3));
	CHECK_FALSE(rtrs_attempts_left(9999, 10000));
}
