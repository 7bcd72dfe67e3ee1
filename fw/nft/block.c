/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Elements of the lists of blocked sources; see block.h. */
#include "fw/nft/block.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <libnftnl/common.h>

#include "fw/nft/dynset.h"
#include "fw/nft/int.h"
#include "fw/nft/uapi.h"
#include "lib/util.h"

#define MS 1000u
#define TRIES 10

static size_t key_put(uint8_t key[16], const struct fw_ip *ip)
{
	const size_t n = ip->family == 6 ? 16 : 4;
	unsigned __int128 a = ip->a;

	for (size_t i = n; i-- > 0; a >>= 8)
		key[i] = (uint8_t)a;
	return n;
}

static const char *list_of(const struct fw_nft_blocked *v)
{
	if (v->learned)
		return v->ip.family == 4 ? FW_NFT_LEARN4 : FW_NFT_LEARN6;
	if (v->ip.family == 4)
		return FW_NFT_BLOCK4;
	return v->net64 ? FW_NFT_BLOCK6_NET : FW_NFT_BLOCK6;
}

/* A message of its own for each: a refused one then names no other. */
static void put_element(struct fw_nft_batch *b, int type, const struct fw_nft_blocked *v)
{
	uint8_t key[16];
	const size_t n = key_put(key, &v->ip);

	fw_nft_msg_begin(
		b, type, type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0, 0, FW_NFT_MSG_SMALL);
	fw_nft_put_str(b, NFTA_SET_ELEM_LIST_TABLE, FW_NFT_TABLE);
	fw_nft_put_str(b, NFTA_SET_ELEM_LIST_SET, list_of(v));
	struct nlattr *list = fw_nft_nest(b, NFTA_SET_ELEM_LIST_ELEMENTS);
	struct nlattr *e = fw_nft_nest(b, NFTA_LIST_ELEM);
	struct nlattr *k = fw_nft_nest(b, NFTA_SET_ELEM_KEY);
	fw_nft_put(b, NFTA_DATA_VALUE, key, n);
	fw_nft_nest_end(b, k);
	if (type == NFT_MSG_NEWSETELEM)
		fw_nft_put_be64(b, NFTA_SET_ELEM_TIMEOUT, v->seconds * MS);
	fw_nft_nest_end(b, e);
	fw_nft_nest_end(b, list);
	fw_nft_msg_end(b);
}

static int send_batch(struct fw_nft *n, struct fw_nft_batch *b, int ignore, struct sk_err *err)
{
	struct fw_nft_answer a = {0};
	int ret = fw_nft_sock_commit(&n->sock, &b, 1, 0, &a);

	if (ret == 0 && a.errors && a.code == ignore)
		return ignore;
	if (ret == 0 && a.errors)
		return fw_nft_refused(&a, 0, err);
	return ret < 0 ? fw_nft_io_error(ret, err) : 0;
}

int fw_nft_block(struct fw_nft *n, const struct fw_nft_blocked *v, size_t count, struct sk_err *err)
{
	struct fw_nft_batch b;

	if (count == 0)
		return 0;
	fw_nft_batch_init(&b, 1);
	for (size_t i = 0; i < count; i++)
		put_element(&b, NFT_MSG_NEWSETELEM, &v[i]);
	int ret = send_batch(n, &b, 0, err);
	fw_nft_batch_done(&b);
	return ret;
}

int fw_nft_unblock(struct fw_nft *n, const struct fw_nft_blocked *v, struct sk_err *err)
{
	struct fw_nft_batch b;

	fw_nft_batch_init(&b, 1);
	put_element(&b, NFT_MSG_DELSETELEM, v);
	int ret = send_batch(n, &b, -ENOENT, err);
	fw_nft_batch_done(&b);
	return ret == -ENOENT ? 0 : ret;
}

