/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Protocols called by their name: each by its first bytes, cut anywhere, and never by others'. */
#include "tests/unit/lib/unit.h"

#include <netinet/in.h>

#include "ips/proto/protos.h"
#include "lib/util.h"

#define T IPPROTO_TCP
#define U IPPROTO_UDP
#define S IPS_TOSERVER
#define C IPS_TOCLIENT
#define BYTES(x) x, sizeof(x) - 1
#define Z8 "\0\0\0\0\0\0\0\0"

static const struct sample {
	enum ips_proto_id id;
	uint8_t ipproto;
	enum ips_dir dir;
	bool port; /* needed */
	const char *p;
	size_t n;
} samples[] = {
	{IPS_P_SIP, U, S, false, BYTES("REGISTER sip:a@b SIP/2.0\r\nVia: x\r\n")},
	{IPS_P_SIP, T, C, false, BYTES("SIP/2.0 200 OK\r\n")},
	{IPS_P_RFB, T, C, false, BYTES("RFB 003.008\n")},
	{IPS_P_MQTT, T, S, false, BYTES("\x10\x0c\0\4MQTT\4\2\0\x3c\0\0")},
	{IPS_P_MQTT, T, S, false, BYTES("\x10\x80\1\0\6MQIsdp\3\2\0\x3c\0\0")},
	{IPS_P_KRB5, U, S, false, BYTES("\x6a\x20\x30\x1e\xa1\3\2\1\5\xa2\3\2\1\n")},
	{IPS_P_KRB5, T, S, false,
		BYTES("\0\0\0\x28\x6a\x26\x30\x24\xa1\3\2\1\5\xa2\3\2\1\n" Z8 Z8)},
	{IPS_P_LDAP, T, S, false, BYTES("\x30\x0c\2\1\1\x60\7\2\1\3\4\0\x80\0")},
	{IPS_P_LDAP, U, S, true, BYTES("\x30\x0c\2\1\1\x63\7\4\0\n\1\0\n\1")},
	{IPS_P_PGSQL, T, S, false, BYTES("\0\0\0\x14\0\3\0\0user\0me\0\0\0\0\0")},
	{IPS_P_PGSQL, T, S, false, BYTES("\0\0\0\x08\4\xd2\x16\x2f")},
	{IPS_P_RDP, T, S, false, BYTES("\3\0\0\x13\x0e\xe0\0\0\0\0\0\1\0\x08\0\3\0\0\0")},
	{IPS_P_RDP, T, S, false, BYTES("\3\0\0\x16\x11\xe0\0\0\0\0\0Cookie: a\r\n")},
	{IPS_P_NFS, U, S, false, BYTES("abcd\0\0\0\0\0\0\0\2\0\1\x86\xa3\0\0\0\3")},
	{IPS_P_NFS, T, S, false,
		BYTES("\x80\0\0\x28"
		      "abcd\0\0\0\0\0\0\0\2\0\1\x86\xa3\0\0\0\3")},
	{IPS_P_DNP3, T, S, false, BYTES("\5\x64\5\xc0\1\0\0\4\xe9\x21")},
	{IPS_P_ENIP, T, S, false, BYTES("\x65\0\4\0" Z8 Z8 "\0\0\0\0\1\0\0\0")},
	{IPS_P_ENIP, U, S, true, BYTES("\x63\0\0\0" Z8 Z8 "\0\0\0\0")},
	{IPS_P_TELNET, T, C, false, BYTES("\xff\xfd\x18\xff\xfd\x20")},
	{IPS_P_TELNET, T, C, true, BYTES("\xff\xfd\x18")},
	{IPS_P_IMAP, T, C, false, BYTES("* OK [CAPABILITY IMAP4rev1] ready\r\n")},
	{IPS_P_IMAP, T, C, true, BYTES("* OK ready\r\n")},
	{IPS_P_POP3, T, C, false, BYTES("+OK POP3 ready\r\n")},
	{IPS_P_POP3, T, C, true, BYTES("+OK ready\r\n")},
	{IPS_P_IRC, T, S, false, BYTES("NICK me\r\nUSER me 0 * :me\r\n")},
	{IPS_P_SNMP, U, S, false, BYTES("\x30\x12\2\1\1\4\6public\xa0\5\2\1\1\2\0")},
	{IPS_P_TFTP, U, S, false, BYTES("\0\1boot.img\0octet\0")},
	{IPS_P_IKE, U, S, false, BYTES("12345678" Z8 "\x21\x20\x22\x08\0\0\0\0\0\0\0\x1c")},
	{IPS_P_IKE, U, S, false,
		BYTES("\0\0\0\0"
		      "12345678" Z8 "\x21\x20\x22\x08\0\0\0\0\0\0\0\x1c")},
	{IPS_P_BITTORRENT, U, S, false, BYTES("d1:ad2:id20:aaaaaaaaaaaaaaaaaaaae")},
	{IPS_P_NTP, U, S, true, BYTES("\x23\0\6\xec" Z8 Z8 Z8 Z8 Z8 "\0\0\0\0")},
};

