/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The path state machines: the named steps, and properties over all states and events. */
#include "tests/catch.h"

#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "rtrs/pure/path_step.h"

namespace {

const u32 ALL_EVENTS = 128;
const u32 CLOSERS = RTRS_PEV_CLOSE | RTRS_PEV_REMOVE;
const u32 NOISE = RTRS_PEV_UP | RTRS_PEV_LOST | RTRS_PEV_TIMER;

struct Side {
	bool client;
	bool attempts_left;
	rtrs_path_verdict step(rtrs_path_state s, u32 ev) const
	{
		return client ? rtrs_clt_path_step(s, ev, attempts_left) : rtrs_srv_path_step(s, ev);
	}
};

const Side CLIENT = {true, true}, LAST_TRY = {true, false}, SERVER = {false, false};

/* What the worker does: step until nothing is consumed; DRAIN raises DONE. */
rtrs_path_state run(const Side &side, rtrs_path_state s, u32 events, std::set<rtrs_path_action> *done = nullptr)
{
	for (int steps = 0;; steps++) {
		REQUIRE(steps < 20);
		const rtrs_path_verdict v = side.step(s, events);
		if (!v.consumed)
			return s;
		events &= ~v.consumed;
		s = v.next;
		if (v.action == RTRS_PACT_DRAIN)
			events |= RTRS_PEV_DONE;
		if (done)
			done->insert(v.action);
	}
}

void expect(const Side &side, rtrs_path_state from, u32 events, rtrs_path_state to, rtrs_path_action action)
{
	const rtrs_path_verdict v = side.step(from, events);
	CAPTURE(rtrs_path_state_name(from), events);
	CHECK(std::string(rtrs_path_state_name(v.next)) == rtrs_path_state_name(to));
	CHECK(v.action == action);
}

template <typename F> void everywhere(F f)
{
	for (const Side &side : {CLIENT, LAST_TRY, SERVER})
		for (int s = 0; s < RTRS_PATH_STATES; s++)
			for (u32 ev = 0; ev < ALL_EVENTS; ev++)
				f(side, static_cast<rtrs_path_state>(s), ev);
}

/*
 * The worker among others: events come one by one, between any two of its
 * steps; DONE comes when a drain was ordered, and only then.
 */
struct Node {
	rtrs_path_state state;
	u32 events;
	bool owed;	/* a drain that will raise DONE */
	bool operator<(const Node &o) const
	{
		return std::tie(state, events, owed) < std::tie(o.state, o.events, o.owed);
	}
};

const u32 OTHERS_RAISE[] = {RTRS_PEV_UP, RTRS_PEV_LOST, RTRS_PEV_TIMER, RTRS_PEV_CLOSE, RTRS_PEV_RECONNECT, RTRS_PEV_REMOVE};

Node worked(const Side &side, const Node &n)
{
	const rtrs_path_verdict v = side.step(n.state, n.events);
	return {v.next, n.events & ~v.consumed, n.owed || v.action == RTRS_PACT_DRAIN};
}

Node drained(const Node &n)
{
	return {n.state, n.events | RTRS_PEV_DONE, false};
}

/* Every node that can be reached when others raise only events of @allowed. */
std::set<Node> closure(const std::vector<Side> &sides, const std::vector<Node> &from, u32 allowed)
{
	std::set<Node> seen(from.begin(), from.end());
	std::vector<Node> open = from;
	while (!open.empty()) {
		const Node n = open.back();
		open.pop_back();
		std::vector<Node> next;
		for (const Side &side : sides)
			next.push_back(worked(side, n));
		if (n.owed)
			next.push_back(drained(n));
		for (u32 event : OTHERS_RAISE)
			if (event & allowed)
				next.push_back({n.state, n.events | event, n.owed});
		for (const Node &m : next)
			if (seen.insert(m).second)
				open.push_back(m);
	}
	return seen;
}

/* The client has attempts left or not, and that may change between any two steps. */
const std::vector<Side> CLIENTS = {CLIENT, LAST_TRY}, SERVERS = {SERVER};

template <typename F> void reachable(F f)
{
	for (const std::vector<Side> &sides : {CLIENTS, SERVERS})
		for (const Node &n : closure(sides, {{RTRS_PATH_CONNECTING, 0, false}}, ~0U))
			f(sides, n);
}

/* Where it comes to rest when nobody else raises anything more. */
Node settled(const Side &side, Node n)
{
	for (int steps = 0;; steps++) {
		REQUIRE(steps < 30);
		Node m = worked(side, n);
		if (m.state == n.state && m.events == n.events && m.owed)
			m = drained(m);
		if (m.state == n.state && m.events == n.events)
			return m;
		n = m;
	}
}

} // namespace

