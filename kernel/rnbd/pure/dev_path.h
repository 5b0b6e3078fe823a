/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Search path and name the client asked for, to a path on the server (protocol 9). */
#ifndef RNBD_PURE_DEV_PATH_H
#define RNBD_PURE_DEV_PATH_H

#include "../../pure.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RNBD_DEV_PATH_MAX 4096	/* with its NUL */

/*
 * Search path + '/' + name, runs of '/' folded to one; %SESSNAME% replaced by
 * the session name and all after the token dropped. -EINVAL: longer than
 * 4095, or a ".." component in the name. -EACCES: @search empty, which means
 * that the administrator opened nothing (security 4.2).
 */
int rnbd_dev_path(const char *search, const char *session, const char *name,
		  char *out, size_t size);

/*
 * Search path as the parameter takes it: one trailing newline cut, 4095 bytes
 * at most, absolute or empty. -EINVAL. Writes the cleaned text to @out.
 */
int rnbd_search_path_clean(const char *text, char *out, size_t size);

#ifdef __cplusplus
}
#endif
#endif /* RNBD_PURE_DEV_PATH_H */
