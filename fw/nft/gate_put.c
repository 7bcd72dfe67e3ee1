/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The gate's chains, sets, rules and elements as attributes; see gate_put.h. Pure. */
#include "fw/nft/gate_put.h"

#include <arpa/inet.h>
#include <string.h>

#include <libmnl/libmnl.h>
#include <libnftnl/udata.h>

#include "fw/nft/sets.h"
#include "fw/nft/uapi.h"
#include "lib/util.h"

#define TYPE_ETHER_ADDR 9u /* nft(8), datatype.h */
#define FIELD_ALIGN 8u     /* an address in a key that has more */
#define MS 1000u
#define NAT_PRIORITY (-101)   /* before the policy's own translation */
#define FORWARD_PRIORITY (-5) /* before the policy's filter */
#define FORWARDED_PRIORITY 30 /* behind inspection, which sets the mark */

/* Netdev hooks (linux/netfilter.h); egress is younger than the oldest headers. */
#define HOOK_INGRESS 0u
#define HOOK_EGRESS 1u

static const struct field {
	const char *load; /* meta, payload, fib */
	uint8_t key;      /* meta key, payload base */
	uint8_t off, len;
} fields[FW_GATE_FIELDS] = {
	[FW_GATE_F_DMAC] = {"payload", NFT_PAYLOAD_LL_HEADER, 0, 6},
	[FW_GATE_F_SMAC] = {"payload", NFT_PAYLOAD_LL_HEADER, 6, 6},
	[FW_GATE_F_ETYPE] = {"payload", NFT_PAYLOAD_LL_HEADER, 12, 2},
	[FW_GATE_F_L4PROTO] = {"meta", NFT_META_L4PROTO, 0, 1},
	[FW_GATE_F_HOPLIMIT] = {"payload", NFT_PAYLOAD_NETWORK_HEADER, 7, 1},
	[FW_GATE_F_SPORT] = {"payload", NFT_PAYLOAD_TRANSPORT_HEADER, 0, 2},
	[FW_GATE_F_DPORT] = {"payload", NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2},
	[FW_GATE_F_ICMP_TYPE] = {"payload", NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1},
	[FW_GATE_F_MARK] = {"meta", NFT_META_MARK, 0, 4},
	[FW_GATE_F_IIFNAME] = {"meta", NFT_META_IIFNAME, 0, IFNAMSIZ},
	[FW_GATE_F_OIFNAME] = {"meta", NFT_META_OIFNAME, 0, IFNAMSIZ},
	[FW_GATE_F_FIB_DADDR] = {"fib", NFT_FIB_RESULT_ADDRTYPE, NFTA_FIB_F_DADDR, 4},
	[FW_GATE_F_SKUID] = {"meta", NFT_META_SKUID, 0, 4},
};

static const struct keys {
	bool port, mac;
	enum fw_gate_field port_field, mac_field;
} keys[] = {
	[FW_GATE_K_IN_SMAC] = {true, true, FW_GATE_F_IIFNAME, FW_GATE_F_SMAC},
	[FW_GATE_K_IN_DMAC] = {true, true, FW_GATE_F_IIFNAME, FW_GATE_F_DMAC},
	[FW_GATE_K_OUT_DMAC] = {true, true, FW_GATE_F_OIFNAME, FW_GATE_F_DMAC},
	[FW_GATE_K_OUT_SMAC] = {true, true, FW_GATE_F_OIFNAME, FW_GATE_F_SMAC},
	[FW_GATE_K_SMAC] = {false, true, 0, FW_GATE_F_SMAC},
	[FW_GATE_K_OUT] = {true, false, FW_GATE_F_OIFNAME, 0},
};

static const struct fw_gate_list_info lists[FW_GATE_LISTS] = {
	[FW_GATE_L_IN] = {FW_GATE_MAP_IN, sizeof(struct fw_gate_key), true, true},
	[FW_GATE_L_OUT] = {FW_GATE_MAP_OUT, sizeof(struct fw_gate_key), true, true},
	[FW_GATE_L_GROUP] = {FW_GATE_MAP_GROUP, IFNAMSIZ, true, true},
	[FW_GATE_L_GATEWAY] = {FW_GATE_SET_GATEWAY, sizeof(struct fw_gate_key), false, false},
	[FW_GATE_L_KNOWN] = {FW_GATE_SET_KNOWN, FW_MAC_LEN, false, false},
};

const struct fw_gate_list_info *fw_gate_list(enum fw_gate_list l)
{
	return &lists[l];
}

