// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every format on a file in its publisher's layout (tests/feeds/, see the README there): which
 * entries come out, which lines are counted as wrong, and which files are refused as a whole.
 */
#include "tests/unit/lib/unit.h"

#include "lib/file.h"
#include "lib/util.h"
#include "mgmt/feeds/parse.h"

#define NOW 1796000000 /* 2026-11-30 */

struct run {
	struct mg_feed_def d;
	struct mg_list_builder *b;
	struct mg_parse_tally t;
	struct sk_err err;
	struct sk_buf out; /* "4 192.0.2.1 note" lines */
	int code;
};

static int put_line(const struct mg_list_entry *e, void *arg)
{
	sk_buf_printf(arg, "%c %.*s%s%.*s\n", sk_bl_kind_char(e->kind), (int)e->len, e->value,
		e->note_len ? " " : "", (int)e->note_len, e->note);
	return 0;
}

static void define(struct mg_feed_def *d, const char *format, const char *options)
{
	struct sk_buf b;
	struct sk_err err = {0};

	sk_buf_init(&b, 4096);
	sk_buf_printf(&b,
		"{\"name\":\"x\",\"title\":{\"en\":\"x\"},\"kind\":\"mixed\",\"path\":\"/x\","
		"\"format\":\"%s\"%s%s}",
		format, options ? ",\"options\":" : "", options ? options : "");
	if (mg_feed_def_parse_text(d, sk_buf_str(&b), b.len, &err) < 0)
		fail_msg("%s: %s", err.path, err.en);
	sk_buf_done(&b);
}

static void run_bytes(
	struct run *r, const char *format, const char *options, const void *p, size_t n)
{
	struct mg_list_meta m = {.feed = "x", .fetched = NOW};
	uint64_t kinds[SK_BL_KINDS];
	struct sk_buf list;

	memset(r, 0, sizeof(*r));
	define(&r->d, format, options);
	r->b = mg_list_builder_new(1000);
	sk_buf_init(&r->out, 1u << 20);
	sk_buf_init(&list, 1u << 20);
	r->code = mg_feed_parse(&r->d, NOW, p, n, r->b, &r->t, &r->err);
	if (r->code == 0) {
		assert_int_equal(mg_list_write(r->b, &m, &list, kinds, &r->err), 0);
		assert_int_equal(
			mg_list_check(list.data, list.len, NULL, put_line, &r->out, &r->err), 0);
	}
	sk_buf_done(&list);
}

static void run_text(struct run *r, const char *format, const char *options, const char *text)
{
	run_bytes(r, format, options, text, strlen(text));
}

static void run_done(struct run *r)
{
	mg_feed_def_done(&r->d);
	mg_list_builder_free(r->b);
	sk_buf_done(&r->out);
}

static void read_sample(struct sk_buf *b, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "tests/feeds/%s", name);
	sk_buf_init(b, 1u << 20);
	assert_int_equal(sk_file_read(path, b, NULL), 0);
}

/* The entries of a sample, and how many lines were lines, wrong, and of no interest. */
static void sample(const char *name, const char *format, const char *options,
	const unsigned counts[3], const char *want)
{
	struct sk_buf b;
	struct run r;

	read_sample(&b, name);
	run_bytes(&r, format, options, b.data, b.len);
	if (r.code < 0)
		fail_msg("%s: %s", name, r.err.en);
	assert_string_equal(sk_buf_str(&r.out), want);
	assert_int_equal(r.t.lines, counts[0]);
	assert_int_equal(r.t.errors, counts[1]);
	assert_int_equal(r.t.ignored, counts[2]);
	assert_int_equal(r.t.n_first, counts[1] < 10 ? counts[1] : 10);
	run_done(&r);
	sk_buf_done(&b);
}

#define N(a, b, c)                                                                                 \
	(const unsigned[3])                                                                        \
	{                                                                                          \
		a, b, c                                                                            \
	}

