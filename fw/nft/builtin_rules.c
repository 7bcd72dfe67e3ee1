/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel form of the built-in records: base chains, default deny, and the answer of zones that
 * refuse. What they let through must agree with fw_explain. Pure.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>

#include "fw/nft/gate_plan.h"
#include "fw/nft/log_prefix.h"
#include "fw/nft/nft.h"
#include "fw/nft/plan_int.h"
#include "fw/nft/uapi.h"
#include "lib/util.h"

#define ND_HOPS 255 /* RFC 4861 7.1: proof that nobody forwarded it */
#define MLD_HOPS 1  /* RFC 3810 5 */

static const uint8_t any6[16] = {0};
static const uint8_t link_local6[16] = {0xfe, 0x80}; /* fe80::/10 */
static const uint8_t link_local4[4] = {169, 254};    /* 169.254.0.0/16, RFC 3927 */

/* ---- pieces ---- */

static void start(struct fw_nft_rule *r, const char *chain, enum fw_builtin_id id)
{
	fw_nft_rule_init(r, chain, id, 0);
	r->count = true;
}

static void accept_it(struct fw_nft_plan *pl, struct fw_nft_rule *r)
{
	r->verdict = FW_NFT_ACCEPT;
	fw_nft_plan_emit(pl, r);
}

/* Accept a new connection: its later packets are told apart by the mark. */
static void accept_new(struct fw_nft_plan *pl, struct fw_nft_rule *r)
{
	r->mark = true;
	accept_it(pl, r);
}

static void drop_it(struct fw_nft_plan *pl, struct fw_nft_rule *r, const char *reason)
{
	r->log = FW_LOG_DROP;
	r->reason = reason;
	r->verdict = FW_NFT_DROP;
	fw_nft_plan_emit(pl, r);
}

static void match_family(struct fw_nft_rule *r, uint8_t nfproto, uint8_t l4proto)
{
	fw_nft_rule_u8(r, FW_NFT_NFPROTO, nfproto);
	if (l4proto)
		fw_nft_rule_u8(r, FW_NFT_L4PROTO, l4proto);
}

static void match_prefix(
	struct fw_nft_rule *r, enum fw_nft_field f, const void *value, uint8_t prefix)
{
	fw_nft_rule_add(r, f, FW_NFT_PREFIX, value)->prefix = prefix;
}

/*
 * Interfaces of all zones that open the rule's built-in, as a condition on f. False: there is none,
 * and the rule must not be written (it would match everywhere).
 */
static bool match_zones(struct fw_nft_plan *pl, struct fw_nft_rule *r, enum fw_nft_field f)
{
	static const size_t max = (size_t)FW_ZONES_MAX * FW_ZONE_IFACES_MAX;
	uint32_t zones = 0;
	size_t n = 0;

	for (size_t z = 0; z < pl->p->n_zones; z++)
		zones |= (uint32_t)fw_builtin_opens(r->number, &pl->p->zones[z]) << z;
	if (pl->bridge && f == FW_NFT_OIFNAME)
		fw_nft_plan_bridge_only(pl, r, NULL, zones);
	if (pl->bridge)
		return fw_nft_plan_bridged(pl, r, f, zones);
	char(*names)[IFNAMSIZ] = calloc(max, IFNAMSIZ);
	if (!names) {
		pl->err = -ENOMEM;
		return false;
	}
	for (size_t z = 0; z < pl->p->n_zones; z++) {
		const struct fw_zone *zone = &pl->p->zones[z];
		for (size_t i = 0; (zones >> z & 1) && i < zone->n_ifaces && n < max; i++)
			memcpy(names[n++], zone->ifaces[i], IFNAMSIZ);
	}
	fw_nft_plan_ifaces(pl, r, f, (const char(*)[IFNAMSIZ])names, n);
	free(names);
	return n > 0 && !pl->err;
}

