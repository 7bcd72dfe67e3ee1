/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Read our table back from the kernel; see snap.h. */
#include "fw/nft/snap.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <libnftnl/udata.h>

#include "fw/nft/uapi.h"
#include "lib/util.h"

#define TRIES 20

/* ---- attributes ---- */

static const struct nlattr *find(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested (a, nest) {
		if (mnl_attr_get_type(a) == type)
			return a;
	}
	return NULL;
}

static const struct nlattr *top(const struct nlmsghdr *h, uint16_t type)
{
	const struct nlattr *a;

	mnl_attr_for_each (a, h, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(a) == type)
			return a;
	}
	return NULL;
}

static uint32_t be32_of(const struct nlattr *a, uint32_t def)
{
	if (!a || mnl_attr_get_payload_len(a) != sizeof(uint32_t))
		return def;
	return ntohl(mnl_attr_get_u32(a));
}

static uint64_t be64_of(const struct nlattr *a)
{
	uint64_t v = 0;

	if (a && mnl_attr_get_payload_len(a) == sizeof(v))
		memcpy(&v, mnl_attr_get_payload(a), sizeof(v));
	return be64toh(v);
}

/* "" if the attribute is missing or not a string. */
static const char *str_of(const struct nlattr *a)
{
	if (!a || mnl_attr_validate(a, MNL_TYPE_NUL_STRING) < 0)
		return "";
	return mnl_attr_get_str(a);
}

static bool ours(const struct fw_nft_snap *s, const struct nlmsghdr *h, uint16_t table_attr)
{
	const struct nfgenmsg *g = mnl_nlmsg_get_payload(h);

	return g->nfgen_family == s->nfproto &&
		strcmp(str_of(top(h, table_attr)), FW_NFT_TABLE) == 0;
}

static uint64_t mix(uint64_t h, const void *p, size_t n)
{
	const uint8_t *c = p;

	while (n > 0) {
		uint64_t w = 0;
		size_t k = SK_MIN(n, sizeof(w));
		memcpy(&w, c, k);
		h = (h ^ w) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
		c += k;
		n -= k;
	}
	return h;
}

/* ---- requests ---- */

static int dump(struct fw_nft_sock *s, uint8_t nfproto, int type, uint16_t table_attr,
	uint16_t name_attr, const char *name, fw_nft_dump_fn *fn, void *arg)
{
	char buf[1024];
	struct nlmsghdr *h = nftnl_nlmsg_build_hdr(buf, (uint16_t)type, nfproto, NLM_F_DUMP, 0);

	mnl_attr_put_strz_check(h, sizeof(buf), table_attr, FW_NFT_TABLE);
	if (name && !mnl_attr_put_strz_check(h, sizeof(buf), name_attr, name))
		return -ENAMETOOLONG;
	return fw_nft_sock_dump(s, h, fn, arg);
}

static int table_fn(const struct nlmsghdr *h, void *arg)
{
	struct fw_nft_snap *s = arg;

	s->exists = true;
	s->flags = be32_of(top(h, NFTA_TABLE_FLAGS), 0);
	s->owner = be32_of(top(h, NFTA_TABLE_OWNER), 0);
	return 0;
}

static int read_table(struct fw_nft_sock *sock, struct fw_nft_snap *s)
{
	char buf[512];
	struct nlmsghdr *h = nftnl_nlmsg_build_hdr(buf, NFT_MSG_GETTABLE, s->nfproto, NLM_F_ACK, 0);

	mnl_attr_put_strz(h, NFTA_TABLE_NAME, FW_NFT_TABLE);
	int ret = fw_nft_sock_dump(sock, h, table_fn, s);
	return ret == -ENOENT ? 0 : ret;
}

/* ---- chains and rules ---- */

