// SPDX-License-Identifier: GPL-2.0-or-later
/* Arguments and columns of apply, explain, analysis, reports, events, the journal and the audit
 * log. */
#include "mgmt/command/table.h"

static const char *const periods[] = {"24h", "today", "yesterday", "7d", "30d", "month", NULL};
static const char *const report_by[] = {
	"source", "destination", "port", "reason", "rule", "zones", "day", "hour", "detail", NULL};
static const char *const blocked_by[] = {"source", "destination", "port", "reason", "rule", "zones",
	"day", "hour", "feed", "entry", "device", "detail", NULL};
static const char *const findings[] = {"shadowed", "redundant", "conflict", "mergeable", "too-wide",
	"expired", "expiring", "never-hit", "unused", NULL};
static const char *const generated[] = {"man", "completion", NULL};
static const char *const event_types[] = {"drop", "allow", "firewall", "alert", "inspection",
	"admission", "audit", "incident", "update", "stats", NULL};

const struct mg_arg mg_a_apply[] = {
	{.name = "confirm",
		.type = MG_UINT,
		.min = 0,
		.max = 3600,
		.meta = "SECONDS",
		.help = {"seconds within which `sekisho confirm` must follow, else the gateway "
			 "returns to what ran before "
			 "(default 60; 0: final at once)",
			"この秒数以内に sekisho confirm がなければ自動で元に戻す(省略時 60、0 "
			"は直ちに確定)"}},
	{.name = "dry_run",
		.type = MG_FLAG,
		.help = {"only check whether the kernel would take it",
			"カーネルが受け入れるかの確認だけ"}},
	{0},
};

const struct mg_arg mg_a_diff[] = {
	{.name = "nft",
		.type = MG_FLAG,
		.help = {"as a difference of the rules in nft syntax",
			"nft の書式での差分を表示する"}},
	{0},
};

const struct mg_arg mg_a_explain[] = {
	{.name = "src",
		.type = MG_STRING,
		.required = true,
		.positional = true,
		.max = 64,
		.meta = "SRC",
		.help = {"source address", "接続元 IP アドレス"}},
	{.name = "dst",
		.type = MG_STRING,
		.required = true,
		.positional = true,
		.max = 64,
		.meta = "DST",
		.help = {"destination address", "接続先 IP アドレス"}},
	{.name = "proto",
		.type = MG_STRING,
		.required = true,
		.positional = true,
		.max = 32,
		.meta = "PROTO",
		.help = {"protocol, such as tcp", "プロトコル(tcp など)"}},
	{.name = "port",
		.type = MG_STRING,
		.positional = true,
		.max = 32,
		.meta = "PORT",
		.help = {"destination port or ICMP type, by number or name",
			"接続先ポート番号または ICMP タイプ"}},
	{.name = "from",
		.type = MG_STRING,
		.max = 15,
		.meta = "ZONE",
		.help = {"zone it comes from (default: by the routing table)",
			"接続元のゾーン(省略時は経路表から求める)"}},
	{.name = "to",
		.type = MG_STRING,
		.max = 15,
		.meta = "ZONE",
		.help = {"zone it goes to (default: by the routing table)",
			"接続先のゾーン(省略時は経路表から求める)"}},
	{0},
};

const struct mg_arg mg_a_analyze[] = {
	{.name = "kind",
		.type = MG_CHOICE,
		.choices = findings,
		.help = {"only findings of this kind", "この種類の指摘だけ"}},
	{0},
};

const struct mg_arg mg_a_connections[] = {
	{.name = "number",
		.type = MG_UINT,
		.min = 1,
		.max = 0xffffff,
		.meta = "N",
		.help = {"only connections this rule allowed", "このルールで許可された通信だけ"}},
	{.name = "limit",
		.type = MG_UINT,
		.min = 1,
		.max = 100000,
		.meta = "N",
		.help = {"at most this many (default 1000)", "最大件数(省略時 1000)"}},
	{0},
};

static const char reasons_en[] =
	"only this reason (no_rule, rule, rule_expired, rule_suspended, rule_removed, stray, "
	"invalid, reverse_path, bogon, blocklist, ips, ips_stream, ips_decode, ips_pressure, "
	"ips_flow, guard_scan, guard_sweep, guard_syn_flood, guard_udp_flood, guard_icmp_flood, "
	"guard_conn_rate, guard_login, guard_manual)";
