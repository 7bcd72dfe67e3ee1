// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The event store: what was acknowledged is there after a kill, each event once; six months are
 * kept whatever happens; trouble with one file or with eve.json stays there.
 */
#include "tests/unit/events/common.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "mgmt/events/reader.h"
#include "mgmt/events/sketch.h"

struct tally {
	uint64_t rows, count;
	int64_t last_ts;
	struct mg_flow flow;
	char extra[400];
};

static int tally_row(const struct mg_flow *f, void *arg)
{
	struct tally *t = arg;

	assert_true(f->ts > t->last_ts);
	t->last_ts = f->ts;
	t->rows++;
	t->count += f->count;
	t->flow = *f;
	snprintf(t->extra, sizeof(t->extra), "%s", f->extra ? f->extra : "");
	return 0;
}

static struct tally tally_of(const struct fixture *f, int64_t t)
{
	struct mg_scan s = {.to = INT64_MAX, .want = MG_WANT_ALL, .dport = -1};
	struct tally ret = {0};
	struct mg_reader *r;
	char path[200];

	mg_day_path(path, sizeof(path), f->dir, mg_date_of(t));
	if (access(path, F_OK) < 0)
		return ret;
	assert_int_equal(mg_reader_open(&r, path, NULL), 0);
	assert_int_equal(mg_reader_scan(r, &s, tally_row, &ret, NULL), 0);
	mg_reader_close(r);
	return ret;
}

static json_t *batch_us(int64_t t_us, int n, int64_t step_us)
{
	json_t *a = json_array();

	for (int i = 0; i < n; i++)
		json_array_append_new(
			a, drop_event(t_us + i * step_us, "192.168.1.2", "203.0.113.9", 443));
	return a;
}

static json_t *batch(int64_t t, int n, int64_t step_us)
{
	return batch_us(t * US, n, step_us);
}

static void test_append_once(void **state)
{
	struct fixture *f = *state;
	int64_t t = noon(0);

	assert_int_equal(append(f, "boot-1", 10, batch(t, 10, 7)), 0);
	assert_int_equal(mg_events_last_seq(f->e, "boot-1"), 10);
	assert_int_equal(append(f, "boot-1", 10, batch(t, 10, 7)), 0);
	assert_int_equal(tally_of(f, t).rows, 10);
	/* Sent again in another cut: numbers 6 to 15. */
	assert_int_equal(append(f, "boot-1", 15, batch(t + 1, 10, 7)), 0);
	assert_int_equal(tally_of(f, t).rows, 15);
	reopen(f);
	assert_int_equal(mg_events_last_seq(f->e, "boot-1"), 15);
	assert_int_equal(append(f, "boot-1", 12, batch(t, 2, 7)), 0);
	/* Another instance counts for itself; mgmtd's own events have no number. */
	assert_int_equal(append(f, "boot-2", 3, batch(t, 3, 7)), 0);
	assert_int_equal(append(f, NULL, 0, batch(t, 2, 7)), 0);
	assert_int_equal(tally_of(f, t).rows, 20);
	assert_int_equal(mg_events_last_seq(f->e, "boot-3"), 0);
}

static void test_same_instant(void **state)
{
	struct fixture *f = *state;
	int64_t t = noon(0);

	assert_int_equal(append(f, "b", 5000, batch(t, 5000, 0)), 0);
	assert_int_equal(append(f, "b", 5100, batch(t, 100, 1)), 0);
	assert_int_equal(append(f, "b", 5200, batch(t - 1, 100, 0)), 0);
	assert_int_equal(tally_of(f, t).rows, 5200);
}