static int chain_fn(const struct nlmsghdr *h, void *arg)
{
	struct fw_nft_snap *s = arg;
	const struct nlattr *hook = top(h, NFTA_CHAIN_HOOK);

	if (!ours(s, h, NFTA_CHAIN_TABLE))
		return 0;
	if (sk_grow(&s->chains, &s->cap_chains, s->n_chains + 1, sizeof(*s->chains)) < 0)
		return -ENOMEM;
	struct fw_nft_snap_chain *c = &s->chains[s->n_chains];
	memset(c, 0, sizeof(*c));
	c->name = strdup(str_of(top(h, NFTA_CHAIN_NAME)));
	if (!c->name)
		return -ENOMEM;
	s->n_chains++;
	if (!hook)
		return 0;
	c->base = true;
	c->hook = be32_of(find(hook, NFTA_HOOK_HOOKNUM), UINT32_MAX);
	c->priority = (int32_t)be32_of(find(hook, NFTA_HOOK_PRIORITY), 0);
	c->policy = be32_of(top(h, NFTA_CHAIN_POLICY), NF_ACCEPT);
	snprintf(c->type, sizeof(c->type), "%s", str_of(top(h, NFTA_CHAIN_TYPE)));
	return 0;
}

static int chain_cmp(const void *a, const void *b)
{
	const struct fw_nft_snap_chain *x = a, *y = b;
	return strcmp(x->name, y->name);
}

const struct fw_nft_snap_chain *fw_nft_snap_chain(const struct fw_nft_snap *s, const char *name)
{
	const struct fw_nft_snap_chain key = {.name = (char *)name};

	if (!s->n_chains)
		return NULL;
	return bsearch(&key, s->chains, s->n_chains, sizeof(key), chain_cmp);
}

static uint32_t number_of(const struct nlattr *userdata)
{
	uint32_t number = 0;

	if (!userdata)
		return 0;
	const uint8_t *p = mnl_attr_get_payload(userdata);
	size_t n = mnl_attr_get_payload_len(userdata);
	if (n < 2 || p[0] != NFTNL_UDATA_RULE_COMMENT || (size_t)p[1] + 2 > n)
		return 0;
	return fw_nft_comment_number((const char *)p + 2, p[1], &number) ? number : 0;
}

/* Handles and positions change with every apply; expressions and comment do not. */
static int rule_fn(const struct nlmsghdr *h, void *arg)
{
	struct fw_nft_snap *s = arg;
	const struct nlattr *expr = top(h, NFTA_RULE_EXPRESSIONS);
	const struct nlattr *data = top(h, NFTA_RULE_USERDATA);
	uint64_t hash = 0x9e3779b97f4a7c15u;

	if (!ours(s, h, NFTA_RULE_TABLE))
		return 0;
	if (sk_grow(&s->hashes, &s->cap_hashes, s->n_rules + 1, sizeof(*s->hashes)) < 0 ||
		sk_grow(&s->numbers, &s->cap_numbers, s->n_rules + 1, sizeof(*s->numbers)) < 0)
		return -ENOMEM;
	struct fw_nft_snap_chain *c =
		(struct fw_nft_snap_chain *)fw_nft_snap_chain(s, str_of(top(h, NFTA_RULE_CHAIN)));
	if (!c)
		return -EINTR; /* made between two dumps */
	if (c->n == 0)
		c->first = s->n_rules;
	if (c->first + c->n != s->n_rules)
		return -EINTR;
	c->n++;
	if (expr)
		hash = mix(hash, mnl_attr_get_payload(expr), mnl_attr_get_payload_len(expr));
	if (data)
		hash = mix(hash, mnl_attr_get_payload(data), mnl_attr_get_payload_len(data));
	s->hashes[s->n_rules] = hash;
	s->numbers[s->n_rules++] = number_of(data);
	return 0;
}

/* ---- sets and maps ---- */

