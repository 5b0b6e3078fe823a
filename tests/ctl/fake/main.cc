/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rnbdctl-fake ROOT SCRIPT WORDS...: the tool, with a script as its kernel and
 * ROOT as the place of its sys, proc and dev. SCRIPT
 * "none": no module is loaded; "sysfs": the sysfs back end below ROOT/sys.
 */
#include <cstdio>
#include <fstream>

#include "ctl/cli.h"
#include "ctl/netlink.h"
#include "tests/ctl/fake/channel.h"

int main(int argc, char **argv)
{
	if (argc < 3)
		return ctl::EXIT_USAGE;
	const std::string root = argv[1], script = argv[2];
	const ctl::Env env = {root + "/sys", root + "/proc", root + "/dev"};
	const std::vector<std::string> args(argv + 3, argv + argc);
	const ctl::OpenKernel open = [&script, &root](const ctl::Env &where, bool sysfs_only)
		-> ctl::Result<std::unique_ptr<ctl::Kernel>> {
		if (script == "none")
			return std::unique_ptr<ctl::Kernel>();
		if (script == "sysfs" || sysfs_only)
			return ctl::open_sysfs(where);
		std::ifstream file(script);
		return ctl::open_netlink(fake::open_channel(nlohmann::json::parse(file), root, stderr));
	};

	return ctl::run_cli(args, env, open, stdout, stderr);
}
