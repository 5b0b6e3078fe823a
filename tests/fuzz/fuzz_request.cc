/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Immediate and header as the server reads them; no more than the copied bytes may be touched. */
#include "tests/fuzz/fuzz.h"

#include "rtrs/pure/io_msg.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
	fuzz::Input in(data, size);
	rtrs_geometry g;
	FUZZ_CHECK(rtrs_geometry_from_params(&g, 1 + in.number(1), 131072, 4096) == 0);
	const rtrs_imm imm = rtrs_imm_unpack(in.number(4));
	std::uint32_t slot, off;
	rtrs_io io;
	if (rtrs_imm_request_parse(&g, imm.payload, &slot, &off))
		return 0;
	FUZZ_CHECK(slot < g.depth && off < g.chunk_size);
	if (rtrs_io_parse(&g, off, in.data(), in.size() < 24 ? in.size() : 24, &io))
		return 0;
	const std::uint32_t hdr = !io.read ? 4 : io.has_desc ? 24 : 8;
	FUZZ_CHECK(off + hdr <= g.chunk_size);
	FUZZ_CHECK(io.msg_len >= 1 && io.msg_len <= RTRS_IO_MSG_MAX);
	FUZZ_CHECK(io.data_len + io.msg_len == off && io.msg_off == io.data_len);
	FUZZ_CHECK(io.data_len <= g.io_size);
	FUZZ_CHECK(!io.has_desc || (io.read && io.lent.len >= 1 && io.lent.len <= io.data_len));
	FUZZ_CHECK(!io.need_inval || io.has_desc);
	return 0;
}
