// SPDX-License-Identifier: GPL-2.0-or-later
/* Arguments and columns of the commands about devices, ports, networks, switches and admission. */
#include "mgmt/command/table.h"

static const char *const kinds[] = {
	"pc", "printer", "plc", "phone", "ap", "switch", "server", "other", NULL};
static const char *const yes_no[] = {"yes", "no", NULL};
static const char *const states[] = {"requested", "returned", "active", "expiring", "quarantined",
	"revoked", "expired", "removed", "superseded", NULL};
static const char *const modes[] = {"learn", "rehearse", "enforce", NULL};
static const char *const isolations[] = {"off", "observe", "on", NULL};
static const char *const periods[] = {"today", "yesterday", "24h", "7d", "30d", "month", NULL};
static const char *const actions[] = {"new", "admitted", "refused", "closed", "conflict",
	"fingerprint", "rogue_dhcp", "rogue_ra", "arp_spoof", "flood", "radius_down", "quarantined",
	"released", "isolated", "would_cut", "mode", "certificate", "radius_accept",
	"radius_reject", "radius_start", "radius_stop", "radius_cut", "radius_change", NULL};
static const char *const bys[] = {"day", "action", "device", "port", "reason", NULL};

#define NUMBER MG_ARG_NUMBER("number of the device", "端末の番号")
#define TEXT_ARG(key, most, en, ja)                                                                \
	{                                                                                          \
		.name = key, .type = MG_STRING, .max = most, .meta = "TEXT", .help = { en, ja }    \
	}
#define LIST_ARG(key, most, m, en, ja)                                                             \
	{                                                                                          \
		.name = key, .type = MG_STRING, .max = most, .meta = m, .help = { en, ja }         \
	}
#define YES_NO(key, en, ja)                                                                        \
	{                                                                                          \
		.name = key, .type = MG_CHOICE, .choices = yes_no, .help = { en, ja }              \
	}
static const char kind_en[] = "what it is";
static const char kind_ja[] =
	"種別 (pc パソコン、printer プリンター、plc 制御装置、phone 電話機、ap アクセスポイント、"
	"switch スイッチ、server サーバー、other その他)";
#define KIND                                                                                       \
	{                                                                                          \
		.name = "kind", .type = MG_CHOICE, .choices = kinds, .help = { kind_en, kind_ja }  \
	}
#define PERIOD                                                                                     \
	{.name = "period",                                                                         \
		.type = MG_CHOICE,                                                                 \
		.choices = periods,                                                                \
		.help = {"which time (default: the last 24 hours)",                                \
			"期間(省略時は直近 24 時間)"}},                                            \
		{.name = "from",                                                                   \
			.type = MG_DATE,                                                           \
			.meta = "DATE",                                                            \
			.help = {"from this day or instant", "この日時から"}},                     \
	{                                                                                          \
		.name = "to", .type = MG_DATE, .meta = "DATE", .help = {                           \
			"up to this day or instant",                                               \
			"この日時まで"                                                       \
		}                                                                                  \
	}
#define LIMIT                                                                                      \
	{                                                                                          \
		.name = "limit", .type = MG_UINT, .min = 1, .max = 100000, .meta = "N", .help = {  \
			"at most this many rows",                                                  \
			"最大件数"                                                             \
		}                                                                                  \
	}
#define MAC(need, pos)                                                                             \
	{                                                                                          \
		.name = "mac", .type = MG_STRING, .required = need, .positional = pos, .max = 64,  \
		.meta = "MAC", .help = {                                                           \
			"MAC address",                                                             \
			"MAC アドレス"                                                         \
		}                                                                                  \
	}

