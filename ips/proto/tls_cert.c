/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Certificates (RFC 5280) as far as rules ask: names, serial, validity, fingerprint. A checked walk
 * over DER; nothing is verified, a broken certificate is an event.
 */
#include <gnutls/crypto.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "ips/proto/tls.h"
#include "lib/cursor.h"
#include "lib/util.h"

#define DER_INTEGER 0x02
#define DER_UTCTIME 0x17

bool tls_der_next(struct sk_cursor *c, struct tls_der *ret)
{
	uint32_t len;

	ret->tag = sk_cur_u8(c);
	len = sk_cur_u8(c);
	if (len & 0x80) {
		unsigned n = len & 0x7f;

		if (n == 0 || n > 4)
			return false;
		for (len = 0; n; n--)
			len = len << 8 | sk_cur_u8(c);
	}
	if (!sk_cur_ok(c) || len > sk_cur_left(c))
		return false;
	ret->body = sk_cur_sub(c, len);
	return sk_cur_ok(c);
}

bool tls_der_expect(struct sk_cursor *c, uint8_t tag, struct tls_der *ret)
{
	return tls_der_next(c, ret) && ret->tag == tag;
}

struct attribute {
	const char *oid; /* DER content bytes */
	uint8_t len;
	const char *name;
};

static const struct attribute attributes[] = {
	{"\x55\x04\x03", 3, "CN"},
	{"\x55\x04\x04", 3, "SN"},
	{"\x55\x04\x05", 3, "serialNumber"},
	{"\x55\x04\x06", 3, "C"},
	{"\x55\x04\x07", 3, "L"},
	{"\x55\x04\x08", 3, "ST"},
	{"\x55\x04\x09", 3, "street"},
	{"\x55\x04\x0a", 3, "O"},
	{"\x55\x04\x0b", 3, "OU"},
	{"\x55\x04\x0c", 3, "title"},
	{"\x55\x04\x0d", 3, "description"},
	{"\x55\x04\x0f", 3, "businessCategory"},
	{"\x55\x04\x11", 3, "postalCode"},
	{"\x55\x04\x29", 3, "name"},
	{"\x55\x04\x2a", 3, "givenName"},
	{"\x55\x04\x2b", 3, "initials"},
	{"\x55\x04\x2e", 3, "dnQualifier"},
	{"\x55\x04\x61", 3, "organizationIdentifier"},
	{"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01", 9, "emailAddress"},
	{"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x02", 9, "unstructuredName"},
	{"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19", 10, "DC"},
	{"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01", 10, "UID"},
	{"\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x01", 11, "jurisdictionL"},
	{"\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x02", 11, "jurisdictionST"},
	{"\x2b\x06\x01\x04\x01\x82\x37\x3c\x02\x01\x03", 11, "jurisdictionC"},
};

static void put_dotted(struct sk_buf *b, struct sk_cursor c)
{
	uint64_t v = 0;
	bool first = true;

	while (sk_cur_left(&c)) {
		uint8_t x = sk_cur_u8(&c);

		v = v << 7 | (x & 0x7f);
		if (x & 0x80)
			continue;
		if (first)
			sk_buf_printf(b, "%u.%u", v < 80 ? (unsigned)v / 40 : 2,
				v < 80 ? (unsigned)v % 40 : (unsigned)(v - 80));
		else
			sk_buf_printf(b, ".%llu", (unsigned long long)v);
		first = false;
		v = 0;
	}
}

static void put_type(struct sk_buf *b, struct sk_cursor oid)
{
	size_t n = sk_cur_left(&oid);
	struct sk_cursor c = oid;
	const uint8_t *p = sk_cur_take(&c, n);

	for (size_t i = 0; p && i < SK_ARRAY_SIZE(attributes); i++)
		if (attributes[i].len == n && memcmp(attributes[i].oid, p, n) == 0) {
			sk_buf_puts(b, attributes[i].name);
			return;
		}
	put_dotted(b, oid);
}

