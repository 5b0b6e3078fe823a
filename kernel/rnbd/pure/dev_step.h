/* SPDX-License-Identifier: GPL-2.0-or-later */
/* States of a client device and what each event does to it (architecture 5). */
#ifndef RNBD_PURE_DEV_STEP_H
#define RNBD_PURE_DEV_STEP_H

#include "../../pure.h"

#ifdef __cplusplus
extern "C" {
#endif

enum rnbd_dev_state {
	RNBD_DEV_INIT,		/* being mapped for the first time */
	RNBD_DEV_MAPPED,
	RNBD_DEV_DISCONNECTED,	/* not open on the server: I/O fails */
	RNBD_DEV_UNMAPPED,	/* going; never comes back */
	RNBD_DEV_HELD,		/* as disconnected, but I/O waits for the server to come back */
	RNBD_DEV_STATES
};

enum rnbd_dev_event {
	RNBD_DEV_EV_OPENED,
	RNBD_DEV_EV_LINK_DOWN,	/* session lost */
	RNBD_DEV_EV_UNMAP,
	RNBD_DEV_EV_GIVE_UP,	/* no waiting, or none any more */
};

/* Next state, or -EALREADY (no change), or -EINVAL (impossible in this state). */
int rnbd_dev_step(enum rnbd_dev_state state, enum rnbd_dev_event event);
/* The state as others see it, who tell no held device from a disconnected one. */
enum rnbd_dev_state rnbd_dev_state_shown(enum rnbd_dev_state state);
/* May remap_device be sent: 0, -EALREADY (mapped), -EBUSY (init), -ENODEV (unmapped). */
int rnbd_dev_may_remap(enum rnbd_dev_state state);
/* Word of the sysfs file: init, open, closed, unmapped (ABI 5.2). */
const char *rnbd_dev_state_word(enum rnbd_dev_state state);

#ifdef __cplusplus
}
#endif
#endif /* RNBD_PURE_DEV_STEP_H */
