/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/extack.h"

#include <algorithm>
#include <cstring>

#include <netlink/attr.h>
#include <sys/socket.h>

#include "ctl/model.h"

namespace ctl {

bool extack_enable(int fd)
{
	const int on = 1;

	return setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)) == 0 &&
	       setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on)) == 0;
}

static void take_tlv(nlattr *attr, Ack &ack)
{
	const size_t len = static_cast<size_t>(nla_len(attr));

	if (nla_type(attr) == NLMSGERR_ATTR_MSG) {
		const char *text = static_cast<const char *>(nla_data(attr));

		ack.text = escaped(std::string(text, strnlen(text, len)));
	} else if (nla_type(attr) == NLMSGERR_ATTR_OFFS && len >= sizeof(uint32_t)) {
		ack.offset = nla_get_u32(attr);
	} else if (nla_type(attr) == NLMSGERR_ATTR_MISS_TYPE && len >= sizeof(uint32_t)) {
		ack.missing = nla_get_u32(attr);
	}
}

Ack extack_parse(const nlmsghdr *msg, size_t len)
{
	/* DONE carries only the errno; ERROR also the head of our request, and all of it if not capped. */
	const char *data = static_cast<const char *>(NLMSG_DATA(msg));
	const size_t size = std::min<size_t>(msg->nlmsg_len, len) - NLMSG_HDRLEN;
	size_t at = sizeof(int);
	int error = 0;
	Ack ack;

	if (size < sizeof(int))
		return ack;
	memcpy(&error, data, sizeof(error));
	ack.err = error < 0 ? -error : 0;
	if (msg->nlmsg_type == NLMSG_ERROR) {
		nlmsghdr echoed;

		at += sizeof(nlmsghdr);
		if (size < at)
			return ack;
		memcpy(&echoed, data + sizeof(int), sizeof(echoed));
		if (!(msg->nlmsg_flags & NLM_F_CAPPED) && echoed.nlmsg_len >= NLMSG_HDRLEN)
			at += NLMSG_ALIGN(echoed.nlmsg_len) - NLMSG_HDRLEN;
	}
	if (!(msg->nlmsg_flags & NLM_F_ACK_TLVS) || at >= size)
		return ack;
	nlattr *attr = reinterpret_cast<nlattr *>(const_cast<char *>(data + at));
	int left = static_cast<int>(size - at);

	for (; nla_ok(attr, left); attr = nla_next(attr, &left))
		take_tlv(attr, ack);
	return ack;
}

} // namespace ctl
