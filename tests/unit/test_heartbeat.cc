/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a side asks for a sign of life and when it gives up (protocol 10). */
#include <algorithm>

#include "tests/catch.h"

#include "rtrs/pure/heartbeat.h"

TEST_CASE("a peer that stays silent is asked once and given up after missed_max more ticks")
{
	rtrs_hb hb;
	rtrs_hb_init(&hb, RTRS_HB_MISSED_MAX);
	CHECK(rtrs_hb_tick(&hb, false, RTRS_HB_BUSY_MS) == RTRS_HB_REST);	/* the handshake was a sign of life */
	CHECK(rtrs_hb_tick(&hb, false, RTRS_HB_BUSY_MS) == RTRS_HB_SEND);
	for (int i = 0; i < 4; i++)
		CHECK(rtrs_hb_tick(&hb, false, RTRS_HB_BUSY_MS) == RTRS_HB_REST);
	CHECK(rtrs_hb_tick(&hb, false, RTRS_HB_BUSY_MS) == RTRS_HB_DEAD);	/* 35 s after the start */
	CHECK(rtrs_hb_tick(&hb, false, RTRS_HB_BUSY_MS) == RTRS_HB_DEAD);
}

TEST_CASE("a busy peer is never asked")
{
	rtrs_hb hb;
	rtrs_hb_init(&hb, 5);
	for (int i = 0; i < 1000; i++) {
		rtrs_hb_heard(&hb);
		REQUIRE(rtrs_hb_tick(&hb, false, RTRS_HB_BUSY_MS) == RTRS_HB_REST);
	}
}

TEST_CASE("an answer at the last moment saves the path and is followed by a new question")
{
	rtrs_hb hb;
	rtrs_hb_init(&hb, 5);
	for (int i = 0; i < 6; i++)
		rtrs_hb_tick(&hb, false, RTRS_HB_BUSY_MS);
	rtrs_hb_heard(&hb);
	CHECK(rtrs_hb_tick(&hb, false, RTRS_HB_BUSY_MS) == RTRS_HB_REST);
	CHECK(rtrs_hb_tick(&hb, false, RTRS_HB_BUSY_MS) == RTRS_HB_SEND);
	rtrs_hb_heard(&hb);
	CHECK(rtrs_hb_tick(&hb, false, RTRS_HB_BUSY_MS) == RTRS_HB_REST);
}

TEST_CASE("a limit of one still lets the question be asked")
{
	rtrs_hb hb;
	rtrs_hb_init(&hb, 1);
	CHECK(rtrs_hb_tick(&hb, false, RTRS_HB_BUSY_MS) == RTRS_HB_REST);
	CHECK(rtrs_hb_tick(&hb, false, RTRS_HB_BUSY_MS) == RTRS_HB_SEND);
	CHECK(rtrs_hb_tick(&hb, false, RTRS_HB_BUSY_MS) == RTRS_HB_DEAD);
}

TEST_CASE("a question between ticks gives the peer its full time, whatever it missed before")
{
	for (int before = 0; before < 6; before++) {
		rtrs_hb hb;
		rtrs_hb_init(&hb, 5);
		for (int i = 0; i < before; i++)
			rtrs_hb_tick(&hb, false, RTRS_HB_BUSY_MS);
		rtrs_hb_asked(&hb);
		for (int i = 0; i < 4; i++)
			REQUIRE(rtrs_hb_tick(&hb, false, RTRS_HB_BUSY_MS) == RTRS_HB_REST);
		REQUIRE(rtrs_hb_tick(&hb, false, RTRS_HB_BUSY_MS) == RTRS_HB_DEAD);
	}
}

static const u32 ROUNDS = RTRS_HB_PATIENCE_MS / (RTRS_HB_MISSED_MAX * RTRS_HB_BUSY_MS);

TEST_CASE("a silent peer whose adapter acknowledges is asked again, and given up in the end")
{
	rtrs_hb hb;
	int ticks = 0, asked = 0;
	rtrs_hb_init(&hb, RTRS_HB_MISSED_MAX);
	for (;; ticks++) {
		const rtrs_hb_action action = rtrs_hb_tick(&hb, true, RTRS_HB_BUSY_MS);
		if (action == RTRS_HB_DEAD)
			break;
		asked += action == RTRS_HB_SEND;
	}
	CHECK(asked == ROUNDS);
	/* the first round has one tick more, before its question */
	CHECK(ticks == 1 + ROUNDS * RTRS_HB_MISSED_MAX);
	CHECK(ticks * RTRS_HB_BUSY_MS >= 5000);
}

