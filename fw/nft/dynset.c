/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Meters and lists of blocked sources as messages and as text; see dynset.h. Pure. */
#include "fw/nft/dynset.h"

#include <libmnl/libmnl.h>

#include "fw/nft/batch.h"
#include "fw/nft/nft.h"
#include "fw/nft/rule.h"
#include "fw/nft/sets.h"
#include "fw/nft/uapi.h"

#define MS 1000u
#define PORT_LEN 2u
#define FIELD_ALIGN 4u /* fields of a concatenation begin at whole 32-bit registers */

uint32_t fw_nft_dynset_flags(const struct fw_nft_dynset *s)
{
	return NFT_SET_TIMEOUT | (s->meter ? NFT_SET_EVAL : 0) | (s->port ? FW_NFT_SET_CONCAT : 0);
}

static uint32_t addr_len(const struct fw_nft_dynset *s)
{
	return s->v6 ? 16 : 4;
}

uint32_t fw_nft_dynset_key_len(const struct fw_nft_dynset *s)
{
	return addr_len(s) + (s->port ? FIELD_ALIGN : 0);
}

static void put_concat(struct fw_nft_batch *b, const struct fw_nft_dynset *s)
{
	const uint32_t lens[] = {addr_len(s), PORT_LEN};
	struct nlattr *list = fw_nft_nest(b, NFTA_SET_DESC_CONCAT);

	for (int i = 0; i < 2; i++) {
		struct nlattr *e = fw_nft_nest(b, NFTA_LIST_ELEM);
		fw_nft_put_be32(b, NFTA_SET_FIELD_LEN, lens[i]);
		fw_nft_nest_end(b, e);
	}
	fw_nft_nest_end(b, list);
}

void fw_nft_dynset_put(struct fw_nft_batch *b, const struct fw_nft_dynset *s)
{
	uint32_t type = s->v6 ? FW_NFT_TYPE_IP6ADDR : FW_NFT_TYPE_IPADDR;

	if (s->port)
		type = type << FW_NFT_TYPE_BITS | FW_NFT_TYPE_INET_SERVICE;
	fw_nft_msg_begin(b, NFT_MSG_NEWSET, NLM_F_CREATE, 0, FW_NFT_MSG_SMALL);
	fw_nft_put_str(b, NFTA_SET_TABLE, FW_NFT_TABLE);
	fw_nft_put_str(b, NFTA_SET_NAME, s->name);
	fw_nft_put_be32(b, NFTA_SET_FLAGS, fw_nft_dynset_flags(s));
	fw_nft_put_be32(b, NFTA_SET_KEY_TYPE, type);
	fw_nft_put_be32(b, NFTA_SET_KEY_LEN, fw_nft_dynset_key_len(s));
	fw_nft_put_be32(b, NFTA_SET_ID, (uint32_t)b->n);
	if (s->timeout)
		fw_nft_put_be64(b, NFTA_SET_TIMEOUT, (uint64_t)s->timeout * MS);
	struct nlattr *desc = fw_nft_nest(b, NFTA_SET_DESC);
	fw_nft_put_be32(b, NFTA_SET_DESC_SIZE, s->size);
	if (s->port)
		put_concat(b, s);
	fw_nft_nest_end(b, desc);
	if (!s->port)
		fw_nft_set_put_byteorder(b, false);
	fw_nft_msg_end(b);
}

void fw_nft_dynset_text(struct sk_buf *b, const struct fw_nft_dynset *s)
{
	sk_buf_printf(b, "\tset %s {\n\t\ttype %s%s\n\t\tsize %u\n\t\tflags %stimeout\n", s->name,
		s->v6 ? "ipv6_addr" : "ipv4_addr", s->port ? " . inet_service" : "", s->size,
		s->meter ? "dynamic," : "");
	if (s->timeout)
		sk_buf_printf(b, "\t\ttimeout %us\n", s->timeout);
	sk_buf_puts(b, "\t}\n");
}

/* ---- the expressions ---- */

struct expr {
	struct nlattr *elem, *data;
};

static struct expr begin(struct fw_nft_batch *b, uint16_t type, const char *name)
{
	struct expr e;

	e.elem = fw_nft_nest(b, type);
	fw_nft_put_str(b, NFTA_EXPR_NAME, name);
	e.data = fw_nft_nest(b, NFTA_EXPR_DATA);
	return e;
}

static void end(struct fw_nft_batch *b, struct expr e)
{
	fw_nft_nest_end(b, e.data);
	fw_nft_nest_end(b, e.elem);
}

