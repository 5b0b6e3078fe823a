/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one send-receive seam to netlink: requests go in, whole replies come
 * out. The tests put a small kernel of their own behind it.
 */
#ifndef CTL_NL_CHANNEL_H
#define CTL_NL_CHANNEL_H

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ctl/extack.h"
#include "ctl/kernel.h"
#include "ctl/nl_codec.h"

namespace ctl {

struct Reply {
	Ack ack;
	bool interrupted = false;	/* dump: something changed meanwhile */
	std::vector<NlMessage> messages;
};

class NlChannel {
public:
	virtual ~NlChannel() = default;
	/* Number of the family @name, absent if its module is not loaded. */
	virtual Result<std::optional<uint16_t>> family(const char *name) = 0;
	virtual Result<Reply> transact(const NlRequest &request) = 0;
	/* From now on next() gives the messages of @name's group. */
	virtual Result<void> join(const char *name, const char *group) = 0;
	/* Absent: @deadline passed. An NlMessage without a family: messages were lost. */
	virtual Result<std::optional<NlMessage>> next(Deadline deadline) = 0;
};

Result<std::unique_ptr<NlChannel>> open_nl_channel();

} // namespace ctl

#endif /* CTL_NL_CHANNEL_H */
