// SPDX-License-Identifier: GPL-2.0-or-later
/* Updates and their return: the registry goes forward with a copy kept, and back to that copy. */
#include "tests/unit/store/fixture.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"
#include "mgmt/store/older.h"

/* Files in the registry's folder whose names begin so. */
static int count_files(struct fixture *f, const char *prefix)
{
	DIR *d = opendir(f->dir);
	int n = 0;

	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));)
		n += strncmp(e->d_name, prefix, strlen(prefix)) == 0;
	closedir(d);
	return n;
}

static const char *base(const char *path)
{
	return strrchr(path, '/') + 1;
}

/* The registry as the version before devices left it. */
static void make_old(struct fixture *f)
{
	fx_close(f);
	assert_int_equal(fx_sql(f,
				 "DROP TABLE device_rev; DROP TABLE device_key; DROP TABLE "
				 "device_print; DROP TABLE device_certificate; DROP TABLE "
				 "admission_item; ALTER TABLE review DROP COLUMN kind; "
				 "PRAGMA user_version = 3"),
		SQLITE_OK);
}

static void forward(void **state)
{
	struct fixture *f = *state;
	int64_t rows = fx_int(f, "SELECT count(*) FROM audit");
	char name[64];

	assert_int_equal(mg_older_time(&f->paths), 0);
	make_old(f);
	fx_open(f);
	assert_int_equal(fx_int(f, "PRAGMA user_version"), 4);
	assert_int_equal(fx_int(f, "SELECT count(*) FROM audit"), rows);
	snprintf(name, sizeof(name), "%s.schema-3", base(f->db));
	assert_int_equal(count_files(f, name), 1);
	assert_true(mg_older_time(&f->paths) > 0);
	mg_older_forget(&f->paths);
	assert_int_equal(mg_older_time(&f->paths), 0);
	assert_int_equal(count_files(f, name), 0);
}

/* No room for the copy: nothing is migrated. */
static void no_room(void **state)
{
	struct fixture *f = *state;
	struct sk_err err = {0};
	char part[128];

	make_old(f);
	snprintf(part, sizeof(part), "%s.schema-3.part", f->db);
	assert_int_equal(mkdir(part, 0700), 0);
	assert_true(mg_store_open(&f->s, &f->paths, &err) < 0);
	assert_int_equal(fx_int(f, "PRAGMA user_version"), 3);
	assert_int_equal(rmdir(part), 0);
	fx_open(f);
}

/* As a version with schema 5 would leave it: its copy of ours, one more row, its own number. */
static void make_newer(struct fixture *f)
{
	struct sk_err err = {0};

	assert_int_equal(mg_older_keep(f->s, &f->paths, 4, &err), 0);
	assert_int_equal(mg_setting_int(f->s, "rule.expiring_days"), 30);
	fx_close(f);
	assert_int_equal(
		fx_sql(f, "CREATE TABLE of_the_future (x INTEGER); PRAGMA user_version = 5"),
		SQLITE_OK);
}

static void back(void **state)
{
	struct fixture *f = *state;
	int64_t rows = fx_int(f, "SELECT count(*) FROM audit");
	char name[64];

	make_newer(f);
	fx_open(f);
	assert_int_equal(mg_store_set_aside(f->s), 5);
	assert_int_equal(fx_int(f, "PRAGMA user_version"), 4);
	assert_int_equal(fx_int(f, "SELECT count(*) FROM audit"), rows);
	snprintf(name, sizeof(name), "%s.newer-", base(f->db));
	assert_int_equal(count_files(f, name), 1);
	snprintf(name, sizeof(name), "%s.newer-", base(f->anchor));
	assert_int_equal(count_files(f, name), 1);
	assert_int_equal(count_files(f, "registry.db.next"), 0);
	fx_assert_verified(f);
	/* The next start is an ordinary one. */
	fx_close(f);
	fx_open(f);
	assert_int_equal(mg_store_set_aside(f->s), 0);
}

/* Without a copy a newer registry is refused, as it is. */
static void refused(void **state)
{
	struct fixture *f = *state;
	struct sk_err err = {0};

	fx_close(f);
	assert_int_equal(fx_sql(f, "PRAGMA user_version = 5"), SQLITE_OK);
	assert_int_equal(mg_store_open(&f->s, &f->paths, &err), -EUCLEAN);
	assert_non_null(strstr(err.en, "newer version"));
	assert_int_equal(fx_int(f, "PRAGMA user_version"), 5);
	assert_int_equal(fx_sql(f, "PRAGMA user_version = 4"), SQLITE_OK);
	fx_open(f);
}