TEST_CASE("patience lasts five seconds, or all the ticks that may be missed if they take longer")
{
	for (u32 ms : {20u, 125u, 500u, 999u, 1000u, 5000u, 600000u}) {
		for (u32 missed_max : {1u, 2u, 5u, 100u}) {
			rtrs_hb hb;
			rtrs_hb_init(&hb, missed_max);
			u32 silent = 0;
			while (rtrs_hb_tick(&hb, true, ms) != RTRS_HB_SEND)
				;
			do
				silent += ms;
			while (rtrs_hb_tick(&hb, true, ms) != RTRS_HB_DEAD);
			REQUIRE(silent >= std::max(RTRS_HB_PATIENCE_MS + 0u, missed_max * ms));
			REQUIRE(silent < std::max(RTRS_HB_PATIENCE_MS + 0u, missed_max * ms) + ms);
		}
	}
}

TEST_CASE("patience ends with the first question that the adapter does not acknowledge")
{
	for (u32 good = 1; good < ROUNDS; good++) {
		rtrs_hb hb;
		u32 left = good;
		int after = 0;
		rtrs_hb_init(&hb, 5);
		rtrs_hb_tick(&hb, false, RTRS_HB_BUSY_MS);
		while (left)
			left -= rtrs_hb_tick(&hb, true, RTRS_HB_BUSY_MS) == RTRS_HB_SEND;
		while (rtrs_hb_tick(&hb, false, RTRS_HB_BUSY_MS) != RTRS_HB_DEAD)
			after++;
		CHECK(after <= 5);
	}
}

TEST_CASE("an answer in a later round is as good as one in the first")
{
	rtrs_hb hb;
	rtrs_hb_init(&hb, 5);
	for (int i = 0; i < 20; i++)
		REQUIRE(rtrs_hb_tick(&hb, true, RTRS_HB_BUSY_MS) != RTRS_HB_DEAD);
	rtrs_hb_heard(&hb);
	int ticks = 0;
	while (rtrs_hb_tick(&hb, true, RTRS_HB_BUSY_MS) != RTRS_HB_DEAD)
		ticks++;
	CHECK(ticks == 1 + ROUNDS * 5);
}

TEST_CASE("an answer to a question between ticks ends the doubt")
{
	rtrs_hb hb;
	rtrs_hb_init(&hb, 5);
	rtrs_hb_asked(&hb);
	rtrs_hb_tick(&hb, false, RTRS_HB_BUSY_MS);
	rtrs_hb_heard(&hb);
	CHECK(rtrs_hb_tick(&hb, false, RTRS_HB_BUSY_MS) == RTRS_HB_REST);
	CHECK(rtrs_hb_tick(&hb, false, RTRS_HB_BUSY_MS) == RTRS_HB_SEND);
}

TEST_CASE("the pace goes up at once and down only after one more fast tick")
{
	CHECK(rtrs_hb_next_pace(RTRS_HB_IDLE, true) == RTRS_HB_BUSY);
	CHECK(rtrs_hb_next_pace(RTRS_HB_COASTING, true) == RTRS_HB_BUSY);
	CHECK(rtrs_hb_next_pace(RTRS_HB_BUSY, true) == RTRS_HB_BUSY);
	CHECK(rtrs_hb_next_pace(RTRS_HB_BUSY, false) == RTRS_HB_COASTING);
	CHECK(rtrs_hb_next_pace(RTRS_HB_COASTING, false) == RTRS_HB_IDLE);
	CHECK(rtrs_hb_next_pace(RTRS_HB_IDLE, false) == RTRS_HB_IDLE);
}

TEST_CASE("the defaults lose a silent path within a second when it is busy")
{
	rtrs_hb hb;
	u32 ms = 0;
	rtrs_hb_init(&hb, RTRS_HB_MISSED_MAX);
	rtrs_hb_tick(&hb, false, RTRS_HB_BUSY_MS);	/* heard at the earliest right after the tick before this one */
	do
		ms += RTRS_HB_BUSY_MS;
	while (rtrs_hb_tick(&hb, false, RTRS_HB_BUSY_MS) != RTRS_HB_DEAD);
	CHECK(ms + RTRS_HB_BUSY_MS <= 900);
	CHECK(ms >= 750);
}

TEST_CASE("parameters out of range are refused")
{
	const rtrs_hb_params good = { RTRS_HB_IDLE_MS, RTRS_HB_BUSY_MS, RTRS_HB_MISSED_MAX };
	CHECK(rtrs_hb_params_ok(&good));
	for (rtrs_hb_params bad : { rtrs_hb_params{ 99, 50, 5 }, { 600001, 50, 5 }, { 5000, 19, 5 },
				    { 5000, 5001, 5 }, { 5000, 100, 0 }, { 5000, 100, 1001 },
				    { 0, 0, 0 } })
		CHECK_FALSE(rtrs_hb_params_ok(&bad));
	for (rtrs_hb_params edge : { rtrs_hb_params{ 100, 20, 1 }, { 600000, 600000, 1000 } })
		CHECK(rtrs_hb_params_ok(&edge));
}
