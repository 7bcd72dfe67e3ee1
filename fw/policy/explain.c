/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's decision about a new connection, taken on the model, and the line that tells a
 * person. Asked by the command line, the web and the drop report. Must agree with fw/nft; tests
 * compare them.
 */
#include "fw/policy/explain.h"

#include <inttypes.h>
#include <string.h>

#include "fw/policy/bridge.h"
#include "lib/util.h"

#define TCP 6
#define UDP 17
#define ICMP 1
#define ICMPV6 58

/* A flow on its way through the hooks: after DNAT its destination is the translated one. */
struct walk {
	const struct fw_policy *p;
	const struct fw_flow *f;
	uint8_t (*resolve)(const struct fw_ip *ip, void *arg);
	void *arg;
	const struct fw_policy_rule *dnat;
	struct fw_ip dst;
	uint16_t port;
	uint8_t to;
};

static const struct fw_zone *zone_at(const struct fw_policy *p, uint8_t zone)
{
	return zone < p->n_zones ? &p->zones[zone] : NULL;
}

/* ---- what happens before routing --------------------------------------------------------------
 */

static bool v6_link_local(const struct fw_ip *ip)
{
	return ip->family == 6 && ip->a >> 118 == 0x3fa; /* fe80::/10 */
}

static bool link_scoped(const struct fw_ip *ip)
{
	return ip->a == 0 || (ip->family == 6 && ip->a >> 118 == 0x3fa) ||
		(ip->family == 4 && ip->a >> 16 == 0xa9fe);
}

static bool reverse_path_bad(const struct walk *w)
{
	uint8_t back;

	if (!w->p->site.reverse_path || !w->resolve || link_scoped(&w->f->src))
		return false;
	/* The gateway's own addresses and those without a route belong to no side. */
	back = w->resolve(&w->f->src, w->arg);
	return back != w->f->from;
}

/* A host that has no address yet asks for one (RFC 2131 4.1). */
static bool dhcp_discover(const struct fw_flow *f)
{
	return f->src.family == 4 && f->src.a == 0 && f->proto == UDP && f->port == 67;
}

/* A drop at the raw hook, or 0. The gateway's own packets do not pass it. */
static enum fw_builtin_id raw_drop(const struct walk *w)
{
	const struct fw_zone *from = zone_at(w->p, w->f->from);

	if (!from || dhcp_discover(w->f))
		return 0;
	if (from->bogons && fw_is_bogon(&w->f->src))
		return FW_B_BOGONS;
	return reverse_path_bad(w) ? FW_B_REVERSE_PATH : 0;
}

static bool dnat_hits(const struct fw_policy_rule *r, const struct fw_flow *f)
{
	const struct fw_match *m = &r->match;

	if (r->rec.kind != FW_DNAT || r->from != f->from || m->nat_addr.family != f->dst.family)
		return false;
	/* "any" is any address of the gateway, not the whole internet. */
	if (m->dst.any && f->to != FW_SELF)
		return false;
	return fw_match_hit(m, &f->src, &f->dst, f->proto, f->port);
}

static void translate(struct walk *w)
{
	if (w->f->from == FW_SELF)
		return;
	for (size_t i = 0; i < w->p->n_rules; i++) {
		const struct fw_policy_rule *r = &w->p->rules[i];

		if (!dnat_hits(r, w->f))
			continue;
		w->dnat = r;
		w->dst = r->match.nat_addr;
		w->port = r->match.nat_port ? r->match.nat_port : w->f->port;
		w->to = w->resolve ? w->resolve(&w->dst, w->arg) : r->to;
		return;
	}
}

/* ---- built-ins that allow ---------------------------------------------------------------------
 */

static bool is_nd(uint16_t type)
{
	return type == 133 || type == 135 || type == 136;
}

static bool is_mld(uint16_t type)
{
	return (type >= 130 && type <= 132) || type == 143;
}

