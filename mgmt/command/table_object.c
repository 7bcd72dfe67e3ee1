// SPDX-License-Identifier: GPL-2.0-or-later
/* Arguments and columns of the commands about objects, zones, settings, changes and accounts. */
#include "mgmt/command/table.h"

static const char *const object_kinds[] = {"address", "service", NULL};
static const char *const zone_kinds[] = {
	"outside", "inside", "dmz", "factory", "guest", "management", NULL};
static const char *const yes_no[] = {"yes", "no", NULL};
static const char *const change_states[] = {
	"requested", "returned", "approved", "active", "superseded", NULL};

#define PURPOSE                                                                                    \
	{                                                                                          \
		.name = "purpose", .type = MG_STRING, .max = 1000, .meta = "TEXT", .help = {       \
			"why it is changed",                                                       \
			"変更の目的"                                                          \
		}                                                                                  \
	}
#define KIND                                                                                       \
	{                                                                                          \
		.name = "kind", .type = MG_CHOICE, .choices = object_kinds, .help = {              \
			"address or service",                                                      \
			"address アドレス、service サービス"                              \
		}                                                                                  \
	}

const struct mg_arg mg_a_object_set[] = {
	MG_ARG_NAME("name of the object", "オブジェクト名"),
	{.name = "items",
		.type = MG_STRING,
		.max = 100000,
		.meta = "LIST",
		.help = {"addresses, networks, ranges or object names (or tcp/80, udp/1024-2047), "
			 "separated by ','",
			"アドレス、ネットワーク、範囲、オブジェクト名(サービスは "
			"tcp/80、udp/1024-2047 など)。「,」区切り"}},
	{.name = "file",
		.type = MG_FILE,
		.max = 32u << 20,
		.meta = "FILE",
		.help = {"read the items from a file, one a line",
			"内容をファイルから読む(1 行に 1 件)"}},
	KIND,
	PURPOSE,
	MG_ARG_DRY_RUN,
	{0},
};

const struct mg_arg mg_a_object_remove[] = {
	MG_ARG_NAME("name of the object", "オブジェクト名"),
	KIND,
	MG_ARG_REASON("why", "理由"),
	MG_ARG_DRY_RUN,
	{0},
};

const struct mg_arg mg_a_object_list[] = {
	KIND,
	{0},
};

const struct mg_arg mg_a_object_name[] = {
	MG_ARG_NAME("name of the object", "オブジェクト名"),
	KIND,
	{0},
};

#define ZONE_FLAG(key, e, j)                                                                       \
	{                                                                                          \
		.name = key, .type = MG_CHOICE, .choices = yes_no, .help = { e, j }                \
	}
const struct mg_arg mg_a_zone_set[] = {
	MG_ARG_NAME(
		"name of the zone (lower-case letters, digits, _)", "ゾーン名(英小文字、数字、_)"),
	{.name = "label",
		.type = MG_STRING,
		.max = 120,
		.meta = "TEXT",
		.help = {"name for people", "表示名"}},
	{.name = "kind",
		.type = MG_CHOICE,
		.choices = zone_kinds,
		.help = {"what the zone is", "ゾーンの種別"}},
	{.name = "interfaces",
		.type = MG_STRING,
		.max = 600,
		.meta = "LIST",
		.help = {"network interfaces, separated by ','",
			"ネットワークインターフェース。「,」区切り"}},
	{.name = "bridge",
		.type = MG_STRING,
		.max = 15,
		.meta = "NAME",
		.help = {"transparent operation: the bridge whose ports the interfaces are, or "
			 "none",
			"透過運用: インターフェースが属するブリッジの名前、または none"}},
	ZONE_FLAG("reject", "refuse denied connections at once instead of silently dropping them",
		"遮断した通信に拒否を返す(no は応答しない)"),
	ZONE_FLAG("dhcp_client", "the gateway gets its address here by DHCP",
		"本装置がここで DHCP によりアドレスを得る"),
	ZONE_FLAG("manage", "the gateway may be administered from here",
		"ここから本装置を管理できる"),
	ZONE_FLAG("ping", "the gateway answers echo requests from here",
		"ここからの ping に応答する"),
	ZONE_FLAG("bogons", "drop reserved source addresses arriving here",
		"予約済みアドレスを接続元とする通信を遮断する"),
	{.name = "serve",
		.type = MG_STRING,
		.max = 60,
		.meta = "LIST",
		.help = {"what the gateway does for devices here: dhcp, dns, ntp separated by ',', "
			 "or none",
			"ここの機器に本装置が提供するサービス (dhcp、dns、ntp "
			"を「,」区切り、または "
			"none)"}},
	{.name = "use",
		.type = MG_STRING,
		.max = 60,
		.meta = "LIST",
		.help = {"what the gateway itself asks of servers here: dns, ntp, https, dhcpv6 "
			 "separated by ',', or none",
			"本装置自身がここで利用するサービス (dns、ntp、https、dhcpv6 "
			"を「,」区切り、または none)"}},
	PURPOSE,
	MG_ARG_DRY_RUN,
	{0},
};

