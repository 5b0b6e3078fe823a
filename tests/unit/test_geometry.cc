/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shape of chunk memory and the immediate (protocol 4.2, 7). */
#include "tests/catch.h"

#include "rtrs/pure/geometry.h"
#include "tests/unit/util.h"

namespace {

const rtrs_geometry_limits WIDE = {65535, 16U << 20};

int init(u32 depth, u32 io, u32 hdr, rtrs_geometry *g)
{
	return rtrs_geometry_init(g, depth, io, hdr, &WIDE);
}

rtrs_geometry shape(u32 depth, u32 chunk)
{
	rtrs_geometry g;
	REQUIRE(rtrs_geometry_from_params(&g, depth, chunk, 4096) == 0);
	return g;
}

} // namespace

TEST_CASE("ceil_log2 is the number of bits that n values need")
{
	CHECK(rtrs_ceil_log2(0) == 0);
	CHECK(rtrs_ceil_log2(1) == 0);
	CHECK(rtrs_ceil_log2(2) == 1);
	CHECK(rtrs_ceil_log2(3) == 2);
	CHECK(rtrs_ceil_log2(511) == 9);
	CHECK(rtrs_ceil_log2(512) == 9);
	CHECK(rtrs_ceil_log2(513) == 10);
	CHECK(rtrs_ceil_log2(0x80000000U) == 31);
	CHECK(rtrs_ceil_log2(0x80000001U) == 32);
	CHECK(rtrs_ceil_log2(0xffffffffU) == 32);
}

TEST_CASE("the default offer gives 512 chunks of 128 KiB and 19 offset bits")
{
	rtrs_geometry g;
	REQUIRE(init(512, 126976, 4096, &g) == 0);
	CHECK(g.depth == 512);
	CHECK(g.chunk_size == 131072);
	CHECK(g.io_size == 126976);
	CHECK(g.hdr_size == 4096);
	CHECK(g.off_bits == 19);
}

TEST_CASE("a server with 64 KiB pages is accepted")
{
	rtrs_geometry g;
	REQUIRE(init(512, 65536, 65536, &g) == 0);
	CHECK(g.chunk_size == 131072);
}

TEST_CASE("C1 a queue depth of 0 is refused")
{
	rtrs_geometry g;
	CHECK(init(0, 126976, 4096, &g) == -EPROTO);
}

TEST_CASE("C2 a queue depth above the local limit is refused")
{
	const rtrs_geometry_limits limits = {512, 16U << 20};
	rtrs_geometry g;
	CHECK(rtrs_geometry_init(&g, 512, 4096, 4096, &limits) == 0);
	CHECK(rtrs_geometry_init(&g, 513, 4096, 4096, &limits) == -EPROTO);
	const rtrs_geometry_limits none = {0xffffffffU, 16U << 20};
	CHECK(rtrs_geometry_init(&g, 65536, 4096, 4096, &none) == -EPROTO);
}

TEST_CASE("C3 header room outside 512..65536 is refused")
{
	rtrs_geometry g;
	CHECK(init(16, 8192 - 512, 512, &g) == 0);
	CHECK(init(16, 8192 - 511, 511, &g) == -EPROTO);
	CHECK(init(16, 8192 - 16, 16, &g) == -EPROTO);
	CHECK(init(16, 8192, 0, &g) == -EPROTO);
	CHECK(init(16, 131072 - 65536, 65536, &g) == 0);
	CHECK(init(16, 131072 - 65537, 65537, &g) == -EPROTO);
	CHECK(init(16, 4097, 0xffffffffU, &g) == -EPROTO);
}

