/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets to user space: nf_tables' own expression, or where the kernel lacks it the xtables target
 * NFQUEUE in a compat expression. Both hash the two addresses in a way that is the same for both
 * directions of a connection. Which of them there is, is found out by making a table with one rule.
 */
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/xt_NFQUEUE.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include "fw/nft/int.h"
#include "fw/nft/rule.h"
#include "fw/nft/uapi.h"
#include "lib/util.h"

#define PROBE_TABLE "sekisho_probe"
#define PROBE_CHAIN "probe"
#define XT_ALIGN 8u /* linux/netfilter/x_tables.h: sizes are padded to it */
#define XT_REVISION 3

static void put_native(struct fw_nft_batch *b, const struct fw_nft_rule *r)
{
	struct nlattr *e = fw_nft_nest(b, NFTA_LIST_ELEM);

	fw_nft_put_str(b, NFTA_EXPR_NAME, "queue");
	struct nlattr *data = fw_nft_nest(b, NFTA_EXPR_DATA);
	fw_nft_put_be16(b, NFTA_QUEUE_NUM, r->queue);
	fw_nft_put_be16(b, NFTA_QUEUE_TOTAL, r->queues);
	fw_nft_put_be16(b, NFTA_QUEUE_FLAGS, r->queue_open ? NFT_QUEUE_FLAG_BYPASS : 0);
	fw_nft_nest_end(b, data);
	fw_nft_nest_end(b, e);
}

static void put_xt(struct fw_nft_batch *b, const struct fw_nft_rule *r)
{
	const struct xt_NFQ_info_v3 info = {.queuenum = r->queue,
		.queues_total = r->queues,
		.flags = r->queue_open ? NFQ_FLAG_BYPASS : 0};
	uint8_t padded[(sizeof(info) + XT_ALIGN - 1) / XT_ALIGN * XT_ALIGN] = {0};

	memcpy(padded, &info, sizeof(info));
	struct nlattr *e = fw_nft_nest(b, NFTA_LIST_ELEM);
	fw_nft_put_str(b, NFTA_EXPR_NAME, "target");
	struct nlattr *data = fw_nft_nest(b, NFTA_EXPR_DATA);
	fw_nft_put_str(b, NFTA_TARGET_NAME, "NFQUEUE");
	fw_nft_put_be32(b, NFTA_TARGET_REV, XT_REVISION);
	fw_nft_put(b, NFTA_TARGET_INFO, padded, sizeof(padded));
	fw_nft_nest_end(b, data);
	fw_nft_nest_end(b, e);
}

void fw_nft_queue_put(struct fw_nft_batch *b, const struct fw_nft_rule *r)
{
	if (r->queue_xt)
		put_xt(b, r);
	else
		put_native(b, r);
}

/* ---- which one ---- */

static void put_table(struct fw_nft_batch *b, int type)
{
	fw_nft_msg_begin(b, type, type == NFT_MSG_NEWTABLE ? NLM_F_CREATE : 0, 0, FW_NFT_MSG_SMALL);
	fw_nft_put_str(b, NFTA_TABLE_NAME, PROBE_TABLE);
	fw_nft_msg_end(b);
}

static void put_chain(struct fw_nft_batch *b)
{
	fw_nft_msg_begin(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE, 0, FW_NFT_MSG_SMALL);
	fw_nft_put_str(b, NFTA_CHAIN_TABLE, PROBE_TABLE);
	fw_nft_put_str(b, NFTA_CHAIN_NAME, PROBE_CHAIN);
	fw_nft_msg_end(b);
}

static void put_rule(struct fw_nft_batch *b, bool xt)
{
	const struct fw_nft_rule r = {
		.queue = FW_INSPECT_FIRST_QUEUE, .queues = 2, .queue_open = true, .queue_xt = xt};

	fw_nft_msg_begin(b, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, 0, FW_NFT_MSG_SMALL);
	fw_nft_put_str(b, NFTA_RULE_TABLE, PROBE_TABLE);
	fw_nft_put_str(b, NFTA_RULE_CHAIN, PROBE_CHAIN);
	struct nlattr *list = fw_nft_nest(b, NFTA_RULE_EXPRESSIONS);
	fw_nft_queue_put(b, &r);
	fw_nft_nest_end(b, list);
	fw_nft_msg_end(b);
}

/* The chain has no hook: no packet ever sees it. The table goes with the transaction it came in. */
static bool kernel_takes(struct fw_nft *n, bool xt)
{
	struct fw_nft_batch b, *seg = &b;
	struct fw_nft_answer a = {0};

	fw_nft_batch_init(&b, 1);
	put_table(&b, NFT_MSG_NEWTABLE);
	put_chain(&b);
	put_rule(&b, xt);
	put_table(&b, NFT_MSG_DELTABLE);
	int ret = fw_nft_sock_commit(&n->sock, &seg, 1, 0, &a);
	fw_nft_batch_done(&b);
	return ret == 0 && a.acked && !a.errors;
}

enum fw_nft_queue_form fw_nft_queue_form(struct fw_nft *n)
{
	if (n->queue_form != FW_NFT_QUEUE_UNKNOWN)
		return n->queue_form;
	if (kernel_takes(n, false))
		n->queue_form = FW_NFT_QUEUE_NATIVE;
	else if (kernel_takes(n, true))
		n->queue_form = FW_NFT_QUEUE_XT;
	else
		n->queue_form = FW_NFT_QUEUE_NONE;
	return n->queue_form;
}

const char *fw_nft_queue_form_name(enum fw_nft_queue_form f)
{
	switch (f) {
	case FW_NFT_QUEUE_NATIVE: return "queue";
	case FW_NFT_QUEUE_XT: return "NFQUEUE";
	case FW_NFT_QUEUE_NONE: return "none";
	default: return "unknown";
	}
}
