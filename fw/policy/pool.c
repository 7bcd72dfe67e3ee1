/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shared texts and sets of a policy. The look-up table is bounded in its effort: an entry that
 * finds no slot in PROBES steps is simply kept unshared, so no choice of texts can make it slow.
 */
#include "fw/policy/pool.h"

#include <errno.h>
#include <string.h>

#include "lib/util.h"

#define PROBES 16
#define CHUNK 16384

/* Hash table of pointers to things that the pool owns elsewhere. */
struct slots {
	struct slot {
		uint32_t hash;
		void *what;
	} * v;
	size_t n, cap; /* cap is a power of two or 0 */
};

struct chunk {
	struct chunk *next;
	char text[];
};

struct fw_pool {
	struct slots texts, addrs, svcs;
	struct chunk *chunks;
	size_t left; /* free bytes at the end of the first chunk */
	size_t chunk_len;
	struct fw_addrs **all_addrs;
	size_t n_addrs, cap_addrs;
	struct fw_svcs **all_svcs;
	size_t n_svcs, cap_svcs;
};

/* FNV-1a; collisions cost sharing, never time. */
static uint32_t hash_more(uint32_t h, const void *p, size_t n)
{
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i++)
		h = (h ^ b[i]) * 16777619u;
	return h;
}

#define HASH_START 2166136261u

static void slot_insert(struct slots *t, uint32_t hash, void *what)
{
	for (size_t k = 0; k < PROBES; k++) {
		struct slot *s = &t->v[(hash + k) & (t->cap - 1)];

		if (!s->what) {
			*s = (struct slot){hash, what};
			t->n++;
			return;
		}
	}
}

static int slots_grow(struct slots *t)
{
	struct slots bigger = {.cap = t->cap ? t->cap * 2 : 256};

	bigger.v = calloc(bigger.cap, sizeof(*bigger.v));
	if (!bigger.v)
		return -ENOMEM;
	for (size_t i = 0; i < t->cap; i++) {
		if (t->v[i].what)
			slot_insert(&bigger, t->v[i].hash, t->v[i].what);
	}
	free(t->v);
	*t = bigger;
	return 0;
}

static void *slots_find(const struct slots *t, uint32_t hash, const void *key,
	bool (*equal)(const void *a, const void *b))
{
	for (size_t k = 0; k < PROBES && t->cap; k++) {
		const struct slot *s = &t->v[(hash + k) & (t->cap - 1)];

		if (!s->what)
			return NULL;
		if (s->hash == hash && equal(s->what, key))
			return s->what;
	}
	return NULL;
}

struct fw_pool *fw_pool_new(void)
{
	return calloc(1, sizeof(struct fw_pool));
}

void fw_pool_free(struct fw_pool *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n_addrs; i++) {
		fw_addrs_done(p->all_addrs[i]);
		free(p->all_addrs[i]);
	}
	for (size_t i = 0; i < p->n_svcs; i++) {
		fw_svcs_done(p->all_svcs[i]);
		free(p->all_svcs[i]);
	}
	while (p->chunks) {
		struct chunk *c = p->chunks;

		p->chunks = c->next;
		free(c);
	}
	free(p->all_addrs);
	free(p->all_svcs);
	free(p->texts.v);
	free(p->addrs.v);
	free(p->svcs.v);
	free(p);
}

static char *chunk_room(struct fw_pool *p, size_t n)
{
	struct chunk *c;
	char *s;

	if (n > p->left) {
		size_t len = n > CHUNK / 4 ? n : CHUNK;

		c = malloc(sizeof(*c) + len);
		if (!c)
			return NULL;
		c->next = p->chunks;
		p->chunks = c;
		p->left = p->chunk_len = len;
	}
	s = p->chunks->text + (p->chunk_len - p->left);
	p->left -= n;
	return s;
}

static bool text_equal(const void *a, const void *b)
{
	return strcmp(a, b) == 0;
}

