// SPDX-License-Identifier: GPL-2.0-or-later
// The command tree, the error table and the manual page say the same.
#include <cerrno>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "ctl/cli.h"
#include "ctl/errors.h"
#include "kernel/rtrs/pure/cause.h"
#include "kernel/version.h"
#include "tests/catch.h"

using namespace ctl;

static std::string manual()
{
	std::ifstream file("docs/rnbdctl.1");
	std::stringstream text;

	text << file.rdbuf();
	REQUIRE_FALSE(text.str().empty());
	/* a hyphen that stays one is written \- */
	return std::regex_replace(text.str(), std::regex("\\\\-"), "-");
}

static bool has(const std::string &text, const std::string &part)
{
	return text.find(part) != std::string::npos;
}

TEST_CASE("options stand in the order of their numbers")
{
	for (size_t i = 0; i < option_specs().size(); i++)
		CHECK(static_cast<size_t>(option_specs()[i].opt) == i);
	CHECK(option_specs().back().opt == Opt::heartbeat_missed);
}

TEST_CASE("error ids are unique, exits documented and below 64")
{
	std::set<std::string> ids, codes;

	for (const ErrorKind &kind : error_kinds()) {
		CHECK(ids.insert(kind.id).second);
		CHECK(codes.insert(kind.code).second);
		CHECK(kind.exit > 0);
		CHECK(kind.exit < 64);
		CHECK(std::regex_match(kind.id, std::regex("RNBD-[A-Z][0-9][0-9]")));
	}
	CHECK(error_kind("RNBD-Z99").id == std::string("RNBD-K01"));
}

TEST_CASE("every cause of the kernel has an error of its own kind")
{
	for (int cause = RTRS_CAUSE_NONE + 1; cause < RTRS_CAUSES; cause++) {
		Fault fault;

		fault.cause = rtrs_cause_token(static_cast<rtrs_cause>(cause));
		INFO(fault.cause);
		CHECK(fault_kind(fault).id != std::string("RNBD-P24"));
		CHECK(fault_kind(fault).id != std::string("RNBD-K01"));
	}
	Fault unknown;
	unknown.cause = "from-the-future";
	CHECK(fault_kind(unknown).id == std::string("RNBD-P24"));
	CHECK(fault_kind(Fault()).id == std::string("RNBD-K01"));
}

TEST_CASE("who closed it decides what brings it back")
{
	Fault fault;

	fault.cause = "admin";
	CHECK(fault_kind(fault).id == std::string("RNBD-P20"));
	fault.remote = true;
	fault.err = ENOTCONN;
	CHECK(fault_kind(fault).id == std::string("RNBD-O14"));
	CHECK(fault_text(fault) == "the server closed it");
}

TEST_CASE("names stand in for the words of a hint")
{
	CHECK(filled("do PATH; PATH", "PATH", "a@PATH") == "do a@PATH; a@PATH");
	CHECK(filled("PATHS dev_PATH DEVICE=DEV", "PATH", "x") == "PATHS dev_PATH DEVICE=DEV");
	CHECK(filled("DEVICE=DEV", "DEV", "rnbd0") == "DEVICE=rnbd0");
	CHECK(filled("show PATH", "PATH", "") == "show PATH");
}

TEST_CASE("hints name only verbs and options there are")
{
	std::set<std::string> words = {"VERB"};

	for (const Verb &verb : verbs())
		words.insert(*verb.noun ? verb.noun : verb.name);
	for (const ErrorKind &kind : error_kinds()) {
		std::smatch found;
		const std::string hint = kind.hint;

		if (std::regex_search(hint, found, std::regex("`rnbdctl (\\w+)")))
			CHECK(words.count(found[1]) == 1);
	}
}

TEST_CASE("the manual page has every verb, option, exit status and error")
{
	const std::string text = manual();

	CHECK(has(text, std::string("rnbdctl ") + RNBD_VERSION));
	for (const Verb &verb : verbs()) {
		const std::string command = *verb.noun ? std::string(verb.noun) + " " + verb.name : verb.name;

		INFO(command);
		CHECK(has(text, ".B " + command + "\n"));
	}
	for (const OptionSpec &spec : option_specs()) {
		std::string flags = spec.flags;
		const size_t comma = flags.find(',');

		if (comma != std::string::npos)
			flags.insert(comma + 1, " ");
		INFO(flags);
		/* "=SEC": a value in the same word, or none. */
		if (spec.value && *spec.value == '=')
			CHECK(has(text, ".B " + flags + "[" + spec.value + "]\n"));
		else if (spec.value)
			CHECK(has(text, ".B " + flags + "\nValue:\n.IR " + spec.value + " .\n"));
		else
			CHECK((has(text, ".B " + flags + "\n") && !has(text, ".B " + flags + "\nValue:")));
	}
	for (const ErrorKind &kind : error_kinds()) {
		INFO(kind.id);
		CHECK(has(text, ".B " + std::string(kind.id) + " " + kind.code + " " + std::to_string(kind.exit) + "\n"));
	}
	for (int exit = 0; exit <= EXIT_INTERRUPTED; exit++)
		CHECK(has(text, ".B " + std::to_string(exit) + "\n") == (exit != 13));
}

TEST_CASE("the manual page has nothing that is gone")
{
	const std::string text = manual();
	const std::regex id("\\.B (RNBD-[A-Z][0-9][0-9]) ");

	for (std::sregex_iterator it(text.begin(), text.end(), id), end; it != end; ++it)
		CHECK(error_kind((*it)[1].str()).id == (*it)[1].str());
}
