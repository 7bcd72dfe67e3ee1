// SPDX-License-Identifier: GPL-2.0-or-later
/* A start is good when all answer; what is not, decides about the slot. */
#include "tests/unit/lib/unit.h"

#include <jansson.h>

#include "mgmt/update/health.h"

#define BIT(c) (1u << MG_HEALTH_##c)

static unsigned judge(const char *status, const char *ips, const char *nac, bool table)
{
	json_t *s = status ? json_loads(status, 0, NULL) : NULL;
	json_t *i = ips ? json_loads(ips, 0, NULL) : NULL;
	json_t *n = nac ? json_loads(nac, 0, NULL) : NULL;
	struct mg_health_answers a = {s, i, n, table};
	unsigned failed = mg_health_judge(&a);

	json_decref(s);
	json_decref(i);
	json_decref(n);
	return failed;
}

static const char running[] = "{\"fwd\":\"reachable\",\"state\":\"running\"}";
static const char inspecting[] = "{\"state\":\"inspecting\"}";
static const char admitting[] =
	"{\"fwd\":\"reachable\",\"state\":\"running\",\"admission\":{\"ports_admitting\":2,"
	"\"document_state\":\"in_use\"}}";

static void well(void **state)
{
	assert_int_equal(judge(running, inspecting, NULL, true), 0);
	assert_int_equal(judge(running, "{\"state\":\"no_rules\"}", NULL, true), 0);
	assert_int_equal(
		judge("{\"fwd\":\"reachable\",\"state\":\"confirming\"}", inspecting, NULL, true),
		0);
	/* A new gateway: nothing was ever applied. */
	assert_int_equal(judge("{\"fwd\":\"reachable\",\"state\":\"none\",\"rules_by_state\":{}}",
				 inspecting, NULL, true),
		0);
	assert_int_equal(judge(admitting, inspecting, "{\"document_state\":\"in_use\"}", true), 0);
	/* Devices registered, but no port under admission: nacd need not run. */
	assert_int_equal(judge("{\"fwd\":\"reachable\",\"state\":\"running\",\"admission\":"
			       "{\"ports_admitting\":0,\"document_state\":\"unreachable\"}}",
				 inspecting, NULL, true),
		0);
}

static void unwell(void **state)
{
	assert_int_equal(judge(NULL, NULL, NULL, true), BIT(MANAGEMENT));
	assert_int_equal(judge(running, inspecting, NULL, false), BIT(TABLE));
	assert_int_equal(judge(running, NULL, NULL, true), BIT(INSPECTION));
	assert_int_equal(
		judge(running, "{\"state\":\"unreachable_ips\"}", NULL, true), BIT(INSPECTION));
	assert_int_equal(judge(running, "{\"state\":\"no_queue\"}", NULL, true), BIT(INSPECTION));
	assert_int_equal(
		judge("{\"fwd\":\"incompatible\",\"state\":\"running\"}", inspecting, NULL, true),
		BIT(POLICY));
	assert_int_equal(judge("{\"fwd\":\"reachable\",\"state\":\"none\",\"rules_by_state\":"
			       "{\"active\":3}}",
				 inspecting, NULL, true),
		BIT(POLICY));
	assert_int_equal(judge(admitting, inspecting, NULL, true), BIT(ADMISSION));
	assert_int_equal(judge("{}", "{}", NULL, true), BIT(POLICY) | BIT(INSPECTION));
	assert_int_equal(judge("[]", "[]", "[]", true), BIT(POLICY) | BIT(INSPECTION));
}

/* Traffic is let through as soon as the policy stands, whatever else is missing. */
static void protected_first(void **state)
{
	assert_true(mg_health_protected(0));
	assert_true(mg_health_protected(BIT(INSPECTION) | BIT(ADMISSION)));
	assert_false(mg_health_protected(BIT(POLICY)));
	assert_false(mg_health_protected(BIT(TABLE)));
	assert_false(mg_health_protected(BIT(MANAGEMENT)));
}

static void verdicts(void **state)
{
	assert_int_equal(mg_health_decide(0, false, true), MG_HEALTH_GOOD);
	assert_int_equal(mg_health_decide(BIT(POLICY), false, true), MG_HEALTH_RETURN);
	assert_int_equal(mg_health_decide(BIT(POLICY), true, true), MG_HEALTH_STAY);
	assert_int_equal(mg_health_decide(BIT(POLICY), false, false), MG_HEALTH_STAY);
	/* What is good starts again for nothing only if there is something else to start. */
	assert_int_equal(mg_health_unmarked(false, true), MG_HEALTH_RETURN);
	assert_int_equal(mg_health_unmarked(true, true), MG_HEALTH_STAY);
	assert_int_equal(mg_health_unmarked(false, false), MG_HEALTH_STAY);
}

static void names(void **state)
{
	enum mg_health_check c = MG_HEALTH_CHECKS;

	for (int i = 0; i < MG_HEALTH_CHECKS; i++) {
		assert_int_equal(mg_health_parse(mg_health_name((enum mg_health_check)i), &c), 0);
		assert_int_equal(c, i);
		assert_non_null(mg_health_text(c)->ja);
	}
	assert_int_equal(mg_health_parse("none", &c), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(well),
		cmocka_unit_test(unwell),
		cmocka_unit_test(protected_first),
		cmocka_unit_test(verdicts),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
