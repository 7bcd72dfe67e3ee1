/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small policies for the tests: four zones, and records written as one line of C. */
#ifndef TEST_POLICY_BUILD_H
#define TEST_POLICY_BUILD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fw/policy/policy.h"

#define T_NOW 1800000000 /* 2027-01-15 */
#define T_DAY 86400

enum { T_WAN, T_LAN, T_DMZ, T_GUEST, T_ZONES };

/* What differs between test records; NULL and 0 stand for a sane value. */
struct t_rule {
	uint32_t number;
	enum fw_kind kind;
	const char *from, *to, *source, *destination, *protocol, *port;
	const char *nat_to;
	uint32_t order;
};

/* wan: outside, DHCP, bogons; lan: manage, ping, reject; dmz; guest. Ports 443 and 22. */
struct fw_policy *t_policy(void);
/* The whole record; free with fw_rule_done. */
void t_record(struct fw_rule *r, const struct t_rule *t);
void t_add(struct fw_policy *p, const struct t_rule *t);
void t_finish(struct fw_policy *p);
struct fw_ip t_ip(const char *s);
/* Encoded; free with sk_buf_done. */
struct sk_buf t_encode(struct fw_policy *p);

/* A random generator with a fixed seed (xorshift, Marsaglia 2003): the same on every machine. */
struct t_rng {
	uint32_t x;
};
uint32_t t_random(struct t_rng *r, uint32_t below);

#endif
