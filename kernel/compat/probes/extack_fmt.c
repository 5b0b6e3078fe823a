// SPDX-License-Identifier: GPL-2.0-or-later
// mainline 6.2: formatted extended ack
#include <linux/module.h>
#include <linux/netlink.h>

void probe(struct netlink_ext_ack *extack)
{
	NL_SET_ERR_MSG_FMT(extack, "number %d", 1);
}