static void addresses(void **state)
{
	struct sk_buf b;
	struct run r;

	sample("addresses.txt", "addresses", NULL, N(12, 3, 0),
		"4 192.0.2.0/28 a whole block\n"
		"4 192.0.2.1\n"
		"4 198.51.100.7-198.51.100.9 three in a row\n"
		"4 198.51.100.16/28 a range that is a prefix\n"
		"4 203.0.113.5 one\n"
		"4 203.0.113.10\n"
		"6 2001:db8::1\n"
		"6 2001:db8:1::/48 with a remark\n");
	/* Where the errors are is told. */
	read_sample(&b, "addresses.txt");
	run_bytes(&r, "addresses", NULL, b.data, b.len);
	assert_int_equal(r.t.first[0].line, 12);
	assert_string_equal(r.t.first[0].sample, "not-an-address");
	assert_int_equal(r.t.first[2].line, 14); /* octal to some, decimal to others */
	run_done(&r);
	sk_buf_done(&b);
}

static void spamhaus(void **state)
{
	struct sk_buf b;
	struct run r;

	sample("drop.txt", "spamhaus-drop", NULL, N(3, 0, 0),
		"4 192.0.2.0/24 SBL100001\n4 198.51.100.0/25 SBL100002\n"
		"4 203.0.113.128/25 SBL100003\n");
	sample("drop.json", "spamhaus-drop-json", NULL, N(3, 0, 0),
		"4 192.0.2.0/24 SBL100001\n4 198.51.100.0/25 SBL100002\n"
		"6 2001:db8:dead::/48 SBL100004\n");
	/* Its last line lost, or one in the middle: not all of it. */
	read_sample(&b, "drop.json");
	run_bytes(&r, "spamhaus-drop-json", NULL, b.data, 150);
	assert_int_equal(r.code, -EBADMSG);
	assert_non_null(strstr(r.err.en, "cut short"));
	run_done(&r);
	run_bytes(&r, "spamhaus-drop-json", NULL, b.data + 58, b.len - 58);
	assert_int_equal(r.code, -EBADMSG);
	run_done(&r);
	sk_buf_done(&b);
}

static void feodo(void **state)
{
	struct sk_buf b;
	struct run r;

	sample("feodo.csv", "feodo-csv", NULL, N(3, 0, 0),
		"4 192.0.2.75 Dridex\n4 198.51.100.32 QakBot\n4 203.0.113.246 Emotet\n");
	sample("feodo.json", "feodo-json", NULL, N(3, 1, 0),
		"4 192.0.2.75 Dridex\n4 198.51.100.32 QakBot\n");
	run_text(&r, "feodo-csv", NULL,
		"\"first_seen_utc\",\"dst_ip\"\n\"x\",\"192.0.2.1\"\n# END 7 entries\n");
	assert_int_equal(r.code, -EBADMSG);
	run_done(&r);
	read_sample(&b, "feodo.json");
	run_bytes(&r, "feodo-json", NULL, b.data, b.len / 2);
	assert_int_equal(r.code, -EBADMSG);
	assert_non_null(strstr(r.err.en, "JSON"));
	run_done(&r);
	sk_buf_done(&b);
}

static void urlhaus(void **state)
{
	sample("urlhaus.csv", "urlhaus-csv", NULL, N(4, 1, 0),
		"u 192.0.2.77:40511/bin.sh malware_download 32-bit,elf,mips,Mozi\n"
		"u evil.test/x malware_download None\n"
		"u files.bad.example/a%20b/setup.exe?id=1 malware_download exe\n");
	sample("urlhaus.hosts", "hosts", NULL, N(2, 0, 0), "d evil.test\nd files.bad.example\n");
}

