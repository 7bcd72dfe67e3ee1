/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every allocation in turn fails once: -ENOMEM must come out, and nothing may leak or be touched.
 */
#include <stdlib.h>

#include "ips/rules/policy.h"
#include "tests/unit/ips-rules/rig.h"

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);

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

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return refuse() ? NULL : __real_reallocarray(p, n, size);
}

static const char classes[] = "config classification: a,b,1\nconfig classification: c,d,2\n";
static const char limits[] = "suppress gen_id 1, sig_id 1, track by_src, ip 10.0.0.0/8\n"
			     "threshold gen_id 1, sig_id 9, type limit, track by_src, count 1, "
			     "seconds 1\n";
static const char text[] =
	HTTP " (msg:\"a\"; http.uri; to_lowercase; pcrexform:\"(a)\"; content:\"x\"; "
	     "pcre:\"/b/R\"; base64_decode; base64_data; content:\"y\"; pcre:\"/c/\"; "
	     "reference:cve,1; metadata:a b, c d; flowbits:set,z; threshold:type limit, track "
	     "by_src, count 1, seconds 1; sid:1;)\n"
	     "alert tcp [10.0.0.0/8,!10.1.0.0/16] [80,81,!81] -> any \\\n any (content:\"q\"; "
	     "flowbits:isset,n; pcre:\"/(/\"; sid:2;)\n" TCP " (flowbits:isset,n; sid:3;)\n" TLS
	     " (ssl_version:sslv3,tls1.0; tls.cert_serial; content:\"0a\"; sid:4; rev:2;)\n" TLS
	     " (sid:4; rev:3;)\n" DNS " (dns.query; dataset:isset,s,type string,load x; sid:5;)\n";

static int run(void)
{
	struct ips_rules *r = ips_rules_new();
	struct sk_err err;
	int e = r ? 0 : -ENOMEM;

	if (e == 0)
		e = ips_rules_var(r, "HOME_NET", "[10.0.0.0/8,fe80::/10]", &err);
	if (e == 0)
		e = ips_rules_classification(r, classes, strlen(classes), &err);
	if (e == 0)
		e = ips_rules_parse(r, "f", text, strlen(text));
	if (e == 0)
		e = ips_rules_thresholds(r, "t", limits, strlen(limits), &err);
	if (e == 0) {
		ips_rules_finish(r);
		assert_int_equal(ips_rules_count(r) + ips_rules_refused_count(r), 5);
	}
	ips_rules_free(r);
	return e;
}

static int run_policy(void)
{
	static const char json[] =
		"{\"criteria\": [{\"class\": [\"a\", \"b\"], \"action\": \"drop\"}], \"rules\": "
		"[{\"path\": \"x\"}], \"exceptions\": [{\"sid\": 1, \"action\": \"drop\"}]}";
	struct ips_policy *p = NULL;
	struct sk_err err = {0};
	int e = ips_policy_parse(&p, json, strlen(json), &err);

	ips_policy_free(p);
	return e;
}

static void sweep(int (*fn)(void))
{
	long at;

	for (at = 0; at < 10000; at++) {
		int e;

		left = at;
		failed = 0;
		e = fn();
		left = -1;
		if (failed == 0) {
			assert_int_equal(e, 0);
			break;
		}
		/* Only forgetting what was remembered is survivable. */
		assert_true(e == -ENOMEM || e == 0 || e == -EINVAL);
	}
	assert_true(at > 2 && at < 10000);
}

static void rules(void **state)
{
	sweep(run);
}

static void policy(void **state)
{
	sweep(run_policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules),
		cmocka_unit_test(policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
