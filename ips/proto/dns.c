/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DNS over UDP and TCP. Every message is a transaction of one direction, as rules count them. The
 * message is kept as it came; names are decoded once, so that buffers are plain bytes.
 */
#include "ips/proto/dns.h"

#include <netinet/in.h>
#include <string.h>

#include "ips/flow/flow.h"
#include "ips/proto/protos.h"
#include "lib/util.h"

#define STREAM_MAX (65535 + 2)

struct dns_state {
	uint8_t *part[2]; /* TCP: the beginning of a message not yet whole */
	uint32_t part_len[2], part_cap[2];
	bool lost[2]; /* after a gap there is no way back to a message's start */
};

static const char *const events[] = {"malformed_data", "not_request", "not_response", "z_flag_set",
	"invalid_opcode", "name_too_long", "infinite_loop", "too_many_labels", NULL};

static bool dns_open(struct ips_app *a, struct ips_app_ctx *c)
{
	a->state = ips_mem_alloc(c->mem, sizeof(struct dns_state));
	return a->state;
}

static void dns_tx_free(struct ips_app *a, struct ips_tx *tx, struct ips_mem *m)
{
	struct dns_tx *t = (struct dns_tx *)tx;

	ips_mem_free(m, t->copy, t->copy_len);
	ips_mem_free(m, t->names, t->names_cap);
	ips_mem_free(m, t->spans, t->spans_cap * sizeof(*t->spans));
	ips_mem_free(m, t->types, t->spans_cap * sizeof(*t->types));
	ips_mem_free(m, t, sizeof(*t));
}

static void dns_close(struct ips_app *a, struct ips_mem *m)
{
	struct dns_state *s = a->state;

	for (struct ips_tx *tx = a->first, *next; tx; tx = next) {
		next = tx->next;
		dns_tx_free(a, tx, m);
	}
	if (!s)
		return;
	ips_mem_free(m, s->part[0], s->part_cap[0]);
	ips_mem_free(m, s->part[1], s->part_cap[1]);
	ips_mem_free(m, s, sizeof(*s));
}

static bool put_name(
	struct dns_tx *t, struct ips_mem *m, const char *name, uint32_t len, uint16_t type)
{
	uint32_t n = t->questions + t->answers;

	if (n == t->spans_cap) {
		uint32_t cap = n ? 2 * n : 4;
		void *p = ips_mem_grow(m, t->spans, n * sizeof(*t->spans), cap * sizeof(*t->spans));
		void *q;

		if (!p)
			return false;
		t->spans = p;
		q = ips_mem_grow(m, t->types, n * sizeof(*t->types), cap * sizeof(*t->types));
		if (!q) { /* give the growth back so that sizes stay one number */
			m->used -= (cap - n) * sizeof(*t->spans);
			return false;
		}
		t->types = q;
		t->spans_cap = cap;
	}
	if (t->names_len + len > t->names_cap) {
		uint32_t cap = SK_MAX(t->names_len + len, 2 * t->names_cap);
		void *p = ips_mem_grow(m, t->names, t->names_cap, cap);

		if (!p)
			return false;
		t->names = p;
		t->names_cap = cap;
	}
	if (len)
		memcpy(t->names + t->names_len, name, len);
	t->spans[n] = (struct dns_span){t->names_len, len};
	t->types[n] = type;
	t->names_len += len;
	return true;
}

static void note(struct ips_app *a, struct ips_tx *tx, int event)
{
	if (event)
		ips_tx_event(a, tx, (unsigned)event - 1);
}

/* Questions and answers: later on, when a buffer is asked for, nothing may be allocated. */
static void decode_names(struct ips_app *a, struct dns_tx *t, struct ips_mem *m)
{
	char name[DNS_NAME_MAX + 1];
	struct dns_question q;
	struct dns_record r;
	uint32_t at = t->msg.questions_at, n;
	int event = 0;

	for (unsigned i = 0; i < t->msg.h.qdcount; i++) {
		if (!dns_question_next(&t->msg, &at, name, &n, &q, &event) ||
			!put_name(t, m, name, n, q.type))
			break;
		t->questions++;
	}
	at = t->msg.answers_at;
	for (unsigned i = 0; i < t->msg.h.ancount && i < DNS_RECORDS_MAX; i++) {
		if (!dns_record_next(&t->msg, &at, name, &n, &r, &event)) {
			event = DNS_EV_MALFORMED_DATA + 1;
			break;
		}
		if (!put_name(t, m, name, n, r.type))
			break;
		t->answers++;
	}
	note(a, &t->tx, event);
}

static void check_header(struct ips_app *a, struct dns_tx *t)
{
	uint16_t f = t->msg.h.flags;

	if (f & 0x0040)
		ips_tx_event(a, &t->tx, DNS_EV_Z_FLAG_SET);
	if ((f >> 11 & 15) >= 7)
		ips_tx_event(a, &t->tx, DNS_EV_INVALID_OPCODE);
}

