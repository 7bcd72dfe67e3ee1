/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list against a model that knows nothing but entries and addresses: what its elements cover,
 * what a difference makes of them, and whose entry an address is.
 */
#include "tests/unit/fwd/unit.h"

#include <errno.h>

#include "fw/list/list.h"
#include "lib/json.h"
#include "lib/util.h"

typedef unsigned __int128 u128;

#define FEEDS 3 /* the first two block */
#define ENTRIES 64

/* ---- the model ---- */

struct entry {
	enum sk_bl_kind kind;
	u128 lo, hi;
	int feed; /* -1: allowed */
};

struct model {
	struct entry v[ENTRIES];
	size_t n;
};

static uint64_t seed = 1;

static uint32_t rnd(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 32) % n;
}

/* Of few neighbouring networks, so that entries meet, touch and fill what is around them. */
static struct entry some_entry(void)
{
	static const uint8_t len4[] = {32, 32, 32, 31, 28, 25, 24, 24, 23, 18, 16, 15, 9};
	static const uint8_t len6[] = {
		128, 128, 127, 120, 119, 64, 64, 63, 60, 48, 47, 33, 32, 24, 20};
	struct entry e = {.kind = rnd(3) ? SK_BL_ADDR4 : SK_BL_ADDR6, .feed = (int)rnd(4) - 1};
	const bool v6 = e.kind == SK_BL_ADDR6;
	const unsigned bits = v6 ? 128 : 32;
	const unsigned len = v6 ? len6[rnd(sizeof(len6))] : len4[rnd(sizeof(len4))];
	const u128 host = len == 0 ? ~(u128)0 : ((u128)1 << (bits - len)) - 1;

	if (v6) {
		e.lo = (u128)0x20010db8u << 96 | (u128)rnd(3) << 96 | (u128)rnd(3) << 80 |
			(u128)rnd(3) << 64 | rnd(600);
		if (rnd(4) == 0)
			e.lo += (u128)rnd(300) << 96;
	} else {
		e.lo = (u128)(0x0a000000u + (rnd(3) << 16) + (rnd(4) << 8) + rnd(256));
	}
	e.lo &= ~host;
	e.hi = e.lo | host;
	if (rnd(5) == 0) {
		e.hi = e.lo + (v6 ? (u128)rnd(1000) << (16 * rnd(6)) : rnd(70000));
		if (e.feed >= 0 && v6 && (e.hi - e.lo) >> 112)
			e.hi = e.lo;
	}
	return e;
}

static bool same_value(const struct entry *a, const struct entry *b)
{
	return a->kind == b->kind && a->lo == b->lo && a->hi == b->hi &&
		(a->feed < 0) == (b->feed < 0);
}

static bool model_has(const struct model *m, const struct entry *e)
{
	for (size_t i = 0; i < m->n; i++)
		if (same_value(&m->v[i], e))
			return true;
	return false;
}

static enum fw_list_verdict model_find(const struct model *m, enum sk_bl_kind k, u128 x)
{
	enum fw_list_verdict v = FW_LIST_NONE;

	for (size_t i = 0; i < m->n; i++) {
		const struct entry *e = &m->v[i];

		if (e->kind != k || x < e->lo || x > e->hi)
			continue;
		if (e->feed < 0)
			return FW_LIST_ALLOWED;
		if (e->feed < FEEDS - 1)
			v = FW_LIST_BLOCK;
		else if (v == FW_LIST_NONE)
			v = FW_LIST_MONITOR;
	}
	return v;
}

static int by_place(const void *pa, const void *pb)
{
	const struct entry *a = pa, *b = pb;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->lo != b->lo)
		return a->lo < b->lo ? -1 : 1;
	if (a->hi != b->hi)
		return a->hi < b->hi ? -1 : 1;
	return b->feed - a->feed; /* allowed behind */
}

static void document(const struct model *m, struct sk_buf *b)
{
	json_t *head = json_pack("{s:i,s:[{s:s,s:b},{s:s,s:b},{s:s,s:b}]}", "generation", 7,
		"feeds", "name", "drop", "block", 1, "name", "feodo", "block", 1, "name", "new",
		"block", 0);
	struct entry v[ENTRIES];
	struct sk_bl_writer w;
	char text[96], sum[65];

	memcpy(v, m->v, sizeof(v));
	qsort(v, m->n, sizeof(*v), by_place);
	sk_buf_init(b, 1 << 20);
	assert_int_equal(sk_bl_write_begin(&w, b, head), 0);
	for (size_t i = 0; i < m->n; i++) {
		int n = sk_bl_range_text(v[i].kind, v[i].lo, v[i].hi, text, sizeof(text));

		sk_bl_write(&w, v[i].kind, text, (size_t)n,
			v[i].feed < 0 ? SK_BL_ALLOW : (uint16_t)v[i].feed);
	}
	sk_bl_write(&w, SK_BL_DOMAIN, "bad.example", 11, 0);
	assert_int_equal(sk_bl_write_end(&w, sum), 0);
	json_decref(head);
}

