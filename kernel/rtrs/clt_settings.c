// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an administrator may change of a running session. Called by sysfs and
 * netlink; hot files and the path workers read the values without a lock.
 */
#include "client.h"

int rtrs_clt_session_set_reconnects(struct rtrs_clt_session *session, int max)
{
	if (max < -1 || max > RTRS_CLT_RECONNECTS_MAX)
		return -EINVAL;
	WRITE_ONCE(session->max_reconnects, max);
	rtrs_clt_genl_session_event(session, RTRS_CLT_CHANGED);
	return 0;
}

void rtrs_clt_session_set_policy(struct rtrs_clt_session *session, enum rtrs_mp_policy policy)
{
	WRITE_ONCE(session->policy, policy);
	rtrs_clt_genl_session_event(session, RTRS_CLT_CHANGED);
}
