/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One question after the other to one document: the verdict, its reason and what goes with it. */
#include "tests/unit/lib/unit.h"

#include "nac/admission/decide.h"

#define NOW 1800000000

static const char text[] =
	"{\"format\":\"sekisho-admission\",\"version\":1,\"generation\":1,%s"
	"\"ports\":["
	"{\"name\":\"lan1\",\"mode\":\"enforce\",\"zone\":\"lan\",\"dot1x\":true,\"mac\":true,"
	"\"reauth\":600,\"hold\":300,\"max_devices\":2},"
	"{\"name\":\"lan2\",\"zone\":\"fab\",\"mac\":true,\"quarantine\":true},"
	"{\"name\":\"lan3\",\"zone\":\"lan\",\"dot1x\":true,\"guest\":true}],"
	"\"devices\":["
	"{\"number\":1,\"macs\":[\"00:00:5e:00:00:01\"],\"methods\":[\"dot1x\"],\"identities\":["
	"\"pc-1\"],\"state\":\"active\"},"
	"{\"number\":2,\"macs\":[\"00:00:5e:00:00:02\"],\"methods\":[\"mac\"],\"state\":\"active\","
	"\"expires\":1800000100,\"fingerprint\":{\"dhcp_params\":\"1,3,6\"}},"
	"{\"number\":3,\"macs\":[\"00:00:5e:00:00:03\"],\"methods\":[\"mac\"],\"state\":"
	"\"revoked\"},"
	"{\"number\":4,\"macs\":[\"00:00:5e:00:00:04\"],\"methods\":[\"mac\"],\"state\":"
	"\"quarantined\"},"
	"{\"number\":5,\"macs\":[\"00:00:5e:00:00:05\"],\"methods\":[\"mac\"],\"state\":\"active\","
	"\"ports\":[\"lan2\"]},"
	"{\"number\":6,\"macs\":[\"00:00:5e:00:00:06\"],\"methods\":[\"mac\"],\"state\":\"active\","
	"\"zones\":[\"fab\"]},"
	"{\"number\":7,\"methods\":[\"dot1x\"],\"identities\":[\"tablet-7\"],\"state\":\"active\"},"
	"{\"number\":8,\"macs\":[\"00:00:5e:00:00:08\"],\"methods\":[\"dot1x\",\"mac\"],"
	"\"identities\":[\"pc-8\"],\"state\":\"active\"}]}";

static struct nac_document *document(const char *extra)
{
	char buf[4096];
	struct sk_err err = {0};
	struct nac_document *d;

	snprintf(buf, sizeof(buf), text, extra);
	d = nac_document_parse(buf, strlen(buf), &err);
	if (!d)
		print_error("%s: %s\n", err.path, err.en);
	assert_non_null(d);
	return d;
}

static struct nac_question mac_at(const struct nac_document *d, const char *port, const char *mac)
{
	struct nac_question q = {.doc = d, .port = port, .method = NAC_BY_MAC, .now = NOW};

	assert_int_equal(nac_mac_parse(mac, &q.mac), 0);
	return q;
}

static void expect(const struct nac_question *q, enum nac_verdict verdict, enum nac_reason reason)
{
	struct nac_decision a;
	struct nac_checks c;

	nac_decide(q, &a, &c);
	if (a.verdict != verdict || a.reason != reason)
		print_error("%s %s\n", nac_verdict_name(a.verdict), nac_reason_name(a.reason));
	assert_int_equal(a.verdict, verdict);
	assert_int_equal(a.reason, reason);
	assert_int_equal(a.seconds > 0, verdict != NAC_REFUSE);
}

static void at(const struct nac_document *d, const char *port, const char *mac,
	enum nac_verdict verdict, enum nac_reason reason)
{
	struct nac_question q = mac_at(d, port, mac);

	expect(&q, verdict, reason);
}

