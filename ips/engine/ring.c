/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A byte ring of records {header, packet}. Offsets grow without bound and are taken modulo the
 * size; a record never wraps, the rest of the ring before its end is skipped. The pcap format is
 * that of pcap-savefile(5).
 */
#include "ips/engine/ring.h"

#include <stdlib.h>
#include <string.h>

#include "lib/util.h"

#define PER_SECOND 10
#define LINKTYPE_RAW 101

struct record {
	uint64_t flow_id, ts_us;
	uint32_t len, kept; /* len 0: skip to the ring's start */
};

struct ips_ring {
	uint8_t *mem;
	uint64_t head, tail; /* next write, oldest record */
	uint32_t size;
	uint64_t second;
	unsigned taken;
};

struct ips_ring *ips_ring_new(uint32_t bytes)
{
	struct ips_ring *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->size = SK_MAX(bytes, 64 * 1024) & ~7u;
	r->mem = malloc(r->size);
	if (!r->mem) {
		free(r);
		return NULL;
	}
	return r;
}

void ips_ring_free(struct ips_ring *r)
{
	if (!r)
		return;
	free(r->mem);
	free(r);
}

static uint32_t footprint(uint32_t kept)
{
	return (uint32_t)(sizeof(struct record) + kept + 7) & ~7u;
}

/* Bytes from off to the record after it. */
static uint32_t step(const struct ips_ring *r, uint64_t off)
{
	uint32_t at = off % r->size;
	struct record rec;

	if (r->size - at < sizeof(rec))
		return r->size - at;
	memcpy(&rec, r->mem + at, sizeof(rec));
	return rec.len == 0 ? r->size - at : footprint(rec.kept);
}

static void make_room(struct ips_ring *r, uint32_t n)
{
	while (r->head + n - r->tail > r->size)
		r->tail += step(r, r->tail);
}

void ips_ring_put(struct ips_ring *r, uint64_t flow_id, uint64_t ts_us, struct ips_view ip)
{
	struct record rec = {.flow_id = flow_id, .ts_us = ts_us, .len = ip.len};
	uint32_t at = r->head % r->size, n;

	if (ip.len == 0)
		return;
	rec.kept = SK_MIN(ip.len, IPS_RING_SNAP);
	n = footprint(rec.kept);
	if (r->size - at < n) {
		struct record skip = {.len = 0};

		make_room(r, r->size - at);
		if (r->size - at >= sizeof(skip))
			memcpy(r->mem + at, &skip, sizeof(skip));
		r->head += r->size - at;
		at = 0;
	}
	make_room(r, n);
	memcpy(r->mem + at, &rec, sizeof(rec));
	memcpy(r->mem + at + sizeof(rec), ip.data, rec.kept);
	r->head += n;
}

static void put32(struct sk_buf *b, uint32_t v)
{
	sk_buf_put(b, &v, sizeof(v));
}

static void file_header(struct sk_buf *b)
{
	const uint16_t version[2] = {2, 4};

	put32(b, 0xa1b2c3d4);
	sk_buf_put(b, version, sizeof(version));
	put32(b, 0);
	put32(b, 0);
	put32(b, IPS_RING_SNAP);
	put32(b, LINKTYPE_RAW);
}

/* Total bytes of the flow's records; with b, append those after the first `skip` bytes. */
static uint64_t walk(const struct ips_ring *r, uint64_t flow_id, uint64_t skip, struct sk_buf *b)
{
	uint64_t sum = 0;

	for (uint64_t off = r->tail; off < r->head; off += step(r, off)) {
		uint32_t at = off % r->size;
		struct record rec;

		if (r->size - at < sizeof(rec))
			continue;
		memcpy(&rec, r->mem + at, sizeof(rec));
		if (rec.len == 0 || rec.flow_id != flow_id)
			continue;
		sum += 16 + rec.kept;
		if (!b || sum <= skip)
			continue;
		put32(b, (uint32_t)(rec.ts_us / 1000000));
		put32(b, (uint32_t)(rec.ts_us % 1000000));
		put32(b, rec.kept);
		put32(b, rec.len);
		sk_buf_put(b, r->mem + at + sizeof(rec), rec.kept);
	}
	return sum;
}

bool ips_ring_capture(struct ips_ring *r, uint64_t flow_id, uint64_t now_us, struct sk_buf *b)
{
	uint64_t second = now_us / 1000000, sum;

	if (second != r->second) {
		r->second = second;
		r->taken = 0;
	}
	if (r->taken >= PER_SECOND)
		return false;
	sum = walk(r, flow_id, 0, NULL);
	if (sum == 0)
		return false;
	r->taken++;
	file_header(b);
	walk(r, flow_id, sum > IPS_RING_CAPTURE ? sum - IPS_RING_CAPTURE : 0, b);
	return sk_buf_error(b) == 0;
}
