/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/plan.h"

#include <algorithm>
#include <cctype>
#include <cstring>

#include <fmt/format.h>

#include "include/uapi/rnbd_netlink.h"
#include "include/uapi/rtrs_netlink.h"

namespace ctl {

namespace {

/* One word of a shell. A name may be of a peer's making: nothing in it may act on the shell or the terminal. */
std::string shell_quoted(const std::string &text)
{
	const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
	std::string out = printable ? "'" : "$'";

	for (const char c : text) {
		if (printable)
			out += c == '\'' ? std::string("'\\''") : std::string(1, c);
		else if (c == '\'' || c == '\\')
			out += std::string("\\") + c;
		else if (c >= 0x20 && c < 0x7f)
			out += c;
		else
			out += fmt::format("\\{:03o}", static_cast<unsigned char>(c));
	}
	return out + "'";
}

/* Bare if it means the same. */
std::string shell_word(const std::string &text)
{
	const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
		return isalnum(static_cast<unsigned char>(c)) || (c && std::strchr("/.:@_+=,-", c));
	});

	return plain && !text.empty() ? text : shell_quoted(text);
}

/* @text: a word of a shell; @file: as it is. */
std::string echo(const std::string &text, const std::string &file)
{
	return fmt::format("echo {} > {}", text, shell_word(file));
}

/* Only what netlink showed has an id to name it by. */
std::string request(const char *family, const std::string &verb, const std::optional<uint32_t> &id)
{
	return id ? fmt::format("{}: {} id={}", family, verb, *id) : "";
}

std::string disk_file(const Env &env, const Device &device, const char *file)
{
	return fmt::format("{}/block/{}/rnbd/{}", env.sys, device.disk, file);
}

std::string heartbeat_words(const Heartbeat &heartbeat)
{
	std::string words;

	if (heartbeat.idle_ms)
		words += fmt::format(" heartbeat-idle-ms={}", *heartbeat.idle_ms);
	if (heartbeat.busy_ms)
		words += fmt::format(" heartbeat-busy-ms={}", *heartbeat.busy_ms);
	if (heartbeat.missed_max)
		words += fmt::format(" heartbeat-missed={}", *heartbeat.missed_max);
	return words;
}

} // namespace

std::string session_dir(const Env &env, const Session &session)
{
	return env.sys + "/class/rtrs-client/" + unescaped(session.name);
}

std::string path_dir(const Env &env, const Path &path)
{
	return fmt::format("{}/class/{}/{}/paths/{}", env.sys, path.on_server ? "rtrs-server" : "rtrs-client",
			   unescaped(path.session), unescaped(path.name));
}

Step plan_map(const Env &env, const MapRequest &map)
{
	Step step;

	step.netlink = fmt::format("{}: device-map session={} remote-path={} access={}", RNBD_CLIENT_GENL_NAME,
				   in_quotes(map.session), in_quotes(map.device), map.access);
	if (map.port)
		step.netlink += fmt::format(" port={}", *map.port);
	for (const rtrs_addr_pair &pair : map.paths)
		step.netlink += " path=" + pair_text(pair);
	if (!map.tag.empty())
		step.netlink += " tag=" + in_quotes(map.tag);
	if (!map.owner.empty())
		step.netlink += " owner=" + in_quotes(map.owner);
	if (map.fast_io_fail)
		step.netlink += fmt::format(" fast-io-fail={}", *map.fast_io_fail);
	step.sysfs = echo(shell_quoted(map_device_words(map)), env.sys + "/class/rnbd-client/ctl/map_device");
	return step;
}

Step plan_unmap(const Env &env, const Device &device, bool force)
{
	Step step;

	step.netlink = request(RNBD_CLIENT_GENL_NAME, "device-unmap", device.id);
	if (!step.netlink.empty() && force)
		step.netlink += " force";
	step.sysfs = echo(force ? "force" : "normal", disk_file(env, device, "unmap_device"));
	return step;
}

Step plan_remap(const Env &env, const Device &device)
{
	return {request(RNBD_CLIENT_GENL_NAME, "device-remap", device.id),
		echo("1", disk_file(env, device, "remap_device"))};
}

