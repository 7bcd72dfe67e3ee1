/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Documents that are whole, and what is said about those that are not; lookups among many. */
#include "tests/unit/lib/unit.h"

#include "lib/buf.h"
#include "nac/admission/document.h"

#define HEAD "{\"format\":\"sekisho-admission\",\"version\":1,\"generation\":7,"

static void whole(void **state)
{
	static const char text[] = HEAD
		"\"ports\":[{\"name\":\"lan1\",\"mode\":\"rehearse\",\"zone\":\"lan\",\"dot1x\":"
		"true}],"
		"\"networks\":[{\"interface\":\"lan0\",\"sensor\":true,\"isolation\":\"observe\","
		"\"dhcp_servers\":[\"10.0.0.1\"],\"routers\":[\"00:00:5e:00:01:01\"]}],"
		"\"eap\":{\"methods\":[\"peap\"],\"tls\":{\"ca\":\"/a\"},\"radius\":{\"address\":"
		"\"10.0.0.9\",\"secret_file\":\"/"
		"s\"}},\"radius_down\":\"grace\",\"grace_seconds\":60,"
		"\"devices\":[{\"number\":3,\"name\":\"プリンタ\",\"kind\":\"printer\",\"macs\":["
		"\"00-00-5E-00-00-03\"],\"methods\":[\"mac\"],\"state\":\"active\"}]}";
	struct sk_err err = {0};
	struct nac_document *d = nac_document_parse(text, strlen(text), &err);
	struct nac_mac mac;

	assert_non_null(d);
	assert_int_equal(d->generation, 7);
	assert_int_equal(d->ports[0].mode, NAC_REHEARSE);
	assert_int_equal(d->ports[0].reauth, 3600);
	assert_int_equal(d->networks[0].isolation, NAC_ISOLATE_OBSERVE);
	assert_int_equal(d->networks[0].n_routers, 1);
	assert_true(d->eap.peap && !d->eap.tls);
	assert_int_equal(d->eap.radius_port, 1812);
	assert_int_equal(d->radius_down, NAC_RADIUS_GRACE);
	assert_int_equal(nac_mac_parse("0000.5e00.0003", &mac), 0);
	assert_int_equal(nac_document_by_mac(d, &mac)->number, 3);
	assert_null(nac_document_by_identity(d, "x"));
	assert_null(nac_document_port(d, "lan2"));
	nac_document_free(d);
}

