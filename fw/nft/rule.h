/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One kernel rule before it is written: conditions on packet fields, then what is done. The same
 * value is written as netlink expressions (expr.c) and as nft(8) text (text.c), so that the two
 * cannot differ. Pure.
 */
#ifndef FW_NFT_RULE_H
#define FW_NFT_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fw/nft/dynset.h"
#include "fw/nft/field.h"
#include "fw/registry/addr.h"
#include "lib/buf.h"

#define FW_NFT_CHAIN_MAX 48 /* "f_", two zones, a dot, a block's number, NUL */
#define FW_NFT_MATCHES_MAX 12

struct fw_nft_batch;
struct fw_nft_set;

enum fw_nft_op {
	FW_NFT_EQ,
	FW_NFT_PREFIX, /* the first `prefix` bits of lo */
	FW_NFT_RANGE,  /* lo to hi inclusive */
	FW_NFT_BITS,   /* any bit of lo is set */
	FW_NFT_MASKED, /* (value & hi) == lo */
	FW_NFT_IN,     /* element of set */
};

struct fw_nft_match {
	enum fw_nft_field field;
	enum fw_nft_op op;
	uint8_t prefix;
	uint8_t lo[16], hi[16]; /* as the packet or the kernel holds the field */
	const struct fw_nft_set *set;
	const char *dyn; /* name, where the set is not one of content */
	uint8_t keep;    /* with FW_NFT_IN: only so many first bits of the field count; 0: all */
};

enum fw_nft_verdict {
	FW_NFT_CONTINUE,
	FW_NFT_ACCEPT,
	FW_NFT_DROP,
	FW_NFT_GOTO,
	FW_NFT_JUMP,
	FW_NFT_RETURN,
	FW_NFT_QUEUE,
	FW_NFT_RESET,
	FW_NFT_PROHIBITED
};

enum fw_nft_nat { FW_NFT_NAT_NONE, FW_NFT_NAT_DST, FW_NFT_NAT_SRC, FW_NFT_NAT_MASQUERADE };

struct fw_nft_rule {
	const char *chain;
	uint32_t number, revision; /* the record; below FW_NUMBER_FIRST a built-in */
	struct fw_nft_match m[FW_NFT_MATCHES_MAX];
	size_t n;
	const char *map; /* verdict map keyed by iifname, oifname or both, by map_in and map_out */
	bool map_in, map_out;
	bool count; /* the record's named counter */
	struct fw_nft_meter meter;
	uint32_t limit;             /* with log: at most so many a second, 0: any */
	char log;                   /* FW_LOG_…, 0: no report */
	const char *reason;         /* with log */
	bool mark;                  /* put the number into the conntrack mark */
	uint8_t ct_verdict;         /* put this FW_MARK_… of inspection into the conntrack mark */
	bool ct_clear;              /* take inspection's verdict out of the conntrack mark */
	bool meta_clear;            /* take inspection's bits out of the packet's mark */
	uint32_t meta_out, meta_in; /* bits taken out of the packet's mark, then put in */
	bool mss;                   /* TCP's maximum segment size: at most what the path takes */
	enum fw_nft_nat nat;
	struct fw_ip nat_addr;
	uint16_t nat_port;
	enum fw_nft_verdict verdict;
	const char *target; /* chain, with FW_NFT_GOTO and FW_NFT_JUMP */
	/* with FW_NFT_QUEUE: queue to queue + queues - 1, open without listener or not */
	uint16_t queue;
	uint8_t queues;
	bool queue_open, queue_xt;
};

void fw_nft_rule_init(struct fw_nft_rule *r, const char *chain, uint32_t number, uint32_t revision);
/* The next condition; lo is len bytes of the field's own form. */
struct fw_nft_match *fw_nft_rule_add(
	struct fw_nft_rule *r, enum fw_nft_field f, enum fw_nft_op op, const void *lo);
void fw_nft_rule_u8(struct fw_nft_rule *r, enum fw_nft_field f, uint8_t v);
void fw_nft_rule_u16(struct fw_nft_rule *r, enum fw_nft_field f, uint16_t v); /* network field */
void fw_nft_rule_u32(struct fw_nft_rule *r, enum fw_nft_field f, enum fw_nft_op op, uint32_t v);
void fw_nft_rule_range(struct fw_nft_rule *r, enum fw_nft_field f, const void *lo, const void *hi);
void fw_nft_rule_in(struct fw_nft_rule *r, enum fw_nft_field f, const struct fw_nft_set *set);

/* "r1042", "b13"; and the comment every kernel rule carries: "1042 r3", "b13". */
#define FW_NFT_NAME_MAX 24
void fw_nft_counter_name(char dst[FW_NFT_NAME_MAX], uint32_t number);
bool fw_nft_counter_number(const char *name, uint32_t *ret);
void fw_nft_comment(char dst[FW_NFT_NAME_MAX], uint32_t number, uint32_t revision);
bool fw_nft_comment_number(const char *comment, size_t len, uint32_t *ret);

/* Append as an NFT_MSG_NEWRULE message (errors stick in b) or as one line of text. */
void fw_nft_rule_put(struct fw_nft_batch *b, const struct fw_nft_rule *r);
void fw_nft_rule_text(struct sk_buf *b, const struct fw_nft_rule *r);

#endif
