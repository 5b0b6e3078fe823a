/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RNBD messages (protocol 2 to 7), byte by byte. */
#include "tests/catch.h"

#include "rnbd/pure/msg.h"
#include "tests/unit/util.h"

using unit::Bytes;
using unit::bytes_of;
using unit::hex;
using unit::operator+;

namespace {

Bytes cut(const Bytes &b, std::size_t n)
{
	return Bytes(b.begin(), b.begin() + static_cast<std::ptrdiff_t>(n));
}

int parse_io(const Bytes &b, bool read, u32 data_len, rnbd_io *io)
{
	const unit::Odd odd(b);
	return rnbd_io_parse(odd.data(), b.size(), read, data_len, io);
}

Bytes io_bytes(u32 rw, u32 bytes, u64 sector = 8, u16 prio = 0)
{
	rnbd_wire_io m = {};
	m.hdr.type = cpu_to_le16(4);
	m.device_id = cpu_to_le32(0x01020304);
	m.sector = cpu_to_le64(sector);
	m.rw = cpu_to_le32(rw);
	m.bytes = cpu_to_le32(bytes);
	m.prio = cpu_to_le16(prio);
	return bytes_of(m);
}

int try_io(u32 rw, u32 bytes, bool read, u32 data_len)
{
	rnbd_io io;
	return parse_io(io_bytes(rw, bytes), read, data_len, &io);
}

Bytes open_bytes(u8 access, const Bytes &name)
{
	return hex("02 00 00 00") + Bytes{access, 0} + name + unit::zeros(258 - name.size());
}

int parse_open(const Bytes &b, rnbd_open *o)
{
	const unit::Odd odd(b);
	return rnbd_open_parse(odd.data(), b.size(), o);
}

rnbd_dev_info sample_info()
{
	rnbd_dev_info i = {};
	i.device_id = 3;
	i.nsectors = 0x0000000100000008;
	i.max_hw_sectors = 2560;
	i.max_write_zeroes_sectors = 0x11121314;
	i.max_discard_sectors = 0x21222324;
	i.discard_granularity = 4096;
	i.discard_alignment = 512;
	i.physical_block_size = 4096;
	i.logical_block_size = 512;
	i.max_segments = 128;
	i.secure_erase_sectors = 9;
	i.fua = true;
	i.writeback = true;
	return i;
}

const Bytes GOLDEN_OPEN_RSP = hex("03 00 00 00  03 00 00 00  08 00 00 00 01 00 00 00  00 0a 00 00"
				  "14 13 12 11  24 23 22 21  00 10 00 00  00 02 00 00  00 10  00 02"
				  "80 00  09 00  00  03") + unit::zeros(10);

} // namespace

TEST_CASE("session info has the 36 bytes of the protocol in both directions")
{
	rnbd_wire_sess_info m;
	std::memset(&m, 0xff, sizeof(m));
	rnbd_sess_info_build(&m, 2);
	CHECK(bytes_of(m) == hex("00 00 00 00 02") + unit::zeros(31));
	std::memset(&m, 0xff, sizeof(m));
	rnbd_sess_info_rsp_build(&m, 2);
	CHECK(bytes_of(m) == hex("01 00 00 00 02") + unit::zeros(31));
}

TEST_CASE("S51 the version is the lower of both, whatever the peer says")
{
	for (int peer = 0; peer < 256; peer++) {
		Bytes b = hex("00 00 ee ee 00") + Bytes(31, 0xee);
		b[4] = static_cast<u8>(peer);
		u8 version = 77;
		REQUIRE(rnbd_sess_info_parse(unit::Odd(b).data(), b.size(), &version) == 0);
		CHECK(version == (peer < 2 ? peer : 2));
		b[0] = 1;
		REQUIRE(rnbd_sess_info_rsp_parse(unit::Odd(b).data(), b.size(), &version) == 0);
		CHECK(version == (peer < 2 ? peer : 2));
	}
}

TEST_CASE("S35 session info that is short or of another type is refused")
{
	u8 version = 77;
	const Bytes req = hex("00 00 00 00 02") + unit::zeros(31), rsp = hex("01 00 00 00 02") + unit::zeros(31);
	for (std::size_t n = 0; n < 36; n++) {
		CHECK(rnbd_sess_info_parse(req.data(), n, &version) == -EINVAL);
		CHECK(rnbd_sess_info_rsp_parse(rsp.data(), n, &version) == -EPROTO);
	}
	CHECK(rnbd_sess_info_parse(rsp.data(), 36, &version) == -EINVAL);
	CHECK(rnbd_sess_info_rsp_parse(req.data(), 36, &version) == -EPROTO);
	CHECK(version == 77);
}

