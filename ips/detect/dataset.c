/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Datasets: sets of strings, digests or addresses that rules look up and may change, each with a
 * reputation where a file gives one. All sets of the process share one memory limit and one lock;
 * chains are keyed with SipHash because rules put in what the network sends.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "ips/detect/state_int.h"
#include "lib/util.h"

#define VALUE_MAX 65536 /* longest string that is taken in */
#define LINE_MAX_LEN (VALUE_MAX / 3 * 4 + 64)

struct value {
	struct value *next;
	uint32_t len, rep;
	bool learned; /* put in by a rule, not by a file */
	uint8_t data[];
};

struct set {
	struct set *next;
	char *name;
	uint8_t type;
	struct value **heads;
	uint32_t n, buckets; /* power of two */
};

struct ips_datasets {
	pthread_mutex_t lock;
	struct set *sets;
	uint64_t used, max, full;
	uint8_t seed[16];
};

struct ips_datasets *ips_datasets_new(uint64_t max, const uint8_t seed[16])
{
	struct ips_datasets *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	pthread_mutex_init(&d->lock, NULL);
	d->max = max;
	memcpy(d->seed, seed, sizeof(d->seed));
	return d;
}

static void set_free(struct set *s)
{
	struct value *v;

	for (uint32_t i = 0; i < s->buckets; i++)
		while ((v = s->heads[i])) {
			s->heads[i] = v->next;
			free(v);
		}
	free(s->heads);
	free(s->name);
	free(s);
}

void ips_datasets_free(struct ips_datasets *d)
{
	struct set *s;

	if (!d)
		return;
	while ((s = d->sets)) {
		d->sets = s->next;
		set_free(s);
	}
	pthread_mutex_destroy(&d->lock);
	free(d);
}

void ips_datasets_forget(struct ips_datasets *d)
{
	pthread_mutex_lock(&d->lock);
	for (struct set *s = d->sets; s; s = s->next)
		for (uint32_t i = 0; i < s->buckets; i++)
			for (struct value **at = &s->heads[i], *v; (v = *at);) {
				if (!v->learned) {
					at = &v->next;
					continue;
				}
				*at = v->next;
				d->used -= sizeof(*v) + v->len;
				s->n--;
				free(v);
			}
	pthread_mutex_unlock(&d->lock);
}

uint64_t ips_datasets_full(struct ips_datasets *d)
{
	uint64_t n;

	pthread_mutex_lock(&d->lock);
	n = d->full;
	pthread_mutex_unlock(&d->lock);
	return n;
}

static struct set *set_find(struct ips_datasets *d, const char *name, uint8_t type)
{
	for (struct set *s = d->sets; s; s = s->next)
		if (s->type == type && strcmp(s->name, name) == 0)
			return s;
	return NULL;
}

static struct set *set_make(struct ips_datasets *d, const char *name, uint8_t type)
{
	struct set *s = set_find(d, name, type);

	if (s)
		return s;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->buckets = 64;
	s->type = type;
	s->name = strdup(name);
	s->heads = calloc(s->buckets, sizeof(*s->heads));
	if (!s->name || !s->heads) {
		s->buckets = s->heads ? s->buckets : 0;
		set_free(s);
		return NULL;
	}
	s->next = d->sets;
	d->sets = s;
	return s;
}

static const uint8_t mapped_prefix[12] = {[10] = 0xff, [11] = 0xff}; /* RFC 4291 2.5.5.2 */

/* Digests and addresses have one length each; IPv4 stands mapped in an address set. */
static bool normal(uint8_t type, struct ips_view *v, uint8_t room[16])
{
	switch (type) {
	case 's': return v->len > 0 && v->len <= VALUE_MAX;
	case 'm': return v->len == 16;
	case 'h': return v->len == 32;
	case '4': return v->len == 4;
	case 'i':
		if (v->len == 16)
			return true;
		if (v->len != 4)
			return false;
		memcpy(room, mapped_prefix, sizeof(mapped_prefix));
		memcpy(room + 12, v->data, 4);
		*v = (struct ips_view){room, 16};
		return true;
	default: return false;
	}
}

static struct value **place(const struct ips_datasets *d, const struct set *s, struct ips_view v)
{
	uint8_t h[crypto_shorthash_BYTES];
	struct value **at;
	uint32_t n;

