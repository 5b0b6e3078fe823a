/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of sysfs files: policies, access modes, cause tokens. */
#include "tests/fuzz/fuzz.h"

#include <string>

#include "rnbd/pure/msg.h"
#include "rtrs/pure/cause.h"
#include "rtrs/pure/mp_policy.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
	const char *text = reinterpret_cast<const char *>(data);
	const int policy = rtrs_mp_parse(text, size);
	FUZZ_CHECK(policy == -EINVAL || (policy >= 0 && policy < RTRS_MP_POLICIES));
	const int access = rnbd_access_parse(text, size);
	FUZZ_CHECK(access == -EINVAL || (access >= 0 && access <= RNBD_WIRE_MIGRATION));
	const std::string token(text, size);
	const rtrs_cause cause = rtrs_cause_from_token(token.c_str());
	FUZZ_CHECK(cause == RTRS_CAUSES || token.c_str() == std::string(rtrs_cause_token(cause)));
	return 0;
}
