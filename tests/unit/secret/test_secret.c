// SPDX-License-Identifier: GPL-2.0-or-later
/* Files of secrets: what is taken is what the reader finds; what is not is told with its line. */
#include "tests/unit/lib/unit.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/feeds/fetch/secrets.h"
#include "mgmt/notify/secrets.h"
#include "mgmt/radius/secrets.h"
#include "mgmt/radius/users.h"
#include "mgmt/secret/secret.h"

/* "a,b": the names; or the message. */
static const char *said(enum mg_secret s, const char *text, size_t len)
{
	static char out[600];
	struct sk_err err = {0};
	json_t *names = NULL;
	int r = mg_secret_check(s, text, len, &names, &err);

	out[0] = '\0';
	if (r < 0) {
		assert_null(names);
		assert_string_equal(err.path, "file");
		assert_true(err.ja[0]);
		snprintf(out, sizeof(out), "%s", err.en);
	}
	for (size_t i = 0; i < json_array_size(names); i++)
		snprintf(out + strlen(out), sizeof(out) - strlen(out), "%s%s", i ? "," : "",
			json_string_value(json_array_get(names, i)));
	json_decref(names);
	return out;
}

static void is(enum mg_secret s, const char *text, const char *want)
{
	const char *got = said(s, text, strlen(text));

	if (strncmp(got, want, strlen(want)) != 0 || (!want[0] && got[0]))
		fail_msg("%s: %s", text, got);
}

static void notify(void **state)
{
	is(MG_SECRET_NOTIFY, "smtp_user=a\r\n#x\n\nsmtp_password=b = c\nca_file=/x",
		"smtp_user,smtp_password,ca_file");
	is(MG_SECRET_NOTIFY, "# none\n", "");
	is(MG_SECRET_NOTIFY, "smtp_user=a\r\n\r\nsmtp_pass=b\r\n", "line 3: does not begin with");
	is(MG_SECRET_NOTIFY, "smtp_user = a\n", "line 1: does not begin with");
	is(MG_SECRET_NOTIFY, "smtp_user=a\nsmtp_user=b\n",
		"line 2: the name is there already, in line 1");
	is(MG_SECRET_NOTIFY, "", "is empty");
	is(MG_SECRET_NOTIFY, " \r\n\n", "is empty");
}

static void feeds(void **state)
{
	char dst[MG_FETCH_SECRET_MAX], text[400] = "x = ";

	is(MG_SECRET_FEEDS, "  urlhaus = abc \r\n\t\n # c\nthreatfox=d=e", "urlhaus,threatfox");
	is(MG_SECRET_FEEDS, "urlhaus = \n", "line 1: the key is missing");
	is(MG_SECRET_FEEDS, "= abc\n", "line 1: is not NAME = KEY");
	is(MG_SECRET_FEEDS, "a b = abc\n", "line 1: is not NAME = KEY");
	/* A key alone is not taken for a name, which logs would have. */
	is(MG_SECRET_FEEDS, "x\nc2VjcmV0==\n", "line 1: is not NAME = KEY");
	is(MG_SECRET_FEEDS, "c2VjcmV0==\n", "line 1: is not NAME = KEY");
	is(MG_SECRET_FEEDS, "a = b c\n", "line 1: the key must be");
	is(MG_SECRET_FEEDS, "\xff = b\n", "line 1: is not NAME = KEY");
	/* The longest that the reader takes, and one more. */
	memset(text + 4, 'k', MG_FETCH_SECRET_MAX - 1);
	is(MG_SECRET_FEEDS, text, "x");
	assert_int_equal(mg_fetch_secret(text, "x", dst, sizeof(dst)), MG_FETCH_SECRET_MAX - 1);
	text[4 + MG_FETCH_SECRET_MAX - 1] = 'k';
	is(MG_SECRET_FEEDS, text, "line 1: the key must be at most 255");
	assert_int_equal(mg_fetch_secret(text, "x", dst, sizeof(dst)), -EINVAL);
}

