/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transformations, alone and in a row, as rules write them. */
#include "tests/unit/ips-inspect/one.h"

struct row {
	const char *transforms, *in, *out;
	int in_len, out_len; /* -1: text */
};

static void check(const struct row *r)
{
	size_t n = r->in_len < 0 ? strlen(r->in) : (size_t)r->in_len;
	size_t m = r->out_len < 0 ? strlen(r->out) : (size_t)r->out_len;
	char options[256];
	struct ips_view v;
	struct one o;

	snprintf(options, sizeof(options), "http.header; %s content:\"x\";", r->transforms);
	one_open(&o, "http any any -> any any", options);
	v = ips_inspect_transform(o.in, o.rule->lists[0].transforms, o.rule->lists[0].transforms_n,
		(struct ips_view){(const uint8_t *)r->in, (uint32_t)n});
	if (v.len != m || memcmp(v.data, r->out, m) != 0)
		fail_msg("%s on \"%s\": %.*s (%u)", r->transforms, r->in, (int)v.len,
			(const char *)v.data, v.len);
	one_close(&o);
}

static void each(void **state)
{
	static const struct row rows[] = {
		{"dotprefix;", "example.com", ".example.com", -1, -1},
		{"dotprefix;", "", "", -1, -1},
		{"strip_whitespace;", " a\tb\r\n c\v\f", "abc", -1, -1},
		{"compress_whitespace;", "  a \t b\r\nc ", " a b\rc ", -1, -1},
		{"to_lowercase;", "AbC[Z]\xc4", "abc[z]\xc4", -1, -1},
		{"to_uppercase;", "AbC{z}\xe4", "ABC{Z}\xe4", -1, -1},
		{"url_decode;", "a+b%20c%2fD%2", "a b c/D%2", -1, -1},
		{"url_decode;", "%zz%4%41", "%zz%4A", -1, -1},
		{"url_decode;", "%00x", "\0x", -1, 2},
		{"xor:\"0d0ac8ff\";",
			"\x0d\x0a\xc8\xff"
			"abcde",
			"\0\0\0\0lh\xab\x9bh", -1, 9},
		{"header_lowercase;", "Host: A\r\nUser-Agent: B:C\r\n",
			"host: A\r\nuser-agent: B:C\r\n", -1, -1},
		{"strip_pseudo_headers;", ":path: /\r\nhost: a\r\n:x\r\nb: c\r\n",
			"host: a\r\nb: c\r\n", -1, -1},
		{"strip_pseudo_headers;", "a: :b\r\n", "a: :b\r\n", -1, -1},
		{"pcrexform:\"[a-z]+ (.*) HTTP\";", "get /dropper HTTP/1.0", "/dropper", -1, -1},
		{"pcrexform:\"[a-z]+ (.*) HTTP\";", "nothing", "nothing", -1, -1},
		{"to_md5;", "abc",
			"\x90\x01\x50\x98\x3c\xd2\x4f\xb0\xd6\x96\x3f\x7d\x28\xe1\x7f\x72", -1, 16},
		{"to_sha1;", "abc",
			"\xa9\x99\x3e\x36\x47\x06\x81\x6a\xba\x3e\x25\x71\x78\x50\xc2\x6c\x9c\xd0"
			"\xd8\x9d",
			-1, 20},
		{"to_sha256;", "abc",
			"\xba\x78\x16\xbf\x8f\x01\xcf\xea\x41\x41\x40\xde\x5d\xae\x22\x23\xb0\x03"
			"\x61\xa3\x96\x17\x7a\x9c\xb4\x10\xff\x61\xf2\x00\x15\xad",
			-1, 32},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(rows); i++)
		check(&rows[i]);
}

static void in_a_row(void **state)
{
	static const struct row rows[] = {
		{"url_decode; to_lowercase; strip_whitespace; dotprefix;", "A%20B+C", ".abc", -1,
			-1},
		{"to_lowercase; pcrexform:\"x=([a-z ]+)\"; strip_whitespace; dotprefix;", "??X=A B",
			".ab", -1, -1},
		{"pcrexform:\"x=([a-z]+)\"; pcrexform:\"^.(.)\"; to_uppercase;", "x=abc", "B", -1,
			-1},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(rows); i++)
		check(&rows[i]);
}

/* As part of a match; done by the caller; and longer than the scratch. */
static void in_lists(void **state)
{
	static char big[70000];
	struct one o;

	one_open(&o, "http any any -> any any",
		"http.host; dotprefix; content:\".evil.com\"; startswith;");
	assert_true(one_list(&o, "evil.com", 8, 0, IPS_INSPECT_END));
	assert_false(one_list(&o, "notevil.com", 11, 0, IPS_INSPECT_END));
	assert_false(one_list(&o, "evil.com", 8, 0, IPS_INSPECT_TRANSFORMED));
	assert_true(one_list(&o, ".evil.com", 9, 0, IPS_INSPECT_TRANSFORMED));
	one_rule(&o, "http any any -> any any",
		"http.uri; to_sha256; content:\"|ba 78 16 bf|\"; startswith; bsize:32;");
	assert_true(one_list(&o, "abc", 3, 0, IPS_INSPECT_START | IPS_INSPECT_END));
	one_rule(&o, "http any any -> any any", "http.uri; to_uppercase; content:\"END\";");
	memset(big, 'x', sizeof(big));
	memcpy(big + 65000, "end", 3);
	assert_true(one_list(&o, big, 65003, 0, 0));
	assert_int_equal(ips_inspect_stats(o.in)->transform_cut, 0);
	memcpy(big + 66000, "end", 3);
	big[65000] = 'x';
	assert_false(one_list(&o, big, 66003, 0, 0));
	assert_int_equal(ips_inspect_stats(o.in)->transform_cut, 1);
	one_close(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each),
		cmocka_unit_test(in_a_row),
		cmocka_unit_test(in_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
