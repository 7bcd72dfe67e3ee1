// SPDX-License-Identifier: GPL-2.0-or-later
/* MAC spellings, and the export: what the server would read in it after each change. */
#include "tests/unit/lib/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/util.h"
#include "mgmt/radius/export.h"
#include "mgmt/radius/mac.h"

static void test_mac(void **state)
{
	static const char *const good[] = {"001a2b3c4d5e", "00:1A:2b:3c:4D:5e", "00-1a-2b-3c-4d-5e",
		"001a.2b3c.4d5e", "001A-2B3C-4D5E", "001a2b-3c4d5e", "00.1a.2b.3c.4d.5e"};
	static const char *const bad[] = {"", "001a2b3c4d5", "001a2b3c4d5e0", "001a2b3c4d5g",
		"0-01a2b3c4d5e", "001a2b3c4d5e:", ":001a2b3c4d5e", "00::1a2b3c4d5e",
		"00 1a2b3c4d5e", "日本日本"};
	char mac[MG_RADIUS_MAC], colons[18];

	for (size_t i = 0; i < SK_ARRAY_SIZE(good); i++) {
		assert_int_equal(mg_radius_mac_parse(good[i], strlen(good[i]), mac), 0);
		assert_string_equal(mac, "001a2b3c4d5e");
	}
	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++)
		assert_int_equal(mg_radius_mac_parse(bad[i], strlen(bad[i]), mac), -EINVAL);
	assert_int_equal(mg_radius_mac_parse("001a2b3c4d5e\0", 13, mac), -EINVAL);
	assert_string_equal(mg_radius_mac_colons("001a2b3c4d5e", colons), "00:1a:2b:3c:4d:5e");
}

/* ---- the export -------------------------------------------------------------------------------
 */
struct fixture {
	char dir[64], path[96];
	struct mg_radius_export *x;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/radius-XXXXXX");
	if (!mkdtemp(f->dir)) {
		free(f);
		return -1;
	}
	snprintf(f->path, sizeof(f->path), "%s/export.db", f->dir);
	*state = f;
	return mg_radius_export_open(&f->x, f->path, NULL);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char cmd[128];

	mg_radius_export_close(f->x);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", f->dir);
	return system(cmd) == 0 ? (free(f), 0) : -1;
}

#define LIST(...)                                                                                  \
	(const char *const[]){__VA_ARGS__},                                                        \
		sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)

static struct mg_radius_device printer(void)
{
	static const char *const macs[] = {"00:1A:2B:3C:4D:5E"};

	return (struct mg_radius_device){.number = 7,
		.name = "printer",
		.methods = MG_RADIUS_BY_MAC,
		.macs = macs,
		.n_macs = 1,
		.vlan = "20"};
}

static struct mg_radius_device laptop(void)
{
	static const char *const macs[] = {"02aabbccdd01", "02aabbccdd02"};
	static const char *const names[] = {"host/PC-001", "田中"};

	return (struct mg_radius_device){.number = 8,
		.name = "laptop",
		.methods = MG_RADIUS_BY_DOT1X,
		.macs = macs,
		.n_macs = 2,
		.identities = names,
		.n_identities = 2};
}

static const char *verdict(struct fixture *f, const char *mac, int64_t number)
{
	static char text[128];

	assert_int_equal(mg_radius_export_verdict(f->x, mac, number, text, sizeof(text), NULL), 0);
	return text;
}

