/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The chains of the guard. Before connection tracking, "pre_raw" sends the packets that open TCP
 * connections and echo requests here, and "forward" and "input" what begins anew; a packet of a
 * known connection is never looked at. Sources of outside zones that are blocked, or beyond a rate,
 * are dropped; those of other zones are only reported unless the policy says otherwise. Reports are
 * limited, drops are counted. Pure.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "fw/nft/log_prefix.h"
#include "fw/nft/nft.h"
#include "fw/nft/plan_int.h"
#include "fw/nft/uapi.h"
#include "lib/util.h"

#define TCP_OPEN 0x02    /* SYN */
#define TCP_STATE 0x17   /* of FIN, SYN, RST, ACK */
#define METER_SIZE 16384 /* elements: sources at a time */
#define DEST_SIZE 4096
#define SECOND_TIMEOUT 10 /* a bucket filled by the second is full again long before */
#define MINUTE_TIMEOUT 120
#define BLOCKED_LOGS 50 /* a second */
#define OVER_LOGS 20
#define DEST_LOGS 5

static const enum fw_guard_kind metered[] = {
	FW_GUARD_SYN, FW_GUARD_UDP, FW_GUARD_ICMP, FW_GUARD_CONN, FW_GUARD_LOGIN};

static const struct {
	const char *name;
	bool v6, net64;
} lists[] = {
	{FW_NFT_BLOCK4, false, false},
	{FW_NFT_BLOCK6, true, false},
	{FW_NFT_BLOCK6_NET, true, true},
};

static bool by_destination(enum fw_guard_kind k)
{
	return k == FW_GUARD_SYN || k == FW_GUARD_UDP || k == FW_GUARD_ICMP;
}

/* ---- sets ---- */

static void add_meter(struct fw_nft_plan *pl, enum fw_guard_kind k, bool v6, bool dest)
{
	uint32_t unit, rate = fw_guard_rate(&pl->p->guard, k, &unit);
	struct fw_nft_dynset *s = &pl->dyn[pl->n_dyn];

	if (rate == 0)
		return;
	*s = (struct fw_nft_dynset){.v6 = v6,
		.meter = true,
		.port = k == FW_GUARD_LOGIN,
		.size = dest ? DEST_SIZE : METER_SIZE,
		.timeout = unit == 1 ? SECOND_TIMEOUT : MINUTE_TIMEOUT};
	snprintf(s->name, sizeof(s->name), "m_%s%s%d_%u", fw_guard_kind_name(k),
		dest ? FW_GUARD_TO : "", v6 ? 6 : 4, dest ? rate * FW_GUARD_DEST_FACTOR : rate);
	pl->n_dyn++;
}

void fw_nft_plan_add_guard(struct fw_nft_plan *pl)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(lists); i++) {
		struct fw_nft_dynset *s = &pl->dyn[pl->n_dyn++];
		*s = (struct fw_nft_dynset){.v6 = lists[i].v6, .size = FW_NFT_BLOCKS_MAX};
		snprintf(s->name, sizeof(s->name), "%s", lists[i].name);
	}
	for (size_t i = 0; pl->p->guard.enabled && i < SK_ARRAY_SIZE(metered); i++) {
		for (int v6 = 0; v6 <= 1; v6++) {
			add_meter(pl, metered[i], v6, false);
			if (by_destination(metered[i]))
				add_meter(pl, metered[i], v6, true);
		}
	}
}

static const struct fw_nft_dynset *meter(
	const struct fw_nft_plan *pl, enum fw_guard_kind k, bool v6, bool dest)
{
	char want[32];

	snprintf(want, sizeof(want), "m_%s%s%d_", fw_guard_kind_name(k), dest ? FW_GUARD_TO : "",
		v6 ? 6 : 4);
	for (size_t i = 0; i < pl->n_dyn; i++) {
		if (strncmp(pl->dyn[i].name, want, strlen(want)) == 0)
			return &pl->dyn[i];
	}
	return NULL;
}

/* ---- pieces ---- */

static void start(struct fw_nft_rule *r, const char *chain, enum fw_builtin_id id)
{
	fw_nft_rule_init(r, chain, id, 0);
}

static void finish(
	struct fw_nft_plan *pl, struct fw_nft_rule *r, enum fw_nft_verdict v, const char *target)
{
	r->verdict = v;
	r->target = target;
	fw_nft_plan_emit(pl, r);
}

