/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One direction of a reliable connection: packets in, whole messages out, each once. */
#ifndef TESTS_WIRE_FLOW_H
#define TESTS_WIRE_FLOW_H

#include "tests/wire/packet.h"

namespace wire {

struct Message {
	std::size_t frame = 0;	/* of its last packet */
	bool write = false;
	std::uint64_t addr = 0;	/* of a write, with the key */
	std::uint32_t rkey = 0;
	std::optional<std::uint32_t> imm, invalidated;
	Bytes data;
};

class Flow {
public:
	explicit Flow(std::uint32_t psn) : expected_(psn) {}

	/* The message that ends with this packet, if one does. */
	std::optional<Message> take(const Packet &packet);
	/* Frame of a packet whose forerunners never came; 0: none. */
	std::size_t gap() const { return gap_; }

private:
	void append(const Packet &packet);

	std::uint32_t expected_;
	std::uint32_t taken_ = 0;
	std::size_t gap_ = 0;
	std::uint32_t behind_gap_ = 0;
	bool open_ = false;
	std::uint32_t length_ = 0;
	Message message_;
};

} // namespace wire

#endif /* TESTS_WIRE_FLOW_H */
