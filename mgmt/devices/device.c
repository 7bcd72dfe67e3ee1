// SPDX-License-Identifier: GPL-2.0-or-later
/* The fields of a device: their names, limits and the form they are kept in. */
#include "mgmt/devices/device.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "fw/registry/text.h"
#include "lib/util.h"
#include "nac/observe/mac.h"

static int set_text(const char *field, const char *s, char *dst, size_t cap, struct sk_err *err);
static int set_kind(const char *field, const char *s, char *dst, size_t cap, struct sk_err *err);
static int set_macs(const char *field, const char *s, char *dst, size_t cap, struct sk_err *err);
static int set_methods(const char *field, const char *s, char *dst, size_t cap, struct sk_err *err);
static int set_identities(
	const char *field, const char *s, char *dst, size_t cap, struct sk_err *err);
static int set_ports(const char *field, const char *s, char *dst, size_t cap, struct sk_err *err);
static int set_zones(const char *field, const char *s, char *dst, size_t cap, struct sk_err *err);
static int set_vlan(const char *field, const char *s, char *dst, size_t cap, struct sk_err *err);
static int set_yes(const char *field, const char *s, char *dst, size_t cap, struct sk_err *err);

#define FIELD(member)                                                                              \
	offsetof(struct mg_device_info, member), sizeof(((struct mg_device_info *)0)->member)

static const struct {
	const char *name;
	struct sk_text text;
	size_t at, cap;
	int (*set)(const char *field, const char *s, char *dst, size_t cap, struct sk_err *err);
} fields[MG_DEV_FIELDS] = {
	[MG_DEV_NAME] = {"name", {"Name", "端末名"}, FIELD(name), set_text},
	[MG_DEV_KIND] = {"kind", {"Kind", "種別"}, FIELD(kind), set_kind},
	[MG_DEV_MAC] = {"mac", {"MAC address", "MACアドレス"}, FIELD(mac), set_macs},
	[MG_DEV_METHOD] = {"method", {"Method", "認証方式"}, FIELD(method), set_methods},
	[MG_DEV_IDENTITY] = {"identity", {"Identity", "識別名"}, FIELD(identity), set_identities},
	[MG_DEV_OWNER] = {"owner", {"Owner", "管理者"}, FIELD(owner), set_text},
	[MG_DEV_DEPARTMENT] = {"department", {"Department", "部署"}, FIELD(department), set_text},
	[MG_DEV_LOCATION] = {"location", {"Location", "設置場所"}, FIELD(location), set_text},
	[MG_DEV_SERIAL] = {"serial", {"Serial number", "製造番号"}, FIELD(serial), set_text},
	[MG_DEV_OS] = {"os", {"OS", "OS"}, FIELD(os), set_text},
	[MG_DEV_PORTS] = {"ports", {"Allowed ports", "接続ポート"}, FIELD(ports), set_ports},
	[MG_DEV_ZONES] = {"zones", {"Allowed zones", "接続ゾーン"}, FIELD(zones), set_zones},
	[MG_DEV_VLAN] = {"vlan", {"VLAN", "VLAN"}, FIELD(vlan), set_vlan},
	[MG_DEV_INFRASTRUCTURE] = {"infrastructure", {"Infrastructure", "基盤機器"},
		FIELD(infrastructure), set_yes},
};

static const struct {
	const char *word;
	enum nac_kind kind;
} kind_words[] = {
	{"パソコン", NAC_PC},
	{"PC", NAC_PC},
	{"ノートPC", NAC_PC},
	{"プリンター", NAC_PRINTER},
	{"プリンタ", NAC_PRINTER},
	{"複合機", NAC_PRINTER},
	{"PLC", NAC_PLC},
	{"制御装置", NAC_PLC},
	{"電話機", NAC_PHONE},
	{"電話", NAC_PHONE},
	{"スマートフォン", NAC_PHONE},
	{"アクセスポイント", NAC_AP},
	{"無線AP", NAC_AP},
	{"スイッチ", NAC_SWITCH},
	{"サーバー", NAC_SERVER},
	{"サーバ", NAC_SERVER},
	{"その他", NAC_OTHER},
};

const char *mg_device_field_name(enum mg_device_field f)
{
	return fields[f].name;
}

const struct sk_text *mg_device_field_text(enum mg_device_field f)
{
	return &fields[f].text;
}

const char *mg_device_get(const struct mg_device_info *d, enum mg_device_field f)
{
	return (const char *)d + fields[f].at;
}

