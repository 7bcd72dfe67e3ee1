/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings: their keys, types, limits and defaults, and the value in force. */
#include <errno.h>
#include <string.h>

#include "mgmt/store/changes.h"
#include "mgmt/store/db.h"

static const struct mg_setting_def defs[] = {
	{"apply.confirm_seconds", "60", MG_SET_INT, 10, 3600, false,
		{"seconds to confirm an applied policy before it is taken back",
			"適用後、確認がない場合に自動で元に戻すまでの秒数"}},
	{"backup.drill_days", "190", MG_SET_INT, 0, 3660, false,
		{"days without a rehearsed restore after which status warns (0: never)",
			"復元訓練がないまま経過すると警告する日数 (0: 警告しない)"}},
	{"backup.every_days", "1", MG_SET_INT, 0, 31, false,
		{"days between automatic backups, once there is a key for them (0: none)",
			"自動バックアップの間隔 (日)。鍵の作成後に始まる (0: 行わない)"}},
	{"backup.hour", "2", MG_SET_INT, 0, 23, false,
		{"hour of the day of automatic backups", "自動バックアップを行う時刻 (時)"}},
	{"backup.keep", "14", MG_SET_INT, 1, 3660, false,
		{"automatic backups that are kept", "残す自動バックアップの数"}},
	{"backup.place", "", MG_SET_TEXT, 0, 255, false,
		{"folder for backups, such as a mounted stick or share; empty: on this gateway",
			"バックアップの保存先フォルダー (マウントした USB メモリや共有など)。"
			"空は本装置内"}},
	{"backup.warn_days", "8", MG_SET_INT, 1, 3660, false,
		{"days without a backup after which status warns",
			"バックアップがないまま経過すると警告する日数"}},
	{"blocklist.dns_a", "", MG_SET_ADDR4, 0, 0, false,
		{"IPv4 address that look-ups of blocked names are answered with "
		 "(blocklist.dns_answer address)",
			"遮断した名前の問い合わせに返す IPv4 アドレス (blocklist.dns_answer が "
			"address の場合)"}},
	{"blocklist.dns_aaaa", "", MG_SET_ADDR6, 0, 0, false,
		{"the same for IPv6", "同じく IPv6 アドレス"}},
	{"blocklist.dns_answer", "nxdomain", MG_SET_WORD, 0, 0, false,
		{"how look-ups of blocked names are answered: nxdomain (no such name) or address",
			"遮断した名前の問い合わせへの応答: nxdomain (存在しない) または address "
			"(指定アドレス)"}},
	{"blocklist.enabled", "yes", MG_SET_BOOL, 0, 0, true,
		{"block the addresses on blocklists", "不正サイト一覧のアドレスを遮断する"}},
	{"blocklist.learn", "yes", MG_SET_BOOL, 0, 0, false,
		{"block the addresses that blocked names have, too, while they have them",
			"遮断した名前が指すアドレスも、その有効期間中遮断する"}},
	{"blocklist.max_bad", "5", MG_SET_INT, 0, 100, false,
		{"percent of impossible entries (private, too wide …) beyond which a list is "
		 "refused",
			"登録できない項目 (私設アドレス、広すぎる範囲など) がこの割合 (%) "
			"を超えた一覧は取り込まない"}},
	{"blocklist.max_cover", "5", MG_SET_INT, 1, 100, false,
		{"percent of all IPv4 or IPv6 addresses beyond which a list is refused",
			"IPv4 または IPv6 の全アドレスのうち、この割合 (%) "
			"を超えて占める一覧は取り込まない"}},
	{"blocklist.max_entries", "3000000", MG_SET_INT, 1000, 8000000, false,
		{"entries of all blocklists together", "全一覧の項目数の上限"}},
	{"blocklist.max_errors", "5", MG_SET_INT, 0, 100, false,
		{"percent of unreadable lines beyond which a list is refused",
			"読み取れない行がこの割合 (%) を超えた一覧は取り込まない"}},
	{"blocklist.max_growth", "4", MG_SET_INT, 2, 1000, false,
		{"a list that grew by more than this factor is refused",
			"前回のこの倍数を超えて増えた一覧は取り込まない"}},
	{"blocklist.max_hits", "10", MG_SET_INT, 0, 100000, false,
		{"new entries that are allowed, or that this site talks to, beyond which a list in "
		 "block mode is refused",
			"除外リストや日常の通信先に当たる新しい項目がこの数を超えた一覧 "
			"(遮断モード) は取り込まない"}},
	{"blocklist.max_loss", "50", MG_SET_INT, 1, 100, false,
		{"a list that lost more than this percentage of its entries is refused",
			"前回からこの割合 (%) を超えて減った一覧は取り込まない"}},
	{"blocklist.width4", "8", MG_SET_INT, 1, 24, false,
		{"IPv4 networks wider than this prefix are left out of lists",
			"このプレフィックス長より広い IPv4 の範囲は一覧から除く"}},
	{"blocklist.width6", "16", MG_SET_INT, 1, 64, false,
		{"IPv6 networks wider than this prefix are left out of lists",
			"このプレフィックス長より広い IPv6 の範囲は一覧から除く"}},
	{"events.eve", "yes", MG_SET_BOOL, 0, 0, false,
		{"write eve.json for a SIEM", "SIEM 向けに eve.json を出力する"}},
	{"events.retention_days", "190", MG_SET_INT, 184, 3660, false,
		{"days that events are kept (No.143: at least six months)",
			"ログの保存日数 (No.143: 6ヶ月以上)"}},
	{"guard.block_seconds", "3600", MG_SET_INT, FW_GUARD_BLOCK_MIN, FW_GUARD_BLOCK_MAX, true,
		{"seconds that a source which scanned, flooded or guessed passwords is blocked",
			"スキャンや大量送信、総当たりを行った接続元を遮断する秒数"}},
	{"guard.conn_rate", "1200", MG_SET_INT, 0, FW_GUARD_RATE_MAX, true,
		{"new TCP connections a minute of one source that are too many (0: any)",
			"多すぎるとみなす、1 接続元からの毎分の新規 TCP 接続数 (0: 無効)"}},
	{"guard.enabled", "yes", MG_SET_BOOL, 0, 0, true,
		{"detect scans, floods and password guessing, and block their sources for a time",
			"スキャン・大量送信・総当たりを検知し、接続元を一定時間遮断する"}},
	{"guard.exempt", "", MG_SET_ADDRS, 0, 0, true,
		{"addresses and networks that are never blocked",
			"遮断の対象外とするアドレスとネットワーク"}},
	{"guard.icmp_rate", "100", MG_SET_INT, 0, FW_GUARD_RATE_MAX, true,
		{"pings a second of one source that are too many (0: any)",
			"多すぎるとみなす、1 接続元からの毎秒の ping 数 (0: 無効)"}},
	{"guard.inside", "report", MG_SET_WORD, 0, 0, true,
		{"sources in other than outside zones: only report, or block, too",
			"外部以外のゾーンの接続元: report は報告のみ、block は遮断もする"}},
	{"guard.login_rate", "20", MG_SET_INT, 0, FW_GUARD_RATE_MAX, true,
		{"connections a minute of one source to one log-in port that are too many (0: any)",
			"多すぎるとみなす、1 接続元から 1 "
			"ログイン用ポートへの毎分の接続数 (0: 無効)"}},
	{"guard.scan_hosts", "20", MG_SET_INT, 0, FW_GUARD_DISTINCT_MAX, true,
		{"different hosts tried within guard.window that make a scan (0: any)",
			"スキャンとみなす、guard.window 秒以内に試された機器の数 (0: 無効)"}},
	{"guard.scan_ports", "20", MG_SET_INT, 0, FW_GUARD_DISTINCT_MAX, true,
		{"different ports tried within guard.window that make a scan (0: any)",
			"スキャンとみなす、guard.window 秒以内に試されたポートの数 (0: 無効)"}},
	{"guard.syn_rate", "200", MG_SET_INT, 0, FW_GUARD_RATE_MAX, true,
		{"TCP connection requests a second of one source that are too many (0: any)",
			"多すぎるとみなす、1 接続元からの毎秒の TCP 接続要求数 (0: 無効)"}},
	{"guard.udp_rate", "500", MG_SET_INT, 0, FW_GUARD_RATE_MAX, true,
		{"unanswered UDP packets a second of one source that are too many (0: any)",
			"多すぎるとみなす、1 接続元からの毎秒の応答のない UDP パケット数 (0: "
			"無効)"}},
	{"guard.window", "60", MG_SET_INT, 1, FW_GUARD_WINDOW_MAX, true,
		{"seconds in which guard.scan_ports and guard.scan_hosts are counted",
			"guard.scan_ports と guard.scan_hosts を数える秒数"}},
	{"inspection.fail", "closed", MG_SET_WORD, 0, 0, true,
		{"what becomes of traffic while no inspection runs: closed stops it, open lets it "
		 "pass",
			"検査が動いていない間の通信の扱い: closed は遮断、open は通す"}},
	{"inspection.first_queue", "103", MG_SET_INT, 0, 65520, true,
		{"number of the first kernel queue that inspection listens on",
			"検査が使うカーネルキューの最初の番号"}},
	{"inspection.mode", "off", MG_SET_WORD, 0, 0, true,
		{"inspect the contents of what the rules allow", "許可した通信の内容を検査する"}},
	{"inspection.queues", "1", MG_SET_INT, 1, FW_INSPECT_QUEUES_MAX, true,
		{"kernel queues, one for each processor that inspects",
			"カーネルキューの数 (検査に使う CPU の数)"}},
	{"ips.bypass", "yes", MG_SET_BOOL, 0, 0, false,
		{"let the kernel forward the rest of a connection once it was inspected deep "
		 "enough",
			"十分に検査した通信の残りをカーネルに任せて高速に転送する"}},
	{"ips.home_net", "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7", MG_SET_ADDRS, 0, 0,
		false,
		{"networks that signatures call HOME_NET; all others are EXTERNAL_NET",
			"シグネチャの HOME_NET (社内) とするネットワーク。それ以外は "
			"EXTERNAL_NET"}},
	{"ips.log", "", MG_SET_LIST, 0, 0, false,
		{"further events to record: flow, anomaly, http, tls, dns …, separated by ','",
			"検知のほかに記録する事象: flow、anomaly、http、tls、dns "
			"など。「,」区切り"}},
	{"ips.pressure", "pass", MG_SET_WORD, 0, 0, false,
		{"what finds no room in the tables of the inspection: pass uninspected, or drop",
			"検査の容量を超えた通信の扱い: pass は検査せず通す、drop は遮断"}},
	{"ips.profile", "monitor", MG_SET_WORD, 0, 0, false,
		{"how strictly the inspection blocks: monitor, balanced or strict",
			"不正通信を遮断する強さ: monitor (検知のみ)、balanced、strict"}},
	{"ips.trial_days", "7", MG_SET_INT, 0, 90, false,
		{"days that new and changed signatures only report (0: none)",
			"新規・変更されたシグネチャを検知のみとする日数 (0: なし)"}},
	{"nac.eap_methods", "tls", MG_SET_TEXT, 1, 32, false,
		{"what 802.1X accepts: tls (certificates), peap, ttls, separated by ','",
			"802.1X で受け付ける方式: tls (証明書)、peap、ttls。「,」区切り"}},
	{"nac.eap_users", "", MG_SET_TEXT, 0, 255, false,
		{"file of users for peap and ttls, an absolute path",
			"peap・ttls の利用者ファイル (絶対パス)"}},
	{"nac.grace_seconds", "900", MG_SET_INT, 60, 86400, false,
		{"seconds that devices stay in while the RADIUS server is away (nac.radius_down "
		 "grace)",
			"RADIUS サーバーの停止中、接続を保つ秒数 (nac.radius_down が grace "
			"の場合)"}},
	{"nac.on_conflict", "alarm", MG_SET_WORD, 0, 0, false,
		{"the same MAC address on two ports: only alarm, or quarantine both",
			"同じ MAC アドレスが 2 つのポートに現れた場合: alarm は警告のみ、"
			"quarantine は両方を隔離"}},
	{"nac.on_fingerprint", "alarm", MG_SET_WORD, 0, 0, false,
		{"a device that looks other than it did: only alarm, or quarantine it",
			"端末の特徴が登録時と変わった場合: alarm は警告のみ、quarantine は隔離"}},
	{"nac.quarantine_vlan", "", MG_SET_TEXT, 0, 32, false,
		{"VLAN of quarantined devices on managed switches; empty: they are refused",
			"管理スイッチで隔離端末を入れる VLAN。空は接続を拒否"}},
	{"nac.radius_down", "grace", MG_SET_WORD, 0, 0, false,
		{"while the RADIUS server of nac.radius_server is away: keep devices in, for a "
		 "grace time, or close",
			"RADIUS サーバーの停止中: keep は接続を保つ、grace は一定時間保つ、close "
			"は切る"}},
	{"nac.radius_port", "1812", MG_SET_INT, 1, 65535, false, {"its port", "そのポート番号"}},
	{"nac.radius_secret", "", MG_SET_TEXT, 0, 255, false,
		{"file with its secret, an absolute path", "共有鍵のファイル (絶対パス)"}},
	{"nac.radius_server", "", MG_SET_TEXT, 0, 64, false,
		{"address of a RADIUS server that 802.1X on the gateway's ports asks; empty: the "
		 "built-in one",
			"本装置のポートの 802.1X が問い合わせる RADIUS サーバー。空は内蔵のもの"}},
	{"nac.reauth", "3600", MG_SET_INT, 60, 86400, false,
		{"seconds between authentications on managed switches",
			"管理スイッチでの再認証の間隔 (秒)"}},
	{"notify.expiry", "yes", MG_SET_BOOL, 0, 0, false,
		{"tell by mail and webhook of records that expire soon, too",
			"有効期限が近い記録もメールと Webhook で知らせる"}},
	{"notify.mail_from", "", MG_SET_MAIL, 0, 0, false,
		{"sender of mails", "通知メールの差出人"}},
	{"notify.mail_server", "", MG_SET_SMTP, 0, 0, false,
		{"mail server: smtp://HOST:PORT or smtps://HOST:PORT; empty: no mail",
			"メールサーバー: smtp://ホスト:ポート または smtps://。空は送信しない"}},
	{"notify.mail_tls", "starttls", MG_SET_WORD, 0, 0, false,
		{"encryption of smtp:// : starttls is demanded, or none",
			"smtp:// の暗号化: starttls (必須とする) または none"}},
	{"notify.mail_to", "", MG_SET_MAIL, 0, 0, false,
		{"recipients of mails, separated by ','", "通知メールの宛先。「,」区切り"}},
	{"notify.per_hour", "30", MG_SET_INT, 1, 3600, false,
		{"messages an hour altogether; what is beyond is summed up",
			"1 時間あたりの通知数の上限。超えた分はまとめて知らせる"}},
	{"notify.per_rule", "3", MG_SET_INT, 1, 3600, false,
		{"messages an hour about one signature",
			"1 シグネチャあたり 1 時間の通知数の上限"}},
	{"notify.webhook", "", MG_SET_HTTPS, 0, 0, false,
		{"address that messages are posted to as JSON, https://…; empty: none",
			"通知を JSON で POST する https:// の URL。空は送信しない"}},
	{"rule.expiring_days", "30", MG_SET_INT, 1, 180, false,
		{"days before expiry that a rule counts as expiring", "期限間近とみなす日数"}},
	{"rule.expiry_days_max", "366", MG_SET_INT, 1, 366, false,
		{"longest time between request and expiry, in days",
			"有効期限の上限 (申請日からの日数)"}},
	{"rule.unused_days", "90", MG_SET_INT, 7, 3660, false,
		{"days without use after which a rule counts as unused", "利用なしとみなす日数"}},
	{"site.log_broadcast", "no", MG_SET_BOOL, 0, 0, true,
		{"report blocked broadcast and multicast too",
			"遮断したブロードキャストも記録する"}},
	{"site.manage_ports", "22", MG_SET_PORTS, 1, 65535, true,
		{"TCP ports of the gateway's own administration",
			"本装置の管理に使う TCP ポート番号"}},
	{"site.name", "sekisho", MG_SET_TEXT, 1, 127, true, {"name of this site", "拠点の名称"}},
	{"site.reverse_path", "yes", MG_SET_BOOL, 0, 0, true,
		{"block packets whose source is not reachable where they arrive (RFC 3704)",
			"送信元を詐称した通信を遮断する (RFC 3704)"}},
	{"update.check", "yes", MG_SET_BOOL, 0, 0, false,
		{"ask the update source for a newer version once a day",
			"新しい版があるか更新元に 1 日 1 回確認する"}},
	{"update.source", "", MG_SET_HTTPS, 0, 0, false,
		{"where updates come from: https:// URL of latest.json; empty: only from files",
			"更新元: latest.json の https:// URL。空はファイルからの更新のみ"}},
};

