/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of numbers as ranges: what address and port lists are computed with. Wide enough for IPv6
 * addresses; ports use the same code.
 */
#ifndef IPS_RULES_SPAN_H
#define IPS_RULES_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 128 bits, most significant half first. */
struct ips_wide {
	uint64_t hi, lo;
};

struct ips_span {
	struct ips_wide lo, hi; /* inclusive */
};

struct ips_spans {
	struct ips_span *s;
	size_t n, cap;
};

int ips_wide_cmp(struct ips_wide a, struct ips_wide b);

/* 0, -ENOMEM or -E2BIG (IPS_SPANS_MAX). */
#define IPS_SPANS_MAX 262144
int ips_spans_add(struct ips_spans *v, struct ips_wide lo, struct ips_wide hi);
/* Sort and join what overlaps or touches. */
void ips_spans_join(struct ips_spans *v);
/* Take b's numbers out of a; both joined before, a is afterwards. 0 or -ENOMEM. */
int ips_spans_minus(struct ips_spans *a, const struct ips_spans *b);
void ips_spans_done(struct ips_spans *v);

#endif
