// SPDX-License-Identifier: GPL-2.0-or-later
/* Versions, indexes, manifests, the loader's block: what may be installed and what became of it. */
#include "tests/unit/lib/unit.h"

#include <errno.h>
#include <string.h>

#include "mgmt/update/update.h"

static void order(void **state)
{
	static const char *const sorted[] = {"0.1.0", "0.2~rc1", "0.2", "0.2a", "0.2.0", "0.2.1",
		"0.10", "1.0~~", "1.0~", "1.0", "1.0+b1", "1.00001", "10"};
	const int n = sizeof(sorted) / sizeof(sorted[0]);

	for (int i = 0; i < n; i++) {
		for (int k = 0; k < n; k++) {
			int d = mg_version_order(sorted[i], sorted[k]);

			if ((d > 0) - (d < 0) != (i > k) - (i < k))
				fail_msg("%s against %s: %d", sorted[i], sorted[k], d);
		}
	}
	assert_int_equal(mg_version_order("1.02", "1.2"), 0);
	for (const char *const *v = (const char *const[]){"1", "0.6.0~rc1+git-3", NULL}; *v; v++)
		assert_int_equal(mg_version_check(*v, NULL), 0);
	for (const char *const *v = (const char *const[]){"", "v1", "1 2", "1/2", "1:2", NULL}; *v;
		v++)
		assert_int_equal(mg_version_check(*v, NULL), -EINVAL);
	assert_int_equal(mg_version_check(NULL, NULL), -EINVAL);
}

static int allowed(const char *version, const char *compatible, bool downgrade, struct sk_err *err)
{
	const struct mg_offer o = {version, compatible, "0.6.0", "sekisho-amd64", downgrade};

	return mg_update_allowed(&o, err);
}

static void offers(void **state)
{
	struct sk_err err = {0};

	assert_int_equal(allowed("0.6.1", "sekisho-amd64", false, &err), 0);
	assert_int_equal(allowed("0.5.9", "sekisho-amd64", false, &err), -EPERM);
	assert_non_null(strstr(err.en, "--downgrade"));
	assert_int_equal(allowed("0.6.0", "sekisho-amd64", false, &err), -EALREADY);
	assert_int_equal(allowed("0.5.9", "sekisho-amd64", true, &err), 0);
	assert_int_equal(allowed("0.7.0", "sekisho-arm64", true, &err), -EINVAL);
	assert_string_equal(err.path, "compatible");
	assert_int_equal(allowed("x", "sekisho-amd64", true, &err), -EINVAL);
}

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define RELEASE(version, compatible)                                                               \
	"{\"version\":\"" version "\",\"compatible\":\"" compatible "\",\"file\":\"s-" version     \
	".raucb\",\"size\":1000,\"sha256\":\"" SHA "\"}"
#define INDEX(releases) "{\"format\":\"sekisho-update\",\"version\":1,\"releases\":[" releases "]}"

static int parse(const char *text, struct mg_release *r, struct sk_err *err)
{
	return mg_index_parse(text, strlen(text), "sekisho-amd64", r, err);
}

static void indexes(void **state)
{
	static struct mg_release r;
	struct sk_err err = {0};

	assert_int_equal(parse(INDEX(RELEASE("0.9.0", "sekisho-amd64") "," RELEASE("0.10.0",
				       "sekisho-amd64") "," RELEASE("0.11.0", "sekisho-arm64")),
				 &r, &err),
		0);
	assert_string_equal(r.version, "0.10.0");
	assert_string_equal(r.file, "s-0.10.0.raucb");
	assert_int_equal(r.size, 1000);
	assert_int_equal(parse(INDEX(RELEASE("0.11.0", "sekisho-arm64")), &r, &err), -ENOENT);
	assert_string_equal(r.version, "0.10.0");
	assert_int_equal(parse(INDEX(""), &r, &err), -ENOENT);
	assert_int_equal(parse(INDEX(RELEASE("x", "sekisho-amd64")), &r, &err), -EINVAL);
	assert_string_equal(err.path, "releases[0].version");
	assert_int_equal(
		parse("{\"format\":\"sekisho-update\",\"version\":2,\"releases\":[]}", &r, &err),
		-EINVAL);
	assert_int_equal(
		parse("{\"format\":\"x\",\"version\":1,\"releases\":[]}", &r, &err), -EINVAL);
	assert_int_equal(parse("[]", &r, &err), -EINVAL);
	assert_int_equal(parse("", &r, &err), -EINVAL);
	for (const char *const *f =
			(const char *const[]){"../x", "a/b", ".x", "", "a b", "-x", NULL};
		*f; f++) {
		char text[512];

		snprintf(text, sizeof(text),
			INDEX("{\"version\":\"1\",\"compatible\":\"sekisho-amd64\",\"file\":\"%s\","
			      "\"size\":1,\"sha256\":\"" SHA "\"}"),
			*f);
		assert_int_equal(parse(text, &r, &err), -EINVAL);
		assert_string_equal(err.path, "releases[0].file");
	}
}