static struct fw_list *list_of(const struct model *m)
{
	struct fw_list *l = NULL;
	struct sk_err err = {0};
	struct sk_buf b;

	document(m, &b);
	if (fw_list_parse(b.data, b.len, &l, &err) < 0)
		fail_msg("%s: %s", err.path, err.en);
	sk_buf_done(&b);
	return l;
}

/* ---- elements ---- */

struct elements {
	struct fw_list_run *v; /* one each */
	size_t n, cap;
};

static unsigned shift_of(size_t set)
{
	const struct fw_list_set *s = fw_list_set(set);

	return (s->family == 6 ? 128u : 32u) - s->prefix;
}

static int add_elements(const struct fw_list_run *r, void *arg)
{
	struct elements *e = arg;
	const bool prefix = fw_list_set(r->set)->prefix != 0;
	const u128 step = prefix ? (u128)1 << shift_of(r->set) : r->hi - r->lo + 1;

	assert_true(r->lo <= r->hi);
	assert_true(!prefix || ((r->lo | (r->hi + 1)) & (step - 1)) == 0);
	for (u128 lo = r->lo; lo <= r->hi && lo >= r->lo; lo += step) {
		assert_int_equal(sk_grow(&e->v, &e->cap, e->n + 1, sizeof(*e->v)), 0);
		e->v[e->n++] = (struct fw_list_run){r->set, r->add, lo, lo + step - 1};
	}
	return 0;
}

static void all_elements(const struct fw_list *l, struct elements *e)
{
	*e = (struct elements){0};
	for (size_t set = 0; set < FW_LIST_SETS; set++) {
		const size_t before = e->n;

		assert_int_equal(fw_list_runs(l, set, add_elements, e), 0);
		assert_int_equal(e->n - before, fw_list_count(l, set));
		for (size_t i = before + 1; i < e->n; i++)
			assert_true(e->v[i].lo > e->v[i - 1].hi);
	}
	assert_int_equal(e->n, fw_list_elements(l));
}

static int cmp(const void *pa, const void *pb)
{
	const struct fw_list_run *a = pa, *b = pb;

	if (a->set != b->set)
		return a->set < b->set ? -1 : 1;
	if (a->lo != b->lo)
		return a->lo < b->lo ? -1 : 1;
	return a->hi < b->hi ? -1 : a->hi > b->hi;
}

/* What a kernel would hold: removing what is not there, or adding what is, is refused. */
static void apply(struct elements *e, const struct elements *diff)
{
	for (size_t i = 0; i < diff->n; i++) {
		struct fw_list_run *x;

		if (diff->v[i].add)
			continue;
		x = e->n ? bsearch(&diff->v[i], e->v, e->n, sizeof(*e->v), cmp) : NULL;
		assert_non_null(x);
		memmove(x, x + 1, (size_t)(e->v + e->n - x - 1) * sizeof(*x));
		e->n--;
	}
	for (size_t i = 0; i < diff->n; i++) {
		if (!diff->v[i].add)
			continue;
		assert_int_equal(sk_grow(&e->v, &e->cap, e->n + 1, sizeof(*e->v)), 0);
		e->v[e->n++] = diff->v[i];
	}
	if (e->n)
		qsort(e->v, e->n, sizeof(*e->v), cmp);
	for (size_t i = 1; i < e->n; i++)
		assert_true(cmp(&e->v[i - 1], &e->v[i]) < 0);
}

static void same_elements(const struct elements *a, const struct elements *b)
{
	assert_int_equal(a->n, b->n);
	for (size_t i = 0; i < a->n; i++)
		assert_int_equal(cmp(&a->v[i], &b->v[i]), 0);
}

static void check_point(const struct model *m, const struct fw_list *l, const struct elements *e,
	enum sk_bl_kind k, u128 x)
{
	const bool v6 = k == SK_BL_ADDR6;
	const struct fw_ip ip = {v6 ? 6 : 4, x};
	enum fw_list_verdict want = model_find(m, k, x);
	int covered[2] = {0};
	struct fw_list_hit hit;

