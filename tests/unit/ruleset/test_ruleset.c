// SPDX-License-Identifier: GPL-2.0-or-later
/* Archives of rules, good and bad, and which of their rules are new. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include <zlib.h>

#include "lib/util.h"
#include "mgmt/ruleset/split.h"

#define NOW 1790000000

static void put_entry(struct sk_buf *b, const char *name, char type, const char *data)
{
	char h[512] = {0};
	size_t n = strlen(data);
	unsigned sum = 0;

	snprintf(h, 100, "%s", name);
	snprintf(h + 124, 12, "%011o", (unsigned)n);
	h[156] = type;
	memcpy(h + 257, "ustar\00000", 8);
	memset(h + 148, ' ', 8);
	for (size_t i = 0; i < sizeof(h); i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 8, "%06o", sum);
	sk_buf_put(b, h, sizeof(h));
	sk_buf_put(b, data, n);
	memset(h, 0, sizeof(h));
	sk_buf_put(b, h, (512 - n % 512) % 512);
}

static void gzip(const struct sk_buf *in, struct sk_buf *out)
{
	z_stream z = {.next_in = in->data, .avail_in = (uInt)in->len};
	uint8_t chunk[65536];
	int r;

	assert_int_equal(
		deflateInit2(&z, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
	do {
		z.next_out = chunk;
		z.avail_out = sizeof(chunk);
		r = deflate(&z, Z_FINISH);
		sk_buf_put(out, chunk, sizeof(chunk) - z.avail_out);
	} while (r == Z_OK);
	deflateEnd(&z);
}

static const char archive_rules[] = "# a comment\n\nalert a (sid:1;)\n"
				    "  alert b (msg:\"long\"; \\\n\tsid:2;)  \r\n"
				    "#alert off (sid:3;)\n";

static void archives(void **state)
{
	struct sk_buf tar, gz;
	struct sk_err err = {0};
	struct mg_pack *k = NULL;
	const struct mg_pack_file *f;
	size_t n;

	sk_buf_init(&tar, 1 << 20);
	sk_buf_init(&gz, 1 << 20);
	put_entry(&tar, "./rules/", '5', "");
	put_entry(&tar, "./rules/a.rules", '0', archive_rules);
	put_entry(&tar, "../../etc/passwd", '0', "x");
	put_entry(&tar, "/etc/passwd", '0', "x");
	put_entry(&tar, "rules/a/../../b", '0', "x");
	put_entry(&tar, "rules/link", '2', "");
	put_entry(&tar, "././@LongLink", 'L', "rules/with-a-long-name.lst");
	put_entry(&tar, "cut", '0', "list");
	put_entry(&tar, "classification.config", '\0', "c");
	gzip(&tar, &gz);
	for (int i = 0; i < 2; i++) {
		const struct sk_buf *b = i ? &gz : &tar;

		assert_int_equal(mg_pack_open(&k, "x", b->data, b->len, &err), 0);
		f = mg_pack_files(k, &n);
		assert_int_equal(n, 3);
		assert_string_equal(f[0].name, "rules/a.rules");
		assert_int_equal(f[0].len, strlen(archive_rules));
		assert_string_equal(f[1].name, "rules/with-a-long-name.lst");
		assert_string_equal(f[2].name, "classification.config");
		assert_true(mg_pack_is_rules(&f[0], n));
		assert_false(mg_pack_is_rules(&f[1], n));
		assert_true(mg_pack_is_named(&f[2], "classification.config"));
		mg_pack_free(k);
	}
	/* Cut anywhere it is refused or has fewer files, never read past its end. */
	for (size_t cut = 0; cut < gz.len; cut += 7)
		assert_true(
			mg_pack_open(&k, "x", gz.data, cut, &err) < 0 || (mg_pack_free(k), true));
	tar.data[600] ^= 1; /* content: no matter */
	tar.data[130] ^= 1; /* a size: the checksum is wrong */
	assert_int_equal(mg_pack_open(&k, "x", tar.data, tar.len, &err), -EINVAL);
	assert_int_equal(mg_pack_open(&k, "x", "ELF\0\1\2", 6, &err), -EINVAL);
	sk_buf_done(&tar);
	sk_buf_done(&gz);
}

