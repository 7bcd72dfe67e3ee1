/* SPDX-License-Identifier: GPL-2.0-or-later */
/* No.104: a rule without one of the nine fields, or with one that means nothing, is refused by
 * name. */
#include "rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fw/registry/rule_fields.h"
#include "lib/clock.h"

static const struct fw_rule_limits limits = {.now = NOW};

static void set(struct fw_rule *r, const char *field, const char *value)
{
	const struct fw_rule_string *f;

	if (strcmp(field, "kind") == 0) {
		assert_int_equal(fw_kind_parse(value, &r->kind), 0);
		return;
	}
	for (size_t i = 0; (f = fw_rule_string(i)); i++) {
		if (strcmp(f->name, field) == 0) {
			assert_int_equal(fw_str_set(fw_rule_string_at(r, f), value), 0);
			return;
		}
	}
	fail_msg("no field %s", field);
}

/* Up to four changes to the sample rule; want is the path at fault, NULL if it must pass. */
struct change {
	const char *field[4], *value[4], *want;
};

static void check(const struct change *c, const struct fw_objects *o)
{
	struct sk_err err = {0};
	struct fw_rule r;
	int ret;

	sample_rule(&r);
	for (int i = 0; i < 4 && c->field[i]; i++)
		set(&r, c->field[i], c->value[i]);
	ret = fw_rule_validate(&r, o, &limits, NULL, &err);
	if (!c->want && ret != 0)
		fail_msg("%s=%s: %s: %s", c->field[0], c->value[0], err.path, err.en);
	if (c->want && ret == 0)
		fail_msg("accepted: %s=%s", c->field[0], c->value[0]);
	if (c->want) {
		assert_string_equal(err.path, c->want);
		assert_true(ret < 0 && ret == err.code && err.en[0] && err.ja[0]);
	}
	fw_rule_done(&r);
}

static void no104_nine_fields_are_mandatory(void **state)
{
	static const struct change cases[] = {
		{{"applicant"}, {NULL}, "applicant"},
		{{"source"}, {NULL}, "source"},
		{{"destination"}, {NULL}, "destination"},
		{{"from"}, {NULL}, "direction"},
		{{"to"}, {NULL}, "direction"},
		{{"protocol"}, {NULL}, "protocol"},
		{{"port"}, {NULL}, "port"},
		{{"purpose"}, {NULL}, "purpose"},
	};
	struct sk_err err = {0};
	struct fw_rule r;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(&cases[i], NULL);
	sample_rule(&r);
	r.registered = 0;
	assert_int_equal(fw_rule_validate(&r, NULL, &limits, NULL, &err), -EINVAL);
	assert_string_equal(err.path, "registered");
	fw_rule_done(&r);
	sample_rule(&r);
	r.expiry = 0;
	assert_int_equal(fw_rule_validate(&r, NULL, &limits, NULL, &err), -EINVAL);
	assert_string_equal(err.path, "expiry");
	fw_rule_done(&r);
}

