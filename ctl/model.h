/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tool knows of the running system, as plain values. Both back ends
 * fill these and escape every string that a peer may have chosen, so that
 * nothing behind this line has to think of control bytes.
 */
#ifndef CTL_MODEL_H
#define CTL_MODEL_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/rtrs/pure/addr_text.h"

namespace ctl {

/* Words of Device::state and Path::state; an unknown number becomes "unknown". */
inline constexpr const char *DEV_INIT = "init";
inline constexpr const char *DEV_MAPPED = "mapped";
inline constexpr const char *DEV_DISCONNECTED = "disconnected";
inline constexpr const char *DEV_UNMAPPED = "unmapped";
inline constexpr const char *CONNECTED = "connected";
inline constexpr const char *WAITING = "waiting";
inline constexpr const char *CLOSED = "closed";

struct Fault {
	std::string cause = "none";
	std::string text;
	int err = 0;		/* positive errno */
	bool remote = false;
	bool any() const { return err != 0 || (!cause.empty() && cause != "none"); }
};

struct Endpoint {
	rtrs_addr addr{};
	std::optional<uint16_t> port;
};

struct Stats {
	uint64_t reads = 0, read_bytes = 0, writes = 0, write_bytes = 0;
	std::optional<uint64_t> inflight, failovers, reconnects, reconnect_failures, violations;
};

struct Path {
	std::optional<uint32_t> id, session_id;
	std::string session;	/* name, filled in by the back end */
	std::string name;	/* "src@dst" */
	std::string state;
	Fault fault;
	std::optional<uint64_t> since_ms;
	Endpoint src, dst;	/* own address, the peer's */
	std::string hca;
	std::optional<uint32_t> hca_port, conns, attempt, next_try_ms;
	std::optional<uint64_t> latency_ns;
	std::optional<bool> new_rkey;
	std::optional<Stats> stats;
	bool on_server = false;	/* of a client of this machine */
};

/* How a session finds out that a path is dead; in settings: what to change. */
struct Heartbeat {
	std::optional<uint32_t> idle_ms, busy_ms, missed_max;

	bool operator==(const Heartbeat &) const = default;
};

struct Session {
	std::optional<uint32_t> id;
	std::string name;
	std::string state;	/* as the kernel derives it */
	Fault fault;
	std::optional<uint64_t> since_ms;
	std::optional<uint32_t> queue_depth, max_io_size, chunk_size;
	std::string policy;
	std::optional<int32_t> max_reconnects;
	Heartbeat heartbeat;
	std::optional<uint64_t> chunk_memory;
	std::vector<Path> paths;
};

struct Device {
	std::optional<uint32_t> id;
	std::string disk;	/* "rnbd0", empty before the disk exists */
	std::string session;
	std::string remote_path;
	std::string access;
	std::string state;
	Fault fault;
	std::optional<uint64_t> since_ms;
	std::string tag, owner;
	std::optional<int32_t> nr_poll_queues;
	std::optional<uint64_t> sectors;
	std::optional<uint32_t> logical_block, physical_block, max_io_size, openers;
	std::optional<bool> discard, write_zeroes, secure_erase, write_cache, fua;
	std::optional<int32_t> fast_io_fail;	/* seconds, -1 for ever */
	std::optional<bool> lost_writes;	/* flushes fail until all have closed it */
};

struct Export {
	std::optional<uint32_t> id, device_id;
	std::string bdev;
	std::string session;
	std::string remote_path;
	std::string access;
	std::optional<bool> read_only;
	std::optional<uint64_t> sectors, since_ms;
};

struct Module {
	std::string name;
	std::string version;	/* empty: unknown */
	std::optional<uint32_t> generation;
};

/* One side of the stack on this machine. */
struct Side {
	bool loaded = false;
	std::vector<Module> modules;
	std::vector<Session> sessions;
};

struct Snapshot {
	std::string backend;
	Side client, server;
	std::vector<Device> devices;
	std::vector<Export> exports;
	std::optional<std::string> search_path;	/* absent: none given */
	std::string invalidate;			/* server: "Y", "N", "auto" */
};

struct MapRequest {
	std::string session;
	std::string device;
	std::vector<rtrs_addr_pair> paths;
	std::optional<uint16_t> port;
	std::string access = "rw";
	std::string tag, owner;		/* empty: not given */
	std::optional<int32_t> fast_io_fail;
};

/* What to change; the rest stays. */
struct SessionSettings {
	std::string policy;		/* empty: not given */
	std::optional<int32_t> max_reconnects;
	Heartbeat heartbeat;
};

struct DeviceSettings {
	std::optional<int32_t> fast_io_fail;
};

struct Event {
	enum class What { device, session, path, lost };
	enum class How { added, changed, removed };
	What what = What::lost;
	How how = How::changed;
	Device device;
	Session session;
	Path path;
};

/* Printable ASCII stays, '\' is doubled, every other byte becomes \xNN. */
std::string escaped(const std::string &raw);
/* What escaped() was given. */
std::string unescaped(const std::string &text);
/* escaped() between double quotes. */
std::string in_quotes(const std::string &raw);

std::string addr_text(const rtrs_addr &addr);	/* "ip:10.0.0.1", empty for none */
std::string addr_short(const rtrs_addr &addr);	/* without "ip:" */
std::string pair_text(const rtrs_addr_pair &pair);

/* What @heartbeat becomes by what is given of @change. */
Heartbeat merged(const Heartbeat &heartbeat, const Heartbeat &change);

size_t paths_up(const Session &session);
/* "connected", "degraded" (some paths down), or the state of the kernel. */
std::string session_state(const Session &session);
/* "DEVICE@SESSION" */
std::string device_pair(const Device &device);
/* "/dev/rnbd0", empty before the disk exists. */
std::string device_node(const Device &device);
/* Sum over the modules: moves when anything moves; absent without netlink. */
std::optional<uint64_t> generation_of(const Snapshot &snapshot);

} // namespace ctl

#endif /* CTL_MODEL_H */
