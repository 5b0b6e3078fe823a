/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Back end over the four generic netlink families of our modules. */
#include "ctl/netlink.h"

#include <cerrno>
#include <map>

#include <fmt/format.h>

#include "ctl/errors.h"
#include "include/uapi/rnbd_netlink.h"
#include "include/uapi/rtrs_netlink.h"

namespace ctl {

namespace {

/* A busy system may change between any two dumps; the last try is taken as it is. */
const int DUMP_TRIES = 8;

using Family = std::optional<uint16_t>;

class NetlinkKernel : public Kernel {
public:
	explicit NetlinkKernel(std::unique_ptr<NlChannel> channel) : channel_(std::move(channel)) {}

	Result<bool> find_families();
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
	bool has_events() const override { return true; }
	bool decides_server() const override { return false; }
	bool has_tags() const override { return true; }
	Result<void> subscribe() override;
	Result<std::optional<Event>> next_event(Deadline deadline) override;

private:
	Result<std::vector<NlMessage>> ask(const NlRequest &request, const std::string &what);
	Result<std::vector<NlMessage>> dump(Family family, uint8_t cmd);
	Result<Info> info(Family family, const char *name, bool rtrs);
	Result<void> read_heads(Snapshot &out);
	Result<void> read_side(Side &side, Family rtrs, bool server);
	Result<void> order(const NlRequest &request, const std::string &what);
	Result<void> order_path(const Path &path, uint8_t cmd, const char *verb);
	Result<void> join(Family family, const char *name);
	Result<Snapshot> read_all();
	Result<void> read_rnbd(Snapshot &out);
	Result<void> add_info(Side &side, Family family, const char *name, bool rtrs, Snapshot &out);

