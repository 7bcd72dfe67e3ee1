// SPDX-License-Identifier: GPL-2.0-or-later
/* Limits of notification, its messages, and that nothing from the network becomes a header. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>

#include "lib/util.h"
#include "mgmt/notify/limit.h"
#include "mgmt/notify/send.h"

#define NOW 1790000000
static const uint8_t seed[16] = {1};

struct told {
	uint64_t total;
	size_t n;
	uint64_t of_two;
};

static void add(const struct mg_limit_held *h, void *arg)
{
	struct told *t = arg;

	t->total += h->count;
	t->n++;
	if (h->sid == 2) {
		t->of_two = h->count;
		assert_string_equal(h->msg, "two");
	}
}

static void limits(void **state)
{
	struct mg_limit *l = mg_limit_new(seed);
	struct told t = {0};

	mg_limit_set(l, 5, 2);
	assert_true(mg_limit_take(l, 1, 2, "two", NOW));
	assert_true(mg_limit_take(l, 1, 2, "two", NOW));
	for (int i = 0; i < 10; i++)
		assert_false(mg_limit_take(l, 1, 2, "two", NOW + i));
	/* Another signature has its own bucket, all have one together. */
	assert_true(mg_limit_take(l, 1, 3, "three", NOW + 10));
	assert_true(mg_limit_take(l, 1, 4, "four", NOW + 10));
	assert_true(mg_limit_take(l, 1, 5, "five", NOW + 10));
	assert_false(mg_limit_take(l, 1, 6, "six", NOW + 10));
	assert_int_equal(mg_limit_held(l), 11);
	mg_limit_summary(l, add, &t);
	assert_int_equal(t.total, 11);
	assert_int_equal(t.of_two, 10);
	assert_int_equal(mg_limit_held(l), 0);
	/* Half an hour later one more of each, an hour later two; never more. */
	assert_true(mg_limit_take(l, 1, 2, "two", NOW + 1830));
	assert_false(mg_limit_take(l, 1, 2, "two", NOW + 1830));
	assert_true(mg_limit_take(l, 1, 2, "two", NOW + 90000));
	assert_true(mg_limit_take(l, 1, 2, "two", NOW + 90000));
	assert_false(mg_limit_take(l, 1, 2, "two", NOW + 90000));
	/* A clock that is set back gives nothing away and blocks nothing for ever. */
	assert_false(mg_limit_take(l, 1, 2, "two", NOW));
	assert_true(mg_limit_take(l, 1, 2, "two", NOW + 1900));
	mg_limit_free(l);
}

/* More signatures than there are places: all that is held back is still counted. */
static void limit_is_bounded(void **state)
{
	struct mg_limit *l = mg_limit_new(seed);
	struct told t = {0};
	uint64_t out = 0;

	mg_limit_set(l, 100, 1);
	for (uint32_t sid = 1; sid <= 5 * MG_LIMIT_KEYS; sid++)
		out += mg_limit_take(l, 1, sid, "x", NOW);
	assert_true(out <= 100);
	mg_limit_summary(l, add, &t);
	assert_int_equal(out + t.total, 5 * MG_LIMIT_KEYS);
	assert_true(t.n <= MG_LIMIT_KEYS + 1);
	mg_limit_free(l);
}

static json_t *alert(const char *signature)
{
	return json_pack("{s:s, s:s, s:i, s:s, s:i, s:s, s:{s:i, s:i, s:s}, s:{s:s, s:s}}",
		"event_type", "alert", "src_ip", "192.168.10.10", "src_port", 40000, "dest_ip",
		"203.0.113.10", "dest_port", 80, "proto", "TCP", "alert", "gid", 1, "signature_id",
		2034567, "signature", signature, "sekisho", "decision", "drop", "zone_in", "lan");
}

static void an_alert(void **state)
{
	json_t *e = alert("ET EXPLOIT log4j");
	struct mg_message m;

	mg_message_init(&m);
	assert_int_equal(mg_message_alert(&m, "本社", e), 0);
	assert_string_equal(m.subject, "[Sekisho 本社] 遮断しました: ET EXPLOIT log4j");
	assert_non_null(strstr(sk_buf_str(&m.text), "2034567: ET EXPLOIT log4j"));
	assert_non_null(
		strstr(sk_buf_str(&m.text), "192.168.10.10:40000 (lan) -> 203.0.113.10:80"));
	assert_string_equal(json_string_value(json_object_get(m.json, "kind")), "alert");
	assert_true(json_equal(json_object_get(m.json, "event"), e));
	mg_message_done(&m);
	json_decref(e);
}

