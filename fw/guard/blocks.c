/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of blocked sources and its file; see blocks.h. */
#include "fw/guard/blocks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/table.h"
#include "lib/util.h"

#define US 1000000ull
#define FORMAT "sekisho-guard"
#define NET64 "/64"

/* No padding: it is hashed and compared as bytes. */
struct key {
	uint8_t addr[16];
	uint8_t family, net64, zero[6];
};
_Static_assert(sizeof(struct key) == 24, "key has no padding");

/* The table holds places in the array: its values are not aligned for addresses of 128 bits. */
struct fw_blocks {
	struct sk_table *table;
	struct fw_block *v;
	uint32_t *free; /* places: the first n_free are free */
	size_t n_free;
};

struct fw_blocks *fw_blocks_new(size_t cap, const uint8_t seed[16])
{
	struct fw_blocks *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->table = sk_table_new(cap, sizeof(struct key), sizeof(uint32_t), seed);
	b->v = calloc(cap, sizeof(*b->v));
	b->free = calloc(cap, sizeof(*b->free));
	if (!b->table || !b->v || !b->free) {
		fw_blocks_free(b);
		return NULL;
	}
	for (; b->n_free < cap; b->n_free++)
		b->free[b->n_free] = (uint32_t)(cap - 1 - b->n_free);
	return b;
}

void fw_blocks_free(struct fw_blocks *b)
{
	if (!b)
		return;
	sk_table_free(b->table);
	free(b->v);
	free(b->free);
	free(b);
}

static struct key key_of(const struct fw_ip *ip, bool net64)
{
	struct key k = {.family = ip->family, .net64 = net64};

	memcpy(k.addr, &ip->a, sizeof(k.addr));
	return k;
}

struct fw_ip fw_block_net(const struct fw_ip *ip)
{
	return (struct fw_ip){ip->family, ip->a >> 64 << 64};
}

static uint32_t *place_of(struct fw_blocks *b, const struct fw_ip *ip, bool net64)
{
	const struct key k = key_of(ip, net64);

	return sk_table_get(b->table, &k);
}

struct fw_block *fw_blocks_find(struct fw_blocks *b, const struct fw_ip *ip)
{
	const uint32_t *place = place_of(b, ip, false);

	if (!place && ip->family == 6) {
		const struct fw_ip net = fw_block_net(ip);
		place = place_of(b, &net, true);
	}
	return place ? &b->v[*place] : NULL;
}

int fw_blocks_add(struct fw_blocks *b, const struct fw_block *e)
{
	const struct key k = key_of(&e->addr, e->net64);
	uint32_t *place;

	if (sk_table_get(b->table, &k))
		return -EEXIST;
	place = b->n_free ? sk_table_put(b->table, &k) : NULL;
	if (!place)
		return -ENOSPC;
	*place = b->free[--b->n_free];
	b->v[*place] = *e;
	return 0;
}

void fw_blocks_del(struct fw_blocks *b, const struct fw_block *e)
{
	const struct key k = key_of(&e->addr, e->net64);
	const uint32_t *place = sk_table_get(b->table, &k);

	if (!place)
		return;
	b->free[b->n_free++] = *place;
	sk_table_del(b->table, &k);
}

size_t fw_blocks_count(const struct fw_blocks *b)
{
	return sk_table_count(b->table);
}

struct walk {
	struct fw_blocks *b;
	bool (*fn)(struct fw_block *e, void *arg);
	void *arg;
};

static bool walk_one(const void *key, void *val, void *arg)
{
	const struct walk *w = arg;
	const uint32_t place = *(const uint32_t *)val;

	if (!w->fn(&w->b->v[place], w->arg))
		return false;
	w->b->free[w->b->n_free++] = place;
	return true;
}

void fw_blocks_walk(struct fw_blocks *b, bool (*fn)(struct fw_block *e, void *arg), void *arg)
{
	struct walk w = {b, fn, arg};

	sk_table_walk(b->table, walk_one, &w);
}

uint64_t fw_block_left(const struct fw_block *e, uint64_t now_us)
{
	return e->until_us > now_us ? (e->until_us - now_us + US - 1) / US : 0;
}

/* ---- text ---- */

void fw_block_format(const struct fw_block *e, char *dst, size_t cap)
{
	fw_ip_format(&e->addr, dst, cap);
	if (e->net64)
		strncat(dst, NET64, cap - strlen(dst) - 1);
}

