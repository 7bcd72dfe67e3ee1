/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A worker with a blocklist and no rules: packets in; verdicts, answers and events out. */
#include "tests/unit/ips-lists/doc.h"

#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>

#include "ips/engine/engine.h"

#define CLIENT 0x0a000001u
#define SERVER 0x08080808u
#define T0 (1800000000ull * 1000000)

static const uint8_t seed[16] = "0123456789abcde";
static const uint8_t mac[6] = {2, 0, 0, 0, 0, 9};
static const struct doc_entry entries[] = {
	{SK_BL_ADDR4, "93.184.216.99", ALLOW},
	{SK_BL_SUFFIX, "evil.example", MALWARE},
	{SK_BL_SUFFIX, "fine.evil.example", ALLOW},
	{SK_BL_SUFFIX, "trial.example", TRIAL},
	{SK_BL_URL, "good.example/mal", MALWARE},
	{0},
};

struct rig {
	struct ips_state *state;
	struct ips_worker *w;
	struct ips_learned *learned;
	struct ips_lists *lists;
	char events[16384];
	unsigned answers, resets;
	struct ips_answer answer;
	uint8_t answer_data[512];
	const uint8_t *mac;
	uint32_t in_dev, out_dev;
	uint64_t now;
	uint32_t seq[2];
};

static void on_event(enum ips_event_kind kind, const struct ips_event_key *key, const char *json,
	size_t len, void *arg)
{
	struct rig *r = arg;
	size_t at = strlen(r->events);

	assert_true(at + len + 2 < sizeof(r->events));
	memcpy(r->events + at, json, len);
	memcpy(r->events + at + len, "\n", 2);
}

static void on_reset(
	const struct ips_flow *f, enum ips_dir dir, uint32_t seq, uint32_t ack, void *arg)
{
	((struct rig *)arg)->resets++;
}

static bool on_answer(const struct ips_answer *a, void *arg)
{
	struct rig *r = arg;

	r->answers++;
	r->answer = *a;
	assert_true(a->data.len <= sizeof(r->answer_data));
	memcpy(r->answer_data, a->data.data, a->data.len);
	return true;
}

static struct rig *rig_new(bool inline_mode)
{
	static const struct ips_worker_ops ops = {
		.event = on_event, .reset = on_reset, .answer = on_answer};
	struct rig *r = calloc(1, sizeof(*r));
	struct ips_state_config sc;
	struct ips_engine_config cfg;
	struct sk_err err = {0};

	assert_non_null(r);
	ips_state_config_default(&sc);
	r->state = ips_state_new(&sc, seed);
	ips_engine_config_default(&cfg, inline_mode);
	cfg.decoder.check_csum = false;
	cfg.flow.max = 256;
	cfg.stream.sessions = 256;
	cfg.stream.pool_bytes = 4u << 20;
	cfg.log = IPS_LOG_DROP;
	assert_int_equal(ips_worker_new(&r->w, &cfg, r->state, seed, &ops, r, &err), 0);
	r->learned = ips_learned_new(seed);
	r->lists = doc_lists(NULL, entries);
	ips_worker_lists(r->w, r->lists, r->learned);
	r->mac = mac;
	r->in_dev = 3;
	r->out_dev = 4;
	r->now = T0;
	return r;
}

static void rig_free(struct rig *r)
{
	ips_worker_free(r->w);
	ips_learned_free(r->learned);
	ips_lists_unref(r->lists);
	ips_state_free(r->state);
	free(r);
}

static struct ips_verdict send_ip(
	struct rig *r, uint8_t proto, uint32_t src, uint32_t dst, const void *l4, size_t n)
{
	uint8_t frame[2048];
	struct iphdr ip = {.version = 4,
		.ihl = 5,
		.ttl = 60,
		.protocol = proto,
		.tot_len = htons((uint16_t)(sizeof(ip) + n)),
		.saddr = htonl(src),
		.daddr = htonl(dst)};
	struct ips_meta meta = {.ts_us = r->now += 1000,
		.in_dev = r->in_dev,
		.out_dev = r->out_dev,
		.hw_src = r->mac};
	struct ips_verdict v;

	memcpy(frame, &ip, sizeof(ip));
	memcpy(frame + sizeof(ip), l4, n);
	r->events[0] = '\0';
	ips_worker_packet(r->w, IPS_LINK_RAW, (struct ips_view){frame, (uint32_t)(sizeof(ip) + n)},
		&meta, &v);
	return v;
}

static struct ips_verdict send_udp(struct rig *r, bool back, uint16_t port, const void *p, size_t n)
{
	uint8_t l4[1024];
	struct udphdr udp = {.source = htons(back ? 53 : port),
		.dest = htons(back ? port : 53),
		.len = htons((uint16_t)(sizeof(udp) + n))};

