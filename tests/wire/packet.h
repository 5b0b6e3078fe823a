/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a capture file to the InfiniBand packets in it, and to the connection manager's messages. */
#ifndef TESTS_WIRE_PACKET_H
#define TESTS_WIRE_PACKET_H

#include <optional>

#include "tests/wire/bytes.h"

namespace wire {

struct Frame {
	std::size_t number;
	Bytes data;
};

/* All frames of a pcap file of Ethernet frames, in either byte order. */
std::vector<Frame> read_capture(const std::string &path);

/* What an opcode of a reliable connection stands for. */
struct Shape {
	bool write;		/* RDMA WRITE, else SEND */
	bool first, last;
	bool imm;
	bool invalidate;
};

struct Packet {
	std::size_t frame = 0;
	std::string from, to;	/* addresses, 4 or 16 raw bytes */
	std::uint8_t opcode = 0;
	std::uint32_t qpn = 0;	/* of the receiver */
	std::uint32_t psn = 0;
	std::optional<Shape> shape;	/* none: not a message of a reliable connection */
	std::uint64_t addr = 0;	/* of the first packet of a write, with the next two */
	std::uint32_t rkey = 0;
	std::uint32_t length = 0;
	std::uint32_t imm = 0;
	std::uint32_t invalidated = 0;
	Bytes payload;		/* without padding and check sum */
};

/* Nothing for a frame that is not RoCEv2. A fragment of UDP ends the program. */
std::optional<Packet> parse_packet(const Frame &frame);

/* An acknowledgement or a congestion notice: part of no message. */
bool is_answer(const Packet &packet);

struct CmMessage {
	enum Kind { REQUEST, REPLY, REJECT } kind;
	std::uint32_t local_id = 0;	/* the sender's name for the connection */
	std::uint32_t remote_id = 0;	/* not of a request */
	std::uint64_t service = 0;	/* of a request */
	std::uint32_t qpn = 0;		/* not of a reject: the sender's */
	std::uint32_t psn = 0;		/* not of a reject: where the other side is to begin */
	std::uint16_t reason = 0;	/* of a reject */
	Bytes data;			/* private data, all the room there is for it */
};

const std::uint16_t REJECTED_BY_CONSUMER = 28;

/* Nothing for other management packets and other messages of the connection manager. */
std::optional<CmMessage> parse_cm(const Packet &packet);

} // namespace wire

#endif /* TESTS_WIRE_PACKET_H */
