/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Isolation: who is never touched; what is said to whom, when, how often; and that it is taken
 * back. */
#include "tests/unit/nac-observe/frames.h"

#include "nac/observe/forge.h"
#include "nac/observe/isolate.h"

#define SEC INT64_C(1000000)
#define PC "00:1b:21:00:00:10"
#define PRN "00:00:74:00:00:20"
#define BAD "00:1b:21:00:00:66"
#define BAD2 "00:1b:21:00:00:67"
#define GW "02:00:00:00:00:01"
#define SINK "02:5e:6b:00:00:01"

enum { LOG = 8192 };

struct said {
	struct nac_mac to, mac;
	struct nac_ip ip;
};

struct rig {
	struct nac_iso *iso;
	int64_t now;
	struct said log[LOG];
	size_t n, total;
};

/* What is sent must itself be a frame the parsers read back as meant. */
static void on_send(void *arg, const uint8_t *p, size_t len)
{
	struct rig *r = arg;
	struct nac_sight s;
	struct nac_mac sink = mac_of(SINK);
	struct said *x = &r->log[r->n % LOG];

	r->n++;
	r->total++;
	assert_true(nac_sight_parse(p, len, &s));
	assert_false(s.malformed);
	assert_true(nac_mac_equal(&s.src, &sink));
	assert_false(nac_mac_is_group(&s.dst)); /* one at a time, never to everybody */
	x->to = s.dst;
	if (s.kind == NAC_SIGHT_ARP) {
		assert_int_equal(s.arp.op, 2);
		assert_true(nac_mac_equal(&s.arp.sha, &s.arp.tha));
		assert_true(nac_ip_equal(&s.arp.spa, &s.arp.tpa));
		x->mac = s.arp.sha;
		x->ip = s.arp.spa;
	} else {
		assert_int_equal(s.kind, NAC_SIGHT_NA);
		assert_true(s.nd.flags & 0x20);
		x->mac = s.nd.mac;
		x->ip = s.nd.target;
	}
}

static struct rig *rig(uint32_t frames_per_s)
{
	static struct rig r;
	struct nac_iso_config cfg = {.frames_per_s = frames_per_s, .arg = &r, .send = on_send};
	struct nac_mac gw = mac_of(GW), sink = mac_of(SINK);

	memset(&r, 0, sizeof(r));
	r.now = 100 * SEC;
	r.iso = nac_iso_new(&cfg);
	assert_non_null(r.iso);
	nac_iso_self(r.iso, &gw, &sink);
	return &r;
}

static void bind_to(struct rig *r, const char *ip, const char *mac)
{
	struct nac_ip i = ip_of(ip);
	struct nac_mac m = {{0}};

	if (mac)
		m = mac_of(mac);
	nac_iso_binding(r->iso, &i, mac ? &m : NULL, mac && strcmp(mac, GW) == 0, r->now);
}

static void begin(struct rig *r, const char *mac)
{
	struct nac_mac m = mac_of(mac);

	assert_int_equal(nac_iso_begin(r->iso, &m, r->now), 0);
}

static void end(struct rig *r, const char *mac)
{
	struct nac_mac m = mac_of(mac);

	nac_iso_end(r->iso, &m, r->now);
}

static void run(struct rig *r, int ms)
{
	for (int i = 0; i < ms; i += 50) {
		r->now += 50000;
		nac_iso_tick(r->iso, r->now);
	}
}

/* How often to was told that ip is at mac. */
static unsigned told(const struct rig *r, const char *to, const char *ip, const char *mac)
{
	struct nac_mac t = mac_of(to), m = mac_of(mac);
	struct nac_ip i = ip_of(ip);
	unsigned n = 0;

	for (size_t k = 0; k < r->n && k < LOG; k++)
		n += nac_mac_equal(&r->log[k].to, &t) && nac_mac_equal(&r->log[k].mac, &m) &&
			nac_ip_equal(&r->log[k].ip, &i);
	return n;
}

static void office(struct rig *r)
{
	bind_to(r, "192.168.10.1", GW);
	bind_to(r, "2001:db8:10::1", GW);
	bind_to(r, "192.168.10.10", PC);
	bind_to(r, "2001:db8:10::10", PC);
	bind_to(r, "192.168.10.20", PRN);
	bind_to(r, "192.168.10.66", BAD);
	bind_to(r, "2001:db8:10::66", BAD);
}

