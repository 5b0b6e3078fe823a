/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Back end over the sysfs ABI: works with the in-tree modules too. Stores
 * wait inside the kernel, so there are no events and no early return.
 */
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "ctl/directory.h"
#include "ctl/errors.h"
#include "ctl/kernel.h"
#include "ctl/plan.h"
#include "ctl/wait.h"
#include "kernel/rnbd/pure/map_options.h"

namespace ctl {

namespace {

/* Between two looks for a file that shall be gone. */
const std::chrono::milliseconds FILE_PAUSE{50};

bool exists(const std::string &path)
{
	struct stat st;

	return stat(path.c_str(), &st) == 0;
}

/* One page at most, as sysfs gives it, without the last newline. */
std::optional<std::string> raw_file(const std::string &path)
{
	char buf[4096];
	const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return std::nullopt;
	const ssize_t got = read(fd, buf, sizeof(buf));
	close(fd);
	if (got < 0)
		return std::nullopt;
	std::string text(buf, static_cast<size_t>(got));
	if (!text.empty() && text.back() == '\n')
		text.pop_back();
	return text;
}

std::string text_file(const std::string &path)
{
	return escaped(raw_file(path).value_or(""));
}

template <class T> std::optional<T> number_file(const std::string &path)
{
	const std::optional<std::string> text = raw_file(path);
	char *end = nullptr;

	if (!text || text->empty())
		return std::nullopt;
	const long long value = strtoll(text->c_str(), &end, 10);
	if (end == text->c_str())
		return std::nullopt;
	return static_cast<T>(value);
}

Endpoint endpoint_file(const std::string &path)
{
	const std::string text = raw_file(path).value_or("");
	Endpoint end;

	if (rtrs_addr_parse(text.data(), text.size(), &end.addr) != 0)
		end.addr = rtrs_addr{};
	return end;
}

std::optional<Stats> stats_dir(const std::string &dir, bool client)
{
	const std::optional<std::string> rdma = raw_file(dir + "/rdma");
	Stats stats;

	if (!rdma)
		return std::nullopt;
	std::istringstream columns(*rdma);
	columns >> stats.reads >> stats.read_bytes >> stats.writes >> stats.write_bytes;
	if (!client)
		return stats;
	uint64_t inflight = 0, failovers = 0;
	int64_t good = 0, bad = 0;
	if (columns >> inflight >> failovers) {
		stats.inflight = inflight;
		stats.failovers = failovers;
	}
	std::istringstream reconnects(raw_file(dir + "/reconnects").value_or(""));
	if (reconnects >> good >> bad) {
		stats.reconnects = static_cast<uint64_t>(std::max<int64_t>(good, 0));
		stats.reconnect_failures = static_cast<uint64_t>(std::max<int64_t>(bad, 0));
	}
	return stats;
}

Path read_path(const std::string &dir, const std::string &name, const std::string &session, bool client)
{
	Path path;

	path.name = escaped(name);
	path.session = session;
	path.on_server = !client;
	/* src_addr is the client's on both sides; a server path is one that is there. */
	path.src = endpoint_file(dir + (client ? "/src_addr" : "/dst_addr"));
	path.dst = endpoint_file(dir + (client ? "/dst_addr" : "/src_addr"));
	path.state = client ? text_file(dir + "/state") : CONNECTED;
	path.hca = text_file(dir + "/hca_name");
	path.hca_port = number_file<uint32_t>(dir + "/hca_port");
	if (client)
		path.latency_ns = number_file<uint64_t>(dir + "/cur_latency");
	path.stats = stats_dir(dir + "/stats", client);
	return path;
}

std::vector<Session> read_sessions(const std::string &root, bool client)
{
	std::vector<Session> sessions;

	for (const std::string &name : names_in(root)) {
		const std::string dir = root + "/" + name;
		Session session;

		if (!exists(dir + "/paths"))
			continue;
		session.name = escaped(name);
		session.max_reconnects = number_file<int32_t>(dir + "/max_reconnect_attempts");
		session.heartbeat = {number_file<uint32_t>(dir + "/heartbeat_idle_ms"),
				     number_file<uint32_t>(dir + "/heartbeat_busy_ms"),
				     number_file<uint32_t>(dir + "/heartbeat_missed_max")};
		/* "min-inflight (MI: 1)" */
		session.policy = text_file(dir + "/mpath_policy");
		session.policy = session.policy.substr(0, session.policy.find(' '));
		for (const std::string &path : names_in(dir + "/paths"))
			session.paths.push_back(read_path(dir + "/paths/" + path, path, session.name, client));
		session.state = paths_up(session) ? CONNECTED : DEV_DISCONNECTED;
		sessions.push_back(std::move(session));
	}
	return sessions;
}

std::string state_of(const std::string &word)
{
	if (word == "open")
		return DEV_MAPPED;
	return word == "closed" ? DEV_DISCONNECTED : word;
}

Device read_device(const std::string &block, const std::string &disk)
{
	const std::string dir = block + "/" + disk;
	Device device;

	device.disk = escaped(disk);
	device.session = text_file(dir + "/rnbd/session");
	device.remote_path = text_file(dir + "/rnbd/mapping_path");
	device.access = text_file(dir + "/rnbd/access_mode");
	device.state = state_of(text_file(dir + "/rnbd/state"));
	device.nr_poll_queues = number_file<int32_t>(dir + "/rnbd/nr_poll_queues");
	device.fast_io_fail = number_file<int32_t>(dir + "/rnbd/fast_io_fail");
	device.sectors = number_file<uint64_t>(dir + "/size");
	device.logical_block = number_file<uint32_t>(dir + "/queue/logical_block_size");
	device.physical_block = number_file<uint32_t>(dir + "/queue/physical_block_size");
	const std::optional<uint64_t> discard = number_file<uint64_t>(dir + "/queue/discard_max_bytes");
	const std::optional<uint64_t> zeroes = number_file<uint64_t>(dir + "/queue/write_zeroes_max_bytes");
	const std::optional<uint64_t> fua = number_file<uint64_t>(dir + "/queue/fua");
	if (discard)
		device.discard = *discard != 0;
	if (zeroes)
		device.write_zeroes = *zeroes != 0;
	if (fua)
		device.fua = *fua != 0;
	const std::optional<std::string> cache = raw_file(dir + "/queue/write_cache");
	if (cache)
		device.write_cache = *cache == "write back";
	return device;
}

std::vector<Device> read_devices(const std::string &block)
{
	std::vector<Device> devices;

	for (const std::string &disk : names_in(block))
		if (exists(block + "/" + disk + "/rnbd/mapping_path"))
			devices.push_back(read_device(block, disk));
	std::sort(devices.begin(), devices.end(), [](const Device &a, const Device &b) {
		return a.disk.size() != b.disk.size() ? a.disk.size() < b.disk.size() : a.disk < b.disk;
	});
	return devices;
}

std::vector<Export> read_exports(const std::string &root)
{
	std::vector<Export> exports;

	for (const std::string &bdev : names_in(root)) {
		const std::string sessions = root + "/" + bdev + "/sessions";

		for (const std::string &session : names_in(sessions)) {
			const std::string dir = sessions + "/" + session;
			Export out;

			out.bdev = escaped(bdev);
			out.session = escaped(session);
			out.remote_path = text_file(dir + "/mapping_path");
			out.access = text_file(dir + "/access_mode");
			const std::optional<int> ro = number_file<int>(dir + "/read_only");
			if (ro)
				out.read_only = *ro != 0;
			out.sectors = number_file<uint64_t>(root + "/" + bdev + "/block_dev/size");
			exports.push_back(std::move(out));
		}
	}
	return exports;
}

class SysfsKernel : public Kernel {
public:
	explicit SysfsKernel(const Env &env) : env_(env) {}

