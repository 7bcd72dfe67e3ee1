/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate's rules. A port has base chains of its own, so that ports come and go without touching
 * one another. What a device sends is looked up by port and source, what it is sent by port and
 * destination; who is in no map is nobody. Pure.
 */
#include "fw/nft/gate_plan.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/util.h"

#define GROUP_BIT 0x01
#define ND_HOPS 255 /* RFC 4861 7.1 */
#define DHCP_SERVER 67
#define DHCP6_SERVER 547
#define DNS 53
#define HTTP 80
#define UID_LAST 0xfffffffeu
#define ANY_PROTO 0

static const uint8_t pae_group[6] = {0x01, 0x80, 0xc2, 0x00, 0x00, 0x03}; /* 802.1X-2020 11.1.1 */

/* ---- pieces ---- */

static struct fw_gate_rule *rule(struct fw_gate_plan *pl, const char *chain)
{
	if (pl->err ||
		sk_grow(&pl->rules, &pl->cap_rules, pl->n_rules + 1, sizeof(*pl->rules)) < 0) {
		pl->err = -ENOMEM;
		return NULL;
	}
	struct fw_gate_rule *r = &pl->rules[pl->n_rules++];
	memset(r, 0, sizeof(*r));
	snprintf(r->chain, sizeof(r->chain), "%s", chain);
	return r;
}

static struct fw_gate_step *step(struct fw_gate_rule *r, enum fw_gate_op op)
{
	if (!r || r->n == FW_GATE_STEPS_MAX)
		return NULL;
	struct fw_gate_step *s = &r->steps[r->n++];
	s->op = op;
	return s;
}

static void bytes(
	struct fw_gate_rule *r, enum fw_gate_op op, enum fw_gate_field f, const void *v, size_t n)
{
	struct fw_gate_step *s = step(r, op);

	if (!s)
		return;
	s->field = f;
	memcpy(s->value, v, n);
}

static void eq8(struct fw_gate_rule *r, enum fw_gate_field f, uint8_t v)
{
	bytes(r, FW_GATE_EQ, f, &v, sizeof(v));
}

static void eq16(struct fw_gate_rule *r, enum fw_gate_field f, uint16_t v)
{
	const uint8_t be[2] = {(uint8_t)(v >> 8), (uint8_t)v};

	bytes(r, FW_GATE_EQ, f, be, sizeof(be));
}

static void host32(struct fw_gate_rule *r, enum fw_gate_op op, enum fw_gate_field f, uint32_t v)
{
	bytes(r, op, f, &v, sizeof(v));
}

static void to_group(struct fw_gate_rule *r)
{
	static const uint8_t bit[6] = {GROUP_BIT};

	bytes(r, FW_GATE_BITS, FW_GATE_F_DMAC, bit, sizeof(bit));
}

static void keyed(
	struct fw_gate_rule *r, enum fw_gate_op op, enum fw_gate_keys keys, const char *name)
{
	struct fw_gate_step *s = step(r, op);

	if (!s)
		return;
	s->keys = keys;
	snprintf(s->name, sizeof(s->name), "%s", name);
}

static void metered(
	struct fw_gate_rule *r, enum fw_gate_op op, enum fw_gate_keys keys, const char *name)
{
	keyed(r, op, keys, name);
	if (!r)
		return;
	r->steps[r->n - 1].rate = FW_GATE_EAPOL_RATE;
	r->steps[r->n - 1].burst = FW_GATE_EAPOL_BURST;
}

static void limit(struct fw_gate_rule *r, uint32_t rate, uint32_t burst)
{
	struct fw_gate_step *s = step(r, FW_GATE_LIMIT);

	if (!s)
		return;
	s->rate = rate;
	s->burst = burst;
}

static void to(struct fw_gate_rule *r, enum fw_gate_op op, const char *chain)
{
	struct fw_gate_step *s = step(r, op);

	if (s && chain)
		snprintf(s->name, sizeof(s->name), "%s", chain);
}

static void count(struct fw_gate_rule *r, enum fw_gate_counter c, const char *port)
{
	struct fw_gate_step *s = step(r, FW_GATE_COUNT);

	if (s)
		fw_gate_counter_name(s->name, c, port);
}

static void mark(struct fw_gate_rule *r, uint32_t bits)
{
	struct fw_gate_step *s = step(r, FW_GATE_SET_MARK);

	if (s)
		memcpy(s->value, &bits, sizeof(bits));
}

