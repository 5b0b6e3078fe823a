/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an administrator sees of sessions and changes, by sysfs and netlink. Part of client.h. */
#ifndef RTRS_CLT_ADMIN_H
#define RTRS_CLT_ADMIN_H

#include "pure/mp_policy.h"

struct rtrs_clt_path;
struct rtrs_clt_session;
struct rtrs_hb_params;

/* ---- clt_settings.c: what an administrator may change of a session ---- */

/* -EINVAL: outside -1 (for ever) to RTRS_CLT_RECONNECTS_MAX. */
int rtrs_clt_session_set_reconnects(struct rtrs_clt_session *session, int max);
void rtrs_clt_session_set_policy(struct rtrs_clt_session *session, enum rtrs_mp_policy policy);
/*
 * Of all its paths, those to come too. What is 0 in @change stays. -EINVAL:
 * the result is none that rtrs_hb_params_ok() likes; nothing has changed.
 */
int rtrs_clt_session_set_heartbeat(struct rtrs_clt_session *session,
				   const struct rtrs_hb_params *change);

/* ---- clt_sysfs.c ---- */

int rtrs_clt_sysfs_init(void);
void rtrs_clt_sysfs_exit(void);
int rtrs_clt_sysfs_session_add(struct rtrs_clt_session *session);
void rtrs_clt_sysfs_session_del(struct rtrs_clt_session *session);
int rtrs_clt_sysfs_path_add(struct rtrs_clt_path *path);
void rtrs_clt_sysfs_path_del(struct rtrs_clt_path *path);

/* ---- clt_genl.c ---- */

int rtrs_clt_genl_init(void);
void rtrs_clt_genl_exit(void);
enum rtrs_clt_event {
	RTRS_CLT_ADDED,
	RTRS_CLT_CHANGED,
	RTRS_CLT_REMOVED,
};

void rtrs_clt_genl_session_init(struct rtrs_clt_session *session);
void rtrs_clt_genl_path_init(struct rtrs_clt_path *path);
/* REMOVED last. Process context; of a session without its mutex. */
void rtrs_clt_genl_session_event(struct rtrs_clt_session *session, enum rtrs_clt_event event);
void rtrs_clt_genl_path_event(struct rtrs_clt_path *path, enum rtrs_clt_event event);

#endif /* RTRS_CLT_ADMIN_H */
