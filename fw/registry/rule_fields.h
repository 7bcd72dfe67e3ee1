/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The string fields of a rule as a table, so that no copy, encoder or comparison forgets one. */
#ifndef FW_RULE_FIELDS_H
#define FW_RULE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "fw/registry/rule.h"

struct fw_rule_string {
	const char *name; /* as in JSON and in error paths */
	size_t offset;
};

/* The i-th string field, NULL past the last. */
const struct fw_rule_string *fw_rule_string(size_t i);
char **fw_rule_string_at(struct fw_rule *r, const struct fw_rule_string *f);
const char *fw_rule_string_of(const struct fw_rule *r, const struct fw_rule_string *f);

bool fw_rule_zone_valid(const char *name); /* syntax only: [a-z][a-z0-9_]{0,14} */

#endif
