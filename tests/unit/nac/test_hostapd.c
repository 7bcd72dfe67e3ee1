/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostapd's events, answers and log; who cannot be taken for another; settings and users written.
 */
#include "tests/unit/lib/unit.h"

#include "nac/dot1x/conf.h"
#include "nac/dot1x/exchange.h"
#include "nac/dot1x/parse.h"

static enum nac_hostapd_event event(const char *s, struct nac_mac *mac)
{
	return nac_hostapd_event_parse(s, strlen(s), mac);
}

static void events(void **state)
{
	struct nac_mac mac = {{0}};
	char text[NAC_MAC_TEXT];

	assert_int_equal(
		event("<3>CTRL-EVENT-EAP-SUCCESS 00:1b:21:00:00:01", &mac), NAC_HE_SUCCESS);
	assert_string_equal(nac_mac_format(&mac, text), "00:1b:21:00:00:01");
	assert_int_equal(
		event("<3>CTRL-EVENT-EAP-SUCCESS2 00:1b:21:00:00:02", &mac), NAC_HE_SUCCESS);
	assert_int_equal(
		event("<3>CTRL-EVENT-EAP-FAILURE 00:1b:21:00:00:01", &mac), NAC_HE_FAILURE);
	assert_int_equal(
		event("<3>AP-STA-DISCONNECTED 00:1b:21:00:00:01", &mac), NAC_HE_DISCONNECTED);
	assert_int_equal(event("<3>CTRL-EVENT-TERMINATING ", &mac), NAC_HE_TERMINATING);
	assert_int_equal(event("<3>CTRL-EVENT-EAP-SUCCESS", &mac), NAC_HE_OTHER);
	assert_int_equal(event("<3>CTRL-EVENT-EAP-SUCCESS 00:1b:21:00:00", &mac), NAC_HE_OTHER);
	assert_int_equal(event("<3>CTRL-EVENT-EAP-SUCCESSX 00:1b:21:00:00:01", &mac), NAC_HE_OTHER);
	assert_int_equal(event("CTRL-EVENT-EAP-SUCCESS 00:1b:21:00:00:01", &mac), NAC_HE_OTHER);
	assert_int_equal(event("", &mac), NAC_HE_OTHER);
}

static void stations(void **state)
{
	static const char yes[] = "00:1b:21:00:00:01\nflags=[AUTHORIZED]\nx=1\n"
				  "dot1xAuthSessionUserName=tanaka\nlast_eap_type_sta=25 (PEAP)\n";
	static const char evil[] = "00:1b:21:00:00:01\nflags=\ndot1xAuthSessionUserName=a\033[2J\n";
	static const char mib[] = "radiusAuthClientAccessRequests=3\n"
				  "radiusAuthClientAccessAccepts=1\nradiusAuthClientTimeouts=2\n"
				  "radiusAuthClientAccessAccepts=4\n";
	struct nac_hostapd_sta sta;
	struct nac_hostapd_radius r;

	assert_int_equal(nac_hostapd_sta_parse(yes, strlen(yes), &sta), 0);
	assert_true(sta.authorized);
	assert_string_equal(sta.identity, "tanaka");
	assert_int_equal(sta.eap_type, 25);
	assert_int_equal(nac_hostapd_sta_parse(evil, strlen(evil), &sta), 0);
	assert_false(sta.authorized);
	assert_string_equal(sta.identity, "");
	assert_int_equal(nac_hostapd_sta_parse("FAIL\n", 5, &sta), -EINVAL);
	nac_hostapd_radius_parse(mib, strlen(mib), &r);
	assert_int_equal(r.requests, 3);
	assert_int_equal(r.answers, 5);
	assert_int_equal(r.timeouts, 2);
}

static const struct {
	const char *subject, *name; /* NULL: none */
} subjects[] = {
	{"/CN=pc-001", "pc-001"},
	{"/O=Test Co/CN=pc-001", "pc-001"},
	{"/CN=pc-001/O=Test", "pc-001"},
	{"/CN=host\\/pc-001", "host/pc-001"},
	{"/CN=a\\+b", "a+b"},
	{"/O=x\\/CN=pc-002/CN=pc-001", "pc-001"}, /* an organisation called "x/CN=pc-002" */
	{"/O=x\\/CN=pc-002", NULL},
	{"/CN=pc-001/CN=pc-002", NULL},
	{"/O=Test", NULL},
	{"/CN=", NULL},
	{"", NULL},
	{"/CN=pc-00\\x31", NULL}, /* a backslash, or "1"? nobody can tell */
	{"/CN=pc\\\\/CN=pc-002", NULL},
	{"/CN=pc-001\\", NULL},
};

static void names(void **state)
{
	for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
		char name[64] = "none";
		int r = nac_hostapd_common_name(subjects[i].subject, name, sizeof(name));

		if ((r == 0) != (subjects[i].name != NULL))
			print_error("%s: %d %s\n", subjects[i].subject, r, name);
		assert_int_equal(r, subjects[i].name ? 0 : -EINVAL);
		assert_string_equal(name, subjects[i].name ? subjects[i].name : "none");
	}
}

static void feed(const struct nac_hostapd_line *l, void *arg)
{
	nac_exchanges_line(arg, l, 1000000);
}

