// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What blocklists stopped, in day files and reports: by feed, entry and device, monitored apart
 * from blocked, sealed or not; files of the version before are read and taken over; devices that
 * look infected are ranked by what was stopped.
 */
#include "tests/unit/events/common.h"

#include <sqlite3.h>

#include "mgmt/events/rollup.h"
#include "mgmt/events/reader.h"
#include "mgmt/report/report.h"

/* As the release before wrote it. */
#define VERSION_1                                                                                  \
	"CREATE TABLE meta(k TEXT PRIMARY KEY, v INTEGER NOT NULL) WITHOUT ROWID, STRICT;"         \
	"CREATE TABLE seq(instance TEXT PRIMARY KEY, mark INTEGER NOT NULL, done INTEGER NOT "     \
	"NULL) WITHOUT ROWID, STRICT;"                                                             \
	"CREATE TABLE cls(id INTEGER PRIMARY KEY, kind INTEGER, flags INTEGER, rule INTEGER,"      \
	" revision INTEGER, proto TEXT, reason TEXT, zone_in TEXT, zone_out TEXT, in_iface TEXT,"  \
	" out_iface TEXT, direction TEXT) STRICT;"                                                 \
	"CREATE TABLE flow(ts INTEGER PRIMARY KEY, cls INTEGER NOT NULL, count INTEGER NOT NULL,"  \
	" span INTEGER NOT NULL, dst ANY, src ANY, dport INTEGER, sport INTEGER, icmp INTEGER,"    \
	" len INTEGER, mac INTEGER, extra TEXT) STRICT;"                                           \
	"CREATE TABLE other(ts INTEGER PRIMARY KEY, type TEXT NOT NULL, json TEXT NOT NULL) "      \
	"STRICT;"                                                                                  \
	"CREATE TABLE roll(dim INTEGER, kind INTEGER, key ANY, count INTEGER NOT NULL,"            \
	" first INTEGER NOT NULL, last INTEGER NOT NULL, peers BLOB NOT NULL,"                     \
	" PRIMARY KEY(dim, kind, key)) WITHOUT ROWID, STRICT;"                                     \
	"INSERT INTO meta VALUES('flows',2);"                                                      \
	"INSERT INTO cls VALUES(1,0,0,0,0,'TCP','no_rule','lan','wan','lan0','wan0','outbound');"  \
	"PRAGMA user_version=1;"

static json_t *listed(int64_t ts, const char *src, const char *mac, const char *feed,
	const char *entry, const char *name, bool monitored)
{
	json_t *e = drop_event(ts, src, "198.51.100.7", 443), *s;

	s = json_pack("{s:s,s:i,s:s,s:s,s:s,s:s,s:s,s:s*}", "reason", "blocklist", "rule", 19,
		"zone_in", "lan", "zone_out", "wan", "direction", "outbound", "feed", feed, "entry",
		entry, "name", name);
	json_object_set_new(e, "sekisho", s);
	if (mac)
		json_object_set_new(e, "ether", json_pack("{s:s}", "src_mac", mac));
	if (monitored) {
		json_object_set_new(e, "event_type", json_string("allow"));
		json_object_set_new(s, "would_drop", json_true());
	}
	return e;
}

static int collect(const json_t *row, void *arg)
{
	return json_array_append((json_t *)arg, (json_t *)row);
}

static struct mg_report_query query(const char *type, enum mg_report_by by)
{
	return (struct mg_report_query){.event_type = type,
		.from = noon(10),
		.to = sk_now() + 86400,
		.by = by,
		.port = -1,
		.monitored = strcmp(type, "allow") == 0};
}

static json_t *run(const struct fixture *f, struct mg_report_query q)
{
	json_t *rows = json_array();
	struct sk_err err = {0};

	if (mg_report_run(f->dir, &q, collect, rows, &err) < 0)
		fail_msg("report: %s", err.en);
	return rows;
}

static const char *str(const json_t *rows, size_t i, const char *key)
{
	const char *s = json_string_value(json_object_get(json_array_get(rows, i), key));

	return s ? s : "(none)";
}

