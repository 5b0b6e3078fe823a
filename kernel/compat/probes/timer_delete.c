// SPDX-License-Identifier: GPL-2.0-or-later
// mainline 6.2: timer_delete() and timer_delete_sync()
#include <linux/timer.h>

int probe(struct timer_list *timer)
{
	return timer_delete(timer) || timer_delete_sync(timer);
}
