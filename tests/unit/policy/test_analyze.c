/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The analysis: named cases, and random rule sets in a universe small enough to try every
 * connection. */
#include "tests/unit/policy/build.h"

#include "fw/policy/analyze.h"
#include "lib/util.h"

static const struct fw_analyze_opts defaults = {
	.now = T_NOW, .expiring_days = 30, .unused_days = 90};

static struct fw_findings analyze(const struct fw_policy *p, const struct fw_analyze_opts *o)
{
	struct fw_findings f = {0};
	struct sk_err err = {0};

	assert_int_equal(fw_analyze(p, o, &f, &err), 0);
	return f;
}

static const struct fw_finding *find(
	const struct fw_findings *f, uint32_t number, enum fw_finding_kind k)
{
	for (size_t i = 0; i < f->n; i++) {
		if (f->v[i].number == number && f->v[i].kind == k)
			return &f->v[i];
	}
	return NULL;
}

/* ---- named cases -------------------------------------------------------------------------------
 */

#define LAN "192.168.1.0/24"

static const struct {
	const char *name;
	struct t_rule rules[5];
	/* the relation expected of one rule, and the rule it meets; FW_FINDINGS: none of them */
	enum fw_finding_kind kind;
	uint32_t number, other;
} cases[] = {
	{"a deny hides an allow",
		{{1001, FW_DENY, 0, 0, LAN, 0, 0, "1-1024", 0, 0},
			{1002, FW_ALLOW, 0, 0, LAN, 0, 0, 0, 0, 0}},
		FW_F_SHADOWED, 1002, 1001},
	{"two denies hide an allow together",
		{{1001, FW_DENY, 0, 0, "192.168.1.0/25", 0, 0, 0, 0, 0},
			{1002, FW_DENY, 0, 0, "192.168.1.128/25", 0, 0, 0, 0, 0},
			{1003, FW_ALLOW, 0, 0, LAN, 0, 0, 0, 0, 0}},
		FW_F_SHADOWED, 1003, 1002},
	{"half of it is left",
		{{1001, FW_DENY, 0, 0, "192.168.1.0/25", 0, 0, 0, 0, 0},
			{1002, FW_ALLOW, 0, 0, LAN, 0, 0, 0, 0, 0}},
		FW_FINDINGS, 1002, 0},
	{"the same twice",
		{{1001, FW_ALLOW, 0, 0, LAN, 0, 0, 0, 0, 0},
			{1002, FW_ALLOW, 0, 0, LAN, 0, 0, 0, 0, 0}},
		FW_F_REDUNDANT, 1002, 1001},
	{"the first of the same twice stays",
		{{1001, FW_ALLOW, 0, 0, LAN, 0, 0, 0, 0, 0},
			{1002, FW_ALLOW, 0, 0, LAN, 0, 0, 0, 0, 0}},
		FW_FINDINGS, 1001, 0},
	{"a later wider rule makes it superfluous",
		{{1001, FW_ALLOW, 0, 0, "192.168.1.7", 0, 0, 0, 0, 0},
			{1002, FW_ALLOW, 0, 0, LAN, 0, 0, 0, 0, 0}},
		FW_F_REDUNDANT, 1001, 1002},
	{"an exception protects it",
		{{1001, FW_ALLOW, 0, 0, "192.168.1.7", 0, 0, 0, 0, 1},
			{1002, FW_DENY, 0, 0, "192.168.1.0/28", 0, 0, 0, 0, 2},
			{1003, FW_ALLOW, 0, 0, LAN, 0, 0, 0, 0, 3}},
		FW_FINDINGS, 1001, 0},
	{"any covers IPv6 too",
		{{1001, FW_ALLOW, 0, 0, "0.0.0.0/0", 0, 0, 0, 0, 0},
			{1002, FW_ALLOW, 0, 0, "any", 0, 0, 0, 0, 1001}},
		FW_F_REDUNDANT, 1001, 1002},
	{"IPv4 alone does not cover any",
		{{1001, FW_DENY, 0, 0, "0.0.0.0/0", 0, 0, 0, 0, 0},
			{1002, FW_ALLOW, 0, 0, "any", 0, 0, 0, 0, 0}},
		FW_FINDINGS, 1002, 0},
	{"IPv4 and IPv6 each by one rule",
		{{1001, FW_DENY, 0, 0, "0.0.0.0/0", 0, 0, 0, 0, 0},
			{1002, FW_DENY, 0, 0, "::/0", 0, 0, 0, 0, 0},
			{1003, FW_ALLOW, 0, 0, "any", 0, 0, 0, 0, 0}},
		FW_F_SHADOWED, 1003, 1001},
	{"a destination of one family limits the source",
		{{1001, FW_DENY, 0, 0, "0.0.0.0/0", "192.0.2.1", 0, 0, 0, 0},
			{1002, FW_ALLOW, 0, 0, "any", "192.0.2.1", 0, 0, 0, 0}},
		FW_F_SHADOWED, 1002, 1001},
	{"other zones do not compete",
		{{1001, FW_DENY, "lan", "dmz", 0, 0, 0, 0, 0, 0},
			{1002, FW_ALLOW, 0, 0, 0, 0, 0, 0, 0, 0}},
		FW_FINDINGS, 1002, 0},
	{"a translation competes with translations only",
		{{1001, FW_DENY, "wan", "dmz", 0, 0, 0, 0, 0, 0},
			{1002, FW_DNAT, "wan", "dmz", 0, 0, 0, 0, "192.168.9.2", 0}},
		FW_FINDINGS, 1002, 0},
	{"two targets for the same port",
		{{1001, FW_DNAT, "wan", "dmz", 0, 0, 0, 0, "192.168.9.2", 0},
			{1002, FW_DNAT, "wan", "lan", 0, 0, 0, 0, "192.168.1.2", 0}},
		FW_F_SHADOWED, 1002, 1001},
	{"partial overlap with another action",
		{{1001, FW_DENY, 0, 0, 0, "192.0.2.0/24", 0, "1-1000", 0, 0},
			{1002, FW_ALLOW, 0, 0, LAN, 0, 0, 0, 0, 0}},
		FW_F_CONFLICT, 1002, 1001},
	{"an exception within a rule is no conflict",
		{{1001, FW_DENY, 0, 0, "192.168.1.7", 0, 0, 0, 0, 0},
			{1002, FW_ALLOW, 0, 0, LAN, 0, 0, 0, 0, 0}},
		FW_FINDINGS, 1002, 0},
	{"two sources",
		{{1001, FW_ALLOW, 0, 0, "192.168.1.7", 0, 0, 0, 0, 0},
			{1002, FW_ALLOW, 0, 0, "192.168.1.8", 0, 0, 0, 0, 0}},
		FW_F_MERGEABLE, 1002, 1001},
	{"two ports",
		{{1001, FW_ALLOW, 0, 0, LAN, 0, 0, "80", 0, 0},
			{1002, FW_ALLOW, 0, 0, LAN, 0, 0, 0, 0, 0}},
		FW_F_MERGEABLE, 1002, 1001},
	{"two protocols, and a third rule between",
		{{1001, FW_ALLOW, 0, 0, LAN, 0, "tcp", "53", 0, 0},
			{1002, FW_ALLOW, 0, 0, LAN, 0, "tcp", "80-81", 0, 0},
			{1003, FW_ALLOW, 0, 0, LAN, 0, "udp", "53", 0, 0}},
		FW_F_MERGEABLE, 1003, 1001},
	{"protocol and port both differ",
		{{1001, FW_ALLOW, 0, 0, LAN, 0, "tcp", "80", 0, 0},
			{1002, FW_ALLOW, 0, 0, LAN, 0, "udp", "53", 0, 0}},
		FW_FINDINGS, 1002, 0},
	{"a deny in the way of both",
		{{1001, FW_ALLOW, 0, 0, "192.168.1.7", 0, 0, 0, 0, 1},
			{1002, FW_DENY, 0, 0, "192.168.1.7-192.168.1.8", "192.0.2.1", 0, 0, 0, 2},
			{1003, FW_ALLOW, 0, 0, "192.168.1.8", 0, 0, 0, 0, 3}},
		FW_F_CONFLICT, 1002, 1001},
	{"a deny in the way of one only",
		{{1001, FW_ALLOW, 0, 0, "192.168.1.7", 0, 0, 0, 0, 1},
			{1002, FW_DENY, 0, 0, "192.168.1.7", "192.0.2.1", 0, "any", 0, 2},
			{1003, FW_ALLOW, 0, 0, "192.168.1.8", 0, 0, 0, 0, 3}},
		FW_F_MERGEABLE, 1003, 1001},
};

