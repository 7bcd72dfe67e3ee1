/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One frame, and what it says of its sender. */
#include "tests/unit/nac-observe/frames.h"

#define PC "00:1b:21:00:00:10"

static struct nac_sight see(struct frame f)
{
	struct nac_sight s;

	assert_true(nac_sight_parse(f.b, f.len, &s));
	/* Cut off anywhere it is read without harm, and never turns into something else. */
	for (size_t n = 0; n < f.len; n++) {
		uint8_t *cut = malloc(n ? n : 1);
		struct nac_sight part;

		assert_non_null(cut);
		memcpy(cut, f.b, n);
		if (nac_sight_parse(cut, n, &part) && part.kind != NAC_SIGHT_OTHER)
			assert_int_equal(part.kind, s.kind);
		free(cut);
	}
	return s;
}

static void addresses(void **state)
{
	static const char *const good[] = {
		"00:1b:21:aB:00:10", "00-1b-21-ab-00-10", "001b.21ab.0010", "001B21AB0010"};
	static const char *const bad[] = {"", "00:1b:21:ab:00", "00:1b:21:ab:00:10:11",
		"00:1b-21:ab:00:10", "001b:21ab:0010", "0:1b:21:ab:00:10", "00:1b:21:ab:00:1g",
		"001b21ab00", " 001B21AB0010", "::::::", "...", "001b.21ab.001"};
	struct nac_mac m;
	struct nac_ip ip, net;
	char text[NAC_IP_TEXT];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		m = mac_of(good[i]);
		assert_string_equal(nac_mac_format(&m, text), "00:1b:21:ab:00:10");
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(nac_mac_parse(bad[i], &m), -EINVAL);
	m = mac_of("da:a1:19:00:00:01");
	assert_true(nac_mac_is_randomised(&m));
	m = mac_of(PC);
	assert_false(nac_mac_is_randomised(&m));
	m = mac_of("ff:ff:ff:ff:ff:ff");
	assert_false(nac_mac_is_randomised(&m));
	assert_true(nac_mac_is_group(&m));
	m = mac_of("00:00:5e:00:01:07");
	assert_true(nac_mac_is_virtual_router(&m));
	m = mac_of("00:00:5e:00:03:07");
	assert_false(nac_mac_is_virtual_router(&m));
	ip = ip_of("192.168.11.5");
	net = ip_of("192.168.10.1");
	assert_true(nac_ip_in(&ip, &net, 23));
	assert_false(nac_ip_in(&ip, &net, 24));
	assert_true(nac_ip_in(&ip, &net, 0));
	assert_false(nac_ip_in(&ip, &net, 33));
	ip = ip_of("fe80::1");
	assert_true(nac_ip_is_link_local(&ip) && nac_ip_is_host(&ip));
	assert_string_equal(nac_ip_format(&ip, text), "fe80::1");
	for (size_t i = 0; i < 4; i++) {
		static const char *const none[] = {"0.0.0.0", "255.255.255.255", "::1", "ff02::1"};

		ip = ip_of(none[i]);
		assert_false(nac_ip_is_host(&ip));
	}
}

static void frames(void **state)
{
	struct frame f = frame_hex("ffffffffffff 01005e000001 0806 00*46");
	struct nac_sight s;
	struct nac_mac pc = mac_of(PC);

	assert_false(nac_sight_parse(f.b, f.len, &s)); /* a group has no card */
	f = frame_hex("ffffffffffff 000000000000 0806 00*46");
	assert_false(nac_sight_parse(f.b, f.len, &s));
	assert_false(nac_sight_parse(f.b, 13, &s));
	s = see(frame_from(PC, 0x88b5, "00*46"));
	assert_int_equal(s.kind, NAC_SIGHT_OTHER);
	assert_true(nac_mac_equal(&s.src, &pc));
	s = see(frame_from(PC, 0x8100,
		"001e 0806 0001080006040001 001b21000010 c0a80a0a 00*6 c0a80a01 00*18"));
	assert_int_equal(s.kind, NAC_SIGHT_ARP);
	assert_int_equal(s.vlan, 30);
	s = see(frame_from(PC, 0x88a8,
		"0064 8100 001e 0806 0001080006040001 001b21000010 c0a80a0a 00*6 c0a80a01"));
	assert_int_equal(s.kind, NAC_SIGHT_ARP);
	assert_int_equal(s.vlan, 100);
	s = see(frame_from(PC, 0x0800, "35000014 00*4 40110000 c0a80a0a ffffffff"));
	assert_true(s.malformed);
	assert_int_equal(s.from.family, 0);
}

