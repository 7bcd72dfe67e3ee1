/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the stream of a backup holds: read in pieces of any size, and refused where it is not right.
 */
#include "tests/unit/lib/unit.h"

#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/backup/archive.h"

struct got {
	unsigned folders, files, ends;
	size_t bytes;
	char last[MG_BK_NAME_MAX];
	bool refuse;
};

static int on_entry(const struct mg_bk_entry *e, void *arg, struct sk_err *err)
{
	struct got *g = arg;

	if (e->folder)
		g->folders++;
	else
		g->files++;
	snprintf(g->last, sizeof(g->last), "%s", e->name);
	return g->refuse ? sk_err_en(err, -EPERM, NULL, "no") : 0;
}

static int on_data(const void *p, size_t n, void *arg, struct sk_err *err)
{
	((struct got *)arg)->bytes += n;
	return 0;
}

static int on_end(void *arg, struct sk_err *err)
{
	((struct got *)arg)->ends++;
	return 0;
}

static const struct mg_bk_reader_ops ops = {on_entry, on_data, on_end};

static void put_file(struct sk_buf *b, json_t *files, const char *name, const char *content)
{
	struct mg_bk_entry e = {
		.size = strlen(content), .mode = 0600, .owner = "sekisho-mgmtd", .group = "root"};
	uint8_t sum[32];
	char hex[65];

	snprintf(e.name, sizeof(e.name), "%s", name);
	assert_int_equal(mg_bk_put_entry(b, &e, NULL), 0);
	sk_buf_puts(b, content);
	sk_sha256(sum, content, strlen(content));
	json_array_append_new(files,
		json_pack("{s:s, s:I, s:s}", "name", name, "size", (json_int_t)strlen(content),
			"sha256", sk_hex(hex, sum, sizeof(sum))));
}

/* A folder, two files, one of them empty; wrong: the manifest has another hash. */
static void make(struct sk_buf *b, const char *name, bool wrong)
{
	const struct mg_bk_entry folder = {
		.name = "mgmtd", .folder = true, .mode = 0700, .owner = "root", .group = "root"};
	json_t *files = json_array(), *m;

	sk_buf_init(b, 1u << 20);
	assert_int_equal(mg_bk_put_entry(b, &folder, NULL), 0);
	put_file(b, files, name, "the registry");
	put_file(b, files, "mgmtd/empty", "");
	if (wrong)
		json_object_set_new(json_array_get(files, 0), "sha256", json_string("00"));
	m = json_pack("{s:o, s:i}", "files", files, "created", 5);
	assert_int_equal(mg_bk_put_manifest(b, m, NULL), 0);
	json_decref(m);
}

static int read_in(const struct sk_buf *b, size_t n, size_t step, struct got *g)
{
	const json_t *manifest = NULL;
	struct mg_bk_reader *r;
	struct sk_err err = {0};
	int ret = mg_bk_reader_new(&r, &ops, g, &err);

	for (size_t at = 0; ret == 0 && at < n; at += step)
		ret = mg_bk_reader_feed(r, b->data + at, SK_MIN(step, n - at), &err);
	if (ret == 0)
		ret = mg_bk_reader_end(r, &manifest, &err);
	if (ret == 0)
		assert_int_equal(json_integer_value(json_object_get(manifest, "created")), 5);
	mg_bk_reader_free(r);
	return ret;
}

static void pieces_of_any_size(void **state)
{
	struct sk_buf b;

	make(&b, "mgmtd/registry.db", false);
	for (size_t step = 1; step <= b.len; step++) {
		struct got g = {0};

		assert_int_equal(read_in(&b, b.len, step, &g), 0);
		assert_int_equal(g.folders, 1);
		assert_int_equal(g.files, 2);
		assert_int_equal(g.ends, 2);
		assert_int_equal(g.bytes, strlen("the registry"));
		assert_string_equal(g.last, "mgmtd/empty");
	}
	sk_buf_done(&b);
}

static void it_ends_with_the_manifest(void **state)
{
	struct sk_buf b;

	make(&b, "mgmtd/registry.db", false);
	for (size_t n = 0; n < b.len; n++) {
		struct got g = {0};

		assert_int_equal(read_in(&b, n, 64, &g), -EBADMSG);
	}
	sk_buf_putc(&b, 'F');
	assert_int_equal(read_in(&b, b.len, 64, &(struct got){0}), -EBADMSG);
	sk_buf_done(&b);
}

static void the_manifest_must_agree(void **state)
{
	struct sk_buf b;

	make(&b, "mgmtd/registry.db", true);
	assert_int_equal(read_in(&b, b.len, 64, &(struct got){0}), -EBADMSG);
	sk_buf_done(&b);
}

static void names_stay_below(void **state)
{
	static const char *const bad[] = {"../etc/passwd", "/etc/passwd", "a/../b", "a//b", "a/",
		"", ".", "..", "a/.", "a\nb", "mgmtd/\x1b[2J"};
	char longer[MG_BK_NAME_MAX + 8];

	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++)
		assert_false(mg_bk_name_ok(bad[i]));
	memset(longer, 'a', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_false(mg_bk_name_ok(longer));
	longer[150] = '\0';
	assert_true(mg_bk_name_ok(longer));
	assert_true(mg_bk_name_ok("etc/.hidden/日本語"));
	for (size_t i = 0; i < 4; i++) {
		struct got g = {0};
		struct sk_buf b;

		make(&b, bad[i], false);
		assert_int_equal(read_in(&b, b.len, 64, &g), -EBADMSG);
		assert_int_equal(g.files, 0);
		sk_buf_done(&b);
	}
}

static void a_refusal_ends_it(void **state)
{
	struct got g = {.refuse = true};
	struct sk_buf b;

	make(&b, "mgmtd/registry.db", false);
	assert_int_equal(read_in(&b, b.len, 64, &g), -EPERM);
	assert_int_equal(g.folders, 1);
	assert_int_equal(g.files, 0);
	sk_buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_of_any_size),
		cmocka_unit_test(it_ends_with_the_manifest),
		cmocka_unit_test(the_manifest_must_agree),
		cmocka_unit_test(names_stay_below),
		cmocka_unit_test(a_refusal_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
