/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables to a CLI11 tree, words to a verb, outcome to the two streams. */
#include "ctl/cli.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <optional>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "ctl/errors.h"

namespace ctl {

namespace {

/*
 * CLI11 only cuts the command line up. What a value may be is decided and told here: its words differ between its
 * releases, and it takes 010 for 8 and nan for a number between any two.
 */
struct IntRow {
	Opt opt;
	int Options::*value;
	int min, max;
};

const IntRow INTS[] = {
	{Opt::port, &Options::port, 1, 65535},
	{Opt::max_reconnects, &Options::max_reconnects, -1, 9999},
	{Opt::heartbeat_idle, &Options::heartbeat_idle, 100, 600000},
	{Opt::heartbeat_busy, &Options::heartbeat_busy, 20, 600000},
	{Opt::heartbeat_missed, &Options::heartbeat_missed, 1, 1000},
	/* longer than a day is for ever */
	{Opt::fast_io_fail, &Options::fast_io_fail, -1, 86400},
};

/* --wait=SEC and --timeout SEC; a day is more than any network needs. */
const double WAIT_MAX = 86400;

/* False for a not-a-number, too. */
template <class T> bool parse_number(const std::string &text, T min, T max, T &value)
{
	const char *const end = text.data() + text.size();
	T number{};
	const std::from_chars_result read = std::from_chars(text.data(), end, number);

	if (read.ec != std::errc() || read.ptr != end || !(number >= min && number <= max))
		return false;
	value = number;
	return true;
}

/* What was typed behind @opt, the last time. */
std::optional<std::string> typed(const CLI::App &app, Opt opt)
{
	const CLI::Option *option = app.get_option_no_throw(option_spec(opt).flags);

	if (!option || option->count() == 0)
		return std::nullopt;
	return option->results().back();
}

template <class T> Result<void> take_number(const CLI::App &app, Opt opt, T min, T max, T &value)
{
	const std::optional<std::string> text = typed(app, opt);

	if (!text || parse_number(*text, min, max, value))
		return {};
	return make_error("RNBD-U01", fmt::format("{}: {} is no number from {} to {}", option_spec(opt).flags, in_quotes(*text),
		min, max));
}

Result<void> take_numbers(const CLI::App &app, Options &o)
{
	Result<void> taken;

	for (const IntRow &row : INTS)
		if (taken)
			taken = take_number(app, row.opt, row.min, row.max, o.*row.value);
	for (const Opt opt : {Opt::wait, Opt::timeout})
		if (taken)
			taken = take_number(app, opt, 0.0, WAIT_MAX, o.wait_s);
	return taken;
}

/* Empty: fine. */
std::string check_format(const std::string &word)
{
	return word == "text" || word == "json" ? "" : in_quotes(word) + " is neither text nor json";
}

std::string check_directory(const std::string &path)
{
	struct stat st;

	if (stat(path.c_str(), &st) < 0)
		return in_quotes(path) + ": " + errno_text(errno);
	return S_ISDIR(st.st_mode) ? "" : in_quotes(path) + ": " + errno_text(ENOTDIR);
}

void add_value_option(CLI::App &app, Opt opt, Options &o, const OptionSpec &spec)
{
	switch (opt) {
	case Opt::output:
		app.add_option(spec.flags, o.output)->check(check_format);
		break;
	case Opt::sysfs:
		app.add_option(spec.flags, o.sysfs)->check(check_directory);
		break;
	case Opt::path:
		app.add_option(spec.flags, o.paths)->allow_extra_args(false);
		break;
	case Opt::policy:
		app.add_option(spec.flags, o.policy);
		break;
	case Opt::name:
		app.add_option(spec.flags, o.tag);
		break;
	case Opt::owner:
		app.add_option(spec.flags, o.owner);
		break;
	default:
		/* take_numbers() */
		app.add_option(spec.flags);
		break;
	}
}

bool *flag_target(Opt opt, Options &o)
{
	switch (opt) {
	case Opt::json:
		return &o.json;
	case Opt::quiet:
		return &o.quiet;
	case Opt::verbose:
		return &o.verbose;
	case Opt::dry_run:
		return &o.dry_run;
	case Opt::force:
		return &o.force;
	case Opt::no_wait:
		return &o.no_wait;
	case Opt::check:
		return &o.check;
	case Opt::bytes:
		return &o.bytes;
	default:
		return &o.no_headers;
	}
}

void add_option(CLI::App &app, Opt opt, Options &o)
{
	const OptionSpec &spec = option_spec(opt);

	if (opt == Opt::help)
		app.set_help_flag(spec.flags, spec.help);
	else if (opt == Opt::wait)
		/* A flag with an optional value: it never swallows the next word. */
		app.add_flag("--wait{30}");
	else if (spec.value)
		add_value_option(app, opt, o, spec);
	else
		app.add_flag(spec.flags, *flag_target(opt, o), spec.help);
}

void add_common(CLI::App &app, Options &o)
{
	for (const Opt opt : common_options())
		add_option(app, opt, o);
}

using Leaf = std::pair<const CLI::App *, const Verb *>;

void add_verb(CLI::App &parent, const Verb &verb, Options &o, std::vector<Leaf> &leaves)
{
	CLI::App *app = parent.add_subcommand(verb.name, verb.help);

	add_common(*app, o);
	for (const Opt opt : verb.options)
		add_option(*app, opt, o);
	if (*verb.words)
		app->add_option("words", o.words, "")->type_name(verb.words);
	leaves.push_back({app, &verb});
}

void build_tree(CLI::App &root, Options &o, std::vector<Leaf> &leaves)
{
	add_common(root, o);
	root.add_flag("--version", o.version, "same as `rnbdctl version`");
	root.require_subcommand(0, 1);
	for (const Verb &verb : verbs())
		if (!*verb.noun)
			add_verb(root, verb, o, leaves);
	for (const Noun &noun : nouns()) {
		CLI::App *app = root.add_subcommand(noun.name, noun.help);

		add_common(*app, o);
		app->require_subcommand(0, 1);
		for (const Verb &verb : verbs())
			if (std::string(verb.noun) == noun.name)
				add_verb(*app, verb, o, leaves);
	}
}

/* The last word that was understood. */
const CLI::App *deepest(const CLI::App *app)
{
	for (std::vector<CLI::App *> below = app->get_subcommands(); !below.empty(); below = app->get_subcommands())
		app = below.back();
	return app;
}

const Verb *find_verb(const std::string &noun, const std::string &name)
{
	for (const Verb &verb : verbs())
		if (noun == verb.noun && name == verb.name)
			return &verb;
	return nullptr;
}

const Verb *chosen(const CLI::App &root, const std::vector<Leaf> &leaves, const Options &o)
{
	const CLI::App *app = deepest(&root);

	if (o.version)
		return find_verb("", "version");
	if (app == &root)
		return find_verb("", "status");
	for (const Leaf &leaf : leaves)
		if (leaf.first == app)
			return leaf.second;
	return find_verb(app->get_name(), "list");
}

std::vector<std::string> words_of(const CLI::App *app, bool options)
{
	std::vector<std::string> words;

	if (options) {
		for (const CLI::Option *option : app->get_options())
			for (const std::string &name : option->get_lnames())
				words.push_back("--" + name);
		return words;
	}
	for (const CLI::App *below : app->get_subcommands([](const CLI::App *) { return true; }))
		words.push_back(below->get_name());
	return words;
}

std::string full_name(const CLI::App *app)
{
	std::string name = app->get_name();

	for (const CLI::App *up = app->get_parent(); up; up = up->get_parent())
		name = up->get_name() + " " + name;
	return name;
}

Error usage_error(const CLI::App &root, const CLI::ParseError &problem)
{
	const CLI::App *app = deepest(&root);
	std::vector<std::string> rest;

	/* The first level that has a word left over is the one that did not know it. */
	for (const CLI::App *at = app; at; at = at->get_parent())
		if (!at->remaining(false).empty()) {
			app = at;
			rest = at->remaining(false);
		}
	if (dynamic_cast<const CLI::ExtrasError *>(&problem) && !rest.empty()) {
		const std::string word = rest.front().substr(0, rest.front().find('='));
		const bool option = word.size() > 1 && word[0] == '-';

		return make_error("RNBD-U01", fmt::format("`{}` does not know {}{}", full_name(app), in_quotes(word),
			did_you_mean(word, words_of(app, option))));
	}
	if (dynamic_cast<const CLI::ArgumentMismatch *>(&problem)) {
		const std::string what = problem.what(), name = what.substr(0, what.find(':'));
		const CLI::Option *option = app->get_option_no_throw(name);

		if (option)
			return make_error("RNBD-U01", fmt::format("{}: {} {}", full_name(app), name,
				option->count() > 1 ? "may be given once" : "needs a value"));
	}
	return make_error("RNBD-U01", full_name(app) + ": " + escaped(problem.what()));
}

bool wants_json(const std::vector<std::string> &args)
{
	for (size_t i = 0; i < args.size(); i++) {
		const bool bundle = args[i].size() > 1 && args[i][0] == '-' && args[i][1] != '-' &&
				    args[i].find_first_not_of("jqvnfB", 1) == std::string::npos;

		if (args[i] == "--json" || args[i] == "--output=json" || args[i] == "-ojson" ||
		    (bundle && args[i].find('j') != std::string::npos))
			return true;
		if ((args[i] == "-o" || args[i] == "--output") && i + 1 < args.size() && args[i + 1] == "json")
			return true;
	}
	return false;
}

bool is_number(const std::string &word)
{
	const size_t rest = word.find_first_not_of("0123456789");

	return !word.empty() && (rest == std::string::npos ||
		(word[rest] == '.' && word.find_first_not_of("0123456789", rest + 1) == std::string::npos));
}

/* `path delete 10 --wait 11` would delete 11: ids are numbers, too. */
Result<void> check_wait(const std::vector<std::string> &args)
{
	for (size_t i = 0; i + 1 < args.size() && args[i] != "--"; i++)
		if (args[i] == "--wait" && is_number(args[i + 1]))
			return make_error("RNBD-U01", fmt::format("--wait {0}: write --wait={0} for seconds, or put --wait "
				"behind the words", args[i + 1]));
	return {};
}

/* False: the reader is gone or the disk is full. */
bool put(FILE *stream, const std::string &text)
{
	return fwrite(text.data(), 1, text.size(), stream) == text.size() && fflush(stream) == 0;
}

int report(const Error &error, bool json, FILE *out, FILE *err)
{
	if (json)
		put(out, json_error(error));
	else
		put(err, text_error(error));
	return error.exit;
}

Result<Outcome> run_verb(const Verb &verb, const Options &o, const Env &base, const OpenKernel &open, FILE *err)
{
	Env env = base;

	if (!o.sysfs.empty())
		env.sys = o.sysfs;
	if (!*verb.words && !o.words.empty())
		return make_error("RNBD-U01", std::string(verb.name) + " takes no words");
	Result<std::unique_ptr<Kernel>> kernel = open(env, !o.sysfs.empty());
	if (!kernel)
		return kernel.error();
	Context context{o, env, kernel->get(), err, isatty(fileno(err)) == 1};
	return verb.run(context);
}

size_t edits_between(const std::string &a, const std::string &b)
{
	std::vector<size_t> row(b.size() + 1);

	for (size_t j = 0; j <= b.size(); j++)
		row[j] = j;
	for (size_t i = 1; i <= a.size(); i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b.size(); j++) {
			const size_t change = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
		}
	}
	return row[b.size()];
}

} // namespace

