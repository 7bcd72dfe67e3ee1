/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The head of a backup and its encrypted stream; see container.h. Whatever is read here was written
 * by whoever holds the stick: nothing is believed before its authentication tag was checked, and
 * what Argon2id may cost is bounded.
 */
#include "mgmt/backup/container.h"

#include <errno.h>
#include <string.h>

#include "lib/cursor.h"
#include "lib/json.h"
#include "lib/util.h"

#define MAGIC "SEKISHO-BACKUP\n"
#define MAGIC_LEN (sizeof(MAGIC) - 1)
#define FIXED (MAGIC_LEN + 1 + 4)

static int damaged(struct sk_err *err)
{
	return sk_err_set(err, -EBADMSG, NULL,
		"the backup is damaged or was changed: use another one",
		"バックアップが破損しているか、改変されています。別のバックアップを使用してくださ"
		"い");
}

/* ---- head: writing ----------------------------------------------------------------------------
 */
static json_t *base64(const void *p, size_t n)
{
	char text[512];

	return json_string(
		sodium_bin2base64(text, sizeof(text), p, n, sodium_base64_VARIANT_ORIGINAL));
}

static size_t box_len(const struct mg_bk_lock *l)
{
	return l->passphrase ? crypto_secretbox_MACBYTES + MG_BK_KEY : sizeof(l->box);
}

static json_t *lock_json(const struct mg_bk_lock *l)
{
	if (!l->passphrase)
		return json_pack("{s:s, s:s, s:o}", "kind", "key", "fingerprint", l->fingerprint,
			"box", base64(l->box, box_len(l)));
	return json_pack("{s:s, s:I, s:I, s:o, s:o, s:o}", "kind", "passphrase", "ops",
		(json_int_t)l->ops, "mem", (json_int_t)l->mem, "salt",
		base64(l->salt, sizeof(l->salt)), "nonce", base64(l->nonce, sizeof(l->nonce)),
		"box", base64(l->box, box_len(l)));
}

int mg_bk_head_encode(const struct mg_bk_head *h, struct sk_buf *b, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *v = NULL;
	json_t *locks = json_array();
	struct sk_buf text;
	int r;

	for (size_t i = 0; i < h->n_locks; i++)
		json_array_append_new(locks, lock_json(&h->locks[i]));
	v = json_pack("{s:I, s:s, s:s, s:o, s:o}", "created", (json_int_t)h->created, "product",
		h->product, "site", h->site, "locks", locks, "stream",
		base64(h->stream, sizeof(h->stream)));
	if (!v)
		return sk_err_nomem(err);
	sk_buf_init(&text, MG_BK_HEAD_MAX);
	sk_json_put(&text, v);
	sk_buf_put(b, MAGIC, MAGIC_LEN);
	sk_buf_putc(b, MG_BK_FORMAT);
	for (int shift = 24; shift >= 0; shift -= 8)
		sk_buf_putc(b, (char)(text.len >> shift & 0xff));
	sk_buf_put(b, text.data, text.len);
	r = sk_buf_error(&text) ? sk_buf_error(&text) : sk_buf_error(b);
	sk_buf_done(&text);
	return r < 0 ? sk_err_en(err, r, NULL, "the head of the backup is too long") : 0;
}

/* ---- head: reading ----------------------------------------------------------------------------
 */
static int unbase64(const json_t *obj, const char *key, uint8_t *dst, size_t n, struct sk_err *err)
{
	const char *s = NULL;
	size_t len = 0;
	int r = sk_json_str(obj, key, true, &s, err);

	if (r < 0)
		return r;
	if (sodium_base642bin(
		    dst, n, s, strlen(s), NULL, &len, NULL, sodium_base64_VARIANT_ORIGINAL) != 0 ||
		len != n)
		return sk_err_en(err, -EBADMSG, key, "is not what it should be");
	return 0;
}

static int copy_text(const json_t *obj, const char *key, char *dst, size_t cap, struct sk_err *err)
{
	const char *s = NULL;
	int r = sk_json_str(obj, key, true, &s, err);

	if (r < 0)
		return r;
	if (strlen(s) >= cap)
		return sk_err_en(err, -EBADMSG, key, "is too long");
	memcpy(dst, s, strlen(s) + 1);
	return 0;
}

static int lock_parse(const json_t *v, struct mg_bk_lock *l, struct sk_err *err)
{
	const char *kind = NULL;
	int64_t ops = 0, mem = 0;
	int r = sk_json_str(v, "kind", true, &kind, err);

	if (r < 0)
		return r;
	l->passphrase = strcmp(kind, "passphrase") == 0;
	if (!l->passphrase && strcmp(kind, "key") != 0)
		return sk_err_en(err, -EBADMSG, "kind", "is not known");
	r = unbase64(v, "box", l->box, box_len(l), err);
	if (!l->passphrase)
		return r < 0
			? r
			: copy_text(v, "fingerprint", l->fingerprint, sizeof(l->fingerprint), err);
	if (r == 0)
		r = unbase64(v, "salt", l->salt, sizeof(l->salt), err);
	if (r == 0)
		r = unbase64(v, "nonce", l->nonce, sizeof(l->nonce), err);
	if (r == 0)
		r = sk_json_int(v, "ops", true, &ops, err);
	if (r == 0)
		r = sk_json_int(v, "mem", true, &mem, err);
	if (r == 0 &&
		(ops < (int64_t)crypto_pwhash_OPSLIMIT_MIN || ops > 10 ||
			mem < (int64_t)crypto_pwhash_MEMLIMIT_MIN || mem > 512 << 20))
		r = sk_err_en(err, -EBADMSG, "mem", "is out of range");
	l->ops = (uint64_t)ops;
	l->mem = (uint64_t)mem;
	return r;
}

