/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Directory listing, for the sysfs back end and for finding who uses a disk. */
#ifndef CTL_DIRECTORY_H
#define CTL_DIRECTORY_H

#include <dirent.h>

#include <algorithm>
#include <string>
#include <vector>

namespace ctl {

/* Raw names below @dir, sorted; empty if there is no such directory. */
inline std::vector<std::string> names_in(const std::string &dir)
{
	std::vector<std::string> names;
	DIR *handle = opendir(dir.c_str());

	if (!handle)
		return names;
	for (dirent *entry = readdir(handle); entry; entry = readdir(handle))
		if (entry->d_name[0] != '.')
			names.push_back(entry->d_name);
	closedir(handle);
	std::sort(names.begin(), names.end());
	return names;
}

} // namespace ctl

#endif /* CTL_DIRECTORY_H */