int fw_nft_learned_flush(struct fw_nft *n, struct sk_err *err)
{
	static const char *const names[] = {FW_NFT_LEARN4, FW_NFT_LEARN6};
	struct fw_nft_batch b;

	fw_nft_batch_init(&b, 1);
	for (size_t i = 0; i < SK_ARRAY_SIZE(names); i++) {
		fw_nft_msg_begin(&b, NFT_MSG_DELSETELEM, 0, 0, FW_NFT_MSG_SMALL);
		fw_nft_put_str(&b, NFTA_SET_ELEM_LIST_TABLE, FW_NFT_TABLE);
		fw_nft_put_str(&b, NFTA_SET_ELEM_LIST_SET, names[i]);
		fw_nft_msg_end(&b);
	}
	int ret = send_batch(n, &b, -ENOENT, err);
	fw_nft_batch_done(&b);
	return ret == -ENOENT ? 0 : ret;
}

/* ---- reading ---- */

struct reading {
	struct fw_nft_blocked *v;
	size_t n, cap;
	struct fw_nft_blocked kind; /* of those of this list */
};

static const struct nlattr *find(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *a;

	mnl_attr_for_each_nested (a, nest) {
		if (mnl_attr_get_type(a) == type)
			return a;
	}
	return NULL;
}

static int element(struct reading *r, const struct nlattr *e)
{
	const struct nlattr *key = find(e, NFTA_SET_ELEM_KEY);
	const struct nlattr *value = key ? find(key, NFTA_DATA_VALUE) : NULL;
	const size_t want = r->kind.ip.family == 6 ? 16 : 4;
	struct fw_nft_blocked *x;
	const uint8_t *p;

	if (!value || mnl_attr_get_payload_len(value) != want)
		return 0;
	if (sk_grow(&r->v, &r->cap, r->n + 1, sizeof(*r->v)) < 0)
		return -ENOMEM;
	x = &r->v[r->n++];
	*x = r->kind;
	p = mnl_attr_get_payload(value);
	for (size_t i = 0; i < want; i++)
		x->ip.a = x->ip.a << 8 | p[i];
	const struct nlattr *left = find(e, NFTA_SET_ELEM_EXPIRATION);
	if (left && mnl_attr_get_payload_len(left) == sizeof(uint64_t))
		x->seconds = be64toh(mnl_attr_get_u64(left)) / MS;
	return 0;
}

static int elements(const struct nlmsghdr *h, void *arg)
{
	const struct nlattr *a, *e;
	struct reading *r = arg;
	int ret = 0;

	mnl_attr_for_each (a, h, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(a) != NFTA_SET_ELEM_LIST_ELEMENTS)
			continue;
		mnl_attr_for_each_nested (e, a) {
			if (ret == 0)
				ret = element(r, e);
		}
	}
	return ret;
}

static int read_one(struct fw_nft *n, struct reading *r, uint8_t family, bool net64)
{
	int ret = -EINTR;
	const size_t before = r->n;

	for (int i = 0; i < TRIES && ret == -EINTR; i++) {
		char buf[512];
		struct nlmsghdr *h =
			nftnl_nlmsg_build_hdr(buf, NFT_MSG_GETSETELEM, NFPROTO_INET, NLM_F_DUMP, 0);

		r->n = before;
		r->kind = (struct fw_nft_blocked){.ip = {.family = family}, .net64 = net64};
		mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_TABLE, FW_NFT_TABLE);
		mnl_attr_put_strz(h, NFTA_SET_ELEM_LIST_SET, list_of(&r->kind));
		ret = fw_nft_sock_dump(&n->sock, h, elements, r);
	}
	return ret == -ENOENT ? 0 : ret;
}

int fw_nft_blocked_read(
	struct fw_nft *n, struct fw_nft_blocked **ret, size_t *ret_n, struct sk_err *err)
{
	struct reading r = {0};
	int code = read_one(n, &r, 4, false);

	if (code == 0)
		code = read_one(n, &r, 6, false);
	if (code == 0)
		code = read_one(n, &r, 6, true);
	if (code < 0) {
		free(r.v);
		return fw_nft_io_error(code, err);
	}
	*ret = r.v;
	*ret_n = r.n;
	return 0;
}