/* DHCP and DHCPv6, to the port of a client or of a server. */
static bool is_dhcp(const struct walk *w, bool to_client)
{
	uint16_t want = w->f->src.family == 4 ? (to_client ? 68 : 67) : (to_client ? 546 : 547);

	return w->f->proto == UDP && w->port == want;
}

/* To the gateway: over IPv6 between link-local addresses, but a server answers from any. */
static bool is_dhcp_in(const struct walk *w, bool to_client)
{
	return is_dhcp(w, to_client) &&
		(w->f->src.family == 4 || v6_link_local(to_client ? &w->f->dst : &w->f->src));
}

static bool is_advertisement(const struct walk *w)
{
	return w->f->proto == ICMPV6 && w->port == 134 && v6_link_local(&w->f->src);
}

static bool is_dns(const struct walk *w)
{
	return (w->f->proto == UDP || w->f->proto == TCP) && w->port == 53;
}

static bool is_ntp(const struct walk *w)
{
	return w->f->proto == UDP && w->port == 123;
}

/* The gateway's own listener reports may come from ::, before it has an address (RFC 3590). */
static enum fw_builtin_id link_control(const struct walk *w)
{
	if (w->f->proto != ICMPV6 || w->f->src.family != 6)
		return 0;
	if (is_nd(w->port))
		return FW_B_ND;
	if (!is_mld(w->port) || (w->f->from != FW_SELF && !v6_link_local(&w->f->src)))
		return 0;
	return FW_B_MLD;
}

static bool is_manage_port(const struct fw_site *s, uint16_t port)
{
	for (size_t i = 0; i < s->n_manage_ports; i++) {
		if (s->manage_ports[i] == port)
			return true;
	}
	return false;
}

static bool is_ping(const struct walk *w)
{
	return w->f->src.family == 4 ? w->f->proto == ICMP && w->port == 8
				     : w->f->proto == ICMPV6 && w->port == 128;
}

/* The built-ins that a packet would fit, in the kernel's order: the first that its zone opens. */
struct choice {
	enum fw_builtin_id id;
	bool fits;
};

static enum fw_builtin_id choose(const struct choice *c, size_t n, const struct fw_zone *z)
{
	for (size_t i = 0; z && i < n; i++) {
		if (c[i].fits && fw_builtin_opens(c[i].id, z))
			return c[i].id;
	}
	return 0;
}

static enum fw_builtin_id allow_in(const struct walk *w, const struct fw_zone *from)
{
	const bool v6 = w->f->src.family == 6;
	const struct choice c[] = {
		{FW_B_RA_CLIENT, is_advertisement(w)},
		{FW_B_DHCP_CLIENT, is_dhcp_in(w, true)},
		{FW_B_USE_DHCPV6, v6 && is_dhcp_in(w, true)},
		{FW_B_MANAGE, w->f->proto == TCP && is_manage_port(&w->p->site, w->port)},
		{FW_B_PING, is_ping(w)},
		{FW_B_SERVE_DHCP, is_dhcp_in(w, false)},
		{FW_B_SERVE_DNS, is_dns(w)},
		{FW_B_SERVE_NTP, is_ntp(w)},
	};
	enum fw_builtin_id id = link_control(w);

	return id ? id : choose(c, SK_ARRAY_SIZE(c), from);
}

static enum fw_builtin_id allow_out(const struct walk *w, const struct fw_zone *to)
{
	const bool v6 = w->f->src.family == 6;
	const struct choice c[] = {
		{FW_B_DHCP_CLIENT, is_dhcp(w, false)},
		{FW_B_USE_DHCPV6, v6 && is_dhcp(w, false)},
		{FW_B_SERVE_DHCP, is_dhcp(w, true) || is_advertisement(w) || (!v6 && is_ping(w))},
		{FW_B_USE_DNS, is_dns(w)},
		{FW_B_USE_NTP, is_ntp(w)},
		{FW_B_USE_HTTPS, w->f->proto == TCP && w->port == 443},
	};
	enum fw_builtin_id id = link_control(w);