static const char reasons_ja[] =
	"この理由だけ(no_rule、rule、rule_expired、rule_suspended、rule_removed、stray、"
	"invalid、reverse_path、bogon、blocklist、ips、ips_stream、ips_decode、ips_pressure、"
	"ips_flow、guard_scan、guard_sweep、guard_syn_flood、guard_udp_flood、guard_icmp_flood、"
	"guard_conn_rate、guard_login、guard_manual)";
static const char period_en[] =
	"the last 24 hours (default), today, yesterday, the last 7 or 30 days, or this month";
static const char period_ja[] = "期間: 24h 直近 24 時間(省略時)、today 今日、yesterday 昨日、"
				"7d、30d、month 今月";

#define TEXT_ARG(arg, bytes, what, en, ja)                                                         \
	{                                                                                          \
		.name = arg, .type = MG_STRING, .max = bytes, .meta = what, .help = { en, ja }     \
	}
#define NUMBER_ARG(arg, low, high, what, en, ja)                                                   \
	{                                                                                          \
		.name = arg, .type = MG_UINT, .min = low, .max = high, .meta = what, .help = {     \
			en,                                                                        \
			ja                                                                         \
		}                                                                                  \
	}
#define DATE_ARG(arg, en, ja)                                                                      \
	{                                                                                          \
		.name = arg, .type = MG_DATE, .meta = "DATE", .help = { en, ja }                   \
	}
#define PERIOD_ARG                                                                                 \
	{                                                                                          \
		.name = "period", .type = MG_CHOICE, .choices = periods, .help = {                 \
			period_en,                                                                 \
			period_ja                                                                  \
		}                                                                                  \
	}

/* What reports share: the period, what to look at, how much of it. */
#define REPORT_PERIOD                                                                              \
	PERIOD_ARG, DATE_ARG("from", "first day or instant", "開始日時"),                          \
		DATE_ARG("to", "last day or instant", "終了日時")
#define REPORT_ENDS                                                                                \
	TEXT_ARG("source", 64, "ADDR", "only from this address or network",                        \
		"この送信元だけ(アドレスまたはネットワーク)"),                                     \
		TEXT_ARG("destination", 64, "ADDR", "only to this address or network",             \
			"この送信先だけ(アドレスまたはネットワーク)"),                             \
		TEXT_ARG("proto", 32, "PROTO", "only this protocol", "このプロトコルだけ"),        \
		NUMBER_ARG("port", 0, 65535, "PORT", "only this destination port",                 \
			"このポート番号だけ")
#define REPORT_WHY                                                                                 \
	TEXT_ARG("reason", 32, "REASON", reasons_en, reasons_ja),                                  \
		TEXT_ARG("zone_in", 15, "ZONE", "only from this zone", "このゾーンからだけ"),      \
		TEXT_ARG("zone_out", 15, "ZONE", "only to this zone", "このゾーンへだけ"),         \
		NUMBER_ARG(                                                                        \
			"rule", 1, 0xffffff, "N", "only by this rule", "このルールによるものだけ")
#define REPORT_LIMIT                                                                               \
	NUMBER_ARG("limit", 1, 1000000, "N", "at most this many lines (default 1000)",             \
		"最大行数(省略時 1000)")

const struct mg_arg mg_a_report[] = {
	REPORT_PERIOD,
	{.name = "by",
		.type = MG_CHOICE,
		.choices = report_by,
		.help = {"count by this (default destination), or detail: one line each",
			"集計の単位(省略時 destination 宛先)。detail は 1 件ずつ"}},
	REPORT_ENDS,
	REPORT_WHY,
	REPORT_LIMIT,
	{0},
};

