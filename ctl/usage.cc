/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/usage.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <sstream>

#include "ctl/errors.h"
#include "ctl/model.h"

namespace ctl {

namespace {

void not_read(const std::string &path, int err, Usage &usage)
{
	usage.unread.push_back(escaped(path) + ": " + errno_text(err));
}

/* 0 or a positive errno. */
int read_all(const std::string &path, std::string &text)
{
	const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
	char part[4096];
	ssize_t got;
	int err;

	if (fd < 0)
		return errno;
	while ((got = read(fd, part, sizeof(part))) > 0)
		text.append(part, static_cast<size_t>(got));
	err = got < 0 ? errno : 0;
	close(fd);
	return err;
}

/* Raw names below @dir, sorted. 0 or a positive errno. */
int read_names(const std::string &dir, std::vector<std::string> &names)
{
	DIR *handle = opendir(dir.c_str());
	int err;

	if (!handle)
		return errno;
	for (;;) {
		errno = 0;
		const dirent *entry = readdir(handle);

		if (!entry)
			break;
		if (entry->d_name[0] != '.')
			names.push_back(entry->d_name);
	}
	err = errno;
	closedir(handle);
	std::sort(names.begin(), names.end());
	return err;
}

/* The kernel writes space, tab, newline and backslash of mount points as \ooo. */
std::string unescape_octal(const std::string &text)
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

struct Part {
	std::string name, dir;		/* directory in sysfs */
	std::string number;		/* "252:0"; empty: gone, or not readable */
};

struct Tables {
	std::string mounts, swaps;
};

Tables read_tables(const Env &env, Usage &usage)
{
	const std::string mounts = env.proc + "/self/mountinfo", swaps = env.proc + "/swaps";
	Tables tables;
	int err = read_all(mounts, tables.mounts);

	if (err)
		not_read(mounts, err, usage);
	err = read_all(swaps, tables.swaps);
	/* a kernel built without swap has no such file */
	if (err && err != ENOENT)
		not_read(swaps, err, usage);
	return tables;
}

/* The disk itself comes first. */
std::vector<Part> parts_of(const Env &env, const std::string &disk, Usage &usage)
{
	const std::string top = env.sys + "/block/" + disk;
	std::vector<Part> parts = {{disk, top, ""}};
	std::vector<std::string> names;
	const int err = read_names(top, names);

	if (err)
		not_read(top, err, usage);
	for (const std::string &name : names)
		if (name.rfind(disk, 0) == 0)
			parts.push_back({name, top + "/" + name, ""});
	return parts;
}

void read_number(Part &part, Usage &usage)
{
	std::string text;
	const int err = read_all(part.dir + "/dev", text);

	if (err && err != ENOENT)
		not_read(part.dir + "/dev", err, usage);
	part.number = text.substr(0, text.find('\n'));
}

/* By device number: the source column may be any name of it. */
void add_mounts(const Part &part, const std::string &mounts, Usage &usage)
{
	std::istringstream lines(mounts);
	std::string line;

	while (std::getline(lines, line)) {
		std::istringstream words(line);
		std::string id, parent, device, root, target;

		if (words >> id >> parent >> device >> root >> target && device == part.number)
			usage.users.push_back(part.name + " is mounted on " + escaped(unescape_octal(target)));
	}
}

void add_holders(const Part &part, Usage &usage)
{
	std::vector<std::string> holders;
	const int err = read_names(part.dir + "/holders", holders);

	if (err && err != ENOENT)
		not_read(part.dir + "/holders", err, usage);
	for (const std::string &holder : holders)
		usage.users.push_back(part.name + " is part of " + escaped(holder));
}

/* That of a disk that is gone ends in "\040(deleted)", as its node went with it. */
void add_swap(const Part &part, const std::string &swaps, Usage &usage)
{
	std::istringstream lines(swaps);
	std::string line;

	while (std::getline(lines, line))
		if (line.rfind("/dev/" + part.name + " ", 0) == 0 || line.rfind("/dev/" + part.name + "\t", 0) == 0)
			usage.users.push_back(part.name + " is swap space");
}

} // namespace

std::vector<std::string> nodes_of(const Env &env, const std::string &disk)
{
	std::vector<std::string> nodes;
	Usage unused;

	for (const Part &part : parts_of(env, disk, unused))
		nodes.push_back(env.dev + "/" + part.name);
	return nodes;
}

Usage users_of(const Env &env, const std::string &disk)
{
	Usage usage;
	const Tables tables = read_tables(env, usage);

	for (Part &part : parts_of(env, disk, usage)) {
		read_number(part, usage);
		if (!part.number.empty())
			add_mounts(part, tables.mounts, usage);
		add_holders(part, usage);
		add_swap(part, tables.swaps, usage);
	}
	return usage;
}

} // namespace ctl