static bool is_relation(enum fw_finding_kind k)
{
	return k <= FW_F_MERGEABLE;
}

static void named_cases(void **state)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(cases); i++) {
		struct fw_policy *p = t_policy();
		const struct fw_finding *f;
		struct fw_findings all;
		bool named = false;

		for (size_t k = 0; k < 5 && cases[i].rules[k].number; k++) {
			struct t_rule r = cases[i].rules[k];

			r.order = r.order ? r.order : 100 + (uint32_t)k;
			t_add(p, &r);
		}
		t_finish(p);
		all = analyze(p, &defaults);
		f = find(&all, cases[i].number, cases[i].kind);
		for (size_t k = 0; cases[i].kind == FW_FINDINGS && k < all.n; k++) {
			if (is_relation(all.v[k].kind) && all.v[k].number == cases[i].number &&
				all.v[k].kind != FW_F_CONFLICT)
				fail_msg("%s: %s", cases[i].name, fw_finding_name(all.v[k].kind));
		}
		for (size_t k = 0; f && k < f->n_others; k++)
			named = named || f->others[k] == cases[i].other;
		if (cases[i].kind != FW_FINDINGS && !named)
			fail_msg("%s: not found", cases[i].name);
		fw_findings_done(&all);
		fw_policy_free(p);
	}
}

