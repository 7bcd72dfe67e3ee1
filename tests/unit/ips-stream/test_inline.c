/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inline: what is inspected is what is delivered. Bytes are handed over with the packet that brings
 * them, and a packet that says something else about bytes already seen must not arrive.
 */
#include "tests/unit/lib/unit.h"

#include <time.h>

#include "tests/unit/ips-stream/wire.h"

#define TS IPS_TOSERVER
#define TC IPS_TOCLIENT

static struct wire w;

static int setup(void **state)
{
	wire_open(&w, true);
	return 0;
}

static int teardown(void **state)
{
	wire_close(&w);
	return 0;
}

static struct ips_raw raw(void)
{
	struct ips_raw r;

	ips_stream_raw(w.s, &w.p, &r);
	return r;
}

static void raw_done(void)
{
	ips_stream_raw_done(w.s, &w.flow, w.p.dir);
}

static bool raw_is(const struct ips_raw *r, const char *text)
{
	return r->len == strlen(text) && memcmp(r->data, text, r->len) == 0;
}

static void delivered_at_once(void **state)
{
	wire_handshake(&w);
	wire_text(&w, TS, 0, 0, "GET ");
	assert_true(wire_got(&w, TS, "GET "));
	assert_true(w.p.flags & IPS_PKT_STREAM);
	assert_false(wire_bad(&w));
	wire_text(&w, TS, 4, 0, "/");
	assert_true(wire_got(&w, TS, "GET /"));
}

static void late_segment_completes(void **state)
{
	struct ips_raw r;

	wire_handshake(&w);
	wire_text(&w, TS, 0, 0, "ab");
	raw();
	raw_done();
	wire_text(&w, TS, 4, 0, "ef");
	assert_true(wire_got(&w, TS, "ab"));
	assert_false(wire_bad(&w));
	/* Not readable for the receiver yet: looked at with the one that fills the hole. */
	assert_int_equal(raw().len, 0);
	wire_text(&w, TS, 2, 0, "cd");
	assert_true(wire_got(&w, TS, "abcdef"));
	r = raw();
	assert_true(raw_is(&r, "abcdef"));
	assert_int_equal(r.fresh, 4);
	assert_int_equal(r.offset, 0);
	assert_true(r.from_start);
	raw_done();
}

static void second_version_is_refused(void **state)
{
	wire_handshake(&w);
	wire_text(&w, TS, 0, 0, "harmless");
	wire_text(&w, TS, 0, 0, "harmless");
	assert_false(wire_bad(&w));
	wire_text(&w, TS, 0, 0, "harmfull");
	assert_true(wire_bad(&w));
	assert_true(wire_event(&w, IPS_EV_STREAM_REASSEMBLY_OVERLAP_DIFFERENT_DATA));
	assert_int_equal(raw().len, 0);
	/* Also cut out of the middle, and with more behind. */
	wire_text(&w, TS, 2, 0, "rmle");
	assert_false(wire_bad(&w));
	wire_text(&w, TS, 2, 0, "rMle");
	assert_true(wire_bad(&w));
	wire_text(&w, TS, 6, 0, "Ss and more");
	assert_true(wire_bad(&w));
	assert_true(wire_got(&w, TS, "harmless"));
	wire_text(&w, TS, 6, 0, "ss and more");
	assert_false(wire_bad(&w));
	assert_true(wire_got(&w, TS, "harmless and more"));
	assert_int_equal(ips_stream_stats(w.s)->ambiguous, 3);
	assert_int_equal(ips_stream_stats(w.s)->unverified, 0);
}

static void second_version_of_a_late_segment(void **state)
{
	wire_handshake(&w);
	wire_text(&w, TS, 4, 0, "late");
	wire_text(&w, TS, 4, 0, "l8te");
	assert_true(wire_bad(&w));
	wire_text(&w, TS, 2, 0, "..l8te");
	assert_true(wire_bad(&w));
	/* The filler reaches into it. */
	wire_text(&w, TS, 0, 0, "....x");
	assert_true(wire_bad(&w));
	assert_int_equal(w.got_n[TS], 0);
	wire_text(&w, TS, 0, 0, "....lat");
	assert_false(wire_bad(&w));
	assert_true(wire_got(&w, TS, "....late"));
}

