/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Protocols that are only called by their name: no parser, no transactions. A name keeps a flow
 * from parsers of other protocols, so what is weak counts on the protocol's own port alone.
 */
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "ips/proto/protos.h"
#include "lib/cursor.h"
#include "lib/util.h"

#define LINE 512 /* greetings and request lines are looked at so far */

#define YES_IF(x) ((x) ? IPS_PROBE_YES : IPS_PROBE_NO)

/* p begins with text: YES, cannot any more: NO, may still: MORE. */
static enum ips_probe begins(const uint8_t *p, uint32_t len, const char *text)
{
	size_t n = strlen(text);

	if (strncasecmp((const char *)p, text, SK_MIN(n, (size_t)len)) != 0)
		return IPS_PROBE_NO;
	return len >= n ? IPS_PROBE_YES : IPS_PROBE_MORE;
}

/* Length of the first line, or 0 if it has not ended. */
static uint32_t line_len(const uint8_t *p, uint32_t len)
{
	const uint8_t *lf = memchr(p, '\n', SK_MIN(len, LINE));

	return lf ? (uint32_t)(lf - p) : 0;
}

static bool has(const uint8_t *p, uint32_t len, const char *text)
{
	return memmem(p, len, text, strlen(text));
}

/* ---- text ---- */

static enum ips_probe greeting(
	const uint8_t *p, uint32_t len, const char *ok, const char *name, bool port)
{
	enum ips_probe r = begins(p, len, ok);
	uint32_t line = line_len(p, len);

	if (r != IPS_PROBE_YES || port)
		return r;
	if (!line)
		return len < LINE ? IPS_PROBE_MORE : IPS_PROBE_NO;
	return YES_IF(has(p, line, name));
}

static enum ips_probe imap(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	return greeting(p, len, "* OK ", "IMAP", port);
}

static enum ips_probe pop3(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	return greeting(p, len, "+OK", "POP3", port);
}

static enum ips_probe irc(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	enum ips_probe r = begins(p, len, "NICK ");

	if (r != IPS_PROBE_YES || port || has(p, SK_MIN(len, LINE), "\nUSER "))
		return r;
	return len < LINE ? IPS_PROBE_MORE : IPS_PROBE_NO;
}

static enum ips_probe sip(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	static const char *const methods[] = {"INVITE ", "REGISTER ", "OPTIONS ", "ACK ", "BYE ",
		"CANCEL ", "SUBSCRIBE ", "NOTIFY ", "MESSAGE ", "INFO ", "UPDATE ", "PRACK ",
		"REFER ", "PUBLISH "};
	enum ips_probe r = begins(p, len, "SIP/2.0 ");
	uint32_t line;

	for (size_t i = 0; i < SK_ARRAY_SIZE(methods) && r == IPS_PROBE_NO; i++) {
		r = begins(p, len, methods[i]);
		if (r != IPS_PROBE_YES)
			continue;
		line = line_len(p, len);
		if (!line)
			return len < LINE ? IPS_PROBE_MORE : IPS_PROBE_NO;
		return YES_IF(has(p, line, " SIP/2.0"));
	}
	return r;
}

static enum ips_probe rfb(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	enum ips_probe r = begins(p, len, "RFB 00");

	if (r != IPS_PROBE_YES)
		return r;
	return len < 12 ? IPS_PROBE_MORE : YES_IF(p[7] == '.' && p[11] == '\n');
}

/* IAC WILL/WONT/DO/DONT option, twice; on its port once. */
static enum ips_probe telnet(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	uint32_t want = port ? 3 : 6;

	for (uint32_t i = 0; i < SK_MIN(len, want); i++)
		if ((i % 3 == 0 && p[i] != 0xff) || (i % 3 == 1 && (p[i] < 0xfb || p[i] > 0xfe)) ||
			(i % 3 == 2 && p[i] > 49))
			return IPS_PROBE_NO;
	return len < want ? IPS_PROBE_MORE : IPS_PROBE_YES;
}

static enum ips_probe bittorrent(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	return YES_IF(begins(p, len, "d1:ad2:id20:") == IPS_PROBE_YES ||
		begins(p, len, "d1:rd2:id20:") == IPS_PROBE_YES);
}

/* ---- BER ---- */

