// SPDX-License-Identifier: GPL-2.0-or-later
/* Arguments and columns of the blocklists' commands: feeds, the site's own entries, allow-list. */
#include "mgmt/command/table.h"

static const char *const modes[] = {"monitor", "block", NULL};
static const char *const kinds[] = {
	"ipv4", "ipv6", "domain", "suffix", "url", "ja3", "ja4", "certificate", NULL};
static const char *const formats[] = {"addresses", "spamhaus-drop", "spamhaus-drop-json",
	"feodo-csv", "feodo-json", "urlhaus-csv", "threatfox-csv", "threatfox-json",
	"sslbl-ja3-csv", "sslbl-cert-csv", "sslbl-ip-csv", "hosts", "domains", "urls", "rpz",
	"stix", "misp", "iprep", "dataset", NULL};
static const char *const states[] = {
	"requested", "returned", "active", "expired", "removed", "superseded", NULL};

static const char value_en[] =
	"address, network, name, .name (and all below), URL, JA3, JA4 or hash of a certificate";
static const char value_ja[] =
	"アドレス、ネットワーク、ドメイン名、.ドメイン名 (配下すべて)、URL、JA3、JA4、"
	"証明書のハッシュ";
static const char kind_en[] = "what the value is, where it could be several things";
static const char kind_ja[] = "値の種別 (自動判別と異なる場合)";

#define NAME                                                                                       \
	MG_ARG_NAME("name of the blocklist (see: blocklist list)", "名前 (一覧: blocklist list)")
#define VALUE(need, pos)                                                                           \
	{                                                                                          \
		.name = "value", .type = MG_STRING, .required = need, .positional = pos,           \
		.max = 2048, .meta = "VALUE", .help = {                                            \
			value_en,                                                                  \
			value_ja                                                                   \
		}                                                                                  \
	}
#define KIND                                                                                       \
	{                                                                                          \
		.name = "kind", .type = MG_CHOICE, .choices = kinds, .help = { kind_en, kind_ja }  \
	}
#define PURPOSE(en, ja)                                                                            \
	{                                                                                          \
		.name = "purpose", .type = MG_STRING, .max = 1000, .meta = "TEXT", .help = {       \
			en,                                                                        \
			ja                                                                         \
		}                                                                                  \
	}
const struct mg_arg mg_a_bl_list[] = {
	{.name = "all",
		.type = MG_FLAG,
		.help = {"also those that are not in use", "使用していない一覧も表示する"}},
	{0},
};
const struct mg_arg mg_a_bl_show[] = {NAME, {0}};
const struct mg_arg mg_a_bl_name[] = {NAME, MG_ARG_DRY_RUN, {0}};
const struct mg_arg mg_a_bl_reason[] = {NAME, MG_ARG_REASON("why", "理由"), MG_ARG_DRY_RUN, {0}};

const struct mg_arg mg_a_bl_add[] = {
	MG_ARG_NAME("name: a-z, 0-9, -", "名前 (英小文字・数字・ハイフン)"),
	{.name = "url",
		.type = MG_STRING,
		.max = 1024,
		.meta = "URL",
		.help = {"where it is fetched: an address that begins with https://",
			"取得元の https:// の URL"}},
	{.name = "path",
		.type = MG_STRING,
		.max = 255,
		.meta = "PATH",
		.help = {"or a file or folder of this machine, read again and again",
			"または本装置上のファイルかフォルダー (定期的に読み込む)"}},
	{.name = "file",
		.type = MG_FILE,
		.max = 128u << 20,
		.meta = "FILE",
		.help = {"or a file that is handed over now, and again with blocklist update",
			"または今回渡すファイル (以後は blocklist update で更新)"}},
	{.name = "format",
		.type = MG_CHOICE,
		.choices = formats,
		.help = {"how it is written", "一覧の形式"}},
	{.name = "title",
		.type = MG_STRING,
		.max = 200,
		.meta = "TEXT",
		.help = {"its name for people", "表示名"}},
	{.name = "interval",
		.type = MG_UINT,
		.min = 60,
		.max = 31 * 86400,
		.meta = "SECONDS",
		.help = {"how often it is fetched (default 3600)", "取得間隔の秒数 (省略時 3600)"}},
	{.name = "suffix",
		.type = MG_FLAG,
		.help = {"a name stands for all names below it, too",
			"ドメイン名は、その配下の名前も含む"}},
	{.name = "definition",
		.type = MG_FILE,
		.max = 65536,
		.meta = "FILE",
		.help = {"or all of it as JSON, as in /usr/share/sekisho/feeds",
			"または定義ファイル (JSON。/usr/share/sekisho/feeds と同じ形式)"}},
	PURPOSE("why", "目的"),
	MG_ARG_DRY_RUN,
	{0},
};

