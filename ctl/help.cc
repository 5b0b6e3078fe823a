/* SPDX-License-Identifier: GPL-2.0-or-later */
/* --help out of the tables: for the whole, for a noun, for a verb. */
#include <fmt/format.h>

#include "ctl/cli.h"

namespace ctl {

namespace {

std::string row(const std::string &left, const std::string &right)
{
	const size_t width = 24;

	if (left.size() + 2 > width)
		return fmt::format("  {}\n  {:<{}}{}\n", left, "", width, right);
	return fmt::format("  {:<{}}{}\n", left, width, right);
}

std::string flags_text(const OptionSpec &spec)
{
	std::string text = spec.flags;
	const size_t comma = text.find(',');

	if (comma == std::string::npos)
		text = "    " + text;
	else
		text.insert(comma + 1, " ");
	if (!spec.value)
		return text;
	return text + (spec.value[0] == '=' ? std::string("[") + spec.value + "]" : std::string(" ") + spec.value);
}

std::string options_text(const char *title, const std::vector<Opt> &opts)
{
	std::string out = opts.empty() ? "" : std::string("\n") + title + ":\n";

	for (const Opt opt : opts)
		out += row(flags_text(option_spec(opt)), option_spec(opt).help);
	return out;
}

std::string verbs_text(const std::string &noun)
{
	std::string out;

	for (const Verb &verb : verbs())
		if (noun == verb.noun)
			out += row(verb.name + (*verb.words ? std::string(" ") + verb.words : ""), verb.help);
	return out;
}

std::string top_help()
{
	std::string out = "Block devices over RDMA: map them, take them away, look at them.\n\n"
			  "rnbdctl [VERB] [WORDS] [OPTIONS]\nrnbdctl NOUN [VERB] [WORDS] [OPTIONS]\n\n"
			  "Verbs (status, if nothing is said):\n" + verbs_text("") +
			  "\nNouns (each with `list`, `show`):\n";

	for (const Noun &noun : nouns())
		out += row(noun.name, noun.help);
	return out + options_text("Options of every verb", common_options()) +
	       "\n`rnbdctl VERB --help` shows the options of a verb; rnbdctl(1) has addresses, exit statuses and errors.\n";
}

} // namespace

std::string help_text(const std::string &noun, const std::string &name)
{
	if (noun.empty() && name.empty())
		return top_help();
	for (const Verb &verb : verbs())
		if (noun == verb.noun && name == verb.name)
			return fmt::format("rnbdctl {}{}{}{}{} [OPTIONS]\n\n{}\n", noun, noun.empty() ? "" : " ", name,
					   *verb.words ? " " : "", verb.words, verb.help) +
			       options_text("Options", verb.options) +
			       options_text("Options of every verb", common_options());
	for (const Noun &one : nouns())
		if (noun == one.name)
			return fmt::format("rnbdctl {} VERB [WORDS] [OPTIONS]\n\n{}\n\nVerbs (list, if nothing is said):\n",
					   noun, one.help) +
			       verbs_text(noun) + options_text("Options of every verb", common_options());
	return top_help();
}

} // namespace ctl