const struct mg_arg mg_a_device_request[] = {
	{.name = "number",
		.type = MG_UINT,
		.min = 1,
		.max = 0xffffff,
		.meta = "N",
		.help = {"change this device; what is not given stays",
			"この番号の端末を変更する(指定しない項目はそのまま)"}},
	TEXT_ARG("name", 127, "name of the device", "端末名"),
	LIST_ARG("mac", 600, "MAC", "MAC address; several with ','",
		"MAC アドレス。複数は「,」区切り"),
	TEXT_ARG("owner", 127, "who answers for it", "管理者"),
	TEXT_ARG("department", 127, "department", "部署"),
	TEXT_ARG("location", 127, "where it stands", "設置場所"),
	KIND,
	LIST_ARG("method", 32, "LIST",
		"dot1x (certificate or user), mac, or both (default: dot1x where there is an "
		"identity, else mac)",
		"認証方式。dot1x (証明書・利用者)、mac (MAC アドレス)、または両方 "
		"(省略時は識別名があれば dot1x、なければ mac)"),
	LIST_ARG("identity", 1000, "NAME",
		"what 802.1X must prove: the certificate's common name, or a user; several with "
		"','",
		"802.1X の識別名 (証明書の名前または利用者名)。複数は「,」区切り"),
	LIST_ARG("ports", 255, "LIST", "only on these ports (default any)",
		"接続できるポート (省略時はすべて)"),
	LIST_ARG("zones", 500, "LIST", "only in these zones (default any)",
		"接続できるゾーン (省略時はすべて)"),
	LIST_ARG("vlan", 32, "VLAN", "VLAN on managed switches", "管理スイッチで割り当てる VLAN"),
	TEXT_ARG("serial", 63, "serial number", "製造番号"),
	TEXT_ARG("os", 63, "operating system", "OS の種類"),
	YES_NO("infrastructure",
		"a switch, access point or server that is never cut off by isolation",
		"通信の隔離 (ARP) の対象にしない基盤機器か"),
	TEXT_ARG("purpose", 1000, "what it is used for", "利用用途"),
	{.name = "expiry",
		.type = MG_DATE,
		.meta = "DATE",
		.help = {"last day it is permitted (default and maximum: one year)",
			"有効期限 (省略時と最長は 1 年)"}},
	MG_ARG_DRY_RUN,
	{0},
};
const struct mg_arg mg_a_device_list[] = {
	{.name = "state",
		.type = MG_CHOICE,
		.choices = states,
		.help = {"only those in this state", "この状態のものだけ"}},
	{.name = "all",
		.type = MG_FLAG,
		.help = {"also expired, revoked and removed ones",
			"期限切れ・取消・削除済みも表示する"}},
	TEXT_ARG("owner", 127, "only of this owner", "この管理者の端末だけ"),
	TEXT_ARG("department", 127, "only of this department", "この部署の端末だけ"),
	KIND,
	MAC(false, false),
	{0},
};
const struct mg_arg mg_a_device_number[] = {NUMBER, {0}};
const struct mg_arg mg_a_device_own[] = {NUMBER, MG_ARG_DRY_RUN, {0}};
const struct mg_arg mg_a_device_reason[] = {
	NUMBER, MG_ARG_REASON("why", "理由"), MG_ARG_DRY_RUN, {0}};
const struct mg_arg mg_a_device_release[] = {
	NUMBER,
	MG_ARG_REASON("why", "理由"),
	{.name = "relearn",
		.type = MG_FLAG,
		.help = {"forget how it looked, for it has changed rightly",
			"端末の特徴を学習し直す (正当な変更の場合)"}},
	MG_ARG_DRY_RUN,
	{0},
};
const struct mg_arg mg_a_device_approve[] = {
	MG_ARG_NUMBERS("numbers of the devices", "端末の番号(複数可)"),
	TEXT_ARG("comment", 1000, "what was checked", "確認した内容"),
	MG_ARG_DRY_RUN,
	{0},
};
const struct mg_arg mg_a_device_import[] = {
	{.name = "data",
		.type = MG_FILE,
		.required = true,
		.positional = true,
		.max = 16u << 20,
		.meta = "FILE",
		.help = {"CSV file as Excel writes it (UTF-8 or Shift_JIS)",
			"CSV ファイル (Excel の UTF-8 または Shift_JIS)"}},
	{.name = "apply",
		.type = MG_FLAG,
		.help = {"request what is new or changed; without it only shown",
			"新規と変更を申請する(指定しなければ表示のみ)"}},
	{0},
};
const struct mg_arg mg_a_device_export[] = {
	{.name = "state",
		.type = MG_CHOICE,
		.choices = states,
		.help = {"only those in this state", "この状態のものだけ"}},
	{.name = "all",
		.type = MG_FLAG,
		.help = {"also expired, revoked and removed ones",
			"期限切れ・取消・削除済みも出力する"}},
	{0},
};
const struct mg_arg mg_a_device_seen[] = {
	{.name = "unknown",
		.type = MG_FLAG,
		.help = {"only those that are not registered", "未登録の端末だけ"}},
	{.name = "cut_off",
		.type = MG_FLAG,
		.help = {"only those that would be cut off", "遮断されるはずの端末だけ"}},
	{0},
};