static void threatfox(void **state)
{
	struct run r;

	sample("threatfox.csv", "threatfox-csv", NULL, N(5, 1, 1),
		"4 203.0.113.9 Sliver\nd c2.bad.example Cobalt Strike\n"
		"u evil.test/gate.php Lumma Stealer\n");
	sample("threatfox.csv", "threatfox-csv", "{\"min_score\":75}", N(5, 1, 2),
		"4 203.0.113.9 Sliver\nd c2.bad.example Cobalt Strike\n");
	sample("threatfox.json", "threatfox-json", NULL, N(2, 0, 0),
		"4 203.0.113.9 Sliver\nd c2.bad.example Cobalt Strike\n");
	sample("threatfox-api.json", "threatfox-json", NULL, N(2, 0, 1), "d gate.test Dridex\n");
	run_text(&r, "threatfox-json", NULL, "{\"query_status\":\"unknown_auth_key\"}");
	assert_int_equal(r.code, -EBADMSG);
	assert_non_null(strstr(r.err.en, "API key"));
	run_done(&r);
	/* Columns that moved are found by their names. */
	run_text(&r, "threatfox-csv", NULL,
		"# "
		"\"ioc_type\",\"ioc_value\",\"malware_printable\"\n\"domain\",\"a.test\",\"X\"\n");
	assert_string_equal(sk_buf_str(&r.out), "d a.test X\n");
	run_done(&r);
}

static void sslbl(void **state)
{
	sample("sslbl-ja3.csv", "sslbl-ja3-csv", NULL, N(3, 1, 0),
		"j 8991a387e4cc841740f25d6f5139f92d Adware\n"
		"j b386946a5a44d1ddcc843bc75336dfce Dridex\n");
	sample("sslbl-cert.csv", "sslbl-cert-csv", NULL, N(2, 0, 0),
		"c 0123456789abcdef0123456789abcdef01234567 Vidar C&C\n"
		"c 89abcdef0123456789abcdef0123456789abcdef AsyncRAT C&C\n");
	sample("sslbl-ip.csv", "sslbl-ip-csv", NULL, N(2, 0, 0),
		"4 198.51.100.45\n4 203.0.113.44\n");
}

static void names(void **state)
{
	sample("hosts", "hosts", NULL, N(7, 2, 5),
		"d ads.bad.example two at once\nd evil.test\nd tracker.bad.example two at once\n");
	sample("hosts", "hosts", "{\"suffix\":true}", N(7, 2, 5),
		"s ads.bad.example two at once\ns evil.test\ns tracker.bad.example two at once\n");
	sample("domains.txt", "domains", NULL, N(8, 2, 0),
		"4 192.0.2.9\nd bad.example\nd evil.test\n"
		"d xn--r8jz45g.example internationalised, as an A-label\n"
		"s dotted.example\ns wild.example\n");
	sample("urls.txt", "urls", NULL, N(4, 1, 0),
		"u evil.test/a.exe\nu files.bad.example/b?c=d\nu files.bad.example/no-scheme\n");
}

static void rpz(void **state)
{
	struct run r;

	sample("rpz.zone", "rpz", NULL, N(13, 1, 3),
		"4 198.51.100.0/24\n4 203.0.113.9\n6 2001:db8::1\n6 2001:db8:1::/48\n"
		"d drop.test\nd evil.test\n"
		"d files.bad.example Malware download (2026-11-30), see "
		"https://urlhaus.abuse.ch/host/files.bad.example/\n"
		"d garden.test\ns files.bad.example\n");
	/* Absolute names below the zone that the SOA names. */
	run_text(&r, "rpz", NULL,
		"rpz.example. 60 IN SOA a. b. 1 2 3 4 5\nevil.test.rpz.example. CNAME .\n"
		"evil.test. CNAME .\n");
	assert_string_equal(sk_buf_str(&r.out), "d evil.test\n");
	assert_int_equal(r.t.errors, 1);
	run_done(&r);
	run_text(&r, "rpz", NULL, "$ORIGIN rpz.example.\nevil.test CNAME .\n");
	assert_string_equal(sk_buf_str(&r.out), "d evil.test\n");
	run_done(&r);
	run_text(&r, "rpz", NULL, "@ SOA a. b. ( 1 2 3\nevil.test CNAME .\n");
	assert_int_equal(r.code, -EBADMSG);
	run_done(&r);
	run_text(&r, "rpz", NULL, "; nothing\n");
	assert_int_equal(r.code, -EBADMSG);
	run_done(&r);
}

