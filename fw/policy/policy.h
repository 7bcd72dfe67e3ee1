/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy document: the only thing fwd accepts, and its compiled form. Text format, one
 * canonical JSON object a line (so that 10,000 rules are read in little memory):
 *   {"format":"sekisho-policy","version":1,"generation":N,"created":T,"site":{…},
 *    "inspection":{…},"guard":{…},"blocklist":{"enabled":true}}
 *   {"zone":{…}} …   {"object":{"kind":…,"name":…,"items":[…]}} …   {"rule":{…}} …
 *   {"end":{"rules":N,"sha256":"hex of every byte before this line"}}
 * Pure: the caller reads and writes the bytes.
 */
#ifndef FW_POLICY_H
#define FW_POLICY_H

#include <stdint.h>

#include "fw/policy/guard.h"
#include "fw/policy/inspect.h"
#include "fw/policy/zone.h"
#include "fw/registry/rule.h"

#define FW_POLICY_BYTES_MAX (256u << 20)
#define FW_POLICY_RULES_MAX 50000
/* No document may ask for more; sites set their own limit. */
#define FW_POLICY_EXPIRY_DAYS_MAX 3660

struct fw_site {
	char name[128];
	uint16_t manage_ports[8]; /* TCP ports of the gateway's own administration */
	size_t n_manage_ports;
	bool reverse_path;  /* strict reverse path filter (RFC 3704) */
	bool log_broadcast; /* report dropped broadcast and multicast too (default: count only) */
};

/*
 * The strings of rec and the arrays of match belong to the policy and are shared between rules that
 * say the same: never set or free them here, and copy what must outlive the policy.
 */
struct fw_policy_rule {
	struct fw_rule rec;
	struct fw_match match;
	uint8_t from, to; /* index into zones; FW_SELF for the gateway */
};

#define FW_SELF 0xff

struct fw_pool;

/* An object as it was written, for encoding. */
struct fw_policy_object {
	enum fw_object_kind kind;
	char *name, *items;
};

struct fw_policy {
	uint64_t generation;
	int64_t created;
	struct fw_site site;
	struct fw_inspect inspect;
	struct fw_guard guard;
	bool blocklist; /* what the blocklists list is stopped */
	struct fw_zone zones[FW_ZONES_MAX];
	size_t n_zones;
	struct fw_objects *objects; /* fill through fw_policy_add_object */
	struct fw_policy_object *object_texts;
	size_t n_object_texts, cap_object_texts;
	size_t objects_checked; /* how many fw_objects_check has seen */
	struct fw_pool *pool;   /* what the rules share */
	uint32_t *by_number;    /* indexes into rules, for fw_policy_find; NULL until finished */
	struct fw_policy_rule *rules; /* in evaluation order: by order, then number */
	size_t n_rules, cap_rules;
	char sha256[65];
};

struct fw_policy *fw_policy_new(void);
void fw_policy_free(struct fw_policy *p);
void fw_policy_freep(struct fw_policy **p);

/* Define an object (items as in fw_objects_add) so that fw_policy_encode can write it. */
int fw_policy_add_object(struct fw_policy *p, enum fw_object_kind kind, const char *name,
	const char *items, struct sk_err *err);
/*
 * Builder side: add after zones and objects; copies the record, compiles the match and checks all
 * that fw_policy_parse checks of one rule but its expiry. -EINVAL with "rule[1042].purpose".
 */
int fw_policy_add_rule(struct fw_policy *p, const struct fw_rule *r, struct sk_err *err);
/* Sort rules, resolve zones, check what concerns the policy as a whole. */
int fw_policy_finish(struct fw_policy *p, struct sk_err *err);
/*
 * Serialise a finished policy; also fills p->sha256. last_hit is left out: a hit changes no policy,
 * so the same policy always has the same bytes.
 */
int fw_policy_encode(struct fw_policy *p, struct sk_buf *b, struct sk_err *err);

enum fw_policy_mode {
	FW_POLICY_STRICT, /* a new document: a rule past its expiry refuses it */
	FW_POLICY_BOOT,   /* the last good one: such rules are left out and counted */
};

/*
 * Parse and check a document: hash, version, every rule with all nine fields, an approver that is
 * not its applicant, an approval date and an expiry in the future of now. Errors carry
 * "rule[1042].purpose". *ret_expired (may be NULL) counts the rules left out in BOOT mode.
 */
int fw_policy_parse(const void *p, size_t n, enum fw_policy_mode mode, int64_t now,
	struct fw_policy **ret, size_t *ret_expired, struct sk_err *err);

/*
 * The next expiry at or after now among the rules (INT64_MAX: none). A rule is valid through that
 * second: fw_policy_drop_expired takes it out one second later.
 */
int64_t fw_policy_next_expiry(const struct fw_policy *p, int64_t now);
/* Remove rules whose expiry is before now; returns how many, their numbers through cb or NULL. */
size_t fw_policy_drop_expired(struct fw_policy *p, int64_t now,
	void (*cb)(const struct fw_policy_rule *r, void *arg), void *arg);
const struct fw_policy_rule *fw_policy_find(const struct fw_policy *p, uint32_t number);
/* "gateway" for FW_SELF. */
const char *fw_policy_zone_name(const struct fw_policy *p, uint8_t zone);

#endif