/* What a setting of type WORD may be. */
static const struct {
	const char *key, *words;
} words[] = {
	{"blocklist.dns_answer", "nxdomain address"},
	{"guard.inside", "report block"},
	{"inspection.fail", "closed open"},
	{"inspection.mode", "off on"},
	{"ips.pressure", "pass drop"},
	{"ips.profile", "monitor balanced strict"},
	{"nac.on_conflict", "alarm quarantine"},
	{"nac.on_fingerprint", "alarm quarantine"},
	{"nac.radius_down", "keep grace close"},
	{"notify.mail_tls", "starttls none"},
};

const struct mg_setting_def *mg_setting_defs(size_t *ret_n)
{
	*ret_n = SK_ARRAY_SIZE(defs);
	return defs;
}

const struct mg_setting_def *mg_setting_find(const char *key)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(defs); i++)
		if (sk_streq(defs[i].key, key))
			return &defs[i];
	return NULL;
}

static int check_int(
	const struct mg_setting_def *d, const char *v, char *dst, size_t cap, struct sk_err *err)
{
	uint64_t n;

	if (sk_parse_u64(v, (uint64_t)d->max, &n) < 0 || n < (uint64_t)d->min)
		return sk_err_set(err, -EINVAL, "value", "%s is a number from %lld to %lld",
			"%s は %lld から %lld までの数値です", d->key, (long long)d->min,
			(long long)d->max);
	snprintf(dst, cap, "%llu", (unsigned long long)n);
	return 0;
}

