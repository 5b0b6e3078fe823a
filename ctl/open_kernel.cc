/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which back end: netlink where our modules answer, sysfs for all others. */
#include "ctl/kernel.h"
#include "ctl/netlink.h"

namespace ctl {

Result<std::unique_ptr<Kernel>> open_kernel(const Env &env, bool sysfs_only)
{
	if (sysfs_only)
		return open_sysfs(env);
	Result<std::unique_ptr<NlChannel>> channel = open_nl_channel();

	/* No generic netlink at all is no reason to give up. */
	if (!channel)
		return open_sysfs(env);
	Result<std::unique_ptr<Kernel>> kernel = open_netlink(std::move(*channel));
	if (!kernel || *kernel)
		return kernel;
	return open_sysfs(env);
}

} // namespace ctl
