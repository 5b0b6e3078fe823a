/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attributes by name, for scripts: JSON to netlink bytes and back to a line of text. */
#ifndef TESTS_CTL_FAKE_ATTRS_H
#define TESTS_CTL_FAKE_ATTRS_H

#include <string>

#include <nlohmann/json.hpp>

#include "ctl/nl_codec.h"

namespace fake {

/* @family "rtrs-client" ...; @cmd "DEVICE_GET" or "INFO_GET"; throws on an unknown word. */
uint16_t family_number(const std::string &family);
std::string family_name(uint16_t number);
uint8_t command_number(const std::string &family, const std::string &cmd);
std::string command_name(uint16_t family, uint8_t cmd);

ctl::NlMessage message(const std::string &family, const std::string &cmd, const nlohmann::json &attrs);
/* "SESSION=st401b PORT=1234 PATH={SRC=ip:10.0.0.1 DST=ip:10.0.0.2}" */
std::string attrs_text(uint16_t family, const ctl::NlMessage &message);

} // namespace fake

#endif /* TESTS_CTL_FAKE_ATTRS_H */