/* What an attacker chose stays inside the encoded subject and the encoded body. */
static void nothing_slips_in(void **state)
{
	char wide[600] = "";
	json_t *e;
	struct mg_message m;
	struct sk_buf b;
	size_t lines = 0;

	for (int i = 0; i < 90; i++)
		strncat(wide, "侵", sizeof(wide) - strlen(wide) - 1);
	e = alert("x\r\nBcc: victim@example.jp\r\n\r\nbody\x1b[31m");
	mg_message_init(&m);
	sk_buf_init(&b, 1 << 20);
	assert_int_equal(mg_message_alert(&m, wide, e), 0);
	assert_true(strlen(m.subject) < sizeof(m.subject));
	assert_true(sk_utf8_valid(m.subject, strlen(m.subject)));
	assert_null(strpbrk(m.subject, "\r\n\x1b"));
	assert_null(strchr(sk_buf_str(&m.text), '\x1b'));
	assert_null(strstr(sk_buf_str(&m.text), "\nBcc"));
	assert_int_equal(mg_message_mail(&m, "a@b", "c@d,e@f", NOW, "id", &b), 0);
	assert_null(strstr(sk_buf_str(&b), "Bcc"));
	for (const char *s = sk_buf_str(&b); *s; lines++) {
		const char *end = strstr(s, "\r\n");

		assert_non_null(end);
		assert_true(end - s <= 78);
		assert_null(memchr(s, '\n', (size_t)(end - s)));
		s = end + 2;
	}
	assert_true(lines > 10);
	assert_non_null(strstr(sk_buf_str(&b), "\r\nTo: c@d,\r\n e@f\r\n"));
	assert_non_null(strstr(sk_buf_str(&b), "Date: Mon, 21 Sep 2026"));
	sk_buf_done(&b);
	mg_message_done(&m);
	json_decref(e);
}

static void secrets(void **state)
{
	struct mg_notify_secrets c = {0};
	struct sk_err err = {0};

	assert_int_equal(mg_notify_secrets_parse(&c,
				 "# for the relay\nsmtp_user=gw\nsmtp_password=a=b c\n\n"
				 "webhook_authorization=Bearer x",
				 &err),
		0);
	assert_string_equal(c.user, "gw");
	assert_string_equal(c.password, "a=b c");
	assert_string_equal(c.authorization, "Bearer x");
	assert_int_equal(mg_notify_secrets_parse(&c, "smtp_pass=x\n", &err), -EINVAL);
	assert_non_null(strstr(err.en, "line 1"));
	assert_int_equal(mg_notify_secrets_parse(&c, "\n\nnonsense\n", &err), -EINVAL);
	assert_non_null(strstr(err.en, "line 3"));
}

static void a_refused_blocklist(void **state)
{
	json_t *event = json_pack("{ss, ss, s{ss, ss, ss, ss}}", "event_type", "blocklist",
		"timestamp", "2026-12-01T09:00:00.000000+0900", "sekisho", "action", "refused",
		"feed", "partner\nBcc: x@y", "message", "it shrank from 201 to 3 entries",
		"message_ja", "201 件から 3 件に減っています");
	struct mg_message m;

	mg_message_init(&m);
	assert_int_equal(mg_message_blocklist(&m, "head office", event), 0);
	assert_non_null(strstr(m.subject, "取り込みを見送りました"));
	assert_null(strchr(m.subject, '\n'));
	assert_non_null(strstr(sk_buf_str(&m.text), "it shrank from 201 to 3 entries"));
	assert_non_null(strstr(sk_buf_str(&m.text), "201 件から 3 件"));
	assert_string_equal(json_string_value(json_object_get(m.json, "kind")), "blocklist");
	mg_message_done(&m);
	json_object_set_new(
		json_object_get(event, "sekisho"), "action", json_string("unreachable"));
	mg_message_init(&m);
	assert_int_equal(mg_message_blocklist(&m, "head office", event), 0);
	assert_non_null(strstr(m.subject, "取得できない状態"));
	mg_message_done(&m);
	json_decref(event);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits),
		cmocka_unit_test(limit_is_bounded),
		cmocka_unit_test(an_alert),
		cmocka_unit_test(nothing_slips_in),
		cmocka_unit_test(secrets),
		cmocka_unit_test(a_refused_blocklist),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