static int head_json(const json_t *v, struct mg_bk_head *h, struct sk_err *err)
{
	json_t *locks = NULL;
	int r = sk_json_int(v, "created", true, &h->created, err);

	if (r == 0)
		r = copy_text(v, "product", h->product, sizeof(h->product), err);
	if (r == 0)
		r = copy_text(v, "site", h->site, sizeof(h->site), err);
	if (r == 0)
		r = unbase64(v, "stream", h->stream, sizeof(h->stream), err);
	if (r == 0)
		r = sk_json_array(v, "locks", true, &locks, err);
	if (r == 0 && (json_array_size(locks) == 0 || json_array_size(locks) > MG_BK_LOCKS))
		r = sk_err_en(err, -EBADMSG, "locks", "there are none or too many");
	for (size_t i = 0; r == 0 && i < json_array_size(locks); i++) {
		r = lock_parse(json_array_get(locks, i), &h->locks[i], err);
		h->n_locks = i + 1;
	}
	return r;
}

int mg_bk_head_parse(
	const void *p, size_t n, struct mg_bk_head *ret, size_t *used, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *v = NULL;
	struct mg_bk_head h = {0};
	const uint8_t *magic;
	struct sk_cursor c;
	uint32_t len;
	uint8_t version;

	if (memcmp(p, MAGIC, SK_MIN(n, MAGIC_LEN)) != 0)
		return sk_err_set(err, -EBADMSG, NULL, "is no backup of Sekisho",
			"Sekisho のバックアップではありません");
	if (n < FIXED)
		return -EAGAIN;
	sk_cur_init(&c, p, n);
	magic = sk_cur_take(&c, MAGIC_LEN);
	version = sk_cur_u8(&c);
	if (magic && version > MG_BK_FORMAT)
		return sk_err_set(err, -EPROTONOSUPPORT, NULL,
			"the backup was made by a newer version (format %u, this one knows %u): "
			"update Sekisho first",
			"このバックアップは新しいバージョンで作成されています (形式 %u、"
			"対応している形式 %u)。先に Sekisho を更新してください",
			version, MG_BK_FORMAT);
	len = sk_cur_be32(&c);
	if (version == 0 || len > MG_BK_HEAD_MAX)
		return damaged(err);
	if (n - FIXED < len)
		return -EAGAIN;
	v = sk_json_parse((const char *)sk_cur_take(&c, len), len, NULL);
	if (!v || head_json(v, &h, NULL) < 0)
		return damaged(err);
	*ret = h;
	*used = c.off;
	return 0;
}

/* ---- the stream -------------------------------------------------------------------------------
 */
void mg_bk_seal_init(struct mg_bk_stream *s, struct mg_bk_head *h, const uint8_t key[MG_BK_KEY])
{
	*s = (struct mg_bk_stream){0};
	crypto_secretstream_xchacha20poly1305_init_push(&s->st, h->stream, key);
}

void mg_bk_stream_bind(struct mg_bk_stream *s, const void *head, size_t n)
{
	sk_sha256(s->head, head, n);
}

size_t mg_bk_seal(struct mg_bk_stream *s, const void *p, size_t n, bool last, uint8_t *out)
{
	unsigned long long len = 0;

	crypto_secretstream_xchacha20poly1305_push(&s->st, out, &len, p, n,
		s->begun ? NULL : s->head, s->begun ? 0 : sizeof(s->head),
		last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL
		     : crypto_secretstream_xchacha20poly1305_TAG_MESSAGE);
	s->begun = true;
	s->ended = last;
	return (size_t)len;
}

int mg_bk_open_init(struct mg_bk_stream *s, const struct mg_bk_head *h,
	const uint8_t key[MG_BK_KEY], struct sk_err *err)
{
	*s = (struct mg_bk_stream){0};
	if (crypto_secretstream_xchacha20poly1305_init_pull(&s->st, h->stream, key) != 0)
		return damaged(err);
	return 0;
}

int mg_bk_open(struct mg_bk_stream *s, const void *p, size_t n, uint8_t *out, size_t *ret_len,
	struct sk_err *err)
{
	unsigned long long len = 0;
	uint8_t tag = 0;

	if (s->ended)
		return damaged(err); /* something follows the end */
	if (n < crypto_secretstream_xchacha20poly1305_ABYTES || n > MG_BK_SEALED ||
		crypto_secretstream_xchacha20poly1305_pull(&s->st, out, &len, &tag, p, n,
			s->begun ? NULL : s->head, s->begun ? 0 : sizeof(s->head)) != 0)
		return damaged(err);
	s->begun = true;
	s->ended = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
	*ret_len = (size_t)len;
	return 0;
}

int mg_bk_cut(struct sk_err *err)
{
	return sk_err_set(err, -EBADMSG, NULL,
		"the end of the backup is missing or damaged: it was not written or copied "
		"completely",
		"バックアップの末尾が失われているか、破損しています。作成またはコピーが完了していま"
		"せん");
}
