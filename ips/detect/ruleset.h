/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules compiled for speed: classified, grouped by protocol, direction and port, with one
 * vectorscan database a buffer over each rule's fast pattern. Immutable once made, shared by all
 * workers, counted by reference so that a reload swaps it between two packets.
 */
#ifndef IPS_DETECT_RULESET_H
#define IPS_DETECT_RULESET_H

#include "ips/detect/state.h"
#include "ips/rules/policy.h"
#include "lib/buf.h"

struct ips_ruleset;

/*
 * Compile. Takes over rules and policy (may be NULL) in any case. cache: a serialised form made by
 * ips_ruleset_save for the same key, or NULL; an unusable one is ignored. *ret_cached tells whether
 * it was used. Bare errors only (memory); refused rules were refused at parsing, but a pattern
 * vectorscan cannot take is refused here and added to the rules' list.
 */
int ips_ruleset_compile(struct ips_ruleset **ret, struct ips_rules *rules,
	struct ips_policy *policy, struct ips_state *state, struct ips_view cache, bool *ret_cached,
	struct sk_err *err);
/* Hash over all patterns and their grouping, the library's version and the CPU: the cache's key. */
void ips_ruleset_key(const struct ips_ruleset *rs, uint8_t ret[32]);
int ips_ruleset_save(const struct ips_ruleset *rs, struct sk_buf *b);

struct ips_ruleset *ips_ruleset_ref(struct ips_ruleset *rs); /* atomic; thread-safe */
void ips_ruleset_unref(struct ips_ruleset *rs);
struct ips_rules *ips_ruleset_rules(struct ips_ruleset *rs);
const struct ips_policy *ips_ruleset_policy(const struct ips_ruleset *rs);

struct ips_ruleset_info {
	uint32_t rules, ip_only, packet, stream, tx, without_pattern, databases;
	uint64_t database_bytes, bytes;
	uint64_t generation; /* a hash of all rules: equal for equal sets */
	/* Protocols any rule needs parsed, bit set over enum ips_proto_id. */
	uint64_t protos;
};
const struct ips_ruleset_info *ips_ruleset_info(const struct ips_ruleset *rs);

#endif
