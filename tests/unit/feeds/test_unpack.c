// SPDX-License-Identifier: GPL-2.0-or-later
/* Packed feeds within their bound, damaged ones, and hashes and signatures that fit or do not. */
#include "tests/unit/lib/unit.h"

#include <sodium.h>
#include <zlib.h>

#include "lib/util.h"
#include "mgmt/feeds/unpack.h"
#include "mgmt/feeds/verify.h"

#define TEXT "a.test\nb.test\n"

static void pack(struct sk_buf *out, int window, const void *p, size_t n)
{
	z_stream z = {.next_in = (Bytef *)p, .avail_in = (uInt)n};
	uint8_t chunk[65536];
	int r;

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
	do {
		z.next_out = chunk;
		z.avail_out = sizeof(chunk);
		r = deflate(&z, Z_FINISH);
		sk_buf_put(out, chunk, sizeof(chunk) - z.avail_out);
	} while (r != Z_STREAM_END);
	deflateEnd(&z);
}

static int unpack(const struct sk_buf *in, size_t max, struct sk_buf *out, struct sk_err *err)
{
	sk_buf_init(out, max);
	return mg_feed_unpack(in->data, in->len, out, err);
}

static void gzip_files(void **state)
{
	struct sk_buf in, out;
	struct sk_err err = {0};

	sk_buf_init(&in, 1u << 20);
	pack(&in, 16 + MAX_WBITS, TEXT, strlen(TEXT));
	assert_int_equal(unpack(&in, 100, &out, &err), 1);
	assert_string_equal(sk_buf_str(&out), TEXT);
	sk_buf_done(&out);
	/* Every way to cut it, and a byte changed in its check sum. */
	for (size_t n = 3; n < in.len; n++) {
		sk_buf_init(&out, 100);
		assert_int_equal(mg_feed_unpack(in.data, n, &out, &err), -EBADMSG);
		sk_buf_done(&out);
	}
	in.data[in.len - 6] ^= 1;
	assert_int_equal(unpack(&in, 100, &out, &err), -EBADMSG);
	sk_buf_done(&out);
	in.data[in.len - 6] ^= 1;
	/* A second member belongs to it, what is none does not. */
	pack(&in, 16 + MAX_WBITS, "c.test\n", 7);
	assert_int_equal(unpack(&in, 100, &out, &err), 1);
	assert_string_equal(sk_buf_str(&out), TEXT "c.test\n");
	sk_buf_done(&out);
	sk_buf_puts(&in, "garbage");
	assert_int_equal(unpack(&in, 100, &out, &err), -EBADMSG);
	sk_buf_done(&out);
	sk_buf_done(&in);
}

static void bombs(void **state)
{
	char *zeros = calloc(1, 8u << 20);
	struct sk_buf in, out;
	struct sk_err err = {0};

	sk_buf_init(&in, 1u << 20);
	pack(&in, 16 + MAX_WBITS, zeros, 8u << 20);
	assert_true(in.len < 16384);
	assert_int_equal(unpack(&in, 1u << 20, &out, &err), -EFBIG);
	assert_true(out.cap <= (2u << 20));
	assert_string_equal(err.path, "max_bytes");
	sk_buf_done(&out);
	/* At its bound it is whole. */
	assert_int_equal(unpack(&in, 8u << 20, &out, &err), 1);
	sk_buf_done(&out);
	sk_buf_done(&in);
	free(zeros);
}

/* A local header, and the data behind it. */
static void put_zip(
	struct sk_buf *b, uint16_t flags, uint16_t method, uint32_t crc, uint32_t packed)
{
	const uint8_t h[30] = {'P', 'K', 3, 4, 20, 0, (uint8_t)flags, (uint8_t)(flags >> 8),
		(uint8_t)method, 0, 0, 0, 0, 0, (uint8_t)crc, (uint8_t)(crc >> 8),
		(uint8_t)(crc >> 16), (uint8_t)(crc >> 24), (uint8_t)packed, (uint8_t)(packed >> 8),
		0, 0, 0, 0, 0, 0, 5, 0, 0, 0};

