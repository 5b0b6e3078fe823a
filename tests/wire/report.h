/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was seen of each kind of message, and the first difference from what our builders make of it. */
#ifndef TESTS_WIRE_REPORT_H
#define TESTS_WIRE_REPORT_H

#include <array>
#include <optional>

#include "tests/wire/bytes.h"

namespace wire {

/* The I/O kinds stand together: they share one layout. */
enum Kind {
	CONN_REQ, CONN_RSP, CONN_REJ, INFO_REQ, INFO_RSP,
	WRITE_REQ, READ_REQ, REQ_IMM, RSP_IMM, RKEY, INVAL, HB, HB_ACK,
	SESS_INFO, SESS_INFO_RSP, OPEN, OPEN_RSP, CLOSE,
	IO_READ, IO_WRITE, IO_FLUSH, IO_DISCARD, IO_ERASE, IO_ZEROES,
	UNKNOWN,
	KINDS
};

const char *kind_name(Kind kind);
std::optional<Kind> kind_of(const std::string &name);

class Report {
public:
	/* @intree_client: what its messages leave undefined is excused, by a list. */
	explicit Report(bool intree_client) : intree_client_(intree_client) {}

	void compare(Kind kind, std::size_t frame, View seen, View built);
	/* Our parser did not take it, or it does not belong where it was seen. */
	void refuse(Kind kind, std::size_t frame, View seen, const std::string &why);

	void want(Kind kind) { lines_[kind].wanted = true; }
	/* One line for each kind seen or wanted, and the difference; false: something is wrong. */
	bool print() const;

private:
	struct Line {
		bool wanted = false;
		std::size_t seen = 0, wrong = 0;
		std::size_t frame = 0;	/* of the first difference, as the rest */
		std::string why;
		Bytes found, built;
	};
	bool excused(Kind kind, View seen, View built, std::size_t at) const;
	void differs(Kind kind, std::size_t frame, View seen, View built, const std::string &why);

	bool intree_client_;
	std::array<Line, KINDS> lines_;
};

} // namespace wire

#endif /* TESTS_WIRE_REPORT_H */
