// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Counts the writers of one export and decides who may join them. Called by
 * the server's open and close, under the lock of the export.
 */
#include "access.h"

int rnbd_access_take(struct rnbd_writers *w, u8 access)
{
	u32 writers = w->rw + w->migration;

	switch (access) {
	case RNBD_WIRE_RO:
		return 0;
	case RNBD_WIRE_RW:
		if (writers)
			return -EPERM;
		w->rw++;
		return 0;
	case RNBD_WIRE_MIGRATION:
		if (writers > 1)
			return -EPERM;
		w->migration++;
		return 0;
	default:
		return -EINVAL;
	}
}

void rnbd_access_put(struct rnbd_writers *w, u8 access)
{
	if (access == RNBD_WIRE_RW && w->rw)
		w->rw--;
	else if (access == RNBD_WIRE_MIGRATION && w->migration)
		w->migration--;
}
