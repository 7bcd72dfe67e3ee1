/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PDUs out of a stream of bytes. Numbers come in the sender's order, told in each header; a
 * fragment length that cannot be is the end of that direction.
 */
#include <stdio.h>
#include <string.h>

#include "ips/proto/dcerpc.h"
#include "lib/cursor.h"
#include "lib/util.h"

#define TYPE_REQUEST 0
#define TYPE_RESPONSE 2
#define TYPE_FAULT 3
#define TYPE_BIND 11
#define TYPE_BIND_ACK 12
#define TYPE_ALTER 14
#define TYPE_ALTER_ACK 15
#define FLAG_FIRST 1
#define FLAG_LAST 2
#define FLAG_OBJECT 0x80

struct pdu {
	uint8_t type, flags;
	bool little;
	uint32_t call;
	struct sk_cursor c;
};

static uint16_t get16(struct pdu *p)
{
	uint16_t v = sk_cur_be16(&p->c);

	return p->little ? (uint16_t)(v >> 8 | v << 8) : v;
}

static uint32_t get32(struct pdu *p)
{
	return p->little ? sk_cur_le32(&p->c) : sk_cur_be32(&p->c);
}

bool dce_looks_like(const uint8_t *p)
{
	return p[0] == 5 && p[1] == 0 && p[2] <= 19 && (p[4] == 0x10 || p[4] == 0) && p[5] <= 3;
}

/* A UUID on the wire to the order it is written in. */
static void put_uuid(uint8_t dst[16], const uint8_t *s, bool little)
{
	static const uint8_t swap[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};

	for (unsigned i = 0; i < 16; i++)
		dst[i] = s[little ? swap[i] : i];
}

/* Where a bound interface goes; the oldest makes room: binding much hides nothing. */
static struct dce_iface *room(struct dce_assoc *a, uint16_t context, const struct dce_ops *ops)
{
	uint32_t gone = DCE_IFACES;

	for (uint32_t i = 0; i < a->ifaces; i++)
		if (a->iface[i].context == context)
			gone = i;
	if (gone == DCE_IFACES && a->ifaces == DCE_IFACES) {
		ops->event(DCE_EV_TOO_MANY_IFACES, ops->arg);
		gone = 0;
	}
	if (gone < DCE_IFACES) {
		a->ifaces--;
		memmove(&a->iface[gone], &a->iface[gone + 1],
			(a->ifaces - gone) * sizeof(a->iface[0]));
	}
	return &a->iface[a->ifaces++];
}

static void bind(struct dce_assoc *a, struct pdu *p, const struct dce_ops *ops)
{
	uint8_t n;

	sk_cur_skip(&p->c, 8); /* fragment sizes, association group */
	n = sk_cur_u8(&p->c);
	sk_cur_skip(&p->c, 3);
	for (unsigned i = 0; i < n && sk_cur_ok(&p->c); i++) {
		uint16_t context = get16(p);
		uint8_t syntaxes = sk_cur_u8(&p->c);
		const uint8_t *uuid;
		struct dce_iface *f;
		uint16_t version;

		sk_cur_skip(&p->c, 1);
		uuid = sk_cur_take(&p->c, 16);
		version = get16(p);
		sk_cur_skip(&p->c, 2 + 20u * syntaxes);
		if (!uuid || !sk_cur_ok(&p->c))
			break;
		f = room(a, context, ops);
		memset(f, 0, sizeof(*f));
		f->context = context;
		put_uuid(f->row, uuid, p->little);
		f->row[16] = (uint8_t)(version >> 8);
		f->row[17] = (uint8_t)version;
	}
	if (!sk_cur_ok(&p->c))
		ops->event(DCE_EV_PDU_BAD, ops->arg);
}

/* Results stand in the order of the bound interfaces that are not answered yet. */
static void bind_ack(struct dce_assoc *a, struct pdu *p)
{
	uint16_t port;
	uint8_t n;
	unsigned k = 0;

	sk_cur_skip(&p->c, 8);
	port = get16(p);
	sk_cur_skip(&p->c, port);
	sk_cur_skip(&p->c, (4 - (p->c.off & 3)) & 3);
	n = sk_cur_u8(&p->c);
	sk_cur_skip(&p->c, 3);
	for (unsigned i = 0; i < n && sk_cur_ok(&p->c); i++) {
		uint16_t result = get16(p);

		sk_cur_skip(&p->c, 22);
		while (k < a->ifaces && (a->iface[k].acked || a->iface[k].refused))
			k++;
		if (k == a->ifaces)
			return;
		a->iface[k].acked = result == 0;
		a->iface[k].refused = result != 0;
	}
}

