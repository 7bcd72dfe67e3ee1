// SPDX-License-Identifier: GPL-2.0-or-later
/* Arguments and columns of the commands about rules and reviews, in the guideline's order and
 * words. */
#include "mgmt/command/table.h"

static const char *const kinds[] = {"allow", "deny", "dnat", "snat", NULL};
static const char *const yes_no[] = {"yes", "no", NULL};
static const char *const states[] = {"draft", "requested", "returned", "approved", "active",
	"suspended", "expired", "removed", NULL};
static const char *const review_kinds[] = {"rules", "devices", NULL};
static const char *const decisions[] = {"keep", "change", "remove", NULL};

#define SPEC_MAX 8000 /* bytes of an address or port list */

const struct mg_arg mg_a_rule_request[] = {
	{.name = "source",
		.type = MG_STRING,
		.max = SPEC_MAX,
		.meta = "ADDR",
		.help = {"source address, network, range or object name; several with ','; or any",
			"接続元 IP "
			"アドレス。ネットワーク、範囲、オブジェクト名も可。複数は「,」区切り。any "
			"はすべて"}},
	{.name = "destination",
		.type = MG_STRING,
		.max = SPEC_MAX,
		.meta = "ADDR",
		.help = {"destination, written like the source",
			"接続先 IP アドレス。書き方は接続元と同じ"}},
	{.name = "direction",
		.type = MG_STRING,
		.max = 64,
		.meta = "FROM->TO",
		.help = {"from which zone to which, such as lan->wan; the zone gateway is the "
			 "gateway itself",
			"通信方向。lan->wan のようにゾーン名で書く。gateway は本装置自身"}},
	{.name = "protocol",
		.type = MG_STRING,
		.max = 64,
		.meta = "PROTO",
		.help = {"tcp, udp, tcp/udp, icmp, icmpv6, esp, a number, or any",
			"プロトコル。tcp、udp、tcp/udp、icmp、icmpv6、esp、番号、any"}},
	{.name = "port",
		.type = MG_STRING,
		.max = SPEC_MAX,
		.meta = "PORT",
		.help = {"destination port, range, service name; several with ','; any, or - where "
			 "there is none",
			"ポート番号。範囲、サービス名も可。複数は「,」区切り。any "
			"はすべて、ポートがなければ「-」"}},
	{.name = "purpose",
		.type = MG_STRING,
		.max = 1000,
		.meta = "TEXT",
		.help = {"what the connection is needed for", "利用用途"}},
	{.name = "expiry",
		.type = MG_DATE,
		.meta = "DATE",
		.help = {"last day the rule is valid (default and maximum: one year)",
			"有効期限。この日まで有効(省略時と最長は 1 年)"}},
	{.name = "kind",
		.type = MG_CHOICE,
		.choices = kinds,
		.help = {"allow (default), deny, dnat (publish a server) or snat (translate the "
			 "source)",
			"種別。allow 許可(省略時)、deny 遮断、dnat サーバーの公開、snat "
			"接続元の変換"}},
	{.name = "nat_to",
		.type = MG_STRING,
		.max = 128,
		.meta = "ADDR",
		.help = {"dnat: address or address:port of the server; snat: masquerade or an "
			 "address",
			"変換先。dnat はサーバーのアドレスまたはアドレス:ポート、snat は "
			"masquerade またはアドレス"}},
	{.name = "order",
		.type = MG_UINT,
		.min = 1,
		.max = 9999,
		.meta = "N",
		.help = {"place in the evaluation, the first match decides (default: deny 500, "
			 "others 1000)",
			"評価順。最初に一致したルールが決める(省略時 deny 500、ほか 1000)"}},
	{.name = "log",
		.type = MG_CHOICE,
		.choices = yes_no,
		.help = {"record each allowed connection", "許可した通信も 1 件ずつ記録する"}},
	{.name = "partner",
		.type = MG_STRING,
		.max = 200,
		.meta = "NAME",
		.help = {"partner organisation at the other end", "通信相手の関係組織"}},
	{.name = "ticket",
		.type = MG_STRING,
		.max = 200,
		.meta = "TEXT",
		.help = {"reference of your own", "任意の整理番号"}},
	{.name = "draft",
		.type = MG_FLAG,
		.help = {"only keep it, do not ask for approval yet",
			"下書きとして保存し、まだ申請しない"}},
	{.name = "number",
		.type = MG_UINT,
		.min = 1,
		.max = 0xffffff,
		.meta = "N",
		.help = {"ask for a change of this rule; only the fields that change are needed",
			"既存ルールの変更を申請する番号。変わる項目だけを書けばよい"}},
	MG_ARG_DRY_RUN,
	{0},
};

