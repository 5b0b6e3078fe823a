/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Open response as the client reads it, on to the limits of its disk. */
#include "tests/fuzz/fuzz.h"

#include "rnbd/pure/limits.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
	rnbd_dev_info info;
	rnbd_limits lim;
	const char *why = nullptr;
	if (rnbd_open_rsp_parse(data, size, &info))
		return 0;
	if (rnbd_limits_init(&lim, &info, 126976, 128, &why)) {
		FUZZ_CHECK(why);
		return 0;
	}
	const std::uint32_t block = lim.logical_block_size;
	FUZZ_CHECK(block >= 512 && block <= 4096 && !(block & (block - 1)));
	FUZZ_CHECK(lim.physical_block_size >= block && lim.nsectors && lim.nsectors <= 1ULL << 54);
	FUZZ_CHECK((lim.nsectors << 9) % block == 0 && lim.max_hw_sectors * 512ULL % block == 0);
	FUZZ_CHECK(lim.max_hw_sectors >= 8 && lim.io_opt == lim.max_hw_sectors * 512);
	FUZZ_CHECK(lim.max_discard_sectors * 512ULL <= 0xffffffffU);
	FUZZ_CHECK(!lim.max_discard_sectors || lim.discard_granularity % 512 == 0);
	FUZZ_CHECK(!lim.max_discard_sectors || lim.discard_alignment < lim.discard_granularity);
	FUZZ_CHECK(!lim.fua || lim.write_cache);
	FUZZ_CHECK(rnbd_limits_compatible(&lim, &lim, &why) == 0);
	return 0;
}