	std::unique_ptr<NlChannel> channel_;
	Family rtrs_client_, rtrs_server_, rnbd_client_, rnbd_server_;
};

Result<bool> NetlinkKernel::find_families()
{
	const std::pair<const char *, Family *> wanted[] = {
		{RTRS_CLIENT_GENL_NAME, &rtrs_client_}, {RTRS_SERVER_GENL_NAME, &rtrs_server_},
		{RNBD_CLIENT_GENL_NAME, &rnbd_client_}, {RNBD_SERVER_GENL_NAME, &rnbd_server_},
	};
	bool any = false;

	for (const std::pair<const char *, Family *> &entry : wanted) {
		Result<Family> found = channel_->family(entry.first);

		if (!found)
			return found.error();
		*entry.second = *found;
		any = any || found->has_value();
	}
	return any;
}

Result<std::vector<NlMessage>> NetlinkKernel::ask(const NlRequest &request, const std::string &what)
{
	for (int tries = 0;; tries++) {
		Result<Reply> reply = channel_->transact(request);

		if (!reply)
			return reply.error();
		if (reply->ack.err)
			return kernel_error(what, reply->ack.err, reply->ack.text);
		if (!reply->interrupted || tries == DUMP_TRIES)
			return std::move(reply->messages);
	}
}

Result<std::vector<NlMessage>> NetlinkKernel::dump(Family family, uint8_t cmd)
{
	if (!family)
		return std::vector<NlMessage>();
	return ask(NlRequest(*family, cmd, true), "reading the state");
}

Result<Info> NetlinkKernel::info(Family family, const char *name, bool rtrs)
{
	const uint8_t cmd = rtrs ? static_cast<uint8_t>(RTRS_CMD_INFO_GET) : static_cast<uint8_t>(RNBD_CMD_INFO_GET);
	Result<std::vector<NlMessage>> messages = ask(NlRequest(*family, cmd), std::string("asking ") + name);

	if (!messages)
		return messages.error();
	if (messages->empty())
		return make_error("RNBD-K02", std::string(name) + " gave an empty answer");
	Info out = rtrs ? decode_info_rtrs(messages->front()) : decode_info_rnbd(messages->front());
	/* The family's name: a module calls itself with underscores. */
	out.module.name = name;
	return out;
}

Result<void> NetlinkKernel::add_info(Side &side, Family family, const char *name, bool rtrs, Snapshot &out)
{
	if (!family)
		return {};
	Result<Info> got = info(family, name, rtrs);
	if (!got)
		return got.error();
	side.loaded = true;
	side.modules.push_back(got->module);
	if (got->search_path)
		out.search_path = got->search_path;
	if (!got->invalidate.empty())
		out.invalidate = got->invalidate;
	return {};
}

Result<void> NetlinkKernel::read_heads(Snapshot &out)
{
	Result<void> told = add_info(out.client, rtrs_client_, RTRS_CLIENT_GENL_NAME, true, out);

	if (told)
		told = add_info(out.client, rnbd_client_, RNBD_CLIENT_GENL_NAME, false, out);
	if (told)
		told = add_info(out.server, rtrs_server_, RTRS_SERVER_GENL_NAME, true, out);
	return told ? add_info(out.server, rnbd_server_, RNBD_SERVER_GENL_NAME, false, out) : told;
}

Result<void> NetlinkKernel::read_side(Side &side, Family rtrs, bool server)
{
	std::map<uint32_t, size_t> index;

	Result<std::vector<NlMessage>> sessions = dump(rtrs, RTRS_CMD_SESSION_GET);
	if (!sessions)
		return sessions.error();
	Result<std::vector<NlMessage>> paths = dump(rtrs, RTRS_CMD_PATH_GET);
	if (!paths)
		return paths.error();
	for (const NlMessage &message : *sessions) {
		side.sessions.push_back(decode_session(message));
		index[side.sessions.back().id.value_or(0)] = side.sessions.size() - 1;
	}
	for (const NlMessage &message : *paths) {
		Path path = decode_path(message);
		const std::map<uint32_t, size_t>::const_iterator owner = index.find(path.session_id.value_or(0));

		if (owner == index.end())
			continue;
		path.session = side.sessions[owner->second].name;
		path.on_server = server;
		side.sessions[owner->second].paths.push_back(std::move(path));
	}
	return {};
}

Result<void> NetlinkKernel::read_rnbd(Snapshot &out)
{
	Result<std::vector<NlMessage>> devices = dump(rnbd_client_, RNBD_CMD_DEVICE_GET);
	if (!devices)
		return devices.error();
	Result<std::vector<NlMessage>> exports = dump(rnbd_server_, RNBD_CMD_EXPORT_GET);
	if (!exports)
		return exports.error();
	for (const NlMessage &message : *devices)
		out.devices.push_back(decode_device(message));
	for (const NlMessage &message : *exports)
		out.exports.push_back(decode_export(message));
	return {};
}

Result<Snapshot> NetlinkKernel::read_all()
{
	Snapshot out;

	out.backend = "netlink";
	Result<void> read = read_heads(out);
	if (read)
		read = read_side(out.client, rtrs_client_, false);
	if (read)
		read = read_side(out.server, rtrs_server_, true);
	if (read)
		read = read_rnbd(out);
	if (!read)
		return read.error();
	return out;
}

Result<Snapshot> NetlinkKernel::snapshot()
{
	/* The generations were read first; if they still hold, all the rest is of one moment. */
	for (int tries = 0;; tries++) {
		Snapshot heads;
		Result<Snapshot> out = read_all();

		if (!out || tries == DUMP_TRIES)
			return out;
		Result<void> told = read_heads(heads);
		if (!told)
			return told.error();
		if (generation_of(heads) == generation_of(*out))
			return out;
	}
}

Result<Device> NetlinkKernel::map(const MapRequest &request, Deadline)
{
	const std::string what = "cannot map " + in_quotes(request.device) + " from " + request.session;

	if (!rnbd_client_)
		return make_error("RNBD-M01", "rnbd-client is not loaded");
	NlRequest message(*rnbd_client_, RNBD_CMD_DEVICE_MAP);
	encode_map(message, request);
	Result<std::vector<NlMessage>> reply = ask(message, what);
	if (!reply)
		return reply.error();
	if (reply->empty())
		return make_error("RNBD-K02", what + ": the kernel gave an empty answer");
	return decode_device(reply->front());
}

/* A request that is answered by an acknowledgement alone. */
Result<void> NetlinkKernel::order(const NlRequest &request, const std::string &what)
{
	Result<std::vector<NlMessage>> reply = ask(request, what);

	return reply ? Result<void>() : Result<void>(reply.error());
}

Result<void> NetlinkKernel::unmap(const Device &device, bool force, Deadline)
{
	if (!rnbd_client_)
		return make_error("RNBD-M01", "rnbd-client is not loaded");
	NlRequest message(*rnbd_client_, RNBD_CMD_DEVICE_UNMAP);
	message.put_u32(RNBD_A_ID, device.id.value_or(0));
	if (force)
		message.put_flag(RNBD_A_FORCE);
	return order(message, "cannot unmap " + device_pair(device));
}

Result<void> NetlinkKernel::remap(const Device &device, Deadline)
{
	if (!rnbd_client_)
		return make_error("RNBD-M01", "rnbd-client is not loaded");
	NlRequest message(*rnbd_client_, RNBD_CMD_DEVICE_REMAP);
	message.put_u32(RNBD_A_ID, device.id.value_or(0));
	return order(message, "cannot remap " + device_pair(device));
}

Result<void> NetlinkKernel::set_device(const Device &device, const DeviceSettings &settings)
{
	if (!rnbd_client_)
		return make_error("RNBD-M01", "rnbd-client is not loaded");
	NlRequest message(*rnbd_client_, RNBD_CMD_DEVICE_SET);
	message.put_u32(RNBD_A_ID, device.id.value_or(0));
	if (settings.fast_io_fail)
		message.put_s32(RNBD_A_FAST_IO_FAIL, *settings.fast_io_fail);
	return order(message, "cannot change " + device_pair(device));
}

Result<void> NetlinkKernel::set_session(const Session &session, const SessionSettings &settings)
{
	if (!rtrs_client_)
		return make_error("RNBD-M01", "rtrs-client is not loaded");
	NlRequest message(*rtrs_client_, RTRS_CMD_SESSION_SET);
	message.put_u32(RTRS_A_ID, session.id.value_or(0));
	if (!settings.policy.empty())
		message.put_text(RTRS_A_MP_POLICY, settings.policy);
	if (settings.max_reconnects)
		message.put_s32(RTRS_A_MAX_RECONNECTS, *settings.max_reconnects);
	if (settings.heartbeat.idle_ms)
		message.put_u32(RTRS_A_HEARTBEAT_IDLE_MS, *settings.heartbeat.idle_ms);
	if (settings.heartbeat.busy_ms)
		message.put_u32(RTRS_A_HEARTBEAT_BUSY_MS, *settings.heartbeat.busy_ms);
	if (settings.heartbeat.missed_max)
		message.put_u32(RTRS_A_HEARTBEAT_MISSED, *settings.heartbeat.missed_max);
	return order(message, "cannot change session " + session.name);
}

Result<Path> NetlinkKernel::add_path(const Session &session, const rtrs_addr_pair &pair, Deadline)
{
	const std::string what = "cannot add path " + pair_text(pair) + " to " + session.name;

	if (!rtrs_client_)
		return make_error("RNBD-M01", "rtrs-client is not loaded");
	NlRequest message(*rtrs_client_, RTRS_CMD_PATH_ADD);
	message.put_u32(RTRS_A_SESSION_ID, session.id.value_or(0));
	if (pair.src.family != RTRS_ADDR_NONE)
		message.put_addr(RTRS_A_SRC, pair.src);
	message.put_addr(RTRS_A_DST, pair.dst);
	Result<std::vector<NlMessage>> reply = ask(message, what);
	if (!reply)
		return reply.error();
	if (reply->empty())
		return make_error("RNBD-K02", what + ": the kernel gave an empty answer");
	Path path = decode_path(reply->front());
	path.session = session.name;
	return path;
}

Result<void> NetlinkKernel::order_path(const Path &path, uint8_t cmd, const char *verb)
{
	const Family family = path.on_server ? rtrs_server_ : rtrs_client_;

	if (!family)
		return make_error("RNBD-M01", path.on_server ? "rtrs-server is not loaded" : "rtrs-client is not loaded");
	NlRequest message(*family, cmd);
	message.put_u32(RTRS_A_ID, path.id.value_or(0));
	return order(message, fmt::format("cannot {} path {} of {}", verb, path.name, path.session));
}

Result<void> NetlinkKernel::remove_path(const Path &path, Deadline)
{
	return order_path(path, RTRS_CMD_PATH_DEL, "delete");
}

Result<void> NetlinkKernel::reconnect_path(const Path &path, Deadline)
{
	return order_path(path, RTRS_CMD_PATH_RECONNECT, "reconnect");
}

Result<void> NetlinkKernel::disconnect_path(const Path &path, Deadline)
{
	return order_path(path, RTRS_CMD_PATH_DISCONNECT, "disconnect");
}

Result<void> NetlinkKernel::join(Family family, const char *name)
{
	return family ? channel_->join(name, RTRS_GENL_MCGRP_EVENTS) : Result<void>();
}

Result<void> NetlinkKernel::subscribe()
{
	Result<void> joined = join(rnbd_client_, RNBD_CLIENT_GENL_NAME);

	if (joined)
		joined = join(rtrs_client_, RTRS_CLIENT_GENL_NAME);
	return joined ? join(rtrs_server_, RTRS_SERVER_GENL_NAME) : joined;
}

Result<std::optional<Event>> NetlinkKernel::next_event(Deadline deadline)
{
	for (;;) {
		Result<std::optional<NlMessage>> got = channel_->next(deadline);
		Event event;

		if (!got)
			return got.error();
		if (!got->has_value())
			return std::optional<Event>();
		const NlMessage &message = **got;
		if (message.family == 0)
			return std::optional<Event>(event);
		if (rnbd_client_ == message.family && message.cmd == RNBD_CMD_DEVICE_NTF) {
			event.what = Event::What::device;
			event.how = decode_how(message, RNBD_A_EVENT);
			event.device = decode_device(message);
		} else if (rtrs_client_ == message.family && message.cmd == RTRS_CMD_SESSION_NTF) {
			event.what = Event::What::session;
			event.how = decode_how(message, RTRS_A_EVENT);
			event.session = decode_session(message);
		} else if ((rtrs_client_ == message.family || rtrs_server_ == message.family) &&
			   message.cmd == RTRS_CMD_PATH_NTF) {
			event.what = Event::What::path;
			event.how = decode_how(message, RTRS_A_EVENT);
			event.path = decode_path(message);
			event.path.on_server = rtrs_server_ == message.family;
		} else {
			continue;
		}
		return std::optional<Event>(std::move(event));
	}
}

} // namespace

Result<std::unique_ptr<Kernel>> open_netlink(std::unique_ptr<NlChannel> channel)
{
	std::unique_ptr<NetlinkKernel> kernel = std::make_unique<NetlinkKernel>(std::move(channel));
	Result<bool> found = kernel->find_families();

	if (!found)
		return found.error();
	return *found ? std::unique_ptr<Kernel>(std::move(kernel)) : std::unique_ptr<Kernel>();
}

} // namespace ctl
