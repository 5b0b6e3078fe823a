/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Message prefixes. Every message that a peer can cause goes through a
 * rate-limited form and names session, path and reason (security rule B).
 */
#ifndef RTRS_LOG_H
#define RTRS_LOG_H

#include <linux/printk.h>
#include <linux/ratelimit.h>

/* @name: session or path name, never a format; printed as the peer gave it, checked before. */
#define rtrs_info(name, fmt, ...)  pr_info_ratelimited("%s: " fmt, name, ##__VA_ARGS__)
#define rtrs_warn(name, fmt, ...)  pr_warn_ratelimited("%s: " fmt, name, ##__VA_ARGS__)
#define rtrs_err(name, fmt, ...)   pr_err_ratelimited("%s: " fmt, name, ##__VA_ARGS__)

#endif /* RTRS_LOG_H */
