/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens when a rule matches: a profile chooses by the rule's severity, confidence,
 * deployment, class and age; single rules and hosts have exceptions from the registry. Sets
 * rule->effective and answers for one alert. Never turns a disabled or noalert rule into a drop.
 */
#ifndef IPS_RULES_POLICY_H
#define IPS_RULES_POLICY_H

#include "ips/rules/parse.h"

struct ips_policy;

/*
 * From the JSON described in docs/ipc.md ("The inspection policy"); text is UTF-8 JSON. Errors name
 * the field. Without a policy (NULL) rules act as written: alert alerts, drop drops.
 */
int ips_policy_parse(struct ips_policy **ret, const char *text, size_t n, struct sk_err *err);
void ips_policy_free(struct ips_policy *p);

/* Fill effective for all rules; now_s for age, trial and expiry of exceptions. */
void ips_policy_apply(const struct ips_policy *p, struct ips_rules *rules, int64_t now_s);

enum ips_decision {
	IPS_DECIDE_IGNORE, /* neither recorded nor acted upon (an exception) */
	IPS_DECIDE_ALERT,
	IPS_DECIDE_WOULD_DROP, /* recorded as alert, with what would have happened (trial) */
	IPS_DECIDE_DROP,
	IPS_DECIDE_REJECT,
};
/* For one match between src and dst of the packet; ret_exception: record number or 0. */
enum ips_decision ips_policy_decide(const struct ips_policy *p, const struct ips_rule *r,
	uint8_t family, const struct ips_addr *src, const struct ips_addr *dst, int64_t now_s,
	uint32_t *ret_exception);
/* Mail or webhook at once for this rule? */
bool ips_policy_urgent(const struct ips_policy *p, const struct ips_rule *r);

#endif
