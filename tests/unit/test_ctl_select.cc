// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstring>

#include "ctl/cli.h"
#include "ctl/select.h"
#include "tests/catch.h"

using namespace ctl;

static Device device(uint32_t id, const char *disk, const char *remote, const char *session, const char *tag)
{
	Device out;

	out.id = id;
	out.disk = disk;
	out.remote_path = remote;
	out.session = session;
	out.tag = tag;
	return out;
}

static Snapshot devices()
{
	Snapshot snapshot;

	/* names chosen to collide: a tag that is a disk's name, a remote device that is a tag */
	snapshot.devices = {device(10, "rnbd0", "vol", "a", "rnbd1"), device(11, "rnbd1", "backup", "a", ""),
			    device(12, "rnbd2", "vol", "b", "backup"), device(13, "", "/dev/sda", "b", "")};
	return snapshot;
}

static std::string found(const std::string &word)
{
	Result<Device> device = find_device(devices(), Env(), word);

	return device ? std::to_string(*device->id) : device.error().id;
}

TEST_CASE("the first rule that fits wins")
{
	CHECK(found("rnbd0") == "10");
	CHECK(found("/dev/rnbd0") == "10");
	CHECK(found("rnbd1") == "11");
	CHECK(found("backup") == "12");
	CHECK(found("vol@b") == "12");
	CHECK(found("vol") == "RNBD-D04");
	CHECK(found("/dev/sda") == "13");
	CHECK(found("13") == "13");
	CHECK(found("/dev/rnbd9") == "RNBD-D03");
	CHECK(found("") == "RNBD-D03");
	CHECK(found("/") == "RNBD-D03");
}

TEST_CASE("words that say precisely what shall be gone")
{
	CHECK(names_precisely("rnbd0"));
	CHECK(names_precisely("/dev/rnbd12"));
	CHECK(names_precisely("/dev/nullb0@s1"));
	CHECK(names_precisely("a@b@s1"));
	CHECK_FALSE(names_precisely("rnbd"));
	CHECK_FALSE(names_precisely("rnbd0x"));
	CHECK_FALSE(names_precisely("vol"));
	CHECK_FALSE(names_precisely("vol@"));
	CHECK_FALSE(names_precisely("@s1"));
	CHECK_FALSE(names_precisely("vol@10.0.0.1"));
	CHECK_FALSE(names_precisely("a!b@s1"));
}

static Path path(uint32_t id, const char *session, const char *src, const char *dst)
{
	Path out;

	out.id = id;
	out.session = session;
	rtrs_addr_parse(src, strlen(src), &out.src.addr);
	rtrs_addr_parse(dst, strlen(dst), &out.dst.addr);
	out.name = pair_text({out.src.addr, out.dst.addr});
	return out;
}

/* A machine that serves itself: the same pair on both sides; two sessions between one pair of addresses. */
static Snapshot paths()
{
	Snapshot snapshot;

	snapshot.client.sessions.resize(2);
	snapshot.client.sessions[0].name = "a";
	snapshot.client.sessions[0].id = 7;
	snapshot.client.sessions[0].paths = {path(1, "a", "ip:10.0.0.1", "ip:10.0.0.2"),
					     path(2, "a", "ip:10.1.0.1", "ip:10.1.0.2")};
	snapshot.client.sessions[1].name = "b";
	snapshot.client.sessions[1].paths = {path(3, "b", "ip:10.0.0.1", "ip:10.0.0.2")};
	snapshot.server.sessions.resize(1);
	snapshot.server.sessions[0].name = "c";
	snapshot.server.sessions[0].paths = {path(2, "c", "ip:10.1.0.1", "ip:10.1.0.2"),
					     path(9, "c", "ip:10.2.0.1", "ip:10.2.0.2")};
	for (Path &one : snapshot.server.sessions[0].paths)
		one.on_server = true;
	return snapshot;
}

static std::string found_path(const std::string &word)
{
	Result<Path> one = find_path(paths(), word);

	return one ? one->session + std::to_string(*one->id) + (one->on_server ? " server" : "") : one.error().id;
}

