/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reassembler. The input is a script; its first byte chooses what is checked:
 * 0: the same bytes, cut, reordered, repeated and overlapped at will, arrive as they are, in both
 *    modes, and raw inspection sees each of them once.
 * 1: a hostile sender against an honest receiver behind the gateway, with losses between them:
 *    whatever the receiver gets was delivered for inspection, byte for byte.
 * 2: any packets at all: bounds hold, offsets grow, nothing leaks.
 */
#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "ips/stream/stream.h"
#include "lib/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STREAM_MAX 1024
#define STEPS_MAX 400

struct script {
	const uint8_t *data;
	size_t size, at;
};

struct end {
	struct ips_streams *s;
	struct ips_flow flow;
	uint64_t now_us;
	uint8_t got[2][STREAM_MAX * 4];
	uint64_t got_n[2];
	uint64_t raw[2]; /* raw inspection has seen that far */
	bool holes;      /* are allowed */
};

/* Large, and made once: the runs are short. */
static struct end *the_end;

static uint32_t take(struct script *x, unsigned bytes)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < bytes; i++)
		v = v << 8 | (x->at < x->size ? x->data[x->at++] : 0);
	return v;
}

static bool is_over(const struct script *x)
{
	return x->at >= x->size;
}

static void on_chunk(struct ips_flow *f, const struct ips_chunk *c, void *arg)
{
	struct end *e = arg;

	/* Anything goes: a direction begins anew with another SYN, and jumps where it was stopped.
	 */
	if (e->holes && (c->offset == 0 || c->len == 0))
		e->got_n[c->dir] = c->offset;
	assert(c->offset == e->got_n[c->dir]);
	if (c->flags & IPS_CHUNK_GAP) {
		assert(e->holes && !c->data && c->len);
	} else if (c->len && c->offset + c->len <= sizeof(e->got[0])) {
		memcpy(e->got[c->dir] + c->offset, c->data, c->len);
	}
	e->got_n[c->dir] += c->len;
}

static void end_open(struct end *e, const struct ips_stream_config *cfg)
{
	memset(&e->flow, 0, sizeof(e->flow));
	memset(e->got_n, 0, sizeof(e->got_n));
	memset(e->raw, 0, sizeof(e->raw));
	e->holes = false;
	e->now_us = 1000000000;
	e->flow.id = 1;
	e->flow.proto = IPPROTO_TCP;
	e->flow.port[0] = 40000;
	e->flow.port[1] = 80;
	e->s = ips_streams_new(cfg, on_chunk, e);
	assert(e->s);
}

static void end_close(struct end *e)
{
	const struct ips_stream_stats *st = ips_stream_stats(e->s);

	ips_stream_flush(e->s, &e->flow, IPS_TOSERVER);
	ips_stream_flush(e->s, &e->flow, IPS_TOCLIENT);
	ips_stream_gone(e->s, &e->flow);
	assert(st->sessions == 0 && st->pool_used == 0);
	ips_streams_free(e->s);
}

/* Each view is right, old bytes and new, and inline nothing is left out but what was not kept. */
static void look(struct end *e, const struct ips_packet *p, bool strict)
{
	struct ips_raw r;

	do {
		ips_stream_raw(e->s, p, &r);
		if (r.len == 0)
			return;
		assert(r.fresh <= r.len && (r.from_start == (r.offset == 0)));
		if (strict) {
			uint64_t begin = r.offset + r.len - r.fresh;

			/* Sent again is seen again. */
			assert(begin <= e->raw[p->dir]);
			assert(r.offset + r.len <= e->got_n[p->dir]);
			assert(memcmp(r.data, e->got[p->dir] + r.offset, r.len) == 0);
			if (r.seam)
				assert(memcmp(r.seam, e->got[p->dir] + r.offset - r.seam_old,
					       r.seam_len) == 0);
			e->raw[p->dir] = SK_MAX(e->raw[p->dir], r.offset + r.len);
		}
		ips_stream_raw_done(e->s, &e->flow, p->dir);
	} while (r.more);
}

static struct ips_packet packet(struct end *e, enum ips_dir dir, uint8_t flags, uint32_t seq,
	uint32_t ack, const uint8_t *data, uint32_t len)
{
	struct ips_packet p;

	memset(&p, 0, sizeof(p));
	p.ts_us = e->now_us += 1000;
	p.family = 4;
	p.proto = IPPROTO_TCP;
	p.dir = dir;
	p.sport = e->flow.port[dir];
	p.dport = e->flow.port[!dir];
	p.flow = &e->flow;
	p.payload = (struct ips_view){data, len};
	p.tcp.hlen = 20;
	p.tcp.flags = flags;
	p.tcp.seq = seq;
	p.tcp.ack = ack;
	p.tcp.win = 65535;
	p.tcp.wscale = 255;
	return p;
}

