/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CTL_NETLINK_H
#define CTL_NETLINK_H

#include <memory>

#include "ctl/kernel.h"
#include "ctl/nl_channel.h"

namespace ctl {

/* Null without an error: none of the four families exists. */
Result<std::unique_ptr<Kernel>> open_netlink(std::unique_ptr<NlChannel> channel);

} // namespace ctl

#endif /* CTL_NETLINK_H */
