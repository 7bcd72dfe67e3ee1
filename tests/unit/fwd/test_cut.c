/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A change ends exactly the connections that it no longer allows. */
#include "tests/unit/policy/build.h"

#include <netinet/in.h>

#include "fw/fwd/cut.h"
#include "fw/policy/builtin.h"
#include "lib/util.h"
#include "tests/unit/fwd/unit.h"

static const struct t_rule web = {.number = 1001, .port = "443"};
static const struct t_rule both = {
	.number = 1002, .port = "80,443", .destination = "203.0.113.0/24"};
static const struct t_rule forward = {.number = 1003,
	.kind = FW_DNAT,
	.from = "wan",
	.to = "dmz",
	.port = "443",
	.nat_to = "192.168.9.2:8443"};

static struct fw_policy *policy(const struct t_rule *const *rules)
{
	struct fw_policy *p = t_policy();

	for (; *rules; rules++)
		t_add(p, *rules);
	t_finish(p);
	return p;
}
#define POLICY(...) policy((const struct t_rule *const[]){__VA_ARGS__, NULL})

static struct fwd_conn conn(uint32_t number, const char *dst, uint16_t port)
{
	return (struct fwd_conn){.number = number,
		.proto = 6,
		.src = t_ip("192.168.1.5"),
		.dst = t_ip(dst),
		.real_dst = t_ip(dst),
		.port = port,
		.real_port = port};
}

/* Takes over both policies. */
static bool ends(struct fw_policy *before, struct fw_policy *after, const struct fwd_conn *c)
{
	struct fwd_cut *plan = NULL;
	bool r;

	assert_int_equal(fwd_cut_new(&plan, before, after), 0);
	r = fwd_cut_needed(plan) && fwd_cut_decide(plan, c);
	fwd_cut_free(plan);
	fw_policy_free(before);
	fw_policy_free(after);
	return r;
}

static void unchanged(void **state)
{
	struct fwd_conn c = conn(1001, "203.0.113.1", 443);
	struct fw_policy *a = POLICY(&web), *b = POLICY(&web, &both);
	struct fwd_cut *plan = NULL;

	/* A new allow needs no look at any connection. */
	assert_int_equal(fwd_cut_new(&plan, a, b), 0);
	assert_false(fwd_cut_needed(plan));
	assert_false(fwd_cut_decide(plan, &c));
	fwd_cut_free(plan);
	fw_policy_free(a);
	fw_policy_free(b);
}

static void removed(void **state)
{
	struct fwd_conn c = conn(1001, "203.0.113.1", 443);
	struct fwd_conn other = conn(1002, "203.0.113.1", 443);

	assert_true(ends(POLICY(&web, &both), POLICY(&both), &c));
	assert_false(ends(POLICY(&web, &both), POLICY(&both), &other));
}

static void narrowed(void **state)
{
	static const struct t_rule only80 = {
		.number = 1002, .port = "80", .destination = "203.0.113.0/24"};
	struct fwd_conn https = conn(1002, "203.0.113.1", 443),
			http = conn(1002, "203.0.113.1", 80);

	assert_true(ends(POLICY(&both), POLICY(&only80), &https));
	assert_false(ends(POLICY(&both), POLICY(&only80), &http));
	/* What the kernel ran before is not known: every record is looked at. */
	assert_true(ends(NULL, POLICY(&only80), &https));
	assert_false(ends(NULL, POLICY(&only80), &http));
}

static void became_a_deny(void **state)
{
	static const struct t_rule deny = {.number = 1001, .kind = FW_DENY, .port = "443"};
	struct fwd_conn c = conn(1001, "203.0.113.1", 443);

	assert_true(ends(POLICY(&web), POLICY(&deny), &c));
}

static void new_deny_before(void **state)
{
	static const struct t_rule early = {.number = 1050,
		.kind = FW_DENY,
		.destination = "203.0.113.1",
		.protocol = "any",
		.port = "any"};
	static const struct t_rule late = {
		.number = 1051, .kind = FW_DENY, .destination = "203.0.113.1", .order = 2000};
	static const struct t_rule other_pair = {
		.number = 1052, .kind = FW_DENY, .from = "guest", .protocol = "any", .port = "any"};
	struct fwd_conn hit = conn(1001, "203.0.113.1", 443), miss = conn(1001, "203.0.113.2", 443);

	assert_true(ends(POLICY(&web), POLICY(&web, &early), &hit));
	assert_false(ends(POLICY(&web), POLICY(&web, &early), &miss));
	assert_false(ends(POLICY(&web), POLICY(&web, &late), &hit));
	assert_false(ends(POLICY(&web), POLICY(&web, &other_pair), &hit));
	/* An old deny does not end what it did not end before. */
	assert_false(ends(POLICY(&web, &early), POLICY(&web, &early, &both), &hit));
}

static void allow_moved_behind_a_deny(void **state)
{
	static const struct t_rule deny = {
		.number = 1050, .kind = FW_DENY, .destination = "203.0.113.1", .order = 1500};
	static const struct t_rule moved = {.number = 1001, .port = "443", .order = 1600};
	struct fwd_conn hit = conn(1001, "203.0.113.1", 443);

	assert_true(ends(POLICY(&web, &deny), POLICY(&moved, &deny), &hit));
}

