// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reports: whatever way a number is found (rollup, rows, several threads), it is the number that
 * the detail adds up to; filters mean what they say; a damaged file is named and the others still
 * count.
 */
#include "tests/unit/events/common.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>

#include "mgmt/events/rollup.h"
#include "mgmt/report/report.h"

#define DAYS 4
#define PER_DAY 2000

static const char *const zones[] = {"lan", "guest", "wan", "dmz"};
static const char *const reasons[] = {"no_rule", "rule", "invalid", "bogon", "rule_expired"};

static json_t *random_event(uint64_t *seed, int64_t ts)
{
	bool v6 = prng(seed) % 4 == 0, icmp = prng(seed) % 5 == 0;
	uint64_t src = prng(seed) % 40, dst = prng(seed) % 300, reason = prng(seed) % 5;
	char s[48], d[48];
	json_t *e;

	snprintf(s, sizeof(s), v6 ? "2001:db8:%x::%x" : "192.168.%u.%u", (unsigned)(src % 3),
		(unsigned)(src + 1));
	snprintf(d, sizeof(d), v6 ? "2001:db8:ffff::%x" : "203.0.%u.7", (unsigned)dst % 256 + 1);
	e = drop_event(ts, s, d, (int)(prng(seed) % 20 * 1000));
	if (prng(seed) % 10 == 0)
		json_object_set_new(e, "event_type", json_string("allow"));
	if (icmp) {
		json_object_del(e, "src_port");
		json_object_del(e, "dest_port");
		json_object_set_new(e, "proto", json_string(v6 ? "IPv6-ICMP" : "ICMP"));
	}
	json_object_set_new(e, "sekisho",
		json_pack("{s:s,s:I,s:s,s:s,s:I,s:I}", "reason", reasons[reason], "rule",
			reason == 1 || reason == 4 ? (json_int_t)(1000 + prng(seed) % 9) : 0,
			"zone_in", zones[prng(seed) % 4], "zone_out", zones[prng(seed) % 4],
			"count", (json_int_t)(1 + prng(seed) % 50), "first",
			(json_int_t)(ts - (int64_t)(prng(seed) % 60) * US)));
	return e;
}

static int64_t first_day(void)
{
	return sk_day_add(sk_day_start(sk_now()), -DAYS);
}

static void fill_days(struct fixture *f)
{
	uint64_t seed = 2026, seq = 0;

	for (int day = 0; day < DAYS; day++) {
		int64_t start = sk_day_add(first_day(), day);
		json_t *a = json_array();

		for (int i = 0; i < PER_DAY; i++)
			json_array_append_new(a,
				random_event(&seed,
					start * US + 60 * US +
						(int64_t)(prng(&seed) % 86000) * US));
		assert_int_equal(append(f, "b", seq += PER_DAY, a), 0);
	}
}

static void seal_days(const struct fixture *f)
{
	for (int day = 0; day < DAYS; day++) {
		struct sk_err err = {0};

		if (mg_rollup_seal(f->dir, mg_date_of(sk_day_add(first_day(), day)), &err) < 0)
			fail_msg("seal: %s", err.en);
	}
}

static int collect(const json_t *row, void *arg)
{
	return json_array_append((json_t *)arg, (json_t *)row);
}

static struct mg_report_query query(enum mg_report_by by)
{
	return (struct mg_report_query){.event_type = "drop",
		.from = first_day() - 86400,
		.to = sk_now() + 86400,
		.by = by,
		.port = -1,
		.limit = 1000000};
}

static json_t *run(const struct fixture *f, const struct mg_report_query *q)
{
	json_t *rows = json_array();
	struct sk_err err = {0};
	int r = mg_report_run(f->dir, q, collect, rows, &err);

	if (r < 0)
		fail_msg("report: %s", err.en);
	return rows;
}