const struct mg_arg mg_a_report_blocked[] = {
	REPORT_PERIOD,
	{.name = "by",
		.type = MG_CHOICE,
		.choices = blocked_by,
		.help = {"count by this (default destination; feed and entry: of blocklists), or "
			 "detail: one line each",
			"集計の単位(省略時 destination 宛先)。feed と entry "
			"は不正サイト一覧とその項目、device は端末、detail は 1 件ずつ"}},
	REPORT_ENDS,
	REPORT_WHY,
	{.name = "feed",
		.type = MG_STRING,
		.max = 47,
		.meta = "NAME",
		.help = {"only by this blocklist", "この不正サイト一覧によるものだけ"}},
	{.name = "entry",
		.type = MG_STRING,
		.max = 2048,
		.meta = "ENTRY",
		.help = {"only by this entry of a blocklist, as reports show it",
			"不正サイト一覧のこの項目によるものだけ(報告の表示どおりに指定)"}},
	{.name = "monitored",
		.type = MG_FLAG,
		.help = {"what blocklists in monitor mode would have blocked, instead",
			"監視モードの不正サイト一覧が遮断したはずの通信を表示する"}},
	REPORT_LIMIT,
	{0},
};

const struct mg_arg mg_a_infected[] = {REPORT_PERIOD, REPORT_LIMIT, {0}};

const struct mg_arg mg_a_why[] = {
	{.name = "subject",
		.type = MG_STRING,
		.required = true,
		.positional = true,
		.max = 2048,
		.meta = "ADDRESS|NAME|URL",
		.help = {"address, network, name, URL, JA3, JA4 or hash of a certificate",
			"アドレス、ネットワーク、ドメイン名、URL、JA3、JA4、証明書のハッシュ"}},
	{0},
};

const struct mg_arg mg_a_follow[] = {
	{.name = "type",
		.type = MG_CHOICE,
		.choices = event_types,
		.help = {"only events of this type", "この種類の事象だけ"}},
	{0},
};

static const char *const priorities[] = {"error", "warning", "notice", "info", "debug", NULL};

const struct mg_arg mg_a_system_log[] = {
	REPORT_PERIOD,
	TEXT_ARG("unit", 100, "UNIT",
		"only of this unit or program, such as sekisho-ipsd or systemd-networkd",
		"このユニットまたはプログラムの記録だけ (例: sekisho-ipsd、systemd-networkd)"),
	{.name = "priority",
		.type = MG_CHOICE,
		.choices = priorities,
		.help = {"only this urgent or more", "この優先度以上だけ"}},
	NUMBER_ARG(
		"limit", 1, 10000, "N", "at most this many (default 200)", "最大件数(省略時 200)"),
	{0},
};

const struct mg_column mg_c_system_log[] = {
	{.key = "time", .title = {"Time", "日時"}, .is_time = true},
	{.key = "unit", .title = {"Unit", "ユニット"}, .code = true},
	{.key = "priority", .title = {"Priority", "優先度"}},
	{.key = "message", .title = {"Message", "内容"}, .code = true},
	{0},
};

const struct mg_arg mg_a_audit[] = {
	{.name = "from",
		.type = MG_DATE,
		.meta = "DATE",
		.help = {"first day or instant", "開始日時"}},
	{.name = "to",
		.type = MG_DATE,
		.meta = "DATE",
		.help = {"last day or instant", "終了日時"}},
	{.name = "account",
		.type = MG_STRING,
		.max = 63,
		.meta = "ACCOUNT",
		.help = {"only by this person", "この利用者だけ"}},
	{.name = "target",
		.type = MG_STRING,
		.max = 200,
		.meta = "TEXT",
		.help = {"only about this, such as \"rule 1042\"",
			"この対象だけ(例: \"rule 1042\")"}},
	{.name = "limit",
		.type = MG_UINT,
		.min = 1,
		.max = 1000000,
		.meta = "N",
		.help = {"the newest so many (default 1000)", "新しい方からの件数(省略時 1000)"}},
	{0},
};

const struct mg_arg mg_a_help[] = {
	{.name = "command",
		.type = MG_STRING,
		.positional = true,
		.list = true,
		.max = 64,
		.meta = "COMMAND",
		.help = {"the command to explain", "説明するコマンド"}},
	{0},
};

const struct mg_arg mg_a_generate[] = {
	{.name = "what",
		.type = MG_CHOICE,
		.required = true,
		.positional = true,
		.choices = generated,
		.help = {"what to write", "出力するもの"}},
	{0},
};

