/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Zones: their checks, look-ups and JSON form. Called by the policy document and by the management
 * side when a zone is edited.
 */
#include "fw/policy/zone.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "fw/registry/rule.h"
#include "lib/util.h"

static const struct {
	const char *name;
	struct sk_text text;
} kinds[FW_ZONE_KINDS] = {
	[FW_ZONE_OUTSIDE] = {"outside", {"outside (internet)", "外部 (インターネット)"}},
	[FW_ZONE_INSIDE] = {"inside", {"inside (office)", "社内ネットワーク"}},
	[FW_ZONE_DMZ] = {"dmz", {"public servers (DMZ)", "公開サーバー (DMZ)"}},
	[FW_ZONE_FACTORY] = {"factory", {"factory", "工場ネットワーク"}},
	[FW_ZONE_GUEST] = {"guest", {"guests", "来客用ネットワーク"}},
	[FW_ZONE_MANAGEMENT] = {"management", {"management", "管理用ネットワーク"}},
};

/* Bit i is the i-th word. */
static const struct words {
	const char *path;
	const char *word[5];
} serves = {"serve", {"dhcp", "dns", "ntp"}}, uses = {"use", {"dns", "ntp", "https", "dhcpv6"}};

const char *fw_zone_kind_name(enum fw_zone_kind k)
{
	return (unsigned)k < FW_ZONE_KINDS ? kinds[k].name : "?";
}

const struct sk_text *fw_zone_kind_text(enum fw_zone_kind k)
{
	static const struct sk_text unknown = {"?", "?"};

	return (unsigned)k < FW_ZONE_KINDS ? &kinds[k].text : &unknown;
}

int fw_zone_kind_parse(const char *s, enum fw_zone_kind *ret)
{
	for (unsigned k = 0; k < FW_ZONE_KINDS; k++) {
		if (strcmp(s, kinds[k].name) == 0) {
			*ret = k;
			return 0;
		}
	}
	return -EINVAL;
}

bool fw_zone_name_valid(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > FW_ZONE_NAME_MAX || name[0] < 'a' || name[0] > 'z')
		return false;
	return strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == n &&
		strcmp(name, FW_ZONE_SELF) != 0;
}

/* As the kernel's dev_valid_name(), and printable, without what nft(8) would read as a pattern. */
static bool iface_valid(const char *s)
{
	size_t n = strnlen(s, IFNAMSIZ);

	if (n == 0 || n >= IFNAMSIZ || strcmp(s, ".") == 0 || strcmp(s, "..") == 0)
		return false;
	for (; *s; s++) {
		if (!isgraph((unsigned char)*s) || strchr("/:*\"\\", *s))
			return false;
	}
	return true;
}

static bool label_valid(const char *s)
{
	size_t n = strlen(s);

	if (!sk_utf8_valid(s, n))
		return false;
	for (; *s; s++) {
		if (iscntrl((unsigned char)*s))
			return false;
	}
	return true;
}

int fw_zone_kind_unknown(struct sk_err *err)
{
	char list[96] = "";

	for (size_t k = 0; k < FW_ZONE_KINDS; k++) {
		size_t n = strlen(list);

		snprintf(list + n, sizeof(list) - n, "%s%s", k ? ", " : "", kinds[k].name);
	}
	return sk_err_set(err, -EINVAL, "kind", "unknown kind of zone; write one of %s",
		"ゾーンの種別が正しくありません。次のどれかを書いてください: %s", list);
}

static int add_word(
	const struct words *w, const char *s, size_t n, uint8_t *mask, struct sk_err *err)
{
	char list[64] = "";

	for (size_t i = 0; w->word[i]; i++) {
		if (strlen(w->word[i]) == n && memcmp(w->word[i], s, n) == 0) {
			*mask |= (uint8_t)(1u << i);
			return 0;
		}
	}
	for (size_t i = 0; w->word[i]; i++) {
		size_t k = strlen(list);

		snprintf(list + k, sizeof(list) - k, "%s%s", i ? ", " : "", w->word[i]);
	}
	return sk_err_set(err, -EINVAL, w->path, "unknown service; write some of %s",
		"サービス名が正しくありません。次の中から書いてください: %s", list);
}

static int parse_words(const struct words *w, const char *s, uint8_t *ret, struct sk_err *err)
{
	uint8_t mask = 0;
	int r = 0;

	if (strcmp(s, "none") == 0)
		s = "";
	while (r == 0 && *(s += strspn(s, " ,"))) {
		size_t n = strcspn(s, " ,");

		r = add_word(w, s, n, &mask, err);
		s += n;
	}
	if (r == 0)
		*ret = mask;
	return r;
}

int fw_zone_serve_parse(const char *list, uint8_t *ret, struct sk_err *err)
{
	return parse_words(&serves, list, ret, err);
}

int fw_zone_use_parse(const char *list, uint8_t *ret, struct sk_err *err)
{
	return parse_words(&uses, list, ret, err);
}