TEST_CASE("C4 io sizes out of bounds, wrapping sums and odd chunks are refused")
{
	rtrs_geometry g;
	CHECK(init(16, 4096, 4096, &g) == 0);
	CHECK(init(16, 4095, 4097, &g) == -EPROTO);
	CHECK(init(16, 0, 8192, &g) == -EPROTO);
	CHECK(init(16, (16U << 20) - 4096, 4096, &g) == 0);
	CHECK(init(16, (16U << 20) + 4096, 4096, &g) == -EPROTO);
	CHECK(init(16, 0xffffffffU, 4096, &g) == -EPROTO);
	CHECK(init(16, 0x80000000U, 4096, &g) == -EPROTO);
	CHECK(init(16, 126976, 4097, &g) == -EPROTO);

	const rtrs_geometry_limits none = {65535, 0xffffffffU};
	CHECK(rtrs_geometry_init(&g, 1, 0xfffff000U, 4096, &none) == -EPROTO);
	CHECK(rtrs_geometry_init(&g, 1, 0xfffff000U, 8192, &none) == -EPROTO);
	CHECK(rtrs_geometry_init(&g, 1, (1U << 28) - 4096, 4096, &none) == -EPROTO);
	CHECK(rtrs_geometry_init(&g, 2, (1U << 27) - 4096, 4096, &none) == 0);
	const rtrs_geometry_limits small = {65535, 65536};
	CHECK(rtrs_geometry_init(&g, 16, 65537, 65535, &small) == -EPROTO);
	CHECK(rtrs_geometry_init(&g, 16, 65536, 65536, &small) == 0);
}

TEST_CASE("depth and chunk size must fit 28 bits together")
{
	rtrs_geometry g;
	CHECK(init(2048, 131072 - 4096, 4096, &g) == 0);
	CHECK(g.off_bits == 17);
	CHECK(init(2049, 131072 - 4096, 4096, &g) == -EPROTO);
	CHECK(rtrs_geometry_from_params(&g, 2048, 131072, 4096) == 0);
	CHECK(rtrs_geometry_from_params(&g, 2049, 131072, 4096) == -EINVAL);
}

TEST_CASE("server parameters are bounded as the sysfs ABI says")
{
	rtrs_geometry g;
	CHECK(rtrs_geometry_from_params(&g, 0, 131072, 4096) == -EINVAL);
	CHECK(rtrs_geometry_from_params(&g, 65536, 8192, 4096) == -EINVAL);
	CHECK(rtrs_geometry_from_params(&g, 1, 4096, 512) == -EINVAL);
	CHECK(rtrs_geometry_from_params(&g, 1, 8191, 4096) == -EINVAL);
	CHECK(rtrs_geometry_from_params(&g, 1, 12288, 4096) == -EINVAL);
	CHECK(rtrs_geometry_from_params(&g, 1, 8192, 8192) == -EINVAL);
	CHECK(rtrs_geometry_from_params(&g, 1, 65536, 65536) == -EINVAL);
	REQUIRE(rtrs_geometry_from_params(&g, 1, 8192, 4096) == 0);
	CHECK(g.off_bits == 28);
	CHECK(g.io_size == 4096);
}

TEST_CASE("immediates are packed as the protocol shows")
{
	const rtrs_geometry g = shape(512, 131072);
	CHECK(rtrs_imm_request(&g, 1, 0x1020) == 0x00081020);
	CHECK(rtrs_imm_request(&g, 511, 131071) == 0x0ff9ffff);
	CHECK(rtrs_imm_response(7, 0, false) == 0x10000007);
	CHECK(rtrs_imm_response(7, -EIO, false) == 0x10280007);
	CHECK(rtrs_imm_response(7, -EIO, true) == 0x20280007);
	CHECK(rtrs_imm_pack(RTRS_WIRE_IMM_HB, 0) == 0x80000000);
	CHECK(rtrs_imm_pack(RTRS_WIRE_IMM_HB_ACK, 0) == 0x90000000);
	CHECK(rtrs_imm_pack(RTRS_WIRE_IMM_PATH_END, 0x0abcdef1) == 0xaabcdef1);
	CHECK(rtrs_imm_pack(RTRS_WIRE_IMM_PATH_END_ACK, 0x0abcdef1) == 0xbabcdef1);
	CHECK(rtrs_imm_pack(1, 0xffffffffU) == 0x1fffffff);
}

TEST_CASE("S30 every type number survives unpacking, known or not")
{
	for (u32 type = 0; type < 16; type++) {
		const rtrs_imm imm = rtrs_imm_unpack(type << 28 | 0x0badcafU);
		CHECK(imm.type == type);
		CHECK(imm.payload == 0x0badcafU);
	}
}

TEST_CASE("an errno that does not fit nine bits is sent as EIO")
{
	CHECK(rtrs_imm_response(0, -511, false) == rtrs_imm_pack(1, 511U << 19));
	CHECK(rtrs_imm_response(0, -512, false) == rtrs_imm_pack(1, 5U << 19));
	CHECK(rtrs_imm_response(0, -517, false) == rtrs_imm_pack(1, 5U << 19));
	CHECK(rtrs_imm_response(0, -2147483647 - 1, false) == rtrs_imm_pack(1, 5U << 19));
	CHECK(rtrs_imm_response(0, 22, false) == rtrs_imm_pack(1, 22U << 19));
}

