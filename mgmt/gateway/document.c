// SPDX-License-Identifier: GPL-2.0-or-later
/* The set-up document from JSON, but its networks (network.c). Strangers write answer files. */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <arpa/inet.h>

#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/command/command.h"
#include "mgmt/gateway/private.h"
#include "mgmt/workflow/workflow.h"

static const char *const role_names[] = {"wan", "lan", "dmz", "factory", "guest", "manage"};

const char *mg_gw_role_name(enum mg_gw_role r)
{
	return role_names[r];
}

const struct sk_text *mg_gw_role_text(enum mg_gw_role r)
{
	static const struct sk_text texts[] = {{"internet", "インターネット"},
		{"office network", "社内LAN"}, {"public servers", "公開サーバー"},
		{"factory", "工場"}, {"guests", "来客用"}, {"administration", "管理用"}};

	return &texts[r];
}

void mg_gateway_free(struct mg_gateway *g)
{
	if (!g)
		return;
	for (int i = 0; i < MG_GW_ROLES; i++)
		free(g->nets[i].reserved);
	explicit_bzero(g, sizeof(*g));
	free(g);
}

void mg_gateway_freep(struct mg_gateway **g)
{
	mg_gateway_free(*g);
}

/* ---- words ------------------------------------------------------------------------------------
 */
int mg_gw_text(
	const json_t *v, const char *key, bool required, char *dst, size_t cap, struct sk_err *err)
{
	const char *s = NULL;
	int r = sk_json_str(v, key, required, &s, err);

	if (r < 0 || !s)
		return r;
	r = mg_wf_text(key, s, cap - 1, false, err);
	if (r < 0)
		return r;
	if (required && !s[0])
		return sk_err_set(err, -EINVAL, key, "is empty", "入力してください");
	snprintf(dst, cap, "%s", s);
	return 0;
}

bool mg_gw_mac(const char *s, char dst[static 18])
{
	for (size_t i = 0; i < 17; i++) {
		if (i % 3 == 2 ? s[i] != ':' && s[i] != '-' : !isxdigit((unsigned char)s[i]))
			return false;
		dst[i] = i % 3 == 2 ? ':' : (char)tolower((unsigned char)s[i]);
	}
	dst[17] = '\0';
	return s[17] == '\0';
}

bool mg_gw_label(const char *s)
{
	const size_t n = strlen(s);

	if (n == 0 || n > 63 || s[0] == '-' || s[n - 1] == '-')
		return false;
	for (; *s; s++)
		if (!isascii(*s) || (!isalnum((unsigned char)*s) && *s != '-'))
			return false;
	return true;
}

bool mg_gw_host(const char *s)
{
	struct mg_gw_ip ip;
	char label[64];
	size_t n;

	if (mg_gw_ip_parse(s, AF_INET, false, &ip) == 0 ||
		mg_gw_ip_parse(s, AF_INET6, false, &ip) == 0)
		return true;
	for (; *s; s += n + (s[n] == '.')) {
		n = strcspn(s, ".");
		if (n >= sizeof(label))
			return false;
		memcpy(label, s, n);
		label[n] = '\0';
		if (!mg_gw_label(label) || (s[n] == '.' && s[n + 1] == '\0'))
			return false;
	}
	return true;
}

int mg_gw_address(const json_t *v, const char *key, int family, bool prefix, struct mg_gw_ip *ret,
	struct sk_err *err)
{
	const char *s = NULL;
	int r = sk_json_str(v, key, false, &s, err);

	if (r < 0 || !s)
		return r;
	if (mg_gw_ip_parse(s, family, prefix, ret) == 0)
		return 0;
	if (family == AF_INET)
		return sk_err_set(err, -EINVAL, key, "\"%.60s\" is no IPv4 address such as %s",
			"「%.60s」は IPv4 アドレスではありません (例: %s)", s,
			prefix ? "192.168.10.1/24" : "192.168.10.1");
	return sk_err_set(err, -EINVAL, key, "\"%.60s\" is no IPv6 address such as %s",
		"「%.60s」は IPv6 アドレスではありません (例: %s)", s,
		prefix ? "2001:db8:10::1/64" : "2001:db8:10::1");
}

/* ---- ports ------------------------------------------------------------------------------------
 */
