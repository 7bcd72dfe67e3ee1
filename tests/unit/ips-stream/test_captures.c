/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Captures: data is delivered once it is acknowledged, raw chunks come when Suricata would look at
 * them, and of two versions of a byte the receiver's counts.
 */
#include "tests/unit/lib/unit.h"

#include "tests/unit/ips-stream/wire.h"

#define TS IPS_TOSERVER
#define TC IPS_TOCLIENT

static struct wire w;

static int setup(void **state)
{
	wire_open(&w, false);
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

static void handshake_then_established(void **state)
{
	wire_packet(&w, TS, IPS_TCP_SYN, 0, 0, NULL, 0);
	assert_false(ips_stream_established(&w.flow));
	wire_packet(&w, TC, IPS_TCP_SYN | IPS_TCP_ACK, 0, 0, NULL, 0);
	assert_int_equal(w.flow.state, IPS_FLOW_NEW);
	wire_ack(&w, TS, 0, 0);
	/* The packet that completes it is not part of it yet. */
	assert_false(w.p.flags & IPS_PKT_ESTABLISHED);
	assert_true(ips_stream_established(&w.flow));
	assert_int_equal(w.flow.state, IPS_FLOW_ESTABLISHED);
	assert_false(ips_events_any(&w.p.events));
	assert_int_equal(ips_stream_size(&w.flow, TS), 1);
}

static void data_with_the_last_ack_is_established(void **state)
{
	wire_packet(&w, TS, IPS_TCP_SYN, 0, 0, NULL, 0);
	wire_packet(&w, TC, IPS_TCP_SYN | IPS_TCP_ACK, 0, 0, NULL, 0);
	wire_text(&w, TS, 0, 0, "GET");
	assert_true(w.p.flags & IPS_PKT_ESTABLISHED);
	assert_true(w.p.flags & IPS_PKT_STREAM);
}

static void delivered_when_acknowledged(void **state)
{
	wire_handshake(&w);
	wire_text(&w, TS, 0, 0, "GET / HTTP");
	assert_true(w.p.flags & IPS_PKT_STREAM);
	assert_int_equal(w.got_n[TS], 0);
	wire_ack(&w, TC, 0, 4);
	assert_true(wire_got(&w, TS, "GET "));
	wire_text(&w, TC, 0, 10, "200");
	assert_true(wire_got(&w, TS, "GET / HTTP"));
	assert_int_equal(w.got_n[TC], 0);
	/* The end: the rest, acknowledged or not, and that it is the end. */
	wire_flush(&w);
	assert_true(wire_got(&w, TC, "200"));
	assert_int_equal(w.eofs[TS], 1);
	assert_int_equal(w.eofs[TC], 1);
	assert_int_equal(ips_stream_size(&w.flow, TS), 11);
}

static void proper_close(void **state)
{
	wire_handshake(&w);
	wire_text(&w, TS, 0, 0, "a");
	wire_packet(&w, TS, IPS_TCP_FIN | IPS_TCP_ACK, 1, 0, NULL, 0);
	wire_text(&w, TC, 0, 2, "bye");
	assert_true(wire_got(&w, TS, "a"));
	wire_packet(&w, TC, IPS_TCP_FIN | IPS_TCP_ACK, 3, 2, NULL, 0);
	assert_int_equal(w.flow.state, IPS_FLOW_CLOSED);
	assert_int_equal(w.eofs[TC], 0);
	wire_ack(&w, TS, 2, 4);
	assert_true(wire_got(&w, TC, "bye"));
	assert_int_equal(w.eofs[TS], 1);
	assert_int_equal(w.eofs[TC], 1);
	assert_true(w.flow.flags & IPS_FLOW_TCP_OVER);
	assert_false(ips_events_any(&w.p.events));
}

static void reset_ends_it(void **state)
{
	wire_handshake(&w);
	wire_text(&w, TS, 0, 0, "secret");
	wire_packet(&w, TC, IPS_TCP_RST | IPS_TCP_ACK, 5, 6, NULL, 0);
	assert_true(ips_stream_established(&w.flow));
	assert_int_equal(w.flow.state, IPS_FLOW_ESTABLISHED); /* wrong number: refused */
	wire_packet(&w, TS, IPS_TCP_RST, 6, 0, NULL, 0);
	assert_int_equal(w.flow.state, IPS_FLOW_CLOSED);
	/* What a reset's sender sent before counts as arrived. */
	assert_true(wire_got(&w, TS, "secret"));
	assert_int_equal(w.eofs[TS], 1);
}

static void order_is_restored(void **state)
{
	wire_handshake(&w);
	wire_text(&w, TS, 6, 0, "world");
	wire_text(&w, TS, 3, 0, "lo ");
	wire_ack(&w, TC, 0, 0);
	assert_int_equal(w.got_n[TS], 0);
	wire_text(&w, TS, 0, 0, "hel");
	wire_ack(&w, TC, 0, 11);
	assert_true(wire_got(&w, TS, "hello world"));
}

static void hole_that_was_acknowledged(void **state)
{
	wire_handshake(&w);
	wire_text(&w, TS, 0, 0, "one");
	w.flow.app.id = IPS_P_FAILED + 1; /* somebody to miss it */
	wire_text(&w, TS, 10, 0, "three");
	wire_ack(&w, TC, 0, 3);
	assert_int_equal(w.gaps[TS], 0);
	wire_ack(&w, TC, 0, 15);
	assert_true(wire_got(&w, TS, "onethree"));
	assert_int_equal(w.gaps[TS], 1);
	assert_int_equal(w.gap_bytes[TS], 7);
	assert_true(wire_event(&w, IPS_EV_STREAM_REASSEMBLY_SEQ_GAP));
	assert_int_equal(ips_stream_stats(w.s)->gap_bytes, 7);
}

static void hole_at_the_end_is_no_gap(void **state)
{
	wire_handshake(&w);
	wire_text(&w, TS, 0, 0, "one");
	wire_ack(&w, TC, 0, 3);
	wire_text(&w, TS, 10, 0, "three");
	wire_flush(&w);
	assert_true(wire_got(&w, TS, "one"));
	assert_int_equal(w.gaps[TS], 0);
	assert_int_equal(w.eofs[TS], 1);
}

/* Windows and BSD: the older version, unless the newer segment began before it. */
static void two_versions(void **state)
{
	static const struct {
		uint32_t off1, off2;
		const char *first, *second, *want; /* byte 0 is sent last */
	} row[] = {
		{1, 1, "AAAA", "BBBB", "xAAAA"},
		{1, 1, "AAAA", "BBBBBB", "xAAAABB"},
		{1, 3, "AAAA", "BBBB", "xAAAABB"},
		{3, 1, "AAAA", "BBBB", "xBBBBAA"},
		{3, 1, "AA", "BBBBBB", "xBBBBBB"},
		{2, 1, "AAAA", "BBBBB", "xBBBBB"},
		{1, 2, "AAAAA", "BB", "xAAAAA"},
	};

	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		wire_reopen(&w);
		wire_handshake(&w);
		wire_text(&w, TS, row[i].off1, 0, row[i].first);
		wire_text(&w, TS, row[i].off2, 0, row[i].second);
		wire_text(&w, TS, 0, 0, "x");
		wire_ack(&w, TC, 0, (uint32_t)strlen(row[i].want));
		assert_true(wire_got(&w, TS, row[i].want));
	}
}

