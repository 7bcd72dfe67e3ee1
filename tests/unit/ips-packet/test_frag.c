/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fragments: in every order, overlapping, timed out, too many, too large. */
#include <netinet/in.h>

#include "tests/unit/ips-packet/build.h"

#define SIZE 4000u

static struct build b;
static struct ips_packet p, q;
static struct ips_decoder *d;
static uint8_t whole[SIZE]; /* a UDP datagram with its header */

static int setup(void **state)
{
	d = t_decoder(state && *state);
	b_init(&b);
	for (uint32_t i = 0; i < SIZE - 8; i++)
		b.room[BUILD_ROOM - SIZE + 8 + i] = (uint8_t)(i * 7 + i / 256);
	b.at = BUILD_ROOM - SIZE + 8;
	b_udp(&b, 1111, 53);
	memcpy(whole, b_view(&b).data, SIZE);
	return 0;
}

static int setup_strict(void **state)
{
	int yes = 1;
	void *strict = &yes;

	return setup(&strict);
}

static int teardown(void **state)
{
	ips_decoder_free(d);
	return 0;
}

static void build4(uint16_t id, const void *data, uint32_t offset, uint32_t n, bool more)
{
	b_init(&b);
	b_put(&b, data, n);
	b_ip4(&b,
		&(struct b_ip4){.proto = IPPROTO_UDP,
			.id = id,
			.frag = (uint16_t)(offset / 8 | (more ? 0x2000 : 0))});
}

static void frag4(uint16_t id, uint32_t offset, uint32_t n, bool more)
{
	build4(id, whole + offset, offset, n, more);
	t_decode_at(d, b_view(&b), 10, &p);
	assert_true(p.flags & IPS_PKT_FRAGMENT);
	assert_int_equal(p.l4.len, 0);
	assert_int_equal(p.sport, 0);
	assert_int_equal(p.proto, IPPROTO_UDP);
}

static void frag6(uint32_t id, uint32_t offset, uint32_t n, bool more)
{
	static const uint8_t hop[8] = {IPPROTO_FRAGMENT, 0, 5, 2, 0, 0, 0, 0};

	b_init(&b);
	b_put(&b, whole + offset, n);
	b_ip6_frag(&b, IPPROTO_UDP, id, offset, more);
	b_put(&b, hop, 8);
	b_ip6(&b, IPPROTO_HOPOPTS, 0);
	t_decode_at(d, b_view(&b), 10, &p);
	assert_true(p.flags & IPS_PKT_FRAGMENT);
	assert_int_equal(p.proto, IPPROTO_FRAGMENT);
}

static void not_yet(void)
{
	assert_false(p.flags & IPS_PKT_NO_PAYLOAD);
	assert_false(ips_decode_next(d, &q));
}

static void is_whole(uint8_t family)
{
	assert_true(p.flags & IPS_PKT_NO_PAYLOAD);
	assert_true(ips_decode_next(d, &q));
	assert_int_equal(q.family, family);
	assert_true(q.flags & IPS_PKT_REASSEMBLED);
	assert_false(q.flags & (IPS_PKT_FRAGMENT | IPS_PKT_INVALID | IPS_PKT_TUNNELED));
	assert_int_equal(q.dport, 53);
	assert_int_equal(q.l4.len, SIZE);
	assert_memory_equal(q.l4.data + 8, whole + 8, SIZE - 8);
	assert_int_equal(q.num, p.num);
	assert_false(ips_decode_next(d, &p));
	assert_int_equal(ips_decoder_stats(d)->frag_now, 0);
}

static void test_in_order(void **state)
{
	frag4(1, 0, 1480, true);
	t_only_event(&p, IPS_EV_NONE);
	not_yet();
	assert_int_equal(ips_decoder_stats(d)->frag_now, 1);
	frag4(1, 1480, 1480, true);
	not_yet();
	frag4(1, 2960, SIZE - 2960, false);
	is_whole(4);
	assert_int_equal(q.ip_frag, 0);
	assert_int_equal(q.ip_id, 1);
	assert_int_equal(ips_decoder_stats(d)->reassembled, 1);
	assert_int_equal(ips_decoder_stats(d)->fragments, 3);
}

