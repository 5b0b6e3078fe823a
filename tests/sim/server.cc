/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server's paths: see server.h. The peer is honest, so each violation is a bug in one of the nodes. */
#include "tests/sim/server.h"

#include <algorithm>

namespace sim {

Server::Server(const Config &config, Random *random, Fabric *fabric, Clock *clock, const Model *model)
	: config_(config), random_(random), fabric_(fabric), clock_(clock), model_(model), disk_(DISK_BLOCKS * BLOCK)
{
	SIM_CHECK(rtrs_geometry_from_params(&g_, config.depth, CHUNK_SIZE, HDR_SIZE) == 0);
}

/* The path worker: obeys until nothing is left to do. The path may be gone afterwards. */
void Server::raise(ServerPath *path, std::uint32_t events)
{
	path->events |= events;
	for (;;) {
		const rtrs_path_verdict v = rtrs_srv_path_step(path->state, path->events);
		if (!v.consumed)
			break;
		path->events &= ~v.consumed;
		if (path->state != v.next)
			SIM_TRACE("  server path %u.%u: %s", path->name, path->attempt, rtrs_path_state_name(v.next));
		path->state = v.next;
		act(path, v.action);
		if (v.action == RTRS_PACT_FREE)
			break;
	}
}

void Server::act(ServerPath *path, rtrs_path_action action)
{
	switch (action) {
	case RTRS_PACT_PUBLISH:
		path->published = true;
		rtrs_hb_init(&path->hb, 3);
		break;
	case RTRS_PACT_DRAIN:
		path->slow_end |= !hurry_ && config_.lazy && random_->percent(20);
		break;
	case RTRS_PACT_REST:
		path->events |= RTRS_PEV_REMOVE;
		break;
	case RTRS_PACT_FREE:
		free_path(path);
		break;
	default:
		break;
	}
}

bool Server::end_pending() const
{
	return std::any_of(paths_.begin(), paths_.end(),
			   [](const auto &p) { return p->state == RTRS_PATH_CLOSING && !p->drained; });
}

void Server::end_step()
{
	std::vector<ServerPath *> ending;
	for (const auto &p : paths_)
		if (p->state == RTRS_PATH_CLOSING && !p->drained)
			ending.push_back(p.get());
	ServerPath *path = ending[random_->below(static_cast<std::uint32_t>(ending.size()))];
	if (path->slow_end && (path->slow_end = random_->below(2 * config_.patience) != 0))
		return;
	drained(path);
}

/* Closes every end; what is at the disk finishes first, its answers go nowhere; what waits for its chunk never runs. */
void Server::drained(ServerPath *path)
{
	SIM_TRACE("  server path %u.%u: drained", path->name, path->attempt);
	path->drained = true;
	fabric_->close(path->links, SERVER);
	path->completions.clear();
	for (auto it = parked_.begin(); it != parked_.end();) {
		if (it->path != path) {
			++it;
			continue;
		}
		path->ops--;
		it = parked_.erase(it);
	}
	if (!path->ops)
		raise(path, RTRS_PEV_DONE);
}

void Server::free_path(ServerPath *path)
{
	SIM_CHECK(!path->ops);
	paths_.erase(std::find_if(paths_.begin(), paths_.end(), [path](const auto &p) { return p.get() == path; }));
	if (!paths_.empty())
		return;
	SIM_CHECK(ops_.empty() && parked_.empty());
	session_.reset();
}

ServerPath *Server::by_link(std::uint32_t link)
{
	for (const auto &path : paths_)
		for (std::uint32_t l : path->links)
			if (l == link)
				return path.get();
	return nullptr;
}

int Server::admit_path(const rtrs_hello &hello, ServerPath **path)
{
	if (hello.cid)
		return -ECONNRESET;
	if (!session_ && !hello.first_conn)
		return -ENXIO;
	if (!session_)
		session_ = std::make_unique<ServerSession>();
	*path = paths_.emplace_back(std::make_unique<ServerPath>()).get();
	(*path)->name = hello.session_uuid[1];
	(*path)->conn_count = hello.conn_count;
	(*path)->attempt = hello.attempt;
	(*path)->token = hello.token;
	(*path)->lazy = !hurry_ && random_->percent(config_.lazy / 4);
	return 0;
}

/* May this connection join? Rows S3 to S6, S9. */
int Server::admit(const rtrs_hello &hello, ServerPath **path)
{
	ServerPath *known = nullptr;
	for (const auto &p : paths_)
		if (p->name == hello.session_uuid[1] &&
		    (p->state < RTRS_PATH_CLOSING || !config_.broken[ACCEPT_BACK]))
			known = p.get();
	if (!known)
		return admit_path(hello, path);
	if (known->state != RTRS_PATH_CONNECTING)
		return -EBUSY;
	if (known->conn_count != hello.conn_count || known->links.size() != hello.cid)
		return -ECONNRESET;
	*path = known;
	/* a connection of an older attempt must not complete a newer one */
	return known->attempt == hello.attempt ? 0 : -ECONNRESET;
}

void Server::on_cm(const CmMessage &m)
{
	if (m.kind == CmMessage::BYE) {
		if (fabric_->link(m.link).open[SERVER])
			raise(by_link(m.link), RTRS_PEV_LOST);
		return;
	}
	if (!up_)
		return;
	rtrs_hello hello;
	rtrs_wire_conn_rsp rsp;
	rtrs_offer offer = {};
	ServerPath *path = nullptr;
	SIM_CHECK(rtrs_conn_req_parse(m.data.data(), m.data.size(), 16, &hello) == 0);
	SIM_CHECK(hello.token);
	offer.ext_version = config_.ends ? RTRS_WIRE_EXT_PATH_END : RTRS_WIRE_EXT_INSTANCE;
	offer.error = admit(hello, &path);
	if (offer.error) {
		SIM_TRACE("  server refuses path %u.%u cid %u: %d", hello.session_uuid[1], hello.attempt, hello.cid,
			  offer.error);
		rtrs_conn_rsp_build(&rsp, &offer);
		fabric_->reject(m.link, to_bytes(rsp));
		return;
	}
	path->links.push_back(m.link);
	offer.queue_depth = g_.depth;
	offer.max_io_size = g_.io_size;
	offer.max_hdr_size = g_.hdr_size;
	offer.new_rkey = config_.new_rkey;
	rtrs_conn_rsp_build(&rsp, &offer);
	fabric_->accept(m.link, to_bytes(rsp));
}

void Server::on_error(std::uint32_t link)
{
	if (fabric_->link(link).open[SERVER])
		raise(by_link(link), RTRS_PEV_LOST);
}

bool Server::handshake_open() const
{
	for (const auto &p : paths_)
		if (p->state == RTRS_PATH_CONNECTING)
			return true;
	return false;
}

void Server::deadline()
{
	for (const auto &p : paths_)
		if (p->state == RTRS_PATH_CONNECTING) {
			raise(p.get(), RTRS_PEV_TIMER);
			return;
		}
}

void Server::admin_close(bool all)
{
	/* the last one first: a path that has closed may be gone */
	for (std::size_t i = paths_.size(); all && i--;)
		raise(paths_[i].get(), RTRS_PEV_CLOSE);
	if (!all && !paths_.empty())
		raise(paths_[random_->below(static_cast<std::uint32_t>(paths_.size()))].get(), RTRS_PEV_CLOSE);
}

/* Of one path: each has a timer of its own. */
void Server::tick()
{
	if (paths_.empty())
		return;
	ServerPath *path = paths_[random_->below(static_cast<std::uint32_t>(paths_.size()))].get();
	/* what is late with its completions may be late with everything */
	if (path->state != RTRS_PATH_CONNECTED || path->lazy)
		return;
	switch (rtrs_hb_tick(&path->hb, false, RTRS_HB_BUSY_MS)) {
	case RTRS_HB_SEND:
		reply_imm(path, RTRS_WIRE_IMM_HB);
		break;
	case RTRS_HB_DEAD:
		raise(path, RTRS_PEV_LOST);
		break;
	default:
		break;
	}
}

/* Power off: memory and what was at the disk are gone, the disk keeps what it has. */
void Server::crash()
{
	SIM_TRACE("server dies");
	up_ = false;
	for (const auto &path : paths_)
		for (std::uint32_t link : path->links)
			fabric_->vanish(link, SERVER);
	ops_.clear();
	parked_.clear();
	paths_.clear();
	session_.reset();
}

void Server::hurry()
{
	hurry_ = true;
	for (const auto &path : paths_)
		path->lazy = path->slow_end = false;
	for (Op &op : ops_)
		op.held = false;
}

void Server::toggle_lazy()
{
	if (paths_.empty())
		return;
	ServerPath *path = paths_[random_->below(static_cast<std::uint32_t>(paths_.size()))].get();
	path->lazy = !path->lazy;
}

bool Server::serves(std::uint32_t name, std::uint16_t attempt) const
{
	for (const auto &p : paths_)
		if (p->name == name && p->attempt <= attempt && !p->drained)
			return true;
	return false;
}

bool Server::dead_sibling_busy() const
{
	for (const auto &p : paths_)
		if (p->state >= RTRS_PATH_CLOSING)
			return true;
	return false;
}

void Server::on_info(ServerPath *path, const Packet &p)
{
	char name[RTRS_WIRE_NAME_LEN];
	const std::uint32_t descs = config_.new_rkey ? g_.depth : 1;
	if (path->state != RTRS_PATH_CONNECTING)
		return;
	SIM_CHECK(path->links.size() == path->conn_count);
	SIM_CHECK(rtrs_info_req_parse(p.data.data(), p.data.size(), name) == 0);
	if (dead_sibling_busy() && !config_.broken[ACCEPT_BACK]) {
		raise(path, RTRS_PEV_LOST);
		return;
	}
	if (session_->chunks.empty()) {
		session_->base = next_base_;
		next_base_ += 1ULL << 40;
		session_->chunks.assign(g_.depth, Bytes(g_.chunk_size));
		session_->owner.assign(g_.depth, nullptr);
	}
	path->keys.assign(g_.depth, 0);
	Packet rsp = {Packet::SEND, Bytes(rtrs_info_rsp_size(descs))};
	rtrs_info_rsp_build(rsp.data.data(), descs);
	const std::uint32_t each = g_.depth / descs;
	for (std::uint32_t i = 0; i < descs; i++) {
		const std::uint32_t key = next_key_++;
		for (std::uint32_t c = i * each; c < (i + 1) * each; c++)
			path->keys[c] = key;
		rtrs_info_rsp_set(rsp.data.data(), i, session_->base + std::uint64_t{i} * each * g_.chunk_size, key,
				  each * g_.chunk_size);
	}
	const std::uint32_t link = path->links[0];
	raise(path, RTRS_PEV_UP);
	fabric_->send(link, SERVER, rsp);
}

} // namespace sim
