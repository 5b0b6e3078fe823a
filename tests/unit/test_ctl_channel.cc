// SPDX-License-Identifier: GPL-2.0-or-later
// The real sockets, against the one family that every kernel has: the controller.
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

#include <linux/genetlink.h>

#include "ctl/nl_channel.h"
#include "ctl/wait.h"
#include "tests/catch.h"

using namespace ctl;

TEST_CASE("families by name, dumps, refusals and silence of a real kernel")
{
	Result<std::unique_ptr<NlChannel>> channel = open_nl_channel();

	REQUIRE(channel.ok());
	Result<std::optional<uint16_t>> absent = (*channel)->family("no-such-family");
	REQUIRE(absent.ok());
	CHECK_FALSE(absent->has_value());
	Result<std::optional<uint16_t>> there = (*channel)->family("nlctrl");
	REQUIRE(there.ok());
	REQUIRE(*there == std::optional<uint16_t>(GENL_ID_CTRL));
	for (int again = 0; again < 3; again++) {
		Result<Reply> dump = (*channel)->transact(NlRequest(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, true));

		REQUIRE(dump.ok());
		CHECK(dump->ack.err == 0);
		CHECK_FALSE(dump->messages.empty());
		NlRequest request(GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
		request.put_text(CTRL_ATTR_FAMILY_NAME, "no-such-family");
		Result<Reply> refused = (*channel)->transact(request);
		REQUIRE(refused.ok());
		CHECK(refused->ack.err == ENOENT);
	}
	REQUIRE((*channel)->join("nlctrl", "notify").ok());
	CHECK_FALSE((*channel)->join("nlctrl", "no-such-group").ok());
	Result<std::optional<NlMessage>> nothing = (*channel)->next(Clock::now() + std::chrono::milliseconds(20));
	REQUIRE(nothing.ok());
	CHECK_FALSE(nothing->has_value());
}

TEST_CASE("a node that is there, appears, or does not")
{
	char dir[] = "/tmp/rnbdctl-node-XXXXXX";

	REQUIRE(mkdtemp(dir));
	const std::string node = std::string(dir) + "/rnbd0";
	Result<void> never = wait_node(dir, "rnbd0", Clock::now() + std::chrono::milliseconds(20));
	REQUIRE_FALSE(never.ok());
	CHECK(never.error().exit == EXIT_TIMED_OUT);
	const pid_t child = fork();
	if (child == 0) {
		usleep(50000);
		FILE *file = fopen(node.c_str(), "w");
		_exit(file ? 0 : 1);
	}
	CHECK(wait_node(dir, "rnbd0", Clock::now() + std::chrono::seconds(10)).ok());
	CHECK(wait_node(dir, "rnbd0", Clock::now()).ok());
	CHECK_FALSE(wait_node("/no/such/dir", "rnbd0", Clock::now() + std::chrono::seconds(10)).ok());
	unlink(node.c_str());
	rmdir(dir);
}

TEST_CASE("a signal ends a wait, also one that came before it")
{
	int ends[2];

	REQUIRE(pipe(ends) == 0);
	catch_signals();
	raise(SIGTERM);
	CHECK_FALSE(interrupted());
	CHECK(wait_readable(ends[0], Clock::now() + std::chrono::seconds(10)) == Woken::interrupted);
	CHECK(interrupted());
	forget_interrupt();
	CHECK(wait_readable(ends[0], Clock::now() + std::chrono::milliseconds(5)) == Woken::deadline);
	REQUIRE(write(ends[1], "x", 1) == 1);
	CHECK(wait_readable(ends[0], std::nullopt) == Woken::readable);
	close(ends[0]);
	close(ends[1]);
}