#define OUTPUT                                                                                     \
	{                                                                                          \
		.name = "output", .type = MG_OUTPUT, .required = true, .once = true,               \
		.meta = "FILE", .help = {                                                          \
			"new file for the certificate with its key (PKCS#12)",                     \
			"証明書と鍵を書き出す新しいファイル (PKCS#12)"            \
		}                                                                                  \
	}
#define DAYS                                                                                       \
	{                                                                                          \
		.name = "days", .type = MG_UINT, .min = 1, .max = 1826, .meta = "N", .help = {     \
			"days it is valid (default: until the device's expiry)",                   \
			"有効日数 (省略時は端末の有効期限まで)"                   \
		}                                                                                  \
	}
const struct mg_arg mg_a_cert_issue[] = {
	NUMBER,
	OUTPUT,
	LIST_ARG("identity", 63, "NAME", "which of its identities (default: the first)",
		"識別名 (省略時は最初のもの)"),
	DAYS,
	{0},
};
const struct mg_arg mg_a_cert_renew[] = {
	NUMBER,
	OUTPUT,
	LIST_ARG("identity", 63, "NAME", "which of its identities (default: the first)",
		"識別名 (省略時は最初のもの)"),
	DAYS,
	{.name = "revoke_old",
		.type = MG_FLAG,
		.help = {"end earlier certificates at once", "以前の証明書を直ちに失効させる"}},
	{0},
};
const struct mg_arg mg_a_cert_revoke[] = {
	NUMBER,
	LIST_ARG("serial", 64, "HEX", "only this one (default: all of the device)",
		"この製造番号の証明書だけ (省略時はすべて)"),
	MG_ARG_REASON("why", "理由"),
	{0},
};
const struct mg_arg mg_a_cert_list[] = {
	{.name = "number",
		.type = MG_UINT,
		.positional = true,
		.min = 1,
		.max = 0xffffff,
		.meta = "N",
		.help = {"only of this device", "この端末の証明書だけ"}},
	{0},
};
const struct mg_arg mg_a_cert_init[] = {
	TEXT_ARG("organisation", 63, "name in the authority's certificate", "認証局の組織名"),
	{0},
};