static void test_fields_survive(void **state)
{
	struct fixture *f = *state;
	int64_t t = noon(0);
	json_t *ev = json_loads(
		"{\"event_type\":\"drop\",\"src_ip\":\"2001:db8::1\",\"dest_ip\":"
		"\"2001:db8::2\",\"proto\":\"IPv6-ICMP\",\"icmp_type\":128,\"icmp_code\":0,"
		"\"pkt_len\":96,\"ether\":{\"src_mac\":\"02:00:00:00:00:0a\",\"x\":1},"
		"\"flow\":{\"a\":[1]},\"sekisho\":{\"reason\":\"rule\",\"rule\":1042,"
		"\"revision\":3,\"zone_in\":\"lan\",\"zone_out\":\"wan\",\"count\":7,"
		"\"rejected\":true,\"owner\":\"sato\"}}",
		0, NULL);
	struct tally got;

	json_object_set_new(ev, "ts", json_integer(t * US));
	json_object_set_new(json_object_get(ev, "sekisho"), "first", json_integer(t * US - 5 * US));
	json_object_set_new(json_object_get(ev, "sekisho"), "last", json_integer(t * US));
	assert_int_equal(append(f, "b", 1, json_pack("[o]", ev)), 0);
	got = tally_of(f, t);
	assert_int_equal(got.count, 7);
	assert_int_equal(got.flow.span, 5 * US);
	assert_int_equal(got.flow.icmp, 128 << 8);
	assert_int_equal(got.flow.len, 96);
	assert_true(got.flow.mac == 0x02000000000all);
	assert_int_equal(got.flow.dport, -1);
	assert_string_equal(got.extra,
		"{\"ether\":{\"x\":1},\"flow\":{\"a\":[1]},\"sekisho\":{\"owner\":\"sato\"}}");
}

/* Whatever comes is stored: other types, no time, no addresses, no object. */
static void test_odd_events(void **state)
{
	struct fixture *f = *state;
	json_t *a = json_pack("[{s:s,s:{s:s,s:s,s:i}},{s:s,s:s},{s:i},i,{s:s}]", "event_type",
		"firewall", "sekisho", "action", "lost", "where", "spool", "count", 12,
		"event_type", "audit", "x", "y", "event_type", 5, 3, "event_type", "drop");
	struct mg_events_stat s;

	assert_non_null(a);
	assert_int_equal(append(f, "b", 5, a), 0);
	assert_int_equal(tally_of(f, sk_now()).rows, 1);
	assert_int_equal(mg_events_stat(f->e, sk_now(), &s, NULL), 0);
	assert_int_equal(s.events_today, 5);
	assert_int_equal(s.lost_total, 12);
	reopen(f);
	assert_int_equal(mg_events_stat(f->e, sk_now(), &s, NULL), 0);
	assert_int_equal(s.lost_total, 12);
	assert_int_equal(s.days, 1);
	/* A clock that was never set: filed under now, with what it said. */
	assert_int_equal(
		append(f, "b", 6, json_pack("[o]", drop_event(77, "10.0.0.1", "10.0.0.2", 1))), 0);
	assert_string_equal(tally_of(f, sk_now()).extra, "{\"ts\":77}");
}

static void test_midnight(void **state)
{
	struct fixture *f = *state;
	int64_t midnight = sk_day_start(sk_now());

	assert_int_equal(append(f, "b", 20, batch(midnight - 10, 20, US)), 0);
	assert_int_equal(tally_of(f, midnight - 1).rows, 10);
	assert_int_equal(tally_of(f, midnight).rows, 10);
	assert_int_equal(mg_events_last_seq(f->e, "b"), 20);
	reopen(f);
	assert_int_equal(mg_events_last_seq(f->e, "b"), 20);
}

/* The day file cannot be opened: a directory stands in its place. */
static void block_day(const struct fixture *f, int64_t t, bool block)
{
	char path[200];

	mg_day_path(path, sizeof(path), f->dir, mg_date_of(t));
	if (block)
		assert_int_equal(mkdir(path, 0700), 0);
	else
		assert_int_equal(rmdir(path), 0);
}

/* A crash between the two transactions of a batch: the first is there, the second is not. */
static void test_midnight_crash(void **state)
{
	struct fixture *f = *state;
	int64_t midnight = sk_day_start(sk_now());

	block_day(f, midnight, true);
	assert_true(append(f, "b", 20, batch(midnight - 10, 20, US)) < 0);
	assert_int_equal(tally_of(f, midnight - 1).rows, 10);
	block_day(f, midnight, false);
	reopen(f);
	assert_int_equal(mg_events_last_seq(f->e, "b"), 0);
	/* Sent again, with more behind it. */
	assert_int_equal(append(f, "b", 25, batch(midnight - 10, 25, US)), 0);
	assert_int_equal(tally_of(f, midnight - 1).rows, 10);
	assert_int_equal(tally_of(f, midnight).rows, 15);
	assert_int_equal(mg_events_last_seq(f->e, "b"), 25);
}

/* 50 events around midnight; the same number gives the same batch. */
static json_t *numbered(int64_t midnight, uint64_t nr)
{
	return batch_us((midnight - 25) * US + (int64_t)nr * 100, 50, US);
}

