// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The questions of `sekisho setup`, in the order in which people know the answers. What is typed
 * becomes the set-up document; whether it is right as a whole the manager says.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/util.h"
#include "mgmt/cli/wizard.h"
#include "mgmt/screen/keys.h"

static const char *text_of(const json_t *v, const char *key)
{
	return json_string_value(json_object_get(v, key));
}

/* The object at key, made if it is not there. Borrowed. */
static json_t *below(json_t *v, const char *key)
{
	json_t *o = json_object_get(v, key);

	if (!o) {
		json_object_set_new(v, key, json_object());
		o = json_object_get(v, key);
	}
	return o;
}

static int put_text(
	struct wiz *w, json_t *v, const char *key, const struct sk_text *q, const char *usual)
{
	const char *def = text_of(v, key);
	char s[256];
	int r = wiz_text(w, q, def ? def : usual, s, sizeof(s));

	if (r == 0)
		json_object_set_new(v, key, json_string(s));
	return r;
}

struct address {
	const char *key;
	struct sk_text q;
	int family;
	bool prefix;
};

static int put_address(struct wiz *w, json_t *v, const struct address *a, const char *usual)
{
	const char *def = text_of(v, a->key);
	char s[WIZ_ADDRESS];
	int r = wiz_address(w, &a->q, def ? def : usual, a->family, a->prefix, s);

	if (r == 0)
		json_object_set_new(v, a->key, json_string(s));
	return r;
}

static int put_yes(struct wiz *w, json_t *v, const char *key, const struct sk_text *q, bool usual)
{
	const json_t *old = json_object_get(v, key);
	int r = wiz_yes(w, q, old ? json_is_true(old) : usual);

	if (r >= 0)
		json_object_set_new(v, key, json_boolean(r));
	return SK_MIN(r, 0);
}

/* One of words; their texts are beside. */
static int put_word(struct wiz *w, json_t *v, const char *key, const struct sk_text *q,
	const char *const *words, const struct sk_text *texts)
{
	const char *old = text_of(v, key);
	int n = 0, def = 0, r;

	for (; words[n]; n++)
		if (old && strcmp(old, words[n]) == 0)
			def = n;
	r = wiz_choice(w, q, texts, n, def);
	if (r >= 0)
		json_object_set_new(v, key, json_string(words[r]));
	return SK_MIN(r, 0);
}

/*
 * Asked once and for all, before anything that needs more than letters and digits; it is the
 * keyboard's layout at once where the caller may set it, else when the settings are in force.
 */
static int keyboard(struct wiz *w, json_t *doc)
{
	static const char *const layouts[] = {"jp", "us", NULL};
	static const struct sk_text texts[] = {
		{"Japanese (106/109 keys)", "日本語配列 (106/109 キー)"}, {"US", "英語配列 (US)"}};
	struct sk_err err = {0};
	int r;

	if (!w->screen || text_of(doc, "keyboard"))
		return 0;
	r = wiz_choice(w, &(struct sk_text){"Keyboard", "キーボードの種類"}, texts, 2,
		w->lang == SK_JA ? 0 : 1);
	if (r < 0)
		return r;
	json_object_set_new(doc, "keyboard", json_string(layouts[r]));
	if (geteuid() == 0 && scr_keys_apply(r ? SCR_KEYS_US : SCR_KEYS_JP, &err) < 0)
		wiz_fault(w, "  ", &err);
	return 0;
}

/* ---- the box ----------------------------------------------------------------------------------
 */
