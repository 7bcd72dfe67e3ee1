/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inline: patterns split over packets are found by the packet that completes them, and once. */
#include "ips/detect/detect_int.h"
#include "tests/unit/ips-detect/rig.h"

#include <stdio.h>
#include <stdlib.h>

#define TS IPS_TOSERVER

static const char *const rules =
	"alert tcp any any -> any any (msg:\"a\"; content:\"GET /evil\"; sid:1;)\n"
	"alert tcp any any -> any any (msg:\"b\"; content:\"first\"; fast_pattern; "
	"content:\"second\"; distance:0; sid:2;)\n"
	"alert tcp any any -> any any (msg:\"c\"; pcre:\"/regular\\s+thing/\"; sid:3;)\n"
	"alert tcp any any -> any any (msg:\"d\"; content:\"HEAD\"; depth:4; sid:4;)\n";

/* Cut text after every byte: whatever the cut, the second packet completes the match. */
static void every_cut(const char *text, const char *want)
{
	size_t n = strlen(text);

	for (size_t cut = 1; cut < n; cut++) {
		struct ips_raw raw;
		char first[256];
		struct rig r;

		rig_init(&r, true, rules);
		snprintf(first, sizeof(first), "%.*s", (int)cut, text);
		raw = rig_raw(first, 0, 0);
		assert_string_equal(rig_packet(&r, TS, first, &raw), "");
		raw = rig_raw(text, cut, 0);
		assert_string_equal(rig_packet(&r, TS, text + cut, &raw), want);
		/* Seen again with what follows, it is no second match. */
		raw = (struct ips_raw){
			(const uint8_t *)text, (uint32_t)n, 1, 0, true, false, NULL, 0, 0};
		assert_string_equal(rig_packet(&r, TS, "!", &raw), "");
		rig_done(&r);
	}
}

static void split(void **state)
{
	every_cut("GET /evil", "1~");
	every_cut("first second", "2~");
	every_cut("regular   thing", "3~");
}

/* The whole again in a later packet is a second match. */
static void twice(void **state)
{
	const char *text = "GET /evil and GET /evil";
	struct ips_raw raw;
	struct rig r;

	rig_init(&r, true, rules);
	raw = rig_raw("GET /evil and", 0, 0);
	assert_string_equal(rig_packet(&r, TS, "GET /evil and", &raw), "1~");
	raw = rig_raw(text, 13, 0);
	assert_string_equal(rig_packet(&r, TS, text + 13, &raw), "1~");
	rig_done(&r);
}

/* A large payload in place, its border seen through the seam. */
static void seam(void **state)
{
	static char big[8192 + 1];
	struct ips_raw raw;
	struct rig r;

	rig_init(&r, true, rules);
	memset(big, 'x', sizeof(big) - 1);
	memcpy(big, "evil", 4);
	raw = rig_raw("some GET /", 0, 0);
	assert_string_equal(rig_packet(&r, TS, "some GET /", &raw), "");
	raw = (struct ips_raw){(const uint8_t *)big, 8192, 8192, 10, false, false,
		(const uint8_t *)"some GET /evilxxxxxxx", 21, 10};
	assert_string_equal(rig_packet(&r, TS, big, &raw), "1~");
	/* In the seam once more, but old. */
	memset(big, 'y', 4);
	raw = (struct ips_raw){(const uint8_t *)big, 8192, 8192, 21, false, false,
		(const uint8_t *)"some GET /evilxxxxxxxyyyy", 25, 21};
	assert_string_equal(rig_packet(&r, TS, big, &raw), "");
	rig_done(&r);
	/* What must stand at the beginning, across the border. */
	rig_init(&r, true, rules);
	memcpy(big, "AD", 2);
	raw = rig_raw("HE", 0, 0);
	assert_string_equal(rig_packet(&r, TS, "HE", &raw), "");
	raw = (struct ips_raw){(const uint8_t *)big, 8192, 8192, 2, false, false,
		(const uint8_t *)"HEADyyxx", 8, 2};
	assert_string_equal(rig_packet(&r, TS, big, &raw), "4~");
	rig_done(&r);
}

