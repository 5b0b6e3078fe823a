/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client's requests: see client.h. A request keeps its slot until it is
 * given back, and the slot its fence until every path in it is settled.
 */
#include <algorithm>
#include <utility>

#include "tests/sim/client.h"

namespace sim {

namespace {

/* Each slot's buffer has an address of its own. */
const std::uint64_t LENT_BASE = 1ULL << 50;
/* For session info and open: the same requests again and again, so copies do no harm. */
const std::uint32_t ADMIN_SLOT = 0;
/* Of no device: whatever is asked of it is refused at once. */
const std::uint32_t NO_DEVICE = 0xffffffffU;

std::uint64_t lent_addr(std::uint32_t slot)
{
	return LENT_BASE + (std::uint64_t{slot} << 20);
}

bool modifies(const rnbd_io &io)
{
	return io.op == RNBD_WIRE_OP_WRITE || io.op == RNBD_WIRE_OP_WRITE_ZEROES;
}

Bytes payload_of(const Slot &s)
{
	Bytes payload(s.data_len);
	for (std::uint32_t at = 0; at < s.data_len; at += BLOCK)
		fill_block(payload.data() + at, s.tag);
	return payload;
}

} // namespace

/* ---- slots ---- */

bool Client::usable(std::uint32_t slot) const
{
	const Slot &s = slots_[slot];
	return slot != ADMIN_SLOT && s.kind == Slot::FREE && (!s.fence || config_.broken[QUARANTINE]);
}

bool Client::busy() const
{
	return std::any_of(slots_.begin(), slots_.end(),
			   [](const Slot &s) { return s.kind == Slot::IO || s.kind == Slot::WIPE; });
}

std::uint32_t Client::fences() const
{
	std::uint32_t all = 0;
	for (std::uint32_t slot = ADMIN_SLOT + 1; slot < slots_.size(); slot++)
		all |= slots_[slot].fence;
	return all;
}

/* @bits: paths of which nothing that was sent before can have an effect any more. */
void Client::settle(std::uint32_t bits, bool proven)
{
	for (std::uint32_t slot = 0; slot < slots_.size(); slot++) {
		Slot &s = slots_[slot];
		if (!s.fence || !(proven || s.wiped))
			continue;
		s.fence &= ~bits;
		if (s.fence)
			continue;
		if (s.kind == Slot::WIPE && s.phase == Slot::HELD)
			s.kind = Slot::FREE;
		else if (s.kind == Slot::IO && s.phase == Slot::ANSWERED)
			give_back(slot, s.result);
	}
}

void Client::long_lost(std::uint32_t name)
{
	long_lost_ |= 1U << name;
	settle(1U << name, false);
	pump();
}

/* ---- moving requests ---- */

ClientPath *Client::pick()
{
	u64 left[RTRS_MP_WORDS] = {};
	for (std::size_t i = 0; i < paths_.size(); i++)
		if (paths_[i]->state == RTRS_PATH_CONNECTED)
			left[0] |= 1ULL << i;
	rtrs_mp_choice best = rtrs_mp_none();
	if (config_.policy == RTRS_MP_ROUND_ROBIN)
		best.index = rtrs_mp_next(left, cursor_);
	else
		for (int i; (i = rtrs_mp_take(left, cursor_)) >= 0;)
			best = rtrs_mp_fold(config_.policy, best, i, paths_[static_cast<std::size_t>(i)]->in_flight, 0);
	cursor_ = static_cast<std::uint32_t>(best.index) + 1;
	return paths_[static_cast<std::size_t>(best.index)].get();
}

/* Everything that the path has not answered. */
void Client::lost(ClientPath *path)
{
	for (std::uint32_t slot = 0; slot < slots_.size(); slot++)
		if (slots_[slot].under_way() && slots_[slot].path == path->name)
			lose(slot, path);
	if (up()) {
		ask_ends(pick());
		return;
	}
	informed_ = opened_ = false;
	slots_[ADMIN_SLOT].kind = Slot::FREE;
}

void Client::lose(std::uint32_t slot, ClientPath *path)
{
	Slot &s = slots_[slot];
	SIM_TRACE("  client: slot %u lost with path %u.%u", slot, path->name, path->attempt);
	counts_.moved++;
	path->in_flight--;
	s.fence |= 1U << path->name;
	s.wiped = false;
	s.lent_key = 0;
	s.phase = s.phase == Slot::WIPING && s.kind == Slot::IO ? Slot::ANSWERED : Slot::HELD;
	if (config_.broken[SAME_SLOT] && s.kind == Slot::IO && s.phase == Slot::HELD)
		move_elsewhere(slot);
	if (config_.broken[SLOT_FIRST] && s.kind == Slot::IO && s.phase == Slot::HELD)
		enqueue({{}, static_cast<int>(slot)});
}

/* What must not be done. */
void Client::move_elsewhere(std::uint32_t slot)
{
	for (std::uint32_t to = 0; to < slots_.size(); to++) {
		if (to == slot || !usable(to))
			continue;
		slots_[to] = slots_[slot];
		slots_[to].fence = 0;
		slots_[slot].kind = Slot::FREE;
		slots_[slot].wiped = true;
		return;
	}
}

/* While something that was given back can still do harm, nothing else may be sent. */
bool Client::gate() const
{
	return std::any_of(slots_.begin(), slots_.end(), [](const Slot &s) { return s.kind == Slot::WIPE; });
}

void Client::pump()
{
	if (!up())
		return;
	for (std::uint32_t slot = 0; slot < slots_.size(); slot++)
		if (slots_[slot].kind == Slot::WIPE && slots_[slot].phase == Slot::HELD && may_repeat(slot))
			send_wipe(slot, pick());
	if (gate() || start_admin())
		return;
	for (std::uint32_t slot = 0; slot < slots_.size(); slot++)
		resume(slot);
	while (!queue_.empty() && send_first())
		;
}

/* Session info, then open; true: I/O has to wait for it. */
bool Client::start_admin()
{
	Slot &s = slots_[ADMIN_SLOT];
	if (opened_)
		return false;
	if (s.under_way() || !may_repeat(ADMIN_SLOT))
		return true;
	s.kind = informed_ ? Slot::OPEN : Slot::SESS_INFO;
	s.phase = Slot::HELD;
	send_request(ADMIN_SLOT, pick());
	return true;
}

void Client::resume(std::uint32_t slot)
{
	Slot &s = slots_[slot];
	if (s.kind == Slot::FREE || s.under_way() || !may_repeat(slot))
		return;
	if (s.phase == Slot::ANSWERED)
		send_wipe(slot, pick());
	else if (std::none_of(queue_.begin(), queue_.end(),
			      [slot](const Waiting &w) { return w.slot == static_cast<int>(slot); }))
		send_request(slot, pick());
}

/* ---- the block layer's queue ---- */

void Client::enqueue(Waiting waiting)
{
	std::size_t at = queue_.size();
	if (config_.order == FIRST)
		at = 0;
	else if (config_.order == ANYWHERE)
		at = random_->below(static_cast<std::uint32_t>(queue_.size() + 1));
	queue_.insert(queue_.begin() + static_cast<std::ptrdiff_t>(at), std::move(waiting));
}

int Client::usable_slot()
{
	const std::uint32_t count = static_cast<std::uint32_t>(slots_.size()), from = random_->below(count);
	for (std::uint32_t i = 0; i < count; i++)
		if (usable((from + i) % count))
			return static_cast<int>((from + i) % count);
	return -1;
}

/* Until the first one can be sent, none of the others is looked at. */
bool Client::send_first()
{
	Waiting first = queue_.front();
	if (first.slot < 0) {
		first.slot = usable_slot();
		if (first.slot < 0)
			return false;
		slots_[static_cast<std::uint32_t>(first.slot)] = first.request;
		SIM_CHECK(may_repeat(static_cast<std::uint32_t>(first.slot)));
	}
	const std::uint32_t slot = static_cast<std::uint32_t>(first.slot);
	if (!may_repeat(slot))
		return false;
	queue_.erase(queue_.begin());
	send_request(slot, pick());
	return true;
}

std::size_t Client::waiting() const
{
	return static_cast<std::size_t>(
		std::count_if(queue_.begin(), queue_.end(), [](const Waiting &w) { return w.slot < 0; }));
}

bool Client::stands_still() const
{
	if (!up() || !opened_ || gate())
		return false;
	for (std::uint32_t slot = 0; slot < slots_.size(); slot++)
		if (slots_[slot].kind == Slot::IO && slots_[slot].phase == Slot::HELD && may_repeat(slot))
			return true;
	return waiting() && std::any_of(slots_.begin(), slots_.end(), [this](const Slot &s) {
		       return usable(static_cast<std::uint32_t>(&s - slots_.data()));
	       });
}

void Client::fail_waiting()
{
	for (const Waiting &w : queue_)
		if (w.slot < 0)
			finish_io(w.request, -EIO);
	queue_.clear();
}

/* ---- sending ---- */

/* One RDMA write with immediate: [payload | message | header], or [message | header] behind the room for the answer. */
void Client::post(std::uint32_t slot, ClientPath *path, const Bytes &payload, const Bytes &msg, const Bytes &hdr)
{
	Slot &s = slots_[slot];
	Packet p = {Packet::WRITE_IMM, payload};
	SIM_CHECK(path && path->state == RTRS_PATH_CONNECTED && !s.under_way());
	s.path = path->name;
	s.link = slot == ADMIN_SLOT ? path->links[0] : path->links[1 + random_->below(config_.conns - 1U)];
	path->in_flight++;
	p.data.insert(p.data.end(), msg.begin(), msg.end());
	p.data.insert(p.data.end(), hdr.begin(), hdr.end());
	p.addr = path->chunks[slot].addr + s.data_len - payload.size();
	p.rkey = path->chunks[slot].rkey;
	SIM_CHECK(!new_rkey_ || path->used_keys.insert(p.rkey).second);
	p.imm = rtrs_imm_request(&g_, slot, s.data_len + static_cast<std::uint32_t>(msg.size()));
	fabric_->send(s.link, CLIENT, std::move(p));
}

void Client::send_request(std::uint32_t slot, ClientPath *path)
{
	Slot &s = slots_[slot];
	Bytes msg, hdr(RTRS_WIRE_READ_HDR_MAX);
	if (s.kind == Slot::SESS_INFO) {
		rnbd_wire_sess_info m;
		rnbd_sess_info_build(&m, RNBD_WIRE_MAJOR);
		msg = to_bytes(m);
		s.data_len = sizeof(rnbd_wire_sess_info);
	} else if (s.kind == Slot::OPEN) {
		rnbd_wire_open m;
		SIM_CHECK(rnbd_open_build(&m, "dev/sim0", RNBD_WIRE_RW) == 0);
		msg = to_bytes(m);
		s.data_len = sizeof(rnbd_wire_open_rsp);
	} else {
		rnbd_wire_io m;
		s.io.device_id = device_;
		rnbd_io_build(&m, &s.io);
		msg = to_bytes(m);
		SIM_TRACE("  client: slot %u op %u tag %u on path %u.%u", slot, s.io.op, s.tag, path->name, path->attempt);
	}
	const std::uint16_t len = static_cast<std::uint16_t>(msg.size());
	const bool write = s.kind == Slot::IO && modifies(s.io);
	s.need_inval = !write && s.data_len && config_.need_inval && random_->percent(80);
	if (write) {
		hdr.resize(rtrs_write_hdr_build(hdr.data(), len));
	} else if (s.data_len) {
		s.data.assign(s.data_len, 0xdd);
		s.lent_key = next_lent_++;
		const rtrs_lent lent = {lent_addr(slot), s.lent_key, s.data_len};
		hdr.resize(rtrs_read_hdr_build(hdr.data(), len, &lent, s.need_inval));
	} else {
		hdr.resize(rtrs_read_hdr_build(hdr.data(), len, nullptr, false));
	}
	post(slot, path, write ? payload_of(s) : Bytes(), msg, hdr);
	s.phase = Slot::SENT;
}

/*
 * The same request for no device, in the place of the one that may still be
 * lying or running there: it waits behind what runs, and what is started later
 * finds nothing but it.
 */
void Client::send_wipe(std::uint32_t slot, ClientPath *path)
{
	Slot &s = slots_[slot];
	rnbd_io nothing = s.io;
	rnbd_wire_io msg;
	Bytes hdr(RTRS_WIRE_READ_HDR_MAX);
	nothing.device_id = NO_DEVICE;
	rnbd_io_build(&msg, &nothing);
	hdr.resize(modifies(s.io) ? rtrs_write_hdr_build(hdr.data(), sizeof(msg)) :
				    rtrs_read_hdr_build(hdr.data(), sizeof(msg), nullptr, false));
	SIM_TRACE("  client: slot %u wiped on path %u.%u", slot, path->name, path->attempt);
	counts_.wiped++;
	s.need_inval = false;
	post(slot, path, {}, to_bytes(msg), hdr);
	s.phase = Slot::WIPING;
}

/* The application's next request; it is sent at once, or waits for a slot or until a path is up. */
void Client::issue()
{
	static const std::uint8_t ops[] = {RNBD_WIRE_OP_READ,  RNBD_WIRE_OP_READ,  RNBD_WIRE_OP_FLUSH, RNBD_WIRE_OP_WRITE_ZEROES,
					   RNBD_WIRE_OP_WRITE, RNBD_WIRE_OP_WRITE, RNBD_WIRE_OP_WRITE, RNBD_WIRE_OP_WRITE};
	Waiting waiting;
	Slot &s = waiting.request;
	s.kind = Slot::IO;
	s.io.op = ops[random_->below(sizeof(ops))];
	const bool flush = s.io.op == RNBD_WIRE_OP_FLUSH, zeroes = s.io.op == RNBD_WIRE_OP_WRITE_ZEROES;
	const std::uint32_t blocks = flush ? 0 : 1 + random_->below(MAX_BLOCKS);
	const std::uint32_t first = random_->below(DISK_BLOCKS - blocks + 1);
	s.io.sector = first * (BLOCK / 512);
	s.io.bytes = blocks * BLOCK;
	s.data_len = zeroes ? 0 : s.io.bytes;
	s.issued = clock_->now();
	counts_.issued++;
	if (modifies(s.io)) {
		s.tag = next_tag_++;
		model_.write_issued(first, blocks, s.tag, zeroes, s.issued);
	}
	SIM_TRACE("app: op %u tag %u blocks %u+%u", s.io.op, s.tag, first, blocks);
	enqueue(waiting);
	pump();
	counts_.queued += up() && opened_ && !queue_.empty();
}

/* ---- answers ---- */

/* The server's device writes into lent memory, or takes the key back. */
void Client::on_lent(std::uint32_t link, const Packet &p)
{
	for (std::uint32_t slot = 0; slot < slots_.size(); slot++) {
		Slot &s = slots_[slot];
		if (s.kind == Slot::FREE || !s.lent_key || s.lent_key != p.rkey)
			continue;
		SIM_CHECK(s.phase == Slot::SENT && s.link == link);
		if (p.kind == Packet::SEND_INV) {
			s.lent_key = 0;
			return;
		}
		SIM_CHECK(p.addr == lent_addr(slot) && p.data.size() <= s.data.size());
		std::memcpy(s.data.data(), p.data.data(), p.data.size());
		return;
	}
	SIM_CHECK(!"write or invalidation with a key that is not lent");
}

void Client::on_reply(ClientPath *path, std::uint32_t link, const Packet &p, const rtrs_imm &imm)
{
	std::uint32_t slot;
	int err;
	SIM_CHECK(imm.type == RTRS_WIRE_IMM_RESPONSE || imm.type == RTRS_WIRE_IMM_RESPONSE_INV);
	SIM_CHECK(rtrs_imm_response_parse(&g_, imm.payload, &slot, &err) == 0);
	Slot &s = slots_[slot];
	SIM_CHECK(s.under_way() && s.link == link);
	SIM_CHECK((imm.type == RTRS_WIRE_IMM_RESPONSE_INV) == s.need_inval);
	SIM_CHECK(!s.need_inval || !s.lent_key);
	SIM_CHECK(p.kind == (new_rkey_ ? Packet::SEND_IMM : Packet::WRITE_IMM));
	if (new_rkey_)
		SIM_CHECK(rtrs_rkey_parse(p.data.data(), p.data.size(), slot, &path->chunks[slot].rkey) == 0);
	path->in_flight--;
	s.lent_key = 0;
	answered(slot, err);
	pump();
}

void Client::answered(std::uint32_t slot, int err)
{
	Slot &s = slots_[slot];
	if (s.kind == Slot::SESS_INFO || s.kind == Slot::OPEN) {
		finish_admin(s, err);
		s.kind = Slot::FREE;
	} else if (s.phase == Slot::WIPING) {
		SIM_CHECK(err == -ENOTCONN);
		s.wiped = true;
		if (s.kind == Slot::IO)
			give_back(slot, s.result);
		s.kind = Slot::FREE;
		s.fence &= ~long_lost_;
	} else if (err == -ENOTCONN && !config_.broken[REMAP]) {
		/* the server has begun a new session while this side thought that a path was up */
		s.phase = Slot::HELD;
		if (s.io.device_id == device_)
			informed_ = opened_ = false;
	} else if (s.fence && !config_.broken[WIPE]) {
		s.result = err;
		s.phase = Slot::ANSWERED;
	} else {
		s.wiped = true;
		give_back(slot, err);
	}
}

/* To the application, exactly once. */
void Client::give_back(std::uint32_t slot, int err)
{
	Slot &s = slots_[slot];
	SIM_CHECK(s.kind == Slot::IO);
	SIM_TRACE("app: slot %u tag %u ends with %d", slot, s.tag, err);
	finish_io(s, err);
	s.kind = Slot::FREE;
}

bool Client::can_fail_held() const
{
	return config_.fast_fail && !up() &&
	       (waiting() || std::any_of(slots_.begin(), slots_.end(), [](const Slot &s) { return s.kind == Slot::IO; }));
}

void Client::fail_held()
{
	fail_waiting();
	for (std::uint32_t slot = 0; slot < slots_.size(); slot++) {
		Slot &s = slots_[slot];
		if (s.kind != Slot::IO)
			continue;
		SIM_CHECK(!s.under_way());
		counts_.held++;
		give_back(slot, s.phase == Slot::ANSWERED ? s.result : -EIO);
		if (!s.fence)
			continue;
		s.wiped = config_.broken[WIPE_FIRST];
		s.kind = s.wiped ? Slot::FREE : Slot::WIPE;
		s.phase = Slot::HELD;
	}
}

void Client::finish_io(const Slot &s, int err)
{
	const std::uint64_t now = clock_->now();
	const std::uint64_t first = s.io.sector / (BLOCK / 512);
	(err ? counts_.failed : counts_.succeeded)++;
	SIM_CHECK(err != -ENOTCONN);
	if (s.tag)
		model_.write_ended(first, s.io.bytes / BLOCK, s.tag, !err, now);
	if (s.io.op != RNBD_WIRE_OP_READ || err)
		return;
	for (std::uint32_t i = 0; i < s.io.bytes / BLOCK; i++)
		SIM_CHECK(model_.possible(first + i, block_tag(s.data.data() + i * BLOCK), s.issued, now));
}

void Client::finish_admin(const Slot &s, int err)
{
	const char *why;
	rnbd_dev_info info;
	rnbd_limits limits;
	std::uint8_t version;
	SIM_CHECK(!err);
	if (s.kind == Slot::SESS_INFO) {
		SIM_CHECK(rnbd_sess_info_rsp_parse(s.data.data(), s.data.size(), &version) == 0);
		informed_ = true;
		return;
	}
	SIM_CHECK(rnbd_open_rsp_parse(s.data.data(), s.data.size(), &info) == 0);
	SIM_CHECK(rnbd_limits_init(&limits, &info, g_.io_size, 128, &why) == 0);
	device_ = info.device_id;
	opened_ = true;
}

} // namespace sim
