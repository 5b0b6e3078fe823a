/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/usage.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <sstream>

#include "ctl/errors.h"
#include "ctl/model.h"
#include "ctl/wait.h"

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

/*
 * Mounts are found by device number: the source column may be any name of it. A disk
 * that was unmapped by force stays mounted under its number, and modules that give a
 * number out again before it has gone have the new disk share it. Only a mount of
 * this disk claims this one.
 */
void add_mounts(const Env &env, const Part &part, const std::string &mounts, const AskClaim &claim, Usage &usage)
{
	std::istringstream lines(mounts);
	std::vector<std::string> found;
	std::string line;

	while (std::getline(lines, line)) {
		std::istringstream words(line);
		std::string id, parent, device, root, target;

		if (words >> id >> parent >> device >> root >> target && device == part.number)
			found.push_back(part.name + " is mounted on " + escaped(unescape_octal(target)));
	}
	if (!found.empty() && claim(env.dev + "/" + part.name, part.number) != Claim::no)
		usage.users.insert(usage.users.end(), found.begin(), found.end());
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

/* 0: nobody has claimed it, EBUSY: somebody has, others: it cannot be told. */
int try_claim(const std::string &node, const std::string &number)
{
	struct stat st;
	int err = 0;

	/* opening a pipe or a tape may do anything */
	if (stat(node.c_str(), &st) < 0)
		return errno;
	if (!S_ISBLK(st.st_mode) ||
	    std::to_string(major(st.st_rdev)) + ":" + std::to_string(minor(st.st_rdev)) != number)
		return ENOTBLK;
	const int fd = open(node.c_str(), O_RDONLY | O_EXCL | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		err = errno;
	else
		close(fd);
	return err;
}

/* For a disk nobody has claimed that may take I/O, of a disk whose server is away. */
constexpr std::chrono::seconds CLAIM_LIMIT(3);

} // namespace

Claim claim_of(const std::string &node, const std::string &number)
{
	/* A disk that is claimed says so at once. */
	const CallEnd end = call_in_child([&] { return try_claim(node, number); }, Clock::now() + CLAIM_LIMIT);

	if (end.late || end.interrupted)
		return Claim::unknown;
	if (end.err == EBUSY)
		return Claim::yes;
	return end.err ? Claim::unknown : Claim::no;
}

std::vector<std::string> nodes_of(const Env &env, const std::string &disk)
{
	std::vector<std::string> nodes;
	Usage unused;

	for (const Part &part : parts_of(env, disk, unused))
		nodes.push_back(env.dev + "/" + part.name);
	return nodes;
}

Usage users_of(const Env &env, const std::string &disk, const AskClaim &claim)
{
	Usage usage;
	const Tables tables = read_tables(env, usage);

	for (Part &part : parts_of(env, disk, usage)) {
		read_number(part, usage);
		if (!part.number.empty())
			add_mounts(env, part, tables.mounts, claim, usage);
		add_holders(part, usage);
		add_swap(part, tables.swaps, usage);
	}
	return usage;
}

} // namespace ctl
