/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network: see fabric.h. */
#include "tests/sim/fabric.h"

#include <algorithm>
#include <utility>

namespace sim {

std::uint32_t Fabric::connect(std::uint16_t cid, const Bytes &request)
{
	const std::uint32_t id = static_cast<std::uint32_t>(links_.size());
	forget_dead();
	Link &l = links_.emplace_back();
	live_.push_back(id);
	l.cid = cid;
	l.request = request;
	repeat_request(id);
	return id;
}

void Fabric::forget_dead()
{
	live_.erase(std::remove_if(live_.begin(), live_.end(),
				   [this](std::uint32_t id) {
					   const Link &l = links_[id];
					   return !l.open[CLIENT] && !l.open[SERVER] && l.idle(CLIENT) && l.idle(SERVER);
				   }),
		    live_.end());
}

void Fabric::repeat_request(std::uint32_t link)
{
	post_cm({CmMessage::REQUEST, link, SERVER, links_[link].request});
}

void Fabric::answer(std::uint32_t link, CmMessage::Kind kind, const Bytes &data)
{
	Link &l = links_[link];
	SIM_CHECK(!l.answer);
	l.answer = CmMessage{kind, link, CLIENT, data};
	post_cm(*l.answer);
}

void Fabric::accept(std::uint32_t link, const Bytes &data)
{
	links_[link].open[SERVER] = true;
	/* a client that went away meanwhile may have been forgotten */
	if (std::find(live_.begin(), live_.end(), link) == live_.end())
		live_.push_back(link);
	answer(link, CmMessage::ACCEPT, data);
}

void Fabric::reject(std::uint32_t link, const Bytes &data)
{
	answer(link, CmMessage::REJECT, data);
}

void Fabric::send(std::uint32_t link, Side from, Packet packet)
{
	Link &l = links_[link];
	if (!l.open[from])
		return;
	if (l.cut)
		l.unacknowledged[from] = true;
	else
		l.under_way[other(from)].push_back(std::move(packet));
}

void Fabric::vanish(std::uint32_t link, Side side)
{
	Link &l = links_[link];
	if (!l.open[side])
		return;
	l.open[side] = false;
	l.unacknowledged[other(side)] |= !l.under_way[side].empty();
	l.under_way[side].clear();
}

void Fabric::close(const std::vector<std::uint32_t> &links, Side side)
{
	const bool kept = side == CLIENT && keep(links);
	for (std::uint32_t link : links) {
		Link &l = links_[link];
		if (!l.open[side])
			continue;
		vanish(link, side);
		/* a server that does not end paths has nothing against what comes after this */
		if (side == CLIENT && !config_.ends)
			l.under_way[SERVER].clear();
		/* the notice takes the same way */
		if (!(l.cut || kept) || random_->percent(20))
			post_cm({CmMessage::BYE, link, other(side), {}});
	}
}

/* The links of a path take the same way, so all or none are kept. */
bool Fabric::keep(const std::vector<std::uint32_t> &links)
{
	const bool kept = !hurry_ && random_->percent(config_.kept);
	for (std::uint32_t link : links)
		links_[link].kept |= kept;
	return kept;
}

void Fabric::cut(const std::vector<std::uint32_t> &links)
{
	keep(links);
	for (std::uint32_t link : links) {
		Link &l = links_[link];
		l.cut = true;
		for (Side to : {CLIENT, SERVER}) {
			std::deque<Packet> &q = l.under_way[to];
			const std::size_t left = random_->below(static_cast<std::uint32_t>(q.size()) + 1);
			l.unacknowledged[other(to)] |= left < q.size();
			q.resize(left, Packet{Packet::SEND, {}});
		}
	}
}

std::optional<CmMessage> Fabric::next_cm(std::uint32_t loss_percent)
{
	const std::size_t at = random_->below(static_cast<std::uint32_t>(cm_.size()));
	const CmMessage m = cm_[at];
	if (!random_->percent(loss_percent / 2))	/* else a copy comes once more */
		cm_.erase(cm_.begin() + static_cast<std::ptrdiff_t>(at));
	if (random_->percent(loss_percent))
		return std::nullopt;
	const Link &l = links_[m.link];
	if (m.kind == CmMessage::REQUEST && l.answer) {
		post_cm(*l.answer);
		return std::nullopt;
	}
	return m;
}

/* One more chance for what is kept; packets have more of them than other steps. */
bool Fabric::release(Link *l)
{
	return !l->kept || !(l->kept = random_->below(4 * config_.patience) != 0);
}

void Fabric::hurry()
{
	hurry_ = true;
	for (Link &l : links_)
		l.kept = false;
}

std::optional<Fabric::Delivery> Fabric::next_packet()
{
	const std::uint32_t queues = 2 * static_cast<std::uint32_t>(live_.size());
	const std::uint32_t start = random_->below(queues);
	for (std::uint32_t i = 0; i < queues; i++) {
		const std::uint32_t at = (start + i) % queues, id = live_[at / 2];
		const Side side = at % 2 ? SERVER : CLIENT;
		Link &l = links_[id];
		if (l.idle(side) || (side == SERVER && !release(&l)))
			continue;
		Delivery d = {id, side, false, Packet{Packet::SEND, {}}};
		if (l.under_way[side].empty()) {
			l.unacknowledged[other(side)] = false;
			d.lost = true;
			return d;
		}
		d.lost = !l.open[side];
		d.packet = std::move(l.under_way[side].front());
		l.under_way[side].pop_front();
		return d;
	}
	return std::nullopt;
}

bool Fabric::packets_waiting() const
{
	for (std::uint32_t id : live_)
		if (!links_[id].idle(CLIENT) || !links_[id].idle(SERVER))
			return true;
	return false;
}

} // namespace sim