static void several_old_segments_under_one_new(void **state)
{
	wire_handshake(&w);
	wire_text(&w, TS, 10, 0, "AAAAA");
	wire_text(&w, TS, 20, 0, "CCCCC");
	wire_text(&w, TS, 12, 0, "BBBBBBBBBBBB"); /* after the first, before the second */
	wire_text(&w, TS, 0, 0, "0123456789");
	wire_ack(&w, TC, 0, 25);
	assert_true(wire_got(&w, TS, "0123456789AAAAABBBBBBBBBC"));
}

static void delivered_bytes_stay(void **state)
{
	wire_handshake(&w);
	wire_text(&w, TS, 0, 0, "good");
	wire_ack(&w, TC, 0, 4);
	wire_text(&w, TS, 0, 0, "evil!");
	wire_ack(&w, TC, 0, 5);
	assert_true(wire_got(&w, TS, "good!"));
}

static void depth(void **state)
{
	static uint8_t data[1000];

	w.cfg.depth = 2500;
	wire_reopen(&w);
	wire_handshake(&w);
	memset(data, 'x', sizeof(data));
	wire_packet(&w, TS, IPS_TCP_ACK, 0, 0, data, 1000);
	wire_packet(&w, TS, IPS_TCP_ACK, 1000, 0, data, 1000);
	wire_ack(&w, TC, 0, 2000);
	assert_false(ips_stream_depth_reached(&w.flow, TS));
	/* The segment that would cross it is refused as a whole. */
	wire_packet(&w, TS, IPS_TCP_ACK, 2000, 0, data, 1000);
	assert_true(ips_stream_depth_reached(&w.flow, TS));
	assert_true(wire_event(&w, IPS_EV_STREAM_REASSEMBLY_DEPTH_REACHED));
	assert_true(w.p.flags & IPS_PKT_STREAM);
	/* From then on each packet stands alone. */
	wire_packet(&w, TS, IPS_TCP_ACK, 3000, 0, data, 1000);
	assert_false(w.p.flags & IPS_PKT_STREAM);
	assert_false(ips_events_any(&w.p.events));
	wire_ack(&w, TC, 0, 4000);
	wire_flush(&w);
	assert_int_equal(w.got_n[TS], 2000);
	assert_int_equal(ips_stream_size(&w.flow, TS), 4001);
	assert_false(ips_stream_depth_reached(&w.flow, TC));
}