const struct mg_column mg_c_diff[] = {
	{.key = "kind", .title = {"Kind", "対象"}},
	{.key = "name", .title = {"Name", "名前"}},
	{.key = "change", .title = {"Change", "変更"}},
	{.key = "field", .title = {"Field", "項目"}},
	{.key = "before", .title = {"Before", "変更前"}},
	{.key = "after", .title = {"After", "変更後"}},
	{0},
};

const struct mg_column mg_c_analyze[] = {
	{.key = "finding", .title = {"Finding", "指摘"}},
	{.key = "number", .title = {"No.", "番号"}, .right = true},
	{.key = "others", .title = {"With", "関係するルール"}},
	{.key = "space", .title = {"Where", "重なる範囲"}},
	{.key = "applicant", .title = {"Applicant", "申請者"}},
	{.key = "purpose", .title = {"Purpose", "利用用途"}},
	{.key = "expiry", .title = {"Expiry", "有効期限"}, .is_date = true},
	{.key = "last_hit", .title = {"Last used", "最終利用日"}, .is_date = true},
	{.key = "partly", .title = {"At least partly", "一部のみ判定"}, .wide = true},
	{0},
};

const struct mg_column mg_c_connections[] = {
	{.key = "number", .title = {"Rule", "ルール"}, .right = true},
	{.key = "proto", .title = {"Protocol", "プロトコル"}},
	{.key = "src", .title = {"Source", "接続元"}},
	{.key = "sport", .title = {"Port", "ポート"}, .right = true},
	{.key = "dst", .title = {"Destination", "接続先"}},
	{.key = "dport", .title = {"Port", "ポート"}, .right = true},
	{.key = "packets", .title = {"Packets", "パケット"}, .right = true},
	{.key = "bytes", .title = {"Bytes", "バイト"}, .right = true},
	{0},
};

const struct mg_column mg_c_report[] = {
	{.key = "day", .title = {"Day", "日"}, .is_date = true, .sparse = true},
	{.key = "hour", .title = {"Hour", "時"}, .is_time = true, .sparse = true},
	{.key = "time", .title = {"Time", "日時"}, .is_time = true, .sparse = true},
	{.key = "feed", .title = {"Blocklist", "不正サイト一覧"}, .code = true, .sparse = true},
	{.key = "entry", .title = {"Entry", "一覧の項目"}, .code = true, .sparse = true},
	{.key = "device", .title = {"Device", "端末"}, .code = true, .sparse = true},
	{.key = "address", .title = {"Address", "アドレス"}, .code = true, .sparse = true},
	{.key = "source", .title = {"Source", "送信元IP"}, .sparse = true},
	{.key = "device_name", .title = {"Device name", "端末名"}, .code = true, .sparse = true},
	{.key = "device_owner", .title = {"Owner", "管理者"}, .code = true, .sparse = true},
	{.key = "destination", .title = {"Destination", "送信先IP"}, .sparse = true},
	{.key = "country", .title = {"Country", "国"}, .code = true, .sparse = true},
	{.key = "asn", .title = {"AS", "AS 番号"}, .right = true, .sparse = true},
	{.key = "operator",
		.title = {"Operator", "事業者"},
		.code = true,
		.wide = true,
		.sparse = true},
	{.key = "proto", .title = {"Protocol", "プロトコル"}, .sparse = true},
	{.key = "port", .title = {"Port", "ポート番号"}, .right = true, .sparse = true},
	{.key = "reason_text", .title = {"Reason", "理由"}, .sparse = true},
	{.key = "reason",
		.title = {"Reason code", "理由コード"},
		.wide = true,
		.code = true,
		.sparse = true},
	{.key = "rule", .title = {"Rule", "ルール"}, .right = true, .sparse = true},
	{.key = "sid", .title = {"Signature", "シグネチャ"}, .right = true, .sparse = true},
	{.key = "zone_in", .title = {"From", "接続元ゾーン"}, .sparse = true},
	{.key = "zone_out", .title = {"To", "接続先ゾーン"}, .sparse = true},
	{.key = "count", .title = {"Count", "件数"}, .right = true, .sparse = true},
	{.key = "sources", .title = {"Sources", "端末数"}, .right = true, .sparse = true},
	{.key = "destinations", .title = {"Destinations", "宛先数"}, .right = true, .sparse = true},
	{.key = "first", .title = {"First", "初回"}, .is_time = true, .sparse = true},
	{.key = "last", .title = {"Last", "最終"}, .is_time = true, .sparse = true},
	{.key = "sport",
		.title = {"Source port", "送信元ポート"},
		.right = true,
		.wide = true,
		.sparse = true},
	{.key = "mac", .title = {"MAC address", "MACアドレス"}, .wide = true, .sparse = true},
	{.key = "name",
		.title = {"Name seen", "通信先の名前"},
		.code = true,
		.wide = true,
		.sparse = true},
	{0},
};