static void test_answers(void **state)
{
	struct fixture *f = *state;
	struct mg_radius_device d = printer(), l = laptop();

	assert_string_equal(verdict(f, "001a2b3c4d5e", 0), "unknown");
	assert_int_equal(mg_radius_export_device(f->x, &d, NULL), 1);
	assert_int_equal(mg_radius_export_device(f->x, &d, NULL), 0); /* the same */
	assert_int_equal(mg_radius_export_device(f->x, &l, NULL), 1);
	assert_string_equal(verdict(f, "001a2b3c4d5e", 0), "ok;7;3600;20");
	assert_string_equal(verdict(f, "02aabbccdd01", 0), "method;8;3600;");
	assert_string_equal(verdict(f, "02aabbccdd02", 8), "ok;8;3600;");
	assert_string_equal(verdict(f, "02aabbccdd03", 8), "other_mac;8;3600;");
	d.state = MG_RADIUS_REVOKED;
	assert_int_equal(mg_radius_export_device(f->x, &d, NULL), 1);
	assert_string_equal(verdict(f, "001a2b3c4d5e", 0), "revoked;7;3600;20");
	d.state = MG_RADIUS_QUARANTINED;
	mg_radius_export_device(f->x, &d, NULL);
	assert_string_equal(verdict(f, "001a2b3c4d5e", 0), "quarantined;7;3600;");
	d.state = MG_RADIUS_ACTIVE;
	d.expires = time(NULL) - 1;
	mg_radius_export_device(f->x, &d, NULL);
	assert_memory_equal(verdict(f, "001a2b3c4d5e", 0), "expired;7;1;", 12);
	d.expires = time(NULL) + 1800;
	mg_radius_export_device(f->x, &d, NULL);
	assert_memory_equal(verdict(f, "001a2b3c4d5e", 0), "ok;7;1", 6);
	assert_int_equal(mg_radius_export_forget(f->x, 7, NULL), 1);
	assert_int_equal(mg_radius_export_forget(f->x, 7, NULL), 0);
	assert_string_equal(verdict(f, "001a2b3c4d5e", 0), "unknown");
}

static void test_all(void **state)
{
	static const char *const moved[] = {"001a2b3c4d5e", "02aabbccdd01"};
	static const char *const serials[] = {"00A1b2", "ff01"};
	struct fixture *f = *state;
	struct mg_radius_device d[] = {printer(), laptop()};
	struct mg_radius_switch w[] = {
		{"10.0.0.1", "floor-1", "sw1", 3799}, {"10.0.0.2", "floor-2", "sw1", 0}};
	struct mg_radius_view v = {d, 2, w, 2, serials, 2, {600, "99"}};
	struct mg_radius_tally t;
	struct mg_radius_nas nas;
	struct sk_err err = {0};
	char name[64];

	assert_int_equal(mg_radius_export_all(f->x, &v, &t, &err), 0);
	assert_int_equal(t.added, 4);
	assert_int_equal(mg_radius_export_all(f->x, &v, &t, &err), 0);
	assert_int_equal(t.added + t.changed + t.removed, 0);
	assert_string_equal(verdict(f, "001a2b3c4d5e", 0), "ok;7;600;20");
	assert_int_equal(mg_radius_export_switch(f->x, "10.0.0.1", &nas), 0);
	assert_string_equal(nas.name, "floor-1");
	assert_int_equal(nas.coa_port, 3799);
	assert_int_equal(mg_radius_export_switch(f->x, "10.0.0.9", &nas), -ENOENT);
	assert_int_equal(mg_radius_export_switch(f->x, "127.0.0.1", &nas), 0);
	assert_int_equal(mg_radius_export_switches(f->x), 2);
	assert_string_equal(mg_radius_export_name(f->x, 8, name, sizeof(name)), "laptop");
	assert_int_equal(mg_radius_export_owner(f->x, "02aabbccdd02"), 8);

	/* The printer's MAC moves to the laptop, and the other way round, in one step. */
	d[0].macs = moved + 1;
	d[1].macs = moved;
	d[1].n_macs = 1;
	v.n_switches = 1;
	assert_int_equal(mg_radius_export_all(f->x, &v, &t, &err), 0);
	assert_int_equal(t.changed, 2);
	assert_int_equal(t.removed, 1);
	assert_int_equal(mg_radius_export_owner(f->x, "001a2b3c4d5e"), 8);
	assert_int_equal(mg_radius_export_owner(f->x, "02aabbccdd01"), 7);
}

static void refused(struct fixture *f, struct mg_radius_view *v, int code, const char *path)
{
	struct sk_err err = {0};

	assert_int_equal(mg_radius_export_all(f->x, v, NULL, &err), code);
	assert_string_equal(err.path, path);
	assert_true(err.en[0] && err.ja[0]);
	/* Nothing of it is there. */
	assert_string_equal(verdict(f, "001a2b3c4d5e", 0), "ok;7;3600;20");
	assert_string_equal(verdict(f, "02aabbccdd01", 0), "unknown");
}