const struct mg_arg mg_a_bl_mode[] = {
	NAME,
	{.name = "mode",
		.type = MG_CHOICE,
		.required = true,
		.positional = true,
		.choices = modes,
		.help = {"monitor: only report; block: block", "monitor は記録のみ、block は遮断"}},
	MG_ARG_REASON("why", "理由"),
	MG_ARG_DRY_RUN,
	{0},
};

const struct mg_arg mg_a_bl_update[] = {
	NAME,
	{.name = "file",
		.type = MG_FILE,
		.max = 128u << 20,
		.meta = "FILE",
		.help = {"take this file instead of fetching it",
			"取得せずにこのファイルを取り込む"}},
	{.name = "accept",
		.type = MG_FLAG,
		.help = {"take the list that was refused, after looking at it (needs a reason)",
			"確認のうえ、取り込みを見送った一覧を取り込む (理由が必要)"}},
	{.name = "reason",
		.type = MG_STRING,
		.max = 1000,
		.meta = "TEXT",
		.help = {"why it is accepted", "取り込む理由"}},
	{0},
};

const struct mg_arg mg_a_bl_history[] = {
	NAME,
	{.name = "limit",
		.type = MG_UINT,
		.min = 1,
		.max = 500,
		.meta = "N",
		.help = {"at most this many (default 50)", "最大件数(省略時 50)"}},
	{0},
};

const struct mg_arg mg_a_bl_test[] = {VALUE(true, true), KIND, {0}};
const struct mg_arg mg_a_bl_entry_add[] = {
	VALUE(true, true),
	KIND,
	{.name = "purpose",
		.type = MG_STRING,
		.required = true,
		.max = 1000,
		.meta = "TEXT",
		.help = {"why it is blocked", "遮断する理由"}},
	MG_ARG_DRY_RUN,
	{0},
};
const struct mg_arg mg_a_bl_entry_remove[] = {
	VALUE(true, true), KIND, MG_ARG_REASON("why", "理由"), MG_ARG_DRY_RUN, {0}};
const struct mg_arg mg_a_bl_entry_list[] = {
	{.name = "all", .type = MG_FLAG, .help = {"also removed ones", "削除済みも表示する"}},
	{0},
};

const struct mg_arg mg_a_allow_list[] = {
	{.name = "state",
		.type = MG_CHOICE,
		.choices = states,
		.help = {"only those in this state", "この状態のものだけ"}},
	{.name = "all",
		.type = MG_FLAG,
		.help = {"also expired and removed ones", "期限切れと削除済みも表示する"}},
	{0},
};
const struct mg_arg mg_a_allow_request[] = {
	{.name = "number",
		.type = MG_UINT,
		.min = 1,
		.max = 0xffffff,
		.meta = "N",
		.help = {"change this entry; what is not given stays",
			"この番号の除外を変更する(指定しない項目はそのまま)"}},
	VALUE(false, true),
	KIND,
	PURPOSE("why it must not be blocked", "除外する理由"),
	{.name = "expiry",
		.type = MG_DATE,
		.meta = "DATE",
		.help = {"last day it is in force", "有効期限"}},
	MG_ARG_DRY_RUN,
	{0},
};
const struct mg_arg mg_a_allow_number[] = {MG_ARG_NUMBER("number of the entry", "除外の番号"), {0}};
const struct mg_arg mg_a_allow_own[] = {
	MG_ARG_NUMBER("number of the entry", "除外の番号"), MG_ARG_DRY_RUN, {0}};
const struct mg_arg mg_a_allow_reason[] = {
	MG_ARG_NUMBER("number of the entry", "除外の番号"),
	MG_ARG_REASON("why", "理由"),
	MG_ARG_DRY_RUN,
	{0},
};
const struct mg_arg mg_a_allow_approve[] = {
	MG_ARG_NUMBERS("numbers of the entries", "除外の番号(複数可)"),
	{.name = "comment",
		.type = MG_STRING,
		.max = 1000,
		.meta = "TEXT",
		.help = {"what was checked", "確認した内容"}},
	MG_ARG_DRY_RUN,
	{0},
};