static void bombs(void **state)
{
	struct sk_buf zeros, gz;
	struct sk_err err = {0};
	struct mg_pack *k = NULL;

	sk_buf_init(&zeros, 256u << 20);
	sk_buf_init(&gz, 16u << 20);
	memset(sk_buf_room(&zeros, MG_PACK_BYTES_MAX + 1), 'a', MG_PACK_BYTES_MAX + 1);
	gzip(&zeros, &gz);
	assert_true(gz.len < (4u << 20));
	assert_int_equal(mg_pack_open(&k, "x", gz.data, gz.len, &err), -EFBIG);
	sk_buf_done(&zeros);
	sk_buf_done(&gz);
}

static struct mg_split split(
	const char *text, const struct mg_known *known, int64_t until, int want)
{
	struct mg_split s;
	struct mg_pack *k = NULL;
	struct sk_err err = {0};

	assert_int_equal(mg_pack_open(&k, "dir/local.rules", text, strlen(text), &err), 0);
	assert_int_equal(mg_split_make(&s, k, known, NOW, until, &err), want);
	mg_pack_free(k);
	return s;
}

static void first_import(void **state)
{
	struct mg_split s = split(archive_rules, NULL, NOW + 100, 0);

	assert_int_equal(s.n, 1);
	assert_int_equal(s.rules, 2);
	assert_int_equal(s.fresh, 2);
	assert_int_equal(s.groups[0].monitor_until, NOW + 100);
	assert_string_equal(sk_buf_str(&s.groups[0].rules),
		"alert a (sid:1;)\nalert b (msg:\"long\"; \tsid:2;)\n");
	assert_string_equal(sk_buf_str(&s.groups[0].index), "local.rules:3\nlocal.rules:4\n");
	mg_split_done(&s);
	s = split("# nothing\n", NULL, 0, -EINVAL);
	mg_split_done(&s);
}

static void what_is_new(void **state)
{
	struct mg_known *known = mg_known_new(3);
	struct mg_split s;

	assert_int_equal(mg_known_add(known, "alert acts (sid:1;)\n", 20, 0), 0);
	assert_int_equal(mg_known_add(known, "alert trial (sid:2;)\n", 21, NOW + 50), 0);
	assert_int_equal(mg_known_add(known, "alert over (sid:3;)\n", 20, NOW - 1), 0);
	s = split("alert acts (sid:1;)\nalert trial (sid:2;)\nalert over (sid:3;)\n"
		  "alert new (sid:4;)\nalert acts (sid:1; rev:2;)\n",
		known, NOW + 700, 0);
	assert_int_equal(s.fresh, 2);
	assert_int_equal(s.n, 3);
	for (size_t i = 0; i < s.n; i++) {
		const struct mg_group *g = &s.groups[i];
		const char *text = sk_buf_str(&g->rules);

		if (g->monitor_until == 0)
			assert_string_equal(text, "alert acts (sid:1;)\nalert over (sid:3;)\n");
		else if (g->monitor_until == NOW + 50)
			assert_string_equal(text, "alert trial (sid:2;)\n");
		else
			assert_string_equal(
				text, "alert new (sid:4;)\nalert acts (sid:1; rev:2;)\n");
	}
	mg_split_done(&s);
	mg_known_free(known);
}

/* The same rules are the same set, under whatever name the file had. */
static void identity(void **state)
{
	struct mg_split a = split("alert a (sid:1;)\n", NULL, 0, 0), b;
	struct mg_pack *k = NULL;
	struct sk_err err = {0};

	assert_int_equal(mg_pack_open(&k, "other.rules", "alert a (sid:1;)\n", 17, &err), 0);
	assert_int_equal(mg_split_make(&b, k, NULL, NOW, 5, &err), 0);
	assert_memory_equal(a.sha256, b.sha256, 32);
	mg_split_done(&b);
	mg_pack_free(k);
	assert_int_equal(mg_pack_open(&k, "other.rules", "alert a (sid:2;)\n", 17, &err), 0);
	assert_int_equal(mg_split_make(&b, k, NULL, NOW, 5, &err), 0);
	assert_memory_not_equal(a.sha256, b.sha256, 32);
	mg_split_done(&a);
	mg_split_done(&b);
	mg_pack_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(archives),
		cmocka_unit_test(bombs),
		cmocka_unit_test(first_import),
		cmocka_unit_test(what_is_new),
		cmocka_unit_test(identity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
