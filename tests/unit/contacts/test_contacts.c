// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Contacts: what events say comes back by address, network, name and suffix; days are counted once;
 * old rows go, and a device that tries out addresses does not push out what is talked to every day;
 * nothing that is no contact gets in.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/contacts/private.h"

#define NOW 1796000000ll /* 2026-11-30 */
#define DAY 86400
#define US 1000000

struct fixture {
	char dir[64], path[96];
	struct mg_contacts *c;
};

static void open_store(struct fixture *f)
{
	struct sk_err err = {0};

	if (mg_contacts_open(&f->c, f->path, &err) < 0)
		fail_msg("open: %s", err.en);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	if (!f)
		return -1;
	snprintf(f->dir, sizeof(f->dir), "/tmp/sekisho-contacts-XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	snprintf(f->path, sizeof(f->path), "%s/" MG_CONTACTS_FILE, f->dir);
	open_store(f);
	return 0;
}

static int teardown(void **state)
{
	static const char *const ends[] = {"", "-wal", "-shm", ".damaged-1"};
	struct fixture *f = *state;
	char path[128];

	mg_contacts_close(f->c);
	for (size_t i = 0; i < SK_ARRAY_SIZE(ends); i++) {
		snprintf(path, sizeof(path), "%s%s", f->path, ends[i]);
		unlink(path);
	}
	rmdir(f->dir);
	free(f);
	return 0;
}

static json_t *contact(const char *kind, const char *value, const char *src, int64_t t, int n)
{
	return json_pack("{s:s,s:s,s:s,s:i,s:I,s:I}", "kind", kind, "value", value, "src", src,
		"count", n, "first", (json_int_t)(t * US), "last", (json_int_t)(t * US));
}

static json_t *event(json_t *contacts)
{
	return json_pack(
		"[{s:s,s:{s:o}}]", "event_type", "contact", "sekisho", "contacts", contacts);
}

static void take(struct fixture *f, json_t *contacts)
{
	json_t *events = event(contacts);
	struct sk_err err = {0};

	if (mg_contacts_take(f->c, events, NOW, &err) < 0)
		fail_msg("take: %s", err.en);
	json_decref(events);
}

static void take_one(
	struct fixture *f, const char *kind, const char *value, const char *src, int64_t t, int n)
{
	take(f, json_pack("[o]", contact(kind, value, src, t, n)));
}

static struct sk_bl_entry entry(enum sk_bl_kind k, const char *value)
{
	struct sk_bl_entry e = {.kind = k, .value = value, .len = strlen(value)};

	if (k == SK_BL_ADDR4 || k == SK_BL_ADDR6)
		assert_int_equal(sk_bl_range(k, value, e.len, &e.lo, &e.hi), 0);
	return e;
}

static bool hit(
	const struct fixture *f, enum sk_bl_kind k, const char *value, struct mg_contacts_hit *ret)
{
	struct mg_contacts_set *s = NULL;
	struct sk_bl_entry e = entry(k, value);
	bool found;

	assert_int_equal(mg_contacts_load(&s, f->path, NOW - 30 * DAY, NULL), 0);
	found = mg_contacts_hit(s, &e, ret);
	mg_contacts_unload(s);
	return found;
}

static void addresses(void **state)
{
	struct fixture *f = *state;
	struct mg_contacts_hit h;

	take_one(f, "4", "203.0.113.7", "192.168.10.10", NOW - 50, 3);
	take_one(f, "4", "203.0.113.9", "192.168.10.11", NOW - 20, 1);
	take_one(f, "4", "203.0.113.9", "192.168.10.12", NOW - 10, 4);
	take_one(f, "6", "2001:db8::7", "2001:db8:10::10", NOW, 1);
	assert_true(hit(f, SK_BL_ADDR4, "203.0.113.7", &h));
	assert_int_equal(h.contacts, 1);
	assert_int_equal(h.count, 3);
	assert_string_equal(h.value, "203.0.113.7");
	assert_true(hit(f, SK_BL_ADDR4, "203.0.113.0/24", &h));
	assert_int_equal(h.contacts, 2);
	assert_string_equal(h.value, "203.0.113.9"); /* the one seen last */
	assert_int_equal(h.devices, 2);
	assert_int_equal(h.count, 5);
	assert_int_equal(h.last, NOW - 10);
	assert_false(hit(f, SK_BL_ADDR4, "203.0.113.8", NULL));
	assert_false(hit(f, SK_BL_ADDR4, "203.0.113.10-203.0.114.255", NULL));
	assert_false(hit(f, SK_BL_ADDR4, "0.0.0.0-203.0.113.6", NULL));
	assert_true(hit(f, SK_BL_ADDR6, "2001:db8::/32", &h));
	assert_string_equal(h.value, "2001:db8::7");
	assert_false(hit(f, SK_BL_ADDR6, "2001:db9::/32", NULL));
}

static void names(void **state)
{
	struct fixture *f = *state;
	struct mg_contacts_hit h;

	take_one(f, "d", "www.Example.com.", "192.168.10.10", NOW, 1);
	take_one(f, "d", "example-shop.com", "192.168.10.10", NOW, 1);
	take_one(f, "d", "notexample.com", "192.168.10.10", NOW, 1);
	assert_true(hit(f, SK_BL_DOMAIN, "www.example.com", &h));
	assert_string_equal(h.value, "www.example.com");
	assert_false(hit(f, SK_BL_DOMAIN, "example.com", NULL));
	assert_true(hit(f, SK_BL_SUFFIX, "example.com", &h));
	assert_int_equal(h.contacts, 1);
	assert_true(hit(f, SK_BL_SUFFIX, "www.example.com", &h));
	assert_int_equal(h.contacts, 1);
	assert_false(hit(f, SK_BL_SUFFIX, "w.example.com", NULL));
	assert_false(hit(f, SK_BL_SUFFIX, "a.www.example.com", NULL));
	/* What is on a host is not the host. */
	assert_false(hit(f, SK_BL_URL, "www.example.com/bad", NULL));
}

static int last_one(const struct mg_contact *c, void *arg)
{
	struct mg_contacts_hit *h = arg;

	h->contacts++;
	h->days = c->days;
	h->count = c->count;
	snprintf(h->value, sizeof(h->value), "%s %s", c->value, c->device);
	return 0;
}

static struct mg_contacts_hit ask(struct fixture *f, enum sk_bl_kind k, const char *value)
{
	struct sk_bl_entry e = entry(k, value);
	struct mg_contacts_hit h = {0};

	assert_int_equal(mg_contacts_each(f->path, &e, 100, last_one, &h, NULL), 0);
	return h;
}

static void days(void **state)
{
	struct fixture *f = *state;
	int64_t noon = sk_day_start(NOW) + DAY / 2;
	struct mg_contacts_hit h;

	for (int i = 5; i > 0; i--)
		for (int k = 0; k < 3; k++)
			take_one(f, "4", "198.51.100.1", "192.168.10.10", noon - i * DAY + k, 2);
	h = ask(f, SK_BL_ADDR4, "198.51.100.0/24");
	assert_int_equal(h.contacts, 1);
	assert_int_equal(h.days, 5);
	assert_int_equal(h.count, 30);
	assert_string_equal(h.value, "198.51.100.1 192.168.10.10");
	/* A late one adds no day. */
	take_one(f, "4", "198.51.100.1", "192.168.10.10", noon - 3 * DAY, 1);
	assert_int_equal(ask(f, SK_BL_ADDR4, "198.51.100.1").days, 5);
	take_one(f, "d", "a.example.com", "2001:DB8::1", noon, 1);
	assert_string_equal(ask(f, SK_BL_SUFFIX, "example.com").value, "a.example.com 2001:db8::1");
	assert_int_equal(ask(f, SK_BL_DOMAIN, "example.com").contacts, 0);
	/* A clock that runs ahead is not believed. */
	take_one(f, "4", "198.51.100.2", "192.168.10.10", NOW + 400 * DAY, 1);
	assert_int_equal(mg_contacts_maintain(f->c, NOW + 32 * DAY, NULL), 0);
	assert_int_equal(ask(f, SK_BL_ADDR4, "198.51.100.0/24").contacts, 0);
}

static void strange(void **state)
{
	static const char *const bad[] = {
		"[]",
		"1",
		"{}",
		"{\"kind\":\"4\",\"value\":\"1.2.3\",\"src\":\"10.0.0.1\",\"count\":1,\"first\":"
		"1796000000000000,\"last\":1796000000000000}",
		"{\"kind\":\"4\",\"value\":\"1.2.3.4\",\"src\":\"host\",\"count\":1,\"first\":"
		"1796000000000000,\"last\":1796000000000000}",
		"{\"kind\":\"4\",\"value\":\"1.2.3.4\",\"src\":\"10.0.0.1\",\"count\":0,\"first\":"
		"1796000000000000,\"last\":1796000000000000}",
		"{\"kind\":\"4\",\"value\":\"1.2.3.4\",\"src\":\"10.0.0.1\",\"count\":1,\"first\":"
		"1,\"last\":1}",
		"{\"kind\":\"d\",\"value\":\"a "
		"b.example\",\"src\":\"10.0.0.1\",\"count\":1,\"first\":1796000000000000,\"last\":"
		"1796000000000000}",
		"{\"kind\":\"d\",\"value\":\"\",\"src\":\"10.0.0.1\",\"count\":1,\"first\":"
		"1796000000000000,\"last\":1796000000000000}",
		"{\"kind\":\"u\",\"value\":\"a.example/"
		"x\",\"src\":\"10.0.0.1\",\"count\":1,\"first\":1796000000000000,\"last\":"
		"1796000000000000}",
	};
	struct fixture *f = *state;
	struct mg_contacts_stat st;
	json_t *list = json_array();

	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++)
		json_array_append_new(list, json_loads(bad[i], JSON_DECODE_ANY, NULL));
	json_array_append_new(list, contact("4", "192.0.2.1", "10.0.0.1", NOW, 1));
	take(f, list);
	mg_contacts_stat(f->c, &st);
	assert_int_equal(st.strange, SK_ARRAY_SIZE(bad));
	assert_int_equal(st.taken, 1);
	assert_int_equal(st.rows, 1);
}

