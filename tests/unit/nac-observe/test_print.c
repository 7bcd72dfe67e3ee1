/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fingerprints compared, kept and read again; makers of network cards. */
#include "tests/unit/lib/unit.h"

#include "lib/json.h"
#include "lib/util.h"
#include "nac/observe/oui.h"
#include "nac/observe/print.h"

static const struct nac_print printer = {.dhcp_params = "1,3,6,12",
	.dhcp_vendor = "RICOH",
	.hostname = "copier-2f",
	.services = {80, 515, 631, 9100}};

static void compared(void **state)
{
	struct nac_print seen = {.services = {0}};
	unsigned differs = 99;
	char text[64];

	/* Nothing seen yet: nothing differs. */
	assert_int_equal(nac_print_compare(&printer, &seen, &differs), NAC_PRINT_SAME);
	assert_int_equal(differs, 0);
	assert_true(nac_print_is_empty(&seen));
	seen = printer;
	assert_int_equal(nac_print_compare(&printer, &seen, NULL), NAC_PRINT_SAME);
	snprintf(seen.tcp, sizeof(seen.tcp), "64:mss:df");
	assert_int_equal(nac_print_compare(&printer, &seen, NULL), NAC_PRINT_MORE);
	assert_int_equal(nac_print_compare(&seen, &printer, NULL), NAC_PRINT_SAME);
	/* A new name alone is no other device; a new name and other services are. */
	snprintf(seen.hostname, sizeof(seen.hostname), "copier-3f");
	assert_int_equal(nac_print_compare(&printer, &seen, &differs), NAC_PRINT_DRIFT);
	assert_int_equal(differs, NAC_PRINT_HOSTNAME);
	memset(seen.services, 0, sizeof(seen.services));
	assert_true(nac_print_service_add(&seen, 445));
	assert_true(nac_print_service_add(&seen, 135));
	assert_false(nac_print_service_add(&seen, 135));
	assert_false(nac_print_service_add(&seen, 0));
	assert_int_equal(seen.services[0], 135);
	assert_int_equal(nac_print_compare(&printer, &seen, &differs), NAC_PRINT_CHANGED);
	assert_string_equal(
		nac_print_differs_text(differs, text, sizeof(text)), "hostname,services");
	assert_string_equal(nac_print_differs_text(differs, text, 12), "hostname");
	/* One port in common: the same device with more open. */
	nac_print_service_add(&seen, 631);
	nac_print_compare(&printer, &seen, &differs);
	assert_int_equal(differs, NAC_PRINT_HOSTNAME);
	/* Another system's way to ask for a lease is enough. */
	seen = printer;
	snprintf(seen.dhcp_params, sizeof(seen.dhcp_params), "1,3,6,15,31,33");
	assert_int_equal(nac_print_compare(&printer, &seen, &differs), NAC_PRINT_CHANGED);
	assert_int_equal(differs, NAC_PRINT_DHCP_PARAMS);
}

static void full(void **state)
{
	struct nac_print p = {.services = {0}};

	for (uint16_t i = 1; i <= NAC_PRINT_SERVICES; i++)
		assert_true(nac_print_service_add(&p, i));
	assert_false(nac_print_service_add(&p, 100));
	nac_print_merge(&p, &printer);
	assert_string_equal(p.hostname, "copier-2f");
	assert_int_equal(p.services[NAC_PRINT_SERVICES - 1], NAC_PRINT_SERVICES);
	snprintf(p.hostname, sizeof(p.hostname), "kept");
	nac_print_merge(&p, &printer);
	assert_string_equal(p.hostname, "kept");
}