/* The key under which a detail row counts. */
static void key_of(const json_t *row, enum mg_report_by by, char *dst, size_t cap)
{
	const char *proto = json_string_value(json_object_get(row, "proto"));
	int64_t t = json_integer_value(json_object_get(row, "time")), rule;
	char text[40];

	switch (by) {
	case MG_BY_SOURCE:
		snprintf(dst, cap, "%s", json_string_value(json_object_get(row, "source")));
		break;
	case MG_BY_DESTINATION:
		snprintf(dst, cap, "%s", json_string_value(json_object_get(row, "destination")));
		break;
	case MG_BY_PORT:
		if (json_object_get(row, "port"))
			snprintf(dst, cap, "%s/%lld", proto,
				json_integer_value(json_object_get(row, "port")));
		else
			snprintf(dst, cap, "%s", proto);
		break;
	case MG_BY_REASON:
		snprintf(dst, cap, "%s", json_string_value(json_object_get(row, "reason")));
		break;
	case MG_BY_RULE:
		rule = json_integer_value(json_object_get(row, "rule"));
		snprintf(dst, cap, rule ? "%lld" : "-", (long long)rule);
		break;
	case MG_BY_ZONES:
		snprintf(dst, cap, "%s > %s", json_string_value(json_object_get(row, "zone_in")),
			json_string_value(json_object_get(row, "zone_out")));
		break;
	case MG_BY_DAY: sk_date_format(t, dst, cap); break;
	default:
		sk_time_format(t, text, sizeof(text));
		snprintf(dst, cap, "%.10s %.2s:00", text, text + 11);
		break;
	}
}

static json_t *sum_details(const json_t *details, enum mg_report_by by)
{
	const char *peer = by == MG_BY_SOURCE ? "destination" : "source";
	json_t *sums = json_object();
	size_t i;
	json_t *row;

	json_array_foreach (details, i, row) {
		int64_t count = json_integer_value(json_object_get(row, "count"));
		int64_t first = json_integer_value(json_object_get(row, "first"));
		int64_t last = json_integer_value(json_object_get(row, "last"));
		char key[128];
		json_t *s;

		key_of(row, by, key, sizeof(key));
		s = json_object_get(sums, key);
		if (!s) {
			s = json_pack("{s:I,s:I,s:I,s:{}}", "count", (json_int_t)0, "first",
				(json_int_t)first, "last", (json_int_t)last, "peers");
			json_object_set_new(sums, key, s);
		}
		json_integer_set(json_object_get(s, "count"),
			json_integer_value(json_object_get(s, "count")) + count);
		if (first < json_integer_value(json_object_get(s, "first")))
			json_integer_set(json_object_get(s, "first"), first);
		if (last > json_integer_value(json_object_get(s, "last")))
			json_integer_set(json_object_get(s, "last"), last);
		json_object_set_new(json_object_get(s, "peers"),
			json_string_value(json_object_get(row, peer)), json_true());
	}
	return sums;
}

static void check_row(const json_t *row, const json_t *sums)
{
	const char *key = json_string_value(json_object_get(row, "key"));
	const json_t *s = json_object_get(sums, key);
	static const char *const same[] = {"count", "first", "last"};
	int64_t peers = json_integer_value(json_object_get(row, "peers"));
	int64_t want = (int64_t)json_object_size(json_object_get(s, "peers"));

	if (!s)
		fail_msg("no detail for %s", key);
	for (size_t i = 0; i < 3; i++)
		if (!json_equal(json_object_get(row, same[i]), json_object_get(s, same[i])))
			fail_msg("%s of %s: %lld in the summary, %lld in the detail", same[i], key,
				json_integer_value(json_object_get(row, same[i])),
				json_integer_value(json_object_get(s, same[i])));
	if (want <= 128)
		assert_int_equal(peers, want);
	else
		assert_in_range(peers, want * 85 / 100, want * 115 / 100);
}