static void add_chain(struct fw_gate_plan *pl, const struct fw_gate_chain *c)
{
	if (pl->err || sk_grow(&pl->chains, &pl->cap_chains, pl->n_chains + 1, sizeof(*c)) < 0) {
		pl->err = -ENOMEM;
		return;
	}
	pl->chains[pl->n_chains++] = *c;
}

static void regular(struct fw_gate_plan *pl, const char *name)
{
	struct fw_gate_chain c = {.hook = FW_GATE_REGULAR};

	snprintf(c.name, sizeof(c.name), "%s", name);
	add_chain(pl, &c);
}

static void add_set(struct fw_gate_plan *pl, const struct fw_gate_set *s)
{
	if (pl->err || sk_grow(&pl->sets, &pl->cap_sets, pl->n_sets + 1, sizeof(*s)) < 0) {
		pl->err = -ENOMEM;
		return;
	}
	pl->sets[pl->n_sets++] = *s;
}

static const char counter_letters[] = {[FW_GATE_C_DROPPED] = 'd',
	[FW_GATE_C_OUT] = 'o',
	[FW_GATE_C_EAPOL] = 'e',
	[FW_GATE_C_FLOOD] = 'f'};

void fw_gate_counter_name(char dst[FW_GATE_NAME_MAX], enum fw_gate_counter c, const char *port)
{
	snprintf(dst, FW_GATE_NAME_MAX, "%c_%s", counter_letters[c], port);
}

/* Names of what belongs to one port. */
struct names {
	const char *port;
	char in[FW_GATE_NAME_MAX], out[FW_GATE_NAME_MAX];
	char unknown[FW_GATE_NAME_MAX];                            /* reports */
	char eapol[FW_GATE_NAME_MAX], eapol_old[FW_GATE_NAME_MAX]; /* the first is a set, too */
};

static void name(struct names *n, const char *port)
{
	n->port = port;
	snprintf(n->in, sizeof(n->in), "in_%s", port);
	snprintf(n->out, sizeof(n->out), "out_%s", port);
	snprintf(n->unknown, sizeof(n->unknown), "u_%s", port);
	snprintf(n->eapol, sizeof(n->eapol), "e_%s", port);
	snprintf(n->eapol_old, sizeof(n->eapol_old), "eo_%s", port);
}

/* ---- what devices send ---- */

/*
 * A frame of nobody: told once in half a minute. The limit stands before the set, so that ever
 * different sources fill it no faster than we read.
 */
static void put_unknown(struct fw_gate_plan *pl, const struct names *n)
{
	static const uint8_t bit[6] = {GROUP_BIT};
	struct fw_gate_rule *r = rule(pl, n->unknown);

	keyed(r, FW_GATE_IN, FW_GATE_K_IN_SMAC, FW_GATE_SET_SEEN);
	to(r, FW_GATE_RETURN, NULL);
	r = rule(pl, n->unknown); /* no source at all */
	bytes(r, FW_GATE_BITS, FW_GATE_F_SMAC, bit, sizeof(bit));
	to(r, FW_GATE_RETURN, NULL);
	r = rule(pl, n->unknown);
	limit(r, FW_GATE_REPORT_RATE, FW_GATE_REPORT_BURST);
	keyed(r, FW_GATE_ADD, FW_GATE_K_IN_SMAC, FW_GATE_SET_SEEN);
	step(r, FW_GATE_LOG);
	to(r, FW_GATE_RETURN, NULL);
	r = rule(pl, n->unknown);
	count(r, FW_GATE_C_FLOOD, n->port);
}

/*
 * EAPOL to the authenticator. Registered devices each have a rate of their own; of all others only
 * some at a time and only some new ones a second get through, so that thousands of invented
 * addresses neither fill the authenticator's table nor keep a registered device out.
 */