static void arp(void **state)
{
	struct nac_ip ip = ip_of("192.168.10.10");
	struct nac_sight s = see(frame_arp(PC, 1, PC, "192.168.10.10", "192.168.10.1"));

	assert_false(s.malformed);
	assert_int_equal(s.arp.op, 1);
	assert_true(nac_ip_equal(&s.arp.spa, &ip));
	s = see(frame_arp(PC, 1, PC, "0.0.0.0", "192.168.10.10"));
	assert_int_equal(s.arp.spa.family, 0);
	assert_true(nac_ip_equal(&s.arp.tpa, &ip));
	/* Not Ethernet, not IPv4, cut off. */
	assert_true(see(frame_from(PC, 0x0806, "0006080006040001 00*20")).malformed);
	assert_true(see(frame_from(PC, 0x0806, "000186dd06100001 00*44")).malformed);
	assert_true(see(frame_from(PC, 0x0806, "0001080006040001 001b21")).malformed);
}

static void dhcp4(void **state)
{
	struct nac_sight s = see(frame_dhcp(PC, "0.0.0.0", 1, PC,
		"350101 0c09 'KEIRI-PC1' 3c08 'MSFT 5.0' 370a 0103060f1f212b2c2e2f "
		"3d0701001b21000010 3204c0a80a63 ff 00*10"));

	assert_int_equal(s.kind, NAC_SIGHT_DHCP4);
	assert_false(s.malformed || s.dhcp4.reply);
	assert_int_equal(s.dhcp4.type, 1);
	assert_string_equal(s.dhcp4.hostname, "KEIRI-PC1");
	assert_string_equal(s.dhcp4.vendor, "MSFT 5.0");
	assert_string_equal(s.dhcp4.params, "1,3,6,15,31,33,43,44,46,47");
	assert_int_equal(s.dhcp4.client_id_len, 7);
	assert_int_equal(s.dhcp4.requested.a[3], 0x63);
	s = see(frame_dhcp("00:25:90:00:00:05", "192.168.10.5", 2, PC,
		"350105 3604c0a80a05 0308c0a80a01c0a80a02 ff"));
	assert_true(s.dhcp4.reply);
	assert_int_equal(s.dhcp4.type, 5);
	assert_int_equal(s.dhcp4.yiaddr.a[3], 99);
	assert_int_equal(s.dhcp4.router.a[3], 1);
	assert_int_equal(s.dhcp4.server.a[3], 5);
	/* The name by option 81, as text and as labels. */
	s = see(frame_dhcp(PC, "0.0.0.0", 1, PC, "350103 5112 000000 'pc2.example.com' ff"));
	assert_string_equal(s.dhcp4.hostname, "pc2");
	s = see(frame_dhcp(PC, "0.0.0.0", 1, PC, "350103 510c 040000 03 'pc3' 04 'corp' ff"));
	assert_string_equal(s.dhcp4.hostname, "pc3");
	/* Nothing a terminal or a log would choke on. */
	s = see(frame_dhcp(PC, "0.0.0.0", 1, PC, "350103 0c04 1b5b3000 ff"));
	assert_string_equal(s.dhcp4.hostname, "\\x1b[0");
	/* An option past the end; a wrong cookie; no options at all. */
	assert_true(see(frame_dhcp(PC, "0.0.0.0", 1, PC, "3501 03 0cff 41")).malformed);
	assert_true(see(frame_udp4(PC, "0.0.0.0", 68, 67, "01010600 00*232 63825364")).malformed);
	assert_false(see(frame_udp4(PC, "0.0.0.0", 68, 67, "01010600 00*232")).malformed);
	assert_true(see(frame_udp4(PC, "0.0.0.0", 68, 67, "03010600 00*232")).malformed);
}

/* RFC 2132, 9.3: options that go on in the file and server name fields. */
static void dhcp4_overload(void **state)
{
	struct nac_sight s = see(frame_udp4(PC, "0.0.0.0", 68, 67,
		"01010600 00*24 001b21000010 00*10 3c03 'abc' ff 00*58 0c03 'pc9' ff 00*122 "
		"63825363 340103 350101 ff"));

	assert_false(s.malformed);
	assert_int_equal(s.dhcp4.type, 1);
	assert_string_equal(s.dhcp4.hostname, "pc9");
	assert_string_equal(s.dhcp4.vendor, "abc");
}

