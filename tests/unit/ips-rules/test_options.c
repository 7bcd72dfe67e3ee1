/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the options of a rule become: values, buffers, order, conditions and actions. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "tests/unit/ips-rules/rig.h"

/* Option i of list l of the only rule. */
static const struct ips_opt *opt(struct ips_rules *r, uint32_t l, uint32_t i)
{
	const struct ips_rule *rule = rig_only(r);

	assert_true(l < rule->lists_n);
	assert_true(i < rule->lists[l].n);
	return &rule->lists[l].opts[i];
}

/* The only condition. */
static const struct ips_opt *cond(struct ips_rules *r)
{
	const struct ips_rule *rule = rig_only(r);

	assert_int_equal(rule->conds_n, 1);
	return &rule->conds[0];
}

static void contents(void **state)
{
	struct ips_rules *r = rig_rule(TCP,
		"content:\"a|20 0D0a|\\;\\\"\\\\|7c|\"; offset:2; depth:20; "
		"content:!\"b\"; nocase; distance:-4; within:9; "
		"content:\"cdef\"; fast_pattern:1,2; endswith; "
		"content:\"g\"; startswith;");
	const struct ips_content *c = &opt(r, 0, 0)->content;

	assert_int_equal(c->len, 8);
	assert_memory_equal(c->data, "a \r\n;\"\\|", 8);
	assert_true(c->has_offset && c->has_depth && !c->relative && !c->nocase);
	assert_int_equal(c->offset.value, 2);
	assert_int_equal(c->depth.value, 20);
	assert_int_equal(c->depth.slot, -1);
	c = &opt(r, 0, 1)->content;
	assert_true(opt(r, 0, 1)->negated && c->nocase && c->relative);
	assert_int_equal(c->distance.value, -4);
	assert_int_equal(c->within.value, 9);
	c = &opt(r, 0, 2)->content;
	assert_true(c->fast_pattern && !c->fast_only && c->endswith);
	assert_int_equal(c->fp_off, 1);
	assert_int_equal(c->fp_len, 2);
	c = &opt(r, 0, 3)->content;
	assert_true(c->startswith && c->has_depth);
	assert_int_equal(c->depth.value, 1);
	assert_int_equal(rig_only(r)->lists[0].buf, IPS_BUF_PAYLOAD);
	assert_true(rig_only(r)->lists[0].dir_both);
	ips_rules_free(r);
}

/* The same buffer again is the same list, unless it has several instances or transformations. */
static void buffers(void **state)
{
	struct ips_rules *r = rig_rule(HTTP,
		"content:\"p\"; http.uri; content:\"a\"; http.host; "
		"content:\"b\"; http.uri; content:\"c\"; distance:0; "
		"http.uri; to_lowercase; url_decode; content:\"d\"; "
		"http.uri; to_lowercase; url_decode; content:\"e\"; "
		"http.request_header; content:\"f\"; "
		"http.request_header; content:\"g\"; "
		"pkt_data; content:\"q\";");
	const struct ips_rule *rule = rig_only(r);
	static const enum ips_buf bufs[] = {IPS_BUF_PAYLOAD, IPS_BUF_HTTP_URI, IPS_BUF_HTTP_HOST,
		IPS_BUF_HTTP_URI, IPS_BUF_HTTP_REQUEST_HEADER, IPS_BUF_HTTP_REQUEST_HEADER};
	static const uint32_t n[] = {2, 2, 1, 2, 1, 1};

	assert_int_equal(rule->lists_n, 6);
	for (uint32_t i = 0; i < 6; i++) {
		assert_int_equal(rule->lists[i].buf, bufs[i]);
		assert_int_equal(rule->lists[i].n, n[i]);
		assert_int_equal(rule->lists[i].dir, IPS_TOSERVER);
		assert_false(rule->lists[i].dir_both);
	}
	assert_int_equal(rule->lists[3].transforms_n, 2);
	assert_int_equal(rule->lists[3].transforms[1].kind, IPS_T_URL_DECODE);
	assert_int_equal(rule->lists[1].opts[1].content.data[0], 'c');
	assert_int_equal(rule->hdr_proto, IPS_HP_TCP);
	assert_true(rule->app == IPS_P_HTTP1 && rule->app_any_http);
	ips_rules_free(r);
}

