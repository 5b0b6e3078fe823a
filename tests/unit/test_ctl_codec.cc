// SPDX-License-Identifier: GPL-2.0-or-later
#include <cerrno>
#include <cstring>

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "ctl/nl_codec.h"
#include "include/uapi/rnbd_netlink.h"
#include "include/uapi/rtrs_netlink.h"
#include "tests/catch.h"

using namespace ctl;

static void add(NlMessage &message, uint16_t type, const void *data, size_t size)
{
	const nlattr head = {static_cast<uint16_t>(NLA_HDRLEN + size), type};
	const uint8_t *h = reinterpret_cast<const uint8_t *>(&head), *d = static_cast<const uint8_t *>(data);

	message.attrs.insert(message.attrs.end(), h, h + sizeof(head));
	message.attrs.insert(message.attrs.end(), d, d + size);
	while (message.attrs.size() % NLA_ALIGNTO)
		message.attrs.push_back(0);
}

template <class T> static void add(NlMessage &message, uint16_t type, T value)
{
	add(message, type, &value, sizeof(value));
}

TEST_CASE("unknown attributes, short values and unknown numbers are passed over")
{
	NlMessage message;

	add(message, RNBD_A_ID, uint16_t{7});			/* too short for a u32 */
	add(message, RNBD_A_MAX + 40, uint32_t{1});
	add(message, RNBD_A_STATE, uint32_t{99});
	add(message, RNBD_A_ACCESS, uint32_t{99});
	add(message, RNBD_A_SESSION, "no end", 6);		/* without its NUL */
	add(message, RNBD_A_ERROR, int32_t{5});			/* no errno */
	const Device device = decode_device(message);
	CHECK_FALSE(device.id);
	CHECK(device.state == "unknown");
	CHECK(device.access == "unknown");
	CHECK(device.session == "no end");
	CHECK(device.fault.err == 0);
	CHECK_FALSE(device.fault.any());
	CHECK_FALSE(device.sectors);
}

TEST_CASE("addresses of a wrong length or family are none")
{
	NlMessage inner, path;

	add(inner, RTRS_ADDR_A_FAMILY, uint32_t{RTRS_GENL_ADDR_IP6});
	add(inner, RTRS_ADDR_A_BYTES, "\1\2\3\4", 4);
	add(path, RTRS_A_DST, inner.attrs.data(), inner.attrs.size());
	CHECK(addr_text(decode_path(path).dst.addr).empty());
	NlMessage wrong, other;
	add(wrong, RTRS_ADDR_A_FAMILY, uint32_t{200});
	add(wrong, RTRS_ADDR_A_BYTES, "0123456789abcdef", 16);
	add(other, RTRS_A_DST, wrong.attrs.data(), wrong.attrs.size());
	CHECK(addr_text(decode_path(other).dst.addr).empty());
}

TEST_CASE("messages cut anywhere are read without a step beyond")
{
	NlMessage message;

	add(message, RTRS_A_NAME, "name", 5);
	add(message, RTRS_A_STATE, uint32_t{RTRS_STATE_WAITING});
	add(message, RTRS_A_SINCE_MS, uint64_t{1});
	for (size_t len = 0; len <= message.attrs.size(); len++) {
		NlMessage part;

		part.attrs.assign(message.attrs.begin(), message.attrs.begin() + static_cast<long>(len));
		part.attrs.shrink_to_fit();
		const Session session = decode_session(part);
		CHECK((session.name.empty() || session.name == "name"));
	}
	CHECK(decode_session(message).state == "waiting");
}

TEST_CASE("a map request has nothing that was not asked for")
{
	MapRequest map;
	NlRequest request(40, RNBD_CMD_DEVICE_MAP);

	map.session = "s";
	map.device = "d";
	map.access = "ro";
	encode_map(request, map);
	REQUIRE(request.whole());
	nlmsghdr *head = nlmsg_hdr(request.msg());
	CHECK(head->nlmsg_type == 40);
	CHECK((head->nlmsg_flags & (NLM_F_REQUEST | NLM_F_ACK)) == (NLM_F_REQUEST | NLM_F_ACK));
	/* generic header, two strings with their ends, one number */
	CHECK(nlmsg_datalen(head) == 4 + (4 + 4) + (4 + 4) + (4 + 4));
}

TEST_CASE("negative numbers go out as they are and come back so")
{
	NlRequest request(40, RNBD_CMD_DEVICE_SET);
	NlMessage message;

	request.put_s32(RNBD_A_FAST_IO_FAIL, -1);
	REQUIRE(request.whole());
	nlmsghdr *head = nlmsg_hdr(request.msg());
	const uint8_t *data = static_cast<const uint8_t *>(nlmsg_data(head)) + 4;
	message.attrs.assign(data, data + 8);
	CHECK(decode_device(message).fast_io_fail == -1);
	CHECK_FALSE(decode_device(NlMessage()).fast_io_fail);
}

TEST_CASE("a device tells of lost writes, denies them, or does not know of such")
{
	for (const uint8_t told : {uint8_t{0}, uint8_t{1}}) {
		NlMessage message;

		add(message, RNBD_A_LOST_WRITES, told);
		CHECK(decode_device(message).lost_writes == (told == 1));
	}
	CHECK_FALSE(decode_device(NlMessage()).lost_writes.has_value());
}

TEST_CASE("a request that does not fit says so")
{
	NlRequest request(40, RNBD_CMD_DEVICE_MAP);

	for (int i = 0; i < 200; i++)
		request.put_text(RNBD_A_SESSION, std::string(200, 'x'));
	CHECK_FALSE(request.whole());
}
