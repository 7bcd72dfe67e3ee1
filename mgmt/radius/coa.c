// SPDX-License-Identifier: GPL-2.0-or-later
/* Packets of RFC 5176 and RFC 5997: built, signed, verified. See coa.h. */
#include "mgmt/radius/coa.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/crypto.h>
#include <string.h>

#include "lib/cursor.h"
#include "lib/util.h"

#define HEADER 20
#define AUTH 4 /* offset of the authenticator */
#define AUTH_LEN 16

enum attr {
	A_USER_NAME = 1,
	A_NAS_IP = 4,
	A_NAS_PORT = 5,
	A_SESSION_TIMEOUT = 27,
	A_CALLING_STATION = 31,
	A_NAS_ID = 32,
	A_ACCT_SESSION = 44,
	A_EVENT_TIMESTAMP = 55,
	A_TUNNEL_TYPE = 64,
	A_TUNNEL_MEDIUM = 65,
	A_MESSAGE_AUTH = 80,
	A_TUNNEL_GROUP = 81,
	A_NAS_PORT_ID = 87,
	A_NAS_IPV6 = 95,
	A_ERROR_CAUSE = 101,
};

/* ---- building ---------------------------------------------------------------------------------
 */
/* The sum of what one request holds stays below the packet's size: at most six long attributes. */
static void put(struct mg_coa_packet *p, enum attr type, const void *v, size_t n)
{
	if (n == 0 || n > 253 || p->n + 2 + n > sizeof(p->b))
		return;
	p->b[p->n] = (uint8_t)type;
	p->b[p->n + 1] = (uint8_t)(n + 2);
	memcpy(p->b + p->n + 2, v, n);
	p->n += n + 2;
}

static void put_u32(struct mg_coa_packet *p, enum attr type, uint32_t v)
{
	const uint32_t be = htonl(v);

	put(p, type, &be, sizeof(be));
}

static void put_bytes(struct mg_coa_packet *p, enum attr type, const struct mg_radius_bytes *v)
{
	put(p, type, v->b, v->n);
}

static void put_nas(struct mg_coa_packet *p, const struct mg_coa_session *s)
{
	uint8_t a[16];

	if (inet_pton(AF_INET, s->nas_ip, a) == 1)
		put(p, A_NAS_IP, a, 4);
	else if (inet_pton(AF_INET6, s->nas_ip, a) == 1)
		put(p, A_NAS_IPV6, a, 16);
	put_bytes(p, A_NAS_ID, &s->nas_id);
}

static void put_session(struct mg_coa_packet *p, const struct mg_coa_session *s)
{
	char mac[18];

	put_nas(p, s);
	put_bytes(p, A_USER_NAME, &s->user);
	if (s->caller.n) {
		put_bytes(p, A_CALLING_STATION, &s->caller);
	} else if (s->mac[0]) {
		mg_radius_mac_colons(s->mac, mac);
		/* RFC 3580, 3.21. */
		for (char *c = mac; *c; c++)
			*c = *c == ':' ? '-' : *c >= 'a' ? (char)(*c - 'a' + 'A') : *c;
		put(p, A_CALLING_STATION, mac, strlen(mac));
	}
	if (s->port >= 0)
		put_u32(p, A_NAS_PORT, (uint32_t)s->port);
	put_bytes(p, A_NAS_PORT_ID, &s->port_id);
	put_bytes(p, A_ACCT_SESSION, &s->session);
}

/* RFC 3580, 3.31: tag 0. */
static void put_change(struct mg_coa_packet *p, const struct mg_coa_request *q)
{
	if (q->vlan[0]) {
		put_u32(p, A_TUNNEL_TYPE, 13);
		put_u32(p, A_TUNNEL_MEDIUM, 6);
		put(p, A_TUNNEL_GROUP, q->vlan, strlen(q->vlan));
	}
	if (q->seconds)
		put_u32(p, A_SESSION_TIMEOUT, q->seconds);
}

static int hmac(const char *secret, const void *p, size_t n, uint8_t out[AUTH_LEN])
{
	int r = gnutls_hmac_fast(GNUTLS_MAC_MD5, secret, strlen(secret), p, n, out);

	return r < 0 ? -EIO : 0;
}

/* MD5 of n bytes and the secret (RFC 2866, 3; RFC 2865, 3). */
static int sign(const char *secret, const void *p, size_t n, uint8_t out[AUTH_LEN])
{
	gnutls_hash_hd_t h;
	int r = gnutls_hash_init(&h, GNUTLS_DIG_MD5);

	if (r < 0)
		return -EIO;
	r = gnutls_hash(h, p, n);
	if (r == 0)
		r = gnutls_hash(h, secret, strlen(secret));
	gnutls_hash_deinit(h, out);
	return r < 0 ? -EIO : 0;
}

/* RFC 5176, 2.3: Message-Authenticator over zeros, then the Request Authenticator over all. */
static int finish(
	struct mg_coa_packet *p, const char *secret, const struct mg_coa_request *q, size_t ma)
{
	int r;

	p->b[2] = (uint8_t)(p->n >> 8);
	p->b[3] = (uint8_t)p->n;
	if (q->code == MG_COA_STATUS)
		memcpy(p->b + AUTH, q->nonce, AUTH_LEN);
	r = hmac(secret, p->b, p->n, p->b + ma);
	if (r == 0 && q->code != MG_COA_STATUS)
		r = sign(secret, p->b, p->n, p->b + AUTH);
	return r;
}

