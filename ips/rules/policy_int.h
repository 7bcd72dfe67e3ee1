/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inspection policy in memory: filled by policy_parse.c, applied by policy.c.
 */
#ifndef IPS_RULES_POLICY_INT_H
#define IPS_RULES_POLICY_INT_H

#include "ips/rules/arena.h"
#include "ips/rules/policy.h"

#define IPS_CRITERIA_MAX 64
#define IPS_CRITERION_WORDS 128 /* of one list */
#define IPS_EXCEPTIONS_MAX 20000
#define IPS_POLICY_FILES_MAX 1000

struct ips_words {
	const char **v;
	uint32_t n; /* 0: any */
};

struct ips_criterion {
	uint32_t severities; /* bit set, 1 << severity; 0: any */
	uint32_t written;    /* bit set, 1 << enum ips_action; 0: any */
	struct ips_words confidence, deployment, signature_severity, class, category;
	uint32_t max_age_days; /* 0: any */
	enum ips_action action;
	bool urgent;
};

struct ips_exception {
	uint32_t number, gid, sid; /* sid 0: all rules */
	struct {
		uint8_t family; /* 0: any address */
		uint8_t len;
		struct ips_addr addr;
	} src, dst;
	enum ips_decision decision;
	int64_t expires; /* 0: never */
};

struct ips_policy_file {
	const char *path;
	int64_t monitor_until;
};

struct ips_policy {
	struct ips_strings strings;
	struct ips_arena arena;
	bool has_criteria; /* without, rules act as written */
	struct ips_criterion *criteria;
	uint32_t criteria_n;
	struct ips_exception *exceptions;
	uint32_t exceptions_n;
	struct ips_policy_file *files;
	uint32_t files_n;
};

#endif
