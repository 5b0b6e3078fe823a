/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only door to the running modules. Implemented over netlink (ours) and
 * over sysfs (any), and by a scripted fake in the tests.
 */
#ifndef CTL_KERNEL_H
#define CTL_KERNEL_H

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "ctl/model.h"
#include "ctl/result.h"

namespace ctl {

using Clock = std::chrono::steady_clock;
using Deadline = std::optional<Clock::time_point>;	/* absent: for ever */

/* Where the world is; only tests say otherwise. */
struct Env {
	std::string sys = "/sys";
	std::string proc = "/proc";
	std::string dev = "/dev";
};

class Kernel {
public:
	virtual ~Kernel() = default;

	virtual Result<Snapshot> snapshot() = 0;

	/*
	 * Returns the new device, perhaps still in state init. A back end that
	 * cannot return early waits until @deadline and gives a final state.
	 */
	virtual Result<Device> map(const MapRequest &request, Deadline deadline) = 0;
	/* EALREADY: somebody has begun that; without events it is over then. */
	virtual Result<void> unmap(const Device &device, bool force, Deadline deadline) = 0;
	virtual Result<void> remap(const Device &device, Deadline deadline) = 0;
	virtual Result<void> set_device(const Device &device, const DeviceSettings &settings) = 0;
	virtual Result<void> set_session(const Session &session, const SessionSettings &settings) = 0;

	/* Orders to paths: with events they return at once, without when the path has come to rest. */
	virtual Result<Path> add_path(const Session &session, const rtrs_addr_pair &pair, Deadline deadline) = 0;
	virtual Result<void> remove_path(const Path &path, Deadline deadline) = 0;
	virtual Result<void> reconnect_path(const Path &path, Deadline deadline) = 0;
	virtual Result<void> disconnect_path(const Path &path, Deadline deadline) = 0;

	/* False: no events, map and unmap return when all is done. */
	virtual bool has_events() const = 0;
	/* map() refuses a session to another server itself, and snapshot() does not show all that this is decided by. */
	virtual bool decides_server() const = 0;
	/* Tag and owner can be kept. */
	virtual bool has_tags() const = 0;
	virtual Result<void> subscribe() = 0;
	/* Absent: @deadline passed. Event::lost: read everything anew. */
	virtual Result<std::optional<Event>> next_event(Deadline deadline) = 0;
};

/* The words that map_device takes for @request. */
std::string map_device_words(const MapRequest &request);

/* Null without an error: no module of ours or the kernel's own is loaded. */
Result<std::unique_ptr<Kernel>> open_kernel(const Env &env, bool sysfs_only);
std::unique_ptr<Kernel> open_sysfs(const Env &env);

} // namespace ctl

#endif /* CTL_KERNEL_H */
