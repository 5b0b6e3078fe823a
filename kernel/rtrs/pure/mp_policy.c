// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Chooses the path of a request: round robin takes the next published path
 * behind the cursor, the others fold over all of them from there. Called by the
 * client for every request (hot) and by the policy file for its texts. Needs no
 * lock.
 */
#include "mp_policy.h"

static const struct {
	const char *name;
	const char *text;
	const char *abbrev;
	const char *digit;
} policies[RTRS_MP_POLICIES] = {
	[RTRS_MP_ROUND_ROBIN] = {
		"round-robin", "round-robin (RR: 0)", "rr", "0",
	},
	[RTRS_MP_MIN_INFLIGHT] = {
		"min-inflight", "min-inflight (MI: 1)", "mi", "1",
	},
	[RTRS_MP_MIN_LATENCY] = {
		"min-latency", "min-latency (ML: 2)", "ml", "2",
	},
};

struct rtrs_mp_choice rtrs_mp_none(void)
{
	struct rtrs_mp_choice none = { .index = -1 };

	return none;
}

struct rtrs_mp_choice rtrs_mp_fold(enum rtrs_mp_policy policy,
				   struct rtrs_mp_choice best, int index,
				   u32 inflight, u64 latency_ns)
{
	struct rtrs_mp_choice candidate = { .index = index };

	if (policy == RTRS_MP_MIN_INFLIGHT)
		candidate.weight = inflight;
	else if (policy == RTRS_MP_MIN_LATENCY)
		candidate.weight = latency_ns;
	if (best.index < 0 || candidate.weight < best.weight)
		return candidate;
	return best;
}

/* In 32-bit halves: a 64-bit one may become a library call on small machines. */
static int lowest_bit(u64 mask)
{
	u32 low = (u32)mask;

	return low ? __builtin_ctz(low) : 32 + __builtin_ctz((u32)(mask >> 32));
}

int rtrs_mp_next(const u64 mask[RTRS_MP_WORDS], u32 cursor)
{
	u32 word = cursor / 64 % RTRS_MP_WORDS;
	u64 found = mask[word] & (~0ULL << (cursor & 63));

	if (!found) {
		found = mask[word ^ 1];
		/* with the other word empty too, only what lies before the cursor is left */
		if (found)
			word ^= 1;
		else
			found = mask[word];
	}
	return found ? (int)word * 64 + lowest_bit(found) : -1;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Does @text start with @word, whatever the case? */
static bool starts_with(const char *text, size_t len, const char *word)
{
	size_t i;

	for (i = 0; word[i]; i++)
		if (i == len || lower(text[i]) != word[i])
			return false;
	return true;
}

static bool equals(const char *text, size_t len, const char *word)
{
	return len == strlen(word) && starts_with(text, len, word);
}

int rtrs_mp_parse(const char *text, size_t len)
{
	int i;

	if (len && text[len - 1] == '\n')
		len--;
	for (i = 0; i < RTRS_MP_POLICIES; i++)
		if (equals(text, len, policies[i].digit) ||
		    equals(text, len, policies[i].abbrev) ||
		    starts_with(text, len, policies[i].name))
			return i;
	return -EINVAL;
}

const char *rtrs_mp_text(enum rtrs_mp_policy policy)
{
	return (u32)policy < RTRS_MP_POLICIES ? policies[policy].text : "unknown";
}

const char *rtrs_mp_name(enum rtrs_mp_policy policy)
{
	return (u32)policy < RTRS_MP_POLICIES ? policies[policy].name : "unknown";
}