static int box(struct wiz *w, json_t *doc)
{
	static const char *const operations[] = {"routed", "transparent", NULL};
	static const struct sk_text operation_texts[] = {
		{"routed: the inside has networks of its own",
			"ルーター運用: 社内側は独自のネットワーク"},
		{"transparent: between a router and a LAN that keep their addresses",
			"透過運用: 既存のルーターと LAN のアドレスを変えずに間に入れる"}};
	char s[256];
	int r = put_text(
		w, doc, "site", &(struct sk_text){"Name of the site", "拠点・会社名"}, NULL);

	if (r == 0)
		r = put_text(w, doc, "hostname",
			&(struct sk_text){"Name of this machine", "装置の名前(ホスト名)"},
			"sekisho");
	if (r == 0)
		r = put_text(w, doc, "timezone", &(struct sk_text){"Time zone", "タイムゾーン"},
			"Asia/Tokyo");
	if (r == 0)
		r = wiz_text(w, &(struct sk_text){"Time server", "時刻サーバー (NTP)"},
			json_array_size(json_object_get(doc, "ntp"))
				? json_string_value(json_array_get(json_object_get(doc, "ntp"), 0))
				: "ntp.nict.jp",
			s, sizeof(s));
	if (r == 0)
		json_object_set_new(doc, "ntp", json_pack("[s]", s));
	if (r == 0)
		r = put_word(w, doc, "operation",
			&(struct sk_text){
				"How does it stand in the network?", "ネットワークへの組み込み方"},
			operations, operation_texts);
	if (r == 0 && sk_streq(text_of(doc, "operation"), "transparent"))
		wiz_say(w,
			"  The gateway becomes a bridge. Devices keep their addresses and the "
			"router; "
			"what the\n"
			"  policy allows passes, IPv4 and IPv6, and so do the router's DHCP and "
			"router\n"
			"  advertisements. Other protocols do not: PPPoE, VLAN tags, STP. No DHCP, "
			"no "
			"address\n"
			"  translation by the gateway. It takes two kinds of ports: wan and lan.\n",
			"  本装置はブリッジになります。端末のアドレスとルーターはそのままです。"
			"ポリシーで許可\n"
			"  した通信(IPv4・IPv6)と、ルーターの "
			"DHCP・ルーター広告が通ります。その他の"
			"プロトコル\n"
			"  (PPPoE、VLAN タグ、STP)は通りません。本装置の DHCP "
			"とアドレス変換は使えません。\n"
			"  ポートは wan と lan の 2 種類です。\n");
	return r;
}

/* ---- networks ---------------------------------------------------------------------------------
 */
static json_t *network(json_t *doc, const char *role)
{
	json_t *nets = json_object_get(doc, "networks"), *n;

	if (!nets) {
		json_object_set_new(doc, "networks", json_array());
		nets = json_object_get(doc, "networks");
	}
	for (size_t i = 0; i < json_array_size(nets); i++) {
		n = json_array_get(nets, i);
		if (sk_streq(text_of(n, "role"), role))
			return n;
	}
	json_array_append_new(nets, json_pack("{s:s}", "role", role));
	return json_array_get(nets, json_array_size(nets) - 1);
}

static void only(json_t *v, const char *const *keys)
{
	for (; *keys; keys++)
		json_object_del(v, *keys);
}

static int static_line(struct wiz *w, json_t *v, int family)
{
	const bool six = family == AF_INET6;
	char s[WIZ_ADDRESS];
	int r = put_address(w, v,
		&(struct address){"address",
			{"Address of the gateway with its prefix",
				"本装置のアドレス(プレフィックス長付き)"},
			family, true},
		NULL);

	if (r == 0)
		r = put_address(w, v,
			&(struct address){"gateway", {"Next router", "上位ルーターのアドレス"},
				family, false},
			NULL);
	if (r < 0 || six)
		return r;
	r = wiz_address(w, &(struct sk_text){"Name server of the line", "回線の DNS サーバー"},
		json_string_value(json_array_get(json_object_get(v, "dns"), 0)), family, false, s);
	if (r == 0)
		json_object_set_new(v, "dns", json_pack("[s]", s));
	return r;
}

static int pppoe(struct wiz *w, json_t *n)
{
	json_t *v = below(n, "pppoe");
	char s[128];
	int r = put_text(w, v, "user",
		&(struct sk_text){
			"User of the line (NAME@ISP)", "接続ユーザー名 (名前@プロバイダ)"},
		NULL);

	if (r == 0)
		r = wiz_password(w,
			&(struct sk_text){"Password of the line (Enter: as it was)",
				"接続パスワード (Enter で変更しない)"},
			s, sizeof(s));
	if (r == 0 && s[0])
		json_object_set_new(v, "password", json_string(s));
	explicit_bzero(s, sizeof(s));
	return r;
}

