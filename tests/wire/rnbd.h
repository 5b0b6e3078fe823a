/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The block device messages in requests, and the answers that are written into lent memory. */
#ifndef TESTS_WIRE_RNBD_H
#define TESTS_WIRE_RNBD_H

#include "tests/wire/report.h"

namespace wire {

/* @read, @data_len: of the request that carries it. */
void check_rnbd(Report &report, std::size_t frame, View message, bool read, std::uint32_t data_len);
/* @type: of the message that was asked; the answers of others are data. */
void check_rnbd_answer(Report &report, std::size_t frame, int type, View answer);

/* For the words of a refusal. */
std::string refused_with(int error);

template <typename T> View view_of(const T &message)
{
	return {reinterpret_cast<const std::uint8_t *>(&message), sizeof(message)};
}

} // namespace wire

#endif /* TESTS_WIRE_RNBD_H */
