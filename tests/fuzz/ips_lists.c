/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Blocklists in the engine. The first byte chooses: a document and questions to it; lines that are
 * made into a document, in which each must then be found; a query and its answer; a certificate;
 * datagrams of DNS and a stream of TCP, both ways, through a worker with a list.
 */
#include <arpa/inet.h>
#include <assert.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>

#include "ips/engine/engine.h"
#include "ips/proto/dns.h"
#include "ips/proto/dns_answer.h"
#include "ips/proto/tls_names.h"
#include "lib/util.h"

#define LINES 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t seed[16] = "fuzzfuzzfuzzfuz";

static void ask_all(const struct ips_lists *l, const char *s, size_t n)
{
	struct ips_lists_hit hit = {0};
	struct ips_addr a = {{0}};

	if (ips_lists_name(l, s, n, &hit))
		assert(hit.len <= n && memchr(hit.entry, 0, 0) == NULL);
	ips_lists_url(l, s, n, &hit);
	for (enum sk_bl_kind k = SK_BL_JA3; k < SK_BL_KINDS; k++)
		ips_lists_print(l, k, s, n, &hit);
	memcpy(a.w, s, SK_MIN(n, sizeof(a)));
	ips_lists_allows(l, 4, &a);
	ips_lists_allows(l, 6, &a);
}

/* "document \0 questions", a line each */
static void document(const char *p, size_t n)
{
	const char *cut = memchr(p, 0, n);
	size_t doc = cut ? (size_t)(cut - p) : n;
	struct ips_lists *l = NULL;

	if (ips_lists_new(&l, p, doc, seed, NULL) < 0)
		return;
	while (doc < n) {
		const char *q = p + doc + 1, *end = memchr(q, '\n', n - doc - 1);
		size_t len = end ? (size_t)(end - q) : n - doc - 1;

		ask_all(l, q, len);
		doc += len + 1;
	}
	ips_lists_unref(l);
}

struct line {
	enum sk_bl_kind kind;
	char value[SK_BL_VALUE_MAX + 1];
};

static int by_kind(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	return x->kind != y->kind ? (x->kind < y->kind ? -1 : 1) : strcmp(x->value, y->value);
}

static unsigned read_lines(struct line *list, const char *p, size_t n)
{
	unsigned k = 0;

	while (n && k < LINES) {
		const char *end = memchr(p, '\n', n);
		size_t len = end ? (size_t)(end - p) : n;
		struct line *x = &list[k];

		x->kind = SK_BL_DOMAIN +
			(unsigned)(len ? (uint8_t)p[0] : 0) % (SK_BL_KINDS - SK_BL_DOMAIN);
		if (len > 1 &&
			sk_bl_canonical(x->kind, p + 1, len - 1, x->value, sizeof(x->value)) > 0)
			k++;
		p += SK_MIN(len + 1, n);
		n -= SK_MIN(len + 1, n);
	}
	return k;
}

static bool found(const struct ips_lists *l, const struct line *x)
{
	struct ips_lists_hit hit = {0};
	size_t n = strlen(x->value);

	if (x->kind == SK_BL_DOMAIN || x->kind == SK_BL_SUFFIX)
		return ips_lists_name(l, x->value, n, &hit) == IPS_LISTS_BLOCK;
	if (x->kind == SK_BL_URL)
		return ips_lists_url(l, x->value, n, &hit) == IPS_LISTS_BLOCK;
	return ips_lists_print(l, x->kind, x->value, n, &hit) == IPS_LISTS_BLOCK && hit.len == n;
}

static void lines(const char *p, size_t n)
{
	struct line *list = calloc(LINES, sizeof(*list));
	json_t *head =
		json_pack("{s:i,s:[{s:s,s:b}]}", "generation", 1, "feeds", "name", "a", "block", 1);
	unsigned k = list ? read_lines(list, p, n) : 0;
	struct ips_lists *l = NULL;
	struct sk_bl_writer w;
	char sha256[65];
	struct sk_buf b;

	if (k)
		qsort(list, k, sizeof(*list), by_kind);
	sk_buf_init(&b, 1 << 20);
	assert(head && sk_bl_write_begin(&w, &b, head) == 0);
	for (unsigned i = 0; i < k; i++)
		if (i == 0 || by_kind(&list[i - 1], &list[i]) != 0)
			sk_bl_write(&w, list[i].kind, list[i].value, strlen(list[i].value), 0);
	assert(sk_bl_write_end(&w, sha256) == 0);
	assert(ips_lists_new(&l, b.data, b.len, seed, NULL) == 0);
	for (unsigned i = 0; i < k; i++)
		assert(found(l, &list[i]));
	ips_lists_unref(l);
	sk_buf_done(&b);
	json_decref(head);
	free(list);
}