const struct mg_column mg_c_infected[] = {
	{.key = "device", .title = {"Device", "端末"}, .code = true},
	{.key = "address", .title = {"Address", "アドレス"}, .code = true},
	{.key = "count", .title = {"Blocked", "遮断"}, .right = true},
	{.key = "monitored", .title = {"Only reported", "監視のみ"}, .right = true},
	{.key = "entries", .title = {"Different entries", "一覧の項目数"}, .right = true},
	{.key = "days", .title = {"Days", "日数"}, .right = true},
	{.key = "feed", .title = {"Latest list", "直近の一覧"}, .code = true},
	{.key = "example", .title = {"Latest entry", "直近の項目"}, .code = true},
	{.key = "first", .title = {"First", "初回"}, .is_time = true},
	{.key = "last", .title = {"Last", "最終"}, .is_time = true},
	{0},
};

/* Of its record: their order is that of the answer. */
const struct mg_column mg_c_why[] = {
	{.key = "subject", .title = {"Subject", "対象"}, .code = true},
	{.key = "kind", .title = {"Kind", "種別"}},
	{.key = "explanation", .title = {"Explanation", "説明"}, .code = true},
	{.key = "verdict", .title = {"Verdict", "判定"}},
	{.key = "country", .title = {"Country", "国"}, .code = true},
	{.key = "country_name", .title = {"Name of the country", "国名"}, .code = true},
	{.key = "asn", .title = {"AS", "AS 番号"}},
	{.key = "operator", .title = {"Operator", "事業者"}, .code = true},
	{.key = "firewall", .title = {"Firewall", "ファイアウォール"}},
	{.key = "inspection", .title = {"Inspection", "検査エンジン"}},
	{.key = "guard_blocks", .title = {"Blocked for a time", "一時的な遮断"}},
	{.key = "listed", .title = {"On blocklists", "登録されている一覧"}},
	{.key = "listed_near", .title = {"Related entries", "関連する項目"}},
	{.key = "allow_list", .title = {"Allow-list", "除外リスト"}},
	{.key = "rules_to_it", .title = {"Rules about it", "関係するルール"}},
	{.key = "contacts", .title = {"Devices in touch with it", "通信した端末"}},
	{.key = "blocked", .title = {"Blocked devices", "遮断された端末"}},
	{.key = "monitored_devices", .title = {"Reported devices", "監視で記録された端末"}},
	{.key = "exception", .title = {"To ask for an exception", "除外の申請方法"}, .code = true},
	{.key = "release", .title = {"To end the block", "遮断の解除方法"}, .code = true},
	{0},
};

const struct mg_column mg_c_audit[] = {
	{.key = "seq", .title = {"No.", "番号"}, .right = true},
	{.key = "time", .title = {"Time", "日時"}, .is_time = true},
	{.key = "account", .title = {"Account", "利用者"}},
	{.key = "op", .title = {"Operation", "操作"}},
	{.key = "target", .title = {"Target", "対象"}},
	{.key = "before", .title = {"Before", "変更前"}},
	{.key = "after", .title = {"After", "変更後"}},
	{.key = "result", .title = {"Result", "結果"}},
	{.key = "uid", .title = {"Uid", "uid"}, .right = true, .wide = true},
	{.key = "pid", .title = {"Pid", "pid"}, .right = true, .wide = true},
	{0},
};

const struct mg_column mg_c_audit_finding[] = {
	{.key = "fault", .title = {"Fault", "異常"}},
	{.key = "first", .title = {"First", "最初の番号"}, .right = true},
	{.key = "last", .title = {"Last", "最後の番号"}, .right = true},
	{.key = "message", .title = {"Meaning", "内容"}},
	{0},
};