static void notes(void **state)
{
	static struct mg_release r;
	struct sk_err err = {0};

	assert_int_equal(parse("{\"format\":\"sekisho-update\",\"version\":1,\"published\":"
			       "\"2026-12-01T00:00:00Z\",\"expires\":\"2027-01-01T00:00:00Z\","
			       "\"releases\":[{\"version\":\"1\",\"compatible\":\"sekisho-amd64\","
			       "\"file\":\"f\",\"size\":1,\"sha256\":\"" SHA
			       "\",\"security\":true,\"notes\":{\"en\":\"e\",\"ja\":\"修正\"}}]}",
				 &r, &err),
		0);
	assert_true(r.security);
	assert_string_equal(r.ja, "修正");
	assert_int_equal(r.published, 1796083200);
	assert_int_equal(r.expires, 1798761600);
}

static void beside(void **state)
{
	char url[64];

	assert_int_equal(mg_index_beside("https://u.example/a/latest.json", "f", url, 64), 0);
	assert_string_equal(url, "https://u.example/a/f");
	assert_int_equal(mg_index_beside("https://u.example/a/l.json?x=/y", "f", url, 64), 0);
	assert_string_equal(url, "https://u.example/a/f");
	assert_int_equal(mg_index_beside("https://u.example", "f", url, 64), -EINVAL);
	assert_int_equal(mg_index_beside("https://u.example/a/latest.json", "f", url, 8), -EINVAL);
}

static int manifest(const char *text, struct mg_manifest *m)
{
	return mg_manifest_parse(text, strlen(text), m, NULL);
}

static void manifests(void **state)
{
	struct mg_manifest m = {0};

	assert_int_equal(manifest("[update]\ncompatible=sekisho-amd64\nversion=0.7.0\n\n"
				  "[bundle]\nformat=verity\nversion=9\n\n[image.boot]\nsha256=aa\n"
				  "[image.root]\nsha256=bb\nfilename=root.img\n",
				 &m),
		0);
	assert_string_equal(m.compatible, "sekisho-amd64");
	assert_string_equal(m.version, "0.7.0");
	assert_string_equal(m.root_sha256, "bb");
	assert_int_equal(manifest("[update]\ncompatible=x\n", &m), -EBADMSG);
	assert_int_equal(manifest("[update]\ncompatible=x\nversion=1\x01\n", &m), -EBADMSG);
	assert_int_equal(manifest("", &m), -EBADMSG);
	assert_string_equal(m.version, "0.7.0");
}

static void tails(void **state)
{
	const uint8_t good[8] = {0, 0, 0, 0, 0, 0, 8, 0}, huge[8] = {1}, none[8] = {0};
	size_t n = 0;

	assert_int_equal(mg_bundle_signature(good, 1 << 20, &n, NULL), 0);
	assert_int_equal(n, 2048);
	assert_int_equal(mg_bundle_signature(good, 2056, &n, NULL), -EBADMSG);
	assert_int_equal(mg_bundle_signature(huge, 1 << 20, &n, NULL), -EBADMSG);
	assert_int_equal(mg_bundle_signature(none, 1 << 20, &n, NULL), -EBADMSG);
	assert_int_equal(mg_bundle_signature(good, 4, &n, NULL), -EBADMSG);
}

