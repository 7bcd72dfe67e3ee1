/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Short connections on paper and the stream events each packet raises. The answers were taken from
 * Suricata 7.0.10 reading the same packets. A packet is "> FLAGS offset ack length window" from the
 * client, "<" from the server; offsets count from the SYN; "H" is the handshake. Flags with a 2
 * carry other bytes than the packets without.
 */
#include "tests/unit/lib/unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "ips/stream/stream.h"

#define HANDSHAKE "> S;< SA;> A"

static const struct {
	const char *script, *want; /* "4:event 6:event" */
} rows[] = {
	{"> S;< SA;> A", ""},
	{"> S;< SA;> A 0 5", "3:3whs_right_seq_wrong_ack_evasion"},
	{"> S;> SA", "2:3whs_synack_in_wrong_direction"},
	{"> S;< SA;< SA 0 7", "3:3whs_synack_resend_with_diff_ack"},
	{"> S;< SA;< SA 7 0;> A 0 0", ""},
	{"> S;< SA;< SA 1;< SA 2;< SA 3;< SA 4;< SA 5;< SA 6;< SA 7",
		"8:3whs_synack_flood 9:3whs_synack_flood"},
	{"> S;< SA;> SA", "3:3whs_synack_toserver_on_syn_recv"},
	{"> S;< SA 0 9", "2:3whs_synack_with_wrong_ack"},
	{"> S;< SA;> S 9", "3:3whs_syn_resend_diff_seq_on_syn_recv"},
	{"> S;< SA;< S", "3:3whs_syn_toclient_on_syn_recv"},
	{"> S;< SA;> A 7 7", "3:3whs_wrong_seq_wrong_ack"},
	{"> S 0;> S 1;> S 2;> S 3;> S 4;> S 5;> S 6;> S 7;> S 8;> S 9;> S 10;> S 11;> S 12;< SA 0 "
	 "3;> A 3 0",
		"12:3whs_syn_flood 13:3whs_syn_flood"},
	{"> S;< S;> SA 0 5", "3:4whs_synack_with_wrong_ack"},
	{"> S;< S;> SA 5 0", "3:4whs_synack_with_wrong_syn"},
	{"> S;< S;> SA;< A 5 0", "4:4whs_wrong_seq"},
	{"> S;< S;> SA;< A 0 9999999", "4:4whs_invalid_ack 4:pkt_invalid_ack"},
	{"> S;< S;> SA;< A;> A 0 0 5;< A 0 5", ""},
	{"H;> SA", "4:est_synack_toserver"},
	{"H;< SA 0 5", "4:est_synack_resend_with_diff_ack"},
	{"H;< SA 5 0", "4:est_synack_resend_with_diff_seq"},
	{"H;< SA", ""},
	{"H;< A;< SA", "5:est_synack_resend"},
	{"H;< S", "4:est_syn_toclient"},
	{"H;> S 5", "4:est_syn_resend_diff_seq"},
	{"H;> S", "4:est_syn_resend"},
	{"H;> A 0 70000 5", "4:est_invalid_ack 4:pkt_invalid_ack"},
	{"H;< A 0 0 1000;> A 0 1000;< A 1000 0 1000;> A 0 2000;> A 0 1500 10", ""},
	{"H;> A 70000 0 5", "4:est_packet_out_of_window"},
	{"H;> A 0 0 100;< A 0 100;> A 0 0 50",
		"6:est_pkt_before_last_ack 6:pkt_spurious_retransmission"},
	{"H;> A 0 0 100;< A 0 100;> A 100 0 100;< A 0 200;> A 0 0 50",
		"8:est_pkt_before_last_ack 8:pkt_spurious_retransmission"},
	{"H;> A 0 0 100;< A 0 100;> A 0 0 100", "6:pkt_spurious_retransmission"},
	{"H;> A 0 0 10;< A 0 500;> A 100 0 100", "6:pkt_spurious_retransmission"},
	{"H;> - 0 0 10", ""},
	{"> FA", "1:fin_but_no_session"},
	{"> FA 0 0 5", "1:fin_but_no_session"},
	{"> R", "1:rst_but_no_session"},
	{"> A 0 0 5;< A 0 5", ""},
	{"< SA", ""},
	{"H;> FA 0 70000", "4:fin_invalid_ack 4:pkt_invalid_ack"},
	{"H;> FA 70000 0", "4:fin_out_of_window"},
	{"H;> FSA", "4:fin_out_of_window"},
	{"H;> F", ""},
	{"H;> A 0 0 5;< A 0 5;> FA 5 0;< A 0 6;< FA 0 6;> A 6 1", ""},
	{"H;> A 0 0 5;< A 0 5;< FA 0 5;> A 5 1;> FA 5 1;< A 1 6", ""},
	{"H;> FA;< FA;> A 1 1;< A 1 1", ""},
	{"H;> F;< F;> A 1 1;< A 1 1", "5:closewait_fin_out_of_window"},
	{"H;< FA;> F 0 0;> A 1 1;< A 1 1", "6:closing_ack_wrong_seq 7:closing_ack_wrong_seq"},
	{"H;> A 0 0 10;< A 0 10;< FA 0 10;> FA 70000 1", "7:fin1_fin_wrong_seq"},
	{"H;> A 0 0 10;< FA 0 10;> FA 2 1", "6:fin1_fin_wrong_seq"},
	{"H;< FA;> FA 0 70000", "5:fin1_invalid_ack 5:pkt_invalid_ack"},
	{"H;< FA;> A 0 70000", "5:fin1_invalid_ack 5:pkt_invalid_ack"},
	{"H;< FA;> A 70000 1", "5:fin1_ack_wrong_seq"},
	{"H;< FA;< A 80000 0", "5:fin1_ack_wrong_seq"},
	{"H;< FA;< FA;> FA 0 1", ""},
	{"H;< FA;> A 0 1 10;< A 1 10;> FA 10 1;< A 1 11", ""},
	{"H;> A 0 0 10;< FA 0 10;> A 0 1 10", "6:pkt_retransmission 6:pkt_spurious_retransmission"},
	{"H;< FA;> R 0;> A 0 0 5", ""},
	{"H;< FA;> S", "5:shutdown_syn_resend"},
	{"H;< FA;> A 0 1;> FA 70000 1", "6:fin2_fin_wrong_seq"},
	{"H;< FA;> A 0 1;> FA 0 70000", "6:fin2_invalid_ack 6:pkt_invalid_ack"},
	{"H;< FA;> A 0 1;> A 0 70000", "6:fin2_invalid_ack 6:pkt_invalid_ack"},
	{"H;< FA;> A 0 1;> A 70000 1 5", "6:fin2_ack_wrong_seq"},
	{"H;< FA;> A 0 1;> A 0 1 10;< A 1 10;> FA 10 1;< A 1 11", ""},
	{"H;< FA;> A 0 1;< FA;> FA 0 1;< A 1 1", ""},
	{"H;< FA;> A 0 1;> S", "6:shutdown_syn_resend"},
	{"H;< FA;> A 0 1;> R 0", ""},
	{"H;< FA;> F;> A 9 1", "6:closing_ack_wrong_seq"},
	{"H;< FA;> F;> A 1 70000", "6:closing_ack_wrong_seq"},
	{"H;< FA;> F;> S", "6:shutdown_syn_resend"},
	{"H;> FA;< A 70000 1", "5:closewait_ack_out_of_window"},
	{"H;> FA;> A 70000 0", "5:closewait_ack_out_of_window"},
	{"H;> FA;< FA 70000 1", "5:closewait_fin_out_of_window"},
	{"H;> FA;< A 0 70000", "5:closewait_invalid_ack 5:pkt_invalid_ack"},
	{"H;> FA;< FA 0 70000", "5:closewait_invalid_ack 5:pkt_invalid_ack"},
	{"H;< A 0 0 10;> A 0 10;> FA 0 10;< A 0 1 5",
		"7:closewait_pkt_before_last_ack 7:pkt_retransmission "
		"7:pkt_spurious_retransmission"},
	{"H;> FA;< A 0 1 10;> A 1 10;< FA 10 1;> A 1 11", ""},
	{"H;> FA;> FA;< FA 0 1;> A 1 1", ""},
	{"H;> FA;> S", "5:shutdown_syn_resend"},
	{"H;> FA;< R 0", ""},
	{"H;> FA;< FA 0 1;> A 9 1", "6:lastack_ack_wrong_seq"},
	{"H;> FA;< FA 0 1;> A 1 70000", "6:lastack_invalid_ack 6:pkt_invalid_ack"},
	{"H;> FA;< FA 0 1;> R 1", ""},
	{"H;> FA;< FA 0 1;> S", "6:shutdown_syn_resend"},
	{"H;> FA;< FA 0 1;> FA 0 1;> A 1 1", ""},
	{"H;< FA;> FA 0 1;> A 9 1", "6:timewait_ack_wrong_seq"},
	{"H;< FA;> FA 0 1;< A 9 1", "6:timewait_ack_wrong_seq"},
	{"H;< FA;> FA 0 1;< A 1 70000", "6:pkt_invalid_ack 6:timewait_invalid_ack"},
	{"H;< FA;> FA 0 1;> S", "6:shutdown_syn_resend"},
	{"H;< A 0 0 20;< FA 20 0;> FA 0 21;< A 0 1 20",
		"7:pkt_retransmission 7:pkt_spurious_retransmission"},
	{"H;> RA 0 70000", "4:pkt_invalid_ack 4:rst_invalid_ack"},
	{"H;> R 0 0 5", "4:rst_with_data"},
	{"H;> R 5", ""},
	{"H;> R 0;> A 0 0 5;< A 0 5", ""},
	{"H;< RA 0 0;> A 0 0 5;< A 0 5", ""},
	{"> S;< RA 0 0", ""},
	{"> S;< RA 0 5", "2:pkt_invalid_ack 2:rst_invalid_ack"},
	{"> S;< RA 0 0;< SA;> A", ""},
	{"> S;< RA 0 0;> S 100;< SA 0 100;> A 100 0", ""},
	{"> S;< SA;> R 0", ""},
	{"> S+ack", ""},
	{"H;> A 0 0 10;< A 0 10;> A 9 0;< A 0 10;> A 9 0 1;< A 0 10", ""},
	{"H;> A 0 0 10;< A 0 10 0 0;> A 10 0 1;< A 0 10 0 0;< A 0 10 0 1000;> A 10 0 5", ""},
	{"H;> A 0 0 10;< A 0 10 0 0;> A 10 0 1;< A 0 11 0 0;> A 11 0 5", ""},
	{"H;> A 0 0 10;< A 0 10;< A 100 100 0 100;> A 10 0 20", "6:pkt_bad_window_update"},
	{"H;> A 0 0 10;< A 0 10 0 100;> A 10 0 200;> A 210 0 60000", ""},
	{"H;> A 0 0 10;> A 20 0 10;< A 0 10;< A 0 10;< A 0 10;> A 10 0 10;< A 0 30", ""},
	{"H;> A 0 0 10;> A 20 0 10;< A 0 30;> A 30 0 5;< A 0 35", ""},
	{"H;> A 0 0 10;> A2 5 0 10;< A 0 15", "5:reassembly_overlap_different_data"},
	{"H;> A 0 0 10;> A2 0 0 10;< A 0 10", ""},
	{"H;> A 0 0 10;> A2 0 0 5;< A 0 10", "5:reassembly_overlap_different_data"},
	{"H;> A 10 0 10;> A2 5 0 10;> A 0 0 5;< A 0 20", "5:reassembly_overlap_different_data"},
	{"H;> A 0 0 10;< A 0 10;> A2 5 0 10;< A 0 15", "6:reassembly_overlap_different_data"},
	{"> S;< SA;< A 0 0 10;> A 0 10", ""},
	{"> S;< SA;< A 10 20 10;> A 20 20",
		"3:3whs_wrong_seq_wrong_ack 4:3whs_wrong_seq_wrong_ack"},
	{"> S;< SA;> A 20 0 10;< A 0 30", "4:reassembly_seq_gap"},
	{"> S 0 0 5;< SA 0 5;> A 5 0", "2:3whs_synack_with_wrong_ack"},
	{"> S;> S;< SA;> A", ""},
	{"H;> UA 0 0 5;< A 0 5", ""},
	{"> SF;< SA", "1:fin_but_no_session"},
	{"H;> FA;< FA 0 1;> A 1 1;> S 1000;< SA 1000 1000;> A 1000 1000;> A 1000 1000 5;< A 1000 "
	 "1005",
		""},
	{"H;> R 0;> S 1000;< SA 1000 1000;> A 1000 1000;> A 1000 1000 5;< A 1000 1005", ""},
	{"H;< FA;> FA 0 1;< A 1 1;> S 1000;< SA 1000 1000;> A 1000 1000", ""},
	{"H;< FA;> FA 0 1;> S 1000;< SA 1000 1000;> A 1000 1000",
		"6:shutdown_syn_resend 7:shutdown_syn_resend 8:timewait_ack_wrong_seq"},
	{"H;> A 0 0 5;> S 1000;< SA 1000 1000;> A 1000 1000",
		"5:est_syn_resend_diff_seq 6:est_synack_resend_with_diff_ack"},
};

