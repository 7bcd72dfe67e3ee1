/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of addresses: the algebra. Called by rule compilation, analysis and the kernel encoder. Text
 * syntax is in addr_text.c.
 */
#include "fw/registry/addr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/util.h"

#define RANGE fw_range4
#define VALUE uint32_t
#define FN(name) v4_##name
#include "fw/registry/addr_family.h"

#define RANGE fw_range6
#define VALUE unsigned __int128
#define FN(name) v6_##name
#include "fw/registry/addr_family.h"

#define MAX4 UINT32_MAX
#define MAX6 ((unsigned __int128)-1)

void fw_addrs_done(struct fw_addrs *a)
{
	if (!a)
		return;
	free(a->v4);
	free(a->v6);
	*a = (struct fw_addrs){0};
}

int fw_addrs_any(struct fw_addrs *a)
{
	if (sk_grow(&a->v4, &a->cap4, 1, sizeof(*a->v4)) < 0 ||
		sk_grow(&a->v6, &a->cap6, 1, sizeof(*a->v6)) < 0)
		return -ENOMEM;
	a->v4[0] = (struct fw_range4){0, MAX4};
	a->v6[0] = (struct fw_range6){0, MAX6};
	a->n4 = a->n6 = 1;
	a->any = true;
	return 0;
}

int fw_addrs_add4(struct fw_addrs *a, uint32_t lo, uint32_t hi)
{
	if (lo > hi)
		return -EINVAL;
	if (sk_grow(&a->v4, &a->cap4, a->n4 + 1, sizeof(*a->v4)) < 0)
		return -ENOMEM;
	a->v4[a->n4++] = (struct fw_range4){lo, hi};
	return 0;
}

int fw_addrs_add6(struct fw_addrs *a, unsigned __int128 lo, unsigned __int128 hi)
{
	if (lo > hi)
		return -EINVAL;
	if (sk_grow(&a->v6, &a->cap6, a->n6 + 1, sizeof(*a->v6)) < 0)
		return -ENOMEM;
	a->v6[a->n6++] = (struct fw_range6){lo, hi};
	return 0;
}

int fw_addrs_append(struct fw_addrs *dst, const struct fw_addrs *src)
{
	if (sk_grow(&dst->v4, &dst->cap4, dst->n4 + src->n4, sizeof(*dst->v4)) < 0 ||
		sk_grow(&dst->v6, &dst->cap6, dst->n6 + src->n6, sizeof(*dst->v6)) < 0)
		return -ENOMEM;
	if (src->n4 > 0)
		memcpy(dst->v4 + dst->n4, src->v4, src->n4 * sizeof(*dst->v4));
	if (src->n6 > 0)
		memcpy(dst->v6 + dst->n6, src->v6, src->n6 * sizeof(*dst->v6));
	dst->n4 += src->n4;
	dst->n6 += src->n6;
	return 0;
}

int fw_addrs_merge(struct fw_addrs *dst, const struct fw_addrs *src)
{
	if (fw_addrs_append(dst, src) < 0)
		return -ENOMEM;
	fw_addrs_normalise(dst);
	return 0;
}

void fw_addrs_normalise(struct fw_addrs *a)
{
	a->n4 = v4_join(a->v4, a->n4);
	a->n6 = v6_join(a->v6, a->n6);
	a->any = fw_addrs_whole4(a) && fw_addrs_whole6(a);
}

bool fw_addrs_whole4(const struct fw_addrs *a)
{
	return a->n4 == 1 && a->v4[0].lo == 0 && a->v4[0].hi == MAX4;
}

bool fw_addrs_whole6(const struct fw_addrs *a)
{
	return a->n6 == 1 && a->v6[0].lo == 0 && a->v6[0].hi == MAX6;
}

int fw_addrs_copy(struct fw_addrs *dst, const struct fw_addrs *src)
{
	struct fw_addrs tmp = {0};

	if (fw_addrs_append(&tmp, src) < 0) {
		fw_addrs_done(&tmp);
		return -ENOMEM;
	}
	tmp.any = src->any;
	*dst = tmp;
	return 0;
}

bool fw_addrs_empty(const struct fw_addrs *a)
{
	return a->n4 == 0 && a->n6 == 0;
}

bool fw_addrs_has(const struct fw_addrs *a, const struct fw_ip *ip)
{
	if (ip->family == 4)
		return v4_find(a->v4, a->n4, (uint32_t)ip->a) != NULL;
	if (ip->family == 6)
		return v6_find(a->v6, a->n6, ip->a) != NULL;
	return false;
}

bool fw_addrs_equal(const struct fw_addrs *a, const struct fw_addrs *b)
{
	return v4_equal(a->v4, a->n4, b->v4, b->n4) && v6_equal(a->v6, a->n6, b->v6, b->n6);
}

bool fw_addrs_covers(const struct fw_addrs *outer, const struct fw_addrs *inner)
{
	return v4_covers(outer->v4, outer->n4, inner->v4, inner->n4) &&
		v6_covers(outer->v6, outer->n6, inner->v6, inner->n6);
}

int fw_addrs_intersect(const struct fw_addrs *a, const struct fw_addrs *b, struct fw_addrs *ret)
{
	struct fw_addrs tmp = {0};

	if (sk_grow(&tmp.v4, &tmp.cap4, a->n4 + b->n4, sizeof(*tmp.v4)) < 0 ||
		sk_grow(&tmp.v6, &tmp.cap6, a->n6 + b->n6, sizeof(*tmp.v6)) < 0) {
		fw_addrs_done(&tmp);
		return -ENOMEM;
	}
	tmp.n4 = v4_cross(a->v4, a->n4, b->v4, b->n4, tmp.v4);
	tmp.n6 = v6_cross(a->v6, a->n6, b->v6, b->n6, tmp.v6);
	tmp.any = fw_addrs_whole4(&tmp) && fw_addrs_whole6(&tmp);
	*ret = tmp;
	return 0;
}
