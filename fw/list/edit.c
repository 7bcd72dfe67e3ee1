/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Single entries come and go. Cutting is local (sweep.c), so only the surroundings of an entry are
 * cut again, before and after. Pure.
 */
#include "fw/list/list_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/util.h"

/* ---- entries ---- */

static int insert_entry(struct fw_list_family *f, size_t at, const struct fw_list_change *c)
{
	const size_t size = f->v6 ? sizeof(*f->e6) : sizeof(*f->v4);
	void *v = f->v6 ? (void *)&f->e6 : &f->v4;
	char *base;

	if (sk_grow(v, &f->cap, f->n + 1, size) < 0)
		return -ENOMEM;
	base = f->v6 ? (char *)f->e6 : (char *)f->v4;
	memmove(base + (at + 1) * size, base + at * size, (f->n - at) * size);
	if (f->v6)
		f->e6[at] = (struct fw_list_entry6){c->lo, c->hi, c->feed};
	else
		f->v4[at] = (struct fw_list_entry4){(uint32_t)c->lo, (uint32_t)c->hi, c->feed};
	f->n++;
	return 0;
}

static void delete_entry(struct fw_list_family *f, size_t at)
{
	const size_t size = f->v6 ? sizeof(*f->e6) : sizeof(*f->v4);
	char *base = f->v6 ? (char *)f->e6 : (char *)f->v4;

	memmove(base + at * size, base + (at + 1) * size, (f->n - at - 1) * size);
	f->n--;
}

static int edit_entry(struct fw_list *l, const struct fw_list_change *c)
{
	struct fw_list_family *f = fw_list_family(l, c->kind == SK_BL_ADDR6);
	const size_t at = fw_list_lower(f, c->lo, c->hi);
	bool there = false;
	int r = 0;

	if (at < f->n) {
		const struct fw_list_range x = fw_list_at(f, at);
		there = x.lo == c->lo && x.hi == c->hi;
	}
	if (c->add && there)
		return -EEXIST;
	if (!c->add && (!there || fw_list_feed_at(f, at) != c->feed))
		return -ENOENT;
	if (c->add)
		r = insert_entry(f, at, c);
	else
		delete_entry(f, at);
	if (r == 0)
		fw_list_moved(f, at, c->add);
	return r;
}

static int edit_allow(struct fw_list *l, const struct fw_list_change *c)
{
	struct fw_list_family *f = fw_list_family(l, c->kind == SK_BL_ADDR6);
	const size_t size = sizeof(*f->allow);
	size_t at = 0;

	/* Room for what is merged of them, so that it cannot fail half-way. */
	if (sk_grow(&f->allow, &f->cap_allow, f->n_allow + 1, size) < 0 ||
		sk_grow(&f->gaps, &f->cap_gaps, f->n_allow + 1, size) < 0)
		return -ENOMEM;
	while (at < f->n_allow &&
		(f->allow[at].lo < c->lo || (f->allow[at].lo == c->lo && f->allow[at].hi < c->hi)))
		at++;
	const bool there = at < f->n_allow && f->allow[at].lo == c->lo && f->allow[at].hi == c->hi;
	if (c->add == there)
		return there ? -EEXIST : -ENOENT;
	if (c->add) {
		memmove(f->allow + at + 1, f->allow + at, (f->n_allow - at) * size);
		f->allow[at] = (struct fw_list_range){c->lo, c->hi};
		f->n_allow++;
	} else {
		memmove(f->allow + at, f->allow + at + 1, (f->n_allow - at - 1) * size);
		f->n_allow--;
	}
	return fw_list_gaps(f);
}

static int edit_one(struct fw_list *l, const struct fw_list_change *c)
{
	const bool v6 = c->kind == SK_BL_ADDR6;

	if ((!v6 && c->kind != SK_BL_ADDR4) || c->lo > c->hi || (!v6 && c->hi > UINT32_MAX))
		return -EINVAL;
	if (c->feed == SK_BL_ALLOW)
		return edit_allow(l, c);
	if (c->feed >= l->n_feeds)
		return -EINVAL;
	if (v6 && (c->hi - c->lo) >> (128 - FW_LIST_WIDEST6))
		return -ERANGE;
	return edit_entry(l, c);
}

/* What was there fits again: nothing was given back meanwhile. */
static void take_back(struct fw_list *l, const struct fw_list_change *v, size_t n)
{
	while (n-- > 0) {
		struct fw_list_change back = v[n];

		back.add = !back.add;
		edit_one(l, &back);
	}
}

/* ---- windows ---- */

struct windows {
	struct fw_list_range *v;
	size_t n;
};

static int by_lo(const void *pa, const void *pb)
{
	const struct fw_list_range *a = pa, *b = pb;

	return a->lo < b->lo ? -1 : a->lo > b->lo;
}

static int windows_of(const struct fw_list_change *v, size_t n, bool v6, struct windows *ret)
{
	size_t k = 0;

	ret->v = calloc(n + 1, sizeof(*ret->v));
	ret->n = 0;
	if (!ret->v)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if ((v[i].kind == SK_BL_ADDR6) == v6)
			ret->v[ret->n++] = fw_list_hull(v6, v[i].lo, v[i].hi);
	qsort(ret->v, ret->n, sizeof(*ret->v), by_lo);
	for (size_t i = 0; i < ret->n; i++) {
		if (k && ret->v[i].lo <= ret->v[k - 1].hi)
			ret->v[k - 1].hi = SK_MAX(ret->v[k - 1].hi, ret->v[i].hi);
		else
			ret->v[k++] = ret->v[i];
	}
	ret->n = k;
	return 0;
}

/* ---- runs in the windows, by set ---- */

