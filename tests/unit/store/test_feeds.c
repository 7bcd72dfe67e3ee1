// SPDX-License-Identifier: GPL-2.0-or-later
/* Feeds, their log and the site's own entries; a registry of the version before gets them. */
#include "tests/unit/store/fixture.h"

#include "mgmt/store/feeds.h"

static struct mg_feed sample(const char *name)
{
	struct mg_feed f = {.enabled = true, .added = NOW};

	snprintf(f.name, sizeof(f.name), "%s", name);
	snprintf(f.added_by, sizeof(f.added_by), "dave");
	f.definition = json_pack("{ss}", "name", name);
	return f;
}

typedef int feed_fn(struct mg_txn *t, struct mg_feed *f, struct sk_err *err);

static int update(struct mg_txn *t, struct mg_feed *f, struct sk_err *err)
{
	return mg_feed_update(t, f, err);
}

static int in_txn(struct fixture *f, feed_fn *fn, struct mg_feed *feed)
{
	struct mg_audit_entry who = fx_who("dave", "test", NOW);
	struct mg_txn t = {0};
	int r = mg_txn_begin(&t, f->s, NULL);

	if (r == 0)
		r = fn(&t, feed, NULL);
	if (r == 0)
		r = mg_txn_commit(&t, &who, NULL);
	mg_txn_abort(&t);
	return r;
}

static int add_feed(struct fixture *f, const char *name)
{
	struct mg_feed feed = sample(name);
	int r = in_txn(f, mg_feed_add, &feed);

	mg_feed_done(&feed);
	return r;
}

static int join(const struct mg_feed *f, void *arg)
{
	char *names = arg;
	size_t n = strlen(names);

	snprintf(names + n, 256 - n, "%s ", f->name);
	return 0;
}

static void feeds(void **state)
{
	struct fixture *f = *state;
	char names[256] = "";
	struct mg_feed x;

	assert_int_equal(add_feed(f, "zeta"), 0);
	assert_int_equal(add_feed(f, "alpha"), 0);
	assert_int_equal(add_feed(f, "alpha"), -EEXIST);
	assert_int_equal(mg_feed_each(f->s, false, join, names, NULL), 0);
	assert_string_equal(names, "local zeta alpha ");
	assert_int_equal(mg_feed_get(f->s, "alpha", &x, NULL), 0);
	assert_false(x.block);
	assert_string_equal(x.result, "none");
	/* What a fetch leaves, and what a person decides, do not disturb one another. */
	snprintf(x.etag, sizeof(x.etag), "\"abc\"");
	snprintf(x.result, sizeof(x.result), "ok");
	x.entries = 7;
	assert_int_equal(mg_feed_state(f->s, &x, NULL), 0);
	x.block = true;
	x.entries = 9;
	assert_int_equal(in_txn(f, update, &x), 0);
	mg_feed_done(&x);
	assert_int_equal(mg_feed_get(f->s, "alpha", &x, NULL), 0);
	assert_true(x.block);
	assert_int_equal(x.entries, 7);
	assert_string_equal(x.etag, "\"abc\"");
	/* What it blocked is counted by month. */
	assert_int_equal(mg_feed_hits(f->s, "alpha", NOW, 2, 3, NULL), 0);
	assert_int_equal(mg_feed_hits(f->s, "alpha", NOW, 5, 0, NULL), 0);
	assert_int_equal(
		fx_int(f, "SELECT hits * 100 + would FROM feed WHERE name = 'alpha'"), 703);
	assert_int_equal(mg_feed_hits(f->s, "alpha", NOW + 30 * DAY, 1, 0, NULL), 0);
	assert_int_equal(
		fx_int(f, "SELECT hits * 100 + would FROM feed WHERE name = 'alpha'"), 100);
	/* Removed: gone for everybody, kept in the file; added again it begins anew. */
	x.removed = NOW;
	assert_int_equal(in_txn(f, update, &x), 0);
	mg_feed_done(&x);
	assert_int_equal(mg_feed_get(f->s, "alpha", &x, NULL), -ENOENT);
	assert_int_not_equal(fx_sql(f, "DELETE FROM feed"), 0);
	assert_int_equal(add_feed(f, "alpha"), 0);
	assert_int_equal(mg_feed_get(f->s, "alpha", &x, NULL), 0);
	assert_false(x.block);
	assert_int_equal(x.entries, 0);
	assert_string_equal(x.etag, "");
	mg_feed_done(&x);
	fx_assert_verified(f);
}

static int count_rows(json_t *row, void *arg)
{
	int64_t *sums = arg;

	sums[0]++;
	sums[1] += json_integer_value(json_object_get(row, "count"));
	return 0;
}

