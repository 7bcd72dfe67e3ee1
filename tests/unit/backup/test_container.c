/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file of a backup: what opens it, and that nothing can be changed, moved or cut off unseen. */
#include "tests/unit/lib/unit.h"

#include "lib/util.h"
#include "mgmt/backup/container.h"

#define PASS "correct horse battery"

struct made {
	struct sk_buf file;
	size_t head; /* length */
	struct mg_bk_keyfile k;
};

static void fill(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(i * 7 + i / 251);
}

/* n bytes of content in as many chunks as it needs. */
static void make(struct made *m, size_t n, bool pass, bool key)
{
	struct mg_bk_head h = {.created = 1800000000, .product = "0.1", .site = "テスト"};
	uint8_t secret[MG_BK_KEY], *content = malloc(n + 1), out[MG_BK_SEALED];
	struct mg_bk_stream s;
	size_t at = 0;

	fill(content, n);
	crypto_secretstream_xchacha20poly1305_keygen(secret);
	mg_bk_key_new(&m->k);
	if (pass)
		assert_int_equal(mg_bk_lock_passphrase(&h, secret, PASS, strlen(PASS), NULL), 0);
	if (key)
		assert_int_equal(mg_bk_lock_public(&h, secret, m->k.pub, NULL), 0);
	mg_bk_seal_init(&s, &h, secret);
	sk_buf_init(&m->file, 16u << 20);
	assert_int_equal(mg_bk_head_encode(&h, &m->file, NULL), 0);
	m->head = m->file.len;
	mg_bk_stream_bind(&s, m->file.data, m->file.len);
	do {
		const size_t take = SK_MIN(n - at, (size_t)MG_BK_CHUNK);
		const size_t len = mg_bk_seal(&s, content + at, take, at + take == n, out);

		sk_buf_put(&m->file, out, len);
		at += take;
	} while (at < n);
	free(content);
}

/* Content length, or what went wrong. */
static int64_t open_all(const struct made *m, const uint8_t *p, size_t n, bool by_key)
{
	struct mg_bk_head h;
	struct mg_bk_stream s;
	uint8_t secret[MG_BK_KEY], out[MG_BK_CHUNK];
	size_t used = 0, total = 0, len = 0;
	int r = mg_bk_head_parse(p, n, &h, &used, NULL);

	if (r == 0)
		r = by_key ? mg_bk_unlock_secret(&h, m->k.secret, secret, NULL)
			   : mg_bk_unlock_passphrase(&h, PASS, strlen(PASS), secret, NULL);
	if (r == 0)
		r = mg_bk_open_init(&s, &h, secret, NULL);
	if (r < 0)
		return r;
	mg_bk_stream_bind(&s, p, used);
	while (r == 0 && used < n) {
		const size_t take = SK_MIN(n - used, (size_t)MG_BK_SEALED);

		r = mg_bk_open(&s, p + used, take, out, &len, NULL);
		used += take;
		total += r == 0 ? len : 0;
	}
	return r < 0 ? r : !s.ended ? mg_bk_cut(NULL) : (int64_t)total;
}

static void what_goes_in_comes_out(void **state)
{
	static const size_t sizes[] = {
		0, 1, MG_BK_CHUNK - 1, MG_BK_CHUNK, MG_BK_CHUNK + 1, 3 * MG_BK_CHUNK};

	for (size_t i = 0; i < SK_ARRAY_SIZE(sizes); i++) {
		struct made m;

		make(&m, sizes[i], false, true);
		assert_int_equal(open_all(&m, m.file.data, m.file.len, true), sizes[i]);
		sk_buf_done(&m.file);
	}
}

static void passphrase_and_key_open_the_same(void **state)
{
	struct mg_bk_head h;
	uint8_t secret[MG_BK_KEY];
	struct sk_err err = {0};
	char text[200];
	size_t used;
	struct made m;

	make(&m, 1000, true, true);
	assert_int_equal(open_all(&m, m.file.data, m.file.len, true), 1000);
	assert_int_equal(open_all(&m, m.file.data, m.file.len, false), 1000);
	assert_int_equal(mg_bk_head_parse(m.file.data, m.file.len, &h, &used, NULL), 0);
	assert_int_equal(h.created, 1800000000);
	assert_string_equal(h.site, "テスト");
	assert_int_equal(
		mg_bk_unlock_passphrase(&h, "wrong wrong wrong", 17, secret, &err), -EKEYREJECTED);
	mg_bk_locks_text(&h, SK_EN, text, sizeof(text));
	assert_non_null(strstr(text, "passphrase"));
	assert_non_null(strstr(text, "key "));
	sk_buf_done(&m.file);
}

static void another_key_is_told_what_opens_it(void **state)
{
	struct mg_bk_keyfile other;
	struct mg_bk_head h;
	uint8_t secret[MG_BK_KEY];
	struct sk_err err = {0};
	char fingerprint[MG_BK_FINGERPRINT];
	size_t used;
	struct made m;

	make(&m, 10, false, true);
	mg_bk_key_new(&other);
	assert_int_equal(mg_bk_head_parse(m.file.data, m.file.len, &h, &used, NULL), 0);
	assert_int_equal(mg_bk_unlock_secret(&h, other.secret, secret, &err), -ENOKEY);
	mg_bk_fingerprint(m.k.pub, fingerprint);
	assert_non_null(strstr(err.en, fingerprint));
	assert_int_equal(mg_bk_unlock_passphrase(&h, PASS, strlen(PASS), secret, &err), -ENOKEY);
	sk_buf_done(&m.file);
}