static int wrong(const char *field, const char *en, const char *ja, struct sk_err *err)
{
	return sk_err_set(err, -EINVAL, field, "%s%.0s", "%.0s%s", en, ja);
}

/* ---- items of a list --------------------------------------------------------------------------
 */
static size_t blank(const char *s)
{
	static const char *const wide[] = {"、", "，", "､", "；", "　"};

	if (strchr(",; \t\r\n", *s))
		return 1;
	for (size_t i = 0; i < SK_ARRAY_SIZE(wide); i++)
		if (!strncmp(s, wide[i], strlen(wide[i])))
			return strlen(wide[i]);
	return 0;
}

/* One item as typed, at most cap - 1 bytes; *s behind it. 0 at the end, -E2BIG too long. */
static int next_typed(const char **s, char *dst, size_t cap)
{
	size_t n = 0, skip;

	while (**s && (skip = blank(*s)) > 0)
		*s += skip;
	if (!**s)
		return 0;
	while (**s && !blank(*s)) {
		if (n + 1 >= cap)
			return -E2BIG;
		dst[n++] = *(*s)++;
	}
	dst[n] = '\0';
	return 1;
}

const char *mg_device_item(const char *s, char *dst, size_t cap)
{
	size_t n;

	if (!s || !*s)
		return NULL;
	n = strcspn(s, ",");
	snprintf(dst, cap, "%.*s", (int)SK_MIN(n, cap - 1), s);
	return s + n + (s[n] == ',');
}

static bool has_item(const char *list, const char *item)
{
	char one[256];

	for (const char *p = list; (p = mg_device_item(p, one, sizeof(one)));)
		if (!strcmp(one, item))
			return true;
	return false;
}

/* -ENOSPC: no room. Twice is once. */
static int add_item(char *dst, size_t cap, const char *item)
{
	size_t len = strlen(dst);

	if (has_item(dst, item))
		return 0;
	if (len + 1 + strlen(item) + 1 > cap)
		return -ENOSPC;
	snprintf(dst + len, cap - len, "%s%s", len ? "," : "", item);
	return 0;
}

/* Every typed item through one(), which writes its canonical form; max items. */
static int each_item(const char *field, const char *s, struct mg_device_info *scratch,
	int (*one)(const char *field, const char *typed, char *ret, struct sk_err *err),
	struct sk_err *err)
{
	char typed[256], item[256], *dst = scratch->identity;
	size_t n = 0;
	int r;

	dst[0] = '\0';
	while ((r = next_typed(&s, typed, sizeof(typed))) > 0) {
		r = one(field, typed, item, err);
		if (r < 0)
			return r;
		if (++n > NAC_NAMES_MAX || add_item(dst, sizeof(scratch->identity), item) < 0)
			return sk_err_set(err, -E2BIG, field, "at most %d", "は %d 個までです",
				NAC_NAMES_MAX);
	}
	return r < 0 ? wrong(field, "is too long", "が長すぎます", err) : 0;
}

static int set_list(const char *field, const char *s, char *dst, size_t cap,
	int (*one)(const char *field, const char *typed, char *ret, struct sk_err *err),
	struct sk_err *err)
{
	struct mg_device_info scratch;
	int r = each_item(field, s, &scratch, one, err);

	if (r < 0)
		return r;
	if (strlen(scratch.identity) >= cap)
		return wrong(field, "is too long", "が長すぎます", err);
	memcpy(dst, scratch.identity, strlen(scratch.identity) + 1);
	return 0;
}

/* ---- the fields -------------------------------------------------------------------------------
 */
static int set_text(const char *field, const char *s, char *dst, size_t cap, struct sk_err *err)
{
	size_t n = strlen(s);

	while (n && strchr(" \t\r\n", s[n - 1]))
		n--;
	while (n && strchr(" \t", *s)) {
		s++;
		n--;
	}
	if (n >= cap)
		return sk_err_set(err, -EINVAL, field, "has more than %zu bytes",
			"は %zu バイト以内で指定してください", cap - 1);
	if (!sk_utf8_valid(s, n))
		return wrong(field, "is not UTF-8", "が UTF-8 ではありません", err);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
			return wrong(
				field, "has control characters", "に制御文字が含まれています", err);
	memcpy(dst, s, n);
	dst[n] = '\0';
	return 0;
}

