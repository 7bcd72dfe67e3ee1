/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the rule language share: rules from a text, and looking at what came of it. */
#include "tests/unit/ips-rules/rig.h"

#include <arpa/inet.h>

struct ips_rules *rig_rules(const char *text)
{
	struct ips_rules *r = ips_rules_new();

	assert_non_null(r);
	assert_int_equal(ips_rules_parse(r, "test.rules", text, strlen(text)), 0);
	return r;
}

struct ips_rules *rig_rule(const char *header, const char *options)
{
	static char text[70000];

	snprintf(text, sizeof(text), "%s (%s sid:1;)\n", header, options);
	return rig_rules(text);
}

struct ips_rule *rig_only(struct ips_rules *r)
{
	if (ips_rules_refused_count(r) > 0)
		fail_msg("refused: %s: %s", ips_rules_refused(r, 0)->option,
			ips_rules_refused(r, 0)->why);
	assert_int_equal(ips_rules_count(r), 1);
	return ips_rules_at(r, 0);
}

const char *rig_refusal(const char *header, const char *options)
{
	static char why[512];
	struct ips_rules *r = rig_rule(header, options);

	assert_int_equal(ips_rules_count(r), 0);
	assert_int_equal(ips_rules_refused_count(r), 1);
	snprintf(why, sizeof(why), "%s: %s", ips_rules_refused(r, 0)->option,
		ips_rules_refused(r, 0)->why);
	ips_rules_free(r);
	return why;
}

struct ips_addr rig_addr(const char *text, uint8_t *ret_family)
{
	struct ips_addr a = {0};

	*ret_family = strchr(text, ':') ? 6 : 4;
	assert_int_equal(inet_pton(*ret_family == 6 ? AF_INET6 : AF_INET, text, a.w), 1);
	return a;
}