/* An option about another part of the transaction ends the sticky buffer; one about it does not. */
static void left(void **state)
{
	struct ips_rules *r = rig_rule(HTTP,
		"http.uri; content:\"a\"; urilen:5; content:\"b\"; "
		"filesize:>5; content:\"c\";");
	const struct ips_rule *rule = rig_only(r);

	assert_int_equal(rule->lists_n, 2);
	assert_int_equal(rule->lists[0].n, 2);
	assert_int_equal(rule->lists[1].buf, IPS_BUF_PAYLOAD);
	assert_int_equal(rule->lists[1].opts[0].content.data[0], 'c');
	ips_rules_free(r);
	assert_non_null(strstr(rig_refusal(HTTP, "http.host; urilen:5; content:\"a\";"),
		"http.host before it has nothing"));
	/* A list made by a modifier is joined by the first sticky buffer of its kind. */
	r = rig_rule(HTTP,
		"pcre:\"/a/Q\"; http.response_body; content:\"b\"; file.data; "
		"content:\"c\";");
	assert_int_equal(rig_only(r)->lists_n, 2);
	assert_int_equal(rig_only(r)->lists[0].n, 2);
	assert_true(rig_only(r)->flow.to_client);
	ips_rules_free(r);
}

/* Old spellings move the content before them. */
static void modifiers(void **state)
{
	struct ips_rules *r = rig_rule(TCP,
		"content:\"a\"; http_uri; nocase; content:\"p\"; "
		"content:\"b\"; http_uri; distance:1; "
		"pcre:\"/c/Ui\"; uricontent:\"d\"; content:\"H\"; http_header;");
	const struct ips_rule *rule = rig_only(r);

	assert_int_equal(rule->lists_n, 3);
	assert_int_equal(rule->lists[0].buf, IPS_BUF_PAYLOAD);
	assert_int_equal(rule->lists[0].n, 1);
	assert_int_equal(rule->lists[0].opts[0].content.data[0], 'p');
	assert_int_equal(rule->lists[1].buf, IPS_BUF_HTTP_URI);
	assert_int_equal(rule->lists[1].n, 4);
	assert_true(rule->lists[1].opts[0].content.nocase);
	assert_true(rule->lists[1].opts[1].content.relative);
	assert_int_equal(rule->lists[1].opts[2].kind, IPS_O_PCRE);
	assert_int_equal(rule->lists[1].opts[3].content.data[0], 'd');
	assert_int_equal(rule->lists[2].buf, IPS_BUF_HTTP_HEADER);
	assert_true(rule->app == IPS_P_HTTP1 && !rule->app_any_http);
	ips_rules_free(r);
}

static bool re(struct ips_rules *r, const char *subject)
{
	const struct ips_pcre *p = &opt(r, 0, 0)->pcre;
	pcre2_match_data *m = pcre2_match_data_create_from_pattern(p->code, NULL);
	int n = pcre2_match(p->code, (PCRE2_SPTR)subject, strlen(subject), 0, 0, m, NULL);

	pcre2_match_data_free(m);
	return n >= 0;
}

static void expressions(void **state)
{
	static const struct {
		const char *options, *subject;
		bool matches;
	} rows[] = {
		{"pcre:\"/a.c/\";", "xabc", true},
		{"pcre:\"/a.c/\";", "xABC", false},
		{"pcre:\"/a.c/i\";", "xABC", true},
		{"pcre:\"/a.c/s\";", "a\nc", true},
		{"pcre:\"/a.c/\";", "a\nc", false},
		{"pcre:\"/^b/m\";", "a\nb", true},
		{"pcre:\"/b/A\";", "ab", false},
		{"pcre:\"/a b/x\";", "ab", true},
		{"pcre:\"/b$/E\";", "ab\n", false},
		{"pcre:\"/b$/\";", "ab\n", true},
		{"pcre:\"/a\\/b/\";", "a/b", true},
		{"pcre:\"/a\\x2fb\\;/\";", "a/b;", true},
		{"pcre:\"/(a)(b)\\2\\1/\";", "abba", true},
		{"pcre:\"/(?P<q>a)b(?P=q)/\";", "aba", true},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(rows); i++) {
		struct ips_rules *r = rig_rule(TCP, rows[i].options);

		if (re(r, rows[i].subject) != rows[i].matches)
			fail_msg("%s on %s", rows[i].options, rows[i].subject);
		ips_rules_free(r);
	}
	assert_non_null(
		strstr(rig_refusal(TCP, "pcre:\"/a(b/\";"), "pcre: regular expression, at"));
	assert_non_null(strstr(rig_refusal(TCP, "pcre:\"/(?P<x>a)/, flow:x\";"), "not supported"));
}