static int check_bool(
	const struct mg_setting_def *d, const char *v, char *dst, size_t cap, struct sk_err *err)
{
	bool yes = sk_streq(v, "yes") || sk_streq(v, "true") || sk_streq(v, "1");

	if (!yes && !sk_streq(v, "no") && !sk_streq(v, "false") && !sk_streq(v, "0"))
		return sk_err_set(
			err, -EINVAL, "value", "%s is yes or no", "%s は yes か no です", d->key);
	snprintf(dst, cap, "%s", yes ? "yes" : "no");
	return 0;
}

static int check_ports(
	const struct mg_setting_def *d, const char *v, char *dst, size_t cap, struct sk_err *err)
{
	size_t n = 0, out = 0;
	uint64_t port;
	char one[16];

	while (*v) {
		size_t len = strcspn(v, ",");

		snprintf(one, sizeof(one), "%.*s", (int)SK_MIN(len, sizeof(one) - 1), v);
		if (len >= sizeof(one) || sk_parse_u64(one, 65535, &port) < 0 || port == 0 ||
			++n > 8)
			return sk_err_set(err, -EINVAL, "value",
				"%s is a list of one to eight port numbers: 22,443",
				"%s はポート番号の一覧 (1 から 8 個) です: 22,443", d->key);
		out += (size_t)snprintf(dst + out, out < cap ? cap - out : 0, "%s%u",
			n > 1 ? "," : "", (unsigned)port);
		if (out >= cap)
			return sk_err_set(err, -EINVAL, "value", "too long", "長すぎます");
		v += len + (v[len] == ',');
	}
	return n ? 0
		 : sk_err_set(err, -EINVAL, "value", "%s needs a port number",
			   "%s にはポート番号が必要です", d->key);
}