static void message(
	struct ips_app *a, struct ips_app_ctx *c, enum ips_dir dir, const uint8_t *p, uint32_t len)
{
	struct dns_msg m;
	struct dns_tx *t;
	bool whole = dns_msg_parse(&m, p, len), response;

	if (!whole && len < 12) {
		ips_tx_event(a, NULL, DNS_EV_MALFORMED_DATA);
		return;
	}
	response = m.h.flags & 0x8000;
	if (response != (dir == IPS_TOCLIENT)) {
		ips_tx_event(a, NULL, response ? DNS_EV_NOT_REQUEST : DNS_EV_NOT_RESPONSE);
		if (c->flow->proto != IPPROTO_UDP)
			return;
	}
	t = ips_mem_alloc(c->mem, sizeof(*t));
	if (!t)
		return;
	t->copy = ips_mem_alloc(c->mem, len);
	if (!t->copy) {
		ips_mem_free(c->mem, t, sizeof(*t));
		return;
	}
	memcpy(t->copy, p, len);
	t->copy_len = len;
	t->msg = m;
	t->msg.raw.data = t->copy;
	t->dir = dir;
	ips_app_tx_add(a, &t->tx);
	if (whole)
		decode_names(a, t, c->mem);
	else
		ips_tx_event(a, &t->tx, DNS_EV_MALFORMED_DATA);
	check_header(a, t);
	t->tx.complete[0] = t->tx.complete[1] = true;
	t->tx.started[dir] = t->tx.changed[dir] = true;
	t->tx.flags |= dir == IPS_TOSERVER ? IPS_TX_SKIP_TOCLIENT : IPS_TX_SKIP_TOSERVER;
	if (c->trigger)
		c->trigger(c->flow, dir, c->arg);
}

static bool keep(
	struct dns_state *s, struct ips_mem *m, enum ips_dir dir, const uint8_t *p, uint32_t n)
{
	uint32_t need = s->part_len[dir] + n;

	if (need > s->part_cap[dir]) {
		uint32_t cap = SK_MAX(need, 2 * s->part_cap[dir]);
		void *q = cap > STREAM_MAX ? NULL
					   : ips_mem_grow(m, s->part[dir], s->part_cap[dir], cap);

		if (!q && need <= STREAM_MAX) {
			cap = need;
			q = ips_mem_grow(m, s->part[dir], s->part_cap[dir], cap);
		}
		if (!q)
			return false;
		s->part[dir] = q;
		s->part_cap[dir] = cap;
	}
	memcpy(s->part[dir] + s->part_len[dir], p, n);
	s->part_len[dir] = need;
	return true;
}

static uint32_t framed(const uint8_t *p, uint32_t len)
{
	return len < 2 ? 2 : 2u + ((uint32_t)p[0] << 8 | p[1]);
}

static void stream(
	struct ips_app *a, struct ips_app_ctx *c, enum ips_dir dir, const uint8_t *p, uint32_t len)
{
	struct dns_state *s = a->state;

	while (len && s->part_len[dir]) {
		uint32_t want = framed(s->part[dir], s->part_len[dir]);
		uint32_t n = SK_MIN(len, want - s->part_len[dir]);

		if (!keep(s, c->mem, dir, p, n)) {
			a->flags |= IPS_APP_FAILED;
			return;
		}
		p += n;
		len -= n;
		if (s->part_len[dir] >= 2 &&
			s->part_len[dir] == framed(s->part[dir], s->part_len[dir])) {
			message(a, c, dir, s->part[dir] + 2, s->part_len[dir] - 2);
			s->part_len[dir] = 0;
		}
	}
	while (len) {
		uint32_t want = framed(p, len);

		if (len < want) {
			if (!keep(s, c->mem, dir, p, len))
				a->flags |= IPS_APP_FAILED;
			return;
		}
		message(a, c, dir, p + 2, want - 2);
		p += want;
		len -= want;
	}
}

static void dns_data(struct ips_app *a, struct ips_app_ctx *c, enum ips_dir dir,
	const uint8_t *data, uint32_t len, bool eof)
{
	struct dns_state *s = a->state;

	if (!data && len)
		s->lost[dir] = true;
	if (!data || s->lost[dir])
		return;
	if (c->flow->proto == IPPROTO_UDP)
		message(a, c, dir, data, len);
	else
		stream(a, c, dir, data, len);
}

static enum ips_buf_state span(const struct dns_tx *t, uint32_t first, uint32_t count,
	unsigned index, struct ips_buf_view *ret)
{
	if (index >= count)
		return IPS_BUF_ABSENT;
	*ret = (struct ips_buf_view){
		.data = t->names ? t->names + t->spans[first + index].at : NULL,
		.len = t->spans[first + index].len,
	};
	return IPS_BUF_FULL;
}

