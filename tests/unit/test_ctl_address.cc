// SPDX-License-Identifier: GPL-2.0-or-later
/* How people name an address; the resolver that is asked for host names is this file's own. */
#include <arpa/inet.h>
#include <netdb.h>

#include <cstring>

#include "ctl/address.h"
#include "tests/catch.h"

using namespace ctl;

/*
 * In place of libc's: what a machine's own files say of any name is not known to a test. "store1" has an address of
 * each family, "busy" is asked about in vain, nothing else exists.
 */
extern "C" int getaddrinfo(const char *host, const char *, const addrinfo *hints, addrinfo **list)
{
	static sockaddr_in6 six;
	static sockaddr_in four;
	static addrinfo answer;

	if (std::strcmp(host, "busy") == 0)
		return EAI_AGAIN;
	if (std::strcmp(host, "store1") != 0)
		return EAI_NONAME;
	six.sin6_family = AF_INET6;
	inet_pton(AF_INET6, "fd00::7", &six.sin6_addr);
	four.sin_family = AF_INET;
	inet_pton(AF_INET, "10.0.0.7", &four.sin_addr);
	answer = {};
	answer.ai_addr = hints->ai_family == AF_INET ? reinterpret_cast<sockaddr *>(&four) :
						       reinterpret_cast<sockaddr *>(&six);
	*list = &answer;
	return 0;
}

extern "C" void freeaddrinfo(addrinfo *) {}

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
	CHECK(text_of("10.0.0.1@store1") == "ip:10.0.0.1@ip:10.0.0.7");
	CHECK(text_of("store1@10.0.0.1") == "ip:10.0.0.7@ip:10.0.0.1");
	CHECK(text_of("fd00::1@store1") == "ip:fd00::1@ip:fd00::7");
	CHECK(text_of("store1") == "ip:fd00::7");
	/* numbers are never handed to the resolver, which would take 10.1 for 10.0.0.1 */
	CHECK(text_of("10.1") == "RNBD-U03");
	CHECK(text_of("gid:store1") == "RNBD-U03");
	CHECK(text_of("ip:store1") == "RNBD-U03");
}

TEST_CASE("a host name that is not found, and one that nobody could say anything about")
{
	CHECK(text_of("store2") == "RNBD-U04");
	CHECK(text_of("busy") == "RNBD-U04");
	CHECK(parse_path("store2").error().exit == EXIT_USAGE);
	CHECK(parse_path("busy").error().exit == EXIT_UNREACHABLE);
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