/* What the first fragment says holds for the call. */
static void call_begin(const struct dce_assoc *a, const struct pdu *p, struct dce_call *c,
	uint16_t context, uint16_t opnum)
{
	c->context = context;
	c->opnum = opnum;
	c->is_call = true;
	for (uint32_t i = 0; i < a->ifaces; i++)
		if (a->iface[i].context == context && !a->iface[i].refused) {
			memcpy(c->row, a->iface[i].row, DCE_ROW);
			c->row[18] = !(p->flags & FLAG_FIRST);
			c->has_row = true;
		}
}

static void request(
	struct dce_assoc *a, struct pdu *p, struct ips_mem *m, const struct dce_ops *ops)
{
	struct dce_call *c = ops->call(p->call, IPS_TOSERVER, p->flags & FLAG_FIRST, ops->arg);
	uint16_t context, opnum;
	size_t n;

	if (!c)
		return;
	sk_cur_skip(&p->c, 4);
	context = get16(p);
	opnum = get16(p);
	if (p->flags & FLAG_OBJECT)
		sk_cur_skip(&p->c, 16);
	if (!c->is_call)
		call_begin(a, p, c, context, opnum);
	n = sk_cur_left(&p->c);
	ips_body_add(&c->stub[IPS_TOSERVER], m, sk_cur_take(&p->c, n), n);
	if (!(p->flags & FLAG_LAST))
		return;
	ips_body_end(&c->stub[IPS_TOSERVER]);
	ops->done(c, IPS_TOSERVER, ops->arg);
}

static void response(
	const struct dce_assoc *a, struct pdu *p, struct ips_mem *m, const struct dce_ops *ops)
{
	struct dce_call *c = ops->call(p->call, IPS_TOCLIENT, p->flags & FLAG_FIRST, ops->arg);
	size_t n;

	if (!c)
		return;
	c->answered = true;
	if (!a->hints)
		sk_cur_skip(&p->c, 8);
	n = sk_cur_left(&p->c);
	if (p->type == TYPE_RESPONSE)
		ips_body_add(&c->stub[IPS_TOCLIENT], m, sk_cur_take(&p->c, n), n);
	if (!(p->flags & FLAG_LAST))
		return;
	ips_body_end(&c->stub[IPS_TOCLIENT]);
	ops->done(c, IPS_TOCLIENT, ops->arg);
}

static bool direction_ok(uint8_t type, enum ips_dir dir)
{
	switch (type) {
	case TYPE_REQUEST:
	case TYPE_BIND:
	case TYPE_ALTER: return dir == IPS_TOSERVER;
	case TYPE_RESPONSE:
	case TYPE_FAULT:
	case TYPE_BIND_ACK:
	case TYPE_ALTER_ACK: return dir == IPS_TOCLIENT;
	default: return true;
	}
}

static void one(struct dce_assoc *a, struct ips_mem *m, enum ips_dir dir, const uint8_t *pdu,
	uint32_t len, const struct dce_ops *ops)
{
	struct pdu p = {.type = pdu[2], .flags = pdu[3], .little = pdu[4] & 0x10};
	struct dce_call *c;

	if (!direction_ok(p.type, dir)) {
		ops->event(DCE_EV_PDU_BAD, ops->arg);
		return;
	}
	sk_cur_init(&p.c, pdu, len);
	sk_cur_skip(&p.c, 12);
	p.call = get32(&p);
	switch (p.type) {
	case TYPE_BIND:
	case TYPE_ALTER:
	case TYPE_BIND_ACK:
	case TYPE_ALTER_ACK:
		if (p.type == TYPE_BIND || p.type == TYPE_ALTER)
			bind(a, &p, ops);
		else
			bind_ack(a, &p);
		c = ops->call(p.call, dir, true, ops->arg);
		if (!c)
			return;
		c->is_bind = true;
		ops->done(c, dir, ops->arg);
		break;
	case TYPE_REQUEST: request(a, &p, m, ops); break;
	case TYPE_RESPONSE:
	case TYPE_FAULT: response(a, &p, m, ops); break;
	default: break;
	}
	if (!sk_cur_ok(&p.c))
		ops->event(DCE_EV_PDU_BAD, ops->arg);
}

