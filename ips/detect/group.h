/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules grouped so that a packet meets only those that could match it: payload rules by transport,
 * direction and server port, or by application protocol; transaction rules by buffer; address rules
 * in an index. Built by the ruleset, read by the workers.
 */
#ifndef IPS_DETECT_GROUP_H
#define IPS_DETECT_GROUP_H

#include "ips/detect/prefilter.h"

/* Rules without a pattern, in runs of equal needs. */
struct ips_need_run {
	uint16_t need;
	uint32_t first, n; /* in rules */
};
struct ips_runs {
	struct ips_need_run *runs;
	uint32_t runs_n;
	uint32_t *rules;
	uint32_t n;
};

struct ips_group {
	struct ips_pf all;  /* patterns that may be anywhere */
	struct ips_pf pkt;  /* of those, the ones TCP packets themselves are searched for */
	struct ips_pf head; /* patterns that end within IPS_HEAD bytes of the beginning */
	struct ips_runs plain;
};
#define IPS_HEAD 256

enum ips_transport { IPS_TR_TCP, IPS_TR_UDP, IPS_TR_OTHER, IPS_TR_COUNT };

/* Classes of ports that have rules of their own; all rare ones share class 0. */
#define IPS_PORT_CLASSES 32
struct ips_ports {
	struct ips_group base; /* any port, and very wide ranges */
	struct ips_group cls[IPS_PORT_CLASSES];
	uint8_t *map; /* 65536: class + 1, 0: none; NULL: no ports */
};

struct ips_slot {
	enum ips_buf buf;
	enum ips_dir dir;
	const struct ips_transform *transforms; /* a rule's */
	uint32_t transforms_n;
	bool body, multi;
	struct ips_pf pf;
};

/* One protocol's transactions in one direction. */
struct ips_app_rules {
	uint16_t *slots;
	uint32_t slots_n;
	uint32_t *plain; /* transaction rules without a pattern, by rank */
	uint32_t plain_n;
	bool any; /* some transaction rule applies */
};

/* Address rules, found by one of their address sets. */
struct ips_addr_index {
	struct ips_addr_tree {
		struct ips_addr *lo; /* sorted beginnings of intervals, host order words */
		uint32_t *first;     /* n + 1: rules of each interval */
		uint32_t *rules;
		uint32_t n;
	} tree[2][2];   /* [source, destination][IPv4, IPv6] */
	uint32_t *wide; /* rules tried for every address */
	uint32_t wide_n;
};
struct ips_addr_build;
struct ips_addr_build *ips_addr_build_new(void);
void ips_addr_build_free(struct ips_addr_build *b);
int ips_addr_build_add(struct ips_addr_build *b, const struct ips_rule *r, uint32_t rank);
int ips_addr_build_finish(struct ips_addr_build *b, struct ips_addr_index *ret);
void ips_addr_index_done(struct ips_addr_index *x);
/* The interval a lies in; returns the number of rules. */
uint32_t ips_addr_tree_find(const struct ips_addr_tree *t, uint8_t family, const struct ips_addr *a,
	const uint32_t **ret);

/* While building: what goes into a group. */
struct ips_group_build {
	struct ips_pf_build all, pkt, head;
	uint32_t *plain; /* rank */
	size_t plain_n, plain_cap;
};
int ips_group_add(struct ips_group_build *b, const struct ips_crule *c, const struct ips_fast *f,
	uint32_t rank);
void ips_group_build_done(struct ips_group_build *b);
/* Lists of rules; databases come later. */
int ips_group_link(
	struct ips_group *g, const struct ips_group_build *b, const struct ips_crule *rules);
void ips_group_done(struct ips_group *g);

/*
 * Rules of one transport and direction by port: ranks (ascending) of the rules that want particular
 * ports. ret_class: which classes a rule belongs to is asked with ips_ports_class afterwards.
 */
struct ips_port_user {
	const struct ips_port_set *a, *b; /* b: NULL or a second set (bidirectional) */
	uint32_t rank;
};
#define IPS_PORTS_WIDE 1024 /* rules for more ports than that count as for any */
uint32_t ips_port_set_size(const struct ips_port_set *s);
/* Fill map; ret_member[user]: bit set of classes. */
int ips_ports_map(
	const struct ips_port_user *users, size_t n, uint8_t **ret_map, uint32_t *ret_member);

#endif