static void by_mac(void **state)
{
	struct nac_document *d = document("");
	struct nac_question q;

	at(d, "lan1", "00:00:5e:00:00:02", NAC_ADMIT, NAC_OK);
	at(d, "lan1", "00:00:5e:00:00:99", NAC_REFUSE, NAC_UNKNOWN);
	at(d, "lan1", "02:00:5e:00:00:99", NAC_REFUSE, NAC_RANDOMISED);
	at(d, "lan9", "00:00:5e:00:00:02", NAC_REFUSE, NAC_NO_PORT);
	at(d, "lan1", "01:00:5e:00:00:02", NAC_REFUSE, NAC_BAD_MAC);
	at(d, "lan1", "00:00:00:00:00:00", NAC_REFUSE, NAC_BAD_MAC);
	q = mac_at(d, "lan1", "00:00:5e:00:00:02");
	q.gateways = true;
	expect(&q, NAC_REFUSE, NAC_GATEWAY_MAC);
	at(d, "lan1", "00:00:5e:00:00:03", NAC_REFUSE, NAC_IS_REVOKED);
	at(d, "lan1", "00:00:5e:00:00:04", NAC_QUARANTINE, NAC_IS_QUARANTINED);
	at(d, "lan1", "00:00:5e:00:00:05", NAC_REFUSE, NAC_WRONG_PORT);
	at(d, "lan1", "00:00:5e:00:00:06", NAC_REFUSE, NAC_WRONG_ZONE);
	at(d, "lan1", "00:00:5e:00:00:01", NAC_REFUSE, NAC_METHOD_DEVICE);
	at(d, "lan3", "00:00:5e:00:00:08", NAC_REFUSE, NAC_METHOD_PORT);
	nac_document_free(d);
}

/* Strangers to the page, who was thrown out to nowhere. */
static void to_the_page(void **state)
{
	struct nac_document *d = document("");

	at(d, "lan2", "00:00:5e:00:00:99", NAC_QUARANTINE, NAC_UNKNOWN);
	at(d, "lan2", "02:00:5e:00:00:99", NAC_QUARANTINE, NAC_RANDOMISED);
	at(d, "lan2", "00:00:5e:00:00:01", NAC_QUARANTINE, NAC_METHOD_DEVICE);
	at(d, "lan2", "00:00:5e:00:00:03", NAC_REFUSE, NAC_IS_REVOKED);
	at(d, "lan2", "01:00:5e:00:00:99", NAC_REFUSE, NAC_BAD_MAC);
	nac_document_free(d);
}

static void expiry(void **state)
{
	struct nac_document *d = document("");
	struct nac_question q = mac_at(d, "lan1", "00:00:5e:00:00:02");
	struct nac_decision a;

	nac_decide(&q, &a, NULL);
	assert_int_equal(a.seconds, 100); /* hold is 300, but it expires before */
	q.now = NOW + 99;
	expect(&q, NAC_ADMIT, NAC_OK);
	q.now = NOW + 100;
	expect(&q, NAC_REFUSE, NAC_IS_EXPIRED);
	nac_document_free(d);
}

static void proven(void **state)
{
	struct nac_document *d = document("");
	struct nac_question q = mac_at(d, "lan1", "00:00:5e:00:00:01");
	struct nac_decision a;

	q.method = NAC_BY_DOT1X;
	q.identity = "pc-1";
	nac_decide(&q, &a, NULL);
	assert_int_equal(a.verdict, NAC_ADMIT);
	assert_int_equal(a.device->number, 1);
	assert_int_equal(a.seconds, 600 + NAC_REAUTH_MARGIN);
	q.identity = "";
	expect(&q, NAC_REFUSE, NAC_NO_IDENTITY);
	q.identity = NULL;
	expect(&q, NAC_REFUSE, NAC_NO_IDENTITY);
	q.identity = "pc-8";
	expect(&q, NAC_REFUSE, NAC_IDENTITY_OTHER);
	q.identity = "somebody";
	expect(&q, NAC_REFUSE, NAC_IDENTITY_UNKNOWN);
	nac_mac_parse("00:00:5e:00:00:99", &q.mac);
	q.identity = "pc-1";
	expect(&q, NAC_REFUSE, NAC_MAC_OTHER);
	/* A device without addresses is known by its identity alone. */
	q.identity = "tablet-7";
	expect(&q, NAC_ADMIT, NAC_OK);
	/* Its identity is right, the device may not use 802.1X. */
	nac_mac_parse("00:00:5e:00:00:02", &q.mac);
	q.identity = "pc-1";
	expect(&q, NAC_REFUSE, NAC_IDENTITY_OTHER);
	nac_document_free(d);
}

static void guests(void **state)
{
	struct nac_document *d = document("");
	struct nac_question q = mac_at(d, "lan3", "00:00:5e:00:00:99");

	q.method = NAC_BY_DOT1X;
	q.identity = "visitor";
	expect(&q, NAC_ADMIT, NAC_GUEST);
	/* A registered device is no guest. */
	nac_mac_parse("00:00:5e:00:00:03", &q.mac);
	expect(&q, NAC_REFUSE, NAC_IDENTITY_UNKNOWN);
	q.method = NAC_BY_MAC;
	nac_mac_parse("00:00:5e:00:00:99", &q.mac);
	q.identity = NULL;
	expect(&q, NAC_REFUSE, NAC_UNKNOWN);
	nac_document_free(d);
}

