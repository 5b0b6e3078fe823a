/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connect request as the server reads it, and back to bytes. */
#include "tests/fuzz/fuzz.h"

#include "rtrs/pure/handshake.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
	rtrs_hello hello;
	if (rtrs_conn_req_parse(data, size, 1025, &hello))
		return 0;
	FUZZ_CHECK(hello.conn_count >= 2 && hello.conn_count <= 1025);
	FUZZ_CHECK(hello.cid < hello.conn_count);
	rtrs_wire_conn_req msg;
	rtrs_hello again;
	rtrs_conn_req_build(&msg, &hello);
	FUZZ_CHECK(rtrs_conn_req_parse(&msg, sizeof(msg), 1025, &again) == 0);
	FUZZ_CHECK(again.cid == hello.cid && again.first_conn == hello.first_conn);
	FUZZ_CHECK(std::memcmp(again.session_uuid, hello.session_uuid, sizeof(again.session_uuid)) == 0);
	return 0;
}
