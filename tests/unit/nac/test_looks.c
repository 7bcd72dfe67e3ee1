/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How devices looked that look other than registered: kept, added to what is seen, given back. */
#include "tests/unit/lib/unit.h"

#include <string.h>

#include "nac/nacd/parts.h"

static const uint8_t seed[16] = "0123456789abcde";

static struct nac_mac mac_of(unsigned n)
{
	return (struct nac_mac){{2, 0, 0, 0, (uint8_t)(n >> 8), (uint8_t)n}};
}

static struct nac_print notebook(void)
{
	struct nac_print p = {.dhcp_params = "1,3,6,15", .dhcp_vendor = "MSFT 5.0"};

	return p;
}

static void kept_and_added(void **state)
{
	struct nacd_looks *l = nacd_looks_new(seed);
	struct nac_print p = notebook(), seen = {.dhcp_vendor = "RICOH", .hostname = "fax"};
	const struct nac_mac mac = mac_of(1), other = mac_of(2);

	assert_non_null(l);
	assert_false(nacd_looks_add(l, &mac, &seen));
	assert_true(nacd_looks_keep(l, &mac, &p, 100));
	assert_false(nacd_looks_keep(l, &mac, &p, 101)); /* no news */
	assert_false(nacd_looks_add(l, &other, &seen));
	/* What is seen now counts; what is not seen is as it was. */
	assert_true(nacd_looks_add(l, &mac, &seen));
	assert_string_equal(seen.dhcp_vendor, "RICOH");
	assert_string_equal(seen.dhcp_params, "1,3,6,15");
	assert_string_equal(seen.hostname, "fax");
	assert_true(nacd_looks_forget(l, &mac));
	assert_false(nacd_looks_forget(l, &mac));
	nacd_looks_free(l);
	nacd_looks_free(NULL);
}

static void saved_and_loaded(void **state)
{
	struct nacd_looks *l = nacd_looks_new(seed), *back = nacd_looks_new(seed);
	struct nac_print p = notebook(), seen = {.hostname = ""};
	const struct nac_mac mac = mac_of(1);
	json_t *v, *bad;

	nacd_looks_keep(l, &mac, &p, 100);
	v = nacd_looks_save(l);
	assert_int_equal(json_array_size(v), 1);
	/* What is damaged is left out, the rest is read. */
	bad = json_pack("[{s:s},{s:s,s:i,s:{s:i}},i]", "mac", "02:00:00:00:00:09", "mac",
		"02:00:00:00:00:08", "at", 5, "fingerprint", "hostname", 7, 3);
	json_array_extend(bad, v);
	nacd_looks_load(back, bad);
	assert_true(nacd_looks_add(back, &mac, &seen));
	assert_string_equal(seen.dhcp_vendor, "MSFT 5.0");
	assert_true(nacd_looks_forget(back, &mac));
	json_decref(v);
	v = nacd_looks_save(back);
	assert_int_equal(json_array_size(v), 0);
	json_decref(v);
	json_decref(bad);
	nacd_looks_load(back, NULL);
	nacd_looks_free(l);
	nacd_looks_free(back);
}

static void full(void **state)
{
	struct nacd_looks *l = nacd_looks_new(seed);
	struct nac_print p = notebook(), seen = {.hostname = ""};
	const struct nac_mac first = mac_of(0), last = mac_of(NACD_LOOKS);

	for (unsigned i = 0; i <= NACD_LOOKS; i++) {
		const struct nac_mac mac = mac_of(i);

		assert_true(nacd_looks_keep(l, &mac, &p, 100 + i));
	}
	/* The one kept longest is gone, the newest is there. */
	assert_false(nacd_looks_add(l, &first, &seen));
	assert_true(nacd_looks_add(l, &last, &seen));
	nacd_looks_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kept_and_added),
		cmocka_unit_test(saved_and_loaded),
		cmocka_unit_test(full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
