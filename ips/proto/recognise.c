/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Recognition: every probe sees the beginning of a direction until one says yes or all say no. The
 * engine calls ips_app_data() with each piece of a flow; nothing here knows a protocol.
 */
#include "ips/proto/recognise.h"

#include <netinet/in.h>
#include <string.h>

#include "ips/flow/flow.h"

#define MAX_ROWS 96

/* While undecided: the bytes so far and which probes are still in the race. */
struct ips_app_held {
	uint8_t *data[2];
	uint32_t len[2], cap[2];
	uint64_t out[2][(MAX_ROWS + 63) / 64]; /* rows that said no */
	bool any[2];
	enum ips_dir first; /* which side spoke first */
	bool eof[2], gap[2];
};

static const uint32_t done_flag[2] = {IPS_APP_DETECT_DONE_TOSERVER, IPS_APP_DETECT_DONE_TOCLIENT};

static bool port_hint(const struct ips_probe_row *row, const struct ips_flow *f)
{
	for (unsigned i = 0; i < 4 && row->ports[i]; i++)
		if (row->ports[i] == f->port[1] || row->ports[i] == f->port[0])
			return true;
	return false;
}

static bool row_fits(const struct ips_probe_row *row, const struct ips_flow *f, enum ips_dir dir)
{
	return row->ipproto == f->proto && (row->dirs & (1u << dir));
}

/* Ask all probes; rows in `out` are skipped and extended. Result: the protocol, FAILED or UNKNOWN.
 */
static enum ips_proto_id ask(const struct ips_flow *f, enum ips_dir dir, const uint8_t *data,
	uint32_t len, uint64_t *out)
{
	bool more = false;
	unsigned n = 0;

	for (unsigned t = 0; ips_probe_tables[t]; t++) {
		const struct ips_probe_row *row = ips_probe_tables[t];

		for (; row->id != IPS_P_UNKNOWN && n < MAX_ROWS; row++, n++) {
			if (out[n / 64] >> (n % 64) & 1)
				continue;
			if (row_fits(row, f, dir)) {
				enum ips_probe r = row->probe(data, len, dir, port_hint(row, f));

				if (r == IPS_PROBE_YES)
					return row->id;
				if (r == IPS_PROBE_MORE) {
					more = true;
					continue;
				}
			}
			out[n / 64] |= 1ULL << (n % 64);
		}
	}
	return more ? IPS_P_UNKNOWN : IPS_P_FAILED;
}

void ips_app_held_free(struct ips_app *a, struct ips_mem *m)
{
	struct ips_app_held *h = a->held;

	if (!h)
		return;
	ips_mem_free(m, h->data[0], h->cap[0]);
	ips_mem_free(m, h->data[1], h->cap[1]);
	ips_mem_free(m, h, sizeof(*h));
	a->held = NULL;
}

static bool hold(struct ips_app_held *h, struct ips_mem *m, enum ips_dir dir, const uint8_t *data,
	uint32_t len)
{
	uint32_t need = h->len[dir] + len, cap = h->cap[dir] ? h->cap[dir] : 512;
	uint8_t *p;

	if (len > IPS_HOLD_MAX || need > IPS_HOLD_MAX)
		return false;
	while (cap < need)
		cap *= 2;
	if (cap > h->cap[dir]) {
		p = ips_mem_grow(m, h->data[dir], h->cap[dir], cap);
		if (!p)
			return false;
		h->data[dir] = p;
		h->cap[dir] = cap;
	}
	if (len)
		memcpy(h->data[dir] + h->len[dir], data, len);
	h->len[dir] = need;
	return true;
}

static void give_up(struct ips_app *a, struct ips_app_ctx *c)
{
	a->id = IPS_P_FAILED;
	a->flags |= IPS_APP_DETECT_DONE_TOSERVER | IPS_APP_DETECT_DONE_TOCLIENT;
	ips_app_held_free(a, c->mem);
}