static enum ips_proto_id ask(const struct sample *s, size_t n, bool port, bool *more)
{
	uint8_t *copy = malloc(n ? n : 1);
	enum ips_proto_id id = IPS_P_FAILED;

	assert_non_null(copy);
	memcpy(copy, s->p, n);
	*more = false;
	for (const struct ips_probe_row *r = ips_named_probes; r->id != IPS_P_UNKNOWN; r++) {
		enum ips_probe a = IPS_PROBE_NO;

		if (r->ipproto == s->ipproto && (r->dirs & (1u << s->dir)))
			a = r->probe(copy, (uint32_t)n, s->dir, port && r->id == s->id);
		if (a == IPS_PROBE_YES && id == IPS_P_FAILED)
			id = r->id;
		*more |= a == IPS_PROBE_MORE;
	}
	free(copy);
	return id;
}

static void test_samples(void **state)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(samples); i++) {
		const struct sample *s = &samples[i];
		bool more;

		assert_string_equal(ips_proto_info(ask(s, s->n, s->port, &more))->name,
			ips_proto_info(s->id)->name);
		if (s->port)
			assert_int_not_equal(ask(s, s->n, false, &more), s->id);
	}
}

/* A stream's first segment may be short: no answer yet, but never another's name. */
static void test_cut_samples(void **state)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(samples); i++) {
		const struct sample *s = &samples[i];

		for (size_t n = 1; n < s->n; n++) {
			bool more;
			enum ips_proto_id id = ask(s, n, s->port, &more);

			if (id != s->id)
				assert_int_equal(id, IPS_P_FAILED);
			if (id != s->id && s->ipproto == T)
				assert_true(more);
		}
	}
}

static void test_others(void **state)
{
	static const struct sample others[] = {
		{IPS_P_FAILED, T, S, true, BYTES("GET / HTTP/1.1\r\nHost: x\r\n\r\n")},
		{IPS_P_FAILED, T, S, true, BYTES("OPTIONS / HTTP/1.1\r\nHost: x\r\n\r\n")},
		{IPS_P_FAILED, T, C, true, BYTES("220 ftp ready\r\n")},
		{IPS_P_FAILED, T, S, true, BYTES("\x16\3\1\0\xa0\1\0\0\x9c\3\3" Z8 Z8 Z8)},
		{IPS_P_FAILED, U, S, true, BYTES("\x12\x34\1\0\0\1\0\0\0\0\0\0\1a\0\0\1\0\1")},
		{IPS_P_FAILED, U, S, true, BYTES("\0\1ab\0other\0")},
		{IPS_P_FAILED, T, S, true, BYTES("\5\x64\5\xc0\1\0\0\4\xe9\x22")},
		/* A connection request of ISO-TSAP, as controllers have it. */
		{IPS_P_FAILED, T, S, false,
			BYTES("\3\0\0\x16\x11\xe0\0\0\0\1\0\xc1\2\1\0\xc2\2\1\2\xc0\1\x09")},
	};

	for (size_t i = 0; i < SK_ARRAY_SIZE(others); i++) {
		bool more;

		assert_int_equal(ask(&others[i], others[i].n, false, &more), IPS_P_FAILED);
	}
}

/* What is only recognised must not look as if it had a parser. */
static void test_flags(void **state)
{
	for (int id = IPS_P_FAILED + 1; id < IPS_P_COUNT; id++)
		if (ips_proto_info(id)->flags & IPS_PROTO_PARSED)
			assert_non_null(ips_protos[id]);
	for (const struct ips_probe_row *r = ips_named_probes; r->id != IPS_P_UNKNOWN; r++) {
		assert_null(ips_protos[r->id]);
		assert_true(ips_proto_info(r->id)->flags &
			(r->ipproto == T ? IPS_PROTO_TCP : IPS_PROTO_UDP));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_cut_samples),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
