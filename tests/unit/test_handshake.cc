/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connect and info messages (protocol 4 and 5), byte by byte. */
#include "tests/catch.h"

#include <algorithm>

#include "rtrs/pure/handshake.h"
#include "tests/unit/util.h"

using unit::Bytes;
using unit::bytes_of;
using unit::hex;
using unit::operator+;

namespace {

const u32 MAX_CONNS = 1025;

rtrs_hello sample_hello()
{
	rtrs_hello h = {};
	h.cid = 1;
	h.conn_count = 3;
	h.attempt = 0x0102;
	h.first_conn = true;
	for (u8 i = 0; i < 16; i++) {
		h.path_uuid[i] = static_cast<u8>(0x10 + i);
		h.session_uuid[i] = static_cast<u8>(0xa0 + i);
	}
	return h;
}

const Bytes GOLDEN_REQ = hex("00 00  bd 1b  00 02  01 00  03 00  02 01"
			     "10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f"
			     "a0 a1 a2 a3 a4 a5 a6 a7 a8 a9 aa ab ac ad ae af"
			     "01  00 00  00 00 00 00 00 00 00 00 00");

const Bytes GOLDEN_ACCEPT = hex("bd 1b  00 02  00 00  00 02  00 f0 01 00  00 10 00 00  02 00 00 00") +
			    unit::zeros(36);

int parse_req(const Bytes &b, rtrs_hello *h)
{
	const unit::Odd odd(b);
	return rtrs_conn_req_parse(odd.data(), b.size(), MAX_CONNS, h);
}

int parse_rsp(const Bytes &b, rtrs_offer *o)
{
	const unit::Odd odd(b);
	return rtrs_conn_rsp_parse(odd.data(), b.size(), o);
}

Bytes changed(Bytes b, std::size_t at, const Bytes &with)
{
	std::copy(with.begin(), with.end(), b.begin() + static_cast<std::ptrdiff_t>(at));
	return b;
}

rtrs_geometry small_geometry(u32 depth = 4)
{
	rtrs_geometry g;
	REQUIRE(rtrs_geometry_from_params(&g, depth, 8192, 4096) == 0);
	return g;
}

struct Desc {
	u64 addr;
	u32 rkey, len;
};

Bytes info_rsp(const std::vector<Desc> &descs)
{
	Bytes b(rtrs_info_rsp_size(static_cast<u32>(descs.size())) + 1, 0xcc);
	u8 *at = b.data() + 1;	/* unaligned on purpose */
	rtrs_info_rsp_build(at, static_cast<u32>(descs.size()));
	for (u32 i = 0; i < descs.size(); i++)
		rtrs_info_rsp_set(at, i, descs[i].addr, descs[i].rkey, descs[i].len);
	return Bytes(b.begin() + 1, b.end());
}

int parse_info(const Bytes &b, const rtrs_geometry &g, std::vector<rtrs_chunk_ref> *chunks)
{
	const unit::Odd odd(b);
	chunks->assign(g.depth, rtrs_chunk_ref{});
	return rtrs_info_rsp_parse(odd.data(), b.size(), &g, chunks->data());
}

} // namespace

TEST_CASE("a connect request has the 56 bytes of the protocol")
{
	const rtrs_hello h = sample_hello();
	rtrs_wire_conn_req msg;
	std::memset(&msg, 0xff, sizeof(msg));
	rtrs_conn_req_build(&msg, &h);
	CHECK(bytes_of(msg) == GOLDEN_REQ);
}