static void put_eapol(struct fw_gate_plan *pl, const struct names *n)
{
	struct fw_gate_rule *r = rule(pl, n->eapol);

	to(r, FW_GATE_JUMP, n->unknown);
	r = rule(pl, n->eapol);
	keyed(r, FW_GATE_IN, FW_GATE_K_SMAC, FW_GATE_SET_KNOWN);
	metered(r, FW_GATE_UPDATE, FW_GATE_K_IN_SMAC, FW_GATE_SET_METER);
	count(r, FW_GATE_C_EAPOL, n->port);
	to(r, FW_GATE_ACCEPT, NULL);
	r = rule(pl, n->eapol);
	keyed(r, FW_GATE_IN, FW_GATE_K_SMAC, n->eapol);
	to(r, FW_GATE_GOTO, n->eapol_old);
	r = rule(pl, n->eapol);
	limit(r, FW_GATE_EAPOL_NEW, FW_GATE_EAPOL_NEW_BURST);
	metered(r, FW_GATE_ADD, FW_GATE_K_SMAC, n->eapol);
	count(r, FW_GATE_C_EAPOL, n->port);
	to(r, FW_GATE_ACCEPT, NULL);
	r = rule(pl, n->eapol);
	count(r, FW_GATE_C_FLOOD, n->port);
	to(r, FW_GATE_DROP, NULL);

	r = rule(pl, n->eapol_old);
	metered(r, FW_GATE_UPDATE, FW_GATE_K_SMAC, n->eapol);
	count(r, FW_GATE_C_EAPOL, n->port);
	to(r, FW_GATE_ACCEPT, NULL);
	r = rule(pl, n->eapol_old);
	count(r, FW_GATE_C_FLOOD, n->port);
	to(r, FW_GATE_DROP, NULL);
}

static void put_ingress(
	struct fw_gate_plan *pl, const struct fw_gate_port *p, const struct names *n)
{
	struct fw_gate_rule *r = rule(pl, n->in);

	keyed(r, FW_GATE_VMAP, FW_GATE_K_IN_SMAC, FW_GATE_MAP_IN);
	if (p->eapol) {
		r = rule(pl, n->in);
		eq16(r, FW_GATE_F_ETYPE, ETH_P_PAE);
		bytes(r, FW_GATE_EQ, FW_GATE_F_DMAC, pae_group, sizeof(pae_group));
		to(r, FW_GATE_GOTO, n->eapol);
	}
	to(rule(pl, n->in), FW_GATE_JUMP, n->unknown);
	if (p->mode != FW_GATE_ENFORCE)
		return;
	r = rule(pl, n->in);
	count(r, FW_GATE_C_DROPPED, n->port);
	to(r, FW_GATE_DROP, NULL);
}

/*
 * A chain says in its last rule what its policy says, too: in a change the policy of before holds
 * a moment longer than the rules of before, and would drop what nobody forbids any more.
 */
static void put_open(struct fw_gate_plan *pl, const char *chain)
{
	to(rule(pl, chain), FW_GATE_ACCEPT, NULL);
}

/* ---- what devices are sent ---- */

/* A quarantined device speaks to the gateway, whoever else hears it. */
static void put_no_neighbours(struct fw_gate_plan *pl, const struct names *n)
{
	struct fw_gate_rule *r = rule(pl, n->out);

	host32(r, FW_GATE_BITS, FW_GATE_F_MARK, FW_GATE_MARK_QUARANTINE);
	to(r, FW_GATE_DROP, NULL);
}

static void put_egress(struct fw_gate_plan *pl, const struct names *n)
{
	struct fw_gate_rule *r = rule(pl, n->out);

	keyed(r, FW_GATE_VMAP, FW_GATE_K_OUT_DMAC, FW_GATE_MAP_OUT);
	r = rule(pl, n->out);
	to_group(r);
	keyed(r, FW_GATE_VMAP, FW_GATE_K_OUT, FW_GATE_MAP_GROUP);
	/* The authenticator's, not what somebody admitted elsewhere sends here. */
	r = rule(pl, n->out);
	eq16(r, FW_GATE_F_ETYPE, ETH_P_PAE);
	host32(r, FW_GATE_BELOW, FW_GATE_F_SKUID, UID_LAST);
	to(r, FW_GATE_ACCEPT, NULL);
	r = rule(pl, n->out);
	count(r, FW_GATE_C_OUT, n->port);
	to(r, FW_GATE_DROP, NULL);
}

/* ---- quarantine ---- */

/* A rule of IPv4 or IPv6 for one protocol; port 0: any. */
static struct fw_gate_rule *ip_rule(
	struct fw_gate_plan *pl, const char *chain, uint16_t etype, uint8_t proto)
{
	struct fw_gate_rule *r = rule(pl, chain);

	eq16(r, FW_GATE_F_ETYPE, etype);
	if (proto != ANY_PROTO)
		eq8(r, FW_GATE_F_L4PROTO, proto);
	return r;
}