static int read_role(const json_t *v, enum mg_gw_role *ret, struct sk_err *err)
{
	const char *s = NULL;
	int r = sk_json_str(v, "role", true, &s, err);

	if (r < 0)
		return r;
	for (int i = 0; i < MG_GW_ROLES; i++)
		if (strcmp(s, role_names[i]) == 0) {
			*ret = (enum mg_gw_role)i;
			return 0;
		}
	return sk_err_set(err, -EINVAL, "role", "one of wan, lan, dmz, factory, guest, manage",
		"wan、lan、dmz、factory、guest、manage のいずれかを指定してください");
}

static int read_match(const json_t *m, struct mg_gw_port *p, struct sk_err *err)
{
	static const char *const keys[] = {"mac", "name", NULL};
	const char *mac = NULL;
	int r = sk_json_only(m, keys, err);

	if (r == 0)
		r = sk_json_str(m, "mac", false, &mac, err);
	if (r == 0)
		r = mg_gw_text(m, "name", false, p->name, sizeof(p->name), err);
	if (r < 0)
		return r;
	if (!mac && !p->name[0])
		return sk_err_set(err, -ENOENT, NULL, "give the port's mac or its name",
			"ポートの mac か name を指定してください");
	if (mac && !mg_gw_mac(mac, p->mac))
		return sk_err_set(err, -EINVAL, "mac",
			"is no MAC address such as 52:54:00:12:34:56",
			"MAC アドレスではありません (例: 52:54:00:12:34:56)");
	for (const char *s = p->name; *s; s++)
		if (!isascii(*s) || !isgraph((unsigned char)*s) || strchr("/:*?[]!,\"\\", *s))
			return sk_err_set(err, -EINVAL, "name", "is no interface's name",
				"インターフェース名が正しくありません");
	return 0;
}

static int read_port(const json_t *v, struct mg_gw_port *p, struct sk_err *err)
{
	static const char *const keys[] = {"match", "role", NULL};
	json_t *match = NULL;
	int r = sk_json_only(v, keys, err);

	if (r == 0)
		r = sk_json_object(v, "match", true, &match, err);
	if (r == 0 && (r = read_match(match, p, err)) < 0)
		sk_err_prefix(err, "match");
	if (r == 0)
		r = read_role(v, &p->role, err);
	return r;
}

static int too_many(const char *path, size_t max, struct sk_err *err)
{
	return sk_err_set(err, -E2BIG, path, "more than %zu", "%zu 個までです", max);
}

static int not_object(struct sk_err *err)
{
	return sk_err_set(
		err, -EINVAL, NULL, "must be an object", "オブジェクト ({…}) で指定してください");
}

static int read_ports(const json_t *doc, struct mg_gateway *g, struct sk_err *err)
{
	json_t *list = NULL;
	int r = sk_json_array(doc, "ports", true, &list, err);

	if (r == 0 && json_array_size(list) > MG_GW_PORTS_MAX)
		return too_many("ports", MG_GW_PORTS_MAX, err);
	for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
		const json_t *v = json_array_get(list, i);

		r = json_is_object(v) ? read_port(v, &g->ports[i], err) : not_object(err);
		if (r < 0)
			sk_err_prefix(err, "ports[%zu]", i);
		g->n_ports = i + 1;
	}
	return r;
}

static int read_networks(const json_t *doc, struct mg_gateway *g, struct sk_err *err)
{
	json_t *list = NULL;
	int r = sk_json_array(doc, "networks", true, &list, err);

	for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
		const json_t *v = json_array_get(list, i);
		enum mg_gw_role role = MG_GW_WAN;

		r = json_is_object(v) ? read_role(v, &role, err) : not_object(err);
		if (r == 0 && g->nets[role].present)
			r = sk_err_set(err, -EEXIST, "role", "%s is described twice",
				"%s が重複しています", role_names[role]);
		if (r == 0)
			r = mg_gw_read_network(v, g, err);
		if (r < 0)
			sk_err_prefix(err, "networks[%zu]", i);
	}
	return r;
}

/* ---- people -----------------------------------------------------------------------------------
 */
static int read_roles(const json_t *v, struct mg_gw_person *p, struct sk_err *err)
{
	json_t *list = NULL;
	int r = sk_json_array(v, "roles", true, &list, err);

	for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
		const char *s = json_string_value(json_array_get(list, i));
		unsigned one = 0;

		if (!s || mg_roles_parse(s, &one, NULL) < 0 || (one & MG_CONSOLE))
			return sk_err_set(err, -EINVAL, "roles",
				"of requester, approver, admin, auditor, security",
				"requester、approver、admin、auditor、security "
				"から指定してください");
		p->roles |= one;
	}
	return r;
}

