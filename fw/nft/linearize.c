/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A record as kernel rules: one for each family and protocol it names, with the conditions that
 * cost least first and set lookups last. Pure.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "fw/nft/log_prefix.h"
#include "fw/nft/plan_int.h"
#include "fw/nft/uapi.h"
#include "lib/util.h"

#define PROTO_ICMP IPPROTO_ICMP
#define PROTO_ICMP6 IPPROTO_ICMPV6

/* ---- variants ---- */

static bool any_port(const struct fw_svc *s)
{
	const uint8_t p = s->proto_lo;

	if (s->lo == 0 && s->hi == UINT16_MAX)
		return true;
	return !fw_proto_has_ports(p) && p != PROTO_ICMP && p != PROTO_ICMP6;
}

/* Spans of the n services, all of one protocol, in the plan's scratch memory. */
static void set_spans(
	struct fw_nft_plan *pl, struct fw_nft_variant *v, const struct fw_svc *s, size_t n)
{
	const unsigned max = v->proto == PROTO_ICMP || v->proto == PROTO_ICMP6 ? 255 : UINT16_MAX;

	v->n_spans = 0;
	for (size_t i = 0; i < n; i++) {
		if (any_port(&s[i]))
			return;
	}
	if (sk_grow(&pl->spans, &pl->cap_spans, n, sizeof(*pl->spans)) < 0) {
		pl->err = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < n; i++) {
		pl->spans[i].lo = s[i].lo;
		pl->spans[i].hi = (uint16_t)SK_MIN((unsigned)s[i].hi, max);
	}
	v->spans = pl->spans;
	v->n_spans = n;
}

static void family_variants(struct fw_nft_plan *pl, const struct fw_policy_rule *r,
	const struct fw_nft_zchain *c, uint8_t family, fw_nft_variant_fn *fn)
{
	const struct fw_svcs *svc = &r->match.svc;
	struct fw_nft_variant v = {.family = family, .any_proto = true};

	if (svc->any) {
		fn(pl, &v, r, c);
		return;
	}
	for (size_t i = 0, next; i < svc->n && !pl->err; i = next) {
		const uint8_t proto = svc->v[i].proto_lo;
		for (next = i + 1; next < svc->n && svc->v[next].proto_lo == proto; next++)
			;
		v = (struct fw_nft_variant){.family = family, .proto = proto};
		/* ICMP lives in IPv4 and ICMPv6 in IPv6 only. */
		if ((proto == PROTO_ICMP && family == 6) || (proto == PROTO_ICMP6 && family == 4))
			continue;
		if (proto == PROTO_ICMP)
			v.family = 4;
		if (proto == PROTO_ICMP6)
			v.family = 6;
		set_spans(pl, &v, svc->v + i, next - i);
		if (!pl->err)
			fn(pl, &v, r, c);
	}
}

void fw_nft_plan_variants(struct fw_nft_plan *pl, const struct fw_policy_rule *r,
	const struct fw_nft_zchain *c, uint8_t only_family, fw_nft_variant_fn *fn)
{
	const struct fw_addrs *s = &r->match.src, *d = &r->match.dst;

	if (s->any && d->any) {
		family_variants(pl, r, c, only_family, fn);
		return;
	}
	if (only_family != 6 && (s->any || s->n4) && (d->any || d->n4))
		family_variants(pl, r, c, 4, fn);
	if (only_family != 4 && (s->any || s->n6) && (d->any || d->n6))
		family_variants(pl, r, c, 6, fn);
}

/* ---- conditions ---- */

static void key_of(uint8_t key[16], uint8_t family, unsigned __int128 a)
{
	for (int i = family == 6 ? 15 : 3; i >= 0; i--, a >>= 8)
		key[i] = (uint8_t)a;
}

/* Length of the prefix that lo-hi is exactly, or -1. */
static int prefix_of(uint8_t family, unsigned __int128 lo, unsigned __int128 hi)
{
	const int bits = family == 6 ? 128 : 32;
	unsigned __int128 x = lo ^ hi;
	int host = 0;

	for (; x & 1; x >>= 1)
		host++;
	const unsigned __int128 mask =
		host >= 128 ? ~(unsigned __int128)0 : (((unsigned __int128)1 << host) - 1);
	if (x != 0 || (lo & mask) != 0)
		return -1;
	return bits - host;
}

static void add_range(struct fw_nft_rule *k, enum fw_nft_field f, uint8_t family,
	unsigned __int128 lo, unsigned __int128 hi)
{
	const int bits = family == 6 ? 128 : 32;
	const int prefix = prefix_of(family, lo, hi);
	uint8_t a[16] = {0}, b[16] = {0};

	key_of(a, family, lo);
	key_of(b, family, hi);
	if (prefix == 0)
		return;
	if (prefix == bits)
		fw_nft_rule_add(k, f, FW_NFT_EQ, a);
	else if (prefix > 0)
		fw_nft_rule_add(k, f, FW_NFT_PREFIX, a)->prefix = (uint8_t)prefix;
	else
		fw_nft_rule_range(k, f, a, b);
}

static void add_set(struct fw_nft_plan *pl, struct fw_nft_rule *k, enum fw_nft_field f,
	enum fw_nft_set_type type, const void *items, size_t n)
{
	const struct fw_nft_set *set;

	if (fw_nft_sets_get(&pl->sets, type, items, n, k->number, &set) < 0)
		pl->err = -ENOMEM;
	else
		fw_nft_rule_in(k, f, set);
}

