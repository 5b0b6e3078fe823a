// SPDX-License-Identifier: GPL-2.0-or-later
// mainline 6.16: bio_add_virt_nofail()
#include <linux/bio.h>

void probe(struct bio *bio, void *data)
{
	bio_add_virt_nofail(bio, data, 512);
}