const struct mg_arg mg_a_rule_own[] = {
	MG_ARG_NUMBER("number of the rule", "ルールの番号"),
	MG_ARG_DRY_RUN,
	{0},
};

const struct mg_arg mg_a_rule_number[] = {MG_ARG_NUMBER("number of the rule", "ルールの番号"), {0}};

const struct mg_arg mg_a_rule_list[] = {
	{.name = "state",
		.type = MG_CHOICE,
		.choices = states,
		.help = {"only rules in this state", "この状態のルールだけ"}},
	{.name = "applicant",
		.type = MG_STRING,
		.max = 63,
		.meta = "ACCOUNT",
		.help = {"only rules this person applied for", "この人が申請したルールだけ"}},
	{.name = "zone",
		.type = MG_STRING,
		.max = 15,
		.meta = "ZONE",
		.help = {"only rules from or to this zone",
			"このゾーンが接続元か接続先のルールだけ"}},
	{.name = "text",
		.type = MG_STRING,
		.max = 200,
		.meta = "TEXT",
		.help = {"only rules with this text in any field",
			"いずれかの項目にこの文字列を含むルールだけ"}},
	{.name = "all", .type = MG_FLAG, .help = {"removed rules too", "削除済みのルールも含める"}},
	{0},
};

const struct mg_arg mg_a_rule_show[] = {
	MG_ARG_NUMBER("number of the rule", "ルールの番号"),
	{.name = "revision",
		.type = MG_UINT,
		.min = 1,
		.max = 1000000,
		.meta = "N",
		.help = {"this revision (default: the one in force)", "版(省略時は有効な版)"}},
	{0},
};

const struct mg_arg mg_a_rule_approve[] = {
	MG_ARG_NUMBERS("numbers of the rules", "ルールの番号(複数可)"),
	{.name = "revision",
		.type = MG_UINT,
		.min = 1,
		.max = 1000000,
		.meta = "N",
		.help = {"of a single rule: approve only if the request is still this revision",
			"ルールが 1 件のとき、申請がこの版のままの場合だけ承認する"}},
	{.name = "comment",
		.type = MG_STRING,
		.max = 1000,
		.meta = "TEXT",
		.help = {"remark kept with the approval", "承認とともに残すコメント"}},
	MG_ARG_DRY_RUN,
	{0},
};

const struct mg_arg mg_a_rule_return[] = {
	MG_ARG_NUMBER("number of the rule", "ルールの番号"),
	MG_ARG_REASON("what the applicant should do", "差し戻しの理由(申請者に伝わる)"),
	MG_ARG_DRY_RUN,
	{0},
};

const struct mg_arg mg_a_rule_extend[] = {
	MG_ARG_NUMBER("number of the rule", "ルールの番号"),
	{.name = "expiry",
		.type = MG_DATE,
		.required = true,
		.meta = "DATE",
		.help = {"new last day", "新しい有効期限"}},
	MG_ARG_REASON("why it is still needed", "延長の理由"),
	MG_ARG_DRY_RUN,
	{0},
};

const struct mg_arg mg_a_rule_reason[] = {
	MG_ARG_NUMBER("number of the rule", "ルールの番号"),
	MG_ARG_REASON("why", "理由"),
	MG_ARG_DRY_RUN,
	{0},
};

const struct mg_arg mg_a_rule_import[] = {
	{.name = "data",
		.type = MG_FILE,
		.required = true,
		.positional = true,
		.max = 32u << 20,
		.meta = "FILE",
		.help = {"CSV file, as written by rule export or by Excel",
			"CSV ファイル(rule export または Excel で作成)"}},
	{.name = "apply",
		.type = MG_FLAG,
		.help = {"create the requests (default: only show what would happen)",
			"実際に申請する(省略時は結果の確認だけ)"}},
	{0},
};

const struct mg_arg mg_a_rule_export[] = {
	{.name = "state",
		.type = MG_CHOICE,
		.choices = states,
		.help = {"only rules in this state", "この状態のルールだけ"}},
	{0},
};