static int set_fn(const struct nlmsghdr *h, void *arg)
{
	struct fw_nft_snap *s = arg;
	const struct nlattr *count = top(h, FW_NFTA_SET_COUNT);

	if (!ours(s, h, NFTA_SET_TABLE))
		return 0;
	if (sk_grow(&s->sets, &s->cap_sets, s->n_sets + 1, sizeof(*s->sets)) < 0)
		return -ENOMEM;
	struct fw_nft_snap_set *x = &s->sets[s->n_sets];
	memset(x, 0, sizeof(*x));
	x->name = strdup(str_of(top(h, NFTA_SET_NAME)));
	if (!x->name)
		return -ENOMEM;
	s->n_sets++;
	x->flags = be32_of(top(h, NFTA_SET_FLAGS), 0);
	x->key_len = be32_of(top(h, NFTA_SET_KEY_LEN), 0);
	x->data_type = be32_of(top(h, NFTA_SET_DATA_TYPE), 0);
	x->timeout = top(h, NFTA_SET_TIMEOUT) != NULL;
	/* Elements that come and go by themselves say nothing. */
	x->counted = !(x->flags & (NFT_SET_TIMEOUT | NFT_SET_EVAL)) && count &&
		mnl_attr_get_payload_len(count) == sizeof(uint32_t);
	x->count = be32_of(count, 0);
	return 0;
}

static int set_cmp(const void *a, const void *b)
{
	const struct fw_nft_snap_set *x = a, *y = b;
	return strcmp(x->name, y->name);
}

const struct fw_nft_snap_set *fw_nft_snap_set(const struct fw_nft_snap *s, const char *name)
{
	const struct fw_nft_snap_set key = {.name = (char *)name};

	if (!s->n_sets)
		return NULL;
	return bsearch(&key, s->sets, s->n_sets, sizeof(key), set_cmp);
}

/* Order of a hash set's dump is not fixed: a sum over its elements. */
static int hash_fn(const struct nlmsghdr *h, void *arg)
{
	const struct nlattr *list = top(h, NFTA_SET_ELEM_LIST_ELEMENTS), *e;
	uint64_t *sum = arg;

	if (!list)
		return 0;
	mnl_attr_for_each_nested (e, list) {
		const struct nlattr *key = find(e, NFTA_SET_ELEM_KEY);
		uint32_t flags = be32_of(find(e, NFTA_SET_ELEM_FLAGS), 0);
		uint64_t x = mix(0x9e3779b97f4a7c15u, &flags, sizeof(flags));
		if (key)
			x = mix(x, mnl_attr_get_payload(key), mnl_attr_get_payload_len(key));
		*sum += x;
	}
	return 0;
}

struct map_arg {
	struct fw_nft_snap *s;
	enum fw_nft_map m;
};

static int elem_fn(const struct nlmsghdr *h, void *arg)
{
	struct map_arg *m = arg;
	const struct nlattr *list = top(h, NFTA_SET_ELEM_LIST_ELEMENTS), *e;
	typeof(m->s->maps[0]) *map = &m->s->maps[m->m];

	if (!list)
		return 0;
	mnl_attr_for_each_nested (e, list) {
		const struct nlattr *key = find(e, NFTA_SET_ELEM_KEY);
		const struct nlattr *data = find(e, NFTA_SET_ELEM_DATA);
		const struct nlattr *value = key ? find(key, NFTA_DATA_VALUE) : NULL;
		const struct nlattr *verdict = data ? find(data, NFTA_DATA_VERDICT) : NULL;
		if (sk_grow(&map->v, &map->cap, map->n + 1, sizeof(*map->v)) < 0)
			return -ENOMEM;
		struct fw_nft_snap_elem *x = &map->v[map->n++];
		memset(x, 0, sizeof(*x));
		if (value) {
			x->key_len = SK_MIN(mnl_attr_get_payload_len(value), sizeof(x->e.key));
			memcpy(x->e.key, mnl_attr_get_payload(value), x->key_len);
		} else {
			map->strange = true;
		}
		if (!verdict)
			continue;
		x->code = be32_of(find(verdict, NFTA_VERDICT_CODE), 0);
		snprintf(x->e.target, sizeof(x->e.target), "%s",
			str_of(find(verdict, NFTA_VERDICT_CHAIN)));
	}
	return 0;
}

