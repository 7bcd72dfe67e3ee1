/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Protocol and port fields: what is accepted, what it means, what is refused and where. */
#include "rules.h"

#include <errno.h>
#include <string.h>

#include "fw/registry/object.h"

static void put_is(const struct fw_svcs *s, const char *want)
{
	struct sk_buf b;

	sk_buf_init(&b, 65536);
	fw_svcs_put(&b, s);
	assert_string_equal(sk_buf_str(&b), want);
	sk_buf_done(&b);
}

static struct fw_objects *objects(void)
{
	struct fw_objects *o = fw_objects_new();
	struct sk_err err = {0};

	assert_non_null(o);
	assert_int_equal(
		fw_objects_add(o, FW_OBJECT_SERVICE, "生産管理", "tcp/8443,udp/5000-5010", &err),
		0);
	assert_int_equal(fw_objects_add(o, FW_OBJECT_SERVICE, "vpn", "esp,ike,nat-t", &err), 0);
	assert_int_equal(fw_objects_add(o, FW_OBJECT_SERVICE, "all-web",
				 "https,tcp/8080-8081,生産管理", &err),
		0);
	return o;
}

static void good_fields(void **state)
{
	static const char *const cases[][3] = {
		{"tcp", "443", "tcp/443"},
		{"TCP", "443", "tcp/443"},
		{" tcp ", " 443 ", "tcp/443"},
		{"6", "443", "tcp/443"},
		{"tcp", "80,443", "tcp/80,443"},
		{"tcp", "443,80,443,81", "tcp/80-81,443"},
		{"tcp", "1024-2047", "tcp/1024-2047"},
		{"tcp", "1024 - 2047", "tcp/1024-2047"},
		{"tcp", "1-1023,1024-65535", "tcp/1-65535"},
		{"tcp", "any", "tcp/any"},
		{"tcp", "Any", "tcp/any"},
		{"tcp/udp", "53", "tcp/53 udp/53"},
		{"udp/tcp", "53", "tcp/53 udp/53"},
		{"tcp/udp", "any", "tcp/any udp/any"},
		{"tcp", "https", "tcp/443"},
		{"tcp", "HTTPS,smtp,8080", "tcp/25,443,8080"},
		{"tcp/udp", "dns", "tcp/53 udp/53"},
		{"udp", "dns", "udp/53"},
		{"udp", "dhcp", "udp/67-68"},
		{"tcp", "netbios", "tcp/139"},
		{"tcp/udp", "netbios", "tcp/139 udp/137-138"},
		{"any", "any", "any"},
		{"any", "https", "tcp/443"},
		{"any", "dns,ntp", "tcp/53 udp/53,123"},
		{"sctp", "2905", "sctp/2905"},
		{"udplite", "5000", "udplite/5000"},
		{"esp", "-", "esp"},
		{"esp", "any", "esp"},
		{"50", "-", "esp"},
		{"gre", "-", "gre"},
		{"253", "-", "253"},
		{"0", "-", "0"},
		{"icmp", "echo-request", "icmp/echo-request"},
		{"icmp", "8", "icmp/echo-request"},
		{"icmp", "ping,3", "icmp/destination-unreachable,echo-request"},
		{"icmp", "0-255", "icmp/any"},
		{"icmp", "0-100,101-255", "icmp/any"},
		{"icmp", "any", "icmp/any"},
		{"icmp", "-", "icmp/any"},
		{"icmpv6", "128", "icmpv6/echo-request"},
		{"icmp6", "packet-too-big", "icmpv6/packet-too-big"},
		{"icmpv6", "133-136", "icmpv6/133-136"},
		{"tcp", "生産管理", "tcp/8443"},
		{"udp", "生産管理", "udp/5000-5010"},
		{"tcp/udp", "生産管理", "tcp/8443 udp/5000-5010"},
		{"any", "生産管理", "tcp/8443 udp/5000-5010"},
		{"any", "vpn", "udp/500,4500 esp"},
		{"esp", "vpn", "esp"},
		{"tcp", "all-web,22", "tcp/22,443,8080-8081,8443"},
	};
	struct fw_objects *o = objects();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sk_err err = {0};
		struct fw_svcs s;

		if (fw_svcs_parse(cases[i][0], cases[i][1], o, &s, &err) < 0)
			fail_msg("%s %s: %s", cases[i][0], cases[i][1], err.en);
		put_is(&s, cases[i][2]);
		fw_svcs_done(&s);
	}
	fw_objects_free(o);
}

