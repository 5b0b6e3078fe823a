/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A capture shows what was sent, not what arrived: packets come again after a
 * loss, and those behind a lost one come before it. Both are told by their
 * number; the receiver, too, takes only the next one.
 */
#include "tests/wire/flow.h"

#include <algorithm>
#include <utility>

namespace wire {

namespace {

const std::uint32_t PSN_MASK = 0xffffff, PSN_HALF = 0x800000;

} // namespace

void Flow::append(const Packet &packet)
{
	if (packet.shape->first) {
		if (open_)
			die(packet.frame, "a message begins inside another");
		message_ = Message{};
		message_.write = packet.shape->write;
		message_.addr = packet.addr;
		message_.rkey = packet.rkey;
		length_ = packet.length;
		open_ = true;
	} else if (!open_ || packet.shape->write != message_.write) {
		die(packet.frame, "goes on with a message that never began");
	}
	message_.data.insert(message_.data.end(), packet.payload.begin(), packet.payload.end());
}

std::optional<Message> Flow::take(const Packet &packet)
{
	const std::uint32_t ahead = (packet.psn - expected_) & PSN_MASK;
	if (ahead >= PSN_HALF) {
		if (PSN_MASK + 1 - ahead > taken_)
			die(packet.frame, "a number from before its connection began");
		return std::nullopt;
	}
	if (ahead) {
		if (!gap_)
			gap_ = packet.frame;
		behind_gap_ = packet.psn;
		return std::nullopt;
	}
	if (gap_ && expected_ == behind_gap_)
		gap_ = 0;
	expected_ = (expected_ + 1) & PSN_MASK;
	taken_ = std::min(taken_ + 1, PSN_HALF);
	append(packet);
	if (!packet.shape->last)
		return std::nullopt;
	open_ = false;
	message_.frame = packet.frame;
	if (message_.write && message_.data.size() != length_)
		die(packet.frame, "a write of another length than its header says");
	if (packet.shape->imm)
		message_.imm = packet.imm;
	if (packet.shape->invalidate)
		message_.invalidated = packet.invalidated;
	return std::move(message_);
}

} // namespace wire