static void write_until_killed(struct fixture *f, int64_t midnight, int fd)
{
	open_store(f);
	for (uint64_t nr = mg_events_last_seq(f->e, "b") / 50 + 1;; nr++) {
		uint64_t seq = nr * 50;

		if (append(f, "b", seq, numbered(midnight, nr)) < 0 ||
			write(fd, &seq, sizeof(seq)) != sizeof(seq))
			_exit(1);
	}
}

/* Start a writer, kill it after some acknowledgements; returns the last one. */
static uint64_t kill_writer(struct fixture *f, int64_t midnight, uint64_t *seed)
{
	uint64_t seq, acked = 0;
	pid_t pid;
	int p[2];

	assert_int_equal(pipe(p), 0);
	pid = fork();
	if (pid == 0)
		write_until_killed(f, midnight, p[1]);
	close(p[1]);
	for (uint64_t n = 1 + prng(seed) % 6; n > 0; n--)
		if (read(p[0], &seq, sizeof(seq)) == sizeof(seq))
			acked = seq;
	usleep((useconds_t)(prng(seed) % 3000));
	kill(pid, SIGKILL);
	while (read(p[0], &seq, sizeof(seq)) == sizeof(seq))
		acked = seq;
	close(p[0]);
	waitpid(pid, NULL, 0);
	assert_true(acked > 0);
	return acked;
}

/* The writer is killed at any moment: all it acknowledged is there, nothing twice. */
static void test_kill(void **state)
{
	struct fixture *f = *state;
	int64_t midnight = sk_day_start(sk_now());
	uint64_t seed = 42, seq, rows;

	mg_events_close(f->e);
	for (int round = 0; round < 15; round++) {
		uint64_t acked = kill_writer(f, midnight, &seed);

		open_store(f);
		seq = mg_events_last_seq(f->e, "b");
		rows = tally_of(f, midnight - 1).rows + tally_of(f, midnight).rows;
		assert_true(seq >= acked);
		/* The batch it died in may have reached the first of its two files. */
		assert_true(rows == seq || rows == seq + 25);
		mg_events_close(f->e);
		f->e = NULL;
	}
	open_store(f);
	assert_int_equal(append(f, "b", seq + 50, numbered(midnight, seq / 50 + 1)), 0);
	assert_int_equal(tally_of(f, midnight - 1).rows + tally_of(f, midnight).rows, seq + 50);
}

static int count_file(const struct fixture *f, int date)
{
	char path[200];

	mg_day_path(path, sizeof(path), f->dir, date);
	return access(path, F_OK) == 0;
}

static void test_retention(void **state)
{
	struct fixture *f = *state;
	uint64_t seq = 0;

	for (int days = 190; days >= 180; days--)
		assert_int_equal(append(f, "b", ++seq, batch(noon(days), 1, 1)), 0);
	/* Nothing newer than those: a clock that jumped must not empty the store. */
	assert_int_equal(mg_events_maintain(f->e, sk_now(), NULL), 0);
	assert_true(count_file(f, mg_date_of(noon(190))));
	for (int days = 10; days >= 0; days--)
		assert_int_equal(append(f, "b", ++seq, batch(noon(days), 1, 1)), 0);
	assert_int_equal(mg_events_maintain(f->e, sk_now(), NULL), 0);
	for (int days = 190; days >= 0; days--) {
		int here = count_file(f, mg_date_of(noon(days)));

		if (days > MG_RETENTION_DAYS_MIN)
			assert_false(here);
		else if (days >= 180 || days <= 10)
			assert_true(here);
	}
}

static void test_short_retention_refused(void **state)
{
	struct fixture *f = *state;
	struct mg_events_opts o = {.dir = f->dir, .retention_days = MG_RETENTION_DAYS_MIN - 1};
	struct mg_events *e = NULL;
	struct sk_err err = {0};

	assert_int_equal(mg_events_open(&e, &o, &err), -EINVAL);
	assert_non_null(strstr(err.en, "No.143"));
	assert_non_null(strstr(err.ja, "No.143"));
	assert_string_equal(err.path, "retention_days");
}

