/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may open one block device how (protocol 9, security 4.4). */
#ifndef RNBD_PURE_ACCESS_H
#define RNBD_PURE_ACCESS_H

#include "../../pure.h"
#include "../../../include/wire/rnbd_proto.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Writers of one export, over all sessions. */
struct rnbd_writers {
	u32 rw;
	u32 migration;
};

/*
 * 0: allowed, counted. -EPERM: write conflict: rw needs no writer at all;
 * migration needs at most one writer (in-tree lets two migrations meet, and
 * one come first; so do we). -EINVAL: unknown mode.
 */
int rnbd_access_take(struct rnbd_writers *w, u8 access);
void rnbd_access_put(struct rnbd_writers *w, u8 access);

#ifdef __cplusplus
}
#endif
#endif /* RNBD_PURE_ACCESS_H */
