// SPDX-License-Identifier: GPL-2.0-or-later
/* Updates and their return: the registry goes forward with a copy kept, and back to that copy. */
#include "tests/unit/store/fixture.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

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
	assert_int_equal(link(copy, next), 0);
	fx_open(f);
	assert_int_equal(mg_store_set_aside(f->s), 0);
	assert_int_equal(access(next, F_OK), -1);
	snprintf(name, sizeof(name), "%s.newer-", base(f->db));
	assert_true(count_files(f, name) >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(forward, fx_setup, fx_teardown),
		cmocka_unit_test_setup_teardown(no_room, fx_setup, fx_teardown),
		cmocka_unit_test_setup_teardown(back, fx_setup, fx_teardown),
		cmocka_unit_test_setup_teardown(refused, fx_setup, fx_teardown),
		cmocka_unit_test_setup_teardown(cut, fx_setup, fx_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