static void pass(struct fw_gate_rule *r, uint32_t bits)
{
	if (bits)
		mark(r, bits);
	to(r, FW_GATE_ACCEPT, NULL);
}

/* Address resolution, neighbour discovery and DHCP; f: the port field that names the server. */
static void put_basics(
	struct fw_gate_plan *pl, const char *chain, enum fw_gate_field f, uint32_t bits)
{
	static const uint8_t sent[] = {
		133, 135, 136}; /* router and neighbour solicitation, answer */
	static const uint8_t got[] = {134, 135, 136}; /* router advertisement in its place */
	const uint8_t *types = f == FW_GATE_F_DPORT ? sent : got;
	struct fw_gate_rule *r = ip_rule(pl, chain, ETH_P_ARP, ANY_PROTO);

	pass(r, bits);
	for (int i = 0; i < 3; i++) {
		r = ip_rule(pl, chain, ETH_P_IPV6, IPPROTO_ICMPV6);
		eq8(r, FW_GATE_F_HOPLIMIT, ND_HOPS);
		eq8(r, FW_GATE_F_ICMP_TYPE, types[i]);
		pass(r, bits);
	}
	r = ip_rule(pl, chain, ETH_P_IP, IPPROTO_UDP);
	eq16(r, f, DHCP_SERVER);
	pass(r, bits);
	r = ip_rule(pl, chain, ETH_P_IPV6, IPPROTO_UDP);
	eq16(r, f, DHCP6_SERVER);
	pass(r, bits);
}

static void put_name_service(
	struct fw_gate_plan *pl, const char *chain, enum fw_gate_field f, uint32_t bits)
{
	static const uint16_t types[] = {ETH_P_IP, ETH_P_IPV6};
	static const uint8_t protos[] = {IPPROTO_UDP, IPPROTO_TCP};

	for (int t = 0; t < 2; t++) {
		for (int p = 0; p < 2; p++) {
			struct fw_gate_rule *r = ip_rule(pl, chain, types[t], protos[p]);

			eq16(r, f, DNS);
			/* Through the gateway to somebody else's server would be a way out. */
			if (f == FW_GATE_F_DPORT)
				host32(r, FW_GATE_EQ, FW_GATE_F_FIB_DADDR, RTN_LOCAL);
			pass(r, bits);
		}
	}
}

static void put_page(
	struct fw_gate_plan *pl, const char *chain, enum fw_gate_field f, uint32_t bits)
{
	static const uint16_t types[] = {ETH_P_IP, ETH_P_IPV6};

	for (int t = 0; t < 2; t++) {
		struct fw_gate_rule *r = ip_rule(pl, chain, types[t], IPPROTO_TCP);

		eq16(r, f, HTTP);
		pass(r, bits);
	}
}

static void put_quarantine(struct fw_gate_plan *pl)
{
	const uint32_t q = FW_GATE_MARK_QUARANTINE;
	struct fw_gate_rule *r;

	/* It may still prove itself by 802.1X, at the rate of any device that is known. */
	r = rule(pl, FW_GATE_CHAIN_IN);
	eq16(r, FW_GATE_F_ETYPE, ETH_P_PAE);
	bytes(r, FW_GATE_EQ, FW_GATE_F_DMAC, pae_group, sizeof(pae_group));
	metered(r, FW_GATE_UPDATE, FW_GATE_K_IN_SMAC, FW_GATE_SET_METER);
	to(r, FW_GATE_ACCEPT, NULL);
	r = rule(pl, FW_GATE_CHAIN_OUT);
	eq16(r, FW_GATE_F_ETYPE, ETH_P_PAE);
	host32(r, FW_GATE_BELOW, FW_GATE_F_SKUID, UID_LAST);
	to(r, FW_GATE_ACCEPT, NULL);

	/* To the gateway, and to all as far as that is how one finds it. */
	r = rule(pl, FW_GATE_CHAIN_IN);
	keyed(r, FW_GATE_IN, FW_GATE_K_IN_DMAC, FW_GATE_SET_GATEWAY);
	to(r, FW_GATE_GOTO, "q_gw");
	r = rule(pl, FW_GATE_CHAIN_IN);
	to_group(r);
	to(r, FW_GATE_GOTO, "q_all");
	to(rule(pl, FW_GATE_CHAIN_IN), FW_GATE_DROP, NULL);

	put_basics(pl, "q_gw", FW_GATE_F_DPORT, q);
	put_name_service(pl, "q_gw", FW_GATE_F_DPORT, q);
	put_page(pl, "q_gw", FW_GATE_F_DPORT, q | FW_GATE_MARK_PAGE);
	to(rule(pl, "q_gw"), FW_GATE_DROP, NULL);
	put_basics(pl, "q_all", FW_GATE_F_DPORT, q);
	to(rule(pl, "q_all"), FW_GATE_DROP, NULL);

	/*
	 * And back, from nobody else: nor what the gateway forwards, which is for a neighbour whose
	 * address the device claims to have.
	 */
	r = rule(pl, FW_GATE_CHAIN_OUT);
	host32(r, FW_GATE_BITS, FW_GATE_F_MARK, FW_GATE_MARK_FORWARDED);
	to(r, FW_GATE_DROP, NULL);
	r = rule(pl, FW_GATE_CHAIN_OUT);
	keyed(r, FW_GATE_IN, FW_GATE_K_OUT_SMAC, FW_GATE_SET_GATEWAY);
	to(r, FW_GATE_GOTO, "q_back");
	to(rule(pl, FW_GATE_CHAIN_OUT), FW_GATE_DROP, NULL);
	put_basics(pl, "q_back", FW_GATE_F_SPORT, 0);
	put_name_service(pl, "q_back", FW_GATE_F_SPORT, 0);
	put_page(pl, "q_back", FW_GATE_F_SPORT, 0);
	to(rule(pl, "q_back"), FW_GATE_DROP, NULL);
}

