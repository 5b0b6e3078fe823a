/* SPDX-License-Identifier: GPL-2.0-or-later */
/* status, version. */
#include "ctl/cli.h"
#include "kernel/version.h"

namespace ctl {

Result<Outcome> run_status(Context &context)
{
	Snapshot snapshot;
	Outcome outcome;

	/* Nothing loaded is an answer, not an error. */
	snapshot.backend = "none";
	if (context.kernel) {
		Result<Snapshot> read = context.kernel->snapshot();

		if (!read)
			return read.error();
		snapshot = *read;
	}
	const std::vector<Problem> problems = find_problems(snapshot);
	outcome.out = context.json() ? json_status(snapshot, problems) :
				       text_status(snapshot, problems, context.style());
	if (context.opt.check && !problems.empty())
		outcome.exit = EXIT_PROBLEMS;
	return outcome;
}

Result<Outcome> run_version(Context &context)
{
	Versions versions;
	Outcome outcome;

	versions.tool = RNBD_VERSION;
	if (context.kernel) {
		Result<Snapshot> read = context.kernel->snapshot();

		if (!read)
			return read.error();
		versions.backend = read->backend;
		for (const Side *side : {&read->client, &read->server})
			versions.modules.insert(versions.modules.end(), side->modules.begin(), side->modules.end());
	}
	outcome.out = context.json() ? json_versions(versions) : text_versions(versions);
	return outcome;
}

} // namespace ctl