static int line4(struct wiz *w, json_t *n, bool transparent)
{
	static const char *const methods[] = {"dhcp", "static", "pppoe", "none", NULL};
	static const char *const shared[] = {"static", "dhcp", NULL};
	static const struct sk_text texts[] = {
		{"automatic (DHCP)", "自動 (DHCP)"},
		{"fixed address", "固定アドレス"},
		{"PPPoE", "PPPoE"},
		{"no IPv4", "IPv4 なし"},
	};
	static const struct sk_text shared_texts[] = {
		{"fixed address", "固定アドレス"},
		{"from the router (DHCP)", "ルーターから取得 (DHCP)"},
	};
	json_t *v = below(n, "ipv4");
	const char *m;
	int r = 0;

	if (transparent)
		r = put_word(w, v, "method",
			&(struct sk_text){"The gateway's own IPv4 address in the shared network",
				"共有するネットワークでの本装置自身の IPv4 アドレス"},
			shared, shared_texts);
	else
		r = put_word(w, v, "method",
			&(struct sk_text){"Internet line, IPv4", "インターネット回線の IPv4"},
			methods, texts);
	m = text_of(v, "method");
	if (r == 0 && !sk_streq(m, "static"))
		only(v, (const char *const[]){"address", "gateway", "dns", NULL});
	if (r == 0 && !sk_streq(m, "pppoe"))
		json_object_del(n, "pppoe");
	if (r == 0 && sk_streq(m, "static"))
		return static_line(w, v, AF_INET);
	return r == 0 && sk_streq(m, "pppoe") ? pppoe(w, n) : r;
}

static int line6(struct wiz *w, json_t *n)
{
	static const struct sk_text texts[] = {
		{"none", "なし"},
		{"automatic, with a prefix for the inside (delegation)",
			"自動。社内側のプレフィックスも取得する (DHCPv6-PD)"},
		{"automatic, for the gateway alone", "自動。本装置のアドレスだけ"},
		{"fixed address", "固定アドレス"},
	};
	static const char *const methods[] = {"none", "auto", "auto", "static"};
	json_t *v = below(n, "ipv6");
	const char *m = text_of(v, "method");
	int def = sk_streq(m, "static")                                 ? 3
		: !m || sk_streq(m, "none")                             ? 0
		: json_is_true(json_object_get(v, "prefix_delegation")) ? 1
									: 2;
	int r = wiz_choice(w, &(struct sk_text){"Internet line, IPv6", "インターネット回線の IPv6"},
		texts, SK_ARRAY_SIZE(texts), def);

	if (r < 0)
		return r;
	json_object_set_new(v, "method", json_string(methods[r]));
	json_object_set_new(v, "prefix_delegation", json_boolean(r == 1));
	if (r == 3)
		return static_line(w, v, AF_INET6);
	only(v, (const char *const[]){"address", "gateway", "dns", NULL});
	return 0;
}

/* Its own address in the shared network. */
static int shared6(struct wiz *w, json_t *n)
{
	static const struct sk_text texts[] = {
		{"none", "なし"},
		{"automatic (router advertisements)", "自動 (ルーター広告)"},
		{"fixed address", "固定アドレス"},
	};
	static const char *const methods[] = {"none", "auto", "static"};
	json_t *v = below(n, "ipv6");
	int def = 0, r;

	for (int i = 0; i < 3; i++)
		if (sk_streq(text_of(v, "method"), methods[i]))
			def = i;
	r = wiz_choice(w,
		&(struct sk_text){"The gateway's own IPv6 address", "本装置自身の IPv6 アドレス"},
		texts, SK_ARRAY_SIZE(texts), def);
	if (r < 0)
		return r;
	json_object_set_new(v, "method", json_string(methods[r]));
	json_object_del(v, "prefix_delegation");
	if (r == 2)
		return static_line(w, v, AF_INET6);
	only(v, (const char *const[]){"address", "gateway", "dns", NULL});
	return 0;
}