static void feed(struct ips_app *a, struct ips_app_ctx *c, enum ips_dir dir, const uint8_t *data,
	uint32_t len, bool eof)
{
	if (!a->proto || (a->flags & IPS_APP_FAILED))
		return;
	a->fed[dir] += len;
	a->proto->data(a, c, dir, data, len, eof);
}

/* The protocol is known: open its parser and hand over what was held, in the order it came. */
static void start(struct ips_app *a, struct ips_app_ctx *c, enum ips_proto_id id)
{
	struct ips_app_held *h = a->held;
	const struct ips_proto *proto = ips_protos[id];

	a->id = id;
	a->held = NULL;
	if (proto && !proto->open(a, c))
		a->flags |= IPS_APP_FAILED;
	a->proto = a->flags & IPS_APP_FAILED ? NULL : proto;
	if (!h)
		return;
	for (unsigned i = 0; i < 2; i++) {
		enum ips_dir dir = i == 0 ? h->first : (enum ips_dir) !h->first;

		if (h->len[dir] || h->eof[dir])
			feed(a, c, dir, h->data[dir], h->len[dir], h->eof[dir]);
	}
	a->held = h;
	ips_app_held_free(a, c->mem);
}

/* The second direction of a flow whose protocol the first one told. */
static void check_other(struct ips_app *a, struct ips_app_ctx *c, enum ips_dir dir,
	const uint8_t *data, uint32_t len)
{
	uint64_t out[(MAX_ROWS + 63) / 64] = {0};
	enum ips_proto_id id;

	a->flags |= done_flag[dir];
	a->dir_id[dir] = a->id;
	if (!data)
		return;
	id = ask(c->flow, dir, data, len, out);
	if (id == IPS_P_FAILED && c->flow->proto == IPPROTO_TCP)
		ips_tx_event(a, NULL, IPS_AE_ONLY_ONE_DIRECTION);
	if (id == IPS_P_UNKNOWN || id == IPS_P_FAILED || id == a->id)
		return;
	a->dir_id[dir] = id;
	ips_tx_event(a, NULL, IPS_AE_MISMATCH_BOTH_DIRECTIONS);
}

static struct ips_app_held *held(struct ips_app *a, struct ips_app_ctx *c, enum ips_dir dir)
{
	if (!a->held) {
		a->held = ips_mem_alloc(c->mem, sizeof(*a->held));
		if (a->held)
			a->held->first = dir;
	}
	return a->held;
}

static void undecided(struct ips_app *a, struct ips_app_ctx *c, enum ips_dir dir,
	const uint8_t *data, uint32_t len, bool eof)
{
	struct ips_app_held *h = held(a, c, dir);
	bool stream = c->flow->proto == IPPROTO_TCP, fits;
	enum ips_proto_id id;

	if (!h || (!data && len)) { /* a gap before anything is known */
		give_up(a, c);
		return;
	}
	h->eof[dir] |= eof;
	fits = hold(h, c->mem, dir, data, len);
	if (a->flags & done_flag[dir]) {
		if (!fits || (eof && h->eof[!dir]))
			give_up(a, c);
		return;
	}
	if (h->len[dir] && fits)
		id = ask(c->flow, dir, h->data[dir], h->len[dir], h->out[dir]);
	else
		id = len ? ask(c->flow, dir, data, len, h->out[dir]) : IPS_P_UNKNOWN;
	if (id == IPS_P_UNKNOWN && (!fits || eof || !stream))
		id = IPS_P_FAILED;
	if (id == IPS_P_UNKNOWN)
		return;
	a->flags |= done_flag[dir];
	a->dir_id[dir] = id;
	if (id != IPS_P_FAILED) {
		start(a, c, id);
		if (!fits)
			feed(a, c, dir, data, len, eof);
		return;
	}
	if (!stream)
		h->len[dir] = 0;
	if ((a->flags & done_flag[!dir]) || !fits)
		give_up(a, c);
}

