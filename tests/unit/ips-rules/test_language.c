/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables of what Suricata 7 loads and infers: every rule of them is taken, refused and
 * understood alike here.
 */
#include "tests/unit/ips-rules/rig.h"

struct row {
	const char *header, *options;
	bool taken;
};

static const struct row rows[] = {
#define RULE(header_, options_, taken_) {header_, options_, taken_},
#include "tests/unit/ips-rules/language.def"
#undef RULE
};

struct inferred {
	const char *header, *options, *app;
	unsigned dirs;
};

static const struct inferred inferred[] = {
#define INFER(header_, options_, app_, dirs_) {header_, options_, app_, dirs_},
#include "tests/unit/ips-rules/infer.def"
#undef INFER
};

static void taken_or_refused(void **state)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < SK_ARRAY_SIZE(rows); i++) {
		struct ips_rules *r = rig_rule(rows[i].header, rows[i].options);

		if ((ips_rules_count(r) == 1) != rows[i].taken) {
			print_error("%s (%s): %s\n", rows[i].header, rows[i].options,
				rows[i].taken ? ips_rules_refused(r, 0)->why : "taken");
			wrong++;
		}
		assert_int_equal(ips_rules_count(r) + ips_rules_refused_count(r), 1);
		ips_rules_free(r);
	}
	assert_int_equal(wrong, 0);
}

static void protocol_and_direction(void **state)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < SK_ARRAY_SIZE(inferred); i++) {
		const struct inferred *x = &inferred[i];
		struct ips_rules *r = rig_rule(x->header, x->options);
		const struct ips_rule *rule = rig_only(r);
		bool both = rule->flow.to_server == rule->flow.to_client;
		unsigned dirs = both ? 3 : rule->flow.to_server ? 1 : 2;
		char app[40];

		snprintf(app, sizeof(app), "%s%s", ips_proto_info(rule->app)->name,
			rule->app_any_http ? "_any" : "");
		if (strcmp(app, x->app) != 0 || dirs != x->dirs) {
			print_error("%s (%s): %s %u\n", x->header, x->options, app, dirs);
			wrong++;
		}
		ips_rules_free(r);
	}
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(taken_or_refused),
		cmocka_unit_test(protocol_and_direction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
