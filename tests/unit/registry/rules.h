/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A valid rule to start from, and a generator of numbers with a fixed seed. */
#ifndef TEST_REGISTRY_RULES_H
#define TEST_REGISTRY_RULES_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fw/registry/rule.h"

#define NOW INT64_C(1775008800) /* 2026-04-01 02:00 UTC */
#define DAY INT64_C(86400)

static inline void sample_rule(struct fw_rule *r)
{
	fw_rule_init(r);
	assert_int_equal(fw_str_set(&r->applicant, "製造部 山田"), 0);
	assert_int_equal(fw_str_set(&r->source, "192.168.1.0/24"), 0);
	assert_int_equal(fw_str_set(&r->destination, "203.0.113.10"), 0);
	assert_int_equal(fw_str_set(&r->from, "lan"), 0);
	assert_int_equal(fw_str_set(&r->to, "wan"), 0);
	assert_int_equal(fw_str_set(&r->protocol, "tcp"), 0);
	assert_int_equal(fw_str_set(&r->port, "443"), 0);
	assert_int_equal(fw_str_set(&r->purpose, "受発注システムの利用"), 0);
	r->registered = NOW - DAY;
	r->expiry = NOW + 300 * DAY;
}

/* xorshift64 (Marsaglia 2003). */
static inline uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

#endif