/* Beginnings of many other rules between the two halves do not make the first one forgotten. */
static void decoys(void **state)
{
	char text[8192], all[4096] = "AAAA-first ";
	size_t k, n = strlen(all), cut;
	struct ips_raw raw;
	struct rig r;

	k = (size_t)snprintf(text, sizeof(text),
		"alert tcp any any -> any any (msg:\"m\"; "
		"content:\"AAAA-first\"; fast_pattern; content:\"second\"; distance:0; "
		"sid:999;)\n");
	for (int i = 0; i < 40; i++)
		k += (size_t)snprintf(text + k, sizeof(text) - k,
			"alert tcp any any -> any any (msg:\"m\"; content:\"decoy-%d-\"; "
			"fast_pattern; content:\"never\"; distance:0; sid:%d;)\n",
			i, i + 1);
	rig_init(&r, true, text);
	raw = rig_raw(all, 0, 0);
	assert_string_equal(rig_packet(&r, TS, all, &raw), "");
	for (int i = 0; i < 40; i++) {
		cut = n;
		n += (size_t)snprintf(all + n, sizeof(all) - n, "decoy-%d- ", i);
		raw = rig_raw(all, cut, 0);
		assert_string_equal(rig_packet(&r, TS, all + cut, &raw), "");
	}
	cut = n;
	snprintf(all + n, sizeof(all) - n, "second");
	raw = rig_raw(all, cut, 0);
	assert_string_equal(rig_packet(&r, TS, all + cut, &raw), "999~");
	rig_done(&r);
}

/* Without memory to remember, tails are searched again. */
static void no_memory(void **state)
{
	struct ips_raw raw = rig_raw("first ", 0, 0);
	struct rig r;

	rig_init(&r, true, rules);
	r.d->cfg.mem_max = 0;
	assert_string_equal(rig_packet(&r, TS, "first ", &raw), "");
	raw = rig_raw("first second", 6, 0);
	assert_string_equal(rig_packet(&r, TS, "second", &raw), "2~");
	assert_true(ips_detect_stats(r.d)->mem_refused > 0);
	rig_done(&r);
}

/* depth counts from the beginning of the stream, not of the window; packets from their own. */
static void depth(void **state)
{
	struct ips_raw raw;
	struct rig r;

	rig_init(&r, true, rules);
	raw = rig_raw("HEAD", 0, 1000);
	rig_fill(&r, TS, NULL);
	assert_string_equal(rig_run(&r, &raw), "");
	raw.offset = 0;
	assert_string_equal(rig_run(&r, &raw), "4~");
	raw = rig_raw("bodyHEAD", 4, 5000);
	assert_string_equal(rig_packet(&r, TS, "HEAD", &raw), "4");
	rig_done(&r);
}

/* More stream data of the same packet: packet rules are not run again. */
static void again(void **state)
{
	struct ips_raw raw = rig_raw("GET /evil", 0, 0);
	const struct ips_alert *a;
	struct rig r;

	rig_init(&r, false,
		"alert tcp any any -> any any (msg:\"a\"; content:\"GET /evil\"; sid:1;)\n"
		"alert tcp any any -> any any (msg:\"b\"; flow:established; sid:2;)\n");
	assert_string_equal(rig_packet(&r, TS, NULL, &raw), "1~,2");
	raw = rig_raw("GET /evil", 0, 100);
	assert_int_equal(ips_detect_again(r.d, &r.p, &raw, &a), 1);
	assert_int_equal(a[0].rule->sid, 1);
	assert_int_equal(ips_detect_again(r.d, &r.p, NULL, &a), 0);
	rig_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(split),
		cmocka_unit_test(twice),
		cmocka_unit_test(seam),
		cmocka_unit_test(decoys),
		cmocka_unit_test(no_memory),
		cmocka_unit_test(depth),
		cmocka_unit_test(again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