/* Step into a value of that tag; false if there is none. Its length is not checked. */
static bool enter(struct sk_cursor *c, uint8_t tag, uint32_t *ret_len)
{
	uint32_t n;

	if (sk_cur_u8(c) != tag)
		return false;
	n = sk_cur_u8(c);
	if (n & 0x80) {
		unsigned bytes = n & 0x7f;

		if (bytes == 0 || bytes > 4)
			return false;
		for (n = 0; bytes-- > 0;)
			n = n << 8 | sk_cur_u8(c);
	}
	*ret_len = n;
	return sk_cur_ok(c);
}

/* An INTEGER of one byte. */
static bool small(struct sk_cursor *c, uint8_t *ret)
{
	uint32_t n;

	if (!enter(c, 2, &n) || n != 1)
		return false;
	*ret = sk_cur_u8(c);
	return sk_cur_ok(c);
}

/* RFC 1157, 3416, 3412: version, then the community and a PDU, or a header. */
static enum ips_probe snmp(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	struct sk_cursor c;
	uint32_t n;
	uint8_t version, pdu;

	sk_cur_init(&c, p, len);
	if (!enter(&c, 0x30, &n) || n != sk_cur_left(&c) || !small(&c, &version))
		return IPS_PROBE_NO;
	if (version == 3)
		return YES_IF(enter(&c, 0x30, &n) && n <= sk_cur_left(&c));
	if (version > 1 || !enter(&c, 4, &n))
		return IPS_PROBE_NO;
	sk_cur_skip(&c, n);
	pdu = sk_cur_u8(&c);
	return YES_IF(sk_cur_ok(&c) && pdu >= 0xa0 && pdu <= 0xa8);
}

/* RFC 4511: a bind request names its version; other operations count on the port. */
static enum ips_probe ldap(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	struct sk_cursor c;
	uint32_t n;
	uint8_t op, version;

	if (len < 14)
		return len == 0 || p[0] == 0x30 ? IPS_PROBE_MORE : IPS_PROBE_NO;
	sk_cur_init(&c, p, len);
	if (!enter(&c, 0x30, &n) || !enter(&c, 2, &n) || n == 0 || n > 4)
		return IPS_PROBE_NO;
	sk_cur_skip(&c, n);
	op = c.off < len ? p[c.off] : 0;
	if (op == 0x60)
		return YES_IF(
			enter(&c, op, &n) && small(&c, &version) && version >= 2 && version <= 3);
	return YES_IF(port && (op == 0x63 || op == 0x77 || op == 0x61 || op == 0x65));
}

/* RFC 4120: a message of known type that says version 5. */
static bool kerberos(const uint8_t *p, uint32_t len)
{
	struct sk_cursor c;
	uint8_t version;
	uint32_t n;

	sk_cur_init(&c, p, len);
	switch (len ? p[0] : 0) {
	case 0x6a: /* AS-REQ */
	case 0x6c: /* TGS-REQ */
		return enter(&c, p[0], &n) && enter(&c, 0x30, &n) && enter(&c, 0xa1, &n) &&
			small(&c, &version) && version == 5;
	case 0x6b: /* AS-REP */
	case 0x6d: /* TGS-REP */
	case 0x7e: /* KRB-ERROR */
		return enter(&c, p[0], &n) && enter(&c, 0x30, &n) && enter(&c, 0xa0, &n) &&
			small(&c, &version) && version == 5;
	default: return false;
	}
}

static enum ips_probe krb5_udp(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	return YES_IF(kerberos(p, len));
}

static enum ips_probe krb5_tcp(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	if ((len > 0 && p[0] != 0) || (len > 4 && (p[4] < 0x6a || p[4] > 0x7e)))
		return IPS_PROBE_NO;
	return len < 32 ? IPS_PROBE_MORE : YES_IF(kerberos(p + 4, len - 4));
}

/* ---- binary ---- */

/* TPKT and an X.224 connection request, as MS-RDPBCGR 2.2.1.1 has it. */
static enum ips_probe rdp(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	if ((len > 0 && p[0] != 3) || (len > 1 && p[1] != 0) || (len > 5 && p[5] != 0xe0))
		return IPS_PROBE_NO;
	if (len < 11)
		return IPS_PROBE_MORE;
	if (((uint32_t)p[2] << 8 | p[3]) != p[4] + 5u)
		return IPS_PROBE_NO;
	if (port)
		return IPS_PROBE_YES;
	if (len < 19)
		return IPS_PROBE_MORE;
	return YES_IF(begins(p + 11, len - 11, "Cookie: ") == IPS_PROBE_YES ||
		(p[11] == 1 && p[13] == 8 && p[14] == 0));
}

