/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * For programs. One object a command; its shape is a promise (packaging/
 * schemas): keys are only ever added, lists are never null, a scalar that is
 * not known is null.
 */
#include "ctl/render.h"

#include <nlohmann/json.hpp>

#include "ctl/errors.h"

namespace ctl {

namespace {

using Json = nlohmann::ordered_json;

template <class T> Json maybe(const std::optional<T> &value)
{
	return value ? Json(*value) : Json(nullptr);
}

Json maybe_text(const std::string &value)
{
	return value.empty() ? Json(nullptr) : Json(value);
}

Json head(const char *name)
{
	return {{"schema", std::string("rnbdctl/") + name}, {"major", 1}, {"minor", 0}};
}

/* Every string is ASCII already (escaped at the back end, or typed by the user and quoted). */
std::string finish(const Json &json)
{
	return json.dump(2, ' ', true, Json::error_handler_t::replace) + "\n";
}

void add_fault(Json &json, const Fault &fault)
{
	json["cause"] = fault.cause;
	json["cause_text"] = fault.any() ? Json(fault_text(fault)) : Json(nullptr);
	json["errno"] = fault.err ? Json(errno_name(fault.err)) : Json(nullptr);
	json["remote"] = fault.remote;
}

Json endpoint(const Endpoint &end)
{
	return {{"address", maybe_text(addr_text(end.addr))}, {"port", maybe(end.port)}};
}

Json device_json(const Device &device)
{
	Json json;

	json["id"] = maybe(device.id);
	json["device"] = maybe_text(device_node(device));
	json["disk"] = maybe_text(device.disk);
	json["session"] = device.session;
	json["remote_path"] = device.remote_path;
	json["access"] = device.access;
	json["state"] = device.state;
	json["since_ms"] = maybe(device.since_ms);
	add_fault(json, device.fault);
	json["size_bytes"] = device.sectors ? Json(*device.sectors * 512) : Json(nullptr);
	json["logical_block_bytes"] = maybe(device.logical_block);
	json["physical_block_bytes"] = maybe(device.physical_block);
	json["max_io_bytes"] = maybe(device.max_io_size);
	json["discard"] = maybe(device.discard);
	json["write_zeroes"] = maybe(device.write_zeroes);
	json["secure_erase"] = maybe(device.secure_erase);
	json["write_cache"] = maybe(device.write_cache);
	json["fua"] = maybe(device.fua);
	json["openers"] = maybe(device.openers);
	json["nr_poll_queues"] = maybe(device.nr_poll_queues);
	json["tag"] = maybe_text(device.tag);
	json["owner"] = maybe_text(device.owner);
	json["fast_io_fail_s"] = maybe(device.fast_io_fail);
	json["lost_writes"] = maybe(device.lost_writes);
	return json;
}

Json stats_json(const Stats &stats)
{
	return {{"reads", stats.reads}, {"read_bytes", stats.read_bytes}, {"writes", stats.writes},
		{"write_bytes", stats.write_bytes}, {"inflight", maybe(stats.inflight)},
		{"failovers", maybe(stats.failovers)}, {"reconnects", maybe(stats.reconnects)},
		{"reconnect_failures", maybe(stats.reconnect_failures)}, {"violations", maybe(stats.violations)}};
}

Json path_json(const Path &path)
{
	Json json;

	json["id"] = maybe(path.id);
	json["name"] = path.name;
	json["session"] = path.session;
	json["state"] = path.state;
	json["since_ms"] = maybe(path.since_ms);
	add_fault(json, path.fault);
	json["src"] = endpoint(path.src);
	json["dst"] = endpoint(path.dst);
	json["hca"] = maybe_text(path.hca);
	json["hca_port"] = maybe(path.hca_port);
	json["connections"] = maybe(path.conns);
	json["attempt"] = maybe(path.attempt);
	json["next_try_ms"] = maybe(path.next_try_ms);
	json["latency_ns"] = maybe(path.latency_ns);
	json["new_rkey"] = maybe(path.new_rkey);
	json["stats"] = path.stats ? stats_json(*path.stats) : Json(nullptr);
	return json;
}

Json session_json(const Session &session)
{
	Json json;

	json["id"] = maybe(session.id);
	json["name"] = session.name;
	json["state"] = session_state(session);
	json["since_ms"] = maybe(session.since_ms);
	add_fault(json, session.fault);
	json["paths_up"] = paths_up(session);
	json["paths_total"] = session.paths.size();
	json["policy"] = maybe_text(session.policy);
	json["queue_depth"] = maybe(session.queue_depth);
	json["max_io_bytes"] = maybe(session.max_io_size);
	json["chunk_bytes"] = maybe(session.chunk_size);
	json["chunk_memory_bytes"] = maybe(session.chunk_memory);
	json["max_reconnect_attempts"] = maybe(session.max_reconnects);
	json["heartbeat_idle_ms"] = maybe(session.heartbeat.idle_ms);
	json["heartbeat_busy_ms"] = maybe(session.heartbeat.busy_ms);
	json["heartbeat_missed_max"] = maybe(session.heartbeat.missed_max);
	json["paths"] = Json::array();
	for (const Path &path : session.paths)
		json["paths"].push_back(path_json(path));
	return json;
}

Json export_json(const Export &item)
{
	return {{"id", maybe(item.id)}, {"block_device", item.bdev}, {"session", item.session},
		{"remote_path", item.remote_path}, {"access", item.access}, {"read_only", maybe(item.read_only)},
		{"size_bytes", item.sectors ? Json(*item.sectors * 512) : Json(nullptr)},
		{"since_ms", maybe(item.since_ms)}, {"device_id", maybe(item.device_id)}};
}

Json modules_json(const std::vector<Module> &modules)
{
	Json list = Json::array();

	for (const Module &module : modules)
		list.push_back({{"name", module.name}, {"version", maybe_text(module.version)},
				{"generation", maybe(module.generation)}});
	return list;
}

Json side_json(const Side &side)
{
	Json json = {{"loaded", side.loaded}, {"modules", modules_json(side.modules)}, {"sessions", Json::array()}};

	for (const Session &session : side.sessions)
		json["sessions"].push_back(session_json(session));
	return json;
}

Json item_json(const Item &item)
{
	Json json = {{"kind", kind_word(item.kind)}, {"side", item.side}};

	if (const Device *device = std::get_if<Device>(&item.value))
		json.update(device_json(*device));
	else if (const Session *session = std::get_if<Session>(&item.value))
		json.update(session_json(*session));
	else if (const Path *path = std::get_if<Path>(&item.value))
		json.update(path_json(*path));
	else
		json.update(export_json(std::get<Export>(item.value)));
	return json;
}

Json object_json(const Object &object)
{
	if (const Device *device = std::get_if<Device>(&object))
		return device_json(*device);
	if (const Session *session = std::get_if<Session>(&object))
		return session_json(*session);
	if (const Path *path = std::get_if<Path>(&object))
		return path_json(*path);
	return Json(nullptr);
}

Json problem_json(const Problem &problem)
{
	return {{"id", problem.id}, {"code", problem.code}, {"side", problem.side}, {"kind", problem.kind},
		{"name", problem.name}, {"session", maybe_text(problem.session)}, {"cause", problem.cause},
		{"action", problem.action}};
}

void add_error(Json &json, const Error &error)
{
	json["code"] = error.code;
	json["exit"] = error.exit;
	json["errno"] = error.err ? Json(errno_name(error.err)) : Json(nullptr);
	json["remote"] = error.remote;
	json["cause"] = maybe_text(error.cause);
	json["message"] = error.message;
	json["hint"] = maybe_text(error.hint);
	json["id"] = error.id;
}

} // namespace

std::string json_status(const Snapshot &snapshot, const std::vector<Problem> &problems)
{
	Json json = head("status");

	json["generation"] = maybe(generation_of(snapshot));
	json["backend"] = snapshot.backend;
	json["client"] = side_json(snapshot.client);
	json["client"]["devices"] = Json::array();
	for (const Device &device : snapshot.devices)
		json["client"]["devices"].push_back(device_json(device));
	json["server"] = side_json(snapshot.server);
	json["server"]["search_path"] = maybe(snapshot.search_path);
	json["server"]["always_invalidate"] = maybe_text(snapshot.invalidate);
	json["server"]["exports"] = Json::array();
	for (const Export &item : snapshot.exports)
		json["server"]["exports"].push_back(export_json(item));
	json["problems"] = Json::array();
	for (const Problem &problem : problems)
		json["problems"].push_back(problem_json(problem));
	return finish(json);
}

std::string json_list(const Snapshot &snapshot, const std::vector<Item> &items, Kind kind)
{
	Json json = head("list");

	json["generation"] = maybe(generation_of(snapshot));
	json["kind"] = kind_word(kind);
	json["items"] = Json::array();
	for (const Item &item : items)
		json["items"].push_back(item_json(item));
	return finish(json);
}

std::string json_show(const Snapshot &snapshot, const std::vector<Item> &items)
{
	Json json = head("show");

	json["generation"] = maybe(generation_of(snapshot));
	json["items"] = Json::array();
	for (const Item &item : items)
		json["items"].push_back(item_json(item));
	return finish(json);
}

std::string json_result(const std::string &verb, const std::vector<Done> &done, int exit)
{
	Json json = head("result");
	bool changed = false;

	for (const Done &one : done)
		changed = changed || one.changed;
	json["verb"] = verb;
	json["exit"] = exit;
	json["changed"] = changed;
	const Device *only = done.size() == 1 ? std::get_if<Device>(&done[0].object) : nullptr;
	json["device"] = only ? maybe_text(device_node(*only)) : Json(nullptr);
	json["results"] = Json::array();
	for (const Done &one : done) {
		Json row = {{"target", one.target}, {"changed", one.changed},
			    {"object", object_json(one.object)}, {"error", nullptr}};

		if (one.paths_added)
			row["paths_added"] = *one.paths_added;
		if (one.error) {
			row["error"] = Json::object();
			add_error(row["error"], *one.error);
		}
		json["results"].push_back(std::move(row));
	}
	return finish(json);
}

std::string json_plan(const std::string &verb, const std::vector<std::string> &netlink,
		      const std::vector<std::string> &sysfs)
{
	Json json = head("plan");

	json["verb"] = verb;
	json["netlink"] = netlink;
	json["sysfs"] = sysfs;
	return finish(json);
}

std::string json_error(const Error &error)
{
	Json json = head("error");

	add_error(json, error);
	return finish(json);
}

std::string json_versions(const Versions &versions)
{
	Json json = head("version");

	json["tool"] = versions.tool;
	json["backend"] = maybe_text(versions.backend);
	json["modules"] = modules_json(versions.modules);
	return finish(json);
}

} // namespace ctl
