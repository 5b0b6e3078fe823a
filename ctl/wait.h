/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waiting that ends at a deadline, at Ctrl-C, or when there is something to read. */
#ifndef CTL_WAIT_H
#define CTL_WAIT_H

#include <functional>
#include <string>
#include <vector>

#include "ctl/kernel.h"

namespace ctl {

/*
 * From here on SIGINT and SIGTERM are only delivered inside wait_readable(),
 * so none is lost between a look at interrupted() and the wait. Calling it
 * again does nothing.
 */
void catch_signals();
bool interrupted();
void forget_interrupt();
Error interrupted_error(const std::string &what);

enum class Woken { readable, deadline, interrupted };
Woken wait_readable(int fd, Deadline deadline);
/* For answers that come at once: a signal stays pending meanwhile. */
Woken wait_answer(int fd, Clock::time_point deadline);

/* What became of a call: its own result, or why it was not waited for any longer. */
struct CallEnd {
	int err = 0;		/* positive errno of the call */
	bool late = false, interrupted = false;
	bool stuck = false;	/* killed, but the kernel has not let go of it yet */
};

/*
 * Runs @call (0 or a positive errno) in a process of its own, which is killed
 * at @deadline or when this one is interrupted or ends. For sysfs stores: they
 * wait inside the kernel, where nothing but being killed wakes them up, and a
 * killed writer makes the kernel take back what it began.
 */
CallEnd call_in_child(const std::function<int()> &call, Deadline deadline);

/*
 * Tells when it is worth asking again whether somebody still has one of
 * @files open: at a close of one of them, and now and then without one, as
 * the kernel reports a close shortly before it counts.
 */
class CloseWatch {
public:
	explicit CloseWatch(const std::vector<std::string> &files);
	~CloseWatch();
	CloseWatch(const CloseWatch &) = delete;
	CloseWatch &operator=(const CloseWatch &) = delete;
	/* Woken::readable: ask again. */
	Woken next(Clock::time_point deadline);

private:
	int fd_;	/* -1: no inotify, only now and then */
	Clock::duration pause_;
};

/* Waits until @dir/@name exists. */
Result<void> wait_node(const std::string &dir, const std::string &name, Deadline deadline);

} // namespace ctl

#endif /* CTL_WAIT_H */
