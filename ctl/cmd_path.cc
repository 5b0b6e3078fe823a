/* SPDX-License-Identifier: GPL-2.0-or-later */
/* path add, delete, reconnect, disconnect; session reconnect and disconnect, which do it to all paths of one. */
#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "ctl/address.h"
#include "ctl/cli.h"
#include "ctl/each.h"
#include "ctl/errors.h"
#include "ctl/path_watch.h"
#include "ctl/plan.h"
#include "ctl/select.h"
#include "ctl/session_paths.h"
#include "ctl/wait.h"

namespace ctl {

namespace {

/* Time for the kernel to take back what was given up. */
const std::chrono::seconds CANCEL_LIMIT{10};

Result<Snapshot> ready_state(Context &context)
{
	Result<Snapshot> snapshot = read_state(context);

	if (!snapshot)
		return snapshot;
	catch_signals();
	Result<void> subscribed = context.kernel->subscribe();
	if (!subscribed)
		return subscribed.error();
	return snapshot;
}

/* ---- add ---- */

Result<rtrs_addr_pair> take_pair(const std::string &word)
{
	Result<PathSpec> spec = parse_path(word);

	if (!spec)
		return spec.error();
	if (spec->port)
		return make_error("RNBD-U03", in_quotes(word) + ": a path uses the port of its session");
	return spec->pair;
}

Done there_already(const Path &path, Done done, std::vector<std::string> &notes)
{
	done.object = path;
	notes.push_back("path " + path.name + " of " + path.session + " is there already" +
			(path.state == CONNECTED ? "" : ", but " + path.state +
			 (path.fault.any() ? ": " + fault_text(path.fault) : "")));
	return done;
}

/* What was begun is not left behind. */
void take_back(Context &context, const Path &path, Error &error)
{
	forget_interrupt();
	PathWatch watch(context, Clock::now() + CANCEL_LIMIT);
	watch.add(path);
	Result<void> asked = context.kernel->remove_path(path, Clock::now() + CANCEL_LIMIT);
	if (asked)
		asked = watch.until_removed(path);
	error.message += asked || asked.error().err == ENOENT ? "; the path was taken back" :
			 "; and it could not be taken back: " + asked.error().message;
}

Result<Path> follow_new(Context &context, const Path &path, Deadline deadline)
{
	PathWatch watch(context, deadline);

	watch.add(path);
	Result<Path> up = watch.until_connected(path);
	if (!up && up.error().id != "RNBD-D03")
		take_back(context, path, up.error());
	return up;
}

Result<Done> add_one(Context &context, const Session &session, const std::string &word,
		     std::vector<std::string> &notes)
{
	const Deadline deadline = deadline_of(context.opt);
	Result<rtrs_addr_pair> pair = take_pair(word);
	Done done;

	if (!pair)
		return pair.error();
	done.target = escaped(word);
	std::optional<Path> there = path_for(session, *pair);
	if (there)
		return there_already(*there, std::move(done), notes);
	Result<Path> path = context.kernel->add_path(session, *pair, deadline);
	if (!path && path.error().err == EEXIST) {
		/* Somebody was faster. */
		Result<Snapshot> now = context.kernel->snapshot();
		Result<Session> again = now ? find_session(*now, unescaped(session.name)) : Result<Session>(now.error());

		there = again ? path_for(*again, *pair) : std::nullopt;
		if (there)
			return there_already(*there, std::move(done), notes);
	}
	if (!path)
		return path.error();
	done.changed = true;
	done.object = *path;
	if (context.opt.no_wait || !context.kernel->has_events())
		return done;
	Result<Path> up = follow_new(context, *path, deadline);
	if (!up)
		return up.error();
	done.object = *up;
	return done;
}

/* ---- orders to paths that are there ---- */

Error server_path(const Path &path, const char *verb)
{
	return make_error("RNBD-U05", fmt::format("path {} comes from client {}: only it can {} the path", path.name,
						  path.session, verb), EINVAL);
}

Error busy(const Path &path)
{
	return make_error("RNBD-D10", fmt::format("path {} of {} is {}", path.name, path.session, path.state), EBUSY);
}

bool vanished(const Error &error)
{
	return error.err == ENOENT || error.err == ENODEV;
}

/* The order, and for one that is connecting anyway only the wish to wait for it. */
Result<void> order_reconnect(Context &context, const Path &path, Deadline deadline)
{
	Result<void> asked = context.kernel->reconnect_path(path, deadline);

	if (asked || asked.error().err != EBUSY)
		return asked;
	return path.state == "connecting" && context.kernel->has_events() ? Result<void>() : Result<void>(busy(path));
}

Result<Done> reconnect_one(Context &context, const Path &path, Done done)
{
	const Deadline deadline = deadline_of(context.opt);
	PathWatch watch(context, deadline);

	if (path.on_server)
		return server_path(path, "reconnect");
	watch.add(path);
	Result<void> asked = order_reconnect(context, path, deadline);
	if (!asked)
		return asked.error();
	done.changed = true;
	done.object = path;
	if (context.opt.no_wait)
		return done;
	Result<Path> up = watch.until_connected(path);
	if (!up)
		return up.error();
	done.object = *up;
	return done;
}

Result<Done> disconnect_one(Context &context, const Path &path, Done done)
{
	const Deadline deadline = deadline_of(context.opt);
	PathWatch watch(context, deadline);

	done.object = path;
	if (path.state == CLOSED)
		return done;
	watch.add(path);
	Result<void> asked = context.kernel->disconnect_path(path, deadline);
	if (!asked && asked.error().err != EALREADY)
		return asked.error();
	done.changed = true;
	if (context.opt.no_wait)
		return done;
	Result<Path> closed = watch.until_closed(path);
	if (!closed)
		return closed.error();
	done.object = *closed;
	return done;
}

/* No other path of its session is connected. */
bool last_of(const Snapshot &snapshot, const Path &path)
{
	if (path.on_server)
		return false;
	for (const Session &session : snapshot.client.sessions)
		if (session.name == path.session)
			return paths_up(session) == (path.state == CONNECTED ? 1 : 0);
	return false;
}

Result<Done> delete_one(Context &context, const Path &path, Done done)
{
	const Deadline deadline = deadline_of(context.opt);
	PathWatch watch(context, deadline);

	if (path.on_server)
		return server_path(path, "delete");
	Path last = path;
	last.state = "deleted";
	done.object = last;
	watch.add(path);
	Result<void> asked = context.kernel->remove_path(path, deadline);
	if (!asked && vanished(asked.error()))
		return done;
	if (!asked && asked.error().err != EALREADY)
		return asked.error();
	done.changed = true;
	if (context.opt.no_wait)
		return done;
	Result<void> gone = watch.until_removed(path);
	if (!gone) {
		gone.error().message += "; the kernel goes on with it";
		return gone.error();
	}
	return done;
}

using PathVerb = Result<Done> (*)(Context &context, const Path &path, Done done);

/* `path delete` of a path that is said precisely and is not there: that is what was wanted. */
bool gone_already(const Result<Path> &path, const std::string &verb, const std::string &word,
		  std::vector<std::string> &notes)
{
	if (path || path.error().exit != EXIT_NOT_FOUND || verb != "delete" || !is_path_name(word))
		return false;
	notes.push_back(escaped(word) + " is not there");
	return true;
}

Result<Outcome> plan_paths(Context &context, const std::string &verb)
{
	std::vector<Step> steps;
	std::vector<std::string> notes;
	Result<Snapshot> snapshot = read_state(context);

	if (!snapshot)
		return snapshot.error();
	for (const std::string &word : context.opt.words) {
		Result<Path> path = find_path(*snapshot, word);

		if (gone_already(path, verb, word, notes))
			continue;
		if (!path)
			return path.error();
		steps.push_back(plan_path(context.env, *path, verb == "delete" ? "del" : verb));
	}
	Outcome outcome = planned(context, verb, steps);
	outcome.notes = notes;
	return outcome;
}

Result<Outcome> run_paths(Context &context, const std::string &verb, PathVerb one)
{
	if (context.opt.words.empty())
		return make_error("RNBD-U01", "path " + verb + " needs the name of a path");
	if (context.opt.dry_run)
		return plan_paths(context, verb);
	Result<Snapshot> ready = ready_state(context);
	if (!ready)
		return ready.error();
	return for_each_word(context, verb, context.opt.words,
		[&](const std::string &word, std::vector<std::string> &notes) -> Result<Done> {
			/* Anew for each: a session may have lost a path to the word before. */
			Result<Snapshot> now = context.kernel->snapshot();
			Result<Path> path = now ? find_path(*now, word) : Result<Path>(now.error());
			Done done;

			done.target = escaped(word);
			if (gone_already(path, verb, word, notes))
				return done;
			if (!path)
				return path.error();
			Result<Done> result = one(context, *path, done);
			if (result && result->changed && one != reconnect_one && last_of(*now, *path))
				notes.push_back(fmt::format("{} has no connected path now: its devices wait for one",
							    path->session));
			return result;
		});
}

/* ---- all paths of a session ---- */

/* The first failure, as the error of the session. */
Result<void> finish(PathWatch &watch, const std::vector<Path> &paths, bool connect)
{
	Result<void> first;

	for (const Path &path : paths) {
		Result<Path> end = connect ? watch.until_connected(path) : watch.until_closed(path);

		if (!end && first)
			first = end.error();
	}
	return first;
}

/*
 * Paths that are down connect side by side; then those that are up, one by
 * one, so that I/O always has the others. That needs waiting even where nobody
 * wants to wait for the end: only the last order is left alone then.
 */
Result<void> reconnect_all(Context &context, const Session &session, Deadline deadline)
{
	std::vector<Path> down, up;
	PathWatch watch(context, deadline);
	Result<void> first;

	for (const Path &path : session.paths)
		(path.state == CONNECTED ? up : down).push_back(path);
	for (const Path &path : down) {
		watch.add(path);
		Result<void> asked = order_reconnect(context, path, deadline);

		if (!asked)
			return asked;
	}
	if (!context.opt.no_wait || !up.empty())
		first = finish(watch, down, true);
	if (interrupted())
		return first;
	/* Waited for only to spare the others: whether they came is not asked. */
	if (context.opt.no_wait)
		first = Result<void>();
	for (size_t i = 0; i < up.size(); i++) {
		watch.add(up[i]);
		Result<void> asked = order_reconnect(context, up[i], deadline);

		if (asked && !(context.opt.no_wait && i + 1 == up.size()))
			asked = finish(watch, {up[i]}, true);
		if (!asked)
			return asked;
	}
	return first;
}

Result<void> disconnect_all(Context &context, const Session &session, Deadline deadline)
{
	PathWatch watch(context, deadline);

	for (const Path &path : session.paths) {
		watch.add(path);
		Result<void> asked = path.state == CLOSED ? Result<void>() : context.kernel->disconnect_path(path, deadline);

		if (!asked && asked.error().err != EALREADY)
			return asked;
	}
	return context.opt.no_wait ? Result<void>() : finish(watch, session.paths, false);
}

using SessionVerb = Result<void> (*)(Context &context, const Session &session, Deadline deadline);

bool all_closed(const Session &session)
{
	return std::all_of(session.paths.begin(), session.paths.end(),
		[](const Path &path) { return path.state == CLOSED; });
}

Result<Done> session_one(Context &context, const std::string &word, SessionVerb verb)
{
	Result<Snapshot> now = context.kernel->snapshot();
	Result<Session> session = now ? find_session(*now, word) : Result<Session>(now.error());
	Done done;

	if (!session)
		return session.error();
	done.target = escaped(word);
	done.changed = verb == reconnect_all ? !session->paths.empty() : !all_closed(*session);
	Result<void> ended = verb(context, *session, deadline_of(context.opt));
	if (!ended)
		return ended.error();
	now = context.kernel->snapshot();
	if (!now)
		return now.error();
	done.object = *session;
	for (const Session &after : now->client.sessions)
		if (after.name == session->name)
			done.object = after;
	return done;
}

Result<Outcome> run_sessions(Context &context, const std::string &verb, SessionVerb one)
{
	if (context.opt.words.empty())
		return make_error("RNBD-U01", "session " + verb + " needs the name of a session");
	Result<Snapshot> ready = ready_state(context);
	if (!ready)
		return ready.error();
	if (context.opt.dry_run) {
		std::vector<Step> steps;

		for (const std::string &word : context.opt.words) {
			Result<Session> session = find_session(*ready, word);

			if (!session)
				return session.error();
			for (const Path &path : session->paths)
				steps.push_back(plan_path(context.env, path, verb));
		}
		return planned(context, verb, steps);
	}
	return for_each_word(context, verb, context.opt.words,
		[&](const std::string &word, std::vector<std::string> &notes) {
			Result<Done> done = session_one(context, word, one);

			if (done && done->changed && one == disconnect_all)
				notes.push_back(escaped(word) + " has no connected path now: its devices wait for one");
			return done;
		});
}

} // namespace

Result<Outcome> run_path_add(Context &context)
{
	const std::vector<std::string> &words = context.opt.words;

	if (words.size() < 2)
		return make_error("RNBD-U01", "write: rnbdctl path add SESSION [SRC@]DST...");
	for (size_t i = 1; i < words.size(); i++) {
		Result<rtrs_addr_pair> pair = take_pair(words[i]);

		if (!pair)
			return pair.error();
	}
	Result<Snapshot> snapshot = ready_state(context);
	Result<Session> session = snapshot ? find_session(*snapshot, words[0]) : Result<Session>(snapshot.error());
	if (!session)
		return session.error();
	if (!context.opt.dry_run)
		return for_each_word(context, "add", {words.begin() + 1, words.end()},
			[&](const std::string &word, std::vector<std::string> &notes) {
				return add_one(context, *session, word, notes);
			});
	std::vector<Step> steps;
	for (size_t i = 1; i < words.size(); i++)
		steps.push_back(plan_add_path(context.env, *session, *take_pair(words[i])));
	return planned(context, "add", steps);
}

Result<Outcome> run_path_delete(Context &context)
{
	return run_paths(context, "delete", delete_one);
}

Result<Outcome> run_path_reconnect(Context &context)
{
	return run_paths(context, "reconnect", reconnect_one);
}

Result<Outcome> run_path_disconnect(Context &context)
{
	return run_paths(context, "disconnect", disconnect_one);
}

Result<Outcome> run_session_reconnect(Context &context)
{
	return run_sessions(context, "reconnect", reconnect_all);
}

Result<Outcome> run_session_disconnect(Context &context)
{
	return run_sessions(context, "disconnect", disconnect_all);
}

} // namespace ctl