	return id ? id : choose(c, SK_ARRAY_SIZE(c), to);
}

static bool is_dhcp_servers(const struct fw_ip *ip)
{
	return ip->family == 6 && ip->a >> 64 == 0xff02000000000000 && (uint64_t)ip->a == 0x10002;
}

/* DHCPv6 within the link; over IPv4 a renewal is from host to host. */
static bool is_dhcp_across(const struct walk *w, bool to_client)
{
	const struct fw_ip *to = &w->f->dst;
	if (!is_dhcp(w, to_client) || w->f->src.family == 4)
		return is_dhcp(w, to_client);
	if (to_client)
		return v6_link_local(to);
	return v6_link_local(&w->f->src) && (v6_link_local(to) || is_dhcp_servers(to));
}

/* What keeps a network working across the bridge; MLD from :: as well (RFC 3590). */
static enum fw_builtin_id allow_across(
	const struct walk *w, const struct fw_zone *from, const struct fw_zone *to)
{
	const bool v6 = w->f->src.family == 6 && w->f->proto == ICMPV6;

	if (!from || !to || !from->bridge[0] || strcmp(from->bridge, to->bridge) != 0)
		return 0;
	if (from == to)
		return from->n_ifaces > 1 ? FW_B_BRIDGE_ZONE : 0;
	if (v6 && is_nd(w->port))
		return FW_B_BRIDGE_ND;
	if (v6 && is_mld(w->port) && link_scoped(&w->f->src))
		return FW_B_BRIDGE_MLD;
	if (is_advertisement(w) && fw_bridge_inwards(from, to))
		return FW_B_BRIDGE_RA;
	if (is_dhcp_across(w, false) && fw_bridge_inwards(to, from))
		return FW_B_BRIDGE_DHCP;
	return is_dhcp_across(w, true) && fw_bridge_inwards(from, to) ? FW_B_BRIDGE_DHCP : 0;
}

static enum fw_builtin_id builtin_allow(const struct walk *w)
{
	if (w->f->from == FW_SELF && w->to == FW_SELF)
		return FW_B_LOOPBACK;
	if (w->to == FW_SELF)
		return allow_in(w, zone_at(w->p, w->f->from));
	if (w->f->from == FW_SELF)
		return allow_out(w, zone_at(w->p, w->to));
	return allow_across(w, zone_at(w->p, w->f->from), zone_at(w->p, w->to));
}

/* ---- records ----------------------------------------------------------------------------------
 */

static bool in_pair(const struct walk *w, const struct fw_policy_rule *r)
{
	return r->from == w->f->from && r->to == w->to;
}

static bool rule_hits(const struct walk *w, const struct fw_policy_rule *r)
{
	return in_pair(w, r) && fw_match_hit(&r->match, &w->f->src, &w->dst, w->f->proto, w->port);
}

/*
 * The first record that decides. A DNAT record allows what it translated, at its own place in the
 * order, so that a deny before it still holds; its zone is where its address is, or is left open by
 * naming the gateway.
 */
static const struct fw_policy_rule *deciding(const struct walk *w)
{
	for (size_t i = 0; i < w->p->n_rules; i++) {
		const struct fw_policy_rule *r = &w->p->rules[i];

		if (r == w->dnat && (r->to == w->to || r->to == FW_SELF))
			return r;
		if ((r->rec.kind == FW_ALLOW || r->rec.kind == FW_DENY) && rule_hits(w, r))
			return r;
	}
	return NULL;
}

static uint32_t source_translation(const struct walk *w)
{
	for (size_t i = 0; i < w->p->n_rules; i++) {
		const struct fw_policy_rule *r = &w->p->rules[i];

		if (r->rec.kind == FW_SNAT && rule_hits(w, r) &&
			(r->match.masquerade || r->match.nat_addr.family == w->f->src.family))
			return r->rec.number;
	}
	return 0;
}

