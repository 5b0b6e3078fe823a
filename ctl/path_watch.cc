/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/path_watch.h"

#include <cerrno>
#include <set>

#include <fmt/format.h>

#include "ctl/errors.h"
#include "ctl/wait.h"

namespace ctl {

namespace {

/* Attempts that have failed; the one under way is none of them yet. */
uint32_t failed_attempts(const Path &path)
{
	const uint32_t begun = path.attempt.value_or(0);

	return path.state == "connecting" && begun > 0 ? begun - 1 : begun;
}

std::string named(const Path &path)
{
	return "path " + path.name + " of " + path.session;
}

Error gone(const Path &path)
{
	return make_error("RNBD-D03", named(path) + " was deleted meanwhile", ENODEV);
}

std::vector<Path> paths_of(const Snapshot &snapshot)
{
	std::vector<Path> paths;

	for (const Side *side : {&snapshot.client, &snapshot.server})
		for (const Session &session : side->sessions)
			paths.insert(paths.end(), session.paths.begin(), session.paths.end());
	return paths;
}

} // namespace

PathWatch::PathWatch(Context &context, Deadline deadline) : context_(context), deadline_(deadline), progress_(context)
{
}

void PathWatch::add(const Path &path)
{
	Seen &seen = seen_[key(path)];

	seen.path = path;
	seen.failed_before = failed_attempts(path);
	/* A server that has not noticed yet what was dropped refuses once. */
	seen.allowed = path.state == CONNECTED ? 1 : 0;
}

/*
 * The server still takes down what this address left behind, and lets the path in at a next attempt. How often it may
 * say so is the kernel's to know, which counts no attempt as failed until then.
 */
bool PathWatch::busy_for_now(const Seen &seen)
{
	return seen.path.fault.remote && seen.path.fault.err == EBUSY &&
	       failed_attempts(seen.path) <= seen.failed_before;
}

void PathWatch::take(const Path &path)
{
	const std::map<Key, Seen>::iterator found = seen_.find(key(path));

	if (found == seen_.end())
		return;
	Seen &seen = found->second;
	const std::string session = seen.path.session;
	seen.path = path;
	seen.path.session = session;
	seen.changed = true;
	if (path.state != WAITING)
		return;
	if (!busy_for_now(seen))
		seen.failures++;
	seen.failed_before = failed_attempts(path);
}

/* Events were lost: the state itself tells what they would have told. */
Result<void> PathWatch::reread()
{
	Result<Snapshot> snapshot = context_.kernel->snapshot();
	std::set<Key> there;

	if (!snapshot)
		return snapshot.error();
	for (const Path &path : paths_of(*snapshot)) {
		there.insert(key(path));
		take(path);
	}
	for (std::pair<const Key, Seen> &entry : seen_)
		if (there.count(entry.first) == 0)
			entry.second.removed = true;
	return {};
}

Result<void> PathWatch::step(const Seen &waiting, const std::string &what)
{
	progress_.say(what + (waiting.changed && waiting.path.fault.any() ? ": " + fault_text(waiting.path.fault) : ""));
	Result<std::optional<Event>> got = context_.kernel->next_event(deadline_);
	if (!got && got.error().id == "RNBD-W02")
		return interrupted_error(what);
	if (!got)
		return got.error();
	if (!got->has_value())
		return make_error("RNBD-W01", fmt::format("{} took longer than {:g} s{}", what, context_.opt.wait_s,
			waiting.path.fault.any() ? "; last: " + fault_text(waiting.path.fault) : ""), ETIMEDOUT);
	const Event &event = **got;
	if (event.what == Event::What::lost)
		return reread();
	if (event.what != Event::What::path)
		return {};
	const std::map<Key, Seen>::iterator found = seen_.find(key(event.path));
	/* That it is there was known; so far nothing has become of it. */
	if (event.how == Event::How::added || found == seen_.end())
		return {};
	take(event.path);
	found->second.removed = event.how == Event::How::removed;
	return {};
}

Result<Path> PathWatch::read_now(const Path &path)
{
	Result<Snapshot> snapshot = context_.kernel->snapshot();

	if (!snapshot)
		return snapshot.error();
	for (const Path &now : paths_of(*snapshot))
		if (now.on_server == path.on_server && now.session == path.session && now.name == path.name)
			return now;
	return gone(path);
}

Result<Path> PathWatch::until_connected(const Path &path)
{
	const std::string what = "connecting " + named(path);

	if (!context_.kernel->has_events())
		return read_now(path);
	for (;;) {
		const Seen &seen = seen_[key(path)];

		if (seen.removed)
			return gone(seen.path);
		if (seen.changed && seen.path.state == CONNECTED)
			return seen.path;
		/* A closed path without a reason has not been tried yet. */
		if (seen.changed && ((seen.path.state == CLOSED && seen.path.fault.any()) ||
				     seen.failures > seen.allowed)) {
			Error error = fault_error("cannot connect " + named(seen.path), seen.path.fault);

			error.hint = filled(error.hint, "PATH", seen.path.name);
			return error;
		}
		Result<void> stepped = step(seen, what);
		if (!stepped)
			return stepped.error();
	}
}

Result<Path> PathWatch::until_closed(const Path &path)
{
	while (context_.kernel->has_events()) {
		const Seen &seen = seen_[key(path)];

		if (seen.removed || seen.path.state == CLOSED)
			return seen.path;
		Result<void> stepped = step(seen, "closing " + named(path));
		if (!stepped)
			return stepped.error();
	}
	Path closed = path;
	closed.state = CLOSED;
	return closed;
}

Result<void> PathWatch::until_removed(const Path &path)
{
	while (context_.kernel->has_events() && !seen_[key(path)].removed) {
		Result<void> stepped = step(seen_[key(path)], "deleting " + named(path));

		if (!stepped)
			return stepped.error();
	}
	return {};
}

} // namespace ctl
