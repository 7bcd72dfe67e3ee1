/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The netlink socket to nf_tables: sends a transaction in one piece and collects what the kernel
 * says about it, and runs dumps. Synchronous; every wait has a limit.
 */
#ifndef FW_NFT_SOCK_H
#define FW_NFT_SOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fw/nft/batch.h"
#include "lib/err.h"

struct nlmsghdr;

struct fw_nft_sock {
	int fd;
	uint32_t portid, seq;
	size_t send_max; /* largest transaction; SIZE_MAX where the limit may be raised */
	void *rx;        /* receive buffer */
};

/* What the kernel answered to a transaction. */
struct fw_nft_answer {
	bool acked;      /* processed to its end */
	bool restart;    /* the generation was not the one asked for: nothing was done */
	bool lost;       /* answers did not fit the receive buffer */
	int code;        /* first error in order of sequence numbers, 0 if none */
	uint32_t seq;    /* of the message at fault */
	uint16_t type;   /* NFT_MSG_… of it, 0 for the batch itself */
	uint32_t offset; /* of the attribute at fault in the message, 0 if unknown */
	size_t errors;
};

/* fd >= 0 is taken over (also on failure); -1 opens one in the current network namespace. */
int fw_nft_sock_open(struct fw_nft_sock *s, int fd, struct sk_err *err);
void fw_nft_sock_close(struct fw_nft_sock *s);

/* The generation of the rule set; 0 on failure with *ret untouched, else -errno. */
int fw_nft_sock_genid(struct fw_nft_sock *s, uint32_t *ret);

/*
 * Send segs as one transaction, in this order. genid 0: unconditional. 0 when the kernel was asked
 * (look at ret), else -errno: nothing was sent.
 */
int fw_nft_sock_commit(struct fw_nft_sock *s, struct fw_nft_batch *const *segs, size_t n_segs,
	uint32_t genid, struct fw_nft_answer *ret);

/*
 * Run a dump: type and the attributes in attrs (may be NULL; a batch holding one message). fn gets
 * each answer; its non-zero result ends the dump and is returned. -EINTR: the rule set changed
 * meanwhile and what fn saw is inconsistent. -ENOENT: there is no such table.
 */
typedef int fw_nft_dump_fn(const struct nlmsghdr *h, void *arg);
int fw_nft_sock_dump(struct fw_nft_sock *s, struct nlmsghdr *req, fw_nft_dump_fn *fn, void *arg);

#endif
