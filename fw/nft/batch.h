/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A growing list of nf_tables messages. Memory comes in chunks that are never moved, so that a
 * batch of 10,000 rules costs its own size once; every attribute is bounds-checked. After a failure
 * all further puts do nothing and err tells. Each message remembers the record it belongs to.
 */
#ifndef FW_NFT_BATCH_H
#define FW_NFT_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct nlmsghdr;
struct nlattr;

/* Room that is kept free for one message: a rule, or a full list of set elements. */
#define FW_NFT_MSG_SMALL 8192u
#define FW_NFT_MSG_LARGE (80u * 1024u)
/* A nested attribute's length is 16 bits: close an element list before this. */
#define FW_NFT_NEST_MAX 65000u

struct fw_nft_batch {
	struct iovec *chunks; /* iov_len: bytes used */
	size_t n_chunks, cap_chunks, room;
	struct nlmsghdr *msg; /* under construction */
	size_t msg_cap;
	uint32_t seq0;
	uint32_t *refs; /* refs[seq - seq0]: record number, 0 for structure */
	size_t n, cap_refs, bytes;
	int err;        /* 0, -ENOMEM, -EMSGSIZE */
	uint8_t family; /* NFPROTO_…; 0: inet */
};

/* seq0: sequence number of the first message; segments of one transaction must not overlap. */
void fw_nft_batch_init(struct fw_nft_batch *b, uint32_t seq0);
void fw_nft_batch_done(struct fw_nft_batch *b);
bool fw_nft_batch_full(const struct fw_nft_batch *b, size_t bytes); /* more than bytes in it */

/* type: NFT_MSG_…; ref: the record an error of this message is attributed to. */
void fw_nft_msg_begin(struct fw_nft_batch *b, int type, unsigned flags, uint32_t ref, size_t room);
void fw_nft_msg_end(struct fw_nft_batch *b);
size_t fw_nft_msg_len(const struct fw_nft_batch *b);

void fw_nft_put(struct fw_nft_batch *b, uint16_t type, const void *p, size_t n);
/* Whole attributes as they are; n is a multiple of 4. */
void fw_nft_put_raw(struct fw_nft_batch *b, const void *p, size_t n);
void fw_nft_put_str(struct fw_nft_batch *b, uint16_t type, const char *s);
void fw_nft_put_u8(struct fw_nft_batch *b, uint16_t type, uint8_t v);
/* Host order in, network order on the wire: what nf_tables wants for all but values of expressions.
 */
void fw_nft_put_be16(struct fw_nft_batch *b, uint16_t type, uint16_t v);
void fw_nft_put_be32(struct fw_nft_batch *b, uint16_t type, uint32_t v);
void fw_nft_put_be64(struct fw_nft_batch *b, uint16_t type, uint64_t v);
/* NULL after an error, which nest_end accepts. */
struct nlattr *fw_nft_nest(struct fw_nft_batch *b, uint16_t type);
void fw_nft_nest_end(struct fw_nft_batch *b, struct nlattr *a);

#endif
