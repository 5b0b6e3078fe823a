/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who uses a disk of this machine. */
#ifndef CTL_USAGE_H
#define CTL_USAGE_H

#include <string>
#include <vector>

#include "ctl/kernel.h"

namespace ctl {

/* "mounted on /mnt", "held by dm-0", "swap"; the disk and its partitions. Empty: nobody known. */
std::vector<std::string> users_of(const Env &env, const std::string &disk);
/* The device nodes through which it can be open: its own and those of its partitions. */
std::vector<std::string> nodes_of(const Env &env, const std::string &disk);

} // namespace ctl

#endif /* CTL_USAGE_H */
