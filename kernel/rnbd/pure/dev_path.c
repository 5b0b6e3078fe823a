// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names of devices: what a peer may ask for, and the path on the server that
 * it means. Called by the server's open, by the client's map and by the
 * parameter code. Needs no lock.
 */
#include "dev_path.h"
#include "msg.h"

static const char session_token[] = "%SESSNAME%";

/* Is one of the components between slashes exactly ".."? */
static bool climbs(const char *name, size_t len)
{
	size_t start = 0, i;

	for (i = 0; i <= len; i++) {
		if (i < len && name[i] != '/')
			continue;
		if (i - start == 2 && name[start] == '.' && name[start + 1] == '.')
			return true;
		start = i + 1;
	}
	return false;
}

int rnbd_device_name_check(const char *name, size_t size)
{
	size_t len = strnlen(name, size);
	size_t i;

	if (!len || len == size || len >= RNBD_WIRE_NAME_LEN)
		return -EINVAL;
	for (i = 0; i < len; i++)
		if (name[i] < 0x21 || name[i] > 0x7e || name[i] == '!')
			return -EINVAL;
	return climbs(name, len) ? -EINVAL : 0;
}

/* A path under construction, runs of '/' folded as they come. */
struct path_out {
	char *buf;
	size_t room;	/* without the NUL */
	size_t len;
	bool full;
};

static void path_add(struct path_out *out, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (text[i] == '/' && out->len && out->buf[out->len - 1] == '/')
			continue;
		if (out->len == out->room) {
			out->full = true;
			return;
		}
		out->buf[out->len++] = text[i];
	}
}

int rnbd_dev_path(const char *search, const char *session, const char *name,
		  char *out, size_t size)
{
	struct path_out path = { .buf = out };
	size_t name_len = strlen(name);
	const char *token;

	if (!*search)
		return -EACCES;
	if (!size || !name_len || climbs(name, name_len))
		return -EINVAL;
	path.room = (size < RNBD_DEV_PATH_MAX ? size : RNBD_DEV_PATH_MAX) - 1;
	token = strstr(search, session_token);
	path_add(&path, search, token ? (size_t)(token - search) : strlen(search));
	if (token)
		path_add(&path, session, strlen(session));
	path_add(&path, "/", 1);
	path_add(&path, name, name_len);
	out[path.len] = '\0';
	return path.full ? -EINVAL : 0;
}

int rnbd_search_path_clean(const char *text, char *out, size_t size)
{
	size_t len = strlen(text);

	if (len && text[len - 1] == '\n')
		len--;
	if (len >= RNBD_DEV_PATH_MAX || len >= size)
		return -EINVAL;
	if (len && text[0] != '/')
		return -EINVAL;
	memcpy(out, text, len);
	out[len] = '\0';
	return 0;
}