/* ---- ports, networks, switches ---- */
const struct mg_arg mg_a_port_mode[] = {
	{.name = "port",
		.type = MG_STRING,
		.required = true,
		.positional = true,
		.max = 15,
		.meta = "PORT",
		.help = {"port, or all", "ポート。all はすべて"}},
	{.name = "mode",
		.type = MG_CHOICE,
		.required = true,
		.positional = true,
		.choices = modes,
		.help = {"learn, rehearse (shows who would be cut off) or enforce",
			"learn 学習、rehearse 予行 (遮断されるはずの端末を表示)、enforce 適用"}},
	MG_ARG_REASON("why", "理由"),
	{0},
};
const struct mg_arg mg_a_port_set[] = {
	MG_ARG_NAME("interface of the port", "ポートのインターフェース名"),
	{.name = "mode",
		.type = MG_CHOICE,
		.choices = modes,
		.help = {"learn (default of a new one), rehearse or enforce",
			"learn 学習 (新規の既定)、rehearse 予行、enforce 適用"}},
	LIST_ARG("zone", 31, "ZONE", "the zone it belongs to", "属するゾーン"),
	YES_NO("dot1x", "802.1X (default yes)", "802.1X を使う (既定 yes)"),
	YES_NO("by_mac", "admission by MAC address (default yes)",
		"MAC アドレスで許可する (既定 yes)"),
	YES_NO("quarantine", "who may not enter reaches a page that says why",
		"許可されない端末に案内ページを表示する"),
	YES_NO("guest", "valid credentials suffice, the device need not be registered",
		"認証できれば未登録の端末も許可する"),
	{.name = "reauth",
		.type = MG_UINT,
		.min = 30,
		.max = 86400,
		.meta = "SECONDS",
		.help = {"between authentications (default 3600)",
			"再認証の間隔の秒数 (既定 3600)"}},
	{.name = "hold",
		.type = MG_UINT,
		.min = 30,
		.max = 86400,
		.meta = "SECONDS",
		.help = {"how long an admission by MAC lasts unrenewed (default 3600)",
			"MAC による許可が更新なしで続く秒数 (既定 3600)"}},
	{.name = "max_devices",
		.type = MG_UINT,
		.min = 1,
		.max = 1024,
		.meta = "N",
		.help = {"devices at once (default 32)", "同時に接続できる台数 (既定 32)"}},
	MG_ARG_DRY_RUN,
	{0},
};
const struct mg_arg mg_a_network_set[] = {
	MG_ARG_NAME("interface of the network", "ネットワークのインターフェース名"),
	LIST_ARG("zone", 31, "ZONE", "the zone it belongs to", "属するゾーン"),
	YES_NO("sensor", "watch passively for devices and rogue servers (default yes)",
		"端末と不正なサーバーを監視する (既定 yes)"),
	{.name = "isolation",
		.type = MG_CHOICE,
		.choices = isolations,
		.help = {"keep devices that are not permitted from others by ARP: off (default), "
			 "observe or on",
			"許可されない端末を ARP で隔離する: off しない (既定)、observe "
			"記録のみ、on する"}},
	LIST_ARG("dhcp_servers", 600, "LIST", "permitted DHCP servers, addresses or MACs",
		"正規の DHCP サーバー (アドレスまたは MAC)"),
	LIST_ARG("routers", 300, "LIST", "MACs of permitted routers", "正規のルーターの MAC"),
	MG_ARG_DRY_RUN,
	{0},
};
const struct mg_arg mg_a_switch_set[] = {
	MG_ARG_NAME("name of the switch", "スイッチの名前"),
	LIST_ARG("address", 45, "ADDR", "address from which it asks",
		"問い合わせ元の IPv4 アドレス"),
	LIST_ARG("secret", 63, "NAME", "name of its line in the secrets file (default: its name)",
		"共有鍵ファイルでの名前 (省略時はスイッチの名前)"),
	{.name = "coa_port",
		.type = MG_UINT,
		.max = 65535,
		.meta = "PORT",
		.help = {"where it takes requests to end sessions (RFC 5176), usually 3799; 0: "
			 "nowhere",
			"切断要求 (RFC 5176) を受けるポート。通常 3799、0 は受けない"}},
	MG_ARG_DRY_RUN,
	{0},
};
const struct mg_arg mg_a_item_remove[] = {
	MG_ARG_NAME("its name", "名前"), MG_ARG_REASON("why", "理由"), MG_ARG_DRY_RUN, {0}};

