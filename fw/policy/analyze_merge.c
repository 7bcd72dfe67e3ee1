/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules that could be one: the same effect, all fields equal but one, and nothing with another
 * action between them that would come to act differently. Each rule is paired with its nearest
 * predecessor.
 */
#include <errno.h>
#include <string.h>

#include "fw/policy/analyze_int.h"
#include "lib/util.h"

enum field { F_SOURCE, F_DESTINATION, F_PROTOCOL, F_PORT, FIELDS };

static const char *const field_names[FIELDS] = {"source", "destination", "protocol", "port"};

/* What sorting compares; the policy and the actions for it. */
struct sorter {
	const struct fw_analysis *a;
	enum field open; /* the field that may differ */
};

static int cmp_bytes(const void *a, size_t na, const void *b, size_t nb, size_t size)
{
	if (na != nb)
		return na < nb ? -1 : 1;
	return a == b || na == 0 ? 0 : memcmp(a, b, na * size);
}

static int cmp_addrs(const struct fw_addrs *a, const struct fw_addrs *b)
{
	int c = cmp_bytes(a->v4, a->n4, b->v4, b->n4, sizeof(*a->v4));

	return c ? c : cmp_bytes(a->v6, a->n6, b->v6, b->n6, sizeof(*a->v6));
}

/* Entries of the first protocol: what the ports of a uniform set are. */
static size_t block(const struct fw_svcs *s)
{
	size_t n = 0;

	while (n < s->n && s->v[n].proto_lo == s->v[0].proto_lo)
		n++;
	return n;
}

static bool same_ports(const struct fw_svc *a, const struct fw_svc *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (a[i].lo != b[i].lo || a[i].hi != b[i].hi)
			return false;
	}
	return true;
}

/* Every protocol one with ports, all with the same ones: "tcp/udp 53". Only such sets are compared.
 */
static bool uniform(const struct fw_svcs *s)
{
	size_t n = block(s);

	if (n == 0 || s->n % n != 0)
		return false;
	for (size_t i = 0; i < s->n; i++) {
		if (s->v[i].proto_lo != s->v[i].proto_hi || !fw_proto_has_ports(s->v[i].proto_lo) ||
			s->v[i].proto_lo != s->v[i - i % n].proto_lo)
			return false;
	}
	for (size_t i = n; i < s->n; i += n) {
		if (!same_ports(s->v, s->v + i, n))
			return false;
	}
	return true;
}

static int cmp_ports(const struct fw_svcs *a, const struct fw_svcs *b)
{
	size_t na = block(a), nb = block(b);

	if (na != nb)
		return na < nb ? -1 : 1;
	for (size_t i = 0; i < na; i++) {
		if (a->v[i].lo != b->v[i].lo)
			return a->v[i].lo < b->v[i].lo ? -1 : 1;
		if (a->v[i].hi != b->v[i].hi)
			return a->v[i].hi < b->v[i].hi ? -1 : 1;
	}
	return 0;
}

static int cmp_protocols(const struct fw_svcs *a, const struct fw_svcs *b)
{
	size_t na = block(a), nb = block(b), pa = a->n / na, pb = b->n / nb;

	if (pa != pb)
		return pa < pb ? -1 : 1;
	for (size_t i = 0; i < pa; i++) {
		int c = (int)a->v[i * na].proto_lo - (int)b->v[i * nb].proto_lo;

		if (c)
			return c;
	}
	return 0;
}

/* All that must be equal while the field `open` may differ. */
static int cmp_rest(const struct sorter *s, uint32_t i, uint32_t j)
{
	const struct fw_policy_rule *x = &s->a->p->rules[i], *y = &s->a->p->rules[j];
	const struct fw_match *m = &x->match, *n = &y->match;
	int c;

	if (s->a->action[i] != s->a->action[j])
		return s->a->action[i] < s->a->action[j] ? -1 : 1;
	if (x->rec.log != y->rec.log)
		return x->rec.log ? 1 : -1;
	c = s->open == F_SOURCE ? 0 : cmp_addrs(&m->src, &n->src);
	if (c == 0 && s->open != F_DESTINATION)
		c = cmp_addrs(&m->dst, &n->dst);
	if (c == 0 && s->open != F_PORT)
		c = cmp_ports(&m->svc, &n->svc);
	if (c == 0 && s->open != F_PROTOCOL)
		c = cmp_protocols(&m->svc, &n->svc);
	return c;
}

static int cmp_sort(const void *a, const void *b, void *arg)
{
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	int c = cmp_rest(arg, i, j);

	return c ? c : i < j ? -1 : i > j;
}

/* i before j: can j move up to i, or i down to j? */
static bool free_way(const struct fw_analysis *a, uint32_t i, uint32_t j)
{
	bool up = a->diff_before[j] == NONE || a->diff_before[j] < i;
	bool down = a->diff_after[i] == NONE || a->diff_after[i] > j;

	return up || down;
}

static void words(struct fw_finding *f, enum field open, const struct fw_match *m)
{
	char match[sizeof(f->space) - 32];

	fw_space_words(match, sizeof(match), m, m);
	snprintf(f->space, sizeof(f->space), "%s: %s", field_names[open], match);
}

static int report(struct fw_analysis *a, enum field open, uint32_t i, uint32_t j)
{
	struct fw_finding *f = fw_finding_add(a, FW_F_MERGEABLE, j);

	if (!f)
		return -ENOMEM;
	fw_finding_other(a, f, i);
	words(f, open, &a->p->rules[j].match);
	return 0;
}

int fw_analyze_merge(struct fw_analysis *a, const uint32_t *rules, size_t n)
{
	size_t kept = 0;

	for (size_t k = 0; k < n; k++) {
		uint32_t i = rules[k];

		if (!(a->status[i] & (FW_R_COVERED | FW_R_FORWARD)) &&
			uniform(&a->p->rules[i].match.svc))
			a->list[kept++] = i;
	}
	for (enum field open = 0; open < FIELDS; open++) {
		struct sorter s = {a, open};

		if (kept)
			qsort_r(a->list, kept, sizeof(*a->list), cmp_sort, &s);
		for (size_t k = 1; k < kept; k++) {
			uint32_t i = a->list[k - 1], j = a->list[k];

			if (cmp_rest(&s, i, j) == 0 && free_way(a, i, j) &&
				report(a, open, i, j) < 0)
				return -ENOMEM;
		}
	}
	return 0;
}