static int check_word(
	const struct mg_setting_def *d, const char *v, char *dst, size_t cap, struct sk_err *err)
{
	const char *list = "";
	const size_t n = strlen(v);

	for (size_t i = 0; i < SK_ARRAY_SIZE(words); i++) {
		if (sk_streq(words[i].key, d->key))
			list = words[i].words;
	}
	for (const char *w = list; *w;) {
		size_t len = strcspn(w, " ");

		if (n == len && n < cap && memcmp(w, v, n) == 0) {
			memcpy(dst, v, n + 1);
			return 0;
		}
		w += len + (w[len] == ' ');
	}
	return sk_err_set(
		err, -EINVAL, "value", "%s is one of: %s", "%s は次のどれかです: %s", d->key, list);
}

/* As the policy will write it: sorted, joined, by commas. */
static int check_addrs(
	const struct mg_setting_def *d, const char *v, char *dst, size_t cap, struct sk_err *err)
{
	struct fw_guard g;
	struct sk_buf b;
	int r;

	fw_guard_init(&g);
	sk_buf_init(&b, cap - 1);
	r = fw_guard_exempt_parse(v, &g.exempt, err);
	if (r == 0)
		r = fw_guard_check(&g, err);
	if (r == 0) {
		fw_addrs_put(&b, &g.exempt);
		r = sk_buf_error(&b) ? sk_err_set(err, -EINVAL, "value", "too long", "長すぎます")
				     : 0;
	}
	if (r == 0)
		snprintf(dst, cap, "%s", sk_buf_str(&b));
	else if (err)
		snprintf(err->path, sizeof(err->path), "value");
	sk_buf_done(&b);
	fw_guard_done(&g);
	return r;
}

