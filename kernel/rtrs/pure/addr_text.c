// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Addresses as text and back: "ip:10.0.0.1", "ip:fe80::1", "gid:...", and
 * pairs of them. Called by the sysfs and netlink doors and by rnbdctl, so that
 * all accept the same. Names and scope ids are refused. Needs no lock.
 */
#include "addr_text.h"

#define IP6_GROUPS 8

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* One decimal number 0..255 without leading zero at *pos; -1 if there is none. */
static int octet(const char *text, size_t len, size_t *pos)
{
	size_t start = *pos;
	int value = 0;

	while (*pos < len && text[*pos] >= '0' && text[*pos] <= '9') {
		value = value * 10 + (text[*pos] - '0');
		if (value > 255)
			return -1;
		++*pos;
	}
	/* "010" is 8 to some readers and 10 to others */
	if (*pos == start || (text[start] == '0' && *pos - start > 1))
		return -1;
	return value;
}

static int ip4_parse(const char *text, size_t len, u8 bytes[4])
{
	size_t pos = 0;
	int i, value;

	for (i = 0; i < 4; i++) {
		if (i && (pos == len || text[pos++] != '.'))
			return -EINVAL;
		value = octet(text, len, &pos);
		if (value < 0)
			return -EINVAL;
		bytes[i] = (u8)value;
	}
	return pos == len ? 0 : -EINVAL;
}

/* One group of 1 to 4 hex digits at *pos; -1 if there is none. */
static int group(const char *text, size_t len, size_t *pos)
{
	int value = 0, digits = 0;

	while (*pos < len && hex_digit(text[*pos]) >= 0) {
		if (++digits > 4)
			return -1;
		value = value << 4 | hex_digit(text[*pos]);
		++*pos;
	}
	return digits ? value : -1;
}

/* Bytes of an IPv6 literal in the order written; the gap of "::" not yet opened. */
struct ip6_cursor {
	u8 *bytes;
	int used;
	int gap;	/* where "::" stood, -1: nowhere */
};

/*
 * Take what starts at *pos: a group, or the dotted quad that may end the
 * text, and the colons behind it. -EINVAL.
 */
static int ip6_piece(const char *text, size_t len, size_t *pos, struct ip6_cursor *c)
{
	size_t start = *pos;
	int value = group(text, len, pos);

	if (value >= 0 && *pos < len && text[*pos] == '.') {
		if (c->used > 12 || ip4_parse(text + start, len - start, c->bytes + c->used))
			return -EINVAL;
		c->used += 4;
		*pos = len;
		return 0;
	}
	if (value < 0 || c->used == 16)
		return -EINVAL;
	c->bytes[c->used++] = (u8)(value >> 8);
	c->bytes[c->used++] = (u8)value;
	if (*pos == len)
		return 0;
	if (text[(*pos)++] != ':' || *pos == len)
		return -EINVAL;
	if (text[*pos] == ':') {
		if (c->gap >= 0)
			return -EINVAL;
		c->gap = c->used;
		++*pos;
	}
	return 0;
}

static int ip6_parse(const char *text, size_t len, u8 bytes[16])
{
	struct ip6_cursor c = { .bytes = bytes, .gap = -1 };
	size_t pos = 0;
	int tail;

	memset(bytes, 0, 16);
	if (len >= 2 && text[0] == ':' && text[1] == ':') {
		c.gap = 0;
		pos = 2;
	}
	if (!len)
		return -EINVAL;
	while (pos < len)
		if (ip6_piece(text, len, &pos, &c))
			return -EINVAL;
	if (c.gap < 0)
		return c.used == 16 ? 0 : -EINVAL;
	if (c.used == 16)	/* "::" stands for one group at least */
		return -EINVAL;
	tail = c.used - c.gap;
	memmove(bytes + 16 - tail, bytes + c.gap, tail);
	memset(bytes + c.gap, 0, 16 - c.used);
	return 0;
}

static bool cut_prefix(const char **text, size_t *len, const char *prefix)
{
	size_t n = strlen(prefix);

	if (*len < n || memcmp(*text, prefix, n))
		return false;
	*text += n;
	*len -= n;
	return true;
}

int rtrs_addr_parse(const char *text, size_t len, struct rtrs_addr *addr)
{
	memset(addr, 0, sizeof(*addr));
	if (cut_prefix(&text, &len, "gid:")) {
		addr->family = RTRS_ADDR_GID;
		return ip6_parse(text, len, addr->bytes);
	}
	if (!cut_prefix(&text, &len, "ip:"))
		return -EPROTONOSUPPORT;
	if (memchr(text, ':', len)) {
		addr->family = RTRS_ADDR_IP6;
		return ip6_parse(text, len, addr->bytes);
	}
	addr->family = RTRS_ADDR_IP4;
	return ip4_parse(text, len, addr->bytes);
}

