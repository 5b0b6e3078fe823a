/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits of the client's disk and the server's check of each operation. */
#include "tests/catch.h"

#include <string>

#include "rnbd/pure/limits.h"
#include "tests/unit/util.h"

namespace {

const u32 MAX_IO = 126976;

rnbd_dev_info plain()
{
	rnbd_dev_info i = {};
	i.nsectors = 2048;
	i.logical_block_size = 512;
	i.physical_block_size = 4096;
	i.max_discard_sectors = 8192;
	i.discard_granularity = 4096;
	i.max_write_zeroes_sectors = 65535;
	i.secure_erase_sectors = 1;
	i.writeback = i.fua = true;
	return i;
}

int init(const rnbd_dev_info &i, rnbd_limits *lim, u32 io = MAX_IO, u32 segs = 128)
{
	const char *why = nullptr;
	const int err = rnbd_limits_init(lim, &i, io, segs, &why);
	if (err)
		REQUIRE((why && *why));
	return err;
}

rnbd_limits limits(const rnbd_dev_info &i)
{
	rnbd_limits lim;
	REQUIRE(init(i, &lim) == 0);
	return lim;
}

rnbd_target target(u32 block = 512)
{
	return {2048, block, false, true, true, true};
}

int check(const rnbd_target &t, u8 op, u64 sector, u32 bytes)
{
	rnbd_io io = {};
	io.op = op;
	io.sector = sector;
	io.bytes = bytes;
	return rnbd_io_check(&t, &io);
}

} // namespace

TEST_CASE("limits come from the response and the session (protocol 10)")
{
	const rnbd_limits l = limits(plain());
	CHECK(l.nsectors == 2048);
	CHECK(l.logical_block_size == 512);
	CHECK(l.physical_block_size == 4096);
	CHECK(l.max_hw_sectors == 248);
	CHECK(l.io_opt == MAX_IO);
	CHECK(l.max_segments == 128);
	CHECK(l.virt_boundary == 4095);
	CHECK(l.max_discard_sectors == 8192);
	CHECK(l.discard_granularity == 4096);
	CHECK(l.discard_alignment == 0);
	CHECK(l.max_write_zeroes_sectors == 65535);
	CHECK(l.max_secure_erase_sectors == 8192);
	CHECK(l.write_cache);
	CHECK(l.fua);
}

TEST_CASE("the largest request is bounded by the session's size and by its segments")
{
	rnbd_limits l;
	REQUIRE(init(plain(), &l, 1 << 20, 128) == 0);
	CHECK(l.max_hw_sectors == 1024);
	REQUIRE(init(plain(), &l, MAX_IO, 3) == 0);
	CHECK(l.io_opt == 12288);
	REQUIRE(init(plain(), &l, 0xffffffffU, 0xffffffffU) == 0);
	CHECK(l.io_opt == 0xfffffe00U);
	rnbd_dev_info big = plain();
	big.logical_block_size = 4096;
	REQUIRE(init(big, &l, 10000, 128) == 0);
	CHECK(l.max_hw_sectors == 16);
	CHECK(init(plain(), &l, 4095, 128) == -EPROTO);
	CHECK(init(plain(), &l, 4096, 1) == 0);
	CHECK(init(plain(), &l, 4096, 0) == -EPROTO);
	CHECK(init(plain(), &l, 0, 128) == -EPROTO);
}

TEST_CASE("C14 block sizes that are no power of two in range are refused")
{
	rnbd_limits l;
	rnbd_dev_info i = plain();
	i.physical_block_size = 0;
	for (u32 size : {512U, 1024U, 2048U, 4096U}) {
		i.logical_block_size = size;
		REQUIRE(init(i, &l) == 0);
		CHECK(l.physical_block_size == size);
	}
	for (u32 size : {0U, 1U, 256U, 511U, 513U, 1536U, 8192U, 32768U, 65535U, 65536U}) {
		i.logical_block_size = size;
		CHECK(init(i, &l) == -EPROTO);
	}
	i.logical_block_size = 4096;
	for (u32 size : {512U, 2048U, 4095U, 12288U, 131072U}) {
		i.physical_block_size = size;
		CHECK(init(i, &l) == -EPROTO);
	}
	for (u32 size : {4096U, 8192U, 65536U}) {
		i.physical_block_size = size;
		CHECK(init(i, &l) == 0);
	}
}