static void raw_waits_for_a_chunk(void **state)
{
	static uint8_t data[1400];
	struct ips_raw r;

	memset(data, 'r', sizeof(data));
	wire_handshake(&w);
	wire_packet(&w, TS, IPS_TCP_ACK, 0, 0, data, 1400);
	assert_int_equal(raw().len, 0);
	wire_ack(&w, TC, 0, 1400);
	assert_int_equal(raw().len, 0);
	wire_packet(&w, TS, IPS_TCP_ACK, 1400, 0, data, 1400);
	assert_int_equal(raw().len, 0);
	wire_ack(&w, TC, 0, 2800);
	/* Enough is acknowledged, but only a packet of the same direction brings it. */
	assert_int_equal(raw().len, 0);
	wire_ack(&w, TS, 2800, 0);
	r = raw();
	assert_int_equal(r.len, 2800);
	assert_int_equal(r.fresh, 2800);
	assert_true(r.from_start);
	assert_false(r.more);
	raw_done();
	assert_int_equal(raw().len, 0);
	/* The next chunk begins where that one ended. */
	wire_text(&w, TS, 2800, 0, "tail");
	wire_ack(&w, TC, 0, 2804);
	ips_stream_raw_trigger(&w.flow, TS);
	wire_ack(&w, TS, 2804, 0);
	r = raw();
	assert_true(raw_is(&r, "tail"));
	assert_int_equal(r.offset, 2800);
	assert_false(r.from_start);
	raw_done();
}

static void raw_at_the_end(void **state)
{
	struct ips_raw r;

	wire_handshake(&w);
	wire_text(&w, TS, 0, 0, "abc");
	wire_text(&w, TS, 5, 0, "fgh");
	wire_flush(&w);
	w.p.flags = IPS_PKT_PSEUDO;
	w.p.dir = TS;
	r = raw();
	assert_true(raw_is(&r, "abc"));
	assert_true(r.more);
	raw_done();
	r = raw();
	assert_true(raw_is(&r, "fgh"));
	assert_int_equal(r.offset, 5);
	assert_false(r.more);
	raw_done();
	assert_int_equal(raw().len, 0);
	assert_true(ips_stream_unfinished(w.s, &w.flow, TS));
}

