/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of named sets and their encoding; see sets.h. Pure. */
#include "fw/nft/sets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <libnftnl/udata.h>

#include "fw/nft/batch.h"
#include "fw/nft/nft.h"
#include "fw/nft/uapi.h"
#include "lib/util.h"

/* Port lists up to so many values become a hash set even if they hold ranges. */
#define EXPAND_MAX 256

static const struct type_info {
	const char *prefix, *text;
	uint32_t key_type;
	uint8_t key_len;
	uint8_t item; /* size of one item */
} types[FW_NFT_SET_TYPES] = {
	[FW_NFT_SET_ADDR4] = {"a4", "ipv4_addr", FW_NFT_TYPE_IPADDR, 4, sizeof(struct fw_range4)},
	[FW_NFT_SET_ADDR6] = {"a6", "ipv6_addr", FW_NFT_TYPE_IP6ADDR, 16, sizeof(struct fw_range6)},
	[FW_NFT_SET_PORT] = {"p", "inet_service", FW_NFT_TYPE_INET_SERVICE, 2,
		sizeof(struct fw_nft_span)},
	[FW_NFT_SET_ICMP] = {"t4", "icmp_type", FW_NFT_TYPE_ICMP_TYPE, 1,
		sizeof(struct fw_nft_span)},
	[FW_NFT_SET_ICMP6] = {"t6", "icmpv6_type", FW_NFT_TYPE_ICMP6_TYPE, 1,
		sizeof(struct fw_nft_span)},
	[FW_NFT_SET_IFNAME] = {"if", "ifname", FW_NFT_TYPE_IFNAME, IFNAMSIZ, IFNAMSIZ},
};

void fw_nft_sets_init(struct fw_nft_sets *s, unsigned epoch)
{
	memset(s, 0, sizeof(*s));
	s->epoch = epoch;
}

void fw_nft_sets_done(struct fw_nft_sets *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->v[i]->owned);
		free(s->v[i]);
	}
	free(s->v);
	free(s->slots);
	fw_nft_sets_init(s, s->epoch);
}

/* Names only: a clash between lists of one policy is resolved, and 2^-64 between applies is
 * accepted. */
static uint64_t hash_of(enum fw_nft_set_type type, const void *items, size_t bytes)
{
	const uint8_t *p = items;
	uint64_t h = 0x9e3779b97f4a7c15u ^ ((uint64_t)type << 56) ^ bytes;

	while (bytes > 0) {
		uint64_t w = 0;
		size_t k = SK_MIN(bytes, sizeof(w));
		memcpy(&w, p, k);
		h = (h ^ w) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
		p += k;
		bytes -= k;
	}
	h = (h ^ (h >> 29)) * 0xc4ceb9fe1a85ec53u;
	return h ^ (h >> 32);
}

static int grow_slots(struct fw_nft_sets *s)
{
	size_t want = s->n_slots ? s->n_slots * 2 : 256;
	uint32_t *slots = calloc(want, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < s->n; i++) {
		size_t k = s->v[i]->hash & (want - 1);
		while (slots[k])
			k = (k + 1) & (want - 1);
		slots[k] = (uint32_t)i + 1;
	}
	free(s->slots);
	s->slots = slots;
	s->n_slots = want;
	return 0;
}

static void span_kind(struct fw_nft_set *set)
{
	const struct fw_nft_span *v = set->items;
	size_t values = 0;

	for (size_t i = 0; i < set->n; i++)
		values += (size_t)v[i].hi - v[i].lo + 1;
	set->values = values;
	set->interval = values > EXPAND_MAX;
}

static void set_kind(struct fw_nft_set *set)
{
	const struct fw_range4 *v4 = set->items;
	const struct fw_range6 *v6 = set->items;

	set->values = set->n;
	switch (set->type) {
	case FW_NFT_SET_ADDR4:
		for (size_t i = 0; i < set->n; i++)
			set->interval |= v4[i].lo != v4[i].hi;
		break;
	case FW_NFT_SET_ADDR6:
		for (size_t i = 0; i < set->n; i++)
			set->interval |= v6[i].lo != v6[i].hi;
		break;
	case FW_NFT_SET_PORT:
	case FW_NFT_SET_ICMP:
	case FW_NFT_SET_ICMP6: span_kind(set); break;
	default: break;
	}
}

