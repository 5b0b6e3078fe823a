/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command tree as tables {noun, verb, words, options, run}, and what a
 * verb gets and gives. Help, completion and the check of the manual page all
 * come from these tables.
 */
#ifndef CTL_CLI_H
#define CTL_CLI_H

#include <cstdio>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "ctl/kernel.h"
#include "ctl/render.h"
#include "ctl/result.h"

namespace ctl {

/* A number that nobody typed. */
inline constexpr int NOT_GIVEN = std::numeric_limits<int>::min();

/* Everything that can be typed; each verb looks at its own part. */
struct Options {
	bool json = false, quiet = false, version = false;
	bool dry_run = false, force = false, no_wait = false, check = false;
	bool bytes = false, no_headers = false, verbose = false;
	int port = 0;
	int max_reconnects = NOT_GIVEN, fast_io_fail = NOT_GIVEN;
	int heartbeat_idle = NOT_GIVEN, heartbeat_busy = NOT_GIVEN, heartbeat_missed = NOT_GIVEN;
	double wait_s = 30;
	std::string output = "text";
	std::string sysfs;
	std::string tag, owner, policy;
	std::vector<std::string> paths;
	std::vector<std::string> words;
};

enum class Opt {
	help, json, output, quiet, verbose, sysfs,
	dry_run, force, wait, no_wait, timeout, check, bytes, no_headers,
	path, port, name, owner, policy, max_reconnects, fast_io_fail,
	heartbeat_idle, heartbeat_busy, heartbeat_missed,
};

struct OptionSpec {
	Opt opt;
	const char *flags;	/* "-j,--json" */
	const char *value;	/* "FILE", null for a flag */
	const char *help;
};

struct Outcome {
	int exit = EXIT_OK;
	std::string out;			/* to stdout, as it is */
	std::vector<std::string> notes;		/* to stderr, a line each, unless -q */
	std::vector<Error> errors;		/* of single targets, to stderr unless JSON tells them */
};

struct Context {
	const Options &opt;
	Env env;
	Kernel *kernel;		/* null: no module is loaded */
	FILE *err;		/* progress */
	bool err_tty;
	bool json() const { return opt.json || opt.output == "json"; }
	Style style() const { return {opt.bytes, !opt.no_headers, opt.quiet}; }
};

using Run = Result<Outcome> (*)(Context &context);

struct Verb {
	const char *noun;	/* "" at the top */
	const char *name;
	const char *words;	/* "DEVICE from SERVER", "" if it takes none */
	const char *help;
	Run run;
	std::vector<Opt> options;	/* besides the common ones */
};

struct Noun {
	const char *name;
	const char *help;
};

const std::vector<Verb> &verbs();
const std::vector<Noun> &nouns();
const std::vector<OptionSpec> &option_specs();
const OptionSpec &option_spec(Opt opt);
/* Options that every verb takes. */
const std::vector<Opt> &common_options();

using OpenKernel = std::function<Result<std::unique_ptr<Kernel>>(const Env &env, bool sysfs_only)>;

/* The whole program but for the real kernel; gives the exit status. */
int run_cli(const std::vector<std::string> &args, const Env &env, const OpenKernel &open, FILE *out, FILE *err);

/* Both empty: the whole; @name empty: the noun. */
std::string help_text(const std::string &noun, const std::string &name);

/* Nearest of @words to @word, empty if none is near. */
std::string nearest(const std::string &word, const std::vector<std::string> &words);
/* " (did you mean \"map\"?)" or nothing. */
std::string did_you_mean(const std::string &word, const std::vector<std::string> &words);

/* Snapshot, or M01 where nothing is loaded. */
Result<Snapshot> read_state(Context &context);
/* M01 unless rnbd-client is loaded. */
Result<void> need_client(const Snapshot &snapshot);

/* cmd_*.cc */
Result<Outcome> run_status(Context &context);
Result<Outcome> run_map(Context &context);
Result<Outcome> run_unmap(Context &context);
Result<Outcome> run_remap(Context &context);
Result<Outcome> run_path_add(Context &context);
Result<Outcome> run_path_delete(Context &context);
Result<Outcome> run_path_reconnect(Context &context);
Result<Outcome> run_path_disconnect(Context &context);
Result<Outcome> run_session_set(Context &context);
Result<Outcome> run_session_reconnect(Context &context);
Result<Outcome> run_session_disconnect(Context &context);
Result<Outcome> run_device_set(Context &context);
Result<Outcome> run_list(Context &context);
Result<Outcome> run_list_devices(Context &context);
Result<Outcome> run_list_sessions(Context &context);
Result<Outcome> run_list_paths(Context &context);
Result<Outcome> run_list_exports(Context &context);
Result<Outcome> run_show(Context &context);
Result<Outcome> run_show_device(Context &context);
Result<Outcome> run_show_session(Context &context);
Result<Outcome> run_show_path(Context &context);
Result<Outcome> run_show_export(Context &context);
Result<Outcome> run_version(Context &context);
Result<Outcome> run_completion(Context &context);

} // namespace ctl

#endif /* CTL_CLI_H */