TEST_CASE("a client path comes up, is lost, waits and comes back")
{
	expect(CLIENT, RTRS_PATH_CONNECTING, RTRS_PEV_UP, RTRS_PATH_CONNECTED, RTRS_PACT_PUBLISH);
	expect(CLIENT, RTRS_PATH_CONNECTED, RTRS_PEV_LOST, RTRS_PATH_DRAINING, RTRS_PACT_DRAIN);
	expect(CLIENT, RTRS_PATH_DRAINING, RTRS_PEV_DONE, RTRS_PATH_WAITING, RTRS_PACT_WAIT);
	expect(CLIENT, RTRS_PATH_WAITING, RTRS_PEV_TIMER, RTRS_PATH_CONNECTING, RTRS_PACT_CONNECT);
	expect(CLIENT, RTRS_PATH_CONNECTING, RTRS_PEV_LOST, RTRS_PATH_DRAINING, RTRS_PACT_DRAIN);
	expect(LAST_TRY, RTRS_PATH_DRAINING, RTRS_PEV_DONE, RTRS_PATH_CLOSED, RTRS_PACT_REST);
}

TEST_CASE("every live client state closes on CLOSE and on REMOVE")
{
	for (int s = RTRS_PATH_CONNECTING; s <= RTRS_PATH_WAITING; s++)
		for (u32 ev : {u32(RTRS_PEV_CLOSE), u32(RTRS_PEV_REMOVE)})
			expect(CLIENT, static_cast<rtrs_path_state>(s), ev, RTRS_PATH_CLOSING, RTRS_PACT_DRAIN);
	expect(CLIENT, RTRS_PATH_CLOSING, RTRS_PEV_DONE, RTRS_PATH_CLOSED, RTRS_PACT_REST);
	expect(CLIENT, RTRS_PATH_CLOSED, RTRS_PEV_REMOVE, RTRS_PATH_GONE, RTRS_PACT_FREE);
}

TEST_CASE("reconnect revives a closed path, shortens a wait, and renews a connected one at once")
{
	expect(CLIENT, RTRS_PATH_CLOSED, RTRS_PEV_RECONNECT, RTRS_PATH_CONNECTING, RTRS_PACT_CONNECT);
	expect(CLIENT, RTRS_PATH_WAITING, RTRS_PEV_RECONNECT, RTRS_PATH_CONNECTING, RTRS_PACT_CONNECT);
	for (const Side &side : {CLIENT, LAST_TRY}) {
		std::set<rtrs_path_action> actions;
		CHECK(run(side, RTRS_PATH_CONNECTED, RTRS_PEV_RECONNECT, &actions) == RTRS_PATH_CONNECTING);
		CHECK(actions.count(RTRS_PACT_DRAIN) == 1);
		CHECK(actions.count(RTRS_PACT_WAIT) == 0);
	}
	/* while connecting or closing it means nothing */
	expect(CLIENT, RTRS_PATH_CONNECTING, RTRS_PEV_RECONNECT, RTRS_PATH_CONNECTING, RTRS_PACT_NONE);
	CHECK(run(CLIENT, RTRS_PATH_CLOSING, RTRS_PEV_RECONNECT) == RTRS_PATH_CLOSING);
	CHECK(rtrs_clt_path_step(RTRS_PATH_CLOSING, RTRS_PEV_RECONNECT, true).consumed == RTRS_PEV_RECONNECT);
	/* and CLOSE beats it */
	CHECK(run(CLIENT, RTRS_PATH_CLOSED, RTRS_PEV_RECONNECT | RTRS_PEV_CLOSE) == RTRS_PATH_CLOSED);
}