static void acknowledged_bytes_are_not_looked_at(void **state)
{
	wire_handshake(&w);
	wire_text(&w, TS, 0, 0, "1234");
	wire_ack(&w, TC, 0, 3);
	/* A keep-alive carries one byte of anything. */
	wire_text(&w, TS, 0, 0, "xyz4");
	assert_false(wire_bad(&w));
	wire_text(&w, TS, 0, 0, "xyzX");
	assert_true(wire_bad(&w));
	wire_ack(&w, TC, 0, 4);
	wire_text(&w, TS, 3, 0, "?");
	assert_false(wire_bad(&w));
	assert_true(wire_got(&w, TS, "1234"));
}

static void old_and_new_in_one(void **state)
{
	w.cfg.raw_window = 2;
	wire_reopen(&w);
	wire_handshake(&w);
	wire_text(&w, TS, 0, 0, "0123456789");
	wire_ack(&w, TC, 0, 10);
	wire_ack(&w, TC, 0, 10);
	/* What it repeats is forgotten by now. */
	wire_text(&w, TS, 2, 0, "23456789abc");
	assert_false(wire_bad(&w));
	assert_true(wire_got(&w, TS, "0123456789abc"));
}

static void keepalive_byte_not_acknowledged(void **state)
{
	wire_handshake(&w);
	wire_text(&w, TS, 0, 0, "1234");
	wire_text(&w, TS, 3, 0, "?");
	assert_true(wire_bad(&w));
	wire_text(&w, TS, 3, 0, "4");
	assert_false(wire_bad(&w));
}

static void raw_with_what_came_before(void **state)
{
	static uint8_t big[20000];
	struct ips_raw r;

	for (uint32_t i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)(i * 7 + i / 251);
	w.cfg.raw_window = 5;
	wire_reopen(&w);
	wire_handshake(&w);
	wire_text(&w, TS, 0, 0, "abc");
	r = raw();
	assert_true(raw_is(&r, "abc"));
	/* Nothing before it: not copied. */
	assert_ptr_equal(r.data, w.p.payload.data);
	raw_done();
	wire_text(&w, TS, 3, 0, "defgh");
	r = raw();
	assert_true(raw_is(&r, "abcdefgh"));
	assert_int_equal(r.fresh, 5);
	raw_done();
	wire_text(&w, TS, 8, 0, "ijk");
	r = raw();
	assert_true(raw_is(&r, "defghijk"));
	assert_int_equal(r.fresh, 3);
	assert_int_equal(r.offset, 3);
	assert_false(r.from_start);
	raw_done();
	/* Large: in place, with the seam apart. */
	wire_packet(&w, TS, IPS_TCP_ACK, 11, 0, big, sizeof(big));
	r = raw();
	assert_ptr_equal(r.data, big);
	assert_int_equal(r.len, sizeof(big));
	assert_int_equal(r.fresh, sizeof(big));
	assert_int_equal(r.offset, 11);
	assert_int_equal(r.seam_old, 5);
	assert_int_equal(r.seam_len, 10);
	assert_memory_equal(r.seam, "ghijk", 5);
	assert_memory_equal(r.seam + 5, big, 5);
	raw_done();
	/* The other direction has its own. */
	wire_text(&w, TC, 0, 11, "xy");
	r = raw();
	assert_true(raw_is(&r, "xy"));
	raw_done();
}

static void raw_survives_acknowledgement(void **state)
{
	struct ips_raw r;

	wire_handshake(&w);
	wire_text(&w, TS, 0, 0, "first half ");
	raw();
	raw_done();
	wire_ack(&w, TC, 0, 11);
	wire_ack(&w, TC, 0, 11);
	wire_text(&w, TS, 11, 0, "second");
	r = raw();
	assert_true(raw_is(&r, "first half second"));
	raw_done();
}

static void sent_again_is_looked_at_again(void **state)
{
	struct ips_raw r;

	wire_handshake(&w);
	wire_text(&w, TS, 0, 0, "attack");
	raw();
	raw_done();
	/* Perhaps the first was dropped for what it said. */
	wire_text(&w, TS, 0, 0, "attack");
	r = raw();
	assert_true(raw_is(&r, "attack"));
	assert_int_equal(r.fresh, 6);
	raw_done();
	assert_int_equal(w.got_n[TS], 6);
}

