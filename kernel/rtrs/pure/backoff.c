// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Delays between connection attempts. Called by the client's path worker,
 * which passes the random number in. Needs no lock.
 */
#include "backoff.h"

#define FRESH_OUTAGE_MS	30000U
#define FRESH_CAP_MS	500U
#define YOUNG_OUTAGE_MS	120000U
#define YOUNG_CAP_MS	1000U
#define OLD_CAP_MS	5000U

u32 rtrs_backoff_cap_ms(u64 outage_ms)
{
	if (outage_ms < FRESH_OUTAGE_MS)
		return FRESH_CAP_MS;
	return outage_ms < YOUNG_OUTAGE_MS ? YOUNG_CAP_MS : OLD_CAP_MS;
}

u32 rtrs_backoff_ms(u32 attempt, u32 first_ms, u32 cap_ms, u32 random)
{
	u64 delay = first_ms;
	u32 base;

	for (; attempt > 1 && delay < cap_ms; attempt--)
		delay <<= 1;
	base = delay < cap_ms ? (u32)delay : cap_ms;
	if (!base)
		return 1;
	return base - random % (base / 2 + 1);
}

bool rtrs_attempts_left(int max_attempts, u32 attempts_made)
{
	return max_attempts < 0 || attempts_made < (u32)max_attempts;
}
