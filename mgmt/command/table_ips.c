// SPDX-License-Identifier: GPL-2.0-or-later
/* Arguments and columns of the inspection's commands: rule sets, profile, exceptions, alerts. */
#include "mgmt/command/table.h"

static const char *const profiles[] = {"monitor", "balanced", "strict", NULL};
static const char *const actions[] = {"ignore", "alert", "drop", "reject", NULL};
static const char *const exception_states[] = {
	"requested", "returned", "active", "expired", "removed", "superseded", NULL};
static const char *const decisions[] = {"alert", "would_drop", "drop", "reject", NULL};
static const char *const periods[] = {"24h", "today", "yesterday", "7d", "30d", "month", NULL};
static const char *const sum_by[] = {
	"rule", "source", "destination", "class", "severity", "day", NULL};

#define LIMIT                                                                                      \
	{                                                                                          \
		.name = "limit", .type = MG_UINT, .min = 1, .max = 100000, .meta = "N", .help = {  \
			"at most this many (default 1000)",                                        \
			"最大件数(省略時 1000)"                                             \
		}                                                                                  \
	}
#define SID(pos, need)                                                                             \
	{                                                                                          \
		.name = "sid", .type = MG_UINT, .positional = pos, .required = need, .min = 1,     \
		.max = 0xffffffff, .meta = "SID", .help = {                                        \
			"number of the signature",                                                 \
			"シグネチャ番号"                                                    \
		}                                                                                  \
	}
#define PERIOD                                                                                     \
	{                                                                                          \
		.name = "period", .type = MG_CHOICE, .choices = periods, .help = {                 \
			"the last 24 hours, today, yesterday, 7 or 30 days, or this month",        \
			"期間 (24h は直近 24 時間、month は今月)"                       \
		}                                                                                  \
	}
#define FROM                                                                                       \
	{                                                                                          \
		.name = "from", .type = MG_DATE, .meta = "DATE", .help = {                         \
			"first day or instant",                                                    \
			"開始日時"                                                             \
		}                                                                                  \
	}
#define TO                                                                                         \
	{                                                                                          \
		.name = "to", .type = MG_DATE, .meta = "DATE", .help = {                           \
			"last day or instant",                                                     \
			"終了日時"                                                             \
		}                                                                                  \
	}

const struct mg_arg mg_a_ips_import[] = {
	{.name = "path",
		.type = MG_FOLDER,
		.required = true,
		.positional = true,
		.max = 128u << 20,
		.meta = "PATH",
		.help = {"file of rules, archive (tar, tar.gz) or folder, as suricata-update and "
			 "its sources make them",
			"シグネチャのファイル、アーカイブ (tar、tar.gz) またはフォルダー"
			"(suricata-update の出力など)"}},
	MG_ARG_DRY_RUN,
	{0},
};

const struct mg_arg mg_a_ips_list[] = {
	{.name = "all",
		.type = MG_FLAG,
		.help = {"also those whose files are no longer kept",
			"ファイルの保存期間を過ぎたものも表示する"}},
	{0},
};

const struct mg_arg mg_a_ips_restore[] = {
	{.name = "version",
		.type = MG_UINT,
		.required = true,
		.positional = true,
		.min = 1,
		.max = 0xffffffff,
		.meta = "N",
		.help = {"version of the rule set (see: ips rules list)",
			"戻す先の版 (一覧: ips rules list)"}},
	MG_ARG_REASON("why", "理由"),
	{0},
};

const struct mg_arg mg_a_ips_limit[] = {LIMIT, {0}};
const struct mg_arg mg_a_ips_show[] = {SID(true, true), {0}};

const struct mg_arg mg_a_ips_profile[] = {
	{.name = "name",
		.type = MG_CHOICE,
		.required = true,
		.positional = true,
		.choices = profiles,
		.help = {"monitor: report only; balanced: block what is certain; strict: block "
			 "more",
			"monitor は検知のみ、balanced は確実なものを遮断、strict "
			"はより広く遮断"}},
	{.name = "purpose",
		.type = MG_STRING,
		.max = 1000,
		.meta = "TEXT",
		.help = {"why it is changed", "変更の目的"}},
	MG_ARG_DRY_RUN,
	{0},
};

