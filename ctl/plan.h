/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What --dry-run prints: for each step the netlink request, as
 * "rnbd-client: device-map session=...", and the line for a shell that would do
 * the same through sysfs. Nothing is sent.
 */
#ifndef CTL_PLAN_H
#define CTL_PLAN_H

#include <string>
#include <vector>

#include "ctl/cli.h"

namespace ctl {

/* Empty: it cannot be done that way. */
struct Step {
	std::string netlink, sysfs;
};

Step plan_map(const Env &env, const MapRequest &request);
Step plan_unmap(const Env &env, const Device &device, bool force);
Step plan_remap(const Env &env, const Device &device);
Step plan_set_device(const Env &env, const Device &device, const DeviceSettings &settings);
/* One line for each file. */
std::vector<Step> plan_set_session(const Env &env, const Session &session, const SessionSettings &settings);
Step plan_add_path(const Env &env, const Session &session, const rtrs_addr_pair &pair);
/* @verb: "del", "reconnect", "disconnect". */
Step plan_path(const Env &env, const Path &path, const std::string &verb);

/* The steps of @verb as text or JSON. */
Outcome planned(const Context &context, const std::string &verb, const std::vector<Step> &steps);

/* Where the files of an object are. */
std::string session_dir(const Env &env, const Session &session);
/* Files of that directory and what to store, in an order in which none is slower when busy than when idle. */
std::vector<std::pair<std::string, uint32_t>> heartbeat_files(const Heartbeat &now, const Heartbeat &change);
std::string path_dir(const Env &env, const Path &path);

} // namespace ctl

#endif /* CTL_PLAN_H */