int rtrs_pair_parse(const char *text, size_t len, struct rtrs_addr_pair *pair)
{
	const char *split = memchr(text, ',', len);
	size_t src_len;

	memset(pair, 0, sizeof(*pair));
	if (!split)
		split = memchr(text, '@', len);
	if (!split)
		return rtrs_addr_parse(text, len, &pair->dst);
	src_len = (size_t)(split - text);
	if (rtrs_addr_parse(text, src_len, &pair->src))
		return -EINVAL;
	len -= src_len + 1;
	if (len > 0) {
		int err = rtrs_addr_parse(split + 1, len, &pair->dst);

		if (err)
			return err;
	}
	return pair->src.family == pair->dst.family ? 0 : -EINVAL;
}

/* Text under construction; what does not fit is cut, the NUL always fits. */
struct out {
	char *buf;
	size_t size;
	size_t len;
};

static void put_char(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len++] = c;
}

static void put_text(struct out *o, const char *text)
{
	while (*text)
		put_char(o, *text++);
}

static size_t finish(struct out *o)
{
	if (o->size)
		o->buf[o->len] = '\0';
	return o->len;
}

/* Lower-case hex without leading zeros, but @digits at least. */
static void put_hex(struct out *o, u32 value, int digits)
{
	int shift;

	for (shift = 12; shift >= 0; shift -= 4)
		if (value >> shift || shift < digits * 4)
			put_char(o, "0123456789abcdef"[value >> shift & 15]);
}

static void put_ip4(struct out *o, const u8 *bytes)
{
	int i;

	for (i = 0; i < 4; i++) {
		if (i)
			put_char(o, '.');
		if (bytes[i] >= 100)
			put_char(o, (char)('0' + bytes[i] / 100));
		if (bytes[i] >= 10)
			put_char(o, (char)('0' + bytes[i] / 10 % 10));
		put_char(o, (char)('0' + bytes[i] % 10));
	}
}

static u32 group_at(const u8 *bytes, int i)
{
	return (u32)bytes[2 * i] << 8 | bytes[2 * i + 1];
}

/* First of the longest runs of two or more zero groups; *len 0 if there is none. */
static int zero_run(const u8 *bytes, int groups, int *len)
{
	int best = 0, i = 0, start;

	*len = 0;
	while (i < groups) {
		for (start = i; i < groups && !group_at(bytes, i);)
			i++;
		if (i - start > 1 && i - start > *len) {
			best = start;
			*len = i - start;
		}
		i++;
	}
	return best;
}

static void put_ip6(struct out *o, const u8 *bytes)
{
	static const u8 mapped[12] = { [10] = 0xff, [11] = 0xff };
	bool quad = !memcmp(bytes, mapped, sizeof(mapped));
	int groups = quad ? 6 : IP6_GROUPS;
	int run, at = zero_run(bytes, groups, &run);
	int i = 0;

	while (i < groups) {
		if (run && i == at) {
			put_text(o, "::");
			i += run;
			continue;
		}
		put_hex(o, group_at(bytes, i), 1);
		if (++i < IP6_GROUPS && !(run && i == at))
			put_char(o, ':');
	}
	if (quad)
		put_ip4(o, bytes + 12);
}

static void put_gid(struct out *o, const u8 *bytes)
{
	int i;

	for (i = 0; i < IP6_GROUPS; i++) {
		if (i)
			put_char(o, ':');
		put_hex(o, group_at(bytes, i), 4);
	}
}

static void put_addr(struct out *o, const struct rtrs_addr *addr)
{
	switch (addr->family) {
	case RTRS_ADDR_IP4:
		put_text(o, "ip:");
		put_ip4(o, addr->bytes);
		break;
	case RTRS_ADDR_IP6:
		put_text(o, "ip:");
		put_ip6(o, addr->bytes);
		break;
	case RTRS_ADDR_GID:
		put_text(o, "gid:");
		put_gid(o, addr->bytes);
		break;
	default:
		break;
	}
}

size_t rtrs_addr_format(const struct rtrs_addr *addr, char *buf, size_t size)
{
	struct out o = { .buf = buf, .size = size };

	put_addr(&o, addr);
	return finish(&o);
}

size_t rtrs_pair_format(const struct rtrs_addr_pair *pair, char *buf, size_t size)
{
	struct out o = { .buf = buf, .size = size };

	if (pair->src.family != RTRS_ADDR_NONE) {
		put_addr(&o, &pair->src);
		put_char(&o, '@');
	}
	put_addr(&o, &pair->dst);
	return finish(&o);
}

bool rtrs_addr_equal(const struct rtrs_addr *a, const struct rtrs_addr *b)
{
	size_t used = a->family == RTRS_ADDR_IP4 ? 4 : 16;

	if (a->family != b->family)
		return false;
	return a->family == RTRS_ADDR_NONE || !memcmp(a->bytes, b->bytes, used);
}

bool rtrs_pair_equal(const struct rtrs_addr_pair *a, const struct rtrs_addr_pair *b)
{
	return rtrs_addr_equal(&a->src, &b->src) && rtrs_addr_equal(&a->dst, &b->dst);
}