/* sets: only the conditions that need a set, else only those that do not. */
static void add_addrs(struct fw_nft_plan *pl, struct fw_nft_rule *k, uint8_t family, bool src,
	const struct fw_addrs *a, bool sets)
{
	if (a->any || family == 0)
		return;
	const size_t n = family == 4 ? a->n4 : a->n6;
	const enum fw_nft_field f4 = src ? FW_NFT_SADDR4 : FW_NFT_DADDR4;
	const enum fw_nft_field f6 = src ? FW_NFT_SADDR6 : FW_NFT_DADDR6;

	if (n == 0 || (n > 1) != sets)
		return;
	if (family == 4 && sets)
		add_set(pl, k, f4, FW_NFT_SET_ADDR4, a->v4, n);
	else if (family == 4)
		add_range(k, f4, 4, a->v4->lo, a->v4->hi);
	else if (sets)
		add_set(pl, k, f6, FW_NFT_SET_ADDR6, a->v6, n);
	else
		add_range(k, f6, 6, a->v6->lo, a->v6->hi);
}

static void add_spans(
	struct fw_nft_plan *pl, struct fw_nft_rule *k, const struct fw_nft_variant *v, bool sets)
{
	enum fw_nft_set_type type = FW_NFT_SET_PORT;
	enum fw_nft_field f = FW_NFT_DPORT;

	if (v->n_spans == 0 || (v->n_spans > 1) != sets)
		return;
	if (v->proto == PROTO_ICMP) {
		f = FW_NFT_ICMP_TYPE;
		type = FW_NFT_SET_ICMP;
	} else if (v->proto == PROTO_ICMP6) {
		f = FW_NFT_ICMP6_TYPE;
		type = FW_NFT_SET_ICMP6;
	}
	const struct fw_nft_span *s = v->spans;
	if (sets) {
		add_set(pl, k, f, type, s, v->n_spans);
	} else if (f == FW_NFT_DPORT) {
		const uint16_t lo = htons(s->lo), hi = htons(s->hi);
		if (lo == hi)
			fw_nft_rule_add(k, f, FW_NFT_EQ, &lo);
		else
			fw_nft_rule_range(k, f, &lo, &hi);
	} else {
		const uint8_t lo = (uint8_t)s->lo, hi = (uint8_t)s->hi;
		if (lo == hi)
			fw_nft_rule_add(k, f, FW_NFT_EQ, &lo);
		else
			fw_nft_rule_range(k, f, &lo, &hi);
	}
}

void fw_nft_plan_match(struct fw_nft_plan *pl, struct fw_nft_rule *k,
	const struct fw_nft_variant *v, const struct fw_addrs *src, const struct fw_addrs *dst)
{
	const bool icmp = v->proto == PROTO_ICMP || v->proto == PROTO_ICMP6;

	/* A port first: it is the one comparison after which most rules of a pair are left. */
	if (!icmp)
		add_spans(pl, k, v, false);
	if (v->family)
		fw_nft_rule_u8(k, FW_NFT_NFPROTO, v->family == 6 ? NFPROTO_IPV6 : NFPROTO_IPV4);
	add_addrs(pl, k, v->family, false, dst, false);
	add_addrs(pl, k, v->family, true, src, false);
	if (!v->any_proto)
		fw_nft_rule_u8(k, FW_NFT_L4PROTO, v->proto);
	if (icmp)
		add_spans(pl, k, v, false);
	add_spans(pl, k, v, true);
	add_addrs(pl, k, v->family, false, dst, true);
	add_addrs(pl, k, v->family, true, src, true);
}

/* ---- allow and deny ---- */

static void filter_rule(struct fw_nft_plan *pl, const struct fw_nft_variant *v,
	const struct fw_policy_rule *r, const struct fw_nft_zchain *c)
{
	const bool allow = r->rec.kind == FW_ALLOW;
	const bool refuse = c->from != FW_SELF && pl->p->zones[c->from].reject;
	struct fw_nft_rule k;

	fw_nft_rule_init(&k, c->name, r->rec.number, r->rec.revision);
	fw_nft_plan_match(pl, &k, v, &r->match.src, &r->match.dst);
	k.count = true;
	k.reason = FW_REASON_RULE;
	if (allow) {
		k.log = FW_LOG_ALLOW;
		k.mark = true;
		k.verdict = FW_NFT_ACCEPT;
	} else if (refuse) {
		k.log = FW_LOG_REJECT;
		k.verdict = FW_NFT_GOTO;
		k.target = FW_NFT_REFUSE;
	} else {
		k.log = FW_LOG_DROP;
		k.verdict = FW_NFT_DROP;
	}
	if (!r->rec.log)
		k.log = 0;
	fw_nft_plan_emit(pl, &k);
}

void fw_nft_plan_record(
	struct fw_nft_plan *pl, const struct fw_nft_zchain *c, const struct fw_policy_rule *r)
{
	if (c->kind == FW_NFT_Z_DNAT)
		fw_nft_plan_dnat(pl, c, r);
	else if (c->kind == FW_NFT_Z_SNAT)
		fw_nft_plan_snat(pl, c, r);
	else if (r->rec.kind == FW_DNAT)
		fw_nft_plan_dnat_forward(pl, c, r);
	else
		fw_nft_plan_variants(pl, r, c, 0, filter_rule);
}