static enum mg_outcome outcome(
	const char *pending, const char *health, const char *slot, const char *boot)
{
	json_t *p = pending ? json_loads(pending, 0, NULL) : NULL;
	json_t *h = health ? json_loads(health, 0, NULL) : NULL;
	const struct mg_outcome_facts f = {p, h, slot, boot, "hash"};
	enum mg_outcome o = mg_update_outcome(&f);

	json_decref(p);
	json_decref(h);
	return o;
}

/* What is kept of a start, as text; "": nothing new. Slot A runs. */
static const char *start(const char *note, const char *pending, const char *last, const char *first)
{
	static char text[400];
	json_t *n = note ? json_loads(note, 0, NULL) : NULL;
	json_t *p = pending ? json_loads(pending, 0, NULL) : NULL;
	json_t *l = last ? json_loads(last, 0, NULL) : NULL;
	json_t *h = json_pack("{s:s, s:s}", "slot", "B", "result", "return");
	const struct mg_start_facts f = {n, p, l, h, first, "A", "two", 7};
	json_t *v = mg_update_start(&f);
	size_t len = v ? json_dumpb(v, text, sizeof(text) - 1, JSON_COMPACT | JSON_SORT_KEYS) : 0;

	text[len] = '\0';
	json_decref(n);
	json_decref(p);
	json_decref(l);
	json_decref(h);
	json_decref(v);
	return text;
}

static void starts(void **state)
{
	static const char meant[] = "{\"boot_id\":\"two\",\"slot\":\"A\"}";
	static const char told[] = "{\"boot_id\":\"two\",\"missed\":{\"since\":5,\"slot\":\"B\","
				   "\"told\":true},\"slot\":\"A\"}";
	static const char to_b[] = "{\"slot\":\"B\",\"boot_id\":\"one\",\"state\":\"installed\"}";
	char before[400];

	assert_string_equal(start(NULL, NULL, NULL, "A"), meant);
	/* Nobody knows what the loader prefers. */
	assert_string_equal(start(NULL, NULL, NULL, ""), "");
	assert_string_equal(start(NULL, NULL, NULL, "B"),
		"{\"boot_id\":\"two\",\"missed\":{\"health\":{\"result\":\"return\",\"slot\":\"B\"}"
		","
		"\"since\":7,\"slot\":\"B\",\"told\":false},\"slot\":\"A\"}");
	/* Judged once a start: an update just installed makes the other slot the first. */
	assert_string_equal(start(meant, NULL, NULL, "B"), "");
	/* The next start is the same story, and nobody is told again. */
	snprintf(before, sizeof(before), "%s", told);
	memcpy(strstr(before, "two"), "one", 3);
	assert_string_equal(start(before, NULL, NULL, "B"), told);
	/* Until the slot that is to start does. */
	assert_string_equal(start(before, NULL, NULL, "A"), meant);
	/* An update's own end is told as that. */
	assert_string_equal(start(NULL, to_b, NULL, "B"), meant);
	assert_string_equal(
		start(NULL, NULL, "{\"slot\":\"B\",\"outcome\":\"returned\"}", "B"), meant);
	assert_non_null(
		strstr(start(NULL, NULL, "{\"slot\":\"B\",\"outcome\":\"kept\"}", "B"), "missed"));
	assert_non_null(strstr(
		start(NULL, NULL, "{\"slot\":\"A\",\"outcome\":\"returned\"}", "B"), "missed"));
}