static void released_in_pieces(void **state)
{
	static uint8_t data[50000];
	uint64_t seen = 0;
	struct ips_raw r;

	w.wscale = 6;
	wire_reopen(&w);
	wire_handshake(&w);
	wire_ack(&w, TC, 0, 0);
	for (uint32_t i = 0; i < 6; i++)
		wire_packet(&w, TS, IPS_TCP_ACK, 1 + i * 50000, 0, data, 50000);
	wire_text(&w, TS, 0, 0, "!");
	assert_int_equal(w.got_n[TS], 300001);
	do {
		r = raw();
		assert_true(r.len > 0);
		assert_int_equal(r.offset + r.len - r.fresh, seen);
		seen += r.fresh;
		raw_done();
	} while (r.more);
	assert_int_equal(seen, 300001);
	assert_int_equal(raw().fresh, 1); /* as if sent again */
}

static void what_no_receiver_takes(void **state)
{
	static uint8_t data[60000];

	/* Data before the handshake is over. */
	wire_packet(&w, TS, IPS_TCP_SYN, 0, 0, NULL, 0);
	wire_text(&w, TS, 0, 0, "early");
	assert_true(wire_bad(&w));
	wire_packet(&w, TC, IPS_TCP_SYN | IPS_TCP_ACK, 0, 0, NULL, 0);
	wire_text(&w, TC, 0, 0, "injected");
	assert_true(wire_bad(&w));
	assert_true(wire_event(&w, IPS_EV_STREAM_3WHS_ACK_DATA_INJECT));
	wire_ack(&w, TS, 0, 0);
	assert_true(ips_stream_established(&w.flow));
	/* Without ACK, out of window, acknowledging what was never sent. */
	wire_packet(&w, TS, IPS_TCP_PSH, 0, 0, "data", 4);
	assert_true(wire_bad(&w));
	wire_packet(&w, TS, IPS_TCP_ACK, 65000, 0, data, 60000);
	assert_true(wire_bad(&w));
	wire_text(&w, TS, 0, 0x7000000, "data");
	assert_true(wire_bad(&w));
	assert_true(wire_event(&w, IPS_EV_STREAM_EST_INVALID_ACK));
	/* A SYN in the middle, with data. */
	wire_packet(&w, TS, IPS_TCP_SYN, 0, 0, "data", 4);
	assert_true(wire_bad(&w));
	/* The same without is harmless and makes a server say that it knows better. */
	wire_packet(&w, TS, IPS_TCP_SYN, 0, 0, NULL, 0);
	assert_false(wire_bad(&w));
	assert_int_equal(w.got_n[TS], 0);
	wire_text(&w, TS, 0, 0, "good");
	assert_true(wire_got(&w, TS, "good"));
}

static void nothing_after_the_end(void **state)
{
	wire_handshake(&w);
	wire_text(&w, TS, 0, 0, "all");
	wire_packet(&w, TS, IPS_TCP_RST, 3, 0, NULL, 0);
	assert_false(wire_bad(&w));
	assert_int_equal(w.eofs[TS], 1);
	assert_int_equal(w.eofs[TC], 1);
	wire_text(&w, TS, 3, 0, "more");
	assert_true(wire_bad(&w));
	wire_text(&w, TS, 0, 0, "all");
	assert_false(wire_bad(&w));
	assert_true(wire_got(&w, TS, "all"));
}

static void reset_the_receiver_ignores(void **state)
{
	wire_handshake(&w);
	wire_text(&w, TS, 0, 0, "GET ");
	w.options[0] = 19; /* a signature (RFC 2385) that the receiver did not agree to */
	w.options[1] = 18;
	w.options_n = 20;
	wire_packet(&w, TS, IPS_TCP_RST, 4, 0, NULL, 0);
	assert_int_equal(w.eofs[TS], 0);
	wire_text(&w, TS, 4, 0, "/attack");
	assert_false(wire_bad(&w));
	assert_true(wire_got(&w, TS, "GET /attack"));
}