const struct mg_arg mg_a_ips_trial[] = {PERIOD, FROM, TO, LIMIT, {0}};

const struct mg_arg mg_a_exception_request[] = {
	{.name = "number",
		.type = MG_UINT,
		.min = 1,
		.max = 0xffffff,
		.meta = "N",
		.help = {"change this exception; what is not given stays",
			"この番号の例外を変更する(指定しない項目はそのまま)"}},
	{.name = "sid",
		.type = MG_UINT,
		.max = 0xffffffff,
		.meta = "SID",
		.help = {"number of the signature; without it all, which needs a source or a "
			 "destination",
			"シグネチャ番号。省略するとすべて(接続元か接続先が必要)"}},
	{.name = "gid",
		.type = MG_UINT,
		.max = 0xffffffff,
		.meta = "GID",
		.help = {"its group, if not 1", "シグネチャのグループ番号(省略時 1)"}},
	{.name = "source",
		.type = MG_STRING,
		.max = 60,
		.meta = "ADDR",
		.help = {"host or network that it is about",
			"対象の接続元(アドレス・ネットワーク)"}},
	{.name = "destination",
		.type = MG_STRING,
		.max = 60,
		.meta = "ADDR",
		.help = {"and the other end", "対象の接続先(アドレス・ネットワーク)"}},
	{.name = "action",
		.type = MG_CHOICE,
		.choices = actions,
		.help = {"ignore: neither record nor block; alert: only record; drop, reject: "
			 "block",
			"ignore は記録も遮断もしない、alert は記録のみ、drop・reject は遮断"}},
	{.name = "purpose",
		.type = MG_STRING,
		.max = 1000,
		.meta = "TEXT",
		.help = {"why", "目的・理由"}},
	{.name = "expiry",
		.type = MG_DATE,
		.meta = "DATE",
		.help = {"last day it is in force", "有効期限"}},
	MG_ARG_DRY_RUN,
	{0},
};

#define COMMENT                                                                                    \
	{                                                                                          \
		.name = "comment", .type = MG_STRING, .max = 1000, .meta = "TEXT", .help = {       \
			"what was checked",                                                        \
			"確認した内容"                                                       \
		}                                                                                  \
	}

const struct mg_arg mg_a_exception_approve[] = {
	MG_ARG_NUMBERS("numbers of the exceptions", "例外の番号(複数可)"),
	COMMENT,
	MG_ARG_DRY_RUN,
	{0},
};
const struct mg_arg mg_a_exception_own[] = {
	MG_ARG_NUMBER("number of the exception", "例外の番号"),
	MG_ARG_DRY_RUN,
	{0},
};
const struct mg_arg mg_a_exception_number[] = {
	MG_ARG_NUMBER("number of the exception", "例外の番号"), {0}};
const struct mg_arg mg_a_exception_reason[] = {
	MG_ARG_NUMBER("number of the exception", "例外の番号"),
	MG_ARG_REASON("why", "理由"),
	MG_ARG_DRY_RUN,
	{0},
};

const struct mg_arg mg_a_exception_list[] = {
	{.name = "state",
		.type = MG_CHOICE,
		.choices = exception_states,
		.help = {"only those in this state", "この状態の例外だけ"}},
	{.name = "all",
		.type = MG_FLAG,
		.help = {"also expired and removed ones", "期限切れと削除済みも表示する"}},
	{0},
};

const struct mg_arg mg_a_alert_list[] = {
	PERIOD,
	FROM,
	TO,
	{.name = "severity",
		.type = MG_UINT,
		.min = 1,
		.max = 255,
		.meta = "N",
		.help = {"only this severe or more (1 is the worst)",
			"この重大度以上だけ(1 が最も重大)"}},
	{.name = "src",
		.type = MG_STRING,
		.max = 64,
		.meta = "ADDR",
		.help = {"only from this address or network",
			"この送信元だけ(アドレスまたはネットワーク)"}},
	{.name = "dst",
		.type = MG_STRING,
		.max = 64,
		.meta = "ADDR",
		.help = {"only to this address or network",
			"この送信先だけ(アドレスまたはネットワーク)"}},
	SID(false, false),
	{.name = "decision",
		.type = MG_CHOICE,
		.choices = decisions,
		.help = {"only with this outcome: would_drop is what a trial would have blocked",
			"この判定だけ。would_drop は試行中のため遮断しなかったもの"}},
	LIMIT,
	{0},
};

