/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Candidates: rules whose fast pattern occurs. Each is one at most once a round; transaction rules
 * found by payload wait apart for the transactions' turn.
 */
#include <stdlib.h>
#include <string.h>

#include "ips/detect/detect_int.h"

void ips_round_start(struct ips_detect *d)
{
	d->cand_n = 0;
	if (++d->stamp_now == 0) {
		memset(d->stamp, 0, d->rs->n * sizeof(*d->stamp));
		d->stamp_now = 1;
	}
}

void ips_candidate(struct ips_detect *d, uint32_t rank)
{
	if (d->stamp[rank] == d->stamp_now)
		return;
	d->stamp[rank] = d->stamp_now;
	d->stats.candidates++;
	d->cand[d->cand_n++] = rank;
}

struct scan {
	struct ips_detect *d;
	const struct ips_pf *pf;
};

static int on_hit(
	unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
	const struct scan *s = arg;
	struct ips_detect *d = s->d;
	const struct ips_pf *pf = s->pf;

	for (uint32_t i = pf->first[id]; i < pf->first[id + 1]; i++) {
		uint32_t rank = pf->rules[i];
		const struct ips_crule *c = &d->rs->rules[rank];

		if (c->head && to > c->head)
			continue;
		if (d->stamp[rank] == d->stamp_now)
			continue;
		d->stamp[rank] = d->stamp_now;
		d->stats.candidates++;
		if (c->type == IPS_RT_TX && (c->flags & IPS_CR_RAW_FAST))
			d->tx_cand[d->tx_cand_n++] = rank;
		else
			d->cand[d->cand_n++] = rank;
	}
	return 0;
}

void ips_scan(struct ips_detect *d, const struct ips_pf *pf, struct ips_view v)
{
	struct scan s = {d, pf};

	if (!pf->db || v.len == 0)
		return;
	d->stats.scanned_bytes += v.len;
	/* Only wrong arguments make it fail; a scan is never ended early. */
	(void)hs_scan(pf->db, (const char *)v.data, v.len, 0, d->scratch, on_hit, &s);
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

void ips_sort_ranks(uint32_t *v, uint32_t n)
{
	if (n > 16) {
		qsort(v, n, sizeof(*v), by_value);
		return;
	}
	for (uint32_t i = 1; i < n; i++) {
		uint32_t x = v[i], k = i;

		for (; k > 0 && v[k - 1] > x; k--)
			v[k] = v[k - 1];
		v[k] = x;
	}
}
