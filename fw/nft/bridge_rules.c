// SPDX-License-Identifier: GPL-2.0-or-later
/* The rules of transparent operation: those of the bridge's own table, and inet's part. Pure. */
#include <linux/if_ether.h>
#include <netinet/in.h>
#include <string.h>

#include "fw/nft/bridge.h"
#include "fw/nft/log_prefix.h"
#include "fw/nft/nft.h"
#include "fw/nft/plan_int.h"
#include "fw/nft/uapi.h"
#include "lib/util.h"

/* Before br_netfilter, which sits at 0 and just before, and behind it. */
/* linux/netfilter_bridge.h cannot be had beside netinet/in.h. */
#define NF_BR_PRE_ROUTING 0
#define NF_BR_FORWARD 2
#define NF_BR_LOCAL_OUT 3
#define BEFORE (-300)
#define BEHIND 300

#define ND_HOPS 255
#define MLD_HOPS 1

static const struct fw_nft_bridge_chain chains[] = {
	{"zone_in", true, "prerouting", NF_BR_PRE_ROUTING, BEFORE},
	{"ports", true, "forward", NF_BR_FORWARD, BEFORE},
	{"passed", true, "forward", NF_BR_FORWARD, BEHIND},
	{"own", true, "output", NF_BR_LOCAL_OUT, BEFORE},
	{"zone_out", false, NULL, 0, 0},
	{"frames", false, NULL, 0, 0},
	{"decided", false, NULL, 0, 0},
};

const struct fw_nft_bridge_chain *fw_nft_bridge_chain(size_t n)
{
	return n < SK_ARRAY_SIZE(chains) ? &chains[n] : NULL;
}

/* ---- the bridge's table ---- */

struct table {
	const struct fw_policy *p;
	fw_nft_emit_fn *emit;
	void *arg;
};

static void start(struct fw_nft_rule *r, const char *chain)
{
	fw_nft_rule_init(r, chain, FW_B_BRIDGE_OTHER, 0);
}

static void verdict(
	const struct table *t, struct fw_nft_rule *r, enum fw_nft_verdict v, const char *target)
{
	r->verdict = v;
	r->target = target;
	t->emit(r, t->arg);
}

static void drop(const struct table *t, struct fw_nft_rule *r)
{
	r->count = true;
	verdict(t, r, FW_NFT_DROP, NULL);
}

static void mark(const struct table *t, struct fw_nft_rule *r, uint32_t out, uint32_t in)
{
	r->meta_out = out;
	r->meta_in = in;
	t->emit(r, t->arg);
}

typedef void port_fn(const struct table *t, size_t zone, const char *port);

static void each_port(const struct table *t, port_fn *fn)
{
	for (size_t z = 0; z < t->p->n_zones; z++)
		for (size_t i = 0; i < t->p->zones[z].n_ifaces; i++)
			fn(t, z, t->p->zones[z].ifaces[i]);
}

static void match_port(struct fw_nft_rule *r, enum fw_nft_field f, const char *port)
{
	char name[IFNAMSIZ] = "";

	memcpy(name, port, strnlen(port, IFNAMSIZ - 1));
	fw_nft_rule_add(r, f, FW_NFT_EQ, name);
}

static void zone_in(const struct table *t, size_t zone, const char *port)
{
	struct fw_nft_rule r;

	start(&r, "zone_in");
	match_port(&r, FW_NFT_IIFNAME, port);
	mark(t, &r, 0, FW_MARK_BRIDGE_IN(zone));
}

/* Whatever comes from a port of ours or goes to one; other bridges are not our affair. */
static void ports(const struct table *t, size_t zone, const char *port)
{
	struct fw_nft_rule r;

	start(&r, "ports");
	match_port(&r, FW_NFT_IIFNAME, port);
	verdict(t, &r, FW_NFT_GOTO, "zone_out");
	start(&r, "ports");
	match_port(&r, FW_NFT_OIFNAME, port);
	verdict(t, &r, FW_NFT_GOTO, "zone_out");
}

static void zone_out(const struct table *t, size_t zone, const char *port)
{
	struct fw_nft_rule r;

	start(&r, "zone_out");
	match_port(&r, FW_NFT_OIFNAME, port);
	r.meta_in = FW_MARK_BRIDGE_OUT(zone);
	verdict(t, &r, FW_NFT_GOTO, "frames");
}