static void elsewhere(void **state)
{
	struct nac_document *d = document(""), *strict = document("\"conflict\":\"quarantine\",");
	struct nac_question q = mac_at(d, "lan1", "00:00:5e:00:00:08");
	struct nac_decision a;

	q.elsewhere = "lan2";
	nac_decide(&q, &a, NULL);
	assert_int_equal(a.verdict, NAC_REFUSE);
	assert_int_equal(a.reason, NAC_ELSEWHERE);
	assert_true(a.conflict);
	assert_false(a.quarantine_elsewhere || a.moved);
	q.doc = strict;
	nac_decide(&q, &a, NULL);
	assert_int_equal(a.verdict, NAC_QUARANTINE);
	assert_true(a.conflict && a.quarantine_elsewhere);
	/* Who proves it has moved; who fails to has not. */
	q.method = NAC_BY_DOT1X;
	q.identity = "pc-8";
	nac_decide(&q, &a, NULL);
	assert_int_equal(a.verdict, NAC_ADMIT);
	assert_true(a.moved);
	assert_false(a.conflict);
	q.identity = "pc-1";
	nac_decide(&q, &a, NULL);
	assert_int_equal(a.verdict, NAC_REFUSE);
	assert_false(a.moved);
	nac_document_free(d);
	nac_document_free(strict);
}

static void fingerprint(void **state)
{
	struct nac_document *d = document(""),
			    *strict = document("\"fingerprint\":\"quarantine\",");
	struct nac_print same = {.dhcp_params = "1,3,6"}, other = {.dhcp_params = "1,121,3,6,15"};
	struct nac_question q = mac_at(d, "lan1", "00:00:5e:00:00:02");
	struct nac_decision a;

	q.seen = &same;
	nac_decide(&q, &a, NULL);
	assert_int_equal(a.verdict, NAC_ADMIT);
	assert_false(a.different);
	q.seen = &other;
	nac_decide(&q, &a, NULL);
	assert_int_equal(a.verdict, NAC_ADMIT); /* alarm only */
	assert_true(a.different);
	assert_true(a.differs & NAC_PRINT_DHCP_PARAMS);
	q.doc = strict;
	expect(&q, NAC_QUARANTINE, NAC_LOOKS_DIFFERENT);
	nac_document_free(d);
	nac_document_free(strict);
}

static void room(void **state)
{
	struct nac_document *d = document("");
	struct nac_question q = mac_at(d, "lan1", "00:00:5e:00:00:02");

	q.on_port = 1;
	expect(&q, NAC_ADMIT, NAC_OK);
	q.on_port = 2;
	expect(&q, NAC_REFUSE, NAC_PORT_FULL);
	/* Strangers at the notice page take nobody's place but another stranger's. */
	q.on_port = 0;
	q.confined = 2;
	expect(&q, NAC_ADMIT, NAC_OK);
	nac_document_free(d);
}

/* All that is wrong is said at once. */
static void explained(void **state)
{
	struct nac_document *d = document("");
	struct nac_question q = mac_at(d, "lan3", "00:00:5e:00:00:03");
	struct nac_decision a;
	struct nac_checks c;

	q.elsewhere = "lan1";
	nac_decide(&q, &a, &c);
	assert_int_equal(a.reason, NAC_IS_REVOKED);
	assert_int_equal(c.result[NAC_CHECK_DEVICE], NAC_PASSED);
	assert_int_equal(c.result[NAC_CHECK_STATE], NAC_FAILED);
	assert_int_equal(c.result[NAC_CHECK_METHOD], NAC_FAILED);
	assert_int_equal(c.result[NAC_CHECK_ELSEWHERE], NAC_FAILED);
	assert_int_equal(c.result[NAC_CHECK_IDENTITY], NAC_NOT_ASKED);
	for (int r = 0; r < NAC_REASONS; r++) {
		assert_non_null(nac_reason_text(r)->en);
		assert_non_null(nac_reason_text(r)->ja);
	}
	for (int i = 0; i < NAC_CHECKS; i++)
		assert_non_null(nac_check_text(i)->ja);
	nac_document_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_mac),
		cmocka_unit_test(to_the_page),
		cmocka_unit_test(expiry),
		cmocka_unit_test(proven),
		cmocka_unit_test(guests),
		cmocka_unit_test(elsewhere),
		cmocka_unit_test(fingerprint),
		cmocka_unit_test(room),
		cmocka_unit_test(explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
