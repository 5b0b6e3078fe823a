/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address text of the sysfs ABI (section 2) to bytes and back. */
#ifndef RTRS_PURE_ADDR_TEXT_H
#define RTRS_PURE_ADDR_TEXT_H

#include "../../pure.h"

#ifdef __cplusplus
extern "C" {
#endif

enum rtrs_addr_family {
	RTRS_ADDR_NONE = 0,	/* source left to the routing table */
	RTRS_ADDR_IP4,
	RTRS_ADDR_IP6,
	RTRS_ADDR_GID,
};

struct rtrs_addr {
	u8 family;		/* enum rtrs_addr_family */
	u8 bytes[16];		/* network order; IPv4 uses the first four */
};

struct rtrs_addr_pair {
	struct rtrs_addr src;
	struct rtrs_addr dst;
};

#define RTRS_ADDR_TEXT_MAX	64	/* "gid:" and 8 groups, NUL included */
#define RTRS_PAIR_TEXT_MAX	(2 * RTRS_ADDR_TEXT_MAX)

/* "ip:..." or "gid:..." of @len bytes. -EPROTONOSUPPORT: other prefix. -EINVAL: bad literal. */
int rtrs_addr_parse(const char *text, size_t len, struct rtrs_addr *addr);
/*
 * "[src@]dst" or "[src,]dst"; the first ',' anywhere wins over '@'.
 * -EPROTONOSUPPORT: unknown prefix of the destination. -EINVAL: all else,
 * also source and destination of different kinds (ip4, ip6, gid).
 */
int rtrs_pair_parse(const char *text, size_t len, struct rtrs_addr_pair *pair);
/* Bytes written without the NUL; "ip:" dotted or compressed, "gid:" in full. */
size_t rtrs_addr_format(const struct rtrs_addr *addr, char *buf, size_t size);
/* "src@dst", or "dst" if the source is RTRS_ADDR_NONE. */
size_t rtrs_pair_format(const struct rtrs_addr_pair *pair, char *buf, size_t size);
bool rtrs_addr_equal(const struct rtrs_addr *a, const struct rtrs_addr *b);
bool rtrs_pair_equal(const struct rtrs_addr_pair *a, const struct rtrs_addr_pair *b);

#ifdef __cplusplus
}
#endif
#endif /* RTRS_PURE_ADDR_TEXT_H */
