/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Putting a group together: patterns by where they are searched for, and the rules that have none
 * in runs of equal needs, so that one comparison a run tells whether a packet concerns them.
 */
#include "ips/detect/group.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"

int ips_group_add(struct ips_group_build *b, const struct ips_crule *c, const struct ips_fast *f,
	uint32_t rank)
{
	int err;

	if (f->list && f->head)
		return ips_pf_add(&b->head, f, rank);
	if (f->list) {
		err = ips_pf_add(&b->all, f, rank);
		return err || !(c->flags & IPS_CR_PKT) ? err : ips_pf_add(&b->pkt, f, rank);
	}
	err = sk_grow(&b->plain, &b->plain_cap, b->plain_n + 1, sizeof(*b->plain));
	if (err)
		return err;
	b->plain[b->plain_n++] = rank;
	return 0;
}

void ips_group_build_done(struct ips_group_build *b)
{
	ips_pf_build_done(&b->all);
	ips_pf_build_done(&b->pkt);
	ips_pf_build_done(&b->head);
	free(b->plain);
	memset(b, 0, sizeof(*b));
}

struct entry {
	uint16_t need;
	uint32_t rank;
};

static int by_need(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->need != y->need)
		return x->need < y->need ? -1 : 1;
	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

static int link_plain(
	struct ips_runs *r, const struct ips_group_build *b, const struct ips_crule *rules)
{
	struct entry *v;

	if (b->plain_n == 0)
		return 0;
	v = calloc(b->plain_n, sizeof(*v));
	r->rules = calloc(b->plain_n, sizeof(*r->rules));
	r->runs = calloc(b->plain_n, sizeof(*r->runs));
	if (!v || !r->rules || !r->runs) {
		free(v);
		return -ENOMEM;
	}
	for (size_t i = 0; i < b->plain_n; i++)
		v[i] = (struct entry){rules[b->plain[i]].need, b->plain[i]};
	qsort(v, b->plain_n, sizeof(*v), by_need);
	for (uint32_t i = 0; i < b->plain_n; i++) {
		if (i == 0 || v[i].need != v[i - 1].need)
			r->runs[r->runs_n++] = (struct ips_need_run){v[i].need, i, 0};
		r->runs[r->runs_n - 1].n++;
		r->rules[i] = v[i].rank;
	}
	r->n = (uint32_t)b->plain_n;
	free(v);
	return 0;
}

int ips_group_link(
	struct ips_group *g, const struct ips_group_build *b, const struct ips_crule *rules)
{
	int err = ips_pf_link(&g->all, &b->all);

	if (!err)
		err = ips_pf_link(&g->pkt, &b->pkt);
	if (!err)
		err = ips_pf_link(&g->head, &b->head);
	return err ? err : link_plain(&g->plain, b, rules);
}

void ips_group_done(struct ips_group *g)
{
	ips_pf_done(&g->all);
	ips_pf_done(&g->pkt);
	ips_pf_done(&g->head);
	free(g->plain.runs);
	free(g->plain.rules);
	memset(&g->plain, 0, sizeof(g->plain));
}
