/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Building the answer to a blocked query. The question is copied as it was sent (RFC 1035, 4.1.2;
 * resolvers check its capitals). A client that validates cannot accept an unsigned answer for a
 * signed name: it gets one all the same, at once, with EDE 15 "Blocked", and says SERVFAIL.
 */
#include "ips/proto/dns_answer.h"

#include <string.h>

#include "ips/proto/dns.h"

#define TYPE_A 1
#define TYPE_SOA 6
#define TYPE_AAAA 28
#define TYPE_OPT 41
#define CLASS_IN 1
#define NXDOMAIN 3
#define FLAG_QR 0x8000
#define FLAG_RA 0x0080
#define FLAGS_KEPT 0x0110 /* RD, CD */
#define OPCODE 0x7800
#define OPT_DO 0x8000
#define OPT_COOKIE 10
#define OPT_EDE 15
#define EDE_BLOCKED 15
#define UDP_SIZE 1232
#define NAME_AT_QUESTION 0xc00c

/* Of the SOA: names that exist nowhere (RFC 6761). */
static const uint8_t soa_names[] = "\7blocked\7sekisho\7invalid\0\6nobody\7invalid";

struct out {
	uint8_t *p;
	uint32_t n;
};

static void put16(struct out *o, uint16_t v)
{
	o->p[o->n++] = (uint8_t)(v >> 8);
	o->p[o->n++] = (uint8_t)v;
}

static void put32(struct out *o, uint32_t v)
{
	put16(o, (uint16_t)(v >> 16));
	put16(o, (uint16_t)v);
}

static void put(struct out *o, const void *p, uint32_t n)
{
	memcpy(o->p + o->n, p, n);
	o->n += n;
}

/* End of the one question at 12, whose name is plain labels; 0: another form. */
static uint32_t question_end(struct ips_view msg, struct dns_question *q)
{
	uint32_t at = 12;
	struct sk_cursor c;

	while (at < msg.len && msg.data[at]) {
		if (msg.data[at] > 63)
			return 0;
		at += 1u + msg.data[at];
	}
	at++;
	if (at > msg.len || at - 12 > 255)
		return 0;
	sk_cur_init(&c, msg.data, msg.len);
	sk_cur_skip(&c, at);
	q->type = sk_cur_be16(&c);
	q->class = sk_cur_be16(&c);
	return sk_cur_ok(&c) ? at + 4 : 0;
}

struct opt {
	uint16_t flags;
	struct ips_view cookie; /* RFC 7873: a client that sent one may want to see it again */
};

static void read_options(struct opt *o, struct ips_view rdata)
{
	struct sk_cursor c;

	sk_cur_init(&c, rdata.data, rdata.len);
	while (sk_cur_left(&c) >= 4) {
		uint16_t code = sk_cur_be16(&c), len = sk_cur_be16(&c);
		const uint8_t *p = sk_cur_take(&c, len);

		if (p && code == OPT_COOKIE && len >= 8 && len <= 40)
			o->cookie = (struct ips_view){p, len};
	}
}

/* The OPT record (RFC 6891), where there is one. */
static bool find_opt(const struct dns_msg *m, struct opt *ret)
{
	uint32_t at = m->answers_at, n;
	uint32_t records = (uint32_t)m->h.ancount + m->h.nscount + m->h.arcount;
	char name[DNS_NAME_MAX + 1];
	struct dns_record r;
	int event = 0;

	for (uint32_t i = 0; i < records && i < DNS_RECORDS_MAX; i++) {
		if (!dns_record_next(m, &at, name, &n, &r, &event))
			return false;
		if (r.type != TYPE_OPT)
			continue;
		ret->flags = (uint16_t)r.ttl;
		read_options(ret, r.rdata);
		return true;
	}
	return false;
}

static void put_record(struct out *o, uint16_t type, uint16_t len)
{
	put16(o, NAME_AT_QUESTION);
	put16(o, type);
	put16(o, CLASS_IN);
	put32(o, IPS_DNS_ANSWER_TTL);
	put16(o, len);
}

/* So that the negative answer is kept a minute (RFC 2308, 5). */
static void put_soa(struct out *o)
{
	put_record(o, TYPE_SOA, sizeof(soa_names) + 20);
	put(o, soa_names, sizeof(soa_names));
	put32(o, 1);      /* serial */
	put32(o, 1800);   /* refresh */
	put32(o, 900);    /* retry */
	put32(o, 604800); /* expire */
	put32(o, IPS_DNS_ANSWER_TTL);
}

static void put_opt(struct out *o, const struct opt *opt)
{
	uint16_t cookie = (uint16_t)opt->cookie.len;

	o->p[o->n++] = 0;
	put16(o, TYPE_OPT);
	put16(o, UDP_SIZE);
	put16(o, 0); /* extended rcode, version */
	put16(o, opt->flags & OPT_DO);
	put16(o, (uint16_t)(6 + (cookie ? 4 + cookie : 0)));
	put16(o, OPT_EDE);
	put16(o, 2);
	put16(o, EDE_BLOCKED);
	if (!cookie)
		return;
	put16(o, OPT_COOKIE);
	put16(o, cookie);
	put(o, opt->cookie.data, cookie);
}

static const struct ips_addr *address_for(
	const struct ips_dns_answer_how *how, const struct dns_question *q)
{
	if (!how->address)
		return NULL;
	return q->type == TYPE_A ? how->a : q->type == TYPE_AAAA ? how->aaaa : NULL;
}

uint32_t ips_dns_answer(
	struct ips_view msg, const struct ips_dns_answer_how *how, uint8_t dst[IPS_DNS_ANSWER_MAX])
{
	struct out o = {.p = dst};
	const struct ips_addr *a;
	struct dns_question q;
	struct dns_msg m;
	struct opt opt = {0};
	uint32_t end;
	bool edns;

	if (!dns_msg_parse(&m, msg.data, msg.len) || m.h.qdcount != 1 || (m.h.flags & OPCODE))
		return 0;
	end = question_end(msg, &q);
	if (!end || q.class != CLASS_IN)
		return 0;
	a = address_for(how, &q);
	edns = find_opt(&m, &opt);
	put16(&o, m.h.id);
	put16(&o,
		(uint16_t)(FLAG_QR | FLAG_RA | (m.h.flags & FLAGS_KEPT) |
			(how->address ? 0 : NXDOMAIN)));
	put16(&o, 1);
	put16(&o, a ? 1 : 0);
	put16(&o, a ? 0 : 1);
	put16(&o, edns ? 1 : 0);
	put(&o, msg.data + 12, end - 12);
	if (a) {
		uint16_t len = q.type == TYPE_A ? 4 : 16;

		put_record(&o, q.type, len);
		put(&o, a->w, len);
	} else {
		put_soa(&o);
	}
	if (edns)
		put_opt(&o, &opt);
	return o.n;
}