static void family(struct fw_nft_rule *r, bool v6)
{
	fw_nft_rule_u8(r, FW_NFT_NFPROTO, v6 ? NFPROTO_IPV6 : NFPROTO_IPV4);
}

static void opening(struct fw_nft_rule *r)
{
	const uint8_t open = TCP_OPEN, mask = TCP_STATE;

	fw_nft_rule_u8(r, FW_NFT_L4PROTO, IPPROTO_TCP);
	fw_nft_rule_add(r, FW_NFT_TCP_FLAGS, FW_NFT_MASKED, &open)->hi[0] = mask;
}

bool fw_nft_plan_outside(struct fw_nft_plan *pl, struct fw_nft_rule *r, enum fw_nft_field f)
{
	char names[FW_ZONES_MAX * FW_ZONE_IFACES_MAX][IFNAMSIZ];
	uint32_t zones = 0;
	size_t n = 0;

	for (size_t z = 0; z < pl->p->n_zones; z++) {
		const struct fw_zone *zone = &pl->p->zones[z];
		if (zone->kind != FW_ZONE_OUTSIDE)
			continue;
		zones |= 1u << z;
		for (size_t i = 0; i < zone->n_ifaces; i++)
			memcpy(names[n++], zone->ifaces[i], IFNAMSIZ);
	}
	if (pl->bridge)
		return fw_nft_plan_bridged(pl, r, f, zones);
	fw_nft_plan_ifaces(pl, r, f, (const char(*)[IFNAMSIZ])names, n);
	return n > 0 && !pl->err;
}

/* The source, or the destination, is in the i-th list of blocked ones. */
static void in_list(struct fw_nft_rule *r, size_t i, bool dest)
{
	const bool v6 = lists[i].v6;
	struct fw_nft_match *m;

	family(r, v6);
	if (dest)
		m = fw_nft_rule_add(r, v6 ? FW_NFT_DADDR6 : FW_NFT_DADDR4, FW_NFT_IN, NULL);
	else
		m = fw_nft_rule_add(r, v6 ? FW_NFT_SADDR6 : FW_NFT_SADDR4, FW_NFT_IN, NULL);
	m->dyn = lists[i].name;
	m->keep = lists[i].net64 ? 64 : 0;
}

/* Who is never bothered; then who is blocked. */
static void known(struct fw_nft_plan *pl, const char *chain)
{
	const struct fw_addrs *a = &pl->p->guard.exempt;
	const struct fw_nft_set *set;
	struct fw_nft_rule r;

	for (int v6 = 0; v6 <= 1; v6++) {
		if ((v6 ? a->n6 : a->n4) == 0)
			continue;
		if (fw_nft_sets_get(&pl->sets, v6 ? FW_NFT_SET_ADDR6 : FW_NFT_SET_ADDR4,
			    v6 ? (const void *)a->v6 : a->v4, v6 ? a->n6 : a->n4, FW_B_GUARD,
			    &set) < 0) {
			pl->err = -ENOMEM;
			return;
		}
		start(&r, chain, FW_B_GUARD);
		family(&r, v6);
		fw_nft_rule_in(&r, v6 ? FW_NFT_SADDR6 : FW_NFT_SADDR4, set);
		finish(pl, &r, FW_NFT_RETURN, NULL);
	}
	for (size_t i = 0; i < SK_ARRAY_SIZE(lists); i++) {
		start(&r, chain, FW_B_GUARD);
		in_list(&r, i, false);
		finish(pl, &r, FW_NFT_GOTO, FW_NFT_G_BLOCKED);
	}
}

/* The middle of a connection with a blocked source, kept up by its other end: also in "output". */
static void back(struct fw_nft_plan *pl, const char *chain)
{
	struct fw_nft_rule r;
	const uint8_t ack = 0x10;

	for (size_t i = 0; i < SK_ARRAY_SIZE(lists); i++) {
		start(&r, chain, FW_B_GUARD);
		fw_nft_rule_u8(&r, FW_NFT_L4PROTO, IPPROTO_TCP);
		fw_nft_rule_add(&r, FW_NFT_TCP_FLAGS, FW_NFT_BITS, &ack);
		in_list(&r, i, true);
		finish(pl, &r, FW_NFT_GOTO, FW_NFT_G_BLOCKED);
	}
}