static void reset_with_a_guessed_number(void **state)
{
	wire_handshake(&w);
	wire_packet(&w, TS, IPS_TCP_RST, 5, 0, NULL, 0);
	assert_true(wire_bad(&w));
	wire_text(&w, TS, 0, 0, "goes on");
	assert_true(wire_got(&w, TS, "goes on"));
}

static void hole_the_receiver_does_not_have(void **state)
{
	wire_handshake(&w);
	wire_text(&w, TS, 0, 0, "ab");
	wire_text(&w, TS, 10, 0, "kl");
	/* It got four bytes that did not come past us; the rest may still. */
	w.flow.app.id = IPS_P_FAILED + 1;
	wire_ack(&w, TC, 0, 6);
	assert_int_equal(w.gap_bytes[TS], 4);
	assert_true(wire_event(&w, IPS_EV_STREAM_REASSEMBLY_SEQ_GAP));
	wire_text(&w, TS, 6, 0, "ghij");
	assert_false(wire_bad(&w));
	assert_true(wire_got(&w, TS, "abghijkl"));
}

static void picked_up_in_the_middle(void **state)
{
	w.cfg.midstream = true;
	wire_reopen(&w);
	wire_text(&w, TS, 5000, 700, "data");
	assert_true(wire_got(&w, TS, "data"));
	assert_false(wire_bad(&w));
	assert_true(w.p.flags & IPS_PKT_ESTABLISHED);
	assert_int_equal(w.flow.state, IPS_FLOW_ESTABLISHED);
	wire_text(&w, TC, 700, 5004, "answer");
	assert_true(wire_got(&w, TC, "answer"));
	/* Sent before we looked: not acknowledged, so nobody has looked at it. */
	wire_text(&w, TS, 4996, 706, "prev");
	assert_false(wire_bad(&w));
	assert_int_equal(ips_stream_stats(w.s)->midstream, 1);
	/* Without a session nothing with data passes. */
	w.cfg.midstream = false;
	wire_reopen(&w);
	wire_text(&w, TS, 5000, 700, "data");
	assert_true(wire_bad(&w));
	wire_ack(&w, TS, 5000, 700);
	assert_false(wire_bad(&w));
}

static void the_low_port_is_the_server(void **state)
{
	struct ips_addr a = {{1}}, b = {{2}};

	w.cfg.midstream = true;
	wire_reopen(&w);
	w.flow.addr[0] = a;
	w.flow.addr[1] = b;
	w.flow.port[0] = 443;
	w.flow.port[1] = 50000;
	wire_text(&w, TS, 5000, 700, "from the server");
	assert_int_equal(w.p.dir, TC);
	assert_int_equal(w.flow.port[1], 443);
	assert_int_equal(w.flow.addr[1].w[0], 1);
	assert_true(wire_got(&w, TC, "from the server"));
}

static void depth(void **state)
{
	static uint8_t data[1000];
	struct ips_raw r;

	w.cfg.depth = 1500;
	wire_reopen(&w);
	wire_handshake(&w);
	wire_packet(&w, TS, IPS_TCP_ACK, 0, 0, data, 1000);
	raw();
	raw_done();
	wire_packet(&w, TS, IPS_TCP_ACK, 1000, 0, data, 1000);
	assert_int_equal(w.got_n[TS], 1500);
	assert_int_equal(w.depths[TS], 1);
	assert_true(ips_stream_depth_reached(&w.flow, TS));
	assert_true(wire_event(&w, IPS_EV_STREAM_REASSEMBLY_DEPTH_REACHED));
	r = raw();
	assert_int_equal(r.fresh, 500);
	raw_done();
	wire_packet(&w, TS, IPS_TCP_ACK, 2000, 0, data, 1000);
	assert_int_equal(w.got_n[TS], 1500);
	assert_false(ips_events_any(&w.p.events));
	assert_int_equal(raw().len, 0);
	/* Inspected and not acknowledged: still no second version. */
	memset(data, 'x', sizeof(data));
	wire_packet(&w, TS, IPS_TCP_ACK, 1000, 0, data, 1000);
	assert_true(wire_bad(&w));
	memset(data, 0, sizeof(data));
	wire_ack(&w, TC, 0, 3000);
	wire_ack(&w, TC, 0, 3000);
	assert_int_equal(ips_stream_stats(w.s)->pool_used, 0);
}