TEST_CASE("C14 a capacity of 0, of half a block or of 2^63 bytes is refused")
{
	rnbd_limits l;
	rnbd_dev_info i = plain();
	for (u64 n : {0ULL, ~0ULL, 1ULL << 54, 1ULL << 55, 1ULL << 63}) {
		i.nsectors = n;
		CHECK(init(i, &l) == -EPROTO);
	}
	i.nsectors = (1ULL << 54) - 1;
	CHECK(init(i, &l) == 0);
	i.logical_block_size = 4096;
	for (u64 n : {1ULL, 7ULL, 9ULL, 2047ULL}) {
		i.nsectors = n;
		CHECK(init(i, &l) == -EPROTO);
	}
	i.nsectors = 8;
	CHECK(init(i, &l) == 0);
}

TEST_CASE("C14 an odd discard granularity is refused, none becomes the logical block")
{
	rnbd_limits l;
	rnbd_dev_info i = plain();
	for (u32 g : {1U, 511U, 513U, 4095U}) {
		i.discard_granularity = g;
		CHECK(init(i, &l) == -EPROTO);
	}
	i.discard_granularity = 0;
	i.logical_block_size = 4096;
	REQUIRE(init(i, &l) == 0);
	CHECK(l.discard_granularity == 4096);
	i.discard_granularity = 65536;
	i.discard_alignment = 65536 + 512;
	REQUIRE(init(i, &l) == 0);
	CHECK(l.discard_alignment == 512);
}

TEST_CASE("without discard there is no erase and no granularity")
{
	rnbd_limits l;
	rnbd_dev_info i = plain();
	i.max_discard_sectors = 0;
	REQUIRE(init(i, &l) == 0);
	CHECK(l.max_discard_sectors == 0);
	CHECK(l.discard_granularity == 0);
	CHECK(l.max_secure_erase_sectors == 0);
	i = plain();
	i.secure_erase_sectors = 0;
	REQUIRE(init(i, &l) == 0);
	CHECK(l.max_secure_erase_sectors == 0);
}

TEST_CASE("ranges are cut to what one message can say, in whole blocks")
{
	rnbd_limits l;
	rnbd_dev_info i = plain();
	i.max_discard_sectors = i.max_write_zeroes_sectors = 0xffffffffU;
	REQUIRE(init(i, &l) == 0);
	CHECK(l.max_discard_sectors == 8388607);
	CHECK(l.max_write_zeroes_sectors == 8388607);
	i.logical_block_size = 4096;
	REQUIRE(init(i, &l) == 0);
	CHECK(l.max_discard_sectors == 8388600);
	i.max_discard_sectors = 7;
	REQUIRE(init(i, &l) == 0);
	CHECK(l.max_discard_sectors == 0);
}

TEST_CASE("FUA counts only with a write cache")
{
	rnbd_dev_info i = plain();
	i.writeback = false;
	CHECK_FALSE(limits(i).write_cache);
	CHECK_FALSE(limits(i).fua);
	i.writeback = true;
	i.fua = false;
	CHECK(limits(i).write_cache);
	CHECK_FALSE(limits(i).fua);
}

