/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses as text and back (sysfs ABI 2). */
#include "tests/catch.h"

#include <algorithm>
#include <arpa/inet.h>
#include <string>
#include <string_view>

#include "rtrs/pure/addr_text.h"
#include "tests/unit/util.h"

using unit::Bytes;
using unit::hex;
using unit::operator+;

namespace {

int parse(std::string_view s, rtrs_addr *a)
{
	const std::string exact(s);	/* no NUL is counted, none may be needed */
	return rtrs_addr_parse(exact.data(), exact.size(), a);
}

int pair(std::string_view s, rtrs_addr_pair *p)
{
	return rtrs_pair_parse(s.data(), s.size(), p);
}

std::string format(const rtrs_addr &a)
{
	char buf[RTRS_ADDR_TEXT_MAX];
	const std::size_t n = rtrs_addr_format(&a, buf, sizeof(buf));
	REQUIRE(std::strlen(buf) == n);
	return buf;
}

std::string format(const rtrs_addr_pair &p)
{
	char buf[RTRS_PAIR_TEXT_MAX];
	const std::size_t n = rtrs_pair_format(&p, buf, sizeof(buf));
	REQUIRE(std::strlen(buf) == n);
	return buf;
}

/* Parse and print again. */
std::string again(std::string_view s)
{
	rtrs_addr a;
	return parse(s, &a) ? "refused" : format(a);
}

Bytes bytes(std::string_view s)
{
	rtrs_addr a;
	REQUIRE(parse(s, &a) == 0);
	return Bytes(a.bytes, a.bytes + 16);
}

} // namespace

TEST_CASE("IPv4 literals are four plain numbers")
{
	CHECK(bytes("ip:10.20.0.255") == hex("0a 14 00 ff") + unit::zeros(12));
	CHECK(again("ip:0.0.0.0") == "ip:0.0.0.0");
	CHECK(again("ip:255.255.255.255") == "ip:255.255.255.255");
	CHECK(again("ip:192.168.100.9") == "ip:192.168.100.9");
	for (std::string_view bad : {"ip:", "ip:1", "ip:1.2.3", "ip:1.2.3.", "ip:1.2.3.4.", "ip:1.2.3.4.5", "ip:.1.2.3",
				     "ip:1..2.3", "ip:256.1.1.1", "ip:1.2.3.256", "ip:01.2.3.4", "ip:1.2.3.00",
				     "ip:1.2.3.4 ", "ip: 1.2.3.4", "ip:1.2.3.4\n", "ip:-1.2.3.4", "ip:1.2.3.0x4",
				     "ip:99999999999999999999.2.3.4", "ip:host", "ip:1,2.3.4"}) {
		rtrs_addr a;
		CAPTURE(bad);
		CHECK(parse(bad, &a) == -EINVAL);
	}
}

TEST_CASE("IPv6 literals take every form of RFC 4291")
{
	CHECK(bytes("ip:2001:db8:1:2:3:4:5:6") == hex("2001 0db8 0001 0002 0003 0004 0005 0006"));
	CHECK(bytes("ip:::") == unit::zeros(16));
	CHECK(bytes("ip:::1") == unit::zeros(15) + hex("01"));
	CHECK(bytes("ip:fe80::") == hex("fe80") + unit::zeros(14));
	CHECK(bytes("ip:FE80::aBcD:1") == hex("fe80") + unit::zeros(10) + hex("abcd 0001"));
	CHECK(bytes("ip:1:2:3::6:7:8") == hex("0001 0002 0003 0000 0000 0006 0007 0008"));
	CHECK(bytes("ip:1::3:4:5:6:7:8") == hex("0001 0000 0003 0004 0005 0006 0007 0008"));
	CHECK(bytes("ip:::2:3:4:5:6:7:8") == hex("0000 0002 0003 0004 0005 0006 0007 0008"));
	CHECK(bytes("ip:1:2:3:4:5:6:7::") == hex("0001 0002 0003 0004 0005 0006 0007 0000"));
	CHECK(bytes("ip:::ffff:10.1.2.3") == unit::zeros(10) + hex("ffff 0a01 0203"));
	CHECK(bytes("ip:64:ff9b::1.2.3.4") == hex("0064 ff9b") + unit::zeros(8) + hex("0102 0304"));
	CHECK(bytes("ip:1:2:3:4:5:6:1.2.3.4") == hex("0001 0002 0003 0004 0005 0006 0102 0304"));
	CHECK(bytes("ip:0001:02:003::") == hex("0001 0002 0003") + unit::zeros(10));
}

