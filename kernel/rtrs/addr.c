// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Addresses of pure/addr_text.h to what the connection manager takes and back
 * (sysfs ABI 2). Called while paths are made and shown; no locks.
 */
#include <linux/in.h>
#include <linux/in6.h>
#include <net/ipv6.h>
#include <rdma/ib.h>

#include "core.h"
#include "../../include/wire/rtrs_proto.h"

static void fill_ib(const struct rtrs_addr *addr, u16 port, struct sockaddr_ib *sib)
{
	sib->sib_family = AF_IB;
	sib->sib_pkey = cpu_to_be16(0xffff);
	memcpy(sib->sib_addr.sib_raw, addr->bytes, sizeof(addr->bytes));
	sib->sib_sid = cpu_to_be64(RTRS_WIRE_IB_SERVICE | port);
	sib->sib_sid_mask = cpu_to_be64(~0ULL);
}

int rtrs_addr_sockaddr(const struct rtrs_addr *addr, u16 port, struct sockaddr_storage *ss)
{
	struct sockaddr_in *in4 = (struct sockaddr_in *)ss;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;

	memset(ss, 0, sizeof(*ss));
	switch (addr->family) {
	case RTRS_ADDR_IP4:
		in4->sin_family = AF_INET;
		in4->sin_port = cpu_to_be16(port);
		memcpy(&in4->sin_addr, addr->bytes, sizeof(in4->sin_addr));
		return 0;
	case RTRS_ADDR_IP6:
		in6->sin6_family = AF_INET6;
		in6->sin6_port = cpu_to_be16(port);
		memcpy(&in6->sin6_addr, addr->bytes, sizeof(in6->sin6_addr));
		return 0;
	case RTRS_ADDR_GID:
		fill_ib(addr, port, (struct sockaddr_ib *)ss);
		return 0;
	default:
		return -EINVAL;
	}
}
EXPORT_SYMBOL_GPL(rtrs_addr_sockaddr);

/* The listener is an IPv6 one, so IPv4 clients show up in mapped form. */
static void from_in6(const struct sockaddr_in6 *in6, struct rtrs_addr *addr)
{
	if (ipv6_addr_v4mapped(&in6->sin6_addr)) {
		addr->family = RTRS_ADDR_IP4;
		memcpy(addr->bytes, &in6->sin6_addr.s6_addr[12], 4);
		return;
	}
	addr->family = RTRS_ADDR_IP6;
	memcpy(addr->bytes, &in6->sin6_addr, sizeof(addr->bytes));
}

void rtrs_sockaddr_addr(const struct sockaddr *sa, struct rtrs_addr *addr, u16 *port)
{
	const struct sockaddr_in *in4 = (const struct sockaddr_in *)sa;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;
	const struct sockaddr_ib *sib = (const struct sockaddr_ib *)sa;

	memset(addr, 0, sizeof(*addr));
	*port = 0;
	switch (sa->sa_family) {
	case AF_INET:
		addr->family = RTRS_ADDR_IP4;
		memcpy(addr->bytes, &in4->sin_addr, sizeof(in4->sin_addr));
		*port = be16_to_cpu(in4->sin_port);
		break;
	case AF_INET6:
		from_in6(in6, addr);
		*port = be16_to_cpu(in6->sin6_port);
		break;
	case AF_IB:
		addr->family = RTRS_ADDR_GID;
		memcpy(addr->bytes, sib->sib_addr.sib_raw, sizeof(addr->bytes));
		*port = be64_to_cpu(sib->sib_sid) & 0xffff;
		break;
	}
}
EXPORT_SYMBOL_GPL(rtrs_sockaddr_addr);
