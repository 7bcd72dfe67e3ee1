/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file of a backup: a readable head, then an encrypted stream. Pure.
 *
 *   "SEKISHO-BACKUP\n" | format version (1) | length (BE32) | head (JSON) | chunks
 *
 * A random key encrypts the chunks (libsodium secretstream, XChaCha20-Poly1305, 64 KiB of content
 * each, the last marked); the head holds that key once for each way to open it: under a passphrase
 * (Argon2id) or for a public key (X25519, crypto_box_seal). A changed head, a chunk that is
 * changed, moved or missing, and a cut-off end are all found. What the chunks hold: archive.h.
 */
#ifndef MG_BACKUP_CONTAINER_H
#define MG_BACKUP_CONTAINER_H

#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/err.h"

#define MG_BK_FORMAT 1
#define MG_BK_HEAD_MAX 16384 /* of the JSON */
#define MG_BK_CHUNK 65536    /* content of every chunk but the last */
#define MG_BK_SEALED (MG_BK_CHUNK + crypto_secretstream_xchacha20poly1305_ABYTES)
#define MG_BK_LOCKS 8
#define MG_BK_KEY crypto_secretstream_xchacha20poly1305_KEYBYTES
#define MG_BK_PUBLIC crypto_box_PUBLICKEYBYTES
#define MG_BK_SECRET crypto_box_SECRETKEYBYTES
#define MG_BK_FINGERPRINT 20 /* "abcd-abcd-abcd-abcd" and its end */
#define MG_BK_PASSPHRASE_MIN 12
#define MG_BK_PASSPHRASE_MAX 1024

/* One way to the stream's key. */
struct mg_bk_lock {
	bool passphrase; /* else for a public key */
	char fingerprint[MG_BK_FINGERPRINT];
	uint64_t ops, mem; /* Argon2id: passes, bytes */
	uint8_t salt[crypto_pwhash_SALTBYTES];
	uint8_t nonce[crypto_secretbox_NONCEBYTES];
	uint8_t box[crypto_box_SEALBYTES + MG_BK_KEY]; /* a passphrase's is shorter */
};

struct mg_bk_head {
	int64_t created;
	char product[32], site[128]; /* version that wrote it; name of the site */
	struct mg_bk_lock locks[MG_BK_LOCKS];
	size_t n_locks;
	uint8_t stream[crypto_secretstream_xchacha20poly1305_HEADERBYTES];
};

/* Append magic, version, length and head. -EMSGSIZE. */
int mg_bk_head_encode(const struct mg_bk_head *h, struct sk_buf *b, struct sk_err *err);
/*
 * From the first n bytes of a file: *used is where the chunks begin. -EBADMSG: no backup, or a
 * damaged one; -EPROTONOSUPPORT: of a newer version; -EAGAIN (no message): more bytes are needed.
 */
int mg_bk_head_parse(
	const void *p, size_t n, struct mg_bk_head *ret, size_t *used, struct sk_err *err);

/* ---- locks and keys ---------------------------------------------------------------------------
 */
/* Add a way to key. The passphrase has MG_BK_PASSPHRASE_MIN to …_MAX bytes, else -EINVAL. */
int mg_bk_lock_passphrase(struct mg_bk_head *h, const uint8_t key[MG_BK_KEY], const char *pass,
	size_t len, struct sk_err *err);
int mg_bk_lock_public(struct mg_bk_head *h, const uint8_t key[MG_BK_KEY],
	const uint8_t pub[MG_BK_PUBLIC], struct sk_err *err);
/* -EKEYREJECTED: wrong passphrase; -ENOKEY: it is not locked this way, the message says how. */
int mg_bk_unlock_passphrase(const struct mg_bk_head *h, const char *pass, size_t len,
	uint8_t ret[MG_BK_KEY], struct sk_err *err);
int mg_bk_unlock_secret(const struct mg_bk_head *h, const uint8_t secret[MG_BK_SECRET],
	uint8_t ret[MG_BK_KEY], struct sk_err *err);
/* "passphrase, key abcd-…" for people; dst returned. */
char *mg_bk_locks_text(const struct mg_bk_head *h, enum sk_lang lang, char *dst, size_t cap);

/* Of the SHA-256 of a public key. */
void mg_bk_fingerprint(const uint8_t pub[MG_BK_PUBLIC], char dst[MG_BK_FINGERPRINT]);

/* A key file: comment lines and one line "sekisho-backup-secret-1 BASE64" (or …-public-1). */
struct mg_bk_keyfile {
	bool has_secret;
	uint8_t secret[MG_BK_SECRET], pub[MG_BK_PUBLIC];
};
void mg_bk_key_new(struct mg_bk_keyfile *ret);
/* Append the text; without the secret if with_secret is false. */
void mg_bk_key_format(
	const struct mg_bk_keyfile *k, bool with_secret, const char *comment, struct sk_buf *b);
/* -EINVAL: no key file. */
int mg_bk_key_parse(const char *s, size_t n, struct mg_bk_keyfile *ret, struct sk_err *err);

/* ---- the stream -------------------------------------------------------------------------------
 */
struct mg_bk_stream {
	crypto_secretstream_xchacha20poly1305_state st;
	uint8_t head[32]; /* SHA-256 of all before the chunks: bound to the first chunk */
	bool begun, ended;
};
/* A new key's writer: fills h->stream; call before mg_bk_head_encode. */
void mg_bk_seal_init(struct mg_bk_stream *s, struct mg_bk_head *h, const uint8_t key[MG_BK_KEY]);
/* The bytes of mg_bk_head_encode, for both directions, before the first chunk. */
void mg_bk_stream_bind(struct mg_bk_stream *s, const void *head, size_t n);
/* n ≤ MG_BK_CHUNK content into out (MG_BK_SEALED bytes); returns the length. */
size_t mg_bk_seal(struct mg_bk_stream *s, const void *p, size_t n, bool last, uint8_t *out);
int mg_bk_open_init(struct mg_bk_stream *s, const struct mg_bk_head *h,
	const uint8_t key[MG_BK_KEY], struct sk_err *err);
/*
 * One chunk of n bytes into out (MG_BK_CHUNK bytes). -EBADMSG: changed, cut or not in its place.
 * s->ended after the last; a file that ends before is cut off, see mg_bk_cut.
 */
int mg_bk_open(struct mg_bk_stream *s, const void *p, size_t n, uint8_t *out, size_t *ret_len,
	struct sk_err *err);
/* The error of a file that ends before its last chunk. */
int mg_bk_cut(struct sk_err *err);

#endif