static int read_person(const json_t *v, struct mg_gw_person *p, struct sk_err *err)
{
	static const char *const keys[] = {"name", "display", "roles", "password", NULL};
	int r = sk_json_only(v, keys, err);

	if (r == 0)
		r = mg_gw_text(v, "name", true, p->name, sizeof(p->name), err);
	if (r == 0)
		r = mg_gw_text(v, "display", true, p->display, sizeof(p->display), err);
	if (r == 0)
		r = mg_gw_text(v, "password", false, p->password, sizeof(p->password), err);
	if (r == 0)
		r = read_roles(v, p, err);
	if (r == 0)
		r = mg_gateway_check_display(p->display, err);
	if (r == 0 && p->password[0])
		r = mg_gateway_check_password(p->password, p->name, err);
	return r;
}

static int read_people(const json_t *doc, struct mg_gateway *g, struct sk_err *err)
{
	json_t *list = NULL;
	int r = sk_json_array(doc, "people", false, &list, err);

	if (r == 0 && json_array_size(list) > MG_GW_PEOPLE_MAX)
		return too_many("people", MG_GW_PEOPLE_MAX, err);
	for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
		const json_t *v = json_array_get(list, i);

		r = json_is_object(v) ? read_person(v, &g->people[i], err) : not_object(err);
		if (r < 0)
			sk_err_prefix(err, "people[%zu]", i);
		g->n_people = i + 1;
	}
	return r;
}

/* ---- the rest ---------------------------------------------------------------------------------
 */
static int read_ntp(const json_t *doc, struct mg_gateway *g, struct sk_err *err)
{
	json_t *list = NULL;
	int r = sk_json_array(doc, "ntp", false, &list, err);

	if (r == 0 && json_array_size(list) > MG_GW_SERVERS_MAX)
		return too_many("ntp", MG_GW_SERVERS_MAX, err);
	for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
		const char *s = json_string_value(json_array_get(list, i));

		if (!s || !s[0] || strlen(s) >= sizeof(g->ntp[0]) || !mg_gw_host(s)) {
			r = sk_err_set(err, -EINVAL, NULL, "is no server's name or address",
				"サーバーの名前またはアドレスを指定してください");
			sk_err_prefix(err, "ntp[%zu]", i);
			return r;
		}
		snprintf(g->ntp[g->n_ntp++], sizeof(g->ntp[0]), "%s", s);
	}
	return r;
}

/* One of the words, the first where nothing is said: its index, or -EINVAL. */
static int read_word(const json_t *v, const char *key, const char *const *words, struct sk_err *err)
{
	const char *s = words[0];
	char all[128] = "";
	size_t len = 0;
	int r = sk_json_str(v, key, false, &s, err);

	if (r < 0)
		return r;
	for (int i = 0; words[i]; i++) {
		if (strcmp(s, words[i]) == 0)
			return i;
		len += (size_t)snprintf(
			all + len, sizeof(all) - len, "%s%s", i ? ", " : "", words[i]);
	}
	return sk_err_set(err, -EINVAL, key, "one of %s", "%s のいずれかを指定してください", all);
}

static int read_protection(const json_t *doc, struct mg_gateway *g, struct sk_err *err)
{
	static const char *const keys[] = {"profile", "when_down", NULL};
	static const char *const profiles[] = {"monitor", "balanced", "strict", NULL};
	static const char *const down[] = {"closed", "open", NULL};
	static const char *const admission[] = {"off", "learn", NULL};
	json_t *v = NULL;
	int r = sk_json_object(doc, "inspection", false, &v, err), n;

	if (r < 0)
		return r;
	snprintf(g->profile, sizeof(g->profile), "%s", profiles[0]);
	if (v) {
		r = sk_json_only(v, keys, err);
		if (r == 0 && (r = n = read_word(v, "profile", profiles, err)) >= 0) {
			snprintf(g->profile, sizeof(g->profile), "%s", profiles[n]);
			r = read_word(v, "when_down", down, err);
			g->fail_open = r == 1;
		}
		if (r < 0) {
			sk_err_prefix(err, "inspection");
			return r;
		}
	}
	r = read_word(doc, "admission", admission, err);
	g->admission_learn = r == 1;
	return SK_MIN(r, 0);
}