static int64_t num(const json_t *rows, size_t i, const char *key)
{
	return json_integer_value(json_object_get(json_array_get(rows, i), key));
}

#define MAC1 "02:00:00:00:00:01"
#define MAC2 "02:00:00:00:00:02"

static void fill(struct fixture *f, int64_t t)
{
	json_t *a = json_array();

	for (int i = 0; i < 5; i++)
		json_array_append_new(a,
			listed(t * US + i, "192.168.10.10", MAC1, "drop", "198.51.100.0/24", NULL,
				false));
	for (int i = 0; i < 3; i++)
		json_array_append_new(a,
			listed(t * US + 100 + i, i < 2 ? "192.168.10.10" : "192.168.10.99", MAC1,
				"urlhaus", "bad.example", "www.bad.example", false));
	json_array_append_new(a,
		listed(t * US + 200, "192.168.10.12", MAC2, "drop", "198.51.100.0/24", NULL,
			false));
	for (int i = 0; i < 4; i++)
		json_array_append_new(a,
			listed(t * US + 300 + i, "192.168.10.12", MAC2, "trial", "198.51.100.7",
				NULL, true));
	json_array_append_new(a, drop_event(t * US + 400, "192.168.10.13", "203.0.113.9", 443));
	assert_int_equal(append(f, "b", (uint64_t)t, a), 0);
}

static void check_reports(struct fixture *f)
{
	struct mg_report_query q = query("drop", MG_BY_FEED);
	json_t *rows = run(f, q);

	assert_int_equal(json_array_size(rows), 2);
	assert_string_equal(str(rows, 0, "feed"), "drop");
	assert_int_equal(num(rows, 0, "count"), 6);
	assert_int_equal(num(rows, 0, "sources"), 2);
	assert_string_equal(str(rows, 1, "feed"), "urlhaus");
	assert_int_equal(num(rows, 1, "count"), 3);
	json_decref(rows);
	rows = run(f, query("drop", MG_BY_ENTRY));
	assert_int_equal(json_array_size(rows), 2);
	assert_string_equal(str(rows, 0, "entry"), "198.51.100.0/24");
	assert_string_equal(str(rows, 0, "feed"), "drop");
	assert_string_equal(str(rows, 1, "entry"), "bad.example");
	json_decref(rows);
	rows = run(f, query("drop", MG_BY_DEVICE));
	assert_int_equal(json_array_size(rows), 3);
	assert_string_equal(str(rows, 0, "device"), MAC1);
	assert_string_equal(str(rows, 0, "address"), "192.168.10.99"); /* the newest */
	assert_int_equal(num(rows, 0, "count"), 8);
	assert_int_equal(num(rows, 0, "destinations"), 1);
	json_decref(rows);
	q = query("drop", MG_BY_DEVICE);
	q.feed = "drop";
	rows = run(f, q);
	assert_int_equal(json_array_size(rows), 2);
	assert_int_equal(num(rows, 0, "count"), 5);
	json_decref(rows);
	q = query("drop", MG_BY_SOURCE);
	q.entry = "bad.example";
	rows = run(f, q);
	assert_int_equal(json_array_size(rows), 2);
	assert_string_equal(str(rows, 0, "source"), "192.168.10.10");
	assert_int_equal(num(rows, 0, "count"), 2);
	json_decref(rows);
	/* By what was seen: the entry itself, or a name below it. */
	q = query("drop", MG_BY_FEED);
	q.seen = "www.bad.example";
	rows = run(f, q);
	assert_int_equal(json_array_size(rows), 1);
	assert_int_equal(num(rows, 0, "count"), 3);
	json_decref(rows);
	q.seen = "ww.bad.example";
	rows = run(f, q);
	assert_int_equal(json_array_size(rows), 0);
	json_decref(rows);
	/* What is only monitored stands apart. */
	rows = run(f, query("allow", MG_BY_ENTRY));
	assert_int_equal(json_array_size(rows), 1);
	assert_string_equal(str(rows, 0, "feed"), "trial");
	assert_int_equal(num(rows, 0, "count"), 4);
	json_decref(rows);
}

