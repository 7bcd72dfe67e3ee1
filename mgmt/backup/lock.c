/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who can open a backup: passphrases, public keys and the file a secret key is kept in; see
 * container.h. Secrets are wiped where they were copied.
 */
#include <errno.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/backup/container.h"

/* About half a second on a small machine; a guess costs as much. */
#define OPS 3
#define MEM (128ull << 20)

#define SECRET_WORD "sekisho-backup-secret-1"
#define PUBLIC_WORD "sekisho-backup-public-1"

static struct mg_bk_lock *one_more(struct mg_bk_head *h, struct sk_err *err)
{
	if (h->n_locks < MG_BK_LOCKS)
		return &h->locks[h->n_locks];
	sk_err_set(err, -E2BIG, NULL, "more than %d keys", "鍵は %d 個までです", MG_BK_LOCKS);
	return NULL;
}

static int derive(const struct mg_bk_lock *l, const char *pass, size_t len,
	uint8_t ret[crypto_secretbox_KEYBYTES], struct sk_err *err)
{
	if (crypto_pwhash(ret, crypto_secretbox_KEYBYTES, pass, len, l->salt, l->ops,
		    (size_t)l->mem, crypto_pwhash_ALG_ARGON2ID13) != 0)
		return sk_err_nomem(err);
	return 0;
}

int mg_bk_lock_passphrase(struct mg_bk_head *h, const uint8_t key[MG_BK_KEY], const char *pass,
	size_t len, struct sk_err *err)
{
	struct mg_bk_lock *l = one_more(h, err);
	uint8_t wrap[crypto_secretbox_KEYBYTES];
	int r;

	if (!l)
		return -E2BIG;
	if (len < MG_BK_PASSPHRASE_MIN || len > MG_BK_PASSPHRASE_MAX)
		return sk_err_set(err, -EINVAL, "passphrase", "must have %d to %d bytes",
			"は %d から %d バイトで指定してください", MG_BK_PASSPHRASE_MIN,
			MG_BK_PASSPHRASE_MAX);
	*l = (struct mg_bk_lock){.passphrase = true, .ops = OPS, .mem = MEM};
	randombytes_buf(l->salt, sizeof(l->salt));
	randombytes_buf(l->nonce, sizeof(l->nonce));
	r = derive(l, pass, len, wrap, err);
	if (r == 0) {
		crypto_secretbox_easy(l->box, key, MG_BK_KEY, l->nonce, wrap);
		h->n_locks++;
	}
	sodium_memzero(wrap, sizeof(wrap));
	return r;
}

int mg_bk_lock_public(struct mg_bk_head *h, const uint8_t key[MG_BK_KEY],
	const uint8_t pub[MG_BK_PUBLIC], struct sk_err *err)
{
	struct mg_bk_lock *l = one_more(h, err);

	if (!l)
		return -E2BIG;
	*l = (struct mg_bk_lock){0};
	mg_bk_fingerprint(pub, l->fingerprint);
	if (crypto_box_seal(l->box, key, MG_BK_KEY, pub) != 0)
		return sk_err_set(err, -EINVAL, "key", "is no usable key", "使用できない鍵です");
	h->n_locks++;
	return 0;
}

/* ---- opening ----------------------------------------------------------------------------------
 */
static int other_way(const struct mg_bk_head *h, struct sk_err *err)
{
	char en[200], ja[200];

	return sk_err_set(err, -ENOKEY, NULL,
		"this does not open the backup; it is locked with: %s%.0s",
		"この方法では開けません。施錠方法: %.0s%s",
		mg_bk_locks_text(h, SK_EN, en, sizeof(en)),
		mg_bk_locks_text(h, SK_JA, ja, sizeof(ja)));
}

int mg_bk_unlock_passphrase(const struct mg_bk_head *h, const char *pass, size_t len,
	uint8_t ret[MG_BK_KEY], struct sk_err *err)
{
	uint8_t wrap[crypto_secretbox_KEYBYTES];
	bool tried = false;
	int r = -ENOKEY;

	for (size_t i = 0; r != 0 && i < h->n_locks; i++) {
		const struct mg_bk_lock *l = &h->locks[i];

		if (!l->passphrase)
			continue;
		tried = true;
		r = derive(l, pass, len, wrap, err);
		if (r < 0)
			return r;
		r = crypto_secretbox_open_easy(
			    ret, l->box, crypto_secretbox_MACBYTES + MG_BK_KEY, l->nonce, wrap) == 0
			? 0
			: -EKEYREJECTED;
	}
	sodium_memzero(wrap, sizeof(wrap));
	if (!tried)
		return other_way(h, err);
	return r == 0 ? 0
		      : sk_err_set(err, r, "passphrase", "is not the one of this backup",
				"このバックアップのパスフレーズと異なります");
}