TEST_CASE("extension bytes travel at offsets 45 and 46 of the request, 20 and 21 of the response")
{
	rtrs_hello h = sample_hello();
	h.first_conn = false;
	h.ext_version = 1;
	h.ext_features = 0x81;
	rtrs_wire_conn_req req;
	rtrs_conn_req_build(&req, &h);
	CHECK(bytes_of(req) == changed(GOLDEN_REQ, 44, hex("00 01 81")));
	rtrs_offer o = {0, 512, 126976, 4096, true, 1, 0x81, 0}, back;
	rtrs_wire_conn_rsp rsp;
	rtrs_conn_rsp_build(&rsp, &o);
	CHECK(bytes_of(rsp) == changed(GOLDEN_ACCEPT, 20, hex("01 81")));
	REQUIRE(parse_rsp(bytes_of(rsp), &back) == 0);
	CHECK(back.ext_version == 1);
	CHECK(back.ext_features == 0x81);
	CHECK(back.instance == 0);
}

TEST_CASE("extension 2 carries a token of 28 bits in bytes 48 to 51 of the request, and lower ones none")
{
	rtrs_hello h = sample_hello(), back;
	h.ext_version = 2;
	h.token = 0xfabcdef1;
	rtrs_wire_conn_req req;
	rtrs_conn_req_build(&req, &h);
	const Bytes with = changed(changed(GOLDEN_REQ, 45, hex("02")), 48, hex("f1 de bc 0a"));
	CHECK(bytes_of(req) == with);
	REQUIRE(parse_req(with, &back) == 0);
	CHECK(back.token == 0x0abcdef1);
	/* what does not fit an immediate cannot be named by one */
	REQUIRE(parse_req(changed(with, 51, hex("fa")), &back) == 0);
	CHECK(back.token == 0x0abcdef1);
	/* a later extension keeps the earlier ones */
	REQUIRE(parse_req(changed(with, 45, hex("ff")), &back) == 0);
	CHECK(back.token == 0x0abcdef1);
	for (u8 older : {0, 1}) {
		h.ext_version = older;
		rtrs_conn_req_build(&req, &h);
		CHECK(bytes_of(req) == changed(GOLDEN_REQ, 45, {older}));
		REQUIRE(parse_req(changed(with, 45, {older}), &back) == 0);
		CHECK(back.token == 0);
	}
}

TEST_CASE("extension 1 names the server's instance in bytes 24 to 31 of any response, and only that")
{
	for (int error : {0, -6}) {
		rtrs_offer o = {error, 0, 0, 0, false, 1, 0, 0x1122334455667788}, back;
		rtrs_wire_conn_rsp rsp;
		rtrs_conn_rsp_build(&rsp, &o);
		const Bytes with = bytes_of(rsp);
		CHECK(Bytes(with.begin() + 20, with.end()) ==
		      hex("01 00 00 00 88 77 66 55 44 33 22 11") + unit::zeros(24));
		REQUIRE(parse_rsp(with, &back) == 0);
		CHECK(back.instance == 0x1122334455667788);
		CHECK(back.error == error);
		/* a client that did not ask gets protocol 2.0, and what a peer without the extension sends there is nothing */
		o.ext_version = 0;
		rtrs_conn_rsp_build(&rsp, &o);
		CHECK(bytes_of(rsp) == changed(changed(with, 20, hex("00")), 24, unit::zeros(8)));
		REQUIRE(parse_rsp(changed(with, 20, hex("00")), &back) == 0);
		CHECK(back.instance == 0);
	}
}

TEST_CASE("a connect request is read back field by field")
{
	rtrs_hello h;
	REQUIRE(parse_req(GOLDEN_REQ, &h) == 0);
	CHECK(h.cid == 1);
	CHECK(h.conn_count == 3);
	CHECK(h.attempt == 0x0102);
	CHECK(h.first_conn);
	CHECK(h.ext_version == 0);
	CHECK(h.ext_features == 0);
	CHECK(std::memcmp(h.path_uuid, GOLDEN_REQ.data() + 12, 16) == 0);
	CHECK(std::memcmp(h.session_uuid, GOLDEN_REQ.data() + 28, 16) == 0);
}