/* The page: whatever address the device asked for answers with it. Nothing of it is forwarded. */
static void put_inet(struct fw_gate_plan *pl, uint16_t page)
{
	const struct fw_gate_chain chains[] = {
		{.inet = true, .name = "nat_pre", .hook = FW_GATE_NAT},
		{.inet = true, .name = "forward", .hook = FW_GATE_FORWARD},
		{.inet = true, .name = "forwarded", .hook = FW_GATE_FORWARDED},
	};
	const uint32_t port = page;
	struct fw_gate_rule *r;
	struct fw_gate_step *s;

	pl->page = true;
	for (size_t i = 0; i < SK_ARRAY_SIZE(chains); i++)
		add_chain(pl, &chains[i]);
	r = rule(pl, "nat_pre");
	host32(r, FW_GATE_BITS, FW_GATE_F_MARK, FW_GATE_MARK_PAGE);
	eq8(r, FW_GATE_F_L4PROTO, IPPROTO_TCP);
	s = step(r, FW_GATE_REDIRECT);
	if (s)
		memcpy(s->value, &port, sizeof(port));
	if (r)
		r->inet = true;
	r = rule(pl, "forward");
	host32(r, FW_GATE_BITS, FW_GATE_F_MARK, FW_GATE_MARK_QUARANTINE | FW_GATE_MARK_PAGE);
	to(r, FW_GATE_DROP, NULL);
	if (r)
		r->inet = true;
	r = rule(pl, "forwarded");
	mark(r, FW_GATE_MARK_FORWARDED);
	if (r)
		r->inet = true;
}

/* ---- the whole ---- */

static void put_sets(struct fw_gate_plan *pl)
{
	static const struct fw_gate_set fixed[] = {
		{FW_GATE_MAP_IN, FW_GATE_K_IN_SMAC, true, true, false, 0, FW_GATE_ROWS_MAX},
		{FW_GATE_MAP_OUT, FW_GATE_K_OUT_DMAC, true, true, false, 0, FW_GATE_ROWS_MAX},
		{FW_GATE_MAP_GROUP, FW_GATE_K_OUT, true, true, false, 0, FW_GATE_PORTS_MAX},
		{FW_GATE_SET_GATEWAY, FW_GATE_K_OUT_SMAC, false, false, false, 0,
			4 * FW_GATE_PORTS_MAX},
		{FW_GATE_SET_KNOWN, FW_GATE_K_SMAC, false, false, false, 0, FW_GATE_KNOWN_MAX},
		{FW_GATE_SET_SEEN, FW_GATE_K_IN_SMAC, false, true, true, FW_GATE_SEEN_SECONDS,
			FW_GATE_SEEN_MAX},
		{FW_GATE_SET_METER, FW_GATE_K_IN_SMAC, false, true, true, FW_GATE_EAPOL_SECONDS,
			FW_GATE_ROWS_MAX},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(fixed); i++)
		add_set(pl, &fixed[i]);
}

