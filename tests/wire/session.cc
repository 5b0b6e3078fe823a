/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/wire/session.h"

#include <algorithm>
#include <utility>

#include "rnbd/pure/msg.h"
#include "tests/wire/rnbd.h"

namespace wire {

namespace {

const std::uint64_t TCP_SERVICE = 0x0106ULL << 16;	/* of the connection manager's TCP port space */
const std::size_t CMA_HEADER = 36;			/* in front of our bytes in that port space */

/* Anything the protocol can say; limits are the business of the peers. */
const rtrs_geometry_limits LIMITS = {RTRS_WIRE_MAX_DEPTH, 1U << RTRS_WIRE_IMM_BITS};

View front(const Bytes &bytes, std::size_t n)
{
	return View(bytes).first(std::min(n, bytes.size()));
}

/* The fewest descriptors that name these chunks: what follows on in address and key is one. */
Bytes build_info(const std::vector<rtrs_chunk_ref> &chunks, std::uint32_t chunk_size)
{
	std::vector<std::size_t> starts;
	for (std::size_t i = 0; i < chunks.size(); i++)
		if (!i || chunks[i].rkey != chunks[i - 1].rkey || chunks[i].addr != chunks[i - 1].addr + chunk_size)
			starts.push_back(i);
	const auto count = static_cast<std::uint32_t>(starts.size());
	Bytes out(rtrs_info_rsp_size(count));
	rtrs_info_rsp_build(out.data(), count);
	starts.push_back(chunks.size());
	for (std::uint32_t i = 0; i < count; i++) {
		const auto len = static_cast<std::uint32_t>(starts[i + 1] - starts[i]) * chunk_size;
		rtrs_info_rsp_set(out.data(), i, chunks[starts[i]].addr, chunks[starts[i]].rkey, len);
	}
	return out;
}

Bytes build_header(const rtrs_io &io)
{
	Bytes out(RTRS_WIRE_READ_HDR_MAX);
	const auto len = static_cast<std::uint16_t>(io.msg_len);
	out.resize(io.read ? rtrs_read_hdr_build(out.data(), len, io.has_desc ? &io.lent : nullptr, io.need_inval)
			   : rtrs_write_hdr_build(out.data(), len));
	return out;
}

} // namespace

void Tracker::take(const Packet &packet)
{
	if (const auto cm = parse_cm(packet))
		return manage(packet, *cm);
	if (packet.qpn <= 1 || is_answer(packet))
		return;
	const auto end = ends_.find({packet.to, packet.qpn});
	if (end == ends_.end())
		die(packet.frame, "of a connection whose making was not captured");
	Connection &c = *end->second.connection;
	if (!c.ours)
		return;
	if (!packet.shape)
		return report_.refuse(UNKNOWN, packet.frame, packet.payload,
				      "transport operation " + std::to_string(packet.opcode));
	if (end->second.server) {
		if (const auto m = c.to_server.take(packet))
			to_server(c, *m);
	} else {
		if (const auto m = c.to_client.take(packet))
			to_client(c, *m);
	}
}

void Tracker::finish() const
{
	for (const auto &[place, end] : ends_) {
		const Flow &flow = end.server ? end.connection->to_server : end.connection->to_client;
		if (end.connection->ours && flow.gap())
			die(flow.gap(), "what goes before it on its connection was not captured");
	}
}

/* ---- the connection manager: everything may come again ---- */

void Tracker::manage(const Packet &packet, const CmMessage &cm)
{
	if (cm.kind == CmMessage::REQUEST)
		return connect_request(packet, cm);
	const auto at = asked_.find({packet.to, cm.remote_id});
	if (at == asked_.end())
		return;		/* a reject of the client's, or an answer to what came before the capture */
	Asked &asked = at->second;
	if (asked.answer && asked.answer->kind == cm.kind && asked.answer->data == cm.data)
		return;
	asked.answer = cm;
	if (cm.kind == CmMessage::REPLY)
		return accepted(packet, cm, asked);
	if (!asked.connection->ours || cm.reason != REJECTED_BY_CONSUMER)
		return;
	rtrs_offer offer{};
	const View seen = front(cm.data, sizeof(rtrs_wire_conn_rsp));
	const int err = rtrs_conn_rsp_parse(seen.data(), seen.size(), &offer);
	if (err || !offer.error)
		return report_.refuse(CONN_REJ, packet.frame, seen, err ? refused_with(err) : "a reject without an error");
	rtrs_wire_conn_rsp built;
	rtrs_conn_rsp_build(&built, &offer);
	report_.compare(CONN_REJ, packet.frame, seen, view_of(built));
}

void Tracker::connect_request(const Packet &packet, const CmMessage &cm)
{
	const auto at = asked_.find({packet.from, cm.local_id});
	if (at != asked_.end() && at->second.request.data == cm.data && at->second.request.psn == cm.psn)
		return;
	const bool tcp = cm.service == (TCP_SERVICE | port_);
	const bool ours = tcp || cm.service == (RTRS_WIRE_IB_SERVICE | port_);
	auto connection = std::make_shared<Connection>(ours, cm.psn);
	asked_[{packet.from, cm.local_id}] = {cm, packet.from, connection, std::nullopt};
	if (!ours)
		return;
	const View seen = View(cm.data).subspan(tcp ? CMA_HEADER : 0).first(sizeof(rtrs_wire_conn_req));
	rtrs_hello hello{};
	const int err = rtrs_conn_req_parse(seen.data(), seen.size(), RTRS_WIRE_MAX_CONNS, &hello);
	if (err)
		return report_.refuse(CONN_REQ, packet.frame, seen, refused_with(err));
	rtrs_wire_conn_req built;
	rtrs_conn_req_build(&built, &hello);
	report_.compare(CONN_REQ, packet.frame, seen, view_of(built));
	connection->cid = hello.cid;
	auto &path = paths_[std::string(hello.path_uuid, hello.path_uuid + sizeof(hello.path_uuid))];
	/* the first connection begins the path, or begins it anew */
	if (!path || !hello.cid)
		path = std::make_shared<Path>();
	connection->path = path;
}

void Tracker::accepted(const Packet &packet, const CmMessage &cm, Asked &asked)
{
	Connection &c = *asked.connection;

	c.to_server = Flow(cm.psn);
	ends_[{packet.from, cm.qpn}] = {asked.connection, true};
	ends_[{asked.client, asked.request.qpn}] = {asked.connection, false};
	if (c.ours)
		offer(packet, cm, c);
}

void Tracker::offer(const Packet &packet, const CmMessage &cm, Connection &c)
{
	rtrs_offer offer{};
	rtrs_geometry geometry{};
	const View seen = front(cm.data, sizeof(rtrs_wire_conn_rsp));
	int err = rtrs_conn_rsp_parse(seen.data(), seen.size(), &offer);
	if (!err)
		err = rtrs_geometry_init(&geometry, offer.queue_depth, offer.max_io_size, offer.max_hdr_size, &LIMITS);
	if (err || offer.error)
		return report_.refuse(CONN_RSP, packet.frame, seen, err ? refused_with(err) : "accepted with an error");
	rtrs_wire_conn_rsp built;
	rtrs_conn_rsp_build(&built, &offer);
	report_.compare(CONN_RSP, packet.frame, seen, view_of(built));
	if (c.cid || !c.path)
		return;
	c.path->accepted = true;
	c.path->geometry = geometry;
	c.path->requests.assign(geometry.depth, Request{});
}

/* ---- messages of a connection ---- */

void Tracker::to_server(Connection &c, const Message &m)
{
	if (!c.path || !c.path->accepted)
		return report_.refuse(UNKNOWN, m.frame, m.data, "on a path whose connect messages were refused");
	if (m.write && !m.imm)
		return;		/* data in front of its request, or a sign of life */
	if (!m.write) {
		if (c.cid || m.imm || m.invalidated)
			return report_.refuse(UNKNOWN, m.frame, m.data, "a message that no client sends");
		return info_request(m);
	}
	const rtrs_imm imm = rtrs_imm_unpack(*m.imm);
	if (imm.type == RTRS_WIRE_IMM_REQUEST)
		request(c, m, imm.payload);
	else
		heartbeat(m, imm);
}

void Tracker::to_client(Connection &c, const Message &m)
{
	if (!c.path || !c.path->accepted)
		return report_.refuse(UNKNOWN, m.frame, m.data, "on a path whose connect messages were refused");
	if (m.imm) {
		const rtrs_imm imm = rtrs_imm_unpack(*m.imm);
		if (imm.type == RTRS_WIRE_IMM_RESPONSE || imm.type == RTRS_WIRE_IMM_RESPONSE_INV)
			return response(c, m, imm);
		return heartbeat(m, imm);
	}
	if (m.write)
		return response_data(c, m);
	if (!m.invalidated)
		return info_response(c, m);
	if (!m.data.empty() || c.invalidated)
		report_.refuse(INVAL, m.frame, m.data, "an invalidation with data, or a second one");
	c.invalidated = m.invalidated;
}

void Tracker::heartbeat(const Message &m, const rtrs_imm &imm)
{
	if (imm.type != RTRS_WIRE_IMM_HB && imm.type != RTRS_WIRE_IMM_HB_ACK)
		return report_.refuse(UNKNOWN, m.frame, m.data, "immediate of type " + std::to_string(imm.type));
	Bytes seen = big_endian(*m.imm);
	seen.insert(seen.end(), m.data.begin(), m.data.end());
	report_.compare(imm.type == RTRS_WIRE_IMM_HB ? HB : HB_ACK, m.frame, seen, big_endian(rtrs_imm_pack(imm.type, 0)));
}

void Tracker::info_request(const Message &m)
{
	char name[RTRS_WIRE_NAME_LEN];
	rtrs_wire_info_req built;
	int err = rtrs_info_req_parse(m.data.data(), m.data.size(), name);
	if (!err)
		err = rtrs_info_req_build(&built, name);
	if (err)
		return report_.refuse(INFO_REQ, m.frame, m.data, refused_with(err));
	report_.compare(INFO_REQ, m.frame, m.data, view_of(built));
}

void Tracker::info_response(Connection &c, const Message &m)
{
	std::vector<rtrs_chunk_ref> chunks(c.path->geometry.depth);
	const int err = rtrs_info_rsp_parse(m.data.data(), m.data.size(), &c.path->geometry, chunks.data());
	if (err)
		return report_.refuse(INFO_RSP, m.frame, m.data, refused_with(err));
	report_.compare(INFO_RSP, m.frame, m.data, build_info(chunks, c.path->geometry.chunk_size));
	c.path->chunks = std::move(chunks);
}

void Tracker::request(Connection &c, const Message &m, std::uint32_t payload)
{
	std::uint32_t slot = 0, off = 0;
	Path &path = *c.path;
	int err = rtrs_imm_request_parse(&path.geometry, payload, &slot, &off);
	if (err)
		return report_.refuse(REQ_IMM, m.frame, big_endian(*m.imm), refused_with(err));
	report_.compare(REQ_IMM, m.frame, big_endian(*m.imm), big_endian(rtrs_imm_request(&path.geometry, slot, off)));
	if (path.chunks.empty())
		return report_.refuse(UNKNOWN, m.frame, m.data, "a request before the info response");

	/* where the header begins in what this write brought */
	const std::uint64_t at = path.chunks[slot].addr + off - m.addr;
	if (m.addr < path.chunks[slot].addr || at > m.data.size())
		return report_.refuse(UNKNOWN, m.frame, m.data, "a request whose header lies elsewhere");
	const View seen = View(m.data).subspan(at);
	const bool read = seen.size() && seen[0] == RTRS_WIRE_READ;
	Request &request = path.requests[slot];
	request = Request{};
	err = rtrs_io_parse(&path.geometry, off, seen.data(), std::min<std::size_t>(seen.size(), RTRS_WIRE_READ_HDR_MAX),
			    &request.io);
	if (err)
		return report_.refuse(read ? READ_REQ : WRITE_REQ, m.frame, seen, refused_with(err));
	report_.compare(read ? READ_REQ : WRITE_REQ, m.frame, seen, build_header(request.io));
	if (request.io.msg_len > at)
		return report_.refuse(UNKNOWN, m.frame, m.data, "a request whose message lies elsewhere");
	request_message(c, m, request, View(m.data).subspan(at - request.io.msg_len, request.io.msg_len));
}

void Tracker::request_message(Connection &c, const Message &m, Request &request, View message)
{
	request.open = true;
	request.type = rnbd_msg_type(message.data(), message.size());
	if (request.type != RNBD_WIRE_IO && c.cid)
		return report_.refuse(UNKNOWN, m.frame, message, "on a connection for I/O");
	check_rnbd(report_, m.frame, message, request.io.read, request.io.data_len);
}

/* An empty write goes before nothing: a sign of life. */
void Tracker::response_data(Connection &c, const Message &m)
{
	if (m.data.empty())
		return;
	for (const Request &request : c.path->requests) {
		const rtrs_io &io = request.io;
		if (!request.open || !io.has_desc || io.lent.rkey != m.rkey || m.addr - io.lent.addr >= io.lent.len)
			continue;
		return check_rnbd_answer(report_, m.frame, request.type, m.data);
	}
	report_.refuse(UNKNOWN, m.frame, m.data, "a write into memory that no open request lent");
}

void Tracker::response(Connection &c, const Message &m, const rtrs_imm &imm)
{
	const bool inval = imm.type == RTRS_WIRE_IMM_RESPONSE_INV;
	const Bytes seen = big_endian(*m.imm);
	std::uint32_t slot = 0, rkey = 0;
	int status = 0;
	int err = rtrs_imm_response_parse(&c.path->geometry, imm.payload, &slot, &status);
	if (err)
		return report_.refuse(RSP_IMM, m.frame, seen, refused_with(err));
	report_.compare(RSP_IMM, m.frame, seen, big_endian(rtrs_imm_response(slot, status, inval)));
	Request &request = c.path->requests[slot];
	if (!request.open)
		return report_.refuse(RSP_IMM, m.frame, seen, "an answer without a request");
	request.open = false;

	if (inval != c.invalidated.has_value())
		report_.refuse(INVAL, m.frame, seen, "the answer's type does not tell of it");
	else if (inval)
		report_.compare(INVAL, m.frame, big_endian(*c.invalidated), big_endian(request.io.lent.rkey));
	c.invalidated.reset();

	if (m.write) {
		if (!m.data.empty())
			report_.refuse(UNKNOWN, m.frame, m.data, "a final message with data");
		return;
	}
	err = rtrs_rkey_parse(m.data.data(), m.data.size(), slot, &rkey);
	if (err)
		return report_.refuse(RKEY, m.frame, m.data, refused_with(err));
	rtrs_wire_rkey built;
	rtrs_rkey_build(&built, static_cast<std::uint16_t>(slot), rkey);
	report_.compare(RKEY, m.frame, m.data, view_of(built));
}

} // namespace wire
