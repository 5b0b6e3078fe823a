// SPDX-License-Identifier: GPL-2.0-or-later
// mainline 7.3: kernel threads have a file system of their own, an empty one
#include <linux/fs_struct.h>
#include <linux/random.h>

void probe(void)
{
	scoped_with_init_fs()
		get_random_u32();
}