static enum fw_verdict refusal(const struct walk *w)
{
	const struct fw_zone *from = zone_at(w->p, w->f->from);

	return from && from->reject ? FW_V_REJECT : FW_V_DROP;
}

/* ---- near misses ------------------------------------------------------------------------------
 */

/* The one field in which m differs from the flow, or NULL. */
static const char *one_field_off(const struct walk *w, const struct fw_match *m)
{
	bool src = fw_addrs_has(&m->src, &w->f->src), dst = fw_addrs_has(&m->dst, &w->dst);
	bool proto = false, port = false;

	if (fw_svcs_has(&m->svc, w->f->proto, w->port)) {
		if (src != dst)
			return src ? "destination" : "source";
		return NULL;
	}
	if (!src || !dst)
		return NULL;
	for (size_t i = 0; i < m->svc.n; i++) {
		const struct fw_svc *s = &m->svc.v[i];

		proto = proto || (w->f->proto >= s->proto_lo && w->f->proto <= s->proto_hi);
		port = port || (w->port >= s->lo && w->port <= s->hi);
	}
	return proto ? "port" : port ? "protocol" : NULL;
}

static void find_near(const struct walk *w, struct fw_decision *d)
{
	for (size_t i = 0; i < w->p->n_rules && d->n_near < SK_ARRAY_SIZE(d->near); i++) {
		const struct fw_policy_rule *r = &w->p->rules[i];
		const char *field;

		if (r->rec.kind != FW_ALLOW || !in_pair(w, r))
			continue;
		field = one_field_off(w, &r->match);
		if (!field)
			continue;
		d->near[d->n_near].number = r->rec.number;
		d->near[d->n_near++].field = field;
	}
}

/* ---- the decision -----------------------------------------------------------------------------
 */

/* Through the gateway everything; to it and from it names. */
static bool is_inspected(const struct walk *w)
{
	const bool from = w->f->from == FW_SELF, to = w->to == FW_SELF;

	return from || to ? from != to && is_dns(w) : true;
}

/* What keeps the bridge's link working is not; DHCP from host to host may come from anywhere. */
static bool is_link(const struct walk *w, uint32_t number)
{
	if (number == FW_B_BRIDGE_DHCP && w->dst.family == 4)
		return w->dst.a == 0xffffffff;
	return number >= FW_B_BRIDGE_ND && number <= FW_B_LAST;
}

static void decide(struct walk *w, struct fw_decision *d)
{
	const struct fw_policy_rule *r;
	enum fw_builtin_id id = raw_drop(w);

	d->verdict = FW_V_DROP;
	d->number = id;
	if (id)
		return;
	translate(w);
	d->dnat = w->dnat ? w->dnat->rec.number : 0;
	d->number = builtin_allow(w);
	d->verdict = FW_V_ACCEPT;
	if (d->number)
		return;
	r = deciding(w);
	d->number = r ? r->rec.number : FW_B_DEFAULT_DENY;
	d->revision = r ? r->rec.revision : 0;
	if (!r || r->rec.kind == FW_DENY) {
		d->verdict = refusal(w);
		find_near(w, d);
	}
}

void fw_explain(const struct fw_policy *p, const struct fw_flow *f,
	uint8_t (*resolve)(const struct fw_ip *ip, void *arg), void *arg, struct fw_decision *ret)
{
	struct walk w = {.p = p,
		.f = f,
		.resolve = resolve,
		.arg = arg,
		.dst = f->dst,
		.port = f->port,
		.to = f->to};
	struct fw_decision d = {0};

	decide(&w, &d);
	d.dst = w.dst;
	d.port = w.port;
	d.to = w.to;
	if (d.verdict == FW_V_ACCEPT && w.to != FW_SELF)
		d.snat = source_translation(&w);
	d.inspected = p->inspect.on && d.verdict == FW_V_ACCEPT && is_inspected(&w) &&
		!is_link(&w, d.number);
	*ret = d;
}