static struct fw_nft_set *new_set(
	enum fw_nft_set_type type, const void *items, size_t n, uint32_t ref)
{
	struct fw_nft_set *set = calloc(1, sizeof(*set));

	if (!set)
		return NULL;
	set->type = type;
	set->n = n;
	set->ref = ref;
	set->items = items;
	if (type != FW_NFT_SET_ADDR4 && type != FW_NFT_SET_ADDR6) {
		set->owned = malloc(n * types[type].item);
		if (!set->owned) {
			free(set);
			return NULL;
		}
		memcpy(set->owned, items, n * types[type].item);
		set->items = set->owned;
	}
	set_kind(set);
	return set;
}

static void name_set(struct fw_nft_set *set, unsigned epoch)
{
	int k = snprintf(set->name, sizeof(set->name), "%s_%016llx", types[set->type].prefix,
		(unsigned long long)set->hash);
	if (epoch)
		snprintf(set->name + k, sizeof(set->name) - (size_t)k, "_%u", epoch);
}

int fw_nft_sets_get(struct fw_nft_sets *s, enum fw_nft_set_type type, const void *items, size_t n,
	uint32_t ref, const struct fw_nft_set **ret)
{
	uint64_t h = hash_of(type, items, n * types[type].item);

	if ((s->n + 1) * 2 > s->n_slots && grow_slots(s) < 0)
		return -ENOMEM;
	size_t k = h & (s->n_slots - 1);
	while (s->slots[k]) {
		const struct fw_nft_set *old = s->v[s->slots[k] - 1];
		if (old->hash == h && old->type == type && old->n == n &&
			memcmp(old->items, items, n * types[type].item) == 0) {
			*ret = old;
			return 0;
		}
		if (old->hash == h && old->type == type)
			h++; /* another list with this name */
		k = (k + 1) & (s->n_slots - 1);
	}
	if (sk_grow(&s->v, &s->cap, s->n + 1, sizeof(struct fw_nft_set *)) < 0)
		return -ENOMEM;
	struct fw_nft_set *set = new_set(type, items, n, ref);
	if (!set)
		return -ENOMEM;
	set->hash = h;
	name_set(set, s->epoch);
	s->v[s->n++] = set;
	s->slots[k] = (uint32_t)s->n;
	*ret = set;
	return 0;
}

const struct fw_nft_set *fw_nft_sets_find(const struct fw_nft_sets *s, const char *name)
{
	const char *hex = strchr(name, '_');

	if (!s->n_slots || !hex)
		return NULL;
	/* The name holds the hash, so that it leads to the slot. */
	size_t k = strtoull(hex + 1, NULL, 16) & (s->n_slots - 1);
	for (; s->slots[k]; k = (k + 1) & (s->n_slots - 1)) {
		if (strcmp(s->v[s->slots[k] - 1]->name, name) == 0)
			return s->v[s->slots[k] - 1];
	}
	return NULL;
}

unsigned fw_nft_set_epoch(const char *name)
{
	uint64_t v = 0;

	for (size_t i = 0; i < FW_NFT_SET_TYPES; i++) {
		size_t k = strlen(types[i].prefix);
		if (strncmp(name, types[i].prefix, k) != 0 || strlen(name) < k + 19)
			continue;
		if (name[k] == '_' && name[k + 17] == '_' &&
			sk_parse_u64(name + k + 18, 1000000000, &v) == 0)
			return (unsigned)v;
	}
	return 0;
}

/* ---- netlink ---- */