struct runs {
	struct fw_list_range *v;
	size_t n, cap, at;
};

struct picture {
	struct runs sets[FW_LIST_SETS];
	int err;
};

static void picture_done(struct picture *p)
{
	for (size_t i = 0; i < FW_LIST_SETS; i++)
		free(p->sets[i].v);
}

static void add_run(struct picture *p, size_t set, u128 lo, u128 hi)
{
	struct runs *r = &p->sets[set];

	if (sk_grow(&r->v, &r->cap, r->n + 1, sizeof(*r->v)) < 0)
		p->err = -ENOMEM;
	else
		r->v[r->n++] = (struct fw_list_range){lo, hi};
}

static void add_piece(size_t set, const struct fw_list_piece *q, void *arg)
{
	struct picture *p = arg;

	if (!q->step) {
		add_run(p, set, q->lo, q->hi);
		return;
	}
	for (u128 lo = q->lo;; lo += q->step) {
		add_run(p, set, lo, lo + q->step - 1);
		if (q->hi - lo < q->step)
			return;
	}
}

static int take_picture(const struct fw_list *l, const struct windows w[2], struct picture *p)
{
	static const size_t firsts[2][2] = {{0, FW_LIST_SETS / 2}, {4, FW_LIST_SETS / 2 + 4}};
	struct fw_list_sweep s;
	struct fw_list_range r;

	for (int v6 = 0; v6 <= 1; v6++) {
		for (size_t i = 0; i < w[v6].n; i++) {
			for (int monitor = 0; monitor <= 1; monitor++) {
				fw_list_sweep_init(&s, l, firsts[v6][monitor], &w[v6].v[i]);
				while (fw_list_sweep_range(&s, &r))
					fw_list_cut(s.f, monitor, &r, add_piece, p);
			}
		}
	}
	return p->err;
}

static bool next_run(void *arg, struct fw_list_range *ret)
{
	struct runs *r = arg;

	if (r->at == r->n)
		return false;
	*ret = r->v[r->at++];
	return true;
}

static int add_delta(const struct fw_list_run *run, void *arg)
{
	struct fw_list_delta *d = arg;

	if (sk_grow(&d->v, &d->cap, d->n + 1, sizeof(*d->v)) < 0)
		return -ENOMEM;
	d->v[d->n++] = *run;
	return 0;
}

static int compare(struct picture *before, struct picture *after, struct fw_list_delta *d)
{
	int r = 0;

	for (size_t i = 0; i < FW_LIST_SETS && r == 0; i++) {
		const struct fw_list_source a = {next_run, &before->sets[i]};
		const struct fw_list_source b = {next_run, &after->sets[i]};

		r = fw_list_compare(i, &a, &b, add_delta, d);
	}
	return r;
}

void fw_list_delta_done(struct fw_list_delta *d)
{
	free(d->v);
	*d = (struct fw_list_delta){0};
}

static void count(struct fw_list *l, const struct fw_list_delta *d, bool back)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct fw_list_range r = {d->v[i].lo, d->v[i].hi};
		const size_t n = fw_list_run_elements(d->v[i].set, &r);

		l->counts[d->v[i].set] += d->v[i].add != back ? n : (size_t)0 - n;
	}
}

static int refused(int code, const struct fw_list_change *v, size_t at, struct sk_err *err)
{
	char path[32];
	size_t same = 0;

	for (size_t i = 0; i < at; i++)
		same += v[i].add == v[at].add;
	snprintf(path, sizeof(path), "%s[%zu]", v[at].add ? "add" : "remove", same);
	switch (code) {
	case -ENOMEM: return sk_err_nomem(err);
	case -EEXIST:
		return sk_err_set(err, code, path, "is listed already", "すでに登録されています");
	case -ENOENT:
		return sk_err_set(
			err, code, path, "is not listed so", "その内容では登録されていません");
	case -ERANGE:
		return sk_err_set(err, code, path, "is wider than /%d", "/%dより広い範囲です",
			FW_LIST_WIDEST6);
	default: return sk_err_set(err, code, path, "is no entry", "正しい項目ではありません");
	}
}

static int edit_all(struct fw_list *l, const struct fw_list_change *v, size_t n, struct sk_err *err)
{
	for (size_t i = 0; i < n; i++) {
		int r = edit_one(l, &v[i]);

		if (r < 0) {
			take_back(l, v, i);
			return refused(r, v, i, err);
		}
	}
	return 0;
}

int fw_list_edit(struct fw_list *l, const struct fw_list_change *v, size_t n,
	struct fw_list_delta *ret, struct sk_err *err)
{
	struct picture before = {0}, after = {0};
	struct fw_list_delta d = {0};
	struct windows w[2] = {{0}};
	int r = windows_of(v, n, false, &w[0]);

	if (r == 0)
		r = windows_of(v, n, true, &w[1]);
	if (r == 0)
		r = take_picture(l, w, &before);
	if (r < 0)
		r = sk_err_nomem(err);
	else
		r = edit_all(l, v, n, err);
	if (r == 0) {
		r = take_picture(l, w, &after);
		if (r == 0)
			r = compare(&before, &after, &d);
		if (r < 0) {
			take_back(l, v, n);
			r = sk_err_nomem(err);
		}
	}
	picture_done(&before);
	picture_done(&after);
	free(w[0].v);
	free(w[1].v);
	if (r < 0) {
		fw_list_delta_done(&d);
		return r;
	}
	count(l, &d, false);
	*ret = d;
	return 0;
}

void fw_list_undo(
	struct fw_list *l, const struct fw_list_change *v, size_t n, const struct fw_list_delta *d)
{
	take_back(l, v, n);
	count(l, d, true);
}
