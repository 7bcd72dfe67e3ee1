/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Event names, checksums, captures made in memory, and memory that is not to be had. */
#include <netinet/in.h>

#include "ips/packet/csum.h"
#include "ips/packet/pcapbuf.h"
#include "tests/unit/ips-packet/build.h"

static void test_events(void **state)
{
	struct ips_events e = {{0}};

	assert_int_equal(ips_event_by_name("ipv4.pkt_too_small"), IPS_EV_IPV4_PKT_TOO_SMALL);
	assert_int_equal(ips_event_by_name("stream.pkt_bad_window_update"),
		IPS_EV_STREAM_PKT_BAD_WINDOW_UPDATE);
	assert_int_equal(ips_event_by_name("stream.3whs_synack_resend_with_different_ack"),
		IPS_EV_STREAM_3WHS_SYNACK_RESEND_WITH_DIFF_ACK);
	assert_int_equal(ips_event_by_name("pkt_too_small"), -1);
	assert_int_equal(ips_event_by_name(""), -1);
	for (int i = IPS_EV_NONE + 1; i < IPS_EV_COUNT; i++) {
		assert_false(ips_events_any(&e));
		assert_int_equal(ips_event_by_name(ips_event_name((enum ips_event)i)), i);
		ips_event_set(&e, (enum ips_event)i);
		assert_true(ips_event_is_set(&e, (enum ips_event)i));
		assert_true(ips_events_any(&e));
		e = (struct ips_events){{0}};
	}
	assert_string_equal(ips_event_name(IPS_EV_COUNT), "");
}

/* RFC 1071, 3: the example of the numerical sum. */
static void test_csum(void **state)
{
	static const uint8_t bytes[8] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
	uint8_t odd[3] = {0x12, 0x34, 0x56};

	assert_int_equal(ips_csum_end(ips_csum_add(0, bytes, 8)), (uint16_t)~0xddf2);
	assert_int_equal(ips_csum_end(ips_csum_add(ips_csum_add(0, bytes, 4), bytes + 4, 4)),
		(uint16_t)~0xddf2);
	assert_int_equal(ips_csum_end(ips_csum_add(0, odd, 3)), (uint16_t) ~(0x1234 + 0x5600));
	assert_int_equal(ips_csum_end(0xffffffff), 0);
}

static void test_pcap(void **state)
{
	static const uint8_t want[24 + 16 + 3] = {0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 4, 0, 101, 0, 0, 0, 0x80, 0, 0, 0, 0x40, 0x42, 0, 0, 3, 0, 0, 0, 5,
		0, 0, 0, 'a', 'b', 'c'};
	struct sk_buf b;

	sk_buf_init(&b, 1000);
	ips_pcap_header(&b, IPS_LINK_RAW);
	ips_pcap_record(
		&b, 128 * 1000000ull + 0x4240, (struct ips_view){(const uint8_t *)"abcde", 5}, 3);
	assert_int_equal(sk_buf_error(&b), 0);
	assert_int_equal(b.len, sizeof(want));
	assert_memory_equal(b.data, want, sizeof(want));
	sk_buf_done(&b);

	/* no room: the record is not there at all */
	sk_buf_init(&b, 24 + 16 + 4);
	ips_pcap_header(&b, IPS_LINK_ETHERNET);
	assert_int_equal(b.data[20], 1);
	ips_pcap_record(&b, 0, (struct ips_view){(const uint8_t *)"abcde", 5}, 0);
	assert_int_equal(sk_buf_error(&b), -EMSGSIZE);
	assert_int_equal(b.len, 24);
	sk_buf_done(&b);
}

/* Every byte of a frame that makes use of much is cut off, one after the other, and flipped. */
static void test_cut_anywhere(void **state)
{
	static const uint8_t hop[8] = {IPPROTO_TCP, 0, 5, 2, 0, 0, 0, 0};
	static const uint8_t opts[12] = {2, 4, 5, 0xb4, 3, 3, 7, 4, 2, 1, 1, 0};
	struct ips_decoder *d = t_decoder(false);
	struct ips_packet p;
	struct build b;
	uint8_t *copy;
	uint32_t n;

	b_init(&b);
	b_text(&b, "payload");
	b_tcp(&b, 1, 2, IPS_TCP_SYN, opts, 12);
	b_put(&b, hop, 8);
	b_ip6(&b, IPPROTO_HOPOPTS, 0);
	b_ip4_plain(&b, IPPROTO_IPV6);
	b_vlan(&b, 5, 0x0800);
	b_eth(&b, 0x8100);
	n = b_view(&b).len;
	for (uint32_t len = 0; len <= n; len++) {
		copy = malloc(len ? len : 1);
		memcpy(copy, b_view(&b).data, len);
		t_decode(d, IPS_LINK_ETHERNET, (struct ips_view){copy, len}, &p);
		assert_int_equal(ips_decode_next(d, &p), len == n);
		for (uint32_t i = 0; i < len; i++) {
			copy[i] ^= 0xff;
			t_decode(d, IPS_LINK_ETHERNET, (struct ips_view){copy, len}, &p);
			while (ips_decode_next(d, &p))
				assert_true(p.tunnel_depth > 0);
			copy[i] ^= 0xff;
		}
		free(copy);
	}
	ips_decoder_free(d);
}

static void test_null(void **state)
{
	ips_decoder_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_csum),
		cmocka_unit_test(test_pcap),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
