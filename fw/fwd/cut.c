/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plan is made once for a change and asked for every connection: records by number, and the
 * denies of each zone pair in evaluation order. A connection says nothing of interfaces, so a zone
 * that lost one ends all connections of its pairs; those still allowed are picked up again by their
 * next packet. The same holds for the built-ins that open the gateway to a zone.
 */
#include "fw/fwd/cut.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "fw/policy/builtin.h"
#include "lib/util.h"

#define PAIRS (FW_ZONES_MAX + 1) /* the last is the gateway itself */

enum change { SAME, CHANGED, ELSEWHERE /* other zones: nothing of before holds */ };

struct record {
	uint32_t number;
	uint32_t index; /* place in evaluation order */
	enum change change;
};

struct deny {
	uint32_t index, next; /* next deny of the pair in order; 0 none, else its position + 1 */
	bool fresh;           /* new or changed */
};

struct fwd_cut {
	const struct fw_policy *after;
	struct record *records; /* by number */
	size_t n_records;
	struct deny *denies;
	size_t n_denies;
	uint32_t heads[PAIRS][PAIRS]; /* position + 1 */
	bool closed[FW_B_LAST + 1];   /* built-ins that a zone lost */
	bool needed;
};

void fwd_cut_free(struct fwd_cut *c)
{
	if (!c)
		return;
	free(c->records);
	free(c->denies);
	free(c);
}

void fwd_cut_freep(struct fwd_cut **c)
{
	fwd_cut_free(*c);
}

static bool same_ip(const struct fw_ip *a, const struct fw_ip *b)
{
	return a->family == b->family && a->a == b->a;
}

static bool same_match(const struct fw_match *a, const struct fw_match *b)
{
	return fw_addrs_equal(&a->src, &b->src) && fw_addrs_equal(&a->dst, &b->dst) &&
		fw_svcs_covers(&a->svc, &b->svc) && fw_svcs_covers(&b->svc, &a->svc) &&
		same_ip(&a->nat_addr, &b->nat_addr) && a->nat_port == b->nat_port;
}

/* Did the zone of this name lose an interface? */
static bool shrunk(const struct fw_policy *before, const struct fw_policy *after, const char *name)
{
	const struct fw_zone *a = fw_zone_find(before->zones, before->n_zones, name);
	const struct fw_zone *b = fw_zone_find(after->zones, after->n_zones, name);

	if (a && b && strcmp(a->bridge, b->bridge) != 0)
		return true;
	for (size_t i = 0; a && i < a->n_ifaces; i++)
		if (!b || fw_zone_of_iface(b, 1, a->ifaces[i]) != b)
			return true;
	return false;
}

static bool is_manage_port(const struct fw_site *s, uint16_t port)
{
	for (size_t i = 0; i < s->n_manage_ports; i++)
		if (s->manage_ports[i] == port)
			return true;
	return false;
}

static enum change compare(const struct fw_policy *before, const struct fw_policy *after,
	const struct fw_policy_rule *new, const bool shrunken[PAIRS])
{
	const struct fw_policy_rule *old;
	const char *from = fw_policy_zone_name(after, new->from);
	const char *to = fw_policy_zone_name(after, new->to);

	if (!before)
		return CHANGED;
	old = fw_policy_find(before, new->rec.number);
	if (!old)
		return CHANGED;
	if (!sk_streq(from, fw_policy_zone_name(before, old->from)) ||
		!sk_streq(to, fw_policy_zone_name(before, old->to)) ||
		(new->from != FW_SELF &&shrunken[new->from]) ||
		(new->to != FW_SELF &&shrunken[new->to]))
		return ELSEWHERE;
	if (old->rec.revision != new->rec.revision || old->rec.kind != new->rec.kind ||
		old->rec.order != new->rec.order || !same_match(&old->match, &new->match))
		return CHANGED;
	return SAME;
}

/* ---- built-ins ---- */

/* Does the zone open what this built-in is for? Those that write their number only. */
static bool opens(const struct fw_zone *z, uint32_t id)
{
	return id != FW_B_RA_CLIENT && id != FW_B_BOGONS && fw_builtin_opens(id, z);
}

static void compare_builtins(struct fwd_cut *c, const struct fw_policy *before)
{
	const struct fw_policy *after = c->after;

	for (uint32_t id = 1; id <= FW_B_LAST; id++) {
		for (size_t i = 0; i < before->n_zones; i++) {
			const struct fw_zone *old = &before->zones[i];
			const struct fw_zone *new =
				fw_zone_find(after->zones, after->n_zones, old->name);

			if (opens(old, id) &&
				(!new || !opens(new, id) || shrunk(before, after, old->name)))
				c->closed[id] = c->needed = true;
		}
	}
	for (size_t i = 0; i < before->site.n_manage_ports; i++)
		if (!is_manage_port(&after->site, before->site.manage_ports[i]))
			c->needed = true;
}

static bool dhcp_port(uint16_t port)
{
	return port == 67 || port == 68 || port == 546 || port == 547;
}

/* Could the built-in have let this in? */
static bool fits(const struct fw_policy *p, const struct fwd_conn *conn)
{
	const bool tcp = conn->proto == IPPROTO_TCP, udp = conn->proto == IPPROTO_UDP;
	const bool icmp = conn->proto == IPPROTO_ICMP || conn->proto == IPPROTO_ICMPV6;
	const uint16_t port = conn->real_port;

	switch (conn->number) {
	case FW_B_DHCP_CLIENT:
	case FW_B_USE_DHCPV6: return udp && dhcp_port(port);
	case FW_B_SERVE_DHCP: return icmp || (udp && dhcp_port(port));
	case FW_B_SERVE_DNS:
	case FW_B_USE_DNS: return (tcp || udp) && port == 53;
	case FW_B_SERVE_NTP:
	case FW_B_USE_NTP: return udp && port == 123;
	case FW_B_USE_HTTPS: return tcp && port == 443;
	case FW_B_MANAGE: return tcp && is_manage_port(&p->site, port);
	default: return icmp;
	}
}

