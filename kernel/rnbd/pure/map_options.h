/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The map_device string (sysfs ABI 5.1) to a struct; also linked into rnbdctl. */
#ifndef RNBD_PURE_MAP_OPTIONS_H
#define RNBD_PURE_MAP_OPTIONS_H

#include "msg.h"
#include "../../rtrs/pure/addr_text.h"
#include "../../../include/wire/rtrs_proto.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RNBD_MAP_MAX_PATHS	6
#define RNBD_MAP_TAG_LEN	64	/* with its NUL */
#define RNBD_FAST_IO_FAIL_MAX	86400	/* seconds */
#define RNBD_FAST_IO_FAIL_NONE	(-2)	/* not given: the module's default */

struct rnbd_map_options {
	char session[RTRS_WIRE_NAME_LEN];
	char device[RNBD_WIRE_NAME_LEN];
	struct rtrs_addr_pair paths[RNBD_MAP_MAX_PATHS];
	u32 path_count;
	u16 port;			/* 1234 unless dest_port= was given */
	bool port_given;
	enum rnbd_access access;	/* rw unless access_mode= was given */
	int nr_poll_queues;		/* 0; -1 was already replaced by the CPU count */
	int fast_io_fail;		/* seconds, -1 for ever; RNBD_FAST_IO_FAIL_NONE */
	/* not in the map_device string, set by netlink only */
	char tag[RNBD_MAP_TAG_LEN];
	char owner[RNBD_MAP_TAG_LEN];
};

/* May I/O wait so long for a lost server: 0 .. RNBD_FAST_IO_FAIL_MAX seconds, or -1, for ever. */
bool rnbd_fast_io_fail_ok(int seconds);

/* Where parsing failed: static text and the offending word inside the input. */
struct rnbd_map_error {
	const char *text;
	size_t word_off;
	size_t word_len;
};

/*
 * Parse @len bytes of "key=value" words separated by spaces; order free
 * (security L4). One trailing newline is stripped; a NUL or control byte
 * inside is -EINVAL. @cpus: number of possible CPUs, bound of nr_poll_queues.
 * -EINVAL with err->text set: unknown key, key given twice (but path=), value
 * missing or out of range, name or device of 255 bytes or more, bad session
 * name, name or device missing. -ENOMEM: a seventh path (as in-tree).
 * -EPROTONOSUPPORT: unknown address prefix. No path at all is accepted here.
 */
int rnbd_map_parse(const char *text, size_t len, int cpus,
		   struct rnbd_map_options *opt, struct rnbd_map_error *err);

/* Name of the link below devices/: '/' becomes '!', then "@session". Bytes without NUL. */
size_t rnbd_link_name(const char *device, const char *session, char *buf, size_t size);

#ifdef __cplusplus
}
#endif
#endif /* RNBD_PURE_MAP_OPTIONS_H */
