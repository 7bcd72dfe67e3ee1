/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rule lists: Japanese and English, as typed by hand, with every fault located, and back again. */
#include "rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fw/registry/csv.h"
#include "lib/clock.h"

#define EN "applicant,source,destination,direction,protocol,port,purpose,registered,expiry"
#define JA "申請者,接続元,接続先,通信方向,プロトコル,ポート番号,利用用途,登録日,有効期限"
#define ROW "山田,10.0.0.1,192.0.2.1,lan->wan,tcp,443,発注,2026-04-01,2027-03-31"

static void read_text(const char *text, struct fw_csv_rules *out)
{
	struct sk_err err = {0};

	if (fw_csv_read_rules(text, strlen(text), out, &err) < 0)
		fail_msg("%s", err.en);
	if (out->n_errors > 0)
		fail_msg("line %zu: %s: %s", out->errors[0].line, out->errors[0].err.path,
			out->errors[0].err.en);
}

static void is_sample(const struct fw_rule *r)
{
	int64_t first, last;

	assert_int_equal(sk_time_parse("2026-04-01", false, &first, NULL), 0);
	assert_int_equal(sk_time_parse("2027-03-31", true, &last, NULL), 0);
	assert_string_equal(r->applicant, "山田");
	assert_string_equal(r->source, "10.0.0.1");
	assert_string_equal(r->destination, "192.0.2.1");
	assert_string_equal(r->from, "lan");
	assert_string_equal(r->to, "wan");
	assert_string_equal(r->protocol, "tcp");
	assert_string_equal(r->port, "443");
	assert_string_equal(r->purpose, "発注");
	assert_true(r->registered == first && r->expiry == last);
}

static void both_languages(void **state)
{
	static const char *const cases[] = {
		EN "\n" ROW "\n",
		JA "\r\n" ROW "\r\n",
		"\xef\xbb\xbf" JA "\r\n" ROW "\r\n",
		/* other case, blanks, full width, empty lines and empty columns */
		"\n Applicant "
		",SOURCE,destination,Direction,ＰＲＯＴＯＣＯＬ,port,purpose,registered,expiry,,\n"
		",,\n" ROW "\n\n",
		/* other order, semicolons, other words */
		"期限;登録日;用途;ポート;プロトコル;方向;宛先;送信元;申請者\n"
		"2027/3/31;2026/4/1;発注;443;tcp;lan→wan;192.0.2.1;10.0.0.1;山田\n",
		/* as typed with a Japanese keyboard */
		JA "\n山田,１０．０．０．１,192。0。2。1,ＬＡＮ＞ＷＡＮ,ｔｃｐ,４４３,発注,"
		   "２０２６－０４－０１,"
		   "2027年3月31日\n",
		JA "\n山田 , 10.0.0.1 ,192.0.2.1,lan > wan,tcp,443,発注,2026-04-01,2027-03-31\n",
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fw_csv_rules out;

		read_text(cases[i], &out);
		assert_int_equal(out.n, 1);
		is_sample(&out.rules[0]);
		assert_int_equal(out.rules[0].kind, FW_ALLOW);
		assert_int_equal(out.rules[0].order, 1000);
		assert_int_equal(out.rules[0].number, 0);
		fw_csv_rules_done(&out);
	}
}

static void shift_jis(void **state)
{
	/* JA and a row 山田,…,発注 in Shift_JIS, as a Japanese Excel saves CSV */
	static const char text[] =
		"\x90\x5c\x90\xbf\x8e\xd2,\x90\xda\x91\xb1\x8c\xb3,\x90\xda\x91\xb1\x90\xe6,"
		"\x92\xca\x90\x4d\x95\xfb\x8c\xfc,"
		"\x83\x76\x83\x8d\x83\x67\x83\x52\x83\x8b,"
		"\x83\x7c\x81\x5b\x83\x67\x94\xd4\x8d\x86,"
		"\x97\x98\x97\x70\x97\x70\x93\x72,\x93\x6f\x98\x5e\x93\xfa,"
		"\x97\x4c\x8c\xf8\x8a\xfa\x8c\xc0\r\n"
		"\x8e\x52\x93\x63,10.0.0.1,192.0.2.1,lan\x81\xa8wan,tcp,443,"
		"\x94\xad\x92\x8d,2026/4/1,2027/3/31\r\n";
	struct fw_csv_rules out;

	read_text(text, &out);
	assert_int_equal(out.n, 1);
	is_sample(&out.rules[0]);
	fw_csv_rules_done(&out);
}