static void passed(const struct table *t, size_t zone, const char *port)
{
	struct fw_nft_rule r;

	start(&r, "passed");
	match_port(&r, FW_NFT_OIFNAME, port);
	verdict(t, &r, FW_NFT_GOTO, "decided");
}

/*
 * Of the gateway itself, decided about before it was known by which port it leaves: for another
 * zone. What has no such mark comes from a socket of its own kind (a DHCP client's, ARP).
 */
static void own(const struct table *t, size_t zone, const char *port)
{
	const uint32_t any = FW_MARK_BRIDGE_ALL_OUT, this = FW_MARK_BRIDGE_OUT(zone), none = 0;
	struct fw_nft_rule r;

	fw_nft_rule_init(&r, "own", FW_B_DEFAULT_DENY, 0);
	match_port(&r, FW_NFT_OIFNAME, port);
	fw_nft_rule_u32(&r, FW_NFT_META_MARK, FW_NFT_BITS, any);
	memcpy(fw_nft_rule_add(&r, FW_NFT_META_MARK, FW_NFT_MASKED, &none)->hi, &this,
		sizeof(this));
	r.log = FW_LOG_DROP;
	r.reason = FW_REASON_NO_RULE;
	drop(t, &r);
}

static void no_zone(const struct table *t)
{
	const uint32_t none = 0, mask = FW_MARK_BRIDGE_ALL_IN;
	struct fw_nft_rule r;

	start(&r, "zone_out");
	memcpy(fw_nft_rule_add(&r, FW_NFT_META_MARK, FW_NFT_MASKED, &none)->hi, &mask,
		sizeof(mask));
	drop(t, &r);
}

static void frame_type(const struct table *t, const char *chain, uint16_t type)
{
	struct fw_nft_rule r;

	start(&r, chain);
	fw_nft_rule_u16(&r, FW_NFT_ETHER_TYPE, type);
	verdict(t, &r, FW_NFT_ACCEPT, NULL);
}

static void rest(const struct table *t, const char *chain)
{
	struct fw_nft_rule r;

	start(&r, chain);
	drop(t, &r);
}

/* A tagged frame has the tag's type: it is none of these. */
static void frames(const struct table *t)
{
	static const uint16_t types[] = {ETH_P_IP, ETH_P_IPV6, ETH_P_ARP};

	for (size_t i = 0; i < SK_ARRAY_SIZE(types); i++)
		frame_type(t, "frames", types[i]);
	rest(t, "frames");
}

static void decided(const struct table *t)
{
	struct fw_nft_rule r;

	start(&r, "decided");
	fw_nft_rule_u32(&r, FW_NFT_META_MARK, FW_NFT_BITS, FW_MARK_BRIDGE_PASSED);
	verdict(t, &r, FW_NFT_ACCEPT, NULL);
	frame_type(t, "decided", ETH_P_ARP);
	rest(t, "decided");
}

void fw_nft_bridge_rules(const struct fw_policy *p, fw_nft_emit_fn *emit, void *arg)
{
	const struct table t = {p, emit, arg};
	struct fw_nft_rule r;

	start(&r, "zone_in");
	mark(&t, &r, FW_MARK_BRIDGE, 0);
	each_port(&t, zone_in);
	each_port(&t, ports);
	each_port(&t, passed);
	each_port(&t, own);
	no_zone(&t);
	each_port(&t, zone_out);
	rest(&t, "zone_out");
	frames(&t);
	decided(&t);
}

/* ---- zones in inet's table ---- */

bool fw_nft_plan_bridged(
	struct fw_nft_plan *pl, struct fw_nft_rule *r, enum fw_nft_field f, uint32_t zones)
{
	if (!zones)
		return false;
	fw_nft_rule_u32(r, FW_NFT_META_MARK, FW_NFT_BITS,
		f == FW_NFT_IIFNAME ? FW_MARK_BRIDGE_IN(0) * zones : FW_MARK_BRIDGE_OUT(0) * zones);
	return true;
}

/*
 * Also for those whose own chain, which comes after c (NULL: all), is not asked any more: it might
 * have let the packet out, too.
 */
