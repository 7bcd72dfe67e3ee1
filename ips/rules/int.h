/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of this folder share: the owner of all rules, and what it is made of. One rule
 * while it is being read: build.h.
 */
#ifndef IPS_RULES_INT_H
#define IPS_RULES_INT_H

#include <errno.h>

#include "ips/rules/arena.h"
#include "ips/rules/keyword.h"
#include "ips/rules/parse.h"
#include "ips/rules/span.h"
#include "ips/rules/text.h"

#define IPS_RULE_TEXT_MAX 65536 /* bytes of one rule, continuation lines joined */
#define IPS_WHY_MAX 240

struct ips_build;

struct ips_rule_var {
	const char *name, *value;
};
struct ips_rule_class {
	const char *name, *text;
	uint8_t priority;
};
struct ips_remark {
	struct ips_refused *v;
	size_t n, cap;
};

/* A set written as text, kept because many rules write the same. */
struct ips_set_cache {
	const char *key;
	struct ips_addr_set addr;
	struct ips_port_set port;
	bool negated;
};

struct ips_rules {
	struct ips_arena mem;       /* rules */
	struct ips_strings strings; /* and what they share */
	struct ips_rule **rules;
	size_t n, cap;
	uint32_t *index; /* by gid and sid, into rules + 1; index_cap is a power of two */
	size_t index_cap;
	struct ips_rule_var *vars;
	size_t vars_n, vars_cap;
	struct ips_rule_class *classes;
	size_t classes_n, classes_cap;
	struct ips_rule_ref *references; /* system and URL prefix */
	size_t references_n, references_cap;
	struct ips_remark refused, warnings;
	struct ips_set_cache *sets[2]; /* addresses, ports */
	size_t sets_n[2], sets_cap[2];
	struct ips_pcre **pcres; /* whose code is ours to free */
	size_t pcres_n, pcres_cap;
	void **codes; /* pcre2_code of transforms */
	size_t codes_n, codes_cap;
	struct ips_keywords keywords;
	struct ips_build *build; /* scratch */
	struct ips_rules_tally tally;
	uint32_t skipped_lines; /* of classification and reference files */
};

/* --- rules.c --- */
int ips_remark_add(struct ips_rules *r, struct ips_remark *to, const struct ips_refused *what);
/* Take b's finished rule in; the newest rev wins. -EEXIST with b->why if it is not newer. */
int ips_rules_add(struct ips_rules *r, struct ips_build *b);
const char *ips_rules_var_get(const struct ips_rules *r, struct ips_text name);
const struct ips_rule_class *ips_rules_class(const struct ips_rules *r, struct ips_text name);

/* --- set.c: address and port lists; why has IPS_WHY_MAX bytes. 0, -EINVAL, -ENOMEM --- */
int ips_addr_parse(struct ips_rules *r, struct ips_text t, struct ips_addr_set *ret,
	bool *ret_negated, char *why);
int ips_port_parse(struct ips_rules *r, struct ips_text t, struct ips_port_set *ret, char *why);

#endif