static void test_v6(void **state)
{
	frag6(7, 0, 1480, true);
	not_yet();
	frag6(7, 2960, SIZE - 2960, false);
	not_yet();
	frag6(7, 1480, 1480, true);
	is_whole(6);
	t_only_event(&q, IPS_EV_NONE);
}

/* All orders of eight pieces of 504 bytes: every permutation gives the same datagram. */
static void test_orders(void **state)
{
	uint32_t order[8] = {0, 1, 2, 3, 4, 5, 6, 7}, seed = 1;

	for (uint16_t round = 0; round < 200; round++) {
		for (uint32_t i = 7; i > 0; i--) {
			uint32_t j, t;

			seed = seed * 1103515245 + 12345;
			j = (seed >> 16) % (i + 1);
			t = order[i];
			order[i] = order[j];
			order[j] = t;
		}
		for (uint32_t i = 0; i < 8; i++) {
			uint32_t at = order[i] * 504;

			frag4(round, at, order[i] == 7 ? SIZE - at : 504, order[i] != 7);
			if (i < 7)
				not_yet();
		}
		is_whole(4);
	}
}

static void test_smallest(void **state)
{
	for (uint32_t at = SIZE - 8; at >= 8; at -= 8)
		frag4(3, at, 8, at + 8 < SIZE);
	not_yet();
	frag4(3, 0, 8, true);
	is_whole(4);
}

/* Datagrams are told apart by number, protocol, addresses and family. */
static void test_mixed(void **state)
{
	frag4(1, 0, 2000, true);
	frag4(2, 2000, 2000, false);
	not_yet();
	frag6(1, 2000, 2000, false);
	not_yet();
	build4(1, whole + 2000, 2000, 2000, false);
	b.room[b.at + 9] = IPPROTO_TCP;
	t_decode_at(d, b_view(&b), 10, &p);
	not_yet();
	assert_int_equal(ips_decoder_stats(d)->frag_now, 4);
}

static void test_timeout(void **state)
{
	build4(1, whole, 0, 2000, true);
	t_decode_at(d, b_view(&b), 10, &p);
	build4(1, whole + 2000, 2000, 2000, false);
	t_decode_at(d, b_view(&b), 71, &p);
	not_yet();
	assert_int_equal(ips_decoder_stats(d)->frag_timeouts, 1);
	build4(1, whole, 0, 2000, true);
	t_decode_at(d, b_view(&b), 71 + 60, &p);
	assert_true(ips_decode_next(d, &q));
	assert_int_equal(q.l4.len, SIZE);
}

/* A fragment of other bytes; whether that is an overlap. */
static void overlap(uint32_t at, uint32_t n, bool more, bool overlaps)
{
	uint8_t other[SIZE];

	memset(other, 0xff, sizeof(other));
	build4(9, other, at, n, more);
	t_decode_at(d, b_view(&b), 10, &p);
	assert_int_equal(t_has(&p, IPS_EV_IPV4_FRAG_OVERLAP), overlaps);
}

/* What a Windows receiver takes: the first of two… */
static void test_overlap_windows(void **state)
{
	frag4(9, 0, 800, true);
	frag4(9, 1600, 800, true);
	overlap(80, 80, true, true);    /* within the first: dropped */
	overlap(400, 800, true, true);  /* the first one's end cuts it */
	overlap(1200, 800, true, true); /* its own end loses */
	frag4(9, 2400, SIZE - 2400, false);
	assert_true(ips_decode_next(d, &q));
	assert_int_equal(q.l4.len, SIZE);
	assert_memory_equal(q.l4.data + 8, whole + 8, 792);
	for (uint32_t i = 800; i < 1600; i++)
		assert_int_equal(q.l4.data[i], 0xff);
	assert_memory_equal(q.l4.data + 1600, whole + 1600, SIZE - 1600);
}

/* …unless the second begins before and ends after it. */
static void test_overlap_around(void **state)
{
	frag4(9, 0, 800, true);
	frag4(9, 1600, 80, true);
	overlap(800, 1600, true, true);
	frag4(9, 2400, SIZE - 2400, false);
	assert_true(ips_decode_next(d, &q));
	for (uint32_t i = 800; i < 2400; i++)
		assert_int_equal(q.l4.data[i], 0xff);
	assert_memory_equal(q.l4.data + 2400, whole + 2400, SIZE - 2400);
}

