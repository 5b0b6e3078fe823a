/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The map_device string (sysfs ABI 5.1). */
#include "tests/catch.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "rnbd/pure/map_options.h"
#include "tests/unit/util.h"

namespace {

struct Result {
	int rc;
	rnbd_map_options opt;
	rnbd_map_error err;
	std::string word;	/* what the error points at */
};

Result parse(std::string_view text, int cpus = 8)
{
	const std::string exact(text);
	Result r;
	std::memset(&r.opt, 0xff, sizeof(r.opt));
	std::memset(&r.err, 0xff, sizeof(r.err));
	r.rc = rnbd_map_parse(exact.data(), exact.size(), cpus, &r.opt, &r.err);
	if (r.rc) {
		REQUIRE(r.err.text != nullptr);
		REQUIRE(r.err.word_off + r.err.word_len <= text.size());
		r.word = std::string(text.substr(r.err.word_off, r.err.word_len));
	}
	return r;
}

const std::string BASE = "sessname=s1 device_path=/dev/nullb0 ";

int refused(const std::string &rest, const std::string &word, const std::string &reason)
{
	const Result r = parse(BASE + rest);
	CAPTURE(rest);
	CHECK(r.rc != 0);
	CHECK(r.word == word);
	CHECK(std::string(r.rc ? r.err.text : "") == reason);
	return r.rc;
}

} // namespace

TEST_CASE("the vendor tool's line is taken")
{
	const Result r = parse("sessname=st401b path=ip:10.0.0.1@ip:10.0.0.2 path=gid:fe80::1,gid:fe80::2 "
			       "device_path=/dev/nullb0 access_mode=ro\n");
	REQUIRE(r.rc == 0);
	CHECK(std::string(r.opt.session) == "st401b");
	CHECK(std::string(r.opt.device) == "/dev/nullb0");
	CHECK(r.opt.path_count == 2);
	CHECK(r.opt.paths[0].src.bytes[3] == 1);
	CHECK(r.opt.paths[0].dst.bytes[3] == 2);
	CHECK(r.opt.paths[1].dst.family == RTRS_ADDR_GID);
	CHECK(r.opt.access == RNBD_ACCESS_RO);
	CHECK(r.opt.port == 1234);
	CHECK(r.opt.nr_poll_queues == 0);
	CHECK(r.opt.tag[0] == '\0');
	CHECK(r.opt.owner[0] == '\0');
}

TEST_CASE("defaults: port 1234, rw, no poll queues, no path")
{
	const Result r = parse(BASE);
	REQUIRE(r.rc == 0);
	CHECK(r.opt.access == RNBD_ACCESS_RW);
	CHECK(r.opt.port == 1234);
	CHECK_FALSE(r.opt.port_given);
	CHECK(r.opt.nr_poll_queues == 0);
	CHECK(r.opt.path_count == 0);
	CHECK(r.opt.fast_io_fail == RNBD_FAST_IO_FAIL_NONE);
}

TEST_CASE("I/O may wait for a lost server for ever, not at all, or up to a day")
{
	for (int seconds : {-1, 0, 1, 30, 86400}) {
		const Result r = parse(BASE + "fast_io_fail=" + std::to_string(seconds));
		REQUIRE(r.rc == 0);
		CHECK(r.opt.fast_io_fail == seconds);
		CHECK(rnbd_fast_io_fail_ok(seconds));
	}
	for (const char *bad : {"-2", "86401", "1s", "-", "+1", "007", "4294967297"})
		CHECK(refused(std::string("fast_io_fail=") + bad, bad,
			      "fast_io_fail= is no number of seconds from 0 to 86400, nor -1") == -EINVAL);
	CHECK(refused("fast_io_fail=1 fast_io_fail=1", "fast_io_fail=1", "option given twice") == -EINVAL);
	CHECK(!rnbd_fast_io_fail_ok(-2));
	CHECK(!rnbd_fast_io_fail_ok(RNBD_FAST_IO_FAIL_NONE));
	CHECK(!rnbd_fast_io_fail_ok(86401));
}

TEST_CASE("L4 the order of words is free, blanks may repeat")
{
	const Result r = parse("   path=ip:10.0.0.2   dest_port=4321  nr_poll_queues=3 access_mode=migration "
			       "device_path=d   sessname=s  \n");
	REQUIRE(r.rc == 0);
	CHECK(r.opt.port == 4321);
	CHECK(r.opt.nr_poll_queues == 3);
	CHECK(r.opt.access == RNBD_ACCESS_MIGRATION);
	CHECK(r.opt.path_count == 1);
}