int mg_bk_unlock_secret(const struct mg_bk_head *h, const uint8_t secret[MG_BK_SECRET],
	uint8_t ret[MG_BK_KEY], struct sk_err *err)
{
	uint8_t pub[MG_BK_PUBLIC];

	crypto_scalarmult_base(pub, secret);
	for (size_t i = 0; i < h->n_locks; i++)
		if (!h->locks[i].passphrase &&
			crypto_box_seal_open(
				ret, h->locks[i].box, sizeof(h->locks[i].box), pub, secret) == 0)
			return 0;
	return other_way(h, err);
}

char *mg_bk_locks_text(const struct mg_bk_head *h, enum sk_lang lang, char *dst, size_t cap)
{
	size_t at = 0;

	dst[0] = '\0';
	for (size_t i = 0; i < h->n_locks && at < cap; i++) {
		const struct mg_bk_lock *l = &h->locks[i];
		const char *what = l->passphrase ? (lang == SK_JA ? "パスフレーズ" : "passphrase")
						 : (lang == SK_JA ? "鍵 " : "key ");
		char shown[MG_BK_FINGERPRINT * 4];

		sk_escape(shown, sizeof(shown), l->fingerprint, strlen(l->fingerprint));
		at += (size_t)snprintf(dst + at, cap - at, "%s%s%s", i ? ", " : "", what, shown);
	}
	return dst;
}

/* ---- keys -------------------------------------------------------------------------------------
 */
void mg_bk_fingerprint(const uint8_t pub[MG_BK_PUBLIC], char dst[MG_BK_FINGERPRINT])
{
	uint8_t sum[32];
	char hex[65];

	sk_sha256(sum, pub, MG_BK_PUBLIC);
	sk_hex(hex, sum, sizeof(sum));
	snprintf(dst, MG_BK_FINGERPRINT, "%.4s-%.4s-%.4s-%.4s", hex, hex + 4, hex + 8, hex + 12);
}

void mg_bk_key_new(struct mg_bk_keyfile *ret)
{
	ret->has_secret = true;
	crypto_box_keypair(ret->pub, ret->secret);
}

void mg_bk_key_format(
	const struct mg_bk_keyfile *k, bool with_secret, const char *comment, struct sk_buf *b)
{
	const uint8_t *p = with_secret ? k->secret : k->pub;
	char text[64];

	for (const char *s = comment; s && *s;) {
		const size_t n = strcspn(s, "\n");

		sk_buf_printf(b, "# %.*s\n", (int)n, s);
		s += n + (s[n] == '\n');
	}
	sk_buf_printf(b, "%s %s\n", with_secret ? SECRET_WORD : PUBLIC_WORD,
		sodium_bin2base64(
			text, sizeof(text), p, MG_BK_PUBLIC, sodium_base64_VARIANT_ORIGINAL));
	sodium_memzero(text, sizeof(text));
}

/* 1: this line holds the key. */
static int key_line(const char *s, size_t n, struct mg_bk_keyfile *k)
{
	static const char *const words[] = {SECRET_WORD " ", PUBLIC_WORD " "};

	while (n && (s[n - 1] == '\r' || s[n - 1] == ' '))
		n--;
	for (int i = 0; i < 2; i++) {
		const size_t w = strlen(words[i]);
		uint8_t *dst = i == 0 ? k->secret : k->pub;
		size_t len = 0;

		if (n <= w || memcmp(s, words[i], w) != 0)
			continue;
		if (sodium_base642bin(dst, MG_BK_PUBLIC, s + w, n - w, NULL, &len, NULL,
			    sodium_base64_VARIANT_ORIGINAL) != 0 ||
			len != MG_BK_PUBLIC)
			return 0;
		k->has_secret = i == 0;
		return !k->has_secret || crypto_scalarmult_base(k->pub, k->secret) == 0;
	}
	return 0;
}

int mg_bk_key_parse(const char *s, size_t n, struct mg_bk_keyfile *ret, struct sk_err *err)
{
	struct mg_bk_keyfile k = {0};

	while (n) {
		const char *nl = memchr(s, '\n', n);
		const size_t len = nl ? (size_t)(nl - s) : n;

		if (key_line(s, len, &k)) {
			*ret = k;
			sodium_memzero(&k, sizeof(k));
			return 0;
		}
		s += len + (nl != NULL);
		n -= len + (nl != NULL);
	}
	return sk_err_set(err, -EINVAL, "key", "is no key file of `sekisho backup key new`",
		"sekisho backup key new の鍵ファイルではありません");
}