/* libnftnl/udata.h: type, length, value in host order; 1 host, 2 network (nft's datatype.h). */
void fw_nft_set_put_byteorder(struct fw_nft_batch *b, bool host)
{
	const uint32_t order = host ? 1 : 2;
	uint8_t tlv[2 + sizeof(order)] = {NFTNL_UDATA_SET_KEYBYTEORDER, sizeof(order)};

	memcpy(tlv + 2, &order, sizeof(order));
	fw_nft_put(b, NFTA_SET_USERDATA, tlv, sizeof(tlv));
}

void fw_nft_set_put(struct fw_nft_batch *b, const struct fw_nft_set *s)
{
	const struct type_info *t = &types[s->type];

	fw_nft_msg_begin(b, NFT_MSG_NEWSET, NLM_F_CREATE, s->ref, FW_NFT_MSG_SMALL);
	fw_nft_put_str(b, NFTA_SET_TABLE, FW_NFT_TABLE);
	fw_nft_put_str(b, NFTA_SET_NAME, s->name);
	fw_nft_put_be32(b, NFTA_SET_FLAGS, s->interval ? NFT_SET_INTERVAL : 0);
	fw_nft_put_be32(b, NFTA_SET_KEY_TYPE, t->key_type);
	fw_nft_put_be32(b, NFTA_SET_KEY_LEN, t->key_len);
	fw_nft_put_be32(b, NFTA_SET_ID, (uint32_t)b->n);
	if (!s->interval) {
		struct nlattr *desc = fw_nft_nest(b, NFTA_SET_DESC);
		fw_nft_put_be32(b, NFTA_SET_DESC_SIZE, (uint32_t)s->values);
		fw_nft_nest_end(b, desc);
	}
	fw_nft_set_put_byteorder(b, s->type == FW_NFT_SET_IFNAME);
	fw_nft_msg_end(b);
}

