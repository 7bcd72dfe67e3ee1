/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel holds of the gate's tables. Not for use outside fw/nft. */
#ifndef FW_NFT_GATE_READ_H
#define FW_NFT_GATE_READ_H

#include "fw/nft/gate_put.h"
#include "fw/nft/sock.h"

struct fw_gate_have_chain {
	char name[64];
	bool inet, base;
	uint32_t hook, policy;
	int32_t priority;
	char device[IFNAMSIZ];
};

struct fw_gate_have_set {
	char name[64];
	uint32_t flags, key_len;
};

struct fw_gate_have_list {
	struct fw_gate_elem *v; /* sorted by key */
	size_t n, cap;
	bool strange; /* has what no list of ours has */
};

struct fw_gate_have {
	uint32_t genid;
	bool exists[2]; /* netdev, inet */
	uint32_t flags[2], owner[2];
	struct fw_gate_have_chain *chains;
	size_t n_chains, cap_chains;
	struct fw_gate_have_set *sets;
	size_t n_sets, cap_sets;
	char (*counters)[FW_GATE_NAME_MAX];
	uint64_t *packets;
	size_t n_counters, cap_counters, cap_packets;
	uint64_t digest; /* of the rules, in their order */
	size_t n_rules;
	struct fw_gate_have_list lists[FW_GATE_LISTS];
};

#define FW_GATE_HAVE_CHAINS 1u /* and sets, and counters */
#define FW_GATE_HAVE_RULES 2u
#define FW_GATE_HAVE_ROWS 4u /* all lists but the registered devices */
#define FW_GATE_HAVE_KNOWN 8u

int fw_gate_have_read(struct fw_nft_sock *s, unsigned parts, struct fw_gate_have *ret);
void fw_gate_have_done(struct fw_gate_have *h);
const struct fw_gate_have_chain *fw_gate_have_chain(
	const struct fw_gate_have *h, bool inet, const char *name);
const struct fw_gate_have_set *fw_gate_have_set(const struct fw_gate_have *h, const char *name);
bool fw_gate_have_counter(const struct fw_gate_have *h, const char *name);

#endif
