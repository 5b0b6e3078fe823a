/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who uses a disk of this machine. */
#ifndef CTL_USAGE_H
#define CTL_USAGE_H

#include <string>
#include <vector>

#include "ctl/kernel.h"

namespace ctl {

struct Usage {
	/* "rnbd0 is mounted on /mnt", "rnbd0p1 is part of dm-0", "rnbd0 is swap space" */
	std::vector<std::string> users;
	/* "/proc/swaps: Permission denied": whoever is named there is unknown. */
	std::vector<std::string> unread;
};

/*
 * The users of the disk and of its partitions, as far as they can be seen from here.
 * Mounts are found by device number, which is right as long as a disk that was
 * unmapped by force keeps its own: ours and the kernel's own modules see to that.
 */
Usage users_of(const Env &env, const std::string &disk);
/* The device nodes through which it can be open: its own and those of its partitions. */
std::vector<std::string> nodes_of(const Env &env, const std::string &disk);

} // namespace ctl

#endif /* CTL_USAGE_H */