	sk_buf_init(b, 1u << 20);
	sk_buf_put(b, h, sizeof(h));
	sk_buf_puts(b, "a.csv");
}

static void zip_files(void **state)
{
	const uint32_t crc = (uint32_t)crc32(0, (const Bytef *)TEXT, strlen(TEXT));
	struct sk_buf in, out;
	struct sk_err err = {0};

	put_zip(&in, 0, 8, crc, 0);
	pack(&in, -MAX_WBITS, TEXT, strlen(TEXT));
	assert_int_equal(unpack(&in, 100, &out, &err), 1);
	assert_string_equal(sk_buf_str(&out), TEXT);
	sk_buf_done(&out);
	sk_buf_done(&in);
	put_zip(&in, 0, 0, crc, strlen(TEXT));
	sk_buf_puts(&in, TEXT "PK\1\2");
	assert_int_equal(unpack(&in, 100, &out, &err), 1);
	assert_string_equal(sk_buf_str(&out), TEXT);
	sk_buf_done(&out);
	in.len = 40;
	assert_int_equal(unpack(&in, 100, &out, &err), -EBADMSG);
	sk_buf_done(&out);
	sk_buf_done(&in);
	put_zip(&in, 0, 8, crc ^ 1, 0);
	pack(&in, -MAX_WBITS, TEXT, strlen(TEXT));
	assert_int_equal(unpack(&in, 100, &out, &err), -EBADMSG);
	sk_buf_done(&out);
	sk_buf_done(&in);
	put_zip(&in, 1, 8, crc, 0); /* encrypted */
	assert_int_equal(unpack(&in, 100, &out, &err), -EBADMSG);
	sk_buf_done(&out);
	sk_buf_done(&in);
}

static void plain_files(void **state)
{
	static const char *const plain[] = {"", "P", "PK", "a.test\n", "\x1f", "\x1f\x8b"};
	struct sk_buf out;

	sk_buf_init(&out, 10);
	for (size_t i = 0; i < SK_ARRAY_SIZE(plain); i++)
		assert_int_equal(mg_feed_unpack(plain[i], strlen(plain[i]), &out, NULL), 0);
	sk_buf_done(&out);
}

/* ---- what vouches for it ----
 */
#define SUM                                                                                        \
	"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" /* "abc", FIPS 180      \
									    */
#define NIL "0000000000000000000000000000000000000000000000000000000000000000"

static int sums(const char *text)
{
	return mg_verify_sha256_text(text, strlen(text), "list.txt", "abc", 3, NULL);
}

static void hashes(void **state)
{
	struct sk_err err = {0};

	assert_int_equal(mg_verify_sha256(SUM, "abc", 3, NULL), 0);
	assert_int_equal(mg_verify_sha256(NIL, "abc", 3, &err), -EBADMSG);
	assert_non_null(strstr(err.en, SUM));
	assert_int_equal(sums(SUM), 0);
	assert_int_equal(sums(SUM "\n"), 0);
	assert_int_equal(sums("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD "
			      " list.txt\r\n"),
		0);
	assert_int_equal(sums(SUM "  another.txt\n"), 0); /* the only one */
	assert_int_equal(sums(NIL "  a\n" SUM " *dir/list.txt\n"), 0);
	assert_int_equal(sums(SUM "  a\n" NIL "  list.txt\n"), -EBADMSG);
	assert_int_equal(sums(SUM "  a\n" SUM "  b\n"), -EBADMSG); /* which? */
	assert_int_equal(sums(""), -EBADMSG);
	assert_int_equal(sums("<html>not found</html>"), -EBADMSG);
	assert_int_equal(sums(SUM "0\n"), -EBADMSG);
}

struct signer {
	uint8_t public[32], secret[64];
	char key[128], raw[64];
};

