/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/wire/report.h"

#include <algorithm>
#include <cstdio>
#include <iterator>

namespace wire {

namespace {

const char *const NAMES[KINDS] = {
	"conn-req", "conn-rsp", "conn-rej", "info-req", "info-rsp",
	"write-req", "read-req", "req-imm", "rsp-imm", "rkey", "inval", "hb", "hb-ack",
	"sess-info", "sess-info-rsp", "open", "open-rsp", "close",
	"io-read", "io-write", "io-flush", "io-discard", "io-erase", "io-zeroes",
	"unknown",
};

/*
 * The only bytes in which an in-tree client may differ from ours, each with
 * the reason; docs/protocol.md 4 says that nobody may look at them. Its server
 * has none: it clears its messages before it fills them.
 */
struct Excuse {
	Kind first, last;	/* kinds it is for */
	std::size_t from, to;	/* bytes [from, to) */
	std::uint8_t bits;	/* of each byte */
	bool behind_nul;	/* only behind the first NUL of the range */
	const char *why;
};

const Excuse EXCUSES[] = {
	{SESS_INFO, SESS_INFO, 2, 4, 0xff, false, "padding of the head, never set"},
	{SESS_INFO, SESS_INFO, 5, 36, 0xff, false, "reserved, never set"},
	{OPEN, OPEN, 2, 4, 0xff, false, "padding of the head, never set"},
	{OPEN, OPEN, 5, 6, 0xff, false, "reserved between access mode and name, never set"},
	{OPEN, OPEN, 6, 261, 0xff, true, "what lies behind the end of the name, never set"},
	{OPEN, OPEN, 261, 264, 0xff, false, "reserved at the end, never set"},
	{CLOSE, CLOSE, 2, 4, 0xff, false, "padding of the head, never set"},
	{IO_READ, IO_ZEROES, 2, 4, 0xff, false, "padding of the head, never set"},
	{IO_READ, IO_ZEROES, 26, 32, 0xff, false, "what the compiler adds at the end, never set"},
	{IO_FLUSH, IO_FLUSH, 17, 18, 0x02, false, "FUA, which a flush has no use for; our parser drops it"},
};

void print_rows(const char *name, const Bytes &bytes, std::size_t from, std::size_t to)
{
	std::printf("    %04zx %s", from, name);
	for (std::size_t i = from; i < to; i++) {
		if (i < bytes.size())
			std::printf(" %02x", bytes[i]);
		else
			std::printf(" --");
	}
	std::printf("\n");
}

/* Rows of 16 bytes that differ, up to four; without a built message the first ones. */
void print_difference(const Bytes &seen, const Bytes &built)
{
	const std::size_t size = std::max(seen.size(), built.size());
	int rows = 0;
	for (std::size_t from = 0; from < size && rows < 4; from += 16) {
		const std::size_t to = std::min(from + 16, size);
		bool same = !built.empty();
		for (std::size_t i = from; i < to && same; i++)
			same = i < seen.size() && i < built.size() && seen[i] == built[i];
		if (same)
			continue;
		rows++;
		print_rows("seen ", seen, from, to);
		if (!built.empty())
			print_rows("built", built, from, to);
	}
}

} // namespace

const char *kind_name(Kind kind)
{
	return NAMES[kind];
}

std::optional<Kind> kind_of(const std::string &name)
{
	for (int i = 0; i < UNKNOWN; i++)
		if (name == NAMES[i])
			return static_cast<Kind>(i);
	return std::nullopt;
}

bool Report::excused(Kind kind, View seen, View built, std::size_t at) const
{
	const std::uint8_t bits = seen[at] ^ built[at];

	if (!intree_client_)
		return false;
	return std::any_of(std::begin(EXCUSES), std::end(EXCUSES), [&](const Excuse &e) {
		if (kind < e.first || kind > e.last || at < e.from || at >= e.to || (bits & ~e.bits))
			return false;
		const View front = seen.subspan(e.from, at - e.from);
		return !e.behind_nul || std::find(front.begin(), front.end(), 0) != front.end();
	});
}

void Report::differs(Kind kind, std::size_t frame, View seen, View built, const std::string &why)
{
	Line &line = lines_[kind];

	if (line.wrong++)
		return;
	line.frame = frame;
	line.why = why;
	line.found.assign(seen.begin(), seen.end());
	line.built.assign(built.begin(), built.end());
}

void Report::compare(Kind kind, std::size_t frame, View seen, View built)
{
	lines_[kind].seen++;
	if (seen.size() != built.size()) {
		differs(kind, frame, seen, built,
			std::to_string(seen.size()) + " bytes, ours has " + std::to_string(built.size()));
		return;
	}
	for (std::size_t i = 0; i < seen.size(); i++) {
		if (seen[i] != built[i] && !excused(kind, seen, built, i)) {
			differs(kind, frame, seen, built, "byte " + std::to_string(i));
			return;
		}
	}
}

void Report::refuse(Kind kind, std::size_t frame, View seen, const std::string &why)
{
	lines_[kind].seen++;
	differs(kind, frame, seen, {}, why);
}

bool Report::print() const
{
	bool good = true, any = false;
	for (int i = 0; i < KINDS; i++) {
		const Line &line = lines_[static_cast<std::size_t>(i)];
		if (!line.seen && !line.wanted)
			continue;
		any = true;
		std::printf("%-14s %5zu ", NAMES[i], line.seen);
		if (line.wrong) {
			std::printf("DIFFERENT in %zu, first in frame %zu: %s\n", line.wrong, line.frame, line.why.c_str());
			print_difference(line.found, line.built);
		} else {
			std::printf("%s\n", line.seen ? "same" : "MISSING");
		}
		good = good && line.seen && !line.wrong;
	}
	if (!any)
		std::printf("no message of RTRS in it\n");
	return good && any;
}

} // namespace wire
