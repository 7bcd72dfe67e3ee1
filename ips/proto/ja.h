/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fingerprints of TLS hellos, for TLS and QUIC: JA3 and JA3S (MD5 of the fields in order), JA4
 * (sorted, SHA-256, by its technical description). GREASE values (RFC 8701) are left out.
 */
#ifndef IPS_PROTO_JA_H
#define IPS_PROTO_JA_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/buf.h"

#define IPS_JA_LIST 256

struct ips_ja_list {
	uint16_t v[IPS_JA_LIST];
	uint16_t n;
};

/* What a hello said, in order of appearance, GREASE included. */
struct ips_ja_hello {
	uint16_t version;   /* legacy_version */
	uint16_t supported; /* highest of supported_versions without GREASE, 0: extension absent */
	struct ips_ja_list *lists; /* ciphers, extensions, groups, formats, signature algorithms */
	char alpn[2];              /* first and last character of the first protocol */
	bool sni;
};
enum {
	IPS_JA_CIPHERS,
	IPS_JA_EXTENSIONS,
	IPS_JA_GROUPS,
	IPS_JA_FORMATS,
	IPS_JA_SIGS,
	IPS_JA_LISTS
};

/* Parse a ClientHello or ServerHello body into h (lists must have IPS_JA_LISTS). */
struct ips_hello_extra {
	const uint8_t *random; /* 32 bytes */
	const uint8_t *sni;    /* NULL: none */
	uint32_t sni_len;
	bool several_sni, bad_sni_type, bad_sni_length, session_id;
};
bool ips_ja_client_hello(
	struct ips_ja_hello *h, struct ips_hello_extra *x, const uint8_t *p, uint32_t n);
bool ips_ja_server_hello(
	struct ips_ja_hello *h, struct ips_hello_extra *x, const uint8_t *p, uint32_t n);

void ips_ja3_string(const struct ips_ja_hello *h, struct sk_buf *b);
void ips_ja3s_string(const struct ips_ja_hello *h, struct sk_buf *b);
void ips_md5_hex(const void *p, size_t n, char dst[33]);
/* transport: 't' TLS, 'q' QUIC. dst at least 37 bytes. */
void ips_ja4(const struct ips_ja_hello *h, char transport, char dst[40]);

#endif