static struct nac_dhcp6 read6(const char *hex, bool fine)
{
	struct frame f = frame_hex(hex);
	struct nac_dhcp6 d = {0};
	struct sk_cursor c;

	sk_cur_init(&c, f.b, f.len);
	assert_int_equal(nac_parse_dhcp6(&c, &d), fine);
	return d;
}

static void dhcp6(void **state)
{
	struct nac_dhcp6 d = read6("01123456 0001000a 00030001001b21000010 00060004 00170018 "
				   "0027000b 00 03 'pc6' 04 'corp' 00 0010000400000137",
		true);

	assert_int_equal(d.type, 1);
	assert_false(d.reply);
	assert_int_equal(d.duid_len, 10);
	assert_string_equal(d.oro, "23,24");
	assert_string_equal(d.hostname, "pc6");
	assert_int_equal(d.enterprise, 311);
	assert_true(read6("02123456", true).reply);
	/* Within a relay's message; a relay's with nothing in it; relays without end. */
	assert_int_equal(read6("0c00 00*32 00090008 03123456 00060000", true).type, 3);
	read6("0c00 00*32", false);
	read6("0c00 00*32 000900b0 0c00 00*32 00090086 0c00 00*32 00090060 0c00 00*32 0009003a "
	      "0c00 00*32 00090014 0c00 00*18",
		false);
	read6("01123456 0001000a 0003", false);
}

static void neighbours(void **state)
{
	struct nac_ip ip = ip_of("2001:db8:10::66");
	struct nac_mac pc = mac_of(PC);
	struct nac_sight s = see(frame_icmp6(PC, "fe80::1",
		"88000000 a0000000 20010db8001000000000000000000066 0201001b21000010"));

	assert_int_equal(s.kind, NAC_SIGHT_NA);
	assert_true(nac_ip_equal(&s.nd.target, &ip));
	assert_true(s.nd.has_mac && nac_mac_equal(&s.nd.mac, &pc));
	assert_int_equal(s.nd.flags, 0xa0);
	s = see(frame_icmp6(PC, "fe80::1",
		"86000000 40800708 00*8 0101001b21000010 030440c0 00000e10 00000e10 00000000 "
		"20010db8066600000000000000000000 19030000 0000000a "
		"20010db8066600000000000000000053"));
	assert_int_equal(s.kind, NAC_SIGHT_RA);
	assert_false(s.malformed);
	assert_int_equal(s.nd.lifetime, 1800);
	assert_int_equal(s.nd.prefix_n, 1);
	assert_int_equal(s.nd.prefix_bits[0], 64);
	assert_int_equal(s.nd.dns.a[15], 0x53);
	/* An option of no length would never end. */
	assert_true(see(frame_icmp6(PC, "fe80::1", "86000000 40800708 00*8 0100")).malformed);
	/* Not from this link: the hop limit has been counted down; not a type of ours. */
	{
		struct frame f = frame_icmp6(PC, "fe80::1", "86000000 40800708 00*8");

		f.b[14 + 7] = 254;
		assert_int_equal(see(f).kind, NAC_SIGHT_OTHER);
	}
	assert_int_equal(see(frame_icmp6(PC, "fe80::1", "80000000 00*8")).kind, NAC_SIGHT_OTHER);
}

/* RFC 7113: an advertisement behind extension headers is one all the same. */
static void hidden(void **state)
{
	struct nac_sight s = see(frame_from(PC, 0x86dd,
		"60000000 0020 3c ff fe80 00*13 ad ff02 00*13 01 "
		"2b00010400000000 3a00000000000000 86000000 40800708 00*8"));
	assert_int_equal(s.kind, NAC_SIGHT_RA);
	s = see(frame_from(PC, 0x86dd,
		"60000000 0018 2c ff fe80 00*13 ad ff02 00*13 01 "
		"3a00000100000007 86000000 40800708 00*8"));
	assert_int_equal(s.kind, NAC_SIGHT_RA); /* the first piece */
	s = see(frame_from(PC, 0x86dd,
		"60000000 0018 2c ff fe80 00*13 ad ff02 00*13 01 "
		"3a00010100000007 86000000 40800708 00*8"));
	assert_int_equal(s.kind, NAC_SIGHT_OTHER); /* a later one */
}

