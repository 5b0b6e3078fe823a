/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The map_device string. */
#include "tests/fuzz/fuzz.h"

#include "rnbd/pure/map_options.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
	rnbd_map_options opt;
	rnbd_map_error err;
	if (rnbd_map_parse(reinterpret_cast<const char *>(data), size, 8, &opt, &err)) {
		FUZZ_CHECK(err.text && err.word_off <= size && err.word_len <= size - err.word_off);
		return 0;
	}
	FUZZ_CHECK(opt.path_count <= RNBD_MAP_MAX_PATHS);
	FUZZ_CHECK(opt.nr_poll_queues >= 0 && opt.nr_poll_queues <= 8);
	FUZZ_CHECK(rnbd_device_name_check(opt.device, sizeof(opt.device)) == 0);
	char link[520];
	const std::size_t len = rnbd_link_name(opt.device, opt.session, link, sizeof(link));
	FUZZ_CHECK(len == std::strlen(opt.device) + std::strlen(opt.session) + 1 && !std::strchr(link, '/'));
	return 0;
}
