/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hellos read into lists, lists written as fingerprints. Called by TLS and QUIC; input is a whole
 * hello body, read through the checked cursor.
 */
#include "ips/proto/ja.h"

#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cursor.h"
#include "lib/util.h"

static bool grease(uint16_t v)
{
	return (v & 0x0f0f) == 0x0a0a && v >> 8 == (v & 0xff);
}

static void add(struct ips_ja_list *l, uint16_t v)
{
	if (l->n < IPS_JA_LIST)
		l->v[l->n++] = v;
}

static void words(struct ips_ja_list *l, struct sk_cursor c)
{
	while (sk_cur_left(&c) >= 2)
		add(l, sk_cur_be16(&c));
}

static void ext_sni(struct ips_ja_hello *h, struct ips_hello_extra *x, struct sk_cursor c)
{
	struct sk_cursor list = sk_cur_sub(&c, sk_cur_be16(&c));
	uint8_t type = sk_cur_u8(&list);
	uint16_t n = sk_cur_be16(&list);
	const uint8_t *p = sk_cur_take(&list, n);

	if (h->sni)
		x->several_sni = true;
	h->sni = true;
	if (!p || n == 0) {
		x->bad_sni_length = true;
		return;
	}
	if (type != 0) {
		x->bad_sni_type = true;
		return;
	}
	if (!x->sni) {
		x->sni = p;
		x->sni_len = n;
	}
}

static void ext_versions(struct ips_ja_hello *h, struct sk_cursor c, bool client)
{
	struct sk_cursor list = c;

	if (client)
		list = sk_cur_sub(&c, sk_cur_u8(&c));
	while (sk_cur_left(&list) >= 2) {
		uint16_t v = sk_cur_be16(&list);

		if (!grease(v) && v > h->supported)
			h->supported = v;
	}
}

static void ext_alpn(struct ips_ja_hello *h, struct sk_cursor c)
{
	struct sk_cursor list = sk_cur_sub(&c, sk_cur_be16(&c));
	uint8_t n = sk_cur_u8(&list);
	const uint8_t *p = sk_cur_take(&list, n);

	if (!p || n == 0)
		return;
	h->alpn[0] = (char)p[0];
	h->alpn[1] = (char)p[n - 1];
}

static void extension(struct ips_ja_hello *h, struct ips_hello_extra *x, uint16_t type,
	struct sk_cursor c, bool client)
{
	add(&h->lists[IPS_JA_EXTENSIONS], type);
	switch (type) {
	case 0:
		if (client)
			ext_sni(h, x, c);
		break;
	case 10: words(&h->lists[IPS_JA_GROUPS], sk_cur_sub(&c, sk_cur_be16(&c))); break;
	case 11:
		for (unsigned n = sk_cur_u8(&c); n && sk_cur_left(&c); n--)
			add(&h->lists[IPS_JA_FORMATS], sk_cur_u8(&c));
		break;
	case 13: words(&h->lists[IPS_JA_SIGS], sk_cur_sub(&c, sk_cur_be16(&c))); break;
	case 16: ext_alpn(h, c); break;
	case 43: ext_versions(h, c, client); break;
	default: break;
	}
}

static void extensions(
	struct ips_ja_hello *h, struct ips_hello_extra *x, struct sk_cursor *c, bool client)
{
	struct sk_cursor all;

	if (sk_cur_left(c) < 2)
		return;
	all = sk_cur_sub(c, sk_cur_be16(c));
	while (sk_cur_ok(&all) && sk_cur_left(&all) >= 4) {
		uint16_t type = sk_cur_be16(&all);
		struct sk_cursor body = sk_cur_sub(&all, sk_cur_be16(&all));

		if (!sk_cur_ok(&all))
			break;
		extension(h, x, type, body, client);
	}
}

bool ips_ja_client_hello(
	struct ips_ja_hello *h, struct ips_hello_extra *x, const uint8_t *p, uint32_t n)
{
	struct sk_cursor c, ciphers;
	uint8_t id;

	sk_cur_init(&c, p, n);
	h->version = sk_cur_be16(&c);
	x->random = sk_cur_take(&c, 32);
	id = sk_cur_u8(&c);
	sk_cur_skip(&c, id);
	x->session_id = id;
	ciphers = sk_cur_sub(&c, sk_cur_be16(&c));
	sk_cur_skip(&c, sk_cur_u8(&c));
	if (!sk_cur_ok(&c))
		return false;
	words(&h->lists[IPS_JA_CIPHERS], ciphers);
	extensions(h, x, &c, true);
	return true;
}

bool ips_ja_server_hello(
	struct ips_ja_hello *h, struct ips_hello_extra *x, const uint8_t *p, uint32_t n)
{
	struct sk_cursor c;
	uint16_t cipher;