/* UTF8, Numeric, Printable, Teletex and IA5 strings as they are, others in hex. */
static void put_value(struct sk_buf *b, struct tls_der *v)
{
	size_t n = sk_cur_left(&v->body);
	const uint8_t *p = sk_cur_take(&v->body, n);
	bool text = v->tag == 0x0c || (v->tag >= 0x12 && v->tag <= 0x14) || v->tag == 0x16;

	if (text && p)
		sk_buf_put(b, p, n);
	else
		for (size_t i = 0; p && i < n; i++)
			sk_buf_printf(b, "%02x", p[i]);
}

/* RDNSequence as "C=JP, O=…, CN=…"; parts of one RDN are joined by " + ". */
static bool put_name(struct sk_buf *b, struct sk_cursor name)
{
	bool first = true;

	while (sk_cur_left(&name)) {
		struct tls_der set, seq, oid, value;
		bool again = false;

		if (!tls_der_expect(&name, TLS_DER_SET, &set))
			return false;
		while (sk_cur_left(&set.body)) {
			if (!tls_der_expect(&set.body, TLS_DER_SEQUENCE, &seq) ||
				!tls_der_expect(&seq.body, TLS_DER_OID, &oid) ||
				!tls_der_next(&seq.body, &value))
				return false;
			if (!first)
				sk_buf_puts(b, again ? " + " : ", ");
			put_type(b, oid.body);
			sk_buf_putc(b, '=');
			put_value(b, &value);
			first = false;
			again = true;
		}
	}
	return true;
}

static int two(const uint8_t *p)
{
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return -1;
	return (p[0] - '0') * 10 + p[1] - '0';
}

/* UTCTime or GeneralizedTime, both ending in Z, to seconds since 1970. */
static bool read_time(struct tls_der *d, int64_t *ret)
{
	size_t n = sk_cur_left(&d->body), skip = d->tag == DER_UTCTIME ? 0 : 2;
	const uint8_t *p = sk_cur_take(&d->body, n);
	int v[6], year;
	struct tm tm = {0};

	if (!p || n < skip + 12)
		return false;
	for (unsigned i = 0; i < 6; i++)
		v[i] = i < 5 || n >= skip + 13 ? two(p + skip + 2 * i) : 0;
	for (unsigned i = 0; i < 6; i++)
		if (v[i] < 0)
			return false;
	year = skip ? two(p) * 100 + v[0] : v[0] + (v[0] < 50 ? 2000 : 1900);
	tm.tm_year = year - 1900;
	tm.tm_mon = v[1] - 1;
	tm.tm_mday = v[2];
	tm.tm_hour = v[3];
	tm.tm_min = v[4];
	tm.tm_sec = v[5];
	*ret = timegm(&tm);
	return true;
}

static char *name_text(struct ips_mem *m, struct sk_cursor name, uint32_t *ret_len)
{
	struct sk_buf b;
	char *s = NULL;

	sk_buf_init(&b, TLS_NAME_MAX);
	if (put_name(&b, name) && sk_buf_error(&b) == 0) {
		s = tls_text(m, sk_buf_str(&b), (uint32_t)b.len);
		*ret_len = s ? (uint32_t)b.len : 0;
	}
	sk_buf_done(&b);
	return s;
}

static char *serial_text(struct ips_mem *m, struct sk_cursor c, uint32_t *ret_len)
{
	struct sk_buf b;
	char *s = NULL;

	sk_buf_init(&b, 1024);
	for (bool first = true; sk_cur_left(&c); first = false)
		sk_buf_printf(&b, first ? "%02X" : ":%02X", sk_cur_u8(&c));
	if (sk_buf_error(&b) == 0) {
		s = tls_text(m, sk_buf_str(&b), (uint32_t)b.len);
		*ret_len = s ? (uint32_t)b.len : 0;
	}
	sk_buf_done(&b);
	return s;
}