/* Everyday contacts stay when somebody tries out more addresses than there is room for. */
static void bounded(void **state)
{
	struct fixture *f = *state;
	struct mg_contacts_stat st;

	for (int i = 3; i > 0; i--)
		take_one(f, "d", "mail.example.jp", "192.168.10.10", NOW - 20 * DAY - i * DAY, 1);
	for (unsigned i = 0; i < 510; i++) {
		json_t *list = json_array();
		char a[32];

		for (unsigned k = 0; k < 1000; k++) {
			snprintf(a, sizeof(a), "11.%u.%u.%u", i / 256, i % 256, k % 250);
			if (k >= 250)
				snprintf(a, sizeof(a), "%u.%u.%u.%u", 12 + k / 250, i / 256,
					i % 256, k % 250);
			json_array_append_new(
				list, contact("4", a, "192.168.10.66", NOW - 1000 + i, 1));
		}
		take(f, list);
	}
	mg_contacts_stat(f->c, &st);
	assert_true(st.rows <= MG_CONTACTS_ROWS + 5000);
	assert_int_equal(mg_contacts_maintain(f->c, NOW, NULL), 0);
	mg_contacts_stat(f->c, &st);
	assert_int_equal(st.rows, MG_CONTACTS_ROWS);
	assert_int_equal(ask(f, SK_BL_DOMAIN, "mail.example.jp").days, 3);
	assert_true(hit(f, SK_BL_ADDR4, "15.1.253.249", NULL));
	assert_false(hit(f, SK_BL_ADDR4, "11.0.0.1", NULL));
}

