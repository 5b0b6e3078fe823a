/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a block may contain: every write with the time it was issued and the
 * time it was given back. A write that failed may reach the disk, but not after
 * one that was issued later has been acknowledged.
 */
#ifndef TESTS_SIM_MODEL_H
#define TESTS_SIM_MODEL_H

#include "tests/sim/sim.h"

namespace sim {

class Model {
public:
	Model();
	/* @tag names the write; @zeroes: its blocks then read as tag 0. */
	void write_issued(std::uint64_t block, std::uint32_t count, std::uint32_t tag, bool zeroes, std::uint64_t when);
	void write_ended(std::uint64_t block, std::uint32_t count, std::uint32_t tag, bool good, std::uint64_t when);
	/* May a read from @from to @until have seen @value in @block? */
	bool possible(std::uint64_t block, std::uint32_t value, std::uint64_t from, std::uint64_t until) const;

private:
	struct Write {
		std::uint32_t tag;
		std::uint32_t value;
		std::uint64_t issued;
		std::uint64_t ended;
		bool good;
	};
	std::vector<Write> blocks_[DISK_BLOCKS];
};

/* A block filled with its write's tag; the tag of a block, or a failed check if it is torn. */
void fill_block(std::uint8_t *at, std::uint32_t tag);
std::uint32_t block_tag(const std::uint8_t *at);

} // namespace sim

#endif /* TESTS_SIM_MODEL_H */
