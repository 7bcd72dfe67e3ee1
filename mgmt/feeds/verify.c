/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hashes and signatures of feeds; see verify.h. Pure. */
#include "mgmt/feeds/verify.h"

#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "lib/util.h"

#define KEY_ID 8
#define SIG crypto_sign_BYTES
#define PUBLIC crypto_sign_PUBLICKEYBYTES
#define TRUSTED "trusted comment: "
#define UNTRUSTED "untrusted comment:"

static int no_fit(struct sk_err *err, const char *en, const char *ja)
{
	return sk_err_set(err, -EBADMSG, NULL, "%s%.0s", "%.0s%s", en, ja);
}

static int bad_key(struct sk_err *err)
{
	return no_fit(
		err, "the public key in the definition cannot be read", "定義の公開鍵を読めません");
}

static int bad_signature(struct sk_err *err)
{
	return no_fit(err, "the signature cannot be read", "署名を読めません");
}

static int wrong_signature(struct sk_err *err)
{
	return no_fit(err,
		"the signature does not fit: the list was changed, or is of somebody else",
		"署名が一致しません。一覧が改変されたか、別の提供元のものです");
}

/* ---- hashes ----
 */
int mg_verify_sha256(const char *hex, const void *p, size_t n, struct sk_err *err)
{
	uint8_t sum[32];
	char have[65];

	sk_sha256(sum, p, n);
	sk_hex(have, sum, sizeof(sum));
	if (strcasecmp(have, hex) == 0)
		return 0;
	return sk_err_set(err, -EBADMSG, NULL, "the hash is %s, and %.64s is wanted",
		"ハッシュ値が一致しません (実際 %s、期待 %.64s)", have, hex);
}

static bool is_hash(const char *s, size_t n)
{
	return n >= 64 && strspn(s, "0123456789abcdefABCDEF") == 64 &&
		(n == 64 || strchr(" \t\r\n*", s[64]));
}

/* "hash  name" or "hash *name" of this very name. */
static bool line_names(const char *line, size_t n, const char *name)
{
	const char *s = line + 64, *end = line + n;
	const char *slash;

	while (s < end && strchr(" \t*", *s))
		s++;
	while (end > s && strchr(" \t\r", end[-1]))
		end--;
	slash = memrchr(s, '/', (size_t)(end - s));
	s = slash ? slash + 1 : s;
	return (size_t)(end - s) == strlen(name) && memcmp(s, name, strlen(name)) == 0;
}

int mg_verify_sha256_text(const char *text, size_t text_len, const char *name, const void *p,
	size_t n, struct sk_err *err)
{
	char buf[MG_VERIFY_MAX + 1], *named = NULL, *only = NULL, *best;
	unsigned hashes = 0;

	if (text_len > MG_VERIFY_MAX || memchr(text, '\0', text_len))
		return no_fit(err, "the file of hashes cannot be read",
			"ハッシュ値のファイルを読めません");
	memcpy(buf, text, text_len);
	buf[text_len] = '\0';
	for (char *s = buf; *s;) {
		const size_t len = strcspn(s, "\n");

		if (is_hash(s, len)) {
			hashes++;
			only = s;
			if (line_names(s, len, name))
				named = s;
		}
		s += len + (s[len] == '\n');
	}
	/* A single hash is meant for this file, whatever it was called there. */
	best = named ? named : hashes == 1 ? only : NULL;
	if (!best)
		return no_fit(err, "there is no hash of this file",
			"このファイルのハッシュ値がありません");
	best[64] = '\0';
	return mg_verify_sha256(best, p, n, err);
}

/* ---- signatures ----
 */
static bool base64(const char *s, size_t n, uint8_t *dst, size_t want)
{
	size_t len = 0;

	while (n && strchr(" \t\r\n", s[n - 1]))
		n--;
	return sodium_base642bin(
		       dst, want, s, n, NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL) == 0 &&
		len == want;
}

struct line {
	const char *s;
	size_t n;
};

static bool take_line(const char **p, const char *end, struct line *ret)
{
	const char *nl;

	if (*p >= end)
		return false;
	nl = memchr(*p, '\n', (size_t)(end - *p));
	*ret = (struct line){*p, (size_t)((nl ? nl : end) - *p)};
	*p = nl ? nl + 1 : end;
	while (ret->n && ret->s[ret->n - 1] == '\r')
		ret->n--;
	return true;
}

