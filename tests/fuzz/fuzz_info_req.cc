/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Info request as the server reads it. */
#include "tests/fuzz/fuzz.h"

#include "rtrs/pure/handshake.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
	char name[RTRS_WIRE_NAME_LEN];
	if (rtrs_info_req_parse(data, size, name))
		return 0;
	const std::size_t len = strnlen(name, sizeof(name));
	FUZZ_CHECK(len >= 1 && len < sizeof(name));
	for (std::size_t i = 0; i < len; i++)
		FUZZ_CHECK(name[i] > 0x20 && name[i] < 0x7f && !std::strchr("/.!", name[i]));
	for (std::size_t i = len; i < sizeof(name); i++)
		FUZZ_CHECK(name[i] == 0);
	rtrs_wire_info_req msg;
	FUZZ_CHECK(rtrs_info_req_build(&msg, name) == 0);
	return 0;
}
