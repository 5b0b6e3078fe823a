// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The map_device string to a struct, with one text per mistake. Called by the
 * client's sysfs store and by rnbdctl, so that both accept the same; netlink
 * fills the same struct from attributes. Needs no lock.
 */
#include "map_options.h"
#include "../../rtrs/pure/handshake.h"

struct map_parser {
	const char *text;	/* all of the input */
	int cpus;
	struct rnbd_map_options *opt;
	struct rnbd_map_error *err;
	u32 seen;		/* one bit per entry of keys[] */
};

/* A piece of the input; not terminated. */
struct word {
	const char *text;
	size_t len;
};

static int fail(struct map_parser *p, const struct word *w, int err, const char *text)
{
	p->err->text = text;
	p->err->word_off = (size_t)(w->text - p->text);
	p->err->word_len = w->len;
	return err;
}

static int set_session(struct map_parser *p, const struct word *value)
{
	char *name = p->opt->session;

	if (value->len >= sizeof(p->opt->session))
		return fail(p, value, -EINVAL, "sessname= is longer than 254 bytes");
	memcpy(name, value->text, value->len);
	if (rtrs_name_check(name, sizeof(p->opt->session)))
		return fail(p, value, -EINVAL,
			    "sessname= has a byte that is not printable, or one of / . !");
	return 0;
}

static int set_device(struct map_parser *p, const struct word *value)
{
	char *name = p->opt->device;

	if (value->len >= sizeof(p->opt->device))
		return fail(p, value, -EINVAL, "device_path= is longer than 254 bytes");
	memcpy(name, value->text, value->len);
	if (rnbd_device_name_check(name, sizeof(p->opt->device)))
		return fail(p, value, -EINVAL,
			    "device_path= has a byte that is not printable, a '!' or a \"..\"");
	return 0;
}

static int add_path(struct map_parser *p, const struct word *value)
{
	struct rnbd_map_options *opt = p->opt;
	int err;

	if (opt->path_count == RNBD_MAP_MAX_PATHS)
		return fail(p, value, -ENOMEM, "more than 6 paths");
	err = rtrs_pair_parse(value->text, value->len, &opt->paths[opt->path_count]);
	if (err == -EPROTONOSUPPORT)
		return fail(p, value, err, "address starts with neither ip: nor gid:");
	if (err)
		return fail(p, value, err, "path= is no [source@]destination of one address kind");
	opt->path_count++;
	return 0;
}

/* Decimal digits only, no leading zero; -1: anything else, or above @max. */
static int number(const char *text, size_t len, int max)
{
	s64 value = 0;
	size_t i;

	if (!len || (len > 1 && text[0] == '0'))
		return -1;
	for (i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + (text[i] - '0');
		if (value > max)
			return -1;
	}
	return (int)value;
}

static int set_port(struct map_parser *p, const struct word *value)
{
	int port = number(value->text, value->len, 65535);

	if (port < 0)
		return fail(p, value, -EINVAL, "dest_port= is no number from 0 to 65535");
	p->opt->port = (u16)port;
	p->opt->port_given = true;
	return 0;
}

static int set_access(struct map_parser *p, const struct word *value)
{
	int access = rnbd_access_parse(value->text, value->len);

	if (access < 0)
		return fail(p, value, -EINVAL, "access_mode= is none of ro, rw, migration");
	p->opt->access = (enum rnbd_access)access;
	return 0;
}

static int set_poll_queues(struct map_parser *p, const struct word *value)
{
	int count;

	if (value->len == 2 && !memcmp(value->text, "-1", 2)) {
		p->opt->nr_poll_queues = p->cpus;
		return 0;
	}
	count = number(value->text, value->len, p->cpus);
	if (count < 0)
		return fail(p, value, -EINVAL,
			    "nr_poll_queues= is no number from -1 to the number of CPUs");
	p->opt->nr_poll_queues = count;
	return 0;
}

