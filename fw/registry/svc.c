/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of (protocol, port): the algebra and the output. Parsing is in svc_parse.c, names are in
 * svc_names.c.
 */
#include "fw/registry/svc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fw/registry/svc_names.h"
#include "lib/util.h"

#define ICMP 1
#define ICMP6 58

static bool is_icmp(uint8_t proto)
{
	return proto == ICMP || proto == ICMP6;
}

void fw_svcs_done(struct fw_svcs *s)
{
	if (!s)
		return;
	free(s->v);
	*s = (struct fw_svcs){0};
}

int fw_svcs_add(struct fw_svcs *s, struct fw_svc one)
{
	bool single = one.proto_lo == one.proto_hi;
	bool whole =
		one.proto_lo == 0 && one.proto_hi == 255 && one.lo == 0 && one.hi == UINT16_MAX;

	if (one.lo > one.hi || (!single && !whole))
		return -EINVAL;
	/* "No restriction" has one form whatever the protocol, so that sets compare and cover. */
	if (single && is_icmp(one.proto_lo) && one.lo == 0 && one.hi >= 255)
		one.hi = UINT16_MAX;
	if (single && !is_icmp(one.proto_lo) && !fw_proto_has_ports(one.proto_lo)) {
		one.lo = 0;
		one.hi = UINT16_MAX;
	}
	if (sk_grow(&s->v, &s->cap, s->n + 1, sizeof(*s->v)) < 0)
		return -ENOMEM;
	s->v[s->n++] = one;
	return 0;
}

static int cmp_svc(const void *pa, const void *pb)
{
	const struct fw_svc *a = pa, *b = pb;

	if (a->proto_lo != b->proto_lo)
		return (int)a->proto_lo - (int)b->proto_lo;
	if (a->lo != b->lo)
		return (int)a->lo - (int)b->lo;
	return (int)a->hi - (int)b->hi;
}

void fw_svcs_normalise(struct fw_svcs *s)
{
	size_t out = 0;

	s->any = false;
	for (size_t i = 0; i < s->n; i++) {
		if (s->v[i].proto_lo != s->v[i].proto_hi) {
			s->v[0] = (struct fw_svc){0, 255, 0, UINT16_MAX};
			s->n = 1;
			s->any = true;
			return;
		}
	}
	if (s->n > 1)
		qsort(s->v, s->n, sizeof(*s->v), cmp_svc);
	for (size_t i = 0; i < s->n; i++) {
		struct fw_svc *last = out ? &s->v[out - 1] : NULL;

		if (last && last->proto_lo == s->v[i].proto_lo &&
			(uint32_t)s->v[i].lo <= (uint32_t)last->hi + 1) {
			if (s->v[i].hi > last->hi)
				last->hi = s->v[i].hi;
			continue;
		}
		s->v[out++] = s->v[i];
	}
	s->n = out;
	/* Message types joined up to 0-255 are all of them. */
	for (size_t i = 0; i < out; i++)
		if (is_icmp(s->v[i].proto_lo) && s->v[i].lo == 0 && s->v[i].hi >= 255)
			s->v[i].hi = UINT16_MAX;
}

int fw_svcs_copy(struct fw_svcs *dst, const struct fw_svcs *src)
{
	struct fw_svcs tmp = {.any = src->any};

	if (sk_grow(&tmp.v, &tmp.cap, src->n, sizeof(*tmp.v)) < 0)
		return -ENOMEM;
	if (src->n > 0)
		memcpy(tmp.v, src->v, src->n * sizeof(*tmp.v));
	tmp.n = src->n;
	*dst = tmp;
	return 0;
}

int fw_svcs_append(struct fw_svcs *dst, const struct fw_svcs *src)
{
	if (sk_grow(&dst->v, &dst->cap, dst->n + src->n, sizeof(*dst->v)) < 0)
		return -ENOMEM;
	if (src->n > 0)
		memcpy(dst->v + dst->n, src->v, src->n * sizeof(*dst->v));
	dst->n += src->n;
	return 0;
}

bool fw_svcs_has(const struct fw_svcs *s, uint8_t proto, uint16_t port)
{
	size_t lo = 0, hi = s->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct fw_svc *v = &s->v[mid];

		if (proto < v->proto_lo || (proto <= v->proto_hi && port < v->lo))
			hi = mid;
		else if (proto > v->proto_hi || port > v->hi)
			lo = mid + 1;
		else
			return true;
	}
	return false;
}

bool fw_svcs_covers(const struct fw_svcs *outer, const struct fw_svcs *inner)
{
	size_t o = 0;

	for (size_t i = 0; i < inner->n; i++) {
		const struct fw_svc *in = &inner->v[i], *out;

		while (o < outer->n &&
			(outer->v[o].proto_hi < in->proto_lo ||
				(outer->v[o].proto_lo == in->proto_lo && outer->v[o].hi < in->lo)))
			o++;
		if (o == outer->n)
			return false;
		out = &outer->v[o];
		if (out->proto_lo > in->proto_lo || out->proto_hi < in->proto_hi ||
			out->lo > in->lo || out->hi < in->hi)
			return false;
	}
	return true;
}

static void put_value(struct sk_buf *b, uint8_t proto, uint16_t v)
{
	const char *name = is_icmp(proto) ? fw_icmp_type_name(proto == ICMP6, (uint8_t)v) : NULL;

	if (name)
		sk_buf_puts(b, name);
	else
		sk_buf_printf(b, "%u", v);
}

static void put_ports(struct sk_buf *b, const struct fw_svc *v)
{
	if (v->lo == 0 && v->hi == UINT16_MAX) {
		sk_buf_puts(b, "any");
	} else if (v->lo == v->hi) {
		put_value(b, v->proto_lo, v->lo);
	} else {
		sk_buf_printf(b, "%u-%u", v->lo, v->hi);
	}
}

void fw_svcs_put(struct sk_buf *b, const struct fw_svcs *s)
{
	if (s->any) {
		sk_buf_puts(b, "any");
		return;
	}
	for (size_t i = 0; i < s->n; i++) {
		uint8_t proto = s->v[i].proto_lo;
		const char *name = fw_proto_name(proto);

		if (i > 0 && s->v[i - 1].proto_lo == proto) {
			sk_buf_putc(b, ',');
			put_ports(b, &s->v[i]);
			continue;
		}
		if (i > 0)
			sk_buf_putc(b, ' ');
		if (name)
			sk_buf_puts(b, name);
		else
			sk_buf_printf(b, "%u", proto);
		if (fw_proto_has_ports(proto) || is_icmp(proto)) {
			sk_buf_putc(b, '/');
			put_ports(b, &s->v[i]);
		}
	}
}