static int lease_range(struct wiz *w, json_t *n, const char *own)
{
	const json_t *old = json_object_get(n, "dhcp");
	struct mg_gw_ip ip, net;
	char from[WIZ_ADDRESS] = "", to[WIZ_ADDRESS] = "";
	json_t *v;
	int r = wiz_yes(w,
		&(struct sk_text){
			"Hand out addresses here (DHCP)?", "アドレスを自動で配りますか (DHCP)?"},
		old || !json_object_get(n, "dns"));

	if (r <= 0) {
		json_object_del(n, "dhcp");
		return r;
	}
	/* .100 to .199 where there is room. */
	if (own && mg_gw_ip_parse(own, AF_INET, true, &ip) == 0 && ip.prefix <= 24) {
		net = mg_gw_ip_network(&ip);
		net.b[3] = 100;
		mg_gw_ip_text(&net, false, from, sizeof(from));
		net.b[3] = 199;
		mg_gw_ip_text(&net, false, to, sizeof(to));
	}
	v = below(n, "dhcp");
	json_object_del(v, "relay");
	r = put_address(w, v,
		&(struct address){"from", {"First address", "最初のアドレス"}, AF_INET, false},
		from);
	return r == 0 ? put_address(w, v,
				&(struct address){
					"to", {"Last address", "最後のアドレス"}, AF_INET, false},
				to)
		      : r;
}

static int inside6(struct wiz *w, json_t *n, int role, bool delegation)
{
	static const struct sk_text texts[] = {
		{"none", "なし"},
		{"fixed address", "固定アドレス"},
		{"a part of the line's prefix", "回線から取得したプレフィックスを使う"},
	};
	static const char *const methods[] = {"none", "static", "delegated"};
	json_t *v = below(n, "ipv6");
	int def = delegation ? 2 : 0, r;

	for (int i = 0; i < 3; i++)
		if (sk_streq(text_of(v, "method"), methods[i]))
			def = i;
	r = wiz_choice(w, &(struct sk_text){"  IPv6", "  IPv6"}, texts, delegation ? 3 : 2,
		delegation ? def : SK_MIN(def, 1));
	if (r < 0)
		return r;
	json_object_set_new(v, "method", json_string(methods[r]));
	if (r == 2)
		json_object_set_new(v, "subnet", json_integer(role));
	else
		json_object_del(v, "subnet");
	if (r == 1)
		return put_address(w, v,
			&(struct address){"address",
				{"Address of the gateway with its prefix",
					"本装置のアドレス(プレフィックス長付き)"},
				AF_INET6, true},
			NULL);
	json_object_del(v, "address");
	return 0;
}

static int inside(struct wiz *w, json_t *doc, int role, bool shared)
{
	json_t *n = network(doc, mg_gw_role_name((enum mg_gw_role)role)), *v = below(n, "ipv4");
	const bool delegation = json_is_true(
		json_object_get(json_object_get(network(doc, "wan"), "ipv6"), "prefix_delegation"));
	char usual[32];
	int r = 0;

	wiz_say(w, "\n-- %s (%s)\n", "\n-- %s (%s)\n",
		sk_text(mg_gw_role_text((enum mg_gw_role)role), w->lang),
		mg_gw_role_name((enum mg_gw_role)role));
	json_object_set_new(v, "method", json_string(shared ? "none" : "static"));
	snprintf(usual, sizeof(usual), "192.168.%d.1/24", role * 10);
	if (shared) {
		json_object_del(v, "address");
		json_object_del(n, "ipv6");
		json_object_del(n, "dhcp");
	} else {
		r = put_address(w, v,
			&(struct address){"address",
				{"Address of the gateway with its prefix",
					"本装置のアドレス(プレフィックス長付き)"},
				AF_INET, true},
			usual);
	}
	if (r == 0 && !shared)
		r = inside6(w, n, role, delegation);
	if (r == 0 && !shared)
		r = lease_range(w, n, text_of(v, "address"));
	if (r == 0)
		r = put_yes(w, n, "dns",
			&(struct sk_text){
				"Answer names here (DNS)?", "名前解決 (DNS) を提供しますか?"},
			role != MG_GW_DMZ);
	if (r == 0)
		r = put_yes(w, n, "ntp",
			&(struct sk_text){
				"Give the time here (NTP)?", "時刻 (NTP) を提供しますか?"},
			role != MG_GW_DMZ);
	return r == 0 ? put_yes(w, n, "manage",
				&(struct sk_text){"May the gateway be administered from here?",
					"ここから本装置を管理できるようにしますか?"},
				role == MG_GW_LAN || role == MG_GW_MANAGE)
		      : r;
}

