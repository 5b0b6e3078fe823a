/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths and ports as people type them. */
#ifndef CTL_ADDRESS_H
#define CTL_ADDRESS_H

#include <optional>
#include <string>

#include "ctl/model.h"
#include "ctl/result.h"

namespace ctl {

struct PathSpec {
	rtrs_addr_pair pair{};
	std::optional<uint16_t> port;	/* of the destination */
};

/*
 * "[SRC@]DST" or "[SRC,]DST"; each end ip:ADDRESS, gid:GID, IPv4, [IPv6],
 * IPv6 or a host name; DST may end in :PORT (an IPv6 literal then needs its
 * brackets). Host names are looked up; of several addresses the first of the
 * other end's family is taken.
 */
Result<PathSpec> parse_path(const std::string &text);

/* The same without a port, and only if all of it is literal: nothing is looked up. */
std::optional<rtrs_addr_pair> literal_pair(const std::string &text);

} // namespace ctl

#endif /* CTL_ADDRESS_H */
