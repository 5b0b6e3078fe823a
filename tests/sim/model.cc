/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The reference for the disk's content: see model.h. */
#include "tests/sim/model.h"

namespace sim {

namespace {

const std::uint64_t OPEN_END = ~0ULL;

} // namespace

Model::Model()
{
	for (std::vector<Write> &b : blocks_)
		b.push_back({0, 0, 0, 0, true});
}

void Model::write_issued(std::uint64_t block, std::uint32_t count, std::uint32_t tag, bool zeroes,
			  std::uint64_t when)
{
	for (std::uint32_t i = 0; i < count; i++)
		blocks_[block + i].push_back({tag, zeroes ? 0 : tag, when, OPEN_END, false});
}

void Model::write_ended(std::uint64_t block, std::uint32_t count, std::uint32_t tag, bool good, std::uint64_t when)
{
	for (std::uint32_t i = 0; i < count; i++)
		for (Write &w : blocks_[block + i])
			if (w.tag == tag) {
				w.ended = when;
				w.good = good;
			}
}

bool Model::possible(std::uint64_t block, std::uint32_t value, std::uint64_t from, std::uint64_t until) const
{
	/* the latest issue of a write that was acknowledged before: what ended before it is overwritten */
	std::uint64_t last = 0;
	for (const Write &w : blocks_[block])
		if (w.good && w.ended < from && w.issued > last)
			last = w.issued;
	for (const Write &w : blocks_[block])
		if (w.value == value && w.issued <= until && w.ended >= last)
			return true;
	return false;
}

void fill_block(std::uint8_t *at, std::uint32_t tag)
{
	for (std::uint32_t i = 0; i < BLOCK; i += 4)
		std::memcpy(at + i, &tag, 4);
}

std::uint32_t block_tag(const std::uint8_t *at)
{
	std::uint32_t tag;
	std::memcpy(&tag, at, 4);
	/* all words are equal when each byte equals the one four places on */
	SIM_CHECK(!std::memcmp(at, at + 4, BLOCK - 4));
	return tag;
}

} // namespace sim
