/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of the blocklists as names, messages and text; see layout.h. Pure. */
#include "fw/nft/layout.h"

#include <string.h>

#include <libmnl/libmnl.h>

#include "fw/nft/batch.h"
#include "fw/nft/nft.h"
#include "fw/nft/sets.h"
#include "fw/nft/uapi.h"
#include "lib/util.h"

#define TOO_LARGE 16   /* times what is needed: made anew */
#define ELEMENT_MAX 64 /* bytes of an element, or of one end of a range */

/* With room for an eighth more, so that single entries find some; in steps of a quarter. */
static uint32_t size_for(size_t count)
{
	const uint64_t want = count + count / 8;
	uint64_t step = FW_NFT_LIST_SIZE_MIN / 4;

	while (step * 8 < want)
		step *= 2;
	return (uint32_t)SK_MAX((uint64_t)FW_NFT_LIST_SIZE_MIN, (want + step - 1) / step * step);
}

bool fw_nft_layout_fits(const struct fw_nft_layout *now, size_t set, size_t count)
{
	const struct fw_nft_list_set *s = &now->v[set];

	if (!s->name[0])
		return count == 0;
	if (s->size == 0)
		return true;
	return count <= s->size && s->size / TOO_LARGE <= size_for(count);
}

static void make_name(struct fw_nft_list_set *s, size_t set, unsigned serial)
{
	const struct fw_list_set *i = fw_list_set(set);
	int k;

	if (i->prefix)
		k = snprintf(s->name, sizeof(s->name), "bl%s%u_%u_%u", i->monitor ? "m" : "",
			i->family, i->prefix, s->size);
	else
		k = snprintf(s->name, sizeof(s->name), "bl%s%u_ranges", i->monitor ? "m" : "",
			i->family);
	if (serial && k > 0 && (size_t)k < sizeof(s->name))
		snprintf(s->name + k, sizeof(s->name) - (size_t)k, "_s%u", serial);
}

void fw_nft_layout_next(struct fw_nft_layout *ret, const struct fw_nft_layout *now,
	const struct fw_list *l, uint32_t replace, unsigned serial)
{
	struct fw_nft_layout n = {0};

	for (size_t i = 0; i < FW_LIST_SETS; i++) {
		const size_t count = fw_list_count(l, i);

		if (!(replace >> i & 1) && now->v[i].name[0] && fw_nft_layout_fits(now, i, count)) {
			n.v[i] = now->v[i];
		} else if (count) {
			n.v[i].size = fw_list_set(i)->prefix ? size_for(count) : 0;
			make_name(&n.v[i], i, serial);
		}
	}
	*ret = n;
}

bool fw_nft_layout_same(const struct fw_nft_layout *a, const struct fw_nft_layout *b)
{
	for (size_t i = 0; i < FW_LIST_SETS; i++)
		if (strcmp(a->v[i].name, b->v[i].name) != 0)
			return false;
	return true;
}

int fw_nft_layout_find(const struct fw_nft_layout *l, const char *name)
{
	for (size_t i = 0; i < FW_LIST_SETS; i++)
		if (l->v[i].name[0] && strcmp(l->v[i].name, name) == 0)
			return (int)i;
	return -1;
}

bool fw_nft_list_name(const char *name, unsigned *ret_serial)
{
	const char *s = name, *tail;
	uint64_t v = 0;

	if (strncmp(s, "bl", 2) != 0)
		return false;
	s += s[2] == 'm' ? 3 : 2;
	if ((s[0] != '4' && s[0] != '6') || s[1] != '_')
		return false;
	tail = strstr(s, "_s");
	if (tail && sk_parse_u64(tail + 2, UINT32_MAX, &v) < 0)
		v = 0;
	if (ret_serial)
		*ret_serial = (unsigned)v;
	return true;
}

/* ---- netlink ---- */

void fw_nft_list_put_set(struct fw_nft_batch *b, const struct fw_nft_layout *l, size_t set)
{
	const struct fw_nft_list_set *s = &l->v[set];
	const bool v6 = fw_list_set(set)->family == 6;

	fw_nft_msg_begin(b, NFT_MSG_NEWSET, NLM_F_CREATE, 0, FW_NFT_MSG_SMALL);
	fw_nft_put_str(b, NFTA_SET_TABLE, FW_NFT_TABLE);
	fw_nft_put_str(b, NFTA_SET_NAME, s->name);
	fw_nft_put_be32(b, NFTA_SET_FLAGS, s->size ? 0 : NFT_SET_INTERVAL);
	fw_nft_put_be32(b, NFTA_SET_KEY_TYPE, v6 ? FW_NFT_TYPE_IP6ADDR : FW_NFT_TYPE_IPADDR);
	fw_nft_put_be32(b, NFTA_SET_KEY_LEN, v6 ? 16 : 4);
	fw_nft_put_be32(b, NFTA_SET_ID, (uint32_t)b->n);
	if (s->size) {
		struct nlattr *desc = fw_nft_nest(b, NFTA_SET_DESC);
		fw_nft_put_be32(b, NFTA_SET_DESC_SIZE, s->size);
		fw_nft_nest_end(b, desc);
	}
	fw_nft_set_put_byteorder(b, false);
	fw_nft_msg_end(b);
}