TEST_CASE("paths by name, session, id and address, the client's first")
{
	CHECK(found_path("ip:10.1.0.1@ip:10.1.0.2") == "a2");
	CHECK(found_path("ip:10.0.0.1@ip:10.0.0.2") == "RNBD-D09");
	CHECK(found_path("b/ip:10.0.0.1@ip:10.0.0.2") == "b3");
	CHECK(found_path("3") == "b3");
	CHECK(found_path("9") == "c9 server");
	CHECK(found_path("10.1.0.2") == "a2");
	CHECK(found_path("ip:10.1.0.1") == "a2");
	CHECK(found_path("10.0.0.2") == "RNBD-D09");
	CHECK(found_path("10.2.0.2") == "c9 server");
	CHECK(found_path("10.9.0.2") == "RNBD-D03");
	CHECK(found_path("") == "RNBD-D03");
	CHECK(found_path("10.1.0.1@10.1.0.2") == "a2");
	CHECK(found_path("ip:10.1.0.1,10.1.0.2") == "a2");
	CHECK(found_path("10.0.0.1@10.0.0.2") == "RNBD-D09");
	CHECK(found_path("b/10.0.0.1@10.0.0.2") == "b3");
	CHECK(found_path("b/10.1.0.1@10.1.0.2") == "RNBD-D03");
	CHECK(found_path("b/10.0.0.2") == "RNBD-D03");
	CHECK(found_path("10.1.0.2@10.1.0.1") == "RNBD-D03");
	CHECK(found_path("10.1.0.2:1234") == "RNBD-D03");
	CHECK(found_path("localhost") == "RNBD-D03");
	CHECK(find_session(paths(), "7")->name == "a");
	Snapshot numbers = paths();
	numbers.client.sessions[1].name = "7";
	CHECK(find_session(numbers, "7")->paths.front().id == 3u);
	CHECK(find_session(paths(), "b")->name == "b");
	CHECK_FALSE(find_session(paths(), "c").ok());
	CHECK(is_path_name("ip:10.0.0.1@ip:10.0.0.2"));
	CHECK(is_path_name("gid:fe80::1"));
	CHECK(is_path_name("10.0.0.1@10.0.0.2"));
	CHECK(is_path_name("[fd00::1]"));
	CHECK_FALSE(is_path_name("localhost"));
	CHECK_FALSE(is_path_name("10.0.0.1@localhost"));
	CHECK_FALSE(is_path_name("10.0.0.1:1234"));
	CHECK_FALSE(is_path_name("10"));
	CHECK_FALSE(is_path_name("st401b"));
	CHECK_FALSE(is_path_name(""));
}

TEST_CASE("near words")
{
	const std::vector<std::string> words = {"map", "unmap", "remap", "list", "status"};

	CHECK(nearest("mpa", words) == "map");
	CHECK(nearest("lsit", words) == "list");
	CHECK(nearest("statu", words) == "status");
	CHECK(nearest("umap", words) == "unmap");
	CHECK(nearest("zzzzzz", words).empty());
	CHECK(nearest("", words).empty());
	CHECK(nearest("map", words).empty());
}

TEST_CASE("text of bytes, sizes and ages")
{
	CHECK(escaped("plain /dev/x") == "plain /dev/x");
	for (const char *raw : {"", "a", "\\", "a\\x41", "\x1b[2J\n\\\x7f\xc3\xa4", "\\\\x"})
		CHECK(unescaped(escaped(raw)) == raw);
	CHECK(unescaped("a\\") == "a\\");
	CHECK(unescaped("a\\x4") == "ax4");
	CHECK(escaped("\x1b[2J\n\\\x7f\xc3\xa4") == "\\x1b[2J\\x0a\\\\\\x7f\\xc3\\xa4");
	CHECK(size_text(0, false) == "0 B");
	CHECK(size_text(1023, false) == "1023 B");
	CHECK(size_text(1536, false) == "1.5 KiB");
	CHECK(size_text(uint64_t{10} << 30, false) == "10 GiB");
	CHECK(size_text(UINT64_MAX, false) == "16 EiB");
	CHECK(size_text(uint64_t{10} << 30, true) == "10737418240");
	CHECK(age_text(0) == "0 s");
	CHECK(age_text(119999) == "119 s");
	CHECK(age_text(180000) == "3 min");
	CHECK(age_text(uint64_t{12} * 86400000) == "12 days");
}
