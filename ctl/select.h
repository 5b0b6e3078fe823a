/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From what people type to the objects they mean. */
#ifndef CTL_SELECT_H
#define CTL_SELECT_H

#include <string>
#include <vector>

#include "ctl/kernel.h"
#include "ctl/render.h"

namespace ctl {

/* Everything there is of @kind. */
std::vector<Item> items_of(const Snapshot &snapshot, Kind kind);
/* Does any name of @item equal @word (escaped as typed)? */
bool answers_to(const Item &item, const std::string &word);
/* Names worth offering when a word is unknown. */
std::vector<std::string> names_of(const Snapshot &snapshot);

/*
 * The one device meant by @word: disk or device node (links are followed),
 * tag, DEVICE@SESSION, remote device, id; the first rule that fits wins.
 * D03 if none, D04 if several.
 */
Result<Device> find_device(const Snapshot &snapshot, const Env &env, const std::string &word);

/* By name, then by id, of the client side. D03 if there is none. */
Result<Session> find_session(const Snapshot &snapshot, const std::string &word);
/*
 * The one path meant by @word: SRC@DST, SESSION/SRC@DST, id, an address of its
 * peer, an own address, each in any literal form that `path add` takes; the client side before the server side, and there the
 * first rule that fits. D03 if none, D09 if several.
 */
Result<Path> find_path(const Snapshot &snapshot, const std::string &word);
/* "10.0.0.1@10.0.0.2": a literal address or pair of them. */
bool is_path_name(const std::string &word);

/* "rnbd7", "/dev/rnbd7" or DEVICE@SESSION: says precisely what shall be gone. */
bool names_precisely(const std::string &word);

} // namespace ctl

#endif /* CTL_SELECT_H */
