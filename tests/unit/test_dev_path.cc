/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Search path and name to a path on the server (protocol 9, security 4.2). */
#include "tests/catch.h"

#include <string>

#include "rnbd/pure/dev_path.h"
#include "rnbd/pure/msg.h"

namespace {

/* The path, or "-EINVAL" and the like. */
std::string path(const std::string &search, const std::string &name, std::size_t size = RNBD_DEV_PATH_MAX,
		 const std::string &session = "st401b")
{
	std::string buf(size + 4, '#');
	const int err = rnbd_dev_path(search.c_str(), session.c_str(), name.c_str(), buf.data(), size);
	REQUIRE(buf.substr(size) == "####");
	if (err == -EINVAL)
		return "-EINVAL";
	if (err == -EACCES)
		return "-EACCES";
	REQUIRE(err == 0);
	return buf.c_str();
}

std::string clean(const std::string &text, std::size_t size = RNBD_DEV_PATH_MAX)
{
	std::string buf(size + 4, '#');
	const int err = rnbd_search_path_clean(text.c_str(), buf.data(), size);
	REQUIRE(buf.substr(size) == "####");
	return err ? (err == -EINVAL ? "-EINVAL" : "?") : buf.c_str();
}

} // namespace

TEST_CASE("search path and name are joined, runs of slashes folded")
{
	CHECK(path("/", "dev/nullb0") == "/dev/nullb0");
	CHECK(path("/", "/dev/nullb0") == "/dev/nullb0");
	CHECK(path("/dev/rnbd", "d1") == "/dev/rnbd/d1");
	CHECK(path("/dev/rnbd/", "/d1") == "/dev/rnbd/d1");
	CHECK(path("//dev///rnbd//", "//a////b") == "/dev/rnbd/a/b");
	CHECK(path("/dev", "a/./b") == "/dev/a/./b");
}

TEST_CASE("the session name replaces its token and all that follows it")
{
	CHECK(path("/dev/rnbd/%SESSNAME%/x", "d") == "/dev/rnbd/st401b/d");
	CHECK(path("/dev/%SESSNAME%", "d") == "/dev/st401b/d");
	CHECK(path("/dev/a%SESSNAME%%SESSNAME%", "d") == "/dev/ast401b/d");
	CHECK(path("/dev/%SESSNAME", "d") == "/dev/%SESSNAME/d");
	CHECK(path("/dev", "%SESSNAME%") == "/dev/%SESSNAME%");
}

TEST_CASE("S52 a name may not climb, but may hold dots")
{
	for (const char *bad : {"..", "../a", "a/..", "a/../b", "/..", "../", "a//..//b", "a/b/.."})
		CHECK(path("/dev", bad) == "-EINVAL");
	CHECK(path("/dev", "a..b") == "/dev/a..b");
	CHECK(path("/dev", "...") == "/dev/...");
	CHECK(path("/dev", "..a/b..") == "/dev/..a/b..");
	CHECK(path("/dev", ".") == "/dev/.");
	CHECK(path("/dev", "") == "-EINVAL");
	/* the administrator's own path may */
	CHECK(path("/dev/../dev", "a") == "/dev/../dev/a");
}

TEST_CASE("without a search path nothing is opened")
{
	CHECK(path("", "dev/sda") == "-EACCES");
	CHECK(path("", "..") == "-EACCES");
}

TEST_CASE("a path of 4095 bytes fits, one more does not")
{
	const std::string search = "/" + std::string(4000, 's');
	CHECK(path(search, std::string(93, 'n')).size() == 4095);
	CHECK(path(search, std::string(94, 'n')) == "-EINVAL");
	CHECK(path(search, std::string(94, 'n'), 8192) == "-EINVAL");
	CHECK(path("/%SESSNAME%", std::string(200, 'n'), RNBD_DEV_PATH_MAX, std::string(254, 's')).size() == 456);
	/* what folds away does not count */
	CHECK(path(search + "////", "/////" + std::string(93, 'n')).size() == 4095);
}

TEST_CASE("a path that does not fit the caller's buffer is refused")
{
	CHECK(path("/dev", "sda", 9) == "/dev/sda");
	CHECK(path("/dev", "sda", 8) == "-EINVAL");
	CHECK(path("/dev", "sda", 1) == "-EINVAL");
	CHECK(path("/dev", "sda", 0) == "-EINVAL");
}

TEST_CASE("a search path is absolute or empty and loses one newline")
{
	CHECK(clean("/") == "/");
	CHECK(clean("/dev/rnbd\n") == "/dev/rnbd");
	CHECK(clean("") == "");
	CHECK(clean("\n") == "");
	CHECK(clean("dev") == "-EINVAL");
	CHECK(clean(" /dev") == "-EINVAL");
	CHECK(clean("/" + std::string(4094, 'a')).size() == 4095);
	CHECK(clean("/" + std::string(4094, 'a') + "\n").size() == 4095);
	CHECK(clean("/" + std::string(4095, 'a')) == "-EINVAL");
	CHECK(clean("/" + std::string(4095, 'a'), 8192) == "-EINVAL");
	CHECK(clean("/dev", 5) == "/dev");
	CHECK(clean("/dev", 4) == "-EINVAL");
	CHECK(clean("", 0) == "-EINVAL");
}

TEST_CASE("S52 L5 device names are printable ASCII without exclamation mark")
{
	for (int c = 1; c < 256; c++) {
		const char name[] = {'a', static_cast<char>(c), 'b', '\0'};
		CAPTURE(c);
		CHECK(rnbd_device_name_check(name, sizeof(name)) == (c >= 0x21 && c <= 0x7e && c != '!' ? 0 : -EINVAL));
	}
	CHECK(rnbd_device_name_check("", 1) == -EINVAL);
	CHECK(rnbd_device_name_check("abc", 3) == -EINVAL);
	CHECK(rnbd_device_name_check("abc", 4) == 0);
	CHECK(rnbd_device_name_check("a/../b", 255) == -EINVAL);
	CHECK(rnbd_device_name_check("..", 255) == -EINVAL);
	CHECK(rnbd_device_name_check("a..b", 255) == 0);
	CHECK(rnbd_device_name_check(std::string(254, 'x').c_str(), 400) == 0);
	CHECK(rnbd_device_name_check(std::string(255, 'x').c_str(), 400) == -EINVAL);
}
