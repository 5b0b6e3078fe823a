/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For people: status, lists, one object in full, errors. */
#include "ctl/render.h"

#include <algorithm>
#include <cerrno>
#include <iterator>

#include <fmt/format.h>

#include "ctl/columns.h"
#include "ctl/errors.h"

namespace ctl {

namespace {

std::string counted(size_t n, const char *word)
{
	return fmt::format("{} {}{}", n, word, n == 1 ? "" : "s");
}

std::string hca_text(const Path &path)
{
	if (path.hca.empty())
		return "-";
	return path.hca_port ? fmt::format("{}/{}", path.hca, *path.hca_port) : path.hca;
}

std::string ends_text(const Path &path, const char *arrow)
{
	const std::string src = addr_short(path.src.addr);

	return fmt::format("{} {} {}", src.empty() ? "(any)" : src, arrow, addr_short(path.dst.addr));
}

std::string age_of(const Path &path)
{
	return path.since_ms ? " " + age_text(*path.since_ms) : "";
}

/* "up 12 days", "down 3 min, try 7, next in 4 s" */
std::string path_state_text(const Path &path)
{
	std::string out;

	if (path.state == CONNECTED)
		return "up" + age_of(path);
	out = path.state == "connecting" ? "connecting" + age_of(path) : "down" + age_of(path);
	if (path.attempt.value_or(0) > 0)
		out += fmt::format(", try {}", *path.attempt);
	if (path.next_try_ms)
		out += ", next in " + age_text(*path.next_try_ms);
	if (path.state == "closed")
		out += ", closed";
	return out;
}

std::string latency_text(const Path &path)
{
	if (path.state != CONNECTED || path.latency_ns.value_or(0) == 0)
		return "";
	return *path.latency_ns < 10000 ? fmt::format("lat {:.1f} us", static_cast<double>(*path.latency_ns) / 1000.0)
					: fmt::format("lat {} us", *path.latency_ns / 1000);
}

std::string device_size(const Device &device, bool bytes)
{
	return device.sectors ? size_text(*device.sectors * 512, bytes) : "-";
}

std::string or_dash(const std::string &text)
{
	return text.empty() ? "-" : text;
}

void add_problems(Page &page, const std::vector<Problem> &problems)
{
	const std::string indent(14, ' ');

	for (const Problem &problem : problems)
		page.text(indent + "cause:  " + problem.cause + "\n" +
			  indent + "action: " + problem.action + "  [" + problem.id + "]\n");
}

/* The tables of `status`, each over all sessions of a side. */
enum StatusTable { SESSIONS, PATHS, LEAVES };
const std::vector<Layout> STATUS_TABLES(3);

/* `show`: names and values, in the same place for all kinds of objects. */
const std::vector<Layout> SHOW_TABLES = {{" ", 17}};

Row session_row(const Session &session)
{
	return {session.name, session_state(session),
		fmt::format("{}/{} paths", paths_up(session), session.paths.size()), session.policy};
}

Row path_row(const Path &path, const char *arrow)
{
	return {hca_text(path), ends_text(path, arrow), path_state_text(path), latency_text(path)};
}

Row device_row(const Device &device, bool bytes)
{
	return {device.disk.empty() ? "(no disk)" : device.disk, device.remote_path, device.access, device.state,
		device_size(device, bytes), device.tag.empty() ? "" : "tag " + device.tag};
}

Row export_row(const Export &out)
{
	return {out.bdev, out.remote_path, out.access,
		out.read_only.value_or(false) && out.access != "ro" ? "read-only" : ""};
}

void add_devices(Page &page, const Snapshot &snapshot, const Session &session,
		 const std::vector<Problem> &problems, bool bytes)
{
	for (const Device &device : snapshot.devices) {
		if (device.session != session.name)
			continue;
		page.row(LEAVES, device_row(device, bytes), 4);
		add_problems(page, problems_of(problems, "device", session.name, device_pair(device)));
	}
}

std::string client_text(const Snapshot &snapshot, const std::vector<Problem> &problems, bool bytes)
{
	Page page(STATUS_TABLES);

	for (const Session &session : snapshot.client.sessions) {
		page.row(SESSIONS, session_row(session), 2);
		add_problems(page, problems_of(problems, "session", session.name, session.name));
		for (const Path &path : session.paths) {
			page.row(PATHS, path_row(path, "->"), 4);
			add_problems(page, problems_of(problems, "path", session.name, path.name));
		}
		add_devices(page, snapshot, session, problems, bytes);
	}
	for (const Device &device : snapshot.devices)
		if (std::none_of(snapshot.client.sessions.begin(), snapshot.client.sessions.end(),
			[&device](const Session &session) { return session.name == device.session; }))
			page.row(LEAVES, device_row(device, bytes), 2);
	return page.str();
}

std::string server_text(const Snapshot &snapshot, const std::vector<Problem> &problems)
{
	Page page(STATUS_TABLES);

	add_problems(page, problems_of(problems, "server", "", "rnbd-server"));
	for (const Session &session : snapshot.server.sessions) {
		page.row(SESSIONS, session_row(session), 2);
		for (const Path &path : session.paths)
			page.row(PATHS, path_row(path, "<-"), 4);
		for (const Export &item : snapshot.exports)
			if (item.session == session.name)
				page.row(LEAVES, export_row(item), 4);
	}
	return page.str();
}

std::string problem_count(const std::vector<Problem> &problems, const char *side)
{
	const long n = std::count_if(problems.begin(), problems.end(),
		[side](const Problem &problem) { return problem.side == side; });

	return n ? "  " + counted(static_cast<size_t>(n), "problem") : "";
}

void pair_line(Page &page, const char *key, const std::string &value)
{
	if (!value.empty())
		page.row(0, {key, value}, 2);
}

template <class T> std::string number(const std::optional<T> &value, const char *unit = "")
{
	return value ? fmt::format("{}{}", *value, unit) : "";
}

std::string yes_no(const std::optional<bool> &value)
{
	if (!value)
		return "";
	return *value ? "yes" : "no";
}

std::string fault_line(const Fault &fault)
{
	return fault.any() ? fault_text(fault) : "";
}

std::string hold_text(const std::optional<int32_t> &seconds)
{
	if (!seconds)
		return "";
	if (*seconds < 0)
		return "as long as no path is up";
	return *seconds ? fmt::format("{} s without a path", *seconds) : "never";
}

std::string loss_text(const std::optional<bool> &lost)
{
	if (!lost)
		return "";
	return *lost ? "possible; flushes fail until all its users have closed it" : "none";
}

std::string show_device(const Device &device, const Style &style)
{
	Page page(SHOW_TABLES);

	page.text(fmt::format("device {}\n", device.disk.empty() ? device_pair(device) : device.disk));
	pair_line(page, "node", device_node(device));
	pair_line(page, "id", number(device.id));
	pair_line(page, "session", device.session);
	pair_line(page, "remote device", device.remote_path);
	pair_line(page, "state", device.state + (device.since_ms ? " for " + age_text(*device.since_ms) : ""));
	pair_line(page, "cause", fault_line(device.fault));
	pair_line(page, "access", device.access);
	pair_line(page, "size", device.sectors ? device_size(device, style.bytes) : "");
	pair_line(page, "block size", device.logical_block ? fmt::format("{} logical, {} physical",
		*device.logical_block, device.physical_block.value_or(*device.logical_block)) : "");
	pair_line(page, "largest I/O", device.max_io_size ? size_text(*device.max_io_size, style.bytes) : "");
	pair_line(page, "discard", yes_no(device.discard));
	pair_line(page, "write zeroes", yes_no(device.write_zeroes));
	pair_line(page, "secure erase", yes_no(device.secure_erase));
	pair_line(page, "write cache", yes_no(device.write_cache));
	pair_line(page, "FUA", yes_no(device.fua));
	pair_line(page, "open by", number(device.openers));
	pair_line(page, "poll queues", number(device.nr_poll_queues));
	pair_line(page, "holds I/O", hold_text(device.fast_io_fail));
	pair_line(page, "lost writes", loss_text(device.lost_writes));
	pair_line(page, "tag", device.tag);
	pair_line(page, "owner", device.owner);
	return page.str();
}

std::string heartbeat_text(const Heartbeat &heartbeat)
{
	if (!heartbeat.idle_ms || !heartbeat.busy_ms || !heartbeat.missed_max)
		return "";
	return fmt::format("every {} ms, {} ms while I/O waits; more than {} missed are the end", *heartbeat.idle_ms,
		*heartbeat.busy_ms, *heartbeat.missed_max);
}

std::string show_session(const Session &session, const std::string &side, const Style &style)
{
	Page page(SHOW_TABLES);

	page.text(fmt::format("session {} ({})\n", session.name, side));
	pair_line(page, "id", number(session.id));
	pair_line(page, "state", session_state(session) +
		(session.since_ms ? " for " + age_text(*session.since_ms) : ""));
	pair_line(page, "cause", fault_line(session.fault));
	pair_line(page, "paths", fmt::format("{} of {} up", paths_up(session), session.paths.size()));
	pair_line(page, "policy", session.policy);
	pair_line(page, "queue depth", session.queue_depth.value_or(0) ? number(session.queue_depth) : "");
	pair_line(page, "largest I/O", session.max_io_size.value_or(0) ?
		size_text(*session.max_io_size, style.bytes) : "");
	pair_line(page, "chunk size", session.chunk_size.value_or(0) ? size_text(*session.chunk_size, style.bytes) : "");
	pair_line(page, "chunk memory", session.chunk_memory ? size_text(*session.chunk_memory, style.bytes) : "");
	if (session.max_reconnects)
		pair_line(page, "reconnects", *session.max_reconnects < 0 ? "for ever" :
			fmt::format("at most {} attempts", *session.max_reconnects));
	pair_line(page, "heartbeat", heartbeat_text(session.heartbeat));
	for (const Path &path : session.paths)
		pair_line(page, "path", path.name + "  " + path_state_text(path));
	return page.str();
}

std::string endpoint_text(const Endpoint &end)
{
	const std::string text = addr_text(end.addr);

	return end.port && !text.empty() ? fmt::format("{} port {}", text, *end.port) : text;
}

std::string show_path(const Path &path, const std::string &side, const Style &style)
{
	Page page(SHOW_TABLES);

	page.text(fmt::format("path {} ({})\n", path.name, side));
	pair_line(page, "id", number(path.id));
	pair_line(page, "session", path.session);
	pair_line(page, "own address", endpoint_text(path.src));
	pair_line(page, "peer's address", endpoint_text(path.dst));
	pair_line(page, "state", path.state + (path.since_ms ? " for " + age_text(*path.since_ms) : ""));
	pair_line(page, "cause", fault_line(path.fault));
	pair_line(page, "RDMA device", path.hca.empty() ? "" : hca_text(path));
	pair_line(page, "connections", number(path.conns));
	pair_line(page, "attempts", path.attempt.value_or(0) ? number(path.attempt) : "");
	pair_line(page, "next attempt in", path.next_try_ms ? age_text(*path.next_try_ms) : "");
	pair_line(page, "latency", path.latency_ns.value_or(0) ? number(path.latency_ns, " ns") : "");
	pair_line(page, "renews keys", yes_no(path.new_rkey));
	if (!path.stats)
		return page.str();
	const Stats &stats = *path.stats;
	pair_line(page, "reads", fmt::format("{}, {}", stats.reads, size_text(stats.read_bytes, style.bytes)));
	pair_line(page, "writes", fmt::format("{}, {}", stats.writes, size_text(stats.write_bytes, style.bytes)));
	pair_line(page, "in flight", number(stats.inflight));
	pair_line(page, "failed over", number(stats.failovers));
	pair_line(page, "reconnects", number(stats.reconnects));
	pair_line(page, "failed reconnects", number(stats.reconnect_failures));
	pair_line(page, "violations", number(stats.violations));
	return page.str();
}

std::string show_export(const Export &item, const Style &style)
{
	Page page(SHOW_TABLES);

	page.text(fmt::format("export {}@{}\n", item.remote_path, item.session));
	pair_line(page, "id", number(item.id));
	pair_line(page, "block device", item.bdev);
	pair_line(page, "session", item.session);
	pair_line(page, "asked for as", item.remote_path);
	pair_line(page, "access", item.access);
	pair_line(page, "read-only", yes_no(item.read_only));
	pair_line(page, "size", item.sectors ? size_text(*item.sectors * 512, style.bytes) : "");
	pair_line(page, "open for", item.since_ms ? age_text(*item.since_ms) : "");
	pair_line(page, "wire number", number(item.device_id));
	return page.str();
}

Row item_row(const Item &item, const Style &style)
{
	if (const Device *device = std::get_if<Device>(&item.value))
		return {or_dash(device->disk), device->session, device->remote_path, device->access, device->state,
			device_size(*device, style.bytes), or_dash(device->tag), or_dash(device->owner)};
	if (const Session *session = std::get_if<Session>(&item.value))
		return {session->name, item.side, session_state(*session),
			fmt::format("{}/{}", paths_up(*session), session->paths.size()), or_dash(session->policy)};
	if (const Path *path = std::get_if<Path>(&item.value))
		return {path->name, item.side, path->session, path->state, hca_text(*path),
			latency_text(*path).empty() ? "-" : latency_text(*path).substr(4)};
	const Export &out = std::get<Export>(item.value);
	return {out.bdev, out.session, out.remote_path, out.access,
		out.sectors ? size_text(*out.sectors * 512, style.bytes) : "-"};
}

Row header_row(Kind kind)
{
	switch (kind) {
	case Kind::device:
		return {"DEVICE", "SESSION", "REMOTE", "ACCESS", "STATE", "SIZE", "TAG", "OWNER"};
	case Kind::session:
		return {"SESSION", "SIDE", "STATE", "UP", "POLICY"};
	case Kind::path:
		return {"PATH", "SIDE", "SESSION", "STATE", "HCA", "LATENCY"};
	case Kind::export_:
		break;
	}
	return {"EXPORT", "SESSION", "REMOTE", "ACCESS", "SIZE"};
}

} // namespace

const char *kind_word(Kind kind)
{
	switch (kind) {
	case Kind::device:
		return "device";
	case Kind::session:
		return "session";
	case Kind::path:
		return "path";
	case Kind::export_:
		break;
	}
	return "export";
}

std::string size_text(uint64_t bytes, bool exact)
{
	static const char *const UNITS[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = static_cast<double>(bytes);
	size_t unit = 0;

	if (exact)
		return std::to_string(bytes);
	while (value >= 1024 && unit + 1 < std::size(UNITS)) {
		value /= 1024;
		unit++;
	}
	std::string text = fmt::format("{:.1f}", value);
	if (text.size() > 2 && text.substr(text.size() - 2) == ".0")
		text.resize(text.size() - 2);
	return text + " " + UNITS[unit];
}

std::string age_text(uint64_t ms)
{
	constexpr uint64_t MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR;
	const uint64_t s = ms / 1000;

	if (s < 2 * MINUTE)
		return fmt::format("{} s", s);
	if (s < 2 * HOUR)
		return fmt::format("{} min", s / MINUTE);
	if (s < 2 * DAY)
		return fmt::format("{} h", s / HOUR);
	return fmt::format("{} days", s / DAY);
}

std::string text_status(const Snapshot &snapshot, const std::vector<Problem> &problems, const Style &style)
{
	std::string out;

	if (snapshot.client.loaded)
		out = "client  " + counted(snapshot.client.sessions.size(), "session") + "  " +
		      counted(snapshot.devices.size(), "device") + problem_count(problems, "client") + "\n" +
		      client_text(snapshot, problems, style.bytes);
	else
		out = "client  not loaded\n";
	if (!snapshot.server.loaded)
		return out + "server  not loaded\n";
	out += "server  " + counted(snapshot.server.sessions.size(), "session") + "  " +
	       counted(snapshot.exports.size(), "export") + problem_count(problems, "server");
	out += "  search path " + snapshot.search_path.value_or("none");
	if (!snapshot.invalidate.empty())
		out += "  always_invalidate " + snapshot.invalidate;
	return out + "\n" + server_text(snapshot, problems);
}

std::string text_list(const std::vector<Item> &items, Kind kind, const Style &style)
{
	std::vector<Row> rows;

	for (const Item &item : items) {
		const Row row = item_row(item, style);

		/* A device without a disk has no name to print. */
		if (!style.names_only)
			rows.push_back(row);
		else if (row.front() != "-")
			rows.push_back({row.front()});
	}
	return table(rows, style.headers && !style.names_only ? header_row(kind) : Row());
}

std::string text_show(const std::vector<Item> &items, const Style &style)
{
	std::string out;

	for (const Item &item : items) {
		if (!out.empty())
			out += "\n";
		if (const Device *device = std::get_if<Device>(&item.value))
			out += show_device(*device, style);
		else if (const Session *session = std::get_if<Session>(&item.value))
			out += show_session(*session, item.side, style);
		else if (const Path *path = std::get_if<Path>(&item.value))
			out += show_path(*path, item.side, style);
		else
			out += show_export(std::get<Export>(item.value), style);
	}
	return out;
}

std::string text_device_line(const Device &device, const Style &style)
{
	if (style.names_only)
		return device.disk.empty() ? "" : device_node(device) + "\n";
	return fmt::format("{}  {}  {}  {}  {}\n", or_dash(device_node(device)), device_pair(device), device.access,
			   device.state, device_size(device, style.bytes));
}

std::string text_object_line(const Object &object, const Style &style)
{
	if (const Device *device = std::get_if<Device>(&object))
		return text_device_line(*device, style);
	if (const Session *session = std::get_if<Session>(&object))
		return style.names_only ? session->name + "\n" :
			fmt::format("{}  {}  {}/{} paths  {}\n", session->name, session_state(*session), paths_up(*session),
				    session->paths.size(), or_dash(session->policy));
	if (const Path *path = std::get_if<Path>(&object))
		return style.names_only ? path->name + "\n" :
			fmt::format("{}  {}  {}  {}\n", path->name, path->session, path->state, hca_text(*path));
	return "";
}

std::string text_error(const Error &error)
{
	std::string out = "rnbdctl: " + error.message;

	if (error.hint.empty())
		return out + "  [" + error.id + "]\n";
	return out + "\nhint: " + error.hint + "  [" + error.id + "]\n";
}

std::string text_versions(const Versions &versions)
{
	std::vector<Row> rows = {{"rnbdctl", versions.tool}};

	for (const Module &module : versions.modules)
		rows.push_back({module.name, module.version.empty() ? "(loaded, version unknown)" : module.version});
	if (versions.modules.empty())
		rows.push_back({"modules", "not loaded"});
	return table(rows);
}

} // namespace ctl
