// SPDX-License-Identifier: GPL-2.0-or-later
// main() of the Catch2 programs: the same for both versions of Catch2, and no library of version 2 needed.
#if !__has_include(<catch2/catch_all.hpp>)
#define CATCH_CONFIG_RUNNER
#endif
#include "tests/catch.h"

int main(int argc, char **argv)
{
	return Catch::Session().run(argc, argv);
}
