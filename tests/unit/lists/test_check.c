// SPDX-License-Identifier: GPL-2.0-or-later
/* What is left out of a list, what refuses it as a whole, and what does not. */
#include "tests/unit/lists/lists.h"

#include "mgmt/feeds/allowed.h"
#include "mgmt/feeds/check.h"

static const struct mg_check_limits usual = {.errors = 5,
	.bad = 5,
	.loss = 50,
	.growth = 4,
	.hits = 2,
	.width4 = 8,
	.width6 = 16,
	.cover = 5,
	.block = true,
	.room = 3000000};

static struct mg_check_result check(
	const struct mg_check_in *in, struct sk_buf *staged, int want_code)
{
	struct mg_check_result r = {0};

	assert_int_equal(mg_check(in, staged->data, staged->len, &r, NULL), want_code);
	sk_buf_done(staged);
	return r;
}

static void reason_is(const struct mg_check_result *r, const char *want)
{
	assert_false(r->accept);
	assert_true(r->n_reasons > 0);
	if (!strstr(r->reasons[0].en, want))
		fail_msg("\"%s\" is not in \"%s\"", want, r->reasons[0].en);
	assert_true(r->reasons[0].ja[0]);
}

static void fault(const char *line, enum mg_check_fault want)
{
	static const struct mg_check_net own[] = {
		{SK_BL_ADDR4, 0xc6336400, 0xc63364ff}}; /* 198.51.100.0/24 */
	const struct mg_check_in in = {.limits = usual, .own = own, .n_own = 1};
	struct mg_list_entry e;
	struct mg_list_reader *r = NULL;
	struct sk_buf b = lt_text(line);

	assert_int_equal(mg_list_open(&r, b.data, b.len, NULL), 0);
	assert_int_equal(mg_list_next(r, &e, NULL), 1);
	if (mg_check_entry(&in, &e) != want)
		fail_msg("%s: %s", line, mg_check_fault_text(mg_check_entry(&in, &e))->en);
	mg_list_close(r);
	sk_buf_done(&b);
}

static void single_entries(void **state)
{
	fault("4 8.8.8.8", MG_CHECK_OK);
	fault("4 203.0.113.9", MG_CHECK_OK);
	fault("4 10.1.2.3", MG_CHECK_RESERVED);
	fault("4 172.31.255.255", MG_CHECK_RESERVED);
	fault("4 172.32.0.0", MG_CHECK_OK);
	fault("4 127.0.0.1", MG_CHECK_RESERVED);
	fault("4 239.255.255.250", MG_CHECK_RESERVED);
	fault("4 255.255.255.255", MG_CHECK_RESERVED);
	fault("4 192.167.255.255-192.168.0.1", MG_CHECK_RESERVED); /* only one end of it */
	fault("4 198.51.100.7", MG_CHECK_OWN);
	fault("4 198.51.0.0/16", MG_CHECK_OWN);
	fault("4 11.0.0.0/8", MG_CHECK_OK);
	fault("4 12.0.0.0/7", MG_CHECK_WIDE);
	fault("4 0.0.0.0/0", MG_CHECK_EVERYTHING);
	fault("6 ::/0", MG_CHECK_EVERYTHING);
	fault("6 ::1", MG_CHECK_RESERVED);
	fault("6 ::ffff:192.0.2.1", MG_CHECK_RESERVED);
	fault("6 fd00::/32", MG_CHECK_RESERVED);
	fault("6 fe80::1", MG_CHECK_RESERVED);
	fault("6 ff02::1", MG_CHECK_RESERVED);
	fault("6 2a00:1450::/32", MG_CHECK_OK);
	fault("6 2a00::/12", MG_CHECK_WIDE);
	fault("s co.jp", MG_CHECK_WIDE);
	fault("s tokyo.jp", MG_CHECK_WIDE);
	fault("s github.io", MG_CHECK_WIDE);
	fault("s bad.github.io", MG_CHECK_OK);
	fault("s com.au", MG_CHECK_WIDE);
	fault("s bad.co.jp", MG_CHECK_OK);
	fault("s co.example", MG_CHECK_OK);
	fault("d co.jp", MG_CHECK_OK);
}

