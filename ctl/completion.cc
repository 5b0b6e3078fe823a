/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Completion scripts out of the command tree. */
#include <fmt/format.h>

#include "ctl/cli.h"
#include "ctl/errors.h"

namespace ctl {

namespace {

std::vector<std::string> flags_of(const Verb &verb)
{
	std::vector<std::string> flags;
	std::vector<Opt> opts = common_options();

	opts.insert(opts.end(), verb.options.begin(), verb.options.end());
	for (const Opt opt : opts) {
		const std::string all = option_spec(opt).flags;
		const size_t comma = all.find(',');

		flags.push_back(comma == std::string::npos ? all : all.substr(comma + 1));
	}
	return flags;
}

std::string joined(const std::vector<std::string> &words)
{
	std::string out;

	for (const std::string &word : words)
		out += (out.empty() ? "" : " ") + word;
	return out;
}

std::vector<std::string> first_words()
{
	std::vector<std::string> words;

	for (const Verb &verb : verbs())
		if (!*verb.noun)
			words.push_back(verb.name);
	for (const Noun &noun : nouns())
		words.push_back(noun.name);
	return words;
}

std::vector<std::string> second_words(const std::string &noun)
{
	std::vector<std::string> words;

	for (const Verb &verb : verbs())
		if (noun == verb.noun)
			words.push_back(verb.name);
	return words;
}

std::string command(const Verb &verb)
{
	return *verb.noun ? std::string(verb.noun) + " " + verb.name : std::string(verb.name);
}

/* What may stand for the words of @verb: words known here, or the names that `rnbdctl list` gives. */
struct Offer {
	std::string words;
	std::vector<std::string> lists;
};

Offer offer_of(const Verb &verb)
{
	const std::string words = verb.words;
	const std::string own = std::string(verb.noun) + "s";

	if (words == "ANY" && !*verb.noun)
		return {"", {"devices", "sessions", "paths", "exports"}};
	if (words == "ANY" || words == "ANY...")
		return {"", {"devices"}};
	if (words.rfind("SESSION ", 0) == 0)
		return {"", {"sessions"}};
	for (const char *kind : {"SESSION", "PATH", "EXPORT"})
		if (words == kind || words == std::string(kind) + "...")
			return {"", {own}};
	if (words == "[devices|sessions|paths|exports]")
		return {"devices sessions paths exports", {}};
	if (words == "bash|zsh|fish")
		return {"bash zsh fish", {}};
	return {words.rfind("DEVICE from", 0) == 0 ? "from ro rw migration" : "", {}};
}

/* Shell code of bash and zsh that prints the names of @lists, one a line. */
std::string listing(const std::vector<std::string> &lists)
{
	if (lists.size() == 1)
		return fmt::format("rnbdctl list {} -q 2>/dev/null", lists.front());
	return fmt::format("for i in {}; do rnbdctl list $i -q 2>/dev/null; done", joined(lists));
}

/*
 * A name in a list may be of a peer's making and hold anything that is printable: it is read line by line, compared
 * without patterns and offered quoted. compgen -W would run what looks like a command in it.
 */
const char *const BASH_END =
	"\tesac\n"
	"\tCOMPREPLY=()\n"
	"\tfor i in \"${names[@]}\"; do\n"
	"\t\tprintf -v word %q \"$i\"\n"
	"\t\t[[ $i != \"$cur\"* && $word != \"$cur\"* ]] || COMPREPLY+=(\"$word\")\n"
	"\tdone\n}\n"
	"complete -o default -F _rnbdctl rnbdctl\n";

std::string bash_script()
{
	std::string out = "# rnbdctl(1); printed by `rnbdctl completion bash`\n"
		"_rnbdctl()\n{\n"
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} said='' word='' i\n"
		"\tlocal -a names=()\n"
		"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		"\t\t[[ ${COMP_WORDS[i]} == -* ]] || said+=\"${COMP_WORDS[i]} \"\n"
		"\tdone\n"
		"\tcase $said in\n";