/* One address, or none. */
static int check_addr(
	const struct mg_setting_def *d, const char *v, char *dst, size_t cap, struct sk_err *err)
{
	int family = d->type == MG_SET_ADDR4 ? 4 : 6;
	struct fw_ip ip;

	if (*v && (fw_ip_parse(v, &ip, NULL) < 0 || ip.family != family))
		return sk_err_set(err, -EINVAL, "value", "%s is an IPv%d address, or empty",
			"%s は IPv%d アドレス、または空です", d->key, family);
	if (*v)
		fw_ip_format(&ip, dst, cap);
	else
		dst[0] = '\0';
	return 0;
}

static bool all_of(const char *v, const char *allowed)
{
	size_t n = strlen(v);

	for (size_t i = 0; i < n; i++)
		if (!((v[i] >= 'a' && v[i] <= 'z') || (v[i] >= 'A' && v[i] <= 'Z') ||
			    (v[i] >= '0' && v[i] <= '9') || strchr(allowed, v[i])))
			return false;
	return true;
}

static bool is_address_list(const char *v)
{
	while (*v) {
		size_t n = strcspn(v, ",");
		const char *at = memchr(v, '@', n);

		if (!at || at == v || at == v + n - 1 ||
			memchr(at + 1, '@', n - (size_t)(at + 1 - v)))
			return false;
		v += n + (v[n] == ',' && v[n + 1]);
		if (*v == ',')
			return false;
	}
	return true;
}