static void via_map(struct fw_nft_plan *pl, const char *chain, enum fw_nft_map m)
{
	const struct fw_nft_map_info *i = fw_nft_map(m);
	struct fw_nft_rule r;

	if (pl->bridge && m != FW_NFT_MAP_NAT_PRE && m != FW_NFT_MAP_NAT_POST) {
		fw_nft_plan_bridge_map(pl, chain, m);
		return;
	}
	fw_nft_rule_init(&r, chain, FW_B_DEFAULT_DENY, 0);
	r.map = i->name;
	r.map_in = i->in;
	r.map_out = i->out;
	fw_nft_plan_emit(pl, &r);
}

static void go(struct fw_nft_plan *pl, const char *chain, const char *target)
{
	struct fw_nft_rule r;

	fw_nft_rule_init(&r, chain, FW_B_DEFAULT_DENY, 0);
	r.verdict = FW_NFT_GOTO;
	r.target = target;
	fw_nft_plan_emit(pl, &r);
}

/* ---- connections that exist ---- */

/* The connection's mark holds the number of a record or a built-in. */
static void let_in(struct fw_nft_rule *r)
{
	fw_nft_rule_u32(r, FW_NFT_CT_MARK, FW_NFT_BITS, FW_MARK_MASK);
}

/*
 * Only connections that a record let in, which wrote its number: one that is older than the table,
 * or that began while somebody had taken it away, is decided about like a new one.
 */
static void established(struct fw_nft_plan *pl, const char *chain)
{
	struct fw_nft_rule r;

	start(&r, chain, FW_B_ESTABLISHED);
	fw_nft_rule_u32(&r, FW_NFT_CT_STATE, FW_NFT_BITS, FW_CT_ESTABLISHED);
	let_in(&r);
	accept_it(pl, &r);
}

/* The gateway's own refusals are about connections that nobody let in. */
static void related_icmp(struct fw_nft_plan *pl, const char *chain, bool own)
{
	static const uint8_t protos[] = {IPPROTO_ICMP, IPPROTO_ICMPV6};
	struct fw_nft_rule r;

	for (size_t i = 0; i < SK_ARRAY_SIZE(protos); i++) {
		start(&r, chain, FW_B_RELATED_ICMP);
		fw_nft_rule_u32(&r, FW_NFT_CT_STATE, FW_NFT_BITS, FW_CT_RELATED);
		fw_nft_rule_u8(&r, FW_NFT_L4PROTO, protos[i]);
		if (!own)
			let_in(&r);
		accept_it(pl, &r);
	}
}

/* The TCP reset that a refusing rule sends for another's connection is "related" to that one. */
static void related_reset(struct fw_nft_plan *pl, const char *chain)
{
	const uint8_t rst = 0x04;
	struct fw_nft_rule r;

	start(&r, chain, FW_B_RELATED_ICMP);
	fw_nft_rule_u32(&r, FW_NFT_CT_STATE, FW_NFT_BITS, FW_CT_RELATED);
	fw_nft_rule_u8(&r, FW_NFT_L4PROTO, IPPROTO_TCP);
	fw_nft_rule_add(&r, FW_NFT_TCP_FLAGS, FW_NFT_BITS, &rst);
	accept_it(pl, &r);
}

static void invalid(struct fw_nft_plan *pl, const char *chain)
{
	struct fw_nft_rule r;

	start(&r, chain, FW_B_INVALID);
	fw_nft_rule_u32(&r, FW_NFT_CT_STATE, FW_NFT_BITS, FW_CT_INVALID);
	drop_it(pl, &r, FW_REASON_INVALID);
}

static void loopback(struct fw_nft_plan *pl, const char *chain, enum fw_nft_field f)
{
	static const char lo[IFNAMSIZ] = "lo";
	struct fw_nft_rule r;

	start(&r, chain, FW_B_LOOPBACK);
	fw_nft_rule_add(&r, f, FW_NFT_EQ, lo);
	accept_it(pl, &r);
}

/* ---- the link ---- */