static struct nac_name named(uint16_t sport, uint16_t dport, const char *body, bool fine)
{
	struct nac_sight s = see(frame_udp4(PC, "192.168.10.10", sport, dport, body));

	assert_int_equal(s.kind, NAC_SIGHT_NAME);
	assert_int_equal(s.malformed, !fine);
	return s.name;
}

static void mdns(void **state)
{
	/* PTR, then SRV and TXT by pointers, then A of the host. */
	struct nac_name n = named(5353, 5353,
		"0000 8400 0000 0001 0000 0003 "
		"04 '_ipp' 04 '_tcp' 05 'local' 00 000c 0001 00001194 0009 06 'Copier' c00c "
		"c027 0021 8001 00000078 0012 0000 0000 0277 09 'copier-2f' c016 "
		"c027 0010 8001 00001194 000f 0e 'ty=Ricoh C3004' "
		"c042 0001 8001 00000078 0004 c0a80a14",
		true);

	assert_int_equal(n.rank, NAC_NAME_MDNS);
	assert_string_equal(n.host, "copier-2f");
	assert_string_equal(n.model, "Ricoh C3004");
	/* What a query already knows is about others; what it is about to claim is its own. */
	n = named(5353, 5353,
		"0000 0000 0001 0001 0001 0000 02 'me' 05 'local' 00 00ff 0001 "
		"05 'other' c00f 0001 0001 00000078 0004 c0a80a15 "
		"c00c 0001 0001 00000078 0004 c0a80a0a",
		true);
	assert_string_equal(n.host, "me");
	/* Names that point at themselves, forwards, or past the end. */
	named(5353, 5353, "0000 8400 0000 0001 0000 0000 c00c 0001 0001 00000078 0004 c0a80a14",
		false);
	named(5353, 5353, "0000 8400 0000 0001 0000 0000 cfff 0001 0001 00000078 0004 c0a80a14",
		false);
	named(5353, 5353, "0000 8400 0000 0001 0000 0000 40 'x' 00 0001 0001 00000078 0000", false);
	named(5353, 5353, "0000 8400 ffff 0001 0000 0000", false);
}

static void windows_names(void **state)
{
	/* "SOUMU-PC" in first-level encoding. */
	static const char soumu[] = "20 'FDEPFFENFFCNFAEDCACACACACACACAAA' 00";
	char body[512];
	struct nac_name n;

	snprintf(body, sizeof(body),
		"0009 2910 0001 0000 0000 0001 %s 0020 0001 c00c 0020 0001 00000000 0006 0000 "
		"c0a80a28",
		soumu);
	n = named(137, 137, body, true);
	assert_string_equal(n.host, "SOUMU-PC");
	/* A group's registration is no host's name; neither is what is asked for. */
	snprintf(body, sizeof(body),
		"0009 2910 0001 0000 0000 0001 %s 0020 0001 c00c 0020 0001 00000000 0006 8000 "
		"c0a80a28",
		soumu);
	assert_string_equal(named(137, 137, body, true).host, "");
	snprintf(body, sizeof(body), "0009 0110 0001 0000 0000 0000 %s 0020 0001", soumu);
	assert_string_equal(named(137, 137, body, true).host, "");
	/* Node status: the first name that is no group's. */
	snprintf(body, sizeof(body),
		"0009 8400 0000 0001 0000 0000 20 'CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' 00 0021 0001 "
		"00000000 0025 02 'WORKGROUP      ' 00 8400 'SOUMU-PC2      ' 00 0400");
	assert_string_equal(named(137, 137, body, true).host, "SOUMU-PC2");
	/* Datagrams name their sender. */
	snprintf(body, sizeof(body), "110a 0001 c0a80a28 008a 00bb 0000 %s", soumu);
	assert_string_equal(named(138, 138, body, true).host, "SOUMU-PC");
	named(137, 137, "0009 2910 0001 0000 0000 0001 20 'zz'", false);
	/* LLMNR: the answer, not the question. */
	n = named(5355, 40000,
		"0007 8000 0001 0001 0000 0000 05 'soumu' 00 0001 0001 "
		"05 'soumu' 00 0001 0001 0000001e 0004 c0a80a28",
		true);
	assert_string_equal(n.host, "soumu");
	assert_string_equal(
		named(5355, 5355, "0007 0000 0001 0000 0000 0000 05 'other' 00 0001 0001", true)
			.host,
		"");
	n = named(1900, 1900,
		"'NOTIFY * HTTP/1.1' 0d0a 'NTS: ssdp:alive' 0d0a "
		"'Server: Linux/3.14 UPnP/1.0 IpBridge/1.56' 0d0a0d0a",
		true);
	assert_string_equal(n.model, "Linux/3.14 UPnP/1.0 IpBridge/1.56");
	assert_string_equal(named(40000, 1900, "'M-SEARCH * HTTP/1.1' 0d0a0d0a", true).model, "");
}