static void a_deny_in_the_way_of_both(void **state)
{
	struct fw_policy *p = t_policy();
	struct fw_findings all;

	t_add(p, &(struct t_rule){1001, FW_ALLOW, 0, 0, "192.168.1.7", 0, 0, 0, 0, 1});
	t_add(p,
		&(struct t_rule){
			1002, FW_DENY, 0, 0, "192.168.1.7-192.168.1.8", "192.0.2.1", 0, 0, 0, 2});
	t_add(p, &(struct t_rule){1003, FW_ALLOW, 0, 0, "192.168.1.8", 0, 0, 0, 0, 3});
	t_finish(p);
	all = analyze(p, &defaults);
	assert_null(find(&all, 1003, FW_F_MERGEABLE));
	fw_findings_done(&all);
	fw_policy_free(p);
}

static void space_in_words(void **state)
{
	struct fw_policy *p = t_policy();
	struct fw_findings all;

	t_add(p,
		&(struct t_rule){1001, FW_DENY, 0, 0, "any", "203.0.113.0/24", "any", "any", 0, 1});
	t_add(p,
		&(struct t_rule){1002, FW_ALLOW, 0, 0, "192.168.1.0/24,10.0.0.1", "any", "tcp",
			"80,443", 0, 2});
	t_finish(p);
	all = analyze(p, &defaults);
	assert_non_null(find(&all, 1002, FW_F_CONFLICT));
	assert_string_equal(find(&all, 1002, FW_F_CONFLICT)->space,
		"tcp/80,443 10.0.0.1,192.168.1.0/24 → 203.0.113.0/24");
	assert_string_equal(
		find(&all, 1002, FW_F_TOO_WIDE)->space, "tcp/80,443 10.0.0.1,192.168.1.0/24 → any");
	fw_findings_done(&all);
	fw_policy_free(p);
}