static void free_held(struct ips_app_held *h, struct ips_mem *m)
{
	struct ips_app dead = {.held = h};

	ips_app_held_free(&dead, m);
}

static void data_of(struct ips_app *a, struct ips_app_ctx *c, enum ips_dir dir, const uint8_t *data,
	uint32_t len, bool eof)
{
	if (!a->proto && a->id == IPS_P_UNKNOWN && a->expected != IPS_P_UNKNOWN && len) {
		a->dir_id[0] = a->dir_id[1] = a->expected;
		a->flags |= IPS_APP_DETECT_DONE_TOSERVER | IPS_APP_DETECT_DONE_TOCLIENT;
		start(a, c, a->expected);
	}
	if (a->id == IPS_P_UNKNOWN) {
		undecided(a, c, dir, data, len, eof);
		return;
	}
	if (a->id != IPS_P_FAILED && !(a->flags & done_flag[dir]) && len)
		check_other(a, c, dir, data, len);
	feed(a, c, dir, data, len, eof);
	if (!(a->flags & IPS_APP_CHANGED) || a->left == 0 || a->left > len || !data)
		return;
	if (held(a, c, dir))
		hold(a->held, c->mem, dir, data + len - a->left, a->left);
	a->left = 0;
}

/* STARTTLS, CONNECT, h2c: the old protocol ends before the first byte of the new one. */
static bool change(struct ips_app *a, struct ips_app_ctx *c)
{
	enum ips_proto_id expected = a->expected;
	struct ips_app_held *h = a->held;
	bool any = false;

	a->held = NULL;
	ips_app_done(a, c);
	a->expected = expected;
	if (!h)
		return false;
	for (enum ips_dir dir = IPS_TOSERVER; dir <= IPS_TOCLIENT; dir++)
		if (h->len[dir]) {
			data_of(a, c, dir, h->data[dir], h->len[dir], h->eof[dir]);
			any = true;
		}
	free_held(h, c->mem);
	return any;
}

/* Is something complete that detection has not seen? It must, before its protocol goes. */
static bool uninspected(const struct ips_app *a)
{
	static const uint32_t seen[2] = {IPS_TX_DONE_TOSERVER | IPS_TX_SKIP_TOSERVER,
		IPS_TX_DONE_TOCLIENT | IPS_TX_SKIP_TOCLIENT};

	for (const struct ips_tx *tx = a->first; tx; tx = tx->next)
		for (enum ips_dir dir = IPS_TOSERVER; dir <= IPS_TOCLIENT; dir++)
			if (tx->complete[dir] && !(tx->flags & (seen[dir] | IPS_TX_PASS)))
				return true;
	return false;
}

/* Bytes of the next protocol wait while there is room; false: not held. */
static bool wait_for_change(struct ips_app *a, struct ips_app_ctx *c, enum ips_dir dir,
	const uint8_t *data, uint32_t len, bool eof)
{
	if (!len) {
		if (a->held)
			a->held->eof[dir] |= eof;
		return a->held;
	}
	if (!data || !uninspected(a) || !held(a, c, dir) || !hold(a->held, c->mem, dir, data, len))
		return false;
	a->held->eof[dir] |= eof;
	return true;
}

void ips_app_data(struct ips_app *a, struct ips_app_ctx *c, enum ips_dir dir, const uint8_t *data,
	uint32_t len, bool eof)
{
	if (a->flags & IPS_APP_CHANGED) {
		if (wait_for_change(a, c, dir, data, len, eof))
			return;
		if (len)
			change(a, c);
	}
	data_of(a, c, dir, data, len, eof);
}

bool ips_app_continue(struct ips_app *a, struct ips_app_ctx *c)
{
	return (a->flags & IPS_APP_CHANGED) && a->held && !uninspected(a) && change(a, c);
}