static void test_reports(void **state)
{
	struct fixture *f = *state;
	struct mg_report_query q = query("drop", MG_BY_DETAIL);
	json_t *rows;

	fill(f, noon(1));
	check_reports(f);
	q.feed = "urlhaus";
	rows = run(f, q);
	assert_int_equal(json_array_size(rows), 3);
	assert_string_equal(str(rows, 0, "name"), "www.bad.example");
	assert_string_equal(str(rows, 0, "reason_text"),
		"on the blocklist urlhaus: bad.example (seen: www.bad.example)");
	json_decref(rows);
	q = query("allow", MG_BY_DETAIL);
	q.lang = SK_JA;
	rows = run(f, q);
	assert_int_equal(json_array_size(rows), 4);
	assert_string_equal(str(rows, 0, "reason_text"),
		"不正サイト一覧 trial に登録 (監視のみ): 198.51.100.7");
	json_decref(rows);
	/* And the same from the rollups. */
	assert_int_equal(mg_rollup_seal(f->dir, mg_date_of(noon(1)), NULL), 0);
	q = query("allow", MG_BY_SOURCE);
	rows = run(f, q);
	assert_int_equal(num(rows, 0, "count"), 4);
	json_decref(rows);
	/* Nothing of it was allowed by a rule that logs. */
	q.monitored = false;
	rows = run(f, q);
	assert_int_equal(json_array_size(rows), 0);
	json_decref(rows);
	check_reports(f);
}

static void make_version_1(const struct fixture *f, int64_t t)
{
	char path[200], sql[400];
	sqlite3 *db = NULL;

	mg_day_path(path, sizeof(path), f->dir, mg_date_of(t));
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, VERSION_1, NULL, NULL, NULL), SQLITE_OK);
	for (int i = 0; i < 2; i++) {
		snprintf(sql, sizeof(sql),
			"INSERT INTO flow VALUES(%lld,1,1,0,%lld,%lld,443,5000,NULL,60,NULL,NULL)",
			(long long)(t * US + i), 0xcb007109ll - 2147483648,
			0xc0a80a0all - 2147483648);
		assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	}
	sqlite3_close(db);
}

static int64_t version_of(const struct fixture *f, int64_t t)
{
	sqlite3_stmt *st = NULL;
	sqlite3 *db = NULL;
	char path[200];
	int64_t v;

	mg_day_path(path, sizeof(path), f->dir, mg_date_of(t));
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	v = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return v;
}

static void test_version_1(void **state)
{
	struct fixture *f = *state;
	json_t *rows;

	make_version_1(f, noon(3));
	rows = run(f, query("drop", MG_BY_DETAIL));
	assert_int_equal(json_array_size(rows), 2);
	assert_string_equal(str(rows, 0, "destination"), "203.0.113.9");
	json_decref(rows);
	rows = run(f, query("drop", MG_BY_ENTRY));
	assert_int_equal(json_array_size(rows), 0);
	json_decref(rows);
	assert_int_equal(mg_rollup_seal(f->dir, mg_date_of(noon(3)), NULL), 0);
	assert_int_equal(version_of(f, noon(3)), 1);
	/* Written to, as on the day of the update: what was there stays, what comes is kept in
	 * full. */
	fill(f, noon(3) + 60);
	assert_int_equal(version_of(f, noon(3)), 2);
	rows = run(f, query("drop", MG_BY_DETAIL));
	assert_int_equal(json_array_size(rows), 12);
	json_decref(rows);
	rows = run(f, query("drop", MG_BY_FEED));
	assert_int_equal(json_array_size(rows), 2);
	json_decref(rows);
	assert_int_equal(mg_rollup_seal(f->dir, mg_date_of(noon(3)), NULL), 0);
	rows = run(f, query("drop", MG_BY_SOURCE));
	assert_int_equal(num(rows, 0, "count"), 9); /* 192.168.10.10: 2 old ones, 7 new ones */
	json_decref(rows);
}

