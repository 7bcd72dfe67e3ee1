/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packet and stream rules into their groups: rules of an application protocol to that protocol's,
 * all others to their transport's, by the port of the server's side.
 */
#include <errno.h>
#include <string.h>

#include "ips/detect/ruleset_int.h"
#include "lib/util.h"

uint64_t ips_crule_apps(const struct ips_crule *c)
{
	uint64_t apps = 0;

	if (c->app != IPS_P_UNKNOWN)
		apps |= 1ULL << c->app;
	if (c->any_http)
		apps |= 1ULL << IPS_P_HTTP1 | 1ULL << IPS_P_HTTP2;
	if (c->app == IPS_P_DCERPC)
		apps |= 1ULL << IPS_P_SMB;
	return apps;
}

int ips_job_add(struct ips_ruleset_build *b, struct ips_pf *pf, struct ips_pf_build *from)
{
	int err;

	if (from->n == 0)
		return 0;
	err = sk_grow(&b->jobs, &b->jobs_cap, b->jobs_n + 1, sizeof(*b->jobs));
	if (!err)
		b->jobs[b->jobs_n++] = (struct ips_pf_job){pf, from};
	return err;
}

static int add_app(struct ips_ruleset_build *b, uint32_t rank, enum ips_dir dir)
{
	const struct ips_crule *c = &b->rs->rules[rank];
	uint64_t apps = ips_crule_apps(c);

	for (unsigned id = 0; id < IPS_P_COUNT; id++) {
		struct ips_group_build **g = &b->app[id][dir];
		int err;

		if (!(apps >> id & 1))
			continue;
		if (!*g)
			*g = calloc(1, sizeof(**g));
		err = *g ? ips_group_add(*g, c, &b->fast[rank], rank) : -ENOMEM;
		if (err)
			return err;
	}
	return 0;
}

static int add_ports(
	struct ips_ruleset_build *b, uint32_t rank, enum ips_transport tr, enum ips_dir dir)
{
	const struct ips_crule *c = &b->rs->rules[rank];
	const struct ips_rule *r = c->rule;
	const struct ips_port_set *s = dir == IPS_TOSERVER ? &r->dport : &r->sport;
	const struct ips_port_set *t = dir == IPS_TOSERVER ? &r->sport : &r->dport;
	struct ips_port_user u = {s, c->flags & IPS_CR_BIDIR ? t : NULL, rank};
	uint32_t size = ips_port_set_size(u.a) + (u.b ? ips_port_set_size(u.b) : 0);
	size_t n = b->users_n[tr][dir];
	int err;

	if (tr == IPS_TR_OTHER || size > IPS_PORTS_WIDE)
		return ips_group_add(&b->base[tr][dir], c, &b->fast[rank], rank);
	err = sk_grow(&b->users[tr][dir], &b->users_cap[tr][dir], n + 1, sizeof(u));
	if (err)
		return err;
	b->users[tr][dir][n] = u;
	b->users_n[tr][dir]++;
	return 0;
}

int ips_payload_add(struct ips_ruleset_build *b, uint32_t rank)
{
	const struct ips_crule *c = &b->rs->rules[rank];
	uint32_t other = c->hdr_proto & (IPS_HP_IP & ~(IPS_HP_TCP | IPS_HP_UDP));
	bool tcp = c->hdr_proto & (IPS_HP_TCP | IPS_HP_PKTHDR);
	bool udp = c->hdr_proto & (IPS_HP_UDP | IPS_HP_PKTHDR);
	int err = 0;

	for (unsigned dir = 0; dir < 2 && !err; dir++) {
		if (!(c->dirs >> dir & 1))
			continue;
		if (c->app != IPS_P_UNKNOWN) {
			err = add_app(b, rank, dir);
			continue;
		}
		if (tcp)
			err = add_ports(b, rank, IPS_TR_TCP, dir);
		if (udp && !err)
			err = add_ports(b, rank, IPS_TR_UDP, dir);
		if ((other || (c->hdr_proto & IPS_HP_PKTHDR)) && !err)
			err = add_ports(b, rank, IPS_TR_OTHER, dir);
	}
	return err;
}

