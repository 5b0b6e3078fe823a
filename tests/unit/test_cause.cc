/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words for causes: tokens are a promise to programs. */
#include "tests/catch.h"

#include <set>
#include <string>

#include "rtrs/pure/cause.h"

TEST_CASE("tokens are fixed")
{
	const char *const tokens[] = {
		"none", "no-resource", "no-device", "device-unfit", "addr-unresolved", "route-unresolved",
		"no-answer", "no-listener", "refused", "bad-magic", "bad-version", "bad-offer", "info-refused",
		"info-timeout", "bad-info", "handshake-timeout", "peer-closed", "heartbeat-lost",
		"transport-error", "violation", "addr-changed", "device-removed", "admin", "session-closed",
		"no-path", "open-refused", "open-timeout", "bad-open-rsp", "session-lost", "cancelled",
		"device-changed", "port-down", "addr-taken", "end-timeout", "other-server",
	};
	REQUIRE(sizeof(tokens) / sizeof(tokens[0]) == RTRS_CAUSES);
	for (int i = 0; i < RTRS_CAUSES; i++)
		CHECK(std::string(rtrs_cause_token(static_cast<rtrs_cause>(i))) == tokens[i]);
}

TEST_CASE("every cause has a token of its own and a sentence without full stop")
{
	std::set<std::string> seen;
	for (int i = 0; i < RTRS_CAUSES; i++) {
		const rtrs_cause cause = static_cast<rtrs_cause>(i);
		const std::string token = rtrs_cause_token(cause), text = rtrs_cause_text(cause);
		CAPTURE(token);
		CHECK(seen.insert(token).second);
		CHECK(token.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == std::string::npos);
		CHECK(text.size() > 5);
		CHECK(text.back() != '.');
		CHECK(rtrs_cause_from_token(token.c_str()) == cause);
	}
}

TEST_CASE("unknown causes and tokens have an answer")
{
	CHECK(std::string(rtrs_cause_token(RTRS_CAUSES)) == "unknown");
	CHECK(std::string(rtrs_cause_text(static_cast<rtrs_cause>(1000))) == "unknown cause");
	CHECK(rtrs_cause_from_token("heartbeat") == RTRS_CAUSES);
	CHECK(rtrs_cause_from_token("") == RTRS_CAUSES);
	CHECK(rtrs_cause_from_token("None") == RTRS_CAUSES);
}
