/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the *_genl.c files of all modules do alike: addresses in attributes,
 * the rights of setters. The numbers of enum rnbd_genl_addr_attr are those of
 * enum rtrs_genl_addr_attr, so one reader serves both.
 */
#ifndef GENL_COMMON_H
#define GENL_COMMON_H

#include <linux/capability.h>
#include <net/genetlink.h>

#include "compat/genl.h"
#include "rtrs/pure/addr_text.h"
#include "../include/uapi/rtrs_netlink.h"

static_assert((int)RTRS_ADDR_IP4 == (int)RTRS_GENL_ADDR_IP4);
static_assert((int)RTRS_ADDR_IP6 == (int)RTRS_GENL_ADDR_IP6);
static_assert((int)RTRS_ADDR_GID == (int)RTRS_GENL_ADDR_GID);

/* Not the per-namespace rights that GENL_ADMIN_PERM alone would accept. */
static inline int genl_check_admin(struct genl_info *info)
{
	if (capable(CAP_SYS_ADMIN))
		return 0;
	GENL_SET_ERR_MSG(info, "CAP_SYS_ADMIN is needed");
	return -EPERM;
}

static inline size_t genl_addr_len(u32 family)
{
	return family == RTRS_ADDR_IP4 ? 4 : 16;
}

/* Nothing for RTRS_ADDR_NONE; @port 0 is not known. */
static inline int genl_put_addr(struct sk_buff *skb, int type, const struct rtrs_addr *addr,
				u16 port)
{
	struct nlattr *nest;

	if (addr->family == RTRS_ADDR_NONE)
		return 0;
	nest = nla_nest_start(skb, type);
	if (!nest || nla_put_u32(skb, RTRS_ADDR_A_FAMILY, addr->family) ||
	    nla_put(skb, RTRS_ADDR_A_BYTES, genl_addr_len(addr->family), addr->bytes) ||
	    (port && nla_put_u16(skb, RTRS_ADDR_A_PORT, port)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static inline int genl_take_addr(struct genl_info *info, struct nlattr *nest,
				 struct rtrs_addr *addr)
{
	static const struct nla_policy policy[RTRS_ADDR_A_MAX + 1] = {
		[RTRS_ADDR_A_FAMILY]	= NLA_POLICY_RANGE(NLA_U32, RTRS_ADDR_IP4, RTRS_ADDR_GID),
		[RTRS_ADDR_A_BYTES]	= NLA_POLICY_RANGE(NLA_BINARY, 4, 16),
	};
	struct nlattr *tb[RTRS_ADDR_A_MAX + 1];
	int err = nla_parse_nested(tb, RTRS_ADDR_A_MAX, nest, policy, info->extack);

	if (err)
		return err;
	if (!tb[RTRS_ADDR_A_FAMILY] || !tb[RTRS_ADDR_A_BYTES]) {
		NL_SET_ERR_MSG_ATTR(info->extack, nest, "an address has a family and bytes");
		return -EINVAL;
	}
	addr->family = nla_get_u32(tb[RTRS_ADDR_A_FAMILY]);
	if (nla_len(tb[RTRS_ADDR_A_BYTES]) != genl_addr_len(addr->family)) {
		NL_SET_ERR_MSG_ATTR(info->extack, tb[RTRS_ADDR_A_BYTES],
				    "the length does not fit the address family");
		return -EINVAL;
	}
	memcpy(addr->bytes, nla_data(tb[RTRS_ADDR_A_BYTES]), genl_addr_len(addr->family));
	return 0;
}

/* @src may be NULL, @dst not. @where: what to point at if they do not fit each other. */
static inline int genl_take_pair(struct genl_info *info, struct nlattr *where, struct nlattr *src,
				 struct nlattr *dst, struct rtrs_addr_pair *pair)
{
	int err = genl_take_addr(info, dst, &pair->dst);

	if (!err && src)
		err = genl_take_addr(info, src, &pair->src);
	if (!err && src && pair->src.family != pair->dst.family) {
		NL_SET_ERR_MSG_ATTR(info->extack, where,
				    "source and destination are of different kinds");
		err = -EINVAL;
	}
	return err;
}

#endif /* GENL_COMMON_H */