/* A startup message of version 3, or the request to go on with TLS. */
static enum ips_probe pgsql(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	static const uint8_t tls[8] = {0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f}, v3[4] = {0, 3, 0, 0};

	if (memcmp(p, tls, SK_MIN(len, 8u)) == 0)
		return len < 8 ? IPS_PROBE_MORE : YES_IF(len == 8);
	if ((len > 1 && (p[0] || p[1])) || (len > 4 && memcmp(p + 4, v3, SK_MIN(len - 4, 4u))))
		return IPS_PROBE_NO;
	return len < 13 ? IPS_PROBE_MORE : YES_IF(memcmp(p + 8, "user", 5) == 0);
}

/* MQTT 3.1, 3.1.1 and 5: CONNECT. */
static enum ips_probe mqtt(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	uint32_t at = 1;

	if (len && p[0] != 0x10)
		return IPS_PROBE_NO;
	while (at < len && at < 4 && (p[at] & 0x80))
		at++;
	at++;
	if (len < at + 8)
		return len >= at + 2 && p[at] ? IPS_PROBE_NO : IPS_PROBE_MORE;
	return YES_IF(memcmp(p + at, "\0\4MQTT", 6) == 0 || memcmp(p + at, "\0\6MQIsdp", 8) == 0);
}

/* IEEE 1815: the link header's checksum (polynomial 0x3d65, reflected, inverted). */
static enum ips_probe dnp3(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	uint16_t crc = 0;

	if ((len > 0 && p[0] != 5) || (len > 1 && p[1] != 0x64))
		return IPS_PROBE_NO;
	if (len < 10)
		return IPS_PROBE_MORE;
	for (unsigned i = 0; i < 8; i++) {
		crc ^= p[i];
		for (unsigned bit = 0; bit < 8; bit++)
			crc = (uint16_t)(crc & 1 ? crc >> 1 ^ 0xa6bc : crc >> 1);
	}
	crc = (uint16_t)~crc;
	return YES_IF(p[2] >= 5 && p[8] == (crc & 0xff) && p[9] == crc >> 8);
}

/* EtherNet/IP: a session is registered; on its port a list request as well. */
static enum ips_probe enip(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	static const uint8_t none[8] = {0};
	bool list;

	if ((len > 0 && p[0] != 0x65 && !(port && (p[0] == 4 || p[0] == 0x63 || p[0] == 0x64))) ||
		(len > 1 && p[1] != 0))
		return IPS_PROBE_NO;
	if (len < 24)
		return IPS_PROBE_MORE;
	list = p[0] != 0x65;
	return YES_IF(p[2] == (list ? 0 : 4) && p[3] == 0 && memcmp(p + 4, none, 8) == 0);
}

/* A call of program 100003 (RFC 5531). */
static bool nfs_call(const uint8_t *p, uint32_t len)
{
	struct sk_cursor c;
	uint32_t type, rpc, prog, version;

	sk_cur_init(&c, p, len);
	sk_cur_skip(&c, 4);
	type = sk_cur_be32(&c);
	rpc = sk_cur_be32(&c);
	prog = sk_cur_be32(&c);
	version = sk_cur_be32(&c);
	return sk_cur_ok(&c) && type == 0 && rpc == 2 && prog == 100003 && version >= 2 &&
		version <= 4;
}

static enum ips_probe nfs_udp(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	return YES_IF(nfs_call(p, len));
}

static enum ips_probe nfs_tcp(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	if (len && p[0] != 0x80) /* the record mark: a last fragment of less than 16 MiB */
		return IPS_PROBE_NO;
	return len < 24 ? IPS_PROBE_MORE : YES_IF(nfs_call(p + 4, len - 4));
}

static enum ips_probe dhcp(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	return YES_IF(len >= 240 && (p[0] == 1 || p[0] == 2) && p[2] <= 16 &&
		memcmp(p + 236, "\x63\x82\x53\x63", 4) == 0);
}

static enum ips_probe ntp(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	uint8_t mode = len ? p[0] & 7 : 0, version = len ? p[0] >> 3 & 7 : 0;

	return YES_IF(port && len >= 48 && mode >= 1 && mode <= 5 && version >= 1 && version <= 4);
}