/* Every way of counting against the sum of its own detail. */
static void check_all(const struct fixture *f, struct mg_report_query q)
{
	json_t *details, *rows, *row;
	size_t i;

	q.by = MG_BY_DETAIL;
	details = run(f, &q);
	assert_true(json_array_size(details) > 0);
	/* Those of blocklists have a test of their own. */
	for (q.by = 0; q.by < MG_BY_FEED; q.by++) {
		json_t *sums = sum_details(details, q.by);
		int64_t before = INT64_MAX;

		rows = run(f, &q);
		assert_int_equal(json_array_size(rows), json_object_size(sums));
		json_array_foreach (rows, i, row) {
			int64_t count = json_integer_value(json_object_get(row, "count"));

			check_row(row, sums);
			if (q.by != MG_BY_DAY && q.by != MG_BY_HOUR)
				assert_true(count <= before);
			before = count;
		}
		json_decref(rows);
		json_decref(sums);
	}
	json_decref(details);
}

static void check_filters(const struct fixture *f)
{
	struct mg_report_query q = query(0);

	check_all(f, q);
	q.event_type = "allow";
	check_all(f, q);
	q = query(0);
	q.from = first_day() + 40000; /* within the first day */
	q.to = first_day() + 2 * 86400 + 1000;
	check_all(f, q);
	q = query(0);
	q.source = "192.168.1.0/24";
	check_all(f, q);
	q = query(0);
	q.destination = "2001:db8:ffff::/120";
	check_all(f, q);
	q = query(0);
	q.proto = "tcp";
	q.port = 5000;
	check_all(f, q);
	q = query(0);
	q.reason = "rule";
	q.zone_in = "lan";
	check_all(f, q);
	q = query(0);
	q.rule = 1004;
	q.zone_out = "wan";
	check_all(f, q);
	q = query(0);
	q.proto = "icmpv6";
	q.source = "::/0";
	check_all(f, q);
}

static void test_sums_from_rows(void **state)
{
	struct fixture *f = *state;

	fill_days(f);
	check_filters(f);
}

static void test_sums_from_rollups(void **state)
{
	struct fixture *f = *state;
	int64_t late = (first_day() + 50000) * US;

	fill_days(f);
	seal_days(f);
	check_filters(f);
	/* A late event makes the rollup of its day wrong: it must not be used. */
	assert_int_equal(append(f, "late", 1,
				 json_pack("[o]", drop_event(late, "10.9.9.9", "203.0.5.7", 1))),
		0);
	check_filters(f);
	seal_days(f);
	check_filters(f);
}

/* maintain() seals what is over; the summary is the same before and after. */
static void test_maintain_seals(void **state)
{
	struct fixture *f = *state;
	struct mg_report_query q = query(MG_BY_DESTINATION);
	json_t *before, *after;

	fill_days(f);
	before = run(f, &q);
	assert_int_equal(mg_events_maintain(f->e, sk_now() + 86400, NULL), 0);
	assert_int_equal(mg_events_maintain(f->e, sk_now() + 86400, NULL), 0);
	after = run(f, &q);
	assert_true(json_equal(before, after));
	json_decref(before);
	json_decref(after);
}

static size_t rows_with(const struct fixture *f, const char *source, const char *destination)
{
	struct mg_report_query q = query(MG_BY_DETAIL);
	json_t *rows;
	size_t n;

	q.source = source;
	q.destination = destination;
	rows = run(f, &q);
	n = json_array_size(rows);
	json_decref(rows);
	return n;
}