const struct mg_arg mg_a_alert_show[] = {
	{.name = "number",
		.type = MG_STRING,
		.required = true,
		.positional = true,
		.max = 31,
		.meta = "N",
		.help = {"number of the alert (see: alert list)", "検知番号 (一覧: alert list)"}},
	{.name = "pcap",
		.type = MG_OUTPUT,
		.meta = "FILE",
		.help = {"write the packets of the connection there, as tcpdump reads them",
			"通信のパケットをこのファイルに書き出す(tcpdump で読める形式)"}},
	{0},
};

const struct mg_arg mg_a_alert_report[] = {
	PERIOD,
	FROM,
	TO,
	{.name = "by",
		.type = MG_CHOICE,
		.choices = sum_by,
		.help = {"count by this (default rule)", "集計の単位(省略時 rule シグネチャ)"}},
	{.name = "severity",
		.type = MG_UINT,
		.min = 1,
		.max = 255,
		.meta = "N",
		.help = {"only this severe or more (1 is the worst)",
			"この重大度以上だけ(1 が最も重大)"}},
	{.name = "src",
		.type = MG_STRING,
		.max = 64,
		.meta = "ADDR",
		.help = {"only from this address or network",
			"この送信元だけ(アドレスまたはネットワーク)"}},
	{.name = "dst",
		.type = MG_STRING,
		.max = 64,
		.meta = "ADDR",
		.help = {"only to this address or network",
			"この送信先だけ(アドレスまたはネットワーク)"}},
	SID(false, false),
	{.name = "decision",
		.type = MG_CHOICE,
		.choices = decisions,
		.help = {"only with this outcome", "この判定だけ"}},
	LIMIT,
	{0},
};

const struct mg_column mg_c_ips_set[] = {
	{.key = "version", .title = {"Version", "版"}, .right = true},
	{.key = "name", .title = {"File", "ファイル"}},
	{.key = "state", .title = {"State", "状態"}},
	{.key = "imported_at", .title = {"Imported", "取込日時"}, .is_time = true},
	{.key = "imported_by", .title = {"By", "取込者"}},
	{.key = "signatures", .title = {"Signatures", "シグネチャ数"}, .right = true},
	{.key = "fresh", .title = {"New or changed", "新規・変更"}, .right = true},
	{.key = "trial_until", .title = {"Trial until", "試行の終了"}, .is_time = true},
	{.key = "sha256", .title = {"SHA-256", "SHA-256"}, .wide = true},
	{0},
};

const struct mg_column mg_c_ips_rule[] = {
	{.key = "gid", .title = {"Gid", "Gid"}, .right = true, .wide = true},
	{.key = "sid", .title = {"Signature", "シグネチャ"}, .right = true},
	{.key = "rev", .title = {"Rev.", "改訂"}, .right = true, .sparse = true},
	{.key = "msg", .title = {"Message", "内容"}, .sparse = true},
	{.key = "class", .title = {"Class", "分類"}, .sparse = true},
	{.key = "severity", .title = {"Severity", "重大度"}, .right = true, .sparse = true},
	{.key = "written", .title = {"As written", "記載の動作"}, .sparse = true},
	{.key = "effective", .title = {"Effective", "実際の動作"}, .sparse = true},
	{.key = "trial_until",
		.title = {"Trial until", "試行の終了"},
		.is_time = true,
		.sparse = true},
	{.key = "option", .title = {"Option", "項目"}, .sparse = true},
	{.key = "why", .title = {"Why", "理由"}, .sparse = true},
	{.key = "file", .title = {"File", "ファイル"}},
	{.key = "line", .title = {"Line", "行"}, .right = true},
	{.key = "text", .title = {"Rule", "ルール文"}, .sparse = true},
	{0},
};