	for (const Verb &verb : verbs()) {
		const Offer offer = offer_of(verb);

		out += fmt::format("\t\"{} \"*)\n\t\tif [[ $cur == -* ]]; then names=({})\n", command(verb),
				   joined(flags_of(verb)));
		if (!offer.lists.empty())
			out += fmt::format("\t\telse mapfile -t names < <({}); fi ;;\n", listing(offer.lists));
		else if (!offer.words.empty())
			out += fmt::format("\t\telse names=({}); fi ;;\n", offer.words);
		else
			out += "\t\tfi ;;\n";
	}
	for (const Noun &noun : nouns())
		out += fmt::format("\t\"{} \") names=({}) ;;\n", noun.name, joined(second_words(noun.name)));
	return out + fmt::format("\t\"\") names=({}) ;;\n", joined(first_words())) + BASH_END;
}

std::string zsh_script()
{
	std::string out = "#compdef rnbdctl\n# rnbdctl(1); printed by `rnbdctl completion zsh`\n"
		"_rnbdctl()\n{\n"
		"\tlocal said= i\n"
		"\tlocal -a names\n"
		"\tfor ((i = 2; i < CURRENT; i++)); do\n"
		"\t\t[[ $words[i] == -* ]] || said+=\"$words[i] \"\n"
		"\tdone\n"
		"\tcase $said in\n";

	for (const Verb &verb : verbs()) {
		const Offer offer = offer_of(verb);

		out += fmt::format("\t(\"{} \"*)\n\t\tif [[ $PREFIX == -* ]]; then names=({})\n", command(verb),
				   joined(flags_of(verb)));
		/* In quotes, so that with GLOB_SUBST a name is no pattern either; (f): one name a line. */
		if (!offer.lists.empty())
			out += fmt::format("\t\telse names=(\"${{(@f)$({})}}\"); fi ;;\n", listing(offer.lists));
		else if (!offer.words.empty())
			out += fmt::format("\t\telse names=({}); fi ;;\n", offer.words);
		else
			out += "\t\tfi ;;\n";
	}
	for (const Noun &noun : nouns())
		out += fmt::format("\t(\"{} \") names=({}) ;;\n", noun.name, joined(second_words(noun.name)));
	out += fmt::format("\t(\"\") names=({}) ;;\n", joined(first_words()));
	/* No name at all is one empty line. */
	return out + "\tesac\n\tcompadd -- \"${(@)names:#}\"\n}\n_rnbdctl \"$@\"\n";
}

/* In fish a substitution is written without the dollar and gives one candidate a line, never looked into again. */
std::string fish_names(const Offer &offer)
{
	if (offer.lists.empty())
		return offer.words;
	if (offer.lists.size() == 1)
		return "(" + listing(offer.lists) + ")";
	return fmt::format("(for k in {}; rnbdctl list $k -q 2>/dev/null; end)", joined(offer.lists));
}

std::string fish_words(const std::string &condition, const std::string &words, const char *help)
{
	return fmt::format("complete -c rnbdctl -f -n '{}' -a '{}' -d '{}'\n", condition, words, help);
}

std::string fish_script()
{
	std::string out = "# rnbdctl(1); printed by `rnbdctl completion fish`\n";
	const std::string first = "test (count (commandline -opc)) -eq 1";

	for (const Verb &verb : verbs()) {
		std::string condition = fmt::format("__fish_seen_subcommand_from {}", verb.name);
		const std::string names = fish_names(offer_of(verb));

		if (*verb.noun)
			condition = fmt::format("__fish_seen_subcommand_from {}; and {}", verb.noun, condition);
		else
			out += fish_words(first, verb.name, verb.help);
		if (!names.empty())
			out += fish_words(condition, names, "");
		for (const std::string &flag : flags_of(verb))
			out += fmt::format("complete -c rnbdctl -n '{}' -l {}\n", condition, flag.substr(2));
	}
	for (const Noun &noun : nouns()) {
		out += fish_words(first, noun.name, noun.help);
		for (const Verb &verb : verbs())
			if (std::string(verb.noun) == noun.name)
				out += fish_words(fmt::format("__fish_seen_subcommand_from {}; and test (count (commandline -opc)) -eq 2",
							      noun.name), verb.name, verb.help);
	}
	return out;
}

} // namespace

Result<Outcome> run_completion(Context &context)
{
	const std::vector<std::string> shells = {"bash", "zsh", "fish"};
	Outcome outcome;

	if (context.opt.words.size() != 1)
		return make_error("RNBD-U01", "completion needs the name of a shell: bash, zsh or fish");
	const std::string &shell = context.opt.words[0];
	if (shell == "bash")
		outcome.out = bash_script();
	else if (shell == "zsh")
		outcome.out = zsh_script();
	else if (shell == "fish")
		outcome.out = fish_script();
	else
		return make_error("RNBD-U01", "no completion for " + in_quotes(shell) + did_you_mean(shell, shells));
	return outcome;
}

} // namespace ctl