TEST_CASE("an open request has the 264 bytes of the protocol")
{
	rnbd_wire_open m;
	std::memset(&m, 0xff, sizeof(m));
	REQUIRE(rnbd_open_build(&m, "dev/nullb0", 1) == 0);
	CHECK(bytes_of(m) == hex("02 00 00 00 01 00") + unit::text("dev/nullb0") + unit::zeros(248));
	CHECK(rnbd_open_build(&m, "a!b", 1) == -EINVAL);
	CHECK(rnbd_open_build(&m, "", 1) == -EINVAL);
}

TEST_CASE("an open request is read back; padding, tail and reserved bytes do not matter")
{
	Bytes b = hex("02 00 de ad 02 be") + unit::text("dev/sda") + Bytes{0} + Bytes(250, 0xef);
	rnbd_open o;
	std::memset(&o, 0xff, sizeof(o));
	REQUIRE(parse_open(b, &o) == 0);
	CHECK(o.access == RNBD_WIRE_MIGRATION);
	CHECK(std::string(o.name) == "dev/sda");
	CHECK(Bytes(o.name + 7, o.name + 255) == unit::zeros(248));
}

TEST_CASE("S52 opens with a bad mode or name are refused")
{
	rnbd_open o;
	for (int mode = 0; mode < 256; mode++)
		CHECK(parse_open(open_bytes(static_cast<u8>(mode), unit::text("d")), &o) == (mode < 3 ? 0 : -EINVAL));
	CHECK(parse_open(open_bytes(0, {}), &o) == -EINVAL);
	CHECK(parse_open(open_bytes(0, Bytes(255, 'x')), &o) == -EINVAL);
	CHECK(parse_open(open_bytes(0, Bytes(254, 'x')), &o) == 0);
	CHECK(parse_open(open_bytes(0, unit::text("..")), &o) == -EINVAL);
	CHECK(parse_open(open_bytes(0, unit::text("a/../b")), &o) == -EINVAL);
	CHECK(parse_open(open_bytes(0, unit::text("a..b")), &o) == 0);
	CHECK(parse_open(open_bytes(0, unit::text("a\nb")), &o) == -EINVAL);
	CHECK(parse_open(open_bytes(0, unit::text("a b")), &o) == -EINVAL);
	CHECK(parse_open(open_bytes(0, unit::text("a!b")), &o) == -EINVAL);
	CHECK(parse_open(open_bytes(0, unit::text("a\xff")), &o) == -EINVAL);
}

TEST_CASE("S35 a short open or close is refused")
{
	rnbd_open o;
	const Bytes b = open_bytes(0, unit::text("d"));
	for (std::size_t n = 0; n < 264; n++)
		CHECK(parse_open(cut(b, n), &o) == -EINVAL);
	Bytes other = b;
	other[0] = 3;
	CHECK(parse_open(other, &o) == -EINVAL);
	u32 id = 7;
	const Bytes c = hex("05 00 00 00 04 03 02 01");
	for (std::size_t n = 0; n < 8; n++)
		CHECK(rnbd_close_parse(c.data(), n, &id) == -EINVAL);
	CHECK(rnbd_close_parse(b.data(), b.size(), &id) == -EINVAL);
	CHECK(id == 7);
}

TEST_CASE("a close has the 8 bytes of the protocol")
{
	rnbd_wire_close m;
	std::memset(&m, 0xff, sizeof(m));
	rnbd_close_build(&m, 0x01020304);
	CHECK(bytes_of(m) == hex("05 00 00 00 04 03 02 01"));
	u32 id = 0;
	const unit::Odd odd(hex("05 00 aa bb 04 03 02 01"));
	REQUIRE(rnbd_close_parse(odd.data(), 8, &id) == 0);
	CHECK(id == 0x01020304);
}

TEST_CASE("an open response has the 56 bytes of the protocol")
{
	const rnbd_dev_info i = sample_info();
	rnbd_wire_open_rsp m;
	std::memset(&m, 0xff, sizeof(m));
	rnbd_open_rsp_build(&m, &i);
	CHECK(bytes_of(m) == GOLDEN_OPEN_RSP);
}

