/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rows of the gate in a bounded table; see rows.h. Pure. */
#include "fw/gate/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/table.h"
#include "lib/util.h"

struct fw_gate_rows {
	struct sk_table *t;
};

static const char *const states[] = {
	[FW_GATE_ADMITTED] = "admitted", [FW_GATE_QUARANTINED] = "quarantined"};

const char *fw_gate_state_name(enum fw_gate_state s)
{
	return states[s];
}

int fw_gate_state_parse(const char *s, enum fw_gate_state *ret)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(states); i++) {
		if (!sk_streq(s, states[i]))
			continue;
		*ret = (enum fw_gate_state)i;
		return 0;
	}
	return -EINVAL;
}

struct fw_gate_key fw_gate_key(const char *port, const uint8_t mac[FW_MAC_LEN])
{
	struct fw_gate_key k = {0};

	memcpy(k.port, port, strnlen(port, IFNAMSIZ - 1));
	memcpy(k.mac, mac, FW_MAC_LEN);
	return k;
}

struct fw_gate_rows *fw_gate_rows_new(const uint8_t seed[16])
{
	struct fw_gate_rows *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->t = sk_table_new(
		FW_GATE_ROWS_MAX, sizeof(struct fw_gate_key), sizeof(struct fw_gate_row), seed);
	if (!t->t) {
		free(t);
		return NULL;
	}
	return t;
}

void fw_gate_rows_free(struct fw_gate_rows *t)
{
	if (!t)
		return;
	sk_table_free(t->t);
	free(t);
}

size_t fw_gate_rows_count(const struct fw_gate_rows *t)
{
	return sk_table_count(t->t);
}

const struct fw_gate_row *fw_gate_rows_get(struct fw_gate_rows *t, const struct fw_gate_key *key)
{
	return sk_table_get(t->t, key);
}

int fw_gate_rows_put(struct fw_gate_rows *t, const struct fw_gate_row *row)
{
	struct fw_gate_row *v = sk_table_put(t->t, &row->key);

	if (!v)
		return -ENOSPC;
	*v = *row;
	return 0;
}

void fw_gate_rows_del(struct fw_gate_rows *t, const struct fw_gate_key *key)
{
	sk_table_del(t->t, key);
}

struct walk {
	bool (*fn)(const struct fw_gate_row *row, void *arg);
	void *arg;
};

static bool on_walk(const void *key, void *val, void *arg)
{
	const struct walk *w = arg;

	return w->fn(val, w->arg);
}

void fw_gate_rows_walk(
	struct fw_gate_rows *t, bool (*fn)(const struct fw_gate_row *row, void *arg), void *arg)
{
	struct walk w = {fn, arg};

	sk_table_walk(t->t, on_walk, &w);
}

struct list {
	struct fw_gate_row *v;
	size_t n;
};

static bool add(const struct fw_gate_row *row, void *arg)
{
	struct list *l = arg;

	l->v[l->n++] = *row;
	return false;
}

static int cmp(const void *a, const void *b)
{
	const struct fw_gate_row *x = a, *y = b;

	return memcmp(&x->key, &y->key, sizeof(x->key));
}

struct fw_gate_row *fw_gate_rows_array(struct fw_gate_rows *t, size_t *ret_n)
{
	struct list l = {.v = calloc(fw_gate_rows_count(t) + 1, sizeof(*l.v))};

	if (!l.v)
		return NULL;
	fw_gate_rows_walk(t, add, &l);
	qsort(l.v, l.n, sizeof(*l.v), cmp);
	*ret_n = l.n;
	return l.v;
}

static bool earliest(const struct fw_gate_row *row, void *arg)
{
	uint64_t *next = arg;

	*next = SK_MIN(*next, row->until);
	return false;
}

uint64_t fw_gate_rows_next(struct fw_gate_rows *t)
{
	uint64_t next = UINT64_MAX;

	fw_gate_rows_walk(t, earliest, &next);
	return next;
}

struct counting {
	const char *port;
	struct fw_gate_tally *t;
};

static bool count(const struct fw_gate_row *row, void *arg)
{
	const struct counting *c = arg;

	if (strncmp(row->key.port, c->port, IFNAMSIZ) != 0)
		return false;
	if (row->state == FW_GATE_ADMITTED) {
		c->t->admitted++;
		c->t->admitted_until = SK_MAX(c->t->admitted_until, row->until);
	} else {
		c->t->quarantined++;
		c->t->quarantined_until = SK_MAX(c->t->quarantined_until, row->until);
	}
	return false;
}

void fw_gate_rows_tally(struct fw_gate_rows *t, const char *port, struct fw_gate_tally *ret)
{
	struct counting c = {port, ret};

	*ret = (struct fw_gate_tally){0};
	fw_gate_rows_walk(t, count, &c);
}