static struct ips_streams *streams;
static struct ips_flow_table *flows;
static uint64_t now_us, num;

static void on_gone(struct ips_flow *f, void *arg)
{
	ips_stream_gone(streams, f);
}

static uint8_t flags_of(const char *text)
{
	static const char letters[] = "FSRPAU";
	uint8_t flags = 0;

	for (; *text; text++) {
		const char *at = strchr(letters, *text);

		if (at && *at)
			flags |= (uint8_t)(1 << (at - letters));
	}
	return flags;
}

static void collect(const struct ips_packet *p, char *ret, size_t cap)
{
	for (unsigned e = 1; e < IPS_EV_COUNT; e++) {
		size_t n = strlen(ret);

		if (ips_event_is_set(&p->events, e))
			snprintf(ret + n, cap - n, "%s%u:%s", n ? " " : "", (unsigned)num,
				ips_event_name(e) + strlen("stream."));
	}
}

static void one(const char *text, char *ret, size_t cap)
{
	static const uint32_t isn[2] = {1000, 0xfffff000};
	static uint8_t same[65536], other[65536];
	unsigned off = 0, ack = 0, len = 0, win = 65535;
	char way, flags[16];
	struct ips_packet p = {.family = 4, .proto = IPPROTO_TCP};
	unsigned from;

	assert_true(sscanf(text, " %c %15s %u %u %u %u", &way, flags, &off, &ack, &len, &win) >= 2);
	from = way == '<';
	for (unsigned i = 0; i < sizeof(same); i++)
		same[i] = (uint8_t)('a' + i % 26);
	memset(other, 'b', sizeof(other));
	p.ts_us = now_us += 10000;
	p.num = ++num;
	p.src.w[0] = htonl(0x0a000001 + from);
	p.dst.w[0] = htonl(0x0a000002 - from);
	p.sport = from ? 8080 : 4000;
	p.dport = from ? 4000 : 8080;
	p.tcp.hlen = 20;
	p.tcp.flags = flags_of(flags);
	p.tcp.win = (uint16_t)win;
	p.tcp.wscale = 255;
	p.tcp.seq = isn[from] + off + !(p.tcp.flags & IPS_TCP_SYN);
	p.tcp.ack = p.tcp.flags & IPS_TCP_ACK ? isn[!from] + 1 + ack : 0;
	p.payload = (struct ips_view){strchr(flags, '2') ? other : same, len};
	assert_non_null(ips_flow_get(flows, &p));
	ips_stream_packet(streams, &p);
	collect(&p, ret, cap);
}

