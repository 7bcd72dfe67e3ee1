/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The "dns" object of EVE, version 2: a query, or an answer with its records listed and grouped. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "ips/proto/dns.h"

#define LOG_RECORDS 64

static void txt(struct ips_json *j, const char *key, struct ips_view rdata)
{
	struct sk_cursor c;
	uint8_t n;
	const uint8_t *p;

	sk_cur_init(&c, rdata.data, rdata.len);
	n = sk_cur_u8(&c);
	p = sk_cur_take(&c, n);
	ips_json_bytes(j, key, p ? p : rdata.data, p ? n : 0);
}

/* rdata as text; false where it has none. */
static bool rdata(
	struct ips_json *j, const char *key, const struct dns_msg *m, const struct dns_record *r)
{
	char name[DNS_NAME_MAX + 1], addr[INET6_ADDRSTRLEN];
	uint32_t at = r->rdata_at + (r->type == 15 ? 2 : 0), n;
	int event = 0;

	switch (r->type) {
	case 1:
	case 28:
		if (r->rdata.len != (r->type == 1 ? 4 : 16))
			return false;
		inet_ntop(r->type == 1 ? AF_INET : AF_INET6, r->rdata.data, addr, sizeof(addr));
		ips_json_str(j, key, addr);
		return true;
	case 2:
	case 5:
	case 6:
	case 12:
	case 15:
		if (!dns_name(m->raw, &at, name, &n, &event))
			return false;
		ips_json_bytes(j, key, name, n);
		return true;
	case 16: txt(j, key, r->rdata); return true;
	default: return false;
	}
}

static void answers(struct ips_json *j, const struct dns_tx *t)
{
	char name[DNS_NAME_MAX + 1], num[12];
	struct dns_record r;
	uint32_t at = t->msg.answers_at, n;
	int event = 0;

	ips_json_open_array(j, "answers");
	for (unsigned i = 0; i < t->msg.h.ancount && i < LOG_RECORDS; i++) {
		if (!dns_record_next(&t->msg, &at, name, &n, &r, &event))
			break;
		ips_json_open(j, NULL);
		ips_json_bytes(j, "rrname", name, n);
		ips_json_str(j, "rrtype", dns_type_name(r.type, num));
		ips_json_uint(j, "ttl", r.ttl);
		rdata(j, "rdata", &t->msg, &r);
		ips_json_close(j);
	}
	ips_json_close_array(j);
}

static void group(struct ips_json *j, const struct dns_tx *t, uint16_t type, const char *key)
{
	char name[DNS_NAME_MAX + 1];
	struct dns_record r;
	uint32_t at = t->msg.answers_at, n;
	bool open = false;
	int event = 0;

	for (unsigned i = 0; i < t->msg.h.ancount && i < LOG_RECORDS; i++) {
		if (!dns_record_next(&t->msg, &at, name, &n, &r, &event))
			break;
		if (r.type != type)
			continue;
		if (!open)
			ips_json_open_array(j, key);
		open = true;
		rdata(j, NULL, &t->msg, &r);
	}
	if (open)
		ips_json_close_array(j);
}

static void response(struct ips_json *j, const struct dns_tx *t)
{
	static const uint16_t grouped[] = {1, 28, 5, 15, 2, 12, 16};
	uint16_t f = t->msg.h.flags;
	char num[12];

	snprintf(num, sizeof(num), "%04x", f);
	ips_json_str(j, "flags", num);
	ips_json_bool(j, "qr", true);
	if (f & 0x0400)
		ips_json_bool(j, "aa", true);
	if (f & 0x0200)
		ips_json_bool(j, "tc", true);
	if (f & 0x0100)
		ips_json_bool(j, "rd", true);
	if (f & 0x0080)
		ips_json_bool(j, "ra", true);
	if (f & 0x0040)
		ips_json_bool(j, "z", true);
	ips_json_str(j, "rcode", dns_rcode_name(f & 15, num));
	if (!t->msg.h.ancount || !t->answers)
		return;
	answers(j, t);
	ips_json_open(j, "grouped");
	for (size_t i = 0; i < sizeof(grouped) / sizeof(grouped[0]); i++)
		group(j, t, grouped[i], dns_type_name(grouped[i], num));
	ips_json_close(j);
}

void dns_log(struct ips_app *a, struct ips_tx *tx, struct ips_json *j)
{
	const struct dns_tx *t = (const struct dns_tx *)tx;
	bool query = !(t->msg.h.flags & 0x8000);
	char num[12];

	if (!query)
		ips_json_uint(j, "version", 2);
	ips_json_str(j, "type", query ? "query" : "answer");
	ips_json_uint(j, "id", t->msg.h.id);
	if (t->questions && t->names) {
		ips_json_bytes(j, "rrname", t->names + t->spans[0].at, t->spans[0].len);
		ips_json_str(j, "rrtype", dns_type_name(t->types[0], num));
	}
	if (query)
		ips_json_uint(j, "tx_id", tx->id);
	ips_json_uint(j, "opcode", t->msg.h.flags >> 11 & 15);
	if (!query)
		response(j, t);
}
