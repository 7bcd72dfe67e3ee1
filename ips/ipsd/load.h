/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rule files and configuration from disk to a compiled ruleset. Used offline, for --check and by
 * the daemon; all reading of files is here.
 */
#ifndef IPS_IPSD_LOAD_H
#define IPS_IPSD_LOAD_H

#include "ips/detect/ruleset.h"
#include "ips/engine/engine.h"
#include "lib/buf.h"

#define IPS_RULE_FILE_MAX (256u * 1024 * 1024)

struct ips_load {
	const char *const *rules; /* files, or folders whose *.rules are taken in order of name */
	size_t rules_n;
	const char *const *sha256; /* hex, one for each of rules, or NULL: what they must be */
	const char *config;        /* JSON as docs/ipc.md's inspection policy; NULL: none */
	const char *config_text;   /* the same as text, instead */
	size_t config_len;
	const char *classification; /* NULL: classification.config beside the first rule file */
	const char *reference;      /* NULL: reference.config beside it */
	const char *threshold;      /* NULL: threshold.config beside it */
	const char *cache_dir;      /* compiled databases; NULL: none */
};

/* Parse all files; *ret_policy (NULL if the configuration has none) and *cfg from the
 * configuration. Only unreadable files and a wrong configuration are errors. Outputs owned by the
 * caller. */
int ips_load_rules(const struct ips_load *l, struct ips_rules **ret, struct ips_policy **ret_policy,
	struct ips_engine_config *cfg, struct sk_err *err);

/* The same, compiled, with datasets loaded; the cache is used and written. */
int ips_load_ruleset(const struct ips_load *l, struct ips_state *state,
	struct ips_engine_config *cfg, struct ips_ruleset **ret, bool *ret_cached,
	struct sk_err *err);

#endif