/* Port rules to the classes they are members of, by ascending rank as they came. */
static int to_classes(struct ips_ruleset_build *b, enum ips_transport tr, enum ips_dir dir)
{
	struct ips_ports *ports = &b->rs->ports[tr][dir];
	size_t n = b->users_n[tr][dir];
	uint32_t *member;
	int err;

	if (n == 0)
		return 0;
	member = calloc(n, sizeof(*member));
	if (!member)
		return -ENOMEM;
	err = ips_ports_map(b->users[tr][dir], n, &ports->map, member);
	for (size_t i = 0; i < n && !err; i++) {
		uint32_t rank = b->users[tr][dir][i].rank;

		for (unsigned k = 0; k < IPS_PORT_CLASSES && !err; k++) {
			if (member[i] >> k & 1)
				err = ips_group_add(&b->cls[tr][dir][k], &b->rs->rules[rank],
					&b->fast[rank], rank);
		}
	}
	free(member);
	return err;
}

static int link_group(
	struct ips_ruleset_build *b, struct ips_group *g, struct ips_group_build *from)
{
	int err = ips_group_link(g, from, b->rs->rules);

	if (!err)
		err = ips_job_add(b, &g->all, &from->all);
	if (!err)
		err = ips_job_add(b, &g->pkt, &from->pkt);
	return err ? err : ips_job_add(b, &g->head, &from->head);
}

static int finish_ports(struct ips_ruleset_build *b, enum ips_transport tr, enum ips_dir dir)
{
	struct ips_ports *ports = &b->rs->ports[tr][dir];
	int err = to_classes(b, tr, dir);

	if (!err)
		err = link_group(b, &ports->base, &b->base[tr][dir]);
	for (unsigned k = 0; k < IPS_PORT_CLASSES && !err; k++)
		err = link_group(b, &ports->cls[k], &b->cls[tr][dir][k]);
	return err;
}

static int finish_app(struct ips_ruleset_build *b, unsigned id, enum ips_dir dir)
{
	struct ips_group **g = &b->rs->app[id][dir];

	if (!b->app[id][dir])
		return 0;
	*g = calloc(1, sizeof(**g));
	return *g ? link_group(b, *g, b->app[id][dir]) : -ENOMEM;
}

int ips_payload_finish(struct ips_ruleset_build *b)
{
	int err = 0;

	b->cls = calloc(IPS_TR_COUNT, sizeof(*b->cls));
	if (!b->cls)
		return -ENOMEM;
	for (unsigned dir = 0; dir < 2; dir++) {
		for (unsigned tr = 0; tr < IPS_TR_COUNT && !err; tr++)
			err = finish_ports(b, tr, dir);
		for (unsigned id = 0; id < IPS_P_COUNT && !err; id++)
			err = finish_app(b, id, dir);
	}
	return err;
}

void ips_payload_build_done(struct ips_ruleset_build *b)
{
	for (unsigned dir = 0; dir < 2; dir++) {
		for (unsigned tr = 0; tr < IPS_TR_COUNT; tr++) {
			ips_group_build_done(&b->base[tr][dir]);
			free(b->users[tr][dir]);
			for (unsigned k = 0; b->cls && k < IPS_PORT_CLASSES; k++)
				ips_group_build_done(&b->cls[tr][dir][k]);
		}
		for (unsigned id = 0; id < IPS_P_COUNT; id++) {
			if (b->app[id][dir])
				ips_group_build_done(b->app[id][dir]);
			free(b->app[id][dir]);
		}
	}
	free(b->cls);
	b->cls = NULL;
}

void ips_payload_done(struct ips_ruleset *rs)
{
	for (unsigned dir = 0; dir < 2; dir++) {
		for (unsigned tr = 0; tr < IPS_TR_COUNT; tr++) {
			ips_group_done(&rs->ports[tr][dir].base);
			for (unsigned k = 0; k < IPS_PORT_CLASSES; k++)
				ips_group_done(&rs->ports[tr][dir].cls[k]);
			free(rs->ports[tr][dir].map);
		}
		for (unsigned id = 0; id < IPS_P_COUNT; id++) {
			if (rs->app[id][dir])
				ips_group_done(rs->app[id][dir]);
			free(rs->app[id][dir]);
		}
	}
}
