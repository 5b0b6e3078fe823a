/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ethernet, IPv4, IPv6, UDP and the transport headers behind them: base header
 * 12 bytes; in this order, where the opcode has them: datagram header 8, RDMA
 * header 16, immediate 4, key to invalidate 4; payload, padding, check sum 4.
 */
#include "tests/wire/packet.h"

#include <fstream>
#include <iterator>

namespace wire {

namespace {

const std::uint16_t ROCE_PORT = 4791;
const std::uint32_t PCAP_MAGIC = 0xa1b2c3d4, PCAP_ETHERNET = 1;
const std::uint8_t OP_ACK = 0x11, OP_CONGESTION = 0x81, OP_UD_SEND = 0x64, OP_UD_SEND_IMM = 0x65;

std::uint32_t file_u32(View at, bool big)
{
	return big ? static_cast<std::uint32_t>(at[0]) << 24 | at[1] << 16 | at[2] << 8 | at[3]
		   : static_cast<std::uint32_t>(at[3]) << 24 | at[2] << 16 | at[1] << 8 | at[0];
}

struct Datagram {
	std::string from, to;
	View udp;
};

std::string text(View bytes)
{
	return {bytes.begin(), bytes.end()};
}

std::optional<Datagram> parse_ip4(View data, std::size_t frame)
{
	Cursor head(data, frame, "IPv4 header");
	const std::size_t words = head.u8() & 15;
	head.skip(1);
	const std::size_t total = head.u16();
	head.skip(2);
	const bool fragment = head.u16() & 0x3fff;	/* more to come, or an offset */
	head.skip(1);
	const bool udp = head.u8() == 17;
	head.skip(2);
	Datagram out;
	out.from = text(head.take(4));
	out.to = text(head.take(4));
	if (!udp)
		return std::nullopt;
	if (fragment)
		die(frame, "a fragment: give the guests a larger MTU than the RDMA device");
	if (words < 5 || total < words * 4 || total > data.size())
		die(frame, "the IPv4 packet is cut short");
	out.udp = data.subspan(words * 4, total - words * 4);
	return out;
}

std::optional<Datagram> parse_ip6(View data, std::size_t frame)
{
	Cursor head(data, frame, "IPv6 header");
	head.skip(4);
	const std::size_t length = head.u16();
	const std::uint8_t next = head.u8();
	head.skip(1);
	Datagram out;
	out.from = text(head.take(16));
	out.to = text(head.take(16));
	if (next == 44)
		die(frame, "a fragment: give the guests a larger MTU than the RDMA device");
	if (next != 17)
		return std::nullopt;
	if (length > head.rest().size())
		die(frame, "the IPv6 packet is cut short");
	out.udp = head.rest().first(length);
	return out;
}

std::optional<Shape> shape_of(std::uint8_t opcode)
{
	static const Shape shapes[] = {
		{false, true, false, false, false},  {false, false, false, false, false},
		{false, false, true, false, false},  {false, false, true, true, false},
		{false, true, true, false, false},   {false, true, true, true, false},
		{true, true, false, false, false},   {true, false, false, false, false},
		{true, false, true, false, false},   {true, false, true, true, false},
		{true, true, true, false, false},    {true, true, true, true, false},
	};
	if (opcode < std::size(shapes))
		return shapes[opcode];
	if (opcode == 0x16 || opcode == 0x17)
		return Shape{false, opcode == 0x17, true, false, true};
	return std::nullopt;
}

/* What lies between the base header and the payload. */
void parse_extended(Cursor &head, Packet &packet)
{
	if (packet.opcode == OP_UD_SEND || packet.opcode == OP_UD_SEND_IMM)
		head.skip(8);
	packet.shape = shape_of(packet.opcode);
	if (!packet.shape)
		return;
	if (packet.shape->write && packet.shape->first) {
		packet.addr = head.u64();
		packet.rkey = head.u32();
		packet.length = head.u32();
	}
	if (packet.shape->imm)
		packet.imm = head.u32();
	if (packet.shape->invalidate)
		packet.invalidated = head.u32();
}

} // namespace

std::vector<Frame> read_capture(const std::string &path)
{
	std::ifstream in(path, std::ios::binary);
	if (!in)
		die(0, "cannot be read");
	const Bytes file{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
	View left(file);
	if (left.size() < 24)
		die(0, "too short for a capture");
	const bool big = file_u32(left, true) == PCAP_MAGIC;
	if (!big && file_u32(left, false) != PCAP_MAGIC)
		die(0, "not a pcap file");
	if (file_u32(left.subspan(20), big) != PCAP_ETHERNET)
		die(0, "not a capture of Ethernet frames");
	std::vector<Frame> frames;
	left = left.subspan(24);
	while (!left.empty()) {
		const std::size_t number = frames.size() + 1;
		if (left.size() < 16)
			die(number, "the file ends inside it");
		const std::size_t kept = file_u32(left.subspan(8), big), sent = file_u32(left.subspan(12), big);
		if (kept < sent)
			die(number, "captured only in part");
		if (kept > left.size() - 16)
			die(number, "the file ends inside it");
		const View data = left.subspan(16, kept);
		frames.push_back({number, Bytes(data.begin(), data.end())});
		left = left.subspan(16 + kept);
	}
	return frames;
}

std::optional<Packet> parse_packet(const Frame &frame)
{
	Cursor ether(frame.data, frame.number, "Ethernet header");
	ether.skip(12);
	const std::uint16_t type = ether.u16();
	std::optional<Datagram> datagram;
	if (type == 0x0800)
		datagram = parse_ip4(ether.rest(), frame.number);
	else if (type == 0x86dd)
		datagram = parse_ip6(ether.rest(), frame.number);
	if (!datagram)
		return std::nullopt;
	Cursor udp(datagram->udp, frame.number, "UDP header");
	udp.skip(2);
	if (udp.u16() != ROCE_PORT)
		return std::nullopt;
	if (udp.u16() != datagram->udp.size())
		die(frame.number, "the UDP packet is cut short");
	udp.skip(2);

	Packet packet;
	packet.frame = frame.number;
	packet.from = datagram->from;
	packet.to = datagram->to;
	Cursor head(udp.rest(), frame.number, "transport header");
	packet.opcode = head.u8();
	const std::size_t padding = head.u8() >> 4 & 3;
	head.skip(3);
	packet.qpn = head.u24();
	head.skip(1);
	packet.psn = head.u24();
	parse_extended(head, packet);
	const View rest = head.rest();
	if (rest.size() < padding + 4)
		die(frame.number, "too short for its padding and check sum");
	packet.payload.assign(rest.begin(), rest.end() - static_cast<std::ptrdiff_t>(padding + 4));
	return packet;
}

bool is_answer(const Packet &packet)
{
	return packet.opcode == OP_ACK || packet.opcode == OP_CONGESTION;
}

/* Offsets behind the common header of 24 bytes; each message fills the remaining 232. */
std::optional<CmMessage> parse_cm(const Packet &packet)
{
	if (packet.qpn != 1 || packet.opcode != OP_UD_SEND)
		return std::nullopt;
	Cursor mad(packet.payload, packet.frame, "management packet");
	mad.skip(1);
	const bool manager = mad.u8() == 7;
	mad.skip(14);
	const std::uint16_t attribute = mad.u16();
	mad.skip(6);
	if (!manager || attribute < 0x10 || attribute > 0x13 || attribute == 0x11)
		return std::nullopt;
	if (mad.rest().size() != 232)
		die(packet.frame, "a management packet of another size than 256 bytes");
	CmMessage out{};
	out.local_id = mad.u32();
	if (attribute == 0x10) {
		out.kind = CmMessage::REQUEST;
		mad.skip(4);
		out.service = mad.u64();
		mad.skip(16);
		out.qpn = mad.u24();
		mad.skip(9);
		out.psn = mad.u24();
		mad.skip(93);
	} else if (attribute == 0x13) {
		out.kind = CmMessage::REPLY;
		out.remote_id = mad.u32();
		mad.skip(4);
		out.qpn = mad.u24();
		mad.skip(5);
		out.psn = mad.u24();
		mad.skip(13);
	} else {
		out.kind = CmMessage::REJECT;
		out.remote_id = mad.u32();
		mad.skip(2);
		out.reason = mad.u16();
		mad.skip(72);
	}
	out.data.assign(mad.rest().begin(), mad.rest().end());
	return out;
}

} // namespace wire
