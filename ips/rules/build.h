/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One rule while it is being read: its options in the order they came, the buffer they are about,
 * the protocols it can still concern. The keyword tables fill it, parse.c owns it.
 */
#ifndef IPS_RULES_BUILD_H
#define IPS_RULES_BUILD_H

#include "ips/rules/int.h"

#define IPS_BUILD_OPTS 1024 /* options of one rule */
#define IPS_BUILD_LISTS 64
#define IPS_TRANSFORMS_MAX 16

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
	uint32_t opts;  /* how many */
	int base64;     /* the list that base64_data follows, else -1 */
	bool moved_in;  /* made by a modifier; the next sticky buffer of its kind joins it */
	bool to_client; /* looked at in answers only */
	bool own;       /* made by a keyword that brings its own match: nothing joins it */
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
	bool has_sid, has_rev, has_prio, has_class, has_flow;
	const char *vars[IPS_VAR_SLOTS];
	uint32_t vars_n;
	struct ips_rule_ref *pairs[2]; /* references, metadata */
	size_t pairs_n[2], pairs_cap[2];
	const struct ips_kw *kw;
	bool pending_to_client;
	bool negated; /* the option's value began with '!' */
	char option[48], why[IPS_WHY_MAX];
};

/* Say why the rule cannot be taken. ips_refuse: and return -EINVAL. */
void ips_why(struct ips_build *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define ips_refuse(b, ...) (ips_why(b, __VA_ARGS__), -EINVAL)

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
/* A sticky buffer was set and nothing came of it, now or before. */
bool ips_build_idle(const struct ips_build *b);
/*
 * An option about something else of the transaction ends the sticky buffer, unless that is buf
 * itself: what follows is about the payload again.
 */
int ips_build_leave(struct ips_build *b, enum ips_buf buf);
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
