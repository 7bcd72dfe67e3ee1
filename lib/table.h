/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bounded hash table with fixed-size keys and values, keyed with SipHash-2-4 (Aumasson, Bernstein
 * 2012) so that whoever chooses the keys cannot choose collisions. All memory is allocated at
 * creation; when it is full, put says so and the caller decides.
 */
#ifndef SK_TABLE_H
#define SK_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sk_table;

/* cap entries at most; seed must come from a random source. NULL without memory. */
struct sk_table *sk_table_new(size_t cap, size_t key_len, size_t val_len, const uint8_t seed[16]);
void sk_table_free(struct sk_table *t);
/* The value of key, or NULL. Valid until that key is deleted. */
void *sk_table_get(struct sk_table *t, const void *key);
/* The value of key, a zeroed one if it is new; NULL when the table is full. */
void *sk_table_put(struct sk_table *t, const void *key);
void sk_table_del(struct sk_table *t, const void *key);
size_t sk_table_count(const struct sk_table *t);
/* Walk in unspecified order; fn returning true deletes the entry. */
void sk_table_walk(
	struct sk_table *t, bool (*fn)(const void *key, void *val, void *arg), void *arg);

#endif
