// SPDX-License-Identifier: GPL-2.0-or-later
/* Records of the export, checked and in the form in which the server compares them. */
#include "mgmt/radius/check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "lib/util.h"

#define bad(err, path, en, ja) sk_err_set(err, -EINVAL, path, en, ja)

/* Printable, valid UTF-8, 1…max bytes. */
static bool text_ok(const char *s, size_t max)
{
	size_t n = s ? strlen(s) : 0;

	if (!n || n > max || !sk_utf8_valid(s, n))
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return false;
	return true;
}

/* It goes into RADIUS as it is, and stands between semicolons in an answer. */
static bool vlan_ok(const char *s)
{
	if (!s || !s[0])
		return true;
	if (strlen(s) > MG_RADIUS_VLAN_MAX)
		return false;
	return strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") ==
		strlen(s);
}

/* Names are short words: they also stand before the colon of a line. */
static bool word_ok(const char *s)
{
	return s && s[0] && strlen(s) < 64 &&
		strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") ==
		strlen(s);
}

/* Insert key at its place among n sorted ones of width bytes; false: is there already. */
static bool insert(char *keys, size_t *at, size_t *n, size_t width, const char *key, size_t where)
{
	size_t i = 0;

	while (i < *n && strcmp(keys + i * width, key) < 0)
		i++;
	if (i < *n && strcmp(keys + i * width, key) == 0)
		return false;
	memmove(keys + (i + 1) * width, keys + i * width, (*n - i) * width);
	memmove(at + i + 1, at + i, (*n - i) * sizeof(*at));
	snprintf(keys + i * width, width, "%s", key);
	at[i] = where;
	++*n;
	return true;
}

static int check_macs(
	const struct mg_radius_device *d, struct mg_radius_keys *k, struct sk_err *err)
{
	char mac[MG_RADIUS_MAC], path[48];

	for (size_t i = 0; i < d->n_macs; i++) {
		snprintf(path, sizeof(path), "macs[%zu]", i);
		if (mg_radius_mac_parse(d->macs[i], strlen(d->macs[i]), mac) < 0)
			return bad(err, path, "is no MAC address", "MAC アドレスではありません");
		insert(k->macs[0], k->mac_at, &k->n_macs, sizeof(k->macs[0]), mac, i);
	}
	return 0;
}

static int check_names(
	const struct mg_radius_device *d, struct mg_radius_keys *k, struct sk_err *err)
{
	char low[MG_RADIUS_IDENTITY_MAX + 1], hex[sizeof(k->names[0])], path[48];

	for (size_t i = 0; i < d->n_identities; i++) {
		const char *s = d->identities[i];
		size_t n = 0;

		snprintf(path, sizeof(path), "identities[%zu]", i);
		if (!text_ok(s, MG_RADIUS_IDENTITY_MAX))
			return bad(err, path, "must be 1 to 253 bytes of printable text",
				"印字可能な 1~253 バイトの文字列にしてください");
		for (; s[n]; n++)
			low[n] = s[n] >= 'A' && s[n] <= 'Z' ? (char)(s[n] - 'A' + 'a') : s[n];
		sk_hex(hex, low, n);
		insert(k->names[0], k->name_at, &k->n_names, sizeof(k->names[0]), hex, i);
	}
	return 0;
}

int mg_radius_check_device(
	const struct mg_radius_device *d, struct mg_radius_keys *ret, struct sk_err *err)
{
	int r;

	ret->n_macs = ret->n_names = 0;
	if (d->number <= 0)
		return bad(err, "number", "must be positive", "正の数にしてください");
	if (!text_ok(d->name, 255))
		return bad(err, "name", "must be 1 to 255 bytes of printable text",
			"印字可能な 1~255 バイトの文字列にしてください");
	if ((unsigned)d->state > MG_RADIUS_REVOKED)
		return bad(err, "state", "is unknown", "状態が不明です");
	if (d->methods & ~(unsigned)(MG_RADIUS_BY_MAC | MG_RADIUS_BY_DOT1X))
		return bad(err, "methods", "is unknown", "認証方式が不明です");
	if (!vlan_ok(d->vlan))
		return bad(err, "vlan", "must be a VLAN number or name of at most 32 letters",
			"VLAN は 32 文字以内の番号または名前にしてください");
	if (d->expires < 0)
		return bad(err, "expires", "is before 1970", "有効期限が正しくありません");
	if (d->n_macs > MG_RADIUS_MACS_MAX)
		return bad(err, "macs", "are too many, 16 at most", "16 個以内にしてください");
	if (d->n_identities > MG_RADIUS_NAMES_MAX)
		return bad(
			err, "identities", "are too many, 16 at most", "16 個以内にしてください");
	r = check_macs(d, ret, err);
	return r < 0 ? r : check_names(d, ret, err);
}

int mg_radius_check_switch(const struct mg_radius_switch *w, char *address, struct sk_err *err)
{
	struct in6_addr a;

	if (!w->address)
		return bad(err, "address", "is missing", "アドレスがありません");
	if (inet_pton(AF_INET, w->address, &a) == 1)
		inet_ntop(AF_INET, &a, address, INET6_ADDRSTRLEN);
	else
		return bad(err, "address", "is no IPv4 address", "IPv4 アドレスではありません");
	if (!word_ok(w->name))
		return bad(err, "name", "must be 1 to 63 letters, digits, '-', '_' or '.'",
			"英数字と「-」「_」「.」の 63 文字以内にしてください");
	if (!word_ok(w->secret))
		return bad(err, "secret",
			"must be the name of a line in the secrets file, not a secret",
			"共有鍵そのものではなく、共有鍵ファイルの行の名前を指定してください");
	return 0;
}

int mg_radius_check_settings(const struct mg_radius_settings *s, struct sk_err *err)
{
	if (s->reauth < 60 || s->reauth > 86400)
		return bad(
			err, "reauth", "must be 60 to 86400 seconds", "60~86400 秒にしてください");
	if (!vlan_ok(s->quarantine_vlan))
		return bad(err, "quarantine_vlan",
			"must be a VLAN number or name of at most 32 letters",
			"VLAN は 32 文字以内の番号または名前にしてください");
	return 0;
}

int mg_radius_check_serial(const char *serial, char dst[MG_RADIUS_SERIAL], struct sk_err *err)
{
	size_t n;

	while (serial[0] == '0' && serial[1] == '0' && serial[2])
		serial += 2;
	n = strlen(serial);
	if (!n || n >= MG_RADIUS_SERIAL || n % 2 || strspn(serial, "0123456789abcdefABCDEF") != n)
		return bad(err, NULL, "is no serial number in hex",
			"16 進のシリアル番号ではありません");
	for (size_t i = 0; i <= n; i++)
		dst[i] = serial[i] >= 'A' && serial[i] <= 'F' ? (char)(serial[i] - 'A' + 'a')
							      : serial[i];
	return 0;
}
