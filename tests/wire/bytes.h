/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes of a capture and a cursor over them. A capture that cannot be read ends
 * the program at once: whatever was compared until then proves nothing.
 */
#ifndef TESTS_WIRE_BYTES_H
#define TESTS_WIRE_BYTES_H

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace wire {

using Bytes = std::vector<std::uint8_t>;
using View = std::span<const std::uint8_t>;

/* Frame 0: the file as a whole. Frames count from 1, as packet analysers show them. Exit status 2. */
[[noreturn]] void die(std::size_t frame, const std::string &what);

/* Walks over headers in network order; running out of bytes ends the program. */
class Cursor {
public:
	Cursor(View data, std::size_t frame, const char *what) : data_(data), frame_(frame), what_(what) {}

	View take(std::size_t n)
	{
		if (n > data_.size())
			die(frame_, std::string("the ") + what_ + " is cut short");
		const View out = data_.first(n);
		data_ = data_.subspan(n);
		return out;
	}
	void skip(std::size_t n) { take(n); }
	View rest() const { return data_; }

	/* Big endian, of 1 to 8 bytes. */
	std::uint64_t number(std::size_t n)
	{
		std::uint64_t value = 0;
		for (std::uint8_t byte : take(n))
			value = value << 8 | byte;
		return value;
	}
	std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
	std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
	std::uint32_t u24() { return static_cast<std::uint32_t>(number(3)); }
	std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
	std::uint64_t u64() { return number(8); }

private:
	View data_;
	std::size_t frame_;
	const char *what_;
};

/* The 32-bit values of verbs as they are on the wire. */
inline Bytes big_endian(std::uint32_t value)
{
	return {static_cast<std::uint8_t>(value >> 24), static_cast<std::uint8_t>(value >> 16),
		static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}

} // namespace wire

#endif /* TESTS_WIRE_BYTES_H */