TEST_CASE("an open response is read back field by field")
{
	Bytes b = GOLDEN_OPEN_RSP;
	b[2] = b[3] = b[44] = b[46] = b[55] = 0xee;
	rnbd_dev_info i;
	std::memset(&i, 0xff, sizeof(i));
	REQUIRE(rnbd_open_rsp_parse(unit::Odd(b).data(), b.size(), &i) == 0);
	const rnbd_dev_info want = sample_info();
	CHECK(i.device_id == want.device_id);
	CHECK(i.nsectors == want.nsectors);
	CHECK(i.max_hw_sectors == want.max_hw_sectors);
	CHECK(i.max_write_zeroes_sectors == want.max_write_zeroes_sectors);
	CHECK(i.max_discard_sectors == want.max_discard_sectors);
	CHECK(i.discard_granularity == 4096);
	CHECK(i.discard_alignment == 512);
	CHECK(i.physical_block_size == 4096);
	CHECK(i.logical_block_size == 512);
	CHECK(i.max_segments == 128);
	CHECK(i.secure_erase_sectors == 9);
	CHECK(i.fua);
	CHECK(i.writeback);
	b[45] = 0xfe;
	REQUIRE(rnbd_open_rsp_parse(b.data(), b.size(), &i) == 0);
	CHECK_FALSE(i.fua);
	CHECK(i.writeback);
}

TEST_CASE("values too large for their 16-bit field are cut to what does no harm")
{
	rnbd_dev_info i = sample_info();
	i.max_segments = 65536;
	i.secure_erase_sectors = 65536;
	i.physical_block_size = 65536;
	i.logical_block_size = 65536;
	i.fua = i.writeback = false;
	rnbd_wire_open_rsp m;
	rnbd_open_rsp_build(&m, &i);
	CHECK(le16_to_cpu(m.max_segments) == 65535);
	CHECK(le16_to_cpu(m.secure_discard) == 65535);
	CHECK(le16_to_cpu(m.physical_block_size) == 32768);
	CHECK(le16_to_cpu(m.logical_block_size) == 0);	/* the client refuses it */
	CHECK(m.cache_policy == 0);
	i.logical_block_size = i.physical_block_size = 32768;
	rnbd_open_rsp_build(&m, &i);
	CHECK(le16_to_cpu(m.logical_block_size) == 32768);
	CHECK(le16_to_cpu(m.physical_block_size) == 32768);
}

TEST_CASE("C14 an open response that is short or of another type is refused")
{
	rnbd_dev_info i;
	for (std::size_t n = 0; n < 56; n++)
		CHECK(rnbd_open_rsp_parse(GOLDEN_OPEN_RSP.data(), n, &i) == -EPROTO);
	Bytes b = GOLDEN_OPEN_RSP;
	b[0] = 1;
	CHECK(rnbd_open_rsp_parse(b.data(), b.size(), &i) == -EPROTO);
}

TEST_CASE("I/O messages have the 32 bytes of the protocol")
{
	rnbd_io io = {};
	io.device_id = 0x01020304;
	io.sector = 0x1112131415161718;
	io.bytes = 4096;
	io.op = RNBD_WIRE_OP_WRITE;
	io.sync = io.fua = true;
	io.prio = 0x4002;
	io.has_prio = true;
	rnbd_wire_io m;
	std::memset(&m, 0xff, sizeof(m));
	rnbd_io_build(&m, &io);
	CHECK(bytes_of(m) == hex("04 00 00 00 04 03 02 01 18 17 16 15 14 13 12 11"
				 "01 03 00 00 00 10 00 00 02 40 00 00 00 00 00 00"));
	io.has_prio = false;
	rnbd_io_build(&m, &io);
	CHECK(le16_to_cpu(m.prio) == 0);
}

TEST_CASE("the rw words are those in-tree peers produce")
{
	const auto rw = [](u8 op, bool sync, bool fua, bool preflush, bool nounmap) {
		rnbd_io io = {};
		io.op = op;
		io.sync = sync;
		io.fua = fua;
		io.preflush = preflush;
		io.nounmap = nounmap;
		rnbd_wire_io m;
		rnbd_io_build(&m, &io);
		return le32_to_cpu(m.rw);
	};
	CHECK(rw(RNBD_WIRE_OP_READ, true, false, false, false) == 0x100);
	CHECK(rw(RNBD_WIRE_OP_WRITE, false, false, false, false) == 0x001);
	CHECK(rw(RNBD_WIRE_OP_WRITE, true, true, false, false) == 0x301);
	CHECK(rw(RNBD_WIRE_OP_FLUSH, true, true, true, false) == 0x702);
	CHECK(rw(RNBD_WIRE_OP_DISCARD, false, false, false, false) == 0x003);
	CHECK(rw(RNBD_WIRE_OP_SECURE_ERASE, false, false, false, false) == 0x004);
	CHECK(rw(RNBD_WIRE_OP_WRITE_ZEROES, false, false, false, true) == 0x805);
}