/* dir's data at off; acknowledges ack of the other side. True: it must not arrive. */
static bool say(struct end *e, enum ips_dir dir, uint32_t off, uint32_t ack, const uint8_t *data,
	uint32_t len, bool strict)
{
	static const uint32_t isn[2] = {0xfffff800, 100};
	struct ips_packet p =
		packet(e, dir, IPS_TCP_ACK, isn[dir] + 1 + off, isn[!dir] + 1 + ack, data, len);

	ips_stream_packet(e->s, &p);
	if (!(p.flags & IPS_PKT_STREAM_BAD))
		look(e, &p, strict);
	return p.flags & IPS_PKT_STREAM_BAD;
}

static void shake_hands(struct end *e)
{
	struct ips_packet p = packet(e, IPS_TOSERVER, IPS_TCP_SYN, 0xfffff800, 0, NULL, 0);

	ips_stream_packet(e->s, &p);
	p = packet(e, IPS_TOCLIENT, IPS_TCP_SYN | IPS_TCP_ACK, 100, 0xfffff801, NULL, 0);
	ips_stream_packet(e->s, &p);
	say(e, IPS_TOSERVER, 0, 0, NULL, 0, false);
	assert(ips_stream_established(&e->flow));
}

static void small_config(struct ips_stream_config *cfg, bool inline_mode)
{
	ips_stream_config_default(cfg, inline_mode);
	cfg->sessions = 16;
	cfg->pool_bytes = 64 * 1024;
	cfg->max_segments = 64;
	cfg->raw_window = 100;
}

/* ---- 0: cut and mixed -------------------------------------------------------------------------
 */

struct piece {
	uint32_t off, len;
};

/* What the script says goes first; then everything in pieces of a size it chose. */
static void send_mixed(struct end *e, struct script x, const uint8_t *text, uint32_t n)
{
	uint32_t size = take(&x, 1) + 8, have = 0;
	uint8_t there[STREAM_MAX] = {0};

	for (unsigned i = 0; i < 60 && !is_over(&x); i++) {
		uint32_t off = take(&x, 2) % n, len = take(&x, 1) + 1;

		len = SK_MIN(len, n - off);
		assert(!say(e, IPS_TOSERVER, off, 0, text + off, len, true));
		memset(there + off, 1, len);
		while (have < n && there[have])
			have++;
		if (take(&x, 1) & 1)
			assert(!say(e, IPS_TOCLIENT, 0, have, NULL, 0, true));
	}
	for (uint32_t off = 0; off < n; off += size)
		assert(!say(e, IPS_TOSERVER, off, 0, text + off, SK_MIN(size, n - off), true));
	assert(!say(e, IPS_TOCLIENT, 0, n, NULL, 0, true));
}

static void mixed(struct script *x)
{
	static uint8_t text[STREAM_MAX];
	struct end *e = the_end;
	uint32_t n = take(x, 2) % STREAM_MAX + 1;

	for (uint32_t i = 0; i < n; i++)
		text[i] = (uint8_t)(i * 31 + i / 256 * 7 + 1);
	for (unsigned inline_mode = 0; inline_mode < 2; inline_mode++) {
		struct ips_stream_config cfg;
		struct ips_packet last;

		small_config(&cfg, inline_mode);
		end_open(e, &cfg);
		shake_hands(e);
		send_mixed(e, *x, text, n);
		assert(e->got_n[IPS_TOSERVER] == n);
		assert(memcmp(e->got[IPS_TOSERVER], text, n) == 0);
		last = packet(e, IPS_TOSERVER, IPS_TCP_ACK, 0, 0, NULL, 0);
		last.flags = IPS_PKT_PSEUDO;
		look(e, &last, true);
		assert(e->raw[IPS_TOSERVER] == n);
		end_close(e);
	}
}

/* ---- 1: hostile sender, honest receiver ---------------------------------------------------------
 */

/* The receiver keeps the first or the last version of a byte it cannot use yet. */
struct receiver {
	uint8_t data[STREAM_MAX];
	bool there[STREAM_MAX];
	uint32_t next;
	bool keep_first;
};

