/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all wire headers share. They hold bytes between machines: little-endian
 * types, explicit padding, one size assertion per structure, no bit fields.
 * Only additions are allowed here; peers of every age read these bytes.
 */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H

#include <linux/types.h>

#ifdef __cplusplus
#define WIRE_SIZE(type, bytes) static_assert(sizeof(type) == (bytes), #type)
#else
#define WIRE_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type)
#endif

#endif /* WIRE_WIRE_H */