void fw_nft_list_open(struct fw_nft_list_writer *w, struct fw_nft_batch *b,
	const struct fw_nft_layout *l, size_t set, bool add)
{
	const struct fw_list_set *i = fw_list_set(set);

	*w = (struct fw_nft_list_writer){.b = b,
		.name = l->v[set].name,
		.type = add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM,
		.v6 = i->family == 6,
		.ranges = !i->prefix};
	if (i->prefix)
		w->shift = (i->family == 6 ? 128u : 32u) - i->prefix;
}

static void begin(struct fw_nft_list_writer *w)
{
	const unsigned flags = w->type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE | NLM_F_EXCL : 0;

	fw_nft_msg_begin(w->b, w->type, flags, 0, FW_NFT_MSG_LARGE);
	fw_nft_put_str(w->b, NFTA_SET_ELEM_LIST_TABLE, FW_NFT_TABLE);
	fw_nft_put_str(w->b, NFTA_SET_ELEM_LIST_SET, w->name);
	w->list = fw_nft_nest(w->b, NFTA_SET_ELEM_LIST_ELEMENTS);
}

void fw_nft_list_close(struct fw_nft_list_writer *w)
{
	if (!w->list)
		return;
	fw_nft_nest_end(w->b, w->list);
	fw_nft_msg_end(w->b);
	w->list = NULL;
}

static void attr(uint8_t *p, uint16_t type, uint16_t len)
{
	const struct nlattr a = {.nla_len = len, .nla_type = type};

	memcpy(p, &a, sizeof(a));
}

/*
 * An element is nothing but nested headers around its key (linux/netfilter/nf_tables.h): written as
 * bytes, since there are millions of them.
 */
static void put_key(struct fw_nft_list_writer *w, unsigned __int128 a, bool end)
{
	const uint16_t len = w->v6 ? 16 : 4, key = (uint16_t)(2 * MNL_ATTR_HDRLEN + len);
	const uint32_t flags = __builtin_bswap32(NFT_SET_ELEM_INTERVAL_END);
	uint8_t e[ELEMENT_MAX], *p = e + MNL_ATTR_HDRLEN;

	if (!w->list)
		begin(w);
	if (end) {
		attr(p, NFTA_SET_ELEM_FLAGS, MNL_ATTR_HDRLEN + sizeof(flags));
		memcpy(p + MNL_ATTR_HDRLEN, &flags, sizeof(flags));
		p += MNL_ATTR_HDRLEN + sizeof(flags);
	}
	attr(p, NFTA_SET_ELEM_KEY | NLA_F_NESTED, key);
	attr(p + MNL_ATTR_HDRLEN, NFTA_DATA_VALUE, (uint16_t)(MNL_ATTR_HDRLEN + len));
	p += 2 * MNL_ATTR_HDRLEN;
	for (int i = len - 1; i >= 0; i--, a >>= 8)
		p[i] = (uint8_t)a;
	p += len;
	attr(e, NFTA_LIST_ELEM | NLA_F_NESTED, (uint16_t)(p - e));
	fw_nft_put_raw(w->b, e, (size_t)(p - e));
}

/* Both ends of a range stand in one message. */
static void close_full(struct fw_nft_list_writer *w)
{
	w->elements++;
	if (fw_nft_msg_len(w->b) + 2 * ELEMENT_MAX > FW_NFT_NEST_MAX)
		fw_nft_list_close(w);
}

void fw_nft_list_put(struct fw_nft_list_writer *w, unsigned __int128 lo, unsigned __int128 hi)
{
	const unsigned __int128 last = w->v6 ? ~(unsigned __int128)0 : UINT32_MAX;

	if (w->ranges) {
		put_key(w, lo, false);
		/* The end is the first address behind; none after the last. */
		if (hi != last)
			put_key(w, hi + 1, true);
		close_full(w);
		return;
	}
	const unsigned __int128 step = (unsigned __int128)1 << w->shift;
	for (;; lo += step) {
		put_key(w, lo, false);
		close_full(w);
		if (hi - lo < step)
			return;
	}
}

/* ---- text ---- */

void fw_nft_layout_text(struct sk_buf *b, const struct fw_nft_layout *l)
{
	for (size_t i = 0; i < FW_LIST_SETS; i++) {
		const struct fw_nft_list_set *s = &l->v[i];

		if (!s->name[0])
			continue;
		sk_buf_printf(b, "\tset %s {\n\t\ttype %s\n", s->name,
			fw_list_set(i)->family == 6 ? "ipv6_addr" : "ipv4_addr");
		if (s->size)
			sk_buf_printf(b, "\t\tsize %u\n\t}\n", s->size);
		else
			sk_buf_puts(b, "\t\tflags interval\n\t}\n");
	}
}