static void stix(void **state)
{
	struct run r;

	/* Only half of "and" would be more than its maker meant. */
	sample("stix.json", "stix", NULL, N(10, 1, 5),
		"4 192.0.2.1 set\n4 198.51.100.0/24 set\n4 203.0.113.66 C2 address\n"
		"d c2.bad.example C2 names\nd evil.test C2 names\nu evil.test/it's C2 names\n"
		"c 0123456789abcdef0123456789abcdef01234567 certificate\n");
	run_text(&r, "stix", NULL, "{\"type\":\"report\"}");
	assert_int_equal(r.code, -EBADMSG);
	run_done(&r);
}

static int count(const char *uuid, void *arg)
{
	sk_buf_printf(arg, "%s\n", uuid + 24);
	return 0;
}

static void misp(void **state)
{
	struct mg_feed_def d;
	struct sk_buf b, out;
	struct run r;

	sample("misp.json", "misp", NULL, N(9, 1, 2),
		"4 203.0.113.21 OSINT - a campaign\n4 203.0.113.22 panel\n"
		"d evil.test OSINT - a campaign\nd panel.bad.example OSINT - a campaign\n"
		"u panel.bad.example/gate.php OSINT - a campaign\n"
		"j b386946a5a44d1ddcc843bc75336dfce OSINT - a campaign\n");
	run_text(&r, "misp", NULL, "{\"response\":[]}");
	assert_int_equal(r.code, 0);
	run_done(&r);
	run_text(&r, "misp", NULL, "{\"errors\":[]}");
	assert_int_equal(r.code, -EBADMSG);
	run_done(&r);
	/* The newest first, the old not at all, no more than asked for. */
	read_sample(&b, "misp-manifest.json");
	sk_buf_init(&out, 4096);
	define(&d, "misp", "{\"days\":30}");
	assert_int_equal(mg_feed_misp_manifest(&d, NOW, b.data, b.len, count, &out, NULL), 0);
	assert_string_equal(sk_buf_str(&out), "0123456789ad\n0123456789ab\n");
	mg_feed_def_done(&d);
	sk_buf_reset(&out);
	define(&d, "misp", "{\"events\":1}");
	assert_int_equal(mg_feed_misp_manifest(&d, NOW, b.data, b.len, count, &out, NULL), 0);
	assert_string_equal(sk_buf_str(&out), "0123456789ad\n");
	/* A name that leads elsewhere is none. */
	assert_int_equal(
		mg_feed_misp_manifest(&d, NOW, "{\"../x\":{}}", 11, count, &out, NULL), -EBADMSG);
	mg_feed_def_done(&d);
	sk_buf_done(&out);
	sk_buf_done(&b);
}

static void suricata(void **state)
{
	sample("iprep.list", "iprep", NULL, N(8, 2, 1),
		"4 192.0.2.4 category 1, score 101\n4 192.0.2.16/28 category 6, score 88\n"
		"4 198.51.100.1 category 1, score 10\n6 2001:db8::4 category 1, score 127\n");
	sample("iprep.list", "iprep", "{\"categories\":[1],\"min_score\":100}", N(8, 2, 4),
		"4 192.0.2.4 category 1, score 101\n6 2001:db8::4 category 1, score 127\n");
	sample("dataset-domains.lst", "dataset", "{\"type\":\"string\",\"as\":\"suffix\"}",
		N(3, 1, 0), "s c2.bad.example\ns evil.test\n");
	sample("dataset-ja3.lst", "dataset", "{\"type\":\"md5\",\"as\":\"ja3\"}", N(2, 1, 0),
		"j b386946a5a44d1ddcc843bc75336dfce\n");
	sample("dataset-cert.lst", "dataset", "{\"type\":\"sha256\",\"as\":\"certificate\"}",
		N(1, 0, 0), "c 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n");
	sample("dataset-ip.lst", "dataset", "{\"type\":\"ip\"}", N(3, 0, 0),
		"4 192.0.2.98\n4 192.0.2.99\n6 2001:db8::99\n");
}

