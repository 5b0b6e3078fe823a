/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How often a client may knock (security S13). */
#include "tests/catch.h"

#include "rtrs/pure/bucket.h"

static const u64 second = 1000000000;

static u32 take_all(rtrs_bucket &b, u64 now, u32 rate, u32 burst)
{
	u32 taken = 0;
	while (taken < 100000 && rtrs_bucket_take(&b, now, rate, burst))
		taken++;
	return taken;
}

TEST_CASE("a full bucket gives its burst and no more")
{
	for (u32 burst : { 1u, 2u, 7u, 256u }) {
		rtrs_bucket b = {};
		CHECK(take_all(b, 5 * second, 64, burst) == burst);
		CHECK(take_all(b, 5 * second, 64, burst) == 0);
	}
}

TEST_CASE("tokens come back at the rate, up to the burst")
{
	rtrs_bucket b = {};
	take_all(b, 0, 10, 20);
	CHECK(take_all(b, second, 10, 20) == 10);
	CHECK(take_all(b, second + second / 10, 10, 20) == 1);
	CHECK(take_all(b, 100 * second, 10, 20) == 20);
}

TEST_CASE("being refused costs nothing")
{
	rtrs_bucket b = {};
	take_all(b, 0, 10, 1);
	for (u64 t = 0; t < second / 10; t += second / 1000)
		REQUIRE_FALSE(rtrs_bucket_take(&b, t, 10, 1));
	CHECK(rtrs_bucket_take(&b, second / 10, 10, 1));
}
