// SPDX-License-Identifier: GPL-2.0-or-later
/* Country and AS of an address, from databases in MaxMind's format; without any, nothing is said.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/util.h"
#include "mgmt/geo/geo.h"
#include "tests/unit/geo/mmdb.h"

static const struct mmdb_net countries[] = {
	{0xcb007100, 24, "JP", "日本", "Japan", 0}, /* 203.0.113.0/24 */
	{0xc6336400, 24, "NL", "オランダ", "Netherlands", 0},
};
static const struct mmdb_net operators[] = {
	{0xcb007100, 25, NULL, NULL,
		"Example Networks of a quite long name, K.K. (Tokyo) and others", 64496},
};

struct fixture {
	char dir[64], country[96], asn[96], junk[96];
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	FILE *junk;

	*state = f;
	if (!f)
		return -1;
	snprintf(f->dir, sizeof(f->dir), "/tmp/sekisho-geo-XXXXXX");
	if (!mkdtemp(f->dir))
		return -1;
	snprintf(f->country, sizeof(f->country), "%s/b-country.mmdb", f->dir);
	snprintf(f->asn, sizeof(f->asn), "%s/c-asn.mmdb", f->dir);
	snprintf(f->junk, sizeof(f->junk), "%s/a-junk.mmdb", f->dir);
	junk = fopen(f->junk, "w");
	if (!junk || fputs("no database", junk) < 0 || fclose(junk) < 0 ||
		mmdb_write(f->country, "GeoLite2-Country", countries, 2) < 0 ||
		mmdb_write(f->asn, "GeoLite2-ASN", operators, 1) < 0)
		return -1;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	unlink(f->country);
	unlink(f->asn);
	unlink(f->junk);
	rmdir(f->dir);
	free(f);
	return 0;
}

static void test_look(void **state)
{
	struct fixture *f = *state;
	struct mg_geo *g = mg_geo_open(f->dir);
	struct mg_geo_info info;
	json_t *row = json_object();

	assert_true(mg_geo_any(g));
	assert_true(mg_geo_look(g, "203.0.113.10", SK_JA, &info));
	assert_string_equal(info.country, "JP");
	assert_string_equal(info.name, "日本");
	assert_int_equal(info.asn, 64496);
	assert_string_equal(info.operator, operators[0].operator);
	assert_true(mg_geo_look(g, "203.0.113.200", SK_EN, &info));
	assert_string_equal(info.name, "Japan");
	assert_int_equal(info.asn, 0);
	assert_true(mg_geo_look(g, "198.51.100.1", SK_EN, &info));
	assert_string_equal(info.country, "NL");
	assert_false(mg_geo_look(g, "192.0.2.1", SK_EN, &info));
	assert_false(mg_geo_look(g, "2001:db8::1", SK_EN, &info));
	assert_false(mg_geo_look(g, "bad.example", SK_EN, &info));
	assert_false(mg_geo_look(g, "", SK_EN, &info));
	mg_geo_row(g, "203.0.113.10", row);
	assert_string_equal(json_string_value(json_object_get(row, "country")), "JP");
	assert_int_equal(json_integer_value(json_object_get(row, "asn")), 64496);
	json_decref(row);
	mg_geo_close(g);
}

/* Cut short anywhere, a database gives nothing or something, and no harm. */
static void test_truncated(void **state)
{
	struct fixture *f = *state;
	struct mg_geo_info info;

	for (long n = 1200; n >= 0; n -= 7) {
		struct mg_geo *g;

		assert_int_equal(mmdb_write(f->country, "GeoLite2-Country", countries, 2), 0);
		if (truncate(f->country, n) < 0)
			fail();
		g = mg_geo_open(f->dir);
		mg_geo_look(g, "203.0.113.10", SK_EN, &info);
		mg_geo_close(g);
	}
}

static void test_none(void **state)
{
	struct mg_geo *g = mg_geo_open("/nonexistent");
	struct mg_geo_info info;

	assert_non_null(g);
	assert_false(mg_geo_any(g));
	assert_false(mg_geo_look(g, "203.0.113.10", SK_EN, &info));
	mg_geo_close(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_look, setup, teardown),
		cmocka_unit_test_setup_teardown(test_truncated, setup, teardown),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