uint32_t fw_gate_keys_len(enum fw_gate_keys k)
{
	if (keys[k].port && keys[k].mac)
		return sizeof(struct fw_gate_key);
	return keys[k].port ? IFNAMSIZ : FW_MAC_LEN;
}

uint32_t fw_gate_set_flags(const struct fw_gate_set *s)
{
	return (s->verdicts ? NFT_SET_MAP : 0) | (s->timeouts ? NFT_SET_TIMEOUT : 0) |
		(s->dynamic ? NFT_SET_EVAL : 0) |
		(keys[s->keys].port && keys[s->keys].mac ? FW_NFT_SET_CONCAT : 0);
}

uint32_t fw_gate_hook_num(enum fw_gate_hook h)
{
	switch (h) {
	case FW_GATE_INGRESS: return HOOK_INGRESS;
	case FW_GATE_EGRESS: return HOOK_EGRESS;
	case FW_GATE_NAT: return NF_INET_PRE_ROUTING;
	default: return NF_INET_FORWARD;
	}
}

int32_t fw_gate_hook_priority(enum fw_gate_hook h)
{
	switch (h) {
	case FW_GATE_NAT: return NAT_PRIORITY;
	case FW_GATE_FORWARD: return FORWARD_PRIORITY;
	case FW_GATE_FORWARDED: return FORWARDED_PRIORITY;
	default: return FW_GATE_PRIORITY;
	}
}

/* ---- messages ---- */

void fw_gate_begin(struct fw_nft_batch *b, bool inet, int type, unsigned flags)
{
	struct nfgenmsg *g;

	fw_nft_msg_begin(b, type, flags, 0, FW_NFT_MSG_SMALL);
	if (b->err || !b->msg || inet)
		return;
	g = mnl_nlmsg_get_payload(b->msg);
	g->nfgen_family = NFPROTO_NETDEV;
}