static void radius(void **state)
{
	is(MG_SECRET_RADIUS, "#a\ngateway:12345678\n\nsw-1:abcdefgh!", "gateway,sw-1");
	is(MG_SECRET_RADIUS, "gateway:1234567\n", "line 1: the secret must be 8 to 128");
	is(MG_SECRET_RADIUS, "gateway:1234:5678\n", "line 1: the secret must be");
	is(MG_SECRET_RADIUS, "gateway: 12345678\n", "line 1: the secret must be");
	is(MG_SECRET_RADIUS, "gate way:12345678\n", "line 1: is not NAME:SECRET");
	is(MG_SECRET_RADIUS, "a+b/c=:12345678\n", "line 1: is not NAME:SECRET");
	is(MG_SECRET_RADIUS, "gateway=12345678\n", "line 1: is not NAME:SECRET");
	is(MG_SECRET_RADIUS, ":12345678\n", "line 1: is not NAME:SECRET");
	is(MG_SECRET_RADIUS, "gateway:12345678\r\n", "line 1: ends as lines of Windows do");
}

#define HASH "a4f49c406510bdcab6824ee7c30fd852"

static void users(void **state)
{
	is(MG_SECRET_USERS, "#a\ntanaka:" HASH "\n\nhost/pc-1.example.jp:" HASH "\nk@e.jp:" HASH,
		"tanaka,host/pc-1.example.jp,k@e.jp");
	is(MG_SECRET_USERS, "tanaka:A4F49C406510BDCAB6824EE7C30FD852\n", "tanaka");
	is(MG_SECRET_USERS, "Tanaka:" HASH "\n", "line 1: is not NAME:NT-HASH");
	is(MG_SECRET_USERS, "-tanaka:" HASH "\n", "line 1: is not NAME:NT-HASH");
	is(MG_SECRET_USERS, "ta naka:" HASH "\n", "line 1: is not NAME:NT-HASH");
	is(MG_SECRET_USERS, ":" HASH "\n", "line 1: is not NAME:NT-HASH");
	is(MG_SECRET_USERS, "tanaka:" HASH "\r\n", "line 1: ends as lines of Windows do");
	is(MG_SECRET_USERS, "a:" HASH "\nb:Yama-to-Kawa-58\n", "line 2: behind the colon");
	is(MG_SECRET_USERS, "a:" HASH "0\n", "line 1: behind the colon");
	is(MG_SECRET_USERS, "a:" HASH ":\n", "line 1: behind the colon");
}

/* MS-NLMP 4.2.2.1.2; the others by FreeRADIUS and a second MD4. */
static void nt_hash(void **state)
{
	static const struct {
		const char *password, *hash;
	} v[] = {
		{"Password", HASH},
		{"", "31d6cfe0d16ae931b73c59d7e0c089c0"},
		{"himitsu-no-kagi", "97ceefec46bf83ab38e13f79dd477a4c"},
		{"\xe9\x96\xa2\xe6\x89\x80", "6394e0d6246d68195dabb8b694c3d2b8"},
		{"\xf0\x9f\x94\x91", "5f7b3ff474e4237afd6a078f3c4d8632"},
		{"0123456789abcdef0123456789", "3e2672e2dcb8e77bfdd987b11226a896"},
		{"0123456789abcdef0123456789a", "15d2c22132d6849df2b814a2004fbb65"},
		{"0123456789abcdef0123456789abc", "ab7aff12eac748834a2c7ee4cfcecfb6"},
	};
	char hex[MG_NT_HASH + 1], text[600];
	struct sk_err err = {0};

	for (size_t i = 0; i < SK_ARRAY_SIZE(v); i++) {
		assert_int_equal(mg_nt_hash(v[i].password, hex, NULL), 0);
		assert_string_equal(hex, v[i].hash);
	}
	memset(text, 'x', 257);
	text[256] = '\0';
	assert_int_equal(mg_nt_hash(text, hex, &err), 0);
	assert_string_equal(hex, "6c5a26717895edf2e532f7d0048acc65");
	text[256] = 'x';
	text[257] = '\0';
	assert_int_equal(mg_nt_hash(text, hex, &err), -EINVAL);
	assert_string_equal(hex, "6c5a26717895edf2e532f7d0048acc65");
	assert_int_equal(mg_nt_hash("\xff", hex, &err), -EINVAL);
}

