/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One schedule: both nodes, the fabric, a random choice of the next step, the invariants after it. */
#ifndef TESTS_SIM_SCHEDULE_H
#define TESTS_SIM_SCHEDULE_H

#include "tests/sim/client.h"
#include "tests/sim/server.h"

namespace sim {

class Schedule {
public:
	/* @broken: a rule that the nodes do not keep; RULES: they keep all. */
	Schedule(std::uint64_t seed, Rule broken);
	/* Random steps with faults, then the fabric heals and all must be well, then everything must go. */
	void run();
	const Counts &counts() const { return client_.counts(); }

private:
	/* What may happen next, with the weight of its chance. */
	enum Step { CM, PACKET, COMPLETION, TIMER, TICK, DEADLINE, DISK, DRAINED, ENDED, ISSUE, FAIL_HELD, LONG_LOST, STEPS };

	void weigh(std::uint32_t weights[STEPS]) const;
	bool step();
	void take(Step s);
	void tick();
	void deliver_cm();
	void deliver_packet();
	void long_lost();
	bool long_lost_waiting() const;
	void fault();
	void path_fault(ClientPath *path);
	void server_fault();
	void lose_path(ClientPath *path);
	void heal();
	bool healed() const;
	void remove_all();
	void check_disk() const;
	void invariants() const;
	void invariant_keys() const;
	void invariant_receives() const;

	Random random_;
	Config config_;
	Clock clock_;
	Fabric fabric_;
	Client client_;
	Server server_;
	bool quiet_ = false;
};

} // namespace sim

#endif /* TESTS_SIM_SCHEDULE_H */