static void test_cidr(void **state)
{
	struct fixture *f = *state;
	int64_t t = noon(1) * US;
	json_t *a = json_pack("[o,o,o,o,o]", drop_event(t, "10.1.2.3", "192.0.2.1", 80),
		drop_event(t, "10.1.2.200", "255.255.255.255", 80),
		drop_event(t, "10.1.3.1", "0.0.0.0", 80),
		drop_event(t, "2001:db8::1", "ff02::1", 80),
		drop_event(t, "2001:db8:8000::1", "::", 80));

	assert_int_equal(append(f, "b", 5, a), 0);
	for (int sealed = 0; sealed < 2; sealed++) {
		assert_int_equal(rows_with(f, NULL, NULL), 5);
		assert_int_equal(rows_with(f, "10.1.2.3", NULL), 1);
		assert_int_equal(rows_with(f, "10.1.2.0/25", NULL), 1);
		assert_int_equal(rows_with(f, "10.1.2.99/24", NULL), 2);
		assert_int_equal(rows_with(f, "10.1.2.0/23", NULL), 3);
		assert_int_equal(rows_with(f, "0.0.0.0/0", NULL), 3);
		assert_int_equal(rows_with(f, "::/0", NULL), 2);
		assert_int_equal(rows_with(f, "2001:db8::/33", NULL), 1);
		assert_int_equal(rows_with(f, "2001:db8::/32", NULL), 2);
		assert_int_equal(rows_with(f, NULL, "255.255.255.255"), 1);
		assert_int_equal(rows_with(f, NULL, "0.0.0.0"), 1);
		assert_int_equal(rows_with(f, NULL, "::"), 1);
		assert_int_equal(rows_with(f, "10.1.2.3", "192.0.2.0/24"), 1);
		assert_int_equal(rows_with(f, "10.1.2.3", "192.0.3.0/24"), 0);
		assert_int_equal(mg_rollup_seal(f->dir, mg_date_of(noon(1)), NULL), 0);
	}
}

static void test_bad_filters(void **state)
{
	struct fixture *f = *state;
	static const char *const bad[] = {"10.1.2", "10.0.0.0/33", "10.0.0.0/", "::/129", "example",
		"10.0.0.0/-1", "/8", "::ffff:0:0/90", "1.2.3.4/8/9"};

	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++) {
		struct mg_report_query q = query(MG_BY_PORT);
		struct sk_err err = {0};

		q.destination = bad[i];
		assert_int_equal(mg_report_run(f->dir, &q, collect, NULL, &err), -EINVAL);
		assert_string_equal(err.path, "destination");
	}
}

static void test_order_and_limit(void **state)
{
	struct fixture *f = *state;
	struct mg_report_query q = query(MG_BY_DETAIL);
	int64_t before = INT64_MAX;
	json_t *rows, *row, *all;
	size_t i;

	fill_days(f);
	seal_days(f);
	q.limit = 100;
	rows = run(f, &q);
	assert_int_equal(json_array_size(rows), 100);
	json_array_foreach (rows, i, row) {
		int64_t t = json_integer_value(json_object_get(row, "time"));

		assert_true(t <= before);
		before = t;
	}
	assert_true(before > sk_day_add(first_day(), DAYS - 1));
	json_decref(rows);
	q = query(MG_BY_DESTINATION);
	all = run(f, &q);
	q.limit = 7;
	rows = run(f, &q);
	assert_int_equal(json_array_size(rows), 7);
	for (i = 0; i < 7; i++)
		assert_true(json_equal(json_array_get(rows, i), json_array_get(all, i)));
	json_decref(rows);
	json_decref(all);
	/* Of times the newest are kept, in their order. */
	q = query(MG_BY_DAY);
	q.limit = 2;
	rows = run(f, &q);
	assert_int_equal(json_array_size(rows), 2);
	assert_true(
		strcmp(json_string_value(json_object_get(json_array_get(rows, 0), "day")),
			json_string_value(json_object_get(json_array_get(rows, 1), "day"))) < 0);
	json_decref(rows);
}

static void test_words(void **state)
{
	struct fixture *f = *state;
	struct mg_report_query q = query(MG_BY_DETAIL);
	json_t *ev = drop_event(noon(1) * US, "10.0.0.1", "10.0.0.2", 443), *rows, *row;

	json_object_set_new(
		ev, "sekisho", json_pack("{s:s,s:i}", "reason", "rule_expired", "rule", 1042));
	assert_int_equal(append(f, "b", 1, json_pack("[o]", ev)), 0);
	rows = run(f, &q);
	row = json_array_get(rows, 0);
	assert_string_equal(
		json_string_value(json_object_get(row, "reason_text")), "rule 1042 has expired");
	assert_string_equal(json_string_value(json_object_get(row, "proto")), "tcp");
	assert_int_equal(json_integer_value(json_object_get(row, "rule")), 1042);
	json_decref(rows);
	q.lang = SK_JA;
	rows = run(f, &q);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(rows, 0), "reason_text")),
		"ルール 1042 の有効期限が切れている");
	json_decref(rows);
}

