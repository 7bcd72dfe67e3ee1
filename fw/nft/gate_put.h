/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The gate's plan as netlink messages. Pure: gate.c decides when they are sent. */
#ifndef FW_NFT_GATE_PUT_H
#define FW_NFT_GATE_PUT_H

#include "fw/nft/batch.h"
#include "fw/nft/gate_plan.h"

#define FW_GATE_KEY_MAX sizeof(struct fw_gate_key)

/* Which of the sets that fwd fills. */
enum fw_gate_list {
	FW_GATE_L_IN,
	FW_GATE_L_OUT,
	FW_GATE_L_GROUP,
	FW_GATE_L_GATEWAY,
	FW_GATE_L_KNOWN,
	FW_GATE_LISTS
};
struct fw_gate_list_info {
	const char *name;
	uint8_t key_len;
	bool verdicts, timed;
};
const struct fw_gate_list_info *fw_gate_list(enum fw_gate_list l);

struct fw_gate_elem {
	uint8_t key[FW_GATE_KEY_MAX];
	enum fw_gate_verdict verdict;
	bool quarantined; /* kept as the element's comment: the verdict does not always tell */
	uint64_t ms;      /* left, of a timed one */
};

/* A message of this table; end it with fw_nft_msg_end. */
void fw_gate_begin(struct fw_nft_batch *b, bool inet, int type, unsigned flags);
void fw_gate_put_chain(struct fw_nft_batch *b, const struct fw_gate_chain *c);
void fw_gate_put_policy(struct fw_nft_batch *b, const struct fw_gate_chain *c);
void fw_gate_put_set(struct fw_nft_batch *b, const struct fw_gate_set *s);
void fw_gate_put_counter(struct fw_nft_batch *b, const char *name);
void fw_gate_put_rule(struct fw_nft_batch *b, const struct fw_gate_rule *r);
enum fw_gate_change { FW_GATE_ADD_ELEM, FW_GATE_RENEW_ELEM, FW_GATE_DEL_ELEM };
/* Renewing gives one that is there, with this verdict, another time (Linux 6.12). */
void fw_gate_put_elem(struct fw_nft_batch *b, enum fw_gate_list l, const struct fw_gate_elem *e,
	enum fw_gate_change c);
/* Remove something by name; type NFT_MSG_DEL…. name NULL with NFT_MSG_DELRULE: all rules. */
void fw_gate_put_del(struct fw_nft_batch *b, bool inet, int type, const char *name);

#define FW_GATE_COMMENT_QUARANTINED "quarantined"

uint32_t fw_gate_set_flags(const struct fw_gate_set *s);
uint32_t fw_gate_keys_len(enum fw_gate_keys k);
uint32_t fw_gate_hook_num(enum fw_gate_hook h);
int32_t fw_gate_hook_priority(enum fw_gate_hook h);

#endif