TEST_CASE("S1 short data, wrong magic and a foreign major are reset, any minor is taken")
{
	rtrs_hello h;
	for (std::size_t len = 0; len < 56; len++)
		CHECK(parse_req(Bytes(GOLDEN_REQ.begin(), GOLDEN_REQ.begin() + static_cast<std::ptrdiff_t>(len)), &h) ==
		      -ECONNRESET);
	CHECK(parse_req(changed(GOLDEN_REQ, 2, hex("bc 1b")), &h) == -ECONNRESET);
	CHECK(parse_req(changed(GOLDEN_REQ, 2, hex("1b bd")), &h) == -ECONNRESET);
	CHECK(parse_req(changed(GOLDEN_REQ, 4, hex("00 01")), &h) == -ECONNRESET);
	CHECK(parse_req(changed(GOLDEN_REQ, 4, hex("00 03")), &h) == -ECONNRESET);
	CHECK(parse_req(changed(GOLDEN_REQ, 4, hex("ff 02")), &h) == 0);
	CHECK(parse_req(GOLDEN_REQ + unit::zeros(36), &h) == 0);	/* AF_IB gives 92 */
}

TEST_CASE("S2 a connection count outside 2..limit is refused by name")
{
	rtrs_hello h;
	const Bytes cid0 = changed(GOLDEN_REQ, 6, hex("00 00"));
	CHECK(parse_req(changed(cid0, 8, hex("00 00")), &h) == -EINVAL);
	CHECK(parse_req(changed(cid0, 8, hex("01 00")), &h) == -EINVAL);
	CHECK(parse_req(changed(cid0, 8, hex("02 00")), &h) == 0);
	CHECK(parse_req(changed(cid0, 8, hex("01 04")), &h) == 0);
	CHECK(parse_req(changed(cid0, 8, hex("02 04")), &h) == -EINVAL);
	CHECK(parse_req(changed(cid0, 8, hex("ff ff")), &h) == -EINVAL);
}

TEST_CASE("S3 a cid that is not below the connection count is reset")
{
	rtrs_hello h;
	CHECK(parse_req(changed(GOLDEN_REQ, 6, hex("02 00")), &h) == 0);
	CHECK(parse_req(changed(GOLDEN_REQ, 6, hex("03 00")), &h) == -ECONNRESET);
	CHECK(parse_req(changed(GOLDEN_REQ, 6, hex("ff ff")), &h) == -ECONNRESET);
}

TEST_CASE("S8 a nil uuid is refused")
{
	rtrs_hello h;
	CHECK(parse_req(changed(GOLDEN_REQ, 12, unit::zeros(16)), &h) == -EINVAL);
	CHECK(parse_req(changed(GOLDEN_REQ, 28, unit::zeros(16)), &h) == -EINVAL);
	CHECK(parse_req(changed(GOLDEN_REQ, 12, unit::zeros(15)), &h) == 0);
	CHECK(parse_req(changed(GOLDEN_REQ, 29, unit::zeros(15)), &h) == 0);
}

TEST_CASE("S9 the attempt counter and unknown flag bits change nothing")
{
	rtrs_hello h;
	REQUIRE(parse_req(changed(GOLDEN_REQ, 10, hex("00 00")), &h) == 0);
	CHECK(h.attempt == 0);
	REQUIRE(parse_req(changed(GOLDEN_REQ, 44, hex("fe")), &h) == 0);
	CHECK_FALSE(h.first_conn);
	REQUIRE(parse_req(changed(GOLDEN_REQ, 44, hex("ff")), &h) == 0);
	CHECK(h.first_conn);
}

TEST_CASE("an accept has the 56 bytes of the protocol")
{
	const rtrs_offer o = {0, 512, 126976, 4096, true, 0, 0, 0};
	rtrs_wire_conn_rsp msg;
	std::memset(&msg, 0xff, sizeof(msg));
	rtrs_conn_rsp_build(&msg, &o);
	CHECK(bytes_of(msg) == GOLDEN_ACCEPT);
}

