/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the three files of the family "rtrs-client" know of each other. */
#ifndef RTRS_CLT_GENL_H
#define RTRS_CLT_GENL_H

#include <net/genetlink.h>

#include "../genl_common.h"
#include "uapi/rtrs_netlink.h"

struct rtrs_clt_path;
struct rtrs_clt_session;

/* ---- clt_genl.c ---- */

/* Counts changes; a dump that it moves under is told to be done again. */
u32 rtrs_clt_genl_generation(void);
/* By RTRS_A_ID or RTRS_A_NAME of the request; the sessions mutex is held. */
struct rtrs_clt_session *rtrs_clt_genl_find_session(struct genl_info *info);
int rtrs_clt_genl_reply_path(struct genl_info *info, u8 cmd, struct rtrs_clt_path *path);

/* ---- clt_genl_fill.c: -EMSGSIZE where there is no room left ---- */

int rtrs_clt_genl_put_info(struct sk_buff *skb);
/* Takes the session mutex. */
int rtrs_clt_genl_put_session(struct sk_buff *skb, struct rtrs_clt_session *session);
int rtrs_clt_genl_put_path(struct sk_buff *skb, struct rtrs_clt_path *path);

/* ---- clt_genl_set.c ---- */

int rtrs_clt_genl_session_set(struct sk_buff *skb, struct genl_info *info);
int rtrs_clt_genl_path_add(struct sk_buff *skb, struct genl_info *info);
int rtrs_clt_genl_path_del(struct sk_buff *skb, struct genl_info *info);
int rtrs_clt_genl_path_reconnect(struct sk_buff *skb, struct genl_info *info);
int rtrs_clt_genl_path_disconnect(struct sk_buff *skb, struct genl_info *info);

#endif /* RTRS_CLT_GENL_H */
