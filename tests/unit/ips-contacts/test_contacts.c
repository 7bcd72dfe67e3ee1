// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names that clients were in touch with: told once and again after an hour, by client; what is no
 * name is passed over; the table never grows. What is told is what mgmtd's store takes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "ips/engine/contacts.h"
#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/contacts/private.h"

#define T0 1796000000000000ull

static const uint8_t seed[16] = {1, 2, 3};

struct told {
	size_t events, contacts, strange;
	uint64_t count;
	char last[600];
};

static void on_event(const char *text, size_t len, void *arg)
{
	struct told *t = arg;
	struct sk_err err = {0};
	json_t *e = sk_json_parse(text, len, &err), *v;
	size_t i;

	if (!e)
		fail_msg("%s: %.200s", err.en, text);
	assert_true(len <= 14 << 10);
	t->events++;
	json_array_foreach (json_object_get(json_object_get(e, "sekisho"), "contacts"), i, v) {
		struct mg_contact_row row;
		char name[MG_NAME_MAX + 1];

		t->contacts++;
		t->count += (uint64_t)json_integer_value(json_object_get(v, "count"));
		if (mg_contact_decode(v, T0 / 1000000 + 86400, &row) < 0) {
			t->strange++;
			continue;
		}
		mg_contact_text(row.key.kind, row.key.b, row.key.len, name);
		snprintf(t->last, sizeof(t->last), "%s %s %s", name, row.device,
			json_string_value(json_object_get(v, "in_iface")));
	}
	json_decref(e);
}

static const char *iface(uint32_t dev, void *arg)
{
	return dev == 2 ? "lan0" : "wan0";
}

static struct told tell(struct ips_contacts *c, uint64_t now)
{
	const struct ips_eve_config cfg = {.iface = iface};
	struct told t = {0};

	ips_contacts_tell(c, &cfg, now, on_event, &t);
	assert_int_equal(t.strange, 0);
	return t;
}

static void see(struct ips_contacts *c, const char *name, const char *client, uint64_t t)
{
	struct ips_contact_client who = {
		.family = strchr(client, ':') ? 6 : 4, .in_dev = 2, .out_dev = 3};

	assert_int_equal(inet_pton(who.family == 4 ? AF_INET : AF_INET6, client, who.addr.w), 1);
	ips_contacts_see(
		c, (struct ips_view){(const uint8_t *)name, (uint32_t)strlen(name)}, &who, t);
}

static void test_telling(void **state)
{
	struct ips_contacts *c = ips_contacts_new(100, seed);
	struct told t;

	see(c, "WWW.Example.com.", "192.168.10.10", T0);
	see(c, "www.example.com", "192.168.10.10", T0 + 1);
	see(c, "www.example.com", "192.168.10.11", T0 + 2);
	t = tell(c, T0 + 10);
	assert_int_equal(t.contacts, 2);
	assert_int_equal(t.count, 3);
	see(c, "www.example.com", "2001:db8::1", T0 + 20);
	assert_int_equal(tell(c, T0 + 30).events, 0); /* not ten seconds yet */
	t = tell(c, T0 + 11 * 1000000);
	assert_int_equal(t.contacts, 1);
	assert_string_equal(t.last, "www.example.com 2001:db8::1 lan0");
	see(c, "www.example.com", "192.168.10.11", T0 + 3600000000);
	t = tell(c, T0 + 3601000000);
	assert_int_equal(t.contacts, 1);
	tell(c, T0 + 2 * 3612000000);
	assert_int_equal(ips_contacts_count(c), 0);
	ips_contacts_free(c);
}

static void test_no_names(void **state)
{
	static const char *const none[] = {"", ".", "..", "localhost", "192.168.1.1", "10.0.0.1:80",
		"a..b.example", ".example.com", "a b.example", "exa\"mple.com", "ex\\ample.com",
		"[2001:db8::1]", "\xe4\xbe\x8b.jp", "a\tb.example", "www.example.com:8080"};
	struct ips_contacts *c = ips_contacts_new(100, seed);
	char longest[300];

	for (size_t i = 0; i < SK_ARRAY_SIZE(none); i++)
		see(c, none[i], "192.168.10.10", T0);
	memset(longest, 'a', sizeof(longest));
	longest[254] = '\0';
	longest[100] = '.';
	see(c, longest, "192.168.10.10", T0);
	assert_int_equal(ips_contacts_count(c), 0);
	assert_int_equal(tell(c, T0).events, 0);
	ips_contacts_free(c);
}

/* Any bytes: no harm, and what is told is always taken. */
static void test_any_bytes(void **state)
{
	static const char some[] = "abcXYZ019-_..::\\\"\x80\x01 ";
	struct ips_contacts *c = ips_contacts_new(2000, seed);
	uint32_t x = 12345;

	for (int i = 0; i < 20000; i++) {
		struct ips_contact_client who = {.family = 4, .addr = {{x}}};
		uint8_t name[300];
		uint32_t len = x % 12;

		for (uint32_t k = 0; k < len; k++) {
			x = x * 1664525 + 1013904223;
			name[k] = (uint8_t)some[(x >> 16) % (sizeof(some) - 1)];
		}
		x = x * 1664525 + 1013904223;
		ips_contacts_see(c, (struct ips_view){name, len}, &who, T0 + (uint64_t)i);
	}
	assert_int_not_equal(tell(c, T0 + 20000).contacts, 0);
	ips_contacts_free(c);
}

static void test_bounded(void **state)
{
	struct ips_contacts *c = ips_contacts_new(500, seed);
	struct told t;

	for (int i = 0; i < 3000; i++) {
		char name[64];

		snprintf(name, sizeof(name), "h%d.random.example", i);
		see(c, name, "192.168.10.66", T0 + (uint64_t)i);
	}
	assert_int_equal(ips_contacts_count(c), 500);
	assert_int_equal(ips_contacts_left_out(c), 2500);
	t = tell(c, T0 + 5000);
	assert_int_equal(t.contacts, 500);
	assert_true(t.events > 1);
	tell(c, T0 + 20 * 1000000);
	assert_int_equal(ips_contacts_count(c), 0); /* room for others */
	ips_contacts_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_telling),
		cmocka_unit_test(test_no_names),
		cmocka_unit_test(test_any_bytes),
		cmocka_unit_test(test_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