	if (!v6 && x > UINT32_MAX)
		return;
	for (size_t i = 0; i < e->n; i++) {
		const struct fw_list_set *s = fw_list_set(e->v[i].set);

		if (s->family == ip.family && x >= e->v[i].lo && x <= e->v[i].hi)
			covered[s->monitor]++;
	}
	assert_true(covered[0] <= 1 && covered[1] <= 1);
	assert_int_equal(covered[0], want == FW_LIST_BLOCK);
	/* One that also blocks may be in both. */
	if (want != FW_LIST_BLOCK)
		assert_int_equal(covered[1], want == FW_LIST_MONITOR);
	fw_list_find(l, &ip, &hit);
	assert_int_equal(hit.verdict, want);
	assert_int_equal(hit.feed != NULL, want >= FW_LIST_BLOCK);
	if (want == FW_LIST_NONE)
		return;
	assert_true(x >= hit.lo && x <= hit.hi);
	/* No narrower entry of that verdict. */
	for (size_t i = 0; want != FW_LIST_ALLOWED && i < m->n; i++) {
		const struct entry *n = &m->v[i];
		const enum fw_list_verdict v =
			n->feed == FEEDS - 1 ? FW_LIST_MONITOR : FW_LIST_BLOCK;

		if (n->kind == k && n->feed >= 0 && v == want && x >= n->lo && x <= n->hi)
			assert_true(n->hi - n->lo >= hit.hi - hit.lo);
	}
}

static void check_list(const struct model *m, const struct fw_list *l, struct elements *e)
{
	all_elements(l, e);
	for (size_t i = 0; i < m->n; i++) {
		const struct entry *x = &m->v[i];
		const u128 at[] = {x->lo, x->lo - 1, x->hi, x->hi + 1, x->lo + (x->hi - x->lo) / 2,
			x->lo + rnd(70000)};

		for (size_t k = 0; k < SK_ARRAY_SIZE(at); k++)
			check_point(m, l, e, x->kind, at[k]);
	}
}

static void fill(struct model *m, size_t n)
{
	m->n = 0;
	while (m->n < n) {
		struct entry e = some_entry();

		if (!model_has(m, &e))
			m->v[m->n++] = e;
	}
}

static int collect(const struct fw_list_run *r, void *arg)
{
	return add_elements(r, arg);
}

static void differences(void **state)
{
	for (int round = 0; round < 120; round++) {
		struct elements a, b, diff = {0};
		struct model ma, mb;
		struct fw_list *la, *lb;

		fill(&ma, rnd(24));
		fill(&mb, rnd(24));
		if (rnd(2)) { /* mostly the same */
			mb = ma;
			for (size_t i = 0; i < mb.n; i++)
				if (rnd(6) == 0)
					mb.v[i].feed = mb.v[i].feed < 0 ? -1 : (int)rnd(3);
			if (mb.n && rnd(2))
				mb.n--;
		}
		la = list_of(&ma);
		lb = list_of(&mb);
		check_list(&ma, la, &a);
		check_list(&mb, lb, &b);
		for (size_t set = 0; set < FW_LIST_SETS; set++)
			assert_int_equal(fw_list_diff(la, lb, set, collect, &diff), 0);
		apply(&a, &diff);
		same_elements(&a, &b);
		free(a.v);
		free(b.v);
		free(diff.v);
		fw_list_free(la);
		fw_list_free(lb);
	}
}

/* Some changes at once: of the model and as they are told to the list. */
static size_t some_changes(struct model *m, struct fw_list_change *c, size_t max)
{
	size_t n = 0;

	while (n < max) {
		struct entry e;

		if (m->n && rnd(2)) {
			const size_t i = rnd((uint32_t)m->n);

			e = m->v[i];
			m->v[i] = m->v[--m->n];
			c[n] = (struct fw_list_change){.add = false};
		} else {
			e = some_entry();
			if (m->n == ENTRIES || model_has(m, &e))
				continue;
			m->v[m->n++] = e;
			c[n] = (struct fw_list_change){.add = true};
		}
		c[n].kind = e.kind;
		c[n].feed = e.feed < 0 ? SK_BL_ALLOW : (uint16_t)e.feed;
		c[n].lo = e.lo;
		c[n++].hi = e.hi;
	}
	return n;
}