static void test_one_writer(void **state)
{
	struct fixture *f = *state;
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct mg_events_opts o = {.dir = f->dir, .retention_days = MG_RETENTION_DAYS_MIN};
		struct mg_events *e;

		_exit(mg_events_open(&e, &o, NULL) == -EBUSY ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
}

static size_t lines(const char *path, size_t *objects)
{
	FILE *fp = fopen(path, "r");
	char *line = NULL;
	size_t cap = 0, n = 0;

	while (fp && getline(&line, &cap, fp) > 0) {
		json_t *v = json_loads(line, 0, NULL);

		n++;
		*objects += json_is_object(v) && json_object_get(v, "timestamp") &&
			!json_object_get(v, "ts");
		json_decref(v);
	}
	free(line);
	if (fp)
		fclose(fp);
	return n;
}

static void test_eve(void **state)
{
	struct fixture *f = *state;
	size_t n = 0, objects = 0;
	struct mg_events_stat s;
	char other[128];

	snprintf(f->eve, sizeof(f->eve), "%s/eve.json", f->dir);
	reopen(f);
	for (uint64_t i = 1; i <= 10; i++)
		assert_int_equal(append(f, "b", i * 20, batch(noon(0) + (int64_t)i, 20, 1)), 0);
	n = lines(f->eve, &objects);
	for (int i = 1; i <= 4; i++) {
		snprintf(other, sizeof(other), "%s.%d", f->eve, i);
		n += lines(other, &objects);
	}
	assert_int_equal(n, 200);
	assert_int_equal(objects, 200);
	snprintf(other, sizeof(other), "%s.2", f->eve);
	assert_int_equal(access(other, F_OK), 0); /* it did rotate */
	/* logrotate moves the file away. */
	snprintf(other, sizeof(other), "%s.moved", f->eve);
	assert_int_equal(rename(f->eve, other), 0);
	assert_int_equal(append(f, "b", 210, batch(noon(0), 10, 1)), 0);
	assert_int_equal(lines(f->eve, &objects), 10);
	/* It cannot be written: the events are stored all the same. */
	unlink(f->eve);
	assert_int_equal(mkdir(f->eve, 0700), 0);
	assert_int_equal(append(f, "b", 220, batch(noon(0), 10, 1)), 0);
	assert_int_equal(tally_of(f, noon(0)).rows, 220);
	assert_int_equal(mg_events_stat(f->e, sk_now(), &s, NULL), 0);
	assert_int_equal(s.eve_lost, 10);
	rmdir(f->eve);
}

static void scribble(const char *path)
{
	int fd = open(path, O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "this is no database, not any more", 33, 0), 33);
	close(fd);
}

/* Today's file is damaged while the gateway is off: it is kept aside and events go on. */
static void test_damaged_today(void **state)
{
	struct fixture *f = *state;
	struct mg_events_stat s;
	char path[200], aside[230];

	assert_int_equal(append(f, "b", 10, batch(noon(0), 10, 1)), 0);
	mg_events_close(f->e);
	f->e = NULL;
	mg_day_path(path, sizeof(path), f->dir, mg_date_of(noon(0)));
	scribble(path);
	snprintf(aside, sizeof(aside), "%s-wal", path);
	unlink(aside);
	open_store(f);
	assert_int_equal(append(f, "b", 30, batch(noon(0), 20, 1)), 0);
	assert_int_equal(tally_of(f, noon(0)).rows, 20);
	snprintf(aside, sizeof(aside), "%s.damaged-1", path);
	assert_int_equal(access(aside, F_OK), 0);
	assert_int_equal(mg_events_stat(f->e, sk_now(), &s, NULL), 0);
	assert_int_equal(s.damaged, 1);
}

static void count_event(const json_t *event, void *arg)
{
	(void)event;
	(*(int *)arg)++;
}

static void test_subscribe(void **state)
{
	struct fixture *f = *state;
	int n = 0;

	assert_int_equal(mg_events_subscribe(f->e, count_event, &n, NULL), 0);
	append(f, "b", 10, batch(noon(0), 10, 1));
	append(f, "b", 10, batch(noon(0), 10, 1)); /* a repetition is not told */
	assert_int_equal(n, 10);
	mg_events_unsubscribe(f->e, count_event, &n);
	append(f, "b", 20, batch(noon(0), 10, 1));
	assert_int_equal(n, 10);
}

