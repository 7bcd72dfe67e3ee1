// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Contacts: a new pair is told at once, a known one once an hour with what came meanwhile; the
 * table never grows, and what it had no room for is counted; events stay small and are JSON.
 */
#include "tests/unit/fwd/unit.h"

#include "fw/fwd/contacts.h"
#include "fw/policy/builtin.h"
#include "lib/json.h"
#include "lib/util.h"
#include "tests/unit/policy/build.h"

#define T0 1796000000000000ll
#define HOUR FWD_CONTACTS_AGAIN_US

static const uint8_t seed[16] = {1, 2, 3};

struct told {
	size_t events, contacts, longest;
	uint64_t count;
	json_t *last; /* contact, owned */
};

static void on_event(const char *text, size_t len, void *arg)
{
	struct told *t = arg;
	struct sk_err err = {0};
	json_t *e = sk_json_parse(text, len, &err), *list, *v;
	size_t i;

	if (!e)
		fail_msg("%s: %.200s", err.en, text);
	assert_string_equal(json_string_value(json_object_get(e, "event_type")), "contact");
	list = json_object_get(json_object_get(e, "sekisho"), "contacts");
	t->events++;
	t->longest = SK_MAX(t->longest, len);
	json_array_foreach (list, i, v) {
		t->contacts++;
		t->count += (uint64_t)json_integer_value(json_object_get(v, "count"));
		json_decref(t->last);
		t->last = json_incref(v);
	}
	json_decref(e);
}

static struct told tell(struct fwd_contacts *c, int64_t now)
{
	struct told t = {0};

	fwd_contacts_tell(c, now, on_event, &t);
	return t;
}

static void see(struct fwd_contacts *c, const char *src, const char *dst, int64_t t)
{
	struct fw_ip a = t_ip(src), b = t_ip(dst);

	fwd_contacts_see(c, &a, &b, t);
}

static void test_telling(void **state)
{
	struct fwd_contacts *c = fwd_contacts_new(100, seed);
	struct fwd_contacts_stat st;
	struct told t;

	assert_int_equal(tell(c, T0).events, 0);
	see(c, "192.168.10.10", "203.0.113.7", T0 + 1);
	see(c, "192.168.10.10", "203.0.113.7", T0 + 5);
	see(c, "2001:db8:10::10", "2001:db8::7", T0 + 6);
	t = tell(c, T0 + 10);
	assert_int_equal(t.events, 1);
	assert_int_equal(t.contacts, 2);
	assert_int_equal(t.count, 3);
	json_decref(t.last);
	{
		/* A connection that lasts is no new one. */
		struct fw_ip a = t_ip("192.168.10.10"), b = t_ip("203.0.113.7");

		fwd_contacts_there(c, &a, &b, T0 + 20);
	}
	/* Known: silent for an hour, then with what came meanwhile. */
	for (int i = 0; i < 7; i++)
		see(c, "192.168.10.10", "203.0.113.7", T0 + 100 + i);
	assert_int_equal(tell(c, T0 + HOUR - 1).events, 0);
	t = tell(c, T0 + 10 + HOUR);
	assert_int_equal(t.contacts, 1);
	assert_int_equal(t.count, 7);
	assert_string_equal(json_string_value(json_object_get(t.last, "kind")), "4");
	assert_string_equal(json_string_value(json_object_get(t.last, "value")), "203.0.113.7");
	assert_string_equal(json_string_value(json_object_get(t.last, "src")), "192.168.10.10");
	assert_int_equal(json_integer_value(json_object_get(t.last, "first")), T0 + 100);
	assert_int_equal(json_integer_value(json_object_get(t.last, "last")), T0 + 106);
	json_decref(t.last);
	/* Not seen again: out of the table. */
	assert_int_equal(tell(c, T0 + 20 + 2 * HOUR).events, 0);
	fwd_contacts_stat(c, &st);
	assert_int_equal(st.pairs, 0);
	assert_int_equal(st.left_out, 0);
	fwd_contacts_free(c);
}

static void test_bounded(void **state)
{
	struct fwd_contacts *c = fwd_contacts_new(3000, seed);
	struct fw_ip src = t_ip("192.168.10.66"), dst = t_ip("11.0.0.0");
	struct fwd_contacts_stat st;
	struct told t;

	for (int i = 0; i < 5000; i++) {
		dst.a++;
		fwd_contacts_see(c, &src, &dst, T0 + i);
	}
	fwd_contacts_stat(c, &st);
	assert_int_equal(st.pairs, 3000);
	assert_int_equal(st.left_out, 2000);
	for (int i = 0; i < 2; i++) { /* never more at once than the receiver likes */
		t = tell(c, T0 + 6000);
		assert_int_equal(t.contacts, 1000);
		json_decref(t.last);
	}
	t = tell(c, T0 + 6000);
	assert_int_equal(t.contacts, 1000);
	assert_true(t.events > 5 && t.longest <= 14 << 10);
	json_decref(t.last);
	/* There is room again for others. */
	tell(c, T0 + 7000);
	see(c, "192.168.10.10", "203.0.113.7", T0 + 8000);
	t = tell(c, T0 + 9000);
	assert_int_equal(t.contacts, 1);
	json_decref(t.last);
	fwd_contacts_free(c);
}

/* A clock that was set back does not silence anything. */
static void test_clock(void **state)
{
	struct fwd_contacts *c = fwd_contacts_new(10, seed);
	struct told t;

	see(c, "192.168.10.10", "203.0.113.7", T0);
	t = tell(c, T0);
	json_decref(t.last);
	see(c, "192.168.10.10", "203.0.113.7", T0 - 100 * HOUR);
	t = tell(c, T0 - 100 * HOUR);
	assert_int_equal(t.contacts, 1);
	json_decref(t.last);
	fwd_contacts_free(c);
}

static void test_wanted(void **state)
{
	static const struct t_rule out = {.number = 1001},
				   in = {.number = 1002, .from = "wan", .to = "dmz"},
				   within = {.number = 1003, .from = "lan", .to = "dmz"},
				   deny = {.number = 1004, .kind = FW_DENY};
	struct fw_policy *p = t_policy();

	t_add(p, &out);
	t_add(p, &in);
	t_add(p, &within);
	t_add(p, &deny);
	t_finish(p);
	assert_true(fwd_contacts_wanted(p, 1001));
	assert_false(fwd_contacts_wanted(p, 1002));
	assert_false(fwd_contacts_wanted(p, 1003));
	assert_false(fwd_contacts_wanted(p, 1004));
	assert_false(fwd_contacts_wanted(p, 1005));
	assert_false(fwd_contacts_wanted(p, FW_B_MANAGE));
	assert_false(fwd_contacts_wanted(p, 0));
	fw_policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_telling),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
