// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses of the set-up document: text to bytes and back, networks. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/gateway/gateway.h"

int mg_gw_ip_parse(const char *s, int family, bool prefix, struct mg_gw_ip *ret)
{
	const unsigned max = family == AF_INET ? 32 : 128;
	struct mg_gw_ip ip = {.family = family, .prefix = max};
	const char *slash = strchr(s, '/');
	size_t n = slash ? (size_t)(slash - s) : strlen(s);
	char host[INET6_ADDRSTRLEN];
	uint64_t bits = max;

	if ((slash != NULL) != prefix || n >= sizeof(host))
		return -EINVAL;
	memcpy(host, s, n);
	host[n] = '\0';
	if (inet_pton(family, host, ip.b) != 1)
		return -EINVAL;
	if (slash && (sk_parse_u64(slash + 1, max, &bits) < 0 || bits == 0))
		return -EINVAL;
	ip.prefix = (unsigned)bits;
	*ret = ip;
	return 0;
}

const char *mg_gw_ip_text(const struct mg_gw_ip *ip, bool prefix, char *dst, size_t cap)
{
	char host[INET6_ADDRSTRLEN] = "";

	if (ip->family)
		inet_ntop(ip->family, ip->b, host, sizeof(host));
	if (prefix)
		snprintf(dst, cap, "%s/%u", host, ip->prefix);
	else
		snprintf(dst, cap, "%s", host);
	return dst;
}

struct mg_gw_ip mg_gw_ip_network(const struct mg_gw_ip *ip)
{
	struct mg_gw_ip net = *ip;

	for (unsigned i = 0; i < 16; i++) {
		unsigned left = net.prefix > i * 8 ? net.prefix - i * 8 : 0;

		if (left < 8)
			net.b[i] &= (uint8_t)(0xff00u >> left);
	}
	return net;
}

bool mg_gw_ip_inside(const struct mg_gw_ip *net, const struct mg_gw_ip *ip)
{
	struct mg_gw_ip a = mg_gw_ip_network(net), b = *ip;

	if (net->family != ip->family)
		return false;
	b.prefix = net->prefix;
	b = mg_gw_ip_network(&b);
	return memcmp(a.b, b.b, sizeof(a.b)) == 0;
}
