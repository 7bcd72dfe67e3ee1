/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Definitions of feeds read and checked; see definition.h. What is refused here is never tried:
 * nothing but https, no password in a URL, no bound beyond what the rest was measured for. Pure.
 */
#include "mgmt/feeds/definition.h"

#include <errno.h>
#include <string.h>

#include "lib/json.h"
#include "lib/util.h"

#define DEFINITION_MAX 65536u
#define TEXT_MAX 600
#define RETRY_FIRST 300
#define RETRY_MAX 86400
#define DEFAULT_BYTES (64u << 20)
#define DEFAULT_ENTRIES 1000000u

static const struct {
	const char *name;
	struct sk_text text;
} formats[MG_FF_COUNT] = {
	[MG_FF_ADDRESSES] = {"addresses", {"addresses, a line each", "アドレス一覧 (1 行 1 件)"}},
	[MG_FF_SPAMHAUS_DROP] = {"spamhaus-drop",
		{"Spamhaus DROP, text", "Spamhaus DROP (テキスト)"}},
	[MG_FF_SPAMHAUS_JSON] = {"spamhaus-drop-json",
		{"Spamhaus DROP, JSON lines", "Spamhaus DROP (JSON 行)"}},
	[MG_FF_FEODO_CSV] = {"feodo-csv", {"Feodo Tracker, CSV", "Feodo Tracker (CSV)"}},
	[MG_FF_FEODO_JSON] = {"feodo-json", {"Feodo Tracker, JSON", "Feodo Tracker (JSON)"}},
	[MG_FF_URLHAUS_CSV] = {"urlhaus-csv", {"URLhaus, CSV", "URLhaus (CSV)"}},
	[MG_FF_THREATFOX_CSV] = {"threatfox-csv", {"ThreatFox, CSV", "ThreatFox (CSV)"}},
	[MG_FF_THREATFOX_JSON] = {"threatfox-json", {"ThreatFox, JSON", "ThreatFox (JSON)"}},
	[MG_FF_SSLBL_JA3] = {"sslbl-ja3-csv", {"SSLBL JA3 fingerprints", "SSLBL JA3 指紋 (CSV)"}},
	[MG_FF_SSLBL_CERT] = {"sslbl-cert-csv", {"SSLBL certificates", "SSLBL 証明書 (CSV)"}},
	[MG_FF_SSLBL_IP] = {"sslbl-ip-csv", {"SSLBL addresses", "SSLBL アドレス (CSV)"}},
	[MG_FF_HOSTS] = {"hosts", {"hosts file", "hosts ファイル"}},
	[MG_FF_DOMAINS] = {"domains", {"names, a line each", "ドメイン名一覧 (1 行 1 件)"}},
	[MG_FF_URLS] = {"urls", {"URLs, a line each", "URL 一覧 (1 行 1 件)"}},
	[MG_FF_RPZ] = {"rpz", {"response policy zone", "DNS RPZ ゾーンファイル"}},
	[MG_FF_STIX] = {"stix", {"STIX 2.1 bundle", "STIX 2.1 バンドル"}},
	[MG_FF_MISP] = {"misp", {"MISP feed", "MISP フィード"}},
	[MG_FF_IPREP] = {"iprep", {"Suricata IP reputation", "Suricata IP レピュテーション"}},
	[MG_FF_DATASET] = {"dataset", {"Suricata dataset", "Suricata データセット"}},
};

static const struct {
	const char *name;
	struct sk_text text;
} companies[] = {
	[MG_COMPANIES_YES] = {"yes", {"companies may use it", "企業で利用できます"}},
	[MG_COMPANIES_REGISTRATION] = {"registration",
		{"companies may use it after registering", "企業は登録後に利用できます"}},
	[MG_COMPANIES_ASK] = {"ask",
		{"companies must ask the publisher, or pay",
			"企業は提供元への確認または契約が必要です"}},
	[MG_COMPANIES_NO] = {"no",
		{"companies must not use it", "企業での利用は認められていません"}},
};

const char *mg_feed_format_name(enum mg_feed_format f)
{
	return formats[f].name;
}

const struct sk_text *mg_feed_format_text(enum mg_feed_format f)
{
	return &formats[f].text;
}

