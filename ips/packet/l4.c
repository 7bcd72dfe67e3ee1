/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TCP, UDP, SCTP and ESP headers. A header that does not fit leaves ports at 0 and l4 empty, so
 * that no rule sees half of one.
 */
#include "ips/packet/int.h"

enum {
	TCP_LEN = 20,
	TCP_OPTIONS_MAX = 40,
	UDP_LEN = 8,
	SCTP_LEN = 12,
	SCTP_CHUNK_LEN = 4,
	SCTP_DATA_LEN = 16, /* chunk header, TSN, stream, sequence, protocol: RFC 9260 3.3.1 */
	ESP_LEN = 8,
};

enum {
	OPT_EOL = 0,
	OPT_NOP = 1,
	OPT_MSS = 2,
	OPT_WSCALE = 3,
	OPT_SACK_OK = 4,
	OPT_SACK = 5,
	OPT_TS = 8,
	OPT_MD5 = 19, /* RFC 2385 */
	OPT_AO = 29,  /* RFC 5925 */
	OPT_TFO = 34, /* RFC 7413 */
	OPT_EXP1 = 253,
	OPT_EXP2 = 254,
};
#define TFO_MAGIC 0xf989 /* RFC 7413, 4.1.1 */
#define WSCALE_MAX 14
#define WSCALE_NONE 255

/* Options seen, to tell a second one. */
enum {
	SEEN_MSS = 1,
	SEEN_WSCALE = 2,
	SEEN_SACK_OK = 4,
	SEEN_SACK = 8,
	SEEN_TS = 16,
	SEEN_TFO = 32,
};

/* Whether an option of that kind may be len bytes long, type and length included. */
static bool option_len_ok(uint8_t kind, uint8_t len)
{
	switch (kind) {
	case OPT_MSS: return len == 4;
	case OPT_WSCALE: return len == 3;
	case OPT_SACK_OK: return len == 2;
	case OPT_SACK: return len >= 10 && len <= 34 && (len - 2) % 8 == 0;
	case OPT_TS: return len == 10;
	case OPT_MD5: return len == 18;
	case OPT_AO: return len >= 4;
	case OPT_TFO: return len == 2 || (len >= 6 && len <= 18 && len % 2 == 0);
	case OPT_EXP1:
	case OPT_EXP2: return len == 4 || len == 12;
	default: return true;
	}
}

static unsigned option_seen_bit(uint8_t kind, const uint8_t *o)
{
	switch (kind) {
	case OPT_MSS: return SEEN_MSS;
	case OPT_WSCALE: return SEEN_WSCALE;
	case OPT_SACK_OK: return SEEN_SACK_OK;
	case OPT_SACK: return SEEN_SACK;
	case OPT_TS: return SEEN_TS;
	case OPT_TFO: return SEEN_TFO;
	case OPT_EXP1:
	case OPT_EXP2: return ips_be16(o + 2) == TFO_MAGIC ? SEEN_TFO : 0;
	default: return 0;
	}
}

/* One option of right length, not seen before. */
static void option_value(struct ips_tcp_hdr *t, const uint8_t *o)
{
	switch (o[0]) {
	case OPT_MSS: t->mss = ips_be16(o + 2); break;
	case OPT_WSCALE: t->wscale = o[2] > WSCALE_MAX ? WSCALE_MAX : o[2]; break;
	case OPT_SACK_OK: t->sack_ok = true; break;
	case OPT_TS:
		t->has_ts = true;
		t->ts_val = ips_be32(o + 2);
		t->ts_ecr = ips_be32(o + 6);
		break;
	default: break;
	}
}

static void tcp_options(struct ips_dec *x, struct ips_view v)
{
	unsigned seen = 0, bit;

	/* What nearly every segment has: two NOPs and a timestamp (RFC 7323, appendix A). */
	if (v.len == 12 && ips_be32(v.data) == (OPT_NOP << 24 | OPT_NOP << 16 | OPT_TS << 8 | 10)) {
		option_value(&x->p->tcp, v.data + 2);
		return;
	}
	while (v.len) {
		const uint8_t *o = v.data;

		if (o[0] == OPT_EOL)
			return;
		if (o[0] == OPT_NOP) {
			ips_take(&v, 1);
			continue;
		}
		if (v.len < 2)
			return;
		if (o[1] < 2 || o[1] > v.len) {
			ips_dec_event(x, IPS_EV_TCP_OPT_INVALID_LEN);
			return;
		}
		ips_take(&v, o[1]);
		if (!option_len_ok(o[0], o[1])) {
			ips_dec_event(x, IPS_EV_TCP_OPT_INVALID_LEN);
			continue;
		}
		bit = option_seen_bit(o[0], o);
		if (seen & bit) {
			ips_dec_event(x, IPS_EV_TCP_OPT_DUPLICATE);
			continue;
		}
		seen |= bit;
		option_value(&x->p->tcp, o);
	}
}