static void play(const char *script, char *ret, size_t cap)
{
	while (*script) {
		const char *end = strchr(script, ';');
		size_t n = end ? (size_t)(end - script) : strlen(script);
		char text[64];

		snprintf(text, sizeof(text), "%.*s", (int)n, script);
		if (strcmp(text, "H") == 0)
			play(HANDSHAKE, ret, cap);
		else
			one(text, ret, cap);
		script += n + !!end;
	}
}

static void run(bool inline_mode, unsigned row, char *ret, size_t cap)
{
	const uint8_t seed[16] = {1};
	struct ips_stream_config sc;
	struct ips_flow_config fc;

	ips_stream_config_default(&sc, inline_mode);
	sc.sessions = 16;
	sc.pool_bytes = 1u << 20;
	ips_flow_config_default(&fc);
	fc.max = 16;
	streams = ips_streams_new(&sc, NULL, NULL);
	flows = ips_flow_table_new(&fc, seed, on_gone, NULL);
	assert_non_null(streams);
	assert_non_null(flows);
	now_us = 1700000000ULL * 1000000;
	num = 0;
	ret[0] = '\0';
	play(rows[row].script, ret, cap);
	ips_flow_table_free(flows);
	assert_int_equal(ips_stream_stats(streams)->sessions, 0);
	ips_streams_free(streams);
}

static void events_of_captures(void **state)
{
	char got[512];

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		run(false, i, got, sizeof(got));
		if (strcmp(got, rows[i].want) != 0)
			fail_msg("%s\n  got  %s\n  want %s", rows[i].script, got, rows[i].want);
	}
}

/* The same inline: other verdicts, but every row ends well. */
static void the_same_inline(void **state)
{
	char got[512];

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		run(true, i, got, sizeof(got));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_of_captures),
		cmocka_unit_test(the_same_inline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
