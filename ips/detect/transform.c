/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * See transform.h. Names and effects: Suricata 7 user guide, "Transformations". IPS_T_DOMAIN and
 * IPS_T_TLD need a list of public suffixes that is not here; the rule parser refuses them.
 */
#include "ips/detect/transform.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "ips/detect/inspect_int.h"
#include "ips/detect/search.h"

static bool blank(uint8_t b)
{
	return b == ' ' || (b >= '\t' && b <= '\r');
}

static uint32_t strip_blanks(struct ips_view v, uint8_t *dst, bool keep_one)
{
	uint32_t n = 0;
	bool was = false;

	for (uint32_t i = 0; i < v.len; i++) {
		bool is = blank(v.data[i]);

		if (!is || (keep_one && !was))
			dst[n++] = v.data[i];
		was = is;
	}
	return n;
}

static int hex(uint8_t b)
{
	if (b >= '0' && b <= '9')
		return b - '0';
	b = ips_lower(b);
	return b >= 'a' && b <= 'f' ? b - 'a' + 10 : -1;
}

static uint32_t url_decode(struct ips_view v, uint8_t *dst)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < v.len; i++) {
		uint8_t b = v.data[i];

		if (b == '+') {
			b = ' ';
		} else if (b == '%' && i + 2 < v.len && hex(v.data[i + 1]) >= 0 &&
			hex(v.data[i + 2]) >= 0) {
			b = (uint8_t)(hex(v.data[i + 1]) << 4 | hex(v.data[i + 2]));
			i += 2;
		}
		dst[n++] = b;
	}
	return n;
}

/* Header names in lower case, values as they are. */
static uint32_t header_lowercase(struct ips_view v, uint8_t *dst)
{
	bool name = true;

	for (uint32_t i = 0; i < v.len; i++) {
		dst[i] = name ? ips_lower(v.data[i]) : v.data[i];
		if (v.data[i] == ':')
			name = false;
		else if (v.data[i] == '\n')
			name = true;
	}
	return v.len;
}

/* Without the lines that begin with a colon (HTTP/2's :path and the like). */
static uint32_t strip_pseudo(struct ips_view v, uint8_t *dst)
{
	bool start = true, pseudo = false;
	uint32_t n = 0;

	for (uint32_t i = 0; i < v.len; i++) {
		if (start)
			pseudo = v.data[i] == ':';
		start = v.data[i] == '\n';
		if (!pseudo)
			dst[n++] = v.data[i];
	}
	return n;
}

static uint32_t change_case(struct ips_view v, uint8_t *dst, bool upper)
{
	for (uint32_t i = 0; i < v.len; i++) {
		uint8_t b = ips_lower(v.data[i]);

		dst[i] = upper ? (b >= 'a' && b <= 'z' ? b - 0x20 : v.data[i]) : b;
	}
	return v.len;
}

static uint32_t digest(struct ips_view v, uint8_t *dst, gnutls_digest_algorithm_t alg)
{
	if (gnutls_hash_fast(alg, v.data, v.len, dst) < 0)
		return 0;
	return gnutls_hash_get_len(alg);
}

static uint32_t xor_key(struct ips_view v, uint8_t *dst, const struct ips_transform *t)
{
	uint32_t k = 0;

	for (uint32_t i = 0; i < v.len; i++) {
		dst[i] = v.data[i] ^ t->key[k];
		if (++k >= t->key_len || k >= sizeof(t->key))
			k = 0;
	}
	return v.len;
}

/* What the first group matched; without a match nothing changes. */
static struct ips_view pcrexform(
	struct ips_inspect *in, const struct ips_transform *t, struct ips_view v)
{
	const PCRE2_SIZE *pair;
	struct ips_place at;
	int n;

	pcre2_get_ovector_pointer(in->pcre)[2] = PCRE2_UNSET;
	n = ips_pcre_run(in, t->code, v, 0, &at);
	pair = pcre2_get_ovector_pointer(in->pcre);
	if (n != 1 || pair[2] == PCRE2_UNSET || pair[3] < pair[2] || pair[3] > v.len)
		return v;
	return (struct ips_view){v.data + pair[2], (uint32_t)(pair[3] - pair[2])};
}

struct ips_view ips_transform_one(struct ips_inspect *in, const struct ips_transform *t,
	struct ips_view v, uint8_t *dst, uint32_t cap)
{
	uint32_t n = 0;

	if (v.len > cap - 1) {
		v.len = cap - 1;
		in->stats.transform_cut++;
	}
	switch (t->kind) {
	case IPS_T_DOTPREFIX:
		if (!v.len)
			return v;
		dst[0] = '.';
		memcpy(dst + 1, v.data, v.len);
		n = v.len + 1;
		break;
	case IPS_T_STRIP_WHITESPACE: n = strip_blanks(v, dst, false); break;
	case IPS_T_COMPRESS_WHITESPACE: n = strip_blanks(v, dst, true); break;
	case IPS_T_TO_LOWERCASE: n = change_case(v, dst, false); break;
	case IPS_T_TO_UPPERCASE: n = change_case(v, dst, true); break;
	case IPS_T_TO_MD5: n = digest(v, dst, GNUTLS_DIG_MD5); break;
	case IPS_T_TO_SHA1: n = digest(v, dst, GNUTLS_DIG_SHA1); break;
	case IPS_T_TO_SHA256: n = digest(v, dst, GNUTLS_DIG_SHA256); break;
	case IPS_T_URL_DECODE: n = url_decode(v, dst); break;
	case IPS_T_XOR: n = t->key_len ? xor_key(v, dst, t) : 0; break;
	case IPS_T_HEADER_LOWERCASE: n = header_lowercase(v, dst); break;
	case IPS_T_STRIP_PSEUDO_HEADERS: n = strip_pseudo(v, dst); break;
	case IPS_T_PCREXFORM: return pcrexform(in, t, v);
	case IPS_T_DOMAIN:
	case IPS_T_TLD: break;
	}
	return (struct ips_view){dst, n};
}

struct ips_view ips_inspect_transform(
	struct ips_inspect *in, const struct ips_transform *t, uint32_t n, struct ips_view v)
{
	unsigned to;

	if (!v.data)
		v = (struct ips_view){(const uint8_t *)"", 0};
	for (uint32_t i = 0; i < n; i++) {
		/* Never onto the bytes being read: they may stand in either area. */
		to = v.data >= in->buf[0] && v.data < in->buf[0] + in->cap;
		v = ips_transform_one(in, &t[i], v, in->buf[to], in->cap);
	}
	return v;
}