void ips_dec_tcp(struct ips_dec *x, struct ips_view v)
{
	struct ips_packet *p = x->p;
	struct ips_tcp_hdr *t = &p->tcp;
	struct ips_view l4 = v;
	const uint8_t *h = ips_take(&v, TCP_LEN), *options;
	uint32_t hlen;

	if (!h) {
		ips_dec_invalid(x, IPS_EV_TCP_PKT_TOO_SMALL);
		return;
	}
	hlen = (h[12] >> 4) * 4u;
	if (l4.len < hlen) {
		ips_dec_invalid(x, IPS_EV_TCP_HLEN_TOO_SMALL);
		return;
	}
	if (hlen < TCP_LEN) {
		ips_dec_invalid(x, IPS_EV_TCP_INVALID_OPTLEN);
		return;
	}
	t->seq = ips_be32(h + 4);
	t->ack = ips_be32(h + 8);
	t->hlen = (uint8_t)hlen;
	t->flags = h[13];
	t->win = ips_be16(h + 14);
	t->urg = ips_be16(h + 18);
	t->wscale = WSCALE_NONE;
	options = ips_take(&v, hlen - TCP_LEN);
	if (hlen > TCP_LEN)
		tcp_options(x, (struct ips_view){options, hlen - TCP_LEN});
	p->proto = 6; /* a VJ header says 0 */
	p->sport = ips_be16(h);
	p->dport = ips_be16(h + 2);
	p->l4 = l4;
	p->payload = v;
}

void ips_dec_udp(struct ips_dec *x, struct ips_view v)
{
	struct ips_packet *p = x->p;
	struct ips_view l4 = v;
	const uint8_t *h = ips_take(&v, UDP_LEN);
	uint32_t len;

	if (!h) {
		ips_dec_invalid(x, IPS_EV_UDP_HLEN_TOO_SMALL);
		return;
	}
	p->l4_len_claimed = ips_be16(h + 4);
	len = p->l4_len_claimed;
	if (x->d->cfg.gso && (len == 0 || l4.len > UINT16_MAX))
		len = l4.len;
	if (l4.len < len) {
		ips_dec_invalid(x, IPS_EV_UDP_PKT_TOO_SMALL);
		return;
	}
	if (len < UDP_LEN) {
		ips_dec_invalid(x, IPS_EV_UDP_LEN_INVALID);
		return;
	}
	p->sport = ips_be16(h);
	p->dport = ips_be16(h + 2);
	p->l4 = l4;
	v.len = len - UDP_LEN;
	p->payload = v;
	ips_dec_udp_tunnel(x, v);
}

/* The user data of the first DATA chunk; chunks are padded to four bytes. */
static struct ips_view sctp_data(struct ips_view v)
{
	struct ips_view none = {NULL, 0};

	while (v.len >= SCTP_CHUNK_LEN) {
		uint32_t len = ips_be16(v.data + 2);

		if (len < SCTP_CHUNK_LEN || len > v.len)
			return none;
		if (v.data[0] == 0) {
			if (len < SCTP_DATA_LEN)
				return none;
			return (struct ips_view){v.data + SCTP_DATA_LEN, len - SCTP_DATA_LEN};
		}
		if (!ips_take(&v, (len + 3) & ~3u))
			return none;
	}
	return none;
}

void ips_dec_sctp(struct ips_dec *x, struct ips_view v)
{
	struct ips_packet *p = x->p;
	struct ips_view l4 = v;
	const uint8_t *h = ips_take(&v, SCTP_LEN);

	if (!h) {
		ips_dec_invalid(x, IPS_EV_SCTP_PKT_TOO_SMALL);
		return;
	}
	p->sport = ips_be16(h);
	p->dport = ips_be16(h + 2);
	p->sctp.vtag = ips_be32(h + 4);
	p->sctp.data = sctp_data(v);
	p->l4 = l4;
	p->payload = v;
}

void ips_dec_esp(struct ips_dec *x, struct ips_view v)
{
	struct ips_packet *p = x->p;
	struct ips_view l4 = v;

	if (!ips_dec_layer(x))
		return;
	if (!ips_take(&v, ESP_LEN)) {
		ips_dec_invalid(x, IPS_EV_ESP_PKT_TOO_SMALL);
		return;
	}
	p->l4 = l4;
	p->payload = v;
}