TEST_CASE("S60 ranges end with the device, without wrap")
{
	const rnbd_target t = target();
	for (u8 op : {0, 1, 3, 4, 5}) {
		CHECK(check(t, op, 0, 512) == 0);
		CHECK(check(t, op, 2047, 512) == 0);
		CHECK(check(t, op, 2047, 1024) == -EINVAL);
		CHECK(check(t, op, 2048, 512) == -EINVAL);
		CHECK(check(t, op, 2049, 512) == -EINVAL);
		CHECK(check(t, op, ~0ULL, 512) == -EINVAL);
		CHECK(check(t, op, ~0ULL - 7, 4096) == -EINVAL);
		CHECK(check(t, op, 1ULL << 55, 512) == -EINVAL);
		CHECK(check(t, op, 0, 2048 * 512) == 0);
		CHECK(check(t, op, 0, 2049 * 512) == -EINVAL);
		CHECK(check(t, op, 0, 0xfffffe00) == -EINVAL);
		CHECK(check(t, op, 0, 0) == -EINVAL);
	}
}

TEST_CASE("S60 sector and length are multiples of the logical block")
{
	const rnbd_target t = target(4096);
	CHECK(check(t, 1, 8, 4096) == 0);
	CHECK(check(t, 1, 1, 4096) == -EINVAL);
	CHECK(check(t, 1, 4, 4096) == -EINVAL);
	CHECK(check(t, 1, 8, 512) == -EINVAL);
	CHECK(check(t, 1, 8, 4608) == -EINVAL);
	CHECK(check(target(), 1, 1, 4095) == -EINVAL);
}

TEST_CASE("a flush has no range")
{
	CHECK(check(target(), RNBD_WIRE_OP_FLUSH, ~0ULL, 0) == 0);
	rnbd_target t = target();
	t.read_only = true;
	CHECK(check(t, RNBD_WIRE_OP_FLUSH, 0, 0) == 0);
}

TEST_CASE("S61 what the device lacks is -EOPNOTSUPP")
{
	rnbd_target t = target();
	t.discard = false;
	CHECK(check(t, RNBD_WIRE_OP_DISCARD, 0, 0xfffffe00) == -EOPNOTSUPP);
	CHECK(check(t, RNBD_WIRE_OP_SECURE_ERASE, 0, 512) == 0);
	CHECK(check(t, RNBD_WIRE_OP_WRITE_ZEROES, 0, 512) == 0);
	t = target();
	t.secure_erase = false;
	CHECK(check(t, RNBD_WIRE_OP_SECURE_ERASE, 0, 512) == -EOPNOTSUPP);
	CHECK(check(t, RNBD_WIRE_OP_DISCARD, 0, 512) == 0);
	t = target();
	t.write_zeroes = false;
	CHECK(check(t, RNBD_WIRE_OP_WRITE_ZEROES, 0, 512) == -EOPNOTSUPP);
	CHECK(check(t, RNBD_WIRE_OP_WRITE, 0, 512) == 0);
	CHECK(check(t, 6, 0, 512) == -EOPNOTSUPP);
	CHECK(check(t, 255, 0, 512) == -EOPNOTSUPP);
}

TEST_CASE("S62 nothing writes to a read-only target")
{
	rnbd_target t = target();
	t.read_only = true;
	for (u8 op : {1, 3, 4, 5})
		CHECK(check(t, op, 0, 512) == -EROFS);
	CHECK(check(t, RNBD_WIRE_OP_READ, 0, 512) == 0);
	t.discard = t.secure_erase = t.write_zeroes = false;
	for (u8 op : {1, 3, 4, 5})
		CHECK(check(t, op, 1ULL << 60, 1) == -EROFS);
}

TEST_CASE("S63 real time becomes best effort, nonsense becomes none")
{
	CHECK(rnbd_prio_clamp(0) == 0);
	CHECK(rnbd_prio_clamp(1 << 13 | 3) == (2 << 13 | 3));
	CHECK(rnbd_prio_clamp(2 << 13 | 7) == (2 << 13 | 7));
	CHECK(rnbd_prio_clamp(3 << 13 | 1) == (3 << 13 | 1));
	for (u32 prio = 0; prio < 65536; prio++) {
		const u16 out = rnbd_prio_clamp(static_cast<u16>(prio));
		const u32 klass = out >> 13;
		if (klass == 1 || klass > 3 || (out & 0x1ff8))
			FAIL("prio " << prio);
	}
}

