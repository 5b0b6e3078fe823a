/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/ctl/fake/attrs.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "include/uapi/rnbd_netlink.h"
#include "include/uapi/rtrs_netlink.h"

namespace fake {

namespace {

enum class Type { u8, u16, u32, s32, u64, text, flag, addr, stats, path };

struct Attr {
	const char *name;
	int number;
	Type type;
};

#define RTRS(name, type) {#name, RTRS_A_##name, Type::type}
#define RNBD(name, type) {#name, RNBD_A_##name, Type::type}
#define STAT(name, type) {#name, RTRS_STAT_A_##name, Type::type}

const std::vector<Attr> RTRS_ATTRS = {
	RTRS(ID, u32), RTRS(NAME, text), RTRS(GENERATION, u32), RTRS(EVENT, u32), RTRS(STATE, u32), RTRS(CAUSE, text),
	RTRS(CAUSE_TEXT, text), RTRS(ERROR, s32), RTRS(REMOTE, u8), RTRS(SINCE_MS, u64), RTRS(SESSION_ID, u32),
	RTRS(QUEUE_DEPTH, u32), RTRS(MAX_IO_SIZE, u32), RTRS(CHUNK_SIZE, u32), RTRS(MP_POLICY, text),
	RTRS(MAX_RECONNECTS, s32), RTRS(PATHS_TOTAL, u32), RTRS(PATHS_UP, u32), RTRS(CHUNK_MEMORY, u64),
	RTRS(SRC, addr), RTRS(DST, addr), RTRS(HCA, text), RTRS(HCA_PORT, u32), RTRS(CONNS, u32), RTRS(ATTEMPT, u32),
	RTRS(NEXT_TRY_MS, u32), RTRS(LATENCY_NS, u64), RTRS(NEW_RKEY, u8), RTRS(STATS, stats), RTRS(MODULE, text),
	RTRS(VERSION, text), RTRS(FEATURES, u64), RTRS(INVALIDATE, text), RTRS(SUPPRESSED, u32),
	RTRS(HEARTBEAT_IDLE_MS, u32), RTRS(HEARTBEAT_BUSY_MS, u32), RTRS(HEARTBEAT_MISSED, u32),
};

const std::vector<Attr> RNBD_ATTRS = {
	RNBD(ID, u32), RNBD(GENERATION, u32), RNBD(EVENT, u32), RNBD(STATE, u32), RNBD(CAUSE, text),
	RNBD(CAUSE_TEXT, text), RNBD(ERROR, s32), RNBD(REMOTE, u8), RNBD(SINCE_MS, u64), RNBD(DISK, text),
	RNBD(SESSION, text), RNBD(REMOTE_PATH, text), RNBD(ACCESS, u32), RNBD(NR_POLL_QUEUES, s32), RNBD(TAG, text),
	RNBD(OWNER, text), RNBD(SECTORS, u64), RNBD(LOGICAL_BLOCK, u32), RNBD(PHYSICAL_BLOCK, u32),
	RNBD(MAX_IO_SIZE, u32), RNBD(DISCARD, u8), RNBD(WRITE_ZEROES, u8), RNBD(SECURE_ERASE, u8),
	RNBD(WRITE_CACHE, u8), RNBD(FUA, u8), RNBD(OPENERS, u32), RNBD(PATH, path), RNBD(PORT, u16), RNBD(FORCE, flag),
	RNBD(BDEV, text), RNBD(READ_ONLY, u8), RNBD(DEVICE_ID, u32), RNBD(MODULE, text), RNBD(VERSION, text),
	RNBD(FEATURES, u64), RNBD(SEARCH_PATH, text), RNBD(FAST_IO_FAIL, s32), RNBD(LOST_WRITES, u8),
};

const std::vector<Attr> STATS = {
	STAT(READS, u64), STAT(READ_BYTES, u64), STAT(WRITES, u64), STAT(WRITE_BYTES, u64), STAT(INFLIGHT, u32),
	STAT(FAILOVERS, u64), STAT(RECONNECTS, u32), STAT(RECONNECT_FAILURES, u32), STAT(VIOLATIONS, u32),
};

const std::vector<Attr> PATH = {{"SRC", RNBD_PATH_A_SRC, Type::addr}, {"DST", RNBD_PATH_A_DST, Type::addr}};

const char *const FAMILIES[] = {RTRS_CLIENT_GENL_NAME, RTRS_SERVER_GENL_NAME, RNBD_CLIENT_GENL_NAME,
				RNBD_SERVER_GENL_NAME};
const uint16_t FIRST_FAMILY = 40;

const std::vector<std::pair<const char *, int>> RTRS_COMMANDS = {
	{"INFO_GET", RTRS_CMD_INFO_GET}, {"SESSION_GET", RTRS_CMD_SESSION_GET}, {"PATH_GET", RTRS_CMD_PATH_GET},
	{"SESSION_NTF", RTRS_CMD_SESSION_NTF}, {"PATH_NTF", RTRS_CMD_PATH_NTF},
	{"SESSION_SET", RTRS_CMD_SESSION_SET}, {"PATH_ADD", RTRS_CMD_PATH_ADD}, {"PATH_DEL", RTRS_CMD_PATH_DEL},
	{"PATH_RECONNECT", RTRS_CMD_PATH_RECONNECT}, {"PATH_DISCONNECT", RTRS_CMD_PATH_DISCONNECT},
};

const std::vector<std::pair<const char *, int>> RNBD_COMMANDS = {
	{"INFO_GET", RNBD_CMD_INFO_GET}, {"DEVICE_GET", RNBD_CMD_DEVICE_GET}, {"DEVICE_MAP", RNBD_CMD_DEVICE_MAP},
	{"DEVICE_UNMAP", RNBD_CMD_DEVICE_UNMAP}, {"DEVICE_REMAP", RNBD_CMD_DEVICE_REMAP},
	{"DEVICE_NTF", RNBD_CMD_DEVICE_NTF}, {"EXPORT_GET", RNBD_CMD_EXPORT_GET}, {"EXPORT_NTF", RNBD_CMD_EXPORT_NTF},
	{"DEVICE_SET", RNBD_CMD_DEVICE_SET},
};

bool is_rtrs(const std::string &family)
{
	return family.rfind("rtrs", 0) == 0;
}

const Attr &by_name(const std::vector<Attr> &table, const std::string &name)
{
	for (const Attr &attr : table)
		if (name == attr.name)
			return attr;
	throw std::runtime_error("script: no attribute " + name);
}

std::string raw_text(const nlohmann::json &value)
{
	std::string out;

	/* Up to U+00FF a character is one byte, so that a script can hold any byte. */
	const std::string utf8 = value.get<std::string>();
	for (size_t i = 0; i < utf8.size(); i++) {
		const unsigned char c = static_cast<unsigned char>(utf8[i]);

		if (c < 0x80 || i + 1 == utf8.size())
			out += utf8[i];
		else
			out += static_cast<char>((c & 3) << 6 | (utf8[++i] & 0x3f));
	}
	return out;
}

void put(nl_msg *msg, const Attr &attr, const nlohmann::json &value);

void put_all(nl_msg *msg, const std::vector<Attr> &table, const nlohmann::json &attrs)
{
	for (nlohmann::json::const_iterator it = attrs.begin(); it != attrs.end(); ++it)
		put(msg, by_name(table, it.key()), it.value());
}

void put_addr(nl_msg *msg, int number, const nlohmann::json &value)
{
	nlattr *nest = nla_nest_start(msg, number);
	std::string text = value.is_array() ? value[0].get<std::string>() : value.get<std::string>();
	rtrs_addr addr;

	if (rtrs_addr_parse(text.data(), text.size(), &addr) != 0)
		throw std::runtime_error("script: bad address " + text);
	nla_put_u32(msg, RTRS_ADDR_A_FAMILY, addr.family);
	nla_put(msg, RTRS_ADDR_A_BYTES, addr.family == RTRS_ADDR_IP4 ? 4 : 16, addr.bytes);
	if (value.is_array())
		nla_put_u16(msg, RTRS_ADDR_A_PORT, value[1].get<uint16_t>());
	nla_nest_end(msg, nest);
}

void put(nl_msg *msg, const Attr &attr, const nlohmann::json &value)
{
	switch (attr.type) {
	case Type::u8:
		nla_put_u8(msg, attr.number, value.get<uint8_t>());
		break;
	case Type::u16:
		nla_put_u16(msg, attr.number, value.get<uint16_t>());
		break;
	case Type::u32:
		nla_put_u32(msg, attr.number, value.get<uint32_t>());
		break;
	case Type::s32:
		nla_put_u32(msg, attr.number, static_cast<uint32_t>(value.get<int32_t>()));
		break;
	case Type::u64:
		nla_put_u64(msg, attr.number, value.get<uint64_t>());
		break;
	case Type::text:
		nla_put_string(msg, attr.number, raw_text(value).c_str());
		break;
	case Type::flag:
		nla_put_flag(msg, attr.number);
		break;
	case Type::addr:
		put_addr(msg, attr.number, value);
		break;
	case Type::stats:
	case Type::path: {
		nlattr *nest = nla_nest_start(msg, attr.number);

		put_all(msg, attr.type == Type::stats ? STATS : PATH, value);
		nla_nest_end(msg, nest);
		break;
	}
	}
}

std::string table_text(const std::vector<Attr> &table, const void *data, int len);

std::string addr_attr_text(nlattr *nest)
{
	rtrs_addr addr{};
	nlattr *attr = static_cast<nlattr *>(nla_data(nest));
	int left = nla_len(nest);

	for (; nla_ok(attr, left); attr = nla_next(attr, &left)) {
		if (nla_type(attr) == RTRS_ADDR_A_FAMILY)
			addr.family = static_cast<u8>(nla_get_u32(attr));
		if (nla_type(attr) == RTRS_ADDR_A_BYTES)
			memcpy(addr.bytes, nla_data(attr), std::min<size_t>(16, static_cast<size_t>(nla_len(attr))));
	}
	return ctl::addr_text(addr);
}

std::string value_text(const Attr &known, nlattr *attr)
{
	switch (known.type) {
	case Type::u8:
		return std::to_string(nla_get_u8(attr));
	case Type::u16:
		return std::to_string(nla_get_u16(attr));
	case Type::u32:
		return std::to_string(nla_get_u32(attr));
	case Type::s32:
		return std::to_string(static_cast<int32_t>(nla_get_u32(attr)));
	case Type::u64:
		return std::to_string(nla_get_u64(attr));
	case Type::text:
		return nla_get_string(attr);
	case Type::flag:
		return "yes";
	case Type::addr:
		return addr_attr_text(attr);
	case Type::stats:
	case Type::path:
		break;
	}
	return "{" + table_text(known.type == Type::stats ? STATS : PATH, nla_data(attr), nla_len(attr)) + "}";
}

std::string table_text(const std::vector<Attr> &table, const void *data, int len)
{
	nlattr *attr = static_cast<nlattr *>(const_cast<void *>(data));
	std::string out;

	for (; nla_ok(attr, len); attr = nla_next(attr, &len))
		for (const Attr &known : table)
			if (known.number == nla_type(attr))
				out += (out.empty() ? "" : " ") + std::string(known.name) + "=" + value_text(known, attr);
	return out;
}

} // namespace

uint16_t family_number(const std::string &family)
{
	for (uint16_t i = 0; i < 4; i++)
		if (family == FAMILIES[i])
			return FIRST_FAMILY + i;
	throw std::runtime_error("script: no family " + family);
}

std::string family_name(uint16_t number)
{
	return FAMILIES[number - FIRST_FAMILY];
}

uint8_t command_number(const std::string &family, const std::string &cmd)
{
	for (const std::pair<const char *, int> &entry : is_rtrs(family) ? RTRS_COMMANDS : RNBD_COMMANDS)
		if (cmd == entry.first)
			return static_cast<uint8_t>(entry.second);
	throw std::runtime_error("script: no command " + cmd);
}

std::string command_name(uint16_t family, uint8_t cmd)
{
	for (const std::pair<const char *, int> &entry : is_rtrs(family_name(family)) ? RTRS_COMMANDS : RNBD_COMMANDS)
		if (cmd == entry.second)
			return entry.first;
	return std::to_string(cmd);
}

ctl::NlMessage message(const std::string &family, const std::string &cmd, const nlohmann::json &attrs)
{
	ctl::NlMessage out;
	nl_msg *msg = nlmsg_alloc();

	nlmsg_put(msg, 0, 0, NLMSG_MIN_TYPE, 0, 0);
	put_all(msg, is_rtrs(family) ? RTRS_ATTRS : RNBD_ATTRS, attrs);
	const uint8_t *data = static_cast<const uint8_t *>(nlmsg_data(nlmsg_hdr(msg)));
	out.attrs.assign(data, data + nlmsg_datalen(nlmsg_hdr(msg)));
	nlmsg_free(msg);
	out.family = family_number(family);
	out.cmd = command_number(family, cmd);
	return out;
}

std::string attrs_text(uint16_t family, const ctl::NlMessage &message)
{
	return table_text(is_rtrs(family_name(family)) ? RTRS_ATTRS : RNBD_ATTRS, message.attrs.data(),
			  static_cast<int>(message.attrs.size()));
}

} // namespace fake