/* tbsCertificate: version, serial, signature, issuer, validity, subject … */
static int read_first(struct ips_mem *m, struct tls_certs *k)
{
	struct tls_der cert, tbs, d, validity, t;
	struct sk_cursor c;

	sk_cur_init(&c, k->der[0].data, k->der[0].len);
	if (!tls_der_expect(&c, TLS_DER_SEQUENCE, &cert) ||
		!tls_der_expect(&cert.body, TLS_DER_SEQUENCE, &tbs))
		return TLS_EV_CERTIFICATE_INVALID_DER;
	if (!tls_der_next(&tbs.body, &d) || (d.tag == 0xa0 && !tls_der_next(&tbs.body, &d)))
		return TLS_EV_CERTIFICATE_INVALID_VERSION;
	if (d.tag != DER_INTEGER)
		return TLS_EV_CERTIFICATE_INVALID_SERIAL;
	k->serial = serial_text(m, d.body, &k->serial_len);
	if (!tls_der_expect(&tbs.body, TLS_DER_SEQUENCE, &d))
		return TLS_EV_CERTIFICATE_INVALID_ALGORITHM;
	if (!tls_der_expect(&tbs.body, TLS_DER_SEQUENCE, &d))
		return TLS_EV_CERTIFICATE_INVALID_ISSUER;
	k->issuer = name_text(m, d.body, &k->issuer_len);
	if (!tls_der_expect(&tbs.body, TLS_DER_SEQUENCE, &validity))
		return TLS_EV_CERTIFICATE_INVALID_VALIDITY;
	if (!tls_der_next(&validity.body, &t) || !read_time(&t, &k->not_before) ||
		!tls_der_next(&validity.body, &t) || !read_time(&t, &k->not_after))
		return TLS_EV_CERTIFICATE_INVALID_DATE;
	if (!tls_der_expect(&tbs.body, TLS_DER_SEQUENCE, &d))
		return TLS_EV_CERTIFICATE_INVALID_SUBJECT;
	k->subject = name_text(m, d.body, &k->subject_len);
	return k->subject && k->issuer ? -1 : TLS_EV_CERTIFICATE_INVALID_X509_NAME;
}

static void fingerprint(struct tls_certs *k)
{
	uint8_t out[20];

	if (gnutls_hash_fast(GNUTLS_DIG_SHA1, k->der[0].data, k->der[0].len, out) < 0)
		return;
	for (unsigned i = 0; i < sizeof(out); i++)
		snprintf(k->fingerprint + 3 * i, 4, i + 1 < sizeof(out) ? "%02x:" : "%02x", out[i]);
}

void tls_certificate(struct ips_app *a, struct ips_app_ctx *c, struct tls_tx *t, enum ips_dir dir,
	const uint8_t *p, uint32_t len)
{
	struct tls_certs *k = &t->side[dir].certs;
	struct sk_cursor all, list;
	uint32_t total;
	int event;

	if (k->known)
		return;
	k->message = ips_mem_alloc(c->mem, len);
	if (!k->message)
		return;
	memcpy(k->message, p, len);
	k->message_len = len;
	k->known = true;
	sk_cur_init(&all, k->message, len);
	total = (uint32_t)sk_cur_u8(&all) << 16;
	total |= sk_cur_be16(&all);
	list = sk_cur_sub(&all, total);
	while (sk_cur_left(&list) >= 3 && k->n < TLS_CERTS_MAX) {
		uint32_t n = (uint32_t)sk_cur_u8(&list) << 16;
		const uint8_t *der;

		n |= sk_cur_be16(&list);
		der = sk_cur_take(&list, n);
		if (!der)
			break;
		k->der[k->n++] = (struct ips_view){der, n};
	}
	if (!sk_cur_ok(&list) || !sk_cur_ok(&all))
		ips_tx_event(a, &t->tx, TLS_EV_CERTIFICATE_INVALID_LENGTH);
	if (k->n == 0)
		return;
	fingerprint(k);
	event = read_first(c->mem, k);
	if (event >= 0) {
		ips_tx_event(a, &t->tx, TLS_EV_INVALID_CERTIFICATE);
		ips_tx_event(a, &t->tx, (unsigned)event);
	}
}

void tls_certs_free(struct tls_certs *k, struct ips_mem *m)
{
	ips_mem_free(m, k->message, k->message_len);
	ips_mem_free(m, k->subject, k->subject_len + 1u);
	ips_mem_free(m, k->issuer, k->issuer_len + 1u);
	ips_mem_free(m, k->serial, k->serial_len + 1u);
}