static void fields(void **state)
{
	static const struct change cases[] = {
		{{0}, {0}, NULL},
		{{"applicant"}, {"　"}, "applicant"},
		{{"applicant"}, {"a\nb"}, "applicant"},
		{{"purpose"}, {"x"}, "purpose"},
		{{"purpose"}, {" 　x "}, "purpose"},
		{{"purpose"}, {"業務"}, NULL},
		{{"purpose"}, {"web\r\nset"}, "purpose"},
		{{"purpose"}, {"web\x1b[31m"}, "purpose"},
		{{"purpose"}, {"web\xff"}, "purpose"},
		{{"purpose"},
			{"abc\xe2\x80\xae"
			 "def"},
			"purpose"},
		{{"purpose"}, {"\xe2\x80\x8b\xe2\x80\x8b\xe2\x80\x8b"}, "purpose"},
		{{"ticket"}, {"REQ-1\t"}, "ticket"},
		{{"partner"}, {"\x7f"}, "partner"},
		{{"approver"}, {" "}, "approver"},
		{{"from"}, {"LAN"}, "direction"},
		{{"from"}, {"1lan"}, "direction"},
		{{"from"}, {"lan-1"}, "direction"},
		{{"from"}, {"abcdefghijklmno"}, NULL},
		{{"from"}, {"abcdefghijklmnop"}, "direction"},
		{{"to"}, {"lan"}, NULL},
		{{"from", "to"}, {"gateway", "gateway"}, "direction"},
		{{"to"}, {"gateway"}, NULL},
		{{"source"}, {"192.168.1.1/24"}, "source"},
		{{"source"}, {"nosuch"}, "source"},
		{{"source"}, {"2001:db8::1"}, "destination"},
		{{"source", "destination"}, {"2001:db8::1", "2001:db8::2"}, NULL},
		{{"source"}, {"any"}, NULL},
		{{"destination"}, {"any"}, NULL},
		{{"protocol"}, {"tpc"}, "protocol"},
		{{"protocol", "port"}, {"icmp", "echo-request"}, NULL},
		{{"protocol", "port"}, {"icmpv6", "echo-request"}, "protocol"},
		{{"protocol", "port", "destination", "source"},
			{"icmpv6", "128", "2001:db8::1", "any"}, NULL},
		{{"port"}, {"-"}, "port"},
		{{"port"}, {"0"}, "port"},
		{{"protocol", "port"}, {"any", "any"}, NULL},
		{{"kind"}, {"deny"}, NULL},
		{{"nat_to"}, {"192.168.10.5"}, "nat_to"},
		{{"kind", "nat_to"}, {"deny", "192.168.10.5"}, "nat_to"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(&cases[i], NULL);
}

static void translations(void **state)
{
	static const struct change cases[] = {
		{{"kind"}, {"dnat"}, "nat_to"},
		{{"kind", "nat_to"}, {"dnat", "192.168.10.5"}, NULL},
		{{"kind", "nat_to"}, {"dnat", "192.168.10.5:8443"}, NULL},
		{{"kind", "nat_to", "destination"}, {"dnat", "192.168.10.5:8443", "any"}, NULL},
		{{"kind", "nat_to", "destination"}, {"dnat", "[2001:db8::5]:8443", "any"},
			"nat_to"},
		{{"kind", "nat_to", "destination", "source"},
			{"dnat", "[2001:db8::5]:8443", "any", "any"}, NULL},
		{{"kind", "nat_to", "destination", "source"},
			{"dnat", "2001:db8::5", "2001:db8::1", "any"}, NULL},
		{{"kind", "nat_to", "destination", "source"},
			{"dnat", "[2001:db8::5]", "2001:db8::1", "any"}, NULL},
		{{"kind", "nat_to"}, {"dnat", "2001:db8::5"}, "nat_to"},
		{{"kind", "nat_to", "destination", "source"},
			{"dnat", "192.168.10.5", "203.0.113.1,2001:db8::1", "any"}, "nat_to"},
		{{"kind", "nat_to"}, {"dnat", "masquerade"}, "nat_to"},
		{{"kind", "nat_to"}, {"dnat", "192.168.10.5:0"}, "nat_to"},
		{{"kind", "nat_to"}, {"dnat", "192.168.10.5:65536"}, "nat_to"},
		{{"kind", "nat_to"}, {"dnat", "192.168.10.5:"}, "nat_to"},
		{{"kind", "nat_to"}, {"dnat", "192.168.10.5:080"}, "nat_to"},
		{{"kind", "nat_to"}, {"dnat", "[192.168.10.5]:80"}, "nat_to"},
		{{"kind", "nat_to"}, {"dnat", "[2001:db8::5"}, "nat_to"},
		{{"kind", "nat_to"}, {"dnat", "[2001:db8::5]80"}, "nat_to"},
		{{"kind", "nat_to"}, {"dnat", "192.168.10.0/24"}, "nat_to"},
		{{"kind", "nat_to"}, {"dnat", "server"}, "nat_to"},
		{{"kind", "nat_to"}, {"dnat", "0.0.0.0"}, "nat_to"},
		{{"kind", "nat_to"}, {"dnat", "127.0.0.1"}, "nat_to"},
		{{"kind", "nat_to"}, {"dnat", "224.0.0.1"}, "nat_to"},
		{{"kind", "nat_to", "protocol", "port"}, {"dnat", "192.168.10.5:80", "esp", "-"},
			"protocol"},
		{{"kind", "nat_to", "protocol", "port"}, {"dnat", "192.168.10.5:80", "any", "any"},
			"protocol"},
		{{"kind", "nat_to", "protocol", "port"}, {"dnat", "192.168.10.5", "esp", "-"},
			NULL},
		{{"kind", "nat_to", "from"}, {"dnat", "192.168.10.5", "gateway"}, "direction"},
		{{"kind"}, {"snat"}, "nat_to"},
		{{"kind", "nat_to"}, {"snat", "masquerade"}, NULL},
		{{"kind", "nat_to"}, {"snat", "203.0.113.2"}, NULL},
		{{"kind", "nat_to"}, {"snat", "203.0.113.2:80"}, "nat_to"},
		{{"kind", "nat_to"}, {"snat", "2001:db8::5"}, "nat_to"},
		{{"kind", "nat_to", "to"}, {"snat", "masquerade", "gateway"}, "direction"},
		{{"kind", "nat_to", "from"}, {"snat", "masquerade", "gateway"}, NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(&cases[i], NULL);
}

static void too_long(void **state)
{
	char text[9000];
	struct change c = {{"purpose"}, {text}, "purpose"};

	memset(text, 'x', sizeof(text));
	text[1001] = '\0';
	check(&c, NULL);
	text[1000] = '\0';
	c.want = NULL;
	check(&c, NULL);
	c.field[0] = c.want = "applicant";
	check(&c, NULL);
	memset(text, '1', sizeof(text));
	text[8193] = '\0';
	c.field[0] = c.want = "source";
	check(&c, NULL);
	c.field[0] = c.want = "destination";
	check(&c, NULL);
	c.field[0] = c.want = "port";
	check(&c, NULL);
	c.field[0] = c.want = "protocol";
	check(&c, NULL);
	c.field[0] = c.want = "nat_to";
	c.field[1] = "kind";
	c.value[1] = "dnat";
	check(&c, NULL);
}

static void numbers(void **state)
{
	struct sk_err err = {0};
	struct fw_rule r;

	sample_rule(&r);
	r.order = 0;
	assert_int_equal(fw_rule_validate(&r, NULL, &limits, NULL, &err), -EINVAL);
	assert_string_equal(err.path, "order");
	r.order = 10000;
	assert_int_equal(fw_rule_validate(&r, NULL, &limits, NULL, &err), -EINVAL);
	r.order = 9999;
	assert_int_equal(fw_rule_validate(&r, NULL, &limits, NULL, &err), 0);
	r.number = FW_NUMBER_MAX + 1;
	assert_int_equal(fw_rule_validate(&r, NULL, &limits, NULL, &err), -EINVAL);
	assert_string_equal(err.path, "number");
	r.number = FW_NUMBER_MAX;
	r.kind = FW_KINDS;
	assert_int_equal(fw_rule_validate(&r, NULL, &limits, NULL, &err), -EINVAL);
	assert_string_equal(err.path, "kind");
	r.kind = FW_ALLOW;
	r.state = FW_STATES;
	assert_int_equal(fw_rule_validate(&r, NULL, &limits, NULL, &err), -EINVAL);
	assert_string_equal(err.path, "state");
	r.state = FW_DRAFT;
	r.last_hit = -1;
	assert_int_equal(fw_rule_validate(&r, NULL, &limits, NULL, &err), -EINVAL);
	assert_string_equal(err.path, "last_hit");
	fw_rule_done(&r);
}

static void no104_expiry_is_at_most_the_maximum_away(void **state)
{
	static const struct {
		int64_t now, registered, expiry;
		int days;
		const char *want;
	} cases[] = {
		{NOW, NOW - DAY, NOW + 1, 0, NULL},
		{NOW, NOW - DAY, NOW, 0, "expiry"},
		{NOW, NOW - DAY, NOW - 10, 0, "expiry"},
		{NOW, NOW - DAY, NOW - 2 * DAY, 0, "expiry"},
		{NOW, NOW - DAY, NOW + 366 * DAY, 0, NULL},
		{NOW, NOW - DAY, NOW + 367 * DAY, 0, "expiry"},
		{NOW, NOW - DAY, NOW + 4000 * DAY, 0, "expiry"},
		{NOW, NOW - DAY, INT64_MAX, 0, "expiry"},
		{NOW, NOW - DAY, -1, 0, "expiry"},
		/* an old record that was extended */
		{NOW, NOW - 3000 * DAY, NOW + 300 * DAY, 0, NULL},
		{NOW, NOW - DAY, NOW + 30 * DAY, 30, NULL},
		{NOW, NOW - DAY, NOW + 31 * DAY, 30, "expiry"},
		{NOW, NOW + 3 * DAY, NOW + 30 * DAY, 0, "registered"},
		{NOW, -5, NOW + 30 * DAY, 0, "registered"},
		{0, NOW, NOW + 300 * DAY, 0, NULL},
		{0, NOW, NOW + 368 * DAY, 0, "expiry"},
		{0, NOW, NOW, 0, "expiry"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fw_rule_limits lim = {.now = cases[i].now, .expiry_days_max = cases[i].days};
		struct sk_err err = {0};
		struct fw_rule r;
		int ret;

		sample_rule(&r);
		r.registered = cases[i].registered;
		r.expiry = cases[i].expiry;
		ret = fw_rule_validate(&r, NULL, &lim, NULL, &err);
		if ((ret == 0) != !cases[i].want)
			fail_msg("case %zu: %d %s", i, ret, err.en);
		assert_string_equal(err.path, cases[i].want ? cases[i].want : "");
		fw_rule_done(&r);
	}
}

static void a_date_at_the_limit_is_valid_through_its_day(void **state)
{
	struct fw_rule_limits lim = {.expiry_days_max = 30};
	struct sk_err err = {0};
	struct fw_rule r;

	sample_rule(&r);
	assert_int_equal(sk_time_parse("2026-04-01 10:00", false, &lim.now, NULL), 0);
	assert_int_equal(sk_time_parse("2026-04-01", false, &r.registered, NULL), 0);
	assert_int_equal(sk_time_parse("2026-05-01", true, &r.expiry, NULL), 0);
	assert_int_equal(fw_rule_validate(&r, NULL, &lim, NULL, &err), 0);
	r.expiry++;
	assert_int_equal(fw_rule_validate(&r, NULL, &lim, NULL, &err), -EINVAL);
	assert_non_null(strstr(err.en, "2026-05-01"));
	assert_non_null(strstr(err.ja, "2026-05-01"));
	fw_rule_done(&r);
}

static void directions(void **state)
{
	static const char *const good[] = {"lan->wan", "lan→wan", "lan > wan", " lan -> wan ",
		"LAN=>WAN", "lan＞wan", "lan⇒wan"};
	static const char *const bad[] = {"", "lan", "lan->", "->wan", "lan wan", "lan->wan->dmz",
		"lan->w an", "1->2", "lan<-wan", "本社->wan",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa->wan"};
	char *from = NULL, *to = NULL;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (fw_direction_parse(good[i], &from, &to, NULL) < 0)
			fail_msg("refused: %s", good[i]);
		assert_string_equal(from, "lan");
		assert_string_equal(to, "wan");
		free(from);
		free(to);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sk_err err = {0};

		if (fw_direction_parse(bad[i], &from, &to, &err) == 0)
			fail_msg("accepted: %s", bad[i]);
		assert_string_equal(err.path, "direction");
	}
	assert_int_equal(fw_direction_parse(NULL, &from, &to, NULL), -EINVAL);
}

static void copies_are_independent(void **state)
{
	struct fw_rule a, b;

	sample_rule(&a);
	assert_int_equal(fw_rule_copy(&b, &a), 0);
	assert_string_equal(b.purpose, a.purpose);
	assert_ptr_not_equal(b.purpose, a.purpose);
	assert_null(b.nat_to);
	fw_rule_done(&a);
	assert_null(a.purpose);
	assert_string_equal(b.source, "192.168.1.0/24");
	assert_int_equal(fw_str_set(&b.source, ""), 0);
	assert_null(b.source);
	fw_rule_done(&b);
	fw_rule_done(NULL);
}

static void defaults_and_names(void **state)
{
	enum fw_kind k;
	struct fw_rule r;

	fw_rule_init(&r);
	assert_int_equal(r.order, 1000);
	assert_int_equal(r.state, FW_DRAFT);
	assert_int_equal(fw_order_default(FW_DENY), 500);
	for (unsigned i = 0; i < FW_KINDS; i++) {
		assert_int_equal(fw_kind_parse(fw_kind_name((enum fw_kind)i), &k), 0);
		assert_int_equal(k, i);
		assert_true(fw_kind_text((enum fw_kind)i)->ja[0]);
	}
	assert_int_equal(fw_kind_parse("permit", &k), -EINVAL);
	assert_int_equal(fw_kind_parse(NULL, &k), -EINVAL);
	assert_string_equal(fw_kind_text(FW_DENY)->ja, "遮断");
}

static void ten_thousand_rules(void **state)
{
	struct fw_rule r;
	uint64_t t;

	sample_rule(&r);
	t = sk_mono_us();
	for (int i = 0; i < 10000; i++)
		assert_int_equal(fw_rule_validate(&r, NULL, &limits, NULL, NULL), 0);
	print_message("10,000 rules: %llu us\n", (unsigned long long)(sk_mono_us() - t));
	fw_rule_done(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no104_nine_fields_are_mandatory),
		cmocka_unit_test(fields),
		cmocka_unit_test(translations),
		cmocka_unit_test(too_long),
		cmocka_unit_test(numbers),
		cmocka_unit_test(no104_expiry_is_at_most_the_maximum_away),
		cmocka_unit_test(a_date_at_the_limit_is_valid_through_its_day),
		cmocka_unit_test(directions),
		cmocka_unit_test(copies_are_independent),
		cmocka_unit_test(defaults_and_names),
		cmocka_unit_test(ten_thousand_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