/* RFC 7296, 3.1; on port 4500 after four zero bytes (RFC 3948). */
static enum ips_probe ike(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	static const uint8_t none[8] = {0};
	struct sk_cursor c;

	if (len >= 4 && memcmp(p, none, 4) == 0) {
		p += 4;
		len -= 4;
	}
	if (len < 28 || memcmp(p, none, 8) == 0)
		return IPS_PROBE_NO;
	sk_cur_init(&c, p + 24, 4);
	return YES_IF((p[17] == 0x10 || p[17] == 0x20) && p[18] >= 2 && p[18] <= 43 &&
		sk_cur_be32(&c) == len);
}

/* RFC 1350: a request, its file and its mode. */
static enum ips_probe tftp(const uint8_t *p, uint32_t len, enum ips_dir dir, bool port)
{
	const uint8_t *end = len > 4 ? memchr(p + 2, 0, len - 2) : NULL;
	uint32_t left;

	if (!end || p[0] != 0 || (p[1] != 1 && p[1] != 2) || end == p + 2)
		return IPS_PROBE_NO;
	for (const uint8_t *q = p + 2; q < end; q++)
		if (*q < 0x20)
			return IPS_PROBE_NO;
	end++;
	left = len - (uint32_t)(end - p);
	if (!memchr(end, 0, left))
		return IPS_PROBE_NO;
	return YES_IF(begins(end, left, "octet") == IPS_PROBE_YES ||
		begins(end, left, "netascii") == IPS_PROBE_YES ||
		begins(end, left, "mail") == IPS_PROBE_YES);
}

#define S IPS_BUF_TOSERVER
#define C IPS_BUF_TOCLIENT
#define B IPS_BUF_BOTH

const struct ips_probe_row ips_named_probes[] = {
	{IPS_P_SIP, IPPROTO_TCP, B, {5060}, sip},
	{IPS_P_SIP, IPPROTO_UDP, B, {5060}, sip},
	{IPS_P_RFB, IPPROTO_TCP, B, {5900}, rfb},
	{IPS_P_MQTT, IPPROTO_TCP, S, {1883}, mqtt},
	{IPS_P_KRB5, IPPROTO_TCP, B, {88}, krb5_tcp},
	{IPS_P_KRB5, IPPROTO_UDP, B, {88}, krb5_udp},
	{IPS_P_LDAP, IPPROTO_TCP, B, {389, 3268}, ldap},
	{IPS_P_LDAP, IPPROTO_UDP, B, {389}, ldap},
	{IPS_P_PGSQL, IPPROTO_TCP, S, {5432}, pgsql},
	{IPS_P_RDP, IPPROTO_TCP, S, {3389}, rdp},
	{IPS_P_NFS, IPPROTO_TCP, S, {2049}, nfs_tcp},
	{IPS_P_NFS, IPPROTO_UDP, S, {2049}, nfs_udp},
	{IPS_P_DNP3, IPPROTO_TCP, B, {20000}, dnp3},
	{IPS_P_DNP3, IPPROTO_UDP, B, {20000}, dnp3},
	{IPS_P_ENIP, IPPROTO_TCP, S, {44818}, enip},
	{IPS_P_ENIP, IPPROTO_UDP, S, {44818}, enip},
	{IPS_P_TELNET, IPPROTO_TCP, B, {23}, telnet},
	{IPS_P_IMAP, IPPROTO_TCP, C, {143}, imap},
	{IPS_P_POP3, IPPROTO_TCP, C, {110}, pop3},
	{IPS_P_IRC, IPPROTO_TCP, S, {6667, 6666, 6668, 6669}, irc},
	{IPS_P_SNMP, IPPROTO_UDP, B, {161, 162}, snmp},
	{IPS_P_DHCP, IPPROTO_UDP, B, {67, 68}, dhcp},
	{IPS_P_TFTP, IPPROTO_UDP, S, {69}, tftp},
	{IPS_P_IKE, IPPROTO_UDP, B, {500, 4500}, ike},
	{IPS_P_BITTORRENT, IPPROTO_UDP, B, {0}, bittorrent},
	{IPS_P_NTP, IPPROTO_UDP, B, {123}, ntp},
	{0},
};