int mg_coa_build(const struct mg_coa_request *q, const char *secret, struct mg_coa_packet *ret)
{
	static const uint8_t zero[AUTH_LEN];
	const struct mg_coa_session *s = &q->session;

	memset(ret->b, 0, HEADER);
	ret->n = HEADER;
	ret->b[0] = (uint8_t)q->code;
	ret->b[1] = q->id;
	if (strlen(secret) == 0 || strlen(secret) > MG_COA_SECRET_MAX)
		return -EINVAL;
	/* First, as the fix for CVE-2024-3596 wants it. */
	put(ret, A_MESSAGE_AUTH, zero, AUTH_LEN);
	if (q->code == MG_COA_STATUS)
		return finish(ret, secret, q, HEADER + 2);
	if (!s->mac[0] && !s->caller.n && !s->user.n && !s->session.n)
		return -EINVAL;
	put_session(ret, s);
	if (q->code == MG_COA_CHANGE)
		put_change(ret, q);
	put_u32(ret, A_EVENT_TIMESTAMP, (uint32_t)q->time);
	return finish(ret, secret, q, HEADER + 2);
}

/* ---- verifying --------------------------------------------------------------------------------
 */
static bool answers(uint8_t request, uint8_t reply)
{
	switch (request) {
	case MG_COA_STATUS: return reply == 2 || reply == 5;
	case MG_COA_DISCONNECT:
		return reply == MG_COA_DISCONNECT_ACK || reply == MG_COA_DISCONNECT_NAK;
	case MG_COA_CHANGE: return reply == MG_COA_CHANGE_ACK || reply == MG_COA_CHANGE_NAK;
	default: return false;
	}
}

/* Attributes: *ret_ma the offset of a Message-Authenticator's value in the packet, 0 none. */
static int walk(const uint8_t *p, size_t n, size_t *ret_ma, uint32_t *ret_cause)
{
	struct sk_cursor c;

	sk_cur_init(&c, p, n);
	sk_cur_skip(&c, HEADER);
	while (sk_cur_left(&c) > 0) {
		uint8_t type = sk_cur_u8(&c), len = sk_cur_u8(&c);
		size_t at = c.off;
		struct sk_cursor v;

		if (len < 2)
			return -EBADMSG;
		v = sk_cur_sub(&c, (size_t)len - 2);
		if (!sk_cur_ok(&c))
			return -EBADMSG;
		if (type == A_MESSAGE_AUTH) {
			if (len != AUTH_LEN + 2 || *ret_ma)
				return -EBADMSG;
			*ret_ma = at;
		} else if (type == A_ERROR_CAUSE && len == 6) {
			*ret_cause = sk_cur_be32(&v);
		}
	}
	return sk_cur_ok(&c) ? 0 : -EBADMSG;
}

/* Not ending early where the difference is. */
static bool equal(const uint8_t *a, const uint8_t *b)
{
	return gnutls_memcmp(a, b, AUTH_LEN) == 0;
}

static int authentic(const uint8_t *p, size_t n, const struct mg_coa_packet *request,
	const char *secret, size_t ma)
{
	uint8_t copy[MG_COA_PACKET_MAX], want[AUTH_LEN];
	int r;

	memcpy(copy, p, n);
	memcpy(copy + AUTH, request->b + AUTH, AUTH_LEN);
	r = sign(secret, copy, n, want);
	if (r < 0 || !equal(want, p + AUTH))
		return r < 0 ? r : -EACCES;
	if (!ma)
		return 0;
	memset(copy + ma, 0, AUTH_LEN);
	r = hmac(secret, copy, n, want);
	return r < 0 ? r : equal(want, p + ma) ? 0 : -EACCES;
}

int mg_coa_verify(const uint8_t *p, size_t n, const struct mg_coa_packet *request,
	const char *secret, struct mg_coa_reply *ret)
{
	uint32_t cause = 0;
	size_t ma = 0, len;
	int r;

	if (n < HEADER || n > MG_COA_PACKET_MAX)
		return -EBADMSG;
	len = (size_t)p[2] << 8 | p[3];
	/* Bytes beyond the length are padding (RFC 2865, 3). */
	if (len < HEADER || len > n)
		return -EBADMSG;
	if (p[1] != request->b[1] || !answers(request->b[0], p[0]))
		return -ENOMSG;
	r = walk(p, len, &ma, &cause);
	if (r == 0)
		r = authentic(p, len, request, secret, ma);
	if (r < 0)
		return r;
	*ret = (struct mg_coa_reply){.code = (enum mg_coa_code)p[0], .error_cause = cause};
	return 0;
}

const char *mg_coa_error_name(uint32_t error_cause)
{
	static const struct {
		uint32_t code;
		const char *name;
	} names[] = {{201, "residual_session_removed"}, {202, "invalid_eap_packet"},
		{401, "unsupported_attribute"}, {402, "missing_attribute"},
		{403, "nas_identification_mismatch"}, {404, "invalid_request"},
		{405, "unsupported_service"}, {406, "unsupported_extension"},
		{407, "invalid_attribute_value"}, {501, "administratively_prohibited"},
		{502, "request_not_routable"}, {503, "session_context_not_found"},
		{504, "session_context_not_removable"}, {505, "other_proxy_error"},
		{506, "resources_unavailable"}, {507, "request_initiated"},
		{508, "multiple_sessions_unsupported"}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(names); i++)
		if (names[i].code == error_cause)
			return names[i].name;
	return "";
}
