// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names with the hash of their password. MD4 (RFC 1320) is long broken, so libraries leave it out;
 * MSCHAPv2 knows nothing else, and whoever has the hash needs no password.
 */
#include "mgmt/radius/users.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lib/utf8.h"
#include "lib/util.h"

#define PASSWORD_MAX 256 /* UTF-16 units, RFC 2759 */
#define BLOCK 64

/* ---- the file ---------------------------------------------------------------------------------
 */
static bool digits(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!((s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'f') ||
			    (s[i] >= 'A' && s[i] <= 'F')))
			return false;
	return n == MG_NT_HASH;
}

/* As a device's identity; small, since the server asks so, and no "+" or "-" of NIS first. */
static bool name_ok(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] <= 0x20 || s[i] >= 0x7f || strchr("\"\\,;:", s[i]) ||
			(s[i] >= 'A' && s[i] <= 'Z') || (i == 0 && strchr("+-#", s[i])))
			return false;
	return n && n <= MG_RADIUS_USER;
}

int mg_radius_user_line(
	const char *s, size_t n, const char **ret, size_t *ret_len, struct sk_err *err)
{
	const char *colon = memchr(s, ':', n);
	const size_t len = colon ? (size_t)(colon - s) : 0;

	if (!n || s[0] == '#')
		return 0;
	if (s[n - 1] == '\r')
		return sk_err_set(err, -EINVAL, NULL,
			"ends as lines of Windows do (CR LF): save the file with Unix line ends",
			"行末が Windows 形式 (CR LF) です。改行コードを LF にして保存してください");
	if (!colon || !name_ok(s, len))
		return sk_err_set(err, -EINVAL, NULL,
			"is not NAME:NT-HASH (a name of at most %d small letters, digits and signs "
			"but \" \\ , ; and a colon, such as tanaka or tanaka@example.jp)",
			"「名前:NTハッシュ」の形ではありません(名前は英小文字・数字・記号(\" \\ , "
			"; "
			": を除く)の %d 文字以内。例 tanaka、tanaka@example.jp)",
			MG_RADIUS_USER);
	if (!digits(colon + 1, n - len - 1))
		return sk_err_set(err, -EINVAL, NULL,
			"behind the colon there are not the %d hex digits of an NT hash; to give a "
			"password instead, type it: sekisho secret set radius.users - --add",
			"コロンの後が NT ハッシュ(16 進数 %d 桁)ではありません。パスワードで設定す"
			"る場合は sekisho secret set radius.users - --add で入力してください",
			MG_NT_HASH);
	*ret = s;
	*ret_len = len;
	return 1;
}

/* ---- MD4 (RFC 1320) ---------------------------------------------------------------------------
 */
static uint32_t rotate(uint32_t v, unsigned n)
{
	return v << n | v >> (32 - n);
}

static uint32_t mix(unsigned round, uint32_t x, uint32_t y, uint32_t z)
{
	return round == 0    ? (x & y) | (~x & z)
		: round == 1 ? ((x & y) | (x & z) | (y & z)) + 0x5a827999
			     : (x ^ y ^ z) + 0x6ed9eba1;
}

static void block(uint32_t state[4], const uint8_t *p)
{
	static const uint8_t shift[3][4] = {{3, 7, 11, 19}, {3, 5, 9, 13}, {3, 9, 11, 15}};
	static const uint8_t order[3][16] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
		{0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15},
		{0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15}};
	uint32_t x[16], v[4];

	for (size_t i = 0; i < 16; i++)
		x[i] = (uint32_t)p[4 * i] | (uint32_t)p[4 * i + 1] << 8 |
			(uint32_t)p[4 * i + 2] << 16 | (uint32_t)p[4 * i + 3] << 24;
	memcpy(v, state, sizeof(v));
	for (unsigned i = 0; i < 48; i++) {
		const unsigned round = i / 16;
		uint32_t *a = &v[(4 - i % 4) % 4];

		*a += mix(round, v[(5 - i % 4) % 4], v[(6 - i % 4) % 4], v[(7 - i % 4) % 4]) +
			x[order[round][i % 16]];
		*a = rotate(*a, shift[round][i % 4]);
	}
	for (size_t i = 0; i < 4; i++)
		state[i] += v[i];
	explicit_bzero(x, sizeof(x));
}

/* p has room for the padding: a block and 8 bytes behind n. */
static void md4(uint8_t *p, size_t n, uint8_t out[16])
{
	uint32_t state[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
	const uint64_t bits = (uint64_t)n * 8;

	p[n++] = 0x80;
	while (n % BLOCK != BLOCK - 8)
		p[n++] = 0;
	for (unsigned i = 0; i < 8; i++)
		p[n++] = (uint8_t)(bits >> (8 * i));
	for (size_t at = 0; at < n; at += BLOCK)
		block(state, p + at);
	for (unsigned i = 0; i < 16; i++)
		out[i] = (uint8_t)(state[i / 4] >> (8 * (i % 4)));
}

static size_t put_unit(uint8_t *p, uint32_t unit)
{
	p[0] = (uint8_t)unit;
	p[1] = (uint8_t)(unit >> 8);
	return 2;
}

int mg_nt_hash(const char *password, char ret[MG_NT_HASH + 1], struct sk_err *err)
{
	uint8_t text[2 * PASSWORD_MAX + 4 + 2 * BLOCK], sum[16];
	size_t len = strlen(password), n = 0;

	for (size_t i = 0, k; i < len; i += k) {
		uint32_t c = 0;

		k = sk_utf8_next(password + i, len - i, &c);
		if (k && c < 0x10000)
			n += put_unit(text + n, c);
		else if (k) {
			n += put_unit(text + n, 0xd800 + ((c - 0x10000) >> 10));
			n += put_unit(text + n, 0xdc00 + ((c - 0x10000) & 0x3ff));
		}
		if (!k || n > sizeof(uint16_t) * PASSWORD_MAX) {
			explicit_bzero(text, sizeof(text));
			return k ? sk_err_set(err, -EINVAL, "password", "at most %d characters",
					   "%d 文字以内にしてください", PASSWORD_MAX)
				 : sk_err_set(err, -EINVAL, "password", "is no UTF-8",
					   "UTF-8 の文字列ではありません");
		}
	}
	md4(text, n, sum);
	sk_hex(ret, sum, sizeof(sum));
	explicit_bzero(text, sizeof(text));
	explicit_bzero(sum, sizeof(sum));
	return 0;
}