static void few_impossible_entries_are_left_out(void **state)
{
	const struct mg_check_in in = {.limits = usual};
	struct mg_check_result r;
	struct sk_buf b;
	struct list_of l;

	lt_begin(&l);
	lt_range(&l, "203.0.113.0", 200);
	lt_range(&l, "10.0.0.1", 10);
	b = lt_end(&l);
	r = check(&in, &b, 0);
	assert_true(r.accept);
	assert_int_equal(r.entries, 200);
	assert_int_equal(r.left_out, 10);
	assert_int_equal(r.faults[MG_CHECK_RESERVED], 10);
	assert_string_equal(r.examples[0].text, "10.0.0.1");
	/* One more than the floor, and more than 5 %. */
	lt_begin(&l);
	lt_range(&l, "203.0.113.0", 200);
	lt_range(&l, "10.0.0.1", 11);
	b = lt_end(&l);
	r = check(&in, &b, 0);
	reason_is(&r, "11 of 211 entries are impossible");
	/* A list of nothing else is refused however short it is. */
	b = lt_text("4 10.0.0.1\n4 192.168.1.1");
	r = check(&in, &b, 0);
	reason_is(&r, "2 of 2 entries are impossible");
	b = lt_text("4 0.0.0.0/0\n4 203.0.113.1");
	r = check(&in, &b, 0);
	reason_is(&r, "every address");
}

static struct mg_check_result networks(const char *pattern, unsigned from, unsigned n)
{
	const struct mg_check_in in = {.limits = usual};
	struct list_of l;
	struct sk_buf b;
	char text[64];

	lt_begin(&l);
	for (unsigned i = 0; i < n; i++) {
		snprintf(text, sizeof(text), pattern, from + i);
		lt_add(&l, strchr(text, ':') ? '6' : '4', text);
		/* What lies within is covered already. */
		snprintf(text, sizeof(text), i ? "%u.0.0.0/9" : "%u.1.2.3", from + i);
		if (!strchr(pattern, ':'))
			lt_add(&l, '4', text);
	}
	b = lt_end(&l);
	return check(&in, &b, 0);
}

/* Each of them is narrow enough; all together are not. */
static void too_much_of_the_internet(void **state)
{
	struct mg_check_result r = networks("%u.0.0.0/8", 11, 12);

	assert_true(r.accept);
	assert_true(r.cover4 == 12u << 24);
	r = networks("%u.0.0.0/8", 11, 13);
	reason_is(&r, "it covers 6 % of all IPv4 addresses (at most 5 %");
	r = networks("%u.0.0.0/8", 128, 30);
	reason_is(&r, "it covers 12 % of all IPv4");
	r = networks("2%03x::/16", 0, 409);
	assert_true(r.accept);
	r = networks("2%03x::/16", 0, 410);
	reason_is(&r, "it covers 6 % of all IPv6");
}

static void unreadable_lines(void **state)
{
	const struct mg_check_in in = {.limits = usual};
	struct mg_check_result r;
	struct list_of l;
	struct sk_buf b;

	lt_begin(&l);
	lt_range(&l, "203.0.113.0", 200);
	l.errors = 10;
	b = lt_end(&l);
	r = check(&in, &b, 0);
	assert_true(r.accept);
	lt_begin(&l);
	lt_range(&l, "203.0.113.0", 200);
	l.errors = 11;
	b = lt_end(&l);
	r = check(&in, &b, 0);
	reason_is(&r, "11 of 211 lines cannot be read");
	/* Empty lists happen; an empty one made of errors does not. */
	b = lt_text("");
	r = check(&in, &b, 0);
	assert_true(r.accept);
	lt_begin(&l);
	l.errors = 1;
	b = lt_end(&l);
	r = check(&in, &b, 0);
	reason_is(&r, "1 of 1 lines");
}

static struct mg_check_result against(unsigned before, unsigned after)
{
	struct mg_check_in in = {.limits = usual};
	struct mg_check_result r;
	struct sk_buf old, new;
	struct list_of l;

	lt_begin(&l);
	lt_range(&l, "20.0.0.0", before);
	old = lt_end(&l);
	lt_begin(&l);
	lt_range(&l, "20.0.0.0", after);
	new = lt_end(&l);
	in.before = old.data;
	in.before_n = old.len;
	r = check(&in, &new, 0);
	assert_int_equal(r.before, before);
	assert_int_equal(r.added, after > before ? after - before : 0);
	assert_int_equal(r.removed, before > after ? before - after : 0);
	sk_buf_done(&old);
	return r;
}

static void sudden_sizes(void **state)
{
	struct mg_check_result r;

	assert_true(against(1000, 4000).accept);
	r = against(1000, 4001);
	reason_is(&r, "grew from 1000 to 4001");
	assert_true(against(10, 1000).accept); /* small lists may */
	assert_true(against(1000, 500).accept);
	r = against(1000, 499);
	reason_is(&r, "shrank from 1000 to 499");
	assert_true(against(60, 20).accept);
	r = against(60, 0);
	reason_is(&r, "shrank from 60 to 0");
	assert_true(against(9, 0).accept);
}