/* One cell put into the sample, and what becomes of it. */
static void cells(void **state)
{
	static const char *const cases[][3] = {
		{"source", "\"10.0.0.1\n10.0.0.2\"", "10.0.0.1,10.0.0.2"},
		{"source", "10.0.0.1、10.0.0.2", "10.0.0.1,10.0.0.2"},
		{"source", "10.0.0.1；工場ＬＡＮ", "10.0.0.1,工場ＬＡＮ"},
		{"source", "サーバー１号", "サーバー１号"},
		{"source", "１０．０．０．０／８", "10.0.0.0/8"},
		{"source", "10.0.0.1〜10.0.0.9", "10.0.0.1-10.0.0.9"},
		{"source", "ＡＮＹ", "ANY"},
		{"source", "２００１：ｄｂ８：：１", "2001:db8::1"},
		{"source", "'-x", "-x"},
		{"port", "８０，４４３", "80,443"},
		{"port", "８０〜９０", "80-90"},
		{"port", "－", "-"},
		{"port", "-", "-"},
		{"port", "'-", "-"},
		{"port", "メール送信", "メール送信"},
		{"protocol", "ＴＣＰ／ＵＤＰ", "TCP/UDP"},
		{"purpose", "\"a\nb\"", "a b"},
		{"purpose", "'=1+1", "=1+1"},
		{"purpose", "''=1", "'=1"},
		{"purpose", "'quoted'", "'quoted'"},
		{"purpose", "４４３番を使う", "４４３番を使う"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fw_csv_rules out;
		const char *got;
		char text[1000];
		bool src = strcmp(cases[i][0], "source") == 0,
		     port = strcmp(cases[i][0], "port") == 0;
		bool proto = strcmp(cases[i][0], "protocol") == 0;

		snprintf(text, sizeof(text),
			EN "\n山田,%s,192.0.2.1,lan->wan,%s,%s,%s,2026-04-01,2027-03-31\n",
			src ? cases[i][1] : "10.0.0.1", proto ? cases[i][1] : "tcp",
			port ? cases[i][1] : "443", !src && !port && !proto ? cases[i][1] : "発注");
		read_text(text, &out);
		assert_int_equal(out.n, 1);
		got = src       ? out.rules[0].source
			: port  ? out.rules[0].port
			: proto ? out.rules[0].protocol
				: out.rules[0].purpose;
		assert_string_equal(got, cases[i][2]);
		fw_csv_rules_done(&out);
	}
}

static void kinds_and_flags(void **state)
{
	static const char text[] =
		"番号,種別,変換先,ログ,優先順,取引先,チケット,状態,承認者,承認日,最終棚卸日,"
		"最終利用日," JA "\n"
		"1001,許可,,する,,A社,R-1,有効,鈴木,2026-04-02,x,y," ROW "\n"
		"１００２,遮断,,,20,,,,,,,," ROW "\n"
		",ポート転送,192.168.1.5:80,○,,,,,,,,," ROW "\n"
		",送信元変換,masquerade,しない,,,,,,,,," ROW "\n"
		",Deny,,yes,,,,,,,,," ROW "\n";
	struct fw_csv_rules out;

	read_text(text, &out);
	assert_int_equal(out.n, 5);
	assert_int_equal(out.rules[0].number, 1001);
	assert_int_equal(out.rules[0].kind, FW_ALLOW);
	assert_true(out.rules[0].log);
	assert_string_equal(out.rules[0].partner, "A社");
	assert_string_equal(out.rules[0].ticket, "R-1");
	/* only the gateway sets these */
	assert_int_equal(out.rules[0].state, FW_DRAFT);
	assert_null(out.rules[0].approver);
	assert_int_equal(out.rules[0].approved_at, 0);
	assert_int_equal(out.rules[1].number, 1002);
	assert_int_equal(out.rules[1].kind, FW_DENY);
	assert_int_equal(out.rules[1].order, 20);
	assert_int_equal(out.rules[2].kind, FW_DNAT);
	assert_string_equal(out.rules[2].nat_to, "192.168.1.5:80");
	assert_true(out.rules[2].log);
	assert_int_equal(out.rules[3].kind, FW_SNAT);
	assert_false(out.rules[3].log);
	assert_int_equal(out.rules[4].kind, FW_DENY);
	assert_int_equal(out.rules[4].order, 500);
	assert_int_equal(out.lines[4], 6);
	fw_csv_rules_done(&out);
	fw_csv_rules_done(NULL);
}

static void faults_have_line_and_field(void **state)
{
	static const char text[] = "number,kind,log,order," EN "\n"
				   "x,allow,,," ROW "\n"
				   ",,,," ROW "\n"
				   ",allow,maybe,0," ROW "\n"
				   ",allow,,,山田,\"10.0.0.1\n10.0.0.2\",192.0.2.1,lan wan,tcp,443,"
				   "発注,2026-13-01,soon\n"
				   ",allow,,," ROW "\n";
	static const struct {
		size_t line;
		const char *path;
	} want[] = {{2, "number"}, {3, "kind"}, {4, "log"}, {4, "order"}, {5, "direction"},
		{5, "registered"}, {5, "expiry"}};
	struct fw_csv_rules out;

	assert_int_equal(fw_csv_read_rules(text, strlen(text), &out, NULL), 0);
	assert_int_equal(out.n, 1);
	assert_int_equal(out.lines[0], 7);
	assert_int_equal(out.n_errors, sizeof(want) / sizeof(want[0]));
	for (size_t i = 0; i < out.n_errors; i++) {
		bool found = false;

		for (size_t j = 0; j < out.n_errors; j++)
			found |= out.errors[j].line == want[i].line &&
				strcmp(out.errors[j].err.path, want[i].path) == 0;
		if (!found)
			fail_msg("no fault on line %zu, %s", want[i].line, want[i].path);
		assert_true(out.errors[i].err.en[0] && out.errors[i].err.ja[0]);
	}
	fw_csv_rules_done(&out);
}

static void no_rule_lists(void **state)
{
	static const char *const cases[][2] = {
		{"", "empty"},
		{"\n\n , \n", "empty"},
		{"a,b\n", "'a'"},
		{EN ",colour\n" ROW ",red\n", "'colour'"},
		{EN ",\n" ROW ",red\n", "column 10"},
		{EN ",Port\n", "twice"},
		{EN ",ポート番号\n", "twice"},
		{"applicant,source\n", "destination"},
		{"\"a", "line 1"},
	};
	struct fw_csv_rules keep = {.n = 77};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sk_err err = {0};

		if (fw_csv_read_rules(cases[i][0], strlen(cases[i][0]), &keep, &err) != -EINVAL)
			fail_msg("accepted: %s", cases[i][0]);
		if (!strstr(err.en, cases[i][1]))
			fail_msg("%s", err.en);
		assert_int_equal(keep.n, 77);
	}
}

