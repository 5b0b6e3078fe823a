/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generic netlink on older kernels: formatted extended ack, attributes of a dump.
 * Used by *_genl.c only.
 */
#ifndef RNBD_COMPAT_GENL_H
#define RNBD_COMPAT_GENL_H

#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/netlink.h>
#include <net/genetlink.h>

#include "../generated/compat-config.h"

#ifndef HAVE_EXTACK_FMT
#define COMPAT_EXTACK_LEN	80	/* as newer kernels grant */
#define COMPAT_EXTACK_SLOTS	16

/*
 * Older kernels keep only a pointer to the text until the ack is sent, which is after the handler
 * has returned: the text needs a home that outlives it. Sixteen messages in turn do: one would have
 * to be overtaken by sixteen others between handler and ack, and then reads another, still
 * terminated, message.
 */
static __maybe_unused __printf(2, 3)
void compat_extack_fmt(struct netlink_ext_ack *extack, const char *fmt, ...)
{
	static char text[COMPAT_EXTACK_SLOTS][COMPAT_EXTACK_LEN];
	static atomic_t next = ATOMIC_INIT(0);
	char *slot = text[(unsigned int)atomic_inc_return(&next) % COMPAT_EXTACK_SLOTS];
	va_list args;

	if (!extack)
		return;
	va_start(args, fmt);
	vscnprintf(slot, COMPAT_EXTACK_LEN, fmt, args);
	va_end(args);
	extack->_msg = slot;
}

#define NL_SET_ERR_MSG_FMT(extack, fmt, args...)	compat_extack_fmt(extack, fmt, ##args)
#define NL_SET_ERR_MSG_ATTR_FMT(extack, attr, fmt, args...) do {	\
	struct netlink_ext_ack *__extack = (extack);			\
									\
	compat_extack_fmt(__extack, fmt, ##args);			\
	if (__extack) {							\
		__extack->bad_attr = (attr);				\
		__extack->policy = NULL;				\
	}								\
} while (0)
#endif

#ifndef GENL_SET_ERR_MSG_FMT
#define GENL_SET_ERR_MSG_FMT(info, fmt, args...)	NL_SET_ERR_MSG_FMT((info)->extack, fmt, ##args)
#endif

/* Parsed attributes of a dump request, by type; entries are NULL where the request had none. */
static inline struct nlattr **compat_dump_attrs(struct netlink_callback *cb)
{
#ifdef HAVE_GENL_DUMP_INFO
	return genl_info_dump(cb)->attrs;
#else
	return genl_dumpit_info(cb)->attrs;
#endif
}

#endif /* RNBD_COMPAT_GENL_H */