static void raw_chunks_may_overlap(void **state)
{
	struct ips_raw r;

	w.cfg.raw_overlap = 3;
	wire_reopen(&w);
	wire_handshake(&w);
	wire_text(&w, TS, 0, 0, "abcdef");
	wire_ack(&w, TC, 0, 6);
	ips_stream_raw_trigger(&w.flow, TS);
	wire_text(&w, TS, 6, 0, "ghi");
	r = raw();
	assert_true(raw_is(&r, "abcdef"));
	raw_done();
	wire_ack(&w, TC, 0, 9);
	ips_stream_raw_trigger(&w.flow, TS);
	wire_ack(&w, TS, 9, 0);
	r = raw();
	assert_true(raw_is(&r, "defghi"));
	assert_int_equal(r.fresh, 3);
	assert_int_equal(r.offset, 3);
	raw_done();
}

static void midstream_only_when_asked(void **state)
{
	wire_text(&w, TS, 100, 50, "data");
	assert_null(w.flow.tcp);
	assert_false(w.p.flags & IPS_PKT_STREAM);
	w.cfg.midstream = true;
	wire_reopen(&w);
	wire_text(&w, TS, 100, 50, "data");
	wire_ack(&w, TC, 50, 104);
	assert_true(wire_got(&w, TS, "data"));
	assert_true(w.flow.flags & IPS_FLOW_MIDSTREAM);
	assert_int_equal(ips_stream_stats(w.s)->midstream, 1);
}

static void one_side_only(void **state)
{
	w.cfg.async_oneside = true;
	wire_reopen(&w);
	wire_packet(&w, TS, IPS_TCP_SYN, 0, 0, NULL, 0);
	wire_ack(&w, TS, 0, 0);
	assert_true(ips_stream_established(&w.flow));
	for (uint32_t i = 0; i < 10; i++)
		wire_text(&w, TS, i * 4, i * 100, "abcd");
	wire_flush(&w);
	assert_int_equal(w.got_n[TS], 40);
	assert_int_equal(w.gaps[TS], 0);
}

static void windows_bound_what_is_taken(void **state)
{
	static uint8_t data[60000];

	w.win = 1000;
	wire_handshake(&w);
	wire_packet(&w, TS, IPS_TCP_ACK, 0, 0, data, 1000);
	assert_false(ips_events_any(&w.p.events));
	wire_packet(&w, TS, IPS_TCP_ACK, 1000, 0, data, 1);
	assert_true(wire_event(&w, IPS_EV_STREAM_EST_PACKET_OUT_OF_WINDOW));
	assert_false(w.p.flags & (IPS_PKT_STREAM | IPS_PKT_STREAM_BAD));
	/* The same window, scaled: 1000 << 6. The SYNs' own windows are not. */
	w.wscale = 6;
	wire_reopen(&w);
	wire_handshake(&w);
	wire_ack(&w, TC, 0, 0);
	wire_packet(&w, TS, IPS_TCP_ACK, 0, 0, data, 60000);
	assert_true(w.p.flags & IPS_PKT_STREAM);
	wire_packet(&w, TS, IPS_TCP_ACK, 60000, 0, data, 5000);
	assert_true(wire_event(&w, IPS_EV_STREAM_EST_PACKET_OUT_OF_WINDOW));
}

static void timestamps_do_not_run_back(void **state)
{
	w.ts[TS] = 1000;
	w.ts[TC] = 5000;
	wire_handshake(&w);
	w.ts[TS] = 1100;
	wire_ack(&w, TS, 0, 0);
	w.ts[TS] = 900;
	wire_text(&w, TS, 0, 0, "old");
	assert_true(wire_event(&w, IPS_EV_STREAM_PKT_INVALID_TIMESTAMP));
	assert_false(w.p.flags & IPS_PKT_STREAM);
	/* One behind is let through, and a clock may wrap in 24 days of silence. */
	w.ts[TS] = 1099;
	wire_text(&w, TS, 0, 0, "new");
	assert_true(w.p.flags & IPS_PKT_STREAM);
	w.now_us += 25ULL * 86400 * 1000000;
	w.ts[TS] = 3;
	wire_text(&w, TS, 3, 0, "er");
	assert_true(w.p.flags & IPS_PKT_STREAM);
	wire_flush(&w);
	assert_true(wire_got(&w, TS, "newer"));
}