const struct mg_arg mg_a_review_start[] = {
	{.name = "title",
		.type = MG_STRING,
		.required = true,
		.max = 200,
		.meta = "TEXT",
		.help = {"name of the review, such as 2026", "棚卸しの名称(例: 2026年度)"}},
	{.name = "due",
		.type = MG_DATE,
		.required = true,
		.meta = "DATE",
		.help = {"day by which every rule must have a decision",
			"全ルールの判定を終える期日"}},
	{.name = "of",
		.type = MG_CHOICE,
		.choices = review_kinds,
		.help = {"of what: rules (default) or devices",
			"対象: rules ルール (省略時)、devices 端末"}},
	MG_ARG_DRY_RUN,
	{0},
};

const struct mg_arg mg_a_review_show[] = {
	{.name = "review",
		.type = MG_UINT,
		.positional = true,
		.min = 1,
		.max = 0xffffff,
		.meta = "N",
		.help = {"number of the review (default: the newest)",
			"棚卸しの番号(省略時は最新)"}},
	{0},
};

const struct mg_arg mg_a_review_finish[] = {
	{.name = "review",
		.type = MG_UINT,
		.positional = true,
		.min = 1,
		.max = 0xffffff,
		.meta = "N",
		.help = {"number of the review (default: the newest)",
			"棚卸しの番号(省略時は最新)"}},
	MG_ARG_DRY_RUN,
	{0},
};

const struct mg_arg mg_a_review_decide[] = {
	MG_ARG_NUMBERS("numbers of the rules", "ルールの番号(複数可)"),
	{.name = "decision",
		.type = MG_CHOICE,
		.required = true,
		.choices = decisions,
		.help = {"keep, change (send back to the applicant) or remove",
			"keep 継続、change 変更が必要(申請者へ)、remove 削除"}},
	{.name = "reason",
		.type = MG_STRING,
		.max = 1000,
		.meta = "TEXT",
		.help = {"why", "判定の理由"}},
	{.name = "expiry",
		.type = MG_DATE,
		.meta = "DATE",
		.help = {"with keep: the new last day", "継続の場合の新しい有効期限"}},
	MG_ARG_DRY_RUN,
	{0},
};

const struct mg_column mg_c_rule[] = {
	{.key = "number", .title = {"No.", "番号"}, .right = true},
	{.key = "state", .title = {"State", "状態"}},
	{.key = "kind", .title = {"Kind", "種別"}},
	{.key = "applicant", .title = {"Applicant", "申請者"}},
	{.key = "source", .title = {"Source", "接続元"}},
	{.key = "destination", .title = {"Destination", "接続先"}},
	{.key = "direction", .title = {"Direction", "通信方向"}},
	{.key = "protocol", .title = {"Protocol", "プロトコル"}},
	{.key = "port", .title = {"Port", "ポート番号"}},
	{.key = "purpose", .title = {"Purpose", "利用用途"}},
	{.key = "registered", .title = {"Registered", "登録日"}, .is_date = true},
	{.key = "expiry", .title = {"Expiry", "有効期限"}, .is_date = true},
	{.key = "last_hit", .title = {"Last used", "最終利用日"}, .is_date = true},
	{.key = "pending", .title = {"Pending", "申請中の版"}, .sparse = true},
	{.key = "revision", .title = {"Rev.", "版"}, .right = true, .wide = true},
	{.key = "order", .title = {"Order", "評価順"}, .right = true, .wide = true},
	{.key = "nat_to", .title = {"Translated to", "変換先"}, .wide = true},
	{.key = "log", .title = {"Log", "記録"}, .wide = true},
	{.key = "partner", .title = {"Partner", "関係組織"}, .wide = true},
	{.key = "ticket", .title = {"Ticket", "整理番号"}, .wide = true},
	{.key = "approver", .title = {"Approver", "承認者"}, .wide = true},
	{.key = "approved_at", .title = {"Approved", "承認日時"}, .wide = true, .is_time = true},
	{.key = "last_reviewed",
		.title = {"Last reviewed", "最終棚卸日"},
		.wide = true,
		.is_date = true},
	{.key = "hits", .title = {"Hits", "利用回数"}, .right = true, .wide = true},
	{.key = "risk", .title = {"Risk", "注意点"}, .wide = true},
	{0},
};

