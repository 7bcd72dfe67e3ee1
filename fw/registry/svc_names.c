/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of protocols, services and ICMP types. Sources: IANA "Assigned Internet Protocol Numbers",
 * "Service Name and Transport Protocol Port Number Registry", "ICMP Parameters", "ICMPv6
 * Parameters"; beyond IANA, the ports that printers, databases and plants really use.
 */
#include "fw/registry/svc_names.h"

#include <errno.h>
#include <string.h>

#include "fw/registry/svc.h"
#include "lib/util.h"

#define T FW_OVER_TCP
#define U FW_OVER_UDP
#define B FW_OVER_BOTH

/* The first entry of a port is the name that is shown for it. */
static const struct fw_svc_known known[] = {
	{"http", 80, 80, T, false},
	{"https", 443, 443, T, false},
	{"quic", 443, 443, U, false},
	{"http3", 443, 443, U, false},
	{"http-alt", 8080, 8080, T, false},
	{"https-alt", 8443, 8443, T, false},
	{"dns", 53, 53, B, false},
	{"domain", 53, 53, B, false},
	{"dns-over-tls", 853, 853, T, false},
	{"ntp", 123, 123, U, false},
	{"dhcp", 67, 68, U, false},
	{"dhcpv6", 546, 547, U, false},
	{"mdns", 5353, 5353, U, false},
	{"ssh", 22, 22, T, false},
	{"telnet", 23, 23, T, true},
	{"ftp", 21, 21, T, true},
	{"ftps", 990, 990, T, false},
	{"tftp", 69, 69, U, true},
	{"rsync", 873, 873, T, true},
	{"rlogin", 513, 513, T, true},
	{"rsh", 514, 514, T, true},
	{"smtp", 25, 25, T, false},
	{"smtps", 465, 465, T, false},
	{"submission", 587, 587, T, false},
	{"pop3", 110, 110, T, true},
	{"pop3s", 995, 995, T, false},
	{"imap", 143, 143, T, true},
	{"imaps", 993, 993, T, false},
	{"kerberos", 88, 88, B, false},
	{"kpasswd", 464, 464, B, false},
	{"ldap", 389, 389, B, true},
	{"ldaps", 636, 636, T, false},
	{"global-catalog", 3268, 3268, T, true},
	{"global-catalog-ssl", 3269, 3269, T, false},
	{"radius", 1812, 1813, U, false},
	{"tacacs", 49, 49, T, false},
	{"msrpc", 135, 135, T, true},
	{"netbios-ns", 137, 137, U, true},
	{"netbios-dgm", 138, 138, U, true},
	{"netbios-ssn", 139, 139, T, true},
	{"netbios", 137, 138, U, true},
	{"netbios", 139, 139, T, true},
	{"smb", 445, 445, T, true},
	{"nfs", 2049, 2049, T, true},
	{"rpcbind", 111, 111, B, true},
	{"iscsi", 3260, 3260, T, true},
	{"rdp", 3389, 3389, B, true},
	{"vnc", 5900, 5909, T, true},
	{"winrm", 5985, 5985, T, true},
	{"winrms", 5986, 5986, T, false},
	{"x11", 6000, 6063, T, true},
	{"snmp", 161, 161, U, true},
	{"snmp-trap", 162, 162, U, true},
	{"syslog", 514, 514, U, true},
	{"syslog-tls", 6514, 6514, T, false},
	{"netflow", 2055, 2055, U, false},
	{"sip", 5060, 5060, B, true},
	{"sips", 5061, 5061, T, false},
	{"rtsp", 554, 554, T, true},
	{"stun", 3478, 3478, B, false},
	{"ipp", 631, 631, T, false},
	{"lpd", 515, 515, T, false},
	{"jetdirect", 9100, 9100, T, false},
	{"wsd", 3702, 3702, U, false},
	{"ssdp", 1900, 1900, U, true},
	{"mssql", 1433, 1433, T, false},
	{"mssql-browser", 1434, 1434, U, true},
	{"oracle", 1521, 1521, T, false},
	{"mysql", 3306, 3306, T, false},
	{"postgres", 5432, 5432, T, false},
	{"redis", 6379, 6379, T, true},
	{"mongodb", 27017, 27017, T, false},
	{"mqtt", 1883, 1883, T, true},
	{"mqtts", 8883, 8883, T, false},
	{"amqp", 5672, 5672, T, true},
	{"amqps", 5671, 5671, T, false},
	{"coap", 5683, 5683, U, true},
	{"modbus", 502, 502, T, true},
	{"opcua", 4840, 4840, T, false},
	{"enip", 44818, 44818, B, true},
	{"enip-io", 2222, 2222, U, true},
	{"s7", 102, 102, T, true},
	{"dnp3", 20000, 20000, B, true},
	{"bacnet", 47808, 47808, U, true},
	{"slmp", 5007, 5007, B, true},
	{"fins", 9600, 9600, B, true},
	{"ike", 500, 500, U, false},
	{"nat-t", 4500, 4500, U, false},
	{"l2tp", 1701, 1701, U, false},
	{"pptp", 1723, 1723, T, true},
	{"openvpn", 1194, 1194, B, false},
	{"wireguard", 51820, 51820, U, false},
	{"socks", 1080, 1080, T, true},
	{"proxy", 3128, 3128, T, false},
	{"git", 9418, 9418, T, true},
	{"whois", 43, 43, T, false},
	{"bgp", 179, 179, T, false},
};

