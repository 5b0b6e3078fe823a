/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes older kernels look like the newest one: timers, work queues, random numbers, classes.
 * Block layer in compat/block.h, generic netlink in compat/genl.h. Call sites are written for the
 * newest kernel and have no #if. Which kernel has what is asked from its compiler (probes/), never
 * concluded from a version number.
 */
#ifndef RNBD_COMPAT_H
#define RNBD_COMPAT_H

#include <linux/device/class.h>
#include <linux/random.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#include "../generated/compat-config.h"

#ifndef HAVE_TIMER_DELETE
#define timer_delete(timer)		del_timer(timer)
#define timer_delete_sync(timer)	del_timer_sync(timer)
#endif

#ifndef timer_container_of
#define timer_container_of(var, timer, field)	container_of(timer, typeof(*(var)), field)
#endif

/* Older kernels bind to a CPU unless told otherwise; the newest wants it said. */
#ifndef HAVE_WQ_PERCPU
#define WQ_PERCPU 0
#endif

#ifndef HAVE_SYSTEM_DFL_WQ
#define system_percpu_wq	system_wq
#define system_dfl_wq		system_unbound_wq
#endif

#ifndef HAVE_RANDOM_BELOW
#include <linux/prandom.h>
static inline u32 get_random_u32_below(u32 ceil)
{
	return prandom_u32_max(ceil);
}
#endif

#ifndef HAVE_CLASS_CREATE_NAME
#undef class_create
#define class_create(name) ({				\
	static struct lock_class_key __key;		\
							\
	__class_create(THIS_MODULE, name, &__key);	\
})
#endif

#endif /* RNBD_COMPAT_H */