Step plan_set_device(const Env &env, const Device &device, const DeviceSettings &settings)
{
	Step step;

	if (!settings.fast_io_fail)
		return step;
	step.netlink = request(RNBD_CLIENT_GENL_NAME, "device-set", device.id);
	if (!step.netlink.empty())
		step.netlink += fmt::format(" fast-io-fail={}", *settings.fast_io_fail);
	step.sysfs = echo(std::to_string(*settings.fast_io_fail), disk_file(env, device, "fast_io_fail"));
	return step;
}

std::vector<std::pair<std::string, uint32_t>> heartbeat_files(const Heartbeat &now, const Heartbeat &change)
{
	std::vector<std::pair<std::string, uint32_t>> files;

	if (change.busy_ms)
		files.emplace_back("heartbeat_busy_ms", *change.busy_ms);
	if (change.idle_ms)
		files.emplace_back("heartbeat_idle_ms", *change.idle_ms);
	if (files.size() == 2 && *change.idle_ms > now.idle_ms.value_or(0))
		std::swap(files[0], files[1]);
	if (change.missed_max)
		files.emplace_back("heartbeat_missed_max", *change.missed_max);
	return files;
}

std::vector<Step> plan_set_session(const Env &env, const Session &session, const SessionSettings &settings)
{
	std::string netlink = request(RTRS_CLIENT_GENL_NAME, "session-set", session.id);
	std::vector<std::string> files;
	std::vector<Step> steps;

	if (!settings.policy.empty()) {
		netlink += netlink.empty() ? "" : " mp-policy=" + in_quotes(settings.policy);
		files.push_back(echo(settings.policy, session_dir(env, session) + "/mpath_policy"));
	}
	if (settings.max_reconnects) {
		netlink += netlink.empty() ? "" : fmt::format(" max-reconnects={}", *settings.max_reconnects);
		files.push_back(echo(std::to_string(*settings.max_reconnects),
				     session_dir(env, session) + "/max_reconnect_attempts"));
	}
	netlink += netlink.empty() ? "" : heartbeat_words(settings.heartbeat);
	for (const auto &[file, value] : heartbeat_files(session.heartbeat, settings.heartbeat))
		files.push_back(echo(std::to_string(value), session_dir(env, session) + "/" + file));
	for (const std::string &file : files) {
		steps.push_back({netlink, file});
		netlink.clear();
	}
	return steps;
}

Step plan_add_path(const Env &env, const Session &session, const rtrs_addr_pair &pair)
{
	Step step;

	if (session.id) {
		step.netlink = fmt::format("{}: path-add session-id={}", RTRS_CLIENT_GENL_NAME, *session.id);
		if (pair.src.family != RTRS_ADDR_NONE)
			step.netlink += " src=" + addr_text(pair.src);
		step.netlink += " dst=" + addr_text(pair.dst);
	}
	step.sysfs = echo(shell_quoted(pair_text(pair)), session_dir(env, session) + "/add_path");
	return step;
}

Step plan_path(const Env &env, const Path &path, const std::string &verb)
{
	return {request(path.on_server ? RTRS_SERVER_GENL_NAME : RTRS_CLIENT_GENL_NAME, "path-" + verb, path.id),
		echo("1", path_dir(env, path) + "/" + (verb == "del" ? "remove_path" : verb))};
}

Outcome planned(const Context &context, const std::string &verb, const std::vector<Step> &steps)
{
	std::vector<std::string> netlink, sysfs;
	Outcome outcome;

	for (const Step &step : steps) {
		if (!step.netlink.empty()) {
			netlink.push_back(step.netlink);
			outcome.out += "netlink  " + step.netlink + "\n";
		}
		if (!step.sysfs.empty()) {
			sysfs.push_back(step.sysfs);
			outcome.out += "sysfs    " + step.sysfs + "\n";
		}
	}
	if (context.json())
		outcome.out = json_plan(verb, netlink, sysfs);
	return outcome;
}

} // namespace ctl
