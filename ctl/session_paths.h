/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The paths and the port that a map names, against those of the session that is there. */
#ifndef CTL_SESSION_PATHS_H
#define CTL_SESSION_PATHS_H

#include <optional>
#include <string>
#include <vector>

#include "ctl/cli.h"
#include "ctl/kernel.h"

namespace ctl {

/* The path of @session that @pair asks for; without a source any path to that destination. */
std::optional<Path> path_for(const Session &session, const rtrs_addr_pair &pair);

struct PathFit {
	std::vector<rtrs_addr_pair> missing;	/* the session has them not */
	std::vector<std::string> notes;		/* what could not be compared */
	bool kernel_decides = false;		/* not all is shown here; the map itself will tell */
};

/* D12: @request means another server than that of @session. */
Result<PathFit> fit_paths(const Kernel &kernel, const Session &session, const MapRequest &request);

/* Adds them, as `path add` does, but does not wait for connections if the back end need not; stops at the first error. */
Result<void> add_paths(Context &context, const Session &session, const std::vector<rtrs_addr_pair> &pairs,
		       Deadline deadline, std::vector<Path> &added);
/* After what they were added for has failed: takes them away again and says so in @error. */
void take_back_paths(Context &context, const std::vector<Path> &added, Error &error);

} // namespace ctl

#endif /* CTL_SESSION_PATHS_H */
