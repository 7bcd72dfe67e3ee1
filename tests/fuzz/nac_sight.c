/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One frame as an inside network brings it. Whatever comes out must be terminated text and
 * addresses of a family that exists; a frame refused leaves nothing behind.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/util.h"
#include "nac/observe/sight.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void text(const char *s, size_t cap)
{
	size_t n = strnlen(s, cap);

	assert(n < cap);
	assert(sk_utf8_valid(s, n));
	for (size_t i = 0; i < n; i++)
		assert((unsigned char)s[i] >= 0x20 && s[i] != 0x7f);
}

static void ip(const struct nac_ip *a)
{
	char buf[NAC_IP_TEXT];

	assert(a->family == 0 || a->family == 4 || a->family == 6);
	text(nac_ip_format(a, buf), sizeof(buf));
}

static void check(const struct nac_sight *s)
{
	ip(&s->from);
	ip(&s->to);
	switch (s->kind) {
	case NAC_SIGHT_ARP:
		ip(&s->arp.spa);
		ip(&s->arp.tpa);
		break;
	case NAC_SIGHT_DHCP4:
		text(s->dhcp4.hostname, sizeof(s->dhcp4.hostname));
		text(s->dhcp4.vendor, sizeof(s->dhcp4.vendor));
		text(s->dhcp4.params, sizeof(s->dhcp4.params));
		assert(s->dhcp4.client_id_len <= sizeof(s->dhcp4.client_id));
		ip(&s->dhcp4.yiaddr);
		ip(&s->dhcp4.server);
		ip(&s->dhcp4.router);
		break;
	case NAC_SIGHT_DHCP6:
		text(s->dhcp6.hostname, sizeof(s->dhcp6.hostname));
		text(s->dhcp6.oro, sizeof(s->dhcp6.oro));
		assert(s->dhcp6.duid_len <= sizeof(s->dhcp6.duid));
		break;
	case NAC_SIGHT_NS:
	case NAC_SIGHT_NA:
	case NAC_SIGHT_RS:
	case NAC_SIGHT_RA:
		ip(&s->nd.target);
		ip(&s->nd.dns);
		assert(s->nd.prefix_n <= NAC_RA_PREFIXES);
		assert(s->hops == 255);
		break;
	case NAC_SIGHT_NAME:
		text(s->name.host, sizeof(s->name.host));
		text(s->name.model, sizeof(s->name.model));
		break;
	case NAC_SIGHT_SYN:
	case NAC_SIGHT_SYNACK: text(s->tcp.sig, sizeof(s->tcp.sig)); break;
	case NAC_SIGHT_LINK:
		text(s->link.name, sizeof(s->link.name));
		text(s->link.model, sizeof(s->link.model));
		break;
	default: break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct nac_sight nothing;
	struct nac_sight s;
	uint8_t *p = malloc(size ? size : 1);

	assert(p);
	if (size)
		memcpy(p, data, size);
	if (nac_sight_parse(p, size, &s)) {
		assert(!nac_mac_is_group(&s.src) && !nac_mac_is_zero(&s.src));
		check(&s);
	} else {
		assert(memcmp(&s, &nothing, sizeof(s)) == 0);
	}
	free(p);
	return 0;
}
