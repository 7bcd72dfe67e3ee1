/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What became of the rules, as text for people or JSON for programs: the tally, what was refused
 * and why, by reason and one by one.
 */
#ifndef IPS_RULES_REPORT_H
#define IPS_RULES_REPORT_H

#include "ips/rules/parse.h"
#include "lib/buf.h"

/*
 * Appends to b. Text: the tally in one line, the refused rules and warnings one a line
 * ("FILE:LINE: sid GID:SID: OPTION: WHY"). JSON: {"tally": {…}, "refused": […], "warnings": […]}.
 */
void ips_rules_report(const struct ips_rules *r, bool json, struct sk_buf *b);

/* The URL in front of a reference of that kind ("cve"), or NULL. */
const char *ips_rules_reference_url(const struct ips_rules *r, const char *key);

#endif
