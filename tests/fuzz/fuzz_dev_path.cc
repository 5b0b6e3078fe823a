/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Search path and name to a path; the input is three texts with NUL between them. */
#include "tests/fuzz/fuzz.h"

#include <string>

#include "rnbd/pure/dev_path.h"

namespace {

std::string next(fuzz::Input *in)
{
	std::string out;
	while (in->size()) {
		const char c = static_cast<char>(in->number(1));
		if (!c)
			break;
		out += c;
	}
	return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
	fuzz::Input in(data, size);
	const std::string search = next(&in), session = next(&in), name = next(&in);
	char clean[64], out[64];
	if (rnbd_search_path_clean(search.c_str(), clean, sizeof(clean)))
		return 0;
	FUZZ_CHECK(clean[0] == '\0' || clean[0] == '/');
	if (rnbd_dev_path(clean, session.c_str(), name.c_str(), out, sizeof(out)))
		return 0;
	const std::string path = out;
	FUZZ_CHECK(path[0] == '/' && path.size() < sizeof(out));
	FUZZ_CHECK(path.find("//") == std::string::npos);
	FUZZ_CHECK(("/" + name + "/").find("/../") == std::string::npos);
	return 0;
}
