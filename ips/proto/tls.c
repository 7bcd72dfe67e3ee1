/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS: records to handshake messages, one transaction a connection. Once application data flows,
 * the rest is opaque and says so, so that the flow may be bypassed.
 */
#include "ips/proto/tls.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "ips/proto/protos.h"
#include "lib/util.h"

#define RECORD_CCS 20
#define RECORD_ALERT 21
#define RECORD_HANDSHAKE 22
#define RECORD_APPLICATION 23
#define RECORD_HEARTBEAT 24
#define RECORD_MAX (16384 + 2048)

static const char *const events[] = {"invalid_sslv2_header", "invalid_tls_header",
	"invalid_record_version", "invalid_record_type", "invalid_record_length",
	"invalid_handshake_message", "heartbeat_message", "invalid_heartbeat_message",
	"overflow_heartbeat_message", "dataleak_heartbeat_mismatch", "handshake_invalid_length",
	"multiple_sni_extensions", "invalid_sni_type", "invalid_sni_length",
	"too_many_records_in_packet", "invalid_certificate", "certificate_invalid_length",
	"certificate_invalid_version", "certificate_invalid_serial",
	"certificate_invalid_algorithmidentifier", "certificate_invalid_x509name",
	"certificate_invalid_date", "certificate_invalid_extensions", "certificate_invalid_der",
	"certificate_invalid_subject", "certificate_invalid_issuer", "certificate_invalid_validity",
	"error_message_encountered", "invalid_ssl_record", NULL};

static bool tls_open(struct ips_app *a, struct ips_app_ctx *c)
{
	struct tls_tx *t = ips_mem_alloc(c->mem, sizeof(*t));

	if (!t)
		return false;
	a->state = t;
	ips_app_tx_add(a, &t->tx);
	t->tx.started[0] = t->tx.started[1] = true;
	return true;
}

static void tls_tx_free(struct ips_app *a, struct ips_tx *tx, struct ips_mem *m)
{
	struct tls_tx *t = (struct tls_tx *)tx;

	for (int d = 0; d < 2; d++) {
		ips_mem_free(m, t->side[d].hs, t->side[d].hs_cap);
		tls_certs_free(&t->side[d].certs, m);
	}
	ips_mem_free(m, t->sni, t->sni_len + 1u);
	ips_mem_free(m, t->ja3, t->ja3_len + 1u);
	ips_mem_free(m, t->ja3s, t->ja3s_len + 1u);
	if (a->state == t)
		a->state = NULL;
	ips_mem_free(m, t, sizeof(*t));
}

static void tls_close(struct ips_app *a, struct ips_mem *m)
{
	if (a->first)
		tls_tx_free(a, a->first, m);
}

static void finish(struct tls_tx *t, enum ips_dir dir)
{
	if (t->tx.complete[dir])
		return;
	t->tx.complete[dir] = t->tx.changed[dir] = true;
}

/* Whole handshake messages in the kept bytes are handed on, the rest moves to the front. */
static void messages(struct ips_app *a, struct ips_app_ctx *c, struct tls_tx *t, enum ips_dir dir)
{
	struct tls_side *s = &t->side[dir];
	uint32_t at = 0;

	while (s->hs_len - at >= 4) {
		uint32_t len = (uint32_t)s->hs[at + 1] << 16 | (uint32_t)s->hs[at + 2] << 8 |
			s->hs[at + 3];

		if (len > TLS_HANDSHAKE_MAX - 4) {
			ips_tx_event(a, &t->tx, TLS_EV_HANDSHAKE_INVALID_LENGTH);
			s->encrypted = true; /* nothing more can be told apart */
			at = s->hs_len;
			break;
		}
		if (s->hs_len - at - 4 < len)
			break;
		tls_handshake(a, c, t, dir, s->hs[at], s->hs + at + 4, len);
		at += 4 + len;
	}
	if (at && at < s->hs_len)
		memmove(s->hs, s->hs + at, s->hs_len - at);
	s->hs_len -= at;
}

static bool keep(struct tls_side *s, struct ips_mem *m, const uint8_t *p, uint32_t n)
{
	uint32_t need = s->hs_len + n;

	if (need > TLS_HANDSHAKE_MAX + RECORD_MAX)
		return false;
	if (need > s->hs_cap) {
		uint32_t cap = SK_MAX(need, 1024u);
		void *q = ips_mem_grow(m, s->hs, s->hs_cap, cap);

		if (!q)
			return false;
		s->hs = q;
		s->hs_cap = cap;
	}
	memcpy(s->hs + s->hs_len, p, n);
	s->hs_len = need;
	return true;
}