static void data_in_the_syn(void **state)
{
	static const uint8_t cookie[] = {34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1};

	memcpy(w.options, cookie, sizeof(cookie));
	w.options_n = sizeof(cookie);
	wire_packet(&w, TS, IPS_TCP_SYN, 0, 0, "GET /", 5);
	assert_true(w.p.flags & IPS_PKT_STREAM);
	wire_packet(&w, TC, IPS_TCP_SYN | IPS_TCP_ACK, 0, 5, NULL, 0);
	wire_text(&w, TC, 0, 5, "answer");
	assert_true(wire_got(&w, TS, "GET /"));
	wire_ack(&w, TS, 5, 6);
	assert_true(wire_got(&w, TC, "answer"));
}

static void data_in_the_syn_refused(void **state)
{
	static const uint8_t cookie[] = {254, 4, 0xf9, 0x89};

	memcpy(w.options, cookie, sizeof(cookie));
	w.options_n = sizeof(cookie);
	wire_packet(&w, TS, IPS_TCP_SYN, 0, 0, "GET /", 5);
	wire_packet(&w, TC, IPS_TCP_SYN | IPS_TCP_ACK, 0, 0, NULL, 0);
	assert_true(wire_event(&w, IPS_EV_STREAM_3WHS_SYNACK_TFO_DATA_IGNORED));
	assert_true(w.flow.flags & IPS_FLOW_TFO_IGNORED);
	wire_ack(&w, TS, 0, 0);
	wire_text(&w, TS, 0, 0, "GET /");
	wire_ack(&w, TC, 0, 5);
	assert_true(wire_got(&w, TS, "GET /"));
}

static void signed_reset_may_be_forged(void **state)
{
	wire_handshake(&w);
	w.options[0] = 19; /* RFC 2385 */
	w.options[1] = 18;
	w.options_n = 20;
	wire_packet(&w, TS, IPS_TCP_RST, 0, 0, NULL, 0);
	assert_int_equal(w.flow.state, IPS_FLOW_CLOSED);
	/* Who was said to have reset it goes on. */
	wire_text(&w, TS, 0, 0, "still here");
	assert_true(wire_event(&w, IPS_EV_STREAM_SUSPECTED_RST_INJECT));
	wire_ack(&w, TC, 0, 10);
	wire_flush(&w);
	assert_true(wire_got(&w, TS, "still here"));
}

static void answer_echoes_the_timestamp(void **state)
{
	w.ts[TS] = 77;
	wire_packet(&w, TS, IPS_TCP_SYN, 0, 0, NULL, 0);
	w.ts[TS] = 66;
	w.ts[TC] = 5000;
	wire_packet(&w, TC, IPS_TCP_SYN | IPS_TCP_ACK, 0, 0, NULL, 0);
	assert_true(wire_event(&w, IPS_EV_STREAM_PKT_INVALID_TIMESTAMP));
	assert_true(wire_bad(&w));
	w.ts[TS] = 77;
	wire_packet(&w, TC, IPS_TCP_SYN | IPS_TCP_ACK, 0, 0, NULL, 0);
	assert_false(ips_events_any(&w.p.events));
	wire_ack(&w, TS, 0, 0);
	assert_true(ips_stream_established(&w.flow));
}

static void lost_handshake_ack(void **state)
{
	wire_packet(&w, TS, IPS_TCP_SYN, 0, 0, NULL, 0);
	wire_packet(&w, TC, IPS_TCP_SYN | IPS_TCP_ACK, 0, 0, NULL, 0);
	wire_text(&w, TC, 0, 0, "220 ready");
	assert_true(ips_stream_established(&w.flow));
	wire_ack(&w, TS, 0, 9);
	assert_true(wire_got(&w, TC, "220 ready"));
}

