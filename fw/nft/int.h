/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files of fw/nft that hold the socket, and by their tests. */
#ifndef FW_NFT_INT_H
#define FW_NFT_INT_H

#include "fw/nft/layout.h"
#include "fw/nft/nft.h"
#include "fw/nft/snap.h"
#include "fw/nft/sock.h"

/* Points of an apply at which a test may step in. */
enum fw_nft_stage {
	FW_NFT_STAGE_FILL,   /* before the first transaction: the kernel's state was read */
	FW_NFT_STAGE_SWITCH, /* before the rules are exchanged; rules may be added to */
};
typedef void fw_nft_hook(enum fw_nft_stage stage, struct fw_nft_batch *rules, void *arg);

/* What an apply wrote, to tell whether a read-back shows the same. */
struct fw_nft_meant {
	size_t rules;
	uint64_t numbers; /* a sum over the records of all rules */
};

/* The blocklists' sets. */
struct fw_nft_lists {
	const struct fw_list *list;  /* what they are to hold; borrowed, NULL: nothing */
	bool on;                     /* the policy in force wants them */
	struct fw_nft_layout layout; /* those that rules refer to; they hold the list */
	uint32_t replace;            /* bits: made anew by the next apply */
	uint32_t kept;               /* bits: what goes is taken out after it */
	unsigned serial;             /* in the names of those made next */
};

struct fw_nft {
	struct fw_nft_sock sock;
	bool want_owner, owned;
	bool scratch; /* a throw-away namespace: transactions may be split */
	enum fw_nft_queue_form queue_form;
	bool distrust;  /* sets of the kernel may not hold what their names say */
	unsigned epoch; /* of the names of sets */
	uint32_t genid; /* after our last change */
	struct fw_nft_meant meant;
	struct fw_nft_lists lists;
	bool expect_set; /* expect holds what the last apply left */
	struct fw_nft_snap expect;
	bool bridged; /* the policy in force has a bridge, and this table */
	bool bridge_owned;
	struct fw_nft_snap bridge; /* what it holds */
	fw_nft_hook *hook;
	void *hook_arg;
};

/* Take over fd (-1: open one); the table is not touched. */
int fw_nft_new(struct fw_nft **ret, int fd, struct sk_err *err);
/* Create or claim the table; and the bridge's, in transparent operation. */
int fw_nft_ensure_table(struct fw_nft *n, struct sk_err *err);
int fw_nft_ensure_bridge(struct fw_nft *n, struct sk_err *err);
void fw_nft_meant_set(struct fw_nft_meant *m, const struct fw_nft_batch *rules);
/*
 * Remember what the kernel shows as what drift compares with, if it is what was meant. plan: sets
 * of it that are small enough are read, too; NULL where the kernel keeps others out.
 */
int fw_nft_read_back(struct fw_nft *n, const struct fw_nft_plan *plan);
/* The same of the bridge's table, which is small: at once. */
int fw_nft_bridge_read_back(struct fw_nft *n);
/* Words for what the kernel answered; returns its code. ref: the record, 0 for structure. */
int fw_nft_refused(const struct fw_nft_answer *a, uint32_t ref, struct sk_err *err);
int fw_nft_io_error(int code, struct sk_err *err);
/* queue.c: the expression of a queue rule. */
void fw_nft_queue_put(struct fw_nft_batch *b, const struct fw_nft_rule *r);

#endif