	Result<Snapshot> snapshot() override;
	Result<Device> map(const MapRequest &request, Deadline deadline) override;
	Result<void> unmap(const Device &device, bool force, Deadline deadline) override;
	Result<void> remap(const Device &device, Deadline deadline) override;
	Result<void> set_device(const Device &device, const DeviceSettings &settings) override;
	Result<void> set_session(const Session &session, const SessionSettings &settings) override;
	Result<Path> add_path(const Session &session, const rtrs_addr_pair &pair, Deadline deadline) override;
	Result<void> remove_path(const Path &path, Deadline deadline) override;
	Result<void> reconnect_path(const Path &path, Deadline deadline) override;
	Result<void> disconnect_path(const Path &path, Deadline deadline) override;
	bool has_events() const override { return false; }
	/* A path has no directory before it was connected, and none of them shows the port. */
	bool decides_server() const override { return ours(); }
	bool has_tags() const override { return false; }
	Result<void> subscribe() override { return {}; }
	Result<std::optional<Event>> next_event(Deadline) override { return std::optional<Event>(Event()); }

private:
	/* Only ours have a version. */
	bool ours() const { return exists(env_.sys + "/module/rnbd_client/version"); }
	void read_module(Side &side, const char *name);
	Result<void> store(const std::string &file, const std::string &text, const std::string &what,
			   Deadline deadline);
	Result<void> far_store(const std::string &file, const std::string &text, const std::string &what,
			       Deadline deadline);
	Result<void> path_store(const Path &path, const char *file, const char *verb, Deadline deadline);

