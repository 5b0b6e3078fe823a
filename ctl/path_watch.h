/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waiting for what becomes of paths that were given an order. */
#ifndef CTL_PATH_WATCH_H
#define CTL_PATH_WATCH_H

#include <map>
#include <string>
#include <utility>

#include "ctl/follow.h"

namespace ctl {

/*
 * Subscribe first, add() each path as it was before its order, give the orders,
 * then wait for one after the other: what happens to the others meanwhile is
 * remembered. In a back end without events the order itself has waited, and
 * the state is read once.
 */
class PathWatch {
public:
	PathWatch(Context &context, Deadline deadline);

	void add(const Path &path);
	/* Connected since add(). Otherwise the reason, as soon as an attempt has failed. */
	Result<Path> until_connected(const Path &path);
	/* Closed; a server's path is gone then. */
	Result<Path> until_closed(const Path &path);
	Result<void> until_removed(const Path &path);

private:
	struct Seen {
		Path path;
		bool changed = false, removed = false;
		int failures = 0, allowed = 0;	/* of attempts since the order */
		uint32_t failed_before = 0;	/* attempts, as the kernel counts them */
	};
	using Key = std::pair<bool, uint32_t>;	/* on the server; id */

	static Key key(const Path &path) { return {path.on_server, path.id.value_or(0)}; }
	static bool busy_for_now(const Seen &seen);
	Result<Path> read_now(const Path &path);
	void take(const Path &path);
	Result<void> reread();
	Result<void> step(const Seen &waiting, const std::string &what);

	Context &context_;
	Deadline deadline_;
	Progress progress_;
	std::map<Key, Seen> seen_;
};

} // namespace ctl

#endif /* CTL_PATH_WATCH_H */
