/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/ctl/fake/channel.h"

#include <algorithm>
#include <csignal>
#include <deque>
#include <fstream>
#include <map>
#include <set>

#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include "ctl/wait.h"
#include "tests/ctl/fake/attrs.h"

namespace fake {

namespace {

using nlohmann::json;

class ScriptChannel : public ctl::NlChannel {
public:
	ScriptChannel(const json &script, const std::string &root, FILE *trace)
		: script_(script), root_(root), trace_(trace) {}

	ctl::Result<std::optional<uint16_t>> family(const char *name) override;
	ctl::Result<ctl::Reply> transact(const ctl::NlRequest &request) override;
	ctl::Result<void> join(const char *name, const char *group) override;
	ctl::Result<std::optional<ctl::NlMessage>> next(ctl::Deadline deadline) override;

private:
	void trace(const std::string &cmd, const std::string &text);
	bool heard(const json &event) const;
	void begin();
	ctl::Reply answer(const std::string &family, const std::string &cmd);

	json script_;
	std::string root_;
	FILE *trace_;
	std::map<std::string, size_t> used_;
	std::string traced_;
	std::set<std::string> joined_;
	std::deque<json> events_;
};

ctl::Result<std::optional<uint16_t>> ScriptChannel::family(const char *name)
{
	for (const json &there : script_["families"])
		if (there == name)
			return std::optional<uint16_t>(family_number(name));
	return std::optional<uint16_t>();
}

ctl::Result<void> ScriptChannel::join(const char *name, const char *)
{
	joined_.insert(name);
	return {};
}

/* How often the tool asks again when the script has nothing new to say depends on the clock: told once. */
void ScriptChannel::trace(const std::string &cmd, const std::string &text)
{
	if (used_[cmd] < script_["do"][cmd].size() || text != traced_)
		fprintf(trace_, "sent: %s\n", text.c_str());
	traced_ = text;
}

bool ScriptChannel::heard(const json &event) const
{
	if (!event.is_object())
		return true;
	const std::string on = event["on"].get<std::string>();
	return joined_.count(on.substr(0, on.find(' '))) > 0;
}

/* What others have under way: it happens while the tool looks. */
void ScriptChannel::begin()
{
	for (const json &event : script_.value("events", json::array()))
		if (heard(event))
			events_.push_back(event);
	script_.erase("events");
}

ctl::Reply ScriptChannel::answer(const std::string &family, const std::string &cmd)
{
	const json &answers = script_["do"][cmd];
	const size_t at = std::min(used_[cmd]++, answers.size() - 1);
	const json step = answers.at(at);
	ctl::Reply reply;

	if (step.contains("errno")) {
		reply.ack.err = step["errno"].get<int>();
		reply.ack.text = step.value("text", "");
	}
	if (step.contains("reply"))
		reply.messages.push_back(message(family, cmd, step["reply"]));
	for (const json &event : step.value("events", json::array()))
		events_.push_back(event);
	if (step.contains("get"))
		script_["get"].update(step["get"]);
	/* Somebody who had this file open closes it. */
	if (step.contains("close"))
		std::ifstream(root_ + "/" + step["close"].get<std::string>()).get();
	if (step.value("interrupt", false))
		raise(SIGINT);
	return reply;
}

ctl::Result<ctl::Reply> ScriptChannel::transact(const ctl::NlRequest &request)
{
	nlmsghdr *head = nlmsg_hdr(request.msg());
	genlmsghdr *genl = static_cast<genlmsghdr *>(nlmsg_data(head));
	const std::string family = family_name(head->nlmsg_type);
	const std::string cmd = command_name(head->nlmsg_type, genl->cmd);
	const std::string key = family + " " + cmd;
	const uint8_t *data = reinterpret_cast<const uint8_t *>(genlmsg_attrdata(genl, 0));
	ctl::NlMessage sent;
	ctl::Reply reply;

	sent.attrs.assign(data, data + genlmsg_attrlen(genl, 0));
	if (script_["do"].contains(cmd)) {
		trace(cmd, key + " " + attrs_text(head->nlmsg_type, sent));
		return answer(family, cmd);
	}
	for (const json &object : script_["get"].value(key, json::array()))
		reply.messages.push_back(message(family, cmd, object));
	if (key == "rnbd-client DEVICE_GET")
		begin();
	return reply;
}

ctl::Result<std::optional<ctl::NlMessage>> ScriptChannel::next(ctl::Deadline)
{
	while (!events_.empty()) {
		const json event = events_.front();

		events_.pop_front();
		if (event == "late")
			return std::optional<ctl::NlMessage>();
		if (event == "lost")
			return std::optional<ctl::NlMessage>(ctl::NlMessage());
		if (event == "interrupt") {
			raise(SIGINT);
			/* The real wait is where a pending signal arrives. */
			ctl::wait_readable(-1, ctl::Clock::now() + std::chrono::seconds(5));
			return ctl::interrupted_error("waiting for events");
		}
		if (!heard(event))
			continue;
		json attrs = event;
		const std::string on = attrs["on"].get<std::string>();
		attrs.erase("on");
		const size_t space = on.find(' ');
		return std::optional<ctl::NlMessage>(message(on.substr(0, space), on.substr(space + 1), attrs));
	}
	/* A script that ends too early must not look like success. */
	return std::optional<ctl::NlMessage>();
}

} // namespace

std::unique_ptr<ctl::NlChannel> open_channel(const json &script, const std::string &root, FILE *trace)
{
	return std::make_unique<ScriptChannel>(script, root, trace);
}

} // namespace fake
