/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/each.h"

#include "ctl/wait.h"

namespace ctl {

/* All failed alike: that; some failed: 7. */
static int exit_of(const std::vector<Done> &done)
{
	size_t failed = 0;
	int first = EXIT_OK;
	bool alike = true;

	for (const Done &one : done) {
		if (!one.error)
			continue;
		first = failed++ ? first : one.error->exit;
		alike = alike && one.error->exit == first;
	}
	if (failed == 0)
		return EXIT_OK;
	return failed == done.size() && alike ? first : static_cast<int>(EXIT_PARTIAL);
}

static std::string done_text(const Context &context, const Done &done)
{
	if (done.error || (context.opt.quiet && !done.changed))
		return "";
	return text_object_line(done.object, context.style());
}

Result<Outcome> for_each_word(Context &context, const std::string &verb, const std::vector<std::string> &words,
			      const One &one)
{
	std::vector<Done> all;
	bool broken_off = false;
	Outcome outcome;

	for (const std::string &word : words) {
		Result<Done> done = one(word, outcome.notes);

		if (!done && words.size() == 1)
			return done.error();
		if (!done) {
			Done failed;

			failed.target = escaped(word);
			failed.error = done.error();
			outcome.errors.push_back(done.error());
			all.push_back(failed);
			/* Taking back what was begun forgets the signal, the error does not. */
			broken_off = done.error().id == "RNBD-W02";
			if (broken_off)
				break;
			continue;
		}
		outcome.out += done_text(context, *done);
		all.push_back(*done);
	}
	outcome.exit = exit_of(all);
	if (broken_off || interrupted())
		outcome.exit = EXIT_INTERRUPTED;
	if (context.json())
		outcome.out = json_result(verb, all, outcome.exit);
	return outcome;
}

} // namespace ctl