static void log_lines(void **state)
{
	static const char text[] =
		"lan1: CTRL-EVENT-EAP-STARTED 00:1b:21:00:00:01\n"
		"IEEE 802.1X: 194 bytes from 00:1b:21:00:00:01\n"
		"lan1: CTRL-EVENT-EAP-PROPOSED-METHOD vendor=0 method=13\n"
		"authsrv: peer certificate: depth=1 serial_num=11 subject=/CN=root\n"
		"authsrv: peer certificate: depth=0 serial_num=22AB subject=/CN=pc-001\n"
		"     authsrv: peer certificate: depth=0 serial_num=33 subject=/CN=evil\n"
		"IEEE 802.1X: 30 bytes from 00:1b:21:00:00:02\n"
		"authsrv: peer certificate: depth=0 serial_num=44 subject=/CN=pc-002\n"
		"lan1: CTRL-EVENT-EAP-SUCCESS 00:1b:21:00:00:01\n";
	static const char next[] = "lan1: CTRL-EVENT-EAP-STARTED 00:1b:21:00:00:01\n";
	static const char bye[] =
		"lan1: STA 00:1b:21:00:00:01 IEEE 802.1X: received EAPOL-Logoff from STA\n";
	const struct nac_mac one = {{0, 0x1b, 0x21, 0, 0, 1}}, two = {{0, 0x1b, 0x21, 0, 0, 2}};
	struct nac_exchanges *x = nac_exchanges_new((const uint8_t[16]){1});
	struct nac_hostapd_log l = {.fn = feed, .arg = x};
	const struct nac_exchange *e;

	/* In any pieces. */
	for (size_t i = 0; i < strlen(text); i++)
		nac_hostapd_log_feed(&l, text + i, 1);
	e = nac_exchanges_get(x, &one);
	assert_non_null(e);
	assert_true(e->proven && e->has_cert);
	assert_int_equal(e->method, 13);
	assert_string_equal(e->name, "pc-001");
	assert_string_equal(e->serial, "22AB");
	e = nac_exchanges_get(x, &two);
	assert_false(e->proven);
	assert_string_equal(e->name, "pc-002");
	/* What begins anew has shown nothing. */
	nac_hostapd_log_feed(&l, next, strlen(next));
	e = nac_exchanges_get(x, &one);
	assert_false(e->proven || e->has_cert || e->method);
	nac_hostapd_log_feed(&l, bye, strlen(bye));
	assert_true(nac_exchanges_get(x, &one)->logoff);
	nac_exchanges_drop(x, &one);
	assert_null(nac_exchanges_get(x, &one));
	nac_exchanges_free(x);
}

/* A flood of addresses does not push out who has shown a certificate. */
static void flood(void **state)
{
	struct nac_exchanges *x = nac_exchanges_new((const uint8_t[16]){1});
	struct nac_hostapd_line l = {
		.word = NAC_HL_CERT, .mac = {{0, 1, 2, 3, 4, 5}}, .name = "pc", .serial = "1"};

	nac_exchanges_line(x, &l, 0);
	l.word = NAC_HL_BEGIN;
	for (int i = 0; i < 5000; i++) {
		l.mac = (struct nac_mac){{0, 0xde, 0, 0, (uint8_t)(i >> 8), (uint8_t)i}};
		nac_exchanges_line(x, &l, 1000 + i);
	}
	assert_non_null(nac_exchanges_get(x, &(struct nac_mac){{0, 1, 2, 3, 4, 5}}));
	nac_exchanges_free(x);
}

static void settings(void **state)
{
	struct nac_hostapd_conf c = {.port = "lan1",
		.control_dir = "/run/x",
		.reauth = 60,
		.ca = "/ca",
		.cert = "/cert",
		.key = "/key",
		.users = "/users",
		.check_crl = true};
	struct sk_err err = {0};
	struct sk_buf b;

	sk_buf_init(&b, 65536);
	assert_int_equal(nac_hostapd_conf_write(&b, &c, &err), 0);
	assert_non_null(strstr(sk_buf_str(&b), "interface=lan1\ndriver=wired\n"));
	assert_non_null(strstr(sk_buf_str(&b), "check_crl=1\ncrl_reload_interval=1\n"));
	c.cert = "/cert\neap_server=0";
	assert_int_equal(nac_hostapd_conf_write(&b, &c, &err), -EINVAL);
	sk_buf_done(&b);
}

static void users(void **state)
{
	static const char good[] =
		"{\"format\":\"sekisho-eap-users\",\"users\":[{\"name\":\"tanaka\",\"nt_hash\":"
		"\"0123456789abcdef0123456789abcdef\"}]}";
	static const char *const bad[] = {"[]", "{\"format\":\"x\",\"users\":[]}",
		"{\"format\":\"sekisho-eap-users\",\"users\":[{\"name\":\"a\\\" TLS\",\"nt_hash\":"
		"\"0123456789abcdef0123456789abcdef\"}]}",
		"{\"format\":\"sekisho-eap-users\",\"users\":[{\"name\":\"a\\nb\",\"nt_hash\":"
		"\"0123456789abcdef0123456789abcdef\"}]}",
		"{\"format\":\"sekisho-eap-users\",\"users\":[{\"name\":\"a\",\"nt_hash\":\"x\"}]"
		"}"};
	const struct nac_eap_methods m = {.tls = true, .peap = true};
	struct sk_err err = {0};
	struct sk_buf b;

	sk_buf_init(&b, 65536);
	assert_int_equal(nac_eap_users_write(&b, &m, good, strlen(good), &err), 0);
	assert_string_equal(sk_buf_str(&b),
		"* TLS,PEAP\n\"tanaka\" MSCHAPV2,TTLS-MSCHAPV2 "
		"hash:0123456789abcdef0123456789abcdef [2]\n");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(nac_eap_users_write(&b, &m, bad[i], strlen(bad[i]), &err) < 0);
	sk_buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events),
		cmocka_unit_test(stations),
		cmocka_unit_test(names),
		cmocka_unit_test(log_lines),
		cmocka_unit_test(flood),
		cmocka_unit_test(settings),
		cmocka_unit_test(users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
