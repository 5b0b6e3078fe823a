/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server node: connect requests, chunks and their keys, operations at the disk, replies. */
#ifndef TESTS_SIM_SERVER_H
#define TESTS_SIM_SERVER_H

#include <memory>

#include "rnbd/pure/limits.h"
#include "rtrs/pure/handshake.h"
#include "rtrs/pure/heartbeat.h"
#include "rtrs/pure/io_msg.h"
#include "rtrs/pure/path_step.h"
#include "tests/sim/fabric.h"
#include "tests/sim/model.h"

namespace sim {

struct ServerPath;

/* One operation from the moment it owns its chunk to its reply. */
struct Op {
	ServerPath *path;
	std::uint32_t link;
	std::uint32_t slot;
	std::uint32_t next_block;	/* of the blocks still to go to the disk */
	bool held;			/* the disk lets others pass */
	rtrs_io io;
	rnbd_io bio;
};

/* A request that waits until another path's operation has left its chunk. */
struct Parked {
	ServerPath *path;
	std::uint32_t link;
	std::uint32_t slot;
	std::uint32_t off;
};

/* What the device has received and nobody has looked at yet. */
struct Completion {
	std::uint32_t link;
	Packet packet;		/* its data is already in the chunk */
};

struct ServerPath {
	std::uint32_t name = 0;			/* from the client's uuid */
	rtrs_path_state state = RTRS_PATH_CONNECTING;
	std::uint32_t events = 0;
	std::uint16_t conn_count = 0;
	std::uint16_t attempt = 0;
	std::uint32_t token = 0;		/* of this life */
	bool published = false;
	bool drained = false;			/* nothing is taken of it any more */
	bool slow_end = false;			/* its draining takes its time */
	std::vector<std::uint32_t> links;	/* by cid */
	std::vector<std::uint32_t> keys;	/* by chunk; 0: the client may not write */
	std::deque<Completion> completions;
	bool lazy = false;			/* its completions wait */
	std::uint32_t ops = 0;			/* running and parked */
	rtrs_hb hb = {};
};

struct ServerSession {
	std::vector<Bytes> chunks;
	std::vector<ServerPath *> owner;	/* by chunk */
	std::uint32_t device = 0, other_device = 0;	/* their numbers; 0: not open */
	std::uint64_t base = 0;			/* address of chunk 0 */
};

class Server {
public:
	Server(const Config &config, Random *random, Fabric *fabric, Clock *clock, const Model *model);

	void on_cm(const CmMessage &m);
	/* The device takes a packet: data is placed, a completion is queued. */
	void on_packet(std::uint32_t link, Packet p);
	/* The device reports a failed transfer on this link. */
	void on_error(std::uint32_t link);
	bool completions_waiting() const;
	void completion_step();
	void tick();
	/* The handshake deadline, if a handshake is open. */
	bool handshake_open() const;
	void deadline();
	void admin_close(bool all);
	/* A path that ends goes on taking what arrives until its queue pairs are drained. */
	bool end_pending() const;
	void end_step();
	bool disk_busy() const { return !ops_.empty(); }
	/* One block of one operation goes to or comes from the disk. */
	void disk_step();
	void crash();
	void boot() { up_ = true; }
	bool up() const { return up_; }
	/* Nothing takes its time any more, and nothing will. */
	void hurry();
	/* Some path's completions wait from now on, or no longer. */
	void toggle_lazy();
	/* Does the server still take requests of this path's attempt @attempt or older? */
	bool serves(std::uint32_t name, std::uint16_t attempt) const;

	const std::vector<std::unique_ptr<ServerPath>> &paths() const { return paths_; }
	const Bytes &disk() const { return disk_; }
	const rtrs_geometry &geometry() const { return g_; }
	const std::vector<Op> &ops() const { return ops_; }
	bool idle() const { return paths_.empty() && !session_ && ops_.empty(); }

private:
	void raise(ServerPath *path, std::uint32_t events);
	void act(ServerPath *path, rtrs_path_action action);
	void drained(ServerPath *path);
	void on_path_end(ServerPath *path, std::uint32_t token);
	void free_path(ServerPath *path);
	ServerPath *by_link(std::uint32_t link);
	int admit(const rtrs_hello &hello, ServerPath **path);
	int admit_path(const rtrs_hello &hello, ServerPath **path);
	bool dead_sibling_busy() const;
	void on_info(ServerPath *path, const Packet &p);
	void on_imm(ServerPath *path, const Completion &c);
	void place(ServerPath *path, const Packet &p);
	void on_request(ServerPath *path, std::uint32_t link, std::uint32_t payload);
	void start(const Parked &p);
	int begin(Op *op, const Bytes &msg);
	void open_device();
	int answer_admin(const Op &op, const Bytes &msg);
	bool disk_block(Op *op);
	void reply(std::size_t at, int err);
	void reply_data(const Op &op, int err);
	void reply_tail(const Op &op, int err);
	void reply_imm(ServerPath *path, std::uint8_t type, std::uint32_t payload = 0);
	void release(ServerPath *path, std::uint32_t slot);
	void op_left(ServerPath *path);

	const Config &config_;
	Random *random_;
	Fabric *fabric_;
	Clock *clock_;
	const Model *model_;
	rtrs_geometry g_ = {};
	bool up_ = true;
	bool hurry_ = false;
	std::vector<std::unique_ptr<ServerPath>> paths_;
	std::unique_ptr<ServerSession> session_;
	std::vector<Op> ops_;
	std::deque<Parked> parked_;
	Bytes disk_;
	std::uint32_t next_key_ = 0x100;
	std::uint32_t next_device_ = 1;
	std::uint64_t next_base_ = 1ULL << 40;
};

} // namespace sim

#endif /* TESTS_SIM_SERVER_H */