static void numbers_in_data(void **state)
{
	struct ips_rules *r = rig_rule(TCP,
		"byte_extract:2,4,len,relative,little,multiplier 3,align 4; "
		"byte_test:4,!<=,len,-3,relative,string,hex; "
		"byte_test:2,&,0x8000,0,little,bitmask 0xff00; "
		"byte_jump:2,6,from_end,post_offset -5,align,multiplier 2; "
		"byte_math:bytes 1, offset 2, oper <<, rvalue len, result sum, relative; "
		"content:\"x\"; offset:sum; isdataat:!len,relative;");
	const struct ips_byte *o = &opt(r, 0, 0)->byte;

	assert_int_equal(opt(r, 0, 0)->kind, IPS_O_BYTE_EXTRACT);
	assert_true(o->relative && o->endian == 0 && o->align && o->align_to == 4);
	assert_int_equal(o->slot, 0);
	assert_int_equal(o->multiplier, 3);
	o = &opt(r, 0, 1)->byte;
	assert_true(opt(r, 0, 1)->negated && o->op == 'l' && o->base == 16);
	assert_int_equal(o->value.slot, 0);
	assert_int_equal(o->offset.value, -3);
	o = &opt(r, 0, 2)->byte;
	assert_true(o->op == '&' && o->bitmask == 0xff00 && o->mask_shift == 8);
	assert_int_equal(o->value.value, 0x8000);
	o = &opt(r, 0, 3)->byte;
	assert_true(o->from_end && o->align && o->endian == 1 && o->multiplier == 2);
	assert_int_equal(o->post_offset, -5);
	o = &opt(r, 0, 4)->byte;
	assert_true(o->op == '<' && o->value.slot == 0 && o->slot == 1 && o->relative);
	assert_int_equal(opt(r, 0, 5)->content.offset.slot, 1);
	assert_true(opt(r, 0, 6)->negated && opt(r, 0, 6)->byte.value.slot == 0);
	ips_rules_free(r);
	/* Not a byte behind the content: endswith. */
	r = rig_rule(TCP, "content:\"ab\"; isdataat:!1,relative;");
	assert_int_equal(rig_only(r)->lists[0].n, 1);
	assert_true(opt(r, 0, 0)->content.endswith);
	ips_rules_free(r);
	r = rig_rule(TCP, "content:\"ab\"; pcre:\"/c/R\"; isdataat:!1,relative;");
	assert_int_equal(rig_only(r)->lists[0].n, 3);
	assert_false(opt(r, 0, 0)->content.endswith);
	ips_rules_free(r);
}

static void base64(void **state)
{
	struct ips_rules *r = rig_rule(HTTP,
		"http.request_body; content:\"x=\"; base64_decode:bytes 10, offset 2, relative; "
		"base64_data; content:\"cmd\"; pcre:\"/a+/R\";");
	const struct ips_opt *o = opt(r, 0, 1);

	assert_int_equal(rig_only(r)->lists_n, 1);
	assert_int_equal(o->kind, IPS_O_BASE64_DECODE);
	assert_true(o->base64.relative && o->base64.bytes == 10 && o->base64.offset.value == 2);
	assert_non_null(o->base64.sub);
	assert_int_equal(o->base64.sub->n, 2);
	assert_int_equal(o->base64.sub->opts[1].kind, IPS_O_PCRE);
	ips_rules_free(r);
}