TEST_CASE("a reject carries the errno and zeroes")
{
	rtrs_offer o = {};
	o.error = -ECONNRESET;
	rtrs_wire_conn_rsp msg;
	std::memset(&msg, 0xff, sizeof(msg));
	rtrs_conn_rsp_build(&msg, &o);
	CHECK(bytes_of(msg) == hex("bd 1b 00 02 98 ff") + unit::zeros(50));
	rtrs_offer back;
	REQUIRE(parse_rsp(bytes_of(msg) + unit::zeros(92), &back) == 0);
	CHECK(back.error == -ECONNRESET);
}

TEST_CASE("an accept is read back field by field")
{
	rtrs_offer o;
	REQUIRE(parse_rsp(GOLDEN_ACCEPT + unit::zeros(140), &o) == 0);
	CHECK(o.error == 0);
	CHECK(o.queue_depth == 512);
	CHECK(o.max_io_size == 126976);
	CHECK(o.max_hdr_size == 4096);
	CHECK(o.new_rkey);
	REQUIRE(parse_rsp(changed(GOLDEN_ACCEPT, 16, hex("fd ff ff ff")), &o) == 0);
	CHECK_FALSE(o.new_rkey);
}

TEST_CASE("a response that is no RTRS is told from one of another version")
{
	rtrs_offer o;
	CHECK(parse_rsp(Bytes(GOLDEN_ACCEPT.begin(), GOLDEN_ACCEPT.end() - 1), &o) == -EPROTO);
	CHECK(parse_rsp({}, &o) == -EPROTO);
	CHECK(parse_rsp(changed(GOLDEN_ACCEPT, 0, hex("bd 1c")), &o) == -EPROTO);
	CHECK(parse_rsp(changed(GOLDEN_ACCEPT, 2, hex("00 01")), &o) == -EPROTONOSUPPORT);
	CHECK(parse_rsp(changed(GOLDEN_ACCEPT, 2, hex("07 02")), &o) == 0);
}

TEST_CASE("C12 a positive errno breaks the protocol, an impossible one becomes EIO")
{
	rtrs_offer o;
	CHECK(parse_rsp(changed(GOLDEN_ACCEPT, 4, hex("01 00")), &o) == -EPROTO);
	CHECK(parse_rsp(changed(GOLDEN_ACCEPT, 4, hex("ff 7f")), &o) == -EPROTO);
	REQUIRE(parse_rsp(changed(GOLDEN_ACCEPT, 4, hex("01 f0")), &o) == 0);
	CHECK(o.error == -4095);
	REQUIRE(parse_rsp(changed(GOLDEN_ACCEPT, 4, hex("00 f0")), &o) == 0);
	CHECK(o.error == -EIO);
	REQUIRE(parse_rsp(changed(GOLDEN_ACCEPT, 4, hex("00 80")), &o) == 0);
	CHECK(o.error == -EIO);
}

TEST_CASE("an info request has exactly the 272 bytes of the protocol")
{
	rtrs_wire_info_req msg;
	std::memset(&msg, 0xff, sizeof(msg));
	REQUIRE(rtrs_info_req_build(&msg, "st401b") == 0);
	CHECK(bytes_of(msg) == hex("00 00") + unit::text("st401b") + unit::zeros(264));
	CHECK(rtrs_info_req_build(&msg, "a/b") == -EINVAL);
	char name[255];
	std::memset(name, 0x55, sizeof(name));
	const Bytes golden = hex("00 00") + unit::text("st401b") + unit::zeros(249) + Bytes(15, 0xee);
	REQUIRE(rtrs_info_req_parse(unit::Odd(golden).data(), golden.size(), name) == 0);
	CHECK(std::string(name) == "st401b");
	CHECK(Bytes(name + 6, name + 255) == unit::zeros(249));
}

TEST_CASE("S20 an info request of another length or type is a violation")
{
	char name[255];
	const Bytes good = hex("00 00") + unit::text("s") + unit::zeros(269);
	REQUIRE(rtrs_info_req_parse(good.data(), good.size(), name) == 0);
	const Bytes longer = good + unit::zeros(1);
	CHECK(rtrs_info_req_parse(good.data(), good.size() - 1, name) == -EPROTO);
	CHECK(rtrs_info_req_parse(longer.data(), longer.size(), name) == -EPROTO);
	CHECK(rtrs_info_req_parse(good.data(), 0, name) == -EPROTO);
	const Bytes rsp = changed(good, 0, hex("01 00"));
	CHECK(rtrs_info_req_parse(rsp.data(), rsp.size(), name) == -EPROTO);
}