static void edits(void **state)
{
	struct elements have, want;
	struct fw_list *l;
	struct model m;

	fill(&m, 20);
	l = list_of(&m);
	all_elements(l, &have);
	for (int round = 0; round < 300; round++) {
		struct fw_list_change c[4];
		struct fw_list_delta d = {0};
		struct elements diff = {0}, now;
		const struct model before = m;
		const size_t n = some_changes(&m, c, 1 + rnd(4));
		struct sk_err err = {0};
		struct fw_list *fresh;

		if (fw_list_edit(l, c, n, &d, &err) < 0)
			fail_msg("%s: %s", err.path, err.en);
		if (rnd(4) == 0) {
			fw_list_undo(l, c, n, &d);
			fw_list_delta_done(&d);
			m = before;
			all_elements(l, &now);
			same_elements(&now, &have);
			free(now.v);
			continue;
		}
		for (size_t i = 0; i < d.n; i++)
			collect(&d.v[i], &diff);
		apply(&have, &diff);
		check_list(&m, l, &now);
		same_elements(&have, &now);
		/* The same as if it had been made anew. */
		fresh = list_of(&m);
		all_elements(fresh, &want);
		same_elements(&want, &now);
		fw_list_free(fresh);
		free(want.v);
		free(now.v);
		free(diff.v);
		fw_list_delta_done(&d);
	}
	free(have.v);
	fw_list_free(l);
}

static void refused(void **state)
{
	struct fw_list_delta d = {0};
	struct sk_err err = {0};
	struct elements a, b;
	struct model m = {.n = 1, .v = {{SK_BL_ADDR4, 1, 1, 0}}};
	struct fw_list *l = list_of(&m);
	const struct fw_list_change ok = {true, SK_BL_ADDR4, 1, 5, 9};
	const struct {
		struct fw_list_change c;
		int code;
		const char *path;
	} bad[] = {
		{{true, SK_BL_ADDR4, 1, 1, 1}, -EEXIST, "add[1]"},
		{{false, SK_BL_ADDR4, 1, 1, 1}, -ENOENT, "remove[0]"},
		{{false, SK_BL_ADDR4, 0, 1, 2}, -ENOENT, "remove[0]"},
		{{false, SK_BL_ADDR4, SK_BL_ALLOW, 1, 1}, -ENOENT, "remove[0]"},
		{{true, SK_BL_ADDR4, FEEDS, 7, 7}, -EINVAL, "add[1]"},
		{{true, SK_BL_ADDR4, 0, 7, 6}, -EINVAL, "add[1]"},
		{{true, SK_BL_ADDR4, 0, 7, (u128)1 << 32}, -EINVAL, "add[1]"},
		{{true, SK_BL_DOMAIN, 0, 7, 7}, -EINVAL, "add[1]"},
		{{true, SK_BL_ADDR6, 0, 0, ~(u128)0}, -ERANGE, "add[1]"},
	};

	all_elements(l, &a);
	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++) {
		const struct fw_list_change c[] = {ok, bad[i].c};

		assert_int_equal(fw_list_edit(l, c, 2, &d, &err), bad[i].code);
		assert_string_equal(err.path, bad[i].path);
		assert_null(d.v);
		all_elements(l, &b);
		same_elements(&a, &b);
		free(b.v);
	}
	free(a.v);
	fw_list_free(l);
}

/* Nothing may take more elements than there is room for, whatever is listed. */
static void bounded(void **state)
{
	struct sk_bl_writer w;
	struct fw_list *l = NULL;
	struct sk_err err = {0};
	struct sk_buf b;
	json_t *head = json_pack(
		"{s:i,s:[{s:s,s:b}]}", "generation", 1, "feeds", "name", "wide", "block", 1);
	char text[96], sum[65];

	sk_buf_init(&b, 64u << 20);
	sk_bl_write_begin(&w, &b, head);
	for (u128 i = 0; i < 60000; i++) {
		int n = sk_bl_range_text(
			SK_BL_ADDR4, i << 16 | 1, (i << 16) + 200, text, sizeof(text));
		sk_bl_write(&w, SK_BL_ADDR4, text, (size_t)n, 0);
	}
	sk_bl_write(&w, SK_BL_ADDR6, "2001::/17", 9, 0);
	sk_bl_write_end(&w, sum);
	assert_int_equal(fw_list_parse(b.data, b.len, &l, &err), 0);
	assert_int_equal(fw_list_entries(l), 60001);
	assert_true(fw_list_elements(l) <= 60000 + 256);
	assert_int_equal(fw_list_count(l, 3), 60000); /* all as ranges */
	fw_list_free(l);
	sk_buf_done(&b);
	json_decref(head);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(differences),
		cmocka_unit_test(edits),
		cmocka_unit_test(refused),
		cmocka_unit_test(bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
