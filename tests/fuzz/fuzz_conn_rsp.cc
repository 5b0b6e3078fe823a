/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connect response as the client reads it, on to the geometry. */
#include "tests/fuzz/fuzz.h"

#include "rtrs/pure/handshake.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
	const rtrs_geometry_limits limits = {4096, 16U << 20};
	rtrs_offer offer;
	rtrs_geometry g;
	if (rtrs_conn_rsp_parse(data, size, &offer))
		return 0;
	FUZZ_CHECK(offer.error <= 0 && offer.error >= -4095);
	if (rtrs_geometry_init(&g, offer.queue_depth, offer.max_io_size, offer.max_hdr_size, &limits))
		return 0;
	FUZZ_CHECK(g.depth >= 1 && g.depth <= limits.max_depth);
	FUZZ_CHECK(g.chunk_size == g.io_size + g.hdr_size && g.chunk_size > g.io_size);
	FUZZ_CHECK((g.chunk_size & (g.chunk_size - 1)) == 0);
	FUZZ_CHECK(static_cast<std::uint64_t>(g.chunk_size) <= 1ULL << g.off_bits);
	FUZZ_CHECK(static_cast<std::uint64_t>(g.depth) << g.off_bits <= 1ULL << 28);
	return 0;
}
