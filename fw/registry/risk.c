/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Risk marks: what an approver should see at a glance before signing. A mark refuses nothing. Rules
 * that open nothing (deny, source translation) carry none.
 */
#include <string.h>

#include "fw/registry/rule.h"
#include "fw/registry/svc_names.h"
#include "lib/util.h"

#define WIDE_ADDRESSES 65536
#define WIDE_PORTS 1024

static const struct {
	const char *name;
	struct sk_text text;
} risks[FW_RISK_BITS] = {
	{"any-source", {"any source", "接続元がany"}},
	{"any-destination", {"any destination", "接続先がany"}},
	{"any-port", {"all ports", "ポートがすべて"}},
	{"any-protocol", {"all protocols", "プロトコルがすべて"}},
	{"inbound", {"from outside", "外部からの通信"}},
	{"wide", {"very wide range", "範囲が広すぎる"}},
	{"cleartext",
		{"unencrypted or often attacked service",
			"暗号化されない、または攻撃されやすいサービス"}},
};

static bool any_addrs(const struct fw_addrs *a)
{
	return fw_addrs_whole4(a) || fw_addrs_whole6(a);
}

/* IPv6 is counted in /64 networks, the smallest that exists on a link: a /48 is what a /16 is. */
static bool wide_addrs(const struct fw_addrs *a)
{
	uint64_t v4 = 0;
	unsigned __int128 v6 = 0;

	if (any_addrs(a))
		return false;
	for (size_t i = 0; i < a->n4; i++)
		v4 += (uint64_t)a->v4[i].hi - a->v4[i].lo + 1;
	for (size_t i = 0; i < a->n6; i++)
		v6 += (a->v6[i].hi >> 64) - (a->v6[i].lo >> 64) + 1;
	return v4 > WIDE_ADDRESSES || v6 > WIDE_ADDRESSES;
}

static bool port_like(uint8_t proto)
{
	return fw_proto_has_ports(proto) || proto == 1 || proto == 58;
}

static bool any_ports(const struct fw_svcs *s)
{
	if (s->any)
		return true;
	for (size_t i = 0; i < s->n; i++)
		if (port_like(s->v[i].proto_lo) && s->v[i].lo <= 1 && s->v[i].hi == UINT16_MAX)
			return true;
	return false;
}

/* More than WIDE_PORTS ports of one protocol, short of all. */
static bool wide_ports(const struct fw_svcs *s)
{
	uint32_t count[256] = {0};

	for (size_t i = 0; i < s->n; i++) {
		uint8_t proto = s->v[i].proto_lo;

		if (!fw_proto_has_ports(proto) || s->v[i].proto_hi != proto)
			continue;
		count[proto] += (uint32_t)s->v[i].hi - s->v[i].lo + 1;
		if (count[proto] > WIDE_PORTS)
			return true;
	}
	return false;
}

static bool cleartext(const struct fw_svcs *s)
{
	const struct fw_svc_known *k;

	for (size_t i = 0; (k = fw_svc_known(i)); i++) {
		if (!k->cleartext)
			continue;
		for (size_t j = 0; j < s->n; j++)
			if (fw_svc_known_over(k, s->v[j].proto_lo) && s->v[j].lo <= k->hi &&
				s->v[j].hi >= k->lo)
				return true;
	}
	return false;
}

unsigned fw_rule_risk(const struct fw_rule *r, const struct fw_match *m, bool from_outside)
{
	bool all_ports = any_ports(&m->svc), crossing = !sk_streq(r->from, r->to);
	/* The gateway's own side has to be "any". A forwarded connection ends at one host, whatever
	 * address of ours it was sent to. */
	bool src_counts = !sk_streq(r->from, FW_ZONE_SELF);
	bool dst_counts = r->kind != FW_DNAT && !sk_streq(r->to, FW_ZONE_SELF);
	unsigned bits = 0;

	if (r->kind == FW_DENY || r->kind == FW_SNAT)
		return 0;
	if (src_counts && any_addrs(&m->src))
		bits |= FW_RISK_ANY_SOURCE;
	if (dst_counts && any_addrs(&m->dst))
		bits |= FW_RISK_ANY_DESTINATION;
	if (all_ports)
		bits |= FW_RISK_ANY_PORT;
	if (m->svc.any)
		bits |= FW_RISK_ANY_PROTOCOL;
	if (from_outside)
		bits |= FW_RISK_INBOUND;
	if ((src_counts && wide_addrs(&m->src)) || (dst_counts && wide_addrs(&m->dst)) ||
		(!all_ports && wide_ports(&m->svc)))
		bits |= FW_RISK_WIDE;
	if (!all_ports && crossing && cleartext(&m->svc))
		bits |= FW_RISK_CLEARTEXT;
	return bits;
}

const struct sk_text *fw_risk_text(unsigned bit_index)
{
	return bit_index < FW_RISK_BITS ? &risks[bit_index].text : NULL;
}

const char *fw_risk_name(unsigned bit_index)
{
	return bit_index < FW_RISK_BITS ? risks[bit_index].name : NULL;
}