TEST_CASE("S21 a name without its NUL is a violation")
{
	char name[255];
	const Bytes full = hex("00 00") + Bytes(255, 'a') + unit::zeros(15);
	CHECK(rtrs_info_req_parse(full.data(), full.size(), name) == -EPROTO);
	const Bytes fits = hex("00 00") + Bytes(254, 'a') + unit::zeros(16);
	REQUIRE(rtrs_info_req_parse(fits.data(), fits.size(), name) == 0);
	CHECK(std::string(name) == std::string(254, 'a'));
}

TEST_CASE("S22 an empty name is a violation")
{
	char name[255];
	const Bytes empty = unit::zeros(272);
	CHECK(rtrs_info_req_parse(empty.data(), empty.size(), name) == -EPROTO);
}

TEST_CASE("S23 names are printable ASCII without slash, dot and exclamation mark")
{
	for (int c = 1; c < 256; c++) {
		const char name[] = {'a', static_cast<char>(c), 'b', '\0'};
		const bool good = c >= 0x21 && c <= 0x7e && c != '/' && c != '.' && c != '!';
		CAPTURE(c);
		CHECK(rtrs_name_check(name, sizeof(name)) == (good ? 0 : -EINVAL));
	}
	CHECK(rtrs_name_check("", 1) == -EINVAL);
	CHECK(rtrs_name_check("a", 1) == -EINVAL);
	CHECK(rtrs_name_check("a", 0) == -EINVAL);
	CHECK(rtrs_name_check(std::string(254, 'x').c_str(), 300) == 0);
	CHECK(rtrs_name_check(std::string(255, 'x').c_str(), 300) == -EINVAL);
}

TEST_CASE("an info response has the bytes of the protocol")
{
	CHECK(rtrs_info_rsp_size(2) == 40);
	const rtrs_geometry g = small_geometry(512);
	CHECK(rtrs_info_rsp_max(&g) == 8200);
	CHECK(info_rsp({{0x1122334455667788, 0xaabbccdd, 0x4000}, {0x10, 0x20, 0x4000}}) ==
	      hex("01 00  02 00  00 00 00 00"
		  "88 77 66 55 44 33 22 11  dd cc bb aa  00 40 00 00"
		  "10 00 00 00 00 00 00 00  20 00 00 00  00 40 00 00"));
}

TEST_CASE("descriptors are cut into chunks in their order")
{
	const rtrs_geometry g = small_geometry();
	std::vector<rtrs_chunk_ref> c;
	REQUIRE(parse_info(info_rsp({{0x10000, 7, 0x4000}, {0x90000, 9, 0x4000}}), g, &c) == 0);
	CHECK(c[0].addr == 0x10000);
	CHECK(c[1].addr == 0x12000);
	CHECK(c[2].addr == 0x90000);
	CHECK(c[3].addr == 0x92000);
	CHECK(c[1].rkey == 7);
	CHECK(c[2].rkey == 9);
	REQUIRE(parse_info(info_rsp({{0, 1, 0x8000}}) + unit::zeros(32), g, &c) == 0);
	CHECK(c[3].addr == 0x6000);
	/* pieces of unequal length are fine as long as the sum is right */
	REQUIRE(parse_info(info_rsp({{0, 1, 0x6000}, {0x100000, 2, 0x2000}}), g, &c) == 0);
	CHECK(c[3].addr == 0x100000);
}