void fw_nft_plan_bridge_only(const struct fw_nft_plan *pl, struct fw_nft_rule *r,
	const struct fw_nft_zchain *c, uint32_t zones)
{
	const struct fw_nft_zchain *k = c ? c + 1 : pl->chains, *end = pl->chains + pl->n_chains;

	for (; k < end; k++)
		if (k->kind == FW_NFT_Z_OUTPUT)
			zones |= 1u << k->to;
	r->meta_out = FW_MARK_BRIDGE_ALL_OUT;
	r->meta_in = FW_MARK_BRIDGE_OUT(0) * zones;
}

static void to_chain(struct fw_nft_plan *pl, struct fw_nft_rule *r, const char *target)
{
	r->verdict = FW_NFT_GOTO;
	r->target = target;
	fw_nft_plan_emit(pl, r);
}

static void dispatch(struct fw_nft_plan *pl, const char *chain, const struct fw_nft_zchain *c)
{
	struct fw_nft_rule r;

	fw_nft_rule_init(&r, chain, FW_B_DEFAULT_DENY, 0);
	if (c->kind != FW_NFT_Z_OUTPUT)
		fw_nft_plan_bridged(pl, &r, FW_NFT_IIFNAME, 1u << c->from);
	if (c->kind != FW_NFT_Z_INPUT)
		fw_nft_plan_bridged(pl, &r, FW_NFT_OIFNAME, 1u << c->to);
	if (c->kind == FW_NFT_Z_OUTPUT)
		fw_nft_plan_bridge_only(pl, &r, c, 1u << c->to);
	to_chain(pl, &r, c->name);
}

static void deny(struct fw_nft_plan *pl, const char *chain)
{
	struct fw_nft_rule r;
	uint32_t zones = 0;

	for (size_t z = 0; z < pl->p->n_zones; z++)
		zones |= (uint32_t)pl->p->zones[z].reject << z;
	fw_nft_rule_init(&r, chain, FW_B_DEFAULT_DENY, 0);
	if (fw_nft_plan_bridged(pl, &r, FW_NFT_IIFNAME, zones))
		to_chain(pl, &r, FW_NFT_DENY_REJECT);
}

void fw_nft_plan_bridge_map(struct fw_nft_plan *pl, const char *chain, enum fw_nft_map m)
{
	const enum fw_nft_zone_chain kind = m == FW_NFT_MAP_FORWARD ? FW_NFT_Z_FORWARD
		: m == FW_NFT_MAP_INPUT                             ? FW_NFT_Z_INPUT
								    : FW_NFT_Z_OUTPUT;

	if (m == FW_NFT_MAP_DENY) {
		deny(pl, chain);
		return;
	}
	for (size_t i = 0; i < pl->n_chains; i++)
		if (pl->chains[i].kind == kind && !pl->chains[i].block)
			dispatch(pl, chain, &pl->chains[i]);
}

/* ---- what keeps the link working ---- */

/* out: to zones of; in: from zones of. Every bit: between any two. */
struct way {
	uint32_t in, out;
};

static bool begin(
	struct fw_nft_plan *pl, struct fw_nft_rule *r, enum fw_builtin_id id, const struct way *w)
{
	fw_nft_rule_init(r, fw_nft_base(FW_NFT_FORWARD)->name, id, 0);
	r->count = true;
	r->meta_in = FW_MARK_BRIDGE_LINK;
	r->verdict = FW_NFT_ACCEPT;
	return fw_nft_plan_bridged(pl, r, FW_NFT_IIFNAME, w->in) &&
		fw_nft_plan_bridged(pl, r, FW_NFT_OIFNAME, w->out);
}

static const uint8_t link_local[16] = {0xfe, 0x80}; /* fe80::/10 */

struct icmp6 {
	uint8_t lo, hi, hops;
	bool unspecified; /* from :: instead of a link-local address; hops 255: from any */
};

static void icmp6(
	struct fw_nft_plan *pl, enum fw_builtin_id id, const struct way *w, const struct icmp6 *k)
{
	static const uint8_t any[16] = {0};
	struct fw_nft_rule r;

