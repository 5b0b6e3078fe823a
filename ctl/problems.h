/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is not as it should be, each with its reason and what to do. */
#ifndef CTL_PROBLEMS_H
#define CTL_PROBLEMS_H

#include <string>
#include <vector>

#include "ctl/model.h"

namespace ctl {

struct Problem {
	std::string id;		/* "RNBD-P03" */
	std::string code;
	std::string side;	/* "client", "server" */
	std::string kind;	/* "path", "session", "device", "server" */
	std::string name;	/* path "src@dst", device "DEVICE@SESSION" */
	std::string session;	/* empty for the server as a whole */
	std::string cause;	/* sentence */
	std::string action;	/* sentence */
};

std::vector<Problem> find_problems(const Snapshot &snapshot);
/* Those of one object. */
std::vector<Problem> problems_of(const std::vector<Problem> &problems, const std::string &kind,
				 const std::string &session, const std::string &name);

} // namespace ctl

#endif /* CTL_PROBLEMS_H */