static void icmp6(struct fw_nft_plan *pl, const char *chain, enum fw_builtin_id id, uint8_t lo,
	uint8_t hi, bool from_link_local)
{
	struct fw_nft_rule r;

	start(&r, chain, id);
	match_family(&r, NFPROTO_IPV6, IPPROTO_ICMPV6);
	if (lo == hi)
		fw_nft_rule_u8(&r, FW_NFT_ICMP6_TYPE, lo);
	else
		fw_nft_rule_range(&r, FW_NFT_ICMP6_TYPE, &lo, &hi);
	fw_nft_rule_u8(&r, FW_NFT_HOPLIMIT, id == FW_B_MLD ? MLD_HOPS : ND_HOPS);
	if (from_link_local)
		match_prefix(&r, FW_NFT_SADDR6, link_local6, 10);
	if (id == FW_B_RA_CLIENT && !match_zones(pl, &r, FW_NFT_IIFNAME))
		return;
	if (id == FW_B_SERVE_DHCP && !match_zones(pl, &r, FW_NFT_OIFNAME))
		return;
	accept_it(pl, &r);
}

/* Types: 133 RS, 135 NS, 136 NA (RFC 4861); 130-132 MLD (RFC 2710), 143 MLDv2 (RFC 3810). */
static void link_control(struct fw_nft_plan *pl, const char *chain, bool in)
{
	icmp6(pl, chain, FW_B_ND, 133, 133, false);
	icmp6(pl, chain, FW_B_ND, 135, 136, false);
	/* Our own reports during duplicate address detection come from ::. */
	icmp6(pl, chain, FW_B_MLD, 130, 132, in);
	icmp6(pl, chain, FW_B_MLD, 143, 143, in);
}

/* To a client's port or to a server's, in both families. */
static void dhcp4(struct fw_nft_plan *pl, const char *chain, enum fw_builtin_id id,
	enum fw_nft_field f, bool to_client)
{
	struct fw_nft_rule r;

	/* RFC 2131 4.1 */
	start(&r, chain, id);
	if (!match_zones(pl, &r, f))
		return;
	match_family(&r, NFPROTO_IPV4, IPPROTO_UDP);
	fw_nft_rule_u16(&r, FW_NFT_SPORT, to_client ? 67 : 68);
	fw_nft_rule_u16(&r, FW_NFT_DPORT, to_client ? 68 : 67);
	accept_new(pl, &r);
}

static void dhcp6(struct fw_nft_plan *pl, const char *chain, enum fw_builtin_id id,
	enum fw_nft_field f, bool to_client)
{
	struct fw_nft_rule r;

	/*
	 * RFC 8415 7.2: a server may answer from any port, and from any address of its; a client
	 * asks from a link-local one, to which it is answered. Nobody farther away reaches the
	 * gateway's parsers.
	 */
	start(&r, chain, id);
	if (!match_zones(pl, &r, f))
		return;
	match_family(&r, NFPROTO_IPV6, IPPROTO_UDP);
	if (f == FW_NFT_IIFNAME)
		match_prefix(&r, to_client ? FW_NFT_DADDR6 : FW_NFT_SADDR6, link_local6, 10);
	fw_nft_rule_u16(&r, FW_NFT_DPORT, to_client ? 546 : 547);
	accept_new(pl, &r);
}

static void dhcp_client(struct fw_nft_plan *pl, const char *chain, enum fw_nft_field f)
{
	const bool in = f == FW_NFT_IIFNAME;

	dhcp4(pl, chain, FW_B_DHCP_CLIENT, f, in);
	dhcp6(pl, chain, FW_B_DHCP_CLIENT, f, in);
	dhcp6(pl, chain, FW_B_USE_DHCPV6, f, in);
}

/* ---- services of the gateway ---- */