static void errors_are_capped(void **state)
{
	struct fw_csv_rules out;
	struct sk_buf b;

	sk_buf_init(&b, 1 << 20);
	sk_buf_puts(&b, "order," EN "\n");
	for (int i = 0; i < 1010; i++)
		sk_buf_puts(&b, "x," ROW "\n");
	assert_int_equal(fw_csv_read_rules(b.data, b.len, &out, NULL), 0);
	assert_int_equal(out.n_errors, 1000);
	assert_int_equal(out.errors_cut, 10);
	fw_csv_rules_done(&out);
	sk_buf_done(&b);
}

static void same_rule(const struct fw_rule *a, const struct fw_rule *b)
{
	json_t *d = fw_rule_diff(a, b);
	char *text = json_dumps(d, 0);

	assert_string_equal(text, "{}");
	free(text);
	json_decref(d);
}

static void round_trip(void **state)
{
	static const char *const purposes[] = {
		"=cmd", "'=x", "''", "-", "+81-3", "@x", "a,\"b\";c", "'a", "受発注、システム　１"};

	for (size_t i = 0; i < 2 * sizeof(purposes) / sizeof(purposes[0]); i++) {
		enum sk_lang lang = i % 2 ? SK_JA : SK_EN;
		struct fw_csv_rules out;
		struct fw_rule r;
		struct sk_buf b;

		sample_rule(&r);
		r.number = 1000 + (uint32_t)i;
		r.kind = (enum fw_kind)(i % FW_KINDS);
		r.order = 1 + (uint32_t)i;
		r.log = i % 3 == 0;
		assert_int_equal(fw_str_set(&r.purpose, purposes[i / 2]), 0);
		assert_int_equal(fw_str_set(&r.partner, purposes[i / 2]), 0);
		assert_int_equal(fw_str_set(&r.protocol, i % 5 ? "tcp/udp" : "esp"), 0);
		assert_int_equal(fw_str_set(&r.port, i % 5 ? "80,443,1024-2000" : "-"), 0);
		assert_int_equal(fw_str_set(&r.source, "本社ＬＡＮ,10.0.0.0/8,2001:db8::/32"), 0);
		if (i % 4 == 2)
			assert_int_equal(fw_str_set(&r.nat_to, "[2001:db8::5]:443"), 0);
		if (i % 3 == 1) {
			assert_int_equal(
				sk_time_parse("2026-04-01", false, &r.registered, NULL), 0);
			assert_int_equal(sk_time_parse("2027-03-31", true, &r.expiry, NULL), 0);
		}
		sk_buf_init(&b, 65536);
		if (i % 2)
			sk_buf_puts(&b, "\xef\xbb\xbf");
		fw_csv_put_header(&b, lang);
		fw_csv_put_rule(&b, &r, lang);
		read_text(sk_buf_str(&b), &out);
		assert_int_equal(out.n, 1);
		same_rule(&r, &out.rules[0]);
		fw_csv_rules_done(&out);
		sk_buf_done(&b);
		fw_rule_done(&r);
	}
}

static void written_dates_are_plain(void **state)
{
	struct fw_rule r;
	struct sk_buf b;

	sample_rule(&r);
	assert_int_equal(sk_time_parse("2026-04-01", false, &r.registered, NULL), 0);
	assert_int_equal(sk_time_parse("2027-03-31", true, &r.expiry, NULL), 0);
	sk_buf_init(&b, 65536);
	fw_csv_put_rule(&b, &r, SK_JA);
	assert_string_equal(sk_buf_str(&b),
		",許可,下書き,製造部 山田,192.168.1.0/24,203.0.113.10,lan->wan,tcp,443,"
		"受発注システムの利用,2026-04-01,2027-03-31,,しない,1000,,,,,,\r\n");
	sk_buf_done(&b);
	fw_rule_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_languages),
		cmocka_unit_test(shift_jis),
		cmocka_unit_test(cells),
		cmocka_unit_test(kinds_and_flags),
		cmocka_unit_test(faults_have_line_and_field),
		cmocka_unit_test(no_rule_lists),
		cmocka_unit_test(errors_are_capped),
		cmocka_unit_test(round_trip),
		cmocka_unit_test(written_dates_are_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