static void stopped_direction(void **state)
{
	wire_handshake(&w);
	wire_text(&w, TS, 0, 0, "hello");
	ips_stream_stop(&w.flow, TS);
	wire_text(&w, TS, 5, 0, "opaque");
	assert_true(wire_got(&w, TS, "hello"));
	assert_false(wire_bad(&w));
	assert_true(w.p.flags & IPS_PKT_STREAM);
	wire_text(&w, TC, 0, 11, "seen");
	assert_true(wire_got(&w, TC, "seen"));
	wire_ack(&w, TS, 11, 4);
	assert_int_equal(ips_stream_size(&w.flow, TS), 12);
}

static void numbers_for_a_reset(void **state)
{
	uint32_t seq, ack;

	wire_handshake(&w);
	wire_text(&w, TS, 0, 0, "GET");
	wire_text(&w, TC, 0, 3, "bad page");
	/* The client has not got the page; the server sent it. */
	ips_stream_reset_numbers(&w.flow, TC, &seq, &ack);
	assert_int_equal(seq, SERVER_ISN + 1);
	assert_int_equal(ack, CLIENT_ISN + 1 + 3);
	ips_stream_reset_numbers(&w.flow, TS, &seq, &ack);
	assert_int_equal(seq, CLIENT_ISN + 1 + 3);
	assert_int_equal(ack, SERVER_ISN + 1 + 8);
}

static void urgent_data(void **state)
{
	for (unsigned drop = 0; drop < 2; drop++) {
		w.cfg.drop_urgent = drop;
		wire_reopen(&w);
		wire_handshake(&w);
		w.urg = 2;
		wire_packet(&w, TS, IPS_TCP_ACK | IPS_TCP_URG, 0, 0, "GXET", 4);
		assert_int_equal(wire_bad(&w), drop);
		assert_int_equal(w.got_n[TS], drop ? 0 : 4);
	}
}

static void zero_window_probe(void **state)
{
	wire_handshake(&w);
	wire_text(&w, TS, 0, 0, "ab");
	w.win = 0;
	wire_ack(&w, TC, 0, 2);
	w.win = 65535;
	wire_text(&w, TS, 2, 0, "c");
	assert_false(wire_bad(&w));
	assert_false(ips_events_any(&w.p.events));
	w.win = 0;
	wire_ack(&w, TC, 0, 2);
	assert_false(ips_events_any(&w.p.events));
	w.win = 1000;
	wire_ack(&w, TC, 0, 2);
	w.win = 65535;
	wire_text(&w, TS, 2, 0, "cd");
	assert_false(wire_bad(&w));
	assert_true(wire_got(&w, TS, "abcd"));
}

static void never_acknowledged(void **state)
{
	static uint8_t data[30000];

	/* More in flight than one direction may keep: the oldest cannot be judged any more. */
	w.cfg.pool_bytes = 64 * 1024;
	w.cfg.depth = 0;
	w.wscale = 8;
	wire_reopen(&w);
	wire_handshake(&w);
	wire_ack(&w, TC, 0, 0);
	for (uint32_t i = 0; i < 10; i++) {
		wire_packet(&w, TS, IPS_TCP_ACK, i * 30000, 0, data, 30000);
		assert_false(wire_bad(&w));
	}
	assert_int_equal(w.got_n[TS], 300000);
	assert_true(ips_stream_stats(w.s)->pool_used <= ips_stream_stats(w.s)->pool_max);
	wire_packet(&w, TS, IPS_TCP_ACK, 60000, 0, data, 1000);
	assert_true(wire_bad(&w));
	assert_int_equal(ips_stream_stats(w.s)->unverified, 1);
}

