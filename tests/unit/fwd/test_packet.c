/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Headers as they arrive: with options, extension headers, fragments, and cut at every length. */
#include "tests/unit/fwd/unit.h"

#include <errno.h>

#include "fw/fwd/packet.h"
#include "lib/util.h"

/* IPv4, header of 24 bytes (a router alert option), TCP 1234 → 443. */
static const uint8_t tcp4[] = {0x46, 0, 0, 44, 0, 1, 0x40, 0, 64, 6, 0, 0, 192, 0, 2, 1, 198, 51,
	100, 7, 0x94, 4, 0, 0, 0x04, 0xd2, 0x01, 0xbb, 0, 0, 0, 0};
/* IPv6: hop-by-hop (8), destination options (16), fragment (first), UDP 5353 → 53. */
static const uint8_t udp6[] = {0x60, 0, 0, 0, 0, 40, 0, 64, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 1, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
	/* hop-by-hop */ 60, 0, 1, 4, 0, 0, 0, 0,
	/* destination options */ 44, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	/* fragment, offset 0, more */ 17, 0, 0, 1, 0, 0, 0, 9,
	/* UDP */ 0x14, 0xe9, 0, 53, 0, 8, 0, 0};

static void tcp_with_options(void **state)
{
	struct fwd_packet p;

	assert_int_equal(fwd_packet_parse(tcp4, sizeof(tcp4), &p), 0);
	assert_int_equal(p.family, 4);
	assert_int_equal(p.proto, 6);
	assert_true(p.has_ports);
	assert_int_equal(p.sport, 1234);
	assert_int_equal(p.dport, 443);
	assert_int_equal(p.len, 44);
	assert_false(p.fragment);
	assert_memory_equal(p.src, "\xc0\x00\x02\x01", 4);
	assert_memory_equal(p.dst, "\xc6\x33\x64\x07\0\0\0\0\0\0\0\0\0\0\0\0", 16);
}

/* Only a SYN alone opens a connection; flags that were not copied decide nothing. */
static void tcp_midstream(void **state)
{
	static const struct {
		uint8_t flags;
		bool midstream, opens;
	} v[] = {{0x02, false, true}, {0xc2, false, true}, {0x12, true, false}, {0x10, true, false},
		{0x18, true, false}, {0x04, true, false},
		/* FIN, nothing, FIN PSH URG: what only scanners send */
		{0x01, true, true}, {0x00, true, true}, {0x29, true, true}, {0x11, true, false}};
	uint8_t b[20 + 20] = {0x45, 0, 0, 40, 0, 1, 0x40, 0, 64, 6, 0, 0, 192, 0, 2, 1, 198, 51,
		100, 7, 0x04, 0xd2, 0x01, 0xbb};
	struct fwd_packet p;

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		b[20 + 13] = v[i].flags;
		assert_int_equal(fwd_packet_parse(b, sizeof(b), &p), 0);
		assert_int_equal(p.midstream, v[i].midstream);
		assert_int_equal(p.opens, v[i].opens);
		assert_int_equal(fwd_packet_parse(b, 20 + 13, &p), 0);
		assert_false(p.midstream || p.opens);
	}
}

static void extension_headers(void **state)
{
	struct fwd_packet p;

	assert_int_equal(fwd_packet_parse(udp6, sizeof(udp6), &p), 0);
	assert_int_equal(p.family, 6);
	assert_int_equal(p.proto, 17);
	assert_true(p.has_ports && p.fragment);
	assert_int_equal(p.sport, 5353);
	assert_int_equal(p.dport, 53);
	assert_int_equal(p.len, 80);
}

static void later_fragments_have_no_ports(void **state)
{
	uint8_t v4[sizeof(tcp4)], v6[sizeof(udp6)];
	struct fwd_packet p;

	memcpy(v4, tcp4, sizeof(v4));
	v4[6] = 0;
	v4[7] = 5;
	assert_int_equal(fwd_packet_parse(v4, sizeof(v4), &p), 0);
	assert_true(p.fragment);
	assert_false(p.has_ports);
	assert_int_equal(p.proto, 6);

	memcpy(v6, udp6, sizeof(v6));
	v6[66] = 1; /* offset 32 */
	assert_int_equal(fwd_packet_parse(v6, sizeof(v6), &p), 0);
	assert_true(p.fragment);
	assert_false(p.has_ports);
	assert_int_equal(p.proto, 17);
}

static void icmp(void **state)
{
	uint8_t v4[] = {0x45, 0, 0, 28, 0, 0, 0, 0, 64, 1, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 3, 4, 0,
		0, 0, 0, 0, 0};
	struct fwd_packet p;

	assert_int_equal(fwd_packet_parse(v4, sizeof(v4), &p), 0);
	assert_true(p.has_icmp);
	assert_false(p.has_ports);
	assert_int_equal(p.icmp_type, 3);
	assert_int_equal(p.icmp_code, 4);
}

/* Each prefix, in memory of exactly its size so that ASan sees a byte too far. */
static void every_length(void **state)
{
	static const struct {
		const uint8_t *p;
		size_t n, addresses;
	} v[] = {{tcp4, sizeof(tcp4), 20}, {udp6, sizeof(udp6), 40}};

	for (size_t i = 0; i < SK_ARRAY_SIZE(v); i++) {
		for (size_t n = 0; n <= v[i].n; n++) {
			uint8_t *copy = malloc(n ? n : 1);
			struct fwd_packet p = {.proto = 0xaa};
			int r;

			assert_non_null(copy);
			memcpy(copy, v[i].p, n);
			r = fwd_packet_parse(copy, n, &p);
			if (n < v[i].addresses) {
				assert_int_equal(r, -EBADMSG);
				assert_int_equal(p.proto, 0xaa);
			} else {
				assert_int_equal(r, 0);
			}
			free(copy);
		}
	}
}

static void endless_extensions(void **state)
{
	uint8_t v6[40 + 64 * 8] = {0x60};
	struct fwd_packet p;

	for (size_t i = 40; i < sizeof(v6); i += 8)
		v6[i] = 0; /* each names another hop-by-hop header */
	assert_int_equal(fwd_packet_parse(v6, sizeof(v6), &p), 0);
	assert_false(p.has_ports);
}

static void nonsense(void **state)
{
	static const uint8_t bad[] = {0x55, 0, 0, 0};
	uint8_t short_header[sizeof(tcp4)];
	struct fwd_packet p;

	assert_int_equal(fwd_packet_parse(bad, sizeof(bad), &p), -EBADMSG);
	assert_int_equal(fwd_packet_parse(NULL, 0, &p), -EBADMSG);
	memcpy(short_header, tcp4, sizeof(tcp4));
	short_header[0] = 0x44;
	assert_int_equal(fwd_packet_parse(short_header, sizeof(tcp4), &p), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_with_options),
		cmocka_unit_test(tcp_midstream),
		cmocka_unit_test(extension_headers),
		cmocka_unit_test(later_fragments_have_no_ports),
		cmocka_unit_test(icmp),
		cmocka_unit_test(every_length),
		cmocka_unit_test(endless_extensions),
		cmocka_unit_test(nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
