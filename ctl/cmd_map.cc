/* SPDX-License-Identifier: GPL-2.0-or-later */
/* map: words to a request, request to a device that is there. */
#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "ctl/address.h"
#include "ctl/cli.h"
#include "ctl/errors.h"
#include "ctl/follow.h"
#include "ctl/plan.h"
#include "ctl/session_paths.h"
#include "ctl/wait.h"
#include "kernel/rnbd/pure/map_options.h"
#include "kernel/rtrs/pure/handshake.h"

namespace ctl {

namespace {

/* Time for the kernel to take back what was given up. */
const std::chrono::seconds CANCEL_LIMIT{10};

Error map_usage(const std::string &why)
{
	return make_error("RNBD-U01", why + "; write: rnbdctl map DEVICE from SERVER [--path [SRC@]DST]... [ro|rw|migration]");
}

Result<void> take_words(const std::vector<std::string> &words, MapRequest &request)
{
	const std::vector<std::string> modes = {"ro", "rw", "migration"};

	if (words.size() < 3 || words[1] != "from")
		return map_usage(words.size() > 1 && words[1] != "from" ?
			"the second word must be `from`, not " + in_quotes(words[1]) : "too few words");
	request.device = words[0];
	request.session = words[2];
	if (words.size() > 4)
		return map_usage(in_quotes(words[4]) + " is one word too many");
	if (words.size() == 4) {
		request.access = words[3];
		if (std::find(modes.begin(), modes.end(), words[3]) == modes.end())
			return map_usage(in_quotes(words[3]) + " is no access mode" + did_you_mean(words[3], modes));
	}
	return {};
}

Result<void> take_paths(const Options &options, MapRequest &request)
{
	if (options.port)
		request.port = static_cast<uint16_t>(options.port);
	for (const std::string &text : options.paths) {
		Result<PathSpec> spec = parse_path(text);

		if (!spec)
			return spec.error();
		if (spec->port && request.port && *spec->port != *request.port)
			return make_error("RNBD-U03", fmt::format("all paths of a session use one port, not both {} and {}",
				*request.port, *spec->port));
		if (spec->port)
			request.port = spec->port;
		request.paths.push_back(spec->pair);
	}
	return {};
}

Result<void> check_label(const char *option, const std::string &label)
{
	const bool printable = std::all_of(label.begin(), label.end(),
		[](char c) { return c > 0x20 && c < 0x7f && c != '/'; });

	if (!printable || label.size() >= RNBD_MAP_TAG_LEN)
		return make_error("RNBD-U02", fmt::format("{} {}: 1 to {} printable bytes without spaces and /", option,
			in_quotes(label), RNBD_MAP_TAG_LEN - 1));
	return {};
}

/* The kernel's own parser has the last word. */
Result<void> check_request(const MapRequest &request)
{
	const std::string words = map_device_words(request);
	rnbd_map_options options;
	rnbd_map_error why;

	if (rtrs_name_check(request.session.c_str(), request.session.size() + 1) != 0) {
		Error error = make_error("RNBD-U02", in_quotes(request.session) + " cannot be the name of a session");

		if (request.session.find('.') != std::string::npos || request.session.find(':') != std::string::npos)
			error.hint = "SERVER is a name of your choice for the session; its address goes into --path";
		return error;
	}
	if (rnbd_device_name_check(request.device.c_str(), request.device.size() + 1) != 0)
		return make_error("RNBD-U02", in_quotes(request.device) + " cannot be the name of a device");
	const int rc = rnbd_map_parse(words.data(), words.size(), 1, &options, &why);
	if (rc != 0)
		return make_error("RNBD-U05", fmt::format("{}: {}", why.text,
			in_quotes(words.substr(why.word_off, why.word_len))), -rc);
	Result<void> label = check_label("--name", request.tag);
	return label ? check_label("--owner", request.owner) : label;
}

Result<MapRequest> parse_request(const Options &options)
{
	MapRequest request;

	request.tag = options.tag;
	request.owner = options.owner;
	if (options.fast_io_fail != NOT_GIVEN)
		request.fast_io_fail = options.fast_io_fail;
	Result<void> taken = take_words(options.words, request);
	if (taken)
		taken = take_paths(options, request);
	if (taken)
		taken = check_request(request);
	if (!taken)
		return taken.error();
	return request;
}

std::optional<Device> same_device(const Snapshot &snapshot, const MapRequest &request)
{
	for (const Device &device : snapshot.devices)
		if (device.session == escaped(request.session) && device.remote_path == escaped(request.device))
			return device;
	return std::nullopt;
}

std::optional<Session> its_session(const Snapshot &snapshot, const MapRequest &request)
{
	for (const Session &session : snapshot.client.sessions)
		if (session.name == escaped(request.session))
			return session;
	return std::nullopt;
}

/* One map: what is asked for, what its session has been given for it, and what is to be said at the end. */
struct Mapping {
	MapRequest request;
	std::vector<Path> added;
	std::vector<std::string> notes;
};

Outcome mapped(const Context &context, const Mapping &mapping, const Device &device, bool changed)
{
	Done done;
	Outcome outcome;

	done.target = device_pair(device);
	done.changed = changed || !mapping.added.empty();
	done.object = device;
	done.paths_added.emplace();
	outcome.notes = mapping.notes;
	for (const Path &path : mapping.added) {
		done.paths_added->push_back(path.name);
		outcome.notes.push_back("path " + path.name + " was added to session " + device.session);
	}
	outcome.out = context.json() ? json_result("map", {done}, EXIT_OK) : text_device_line(device, context.style());
	return outcome;
}

/* What differs between the device there is and the one asked for; empty: nothing. */
std::string difference(const Device &device, const MapRequest &request)
{
	if (device.access != request.access)
		return fmt::format("with access {}, not {}", device.access, request.access);
	if (!request.tag.empty() && device.tag != escaped(request.tag))
		return device.tag.empty() ? "without a name" : "with the name " + in_quotes(device.tag);
	if (!request.owner.empty() && device.owner != escaped(request.owner))
		return device.owner.empty() ? "without an owner" : "for the owner " + in_quotes(device.owner);
	if (request.fast_io_fail && device.fast_io_fail != request.fast_io_fail)
		return device.fast_io_fail ? fmt::format("with fast I/O fail {}, not {}", *device.fast_io_fail,
			*request.fast_io_fail) : "without fast I/O fail";
	return "";
}

std::string there_text(const Device &device)
{
	return device_pair(device) + " is mapped already" + (device.disk.empty() ? "" : " as " + device_node(device));
}

/* Saying it again succeeds, saying something else does not. */
Result<void> check_same(const Device &device, const MapRequest &request)
{
	const std::string differs = difference(device, request);

	if (device.state == DEV_UNMAPPED)
		return make_error("RNBD-D06", device_pair(device) + " is being unmapped", EBUSY);
	if (!differs.empty())
		return make_error("RNBD-D02", there_text(device) + ", " + differs, EEXIST);
	return {};
}

Result<Outcome> already(Context &context, const Device &device, const Mapping &mapping)
{
	Result<void> same = check_same(device, mapping.request);

	if (!same)
		return same.error();
	if (device.state == DEV_INIT && !context.opt.no_wait) {
		/* Somebody else's mapping: waited for, never cancelled. */
		Result<Device> there = Follow(context, device, deadline_of(context.opt)).until_mapped();

		if (!there)
			return there.error();
		return mapped(context, mapping, *there, false);
	}
	Outcome outcome = mapped(context, mapping, device, false);
	if (device.state == DEV_DISCONNECTED)
		outcome.notes.push_back(there_text(device) + ", but disconnected: " + fault_text(device.fault));
	return outcome;
}

/* Takes back a mapping that was given up, so that nothing is left behind. */
void cancel(Context &context, const Device &device, Error &error)
{
	const Clock::time_point limit = Clock::now() + CANCEL_LIMIT;

	forget_interrupt();
	Result<void> gone = context.kernel->unmap(device, true, limit);
	/* EALREADY: the kernel takes it back by itself. */
	if (gone || gone.error().err == EALREADY)
		gone = Follow(context, device, limit).until_removed();
	if (gone || gone.error().id == "RNBD-D03")
		error.message += "; the mapping was taken back";
	else
		error.message += "; and it could not be taken back: " + gone.error().message;
}

bool given_up(const Error &error)
{
	return error.id == "RNBD-W01" || error.id == "RNBD-W02" || error.id == "RNBD-D08";
}

/* After a map that broke off half-way in a back end that cannot tell what it began. */
void cancel_if_there(Context &context, const MapRequest &request, Error &error)
{
	Result<Snapshot> snapshot = context.kernel->snapshot();

	if (!snapshot)
		return;
	const std::optional<Device> device = same_device(*snapshot, request);
	if (device)
		cancel(context, *device, error);
	else if (error.err != EINPROGRESS)
		error.message += "; the kernel takes the mapping back";
}

Result<Outcome> map_new(Context &context, const Mapping &mapping, Deadline deadline)
{
	const MapRequest &request = mapping.request;

	Result<Device> device = context.kernel->map(request, deadline);
	if (!device && device.error().err == EEXIST && !device.error().remote) {
		/* Somebody was faster. */
		Result<Snapshot> snapshot = context.kernel->snapshot();
		const std::optional<Device> there = snapshot ? same_device(*snapshot, request) : std::nullopt;

		if (there)
			return already(context, *there, mapping);
	}
	if (!device) {
		if (given_up(device.error()))
			cancel_if_there(context, request, device.error());
		return device.error();
	}
	if (context.opt.no_wait)
		return mapped(context, mapping, *device, true);
	Result<Device> there = Follow(context, *device, deadline).until_mapped();
	if (!there) {
		if (given_up(there.error()))
			cancel(context, *device, there.error());
		return there.error();
	}
	return mapped(context, mapping, *there, true);
}

/* First the events, then what there is: of a device that somebody else is just mapping no step is missed. */
Result<Snapshot> ready_state(Context &context)
{
	if (context.kernel && !context.opt.dry_run) {
		catch_signals();
		Result<void> subscribed = context.kernel->subscribe();

		if (!subscribed)
			return subscribed.error();
	}
	return read_state(context);
}

/* What a map meets, as a dry run tells it, too. */
struct Situation {
	std::optional<Device> there;
	std::optional<Session> session;
	PathFit fit;
};

Result<Situation> look(const Context &context, const Snapshot &snapshot, const MapRequest &request)
{
	Situation now = {same_device(snapshot, request), its_session(snapshot, request), {}};

	if (!context.kernel->has_tags() && (!request.tag.empty() || !request.owner.empty()))
		return make_error("RNBD-M02", "--name and --owner need netlink, which the loaded modules do not have");
	if (!now.there && !now.session && request.paths.empty())
		return make_error("RNBD-D05", "there is no session " + in_quotes(request.session) + " yet");
	/* Before the device: one that is mapped from another server is not the one that is wanted. */
	if (now.session) {
		Result<PathFit> fit = fit_paths(*context.kernel, *now.session, request);

		if (!fit)
			return fit.error();
		now.fit = *fit;
	}
	if (now.there) {
		Result<void> same = check_same(*now.there, request);

		if (!same)
			return same.error();
	}
	return now;
}

Outcome plan(const Context &context, const Situation &now, const MapRequest &request)
{
	std::vector<Step> steps;

	for (const rtrs_addr_pair &pair : now.fit.missing)
		steps.push_back(plan_add_path(context.env, *now.session, pair));
	if (!now.there)
		steps.push_back(plan_map(context.env, request));
	return planned(context, "map", steps);
}

Result<Outcome> map_or_find(Context &context, const Situation &now, Mapping &mapping)
{
	const Deadline deadline = deadline_of(context.opt);
	const bool ask_kernel = now.fit.kernel_decides;

	/* A map of what is mapped is refused in any case: with what the kernel thinks of the addresses. */
	if (now.there && ask_kernel) {
		Result<Device> device = context.kernel->map(mapping.request, deadline);

		if (device)
			return mapped(context, mapping, *device, true);
		if (device.error().err != EEXIST)
			return device.error();
	}
	if (now.session && (now.there || !ask_kernel)) {
		Result<void> done = add_paths(context, *now.session, now.fit.missing, deadline, mapping.added);

		if (!done)
			return done.error();
	}
	return now.there ? already(context, *now.there, mapping) : map_new(context, mapping, deadline);
}

} // namespace

Result<Outcome> run_map(Context &context)
{
	Result<MapRequest> request = parse_request(context.opt);

	if (!request)
		return request.error();
	if (context.opt.dry_run && !context.kernel)
		return planned(context, "map", {plan_map(context.env, *request)});
	Result<Snapshot> snapshot = ready_state(context);
	if (!snapshot)
		return snapshot.error();
	Result<void> loaded = need_client(*snapshot);
	if (!loaded)
		return loaded.error();
	Result<Situation> now = look(context, *snapshot, *request);
	if (!now)
		return now.error();
	if (context.opt.dry_run)
		return plan(context, *now, *request);
	Mapping mapping = {*request, {}, now->fit.notes};
	Result<Outcome> outcome = map_or_find(context, *now, mapping);
	if (!outcome)
		take_back_paths(context, mapping.added, outcome.error());
	return outcome;
}

} // namespace ctl