static void damaged(void **state)
{
	struct fixture *f = *state;
	int fd;

	take_one(f, "4", "192.0.2.1", "10.0.0.1", NOW, 1);
	mg_contacts_close(f->c);
	fd = open(f->path, O_WRONLY | O_TRUNC);
	assert_true(fd >= 0 && write(fd, "no database at all", 18) == 18);
	close(fd);
	open_store(f);
	take_one(f, "4", "192.0.2.2", "10.0.0.1", NOW, 1);
	assert_true(hit(f, SK_BL_ADDR4, "192.0.2.2", NULL));
}

static void absent(void **state)
{
	struct mg_contacts_set *s = NULL;
	struct sk_bl_entry e = entry(SK_BL_ADDR4, "192.0.2.1");

	assert_int_equal(mg_contacts_load(&s, "/nonexistent/contacts.db", 0, NULL), 0);
	assert_int_equal(mg_contacts_count(s), 0);
	assert_false(mg_contacts_hit(s, &e, NULL));
	mg_contacts_unload(s);
}

static void reversal(void **state)
{
	static const char *const pairs[][2] = {{"a.b.c", "c.b.a"}, {"a", "a"}, {"", ""},
		{".a", "a."}, {"a.", ".a"}, {"..", ".."},
		{"www.example.co.jp", "jp.co.example.www"}};
	char dst[64], back[64];

	for (size_t i = 0; i < SK_ARRAY_SIZE(pairs); i++) {
		size_t n = strlen(pairs[i][0]);

		mg_name_reverse(pairs[i][0], n, (uint8_t *)dst);
		assert_memory_equal(dst, pairs[i][1], n);
		mg_name_reverse(dst, n, (uint8_t *)back);
		assert_memory_equal(back, pairs[i][0], n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(names, setup, teardown),
		cmocka_unit_test_setup_teardown(days, setup, teardown),
		cmocka_unit_test_setup_teardown(strange, setup, teardown),
		cmocka_unit_test_setup_teardown(bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(damaged, setup, teardown),
		cmocka_unit_test(absent),
		cmocka_unit_test(reversal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
