/* SPDX-License-Identifier: GPL-2.0-or-later */
/* RNBD messages as the server reads them; first bytes give direction and data length. */
#include "tests/fuzz/fuzz.h"

#include "rnbd/pure/limits.h"

namespace {

void check_io(bool read, std::uint32_t data_len, const rnbd_io &io)
{
	const bool data = io.op == RNBD_WIRE_OP_READ || io.op == RNBD_WIRE_OP_WRITE;
	const bool flush = io.op == RNBD_WIRE_OP_FLUSH;
	FUZZ_CHECK(io.op <= RNBD_WIRE_OP_WRITE_ZEROES);
	FUZZ_CHECK(flush ? io.bytes == 0 : io.bytes && io.bytes % 512 == 0);
	FUZZ_CHECK(data_len == (data ? io.bytes : 0));
	FUZZ_CHECK(flush || read == (io.op == RNBD_WIRE_OP_READ));
	FUZZ_CHECK(io.has_prio || io.prio == 0);
	const rnbd_target target = {1U << 20, 4096, true, true, true, true};
	const int err = rnbd_io_check(&target, &io);
	FUZZ_CHECK(err || flush || io.op == RNBD_WIRE_OP_READ);
	FUZZ_CHECK(err || flush || io.sector + io.bytes / 512 <= target.nsectors);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
	fuzz::Input in(data, size);
	const bool read = in.number(1) & 1;
	const std::uint32_t data_len = in.number(4);
	rnbd_io io;
	rnbd_open open;
	std::uint32_t id;
	std::uint8_t version;
	if (!rnbd_io_parse(in.data(), in.size(), read, data_len, &io))
		check_io(read, data_len, io);
	if (!rnbd_open_parse(in.data(), in.size(), &open)) {
		rnbd_wire_open msg;
		FUZZ_CHECK(open.access <= RNBD_WIRE_MIGRATION);
		FUZZ_CHECK(rnbd_open_build(&msg, open.name, open.access) == 0);
	}
	if (!rnbd_close_parse(in.data(), in.size(), &id))
		FUZZ_CHECK(rnbd_msg_type(in.data(), in.size()) == RNBD_WIRE_CLOSE);
	if (!rnbd_sess_info_parse(in.data(), in.size(), &version))
		FUZZ_CHECK(version <= RNBD_WIRE_MAJOR);
	if (!rnbd_sess_info_rsp_parse(in.data(), in.size(), &version))
		FUZZ_CHECK(version <= RNBD_WIRE_MAJOR);
	return 0;
}