static enum ips_buf_state dns_buffer(struct ips_app *a, struct ips_tx *tx, enum ips_buf buf,
	enum ips_dir dir, unsigned index, struct ips_buf_view *ret)
{
	const struct dns_tx *t = (const struct dns_tx *)tx;

	if (t->dir != dir)
		return IPS_BUF_ABSENT;
	switch (buf) {
	case IPS_BUF_DNS_QUERY:
	case IPS_BUF_DNS_QUERY_NAME: return span(t, 0, t->questions, index, ret);
	case IPS_BUF_DNS_ANSWER_NAME: return span(t, t->questions, t->answers, index, ret);
	default: return IPS_BUF_ABSENT;
	}
}

static bool dns_number(struct ips_app *a, struct ips_tx *tx, enum ips_num num, enum ips_dir dir,
	unsigned index, uint64_t *ret)
{
	const struct dns_tx *t = (const struct dns_tx *)tx;

	if (t->dir != dir)
		return false;
	switch (num) {
	case IPS_NUM_DNS_OPCODE: *ret = t->msg.h.flags >> 11 & 15; return index == 0;
	case IPS_NUM_DNS_RCODE:
		*ret = t->msg.h.flags & 15;
		return index == 0 && dir == IPS_TOCLIENT;
	case IPS_NUM_DNS_RRTYPE:
		if (index >= t->questions + t->answers)
			return false;
		*ret = t->types[index];
		return true;
	default: return false;
	}
}

static bool dns_log_ready(struct ips_app *a, struct ips_tx *tx)
{
	return true;
}

const struct ips_proto ips_dns_proto = {
	.id = IPS_P_DNS,
	.open = dns_open,
	.close = dns_close,
	.data = dns_data,
	.tx_free = dns_tx_free,
	.buffer = dns_buffer,
	.number = dns_number,
	.log = dns_log,
	.log_ready = dns_log_ready,
	.events = events,
};

/* Without the port's help everything must fit: counts, class, and not a byte left over. */
static bool strict(const struct dns_msg *m, bool response)
{
	char name[DNS_NAME_MAX + 1];
	struct dns_question q;
	struct dns_record r;
	uint32_t at = 12, n, records = (uint32_t)m->h.ancount + m->h.nscount + m->h.arcount;
	int event = 0;

	if (m->h.qdcount != 1 || (m->h.flags & 0x0040) || (!response && m->h.ancount) ||
		records > 256)
		return false;
	if (!dns_question_next(m, &at, name, &n, &q, &event) || event)
		return false;
	if (q.class != 1 && q.class != 3 && q.class != 4 && q.class != 255)
		return false;
	for (uint32_t i = 0; i < records; i++)
		if (!dns_record_next(m, &at, name, &n, &r, &event))
			return false;
	return at == m->raw.len;
}

static bool plausible(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	struct dns_msg m;
	bool response;

	if (len < 12)
		return false;
	if (!dns_msg_parse(&m, p, len))
		return false;
	response = m.h.flags & 0x8000;
	if ((m.h.flags >> 11 & 15) > 6)
		return false;
	if (port)
		return m.h.qdcount || m.h.ancount || m.h.nscount || m.h.arcount;
	return response == (dir == IPS_TOCLIENT) && strict(&m, response);
}

static enum ips_probe probe_udp(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	return plausible(p, len, dir, port) ? IPS_PROBE_YES : IPS_PROBE_NO;
}

static enum ips_probe probe_tcp(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	uint32_t want = framed(p, len);

	if (len >= 2 && want < 14)
		return IPS_PROBE_NO;
	if (len >= 6 && (p[4] >> 3 & 15) > 6) /* opcode: no need to wait for the rest */
		return IPS_PROBE_NO;
	if (len < want)
		return port || want <= 1026 ? IPS_PROBE_MORE : IPS_PROBE_NO;
	return plausible(p + 2, want - 2, dir, port) ? IPS_PROBE_YES : IPS_PROBE_NO;
}

/* Multicast DNS, LLMNR and NetBIOS names have DNS's form but are protocols of their own. */
static enum ips_probe probe_port(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	return port && len >= 12 ? IPS_PROBE_YES : IPS_PROBE_NO;
}

const struct ips_probe_row ips_dns_probes[] = {
	{IPS_P_MDNS, IPPROTO_UDP, IPS_BUF_BOTH, {5353, 5355}, probe_port},
	{IPS_P_NBNS, IPPROTO_UDP, IPS_BUF_BOTH, {137}, probe_port},
	{IPS_P_DNS, IPPROTO_UDP, IPS_BUF_BOTH, {53}, probe_udp},
	{IPS_P_DNS, IPPROTO_TCP, IPS_BUF_BOTH, {53}, probe_tcp},
	{0},
};
