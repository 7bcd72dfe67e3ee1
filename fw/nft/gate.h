/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate in the kernel: table `netdev sekisho_nac` (and, where a port has a notice page, `inet
 * sekisho_nac`), written through the policy's own netlink socket so that one process holds both.
 */
#ifndef FW_NFT_GATE_H
#define FW_NFT_GATE_H

#include "fw/nft/gate_put.h"
#include "fw/nft/nft.h"

struct fw_nft_gate;

/* Borrows n. Nothing is done yet. NULL without memory. */
struct fw_nft_gate *fw_nft_gate_new(struct fw_nft *n);
void fw_nft_gate_free(struct fw_nft_gate *g); /* the tables stay */

/* All that the tables are to hold. Borrowed. */
struct fw_nft_gate_want {
	const struct fw_gate_conf *conf;
	const bool *present;            /* of each port: its interface exists */
	const struct fw_gate_row *rows; /* sorted */
	size_t n_rows;
	const struct fw_gate_key *gateway; /* the gateway's addresses at the ports, sorted */
	size_t n_gateway;
	const uint8_t (*known)[FW_MAC_LEN]; /* sorted */
	size_t n_known;
	uint64_t now; /* on the clock of the rows */
};

/*
 * Lead the kernel there from whatever it holds: one transaction, in which chains and what is right
 * already stay. All or nothing. known NULL: that list stays as it is.
 */
int fw_nft_gate_apply(struct fw_nft_gate *g, const struct fw_nft_gate_want *w, struct sk_err *err);

/* Single elements, in one transaction. */
struct fw_nft_gate_edit {
	enum fw_gate_list list;
	bool remove, add; /* both: exchanged */
	bool same;        /* with both: only the time changes */
	struct fw_gate_elem elem;
};
/* -EAGAIN: the kernel does not hold what was expected (a time ended): apply the whole. */
int fw_nft_gate_edit(
	struct fw_nft_gate *g, const struct fw_nft_gate_edit *v, size_t n, struct sk_err *err);
/* What a row is in the maps. */
struct fw_gate_elem fw_nft_gate_elem(const struct fw_gate_port *p, const struct fw_gate_row *r,
	enum fw_gate_list l, uint64_t now);

/* Report the device's next frame (key NULL: everybody's) again. */
int fw_nft_gate_forget(struct fw_nft_gate *g, const struct fw_gate_key *key, struct sk_err *err);

/* What an earlier run left: rows with until = now + what is left. The array is the caller's. */
int fw_nft_gate_rows(struct fw_nft_gate *g, uint64_t now, struct fw_gate_row **ret, size_t *ret_n,
	struct sk_err *err);
/* Likewise the registered devices. */
int fw_nft_gate_known(
	struct fw_nft_gate *g, uint8_t (**ret)[FW_MAC_LEN], size_t *ret_n, struct sk_err *err);

struct fw_nft_gate_count {
	char name[FW_GATE_NAME_MAX];
	uint64_t packets;
};
int fw_nft_gate_counters(
	struct fw_nft_gate *g, struct fw_nft_gate_count **ret, size_t *ret_n, struct sk_err *err);

/* Is there anything in the kernel that w does not say, or the reverse? Elements as well. */
int fw_nft_gate_drift(struct fw_nft_gate *g, const struct fw_nft_gate_want *w, struct fw_drift *ret,
	struct sk_err *err);

#endif
