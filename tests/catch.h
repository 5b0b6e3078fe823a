// SPDX-License-Identifier: GPL-2.0-or-later
// Catch2 version 2 (Debian 12, one header) or version 3 (Debian 13, a library): tests include this and nothing of Catch's own.
#ifndef TESTS_CATCH_H
#define TESTS_CATCH_H

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#define TESTS_CATCH_LIBRARY 1
#else
#include <catch2/catch.hpp>
#endif

#endif