const struct mg_column mg_c_bl[] = {
	{.key = "name", .title = {"Name", "名称"}, .code = true},
	{.key = "title", .title = {"Title", "表示名"}},
	{.key = "kind", .title = {"Kind", "種別"}},
	{.key = "mode", .title = {"Mode", "モード"}},
	{.key = "entries", .title = {"Entries", "件数"}, .right = true},
	{.key = "fetched", .title = {"Last fetch", "最終取得"}, .is_time = true},
	{.key = "result", .title = {"Result", "結果"}},
	{.key = "blocked_month", .title = {"Blocked this month", "今月の遮断件数"}, .right = true},
	{.key = "would_month",
		.title = {"Would have been blocked", "監視で検出した件数"},
		.right = true},
	{.key = "why", .title = {"Why", "理由"}, .sparse = true},
	{.key = "next", .title = {"Next fetch", "次回取得"}, .is_time = true, .wide = true},
	{.key = "companies", .title = {"Companies", "企業での利用"}, .sparse = true},
	{.key = "licence", .title = {"Licence", "利用条件"}, .wide = true},
	{0},
};

const struct mg_column mg_c_bl_history[] = {
	{.key = "time", .title = {"Time", "日時"}, .is_time = true},
	{.key = "result", .title = {"Result", "結果"}},
	{.key = "entries", .title = {"Entries", "件数"}, .right = true},
	{.key = "added", .title = {"Added", "追加"}, .right = true},
	{.key = "gone", .title = {"Removed", "削除"}, .right = true},
	{.key = "left_out", .title = {"Left out", "除いた件数"}, .right = true},
	{.key = "errors", .title = {"Errors", "エラー行"}, .right = true},
	{.key = "count", .title = {"Times", "回数"}, .right = true},
	{.key = "last", .title = {"Last", "最終"}, .is_time = true, .wide = true},
	{.key = "who", .title = {"By", "操作者"}, .sparse = true},
	{.key = "why", .title = {"Why", "理由"}, .sparse = true},
	{.key = "examples", .title = {"Such as", "該当の例"}, .sparse = true},
	{0},
};

const struct mg_column mg_c_bl_test[] = {
	{.key = "where", .title = {"Where", "確認先"}},
	{.key = "verdict", .title = {"Verdict", "判定"}},
	{.key = "feed", .title = {"Blocklist", "不正サイト一覧"}},
	{.key = "entry", .title = {"Entry", "一覧の項目"}, .code = true},
	{0},
};

const struct mg_column mg_c_bl_entry[] = {
	{.key = "value", .title = {"Value", "値"}, .code = true},
	{.key = "kind", .title = {"Kind", "種別"}},
	{.key = "purpose", .title = {"Purpose", "理由"}},
	{.key = "who", .title = {"By", "登録者"}},
	{.key = "since", .title = {"Since", "登録日時"}, .is_time = true},
	{.key = "removed", .title = {"Removed", "削除日時"}, .is_time = true, .sparse = true},
	{.key = "removed_by", .title = {"By", "削除者"}, .sparse = true},
	{.key = "reason", .title = {"Reason", "削除の理由"}, .sparse = true},
	{0},
};

const struct mg_column mg_c_allow[] = {
	{.key = "number", .title = {"No.", "番号"}, .right = true},
	{.key = "revision", .title = {"Rev.", "版"}, .right = true, .wide = true},
	{.key = "state", .title = {"State", "状態"}},
	{.key = "intent", .title = {"Request", "申請内容"}, .wide = true},
	{.key = "value", .title = {"Value", "値"}, .code = true},
	{.key = "kind", .title = {"Kind", "種別"}},
	{.key = "applicant", .title = {"Applicant", "申請者"}},
	{.key = "approver", .title = {"Approver", "承認者"}},
	{.key = "purpose", .title = {"Purpose", "目的"}},
	{.key = "registered", .title = {"Registered", "登録日"}, .is_date = true},
	{.key = "expiry", .title = {"Expiry", "有効期限"}, .is_date = true},
	{.key = "reason", .title = {"Reason", "理由"}, .wide = true},
	{.key = "comment", .title = {"Comment", "コメント"}, .wide = true},
	{0},
};