static void damage_and_room(void **state)
{
	struct mg_check_in in = {.limits = usual, .before = "rubbish", .before_n = 7};
	struct mg_check_result r;
	struct sk_buf b = lt_text("4 203.0.113.1");

	r = check(&in, &b, 0); /* what is in use is damaged: this one is all the more welcome */
	assert_true(r.accept);
	assert_int_equal(r.before, 0);
	b = lt_text("4 203.0.113.1");
	b.data[b.len / 2] ^= 1;
	check(&in, &b, -EINVAL);
	in.limits.room = 1;
	b = lt_text("4 203.0.113.1\n4 203.0.113.3");
	r = check(&in, &b, 0);
	reason_is(&r, "do not fit");
}

static bool talks_to(const struct mg_list_entry *e, void *arg)
{
	return e->len == 12 && !memcmp(e->value, "mail.example", 12);
}

static void hits(void **state)
{
	struct sk_buf allow = lt_text("4 203.0.113.0/28\nd www.good.example\ns ours.example");
	struct mg_check_in in = {
		.limits = usual, .allow = allow.data, .allow_n = allow.len, .contacted = talks_to};
	static const char three[] =
		"4 203.0.113.7\nd deep.ours.example\nd mail.example\nd unknown.example";
	struct mg_check_result r;
	struct sk_buf b = lt_text(three), before;

	r = check(&in, &b, 0);
	assert_int_equal(r.allow_hits, 2);
	assert_int_equal(r.contact_hits, 1);
	reason_is(&r, "2 new entries are on the allow-list and 1 are");
	/* A feed that only reports shows them and is taken. */
	in.limits.block = false;
	b = lt_text(three);
	r = check(&in, &b, 0);
	assert_true(r.accept);
	assert_int_equal(r.n_examples, 3);
	/* What was there before is no news. */
	in.limits.block = true;
	before = lt_text(three);
	in.before = before.data;
	in.before_n = before.len;
	b = lt_text(three);
	r = check(&in, &b, 0);
	assert_true(r.accept);
	assert_int_equal(r.allow_hits + r.contact_hits, 0);
	sk_buf_done(&before);
	sk_buf_done(&allow);
}

static void allowed(const char *list, const char *line, bool want)
{
	struct sk_buf allow = lt_text(list), b = lt_text(line);
	struct mg_allowed *a = NULL;
	struct mg_list_reader *r = NULL;
	struct mg_list_entry e;

	assert_int_equal(mg_allowed_new(&a, allow.data, allow.len, NULL), 0);
	assert_int_equal(mg_list_open(&r, b.data, b.len, NULL), 0);
	assert_int_equal(mg_list_next(r, &e, NULL), 1);
	if (mg_allowed_hit(a, &e) != want)
		fail_msg("%s: %s is %sallowed", list, line, want ? "not " : "");
	mg_list_close(r);
	mg_allowed_free(a);
	sk_buf_done(&allow);
	sk_buf_done(&b);
}

static void what_the_allow_list_covers(void **state)
{
	static const char list[] = "4 20.0.0.0/8\n4 20.1.0.0/16\n4 30.0.0.1\n6 2a00::/32\n"
				   "d www.good.example\ns ours.example\nu host.example/a\n"
				   "j e7d705a3286e19ea42f587b344ee6865";

	allowed(list, "4 20.255.255.255", true); /* beyond the inner range, within the outer */
	allowed(list, "4 21.0.0.0", false);
	allowed(list, "4 30.0.0.0/24", true);
	allowed(list, "4 30.0.0.2", false);
	allowed(list, "4 0.0.0.1", false);
	allowed(list, "6 2a00::1", true);
	allowed(list, "6 2a01::1", false);
	allowed(list, "d www.good.example", true);
	allowed(list, "d good.example", false);
	allowed(list, "s good.example", true); /* would block the allowed one below it */
	allowed(list, "s ood.example", false);
	allowed(list, "d ours.example", true);
	allowed(list, "d a.b.ours.example", true);
	allowed(list, "d notours.example", false);
	allowed(list, "s a.ours.example", true);
	allowed(list, "u ours.example/x", true);
	allowed(list, "u www.good.example:8080/x", true);
	allowed(list, "u host.example/a", true);
	allowed(list, "u host.example/b", false);
	allowed(list, "j e7d705a3286e19ea42f587b344ee6865", true);
	allowed(list, "j e7d705a3286e19ea42f587b344ee6866", false);
	allowed("", "4 20.0.0.1", false);
	/* '-' stands before '.': names beside one must not hide what is below it. */
	allowed("d a-b.example\nd a.b.example\nd z-b.example", "s b.example", true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(single_entries),
		cmocka_unit_test(few_impossible_entries_are_left_out),
		cmocka_unit_test(too_much_of_the_internet),
		cmocka_unit_test(unreadable_lines),
		cmocka_unit_test(sudden_sizes),
		cmocka_unit_test(damage_and_room),
		cmocka_unit_test(hits),
		cmocka_unit_test(what_the_allow_list_covers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