	if (!begin(pl, &r, id, w))
		return;
	fw_nft_rule_u8(&r, FW_NFT_NFPROTO, NFPROTO_IPV6);
	fw_nft_rule_u8(&r, FW_NFT_L4PROTO, IPPROTO_ICMPV6);
	if (k->lo == k->hi)
		fw_nft_rule_u8(&r, FW_NFT_ICMP6_TYPE, k->lo);
	else
		fw_nft_rule_range(&r, FW_NFT_ICMP6_TYPE, &k->lo, &k->hi);
	fw_nft_rule_u8(&r, FW_NFT_HOPLIMIT, k->hops);
	if (k->unspecified)
		fw_nft_rule_add(&r, FW_NFT_SADDR6, FW_NFT_EQ, any);
	else if (id != FW_B_BRIDGE_ND)
		fw_nft_rule_add(&r, FW_NFT_SADDR6, FW_NFT_PREFIX, link_local)->prefix = 10;
	fw_nft_plan_emit(pl, &r);
}

/* RFC 2131 4.1: to everybody on the link, or to the one who has or gets the address. */
static void dhcp4(struct fw_nft_plan *pl, const struct way *w, bool to_client, bool broadcast)
{
	static const uint8_t all[4] = {255, 255, 255, 255};
	struct fw_nft_rule r;

	if (!begin(pl, &r, FW_B_BRIDGE_DHCP, w))
		return;
	fw_nft_rule_u8(&r, FW_NFT_NFPROTO, NFPROTO_IPV4);
	fw_nft_rule_u8(&r, FW_NFT_L4PROTO, IPPROTO_UDP);
	if (broadcast)
		fw_nft_rule_add(&r, FW_NFT_DADDR4, FW_NFT_EQ, all);
	else
		r.meta_in = 0;
	fw_nft_rule_u16(&r, FW_NFT_SPORT, to_client ? 67 : 68);
	fw_nft_rule_u16(&r, FW_NFT_DPORT, to_client ? 68 : 67);
	r.mark = true;
	fw_nft_plan_emit(pl, &r);
}

/* RFC 8415 7.1, 7.2: within the link; a server may answer from any port and any address of its. */
static void dhcp6(struct fw_nft_plan *pl, const struct way *w, bool to_client, bool multicast)
{
	static const uint8_t servers[16] = {0xff, 0x02, [13] = 1, [15] = 2}; /* ff02::1:2 */
	struct fw_nft_rule r;

	if (!begin(pl, &r, FW_B_BRIDGE_DHCP, w))
		return;
	fw_nft_rule_u8(&r, FW_NFT_NFPROTO, NFPROTO_IPV6);
	fw_nft_rule_u8(&r, FW_NFT_L4PROTO, IPPROTO_UDP);
	if (!to_client)
		fw_nft_rule_add(&r, FW_NFT_SADDR6, FW_NFT_PREFIX, link_local)->prefix = 10;
	if (multicast)
		fw_nft_rule_add(&r, FW_NFT_DADDR6, FW_NFT_EQ, servers);
	else
		fw_nft_rule_add(&r, FW_NFT_DADDR6, FW_NFT_PREFIX, link_local)->prefix = 10;
	fw_nft_rule_u16(&r, FW_NFT_DPORT, to_client ? 546 : 547);
	r.mark = true;
	fw_nft_plan_emit(pl, &r);
}

/* Ports of one zone: one switch, as a zone's own bridge is in routed operation. */
static void within(struct fw_nft_plan *pl)
{
	struct fw_nft_rule r;

	for (size_t z = 0; z < pl->p->n_zones; z++) {
		const struct way w = {1u << z, 1u << z};

		if (pl->p->zones[z].n_ifaces < 2 || !begin(pl, &r, FW_B_BRIDGE_ZONE, &w))
			continue;
		r.mark = true;
		fw_nft_plan_emit(pl, &r);
	}
}

/*
 * While the table is taken away its hooks go one by one, this one before "ips_save", which must not
 * take that for consent (seen on Linux 6.18: up to 12 packets of a table's deletion).
 */
static void asked(struct fw_nft_plan *pl)
{
	struct fw_nft_rule r;

	fw_nft_rule_init(&r, fw_nft_base(FW_NFT_FORWARD)->name, FW_B_BRIDGE_OTHER, 0);
	r.meta_in = FW_MARK_BRIDGE_ASKED;
	fw_nft_plan_emit(pl, &r);
}