TEST_CASE("broken IPv6 literals are refused")
{
	for (std::string_view bad :
	     {"ip::", "ip::1", "ip:1:", "ip:1:2", "ip:1:2:3:4:5:6:7", "ip:1:2:3:4:5:6:7:", "ip:1:2:3:4:5:6:7:8:",
	      "ip:1:2:3:4:5:6:7:8:9", "ip:1::2::3", "ip::::", "ip:1:::2", "ip:::1:", "ip:12345::", "ip:g::", "ip:1::%2",
	      "ip:fe80::1%eth0", "ip:[::1]", "ip:1:2:3:4:5:6:7:8::", "ip:::1:2:3:4:5:6:7:8", "ip:1::2:3:4:5:6:7:8",
	      "ip:::1.2.3", "ip:::1.2.3.4:5", "ip:1.2.3.4::", "ip:1:2:3:4:5:6:7:1.2.3.4", "ip:::1.2.3.256",
	      "ip:1:2:3:4:5:1.2.3.4", "ip:::01.2.3.4", "ip:1:2:3:4:5:6:7:8 ", "ip:::1\n", "gid:", "gid::", "gid:1.2.3.4",
	      "gid:fe80", "gid:0:0:0:0:0:0:0", "gid:fe80::1::"}) {
		rtrs_addr a;
		CAPTURE(bad);
		CHECK(parse(bad, &a) == -EINVAL);
	}
}

TEST_CASE("every prefix but ip: and gid: is an unknown protocol")
{
	rtrs_addr a;
	for (std::string_view bad : {"", "1.2.3.4", "IP:1.2.3.4", "ip", "ipv4:1.2.3.4", "guid:::1", "gid", " ip:1.2.3.4"})
		CHECK(parse(bad, &a) == -EPROTONOSUPPORT);
}

TEST_CASE("IPv6 is printed as RFC 5952 wants it")
{
	CHECK(again("ip:2001:0DB8:0:0:1:0:0:1") == "ip:2001:db8::1:0:0:1");
	CHECK(again("ip:2001:db8:0:1:1:1:1:1") == "ip:2001:db8:0:1:1:1:1:1");
	CHECK(again("ip:2001:0:0:1:0:0:0:1") == "ip:2001:0:0:1::1");
	CHECK(again("ip:0:0:0:0:0:0:0:0") == "ip:::");
	CHECK(again("ip:0:0:0:0:0:0:0:1") == "ip:::1");
	CHECK(again("ip:1:0:0:0:0:0:0:0") == "ip:1::");
	CHECK(again("ip:1:2:3:4:5:6:0:0") == "ip:1:2:3:4:5:6::");
	CHECK(again("ip:0:0:3:4:5:6:7:8") == "ip:::3:4:5:6:7:8");
	CHECK(again("ip:0:2:3:4:5:6:7:8") == "ip:0:2:3:4:5:6:7:8");
	CHECK(again("ip:1:2:3:4:5:6:7:0") == "ip:1:2:3:4:5:6:7:0");
	CHECK(again("ip:fe80::a0b0:c0d0") == "ip:fe80::a0b0:c0d0");
	CHECK(again("ip:0:0:0:0:0:ffff:a01:203") == "ip:::ffff:10.1.2.3");
	CHECK(again("ip:::1.2.3.4") == "ip:::102:304");
}