static void comparisons(void **state)
{
	static const struct {
		const char *header, *options;
		enum ips_opt_kind kind;
		struct ips_num_cmp cmp;
	} rows[] = {
		{IP, "dsize:5;", IPS_O_DSIZE, {IPS_EQ, 5, 0}},
		{IP, "dsize:<5;", IPS_O_DSIZE, {IPS_LT, 5, 0}},
		{IP, "dsize:>=5;", IPS_O_DSIZE, {IPS_GE, 5, 0}},
		{IP, "dsize:!5;", IPS_O_DSIZE, {IPS_NE, 5, 0}},
		{IP, "dsize:5<>10;", IPS_O_DSIZE, {IPS_RANGE, 5, 10}},
		{IP, "ttl:1-10;", IPS_O_TTL, {IPS_RANGE, 1, 10}},
		{ICMP, "itype:8;", IPS_O_ITYPE, {IPS_EQ, 8, 0}},
		{ICMP, "icode:>3;", IPS_O_ICODE, {IPS_GT, 3, 0}},
		{TCP, "window:!5;", IPS_O_TCP_WINDOW, {IPS_NE, 5, 0}},
		{TCP, "seq:4294967295;", IPS_O_TCP_SEQ, {IPS_EQ, 4294967295, 0}},
		{IP, "ip_proto:!tcp;", IPS_O_IP_PROTO, {IPS_NE, 6, 0}},
		{IP, "ip_proto:gre;", IPS_O_IP_PROTO, {IPS_EQ, 47, 0}},
		{IP, "tos:!8;", IPS_O_TOS, {IPS_NE, 8, 0}},
		{IP, "ipopts:lsrr;", IPS_O_IPOPTS, {IPS_EQ, IPS_IPOPT_LSRR, 0}},
		{IP, "flow.age:>3600;", IPS_O_FLOW_AGE, {IPS_GT, 3600, 0}},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(rows); i++) {
		struct ips_rules *r = rig_rule(rows[i].header, rows[i].options);
		const struct ips_opt *o = cond(r);

		if (o->kind != rows[i].kind || o->num.op != rows[i].cmp.op ||
			o->num.a != rows[i].cmp.a || o->num.b != rows[i].cmp.b)
			fail_msg("%s", rows[i].options);
		ips_rules_free(r);
	}
}

static void flags(void **state)
{
	static const struct {
		const char *options;
		uint8_t want, mask;
		int mode;
	} rows[] = {
		{"flags:S;", IPS_TCP_SYN, 0xff, IPS_FL_EXACT},
		{"flags:SA,12;", IPS_TCP_SYN | IPS_TCP_ACK, 0x3f, IPS_FL_EXACT},
		{"flags:+S;", IPS_TCP_SYN, 0xff, IPS_FL_ALL},
		{"flags:*SF;", IPS_TCP_SYN | IPS_TCP_FIN, 0xff, IPS_FL_ANY},
		{"tcp.flags:!R,CE;", IPS_TCP_RST, 0x3f, IPS_FL_NOT},
		{"flags:0;", 0, 0xff, IPS_FL_EXACT},
		{"fragbits:MD;", 3, 7, IPS_FL_EXACT},
		{"fragbits:R+;", 4, 7, IPS_FL_ALL},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(rows); i++) {
		struct ips_rules *r = rig_rule(TCP, rows[i].options);
		const struct ips_opt *o = cond(r);

		if (o->flags.want != rows[i].want || o->flags.mask != rows[i].mask ||
			(int)o->flags.mode != rows[i].mode)
			fail_msg("%s", rows[i].options);
		ips_rules_free(r);
	}
}

static void remembered(void **state)
{
	struct ips_rules *r = rig_rule(TCP,
		"flow:to_server,established; flowbits:isset,a|b; flowbits:set,c; "
		"xbits:isset,x,track ip_src; xbits:set,y,track ip_pair,expire 90; "
		"hostbits:isnotset,h,dst; flowint:n,+,1; flowint:n,>=,limit; flowbits:noalert; "
		"stream_size:server,<,100; tag:host,20,seconds,dst; bypass;");
	const struct ips_rule *rule = rig_only(r);
	const struct ips_opt *o = rule->conds;

	assert_true(rule->flow.to_server && rule->flow.established && !rule->flow.to_client);
	assert_true(rule->flags & IPS_RULE_NOALERT);
	assert_int_equal(rule->conds_n, 5);
	assert_true(o[0].bits.cmd == IPS_BIT_ISSET && o[0].bits.n == 2);
	assert_string_equal(o[0].bits.names[1], "b");
	assert_true(o[1].kind == IPS_O_XBITS && o[1].bits.track == IPS_TRACK_SRC);
	assert_true(o[2].kind == IPS_O_HOSTBITS && o[2].bits.track == IPS_TRACK_DST);
	assert_true(o[3].flowint.op == 'g');
	assert_string_equal(o[3].flowint.other, "limit");
	assert_true(o[4].stream_size.dir == IPS_TOCLIENT && o[4].stream_size.cmp.a == 100);
	o = rule->actions;
	assert_int_equal(rule->actions_n, 5);
	assert_string_equal(o[0].bits.names[0], "c");
	assert_true(o[1].bits.track == IPS_TRACK_PAIR && o[1].bits.expire_s == 90);
	assert_true(o[2].flowint.op == '+' && o[2].flowint.value == 1);
	assert_true(o[3].tag.scope == 'h' && o[3].tag.count == 20 && o[3].tag.metric == 's' &&
		o[3].tag.side == 'd');
	assert_int_equal(o[4].kind, IPS_O_BYPASS);
	ips_rules_free(r);
}

