/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signals, deadlines, calls that only a kill ends, the appearance and the closing of device nodes. */
#include "ctl/wait.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/errors.h"

namespace ctl {

static volatile sig_atomic_t g_interrupted;

extern "C" {
static void note_interrupt(int)
{
	g_interrupted = 1;
}
}

static void handle(int signal, void (*handler)(int))
{
	struct sigaction action = {};

	/* No SA_RESTART: the point is to break a system call. */
	action.sa_handler = handler;
	sigemptyset(&action.sa_mask);
	sigaction(signal, &action, nullptr);
}

void catch_signals()
{
	sigset_t set;

	sigemptyset(&set);
	for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
		sigaddset(&set, signal);
		handle(signal, note_interrupt);
	}
	sigprocmask(SIG_BLOCK, &set, nullptr);
}

bool interrupted()
{
	return g_interrupted != 0;
}

void forget_interrupt()
{
	g_interrupted = 0;
}

Error interrupted_error(const std::string &what)
{
	return make_error("RNBD-W02", what + ": interrupted", EINTR);
}

static timespec remaining(Clock::time_point deadline)
{
	const std::chrono::nanoseconds left = std::max(deadline - Clock::now(), Clock::duration::zero());
	timespec out;

	out.tv_sec = left.count() / 1000000000;
	out.tv_nsec = left.count() % 1000000000;
	return out;
}

Woken wait_readable(int fd, Deadline deadline)
{
	sigset_t open;

	sigprocmask(SIG_BLOCK, nullptr, &open);
	for (const int signal : {SIGINT, SIGTERM, SIGHUP})
		sigdelset(&open, signal);
	while (!interrupted()) {
		pollfd poll = {fd, POLLIN, 0};
		timespec left = {};

		if (deadline)
			left = remaining(*deadline);
		const int found = ppoll(&poll, 1, deadline ? &left : nullptr, &open);
		if (found > 0)
			return Woken::readable;
		if (found == 0)
			return Woken::deadline;
	}
	return Woken::interrupted;
}

Woken wait_answer(int fd, Clock::time_point deadline)
{
	for (;;) {
		pollfd poll = {fd, POLLIN, 0};
		const timespec left = remaining(deadline);
		const int found = ppoll(&poll, 1, &left, nullptr);

		if (found > 0)
			return Woken::readable;
		if (found == 0)
			return Woken::deadline;
	}
}

/* Time for a killed call to leave the kernel. */
static constexpr std::chrono::seconds LEAVE_LIMIT{10};

[[noreturn]] static void run_child(const std::function<int()> &call, int fd, pid_t parent)
{
	sigset_t all;

	/* Ctrl-C reaches both; what becomes of the call is the parent's to say, but it does not outlive it. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, nullptr);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent) {
		const int err = call();

		if (write(fd, &err, sizeof(err)) < 0)
			_exit(1);
	}
	_exit(0);
}

CallEnd call_in_child(const std::function<int()> &call, Deadline deadline)
{
	const pid_t self = getpid();
	CallEnd end;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return {errno};
	const pid_t child = fork();
	if (child == 0)
		run_child(call, fds[1], self);
	const int fork_err = errno;
	close(fds[1]);
	if (child < 0) {
		close(fds[0]);
		return {fork_err};
	}
	/* Its result, or the end of the file if something else killed it. */
	const Woken woken = wait_readable(fds[0], deadline);
	end.late = woken == Woken::deadline;
	end.interrupted = woken == Woken::interrupted;
	if (woken != Woken::readable) {
		kill(child, SIGKILL);
		end.stuck = wait_answer(fds[0], Clock::now() + LEAVE_LIMIT) == Woken::deadline;
	}
	/* Done in the very moment in which it was given up: done. */
	if (!end.stuck && read(fds[0], &end.err, sizeof(end.err)) == sizeof(end.err))
		end.late = end.interrupted = false;
	else if (woken == Woken::readable)
		end.err = EINTR;
	close(fds[0]);
	waitpid(child, nullptr, end.stuck ? WNOHANG : 0);
	return end;
}

static constexpr Clock::duration FIRST_PAUSE = std::chrono::milliseconds(10);
static constexpr Clock::duration LONGEST_PAUSE = std::chrono::milliseconds(320);

static void drain(int fd)
{
	char drop[4096];

	while (read(fd, drop, sizeof(drop)) > 0)
		continue;
}

CloseWatch::CloseWatch(const std::vector<std::string> &files)
	: fd_(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)), pause_(FIRST_PAUSE)
{
	/* A file that cannot be watched is left to the pauses. */
	for (const std::string &file : files)
		if (fd_ >= 0)
			inotify_add_watch(fd_, file.c_str(), IN_CLOSE);
}

CloseWatch::~CloseWatch()
{
	if (fd_ >= 0)
		close(fd_);
}

Woken CloseWatch::next(Clock::time_point deadline)
{
	const Clock::time_point again = std::min(deadline, Clock::now() + pause_);
	const Woken woken = wait_readable(fd_, again);

	if (woken == Woken::readable) {
		drain(fd_);
		pause_ = FIRST_PAUSE;
		return woken;
	}
	pause_ = std::min(2 * pause_, LONGEST_PAUSE);
	return woken == Woken::deadline && again < deadline ? Woken::readable : woken;
}

static bool exists(const std::string &path)
{
	struct stat st;

	return stat(path.c_str(), &st) == 0;
}

Result<void> wait_node(const std::string &dir, const std::string &name, Deadline deadline)
{
	const std::string path = dir + "/" + name;
	const int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	Result<void> result;

	if (fd < 0 || inotify_add_watch(fd, dir.c_str(), IN_CREATE | IN_MOVED_TO) < 0) {
		const int err = errno;

		if (fd >= 0)
			close(fd);
		if (exists(path))
			return {};
		return make_error("RNBD-D08", "cannot wait for " + path + ": " + errno_text(err), err);
	}
	while (!exists(path)) {
		const Woken woken = wait_readable(fd, deadline);

		if (woken == Woken::interrupted)
			result = interrupted_error("waiting for " + path);
		else if (woken == Woken::deadline)
			result = make_error("RNBD-D08", path + " did not appear", ETIMEDOUT);
		if (woken != Woken::readable)
			break;
		drain(fd);
	}
	close(fd);
	return result;
}

} // namespace ctl