static void later_syn_and_syn_ack_count(void **state)
{
	/* Two SYNs with different numbers: the answer tells which one counts. */
	wire_packet(&w, TS, IPS_TCP_SYN, 500, 0, NULL, 0);
	wire_packet(&w, TS, IPS_TCP_SYN, 0, 0, NULL, 0);
	wire_packet(&w, TC, IPS_TCP_SYN | IPS_TCP_ACK, 0, 500, NULL, 0);
	assert_false(ips_events_any(&w.p.events));
	wire_ack(&w, TS, 500, 0);
	assert_true(ips_stream_established(&w.flow));
	wire_reopen(&w);
	/* Two SYN+ACKs: the client's ACK tells. */
	wire_packet(&w, TS, IPS_TCP_SYN, 0, 0, NULL, 0);
	wire_packet(&w, TC, IPS_TCP_SYN | IPS_TCP_ACK, 700, 0, NULL, 0);
	wire_packet(&w, TC, IPS_TCP_SYN | IPS_TCP_ACK, 0, 0, NULL, 0);
	wire_ack(&w, TS, 0, 0);
	assert_true(ips_stream_established(&w.flow));
	wire_text(&w, TC, 0, 0, "yes");
	wire_ack(&w, TS, 0, 3);
	assert_true(wire_got(&w, TC, "yes"));
}

static void endless_bytes_of_one(void **state)
{
	wire_handshake(&w);
	/* Every other byte, backwards: as many holes as there can be. */
	for (uint32_t i = 5000; i > 0; i -= 2)
		wire_text(&w, TS, i, 0, "b");
	assert_true(wire_event(&w, IPS_EV_STREAM_REASSEMBLY_INSERT_LIMIT));
	assert_true(ips_stream_stats(w.s)->no_pool > 0);
	wire_text(&w, TS, 0, 0, "a");
	wire_ack(&w, TC, 0, 5000);
	wire_flush(&w);
	assert_int_equal(w.next[TS] + 0, w.got_n[TS] + w.gap_bytes[TS]);
	assert_true(w.got_n[TS] >= 1000);
}

static void pool_too_small(void **state)
{
	static uint8_t data[60000];

	w.cfg.pool_bytes = 0; /* the least there is */
	wire_reopen(&w);
	wire_handshake(&w);
	wire_packet(&w, TS, IPS_TCP_ACK, 0, 0, data, 60000);
	assert_int_equal(ips_stream_stats(w.s)->no_pool, 0);
	wire_packet(&w, TC, IPS_TCP_ACK, 0, 0, data, 60000);
	assert_int_equal(ips_stream_stats(w.s)->no_pool, 1);
	assert_true(wire_event(&w, IPS_EV_STREAM_REASSEMBLY_INSERT_MEMCAP));
	/* What could not be kept is a hole once more comes. */
	wire_ack(&w, TS, 60000, 60000);
	wire_text(&w, TC, 60000, 60000, "on");
	wire_ack(&w, TS, 60000, 60002);
	assert_int_equal(w.gap_bytes[TC], 60000);
	assert_int_equal(w.got_n[TC], 2);
	assert_int_equal(w.got_n[TS], 60000);
	assert_true(ips_stream_stats(w.s)->pool_used <= ips_stream_stats(w.s)->pool_max);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(handshake_then_established),
		T(data_with_the_last_ack_is_established),
		T(delivered_when_acknowledged),
		T(proper_close),
		T(reset_ends_it),
		T(order_is_restored),
		T(hole_that_was_acknowledged),
		T(hole_at_the_end_is_no_gap),
		T(two_versions),
		T(several_old_segments_under_one_new),
		T(delivered_bytes_stay),
		T(depth),
		T(raw_waits_for_a_chunk),
		T(raw_at_the_end),
		T(raw_chunks_may_overlap),
		T(midstream_only_when_asked),
		T(one_side_only),
		T(windows_bound_what_is_taken),
		T(timestamps_do_not_run_back),
		T(data_in_the_syn),
		T(data_in_the_syn_refused),
		T(signed_reset_may_be_forged),
		T(answer_echoes_the_timestamp),
		T(lost_handshake_ack),
		T(later_syn_and_syn_ack_count),
		T(endless_bytes_of_one),
		T(pool_too_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
