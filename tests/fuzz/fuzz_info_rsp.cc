/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Info response as the client reads it; first bytes choose depth and chunk size. */
#include "tests/fuzz/fuzz.h"

#include <vector>

#include "rtrs/pure/handshake.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
	fuzz::Input in(data, size);
	const std::uint32_t depth = 1 + in.number(1), chunk = 8192U << (in.number(1) & 3);
	rtrs_geometry g;
	FUZZ_CHECK(rtrs_geometry_from_params(&g, depth, chunk, 4096) == 0);
	std::vector<rtrs_chunk_ref> chunks(depth);	/* exactly as large as it may be filled */
	if (rtrs_info_rsp_parse(in.data(), in.size(), &g, chunks.data()))
		return 0;
	for (const rtrs_chunk_ref &c : chunks)
		FUZZ_CHECK(c.addr + chunk > c.addr || c.addr + chunk == 0);
	return 0;
}
