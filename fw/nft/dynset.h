/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets whose elements come and go while the rules stay: the meters that packets fill themselves,
 * one bucket for each source or destination, and the lists of blocked sources that fwd fills.
 * Elements carry a timeout; the number of elements is bounded.
 */
#ifndef FW_NFT_DYNSET_H
#define FW_NFT_DYNSET_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"

struct fw_nft_batch;

#define FW_NFT_DYN_MAX 24
#define FW_NFT_BLOCK4 "guard4" /* blocked sources */
#define FW_NFT_BLOCK6 "guard6"
#define FW_NFT_BLOCK6_NET "guard6_net" /* the first 64 bits */
#define FW_NFT_BLOCKS_MAX 8192u
#define FW_NFT_LEARN4 "bl_learn4" /* addresses that listed names were seen to have */
#define FW_NFT_LEARN6 "bl_learn6"
#define FW_NFT_LEARN_MAX 65536u

struct fw_nft_dynset {
	char name[32]; /* of a meter with its rate: another rate is another set */
	bool v6;
	bool port;        /* keyed by address and port, else by address */
	bool meter;       /* filled by packets */
	uint32_t size;    /* elements */
	uint32_t timeout; /* of elements that say none, seconds; 0: they always do */
};

/* What a packet does to a meter: its rule goes on for those beyond the rate. */
struct fw_nft_meter {
	const struct fw_nft_dynset *set; /* NULL: none */
	bool dest;                       /* by destination, else by source */
	bool net64;                      /* IPv6 by its first 64 bits */
	uint32_t rate, unit, burst;      /* packets in unit seconds; burst: packets */
};

uint32_t fw_nft_dynset_flags(const struct fw_nft_dynset *s);
uint32_t fw_nft_dynset_key_len(const struct fw_nft_dynset *s);
void fw_nft_dynset_put(struct fw_nft_batch *b, const struct fw_nft_dynset *s); /* NFT_MSG_NEWSET */
void fw_nft_dynset_text(struct sk_buf *b, const struct fw_nft_dynset *s);
/* The expression that feeds the meter, in a rule's list. */
void fw_nft_meter_put(struct fw_nft_batch *b, const struct fw_nft_meter *m);
void fw_nft_meter_text(struct sk_buf *b, const struct fw_nft_meter *m);
/* A limit of its own, in packets a second: the rule goes on for those within it. */
void fw_nft_limit_put(struct fw_nft_batch *b, uint32_t rate, uint32_t burst);

#endif
