/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Do the paths that a map names belong to a session that is there, and which of them has it not? */
#ifndef RTRS_PURE_PATH_MATCH_H
#define RTRS_PURE_PATH_MATCH_H

#include "addr_text.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RTRS_MATCH_MAX	32	/* paths looked for at once */

struct rtrs_path_match {
	bool same_server;	/* a destination is one of the session's */
	u32 missing;		/* bit per path looked for */
};

/*
 * @path is what @wish asks for: its destination and, unless that is left open, its
 * source. An IPv4 address is also that in its IPv6 form, ::ffff:1.2.3.4.
 */
bool rtrs_pair_covers(const struct rtrs_addr_pair *path, const struct rtrs_addr_pair *wish);

/* Begin with no path of the session seen; @count at most RTRS_MATCH_MAX. */
void rtrs_match_begin(struct rtrs_path_match *match, u32 count);
/* One path of the session. */
void rtrs_match_path(struct rtrs_path_match *match, const struct rtrs_addr_pair *path,
		     const struct rtrs_addr_pair *wishes, u32 count);

#ifdef __cplusplus
}
#endif
#endif /* RTRS_PURE_PATH_MATCH_H */