TEST_CASE("L4 a key given twice is refused, but path")
{
	CHECK(refused("sessname=s2", "sessname=s2", "option given twice") == -EINVAL);
	CHECK(refused("device_path=d", "device_path=d", "option given twice") == -EINVAL);
	CHECK(refused("dest_port=1 dest_port=1", "dest_port=1", "option given twice") == -EINVAL);
	CHECK(refused("access_mode=ro access_mode=ro", "access_mode=ro", "option given twice") == -EINVAL);
	CHECK(refused("nr_poll_queues=0 nr_poll_queues=0", "nr_poll_queues=0", "option given twice") == -EINVAL);
}

TEST_CASE("L4 unknown keys are named")
{
	for (const char *bad : {"foo=1", "foo", "path", "Path=ip:10.0.0.2", "sessname", "access=ro", "=", "=x",
				"device_path2=x", "paths=ip:10.0.0.1"}) {
		const Result r = parse(BASE + bad);
		CHECK(r.rc == -EINVAL);
		CHECK(r.word == bad);
	}
	CHECK(refused("foo=1", "foo=1", "unknown option") == -EINVAL);
	CHECK(refused("path", "path", "option without a value") == -EINVAL);
	CHECK(refused("path=", "path=", "option without a value") == -EINVAL);
}

TEST_CASE("L4 names of 255 bytes are refused, not cut")
{
	const std::string n254(254, 'n'), n255(255, 'n');
	Result r = parse("sessname=" + n254 + " device_path=" + n254);
	REQUIRE(r.rc == 0);
	CHECK(std::string(r.opt.session) == n254);
	CHECK(std::string(r.opt.device) == n254);
	r = parse("sessname=" + n255 + " device_path=d");
	CHECK(r.rc == -EINVAL);
	CHECK(r.word == n255);
	CHECK(std::string(r.err.text) == "sessname= is longer than 254 bytes");
	r = parse("sessname=s device_path=" + n255);
	CHECK(r.rc == -EINVAL);
	CHECK(r.word == n255);
	CHECK(std::string(r.err.text) == "device_path= is longer than 254 bytes");
}

TEST_CASE("L4 six paths are taken, a seventh is -ENOMEM")
{
	std::string six;
	for (int i = 0; i < 6; i++)
		six += "path=ip:10.0.0." + std::to_string(i + 1) + " ";
	const Result r = parse(BASE + six);
	REQUIRE(r.rc == 0);
	CHECK(r.opt.path_count == 6);
	CHECK(r.opt.paths[5].dst.bytes[3] == 6);
	CHECK(refused(six + "path=ip:10.0.0.7", "ip:10.0.0.7", "more than 6 paths") == -ENOMEM);
}

TEST_CASE("addresses are refused with the reason of their kind")
{
	CHECK(refused("path=10.0.0.2", "10.0.0.2", "address starts with neither ip: nor gid:") == -EPROTONOSUPPORT);
	const char *const bad = "path= is no [source@]destination of one address kind";
	CHECK(refused("path=ip:10.0.0.", "ip:10.0.0.", bad) == -EINVAL);
	CHECK(refused("path=ip:10.0.0.1@ip:fe80::1", "ip:10.0.0.1@ip:fe80::1", bad) == -EINVAL);
}

TEST_CASE("session and device names follow their rules")
{
	Result r = parse("sessname=a/b device_path=d");
	CHECK(r.rc == -EINVAL);
	CHECK(r.word == "a/b");
	CHECK(std::string(r.err.text) == "sessname= has a byte that is not printable, or one of / . !");
	r = parse("sessname=a device_path=a/../b");
	CHECK(r.rc == -EINVAL);
	CHECK(r.word == "a/../b");
	CHECK(std::string(r.err.text) == "device_path= has a byte that is not printable, a '!' or a \"..\"");
	r = parse("sessname=\xc3\xa4 device_path=d");
	CHECK(r.rc == -EINVAL);
	CHECK(r.word == "\xc3\xa4");
}

TEST_CASE("L5 an exclamation mark in a name is refused, so link names are one to one")
{
	CHECK(parse("sessname=a!b device_path=d").rc == -EINVAL);
	CHECK(parse("sessname=a device_path=a!b").rc == -EINVAL);
}

TEST_CASE("name and device are mandatory")
{
	Result r = parse("device_path=d path=ip:10.0.0.2");
	CHECK(r.rc == -EINVAL);
	CHECK(std::string(r.err.text) == "sessname= is missing");
	CHECK(r.err.word_len == 0);
	r = parse("sessname=s");
	CHECK(r.rc == -EINVAL);
	CHECK(std::string(r.err.text) == "device_path= is missing");
	CHECK(parse("").rc == -EINVAL);
	CHECK(parse("\n").rc == -EINVAL);
	CHECK(parse("    ").rc == -EINVAL);
}

