/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The registries as one sorted array of prefixes and one pool of names; see oui.h. */
#include "nac/observe/oui.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/util.h"

enum { NAMES_MAX = 8 << 20, NAME_MAX_LEN = 48, ROWS_MAX = 1 << 20 };

struct block {
	uint64_t key; /* the prefix in the upper 48 bits, its length in the lower 16 */
	uint32_t name;
};

struct nac_oui {
	struct block *b;
	size_t n, cap;
	struct sk_buf names;
};

struct nac_oui *nac_oui_new(void)
{
	struct nac_oui *o = calloc(1, sizeof(*o));

	if (o)
		sk_buf_init(&o->names, NAMES_MAX);
	return o;
}

void nac_oui_free(struct nac_oui *o)
{
	if (!o)
		return;
	free(o->b);
	sk_buf_done(&o->names);
	free(o);
}

static uint64_t key_of(uint64_t prefix, unsigned bits)
{
	return (prefix << (48 - bits)) << 16 | bits;
}

/* A field up to its comma or line's end, quotes taken off. Returns what follows it. */
static const char *field(const char *p, const char *end, struct sk_buf *ret)
{
	bool quoted = p < end && *p == '"';

	sk_buf_reset(ret);
	p += quoted;
	while (p < end) {
		if (quoted && *p == '"') {
			if (p + 1 < end && p[1] == '"')
				p++; /* a quote within */
			else
				break;
		} else if (!quoted && (*p == ',' || *p == '\n' || *p == '\r')) {
			break;
		}
		sk_buf_putc(ret, *p++);
	}
	return p + (quoted && p < end);
}

static const char *next_line(const char *p, const char *end)
{
	bool quoted = false;

	for (; p < end; p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (*p == '\n' && !quoted)
			return p + 1;
	}
	return end;
}

/* Hexadecimal digits, 6 to 9 of them: a prefix of four times as many bits. 0: none. */
static unsigned prefix_of(const struct sk_buf *text, uint64_t *ret)
{
	uint64_t v = 0;

	if (text->len < 6 || text->len > 9)
		return 0;
	for (size_t i = 0; i < text->len; i++) {
		const char *digits = "0123456789ABCDEF", *d = strchr(digits, (char)text->data[i]);

		if (!d || !*d)
			return 0;
		v = v << 4 | (uint64_t)(d - digits);
	}
	*ret = v;
	return (unsigned)text->len * 4;
}

static int add(struct nac_oui *o, uint64_t key, const struct sk_buf *name)
{
	char clean[NAME_MAX_LEN];
	size_t at = o->names.len;

	if (o->n >= ROWS_MAX)
		return 0;
	if (sk_grow(&o->b, &o->cap, o->n + 1, sizeof(*o->b)) < 0)
		return -ENOMEM;
	sk_escape(clean, sizeof(clean), sk_buf_str(name), name->len);
	/* Files are sorted by nothing, but one company's rows often follow each other. */
	if (o->n > 0 && strcmp(sk_buf_str(&o->names) + o->b[o->n - 1].name, clean) == 0)
		at = o->b[o->n - 1].name;
	else
		sk_buf_put(&o->names, clean, strlen(clean) + 1);
	if (sk_buf_error(&o->names) < 0)
		return -ENOMEM;
	o->b[o->n++] = (struct block){key, (uint32_t)at};
	return 0;
}

int nac_oui_add_csv(struct nac_oui *o, const char *text, size_t len)
{
	const char *p = text, *end = text + len;
	struct sk_buf registry, prefix, name;
	uint64_t bits_value = 0;
	unsigned bits;
	int ret = 0;

	sk_buf_init(&registry, 64);
	sk_buf_init(&prefix, 64);
	sk_buf_init(&name, 1024);
	while (ret == 0 && p < end) {
		const char *q = field(p, end, &registry);

		q = field(q < end && *q == ',' ? q + 1 : end, end, &prefix);
		field(q < end && *q == ',' ? q + 1 : end, end, &name);
		bits = prefix_of(&prefix, &bits_value);
		if (bits && name.len > 0 && sk_buf_error(&name) == 0)
			ret = add(o, key_of(bits_value, bits), &name);
		p = next_line(p, end);
	}
	sk_buf_done(&registry);
	sk_buf_done(&prefix);
	sk_buf_done(&name);
	return ret;
}

static int by_key(const void *a, const void *b)
{
	const struct block *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key;
}

int nac_oui_seal(struct nac_oui *o)
{
	if (o->n > 1)
		qsort(o->b, o->n, sizeof(*o->b), by_key);
	return 0;
}

const char *nac_oui_find(const struct nac_oui *o, const struct nac_mac *mac)
{
	static const unsigned lengths[] = {36, 28, 24};
	uint64_t v = 0;

	if (o->n == 0 || (mac->b[0] & 2))
		return NULL;
	for (int i = 0; i < 6; i++)
		v = v << 8 | mac->b[i];
	for (size_t i = 0; i < SK_ARRAY_SIZE(lengths); i++) {
		struct block want = {key_of(v >> (48 - lengths[i]), lengths[i]), 0};
		const struct block *b = bsearch(&want, o->b, o->n, sizeof(*o->b), by_key);

		if (b)
			return sk_buf_str(&o->names) + b->name;
	}
	return NULL;
}

size_t nac_oui_count(const struct nac_oui *o)
{
	return o->n;
}