static int check_one(const struct fw_zone *z, struct sk_err *err)
{
	if (!fw_zone_name_valid(z->name))
		return sk_err_set(err, -EINVAL, "name",
			"a zone name is a small letter followed by small letters, digits or \"_\", "
			"at "
			"most %d characters, and not \"%s\"",
			"ゾーン名は英小文字で始まる英小文字・数字・「_」の%d文字以内で、「%"
			"s」は使えません",
			FW_ZONE_NAME_MAX, FW_ZONE_SELF);
	if ((unsigned)z->kind >= FW_ZONE_KINDS)
		return fw_zone_kind_unknown(err);
	if (!label_valid(z->label))
		return sk_err_set(err, -EINVAL, "label", "the label is not printable text",
			"表示名に使えない文字があります");
	if (z->kind == FW_ZONE_OUTSIDE && z->serve)
		return sk_err_set(err, -EINVAL, "serve",
			"the gateway serves no outside zone: remove serve, or set another kind",
			"外部のゾーンにはサービスを提供できません。serve "
			"を消すか、種別を変えてください");
	if (z->n_ifaces > FW_ZONE_IFACES_MAX)
		return sk_err_set(err, -E2BIG, "interfaces", "more than %d interfaces",
			"インターフェースは%d個までです", FW_ZONE_IFACES_MAX);
	if (z->bridge[0] && !iface_valid(z->bridge))
		return sk_err_set(err, -EINVAL, "bridge", "the bridge has no valid name",
			"ブリッジの名前が正しくありません");
	for (size_t i = 0; i < z->n_ifaces; i++) {
		if (!iface_valid(z->ifaces[i]))
			return sk_err_set(err, -EINVAL, "interfaces",
				"interface %zu has no valid name",
				"%zu番目のインターフェース名が正しくありません", i + 1);
		if (strcmp(z->ifaces[i], z->bridge) == 0)
			return sk_err_set(err, -EINVAL, "bridge",
				"%s is an interface of the zone: name the bridge that it is a port "
				"of",
				"%s はゾーンのインターフェースです。"
				"それがポートとして属するブリッジの名前を指定してください",
				z->bridge);
		for (size_t j = 0; j < i; j++) {
			if (strcmp(z->ifaces[i], z->ifaces[j]) == 0)
				return sk_err_set(err, -EINVAL, "interfaces",
					"interface %s is listed twice",
					"インターフェース %s が重複しています", z->ifaces[i]);
		}
	}
	return 0;
}

/* Against the zones before it: a name or an interface belongs to one zone. */
static int check_unique(const struct fw_zone *all, size_t i, struct sk_err *err)
{
	const struct fw_zone *z = &all[i], *other;

	if (fw_zone_find(all, i, z->name))
		return sk_err_set(err, -EEXIST, "name", "zone %s is defined twice",
			"ゾーン %s が重複しています", z->name);
	for (size_t k = 0; k < z->n_ifaces; k++) {
		other = fw_zone_of_iface(all, i, z->ifaces[k]);
		if (other)
			return sk_err_set(err, -EEXIST, "interfaces",
				"interface %s belongs to zone %s already",
				"インターフェース %s はゾーン %s に属しています", z->ifaces[k],
				other->name);
	}
	return 0;
}

int fw_zones_validate(const struct fw_zone *z, size_t n, struct sk_err *err)
{
	if (n > FW_ZONES_MAX)
		return sk_err_set(err, -E2BIG, "zones", "more than %d zones",
			"ゾーンは%d個までです", FW_ZONES_MAX);
	for (size_t i = 0; i < n; i++) {
		int r = check_one(&z[i], err);

		if (r == 0)
			r = check_unique(z, i, err);
		if (r < 0) {
			sk_err_prefix(err, "zones[%zu]", i);
			return r;
		}
	}
	return 0;
}

const struct fw_zone *fw_zone_find(const struct fw_zone *z, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(z[i].name, name) == 0)
			return &z[i];
	}
	return NULL;
}

const struct fw_zone *fw_zone_of_iface(const struct fw_zone *z, size_t n, const char *ifname)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < z[i].n_ifaces; k++) {
			if (strcmp(z[i].ifaces[k], ifname) == 0)
				return &z[i];
		}
	}
	return NULL;
}

/* Only if there are any, so that a zone without has the form it had before there were services. */
static int put_words(json_t *v, const struct words *w, uint8_t mask)
{
	json_t *list;
	int r = 0;

	if (!mask)
		return 0;
	list = json_array();
	for (size_t i = 0; list && r == 0 && w->word[i]; i++) {
		if (mask & 1u << i)
			r = json_array_append_new(list, json_string(w->word[i]));
	}
	return json_object_set_new(v, w->path, list) < 0 ? -1 : r;
}