static int by_port(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

static void manage(struct fw_nft_plan *pl, const char *chain)
{
	const struct fw_site *s = &pl->p->site;
	const size_t n = SK_MIN(s->n_manage_ports, SK_ARRAY_SIZE(s->manage_ports));
	uint16_t ports[SK_ARRAY_SIZE(s->manage_ports)];
	struct fw_nft_span spans[SK_ARRAY_SIZE(s->manage_ports)];
	const struct fw_nft_set *set;
	struct fw_nft_rule r;
	size_t k = 0;

	memcpy(ports, s->manage_ports, n * sizeof(*ports));
	qsort(ports, n, sizeof(*ports), by_port);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || ports[i] != ports[i - 1])
			spans[k++] = (struct fw_nft_span){ports[i], ports[i]};
	}
	start(&r, chain, FW_B_MANAGE);
	if (k == 0 || !match_zones(pl, &r, FW_NFT_IIFNAME))
		return;
	fw_nft_rule_u8(&r, FW_NFT_L4PROTO, IPPROTO_TCP);
	if (k == 1) {
		fw_nft_rule_u16(&r, FW_NFT_DPORT, spans[0].lo);
	} else if (fw_nft_sets_get(&pl->sets, FW_NFT_SET_PORT, spans, k, r.number, &set) < 0) {
		pl->err = -ENOMEM;
		return;
	} else {
		fw_nft_rule_in(&r, FW_NFT_DPORT, set);
	}
	accept_new(pl, &r);
}

static void echo(struct fw_nft_plan *pl, const char *chain, enum fw_builtin_id id,
	enum fw_nft_field f, bool v6)
{
	struct fw_nft_rule r;

