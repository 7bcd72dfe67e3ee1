/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QUIC: hellos out of CRYPTO frames, possibly over several Initial packets. A transaction is one
 * packet of one side, as rules count them; after the hellos the flow is opaque.
 */
#include "ips/proto/quic.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "ips/flow/flow.h"
#include "ips/proto/protos.h"
#include "lib/cursor.h"
#include "lib/util.h"

#define FAILS_MAX 8 /* Initial packets that do not open, before we leave the flow alone */

enum quic_event { QUIC_EV_FAILED_DECRYPT, QUIC_EV_ERROR_ON_DATA, QUIC_EV_ERROR_ON_HEADER };
static const char *const events[] = {"failed_decrypt", "error_on_data", "error_on_header", NULL};

struct quic_tx {
	struct ips_tx tx;
	enum ips_dir dir;
	char version[12];
	uint8_t version_raw[4]; /* as rules look at it */
	char *sni, *ja3;        /* ja3 or ja3s */
	uint32_t sni_len, ja3_len;
	char ja3_hash[33], ja4[40];
};

struct crypto {
	uint8_t *data;
	struct {
		uint32_t from, to;
	} span[QUIC_SPANS];
	unsigned spans;
	bool done;
};

struct quic_state {
	struct quic_keys keys[2];
	bool has_keys;
	struct crypto crypto[2];
	unsigned fails;
};

static bool quic_open_state(struct ips_app *a, struct ips_app_ctx *c)
{
	a->state = ips_mem_alloc(c->mem, sizeof(struct quic_state));
	return a->state;
}

static void tx_free(struct ips_app *a, struct ips_tx *tx, struct ips_mem *m)
{
	struct quic_tx *t = (struct quic_tx *)tx;

	ips_mem_free(m, t->sni, t->sni_len + 1u);
	ips_mem_free(m, t->ja3, t->ja3_len + 1u);
	ips_mem_free(m, t, sizeof(*t));
}

static void close_state(struct ips_app *a, struct ips_mem *m)
{
	struct quic_state *s = a->state;

	for (struct ips_tx *tx = a->first, *next; tx; tx = next) {
		next = tx->next;
		tx_free(a, tx, m);
	}
	if (!s)
		return;
	ips_mem_free(m, s->crypto[0].data, QUIC_CRYPTO_MAX);
	ips_mem_free(m, s->crypto[1].data, QUIC_CRYPTO_MAX);
	ips_mem_free(m, s, sizeof(*s));
}

static char *copy(struct ips_mem *m, const void *p, uint32_t n, uint32_t *ret_len)
{
	char *t = ips_mem_alloc(m, n + 1u);

	if (!t)
		return NULL;
	memcpy(t, p, n);
	*ret_len = n;
	return t;
}

static void hello(struct ips_app_ctx *c, struct quic_tx *t, const uint8_t *p, uint32_t n)
{
	struct ips_ja_list lists[IPS_JA_LISTS];
	struct ips_ja_hello h = {.lists = lists};
	struct ips_hello_extra x = {0};
	struct sk_buf b;
	bool client = t->dir == IPS_TOSERVER;

	for (unsigned i = 0; i < IPS_JA_LISTS; i++)
		lists[i].n = 0;
	if (!(client ? ips_ja_client_hello(&h, &x, p, n) : ips_ja_server_hello(&h, &x, p, n)))
		return;
	if (x.sni)
		t->sni = copy(c->mem, x.sni, x.sni_len, &t->sni_len);
	sk_buf_init(&b, 32768);
	if (client)
		ips_ja3_string(&h, &b);
	else
		ips_ja3s_string(&h, &b);
	if (sk_buf_error(&b) == 0) {
		ips_md5_hex(b.data, b.len, t->ja3_hash);
		t->ja3 = copy(c->mem, b.data, (uint32_t)b.len, &t->ja3_len);
	}
	sk_buf_done(&b);
	if (client)
		ips_ja4(&h, 'q', t->ja4);
}

/* Note that from…to is there; overlapping and touching spans grow together. */
static void cover(struct crypto *k, uint32_t from, uint32_t to)
{
	for (unsigned i = 0; i < k->spans;) {
		if (k->span[i].to < from || k->span[i].from > to) {
			i++;
			continue;
		}
		from = SK_MIN(from, k->span[i].from);
		to = SK_MAX(to, k->span[i].to);
		k->span[i] = k->span[--k->spans];
	}
	if (k->spans < QUIC_SPANS) {
		k->span[k->spans].from = from;
		k->span[k->spans++].to = to;
	}
}