/* What mail and webhook are sent to: nothing in it may mean something else to a server. */
static int check_where(
	const struct mg_setting_def *d, const char *v, char *dst, size_t cap, struct sk_err *err)
{
	bool fits = strlen(v) < cap && strlen(v) < 512;

	if (d->type == MG_SET_LIST)
		fits = fits && all_of(v, ",_-");
	else if (d->type == MG_SET_MAIL)
		fits = fits && all_of(v, "@._+-,") && is_address_list(v);
	else if (d->type == MG_SET_SMTP)
		fits = fits &&
			(!*v ||
				((!strncmp(v, "smtp://", 7) || !strncmp(v, "smtps://", 8)) &&
					all_of(v, ":/._-[]")));
	else
		fits = fits && (!*v || (!strncmp(v, "https://", 8) && all_of(v, ":/._-[]?&=%~+")));
	if (!fits)
		return sk_err_set(err, -EINVAL, "value", "not a value for %s (see: setting list)",
			"%s に使用できる値ではありません (一覧: setting list)", d->key);
	snprintf(dst, cap, "%s", v);
	return 0;
}

int mg_setting_check(const char *key, const char *value, char *dst, size_t cap, struct sk_err *err)
{
	const struct mg_setting_def *d = mg_setting_find(key);
	int r;

	if (d == NULL)
		return sk_err_set(err, -ENOENT, "key", "there is no setting %s (see: setting list)",
			"設定項目 %s はありません (一覧: setting list)", key);
	switch (d->type) {
	case MG_SET_INT: return check_int(d, value, dst, cap, err);
	case MG_SET_BOOL: return check_bool(d, value, dst, cap, err);
	case MG_SET_PORTS: return check_ports(d, value, dst, cap, err);
	case MG_SET_WORD: return check_word(d, value, dst, cap, err);
	case MG_SET_ADDRS: return check_addrs(d, value, dst, cap, err);
	case MG_SET_ADDR4:
	case MG_SET_ADDR6: return check_addr(d, value, dst, cap, err);
	case MG_SET_LIST:
	case MG_SET_MAIL:
	case MG_SET_SMTP:
	case MG_SET_HTTPS: return check_where(d, value, dst, cap, err);
	default: break;
	}
	r = mg_wf_text("value", value, SK_MIN((size_t)d->max, cap - 1), false, err);
	if (r == 0)
		r = mg_wf_reason("value", value, err);
	if (r == 0)
		snprintf(dst, cap, "%s", value);
	return r;
}

int mg_setting_get(struct mg_store *s, const char *key, char *dst, size_t cap)
{
	const struct mg_setting_def *d = mg_setting_find(key);
	json_t *v = NULL;
	int r;

	if (d == NULL)
		return -ENOENT;
	r = mg_target_get(s, MG_VIEW_ACTIVE, MG_CH_SETTING, key, &v, NULL, NULL);
	if (r < 0 && r != -ENOENT)
		return r;
	snprintf(dst, cap, "%s", json_is_string(v) ? json_string_value(v) : d->def);
	json_decref(v);
	return 0;
}

int64_t mg_setting_int(struct mg_store *s, const char *key)
{
	const struct mg_setting_def *d = mg_setting_find(key);
	char text[128];
	uint64_t n = 0;

	if (d == NULL)
		return 0;
	if (mg_setting_get(s, key, text, sizeof(text)) < 0)
		snprintf(text, sizeof(text), "%s", d->def);
	if (d->type == MG_SET_BOOL)
		return sk_streq(text, "yes");
	sk_parse_u64(text, INT64_MAX, &n);
	return (int64_t)n;
}