TEST_CASE("C5 an info response that does not give exactly depth chunks is refused")
{
	const rtrs_geometry g = small_geometry();
	std::vector<rtrs_chunk_ref> c;
	const Bytes good = info_rsp({{0, 1, 0x4000}, {0x10000, 2, 0x4000}});
	REQUIRE(parse_info(good, g, &c) == 0);
	for (std::size_t len = 0; len < good.size(); len++)
		CHECK(parse_info(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(len)), g, &c) ==
		      -EPROTO);
	CHECK(parse_info(changed(good, 0, hex("00 00")), g, &c) == -EPROTO);
	CHECK(parse_info(changed(good, 2, hex("00 00")), g, &c) == -EPROTO);
	CHECK(parse_info(changed(good, 2, hex("01 00")), g, &c) == -EPROTO);
	CHECK(parse_info(changed(good, 2, hex("03 00")) + unit::zeros(64), g, &c) == -EPROTO);
	CHECK(parse_info(changed(good, 2, hex("ff ff")) + unit::zeros(2 << 20), g, &c) == -EPROTO);
	CHECK(parse_info(changed(good, 2, hex("08 00")) + unit::zeros(256), g, &c) == -EPROTO);
	CHECK(parse_info(info_rsp({{0, 1, 0}, {0, 2, 0x8000}}), g, &c) == -EPROTO);
	CHECK(parse_info(info_rsp({{0, 1, 0x4001}, {0, 2, 0x3fff}}), g, &c) == -EPROTO);
	CHECK(parse_info(info_rsp({{0, 1, 0x4001}, {0, 2, 0x4001}}), g, &c) == -EPROTO);
	CHECK(parse_info(info_rsp({{0, 1, 0x1000}, {0, 2, 0x7000}}), g, &c) == -EPROTO);
	CHECK(parse_info(info_rsp({{0, 1, 0x4000}, {0, 2, 0x2000}}), g, &c) == -EPROTO);
	CHECK(parse_info(info_rsp({{0, 1, 0x4000}, {0, 2, 0x6000}}), g, &c) == -EPROTO);
	/* the 32-bit sum of these is right */
	CHECK(parse_info(info_rsp({{0, 1, 0xffffe000}, {0, 2, 0xa000}}), g, &c) == -EPROTO);
	CHECK(parse_info(info_rsp({{~0ULL - 0x1fff, 1, 0x8000}}), g, &c) == -EPROTO);
	CHECK(parse_info(info_rsp({{~0ULL - 0x8000, 1, 0x8000}}), g, &c) == 0);
}

TEST_CASE("random hellos and offers come back unchanged")
{
	unit::Random random(21);
	for (int round = 0; round < 5000; round++) {
		rtrs_hello h = sample_hello(), hb;
		h.conn_count = static_cast<u16>(2 + random.below(MAX_CONNS - 1));
		h.cid = static_cast<u16>(random.below(h.conn_count));
		h.attempt = static_cast<u16>(random.next());
		h.first_conn = random.below(2);
		h.path_uuid[3] = static_cast<u8>(random.next());
		rtrs_wire_conn_req req;
		rtrs_conn_req_build(&req, &h);
		REQUIRE(parse_req(bytes_of(req), &hb) == 0);
		REQUIRE(hb.cid == h.cid);
		REQUIRE(hb.conn_count == h.conn_count);
		REQUIRE(hb.attempt == h.attempt);
		REQUIRE(hb.first_conn == h.first_conn);
		rtrs_offer o = {-static_cast<int>(random.below(4096)), random.below(65536),
				static_cast<u32>(random.next()), static_cast<u32>(random.next()),
				random.below(2) != 0, 0, 0, 0}, ob;
		rtrs_wire_conn_rsp rsp;
		rtrs_conn_rsp_build(&rsp, &o);
		REQUIRE(parse_rsp(bytes_of(rsp), &ob) == 0);
		REQUIRE(ob.error == o.error);
		REQUIRE(ob.queue_depth == o.queue_depth);
		REQUIRE(ob.max_io_size == o.max_io_size);
		REQUIRE(ob.max_hdr_size == o.max_hdr_size);
		REQUIRE(ob.new_rkey == o.new_rkey);
	}
}
