/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was reported; see seen.h. */
#include "fw/guard/seen.h"

#include <stdlib.h>
#include <string.h>

#include "lib/table.h"

/* No padding: it is hashed and compared as bytes. */
struct key {
	uint8_t addr[16];
	uint8_t family, kind, dest, zero[5];
};
_Static_assert(sizeof(struct key) == 24, "key has no padding");

struct fw_seen {
	struct sk_table *table;
	uint64_t full;
};

struct fw_seen *fw_seen_new(size_t cap, const uint8_t seed[16])
{
	struct fw_seen *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->table = sk_table_new(cap, sizeof(struct key), sizeof(uint64_t), seed);
	if (!s->table) {
		free(s);
		return NULL;
	}
	return s;
}

void fw_seen_free(struct fw_seen *s)
{
	if (!s)
		return;
	sk_table_free(s->table);
	free(s);
}

bool fw_seen_add(struct fw_seen *s, const struct fw_ip *ip, enum fw_guard_kind k, bool dest,
	uint64_t now_us, uint64_t hold_us)
{
	struct key key = {.family = ip->family, .kind = (uint8_t)k, .dest = dest};
	uint64_t *until;

	memcpy(key.addr, &ip->a, sizeof(key.addr));
	until = sk_table_put(s->table, &key);
	if (!until) {
		s->full++;
		return false;
	}
	if (*until > now_us)
		return false;
	*until = now_us + hold_us;
	return true;
}

static bool over(const void *key, void *val, void *arg)
{
	return *(const uint64_t *)val <= *(const uint64_t *)arg;
}

void fw_seen_sweep(struct fw_seen *s, uint64_t now_us)
{
	if (sk_table_count(s->table) > 0)
		sk_table_walk(s->table, over, &now_us);
}

uint64_t fw_seen_full(const struct fw_seen *s)
{
	return s->full;
}
