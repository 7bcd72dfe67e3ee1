/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How often matches are reported: the table in limits.def, filters, and a table that is too small.
 */
#include <arpa/inet.h>
#include <pthread.h>

#include "ips/detect/state.h"
#include "ips/rules/parse.h"
#include "lib/util.h"
#include "tests/unit/lib/unit.h"

static const uint8_t seed[16] = "threshold tests";

static const struct limit {
	const char *options, *packets, *reported;
} limits[] = {
#define LIMIT(options, packets, reported) {options, packets, reported},
#include "tests/unit/ips-state/limits.def"
#undef LIMIT
};

static struct ips_state *new_state(uint32_t thresholds)
{
	struct ips_state_config cfg;
	struct ips_state *s;

	ips_state_config_default(&cfg);
	cfg.hosts = 16;
	cfg.thresholds = thresholds;
	s = ips_state_new(&cfg, seed);
	assert_non_null(s);
	return s;
}

static struct ips_rules *parse(const char *options)
{
	struct ips_rules *r = ips_rules_new();
	char text[512];
	int n;

	assert_non_null(r);
	n = snprintf(text, sizeof(text), "alert udp any any -> any any (msg:\"t\"; %s sid:1;)\n",
		options);
	assert_int_equal(ips_rules_parse(r, "t.rules", text, (size_t)n), 0);
	assert_int_equal(ips_rules_refused_count(r), 0);
	return r;
}

static void set_host(struct ips_addr *a, char name)
{
	memset(a, 0, sizeof(*a));
	a->w[0] = htonl(0x0a000000u + (uint32_t)name);
}

/* "1500:a>b" */
static const char *read_packet(const char *s, struct ips_packet *p, uint64_t *now)
{
	char *end;

	memset(p, 0, sizeof(*p));
	*now = 1700000000000000u + strtoul(s, &end, 10) * 1000;
	assert_true(end[0] == ':' && end[2] == '>');
	p->family = 4;
	set_host(&p->src, end[1]);
	set_host(&p->dst, end[3]);
	return end[4] ? end + 5 : end + 4;
}

static void run(const struct limit *l)
{
	struct ips_state *s = new_state(4096);
	struct ips_rules *r = parse(l->options);
	const char *at = l->packets;
	char got[64] = "";
	struct ips_packet p;
	uint64_t now;

	for (size_t i = 0; *at; i++) {
		at = read_packet(at, &p, &now);
		got[i] = ips_threshold_check(s, ips_rules_at(r, 0), &p, now) == IPS_TH_REPORT ? '1'
											      : '0';
	}
	if (strcmp(got, l->reported) != 0)
		fail_msg("%s on %s: %s, not %s", l->options, l->packets, got, l->reported);
	ips_rules_free(r);
	ips_state_free(s);
}

static void as_the_reference(void **state)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(limits); i++)
		run(&limits[i]);
}

static enum ips_threshold_result at_ms(
	struct ips_state *s, const struct ips_rule *r, const char *packet)
{
	struct ips_packet p;
	uint64_t now;

	read_packet(packet, &p, &now);
	return ips_threshold_check(s, r, &p, now);
}

/* A limit keeps the action; a count that is not reached means no match. */
static void silent_or_not_at_all(void **state)
{
	struct ips_rule r = {.gid = 1, .sid = 1};
	struct ips_state *s = new_state(64);

	r.threshold = (struct ips_threshold){
		.type = IPS_TH_LIMIT, .track = IPS_TRACK_SRC, .count = 1, .seconds = 10};
	assert_int_equal(at_ms(s, &r, "0:a>b"), IPS_TH_REPORT);
	assert_int_equal(at_ms(s, &r, "1:a>b"), IPS_TH_SILENT);
	r.sid = 2;
	r.threshold.type = IPS_TH_BOTH;
	r.threshold.count = 2;
	assert_int_equal(at_ms(s, &r, "0:a>b"), IPS_TH_SUPPRESSED);
	assert_int_equal(at_ms(s, &r, "1:a>b"), IPS_TH_REPORT);
	assert_int_equal(at_ms(s, &r, "2:a>b"), IPS_TH_SILENT);
	r.sid = 3;
	r.threshold.type = IPS_TH_THRESHOLD;
	assert_int_equal(at_ms(s, &r, "0:a>b"), IPS_TH_SUPPRESSED);
	ips_state_free(s);
}