static const struct {
	const char *text, *path;
} wrong[] = {
	{"[]", ""},
	{"{\"format\":\"sekisho-admission\",\"version\":2,\"generation\":1}", "format"},
	{HEAD "\"ports\":[],\"devices\":[],\"colour\":1}", "colour"},
	{HEAD "\"ports\":[],\"x\":{}}", "x"},
	{HEAD "\"devices\":[]}", "ports"},
	{HEAD "\"ports\":[{\"name\":\"../lan1\"}],\"devices\":[]}", "ports[0].name"},
	{HEAD "\"ports\":[{\"name\":\"-d\"}],\"devices\":[]}", "ports[0].name"},
	{HEAD "\"ports\":[{\"name\":\"lan1234567890123\"}],\"devices\":[]}", "ports[0].name"},
	{HEAD "\"ports\":[{\"name\":\"a\"},{\"name\":\"a\"}],\"devices\":[]}", "ports[1].name"},
	{HEAD "\"ports\":[{\"name\":\"a\",\"mode\":\"on\"}],\"devices\":[]}", "ports[0].mode"},
	{HEAD "\"ports\":[{\"name\":\"a\",\"reauth\":5}],\"devices\":[]}", "ports[0].reauth"},
	{HEAD "\"ports\":[],\"eap\":{\"tls\":{\"ca\":\"rel\"}},\"devices\":[]}", "eap.tls.ca"},
	{HEAD "\"ports\":[],\"eap\":{\"tls\":{\"ca\":\"/a\\nb\"}},\"devices\":[]}", "eap.tls.ca"},
	{HEAD "\"ports\":[],\"eap\":{\"radius\":{\"address\":\"a.example\"}},\"devices\":[]}",
		"eap.radius.address"},
	{HEAD "\"ports\":[],\"devices\":[{\"number\":1,\"state\":\"requested\"}]}",
		"devices[0].state"},
	{HEAD "\"ports\":[],\"devices\":[{\"number\":1,\"state\":\"active\",\"macs\":[\"1\"]}]}",
		"devices[0].macs[0]"},
	{HEAD "\"ports\":[],\"devices\":[{\"number\":1,\"state\":\"active\",\"macs\":["
	      "\"01:00:5e:00:00:01\"]}]}",
		"devices[0].macs[0]"},
	{HEAD "\"ports\":[],\"devices\":[{\"number\":1,\"state\":\"active\",\"methods\":[\"x\"]}]}",
		"devices[0].methods"},
	{HEAD "\"ports\":[],\"devices\":["
	      "{\"number\":1,\"state\":\"active\",\"macs\":[\"00:00:5e:00:00:01\"]},"
	      "{\"number\":2,\"state\":\"active\",\"macs\":[\"00:00:5e:00:00:01\"]}]}",
		"devices[1].macs"},
	{HEAD "\"ports\":[],\"devices\":["
	      "{\"number\":1,\"state\":\"active\",\"identities\":[\"a\"]},"
	      "{\"number\":2,\"state\":\"active\",\"identities\":[\"a\"]}]}",
		"devices[1].identities"},
	{HEAD "\"ports\":[],\"devices\":[{\"number\":1,\"state\":\"active\",\"fingerprint\":{"
	      "\"x\":1}}]}",
		"devices[0].fingerprint.x"},
	{HEAD "\"ports\":[],\"networks\":[{\"interface\":\"lan0\",\"dhcp_servers\":["
	      "\"10.0.0.1\",\"router\"]}],\"devices\":[]}",
		"networks[0].dhcp_servers[1]"},
};

static void refused(void **state)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct sk_err err = {0};
		struct nac_document *d =
			nac_document_parse(wrong[i].text, strlen(wrong[i].text), &err);

		if (d || strcmp(err.path, wrong[i].path) != 0)
			print_error("%s: %s: %s\n", wrong[i].text, err.path, err.en);
		assert_null(d);
		assert_string_equal(err.path, wrong[i].path);
		assert_true(err.code < 0 && err.en[0]);
	}
}

static void many(void **state)
{
	enum { N = 5000 };
	struct sk_err err = {0};
	struct nac_document *d;
	struct sk_buf b;

	sk_buf_init(&b, 8 << 20);
	sk_buf_puts(&b, HEAD "\"ports\":[],\"devices\":[");
	for (int i = 0; i < N; i++)
		sk_buf_printf(&b,
			"%s{\"number\":%d,\"state\":\"active\",\"macs\":[\"00:1b:21:%02x:%02x:00\"]"
			","
			"\"identities\":[\"pc-%d\"]}",
			i ? "," : "", i + 1, (i * 7 % N) >> 8, (i * 7 % N) & 255, i);
	sk_buf_puts(&b, "]}");
	d = nac_document_parse(sk_buf_str(&b), b.len, &err);
	assert_non_null(d);
	for (int i = 0; i < N; i++) {
		char name[32];
		int m = i * 7 % N;
		struct nac_mac mac = {{0, 0x1b, 0x21, (uint8_t)(m >> 8), (uint8_t)m, 0}};

		snprintf(name, sizeof(name), "pc-%d", i);
		assert_int_equal(nac_document_by_mac(d, &mac)->number, i + 1);
		assert_int_equal(nac_document_by_identity(d, name)->number, i + 1);
	}
	nac_document_free(d);
	sk_buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole),
		cmocka_unit_test(refused),
		cmocka_unit_test(many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
