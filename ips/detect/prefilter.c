/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Literal patterns to a vectorscan database (hs_compile_lit_multi). Equal patterns of several rules
 * are one. Used by the ruleset only; scanning is the workers' business.
 */
#include "ips/detect/prefilter.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"

#define NONE UINT32_MAX

static uint8_t fold(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

static bool same(const struct ips_pf_pattern *p, const struct ips_fast *f)
{
	if (p->len != f->len || p->nocase != f->nocase)
		return false;
	for (uint16_t i = 0; i < p->len; i++) {
		if (p->nocase ? fold(p->data[i]) != fold(f->data[i]) : p->data[i] != f->data[i])
			return false;
	}
	return true;
}

static uint32_t hash_of(const uint8_t *data, uint16_t len, bool nocase)
{
	uint32_t h = 2166136261u ^ nocase;

	for (uint16_t i = 0; i < len; i++)
		h = (h ^ fold(data[i])) * 16777619u;
	return h ^ h >> 15;
}

static int hash_grow(struct ips_pf_build *b)
{
	size_t n = b->hash_n ? b->hash_n * 2 : 64;
	uint32_t *t = calloc(n, sizeof(*t));

	if (!t)
		return -ENOMEM;
	for (size_t i = 0; i < b->n; i++) {
		uint32_t h = hash_of(b->pats[i].data, b->pats[i].len, b->pats[i].nocase);

		while (t[h & (n - 1)])
			h++;
		t[h & (n - 1)] = (uint32_t)i + 1;
	}
	free(b->hash);
	b->hash = t;
	b->hash_n = n;
	return 0;
}

static int pattern_of(struct ips_pf_build *b, const struct ips_fast *f, uint32_t *ret)
{
	uint32_t h;
	int err;

	if (b->n * 2 >= b->hash_n) {
		err = hash_grow(b);
		if (err)
			return err;
	}
	for (h = hash_of(f->data, f->len, f->nocase); b->hash[h & (b->hash_n - 1)]; h++) {
		uint32_t i = b->hash[h & (b->hash_n - 1)] - 1;

		if (same(&b->pats[i], f)) {
			*ret = i;
			return 0;
		}
	}
	err = sk_grow(&b->pats, &b->cap, b->n + 1, sizeof(*b->pats));
	if (err)
		return err;
	b->pats[b->n] = (struct ips_pf_pattern){f->data, f->len, f->nocase, NONE, NONE};
	b->hash[h & (b->hash_n - 1)] = (uint32_t)b->n + 1;
	*ret = (uint32_t)b->n++;
	return 0;
}

int ips_pf_add(struct ips_pf_build *b, const struct ips_fast *f, uint32_t rule)
{
	struct ips_pf_pattern *p;
	uint32_t i, at;
	int err = pattern_of(b, f, &i);

	if (err)
		return err;
	p = &b->pats[i];
	if (p->last != NONE && b->pairs[p->last].rule == rule)
		return 0;
	err = sk_grow(&b->pairs, &b->pairs_cap, b->pairs_n + 1, sizeof(*b->pairs));
	if (err)
		return err;
	at = (uint32_t)b->pairs_n++;
	b->pairs[at] = (struct ips_pf_pair){rule, NONE};
	if (p->last == NONE)
		p->first = at;
	else
		b->pairs[p->last].next = at;
	p->last = at;
	return 0;
}

void ips_pf_build_done(struct ips_pf_build *b)
{
	free(b->pats);
	free(b->pairs);
	free(b->hash);
	memset(b, 0, sizeof(*b));
}

int ips_pf_link(struct ips_pf *pf, const struct ips_pf_build *b)
{
	uint32_t k = 0;

	if (b->n == 0)
		return 0;
	pf->first = calloc(b->n + 1, sizeof(*pf->first));
	pf->rules = calloc(b->pairs_n, sizeof(*pf->rules));
	if (!pf->first || !pf->rules)
		return -ENOMEM;
	for (size_t i = 0; i < b->n; i++) {
		const struct ips_pf_pattern *p = &b->pats[i];

		pf->first[i] = k;
		for (uint32_t j = p->first; j != NONE; j = b->pairs[j].next)
			pf->rules[k++] = b->pairs[j].rule;
		pf->max_len = SK_MAX(pf->max_len, p->len);
	}
	pf->first[b->n] = k;
	pf->n = (uint32_t)b->n;
	pf->bytes = (b->n + 1 + b->pairs_n) * sizeof(uint32_t);
	return 0;
}

void ips_pf_describe(const struct ips_pf_build *b, struct sk_buf *out)
{
	uint32_t n = (uint32_t)b->n;

	sk_buf_put(out, &n, sizeof(n));
	for (size_t i = 0; i < b->n; i++) {
		const struct ips_pf_pattern *p = &b->pats[i];

		sk_buf_put(out, &p->len, sizeof(p->len));
		sk_buf_putc(out, p->nocase ? 'i' : 'c');
		sk_buf_put(out, p->data, p->len);
	}
}

/* The arrays the compiler wants, in one piece each. */
struct lits {
	const char **expr;
	unsigned *flags, *ids;
	size_t *lens;
};

static void lits_done(struct lits *l)
{
	free(l->expr);
	free(l->flags);
	free(l->ids);
	free(l->lens);
}

static int compile(struct ips_pf *pf, const struct lits *l, unsigned n)
{
	hs_compile_error_t *why = NULL;
	size_t size = 0;
	hs_error_t err = hs_compile_lit_multi(
		l->expr, l->flags, l->ids, l->lens, n, HS_MODE_BLOCK, NULL, &pf->db, &why);

	hs_free_compile_error(why);
	if (err != HS_SUCCESS)
		return err == HS_NOMEM ? -ENOMEM : -EINVAL;
	if (hs_database_size(pf->db, &size) == HS_SUCCESS)
		pf->bytes += size;
	return 0;
}

int ips_pf_compile(struct ips_pf *pf, const struct ips_pf_build *b)
{
	struct lits l;
	int err = -ENOMEM;

	if (b->n == 0)
		return 0;
	l.expr = calloc(b->n, sizeof(*l.expr));
	l.flags = calloc(b->n, sizeof(*l.flags));
	l.ids = calloc(b->n, sizeof(*l.ids));
	l.lens = calloc(b->n, sizeof(*l.lens));
	if (!l.expr || !l.flags || !l.ids || !l.lens)
		goto out;
	for (size_t i = 0; i < b->n; i++) {
		l.expr[i] = (const char *)b->pats[i].data;
		l.lens[i] = b->pats[i].len;
		l.ids[i] = (unsigned)i;
		l.flags[i] = HS_FLAG_SINGLEMATCH | (b->pats[i].nocase ? HS_FLAG_CASELESS : 0);
	}
	err = compile(pf, &l, (unsigned)b->n);
out:
	lits_done(&l);
	return err;
}

int ips_pf_restore(struct ips_pf *pf, struct ips_view v)
{
	size_t size = 0;
	hs_error_t err = hs_deserialize_database((const char *)v.data, v.len, &pf->db);

	if (err != HS_SUCCESS)
		return err == HS_NOMEM ? -ENOMEM : -EINVAL;
	if (hs_database_size(pf->db, &size) == HS_SUCCESS)
		pf->bytes += size;
	return 0;
}

int ips_pf_save(const struct ips_pf *pf, struct sk_buf *out)
{
	char *bytes = NULL;
	size_t n = 0;
	uint32_t len;

	if (pf->db && hs_serialize_database(pf->db, &bytes, &n) != HS_SUCCESS)
		return -ENOMEM;
	len = (uint32_t)n;
	sk_buf_put(out, &len, sizeof(len));
	sk_buf_put(out, bytes, n);
	free(bytes);
	return sk_buf_error(out);
}

void ips_pf_done(struct ips_pf *pf)
{
	hs_free_database(pf->db);
	free(pf->first);
	free(pf->rules);
	memset(pf, 0, sizeof(*pf));
}
