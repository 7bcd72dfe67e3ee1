/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which entries hold an address. Entries are sorted by where they begin; how far they reach is kept
 * as the maximum of every 16, 256… of them, so that those that end before it are passed over at
 * once. Pure.
 */
#include "fw/list/list_int.h"

#include <stdlib.h>

#include "lib/util.h"

#define FAN ((size_t)1 << FW_LIST_FAN_BITS)
#define SPARE 64       /* blocks that may be added before all are made anew */
#define NESTED_MAX 256 /* entries around one address that are looked at */

void fw_list_forget_max(struct fw_list_family *f)
{
	for (size_t k = 0; k < FW_LIST_MAX_LEVELS; k++) {
		free(f->max[k]);
		f->max[k] = NULL;
		f->n_max[k] = 0;
	}
	f->max_ready = false;
}

static u128 reach(const struct fw_list_family *f, size_t level, size_t i)
{
	return level == 0 ? fw_list_at(f, i).hi : f->max[level - 1][i];
}

static size_t blocks_of(size_t n)
{
	return (n + FAN - 1) / FAN;
}

/* Fill a level from the one below. */
static void fill_level(struct fw_list_family *f, size_t k, size_t below)
{
	f->n_max[k] = blocks_of(below);
	for (size_t i = 0; i < below; i++)
		f->max[k][i / FAN] =
			i % FAN ? SK_MAX(f->max[k][i / FAN], reach(f, k, i)) : reach(f, k, i);
}

/* Without memory the look-up goes through all entries: slow, but right. */
static void make_max(struct fw_list_family *f)
{
	size_t below = f->n;

	fw_list_forget_max(f);
	for (size_t k = 0; k < FW_LIST_MAX_LEVELS && below > FAN; k++) {
		f->max[k] = calloc(blocks_of(below) + SPARE, sizeof(u128));
		if (!f->max[k])
			break;
		fill_level(f, k, below);
		below = f->n_max[k];
	}
	f->max_n = f->n;
	f->max_ready = true;
}

/*
 * One entry came or went at this place, and all behind it moved on by one. A maximum may then be
 * higher than need be, never lower: it only saves looking.
 */
void fw_list_moved(struct fw_list_family *f, size_t at, bool came)
{
	const size_t before = f->n_max[0], now = blocks_of(f->n);

	if (!f->max_ready || !before || now > blocks_of(f->max_n) + SPARE / 2 || now <= 1) {
		f->max_ready = false;
		return;
	}
	f->n_max[0] = now;
	for (size_t j = at / FAN; j < now; j++) {
		const size_t edge = came || (j + 1) * FAN > f->n ? j * FAN : (j + 1) * FAN - 1;
		u128 m = j < before ? f->max[0][j] : 0;

		m = SK_MAX(m, fw_list_at(f, edge).hi);
		f->max[0][j] = came && j == at / FAN ? SK_MAX(m, fw_list_at(f, at).hi) : m;
	}
	for (size_t k = 1; k < FW_LIST_MAX_LEVELS && f->max[k]; k++)
		fill_level(f, k, f->n_max[k - 1]);
}

/* How many entries before i end before x as a whole block; 0: none that begins a block's end. */
static size_t skip(const struct fw_list_family *f, size_t i, u128 x)
{
	size_t size = 1;

	for (size_t k = 0; k < FW_LIST_MAX_LEVELS; k++) {
		const size_t next = size << FW_LIST_FAN_BITS;

		if (!f->n_max[k] || i % next != 0 || f->max[k][i / next - 1] >= x)
			break;
		size = next;
	}
	return size > 1 ? size : 0;
}

bool fw_list_reaching(const struct fw_list_family *f, size_t *pos, u128 x)
{
	size_t i = *pos;

	if (!f->max_ready)
		make_max((struct fw_list_family *)f);
	while (i > 0) {
		const size_t n = skip(f, i, x);

		if (n) {
			i -= n;
			continue;
		}
		if (fw_list_at(f, --i).hi >= x) {
			*pos = i;
			return true;
		}
	}
	return false;
}

static bool in_gaps(const struct fw_list_family *f, u128 x, struct fw_list_range *ret)
{
	size_t a = 0, b = f->n_gaps;

	while (a < b) {
		const size_t mid = a + (b - a) / 2;

		if (f->gaps[mid].hi < x)
			a = mid + 1;
		else
			b = mid;
	}
	if (a == f->n_gaps || f->gaps[a].lo > x)
		return false;
	*ret = f->gaps[a];
	return true;
}

void fw_list_find(const struct fw_list *l, const struct fw_ip *ip, struct fw_list_hit *ret)
{
	const struct fw_list_family *f = ip->family == 6 ? &l->f6 : &l->f4;
	size_t pos = fw_list_lower(f, ip->a, ~(u128)0);
	struct fw_list_hit hit = {.verdict = FW_LIST_NONE};
	struct fw_list_range r;

	if (in_gaps(f, ip->a, &r)) {
		*ret = (struct fw_list_hit){.verdict = FW_LIST_ALLOWED, .lo = r.lo, .hi = r.hi};
		return;
	}
	/* One that begins at the address may reach to the end of all. */
	while (pos < f->n && fw_list_at(f, pos).lo <= ip->a)
		pos++;
	for (int i = 0; i < NESTED_MAX && fw_list_reaching(f, &pos, ip->a); i++) {
		const struct sk_bl_feed *feed = &l->feeds[fw_list_feed_at(f, pos)];
		const enum fw_list_verdict v = feed->block ? FW_LIST_BLOCK : FW_LIST_MONITOR;

		r = fw_list_at(f, pos);
		/* The enum's order is that of the verdicts' weight. */
		if (hit.verdict == FW_LIST_NONE || v < hit.verdict ||
			(v == hit.verdict && r.hi - r.lo < hit.hi - hit.lo))
			hit = (struct fw_list_hit){v, feed->name, r.lo, r.hi};
	}
	*ret = hit;
}
