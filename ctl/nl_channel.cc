/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two libnl sockets: one asks, one listens. */
#include "ctl/nl_channel.h"

#include <cerrno>

#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <sys/socket.h>

#include "ctl/errors.h"
#include "ctl/wait.h"

namespace ctl {

namespace {

/* The kernel never makes a dump message larger than 32 KiB. */
const size_t RECV_SIZE = 64 * 1024;
const int EVENT_BUFFER = 1024 * 1024;
/* The kernel answers within its own locks, never after the network. */
const std::chrono::seconds ANSWER_LIMIT{30};

using Socket = std::unique_ptr<nl_sock, decltype(&nl_socket_free)>;

Error broken(const std::string &what, int err)
{
	return make_error("RNBD-K02", what + ": " + errno_text(err), err);
}

NlMessage cut(nlmsghdr *head)
{
	genlmsghdr *genl = static_cast<genlmsghdr *>(nlmsg_data(head));
	const uint8_t *data = reinterpret_cast<const uint8_t *>(genlmsg_attrdata(genl, 0));
	NlMessage message;

	message.family = head->nlmsg_type;
	message.cmd = genl->cmd;
	message.attrs.assign(data, data + genlmsg_attrlen(genl, 0));
	return message;
}

class RealChannel : public NlChannel {
public:
	RealChannel() : ask_(nl_socket_alloc(), nl_socket_free), listen_(nl_socket_alloc(), nl_socket_free),
			buffer_(RECV_SIZE) {}

	Result<void> open();
	Result<std::optional<uint16_t>> family(const char *name) override;
	Result<Reply> transact(const NlRequest &request) override;
	Result<void> join(const char *name, const char *group) override;
	Result<std::optional<NlMessage>> next(Deadline deadline) override;

private:
	Result<size_t> receive(int fd);
	bool take(nlmsghdr *head, size_t left, uint32_t seq, Reply &reply);

	Socket ask_, listen_;
	std::vector<char> buffer_;
	std::vector<NlMessage> queued_;
};

Result<void> RealChannel::open()
{
	if (!ask_ || !listen_ || genl_connect(ask_.get()) < 0 || genl_connect(listen_.get()) < 0)
		return broken("cannot open a netlink socket", errno);
	nl_socket_disable_seq_check(listen_.get());
	nl_socket_set_buffer_size(listen_.get(), EVENT_BUFFER, 0);
	if (!extack_enable(nl_socket_get_fd(ask_.get())))
		return broken("cannot enable extended acknowledgements", errno);
	return {};
}

/* For libnl's own dialogues with the controller: they count sequence numbers that transact() does not keep. */
Socket controller()
{
	Socket socket(nl_socket_alloc(), nl_socket_free);

	if (socket && genl_connect(socket.get()) < 0)
		socket.reset();
	return socket;
}

Result<std::optional<uint16_t>> RealChannel::family(const char *name)
{
	Socket socket = controller();

	if (!socket)
		return broken("cannot open a netlink socket", errno);
	const int id = genl_ctrl_resolve(socket.get(), name);
	if (id < 0)
		return std::optional<uint16_t>();
	return std::optional<uint16_t>(static_cast<uint16_t>(id));
}

Result<void> RealChannel::join(const char *name, const char *group)
{
	Socket socket = controller();

	if (!socket)
		return broken("cannot open a netlink socket", errno);
	const int id = genl_ctrl_resolve_grp(socket.get(), name, group);
	if (id < 0)
		return make_error("RNBD-K02", std::string("family ") + name + " has no group " + group);
	const int err = nl_socket_add_membership(listen_.get(), id);
	if (err < 0)
		return make_error("RNBD-K02", std::string("cannot listen to ") + name + ": " + nl_geterror(err));
	return {};
}

/* One datagram into the buffer; 0 bytes: messages were lost. */
Result<size_t> RealChannel::receive(int fd)
{
	for (;;) {
		const ssize_t got = recv(fd, buffer_.data(), buffer_.size(), MSG_TRUNC);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == ENOBUFS)
			return size_t{0};
		if (got < 0)
			return broken("netlink receive", errno);
		if (static_cast<size_t>(got) > buffer_.size())
			return broken("netlink receive", EMSGSIZE);
		return static_cast<size_t>(got);
	}
}

/* True when @head ends the answer. */
bool RealChannel::take(nlmsghdr *head, size_t left, uint32_t seq, Reply &reply)
{
	if (head->nlmsg_seq != seq)
		return false;
	if (head->nlmsg_flags & NLM_F_DUMP_INTR)
		reply.interrupted = true;
	if (head->nlmsg_type == NLMSG_ERROR || head->nlmsg_type == NLMSG_DONE) {
		reply.ack = extack_parse(head, left);
		return true;
	}
	if (head->nlmsg_type >= NLMSG_MIN_TYPE && nlmsg_datalen(head) >= static_cast<int>(GENL_HDRLEN))
		reply.messages.push_back(cut(head));
	return false;
}

Result<Reply> RealChannel::transact(const NlRequest &request)
{
	const int fd = nl_socket_get_fd(ask_.get());
	const Clock::time_point deadline = Clock::now() + ANSWER_LIMIT;
	Reply reply;

	if (!request.whole())
		return broken("netlink request", EMSGSIZE);
	nl_complete_msg(ask_.get(), request.msg());
	const uint32_t seq = nlmsg_hdr(request.msg())->nlmsg_seq;
	const int sent = nl_send(ask_.get(), request.msg());
	if (sent < 0)
		return make_error("RNBD-K02", std::string("netlink send: ") + nl_geterror(sent));
	for (bool done = false; !done;) {
		if (wait_answer(fd, deadline) == Woken::deadline)
			return broken("netlink request", ETIMEDOUT);
		Result<size_t> got = receive(fd);
		if (!got)
			return got.error();
		if (*got == 0)
			return broken("netlink receive", ENOBUFS);
		nlmsghdr *head = reinterpret_cast<nlmsghdr *>(buffer_.data());
		int left = static_cast<int>(*got);
		for (; !done && nlmsg_ok(head, left); head = nlmsg_next(head, &left))
			done = take(head, static_cast<size_t>(left), seq, reply);
	}
	return reply;
}

Result<std::optional<NlMessage>> RealChannel::next(Deadline deadline)
{
	const int fd = nl_socket_get_fd(listen_.get());

	while (queued_.empty()) {
		const Woken woken = wait_readable(fd, deadline);

		if (woken == Woken::interrupted)
			return interrupted_error("waiting for events");
		if (woken == Woken::deadline)
			return std::optional<NlMessage>();
		Result<size_t> got = receive(fd);
		if (!got)
			return got.error();
		if (*got == 0)
			return std::optional<NlMessage>(NlMessage());
		nlmsghdr *head = reinterpret_cast<nlmsghdr *>(buffer_.data());
		int left = static_cast<int>(*got);
		for (; nlmsg_ok(head, left); head = nlmsg_next(head, &left))
			if (head->nlmsg_type >= NLMSG_MIN_TYPE && nlmsg_datalen(head) >= static_cast<int>(GENL_HDRLEN))
				queued_.push_back(cut(head));
	}
	NlMessage first = queued_.front();
	queued_.erase(queued_.begin());
	return std::optional<NlMessage>(std::move(first));
}

} // namespace

Result<std::unique_ptr<NlChannel>> open_nl_channel()
{
	std::unique_ptr<RealChannel> channel = std::make_unique<RealChannel>();
	Result<void> opened = channel->open();

	if (!opened)
		return opened.error();
	return std::unique_ptr<NlChannel>(std::move(channel));
}

} // namespace ctl
