/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS handshakes in the clear (RFC 5246, 8446, 6066): what the record layer, the hellos and the
 * certificates share. Nothing encrypted is looked at.
 */
#ifndef IPS_PROTO_TLS_H
#define IPS_PROTO_TLS_H

#include "ips/proto/ja.h"
#include "ips/proto/recognise.h"
#include "lib/cursor.h"

#define TLS_HANDSHAKE_MAX (128 * 1024) /* longest handshake message kept whole */
#define TLS_CERTS_MAX 16
#define TLS_NAME_MAX 2048

enum tls_event {
	TLS_EV_INVALID_SSLV2_HEADER,
	TLS_EV_INVALID_TLS_HEADER,
	TLS_EV_INVALID_RECORD_VERSION,
	TLS_EV_INVALID_RECORD_TYPE,
	TLS_EV_INVALID_RECORD_LENGTH,
	TLS_EV_INVALID_HANDSHAKE_MESSAGE,
	TLS_EV_HEARTBEAT_MESSAGE,
	TLS_EV_INVALID_HEARTBEAT_MESSAGE,
	TLS_EV_OVERFLOW_HEARTBEAT_MESSAGE,
	TLS_EV_DATALEAK_HEARTBEAT_MISMATCH,
	TLS_EV_HANDSHAKE_INVALID_LENGTH,
	TLS_EV_MULTIPLE_SNI_EXTENSIONS,
	TLS_EV_INVALID_SNI_TYPE,
	TLS_EV_INVALID_SNI_LENGTH,
	TLS_EV_TOO_MANY_RECORDS_IN_PACKET,
	TLS_EV_INVALID_CERTIFICATE,
	TLS_EV_CERTIFICATE_INVALID_LENGTH,
	TLS_EV_CERTIFICATE_INVALID_VERSION,
	TLS_EV_CERTIFICATE_INVALID_SERIAL,
	TLS_EV_CERTIFICATE_INVALID_ALGORITHM,
	TLS_EV_CERTIFICATE_INVALID_X509_NAME,
	TLS_EV_CERTIFICATE_INVALID_DATE,
	TLS_EV_CERTIFICATE_INVALID_EXTENSIONS,
	TLS_EV_CERTIFICATE_INVALID_DER,
	TLS_EV_CERTIFICATE_INVALID_SUBJECT,
	TLS_EV_CERTIFICATE_INVALID_ISSUER,
	TLS_EV_CERTIFICATE_INVALID_VALIDITY,
	TLS_EV_ERROR_MESSAGE_ENCOUNTERED,
	TLS_EV_INVALID_SSL_RECORD,
};

/* A certificate chain as sent; der points into the kept handshake message. */
struct tls_certs {
	uint8_t *message;
	uint32_t message_len;
	struct ips_view der[TLS_CERTS_MAX];
	uint32_t n;
	/* Of the first: text forms, allocated; NULL if unreadable. */
	char *subject, *issuer, *serial;
	uint32_t subject_len, issuer_len, serial_len;
	char fingerprint[60];
	int64_t not_before, not_after;
	bool known;
};

struct tls_side {
	uint8_t header[5];
	uint32_t header_len; /* bytes of the record header so far */
	uint32_t left;       /* bytes of the record to come */
	uint8_t type;
	uint16_t record_version, version; /* version: of the hello, or negotiated */
	bool hello, encrypted, application;
	bool lost; /* gap: record borders unknown */
	uint8_t *hs;
	uint32_t hs_len, hs_cap;
	uint8_t random[32];
	struct tls_certs certs;
};

struct tls_tx {
	struct ips_tx tx;
	struct tls_side side[2];
	char *sni;
	uint32_t sni_len;
	char *ja3, *ja3s; /* allocated text */
	uint32_t ja3_len, ja3s_len;
	char ja3_hash[33], ja3s_hash[33], ja4[40];
	uint8_t state; /* ssl_state's bits of the last record, whoever sent it */
};

/* One handshake message of dir: type, body. */
void tls_handshake(struct ips_app *a, struct ips_app_ctx *c, struct tls_tx *t, enum ips_dir dir,
	uint8_t type, const uint8_t *p, uint32_t len);
void tls_certificate(struct ips_app *a, struct ips_app_ctx *c, struct tls_tx *t, enum ips_dir dir,
	const uint8_t *p, uint32_t len);
void tls_certs_free(struct tls_certs *c, struct ips_mem *m);
void tls_log(struct ips_app *a, struct ips_tx *tx, struct ips_json *j);
const char *tls_version_name(uint16_t version, char num[16]);

/* DER (X.690), definite lengths of at most four bytes; false: broken. */
#define TLS_DER_SEQUENCE 0x30
#define TLS_DER_SET 0x31
#define TLS_DER_OID 0x06
struct tls_der {
	uint8_t tag;
	struct sk_cursor body;
};
bool tls_der_next(struct sk_cursor *c, struct tls_der *ret);
bool tls_der_expect(struct sk_cursor *c, uint8_t tag, struct tls_der *ret);

/* Text copied into counted memory, NUL-terminated; freed with len + 1. */
char *tls_text(struct ips_mem *m, const char *s, uint32_t len);

#endif
