/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The audit chain against somebody with the database file in hand, and against crashes and full
 * disks. */
#include "tests/unit/store/fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPEN_UP "DROP TRIGGER audit_keep; DROP TRIGGER audit_content;"

/* Somebody tampers while the daemon is down; what verification says afterwards. */
static struct mg_audit_report after(struct fixture *f, const char *sql)
{
	struct mg_audit_report rep = {0};

	fx_close(f);
	assert_int_equal(fx_sql(f, sql), SQLITE_OK);
	fx_open(f);
	assert_int_equal(mg_audit_verify(f->s, &rep, NULL), 0);
	return rep;
}

static bool has(
	const struct mg_audit_report *r, enum mg_audit_fault fault, int64_t first, int64_t last)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].fault == fault && r->v[i].first == first && r->v[i].last == last)
			return true;
	for (size_t i = 0; i < r->n; i++)
		print_error("found %s %lld-%lld\n", mg_audit_fault_name(r->v[i].fault),
			(long long)r->v[i].first, (long long)r->v[i].last);
	return false;
}

static void an_untouched_log_verifies(void **state)
{
	struct fixture *f = *state;
	struct mg_audit_report rep;

	for (int i = 0; i < 20; i++)
		fx_request(f, "443");
	fx_assert_verified(f);
	rep = after(f, "SELECT 1");
	assert_int_equal(rep.n, 0);
	assert_int_equal(rep.last_seq, rep.anchor_seq);
	assert_int_equal(rep.rows, 26);
	assert_int_equal(strlen(rep.head), 64);
	mg_audit_report_done(&rep);
}

static void every_column_is_covered(void **state)
{
	static const char *const edits[] = {"time = time + 1", "account = 'eve'", "uid = 7",
		"pid = 7", "op = 'x'", "target = 'x'", "before = '{}'", "after = '{}'",
		"after = ''", "result = 'x'", "mac = zeroblob(32)", "mac = x'00'", "first = 1"};
	char sql[256];

	for (size_t i = 0; i < SK_ARRAY_SIZE(edits); i++) {
		struct fixture *f;
		struct mg_audit_report rep;

		assert_int_equal(fx_setup((void **)&f), 0);
		fx_request(f, "443");
		fx_request(f, "80");
		snprintf(sql, sizeof(sql), OPEN_UP "UPDATE audit SET %s WHERE seq = 5", edits[i]);
		rep = after(f, sql);
		if (rep.n == 0)
			print_error("not found: %s\n", edits[i]);
		assert_true(has(&rep, MG_AUDIT_EDITED, 5, 5) || has(&rep, MG_AUDIT_EDITED, 5, 6));
		mg_audit_report_done(&rep);
		fx_teardown((void **)&f);
	}
}

static void a_removed_row_is_named(void **state)
{
	struct fixture *f = *state;
	struct mg_audit_report rep = after(f, OPEN_UP "DELETE FROM audit WHERE seq IN (3, 4)");

	assert_true(has(&rep, MG_AUDIT_MISSING, 3, 4));
	mg_audit_report_done(&rep);
	/* Closing the gap by renumbering does not help. */
	rep = after(f, "UPDATE audit SET seq = seq - 2 WHERE seq > 4");
	assert_true(rep.n > 0);
	mg_audit_report_done(&rep);
}

static void the_first_row_counts_too(void **state)
{
	struct fixture *f = *state;
	struct mg_audit_report rep = after(f, OPEN_UP "DELETE FROM audit WHERE seq = 1");

	assert_true(has(&rep, MG_AUDIT_MISSING, 1, 1));
	mg_audit_report_done(&rep);
}

static void a_cut_off_end_stays_visible(void **state)
{
	struct fixture *f = *state;
	struct mg_audit_report rep = after(f, OPEN_UP "DELETE FROM audit WHERE seq >= 5");

	assert_true(has(&rep, MG_AUDIT_CUT, 5, 6));
	mg_audit_report_done(&rep);
	/* Also after more was written: the numbers are not given out again. */
	fx_request(f, "443");
	assert_int_equal(mg_audit_verify(f->s, &rep, NULL), 0);
	assert_true(has(&rep, MG_AUDIT_MISSING, 5, 6));
	assert_int_equal(rep.n, 1);
	mg_audit_report_done(&rep);
}

