// SPDX-License-Identifier: GPL-2.0-or-later
/* Alerts in the day files: kept whole, found by every filter, summed up, their captures apart. */
#include "tests/unit/events/common.h"

#include <errno.h>
#include <stdlib.h>

#include "mgmt/events/alert.h"

static json_t *alert(int64_t ts, int sid, const char *src, const char *decision, const char *pcap)
{
	json_t *e = json_pack("{s:s, s:I, s:s, s:s, s:s, s:{s:i, s:i, s:s, s:s, s:i}, s:{s:s}}",
		"event_type", "alert", "ts", (json_int_t)ts, "src_ip", src, "dest_ip",
		"203.0.113.10", "proto", "TCP", "alert", "gid", 1, "signature_id", sid, "signature",
		sid == 1 ? "one" : "other", "category", "Trojan", "severity", sid, "sekisho",
		"decision", decision);

	if (pcap)
		json_object_set_new(json_object_get(e, "sekisho"), "pcap", json_string(pcap));
	return e;
}

static int count(const struct mg_alert *a, void *arg)
{
	size_t *n = arg;

	assert_null(json_object_get(json_object_get(a->event, "sekisho"), "pcap"));
	(*n)++;
	return 0;
}

static size_t found(struct fixture *f, struct mg_alert_filter q)
{
	struct sk_err err = {0};
	size_t n = 0;

	assert_int_equal(mg_alert_each(f->dir, &q, count, &n, &err), 0);
	return n;
}

static void range(const char *lo, const char *hi, struct mg_range *ret)
{
	assert_int_equal(mg_addr_parse(lo, &ret->lo), 0);
	assert_int_equal(mg_addr_parse(hi, &ret->hi), 0);
}

static void fill(struct fixture *f)
{
	int64_t today = noon(0) * US, before = noon(1) * US;
	json_t *list = json_array();

	json_array_append_new(list, alert(before, 1, "192.168.1.1", "alert", NULL));
	json_array_append_new(list, alert(today, 1, "192.168.1.1", "drop", "1MOyoQ=="));
	json_array_append_new(list, alert(today, 1, "192.168.1.2", "drop", NULL));
	json_array_append_new(list, alert(today + US, 2, "2001:db8::1", "would_drop", NULL));
	json_array_append_new(
		list, alert(today + 2 * US, 3, "192.168.1.1", "alert", "not base64!"));
	assert_int_equal(append(f, "i", 5, list), 0);
}

static void filters(void **state)
{
	struct fixture *f = *state;
	struct mg_range four, six, all4;

	fill(f);
	range("192.168.1.1", "192.168.1.1", &four);
	range("2001:db8::", "2001:db8::ffff", &six);
	range("0.0.0.0", "255.255.255.255", &all4);
	assert_int_equal(found(f, (struct mg_alert_filter){0}), 5);
	assert_int_equal(found(f, (struct mg_alert_filter){.sid = 1}), 3);
	assert_int_equal(found(f, (struct mg_alert_filter){.severity = 2}), 4);
	assert_int_equal(found(f, (struct mg_alert_filter){.decision = "drop"}), 2);
	assert_int_equal(found(f, (struct mg_alert_filter){.src = &four}), 3);
	assert_int_equal(found(f, (struct mg_alert_filter){.src = &all4}), 4);
	assert_int_equal(found(f, (struct mg_alert_filter){.src = &six}), 1);
	assert_int_equal(found(f, (struct mg_alert_filter){.dst = &all4}), 5);
	assert_int_equal(found(f, (struct mg_alert_filter){.limit = 2}), 2);
	assert_int_equal(
		found(f, (struct mg_alert_filter){.from = noon(0) * US, .to = noon(0) * US + US}),
		2);
	/* Sent again it is not stored again. */
	fill(f);
	assert_int_equal(found(f, (struct mg_alert_filter){0}), 5);
}

