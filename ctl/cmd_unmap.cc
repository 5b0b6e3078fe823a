/* SPDX-License-Identifier: GPL-2.0-or-later */
/* unmap and remap: both take any number of devices, each with its own result. */
#include <algorithm>
#include <cerrno>

#include <fmt/format.h>

#include "ctl/cli.h"
#include "ctl/each.h"
#include "ctl/errors.h"
#include "ctl/follow.h"
#include "ctl/plan.h"
#include "ctl/select.h"
#include "ctl/usage.h"
#include "ctl/wait.h"

namespace ctl {

namespace {

std::string joined(const std::vector<std::string> &texts)
{
	std::string out;

	for (const std::string &text : texts)
		out += (out.empty() ? "" : "; ") + text;
	return out;
}

Error in_use(const Device &device, const std::string &by)
{
	return make_error("RNBD-D01", fmt::format("{} ({}) is in use: {}", device_node(device), device_pair(device), by),
			  EBUSY);
}

bool gone_meanwhile(const Error &error)
{
	return error.err == ENOENT || error.err == ENODEV;
}

/* udev looks into a disk whenever a writer closed it; nobody wants to hear of that. */
constexpr std::chrono::seconds BRIEF_USE(3);

bool busy(const Result<void> &asked)
{
	return !asked && asked.error().err == EBUSY;
}

/* The kernel says it is open, but by whom nothing here tells: asks until it is closed. */
Result<void> unmap_when_closed(Context &context, const Device &device)
{
	const Clock::time_point end = *deadline_of(context.opt);
	const Clock::time_point patience = std::min(end, Clock::now() + BRIEF_USE);
	CloseWatch watch(nodes_of(context.env, device.disk));
	Woken woken = Woken::readable;
	Progress progress(context);

	progress.say("waiting for " + device_node(device) + " to be closed");
	for (;;) {
		const Usage usage = users_of(context.env, device.disk);

		if (!usage.users.empty())
			return in_use(device, joined(usage.users));
		Result<void> asked = context.kernel->unmap(device, false, end);
		if (!busy(asked))
			return asked;
		if (woken == Woken::deadline)
			return in_use(device, "something has it open");
		woken = watch.next(patience);
		if (woken == Woken::interrupted)
			return interrupted_error("unmapping " + device_pair(device));
	}
}

/* What shall be gone is not there. */
bool gone_already(const Result<Device> &device, const std::string &word, std::vector<std::string> &notes)
{
	if (device || device.error().exit != EXIT_NOT_FOUND || !names_precisely(word))
		return false;
	notes.push_back(escaped(word) + " is not mapped");
	return true;
}

/* Who uses it, in words: the kernel, which refuses anyway, only knows how many have it open. */
Result<void> ask_unmap(Context &context, const Device &device, Deadline deadline, std::vector<std::string> &notes)
{
	const bool look = !context.opt.force && !device.disk.empty();
	Usage usage;

	if (look && device.openers.value_or(1) > 0)
		usage = users_of(context.env, device.disk);
	if (!usage.users.empty())
		return in_use(device, joined(usage.users));
	if (!usage.unread.empty())
		notes.push_back("cannot see all who may use " + device_node(device) + ": " + joined(usage.unread));
	Result<void> asked = context.kernel->unmap(device, context.opt.force, deadline);
	if (!busy(asked))
		return asked;
	return look ? unmap_when_closed(context, device) : in_use(device, "something has it open");
}

Result<Done> unmap_one(Context &context, const Snapshot &snapshot, const std::string &word,
		       std::vector<std::string> &notes)
{
	const Deadline deadline = deadline_of(context.opt);
	Result<Device> device = find_device(snapshot, context.env, word);
	Done done;

	done.target = escaped(word);
	if (gone_already(device, word, notes))
		return done;
	if (!device)
		return device.error();
	Device last = *device;
	last.state = DEV_UNMAPPED;
	done.object = last;
	Result<void> asked = ask_unmap(context, *device, deadline, notes);
	if (!asked && gone_meanwhile(asked.error())) {
		notes.push_back(device_pair(*device) + " was unmapped meanwhile");
		return done;
	}
	/* Somebody has begun it: not our doing, but not done yet either. */
	const bool others = !asked && asked.error().err == EALREADY;
	if (!asked && !others)
		return asked.error();
	done.changed = !others;
	if (others)
		notes.push_back(device_pair(*device) + " is being unmapped by somebody else");
	if (context.opt.no_wait)
		return done;
	Result<void> gone = Follow(context, *device, deadline).until_removed();
	if (!gone) {
		gone.error().message += "; the kernel goes on with it";
		return gone.error();
	}
	return done;
}

Result<Done> remap_one(Context &context, const Snapshot &snapshot, const std::string &word,
		       std::vector<std::string> &notes)
{
	const Deadline deadline = deadline_of(context.opt);
	Result<Device> device = find_device(snapshot, context.env, word);
	Done done;

	if (!device)
		return device.error();
	done.target = escaped(word);
	done.object = *device;
	Result<void> asked;
	if (device->state != DEV_MAPPED)
		asked = context.kernel->remap(*device, deadline);
	if (device->state == DEV_MAPPED || (!asked && asked.error().err == EALREADY)) {
		device->state = DEV_MAPPED;
		done.object = *device;
		notes.push_back(device_pair(*device) + " is mapped");
		return done;
	}
	if (!asked && asked.error().err == EBUSY)
		return make_error("RNBD-D06", device_pair(*device) + " is still being mapped", EBUSY);
	if (!asked)
		return asked.error();
	done.changed = true;
	if (context.opt.no_wait)
		return done;
	Result<Device> there = Follow(context, *device, deadline).until_remapped();
	if (!there)
		return there.error();
	done.object = *there;
	return done;
}

Result<Outcome> plan(Context &context, const std::string &verb)
{
	std::vector<std::string> notes;
	std::vector<Step> steps;

	Result<Snapshot> snapshot = read_state(context);
	if (!snapshot)
		return snapshot.error();
	for (const std::string &word : context.opt.words) {
		Result<Device> device = find_device(*snapshot, context.env, word);

		if (verb == "unmap" && gone_already(device, word, notes))
			continue;
		if (!device)
			return device.error();
		steps.push_back(verb == "unmap" ? plan_unmap(context.env, *device, context.opt.force) :
						  plan_remap(context.env, *device));
	}
	Outcome outcome = planned(context, verb, steps);
	outcome.notes = notes;
	return outcome;
}

using DeviceVerb = Result<Done> (*)(Context &context, const Snapshot &snapshot, const std::string &word,
				    std::vector<std::string> &notes);

Result<Outcome> run_devices(Context &context, const std::string &verb, DeviceVerb one)
{
	if (context.opt.words.empty())
		return make_error("RNBD-U01", verb + " needs the name of a device");
	if (context.opt.dry_run)
		return plan(context, verb);
	Result<Snapshot> snapshot = read_state(context);
	if (!snapshot)
		return snapshot.error();
	Result<void> ready = need_client(*snapshot);
	catch_signals();
	if (ready && !context.opt.no_wait)
		ready = context.kernel->subscribe();
	if (!ready)
		return ready.error();
	return for_each_word(context, verb, context.opt.words,
		[&](const std::string &word, std::vector<std::string> &notes) {
			return one(context, *snapshot, word, notes);
		});
}

} // namespace

Result<Outcome> run_unmap(Context &context)
{
	return run_devices(context, "unmap", unmap_one);
}

Result<Outcome> run_remap(Context &context)
{
	return run_devices(context, "remap", remap_one);
}

} // namespace ctl