	Env env_;
};

void SysfsKernel::read_module(Side &side, const char *name)
{
	std::string dir = name;
	Module module;

	std::replace(dir.begin(), dir.end(), '-', '_');
	if (!exists(env_.sys + "/class/" + name))
		return;
	module.name = name;
	module.version = text_file(env_.sys + "/module/" + dir + "/version");
	side.loaded = true;
	side.modules.push_back(std::move(module));
}

Result<Snapshot> SysfsKernel::snapshot()
{
	const std::string parameters = env_.sys + "/module/rnbd_server/parameters/dev_search_path";
	Snapshot out;

	out.backend = "sysfs";
	read_module(out.client, "rtrs-client");
	read_module(out.client, "rnbd-client");
	read_module(out.server, "rtrs-server");
	read_module(out.server, "rnbd-server");
	out.client.sessions = read_sessions(env_.sys + "/class/rtrs-client", true);
	out.server.sessions = read_sessions(env_.sys + "/class/rtrs-server", false);
	out.devices = read_devices(env_.sys + "/block");
	out.exports = read_exports(env_.sys + "/class/rnbd-server/ctl/devices");
	const std::string search = text_file(parameters);
	if (!search.empty())
		out.search_path = search;
	out.invalidate = text_file(env_.sys + "/module/rtrs_server/parameters/always_invalidate");
	return out;
}

/* The name of a file may have a peer's choice in it. */
Error store_error(const std::string &what, int err, const std::string &file)
{
	if (err == ENOTUNIQ)
		return kernel_error(what, err, "the session has none of these addresses, or another port");
	return kernel_error(what, err, err == ENOENT && !exists(file) ? "there is no " + escaped(file) : "");
}

int write_file(const std::string &file, const std::string &text)
{
	const int fd = open(file.c_str(), O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return errno;
	const int err = write(fd, text.data(), text.size()) < 0 ? errno : 0;
	close(fd);
	return err;
}

/* EINPROGRESS: given up, but the kernel has not. */
Result<void> SysfsKernel::store(const std::string &file, const std::string &text, const std::string &what,
				Deadline deadline)
{
	const CallEnd end = call_in_child([&file, &text] { return write_file(file, text); }, deadline);

	if (end.late || end.interrupted) {
		Error error = end.late ? make_error("RNBD-W01", what + ": timed out", ETIMEDOUT) : interrupted_error(what);

		if (end.stuck) {
			error.err = EINPROGRESS;
			error.message += "; the kernel cannot be stopped and goes on";
		}
		return error;
	}
	return end.err ? Result<void>(store_error(what, end.err, file)) : Result<void>();
}

bool given_up(const Result<void> &stored)
{
	return !stored && (stored.error().id == "RNBD-W01" || stored.error().id == "RNBD-W02");
}

/* For an order that being killed does not take back. */
Result<void> goes_on(Result<void> stored)
{
	if (given_up(stored) && stored.error().err != EINPROGRESS)
		stored.error().message += "; the kernel goes on with it";
	return stored;
}

/*
 * A store that connects or opens gives errnos of this kernel's checks, of the
 * network and of the server alike; only those that the first never gives can
 * be told as the others'.
 */
Error far_error(const std::string &what, const Error &error)
{
	Fault fault;

	switch (error.err) {
	case ENXIO:
	case EEXIST:
	case ENOTUNIQ:
	case ENOSPC:
	case EINVAL:
	case EPROTONOSUPPORT:
	case EINTR:
	case EBUSY:
	case EALREADY:
		return error;
	}
	if (error.id == "RNBD-W01" || error.id == "RNBD-W02")
		return error;
	fault.err = error.err;
	return fault_error(what, fault);
}

/* The right to write is asked first: what the store says after that is not about rights. */
Result<void> SysfsKernel::far_store(const std::string &file, const std::string &text, const std::string &what,
				    Deadline deadline)
{
	if (access(file.c_str(), W_OK) != 0)
		return store_error(what, errno, file);
	Result<void> stored = store(file, text, what, deadline);
	return stored ? stored : Result<void>(far_error(what, stored.error()));
}

Result<Device> SysfsKernel::map(const MapRequest &request, Deadline deadline)
{
	const std::string what = "cannot map " + in_quotes(request.device) + " from " + request.session;

	if (request.fast_io_fail && !ours())
		return make_error("RNBD-M02", what + ": the loaded modules cannot hold I/O");
	Result<void> stored = far_store(env_.sys + "/class/rnbd-client/ctl/map_device", map_device_words(request),
					what, deadline);
	if (!stored)
		return stored.error();
	for (const Device &device : read_devices(env_.sys + "/block"))
		if (device.session == escaped(request.session) && device.remote_path == escaped(request.device))
			return device;
	return make_error("RNBD-D03", what + ": accepted, but no disk of that name exists");
}

Result<void> SysfsKernel::unmap(const Device &device, bool force, Deadline deadline)
{
	const std::string file = env_.sys + "/block/" + device.disk + "/rnbd/unmap_device";
	const std::string what = "cannot unmap " + device_pair(device);
	Result<void> stored = goes_on(store(file, force ? "force" : "normal", what, deadline));

	/* Somebody else's unmapping: without events its end shows only in the files. */
	while (!stored && stored.error().err == EALREADY && exists(file)) {
		const Clock::time_point now = Clock::now();

		if (deadline && now >= *deadline)
			return goes_on(make_error("RNBD-W01", what + ": timed out", ETIMEDOUT));
		if (wait_readable(-1, now + FILE_PAUSE) == Woken::interrupted)
			return goes_on(interrupted_error(what));
	}
	return stored;
}

Result<void> SysfsKernel::remap(const Device &device, Deadline deadline)
{
	return goes_on(far_store(env_.sys + "/block/" + device.disk + "/rnbd/remap_device", "1",
				 "cannot remap " + device_pair(device), deadline));
}

Result<void> SysfsKernel::set_device(const Device &device, const DeviceSettings &settings)
{
	const std::string file = env_.sys + "/block/" + device.disk + "/rnbd/fast_io_fail";

	if (!settings.fast_io_fail)
		return {};
	if (!exists(file))
		return make_error("RNBD-M02", device_pair(device) + ": the loaded modules cannot hold I/O");
	return store(file, std::to_string(*settings.fast_io_fail), "cannot change " + device_pair(device), std::nullopt);
}

Result<void> SysfsKernel::set_session(const Session &session, const SessionSettings &settings)
{
	const std::string dir = session_dir(env_, session), what = "cannot change session " + session.name;
	const auto files = heartbeat_files(session.heartbeat, settings.heartbeat);
	const Heartbeat heartbeat = merged(session.heartbeat, settings.heartbeat);
	Result<void> stored;

	if (!files.empty() && !session.heartbeat.idle_ms)
		return make_error("RNBD-M02", what + ": the heartbeats of the loaded modules are fixed");
	/* the kernel would notice after the first file */
	if (heartbeat.busy_ms > heartbeat.idle_ms)
		return make_error("RNBD-U05", fmt::format("{}: heartbeats {} ms apart while I/O waits, {} ms otherwise", what,
			*heartbeat.busy_ms, *heartbeat.idle_ms));
	for (const auto &[file, value] : files)
		if (stored)
			stored = store(dir + "/" + file, std::to_string(value), what, std::nullopt);
	if (stored && !settings.policy.empty())
		stored = store(dir + "/mpath_policy", settings.policy, what, std::nullopt);
	if (stored && settings.max_reconnects)
		stored = store(dir + "/max_reconnect_attempts", std::to_string(*settings.max_reconnects), what,
			       std::nullopt);
	return stored;
}

Result<Path> SysfsKernel::add_path(const Session &session, const rtrs_addr_pair &pair, Deadline deadline)
{
	const std::string dir = session_dir(env_, session);
	const std::string what = "cannot add path " + pair_text(pair) + " to " + session.name;
	const std::vector<std::string> before = names_in(dir + "/paths");
	Result<void> stored = far_store(dir + "/add_path", pair_text(pair), what, deadline);

	if (given_up(stored) && stored.error().err != EINPROGRESS)
		stored.error().message += "; the kernel takes the path back";
	if (!stored)
		return stored.error();
	/* The directory has the source that was really taken. */
	for (const std::string &name : names_in(dir + "/paths"))
		if (std::find(before.begin(), before.end(), name) == before.end())
			return read_path(dir + "/paths/" + name, name, session.name, true);
	return make_error("RNBD-D03", what + ": accepted, but there is no new path");
}

Result<void> SysfsKernel::path_store(const Path &path, const char *file, const char *verb, Deadline deadline)
{
	Result<void> stored = far_store(path_dir(env_, path) + "/" + file, "1",
					fmt::format("cannot {} path {} of {}", verb, path.name, path.session), deadline);

	if (!stored)
		stored.error().hint = filled(stored.error().hint, "PATH", path.name);
	return stored;
}

Result<void> SysfsKernel::remove_path(const Path &path, Deadline deadline)
{
	return goes_on(path_store(path, "remove_path", "delete", deadline));
}

Result<void> SysfsKernel::reconnect_path(const Path &path, Deadline deadline)
{
	return goes_on(path_store(path, "reconnect", "reconnect", deadline));
}

Result<void> SysfsKernel::disconnect_path(const Path &path, Deadline deadline)
{
	return goes_on(path_store(path, "disconnect", "disconnect", deadline));
}

} // namespace

std::unique_ptr<Kernel> open_sysfs(const Env &env)
{
	for (const char *name : {"rnbd-client", "rtrs-client", "rnbd-server", "rtrs-server"})
		if (exists(env.sys + "/class/" + name))
			return std::make_unique<SysfsKernel>(env);
	return nullptr;
}

std::string map_device_words(const MapRequest &request)
{
	/* In-tree modules apply the port only to paths behind it. */
	std::string out = request.port ? fmt::format("dest_port={} ", *request.port) : "";

	out += "sessname=" + request.session;
	for (const rtrs_addr_pair &pair : request.paths)
		out += " path=" + pair_text(pair);
	out += " device_path=" + request.device + " access_mode=" + request.access;
	return request.fast_io_fail ? fmt::format("{} fast_io_fail={}", out, *request.fast_io_fail) : out;
}

} // namespace ctl
