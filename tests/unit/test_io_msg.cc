/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Request headers and the key message (protocol 8 and 9), byte by byte. */
#include "tests/catch.h"

#include "rtrs/pure/io_msg.h"
#include "tests/unit/util.h"

using unit::Bytes;
using unit::bytes_of;
using unit::hex;
using unit::operator+;

namespace {

const u32 CHUNK = 131072, HDR = 4096, IO = CHUNK - HDR;

rtrs_geometry shape()
{
	rtrs_geometry g;
	REQUIRE(rtrs_geometry_from_params(&g, 512, CHUNK, HDR) == 0);
	return g;
}

int parse(u32 off, const Bytes &hdr, rtrs_io *io)
{
	const rtrs_geometry g = shape();
	const unit::Odd odd(hdr);
	return rtrs_io_parse(&g, off, odd.data(), hdr.size(), io);
}

Bytes write_hdr(u16 msg_len)
{
	Bytes b(5, 0xcc);
	REQUIRE(rtrs_write_hdr_build(b.data() + 1, msg_len) == 4);
	return Bytes(b.begin() + 1, b.end());
}

Bytes read_hdr(u16 msg_len, u32 lent_len, bool need_inval = true)
{
	const rtrs_lent lent = {0x1122334455667788, 0xaabbccdd, lent_len};
	Bytes b(25, 0xcc);
	REQUIRE(rtrs_read_hdr_build(b.data() + 1, msg_len, &lent, need_inval) == 24);
	return Bytes(b.begin() + 1, b.end());
}

Bytes bare_read_hdr(u16 msg_len)
{
	Bytes b(9, 0xcc);
	REQUIRE(rtrs_read_hdr_build(b.data() + 1, msg_len, nullptr, true) == 8);
	return Bytes(b.begin() + 1, b.end());
}

} // namespace

TEST_CASE("request headers have the bytes of the protocol")
{
	CHECK(write_hdr(32) == hex("02 00 20 00"));
	CHECK(bare_read_hdr(32) == hex("03 00 20 00 00 00 00 00"));
	CHECK(read_hdr(32, 4096) == hex("03 00 20 00 01 00 01 00"
					"88 77 66 55 44 33 22 11 dd cc bb aa 00 10 00 00"));
	CHECK(read_hdr(264, 56, false) == hex("03 00 08 01 00 00 01 00"
					      "88 77 66 55 44 33 22 11 dd cc bb aa 38 00 00 00"));
}

TEST_CASE("a write header is read back")
{
	rtrs_io io;
	REQUIRE(parse(4096 + 32, hex("02 00 20 00"), &io) == 0);
	CHECK_FALSE(io.read);
	CHECK_FALSE(io.has_desc);
	CHECK_FALSE(io.need_inval);
	CHECK(io.msg_len == 32);
	CHECK(io.data_len == 4096);
	CHECK(io.msg_off == 4096);
}

TEST_CASE("a read header with its descriptor is read back")
{
	rtrs_io io;
	REQUIRE(parse(4096 + 32, read_hdr(32, 4096), &io) == 0);
	CHECK(io.read);
	CHECK(io.has_desc);
	CHECK(io.need_inval);
	CHECK(io.data_len == 4096);
	CHECK(io.lent.addr == 0x1122334455667788);
	CHECK(io.lent.rkey == 0xaabbccdd);
	CHECK(io.lent.len == 4096);
	REQUIRE(parse(4096 + 32, read_hdr(32, 512, false), &io) == 0);
	CHECK_FALSE(io.need_inval);
	CHECK(io.lent.len == 512);
}

TEST_CASE("the open of an in-tree client is accepted: 264 bytes of message, 56 of answer")
{
	rtrs_io io;
	REQUIRE(parse(56 + 264, read_hdr(264, 56), &io) == 0);
	CHECK(io.data_len == 56);
	CHECK(io.msg_len == 264);
}

TEST_CASE("the flush of an in-tree client is accepted: no descriptor, no data")
{
	rtrs_io io;
	REQUIRE(parse(32, hex("03 00 20 00 00 00 00 00"), &io) == 0);
	CHECK(io.read);
	CHECK_FALSE(io.has_desc);
	CHECK(io.data_len == 0);
	CHECK(io.msg_off == 0);
}