/* ---- admission ---- */
const struct mg_arg mg_a_nac_explain[] = {MAC(true, true), {0}};
const struct mg_arg mg_a_nac_mac[] = {MAC(true, true), MG_ARG_REASON("why", "理由"), {0}};
const struct mg_arg mg_a_nac_events[] = {
	PERIOD,
	{.name = "action",
		.type = MG_CHOICE,
		.choices = actions,
		.help = {"only what happened so", "この種別だけ"}},
	MAC(false, false),
	LIST_ARG("port", 15, "PORT", "only on this port", "このポートだけ"),
	{.name = "number",
		.type = MG_UINT,
		.min = 1,
		.max = 0xffffff,
		.meta = "N",
		.help = {"only of this device", "この端末だけ"}},
	LIMIT,
	{0},
};
const struct mg_arg mg_a_report_admission[] = {
	PERIOD,
	{.name = "by",
		.type = MG_CHOICE,
		.choices = bys,
		.help = {"counted by what (default: day)", "集計の単位 (省略時は日別)"}},
	{.name = "action",
		.type = MG_CHOICE,
		.choices = actions,
		.help = {"only what happened so: would_cut tells of the rehearsal",
			"この種別だけ (would_cut は予行の結果)"}},
	LIMIT,
	{0},
};