static void test_damaged_file(void **state)
{
	struct fixture *f = *state;
	struct mg_report_query q = query(MG_BY_DAY);
	char path[200], wal[210];
	json_t *rows = json_array();
	struct sk_err err = {0};
	int fd;

	fill_days(f);
	mg_events_close(f->e);
	f->e = NULL;
	mg_day_path(path, sizeof(path), f->dir, mg_date_of(sk_day_add(first_day(), 1)));
	snprintf(wal, sizeof(wal), "%s-wal", path);
	unlink(wal);
	fd = open(path, O_WRONLY | O_TRUNC);
	assert_int_equal(pwrite(fd, "not a database, only words", 26, 0), 26);
	close(fd);
	assert_int_equal(mg_report_run(f->dir, &q, collect, rows, &err), -EUCLEAN);
	assert_int_equal(json_array_size(rows), DAYS - 1);
	assert_non_null(strstr(err.en, strrchr(path, '/') + 1));
	assert_non_null(strstr(err.ja, strrchr(path, '/') + 1));
	json_array_clear(rows);
	q.by = MG_BY_DETAIL;
	assert_int_equal(mg_report_run(f->dir, &q, collect, rows, &err), -EUCLEAN);
	assert_true(json_array_size(rows) > 0);
	json_decref(rows);
	/* The writer is not disturbed either. */
	open_store(f);
	assert_int_equal(
		append(f, "c", 1,
			json_pack("[o]", drop_event(noon(0) * US, "10.0.0.1", "10.0.0.2", 1))),
		0);
	assert_int_equal(mg_events_maintain(f->e, sk_now(), NULL), 0);
}

static int64_t total(const struct fixture *f)
{
	struct mg_report_query q = query(MG_BY_REASON);
	json_t *rows = run(f, &q), *row;
	int64_t sum = 0;
	size_t i;

	json_array_foreach (rows, i, row)
		sum += json_integer_value(json_object_get(row, "count"));
	json_decref(rows);
	return sum;
}

static void write_batches(struct fixture *f, uint64_t *seq)
{
	for (int k = 0; k < 30; k++) {
		json_t *a = json_array();

		for (int i = 0; i < 500; i++)
			json_array_append_new(a,
				drop_event(
					noon(0) * US + (int64_t)*seq, "10.0.0.1", "10.0.0.2", i));
		assert_int_equal(append(f, "b", *seq += 500, a), 0);
	}
}

/* A reader sees whole batches of the very file the writer goes on writing, and holds nobody up. */
static void test_concurrent_reader(void **state)
{
	struct fixture *f = *state;
	uint64_t seq = 0;
	pid_t pid;
	int status = -1;

	for (int round = 0; round < 4; round++) {
		/* As in the daemon: readers are forked by a process without an open store. */
		mg_events_close(f->e);
		f->e = NULL;
		pid = fork();
		if (pid == 0) {
			for (int i = 0; i < 20; i++)
				if (total(f) % 500 != 0)
					_exit(1);
			_exit(0);
		}
		open_store(f);
		write_batches(f, &seq);
		waitpid(pid, &status, 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(total(f), seq);
}

static void test_empty(void **state)
{
	struct fixture *f = *state;
	struct mg_report_query q = query(MG_BY_SOURCE);
	json_t *rows = json_array();

	assert_int_equal(mg_report_run(f->dir, &q, collect, rows, NULL), 0);
	assert_int_equal(mg_report_run("/nonexistent/events", &q, collect, rows, NULL), 0);
	assert_int_equal(json_array_size(rows), 0);
	json_decref(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sums_from_rows, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sums_from_rollups, setup, teardown),
		cmocka_unit_test_setup_teardown(test_maintain_seals, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cidr, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_filters, setup, teardown),
		cmocka_unit_test_setup_teardown(test_order_and_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_words, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_concurrent_reader, setup, teardown),
		cmocka_unit_test_setup_teardown(test_empty, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
