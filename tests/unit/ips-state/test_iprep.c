/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reputation of addresses: single ones, networks, the longest prefix, lists that cannot be read. */
#include <arpa/inet.h>

#include "ips/detect/state.h"
#include "lib/util.h"
#include "tests/unit/lib/unit.h"

static const uint8_t seed[16] = "reputation tests";
static const char categories[] = "1,BadHosts,Known bad hosts\n2, Spam ,Senders of spam\n";

static struct ips_state *new_state(void)
{
	struct ips_state_config cfg;

	ips_state_config_default(&cfg);
	cfg.hosts = cfg.thresholds = 16;
	return ips_state_new(&cfg, seed);
}

static int load(struct ips_state *s, const char *list, struct sk_err *err)
{
	return ips_iprep_load(s, categories, strlen(categories), list, strlen(list), err);
}

static uint8_t get(struct ips_state *s, const char *category, const char *text)
{
	struct ips_addr a = {{0}};
	uint8_t family = strchr(text, ':') ? 6 : 4;

	assert_int_equal(inet_pton(family == 6 ? AF_INET6 : AF_INET, text, &a), 1);
	return ips_iprep_get(s, category, family, &a);
}

static void look_up(void **state)
{
	struct ips_state *s = new_state();
	struct sk_err err = {0};

	assert_int_equal(load(s,
				 "# list\n10.0.0.1,1,100\n10.0.0.0/24, 1, 50\r\n10.0.0.0/8,1,10\n"
				 "10.0.0.1,2,5\n2001:db8::/33,1,60\n0.0.0.0/0,2,1\n",
				 &err),
		0);
	assert_int_equal(get(s, "BadHosts", "10.0.0.1"), 100);
	assert_int_equal(get(s, "BadHosts", "10.0.0.2"), 50);
	assert_int_equal(get(s, "BadHosts", "10.9.0.2"), 10);
	assert_int_equal(get(s, "BadHosts", "11.0.0.1"), 0);
	assert_int_equal(get(s, "Spam", "10.0.0.1"), 5);
	assert_int_equal(get(s, "Spam", "192.0.2.1"), 1);
	assert_int_equal(get(s, "BadHosts", "2001:db8:7fff::9"), 60);
	assert_int_equal(get(s, "BadHosts", "2001:db8:8000::9"), 0);
	assert_int_equal(get(s, "Nothing", "10.0.0.1"), 0);
	/* A new list replaces the old one as a whole. */
	assert_int_equal(load(s, "10.0.0.2,1,3\n", &err), 0);
	assert_int_equal(get(s, "BadHosts", "10.0.0.1"), 0);
	assert_int_equal(get(s, "BadHosts", "10.0.0.2"), 3);
	ips_state_free(s);
}

/* A list that cannot be read changes nothing. */
static void unreadable(void **state)
{
	static const char *const bad[] = {"10.0.0.1,1\n", "10.0.0.1,0,5\n", "10.0.0.1,1,128\n",
		"10.0.0.1,99,5\n", "10.0.0,1,5\n", "10.0.0.0/33,1,5\n", "x,1,5\n", ",,\n",
		"10.0.0.1,1,-5\n"};
	struct ips_state *s = new_state();
	struct sk_err err = {0};

	assert_int_equal(load(s, "10.0.0.1,1,100\n", &err), 0);
	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++)
		if (load(s, bad[i], &err) != -EINVAL)
			fail_msg("%s", bad[i]);
	assert_int_equal(load(s, "10.0.0.1,1,1\n10.0.0.2,1,x\n", &err), -EINVAL);
	assert_non_null(strstr(err.en, "line 2"));
	assert_int_equal(get(s, "BadHosts", "10.0.0.1"), 100);
	ips_state_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(look_up),
		cmocka_unit_test(unreadable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