/* A fragment behind the last one is no part of the datagram. */
static void test_after_last(void **state)
{
	frag4(9, 0, 800, true);
	build4(9, whole + 800, 800, 80, false);
	overlap(800 + 80, 80, true, false);
	not_yet();
	build4(9, whole + 800, 800, 80, false);
	t_decode_at(d, b_view(&b), 10, &p);
	assert_true(ips_decode_next(d, &q));
	assert_int_equal(q.l3.len, 20 + 880);
}

static void refused(void)
{
	assert_true(t_has(&p, IPS_EV_IPV4_FRAG_OVERLAP));
	assert_true(p.flags & IPS_PKT_INVALID);
	not_yet();
}

static void test_strict(void **state)
{
	/* the same bytes twice are harmless */
	frag4(9, 0, 1600, true);
	frag4(9, 800, 800, true);
	assert_false(p.flags & IPS_PKT_INVALID);
	frag4(9, 0, 1600, true);
	frag4(9, 1600, SIZE - 1600, false);
	is_whole(4);
	/* different ones are the end of the datagram, whatever follows */
	frag4(9, 0, 1600, true);
	overlap(800, 80, true, true);
	refused();
	frag4(9, 0, 1600, true);
	refused();
	frag4(9, 1600, SIZE - 1600, false);
	refused();
	assert_int_equal(ips_decoder_stats(d)->frag_refused, 3);
	assert_int_equal(ips_decoder_stats(d)->frag_now, 1);
}

static void test_strict_end(void **state)
{
	frag4(1, 1600, 800, false);
	frag4(1, 800, 800, false); /* another end */
	refused();
	frag4(2, 1600, 800, false);
	frag4(2, 2400, 800, true); /* behind the end */
	refused();
	frag4(3, 1600, 800, true);
	frag4(3, 800, 400, false); /* an end before what is known */
	refused();
	frag4(4, 0, 804, true); /* no multiple of 8: receivers differ */
	refused();
}

static void test_too_large(void **state)
{
	frag4(1, 0, 1480, true);
	build4(1, whole, 65528, 100, false);
	t_decode_at(d, b_view(&b), 10, &p);
	t_only_event(&p, IPS_EV_IPV4_FRAG_PKT_TOO_LARGE);
	not_yet();
}

static void test_largest(void **state)
{
	static uint8_t big[65515];

	memcpy(big, whole, 8);
	big[4] = 65515 >> 8;
	big[5] = 65515 & 0xff;
	for (uint32_t at = 0; at < sizeof(big); at += 1480) {
		uint32_t n = sizeof(big) - at < 1480 ? sizeof(big) - at : 1480;

		build4(5, big + at, at, n, at + n < sizeof(big));
		t_decode_at(d, b_view(&b), 10, &p);
	}
	assert_true(ips_decode_next(d, &q));
	assert_int_equal(q.l3.len, 65535);
	assert_int_equal(q.payload.len, 65507);
}

/* IPv6's length does not count its own header. */
static void test_largest_v6(void **state)
{
	static uint8_t big[65535];

	memcpy(big, whole, 8);
	big[4] = big[5] = 0xff;
	for (uint32_t at = 0; at < sizeof(big); at += 1440) {
		uint32_t n = sizeof(big) - at < 1440 ? sizeof(big) - at : 1440;

		b_init(&b);
		b_put(&b, big + at, n);
		b_ip6_frag(&b, IPPROTO_UDP, 5, at, at + n < sizeof(big));
		b_ip6(&b, IPPROTO_FRAGMENT, 0);
		t_decode_at(d, b_view(&b), 10, &p);
	}
	assert_true(ips_decode_next(d, &q));
	assert_int_equal(q.l3.len, 65535 + 40);
	assert_int_equal(q.payload.len, 65527);
}