	crypto_shorthash(h, v.data, v.len, d->seed);
	memcpy(&n, h, sizeof(n));
	for (at = &s->heads[n & (s->buckets - 1)]; *at; at = &(*at)->next)
		if ((*at)->len == v.len && memcmp((*at)->data, v.data, v.len) == 0)
			break;
	return at;
}

static void grow(struct ips_datasets *d, struct set *s)
{
	uint32_t buckets = s->buckets * 4;
	struct set old = *s;
	struct value *v;

	s->heads = calloc(buckets, sizeof(*s->heads));
	if (!s->heads) {
		s->heads = old.heads;
		return;
	}
	s->buckets = buckets;
	for (uint32_t i = 0; i < old.buckets; i++)
		while ((v = old.heads[i])) {
			struct value **at;

			old.heads[i] = v->next;
			v->next = NULL;
			at = place(d, s, (struct ips_view){v->data, v->len});
			*at = v;
		}
	free(old.heads);
}

/* 1 added, 0 there already (its reputation is replaced if rep is not 0), -ENOSPC, -ENOMEM. */
static int add(struct ips_datasets *d, struct set *s, struct ips_view v, uint32_t rep, bool learned)
{
	struct value **at = place(d, s, v), *n;

	if (*at) {
		if (rep)
			(*at)->rep = rep;
		return 0;
	}
	if (d->used + sizeof(*n) + v.len > d->max) {
		d->full++;
		return -ENOSPC;
	}
	n = malloc(sizeof(*n) + v.len);
	if (!n)
		return -ENOMEM;
	n->next = NULL;
	n->len = v.len;
	n->rep = rep;
	n->learned = learned;
	memcpy(n->data, v.data, v.len);
	*at = n;
	d->used += sizeof(*n) + v.len;
	if (++s->n > s->buckets && s->buckets < 1u << 24)
		grow(d, s);
	return 1;
}

/* A line's value in its text form to bytes. */
static bool read_value(uint8_t type, const char *p, size_t n, uint8_t *room, struct ips_view *ret)
{
	char text[64];
	size_t len = 0;

	*ret = (struct ips_view){room, 0};
	if (type == 's') {
		if (sodium_base642bin(room, VALUE_MAX, p, n, NULL, &len, NULL,
			    sodium_base64_VARIANT_ORIGINAL) < 0)
			return false;
	} else if (type == 'm' || type == 'h') {
		const char *end;

		if (sodium_hex2bin(room, 32, p, n, NULL, &len, &end) < 0 || end != p + n)
			return false;
	} else {
		if (n >= sizeof(text))
			return false;
		memcpy(text, p, n);
		text[n] = '\0';
		if (inet_pton(AF_INET, text, room) == 1)
			len = 4;
		else if (type == 'i' && inet_pton(AF_INET6, text, room) == 1)
			len = 16;
	}
	ret->len = (uint32_t)len;
	return len > 0;
}

/* "value" or "value,reputation". */
static int load_line(struct ips_datasets *d, struct set *s, const char *p, size_t n, uint8_t *room)
{
	const char *comma = memchr(p, ',', n);
	uint8_t mapped[16];
	struct ips_view v;
	char num[8] = "0";
	uint64_t rep = 0;

	if (comma) {
		size_t m = (size_t)(p + n - comma - 1);

		if (m == 0 || m >= sizeof(num))
			return -EINVAL;
		memcpy(num, comma + 1, m);
		num[m] = '\0';
		n = (size_t)(comma - p);
	}
	if (sk_parse_u64(num, 65535, &rep) < 0 || n > LINE_MAX_LEN ||
		!read_value(s->type, p, n, room, &v) || !normal(s->type, &v, mapped))
		return -EINVAL;
	return add(d, s, v, (uint32_t)rep, false);
}