int mg_feed_format_parse(const char *name, enum mg_feed_format *ret)
{
	for (unsigned i = 0; i < MG_FF_COUNT; i++) {
		if (strcmp(formats[i].name, name) == 0) {
			*ret = (enum mg_feed_format)i;
			return 0;
		}
	}
	return -EINVAL;
}

const char *mg_feed_companies_name(enum mg_feed_companies c)
{
	return companies[c].name;
}

const struct sk_text *mg_feed_companies_text(enum mg_feed_companies c)
{
	return &companies[c].text;
}

/* ---- single fields ----
 */
bool mg_feed_name_valid(const char *name)
{
	const size_t n = strlen(name);

	if (n == 0 || n >= MG_FEED_NAME_MAX || name[0] < 'a' || name[0] > 'z')
		return false;
	if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != n)
		return false;
	return strcmp(name, "local") != 0 && strcmp(name, "allow") != 0;
}

static bool plain_ascii(const char *s)
{
	for (; *s; s++)
		if (*s <= 0x20 || *s == 0x7f || (uint8_t)*s >= 0x80)
			return false;
	return true;
}

int mg_feed_url_check(const char *url, struct sk_err *err)
{
	const char *host = url + 8;
	size_t n;

	if (strlen(url) > MG_FEED_URL_MAX || !plain_ascii(url))
		return sk_err_set(err, -EINVAL, "url",
			"is too long, or holds characters that no URL may hold",
			"長すぎるか、URL に使えない文字が含まれています");
	if (strncmp(url, "https://", 8) != 0)
		return sk_err_set(err, -EINVAL, "url", "only https:// is fetched",
			"https:// で始まる URL だけを取得できます");
	n = strcspn(host, "/?#");
	if (n == 0 || memchr(host, '@', n) || memchr(host, '{', n) || memchr(host, '\\', n))
		return sk_err_set(err, -EINVAL, "url",
			"needs a host, without user name and password",
			"ホスト名が必要です。ユーザー名とパスワードは書けません");
	return 0;
}

static int path_check(const char *path, const char *field, struct sk_err *err)
{
	if (path[0] != '/' || strlen(path) > 512 || strstr(path, "/../"))
		return sk_err_set(err, -EINVAL, field, "needs an absolute path without \"..\"",
			"\"..\" を含まない絶対パスを指定してください");
	return 0;
}

/* A text in both languages; ja may be missing. */
static int text_of(
	const json_t *obj, const char *key, bool required, struct sk_text *ret, struct sk_err *err)
{
	static const char *const keys[] = {"en", "ja", NULL};
	json_t *v = NULL;
	int r = sk_json_object(obj, key, required, &v, err);

	if (r < 0 || !v)
		return r;
	r = sk_json_only(v, keys, err);
	if (r == 0)
		r = sk_json_str(v, "en", true, &ret->en, err);
	if (r == 0)
		r = sk_json_str(v, "ja", false, &ret->ja, err);
	if (r == 0 && (strlen(ret->en) > TEXT_MAX || (ret->ja && strlen(ret->ja) > TEXT_MAX)))
		r = sk_err_set(err, -EINVAL, "", "at most %d bytes", "%d バイトまでです", TEXT_MAX);
	if (r < 0)
		sk_err_prefix(err, "%s", key);
	return r;
}

static int number_of(const json_t *obj, const char *key, const int64_t range[2], int64_t *ret,
	struct sk_err *err)
{
	int64_t v = *ret;
	int r = sk_json_int(obj, key, false, &v, err);

	if (r < 0)
		return r;
	if (v < range[0] || v > range[1])
		return sk_err_set(err, -EINVAL, key, "from %lld to %lld",
			"%lld から %lld の範囲で指定してください", (long long)range[0],
			(long long)range[1]);
	*ret = v;
	return 0;
}

static int one_of(const char *value, const char *const *names, const char *field, unsigned *ret,
	struct sk_err *err)
{
	char all[160] = "";
	size_t n = 0;

