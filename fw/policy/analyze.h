/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Analysis of a whole rule set, exact: the rules of each zone pair as products of three sets
 * (service, source, destination), compared pairwise, and unions by subtraction of such products
 * within a budget. Terms after Al-Shaer & Hamed, "Firewall Policy Advisor" (2003). Allow and deny
 * are compared with each other; DNAT and SNAT among their own kind. Expired rules act on nothing
 * and are only named as expired.
 */
#ifndef FW_ANALYZE_H
#define FW_ANALYZE_H

#include "fw/policy/policy.h"

enum fw_finding_kind {
	/* never matches: earlier rules take all, at least part of it with another action */
	FW_F_SHADOWED,
	/*
	 * Without it nothing changes: earlier rules take all with the same action, or one later
	 * rule does and none with another action stands between. All of them may be removed
	 * together.
	 */
	FW_F_REDUNDANT,
	/* overlaps an earlier one with another action, neither within the other: order decides */
	FW_F_CONFLICT,
	/*
	 * Differs from an earlier one in source, destination, protocol or port only, and no rule
	 * with another action between them keeps them from being one.
	 */
	FW_F_MERGEABLE,
	FW_F_TOO_WIDE, /* allow rules: "any" or very large */
	FW_F_EXPIRED,
	FW_F_EXPIRING,  /* within expiring_days */
	FW_F_NEVER_HIT, /* allow and dnat rules, older than unused_days */
	FW_F_UNUSED,    /* allow and dnat rules, not hit for unused_days */
	FW_FINDINGS
};

struct fw_finding {
	enum fw_finding_kind kind;
	uint32_t number;    /* the rule found at fault */
	uint32_t others[8]; /* the rules it meets */
	size_t n_others, others_more;
	bool budget;     /* union test cut short: "at least partly" */
	char space[256]; /* overlapping space in words: "tcp/80 192.168.1.0/24 → any" */
};

struct fw_analyze_opts {
	int64_t now;
	int expiring_days; /* 30 */
	int unused_days;   /* 90 */
	size_t budget;     /* pieces a rule may fall into; 0: 4,096 */
};

struct fw_findings {
	struct fw_finding *v;
	size_t n, cap;
};

/* last_hit and registered of the rules are used. 0 or -ENOMEM. */
int fw_analyze(const struct fw_policy *p, const struct fw_analyze_opts *o, struct fw_findings *ret,
	struct sk_err *err);
void fw_findings_done(struct fw_findings *f);
const char *fw_finding_name(enum fw_finding_kind k);
const struct sk_text *fw_finding_text(enum fw_finding_kind k);

#endif