static void test_forecast(void **state)
{
	struct fixture *f = *state;
	struct mg_events_stat s;
	uint64_t seq = 0;

	for (int days = 5; days >= 0; days--)
		append(f, "b", seq += 2000, batch(noon(days), 2000, 1));
	assert_int_equal(mg_events_maintain(f->e, sk_now(), NULL), 0);
	assert_int_equal(mg_events_stat(f->e, sk_now(), &s, NULL), 0);
	assert_int_equal(s.days, 6);
	assert_int_equal(s.oldest, sk_day_start(noon(5)));
	assert_int_equal(s.drops_today, 2000);
	assert_true(s.bytes_per_day > 40000 && s.bytes_per_day < 4000000);
	assert_true(s.bytes_needed == s.bytes_per_day * MG_RETENTION_DAYS_MIN);
	assert_int_equal(s.full_at, 0);
}

static void test_disk_full(void **state)
{
	struct fixture *f = *state;
	struct sk_err err = {0};
	uint64_t seq = 0;
	json_t *a;
	int r = 0;

	if (geteuid() != 0) {
		print_message("SKIP test_disk_full: needs root for a tmpfs\n");
		skip();
	}
	mg_events_close(f->e);
	f->e = NULL;
	if (mount("tmpfs", f->dir, "tmpfs", 0, "size=8m") < 0) {
		open_store(f);
		print_message("SKIP test_disk_full: cannot mount a tmpfs here\n");
		skip();
	}
	open_store(f);
	while (r == 0 && seq < 2000000) {
		a = batch(noon(0) - 40000 + (int64_t)(seq / 2000), 2000, 1);
		r = mg_events_append(f->e, "b", seq + 2000, a, &err);
		json_decref(a);
		if (r == 0)
			seq += 2000;
	}
	assert_int_equal(r, -ENOSPC);
	assert_true(err.en[0] && err.ja[0]);
	assert_true(seq > 20000);
	assert_int_equal(tally_of(f, noon(0)).rows, seq);
	mg_events_close(f->e);
	f->e = NULL;
	/* After a restart on the full disk what was stored is still known. */
	open_store(f);
	assert_int_equal(mg_events_last_seq(f->e, "b"), seq);
	assert_int_equal(mg_events_maintain(f->e, sk_now(), &err), 0);
	assert_int_equal(tally_of(f, noon(0)).rows, seq);
	mg_events_close(f->e);
	f->e = NULL;
	assert_int_equal(umount(f->dir), 0);
	open_store(f);
}

static void test_sketch(void **state)
{
	struct mg_sketch s = {0}, half = {0}, other = {0}, back = {0};
	uint64_t seed = 7;
	struct sk_buf b;

	(void)state;
	for (int i = 1; i <= 50000; i++) {
		uint64_t h = prng(&seed);

		assert_int_equal(mg_sketch_add(&s, h), 0);
		assert_int_equal(mg_sketch_add(&s, h), 0);
		assert_int_equal(mg_sketch_add(i % 2 ? &half : &other, h), 0);
		if (i <= MG_SKETCH_EXACT)
			assert_int_equal(mg_sketch_count(&s), i);
		else if (i % 1000 == 0)
			assert_in_range(mg_sketch_count(&s), i - i / 8, i + i / 8);
	}
	assert_int_equal(mg_sketch_merge(&half, &other), 0);
	assert_int_equal(mg_sketch_count(&half), mg_sketch_count(&s));
	sk_buf_init(&b, 8192);
	mg_sketch_encode(&s, &b);
	assert_int_equal(mg_sketch_decode(&back, b.data, b.len), 0);
	assert_int_equal(mg_sketch_count(&back), mg_sketch_count(&s));
	assert_true(mg_sketch_decode(&back, b.data, 7) < 0);
	sk_buf_done(&b);
	mg_sketch_done(&s);
	mg_sketch_done(&half);
	mg_sketch_done(&other);
	mg_sketch_done(&back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_append_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_same_instant, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fields_survive, setup, teardown),
		cmocka_unit_test_setup_teardown(test_odd_events, setup, teardown),
		cmocka_unit_test_setup_teardown(test_midnight, setup, teardown),
		cmocka_unit_test_setup_teardown(test_midnight_crash, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kill, setup, teardown),
		cmocka_unit_test_setup_teardown(test_retention, setup, teardown),
		cmocka_unit_test_setup_teardown(test_short_retention_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_writer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_eve, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged_today, setup, teardown),
		cmocka_unit_test_setup_teardown(test_subscribe, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forecast, setup, teardown),
		cmocka_unit_test_setup_teardown(test_disk_full, setup, teardown),
		cmocka_unit_test(test_sketch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
