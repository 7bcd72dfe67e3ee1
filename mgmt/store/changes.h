/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes of objects, zones, settings and accounts: requested by one person, approved by another,
 * in force once the generation that contains them is confirmed (accounts, and settings that are no
 * part of the policy: at once). A target's value is that of its newest change in force; nothing is
 * overwritten.
 */
#ifndef MG_STORE_CHANGES_H
#define MG_STORE_CHANGES_H

#include "mgmt/store/rules.h"

enum mg_change_kind {
	MG_CH_ADDRESS,
	MG_CH_SERVICE,
	MG_CH_ZONE,
	MG_CH_SETTING,
	MG_CH_ACCOUNT, /* in force when approved; what it was before is in the account table */
	MG_CH_KINDS
};

struct mg_change {
	uint32_t number;
	enum mg_change_kind kind;
	char name[128]; /* object, zone, setting or account */
	json_t *value;  /* NULL: removal. Owned */
	json_t *before; /* what it replaces, NULL: nothing. Owned */
	uint32_t base;  /* the change that was newest when this was requested */
	enum mg_change_state state;
	bool initial; /* from site.import */
	char applicant[64], approver[64];
	char *purpose, *comment;
	int64_t requested_at, decided_at, active_at;
};
void mg_change_done(struct mg_change *c);
json_t *mg_change_to_json(const struct mg_change *c);
const char *mg_change_kind_name(enum mg_change_kind k); /* "address" "service" "zone" "setting" */
const struct sk_text *mg_change_kind_text(enum mg_change_kind k);

/* -ENOENT with a message. */
int mg_change_get(struct mg_store *s, uint32_t number, struct mg_change *ret, struct sk_err *err);
/* Newest last; state MG_CHANGE_STATES: all; kind MG_CH_KINDS and name NULL: all. */
struct mg_change_filter {
	enum mg_change_state state;
	enum mg_change_kind kind;
	const char *name;
};
int mg_change_each(struct mg_store *s, const struct mg_change_filter *f,
	int (*fn)(const struct mg_change *c, void *arg), void *arg, struct sk_err *err);

/* How far ahead of the kernel to look. */
enum mg_view {
	MG_VIEW_ACTIVE,   /* in force */
	MG_VIEW_APPROVED, /* and approved */
	MG_VIEW_REQUESTED /* and waiting for approval: what a new request may refer to */
};
/* The value of one target, new reference in *ret, or -ENOENT without a message. *ret_change may be
 * NULL. */
int mg_target_get(struct mg_store *s, enum mg_view view, enum mg_change_kind kind, const char *name,
	json_t **ret, uint32_t *ret_change, struct sk_err *err);
/* Every existing target of a kind, by name. fn borrows. */
int mg_target_each(struct mg_store *s, enum mg_view view, enum mg_change_kind kind,
	int (*fn)(const char *name, const json_t *value, uint32_t change, void *arg), void *arg,
	struct sk_err *err);

/*
 * Check the value and what depends on it (objects resolve, no rule loses what it refers to), then
 * store it as requested. Needs kind, name, value, applicant and purpose, fills the rest; the caller
 * frees c in any case. initial: in force at once, unchecked and without approval (site.import; the
 * database refuses it once a generation exists).
 */
int mg_change_request(struct mg_txn *t, struct mg_change *c, int64_t now, struct sk_err *err);
/* Approve: the same checks on what is approved by then; -ESTALE if its target was changed since. */
int mg_change_approve(struct mg_txn *t, uint32_t number, const struct mg_actor *a,
	struct mg_change *ret, struct sk_err *err);
int mg_change_return(struct mg_txn *t, uint32_t number, const struct mg_actor *a,
	struct mg_change *ret, struct sk_err *err);

/* Zones, objects and settings as a finished policy without rules: for mg_rule_check. */
int mg_store_build_base(
	struct mg_store *s, enum mg_view view, struct fw_policy **ret, struct sk_err *err);
/* As mg_store_build_policy, unfinished, without the rule `except` (0: none). */
int mg_store_build_rules(struct mg_store *s, enum mg_build what, uint32_t except, int64_t now,
	struct fw_policy **ret, struct sk_err *err);

/* --- settings ------------------------------------------------------------------------------------
 */
struct mg_setting_def {
	const char *key, *def;
	enum {
		MG_SET_TEXT,
		MG_SET_INT,
		MG_SET_BOOL,
		MG_SET_PORTS,
		MG_SET_WORD,
		MG_SET_ADDRS,
		MG_SET_ADDR4,
		MG_SET_ADDR6,
		MG_SET_LIST,
		MG_SET_MAIL,
		MG_SET_SMTP,
		MG_SET_HTTPS
	} type;
	int64_t min, max; /* of INT; bytes of TEXT */
	bool policy;      /* part of the policy: in force after apply */
	struct sk_text help;
};
const struct mg_setting_def *mg_setting_defs(size_t *ret_n);
const struct mg_setting_def *mg_setting_find(const char *key);
/* Canonical form of value for key into dst. -ENOENT (unknown key), -EINVAL. */
int mg_setting_check(const char *key, const char *value, char *dst, size_t cap, struct sk_err *err);

#endif