TEST_CASE("a GID is printed in full")
{
	CHECK(again("gid:fe80::2:c903:33:5c1") == "gid:fe80:0000:0000:0000:0002:c903:0033:05c1");
	CHECK(again("gid:::ffff:10.1.2.3") == "gid:0000:0000:0000:0000:0000:ffff:0a01:0203");
}

TEST_CASE("random IPv6 addresses are printed and read as the C library does")
{
	unit::Random random(25);
	for (int round = 0; round < 20000; round++) {
		rtrs_addr a = {RTRS_ADDR_IP6, {}}, back;
		for (int i = 0; i < 16; i++)
			a.bytes[i] = random.below(3) ? 0 : static_cast<u8>(random.next());
		/* the library also writes ::a.b.c.d, which RFC 5952 does not ask for */
		a.bytes[0] |= 0x20;
		char want[INET6_ADDRSTRLEN];
		REQUIRE(inet_ntop(AF_INET6, a.bytes, want, sizeof(want)));
		REQUIRE(format(a) == std::string("ip:") + want);
		REQUIRE(parse(format(a), &back) == 0);
		REQUIRE(rtrs_addr_equal(&a, &back));
	}
}

TEST_CASE("random texts are accepted exactly when the C library accepts them")
{
	static const char alphabet[] = "0123456789abcdef::::....";
	unit::Random random(26);
	int accepted = 0;
	for (int round = 0; round < 200000; round++) {
		std::string s;
		for (u32 n = random.below(14); n; n--)
			s += alphabet[random.below(sizeof(alphabet) - 1)];
		unsigned char want[16];
		rtrs_addr a;
		const bool six = s.find(':') != std::string::npos;
		const bool good = inet_pton(six ? AF_INET6 : AF_INET, s.c_str(), want) == 1;
		CAPTURE(s);
		REQUIRE((parse("ip:" + s, &a) == 0) == good);
		if (good)
			REQUIRE(std::memcmp(a.bytes, want, six ? 16 : 4) == 0);
		accepted += good;
	}
	CHECK(accepted > 1000);
}

TEST_CASE("pairs are source@destination or source,destination")
{
	rtrs_addr_pair p;
	REQUIRE(pair("ip:10.0.0.1@ip:10.0.0.2", &p) == 0);
	CHECK(p.src.bytes[3] == 1);
	CHECK(p.dst.bytes[3] == 2);
	CHECK(format(p) == "ip:10.0.0.1@ip:10.0.0.2");
	REQUIRE(pair("ip:fe80::1,ip:fe80::2", &p) == 0);
	CHECK(format(p) == "ip:fe80::1@ip:fe80::2");
	REQUIRE(pair("gid:fe80::1@gid:fe80::2", &p) == 0);
	CHECK(format(p) == "gid:fe80:0000:0000:0000:0000:0000:0000:0001@gid:fe80:0000:0000:0000:0000:0000:0000:0002");
	REQUIRE(pair("ip:10.0.0.2", &p) == 0);
	CHECK(p.src.family == RTRS_ADDR_NONE);
	CHECK(format(p) == "ip:10.0.0.2");
}

TEST_CASE("a comma wins over an at sign, and only the first one splits")
{
	rtrs_addr_pair p;
	CHECK(pair("ip:10.0.0.1@x,ip:10.0.0.2", &p) == -EINVAL);
	CHECK(pair("ip:10.0.0.1,ip:10.0.0.2@x", &p) == -EINVAL);
	CHECK(pair("ip:10.0.0.1,ip:10.0.0.2,ip:10.0.0.3", &p) == -EINVAL);
	CHECK(pair("ip:10.0.0.1@ip:10.0.0.2@ip:10.0.0.3", &p) == -EINVAL);
}