/* From an outside zone to another; turned round: outwards. */
static struct way inwards_of(const struct fw_policy *p)
{
	struct way w = {0, 0};

	for (size_t z = 0; z < p->n_zones; z++)
		if (p->zones[z].kind == FW_ZONE_OUTSIDE)
			w.in |= 1u << z;
		else
			w.out |= 1u << z;
	return w;
}

void fw_nft_plan_bridge_link(struct fw_nft_plan *pl)
{
	const uint32_t every = (1u << FW_BRIDGE_ZONES_MAX) - 1;
	const struct way any = {every, every};
	const struct way inwards = inwards_of(pl->p), outwards = {inwards.out, inwards.in};

	if (!pl->bridge)
		return;
	asked(pl);
	within(pl);
	/* RFC 4861 7.1, RFC 3810 5, RFC 3590: as for the gateway itself. */
	icmp6(pl, FW_B_BRIDGE_ND, &any, &(struct icmp6){133, 133, ND_HOPS, false});
	icmp6(pl, FW_B_BRIDGE_ND, &any, &(struct icmp6){135, 136, ND_HOPS, false});
	icmp6(pl, FW_B_BRIDGE_RA, &inwards, &(struct icmp6){134, 134, ND_HOPS, false});
	for (int from_any = 0; from_any <= 1; from_any++) {
		icmp6(pl, FW_B_BRIDGE_MLD, &any, &(struct icmp6){130, 132, MLD_HOPS, from_any});
		icmp6(pl, FW_B_BRIDGE_MLD, &any, &(struct icmp6){143, 143, MLD_HOPS, from_any});
	}
	dhcp4(pl, &outwards, false, true);
	dhcp4(pl, &inwards, true, true);
	dhcp6(pl, &outwards, false, true);
	dhcp6(pl, &outwards, false, false);
	dhcp6(pl, &inwards, true, false);
}

/* Nothing tells such a packet from one of or for a host far away: as if a record allowed it. */
void fw_nft_plan_bridge_renewal(struct fw_nft_plan *pl)
{
	const struct way inwards = inwards_of(pl->p), outwards = {inwards.out, inwards.in};

	if (!pl->bridge)
		return;
	dhcp4(pl, &outwards, false, false);
	dhcp4(pl, &inwards, true, false);
}

/* ---- the ends of inet's chains ---- */

/* Which port a packet of our own leaves by, the bridge finds out later: as yet it may be any. */
void fw_nft_plan_bridge_own(struct fw_nft_plan *pl, const char *chain)
{
	struct fw_nft_rule r;

	if (!pl->bridge)
		return;
	fw_nft_rule_init(&r, chain, FW_B_BRIDGE_OTHER, 0);
	match_port(&r, FW_NFT_OIFNAME, pl->bridge);
	r.meta_out = FW_MARK_BRIDGE;
	r.meta_in = FW_MARK_BRIDGE_ALL_OUT;
	fw_nft_plan_emit(pl, &r);
}

/* Broadcast frames are several packets with one connection: a queue drops all but one of them. */
void fw_nft_plan_bridge_uninspected(struct fw_nft_plan *pl, const char *chain)
{
	struct fw_nft_rule r;

	if (!pl->bridge)
		return;
	fw_nft_rule_init(&r, chain, FW_B_INSPECT, 0);
	fw_nft_rule_u32(&r, FW_NFT_META_MARK, FW_NFT_BITS, FW_MARK_BRIDGE_LINK);
	r.verdict = FW_NFT_ACCEPT;
	fw_nft_plan_emit(pl, &r);
}

void fw_nft_plan_bridge_passed(struct fw_nft_plan *pl, const char *chain)
{
	struct fw_nft_rule r;

	if (!pl->bridge || strcmp(chain, fw_nft_base(FW_NFT_IPS_SAVE)->name) != 0)
		return;
	fw_nft_rule_init(&r, chain, FW_B_BRIDGE_OTHER, 0);
	fw_nft_rule_u32(&r, FW_NFT_META_MARK, FW_NFT_BITS, FW_MARK_BRIDGE_ASKED);
	r.meta_in = FW_MARK_BRIDGE_PASSED;
	fw_nft_plan_emit(pl, &r);
}