TEST_CASE("a flush is sent with sector all ones and no bytes")
{
	rnbd_io io = {};
	io.op = RNBD_WIRE_OP_FLUSH;
	io.sector = 55;
	io.bytes = 4096;
	io.sync = true;
	rnbd_wire_io m;
	rnbd_io_build(&m, &io);
	CHECK(bytes_of(m) == hex("04 00 00 00 00 00 00 00 ff ff ff ff ff ff ff ff 02 01 00 00") + unit::zeros(12));
}

TEST_CASE("flushes of in-tree clients of every version are taken, in either direction")
{
	for (u32 rw : {0x302U, 0x702U, 0x002U})
		for (bool read : {true, false}) {
			rnbd_io io;
			REQUIRE(parse_io(io_bytes(rw, 0, ~0ULL), read, 0, &io) == 0);
			CHECK(io.op == RNBD_WIRE_OP_FLUSH);
			CHECK_FALSE(io.fua);
			CHECK(io.sector == 0);
		}
}

TEST_CASE("messages of in-tree clients are read: 32 bytes, 28 from 32-bit ones, 26 and 24")
{
	const Bytes b = io_bytes(0x301, 4096, 8, 0x4002);
	for (std::size_t n : {32, 28, 26}) {
		rnbd_io io;
		REQUIRE(parse_io(cut(b, n), false, 4096, &io) == 0);
		CHECK(io.device_id == 0x01020304);
		CHECK(io.sector == 8);
		CHECK(io.bytes == 4096);
		CHECK(io.op == RNBD_WIRE_OP_WRITE);
		CHECK(io.sync);
		CHECK(io.fua);
		CHECK_FALSE(io.preflush);
		CHECK(io.has_prio);
		CHECK(io.prio == 0x4002);
	}
	for (std::size_t n : {24, 25}) {
		rnbd_io io;
		REQUIRE(parse_io(cut(b, n), false, 4096, &io) == 0);
		CHECK_FALSE(io.has_prio);
		CHECK(io.prio == 0);
	}
}

TEST_CASE("S35 an I/O message of less than 24 bytes is refused")
{
	rnbd_io io;
	const Bytes b = io_bytes(0x001, 4096);
	for (std::size_t n = 0; n < 24; n++)
		CHECK(parse_io(cut(b, n), false, 4096, &io) == -EINVAL);
}

TEST_CASE("garbage in padding does not matter")
{
	Bytes b = io_bytes(0x100, 512);
	for (std::size_t at : {2, 3, 26, 27, 28, 29, 30, 31})
		b[at] = 0xee;
	rnbd_io io;
	CHECK(parse_io(b, true, 512, &io) == 0);
}

TEST_CASE("S39 a read needs an RTRS read, what writes an RTRS write")
{
	CHECK(try_io(0, 4096, true, 4096) == 0);
	CHECK(try_io(0, 4096, false, 4096) == -EINVAL);
	CHECK(try_io(1, 4096, false, 4096) == 0);
	CHECK(try_io(1, 4096, true, 4096) == -EINVAL);
	for (u32 op : {3U, 4U, 5U}) {
		CHECK(try_io(op, 4096, false, 0) == 0);
		CHECK(try_io(op, 4096, true, 0) == -EINVAL);
	}
}

TEST_CASE("S50 the type of a message is known from its first two bytes")
{
	const Bytes b = hex("04 00 ff ff");
	for (std::size_t n = 0; n < 4; n++)
		CHECK(rnbd_msg_type(b.data(), n) == -EINVAL);
	CHECK(rnbd_msg_type(b.data(), 4) == RNBD_WIRE_IO);
	CHECK(rnbd_msg_type(hex("ff ff 00 00").data(), 4) == 0xffff);
	rnbd_io io;
	Bytes other = io_bytes(1, 512);
	other[0] = 5;
	CHECK(parse_io(other, false, 512, &io) == -EINVAL);
	other[0] = 4;
	other[1] = 1;
	CHECK(parse_io(other, false, 512, &io) == -EINVAL);
}

TEST_CASE("S57 every unknown operation is -EOPNOTSUPP")
{
	for (u32 op = 6; op < 256; op++) {
		CHECK(try_io(op, 4096, false, 0) == -EOPNOTSUPP);
		CHECK(try_io(op, 4096, true, 4096) == -EOPNOTSUPP);
	}
}