/* Times and actions as measured on the reference for these lines of threshold.config. */
static void rate_filter(void **state)
{
	static const unsigned ms[] = {0, 1000, 2000, 3000, 4000, 5000, 8000, 8999, 9000, 9500,
		11000, 30000, 31000, 32000};
	struct ips_threshold f = {.type = IPS_TH_RATE,
		.track = IPS_TRACK_SRC,
		.count = 2,
		.seconds = 10,
		.timeout = 5,
		.new_action = IPS_DROP};
	struct ips_rule r = {.gid = 1, .sid = 1, .filters = &f, .filters_n = 1};
	struct ips_state *s = new_state(64);
	char packet[32];

	for (size_t i = 0; i < SK_ARRAY_SIZE(ms); i++) {
		bool drop = "00111101111000"[i] == '1';

		snprintf(packet, sizeof(packet), "%u:a>b", ms[i]);
		assert_int_equal(
			at_ms(s, &r, packet), drop ? IPS_TH_ACTION + (int)IPS_DROP : IPS_TH_REPORT);
	}
	ips_state_free(s);
}

static void suppress(void **state)
{
	struct ips_addr_range range = {{{htonl(0x0a000061)}}, {{htonl(0x0a000061)}}}; /* a */
	struct ips_addr_set a = {.v4 = &range, .v4_n = 1};
	struct ips_threshold f = {.type = IPS_TH_SUPPRESS, .track = IPS_TRACK_SRC, .addr = &a};
	struct ips_rule r = {.gid = 1, .sid = 1, .filters = &f, .filters_n = 1};
	struct ips_state *s = new_state(64);

	r.threshold = (struct ips_threshold){
		.type = IPS_TH_LIMIT, .track = IPS_TRACK_DST, .count = 1, .seconds = 10};
	assert_int_equal(at_ms(s, &r, "0:a>b"), IPS_TH_SILENT);
	assert_int_equal(
		at_ms(s, &r, "1:c>b"), IPS_TH_REPORT); /* the silenced one was not counted */
	assert_int_equal(at_ms(s, &r, "2:c>b"), IPS_TH_SILENT);
	f.track = IPS_TRACK_DST;
	assert_int_equal(at_ms(s, &r, "3:c>a"), IPS_TH_SILENT);
	assert_int_equal(at_ms(s, &r, "4:a>d"), IPS_TH_REPORT);
	f.track = IPS_TRACK_BOTH; /* either */
	assert_int_equal(at_ms(s, &r, "5:a>e"), IPS_TH_SILENT);
	f.addr = NULL; /* everybody */
	assert_int_equal(at_ms(s, &r, "6:x>y"), IPS_TH_SILENT);
	ips_state_free(s);
}

static void by_flow_and_backoff(void **state)
{
	struct ips_flow one = {.id = 1}, two = {.id = 2};
	struct ips_packet p = {.family = 4, .flow = &one};
	struct ips_rule r = {.gid = 1, .sid = 1};
	struct ips_state *s = new_state(64);
	char got[32] = "";

	r.threshold = (struct ips_threshold){
		.type = IPS_TH_LIMIT, .track = IPS_TRACK_FLOW, .count = 1, .seconds = 60};
	assert_int_equal(ips_threshold_check(s, &r, &p, 1), IPS_TH_REPORT);
	assert_int_equal(ips_threshold_check(s, &r, &p, 2), IPS_TH_SILENT);
	p.flow = &two;
	assert_int_equal(ips_threshold_check(s, &r, &p, 3), IPS_TH_REPORT);
	p.flow = NULL;
	assert_int_equal(ips_threshold_check(s, &r, &p, 4), IPS_TH_SUPPRESSED);
	p.flow = &one;
	r.sid = 2;
	r.threshold = (struct ips_threshold){
		.type = IPS_TH_BACKOFF, .track = IPS_TRACK_FLOW, .count = 2, .multiplier = 3};
	for (unsigned i = 0; i < 20; i++)
		got[i] = ips_threshold_check(s, &r, &p, i) == IPS_TH_REPORT ? '1' : '0';
	assert_string_equal(got, "01000100000000000100");
	ips_state_free(s);
}

