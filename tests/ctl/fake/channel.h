/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel made of a JSON script, behind the seam of the netlink back end:
 *
 *	{"families": ["rnbd-client", ...],
 *	 "get": {"rnbd-client INFO_GET": [{ATTR: value, ...}, ...], ...},
 *	 "do": {"DEVICE_MAP": [answer, ...]},
 *	 "events": [event, ...]}
 *
 * "get" answers do and dump. Each request of "do" takes the next answer, the
 * last one stays: {"errno": N, "text": "..."} or {"reply": {...}, "events":
 * [event, ...], "get": {...}}, where "get" replaces what can be read from then
 * on; "close": FILE opens and closes a file below the root, "interrupt": true
 * is Ctrl-C. "events" of the script happen as soon as the devices are read for
 * the first time, and who has not subscribed before that never hears of them. An
 * event is {"on": "rnbd-client DEVICE_NTF", ATTR: value, ...}, "lost",
 * "late" (the deadline passes) or "interrupt".
 */
#ifndef TESTS_CTL_FAKE_CHANNEL_H
#define TESTS_CTL_FAKE_CHANNEL_H

#include <memory>

#include <nlohmann/json.hpp>

#include "ctl/nl_channel.h"

namespace fake {

/* @trace: a line for each request that is no reading. */
std::unique_ptr<ctl::NlChannel> open_channel(const nlohmann::json &script, const std::string &root, FILE *trace);

} // namespace fake

#endif /* TESTS_CTL_FAKE_CHANNEL_H */
