/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Response immediate and key message as the client reads them. */
#include "tests/fuzz/fuzz.h"

#include "rtrs/pure/io_msg.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
	fuzz::Input in(data, size);
	rtrs_geometry g;
	FUZZ_CHECK(rtrs_geometry_from_params(&g, 1 + in.number(1), 131072, 4096) == 0);
	const rtrs_imm imm = rtrs_imm_unpack(in.number(4));
	std::uint32_t slot, rkey;
	int err;
	if (rtrs_imm_response_parse(&g, imm.payload, &slot, &err))
		return 0;
	FUZZ_CHECK(slot < g.depth && err <= 0 && err >= -133);
	if (rtrs_rkey_parse(in.data(), in.size(), slot, &rkey))
		return 0;
	rtrs_wire_rkey msg;
	rtrs_rkey_build(&msg, static_cast<std::uint16_t>(slot), rkey);
	FUZZ_CHECK(std::memcmp(&msg, in.data(), sizeof(msg)) == 0);
	return 0;
}