/* Networks without a port any more leave. */
static bool has_port(const json_t *doc, const char *role)
{
	const json_t *ports = json_object_get(doc, "ports");

	for (size_t i = 0; i < json_array_size(ports); i++)
		if (sk_streq(text_of(json_array_get(ports, i), "role"), role))
			return true;
	return false;
}

static int networks(struct wiz *w, json_t *doc)
{
	const bool transparent = sk_streq(text_of(doc, "operation"), "transparent");
	json_t *wan = network(doc, "wan"), *nets = json_object_get(doc, "networks");
	int r;

	for (size_t i = json_array_size(nets); i-- > 0;)
		if (!has_port(doc, text_of(json_array_get(nets, i), "role")))
			json_array_remove(nets, i);
	if (transparent)
		wiz_say(w, "\n-- the gateway in the shared network\n",
			"\n-- 共有するネットワークでの本装置\n");
	else
		wiz_say(w, "\n-- internet (wan)\n", "\n-- インターネット (wan)\n");
	r = line4(w, wan, transparent);
	if (r == 0)
		r = transparent ? shared6(w, wan) : line6(w, wan);
	for (int role = MG_GW_LAN; r == 0 && role < MG_GW_ROLES; role++)
		if (has_port(doc, mg_gw_role_name((enum mg_gw_role)role)))
			r = inside(w, doc, role, transparent && role == MG_GW_LAN);
	return r;
}

/* ---- people -----------------------------------------------------------------------------------
 */
int wiz_new_password(struct wiz *w, const char *name, char *dst, size_t cap)
{
	for (;;) {
		struct sk_err why = {0};
		char again[128];
		int r = wiz_password(w, &(struct sk_text){"Password", "パスワード"}, dst, cap);

		if (r < 0)
			return r;
		if (mg_gateway_check_password(dst, name, &why) < 0) {
			wiz_fault(w, "  ", &why);
			continue;
		}
		r = wiz_password(
			w, &(struct sk_text){"Once more", "もう一度"}, again, sizeof(again));
		if (r < 0 || strcmp(dst, again) == 0) {
			explicit_bzero(again, sizeof(again));
			return r;
		}
		wiz_say(w, "  They differ.\n", "  一致しません。\n");
	}
}

static int person(struct wiz *w, json_t *people, const char *usual, json_t *roles)
{
	json_t *p = json_pack("{s:o}", "roles", roles);
	char password[128];
	int r = put_text(w, p, "name",
		&(struct sk_text){"User name (small letters)", "利用者名 (英小文字)"}, usual);

	if (r == 0)
		r = put_text(w, p, "display", &(struct sk_text){"Full name", "氏名"}, NULL);
	if (r == 0)
		r = wiz_new_password(w, text_of(p, "name"), password, sizeof(password));
	if (r == 0)
		json_object_set_new(p, "password", json_string(password));
	explicit_bzero(password, sizeof(password));
	json_array_append_new(people, p);
	return r;
}

static int people(struct wiz *w, json_t *doc)
{
	json_t *list = json_array();
	int r;

	json_object_set_new(doc, "people", list);
	wiz_say(w,
		"\n-- people: two, for nobody approves what they asked for themselves\n"
		"The administrator:\n",
		"\n-- 利用者: 申請した本人は承認できないため、2 人必要です\n管理者:\n");
	r = person(w, list, NULL, json_pack("[s, s]", "requester", "admin"));
	if (r < 0)
		return r;
	wiz_say(w, "The approver, another person:\n", "承認者(管理者とは別の人):\n");
	return person(w, list, NULL, json_pack("[s]", "approver"));
}

/* ---- protection -------------------------------------------------------------------------------
 */