static void tcp(void **state)
{
	struct nac_sight s = see(frame_tcp4(PC, "192.168.10.10",
		"c000 01bb 00000001 00000000 a002 faf0 0000 0000 "
		"020405b4 0402 080a 00000001 00000000 01 030307"));

	assert_int_equal(s.kind, NAC_SIGHT_SYN);
	assert_int_equal(s.tcp.dport, 443);
	assert_string_equal(s.tcp.sig, "64:mss,sok,ts,nop,ws7:df");
	/* Windows' order. */
	s = see(frame_tcp4(PC, "192.168.10.10",
		"c000 01bb 00000001 00000000 8002 faf0 0000 0000 020405b4 01 030308 01 01 0402"));
	assert_string_equal(s.tcp.sig, "64:mss,nop,ws8,nop,nop,sok:df");
	s = see(frame_tcp4(PC, "192.168.10.10", "238c c000 00000001 00000002 5012 faf0 0000 0000"));
	assert_int_equal(s.kind, NAC_SIGHT_SYNACK);
	assert_int_equal(s.tcp.sport, 9100);
	s = see(frame_tcp4(PC, "192.168.10.10", "238c c000 00000001 00000002 5010 faf0 0000 0000"));
	assert_int_equal(s.kind, NAC_SIGHT_OTHER);
	/* Options that reach past their header, or have no length. */
	s = see(frame_tcp4(PC, "192.168.10.10", "238c c000 00000001 00000002 6002 faf0 0000 0000"));
	assert_int_equal(s.kind, NAC_SIGHT_OTHER);
	s = see(frame_tcp4(
		PC, "192.168.10.10", "238c c000 00000001 00000002 6002 faf0 0000 0000 02000000"));
	assert_string_equal(s.tcp.sig, "64::df");
}

static void switches(void **state)
{
	struct nac_sight s = see(frame_from(PC, 0x88cc,
		"0207 04 001b21000010 0403 05 'p1' 0602 0078 0a05 'ap-2f' 0c08 'WAPM-123' "
		"0e04 0028 0008 0000"));

	assert_int_equal(s.kind, NAC_SIGHT_LINK);
	assert_false(s.malformed);
	assert_string_equal(s.link.name, "ap-2f");
	assert_string_equal(s.link.model, "WAPM-123");
	assert_int_equal(s.link.caps, NAC_LINK_AP);
	assert_true(see(frame_from(PC, 0x88cc, "0207 04 001b")).malformed);
	s = see(frame_from(PC, 0x0026, "424203 0000 02 02 00*31"));
	assert_int_equal(s.link.caps, NAC_LINK_BRIDGE);
	s = see(frame_from(PC, 0x002b,
		"aaaa03 00000c 2000 02b4 0000 0001 0008 'sw-1' 0004 0008 00000028 0006 0009 "
		"'C2960'"));
	assert_int_equal(s.kind, NAC_SIGHT_LINK);
	assert_int_equal(s.link.caps, NAC_LINK_BRIDGE);
	assert_string_equal(s.link.name, "sw-1");
	s = see(frame_from(PC, 0x0026, "aaaa03 00000c 010b 00*30"));
	assert_int_equal(s.link.caps, NAC_LINK_BRIDGE);
	assert_true(
		see(frame_from(PC, 0x002b, "aaaa03 00000c 2000 02b4 0000 0001 0003")).malformed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),
		cmocka_unit_test(frames),
		cmocka_unit_test(arp),
		cmocka_unit_test(dhcp4),
		cmocka_unit_test(dhcp4_overload),
		cmocka_unit_test(dhcp6),
		cmocka_unit_test(neighbours),
		cmocka_unit_test(hidden),
		cmocka_unit_test(mdns),
		cmocka_unit_test(windows_names),
		cmocka_unit_test(tcp),
		cmocka_unit_test(switches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