	memcpy(l4, &udp, sizeof(udp));
	memcpy(l4 + sizeof(udp), p, n);
	return send_ip(r, IPPROTO_UDP, back ? SERVER : CLIENT, back ? CLIENT : SERVER, l4,
		sizeof(udp) + n);
}

static size_t put_name(uint8_t *p, const char *name)
{
	size_t n = 0;

	while (*name) {
		size_t len = strcspn(name, ".");

		p[n++] = (uint8_t)len;
		memcpy(p + n, name, len);
		n += len;
		name += len + (name[len] == '.');
	}
	p[n++] = 0;
	return n;
}

static size_t query(uint8_t *p, const char *name)
{
	size_t n = 12;

	memcpy(p, "\x12\x34\1\0\0\1\0\0\0\0\0\0", 12);
	n += put_name(p + n, name);
	memcpy(p + n, "\0\1\0\1", 4);
	return n + 4;
}

static struct ips_verdict ask(struct rig *r, uint16_t port, const char *name)
{
	uint8_t msg[512];

	return send_udp(r, false, port, msg, query(msg, name));
}

/* The answer to name: a CNAME to target (NULL: none), then an address. */
static struct ips_verdict reply(
	struct rig *r, uint16_t port, const char *name, const char *target, uint32_t addr)
{
	uint8_t msg[512], to[256];
	size_t n = query(msg, name), len;

	msg[2] = 0x81;
	msg[3] = 0x80;
	msg[7] = target ? 2 : 1;
	if (target) {
		len = put_name(to, target);
		memcpy(msg + n, "\xc0\x0c\0\5\0\1\0\0\1\0\0", 11);
		msg[n + 11] = (uint8_t)len;
		memcpy(msg + n + 12, to, len);
		n += 12 + len;
		len = put_name(msg + n, target);
	} else {
		len = put_name(msg + n, name);
	}
	n += len;
	memcpy(msg + n, "\0\1\0\1\0\0\1\x2c\0\4", 10);
	addr = htonl(addr);
	memcpy(msg + n + 10, &addr, 4);
	return send_udp(r, true, port, msg, n + 14);
}

static void has(const struct rig *r, const char *text)
{
	if (!strstr(r->events, text))
		fail_msg("no %s in %s", text, r->events);
}

static void test_query(void **state)
{
	struct rig *r = rig_new(true);
	struct ips_verdict v = ask(r, 4000, "WWW.evil.example");

	assert_true(v.drop);
	assert_int_equal(v.mark, 0); /* the next query of this socket is another matter */
	assert_int_equal(r->answers, 1);
	assert_int_equal(r->answer.src.w[0], htonl(SERVER));
	assert_int_equal(r->answer.dst.w[0], htonl(CLIENT));
	assert_int_equal(r->answer.sport, 53);
	assert_int_equal(r->answer.dport, 4000);
	assert_int_equal(r->answer.dev, 3);
	assert_memory_equal(r->answer.mac, mac, 6);
	assert_int_equal(r->answer_data[3] & 15, 3);
	has(r, "\"event_type\":\"drop\"");
	has(r,
		"\"feed\":\"malware\",\"entry\":\"evil.example\",\"kind\":\"dns\","
		"\"name\":\"WWW.evil.example\",\"decision\":\"answered\"");
	v = ask(r, 4000, "www.good.example");
	assert_false(v.drop);
	assert_string_equal(r->events, "");
	v = ask(r, 4000, "fine.evil.example");
	assert_false(v.drop);
	v = ask(r, 4000, "x.trial.example");
	assert_false(v.drop);
	has(r, "\"event_type\":\"allow\"");
	has(r, "\"would_drop\":true");
	/* Who has no neighbour address is not answered. */
	r->mac = NULL;
	v = ask(r, 4001, "www.evil.example");
	assert_true(v.drop);
	assert_int_equal(r->answers, 1);
	has(r, "\"decision\":\"drop\",\"rejected\":false");
	rig_free(r);
}

static void test_beside_the_path(void **state)
{
	struct rig *r = rig_new(false);
	struct ips_verdict v = ask(r, 4000, "www.evil.example");

	assert_false(v.drop);
	assert_int_equal(r->answers, 0);
	has(r, "\"event_type\":\"allow\"");
	rig_free(r);
}

static struct ips_verdict syn(struct rig *r, uint32_t dst)
{
	struct tcphdr tcp = {.source = htons(5555), .dest = htons(80), .doff = 5, .syn = 1};

	return send_ip(r, IPPROTO_TCP, CLIENT, dst, &tcp, sizeof(tcp));
}