/* What no format can be: each refused with its own reason. */
static void refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
		const char *why;
	} bad[] = {
		{"", 0, "empty"},
		{"\n <!DOCTYPE html><html>", 22, "web page"},
		{"<HTML><body>", 12, "web page"},
		{"\xff\xfe"
		 "1\0.\0",
			6, "UTF-16"},
		{"1\0.\0"
		 "2\0.\0"
		 "3\0.\0"
		 "4\0",
			14, "UTF-16"},
		{"\x7f"
		 "ELF\x02\x01\x01\0abcdefgh",
			16, "binary"},
	};
	static const char *const formats[] = {
		"addresses", "hosts", "feodo-csv", "feodo-json", "rpz", "stix", "misp"};

	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++) {
		for (size_t f = 0; f < SK_ARRAY_SIZE(formats); f++) {
			struct run r;

			run_bytes(&r, formats[f], NULL, bad[i].bytes, bad[i].n);
			assert_int_equal(r.code, -EBADMSG);
			if (!strstr(r.err.en, bad[i].why))
				fail_msg("%s: %s", bad[i].why, r.err.en);
			assert_true(r.err.ja[0] != '\0');
			run_done(&r);
		}
	}
}

static void odd_lines(void **state)
{
	struct run r;
	char *big = malloc(20002);

	/* Another encoding is an error of its line alone, and is shown harmlessly. */
	run_text(&r, "domains", NULL,
		"\xef\xbb\xbf"
		"a.test\nb\xe9.test\nc.test");
	assert_string_equal(sk_buf_str(&r.out), "d a.test\nd c.test\n");
	assert_int_equal(r.t.errors, 1);
	assert_int_equal(r.t.first[0].line, 2);
	assert_string_equal(r.t.first[0].sample, "b\\xe9.test");
	assert_string_equal(r.t.first[0].why->en, "is not UTF-8 text");
	run_done(&r);
	memset(big, 'a', 20000);
	memcpy(big + 20000, "\n", 2);
	run_text(&r, "domains", NULL, big);
	assert_int_equal(r.t.errors, 1);
	run_done(&r);
	free(big);
	/* No more errors are kept than ten, but all are counted. */
	run_text(&r, "urls", NULL, "-\n-\n-\n-\n-\n-\n-\n-\n-\n-\n-\n-\n");
	assert_int_equal(r.t.errors, 12);
	assert_int_equal(r.t.n_first, 10);
	run_done(&r);
}

static void too_many(void **state)
{
	struct mg_feed_def d;
	struct mg_parse_tally t = {0};
	struct sk_err err = {0};
	struct mg_list_builder *b = mg_list_builder_new(2);

	define(&d, "domains", NULL);
	assert_int_equal(
		mg_feed_parse(&d, NOW, "a.test\nb.test\nc.test\n", 21, b, &t, &err), -ENOSPC);
	assert_string_equal(err.path, "max_entries");
	mg_list_builder_free(b);
	mg_feed_def_done(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(addresses), cmocka_unit_test(spamhaus),
		cmocka_unit_test(feodo), cmocka_unit_test(urlhaus), cmocka_unit_test(threatfox),
		cmocka_unit_test(sslbl), cmocka_unit_test(names), cmocka_unit_test(rpz),
		cmocka_unit_test(stix), cmocka_unit_test(misp), cmocka_unit_test(suricata),
		cmocka_unit_test(refused), cmocka_unit_test(odd_lines), cmocka_unit_test(too_many)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