	for (unsigned i = 0; names[i]; i++) {
		if (strcmp(names[i], value) == 0) {
			*ret = i;
			return 0;
		}
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%s", i ? ", " : "", names[i]);
	}
	return sk_err_set(
		err, -EINVAL, field, "must be one of: %s", "次のどれかを指定してください: %s", all);
}

/* ---- parts of it ----
 */
static int read_licence(struct mg_feed_def *d, struct sk_err *err)
{
	static const char *const keys[] = {"name", "url", "note", "companies", NULL};
	static const char *const names[] = {"yes", "registration", "ask", "no", NULL};
	const char *c = NULL;
	json_t *v = NULL;
	unsigned i = MG_COMPANIES_YES;
	int r = sk_json_object(d->json, "licence", false, &v, err);

	/* Of a feed that somebody made for this site nothing is known. */
	d->licence.companies = MG_COMPANIES_ASK;
	if (r < 0 || !v)
		return r;
	r = sk_json_only(v, keys, err);
	if (r == 0)
		r = sk_json_str(v, "name", true, &d->licence.name, err);
	if (r == 0)
		r = sk_json_str(v, "url", false, &d->licence.url, err);
	if (r == 0)
		r = text_of(v, "note", false, &d->licence.note, err);
	if (r == 0)
		r = sk_json_str(v, "companies", true, &c, err);
	if (r == 0)
		r = one_of(c, names, "companies", &i, err);
	if (r < 0)
		sk_err_prefix(err, "licence");
	d->licence.companies = (enum mg_feed_companies)i;
	return r;
}

static int read_categories(struct mg_feed_def *d, const json_t *v, struct sk_err *err)
{
	int r = sk_json_array(v, "categories", false, &d->categories, err);

	for (size_t i = 0; r == 0 && i < json_array_size(d->categories); i++)
		if (!json_is_integer(json_array_get(d->categories, i)))
			r = sk_err_set(err, -EINVAL, "categories", "takes numbers",
				"番号の配列を指定してください");
	return r;
}

static int read_dataset(struct mg_feed_def *d, const json_t *v, struct sk_err *err)
{
	static const char *const types[] = {"string", "md5", "sha256", "ipv4", "ip", NULL};
	static const char *const as[] = {
		"domain", "suffix", "url", "ja3", "ja4", "certificate", NULL};
	const char *what = NULL;
	unsigned i = 0;
	int r = sk_json_str(v, "type", true, &d->type, err);

	if (r == 0)
		r = one_of(d->type, types, "type", &i, err);
	if (r == 0 && i >= 3) /* addresses are addresses */
		return json_object_get(v, "as")
			? sk_err_set(err, -EINVAL, "as", "is for strings and hashes",
				  "文字列とハッシュ値だけに使います")
			: 0;
	if (r == 0)
		r = sk_json_str(v, "as", true, &what, err);
	if (r == 0)
		r = one_of(what, as, "as", &i, err);
	if (r == 0)
		sk_bl_kind_parse(what, &d->as);
	if (r == 0 &&
		((strcmp(d->type, "md5") == 0 && d->as != SK_BL_JA3) ||
			(strcmp(d->type, "sha256") == 0 && d->as != SK_BL_CERT)))
		r = sk_err_set(err, -EINVAL, "as", "a hash cannot be turned back into that",
			"ハッシュ値からは元の値が分からないため、その種類にはできません");
	return r;
}

/* Which options a format has. */
static const char *const *option_keys(enum mg_feed_format f)
{
	static const char *const none[] = {NULL}, *const suffix[] = {"suffix", NULL},
				 *const score[] = {"min_score", NULL},
				 *const iprep[] = {"categories", "min_score", NULL},
				 *const dataset[] = {"type", "as", NULL},
				 *const misp[] = {"days", "events", NULL};

	switch (f) {
	case MG_FF_HOSTS:
	case MG_FF_DOMAINS: return suffix;
	case MG_FF_THREATFOX_CSV:
	case MG_FF_THREATFOX_JSON: return score;
	case MG_FF_IPREP: return iprep;
	case MG_FF_DATASET: return dataset;
	case MG_FF_MISP: return misp;
	default: return none;
	}
}