static void journal_first(void **state)
{
	struct rig *r = rig(0);

	office(r);
	assert_false(nac_iso_dirty(r->iso));
	begin(r, BAD);
	assert_true(nac_iso_dirty(r->iso));
	run(r, 2000);
	assert_int_equal(r->total, 0);
	end(r, BAD); /* nothing was said, so nothing is to be taken back */
	run(r, 1000);
	assert_int_equal(r->total, 0);
	begin(r, BAD);
	nac_iso_journaled(r->iso);
	run(r, 100);
	assert_true(r->total > 0);
	/* A neighbour that came later is not spoken to before it is written down too. */
	bind_to(r, "192.168.10.30", "00:1b:21:00:00:30");
	run(r, 1000);
	assert_int_equal(told(r, "00:1b:21:00:00:30", "192.168.10.66", SINK), 0);
	nac_iso_journaled(r->iso);
	run(r, 1000);
	assert_true(told(r, "00:1b:21:00:00:30", "192.168.10.66", SINK) > 0);
	nac_iso_free(r->iso);
}

static void what_is_said(void **state)
{
	struct rig *r = rig(0);
	struct nac_mac gw = mac_of(GW), pc = mac_of(PC), bad = mac_of(BAD);

	office(r);
	begin(r, BAD);
	nac_iso_journaled(r->iso);
	run(r, 2000);
	assert_in_range(told(r, BAD, "192.168.10.10", SINK), 3, 6); /* twice a second */
	assert_true(told(r, BAD, "192.168.10.1", SINK) >= 3);
	assert_true(told(r, BAD, "2001:db8:10::10", SINK) >= 3);
	assert_true(told(r, PC, "192.168.10.66", SINK) >= 3);
	assert_true(told(r, PC, "2001:db8:10::66", SINK) >= 3);
	assert_true(told(r, PRN, "192.168.10.66", SINK) >= 3);
	for (size_t i = 0; i < r->n; i++) {
		struct said *x = &r->log[i];
		struct nac_ip v4 = ip_of("192.168.10.66"), v6 = ip_of("2001:db8:10::66");

		/* The gateway is told nothing; others only of the one that is cut off. */
		assert_false(nac_mac_equal(&x->to, &gw));
		if (!nac_mac_equal(&x->to, &bad))
			assert_true(nac_ip_equal(&x->ip, &v4) || nac_ip_equal(&x->ip, &v6));
	}
	/* Whoever asks everybody is answered at once and twice more, after the truth. */
	r->n = 0;
	nac_iso_asked(r->iso, &pc, &(struct nac_ip){4, {192, 168, 10, 66}}, r->now);
	assert_int_equal(told(r, PC, "192.168.10.66", SINK), 1);
	run(r, 250);
	assert_true(told(r, PC, "192.168.10.66", SINK) >= 3);
	r->n = 0;
	nac_iso_asked(r->iso, &pc, &(struct nac_ip){4, {192, 168, 10, 20}}, r->now);
	assert_int_equal(r->n, 0);
	nac_iso_free(r->iso);
}

static void taken_back(void **state)
{
	struct rig *r = rig(0);

	office(r);
	begin(r, BAD);
	nac_iso_journaled(r->iso);
	run(r, 1000);
	r->n = 0;
	end(r, BAD);
	/* Before a tick has passed. */
	assert_int_equal(told(r, PC, "192.168.10.66", BAD), 1);
	assert_int_equal(told(r, PRN, "192.168.10.66", BAD), 1);
	assert_int_equal(told(r, PC, "2001:db8:10::66", BAD), 1);
	assert_int_equal(told(r, BAD, "192.168.10.10", PC), 1);
	assert_int_equal(told(r, BAD, "192.168.10.1", GW), 1);
	assert_int_equal(told(r, BAD, "2001:db8:10::1", GW), 1);
	assert_true(nac_iso_restoring(r->iso));
	run(r, 2000);
	assert_int_equal(told(r, PC, "192.168.10.66", BAD), 3);
	assert_int_equal(told(r, PC, "192.168.10.66", SINK), 0);
	assert_false(nac_iso_restoring(r->iso));
	nac_iso_free(r->iso);
}

/* A permitted device's address is given back as soon as it speaks; a contested one is let be. */
static void stolen(void **state)
{
	struct rig *r = rig(0);

	office(r);
	begin(r, BAD);
	bind_to(r, "192.168.10.30", BAD); /* while its holder was asleep */
	nac_iso_journaled(r->iso);
	run(r, 1000);
	assert_true(told(r, PC, "192.168.10.30", SINK) > 0);
	r->n = 0;
	bind_to(r, "192.168.10.30", PRN);
	bind_to(r, "192.168.10.30", NULL);
	run(r, 2000);
	assert_int_equal(told(r, PC, "192.168.10.30", SINK), 0);
	assert_int_equal(told(r, PC, "192.168.10.30", PRN), 3);
	/* The gateway's address is never another's. */
	bind_to(r, "192.168.10.1", BAD);
	nac_iso_journaled(r->iso);
	run(r, 1000);
	assert_int_equal(told(r, PC, "192.168.10.1", SINK), 0);
	nac_iso_free(r->iso);
}