static void load(struct fw_nft_batch *b, enum fw_nft_field f, uint32_t reg)
{
	const struct fw_nft_field_info *i = fw_nft_field(f);
	struct expr e = begin(b, NFTA_LIST_ELEM, "payload");

	fw_nft_put_be32(b, NFTA_PAYLOAD_DREG, reg);
	fw_nft_put_be32(b, NFTA_PAYLOAD_BASE, i->key);
	fw_nft_put_be32(b, NFTA_PAYLOAD_OFFSET, i->off);
	fw_nft_put_be32(b, NFTA_PAYLOAD_LEN, i->len);
	end(b, e);
}

static void put_data(struct fw_nft_batch *b, uint16_t type, const void *p, size_t n)
{
	struct nlattr *a = fw_nft_nest(b, type);
	fw_nft_put(b, NFTA_DATA_VALUE, p, n);
	fw_nft_nest_end(b, a);
}

static void keep_net64(struct fw_nft_batch *b)
{
	static const uint8_t mask[16] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, zero[16];
	struct expr e = begin(b, NFTA_LIST_ELEM, "bitwise");

	fw_nft_put_be32(b, NFTA_BITWISE_SREG, NFT_REG_1);
	fw_nft_put_be32(b, NFTA_BITWISE_DREG, NFT_REG_1);
	fw_nft_put_be32(b, NFTA_BITWISE_LEN, sizeof(mask));
	put_data(b, NFTA_BITWISE_MASK, mask, sizeof(mask));
	put_data(b, NFTA_BITWISE_XOR, zero, sizeof(zero));
	end(b, e);
}

struct rate {
	uint32_t rate, unit, burst;
	bool over;
};

static void put_limit(struct fw_nft_batch *b, uint16_t type, const struct rate *r)
{
	struct expr e = begin(b, type, "limit");

	fw_nft_put_be64(b, NFTA_LIMIT_RATE, r->rate);
	fw_nft_put_be64(b, NFTA_LIMIT_UNIT, r->unit);
	fw_nft_put_be32(b, NFTA_LIMIT_BURST, r->burst);
	fw_nft_put_be32(b, NFTA_LIMIT_TYPE, NFT_LIMIT_PKTS);
	fw_nft_put_be32(b, NFTA_LIMIT_FLAGS, r->over ? NFT_LIMIT_F_INV : 0);
	end(b, e);
}

void fw_nft_limit_put(struct fw_nft_batch *b, uint32_t rate, uint32_t burst)
{
	put_limit(b, NFTA_LIST_ELEM, &(struct rate){.rate = rate, .unit = 1, .burst = burst});
}

static enum fw_nft_field address(const struct fw_nft_meter *m)
{
	if (m->set->v6)
		return m->dest ? FW_NFT_DADDR6 : FW_NFT_SADDR6;
	return m->dest ? FW_NFT_DADDR4 : FW_NFT_SADDR4;
}

void fw_nft_meter_put(struct fw_nft_batch *b, const struct fw_nft_meter *m)
{
	/* 32-bit registers and 128-bit ones are the same memory. */
	const uint32_t second = m->set->v6 ? NFT_REG32_04 : NFT_REG32_01;
	const struct rate rate = {m->rate, m->unit, m->burst, true};

	load(b, address(m), NFT_REG_1);
	if (m->net64)
		keep_net64(b);
	if (m->set->port)
		load(b, FW_NFT_DPORT, second);
	struct expr e = begin(b, NFTA_LIST_ELEM, "dynset");
	fw_nft_put_str(b, NFTA_DYNSET_SET_NAME, m->set->name);
	fw_nft_put_be32(b, NFTA_DYNSET_OP, NFT_DYNSET_OP_UPDATE);
	fw_nft_put_be32(b, NFTA_DYNSET_SREG_KEY, NFT_REG_1);
	put_limit(b, NFTA_DYNSET_EXPR, &rate);
	end(b, e);
}

void fw_nft_meter_text(struct sk_buf *b, const struct fw_nft_meter *m)
{
	sk_buf_printf(b, "update @%s { %s%s%s limit rate over %u/%s burst %u packets } ",
		m->set->name, fw_nft_field(address(m))->text,
		m->net64 ? " and ffff:ffff:ffff:ffff::" : "", m->set->port ? " . th dport" : "",
		m->rate, m->unit == 60 ? "minute" : "second", m->burst);
}
