/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of this folder share: the owner of all rules, and one rule while it is being read.
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
#define IPS_BUILD_OPTS 1024     /* options of one rule */
#define IPS_BUILD_LISTS 64
#define IPS_TRANSFORMS_MAX 16
#define IPS_WHY_MAX 240

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

enum ips_place { IPS_IN_LIST, IPS_IN_CONDS, IPS_IN_ACTIONS, IPS_IN_NOTHING };

struct ips_build_opt {
	struct ips_opt o;
	enum ips_place place;
	int list;     /* IN_LIST: which */
	uint32_t seq; /* order; a legacy modifier moves an option to the end of another list */
};

struct ips_build_list {
	enum ips_buf buf;
	struct ips_transform *transforms;
	uint32_t transforms_n;
	uint32_t opts; /* how many */
	int base64;    /* the list that base64_data follows, else -1 */
	bool sticky;   /* named by a sticky buffer keyword, not by a modifier */
	bool own;      /* made by a keyword that brings its own match: nothing joins it */
	bool legacy;   /* content in it was put there by an old http_* modifier */
};

#define IPS_LIST_PAYLOAD (-1) /* no sticky buffer set */
#define IPS_LIST_PENDING (-2) /* one is set, transforms may follow */

/* One rule being read. */
struct ips_build {
	struct ips_rules *r;
	struct ips_rule *rule;
	struct ips_build_opt *opts;
	size_t n, cap;
	uint32_t seq;
	struct ips_build_list lists[IPS_BUILD_LISTS];
	uint32_t lists_n;
	int list; /* current, or IPS_LIST_* */
	enum ips_buf pending;
	struct ips_transform transforms[IPS_TRANSFORMS_MAX]; /* of the pending one */
	uint32_t transforms_n;
	uint64_t apps;   /* protocols the rule can still be about */
	bool app_stated; /* apps was narrowed */
	bool has_sid, has_rev, has_prio, has_class, has_flow, wants_files, only_ip_opts;
	bool file_name, needs_prefilter;
	const char *vars[IPS_VAR_SLOTS];
	uint32_t vars_n;
	struct ips_rule_ref *pairs[2]; /* references, metadata */
	size_t pairs_n[2], pairs_cap[2];
	const struct ips_kw *kw;
	bool negated; /* the option's value began with '!' */
	char option[48], why[IPS_WHY_MAX];
};

/* Say why the rule cannot be taken. ips_refuse: and return -EINVAL. */
void ips_why(struct ips_build *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define ips_refuse(b, ...) (ips_why(b, __VA_ARGS__), -EINVAL)
/* For values quoted in a reason. */
#define IPS_T(t) (int)((t).n > 60 ? 60 : (t).n), (t).p

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

/* --- build.c --- */
struct ips_build *ips_build_new(struct ips_rules *r);
void ips_build_free(struct ips_build *b);
void ips_build_start(struct ips_build *b);
void ips_build_drop(struct ips_build *b); /* refused: free what the scratch owns */
int ips_build_finish(struct ips_build *b);
/* A new option at the end of the current buffer's list; NULL: refused or no memory, see code. */
struct ips_opt *ips_build_opt(struct ips_build *b, enum ips_opt_kind kind, int *ret_err);
struct ips_opt *ips_build_cond(struct ips_build *b, enum ips_opt_kind kind, int *ret_err);
struct ips_opt *ips_build_action(struct ips_build *b, enum ips_opt_kind kind, int *ret_err);
/* A list of its own on buf, and an option in it. */
struct ips_opt *ips_build_own(
	struct ips_build *b, enum ips_buf buf, enum ips_opt_kind kind, int *ret_err);
/* The newest option of the current list that is one of kinds (bit set), or NULL. */
struct ips_build_opt *ips_build_last(struct ips_build *b, uint64_t kinds);
int ips_build_current(struct ips_build *b, int *ret_list); /* index of the current list */
int ips_build_app(struct ips_build *b, uint64_t protos);
int ips_build_sticky(struct ips_build *b, int list_or_pending, enum ips_buf buf);
/* Move o to the list of buf (legacy modifiers). */
int ips_build_move(struct ips_build *b, struct ips_build_opt *o, enum ips_buf buf);
/* The list that follows o, a base64_decode, becomes the current one. */
int ips_build_base64(struct ips_build *b, const struct ips_build_opt *o);
int ips_build_var_new(struct ips_build *b, struct ips_text name, int16_t *ret);
/* A number or the name of a variable made before. */
int ips_build_var(
	struct ips_build *b, struct ips_text t, int64_t min, int64_t max, struct ips_var *ret);
const char *ips_build_str(struct ips_build *b, struct ips_text t); /* interned; NULL: no memory */

/* --- check.c: the rule as a whole --- */
int ips_build_check(struct ips_build *b);

#endif
