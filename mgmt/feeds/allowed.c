/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address ranges are kept by their first address, each with the furthest end up to it; names by
 * their characters from the end, so that all below one stand together. Pure.
 */
#include "mgmt/feeds/allowed.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"

typedef unsigned __int128 u128;

struct range {
	u128 lo, hi, reach; /* reach: the highest hi of this and all before it */
};

struct name {
	const char *s; /* borrowed from the list */
	size_t n;
	bool suffix;
};

struct mg_allowed {
	struct mg_list_entry *all; /* in the list's order */
	size_t n_all, cap_all;
	struct range *ranges[2]; /* IPv4, IPv6 */
	size_t n_ranges[2], cap_ranges[2];
	struct name *names;
	size_t n_names, cap_names;
};

/* ---- building ---- */
static int add_range(struct mg_allowed *a, const struct mg_list_entry *e)
{
	int f = e->kind == SK_BL_ADDR6;
	size_t n = a->n_ranges[f];
	u128 reach = n ? a->ranges[f][n - 1].reach : 0;

	if (sk_grow(&a->ranges[f], &a->cap_ranges[f], n + 1, sizeof(struct range)) < 0)
		return -ENOMEM;
	a->ranges[f][n] = (struct range){e->lo, e->hi, SK_MAX(reach, e->hi)};
	a->n_ranges[f]++;
	return 0;
}

static int add_name(struct mg_allowed *a, const struct mg_list_entry *e)
{
	if (sk_grow(&a->names, &a->cap_names, a->n_names + 1, sizeof(*a->names)) < 0)
		return -ENOMEM;
	a->names[a->n_names++] = (struct name){e->value, e->len, e->kind == SK_BL_SUFFIX};
	return 0;
}

static int add(const struct mg_list_entry *e, void *arg)
{
	struct mg_allowed *a = arg;

	if (sk_grow(&a->all, &a->cap_all, a->n_all + 1, sizeof(*a->all)) < 0)
		return -ENOMEM;
	a->all[a->n_all++] = *e;
	if (e->kind == SK_BL_ADDR4 || e->kind == SK_BL_ADDR6)
		return add_range(a, e);
	if (e->kind == SK_BL_DOMAIN || e->kind == SK_BL_SUFFIX)
		return add_name(a, e);
	return 0;
}

/* By their characters from the end; of two equal names the exact one first. */
static int from_the_end(const void *pa, const void *pb)
{
	const struct name *a = pa, *b = pb;

	for (size_t i = 1; i <= a->n && i <= b->n; i++) {
		int c = (unsigned char)a->s[a->n - i] - (unsigned char)b->s[b->n - i];

		if (c)
			return c;
	}
	if (a->n != b->n)
		return a->n < b->n ? -1 : 1;
	return (int)a->suffix - (int)b->suffix;
}

int mg_allowed_new(struct mg_allowed **ret, const void *p, size_t n, struct sk_err *err)
{
	struct mg_allowed *a = calloc(1, sizeof(*a));
	int r;

	if (!a)
		return sk_err_nomem(err);
	r = n ? mg_list_check(p, n, NULL, add, a, err) : 0;
	if (r < 0) {
		mg_allowed_free(a);
		return r == -ENOMEM ? sk_err_nomem(err) : r;
	}
	if (a->n_names)
		qsort(a->names, a->n_names, sizeof(*a->names), from_the_end);
	*ret = a;
	return 0;
}

void mg_allowed_free(struct mg_allowed *a)
{
	if (!a)
		return;
	free(a->all);
	free(a->ranges[0]);
	free(a->ranges[1]);
	free(a->names);
	free(a);
}

/* ---- asking ---- */
static bool same_value(const struct mg_allowed *a, const struct mg_list_entry *e)
{
	size_t lo = 0, hi = a->n_all;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (mg_list_cmp(&a->all[mid], e) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < a->n_all && mg_list_cmp(&a->all[lo], e) == 0;
}

static bool range_hit(const struct mg_allowed *a, const struct mg_list_entry *e)
{
	int f = e->kind == SK_BL_ADDR6;
	size_t lo = 0, hi = a->n_ranges[f];

	while (lo < hi) { /* the first one that begins after e */
		size_t mid = lo + (hi - lo) / 2;

		if (a->ranges[f][mid].lo <= e->hi)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && a->ranges[f][lo - 1].reach >= e->lo;
}

/* The first name that does not stand before what is asked for. */
static size_t place(const struct mg_allowed *a, const struct name *want)
{
	size_t lo = 0, hi = a->n_names;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (from_the_end(&a->names[mid], want) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool has(const struct mg_allowed *a, const char *s, size_t n, bool suffix)
{
	const struct name want = {s, n, suffix};
	size_t i = place(a, &want);

	return i < a->n_names && from_the_end(&a->names[i], &want) == 0;
}

/* The name itself, or one above it with all below. */
static bool name_allowed(const struct mg_allowed *a, const char *s, size_t n)
{
	if (has(a, s, n, false))
		return true;
	for (;;) {
		const char *dot;

		if (has(a, s, n, true))
			return true;
		dot = memchr(s, '.', n);
		if (!dot)
			return false;
		n -= (size_t)(dot + 1 - s);
		s = dot + 1;
	}
}

/* An allowed name below this one: with ".name" they would all begin, read from the end. */
static bool allowed_below(const struct mg_allowed *a, const struct mg_list_entry *e)
{
	char text[SK_BL_VALUE_MAX + 2];
	struct name want = {text, e->len + 1, false};
	size_t i;

	text[0] = '.';
	memcpy(text + 1, e->value, SK_MIN(e->len, sizeof(text) - 1));
	i = place(a, &want);
	return i < a->n_names && a->names[i].n > want.n &&
		memcmp(a->names[i].s + a->names[i].n - want.n, text, want.n) == 0;
}

bool mg_allowed_hit(const struct mg_allowed *a, const struct mg_list_entry *e)
{
	size_t host = 0;

	switch (e->kind) {
	case SK_BL_ADDR4:
	case SK_BL_ADDR6: return range_hit(a, e);
	case SK_BL_DOMAIN: return name_allowed(a, e->value, e->len);
	case SK_BL_SUFFIX: return name_allowed(a, e->value, e->len) || allowed_below(a, e);
	case SK_BL_URL:
		while (host < e->len && e->value[host] != '/' && e->value[host] != ':')
			host++;
		return same_value(a, e) || name_allowed(a, e->value, host);
	default: return same_value(a, e);
	}
}
