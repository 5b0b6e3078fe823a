/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Follows the connections of a capture from their connect requests on, so that
 * each message is known by what it follows, as a peer would know it, and
 * compares every one with what our builder makes of what our parser took.
 */
#ifndef TESTS_WIRE_SESSION_H
#define TESTS_WIRE_SESSION_H

#include <map>
#include <memory>
#include <utility>

#include "rtrs/pure/handshake.h"
#include "rtrs/pure/io_msg.h"
#include "tests/wire/flow.h"
#include "tests/wire/report.h"

namespace wire {

/* A request that was not answered yet. */
struct Request {
	bool open = false;
	int type = 0;		/* of its RNBD message */
	rtrs_io io{};
};

/* What all connections with one path uuid share. */
struct Path {
	bool accepted = false;
	rtrs_geometry geometry{};
	std::vector<rtrs_chunk_ref> chunks;	/* empty until the info response */
	std::vector<Request> requests;		/* by slot */
};

struct Connection {
	Connection(bool ours, std::uint32_t psn) : ours(ours), to_server(0), to_client(psn) {}

	bool ours;		/* else of another service: not looked into */
	std::uint16_t cid = 0;
	std::shared_ptr<Path> path;
	Flow to_server, to_client;
	std::optional<std::uint32_t> invalidated;	/* by a message whose answer follows */
};

class Tracker {
public:
	Tracker(Report &report, std::uint16_t port) : report_(report), port_(port) {}
	void take(const Packet &packet);
	/* A capture with holes proves nothing. */
	void finish() const;

private:
	struct Asked {
		CmMessage request;
		std::string client;
		std::shared_ptr<Connection> connection;
		std::optional<CmMessage> answer;	/* is sent again when the request comes again */
	};
	/* A queue pair: where a packet goes to. */
	struct End {
		std::shared_ptr<Connection> connection;
		bool server;
	};
	using Place = std::pair<std::string, std::uint32_t>;

	void manage(const Packet &packet, const CmMessage &cm);
	void connect_request(const Packet &packet, const CmMessage &cm);
	void accepted(const Packet &packet, const CmMessage &cm, Asked &asked);
	void offer(const Packet &packet, const CmMessage &cm, Connection &connection);

	void to_server(Connection &c, const Message &m);
	void to_client(Connection &c, const Message &m);
	void info_request(const Message &m);
	void info_response(Connection &c, const Message &m);
	void request(Connection &c, const Message &m, std::uint32_t payload);
	void request_message(Connection &c, const Message &m, Request &request, View message);
	void response(Connection &c, const Message &m, const rtrs_imm &imm);
	void response_data(Connection &c, const Message &m);
	void heartbeat(const Message &m, const rtrs_imm &imm);

	Report &report_;
	std::uint16_t port_;
	std::map<Place, Asked> asked_;		/* by client and its name for the connection */
	std::map<Place, End> ends_;
	std::map<std::string, std::shared_ptr<Path>> paths_;	/* by path uuid */
};

} // namespace wire

#endif /* TESTS_WIRE_SESSION_H */
