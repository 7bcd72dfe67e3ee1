/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rule as netlink expressions. Attributes are written straight into the batch: an object for each
 * expression, as libnftnl has it, would double the memory of an apply and checks no bounds.
 */
#include "fw/nft/rule.h"

#include <string.h>

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <libnftnl/udata.h>

#include "fw/nft/batch.h"
#include "fw/nft/int.h"
#include "fw/nft/log_prefix.h"
#include "fw/nft/nft.h"
#include "fw/nft/sets.h"
#include "fw/nft/uapi.h"

#define TCP_OPTION_MSS 2 /* RFC 9293, 3.2 */

struct expr {
	struct nlattr *elem, *data;
};

static struct expr begin(struct fw_nft_batch *b, const char *name)
{
	struct expr e;

	e.elem = fw_nft_nest(b, NFTA_LIST_ELEM);
	fw_nft_put_str(b, NFTA_EXPR_NAME, name);
	e.data = fw_nft_nest(b, NFTA_EXPR_DATA);
	return e;
}

static void end(struct fw_nft_batch *b, struct expr e)
{
	fw_nft_nest_end(b, e.data);
	fw_nft_nest_end(b, e.elem);
}

static void put_data(struct fw_nft_batch *b, uint16_t type, const void *p, size_t n)
{
	struct nlattr *a = fw_nft_nest(b, type);
	fw_nft_put(b, NFTA_DATA_VALUE, p, n);
	fw_nft_nest_end(b, a);
}

static void load_payload(struct fw_nft_batch *b, const struct fw_nft_field_info *f, size_t len)
{
	struct expr e = begin(b, "payload");
	fw_nft_put_be32(b, NFTA_PAYLOAD_DREG, NFT_REG_1);
	fw_nft_put_be32(b, NFTA_PAYLOAD_BASE, f->key);
	fw_nft_put_be32(b, NFTA_PAYLOAD_OFFSET, f->off);
	fw_nft_put_be32(b, NFTA_PAYLOAD_LEN, (uint32_t)len);
	end(b, e);
}

static void load_meta(struct fw_nft_batch *b, uint32_t key, uint32_t reg)
{
	struct expr e = begin(b, "meta");
	fw_nft_put_be32(b, NFTA_META_DREG, reg);
	fw_nft_put_be32(b, NFTA_META_KEY, key);
	end(b, e);
}

static void load_ct(struct fw_nft_batch *b, uint32_t key)
{
	struct expr e = begin(b, "ct");
	fw_nft_put_be32(b, NFTA_CT_DREG, NFT_REG_1);
	fw_nft_put_be32(b, NFTA_CT_KEY, key);
	end(b, e);
}

static void load_fib(struct fw_nft_batch *b, const struct fw_nft_field_info *f)
{
	struct expr e = begin(b, "fib");
	fw_nft_put_be32(b, NFTA_FIB_DREG, NFT_REG_1);
	fw_nft_put_be32(b, NFTA_FIB_RESULT, f->key);
	fw_nft_put_be32(b, NFTA_FIB_FLAGS, f->off);
	end(b, e);
}

/* Load len bytes of the field into register 1. */
static void load(struct fw_nft_batch *b, const struct fw_nft_field_info *f, size_t len)
{
	switch (f->load[0]) {
	case 'p': load_payload(b, f, len); break;
	case 'm': load_meta(b, f->key, NFT_REG_1); break;
	case 'c': load_ct(b, f->key); break;
	default: load_fib(b, f); break;
	}
}

static void put_cmp(struct fw_nft_batch *b, uint32_t op, const void *p, size_t n)
{
	struct expr e = begin(b, "cmp");
	fw_nft_put_be32(b, NFTA_CMP_SREG, NFT_REG_1);
	fw_nft_put_be32(b, NFTA_CMP_OP, op);
	put_data(b, NFTA_CMP_DATA, p, n);
	end(b, e);
}

/* register 1 = (register 1 & mask) ^ xor_ */
static void put_mask(struct fw_nft_batch *b, const void *mask, const void *xor_, size_t n)
{
	struct expr e = begin(b, "bitwise");
	fw_nft_put_be32(b, NFTA_BITWISE_SREG, NFT_REG_1);
	fw_nft_put_be32(b, NFTA_BITWISE_DREG, NFT_REG_1);
	fw_nft_put_be32(b, NFTA_BITWISE_LEN, (uint32_t)n);
	put_data(b, NFTA_BITWISE_MASK, mask, n);
	put_data(b, NFTA_BITWISE_XOR, xor_, n);
	end(b, e);
}

