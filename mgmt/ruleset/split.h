/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of a pack one by one, and which of them are new: each rule goes into the group of rules
 * that report only until the same moment, so that new and changed ones have their trial while the
 * others act. What a rule means is the engine's business. Pure.
 */
#ifndef MG_RULESET_SPLIT_H
#define MG_RULESET_SPLIT_H

#include "lib/buf.h"
#include "mgmt/ruleset/pack.h"

#define MG_GROUPS_MAX 128
#define MG_SPLIT_RULES_MAX 400000

/* Until when each rule that is in use now only reports; 0: it acts. */
struct mg_known;
struct mg_known *mg_known_new(size_t rules); /* NULL without memory */
void mg_known_free(struct mg_known *k);
/* Rules one a line, as a group's text has them. */
int mg_known_add(struct mg_known *k, const char *text, size_t n, int64_t monitor_until);

struct mg_group {
	int64_t monitor_until; /* 0: they act */
	struct sk_buf rules;   /* one a line */
	struct sk_buf index;   /* for each of them "file:line", one a line */
	size_t n;
};

struct mg_split {
	struct mg_group groups[MG_GROUPS_MAX];
	size_t n, rules, fresh;
	uint8_t sha256[32]; /* of all that counts, however it was packed */
};

/*
 * Sort the rules of all *.rules files of the pack (or its only file). known may be NULL: all are
 * new. until: for new and changed rules, 0 none. A rule that is commented out is none. -EINVAL:
 * there is not one rule. mg_split_done in any case.
 */
int mg_split_make(struct mg_split *s, const struct mg_pack *k, const struct mg_known *known,
	int64_t now, int64_t until, struct sk_err *err);
void mg_split_done(struct mg_split *s);

/* Is the file one of rules, or one that rules may name (a list of a dataset)? */
bool mg_pack_is_rules(const struct mg_pack_file *f, size_t n_files);
/* Its last part is this name. */
bool mg_pack_is_named(const struct mg_pack_file *f, const char *name);

#endif