static void an_emptied_log_is_no_new_log(void **state)
{
	struct fixture *f = *state;
	struct mg_audit_report rep = after(f, OPEN_UP "DELETE FROM audit");

	assert_true(has(&rep, MG_AUDIT_CUT, 1, 6));
	mg_audit_report_done(&rep);
}

static void an_inserted_row_is_named(void **state)
{
	struct fixture *f = *state;
	struct mg_audit_report rep = after(f,
		"INSERT INTO audit SELECT 7, 7, time, 'eve', uid, pid, op, target, before, after, "
		"result,"
		" mac FROM audit WHERE seq = 6");

	assert_true(has(&rep, MG_AUDIT_EDITED, 7, 7));
	mg_audit_report_done(&rep);
}

static void swapped_rows_are_found(void **state)
{
	struct fixture *f = *state;
	struct mg_audit_report rep = after(f,
		OPEN_UP
		"UPDATE audit SET seq = 100 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 4;"
		"UPDATE audit SET seq = 4 WHERE seq = 100");

	assert_true(has(&rep, MG_AUDIT_EDITED, 3, 5));
	mg_audit_report_done(&rep);
}

static void copy_file(const char *from, const char *to)
{
	char cmd[256];

	snprintf(cmd, sizeof(cmd), "cp %s %s", from, to);
	assert_int_equal(system(cmd), 0);
}

static void the_anchor_may_be_one_commit_behind(void **state)
{
	struct fixture *f = *state;
	struct mg_audit_report rep;
	char old[128];

	snprintf(old, sizeof(old), "%s/old", f->dir);
	copy_file(f->anchor, old);
	fx_request(f, "443");
	copy_file(old, f->anchor); /* as if killed between COMMIT and the anchor */
	fx_close(f);
	fx_open(f);
	fx_assert_verified(f);
	fx_request(f, "80");
	fx_assert_verified(f);
	/* Two behind: somebody put an old one back. */
	copy_file(old, f->anchor);
	assert_int_equal(mg_audit_verify(f->s, &rep, NULL), 0);
	assert_true(has(&rep, MG_AUDIT_BEYOND, 7, 8));
	mg_audit_report_done(&rep);
}

static void a_lost_or_forged_anchor_is_remembered(void **state)
{
	struct fixture *f = *state;
	struct mg_audit_report rep = {0};
	int fd;

	assert_int_equal(unlink(f->anchor), 0);
	fx_close(f);
	fx_open(f);
	assert_int_equal(mg_audit_verify(f->s, &rep, NULL), 0);
	assert_true(has(&rep, MG_AUDIT_ANCHOR, 0, 0));
	mg_audit_report_done(&rep);
	fx_request(f, "443"); /* the anchor is written anew, and the log says so */
	assert_int_equal(mg_audit_verify(f->s, &rep, NULL), 0);
	assert_true(has(&rep, MG_AUDIT_ANCHOR, 7, 7));
	mg_audit_report_done(&rep);

	fd = open(f->anchor, O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, "{\"seq\":8}", 9), 9);
	close(fd);
	assert_int_equal(mg_audit_verify(f->s, &rep, NULL), 0);
	assert_true(has(&rep, MG_AUDIT_ANCHOR, 0, 0));
	mg_audit_report_done(&rep);
}

static void a_lost_key_stops_the_store(void **state)
{
	struct fixture *f = *state;
	struct sk_err err = {0};

	fx_close(f);
	assert_int_equal(unlink(f->key), 0);
	assert_int_equal(mg_store_open(&f->s, &f->paths, &err), -ENOKEY);
	assert_true(err.ja[0]);
	assert_null(f->s);
}

static void denied_attempts_are_recorded(void **state)
{
	struct fixture *f = *state;
	struct mg_audit_entry who = fx_who("eve", "rule.approve", NOW);
	struct sk_err why = {0};

	sk_err_set(&why, -EPERM, "number", "only an approver", "承認者だけ");
	assert_int_equal(mg_audit_denied(f->s, &who, &why, NULL), 0);
	assert_int_equal(fx_int(f,
				 "SELECT count(*) FROM audit WHERE account = 'eve'"
				 " AND result = 'number: only an approver'"),
		1);
	fx_assert_verified(f);
}

/* ---- opening ------------------------------------------------------------------------------------
 */

