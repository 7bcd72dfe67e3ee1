/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames for tests; see frames.h. */
#include "tests/unit/nac-observe/frames.h"

static unsigned digit(char c)
{
	const char *digits = "0123456789abcdef", *d = strchr(digits, c);

	assert_true(c && d);
	return (unsigned)(d - digits);
}

struct frame frame_hex(const char *text)
{
	struct frame f = {.len = 0};

	for (const char *p = text; *p;) {
		if (*p == ' ') {
			p++;
			continue;
		}
		if (*p == '\'') {
			for (p++; *p != '\''; p++)
				f.b[f.len++] = (uint8_t)*p;
			p++;
			continue;
		}
		if (*p == '*') {
			char *end;
			unsigned long n = strtoul(p + 1, &end, 10);

			assert_true(f.len > 0 && f.len + n < FRAME_MAX);
			for (; n > 1; n--, f.len++)
				f.b[f.len] = f.b[f.len - 1];
			p = end;
			continue;
		}
		f.b[f.len++] = (uint8_t)(digit(p[0]) << 4 | digit(p[1]));
		p += 2;
	}
	return f;
}

struct nac_mac mac_of(const char *text)
{
	struct nac_mac m;

	assert_int_equal(nac_mac_parse(text, &m), 0);
	return m;
}

struct nac_ip ip_of(const char *text)
{
	struct nac_ip ip;

	assert_int_equal(nac_ip_parse(text, &ip), 0);
	return ip;
}

static void put(struct frame *f, const void *p, size_t n)
{
	memcpy(f->b + f->len, p, n);
	f->len += n;
}

static void put16(struct frame *f, unsigned v)
{
	const uint8_t b[2] = {(uint8_t)(v >> 8), (uint8_t)v};

	put(f, b, 2);
}

static void put_frame(struct frame *f, const struct frame *body)
{
	put(f, body->b, body->len);
}

static struct frame ethernet(const char *mac, uint16_t type)
{
	struct frame f = frame_hex("ffffffffffff");
	struct nac_mac m = mac_of(mac);

	put(&f, m.b, 6);
	put16(&f, type);
	return f;
}

struct frame frame_from(const char *mac, uint16_t type, const char *body)
{
	struct frame f = ethernet(mac, type), b = frame_hex(body);

	put_frame(&f, &b);
	return f;
}

static struct frame ip4(const char *mac, const char *from, uint8_t proto, size_t len)
{
	struct frame f = ethernet(mac, 0x0800);
	struct nac_ip ip = {.family = 0};
	const uint8_t rest[] = {0, 1, 0x40, 0, 64, proto, 0, 0};

	if (strcmp(from, "0.0.0.0") != 0)
		ip = ip_of(from);
	put16(&f, 0x4500);
	put16(&f, (unsigned)(20 + len));
	put(&f, rest, sizeof(rest));
	put(&f, ip.a, 4);
	put(&f, "\xff\xff\xff\xff", 4);
	return f;
}

struct frame frame_udp4(
	const char *mac, const char *from, uint16_t sport, uint16_t dport, const char *body)
{
	struct frame b = frame_hex(body), f = ip4(mac, from, 17, 8 + b.len);

	put16(&f, sport);
	put16(&f, dport);
	put16(&f, (unsigned)(8 + b.len));
	put16(&f, 0);
	put_frame(&f, &b);
	return f;
}

struct frame frame_tcp4(const char *mac, const char *from, const char *tcp)
{
	struct frame b = frame_hex(tcp), f = ip4(mac, from, 6, b.len);

	put_frame(&f, &b);
	return f;
}

struct frame frame_icmp6(const char *mac, const char *from, const char *body)
{
	struct frame b = frame_hex(body), f = ethernet(mac, 0x86dd), head = frame_hex("60000000");
	struct nac_ip src = ip_of(from), dst = ip_of("ff02::1");
	const uint8_t next[] = {58, 255};

	put_frame(&f, &head);
	put16(&f, (unsigned)b.len);
	put(&f, next, 2);
	put(&f, src.a, 16);
	put(&f, dst.a, 16);
	put_frame(&f, &b);
	return f;
}

struct frame frame_arp(
	const char *mac, unsigned op, const char *sha, const char *spa, const char *tpa)
{
	struct frame f = ethernet(mac, 0x0806), head = frame_hex("0001080006 04");
	struct nac_mac m = mac_of(sha), zero = {{0}};
	struct nac_ip s = {.family = 0}, t = ip_of(tpa);

	if (strcmp(spa, "0.0.0.0") != 0)
		s = ip_of(spa);
	put_frame(&f, &head);
	put16(&f, op);
	put(&f, m.b, 6);
	put(&f, s.a, 4);
	put(&f, zero.b, 6);
	put(&f, t.a, 4);
	return f;
}

struct frame frame_dhcp(
	const char *mac, const char *from, unsigned op, const char *client, const char *options)
{
	char body[2048], text[NAC_MAC_TEXT];
	struct nac_mac m = mac_of(client);
	int n;

	nac_mac_format(&m, text);
	n = snprintf(body, sizeof(body),
		"%02x010600 00000007 00008000 00000000 %s 00*8 %.2s%.2s%.2s%.2s%.2s%.2s00*10 "
		"00*192 "
		"63825363 %s",
		op, op == 2 ? "c0a80a63" : "00000000", text, text + 3, text + 6, text + 9,
		text + 12, text + 15, options);
	assert_true(n > 0 && (size_t)n < sizeof(body));
	return frame_udp4(mac, from, op == 2 ? 67 : 68, op == 2 ? 68 : 67, body);
}