static void test_learned(void **state)
{
	const uint32_t addr = 0x5db8d822, allowed = 0x5db8d863;
	struct rig *r = rig_new(true);
	struct ips_verdict v;

	assert_false(ask(r, 4000, "late.example").drop);
	v = reply(r, 4000, "late.example", "host.evil.example", addr);
	assert_true(v.drop);
	assert_int_equal(r->answers, 1);
	assert_int_equal(r->answer.dst.w[0], htonl(CLIENT));
	assert_int_equal(r->answer.dport, 4000);
	has(r, "\"name\":\"host.evil.example\",\"decision\":\"answered\"");
	has(r,
		"\"action\":\"learned\",\"address\":\"93.184.216.34\",\"name\":\"host.evil."
		"example\","
		"\"feed\":\"malware\",\"ttl\":300");
	v = syn(r, addr);
	assert_true(v.drop && v.reject);
	assert_int_equal(v.mark, IPS_MARK_REJECT);
	has(r, "\"kind\":\"learned\"");
	/* An allowed address is not learned, nor one that an unlisted name has. */
	ask(r, 4001, "late.example");
	reply(r, 4001, "late.example", "host.evil.example", allowed);
	assert_null(strstr(r->events, "learned"));
	assert_false(syn(r, allowed).drop);
	ask(r, 4002, "cdn.example");
	assert_false(reply(r, 4002, "cdn.example", NULL, addr).drop);
	has(r, "\"action\":\"forgotten\",\"address\":\"93.184.216.34\"");
	/* What leads to an allowed name, and what an allowed name leads to. */
	ask(r, 4003, "a.example");
	assert_false(reply(r, 4003, "a.example", "fine.evil.example", addr + 1).drop);
	ask(r, 4004, "fine.evil.example");
	assert_false(reply(r, 4004, "fine.evil.example", "other.evil.example", addr + 2).drop);
	assert_int_equal(ips_learned_count(r->learned), 0);
	rig_free(r);
}

/* The gateway's resolver is asked: the client is told by us, whatever the resolver says. */
static void test_gateway_asked(void **state)
{
	struct rig *r = rig_new(true);

	r->out_dev = 0;
	assert_true(ask(r, 4000, "www.evil.example").drop);
	assert_int_equal(r->answers, 1);
	assert_int_equal(r->answer.dev, 3);
	assert_false(ask(r, 4001, "late.example").drop);
	r->in_dev = 0;
	r->out_dev = 3;
	r->mac = NULL;
	assert_true(reply(r, 4001, "late.example", "host.evil.example", 0x5db8d822).drop);
	assert_int_equal(r->answers, 2);
	assert_int_equal(r->answer.dev, 3);
	assert_memory_equal(r->answer.mac, mac, 6);
	rig_free(r);
}

/*
 * The gateway asks. It is told itself; a name that leads to a listed one it may know, since whoever
 * asked it is told instead; the addresses are learned all the same.
 */
static void test_gateway_asks(void **state)
{
	struct rig *r = rig_new(true);

	r->in_dev = 0;
	r->mac = NULL;
	assert_true(ask(r, 4000, "www.evil.example").drop);
	assert_int_equal(r->answers, 1);
	assert_int_equal(r->answer.dev, 0);
	assert_int_equal(r->answer.dst.w[0], htonl(CLIENT));
	has(r, "\"decision\":\"answered\"");
	assert_false(ask(r, 4001, "late.example").drop);
	r->in_dev = 4;
	r->out_dev = 0;
	assert_false(reply(r, 4001, "late.example", "host.evil.example", 0x5db8d822).drop);
	assert_int_equal(r->answers, 1);
	assert_null(strstr(r->events, "\"drop\""));
	has(r, "\"action\":\"learned\",\"address\":\"93.184.216.34\"");
	rig_free(r);
}

/* A list that is taken away, or does not have the name any more, blocks no learned address. */
static void test_list_gone(void **state)
{
	static const struct doc_entry other[] = {{SK_BL_SUFFIX, "other.example", MALWARE}, {0}};
	struct rig *r = rig_new(true);
	struct ips_lists *l = doc_lists(NULL, other);

	ask(r, 4000, "late.example");
	reply(r, 4000, "late.example", "host.evil.example", 0x5db8d822);
	ips_worker_lists(r->w, l, r->learned);
	assert_false(syn(r, 0x5db8d822).drop);
	assert_false(ask(r, 4001, "www.evil.example").drop);
	assert_true(ask(r, 4001, "www.other.example").drop);
	ips_worker_lists(r->w, NULL, r->learned);
	assert_false(ask(r, 4001, "www.other.example").drop);
	ips_lists_unref(l);
	rig_free(r);
}

static struct ips_verdict send_tcp(struct rig *r, bool back, uint8_t flags, const char *data)
{
	uint8_t l4[1500];
	size_t n = strlen(data);
	struct tcphdr tcp = {.source = htons(back ? 80 : 6000),
		.dest = htons(back ? 6000 : 80),
		.seq = htonl(r->seq[back]),
		.ack_seq = htonl(flags & TH_ACK ? r->seq[!back] : 0),
		.doff = 5,
		.window = htons(65000)};

