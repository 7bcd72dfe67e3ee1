/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A compiled ruleset's inside, shared by the files that build it and the worker's detection. */
#ifndef IPS_DETECT_RULESET_INT_H
#define IPS_DETECT_RULESET_INT_H

#include <stdatomic.h>

#include "ips/detect/group.h"
#include "ips/detect/ruleset.h"

struct ips_ruleset {
	atomic_uint refs;
	struct ips_rules *owner; /* may be NULL (rules given one by one) */
	struct ips_policy *policy;
	struct ips_crule *rules; /* by rank */
	uint32_t n;
	struct ips_ports ports[IPS_TR_COUNT][2];
	struct ips_group *app[IPS_P_COUNT][2]; /* payload rules of one protocol; or NULL */
	/* Event rules: by event, ranks event_rules[event_first[e]] … */
	uint32_t event_first[IPS_EV_COUNT + 1];
	uint32_t *event_rules;
	struct ips_addr_index addrs;
	struct ips_slot *slots;
	uint32_t slots_n;
	struct ips_app_rules tx[IPS_P_COUNT][2];
	uint32_t tx_slots_max; /* most slots of one protocol and direction */
	uint8_t key[32];
	struct ips_ruleset_info info;
};

/* The same as ips_ruleset_compile, for rules that stand alone; they stay the caller's. */
int ips_ruleset_compile_list(struct ips_ruleset **ret, struct ips_rule *const *rules, uint32_t n,
	struct ips_state *state, struct ips_view cache, bool *ret_cached, struct sk_err *err);

/* A database and what it is being built from. */
struct ips_pf_job {
	struct ips_pf *pf;
	struct ips_pf_build *from;
};

/* While compiling: everything that is thrown away afterwards. */
struct ips_ruleset_build {
	struct ips_ruleset *rs;
	struct ips_fast *fast; /* by rank */
	struct ips_group_build base[IPS_TR_COUNT][2];
	struct ips_group_build (*cls)[2][IPS_PORT_CLASSES]; /* [transport] */
	struct ips_group_build *app[IPS_P_COUNT][2];
	struct ips_port_user *users[IPS_TR_COUNT][2];
	size_t users_n[IPS_TR_COUNT][2], users_cap[IPS_TR_COUNT][2];
	struct ips_addr_build *addrs;
	struct ips_pf_build *slots;
	size_t slots_cap, slot_builds_cap;
	struct ips_pf_job *jobs;
	size_t jobs_n, jobs_cap;
};

/* payload.c: packet and stream rules into groups. */
int ips_payload_add(struct ips_ruleset_build *b, uint32_t rank);
int ips_payload_finish(struct ips_ruleset_build *b);
void ips_payload_build_done(struct ips_ruleset_build *b);
void ips_payload_done(struct ips_ruleset *rs);
/* Protocols a rule's `alert` word means; bit set. */
uint64_t ips_crule_apps(const struct ips_crule *c);
int ips_job_add(struct ips_ruleset_build *b, struct ips_pf *pf, struct ips_pf_build *from);

/* slots.c: transaction rules by buffer. */
int ips_slots_add(struct ips_ruleset_build *b, uint32_t rank);
int ips_slots_finish(struct ips_ruleset_build *b);
void ips_slots_build_done(struct ips_ruleset_build *b);
void ips_slots_done(struct ips_ruleset *rs);

#endif
