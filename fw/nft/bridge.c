// SPDX-License-Identifier: GPL-2.0-or-later
/* The bridge's table as messages and as text. Pure: apply.c decides when they are sent. */
#include "fw/nft/bridge.h"

#include <string.h>

#include <libmnl/libmnl.h>

#include "fw/nft/nft.h"
#include "fw/nft/uapi.h"
#include "lib/util.h"

static void put_named(
	struct fw_nft_batch *b, int type, uint16_t table_attr, uint16_t name_attr, const char *name)
{
	fw_nft_msg_begin(b, type, NLM_F_CREATE, 0, FW_NFT_MSG_SMALL);
	fw_nft_put_str(b, table_attr, FW_NFT_TABLE);
	if (name)
		fw_nft_put_str(b, name_attr, name);
}

static void put_del(
	struct fw_nft_batch *b, int type, uint16_t table_attr, uint16_t name_attr, const char *name)
{
	fw_nft_msg_begin(b, type, 0, 0, FW_NFT_MSG_SMALL);
	fw_nft_put_str(b, table_attr, FW_NFT_TABLE);
	if (name)
		fw_nft_put_str(b, name_attr, name);
	fw_nft_msg_end(b);
}

/* ---- what is there ---- */

static bool fits(const struct fw_nft_snap_chain *have, const struct fw_nft_bridge_chain *c)
{
	if (!c->base || !have->base)
		return c->base == have->base;
	return have->hook == c->hook && have->priority == c->priority &&
		strcmp(have->type, "filter") == 0;
}