TEST_CASE("an old close does not undo a later reconnect")
{
	const rtrs_path_verdict v = rtrs_clt_path_step(RTRS_PATH_CLOSED, RTRS_PEV_CLOSE, true);
	CHECK(v.next == RTRS_PATH_CLOSED);
	CHECK(v.consumed == RTRS_PEV_CLOSE);
}

TEST_CASE("a link that is back is tried at once, whatever the path was doing")
{
	for (u32 early : {u32(RTRS_PEV_TIMER), u32(RTRS_PEV_TIMER | RTRS_PEV_LOST)}) {
		std::set<rtrs_path_action> actions;
		CHECK(run(CLIENT, RTRS_PATH_CONNECTING, early | RTRS_PEV_LOST, &actions) == RTRS_PATH_CONNECTING);
		CHECK(run(CLIENT, RTRS_PATH_CONNECTED, early | RTRS_PEV_LOST, &actions) == RTRS_PATH_CONNECTING);
		CHECK(run(CLIENT, RTRS_PATH_DRAINING, early | RTRS_PEV_DONE, &actions) == RTRS_PATH_CONNECTING);
		CHECK(actions.count(RTRS_PACT_WAIT) == 0);
	}
	/* but it gives no further attempt, means nothing to a connected path, and revives no closed one */
	CHECK(run(LAST_TRY, RTRS_PATH_CONNECTING, RTRS_PEV_TIMER | RTRS_PEV_LOST) == RTRS_PATH_CLOSED);
	CHECK(rtrs_clt_path_step(RTRS_PATH_CONNECTED, RTRS_PEV_TIMER, true).consumed == RTRS_PEV_TIMER);
	CHECK(rtrs_clt_path_step(RTRS_PATH_CONNECTING, RTRS_PEV_TIMER | RTRS_PEV_UP, true).consumed ==
	      (RTRS_PEV_TIMER | RTRS_PEV_UP));
	CHECK(run(CLIENT, RTRS_PATH_CLOSED, RTRS_PEV_TIMER) == RTRS_PATH_CLOSED);
}

TEST_CASE("a device that goes is a loss like others: the path waits for it")
{
	CHECK(run(CLIENT, RTRS_PATH_CONNECTED, RTRS_PEV_LOST) == RTRS_PATH_WAITING);
	CHECK(run(CLIENT, RTRS_PATH_CONNECTING, RTRS_PEV_LOST) == RTRS_PATH_WAITING);
	CHECK(run(CLIENT, RTRS_PATH_WAITING, RTRS_PEV_LOST) == RTRS_PATH_WAITING);
}

TEST_CASE("LOST is stronger than UP, CLOSE stronger than both")
{
	expect(CLIENT, RTRS_PATH_CONNECTING, RTRS_PEV_UP | RTRS_PEV_LOST, RTRS_PATH_DRAINING, RTRS_PACT_DRAIN);
	expect(CLIENT, RTRS_PATH_CONNECTING, RTRS_PEV_UP | RTRS_PEV_LOST | RTRS_PEV_CLOSE, RTRS_PATH_CLOSING,
	       RTRS_PACT_DRAIN);
	expect(SERVER, RTRS_PATH_CONNECTING, RTRS_PEV_UP | RTRS_PEV_LOST, RTRS_PATH_CLOSING, RTRS_PACT_DRAIN);
}

TEST_CASE("loss of the old attempt cannot hit the next one")
{
	const rtrs_path_verdict v = rtrs_clt_path_step(RTRS_PATH_DRAINING, RTRS_PEV_DONE | RTRS_PEV_LOST, true);
	CHECK(v.next == RTRS_PATH_WAITING);
	CHECK((v.consumed & RTRS_PEV_LOST) != 0);
	const rtrs_path_verdict w = rtrs_clt_path_step(RTRS_PATH_WAITING, RTRS_PEV_TIMER | NOISE, true);
	CHECK(w.next == RTRS_PATH_CONNECTING);
	CHECK(w.consumed == (RTRS_PEV_TIMER | NOISE));
}

