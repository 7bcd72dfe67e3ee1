/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pages and segments on free lists and in short sorted lists. Used by the reassembly only; lengths
 * and offsets come from it and are checked there.
 */
#include "ips/stream/pool.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/util.h"

#define NONE UINT32_MAX
#define SEGS_PER_PAGE 2

int pool_init(struct pool *p, size_t bytes)
{
	size_t one = PAGE + sizeof(struct page) + SEGS_PER_PAGE * sizeof(struct seg);
	size_t n = SK_MIN(bytes / one, NONE / 4);

	memset(p, 0, sizeof(*p));
	p->pages = (uint32_t)SK_MAX(n, 64);
	p->segs = p->pages * SEGS_PER_PAGE;
	p->page_free = p->seg_free = NONE;
	p->data = malloc((size_t)p->pages * PAGE);
	p->page = malloc(p->pages * sizeof(*p->page));
	p->seg = malloc(p->segs * sizeof(*p->seg));
	if (!p->data || !p->page || !p->seg) {
		pool_done(p);
		return -ENOMEM;
	}
	return 0;
}

void pool_done(struct pool *p)
{
	free(p->data);
	free(p->page);
	free(p->seg);
	memset(p, 0, sizeof(*p));
}

void store_init(struct store *st)
{
	*st = (struct store){NONE, NONE, NONE, NONE, NONE, 0, 0};
}

/* ---- pages ---------------------------------------------------------------------------------- */

static uint64_t index_of(uint64_t off)
{
	return off / PAGE;
}

