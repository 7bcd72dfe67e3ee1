/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sets of the blocklists in the kernel: one for each prefix length and family that has
 * elements, hash sets of a fixed size, and one of ranges. Unlike a policy's sets they change in
 * place, by differences. One that becomes too small is replaced by another with another name,
 * filled before a rule refers to it. Pure.
 */
#ifndef FW_NFT_LAYOUT_H
#define FW_NFT_LAYOUT_H

#include "fw/list/list.h"

struct fw_nft_batch;

#define FW_NFT_LIST_NAME_MAX 40
#define FW_NFT_LIST_SIZE_MIN 1024u

struct fw_nft_list_set {
	char name[FW_NFT_LIST_NAME_MAX]; /* "bl4_32_1048576", "blm6_ranges_3"; "": there is none */
	uint32_t size;                   /* of a hash set; 0: ranges */
};

struct fw_nft_layout {
	struct fw_nft_list_set v[FW_LIST_SETS];
};

/* Does the set hold so many elements, and is it not far larger than need be? */
bool fw_nft_layout_fits(const struct fw_nft_layout *now, size_t set, size_t count);
/*
 * The sets for a list: those of now that fit and are not in replace (bits), new ones with serial in
 * their name for all others that have elements.
 */
void fw_nft_layout_next(struct fw_nft_layout *ret, const struct fw_nft_layout *now,
	const struct fw_list *l, uint32_t replace, unsigned serial);
bool fw_nft_layout_same(const struct fw_nft_layout *a, const struct fw_nft_layout *b);
/* Index of the set of this name, or -1. */
int fw_nft_layout_find(const struct fw_nft_layout *l, const char *name);
/* Is this a name of such a set, of whichever size? *ret_serial may be NULL. */
bool fw_nft_list_name(const char *name, unsigned *ret_serial);

/* NFT_MSG_NEWSET */
void fw_nft_list_put_set(struct fw_nft_batch *b, const struct fw_nft_layout *l, size_t set);
/*
 * Elements, message by message as they fill: NFT_MSG_NEWSETELEM or NFT_MSG_DELSETELEM. open first,
 * then put as often as wanted, then close.
 */
struct fw_nft_list_writer {
	struct fw_nft_batch *b;
	const char *name;
	int type;
	bool v6, ranges;
	unsigned shift; /* host bits of an element */
	void *list;     /* the message's nest; NULL: none begun */
	size_t elements;
};
void fw_nft_list_open(struct fw_nft_list_writer *w, struct fw_nft_batch *b,
	const struct fw_nft_layout *l, size_t set, bool add);
void fw_nft_list_put(struct fw_nft_list_writer *w, unsigned __int128 lo, unsigned __int128 hi);
void fw_nft_list_close(struct fw_nft_list_writer *w);

void fw_nft_layout_text(struct sk_buf *b, const struct fw_nft_layout *l);

#endif
