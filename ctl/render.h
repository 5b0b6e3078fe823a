/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values to text and to JSON; nothing else in ctl/ decides how a value looks. */
#ifndef CTL_RENDER_H
#define CTL_RENDER_H

#include <string>
#include <variant>
#include <vector>

#include "ctl/model.h"
#include "ctl/problems.h"
#include "ctl/result.h"

namespace ctl {

enum class Kind { device, session, path, export_ };
const char *kind_word(Kind kind);	/* "device" */

struct Style {
	bool bytes = false;
	bool headers = true;
	bool names_only = false;
};

/* One object of either side, as `list` and `show` take it. */
struct Item {
	Kind kind;
	std::string side;	/* "client", "server" */
	std::variant<Device, Session, Path, Export> value;
};

/* The object that a verb changed, as it is now; monostate: there is none. */
using Object = std::variant<std::monostate, Device, Session, Path>;

/* What became of one target of a verb that changes something. */
struct Done {
	std::string target;
	bool changed = false;
	Object object;
	std::optional<Error> error;
	std::optional<std::vector<std::string>> paths_added;	/* absent: a verb that adds none on the side */
};

struct Versions {
	std::string tool;
	std::vector<Module> modules;
	std::string backend;
};

std::string size_text(uint64_t bytes, bool exact);
std::string age_text(uint64_t ms);

std::string text_status(const Snapshot &snapshot, const std::vector<Problem> &problems, const Style &style);
std::string text_list(const std::vector<Item> &items, Kind kind, const Style &style);
std::string text_show(const std::vector<Item> &items, const Style &style);
std::string text_device_line(const Device &device, const Style &style);
std::string text_object_line(const Object &object, const Style &style);
std::string text_error(const Error &error);
std::string text_versions(const Versions &versions);

std::string json_status(const Snapshot &snapshot, const std::vector<Problem> &problems);
std::string json_list(const Snapshot &snapshot, const std::vector<Item> &items, Kind kind);
std::string json_show(const Snapshot &snapshot, const std::vector<Item> &items);
std::string json_result(const std::string &verb, const std::vector<Done> &done, int exit);
std::string json_plan(const std::string &verb, const std::vector<std::string> &netlink,
		      const std::vector<std::string> &sysfs);
std::string json_error(const Error &error);
std::string json_versions(const Versions &versions);

} // namespace ctl

#endif /* CTL_RENDER_H */