int fw_block_parse(const char *s, struct fw_block *ret, struct sk_err *err)
{
	const size_t n = strlen(s), tail = sizeof(NET64) - 1;
	char addr[64];
	struct fw_ip ip;
	int r;

	if (n <= tail || n >= sizeof(addr) || strcmp(s + n - tail, NET64) != 0) {
		r = fw_ip_parse(s, &ip, err);
		if (r == 0) {
			ret->addr = ip;
			ret->net64 = false;
		}
		return r;
	}
	snprintf(addr, sizeof(addr), "%.*s", (int)(n - tail), s);
	r = fw_ip_parse(addr, &ip, err);
	if (r < 0)
		return r;
	if (ip.family != 6 || fw_block_net(&ip).a != ip.a)
		return sk_err_set(err, -EINVAL, NULL,
			"write an address, or the first 64 bits of an IPv6 one: 2001:db8::/64",
			"アドレスか、IPv6 の先頭 64 ビット (2001:db8::/64) を書いてください");
	ret->addr = ip;
	ret->net64 = true;
	return 0;
}

/* ---- the file ---- */

struct encoding {
	struct sk_buf *out;
	int64_t now;
	uint64_t boot_us;
	bool some;
};

static bool encode_one(struct fw_block *e, void *arg)
{
	struct encoding *c = arg;
	const uint64_t left = fw_block_left(e, c->boot_us);
	char addr[64];
	json_t *v;

	if (left == 0)
		return false;
	fw_block_format(e, addr, sizeof(addr));
	v = json_pack("{s:s,s:s,s:s,s:s,s:I,s:I}", "address", addr, "kind",
		fw_guard_kind_name(e->kind), "zone", e->zone, "who", e->who, "since",
		(json_int_t)e->since, "until", (json_int_t)(c->now + (int64_t)left));
	sk_buf_puts(c->out, c->some ? ",\n" : "\n");
	c->some = true;
	if (v)
		sk_json_put(c->out, v);
	else
		c->out->err = -ENOMEM;
	json_decref(v);
	return false;
}

int fw_blocks_encode(struct fw_blocks *b, int64_t now, uint64_t boot_us, struct sk_buf *out)
{
	struct encoding c = {.out = out, .now = now, .boot_us = boot_us};

	sk_buf_printf(out, "{\"format\":\"%s\",\"version\":1,\"blocks\":[", FORMAT);
	fw_blocks_walk(b, encode_one, &c);
	sk_buf_puts(out, "\n]}\n");
	return sk_buf_error(out);
}

static int text(const json_t *v, const char *key, char *dst, size_t cap, struct sk_err *err)
{
	const char *s = "";
	int r = sk_json_str(v, key, false, &s, err);

	if (r < 0)
		return r;
	if (strlen(s) >= cap)
		return sk_err_set(err, -EINVAL, key, "too long", "長すぎます");
	memcpy(dst, s, strlen(s) + 1);
	return 0;
}

static int decode_one(
	const json_t *v, int64_t now, uint64_t boot_us, struct fw_block *e, struct sk_err *err)
{
	const char *addr = NULL, *kind = NULL;
	int64_t until = 0;
	int r;

	if ((r = sk_json_str(v, "address", true, &addr, err)) < 0 ||
		(r = fw_block_parse(addr, e, err)) < 0 ||
		(r = sk_json_str(v, "kind", true, &kind, err)) < 0 ||
		(r = text(v, "zone", e->zone, sizeof(e->zone), err)) < 0 ||
		(r = text(v, "who", e->who, sizeof(e->who), err)) < 0 ||
		(r = sk_json_int(v, "since", true, &e->since, err)) < 0 ||
		(r = sk_json_int(v, "until", true, &until, err)) < 0)
		return r;
	if (fw_guard_kind_parse(kind, &e->kind) < 0)
		return sk_err_set(err, -EINVAL, "kind", "unknown", "不明な種別です");
	/* The clock may have been wrong, then or now: never longer than a block can be. */
	if (until > now)
		e->until_us =
			boot_us + (uint64_t)SK_MIN(until - now, (int64_t)FW_GUARD_BLOCK_MAX) * US;
	return 0;
}

int fw_blocks_decode(struct fw_blocks *b, const void *p, size_t n, int64_t now, uint64_t boot_us,
	struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *v = sk_json_parse(p, n, err);
	const char *format = "";
	json_t *list = NULL;
	int r;

	if (!v)
		return -EBADMSG;
	if ((r = sk_json_str(v, "format", true, &format, err)) < 0 ||
		(r = sk_json_array(v, "blocks", true, &list, err)) < 0)
		return r;
	if (!sk_streq(format, FORMAT))
		return sk_err_set(err, -EBADMSG, "format", "not a file of blocked sources",
			"遮断中の接続元のファイルではありません");
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct fw_block e = {0};

		r = decode_one(json_array_get(list, i), now, boot_us, &e, err);
		if (r < 0) {
			sk_err_prefix(err, "blocks[%zu]", i);
			return r;
		}
		if (e.until_us > boot_us && fw_blocks_add(b, &e) == -ENOSPC)
			break;
	}
	return 0;
}
