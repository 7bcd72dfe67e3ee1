/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Is it what its publisher made? A hash that lies beside the file, or a signature: minisign
 * (jedisct1.github.io/minisign, both its algorithms) or plain Ed25519 (RFC 8032). Pure.
 */
#ifndef MG_FEEDS_VERIFY_H
#define MG_FEEDS_VERIFY_H

#include <stddef.h>

#include "lib/err.h"

#define MG_VERIFY_MAX 65536 /* bytes of a file that holds hashes or a signature */

/*
 * text: what sha256sum prints, one or many lines, or a hash alone. name: of the file, to find its
 * line among many. 0; -EBADMSG: the hash is another, or none is there.
 */
int mg_verify_sha256_text(const char *text, size_t text_len, const char *name, const void *p,
	size_t n, struct sk_err *err);
/* hex: 64 digits. */
int mg_verify_sha256(const char *hex, const void *p, size_t n, struct sk_err *err);

/* A detached signature and the data that it is of. */
struct mg_signed {
	const char *sig;
	size_t sig_len;
	const void *p;
	size_t n;
};
/* key: the line of a minisign public key, or its file. -EBADMSG: does not fit. */
int mg_verify_minisign(const char *key, const struct mg_signed *s, struct sk_err *err);
/* key: 32 bytes in base64; the signature as 64 bytes, in base64 or hex. */
int mg_verify_ed25519(const char *key, const struct mg_signed *s, struct sk_err *err);

#endif
