/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small questions to the values of model.h. */
#include "ctl/model.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

namespace ctl {

std::string escaped(const std::string &raw)
{
	std::string out;

	for (const char c : raw) {
		const unsigned char byte = static_cast<unsigned char>(c);

		if (c == '\\')
			out += "\\\\";
		else if (byte >= 0x20 && byte < 0x7f)
			out += c;
		else
			out += fmt::format("\\x{:02x}", byte);
	}
	return out;
}

std::string unescaped(const std::string &text)
{
	std::string out;

	for (size_t i = 0; i < text.size(); i++) {
		if (text[i] != '\\' || i + 1 == text.size()) {
			out += text[i];
		} else if (text[i + 1] == 'x' && i + 3 < text.size() && isxdigit(text[i + 2]) && isxdigit(text[i + 3])) {
			out += static_cast<char>(std::stoi(text.substr(i + 2, 2), nullptr, 16));
			i += 3;
		} else {
			out += text[++i];
		}
	}
	return out;
}

std::string in_quotes(const std::string &raw)
{
	return "\"" + escaped(raw) + "\"";
}

std::string addr_text(const rtrs_addr &addr)
{
	char buf[RTRS_ADDR_TEXT_MAX];

	if (addr.family == RTRS_ADDR_NONE)
		return "";
	return std::string(buf, rtrs_addr_format(&addr, buf, sizeof(buf)));
}

std::string addr_short(const rtrs_addr &addr)
{
	const std::string text = addr_text(addr);

	return text.rfind("ip:", 0) == 0 ? text.substr(3) : text;
}

std::string pair_text(const rtrs_addr_pair &pair)
{
	char buf[RTRS_PAIR_TEXT_MAX];

	return std::string(buf, rtrs_pair_format(&pair, buf, sizeof(buf)));
}

Heartbeat merged(const Heartbeat &heartbeat, const Heartbeat &change)
{
	return {change.idle_ms ? change.idle_ms : heartbeat.idle_ms,
		change.busy_ms ? change.busy_ms : heartbeat.busy_ms,
		change.missed_max ? change.missed_max : heartbeat.missed_max};
}

size_t paths_up(const Session &session)
{
	return static_cast<size_t>(std::count_if(session.paths.begin(), session.paths.end(),
		[](const Path &path) { return path.state == CONNECTED; }));
}

std::string session_state(const Session &session)
{
	const size_t up = paths_up(session);

	if (up == 0)
		return session.state == CONNECTED || session.state.empty() ? DEV_DISCONNECTED : session.state;
	return up < session.paths.size() ? "degraded" : CONNECTED;
}

std::string device_pair(const Device &device)
{
	return device.remote_path + "@" + device.session;
}

std::string device_node(const Device &device)
{
	return device.disk.empty() ? "" : "/dev/" + device.disk;
}

std::optional<uint64_t> generation_of(const Snapshot &snapshot)
{
	std::optional<uint64_t> sum;

	for (const Side *side : {&snapshot.client, &snapshot.server})
		for (const Module &module : side->modules)
			if (module.generation)
				sum = sum.value_or(0) + *module.generation;
	return sum;
}

} // namespace ctl