static int elem_cmp(const void *a, const void *b)
{
	const struct fw_nft_snap_elem *x = a, *y = b;
	return memcmp(x->e.key, y->e.key, sizeof(x->e.key));
}

static int read_maps(struct fw_nft_sock *sock, struct fw_nft_snap *s)
{
	for (unsigned m = 0; m < FW_NFT_MAPS; m++) {
		struct map_arg arg = {s, m};
		if (!fw_nft_snap_set(s, fw_nft_map(m)->name))
			continue;
		int ret = dump(sock, s->nfproto, NFT_MSG_GETSETELEM, NFTA_SET_ELEM_LIST_TABLE,
			NFTA_SET_ELEM_LIST_SET, fw_nft_map(m)->name, elem_fn, &arg);
		if (ret < 0)
			return ret == -ENOENT ? -EINTR : ret;
		if (s->maps[m].n)
			qsort(s->maps[m].v, s->maps[m].n, sizeof(*s->maps[m].v), elem_cmp);
	}
	return 0;
}

static int read_sets(
	struct fw_nft_sock *sock, struct fw_nft_snap *s, fw_nft_snap_want *want, void *arg)
{
	int ret = dump(sock, s->nfproto, NFT_MSG_GETSET, NFTA_SET_TABLE, 0, NULL, set_fn, s);

	if (ret < 0)
		return ret;
	if (s->n_sets)
		qsort(s->sets, s->n_sets, sizeof(*s->sets), set_cmp);
	for (size_t i = 0; want && i < s->n_sets; i++) {
		struct fw_nft_snap_set *x = &s->sets[i];
		if (!want(x->name, arg))
			continue;
		ret = dump(sock, s->nfproto, NFT_MSG_GETSETELEM, NFTA_SET_ELEM_LIST_TABLE,
			NFTA_SET_ELEM_LIST_SET, x->name, hash_fn, &x->hash);
		if (ret < 0)
			return ret == -ENOENT ? -EINTR : ret;
		x->hashed = true;
	}
	return 0;
}

/* ---- counters ---- */

static int add_object(struct fw_nft_snap *s, const char *name)
{
	if (sk_grow(&s->objects, &s->cap_objects, s->n_objects + 1, sizeof(char *)) < 0)
		return -ENOMEM;
	s->objects[s->n_objects] = strdup(name);
	return s->objects[s->n_objects] ? (s->n_objects++, 0) : -ENOMEM;
}

static int counter_fn(const struct nlmsghdr *h, void *arg)
{
	struct fw_nft_snap *s = arg;
	const char *name = str_of(top(h, NFTA_OBJ_NAME));
	const struct nlattr *data = top(h, NFTA_OBJ_DATA);
	uint32_t number;

	if (!ours(s, h, NFTA_OBJ_TABLE))
		return 0;
	if (be32_of(top(h, NFTA_OBJ_TYPE), 0) != NFT_OBJECT_COUNTER)
		return 0;
	if (!fw_nft_counter_number(name, &number))
		return add_object(s, name);
	if (sk_grow(&s->counters, &s->cap_counters, s->n_counters + 1, sizeof(*s->counters)) < 0)
		return -ENOMEM;
	s->counters[s->n_counters++] = (struct fw_nft_counter){.number = number,
		.packets = data ? be64_of(find(data, NFTA_COUNTER_PACKETS)) : 0,
		.bytes = data ? be64_of(find(data, NFTA_COUNTER_BYTES)) : 0};
	return 0;
}

static int counter_cmp(const void *a, const void *b)
{
	const struct fw_nft_counter *x = a, *y = b;
	return x->number < y->number ? -1 : x->number > y->number;
}

