/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Delay before the next connection attempt; randomness is passed in. */
#ifndef RTRS_PURE_BACKOFF_H
#define RTRS_PURE_BACKOFF_H

#include "../../pure.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RTRS_BACKOFF_MS		500	/* what the first retry waits after silence or refusal */
#define RTRS_BACKOFF_BUSY_MS	200	/* and after "busy", which the peer expects to end soon */

/*
 * Milliseconds to wait before attempt @attempt (1 = first retry): @first_ms,
 * doubling to @cap_ms, of which the upper half is jittered by @random, so that
 * clients of one server do not come back in step. Never 0, never above @cap_ms.
 */
u32 rtrs_backoff_ms(u32 attempt, u32 first_ms, u32 cap_ms, u32 random);

/*
 * The cap for an outage that has lasted @outage_ms: half a second in the first
 * 30, 1 s in the first two minutes, when a reboot or a pulled cable is the likely
 * reason and somebody waits for the disk, then 5 s: a server that takes minutes to
 * boot is to be in use 15 s after it listens.
 */
u32 rtrs_backoff_cap_ms(u64 outage_ms);

/* @max_attempts: -1 = for ever (sysfs ABI 3.1). */
bool rtrs_attempts_left(int max_attempts, u32 attempts_made);

#ifdef __cplusplus
}
#endif
#endif /* RTRS_PURE_BACKOFF_H */
