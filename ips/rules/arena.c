/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of rules in blocks of up to 256 KiB; a larger piece gets a block of its own. Used by
 * everything in this folder; never frees single pieces.
 */
#include "ips/rules/arena.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_MIN (16u * 1024)
#define BLOCK_MAX (256u * 1024)

struct ips_arena_block {
	struct ips_arena_block *next;
	size_t cap;
	uint8_t mem[] __attribute__((aligned(16)));
};

static void *take(struct ips_arena *a, size_t n, size_t align)
{
	size_t at = a->head ? (a->used + align - 1) & ~(align - 1) : 0;

	if (a->failed)
		return NULL;
	if (!a->head || n > a->head->cap - (at < a->head->cap ? at : a->head->cap)) {
		/* As large as all before it together, so that a few rules stay small. */
		size_t block = a->bytes < BLOCK_MIN ? BLOCK_MIN
			: a->bytes > BLOCK_MAX      ? BLOCK_MAX
						    : (size_t)a->bytes;
		size_t cap = n > block / 4 ? n : block;
		struct ips_arena_block *b = malloc(sizeof(*b) + cap);

		if (!b) {
			a->failed = true;
			return NULL;
		}
		b->next = a->head;
		b->cap = cap;
		a->head = b;
		a->bytes += sizeof(*b) + cap;
		at = 0;
	}
	a->used = at + n;
	return a->head->mem + at;
}

void *ips_arena_get(struct ips_arena *a, size_t n)
{
	void *p = take(a, n, 16);

	if (p)
		memset(p, 0, n);
	return p;
}

char *ips_arena_text(struct ips_arena *a, const char *p, size_t n)
{
	char *s = take(a, n + 1, 1);

	if (!s)
		return NULL;
	if (n > 0)
		memcpy(s, p, n);
	s[n] = 0;
	return s;
}

struct ips_arena_mark ips_arena_mark(const struct ips_arena *a)
{
	return (struct ips_arena_mark){a->head, a->used};
}

void ips_arena_back(struct ips_arena *a, struct ips_arena_mark m)
{
	while (a->head != m.head) {
		struct ips_arena_block *b = a->head;

		a->head = b->next;
		a->bytes -= sizeof(*b) + b->cap;
		free(b);
	}
	a->used = m.used;
}

void ips_arena_done(struct ips_arena *a)
{
	ips_arena_back(a, (struct ips_arena_mark){NULL, 0});
	a->failed = false;
}

/* FNV-1a, a word at a time is not worth it for strings this short. */
uint32_t ips_hash(const void *p, size_t n)
{
	const uint8_t *s = p;
	uint64_t h = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < n; i++)
		h = (h ^ s[i]) * 0x100000001b3ULL;
	return (uint32_t)(h ^ h >> 32);
}

static bool grow(struct ips_strings *s)
{
	size_t cap = s->cap ? s->cap * 2 : 1024;
	const char **slot = calloc(cap, sizeof(*slot));
	uint32_t *hash = calloc(cap, sizeof(*hash));

	if (!slot || !hash) {
		free(slot);
		free(hash);
		return false;
	}
	for (size_t i = 0; i < s->cap; i++) {
		size_t at = s->hash[i] & (cap - 1);

		if (!s->slot[i])
			continue;
		while (slot[at])
			at = (at + 1) & (cap - 1);
		slot[at] = s->slot[i];
		hash[at] = s->hash[i];
	}
	free(s->slot);
	free(s->hash);
	s->slot = slot;
	s->hash = hash;
	s->cap = cap;
	return true;
}

const char *ips_strings_get(struct ips_strings *s, const char *p, size_t n)
{
	uint32_t h = ips_hash(p, n);
	size_t at;
	char *copy;

	if (s->n * 2 >= s->cap && !grow(s))
		return NULL;
	for (at = h & (s->cap - 1); s->slot[at]; at = (at + 1) & (s->cap - 1))
		if (s->hash[at] == h && strlen(s->slot[at]) == n && memcmp(s->slot[at], p, n) == 0)
			return s->slot[at];
	copy = ips_arena_text(&s->arena, p, n);
	if (!copy)
		return NULL;
	s->slot[at] = copy;
	s->hash[at] = h;
	s->n++;
	return copy;
}

void ips_strings_done(struct ips_strings *s)
{
	free(s->slot);
	free(s->hash);
	ips_arena_done(&s->arena);
	memset(s, 0, sizeof(*s));
}
