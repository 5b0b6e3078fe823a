// SPDX-License-Identifier: GPL-2.0-or-later
// Runs a fuzz target over files and over seeded mutations of them, without a fuzzing engine: `make check` needs only a compiler.
// usage: fuzz_X [--rounds N] [--seed S] file...      With clang, link the target with -fsanitize=fuzzer instead of this file.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

namespace {

using Bytes = std::vector<uint8_t>;

Bytes read_file(const std::string &path)
{
	std::ifstream in(path, std::ios::binary);
	if (!in) {
		std::fprintf(stderr, "cannot read %s\n", path.c_str());
		std::exit(2);
	}
	return Bytes(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

// An exact-size heap block, so that the address sanitizer sees one byte too many.
void run(const Bytes &input)
{
	uint8_t *copy = static_cast<uint8_t *>(std::malloc(input.size() ? input.size() : 1));
	if (!input.empty())
		std::memcpy(copy, input.data(), input.size());
	LLVMFuzzerTestOneInput(copy, input.size());
	std::free(copy);
}

Bytes mutate(Bytes bytes, std::mt19937_64 &random)
{
	static const uint8_t edges[] = {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff};
	for (unsigned steps = 1 + random() % 4; steps; steps--) {
		if (bytes.empty() || random() % 8 == 0) {
			bytes.push_back(static_cast<uint8_t>(random()));
			continue;
		}
		const size_t at = random() % bytes.size();
		switch (random() % 4) {
		case 0:
			bytes[at] ^= static_cast<uint8_t>(1u << random() % 8);
			break;
		case 1:
			bytes[at] = edges[random() % sizeof(edges)];
			break;
		case 2:
			bytes.resize(at);
			break;
		default:
			bytes[at] = static_cast<uint8_t>(random());
		}
	}
	return bytes;
}

} // namespace

int main(int argc, char **argv)
{
	unsigned long rounds = 2000;
	unsigned long long seed = 1;
	std::vector<Bytes> corpus;
	for (int i = 1; i < argc; i++) {
		const std::string word = argv[i];
		if (word == "--rounds" && i + 1 < argc)
			rounds = std::strtoul(argv[++i], nullptr, 0);
		else if (word == "--seed" && i + 1 < argc)
			seed = std::strtoull(argv[++i], nullptr, 0);
		else
			corpus.push_back(read_file(word));
	}
	run({});
	for (const Bytes &input : corpus)
		run(input);
	std::mt19937_64 random(seed);
	corpus.push_back({});
	for (unsigned long i = 0; i < rounds; i++)
		run(mutate(corpus[random() % corpus.size()], random));
	std::printf("%zu inputs, %lu mutations, seed %llu\n", corpus.size() - 1, rounds, seed);
	return 0;
}