/* What we answer can be read, and answers what was asked. */
static void query(const uint8_t *p, size_t n)
{
	const struct ips_addr a = {{1, 2, 3, 4}};
	const struct ips_dns_answer_how how = {
		.address = n & 1, .a = &a, .aaaa = n & 2 ? &a : NULL};
	uint8_t out[IPS_DNS_ANSWER_MAX];
	struct dns_msg m;
	uint32_t len = ips_dns_answer((struct ips_view){p, (uint32_t)n}, &how, out), at, k;
	char name[DNS_NAME_MAX + 1];
	struct dns_record r;
	int event = 0;

	if (!len)
		return;
	assert(len <= sizeof(out) && memcmp(out, p, 2) == 0);
	assert(dns_msg_parse(&m, out, len) && m.h.qdcount == 1);
	assert(memcmp(out + 12, p + 12, m.answers_at - 12) == 0);
	at = m.answers_at;
	for (unsigned i = 0; i < m.h.ancount + m.h.nscount + m.h.arcount + 0u; i++)
		assert(dns_record_next(&m, &at, name, &k, &r, &event));
	assert(at == len);
}

static bool on_name(struct ips_view name, void *arg)
{
	const struct ips_view *cert = arg;

	assert(name.len && name.data >= cert->data &&
		name.data + name.len <= cert->data + cert->len);
	ips_cert_name_covers(name, name);
	ips_cert_name_covers(name, *cert);
	return false;
}

static void on_event(enum ips_event_kind kind, const struct ips_event_key *key, const char *json,
	size_t len, void *arg)
{
	assert(len && json[0] == '{' && json[len - 1] == '}');
}

static bool on_answer(const struct ips_answer *a, void *arg)
{
	assert(a->data.len && a->data.len <= IPS_DNS_ANSWER_MAX);
	return true;
}

static struct ips_lists *own_list(void)
{
	static const char *const head =
		"{\"generation\":1,\"feeds\":[{\"name\":\"a\",\"block\":true},{\"name\":\"b\","
		"\"block\":false}]}";
	json_t *h = json_loads(head, 0, NULL);
	struct ips_lists *l = NULL;
	struct sk_bl_writer w;
	char sha256[65];
	struct sk_buf b;

	sk_buf_init(&b, 4096);
	assert(sk_bl_write_begin(&w, &b, h) == 0);
	sk_bl_write(&w, SK_BL_SUFFIX, "evil.ex", 7, 0);
	sk_bl_write(&w, SK_BL_SUFFIX, "fine.evil.ex", 12, SK_BL_ALLOW);
	sk_bl_write(&w, SK_BL_SUFFIX, "trial.ex", 8, 1);
	sk_bl_write(&w, SK_BL_URL, "a.ex/mal", 8, 0);
	sk_bl_write(&w, SK_BL_URL, "b.ex/mal", 8, 1);
	sk_bl_write(&w, SK_BL_JA3, "00000000000000000000000000000000", 32, 0);
	sk_bl_write(&w, SK_BL_CERT, "0000000000000000000000000000000000000000", 40, 0);
	assert(sk_bl_write_end(&w, sha256) == 0);
	assert(ips_lists_new(&l, b.data, b.len, seed, NULL) == 0);
	json_decref(h);
	sk_buf_done(&b);
	return l;
}

static void packet(struct ips_worker *w, bool back, uint8_t proto, const void *l4, size_t n)
{
	uint8_t f[sizeof(struct iphdr) + 2048];
	struct iphdr ip = {.version = 4, .ihl = 5, .ttl = 9, .protocol = proto};
	static const uint8_t mac[6] = {2};
	struct ips_meta meta = {.ts_us = 1800000000000000, .in_dev = 1, .hw_src = mac};
	struct ips_verdict v;

	ip.tot_len = htons((uint16_t)(sizeof(ip) + n));
	ip.saddr = htonl(back ? 0x08080808 : 0x0a000001);
	ip.daddr = htonl(back ? 0x0a000001 : 0x08080808);
	memcpy(f, &ip, sizeof(ip));
	memcpy(f + sizeof(ip), l4, n);
	ips_worker_packet(
		w, IPS_LINK_RAW, (struct ips_view){f, (uint32_t)(sizeof(ip) + n)}, &meta, &v);
}

