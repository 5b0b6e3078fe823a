/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rnbdctl: hands the words and the real kernel to the command tree. */
#include <csignal>
#include <exception>

#include "ctl/cli.h"
#include "ctl/errors.h"

int main(int argc, char **argv)
{
	/* A reader that goes away is an error of the write, not the end without a word. */
	signal(SIGPIPE, SIG_IGN);
	try {
		const std::vector<std::string> args(argv + (argc > 0), argv + argc);

		return ctl::run_cli(args, ctl::Env(), ctl::open_kernel, stdout, stderr);
	} catch (const std::exception &bad) {
		fprintf(stderr, "rnbdctl: %s\n", bad.what());
		return ctl::EXIT_OTHER;
	}
}
