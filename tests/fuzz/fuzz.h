/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the fuzz targets share: a check that stops the run, and numbers taken from the front of the input. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#define FUZZ_CHECK(cond)                                                                                   \
	do {                                                                                               \
		if (!(cond)) {                                                                             \
			std::fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #cond);            \
			std::abort();                                                                      \
		}                                                                                          \
	} while (0)

namespace fuzz {

/* Little-endian numbers off the front; 0 when the input has ended. What is left is the message. */
class Input {
public:
	Input(const std::uint8_t *data, std::size_t size) : data_(data), size_(size) {}
	std::uint32_t number(unsigned bytes)
	{
		std::uint32_t value = 0;
		for (unsigned i = 0; i < bytes && size_; i++, data_++, size_--)
			value |= static_cast<std::uint32_t>(*data_) << (8 * i);
		return value;
	}
	const std::uint8_t *data() const { return data_; }
	const char *text() const { return reinterpret_cast<const char *>(data_); }
	std::size_t size() const { return size_; }

private:
	const std::uint8_t *data_;
	std::size_t size_;
};

} // namespace fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

#endif /* TESTS_FUZZ_FUZZ_H */