static void datagram(struct ips_worker *w, bool back, const uint8_t *p, size_t n)
{
	uint8_t l4[sizeof(struct udphdr) + 1024];
	struct udphdr udp = {.source = htons(back ? 53 : 999), .dest = htons(back ? 999 : 53)};

	n = SK_MIN(n, 1024);
	udp.len = htons((uint16_t)(sizeof(udp) + n));
	memcpy(l4, &udp, sizeof(udp));
	memcpy(l4 + sizeof(udp), p, n);
	packet(w, back, IPPROTO_UDP, l4, sizeof(udp) + n);
}

struct conn {
	uint32_t seq[2];
};

static void segment(
	struct ips_worker *w, struct conn *c, bool back, uint8_t flags, struct ips_view data)
{
	uint8_t l4[sizeof(struct tcphdr) + 1024];
	struct tcphdr tcp = {.th_sport = htons(back ? 80 : 888),
		.th_dport = htons(back ? 888 : 80),
		.th_seq = htonl(c->seq[back]),
		.th_ack = htonl(flags & TH_ACK ? c->seq[!back] : 0),
		.th_off = 5,
		.th_flags = flags,
		.th_win = htons(60000)};

	data.len = SK_MIN(data.len, 1024);
	memcpy(l4, &tcp, sizeof(tcp));
	if (data.len)
		memcpy(l4 + sizeof(tcp), data.data, data.len);
	c->seq[back] += data.len + (flags & TH_SYN ? 1 : 0);
	packet(w, back, IPPROTO_TCP, l4, sizeof(tcp) + data.len);
}

static void stream(struct ips_worker *w, struct conn *c, bool back, struct ips_view data)
{
	const struct ips_view none = {NULL, 0};

	if (c->seq[0] == 0) {
		c->seq[0] = c->seq[1] = 100;
		segment(w, c, false, TH_SYN, none);
		segment(w, c, true, TH_SYN | TH_ACK, none);
		segment(w, c, false, TH_ACK, none);
	}
	segment(w, c, back, TH_ACK | TH_PUSH, data);
}

/* Each: direction and kind, length (two bytes), what is sent. */
static void worker(const uint8_t *p, size_t n)
{
	static const struct ips_worker_ops ops = {.event = on_event, .answer = on_answer};
	struct ips_lists *l = own_list();
	struct ips_learned *learned = ips_learned_new(seed);
	struct ips_engine_config cfg;
	struct ips_state_config sc;
	struct ips_state *state;
	struct ips_worker *w = NULL;
	struct conn conn = {{0}};

	ips_state_config_default(&sc);
	sc.hosts = sc.thresholds = 64;
	state = ips_state_new(&sc, seed);
	ips_engine_config_default(&cfg, true);
	cfg.flow.max = cfg.stream.sessions = cfg.detect.flows = 64;
	cfg.stream.pool_bytes = 1 << 20;
	cfg.ring_bytes = 0;
	assert(ips_worker_new(&w, &cfg, state, seed, &ops, NULL, NULL) == 0);
	ips_worker_lists(w, l, learned);
	while (n > 3) {
		size_t len = SK_MIN((size_t)p[1] << 8 | p[2], n - 3);

		if (p[0] & 2)
			stream(w, &conn, p[0] & 1, (struct ips_view){p + 3, (uint32_t)len});
		else
			datagram(w, p[0] & 1, p + 3, len);
		p += 3 + len;
		n -= 3 + len;
	}
	ips_worker_free(w);
	ips_learned_free(learned);
	ips_lists_unref(l);
	ips_state_free(state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ips_view rest = {data + 1, (uint32_t)size - 1};

	if (size < 2)
		return 0;
	switch (data[0] % 5) {
	case 0: document((const char *)rest.data, rest.len); break;
	case 1: lines((const char *)rest.data, rest.len); break;
	case 2: query(rest.data, rest.len); break;
	case 3: ips_cert_names(rest, on_name, &rest); break;
	default: worker(rest.data, rest.len); break;
	}
	return 0;
}
