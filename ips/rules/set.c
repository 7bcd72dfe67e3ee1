/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Address and port lists of rule headers: nesting, ranges, negation, variables. Negation works as
 * Suricata has it: every range of all levels is either wanted or unwanted, and the set is the
 * wanted ones (all, if none) without the unwanted ones.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>

#include "ips/rules/int.h"
#include "lib/util.h"

#define MAX_DEPTH 64

enum { FAMILY_4, FAMILY_6, FAMILIES };

struct set_parse {
	struct ips_rules *r;
	bool ports;
	struct ips_spans want[FAMILIES], unwant[FAMILIES];
	char *why;
};

static int fail(struct set_parse *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int fail(struct set_parse *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->why, IPS_WHY_MAX, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static struct ips_wide wide4(uint32_t v)
{
	return (struct ips_wide){0, v};
}

static int add(
	struct set_parse *p, int family, bool negated, struct ips_wide lo, struct ips_wide hi)
{
	int r = ips_spans_add(negated ? &p->unwant[family] : &p->want[family], lo, hi);

	return r == -E2BIG ? fail(p, "more than %d ranges", IPS_SPANS_MAX) : r;
}

/* One address; its family or -1. */
static int one_addr(struct ips_text t, struct ips_wide *ret)
{
	char s[64];
	uint32_t w[4];

	if (t.n == 0 || t.n >= sizeof(s) || memchr(t.p, 0, t.n))
		return -1;
	ips_text_copy(s, sizeof(s), t);
	if (inet_pton(AF_INET, s, w) == 1) {
		*ret = wide4(ntohl(w[0]));
		return FAMILY_4;
	}
	if (inet_pton(AF_INET6, s, w) == 1) {
		ret->hi = (uint64_t)ntohl(w[0]) << 32 | ntohl(w[1]);
		ret->lo = (uint64_t)ntohl(w[2]) << 32 | ntohl(w[3]);
		return FAMILY_6;
	}
	return -1;
}

/* Bits that a prefix of len leaves free. */
static struct ips_wide host_bits(int family, unsigned len)
{
	if (family == FAMILY_4)
		return wide4(len == 0 ? UINT32_MAX : (uint32_t)((1ULL << (32 - len)) - 1));
	if (len >= 64)
		return (struct ips_wide){0, len == 128 ? 0 : UINT64_MAX >> (len - 64)};
	return (struct ips_wide){UINT64_MAX >> len, UINT64_MAX};
}

static int addr_prefix(struct set_parse *p, struct ips_text addr, struct ips_text len, bool negated)
{
	struct ips_wide a, bits, mask;
	int family = one_addr(addr, &a);
	uint64_t n;

	if (family < 0)
		return fail(p, "'%.*s' is not an address", IPS_T(addr));
	if (ips_text_u64(len, family == FAMILY_4 ? 32 : 128, &n)) {
		bits = host_bits(family, (unsigned)n);
	} else if (family == FAMILY_4 && one_addr(len, &mask) == FAMILY_4) {
		bits = wide4(~(uint32_t)mask.lo);
		if (bits.lo & (bits.lo + 1))
			return fail(p, "'%.*s' is not a netmask", IPS_T(len));
	} else {
		return fail(p, "'%.*s' is not a prefix length", IPS_T(len));
	}
	a.hi &= ~bits.hi;
	a.lo &= ~bits.lo;
	return add(p, family, negated, a, (struct ips_wide){a.hi | bits.hi, a.lo | bits.lo});
}

static int addr_leaf(struct set_parse *p, struct ips_text t, bool negated)
{
	struct ips_text rest = t, first;
	struct ips_wide lo, hi;
	int family;

	if (ips_text_is(t, "any")) {
		if (negated)
			return fail(p, "!any leaves no address");
		family = add(p, FAMILY_4, false, wide4(0), wide4(UINT32_MAX));
		if (family < 0)
			return family;
		return add(p, FAMILY_6, false, (struct ips_wide){0, 0},
			(struct ips_wide){UINT64_MAX, UINT64_MAX});
	}
	if (memchr(t.p, '/', t.n)) {
		ips_text_cut(&rest, '/', &first);
		return addr_prefix(p, first, ips_text_trim(rest), negated);
	}
	if (memchr(t.p, '-', t.n)) {
		ips_text_cut(&rest, '-', &first);
		family = one_addr(first, &lo);
		if (family < 0 || one_addr(ips_text_trim(rest), &hi) != family)
			return fail(p, "'%.*s' is not a range of addresses", IPS_T(t));
		if (ips_wide_cmp(lo, hi) > 0)
			return fail(p, "'%.*s' ends before it begins", IPS_T(t));
		return add(p, family, negated, lo, hi);
	}
	family = one_addr(t, &lo);
	if (family < 0)
		return fail(p, "'%.*s' is not an address", IPS_T(t));
	return add(p, family, negated, lo, lo);
}

static int port_leaf(struct set_parse *p, struct ips_text t, bool negated)
{
	struct ips_text rest = t, first;
	uint64_t lo = 0, hi = 65535;

	if (ips_text_is(t, "any")) {
		if (negated)
			return fail(p, "!any leaves no port");
		return add(p, FAMILY_4, false, wide4(0), wide4(65535));
	}
	if (!memchr(t.p, ':', t.n)) {
		if (!ips_text_u64(t, 65535, &lo))
			return fail(p, "'%.*s' is not a port", IPS_T(t));
		return add(p, FAMILY_4, negated, wide4((uint32_t)lo), wide4((uint32_t)lo));
	}
	ips_text_cut(&rest, ':', &first);
	rest = ips_text_trim(rest);
	if ((first.n == 0 && rest.n == 0) || (first.n > 0 && !ips_text_u64(first, 65535, &lo)) ||
		(rest.n > 0 && !ips_text_u64(rest, 65535, &hi)))
		return fail(p, "'%.*s' is not a range of ports", IPS_T(t));
	if (lo > hi)
		return fail(p, "'%.*s' ends before it begins", IPS_T(t));
	return add(p, FAMILY_4, negated, wide4((uint32_t)lo), wide4((uint32_t)hi));
}

/* The bracket that closes the one t begins with; t.n if none does. */
static size_t closing(struct ips_text t)
{
	int depth = 0;

	for (size_t i = 0; i < t.n; i++) {
		depth += t.p[i] == '[';
		depth -= t.p[i] == ']';
		if (depth == 0)
			return i;
	}
	return t.n;
}

static int list(struct set_parse *p, struct ips_text t, bool negated, int depth);

static int item(struct set_parse *p, struct ips_text t, bool negated, int depth)
{
	if (ips_text_starts(t, '!')) {
		negated = !negated;
		t = ips_text_skip(t, 1);
	}
	if (t.n == 0 || t.p[0] == '!')
		return fail(p, "an empty place in a list");
	if (t.p[0] == '[') {
		if (t.p[t.n - 1] != ']' || closing(t) != t.n - 1)
			return fail(p, "brackets do not match");
		return list(p, (struct ips_text){t.p + 1, t.n - 2}, negated, depth + 1);
	}
	if (t.p[0] == '$') {
		const char *v = ips_rules_var_get(p->r, (struct ips_text){t.p + 1, t.n - 1});

		if (!v)
			return fail(p, "variable %.*s is not set", IPS_T(t));
		return list(p, ips_text_of(v), negated, depth + 1);
	}
	return p->ports ? port_leaf(p, t, negated) : addr_leaf(p, t, negated);
}

static int list(struct set_parse *p, struct ips_text t, bool negated, int depth)
{
	size_t start = 0;
	int level = 0, r;

	if (depth > MAX_DEPTH)
		return fail(p, "lists or variables nested more than %d deep", MAX_DEPTH);
	for (size_t i = 0; i <= t.n; i++) {
		if (i < t.n && t.p[i] != ',') {
			level += t.p[i] == '[';
			level -= t.p[i] == ']';
			if (level < 0)
				return fail(p, "brackets do not match");
			continue;
		}
		if (level > 0 && i < t.n)
			continue;
		/* Nothing behind the last comma is forgiven. */
		if (i == t.n && start == i && start > 0)
			return 0;
		r = item(p, ips_text_trim((struct ips_text){t.p + start, i - start}), negated,
			depth);
		if (r < 0)
			return r;
		start = i + 1;
	}
	return 0;
}

static bool all(const struct ips_spans *s, struct ips_wide max)
{
	return s->n == 1 && s->s[0].lo.hi == 0 && s->s[0].lo.lo == 0 &&
		ips_wide_cmp(s->s[0].hi, max) == 0;
}

/* want without unwant, for the families at hand. */
static int combine(struct set_parse *p, bool *ret_negated)
{
	static const struct ips_wide max6 = {UINT64_MAX, UINT64_MAX};
	size_t wanted = p->want[FAMILY_4].n + p->want[FAMILY_6].n;
	int r = 0;

	*ret_negated = p->unwant[FAMILY_4].n + p->unwant[FAMILY_6].n > 0;
	if (wanted == 0) {
		r = add(p, FAMILY_4, false, wide4(0), wide4(p->ports ? 65535 : UINT32_MAX));
		if (r == 0 && !p->ports)
			r = add(p, FAMILY_6, false, (struct ips_wide){0, 0}, max6);
	}
	for (int f = 0; f < FAMILIES && r == 0; f++) {
		ips_spans_join(&p->want[f]);
		ips_spans_join(&p->unwant[f]);
		if (all(&p->unwant[f], f == FAMILY_6 ? max6 : wide4(p->ports ? 65535 : UINT32_MAX)))
			return fail(p, "everything is negated");
		if (p->unwant[f].n > 0)
			r = ips_spans_minus(&p->want[f], &p->unwant[f]);
	}
	if (r == 0 && p->want[FAMILY_4].n + p->want[FAMILY_6].n == 0)
		return fail(p, "nothing is left after the negations");
	return r;
}

static struct ips_addr addr_of(int family, struct ips_wide w)
{
	if (family == FAMILY_4)
		return (struct ips_addr){{htonl((uint32_t)w.lo)}};
	return (struct ips_addr){{htonl(w.hi >> 32), htonl((uint32_t)w.hi), htonl(w.lo >> 32),
		htonl((uint32_t)w.lo)}};
}

/* All v4 and nothing of v6 is Suricata's !address of the other family: not "any". */
static int store_addr(struct set_parse *p, struct ips_addr_set *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->any = all(&p->want[FAMILY_4], wide4(UINT32_MAX)) &&
		all(&p->want[FAMILY_6], (struct ips_wide){UINT64_MAX, UINT64_MAX});
	if (ret->any)
		return 0;
	for (int f = 0; f < FAMILIES; f++) {
		const struct ips_spans *s = &p->want[f];
		struct ips_addr_range *to = ips_arena_get(&p->r->strings.arena, s->n * sizeof(*to));

		if (!to)
			return -ENOMEM;
		for (size_t i = 0; i < s->n; i++) {
			to[i].lo = addr_of(f, s->s[i].lo);
			to[i].hi = addr_of(f, s->s[i].hi);
		}
		*(f == FAMILY_4 ? &ret->v4 : &ret->v6) = to;
		*(f == FAMILY_4 ? &ret->v4_n : &ret->v6_n) = (uint32_t)s->n;
	}
	return 0;
}

static int store_port(struct set_parse *p, struct ips_port_set *ret)
{
	const struct ips_spans *s = &p->want[FAMILY_4];

	memset(ret, 0, sizeof(*ret));
	ret->any = all(s, wide4(65535));
	if (ret->any)
		return 0;
	ret->r = ips_arena_get(&p->r->strings.arena, s->n * sizeof(*ret->r));
	if (!ret->r)
		return -ENOMEM;
	for (size_t i = 0; i < s->n; i++)
		ret->r[i] =
			(struct ips_port_range){(uint16_t)s->s[i].lo.lo, (uint16_t)s->s[i].hi.lo};
	ret->n = (uint32_t)s->n;
	return 0;
}

/* Most rules write one of a few sets; long lists are rarely written twice. */
static struct ips_set_cache *cached(struct ips_rules *r, bool ports, struct ips_text t)
{
	for (size_t i = 0; i < r->sets_n[ports]; i++)
		if (ips_text_eq(t, r->sets[ports][i].key))
			return &r->sets[ports][i];
	return NULL;
}

static void remember(
	struct ips_rules *r, bool ports, struct ips_text t, const struct ips_set_cache *what)
{
	struct ips_set_cache **sets = &r->sets[ports];
	const char *key;

	if (t.n > 64 || r->sets_n[ports] >= 64)
		return;
	key = ips_strings_get(&r->strings, t.p, t.n);
	if (!key || sk_grow(sets, &r->sets_cap[ports], r->sets_n[ports] + 1, sizeof(**sets)) < 0)
		return;
	(*sets)[r->sets_n[ports]] = *what;
	(*sets)[r->sets_n[ports]++].key = key;
}

static int parse(
	struct ips_rules *r, struct ips_text t, bool ports, struct ips_set_cache *ret, char *why)
{
	struct set_parse p = {.r = r, .ports = ports, .why = why};
	const struct ips_set_cache *c = cached(r, ports, t);
	int e;

	if (c) {
		*ret = *c;
		return 0;
	}
	memset(ret, 0, sizeof(*ret));
	e = list(&p, t, false, 0);
	if (e == 0)
		e = combine(&p, &ret->negated);
	if (e == 0)
		e = ports ? store_port(&p, &ret->port) : store_addr(&p, &ret->addr);
	for (int f = 0; f < FAMILIES; f++) {
		ips_spans_done(&p.want[f]);
		ips_spans_done(&p.unwant[f]);
	}
	if (e == 0)
		remember(r, ports, t, ret);
	return e;
}

int ips_addr_parse(struct ips_rules *r, struct ips_text t, struct ips_addr_set *ret,
	bool *ret_negated, char *why)
{
	struct ips_set_cache c;
	int e = parse(r, t, false, &c, why);

	if (e == 0) {
		*ret = c.addr;
		*ret_negated = c.negated;
	}
	return e;
}

int ips_port_parse(struct ips_rules *r, struct ips_text t, struct ips_port_set *ret, char *why)
{
	struct ips_set_cache c;
	int e = parse(r, t, true, &c, why);

	if (e == 0)
		*ret = c.port;
	return e;
}

/* Network byte order compares like bytes. */
static int addr_cmp(const struct ips_addr *a, const struct ips_addr *b, uint8_t family)
{
	return memcmp(a->w, b->w, family == 4 ? 4 : 16);
}

bool ips_addr_set_has(const struct ips_addr_set *s, uint8_t family, const struct ips_addr *a)
{
	const struct ips_addr_range *r = family == 4 ? s->v4 : s->v6;
	uint32_t lo = 0, hi = family == 4 ? s->v4_n : s->v6_n;

	if (s->any)
		return true;
	if (family != 4 && family != 6)
		return false;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (addr_cmp(a, &r[mid].lo, family) < 0)
			hi = mid;
		else if (addr_cmp(a, &r[mid].hi, family) > 0)
			lo = mid + 1;
		else
			return true;
	}
	return false;
}

bool ips_port_set_has(const struct ips_port_set *s, uint16_t port)
{
	uint32_t lo = 0, hi = s->n;

	if (s->any)
		return true;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (port < s->r[mid].lo)
			hi = mid;
		else if (port > s->r[mid].hi)
			lo = mid + 1;
		else
			return true;
	}
	return false;
}