static void two_targets(void **state)
{
	struct rig *r = rig(0);

	office(r);
	bind_to(r, "192.168.10.67", BAD2);
	begin(r, BAD);
	begin(r, BAD2);
	nac_iso_journaled(r->iso);
	run(r, 1000);
	assert_true(told(r, BAD, "192.168.10.67", SINK) > 0);
	assert_true(told(r, BAD2, "192.168.10.66", SINK) > 0);
	r->n = 0;
	end(r, BAD);
	run(r, 1000);
	/* Released, it hears of everybody but the one that is still cut off. */
	assert_true(told(r, BAD, "192.168.10.10", PC) > 0);
	assert_int_equal(told(r, BAD, "192.168.10.67", BAD2), 0);
	assert_true(told(r, BAD, "192.168.10.67", SINK) > 0);
	nac_iso_free(r->iso);
}

static void limited(void **state)
{
	struct rig *r = rig(100);
	char ip[24], mac[NAC_MAC_TEXT];
	struct nac_mac m;

	bind_to(r, "192.168.10.66", BAD);
	for (unsigned i = 0; i < 600; i++) {
		snprintf(ip, sizeof(ip), "192.168.%u.%u", 11 + i / 200, i % 200 + 1);
		snprintf(mac, sizeof(mac), "00:1b:22:00:%02x:%02x", i >> 8, i & 255);
		bind_to(r, ip, mac);
	}
	begin(r, BAD);
	nac_iso_journaled(r->iso);
	run(r, 10000);
	/* A second's worth at once, then 100 a second; every neighbour has its turn. */
	assert_in_range(r->total, 1000, 1110);
	assert_true(told(r, "00:1b:22:00:00:00", "192.168.10.66", SINK) > 0);
	assert_true(told(r, "00:1b:22:00:01:20", "192.168.10.66", SINK) > 0);
	for (unsigned i = 0; i < NAC_ISO_TARGETS - 1; i++) {
		snprintf(mac, sizeof(mac), "00:1b:23:00:00:%02x", i);
		begin(r, mac);
	}
	m = mac_of("00:1b:23:00:01:00");
	assert_int_equal(nac_iso_begin(r->iso, &m, r->now), -ENOSPC);
	assert_int_equal(nac_iso_targets(r->iso), NAC_ISO_TARGETS);
	nac_iso_end_all(r->iso, r->now);
	run(r, 60000);
	assert_false(nac_iso_restoring(r->iso));
	assert_true(told(r, "00:1b:22:00:01:20", "192.168.10.66", BAD) > 0);
	nac_iso_free(r->iso);
}

static void after_a_crash(void **state)
{
	struct rig *r = rig(0);
	struct sk_buf b;
	struct sk_err err = {.code = 0};

	office(r);
	begin(r, BAD);
	sk_buf_init(&b, 65536);
	nac_iso_journal(r->iso, &b);
	nac_iso_free(r->iso);
	r = rig(0);
	bind_to(r, "192.168.10.1", GW);
	bind_to(r, "192.168.10.20", "00:00:74:00:00:21"); /* seen before the journal was read */
	assert_int_equal(nac_iso_recover(r->iso, sk_buf_str(&b), b.len, r->now, &err), 0);
	run(r, 2000);
	assert_int_equal(told(r, PC, "192.168.10.66", BAD), 3);
	assert_int_equal(told(r, PC, "2001:db8:10::66", BAD), 3);
	assert_int_equal(told(r, BAD, "192.168.10.10", PC), 3);
	assert_int_equal(told(r, BAD, "192.168.10.1", GW), 3);
	assert_int_equal(told(r, BAD, "192.168.10.20", "00:00:74:00:00:21"), 3);
	assert_int_equal(told(r, BAD, "192.168.10.20", PRN), 0);
	assert_int_equal(nac_iso_targets(r->iso), 0);
	/* Then nothing is owed any more. */
	assert_true(nac_iso_dirty(r->iso));
	sk_buf_reset(&b);
	nac_iso_journal(r->iso, &b);
	assert_string_equal(sk_buf_str(&b), "{\"bindings\":[],\"targets\":[]}");
	sk_buf_done(&b);
	nac_iso_free(r->iso);
}

static void bad_journals(void **state)
{
	static const char *const bad[] = {"", "[]", "{}", "{\"bindings\":[]}",
		"{\"bindings\":{},\"targets\":[]}", "{\"bindings\":[1],\"targets\":[]}",
		"{\"bindings\":[[\"192.168.10.1\"]],\"targets\":[]}",
		"{\"bindings\":[[\"x\",\"00:1b:21:00:00:10\",false]],\"targets\":[]}",
		"{\"bindings\":[],\"targets\":[\"x\"]}", "{\"bindings\":[],\"targets\":[1]}"};
	struct rig *r = rig(0);

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sk_err err = {.code = 0};

		assert_true(nac_iso_recover(r->iso, bad[i], strlen(bad[i]), r->now, &err) < 0);
		assert_true(err.en[0]);
	}
	assert_int_equal(r->total, 0);
	nac_iso_free(r->iso);
}

