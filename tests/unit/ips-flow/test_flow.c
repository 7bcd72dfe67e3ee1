/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flow table: which packets belong together, in which direction, for how long, and who goes
 * first when it is full.
 */
#include "tests/unit/lib/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <time.h>

#include "ips/flow/flow.h"
#include "ips/flow/siphash.h"

#define SECOND 1000000ULL

static const uint8_t seed[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

struct gone {
	unsigned n;
	uint64_t last_id;
	unsigned by_state[3];
};

static void on_gone(struct ips_flow *f, void *arg)
{
	struct gone *g = arg;

	g->n++;
	g->last_id = f->id;
	g->by_state[f->state]++;
}

static struct ips_flow_table *table(uint32_t max, struct gone *g)
{
	struct ips_flow_config cfg;

	ips_flow_config_default(&cfg);
	cfg.max = max;
	memset(g, 0, sizeof(*g));
	return ips_flow_table_new(&cfg, seed, on_gone, g);
}

static struct ips_packet packet(
	uint8_t proto, uint32_t src, uint16_t sport, uint32_t dst, uint16_t dport)
{
	struct ips_packet p = {
		.family = 4,
		.proto = proto,
		.sport = sport,
		.dport = dport,
		.ts_us = 1000 * SECOND,
		.l4 = {.data = (const uint8_t *)"", .len = 60},
		.frame = {.data = (const uint8_t *)"", .len = 100},
	};

	p.src.w[0] = htonl(src);
	p.dst.w[0] = htonl(dst);
	if (proto == IPPROTO_TCP) {
		p.tcp.hlen = 20;
		p.tcp.flags = IPS_TCP_SYN;
		p.tcp.seq = 1000;
	}
	return p;
}

static struct ips_packet reversed(const struct ips_packet *p)
{
	struct ips_packet r = *p;

	r.src = p->dst;
	r.dst = p->src;
	r.sport = p->dport;
	r.dport = p->sport;
	r.flags = 0;
	return r;
}

static void siphash_vectors(void **state)
{
	/* The reference's vectors for 0, 8, 16 and 24 bytes of 00 01 02 … under key 00 … 0f. */
	static const uint64_t want[] = {0x726fdb47dd0e0e31ULL, 0x93f5f5799a932462ULL,
		0x3f2acc7f57c29bdbULL, 0xa9d5fe1be4b5fb2cULL};
	const struct ips_sipkey key = {0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL};
	uint64_t w[3];

	for (unsigned i = 0; i < 24; i++)
		((uint8_t *)w)[i] = (uint8_t)i;
	for (unsigned n = 0; n < 3; n++)
		assert_int_equal(ips_siphash(&key, w, n), want[n]);
}

static void both_directions_are_one_flow(void **state)
{
	struct gone g;
	struct ips_flow_table *t = table(100, &g);
	struct ips_packet p = packet(IPPROTO_UDP, 0x0a000001, 4000, 0x0a000002, 53);
	struct ips_packet r = reversed(&p), other = p;
	struct ips_flow *f = ips_flow_get(t, &p);

	assert_non_null(f);
	assert_int_equal(p.dir, IPS_TOSERVER);
	assert_false(p.flags & IPS_PKT_ESTABLISHED);
	assert_int_equal(f->state, IPS_FLOW_NEW);
	assert_ptr_equal(ips_flow_get(t, &r), f);
	assert_int_equal(r.dir, IPS_TOCLIENT);
	/* The first answer establishes, and is already part of an established flow. */
	assert_true(r.flags & IPS_PKT_ESTABLISHED);
	assert_int_equal(f->state, IPS_FLOW_ESTABLISHED);
	assert_int_equal(f->pkts[0], 1);
	assert_int_equal(f->pkts[1], 1);
	assert_int_equal(f->bytes[1], 100);
	assert_ptr_equal(ips_flow_by_id(t, f->id), f);
	other.vlan_n = 1;
	other.vlan[0] = 7;
	assert_ptr_not_equal(ips_flow_get(t, &other), f);
	other = p;
	other.tunnel_depth = 1;
	assert_ptr_not_equal(ips_flow_get(t, &other), f);
	assert_int_equal(ips_flow_stats(t)->now, 3);
	ips_flow_table_free(t);
	assert_int_equal(g.n, 3);
}

static void equal_ports_and_equal_ends(void **state)
{
	struct gone g;
	struct ips_flow_table *t = table(100, &g);
	struct ips_packet p = packet(IPPROTO_UDP, 0x0a000002, 123, 0x0a000001, 123);
	struct ips_packet r = reversed(&p);
	struct ips_packet land = packet(IPPROTO_UDP, 0x0a000003, 9, 0x0a000003, 9);
	struct ips_flow *f = ips_flow_get(t, &p);

	assert_ptr_equal(ips_flow_get(t, &r), f);
	assert_int_equal(r.dir, IPS_TOCLIENT);
	assert_non_null(ips_flow_get(t, &land));
	assert_int_equal(land.dir, IPS_TOSERVER);
	ips_flow_table_free(t);
}

static void what_has_no_flow(void **state)
{
	struct gone g;
	struct ips_flow_table *t = table(100, &g);
	struct ips_packet p = packet(IPPROTO_TCP, 1, 1, 2, 2);

	p.flags = IPS_PKT_FRAGMENT;
	assert_null(ips_flow_get(t, &p));
	p.flags = 0;
	p.family = 0;
	assert_null(ips_flow_get(t, &p));
	p.family = 4;
	p.proto = IPPROTO_IGMP;
	assert_null(ips_flow_get(t, &p));
	p.proto = IPPROTO_TCP;
	p.tcp.hlen = 0; /* its header was malformed */
	assert_null(ips_flow_get(t, &p));
	assert_int_equal(ips_flow_stats(t)->made, 0);
	ips_flow_table_free(t);
}

static void icmp_echo_and_errors(void **state)
{
	/* An unreachable message quotes 10.0.0.1:4000 → 10.0.0.2:53 over UDP. */
	static const uint8_t quoted[] = {0x45, 0, 0, 40, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10,
		0, 0, 2, 0x0f, 0xa0, 0, 53, 0, 20, 0, 0};
	struct gone g;
	struct ips_flow_table *t = table(100, &g);
	struct ips_packet p = packet(IPPROTO_ICMP, 0x0a000001, 0, 0x0a000002, 0), r, u;
	struct ips_flow *f;

	p.icmp.type = 8;
	p.icmp.has_id = true;
	p.icmp.id = 77;
	f = ips_flow_get(t, &p);
	r = reversed(&p);
	r.icmp.type = 0;
	assert_ptr_equal(ips_flow_get(t, &r), f);
	assert_int_equal(r.dir, IPS_TOCLIENT);
	assert_true(r.flags & IPS_PKT_ESTABLISHED);
	r.icmp.type = 3;
	r.icmp.code = 3;
	r.icmp.inner = (struct ips_view){quoted, sizeof(quoted)};
	assert_null(ips_flow_get(t, &r));
	u = packet(IPPROTO_UDP, 0x0a000001, 4000, 0x0a000002, 53);
	f = ips_flow_get(t, &u);
	assert_ptr_equal(ips_flow_get(t, &r), f);
	assert_int_equal(r.dir, IPS_TOCLIENT);
	/* It is no answer. */
	assert_int_equal(f->state, IPS_FLOW_NEW);
	for (uint32_t n = 0; n < sizeof(quoted) - 4; n++) {
		r.icmp.inner.len = n;
		assert_null(ips_flow_get(t, &r));
	}
	ips_flow_table_free(t);
}

static void timeouts_by_state(void **state)
{
	struct gone g;
	struct ips_flow_table *t = table(100, &g);
	struct ips_packet p = packet(IPPROTO_UDP, 0x0a000001, 4000, 0x0a000002, 53);
	struct ips_packet q = packet(IPPROTO_UDP, 0x0a000001, 4001, 0x0a000002, 53);
	struct ips_packet r = reversed(&p);
	uint64_t now = p.ts_us;

	ips_flow_get(t, &p);
	ips_flow_get(t, &r);
	ips_flow_get(t, &q);
	assert_int_equal(ips_flow_expire(t, now + 30 * SECOND, 100), 0);
	assert_int_equal(ips_flow_expire(t, now + 31 * SECOND, 100), 1);
	assert_int_equal(g.by_state[IPS_FLOW_NEW], 1);
	assert_int_equal(ips_flow_expire(t, now + 300 * SECOND, 100), 0);
	assert_int_equal(ips_flow_expire(t, now + 301 * SECOND, 100), 1);
	assert_int_equal(ips_flow_stats(t)->now, 0);
	assert_int_equal(ips_flow_stats(t)->timed_out, 2);
	ips_flow_table_free(t);
}

static void a_late_packet_begins_anew(void **state)
{
	struct gone g;
	struct ips_flow_table *t = table(100, &g);
	struct ips_packet p = packet(IPPROTO_UDP, 0x0a000001, 4000, 0x0a000002, 53);
	struct ips_packet r = reversed(&p);
	uint64_t id = ips_flow_get(t, &p)->id;

	r.ts_us += 31 * SECOND;
	assert_int_not_equal(ips_flow_get(t, &r)->id, id);
	/* It is the first of its flow, so it comes from the client. */
	assert_int_equal(r.dir, IPS_TOSERVER);
	assert_null(ips_flow_by_id(t, id));
	assert_int_equal(g.n, 1);
	ips_flow_table_free(t);
}

static void time_that_runs_backwards(void **state)
{
	struct gone g;
	struct ips_flow_table *t = table(100, &g);
	struct ips_packet p = packet(IPPROTO_UDP, 0x0a000001, 4000, 0x0a000002, 53);
	struct ips_flow *f = ips_flow_get(t, &p);

	p.ts_us -= 500 * SECOND;
	assert_ptr_equal(ips_flow_get(t, &p), f);
	assert_int_equal(f->last_us, 1000 * SECOND);
	assert_int_equal(ips_flow_expire(t, 10 * SECOND, 100), 0);
	ips_flow_table_free(t);
}

static void expiry_keeps_its_budget(void **state)
{
	struct gone g;
	struct ips_flow_table *t = table(1000, &g);
	struct ips_packet p = packet(IPPROTO_UDP, 0x0a000001, 0, 0x0a000002, 53);
	uint64_t later = p.ts_us + 100 * SECOND;
	uint32_t total = 0;

	for (uint16_t i = 0; i < 500; i++) {
		p.sport = (uint16_t)(1000 + i);
		ips_flow_get(t, &p);
	}
	for (unsigned i = 0; i < 50; i++) {
		uint32_t n = ips_flow_expire(t, later, 10);

		assert_true(n <= 10);
		total += n;
	}
	assert_int_equal(total, 500);
	ips_flow_table_free(t);
}

static void syn_takes_over_a_finished_tuple(void **state)
{
	struct gone g;
	struct ips_flow_table *t = table(100, &g);
	struct ips_packet p = packet(IPPROTO_TCP, 0x0a000001, 4000, 0x0a000002, 80);
	struct ips_flow *f = ips_flow_get(t, &p);
	uint64_t id = f->id;

	f->tcp = (struct ips_tcp *)(void *)&g; /* a session hangs on it */
	p.tcp.seq = 5000;
	assert_int_equal(ips_flow_get(t, &p)->id, id);
	f->flags |= IPS_FLOW_TCP_OVER;
	p.tcp.seq = 1000; /* the SYN that began it, repeated */
	assert_int_equal(ips_flow_get(t, &p)->id, id);
	p.tcp.seq = 5000;
	p.tcp.flags = IPS_TCP_SYN | IPS_TCP_ACK;
	assert_int_equal(ips_flow_get(t, &p)->id, id);
	p.tcp.flags = IPS_TCP_SYN;
	assert_int_not_equal(ips_flow_get(t, &p)->id, id);
	assert_int_equal(g.last_id, id);
	ips_flow_table_free(t);
}

static void half_open_flood_displaces_no_established_flow(void **state)
{
	enum { MAX = 2000, GOOD = 1500 };
	struct gone g;
	struct ips_flow_table *t = table(MAX, &g);
	struct ips_packet p = packet(IPPROTO_TCP, 0x0a000001, 0, 0x0a000002, 443), r;
	uint64_t ids[GOOD];
	clock_t start;

	for (unsigned i = 0; i < GOOD; i++) {
		struct ips_flow *f;

		p.sport = (uint16_t)(1 + i);
		f = ips_flow_get(t, &p);
		f->tcp = (struct ips_tcp *)(void *)&g;
		f->state = IPS_FLOW_ESTABLISHED; /* as the stream would, between two packets */
		ids[i] = f->id;
	}
	start = clock();
	for (uint32_t i = 0; i < 1000000; i++) {
		r = packet(IPPROTO_TCP, 0xc0000000 + i, (uint16_t)i, 0x0a000002, 443);
		r.ts_us += i / 1000;
		assert_non_null(ips_flow_get(t, &r));
	}
	/* Bounded work: even under the sanitizers far below this. */
	assert_true(clock() - start < 60 * CLOCKS_PER_SEC);
	for (unsigned i = 0; i < GOOD; i++)
		assert_non_null(ips_flow_by_id(t, ids[i]));
	assert_int_equal(ips_flow_stats(t)->now, MAX);
	assert_int_equal(ips_flow_stats(t)->forced[IPS_FLOW_NEW], 1000000 - (MAX - GOOD));
	assert_int_equal(ips_flow_stats(t)->forced[IPS_FLOW_ESTABLISHED], 0);
	ips_flow_table_free(t);
}

static void give_up_order(void **state)
{
	struct gone g;
	struct ips_flow_table *t = table(16, &g);
	struct ips_packet p = packet(IPPROTO_TCP, 0x0a000001, 0, 0x0a000002, 443);
	struct ips_flow *f[16];
	uint64_t id[16];

	for (unsigned i = 0; i < 16; i++) {
		p.sport = (uint16_t)(1 + i);
		p.ts_us += SECOND;
		f[i] = ips_flow_get(t, &p);
		f[i]->tcp = (struct ips_tcp *)(void *)&g;
		f[i]->state = i % 2 ? IPS_FLOW_ESTABLISHED : IPS_FLOW_CLOSED;
		id[i] = f[i]->id;
	}
	/* The closed ones first, the oldest before; then those idle longest. */
	for (unsigned i = 0; i < 8; i++) {
		p.sport = (uint16_t)(100 + i);
		f[i] = ips_flow_get(t, &p);
		f[i]->tcp = (struct ips_tcp *)(void *)&g;
		f[i]->state = IPS_FLOW_ESTABLISHED;
		assert_int_equal(g.last_id, id[2 * i]);
	}
	p.sport = 200;
	ips_flow_get(t, &p);
	assert_int_equal(g.last_id, id[1]);
	assert_int_equal(ips_flow_stats(t)->forced[IPS_FLOW_CLOSED], 8);
	assert_int_equal(ips_flow_stats(t)->forced[IPS_FLOW_ESTABLISHED], 1);
	ips_flow_table_free(t);
}

static void sides_turn_round(void **state)
{
	struct gone g;
	struct ips_flow_table *t = table(16, &g);
	struct ips_packet p = packet(IPPROTO_TCP, 0x0a000001, 80, 0x0a000002, 4000), r;
	struct ips_flow *f;

	p.tcp.flags = IPS_TCP_SYN | IPS_TCP_ACK;
	f = ips_flow_get(t, &p);
	ips_flow_swap(f, &p);
	assert_int_equal(p.dir, IPS_TOCLIENT);
	assert_int_equal(f->port[0], 4000);
	assert_int_equal(f->pkts[IPS_TOCLIENT], 1);
	r = reversed(&p);
	assert_ptr_equal(ips_flow_get(t, &r), f);
	assert_int_equal(r.dir, IPS_TOSERVER);
	ips_flow_table_free(t);
}

static void agrees_with_a_plain_list(void **state)
{
	enum { ENDS = 12, STEPS = 30000 };
	struct gone g;
	struct ips_flow_table *t = table(4096, &g);
	uint64_t ids[2][ENDS][ENDS] = {{{0}}};
	uint32_t rnd = 1;

	for (unsigned s = 0; s < STEPS; s++) {
		struct ips_packet p;
		uint32_t a, b;
		bool v6;

		rnd = rnd * 1103515245 + 12345;
		a = rnd >> 8 & 0xff;
		b = rnd >> 16 & 0xff;
		a %= ENDS;
		b %= ENDS;
		p = packet(IPPROTO_UDP, 0, (uint16_t)a, 0, (uint16_t)b);
		v6 = rnd >> 30 & 1;
		p.family = v6 ? 6 : 4;
		assert_non_null(ips_flow_get(t, &p));
		if (!ids[v6][a][b])
			ids[v6][a][b] = ids[v6][b][a] = p.flow->id;
		assert_int_equal(p.flow->id, ids[v6][a][b]);
	}
	ips_flow_table_free(t);
}

static void no_memory_and_odd_sizes(void **state)
{
	struct gone g;
	struct ips_flow_config cfg;
	struct ips_flow_table *t = table(0, &g);

	assert_int_equal(ips_flow_stats(t)->max, 16);
	assert_null(ips_flow_by_id(t, 0));
	assert_null(ips_flow_by_id(t, 12345));
	ips_flow_table_free(t);
	ips_flow_table_free(NULL);
	ips_flow_config_default(&cfg);
	cfg.max = UINT32_MAX;
	assert_null(ips_flow_table_new(&cfg, seed, NULL, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash_vectors),
		cmocka_unit_test(both_directions_are_one_flow),
		cmocka_unit_test(equal_ports_and_equal_ends),
		cmocka_unit_test(what_has_no_flow),
		cmocka_unit_test(icmp_echo_and_errors),
		cmocka_unit_test(timeouts_by_state),
		cmocka_unit_test(a_late_packet_begins_anew),
		cmocka_unit_test(time_that_runs_backwards),
		cmocka_unit_test(expiry_keeps_its_budget),
		cmocka_unit_test(syn_takes_over_a_finished_tuple),
		cmocka_unit_test(half_open_flood_displaces_no_established_flow),
		cmocka_unit_test(give_up_order),
		cmocka_unit_test(sides_turn_round),
		cmocka_unit_test(agrees_with_a_plain_list),
		cmocka_unit_test(no_memory_and_odd_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
