/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading DNS messages. Names are followed through at most 255 pointers, so a loop ends; nothing is
 * read outside the message.
 */
#include <stdio.h>
#include <string.h>

#include "ips/proto/dns.h"

#define POINTERS_MAX 255
#define LABELS_MAX 255

bool dns_msg_parse(struct dns_msg *m, const uint8_t *p, uint32_t len)
{
	struct sk_cursor c;
	char name[DNS_NAME_MAX + 1];
	struct dns_question q;
	uint32_t at, n;
	int event = 0;

	sk_cur_init(&c, p, len);
	m->raw = (struct ips_view){p, len};
	m->h.id = sk_cur_be16(&c);
	m->h.flags = sk_cur_be16(&c);
	m->h.qdcount = sk_cur_be16(&c);
	m->h.ancount = sk_cur_be16(&c);
	m->h.nscount = sk_cur_be16(&c);
	m->h.arcount = sk_cur_be16(&c);
	if (!sk_cur_ok(&c))
		return false;
	m->questions_at = at = 12;
	for (unsigned i = 0; i < m->h.qdcount; i++)
		if (i == DNS_RECORDS_MAX || !dns_question_next(m, &at, name, &n, &q, &event))
			return false;
	m->answers_at = at;
	return true;
}

static void put(char *dst, uint32_t *n, const uint8_t *p, uint32_t len, int *ret_event)
{
	if (*n + len > DNS_NAME_MAX) {
		len = DNS_NAME_MAX - *n;
		*ret_event = DNS_EV_NAME_TOO_LONG + 1;
	}
	memcpy(dst + *n, p, len);
	*n += len;
}

bool dns_name(struct ips_view msg, uint32_t *at, char dst[DNS_NAME_MAX + 1], uint32_t *ret_len,
	int *ret_event)
{
	uint32_t pos = *at, n = 0, pointers = 0, labels = 0;
	bool jumped = false;

	for (;;) {
		uint8_t len;

		if (pos >= msg.len)
			return false;
		len = msg.data[pos];
		if (len == 0) {
			pos++;
			break;
		}
		if ((len & 0xc0) == 0xc0) {
			if (pos + 1 >= msg.len)
				return false;
			if (!jumped)
				*at = pos + 2;
			jumped = true;
			pos = (uint32_t)(len & 0x3f) << 8 | msg.data[pos + 1];
			if (++pointers > POINTERS_MAX) {
				*ret_event = DNS_EV_INFINITE_LOOP + 1;
				return false;
			}
			continue;
		}
		if ((len & 0xc0) || pos + 1 + len > msg.len)
			return false;
		if (++labels > LABELS_MAX) {
			*ret_event = DNS_EV_TOO_MANY_LABELS + 1;
			return false;
		}
		if (n)
			put(dst, &n, (const uint8_t *)".", 1, ret_event);
		put(dst, &n, msg.data + pos + 1, len, ret_event);
		pos += 1u + len;
	}
	if (!jumped)
		*at = pos;
	dst[n] = '\0';
	*ret_len = n;
	return true;
}

bool dns_question_next(const struct dns_msg *m, uint32_t *at, char dst[DNS_NAME_MAX + 1],
	uint32_t *ret_len, struct dns_question *q, int *ret_event)
{
	struct sk_cursor c;

	if (!dns_name(m->raw, at, dst, ret_len, ret_event))
		return false;
	sk_cur_init(&c, m->raw.data, m->raw.len);
	sk_cur_skip(&c, *at);
	q->type = sk_cur_be16(&c);
	q->class = sk_cur_be16(&c);
	*at += 4;
	return sk_cur_ok(&c);
}

bool dns_record_next(const struct dns_msg *m, uint32_t *at, char dst[DNS_NAME_MAX + 1],
	uint32_t *ret_len, struct dns_record *r, int *ret_event)
{
	struct sk_cursor c;
	uint16_t len;

	if (!dns_name(m->raw, at, dst, ret_len, ret_event))
		return false;
	sk_cur_init(&c, m->raw.data, m->raw.len);
	sk_cur_skip(&c, *at);
	r->type = sk_cur_be16(&c);
	r->class = sk_cur_be16(&c);
	r->ttl = sk_cur_be32(&c);
	len = sk_cur_be16(&c);
	r->rdata_at = *at + 10;
	r->rdata = (struct ips_view){sk_cur_take(&c, len), len};
	if (!sk_cur_ok(&c))
		return false;
	*at += 10u + len;
	return true;
}

struct word {
	uint16_t value;
	const char *name;
};

static const struct word types[] = {
	{1, "A"},
	{2, "NS"},
	{3, "MD"},
	{4, "MF"},
	{5, "CNAME"},
	{6, "SOA"},
	{7, "MB"},
	{8, "MG"},
	{9, "MR"},
	{10, "NULL"},
	{11, "WKS"},
	{12, "PTR"},
	{13, "HINFO"},
	{14, "MINFO"},
	{15, "MX"},
	{16, "TXT"},
	{17, "RP"},
	{18, "AFSDB"},
	{19, "X25"},
	{20, "ISDN"},
	{21, "RT"},
	{22, "NSAP"},
	{23, "NSAPPTR"},
	{24, "SIG"},
	{25, "KEY"},
	{26, "PX"},
	{27, "GPOS"},
	{28, "AAAA"},
	{29, "LOC"},
	{30, "NXT"},
	{33, "SRV"},
	{34, "ATMA"},
	{35, "NAPTR"},
	{36, "KX"},
	{37, "CERT"},
	{38, "A6"},
	{39, "DNAME"},
	{41, "OPT"},
	{42, "APL"},
	{43, "DS"},
	{44, "SSHFP"},
	{45, "IPSECKEY"},
	{46, "RRSIG"},
	{47, "NSEC"},
	{48, "DNSKEY"},
	{49, "DHCID"},
	{50, "NSEC3"},
	{51, "NSEC3PARAM"},
	{52, "TLSA"},
	{55, "HIP"},
	{59, "CDS"},
	{60, "CDNSKEY"},
	{64, "SVCB"},
	{65, "HTTPS"},
	{99, "SPF"},
	{249, "TKEY"},
	{250, "TSIG"},
	{252, "AXFR"},
	{253, "MAILB"},
	{254, "MAILA"},
	{255, "ANY"},
	{256, "URI"},
};

static const struct word rcodes[] = {
	{0, "NOERROR"},
	{1, "FORMERR"},
	{2, "SERVFAIL"},
	{3, "NXDOMAIN"},
	{4, "NOTIMP"},
	{5, "REFUSED"},
	{6, "YXDOMAIN"},
	{7, "YXRRSET"},
	{8, "NXRRSET"},
	{9, "NOTAUTH"},
	{10, "NOTZONE"},
	{16, "BADVERS/BADSIG"},
	{17, "BADKEY"},
	{18, "BADTIME"},
	{19, "BADMODE"},
	{20, "BADNAME"},
	{21, "BADALG"},
	{22, "BADTRUNC"},
};

static const char *word_of(const struct word *w, size_t n, uint16_t value, char num[12])
{
	for (size_t i = 0; i < n; i++)
		if (w[i].value == value)
			return w[i].name;
	snprintf(num, 12, "%u", value);
	return num;
}

const char *dns_type_name(uint16_t type, char num[12])
{
	return word_of(types, sizeof(types) / sizeof(types[0]), type, num);
}

const char *dns_rcode_name(uint16_t rcode, char num[12])
{
	return word_of(rcodes, sizeof(rcodes) / sizeof(rcodes[0]), rcode, num);
}
