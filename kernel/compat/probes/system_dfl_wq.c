// SPDX-License-Identifier: GPL-2.0-or-later
// mainline 6.17: system_percpu_wq and system_dfl_wq
#include <linux/workqueue.h>

bool probe(struct work_struct *work)
{
	return queue_work(system_dfl_wq, work) || queue_work(system_percpu_wq, work);
}