/* Very large sets: cut at whole items, always terminated, valid UTF-8. */
static void long_words_are_cut(void **state)
{
	struct fw_policy *p = t_policy();
	struct fw_findings all;
	struct sk_buf b;

	sk_buf_init(&b, 1 << 20);
	for (unsigned i = 0; i < 2000; i++)
		sk_buf_printf(&b, "%s2001:db8:%x::%x", i ? "," : "", i * 2 + 0x1000, i + 0x1000);
	assert_int_equal(
		fw_policy_add_object(p, FW_OBJECT_ADDRESS, "many", sk_buf_str(&b), NULL), 0);
	t_add(p,
		&(struct t_rule){1001, FW_ALLOW, 0, 0, "many", "many", "tcp",
			"1,3,5,7,9,11,13,15,17,19,21,23,25,27,29,31,33,35,37,39,41,43,45,47,49,51,"
			"53",
			0, 1});
	t_add(p, &(struct t_rule){1002, FW_DENY, 0, 0, "many", "many", "tcp", "1-9", 0, 2});
	t_finish(p);
	all = analyze(p, &defaults);
	assert_true(all.n >= 1);
	for (size_t i = 0; i < all.n; i++) {
		size_t len = strnlen(all.v[i].space, sizeof(all.v[i].space));

		assert_true(len < sizeof(all.v[i].space));
		assert_true(sk_utf8_valid(all.v[i].space, len));
		assert_non_null(strstr(all.v[i].space, "…"));
	}
	fw_findings_done(&all);
	fw_policy_free(p);
	sk_buf_done(&b);
}

/* ---- a rule alone -------------------------------------------------------------------------------
 */

static void width(void **state)
{
	static const struct {
		struct t_rule r;
		bool wide;
	} rules[] = {
		{{1001, FW_ALLOW, 0, 0, LAN, "192.0.2.1", 0, 0, 0, 0}, false},
		{{1002, FW_ALLOW, 0, 0, "any", "192.0.2.1", 0, 0, 0, 0}, true},
		{{1003, FW_ALLOW, 0, 0, LAN, "any", 0, 0, 0, 0}, true},
		{{1004, FW_ALLOW, 0, 0, LAN, "192.0.2.1", "tcp", "any", 0, 0}, true},
		{{1005, FW_ALLOW, 0, 0, LAN, "192.0.2.1", "any", "any", 0, 0}, true},
		{{1006, FW_ALLOW, 0, 0, "10.0.0.0/15", "192.0.2.1", 0, 0, 0, 0}, true},
		{{1007, FW_ALLOW, 0, 0, "10.0.0.0/16", "192.0.2.1", "udp", "1-1024", 0, 0}, false},
		{{1008, FW_ALLOW, 0, 0, LAN, "192.0.2.1", 0, "1000-3000", 0, 0}, true},
		{{1009, FW_DENY, 0, 0, "any", "any", "any", "any", 0, 0}, false},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(rules); i++) {
		struct fw_policy *p = t_policy();
		struct fw_findings all;

		t_add(p, &rules[i].r);
		t_finish(p);
		all = analyze(p, &defaults);
		if ((find(&all, rules[i].r.number, FW_F_TOO_WIDE) != NULL) != rules[i].wide)
			fail_msg("rule %u", rules[i].r.number);
		fw_findings_done(&all);
		fw_policy_free(p);
	}
}

static void use_and_expiry(void **state)
{
	const struct {
		enum fw_kind kind;
		int64_t registered, expiry, last_hit;
		enum fw_finding_kind want; /* FW_FINDINGS: nothing of the kind */
	} rules[] = {
		{FW_ALLOW, -100, 100, -1, FW_FINDINGS},
		{FW_ALLOW, -100, 100, 0, FW_F_NEVER_HIT},
		{FW_ALLOW, -80, 100, 0, FW_FINDINGS},
		{FW_ALLOW, -200, 100, -91, FW_F_UNUSED},
		{FW_DENY, -200, 100, 0, FW_FINDINGS},
		{FW_DNAT, -200, 100, 0, FW_F_NEVER_HIT},
		{FW_ALLOW, -100, 29, -1, FW_F_EXPIRING},
		{FW_ALLOW, -100, 30, -1, FW_FINDINGS},
		{FW_ALLOW, -100, -1, -2, FW_F_EXPIRED},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(rules); i++) {
		struct t_rule t = {1001, rules[i].kind, 0, 0, LAN, "192.0.2.1", 0, 0,
			rules[i].kind == FW_DNAT ? "192.0.2.2" : NULL, 0};
		struct fw_policy *p = t_policy();
		struct fw_findings all;

		t_add(p, &t);
		t_finish(p);
		p->rules[0].rec.registered = T_NOW + rules[i].registered * T_DAY;
		p->rules[0].rec.expiry = T_NOW + rules[i].expiry * T_DAY;
		p->rules[0].rec.last_hit =
			rules[i].last_hit ? T_NOW + rules[i].last_hit * T_DAY : 0;
		all = analyze(p, &defaults);
		if (all.n != (rules[i].want != FW_FINDINGS) ||
			(all.n && all.v[0].kind != rules[i].want))
			fail_msg("case %zu: %zu, %s", i, all.n,
				all.n ? fw_finding_name(all.v[0].kind) : "");
		fw_findings_done(&all);
		fw_policy_free(p);
	}
}