static void bad_fields(void **state)
{
	static const char *const cases[][3] = {
		{"", "443", "protocol"},
		{" ", "443", "protocol"},
		{"http", "443", "protocol"},
		{"256", "-", "protocol"},
		{"06", "443", "protocol"},
		{"tcp,udp", "443", "protocol"},
		{"tcp/icmp", "443", "protocol"},
		{"tcp", "", "port"},
		{"tcp", " ", "port"},
		{"tcp", "-", "port"},
		{"tcp/udp", "-", "port"},
		{"any", "-", "port"},
		{"any", "443", "port"},
		{"any", "echo-request", "port"},
		{"tcp", "0", "port"},
		{"tcp", "0-100", "port"},
		{"tcp", "65536", "port"},
		{"tcp", "99999999999999999999", "port"},
		{"tcp", "080", "port"},
		{"tcp", "443-80", "port"},
		{"tcp", "80-", "port"},
		{"tcp", "80-90-100", "port"},
		{"tcp", "80,", "port"},
		{"tcp", ",80", "port"},
		{"tcp", "80 443", "port"},
		{"tcp", "80;443", "port"},
		{"tcp", "+80", "port"},
		{"tcp", "any,80", "port"},
		{"tcp", "80,any", "port"},
		{"tcp", "80,-", "port"},
		{"tcp", "nosuch", "port"},
		{"tcp", "tcp", "port"},
		{"tcp", "echo-request", "port"},
		{"tcp", "ntp", "port"},
		{"tcp/udp", "https", "port"},
		{"tcp", "vpn", "port"},
		{"esp", "500", "port"},
		{"esp", "https", "port"},
		{"icmp", "256", "port"},
		{"icmp", "packet-too-big", "port"},
		{"icmp", "https", "port"},
		{"icmp", "生産管理", "port"},
	};
	struct fw_objects *o = objects();
	struct fw_svcs keep = {.n = 77};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sk_err err = {0};

		if (fw_svcs_parse(cases[i][0], cases[i][1], o, &keep, &err) == 0)
			fail_msg("accepted: %s %s", cases[i][0], cases[i][1]);
		assert_string_equal(err.path, cases[i][2]);
		assert_true(err.code < 0 && err.en[0] && err.ja[0]);
		assert_int_equal(keep.n, 77);
	}
	assert_int_equal(fw_svcs_parse(NULL, "443", o, &keep, NULL), -EINVAL);
	assert_int_equal(fw_svcs_parse("tcp", NULL, o, &keep, NULL), -EINVAL);
	assert_int_equal(fw_svcs_parse("tcp", "生産管理", NULL, &keep, NULL), -EINVAL);
	fw_objects_free(o);
}

static void names(void **state)
{
	static const char *const services[] = {"http", "https", "smtp", "submission", "smtps",
		"imap", "imaps", "pop3", "pop3s", "dns", "ntp", "ssh", "telnet", "ftp", "rdp",
		"smb", "netbios-ssn", "ldap", "ldaps", "kerberos", "snmp", "syslog", "sip", "mqtt",
		"modbus", "opcua", "ipp", "jetdirect", "mssql", "oracle", "mysql", "postgres",
		"vnc", "winrm", "ike", "nat-t", "l2tp", "pptp", "openvpn", "wireguard", "tftp",
		"dhcp"};
	uint8_t proto;

	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
		struct fw_svcs s;

		if (fw_svcs_parse("any", services[i], NULL, &s, NULL) < 0)
			fail_msg("unknown: %s", services[i]);
		fw_svcs_done(&s);
	}
	assert_string_equal(fw_service_name(6, 443), "https");
	assert_string_equal(fw_service_name(17, 443), "quic");
	assert_string_equal(fw_service_name(6, 5905), "vnc");
	assert_null(fw_service_name(6, 4));
	assert_null(fw_service_name(50, 443));
	assert_string_equal(fw_proto_name(6), "tcp");
	assert_string_equal(fw_proto_name(58), "icmpv6");
	assert_null(fw_proto_name(200));
	assert_int_equal(fw_proto_parse("ESP", &proto), 0);
	assert_int_equal(proto, 50);
	assert_int_equal(fw_proto_parse("any", &proto), -EINVAL);
	assert_true(fw_proto_has_ports(132));
	assert_false(fw_proto_has_ports(1));
}

