/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * usage: wire-check [--want KIND,KIND...] [--intree-client] [--port N] CAPTURE
 * Reads a capture of RoCEv2 (pcap, as QEMU's filter-dump writes it). Each RTRS
 * and RNBD message in it must be taken by our parser, and what our builder
 * makes of the parsed values must be the same bytes.
 *   --want            kinds that must be there
 *   --intree-client   the client is the kernel's own: what its messages leave
 *                     undefined is excused, byte by byte (report.cc)
 *   --port            of the server (default 1234)
 * Exit status: 1 a difference, a kind missing, or nothing seen; 2 the capture
 * cannot be read.
 */
#include "tests/wire/session.h"

#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "rnbd/pure/msg.h"

void wire::die(std::size_t frame, const std::string &what)
{
	if (frame)
		std::fprintf(stderr, "wire-check: frame %zu: %s\n", frame, what.c_str());
	else
		std::fprintf(stderr, "wire-check: the capture: %s\n", what.c_str());
	std::exit(2);
}

namespace {

[[noreturn]] void usage(const std::string &what)
{
	std::fprintf(stderr, "wire-check: %s\nusage: wire-check [--want KIND,KIND...] [--intree-client] [--port N] CAPTURE\nkinds:",
		     what.c_str());
	for (int i = 0; i < wire::UNKNOWN; i++)
		std::fprintf(stderr, " %s", wire::kind_name(static_cast<wire::Kind>(i)));
	std::fprintf(stderr, "\n");
	std::exit(2);
}

struct Options {
	std::vector<wire::Kind> wanted;
	bool intree_client = false;
	std::uint16_t port = RNBD_WIRE_PORT;
	std::string capture;
};

void add_wanted(Options &options, const std::string &list)
{
	std::istringstream words(list);
	for (std::string word; std::getline(words, word, ',');) {
		const auto kind = wire::kind_of(word);
		if (!kind)
			usage("no kind of message: " + word);
		options.wanted.push_back(*kind);
	}
}

Options parse_options(const std::vector<std::string> &words)
{
	Options options;
	for (std::size_t i = 0; i < words.size(); i++) {
		const bool more = i + 1 < words.size();
		if (words[i] == "--want" && more)
			add_wanted(options, words[++i]);
		else if (words[i] == "--port" && more)
			options.port = static_cast<std::uint16_t>(std::strtoul(words[++i].c_str(), nullptr, 10));
		else if (words[i] == "--intree-client")
			options.intree_client = true;
		else if (words[i].rfind("--", 0) == 0 || !options.capture.empty())
			usage("cannot do with " + words[i]);
		else
			options.capture = words[i];
	}
	if (options.capture.empty())
		usage("no capture is named");
	return options;
}

} // namespace

int main(int argc, char **argv)
{
	const Options options = parse_options({argv + 1, argv + argc});
	wire::Report report(options.intree_client);
	wire::Tracker tracker(report, options.port);

	for (wire::Kind kind : options.wanted)
		report.want(kind);
	for (const wire::Frame &frame : wire::read_capture(options.capture))
		if (const auto packet = wire::parse_packet(frame))
			tracker.take(*packet);
	tracker.finish();
	return report.print() ? 0 : 1;
}