static void test_refused(void **state)
{
	struct fixture *f = *state;
	struct mg_radius_device p = printer(), d[] = {laptop(), printer()};
	struct mg_radius_switch w[] = {{"10.0.0.1", "a", "b", 0}, {"10.0.0.1", "a", "b", 0}};
	struct mg_radius_view v = {d, 2, w, 1, NULL, 0, {3600, ""}};

	assert_int_equal(mg_radius_export_device(f->x, &p, NULL), 1);
	d[1].number = 9;
	d[1].macs = laptop().macs;
	refused(f, &v, -EEXIST, "devices[1].macs[0]");
	d[1] = printer();
	d[1].number = 8;
	refused(f, &v, -EEXIST, "devices[1].number");
	d[1] = printer();
	d[1].macs = (const char *const[]){"not a mac"};
	refused(f, &v, -EINVAL, "devices[1].macs[0]");
	d[1] = printer();
	d[1].vlan = "20;ok";
	refused(f, &v, -EINVAL, "devices[1].vlan");
	d[1] = printer();
	d[1].name = "a\nb";
	refused(f, &v, -EINVAL, "devices[1].name");
	d[1] = printer();
	v.n_switches = 2;
	refused(f, &v, -EEXIST, "switches[1].address");
	w[1].address = "10.0.0.300";
	refused(f, &v, -EINVAL, "switches[1].address");
	w[1].address = "10.0.0.2";
	w[1].secret = "a secret:itself";
	refused(f, &v, -EINVAL, "switches[1].secret");
	v.n_switches = 1;
	v.settings.reauth = 5;
	refused(f, &v, -EINVAL, "settings.reauth");
	v.settings.reauth = 3600;
	v.revoked = (const char *const[]){"xyz"};
	v.n_revoked = 1;
	refused(f, &v, -EINVAL, "revoked[0]");
}

/* A server that has it open goes on reading the same file. */
static void test_damaged(void **state)
{
	struct fixture *f = *state;
	struct mg_radius_device d = printer();
	struct stat before, after;
	sqlite3 *db;
	int fd;

	assert_int_equal(mg_radius_export_device(f->x, &d, NULL), 1);
	mg_radius_export_close(f->x);
	f->x = NULL;
	/* What is damaged must be what is read. */
	assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(db, "SELECT count(*) FROM device; PRAGMA wal_checkpoint(TRUNCATE)",
			NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(stat(f->path, &before), 0);
	assert_int_equal(before.st_mode & 0777, 0640);
	fd = open(f->path, O_RDWR);
	assert_true(fd >= 0);
	for (off_t i = 0; i < before.st_size; i += 8)
		assert_int_equal(pwrite(fd, "garbage!", 8, i), 8);
	close(fd);
	assert_int_equal(mg_radius_export_open(&f->x, f->path, NULL), 0);
	assert_string_equal(verdict(f, "001a2b3c4d5e", 0), "unknown");
	assert_int_equal(mg_radius_export_device(f->x, &d, NULL), 1);
	assert_string_equal(verdict(f, "001a2b3c4d5e", 0), "ok;7;3600;20");
	assert_int_equal(stat(f->path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
}

/* Without rights to write, and without the writer. */
static void test_reader(void **state)
{
	struct fixture *f = *state;
	struct mg_radius_device d = printer();
	sqlite3_stmt *st;
	char path[128];
	sqlite3 *db;

	mg_radius_export_device(f->x, &d, NULL);
	mg_radius_export_close(f->x);
	f->x = NULL;
	snprintf(path, sizeof(path), "%s-wal", f->path);
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(sqlite3_open_v2(f->path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT answer FROM mab WHERE mac='001a2b3c4d5e'",
				 -1, &st, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_string_equal((const char *)sqlite3_column_text(st, 0), "ok;7;3600;20");
	sqlite3_finalize(st);
	sqlite3_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mac),
		cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_all, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reader, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