TEST_CASE("a server path closes on loss, close and its handshake deadline")
{
	expect(SERVER, RTRS_PATH_CONNECTING, RTRS_PEV_UP, RTRS_PATH_CONNECTED, RTRS_PACT_PUBLISH);
	for (u32 ev : {u32(RTRS_PEV_LOST), u32(RTRS_PEV_CLOSE), u32(RTRS_PEV_REMOVE)}) {
		expect(SERVER, RTRS_PATH_CONNECTING, ev, RTRS_PATH_CLOSING, RTRS_PACT_DRAIN);
		expect(SERVER, RTRS_PATH_CONNECTED, ev, RTRS_PATH_CLOSING, RTRS_PACT_DRAIN);
	}
	expect(SERVER, RTRS_PATH_CONNECTING, RTRS_PEV_TIMER, RTRS_PATH_CLOSING, RTRS_PACT_DRAIN);
	expect(SERVER, RTRS_PATH_CONNECTED, RTRS_PEV_TIMER, RTRS_PATH_CONNECTED, RTRS_PACT_NONE);
	/* a handshake that is complete has met its deadline */
	expect(SERVER, RTRS_PATH_CONNECTING, RTRS_PEV_TIMER | RTRS_PEV_UP, RTRS_PATH_CONNECTED, RTRS_PACT_PUBLISH);
	expect(SERVER, RTRS_PATH_CLOSING, RTRS_PEV_DONE, RTRS_PATH_CLOSED, RTRS_PACT_REST);
	expect(SERVER, RTRS_PATH_CLOSED, RTRS_PEV_REMOVE, RTRS_PATH_GONE, RTRS_PACT_FREE);
	expect(SERVER, RTRS_PATH_CLOSED, RTRS_PEV_RECONNECT, RTRS_PATH_CLOSED, RTRS_PACT_NONE);
}

TEST_CASE("a server path never drains to come back")
{
	for (int s = 0; s < RTRS_PATH_STATES; s++)
		for (u32 ev = 0; ev < ALL_EVENTS; ev++) {
			const rtrs_path_verdict v = rtrs_srv_path_step(static_cast<rtrs_path_state>(s), ev);
			if (v.next != s)
				REQUIRE((v.next != RTRS_PATH_DRAINING && v.next != RTRS_PATH_WAITING &&
					 v.next != RTRS_PATH_CONNECTING));
		}
}

TEST_CASE("a step consumes something, and without a step there is no action")
{
	everywhere([](const Side &side, rtrs_path_state s, u32 ev) {
		const rtrs_path_verdict v = side.step(s, ev);
		/* what was not pending is cleared only if the step settles it */
		const u32 early = v.consumed & ~ev;
		REQUIRE((early & ~u32(RTRS_PEV_LOST)) == 0);
		if (early)
			REQUIRE(v.action == RTRS_PACT_DRAIN);
		if (v.next == s)
			REQUIRE(v.action == RTRS_PACT_NONE);
		else
			REQUIRE((v.action != RTRS_PACT_NONE && v.consumed != 0));
		if (!ev)
			REQUIRE((v.next == s && v.consumed == 0));
	});
}

TEST_CASE("each action belongs to the state it leads to")
{
	const rtrs_path_action by_state[RTRS_PATH_STATES] = {RTRS_PACT_CONNECT, RTRS_PACT_PUBLISH, RTRS_PACT_DRAIN,
							     RTRS_PACT_WAIT, RTRS_PACT_DRAIN, RTRS_PACT_REST,
							     RTRS_PACT_FREE};
	everywhere([&](const Side &side, rtrs_path_state s, u32 ev) {
		const rtrs_path_verdict v = side.step(s, ev);
		if (v.next != s)
			REQUIRE(v.action == by_state[v.next]);
	});
}