static void endless_bytes_of_one(void **state)
{
	clock_t start = clock();
	uint32_t n = 300000;

	w.cfg.depth = 0;
	wire_reopen(&w);
	wire_handshake(&w);
	for (uint32_t i = 0; i < n; i++) {
		wire_packet(&w, TS, IPS_TCP_ACK, i, 0, "x", 1);
		if (i % 1000 == 999)
			wire_ack(&w, TC, 0, i + 1);
	}
	assert_int_equal(w.got_n[TS], n);
	assert_true(ips_stream_stats(w.s)->pool_used < 16 * 1024);
	/* Single bytes with holes between them, on a window of their own. */
	for (uint32_t i = 0; i < 30000; i++)
		wire_packet(&w, TS, IPS_TCP_ACK, n + 60001 - 2 * i, 0, "y", 1);
	assert_true(wire_event(&w, IPS_EV_STREAM_REASSEMBLY_INSERT_LIMIT));
	assert_true(wire_bad(&w));
	wire_packet(&w, TS, IPS_TCP_ACK, n, 0, "xxx", 3);
	assert_false(wire_bad(&w));
	assert_true(clock() - start < 30 * CLOCKS_PER_SEC);
}

/* ---- many connections
 * ----------------------------------------------------------------------------- */

#define MANY 2000

static struct ips_streams *streams;
static struct ips_flow_table *flows;

static void on_gone(struct ips_flow *f, void *arg)
{
	ips_stream_gone(streams, f);
}

static struct ips_packet *many_packet(uint32_t host, enum ips_dir dir, uint8_t flags, uint32_t seq,
	const char *data, uint32_t len)
{
	static struct ips_packet p;
	static uint64_t now = 1000000000;

	memset(&p, 0, sizeof(p));
	p.ts_us = now += 10;
	p.family = 4;
	p.proto = 6;
	p.src.w[0] = dir == TS ? host : 1;
	p.dst.w[0] = dir == TS ? 1 : host;
	p.sport = dir == TS ? 5555 : 80;
	p.dport = dir == TS ? 80 : 5555;
	p.tcp.hlen = 20;
	p.tcp.flags = flags;
	p.tcp.seq = seq;
	p.tcp.ack = flags & IPS_TCP_ACK ? 1 : 0;
	p.tcp.win = 65535;
	p.tcp.wscale = 255;
	p.payload = (struct ips_view){(const uint8_t *)data, len};
	assert_non_null(ips_flow_get(flows, &p));
	ips_stream_packet(streams, &p);
	return &p;
}

static void many_open(uint32_t sessions, uint32_t pool_bytes)
{
	struct ips_stream_config sc;
	struct ips_flow_config fc;
	const uint8_t seed[16] = {7};

	ips_stream_config_default(&sc, true);
	sc.sessions = sessions;
	sc.pool_bytes = pool_bytes;
	ips_flow_config_default(&fc);
	fc.max = sessions;
	streams = ips_streams_new(&sc, NULL, NULL);
	flows = ips_flow_table_new(&fc, seed, on_gone, NULL);
	assert_non_null(streams);
	assert_non_null(flows);
}

static void many_close(void)
{
	ips_flow_table_free(flows);
	assert_int_equal(ips_stream_stats(streams)->sessions, 0);
	assert_int_equal(ips_stream_stats(streams)->pool_used, 0);
	ips_streams_free(streams);
}

static void many_handshake(uint32_t host)
{
	many_packet(host, TS, IPS_TCP_SYN, 0, NULL, 0);
	many_packet(host, TC, IPS_TCP_SYN | IPS_TCP_ACK, 0, NULL, 0);
	many_packet(host, TS, IPS_TCP_ACK, 1, NULL, 0);
}

static void million_half_open(void **state)
{
	struct ips_packet *p;
	struct ips_raw r;

	many_open(MANY, 4u << 20);
	for (uint32_t i = 0; i < MANY / 2; i++) {
		many_handshake(1000 + i);
		p = many_packet(1000 + i, TS, IPS_TCP_ACK, 1, "begin", 5);
		ips_stream_raw(streams, p, &r);
		ips_stream_raw_done(streams, p->flow, TS);
	}
	for (uint32_t i = 0; i < 1000000; i++)
		many_packet(0x80000000 + i, TS, IPS_TCP_SYN, i, NULL, 0);
	assert_int_equal(ips_stream_stats(streams)->no_session, 0);
	for (uint32_t i = 0; i < MANY / 2; i++) {
		p = many_packet(1000 + i, TS, IPS_TCP_ACK, 6, " end", 4);
		assert_true(p->flags & IPS_PKT_STREAM);
		assert_true(p->flags & IPS_PKT_ESTABLISHED);
		ips_stream_raw(streams, p, &r);
		assert_int_equal(r.len, 9);
		assert_memory_equal(r.data, "begin end", 9);
		ips_stream_raw_done(streams, p->flow, TS);
	}
	many_close();
}

