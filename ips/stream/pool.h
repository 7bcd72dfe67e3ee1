/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stored stream bytes: pages of a worker's pool, found by their place in the stream, and segments
 * that say which bytes are there. A store is one direction's. Everything is bounded and
 * preallocated; who finds no room is told.
 */
#ifndef IPS_STREAM_POOL_H
#define IPS_STREAM_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE 1024u

struct page {
	uint64_t index; /* offset / PAGE */
	uint32_t prev, next;
};

/* Bytes [off, off + len) are there. Segments of a store do not overlap, and are in order. */
struct seg {
	uint64_t off;
	uint32_t len;
	uint32_t lead; /* the segment on the wire began that many bytes earlier */
	uint32_t prev, next;
};

struct pool {
	uint32_t pages, pages_used, page_free, page_fresh;
	uint32_t segs, segs_used, seg_free, seg_fresh;
	uint8_t *data;
	struct page *page;
	struct seg *seg;
};

struct store {
	uint32_t page_head, page_tail, page_at; /* page_at: touched last */
	uint32_t seg_head, seg_tail;
	uint32_t pages, segs;
};

int pool_init(struct pool *p, size_t bytes); /* 0 or -ENOMEM */
void pool_done(struct pool *p);

void store_init(struct store *st);
void store_clear(struct pool *p, struct store *st);

/* All pages for [off, off + len) made; false without room, then nothing was added. */
bool store_reserve(struct pool *p, struct store *st, uint64_t off, uint32_t len);
/* These only touch pages that were reserved. */
void store_write(struct pool *p, struct store *st, uint64_t off, const uint8_t *src, uint32_t len);
void store_read(struct pool *p, struct store *st, uint64_t off, uint8_t *dst, uint32_t len);
bool store_equal(struct pool *p, struct store *st, uint64_t off, const uint8_t *data, uint32_t len);
/* The bytes at off in place: *ret_len of them up to the page's end. */
const uint8_t *store_at(struct pool *p, struct store *st, uint64_t off, uint32_t *ret_len);

static inline uint64_t seg_end(const struct seg *g)
{
	return g->off + g->len;
}

/* A new segment before `before` (NONE: at the end); its index, or NONE without room. */
uint32_t store_seg_add(struct pool *p, struct store *st, uint32_t before, uint64_t off,
	uint32_t len, uint32_t lead);
void store_seg_del(struct pool *p, struct store *st, uint32_t seg);
/* The first segment that ends after off, or NONE. */
uint32_t store_seg_after(const struct pool *p, const struct store *st, uint64_t off);
/* Where the bytes that are there without a hole from off on end (off itself: none), at most max. */
uint64_t store_run(const struct pool *p, const struct store *st, uint64_t off, uint64_t max);
/* Where the bytes that are there without a hole before off begin, at least min. */
uint64_t store_run_back(const struct pool *p, const struct store *st, uint64_t off, uint64_t min);
/* Forget everything before off. */
void store_trim(struct pool *p, struct store *st, uint64_t off);

#endif