static json_t *infected(const struct fixture *f)
{
	struct mg_infected_query q = {.from = noon(10), .to = sk_now() + 86400};
	json_t *rows = json_array();
	struct sk_err err = {0};

	if (mg_report_infected(f->dir, &q, collect, rows, &err) < 0)
		fail_msg("infected: %s", err.en);
	return rows;
}

static void test_infected(void **state)
{
	struct fixture *f = *state;
	json_t *rows, *e;

	for (int day = 4; day > 1; day--)
		fill(f, noon(day));
	rows = infected(f);
	assert_int_equal(json_array_size(rows), 2); /* who broke a rule only is not infected */
	assert_string_equal(str(rows, 0, "device"), MAC1);
	assert_int_equal(num(rows, 0, "count"), 24);
	assert_int_equal(num(rows, 0, "monitored"), 0);
	assert_int_equal(num(rows, 0, "entries"), 2);
	assert_int_equal(num(rows, 0, "days"), 3);
	assert_string_equal(str(rows, 0, "example"), "bad.example");
	assert_int_equal(num(rows, 1, "count"), 3);
	assert_int_equal(num(rows, 1, "monitored"), 12);
	json_decref(rows);
	/* The inspection's hits count, those from outside do not. */
	e = drop_event(noon(1) * US, "192.168.10.13", "203.0.113.9", 443);
	json_object_set_new(e, "alert",
		json_pack("{s:i,s:s}", "signature_id", 2027865, "signature", "ET MALWARE beacon"));
	json_object_set_new(e, "sekisho",
		json_pack("{s:s,s:s,s:i}", "reason", "ips", "direction", "outbound", "count", 90));
	assert_int_equal(append(f, "c", 1, json_pack("[o]", e)), 0);
	e = listed(noon(1) * US + 5, "198.51.100.66", NULL, "drop", "198.51.100.0/24", NULL, false);
	json_object_set_new(json_object_get(e, "sekisho"), "direction", json_string("inbound"));
	assert_int_equal(append(f, "c", 2, json_pack("[o]", e)), 0);
	rows = infected(f);
	assert_int_equal(json_array_size(rows), 3);
	assert_string_equal(str(rows, 0, "device"), "192.168.10.13");
	assert_int_equal(num(rows, 0, "count"), 90);
	assert_string_equal(str(rows, 0, "example"), "2027865 ET MALWARE beacon");
	json_decref(rows);
}

/* Contacts take a number and nothing else: no row, no line for the SIEM, no listener. */
static void count_event(const json_t *event, void *arg)
{
	(*(int *)arg)++;
}

static void test_contacts_left_out(void **state)
{
	struct fixture *f = *state;
	struct mg_events_stat s;
	int told = 0;

	assert_int_equal(mg_events_subscribe(f->e, count_event, &told, NULL), 0);
	assert_int_equal(append(f, "b", 3,
				 json_pack("[o,{s:s,s:{s:[]}},o]",
					 drop_event(noon(0) * US, "10.0.0.1", "10.0.0.2", 1),
					 "event_type", "contact", "sekisho", "contacts",
					 drop_event(noon(0) * US, "10.0.0.1", "10.0.0.3", 1))),
		0);
	assert_int_equal(told, 2);
	assert_int_equal(mg_events_last_seq(f->e, "b"), 3);
	assert_int_equal(append(f, "b", 4,
				 json_pack("[{s:s,s:{s:[]}}]", "event_type", "contact", "sekisho",
					 "contacts")),
		0);
	assert_int_equal(mg_events_last_seq(f->e, "b"), 4);
	assert_int_equal(mg_events_stat(f->e, sk_now(), &s, NULL), 0);
	assert_int_equal(s.events_today, 2);
	mg_events_unsubscribe(f->e, count_event, &told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_reports, setup, teardown),
		cmocka_unit_test_setup_teardown(test_version_1, setup, teardown),
		cmocka_unit_test_setup_teardown(test_infected, setup, teardown),
		cmocka_unit_test_setup_teardown(test_contacts_left_out, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