static void put_range(struct fw_nft_batch *b, const void *lo, const void *hi, size_t n)
{
	struct expr e = begin(b, "range");
	fw_nft_put_be32(b, NFTA_RANGE_SREG, NFT_REG_1);
	fw_nft_put_be32(b, NFTA_RANGE_OP, NFT_RANGE_EQ);
	put_data(b, NFTA_RANGE_FROM_DATA, lo, n);
	put_data(b, NFTA_RANGE_TO_DATA, hi, n);
	end(b, e);
}

static void mask_of(uint8_t mask[16], unsigned bits)
{
	memset(mask, 0, 16);
	memset(mask, 0xff, bits / 8u);
	if (bits % 8)
		mask[bits / 8u] = (uint8_t)(0xff00u >> (bits % 8));
}

static void put_keep(struct fw_nft_batch *b, unsigned bits, size_t n)
{
	const uint8_t zero[16] = {0};
	uint8_t mask[16];

	mask_of(mask, bits);
	put_mask(b, mask, zero, n);
}

static void put_prefix(struct fw_nft_batch *b, const struct fw_nft_match *m)
{
	const struct fw_nft_field_info *f = fw_nft_field(m->field);

	if (m->prefix % 8 == 0) {
		load(b, f, m->prefix / 8u);
		put_cmp(b, NFT_CMP_EQ, m->lo, m->prefix / 8u);
		return;
	}
	load(b, f, f->len);
	put_keep(b, m->prefix, f->len);
	put_cmp(b, NFT_CMP_EQ, m->lo, f->len);
}

static void put_lookup(struct fw_nft_batch *b, const char *set, bool verdict)
{
	struct expr e = begin(b, "lookup");
	fw_nft_put_str(b, NFTA_LOOKUP_SET, set);
	fw_nft_put_be32(b, NFTA_LOOKUP_SREG, NFT_REG_1);
	if (verdict)
		fw_nft_put_be32(b, NFTA_LOOKUP_DREG, NFT_REG_VERDICT);
	end(b, e);
}

static void put_match(struct fw_nft_batch *b, const struct fw_nft_match *m)
{
	const struct fw_nft_field_info *f = fw_nft_field(m->field);
	const uint8_t zero[16] = {0};

	if (m->op == FW_NFT_PREFIX) {
		put_prefix(b, m);
		return;
	}
	load(b, f, f->len);
	if (m->keep)
		put_keep(b, m->keep, f->len);
	switch (m->op) {
	case FW_NFT_EQ: put_cmp(b, NFT_CMP_EQ, m->lo, f->len); break;
	case FW_NFT_RANGE: put_range(b, m->lo, m->hi, f->len); break;
	case FW_NFT_BITS:
		put_mask(b, m->lo, zero, f->len);
		put_cmp(b, NFT_CMP_NEQ, zero, f->len);
		break;
	case FW_NFT_MASKED:
		put_mask(b, m->hi, zero, f->len);
		put_cmp(b, NFT_CMP_EQ, m->lo, f->len);
		break;
	default: put_lookup(b, m->dyn ? m->dyn : m->set->name, false); break;
	}
}

static void put_map(struct fw_nft_batch *b, const struct fw_nft_rule *r)
{
	if (r->map_in)
		load_meta(b, NFT_META_IIFNAME, NFT_REG_1);
	if (r->map_out)
		load_meta(b, NFT_META_OIFNAME, r->map_in ? NFT_REG_2 : NFT_REG_1);
	put_lookup(b, r->map, true);
}

