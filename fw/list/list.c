/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list as a whole: made from its document; see list.h. Pure. */
#include "fw/list/list_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/util.h"

struct fw_list *fw_list_new(void)
{
	struct fw_list *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->f6.v6 = true;
	l->f4.run_max = l->f6.run_max = FW_LIST_RUN_MAX;
	return l;
}

static void family_done(struct fw_list_family *f)
{
	fw_list_forget_max(f);
	free(f->v4);
	free(f->e6);
	free(f->allow);
	free(f->gaps);
}

void fw_list_free(struct fw_list *l)
{
	if (!l)
		return;
	family_done(&l->f4);
	family_done(&l->f6);
	free(l->feeds);
	free(l);
}

void fw_list_freep(struct fw_list **l)
{
	fw_list_free(*l);
}

const char *fw_list_verdict_name(enum fw_list_verdict v)
{
	static const char *const names[] = {
		[FW_LIST_NONE] = "none",
		[FW_LIST_ALLOWED] = "allowed",
		[FW_LIST_BLOCK] = "block",
		[FW_LIST_MONITOR] = "monitor",
	};

	return names[v];
}

uint64_t fw_list_generation(const struct fw_list *l)
{
	return l->generation;
}

void fw_list_set_generation(struct fw_list *l, uint64_t generation)
{
	l->generation = generation;
}

const char *fw_list_sha256(const struct fw_list *l)
{
	return l->sha256;
}

size_t fw_list_entries(const struct fw_list *l)
{
	return l->f4.n + l->f4.n_allow + l->f6.n + l->f6.n_allow;
}

size_t fw_list_feeds(const struct fw_list *l)
{
	return l->n_feeds;
}

int fw_list_feed(const struct fw_list *l, const char *name)
{
	for (size_t i = 0; i < l->n_feeds; i++)
		if (strcmp(l->feeds[i].name, name) == 0)
			return (int)i;
	return -ENOENT;
}

const struct sk_bl_feed *fw_list_feed_at_index(const struct fw_list *l, size_t i)
{
	return i < l->n_feeds ? &l->feeds[i] : NULL;
}

size_t fw_list_count(const struct fw_list *l, size_t set)
{
	return l->counts[set];
}

size_t fw_list_elements(const struct fw_list *l)
{
	size_t n = 0;

	for (size_t i = 0; i < FW_LIST_SETS; i++)
		n += l->counts[i];
	return n;
}

size_t fw_list_lower(const struct fw_list_family *f, u128 lo, u128 hi)
{
	size_t a = 0, b = f->n;

	while (a < b) {
		const size_t mid = a + (b - a) / 2;
		const struct fw_list_range r = fw_list_at(f, mid);

		if (r.lo < lo || (r.lo == lo && r.hi < hi))
			a = mid + 1;
		else
			b = mid;
	}
	return a;
}

int fw_list_gaps(struct fw_list_family *f)
{
	size_t n = 0;

	if (f->n_allow && sk_grow(&f->gaps, &f->cap_gaps, f->n_allow, sizeof(*f->gaps)) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < f->n_allow; i++) {
		const struct fw_list_range *r = &f->allow[i];

		if (n && (f->gaps[n - 1].hi == ~(u128)0 || r->lo <= f->gaps[n - 1].hi + 1))
			f->gaps[n - 1].hi = SK_MAX(f->gaps[n - 1].hi, r->hi);
		else
			f->gaps[n++] = *r;
	}
	f->n_gaps = n;
	return 0;
}

/* ---- from the document ---- */

static int add_allow(struct fw_list_family *f, const struct sk_bl_entry *e)
{
	if (sk_grow(&f->allow, &f->cap_allow, f->n_allow + 1, sizeof(*f->allow)) < 0)
		return -ENOMEM;
	f->allow[f->n_allow++] = (struct fw_list_range){e->lo, e->hi};
	return 0;
}

static int add_entry(struct fw_list_family *f, const struct sk_bl_entry *e)
{
	void *v = f->v6 ? (void *)&f->e6 : &f->v4;

	if (sk_grow(v, &f->cap, f->n + 1, f->v6 ? sizeof(*f->e6) : sizeof(*f->v4)) < 0)
		return -ENOMEM;
	if (f->v6)
		f->e6[f->n++] = (struct fw_list_entry6){e->lo, e->hi, e->feed};
	else
		f->v4[f->n++] = (struct fw_list_entry4){(uint32_t)e->lo, (uint32_t)e->hi, e->feed};
	return 0;
}

static int take(const struct sk_bl_entry *e, void *arg)
{
	struct fw_list *l = arg;
	struct fw_list_family *f;

	if (e->kind != SK_BL_ADDR4 && e->kind != SK_BL_ADDR6)
		return 0;
	f = fw_list_family(l, e->kind == SK_BL_ADDR6);
	if (e->feed == SK_BL_ALLOW)
		return add_allow(f, e);
	if (f->v6 && (e->hi - e->lo) >> (128 - FW_LIST_WIDEST6))
		return -ERANGE;
	return add_entry(f, e);
}

/* What was taken as a reserve while the length was unknown. */
static void trim(struct fw_list_family *f)
{
	if (f->n == 0 || f->n == f->cap)
		return;
	if (f->v6) {
		struct fw_list_entry6 *p = realloc(f->e6, f->n * sizeof(*p));

		if (p)
			f->e6 = p;
	} else {
		struct fw_list_entry4 *p = realloc(f->v4, f->n * sizeof(*p));

		if (p)
			f->v4 = p;
	}
	f->cap = f->n;
}

static int finish(struct fw_list *l, const struct sk_bl_head *h)
{
	if (h->n_feeds) {
		l->feeds = calloc(h->n_feeds, sizeof(*l->feeds));
		if (!l->feeds)
			return -ENOMEM;
		memcpy(l->feeds, h->feeds, h->n_feeds * sizeof(*l->feeds));
	}
	l->n_feeds = h->n_feeds;
	l->generation = h->generation;
	memcpy(l->sha256, h->sha256, sizeof(l->sha256));
	trim(&l->f4);
	trim(&l->f6);
	if (fw_list_gaps(&l->f4) < 0 || fw_list_gaps(&l->f6) < 0)
		return -ENOMEM;
	fw_list_measure(l);
	return 0;
}

int fw_list_parse(const void *p, size_t n, struct fw_list **ret, struct sk_err *err)
{
	_cleanup_(fw_list_freep) struct fw_list *l = fw_list_new();
	struct sk_bl_head *h = malloc(sizeof(*h));
	int r = -ENOMEM;

	if (!l || !h) {
		free(h);
		return sk_err_nomem(err);
	}
	if (err)
		*err = (struct sk_err){0};
	r = sk_bl_parse(p, n, h, take, l, err);
	if (r == 0) {
		r = finish(l, h);
		sk_bl_head_done(h);
	}
	free(h);
	if (r == -ENOMEM)
		return sk_err_nomem(err);
	if (r == -ERANGE)
		return sk_err_set(err, r, NULL, "an IPv6 entry is wider than /%d",
			"/%dより広いIPv6アドレスの項目があります", FW_LIST_WIDEST6);
	if (r < 0)
		return r;
	*ret = l;
	l = NULL;
	return 0;
}