static void boxes(void **state)
{
	struct fw_svcs s = {0}, copy, any = {0};

	assert_int_equal(fw_svcs_add(&s, (struct fw_svc){6, 17, 1, 2}), -EINVAL);
	assert_int_equal(fw_svcs_add(&s, (struct fw_svc){0, 255, 1, 65535}), -EINVAL);
	assert_int_equal(fw_svcs_add(&s, (struct fw_svc){6, 6, 2, 1}), -EINVAL);
	assert_int_equal(fw_svcs_add(&s, (struct fw_svc){6, 6, 80, 80}), 0);
	assert_int_equal(fw_svcs_add(&s, (struct fw_svc){47, 47, 3, 3}), 0);
	fw_svcs_normalise(&s);
	put_is(&s, "tcp/80 gre");
	assert_true(fw_svcs_has(&s, 47, 0));
	assert_false(fw_svcs_has(&s, 6, 81));
	assert_int_equal(fw_svcs_copy(&copy, &s), 0);
	assert_int_equal(fw_svcs_add(&any, (struct fw_svc){6, 6, 80, 80}), 0);
	assert_int_equal(fw_svcs_add(&any, (struct fw_svc){0, 255, 0, 65535}), 0);
	fw_svcs_normalise(&any);
	assert_true(any.any);
	assert_int_equal(any.n, 1);
	assert_true(fw_svcs_has(&any, 255, 65535));
	assert_true(fw_svcs_covers(&any, &s));
	assert_true(fw_svcs_covers(&any, &any));
	assert_false(fw_svcs_covers(&s, &any));
	assert_true(fw_svcs_covers(&s, &copy));
	fw_svcs_done(&s);
	fw_svcs_done(&copy);
	fw_svcs_done(&any);
	fw_svcs_done(NULL);
}

static void random_set(uint64_t *seed, struct fw_svcs *s, uint64_t bits[2])
{
	static const uint8_t protos[2] = {6, 17};

	*s = (struct fw_svcs){0};
	bits[0] = bits[1] = 0;
	for (int n = (int)(next_random(seed) % 7); n > 0; n--) {
		int p = (int)(next_random(seed) % 2), lo = (int)(next_random(seed) % 64);
		int hi = lo + (int)(next_random(seed) % 9), base = 65535 - 63;

		hi = hi > 63 ? 63 : hi;
		for (int i = lo; i <= hi; i++)
			bits[p] |= UINT64_C(1) << i;
		assert_int_equal(fw_svcs_add(s,
					 (struct fw_svc){protos[p], protos[p],
						 (uint16_t)(base + lo), (uint16_t)(base + hi)}),
			0);
	}
	fw_svcs_normalise(s);
}

static void algebra_agrees_with_a_bitmap(void **state)
{
	uint64_t seed = 142;

	for (int round = 0; round < 3000; round++) {
		struct fw_svcs a, b;
		uint64_t ba[2], bb[2];

		random_set(&seed, &a, ba);
		random_set(&seed, &b, bb);
		for (int i = 0; i < 64; i++) {
			assert_int_equal(
				fw_svcs_has(&a, 6, (uint16_t)(65535 - 63 + i)), ba[0] >> i & 1);
			assert_int_equal(
				fw_svcs_has(&a, 17, (uint16_t)(65535 - 63 + i)), ba[1] >> i & 1);
		}
		assert_int_equal(fw_svcs_covers(&a, &b), !(bb[0] & ~ba[0]) && !(bb[1] & ~ba[1]));
		fw_svcs_done(&a);
		fw_svcs_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_fields),
		cmocka_unit_test(bad_fields),
		cmocka_unit_test(names),
		cmocka_unit_test(boxes),
		cmocka_unit_test(algebra_agrees_with_a_bitmap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