json_t *fw_zone_to_json(const struct fw_zone *z)
{
	json_t *ifaces = json_array(), *v;

	for (size_t i = 0; ifaces && i < z->n_ifaces; i++) {
		if (json_array_append_new(ifaces, json_string(z->ifaces[i])) < 0) {
			json_decref(ifaces);
			return NULL;
		}
	}
	v = json_pack("{s:s, s:s, s:s, s:b, s:b, s:b, s:b, s:b, s:o}", "name", z->name, "label",
		z->label, "kind", fw_zone_kind_name(z->kind), "reject", z->reject, "dhcp_client",
		z->dhcp_client, "manage", z->manage, "ping", z->ping, "bogons", z->bogons,
		"interfaces", ifaces);
	if (v && z->bridge[0])
		json_object_set_new(v, "bridge", json_string(z->bridge));
	if (v && put_words(v, &serves, z->serve) == 0 && put_words(v, &uses, z->use) == 0)
		return v;
	json_decref(v);
	return NULL;
}

static int copy_text(const char *s, const char *path, char *dst, size_t cap, struct sk_err *err)
{
	size_t n = strlen(s);

	if (n >= cap)
		return sk_err_set(err, -EINVAL, path, "longer than %zu bytes",
			"%zuバイトを超えています", cap - 1);
	memcpy(dst, s, n + 1);
	return 0;
}

static int read_ifaces(const json_t *v, struct fw_zone *z, struct sk_err *err)
{
	json_t *list = NULL;
	int r = sk_json_array(v, "interfaces", true, &list, err);

	if (r < 0)
		return r;
	if (json_array_size(list) > FW_ZONE_IFACES_MAX)
		return sk_err_set(err, -E2BIG, "interfaces", "more than %d interfaces",
			"インターフェースは%d個までです", FW_ZONE_IFACES_MAX);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *s = json_string_value(json_array_get(list, i));

		if (!s || !iface_valid(s))
			return sk_err_set(err, -EINVAL, "interfaces",
				"interface %zu has no valid name",
				"%zu番目のインターフェース名が正しくありません", i + 1);
		r = copy_text(s, "interfaces", z->ifaces[i], sizeof(z->ifaces[i]), err);
		if (r < 0)
			return r;
	}
	z->n_ifaces = json_array_size(list);
	return 0;
}

static int read_words(const json_t *v, const struct words *w, uint8_t *ret, struct sk_err *err)
{
	json_t *list = NULL;
	uint8_t mask = 0;
	int r = sk_json_array(v, w->path, false, &list, err);

	for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
		const char *s = json_string_value(json_array_get(list, i));

		r = add_word(w, s ? s : "", s ? strlen(s) : 0, &mask, err);
	}
	if (r == 0)
		*ret = mask;
	return r;
}

static int read_flags(const json_t *v, struct fw_zone *z, struct sk_err *err)
{
	const struct {
		const char *key;
		bool *ret;
	} flags[] = {
		{"reject", &z->reject},
		{"dhcp_client", &z->dhcp_client},
		{"manage", &z->manage},
		{"ping", &z->ping},
		{"bogons", &z->bogons},
	};

	int r;

	for (size_t i = 0; i < SK_ARRAY_SIZE(flags); i++) {
		r = sk_json_bool(v, flags[i].key, false, flags[i].ret, err);

		if (r < 0)
			return r;
	}
	r = read_words(v, &serves, &z->serve, err);
	return r < 0 ? r : read_words(v, &uses, &z->use, err);
}

int fw_zone_from_json(const json_t *v, struct fw_zone *ret, struct sk_err *err)
{
	static const char *const keys[] = {"name", "label", "kind", "reject", "dhcp_client",
		"manage", "ping", "bogons", "serve", "use", "interfaces", "bridge", NULL};
	struct fw_zone z = {0};
	const char *name = NULL, *label = "", *kind = NULL, *bridge = "";
	int r;

	if (!json_is_object(v))
		return sk_err_set(err, -EINVAL, NULL, "a zone is an object",
			"ゾーンの形式が正しくありません");
	if ((r = sk_json_only(v, keys, err)) < 0 ||
		(r = sk_json_str(v, "name", true, &name, err)) < 0 ||
		(r = sk_json_str(v, "label", false, &label, err)) < 0 ||
		(r = sk_json_str(v, "kind", true, &kind, err)) < 0 ||
		(r = sk_json_str(v, "bridge", false, &bridge, err)) < 0)
		return r;
	if (fw_zone_kind_parse(kind, &z.kind) < 0)
		return fw_zone_kind_unknown(err);
	if ((r = copy_text(name, "name", z.name, sizeof(z.name), err)) < 0 ||
		(r = copy_text(label, "label", z.label, sizeof(z.label), err)) < 0 ||
		(r = copy_text(bridge, "bridge", z.bridge, sizeof(z.bridge), err)) < 0 ||
		(r = read_flags(v, &z, err)) < 0 || (r = read_ifaces(v, &z, err)) < 0 ||
		(r = check_one(&z, err)) < 0)
		return r;
	*ret = z;
	return 0;
}