TEST_CASE("S31 a slot beyond the depth or an offset beyond the chunk is a violation")
{
	const rtrs_geometry g = shape(3, 8192);	/* 2 bits of slot, 26 of offset */
	u32 slot = 99, off = 99;
	CHECK(rtrs_imm_request_parse(&g, 2U << 26 | 8191, &slot, &off) == 0);
	CHECK(slot == 2);
	CHECK(off == 8191);
	CHECK(rtrs_imm_request_parse(&g, 3U << 26, &slot, &off) == -EPROTO);
	CHECK(rtrs_imm_request_parse(&g, 2U << 26 | 8192, &slot, &off) == -EPROTO);
	CHECK(rtrs_imm_request_parse(&g, 0x03ffffff, &slot, &off) == -EPROTO);
	CHECK(slot == 2);
}

TEST_CASE("a session of one chunk has no slot bits")
{
	const rtrs_geometry g = shape(1, 131072);
	u32 slot = 99, off = 99;
	CHECK(rtrs_imm_request_parse(&g, 131071, &slot, &off) == 0);
	CHECK(slot == 0);
	CHECK(off == 131071);
	CHECK(rtrs_imm_request_parse(&g, 131072, &slot, &off) == -EPROTO);
}

TEST_CASE("C8 a response for a slot beyond the depth breaks the protocol")
{
	const rtrs_geometry g = shape(512, 131072);
	u32 slot = 99;
	int err = 99;
	CHECK(rtrs_imm_response_parse(&g, 511, &slot, &err) == 0);
	CHECK(slot == 511);
	CHECK(err == 0);
	CHECK(rtrs_imm_response_parse(&g, 512, &slot, &err) == -EPROTO);
	CHECK(rtrs_imm_response_parse(&g, 0x7ffff, &slot, &err) == -EPROTO);
}

TEST_CASE("C12 an errno without a meaning becomes EIO")
{
	const rtrs_geometry g = shape(512, 131072);
	u32 slot;
	int err;
	REQUIRE(rtrs_imm_response_parse(&g, 107U << 19, &slot, &err) == 0);
	CHECK(err == -ENOTCONN);
	REQUIRE(rtrs_imm_response_parse(&g, 133U << 19, &slot, &err) == 0);
	CHECK(err == -133);
	REQUIRE(rtrs_imm_response_parse(&g, 134U << 19, &slot, &err) == 0);
	CHECK(err == -EIO);
	REQUIRE(rtrs_imm_response_parse(&g, 511U << 19, &slot, &err) == 0);
	CHECK(err == -EIO);
}

TEST_CASE("every slot and offset of random shapes comes back unchanged")
{
	unit::Random random(20);
	for (int round = 0; round < 20000; round++) {
		const u32 chunk = 8192U << random.below(6);
		const u32 depth = 1 + random.below(1U << (28 - rtrs_ceil_log2(chunk)));
		rtrs_geometry g;
		const int err = rtrs_geometry_from_params(&g, depth > 65535 ? 65535 : depth, chunk, 4096);
		if (err)
			continue;
		const u32 slot = random.below(g.depth), off = random.below(g.chunk_size);
		const rtrs_imm imm = rtrs_imm_unpack(rtrs_imm_request(&g, slot, off));
		u32 s = ~0U, o = ~0U;
		REQUIRE(imm.type == RTRS_WIRE_IMM_REQUEST);
		REQUIRE(rtrs_imm_request_parse(&g, imm.payload, &s, &o) == 0);
		REQUIRE(s == slot);
		REQUIRE(o == off);
		const int code = -static_cast<int>(random.below(134));
		int back = 1;
		const rtrs_imm rsp = rtrs_imm_unpack(rtrs_imm_response(slot, code, round & 1));
		REQUIRE(rtrs_imm_response_parse(&g, rsp.payload, &s, &back) == 0);
		REQUIRE(s == slot);
		REQUIRE(back == code);
		REQUIRE(rsp.type == (round & 1 ? RTRS_WIRE_IMM_RESPONSE_INV : RTRS_WIRE_IMM_RESPONSE));
	}
}
