/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading the packet log for the guard; see guard_see.h. */
#include "fw/fwd/guard_see.h"

#include <netinet/in.h>
#include <string.h>

#include "fw/policy/builtin.h"
#include "lib/util.h"

#define ECHO_REQUEST 8
#define ECHO_REQUEST6 128
#define PRIVILEGED 1024 /* ports below are servers' */

static struct fw_ip ip_of(const struct fwd_packet *p, const uint8_t a[16])
{
	struct fw_ip ip = {.family = p->family};

	for (int i = 0; i < (p->family == 6 ? 16 : 4); i++)
		ip.a = ip.a << 8 | a[i];
	return ip;
}

void fwd_guard_read(const struct fwd_event *e, struct fwd_guard_sign *ret)
{
	*ret = (struct fwd_guard_sign){
		.src = ip_of(&e->pkt, e->pkt.src), .dst = ip_of(&e->pkt, e->pkt.dst)};
	if (e->rule == FW_B_GUARD && strcmp(e->reason, FW_REASON_GUARD) == 0) {
		ret->what = FWD_SIGN_BLOCKED;
		return;
	}
	if (e->rule != FW_B_FLOOD)
		return;
	for (unsigned k = 0; k < FW_GUARD_KINDS; k++) {
		const char *name = fw_guard_kind_name(k);
		const size_t n = strlen(name);

		if (strncmp(e->reason, name, n) != 0)
			continue;
		if (e->reason[n] == '\0')
			ret->what = FWD_SIGN_SOURCE;
		else if (strcmp(e->reason + n, FW_GUARD_TO) == 0)
			ret->what = FWD_SIGN_DEST;
		else
			continue;
		ret->kind = k;
		return;
	}
}

/* Web, names, time: what a device inside asks hundreds of hosts for. */
static bool everyday(uint16_t port)
{
	return port == 53 || port == 80 || port == 123 || port == 443;
}

static bool group_address(const struct fw_ip *ip)
{
	return ip->family == 4 ? (uint32_t)ip->a >> 28 >= 14 : ip->a >> 120 == 0xff;
}

static bool opens(const struct fwd_packet *p)
{
	switch (p->proto) {
	case IPPROTO_TCP: return p->has_ports && p->opens;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		/* A server's answer that came too late looks exactly like this. */
		return p->has_ports && p->sport >= PRIVILEGED;
	case IPPROTO_ICMP: return p->has_icmp && p->icmp_type == ECHO_REQUEST;
	case IPPROTO_ICMPV6: return p->has_icmp && p->icmp_type == ECHO_REQUEST6;
	default: return false;
	}
}

bool fwd_guard_try(const struct fwd_event *e, const struct fwd_event_names *names,
	const struct fw_policy *p, struct fw_scan_try *ret)
{
	const struct fwd_packet *k = &e->pkt;
	const struct fw_zone *in =
		names->zone_in ? fw_zone_find(p->zones, p->n_zones, names->zone_in) : NULL;
	const bool outside = in && in->kind == FW_ZONE_OUTSIDE;

	if (!in || !opens(k))
		return false;
	/* A connection inside that a rule allows is what the rule is for. */
	if (!fwd_event_blocked(e) && !(outside && e->verdict == FW_LOG_ALLOW))
		return false;
	if (strcmp(e->reason, FW_REASON_NO_RULE) != 0 && strcmp(e->reason, FW_REASON_RULE) != 0 &&
		strcmp(e->reason, FW_REASON_STRAY) != 0 &&
		strcmp(e->reason, FW_REASON_INVALID) != 0)
		return false;
	if (!outside && k->has_ports && everyday(k->dport))
		return false;
	*ret = (struct fw_scan_try){.src = ip_of(k, k->src),
		.dst = ip_of(k, k->dst),
		.proto = k->proto,
		.has_port = k->has_ports,
		.port = k->dport};
	/* All addresses of an IPv6 network are one source: they cost nothing. */
	if (outside && k->family == 6)
		ret->src.a = ret->src.a >> 64 << 64;
	return !group_address(&ret->dst);
}
