/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attributes of include/uapi to the values of model.h, and requests the other way. */
#ifndef CTL_NL_CODEC_H
#define CTL_NL_CODEC_H

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ctl/model.h"

struct nl_msg;

namespace ctl {

/* One generic netlink message: command and its attributes. */
struct NlMessage {
	uint16_t family = 0;
	uint8_t cmd = 0;
	std::vector<uint8_t> attrs;
};

/* A request in the making; owns its libnl message. */
class NlRequest {
public:
	NlRequest(uint16_t family, uint8_t cmd, bool dump = false);
	~NlRequest();
	NlRequest(const NlRequest &) = delete;
	NlRequest &operator=(const NlRequest &) = delete;

	bool dump() const { return dump_; }
	bool whole() const { return whole_; }	/* everything did fit */
	nl_msg *msg() const { return msg_; }
	void put_u32(int attr, uint32_t value);
	void put_s32(int attr, int32_t value);
	void put_u16(int attr, uint16_t value);
	void put_text(int attr, const std::string &value);
	void put_flag(int attr);
	void put_addr(int attr, const rtrs_addr &addr);
	void put_path(const rtrs_addr_pair &pair);

private:
	nl_msg *msg_;
	bool dump_;
	bool whole_;
};

void encode_map(NlRequest &request, const MapRequest &map);

struct Info {
	Module module;
	std::optional<std::string> search_path;
	std::string invalidate;
};

/* Unknown attributes and short values are passed over: newer kernels say more. */
Info decode_info_rtrs(const NlMessage &message);
Info decode_info_rnbd(const NlMessage &message);
Session decode_session(const NlMessage &message);
Path decode_path(const NlMessage &message);
Device decode_device(const NlMessage &message);
Export decode_export(const NlMessage &message);
Event::How decode_how(const NlMessage &message, int attr);

} // namespace ctl

#endif /* CTL_NL_CODEC_H */
