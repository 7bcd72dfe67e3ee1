/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every allocation in turn fails once: -ENOMEM must come out, and nothing may leak or be touched.
 */
#include "rules.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "fw/registry/csv.h"

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_reallocarray(void *p, size_t n, size_t size);
char *__real_strdup(const char *s);
void *__real_tsearch(const void *key, void **root, int (*cmp)(const void *, const void *));
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
char *__wrap_strdup(const char *s);
void *__wrap_tsearch(const void *key, void **root, int (*cmp)(const void *, const void *));

static long left = -1; /* allocations until one fails; -1: none does */
static long failed;

static bool refuse(void)
{
	if (left < 0 || left-- > 0)
		return false;
	failed++;
	return true;
}

void *__wrap_malloc(size_t n)
{
	return refuse() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return refuse() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return refuse() ? NULL : __real_realloc(p, n);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return refuse() ? NULL : __real_reallocarray(p, n, size);
}

char *__wrap_strdup(const char *s)
{
	return refuse() ? NULL : __real_strdup(s);
}

void *__wrap_tsearch(const void *key, void **root, int (*cmp)(const void *, const void *))
{
	return refuse() ? NULL : __real_tsearch(key, root, cmp);
}

static int build_and_check(void)
{
	static const char *const items[][2] = {
		{"hosts", "10.0.0.1,10.0.0.9,2001:db8::1"}, {"group", "hosts,10.1.0.0/16"}};
	struct fw_objects *o = fw_objects_new();
	struct fw_match m;
	struct fw_rule r = {0};
	int ret = o ? 0 : -ENOMEM;

	for (size_t i = 0; ret == 0 && i < 2; i++)
		ret = fw_objects_add(o, FW_OBJECT_ADDRESS, items[i][0], items[i][1], NULL);
	if (ret == 0)
		ret = fw_objects_add(o, FW_OBJECT_SERVICE, "svc", "tcp/80,https,other", NULL);
	if (ret == 0)
		ret = fw_objects_add(o, FW_OBJECT_SERVICE, "other", "esp,udp/5000-5100", NULL);
	if (ret == 0)
		ret = fw_objects_check(o, NULL);
	if (ret == 0) {
		long keep = left;

		left = -1; /* the sample asserts, so it must not fail */
		sample_rule(&r);
		assert_int_equal(fw_str_set(&r.source, "group,192.0.2.1"), 0);
		assert_int_equal(fw_str_set(&r.port, "svc,8080,dns"), 0);
		left = keep;
		ret = fw_rule_validate(&r, o, NULL, &m, NULL);
		if (ret == 0)
			fw_match_done(&m);
	}
	fw_rule_done(&r);
	fw_objects_free(o);
	return ret;
}

static int copy_and_cross(void)
{
	struct fw_addrs a = {0}, b = {0}, c = {0};
	int ret = fw_addrs_any(&a);

	if (ret == 0)
		ret = fw_addrs_add(&b, "10.0.0.0/8", NULL);
	if (ret == 0)
		ret = fw_addrs_add(&b, "2001:db8::/32", NULL);
	if (ret == 0)
		ret = fw_addrs_intersect(&a, &b, &c);
	fw_addrs_done(&a);
	if (ret == 0)
		ret = fw_addrs_copy(&a, &b);
	if (ret == 0)
		ret = fw_addrs_merge(&a, &c);
	fw_addrs_done(&a);
	fw_addrs_done(&b);
	fw_addrs_done(&c);
	return ret;
}

static int direction_and_copy(void)
{
	struct fw_rule r = {0}, copy = {0};
	int ret = fw_direction_parse("lan->wan", &r.from, &r.to, NULL);

	if (ret == 0)
		ret = fw_str_set(&r.purpose, "x");
	if (ret == 0)
		ret = fw_rule_copy(&copy, &r);
	fw_rule_done(&r);
	fw_rule_done(&copy);
	return ret;
}

static int csv_list(void)
{
	static const char text[] =
		"kind,order,applicant,source,destination,direction,protocol,port,purpose,"
		"registered,"
		"expiry\nallow,x,a,\"10.0.0.1\n10.0.0.2\",any,lan->wan,tcp,443,web,2026-04-01,"
		"2027-03-31\nallow,5,\x8e\x52\x93\x63,10.0.0.1,any,lan->wan,tcp,443,web,2026-04-01,"
		"2027-03-31\n";
	struct fw_csv_rules out;
	int ret = fw_csv_read_rules(text, strlen(text), &out, NULL);

	if (ret == 0) {
		assert_int_equal(out.n, 1);
		assert_int_equal(out.n_errors, 1);
		fw_csv_rules_done(&out);
	}
	return ret;
}

static int json_both_ways(void)
{
	struct fw_rule r, back;
	long keep = left;
	json_t *v;
	int ret = 0;

	left = -1;
	sample_rule(&r);
	v = fw_rule_to_json(&r);
	left = keep;
	ret = fw_rule_from_json(v, &back, NULL);
	if (ret == 0)
		fw_rule_done(&back);
	json_decref(v);
	fw_rule_done(&r);
	return ret;
}

static void sweep(int (*fn)(void))
{
	left = -1;
	assert_int_equal(fn(), 0);
	for (long i = 0; i < 10000; i++) {
		int ret;

		left = i;
		failed = 0;
		ret = fn();
		left = -1;
		if (!failed) {
			assert_int_equal(ret, 0);
			assert_true(i > 2);
			return;
		}
		assert_int_equal(ret, -ENOMEM);
	}
	fail_msg("no end");
}

static void objects_and_rule(void **state)
{
	sweep(build_and_check);
}

static void addresses(void **state)
{
	sweep(copy_and_cross);
}

static void rule_copy(void **state)
{
	sweep(direction_and_copy);
}

static void csv(void **state)
{
	sweep(csv_list);
}

static void json(void **state)
{
	sweep(json_both_ways);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_and_rule),
		cmocka_unit_test(addresses),
		cmocka_unit_test(rule_copy),
		cmocka_unit_test(csv),
		cmocka_unit_test(json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