static void release(struct tls_side *s, struct ips_mem *m)
{
	ips_mem_free(m, s->hs, s->hs_cap);
	s->hs = NULL;
	s->hs_len = s->hs_cap = 0;
}

static void application(
	struct ips_app *a, struct ips_app_ctx *c, struct tls_tx *t, enum ips_dir dir)
{
	struct tls_side *s = &t->side[dir];

	if (s->application)
		return;
	s->application = true;
	s->encrypted = true;
	release(s, c->mem);
	finish(t, dir);
	if (t->side[IPS_TOSERVER].hello && t->side[IPS_TOCLIENT].hello &&
		(t->side[!dir].encrypted || t->side[!dir].application)) {
		finish(t, (enum ips_dir) !dir);
		a->flags |= IPS_APP_NO_RAW | (c->cfg->tls_bypass ? IPS_APP_OPAQUE : 0);
	}
}

/* RFC 6520, and the over-read of CVE-2014-0160: more asked for than was sent. */
static void heartbeat(struct ips_app *a, struct tls_tx *t, const uint8_t *p, uint32_t n,
	uint32_t record_left, bool encrypted)
{
	uint32_t claimed;

	ips_tx_event(a, &t->tx, TLS_EV_HEARTBEAT_MESSAGE);
	if (encrypted || n < 3)
		return;
	claimed = (uint32_t)p[1] << 8 | p[2];
	if (p[0] != 1 && p[0] != 2)
		ips_tx_event(a, &t->tx, TLS_EV_INVALID_HEARTBEAT_MESSAGE);
	else if (claimed + 3 > n + record_left)
		ips_tx_event(a, &t->tx, TLS_EV_OVERFLOW_HEARTBEAT_MESSAGE);
}

/* A piece of the current record's body. */
static void body(struct ips_app *a, struct ips_app_ctx *c, struct tls_tx *t, enum ips_dir dir,
	const uint8_t *p, uint32_t n, bool first)
{
	struct tls_side *s = &t->side[dir];

	switch (s->type) {
	case RECORD_HANDSHAKE:
		if (s->encrypted)
			break;
		if (!keep(s, c->mem, p, n)) {
			s->encrypted = true;
			release(s, c->mem);
			break;
		}
		messages(a, c, t, dir);
		break;
	case RECORD_CCS: s->encrypted = true; break;
	case RECORD_APPLICATION: application(a, c, t, dir); break;
	case RECORD_HEARTBEAT:
		if (first)
			heartbeat(a, t, p, n, s->left, s->encrypted);
		break;
	default: break;
	}
}

static bool header(struct ips_app *a, struct tls_tx *t, struct tls_side *s)
{
	const uint8_t *h = s->header;

	s->type = h[0];
	t->state = 0;
	s->record_version = (uint16_t)(h[1] << 8 | h[2]);
	s->left = (uint32_t)h[3] << 8 | h[4];
	if (h[1] != 3 && !(s->record_version >= 0x7f00 && s->record_version <= 0x7fff)) {
		ips_tx_event(a, &t->tx, TLS_EV_INVALID_RECORD_VERSION);
		return false;
	}
	if (s->type < RECORD_CCS || s->type > RECORD_HEARTBEAT) {
		ips_tx_event(a, &t->tx, TLS_EV_INVALID_RECORD_TYPE);
		return false;
	}
	if (s->left > RECORD_MAX) {
		ips_tx_event(a, &t->tx, TLS_EV_INVALID_RECORD_LENGTH);
		return false;
	}
	if (!s->hello)
		s->version = s->record_version;
	return true;
}

static void records(struct ips_app *a, struct ips_app_ctx *c, struct tls_tx *t, enum ips_dir dir,
	const uint8_t *p, uint32_t len)
{
	struct tls_side *s = &t->side[dir];

	while (len) {
		bool first = false;
		uint32_t n;

		if (s->left == 0) {
			n = SK_MIN(len, 5 - s->header_len);
			memcpy(s->header + s->header_len, p, n);
			s->header_len += n;
			p += n;
			len -= n;
			if (s->header_len < 5)
				return;
			s->header_len = 0;
			first = true;
			if (!header(a, t, s)) {
				a->flags |= IPS_APP_FAILED;
				finish(t, IPS_TOSERVER);
				finish(t, IPS_TOCLIENT);
				return;
			}
		}
		n = SK_MIN(len, s->left);
		s->left -= n;
		if (n)
			body(a, c, t, dir, p, n, first);
		p += n;
		len -= n;
		if (s->left == 0 && c->trigger)
			c->trigger(c->flow, dir, c->arg);
	}
}