static void log_is_bounded(void **state)
{
	struct fixture *f = *state;
	json_t *why = json_pack("{ss}", "why", "timeout");
	int64_t sums[2] = {0};

	for (int i = 0; i < 5; i++)
		assert_int_equal(
			mg_feed_log_add(f->s, "local", "unreachable", why, NOW + i, NULL), 0);
	assert_int_equal(mg_feed_log_each(f->s, "local", 100, count_rows, sums, NULL), 0);
	assert_int_equal(sums[0], 1);
	assert_int_equal(sums[1], 5);
	for (int i = 0; i < MG_FEED_LOG_KEPT + 20; i++)
		assert_int_equal(mg_feed_log_add(f->s, "local", "ok", why, NOW + i, NULL), 0);
	assert_int_equal(fx_int(f, "SELECT count(*) FROM feed_log"), MG_FEED_LOG_KEPT);
	json_decref(why);
}

static int entry(struct fixture *f, const char *value, bool add)
{
	struct mg_audit_entry who = fx_who("dave", "test", NOW);
	struct mg_entry e = {.kind = SK_BL_ADDR4, .since = NOW, .removed = NOW};
	struct mg_txn t = {0};
	int r = mg_txn_begin(&t, f->s, NULL);

	snprintf(e.value, sizeof(e.value), "%s", value);
	snprintf(e.purpose, sizeof(e.purpose), "seen in an alert");
	if (r == 0)
		r = add ? mg_entry_add(&t, &e, NULL) : mg_entry_remove(&t, &e, NULL);
	if (r == 0)
		r = mg_txn_commit(&t, &who, NULL);
	mg_txn_abort(&t);
	if (r == 0 && !add)
		assert_string_equal(e.purpose, "seen in an alert");
	return r;
}

static int count_entry(const struct mg_entry *e, void *arg)
{
	++*(int *)arg;
	return 0;
}

static void own_entries(void **state)
{
	struct fixture *f = *state;
	int n = 0, all = 0;

	assert_int_equal(entry(f, "203.0.113.9", true), 0);
	assert_int_equal(entry(f, "203.0.113.9", true), -EEXIST);
	assert_int_equal(entry(f, "203.0.113.9", false), 0);
	assert_int_equal(entry(f, "203.0.113.9", false), -ENOENT);
	assert_int_equal(entry(f, "203.0.113.9", true), 0);
	assert_int_equal(mg_entry_each(f->s, false, count_entry, &n, NULL), 0);
	assert_int_equal(mg_entry_each(f->s, true, count_entry, &all, NULL), 0);
	assert_int_equal(n, 1);
	assert_int_equal(all, 2);
	assert_int_not_equal(fx_sql(f, "DELETE FROM blocklist_entry"), 0);
	assert_int_not_equal(fx_sql(f, "UPDATE blocklist_entry SET value = '0.0.0.0/0'"), 0);
	assert_int_not_equal(fx_sql(f, "UPDATE blocklist_entry SET removed = NULL"), 0);
}

/* Back to what schema 2 was, with a record in it, as an installation before the blocklists has. */
static void an_older_registry_is_migrated(void **state)
{
	struct fixture *f = *state;
	uint32_t n = fx_request(f, "443");
	struct mg_feed x;

	fx_close(f);
	assert_int_equal(fx_sql(f,
				 "DROP TABLE device_certificate; DROP TABLE device_print;"
				 "DROP TABLE device_key; DROP TABLE admission_item;"
				 "DROP TABLE device_rev; ALTER TABLE review DROP COLUMN kind;"
				 "DROP TABLE allow_rev; DROP TABLE blocklist_entry;"
				 "DROP TABLE feed_log; DROP TRIGGER feed_keep; DROP TABLE feed;"
				 "PRAGMA user_version = 2"),
		SQLITE_OK);
	fx_open(f);
	assert_int_equal(mg_feed_get(f->s, "local", &x, NULL), 0);
	assert_true(x.block && x.enabled);
	mg_feed_done(&x);
	assert_string_equal(fx_state(f, n, 1), "requested");
	assert_int_equal(add_feed(f, "alpha"), 0);
	assert_int_equal(fx_int(f, "PRAGMA user_version"), 4);
	fx_assert_verified(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(feeds, fx_setup, fx_teardown),
		cmocka_unit_test_setup_teardown(log_is_bounded, fx_setup, fx_teardown),
		cmocka_unit_test_setup_teardown(own_entries, fx_setup, fx_teardown),
		cmocka_unit_test_setup_teardown(
			an_older_registry_is_migrated, fx_setup, fx_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
