/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/nl_codec.h"

#include <cstring>

#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include "include/uapi/rnbd_netlink.h"
#include "include/uapi/rtrs_netlink.h"

namespace ctl {

namespace {

/* Attributes of one level by number; the last of a kind wins. */
class Table {
public:
	Table(const uint8_t *data, size_t len, int max) : slots_(static_cast<size_t>(max) + 1)
	{
		nlattr *attr = reinterpret_cast<nlattr *>(const_cast<uint8_t *>(data));
		int left = static_cast<int>(len);

		for (; nla_ok(attr, left); attr = nla_next(attr, &left))
			if (nla_type(attr) >= 0 && nla_type(attr) <= max)
				slots_[static_cast<size_t>(nla_type(attr))] = attr;
	}

	Table(const NlMessage &message, int max) : Table(message.attrs.data(), message.attrs.size(), max) {}

	nlattr *at(int attr) const { return slots_[static_cast<size_t>(attr)]; }

	template <class T> std::optional<T> number(int attr) const
	{
		nlattr *found = at(attr);
		T value;

		if (!found || nla_len(found) < static_cast<int>(sizeof(T)))
			return std::nullopt;
		memcpy(&value, nla_data(found), sizeof(T));
		return value;
	}

	std::optional<bool> truth(int attr) const
	{
		const std::optional<uint8_t> value = number<uint8_t>(attr);

		return value ? std::optional<bool>(*value != 0) : std::nullopt;
	}

	std::optional<std::string> maybe_text(int attr) const
	{
		nlattr *found = at(attr);

		if (!found)
			return std::nullopt;
		const char *text = static_cast<const char *>(nla_data(found));
		return escaped(std::string(text, strnlen(text, static_cast<size_t>(nla_len(found)))));
	}

	std::string text(int attr) const { return maybe_text(attr).value_or(""); }

