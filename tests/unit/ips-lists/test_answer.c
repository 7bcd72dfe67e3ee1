/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The gateway's own answers of DNS, byte by byte; names of certificates. */
#include "ips/proto/dns_answer.h"
#include "ips/proto/tls_names.h"
#include "lib/buf.h"
#include "tests/unit/lib/unit.h"

#include <string.h>

#define HEAD(flags, qd, ar) "\x12\x34" flags qd "\0\0\0\0" ar
#define QUESTION(type) "\4EviL\7example\0\0" type "\0\1"
#define OPT(flags) "\0\0\x29\4\xd0\0\0" flags "\0\0"
#define SOA_HEAD "\xc0\x0c\0\6\0\1\0\0\0\x3c\0\x3d"
#define SOA                                                                                        \
	SOA_HEAD "\7blocked\7sekisho\7invalid\0\6nobody\7invalid\0\0\0\0\1\0\0\7\x08\0\0\3\x84\0"  \
		 "\x09"                                                                            \
		 "\x3a\x80\0\0\0\x3c"
#define EDE(flags) "\0\0\x29\4\xd0\0\0" flags "\0\6\0\x0f\0\2\0\x0f"
#define V(s) ((struct ips_view){(const uint8_t *)(s), sizeof(s) - 1})

static const struct ips_dns_answer_how none = {.address = false};
static const struct ips_addr v4 = {{0x01020304}};

static void answers(
	struct ips_view query, const struct ips_dns_answer_how *how, struct ips_view want)
{
	uint8_t dst[IPS_DNS_ANSWER_MAX];
	uint32_t n = ips_dns_answer(query, how, dst);

	assert_int_equal(n, want.len);
	assert_memory_equal(dst, want.data, n);
}

static void test_nxdomain(void **state)
{
	answers(V(HEAD("\1\0", "\0\1", "\0\0") QUESTION("\1")), &none,
		V("\x12\x34\x81\x83\0\1\0\0\0\1\0\0" QUESTION("\1") SOA));
	/* CD comes back, AD does not; a type nobody knows is no matter. */
	answers(V(HEAD("\1\x30", "\0\1", "\0\0") QUESTION("\x63")), &none,
		V("\x12\x34\x81\x93\0\1\0\0\0\1\0\0" QUESTION("\x63") SOA));
	answers(V(HEAD("\1\0", "\0\1", "\0\1") QUESTION("\1") OPT("\0\0")), &none,
		V("\x12\x34\x81\x83\0\1\0\0\0\1\0\1" QUESTION("\1") SOA EDE("\0\0")));
	answers(V(HEAD("\1\0", "\0\1", "\0\1") QUESTION("\1") OPT("\x80\0")), &none,
		V("\x12\x34\x81\x83\0\1\0\0\0\1\0\1" QUESTION("\1") SOA EDE("\x80\0")));
}

/* A cookie comes back; one of an impossible length does not. */
static void test_cookie(void **state)
{
	answers(V(HEAD("\1\0", "\0\1", "\0\1") QUESTION("\1") "\0\0\x29\4\xd0\0\0\0\0\0\x0c"
							      "\0\x0a\0\x08"
							      "cookies!"),
		&none,
		V("\x12\x34\x81\x83\0\1\0\0\0\1\0\1" QUESTION("\1") SOA
			"\0\0\x29\4\xd0\0\0\0\0\0\x12\0\x0f\0\2\0\x0f\0\x0a\0\x08"
			"cookies!"));
	answers(V(HEAD("\1\0", "\0\1", "\0\1") QUESTION("\1") "\0\0\x29\4\xd0\0\0\0\0\0\6"
							      "\0\x0a\0\2"
							      "ab"),
		&none, V("\x12\x34\x81\x83\0\1\0\0\0\1\0\1" QUESTION("\1") SOA EDE("\0\0")));
}

/* What came from the server: its question is answered anew, its records are not. */
static void test_replaced(void **state)
{
	answers(V("\x12\x34\x81\x80\0\1\0\1\0\0\0\0" QUESTION(
			"\1") "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\1\2\3\4"),
		&none, V("\x12\x34\x81\x83\0\1\0\0\0\1\0\0" QUESTION("\1") SOA));
}

static void test_address(void **state)
{
	const struct ips_dns_answer_how how = {.address = true, .a = &v4};
	struct ips_view a;
	uint8_t want[512];

	a = V("\x12\x34\x81\x80\0\1\0\1\0\0\0\0" QUESTION("\1") "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4");
	memcpy(want, a.data, a.len);
	memcpy(want + a.len, v4.w, 4);
	answers(V(HEAD("\1\0", "\0\1", "\0\0") QUESTION("\1")), &how,
		(struct ips_view){want, a.len + 4});
	/* No address of that type: no data. */
	answers(V(HEAD("\1\0", "\0\1", "\0\0") QUESTION("\x1c")), &how,
		V("\x12\x34\x81\x80\0\1\0\0\0\1\0\0" QUESTION("\x1c") SOA));
	answers(V(HEAD("\1\0", "\0\1", "\0\0") QUESTION("\x41")), &how,
		V("\x12\x34\x81\x80\0\1\0\0\0\1\0\0" QUESTION("\x41") SOA));
}