static void names_and_texts(void **state)
{
	for (enum fw_finding_kind k = 0; k < FW_FINDINGS; k++) {
		assert_true(fw_finding_name(k)[0] && fw_finding_text(k)->en[0] &&
			fw_finding_text(k)->ja[0]);
		for (enum fw_finding_kind o = 0; o < k; o++)
			assert_string_not_equal(fw_finding_name(k), fw_finding_name(o));
	}
}

/* ---- against every connection of a small universe
 * -------------------------------------------------- */

/*
 * 8 sources and 8 destinations of each family, 8 ports of tcp and udp, and beyond them one address,
 * one port and one protocol that stand for all the rest.
 */
#define ADDRS 9
#define PORTS 9
#define SERVICES (2 * PORTS + 1)
#define POINTS (2 * ADDRS * ADDRS * SERVICES)
#define RULES_MAX 14

struct world {
	size_t n;
	enum fw_kind kind[RULES_MAX];
	uint32_t number[RULES_MAX];
	bool hit[RULES_MAX][POINTS];
	bool covered[RULES_MAX];
	bool superfluous[RULES_MAX]; /* by a later rule */
	bool decider[RULES_MAX][RULES_MAX];
};

static struct fw_ip address(int family, bool dst, size_t i)
{
	if (family == 4)
		return (struct fw_ip){4, (dst ? 0x0a010000u : 0x0a000000u) + (i < 8 ? i : 4000)};
	return (struct fw_ip){6, t_ip(dst ? "2001:db8:1::" : "2001:db8::").a + (i < 8 ? i : 4000)};
}

static void fill_hits(struct world *w, const struct fw_policy *p)
{
	for (size_t r = 0; r < w->n; r++) {
		size_t at = 0;

		w->kind[r] = p->rules[r].rec.kind;
		w->number[r] = p->rules[r].rec.number;
		for (size_t k = 0; k < 2 * ADDRS * ADDRS; k++) {
			int family = k < ADDRS * ADDRS ? 4 : 6;
			struct fw_ip src = address(family, false, k / ADDRS % ADDRS);
			struct fw_ip dst = address(family, true, k % ADDRS);

			for (size_t s = 0; s < SERVICES; s++) {
				uint8_t proto = s < PORTS ? 6 : s < 2 * PORTS ? 17 : 47;
				uint16_t port = proto == 47 ? 0 : (uint16_t)(80 + s % PORTS);

				w->hit[r][at++] =
					fw_match_hit(&p->rules[r].match, &src, &dst, proto, port);
			}
		}
	}
}

static bool within(const struct world *w, size_t inner, size_t outer)
{
	for (size_t x = 0; x < POINTS; x++) {
		if (w->hit[inner][x] && !w->hit[outer][x])
			return false;
	}
	return true;
}

static bool meet(const struct world *w, size_t a, size_t b)
{
	for (size_t x = 0; x < POINTS; x++) {
		if (w->hit[a][x] && w->hit[b][x])
			return true;
	}
	return false;
}

