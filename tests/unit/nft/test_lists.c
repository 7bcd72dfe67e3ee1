/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The blocklists' sets: their names, and in the kernel, led from list to list. */
#include "tests/unit/nft/sample.h"

#include <errno.h>

#include "fw/nft/int.h"
#include "fw/nft/list.h"
#include "lib/json.h"
#include "lib/util.h"
#include "tests/unit/nft/kernel.h"

#define NEED_NFT()                                                                                 \
	do {                                                                                       \
		if (!t_namespace() || !t_have_nft())                                               \
			skip();                                                                    \
	} while (0)

static int clean(void **state)
{
	if (t_namespace() && t_have_nft())
		t_nft_clean();
	return 0;
}

/* count single addresses from 20.0.0.<first> on, step apart, and the lines behind them. */
static struct fw_list *list_of(uint32_t first, uint32_t step, size_t count, const char *more)
{
	json_t *head = json_pack("{s:i,s:[{s:s,s:b},{s:s,s:b}]}", "generation", 1, "feeds", "name",
		"drop", "block", 1, "name", "new", "block", 0);
	struct fw_list *l = NULL;
	struct sk_err err = {0};
	struct sk_bl_writer w;
	struct sk_buf b;
	char text[96], sum[65];

	sk_buf_init(&b, 8 << 20);
	sk_bl_write_begin(&w, &b, head);
	for (size_t i = 0; i < count; i++) {
		const unsigned __int128 a = 0x14000000u + first + i * step;
		int n = sk_bl_range_text(SK_BL_ADDR4, a, a, text, sizeof(text));

		sk_bl_write(&w, SK_BL_ADDR4, text, (size_t)n, 0);
	}
	for (const char *p = more; *p; p = strchr(p, '\n') + 1) {
		sk_buf_put(&b, p, (size_t)(strchr(p, '\n') + 1 - p));
		w.entries++;
	}
	sk_bl_write_end(&w, sum);
	if (fw_list_parse(b.data, b.len, &l, &err) < 0)
		fail_msg("%s: %s", err.path, err.en);
	sk_buf_done(&b);
	json_decref(head);
	return l;
}

static void apply(struct fw_nft *n, const struct fw_policy *p)
{
	struct sk_err err = {0};

	if (fw_nft_apply(n, p, NULL, 0, NULL, &err) < 0)
		fail_msg("apply: %s: %s", err.path, err.en);
}

static void no_drift(struct fw_nft *n)
{
	struct fw_drift d = {0};

	assert_int_equal(fw_nft_drift(n, &d, NULL), 0);
	if (d.kind != FW_DRIFT_NONE)
		fail_msg("drift: %s", d.what);
}

/* Returns whether the rules had to be exchanged. */
static bool lead(struct fw_nft *n, const struct fw_policy *p, const struct fw_nft_list_step *s)
{
	struct fw_nft_list_stats st;
	struct sk_err err = {0};
	int r = fw_nft_list_begin(n, s, &st, &err);

	if (r < 0)
		fail_msg("begin: %s", err.en);
	if (r == 0)
		return false;
	apply(n, p);
	if (fw_nft_list_end(n, s, true, &err) < 0)
		fail_msg("end: %s", err.en);
	return true;
}

static const char *name_of(const struct fw_nft *n, size_t set)
{
	return fw_nft_list_layout(n)->v[set].name;
}

static bool has(const char *set, const char *element)
{
	char args[256];

	snprintf(args, sizeof(args), "get element inet sekisho %s '{ %s }'", set, element);
	return t_nft(args) == 0;
}

static void names(void **state)
{
	struct fw_list *l =
		list_of(0, 3, 5, "4 21.0.0.0/24 0\n4 22.0.0.0/24 1\n6 2001:db8::/40 0\n");
	struct fw_nft_layout none = {0}, a, b;
	unsigned serial = 99;

	fw_nft_layout_next(&a, &none, l, 0, 0);
	assert_string_equal(a.v[0].name, "bl4_32_1024");
	assert_string_equal(a.v[1].name, "bl4_24_1024");
	assert_string_equal(a.v[2].name, "");
	assert_string_equal(a.v[6].name, "bl6_48_1024");
	assert_string_equal(a.v[10].name, "blm4_24_1024");
	fw_nft_layout_next(&b, &a, l, 1 << 1, 7);
	assert_string_equal(b.v[0].name, "bl4_32_1024");
	assert_string_equal(b.v[1].name, "bl4_24_1024_s7");
	assert_false(fw_nft_layout_same(&a, &b));
	assert_int_equal(fw_nft_layout_find(&b, "bl4_24_1024_s7"), 1);
	assert_int_equal(fw_nft_layout_find(&b, "bl4_24_1024"), -1);
	assert_true(fw_nft_list_name("bl4_24_1024_s7", &serial));
	assert_int_equal(serial, 7);
	assert_true(fw_nft_list_name("blm6_ranges", &serial));
	assert_int_equal(serial, 0);
	assert_false(fw_nft_list_name("bl_learn4", NULL));
	assert_false(fw_nft_list_name("a4_0123456789abcdef", NULL));
	assert_true(fw_nft_layout_fits(&a, 0, 1024));
	assert_false(fw_nft_layout_fits(&a, 0, 1025));
	assert_false(fw_nft_layout_fits(&a, 2, 1));
	fw_list_free(l);
}