	sk_cur_init(&c, p, n);
	h->version = sk_cur_be16(&c);
	x->random = sk_cur_take(&c, 32);
	sk_cur_skip(&c, sk_cur_u8(&c));
	cipher = sk_cur_be16(&c);
	sk_cur_skip(&c, 1);
	if (!sk_cur_ok(&c))
		return false;
	add(&h->lists[IPS_JA_CIPHERS], cipher);
	extensions(h, x, &c, false);
	return true;
}

static void dashed(const struct ips_ja_list *l, struct sk_buf *b)
{
	bool first = true;

	for (unsigned i = 0; i < l->n; i++) {
		if (grease(l->v[i]))
			continue;
		sk_buf_printf(b, first ? "%u" : "-%u", l->v[i]);
		first = false;
	}
}

void ips_ja3_string(const struct ips_ja_hello *h, struct sk_buf *b)
{
	sk_buf_printf(b, "%u", h->version);
	for (int i = IPS_JA_CIPHERS; i <= IPS_JA_FORMATS; i++) {
		sk_buf_putc(b, ',');
		dashed(&h->lists[i], b);
	}
}

void ips_ja3s_string(const struct ips_ja_hello *h, struct sk_buf *b)
{
	sk_buf_printf(b, "%u,", h->version);
	dashed(&h->lists[IPS_JA_CIPHERS], b);
	sk_buf_putc(b, ',');
	dashed(&h->lists[IPS_JA_EXTENSIONS], b);
}

void ips_md5_hex(const void *p, size_t n, char dst[33])
{
	uint8_t out[16];

	if (gnutls_hash_fast(GNUTLS_DIG_MD5, p, n, out) < 0)
		memset(out, 0, sizeof(out));
	sk_hex(dst, out, sizeof(out));
}

static int by_value(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

static void hex_list(struct sk_buf *b, const uint16_t *v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		sk_buf_printf(b, i ? ",%04x" : "%04x", v[i]);
}

/* First 12 hex digits of the text's SHA-256; zeros for an empty list. */
static void short_hash(const struct sk_buf *b, char dst[13])
{
	uint8_t out[32];

	if (b->len == 0) {
		memcpy(dst, "000000000000", 13);
		return;
	}
	sk_sha256(out, b->data, b->len);
	sk_hex(dst, out, 6);
}

/* Copy without GREASE (and, for extensions, without SNI and ALPN); returns how many. */
static unsigned pick(const struct ips_ja_list *l, bool extensions_only, uint16_t *dst)
{
	unsigned n = 0;

	for (unsigned i = 0; i < l->n; i++)
		if (!grease(l->v[i]) &&
			!(extensions_only && (l->v[i] == 0x0000 || l->v[i] == 0x0010)))
			dst[n++] = l->v[i];
	return n;
}

static const char *ja4_version(uint16_t v)
{
	switch (v) {
	case 0x0304: return "13";
	case 0x0303: return "12";
	case 0x0302: return "11";
	case 0x0301: return "10";
	case 0x0300: return "s3";
	case 0x0002: return "s2";
	default: return "00";
	}
}

static bool alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void ja4_alpn(const char in[2], char out[3])
{
	static const char hex[] = "0123456789abcdef";

	memcpy(out, "00", 3);
	if (!in[0] && !in[1])
		return;
	if (alnum(in[0]) && alnum(in[1])) {
		out[0] = in[0];
		out[1] = in[1];
		return;
	}
	out[0] = hex[(uint8_t)in[0] >> 4];
	out[1] = hex[(uint8_t)in[1] & 15];
}

void ips_ja4(const struct ips_ja_hello *h, char transport, char dst[40])
{
	uint16_t v[IPS_JA_LIST];
	char c12[13], e12[13], alpn[3];
	unsigned ciphers, exts, all;
	struct sk_buf b;

	sk_buf_init(&b, 16384);
	ciphers = pick(&h->lists[IPS_JA_CIPHERS], false, v);
	qsort(v, ciphers, sizeof(v[0]), by_value);
	hex_list(&b, v, ciphers);
	short_hash(&b, c12);
	sk_buf_reset(&b);
	all = pick(&h->lists[IPS_JA_EXTENSIONS], false, v);
	exts = pick(&h->lists[IPS_JA_EXTENSIONS], true, v);
	qsort(v, exts, sizeof(v[0]), by_value);
	hex_list(&b, v, exts);
	if (h->lists[IPS_JA_SIGS].n && exts) {
		unsigned n = pick(&h->lists[IPS_JA_SIGS], false, v);

		sk_buf_putc(&b, '_');
		hex_list(&b, v, n);
	}
	short_hash(&b, e12);
	sk_buf_done(&b);
	ja4_alpn(h->alpn, alpn);
	snprintf(dst, 40, "%c%s%c%02u%02u%s_%s_%s", transport,
		ja4_version(h->supported ? h->supported : h->version), h->sni ? 'd' : 'i',
		SK_MIN(ciphers, 99u), SK_MIN(all, 99u), alpn, c12, e12);
}
