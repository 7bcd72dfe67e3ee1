/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys and protection of Initial packets (RFC 9001, 5), by GnuTLS. */
#include <gnutls/crypto.h>
#include <string.h>

#include "ips/proto/quic.h"
#include "lib/cursor.h"

#define TAG 16

static uint64_t varint(struct sk_cursor *c)
{
	uint8_t first = sk_cur_u8(c);
	uint64_t v = first & 0x3f;

	for (unsigned n = (1u << (first >> 6)) - 1; n; n--)
		v = v << 8 | sk_cur_u8(c);
	return v;
}

static bool is_initial(uint32_t version, uint8_t first)
{
	return (first >> 4 & 3) == (version == QUIC_V2 ? 1 : 0);
}

bool quic_header_parse(struct quic_header *h, const uint8_t *p, uint32_t n)
{
	struct sk_cursor c;
	const uint8_t *cid;
	uint64_t len;

	memset(h, 0, sizeof(*h));
	sk_cur_init(&c, p, n);
	if ((sk_cur_u8(&c) & 0xc0) != 0xc0)
		return false;
	h->version = sk_cur_be32(&c);
	h->dcid_len = sk_cur_u8(&c);
	cid = sk_cur_take(&c, h->dcid_len);
	if (!cid || h->dcid_len > QUIC_CID_MAX)
		return false;
	memcpy(h->dcid, cid, h->dcid_len);
	h->scid_len = sk_cur_u8(&c);
	sk_cur_skip(&c, h->scid_len);
	if (h->scid_len > QUIC_CID_MAX || h->version == 0)
		return false;
	h->initial = is_initial(h->version, p[0]);
	if (h->initial)
		sk_cur_skip(&c, varint(&c)); /* token */
	len = varint(&c);
	if (!sk_cur_ok(&c) || len > sk_cur_left(&c))
		return false;
	h->pn_at = (uint32_t)c.off;
	h->len = (uint32_t)(c.off + len);
	return true;
}

/* HKDF-Expand-Label of TLS 1.3 (RFC 8446, 7.1) with an empty context. */
static bool expand(const uint8_t secret[32], const char *label, void *dst, uint16_t n)
{
	uint8_t info[64];
	size_t len = strlen(label);
	gnutls_datum_t key = {(uint8_t *)secret, 32}, text = {info, 0};

	info[0] = (uint8_t)(n >> 8);
	info[1] = (uint8_t)n;
	info[2] = (uint8_t)(6 + len);
	memcpy(info + 3, "tls13 ", 6);
	memcpy(info + 9, label, len);
	info[9 + len] = 0;
	text.size = (unsigned)(10 + len);
	return gnutls_hkdf_expand(GNUTLS_MAC_SHA256, &key, &text, dst, n) == 0;
}

static const uint8_t salt_v1[20] = {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
	0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a};
static const uint8_t salt_v2[20] = {0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
	0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9};
static const uint8_t salt_29[20] = {0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97,
	0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99};
static const uint8_t salt_23[20] = {0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7,
	0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02};

static const uint8_t *salt_of(uint32_t version)
{
	if (version == QUIC_V1)
		return salt_v1;
	if (version == QUIC_V2)
		return salt_v2;
	if (version >= 0xff00001d && version <= 0xff000022)
		return salt_29;
	if (version >= 0xff000017 && version <= 0xff00001c)
		return salt_23;
	return NULL;
}

bool quic_keys_make(const struct quic_header *h, struct quic_keys ret[2])
{
	static const char *const sides[2] = {"client in", "server in"};
	const uint8_t *salt = salt_of(h->version);
	bool v2 = h->version == QUIC_V2, ok = salt;
	gnutls_datum_t cid = {(uint8_t *)h->dcid, h->dcid_len}, s = {(uint8_t *)salt, 20};
	uint8_t initial[32], side[32];

	ok = ok && gnutls_hkdf_extract(GNUTLS_MAC_SHA256, &cid, &s, initial) == 0;
	for (unsigned i = 0; ok && i < 2; i++)
		ok = expand(initial, sides[i], side, 32) &&
			expand(side, v2 ? "quicv2 key" : "quic key", ret[i].key, 16) &&
			expand(side, v2 ? "quicv2 iv" : "quic iv", ret[i].iv, 12) &&
			expand(side, v2 ? "quicv2 hp" : "quic hp", ret[i].hp, 16);
	return ok;
}

/* One AES block: CBC with a zero vector is the plain cipher there. */
static bool mask_of(const uint8_t key[16], const uint8_t sample[16], uint8_t mask[16])
{
	uint8_t zero[16] = {0};
	gnutls_datum_t k = {(uint8_t *)key, 16}, iv = {zero, 16};
	gnutls_cipher_hd_t hd;
	bool ok;

	if (gnutls_cipher_init(&hd, GNUTLS_CIPHER_AES_128_CBC, &k, &iv) < 0)
		return false;
	ok = gnutls_cipher_encrypt2(hd, sample, 16, mask, 16) == 0;
	gnutls_cipher_deinit(hd);
	return ok;
}

uint32_t quic_open(
	const struct quic_header *h, const struct quic_keys *k, const uint8_t *p, uint8_t *dst)
{
	uint8_t head[512], mask[16], nonce[12];
	uint32_t at = h->pn_at, pn = 0, pn_len, body;
	gnutls_datum_t key = {(uint8_t *)k->key, 16};
	gnutls_aead_cipher_hd_t hd;
	size_t n = h->len;
	int r;

	if (h->len < at + 4 + 16 || at + 4 > sizeof(head) || !mask_of(k->hp, p + at + 4, mask))
		return 0;
	memcpy(head, p, at + 4);
	head[0] ^= mask[0] & 0x0f;
	pn_len = (head[0] & 3u) + 1;
	for (uint32_t i = 0; i < pn_len; i++) {
		head[at + i] ^= mask[1 + i];
		pn = pn << 8 | head[at + i];
	}
	memcpy(nonce, k->iv, 12);
	for (unsigned i = 0; i < 4; i++)
		nonce[11 - i] ^= (uint8_t)(pn >> (8 * i));
	body = h->len - at - pn_len;
	if (body <= TAG || gnutls_aead_cipher_init(&hd, GNUTLS_CIPHER_AES_128_GCM, &key) < 0)
		return 0;
	r = gnutls_aead_cipher_decrypt(
		hd, nonce, 12, head, at + pn_len, TAG, p + at + pn_len, body, dst, &n);
	gnutls_aead_cipher_deinit(hd);
	return r == 0 ? (uint32_t)n : 0;
}
