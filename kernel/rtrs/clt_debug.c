// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * For whoever looks for the reason of a hang, and for tests: who has the slots of
 * each session, and how long a lost path keeps its own. In debugfs, for root alone;
 * no ABI.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "client.h"

/* ---- slots ---- */

/*
 * Session mutex held. The owner word names a connection that may be gone by now: it
 * is compared with those there are, and not followed.
 */
static const struct rtrs_clt_conn *find_conn(const struct rtrs_clt_session *session,
					     unsigned long owner)
{
	const struct rtrs_clt_path *path;
	u32 cid;

	list_for_each_entry(path, &session->paths, link)
		for (cid = 0; cid < path->conn_count; cid++)
			if ((unsigned long)&path->conns[cid] == owner)
				return &path->conns[cid];
	return NULL;
}

static void show_conn(struct seq_file *seq, const struct rtrs_clt_session *session,
		      unsigned long owner)
{
	const struct rtrs_clt_conn *conn = find_conn(session, owner & ~RTRS_REQ_MARKS);

	if (conn)
		seq_printf(seq, "path %u, connection %u", conn->path->id, conn->c.cid);
	else
		seq_puts(seq, "a path that is gone");
	seq_printf(seq, "%s%s%s", owner & RTRS_REQ_SENT ? ", sent" : "",
		   owner & RTRS_REQ_ANSWERED ? ", answered" : "",
		   owner & RTRS_REQ_INVAL ? ", taking back its key" : "");
}

static void show_slot(struct seq_file *seq, const struct rtrs_clt_session *session,
		      struct rtrs_req *req)
{
	unsigned long owner = atomic_long_read(&req->owner);

	if (owner == RTRS_REQ_FREE)
		return;
	seq_printf(seq, "%s slot %u: ", session->name, req->slot);
	if (owner == RTRS_REQ_CLAIMED)
		seq_puts(seq, "claimed");
	else if (owner == RTRS_REQ_KEPT)
		seq_puts(seq, "given back");
	else if (owner == RTRS_REQ_FENCED)
		seq_puts(seq, "fenced");
	else
		show_conn(seq, session, owner);
	if (!bitmap_empty(req->fence, RTRS_CLT_MAX_PATHS))
		seq_printf(seq, ", unanswered by places %*pbl", RTRS_CLT_MAX_PATHS, req->fence);
	seq_putc(seq, '\n');
}

static int slots_show(struct seq_file *seq, void *unused)
{
	struct rtrs_clt_session *session;
	u32 i, count;
	int ret;

	/* either may be the one that hangs */
	ret = mutex_lock_interruptible(&rtrs_clt_sessions_mutex);
	if (ret)
		return ret;
	list_for_each_entry(session, &rtrs_clt_sessions, link) {
		ret = mutex_lock_interruptible(&session->mutex);
		if (ret)
			break;
		/* pairs with rtrs_clt_reqs_create() */
		count = smp_load_acquire(&session->reqs) ? session->limits.queue_depth : 0;
		for (i = 0; i < count; i++)
			show_slot(seq, session, &session->reqs[i]);
		mutex_unlock(&session->mutex);
	}
	mutex_unlock(&rtrs_clt_sessions_mutex);
	return ret;
}
DEFINE_SHOW_ATTRIBUTE(slots);

/* ---- what a test need not wait for ---- */

static int linger_get(void *unused, u64 *value)
{
	*value = READ_ONCE(rtrs_clt_linger_ms);
	return 0;
}

/* Less than what a server takes to notice a loss gives slots away that it still uses. */
static int linger_set(void *unused, u64 value)
{
	if (value < 100 || value > 600000)
		return -EINVAL;
	WRITE_ONCE(rtrs_clt_linger_ms, value);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(linger_fops, linger_get, linger_set, "%llu\n");

/* Goes away with the directory. */
void rtrs_clt_debugfs(void)
{
	debugfs_create_file("slots", 0400, rtrs_clt_opc.dir, NULL, &slots_fops);
	debugfs_create_file_unsafe("linger_ms", 0600, rtrs_clt_opc.dir, NULL, &linger_fops);
}