/* What the packets of a kind look like. */
static void match_kind(struct fw_nft_plan *pl, struct fw_nft_rule *r, enum fw_guard_kind k)
{
	const struct fw_nft_set *set;
	struct fw_nft_span v[32];
	size_t n;

	switch (k) {
	case FW_GUARD_UDP: fw_nft_rule_u8(r, FW_NFT_L4PROTO, IPPROTO_UDP); break;
	case FW_GUARD_CONN: opening(r); break;
	case FW_GUARD_LOGIN: {
		const uint16_t *ports = fw_guard_login_ports(&n);
		for (size_t i = 0; i < n; i++)
			v[i] = (struct fw_nft_span){ports[i], ports[i]};
		opening(r);
		if (fw_nft_sets_get(&pl->sets, FW_NFT_SET_PORT, v, n, r->number, &set) < 0)
			pl->err = -ENOMEM;
		else
			fw_nft_rule_in(r, FW_NFT_DPORT, set);
		break;
	}
	default: break; /* what comes to its chain is of the kind */
	}
}

static void rate_rules(
	struct fw_nft_plan *pl, const char *chain, enum fw_guard_kind k, bool is_outside)
{
	const bool act = is_outside || pl->p->guard.inside_block;
	const int dests = is_outside && by_destination(k) ? 2 : 1;
	struct fw_nft_rule r;

	for (int dest = 0; dest < dests; dest++) {
		for (int v6 = 0; v6 <= 1; v6++) {
			start(&r, chain, FW_B_FLOOD);
			r.meter.set = meter(pl, k, v6, dest);
			if (!r.meter.set)
				return;
			family(&r, v6);
			match_kind(pl, &r, k);
			r.meter.rate = fw_guard_rate(&pl->p->guard, k, &r.meter.unit);
			r.meter.rate *= dest ? FW_GUARD_DEST_FACTOR : 1;
			r.meter.burst = r.meter.rate * (r.meter.unit == 1 ? 2 : 1);
			r.meter.dest = dest;
			/* Who has one address of an IPv6 network has all of them. */
			r.meter.net64 = v6 && !dest && is_outside;
			finish(pl, &r, act ? FW_NFT_GOTO : FW_NFT_JUMP,
				fw_nft_guard_chain(dest ? FW_NFT_G_TO
						: act   ? FW_NFT_G_OVER
							: FW_NFT_G_SEEN,
					k));
		}
	}
}

/* ---- chains ---- */

static void report(struct fw_nft_plan *pl, const char *chain, enum fw_builtin_id id, char log,
	const char *reason, uint32_t rate)
{
	struct fw_nft_rule r;

	start(&r, chain, id);
	r.limit = rate;
	r.log = log;
	r.reason = reason;
	finish(pl, &r, FW_NFT_CONTINUE, NULL);
}

static void drop(struct fw_nft_plan *pl, const char *chain, enum fw_builtin_id id)
{
	struct fw_nft_rule r;

	start(&r, chain, id);
	r.count = true;
	finish(pl, &r, FW_NFT_DROP, NULL);
}

static const struct {
	const char *over, *to, *seen, *to_reason;
} names[FW_GUARD_KINDS] = {
	[FW_GUARD_SYN] = {"g_over_syn", "g_to_syn", "g_seen_syn", "syn_flood" FW_GUARD_TO},
	[FW_GUARD_UDP] = {"g_over_udp", "g_to_udp", "g_seen_udp", "udp_flood" FW_GUARD_TO},
	[FW_GUARD_ICMP] = {"g_over_icmp", "g_to_icmp", "g_seen_icmp", "icmp_flood" FW_GUARD_TO},
	[FW_GUARD_CONN] = {"g_over_conn", NULL, "g_seen_conn", NULL},
	[FW_GUARD_LOGIN] = {"g_over_login", NULL, "g_seen_login", NULL},
};

const char *fw_nft_guard_chain(enum fw_nft_guard_result what, enum fw_guard_kind k)
{
	switch (what) {
	case FW_NFT_G_OVER: return names[k].over;
	case FW_NFT_G_TO: return names[k].to;
	default: return names[k].seen;
	}
}

void fw_nft_plan_guard_result(struct fw_nft_plan *pl, const char *chain)
{
	for (unsigned k = 0; k < FW_GUARD_KINDS; k++) {
		const char *kind = fw_guard_kind_name(k);

		if (sk_streq(chain, names[k].over)) {
			report(pl, chain, FW_B_FLOOD, FW_LOG_DROP, kind, OVER_LOGS);
			drop(pl, chain, FW_B_FLOOD);
		} else if (sk_streq(chain, names[k].to)) {
			report(pl, chain, FW_B_FLOOD, FW_LOG_DROP, names[k].to_reason, DEST_LOGS);
			drop(pl, chain, FW_B_FLOOD);
		} else if (sk_streq(chain, names[k].seen)) {
			report(pl, chain, FW_B_FLOOD, FW_LOG_ALLOW, kind, DEST_LOGS);
		}
	}
}