void fw_gate_put_chain(struct fw_nft_batch *b, const struct fw_gate_chain *c)
{
	fw_gate_begin(b, c->inet, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	fw_nft_put_str(b, NFTA_CHAIN_TABLE, FW_GATE_TABLE);
	fw_nft_put_str(b, NFTA_CHAIN_NAME, c->name);
	if (c->hook != FW_GATE_REGULAR) {
		struct nlattr *hook = fw_nft_nest(b, NFTA_CHAIN_HOOK);
		fw_nft_put_be32(b, NFTA_HOOK_HOOKNUM, fw_gate_hook_num(c->hook));
		fw_nft_put_be32(b, NFTA_HOOK_PRIORITY, (uint32_t)fw_gate_hook_priority(c->hook));
		if (c->device[0])
			fw_nft_put_str(b, NFTA_HOOK_DEV, c->device);
		fw_nft_nest_end(b, hook);
		fw_nft_put_be32(b, NFTA_CHAIN_POLICY, c->drop ? NF_DROP : NF_ACCEPT);
		fw_nft_put_str(b, NFTA_CHAIN_TYPE, c->hook == FW_GATE_NAT ? "nat" : "filter");
	}
	fw_nft_msg_end(b);
}

void fw_gate_put_policy(struct fw_nft_batch *b, const struct fw_gate_chain *c)
{
	fw_gate_begin(b, c->inet, NFT_MSG_NEWCHAIN, 0);
	fw_nft_put_str(b, NFTA_CHAIN_TABLE, FW_GATE_TABLE);
	fw_nft_put_str(b, NFTA_CHAIN_NAME, c->name);
	fw_nft_put_be32(b, NFTA_CHAIN_POLICY, c->drop ? NF_DROP : NF_ACCEPT);
	fw_nft_msg_end(b);
}

static void put_concat(struct fw_nft_batch *b)
{
	const uint32_t lens[] = {IFNAMSIZ, FW_MAC_LEN};
	struct nlattr *list = fw_nft_nest(b, NFTA_SET_DESC_CONCAT);

	for (int i = 0; i < 2; i++) {
		struct nlattr *e = fw_nft_nest(b, NFTA_LIST_ELEM);
		fw_nft_put_be32(b, NFTA_SET_FIELD_LEN, lens[i]);
		fw_nft_nest_end(b, e);
	}
	fw_nft_nest_end(b, list);
}

void fw_gate_put_set(struct fw_nft_batch *b, const struct fw_gate_set *s)
{
	const struct keys *k = &keys[s->keys];
	uint32_t type = k->port ? FW_NFT_TYPE_IFNAME : TYPE_ETHER_ADDR;

	if (k->port && k->mac)
		type = type << FW_NFT_TYPE_BITS | TYPE_ETHER_ADDR;
	fw_gate_begin(b, false, NFT_MSG_NEWSET, NLM_F_CREATE);
	fw_nft_put_str(b, NFTA_SET_TABLE, FW_GATE_TABLE);
	fw_nft_put_str(b, NFTA_SET_NAME, s->name);
	fw_nft_put_be32(b, NFTA_SET_FLAGS, fw_gate_set_flags(s));
	fw_nft_put_be32(b, NFTA_SET_KEY_TYPE, type);
	fw_nft_put_be32(b, NFTA_SET_KEY_LEN, fw_gate_keys_len(s->keys));
	fw_nft_put_be32(b, NFTA_SET_ID, (uint32_t)b->n);
	if (s->verdicts) {
		fw_nft_put_be32(b, NFTA_SET_DATA_TYPE, FW_NFT_TYPE_VERDICT);
		fw_nft_put_be32(b, NFTA_SET_DATA_LEN, 0);
	}
	if (s->timeout)
		fw_nft_put_be64(b, NFTA_SET_TIMEOUT, (uint64_t)s->timeout * MS);
	struct nlattr *desc = fw_nft_nest(b, NFTA_SET_DESC);
	fw_nft_put_be32(b, NFTA_SET_DESC_SIZE, s->size);
	if (k->port && k->mac)
		put_concat(b);
	fw_nft_nest_end(b, desc);
	if (!(k->port && k->mac))
		fw_nft_set_put_byteorder(b, k->port);
	fw_nft_msg_end(b);
}

void fw_gate_put_counter(struct fw_nft_batch *b, const char *name)
{
	fw_gate_begin(b, false, NFT_MSG_NEWOBJ, NLM_F_CREATE);
	fw_nft_put_str(b, NFTA_OBJ_TABLE, FW_GATE_TABLE);
	fw_nft_put_str(b, NFTA_OBJ_NAME, name);
	fw_nft_put_be32(b, NFTA_OBJ_TYPE, NFT_OBJECT_COUNTER);
	struct nlattr *data = fw_nft_nest(b, NFTA_OBJ_DATA);
	fw_nft_put_be64(b, NFTA_COUNTER_BYTES, 0);
	fw_nft_put_be64(b, NFTA_COUNTER_PACKETS, 0);
	fw_nft_nest_end(b, data);
	fw_nft_msg_end(b);
}

void fw_gate_put_del(struct fw_nft_batch *b, bool inet, int type, const char *name)
{
	static const uint16_t name_attr[] = {[NFT_MSG_DELCHAIN] = NFTA_CHAIN_NAME,
		[NFT_MSG_DELSET] = NFTA_SET_NAME,
		[NFT_MSG_DELSETELEM] = NFTA_SET_ELEM_LIST_SET,
		[NFT_MSG_DELOBJ] = NFTA_OBJ_NAME};

	fw_gate_begin(b, inet, type, 0);
	/* The table is attribute 1 of every kind. */
	fw_nft_put_str(b, NFTA_RULE_TABLE, FW_GATE_TABLE);
	if (name)
		fw_nft_put_str(b, name_attr[type], name);
	if (type == NFT_MSG_DELOBJ)
		fw_nft_put_be32(b, NFTA_OBJ_TYPE, NFT_OBJECT_COUNTER);
	fw_nft_msg_end(b);
}

/* ---- verdicts and elements ---- */

static void put_code(struct fw_nft_batch *b, uint16_t type, uint32_t code, const char *chain)
{
	struct nlattr *data = fw_nft_nest(b, type);
	struct nlattr *v = fw_nft_nest(b, NFTA_DATA_VERDICT);

	fw_nft_put_be32(b, NFTA_VERDICT_CODE, code);
	if (chain)
		fw_nft_put_str(b, NFTA_VERDICT_CHAIN, chain);
	fw_nft_nest_end(b, v);
	fw_nft_nest_end(b, data);
}

static void put_elem_verdict(struct fw_nft_batch *b, enum fw_gate_verdict v)
{
	switch (v) {
	case FW_GATE_V_ACCEPT: put_code(b, NFTA_SET_ELEM_DATA, NF_ACCEPT, NULL); break;
	case FW_GATE_V_DROP: put_code(b, NFTA_SET_ELEM_DATA, NF_DROP, NULL); break;
	case FW_GATE_V_IN:
		put_code(b, NFTA_SET_ELEM_DATA, (uint32_t)NFT_GOTO, FW_GATE_CHAIN_IN);
		break;
	case FW_GATE_V_OUT:
		put_code(b, NFTA_SET_ELEM_DATA, (uint32_t)NFT_GOTO, FW_GATE_CHAIN_OUT);
		break;
	}
}

static void put_comment(struct fw_nft_batch *b, const char *text)
{
	uint8_t tlv[2 + 32];
	const size_t n = strlen(text) + 1;

	tlv[0] = NFTNL_UDATA_SET_ELEM_COMMENT;
	tlv[1] = (uint8_t)n;
	memcpy(tlv + 2, text, n);
	fw_nft_put(b, NFTA_SET_ELEM_USERDATA, tlv, 2 + n);
}

void fw_gate_put_elem(struct fw_nft_batch *b, enum fw_gate_list l, const struct fw_gate_elem *e,
	enum fw_gate_change c)
{
	const struct fw_gate_list_info *i = &lists[l];
	const bool add = c != FW_GATE_DEL_ELEM;

	fw_gate_begin(b, false, add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM,
		c == FW_GATE_ADD_ELEM             ? NLM_F_CREATE | NLM_F_EXCL
			: c == FW_GATE_RENEW_ELEM ? NLM_F_CREATE
						  : 0);
	fw_nft_put_str(b, NFTA_SET_ELEM_LIST_TABLE, FW_GATE_TABLE);
	fw_nft_put_str(b, NFTA_SET_ELEM_LIST_SET, i->name);
	struct nlattr *list = fw_nft_nest(b, NFTA_SET_ELEM_LIST_ELEMENTS);
	struct nlattr *x = fw_nft_nest(b, NFTA_LIST_ELEM);
	struct nlattr *k = fw_nft_nest(b, NFTA_SET_ELEM_KEY);
	fw_nft_put(b, NFTA_DATA_VALUE, e->key, i->key_len);
	fw_nft_nest_end(b, k);
	if (add && i->verdicts)
		put_elem_verdict(b, e->verdict);
	if (add && i->timed)
		fw_nft_put_be64(b, NFTA_SET_ELEM_TIMEOUT, SK_MAX(e->ms, 1u));
	if (c == FW_GATE_RENEW_ELEM)
		fw_nft_put_be64(b, NFTA_SET_ELEM_EXPIRATION, SK_MAX(e->ms, 1u));
	if (add && e->quarantined)
		put_comment(b, FW_GATE_COMMENT_QUARANTINED);
	fw_nft_nest_end(b, x);
	fw_nft_nest_end(b, list);
	fw_nft_msg_end(b);
}

/* ---- expressions ---- */

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

static void put_data(struct fw_nft_batch *b, uint16_t type, const void *p, size_t n)
{
	struct nlattr *a = fw_nft_nest(b, type);
	fw_nft_put(b, NFTA_DATA_VALUE, p, n);
	fw_nft_nest_end(b, a);
}

static void load(struct fw_nft_batch *b, enum fw_gate_field f, uint32_t reg)
{
	const struct field *i = &fields[f];
	struct expr e = begin(b, NFTA_LIST_ELEM, i->load);

	switch (i->load[0]) {
	case 'p':
		fw_nft_put_be32(b, NFTA_PAYLOAD_DREG, reg);
		fw_nft_put_be32(b, NFTA_PAYLOAD_BASE, i->key);
		fw_nft_put_be32(b, NFTA_PAYLOAD_OFFSET, i->off);
		fw_nft_put_be32(b, NFTA_PAYLOAD_LEN, i->len);
		break;
	case 'm':
		fw_nft_put_be32(b, NFTA_META_DREG, reg);
		fw_nft_put_be32(b, NFTA_META_KEY, i->key);
		break;
	default:
		fw_nft_put_be32(b, NFTA_FIB_DREG, reg);
		fw_nft_put_be32(b, NFTA_FIB_RESULT, i->key);
		fw_nft_put_be32(b, NFTA_FIB_FLAGS, i->off);
		break;
	}
	end(b, e);
}

static void load_keys(struct fw_nft_batch *b, enum fw_gate_keys k)
{
	if (keys[k].port)
		load(b, keys[k].port_field, NFT_REG_1);
	if (keys[k].mac)
		load(b, keys[k].mac_field, keys[k].port ? NFT_REG_2 : NFT_REG_1);
}

static void put_cmp(struct fw_nft_batch *b, uint32_t op, const void *p, size_t n)
{
	struct expr e = begin(b, NFTA_LIST_ELEM, "cmp");

	fw_nft_put_be32(b, NFTA_CMP_SREG, NFT_REG_1);
	fw_nft_put_be32(b, NFTA_CMP_OP, op);
	put_data(b, NFTA_CMP_DATA, p, n);
	end(b, e);
}

/* register 1 = (register 1 & mask) ^ xor_ */
static void put_bitwise(struct fw_nft_batch *b, const void *mask, const void *xor_, size_t n)
{
	struct expr e = begin(b, NFTA_LIST_ELEM, "bitwise");

	fw_nft_put_be32(b, NFTA_BITWISE_SREG, NFT_REG_1);
	fw_nft_put_be32(b, NFTA_BITWISE_DREG, NFT_REG_1);
	fw_nft_put_be32(b, NFTA_BITWISE_LEN, (uint32_t)n);
	put_data(b, NFTA_BITWISE_MASK, mask, n);
	put_data(b, NFTA_BITWISE_XOR, xor_, n);
	end(b, e);
}

static void put_below(struct fw_nft_batch *b, const struct fw_gate_step *s)
{
	uint32_t v;

	memcpy(&v, s->value, sizeof(v));
	v = htonl(v);
	load(b, s->field, NFT_REG_1);
	struct expr e = begin(b, NFTA_LIST_ELEM, "byteorder");
	fw_nft_put_be32(b, NFTA_BYTEORDER_SREG, NFT_REG_1);
	fw_nft_put_be32(b, NFTA_BYTEORDER_DREG, NFT_REG_1);
	fw_nft_put_be32(b, NFTA_BYTEORDER_OP, NFT_BYTEORDER_HTON);
	fw_nft_put_be32(b, NFTA_BYTEORDER_LEN, sizeof(v));
	fw_nft_put_be32(b, NFTA_BYTEORDER_SIZE, sizeof(v));
	end(b, e);
	put_cmp(b, NFT_CMP_LTE, &v, sizeof(v));
}

static void put_lookup(struct fw_nft_batch *b, const struct fw_gate_step *s)
{
	load_keys(b, s->keys);
	struct expr e = begin(b, NFTA_LIST_ELEM, "lookup");
	fw_nft_put_str(b, NFTA_LOOKUP_SET, s->name);
	fw_nft_put_be32(b, NFTA_LOOKUP_SREG, NFT_REG_1);
	if (s->op == FW_GATE_VMAP)
		fw_nft_put_be32(b, NFTA_LOOKUP_DREG, NFT_REG_VERDICT);
	end(b, e);
}

static void put_limit(struct fw_nft_batch *b, uint16_t type, const struct fw_gate_step *s)
{
	struct expr e = begin(b, type, "limit");

	fw_nft_put_be64(b, NFTA_LIMIT_RATE, s->rate);
	fw_nft_put_be64(b, NFTA_LIMIT_UNIT, 1);
	fw_nft_put_be32(b, NFTA_LIMIT_BURST, s->burst);
	fw_nft_put_be32(b, NFTA_LIMIT_TYPE, NFT_LIMIT_PKTS);
	fw_nft_put_be32(b, NFTA_LIMIT_FLAGS, 0);
	end(b, e);
}

static void put_dynset(struct fw_nft_batch *b, const struct fw_gate_step *s)
{
	load_keys(b, s->keys);
	struct expr e = begin(b, NFTA_LIST_ELEM, "dynset");
	fw_nft_put_str(b, NFTA_DYNSET_SET_NAME, s->name);
	fw_nft_put_be32(
		b, NFTA_DYNSET_OP, s->op == FW_GATE_ADD ? NFT_DYNSET_OP_ADD : NFT_DYNSET_OP_UPDATE);
	fw_nft_put_be32(b, NFTA_DYNSET_SREG_KEY, NFT_REG_1);
	if (s->rate)
		put_limit(b, NFTA_DYNSET_EXPR, s);
	end(b, e);
}

static void put_objref(struct fw_nft_batch *b, const char *name)
{
	struct expr e = begin(b, NFTA_LIST_ELEM, "objref");

	fw_nft_put_be32(b, NFTA_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
	fw_nft_put_str(b, NFTA_OBJREF_IMM_NAME, name);
	end(b, e);
}

/* One a message: who waits for it is a device at its first frame. */
static void put_log(struct fw_nft_batch *b)
{
	struct expr e = begin(b, NFTA_LIST_ELEM, "log");

	fw_nft_put_be16(b, NFTA_LOG_GROUP, FW_GATE_LOG_GROUP);
	fw_nft_put_be32(b, NFTA_LOG_SNAPLEN, FW_GATE_LOG_SNAPLEN);
	fw_nft_put_be16(b, NFTA_LOG_QTHRESHOLD, 1);
	end(b, e);
}

static void put_set_mark(struct fw_nft_batch *b, const struct fw_gate_step *s)
{
	uint32_t bits, keep;

	memcpy(&bits, s->value, sizeof(bits));
	keep = ~bits;
	load(b, FW_GATE_F_MARK, NFT_REG_1);
	put_bitwise(b, &keep, &bits, sizeof(bits));
	struct expr e = begin(b, NFTA_LIST_ELEM, "meta");
	fw_nft_put_be32(b, NFTA_META_SREG, NFT_REG_1);
	fw_nft_put_be32(b, NFTA_META_KEY, NFT_META_MARK);
	end(b, e);
}

static void put_redirect(struct fw_nft_batch *b, const struct fw_gate_step *s)
{
	uint32_t v;
	uint16_t port;

	memcpy(&v, s->value, sizeof(v));
	port = htons((uint16_t)v);
	struct expr e = begin(b, NFTA_LIST_ELEM, "immediate");
	fw_nft_put_be32(b, NFTA_IMMEDIATE_DREG, NFT_REG_1);
	put_data(b, NFTA_IMMEDIATE_DATA, &port, sizeof(port));
	end(b, e);
	e = begin(b, NFTA_LIST_ELEM, "redir");
	fw_nft_put_be32(b, NFTA_REDIR_REG_PROTO_MIN, NFT_REG_1);
	end(b, e);
}

static void put_verdict(struct fw_nft_batch *b, int code, const char *chain)
{
	struct expr e = begin(b, NFTA_LIST_ELEM, "immediate");

	fw_nft_put_be32(b, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	put_code(b, NFTA_IMMEDIATE_DATA, (uint32_t)code, chain);
	end(b, e);
}

static void put_step(struct fw_nft_batch *b, const struct fw_gate_step *s)
{
	static const uint8_t zero[8];

	switch (s->op) {
	case FW_GATE_EQ:
		load(b, s->field, NFT_REG_1);
		put_cmp(b, NFT_CMP_EQ, s->value, fields[s->field].len);
		break;
	case FW_GATE_BITS:
		load(b, s->field, NFT_REG_1);
		put_bitwise(b, s->value, zero, fields[s->field].len);
		put_cmp(b, NFT_CMP_NEQ, zero, fields[s->field].len);
		break;
	case FW_GATE_BELOW: put_below(b, s); break;
	case FW_GATE_IN:
	case FW_GATE_VMAP: put_lookup(b, s); break;
	case FW_GATE_ADD:
	case FW_GATE_UPDATE: put_dynset(b, s); break;
	case FW_GATE_LIMIT: put_limit(b, NFTA_LIST_ELEM, s); break;
	case FW_GATE_COUNT: put_objref(b, s->name); break;
	case FW_GATE_LOG: put_log(b); break;
	case FW_GATE_SET_MARK: put_set_mark(b, s); break;
	case FW_GATE_REDIRECT: put_redirect(b, s); break;
	case FW_GATE_ACCEPT: put_verdict(b, NF_ACCEPT, NULL); break;
	case FW_GATE_DROP: put_verdict(b, NF_DROP, NULL); break;
	case FW_GATE_RETURN: put_verdict(b, NFT_RETURN, NULL); break;
	case FW_GATE_GOTO: put_verdict(b, NFT_GOTO, s->name); break;
	case FW_GATE_JUMP: put_verdict(b, NFT_JUMP, s->name); break;
	}
}

void fw_gate_put_rule(struct fw_nft_batch *b, const struct fw_gate_rule *r)
{
	fw_gate_begin(b, r->inet, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	fw_nft_put_str(b, NFTA_RULE_TABLE, FW_GATE_TABLE);
	fw_nft_put_str(b, NFTA_RULE_CHAIN, r->chain);
	struct nlattr *list = fw_nft_nest(b, NFTA_RULE_EXPRESSIONS);
	for (size_t i = 0; i < r->n; i++)
		put_step(b, &r->steps[i]);
	fw_nft_nest_end(b, list);
	fw_nft_msg_end(b);
}