/* The number is a built-in's, or one that no rule of ours ever writes. */
static bool builtin_ends(const struct fwd_cut *c, const struct fwd_conn *conn)
{
	bool open = false;

	for (size_t i = 0; i < c->after->n_zones; i++)
		open = open || opens(&c->after->zones[i], conn->number);
	if (!open || c->closed[conn->number])
		return true;
	return !fits(c->after, conn);
}

/* ---- records ---- */

static int cmp_record(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	return x->number < y->number ? -1 : x->number > y->number;
}

static size_t pair_index(uint8_t zone)
{
	return zone == FW_SELF ? PAIRS - 1 : zone;
}

static void add_deny(struct fwd_cut *c, uint32_t index, bool fresh, uint32_t tails[PAIRS][PAIRS])
{
	const struct fw_policy_rule *r = &c->after->rules[index];
	size_t from = pair_index(r->from), to = pair_index(r->to);
	uint32_t me = (uint32_t)(c->n_denies + 1);

	c->denies[c->n_denies++] = (struct deny){.index = index, .fresh = fresh};
	if (tails[from][to])
		c->denies[tails[from][to] - 1].next = me;
	else
		c->heads[from][to] = me;
	tails[from][to] = me;
}

static int fill(struct fwd_cut *c, const struct fw_policy *before)
{
	const struct fw_policy *p = c->after;
	uint32_t tails[PAIRS][PAIRS] = {0};
	bool shrunken[PAIRS] = {false};

	c->records = calloc(p->n_rules + 1, sizeof(*c->records));
	c->denies = calloc(p->n_rules + 1, sizeof(*c->denies));
	if (!c->records || !c->denies)
		return -ENOMEM;
	for (size_t z = 0; before && z < p->n_zones; z++)
		shrunken[z] = shrunk(before, p, p->zones[z].name);
	for (uint32_t i = 0; i < p->n_rules; i++) {
		const struct fw_policy_rule *r = &p->rules[i];
		enum change ch = compare(before, p, r, shrunken);

		c->records[c->n_records++] =
			(struct record){.number = r->rec.number, .index = i, .change = ch};
		/* A new allow ends nothing; a new deny or any changed record may. */
		if (ch != SAME &&
			(r->rec.kind == FW_DENY || !before ||
				fw_policy_find(before, r->rec.number)))
			c->needed = true;
		if (r->rec.kind == FW_DENY)
			add_deny(c, i, ch != SAME, tails);
	}
	if (before)
		compare_builtins(c, before);
	for (size_t i = 0; before && i < before->n_rules && !c->needed; i++)
		c->needed = !fw_policy_find(p, before->rules[i].rec.number);
	qsort(c->records, c->n_records, sizeof(*c->records), cmp_record);
	return 0;
}

int fwd_cut_new(struct fwd_cut **ret, const struct fw_policy *before, const struct fw_policy *after)
{
	struct fwd_cut *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->after = after;
	c->needed = !before;
	if (fill(c, before) < 0) {
		fwd_cut_free(c);
		return -ENOMEM;
	}
	*ret = c;
	return 0;
}

bool fwd_cut_needed(const struct fwd_cut *c)
{
	return c->needed;
}

/* A deny of the record's pair, placed before it, that covers the connection as filtering sees it.
 */
static bool denied(const struct fwd_cut *c, const struct record *rec, const struct fwd_conn *conn)
{
	const struct fw_policy_rule *r = &c->after->rules[rec->index];
	uint32_t at = c->heads[pair_index(r->from)][pair_index(r->to)];

	for (; at; at = c->denies[at - 1].next) {
		const struct deny *d = &c->denies[at - 1];

		if (d->index > rec->index)
			return false;
		/* A record that did not change was behind the old denies before, too. */
		if (rec->change == SAME && !d->fresh)
			continue;
		if (fw_match_hit(&c->after->rules[d->index].match, &conn->src, &conn->real_dst,
			    conn->proto, conn->real_port))
			return true;
	}
	return false;
}

static bool covers(const struct fw_policy_rule *r, const struct fwd_conn *conn)
{
	const struct fw_match *m = &r->match;

	if (r->rec.kind == FW_ALLOW)
		return fw_match_hit(m, &conn->src, &conn->real_dst, conn->proto, conn->real_port);
	if (r->rec.kind != FW_DNAT)
		return false;
	if (m->nat_addr.family && !same_ip(&m->nat_addr, &conn->real_dst))
		return false;
	if (m->nat_port && m->nat_port != conn->real_port)
		return false;
	return fw_match_hit(m, &conn->src, &conn->dst, conn->proto, conn->port);
}

bool fwd_cut_decide(const struct fwd_cut *c, const struct fwd_conn *conn)
{
	struct record key = {.number = conn->number};
	const struct record *rec;

	/* Within the gateway, or not of our making: those the kernel's rules decide about anew. */
	if (conn->number == 0)
		return false;
	if (conn->number < FW_NUMBER_FIRST)
		return builtin_ends(c, conn);
	rec = bsearch(&key, c->records, c->n_records, sizeof(key), cmp_record);
	if (!rec || rec->change == ELSEWHERE)
		return true;
	if (conn->related)
		return c->after->rules[rec->index].rec.kind == FW_DENY;
	if (rec->change == CHANGED && !covers(&c->after->rules[rec->index], conn))
		return true;
	return denied(c, rec, conn);
}
