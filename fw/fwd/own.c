/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses that must never be blocked, whatever they did: see own.h. */
#include "fw/fwd/own.h"

#include <ifaddrs.h>
#include <netinet/in.h>

#include "fw/guard/blocks.h"

static struct fw_ip ip_of(const struct sockaddr *sa)
{
	struct fw_ip ip = {0};

	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)sa;

		ip = (struct fw_ip){4, ntohl(in->sin_addr.s_addr)};
	} else if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)sa;

		ip.family = 6;
		for (int i = 0; i < 16; i++)
			ip.a = ip.a << 8 | in6->sin6_addr.s6_addr[i];
	}
	return ip;
}

/* An address of the gateway, or of a network it is in; also when that cannot be found out. */
bool fwd_own_address(const struct fw_ip *ip, bool net64)
{
	struct ifaddrs *list = NULL;
	bool own = false;

	if (getifaddrs(&list) < 0)
		return true;
	for (const struct ifaddrs *i = list; i && !own; i = i->ifa_next) {
		if (i->ifa_addr) {
			const struct fw_ip x = ip_of(i->ifa_addr);
			own = x.family == ip->family &&
				(net64 ? fw_block_net(&x).a == ip->a : x.a == ip->a);
		}
	}
	freeifaddrs(list);
	return own;
}

/* No source on a network beyond the link: 0/8, 127/8, 169.254/16, 224/3; ::, ::1, fe80::/10,
 * ff00::/8.
 */
bool fwd_no_source(const struct fw_ip *ip)
{
	const uint32_t v4 = (uint32_t)ip->a;

	if (ip->family == 4)
		return v4 >> 24 == 0 || v4 >> 24 == 127 || v4 >> 16 == 0xa9fe || v4 >> 29 == 7;
	return ip->a <= 1 || ip->a >> 118 == 0x3fa || ip->a >> 120 == 0xff;
}