static void outcomes(void **state)
{
	static const char to_b[] = "{\"slot\":\"B\",\"boot_id\":\"one\"}";
	static const char good[] = "{\"boot_id\":\"two\",\"hash\":\"hash\",\"result\":\"good\"}";

	assert_int_equal(outcome(NULL, good, "A", "one"), MG_OUTCOME_NONE);
	assert_int_equal(outcome(to_b, NULL, "A", "one"), MG_OUTCOME_WAITING);
	assert_int_equal(outcome(to_b, NULL, "A", "two"), MG_OUTCOME_RETURNED);
	assert_int_equal(outcome("{\"slot\":\"B\",\"boot_id\":\"one\",\"state\":\"installing\"}",
				 NULL, "A", "two"),
		MG_OUTCOME_INTERRUPTED);
	assert_int_equal(outcome(to_b, NULL, "B", "two"), MG_OUTCOME_TRIAL);
	assert_int_equal(outcome(to_b, good, "B", "two"), MG_OUTCOME_KEPT);
	/* What was good in an earlier start says nothing of this one. */
	assert_int_equal(outcome(to_b, good, "B", "three"), MG_OUTCOME_TRIAL);
	assert_int_equal(
		outcome(to_b, "{\"boot_id\":\"two\",\"hash\":\"hash\",\"result\":\"return\"}", "B",
			"two"),
		MG_OUTCOME_TRIAL);
}

static void block(const char *lines, char b[MG_GRUBENV_SIZE])
{
	int n = snprintf(b, MG_GRUBENV_SIZE, "# GRUB Environment Block\n%s", lines);

	memset(b + n, '#', MG_GRUBENV_SIZE - (size_t)n);
}

static void grubenv(void **state)
{
	char b[MG_GRUBENV_SIZE], before[MG_GRUBENV_SIZE], v[16], big[1100];

	/* The second line is grub-editenv's. */
	block("# WARNING: Do not edit this file by tools other than grub-editenv!!!\n"
	      "ORDER=A B\nA_OK=1\nreset=0\n",
		b);
	assert_int_equal(mg_grubenv_get(b, "ORDER", v, sizeof(v)), 0);
	assert_string_equal(v, "A B");
	assert_int_equal(mg_grubenv_get(b, "A_O", v, sizeof(v)), -ENOENT);
	assert_int_equal(mg_grubenv_set(b, "reset", "1"), 0);
	assert_int_equal(mg_grubenv_set(b, "B_OK", "0"), 0);
	assert_int_equal(mg_grubenv_get(b, "reset", v, sizeof(v)), 0);
	assert_string_equal(v, "1");
	assert_int_equal(mg_grubenv_get(b, "A_OK", v, sizeof(v)), 0);
	assert_string_equal(v, "1");
	assert_int_equal(mg_grubenv_get(b, "ORDER", v, sizeof(v)), 0);
	assert_string_equal(v, "A B");
	assert_int_equal(mg_grubenv_get(b, "B_OK", v, sizeof(v)), 0);
	assert_int_equal(b[MG_GRUBENV_SIZE - 1], '#');
	memcpy(before, b, sizeof(b));
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	assert_int_equal(mg_grubenv_set(b, "big", big), -ENOSPC);
	assert_memory_equal(before, b, sizeof(b));
	memset(b, 0, sizeof(b));
	assert_int_equal(mg_grubenv_set(b, "reset", "1"), -EBADMSG);
	assert_int_equal(mg_grubenv_get(b, "reset", v, sizeof(v)), -EBADMSG);
	memset(b, 'x', sizeof(b));
	memcpy(b, "# GRUB Environment Block\n", 25);
	assert_int_equal(mg_grubenv_set(b, "reset", "1"), -EBADMSG);
}

static void support(void **state)
{
	assert_null(mg_base_support("13", 1796000000));
	assert_non_null(mg_base_support("12", 1796000000));
	assert_non_null(mg_base_support("13", 1850000000));
	assert_ptr_not_equal(mg_base_support("13", 1850000000), mg_base_support("13", 1910000000));
	assert_null(mg_base_support("99", 1910000000));
	assert_null(mg_base_support("", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order),
		cmocka_unit_test(offers),
		cmocka_unit_test(indexes),
		cmocka_unit_test(notes),
		cmocka_unit_test(beside),
		cmocka_unit_test(manifests),
		cmocka_unit_test(tails),
		cmocka_unit_test(outcomes),
		cmocka_unit_test(starts),
		cmocka_unit_test(grubenv),
		cmocka_unit_test(support),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