static uint8_t *bytes_of(const struct pool *p, uint32_t page)
{
	return p->data + (size_t)page * PAGE;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/* The last page at or before index, NONE if all are after it; from the nearest known one. */
static uint32_t page_floor(const struct pool *p, const struct store *st, uint64_t index)
{
	uint32_t i = st->page_tail;

	if (i == NONE || p->page[i].index <= index)
		return i;
	if (p->page[st->page_head].index > index)
		return NONE;
	if (st->page_at != NONE &&
		distance(p->page[st->page_at].index, index) < p->page[i].index - index)
		i = st->page_at;
	if (index - p->page[st->page_head].index < distance(p->page[i].index, index))
		i = st->page_head;
	while (p->page[i].index > index)
		i = p->page[i].prev;
	while (p->page[i].next != NONE && p->page[p->page[i].next].index <= index)
		i = p->page[i].next;
	return i;
}

static uint32_t page_find(const struct pool *p, struct store *st, uint64_t off)
{
	uint64_t index = index_of(off);
	uint32_t i = page_floor(p, st, index);

	assert(i != NONE && p->page[i].index == index);
	st->page_at = i;
	return i;
}

static uint32_t page_take(struct pool *p)
{
	uint32_t i = p->page_free;

	if (i != NONE)
		p->page_free = p->page[i].next;
	else if (p->page_fresh < p->pages)
		i = p->page_fresh++;
	else
		return NONE;
	p->pages_used++;
	return i;
}

static void page_link(struct pool *p, struct store *st, uint32_t i, uint32_t prev, uint64_t index)
{
	struct page *g = &p->page[i];

	g->index = index;
	g->prev = prev;
	g->next = prev == NONE ? st->page_head : p->page[prev].next;
	if (g->prev == NONE)
		st->page_head = i;
	else
		p->page[g->prev].next = i;
	if (g->next == NONE)
		st->page_tail = i;
	else
		p->page[g->next].prev = i;
	st->pages++;
}

static void page_drop(struct pool *p, struct store *st, uint32_t i)
{
	struct page *g = &p->page[i];

	if (g->prev == NONE)
		st->page_head = g->next;
	else
		p->page[g->prev].next = g->next;
	if (g->next == NONE)
		st->page_tail = g->prev;
	else
		p->page[g->next].prev = g->prev;
	if (st->page_at == i)
		st->page_at = NONE;
	g->next = p->page_free;
	p->page_free = i;
	p->pages_used--;
	st->pages--;
}

bool store_reserve(struct pool *p, struct store *st, uint64_t off, uint32_t len)
{
	uint64_t first = index_of(off), last;
	uint32_t at, room = p->pages - p->pages_used;

	if (len == 0)
		return true;
	last = index_of(off + len - 1);
	at = page_floor(p, st, first);
	/* Of last - first + 1 pages some may be there; count only when it matters. */
	if (last - first + 1 > room) {
		uint32_t there = 0;

		for (uint32_t i = at; i != NONE && p->page[i].index <= last; i = p->page[i].next)
			there += p->page[i].index >= first;
		if (last - first + 1 - there > room)
			return false;
	}
	for (uint64_t index = first; index <= last; index++) {
		uint32_t next = at == NONE ? st->page_head : p->page[at].next;

		if (at != NONE && p->page[at].index == index)
			continue;
		if (next != NONE && p->page[next].index == index) {
			at = next;
			continue;
		}
		next = page_take(p);
		page_link(p, st, next, at, index);
		at = next;
	}
	st->page_at = at;
	return true;
}

/* Walks the pages of a range: piece after piece in place. */
struct range {
	uint32_t page, at, left;
};

static struct range range_begin(const struct pool *p, struct store *st, uint64_t off, uint32_t len)
{
	uint32_t page = len ? page_find(p, st, off) : NONE;

	return (struct range){.page = page, .at = (uint32_t)(off % PAGE), .left = len};
}

static uint8_t *range_next(const struct pool *p, struct range *r, uint32_t *ret_n)
{
	uint8_t *at;

	if (r->left == 0)
		return NULL;
	at = bytes_of(p, r->page) + r->at;
	*ret_n = SK_MIN(r->left, PAGE - r->at);
	r->left -= *ret_n;
	if (r->left) {
		const struct page *g = &p->page[r->page];

		assert(g->next != NONE && p->page[g->next].index == g->index + 1);
		r->page = g->next;
		r->at = 0;
	}
	return at;
}

void store_write(struct pool *p, struct store *st, uint64_t off, const uint8_t *src, uint32_t len)
{
	struct range r = range_begin(p, st, off, len);
	uint8_t *at;
	uint32_t n;

	while ((at = range_next(p, &r, &n))) {
		memcpy(at, src, n);
		src += n;
	}
	st->page_at = len ? r.page : st->page_at;
}

void store_read(struct pool *p, struct store *st, uint64_t off, uint8_t *dst, uint32_t len)
{
	struct range r = range_begin(p, st, off, len);
	const uint8_t *at;
	uint32_t n;

	while ((at = range_next(p, &r, &n))) {
		memcpy(dst, at, n);
		dst += n;
	}
}

bool store_equal(struct pool *p, struct store *st, uint64_t off, const uint8_t *data, uint32_t len)
{
	struct range r = range_begin(p, st, off, len);
	const uint8_t *at;
	uint32_t n;

	while ((at = range_next(p, &r, &n))) {
		if (memcmp(at, data, n) != 0)
			return false;
		data += n;
	}
	return true;
}

const uint8_t *store_at(struct pool *p, struct store *st, uint64_t off, uint32_t *ret_len)
{
	uint32_t i = page_find(p, st, off), at = (uint32_t)(off % PAGE);

	*ret_len = PAGE - at;
	return bytes_of(p, i) + at;
}

/* ---- segments ------------------------------------------------------------------------------- */

uint32_t store_seg_add(struct pool *p, struct store *st, uint32_t before, uint64_t off,
	uint32_t len, uint32_t lead)
{
	uint32_t i = p->seg_free;
	struct seg *g;

	if (i != NONE)
		p->seg_free = p->seg[i].next;
	else if (p->seg_fresh < p->segs)
		i = p->seg_fresh++;
	else
		return NONE;
	p->segs_used++;
	g = &p->seg[i];
	g->off = off;
	g->len = len;
	g->lead = lead;
	g->next = before;
	g->prev = before == NONE ? st->seg_tail : p->seg[before].prev;
	if (g->prev == NONE)
		st->seg_head = i;
	else
		p->seg[g->prev].next = i;
	if (g->next == NONE)
		st->seg_tail = i;
	else
		p->seg[g->next].prev = i;
	st->segs++;
	return i;
}

void store_seg_del(struct pool *p, struct store *st, uint32_t seg)
{
	struct seg *g = &p->seg[seg];

	if (g->prev == NONE)
		st->seg_head = g->next;
	else
		p->seg[g->prev].next = g->next;
	if (g->next == NONE)
		st->seg_tail = g->prev;
	else
		p->seg[g->next].prev = g->prev;
	g->next = p->seg_free;
	p->seg_free = seg;
	p->segs_used--;
	st->segs--;
}

uint32_t store_seg_after(const struct pool *p, const struct store *st, uint64_t off)
{
	uint32_t i = st->seg_tail;

	if (i == NONE || seg_end(&p->seg[i]) <= off)
		return NONE;
	if (seg_end(&p->seg[st->seg_head]) > off)
		return st->seg_head;
	i = p->seg[st->seg_head].next;
	if (seg_end(&p->seg[i]) > off)
		return i;
	/* Data mostly arrives at the end. */
	i = st->seg_tail;
	while (p->seg[i].prev != NONE && seg_end(&p->seg[p->seg[i].prev]) > off)
		i = p->seg[i].prev;
	return i;
}

uint64_t store_run(const struct pool *p, const struct store *st, uint64_t off, uint64_t max)
{
	uint64_t end = off;

	for (uint32_t i = store_seg_after(p, st, off); i != NONE && end < max; i = p->seg[i].next) {
		if (p->seg[i].off > end)
			break;
		end = seg_end(&p->seg[i]);
	}
	return SK_MIN(end, max);
}

uint64_t store_run_back(const struct pool *p, const struct store *st, uint64_t off, uint64_t min)
{
	uint64_t begin = off;
	uint32_t i;

	if (off == 0 || off <= min)
		return off;
	i = store_seg_after(p, st, off - 1);
	for (; i != NONE && begin > min; i = p->seg[i].prev) {
		if (seg_end(&p->seg[i]) < begin || p->seg[i].off >= begin)
			break;
		begin = p->seg[i].off;
	}
	return SK_MAX(begin, min);
}

void store_trim(struct pool *p, struct store *st, uint64_t off)
{
	uint64_t last;

	while (st->seg_head != NONE && p->seg[st->seg_head].off < off) {
		struct seg *g = &p->seg[st->seg_head];

		if (seg_end(g) > off) {
			g->len -= (uint32_t)(off - g->off);
			g->lead += (uint32_t)(off - g->off);
			g->off = off;
			break;
		}
		store_seg_del(p, st, st->seg_head);
	}
	/* Without segments no page is of use, not even the one off lies in. */
	last = st->seg_head == NONE ? UINT64_MAX : index_of(off);
	while (st->page_head != NONE && p->page[st->page_head].index < last)
		page_drop(p, st, st->page_head);
}

void store_clear(struct pool *p, struct store *st)
{
	while (st->seg_head != NONE)
		store_seg_del(p, st, st->seg_head);
	while (st->page_head != NONE)
		page_drop(p, st, st->page_head);
	store_init(st);
}
