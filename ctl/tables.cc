/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command tree. Nothing but tables. */
#include "ctl/cli.h"

namespace ctl {

namespace {

const std::vector<Opt> MAP_OPTIONS = {Opt::path, Opt::port, Opt::name, Opt::owner, Opt::fast_io_fail, Opt::wait,
				      Opt::no_wait, Opt::timeout, Opt::dry_run, Opt::bytes};
const std::vector<Opt> UNMAP_OPTIONS = {Opt::force, Opt::wait, Opt::no_wait, Opt::timeout, Opt::dry_run};
const std::vector<Opt> REMAP_OPTIONS = {Opt::wait, Opt::no_wait, Opt::timeout, Opt::dry_run, Opt::bytes};
const std::vector<Opt> ORDER_OPTIONS = {Opt::wait, Opt::no_wait, Opt::timeout, Opt::dry_run};
const std::vector<Opt> LIST_OPTIONS = {Opt::no_headers, Opt::bytes};
const std::vector<Opt> DEVICE_LIST_OPTIONS = {Opt::no_headers, Opt::bytes, Opt::owner};
const std::vector<Opt> SHOW_OPTIONS = {Opt::bytes};

const char *const MAP_WORDS = "DEVICE from SERVER [ro|rw|migration]";
const char *const MAP_HELP = "map a device of a server and wait until it is there";
const char *const UNMAP_HELP = "take mapped devices away";
const char *const REMAP_HELP = "ask the server to open disconnected devices again";

const std::vector<Opt> SESSION_SET_OPTIONS = {Opt::policy, Opt::max_reconnects, Opt::heartbeat_idle, Opt::heartbeat_busy,
	Opt::heartbeat_missed, Opt::dry_run};

const std::vector<Verb> VERBS = {
	{"", "status", "", "sessions, paths, devices, exports, and what is wrong with them", run_status, {Opt::check, Opt::bytes}},
	{"", "map", MAP_WORDS, MAP_HELP, run_map, MAP_OPTIONS},
	{"", "unmap", "ANY...", UNMAP_HELP, run_unmap, UNMAP_OPTIONS},
	{"", "remap", "ANY...", REMAP_HELP, run_remap, REMAP_OPTIONS},
	{"", "list", "[devices|sessions|paths|exports]", "one line for each (devices, if nothing is said)", run_list, DEVICE_LIST_OPTIONS},
	{"", "show", "ANY", "all there is to say about a device, session, path or export", run_show, SHOW_OPTIONS},
	{"", "version", "", "versions of the tool and of the loaded modules", run_version, {}},
	{"", "completion", "bash|zsh|fish", "print the completion script of a shell", run_completion, {}},
	{"device", "list", "", "one line for each", run_list_devices, DEVICE_LIST_OPTIONS},
	{"device", "show", "ANY", "all there is to say about one", run_show_device, SHOW_OPTIONS},
	{"device", "map", MAP_WORDS, MAP_HELP, run_map, MAP_OPTIONS},
	{"device", "unmap", "ANY...", UNMAP_HELP, run_unmap, UNMAP_OPTIONS},
	{"device", "remap", "ANY...", REMAP_HELP, run_remap, REMAP_OPTIONS},
	{"device", "set", "ANY...", "change settings of mapped devices", run_device_set, {Opt::fast_io_fail, Opt::dry_run, Opt::bytes}},
	{"session", "list", "", "one line for each", run_list_sessions, LIST_OPTIONS},
	{"session", "show", "SESSION", "all there is to say about one", run_show_session, SHOW_OPTIONS},
	{"session", "set", "SESSION...", "change how sessions use their paths", run_session_set, SESSION_SET_OPTIONS},
	{"session", "reconnect", "SESSION...", "connect all paths anew, those that work one after the other", run_session_reconnect, ORDER_OPTIONS},
	{"session", "disconnect", "SESSION...", "close all paths until they are told to reconnect", run_session_disconnect, ORDER_OPTIONS},
	{"path", "list", "", "one line for each", run_list_paths, LIST_OPTIONS},
	{"path", "show", "PATH", "all there is to say about one, with its counters", run_show_path, SHOW_OPTIONS},
	{"path", "add", "SESSION [SRC@]DST...", "give a session more paths and wait until they are connected", run_path_add, ORDER_OPTIONS},
	{"path", "delete", "PATH...", "take paths away, the last one too", run_path_delete, ORDER_OPTIONS},
	{"path", "reconnect", "PATH...", "connect now: a path that is down, or anew one that is up", run_path_reconnect, ORDER_OPTIONS},
	{"path", "disconnect", "PATH...", "close paths until they are told to reconnect", run_path_disconnect, ORDER_OPTIONS},
	{"export", "list", "", "one line for each", run_list_exports, LIST_OPTIONS},
	{"export", "show", "EXPORT", "all there is to say about one", run_show_export, SHOW_OPTIONS},
};

const std::vector<Noun> NOUNS = {
	{"device", "block devices mapped on this client"},
	{"session", "connections of this machine to servers and from clients"},
	{"path", "address pairs of the sessions"},
	{"export", "block devices this server has open for clients"},
};

const std::vector<OptionSpec> OPTIONS = {
	{Opt::help, "-h,--help", nullptr, "print this and exit"},
	{Opt::json, "-j,--json", nullptr, "one JSON object on standard output, also for errors"},
	{Opt::output, "-o,--output", "text|json", "format of standard output"},
	{Opt::quiet, "-q,--quiet", nullptr, "names only, and no notes"},
	{Opt::verbose, "-v,--verbose", nullptr, "tell the progress even when standard error is no terminal"},
	{Opt::sysfs, "--sysfs", "DIR", "use the sysfs files below DIR (usually /sys) and no netlink"},
	{Opt::dry_run, "-n,--dry-run", nullptr, "print the netlink request and the sysfs line, change nothing"},
	{Opt::force, "-f,--force", nullptr, "even if it is in use: its I/O fails"},
	{Opt::wait, "--wait", "=SEC", "wait until it is done (default), at most SEC seconds"},
	{Opt::no_wait, "--no-wait", nullptr, "return as soon as the kernel has begun"},
	{Opt::timeout, "--timeout", "SEC", "give up and undo after SEC seconds (default 30)"},
	{Opt::check, "--check", nullptr, "exit with 12 if there are problems"},
	{Opt::bytes, "-B,--bytes", nullptr, "sizes in bytes"},
	{Opt::no_headers, "--no-headers", nullptr, "no line of column names"},
	{Opt::path, "--path", "[SRC@]DST", "where the server is; once for each path, needed for a new session"},
	{Opt::port, "--port", "N", "port of the server (default 1234)"},
	{Opt::name, "--name", "TAG", "a name of your own for the device"},
	{Opt::owner, "--owner", "NAME", "who mapped it; `list`: only the devices of this owner"},
	{Opt::policy, "--policy", "POLICY", "which path takes the next request: round-robin, min-inflight, min-latency"},
	{Opt::max_reconnects, "--max-reconnect-attempts", "N", "how often a lost path is tried again; -1: for ever"},
	{Opt::fast_io_fail, "--fast-io-fail", "SEC", "how long I/O is held while no path is up; 0: not, -1: for ever"},
	{Opt::heartbeat_idle, "--heartbeat-idle", "MS", "milliseconds between heartbeats of a path on which nothing waits"},
	{Opt::heartbeat_busy, "--heartbeat-busy", "MS", "the same while I/O waits for the server, never more than when idle"},
	{Opt::heartbeat_missed, "--heartbeat-missed", "N", "a path that stays silent for more than N heartbeats is lost"},
};

const std::vector<Opt> COMMON = {Opt::help, Opt::json, Opt::output, Opt::quiet, Opt::verbose, Opt::sysfs};

} // namespace

const std::vector<Verb> &verbs()
{
	return VERBS;
}

const std::vector<Noun> &nouns()
{
	return NOUNS;
}

const std::vector<OptionSpec> &option_specs()
{
	return OPTIONS;
}

const OptionSpec &option_spec(Opt opt)
{
	/* The table is in the order of the enumeration; a test says so. */
	return OPTIONS[static_cast<size_t>(opt)];
}

const std::vector<Opt> &common_options()
{
	return COMMON;
}

} // namespace ctl
