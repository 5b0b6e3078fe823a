/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/wire/rnbd.h"

#include "rnbd/pure/msg.h"

namespace wire {

namespace {

void check_session_info(Report &report, std::size_t frame, View message)
{
	std::uint8_t version = 0;
	const int err = rnbd_sess_info_parse(message.data(), message.size(), &version);
	if (err)
		return report.refuse(SESS_INFO, frame, message, refused_with(err));
	rnbd_wire_sess_info built;
	rnbd_sess_info_build(&built, version);
	report.compare(SESS_INFO, frame, message, view_of(built));
}

void check_open(Report &report, std::size_t frame, View message)
{
	rnbd_open open;
	rnbd_wire_open built;
	int err = rnbd_open_parse(message.data(), message.size(), &open);
	if (!err)
		err = rnbd_open_build(&built, open.name, open.access);
	if (err)
		return report.refuse(OPEN, frame, message, refused_with(err));
	report.compare(OPEN, frame, message, view_of(built));
}

void check_close(Report &report, std::size_t frame, View message)
{
	std::uint32_t id = 0;
	const int err = rnbd_close_parse(message.data(), message.size(), &id);
	if (err)
		return report.refuse(CLOSE, frame, message, refused_with(err));
	rnbd_wire_close built;
	rnbd_close_build(&built, id);
	report.compare(CLOSE, frame, message, view_of(built));
}

void check_io(Report &report, std::size_t frame, View message, bool read, std::uint32_t data_len)
{
	rnbd_io io;
	const int err = rnbd_io_parse(message.data(), message.size(), read, data_len, &io);
	if (err)
		return report.refuse(read ? IO_READ : IO_WRITE, frame, message, refused_with(err));
	rnbd_wire_io built;
	rnbd_io_build(&built, &io);
	report.compare(static_cast<Kind>(IO_READ + io.op), frame, message, view_of(built));
}

} // namespace

std::string refused_with(int error)
{
	return "our parser refuses it with " + std::to_string(error);
}

void check_rnbd(Report &report, std::size_t frame, View message, bool read, std::uint32_t data_len)
{
	static_assert(IO_ZEROES - IO_READ == int{RNBD_WIRE_OP_WRITE_ZEROES}, "kinds stand in the order of operations");
	switch (rnbd_msg_type(message.data(), message.size())) {
	case RNBD_WIRE_SESS_INFO:
		return check_session_info(report, frame, message);
	case RNBD_WIRE_OPEN:
		return check_open(report, frame, message);
	case RNBD_WIRE_CLOSE:
		return check_close(report, frame, message);
	case RNBD_WIRE_IO:
		return check_io(report, frame, message, read, data_len);
	default:
		return report.refuse(UNKNOWN, frame, message, "no block device message of a client");
	}
}

void check_rnbd_answer(Report &report, std::size_t frame, int type, View answer)
{
	if (type == RNBD_WIRE_SESS_INFO) {
		std::uint8_t version = 0;
		const int err = rnbd_sess_info_rsp_parse(answer.data(), answer.size(), &version);
		if (err)
			return report.refuse(SESS_INFO_RSP, frame, answer, refused_with(err));
		rnbd_wire_sess_info built;
		rnbd_sess_info_rsp_build(&built, version);
		report.compare(SESS_INFO_RSP, frame, answer, view_of(built));
	} else if (type == RNBD_WIRE_OPEN) {
		rnbd_dev_info info;
		const int err = rnbd_open_rsp_parse(answer.data(), answer.size(), &info);
		if (err)
			return report.refuse(OPEN_RSP, frame, answer, refused_with(err));
		rnbd_wire_open_rsp built;
		rnbd_open_rsp_build(&built, &info);
		report.compare(OPEN_RSP, frame, answer, view_of(built));
	}
}

} // namespace wire
