// SPDX-License-Identifier: GPL-2.0-or-later
// The sysfs back end, where a recorded tree cannot show it: stores that hang, names of peers, devices that come and go.
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/errors.h"
#include "ctl/kernel.h"
#include "ctl/plan.h"
#include "ctl/wait.h"
#include "tests/catch.h"

using namespace ctl;

static const std::chrono::milliseconds SOON{200};

/* A small /sys that is gone with the test. */
struct Tree {
	std::string top;
	Env env;

	Tree()
	{
		char name[] = "/tmp/test_ctl_sysfs.XXXXXX";

		REQUIRE(mkdtemp(name) != nullptr);
		top = name;
		env.sys = top;
		/* a store that is waited for after all must not hang the run */
		alarm(60);
	}
	~Tree()
	{
		alarm(0);
		std::filesystem::remove_all(top);
	}
	void write(const std::string &file, const std::string &text)
	{
		std::filesystem::create_directories(std::filesystem::path(top + "/" + file).parent_path());
		std::ofstream(top + "/" + file) << text;
	}
	/* Opening it for writing waits until somebody reads: a store that never ends. */
	void hang(const std::string &file)
	{
		std::filesystem::create_directories(std::filesystem::path(top + "/" + file).parent_path());
		REQUIRE(mkfifo((top + "/" + file).c_str(), 0600) == 0);
	}
	void disk(const std::string &name, const std::string &session, const std::string &remote)
	{
		write("block/" + name + "/rnbd/session", session + "\n");
		write("block/" + name + "/rnbd/mapping_path", remote + "\n");
		write("block/" + name + "/rnbd/state", "open\n");
	}
};

static MapRequest request(const std::string &session, const std::string &device)
{
	MapRequest out;

	out.session = session;
	out.device = device;
	return out;
}

/* As the kernel waits: only being killed ends it. */
static int wait_for_ever()
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, nullptr);
	for (;;)
		sleep(1);
}

TEST_CASE("a call that waits in the kernel ends at the deadline and at Ctrl-C")
{
	const Clock::time_point begin = Clock::now();
	CallEnd end = call_in_child([] { return 0; }, std::nullopt);

	CHECK((end.err == 0 && !end.late && !end.interrupted && !end.stuck));
	end = call_in_child([] { return ENXIO; }, begin + std::chrono::seconds(30));
	CHECK((end.err == ENXIO && !end.late && !end.interrupted));
	end = call_in_child(wait_for_ever, Clock::now() + SOON);
	CHECK((end.late && !end.interrupted && !end.stuck));
	end = call_in_child([] { return raise(SIGKILL); }, std::nullopt);
	CHECK((end.err == EINTR && !end.late && !end.interrupted));

	sigset_t before;
	sigprocmask(SIG_BLOCK, nullptr, &before);
	catch_signals();
	raise(SIGINT);
	end = call_in_child(wait_for_ever, begin + std::chrono::seconds(30));
	CHECK((end.interrupted && !end.late && !end.stuck));
	forget_interrupt();
	sigprocmask(SIG_SETMASK, &before, nullptr);
	for (const int number : {SIGINT, SIGTERM, SIGHUP})
		signal(number, SIG_DFL);
	CHECK(Clock::now() - begin < std::chrono::seconds(20));
}

TEST_CASE("stores that hang are given up at the deadline")
{
	Tree tree;
	Device device;

	tree.hang("class/rnbd-client/ctl/map_device");
	tree.hang("block/rnbd0/rnbd/unmap_device");
	device.disk = "rnbd0";
	device.session = "s1";
	device.remote_path = "vol";
	const std::unique_ptr<Kernel> kernel = open_sysfs(tree.env);
	REQUIRE(kernel);
	Result<Device> mapped = kernel->map(request("s1", "vol"), Clock::now() + SOON);
	REQUIRE_FALSE(mapped);
	CHECK(mapped.error().id == "RNBD-W01");
	Result<void> unmapped = kernel->unmap(device, false, Clock::now() + SOON);
	REQUIRE_FALSE(unmapped);
	CHECK(unmapped.error().id == "RNBD-W01");
	CHECK(unmapped.error().message == "cannot unmap vol@s1: timed out; the kernel goes on with it");
}

TEST_CASE("a device whose name needs escaping is found after the map")
{
	Tree tree;

	tree.write("class/rnbd-client/ctl/map_device", "");
	tree.disk("rnbd3", "s\\1", "a\\b");
	Result<Device> mapped = open_sysfs(tree.env)->map(request("s\\1", "a\\b"), std::nullopt);
	REQUIRE(mapped);
	CHECK(mapped->disk == "rnbd3");
	CHECK(mapped->remote_path == "a\\\\b");
}

TEST_CASE("names of peers act neither on a terminal nor on a shell")
{
	Tree tree;
	Path path;
	const std::string session = "x\x1b[2J$(id)'\\";

	tree.write("class/rtrs-server/" + session + "/paths/p", "");
	path.on_server = true;
	path.session = escaped(session);
	path.name = "ip:10.0.0.1@ip:10.0.0.2";
	Env env;
	CHECK(plan_path(env, path, "disconnect").sysfs ==
	      "echo 1 > $'/sys/class/rtrs-server/x\\033[2J$(id)\\'\\\\/paths/ip:10.0.0.1@ip:10.0.0.2/disconnect'");
	path.session = "a$(id)'";
	CHECK(plan_path(env, path, "disconnect").sysfs ==
	      "echo 1 > '/sys/class/rtrs-server/a$(id)'\\''/paths/ip:10.0.0.1@ip:10.0.0.2/disconnect'");
	path.session = escaped(session);
	Result<void> stored = open_sysfs(tree.env)->disconnect_path(path, std::nullopt);
	REQUIRE_FALSE(stored);
	CHECK(stored.error().message.find('\x1b') == std::string::npos);
	CHECK(stored.error().message.find("there is no") != std::string::npos);
}
