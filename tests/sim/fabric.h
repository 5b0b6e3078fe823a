/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The network between both nodes. Connection messages may be lost, doubled and
 * overtake each other. A link is a reliable connection: packets keep their
 * order, both directions and different links are independent. A cut link loses
 * an end piece of what is under way; a sender whose packet was lost learns it
 * from its device some time later. What a client has sent outlives its end of
 * the link, and may be kept for any time before it reaches a server that still
 * has the other end.
 */
#ifndef TESTS_SIM_FABRIC_H
#define TESTS_SIM_FABRIC_H

#include <deque>
#include <optional>
#include <utility>

#include "tests/sim/sim.h"

namespace sim {

enum Side { CLIENT, SERVER };

inline Side other(Side s)
{
	return s == CLIENT ? SERVER : CLIENT;
}

struct Packet {
	enum Kind { SEND, SEND_IMM, SEND_INV, WRITE, WRITE_IMM } kind;
	Bytes data;
	std::uint64_t addr = 0;
	std::uint32_t rkey = 0;
	std::uint32_t imm = 0;
	/* A plain write is placed without the receiver's knowledge. */
	bool takes_receive() const { return kind != WRITE; }
};

struct CmMessage {
	enum Kind { REQUEST, ACCEPT, REJECT, BYE } kind;
	std::uint32_t link;
	Side to;
	Bytes data;
};

struct Link {
	std::uint16_t cid = 0;
	bool cut = false;
	bool kept = false;			/* what is still under way to the server waits */
	bool open[2] = {true, false};		/* by Side */
	std::deque<Packet> under_way[2];	/* by receiving side */
	bool unacknowledged[2] = {false, false};	/* by sending side: an error is due */
	Bytes request;
	std::optional<CmMessage> answer;	/* repeated when the request comes again */
	bool idle(Side to) const { return under_way[to].empty() && !unacknowledged[other(to)]; }
};

class Fabric {
public:
	Fabric(const Config &config, Random *random) : config_(config), random_(random) {}

	/* Client: a new link with its connect request on the way. */
	std::uint32_t connect(std::uint16_t cid, const Bytes &request);
	void repeat_request(std::uint32_t link);
	/* Server's answer; accepting opens its end. */
	void accept(std::uint32_t link, const Bytes &data);
	void reject(std::uint32_t link, const Bytes &data);
	void send(std::uint32_t link, Side from, Packet packet);
	/*
	 * Close one end of a path's links: what comes for it is gone, the peer gets a notice that may be lost.
	 * What it has sent stays under way; the network may keep that of a client.
	 */
	void close(const std::vector<std::uint32_t> &links, Side side);
	/* The same when a node dies: nobody says goodbye. */
	void vanish(std::uint32_t link, Side side);
	/* Of one path. */
	void cut(const std::vector<std::uint32_t> &links);

	/* One connection message to hand over, after loss and doubling; empty: it was lost or known. */
	std::optional<CmMessage> next_cm(std::uint32_t loss_percent);
	/* A packet at the head of a random queue, with its link and receiver. */
	struct Delivery {
		std::uint32_t link;
		Side to;
		bool lost;	/* an error for the sender, no packet for the receiver */
		Packet packet;
	};
	std::optional<Delivery> next_packet();
	/* The network delivers what it has kept, and keeps nothing more. */
	void hurry();

	bool cm_waiting() const { return !cm_.empty(); }
	bool packets_waiting() const;
	Link &link(std::uint32_t id) { return links_[id]; }
	const Link &link(std::uint32_t id) const { return links_[id]; }
	/* Those that still carry something or are open at an end. */
	const std::vector<std::uint32_t> &live() const { return live_; }

private:
	void post_cm(CmMessage m) { cm_.push_back(std::move(m)); }
	void answer(std::uint32_t link, CmMessage::Kind kind, const Bytes &data);
	void forget_dead();
	bool keep(const std::vector<std::uint32_t> &links);
	bool release(Link *l);

	const Config &config_;
	Random *random_;
	std::deque<Link> links_;
	std::vector<std::uint32_t> live_;
	std::vector<CmMessage> cm_;
	bool hurry_ = false;
};

} // namespace sim

#endif /* TESTS_SIM_FABRIC_H */