static bool starts(struct line l, const char *s)
{
	return l.n >= strlen(s) && memcmp(l.s, s, strlen(s)) == 0;
}

struct minisign {
	uint8_t head[2 + KEY_ID + SIG]; /* algorithm, key's number, signature */
	uint8_t global[SIG];            /* over the signature and the trusted comment */
	struct line comment;
};

static bool read_minisign(const struct mg_signed *s, struct minisign *m)
{
	const char *p = s->sig, *end = s->sig + s->sig_len;
	struct line l;

	if (!take_line(&p, end, &l) || !starts(l, UNTRUSTED) || !take_line(&p, end, &l) ||
		!base64(l.s, l.n, m->head, sizeof(m->head)) || !take_line(&p, end, &m->comment) ||
		!starts(m->comment, TRUSTED) || !take_line(&p, end, &l))
		return false;
	m->comment.s += strlen(TRUSTED);
	m->comment.n -= strlen(TRUSTED);
	return m->comment.n <= 8192 && base64(l.s, l.n, m->global, sizeof(m->global));
}

/* The last line is the key, whether its comment was copied with it or not. */
static bool read_key(const char *key, uint8_t dst[2 + KEY_ID + PUBLIC])
{
	const char *nl;
	size_t n = strlen(key);

	while (n && strchr(" \t\r\n", key[n - 1]))
		n--;
	nl = memrchr(key, '\n', n);
	if (nl) {
		n -= (size_t)(nl + 1 - key);
		key = nl + 1;
	}
	return base64(key, n, dst, 2 + KEY_ID + PUBLIC) && memcmp(dst, "Ed", 2) == 0;
}

static bool data_fits(const struct minisign *m, const struct mg_signed *s, const uint8_t *public)
{
	uint8_t hash[crypto_generichash_BYTES_MAX];

	if (memcmp(m->head, "Ed", 2) == 0)
		return crypto_sign_verify_detached(m->head + 2 + KEY_ID, s->p, s->n, public) == 0;
	if (memcmp(m->head, "ED", 2) != 0)
		return false;
	crypto_generichash(hash, sizeof(hash), s->p, s->n, NULL, 0);
	return crypto_sign_verify_detached(m->head + 2 + KEY_ID, hash, sizeof(hash), public) == 0;
}

int mg_verify_minisign(const char *key, const struct mg_signed *s, struct sk_err *err)
{
	uint8_t public[2 + KEY_ID + PUBLIC], global[SIG + 8192];
	struct minisign m;

	if (!read_key(key, public))
		return bad_key(err);
	if (s->sig_len > MG_VERIFY_MAX || !read_minisign(s, &m))
		return bad_signature(err);
	if (memcmp(m.head + 2, public + 2, KEY_ID) != 0)
		return no_fit(err, "is signed with another key than the definition's",
			"定義とは別の鍵で署名されています");
	memcpy(global, m.head + 2 + KEY_ID, SIG);
	memcpy(global + SIG, m.comment.s, m.comment.n);
	if (!data_fits(&m, s, public + 2 + KEY_ID) ||
		crypto_sign_verify_detached(
			m.global, global, SIG + m.comment.n, public + 2 + KEY_ID) != 0)
		return wrong_signature(err);
	return 0;
}

int mg_verify_ed25519(const char *key, const struct mg_signed *s, struct sk_err *err)
{
	uint8_t public[PUBLIC], sig[SIG];
	size_t len = 0;

	if (!base64(key, strlen(key), public, sizeof(public)))
		return bad_key(err);
	if (s->sig_len == SIG)
		memcpy(sig, s->sig, SIG);
	else if (!base64(s->sig, s->sig_len, sig, sizeof(sig)) &&
		(sodium_hex2bin(sig, sizeof(sig), s->sig, s->sig_len, " \r\n", &len, NULL) != 0 ||
			len != SIG))
		return bad_signature(err);
	return crypto_sign_verify_detached(sig, s->p, s->n, public) == 0 ? 0 : wrong_signature(err);
}
