/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decompression: every kind, cut anywhere, wrong input, a receiver that has enough, memory refused.
 */
#include "tests/unit/lib/unit.h"

#include <zlib.h>

#include "ips/proto/unpack.h"
#include "lib/buf.h"
#include "lib/util.h"

static const char text[] = "text that is text that is compressed, compressed text";

/* The text above by brotli, quality 9. */
static const uint8_t brotli[] = {0x1b, 0x34, 0x00, 0x00, 0xc4, 0x29, 0x47, 0xda, 0x3c, 0xb5, 0x0a,
	0xdb, 0x25, 0x38, 0x6c, 0xc0, 0x81, 0x43, 0x82, 0x01, 0x47, 0x30, 0xd8, 0xb0, 0x31, 0x76,
	0xbc, 0x5e, 0x21, 0xa8, 0xe5, 0x87, 0x63, 0x16, 0xaa, 0xeb, 0xe4, 0xc7, 0x84, 0x0e};

struct take {
	struct sk_buf b;
	size_t enough;
};

static bool take(const uint8_t *p, size_t n, void *arg)
{
	struct take *t = arg;

	sk_buf_put(&t->b, p, n);
	return t->b.len < t->enough;
}

static size_t deflate_to(uint8_t *out, size_t room, const void *p, size_t n, int window)
{
	z_stream z = {0};

	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, window, 9, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (Bytef *)p;
	z.avail_in = (uInt)n;
	z.next_out = out;
	z.avail_out = (uInt)room;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return z.total_out;
}

static enum ips_unpack_result run(struct ips_mem *m, struct take *t, enum ips_unpack_kind kind,
	const uint8_t *p, size_t n, size_t cut)
{
	struct ips_unpack *u = ips_unpack_new(m, kind);
	enum ips_unpack_result r = IPS_UNPACK_OK;

	sk_buf_init(&t->b, 64 << 20);
	for (size_t i = 0; u && i < n && r == IPS_UNPACK_OK; i += cut)
		r = ips_unpack_feed(u, p + i, SK_MIN(cut, n - i), take, t);
	ips_unpack_free(u);
	assert_int_equal(m->used, 0);
	return u ? r : IPS_UNPACK_BAD;
}

static void test_kinds(void **state)
{
	static const struct {
		enum ips_unpack_kind kind;
		int window;
	} kinds[] = {{IPS_UNPACK_GZIP, 31}, {IPS_UNPACK_DEFLATE, 15}, {IPS_UNPACK_DEFLATE, -15}};
	struct ips_mem m = {.max = 1 << 20};

	for (size_t i = 0; i < SK_ARRAY_SIZE(kinds); i++) {
		uint8_t z[256];
		size_t n = deflate_to(z, sizeof(z), text, sizeof(text) - 1, kinds[i].window);

		for (size_t cut = 1; cut <= n; cut++) {
			struct take t = {.enough = SIZE_MAX};

			assert_int_equal(run(&m, &t, kinds[i].kind, z, n, cut), IPS_UNPACK_END);
			assert_string_equal(sk_buf_str(&t.b), text);
			sk_buf_done(&t.b);
		}
	}
}

static void test_brotli(void **state)
{
	struct ips_mem m = {.max = 1 << 20};

	for (size_t cut = 1; cut <= sizeof(brotli); cut++) {
		struct take t = {.enough = SIZE_MAX};

		assert_int_equal(run(&m, &t, IPS_UNPACK_BROTLI, brotli, sizeof(brotli), cut),
			IPS_UNPACK_END);
		assert_string_equal(sk_buf_str(&t.b), text);
		sk_buf_done(&t.b);
	}
}

static void test_two_gzip_files(void **state)
{
	struct ips_mem m = {.max = 1 << 20};
	struct take t = {.enough = SIZE_MAX};
	uint8_t z[256];
	size_t n = deflate_to(z, sizeof(z), "one", 3, 31);

	n += deflate_to(z + n, sizeof(z) - n, "two", 3, 31);
	memcpy(z + n, "JUNK", 4);
	assert_int_equal(run(&m, &t, IPS_UNPACK_GZIP, z, n + 4, n + 4), IPS_UNPACK_END);
	assert_string_equal(sk_buf_str(&t.b), "onetwo");
	sk_buf_done(&t.b);
}

static void test_wrong(void **state)
{
	struct ips_mem m = {.max = 1 << 20};
	static const uint8_t junk[] = "no compressed content at all";

	for (int kind = IPS_UNPACK_GZIP; kind <= IPS_UNPACK_BROTLI; kind++) {
		struct take t = {.enough = SIZE_MAX};

		assert_int_equal(run(&m, &t, (enum ips_unpack_kind)kind, junk, sizeof(junk), 7),
			IPS_UNPACK_BAD);
		sk_buf_done(&t.b);
	}
}

static void test_enough(void **state)
{
	static uint8_t zeros[8 << 20], z[65536];
	struct ips_mem m = {.max = 1 << 20};
	struct take t = {.enough = 100000};
	size_t n = deflate_to(z, sizeof(z), zeros, sizeof(zeros), 31);

	assert_int_equal(run(&m, &t, IPS_UNPACK_GZIP, z, n, n), IPS_UNPACK_ENOUGH);
	assert_true(t.b.len >= 100000 && t.b.len < 110000);
	sk_buf_done(&t.b);
}

static void test_no_memory(void **state)
{
	uint8_t z[256];
	size_t n = deflate_to(z, sizeof(z), text, sizeof(text) - 1, 31);

	for (uint64_t max = 0; max < 12000; max += 500) {
		struct ips_mem m = {.max = max};
		struct take t = {.enough = SIZE_MAX};

		assert_int_not_equal(run(&m, &t, IPS_UNPACK_GZIP, z, n, n), IPS_UNPACK_OK);
		sk_buf_done(&t.b);
		assert_int_equal(
			run(&m, &t, IPS_UNPACK_BROTLI, brotli, sizeof(brotli), 3), IPS_UNPACK_BAD);
		sk_buf_done(&t.b);
	}
}

static void test_names(void **state)
{
#define KIND(s) ips_unpack_kind((const uint8_t *)(s), sizeof(s) - 1)
	assert_int_equal(KIND("gzip"), IPS_UNPACK_GZIP);
	assert_int_equal(KIND("X-GZip"), IPS_UNPACK_GZIP);
	assert_int_equal(KIND("deflate"), IPS_UNPACK_DEFLATE);
	assert_int_equal(KIND("br"), IPS_UNPACK_BROTLI);
	assert_int_equal(KIND("identity"), -1);
	assert_int_equal(KIND(""), -1);
#undef KIND
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_brotli),
		cmocka_unit_test(test_two_gzip_files),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_enough),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
