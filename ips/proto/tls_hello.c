/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Handshake messages of TLS: hellos give names, versions and fingerprints. Called with whole
 * messages by the record layer; lists live on the stack, only texts are kept.
 */
#include <string.h>

#include "ips/proto/tls.h"
#include "lib/util.h"

#define HS_CLIENT_HELLO 1
#define HS_SERVER_HELLO 2
#define HS_CERTIFICATE 11
#define HS_SERVER_KEYX 12
#define HS_CLIENT_KEYX 16

char *tls_text(struct ips_mem *m, const char *s, uint32_t len)
{
	char *p = ips_mem_alloc(m, len + 1u);

	if (p)
		memcpy(p, s, len);
	return p;
}

static void sni_events(struct ips_app *a, struct tls_tx *t, const struct ips_hello_extra *x)
{
	if (x->several_sni)
		ips_tx_event(a, &t->tx, TLS_EV_MULTIPLE_SNI_EXTENSIONS);
	if (x->bad_sni_type)
		ips_tx_event(a, &t->tx, TLS_EV_INVALID_SNI_TYPE);
	if (x->bad_sni_length)
		ips_tx_event(a, &t->tx, TLS_EV_INVALID_SNI_LENGTH);
}

static void client_hello(
	struct ips_app *a, struct ips_app_ctx *c, struct tls_tx *t, const uint8_t *p, uint32_t len)
{
	struct tls_side *s = &t->side[IPS_TOSERVER];
	struct ips_ja_list lists[IPS_JA_LISTS];
	struct ips_ja_hello h = {.lists = lists};
	struct ips_hello_extra x = {0};
	struct sk_buf b;

	for (unsigned i = 0; i < IPS_JA_LISTS; i++)
		lists[i].n = 0;
	if (s->hello) /* after a HelloRetryRequest: the first one counts */
		return;
	if (!ips_ja_client_hello(&h, &x, p, len)) {
		ips_tx_event(a, &t->tx, TLS_EV_HANDSHAKE_INVALID_LENGTH);
		return;
	}
	s->hello = true;
	s->version = h.version;
	memcpy(s->random, x.random, sizeof(s->random));
	sni_events(a, t, &x);
	if (x.sni && !t->sni) {
		t->sni = tls_text(c->mem, (const char *)x.sni, x.sni_len);
		t->sni_len = t->sni ? x.sni_len : 0;
	}
	sk_buf_init(&b, 32768);
	ips_ja3_string(&h, &b);
	if (sk_buf_error(&b) == 0) {
		ips_md5_hex(b.data, b.len, t->ja3_hash);
		t->ja3 = tls_text(c->mem, sk_buf_str(&b), (uint32_t)b.len);
		t->ja3_len = t->ja3 ? (uint32_t)b.len : 0;
	}
	sk_buf_done(&b);
	ips_ja4(&h, 't', t->ja4);
}

static void server_hello(
	struct ips_app *a, struct ips_app_ctx *c, struct tls_tx *t, const uint8_t *p, uint32_t len)
{
	struct tls_side *s = &t->side[IPS_TOCLIENT];
	struct ips_ja_list lists[IPS_JA_LISTS];
	struct ips_ja_hello h = {.lists = lists};
	struct ips_hello_extra x = {0};
	struct sk_buf b;

	for (unsigned i = 0; i < IPS_JA_LISTS; i++)
		lists[i].n = 0;
	if (s->hello)
		return;
	if (!ips_ja_server_hello(&h, &x, p, len)) {
		ips_tx_event(a, &t->tx, TLS_EV_HANDSHAKE_INVALID_LENGTH);
		return;
	}
	s->hello = true;
	s->version = h.supported ? h.supported : h.version;
	memcpy(s->random, x.random, sizeof(s->random));
	sk_buf_init(&b, 8192);
	ips_ja3s_string(&h, &b);
	if (sk_buf_error(&b) == 0) {
		ips_md5_hex(b.data, b.len, t->ja3s_hash);
		t->ja3s = tls_text(c->mem, sk_buf_str(&b), (uint32_t)b.len);
		t->ja3s_len = t->ja3s ? (uint32_t)b.len : 0;
	}
	sk_buf_done(&b);
}

void tls_handshake(struct ips_app *a, struct ips_app_ctx *c, struct tls_tx *t, enum ips_dir dir,
	uint8_t type, const uint8_t *p, uint32_t len)
{
	if (t->tx.complete[dir]) /* what was said of this side is final */
		return;
	t->tx.changed[dir] = true;
	switch (type) {
	case HS_CLIENT_HELLO:
		t->state |= 1;
		if (dir == IPS_TOSERVER)
			client_hello(a, c, t, p, len);
		break;
	case HS_SERVER_HELLO:
		t->state |= 2;
		if (dir == IPS_TOCLIENT)
			server_hello(a, c, t, p, len);
		break;
	case HS_CERTIFICATE: tls_certificate(a, c, t, dir, p, len); break;
	case HS_SERVER_KEYX: t->state |= 8; break;
	case HS_CLIENT_KEYX: t->state |= 4; break;
	default: break;
	}
}
