/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The packet builder of the decoder's tests. */
#include "tests/unit/ips-packet/build.h"

#include <netinet/in.h>

#include "ips/packet/csum.h"

static void be16(uint8_t *to, uint32_t v)
{
	to[0] = (uint8_t)(v >> 8);
	to[1] = (uint8_t)v;
}

static void be32(uint8_t *to, uint32_t v)
{
	be16(to, v >> 16);
	be16(to + 2, v & 0xffff);
}

void b_init(struct build *b)
{
	b->at = BUILD_ROOM;
	b->done_csum = false;
}

void b_put(struct build *b, const void *p, uint32_t n)
{
	assert_true(n <= b->at);
	b->at -= n;
	if (n)
		memcpy(b->room + b->at, p, n);
}

void b_text(struct build *b, const char *s)
{
	b_put(b, s, (uint32_t)strlen(s));
}

void b_fill(struct build *b, uint8_t with, uint32_t n)
{
	assert_true(n <= b->at);
	b->at -= n;
	memset(b->room + b->at, with, n);
}

struct ips_view b_view(const struct build *b)
{
	return (struct ips_view){b->room + b->at, BUILD_ROOM - b->at};
}

void b_tcp(struct build *b, uint16_t sport, uint16_t dport, uint8_t flags, const void *options,
	uint32_t n)
{
	uint8_t h[20] = {0};

	b_put(b, options, n);
	be16(h, sport);
	be16(h + 2, dport);
	be32(h + 4, 1000);
	be32(h + 8, 2000);
	h[12] = (uint8_t)((20 + n) / 4 << 4);
	h[13] = flags;
	be16(h + 14, 512);
	b_put(b, h, sizeof(h));
	b->done_csum = false;
}

void b_udp(struct build *b, uint16_t sport, uint16_t dport)
{
	uint8_t h[8] = {0};

	be16(h, sport);
	be16(h + 2, dport);
	be16(h + 4, b_view(b).len + 8);
	b_put(b, h, sizeof(h));
	b->done_csum = false;
}

void b_icmp(struct build *b, uint8_t type, uint8_t code, uint16_t id, uint16_t seq)
{
	uint8_t h[8] = {type, code};

	be16(h + 4, id);
	be16(h + 6, seq);
	b_put(b, h, sizeof(h));
	b->done_csum = false;
}

/* The checksum of the upper layer, which has everything from here on. */
static void mend(struct build *b, uint8_t proto, uint32_t pseudo)
{
	uint32_t place, len = b_view(b).len;
	uint8_t *h = b->room + b->at;
	uint16_t sum;

	switch (proto) {
	case IPPROTO_TCP: place = 16; break;
	case IPPROTO_UDP: place = 6; break;
	case IPPROTO_ICMP:
		pseudo = 0;
		place = 2;
		break;
	case IPPROTO_ICMPV6: place = 2; break;
	default: return;
	}
	if (b->done_csum || len < place + 2)
		return;
	sum = ips_csum_end(ips_csum_add(pseudo, h, len));
	be16(h + place, sum ? sum : 0xffff);
	b->done_csum = true;
}

void b_ip4(struct build *b, const struct b_ip4 *o)
{
	struct ips_addr src = {{0}}, dst = {{0}};
	uint8_t h[20] = {0}, *at;
	uint32_t hlen = 20 + o->options_len;

	src.w[0] = htonl(0x0a000001);
	dst.w[0] = htonl(0x0a000002);
	if (!(o->frag & 0x3fff))
		mend(b, o->proto, ips_csum_pseudo(4, &src, &dst, o->proto, b_view(b).len));
	b->done_csum = true;
	b_put(b, o->options, o->options_len);
	h[0] = (uint8_t)(0x40 | hlen / 4);
	h[1] = o->tos;
	be16(h + 2, b_view(b).len + 20);
	be16(h + 4, o->id);
	be16(h + 6, o->frag);
	h[8] = o->ttl ? o->ttl : 64;
	h[9] = o->proto;
	memcpy(h + 12, &src, 4);
	memcpy(h + 16, &dst, 4);
	b_put(b, h, sizeof(h));
	at = b->room + b->at;
	be16(at + 10, ips_csum_end(ips_csum_add(0, at, hlen)));
}

void b_ip4_plain(struct build *b, uint8_t proto)
{
	b_ip4(b, &(struct b_ip4){.proto = proto});
}

void b_ip6(struct build *b, uint8_t next, uint8_t upper)
{
	struct ips_addr src = {{htonl(0xfd000000), 0, 0, htonl(1)}};
	struct ips_addr dst = {{htonl(0xfd000000), 0, 0, htonl(2)}};
	uint8_t h[40] = {0x60};

	mend(b, upper, ips_csum_pseudo(6, &src, &dst, upper, b_view(b).len));
	b->done_csum = true;
	be16(h + 4, b_view(b).len);
	h[6] = next;
	h[7] = 64;
	memcpy(h + 8, &src, 16);
	memcpy(h + 24, &dst, 16);
	b_put(b, h, sizeof(h));
}

void b_ip6_plain(struct build *b, uint8_t proto)
{
	b_ip6(b, proto, proto);
}

void b_ip6_frag(struct build *b, uint8_t next, uint32_t id, uint32_t offset, bool more)
{
	uint8_t h[8] = {next};

	be16(h + 2, offset | more);
	be32(h + 4, id);
	b_put(b, h, sizeof(h));
}

void b_vlan(struct build *b, uint16_t id, uint16_t type)
{
	uint8_t h[4];

	be16(h, id | 0x6000);
	be16(h + 2, type);
	b_put(b, h, sizeof(h));
}

void b_eth(struct build *b, uint16_t type)
{
	uint8_t h[14] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1};

	be16(h + 12, type);
	b_put(b, h, sizeof(h));
}

struct ips_decoder *t_decoder(bool inline_mode)
{
	static const uint8_t seed[16] = {7};
	struct ips_decoder_config cfg;
	struct ips_decoder *d;

	ips_decoder_config_default(&cfg, inline_mode);
	cfg.check_csum = true;
	cfg.frag_bytes = 1u << 20;
	d = ips_decoder_new(&cfg, seed);
	assert_non_null(d);
	return d;
}

void t_decode(struct ips_decoder *d, enum ips_link link, struct ips_view v, struct ips_packet *p)
{
	ips_decode(d, link, v, 1000000, p);
}

void t_decode_at(struct ips_decoder *d, struct ips_view v, uint64_t s, struct ips_packet *p)
{
	ips_decode(d, IPS_LINK_RAW, v, s * 1000000, p);
}

bool t_has(const struct ips_packet *p, enum ips_event ev)
{
	return ips_event_is_set(&p->events, ev);
}

void t_only_event(const struct ips_packet *p, enum ips_event ev)
{
	for (int i = IPS_EV_NONE + 1; i < IPS_EV_COUNT; i++) {
		bool want = i == (int)ev;

		if (ips_event_is_set(&p->events, (enum ips_event)i) != want)
			fail_msg("event %s %s", ips_event_name((enum ips_event)i),
				want ? "missing" : "unexpected");
	}
}

void t_payload_is(const struct ips_packet *p, const char *s)
{
	assert_int_equal(p->payload.len, strlen(s));
	assert_memory_equal(p->payload.data, s, p->payload.len);
}