TEST_CASE("a wrong pair says whether the destination's kind or anything else is wrong")
{
	rtrs_addr_pair p;
	CHECK(pair("", &p) == -EPROTONOSUPPORT);
	CHECK(pair("10.0.0.2", &p) == -EPROTONOSUPPORT);
	CHECK(pair("ip:10.0.0.1@10.0.0.2", &p) == -EPROTONOSUPPORT);
	CHECK(pair("10.0.0.1@ip:10.0.0.2", &p) == -EINVAL);
	CHECK(pair("@ip:10.0.0.2", &p) == -EINVAL);
	CHECK(pair(",ip:10.0.0.2", &p) == -EINVAL);
	CHECK(pair("ip:10.0.0.1@", &p) == -EINVAL);
	CHECK(pair("ip:10.0.0.1,", &p) == -EINVAL);
	CHECK(pair("ip:10.0.0.1@ip:10.0.0", &p) == -EINVAL);
}

TEST_CASE("source and destination must be of one kind")
{
	rtrs_addr_pair p;
	CHECK(pair("ip:10.0.0.1@ip:fe80::2", &p) == -EINVAL);
	CHECK(pair("ip:fe80::1@ip:10.0.0.2", &p) == -EINVAL);
	CHECK(pair("gid:fe80::1@ip:fe80::2", &p) == -EINVAL);
}

TEST_CASE("text that does not fit is cut, always ended, and its length true")
{
	rtrs_addr a;
	REQUIRE(parse("gid:fe80::1", &a) == 0);
	const std::string full = format(a);
	CHECK(full.size() == 43);
	for (std::size_t size = 0; size <= full.size() + 1; size++) {
		std::string buf(size + 4, '#');
		const std::size_t n = rtrs_addr_format(&a, buf.data(), size);
		const std::size_t want = size ? std::min(size - 1, full.size()) : 0;
		REQUIRE(n == want);
		REQUIRE(buf.substr(0, n) == full.substr(0, n));
		if (size)
			REQUIRE(buf[n] == '\0');
		REQUIRE(buf.substr(size) == "####");
	}
	rtrs_addr none = {};
	CHECK(format(none).empty());
	/* the longest pair fits its buffer */
	rtrs_addr_pair p = {a, a};
	CHECK(format(p).size() == 87);
}

TEST_CASE("addresses are equal by kind and by the bytes that count")
{
	rtrs_addr a, b;
	REQUIRE(parse("ip:10.0.0.1", &a) == 0);
	b = a;
	b.bytes[9] = 1;
	CHECK(rtrs_addr_equal(&a, &b));
	b.bytes[3] = 2;
	CHECK_FALSE(rtrs_addr_equal(&a, &b));
	REQUIRE(parse("ip:fe80::1", &a) == 0);
	REQUIRE(parse("gid:fe80::1", &b) == 0);
	CHECK_FALSE(rtrs_addr_equal(&a, &b));
	REQUIRE(parse("ip:fe80::2", &b) == 0);
	CHECK_FALSE(rtrs_addr_equal(&a, &b));
	rtrs_addr none = {}, other = {};
	other.bytes[0] = 1;
	CHECK(rtrs_addr_equal(&none, &other));
}

TEST_CASE("pairs are equal when both of their addresses are")
{
	const std::string text = "ip:10.0.0.2@ip:10.0.0.1", open = "ip:10.0.0.1", reverse = "ip:10.0.0.1@ip:10.0.0.2";
	rtrs_addr_pair a = {}, b = {};
	REQUIRE(rtrs_pair_parse(text.data(), text.size(), &a) == 0);
	b = a;
	CHECK(rtrs_pair_equal(&a, &b));
	b = {};
	REQUIRE(rtrs_pair_parse(open.data(), open.size(), &b) == 0);
	CHECK_FALSE(rtrs_pair_equal(&a, &b));
	b = {};
	REQUIRE(rtrs_pair_parse(reverse.data(), reverse.size(), &b) == 0);
	CHECK_FALSE(rtrs_pair_equal(&a, &b));
}