static int read_rules(const json_t *doc, struct mg_gateway *g, struct sk_err *err)
{
	json_t *list = NULL;
	int r = sk_json_array(doc, "first_rules", false, &list, err);

	for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
		if (!sk_streq(json_string_value(json_array_get(list, i)), "web"))
			return sk_err_set(err, -EINVAL, "first_rules", "only \"web\" is known",
				"指定できるのは web だけです");
		g->rules_web = true;
	}
	return r;
}

static int read_box(const json_t *doc, struct mg_gateway *g, struct sk_err *err)
{
	static const char *const languages[] = {"ja", "en", NULL};
	static const char *const operations[] = {"routed", "transparent", NULL};
	static const char *const keyboards[] = {"jp", "us", NULL};
	int r = read_word(doc, "language", languages, err);

	g->lang = r == 1 ? SK_EN : SK_JA;
	g->keyboard_us = g->lang == SK_EN;
	if (r >= 0 && json_object_get(doc, "keyboard")) {
		r = read_word(doc, "keyboard", keyboards, err);
		g->keyboard_us = r == 1;
	}
	if (r >= 0) {
		r = read_word(doc, "operation", operations, err);
		g->transparent = r == 1;
	}
	if (r < 0)
		return r;
	snprintf(g->hostname, sizeof(g->hostname), "sekisho");
	snprintf(g->timezone, sizeof(g->timezone), "Asia/Tokyo");
	r = mg_gw_text(doc, "site", true, g->site, sizeof(g->site), err);
	if (r == 0)
		r = mg_gw_text(doc, "hostname", false, g->hostname, sizeof(g->hostname), err);
	if (r == 0 && !mg_gw_label(g->hostname))
		r = sk_err_set(err, -EINVAL, "hostname", "letters, digits and - only",
			"英数字と「-」だけを使ってください");
	if (r == 0)
		r = mg_gw_text(doc, "timezone", false, g->timezone, sizeof(g->timezone), err);
	if (r == 0 &&
		(g->timezone[0] == '/' || strstr(g->timezone, "..") || !g->timezone[0] ||
			strspn(g->timezone,
				"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-"
				"/") != strlen(g->timezone)))
		r = sk_err_set(err, -EINVAL, "timezone", "a name such as Asia/Tokyo",
			"Asia/Tokyo のような名前を指定してください");
	if (r == 0)
		r = sk_json_bool(doc, "dnssec", false, &g->dnssec, err);
	return r == 0 ? read_ntp(doc, g, err) : r;
}

static int read_head(const json_t *doc, struct sk_err *err)
{
	static const char *const keys[] = {"format", "version", "language", "keyboard", "site",
		"hostname", "timezone", "ntp", "dnssec", "operation", "ports", "networks", "people",
		"inspection", "admission", "first_rules", NULL};
	const char *format = NULL;
	int64_t version = 0;
	int r;

	if (!json_is_object(doc))
		return not_object(err);
	r = sk_json_str(doc, "format", true, &format, err);
	if (r == 0 && strcmp(format, "sekisho-setup") != 0)
		r = sk_err_set(err, -EINVAL, "format", "is not \"sekisho-setup\"",
			"「sekisho-setup」ではありません");
	if (r == 0)
		r = sk_json_int(doc, "version", true, &version, err);
	if (r == 0 && version > MG_GW_VERSION)
		r = sk_err_set(err, -EPROTO, "version",
			"these are settings of a newer version: update first",
			"新しい版の設定です。先に更新してください");
	if (r == 0 && version < 1)
		r = sk_err_set(err, -EINVAL, "version", "is not 1", "1 を指定してください");
	return r == 0 ? sk_json_only(doc, keys, err) : r;
}

int mg_gateway_parse(const json_t *doc, struct mg_gateway **ret, struct sk_err *err)
{
	struct mg_gateway *g = calloc(1, sizeof(*g));
	int r = g ? read_head(doc, err) : sk_err_nomem(err);

	if (r == 0)
		r = read_box(doc, g, err);
	if (r == 0)
		r = read_ports(doc, g, err);
	if (r == 0)
		r = read_networks(doc, g, err);
	if (r == 0)
		r = read_people(doc, g, err);
	if (r == 0)
		r = read_protection(doc, g, err);
	if (r == 0)
		r = read_rules(doc, g, err);
	if (r == 0)
		r = mg_gw_check(g, err);
	if (r < 0) {
		mg_gateway_free(g);
		return r;
	}
	*ret = g;
	return 0;
}
