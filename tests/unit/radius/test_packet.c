// SPDX-License-Identifier: GPL-2.0-or-later
/* Packets of RFC 5176 and 5997, checked against code of the test's own; secrets by name. */
#include "tests/unit/lib/unit.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/radius/coa.h"
#include "mgmt/radius/secrets.h"

static const char secret[] = "xyzzy5461";

static struct mg_coa_request request(enum mg_coa_code code)
{
	struct mg_coa_request q = {.code = code, .id = 42, .time = 1796000000};

	memcpy(q.session.mac, "001a2b3c4d5e", 13);
	snprintf(q.session.nas_ip, sizeof(q.session.nas_ip), "192.0.2.1");
	q.session.port = 7;
	q.session.session.n = 4;
	memcpy(q.session.session.b, "a\0b|", 4);
	return q;
}

static void md5(const void *a, size_t n, uint8_t out[16])
{
	uint8_t all[MG_COA_PACKET_MAX + 64];

	memcpy(all, a, n);
	memcpy(all + n, secret, strlen(secret));
	assert_int_equal(gnutls_hash_fast(GNUTLS_DIG_MD5, all, n + strlen(secret), out), 0);
}

/* An answer as RFC 5176, 3 has it. */
static size_t answer(const struct mg_coa_packet *q, uint8_t code, bool ma, uint8_t *p)
{
	size_t n = 26;

	memset(p, 0, 64);
	p[0] = code;
	p[1] = q->b[1];
	memcpy(p + 4, q->b + 4, 16);
	memcpy(p + 20, "\x65\x06\x00\x00\x01\xf7", 6); /* Error-Cause 503 */
	if (ma) {
		p[n] = 80;
		p[n + 1] = 18;
		n += 18;
	}
	p[3] = (uint8_t)n;
	if (ma)
		assert_int_equal(
			gnutls_hmac_fast(GNUTLS_MAC_MD5, secret, strlen(secret), p, n, p + n - 16),
			0);
	md5(p, n, p + 4);
	return n;
}

static void test_disconnect(void **state)
{
	static const uint8_t attrs[] = "\x04\x06\xc0\x00\x02\x01\x1f\x13"
				       "00-1A-2B-3C-4D-5E"
				       "\x05\x06\x00\x00\x00\x07\x2c\x06"
				       "a\0b|\x37\x06\x6b\x0c\xc9\x00";
	struct mg_coa_request q = request(MG_COA_DISCONNECT);
	struct mg_coa_packet p;
	uint8_t copy[MG_COA_PACKET_MAX], want[16];

	assert_int_equal(mg_coa_build(&q, secret, &p), 0);
	assert_int_equal(p.b[0], 40);
	assert_int_equal(p.b[1], 42);
	assert_int_equal(p.b[2] << 8 | p.b[3], p.n);
	assert_int_equal(p.n, 20 + 18 + sizeof(attrs) - 1);
	assert_int_equal(p.b[20], 80);
	assert_memory_equal(p.b + 38, attrs, sizeof(attrs) - 1);
	memcpy(copy, p.b, p.n);
	memset(copy + 4, 0, 16);
	md5(copy, p.n, want);
	assert_memory_equal(p.b + 4, want, 16);
	memset(copy + 22, 0, 16);
	gnutls_hmac_fast(GNUTLS_MAC_MD5, secret, strlen(secret), copy, p.n, want);
	assert_memory_equal(p.b + 22, want, 16);
}

static void test_change(void **state)
{
	static const uint8_t vlan[] = "\x40\x06\x00\x00\x00\x0d\x41\x06\x00\x00\x00\x06\x51\x04"
				      "61\x1b\x06\x00\x00\x02\x58";
	struct mg_coa_request q = request(MG_COA_CHANGE);
	struct mg_coa_packet p;

	snprintf(q.vlan, sizeof(q.vlan), "61");
	q.seconds = 600;
	assert_int_equal(mg_coa_build(&q, secret, &p), 0);
	assert_int_equal(p.b[0], 43);
	assert_non_null(memmem(p.b, p.n, vlan, sizeof(vlan) - 1));
	memset(&q.session, 0, sizeof(q.session));
	assert_int_equal(mg_coa_build(&q, secret, &p), -EINVAL);
	q = request(MG_COA_CHANGE);
	assert_int_equal(mg_coa_build(&q, "", &p), -EINVAL);
}