static void spared(void **state)
{
	struct nac_device d = {.roles = 0};
	const struct nac_spare_facts fine = {.admitted_here = 5, .isolated = 1, .max_isolated = 4};
	struct nac_spare_facts f = fine;
	static const struct {
		uint16_t role;
		enum nac_spare why;
	} roles[] = {{NAC_ROLE_DHCP_SERVER, NAC_SPARE_DHCP_SERVER},
		{NAC_ROLE_ROUTER, NAC_SPARE_ROUTER}, {NAC_ROLE_BRIDGE, NAC_SPARE_BRIDGE},
		{NAC_ROLE_ACCESS_POINT, NAC_SPARE_ACCESS_POINT},
		{NAC_ROLE_VIRTUAL_ROUTER, NAC_SPARE_VIRTUAL_ROUTER},
		{NAC_ROLE_MANY_ADDRESSES, NAC_SPARE_MANY_ADDRESSES}};

	assert_int_equal(nac_spare_why(&d, &f), NAC_SPARE_NO);
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		d.roles = roles[i].role;
		assert_int_equal(nac_spare_why(&d, &f), roles[i].why);
		assert_true(nac_spare_is_notable(roles[i].why));
	}
	d.roles = 0;
#define FACT(field, value, expected)                                                               \
	f = fine;                                                                                  \
	f.field = value;                                                                           \
	assert_int_equal(nac_spare_why(&d, &f), expected)
	FACT(off, true, NAC_SPARE_OFF);
	FACT(admitted, true, NAC_SPARE_ADMITTED);
	FACT(undecided, true, NAC_SPARE_UNDECIDED);
	FACT(own, true, NAC_SPARE_OWN);
	FACT(infrastructure, true, NAC_SPARE_INFRASTRUCTURE);
	FACT(listed, true, NAC_SPARE_LISTED);
	FACT(admitted_here, 0, NAC_SPARE_NOBODY_ADMITTED);
	FACT(isolated, 4, NAC_SPARE_LIMIT);
	FACT(observing, true, NAC_SPARE_OBSERVING);
	FACT(settling, true, NAC_SPARE_SETTLING);
#undef FACT
	/* Being observed does not hide a reason that will hold afterwards. */
	f.observing = true;
	d.roles = NAC_ROLE_ACCESS_POINT;
	assert_int_equal(nac_spare_why(&d, &f), NAC_SPARE_ACCESS_POINT);
	assert_false(nac_spare_is_notable(NAC_SPARE_ADMITTED));
	for (int i = NAC_SPARE_NO; i <= NAC_SPARE_SETTLING; i++)
		assert_string_not_equal(nac_spare_text((enum nac_spare)i), "");
}

/* RFC 4443's checksum, by a frame worked out by hand and by its own rule. */
static void forged_bytes(void **state)
{
	uint8_t p[NAC_FORGE_MAX];
	struct nac_forge f = {.from = mac_of(SINK),
		.to = mac_of(PC),
		.mac = mac_of(SINK),
		.ip = ip_of("fe80::1"),
		.router = true};
	struct nac_ip own = ip_of("fe80::1"), v4 = ip_of("192.168.10.1"),
		      ask = ip_of("192.168.10.9");
	struct nac_mac gw = mac_of(GW);
	size_t len = nac_forge(&f, p);
	uint32_t sum = 58 + 32;

	assert_int_equal(len, 86);
	for (size_t i = 14 + 8; i < len; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	assert_int_equal(sum, 0xffff);
	assert_int_equal(p[14 + 40 + 4], 0xa0);
	assert_int_equal(p[14 + 7], 255);
	assert_int_equal(nac_forge_echo_all(&gw, &own, p), 62);
	assert_memory_equal(p, "\x33\x33\0\0\0\1\2\0\0\0\0\1\x86\xdd", 14);
	assert_int_equal(nac_forge_arp_ask(&gw, &v4, &ask, p), 60);
	assert_memory_equal(p + 38, "\xc0\xa8\x0a\x09", 4);
	assert_memory_equal(p + 28, "\xc0\xa8\x0a\x01", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(journal_first),
		cmocka_unit_test(what_is_said),
		cmocka_unit_test(taken_back),
		cmocka_unit_test(stolen),
		cmocka_unit_test(two_targets),
		cmocka_unit_test(limited),
		cmocka_unit_test(after_a_crash),
		cmocka_unit_test(bad_journals),
		cmocka_unit_test(spared),
		cmocka_unit_test(forged_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