static int set_kind(const char *field, const char *s, char *dst, size_t cap, struct sk_err *err)
{
	_cleanup_(sk_freep) char *plain = fw_text_narrow(s);
	char lower[64];
	enum nac_kind k;

	if (!plain)
		return sk_err_nomem(err);
	for (size_t i = 0; i < SK_ARRAY_SIZE(kind_words); i++)
		if (!strcasecmp(kind_words[i].word, plain) || !strcmp(kind_words[i].word, s)) {
			snprintf(dst, cap, "%s", nac_kind_name(kind_words[i].kind));
			return 0;
		}
	fw_text_lower(lower, sizeof(lower), plain);
	if (s[0] && nac_kind_parse(lower, &k) < 0)
		return wrong(field, "is one of pc, printer, plc, phone, ap, switch, server, other",
			"は pc パソコン、printer プリンター、plc 制御装置、phone 電話機、ap "
			"アクセスポイント、switch スイッチ、server サーバー、other その他 "
			"のいずれかです",
			err);
	snprintf(dst, cap, "%s", s[0] ? nac_kind_name(k) : "");
	return 0;
}

static int one_mac(const char *field, const char *typed, char *ret, struct sk_err *err)
{
	struct nac_mac m;

	if (nac_mac_parse(typed, &m) < 0 || nac_mac_is_zero(&m) || nac_mac_is_group(&m))
		return wrong(field, "is no device's MAC address such as 00:1b:21:0a:0b:0c",
			"は端末の MAC アドレスではありません (例 00:1b:21:0a:0b:0c)", err);
	nac_mac_format(&m, ret);
	return 0;
}

static int set_macs(const char *field, const char *s, char *dst, size_t cap, struct sk_err *err)
{
	_cleanup_(sk_freep) char *plain = fw_text_narrow(s);

	return plain ? set_list(field, plain, dst, cap, one_mac, err) : sk_err_nomem(err);
}

static int one_method(const char *field, const char *typed, char *ret, struct sk_err *err)
{
	static const struct {
		const char *typed, *name;
	} words[] = {
		{"802.1x", "dot1x"},
		{"証明書", "dot1x"},
		{"利用者", "dot1x"},
		{"certificate", "dot1x"},
		{"user", "dot1x"},
		{"macアドレス", "mac"},
	};
	char lower[64];
	enum nac_method m;

	fw_text_lower(lower, sizeof(lower), typed);
	for (size_t i = 0; i < SK_ARRAY_SIZE(words); i++)
		if (!strcmp(words[i].typed, lower))
			snprintf(lower, sizeof(lower), "%s", words[i].name);
	if (nac_method_parse(lower, &m) < 0 || m == NAC_BY_NONE)
		return wrong(field, "is dot1x (certificate or user), mac, or both",
			"は dot1x (証明書・利用者)、mac (MACアドレス)、またはその両方です", err);
	snprintf(ret, 16, "%s", nac_method_name(m));
	return 0;
}

static int set_methods(const char *field, const char *s, char *dst, size_t cap, struct sk_err *err)
{
	_cleanup_(sk_freep) char *plain = fw_text_narrow(s);

	return plain ? set_list(field, plain, dst, cap, one_method, err) : sk_err_nomem(err);
}

static int one_identity(const char *field, const char *typed, char *ret, struct sk_err *err)
{
	size_t n = strlen(typed);

	for (size_t i = 0; i < n; i++)
		if (typed[i] <= 0x20 || typed[i] >= 0x7f || strchr("\"\\,;", typed[i]))
			return wrong(field,
				"has ASCII letters, digits and signs alone, such as "
				"host/pc-001.example.jp or tanaka",
				"は英数字と記号だけで書いてください (例 host/pc-001.example.jp、"
				"tanaka)",
				err);
	if (n >= 254)
		return wrong(field, "is too long", "が長すぎます", err);
	memcpy(ret, typed, n + 1);
	return 0;
}

static int set_identities(
	const char *field, const char *s, char *dst, size_t cap, struct sk_err *err)
{
	return set_list(field, s, dst, cap, one_identity, err);
}