/* Pools run dry: counted, said, and what is there still works. */
static void test_no_memory(void **state)
{
	struct ips_decoder_config cfg;
	uint8_t seed[16] = {1};

	ips_decoder_free(d);
	ips_decoder_config_default(&cfg, false);
	cfg.frag_bytes = 8192;
	cfg.frag_trackers = 4;
	d = ips_decoder_new(&cfg, seed);
	assert_non_null(d);
	for (uint16_t i = 0; i < 4; i++)
		frag4(i, 8, 1480, true);
	assert_int_equal(ips_decoder_stats(d)->frag_no_memory, 0);
	/* more datagrams than trackers, or more bytes than blocks: what waits longest goes */
	frag4(4, 8, 1480, true);
	assert_int_equal(ips_decoder_stats(d)->frag_no_memory, 1);
	assert_int_equal(ips_decoder_stats(d)->frag_now, 4);
	for (uint16_t i = 0; i < 50; i++) {
		frag4((uint16_t)(200 + i), 0, 2000, true);
		t_only_event(&p, IPS_EV_NONE);
		frag4((uint16_t)(200 + i), 2000, 2000, false);
		assert_true(ips_decode_next(d, &q));
		assert_int_equal(q.l4.len, SIZE);
		assert_false(ips_decode_next(d, &q));
	}
	assert_int_equal(ips_decoder_stats(d)->reassembled, 50);
	/* a datagram that alone has more than there is */
	for (uint32_t at = 8; at < 8192 + 8; at += 2048) {
		build4(1, whole, at, 2048, true);
		t_decode_at(d, b_view(&b), 10, &p);
	}
	t_only_event(&p, IPS_EV_IPV4_FRAG_IGNORED);
	assert_int_equal(ips_decoder_stats(d)->frag_now, 1);
}

/* One datagram in 8-byte pieces is held up to a bound. */
static void test_pieces_bound(void **state)
{
	uint8_t eight[8] = {0};
	bool ignored = false;

	for (uint32_t i = 1; i < 3000; i += 2) {
		build4(1, eight, i * 8, 8, true);
		t_decode_at(d, b_view(&b), 10, &p);
	}
	for (uint32_t i = 6000; i < 7500; i += 2) {
		build4(1, eight, i * 8, 8, true);
		t_decode_at(d, b_view(&b), 10, &p);
		ignored |= t_has(&p, IPS_EV_IPV4_FRAG_IGNORED);
	}
	assert_true(ignored);
	assert_int_equal(ips_decoder_stats(d)->frag_now, 1);
}

/* Fragments of a tunnel, with a fragmented packet in it. */
static void test_in_tunnel(void **state)
{
	uint8_t inner[2100];
	uint32_t n;

	for (int i = 0; i < 2; i++) {
		build4(1, whole + i * 2000, (uint32_t)i * 2000, 2000, i == 0);
		n = b_view(&b).len;
		memcpy(inner, b_view(&b).data, n);
		for (uint32_t at = 0; at < n; at += 800) {
			uint32_t len = n - at < 800 ? n - at : 800;

			b_init(&b);
			b_put(&b, inner + at, len);
			b_ip4(&b,
				&(struct b_ip4){.proto = IPPROTO_IPIP,
					.id = (uint16_t)(50 + i),
					.frag = (uint16_t)(at / 8 | (at + len < n ? 0x2000 : 0))});
			t_decode_at(d, b_view(&b), 10, &p);
		}
	}
	/* the outer datagram, the inner fragment, the inner datagram */
	assert_true(ips_decode_next(d, &q));
	assert_int_equal(q.proto, IPPROTO_IPIP);
	assert_true(ips_decode_next(d, &q));
	assert_true(q.flags & IPS_PKT_FRAGMENT);
	assert_true(ips_decode_next(d, &q));
	assert_true(q.flags & IPS_PKT_REASSEMBLED && q.flags & IPS_PKT_TUNNELED);
	assert_int_equal(q.l4.len, SIZE);
	assert_memory_equal(q.l4.data + 8, whole + 8, SIZE - 8);
	assert_int_equal(ips_decoder_stats(d)->frag_now, 0);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_in_order),
		T(test_v6),
		T(test_orders),
		T(test_smallest),
		T(test_mixed),
		T(test_timeout),
		T(test_overlap_windows),
		T(test_overlap_around),
		T(test_after_last),
		cmocka_unit_test_setup_teardown(test_strict, setup_strict, teardown),
		cmocka_unit_test_setup_teardown(test_strict_end, setup_strict, teardown),
		T(test_too_large),
		T(test_largest),
		T(test_largest_v6),
		T(test_no_memory),
		T(test_pieces_bound),
		T(test_in_tunnel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
