// SPDX-License-Identifier: GPL-2.0-or-later
// mainline 6.2: get_random_u32_below()
#include <linux/random.h>

u32 probe(u32 ceil)
{
	return get_random_u32_below(ceil);
}