static void receive(struct receiver *r, uint32_t off, const uint8_t *data, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++, off++) {
		if (off < r->next || off >= STREAM_MAX || (r->there[off] && r->keep_first))
			continue;
		r->data[off] = data[i];
		r->there[off] = true;
	}
	while (r->next < STREAM_MAX && r->there[r->next])
		r->next++;
}

static void hostile(struct script *x)
{
	static struct receiver r[2];
	struct end *e = the_end;
	struct ips_stream_config cfg;
	uint8_t how = (uint8_t)take(x, 1);

	small_config(&cfg, true);
	cfg.raw_window = how & 1 ? 3 : 100;
	cfg.max_segments = how & 2 ? 4 : 64;
	end_open(e, &cfg);
	shake_hands(e);
	memset(r, 0, sizeof(r));
	r[0].keep_first = true;
	for (unsigned i = 0; i < STEPS_MAX && !is_over(x); i++) {
		uint8_t bits = (uint8_t)take(x, 1), data[64];
		uint32_t off = take(x, 1) * 2 + (bits >> 7), len = take(x, 1) % 64;

		if (bits & 1) {
			/* Both receivers have the same prefix, or the test failed before. */
			assert(!say(e, IPS_TOCLIENT, 0, r[0].next, NULL, 0, false));
			continue;
		}
		memset(data, 'a' + (bits >> 1 & 3), sizeof(data));
		if (say(e, IPS_TOSERVER, off, 0, data, len, false) || bits & 8)
			continue; /* refused, or lost behind the gateway */
		for (unsigned k = 0; k < 2; k++)
			receive(&r[k], off, data, len);
		assert(r[0].next == r[1].next && r[0].next <= e->got_n[IPS_TOSERVER]);
		for (unsigned k = 0; k < 2; k++)
			assert(memcmp(r[k].data, e->got[IPS_TOSERVER], r[k].next) == 0);
	}
	end_close(e);
}

/* ---- 2: anything --------------------------------------------------------------------------------
 */

static void anything(struct script *x)
{
	struct end *e = the_end;
	struct ips_stream_config cfg;
	uint8_t how = (uint8_t)take(x, 1);
	static const uint8_t zeros[2048];

	small_config(&cfg, how & 1);
	cfg.midstream = how & 2;
	cfg.async_oneside = how & 4;
	cfg.depth = how & 8 ? 3000 : 0;
	cfg.raw_overlap = how & 16 ? 10 : 0;
	end_open(e, &cfg);
	e->holes = true;
	e->flow.family = 4;
	for (unsigned i = 0; i < STEPS_MAX && !is_over(x); i++) {
		uint8_t bits = (uint8_t)take(x, 1), flags = (uint8_t)take(x, 1);
		struct ips_packet p = packet(e, bits & 1, flags, 0, 0, zeros, take(x, 1) * 8);
		uint8_t header[40] = {0};

		/* Near the numbers in use, or anywhere. */
		p.tcp.seq = bits & 2 ? take(x, 4) : take(x, 2) - 300;
		p.tcp.ack = bits & 4 ? take(x, 4) : take(x, 2) - 300;
		p.tcp.win = bits & 8 ? (uint16_t)take(x, 2) : 65535;
		p.tcp.wscale = bits & 16 ? (uint8_t)take(x, 1) : 255;
		p.family = bits & 32 ? 6 : 4;
		if (bits & 64) {
			p.tcp.has_ts = true;
			p.tcp.ts_val = take(x, 2);
			p.tcp.ts_ecr = take(x, 2);
		}
		if (bits & 128) {
			for (unsigned k = 20; k < sizeof(header); k++)
				header[k] = (uint8_t)take(x, 1);
			p.l4 = (struct ips_view){header, sizeof(header)};
			p.tcp.hlen = sizeof(header);
			e->now_us += (uint64_t)take(x, 3) * 1000000;
		}
		ips_stream_packet(e->s, &p);
		assert(ips_stream_stats(e->s)->pool_used <= ips_stream_stats(e->s)->pool_max);
		look(e, &p, false);
		if (how & 32 && flags == 0xff)
			ips_stream_stop(&e->flow, p.dir);
		if (how & 64)
			ips_stream_raw_trigger(&e->flow, p.dir);
		ips_stream_size(&e->flow, p.dir);
	}
	end_close(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct script x = {data, size, 0};

	if (!the_end)
		the_end = malloc(sizeof(*the_end));
	if (!the_end)
		return 0;
	switch (take(&x, 1) % 3) {
	case 0: mixed(&x); break;
	case 1: hostile(&x); break;
	case 2: anything(&x); break;
	}
	return 0;
}
