/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/select.h"

#include <climits>
#include <cstdlib>
#include <functional>

#include "ctl/address.h"
#include "ctl/cli.h"
#include "ctl/errors.h"
#include "kernel/rnbd/pure/map_options.h"
#include "kernel/rtrs/pure/handshake.h"

namespace ctl {

namespace {

using Rule = std::function<bool(const Device &)>;

bool is_id(const std::optional<uint32_t> &id, const std::string &word)
{
	return id && std::to_string(*id) == word;
}

/* "rnbd0" of "rnbd0", "/dev/rnbd0" or a link to it; empty for all else. */
std::string disk_name(const Env &env, const std::string &word)
{
	char real[PATH_MAX];
	std::string path = word;

	if (word.find('/') == std::string::npos)
		return word;
	if (word.rfind("/dev/", 0) != 0)
		return "";
	path = env.dev + word.substr(4);
	if (realpath(path.c_str(), real))
		path = real;
	return path.substr(path.rfind('/') + 1);
}

std::string listed(const std::vector<Device> &devices)
{
	std::string out;

	for (const Device &device : devices)
		out += (out.empty() ? "" : ", ") +
		       (device.disk.empty() ? device_pair(device) : device_node(device) + " (" + device_pair(device) + ")");
	return out;
}

bool one_of(const std::string &word, const std::vector<std::string> &names)
{
	for (const std::string &name : names)
		if (!name.empty() && name == word)
			return true;
	return false;
}

template <class T> void add_items(std::vector<Item> &out, Kind kind, const char *side, const std::vector<T> &values)
{
	for (const T &value : values)
		out.push_back({kind, side, value});
}

} // namespace

std::vector<Item> items_of(const Snapshot &snapshot, Kind kind)
{
	const std::pair<const char *, const Side *> sides[] = {{"client", &snapshot.client},
							       {"server", &snapshot.server}};
	std::vector<Item> items;

	if (kind == Kind::device)
		add_items(items, kind, "client", snapshot.devices);
	else if (kind == Kind::export_)
		add_items(items, kind, "server", snapshot.exports);
	else
		for (const std::pair<const char *, const Side *> &side : sides) {
			if (kind == Kind::session)
				add_items(items, kind, side.first, side.second->sessions);
			for (const Session &session : side.second->sessions)
				if (kind == Kind::path)
					add_items(items, kind, side.first, session.paths);
		}
	return items;
}

bool answers_to(const Item &item, const std::string &word)
{
	if (const Device *device = std::get_if<Device>(&item.value))
		return is_id(device->id, word) || one_of(word, {device->disk, device_node(*device), device->tag,
			device->remote_path, device_pair(*device)});
	if (const Session *session = std::get_if<Session>(&item.value))
		return is_id(session->id, word) || one_of(word, {session->name});
	if (const Path *path = std::get_if<Path>(&item.value))
		return is_id(path->id, word) || one_of(word, {path->name, addr_text(path->src.addr),
			addr_short(path->src.addr), addr_text(path->dst.addr), addr_short(path->dst.addr),
			addr_short(path->src.addr) + "@" + addr_short(path->dst.addr), path->session + "/" + path->name});
	const Export &out = std::get<Export>(item.value);
	return is_id(out.id, word) || one_of(word, {out.bdev, "/dev/" + out.bdev, out.remote_path,
		out.remote_path + "@" + out.session});
}

std::vector<std::string> names_of(const Snapshot &snapshot)
{
	std::vector<std::string> names;

	for (const Device &device : snapshot.devices)
		for (const std::string &name : {device.disk, device.tag, device.remote_path, device_pair(device)})
			names.push_back(name);
	for (const Side *side : {&snapshot.client, &snapshot.server})
		for (const Session &session : side->sessions)
			names.push_back(session.name);
	for (const Export &item : snapshot.exports)
		names.push_back(item.remote_path);
	return names;
}

Result<Device> find_device(const Snapshot &snapshot, const Env &env, const std::string &word)
{
	const std::string disk = disk_name(env, word);
	const std::string typed = escaped(word);
	const Rule rules[] = {
		[&disk](const Device &device) { return !disk.empty() && device.disk == disk; },
		[&typed](const Device &device) { return !typed.empty() && device.tag == typed; },
		[&typed](const Device &device) { return device_pair(device) == typed; },
		[&typed](const Device &device) { return device.remote_path == typed; },
		[&word](const Device &device) { return is_id(device.id, word); },
	};

	for (const Rule &rule : rules) {
		std::vector<Device> found;

		for (const Device &device : snapshot.devices)
			if (rule(device))
				found.push_back(device);
		if (found.size() == 1)
			return found.front();
		if (found.size() > 1)
			return make_error("RNBD-D04", in_quotes(word) + " names several devices: " + listed(found));
	}
	return make_error("RNBD-D03", "no mapped device is called " + in_quotes(word) +
			  did_you_mean(word, names_of(snapshot)));
}

Result<Session> find_session(const Snapshot &snapshot, const std::string &word)
{
	const std::string typed = escaped(word);
	std::vector<std::string> names;

	/* A name may be a number: all names come before any id. */
	for (const Session &session : snapshot.client.sessions)
		if (session.name == typed)
			return session;
	for (const Session &session : snapshot.client.sessions) {
		if (is_id(session.id, word))
			return session;
		names.push_back(session.name);
	}
	return make_error("RNBD-D03", "no session to a server is called " + in_quotes(word) + did_you_mean(word, names));
}

Result<Path> find_path(const Snapshot &snapshot, const std::string &word)
{
	const std::string typed = escaped(word);
	const size_t slash = word.find('/');
	const std::string session = slash == std::string::npos ? "" : escaped(word.substr(0, slash));
	/* Compared as addresses: 10.0.0.1 and ip:10.0.0.1 are one, and IPv6 has many spellings. */
	const std::optional<rtrs_addr_pair> pair = literal_pair(word.substr(slash == std::string::npos ? 0 : slash + 1));
	const auto same_pair = [&pair](const Path &path) {
		return pair && pair->src.family != RTRS_ADDR_NONE && rtrs_addr_equal(&path.src.addr, &pair->src) &&
		       rtrs_addr_equal(&path.dst.addr, &pair->dst);
	};
	const auto one_address = [&pair, slash](const rtrs_addr &addr) {
		return pair && slash == std::string::npos && pair->src.family == RTRS_ADDR_NONE &&
		       rtrs_addr_equal(&addr, &pair->dst);
	};
	const std::function<bool(const Path &)> rules[] = {
		[&](const Path &path) { return path.name == typed || (slash == std::string::npos && same_pair(path)); },
		[&](const Path &path) { return path.session + "/" + path.name == typed ||
					       (path.session == session && same_pair(path)); },
		[&word](const Path &path) { return is_id(path.id, word); },
		[&](const Path &path) { return one_address(path.dst.addr); },
		[&](const Path &path) { return one_address(path.src.addr); },
	};

	for (const Side *side : {&snapshot.client, &snapshot.server})
		for (const std::function<bool(const Path &)> &rule : rules) {
			std::vector<Path> found;
			std::string all;

			for (const Session &session : side->sessions)
				for (const Path &path : session.paths)
					if (rule(path)) {
						found.push_back(path);
						all += (all.empty() ? "" : ", ") + path.session + "/" + path.name;
					}
			if (found.size() == 1)
				return found.front();
			if (found.size() > 1)
				return make_error("RNBD-D09", in_quotes(word) + " names several paths: " + all);
		}
	return make_error("RNBD-D03", "no path is called " + in_quotes(word));
}

bool is_path_name(const std::string &word)
{
	return literal_pair(word).has_value();
}

bool names_precisely(const std::string &word)
{
	const std::string disk = word.rfind("/dev/", 0) == 0 ? word.substr(5) : word;
	const size_t at = word.rfind('@');

	if (disk.rfind("rnbd", 0) == 0 && disk.size() > 4 &&
	    disk.find_first_not_of("0123456789", 4) == std::string::npos)
		return true;
	if (at == std::string::npos)
		return false;
	const std::string device = word.substr(0, at), session = word.substr(at + 1);
	return rnbd_device_name_check(device.c_str(), device.size() + 1) == 0 &&
	       rtrs_name_check(session.c_str(), session.size() + 1) == 0;
}

} // namespace ctl