static int one_name(const char *field, const char *typed, char *ret, size_t cap, struct sk_err *err)
{
	static const char ok[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	if (strlen(typed) >= cap || typed[strspn(typed, ok)])
		return sk_err_set(err, -EINVAL, field, "is a name of a-z 0-9 . _ -, at most %zu",
			"は英数字 . _ - の名前です (%zu 文字まで)", cap - 1);
	memcpy(ret, typed, strlen(typed) + 1);
	return 0;
}

static int one_port(const char *field, const char *typed, char *ret, struct sk_err *err)
{
	return one_name(field, typed, ret, NAC_NAME_MAX, err);
}

static int one_zone(const char *field, const char *typed, char *ret, struct sk_err *err)
{
	return one_name(field, typed, ret, NAC_ZONE_MAX, err);
}

static int set_ports(const char *field, const char *s, char *dst, size_t cap, struct sk_err *err)
{
	return set_list(field, strcasecmp(s, "any") ? s : "", dst, cap, one_port, err);
}

static int set_zones(const char *field, const char *s, char *dst, size_t cap, struct sk_err *err)
{
	return set_list(field, strcasecmp(s, "any") ? s : "", dst, cap, one_zone, err);
}

static int set_vlan(const char *field, const char *s, char *dst, size_t cap, struct sk_err *err)
{
	char name[64];
	uint64_t n;
	int r = one_name(field, s, name, cap, err);

	if (r < 0)
		return r;
	if (name[0] && !name[strspn(name, "0123456789")] &&
		(sk_parse_u64(name, 4094, &n) < 0 || n == 0))
		return wrong(field, "is a VLAN from 1 to 4094, or its name",
			"は 1〜4094 の VLAN 番号、またはその名前です", err);
	memcpy(dst, name, strlen(name) + 1);
	return 0;
}

static int set_yes(const char *field, const char *s, char *dst, size_t cap, struct sk_err *err)
{
	static const char *const on[] = {"yes", "true", "1", "○", "〇", "はい", "する"};
	static const char *const off[] = {"", "no", "false", "0", "-", "×", "いいえ", "しない"};

	for (size_t i = 0; i < SK_ARRAY_SIZE(on); i++)
		if (!strcasecmp(on[i], s)) {
			snprintf(dst, cap, "yes");
			return 0;
		}
	for (size_t i = 0; i < SK_ARRAY_SIZE(off); i++)
		if (!strcasecmp(off[i], s)) {
			snprintf(dst, cap, "no");
			return 0;
		}
	return wrong(field, "is yes or no", "は yes か no です", err);
}

int mg_device_set(
	struct mg_device_info *d, enum mg_device_field f, const char *text, struct sk_err *err)
{
	return fields[f].set(fields[f].name, text, (char *)d + fields[f].at, fields[f].cap, err);
}

void mg_device_defaults(struct mg_device_info *d)
{
	if (!d->kind[0])
		snprintf(d->kind, sizeof(d->kind), "other");
	if (!d->method[0])
		snprintf(d->method, sizeof(d->method), "%s", d->identity[0] ? "dot1x" : "mac");
	if (!d->infrastructure[0])
		snprintf(d->infrastructure, sizeof(d->infrastructure), "no");
}

int mg_device_check(const struct mg_device_info *d, struct sk_err *err)
{
	if (!d->name[0])
		return wrong("name", "is required", "必ず指定してください", err);
	if (!d->owner[0])
		return wrong("owner", "is required: who answers for the device",
			"必ず指定してください (端末の管理者)", err);
	if (has_item(d->method, "mac") && !d->mac[0])
		return wrong("mac", "is required for admission by MAC address",
			"MAC アドレスで許可する端末には必ず指定してください", err);
	if (has_item(d->method, "dot1x") && !d->identity[0])
		return wrong("identity",
			"is required for 802.1X: the certificate's common name, or the user",
			"802.1X の端末には必ず指定してください (証明書の名前または利用者名)", err);
	return 0;
}

bool mg_device_same(const struct mg_device_info *a, const struct mg_device_info *b)
{
	for (unsigned f = 0; f < MG_DEV_FIELDS; f++)
		if (strcmp(mg_device_get(a, f), mg_device_get(b, f)) != 0)
			return false;
	return true;
}

void mg_device_info_json(const struct mg_device_info *d, json_t *v)
{
	for (unsigned f = 0; f < MG_DEV_FIELDS; f++) {
		const char *s = mg_device_get(d, f);

		if (s[0])
			json_object_set_new(v, fields[f].name, json_string(s));
	}
}

bool mg_device_randomised(const struct mg_device_info *d)
{
	char one[NAC_MAC_TEXT];
	struct nac_mac m;

	for (const char *p = d->mac; (p = mg_device_item(p, one, sizeof(one)));)
		if (nac_mac_parse(one, &m) == 0 && nac_mac_is_randomised(&m))
			return true;
	return false;
}
