/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which rule decides about a connection, and why: the same decision the kernel takes, on the model.
 * Tests compare the two on real traffic.
 */
#ifndef FW_EXPLAIN_H
#define FW_EXPLAIN_H

#include "fw/policy/builtin.h"

struct fw_flow {
	struct fw_ip src, dst;
	uint8_t proto;
	uint16_t port;    /* or ICMP type */
	uint8_t from, to; /* zones; FW_SELF for the gateway */
};

enum fw_verdict { FW_V_ACCEPT, FW_V_DROP, FW_V_REJECT };

struct fw_decision {
	enum fw_verdict verdict;
	uint32_t number;   /* deciding record or built-in */
	uint32_t revision; /* 0 for built-ins */
	uint32_t dnat;     /* record that translated the destination, or 0 */
	struct fw_ip dst;  /* destination after translation */
	uint16_t port;
	uint8_t to;     /* zone after translation (see resolve) */
	uint32_t snat;  /* record that translates the source, or 0 */
	bool inspected; /* let through, and its contents are looked at */
	/* near misses: rules of the same zone pair that differ in one field only, at most 5 */
	struct {
		uint32_t number;
		const char *field; /* "source", "destination", "protocol", "port" */
	} near[5];
	size_t n_near;
};

/*
 * Decide about a new connection, in the kernel's order: reserved sources and reverse path, DNAT,
 * built-ins, records by (order, number), default deny. resolve (may be NULL) maps an address to the
 * zone it is routed to, for DNAT and the reverse path: the routing table is not part of the policy.
 * Without it a DNAT leads to its record's zone and the reverse path is taken as good.
 */
void fw_explain(const struct fw_policy *p, const struct fw_flow *f,
	uint8_t (*resolve)(const struct fw_ip *ip, void *arg), void *arg, struct fw_decision *ret);

/* One line for a person: "rule 1042 (…) allows it", "no rule allows lan->wan tcp/25; …". */
void fw_explain_put(struct sk_buf *b, const struct fw_policy *p, const struct fw_flow *f,
	const struct fw_decision *d, enum sk_lang lang);

#endif