static void port_forward(void **state)
{
	static const struct t_rule elsewhere = {.number = 1003,
		.kind = FW_DNAT,
		.from = "wan",
		.to = "dmz",
		.port = "443",
		.nat_to = "192.168.9.3:8443"};
	struct fwd_conn c = conn(1003, "203.0.113.10", 443);

	c.real_dst = t_ip("192.168.9.2");
	c.real_port = 8443;
	assert_false(ends(NULL, POLICY(&forward), &c));
	assert_true(ends(POLICY(&forward), POLICY(&elsewhere), &c));
}

static void interface_left_its_zone(void **state)
{
	struct fw_policy *before = POLICY(&web), *after = POLICY(&web);
	struct fwd_cut *plan = NULL;
	struct fwd_conn c = conn(1001, "203.0.113.1", 443);

	after->zones[T_LAN].n_ifaces = 1;
	assert_int_equal(fwd_cut_new(&plan, before, after), 0);
	assert_true(fwd_cut_needed(plan));
	assert_true(fwd_cut_decide(plan, &c));
	fwd_cut_free(plan);
	fw_policy_free(before);
	fw_policy_free(after);
}

static void administration(void **state)
{
	struct fwd_conn https = conn(9, "192.168.1.1", 443), ssh = conn(9, "192.168.1.1", 22);
	struct fw_policy *after;

	assert_false(ends(POLICY(&web, &both), POLICY(&both), &https));
	assert_false(ends(NULL, POLICY(&web), &https));
	/* The zone lost it, an interface of it went, the port went. */
	after = POLICY(&web);
	after->zones[T_LAN].manage = false;
	assert_true(ends(POLICY(&web), after, &https));
	after = POLICY(&web);
	after->zones[T_LAN].n_ifaces = 1;
	assert_true(ends(POLICY(&web), after, &https));
	after = POLICY(&web);
	after->site.n_manage_ports = 1;
	assert_true(ends(POLICY(&web), after, &ssh));
	after = POLICY(&web);
	after->site.n_manage_ports = 1;
	assert_false(ends(POLICY(&web), after, &https));
	/* Another zone gained it. */
	after = POLICY(&web);
	after->zones[T_DMZ].manage = true;
	assert_false(ends(POLICY(&web), after, &https));
}

static struct fw_policy *serving(uint8_t serve, uint8_t use)
{
	struct fw_policy *p = POLICY(&web);

	p->zones[T_LAN].serve = serve;
	p->zones[T_WAN].use = use;
	return p;
}

static void services_of_the_gateway(void **state)
{
	struct fwd_conn asked = conn(FW_B_SERVE_DNS, "192.168.1.1", 53),
			fetch = conn(FW_B_USE_HTTPS, "203.0.113.1", 443),
			clock = conn(FW_B_USE_NTP, "203.0.113.1", 123);

	clock.proto = IPPROTO_UDP;
	assert_false(ends(serving(FW_SERVE_DNS, 0), serving(FW_SERVE_DNS, 0), &asked));
	assert_true(ends(serving(FW_SERVE_DNS, 0), serving(FW_SERVE_NTP, 0), &asked));
	assert_false(ends(serving(0, FW_USE_HTTPS), serving(0, FW_USE_HTTPS), &fetch));
	assert_true(ends(serving(0, FW_USE_HTTPS), serving(0, FW_USE_DNS), &fetch));
	assert_false(ends(serving(0, FW_USE_NTP), serving(0, FW_USE_NTP | FW_USE_DNS), &clock));
	clock.proto = IPPROTO_TCP;
	assert_true(ends(NULL, serving(0, FW_USE_NTP), &clock));
}

static void numbers_that_are_nobodys(void **state)
{
	struct fwd_conn none = conn(0, "203.0.113.1", 443), early = conn(1, "203.0.113.1", 443),
			low = conn(700, "203.0.113.1", 443),
			unknown = conn(5000, "203.0.113.1", 443);
	struct fwd_conn ping = conn(10, "192.168.1.1", 8), dhcp = conn(8, "192.168.1.1", 67);

	/* The rule for established connections asks for a number. */
	assert_false(ends(NULL, POLICY(&web), &none));
	assert_true(ends(NULL, POLICY(&web), &early));
	assert_true(ends(NULL, POLICY(&web), &low));
	assert_true(ends(NULL, POLICY(&web), &unknown));
	/* Written by somebody else: a ping is no TCP connection. */
	assert_true(ends(NULL, POLICY(&web), &ping));
	ping.proto = 1;
	assert_false(ends(NULL, POLICY(&web), &ping));
	assert_true(ends(NULL, POLICY(&web), &dhcp));
	dhcp.proto = 17;
	assert_false(ends(NULL, POLICY(&web), &dhcp));
}

static void related_follows_its_record(void **state)
{
	struct fwd_conn c = conn(1001, "203.0.113.1", 40000);

	c.related = true;
	assert_false(ends(NULL, POLICY(&web), &c));
	assert_true(ends(POLICY(&web), POLICY(&both), &c));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unchanged),
		cmocka_unit_test(removed),
		cmocka_unit_test(narrowed),
		cmocka_unit_test(became_a_deny),
		cmocka_unit_test(new_deny_before),
		cmocka_unit_test(allow_moved_behind_a_deny),
		cmocka_unit_test(port_forward),
		cmocka_unit_test(interface_left_its_zone),
		cmocka_unit_test(administration),
		cmocka_unit_test(services_of_the_gateway),
		cmocka_unit_test(numbers_that_are_nobodys),
		cmocka_unit_test(related_follows_its_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
