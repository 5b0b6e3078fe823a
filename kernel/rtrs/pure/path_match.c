// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Paths that a map names against those of the session by that name. The name is
 * a word of somebody's choice, so the destinations alone tell whether two who
 * use it mean the same server. Called by rtrs-client, by rnbd-client for a
 * session that has no paths yet, and by rnbdctl. Needs no lock.
 */
#include "path_match.h"

/* The four bytes of an IPv4 address in either form; NULL: it is none. */
static const u8 *ip4_bytes(const struct rtrs_addr *addr)
{
	static const u8 mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (addr->family == RTRS_ADDR_IP4)
		return addr->bytes;
	if (addr->family == RTRS_ADDR_IP6 && !memcmp(addr->bytes, mapped, sizeof(mapped)))
		return addr->bytes + sizeof(mapped);
	return NULL;
}

static bool same_place(const struct rtrs_addr *a, const struct rtrs_addr *b)
{
	const u8 *a4 = ip4_bytes(a), *b4 = ip4_bytes(b);

	if (a4 && b4)
		return !memcmp(a4, b4, 4);
	return rtrs_addr_equal(a, b);
}

bool rtrs_pair_covers(const struct rtrs_addr_pair *path, const struct rtrs_addr_pair *wish)
{
	return same_place(&path->dst, &wish->dst) &&
	       (wish->src.family == RTRS_ADDR_NONE || same_place(&path->src, &wish->src));
}

void rtrs_match_begin(struct rtrs_path_match *match, u32 count)
{
	match->same_server = false;
	match->missing = (u32)(((u64)1 << count) - 1);
}

void rtrs_match_path(struct rtrs_path_match *match, const struct rtrs_addr_pair *path,
		     const struct rtrs_addr_pair *wishes, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++) {
		if (same_place(&path->dst, &wishes[i].dst))
			match->same_server = true;
		if (rtrs_pair_covers(path, &wishes[i]))
			match->missing &= ~((u32)1 << i);
	}
}