int fw_pool_text(struct fw_pool *p, char **s)
{
	size_t len;
	uint32_t hash;
	char *own;

	if (!*s)
		return 0;
	len = strlen(*s) + 1;
	hash = hash_more(HASH_START, *s, len);
	own = slots_find(&p->texts, hash, *s, text_equal);
	if (!own) {
		if (p->texts.n * 2 >= p->texts.cap && slots_grow(&p->texts) < 0)
			return -ENOMEM;
		own = chunk_room(p, len);
		if (!own)
			return -ENOMEM;
		memcpy(own, *s, len);
		slot_insert(&p->texts, hash, own);
	}
	*s = own;
	return 0;
}

/* Give back the slack of a grown array; failing to shrink is harmless. */
static void *tight(void *p, size_t *cap, size_t n, size_t size)
{
	void *q;

	if (*cap == n || n == 0)
		return p;
	q = realloc(p, n * size);
	if (!q)
		return p;
	*cap = n;
	return q;
}

static bool addrs_equal(const void *a, const void *b)
{
	return fw_addrs_equal(a, b);
}

int fw_pool_addrs(struct fw_pool *p, struct fw_addrs *a)
{
	uint32_t hash = HASH_START;
	struct fw_addrs *own;

	hash = hash_more(hash, a->v4, a->n4 * sizeof(*a->v4));
	hash = hash_more(hash, a->v6, a->n6 * sizeof(*a->v6));
	own = slots_find(&p->addrs, hash, a, addrs_equal);
	if (own) {
		fw_addrs_done(a);
		*a = *own;
		return 0;
	}
	if ((p->addrs.n * 2 < p->addrs.cap || slots_grow(&p->addrs) == 0) &&
		sk_grow(&p->all_addrs, &p->cap_addrs, p->n_addrs + 1, sizeof(*p->all_addrs)) == 0)
		own = malloc(sizeof(*own));
	if (!own) {
		fw_addrs_done(a);
		*a = (struct fw_addrs){0};
		return -ENOMEM;
	}
	a->v4 = tight(a->v4, &a->cap4, a->n4, sizeof(*a->v4));
	a->v6 = tight(a->v6, &a->cap6, a->n6, sizeof(*a->v6));
	*own = *a;
	p->all_addrs[p->n_addrs++] = own;
	slot_insert(&p->addrs, hash, own);
	return 0;
}

static bool svcs_equal(const void *a, const void *b)
{
	const struct fw_svcs *x = a, *y = b;

	if (x->any != y->any || x->n != y->n)
		return false;
	for (size_t i = 0; i < x->n; i++) {
		if (x->v[i].proto_lo != y->v[i].proto_lo || x->v[i].proto_hi != y->v[i].proto_hi ||
			x->v[i].lo != y->v[i].lo || x->v[i].hi != y->v[i].hi)
			return false;
	}
	return true;
}

int fw_pool_svcs(struct fw_pool *p, struct fw_svcs *s)
{
	uint32_t hash = HASH_START;
	struct fw_svcs *own;

	for (size_t i = 0; i < s->n; i++) {
		const uint16_t v[] = {s->v[i].proto_lo, s->v[i].proto_hi, s->v[i].lo, s->v[i].hi};

		hash = hash_more(hash, v, sizeof(v));
	}
	own = slots_find(&p->svcs, hash, s, svcs_equal);
	if (own) {
		fw_svcs_done(s);
		*s = *own;
		return 0;
	}
	if ((p->svcs.n * 2 < p->svcs.cap || slots_grow(&p->svcs) == 0) &&
		sk_grow(&p->all_svcs, &p->cap_svcs, p->n_svcs + 1, sizeof(*p->all_svcs)) == 0)
		own = malloc(sizeof(*own));
	if (!own) {
		fw_svcs_done(s);
		*s = (struct fw_svcs){0};
		return -ENOMEM;
	}
	s->v = tight(s->v, &s->cap, s->n, sizeof(*s->v));
	*own = *s;
	p->all_svcs[p->n_svcs++] = own;
	slot_insert(&p->svcs, hash, own);
	return 0;
}