TEST_CASE("REMOVE is consumed only by the step to gone")
{
	everywhere([](const Side &side, rtrs_path_state s, u32 ev) {
		const rtrs_path_verdict v = side.step(s, ev);
		if (v.consumed & RTRS_PEV_REMOVE)
			REQUIRE(v.next == RTRS_PATH_GONE);
	});
}

TEST_CASE("CLOSE is consumed only where the path is closing or closed")
{
	everywhere([](const Side &side, rtrs_path_state s, u32 ev) {
		const rtrs_path_verdict v = side.step(s, ev);
		if (v.consumed & RTRS_PEV_CLOSE)
			REQUIRE(v.next >= RTRS_PATH_CLOSING);
	});
}

TEST_CASE("with CLOSE or REMOVE pending no step leads to a live state")
{
	everywhere([](const Side &side, rtrs_path_state s, u32 ev) {
		if (ev & CLOSERS)
			REQUIRE(side.step(s, ev).next >= RTRS_PATH_CLOSING);
	});
}

TEST_CASE("REMOVE, with whatever else is pending, ends in gone from every state")
{
	everywhere([](const Side &side, rtrs_path_state s, u32 ev) {
		/* what drains already owes its DONE */
		if (s == RTRS_PATH_CLOSING)
			ev |= RTRS_PEV_DONE;
		REQUIRE(run(side, s, ev | RTRS_PEV_REMOVE) == RTRS_PATH_GONE);
	});
}

TEST_CASE("CLOSE, with whatever else is pending, ends in closed from every state")
{
	everywhere([](const Side &side, rtrs_path_state s, u32 ev) {
		if (s == RTRS_PATH_CLOSING)
			ev |= RTRS_PEV_DONE;
		const rtrs_path_state end = run(side, s, (ev & ~u32(RTRS_PEV_REMOVE)) | RTRS_PEV_CLOSE);
		REQUIRE(end == (s == RTRS_PATH_GONE ? RTRS_PATH_GONE : RTRS_PATH_CLOSED));
	});
}

TEST_CASE("events that come one by one in any order after CLOSE do not stop it")
{
	/* every pair of states and events between CLOSE and DONE */
	everywhere([](const Side &side, rtrs_path_state s, u32 ev) {
		if (s >= RTRS_PATH_CLOSING)
			return;
		rtrs_path_verdict v = side.step(s, RTRS_PEV_CLOSE);
		REQUIRE(v.next == RTRS_PATH_CLOSING);
		ev &= ~u32(RTRS_PEV_DONE);
		v = side.step(v.next, ev);
		REQUIRE(v.next == RTRS_PATH_CLOSING);
		REQUIRE((v.consumed & RTRS_PEV_REMOVE) == 0);
		REQUIRE(run(side, v.next, RTRS_PEV_DONE) == RTRS_PATH_CLOSED);
	});
}

TEST_CASE("gone is final and swallows everything")
{
	for (const Side &side : {CLIENT, SERVER})
		for (u32 ev = 0; ev < ALL_EVENTS; ev++) {
			const rtrs_path_verdict v = side.step(RTRS_PATH_GONE, ev);
			REQUIRE(v.next == RTRS_PATH_GONE);
			REQUIRE(v.action == RTRS_PACT_NONE);
			REQUIRE(v.consumed == ev);
		}
}

TEST_CASE("the worker's loop ends for every set of events")
{
	everywhere([](const Side &side, rtrs_path_state s, u32 ev) { run(side, s, ev); });
}

TEST_CASE("all states are reached, on the client all, on the server those that it has")
{
	std::set<int> client, server;
	for (const Node &n : closure(CLIENTS, {{RTRS_PATH_CONNECTING, 0, false}}, ~0U))
		client.insert(n.state);
	for (const Node &n : closure(SERVERS, {{RTRS_PATH_CONNECTING, 0, false}}, ~0U))
		server.insert(n.state);
	CHECK(client.size() == RTRS_PATH_STATES);
	CHECK(server.size() == RTRS_PATH_STATES - 2);
}