static int set_fast_io_fail(struct map_parser *p, const struct word *value)
{
	bool for_ever = value->len == 2 && !memcmp(value->text, "-1", 2);
	int seconds = for_ever ? -1 : number(value->text, value->len, RNBD_FAST_IO_FAIL_MAX);

	if (seconds < 0 && !for_ever)
		return fail(p, value, -EINVAL,
			    "fast_io_fail= is no number of seconds from 0 to 86400, nor -1");
	p->opt->fast_io_fail = seconds;
	return 0;
}

static const struct {
	const char *name;
	int (*set)(struct map_parser *p, const struct word *value);
	bool repeats;
} keys[] = {
	{ "sessname",		set_session,		false },
	{ "device_path",	set_device,		false },
	{ "path",		add_path,		true },
	{ "dest_port",		set_port,		false },
	{ "access_mode",	set_access,		false },
	{ "nr_poll_queues",	set_poll_queues,	false },
	{ "fast_io_fail",	set_fast_io_fail,	false },
};

static int take_word(struct map_parser *p, const struct word *word)
{
	const char *eq = memchr(word->text, '=', word->len);
	size_t key_len = eq ? (size_t)(eq - word->text) : word->len;
	struct word value;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (key_len == strlen(keys[i].name) && !memcmp(word->text, keys[i].name, key_len))
			break;
	if (i == ARRAY_SIZE(keys))
		return fail(p, word, -EINVAL, "unknown option");
	if (key_len + 1 >= word->len)
		return fail(p, word, -EINVAL, "option without a value");
	if (p->seen & BIT(i) && !keys[i].repeats)
		return fail(p, word, -EINVAL, "option given twice");
	p->seen |= BIT(i);
	value.text = eq + 1;
	value.len = word->len - key_len - 1;
	return keys[i].set(p, &value);
}

/* A NUL would hide what follows from whoever reads the text as a string. */
static int check_bytes(struct map_parser *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		struct word at = { p->text + i, 1 };
		u8 byte = (u8)p->text[i];

		if (byte < 0x20 || byte == 0x7f)
			return fail(p, &at, -EINVAL, "control byte");
	}
	return 0;
}

static int take_words(struct map_parser *p, size_t len)
{
	size_t pos = 0;
	int err;

	while (pos < len) {
		struct word word = { p->text + pos, 0 };

		while (pos + word.len < len && word.text[word.len] != ' ')
			word.len++;
		pos += word.len + 1;
		if (!word.len)
			continue;
		err = take_word(p, &word);
		if (err)
			return err;
	}
	return 0;
}

int rnbd_map_parse(const char *text, size_t len, int cpus,
		   struct rnbd_map_options *opt, struct rnbd_map_error *err)
{
	struct map_parser p = { .text = text, .cpus = cpus, .opt = opt, .err = err };
	struct word nowhere = { text, 0 };
	int rc;

	memset(opt, 0, sizeof(*opt));
	memset(err, 0, sizeof(*err));
	opt->port = RNBD_WIRE_PORT;
	opt->access = RNBD_ACCESS_RW;
	opt->fast_io_fail = RNBD_FAST_IO_FAIL_NONE;
	if (len && text[len - 1] == '\n')
		len--;
	rc = check_bytes(&p, len);
	if (!rc)
		rc = take_words(&p, len);
	if (rc)
		return rc;
	if (!opt->session[0])
		return fail(&p, &nowhere, -EINVAL, "sessname= is missing");
	if (!opt->device[0])
		return fail(&p, &nowhere, -EINVAL, "device_path= is missing");
	return 0;
}

bool rnbd_fast_io_fail_ok(int seconds)
{
	return seconds >= -1 && seconds <= RNBD_FAST_IO_FAIL_MAX;
}

size_t rnbd_link_name(const char *device, const char *session, char *buf, size_t size)
{
	size_t len = 0;

	if (!size)
		return 0;
	for (; *device && len + 1 < size; device++)
		buf[len++] = *device == '/' ? '!' : *device;
	if (len + 1 < size)
		buf[len++] = '@';
	for (; *session && len + 1 < size; session++)
		buf[len++] = *session;
	buf[len] = '\0';
	return len;
}
