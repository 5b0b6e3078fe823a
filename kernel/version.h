/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one place that states the version; dkms.conf repeats it and `make check` compares. */
#ifndef RNBD_VERSION_H
#define RNBD_VERSION_H

#define RNBD_VERSION "0.1.0"

#endif /* RNBD_VERSION_H */