static void idle_tails_make_room(void **state)
{
	struct ips_packet *p;
	struct ips_raw r;

	/* Room for a few hundred tails, asked for by two thousand connections. */
	many_open(MANY, 512 * 1024);
	for (uint32_t i = 0; i < MANY; i++) {
		many_handshake(1000 + i);
		p = many_packet(1000 + i, TS, IPS_TCP_ACK, 1, "begin", 5);
		assert_false(p->flags & IPS_PKT_STREAM_BAD);
		p = many_packet(1000 + i, TC, IPS_TCP_ACK, 1, NULL, 0);
		p->tcp.ack = 6;
		ips_stream_packet(streams, p);
	}
	assert_true(ips_stream_stats(streams)->tails_cut > 0);
	assert_int_equal(ips_stream_stats(streams)->no_pool, 0);
	/* The latest have theirs, the oldest lost it and nothing else. */
	p = many_packet(1000 + MANY - 1, TS, IPS_TCP_ACK, 6, " end", 4);
	ips_stream_raw(streams, p, &r);
	assert_int_equal(r.len, 9);
	p = many_packet(1000, TS, IPS_TCP_ACK, 6, " end", 4);
	ips_stream_raw(streams, p, &r);
	assert_int_equal(r.len, 4);
	assert_int_equal(r.offset, 5);
	many_close();
}

static void too_few_sessions(void **state)
{
	struct ips_stream_config sc;
	struct ips_flow f[20];
	struct ips_packet p = {.family = 4, .proto = 6};

	ips_stream_config_default(&sc, true);
	sc.sessions = 16;
	sc.pool_bytes = 0;
	streams = ips_streams_new(&sc, NULL, NULL);
	memset(f, 0, sizeof(f));
	p.tcp.hlen = 20;
	p.tcp.flags = IPS_TCP_SYN;
	for (unsigned i = 0; i < 20; i++) {
		p.flow = &f[i];
		ips_stream_packet(streams, &p);
		assert_true(!f[i].tcp == (i >= 16));
	}
	assert_int_equal(ips_stream_stats(streams)->no_session, 4);
	/* Its data cannot be followed, so it must not arrive. */
	p.tcp.flags = IPS_TCP_ACK;
	p.payload = (struct ips_view){(const uint8_t *)"x", 1};
	ips_stream_packet(streams, &p);
	assert_true(p.flags & IPS_PKT_STREAM_BAD);
	for (unsigned i = 0; i < 20; i++)
		ips_stream_gone(streams, &f[i]);
	ips_streams_free(streams);
	ips_streams_free(NULL);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(delivered_at_once),
		T(late_segment_completes),
		T(second_version_is_refused),
		T(second_version_of_a_late_segment),
		T(acknowledged_bytes_are_not_looked_at),
		T(old_and_new_in_one),
		T(keepalive_byte_not_acknowledged),
		T(raw_with_what_came_before),
		T(raw_survives_acknowledgement),
		T(sent_again_is_looked_at_again),
		T(released_in_pieces),
		T(what_no_receiver_takes),
		T(nothing_after_the_end),
		T(reset_the_receiver_ignores),
		T(reset_with_a_guessed_number),
		T(hole_the_receiver_does_not_have),
		T(picked_up_in_the_middle),
		T(the_low_port_is_the_server),
		T(depth),
		T(stopped_direction),
		T(numbers_for_a_reset),
		T(urgent_data),
		T(zero_window_probe),
		T(never_acknowledged),
		T(endless_bytes_of_one),
		cmocka_unit_test(million_half_open),
		cmocka_unit_test(idle_tails_make_room),
		cmocka_unit_test(too_few_sessions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
