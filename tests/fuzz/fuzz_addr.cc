/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address text: what is accepted is printed in a form that means the same. */
#include "tests/fuzz/fuzz.h"

#include "rtrs/pure/addr_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
	rtrs_addr_pair pair, again;
	char buf[RTRS_PAIR_TEXT_MAX], twice[RTRS_PAIR_TEXT_MAX];
	if (rtrs_pair_parse(reinterpret_cast<const char *>(data), size, &pair))
		return 0;
	const std::size_t len = rtrs_pair_format(&pair, buf, sizeof(buf));
	FUZZ_CHECK(len && len + 1 < sizeof(buf) && buf[len] == '\0');
	FUZZ_CHECK(rtrs_pair_parse(buf, len, &again) == 0);
	FUZZ_CHECK(rtrs_addr_equal(&pair.src, &again.src) && rtrs_addr_equal(&pair.dst, &again.dst));
	rtrs_pair_format(&again, twice, sizeof(twice));
	FUZZ_CHECK(std::strcmp(buf, twice) == 0);
	return 0;
}