/* More sources than places: memory stays, the eldest are forgotten, what is new is counted. */
static void too_many_sources(void **state)
{
	struct ips_rule r = {.gid = 1, .sid = 1};
	struct ips_state *s = new_state(256);
	struct ips_state_stats st;
	struct ips_packet p = {.family = 4};

	r.threshold = (struct ips_threshold){
		.type = IPS_TH_THRESHOLD, .track = IPS_TRACK_SRC, .count = 2, .seconds = 3600};
	for (uint32_t i = 0; i < 20000; i++) {
		p.src.w[0] = htonl(i);
		assert_int_equal(
			ips_threshold_check(s, &r, &p, 1000000 + i * 1000), IPS_TH_SUPPRESSED);
		assert_int_equal(
			ips_threshold_check(s, &r, &p, 1000000 + i * 1000 + 1), IPS_TH_REPORT);
	}
	ips_state_stats(s, &st);
	assert_true(st.thresholds <= 256);
	assert_true(st.full > 0);
	ips_state_free(s);
}

/* A rule without any of it touches nothing. */
static void none(void **state)
{
	struct ips_rule r = {.gid = 1, .sid = 1};
	struct ips_state *s = new_state(64);
	struct ips_state_stats st;

	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(at_ms(s, &r, "0:a>b"), IPS_TH_REPORT);
	ips_state_stats(s, &st);
	assert_int_equal(st.thresholds, 0);
	ips_state_free(s);
}

struct worker {
	struct ips_state *s;
	const struct ips_rule *r;
	unsigned reported;
	uint32_t id;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	struct ips_bits bits = {
		.cmd = IPS_BIT_SET, .ids = &w->id, .n = 1, .track = IPS_TRACK_SRC, .expire_s = 10};
	struct ips_packet p = {.family = 4};

	for (uint32_t i = 0; i < 5000; i++) {
		p.src.w[0] = i % 50;
		w->reported += ips_threshold_check(w->s, w->r, &p, 1000000) == IPS_TH_REPORT;
		ips_bits_act(w->s, &bits, &p, 1000000);
		ips_dataset_put(w->s, "all", 's', (struct ips_view){(const uint8_t *)&i, 4});
	}
	return NULL;
}

/* Workers share the counts: every tenth match of all of them together is reported. */
static void workers(void **state)
{
	struct ips_rule r = {.gid = 1, .sid = 1};
	struct ips_state *s = new_state(1024);
	struct worker w[4];
	pthread_t t[4];
	unsigned sum = 0;

	r.threshold = (struct ips_threshold){
		.type = IPS_TH_THRESHOLD, .track = IPS_TRACK_RULE, .count = 10, .seconds = 60};
	for (unsigned i = 0; i < 4; i++) {
		w[i] = (struct worker){.s = s, .r = &r, .id = i + 1};
		assert_int_equal(pthread_create(&t[i], NULL, work, &w[i]), 0);
	}
	for (unsigned i = 0; i < 4; i++) {
		pthread_join(t[i], NULL);
		sum += w[i].reported;
	}
	assert_int_equal(sum, 4 * 5000 / 10);
	ips_state_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_reference),
		cmocka_unit_test(silent_or_not_at_all),
		cmocka_unit_test(rate_filter),
		cmocka_unit_test(suppress),
		cmocka_unit_test(by_flow_and_backoff),
		cmocka_unit_test(too_many_sources),
		cmocka_unit_test(none),
		cmocka_unit_test(workers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