const struct mg_arg mg_a_zone_remove[] = {
	MG_ARG_NAME("name of the zone", "ゾーン名"),
	MG_ARG_REASON("why", "理由"),
	MG_ARG_DRY_RUN,
	{0},
};

const struct mg_arg mg_a_zone_name[] = {MG_ARG_NAME("name of the zone", "ゾーン名"), {0}};

const struct mg_arg mg_a_setting_set[] = {
	{.name = "key",
		.type = MG_STRING,
		.required = true,
		.positional = true,
		.max = 63,
		.meta = "KEY",
		.help = {"which setting", "設定項目"}},
	{.name = "value",
		.type = MG_STRING,
		.required = true,
		.positional = true,
		.max = 1000,
		.meta = "VALUE",
		.help = {"its new value", "新しい値"}},
	PURPOSE,
	MG_ARG_DRY_RUN,
	{0},
};

const struct mg_arg mg_a_change_list[] = {
	{.name = "state",
		.type = MG_CHOICE,
		.choices = change_states,
		.help = {"only changes in this state", "この状態の変更だけ"}},
	{0},
};

const struct mg_arg mg_a_change_number[] = {
	MG_ARG_NUMBER("number of the change", "変更の番号"), {0}};

const struct mg_arg mg_a_change_approve[] = {
	MG_ARG_NUMBERS("numbers of the changes", "変更の番号(複数可)"),
	{.name = "comment",
		.type = MG_STRING,
		.max = 1000,
		.meta = "TEXT",
		.help = {"remark kept with the approval", "承認とともに残すコメント"}},
	MG_ARG_DRY_RUN,
	{0},
};

const struct mg_arg mg_a_change_return[] = {
	MG_ARG_NUMBER("number of the change", "変更の番号"),
	MG_ARG_REASON("what the applicant should do", "差し戻しの理由(申請者に伝わる)"),
	MG_ARG_DRY_RUN,
	{0},
};

#define ROLES_JA                                                                                   \
	"役割: requester 申請者,approver 承認者,admin 管理者,"                          \
	"auditor 監査者,security セキュリティ担当"

#define ACCOUNT_FIELDS                                                                             \
	{.name = "display",                                                                        \
		.type = MG_STRING,                                                                 \
		.max = 120,                                                                        \
		.meta = "TEXT",                                                                    \
		.help = {"the person's name", "氏名"}},                                            \
		{.name = "uid",                                                                    \
			.type = MG_UINT,                                                           \
			.max = 0xfffffffe,                                                         \
			.meta = "N",                                                               \
			.help = {"number of the Unix user", "Unix ユーザーの番号"}},               \
		{.name = "roles",                                                                  \
			.type = MG_STRING,                                                         \
			.max = 200,                                                                \
			.meta = "LIST",                                                            \
			.help = {"any of requester,approver,admin,auditor,security", ROLES_JA}},   \
	{                                                                                          \
		.name = "mail", .type = MG_STRING, .max = 120, .meta = "ADDRESS", .help = {        \
			"mail address for notices",                                                \
			"通知先メールアドレス"                                           \
		}                                                                                  \
	}

const struct mg_arg mg_a_account_add[] = {
	MG_ARG_NAME("name of the account, one for each person", "アカウント名(1 人に 1 つ)"),
	ACCOUNT_FIELDS,
	{.name = "user",
		.type = MG_STRING,
		.max = 63,
		.meta = "USER",
		.help = {"name of the Unix user, instead of --uid",
			"Unix ユーザー名(--uid の代わり)"}},
	PURPOSE,
	MG_ARG_DRY_RUN,
	{0},
};

const struct mg_arg mg_a_account_set[] = {
	MG_ARG_NAME("name of the account", "アカウント名"),
	ACCOUNT_FIELDS,
	PURPOSE,
	MG_ARG_DRY_RUN,
	{0},
};

const struct mg_arg mg_a_account_review[] = {
	MG_ARG_NAME("name of the account", "アカウント名"),
	MG_ARG_DRY_RUN,
	{0},
};

const struct mg_arg mg_a_account_name[] = {MG_ARG_NAME("name of the account", "アカウント名"), {0}};

