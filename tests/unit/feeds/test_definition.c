// SPDX-License-Identifier: GPL-2.0-or-later
/* Definitions of feeds: those that are shipped, and what is refused with which words. */
#include "tests/unit/lib/unit.h"

#include <glob.h>

#include "lib/file.h"
#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/feeds/definition.h"

static json_t *base(void)
{
	return json_pack("{s:s, s:{s:s}, s:s, s:s, s:s}", "name", "x", "title", "en", "X", "kind",
		"address", "url", "https://feeds.example/x", "format", "addresses");
}

static void defaults(void **state)
{
	struct mg_feed_def d;
	json_t *v = base();

	assert_int_equal(mg_feed_def_parse(&d, v, NULL), 0);
	assert_string_equal(d.name, "x");
	assert_false(d.block);
	assert_false(d.enabled);
	assert_int_equal(d.interval, 86400);
	assert_int_equal(d.jitter, 1800);
	assert_int_equal(d.licence.companies, MG_COMPANIES_ASK);
	mg_feed_def_done(&d);
	json_decref(v);
}

/* Each is one change that makes the definition wrong, and where. */
static void refused(void **state)
{
	static const struct {
		const char *key, *value, *path;
	} bad[] = {
		{"name", "\"X\"", "name"},
		{"name", "\"local\"", "name"},
		{"name", "\"a/../b\"", "name"},
		{"name", "null", "name"},
		{"title", "{}", "title.en"},
		{"title", "\"X\"", "title"},
		{"kind", "\"thing\"", "kind"},
		{"format", "\"xml\"", "format"},
		{"url", "\"http://feeds.example/x\"", "url"},
		{"url", "\"https://user:pass@feeds.example/x\"", "url"},
		{"url", "\"https:///x\"", "url"},
		{"url", "\"https://{key}.example/x\"", "url"},
		{"url", "\"https://feeds.example/a b\"", "url"},
		{"path", "\"/also\"", "url"},
		{"interval", "59", "interval"},
		{"interval", "\"1h\"", "interval"},
		{"jitter", "86401", "jitter"},
		{"timeout", "0", "timeout"},
		{"max_bytes", "5000000000", "max_bytes"},
		{"max_entries", "0", "max_entries"},
		{"api_key_header", "\"Auth Key\"", "api_key_header"},
		{"api_key_header", "\"Host\"", "api_key_header"},
		{"proxy", "\"proxy.example:8080\"", "proxy"},
		{"proxy", "\"http://u:p@proxy.example:8080\"", "proxy"},
		{"checksum", "{}", "checksum"},
		{"checksum", "{\"sha256\":\"00\"}", "checksum.sha256"},
		{"checksum", "{\"path\":\"/x\"}", "checksum.url"},
		{"checksum", "{\"url\":\"http://feeds.example/x\"}", "checksum.url"},
		{"signature", "{\"type\":\"gpg\",\"key\":\"x\",\"url\":\"https://a.b/\"}",
			"signature.type"},
		{"signature", "{\"type\":\"ed25519\",\"key\":\"\",\"url\":\"https://a.b/\"}",
			"signature.key"},
		{"mode", "\"drop\"", "mode"},
		{"enabled", "true", "enabled"},
		{"options", "{\"suffix\":true}", "options.suffix"},
		{"licence", "{\"name\":\"x\"}", "licence.companies"},
		{"licence", "{\"name\":\"x\",\"companies\":\"maybe\"}", "licence.companies"},
		{"colour", "1", "colour"},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++) {
		struct sk_err err = {0};
		struct mg_feed_def d;
		json_t *v = base(), *x = json_loads(bad[i].value, JSON_DECODE_ANY, NULL);

		assert_non_null(x);
		json_object_set_new(v, bad[i].key, x);
		if (mg_feed_def_parse(&d, v, &err) != -EINVAL || strcmp(err.path, bad[i].path) != 0)
			fail_msg("%s %s: %s: %s", bad[i].key, bad[i].value, err.path, err.en);
		mg_feed_def_done(&d);
		json_decref(v);
	}
}