static void put_counter(struct fw_nft_batch *b, uint32_t number)
{
	char name[FW_NFT_NAME_MAX];

	fw_nft_counter_name(name, number);
	struct expr e = begin(b, "objref");
	fw_nft_put_be32(b, NFTA_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
	fw_nft_put_str(b, NFTA_OBJREF_IMM_NAME, name);
	end(b, e);
}

static void put_log(struct fw_nft_batch *b, const struct fw_nft_rule *r)
{
	char prefix[FW_LOG_PREFIX_MAX];

	fw_log_prefix_encode(prefix, r->log, r->number, r->revision, r->reason);
	struct expr e = begin(b, "log");
	fw_nft_put_be16(b, NFTA_LOG_GROUP, FW_NFT_LOG_GROUP);
	fw_nft_put_str(b, NFTA_LOG_PREFIX, prefix);
	fw_nft_put_be32(b, NFTA_LOG_SNAPLEN, FW_NFT_LOG_SNAPLEN);
	end(b, e);
}

/* ct mark = (ct mark & keep) | value; value has no bit of keep */
static void put_mark(struct fw_nft_batch *b, uint32_t keep, uint32_t value)
{
	load_ct(b, NFT_CT_MARK);
	put_mask(b, &keep, &value, sizeof(keep));
	struct expr e = begin(b, "ct");
	fw_nft_put_be32(b, NFTA_CT_SREG, NFT_REG_1);
	fw_nft_put_be32(b, NFTA_CT_KEY, NFT_CT_MARK);
	end(b, e);
}

/* mark = (mark & ~out) | in */
static void put_meta_mark(struct fw_nft_batch *b, uint32_t out, uint32_t in)
{
	const uint32_t keep = ~(out | in);

	load_meta(b, NFT_META_MARK, NFT_REG_1);
	put_mask(b, &keep, &in, sizeof(keep));
	struct expr e = begin(b, "meta");
	fw_nft_put_be32(b, NFTA_META_SREG, NFT_REG_1);
	fw_nft_put_be32(b, NFTA_META_KEY, NFT_META_MARK);
	end(b, e);
}

/*
 * TCP's maximum segment size = the smaller of the path's MTU in either direction, less headers
 * (net/netfilter/nft_rt.c). The kernel never raises one that a peer asked for (nft_exthdr.c).
 */
static void put_mss(struct fw_nft_batch *b)
{
	struct expr e = begin(b, "rt");
	fw_nft_put_be32(b, NFTA_RT_DREG, NFT_REG_1);
	fw_nft_put_be32(b, NFTA_RT_KEY, NFT_RT_TCPMSS);
	end(b, e);
	/* nft loads host order and turns it into the header's (nft(8): RT EXPRESSIONS). */
	e = begin(b, "byteorder");
	fw_nft_put_be32(b, NFTA_BYTEORDER_SREG, NFT_REG_1);
	fw_nft_put_be32(b, NFTA_BYTEORDER_DREG, NFT_REG_1);
	fw_nft_put_be32(b, NFTA_BYTEORDER_OP, NFT_BYTEORDER_HTON);
	fw_nft_put_be32(b, NFTA_BYTEORDER_LEN, sizeof(uint16_t));
	fw_nft_put_be32(b, NFTA_BYTEORDER_SIZE, sizeof(uint16_t));
	end(b, e);
	e = begin(b, "exthdr");
	fw_nft_put_be32(b, NFTA_EXTHDR_SREG, NFT_REG_1);
	fw_nft_put_u8(b, NFTA_EXTHDR_TYPE, TCP_OPTION_MSS);
	fw_nft_put_be32(b, NFTA_EXTHDR_OFFSET, 2);
	fw_nft_put_be32(b, NFTA_EXTHDR_LEN, sizeof(uint16_t));
	fw_nft_put_be32(b, NFTA_EXTHDR_OP, NFT_EXTHDR_OP_TCPOPT);
	end(b, e);
}

static void put_immediate(struct fw_nft_batch *b, uint32_t reg, const void *p, size_t n)
{
	struct expr e = begin(b, "immediate");
	fw_nft_put_be32(b, NFTA_IMMEDIATE_DREG, reg);
	put_data(b, NFTA_IMMEDIATE_DATA, p, n);
	end(b, e);
}

static void put_nat(struct fw_nft_batch *b, const struct fw_nft_rule *r)
{
	const bool v6 = r->nat_addr.family == 6;
	const uint16_t port = htons(r->nat_port);
	unsigned __int128 a = r->nat_addr.a;
	uint8_t addr[16];

	if (r->nat == FW_NFT_NAT_MASQUERADE) {
		end(b, begin(b, "masq"));
		return;
	}
	for (int i = v6 ? 15 : 3; i >= 0; i--, a >>= 8)
		addr[i] = (uint8_t)a;
	put_immediate(b, NFT_REG_1, addr, v6 ? 16 : 4);
	if (r->nat_port)
		put_immediate(b, NFT_REG_2, &port, sizeof(port));
	struct expr e = begin(b, "nat");
	fw_nft_put_be32(b, NFTA_NAT_TYPE, r->nat == FW_NFT_NAT_DST ? NFT_NAT_DNAT : NFT_NAT_SNAT);
	fw_nft_put_be32(b, NFTA_NAT_FAMILY, v6 ? NFPROTO_IPV6 : NFPROTO_IPV4);
	fw_nft_put_be32(b, NFTA_NAT_REG_ADDR_MIN, NFT_REG_1);
	if (r->nat_port)
		fw_nft_put_be32(b, NFTA_NAT_REG_PROTO_MIN, NFT_REG_2);
	end(b, e);
}

static void put_reject(struct fw_nft_batch *b, bool reset)
{
	struct expr e = begin(b, "reject");
	fw_nft_put_be32(b, NFTA_REJECT_TYPE, reset ? NFT_REJECT_TCP_RST : NFT_REJECT_ICMPX_UNREACH);
	if (!reset)
		fw_nft_put_u8(b, NFTA_REJECT_ICMP_CODE, NFT_REJECT_ICMPX_ADMIN_PROHIBITED);
	end(b, e);
}

static void put_verdict(struct fw_nft_batch *b, uint32_t code, const char *chain)
{
	struct expr e = begin(b, "immediate");
	fw_nft_put_be32(b, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	struct nlattr *data = fw_nft_nest(b, NFTA_IMMEDIATE_DATA);
	struct nlattr *v = fw_nft_nest(b, NFTA_DATA_VERDICT);
	fw_nft_put_be32(b, NFTA_VERDICT_CODE, code);
	if (chain)
		fw_nft_put_str(b, NFTA_VERDICT_CHAIN, chain);
	fw_nft_nest_end(b, v);
	fw_nft_nest_end(b, data);
	end(b, e);
}

static void put_actions(struct fw_nft_batch *b, const struct fw_nft_rule *r)
{
	if (r->meter.set)
		fw_nft_meter_put(b, &r->meter);
	if (r->limit)
		fw_nft_limit_put(b, r->limit, r->limit);
	if (r->count)
		put_counter(b, r->number);
	if (r->log)
		put_log(b, r);
	if (r->mark)
		put_mark(b, ~FW_MARK_MASK, r->number << FW_MARK_SHIFT);
	if (r->ct_verdict || r->ct_clear)
		put_mark(b, ~FW_MARK_VERDICT, r->ct_verdict);
	if (r->meta_clear)
		put_meta_mark(b, FW_MARK_VERDICT, 0);
	if (r->meta_out || r->meta_in)
		put_meta_mark(b, r->meta_out, r->meta_in);
	if (r->mss)
		put_mss(b);
	if (r->nat != FW_NFT_NAT_NONE)
		put_nat(b, r);
	switch (r->verdict) {
	case FW_NFT_CONTINUE: break;
	case FW_NFT_ACCEPT: put_verdict(b, NF_ACCEPT, NULL); break;
	case FW_NFT_DROP: put_verdict(b, NF_DROP, NULL); break;
	case FW_NFT_GOTO: put_verdict(b, (uint32_t)NFT_GOTO, r->target); break;
	case FW_NFT_JUMP: put_verdict(b, (uint32_t)NFT_JUMP, r->target); break;
	case FW_NFT_RETURN: put_verdict(b, (uint32_t)NFT_RETURN, NULL); break;
	case FW_NFT_QUEUE: fw_nft_queue_put(b, r); break;
	case FW_NFT_RESET: put_reject(b, true); break;
	case FW_NFT_PROHIBITED: put_reject(b, false); break;
	}
}

/* What `nft list` shows as comment (libnftnl/udata.h: type, length, text with its NUL). */
static void put_comment(struct fw_nft_batch *b, const struct fw_nft_rule *r)
{
	uint8_t tlv[2 + FW_NFT_NAME_MAX];
	char text[FW_NFT_NAME_MAX];

	fw_nft_comment(text, r->number, r->revision);
	tlv[0] = NFTNL_UDATA_RULE_COMMENT;
	tlv[1] = (uint8_t)(strlen(text) + 1);
	memcpy(tlv + 2, text, tlv[1]);
	fw_nft_put(b, NFTA_RULE_USERDATA, tlv, 2u + tlv[1]);
}

void fw_nft_rule_put(struct fw_nft_batch *b, const struct fw_nft_rule *r)
{
	fw_nft_msg_begin(
		b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, r->number, FW_NFT_MSG_SMALL);
	fw_nft_put_str(b, NFTA_RULE_TABLE, FW_NFT_TABLE);
	fw_nft_put_str(b, NFTA_RULE_CHAIN, r->chain);
	struct nlattr *list = fw_nft_nest(b, NFTA_RULE_EXPRESSIONS);
	for (size_t i = 0; i < r->n; i++)
		put_match(b, &r->m[i]);
	if (r->map)
		put_map(b, r);
	put_actions(b, r);
	fw_nft_nest_end(b, list);
	put_comment(b, r);
	fw_nft_msg_end(b);
}
