// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * For whoever looks for the reason of a hang: what each session's chunks are busy
 * with. Root alone reads it, in debugfs, which is no ABI.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "server.h"

/*
 * rtrs_srv.lock held. The owner word names a path that may be gone by now: it is
 * compared with those there are, and not followed.
 */
static const char *owner_name(const struct rtrs_srv_session *session, unsigned long owner)
{
	const struct rtrs_srv_path *path;

	list_for_each_entry(path, &session->paths, entry)
		if ((unsigned long)path == owner)
			return path->name;
	return "a path that is gone";
}

/* rtrs_srv.lock and the session's setup held, for the chunks to stay. */
static void show_chunks(struct seq_file *seq, const struct rtrs_srv_session *session)
{
	unsigned long owner;
	u32 i;

	for (i = 0; session->chunks && i < rtrs_srv.geometry.depth; i++) {
		owner = READ_ONCE(session->chunks[i].owner);
		if (owner)
			seq_printf(seq, "%s chunk %u of %s%s\n", session->name, i,
				   owner_name(session, owner & ~RTRS_SRV_AWAITED),
				   owner & RTRS_SRV_AWAITED ? ", another path waits" : "");
	}
}

static int operations_show(struct seq_file *seq, void *unused)
{
	struct rtrs_srv_session *session;

	/* it may be the one that hangs */
	if (mutex_lock_interruptible(&rtrs_srv.lock))
		return -EINTR;
	list_for_each_entry(session, &rtrs_srv.sessions, entry) {
		/* it may be held by one that waits for a disk, or for the lock that we have */
		if (!mutex_trylock(&session->setup)) {
			seq_printf(seq, "%s is being set up or ended\n", session->name);
			continue;
		}
		show_chunks(seq, session);
		mutex_unlock(&session->setup);
	}
	mutex_unlock(&rtrs_srv.lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(operations);

/* Goes away with the directory. */
void rtrs_srv_debugfs(void)
{
	debugfs_create_file("operations", 0400, rtrs_srv.opc.dir, NULL, &operations_fops);
	rtrs_srv_stats_debugfs();
}