/* The definitions of analyze.h, word by word. */
static void define(struct world *w)
{
	for (size_t j = 0; j < w->n; j++) {
		w->covered[j] = true;
		for (size_t x = 0; x < POINTS; x++) {
			size_t first = 0;

			while (w->hit[j][x] && !w->hit[first][x])
				first++;
			if (w->hit[j][x] && first == j)
				w->covered[j] = false;
			else if (w->hit[j][x])
				w->decider[j][first] = true;
		}
	}
	for (size_t i = 0; i < w->n; i++) {
		for (size_t j = i + 1; j < w->n && !w->covered[i]; j++) {
			if (w->kind[j] != w->kind[i]) {
				if (meet(w, i, j))
					break;
				continue;
			}
			if (!w->covered[j] && within(w, i, j))
				w->superfluous[i] = true;
		}
	}
}

static bool conflicts(const struct world *w, size_t j)
{
	for (size_t i = 0; i < j && !w->covered[j]; i++) {
		if (!w->covered[i] && w->kind[i] != w->kind[j] && meet(w, i, j) && !within(w, i, j))
			return true;
	}
	return false;
}

static bool shadowed(const struct world *w, size_t j)
{
	for (size_t i = 0; i < j && w->covered[j]; i++) {
		if (w->decider[j][i] && w->kind[i] != w->kind[j])
			return true;
	}
	return false;
}

static void check_others(const struct world *w, const struct fw_finding *f, size_t j)
{
	size_t n = 0;

	for (size_t i = 0; i < j; i++) {
		if (!w->decider[j][i])
			continue;
		if (n < SK_ARRAY_SIZE(f->others))
			assert_int_equal(f->others[n], w->number[i]);
		n++;
	}
	assert_int_equal(f->n_others + f->others_more, n);
}

/* All that are called shadowed or redundant can go at once: every connection is decided as before.
 */
static void check_removal(const struct world *w)
{
	for (size_t x = 0; x < POINTS; x++) {
		size_t before = 0, after = 0;

		while (before < w->n && !w->hit[before][x])
			before++;
		while (after < w->n &&
			(!w->hit[after][x] || w->covered[after] || w->superfluous[after]))
			after++;
		assert_int_equal(before < w->n, after < w->n);
		if (before < w->n)
			assert_int_equal(w->kind[before], w->kind[after]);
	}
}

static void check_world(const struct world *w, const struct fw_findings *all, int round)
{
	for (size_t j = 0; j < w->n; j++) {
		const struct fw_finding *sh = find(all, w->number[j], FW_F_SHADOWED);
		const struct fw_finding *re = find(all, w->number[j], FW_F_REDUNDANT);
		bool want_re = (w->covered[j] && !shadowed(w, j)) || w->superfluous[j];

		if ((sh != NULL) != shadowed(w, j) || (re != NULL) != want_re)
			fail_msg("round %d rule %u: shadowed %d, redundant %d; want %d, %d", round,
				w->number[j], sh != NULL, re != NULL, shadowed(w, j), want_re);
		if ((find(all, w->number[j], FW_F_CONFLICT) != NULL) != conflicts(w, j))
			fail_msg("round %d rule %u: conflict", round, w->number[j]);
		if (sh)
			check_others(w, sh, j);
		if (re && w->covered[j])
			check_others(w, re, j);
		assert_false((sh && sh->budget) || (re && re->budget));
	}
	check_removal(w);
}

/* "10.0.0.1-10.0.0.4,2001:db8::3-2001:db8::3": one to three ranges, either family or both; or any.
 */
static void random_addrs(char *dst, size_t cap, bool is_dst, uint32_t families, struct t_rng *rng)
{
	const char *net4 = is_dst ? "10.1.0." : "10.0.0.",
		   *net6 = is_dst ? "2001:db8:1::" : "2001:db8::";
	size_t len = 0;

	if (t_random(rng, 5) == 0) {
		snprintf(dst, cap, "any");
		return;
	}
	for (uint32_t f = 1; f <= 2; f++) {
		for (uint32_t n = families & f ? 1 + t_random(rng, 3) / 2 : 0; n; n--) {
			const char *net = f == 1 ? net4 : net6;
			uint32_t lo = t_random(rng, 8), hi = lo + t_random(rng, 8 - lo);

			len += (size_t)snprintf(dst + len, cap - len, "%s%s%u-%s%u", len ? "," : "",
				net, lo, net, hi);
		}
	}
}

