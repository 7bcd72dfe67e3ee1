/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose old backups go, and what an interrupted restore left comes back: whole, or not yet. */
#include "tests/unit/lib/unit.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/util.h"
#include "mgmt/backup/run/run.h"

struct box {
	char dir[64], etc[96], backup[96];
	struct mg_bk_opts o;
};

static void path_of(const struct box *b, const char *name, char dst[256])
{
	snprintf(dst, 256, "%s/%s", b->dir, name);
}

static void put(const struct box *b, const char *name, const char *text)
{
	char path[256], folder[256];

	path_of(b, name, path);
	snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') - path), path);
	assert_int_equal(sk_mkdir_p(folder, 0700, NULL), 0);
	assert_int_equal(sk_file_replace(path, text, strlen(text), 0600, NULL), 0);
}

static bool there(const struct box *b, const char *name)
{
	char path[256];

	path_of(b, name, path);
	return access(path, F_OK) == 0;
}

static bool holds(const struct box *b, const char *name, const char *text)
{
	char path[256];
	struct sk_buf s;
	bool same;

	path_of(b, name, path);
	sk_buf_init(&s, 4096);
	same = sk_file_read(path, &s, NULL) == 0 && sk_streq(sk_buf_str(&s), text);
	sk_buf_done(&s);
	return same;
}

static int setup(void **state)
{
	struct box *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	snprintf(b->dir, sizeof(b->dir), "/tmp/sekisho-place-XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	snprintf(b->etc, sizeof(b->etc), "%s/settings", b->dir);
	snprintf(b->backup, sizeof(b->backup), "%s/backup", b->dir);
	b->o = (struct mg_bk_opts){.state_dir = b->dir, .etc_dir = b->etc, .backup_dir = b->backup};
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct box *b = *state;

	mg_bk_remove_tree(b->dir);
	free(b);
	return 0;
}

static void test_prune(void **state)
{
	static const char *const stay[] = {"sekisho-20270104-020000-osaka-automatic.backup",
		"sekisho-20270103-020000-osaka-automatic.backup",
		"sekisho-20270101-020000-tokyo-automatic.backup",
		"sekisho-20270101-020000-a-osaka-automatic.backup",
		"sekisho-20270101-020000-osaka-manual.backup",
		"before-sekisho-20270101-020000-osaka-automatic.backup"};
	static const char *const go[] = {"sekisho-20270102-020000-osaka-automatic.backup",
		"sekisho-20261231-020000-osaka-automatic.backup"};
	const struct box *b = *state;
	char path[256];

	for (size_t i = 0; i < SK_ARRAY_SIZE(stay); i++) {
		snprintf(path, sizeof(path), "backup/%s", stay[i]);
		put(b, path, "x");
	}
	for (size_t i = 0; i < SK_ARRAY_SIZE(go); i++) {
		snprintf(path, sizeof(path), "backup/%s", go[i]);
		put(b, path, "x");
	}
	mg_bk_prune(b->backup, "osaka", 2);
	for (size_t i = 0; i < SK_ARRAY_SIZE(stay); i++) {
		snprintf(path, sizeof(path), "backup/%s", stay[i]);
		assert_true(there(b, path));
	}
	for (size_t i = 0; i < SK_ARRAY_SIZE(go); i++) {
		snprintf(path, sizeof(path), "backup/%s", go[i]);
		assert_false(there(b, path));
	}
}

static void begin(const struct box *b)
{
	put(b, ".restore-journal", "tanaka");
	put(b, ".restore-new/fwd/confirmed", "new");
	put(b, ".restore-old/fwd/confirmed", "old");
	put(b, "fwd/confirmed", "new");
}

static void test_recover(void **state)
{
	const struct box *b = *state;

	begin(b);
	put(b, ".restore-old/etc/notify.secrets", "old");
	put(b, "settings/notify.secrets", "new");
	put(b, "settings/more", "new");
	assert_int_equal(mg_bk_recover(&b->o, NULL), 0);
	assert_true(holds(b, "fwd/confirmed", "old"));
	assert_true(holds(b, "settings/notify.secrets", "old"));
	assert_false(there(b, "settings/more"));
	assert_false(there(b, ".restore-journal"));
	assert_false(there(b, ".restore-old"));
	assert_false(there(b, ".restore-new"));
	/* Nothing to do: nothing done. */
	assert_int_equal(mg_bk_recover(&b->o, NULL), 0);
	assert_true(holds(b, "fwd/confirmed", "old"));
}

/* The power went while settings were put aside: those in place are whole, the copy is not. */
static void test_half_aside(void **state)
{
	const struct box *b = *state;

	begin(b);
	put(b, ".restore-old/etc.part/notify.secrets", "ol");
	put(b, "settings/notify.secrets", "old");
	put(b, "settings/gateway.json", "old");
	assert_int_equal(mg_bk_recover(&b->o, NULL), 0);
	assert_true(holds(b, "settings/notify.secrets", "old"));
	assert_true(holds(b, "settings/gateway.json", "old"));
	assert_false(there(b, ".restore-old"));
}

static void test_under_way(void **state)
{
	const struct box *b = *state;
	struct sk_err err = {0};
	int fd;

	begin(b);
	assert_int_equal(mkdir(b->backup, 0700), 0);
	fd = open(b->backup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(mg_bk_recover(&b->o, &err), -EBUSY);
	assert_true(holds(b, "fwd/confirmed", "new"));
	assert_true(there(b, ".restore-journal"));
	assert_true(there(b, ".restore-old/fwd/confirmed"));
	close(fd);
	assert_int_equal(mg_bk_recover(&b->o, &err), 0);
	assert_true(holds(b, "fwd/confirmed", "old"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_prune, setup, teardown),
		cmocka_unit_test_setup_teardown(test_recover, setup, teardown),
		cmocka_unit_test_setup_teardown(test_half_aside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_under_way, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