static void bytes(void **state)
{
	const size_t n = MG_SECRET_BYTES_MAX + 1;
	char *large = calloc(1, n + 1);

	assert_non_null(large);
	memset(large, '#', n);
	assert_string_equal(said(MG_SECRET_RADIUS, large, n), "is larger than 512 KiB");
	assert_string_equal(said(MG_SECRET_FEEDS, large, 65537), "is larger than 64 KiB");
	free(large);
	assert_non_null(strstr(said(MG_SECRET_FEEDS, "a = b\nc = d\0e", 13), "line 2: has a NUL"));
}

static void kinds(void **state)
{
	enum mg_secret s = MG_SECRETS;

	assert_int_equal(mg_secret_find("radius", &s, NULL), 0);
	assert_int_equal(s, MG_SECRET_RADIUS);
	assert_string_equal(mg_secret_name(s), "radius");
	assert_int_equal(mg_secret_find("shadow", &s, NULL), -ENOENT);
	assert_int_equal(mg_secret_find("../radius", &s, NULL), -ENOENT);
}

static void added(enum mg_secret s, const char *text, const char *old, const char *want)
{
	json_t *names = NULL;
	char *all;

	assert_int_equal(mg_secret_check(s, text, strlen(text), &names, NULL), 0);
	all = mg_secret_add(s, text, names, old);
	assert_string_equal(all, want);
	free(all);
	json_decref(names);
}

static void add(void **state)
{
	added(MG_SECRET_RADIUS, "b:new-secret\n", "# c\na:old-secret\nb:old-secret",
		"# c\na:old-secret\nb:new-secret\n");
	added(MG_SECRET_RADIUS, "b:new-secret\n", "bb:old-secret", "bb:old-secret\nb:new-secret\n");
	added(MG_SECRET_FEEDS, "a=1", "", "a=1");
	/* Nothing more, but one less. */
	added(MG_SECRET_RADIUS, "#\n", "b:old-secret", "b:old-secret\n#\n");
	/* What its reader would not take does not stay. */
	added(MG_SECRET_FEEDS, "a=1", "nonsense\nb=2\n", "b=2\na=1");
}

static void differs(enum mg_secret s, const char *old, const char *text, const char *want)
{
	json_t *v = mg_secret_diff(s, old, text);
	char *got = json_dumps(v, JSON_COMPACT);

	assert_string_equal(got, want);
	free(got);
	json_decref(v);
}

static void diff(void **state)
{
	differs(MG_SECRET_RADIUS, "", "a:12345678\n",
		"{\"added\":[\"a\"],\"changed\":[],\"removed\":[]}");
	differs(MG_SECRET_RADIUS, "a:12345678\nb:12345678\nc:12345678",
		"# x\nc:12345678\nb:12345679\nd:12345678",
		"{\"added\":[\"d\"],\"changed\":[\"b\"],\"removed\":[\"a\"]}");
	/* Blanks are no part of a key, its own "=" is. */
	differs(MG_SECRET_FEEDS, "x = k=\ny=k", "x=k= \r\ny = k=\n",
		"{\"added\":[],\"changed\":[\"y\"],\"removed\":[]}");
	differs(MG_SECRET_NOTIFY, "smtp_user=a\r\nsmtp_password=a b\nca_file=/x\n",
		"smtp_user=a\nsmtp_password= a b\n",
		"{\"added\":[],\"changed\":[\"smtp_password\"],\"removed\":[\"ca_file\"]}");
	differs(MG_SECRET_USERS, "a:" HASH "\nb:" HASH "\n",
		"a:A4F49C406510BDCAB6824EE7C30FD852\nb:00000000000000000000000000000000\n",
		"{\"added\":[],\"changed\":[\"b\"],\"removed\":[]}");
	/* What somebody wrote by hand counts as far as it reads. */
	differs(MG_SECRET_FEEDS, "nonsense\nx=k\n", "x=k\n",
		"{\"added\":[],\"changed\":[],\"removed\":[]}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notify),
		cmocka_unit_test(feeds),
		cmocka_unit_test(radius),
		cmocka_unit_test(users),
		cmocka_unit_test(nt_hash),
		cmocka_unit_test(bytes),
		cmocka_unit_test(kinds),
		cmocka_unit_test(add),
		cmocka_unit_test(diff),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
