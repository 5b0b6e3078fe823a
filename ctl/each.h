/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verbs that take any number of objects: each has its own result, one bad word does not stop the others. */
#ifndef CTL_EACH_H
#define CTL_EACH_H

#include <functional>
#include <string>
#include <vector>

#include "ctl/cli.h"

namespace ctl {

/* What becomes of one word; notes go to standard error. */
using One = std::function<Result<Done>(const std::string &word, std::vector<std::string> &notes)>;

/* Runs @one for each of @words until one is interrupted, and puts the results together. */
Result<Outcome> for_each_word(Context &context, const std::string &verb, const std::vector<std::string> &words,
			      const One &one);

} // namespace ctl

#endif /* CTL_EACH_H */