bool fw_nft_snap_counter(const struct fw_nft_snap *s, uint32_t number)
{
	const struct fw_nft_counter key = {.number = number};

	return s->n_counters && bsearch(&key, s->counters, s->n_counters, sizeof(key), counter_cmp);
}

/* ---- the snapshot ---- */

void fw_nft_snap_done(struct fw_nft_snap *s)
{
	for (size_t i = 0; i < s->n_chains; i++)
		free(s->chains[i].name);
	free(s->chains);
	for (size_t i = 0; i < s->n_sets; i++)
		free(s->sets[i].name);
	free(s->sets);
	free(s->counters);
	for (size_t i = 0; i < s->n_objects; i++)
		free(s->objects[i]);
	free(s->objects);
	for (size_t m = 0; m < FW_NFT_MAPS; m++)
		free(s->maps[m].v);
	free(s->hashes);
	free(s->numbers);
	*s = (struct fw_nft_snap){.nfproto = s->nfproto};
}

static int read_once(struct fw_nft_sock *sock, unsigned parts, fw_nft_snap_want *want, void *arg,
	struct fw_nft_snap *s)
{
	int ret = read_table(sock, s);

	if (ret < 0 || !s->exists)
		return ret;
	if (parts & FW_NFT_SNAP_CHAINS) {
		ret = dump(
			sock, s->nfproto, NFT_MSG_GETCHAIN, NFTA_CHAIN_TABLE, 0, NULL, chain_fn, s);
		if (s->n_chains)
			qsort(s->chains, s->n_chains, sizeof(*s->chains), chain_cmp);
	}
	if (ret == 0 && (parts & FW_NFT_SNAP_SETS))
		ret = read_sets(sock, s, want, arg);
	if (ret == 0 && (parts & FW_NFT_SNAP_MAPS))
		ret = read_maps(sock, s);
	if (ret == 0 && (parts & FW_NFT_SNAP_COUNTERS)) {
		ret = dump(
			sock, s->nfproto, NFT_MSG_GETOBJ, NFTA_OBJ_TABLE, 0, NULL, counter_fn, s);
		if (s->n_counters)
			qsort(s->counters, s->n_counters, sizeof(*s->counters), counter_cmp);
	}
	/* Chain by chain: each piece of a dump makes the kernel walk again from where it began. */
	for (size_t i = 0; ret == 0 && (parts & FW_NFT_SNAP_RULES) && i < s->n_chains; i++)
		ret = dump(sock, s->nfproto, NFT_MSG_GETRULE, NFTA_RULE_TABLE, NFTA_RULE_CHAIN,
			s->chains[i].name, rule_fn, s);
	return ret;
}

static int read_settled(struct fw_nft_sock *s, unsigned parts, fw_nft_snap_want *want, void *arg,
	struct fw_nft_snap *ret)
{
	for (int i = 0; i < TRIES; i++) {
		uint32_t before = 0, after = 0;
		int r = fw_nft_sock_genid(s, &before);
		if (r == 0)
			r = read_once(s, parts, want, arg, ret);
		if (r == 0)
			r = fw_nft_sock_genid(s, &after);
		if (r == 0 && before == after)
			return 0;
		if (r < 0 && r != -EINTR && r != -ENOENT)
			return r;
		fw_nft_snap_done(ret);
	}
	return -EAGAIN;
}

int fw_nft_snap_read(struct fw_nft_sock *s, unsigned parts, fw_nft_snap_want *want, void *arg,
	struct fw_nft_snap *ret)
{
	*ret = (struct fw_nft_snap){.nfproto = NFPROTO_INET};
	return read_settled(s, parts, want, arg, ret);
}

int fw_nft_snap_read_of(
	struct fw_nft_sock *s, uint8_t nfproto, unsigned parts, struct fw_nft_snap *ret)
{
	*ret = (struct fw_nft_snap){.nfproto = nfproto};
	return read_settled(s, parts & ~(unsigned)FW_NFT_SNAP_MAPS, NULL, NULL, ret);
}