static void kept(void **state)
{
	_cleanup_(sk_json_decrefp) json_t *obj = nac_print_to_json(&printer);
	struct nac_print back;
	struct sk_err err = {.code = 0};
	struct sk_buf b;

	sk_buf_init(&b, 4096);
	sk_json_put(&b, obj);
	assert_string_equal(sk_buf_str(&b),
		"{\"dhcp_params\":\"1,3,6,12\",\"dhcp_vendor\":\"RICOH\","
		"\"hostname\":\"copier-2f\",\"services\":[80,515,631,9100]}");
	sk_buf_done(&b);
	memset(&back, 0xff, sizeof(back));
	assert_int_equal(nac_print_from_json(obj, &back, &err), 0);
	assert_memory_equal(&back, &printer, sizeof(back));
}

static void refused(void **state)
{
	static const char *const bad[] = {"[]", "{\"x\":1}", "{\"tcp\":1}", "{\"services\":[0]}",
		"{\"services\":[65536]}", "{\"services\":[\"80\"]}", "{\"services\":{}}",
		"{\"services\":[1,2,3,4,5,6,7,8,9,10,11,12,13]}",
		"{\"hostname\":"
		"\"0123456789012345678901234567890123456789012345678901234567890123\"}"};
	struct nac_print p, before;

	memset(&before, 7, sizeof(before));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		_cleanup_(sk_json_decrefp) json_t *obj =
			sk_json_parse(bad[i], strlen(bad[i]), NULL);
		struct sk_err err = {.code = 0};

		assert_non_null(obj);
		p = before;
		assert_int_equal(nac_print_from_json(obj, &p, &err), -EINVAL);
		assert_true(err.en[0]);
		assert_memory_equal(&p, &before, sizeof(p));
	}
}

static const char *vendor(const struct nac_oui *o, const char *mac)
{
	struct nac_mac m;

	assert_int_equal(nac_mac_parse(mac, &m), 0);
	return nac_oui_find(o, &m);
}

static void makers(void **state)
{
	static const char csv[] =
		"Registry,Assignment,Organization Name,Organization Address\r\n"
		"MA-L,000074,RICOH COMPANY LTD.,\"1-3-6, Nakamagome\nOhta-ku Tokyo JP\"\r\n"
		"MA-L,001B21,\"Intel \"\"Corporate\"\"\",Lot 8\r\n"
		"MA-L,70B3D5,IEEE Registration Authority,445 Hoes Lane\n"
		"MA-M,70B3D51,Twenty Eight,x\n"
		"MA-S,70B3D5123,Thirty Six,x\n"
		"MA-L,XYZ,Nobody,x\nMA-L,00AA,Short,x\nMA-L,00AABB,,x\nMA-L\n\n,,,\n"
		"MA-L,00AACC,Last without a line's end";
	struct nac_oui *o = nac_oui_new();

	assert_non_null(o);
	assert_null(vendor(o, "00:00:74:01:02:03"));
	assert_int_equal(nac_oui_add_csv(o, csv, sizeof(csv) - 1), 0);
	assert_int_equal(nac_oui_seal(o), 0);
	assert_int_equal(nac_oui_count(o), 6);
	assert_string_equal(vendor(o, "00:00:74:01:02:03"), "RICOH COMPANY LTD.");
	assert_string_equal(vendor(o, "00:1b:21:01:02:03"), "Intel \"Corporate\"");
	assert_string_equal(vendor(o, "70:b3:d5:00:00:01"), "IEEE Registration Authority");
	assert_string_equal(vendor(o, "70:b3:d5:13:00:01"), "Twenty Eight");
	assert_string_equal(vendor(o, "70:b3:d5:12:30:01"), "Thirty Six");
	assert_string_equal(vendor(o, "00:aa:cc:12:30:01"), "Last without a line's end");
	assert_null(vendor(o, "00:aa:bb:00:00:01"));
	assert_null(vendor(o, "02:00:74:01:02:03")); /* nobody's: chosen at random */
	nac_oui_free(o);
	nac_oui_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compared),
		cmocka_unit_test(full),
		cmocka_unit_test(kept),
		cmocka_unit_test(refused),
		cmocka_unit_test(makers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
