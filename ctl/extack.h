/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The extended acknowledgement of netlink, which libnl 3.7 has no API for. */
#ifndef CTL_EXTACK_H
#define CTL_EXTACK_H

#include <cstdint>
#include <optional>
#include <string>

#include <linux/netlink.h>

namespace ctl {

struct Ack {
	int err = 0;				/* positive errno, 0: fine */
	std::string text;			/* the kernel's sentence, escaped */
	std::optional<uint32_t> offset;		/* of the bad attribute in the request */
	std::optional<uint32_t> missing;	/* attribute that should have been there */
};

/* Asks the kernel for sentences, and for acks without our request in them. */
bool extack_enable(int fd);
/* @len: bytes of @msg that are really there. NLMSG_ERROR and NLMSG_DONE. */
Ack extack_parse(const nlmsghdr *msg, size_t len);

} // namespace ctl

#endif /* CTL_EXTACK_H */