static void a_newer_schema_is_refused(void **state)
{
	struct fixture *f = *state;
	struct sk_err err = {0};

	fx_close(f);
	assert_int_equal(fx_sql(f, "PRAGMA user_version = 99"), SQLITE_OK);
	assert_int_equal(mg_store_open(&f->s, &f->paths, &err), -EUCLEAN);
	assert_non_null(strstr(err.en, "newer"));
}

static void a_damaged_file_is_refused(void **state)
{
	struct fixture *f = *state;
	char page[4096];
	int fd;

	fx_close(f);
	memset(page, 0xa5, sizeof(page));
	fd = open(f->db, O_WRONLY);
	for (int i = 1; i < 12; i++)
		assert_int_equal(pwrite(fd, page, sizeof(page), i * 4096), 4096);
	close(fd);
	assert_int_equal(mg_store_open(&f->s, &f->paths, NULL), -EUCLEAN);
	fd = open(f->db, O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, "this is no database, certainly not", 34), 34);
	close(fd);
	assert_int_equal(mg_store_open(&f->s, &f->paths, NULL), -EUCLEAN);
}

static void a_reader_reads_and_cannot_write(void **state)
{
	struct fixture *f = *state;
	struct mg_store *reader = NULL;
	struct mg_audit_report rep = {0};
	struct mg_txn t;

	assert_int_equal(mg_store_open_reader(&reader, &f->paths, NULL), 0);
	assert_int_equal(mg_txn_begin(&t, reader, NULL), -EROFS);
	assert_int_equal(mg_audit_verify(reader, &rep, NULL), 0);
	assert_int_equal(rep.n, 0);
	mg_audit_report_done(&rep);
	mg_store_close(reader);
}

/* ---- crashes and full disks ---------------------------------------------------------------------
 */

/* What a killed child had done by then. */
static void die_at(struct fixture *f, int point, const char *saved)
{
	struct mg_audit_entry who = fx_who("alice", "rule.request", NOW);
	struct mg_txn t = {0};
	struct mg_rev r;

	fx_open(f);
	assert_int_equal(mg_rule_get(f->s, 1001, 0, &r, NULL), 0);
	r.rule.number = 0;
	assert_int_equal(mg_txn_begin(&t, f->s, NULL), 0);
	if (point == 0)
		raise(SIGKILL);
	assert_int_equal(mg_rule_insert(&t, &r, false, NOW, NULL), 0);
	if (point == 1)
		raise(SIGKILL);
	assert_int_equal(mg_audit_add(&t, &who, NULL), 0);
	if (point == 2)
		raise(SIGKILL);
	if (point == 3) { /* between COMMIT and the anchor, which cannot be replaced now */
		assert_int_equal(rename(f->anchor, saved), 0);
		assert_int_equal(mkdir(f->anchor, 0700), 0);
	}
	assert_int_equal(mg_txn_commit(&t, &who, NULL), 0);
	raise(SIGKILL);
}

static void kill_9_leaves_all_or_nothing(void **state)
{
	/* The last point twice: the anchor must catch up, or it would fall two commits behind. */
	static const struct {
		int point;
		int64_t rules;
	} deaths[] = {{0, 1}, {1, 1}, {2, 1}, {3, 2}, {3, 3}};
	struct fixture *f = *state;
	char saved[128];

	snprintf(saved, sizeof(saved), "%s/saved", f->dir);
	fx_request(f, "443");
	fx_close(f);
	for (size_t i = 0; i < SK_ARRAY_SIZE(deaths); i++) {
		int st;
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			die_at(f, deaths[i].point, saved);
			_exit(1);
		}
		assert_int_equal(waitpid(pid, &st, 0), pid);
		assert_true(WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL);
		if (deaths[i].point == 3) {
			assert_int_equal(rmdir(f->anchor), 0);
			assert_int_equal(rename(saved, f->anchor), 0);
		}
		fx_open(f);
		assert_int_equal(fx_int(f, "SELECT count(*) FROM rule"), deaths[i].rules);
		assert_int_equal(fx_int(f, "SELECT count(*) FROM rule_rev"), deaths[i].rules);
		fx_assert_verified(f);
		fx_close(f);
	}
	fx_open(f);
	/* Whatever was lost, no number that somebody saw is given out again. */
	assert_int_equal(fx_request(f, "80"), 1004);
	fx_assert_verified(f);
}

