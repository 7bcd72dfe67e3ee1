/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports to classes and addresses to rules, against the sets themselves. */
#include "tests/unit/ips-detect/rig.h"

#include <arpa/inet.h>
#include <stdlib.h>

#define PORT_RULES 300

static uint32_t rnd(uint32_t *s)
{
	*s = *s * 1664525u + 1013904223u;
	return *s >> 8;
}

/* Every port's class must hold every rule of the port; outside class 0 no other. */
static void ports(void **state)
{
	static struct ips_port_range ranges[PORT_RULES][2];
	static struct ips_port_set sets[PORT_RULES];
	static struct ips_port_user users[PORT_RULES];
	uint32_t member[PORT_RULES] = {0}, seed = 7;
	uint8_t *map = NULL;
	bool own[IPS_PORT_CLASSES] = {0};

	for (uint32_t i = 0; i < PORT_RULES; i++) {
		uint16_t lo = (uint16_t)(rnd(&seed) % 60 * 100);

		ranges[i][0] = (struct ips_port_range){lo, (uint16_t)(lo + rnd(&seed) % 3)};
		ranges[i][1] = (struct ips_port_range){65535, 65535};
		sets[i] = (struct ips_port_set){false, ranges[i], i % 10 ? 1 : 2};
		users[i] = (struct ips_port_user){&sets[i], NULL, i};
	}
	assert_int_equal(ips_ports_map(users, PORT_RULES, &map, member), 0);
	for (uint32_t port = 0; port < 65536; port++) {
		for (uint32_t i = 0; i < PORT_RULES; i++) {
			bool has = ips_port_set_has(&sets[i], (uint16_t)port);

			if (!map[port]) {
				assert_false(has);
				continue;
			}
			own[map[port] - 1] = true;
			if (has)
				assert_true(member[i] >> (map[port] - 1) & 1);
			else if (map[port] > 1)
				assert_false(member[i] >> (map[port] - 1) & 1);
		}
	}
	assert_true(own[0] && own[1] && own[IPS_PORT_CLASSES - 1]);
	free(map);
}

static struct ips_addr v4(uint32_t a)
{
	return (struct ips_addr){{htonl(a), 0, 0, 0}};
}

#define ADDR_RULES 60

static void fill(struct ips_addr_set *s, struct ips_addr_range *r4, struct ips_addr_range *r6,
	uint32_t *seed)
{
	uint32_t a = rnd(seed) % 4 == 0 ? 0xffffff00 : 0x0a000000;

	for (uint32_t i = 0; i < 3; i++) {
		a += rnd(seed) % 20;
		r4[i].lo = v4(a);
		a += rnd(seed) % 12;
		r4[i].hi = v4(a++);
	}
	for (uint32_t i = 0; i < 2; i++) {
		r6[i].lo = (struct ips_addr){{htonl(0x20010db8), 0, 0, htonl(i * 100)}};
		r6[i].hi = r6[i].lo;
		r6[i].hi.w[3] = htonl(i * 100 + rnd(seed) % 50);
	}
	*s = (struct ips_addr_set){false, r4, r6, 3, 2};
}

static bool found(const struct ips_addr_index *x, int side, uint8_t family,
	const struct ips_addr *a, uint32_t rank)
{
	const uint32_t *rules = NULL;
	uint32_t n = ips_addr_tree_find(&x->tree[side][family == 6], family, a, &rules);

	for (uint32_t i = 0; i < n; i++) {
		if (rules[i] == rank)
			return true;
	}
	return false;
}

static void addresses(void **state)
{
	static struct ips_addr_range r4[ADDR_RULES][3], r6[ADDR_RULES][2];
	static struct ips_rule rules[ADDR_RULES];
	struct ips_addr_build *b = ips_addr_build_new();
	struct ips_addr_index x = {0};
	uint32_t seed = 3;

	for (uint32_t i = 0; i < ADDR_RULES; i++) {
		bool src = i % 2;

		rules[i].src.any = rules[i].dst.any = true;
		fill(src ? &rules[i].src : &rules[i].dst, r4[i], r6[i], &seed);
		assert_int_equal(ips_addr_build_add(b, &rules[i], i), 0);
	}
	assert_int_equal(ips_addr_build_finish(b, &x), 0);
	assert_int_equal(x.wide_n, 0);
	for (uint32_t i = 0; i < ADDR_RULES; i++) {
		const struct ips_addr_set *s = i % 2 ? &rules[i].src : &rules[i].dst;

		for (uint32_t k = 0; k < 512; k++) {
			struct ips_addr a = v4(k < 256 ? 0x09ffffff + k : 0xffffff00 + (k - 256));
			struct ips_addr c = {{htonl(0x20010db8), 0, 0, htonl(k)}};

			assert_int_equal(
				found(&x, i % 2 == 0, 4, &a, i), ips_addr_set_has(s, 4, &a));
			assert_int_equal(
				found(&x, i % 2 == 0, 6, &c, i), ips_addr_set_has(s, 6, &c));
		}
	}
	ips_addr_index_done(&x);
	ips_addr_build_free(b);
}

/* Any to any goes nowhere in particular. */
static void any(void **state)
{
	struct ips_addr_build *b = ips_addr_build_new();
	struct ips_addr_index x = {0};
	struct ips_rule r = {.src.any = true, .dst.any = true};

	assert_int_equal(ips_addr_build_add(b, &r, 5), 0);
	assert_int_equal(ips_addr_build_finish(b, &x), 0);
	assert_int_equal(x.wide_n, 1);
	assert_int_equal(x.wide[0], 5);
	ips_addr_index_done(&x);
	ips_addr_build_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports),
		cmocka_unit_test(addresses),
		cmocka_unit_test(any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
