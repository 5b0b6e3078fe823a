// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The state machine of a client device. Called by the device code, the only
 * writer of the state, and by the sysfs files for the words. Needs no lock.
 */
#include "dev_step.h"

int rnbd_dev_step(enum rnbd_dev_state state, enum rnbd_dev_event event)
{
	switch (event) {
	case RNBD_DEV_EV_OPENED:
		if (state == RNBD_DEV_UNMAPPED)
			return -EINVAL;
		return state == RNBD_DEV_MAPPED ? -EALREADY : RNBD_DEV_MAPPED;
	case RNBD_DEV_EV_LINK_DOWN:
		/* one that was never open waits for its first open, not for a second */
		return state == RNBD_DEV_MAPPED ? RNBD_DEV_HELD : -EALREADY;
	case RNBD_DEV_EV_GIVE_UP:
		if (state == RNBD_DEV_MAPPED || state == RNBD_DEV_HELD)
			return RNBD_DEV_DISCONNECTED;
		return -EALREADY;
	case RNBD_DEV_EV_UNMAP:
		return state == RNBD_DEV_UNMAPPED ? -EALREADY : RNBD_DEV_UNMAPPED;
	}
	return -EINVAL;
}

enum rnbd_dev_state rnbd_dev_state_shown(enum rnbd_dev_state state)
{
	return state == RNBD_DEV_HELD ? RNBD_DEV_DISCONNECTED : state;
}

int rnbd_dev_may_remap(enum rnbd_dev_state state)
{
	switch (state) {
	case RNBD_DEV_HELD:
	case RNBD_DEV_DISCONNECTED:
		return 0;
	case RNBD_DEV_MAPPED:
		return -EALREADY;
	case RNBD_DEV_INIT:
		return -EBUSY;
	default:
		return -ENODEV;
	}
}

const char *rnbd_dev_state_word(enum rnbd_dev_state state)
{
	switch (state) {
	case RNBD_DEV_INIT:
		return "init";
	case RNBD_DEV_MAPPED:
		return "open";
	case RNBD_DEV_HELD:
	case RNBD_DEV_DISCONNECTED:
		return "closed";
	case RNBD_DEV_UNMAPPED:
		return "unmapped";
	default:
		return "unknown";
	}
}