static void limits(void **state)
{
	struct ips_rules *r =
		rig_rule(TCP, "threshold: type both, track by_dst, seconds 60, count 3;");
	const struct ips_threshold *t = &rig_only(r)->threshold;

	assert_true(t->type == IPS_TH_BOTH && t->track == IPS_TRACK_DST);
	assert_true(t->count == 3 && t->seconds == 60);
	ips_rules_free(r);
	r = rig_rule(TCP, "detection_filter:track by_src, count 5, seconds 10;");
	t = &rig_only(r)->detection;
	assert_true(t->type == IPS_TH_DETECTION && t->count == 5 && t->seconds == 10);
	ips_rules_free(r);
}

static void of_protocols(void **state)
{
	struct ips_rules *r = rig_rule(HTTP, "urilen:5<>10,raw;");

	assert_int_equal(cond(r)->number.id, IPS_NUM_URILEN_RAW);
	assert_true(cond(r)->number.cmp.op == IPS_RANGE && rig_only(r)->flow.to_server);
	ips_rules_free(r);
	r = rig_rule(TLS, "tls.version:1.2;");
	assert_int_equal(cond(r)->number.cmp.a, 0x303);
	ips_rules_free(r);
	r = rig_rule(TLS, "ssl_version:sslv3,tls1.0;");
	assert_int_equal(cond(r)->number.cmp.a, 0x300);
	assert_int_equal(cond(r)->number.more_n, 1);
	assert_int_equal(cond(r)->number.more[0].a, 0x301);
	ips_rules_free(r);
	r = rig_rule(TLS, "ssl_state:client_hello|server_hello;");
	assert_int_equal(cond(r)->number.cmp.a, 3);
	ips_rules_free(r);
	r = rig_rule(TLS, "tls_cert_notafter:<2024-02-29T12:30;");
	assert_int_equal(cond(r)->number.cmp.a, 1709209800);
	ips_rules_free(r);
	r = rig_rule(TLS, "tls_cert_expired;");
	assert_true(cond(r)->number.now && cond(r)->number.cmp.op == IPS_LT);
	assert_true(rig_only(r)->flow.to_client);
	ips_rules_free(r);
	r = rig_rule(HTTP, "http.host; to_sha256; content:\"|49 96|AB\";");
	rig_only(r);
	ips_rules_free(r);
	r = rig_rule(TLS, "tls.subject:!\"CN=x\";");
	assert_true(opt(r, 0, 0)->negated);
	assert_int_equal(rig_only(r)->lists[0].buf, IPS_BUF_TLS_CERT_SUBJECT);
	ips_rules_free(r);
	/* Serial numbers are matched in capitals, hashes in small letters. */
	r = rig_rule(TLS, "tls.cert_serial; content:\"0a:bC\";");
	assert_memory_equal(opt(r, 0, 0)->content.data, "0A:BC", 5);
	ips_rules_free(r);
	r = rig_rule(TLS, "ja3.hash; content:\"E7ECA2BAF4458D095B7F45DA28C16C34\";");
	assert_memory_equal(opt(r, 0, 0)->content.data, "e7eca2baf4458d095b7f45da28c16c34", 32);
	ips_rules_free(r);
	r = rig_rule(HTTP, "fileext:\"exe\"; filesize:>1KB;");
	assert_int_equal(rig_only(r)->conds[0].text.what, 'e');
	assert_int_equal(rig_only(r)->conds[1].number.cmp.a, 1024);
	ips_rules_free(r);
}

