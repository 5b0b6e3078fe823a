// SPDX-License-Identifier: GPL-2.0-or-later
// mainline 6.7: a dump's attributes are in a struct genl_info
#include <net/genetlink.h>

struct nlattr **probe(struct netlink_callback *cb)
{
	return genl_info_dump(cb)->attrs;
}