	start(&r, chain, id);
	if (!match_zones(pl, &r, f))
		return;
	match_family(&r, v6 ? NFPROTO_IPV6 : NFPROTO_IPV4, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	fw_nft_rule_u8(&r, v6 ? FW_NFT_ICMP6_TYPE : FW_NFT_ICMP_TYPE, v6 ? 128 : 8);
	accept_new(pl, &r);
}

static void ping(struct fw_nft_plan *pl, const char *chain)
{
	echo(pl, chain, FW_B_PING, FW_NFT_IIFNAME, false);
	echo(pl, chain, FW_B_PING, FW_NFT_IIFNAME, true);
}

static void service(struct fw_nft_plan *pl, const char *chain, enum fw_builtin_id id, uint8_t proto,
	uint16_t port)
{
	const bool in = id < FW_B_USE_DNS;
	struct fw_nft_rule r;

	start(&r, chain, id);
	if (!match_zones(pl, &r, in ? FW_NFT_IIFNAME : FW_NFT_OIFNAME))
		return;
	fw_nft_rule_u8(&r, FW_NFT_L4PROTO, proto);
	fw_nft_rule_u16(&r, FW_NFT_DPORT, port);
	accept_new(pl, &r);
}

/* What devices ask of the gateway. */
static void serve_in(struct fw_nft_plan *pl, const char *chain)
{
	dhcp4(pl, chain, FW_B_SERVE_DHCP, FW_NFT_IIFNAME, false);
	dhcp6(pl, chain, FW_B_SERVE_DHCP, FW_NFT_IIFNAME, false);
	service(pl, chain, FW_B_SERVE_DNS, IPPROTO_UDP, 53);
	service(pl, chain, FW_B_SERVE_DNS, IPPROTO_TCP, 53);
	service(pl, chain, FW_B_SERVE_NTP, IPPROTO_UDP, 123);
}

/*
 * What giving addresses sends of its own accord: DHCP's answers go to an address that did not ask
 * (RFC 2131 4.1), and a server asks whether an address is free (3.1).
 */
static void serve_out(struct fw_nft_plan *pl, const char *chain)
{
	dhcp4(pl, chain, FW_B_SERVE_DHCP, FW_NFT_OIFNAME, true);
	dhcp6(pl, chain, FW_B_SERVE_DHCP, FW_NFT_OIFNAME, true);
	icmp6(pl, chain, FW_B_SERVE_DHCP, 134, 134, true);
	echo(pl, chain, FW_B_SERVE_DHCP, FW_NFT_OIFNAME, false);
}

/* What the gateway asks of others. */
static void use(struct fw_nft_plan *pl, const char *chain)
{
	service(pl, chain, FW_B_USE_DNS, IPPROTO_UDP, 53);
	service(pl, chain, FW_B_USE_DNS, IPPROTO_TCP, 53);
	service(pl, chain, FW_B_USE_NTP, IPPROTO_UDP, 123);
	service(pl, chain, FW_B_USE_HTTPS, IPPROTO_TCP, 443);
}

/* What the gate let in for the page alone, and led there (fw/nft/gate_plan.c). */
static void page(struct fw_nft_plan *pl, const char *chain)
{
	const uint32_t mark = FW_GATE_MARK_QUARANTINE | FW_GATE_MARK_PAGE;
	struct fw_nft_match *m;
	struct fw_nft_rule r;

	start(&r, chain, FW_B_PAGE);
	m = fw_nft_rule_add(&r, FW_NFT_META_MARK, FW_NFT_MASKED, &mark);
	memcpy(m->hi, &mark, sizeof(mark));
	fw_nft_rule_u8(&r, FW_NFT_L4PROTO, IPPROTO_TCP);
	accept_new(pl, &r);
}

/* ---- before connection tracking ---- */

/* Let the rest of the chain alone for this source; what it may do is decided later. */
static void exempt(struct fw_nft_plan *pl, const char *chain, uint8_t nfproto, const void *source,
	uint8_t prefix)
{
	const bool v6 = nfproto == NFPROTO_IPV6;
	const enum fw_nft_field f = v6 ? FW_NFT_SADDR6 : FW_NFT_SADDR4;
	struct fw_nft_rule r;

	fw_nft_rule_init(&r, chain, FW_B_REVERSE_PATH, 0);
	match_family(&r, nfproto, 0);
	if (prefix == (v6 ? 128 : 32))
		fw_nft_rule_add(&r, f, FW_NFT_EQ, source);
	else
		match_prefix(&r, f, source, prefix);
	accept_it(pl, &r);
}

/* A host that has no address yet asks for one (RFC 2131 4.1). */
static void exempt_dhcp(struct fw_nft_plan *pl, const char *chain)
{
	struct fw_nft_rule r;

	fw_nft_rule_init(&r, chain, FW_B_BOGONS, 0);
	match_family(&r, NFPROTO_IPV4, 0);
	fw_nft_rule_add(&r, FW_NFT_SADDR4, FW_NFT_EQ, any6);
	fw_nft_rule_u8(&r, FW_NFT_L4PROTO, IPPROTO_UDP);
	fw_nft_rule_u16(&r, FW_NFT_DPORT, 67);
	accept_it(pl, &r);
}

static void bogons(struct fw_nft_plan *pl, const char *chain)
{
	struct fw_nft_rule r;
	const struct fw_nft_set *set;

	for (int v6 = 0; v6 <= 1; v6++) {
		size_t n;
		const void *items = v6 ? (const void *)fw_bogons6(&n) : fw_bogons4(&n);
		start(&r, chain, FW_B_BOGONS);
		if (!match_zones(pl, &r, FW_NFT_IIFNAME))
			return;
		match_family(&r, v6 ? NFPROTO_IPV6 : NFPROTO_IPV4, 0);
		if (fw_nft_sets_get(&pl->sets, v6 ? FW_NFT_SET_ADDR6 : FW_NFT_SET_ADDR4, items, n,
			    r.number, &set) < 0) {
			pl->err = -ENOMEM;
			return;
		}
		fw_nft_rule_in(&r, v6 ? FW_NFT_SADDR6 : FW_NFT_SADDR4, set);
		drop_it(pl, &r, FW_REASON_BOGON);
	}
}

static void reverse_path(struct fw_nft_plan *pl, const char *chain)
{
	struct fw_nft_rule r;

	exempt(pl, chain, NFPROTO_IPV4, any6, 32);
	exempt(pl, chain, NFPROTO_IPV4, link_local4, 16);
	exempt(pl, chain, NFPROTO_IPV6, any6, 128);
	exempt(pl, chain, NFPROTO_IPV6, link_local6, 10);
	start(&r, chain, FW_B_REVERSE_PATH);
	fw_nft_rule_u32(&r, FW_NFT_FIB_REVERSE, FW_NFT_EQ, 0);
	drop_it(pl, &r, FW_REASON_REVERSE_PATH);
}

static bool has_reserved(const struct fw_policy *p)
{
	bool reserved = false;

	for (size_t z = 0; z < p->n_zones; z++)
		reserved |= p->zones[z].bogons;
	return reserved;
}

bool fw_nft_plan_raw(const struct fw_policy *p)
{
	return has_reserved(p) || p->site.reverse_path || p->guard.enabled || p->blocklist;
}

static void pre_raw(struct fw_nft_plan *pl, const char *chain)
{
	const bool reserved = has_reserved(pl->p);

	if (!fw_nft_plan_raw(pl->p))
		return;
	loopback(pl, chain, FW_NFT_IIFNAME);
	if (reserved) {
		exempt_dhcp(pl, chain);
		bogons(pl, chain);
	}
	fw_nft_plan_list_from(pl, chain);
	if (pl->p->site.reverse_path)
		reverse_path(pl, chain);
	fw_nft_plan_guard_raw(pl, chain);
}

/*
 * Both packets that open a TCP connection, before anything accepts them and before inspection sees
 * them. Where a line carries less than Ethernet does, the message that says so is often lost on the
 * way; who never sends too much needs none.
 */
static void segment_size(struct fw_nft_plan *pl, const char *chain)
{
	const uint8_t syn = 0x02, mask = 0x02 | 0x04; /* SYN, not RST */
	struct fw_nft_rule r;

	fw_nft_rule_init(&r, chain, FW_B_MSS, 0);
	fw_nft_rule_u8(&r, FW_NFT_L4PROTO, IPPROTO_TCP);
	fw_nft_rule_add(&r, FW_NFT_TCP_FLAGS, FW_NFT_MASKED, &syn)->hi[0] = mask;
	r.count = true;
	r.mss = true;
	fw_nft_plan_emit(pl, &r);
}

/* ---- base chains ---- */

static void input(struct fw_nft_plan *pl, const char *chain)
{
	loopback(pl, chain, FW_NFT_IIFNAME);
	established(pl, chain);
	related_icmp(pl, chain, false);
	invalid(pl, chain);
	fw_nft_plan_list_watch(pl, chain, true, false);
	link_control(pl, chain, true);
	icmp6(pl, chain, FW_B_RA_CLIENT, 134, 134, true);
	fw_nft_plan_guard_new(pl, chain, false);
	dhcp_client(pl, chain, FW_NFT_IIFNAME);
	page(pl, chain);
	manage(pl, chain);
	ping(pl, chain);
	serve_in(pl, chain);
	via_map(pl, chain, FW_NFT_MAP_INPUT);
	via_map(pl, chain, FW_NFT_MAP_DENY);
	go(pl, chain, FW_NFT_DENY);
}

static void forward(struct fw_nft_plan *pl, const char *chain)
{
	fw_nft_plan_bridge_link(pl);
	segment_size(pl, chain);
	fw_nft_plan_list_to(pl, chain);
	established(pl, chain);
	related_icmp(pl, chain, false);
	invalid(pl, chain);
	fw_nft_plan_list_watch(pl, chain, true, true);
	fw_nft_plan_guard_new(pl, chain, false);
	fw_nft_plan_bridge_renewal(pl);
	via_map(pl, chain, FW_NFT_MAP_FORWARD);
	via_map(pl, chain, FW_NFT_MAP_DENY);
	go(pl, chain, FW_NFT_DENY);
}

static void output(struct fw_nft_plan *pl, const char *chain)
{
	loopback(pl, chain, FW_NFT_OIFNAME);
	fw_nft_plan_bridge_own(pl, chain);
	fw_nft_plan_list_to(pl, chain);
	established(pl, chain);
	related_icmp(pl, chain, true);
	related_reset(pl, chain);
	fw_nft_plan_list_watch(pl, chain, false, true);
	link_control(pl, chain, false);
	dhcp_client(pl, chain, FW_NFT_OIFNAME);
	serve_out(pl, chain);
	fw_nft_plan_guard_new(pl, chain, true);
	use(pl, chain);
	via_map(pl, chain, FW_NFT_MAP_OUTPUT);
	go(pl, chain, FW_NFT_DENY);
}

void fw_nft_plan_base(struct fw_nft_plan *pl, enum fw_nft_base b)
{
	const char *chain = fw_nft_base(b)->name;

	switch (b) {
	case FW_NFT_PRE_RAW: pre_raw(pl, chain); break;
	case FW_NFT_INPUT: input(pl, chain); break;
	case FW_NFT_FORWARD: forward(pl, chain); break;
	case FW_NFT_OUTPUT: output(pl, chain); break;
	case FW_NFT_NAT_PRE: via_map(pl, chain, FW_NFT_MAP_NAT_PRE); break;
	case FW_NFT_NAT_POST: via_map(pl, chain, FW_NFT_MAP_NAT_POST); break;
	case FW_NFT_IPS: fw_nft_plan_ips(pl, chain); break;
	case FW_NFT_IPS_IN: fw_nft_plan_ips_own(pl, chain, true); break;
	case FW_NFT_IPS_OUT: fw_nft_plan_ips_own(pl, chain, false); break;
	case FW_NFT_IPS_SAVE:
	case FW_NFT_IPS_IN_SAVE:
	case FW_NFT_IPS_OUT_SAVE: fw_nft_plan_ips_save(pl, chain); break;
	default: break;
	}
}

/* ---- default deny ---- */

/* Broadcast and multicast noise: counted, not reported. */
static void quiet(struct fw_nft_plan *pl, const char *chain)
{
	struct fw_nft_rule r;

	for (uint8_t t = PACKET_BROADCAST; t <= PACKET_MULTICAST; t++) {
		start(&r, chain, FW_B_DEFAULT_DENY);
		fw_nft_rule_u8(&r, FW_NFT_PKTTYPE, t);
		r.verdict = FW_NFT_DROP;
		fw_nft_plan_emit(pl, &r);
	}
	/* What the gateway sends itself has no packet type yet. */
	static const uint32_t kinds[] = {RTN_BROADCAST, RTN_MULTICAST};
	for (size_t i = 0; i < SK_ARRAY_SIZE(kinds); i++) {
		start(&r, chain, FW_B_DEFAULT_DENY);
		fw_nft_rule_u32(&r, FW_NFT_FIB_DADDR_TYPE, FW_NFT_EQ, kinds[i]);
		r.verdict = FW_NFT_DROP;
		fw_nft_plan_emit(pl, &r);
	}
}

static void refuse(struct fw_nft_plan *pl, const char *chain)
{
	struct fw_nft_rule r;

	fw_nft_rule_init(&r, chain, FW_B_DEFAULT_DENY, 0);
	fw_nft_rule_u8(&r, FW_NFT_L4PROTO, IPPROTO_TCP);
	r.verdict = FW_NFT_RESET;
	fw_nft_plan_emit(pl, &r);
	fw_nft_rule_init(&r, chain, FW_B_DEFAULT_DENY, 0);
	r.verdict = FW_NFT_PROHIBITED;
	fw_nft_plan_emit(pl, &r);
}

void fw_nft_plan_deny(struct fw_nft_plan *pl, const char *chain)
{
	struct fw_nft_rule r;

	if (strcmp(chain, FW_NFT_REFUSE) == 0) {
		refuse(pl, chain);
		return;
	}
	if (!pl->p->site.log_broadcast)
		quiet(pl, chain);
	start(&r, chain, FW_B_DEFAULT_DENY);
	if (strcmp(chain, FW_NFT_DENY) == 0) {
		drop_it(pl, &r, FW_REASON_NO_RULE);
		return;
	}
	r.log = FW_LOG_REJECT;
	r.reason = FW_REASON_NO_RULE;
	r.verdict = FW_NFT_GOTO;
	r.target = FW_NFT_REFUSE;
	fw_nft_plan_emit(pl, &r);
}
