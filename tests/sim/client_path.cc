/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The client's paths: see client.h. The peer is honest, so each violation is a bug in one of the nodes. */
#include <algorithm>
#include <utility>

#include "tests/sim/client.h"

namespace sim {

namespace {

const char *const NAME = "sim";
/* A handshake has its deadline, also when others have to end first. */
const int MAX_ASKED = 10;

} // namespace

Client::Client(const Config &config, Random *random, Fabric *fabric, Clock *clock)
	: config_(config), random_(random), fabric_(fabric), clock_(clock), slots_(config.depth)
{
}

void Client::raise(ClientPath *path, std::uint32_t events)
{
	path->events |= events;
	for (;;) {
		const bool left = rtrs_attempts_left(config_.max_attempts, path->failed_attempts);
		const rtrs_path_verdict v = rtrs_clt_path_step(path->state, path->events, left);
		if (!v.consumed)
			break;
		path->events &= ~v.consumed;
		if (path->state != v.next)
			SIM_TRACE("  client path %u.%u: %s", path->name, path->attempt, rtrs_path_state_name(v.next));
		path->state = v.next;
		act(path, v.action);
		if (v.action == RTRS_PACT_FREE)
			break;
	}
	pump();
}

void Client::act(ClientPath *path, rtrs_path_action action)
{
	switch (action) {
	case RTRS_PACT_CONNECT:
		connect(path);
		break;
	case RTRS_PACT_PUBLISH:
		publish(path);
		break;
	case RTRS_PACT_DRAIN:
		drain(path);
		break;
	case RTRS_PACT_FREE:
		free_path(path);
		break;
	default:
		break;
	}
}

ClientPath *Client::add_path()
{
	SIM_CHECK(next_name_ < MAX_NAMES);
	ClientPath *path = paths_.emplace_back(std::make_unique<ClientPath>()).get();
	path->name = next_name_++;
	return path;
}

void Client::free_path(ClientPath *path)
{
	SIM_CHECK(path->links.empty() && !path->in_flight && !path->drain_pending);
	const std::uint32_t bit = 1U << path->name;
	counts_.removed++;
	paths_.erase(std::find_if(paths_.begin(), paths_.end(), [path](const auto &p) { return p.get() == path; }));
	if (config_.broken[NOT_BY_REMOVAL])
		settle(bit, true);
}

ClientPath *Client::by_link(std::uint32_t link)
{
	for (const auto &path : paths_)
		for (std::uint32_t l : path->links)
			if (l == link)
				return path.get();
	return nullptr;
}

ClientPath *Client::random_path()
{
	return paths_[random_->below(static_cast<std::uint32_t>(paths_.size()))].get();
}

bool Client::up() const
{
	return std::any_of(paths_.begin(), paths_.end(), [](const auto &p) { return p->state == RTRS_PATH_CONNECTED; });
}

void Client::connect(ClientPath *path)
{
	SIM_CHECK(path->links.empty() && !path->in_flight);
	attempts_[path->name] = ++path->attempt;
	path->failed_attempts++;
	path->token = next_token_++;
	path->alone = !up();
	connect_cid(path, 0);
}

void Client::connect_cid(ClientPath *path, std::uint16_t cid)
{
	rtrs_hello hello = {};
	rtrs_wire_conn_req req;
	hello.cid = cid;
	hello.conn_count = config_.conns;
	hello.attempt = path->attempt;
	hello.ext_version = RTRS_WIRE_EXT_PATH_END;
	hello.token = path->token;
	hello.first_conn = path->alone;
	hello.path_uuid[0] = 1;
	hello.session_uuid[0] = 2;
	hello.session_uuid[1] = static_cast<std::uint8_t>(path->name);
	rtrs_conn_req_build(&req, &hello);
	path->links.push_back(fabric_->connect(cid, to_bytes(req)));
	path->tries = 0;
}

void Client::on_cm(const CmMessage &m)
{
	if (!fabric_->link(m.link).open[CLIENT])
		return;
	ClientPath *path = by_link(m.link);
	if (m.kind == CmMessage::BYE) {
		raise(path, RTRS_PEV_LOST);
		return;
	}
	/* only the newest connection waits for an answer; the rest are repeats */
	if (path->state == RTRS_PATH_CONNECTING && path->links.back() == m.link && path->tries >= 0)
		on_accept(path, m);
}

void Client::on_accept(ClientPath *path, const CmMessage &m)
{
	const rtrs_geometry_limits limits = {4096, 16U << 20};
	rtrs_offer offer;
	SIM_CHECK(rtrs_conn_rsp_parse(m.data.data(), m.data.size(), &offer) == 0);
	SIM_CHECK((offer.error != 0) == (m.kind == CmMessage::REJECT));
	if (offer.error) {
		counts_.refused++;
		raise(path, RTRS_PEV_LOST);
		return;
	}
	SIM_CHECK(rtrs_geometry_init(&g_, offer.queue_depth, offer.max_io_size, offer.max_hdr_size, &limits) == 0);
	SIM_CHECK(g_.depth == slots_.size());
	/* the server takes a path only when it has it no longer */
	ended(1U << path->name);
	new_rkey_ = offer.new_rkey;
	ends_ = offer.ext_version >= RTRS_WIRE_EXT_PATH_END;
	if (path->links.size() < config_.conns)
		connect_cid(path, static_cast<std::uint16_t>(path->links.size()));
	else
		send_info(path);
}

void Client::send_info(ClientPath *path)
{
	rtrs_wire_info_req req;
	path->tries = -1;
	SIM_CHECK(rtrs_info_req_build(&req, NAME) == 0);
	fabric_->send(path->links[0], CLIENT, {Packet::SEND, to_bytes(req)});
}

void Client::on_info(ClientPath *path, const Packet &p)
{
	SIM_CHECK(path->state == RTRS_PATH_CONNECTING && path->tries < 0);
	SIM_CHECK(p.data.size() <= rtrs_info_rsp_max(&g_));
	path->chunks.assign(g_.depth, rtrs_chunk_ref{});
	SIM_CHECK(rtrs_info_rsp_parse(p.data.data(), p.data.size(), &g_, path->chunks.data()) == 0);
	ask_ends(path);
	path->asked = 1;
	publish_if_ended(path);
}

/* ---- ends of lost lives ---- */

/* Messages get lost, and the server remembers no question: they are asked again now and then. */
void Client::ask_ends(ClientPath *path)
{
	for (std::uint32_t name = 0; unended() >> name && name < MAX_NAMES; name++) {
		if (!(unended() >> name & 1))
			continue;
		Packet p = {Packet::WRITE_IMM, {}};
		p.imm = rtrs_imm_pack(RTRS_WIRE_IMM_PATH_END, end_tokens_[name]);
		SIM_TRACE("  client path %u.%u asks for the end of path %u", path->name, path->attempt, name);
		fabric_->send(path->links[0], CLIENT, std::move(p));
	}
}

/* I/O must not see a path before nothing else can come by a lost one. */
void Client::publish_if_ended(ClientPath *path)
{
	if (path->asked && path->state == RTRS_PATH_CONNECTING && !unended())
		raise(path, RTRS_PEV_UP);
}

void Client::on_end_ack(std::uint32_t token)
{
	std::uint32_t bits = 0;
	for (std::uint32_t name = 0; name < MAX_NAMES; name++)
		if (unended_ >> name & 1 && end_tokens_[name] == token)
			bits |= 1U << name;
	counts_.ended += bits != 0;
	ended(bits);
}

void Client::ended(std::uint32_t bits)
{
	if (!(unended_ & bits))
		return;
	unended_ &= ~bits;
	for (const auto &path : paths_)
		publish_if_ended(path.get());
	pump();
}

bool Client::timer_waiting() const
{
	return std::any_of(paths_.begin(), paths_.end(), [](const auto &p) {
		return p->state == RTRS_PATH_WAITING || p->state == RTRS_PATH_CONNECTING;
	});
}

void Client::timer()
{
	ClientPath *path = random_path();
	if (path->state == RTRS_PATH_WAITING) {
		raise(path, RTRS_PEV_TIMER);
	} else if (path->state == RTRS_PATH_CONNECTING) {
		if (path->asked ? ++path->asked > MAX_ASKED : path->tries < 0 || ++path->tries > 3)
			raise(path, RTRS_PEV_LOST);
		else if (path->asked)
			ask_ends(path);
		else
			fabric_->repeat_request(path->links.back());
	}
}

void Client::tick()
{
	if (paths_.empty())
		return;
	ClientPath *path = random_path();
	if (path->state != RTRS_PATH_CONNECTED)
		return;
	ask_ends(path);
	const rtrs_hb_action action = rtrs_hb_tick(&path->hb, false, RTRS_HB_BUSY_MS);
	if (action == RTRS_HB_DEAD) {
		raise(path, RTRS_PEV_LOST);
	} else if (action == RTRS_HB_SEND) {
		Packet p = {Packet::WRITE_IMM, {}};
		p.imm = rtrs_imm_pack(RTRS_WIRE_IMM_HB, 0);
		fabric_->send(path->links[0], CLIENT, std::move(p));
	}
}

void Client::on_error(std::uint32_t link)
{
	if (fabric_->link(link).open[CLIENT])
		raise(by_link(link), RTRS_PEV_LOST);
}

/* The server has torn down what was before this attempt: of this path nothing is on its way any more. */
void Client::publish(ClientPath *path)
{
	counts_.connects++;
	path->failed_attempts = 0;
	path->published = true;
	SIM_CHECK(!unended());
	rtrs_hb_init(&path->hb, 3);
	settle(1U << path->name, true);
}

/* Unpublish, close all ends, then move every request. */
void Client::drain(ClientPath *path)
{
	fabric_->close(path->links, CLIENT);
	path->links.clear();
	path->chunks.clear();
	path->used_keys.clear();
	path->drain_pending = true;
	path->asked = 0;
	if (path->published) {
		unended_ |= 1U << path->name;
		end_tokens_[path->name] = path->token;
		path->published = false;
	}
	long_lost_ &= ~(1U << path->name);
	lost(path);
	SIM_CHECK(!path->in_flight);
}

bool Client::drain_pending() const
{
	return std::any_of(paths_.begin(), paths_.end(), [](const auto &p) { return p->drain_pending; });
}

void Client::drain_finish()
{
	for (const auto &path : paths_)
		if (path->drain_pending) {
			path->drain_pending = false;
			raise(path.get(), RTRS_PEV_DONE);
			return;
		}
}

void Client::on_packet(std::uint32_t link, const Packet &p)
{
	ClientPath *path = by_link(link);
	SIM_CHECK(path && fabric_->link(link).open[CLIENT]);
	rtrs_hb_heard(&path->hb);
	if (p.kind == Packet::SEND) {
		on_info(path, p);
		return;
	}
	SIM_CHECK(path->state == RTRS_PATH_CONNECTED || path->asked);
	if (p.kind == Packet::WRITE || p.kind == Packet::SEND_INV) {
		on_lent(link, p);
		return;
	}
	const rtrs_imm imm = rtrs_imm_unpack(p.imm);
	if (imm.type == RTRS_WIRE_IMM_HB) {
		Packet ack = {Packet::WRITE_IMM, {}};
		ack.imm = rtrs_imm_pack(RTRS_WIRE_IMM_HB_ACK, 0);
		fabric_->send(link, CLIENT, std::move(ack));
	} else if (imm.type == RTRS_WIRE_IMM_PATH_END_ACK) {
		on_end_ack(imm.payload);
	} else if (imm.type != RTRS_WIRE_IMM_HB_ACK) {
		on_reply(path, link, p, imm);
	}
}

} // namespace sim
