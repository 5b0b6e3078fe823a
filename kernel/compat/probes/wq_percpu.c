// SPDX-License-Identifier: GPL-2.0-or-later
// mainline 6.17: WQ_PERCPU, an enum
#include <linux/workqueue.h>

struct workqueue_struct *probe(void)
{
	return alloc_workqueue("probe", WQ_PERCPU, 0);
}