static void put_base(struct fw_gate_plan *pl, const struct fw_gate_port *p, const char *chain,
	enum fw_gate_hook hook)
{
	struct fw_gate_chain c = {.hook = hook, .drop = p->mode == FW_GATE_ENFORCE};

	snprintf(c.name, sizeof(c.name), "%s", chain);
	memcpy(c.device, p->name, IFNAMSIZ);
	add_chain(pl, &c);
}

static void put_port(struct fw_gate_plan *pl, const struct fw_gate_port *p, bool present)
{
	static const enum fw_gate_counter all[] = {
		FW_GATE_C_DROPPED, FW_GATE_C_OUT, FW_GATE_C_EAPOL, FW_GATE_C_FLOOD};
	struct fw_gate_set eapol = {.keys = FW_GATE_K_SMAC,
		.timeouts = true,
		.dynamic = true,
		.timeout = FW_GATE_EAPOL_SECONDS,
		.size = FW_GATE_EAPOL_SOURCES};
	struct names n;

	name(&n, p->name);
	for (size_t i = 0; i < SK_ARRAY_SIZE(all); i++) {
		if (pl->err ||
			sk_grow(&pl->counters, &pl->cap_counters, pl->n_counters + 1,
				FW_GATE_NAME_MAX) < 0) {
			pl->err = -ENOMEM;
			return;
		}
		fw_gate_counter_name(pl->counters[pl->n_counters++], all[i], p->name);
	}
	memcpy(eapol.name, n.eapol, sizeof(eapol.name));
	add_set(pl, &eapol);
	regular(pl, n.unknown);
	regular(pl, n.eapol);
	regular(pl, n.eapol_old);
	put_unknown(pl, &n);
	put_eapol(pl, &n);
	if (!present)
		return;
	put_base(pl, p, n.in, FW_GATE_INGRESS);
	put_base(pl, p, n.out, FW_GATE_EGRESS);
	put_no_neighbours(pl, &n);
	if (p->mode != FW_GATE_OFF)
		put_ingress(pl, p, &n);
	if (p->mode == FW_GATE_ENFORCE) {
		put_egress(pl, &n);
		return;
	}
	put_open(pl, n.in);
	put_open(pl, n.out);
}

int fw_gate_plan_init(struct fw_gate_plan *pl, const struct fw_gate_conf *c, const bool *present)
{
	static const char *const chains[] = {
		FW_GATE_CHAIN_IN, "q_gw", "q_all", FW_GATE_CHAIN_OUT, "q_back"};

	memset(pl, 0, sizeof(*pl));
	put_sets(pl);
	for (size_t i = 0; i < SK_ARRAY_SIZE(chains); i++)
		regular(pl, chains[i]);
	put_quarantine(pl);
	for (size_t i = 0; i < c->n; i++)
		put_port(pl, &c->ports[i], !present || present[i]);
	if (fw_gate_conf_page(c))
		put_inet(pl, fw_gate_conf_page(c));
	return pl->err;
}

void fw_gate_plan_done(struct fw_gate_plan *pl)
{
	free(pl->chains);
	free(pl->sets);
	free(pl->counters);
	free(pl->rules);
	memset(pl, 0, sizeof(*pl));
}

/* ---- elements ---- */

static enum fw_gate_verdict verdict(
	const struct fw_gate_port *p, enum fw_gate_state s, enum fw_gate_verdict quarantine)
{
	if (p->mode != FW_GATE_ENFORCE || s == FW_GATE_ADMITTED)
		return FW_GATE_V_ACCEPT;
	return p->quarantine ? quarantine : FW_GATE_V_DROP;
}

enum fw_gate_verdict fw_gate_verdict_in(const struct fw_gate_port *p, enum fw_gate_state s)
{
	return verdict(p, s, FW_GATE_V_IN);
}

enum fw_gate_verdict fw_gate_verdict_out(const struct fw_gate_port *p, enum fw_gate_state s)
{
	return verdict(p, s, FW_GATE_V_OUT);
}

bool fw_gate_verdict_group(const struct fw_gate_port *p, const struct fw_gate_tally *t,
	enum fw_gate_verdict *ret, uint64_t *until)
{
	if (t->admitted) {
		*ret = FW_GATE_V_ACCEPT;
		*until = t->admitted_until;
		return true;
	}
	if (!t->quarantined)
		return false;
	*ret = fw_gate_verdict_out(p, FW_GATE_QUARANTINED);
	*until = t->quarantined_until;
	return true;
}