static const struct fw_nft_bridge_chain *find(const char *name)
{
	const struct fw_nft_bridge_chain *c;

	for (size_t i = 0; (c = fw_nft_bridge_chain(i)); i++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

/* A table that sleeps has no hook. */
static void awake(const struct fw_nft_snap *before, struct fw_nft_batch *b)
{
	if (!(before->flags & NFT_TABLE_F_DORMANT))
		return;
	fw_nft_msg_begin(b, NFT_MSG_NEWTABLE, 0, 0, FW_NFT_MSG_SMALL);
	fw_nft_put_str(b, NFTA_TABLE_NAME, FW_NFT_TABLE);
	fw_nft_put_be32(b, NFTA_TABLE_FLAGS, before->flags & ~(uint32_t)NFT_TABLE_F_DORMANT);
	fw_nft_msg_end(b);
}

/* Somebody else's additions, and chains that were bent; all rules are gone by then. */
static void remove_strange(const struct fw_nft_snap *before, struct fw_nft_batch *b)
{
	for (size_t i = 0; i < before->n_sets; i++)
		put_del(b, NFT_MSG_DELSET, NFTA_SET_TABLE, NFTA_SET_NAME, before->sets[i].name);
	for (size_t i = 0; i < before->n_chains; i++) {
		const struct fw_nft_snap_chain *have = &before->chains[i];
		const struct fw_nft_bridge_chain *c = find(have->name);

		if (!c || !fits(have, c))
			put_del(b, NFT_MSG_DELCHAIN, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, have->name);
	}
}

/* ---- what is wanted ---- */

static void put_chain(struct fw_nft_batch *b, const struct fw_nft_bridge_chain *c)
{
	put_named(b, NFT_MSG_NEWCHAIN, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, c->name);
	if (c->base) {
		struct nlattr *hook = fw_nft_nest(b, NFTA_CHAIN_HOOK);

		fw_nft_put_be32(b, NFTA_HOOK_HOOKNUM, c->hook);
		fw_nft_put_be32(b, NFTA_HOOK_PRIORITY, (uint32_t)c->priority);
		fw_nft_nest_end(b, hook);
		fw_nft_put_be32(b, NFTA_CHAIN_POLICY, NF_ACCEPT);
		fw_nft_put_str(b, NFTA_CHAIN_TYPE, "filter");
	}
	fw_nft_msg_end(b);
}

static void put_chains(const struct fw_nft_snap *before, struct fw_nft_batch *b)
{
	const struct fw_nft_bridge_chain *c;

	for (size_t i = 0; (c = fw_nft_bridge_chain(i)); i++) {
		const struct fw_nft_snap_chain *have = fw_nft_snap_chain(before, c->name);

		if (!have || !fits(have, c) || (c->base && have->policy != NF_ACCEPT))
			put_chain(b, c);
	}
}

static const uint32_t counters[] = {FW_B_DEFAULT_DENY, FW_B_BRIDGE_OTHER};

static void put_counter(struct fw_nft_batch *b, uint32_t number)
{
	char name[FW_NFT_NAME_MAX];
	struct nlattr *data;

	fw_nft_counter_name(name, number);
	put_named(b, NFT_MSG_NEWOBJ, NFTA_OBJ_TABLE, NFTA_OBJ_NAME, name);
	fw_nft_put_be32(b, NFTA_OBJ_TYPE, NFT_OBJECT_COUNTER);
	data = fw_nft_nest(b, NFTA_OBJ_DATA);
	fw_nft_put_be64(b, NFTA_COUNTER_BYTES, 0);
	fw_nft_put_be64(b, NFTA_COUNTER_PACKETS, 0);
	fw_nft_nest_end(b, data);
	fw_nft_msg_end(b);
}

static void put_rule(const struct fw_nft_rule *r, void *arg)
{
	fw_nft_rule_put(arg, r);
}

void fw_nft_bridge_change(
	const struct fw_policy *p, const struct fw_nft_snap *before, struct fw_nft_batch *b)
{
	b->family = NFPROTO_BRIDGE;
	awake(before, b);
	put_del(b, NFT_MSG_DELRULE, NFTA_RULE_TABLE, 0, NULL);
	remove_strange(before, b);
	put_chains(before, b);
	for (size_t i = 0; i < SK_ARRAY_SIZE(counters); i++)
		if (!fw_nft_snap_counter(before, counters[i]))
			put_counter(b, counters[i]);
	fw_nft_bridge_rules(p, put_rule, b);
}

void fw_nft_bridge_remove(struct fw_nft_batch *b)
{
	b->family = NFPROTO_BRIDGE;
	put_del(b, NFT_MSG_DELTABLE, NFTA_TABLE_NAME, 0, NULL);
}

/* ---- text ---- */

struct writer {
	struct sk_buf *b;
	const char *chain; /* open one */
};

static void rule_text(const struct fw_nft_rule *r, void *arg)
{
	struct writer *w = arg;

	if (strcmp(w->chain, r->chain) != 0)
		return;
	sk_buf_puts(w->b, "\t\t");
	fw_nft_rule_text(w->b, r);
	sk_buf_putc(w->b, '\n');
}

void fw_nft_bridge_text(const struct fw_policy *p, struct sk_buf *b)
{
	const struct fw_nft_bridge_chain *c;
	char counter[FW_NFT_NAME_MAX];

	sk_buf_printf(b, "table bridge %s {\n", FW_NFT_TABLE);
	for (size_t i = 0; i < SK_ARRAY_SIZE(counters); i++) {
		fw_nft_counter_name(counter, counters[i]);
		sk_buf_printf(b, "\tcounter %s {\n\t}\n", counter);
	}
	for (size_t i = 0; (c = fw_nft_bridge_chain(i)); i++) {
		struct writer w = {b, c->name};

		sk_buf_printf(b, "\tchain %s {\n", c->name);
		if (c->base)
			sk_buf_printf(b, "\t\ttype filter hook %s priority %d; policy accept;\n",
				c->hook_name, c->priority);
		fw_nft_bridge_rules(p, rule_text, &w);
		sk_buf_puts(b, "\t}\n");
	}
	sk_buf_puts(b, "}\n");
}