static void options(void **state)
{
	static const struct {
		const char *format, *options, *path;
	} bad[] = {
		{"dataset", NULL, "options"},
		{"dataset", "{\"type\":\"string\"}", "options.as"},
		{"dataset", "{\"type\":\"md5\",\"as\":\"domain\"}", "options.as"},
		{"dataset", "{\"type\":\"ip\",\"as\":\"domain\"}", "options.as"},
		{"dataset", "{\"type\":\"float\",\"as\":\"domain\"}", "options.type"},
		{"iprep", "{\"categories\":[\"one\"]}", "options.categories"},
		{"iprep", "{\"min_score\":200}", "options.min_score"},
		{"misp", "{\"days\":0}", "options.days"},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++) {
		struct sk_err err = {0};
		struct mg_feed_def d;
		json_t *v = base();

		json_object_set_new(v, "format", json_string(bad[i].format));
		if (bad[i].options)
			json_object_set_new(v, "options", json_loads(bad[i].options, 0, NULL));
		if (mg_feed_def_parse(&d, v, &err) != -EINVAL || strcmp(err.path, bad[i].path) != 0)
			fail_msg("%s: %s: %s", bad[i].options, err.path, err.en);
		mg_feed_def_done(&d);
		json_decref(v);
	}
}

/* What is shipped can be read, says what its licence allows, and starts harmlessly. */
static void shipped(void **state)
{
	glob_t g;

	assert_int_equal(glob("configs/feeds/*.json", 0, NULL, &g), 0);
	assert_true(g.gl_pathc >= 15);
	for (size_t i = 0; i < g.gl_pathc; i++) {
		struct mg_feed_def d;
		struct sk_err err = {0};
		struct sk_buf b;
		char file[128];

		sk_buf_init(&b, 65536);
		assert_int_equal(sk_file_read(g.gl_pathv[i], &b, NULL), 0);
		if (mg_feed_def_parse_text(&d, sk_buf_str(&b), b.len, &err) < 0)
			fail_msg("%s: %s: %s", g.gl_pathv[i], err.path, err.en);
		snprintf(file, sizeof(file), "configs/feeds/%s.json", d.name);
		assert_string_equal(file, g.gl_pathv[i]);
		assert_non_null(d.title.ja);
		assert_non_null(d.licence.name);
		assert_non_null(d.licence.note.en);
		assert_non_null(d.licence.note.ja);
		assert_false(d.block);
		assert_true(!d.enabled || d.licence.companies == MG_COMPANIES_YES);
		/* Nobody is to be asked more often than every five minutes. */
		assert_true(d.interval >= 300);
		mg_feed_def_done(&d);
		sk_buf_done(&b);
	}
	globfree(&g);
}

static void next_fetch(void **state)
{
	struct mg_feed_def d;
	json_t *v = base();

	json_object_set_new(v, "interval", json_integer(3600));
	json_object_set_new(v, "jitter", json_integer(60));
	assert_int_equal(mg_feed_def_parse(&d, v, NULL), 0);
	assert_int_equal(mg_feed_next(&d, 1000, 0, 0), 4600);
	assert_int_equal(mg_feed_next(&d, 1000, 0, 60), 4660);
	assert_int_equal(mg_feed_next(&d, 1000, 0, 61), 4600);
	assert_int_equal(mg_feed_next(&d, 1000, 1, 0), 1300);
	assert_int_equal(mg_feed_next(&d, 1000, 2, 0), 1600);
	/* Never longer than usual, and never beyond a day. */
	assert_int_equal(mg_feed_next(&d, 1000, 9, 0), 4600);
	assert_int_equal(mg_feed_next(&d, 1000, 4000000000u, 0), 4600);
	mg_feed_def_done(&d);
	json_decref(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(defaults), cmocka_unit_test(refused),
		cmocka_unit_test(options), cmocka_unit_test(shipped), cmocka_unit_test(next_fetch)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
