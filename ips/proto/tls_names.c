/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A checked walk to the names of a certificate (RFC 5280, 4.1 and 4.2.1.6). Called for blocklists,
 * which look at more names than rules do; what is broken has no names from there on.
 */
#include "ips/proto/tls_names.h"

#include <string.h>
#include <strings.h>

#include "ips/proto/tls.h"
#include "lib/cursor.h"

#define DER_OCTETS 0x04
#define DER_EXTENSIONS 0xa3
#define DER_DNS_NAME 0x82 /* [2] of GeneralName */

struct walk {
	bool (*fn)(struct ips_view name, void *arg);
	void *arg;
	unsigned told;
};

/* True: end the walk. */
static bool tell(struct walk *w, struct sk_cursor c)
{
	size_t n = sk_cur_left(&c);
	const uint8_t *p = sk_cur_take(&c, n);

	return p && n &&
		(w->fn((struct ips_view){p, (uint32_t)n}, w->arg) ||
			++w->told >= IPS_CERT_NAMES_MAX);
}

static bool is_oid(struct sk_cursor c, const char *oid, size_t n)
{
	const uint8_t *p;

	if (sk_cur_left(&c) != n)
		return false;
	p = sk_cur_take(&c, n);
	return p && memcmp(p, oid, n) == 0;
}

static bool subject(struct walk *w, struct sk_cursor name)
{
	struct tls_der set, seq, oid, value;

	while (sk_cur_left(&name)) {
		if (!tls_der_expect(&name, TLS_DER_SET, &set))
			return false;
		while (sk_cur_left(&set.body)) {
			if (!tls_der_expect(&set.body, TLS_DER_SEQUENCE, &seq) ||
				!tls_der_expect(&seq.body, TLS_DER_OID, &oid) ||
				!tls_der_next(&seq.body, &value))
				return false;
			if (is_oid(oid.body, "\x55\x04\x03", 3) && tell(w, value.body))
				return true;
		}
	}
	return false;
}

static bool alt_names(struct walk *w, struct sk_cursor octets)
{
	struct tls_der list, name;

	if (!tls_der_expect(&octets, TLS_DER_SEQUENCE, &list))
		return false;
	while (sk_cur_left(&list.body) && tls_der_next(&list.body, &name))
		if (name.tag == DER_DNS_NAME && tell(w, name.body))
			return true;
	return false;
}

static void extensions(struct walk *w, struct sk_cursor list)
{
	struct tls_der ext, oid, value;

	while (sk_cur_left(&list)) {
		if (!tls_der_expect(&list, TLS_DER_SEQUENCE, &ext) ||
			!tls_der_expect(&ext.body, TLS_DER_OID, &oid) ||
			!tls_der_next(&ext.body, &value))
			return;
		/* A boolean may stand before the value: critical. */
		if (value.tag != DER_OCTETS && !tls_der_expect(&ext.body, DER_OCTETS, &value))
			return;
		if (is_oid(oid.body, "\x55\x1d\x11", 3) && alt_names(w, value.body))
			return;
	}
}

void ips_cert_names(struct ips_view der, bool (*fn)(struct ips_view name, void *arg), void *arg)
{
	struct walk w = {.fn = fn, .arg = arg};
	struct tls_der cert, tbs, d;
	struct sk_cursor c;

	sk_cur_init(&c, der.data, der.len);
	if (!tls_der_expect(&c, TLS_DER_SEQUENCE, &cert) ||
		!tls_der_expect(&cert.body, TLS_DER_SEQUENCE, &tbs))
		return;
	/* version, if it is there; serial, signature, issuer, validity; subject */
	if (!tls_der_next(&tbs.body, &d) || (d.tag == 0xa0 && !tls_der_next(&tbs.body, &d)))
		return;
	for (unsigned i = 0; i < 4; i++)
		if (!tls_der_next(&tbs.body, &d))
			return;
	if (subject(&w, d.body))
		return;
	while (sk_cur_left(&tbs.body) && tls_der_next(&tbs.body, &d)) {
		if (d.tag == DER_EXTENSIONS && tls_der_expect(&d.body, TLS_DER_SEQUENCE, &cert))
			extensions(&w, cert.body);
	}
}

static bool same(const uint8_t *a, const uint8_t *b, size_t n)
{
	return strncasecmp((const char *)a, (const char *)b, n) == 0;
}

bool ips_cert_name_covers(struct ips_view name, struct ips_view host)
{
	const uint8_t *dot;

	if (host.len == 0)
		return false;
	if (name.len == host.len && same(name.data, host.data, host.len))
		return true;
	if (name.len < 3 || name.data[0] != '*' || name.data[1] != '.')
		return false;
	dot = memchr(host.data, '.', host.len);
	if (!dot || dot == host.data)
		return false;
	host.len -= (uint32_t)(dot - host.data);
	return host.len == name.len - 1 && same(dot, name.data + 1, host.len);
}