TEST_CASE("S32 a header that crosses the end of its chunk is a violation")
{
	rtrs_io io;
	const Bytes w = write_hdr(4096), r = read_hdr(4096, 512), bare = bare_read_hdr(4096);
	CHECK(parse(CHUNK - 4, w, &io) == 0);
	CHECK(parse(CHUNK - 3, w, &io) == -EPROTO);
	CHECK(parse(CHUNK - 8, bare, &io) == 0);
	CHECK(parse(CHUNK - 7, bare, &io) == -EPROTO);
	CHECK(parse(CHUNK - 24, r, &io) == 0);
	CHECK(parse(CHUNK - 23, r, &io) == -EPROTO);
	CHECK(parse(CHUNK, w, &io) == -EPROTO);
	CHECK(parse(CHUNK + 1, w, &io) == -EPROTO);
	CHECK(parse(0xffffffffU, w, &io) == -EPROTO);
}

TEST_CASE("S32 no byte behind the copied part of the header is read")
{
	rtrs_io io;
	const Bytes w = write_hdr(32), r = read_hdr(32, 512), bare = bare_read_hdr(32);
	for (std::size_t n = 0; n < 4; n++)
		CHECK(parse(600, Bytes(w.begin(), w.begin() + static_cast<std::ptrdiff_t>(n)), &io) == -EPROTO);
	for (std::size_t n = 4; n < 8; n++)
		CHECK(parse(600, Bytes(bare.begin(), bare.begin() + static_cast<std::ptrdiff_t>(n)), &io) == -EPROTO);
	for (std::size_t n = 8; n < 24; n++)
		CHECK(parse(600, Bytes(r.begin(), r.begin() + static_cast<std::ptrdiff_t>(n)), &io) == -EPROTO);
	CHECK(parse(600, r, &io) == 0);
}

TEST_CASE("S33 odd offsets are read byte by byte")
{
	rtrs_io io;
	REQUIRE(parse(4096 + 33, hex("02 00 21 00"), &io) == 0);
	CHECK(io.data_len == 4096);
	REQUIRE(parse(4097 + 32, hex("02 00 20 00"), &io) == 0);
	CHECK(io.data_len == 4097);
}

TEST_CASE("S34 a message longer than what lies before the header is a violation")
{
	rtrs_io io;
	CHECK(parse(32, hex("02 00 20 00"), &io) == 0);
	CHECK(parse(31, hex("02 00 20 00"), &io) == -EPROTO);
	CHECK(parse(0, hex("02 00 01 00"), &io) == -EPROTO);
}

TEST_CASE("S35 a message of 0 or of more than 4096 bytes is a violation")
{
	rtrs_io io;
	CHECK(parse(600, hex("02 00 00 00"), &io) == -EPROTO);
	CHECK(parse(600, hex("03 00 00 00 00 00 00 00"), &io) == -EPROTO);
	CHECK(parse(8192, hex("02 00 00 10"), &io) == 0);
	CHECK(parse(8192, hex("02 00 01 10"), &io) == -EPROTO);
	CHECK(parse(100000, hex("02 00 ff ff"), &io) == -EPROTO);
}

TEST_CASE("data of more than the largest request is a violation")
{
	rtrs_io io;
	CHECK(parse(IO + 32, write_hdr(32), &io) == 0);
	CHECK(parse(IO + 33, write_hdr(32), &io) == -EPROTO);
}

TEST_CASE("S38 a descriptor may not be empty, nor longer than the data asked for")
{
	rtrs_io io;
	CHECK(parse(4096 + 32, read_hdr(32, 0), &io) == -EPROTO);
	CHECK(parse(4096 + 32, read_hdr(32, 4097), &io) == -EPROTO);
	CHECK(parse(4096 + 32, read_hdr(32, 0xffffffffU), &io) == -EPROTO);
	CHECK(parse(32, read_hdr(32, 1), &io) == -EPROTO);
	CHECK(parse(IO + 32, read_hdr(32, IO), &io) == 0);
	CHECK(parse(4096 + 32, read_hdr(32, 1), &io) == 0);
}