static void test_not(void **state)
{
	const struct ips_view odd[] = {
		V(""), V(HEAD("\1\0", "\0\0", "\0\0")),
		V(HEAD("\1\0", "\0\2", "\0\0") QUESTION("\1") QUESTION("\1")),
		V(HEAD("\1\0", "\0\1", "\0\0") "\4EviL\7example"),
		V(HEAD("\1\0", "\0\1", "\0\0") "\4EviL\7example\0\0\1"),
		V(HEAD("\1\0", "\0\1", "\0\0") "\xc0\x0c\0\1\0\1"), /* a pointer to itself */
		V(HEAD("\1\0", "\0\1", "\0\0") "\4EviL\7example\0\0\1\0\3"), /* CHAOS */
		V(HEAD("\x29\0", "\0\1", "\0\0") QUESTION("\1")),            /* an update */
	};
	uint8_t dst[IPS_DNS_ANSWER_MAX];

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		assert_int_equal(ips_dns_answer(odd[i], &none, dst), 0);
}

/* The longest question still fits. */
static void test_longest(void **state)
{
	uint8_t msg[400] = "\x12\x34\1\0\0\1\0\0\0\0\0\1", dst[IPS_DNS_ANSWER_MAX];
	uint32_t n = 12;

	for (unsigned i = 0; i < 127; i++) {
		msg[n++] = 1;
		msg[n++] = 'a';
	}
	memcpy(msg + n, "\0\0\1\0\1" OPT("\x80\0"), 5 + 11);
	n = ips_dns_answer((struct ips_view){msg, n + 16}, &none, dst);
	assert_true(n > 0 && n <= sizeof(dst));
}

static bool covers(const char *name, const char *host)
{
	return ips_cert_name_covers(
		(struct ips_view){(const uint8_t *)name, (uint32_t)strlen(name)},
		(struct ips_view){(const uint8_t *)host, (uint32_t)strlen(host)});
}

static void test_covers(void **state)
{
	assert_true(covers("a.example", "A.Example"));
	assert_true(covers("*.example", "a.example"));
	assert_true(covers("*.Example", "long.example"));
	assert_false(covers("*.example", "a.b.example"));
	assert_false(covers("*.example", "example"));
	assert_false(covers("*.example", ".example"));
	assert_false(covers("a.example", "b.example"));
	assert_false(covers("*", "example"));
	assert_false(covers("", ""));
}

static bool take(struct ips_view name, void *arg)
{
	struct sk_buf *b = arg;

	sk_buf_put(b, name.data, name.len);
	sk_buf_putc(b, ' ');
	return false;
}

/* A certificate's skeleton: version, serial, algorithm, issuer, validity, subject, key, extensions.
 */
static void test_names(void **state)
{
	static const char cert[] = "\x30\x5d\x30\x5b"
				   "\xa0\3\2\1\2\2\1\1\x30\0\x30\0\x30\0"
				   "\x30\x10\x31\x0e\x30\x0c\6\3\x55\4\3\x0c\5"
				   "cn.ex"
				   "\x30\0"
				   "\xa3\x37\x30\x35"
				   "\x30\x0c\6\3\x55\x1d\x13\1\1\xff\4\2\x30\0"
				   "\x30\x25\6\3\x55\x1d\x11\4\x1e\x30\x1c"
				   "\x82\4*.ex\x87\4\1\2\3\4\x82\6"
				   "two.ex"
				   "\x86\6u://x/";
	struct ips_view all = V(cert);
	struct sk_buf b;

	sk_buf_init(&b, 4096);
	ips_cert_names(all, take, &b);
	assert_string_equal(sk_buf_str(&b), "cn.ex *.ex two.ex ");
	/* Cut anywhere it says no more than it did. */
	for (uint32_t n = 0; n < all.len; n++) {
		sk_buf_reset(&b);
		ips_cert_names((struct ips_view){all.data, n}, take, &b);
		assert_true(strncmp("cn.ex *.ex two.ex ", sk_buf_str(&b), b.len) == 0);
	}
	sk_buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nxdomain),
		cmocka_unit_test(test_cookie),
		cmocka_unit_test(test_replaced),
		cmocka_unit_test(test_address),
		cmocka_unit_test(test_not),
		cmocka_unit_test(test_longest),
		cmocka_unit_test(test_covers),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