static void led_by_differences(void **state)
{
	NEED_NFT();
	struct fw_policy *p = t_sample();
	struct fw_nft *n = NULL;
	struct fw_list *a = list_of(0, 2, 600, "6 2001:db8:1::/48 0\n");
	struct fw_list *b = list_of(0, 2, 599, "4 30.0.0.1-30.0.0.3 0\n6 2001:db8:1::/48 0\n");
	struct fw_list *c = list_of(0, 2, 5000, "4 31.0.0.0/24 0\n6 2001:db8:2::1 0\n");

	assert_int_equal(fw_nft_open(&n, &(struct fw_nft_opts){.no_owner = true}, NULL), 0);
	fw_nft_list_use(n, a);
	apply(n, p);
	no_drift(n);
	assert_string_equal(name_of(n, 0), "bl4_32_1024");
	assert_true(has("bl4_32_1024", "20.0.4.174") && has("bl6_48_1024", "2001:db8:1::"));

	/* In place. */
	assert_false(lead(n, p, &(struct fw_nft_list_step){.from = a, .to = b}));
	no_drift(n);
	assert_true(has("bl4_32_1024", "30.0.0.2") && has("bl4_32_1024", "20.0.0.0"));
	assert_false(has("bl4_32_1024", "20.0.4.174"));
	assert_true(fw_nft_list_matches(n, b) && !fw_nft_list_matches(n, c));

	/* It has no room: another set, and one of a length that was not there. */
	assert_true(lead(n, p, &(struct fw_nft_list_step){.from = b, .to = c}));
	no_drift(n);
	assert_string_not_equal(name_of(n, 0), "bl4_32_1024");
	assert_true(has(name_of(n, 0), "20.0.39.14") && has(name_of(n, 1), "31.0.0.0"));
	assert_false(has(name_of(n, 0), "30.0.0.2"));
	assert_false(has(name_of(n, 6), "2001:db8:1::")); /* stayed, and lost its element */
	assert_true(t_nft("list set inet sekisho bl4_32_1024") != 0);

	/* An apply changes none of it. */
	apply(n, p);
	no_drift(n);
	assert_true(fw_nft_list_matches(n, c));

	/* Single entries. */
	const struct fw_list_change v[] = {{true, SK_BL_ADDR4, 0, 0x20000001, 0x20000001},
		{false, SK_BL_ADDR4, 0, 0x14000000, 0x14000000}};
	struct fw_list_delta d = {0};
	assert_int_equal(fw_list_edit(c, v, 2, &d, NULL), 0);
	assert_false(lead(n, p, &(struct fw_nft_list_step){.from = c, .to = c, .delta = &d}));
	fw_list_delta_done(&d);
	no_drift(n);
	assert_true(has(name_of(n, 0), "32.0.0.1") && !has(name_of(n, 0), "20.0.0.0"));

	/* Somebody took an element out that is to go: all is made anew. */
	char args[128];
	snprintf(
		args, sizeof(args), "delete element inet sekisho %s '{ 20.0.0.2 }'", name_of(n, 0));
	assert_int_equal(t_nft(args), 0);
	struct fw_list *e = list_of(4, 2, 4998, "4 31.0.0.0/24 0\n");
	assert_true(lead(n, p, &(struct fw_nft_list_step){.from = c, .to = e}));
	no_drift(n);
	assert_true(fw_nft_list_matches(n, e));

	/* The policy does without. */
	p->blocklist = false;
	apply(n, p);
	no_drift(n);
	assert_int_equal(fw_nft_list_sets(n), 0);
	assert_false(lead(n, p, &(struct fw_nft_list_step){.from = e, .to = a}));
	p->blocklist = true;
	apply(n, p);
	assert_true(fw_nft_list_matches(n, a) && has(name_of(n, 0), "20.0.4.174"));
	fw_nft_close(n);
	fw_list_free(a);
	fw_list_free(b);
	fw_list_free(c);
	fw_list_free(e);
	fw_policy_free(p);
}

/* The rules could not be exchanged: the sets hold what they held. */
static void way_back(void **state)
{
	NEED_NFT();
	struct fw_policy *p = t_sample();
	struct fw_nft *n = NULL;
	struct fw_list *a = list_of(0, 2, 100, ""), *b = list_of(0, 2, 101, "4 31.0.0.0/24 0\n");
	const struct fw_nft_list_step s = {.from = a, .to = b};
	struct fw_nft_list_stats st;

	assert_int_equal(fw_nft_open(&n, &(struct fw_nft_opts){.no_owner = true}, NULL), 0);
	fw_nft_list_use(n, a);
	apply(n, p);
	assert_int_equal(fw_nft_list_begin(n, &s, &st, NULL), 1);
	assert_true(has("bl4_32_1024", "20.0.0.200")); /* comes before the rules */
	assert_int_equal(fw_nft_list_end(n, &s, false, NULL), 0);
	assert_false(has("bl4_32_1024", "20.0.0.200"));
	assert_true(fw_nft_list_matches(n, a));
	no_drift(n);
	apply(n, p);
	assert_true(fw_nft_list_matches(n, a));
	fw_nft_close(n);
	fw_list_free(a);
	fw_list_free(b);
	fw_policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test_teardown(led_by_differences, clean),
		cmocka_unit_test_teardown(way_back, clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