static void copy_file(const char *from, const char *to)
{
	struct sk_buf b;

	sk_buf_init(&b, 64u << 20);
	assert_int_equal(sk_file_read(from, &b, NULL), 0);
	assert_int_equal(sk_file_replace(to, b.data, b.len, 0600, NULL), 0);
	sk_buf_done(&b);
}

static void set_schema(const char *path, int version)
{
	sqlite3 *db = NULL;
	char sql[64];

	snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", version);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void add_row(struct fixture *f)
{
	struct mg_audit_entry who = fx_who("console", "test", NOW);
	struct mg_txn t = {0};

	assert_int_equal(mg_txn_begin(&t, f->s, NULL), 0);
	assert_int_equal(mg_txn_commit(&t, &who, NULL), 0);
}

/* The newer registry, set aside under a name that begins so, lies where it was exchanged to. */
static void exchanged_again(struct fixture *f, const char *prefix, const char *next)
{
	DIR *d = opendir(f->dir);
	char path[512] = "";

	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));)
		if (strncmp(e->d_name, prefix, strlen(prefix)) == 0)
			snprintf(path, sizeof(path), "%s/%s", f->dir, e->d_name);
	closedir(d);
	assert_int_equal(rename(path, next), 0);
}

/* Power cuts: before the exchange all is done again; after it the rest is. */
static void cut(void **state)
{
	struct fixture *f = *state;
	char next[128], copy[128], name[64];

	make_newer(f);
	snprintf(next, sizeof(next), "%s.next", f->db);
	snprintf(copy, sizeof(copy), "%s.schema-4", f->db);
	assert_int_equal(link(copy, next), 0); /* half a copy, before */
	fx_open(f);
	assert_int_equal(mg_store_set_aside(f->s), 5);
	fx_close(f);
	/* Exchanged, and then the power went. */
	snprintf(name, sizeof(name), "%s.newer-", base(f->db));
	exchanged_again(f, name, next);
	fx_open(f);
	assert_int_equal(mg_store_set_aside(f->s), 0);
	assert_int_equal(access(next, F_OK), -1);
	assert_int_equal(count_files(f, name), 1);
	fx_assert_verified(f);
}

/*
 * The power went before the exchange, and the newer version starts: its registry keeps its anchor.
 * Ours is the newer one here, as we know no other.
 */
static void not_exchanged(void **state)
{
	struct fixture *f = *state;
	char next[128], anchor_next[128], name[64];

	snprintf(next, sizeof(next), "%s.next", f->db);
	snprintf(anchor_next, sizeof(anchor_next), "%s.next", f->anchor);
	copy_file(f->anchor, anchor_next);
	add_row(f);
	fx_close(f);
	copy_file(f->db, next);
	set_schema(next, 3);
	fx_open(f);
	assert_int_equal(access(next, F_OK), -1);
	assert_int_equal(access(anchor_next, F_OK), -1);
	snprintf(name, sizeof(name), "%s.newer-", base(f->db));
	assert_int_equal(count_files(f, name), 0);
	fx_assert_verified(f);
}

/* Exchanged, and the next to start is a version after the one that returned. */
static void exchanged_then_newer(void **state)
{
	struct fixture *f = *state;
	char next[128], anchor_next[128], name[64];

	snprintf(next, sizeof(next), "%s.next", f->db);
	snprintf(anchor_next, sizeof(anchor_next), "%s.next", f->anchor);
	make_old(f);
	copy_file(f->anchor, anchor_next);
	copy_file(f->db, next);
	set_schema(next, 4);
	copy_file(f->key, f->anchor); /* of the newer registry: fits nothing here */
	fx_open(f);
	assert_int_equal(access(anchor_next, F_OK), -1);
	snprintf(name, sizeof(name), "%s.newer-", base(f->db));
	assert_int_equal(count_files(f, name), 1);
	fx_assert_verified(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(forward, fx_setup, fx_teardown),
		cmocka_unit_test_setup_teardown(no_room, fx_setup, fx_teardown),
		cmocka_unit_test_setup_teardown(back, fx_setup, fx_teardown),
		cmocka_unit_test_setup_teardown(refused, fx_setup, fx_teardown),
		cmocka_unit_test_setup_teardown(cut, fx_setup, fx_teardown),
		cmocka_unit_test_setup_teardown(not_exchanged, fx_setup, fx_teardown),
		cmocka_unit_test_setup_teardown(exchanged_then_newer, fx_setup, fx_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
