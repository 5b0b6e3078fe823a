/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Byte vectors and a fixed-seed random source for the unit tests. */
#ifndef TESTS_UNIT_UTIL_H
#define TESTS_UNIT_UTIL_H

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace unit {

using Bytes = std::vector<std::uint8_t>;

/* "01 ff" to bytes; blanks are free. */
inline Bytes hex(std::string_view text)
{
	Bytes out;
	int digits = 0;
	unsigned value = 0;
	for (char c : text) {
		if (c == ' ' || c == '\n' || c == '\t')
			continue;
		value = value << 4 | static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10);
		if (++digits % 2 == 0) {
			out.push_back(static_cast<std::uint8_t>(value));
			value = 0;
		}
	}
	return out;
}

inline Bytes zeros(std::size_t n)
{
	return Bytes(n, 0);
}

inline Bytes text(std::string_view s)
{
	return Bytes(s.begin(), s.end());
}

inline Bytes operator+(Bytes a, const Bytes &b)
{
	a.insert(a.end(), b.begin(), b.end());
	return a;
}

template <typename T> Bytes bytes_of(const T &value)
{
	Bytes out(sizeof(value));
	std::memcpy(out.data(), &value, sizeof(value));
	return out;
}

/* The same bytes at an odd address, in a block that ends with them. */
class Odd {
public:
	explicit Odd(const Bytes &bytes) : block_(1) { block_.insert(block_.end(), bytes.begin(), bytes.end()); }
	const void *data() const { return block_.data() + 1; }

private:
	Bytes block_;
};

/* splitmix64: the same numbers on every machine and library. */
class Random {
public:
	explicit Random(std::uint64_t seed) : state_(seed) {}
	std::uint64_t next()
	{
		std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
		z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
		return z ^ (z >> 31);
	}
	std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(next() % n); }

private:
	std::uint64_t state_;
};

} // namespace unit

#endif /* TESTS_UNIT_UTIL_H */