static void random_rule(struct fw_policy *p, uint32_t number, struct t_rng *rng)
{
	static const char *const protos[] = {"tcp", "udp", "tcp/udp", "any"};
	const char *proto = protos[t_random(rng, 4)];
	uint32_t families = 1 + t_random(rng, 3), lo = 80 + t_random(rng, 8);
	char src[160], dst[160], port[32];

	random_addrs(src, sizeof(src), false, families, rng);
	random_addrs(dst, sizeof(dst), true, families, rng);
	snprintf(port, sizeof(port), "%u-%u,%u", lo, lo + t_random(rng, 88 - lo),
		80 + t_random(rng, 8));
	t_add(p,
		&(struct t_rule){number, t_random(rng, 2) ? FW_ALLOW : FW_DENY, "lan", "wan", src,
			dst, proto, proto[0] == 'a' || t_random(rng, 4) == 0 ? "any" : port, NULL,
			1 + t_random(rng, 20)});
}

static void every_connection(void **state)
{
	struct world *w = malloc(sizeof(*w));
	struct t_rng rng = {0xc0ffee};
	size_t seen[FW_FINDINGS] = {0};

	assert_non_null(w);
	for (int round = 0; round < 150; round++) {
		struct fw_policy *p = t_policy();
		struct fw_findings all;

		memset(w, 0, sizeof(*w));
		w->n = 3 + t_random(&rng, RULES_MAX - 2);
		for (uint32_t i = 0; i < w->n; i++)
			random_rule(p, 1001 + i, &rng);
		t_finish(p);
		fill_hits(w, p);
		define(w);
		all = analyze(p, &defaults);
		check_world(w, &all, round);
		for (size_t i = 0; i < all.n; i++)
			seen[all.v[i].kind]++;
		fw_findings_done(&all);
		fw_policy_free(p);
	}
	/* The rule sets were worth trying. */
	assert_true(
		seen[FW_F_SHADOWED] > 20 && seen[FW_F_REDUNDANT] > 20 && seen[FW_F_CONFLICT] > 100);
	free(w);
}

/* A budget of one piece: still an answer, marked where it is not certain, and never a wrong claim.
 */
static void small_budget(void **state)
{
	struct fw_analyze_opts o = defaults;
	struct world *w = malloc(sizeof(*w));
	struct t_rng rng = {0xbeef};
	size_t cut = 0;

	assert_non_null(w);
	o.budget = 1;
	for (int round = 0; round < 40; round++) {
		struct fw_policy *p = t_policy();
		struct fw_findings all;

		memset(w, 0, sizeof(*w));
		w->n = RULES_MAX;
		for (uint32_t i = 0; i < w->n; i++)
			random_rule(p, 1001 + i, &rng);
		t_finish(p);
		fill_hits(w, p);
		define(w);
		all = analyze(p, &o);
		for (size_t j = 0; j < w->n; j++) {
			const struct fw_finding *sh = find(&all, w->number[j], FW_F_SHADOWED);
			const struct fw_finding *re = find(&all, w->number[j], FW_F_REDUNDANT);

			cut += (sh && sh->budget) + (re && re->budget);
			assert_true(!w->covered[j] || sh || re);
			if (sh && !sh->budget)
				assert_true(shadowed(w, j));
			if (re && !re->budget)
				assert_true(w->covered[j] || w->superfluous[j]);
		}
		fw_findings_done(&all);
		fw_policy_free(p);
	}
	assert_true(cut > 10);
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(named_cases),
		cmocka_unit_test(a_deny_in_the_way_of_both),
		cmocka_unit_test(space_in_words),
		cmocka_unit_test(long_words_are_cut),
		cmocka_unit_test(width),
		cmocka_unit_test(use_and_expiry),
		cmocka_unit_test(names_and_texts),
		cmocka_unit_test(every_connection),
		cmocka_unit_test(small_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