std::string nearest(const std::string &word, const std::vector<std::string> &words)
{
	size_t best = word.size() < 5 ? 2 : 3;
	std::string found;

	for (const std::string &candidate : words) {
		const size_t d = edits_between(word, candidate);

		/* The very word: it is known, but not for this. */
		if (d == 0)
			return "";
		/* Of two equally near, the one that begins alike. */
		const bool tie = d == best && d < candidate.size() &&
				 (found.empty() || (candidate[0] == word[0] && found[0] != word[0]));
		if (d < best || tie) {
			best = d;
			found = candidate;
		}
	}
	return found;
}

std::string did_you_mean(const std::string &word, const std::vector<std::string> &words)
{
	const std::string found = nearest(word, words);

	return found.empty() ? "" : " (did you mean " + in_quotes(found) + "?)";
}

Result<Snapshot> read_state(Context &context)
{
	if (!context.kernel)
		return make_error("RNBD-M01", "neither rnbd-client nor rnbd-server is loaded");
	return context.kernel->snapshot();
}

Result<void> need_client(const Snapshot &snapshot)
{
	for (const Module &module : snapshot.client.modules)
		if (module.name == "rnbd-client")
			return {};
	return make_error("RNBD-M01", "rnbd-client is not loaded");
}

int run_cli(const std::vector<std::string> &args, const Env &env, const OpenKernel &open, FILE *out, FILE *err)
{
	Options o;
	std::vector<Leaf> leaves;
	CLI::App root("Block devices over RDMA: map, unmap, look.", "rnbdctl");

	Result<void> clear = check_wait(args);
	if (!clear)
		return report(clear.error(), wants_json(args), out, err);
	build_tree(root, o, leaves);
	try {
		/* CLI11 takes the words from the back. */
		root.parse(std::vector<std::string>(args.rbegin(), args.rend()));
	} catch (const CLI::CallForHelp &) {
		const CLI::App *app = deepest(&root);
		const bool nested = app != &root && app->get_parent() != &root;
		const bool noun = !nested && app != &root && !app->get_subcommands([](const CLI::App *) { return true; }).empty();

		return put(out, help_text(nested ? app->get_parent()->get_name() : noun ? app->get_name() : "",
					  app == &root || noun ? "" : app->get_name())) ? EXIT_OK : EXIT_OTHER;
	} catch (const CLI::ParseError &problem) {
		return report(usage_error(root, problem), wants_json(args), out, err);
	}
	Result<void> taken = take_numbers(*deepest(&root), o);
	if (!taken) {
		taken.error().message = full_name(deepest(&root)) + ": " + taken.error().message;
		return report(taken.error(), wants_json(args), out, err);
	}
	const bool json = o.json || o.output == "json";
	Result<Outcome> outcome = run_verb(*chosen(root, leaves, o), o, env, open, err);
	if (!outcome)
		return report(outcome.error(), json, out, err);
	for (const std::string &note : outcome->notes)
		if (!o.quiet)
			put(err, "rnbdctl: " + note + "\n");
	for (const Error &error : outcome->errors)
		if (!json)
			put(err, text_error(error));
	if (!put(out, outcome->out))
		return report(make_error("RNBD-K03", "cannot write to standard output"), false, out, err);
	return outcome->exit;
}

} // namespace ctl
