// SPDX-License-Identifier: GPL-2.0-or-later
#include "ctl/address.h"
#include "tests/catch.h"

using namespace ctl;

static std::string text_of(const std::string &typed)
{
	Result<PathSpec> spec = parse_path(typed);

	if (!spec)
		return spec.error().id;
	return pair_text(spec->pair) + (spec->port ? " port " + std::to_string(*spec->port) : "");
}

TEST_CASE("paths as people type them")
{
	CHECK(text_of("10.0.0.1") == "ip:10.0.0.1");
	CHECK(text_of("ip:10.0.0.1") == "ip:10.0.0.1");
	CHECK(text_of("ip:10.0.0.1:5000") == "ip:10.0.0.1 port 5000");
	CHECK(text_of("10.0.0.1:5000") == "ip:10.0.0.1 port 5000");
	CHECK(text_of("fe80::1") == "ip:fe80::1");
	CHECK(text_of("[fe80::1]") == "ip:fe80::1");
	CHECK(text_of("[fe80::1]:5000") == "ip:fe80::1 port 5000");
	CHECK(text_of("ip:[fe80::1]:5000") == "ip:fe80::1 port 5000");
	CHECK(text_of("gid:fe80::1") == "gid:fe80:0000:0000:0000:0000:0000:0000:0001");
	CHECK(text_of("gid:[fe80::1]:5000") == "gid:fe80:0000:0000:0000:0000:0000:0000:0001 port 5000");
	CHECK(text_of("10.0.0.2@10.0.0.1") == "ip:10.0.0.2@ip:10.0.0.1");
	CHECK(text_of("10.0.0.2,10.0.0.1:7") == "ip:10.0.0.2@ip:10.0.0.1 port 7");
	CHECK(text_of("[::1]@[::2]:7") == "ip:::1@ip:::2 port 7");
}

TEST_CASE("host names are looked up in the family of the other end")
{
	CHECK(text_of("127.0.0.1@localhost") == "ip:127.0.0.1@ip:127.0.0.1");
	CHECK(text_of("localhost@127.0.0.1") == "ip:127.0.0.1@ip:127.0.0.1");
	/* numbers are never handed to the resolver, which would take 10.1 for 10.0.0.1 */
	CHECK(text_of("10.1") == "RNBD-U03");
	CHECK(text_of("gid:localhost") == "RNBD-U03");
	CHECK(text_of("ip:localhost") == "RNBD-U03");
}

TEST_CASE("what is no path")
{
	const std::string long_name(300, 'a');

	for (const std::string &typed : {std::string(""), std::string("@"), std::string("a@"), std::string("@10.0.0.1"),
	     std::string("10.0.0.1:0"), std::string("10.0.0.1:65536"), std::string("10.0.0.1:"),
	     std::string("10.0.0.1:1x"), std::string("[fe80::1"), std::string("[fe80::1]x"), std::string("[]"),
	     std::string("10.0.0.2:7@10.0.0.1"), std::string("fe80::1@10.0.0.1"), std::string("a b"),
	     std::string("-x;rm"), long_name})
		CHECK(text_of(typed) == "RNBD-U03");
}