TEST_CASE("S38 more than one descriptor is a violation")
{
	rtrs_io io;
	Bytes two = read_hdr(32, 4096);
	two[6] = 2;
	CHECK(parse(4096 + 32, two, &io) == -EPROTO);
	two[6] = two[7] = 0xff;
	CHECK(parse(4096 + 32, two, &io) == -EPROTO);
	two[6] = 0;
	two[7] = 1;
	CHECK(parse(4096 + 32, two, &io) == -EPROTO);
}

TEST_CASE("S38 NEED_INVAL without a descriptor and unknown flags are ignored")
{
	rtrs_io io;
	REQUIRE(parse(32, hex("03 00 20 00 01 00 00 00"), &io) == 0);
	CHECK_FALSE(io.need_inval);
	Bytes flags = read_hdr(32, 512, false);
	flags[4] = 0xfe;
	flags[5] = 0xff;
	REQUIRE(parse(600, flags, &io) == 0);
	CHECK_FALSE(io.need_inval);
	flags[4] = 0xff;
	REQUIRE(parse(600, flags, &io) == 0);
	CHECK(io.need_inval);
}

TEST_CASE("S40 every type but read and write is a violation")
{
	rtrs_io io;
	for (u32 type = 0; type < 0x10000; type++) {
		Bytes b = read_hdr(32, 512);
		b[0] = static_cast<u8>(type);
		b[1] = static_cast<u8>(type >> 8);
		const int want = type == 2 || type == 3 ? 0 : -EPROTO;
		if (parse(600, b, &io) != want)
			FAIL("type " << type);
	}
}

TEST_CASE("the key message has the 8 bytes of the protocol")
{
	rtrs_wire_rkey msg;
	rtrs_rkey_build(&msg, 0x01ff, 0x11223344);
	CHECK(bytes_of(msg) == hex("04 00 ff 01 44 33 22 11"));
	const unit::Odd odd(hex("04 00 ff 01 44 33 22 11"));
	u32 rkey = 0;
	REQUIRE(rtrs_rkey_parse(odd.data(), 8, 511, &rkey) == 0);
	CHECK(rkey == 0x11223344);
}

TEST_CASE("C8 a key message for another slot, of another type or short is refused")
{
	u32 rkey = 5;
	const Bytes b = hex("04 00 ff 01 44 33 22 11");
	CHECK(rtrs_rkey_parse(b.data(), 8, 510, &rkey) == -EPROTO);
	CHECK(rtrs_rkey_parse(b.data(), 8, 511 + 65536, &rkey) == -EPROTO);
	for (std::size_t n = 0; n < 8; n++)
		CHECK(rtrs_rkey_parse(b.data(), n, 511, &rkey) == -EPROTO);
	const Bytes other = hex("03 00 ff 01 44 33 22 11");
	CHECK(rtrs_rkey_parse(other.data(), 8, 511, &rkey) == -EPROTO);
	CHECK(rkey == 5);
}

TEST_CASE("random requests come back unchanged")
{
	unit::Random random(22);
	for (int round = 0; round < 20000; round++) {
		const u16 msg_len = static_cast<u16>(1 + random.below(RTRS_IO_MSG_MAX));
		u32 data_len = random.below(IO + 1);
		if (data_len + msg_len + 24 > CHUNK)
			data_len -= msg_len;
		rtrs_io io;
		if (random.below(2)) {
			REQUIRE(parse(data_len + msg_len, write_hdr(msg_len), &io) == 0);
			REQUIRE_FALSE(io.read);
		} else if (data_len) {
			const u32 lent = 1 + random.below(data_len);
			REQUIRE(parse(data_len + msg_len, read_hdr(msg_len, lent), &io) == 0);
			REQUIRE(io.lent.len == lent);
		} else {
			REQUIRE(parse(msg_len, bare_read_hdr(msg_len), &io) == 0);
		}
		REQUIRE(io.data_len == data_len);
		REQUIRE(io.msg_len == msg_len);
	}
}
