/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rule files to rules. A rule is taken with its full meaning or refused by name; one bad rule never
 * harms another. Pure: the caller reads the files.
 */
#ifndef IPS_RULES_PARSE_H
#define IPS_RULES_PARSE_H

#include "ips/rules/rule.h"
#include "lib/err.h"

struct ips_rules; /* owns everything below it */
struct ips_rules *ips_rules_new(void);
void ips_rules_free(struct ips_rules *r);

/* Before the rules: "$HOME_NET" to "[192.168.0.0/16,10.0.0.0/8]"; "any" both if never set. Address
 * and port variables share one space. HTTP_PORTS and the other usual ones have defaults. */
int ips_rules_var(struct ips_rules *r, const char *name, const char *value, struct sk_err *err);
/* classification.config, reference.config: unknown lines are skipped with a count. */
int ips_rules_classification(struct ips_rules *r, const char *text, size_t n, struct sk_err *err);
int ips_rules_references(struct ips_rules *r, const char *text, size_t n, struct sk_err *err);
/* threshold.config, after the rules: threshold, event_filter, rate_filter, suppress lines. */
int ips_rules_thresholds(
	struct ips_rules *r, const char *file, const char *text, size_t n, struct sk_err *err);

/*
 * Parse one file's text (continuation lines, comments; a commented rule is DISABLED and only
 * counted). -ENOMEM alone is a failure; refused rules go to the list. The newest rev of a gid:sid
 * wins.
 */
int ips_rules_parse(struct ips_rules *r, const char *file, const char *text, size_t n);

/* After the last file: flowbits that are checked but never set etc. become warnings. */
void ips_rules_finish(struct ips_rules *r);

uint32_t ips_rules_count(const struct ips_rules *r);
struct ips_rule *ips_rules_at(struct ips_rules *r, uint32_t i);
struct ips_rule *ips_rules_find(struct ips_rules *r, uint32_t gid, uint32_t sid);

struct ips_refused {
	const char *file;
	uint32_t line;
	uint32_t gid, sid;  /* sid 0: not readable */
	const char *option; /* at fault; "" if the header */
	const char *why;
};
uint32_t ips_rules_refused_count(const struct ips_rules *r);
const struct ips_refused *ips_rules_refused(const struct ips_rules *r, uint32_t i);
/* Also "warnings": loaded, but the author should know (same shape). */
uint32_t ips_rules_warning_count(const struct ips_rules *r);
const struct ips_refused *ips_rules_warning(const struct ips_rules *r, uint32_t i);

struct ips_rules_tally {
	uint32_t seen, loaded, refused, disabled, replaced, ip_only;
};
const struct ips_rules_tally *ips_rules_tally(const struct ips_rules *r);

#endif
