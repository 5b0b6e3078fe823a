/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/problems.h"

#include <algorithm>

#include "ctl/errors.h"

namespace ctl {

static Problem from_fault(const char *kind, const std::string &session, const std::string &name,
			  const Fault &fault, const char *id_without_fault)
{
	const ErrorKind &row = fault.any() ? fault_kind(fault) : error_kind(id_without_fault);
	Problem problem;

	problem.id = row.id;
	problem.code = row.code;
	problem.side = "client";
	problem.kind = kind;
	problem.name = name;
	problem.session = session;
	problem.cause = fault.any() ? fault_text(fault) : "no reason given";
	problem.action = row.hint;
	return problem;
}

/* The hint, with the name of the device whose link is meant. */
static void name_link(Problem &problem, const std::string &hca)
{
	const std::string link = "the link";
	const size_t at = problem.action.find(link);

	if (at != std::string::npos && !hca.empty())
		problem.action.insert(at + link.size(), " of " + hca);
}

/* A path that was given up stays closed until somebody says otherwise. */
static void name_way_back(Problem &problem)
{
	const std::string way = "then `rnbdctl path reconnect PATH`";
	const size_t promise = problem.action.find("the path reconnects by itself");

	if (promise != std::string::npos)
		problem.action.replace(promise, std::string::npos, way);
	else if (problem.action.find("path reconnect") == std::string::npos)
		problem.action += "; " + way;
}

static Problem path_problem(const Session &session, const Path &path)
{
	Problem problem = from_fault("path", session.name, path.name, path.fault, "RNBD-P24");

	name_link(problem, path.hca);
	if (path.state == CLOSED && path.fault.any())
		name_way_back(problem);
	problem.action = filled(problem.action, "PATH", path.name);
	return problem;
}

static Problem no_paths(const Session &session)
{
	Problem problem = from_fault("session", session.name, session.name, Fault(), "RNBD-P25");

	problem.cause = "its last path was deleted";
	problem.action = filled(problem.action, "SESSION", session.name);
	return problem;
}

static Problem device_problem(const Device &device)
{
	Problem problem = from_fault("device", device.session, device_pair(device), device.fault, "RNBD-D07");

	problem.action = filled(problem.action, "DEV", device.disk);
	return problem;
}

static Problem loss_problem(const Device &device)
{
	Problem problem = from_fault("device", device.session, device_pair(device), Fault(), "RNBD-D11");

	problem.cause = "the server started anew; writes that were not flushed may be lost; "
			"flushes fail until the disk is closed by all its users";
	return problem;
}

/* A first attempt under way is no problem. */
static bool path_in_trouble(const Path &path)
{
	if (path.state == CONNECTED)
		return false;
	return path.state != "connecting" || path.fault.any() || path.attempt.value_or(0) > 1;
}

static bool session_is_up(const Snapshot &snapshot, const std::string &name)
{
	return std::any_of(snapshot.client.sessions.begin(), snapshot.client.sessions.end(),
		[&name](const Session &session) { return session.name == name && paths_up(session) > 0; });
}

std::vector<Problem> find_problems(const Snapshot &snapshot)
{
	std::vector<Problem> problems;

	for (const Session &session : snapshot.client.sessions) {
		if (session.paths.empty())
			problems.push_back(no_paths(session));
		for (const Path &path : session.paths)
			if (path_in_trouble(path))
				problems.push_back(path_problem(session, path));
	}
	for (const Device &device : snapshot.devices) {
		/* With the whole session down, the paths tell why. */
		if (device.state == DEV_DISCONNECTED && session_is_up(snapshot, device.session))
			problems.push_back(device_problem(device));
		if (device.lost_writes.value_or(false))
			problems.push_back(loss_problem(device));
	}
	const bool serving = std::any_of(snapshot.server.modules.begin(), snapshot.server.modules.end(),
		[](const Module &module) { return module.name == "rnbd-server"; });
	if (serving && !snapshot.search_path) {
		Problem problem = from_fault("server", "", "rnbd-server", Fault(), "RNBD-M04");

		problem.side = "server";
		problem.cause = "no search path was given, so every open is refused";
		problems.push_back(std::move(problem));
	}
	return problems;
}

std::vector<Problem> problems_of(const std::vector<Problem> &problems, const std::string &kind,
				 const std::string &session, const std::string &name)
{
	std::vector<Problem> found;

	for (const Problem &problem : problems)
		if (problem.kind == kind && problem.session == session && problem.name == name)
			found.push_back(problem);
	return found;
}

} // namespace ctl