static void lists_from_outside(void **state)
{
	struct ips_rules *r = rig_rule(DNS,
		"dns.query; dataset:isset,seen,type string,load seen.lst,memcap 10MB,hashsize "
		"1024; "
		"datarep:rep,>,200,load rep.csv,type string; iprep:src,CnC,>,30;");
	const struct ips_opt *o = opt(r, 0, 0);

	assert_true(o->set.op == IPS_BIT_ISSET && o->set.type == 's');
	assert_string_equal(o->set.name, "seen");
	assert_string_equal(o->set.load, "seen.lst");
	assert_int_equal(o->set.memcap, 10 << 20);
	o = opt(r, 0, 1);
	assert_true(o->set.cmp.op == IPS_GT && o->set.cmp.a == 200);
	o = cond(r);
	assert_true(o->set.side == 's' && o->set.cmp.a == 30);
	ips_rules_free(r);
	r = rig_rule(DNS, "dns.query; dataset:set,x,type string,save x.lst;");
	rig_only(r);
	ips_rules_finish(r);
	assert_int_equal(ips_rules_warning_count(r), 1);
	assert_string_equal(ips_rules_warning(r, 0)->option, "dataset");
	ips_rules_free(r);
	/* Files outside the folder of data sets are nobody's business. */
	assert_non_null(
		strstr(rig_refusal(DNS, "dns.query; dataset:isset,x,type string,load ../x;"),
			"leaves the folder"));
	assert_non_null(
		strstr(rig_refusal(DNS, "dns.query; dataset:isset,x,type string,load /etc/x;"),
			"leaves the folder"));
	assert_non_null(strstr(rig_refusal(DNS, "dataset:isset,x,type string;"), "sticky buffer"));
}

static void transforms(void **state)
{
	struct ips_rules *r = rig_rule(HTTP,
		"http.uri; xor:\"0aFF\"; pcrexform:\"a(.*)b\"; "
		"content:\"x\";");
	const struct ips_transform *t = rig_only(r)->lists[0].transforms;

	assert_int_equal(rig_only(r)->lists[0].transforms_n, 2);
	assert_true(t[0].kind == IPS_T_XOR && t[0].key_len == 2);
	assert_memory_equal(t[0].key, "\x0a\xff", 2);
	assert_true(t[1].kind == IPS_T_PCREXFORM && t[1].code);
	ips_rules_free(r);
}

static void headers(void **state)
{
	static const struct {
		const char *header;
		uint32_t hdr;
		enum ips_proto_id app;
	} rows[] = {
		{TCP, IPS_HP_TCP, IPS_P_UNKNOWN},
		{"alert tcp-pkt any any -> any any", IPS_HP_TCP | IPS_HP_TCP_PKT, IPS_P_UNKNOWN},
		{"alert tcp-stream any any -> any any", IPS_HP_TCP | IPS_HP_TCP_STREAM,
			IPS_P_UNKNOWN},
		{ICMP, IPS_HP_ICMP | IPS_HP_ICMPV6, IPS_P_UNKNOWN},
		{"alert ip6 any any -> any any", IPS_HP_IP | IPS_HP_IPV6_ONLY, IPS_P_UNKNOWN},
		{"alert http1 any any -> any any", IPS_HP_TCP, IPS_P_HTTP1},
		{DNS, IPS_HP_TCP | IPS_HP_UDP, IPS_P_DNS},
		{TLS, IPS_HP_TCP, IPS_P_TLS},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(rows); i++) {
		struct ips_rules *r = rig_rule(rows[i].header, "");
		const struct ips_rule *rule = rig_only(r);

		if (rule->hdr_proto != rows[i].hdr || rule->app != rows[i].app ||
			rule->app_any_http)
			fail_msg("%s", rows[i].header);
		ips_rules_free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(contents),
		cmocka_unit_test(buffers),
		cmocka_unit_test(left),
		cmocka_unit_test(modifiers),
		cmocka_unit_test(expressions),
		cmocka_unit_test(numbers_in_data),
		cmocka_unit_test(base64),
		cmocka_unit_test(comparisons),
		cmocka_unit_test(flags),
		cmocka_unit_test(remembered),
		cmocka_unit_test(limits),
		cmocka_unit_test(of_protocols),
		cmocka_unit_test(lists_from_outside),
		cmocka_unit_test(transforms),
		cmocka_unit_test(headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