const struct mg_column mg_c_ips_trial[] = {
	{.key = "sid", .title = {"Signature", "シグネチャ"}, .right = true},
	{.key = "msg", .title = {"Message", "内容"}},
	{.key = "class", .title = {"Class", "分類"}},
	{.key = "severity", .title = {"Severity", "重大度"}, .right = true},
	{.key = "count", .title = {"Would have blocked", "遮断したはずの件数"}, .right = true},
	{.key = "sources", .title = {"Sources", "端末数"}, .right = true},
	{.key = "hosts", .title = {"Such as", "端末の例"}},
	{.key = "first", .title = {"First", "初回"}, .is_time = true},
	{.key = "last", .title = {"Last", "最終"}, .is_time = true},
	{0},
};

const struct mg_column mg_c_exception[] = {
	{.key = "number", .title = {"No.", "番号"}, .right = true},
	{.key = "revision", .title = {"Rev.", "版"}, .right = true, .wide = true},
	{.key = "state", .title = {"State", "状態"}},
	{.key = "intent", .title = {"Request", "申請内容"}, .wide = true},
	{.key = "sid", .title = {"Signature", "シグネチャ"}, .right = true},
	{.key = "gid", .title = {"Gid", "Gid"}, .right = true, .wide = true},
	{.key = "source", .title = {"Source", "接続元"}},
	{.key = "destination", .title = {"Destination", "接続先"}},
	{.key = "action", .title = {"Action", "動作"}},
	{.key = "applicant", .title = {"Applicant", "申請者"}},
	{.key = "approver", .title = {"Approver", "承認者"}},
	{.key = "purpose", .title = {"Purpose", "目的"}},
	{.key = "registered", .title = {"Registered", "登録日"}, .is_date = true},
	{.key = "expiry", .title = {"Expiry", "有効期限"}, .is_date = true},
	{.key = "reason", .title = {"Reason", "理由"}, .wide = true},
	{.key = "comment", .title = {"Comment", "コメント"}, .wide = true},
	{0},
};

const struct mg_column mg_c_alert[] = {
	{.key = "number", .title = {"No.", "番号"}},
	{.key = "time", .title = {"Time", "日時"}, .is_time = true},
	{.key = "severity", .title = {"Severity", "重大度"}, .right = true},
	{.key = "decision", .title = {"Decision", "判定"}},
	{.key = "sid", .title = {"Signature", "シグネチャ"}, .right = true},
	{.key = "msg", .title = {"Message", "内容"}},
	{.key = "class", .title = {"Class", "分類"}, .wide = true},
	{.key = "source", .title = {"Source", "送信元IP"}},
	{.key = "sport", .title = {"Port", "ポート"}, .right = true, .wide = true},
	{.key = "destination", .title = {"Destination", "送信先IP"}},
	{.key = "port", .title = {"Port", "ポート番号"}, .right = true},
	{.key = "proto", .title = {"Protocol", "プロトコル"}},
	{.key = "app_proto", .title = {"Application", "アプリケーション"}, .wide = true},
	{.key = "zone_in", .title = {"From", "接続元ゾーン"}},
	{.key = "zone_out", .title = {"To", "接続先ゾーン"}},
	{.key = "mac", .title = {"MAC address", "MACアドレス"}, .wide = true},
	{.key = "count", .title = {"Count", "件数"}, .right = true},
	{.key = "exception", .title = {"Exception", "例外"}, .right = true, .wide = true},
	{0},
};

const struct mg_column mg_c_alert_sum[] = {
	{.key = "day", .title = {"Day", "日"}, .is_date = true, .sparse = true},
	{.key = "source", .title = {"Source", "送信元IP"}, .sparse = true},
	{.key = "destination", .title = {"Destination", "送信先IP"}, .sparse = true},
	{.key = "sid", .title = {"Signature", "シグネチャ"}, .right = true, .sparse = true},
	{.key = "msg", .title = {"Message", "内容"}, .sparse = true},
	{.key = "class", .title = {"Class", "分類"}, .sparse = true},
	{.key = "severity", .title = {"Severity", "重大度"}, .right = true, .sparse = true},
	{.key = "count", .title = {"Count", "件数"}, .right = true},
	{.key = "sources", .title = {"Sources", "端末数"}, .right = true, .sparse = true},
	{.key = "destinations", .title = {"Destinations", "宛先数"}, .right = true, .sparse = true},
	{.key = "first", .title = {"First", "初回"}, .is_time = true},
	{.key = "last", .title = {"Last", "最終"}, .is_time = true},
	{0},
};
