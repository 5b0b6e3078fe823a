/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client node: one session of several paths. Connects, opens the device,
 * issues reads and writes, moves them when paths are lost, completes each
 * exactly once.
 */
#ifndef TESTS_SIM_CLIENT_H
#define TESTS_SIM_CLIENT_H

#include <memory>
#include <set>

#include "rnbd/pure/limits.h"
#include "rtrs/pure/backoff.h"
#include "rtrs/pure/handshake.h"
#include "rtrs/pure/heartbeat.h"
#include "rtrs/pure/io_msg.h"
#include "rtrs/pure/path_step.h"
#include "tests/sim/fabric.h"
#include "tests/sim/model.h"

namespace sim {

struct ClientPath {
	std::uint32_t name = 0;			/* never used twice; a bit of a fence */
	rtrs_path_state state = RTRS_PATH_CLOSED;
	std::uint32_t events = 0;
	std::uint16_t attempt = 0;
	std::uint32_t failed_attempts = 0;
	int tries = 0;				/* of the connect request; -1: the info request was sent */
	std::uint32_t token = 0;		/* of this attempt */
	bool published = false;
	int asked = 0;				/* ready but for the ends of others; how often it asked for them */
	bool alone = false;			/* this attempt may create a session */
	bool drain_pending = false;
	std::vector<std::uint32_t> links;	/* by cid */
	std::vector<rtrs_chunk_ref> chunks;
	std::set<std::uint32_t> used_keys;	/* of this attempt */
	std::uint32_t in_flight = 0;
	rtrs_hb hb = {};
};

/* What a slot's chunk holds or may hold. */
struct Slot {
	/* WIPE: the request was given back, what is left of it is not harmless yet */
	enum Kind { FREE, SESS_INFO, OPEN, IO, WIPE } kind = FREE;
	/* ANSWERED: the result is known, but copies may still do something */
	enum Phase { HELD, SENT, ANSWERED, WIPING } phase = HELD;
	std::uint32_t fence = 0;	/* paths that it was sent on and that never answered */
	bool wiped = false;		/* and all that they can find here is harmless */
	std::uint32_t path = 0, link = 0;	/* while SENT or WIPING */
	int result = 0;
	rnbd_io io = {};
	std::uint32_t tag = 0;		/* of a write */
	std::uint64_t issued = 0;
	std::uint32_t data_len = 0;
	std::uint32_t lent_key = 0;	/* 0: the server may not write into data */
	bool need_inval = false;
	Bytes data;			/* of a read */
	bool under_way() const { return kind != FREE && (phase == SENT || phase == WIPING); }
};

/* A request that waits with the block layer. */
struct Waiting {
	Slot request;
	int slot = -1;			/* it came back with this one, which must not happen */
};

struct Counts {
	std::uint64_t connects = 0, issued = 0, succeeded = 0, failed = 0, refused = 0, moved = 0, wiped = 0, removed = 0,
		      held = 0, ended = 0, queued = 0;
};

class Client {
public:
	Client(const Config &config, Random *random, Fabric *fabric, Clock *clock);

	void on_cm(const CmMessage &m);
	void on_packet(std::uint32_t link, const Packet &p);
	void on_error(std::uint32_t link);
	/* Of one random path each: heartbeat; step deadline or reconnect delay; end of a drain. */
	void tick();
	bool timer_waiting() const;
	void timer();
	bool drain_pending() const;
	void drain_finish();
	bool can_issue() const { return queue_.size() < MAX_WAITING; }
	void issue();
	std::size_t waiting() const;
	/* A request that nothing is in the way of is not sent. */
	bool stands_still() const;
	/* Requests have been held for too long. */
	bool can_fail_held() const;
	void fail_held();
	/* Paths that a slot waits for; long after its loss the server has noticed it for sure. */
	std::uint32_t fences() const;
	std::uint16_t last_attempt(std::uint32_t name) const { return attempts_[name]; }
	void long_lost(std::uint32_t name);
	ClientPath *add_path();
	std::uint32_t names_left() const { return MAX_NAMES - next_name_; }
	void raise(ClientPath *path, std::uint32_t events);

	const std::vector<std::unique_ptr<ClientPath>> &paths() const { return paths_; }
	const std::vector<Slot> &slots() const { return slots_; }
	bool busy() const;
	const Counts &counts() const { return counts_; }
	const Model &model() const { return model_; }
	Model &model() { return model_; }

private:
	void act(ClientPath *path, rtrs_path_action action);
	void connect(ClientPath *path);
	void connect_cid(ClientPath *path, std::uint16_t cid);
	void publish(ClientPath *path);
	void drain(ClientPath *path);
	void free_path(ClientPath *path);
	ClientPath *by_link(std::uint32_t link);
	ClientPath *random_path();
	void on_accept(ClientPath *path, const CmMessage &m);
	void send_info(ClientPath *path);
	void on_info(ClientPath *path, const Packet &p);
	void publish_if_ended(ClientPath *path);
	std::uint32_t unended() const { return ends_ && !config_.broken[END_FIRST] ? unended_ : 0; }
	void ask_ends(ClientPath *path);
	void on_end_ack(std::uint32_t token);
	void ended(std::uint32_t bits);

	ClientPath *pick();
	bool up() const;
	bool gate() const;
	bool may_repeat(std::uint32_t slot) const { return !(slots_[slot].fence & unended()); }
	void pump();
	bool start_admin();
	void resume(std::uint32_t slot);
	void enqueue(Waiting waiting);
	bool send_first();
	int usable_slot();
	void fail_waiting();
	bool usable(std::uint32_t slot) const;
	void settle(std::uint32_t path_bits, bool proven);
	void lost(ClientPath *path);
	void lose(std::uint32_t slot, ClientPath *path);
	void move_elsewhere(std::uint32_t slot);
	void send_request(std::uint32_t slot, ClientPath *path);
	void send_wipe(std::uint32_t slot, ClientPath *path);
	void post(std::uint32_t slot, ClientPath *path, const Bytes &payload, const Bytes &msg, const Bytes &hdr);
	void on_lent(std::uint32_t link, const Packet &p);
	void on_reply(ClientPath *path, std::uint32_t link, const Packet &p, const rtrs_imm &imm);
	void answered(std::uint32_t slot, int err);
	void give_back(std::uint32_t slot, int err);
	void finish_io(const Slot &s, int err);
	void finish_admin(const Slot &s, int err);

	const Config &config_;
	Random *random_;
	Fabric *fabric_;
	Clock *clock_;
	Model model_;
	rtrs_geometry g_ = {};
	std::vector<std::unique_ptr<ClientPath>> paths_;	/* by index of the mask */
	std::vector<Slot> slots_;
	std::vector<Waiting> queue_;		/* the block layer's */
	std::uint16_t attempts_[MAX_NAMES] = {};	/* by name; also of paths that are gone */
	std::uint32_t next_name_ = 0;
	std::uint32_t long_lost_ = 0;		/* fence bits */
	/* Fence bits: the last life that sent requests is lost, and the server may still take what it sent. */
	std::uint32_t unended_ = 0;
	std::uint32_t end_tokens_[MAX_NAMES] = {};	/* of those lives */
	std::uint32_t next_token_ = 1;
	std::uint32_t cursor_ = 0;
	bool new_rkey_ = false;
	bool ends_ = false;			/* the server has extension 2 */
	bool informed_ = false, opened_ = false;
	std::uint32_t device_ = 0;
	std::uint32_t next_tag_ = 1;
	std::uint32_t next_lent_ = 0x9000;
	Counts counts_;
};

} // namespace sim

#endif /* TESTS_SIM_CLIENT_H */