static void short_passphrases_are_refused(void **state)
{
	struct mg_bk_head h = {0};
	const uint8_t key[MG_BK_KEY] = {0};
	struct sk_err err = {0};

	assert_int_equal(mg_bk_lock_passphrase(&h, key, "elevenbytes", 11, &err), -EINVAL);
	assert_string_equal(err.path, "passphrase");
	assert_int_equal(h.n_locks, 0);
}

static void every_changed_byte_is_noticed(void **state)
{
	struct made m;

	make(&m, 300, false, true);
	for (size_t i = 0; i < m.file.len; i++) {
		m.file.data[i] ^= 0x20;
		assert_true(open_all(&m, m.file.data, m.file.len, true) < 0);
		m.file.data[i] ^= 0x20;
	}
	assert_int_equal(open_all(&m, m.file.data, m.file.len, true), 300);
	sk_buf_done(&m.file);
}

static void every_cut_is_noticed(void **state)
{
	struct made m;

	make(&m, 2 * MG_BK_CHUNK + 10, false, true);
	for (size_t n = 0; n < m.file.len; n += n < m.head + 40 ? 1 : 4999)
		assert_true(open_all(&m, m.file.data, n, true) < 0);
	/* At the border of a chunk, where each piece is valid by itself. */
	assert_int_equal(open_all(&m, m.file.data, m.head + MG_BK_SEALED, true), -EBADMSG);
	assert_int_equal(open_all(&m, m.file.data, m.head + 2 * MG_BK_SEALED, true), -EBADMSG);
	sk_buf_done(&m.file);
}

static void chunks_keep_their_place(void **state)
{
	uint8_t *first, *second, keep[MG_BK_SEALED];
	struct made m;

	make(&m, 3 * MG_BK_CHUNK, false, true);
	first = m.file.data + m.head;
	second = first + MG_BK_SEALED;
	memcpy(keep, first, sizeof(keep));
	memcpy(first, second, sizeof(keep));
	memcpy(second, keep, sizeof(keep));
	assert_int_equal(open_all(&m, m.file.data, m.file.len, true), -EBADMSG);
	sk_buf_done(&m.file);
}

static void nothing_may_follow(void **state)
{
	struct made m;

	make(&m, MG_BK_CHUNK, false, true);
	sk_buf_put(&m.file, "x", 1);
	assert_true(open_all(&m, m.file.data, m.file.len, true) < 0);
	sk_buf_done(&m.file);
}

static void newer_versions_are_named(void **state)
{
	struct mg_bk_head h;
	struct sk_err err = {0};
	size_t used;
	struct made m;

	make(&m, 10, false, true);
	m.file.data[15] = MG_BK_FORMAT + 1;
	assert_int_equal(
		mg_bk_head_parse(m.file.data, m.file.len, &h, &used, &err), -EPROTONOSUPPORT);
	assert_non_null(strstr(err.en, "newer version"));
	assert_int_equal(
		mg_bk_head_parse("PK\003\004 some zip file", 17, &h, &used, &err), -EBADMSG);
	assert_non_null(strstr(err.en, "no backup"));
	assert_int_equal(mg_bk_head_parse("SEKI", 4, &h, &used, NULL), -EAGAIN);
	sk_buf_done(&m.file);
}

static void key_files_are_read_back(void **state)
{
	struct mg_bk_keyfile k, back;
	struct sk_err err = {0};
	struct sk_buf b;

	mg_bk_key_new(&k);
	sk_buf_init(&b, 4096);
	mg_bk_key_format(&k, true, "two\nlines", &b);
	assert_non_null(strstr(sk_buf_str(&b), "# two\n# lines\nsekisho-backup-secret-1 "));
	assert_int_equal(mg_bk_key_parse(sk_buf_str(&b), b.len, &back, &err), 0);
	assert_true(back.has_secret);
	assert_memory_equal(back.secret, k.secret, MG_BK_SECRET);
	assert_memory_equal(back.pub, k.pub, MG_BK_PUBLIC);
	sk_buf_reset(&b);
	mg_bk_key_format(&k, false, NULL, &b);
	sk_buf_put(&b, "\r\n", 2);
	assert_int_equal(mg_bk_key_parse(sk_buf_str(&b), b.len, &back, &err), 0);
	assert_false(back.has_secret);
	assert_memory_equal(back.pub, k.pub, MG_BK_PUBLIC);
	assert_int_equal(
		mg_bk_key_parse("sekisho-backup-secret-1 AAAA\n", 29, &back, &err), -EINVAL);
	assert_int_equal(mg_bk_key_parse("", 0, &back, &err), -EINVAL);
	sk_buf_done(&b);
}

static int start(void **state)
{
	return sodium_init() < 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_in_comes_out),
		cmocka_unit_test(passphrase_and_key_open_the_same),
		cmocka_unit_test(another_key_is_told_what_opens_it),
		cmocka_unit_test(short_passphrases_are_refused),
		cmocka_unit_test(every_changed_byte_is_noticed),
		cmocka_unit_test(every_cut_is_noticed),
		cmocka_unit_test(chunks_keep_their_place),
		cmocka_unit_test(nothing_may_follow),
		cmocka_unit_test(newer_versions_are_named),
		cmocka_unit_test(key_files_are_read_back),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