static int read_options(struct mg_feed_def *d, struct sk_err *err)
{
	static const int64_t score[] = {0, 127}, days[] = {1, 3650}, events[] = {1, 2000};
	json_t *v = NULL;
	int r = sk_json_object(d->json, "options", d->format == MG_FF_DATASET, &v, err);

	d->days = 90;
	d->events = 300;
	if (r < 0 || !v)
		return r;
	r = sk_json_only(v, option_keys(d->format), err);
	if (r == 0)
		r = sk_json_bool(v, "suffix", false, &d->suffix, err);
	if (r == 0)
		r = number_of(v, "min_score", score, &d->min_score, err);
	if (r == 0)
		r = number_of(v, "days", days, &d->days, err);
	if (r == 0)
		r = number_of(v, "events", events, &d->events, err);
	if (r == 0)
		r = read_categories(d, v, err);
	if (r == 0 && d->format == MG_FF_DATASET)
		r = read_dataset(d, v, err);
	if (r < 0)
		sk_err_prefix(err, "options");
	return r;
}

/* Beside a URL lies a URL, beside a file a file. */
static int read_beside(
	const struct mg_feed_def *d, const json_t *v, const char **ret, struct sk_err *err)
{
	int r = sk_json_str(v, d->url ? "url" : "path", true, ret, err);

	if (r < 0)
		return r;
	return d->url ? mg_feed_url_check(*ret, err) : path_check(*ret, "path", err);
}

static int read_checksum(struct mg_feed_def *d, struct sk_err *err)
{
	static const char *const keys[] = {"sha256", "url", "path", NULL};
	json_t *v = NULL;
	int r = sk_json_object(d->json, "checksum", false, &v, err);

	if (r < 0 || !v)
		return r;
	r = json_object_size(v) == 1
		? sk_json_only(v, keys, err)
		: sk_err_set(err, -EINVAL, "", "takes one of: sha256, url, path",
			  "sha256・url・path のどれか 1 つを指定してください");
	if (r == 0)
		r = sk_json_str(v, "sha256", false, &d->sha256, err);
	if (r == 0 && d->sha256 &&
		(strlen(d->sha256) != 64 || strspn(d->sha256, "0123456789abcdef") != 64))
		r = sk_err_set(err, -EINVAL, "sha256", "is not 64 lower-case hex digits",
			"64 桁の 16 進数 (小文字) ではありません");
	if (r == 0 && !d->sha256)
		r = read_beside(d, v, &d->sha256_at, err);
	if (r < 0)
		sk_err_prefix(err, "checksum");
	return r;
}

static int read_signature(struct mg_feed_def *d, struct sk_err *err)
{
	static const char *const keys[] = {"type", "key", "url", "path", NULL};
	static const char *const types[] = {"minisign", "ed25519", NULL};
	const char *type = NULL;
	json_t *v = NULL;
	unsigned i = 0;
	int r = sk_json_object(d->json, "signature", false, &v, err);

	if (r < 0 || !v)
		return r;
	r = sk_json_only(v, keys, err);
	if (r == 0)
		r = sk_json_str(v, "type", true, &type, err);
	if (r == 0)
		r = one_of(type, types, "type", &i, err);
	if (r == 0)
		r = sk_json_str(v, "key", true, &d->signature_key, err);
	if (r == 0 &&
		(!d->signature_key[0] || strlen(d->signature_key) > 128 ||
			!plain_ascii(d->signature_key)))
		r = sk_err_set(err, -EINVAL, "key", "is no public key in base64",
			"base64 の公開鍵ではありません");
	if (r == 0)
		r = read_beside(d, v, &d->signature_at, err);
	if (r < 0)
		sk_err_prefix(err, "signature");
	d->signature = i == 0 ? MG_SIG_MINISIGN : MG_SIG_ED25519;
	return r;
}

static int read_source(struct mg_feed_def *d, struct sk_err *err)
{
	int r = sk_json_str(d->json, "url", false, &d->url, err);

	if (r == 0)
		r = sk_json_str(d->json, "path", false, &d->path, err);
	if (r < 0)
		return r;
	if (!d->url == !d->path)
		return sk_err_set(err, -EINVAL, "url", "either url or path is needed",
			"url か path のどちらか一方を指定してください");
	return d->url ? mg_feed_url_check(d->url, err) : path_check(d->path, "path", err);
}

