/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The gate's ports as JSON: what is taken, what is refused and where, and the way back. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fw/gate/conf.h"
#include "fw/gate/mac.h"
#include "lib/json.h"
#include "lib/util.h"

static int parse(const char *text, struct fw_gate_conf *ret, struct sk_err *err)
{
	json_t *v = sk_json_parse(text, strlen(text), err);

	assert_non_null(v);
	int r = fw_gate_conf_from_json(v, ret, err);
	json_decref(v);
	return r;
}

static void there_and_back(void **state)
{
	struct fw_gate_conf c = {0}, again = {0};
	struct sk_err err = {0};

	assert_int_equal(
		parse("{\"generation\":7,\"ports\":[{\"name\":\"lan2\",\"mode\":\"observe\"},"
		      "{\"name\":\"lan1\",\"mode\":\"enforce\",\"quarantine\":true,"
		      "\"page_port\":8099,\"eapol\":true}]}",
			&c, &err),
		0);
	assert_int_equal(c.generation, 7);
	assert_int_equal(c.n, 2);
	assert_string_equal(c.ports[0].name, "lan1"); /* by name */
	assert_int_equal(c.ports[0].mode, FW_GATE_ENFORCE);
	assert_true(c.ports[0].quarantine && c.ports[0].eapol);
	assert_int_equal(fw_gate_conf_page(&c), 8099);
	assert_ptr_equal(fw_gate_conf_find(&c, "lan2"), &c.ports[1]);
	assert_null(fw_gate_conf_find(&c, "lan"));
	json_t *v = fw_gate_conf_to_json(&c);
	assert_non_null(v);
	assert_int_equal(fw_gate_conf_from_json(v, &again, &err), 0);
	json_decref(v);
	assert_memory_equal(&c, &again, sizeof(c));
}

#define PORT(rest) "{\"generation\":1,\"ports\":[" rest "]}"

static void refused(void **state)
{
	static const struct {
		const char *text, *path;
		int code;
	} t[] = {
		{"{\"ports\":[]}", "generation", -ENOENT},
		{"{\"generation\":1}", "ports", -ENOENT},
		{"{\"generation\":-1,\"ports\":[]}", "generation", -ERANGE},
		{"{\"generation\":1,\"ports\":[],\"more\":1}", "more", -EINVAL},
		{PORT("5"), "ports[0]", -EINVAL},
		{PORT("{\"name\":\"a\"}"), "ports[0].mode", -ENOENT},
		{PORT("{\"name\":\"a\",\"mode\":\"on\"}"), "ports[0].mode", -EINVAL},
		{PORT("{\"name\":\"\",\"mode\":\"off\"}"), "ports[0].name", -EINVAL},
		{PORT("{\"name\":\"a b\",\"mode\":\"off\"}"), "ports[0].name", -EINVAL},
		{PORT("{\"name\":\"a/b\",\"mode\":\"off\"}"), "ports[0].name", -EINVAL},
		{PORT("{\"name\":\"..\",\"mode\":\"off\"}"), "ports[0].name", -EINVAL},
		{PORT("{\"name\":\"sixteen-letters-\",\"mode\":\"off\"}"), "ports[0].name",
			-EINVAL},
		{PORT("{\"name\":\"a\",\"mode\":\"off\",\"page_port\":65536}"),
			"ports[0].page_port", -ERANGE},
		{PORT("{\"name\":\"a\",\"mode\":\"off\",\"quarantine\":1}"), "ports[0].quarantine",
			-EINVAL},
		{PORT("{\"name\":\"a\",\"mode\":\"off\"},{\"name\":\"a\",\"mode\":\"off\"}"),
			"ports", -EEXIST},
		{PORT("{\"name\":\"a\",\"mode\":\"off\",\"quarantine\":true,\"page_port\":1},"
		      "{\"name\":\"b\",\"mode\":\"off\",\"quarantine\":true,\"page_port\":2}"),
			"ports", -EINVAL},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(t); i++) {
		struct fw_gate_conf c = {.generation = 99};
		struct sk_err err = {0};

		assert_int_equal(parse(t[i].text, &c, &err), t[i].code);
		assert_string_equal(err.path, t[i].path);
		assert_true(err.en[0] && err.ja[0]);
		assert_int_equal(c.generation, 99); /* untouched */
	}
}

static void too_many(void **state)
{
	json_t *ports = json_array();
	struct fw_gate_conf c;
	struct sk_err err = {0};

	for (int i = 0; i <= FW_GATE_PORTS_MAX; i++) {
		char name[16];

		snprintf(name, sizeof(name), "p%d", i);
		json_array_append_new(ports, json_pack("{s:s,s:s}", "name", name, "mode", "off"));
	}
	json_t *v = json_pack("{s:i,s:O}", "generation", 1, "ports", ports);
	assert_int_equal(fw_gate_conf_from_json(v, &c, &err), -E2BIG);
	json_array_remove(ports, 0);
	assert_int_equal(fw_gate_conf_from_json(v, &c, &err), 0);
	json_decref(v);
	json_decref(ports);
}

static void addresses(void **state)
{
	static const uint8_t want[6] = {0x02, 0xab, 0xcd, 0xef, 0x01, 0x99};
	static const char *const bad[] = {"", "02:ab:cd:ef:01", "02:ab:cd:ef:01:9",
		"02:ab:cd:ef:01:99:00", "02:ab:cd:ef:01:9g", "02abcdef0199", "02 ab cd ef 01 99"};
	uint8_t mac[6] = {0};
	char text[FW_MAC_TEXT];

	assert_int_equal(fw_mac_parse("02:AB:cd:ef:01:99", mac), 0);
	assert_memory_equal(mac, want, 6);
	assert_int_equal(fw_mac_parse("02-ab-cd-ef-01-99", mac), 0);
	assert_string_equal(fw_mac_text(mac, text), "02:ab:cd:ef:01:99");
	for (size_t i = 0; i < SK_ARRAY_SIZE(bad); i++)
		assert_int_equal(fw_mac_parse(bad[i], mac), -EINVAL);
	assert_true(fw_mac_single(want));
	assert_false(fw_mac_single((const uint8_t[6]){0}));
	assert_false(fw_mac_single((const uint8_t[6]){0x01, 0, 0x5e, 0, 0, 1}));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(refused),
		cmocka_unit_test(too_many),
		cmocka_unit_test(addresses),
	};

	return cmocka_run_group_tests_name("gate-conf", tests, NULL, NULL);
}