	tcp.th_flags = flags;
	memcpy(l4, &tcp, sizeof(tcp));
	memcpy(l4 + sizeof(tcp), data, n);
	r->seq[back] += (uint32_t)n + (flags & TH_SYN ? 1 : 0);
	return send_ip(r, IPPROTO_TCP, back ? SERVER : CLIENT, back ? CLIENT : SERVER, l4,
		sizeof(tcp) + n);
}

static void connect_tcp(struct rig *r)
{
	r->seq[0] = 1000;
	r->seq[1] = 5000;
	assert_false(send_tcp(r, false, TH_SYN, "").drop);
	assert_false(send_tcp(r, true, TH_SYN | TH_ACK, "").drop);
	assert_false(send_tcp(r, false, TH_ACK, "").drop);
}

static void test_http(void **state)
{
	struct rig *r = rig_new(true);
	struct ips_verdict v;

	connect_tcp(r);
	v = send_tcp(r, false, TH_ACK, "GET / HTTP/1.1\r\nHost: good.example\r\n\r\n");
	assert_false(v.drop);
	/* The second request of the connection, cut in the middle of the name. */
	v = send_tcp(r, false, TH_ACK, "GET /x HTTP/1.1\r\nHost: www.ev");
	assert_false(v.drop);
	v = send_tcp(r, false, TH_ACK, "il.example\r\n\r\n");
	assert_true(v.drop && v.reject);
	assert_int_equal(v.mark, IPS_MARK_REJECT);
	assert_int_equal(r->resets, 1);
	has(r, "\"kind\":\"http\",\"name\":\"www.evil.example\",\"decision\":\"reject\"");
	/* What follows of it dies without another event. */
	v = send_tcp(r, false, TH_ACK, "GET / HTTP/1.1\r\nHost: good.example\r\n\r\n");
	assert_true(v.drop);
	assert_string_equal(r->events, "");
	/* The same ports once more are another connection. */
	r->seq[0] = 900000;
	r->seq[1] = 70000;
	assert_false(send_tcp(r, false, TH_SYN, "").drop);
	assert_false(send_tcp(r, true, TH_SYN | TH_ACK, "").drop);
	v = send_tcp(r, false, TH_ACK, "GET / HTTP/1.1\r\nHost: good.example\r\n\r\n");
	assert_false(v.drop);
	v = send_tcp(r, false, TH_ACK, "GET / HTTP/1.1\r\nHost: www.evil.example\r\n\r\n");
	assert_true(v.drop);
	rig_free(r);
}

/* Through a proxy outside the name is in the request line; and wherever else a request may name a
 * host. */
static void test_proxy(void **state)
{
	static const char *const requests[] = {
		"CONNECT www.evil.example:443 HTTP/1.1\r\nHost: proxy.example\r\n\r\n",
		"GET http://www.evil.example:8080/ HTTP/1.1\r\nHost: proxy.example\r\n\r\n",
		"GET http://good.example/ HTTP/1.1\r\nhost:www.evil.example:80\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: good.example\r\nHost: www.evil.example\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: www.evil.example\r\nHost: good.example\r\n\r\n"};

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		struct rig *r = rig_new(true);

		connect_tcp(r);
		if (!send_tcp(r, false, TH_ACK, requests[i]).drop)
			fail_msg("passed: %s", requests[i]);
		has(r, "\"kind\":\"http\",\"name\":\"www.evil.example\"");
		rig_free(r);
	}
}

static void test_url(void **state)
{
	static const char *const requests[] = {"GET /mal HTTP/1.1\r\nHost: Good.Example\r\n\r\n",
		"GET /mal?a=1 HTTP/1.1\r\nHost: good.example:80\r\n\r\n",
		"GET http://good.example/mal HTTP/1.1\r\nHost: good.example\r\n\r\n",
		"GET /mal HTTP/1.1\r\nHost: good.example.\r\n\r\n",
		"POST /%6d%61l HTTP/1.0\r\nHost: good.example\r\nContent-Length: 0\r\n\r\n"};

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		struct rig *r = rig_new(true);

		connect_tcp(r);
		if (!send_tcp(r, false, TH_ACK, requests[i]).drop)
			fail_msg("passed: %s", requests[i]);
		has(r, "\"entry\":\"good.example/mal\",\"kind\":\"url\"");
		rig_free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_beside_the_path),
		cmocka_unit_test(test_learned),
		cmocka_unit_test(test_gateway_asked),
		cmocka_unit_test(test_gateway_asks),
		cmocka_unit_test(test_list_gone),
		cmocka_unit_test(test_http),
		cmocka_unit_test(test_proxy),
		cmocka_unit_test(test_url),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