TEST_CASE("C15 a re-open may grow the device and nothing else")
{
	const char *why = nullptr;
	const rnbd_limits then = limits(plain());
	const auto verdict = [&](const rnbd_limits &now) {
		why = nullptr;
		const int err = rnbd_limits_compatible(&now, &then, &why);
		REQUIRE((err == 0) == (why == nullptr));
		return err;
	};
	rnbd_limits now = then;
	CHECK(verdict(now) == 0);
	now.nsectors++;
	now.max_hw_sectors++;
	now.max_segments++;
	now.max_discard_sectors += 8;
	now.max_write_zeroes_sectors += 8;
	now.max_secure_erase_sectors += 8;
	CHECK(verdict(now) == 0);
	const auto broken = [&](auto change, const char *text) {
		rnbd_limits n = then;
		change(n);
		CHECK(verdict(n) == -EPROTO);
		CHECK(std::string(why ? why : "") == text);
	};
	broken([](rnbd_limits &n) { n.nsectors--; }, "capacity shrank");
	broken([](rnbd_limits &n) { n.logical_block_size = 4096; }, "logical block size changed");
	broken([](rnbd_limits &n) { n.physical_block_size = 512; }, "physical block size changed");
	broken([](rnbd_limits &n) { n.max_hw_sectors--; }, "largest request shrank");
	broken([](rnbd_limits &n) { n.max_segments--; }, "largest request shrank");
	broken([](rnbd_limits &n) { n.max_discard_sectors--; }, "discard limit shrank");
	broken([](rnbd_limits &n) { n.max_write_zeroes_sectors--; }, "write-zeroes limit shrank");
	broken([](rnbd_limits &n) { n.max_secure_erase_sectors--; }, "secure-erase limit shrank");
	broken([](rnbd_limits &n) { n.discard_granularity = 512; }, "discard granularity or alignment changed");
	broken([](rnbd_limits &n) { n.discard_alignment = 512; }, "discard granularity or alignment changed");
	broken([](rnbd_limits &n) { n.fua = false; }, "FUA is gone while the write cache stays");
}

TEST_CASE("C15 a write cache may go but not appear")
{
	const char *why = nullptr;
	rnbd_dev_info i = plain();
	const rnbd_limits cached = limits(i);
	i.writeback = i.fua = false;
	const rnbd_limits through = limits(i);
	CHECK(rnbd_limits_compatible(&through, &cached, &why) == 0);
	CHECK(rnbd_limits_compatible(&cached, &through, &why) == -EPROTO);
	CHECK(std::string(why) == "a write cache appeared");
	/* discard may appear where there was none */
	i = plain();
	i.max_discard_sectors = 0;
	CHECK(rnbd_limits_compatible(&cached, &cached, &why) == 0);
	const rnbd_limits without = limits(i);
	CHECK(rnbd_limits_compatible(&cached, &without, &why) == 0);
}

TEST_CASE("an accepted range never leaves the device, whatever the numbers")
{
	unit::Random random(29);
	for (int round = 0; round < 200000; round++) {
		rnbd_target t = target(512U << random.below(4));
		t.nsectors = random.next() >> (10 + random.below(50));
		const u64 sector = random.next() >> random.below(64);
		const u32 bytes = static_cast<u32>(random.next()) >> random.below(32);
		if (check(t, RNBD_WIRE_OP_READ, sector, bytes) == 0) {
			const unsigned __int128 end = (static_cast<unsigned __int128>(sector) << 9) + bytes;
			REQUIRE((end <= static_cast<unsigned __int128>(t.nsectors) << 9));
			REQUIRE(bytes % t.logical_block_size == 0);
			REQUIRE((sector << 9) % t.logical_block_size == 0);
		}
	}
}
