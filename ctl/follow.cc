/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/follow.h"

#include <cerrno>

#include <fmt/format.h>

#include "ctl/errors.h"
#include "ctl/wait.h"

namespace ctl {

Progress::Progress(const Context &context)
	: err_(context.err), in_place_(context.err_tty && !context.opt.quiet),
	  by_line_(!context.err_tty && context.opt.verbose && !context.opt.quiet)
{
}

Progress::~Progress()
{
	clear();
}

void Progress::say(const std::string &text)
{
	if (text == last_ || (!in_place_ && !by_line_))
		return;
	if (in_place_)
		fprintf(err_, "\r\033[K%s", text.c_str());
	else
		fprintf(err_, "rnbdctl: %s\n", text.c_str());
	fflush(err_);
	last_ = text;
}

void Progress::clear()
{
	if (in_place_ && !last_.empty()) {
		fputs("\r\033[K", err_);
		fflush(err_);
	}
	last_.clear();
}

Deadline deadline_of(const Options &options)
{
	return Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options.wait_s));
}

Follow::Follow(Context &context, const Device &device, Deadline deadline)
	: context_(context), device_(device), deadline_(deadline), progress_(context)
{
}

/* Events tell only changes: a session that was there before sends none. */
void Follow::learn_session()
{
	Result<Snapshot> snapshot = context_.kernel->snapshot();

	if (!snapshot)
		return;
	for (const Session &session : snapshot->client.sessions) {
		if (session.name != device_.session)
			continue;
		session_id_ = session.id;
		for (const Path &path : session.paths)
			paths_[path.id.value_or(0)] = path;
	}
}

std::vector<Path> Follow::own_paths() const
{
	std::vector<Path> own;

	for (const std::pair<const uint32_t, Path> &entry : paths_)
		if (session_id_ && entry.second.session_id == session_id_)
			own.push_back(entry.second);
	return own;
}

void Follow::tell()
{
	const std::vector<Path> paths = own_paths();

	for (size_t i = 0; i < paths.size(); i++) {
		if (paths[i].state == CONNECTED)
			continue;
		progress_.say(fmt::format("connecting path {} of {}: {}{}", i + 1, paths.size(), paths[i].name,
			paths[i].fault.any() ? ", " + fault_text(paths[i].fault) : ""));
		return;
	}
	if (paths.empty())
		progress_.say(fmt::format("connecting session {}", device_.session));
	else
		progress_.say(fmt::format("session {} connected, opening {}", device_.session, device_.remote_path));
}

Error Follow::late(const std::string &what) const
{
	std::string last;

	if (device_.fault.any())
		last = "; last: " + fault_text(device_.fault);
	for (const Path &path : own_paths())
		if (path.state != CONNECTED && path.fault.any())
			last = "; last: path " + path.name + ": " + fault_text(path.fault);
	return make_error("RNBD-W01", fmt::format("{} took longer than {:g} s{}", what, context_.opt.wait_s, last),
			  ETIMEDOUT);
}

Error Follow::refused(const std::string &what) const
{
	Error error = open_error(what, device_.remote_path, device_.session, device_.fault);

	error.hint = filled(error.hint, "DEV", device_.disk);
	return error;
}

/* Events were lost: the state itself tells what they would have told. */
Result<Follow::Seen> Follow::reread()
{
	Result<Snapshot> snapshot = context_.kernel->snapshot();

	if (!snapshot)
		return snapshot.error();
	paths_.clear();
	learn_session();
	for (const Device &device : snapshot->devices)
		if (device.id == device_.id) {
			device_ = device;
			return Seen::changed;
		}
	if (!device_.fault.any())
		device_.fault.text = "the event that said why was lost";
	return Seen::removed;
}

Result<Follow::Seen> Follow::step(const std::string &what)
{
	Result<std::optional<Event>> got = context_.kernel->next_event(deadline_);

	if (!got && got.error().id == "RNBD-W02")
		return interrupted_error(what);
	if (!got)
		return got.error();
	if (!got->has_value())
		return late(what);
	const Event &event = **got;
	if (event.what == Event::What::lost)
		return reread();
	if (event.what == Event::What::session && event.session.name == device_.session)
		session_id_ = event.session.id;
	if (event.what == Event::What::path && event.how == Event::How::removed)
		paths_.erase(event.path.id.value_or(0));
	else if (event.what == Event::What::path && event.path.id)
		paths_[*event.path.id] = event.path;
	if (event.what != Event::What::device || event.device.id != device_.id)
		return Seen::nothing;
	device_ = event.device;
	return event.how == Event::How::removed ? Seen::removed : Seen::changed;
}

Result<Device> Follow::until_mapped()
{
	const std::string what = "mapping " + in_quotes(device_.remote_path) + " from " + device_.session;
	const std::string failed = "cannot map " + in_quotes(device_.remote_path) + " from " + device_.session;

	learn_session();
	/* A back end without events gave the final state already. */
	while (context_.kernel->has_events() && device_.state != DEV_MAPPED) {
		tell();
		Result<Seen> seen = step(what);

		if (!seen)
			return seen.error();
		if (*seen == Seen::removed)
			return refused(failed);
	}
	progress_.say("waiting for " + device_node(device_));
	Result<void> there = wait_node(context_.env.dev, device_.disk, deadline_);
	if (!there)
		return there.error();
	return device_;
}

Result<Device> Follow::until_remapped()
{
	const std::string what = "remapping " + device_pair(device_);

	/* Without events the store has waited: success is the mapped state. */
	if (!context_.kernel->has_events())
		device_.state = DEV_MAPPED;
	while (device_.state != DEV_MAPPED) {
		progress_.say("opening " + device_.remote_path + " again");
		Result<Seen> seen = step(what);

		if (!seen)
			return seen.error();
		if (*seen == Seen::removed ||
		    (*seen == Seen::changed && device_.state != DEV_MAPPED && device_.fault.any()))
			return refused("cannot remap " + device_pair(device_));
	}
	return device_;
}

Result<void> Follow::until_removed()
{
	const std::string what = "unmapping " + device_pair(device_);

	while (context_.kernel->has_events()) {
		progress_.say(what);
		Result<Seen> seen = step(what);

		if (!seen)
			return seen.error();
		if (*seen == Seen::removed)
			return {};
	}
	return {};
}

} // namespace ctl