#undef T
#undef U
#undef B

/* RFC 792 and IANA; names as nft(8) writes them, "ping" beside. The first name is shown. */
static const struct fw_icmp_type icmp4[] = {
	{"echo-reply", 0},
	{"destination-unreachable", 3},
	{"source-quench", 4},
	{"redirect", 5},
	{"echo-request", 8},
	{"ping", 8},
	{"router-advertisement", 9},
	{"router-solicitation", 10},
	{"time-exceeded", 11},
	{"parameter-problem", 12},
	{"timestamp-request", 13},
	{"timestamp-reply", 14},
	{"info-request", 15},
	{"info-reply", 16},
	{"address-mask-request", 17},
	{"address-mask-reply", 18},
};

/* RFC 4443, 4861, 2710, 3810. */
static const struct fw_icmp_type icmp6[] = {
	{"destination-unreachable", 1},
	{"packet-too-big", 2},
	{"time-exceeded", 3},
	{"parameter-problem", 4},
	{"echo-request", 128},
	{"ping", 128},
	{"echo-reply", 129},
	{"mld-listener-query", 130},
	{"mld-listener-report", 131},
	{"mld-listener-done", 132},
	{"nd-router-solicit", 133},
	{"nd-router-advert", 134},
	{"nd-neighbor-solicit", 135},
	{"nd-neighbor-advert", 136},
	{"nd-redirect", 137},
	{"mld2-listener-report", 143},
};

static const struct {
	const char *name;
	uint8_t number;
} protos[] = {
	{"icmp", 1},
	{"igmp", 2},
	{"ipip", 4},
	{"tcp", 6},
	{"egp", 8},
	{"udp", 17},
	{"dccp", 33},
	{"ipv6", 41},
	{"6in4", 41},
	{"rsvp", 46},
	{"gre", 47},
	{"esp", 50},
	{"ah", 51},
	{"icmpv6", 58},
	{"ipv6-icmp", 58},
	{"icmp6", 58},
	{"eigrp", 88},
	{"ospf", 89},
	{"etherip", 97},
	{"pim", 103},
	{"ipcomp", 108},
	{"vrrp", 112},
	{"l2tpv3", 115},
	{"sctp", 132},
	{"udplite", 136},
};

const struct fw_svc_known *fw_svc_known(size_t i)
{
	return i < SK_ARRAY_SIZE(known) ? &known[i] : NULL;
}

bool fw_svc_known_over(const struct fw_svc_known *k, uint8_t proto)
{
	switch (proto) {
	case 6: return k->over & FW_OVER_TCP;
	case 17: return k->over & FW_OVER_UDP;
	case 132: return k->over & FW_OVER_SCTP;
	default: return false;
	}
}

bool fw_svc_builtin(const char *name)
{
	uint8_t n;

	for (size_t i = 0; i < SK_ARRAY_SIZE(known); i++)
		if (strcmp(known[i].name, name) == 0)
			return true;
	return fw_proto_parse(name, &n) == 0 || fw_icmp_type_parse(false, name, &n) == 0 ||
		fw_icmp_type_parse(true, name, &n) == 0;
}

int fw_icmp_type_parse(bool v6, const char *name, uint8_t *ret)
{
	const struct fw_icmp_type *t = v6 ? icmp6 : icmp4;
	size_t n = v6 ? SK_ARRAY_SIZE(icmp6) : SK_ARRAY_SIZE(icmp4);

	for (size_t i = 0; i < n; i++) {
		if (strcmp(t[i].name, name) == 0) {
			*ret = t[i].type;
			return 0;
		}
	}
	return -ENOENT;
}

const char *fw_icmp_type_name(bool v6, uint8_t type)
{
	const struct fw_icmp_type *t = v6 ? icmp6 : icmp4;
	size_t n = v6 ? SK_ARRAY_SIZE(icmp6) : SK_ARRAY_SIZE(icmp4);

	for (size_t i = 0; i < n; i++)
		if (t[i].type == type)
			return t[i].name;
	return NULL;
}

int fw_proto_parse(const char *s, uint8_t *ret)
{
	uint64_t n;

	for (size_t i = 0; i < SK_ARRAY_SIZE(protos); i++) {
		if (strcasecmp(protos[i].name, s) == 0) {
			*ret = protos[i].number;
			return 0;
		}
	}
	/* No leading zeros: a record has one spelling of a number. */
	if (sk_parse_u64(s, 255, &n) < 0 || (s[0] == '0' && s[1]))
		return -EINVAL;
	*ret = (uint8_t)n;
	return 0;
}

const char *fw_proto_name(uint8_t proto)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(protos); i++)
		if (protos[i].number == proto)
			return protos[i].name;
	return NULL;
}

bool fw_proto_has_ports(uint8_t proto)
{
	return proto == 6 || proto == 17 || proto == 33 || proto == 132 || proto == 136;
}

const char *fw_service_name(uint8_t proto, uint16_t port)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(known); i++)
		if (port >= known[i].lo && port <= known[i].hi &&
			fw_svc_known_over(&known[i], proto))
			return known[i].name;
	return NULL;
}