int ips_dataset_load(struct ips_state *st, const char *name, uint8_t type, const char *text,
	size_t n, struct sk_err *err)
{
	struct ips_datasets *d = st->sets;
	uint8_t *room = malloc(VALUE_MAX);
	unsigned line = 0;
	struct set *s;
	int ret = 0;

	pthread_mutex_lock(&d->lock);
	s = set_make(d, name, type);
	if (!s || !room)
		ret = sk_err_nomem(err);
	while (ret == 0 && n) {
		const char *nl = memchr(text, '\n', n);
		size_t len = nl ? (size_t)(nl - text) : n, step = nl ? len + 1 : len;

		line++;
		while (len && (text[len - 1] == '\r' || text[len - 1] == ' '))
			len--;
		if (len && text[0] != '#')
			ret = load_line(d, s, text, len, room);
		if (ret == -EINVAL)
			ret = sk_err_en(err, -EINVAL, name, "dataset %s, line %u: not readable",
				name, line);
		else if (ret == -ENOSPC)
			ret = sk_err_en(err, -ENOSPC, name,
				"dataset %s: the limit of %llu bytes for all datasets is reached",
				name, (unsigned long long)d->max);
		else if (ret == -ENOMEM)
			ret = sk_err_nomem(err);
		else
			ret = 0;
		text += step;
		n -= step;
	}
	pthread_mutex_unlock(&d->lock);
	free(room);
	return ret;
}

bool ips_dataset_rep(
	struct ips_state *st, const char *name, uint8_t type, struct ips_view v, uint32_t *ret)
{
	struct ips_datasets *d = st->sets;
	struct value *found = NULL;
	uint8_t room[16];
	struct set *s;

	if (!normal(type, &v, room))
		return false;
	pthread_mutex_lock(&d->lock);
	s = set_find(d, name, type);
	if (s)
		found = *place(d, s, v);
	if (found)
		*ret = found->rep;
	pthread_mutex_unlock(&d->lock);
	return found;
}

bool ips_dataset_has(struct ips_state *st, const char *name, uint8_t type, struct ips_view v)
{
	uint32_t rep;

	return ips_dataset_rep(st, name, type, v, &rep);
}

bool ips_dataset_put(struct ips_state *st, const char *name, uint8_t type, struct ips_view v)
{
	struct ips_datasets *d = st->sets;
	bool added = false;
	uint8_t room[16];
	struct set *s;

	if (!normal(type, &v, room))
		return false;
	pthread_mutex_lock(&d->lock);
	s = set_make(d, name, type);
	if (s)
		added = add(d, s, v, 0, true) == 1;
	pthread_mutex_unlock(&d->lock);
	return added;
}

bool ips_dataset_take(struct ips_state *st, const char *name, uint8_t type, struct ips_view v)
{
	struct ips_datasets *d = st->sets;
	struct value **at, *old = NULL;
	uint8_t room[16];
	struct set *s;
	bool there;

	if (!normal(type, &v, room))
		return false;
	pthread_mutex_lock(&d->lock);
	s = set_find(d, name, type);
	if (s) {
		at = place(d, s, v);
		old = *at;
		if (old) {
			*at = old->next;
			s->n--;
			d->used -= sizeof(*old) + old->len;
		}
	}
	pthread_mutex_unlock(&d->lock);
	there = old;
	free(old);
	return there;
}

static void save_value(struct sk_buf *b, uint8_t type, const struct value *v)
{
	char text[INET6_ADDRSTRLEN], *room;
	bool mapped = type == '4';
	size_t need;

	if (type == 's') {
		need = sodium_base64_encoded_len(v->len, sodium_base64_VARIANT_ORIGINAL);
		room = sk_buf_room(b, need);
		if (!room)
			return;
		sodium_bin2base64(room, need, v->data, v->len, sodium_base64_VARIANT_ORIGINAL);
		b->len--; /* its NUL */
	} else if (type == 'm' || type == 'h') {
		room = sk_buf_room(b, v->len * 2 + 1);
		if (!room)
			return;
		sk_hex(room, v->data, v->len);
		b->len--;
	} else {
		if (type == 'i')
			mapped = memcmp(v->data, mapped_prefix, sizeof(mapped_prefix)) == 0;
		inet_ntop(mapped ? AF_INET : AF_INET6,
			type == 'i' && mapped ? v->data + 12 : v->data, text, sizeof(text));
		sk_buf_puts(b, text);
	}
	if (v->rep)
		sk_buf_printf(b, ",%u", v->rep);
	sk_buf_putc(b, '\n');
}

int ips_dataset_save(struct ips_state *st, const char *name, uint8_t type, struct sk_buf *b)
{
	struct ips_datasets *d = st->sets;
	struct set *s;

	pthread_mutex_lock(&d->lock);
	s = set_find(d, name, type);
	for (uint32_t i = 0; s && i < s->buckets; i++)
		for (struct value *v = s->heads[i]; v; v = v->next)
			save_value(b, type, v);
	pthread_mutex_unlock(&d->lock);
	return s ? sk_buf_error(b) : -ENOENT;
}