void fw_nft_plan_guard_blocked(struct fw_nft_plan *pl, const char *chain)
{
	report(pl, chain, FW_B_GUARD, FW_LOG_DROP, FW_REASON_GUARD, BLOCKED_LOGS);
	drop(pl, chain, FW_B_GUARD);
}

void fw_nft_plan_guard_back(struct fw_nft_plan *pl, const char *chain)
{
	back(pl, chain);
}

/* "g_syn" goes on to "g_syn_out" for what comes from outside, and so on. */
static void side(struct fw_nft_plan *pl, const char *chain, const char *out)
{
	struct fw_nft_rule r;

	start(&r, chain, FW_B_FLOOD);
	if (fw_nft_plan_outside(pl, &r, FW_NFT_IIFNAME))
		finish(pl, &r, FW_NFT_GOTO, out);
}

void fw_nft_plan_guard_chain(struct fw_nft_plan *pl, const char *chain)
{
	const bool is_new = strncmp(chain, FW_NFT_G_NEW, strlen(FW_NFT_G_NEW)) == 0;
	const bool is_syn = strncmp(chain, FW_NFT_G_SYN, strlen(FW_NFT_G_SYN)) == 0;
	const bool out = strcmp(chain + strlen(chain) - 4, "_out") == 0;

	if (!out) {
		known(pl, chain);
		if (is_new)
			back(pl, chain);
		side(pl, chain,
			is_new           ? FW_NFT_G_NEW_OUT
				: is_syn ? FW_NFT_G_SYN_OUT
					 : FW_NFT_G_ICMP_OUT);
	}
	if (!is_new) {
		rate_rules(pl, chain, is_syn ? FW_GUARD_SYN : FW_GUARD_ICMP, out);
		return;
	}
	rate_rules(pl, chain, FW_GUARD_UDP, out);
	rate_rules(pl, chain, FW_GUARD_CONN, out);
	rate_rules(pl, chain, FW_GUARD_LOGIN, out);
}

/* ---- where they are entered ---- */

/* Echo and the other questions; errors are answers to what somebody sent. */
static void echoes(struct fw_nft_plan *pl, const char *chain)
{
	static const struct fw_nft_span types[] = {{0, 0}, {8, 8}, {13, 18}};
	const uint8_t lo = 128, hi = 129;
	const struct fw_nft_set *set;
	struct fw_nft_rule r;

	start(&r, chain, FW_B_GUARD);
	fw_nft_rule_u8(&r, FW_NFT_L4PROTO, IPPROTO_ICMP);
	if (fw_nft_sets_get(
		    &pl->sets, FW_NFT_SET_ICMP, types, SK_ARRAY_SIZE(types), r.number, &set) < 0) {
		pl->err = -ENOMEM;
		return;
	}
	fw_nft_rule_in(&r, FW_NFT_ICMP_TYPE, set);
	finish(pl, &r, FW_NFT_GOTO, FW_NFT_G_ICMP);
	start(&r, chain, FW_B_GUARD);
	fw_nft_rule_u8(&r, FW_NFT_L4PROTO, IPPROTO_ICMPV6);
	fw_nft_rule_range(&r, FW_NFT_ICMP6_TYPE, &lo, &hi);
	finish(pl, &r, FW_NFT_GOTO, FW_NFT_G_ICMP);
}

void fw_nft_plan_guard_raw(struct fw_nft_plan *pl, const char *chain)
{
	struct fw_nft_rule r;

	if (!pl->p->guard.enabled)
		return;
	start(&r, chain, FW_B_GUARD);
	opening(&r);
	finish(pl, &r, FW_NFT_GOTO, FW_NFT_G_SYN);
	echoes(pl, chain);
}

void fw_nft_plan_guard_new(struct fw_nft_plan *pl, const char *chain, bool out)
{
	struct fw_nft_rule r;

	if (!pl->p->guard.enabled)
		return;
	start(&r, chain, FW_B_GUARD);
	finish(pl, &r, FW_NFT_JUMP, out ? FW_NFT_G_BACK : FW_NFT_G_NEW);
}
