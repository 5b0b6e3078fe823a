/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/usage.h"

#include <fstream>
#include <sstream>

#include "ctl/directory.h"
#include "ctl/model.h"

namespace ctl {

static std::string first_line(const std::string &path)
{
	std::ifstream file(path);
	std::string line;

	std::getline(file, line);
	return line;
}

/* The kernel writes space, tab, newline and backslash of mount points as \ooo. */
static std::string unescape_octal(const std::string &text)
{
	std::string out;

	for (size_t i = 0; i < text.size(); i++) {
		if (text[i] == '\\' && i + 3 < text.size() &&
		    text.find_first_not_of("01234567", i + 1) >= i + 4) {
			out += static_cast<char>(std::stoi(text.substr(i + 1, 3), nullptr, 8));
			i += 3;
		} else {
			out += text[i];
		}
	}
	return out;
}

/* Mounts are found by device number: the source column may be any name of it. */
static void add_mounts(const Env &env, const std::string &number, const std::string &name,
		       std::vector<std::string> &users)
{
	std::ifstream file(env.proc + "/self/mountinfo");
	std::string line;

	if (number.empty())
		return;
	while (std::getline(file, line)) {
		std::istringstream words(line);
		std::string id, parent, device, root, target;

		if (words >> id >> parent >> device >> root >> target && device == number)
			users.push_back(name + " is mounted on " + escaped(unescape_octal(target)));
	}
}

static void add_swap(const Env &env, const std::string &name, std::vector<std::string> &users)
{
	std::ifstream file(env.proc + "/swaps");
	std::string line;

	while (std::getline(file, line))
		if (line.rfind("/dev/" + name + " ", 0) == 0 || line.rfind("/dev/" + name + "\t", 0) == 0)
			users.push_back(name + " is swap space");
}

using Parts = std::vector<std::pair<std::string, std::string>>;	/* name, directory in sysfs */

static Parts parts_of(const Env &env, const std::string &disk)
{
	const std::string top = env.sys + "/block/" + disk;
	Parts parts = {{disk, top}};

	for (const std::string &name : names_in(top))
		if (name.rfind(disk, 0) == 0)
			parts.push_back({name, top + "/" + name});
	return parts;
}

std::vector<std::string> nodes_of(const Env &env, const std::string &disk)
{
	std::vector<std::string> nodes;

	for (const std::pair<std::string, std::string> &part : parts_of(env, disk))
		nodes.push_back(env.dev + "/" + part.first);
	return nodes;
}

std::vector<std::string> users_of(const Env &env, const std::string &disk)
{
	std::vector<std::string> users;

	for (const std::pair<std::string, std::string> &part : parts_of(env, disk)) {
		add_mounts(env, first_line(part.second + "/dev"), part.first, users);
		for (const std::string &holder : names_in(part.second + "/holders"))
			users.push_back(part.first + " is part of " + escaped(holder));
		add_swap(env, part.first, users);
	}
	return users;
}

} // namespace ctl