/* An SSL 2.0 hello (RFC 6101 appendix E) is one record in its own form. Returns bytes taken. */
static uint32_t sslv2(struct tls_tx *t, enum ips_dir dir, const uint8_t *p, uint32_t len)
{
	struct tls_side *s = &t->side[dir];
	uint32_t record;

	if (dir != IPS_TOSERVER || s->hello || t->tx.complete[dir] || len < 5 || !(p[0] & 0x80) ||
		p[2] != 1)
		return 0;
	record = ((uint32_t)(p[0] & 0x7f) << 8 | p[1]) + 2;
	s->hello = true;
	s->version = (uint16_t)(p[3] << 8 | p[4]);
	t->tx.changed[dir] = true;
	return SK_MIN(record, len);
}

static void tls_data(struct ips_app *a, struct ips_app_ctx *c, enum ips_dir dir,
	const uint8_t *data, uint32_t len, bool eof)
{
	struct tls_tx *t = a->state;
	uint32_t n;

	if (!t)
		return;
	if (!data && len)
		t->side[dir].lost = true;
	if (data && len && !t->side[dir].lost && !(a->flags & IPS_APP_FAILED)) {
		n = sslv2(t, dir, data, len);
		records(a, c, t, dir, data + n, len - n);
	}
	if (eof)
		finish(t, dir);
}

static enum ips_buf_state text(const char *s, uint32_t len, bool over, struct ips_buf_view *ret)
{
	if (!s)
		return over ? IPS_BUF_ABSENT : IPS_BUF_WAIT;
	*ret = (struct ips_buf_view){.data = (const uint8_t *)s, .len = len};
	return IPS_BUF_FULL;
}

static enum ips_buf_state digits(const char *s, bool over, struct ips_buf_view *ret)
{
	return text(s[0] ? s : NULL, (uint32_t)strlen(s), over, ret);
}

static enum ips_buf_state cert_buffer(const struct tls_tx *t, enum ips_buf buf, enum ips_dir dir,
	unsigned index, struct ips_buf_view *ret)
{
	const struct tls_certs *k = &t->side[dir].certs;
	bool over = k->known || t->tx.complete[dir];

	switch (buf) {
	case IPS_BUF_TLS_CERT_SUBJECT: return text(k->subject, k->subject_len, over, ret);
	case IPS_BUF_TLS_CERT_ISSUER: return text(k->issuer, k->issuer_len, over, ret);
	case IPS_BUF_TLS_CERT_SERIAL: return text(k->serial, k->serial_len, over, ret);
	case IPS_BUF_TLS_CERT_FINGERPRINT: return digits(k->fingerprint, over, ret);
	default: /* TLS_CERTS */
		if (!k->known)
			return over ? IPS_BUF_ABSENT : IPS_BUF_WAIT;
		if (index >= k->n)
			return IPS_BUF_ABSENT;
		*ret = (struct ips_buf_view){k->der[index].data, k->der[index].len, 0, false};
		return IPS_BUF_FULL;
	}
}

static enum ips_buf_state random_buffer(
	const struct tls_tx *t, enum ips_buf buf, enum ips_dir dir, struct ips_buf_view *ret)
{
	const struct tls_side *s = &t->side[dir];
	uint32_t at = buf == IPS_BUF_TLS_RANDOM_BYTES ? 4 : 0;
	uint32_t len = buf == IPS_BUF_TLS_RANDOM ? 32 : buf == IPS_BUF_TLS_RANDOM_TIME ? 4 : 28;

	if (!s->hello)
		return t->tx.complete[dir] ? IPS_BUF_ABSENT : IPS_BUF_WAIT;
	*ret = (struct ips_buf_view){.data = s->random + at, .len = len};
	return IPS_BUF_FULL;
}

/* What one side's hello says is that side's alone. */
static bool of_hello(enum ips_buf buf)
{
	return buf == IPS_BUF_TLS_SNI || buf == IPS_BUF_JA3_HASH || buf == IPS_BUF_JA3_STRING ||
		buf == IPS_BUF_JA4_HASH || buf == IPS_BUF_JA3S_HASH || buf == IPS_BUF_JA3S_STRING;
}

static enum ips_buf_state tls_buffer(struct ips_app *a, struct ips_tx *tx, enum ips_buf buf,
	enum ips_dir dir, unsigned index, struct ips_buf_view *ret)
{
	const struct tls_tx *t = (const struct tls_tx *)tx;
	bool over = t->side[dir].hello || tx->complete[dir];