const struct mg_column mg_c_rule_history[] = {
	{.key = "revision", .title = {"Rev.", "版"}, .right = true},
	{.key = "state", .title = {"State", "状態"}},
	{.key = "intent", .title = {"Request", "申請内容"}},
	{.key = "applicant", .title = {"Applicant", "申請者"}},
	{.key = "requested_at", .title = {"Requested", "申請日時"}, .is_time = true},
	{.key = "decided_by", .title = {"Decided by", "判断者"}},
	{.key = "decided_at", .title = {"Decided", "判断日時"}, .is_time = true},
	{.key = "comment", .title = {"Comment", "コメント"}},
	{.key = "reason", .title = {"Reason", "理由"}},
	{.key = "changed", .title = {"Changed", "変更内容"}},
	{.key = "source", .title = {"Source", "接続元"}, .wide = true},
	{.key = "destination", .title = {"Destination", "接続先"}, .wide = true},
	{.key = "direction", .title = {"Direction", "通信方向"}, .wide = true},
	{.key = "protocol", .title = {"Protocol", "プロトコル"}, .wide = true},
	{.key = "port", .title = {"Port", "ポート番号"}, .wide = true},
	{.key = "purpose", .title = {"Purpose", "利用用途"}, .wide = true},
	{.key = "expiry", .title = {"Expiry", "有効期限"}, .wide = true, .is_date = true},
	{0},
};

const struct mg_column mg_c_rule_import[] = {
	{.key = "line", .title = {"Line", "行"}, .right = true},
	{.key = "number", .title = {"No.", "番号"}, .right = true},
	{.key = "result", .title = {"Result", "結果"}},
	{.key = "field", .title = {"Field", "項目"}},
	{.key = "before", .title = {"Before", "変更前"}},
	{.key = "after", .title = {"After", "変更後"}},
	{.key = "message", .title = {"Message", "内容"}},
	{0},
};

const struct mg_column mg_c_notice[] = {
	{.key = "number", .title = {"No.", "番号"}, .right = true},
	{.key = "expiry", .title = {"Expiry", "有効期限"}, .is_date = true},
	{.key = "days", .title = {"Days left", "残り日数"}, .right = true},
	{.key = "applicant", .title = {"Applicant", "申請者"}},
	{.key = "approver", .title = {"Approver", "承認者"}},
	{.key = "purpose", .title = {"Purpose", "利用用途"}},
	{.key = "created", .title = {"Sent", "通知日時"}, .is_time = true},
	{0},
};

const struct mg_column mg_c_review[] = {
	{.key = "number", .title = {"No.", "番号"}, .right = true},
	{.key = "title", .title = {"Title", "名称"}},
	{.key = "state", .title = {"State", "状態"}},
	{.key = "started_by", .title = {"Started by", "開始者"}},
	{.key = "started", .title = {"Started", "開始日時"}, .is_time = true},
	{.key = "due", .title = {"Due", "期日"}, .is_date = true},
	{.key = "items", .title = {"Rules", "対象数"}, .right = true},
	{.key = "open", .title = {"Open", "未判定"}, .right = true},
	{.key = "finished_by", .title = {"Signed off by", "完了者"}},
	{.key = "finished", .title = {"Signed off", "完了日時"}, .is_time = true},
	{0},
};

const struct mg_column mg_c_review_item[] = {
	{.key = "number", .title = {"No.", "番号"}, .right = true},
	{.key = "revision", .title = {"Rev.", "版"}, .right = true},
	{.key = "applicant", .title = {"Applicant", "申請者"}},
	{.key = "source", .title = {"Source", "接続元"}},
	{.key = "destination", .title = {"Destination", "接続先"}},
	{.key = "direction", .title = {"Direction", "通信方向"}},
	{.key = "protocol", .title = {"Protocol", "プロトコル"}},
	{.key = "port", .title = {"Port", "ポート番号"}},
	{.key = "purpose", .title = {"Purpose", "利用用途"}},
	{.key = "expiry", .title = {"Expiry", "有効期限"}, .is_date = true},
	{.key = "last_hit", .title = {"Last used", "最終利用日"}, .is_date = true},
	{.key = "decision", .title = {"Decision", "判定"}},
	{.key = "reviewer", .title = {"Reviewer", "判定者"}},
	{.key = "decided_at", .title = {"Decided", "判定日時"}, .is_time = true},
	{.key = "reason", .title = {"Reason", "理由"}},
	{.key = "registered", .title = {"Registered", "登録日"}, .wide = true, .is_date = true},
	{.key = "risk", .title = {"Risk", "注意点"}, .wide = true},
	{.key = "result", .title = {"New revision", "結果の版"}, .right = true, .wide = true},
	{0},
};
