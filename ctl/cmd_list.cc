/* SPDX-License-Identifier: GPL-2.0-or-later */
/* list and show, for each noun and for all of them. */
#include "ctl/cli.h"
#include "ctl/errors.h"
#include "ctl/select.h"

namespace ctl {

static const std::vector<Kind> ALL = {Kind::device, Kind::session, Kind::path, Kind::export_};

static Result<Outcome> list_kind(Context &context, Kind kind)
{
	Result<Snapshot> snapshot = read_state(context);
	std::vector<Item> items;
	Outcome outcome;

	if (!snapshot)
		return snapshot.error();
	for (const Item &item : items_of(*snapshot, kind)) {
		const Device *device = std::get_if<Device>(&item.value);

		if (!device || context.opt.owner.empty() || device->owner == escaped(context.opt.owner))
			items.push_back(item);
	}
	outcome.out = context.json() ? json_list(*snapshot, items, kind) :
				       text_list(items, kind, context.style());
	return outcome;
}

Result<Outcome> run_list_devices(Context &context)
{
	return list_kind(context, Kind::device);
}

Result<Outcome> run_list_sessions(Context &context)
{
	return list_kind(context, Kind::session);
}

Result<Outcome> run_list_paths(Context &context)
{
	return list_kind(context, Kind::path);
}

Result<Outcome> run_list_exports(Context &context)
{
	return list_kind(context, Kind::export_);
}

Result<Outcome> run_list(Context &context)
{
	const std::vector<std::string> &words = context.opt.words;
	std::vector<std::string> known;

	if (words.size() > 1)
		return make_error("RNBD-U01", "list takes one word: devices, sessions, paths or exports");
	if (words.empty())
		return list_kind(context, Kind::device);
	for (const Kind kind : ALL) {
		const std::string word = kind_word(kind);

		if (words[0] == word || words[0] == word + "s")
			return list_kind(context, kind);
		known.push_back(word + "s");
	}
	return make_error("RNBD-U01", "list knows devices, sessions, paths and exports, but not " + in_quotes(words[0]) +
			  did_you_mean(words[0], known));
}

static Result<Outcome> show_kinds(Context &context, const std::vector<Kind> &kinds, const char *noun)
{
	std::vector<Item> items;
	Outcome outcome;

	if (context.opt.words.size() != 1)
		return make_error("RNBD-U01", "show takes one name");
	Result<Snapshot> snapshot = read_state(context);
	if (!snapshot)
		return snapshot.error();
	const std::string typed = escaped(context.opt.words[0]);
	for (const Kind kind : kinds)
		for (const Item &item : items_of(*snapshot, kind))
			if (answers_to(item, typed))
				items.push_back(item);
	if (items.empty() && kinds.front() == Kind::device) {
		/* Links below /dev lead to a device too. */
		Result<Device> device = find_device(*snapshot, context.env, context.opt.words[0]);

		if (device)
			items.push_back({Kind::device, "client", *device});
	}
	if (items.empty())
		return make_error("RNBD-D03", std::string("no ") + noun + " is called " + in_quotes(context.opt.words[0]) +
				  did_you_mean(context.opt.words[0], names_of(*snapshot)));
	outcome.out = context.json() ? json_show(*snapshot, items) : text_show(items, context.style());
	return outcome;
}

Result<Outcome> run_show(Context &context)
{
	return show_kinds(context, ALL, "device, session, path or export");
}

Result<Outcome> run_show_device(Context &context)
{
	return show_kinds(context, {Kind::device}, "device");
}

Result<Outcome> run_show_session(Context &context)
{
	return show_kinds(context, {Kind::session}, "session");
}

Result<Outcome> run_show_path(Context &context)
{
	return show_kinds(context, {Kind::path}, "path");
}

Result<Outcome> run_show_export(Context &context)
{
	return show_kinds(context, {Kind::export_}, "export");
}

} // namespace ctl