/* A header's name is a token (RFC 9110, 5.6.2), and none that would change the request. */
static int read_key(struct mg_feed_def *d, struct sk_err *err)
{
	int r = sk_json_str(d->json, "api_key_header", false, &d->api_key_header, err);
	const char *h = d->api_key_header;

	if (r < 0)
		return r;
	d->wants_key = h || (d->url && strstr(d->url, MG_FEED_KEY_MARK));
	if (!h)
		return 0;
	if (!h[0] || strlen(h) > 64 ||
		strspn(h, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") !=
			strlen(h) ||
		!strcasecmp(h, "host") || !strcasecmp(h, "content-length") ||
		!strcasecmp(h, "transfer-encoding"))
		return sk_err_set(err, -EINVAL, "api_key_header", "is no name of such a header",
			"ヘッダー名として使えません");
	return 0;
}

static int read_proxy(struct mg_feed_def *d, struct sk_err *err)
{
	const char *host;
	int r = sk_json_str(d->json, "proxy", false, &d->proxy, err);

	if (r < 0 || !d->proxy)
		return r;
	host = strncmp(d->proxy, "http://", 7) == 0     ? d->proxy + 7
		: strncmp(d->proxy, "https://", 8) == 0 ? d->proxy + 8
							: "";
	if (!host[0] || strlen(d->proxy) > 256 || !plain_ascii(d->proxy) || strchr(host, '@') ||
		strchr(host, '/'))
		return sk_err_set(err, -EINVAL, "proxy", "must be http://host:port",
			"http://ホスト:ポート の形で指定してください");
	return 0;
}

static int read_bounds(struct mg_feed_def *d, struct sk_err *err)
{
	static const int64_t interval[] = {MG_FEED_INTERVAL_MIN, MG_FEED_INTERVAL_MAX},
			     bytes[] = {1024, MG_FEED_BYTES_MAX},
			     entries[] = {1, MG_FEED_ENTRIES_MAX},
			     timeout[] = {5, MG_FEED_TIMEOUT_MAX};
	int64_t max_bytes = DEFAULT_BYTES, max_entries = DEFAULT_ENTRIES;
	int64_t jitter[] = {0, 0};
	int r;

	d->interval = 86400;
	d->timeout = 120;
	r = number_of(d->json, "interval", interval, &d->interval, err);
	jitter[1] = d->interval;
	d->jitter = SK_MIN(d->interval / 10, (int64_t)1800);
	if (r == 0)
		r = number_of(d->json, "jitter", jitter, &d->jitter, err);
	if (r == 0)
		r = number_of(d->json, "timeout", timeout, &d->timeout, err);
	if (r == 0)
		r = number_of(d->json, "max_bytes", bytes, &max_bytes, err);
	if (r == 0)
		r = number_of(d->json, "max_entries", entries, &max_entries, err);
	d->max_bytes = (uint64_t)max_bytes;
	d->max_entries = (uint64_t)max_entries;
	return r;
}

static int read_mode(struct mg_feed_def *d, struct sk_err *err)
{
	static const char *const modes[] = {"monitor", "block", NULL};
	const char *mode = "monitor";
	unsigned i = 0;
	int r = sk_json_str(d->json, "mode", false, &mode, err);

	if (r == 0)
		r = one_of(mode, modes, "mode", &i, err);
	if (r == 0)
		r = sk_json_bool(d->json, "enabled", false, &d->enabled, err);
	d->block = i == 1;
	if (r == 0 && d->enabled && d->licence.companies != MG_COMPANIES_YES)
		return sk_err_set(err, -EINVAL, "enabled",
			"its licence does not simply allow companies to use it: enable it "
			"deliberately",
			"企業での利用に条件があるため、最初から有効にはできません。条件を確認して"
			"有効にしてください");
	return r;
}

static int read_what(struct mg_feed_def *d, struct sk_err *err)
{
	static const char *const kinds[] = {"address", "name", "url", "fingerprint", "mixed", NULL};
	const char *format = NULL;
	unsigned i;
	int r = sk_json_str(d->json, "name", true, &d->name, err);

	if (r == 0 && !mg_feed_name_valid(d->name))
		r = sk_err_set(err, -EINVAL, "name",
			"1 to %d of a-z, 0-9 and \"-\", a letter first; not local, not allow",
			"英小文字で始まる %d 文字までの英小文字・数字・\"-\" です (local と allow "
			"は使えません)",
			MG_FEED_NAME_MAX - 1);
	if (r == 0)
		r = text_of(d->json, "title", true, &d->title, err);
	if (r == 0)
		r = sk_json_str(d->json, "kind", true, &d->kind, err);
	if (r == 0)
		r = one_of(d->kind, kinds, "kind", &i, err);
	if (r == 0)
		r = sk_json_str(d->json, "format", true, &format, err);
	if (r == 0 && mg_feed_format_parse(format, &d->format) < 0)
		r = sk_err_set(err, -EINVAL, "format", "there is no format %.40s",
			"%.40s という形式はありません", format);
	return r;
}

bool mg_feed_is_manifest(const struct mg_feed_def *d)
{
	static const char end[] = "/manifest.json";
	const size_t n = d->url ? strlen(d->url) : 0;

	return d->format == MG_FF_MISP && n >= sizeof(end) &&
		strcmp(d->url + n - (sizeof(end) - 1), end) == 0;
}

static int read_all(struct mg_feed_def *d, struct sk_err *err)
{
	static const char *const keys[] = {"name", "title", "kind", "url", "path", "format",
		"options", "licence", "interval", "jitter", "max_bytes", "max_entries", "timeout",
		"api_key_header", "proxy", "checksum", "signature", "mode", "enabled", NULL};
	static int (*const parts[])(struct mg_feed_def *, struct sk_err *) = {read_what,
		read_source, read_options, read_licence, read_bounds, read_key, read_proxy,
		read_checksum, read_signature, read_mode};
	int r = sk_json_only(d->json, keys, err);

	for (size_t i = 0; r == 0 && i < SK_ARRAY_SIZE(parts); i++)
		r = parts[i](d, err);
	if (r == 0 && mg_feed_is_manifest(d) && (d->sha256 || d->sha256_at || d->signature))
		r = sk_err_set(err, -EINVAL, d->signature ? "signature" : "checksum",
			"covers the manifest of a MISP feed only, not its events",
			"MISP フィードの manifest だけが対象になり、イベントを保護できません");
	/* A required field that is missing is as wrong as one that is wrong. */
	return r < 0 && r != -ENOMEM ? -EINVAL : r;
}

int mg_feed_def_parse(struct mg_feed_def *ret, const json_t *v, struct sk_err *err)
{
	*ret = (struct mg_feed_def){0};
	if (!json_is_object(v))
		return sk_err_set(err, -EINVAL, NULL, "is no object", "オブジェクトではありません");
	ret->json = json_deep_copy(v);
	if (!ret->json)
		return sk_err_nomem(err);
	return read_all(ret, err);
}

int mg_feed_def_parse_text(struct mg_feed_def *ret, const char *s, size_t n, struct sk_err *err)
{
	json_t *v;
	int r;

	*ret = (struct mg_feed_def){0};
	if (n > DEFINITION_MAX)
		return sk_err_set(err, -EINVAL, NULL, "is larger than %u KiB",
			"%u KiB を超えています", DEFINITION_MAX >> 10);
	v = sk_json_parse(s, n, err);
	if (!v)
		return -EINVAL;
	r = mg_feed_def_parse(ret, v, err);
	json_decref(v);
	return r;
}

void mg_feed_def_done(struct mg_feed_def *d)
{
	if (!d)
		return;
	json_decref(d->json);
	*d = (struct mg_feed_def){0};
}

int64_t mg_feed_next(const struct mg_feed_def *d, int64_t now, unsigned failed, uint64_t random)
{
	const int64_t most = SK_MIN(d->interval, (int64_t)RETRY_MAX);
	int64_t wait = failed ? RETRY_FIRST : d->interval;

	for (unsigned i = 1; i < failed && wait < most; i++)
		wait *= 2;
	if (failed)
		wait = SK_MIN(wait, most);
	return now + wait + (int64_t)(random % (uint64_t)(d->jitter + 1));
}
