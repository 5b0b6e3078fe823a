/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One schedule: see schedule.h. */
#include "tests/sim/schedule.h"

#include <algorithm>
#include <utility>

namespace sim {

namespace {

/* More than any quiet end has needed; reaching it means that something hangs. */
const int QUIET_LIMIT = 20000;

Config draw(Random *random, Rule broken)
{
	Config c;
	c.conns = static_cast<std::uint16_t>(2 + random->below(2));
	c.depth = 2 + random->below(5);
	c.paths = 1 + random->below(3);
	c.policy = random->percent(50) ? RTRS_MP_ROUND_ROBIN : RTRS_MP_MIN_INFLIGHT;
	c.new_rkey = random->percent(50);
	c.need_inval = random->percent(50);
	c.max_attempts = random->percent(20) ? static_cast<int>(1 + random->below(4)) : -1;
	c.loss = random->percent(50) ? random->below(30) : 0;
	c.ends = random->percent(80);
	c.kept = c.ends && random->percent(75) ? random->below(100) : 0;
	c.faults = random->percent(90) ? 5 + random->below(30) : 0;
	c.lazy = random->percent(75) ? random->below(40) : 0;
	c.patience = 10 + random->below(100);
	c.fast_fail = random->percent(50);
	c.steps = 200 + random->below(1000);
	c.order = static_cast<Order>(random->below(ORDERS));
	if (broken < RULES)
		c.broken[broken] = true;
	return c;
}

} // namespace

Schedule::Schedule(std::uint64_t seed, Rule broken)
	: random_(seed), config_(draw(&random_, broken)), fabric_(config_, &random_),
	  client_(config_, &random_, &fabric_, &clock_), server_(config_, &random_, &fabric_, &clock_, &client_.model())
{
}

/* ---- steps ---- */

/* The server has noticed that the path is lost: its heartbeat is faster than the client's long time. */
bool Schedule::long_lost_waiting() const
{
	const std::uint32_t fences = client_.fences();
	for (std::uint32_t name = 0; fences >> name && name < MAX_NAMES; name++)
		if (fences >> name & 1 && !server_.serves(name, client_.last_attempt(name)))
			return true;
	return false;
}

void Schedule::long_lost()
{
	const std::uint32_t fences = client_.fences();
	for (std::uint32_t name = 0; name < MAX_NAMES; name++)
		if (fences >> name & 1 && !server_.serves(name, client_.last_attempt(name)))
			client_.long_lost(name);
}

void Schedule::weigh(std::uint32_t weights[STEPS]) const
{
	const bool packets = fabric_.packets_waiting(), completions = server_.completions_waiting();
	const bool busy = fabric_.cm_waiting() || packets || completions || server_.disk_busy();
	weights[CM] = fabric_.cm_waiting() ? 20 : 0;
	weights[PACKET] = packets ? 40 : 0;
	weights[COMPLETION] = completions ? 40 : 0;
	/* time is slow compared to messages, but for once in a while */
	weights[TIMER] = client_.timer_waiting() ? (busy ? 1 : 10) : 0;
	weights[TICK] = busy ? 1 : 4;
	weights[DEADLINE] = server_.handshake_open() ? (busy ? 1 : 4) : 0;
	weights[DISK] = server_.disk_busy() ? 30 : 0;
	weights[DRAINED] = client_.drain_pending() ? 10 : 0;
	weights[ENDED] = server_.end_pending() ? 10 : 0;
	weights[ISSUE] = !quiet_ && client_.can_issue() ? 20 : 0;
	weights[FAIL_HELD] = !quiet_ && client_.can_fail_held() ? 1 : 0;
	weights[LONG_LOST] = client_.fences() && long_lost_waiting() ? 1 : 0;
}

bool Schedule::step()
{
	std::uint32_t weights[STEPS], sum = 0;
	weigh(weights);
	for (std::uint32_t w : weights)
		sum += w;
	if (!sum)
		return false;
	std::uint32_t at = random_.below(sum);
	for (int s = 0; s < STEPS; s++) {
		if (at < weights[s]) {
			take(static_cast<Step>(s));
			break;
		}
		at -= weights[s];
	}
	if (!quiet_ && random_.below(1000) < config_.faults)
		fault();
	invariants();
	return true;
}

void Schedule::take(Step s)
{
	switch (s) {
	case CM:
		deliver_cm();
		break;
	case PACKET:
		deliver_packet();
		break;
	case COMPLETION:
		server_.completion_step();
		break;
	case TIMER:
		client_.timer();
		break;
	case TICK:
		tick();
		break;
	case DEADLINE:
		server_.deadline();
		break;
	case DISK:
		server_.disk_step();
		break;
	case DRAINED:
		client_.drain_finish();
		break;
	case ENDED:
		server_.end_step();
		break;
	case ISSUE:
		client_.issue();
		break;
	case FAIL_HELD:
		SIM_TRACE("held for too long");
		client_.fail_held();
		break;
	default:
		long_lost();
		break;
	}
}

void Schedule::tick()
{
	if (random_.percent(50))
		client_.tick();
	else
		server_.tick();
}

void Schedule::deliver_cm()
{
	const std::optional<CmMessage> m = fabric_.next_cm(quiet_ ? 0 : config_.loss);
	if (m && m->to == CLIENT)
		client_.on_cm(*m);
	else if (m)
		server_.on_cm(*m);
}

void Schedule::deliver_packet()
{
	std::optional<Fabric::Delivery> d = fabric_.next_packet();
	if (!d)		/* the network keeps all there is */
		return;
	if (d->lost && d->to == CLIENT)
		server_.on_error(d->link);
	else if (d->lost)
		client_.on_error(d->link);
	else if (d->to == CLIENT)
		client_.on_packet(d->link, d->packet);
	else
		server_.on_packet(d->link, std::move(d->packet));
}

/* ---- faults ---- */

/* Silent: nobody is told; loud: the client's device tells at once. */
void Schedule::lose_path(ClientPath *path)
{
	if (path->links.empty())
		return;
	const std::uint32_t one = path->links[random_.below(static_cast<std::uint32_t>(path->links.size()))];
	const std::vector<std::uint32_t> links = path->links;
	const bool loud = random_.percent(50);
	SIM_TRACE("path %u.%u lost%s", path->name, path->attempt, loud ? "" : " silently");
	fabric_.cut(random_.percent(70) ? links : std::vector<std::uint32_t>{one});
	if (loud)
		client_.on_error(one);
}

void Schedule::path_fault(ClientPath *path)
{
	switch (random_.below(10)) {
	case 0:
		SIM_TRACE("admin: close path %u", path->name);
		client_.raise(path, RTRS_PEV_CLOSE);
		break;
	case 1:
		SIM_TRACE("admin: reconnect path %u", path->name);
		client_.raise(path, RTRS_PEV_RECONNECT);
		break;
	case 2:
		if (random_.percent(50))
			lose_path(path);
		SIM_TRACE("admin: remove path %u", path->name);
		client_.raise(path, RTRS_PEV_REMOVE);
		break;
	case 3:
		SIM_TRACE("link of path %u is back", path->name);
		client_.raise(path, RTRS_PEV_TIMER);
		break;
	default:
		lose_path(path);
		break;
	}
}

void Schedule::server_fault()
{
	if (!server_.up()) {
		if (random_.percent(70))
			server_.boot();
	} else if (random_.percent(30)) {
		server_.crash();
		if (random_.percent(50))	/* back before anybody misses it */
			server_.boot();
	} else {
		server_.admin_close(random_.percent(30));
	}
}

void Schedule::fault()
{
	const std::uint32_t what = random_.below(100);
	const auto &paths = client_.paths();
	if (what < 12) {
		server_fault();
	} else if (what < 30) {
		server_.toggle_lazy();
	} else if (what < 35) {
		if (paths.size() < MAX_PATHS && client_.names_left() > 1)
			client_.raise(client_.add_path(), RTRS_PEV_RECONNECT);
	} else if (what < 45) {
		/* all at once */
		for (std::size_t i = 0; i < paths.size(); i++)
			lose_path(paths[i].get());
	} else if (!paths.empty()) {
		path_fault(paths[random_.below(static_cast<std::uint32_t>(paths.size()))].get());
	}
}

/* ---- invariants ---- */

/* While both ends agree on a path, they agree on the keys of its idle chunks. */
void Schedule::invariant_keys() const
{
	for (const auto &sp : server_.paths()) {
		if (sp->state != RTRS_PATH_CONNECTED)
			continue;
		for (const auto &cp : client_.paths()) {
			if (cp->name != sp->name || cp->attempt != sp->attempt || cp->state != RTRS_PATH_CONNECTED)
				continue;
			for (std::uint32_t slot = 0; slot < config_.depth; slot++) {
				const Slot &s = client_.slots()[slot];
				if (!s.under_way() || s.path != cp->name)
					SIM_CHECK(sp->keys[slot] == cp->chunks[slot].rkey);
			}
		}
	}
}

/* No receive queue may run dry: what is under way never exceeds what each side keeps posted. */
void Schedule::invariant_receives() const
{
	for (std::uint32_t id : fabric_.live()) {
		const Link &l = fabric_.link(id);
		SIM_CHECK(l.under_way[SERVER].size() <= (l.cid ? config_.depth : RTRS_WIRE_ADMIN_DEPTH));
		std::size_t count = 0;
		for (const Packet &p : l.under_way[CLIENT])
			count += p.takes_receive();
		SIM_CHECK(count <= (l.cid ? 2 * config_.depth : RTRS_WIRE_ADMIN_DEPTH));
	}
}

void Schedule::invariants() const
{
	for (const auto &path : client_.paths()) {
		std::uint32_t in_flight = 0;
		for (const Slot &s : client_.slots())
			in_flight += s.under_way() && s.path == path->name;
		SIM_CHECK(in_flight == path->in_flight);
		SIM_CHECK(!in_flight || path->state == RTRS_PATH_CONNECTED);
	}
	/* each request is given back once, or still owned */
	const Counts &c = client_.counts();
	std::uint64_t owned = 0;
	for (const Slot &s : client_.slots())
		owned += s.kind == Slot::IO;
	SIM_CHECK(c.issued == c.succeeded + c.failed + owned + client_.waiting());
	SIM_CHECK(!client_.stands_still());
	invariant_keys();
	invariant_receives();
}

void Schedule::check_disk() const
{
	const std::uint64_t now = ~0ULL - 1;
	for (std::uint32_t b = 0; b < DISK_BLOCKS; b++)
		SIM_CHECK(client_.model().possible(b, block_tag(server_.disk().data() + b * BLOCK), now, now));
}

/* ---- the course ---- */

bool Schedule::healed() const
{
	const auto &paths = client_.paths();
	return !paths.empty() && !client_.busy() && !client_.waiting() && !client_.fences() && server_.ops().empty() &&
	       std::all_of(paths.begin(), paths.end(), [](const auto &p) { return p->state == RTRS_PATH_CONNECTED; });
}

/* The fabric is whole again: every path comes back, every request ends, every slot is usable. */
void Schedule::heal()
{
	SIM_TRACE("the fabric heals");
	quiet_ = true;
	server_.boot();
	server_.hurry();
	fabric_.hurry();
	for (int i = 0; i < QUIET_LIMIT && !healed(); i++) {
		const auto &paths = client_.paths();
		if (paths.empty())
			client_.raise(client_.add_path(), RTRS_PEV_RECONNECT);
		for (std::size_t p = 0; p < paths.size(); p++)
			if (paths[p]->state == RTRS_PATH_CLOSED)
				client_.raise(paths[p].get(), RTRS_PEV_RECONNECT);
		SIM_CHECK(step());
	}
	SIM_CHECK(healed());
	check_disk();
}

void Schedule::remove_all()
{
	SIM_TRACE("all paths go");
	quiet_ = true;
	server_.boot();
	server_.hurry();
	fabric_.hurry();
	const std::uint32_t how = random_.percent(50) ? std::uint32_t{RTRS_PEV_REMOVE} : RTRS_PEV_CLOSE | RTRS_PEV_REMOVE;
	for (std::size_t i = client_.paths().size(); i--;)
		client_.raise(client_.paths()[i].get(), how);
	for (int i = 0; i < QUIET_LIMIT; i++) {
		if (client_.paths().empty() && server_.idle() && !fabric_.cm_waiting() && !fabric_.packets_waiting())
			break;
		step();
	}
	SIM_CHECK(client_.paths().empty());
	SIM_CHECK(server_.idle());
	client_.fail_held();
	SIM_CHECK(client_.counts().issued == client_.counts().succeeded + client_.counts().failed);
	check_disk();
}

void Schedule::run()
{
	for (std::uint32_t i = 0; i < config_.paths; i++)
		client_.raise(client_.add_path(), RTRS_PEV_RECONNECT);
	for (std::uint32_t i = 0; i < config_.steps; i++)
		step();
	if (random_.percent(70))
		heal();
	remove_all();
}

} // namespace sim
