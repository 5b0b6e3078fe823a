/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server's requests: see server.h. */
#include "tests/sim/server.h"

#include <algorithm>
#include <utility>

namespace sim {

namespace {

const std::uint32_t NSECTORS = DISK_BLOCKS * (BLOCK / 512);

} // namespace

void Server::on_packet(std::uint32_t link, Packet p)
{
	ServerPath *path = by_link(link);
	SIM_CHECK(path && fabric_->link(link).open[SERVER]);
	if (p.kind == Packet::WRITE_IMM && rtrs_imm_unpack(p.imm).type == RTRS_WIRE_IMM_REQUEST)
		place(path, p);
	path->completions.push_back({link, std::move(p)});
}

/* What the device does with an RDMA write: only with the chunk's present key. */
void Server::place(ServerPath *path, const Packet &p)
{
	const std::uint64_t at = p.addr - session_->base;
	const std::uint64_t chunk = at / g_.chunk_size, off = at % g_.chunk_size;
	SIM_CHECK(chunk < g_.depth && off + p.data.size() <= g_.chunk_size);
	SIM_CHECK(p.rkey && path->keys[chunk] == p.rkey);
	std::memcpy(session_->chunks[chunk].data() + off, p.data.data(), p.data.size());
}

bool Server::completions_waiting() const
{
	for (const auto &path : paths_)
		if (!path->completions.empty() && !path->lazy)
			return true;
	return false;
}

/* Connections are independent of each other; one's completions keep their order. */
void Server::completion_step()
{
	std::vector<ServerPath *> ready;
	for (const auto &path : paths_)
		if (!path->completions.empty() && !path->lazy)
			ready.push_back(path.get());
	ServerPath *path = ready[random_->below(static_cast<std::uint32_t>(ready.size()))];
	std::deque<Completion> &queue = path->completions;
	const std::uint32_t link = queue[random_->below(static_cast<std::uint32_t>(queue.size()))].link;
	const auto first = std::find_if(queue.begin(), queue.end(), [link](const Completion &c) { return c.link == link; });
	const Completion c = std::move(*first);
	queue.erase(first);
	if (c.packet.kind == Packet::SEND) {
		SIM_CHECK(fabric_->link(link).cid == 0);
		on_info(path, c.packet);
	} else {
		SIM_CHECK(c.packet.kind == Packet::WRITE_IMM && path->published);
		on_imm(path, c);
	}
}

void Server::on_imm(ServerPath *path, const Completion &c)
{
	const rtrs_imm imm = rtrs_imm_unpack(c.packet.imm);
	rtrs_hb_heard(&path->hb);
	switch (imm.type) {
	case RTRS_WIRE_IMM_REQUEST:
		on_request(path, c.link, imm.payload);
		break;
	case RTRS_WIRE_IMM_HB:
		SIM_CHECK(fabric_->link(c.link).cid == 0);
		reply_imm(path, RTRS_WIRE_IMM_HB_ACK);
		break;
	case RTRS_WIRE_IMM_PATH_END:
		SIM_CHECK(config_.ends && fabric_->link(c.link).cid == 0);
		on_path_end(path, imm.payload);
		break;
	default:
		SIM_CHECK(imm.type == RTRS_WIRE_IMM_HB_ACK);
		break;
	}
}

/* The client asks again until it has an answer, so nothing has to be remembered. */
void Server::on_path_end(ServerPath *path, std::uint32_t token)
{
	for (const auto &p : paths_) {
		if (p->token != token || p->drained)
			continue;
		SIM_CHECK(p.get() != path);
		SIM_TRACE("  server path %u.%u is to end, says path %u.%u", p->name, p->attempt, path->name, path->attempt);
		/* one that nobody has missed may have much to clear up */
		p->slow_end |= !hurry_ && p->state < RTRS_PATH_CLOSING && random_->percent(60);
		raise(p.get(), RTRS_PEV_LOST);
		if (!config_.broken[END_DRAINED])
			return;
		break;
	}
	reply_imm(path, RTRS_WIRE_IMM_PATH_END_ACK, token);
}

void Server::on_request(ServerPath *path, std::uint32_t link, std::uint32_t payload)
{
	Parked p = {path, link, 0, 0};
	SIM_CHECK(rtrs_imm_request_parse(&g_, payload, &p.slot, &p.off) == 0);
	if (config_.new_rkey)
		path->keys[p.slot] = 0;
	ServerPath *owner = session_->owner[p.slot];
	path->ops++;
	if (owner && !config_.broken[ONE_OP]) {
		/* a second use by the same path would be a violation */
		SIM_CHECK(owner != path);
		SIM_TRACE("  server path %u.%u: slot %u waits for path %u.%u", path->name, path->attempt, p.slot,
			  owner->name, owner->attempt);
		parked_.push_back(p);
		return;
	}
	start(p);
}

/* The chunk is this request's now: what is checked is a copy, and what is used is that copy, but for the data. */
void Server::start(const Parked &p)
{
	Op op = {p.path, p.link, p.slot, 0, !hurry_ && random_->percent(config_.lazy), {}, {}};
	session_->owner[p.slot] = p.path;
	const Bytes &chunk = session_->chunks[p.slot];
	const std::size_t avail = std::min<std::size_t>(RTRS_WIRE_READ_HDR_MAX, chunk.size() - p.off);
	std::uint8_t hdr[RTRS_WIRE_READ_HDR_MAX];
	std::memcpy(hdr, chunk.data() + p.off, avail);
	int err = rtrs_io_parse(&g_, p.off, hdr, avail, &op.io);
	ops_.push_back(op);
	if (!err) {
		const auto msg = chunk.begin() + static_cast<std::ptrdiff_t>(op.io.msg_off);
		err = begin(&ops_.back(), Bytes(msg, msg + static_cast<std::ptrdiff_t>(op.io.msg_len)));
	}
	if (err != -EPROTO)
		return;
	/* only what the client has given up may have been overwritten */
	SIM_CHECK(!fabric_->link(p.link).open[CLIENT]);
	ops_.pop_back();
	release(p.path, p.slot);
	raise(p.path, RTRS_PEV_LOST);
	op_left(p.path);
}

/* -EPROTO: not a message. Everything else has its answer now or later. */
int Server::begin(Op *op, const Bytes &msg)
{
	const rnbd_target target = {NSECTORS, 512, false, true, true, true};
	const std::size_t at = ops_.size() - 1;
	int err;
	if (rnbd_msg_type(msg.data(), msg.size()) != RNBD_WIRE_IO) {
		err = answer_admin(*op, msg);
		if (err != -EPROTO)
			reply(at, err);
		return err;
	}
	if (rnbd_io_parse(msg.data(), msg.size(), op->io.read, op->io.data_len, &op->bio))
		return -EPROTO;
	SIM_CHECK(!session_->other_device || op->bio.device_id != session_->other_device);
	if (op->bio.device_id != session_->device) {
		SIM_TRACE("  server path %u.%u: slot %u no such device", op->path->name, op->path->attempt, op->slot);
		reply(at, -ENOTCONN);
		return 0;
	}
	if (rnbd_io_check(&target, &op->bio))
		return -EPROTO;
	SIM_TRACE("  server path %u.%u: slot %u at the disk%s: op %u, blocks %u+%u", op->path->name, op->path->attempt,
		  op->slot, op->held ? " (held)" : "", op->bio.op, static_cast<unsigned>(op->bio.sector),
		  op->bio.bytes / BLOCK);
	return 0;
}

/* Session info and open, answered into the chunk as a read's data. */
int Server::answer_admin(const Op &op, const Bytes &msg)
{
	std::uint8_t *data = session_->chunks[op.slot].data();
	rnbd_open open;
	std::uint8_t version;
	if (!rnbd_sess_info_parse(msg.data(), msg.size(), &version)) {
		rnbd_wire_sess_info rsp;
		if (op.io.data_len != sizeof(rsp) || version != RNBD_WIRE_MAJOR)
			return -EPROTO;
		rnbd_sess_info_rsp_build(&rsp, version);
		std::memcpy(data, &rsp, sizeof(rsp));
		return 0;
	}
	rnbd_wire_open_rsp rsp;
	if (rnbd_open_parse(msg.data(), msg.size(), &open) || op.io.data_len != sizeof(rsp))
		return -EPROTO;
	/* one handle per session and device */
	if (!session_->device)
		open_device();
	rnbd_dev_info info = {};
	info.device_id = session_->device;
	info.nsectors = NSECTORS;
	info.logical_block_size = info.physical_block_size = 512;
	info.max_write_zeroes_sectors = NSECTORS;
	info.writeback = true;
	rnbd_open_rsp_build(&rsp, &info);
	std::memcpy(data, &rsp, sizeof(rsp));
	return 0;
}

/* The client has another one, which it opens before or after this one. */
void Server::open_device()
{
	std::uint32_t number = 1;
	std::uint32_t *next = config_.broken[UNIQUE_IDS] ? &number : &next_device_;
	if (random_->percent(50))
		session_->other_device = (*next)++;
	session_->device = (*next)++;
}

/* One block of the operation; false: it was the last. What the block holds now must be what it may hold. */
bool Server::disk_block(Op *op)
{
	const std::uint32_t total = op->bio.bytes / BLOCK;
	if (op->next_block == total)
		return false;
	const std::uint64_t block = op->bio.sector / (BLOCK / 512) + op->next_block;
	std::uint8_t *at = disk_.data() + block * BLOCK;
	std::uint8_t *data = session_->chunks[op->slot].data() + op->next_block * BLOCK;
	if (op->bio.op == RNBD_WIRE_OP_READ)
		std::memcpy(data, at, BLOCK);
	else if (op->bio.op == RNBD_WIRE_OP_WRITE)
		std::memcpy(at, data, BLOCK);
	else
		std::memset(at, 0, BLOCK);
	if (op->bio.op != RNBD_WIRE_OP_READ) {
		const std::uint64_t now = clock_->now();
		SIM_TRACE("  disk: block %u = %u (path %u.%u slot %u)", static_cast<unsigned>(block), block_tag(at),
			  op->path->name, op->path->attempt, op->slot);
		SIM_CHECK(model_->possible(block, block_tag(at), now, now));
	}
	return ++op->next_block < total;
}

void Server::disk_step()
{
	const std::size_t at = random_->below(static_cast<std::uint32_t>(ops_.size()));
	Op &op = ops_[at];
	if (op.held && (op.held = random_->below(config_.patience) != 0))
		return;
	if (disk_block(&op))
		return;
	/* now and then the disk fails: reads and writes end with an errno, too */
	reply(at, op.bio.op == RNBD_WIRE_OP_READ && random_->percent(2) ? -EIO : 0);
}

/* The chunk is released before the client can know. */
void Server::reply(std::size_t at, int err)
{
	const Op op = ops_[at];
	ops_.erase(ops_.begin() + static_cast<std::ptrdiff_t>(at));
	SIM_TRACE("  server path %u.%u: slot %u answered %d", op.path->name, op.path->attempt, op.slot, err);
	reply_data(op, err);
	reply_tail(op, err);
	release(op.path, op.slot);
	op_left(op.path);
}

/* All of the forms of protocol section 9. */
void Server::reply_data(const Op &op, int err)
{
	if (!err && op.io.has_desc) {
		const Bytes &chunk = session_->chunks[op.slot];
		Packet data = {Packet::WRITE, Bytes(chunk.begin(), chunk.begin() + op.io.lent.len)};
		data.addr = op.io.lent.addr;
		data.rkey = op.io.lent.rkey;
		fabric_->send(op.link, SERVER, std::move(data));
	}
	if (op.io.need_inval) {
		Packet inv = {Packet::SEND_INV, {}};
		inv.rkey = op.io.lent.rkey;
		fabric_->send(op.link, SERVER, std::move(inv));
	}
}

void Server::reply_tail(const Op &op, int err)
{
	Packet tail = {Packet::WRITE_IMM, {}};
	if (config_.new_rkey) {
		rtrs_wire_rkey msg;
		op.path->keys[op.slot] = next_key_++;
		rtrs_rkey_build(&msg, static_cast<std::uint16_t>(op.slot), op.path->keys[op.slot]);
		tail = {Packet::SEND_IMM, to_bytes(msg)};
	}
	tail.imm = rtrs_imm_response(op.slot, err, op.io.need_inval);
	fabric_->send(op.link, SERVER, std::move(tail));
}

void Server::reply_imm(ServerPath *path, std::uint8_t type, std::uint32_t payload)
{
	Packet p = {Packet::WRITE_IMM, {}};
	p.imm = rtrs_imm_pack(type, payload);
	fabric_->send(path->links[0], SERVER, std::move(p));
}

/* The request that waited longest goes on; those of a path that was drained wait no longer. */
void Server::release(ServerPath *path, std::uint32_t slot)
{
	if (session_->owner[slot] == path)
		session_->owner[slot] = nullptr;
	for (auto it = parked_.begin(); it != parked_.end();) {
		if (it->slot != slot) {
			++it;
			continue;
		}
		const Parked next = *it;
		it = parked_.erase(it);
		start(next);
		return;
	}
}

void Server::op_left(ServerPath *path)
{
	SIM_CHECK(path->ops);
	if (!--path->ops && path->drained)
		raise(path, RTRS_PEV_DONE);
}

} // namespace sim
