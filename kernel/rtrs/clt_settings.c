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

/* How the values go together is seen with those that stay. */
int rtrs_clt_session_set_heartbeat(struct rtrs_clt_session *session,
				   const struct rtrs_hb_params *change)
{
	struct rtrs_hb_params params;
	struct rtrs_clt_path *path;
	bool ok;

	mutex_lock(&session->mutex);
	params = session->heartbeat;
	params.idle_ms = change->idle_ms ?: params.idle_ms;
	params.busy_ms = change->busy_ms ?: params.busy_ms;
	params.missed_max = change->missed_max ?: params.missed_max;
	ok = rtrs_hb_params_ok(&params);
	if (ok) {
		session->heartbeat = params;
		list_for_each_entry(path, &session->paths, link)
			rtrs_heartbeat_set(&path->hb, &params);
	}
	mutex_unlock(&session->mutex);
	if (!ok)
		return -EINVAL;
	rtrs_clt_genl_session_event(session, RTRS_CLT_CHANGED);
	return 0;
}