static uint32_t frag_len(const uint8_t *p)
{
	return p[4] & 0x10 ? (uint32_t)p[9] << 8 | p[8] : (uint32_t)p[8] << 8 | p[9];
}

static bool keep(
	struct dce_assoc *a, struct ips_mem *m, enum ips_dir dir, const uint8_t *p, uint32_t n)
{
	uint32_t need = a->len[dir] + n;

	if (need > a->cap[dir]) {
		uint32_t cap = SK_MAX(need, SK_MAX(512u, 2 * a->cap[dir]));
		void *q = ips_mem_grow(m, a->pdu[dir], a->cap[dir], cap);

		if (!q)
			return false;
		a->pdu[dir] = q;
		a->cap[dir] = cap;
	}
	memcpy(a->pdu[dir] + a->len[dir], p, n);
	a->len[dir] = need;
	return true;
}

void dce_feed(struct dce_assoc *a, struct ips_mem *m, enum ips_dir dir, const uint8_t *p,
	uint32_t n, const struct dce_ops *ops)
{
	while (n && !a->lost[dir]) {
		uint32_t want = a->len[dir] < DCE_HEADER ? DCE_HEADER : frag_len(a->pdu[dir]);
		uint32_t take = SK_MIN(n, want - a->len[dir]);

		if (!keep(a, m, dir, p, take)) {
			a->lost[dir] = true;
			return;
		}
		p += take;
		n -= take;
		if (a->len[dir] < DCE_HEADER)
			continue;
		want = frag_len(a->pdu[dir]);
		if (want < DCE_HEADER || !dce_looks_like(a->pdu[dir])) {
			ops->event(DCE_EV_PDU_BAD, ops->arg);
			a->lost[dir] = true;
			return;
		}
		if (a->len[dir] < want)
			continue;
		one(a, m, dir, a->pdu[dir], a->len[dir], ops);
		a->len[dir] = 0;
	}
}

void dce_done(struct dce_assoc *a, struct ips_mem *m)
{
	for (unsigned d = 0; d < 2; d++) {
		ips_mem_free(m, a->pdu[d], a->cap[d]);
		a->pdu[d] = NULL;
		a->len[d] = a->cap[d] = 0;
	}
}

void dce_call_init(struct dce_call *c, const struct ips_app_config *cfg)
{
	memset(c, 0, sizeof(*c));
	ips_body_init(&c->stub[0], cfg->body_limit[0]);
	ips_body_init(&c->stub[1], cfg->body_limit[1]);
}

void dce_call_done(struct dce_call *c, struct ips_mem *m)
{
	ips_body_free(&c->stub[0], m);
	ips_body_free(&c->stub[1], m);
}

enum ips_buf_state dce_buffer(const struct dce_call *c, enum ips_buf buf, enum ips_dir dir,
	unsigned index, bool over, struct ips_buf_view *ret)
{
	if (index)
		return IPS_BUF_ABSENT;
	if (buf == IPS_BUF_DCE_IFACE_ROW) {
		if (!c->has_row)
			return over ? IPS_BUF_ABSENT : IPS_BUF_WAIT;
		*ret = (struct ips_buf_view){.data = c->row, .len = DCE_ROW};
		return IPS_BUF_FULL;
	}
	if (buf != IPS_BUF_DCE_STUB_DATA)
		return IPS_BUF_ABSENT;
	if (c->stub[dir].len == 0 && over)
		return IPS_BUF_ABSENT;
	return ips_body_view_of(&c->stub[dir], over, ret);
}

bool dce_number(const struct dce_call *c, enum ips_num num, uint64_t *ret)
{
	if (num != IPS_NUM_DCE_OPNUM || !c->is_call)
		return false;
	*ret = c->opnum;
	return true;
}

void dce_log(const struct dce_call *c, struct ips_json *j)
{
	char text[40];
	const uint8_t *u = c->row;

	ips_json_str(j, "request", c->is_bind ? "BIND" : "REQUEST");
	if (c->is_call)
		ips_json_uint(j, "opnum", c->opnum);
	ips_json_uint(j, "call_id", c->id);
	if (!c->has_row)
		return;
	snprintf(text, sizeof(text),
		"%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1],
		u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14],
		u[15]);
	ips_json_str(j, "interface", text);
}
