/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/address.h"

#include <cstring>
#include <netdb.h>
#include <netinet/in.h>

#include "ctl/errors.h"

namespace ctl {

namespace {

/* One end, cut but not yet resolved. */
struct End {
	std::string host;	/* literal or name, without prefix and brackets */
	std::string prefix;	/* "ip:", "gid:", or empty */
	std::optional<uint16_t> port;
};

bool has_prefix(const std::string &text, const char *prefix)
{
	return text.rfind(prefix, 0) == 0;
}

std::optional<uint16_t> port_number(const std::string &text)
{
	unsigned long value = 0;

	if (text.empty() || text.size() > 5 || text.find_first_not_of("0123456789") != std::string::npos)
		return std::nullopt;
	value = std::stoul(text);
	if (value == 0 || value > 65535)
		return std::nullopt;
	return static_cast<uint16_t>(value);
}

Error bad_address(const std::string &text, const std::string &why)
{
	return make_error("RNBD-U03", in_quotes(text) + " is no address: " + why);
}

/* "[v6]", "[v6]:port", "v4:port", "name:port", or a literal with many colons. */
Result<End> cut_end(const std::string &text)
{
	End end;
	std::string rest = text;
	std::string port;
	bool ported = false;

	for (const char *prefix : {"ip:", "gid:"})
		if (has_prefix(text, prefix))
			end.prefix = prefix;
	rest.erase(0, end.prefix.size());
	if (!rest.empty() && rest[0] == '[') {
		const size_t close = rest.find(']');

		if (close == std::string::npos)
			return bad_address(text, "the bracket is never closed");
		end.host = rest.substr(1, close - 1);
		port = rest.substr(close + 1);
		ported = !port.empty();
		if (ported && port[0] != ':')
			return bad_address(text, "only :PORT may follow the bracket");
		if (ported)
			port.erase(0, 1);
	} else {
		const size_t colon = rest.find(':');

		ported = colon != std::string::npos && rest.find(':', colon + 1) == std::string::npos;
		end.host = rest.substr(0, ported ? colon : std::string::npos);
		port = ported ? rest.substr(colon + 1) : "";
	}
	if (end.host.empty())
		return bad_address(text, "nothing is named");
	if (!ported)
		return end;
	end.port = port_number(port);
	if (!end.port)
		return bad_address(text, "the port must be a number from 1 to 65535");
	return end;
}

/* True if @end is a literal; then @addr has it. */
bool literal(const End &end, rtrs_addr &addr)
{
	const std::string text = (end.prefix.empty() ? "ip:" : end.prefix) + end.host;

	return rtrs_addr_parse(text.data(), text.size(), &addr) == 0;
}

bool is_host_name(const std::string &text)
{
	bool letter = false;

	for (const char c : text) {
		const bool digit = c >= '0' && c <= '9';
		const bool alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		letter = letter || alpha;
		if (!digit && !alpha && c != '-' && c != '.' && c != '_')
			return false;
	}
	return letter && text.size() <= 253;
}

rtrs_addr from_sockaddr(const sockaddr *sa)
{
	rtrs_addr addr{};

	if (sa->sa_family == AF_INET) {
		addr.family = RTRS_ADDR_IP4;
		memcpy(addr.bytes, &reinterpret_cast<const sockaddr_in *>(sa)->sin_addr, 4);
	} else {
		addr.family = RTRS_ADDR_IP6;
		memcpy(addr.bytes, &reinterpret_cast<const sockaddr_in6 *>(sa)->sin6_addr, 16);
	}
	return addr;
}

/* @family: RTRS_ADDR_NONE takes any. */
Result<rtrs_addr> look_up(const End &end, u8 family)
{
	addrinfo hints{};
	addrinfo *list = nullptr;

	if (!end.prefix.empty() || !is_host_name(end.host))
		return bad_address(end.prefix + end.host, end.prefix == "gid:" ? "a GID is written like an IPv6 address" :
				   "neither IPv4, IPv6 nor a host name");
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_family = family == RTRS_ADDR_IP4 ? AF_INET : family == RTRS_ADDR_IP6 ? AF_INET6 : AF_UNSPEC;
	const int rc = getaddrinfo(end.host.c_str(), nullptr, &hints, &list);
	if (rc != 0) {
		Error error = make_error("RNBD-U04", "cannot look up the host " + in_quotes(end.host) + ": " +
					 gai_strerror(rc));
		if (rc == EAI_AGAIN)
			error.exit = EXIT_UNREACHABLE;
		return error;
	}
	const rtrs_addr addr = from_sockaddr(list->ai_addr);
	freeaddrinfo(list);
	return addr;
}

/* Between source and destination. As in the kernel: a comma anywhere wins. */
size_t split_of(const std::string &text)
{
	const size_t comma = text.find(',');

	return comma != std::string::npos ? comma : text.find('@');
}

} // namespace

std::optional<rtrs_addr_pair> literal_pair(const std::string &text)
{
	const size_t split = split_of(text);
	rtrs_addr_pair pair{};

	Result<End> dst = cut_end(text.substr(split == std::string::npos ? 0 : split + 1));
	if (!dst || dst->port || !literal(*dst, pair.dst))
		return std::nullopt;
	if (split == std::string::npos)
		return pair;
	Result<End> src = cut_end(text.substr(0, split));
	if (!src || src->port || !literal(*src, pair.src) || pair.src.family != pair.dst.family)
		return std::nullopt;
	return pair;
}

Result<PathSpec> parse_path(const std::string &text)
{
	const size_t split = split_of(text);
	PathSpec spec;
	End src;

	if (split != std::string::npos) {
		Result<End> cut = cut_end(text.substr(0, split));

		if (!cut)
			return cut.error();
		if (cut->port)
			return bad_address(text, "the source takes no port");
		src = *cut;
	}
	Result<End> dst = cut_end(text.substr(split == std::string::npos ? 0 : split + 1));
	if (!dst)
		return dst.error();
	spec.port = dst->port;
	const bool src_literal = !src.host.empty() && literal(src, spec.pair.src);
	if (!literal(*dst, spec.pair.dst)) {
		Result<rtrs_addr> found = look_up(*dst, src_literal ? spec.pair.src.family : static_cast<u8>(RTRS_ADDR_NONE));

		if (!found)
			return found.error();
		spec.pair.dst = *found;
	}
	if (!src.host.empty() && !src_literal) {
		Result<rtrs_addr> found = look_up(src, spec.pair.dst.family);

		if (!found)
			return found.error();
		spec.pair.src = *found;
	}
	if (!src.host.empty() && spec.pair.src.family != spec.pair.dst.family)
		return bad_address(text, "source and destination are of different kinds");
	return spec;
}

} // namespace ctl