static void b64(char *dst, size_t cap, const void *p, size_t n)
{
	sodium_bin2base64(dst, cap, p, n, sodium_base64_VARIANT_ORIGINAL);
}

static void signer_init(struct signer *s)
{
	uint8_t seed[32] = {7}, key[42] = "EdNUMBER_1";

	crypto_sign_seed_keypair(s->public, s->secret, seed);
	memcpy(key + 10, s->public, 32);
	b64(s->key, sizeof(s->key), key, sizeof(key));
	b64(s->raw, sizeof(s->raw), s->public, 32);
}

static size_t minisign(
	const struct signer *s, const char *algorithm, const char *text, char *dst, size_t cap)
{
	const char comment[] = "timestamp:1796000000\tfile:list.txt";
	uint8_t head[74], all[64 + sizeof(comment) - 1], hash[64], global[64];
	char one[128], two[128];

	memcpy(head, algorithm, 2);
	memcpy(head + 2, "NUMBER_1", 8);
	if (algorithm[1] == 'D') {
		crypto_generichash(hash, 64, (const uint8_t *)text, strlen(text), NULL, 0);
		crypto_sign_detached(head + 10, NULL, hash, 64, s->secret);
	} else {
		crypto_sign_detached(
			head + 10, NULL, (const uint8_t *)text, strlen(text), s->secret);
	}
	memcpy(all, head + 10, 64);
	memcpy(all + 64, comment, sizeof(comment) - 1);
	crypto_sign_detached(global, NULL, all, sizeof(all), s->secret);
	b64(one, sizeof(one), head, sizeof(head));
	b64(two, sizeof(two), global, sizeof(global));
	return (size_t)snprintf(dst, cap,
		"untrusted comment: signature\n%s\ntrusted comment: %s\n%s\n", one, comment, two);
}

static void signatures(void **state)
{
	struct signer s;
	struct sk_err err = {0};
	uint8_t raw[64];
	char text[1024], hex[129];
	struct mg_signed g = {text, 0, "abc", 3};

	signer_init(&s);
	for (int i = 0; i < 2; i++) {
		g.sig_len = minisign(&s, i ? "ED" : "Ed", "abc", text, sizeof(text));
		assert_int_equal(mg_verify_minisign(s.key, &g, &err), 0);
		/* No byte of it may change, but those of the first comment. */
		for (size_t at = strlen("untrusted comment: signature\n"); at < g.sig_len; at++) {
			text[at] ^= 1;
			if (text[at] != '\r' && at + 1 < g.sig_len)
				assert_int_equal(mg_verify_minisign(s.key, &g, &err), -EBADMSG);
			text[at] ^= 1;
		}
	}
	g.p = "abd";
	assert_int_equal(mg_verify_minisign(s.key, &g, &err), -EBADMSG);
	g.p = "abc";
	assert_int_equal(mg_verify_minisign("RWQ", &g, &err), -EBADMSG);
	crypto_sign_detached(raw, NULL, (const uint8_t *)"abc", 3, s.secret);
	g = (struct mg_signed){(char *)raw, 64, "abc", 3};
	assert_int_equal(mg_verify_ed25519(s.raw, &g, &err), 0);
	sk_hex(hex, raw, 64);
	g = (struct mg_signed){hex, 128, "abc", 3};
	assert_int_equal(mg_verify_ed25519(s.raw, &g, &err), 0);
	hex[0] = hex[0] == '0' ? '1' : '0';
	assert_int_equal(mg_verify_ed25519(s.raw, &g, &err), -EBADMSG);
	g.sig_len = 0;
	assert_int_equal(mg_verify_ed25519(s.raw, &g, &err), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(gzip_files), cmocka_unit_test(bombs),
		cmocka_unit_test(zip_files), cmocka_unit_test(plain_files),
		cmocka_unit_test(hashes), cmocka_unit_test(signatures)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