static void killed_anywhere_at_random(void **state)
{
	struct fixture *f = *state;

	fx_close(f);
	for (int round = 0; round < 12; round++) {
		pid_t pid = fork();
		int st;

		assert_true(pid >= 0);
		if (pid == 0) {
			fx_open(f);
			for (;;) {
				uint32_t n = fx_request(f, "443");

				fx_approve(f, n, BOB);
				fx_apply(f);
			}
		}
		usleep((useconds_t)(3000 + round * 2711));
		kill(pid, SIGKILL);
		assert_int_equal(waitpid(pid, &st, 0), pid);
		fx_open(f);
		fx_assert_verified(f);
		assert_int_equal(fx_int(f, "SELECT count(*) FROM rule"),
			fx_int(f, "SELECT count(*) FROM rule_rev"));
		assert_int_equal(fx_int(f,
					 "SELECT count(*) FROM rule_rev WHERE state = 'active'"
					 " AND approver IS NULL"),
			0);
		fx_close(f);
	}
	fx_open(f);
	fx_apply(f);
	fx_assert_verified(f);
}

static void verification_while_somebody_writes(void **state)
{
	struct fixture *f = *state;
	struct mg_store *reader = NULL;
	pid_t pid;
	int st;

	fx_close(f);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		fx_open(f);
		for (;;)
			fx_request(f, "443");
	}
	while (mg_store_open_reader(&reader, &f->paths, NULL) < 0)
		usleep(1000);
	for (int i = 0; i < 100; i++) {
		struct mg_audit_report rep = {0};

		assert_int_equal(mg_audit_verify(reader, &rep, NULL), 0);
		assert_int_equal(rep.n, 0);
		mg_audit_report_done(&rep);
	}
	mg_store_close(reader);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &st, 0), pid);
	assert_true(WIFSIGNALED(st) && WTERMSIG(st) == SIGKILL);
}

static void a_full_disk_changes_nothing(void **state)
{
	struct fixture *f = *state;
	char sql[64], *big = malloc(900001);
	struct mg_change ch = {.kind = MG_CH_ADDRESS, .name = "big", .applicant = "dave"};
	struct mg_txn t = {0};
	struct sk_err err = {0};
	int r;

	memset(big, ' ', 900000);
	memcpy(big, "192.0.2.1", 9);
	big[900000] = '\0';
	ch.value = json_pack("{ss}", "items", big);
	free(big);
	assert_int_equal(fw_str_set(&ch.purpose, "p"), 0);
	/* The limit belongs to the connection: set it through the store's own handle. */
	snprintf(sql, sizeof(sql), "PRAGMA max_page_count = %lld",
		(long long)fx_int(f, "PRAGMA page_count") + 10);
	assert_int_equal(sqlite3_exec(*(sqlite3 **)f->s, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(mg_txn_begin(&t, f->s, &err), 0);
	r = mg_change_request(&t, &ch, NOW, &err);
	assert_int_equal(r, -ENOSPC);
	assert_non_null(strstr(err.en, "disk is full"));
	assert_true(err.ja[0]);
	mg_txn_abort(&t);
	mg_change_done(&ch);
	assert_int_equal(fx_int(f, "SELECT count(*) FROM change WHERE name = 'big'"), 0);
	fx_assert_verified(f);
	fx_request(f, "443"); /* small things still work */
	fx_assert_verified(f);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, fx_setup, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(an_untouched_log_verifies),
		cmocka_unit_test(every_column_is_covered),
		T(a_removed_row_is_named),
		T(the_first_row_counts_too),
		T(a_cut_off_end_stays_visible),
		T(an_emptied_log_is_no_new_log),
		T(an_inserted_row_is_named),
		T(swapped_rows_are_found),
		T(the_anchor_may_be_one_commit_behind),
		T(a_lost_or_forged_anchor_is_remembered),
		T(a_lost_key_stops_the_store),
		T(denied_attempts_are_recorded),
		T(a_newer_schema_is_refused),
		T(a_damaged_file_is_refused),
		T(a_reader_reads_and_cannot_write),
		T(kill_9_leaves_all_or_nothing),
		T(killed_anywhere_at_random),
		T(verification_while_somebody_writes),
		T(a_full_disk_changes_nothing),
	};

	return cmocka_run_group_tests_name("store audit", tests, NULL, NULL);
}