static int names(const struct mg_alert *a, void *arg)
{
	char(*dst)[MG_ALERT_NAME] = arg;

	snprintf(dst[a->has_pcap], MG_ALERT_NAME, "%s", a->name);
	return 0;
}

static void one_and_its_capture(void **state)
{
	struct fixture *f = *state;
	static const uint8_t magic[] = {0xd4, 0xc3, 0xb2, 0xa1};
	struct mg_alert_filter q = {.sid = 1, .decision = "drop"};
	struct sk_err err = {0};
	struct mg_events_stat st;
	char name[2][MG_ALERT_NAME] = {"", ""};
	void *pcap = NULL;
	json_t *e = NULL;
	size_t len = 0;

	fill(f);
	assert_int_equal(mg_alert_each(f->dir, &q, names, name, &err), 0);
	assert_int_equal(mg_alert_get(f->dir, name[1], &e, &pcap, &len, &err), 0);
	assert_int_equal(len, 4);
	assert_memory_equal(pcap, magic, 4);
	assert_string_equal(json_string_value(json_object_get(e, "src_ip")), "192.168.1.1");
	json_decref(e);
	free(pcap);
	pcap = NULL;
	assert_int_equal(mg_alert_get(f->dir, name[0], &e, &pcap, &len, &err), 0);
	assert_null(pcap);
	json_decref(e);
	assert_int_equal(mg_alert_get(f->dir, "20200101-1", &e, NULL, NULL, &err), -ENOENT);
	assert_int_equal(mg_alert_get(f->dir, "../../x-1", &e, NULL, NULL, &err), -ENOENT);
	assert_int_equal(mg_alert_get(f->dir, "7", &e, NULL, NULL, &err), -ENOENT);
	/* A capture that is none is left out and counted; the alert is there. */
	assert_int_equal(mg_events_stat(f->e, sk_now(), &st, &err), 0);
	assert_int_equal(st.alerts_today, 4);
	assert_int_equal(st.pcaps_left_out, 1);
}

struct sums {
	struct mg_alert_sum v[8];
	size_t n;
};

static int keep(const struct mg_alert_sum *s, void *arg)
{
	struct sums *t = arg;

	t->v[t->n++] = *s;
	return 0;
}

static struct sums sum(struct fixture *f, enum mg_alert_by by)
{
	const struct mg_alert_filter q = {0};
	struct sk_err err = {0};
	struct sums s = {.n = 0};

	assert_int_equal(mg_alert_sums(f->dir, &q, by, keep, &s, &err), 0);
	return s;
}

static void sums(void **state)
{
	struct fixture *f = *state;
	struct sums s;

	fill(f);
	s = sum(f, MG_ALERT_BY_RULE);
	assert_int_equal(s.n, 3);
	assert_int_equal(s.v[0].sid, 1);
	assert_int_equal(s.v[0].count, 3);
	assert_int_equal(s.v[0].peers, 2);
	assert_string_equal(s.v[0].msg, "one");
	assert_non_null(strstr(s.v[0].hosts, "192.168.1.2"));
	assert_int_equal(s.v[0].first, noon(1) * US);
	s = sum(f, MG_ALERT_BY_SOURCE);
	assert_int_equal(s.n, 3);
	assert_string_equal(s.v[0].key, "192.168.1.1");
	assert_int_equal(s.v[0].count, 3);
	s = sum(f, MG_ALERT_BY_DAY);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.v[0].count, 1);
	assert_int_equal(s.v[1].count, 4);
	assert_int_equal(sum(f, MG_ALERT_BY_CLASS).n, 1);
	assert_int_equal(sum(f, MG_ALERT_BY_SEVERITY).n, 3);
	assert_int_equal(sum(f, MG_ALERT_BY_DESTINATION).n, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(filters, setup, teardown),
		cmocka_unit_test_setup_teardown(one_and_its_capture, setup, teardown),
		cmocka_unit_test_setup_teardown(sums, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