static void crypto_bytes(struct ips_app_ctx *c, struct crypto *k, struct quic_tx *t, uint64_t off,
	const uint8_t *p, uint32_t n)
{
	uint32_t have = 0, len;

	if (k->done || !p || off >= QUIC_CRYPTO_MAX)
		return;
	n = SK_MIN(n, (uint32_t)(QUIC_CRYPTO_MAX - off));
	if (!k->data)
		k->data = ips_mem_alloc(c->mem, QUIC_CRYPTO_MAX);
	if (!k->data)
		return;
	memcpy(k->data + off, p, n);
	cover(k, (uint32_t)off, (uint32_t)off + n);
	for (unsigned i = 0; i < k->spans; i++)
		if (k->span[i].from == 0)
			have = k->span[i].to;
	if (have < 4)
		return;
	len = (uint32_t)k->data[1] << 16 | (uint32_t)k->data[2] << 8 | k->data[3];
	if (len > have - 4)
		return;
	k->done = true;
	if (k->data[0] == (t->dir == IPS_TOSERVER ? 1 : 2))
		hello(c, t, k->data + 4, len);
	ips_mem_free(c->mem, k->data, QUIC_CRYPTO_MAX);
	k->data = NULL;
}

static uint64_t varint(struct sk_cursor *c)
{
	uint8_t first = sk_cur_u8(c);
	uint64_t v = first & 0x3f;

	for (unsigned n = (1u << (first >> 6)) - 1; n; n--)
		v = v << 8 | sk_cur_u8(c);
	return v;
}

static void ack(struct sk_cursor *c, bool ecn)
{
	uint64_t ranges;

	varint(c);
	varint(c);
	ranges = varint(c);
	varint(c);
	for (; ranges && sk_cur_ok(c); ranges--) {
		varint(c);
		varint(c);
	}
	for (unsigned i = 0; ecn && i < 3; i++)
		varint(c);
}

/* Frames an Initial packet may hold (RFC 9000, 12.4); at any other the reading stops. */
static bool frames(
	struct ips_app_ctx *c, struct crypto *k, struct quic_tx *t, const uint8_t *p, uint32_t n)
{
	struct sk_cursor cur;

	sk_cur_init(&cur, p, n);
	while (sk_cur_left(&cur) && sk_cur_ok(&cur)) {
		uint64_t type = varint(&cur), off, len;

		switch (type) {
		case 0:
		case 1: break;
		case 2:
		case 3: ack(&cur, type == 3); break;
		case 6:
			off = varint(&cur);
			len = varint(&cur);
			if (len > sk_cur_left(&cur))
				return false;
			crypto_bytes(c, k, t, off, sk_cur_take(&cur, len), (uint32_t)len);
			break;
		default: return type == 0x1c || type == 0x1d;
		}
	}
	return sk_cur_ok(&cur);
}

static void version_text(char dst[12], uint32_t v)
{
	if (v >> 24 == 'Q' && v != 0x51303530)
		snprintf(dst, 12, "%c%c%c%c", (int)(v >> 24), (int)(v >> 16 & 255),
			(int)(v >> 8 & 255), (int)(v & 255));
	else
		snprintf(dst, 12, "%x", v);
}

static struct quic_tx *new_tx(
	struct ips_app *a, struct ips_app_ctx *c, enum ips_dir dir, uint32_t version)
{
	struct quic_tx *t = ips_mem_alloc(c->mem, sizeof(*t));

	if (!t)
		return NULL;
	t->dir = dir;
	version_text(t->version, version);
	for (unsigned i = 0; i < 4; i++)
		t->version_raw[i] = (uint8_t)(version >> (24 - 8 * i));
	ips_app_tx_add(a, &t->tx);
	t->tx.complete[0] = t->tx.complete[1] = true;
	t->tx.started[dir] = t->tx.changed[dir] = true;
	t->tx.flags |= dir == IPS_TOSERVER ? IPS_TX_SKIP_TOCLIENT : IPS_TX_SKIP_TOSERVER;
	return t;
}

static void initial(struct ips_app *a, struct ips_app_ctx *c, enum ips_dir dir,
	const struct quic_header *h, struct quic_tx *t, const uint8_t *p)
{
	struct quic_state *s = a->state;
	uint8_t *plain;
	uint32_t n;

	if (!s->has_keys && dir == IPS_TOSERVER)
		s->has_keys = quic_keys_make(h, s->keys);
	if (!s->has_keys || s->fails >= FAILS_MAX)
		return;
	plain = ips_mem_alloc(c->mem, h->len);
	if (!plain)
		return;
	n = quic_open(h, &s->keys[dir], p, plain);
	if (!n) {
		s->fails++;
		ips_tx_event(a, &t->tx, QUIC_EV_FAILED_DECRYPT);
	} else if (!frames(c, &s->crypto[dir], t, plain, n)) {
		ips_tx_event(a, &t->tx, QUIC_EV_ERROR_ON_DATA);
	}
	ips_mem_free(c->mem, plain, h->len);
}