TEST_CASE("a path drains exactly while it is draining or closing")
{
	reachable([](const std::vector<Side> &, const Node &n) {
		const bool drains = n.state == RTRS_PATH_DRAINING || n.state == RTRS_PATH_CLOSING;
		/* else it would wait for ever, or DONE would hit something else */
		REQUIRE(drains == (n.owed || (n.events & RTRS_PEV_DONE) != 0));
	});
}

TEST_CASE("an event that stays pending waits for the end of a drain or of an attempt, nothing else")
{
	reachable([](const std::vector<Side> &sides, const Node &n) {
		for (const Side &side : sides) {
			const rtrs_path_verdict v = side.step(n.state, n.events);
			if (!n.events || v.consumed)
				continue;
			const u32 may_wait = n.state == RTRS_PATH_CONNECTING ? u32(RTRS_PEV_TIMER) :
					     n.state == RTRS_PATH_DRAINING  ? u32(RTRS_PEV_TIMER | RTRS_PEV_RECONNECT) :
					     n.state == RTRS_PATH_CLOSING   ? u32(RTRS_PEV_REMOVE) :
									      0;
			REQUIRE((n.events & ~may_wait) == 0);
			REQUIRE((n.state == RTRS_PATH_CONNECTING || n.owed));
		}
	});
}

TEST_CASE("from everywhere REMOVE leads to gone, whatever comes after it")
{
	reachable([](const std::vector<Side> &sides, const Node &n) {
		const Node removed = {n.state, n.events | RTRS_PEV_REMOVE, n.owed};
		for (const Side &side : sides)
			REQUIRE(settled(side, removed).state == RTRS_PATH_GONE);
	});
	/* and no later event takes the order back */
	for (const std::vector<Side> &sides : {CLIENTS, SERVERS}) {
		std::vector<Node> removed;
		for (const Node &n : closure(sides, {{RTRS_PATH_CONNECTING, 0, false}}, ~0U))
			if (n.state != RTRS_PATH_GONE)
				removed.push_back({n.state, n.events | RTRS_PEV_REMOVE, n.owed});
		for (const Node &n : closure(sides, removed, ~0U))
			REQUIRE((n.state == RTRS_PATH_GONE || (n.events & RTRS_PEV_REMOVE) != 0));
	}
}

TEST_CASE("from everywhere CLOSE leads to closed, unless RECONNECT comes after it")
{
	for (const std::vector<Side> &sides : {CLIENTS, SERVERS}) {
		std::vector<Node> closed;
		for (const Node &n : closure(sides, {{RTRS_PATH_CONNECTING, 0, false}}, ~0U & ~u32(RTRS_PEV_REMOVE)))
			closed.push_back({n.state, n.events | RTRS_PEV_CLOSE, n.owed});
		for (const Node &n : closure(sides, closed, NOISE))
			for (const Side &side : sides)
				REQUIRE(settled(side, n).state == RTRS_PATH_CLOSED);
	}
}

TEST_CASE("from everywhere but gone a client path can come up again")
{
	for (const Node &n : closure(CLIENTS, {{RTRS_PATH_CONNECTING, 0, false}}, ~0U & ~u32(RTRS_PEV_REMOVE))) {
		Node m = settled(LAST_TRY, n);
		/* an order of the administrator needs no attempts left, and a connected path needs none */
		if (m.state != RTRS_PATH_CONNECTED)
			m = settled(LAST_TRY, {m.state, m.events | RTRS_PEV_RECONNECT, m.owed});
		if (m.state != RTRS_PATH_CONNECTED)
			m = settled(LAST_TRY, {m.state, m.events | RTRS_PEV_UP, m.owed});
		REQUIRE(m.state == RTRS_PATH_CONNECTED);
	}
}

TEST_CASE("states have names")
{
	const char *const names[] = {"connecting", "connected", "draining", "waiting", "closing", "closed", "gone"};
	for (int s = 0; s < RTRS_PATH_STATES; s++)
		CHECK(std::string(rtrs_path_state_name(static_cast<rtrs_path_state>(s))) == names[s]);
	CHECK(std::string(rtrs_path_state_name(RTRS_PATH_STATES)) == "unknown");
}