	Table nest(int attr, int max) const
	{
		nlattr *found = at(attr);

		if (!found)
			return Table(nullptr, 0, max);
		return Table(static_cast<const uint8_t *>(nla_data(found)),
			     static_cast<size_t>(nla_len(found)), max);
	}

private:
	std::vector<nlattr *> slots_;
};

const char *const PATH_STATES[] = {"connecting", "connected", "draining", "waiting", "closing", "closed"};
const char *const DEV_STATES[] = {DEV_INIT, DEV_MAPPED, DEV_DISCONNECTED, DEV_UNMAPPED};
const char *const ACCESS[] = {"ro", "rw", "migration"};

template <size_t N> std::string word(const char *const (&words)[N], std::optional<uint32_t> number)
{
	return number && *number < N ? words[*number] : "unknown";
}

Fault fault_of(const Table &table, int cause, int text, int error, int remote)
{
	Fault fault;

	fault.cause = table.maybe_text(cause).value_or("none");
	fault.text = table.text(text);
	const int32_t err = table.number<int32_t>(error).value_or(0);
	fault.err = err < 0 && err > -4096 ? -err : 0;
	fault.remote = table.truth(remote).value_or(false);
	if (fault.cause == "none" && fault.err == 0)
		fault.text.clear();
	return fault;
}

Endpoint endpoint_of(const Table &table, int attr)
{
	const Table nest = table.nest(attr, RTRS_ADDR_A_MAX);
	const uint32_t family = nest.number<uint32_t>(RTRS_ADDR_A_FAMILY).value_or(0);
	nlattr *bytes = nest.at(RTRS_ADDR_A_BYTES);
	const int need = family == RTRS_GENL_ADDR_IP4 ? 4 : 16;
	Endpoint end;

	if (family < RTRS_GENL_ADDR_IP4 || family > RTRS_GENL_ADDR_GID || !bytes || nla_len(bytes) < need)
		return end;
	end.addr.family = static_cast<uint8_t>(family);
	memcpy(end.addr.bytes, nla_data(bytes), static_cast<size_t>(need));
	end.port = nest.number<uint16_t>(RTRS_ADDR_A_PORT);
	return end;
}

std::optional<Stats> stats_of(const Table &table)
{
	Stats stats;

	if (!table.at(RTRS_A_STATS))
		return std::nullopt;
	const Table nest = table.nest(RTRS_A_STATS, RTRS_STAT_A_MAX);
	stats.reads = nest.number<uint64_t>(RTRS_STAT_A_READS).value_or(0);
	stats.read_bytes = nest.number<uint64_t>(RTRS_STAT_A_READ_BYTES).value_or(0);
	stats.writes = nest.number<uint64_t>(RTRS_STAT_A_WRITES).value_or(0);
	stats.write_bytes = nest.number<uint64_t>(RTRS_STAT_A_WRITE_BYTES).value_or(0);
	stats.inflight = nest.number<uint32_t>(RTRS_STAT_A_INFLIGHT);
	stats.failovers = nest.number<uint64_t>(RTRS_STAT_A_FAILOVERS);
	stats.reconnects = nest.number<uint32_t>(RTRS_STAT_A_RECONNECTS);
	stats.reconnect_failures = nest.number<uint32_t>(RTRS_STAT_A_RECONNECT_FAILURES);
	stats.violations = nest.number<uint32_t>(RTRS_STAT_A_VIOLATIONS);
	return stats;
}

} // namespace

NlRequest::NlRequest(uint16_t family, uint8_t cmd, bool dump) : msg_(nlmsg_alloc()), dump_(dump)
{
	const int flags = NLM_F_REQUEST | (dump ? NLM_F_DUMP : NLM_F_ACK);

	whole_ = msg_ && genlmsg_put(msg_, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, flags, cmd, RNBD_GENL_VERSION);
}

NlRequest::~NlRequest()
{
	nlmsg_free(msg_);
}

void NlRequest::put_u32(int attr, uint32_t value)
{
	whole_ = whole_ && nla_put_u32(msg_, attr, value) == 0;
}

void NlRequest::put_s32(int attr, int32_t value)
{
	put_u32(attr, static_cast<uint32_t>(value));
}

void NlRequest::put_u16(int attr, uint16_t value)
{
	whole_ = whole_ && nla_put_u16(msg_, attr, value) == 0;
}

void NlRequest::put_text(int attr, const std::string &value)
{
	whole_ = whole_ && nla_put_string(msg_, attr, value.c_str()) == 0;
}

void NlRequest::put_flag(int attr)
{
	whole_ = whole_ && nla_put_flag(msg_, attr) == 0;
}

/* The numbers inside an address are the same in both headers. */
void NlRequest::put_addr(int attr, const rtrs_addr &addr)
{
	const int size = addr.family == RTRS_ADDR_IP4 ? 4 : 16;
	nlattr *nest = whole_ ? nla_nest_start(msg_, attr | NLA_F_NESTED) : nullptr;

	whole_ = nest && nla_put_u32(msg_, RNBD_ADDR_A_FAMILY, addr.family) == 0 &&
		 nla_put(msg_, RNBD_ADDR_A_BYTES, size, addr.bytes) == 0 &&
		 nla_nest_end(msg_, nest) == 0;
}

void NlRequest::put_path(const rtrs_addr_pair &pair)
{
	nlattr *nest = whole_ ? nla_nest_start(msg_, RNBD_A_PATH | NLA_F_NESTED) : nullptr;

	whole_ = nest != nullptr;
	if (pair.src.family != RTRS_ADDR_NONE)
		put_addr(RNBD_PATH_A_SRC, pair.src);
	put_addr(RNBD_PATH_A_DST, pair.dst);
	whole_ = whole_ && nla_nest_end(msg_, nest) == 0;
}

static uint32_t access_number(const std::string &access)
{
	if (access == "ro")
		return RNBD_GENL_RO;
	return access == "migration" ? RNBD_GENL_MIGRATION : RNBD_GENL_RW;
}

void encode_map(NlRequest &request, const MapRequest &map)
{
	request.put_text(RNBD_A_SESSION, map.session);
	request.put_text(RNBD_A_REMOTE_PATH, map.device);
	request.put_u32(RNBD_A_ACCESS, access_number(map.access));
	if (map.port)
		request.put_u16(RNBD_A_PORT, *map.port);
	if (!map.tag.empty())
		request.put_text(RNBD_A_TAG, map.tag);
	if (!map.owner.empty())
		request.put_text(RNBD_A_OWNER, map.owner);
	if (map.fast_io_fail)
		request.put_s32(RNBD_A_FAST_IO_FAIL, *map.fast_io_fail);
	for (const rtrs_addr_pair &pair : map.paths)
		request.put_path(pair);
}

Info decode_info_rtrs(const NlMessage &message)
{
	const Table table(message, RTRS_A_MAX);
	Info info;

	info.module.name = table.text(RTRS_A_MODULE);
	info.module.version = table.text(RTRS_A_VERSION);
	info.module.generation = table.number<uint32_t>(RTRS_A_GENERATION);
	info.invalidate = table.text(RTRS_A_INVALIDATE);
	return info;
}

Info decode_info_rnbd(const NlMessage &message)
{
	const Table table(message, RNBD_A_MAX);
	Info info;

	info.module.name = table.text(RNBD_A_MODULE);
	info.module.version = table.text(RNBD_A_VERSION);
	info.module.generation = table.number<uint32_t>(RNBD_A_GENERATION);
	info.search_path = table.maybe_text(RNBD_A_SEARCH_PATH);
	return info;
}

Session decode_session(const NlMessage &message)
{
	const Table table(message, RTRS_A_MAX);
	Session session;

	session.id = table.number<uint32_t>(RTRS_A_ID);
	session.name = table.text(RTRS_A_NAME);
	session.state = word(PATH_STATES, table.number<uint32_t>(RTRS_A_STATE));
	session.fault = fault_of(table, RTRS_A_CAUSE, RTRS_A_CAUSE_TEXT, RTRS_A_ERROR, RTRS_A_REMOTE);
	session.since_ms = table.number<uint64_t>(RTRS_A_SINCE_MS);
	session.queue_depth = table.number<uint32_t>(RTRS_A_QUEUE_DEPTH);
	session.max_io_size = table.number<uint32_t>(RTRS_A_MAX_IO_SIZE);
	session.chunk_size = table.number<uint32_t>(RTRS_A_CHUNK_SIZE);
	session.policy = table.text(RTRS_A_MP_POLICY);
	session.max_reconnects = table.number<int32_t>(RTRS_A_MAX_RECONNECTS);
	session.heartbeat.idle_ms = table.number<uint32_t>(RTRS_A_HEARTBEAT_IDLE_MS);
	session.heartbeat.busy_ms = table.number<uint32_t>(RTRS_A_HEARTBEAT_BUSY_MS);
	session.heartbeat.missed_max = table.number<uint32_t>(RTRS_A_HEARTBEAT_MISSED);
	session.chunk_memory = table.number<uint64_t>(RTRS_A_CHUNK_MEMORY);
	return session;
}

Path decode_path(const NlMessage &message)
{
	const Table table(message, RTRS_A_MAX);
	Path path;

	path.id = table.number<uint32_t>(RTRS_A_ID);
	path.session_id = table.number<uint32_t>(RTRS_A_SESSION_ID);
	path.name = table.text(RTRS_A_NAME);
	path.state = word(PATH_STATES, table.number<uint32_t>(RTRS_A_STATE));
	path.fault = fault_of(table, RTRS_A_CAUSE, RTRS_A_CAUSE_TEXT, RTRS_A_ERROR, RTRS_A_REMOTE);
	path.since_ms = table.number<uint64_t>(RTRS_A_SINCE_MS);
	path.src = endpoint_of(table, RTRS_A_SRC);
	path.dst = endpoint_of(table, RTRS_A_DST);
	path.hca = table.text(RTRS_A_HCA);
	path.hca_port = table.number<uint32_t>(RTRS_A_HCA_PORT);
	path.conns = table.number<uint32_t>(RTRS_A_CONNS);
	path.attempt = table.number<uint32_t>(RTRS_A_ATTEMPT);
	path.next_try_ms = table.number<uint32_t>(RTRS_A_NEXT_TRY_MS);
	path.latency_ns = table.number<uint64_t>(RTRS_A_LATENCY_NS);
	path.new_rkey = table.truth(RTRS_A_NEW_RKEY);
	path.stats = stats_of(table);
	return path;
}

Device decode_device(const NlMessage &message)
{
	const Table table(message, RNBD_A_MAX);
	Device device;

	device.id = table.number<uint32_t>(RNBD_A_ID);
	device.disk = table.text(RNBD_A_DISK);
	device.session = table.text(RNBD_A_SESSION);
	device.remote_path = table.text(RNBD_A_REMOTE_PATH);
	device.access = word(ACCESS, table.number<uint32_t>(RNBD_A_ACCESS));
	device.state = word(DEV_STATES, table.number<uint32_t>(RNBD_A_STATE));
	device.fault = fault_of(table, RNBD_A_CAUSE, RNBD_A_CAUSE_TEXT, RNBD_A_ERROR, RNBD_A_REMOTE);
	device.since_ms = table.number<uint64_t>(RNBD_A_SINCE_MS);
	device.tag = table.text(RNBD_A_TAG);
	device.owner = table.text(RNBD_A_OWNER);
	device.nr_poll_queues = table.number<int32_t>(RNBD_A_NR_POLL_QUEUES);
	device.sectors = table.number<uint64_t>(RNBD_A_SECTORS);
	device.logical_block = table.number<uint32_t>(RNBD_A_LOGICAL_BLOCK);
	device.physical_block = table.number<uint32_t>(RNBD_A_PHYSICAL_BLOCK);
	device.max_io_size = table.number<uint32_t>(RNBD_A_MAX_IO_SIZE);
	device.openers = table.number<uint32_t>(RNBD_A_OPENERS);
	device.discard = table.truth(RNBD_A_DISCARD);
	device.write_zeroes = table.truth(RNBD_A_WRITE_ZEROES);
	device.secure_erase = table.truth(RNBD_A_SECURE_ERASE);
	device.write_cache = table.truth(RNBD_A_WRITE_CACHE);
	device.fua = table.truth(RNBD_A_FUA);
	device.fast_io_fail = table.number<int32_t>(RNBD_A_FAST_IO_FAIL);
	device.lost_writes = table.truth(RNBD_A_LOST_WRITES);
	return device;
}

Export decode_export(const NlMessage &message)
{
	const Table table(message, RNBD_A_MAX);
	Export out;

	out.id = table.number<uint32_t>(RNBD_A_ID);
	out.device_id = table.number<uint32_t>(RNBD_A_DEVICE_ID);
	out.bdev = table.text(RNBD_A_BDEV);
	out.session = table.text(RNBD_A_SESSION);
	out.remote_path = table.text(RNBD_A_REMOTE_PATH);
	out.access = word(ACCESS, table.number<uint32_t>(RNBD_A_ACCESS));
	out.read_only = table.truth(RNBD_A_READ_ONLY);
	out.sectors = table.number<uint64_t>(RNBD_A_SECTORS);
	out.since_ms = table.number<uint64_t>(RNBD_A_SINCE_MS);
	return out;
}

Event::How decode_how(const NlMessage &message, int attr)
{
	const Table table(message, attr);
	const uint32_t how = table.number<uint32_t>(attr).value_or(RNBD_EVENT_CHANGED);

	if (how == RNBD_EVENT_ADDED)
		return Event::How::added;
	return how == RNBD_EVENT_REMOVED ? Event::How::removed : Event::How::changed;
}

} // namespace ctl