	if (buf == IPS_BUF_TLS_CERTS)
		return cert_buffer(t, buf, dir, index, ret);
	if (index)
		return IPS_BUF_ABSENT;
	if (dir !=
			(buf == IPS_BUF_JA3S_HASH || buf == IPS_BUF_JA3S_STRING ? IPS_TOCLIENT
										: IPS_TOSERVER) &&
		of_hello(buf))
		return IPS_BUF_ABSENT;
	switch (buf) {
	case IPS_BUF_TLS_SNI: return text(t->sni, t->sni_len, over, ret);
	case IPS_BUF_JA3_HASH: return digits(t->ja3_hash, over, ret);
	case IPS_BUF_JA3_STRING: return text(t->ja3, t->ja3_len, over, ret);
	case IPS_BUF_JA3S_HASH: return digits(t->ja3s_hash, over, ret);
	case IPS_BUF_JA3S_STRING: return text(t->ja3s, t->ja3s_len, over, ret);
	case IPS_BUF_JA4_HASH: return digits(t->ja4, over, ret);
	case IPS_BUF_TLS_CERT_SUBJECT:
	case IPS_BUF_TLS_CERT_ISSUER:
	case IPS_BUF_TLS_CERT_SERIAL:
	case IPS_BUF_TLS_CERT_FINGERPRINT: return cert_buffer(t, buf, dir, 0, ret);
	case IPS_BUF_TLS_RANDOM:
	case IPS_BUF_TLS_RANDOM_TIME:
	case IPS_BUF_TLS_RANDOM_BYTES: return random_buffer(t, buf, dir, ret);
	default: return IPS_BUF_ABSENT;
	}
}

static bool tls_number(struct ips_app *a, struct ips_tx *tx, enum ips_num num, enum ips_dir dir,
	unsigned index, uint64_t *ret)
{
	const struct tls_tx *t = (const struct tls_tx *)tx;
	const struct tls_certs *k = &t->side[dir].certs;

	if (index)
		return false;
	switch (num) {
	case IPS_NUM_TLS_VERSION: *ret = t->side[dir].version; return t->side[dir].hello;
	case IPS_NUM_TLS_STATE: *ret = t->state; return true;
	case IPS_NUM_TLS_SELF_SIGNED:
		*ret = k->subject && k->issuer && strcmp(k->subject, k->issuer) == 0;
		return k->subject;
	case IPS_NUM_TLS_NOT_BEFORE: *ret = (uint64_t)k->not_before; return k->subject;
	case IPS_NUM_TLS_NOT_AFTER: *ret = (uint64_t)k->not_after; return k->subject;
	case IPS_NUM_TLS_CHAIN_LEN: *ret = k->n; return k->known;
	default: return false;
	}
}

/* Everything the event shows is there: both hellos, and the certificate where one can be seen. */
static bool tls_log_ready(struct ips_app *a, struct ips_tx *tx)
{
	const struct tls_tx *t = (const struct tls_tx *)tx;
	const struct tls_side *s = &t->side[IPS_TOCLIENT];

	return s->hello && (s->certs.known || s->encrypted || s->application);
}

const struct ips_proto ips_tls_proto = {
	.id = IPS_P_TLS,
	.open = tls_open,
	.close = tls_close,
	.data = tls_data,
	.tx_free = tls_tx_free,
	.buffer = tls_buffer,
	.number = tls_number,
	.log = tls_log,
	.log_ready = tls_log_ready,
	.events = events,
};

static enum ips_probe probe(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	bool v2 = len && (p[0] & 0x80);

	if (v2 && dir == IPS_TOSERVER) {
		if (len >= 3 && p[2] != 1)
			return IPS_PROBE_NO;
		if (len < 5)
			return IPS_PROBE_MORE;
		return (p[3] == 0 && p[4] == 2) || (p[3] == 3 && p[4] <= 4 && (p[0] & 0x7f) == 0)
			? IPS_PROBE_YES
			: IPS_PROBE_NO;
	}
	if (len >= 1 && p[0] != RECORD_HANDSHAKE && !(p[0] == RECORD_ALERT && dir == IPS_TOCLIENT))
		return IPS_PROBE_NO;
	if (len >= 2 && p[1] != 3)
		return IPS_PROBE_NO;
	if (len >= 3 && p[2] > 4)
		return IPS_PROBE_NO;
	if (len < 6)
		return IPS_PROBE_MORE;
	if (p[0] == RECORD_ALERT)
		return p[3] == 0 && p[4] == 2 ? IPS_PROBE_YES : IPS_PROBE_NO;
	return p[5] == (dir == IPS_TOSERVER ? 1 : 2) ? IPS_PROBE_YES : IPS_PROBE_NO;
}

const struct ips_probe_row ips_tls_probes[] = {
	{IPS_P_TLS, IPPROTO_TCP, IPS_BUF_BOTH, {443}, probe},
	{0},
};