static void quic_data(struct ips_app *a, struct ips_app_ctx *c, enum ips_dir dir,
	const uint8_t *data, uint32_t len, bool eof)
{
	struct quic_state *s = a->state;

	while (data && len && (data[0] & 0x80)) {
		struct quic_header h;
		struct quic_tx *t;

		if (!quic_header_parse(&h, data, len)) {
			if (len > 5 && memcmp(data + 1, "\0\0\0\0", 4) != 0)
				ips_tx_event(a, NULL, QUIC_EV_ERROR_ON_HEADER);
			return;
		}
		t = new_tx(a, c, dir, h.version);
		if (!t)
			return;
		if (h.initial)
			initial(a, c, dir, &h, t, data);
		data += h.len;
		len -= h.len;
	}
	if (s->crypto[0].done && s->crypto[1].done)
		a->flags |= IPS_APP_OPAQUE;
}

static enum ips_buf_state text(const char *p, uint32_t n, struct ips_buf_view *ret)
{
	if (!p || !p[0])
		return IPS_BUF_ABSENT;
	*ret = (struct ips_buf_view){.data = (const uint8_t *)p, .len = n};
	return IPS_BUF_FULL;
}

static enum ips_buf_state quic_buffer(struct ips_app *a, struct ips_tx *tx, enum ips_buf buf,
	enum ips_dir dir, unsigned index, struct ips_buf_view *ret)
{
	const struct quic_tx *t = (const struct quic_tx *)tx;
	bool client = t->dir == IPS_TOSERVER;

	if (index || t->dir != dir)
		return IPS_BUF_ABSENT;
	switch (buf) {
	case IPS_BUF_QUIC_VERSION:
		*ret = (struct ips_buf_view){.data = t->version_raw, .len = 4};
		return IPS_BUF_FULL;
	case IPS_BUF_QUIC_SNI: return text(t->sni, t->sni_len, ret);
	case IPS_BUF_JA3_HASH: return text(client ? t->ja3_hash : NULL, 32, ret);
	case IPS_BUF_JA3_STRING: return text(client ? t->ja3 : NULL, t->ja3_len, ret);
	case IPS_BUF_JA3S_HASH: return text(client ? NULL : t->ja3_hash, 32, ret);
	case IPS_BUF_JA3S_STRING: return text(client ? NULL : t->ja3, t->ja3_len, ret);
	case IPS_BUF_JA4_HASH: return text(t->ja4, (uint32_t)strlen(t->ja4), ret);
	default: return IPS_BUF_ABSENT;
	}
}

static bool quic_number(struct ips_app *a, struct ips_tx *tx, enum ips_num num, enum ips_dir dir,
	unsigned index, uint64_t *ret)
{
	return false;
}

static void quic_log(struct ips_app *a, struct ips_tx *tx, struct ips_json *j)
{
	const struct quic_tx *t = (const struct quic_tx *)tx;

	ips_json_str(j, "version", t->version);
	if (t->sni)
		ips_json_bytes(j, "sni", t->sni, t->sni_len);
	if (t->ja3) {
		ips_json_open(j, t->dir == IPS_TOSERVER ? "ja3" : "ja3s");
		ips_json_str(j, "hash", t->ja3_hash);
		ips_json_bytes(j, "string", t->ja3, t->ja3_len);
		ips_json_close(j);
	}
	if (t->ja4[0])
		ips_json_str(j, "ja4", t->ja4);
}

static bool quic_log_ready(struct ips_app *a, struct ips_tx *tx)
{
	return true;
}

const struct ips_proto ips_quic_proto = {
	.id = IPS_P_QUIC,
	.open = quic_open_state,
	.close = close_state,
	.data = quic_data,
	.tx_free = tx_free,
	.buffer = quic_buffer,
	.number = quic_number,
	.log = quic_log,
	.log_ready = quic_log_ready,
	.events = events,
};

/* A long header that fits the datagram; the versions we can open on any port, others on QUIC's. */
static enum ips_probe probe(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	struct quic_header h;
	bool known;

	if (len < 7 || !quic_header_parse(&h, p, len))
		return IPS_PROBE_NO;
	known = h.version == QUIC_V1 || h.version == QUIC_V2 || h.version >> 8 == 0xff0000;
	return known || port ? IPS_PROBE_YES : IPS_PROBE_NO;
}

const struct ips_probe_row ips_quic_probes[] = {
	{IPS_P_QUIC, IPPROTO_UDP, IPS_BUF_BOTH, {443, 80}, probe},
	{0},
};
