// SPDX-License-Identifier: GPL-2.0-or-later
// Who uses a disk, from recorded tables; what cannot be read is told.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include "ctl/usage.h"
#include "tests/catch.h"

using namespace ctl;

namespace {

struct World {
	std::string top;
	Env env;

	World()
	{
		char name[] = "/tmp/test_ctl_usage.XXXXXX";

		REQUIRE(mkdtemp(name) != nullptr);
		top = name;
		env = {top + "/sys", top + "/proc", top + "/dev"};
		write("sys/block/rnbd0/dev", "252:0\n");
		write("sys/block/rnbd0/rnbd0p1/dev", "252:1\n");
		write("proc/self/mountinfo", "31 1 252:0 / /mnt/my\\040disk rw shared:1 - ext4 /dev/rnbd0 rw\n"
					     "32 1 252:1 / /srv rw shared:2 - xfs /dev/rnbd0p1 rw\n"
					     "33 1 252:64 / /other rw shared:2 - xfs /dev/rnbd1 rw\n");
		write("proc/swaps", "Filename Type Size Used Priority\n");
	}
	~World() { std::filesystem::remove_all(top); }
	void write(const std::string &file, const std::string &text)
	{
		std::filesystem::create_directories(std::filesystem::path(top + "/" + file).parent_path());
		std::ofstream(top + "/" + file) << text;
	}
	/* A directory opens, and every read of it fails. */
	void spoil(const std::string &file)
	{
		std::filesystem::remove_all(top + "/" + file);
		std::filesystem::create_directories(top + "/" + file);
	}
	std::string path(const std::string &file) const { return top + "/" + file; }
};

using Texts = std::vector<std::string>;

const Texts MOUNTS = {"rnbd0 is mounted on /mnt/my disk", "rnbd0p1 is mounted on /srv"};

} // namespace

TEST_CASE("mounts are found by the number of the disk or partition", "[ctl_usage]")
{
	World world;

	CHECK(users_of(world.env, "rnbd0").users == MOUNTS);
	CHECK(users_of(world.env, "rnbd0").unread.empty());
	/* an old disk that keeps its number is no part of the one that has its name now */
	world.write("sys/block/rnbd0/dev", "252:128\n");
	CHECK(users_of(world.env, "rnbd0").users == Texts{MOUNTS[1]});
}

TEST_CASE("swap and holders of the disk count, those of a disk that is gone do not", "[ctl_usage]")
{
	World world;

	world.write("proc/self/mountinfo", "");
	world.write("proc/swaps", "Filename Type Size Used Priority\n/dev/rnbd0\\040(deleted) partition 1020 0 -2\n");
	CHECK(users_of(world.env, "rnbd0").users.empty());
	world.write("proc/swaps", "Filename Type Size Used Priority\n/dev/rnbd0 partition 1020 0 -2\n");
	world.write("sys/block/rnbd0/rnbd0p1/holders/dm-0", "");
	CHECK(users_of(world.env, "rnbd0").users == Texts{"rnbd0 is swap space", "rnbd0p1 is part of dm-0"});
}

TEST_CASE("what cannot be read is named, and the rest is looked at", "[ctl_usage]")
{
	World world;

	world.spoil("proc/swaps");
	Usage usage = users_of(world.env, "rnbd0");
	CHECK(usage.users == MOUNTS);
	REQUIRE(usage.unread.size() == 1);
	CHECK(usage.unread[0] == world.path("proc/swaps") + ": is a directory");

	world.spoil("sys/block/rnbd0/dev");
	world.write("sys/block/rnbd0/rnbd0p1/holders", "no directory");
	usage = users_of(world.env, "rnbd0");
	CHECK(usage.users == Texts{MOUNTS[1]});
	REQUIRE(usage.unread.size() == 3);
	CHECK(usage.unread[1] == world.path("sys/block/rnbd0/dev") + ": is a directory");
	CHECK(usage.unread[2] == world.path("sys/block/rnbd0/rnbd0p1/holders") + ": not a directory");
}

TEST_CASE("no mountinfo and no disk in sysfs are not read, no table of swap is a kernel without any", "[ctl_usage]")
{
	World world;

	std::filesystem::remove_all(world.path("proc"));
	Usage usage = users_of(world.env, "rnbd7");
	CHECK(usage.users.empty());
	REQUIRE(usage.unread.size() == 2);
	CHECK(usage.unread[0] == world.path("proc/self/mountinfo") + ": no such file or directory");
	CHECK(usage.unread[1] == world.path("sys/block/rnbd7") + ": no such file or directory");
}