static void put_item(struct fw_nft_batch *b, const void *key, size_t len, bool end)
{
	struct nlattr *e = fw_nft_nest(b, NFTA_LIST_ELEM);

	if (end)
		fw_nft_put_be32(b, NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
	struct nlattr *k = fw_nft_nest(b, NFTA_SET_ELEM_KEY);
	fw_nft_put(b, NFTA_DATA_VALUE, key, len);
	fw_nft_nest_end(b, k);
	fw_nft_nest_end(b, e);
}

static void key6(uint8_t dst[16], unsigned __int128 a)
{
	for (int i = 15; i >= 0; i--) {
		dst[i] = (uint8_t)a;
		a >>= 8;
	}
}

static void put_range4(struct fw_nft_batch *b, const struct fw_nft_set *s, size_t i)
{
	const struct fw_range4 *r = (const struct fw_range4 *)s->items + i;
	uint32_t lo = htonl(r->lo), end = htonl(r->hi + 1);

	put_item(b, &lo, sizeof(lo), false);
	if (s->interval && r->hi != UINT32_MAX)
		put_item(b, &end, sizeof(end), true);
}

static void put_range6(struct fw_nft_batch *b, const struct fw_nft_set *s, size_t i)
{
	const struct fw_range6 *r = (const struct fw_range6 *)s->items + i;
	uint8_t key[16];

	key6(key, r->lo);
	put_item(b, key, sizeof(key), false);
	if (!s->interval || r->hi == ~(unsigned __int128)0)
		return;
	key6(key, r->hi + 1);
	put_item(b, key, sizeof(key), true);
}

static void put_span_value(struct fw_nft_batch *b, size_t len, uint16_t v, bool end)
{
	uint16_t port = htons(v);
	uint8_t type = (uint8_t)v;

	if (len == 2)
		put_item(b, &port, 2, end);
	else
		put_item(b, &type, 1, end);
}

static void put_span(struct fw_nft_batch *b, const struct fw_nft_set *s, size_t i)
{
	const struct fw_nft_span *r = (const struct fw_nft_span *)s->items + i;
	size_t len = types[s->type].key_len;
	unsigned max = len == 2 ? UINT16_MAX : UINT8_MAX;

	if (s->interval) {
		put_span_value(b, len, r->lo, false);
		if (r->hi != max)
			put_span_value(b, len, (uint16_t)(r->hi + 1), true);
		return;
	}
	for (unsigned v = r->lo; v <= r->hi; v++)
		put_span_value(b, len, (uint16_t)v, false);
}

static void put_one(struct fw_nft_batch *b, const struct fw_nft_set *s, size_t i)
{
	switch (s->type) {
	case FW_NFT_SET_ADDR4: put_range4(b, s, i); break;
	case FW_NFT_SET_ADDR6: put_range6(b, s, i); break;
	case FW_NFT_SET_IFNAME:
		put_item(b, (const char *)s->items + i * IFNAMSIZ, IFNAMSIZ, false);
		break;
	default: put_span(b, s, i); break;
	}
}

bool fw_nft_set_put_items(
	struct fw_nft_batch *b, const struct fw_nft_set *s, size_t *pos, size_t max)
{
	/* One item is at most a start and an end, or a span of EXPAND_MAX values. */
	const size_t item_max = s->type <= FW_NFT_SET_ADDR6 ? 128 : EXPAND_MAX * 32;

	while (*pos < s->n && !b->err && !fw_nft_batch_full(b, max)) {
		fw_nft_msg_begin(
			b, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, s->ref, FW_NFT_MSG_LARGE);
		fw_nft_put_str(b, NFTA_SET_ELEM_LIST_TABLE, FW_NFT_TABLE);
		fw_nft_put_str(b, NFTA_SET_ELEM_LIST_SET, s->name);
		struct nlattr *list = fw_nft_nest(b, NFTA_SET_ELEM_LIST_ELEMENTS);
		while (*pos < s->n && fw_nft_msg_len(b) + item_max < FW_NFT_NEST_MAX && !b->err)
			put_one(b, s, (*pos)++);
		fw_nft_nest_end(b, list);
		fw_nft_msg_end(b);
	}
	return *pos >= s->n;
}

/* ---- text ---- */

static void text_ip(struct sk_buf *b, uint8_t family, unsigned __int128 a)
{
	fw_ip_put(b, &(struct fw_ip){.family = family, .a = a});
}

static void text_one(struct sk_buf *b, const struct fw_nft_set *s, size_t i)
{
	const struct fw_range4 *r4 = (const struct fw_range4 *)s->items + i;
	const struct fw_range6 *r6 = (const struct fw_range6 *)s->items + i;
	const struct fw_nft_span *span = (const struct fw_nft_span *)s->items + i;

	switch (s->type) {
	case FW_NFT_SET_ADDR4:
		text_ip(b, 4, r4->lo);
		if (r4->lo == r4->hi)
			break;
		sk_buf_putc(b, '-');
		text_ip(b, 4, r4->hi);
		break;
	case FW_NFT_SET_ADDR6:
		text_ip(b, 6, r6->lo);
		if (r6->lo == r6->hi)
			break;
		sk_buf_putc(b, '-');
		text_ip(b, 6, r6->hi);
		break;
	case FW_NFT_SET_IFNAME:
		sk_buf_printf(b, "\"%s\"", (const char *)s->items + i * IFNAMSIZ);
		break;
	default:
		if (s->interval && span->lo != span->hi) {
			sk_buf_printf(b, "%u-%u", span->lo, span->hi);
			break;
		}
		for (unsigned v = span->lo; v <= span->hi; v++)
			sk_buf_printf(b, "%s%u", v == span->lo ? "" : ", ", v);
	}
}

void fw_nft_set_text(struct sk_buf *b, const struct fw_nft_set *s)
{
	sk_buf_printf(b, "\tset %s {\n\t\ttype %s\n", s->name, types[s->type].text);
	if (s->interval)
		sk_buf_puts(b, "\t\tflags interval\n");
	else
		sk_buf_printf(b, "\t\tsize %zu\n", s->values);
	sk_buf_puts(b, "\t\telements = { ");
	for (size_t i = 0; i < s->n; i++) {
		if (i)
			sk_buf_puts(b, i % 8 ? ", " : ",\n\t\t\t");
		text_one(b, s, i);
	}
	sk_buf_puts(b, " }\n\t}\n");
}