TEST_CASE("S58 FUA and preflush belong to writes and flushes; unknown flags are ignored")
{
	CHECK(try_io(0x200, 4096, true, 4096) == -EINVAL);
	CHECK(try_io(0x400, 4096, true, 4096) == -EINVAL);
	for (u32 op : {3U, 4U, 5U}) {
		CHECK(try_io(0x200 | op, 4096, false, 0) == -EINVAL);
		CHECK(try_io(0x400 | op, 4096, false, 0) == -EINVAL);
		CHECK(try_io(0x100 | op, 4096, false, 0) == 0);
	}
	CHECK(try_io(0x601, 4096, false, 4096) == 0);
	CHECK(try_io(0xfffff100, 4096, true, 4096) == 0);
}

TEST_CASE("no-unmap counts for write zeroes only")
{
	rnbd_io io;
	REQUIRE(parse_io(io_bytes(0x805, 4096), false, 0, &io) == 0);
	CHECK(io.nounmap);
	REQUIRE(parse_io(io_bytes(0x005, 4096), false, 0, &io) == 0);
	CHECK_FALSE(io.nounmap);
	REQUIRE(parse_io(io_bytes(0x803, 4096), false, 0, &io) == 0);
	CHECK_FALSE(io.nounmap);
	REQUIRE(parse_io(io_bytes(0x801, 4096), false, 4096, &io) == 0);
	CHECK_FALSE(io.nounmap);
}

TEST_CASE("S59 the length must be that of the data for reads and writes")
{
	for (bool read : {true, false}) {
		const u32 op = read ? 0 : 1;
		CHECK(try_io(op, 4096, read, 4096) == 0);
		CHECK(try_io(op, 4096, read, 8192) == -EINVAL);
		CHECK(try_io(op, 8192, read, 4096) == -EINVAL);
		CHECK(try_io(op, 4096, read, 0) == -EINVAL);
		CHECK(try_io(op, 0, read, 4096) == -EINVAL);
		CHECK(try_io(op, 0, read, 0) == -EINVAL);
	}
}

TEST_CASE("S59 flush, discard, erase and zeroes carry no data; a flush has no length")
{
	CHECK(try_io(2, 0, true, 0) == 0);
	CHECK(try_io(2, 4096, true, 0) == -EINVAL);
	CHECK(try_io(2, 0, true, 4096) == -EINVAL);
	CHECK(try_io(2, 0, false, 512) == -EINVAL);
	for (u32 op : {3U, 4U, 5U}) {
		CHECK(try_io(op, 4096, false, 0) == 0);
		CHECK(try_io(op, 4096, false, 4096) == -EINVAL);
		CHECK(try_io(op, 0, false, 0) == -EINVAL);
		CHECK(try_io(op, 0xfffffe00, false, 0) == 0);
	}
}

TEST_CASE("S60 lengths that are no multiple of 512 are refused")
{
	for (u32 bytes : {1U, 256U, 768U, 511U, 513U, 4095U, 4097U, 0xffffffffU}) {
		CHECK(try_io(0, bytes, true, bytes) == -EINVAL);
		CHECK(try_io(1, bytes, false, bytes) == -EINVAL);
		CHECK(try_io(3, bytes, false, 0) == -EINVAL);
	}
}

TEST_CASE("random operations come back unchanged")
{
	unit::Random random(28);
	for (int round = 0; round < 20000; round++) {
		rnbd_io io = {}, back;
		io.op = static_cast<u8>(random.below(6));
		io.device_id = static_cast<u32>(random.next());
		io.prio = static_cast<u16>(random.next());
		io.has_prio = true;
		io.sync = random.below(2);
		const bool flush = io.op == RNBD_WIRE_OP_FLUSH;
		const bool data = io.op <= RNBD_WIRE_OP_WRITE;
		io.sector = flush ? 0 : random.next();
		io.bytes = flush ? 0 : 512 * (1 + random.below(1000));
		io.fua = io.op == RNBD_WIRE_OP_WRITE && random.below(2);
		io.preflush = io.op == RNBD_WIRE_OP_WRITE && random.below(2);
		io.nounmap = io.op == RNBD_WIRE_OP_WRITE_ZEROES && random.below(2);
		rnbd_wire_io m;
		rnbd_io_build(&m, &io);
		REQUIRE(parse_io(bytes_of(m), io.op == RNBD_WIRE_OP_READ || flush, data ? io.bytes : 0, &back) == 0);
		REQUIRE(back.op == io.op);
		REQUIRE(back.device_id == io.device_id);
		REQUIRE(back.sector == io.sector);
		REQUIRE(back.bytes == io.bytes);
		REQUIRE(back.prio == io.prio);
		REQUIRE(back.sync == io.sync);
		REQUIRE(back.fua == io.fua);
		REQUIRE(back.preflush == io.preflush);
		REQUIRE(back.nounmap == io.nounmap);
	}
}