static int protection(struct wiz *w, json_t *doc, bool first)
{
	static const char *const profiles[] = {"balanced", "monitor", "strict", NULL};
	static const struct sk_text profile_texts[] = {
		{"balanced: what is surely malicious is blocked", "標準: 確実な不正通信を遮断する"},
		{"monitor: only report", "監視: 検知して記録するだけ"},
		{"strict: block what is suspicious, too", "厳格: 疑わしい通信も遮断する"}};
	static const char *const down[] = {"closed", "open", NULL};
	static const struct sk_text down_texts[] = {
		{"stop traffic", "通信を止める"}, {"let it pass", "通信を通す"}};
	static const char *const admission[] = {"off", "learn", NULL};
	static const struct sk_text admission_texts[] = {{"off", "使わない"},
		{"learn: note which devices there are", "学習: 接続された端末を記録する"}};
	json_t *v = below(doc, "inspection");
	int r;

	wiz_say(w, "\n-- protection\n", "\n-- 保護\n");
	r = put_word(w, v, "profile",
		&(struct sk_text){"Inspection of contents", "不正侵入の検知・遮断"}, profiles,
		profile_texts);
	if (r == 0)
		r = put_word(w, v, "when_down",
			&(struct sk_text){
				"While the inspection does not run", "検査が動いていない間の通信"},
			down, down_texts);
	if (r == 0)
		r = put_word(w, doc, "admission",
			&(struct sk_text){"Admission of devices", "端末の接続制御"}, admission,
			admission_texts);
	if (r < 0 || !first)
		return r;
	r = wiz_yes(w,
		&(struct sk_text){"Ask for the first rule: web access of the office?",
			"最初のルール「社内LANのWeb閲覧」を申請しますか?"},
		true);
	if (r >= 0)
		json_object_set_new(doc, "first_rules", r ? json_pack("[s]", "web") : json_array());
	return SK_MIN(r, 0);
}

static void summary(struct wiz *w, const json_t *doc)
{
	const json_t *ports = json_object_get(doc, "ports");
	const json_t *nets = json_object_get(doc, "networks");
	const char *site = text_of(doc, "site");
	char shown[1024];

	sk_escape(shown, sizeof(shown), site, strlen(site));
	wiz_say(w, "\n== Summary\n", "\n== 確認\n");
	fprintf(w->out, "  %s / %s / %s\n", shown, text_of(doc, "hostname"),
		text_of(doc, "operation"));
	for (size_t i = 0; i < json_array_size(ports); i++) {
		const json_t *p = json_array_get(ports, i);

		fprintf(w->out, "  %-8s %s\n", text_of(p, "role"),
			text_of(json_object_get(p, "match"), "name"));
	}
	for (size_t i = 0; i < json_array_size(nets); i++) {
		const json_t *n = json_array_get(nets, i), *four = json_object_get(n, "ipv4"),
			     *six = json_object_get(n, "ipv6");
		const char *a = text_of(four, "address"), *b = text_of(six, "address");

		fprintf(w->out, "  %-8s IPv4 %s %s  IPv6 %s %s%s\n", text_of(n, "role"),
			text_of(four, "method"), a ? a : "", six ? text_of(six, "method") : "none",
			b ? b : "", json_object_get(n, "dhcp") ? "  DHCP" : "");
	}
	fflush(w->out);
}

int wiz_setup(struct wiz *w, json_t *doc, bool first, struct sk_err *err)
{
	int r;

	json_object_set_new(doc, "format", json_string("sekisho-setup"));
	json_object_set_new(doc, "version", json_integer(MG_GW_VERSION));
	json_object_set_new(doc, "language", json_string(w->lang == SK_JA ? "ja" : "en"));
	wiz_say(w, "Set-up of Sekisho. Enter takes what stands in [ ].\n\n",
		"関所の設定。[ ] の値でよければ Enter を押してください。\n\n");
	r = keyboard(w, doc);
	if (r == 0)
		r = box(w, doc);
	if (r == 0)
		r = wiz_ports(w, doc, err);
	if (r == 0)
		r = networks(w, doc);
	if (r == 0 && first)
		r = people(w, doc);
	if (r == 0)
		r = protection(w, doc, first);
	if (r == 0) {
		summary(w, doc);
		r = wiz_yes(w, &(struct sk_text){"Set it up like this?", "この内容で設定しますか?"},
			false);
		r = r == 1 ? 0 : r == 0 ? -ECANCELED : r;
	}
	if (r == -EPIPE)
		return sk_err_set(err, r, NULL, "the input ended; nothing was changed",
			"入力が終わりました。何も変更していません");
	if (r == -ECANCELED)
		return sk_err_set(err, r, NULL, "nothing was changed", "何も変更していません");
	return r;
}
