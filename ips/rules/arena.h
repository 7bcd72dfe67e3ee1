/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory of rules: handed out in order, freed as a whole. Strings that many rules share (metadata,
 * class types, file names) are kept once.
 */
#ifndef IPS_RULES_ARENA_H
#define IPS_RULES_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ips_arena_block;

struct ips_arena {
	struct ips_arena_block *head; /* newest first */
	size_t used;                  /* of head */
	uint64_t bytes;               /* allocated in all blocks */
	bool failed;                  /* an allocation was refused: everything is off */
};

/* A place to return to: what was allocated since is given back. */
struct ips_arena_mark {
	struct ips_arena_block *head;
	size_t used;
};

/* Zeroed, aligned for anything; NULL without memory (and a->failed set). n may be 0. */
void *ips_arena_get(struct ips_arena *a, size_t n);
/* A terminated copy, not aligned. */
char *ips_arena_text(struct ips_arena *a, const char *p, size_t n);
struct ips_arena_mark ips_arena_mark(const struct ips_arena *a);
void ips_arena_back(struct ips_arena *a, struct ips_arena_mark m);
void ips_arena_done(struct ips_arena *a);

/* A set of strings, each kept once in its own arena. */
struct ips_strings {
	struct ips_arena arena;
	const char **slot;
	uint32_t *hash;
	size_t cap, n; /* cap is a power of two */
};

/* The one copy of this text; NULL without memory. */
const char *ips_strings_get(struct ips_strings *s, const char *p, size_t n);
void ips_strings_done(struct ips_strings *s);

uint32_t ips_hash(const void *p, size_t n);

#endif
