// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * THE command table: every operation once, sorted by name. Arguments and columns are in table_*.c,
 * the rows of an area in a .def of its own.
 */
#include "mgmt/command/table.h"

#include "lib/util.h"

const struct mg_command mg_commands[] = {
#include "mgmt/command/account.def"
	{
		.op = "alert.list",
		.roles = MG_READERS,
		.flags = MG_F_HEAVY | MG_F_LOGS,
		.help = {"list what the inspection detected", "検知した不正通信を一覧する"},
		.args = mg_a_alert_list,
		.columns = mg_c_alert,
		.example = "--period 7d --severity 1",
	},
	{
		.op = "alert.show",
		.roles = MG_READERS,
		.flags = MG_F_HEAVY | MG_F_LOGS,
		.help = {"show one alert with all it says, and its packets",
			"検知の詳細を表示する(パケットの書き出しも)"},
		.args = mg_a_alert_show,
		.columns = mg_c_alert,
		.example = "20270331-42 --pcap alert.pcap",
	},
	{
		.op = "analyze",
		.roles = MG_READERS,
		.flags = MG_F_HEAVY,
		.help = {"find rules that are shadowed, redundant, too wide, unused or expiring",
			"不要・重複・広すぎる・未使用・期限間近のルールを探す"},
		.detail = {"Compares all rules of each pair of zones exactly, with what has been "
			   "approved "
			   "since the last apply.",
			"ゾーンの組ごとに全ルールを厳密に比較する。承認済みで未適用のものも含む。"},
		.args = mg_a_analyze,
		.columns = mg_c_analyze,
		.example = "--kind unused",
	},
	{
		.op = "apply",
		.roles = MG_ADMIN,
		.flags = MG_F_WRITE | MG_F_DRY_RUN,
		.help = {"load what has been approved into the gateway, on trial",
			"承認済みの内容を適用する(確認するまでは試行)"},
		.detail = {"The new policy runs at once. Unless `sekisho confirm` follows in time, "
			   "the "
			   "gateway returns by itself to what ran before. Established connections "
			   "that "
			   "stay allowed are not interrupted.",
			"新しい内容は直ちに有効になる。時間内に sekisho confirm がなければ自動で"
			"元に戻る。許可されたままの通信は途切れない。"},
		.args = mg_a_apply,
		.example = "--confirm 120",
	},
	{
		.op = "audit.list",
		.roles = MG_AUDITOR | MG_ADMIN | MG_APPROVER,
		.flags = MG_F_HEAVY | MG_F_LOGS,
		.help = {"list who did what, with the values before and after",
			"操作記録を一覧する(変更前と変更後を含む)"},
		.args = mg_a_audit,
		.columns = mg_c_audit,
		.example = "--from 2026-04-01 --account tanaka",
	},
	{
		.op = "audit.verify",
		.roles = MG_AUDITOR | MG_ADMIN | MG_APPROVER,
		.flags = MG_F_HEAVY | MG_F_LOGS,
		.help = {"verify that the audit log has not been changed",
			"操作記録が改ざんされていないことを検証する"},
		.detail = {"Each row carries an HMAC over itself and its predecessor; the head of "
			   "the "
			   "chain is kept outside the database.",
			"各行は前の行と連鎖した HMAC を持ち、最新の値はデータベースの外に保管され"
			"ている。"},
		.columns = mg_c_audit_finding,
	},
#include "mgmt/command/backup.def"
#include "mgmt/command/blocklist.def"
#include "mgmt/command/change.def"
	{
		.op = "completion",
		.roles = 0,
		.flags = MG_F_LOCAL,
		.help = {"write the bash completion", "bash の補完定義を出力する"},
		.example = "> /etc/bash_completion.d/sekisho",
	},
	{
		.op = "confirm",
		.roles = MG_ADMIN,
		.flags = MG_F_WRITE,
		.help = {"keep what apply has loaded on trial", "適用した内容を確定する"},
	},
	{
		.op = "connections.list",
		.roles = MG_READERS,
		.flags = MG_F_HEAVY,
		.help = {"list live connections with the rule that allowed them",
			"現在の通信と、それを許可したルールを一覧する"},
		.args = mg_a_connections,
		.columns = mg_c_connections,
		.example = "--number 1042",
	},
	{
		.op = "console",
		.roles = 0,
		.flags = MG_F_LOCAL,
		.help = {"the menu of the gateway's console", "コンソールのメニューを表示する"},
		.detail = {"For root, in front of the machine: state, set-up, recovery of an "
			   "administrator (which leaves an audit entry), restoring a backup, "
			   "factory reset, restart; and, with an administrator's password, adding "
			   "a person.",
			"装置の前にいる root のための機能: "
			"状態表示、設定、管理者の復旧(操作記録に残"
			"る)、バックアップの復元、出荷時の状態に戻す、再起動。利用者の追加には管"
			"理者のパスワードが必要。"},
	},
#include "mgmt/command/device.def"
	{
		.op = "diff",
		.roles = MG_READERS,
		.flags = MG_F_HEAVY,
		.help = {"show what apply would change", "適用すると変わる内容を表示する"},
		.args = mg_a_diff,
		.columns = mg_c_diff,
		.example = "--nft",
	},
	{
		.op = "events.follow",
		.roles = MG_ADMIN | MG_AUDITOR | MG_SECURITY | MG_APPROVER | MG_CONSOLE,
		.flags = MG_F_FOLLOW | MG_F_LOGS,
		.help = {"show events as they happen", "事象を発生と同時に表示する"},
		.args = mg_a_follow,
		.example = "--type drop",
	},
	{
		.op = "events.stat",
		.roles = MG_READERS,
		.help = {"show what is kept of the events, for how long and how much disk it takes",
			"事象の保存状況・保存期間・ディスク使用量を表示する"},
	},
	{
		.op = "explain",
		.roles = MG_READERS,
		.help = {"say which rule decides about a connection",
			"ある通信をどのルールが許可・遮断するかを説明する"},
		.detail = {"Decides on the confirmed policy exactly as the kernel does. The zones "
			   "come "
			   "from the routing table unless --from and --to name them.",
			"確定済みの内容でカーネルと同じ判定を行う。ゾーンは経路表から求める(--from"
			"、--to で指定もできる)。"},
		.args = mg_a_explain,
		.example = "192.168.10.10 203.0.113.10 tcp 443",
	},
	{
		.op = "generate",
		.roles = 0,
		.flags = MG_F_LOCAL | MG_F_HIDDEN,
		.help = {"write the man page or the completion",
			"man ページまたは補完定義を出力する"},
		.args = mg_a_generate,
		.example = "man",
	},
#include "mgmt/command/guard.def"
	{
		.op = "help",
		.roles = 0,
		.flags = MG_F_LOCAL,
		.help = {"explain a command", "コマンドを説明する"},
		.args = mg_a_help,
		.example = "rule request",
	},
#include "mgmt/command/ips.def"
#include "mgmt/command/admission.def"
	{
		.op = "notice.list",
		.roles = MG_READERS,
		.help = {"list reminders of rules that expire soon",
			"有効期限が近いルールの通知を一覧する"},
		.columns = mg_c_notice,
	},
	{
		.op = "notify.test",
		.roles = MG_ADMIN,
		.flags = MG_F_WRITE,
		.help = {"send a message to try mail and webhook", "メールと Webhook の送信を試す"},
	},
#include "mgmt/command/object.def"
	{
		.op = "policy.show",
		.roles = MG_READERS,
		.flags = MG_F_HEAVY,
		.help = {"print the running policy in nft syntax",
			"適用中の内容を nft の書式で表示する"},
	},
#include "mgmt/command/port.def"
#include "mgmt/command/report.def"
#include "mgmt/command/review.def"
	{
		.op = "rollback",
		.roles = MG_ADMIN | MG_CONSOLE,
		.flags = MG_F_WRITE,
		.help = {"return at once to the policy before apply", "適用前の内容に直ちに戻す"},
	},
#include "mgmt/command/rule.def"
#include "mgmt/command/secret.def"
	{
		.op = "setting.list",
		.roles = MG_READERS,
		.help = {"list the settings", "設定を一覧する"},
		.columns = mg_c_setting,
	},
	{
		.op = "setting.set",
		.roles = MG_ADMIN,
		.flags = MG_F_WRITE | MG_F_DRY_RUN,
		.help = {"ask to change a setting", "設定の変更を申請する"},
		.args = mg_a_setting_set,
		.columns = mg_c_change,
		.example = "events.retention_days 365 --purpose 'customer demand'",
	},
#include "mgmt/command/setup.def"
	{
		.op = "site.import",
		.roles = MG_CONSOLE,
		.flags = MG_F_WRITE | MG_F_DRY_RUN,
		.help = {"set zones, objects and settings of a new gateway",
			"新しい装置にゾーン・オブジェクト・設定を取り込む"},
		.detail = {"Possible only before the first apply, by root at the console.",
			"最初の適用の前に、コンソールの root だけが実行できる。"},
		.args = mg_a_site_import,
		.example = "site.json",
	},
	{
		.op = "status",
		.roles = MG_READERS,
		.help = {"show the state of the gateway and what waits for whom",
			"装置の状態と対応待ちの件数を表示する"},
	},
	{
		.op = "switch.list",
		.roles = MG_READERS,
		.help = {"list the managed switches", "管理スイッチを一覧する"},
		.columns = mg_c_switch,
	},
	{
		.op = "switch.remove",
		.roles = MG_ADMIN,
		.flags = MG_F_WRITE | MG_F_DRY_RUN,
		.help = {"remove a managed switch", "管理スイッチを削除する"},
		.args = mg_a_item_remove,
		.columns = mg_c_switch,
		.example = "sw-2f --reason 'replaced'",
	},
	{
		.op = "switch.set",
		.roles = MG_ADMIN,
		.flags = MG_F_WRITE | MG_F_DRY_RUN,
		.help = {"add or change a managed switch", "管理スイッチを追加・変更する"},
		.detail = {"It asks the RADIUS server of the gateway for each device. Its shared "
			   "secret stands in the secrets file, under the name given here.",
			"端末ごとに本装置の RADIUS "
			"サーバーへ問い合わせるスイッチ。共有鍵は共有鍵ファイルに、ここで指定した名"
			"前で記載する。"},
		.args = mg_a_switch_set,
		.columns = mg_c_switch,
		.example = "sw-2f --address 192.168.20.2 --coa-port 3799",
	},
#include "mgmt/command/update.def"
	{
		.op = "why",
		.roles = MG_READERS,
		.flags = MG_F_HEAVY | MG_F_LOGS,
		.help = {"say all that is known of an address, a name or a URL",
			"アドレス・ドメイン名・URL が遮断される理由を調べる"},
		.detail =
			{"Which blocklists have it and since when, what the gateway does with it, "
			 "which devices of ours were in touch with it in the last 30 days, and how "
			 "to ask for an exception.",
				"どの不正サイト一覧にいつから登録されているか、本装置がどう扱うか、"
				"過去 30 日に"
				"どの端末が通信したか、除外を申請する方法を表示する。"},
		.args = mg_a_why,
		.columns = mg_c_why,
		.example = "203.0.113.7",
	},
#include "mgmt/command/zone.def"
	{.op = NULL},
};

size_t mg_command_count(void)
{
	return SK_ARRAY_SIZE(mg_commands) - 1;
}
