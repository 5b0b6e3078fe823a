/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waiting for an object to reach the state that was asked for. */
#ifndef CTL_FOLLOW_H
#define CTL_FOLLOW_H

#include <map>
#include <string>

#include "ctl/cli.h"
#include "ctl/kernel.h"

namespace ctl {

/* What goes on, on stderr: in place on a terminal, line by line with -v, else not at all. */
class Progress {
public:
	explicit Progress(const Context &context);
	~Progress();
	Progress(const Progress &) = delete;
	Progress &operator=(const Progress &) = delete;
	void say(const std::string &text);
	void clear();	/* before anything else is printed */

private:
	FILE *err_;
	bool in_place_, by_line_;
	std::string last_;
};

/* One wait: for which device, how long, and what was seen of its session meanwhile. */
class Follow {
public:
	Follow(Context &context, const Device &device, Deadline deadline);

	/* Mapped, and its node is there. Errors: the kernel's reason, W01, W02. */
	Result<Device> until_mapped();
	/* After a remap: mapped again, or the reason why not. */
	Result<Device> until_remapped();
	Result<void> until_removed();

private:
	enum class Seen { nothing, changed, removed };

	Result<Seen> step(const std::string &what);
	Result<Seen> reread();
	void learn_session();
	std::vector<Path> own_paths() const;
	void tell();
	Error late(const std::string &what) const;
	Error refused(const std::string &what) const;

	Context &context_;
	Device device_;
	Deadline deadline_;
	Progress progress_;
	std::optional<uint32_t> session_id_;
	std::map<uint32_t, Path> paths_;	/* of any session; an event may come before its session's */
};

Deadline deadline_of(const Options &options);

} // namespace ctl

#endif /* CTL_FOLLOW_H */
