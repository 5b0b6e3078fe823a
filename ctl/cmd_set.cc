/* SPDX-License-Identifier: GPL-2.0-or-later */
/* session set, device set. */
#include <fmt/format.h>

#include "ctl/cli.h"
#include "ctl/each.h"
#include "ctl/errors.h"
#include "ctl/plan.h"
#include "ctl/select.h"
#include "kernel/rtrs/pure/mp_policy.h"

namespace ctl {

namespace {

/* The command line's way to say nothing becomes the model's. */
template <typename Number>
std::optional<Number> given(int typed)
{
	return typed == NOT_GIVEN ? std::nullopt : std::optional<Number>(typed);
}

Result<SessionSettings> session_settings(const Options &options)
{
	SessionSettings settings;

	settings.heartbeat = {given<uint32_t>(options.heartbeat_idle), given<uint32_t>(options.heartbeat_busy),
			      given<uint32_t>(options.heartbeat_missed)};
	settings.max_reconnects = given<int32_t>(options.max_reconnects);
	if (!options.policy.empty()) {
		const int policy = rtrs_mp_parse(options.policy.data(), options.policy.size());

		if (policy < 0)
			return make_error("RNBD-U05", "--policy " + in_quotes(options.policy) +
				": it is round-robin, min-inflight or min-latency" +
				did_you_mean(options.policy, {"round-robin", "min-inflight", "min-latency"}));
		settings.policy = rtrs_mp_name(static_cast<rtrs_mp_policy>(policy));
	}
	if (settings.policy.empty() && !settings.max_reconnects && settings.heartbeat == Heartbeat())
		return make_error("RNBD-U01", "session set needs --policy, --max-reconnect-attempts or --heartbeat-...");
	return settings;
}

bool has_settings(const Session &session, const SessionSettings &settings)
{
	return (settings.policy.empty() || settings.policy == session.policy) &&
	       (!settings.max_reconnects || settings.max_reconnects == session.max_reconnects) &&
	       merged(session.heartbeat, settings.heartbeat) == session.heartbeat;
}

Result<Done> set_session_one(Context &context, const Session &session, const SessionSettings &settings, Done done)
{
	done.object = session;
	if (has_settings(session, settings))
		return done;
	Result<void> set = context.kernel->set_session(session, settings);
	if (!set)
		return set.error();
	done.changed = true;
	Session now = session;
	if (!settings.policy.empty())
		now.policy = settings.policy;
	if (settings.max_reconnects)
		now.max_reconnects = settings.max_reconnects;
	now.heartbeat = merged(session.heartbeat, settings.heartbeat);
	done.object = now;
	return done;
}

Result<Done> set_device_one(Context &context, const Device &device, const DeviceSettings &settings, Done done)
{
	done.object = device;
	if (device.fast_io_fail == settings.fast_io_fail)
		return done;
	Result<void> set = context.kernel->set_device(device, settings);
	if (!set)
		return set.error();
	done.changed = true;
	Device now = device;
	now.fast_io_fail = settings.fast_io_fail;
	done.object = now;
	return done;
}

} // namespace

Result<Outcome> run_session_set(Context &context)
{
	Result<SessionSettings> settings = session_settings(context.opt);
	std::vector<Step> steps;

	if (!settings)
		return settings.error();
	if (context.opt.words.empty())
		return make_error("RNBD-U01", "session set needs the name of a session");
	Result<Snapshot> snapshot = read_state(context);
	if (!snapshot)
		return snapshot.error();
	if (!context.opt.dry_run)
		return for_each_word(context, "set", context.opt.words,
			[&](const std::string &word, std::vector<std::string> &) -> Result<Done> {
				Result<Session> session = find_session(*snapshot, word);
				Done done;

				done.target = escaped(word);
				if (!session)
					return session.error();
				return set_session_one(context, *session, *settings, done);
			});
	for (const std::string &word : context.opt.words) {
		Result<Session> session = find_session(*snapshot, word);

		if (!session)
			return session.error();
		for (const Step &step : plan_set_session(context.env, *session, *settings))
			steps.push_back(step);
	}
	return planned(context, "set", steps);
}

Result<Outcome> run_device_set(Context &context)
{
	DeviceSettings settings;
	std::vector<Step> steps;

	if (context.opt.fast_io_fail == NOT_GIVEN)
		return make_error("RNBD-U01", "device set needs --fast-io-fail");
	settings.fast_io_fail = context.opt.fast_io_fail;
	if (context.opt.words.empty())
		return make_error("RNBD-U01", "device set needs the name of a device");
	Result<Snapshot> snapshot = read_state(context);
	if (!snapshot)
		return snapshot.error();
	if (!context.opt.dry_run)
		return for_each_word(context, "set", context.opt.words,
			[&](const std::string &word, std::vector<std::string> &) -> Result<Done> {
				Result<Device> device = find_device(*snapshot, context.env, word);
				Done done;

				done.target = escaped(word);
				if (!device)
					return device.error();
				return set_device_one(context, *device, settings, done);
			});
	for (const std::string &word : context.opt.words) {
		Result<Device> device = find_device(*snapshot, context.env, word);

		if (!device)
			return device.error();
		steps.push_back(plan_set_device(context.env, *device, settings));
	}
	return planned(context, "set", steps);
}

} // namespace ctl
