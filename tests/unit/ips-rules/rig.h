/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the rule language share: rules from a text, and looking at what came of it. */
#ifndef TESTS_UNIT_IPS_RULES_RIG_H
#define TESTS_UNIT_IPS_RULES_RIG_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ips/rules/report.h"
#include "lib/util.h"

#define TCP "alert tcp any any -> any any"
#define UDP "alert udp any any -> any any"
#define HTTP "alert http any any -> any any"
#define IP "alert ip any any -> any any"
#define DNS "alert dns any any -> any any"
#define TLS "alert tls any any -> any any"
#define ICMP "alert icmp any any -> any any"

/* One file's text; must not run out of memory. */
struct ips_rules *rig_rules(const char *text);
/* "header (options sid:1;)" into fresh rules. */
struct ips_rules *rig_rule(const char *header, const char *options);
/* The only rule of rig_rule(); fails the test with the reason if it was refused. */
struct ips_rule *rig_only(struct ips_rules *r);
/* Why the only rule was refused, "option: why". Fails the test if it was not. */
const char *rig_refusal(const char *header, const char *options);
struct ips_addr rig_addr(const char *text, uint8_t *ret_family);

#endif
