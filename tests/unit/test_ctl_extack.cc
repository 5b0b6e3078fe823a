// SPDX-License-Identifier: GPL-2.0-or-later
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <vector>

#include "ctl/extack.h"
#include "tests/catch.h"

using namespace ctl;

// A netlink answer put together byte by byte, in memory of exactly its size so that the sanitizers see a step beyond.
struct Message {
	std::vector<char> bytes;

	Message(uint16_t type, uint16_t flags, int error)
	{
		nlmsghdr head = {};

		head.nlmsg_type = type;
		head.nlmsg_flags = flags;
		add(&head, sizeof(head));
		add(&error, sizeof(error));
	}

	void add(const void *data, size_t size)
	{
		const char *from = static_cast<const char *>(data);

		bytes.insert(bytes.end(), from, from + size);
		while (bytes.size() % 4)
			bytes.push_back(0);
		if (bytes.size() >= sizeof(nlmsghdr)) {
			const uint32_t len = static_cast<uint32_t>(bytes.size());

			memcpy(bytes.data(), &len, sizeof(len));
		}
	}

	void request(uint32_t payload)
	{
		nlmsghdr echoed = {};

		echoed.nlmsg_len = static_cast<uint32_t>(NLMSG_HDRLEN) + payload;
		add(&echoed, sizeof(echoed));
	}

	void tlv(uint16_t type, const void *data, size_t size)
	{
		const nlattr attr = {static_cast<uint16_t>(NLA_HDRLEN + size), type};
		std::vector<char> whole(sizeof(attr) + size);

		memcpy(whole.data(), &attr, sizeof(attr));
		memcpy(whole.data() + sizeof(attr), data, size);
		add(whole.data(), whole.size());
	}

	Ack parse(size_t len) const { return extack_parse(reinterpret_cast<const nlmsghdr *>(bytes.data()), len); }
	Ack parse() const { return parse(bytes.size()); }
};

TEST_CASE("errno, sentence and offset of a capped error")
{
	Message message(NLMSG_ERROR, NLM_F_CAPPED | NLM_F_ACK_TLVS, -EINVAL);
	const uint32_t offset = 36, missing = 10;

	message.request(100);
	message.tlv(NLMSGERR_ATTR_MSG, "bad \x1b[2J name", 13);
	message.tlv(NLMSGERR_ATTR_OFFS, &offset, sizeof(offset));
	message.tlv(NLMSGERR_ATTR_MISS_TYPE, &missing, sizeof(missing));
	const Ack ack = message.parse();
	CHECK(ack.err == EINVAL);
	CHECK(ack.text == "bad \\x1b[2J name");
	CHECK(ack.offset == 36u);
	CHECK(ack.missing == 10u);
}

TEST_CASE("an error that echoes the request has its sentence behind it")
{
	Message message(NLMSG_ERROR, NLM_F_ACK_TLVS, -EBUSY);
	const char payload[] = "payload of the request";

	message.request(sizeof(payload));
	message.add(payload, sizeof(payload));
	message.tlv(NLMSGERR_ATTR_MSG, "open", 5);
	CHECK(message.parse().err == EBUSY);
	CHECK(message.parse().text == "open");
}

TEST_CASE("a dump's end carries its sentence right behind the errno")
{
	Message message(NLMSG_DONE, NLM_F_MULTI | NLM_F_ACK_TLVS, -ENOMEM);

	message.tlv(NLMSGERR_ATTR_MSG, "short of memory", 16);
	CHECK(message.parse().err == ENOMEM);
	CHECK(message.parse().text == "short of memory");
}

TEST_CASE("acknowledgements, and answers cut anywhere")
{
	Message fine(NLMSG_ERROR, NLM_F_CAPPED, 0);
	Message message(NLMSG_ERROR, NLM_F_CAPPED | NLM_F_ACK_TLVS, -EPERM);

	fine.request(0);
	CHECK(fine.parse().err == 0);
	message.request(0);
	message.tlv(NLMSGERR_ATTR_MSG, "no", 3);
	for (size_t len = NLMSG_HDRLEN; len <= message.bytes.size(); len++) {
		const Ack ack = message.parse(len);

		CHECK(ack.err == (len >= NLMSG_HDRLEN + sizeof(int) ? EPERM : 0));
		CHECK((ack.text.empty() || ack.text == "no"));
	}
	CHECK(Message(NLMSG_ERROR, NLM_F_ACK_TLVS, -EIO).parse().err == EIO);
}