TEST_CASE("numbers are plain decimals within their bounds")
{
	CHECK(parse(BASE + "dest_port=0").opt.port == 0);
	CHECK(parse(BASE + "dest_port=65535").opt.port == 65535);
	/* said aloud it is compared with that of a session that is there */
	CHECK(parse(BASE + "dest_port=1234").opt.port_given);
	const char *const port = "dest_port= is no number from 0 to 65535";
	for (const char *bad : {"65536", "-1", "+1", "0x10", "012", "1234x", "99999999999999999999", "4294968530", "00"})
		CHECK(refused(std::string("dest_port=") + bad, bad, port) == -EINVAL);
	CHECK(parse(BASE + "nr_poll_queues=8").opt.nr_poll_queues == 8);
	CHECK(parse(BASE + "nr_poll_queues=-1").opt.nr_poll_queues == 8);
	CHECK(parse(BASE + "nr_poll_queues=0").opt.nr_poll_queues == 0);
	CHECK(parse(BASE + "nr_poll_queues=12", 12).opt.nr_poll_queues == 12);
	const char *const poll = "nr_poll_queues= is no number from -1 to the number of CPUs";
	for (const char *bad : {"9", "-2", "10", "19", "-", "1.5", "-1x"})
		CHECK(refused(std::string("nr_poll_queues=") + bad, bad, poll) == -EINVAL);
}

TEST_CASE("access modes are three words")
{
	CHECK(refused("access_mode=wr", "wr", "access_mode= is none of ro, rw, migration") == -EINVAL);
	CHECK(refused("access_mode=RO", "RO", "access_mode= is none of ro, rw, migration") == -EINVAL);
	CHECK(rnbd_access_parse("ro", 2) == RNBD_ACCESS_RO);
	CHECK(rnbd_access_parse("rw\n", 3) == RNBD_ACCESS_RW);
	CHECK(rnbd_access_parse("migration", 9) == RNBD_ACCESS_MIGRATION);
	for (std::string_view bad : {"", "\n", "r", "ro ", "ro\n\n", "migratio", "migrations", "rwx"})
		CHECK(rnbd_access_parse(bad.data(), bad.size()) == -EINVAL);
	CHECK(std::string(rnbd_access_name(RNBD_ACCESS_RO)) == "ro");
	CHECK(std::string(rnbd_access_name(RNBD_ACCESS_RW)) == "rw");
	CHECK(std::string(rnbd_access_name(RNBD_ACCESS_MIGRATION)) == "migration");
	CHECK(std::string(rnbd_access_name(static_cast<rnbd_access>(3))) == "unknown");
}

TEST_CASE("control bytes and NUL are refused and pointed at, one newline at the end is not")
{
	CHECK(parse(BASE + "\n").rc == 0);
	for (std::string_view bad : {std::string_view("\n\n"), std::string_view("\t"), std::string_view("\0", 1),
				     std::string_view("\x7f"), std::string_view("\r\n"), std::string_view("\x1b")}) {
		const Result r = parse(BASE + std::string(bad));
		CHECK(r.rc == -EINVAL);
		CHECK(r.word == bad.substr(0, 1));
		CHECK(std::string(r.err.text) == "control byte");
		CHECK(r.err.word_off == BASE.size());
	}
}

TEST_CASE("the first mistake is the one reported, wherever it stands")
{
	const std::string all[] = {"sessname=s", "device_path=d", "path=ip:10.0.0.2", "foo=1", "dest_port=1"};
	unit::Random random(27);
	for (int round = 0; round < 500; round++) {
		std::vector<std::string> words(all, all + 5);
		for (u32 i = 4; i; i--)
			std::swap(words[i], words[random.below(i + 1)]);
		std::string line;
		for (const std::string &w : words)
			line += w + " ";
		const Result r = parse(line);
		REQUIRE(r.rc == -EINVAL);
		REQUIRE(r.word == "foo=1");
	}
}

TEST_CASE("link names turn slashes to exclamation marks")
{
	char buf[600];
	CHECK(rnbd_link_name("/dev/nullb0", "s1", buf, sizeof(buf)) == 14);
	CHECK(std::string(buf) == "!dev!nullb0@s1");
	CHECK(rnbd_link_name("d", "s", buf, sizeof(buf)) == 3);
	CHECK(std::string(buf) == "d@s");
	for (std::size_t size = 0; size < 20; size++) {
		std::string cut(size + 4, '#');
		const std::size_t n = rnbd_link_name("/dev/nullb0", "s1", cut.data(), size);
		REQUIRE(n == (size ? std::min<std::size_t>(size - 1, 14) : 0));
		REQUIRE(cut.substr(size) == "####");
		if (size)
			REQUIRE(cut[n] == '\0');
	}
}