static void test_verify(void **state)
{
	struct mg_coa_request q = request(MG_COA_DISCONNECT);
	struct mg_coa_reply reply = {0};
	struct mg_coa_packet p;
	uint8_t a[64];
	size_t n;

	assert_int_equal(mg_coa_build(&q, secret, &p), 0);
	for (int ma = 0; ma < 2; ma++) {
		n = answer(&p, MG_COA_DISCONNECT_NAK, ma, a);
		assert_int_equal(mg_coa_verify(a, n, &p, secret, &reply), 0);
		assert_int_equal(reply.code, MG_COA_DISCONNECT_NAK);
		assert_int_equal(reply.error_cause, 503);
		assert_int_equal(mg_coa_verify(a, n + 5, &p, secret, &reply), 0); /* padding */
		assert_int_equal(mg_coa_verify(a, n, &p, "another1", &reply), -EACCES);
		/* Each bit counts. */
		for (size_t i = 0; i < n; i++) {
			a[i] ^= 1;
			assert_true(mg_coa_verify(a, n, &p, secret, &reply) < 0);
			a[i] ^= 1;
		}
		for (size_t i = 0; i < n; i++)
			assert_int_equal(mg_coa_verify(a, i, &p, secret, &reply), -EBADMSG);
	}
	/* A right Response Authenticator does not excuse a wrong Message-Authenticator. */
	n = answer(&p, MG_COA_DISCONNECT_ACK, true, a);
	memcpy(a + 4, p.b + 4, 16);
	a[n - 1] ^= 1;
	md5(a, n, a + 4);
	assert_int_equal(mg_coa_verify(a, n, &p, secret, &reply), -EACCES);
	n = answer(&p, MG_COA_CHANGE_ACK, true, a);
	assert_int_equal(mg_coa_verify(a, n, &p, secret, &reply), -ENOMSG);
	n = answer(&p, MG_COA_DISCONNECT_ACK, true, a);
	a[1]++;
	assert_int_equal(mg_coa_verify(a, n, &p, secret, &reply), -ENOMSG);
	assert_string_equal(mg_coa_error_name(503), "session_context_not_found");
	assert_string_equal(mg_coa_error_name(7), "");
}

static void test_status(void **state)
{
	struct mg_coa_request q = {.code = MG_COA_STATUS, .id = 1, .nonce = "0123456789abcde"};
	struct mg_coa_reply reply = {0};
	struct mg_coa_packet p;
	uint8_t a[64], want[16];
	size_t n;

	assert_int_equal(mg_coa_build(&q, secret, &p), 0);
	assert_int_equal(p.n, 38);
	assert_memory_equal(p.b + 4, q.nonce, 16);
	memcpy(a, p.b, p.n);
	memset(a + 22, 0, 16);
	gnutls_hmac_fast(GNUTLS_MAC_MD5, secret, strlen(secret), a, p.n, want);
	assert_memory_equal(p.b + 22, want, 16);
	n = answer(&p, 2, true, a);
	assert_int_equal(mg_coa_verify(a, n, &p, secret, &reply), 0);
	n = answer(&p, 3, true, a);
	assert_int_equal(mg_coa_verify(a, n, &p, secret, &reply), -ENOMSG);
}

static void test_secrets(void **state)
{
	static const char text[] =
		"# a:comment\n\nsw1:abcdefgh\nsw10:other-one\nbad:short\n"
		"#sw2:abcdefgh\nblank: abcdefgh\ncolon:abc:defgh\nlast:the-last-one";
	char s[32];

	assert_int_equal(mg_radius_secret(text, "sw1", s, sizeof(s)), 0);
	assert_string_equal(s, "abcdefgh");
	assert_int_equal(mg_radius_secret(text, "sw10", s, sizeof(s)), 0);
	assert_string_equal(s, "other-one");
	assert_int_equal(mg_radius_secret(text, "last", s, sizeof(s)), 0);
	assert_int_equal(mg_radius_secret(text, "sw2", s, sizeof(s)), -ENOENT);
	assert_int_equal(mg_radius_secret(text, "sw", s, sizeof(s)), -ENOENT);
	assert_int_equal(mg_radius_secret(text, "bad", s, sizeof(s)), -EINVAL);
	assert_int_equal(mg_radius_secret(text, "blank", s, sizeof(s)), -EINVAL);
	assert_int_equal(mg_radius_secret(text, "colon", s, sizeof(s)), -EINVAL);
	assert_int_equal(mg_radius_secret(text, "last", s, 8), -EINVAL);
	assert_int_equal(mg_radius_secret("", "x", s, sizeof(s)), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_disconnect),
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_verify),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
