/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The "tls" object of EVE. */
#include <stdio.h>
#include <time.h>

#include "ips/proto/tls.h"

const char *tls_version_name(uint16_t version, char num[16])
{
	switch (version) {
	case 0x0002: return "SSLv2";
	case 0x0300: return "SSLv3";
	case 0x0301: return "TLSv1";
	case 0x0302: return "TLS 1.1";
	case 0x0303: return "TLS 1.2";
	case 0x0304: return "TLS 1.3";
	default:
		if (version >> 8 == 0x7f)
			snprintf(num, 16, "TLS 1.3 d%u", version & 0xffu);
		else
			snprintf(num, 16, "0x%04x", version);
		return num;
	}
}

static void put_date(struct ips_json *j, const char *key, int64_t t)
{
	time_t at = (time_t)t;
	struct tm tm;
	char text[40];

	if (gmtime_r(&at, &tm) && strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm))
		ips_json_str(j, key, text);
}

static void put_hash(
	struct ips_json *j, const char *key, const char *hash, const char *s, uint32_t len)
{
	if (!hash[0])
		return;
	ips_json_open(j, key);
	ips_json_str(j, "hash", hash);
	if (s)
		ips_json_bytes(j, "string", s, len);
	ips_json_close(j);
}

void tls_log(struct ips_app *a, struct ips_tx *tx, struct ips_json *j)
{
	const struct tls_tx *t = (const struct tls_tx *)tx;
	const struct tls_certs *k = &t->side[IPS_TOCLIENT].certs;
	const struct tls_side *s =
		&t->side[t->side[IPS_TOCLIENT].hello ? IPS_TOCLIENT : IPS_TOSERVER];
	char num[16];

	if (k->subject)
		ips_json_bytes(j, "subject", k->subject, k->subject_len);
	if (k->issuer)
		ips_json_bytes(j, "issuerdn", k->issuer, k->issuer_len);
	if (k->serial)
		ips_json_bytes(j, "serial", k->serial, k->serial_len);
	if (k->fingerprint[0])
		ips_json_str(j, "fingerprint", k->fingerprint);
	if (t->sni)
		ips_json_bytes(j, "sni", t->sni, t->sni_len);
	ips_json_str(j, "version", tls_version_name(s->version, num));
	if (k->subject) {
		put_date(j, "notbefore", k->not_before);
		put_date(j, "notafter", k->not_after);
	}
	put_hash(j, "ja3", t->ja3_hash, t->ja3, t->ja3_len);
	put_hash(j, "ja3s", t->ja3s_hash, t->ja3s, t->ja3s_len);
	if (t->ja4[0])
		ips_json_str(j, "ja4", t->ja4);
}
