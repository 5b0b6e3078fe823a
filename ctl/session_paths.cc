/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel compares in the same way (kernel/rtrs/pure/path_match.c); here it can be said with names and numbers. */
#include "ctl/session_paths.h"

#include <cerrno>

#include <fmt/format.h>

#include "ctl/address.h"
#include "ctl/errors.h"
#include "ctl/wait.h"
#include "kernel/rtrs/pure/path_match.h"

namespace ctl {

namespace {

/* Time for the kernel to take back what was given up. */
const std::chrono::seconds CANCEL_LIMIT{10};

/* The name has the addresses, too, should their files not be readable. */
rtrs_addr_pair pair_of(const Path &path)
{
	if (path.dst.addr.family == RTRS_ADDR_NONE)
		return literal_pair(unescaped(path.name)).value_or(rtrs_addr_pair{});
	return {path.src.addr, path.dst.addr};
}

void name(std::string &list, const std::string &word)
{
	if (list.find(word) == std::string::npos)
		list += (list.empty() ? "" : ", ") + word;
}

Error other_server(const Session &session, const std::string &message)
{
	Error error = make_error("RNBD-D12", message, ENOTUNIQ);

	error.hint = filled(error.hint, "SESSION", session.name);
	return error;
}

Error other_addresses(const Session &session, const MapRequest &request)
{
	std::string given, there;

	for (const rtrs_addr_pair &pair : request.paths)
		name(given, addr_text(pair.dst));
	for (const Path &path : session.paths)
		name(there, addr_text(pair_of(path).dst));
	if (there.empty())
		return other_server(session, fmt::format("session \"{}\" has no path that tells whether it is one to {}",
							 session.name, given));
	return other_server(session, fmt::format("session \"{}\" has no path to {}: it is one to {}", session.name, given,
						 there));
}

/* One port for all paths; absent: not shown. */
std::optional<uint16_t> port_of(const Session &session)
{
	for (const Path &path : session.paths)
		if (path.dst.port)
			return path.dst.port;
	return std::nullopt;
}

Result<void> fit_port(const Kernel &kernel, const Session &session, uint16_t port, PathFit &fit)
{
	const std::optional<uint16_t> used = port_of(session);

	if (used && *used != port)
		return other_server(session, fmt::format("session \"{}\" uses port {}, not {}", session.name, *used, port));
	if (!used && kernel.decides_server())
		fit.kernel_decides = true;
	else if (!used)
		fit.notes.push_back("the port of session " + session.name + " is not shown and was not compared");
	return {};
}

} // namespace

std::optional<Path> path_for(const Session &session, const rtrs_addr_pair &pair)
{
	for (const Path &path : session.paths) {
		const rtrs_addr_pair there = pair_of(path);

		if (rtrs_pair_covers(&there, &pair))
			return path;
	}
	return std::nullopt;
}

Result<PathFit> fit_paths(const Kernel &kernel, const Session &session, const MapRequest &request)
{
	const u32 count = static_cast<u32>(request.paths.size());
	rtrs_path_match match;
	PathFit fit;

	if (request.port) {
		Result<void> port = fit_port(kernel, session, *request.port, fit);

		if (!port)
			return port.error();
	}
	rtrs_match_begin(&match, count);
	for (const Path &path : session.paths) {
		const rtrs_addr_pair there = pair_of(path);

		rtrs_match_path(&match, &there, request.paths.data(), count);
	}
	if (count && !match.same_server) {
		if (!kernel.decides_server())
			return other_addresses(session, request);
		fit.kernel_decides = true;
	}
	for (u32 i = 0; i < count; i++)
		if (match.missing >> i & 1)
			fit.missing.push_back(request.paths[i]);
	return fit;
}

Result<void> add_paths(Context &context, const Session &session, const std::vector<rtrs_addr_pair> &pairs,
		       Deadline deadline, std::vector<Path> &added)
{
	for (const rtrs_addr_pair &pair : pairs) {
		Result<Path> path = context.kernel->add_path(session, pair, deadline);

		/* named twice, or somebody was faster */
		if (!path && path.error().err == EEXIST)
			continue;
		if (!path)
			return path.error();
		added.push_back(*path);
	}
	return {};
}

void take_back_paths(Context &context, const std::vector<Path> &added, Error &error)
{
	if (!added.empty())
		forget_interrupt();
	for (const Path &path : added) {
		Result<void> gone = context.kernel->remove_path(path, Clock::now() + CANCEL_LIMIT);

		error.message += fmt::format("; path {}, which it had added, ", path.name);
		error.message += gone || gone.error().err == ENOENT ? "was taken back" :
				 "could not be taken back: " + gone.error().message;
	}
}

} // namespace ctl