const struct mg_column mg_c_device[] = {
	{.key = "number", .title = {"No.", "番号"}, .right = true},
	{.key = "revision", .title = {"Rev.", "版"}, .right = true, .wide = true},
	{.key = "state", .title = {"State", "状態"}},
	{.key = "intent", .title = {"Request", "申請内容"}, .wide = true},
	{.key = "name", .title = {"Name", "端末名"}, .code = true},
	{.key = "kind", .title = {"Kind", "種別"}},
	{.key = "mac", .title = {"MAC address", "MACアドレス"}, .code = true},
	{.key = "method", .title = {"Method", "認証方式"}},
	{.key = "identity", .title = {"Identity", "識別名"}, .code = true, .wide = true},
	{.key = "owner", .title = {"Owner", "管理者"}, .code = true},
	{.key = "department", .title = {"Department", "部署"}, .code = true},
	{.key = "location", .title = {"Location", "設置場所"}, .code = true},
	{.key = "purpose", .title = {"Purpose", "利用用途"}, .wide = true},
	{.key = "serial", .title = {"Serial number", "製造番号"}, .code = true, .wide = true},
	{.key = "os", .title = {"OS", "OS"}, .code = true, .wide = true},
	{.key = "ports", .title = {"Allowed ports", "接続ポート"}, .code = true, .wide = true},
	{.key = "zones", .title = {"Allowed zones", "接続ゾーン"}, .code = true, .wide = true},
	{.key = "vlan", .title = {"VLAN", "VLAN"}, .code = true, .wide = true},
	{.key = "infrastructure", .title = {"Infrastructure", "基盤機器"}, .wide = true},
	{.key = "applicant", .title = {"Applicant", "申請者"}, .wide = true},
	{.key = "approver", .title = {"Approver", "承認者"}, .wide = true},
	{.key = "registered", .title = {"Registered", "登録日"}, .is_date = true, .wide = true},
	{.key = "expiry", .title = {"Expiry", "有効期限"}, .is_date = true},
	{.key = "reason", .title = {"Reason", "理由"}, .wide = true},
	{.key = "comment", .title = {"Comment", "コメント"}, .wide = true},
	{0},
};
const struct mg_column mg_c_device_import[] = {
	{.key = "line", .title = {"Line", "行"}, .right = true},
	{.key = "number", .title = {"No.", "番号"}, .right = true},
	{.key = "result", .title = {"Result", "結果"}},
	{.key = "name", .title = {"Name", "端末名"}, .code = true},
	{.key = "field", .title = {"Field", "項目"}},
	{.key = "before", .title = {"Before", "変更前"}, .code = true},
	{.key = "after", .title = {"After", "変更後"}, .code = true},
	{.key = "message", .title = {"Message", "内容"}},
	{0},
};
const struct mg_column mg_c_device_seen[] = {
	{.key = "mac", .title = {"MAC address", "MACアドレス"}, .code = true},
	{.key = "where", .title = {"Where", "接続箇所"}, .code = true},
	{.key = "vendor", .title = {"Vendor", "メーカー"}, .code = true},
	{.key = "address", .title = {"Address", "IPアドレス"}, .code = true},
	{.key = "hostname", .title = {"Host name", "ホスト名"}, .code = true},
	{.key = "number", .title = {"No.", "番号"}, .right = true},
	{.key = "name", .title = {"Name", "端末名"}, .code = true},
	{.key = "state", .title = {"State", "状態"}},
	{.key = "would", .title = {"If enforced", "適用時"}},
	{.key = "would_cut", .title = {"Times today", "本日の回数"}, .right = true},
	{.key = "randomised", .title = {"Randomised", "ランダムMAC"}},
	{.key = "first", .title = {"First", "初回"}, .is_time = true, .wide = true},
	{.key = "last", .title = {"Last", "最終"}, .is_time = true},
	{0},
};
const struct mg_column mg_c_cert[] = {
	{.key = "number", .title = {"No.", "番号"}, .right = true},
	{.key = "identity", .title = {"Identity", "識別名"}, .code = true},
	{.key = "serial", .title = {"Serial", "証明書番号"}, .code = true},
	{.key = "issued", .title = {"Issued", "発行日"}, .is_date = true},
	{.key = "issued_by", .title = {"By", "発行者"}, .code = true},
	{.key = "expires", .title = {"Expires", "有効期限"}, .is_date = true},
	{.key = "revoked", .title = {"Revoked", "失効日時"}, .is_time = true},
	{.key = "revoked_by", .title = {"By", "失効者"}, .sparse = true},
	{.key = "reason", .title = {"Reason", "理由"}, .sparse = true},
	{0},
};
const struct mg_column mg_c_port[] = {
	{.key = "name", .title = {"Port", "ポート"}, .code = true},
	{.key = "mode", .title = {"Mode", "モード"}},
	{.key = "zone", .title = {"Zone", "ゾーン"}, .code = true},
	{.key = "dot1x", .title = {"802.1X", "802.1X"}},
	{.key = "by_mac", .title = {"By MAC", "MAC許可"}},
	{.key = "quarantine", .title = {"Notice page", "案内ページ"}},
	{.key = "guest", .title = {"Guests", "ゲスト"}, .wide = true},
	{.key = "link", .title = {"Link", "リンク"}},
	{.key = "hostapd", .title = {"Authenticator", "認証"}},
	{.key = "admitted", .title = {"Admitted", "接続中"}, .right = true},
	{.key = "quarantined", .title = {"Quarantined", "隔離中"}, .right = true},
	{.key = "refused", .title = {"Refused", "拒否中"}, .right = true},
	{.key = "would_cut_today", .title = {"Would be cut off", "遮断見込み"}, .right = true},
	{.key = "reauth", .title = {"Reauth. (s)", "再認証(秒)"}, .right = true, .wide = true},
	{.key = "hold", .title = {"Hold (s)", "保持(秒)"}, .right = true, .wide = true},
	{.key = "max_devices",
		.title = {"Devices at most", "最大台数"},
		.right = true,
		.wide = true},
	{0},
};
const struct mg_column mg_c_network[] = {
	{.key = "name", .title = {"Network", "ネットワーク"}, .code = true},
	{.key = "zone", .title = {"Zone", "ゾーン"}, .code = true},
	{.key = "sensor", .title = {"Sensor", "監視"}},
	{.key = "isolation", .title = {"Isolation", "隔離"}},
	{.key = "dhcp_servers", .title = {"DHCP servers", "DHCPサーバー"}, .code = true},
	{.key = "routers", .title = {"Routers", "ルーター"}, .code = true},
	{0},
};
const struct mg_column mg_c_switch[] = {
	{.key = "name", .title = {"Switch", "スイッチ"}, .code = true},
	{.key = "address", .title = {"Address", "アドレス"}, .code = true},
	{.key = "secret", .title = {"Secret", "共有鍵の名前"}, .code = true},
	{.key = "coa_port", .title = {"Requests to port", "切断要求のポート"}, .right = true},
	{0},
};
const struct mg_column mg_c_nac_check[] = {
	{.key = "port", .title = {"Port", "ポート"}, .code = true},
	{.key = "check", .title = {"Check", "確認項目"}, .code = true},
	{.key = "check_result", .title = {"Result", "結果"}},
	{.key = "why", .title = {"Why", "理由"}, .code = true},
	{0},
};
const struct mg_column mg_c_nac_event[] = {
	{.key = "time", .title = {"Time", "日時"}, .is_time = true},
	{.key = "admission", .title = {"Event", "事象"}},
	{.key = "port", .title = {"Port", "ポート"}, .code = true},
	{.key = "mac", .title = {"MAC address", "MACアドレス"}, .code = true},
	{.key = "number", .title = {"No.", "番号"}, .right = true},
	{.key = "name", .title = {"Name", "端末名"}, .code = true},
	{.key = "owner", .title = {"Owner", "管理者"}, .code = true},
	{.key = "address", .title = {"Address", "IPアドレス"}, .code = true},
	{.key = "method", .title = {"Method", "認証方式"}},
	{.key = "identity", .title = {"Identity", "識別名"}, .code = true},
	{.key = "why", .title = {"Why", "理由"}},
	{.key = "vendor", .title = {"Vendor", "メーカー"}, .code = true, .wide = true},
	{.key = "hostname", .title = {"Host name", "ホスト名"}, .code = true, .wide = true},
	{.key = "switch", .title = {"Switch", "スイッチ"}, .code = true, .sparse = true},
	{0},
};
const struct mg_column mg_c_report_admission[] = {
	{.key = "day", .title = {"Day", "日付"}, .sparse = true},
	{.key = "admission", .title = {"Event", "事象"}, .sparse = true},
	{.key = "number", .title = {"No.", "番号"}, .right = true, .sparse = true},
	{.key = "name", .title = {"Name", "端末名"}, .code = true, .sparse = true},
	{.key = "owner", .title = {"Owner", "管理者"}, .code = true, .sparse = true},
	{.key = "mac", .title = {"MAC address", "MACアドレス"}, .code = true, .sparse = true},
	{.key = "port", .title = {"Port", "ポート"}, .code = true, .sparse = true},
	{.key = "why", .title = {"Why", "理由"}, .sparse = true},
	{.key = "count", .title = {"Count", "件数"}, .right = true},
	{.key = "devices", .title = {"Devices", "端末数"}, .right = true},
	{.key = "would_cut_devices",
		.title = {"Would be cut off", "遮断見込みの端末数"},
		.right = true,
		.sparse = true},
	{.key = "first", .title = {"First", "初回"}, .is_time = true},
	{.key = "last", .title = {"Last", "最終"}, .is_time = true},
	{0},
};

const struct mg_column mg_c_review_device[] = {
	{.key = "number", .title = {"No.", "番号"}, .right = true},
	{.key = "name", .title = {"Name", "端末名"}, .code = true},
	{.key = "kind", .title = {"Kind", "種別"}},
	{.key = "mac", .title = {"MAC address", "MACアドレス"}, .code = true},
	{.key = "owner", .title = {"Owner", "管理者"}, .code = true},
	{.key = "department", .title = {"Department", "部署"}, .code = true},
	{.key = "location", .title = {"Location", "設置場所"}, .code = true},
	{.key = "expiry", .title = {"Expiry", "有効期限"}, .is_date = true},
	{.key = "decision", .title = {"Decision", "判定"}},
	{.key = "reviewer", .title = {"Reviewer", "判定者"}},
	{.key = "decided_at", .title = {"Decided", "判断日時"}, .is_time = true},
	{.key = "new_expiry", .title = {"New expiry", "新しい有効期限"}, .is_date = true},
	{.key = "reason", .title = {"Reason", "理由"}, .wide = true},
	{0},
};