const struct mg_arg mg_a_account_reason[] = {
	MG_ARG_NAME("name of the account", "アカウント名"),
	MG_ARG_REASON("why", "理由"),
	MG_ARG_DRY_RUN,
	{0},
};

const struct mg_arg mg_a_site_import[] = {
	{.name = "data",
		.type = MG_FILE,
		.required = true,
		.positional = true,
		.max = 32u << 20,
		.meta = "FILE",
		.help = {"JSON file with settings, zones and objects",
			"設定、ゾーン、オブジェクトを書いた JSON ファイル"}},
	MG_ARG_DRY_RUN,
	{0},
};

const struct mg_column mg_c_object[] = {
	{.key = "kind", .title = {"Kind", "種別"}},
	{.key = "name", .title = {"Name", "名前"}},
	{.key = "items", .title = {"Items", "内容"}},
	{.key = "count", .title = {"Count", "件数"}, .right = true, .sparse = true},
	{.key = "state", .title = {"State", "状態"}, .sparse = true},
	{.key = "applicant", .title = {"Applicant", "申請者"}, .sparse = true},
	{.key = "approver", .title = {"Approver", "承認者"}, .sparse = true},
	{.key = "purpose", .title = {"Purpose", "目的"}, .sparse = true},
	{.key = "requested_at",
		.title = {"Requested", "申請日時"},
		.is_time = true,
		.sparse = true},
	{.key = "active_at",
		.title = {"In force since", "適用日時"},
		.is_time = true,
		.sparse = true},
	{.key = "change", .title = {"Change", "変更番号"}, .right = true, .wide = true},
	{0},
};

const struct mg_column mg_c_zone[] = {
	{.key = "name", .title = {"Name", "名前"}},
	{.key = "label", .title = {"Label", "表示名"}},
	{.key = "kind", .title = {"Kind", "種別"}},
	{.key = "interfaces", .title = {"Interfaces", "インターフェース"}},
	{.key = "bridge", .title = {"Bridge", "ブリッジ"}},
	{.key = "reject", .title = {"Reject", "拒否を返す"}},
	{.key = "manage", .title = {"Manage", "管理"}},
	{.key = "ping", .title = {"Ping", "ping 応答"}},
	{.key = "bogons", .title = {"Bogons", "予約アドレス遮断"}},
	{.key = "dhcp_client", .title = {"DHCP", "DHCP"}},
	{.key = "serve", .title = {"Serves", "提供"}},
	{.key = "use", .title = {"Uses", "利用"}},
	{.key = "change", .title = {"Change", "変更番号"}, .right = true, .wide = true},
	{0},
};

const struct mg_column mg_c_setting[] = {
	{.key = "key", .title = {"Setting", "設定項目"}},
	{.key = "value", .title = {"Value", "値"}},
	{.key = "default", .title = {"Default", "初期値"}},
	{.key = "help", .title = {"Meaning", "意味"}},
	{.key = "change", .title = {"Change", "変更番号"}, .right = true, .wide = true},
	{0},
};

const struct mg_column mg_c_change[] = {
	{.key = "number", .title = {"No.", "番号"}, .right = true},
	{.key = "kind", .title = {"Kind", "種別"}},
	{.key = "name", .title = {"Name", "名前"}},
	{.key = "state", .title = {"State", "状態"}},
	{.key = "applicant", .title = {"Applicant", "申請者"}},
	{.key = "before", .title = {"Before", "変更前"}},
	{.key = "value", .title = {"After", "変更後"}},
	{.key = "purpose", .title = {"Purpose", "目的"}},
	{.key = "requested_at", .title = {"Requested", "申請日時"}, .is_time = true},
	{.key = "approver", .title = {"Decided by", "判断者"}},
	{.key = "decided_at", .title = {"Decided", "判断日時"}, .wide = true, .is_time = true},
	{.key = "active_at",
		.title = {"In force since", "適用日時"},
		.wide = true,
		.is_time = true},
	{.key = "comment", .title = {"Comment", "コメント"}, .wide = true},
	{0},
};

const struct mg_column mg_c_account[] = {
	{.key = "name", .title = {"Account", "アカウント"}},
	{.key = "display", .title = {"Name", "氏名"}},
	{.key = "roles", .title = {"Roles", "役割"}},
	{.key = "enabled", .title = {"Enabled", "有効"}},
	{.key = "uid", .title = {"Uid", "uid"}, .right = true},
	{.key = "mail", .title = {"Mail", "メール"}},
	{.key = "created", .title = {"Created", "登録日"}, .is_date = true},
	{.key = "reviewed", .title = {"Reviewed", "最終点検日"}, .is_date = true},
	{0},
};
