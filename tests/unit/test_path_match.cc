/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose paths a map names: the session's by that name, or another server's. */
#include "tests/catch.h"

#include <cstring>
#include <string>
#include <vector>

#include "rtrs/pure/path_match.h"

namespace {

rtrs_addr_pair pair_of(const char *text)
{
	rtrs_addr_pair pair;

	REQUIRE(rtrs_pair_parse(text, std::strlen(text), &pair) == 0);
	return pair;
}

std::vector<rtrs_addr_pair> pairs_of(std::initializer_list<const char *> texts)
{
	std::vector<rtrs_addr_pair> pairs;

	for (const char *text : texts)
		pairs.push_back(pair_of(text));
	return pairs;
}

rtrs_path_match match(std::initializer_list<const char *> session, std::initializer_list<const char *> map)
{
	const std::vector<rtrs_addr_pair> paths = pairs_of(session), wishes = pairs_of(map);
	const u32 count = static_cast<u32>(wishes.size());
	rtrs_path_match out;

	rtrs_match_begin(&out, count);
	for (const rtrs_addr_pair &path : paths)
		rtrs_match_path(&out, &path, wishes.data(), count);
	return out;
}

bool covers(const char *path, const char *wish)
{
	const rtrs_addr_pair a = pair_of(path), b = pair_of(wish);

	return rtrs_pair_covers(&a, &b);
}

} // namespace

TEST_CASE("all that a map names is there")
{
	const rtrs_path_match m = match({"ip:10.0.0.5@ip:10.0.0.66", "ip:10.1.0.5@ip:10.1.0.66"},
					{"ip:10.1.0.66", "ip:10.0.0.5@ip:10.0.0.66"});

	CHECK(m.same_server);
	CHECK(m.missing == 0);
}

TEST_CASE("none of it is: another server")
{
	const rtrs_path_match m = match({"ip:10.0.0.5@ip:10.0.0.66"}, {"ip:10.0.0.67", "ip:10.0.0.66@ip:10.0.0.5"});

	CHECK_FALSE(m.same_server);
	CHECK(m.missing == 3);
}

TEST_CASE("a session without paths has nothing in common with anybody")
{
	CHECK_FALSE(match({}, {"ip:10.0.0.66"}).same_server);
}

TEST_CASE("one is there and shows the server, the others are missing")
{
	const rtrs_path_match m = match({"ip:10.0.0.66"}, {"ip:10.0.0.67", "ip:10.0.0.66", "ip:fd00::1"});

	CHECK(m.same_server);
	CHECK(m.missing == 5);
}

TEST_CASE("another source to a destination that is there: the same server, a missing path")
{
	const rtrs_path_match m = match({"ip:10.0.0.5@ip:10.0.0.66"}, {"ip:10.0.0.6@ip:10.0.0.66"});

	CHECK(m.same_server);
	CHECK(m.missing == 1);
	/* a source that is not known yet may turn out to be any */
	CHECK(match({"ip:10.0.0.66"}, {"ip:10.0.0.6@ip:10.0.0.66"}).missing == 1);
}

TEST_CASE("a map without a source takes any path to its destination")
{
	CHECK(covers("ip:10.0.0.5@ip:10.0.0.66", "ip:10.0.0.66"));
	CHECK(covers("ip:10.0.0.66", "ip:10.0.0.66"));
	CHECK_FALSE(covers("ip:10.0.0.66", "ip:10.0.0.5@ip:10.0.0.66"));
	CHECK_FALSE(covers("ip:10.0.0.66@ip:10.0.0.5", "ip:10.0.0.66"));
}

TEST_CASE("an IPv4 address in the form of IPv6 is that address")
{
	CHECK(covers("ip:10.0.0.66", "ip:::ffff:10.0.0.66"));
	CHECK(covers("ip:::ffff:10.0.0.66", "ip:10.0.0.66"));
	CHECK(covers("ip:::ffff:10.0.0.5@ip:::ffff:10.0.0.66", "ip:10.0.0.5@ip:10.0.0.66"));
	CHECK_FALSE(covers("ip:::ffff:10.0.0.66", "ip:10.0.0.67"));
	CHECK_FALSE(covers("ip:::10.0.0.66", "ip:10.0.0.66"));
	CHECK_FALSE(covers("ip:fd00::1", "ip:fd00::2"));
	CHECK(covers("ip:fd00::1", "ip:fd00:0::1"));
}

TEST_CASE("a GID is an address of its own kind")
{
	CHECK(covers("gid:fe80::1", "gid:fe80::1"));
	CHECK_FALSE(covers("gid:fe80::1", "ip:fe80::1"));
	CHECK_FALSE(covers("gid:::ffff:10.0.0.66", "ip:10.0.0.66"));
}

TEST_CASE("as many as can be looked for at once")
{
	rtrs_path_match m;

	rtrs_match_begin(&m, RTRS_MATCH_MAX);
	CHECK(m.missing == 0xffffffff);
	rtrs_match_begin(&m, 0);
	CHECK(m.missing == 0);
}
