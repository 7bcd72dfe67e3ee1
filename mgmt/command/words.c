// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What keys and values of answers are called by people: titles of record fields, and the meaning of
 * states, kinds and reasons. The daemon sends stable names; only what is shown is translated.
 */
#include "mgmt/command/command.h"

#include <stdio.h>
#include <string.h>

#include "lib/util.h"

static const struct {
	const char *key;
	struct sk_text title;
	bool is_time;
} keys[] = {
	{"number", {"No.", "番号"}, false},
	{"kind", {"Kind", "種別"}, false},
	{"name", {"Name", "名前"}, false},
	{"display", {"Full name", "氏名"}, false},
	{"applicant", {"Applicant", "申請者"}, false},
	{"source", {"Source", "接続元"}, false},
	{"destination", {"Destination", "接続先"}, false},
	{"direction", {"Direction", "通信方向"}, false},
	{"protocol", {"Protocol", "プロトコル"}, false},
	{"port", {"Port", "ポート番号"}, false},
	{"nat_to", {"Translated to", "変換先"}, false},
	{"purpose", {"Purpose", "利用用途"}, false},
	{"registered", {"Registered", "登録日"}, true},
	{"expiry", {"Expiry", "有効期限"}, true},
	{"generation", {"Generation", "世代"}, false},
	{"state", {"State", "状態"}, false},
	{"confirm_deadline", {"Confirm until", "確認期限"}, true},
	{"confirmed_generation", {"Confirmed generation", "確定済みの世代"}, false},
	{"sha256", {"SHA-256", "SHA-256"}, false},
	{"rules", {"Rules", "ルール数"}, false},
	{"removals", {"Removals", "削除数"}, false},
	{"changes", {"Changes", "変更数"}, false},
	{"kernel_rules", {"Rules in the kernel", "カーネルのルール数"}, false},
	{"rules_by_state", {"Rules by state", "状態別ルール数"}, false},
	{"sets", {"Sets", "セット数"}, false},
	{"batch_bytes", {"Batch bytes", "転送バイト数"}, false},
	{"cut", {"Connections cut", "切断した通信"}, false},
	{"apply_ms", {"Took (ms)", "所要時間(ミリ秒)"}, false},
	{"waiting", {"Waiting for apply", "適用待ち"}, false},
	{"waiting_rules", {"rules", "ルール"}, false},
	{"waiting_removals", {"removals", "削除"}, false},
	{"waiting_changes", {"changes", "変更"}, false},
	{"approvals_waiting", {"Waiting for approval", "承認待ち"}, false},
	{"expiring", {"Expiring soon", "期限間近"}, false},
	{"review", {"Review", "棚卸し"}, false},
	{"review_open", {"Review under way", "実施中の棚卸し"}, false},
	{"review_items_open", {"Rules without decision", "未判定のルール"}, false},
	{"review_due", {"Review due", "棚卸し期日"}, true},
	{"review_last", {"Last review finished", "最終棚卸し完了"}, true},
	{"review_overdue", {"Review overdue", "棚卸し期限超過"}, false},
	{"owner", {"Owns the kernel table", "カーネルの表を占有"}, false},
	{"radius", {"RADIUS server", "RADIUS サーバー"}, false},
	{"switches", {"Managed switches", "管理対象スイッチ"}, false},
	{"switch_sessions", {"Devices on managed switches", "管理対象スイッチ上の端末"}, false},
	{"fwd", {"Firewall daemon", "ファイアウォール"}, false},
	{"fwd_version", {"Its version", "その版"}, false},
	{"loaded_from", {"Policy loaded from", "読み込み元"}, false},
	{"drift_count", {"Foreign changes", "外部からの変更"}, false},
	{"last_drift", {"Last foreign change", "直近の外部変更"}, true},
	{"events", {"Events", "事象"}, false},
	{"events_today", {"Events today", "今日の事象"}, false},
	{"drops_today", {"Blocked today", "今日の遮断"}, false},
	{"oldest", {"Oldest day kept", "保存の開始日"}, true},
	{"days", {"Days kept", "保存日数"}, false},
	{"retention_days", {"Retention (days)", "保存期間(日)"}, false},
	{"bytes", {"Bytes", "バイト数"}, false},
	{"disk_free", {"Disk free (bytes)", "ディスク空き(バイト)"}, false},
	{"bytes_needed", {"Bytes for the retention", "保存期間に必要なバイト数"}, false},
	{"full_at", {"Disk full at", "ディスクが満杯になる日"}, true},
	{"blocked_today", {"Blocked today", "今日の遮断"}, false},
	{"bytes_per_day", {"Bytes a day", "1 日あたりのバイト数"}, false},
	{"eve_lost", {"Missing in eve.json", "eve.json に欠けた件数"}, false},
	{"damaged_files", {"Damaged files", "壊れたファイル"}, false},
	{"lost", {"Lost", "記録できなかった件数"}, false},
	{"lost_total", {"Not recorded", "記録できなかった件数"}, false},
	{"spooled", {"Waiting in the spool", "保存待ち"}, false},
	{"folded", {"Folded repeats", "まとめた繰り返し"}, false},
	{"lost_kernel", {"Lost in the kernel", "カーネルで失われた件数"}, false},
	{"lost_spool", {"Lost from the spool", "待ち行列から溢れた件数"}, false},
	{"audit", {"Audit log", "操作記録"}, false},
	{"audit_rows", {"Audit rows", "操作記録の行数"}, false},
	{"rows", {"Rows", "行数"}, false},
	{"head", {"Head of the chain", "連鎖の先頭値"}, false},
	{"last_seq", {"Last row", "最後の行"}, false},
	{"anchor_seq", {"Anchored row", "保管済みの行"}, false},
	{"seq", {"No.", "番号"}, false},
	{"warnings", {"Warnings", "警告"}, false},
	{"foreign", {"Other tables", "ほかの表"}, false},
	{"version", {"Version", "版"}, false},
	{"started", {"Running since", "起動日時"}, true},
	{"verdict", {"Verdict", "判定"}, false},
	{"explanation", {"Explanation", "説明"}, false},
	{"dnat", {"Destination translated by", "接続先を変換するルール"}, false},
	{"snat", {"Source translated by", "接続元を変換するルール"}, false},
	{"near", {"Near misses", "惜しい一致"}, false},
	{"from", {"From zone", "接続元ゾーン"}, false},
	{"to", {"To zone", "接続先ゾーン"}, false},
	{"site", {"Site", "拠点"}, false},
	{"intent", {"Request", "申請内容"}, false},
	{"requested_at", {"Requested", "申請日時"}, true},
	{"approver", {"Approver", "承認者"}, false},
	{"decided_by", {"Decided by", "判断者"}, false},
	{"decided_at", {"Decided", "判断日時"}, true},
	{"comment", {"Comment", "コメント"}, false},
	{"reason", {"Reason", "理由"}, false},
	{"order", {"Order", "評価順"}, false},
	{"superseded", {"Superseded", "旧版"}, false},
	{"superseded_at", {"Superseded at", "旧版になった日時"}, true},
	{"created", {"Created", "作成日時"}, true},
	{"reviewed", {"Reviewed", "最終点検日"}, true},
	{"result", {"Result", "結果"}, false},
	{"message", {"Message", "内容"}, false},
	{"notes", {"Notes", "備考"}, false},
	{"action", {"Action", "動作"}, false},
	{"note", {"Note", "備考"}, false},
	{"builtin", {"Built-in", "組み込みルール"}, false},
	{"approved_at", {"Approved", "承認日時"}, true},
	{"enabled", {"Enabled", "有効"}, false},
	{"uid", {"Uid", "uid"}, false},
	{"numbers", {"Numbers", "番号"}, false},
	{"limit", {"Limit", "最大件数"}, false},
	{"period", {"Period", "期間"}, false},
	{"by", {"By", "集計"}, false},
	{"confirm", {"Confirm within (s)", "確認までの秒数"}, false},
	{"address", {"Address", "アドレス"}, false},
	{"for", {"For (s)", "秒数"}, false},
	{"notification", {"Notification", "通知"}, false},
	{"sent", {"sent", "送信済み"}, false},
	{"sent_at", {"last sent", "最終送信"}, true},
	{"queued", {"waiting", "送信待ち"}, false},
	{"held", {"held back", "個別通知を省略"}, false},
	{"given_up", {"given up", "送信断念"}, false},
	{"not_taken", {"not taken", "受付不可"}, false},
	{"error_path", {"failed way", "失敗した経路"}, false},
	{"error", {"last failure", "直近の失敗"}, false},
	{"error_at", {"failed at", "失敗日時"}, true},
	{"inspection", {"Inspection", "不正通信の検査"}, false},
	{"fail_mode", {"Without inspection", "検査できない間"}, false},
	{"profile", {"Profile", "プロファイル"}, false},
	{"policy_state", {"Inspection policy", "検査ポリシー"}, false},
	{"policy_generation", {"Its generation", "検査ポリシーの世代"}, false},
	{"taken_at", {"In use since", "適用日時"}, true},
	{"compile_ms", {"Compiled in (ms)", "準備時間(ミリ秒)"}, false},
	{"refused_at", {"Refused at", "拒否された日時"}, true},
	{"refused_why", {"Why", "拒否の理由"}, false},
	{"rule_set", {"Rule set", "シグネチャセット"}, false},
	{"imported_at", {"Imported", "取込日時"}, true},
	{"imported_by", {"By", "取込者"}, false},
	{"signatures", {"Signatures", "シグネチャ数"}, false},
	{"fresh", {"New or changed", "新規・変更"}, false},
	{"trial_until", {"Trial until", "試行の終了"}, true},
	{"trial_signatures", {"Signatures on trial", "試行中のシグネチャ"}, false},
	{"tally", {"Signatures", "シグネチャ"}, false},
	{"seen", {"seen", "総数"}, false},
	{"loaded", {"loaded", "読込済み"}, false},
	{"refused", {"refused", "読込不可"}, false},
	{"disabled", {"disabled", "無効"}, false},
	{"replaced", {"replaced", "置き換え"}, false},
	{"exceptions", {"Exceptions in force", "有効な例外"}, false},
	{"exceptions_waiting", {"Exceptions waiting", "承認待ちの例外"}, false},
	{"alerts_today", {"Alerts today", "今日の検知"}, false},
	{"ips_blocked_today", {"Blocked by the inspection today", "今日の検査による遮断"}, false},
	{"pcaps_left_out", {"Captures left out", "保存しなかったパケット記録"}, false},
	{"workers", {"Workers", "検査スレッド"}, false},
	{"queue", {"queue", "キュー"}, false},
	{"packets", {"packets", "パケット"}, false},
	{"dropped", {"dropped", "遮断"}, false},
	{"bypassed", {"bypassed", "検査省略"}, false},
	{"flows", {"flows", "通信数"}, false},
	{"pcap_bytes", {"Packets kept (bytes)", "保存したパケット(バイト)"}, false},
	{"payload_printable", {"Payload", "通信内容"}, false},
	{"in_iface", {"Interface in", "入力側インターフェース"}, false},
	{"out_iface", {"Interface out", "出力側インターフェース"}, false},
	{"feed", {"Blocklist", "不正サイト一覧"}, false},
	{"value", {"Value", "値"}, false},
	{"mode_since", {"In this mode since", "モードの開始日時"}, true},
	{"tried", {"Last try", "最終試行"}, true},
	{"failures", {"Failures in a row", "連続失敗回数"}, false},
	{"added_by", {"Added by", "追加者"}, false},
	{"definition", {"Definition", "定義"}, false},
	{"blocklist", {"Blocklists", "不正サイト一覧"}, false},
	{"blocklist_state", {"state", "状態"}, false},
	{"feeds", {"in use", "使用中の一覧"}, false},
	{"feeds_blocking", {"blocking", "遮断モード"}, false},
	{"feeds_failing", {"failing", "取得失敗・見送り"}, false},
	{"firewall_list", {"firewall", "ファイアウォール"}, false},
	{"inspection_list", {"inspection", "検査エンジン"}, false},
	{"allow_waiting", {"allow-list entries waiting", "承認待ちの除外"}, false},
	{"accept", {"Accepted by hand", "手動で取り込み"}, false},
	{"waits", {"Waits for a decision", "確認待ちの一覧"}, false},
	{"dry_run", {"Dry run", "試行のみ"}, false},
	{"subject", {"Subject", "対象"}, false},
	{"contact", {"Contact", "通信先"}, false},
	{"days_seen", {"Days", "日数"}, false},
	{"first_seen", {"First", "初回"}, true},
	{"last_seen", {"Last", "最終"}, true},
	{"fetched", {"Last fetch", "最終取得"}, true},
};

static const struct {
	const char *key, *value;
	struct sk_text text;
} values[] = {
	{"state", "draft", {"draft", "下書き"}},
	{"state", "requested", {"waiting for approval", "承認待ち"}},
	{"state", "returned", {"returned", "差し戻し"}},
	{"state", "approved", {"approved", "承認済み(適用待ち)"}},
	{"state", "active", {"active", "有効"}},
	{"state", "suspended", {"suspended", "停止中"}},
	{"state", "expired", {"expired", "期限切れ"}},
	{"state", "removed", {"removed", "削除済み"}},
	{"state", "superseded", {"superseded", "旧版"}},
	{"state", "running", {"running", "稼働中"}},
	{"state", "confirming", {"on trial, waiting for confirmation", "試行中(確認待ち)"}},
	{"state", "none", {"no policy loaded", "未適用"}},
	{"state", "unreachable",
		{"firewall daemon not reachable", "ファイアウォールに接続できません"}},
	{"state", "open", {"open", "実施中"}},
	{"state", "finished", {"finished", "完了"}},
	{"state", "sent", {"sent", "送信済み"}},
	{"state", "trial", {"on trial", "試行中"}},
	{"state", "confirmed", {"confirmed", "確定"}},
	{"state", "rolled-back", {"rolled back", "取り消し"}},
	{"state", "failed", {"failed", "失敗"}},
	{"kind", "allow", {"allow", "許可"}},
	{"kind", "deny", {"deny", "遮断"}},
	{"kind", "dnat", {"publish (dnat)", "公開(dnat)"}},
	{"kind", "snat", {"translate (snat)", "変換(snat)"}},
	{"kind", "address", {"address", "アドレス"}},
	{"kind", "service", {"service", "サービス"}},
	{"kind", "zone", {"zone", "ゾーン"}},
	{"kind", "setting", {"setting", "設定"}},
	{"kind", "account", {"account", "アカウント"}},
	{"kind", "rule", {"rule", "ルール"}},
	{"kind", "apply", {"apply", "適用"}},
	{"kind", "restore", {"restore", "復元"}},
	{"kind", "tighten", {"take out", "停止・期限切れの反映"}},
	{"loaded_from", "apply", {"apply", "適用"}},
	{"loaded_from", "current", {"the confirmed policy", "確定済みの内容"}},
	{"loaded_from", "previous", {"the policy before it", "ひとつ前の内容"}},
	{"loaded_from", "none", {"nothing", "なし"}},
	{"source", "the same link", {"the same link", "同じネットワーク内"}},
	{"destination", "the same link", {"the same link", "同じネットワーク内"}},
	{"source", "gateway and DHCP server",
		{"gateway and DHCP server", "本装置と DHCP サーバー"}},
	{"destination", "DHCP server and gateway",
		{"DHCP server and gateway", "DHCP サーバーと本装置"}},
	{"source", "not routed to where it arrives from",
		{"not routed to where it arrives from", "届いた側にないアドレス"}},
	{"source", "reserved addresses", {"reserved addresses", "予約済みアドレス"}},
	{"source", "gateway", {"gateway", "本装置"}},
	{"destination", "gateway", {"gateway", "本装置"}},
	{"port", "error types", {"error types", "エラー通知"}},
	{"kind", "site", {"site", "拠点"}},
	{"kind", "outside", {"outside", "外部"}},
	{"kind", "inside", {"inside", "社内"}},
	{"kind", "dmz", {"dmz", "公開サーバー"}},
	{"kind", "factory", {"factory", "工場"}},
	{"kind", "guest", {"guest", "来訪者"}},
	{"kind", "management", {"management", "管理"}},
	{"change", "added", {"added", "追加"}},
	{"change", "removed", {"removed", "削除"}},
	{"change", "changed", {"changed", "変更"}},
	{"intent", "new", {"new", "新規"}},
	{"intent", "change", {"change", "変更"}},
	{"intent", "extend", {"extend", "延長"}},
	{"intent", "remove", {"remove", "削除"}},
	{"intent", "import", {"import", "取込"}},
	{"decision", "keep", {"keep", "継続"}},
	{"decision", "change", {"change", "変更"}},
	{"decision", "remove", {"remove", "削除"}},
	{"decision", "certified", {"certified", "確認済み"}},
	{"verdict", "accept", {"allowed", "許可"}},
	{"verdict", "drop", {"blocked", "遮断"}},
	{"verdict", "reject", {"blocked (refused)", "遮断(拒否を返す)"}},
	{"finding", "shadowed", {"never matches", "決して一致しない"}},
	{"finding", "redundant", {"redundant", "重複"}},
	{"finding", "conflict", {"conflict, order decides", "競合(順序で決まる)"}},
	{"finding", "mergeable", {"could be one rule", "統合できる"}},
	{"finding", "too-wide", {"too wide", "広すぎる"}},
	{"finding", "expired", {"expired", "期限切れ"}},
	{"finding", "expiring", {"expires soon", "期限間近"}},
	{"finding", "never-hit", {"never used", "一度も利用なし"}},
	{"finding", "unused", {"not used lately", "最近利用なし"}},
	{"risk", "any-source", {"any source", "接続元が無制限"}},
	{"risk", "any-destination", {"any destination", "接続先が無制限"}},
	{"risk", "any-port", {"any port", "ポートが無制限"}},
	{"risk", "any-protocol", {"any protocol", "プロトコルが無制限"}},
	{"risk", "inbound", {"from outside", "外部からの通信"}},
	{"risk", "wide", {"very wide", "範囲が広い"}},
	{"risk", "cleartext", {"unencrypted or risky service", "暗号化なし・危険なサービス"}},
	{"roles", "requester", {"requester", "申請者"}},
	{"roles", "approver", {"approver", "承認者"}},
	{"roles", "admin", {"administrator", "管理者"}},
	{"roles", "auditor", {"auditor", "監査者"}},
	{"roles", "security", {"security team", "セキュリティ担当"}},
	{"result", "ok", {"ok", "成功"}},
	{"result", "denied", {"denied", "拒否"}},
	{"result", "failed", {"failed", "失敗"}},
	{"result", "new", {"new", "新規"}},
	{"result", "changed", {"changed", "変更"}},
	{"result", "unchanged", {"unchanged", "変更なし"}},
	{"result", "error", {"error", "エラー"}},
	{"field", "number", {"number", "番号"}},
	{"field", "kind", {"kind", "種別"}},
	{"field", "applicant", {"applicant", "申請者"}},
	{"field", "registered", {"registered", "登録日"}},
	{"field", "nat_to", {"nat_to", "変換先"}},
	{"field", "log", {"log", "ログ"}},
	{"field", "order", {"order", "優先順"}},
	{"field", "partner", {"partner", "取引先"}},
	{"field", "ticket", {"ticket", "チケット"}},
	{"field", "source", {"source", "接続元"}},
	{"field", "destination", {"destination", "接続先"}},
	{"field", "direction", {"direction", "通信方向"}},
	{"field", "protocol", {"protocol", "プロトコル"}},
	{"field", "port", {"port", "ポート番号"}},
	{"field", "purpose", {"purpose", "利用用途"}},
	{"field", "expiry", {"expiry", "有効期限"}},
	{"guard", "scan", {"port scan", "ポートスキャン"}},
	{"guard", "sweep", {"search for hosts", "ホストスキャン"}},
	{"guard", "syn_flood", {"SYN flood", "SYN フラッド"}},
	{"guard", "udp_flood", {"UDP flood", "UDP フラッド"}},
	{"guard", "icmp_flood", {"ICMP flood", "ICMP フラッド"}},
	{"guard", "conn_rate", {"too many connections", "新規接続が多すぎる"}},
	{"guard", "login", {"brute force", "ログインの総当たり"}},
	{"guard", "manual", {"by hand", "手動"}},
	{"decision", "alert", {"recorded", "検知のみ"}},
	{"decision", "would_drop", {"trial: would be blocked", "試行中(本来は遮断)"}},
	{"decision", "drop", {"blocked", "遮断"}},
	{"decision", "reject", {"blocked, sender told", "遮断(拒否を返す)"}},
	{"decision", "ignore", {"ignored", "対象外"}},
	{"action", "ignore", {"ignore", "対象外とする"}},
	{"action", "alert", {"record only", "記録のみ"}},
	{"action", "drop", {"block", "遮断"}},
	{"action", "reject", {"block, sender told", "遮断(拒否を返す)"}},
	{"written", "alert", {"alert", "検知"}},
	{"written", "drop", {"block", "遮断"}},
	{"written", "pass", {"pass", "通す"}},
	{"effective", "alert", {"alert", "検知のみ"}},
	{"effective", "drop", {"block", "遮断"}},
	{"effective", "reject", {"block, sender told", "遮断(拒否を返す)"}},
	{"effective", "pass", {"pass", "通す"}},
	{"profile", "monitor", {"monitor (report only)", "monitor (検知のみ)"}},
	{"profile", "balanced", {"balanced", "balanced (標準)"}},
	{"profile", "strict", {"strict", "strict (厳格)"}},
	{"inspection", "on", {"on", "有効"}},
	{"inspection", "off", {"off", "無効"}},
	{"fail_mode", "closed", {"closed: traffic stops", "closed (検査できない間は遮断)"}},
	{"fail_mode", "open", {"open: traffic passes", "open (検査できない間は通す)"}},
	{"state", "inspecting", {"inspecting", "検査中"}},
	{"state", "no_rules", {"no rules loaded", "シグネチャ未読込"}},
	{"state", "no_queue", {"no queue", "キューなし"}},
	{"state", "unreachable_ips",
		{"inspection daemon not reachable", "検査エンジンに接続できません"}},
	{"state", "kept", {"kept", "保存中"}},
	{"state", "deleted", {"no longer kept", "保存終了"}},
	{"policy_state", "in_use", {"in use", "適用中"}},
	{"policy_state", "loading", {"being loaded", "読み込み中"}},
	{"policy_state", "waiting", {"about to be sent", "送信待ち"}},
	{"policy_state", "refused", {"refused, the one before stays", "拒否(直前の内容で継続)"}},
	{"policy_state", "no_rules", {"no rule set imported", "シグネチャ未取込"}},
	{"policy_state", "unreachable",
		{"inspection daemon not reachable", "検査エンジンに接続できません"}},
	{"kind", "name", {"names", "ドメイン名"}},
	{"kind", "mixed", {"mixed", "混在"}},
	{"kind", "fingerprint", {"fingerprints", "フィンガープリント"}},
	{"kind", "ipv4", {"IPv4 address", "IPv4 アドレス"}},
	{"kind", "ipv6", {"IPv6 address", "IPv6 アドレス"}},
	{"kind", "domain", {"name", "ドメイン名"}},
	{"kind", "suffix", {"name and all below it", "ドメイン名 (配下を含む)"}},
	{"kind", "url", {"URL", "URL"}},
	{"kind", "ja3", {"JA3", "JA3"}},
	{"kind", "ja4", {"JA4", "JA4"}},
	{"kind", "certificate", {"certificate", "証明書"}},
	{"mode", "monitor", {"monitor (report only)", "監視"}},
	{"mode", "block", {"block", "遮断"}},
	{"mode", "off", {"not in use", "未使用"}},
	{"result", "none", {"not fetched yet", "未取得"}},
	{"result", "refused", {"refused, the one before stays", "見送り(直前の一覧で継続)"}},
	{"result", "unreachable", {"could not be fetched", "取得失敗"}},
	{"result", "accepted", {"accepted by hand", "確認のうえ取り込み"}},
	{"verdict", "block", {"blocked", "遮断"}},
	{"verdict", "monitor", {"only reported", "監視のみ"}},
	{"verdict", "allowed", {"on the allow-list", "除外リストにより許可"}},
	{"verdict", "none", {"on no blocklist", "一覧に該当なし"}},
	{"verdict", "off", {"listed, but switched off", "登録済み(機能は無効)"}},
	{"verdict", "unknown", {"not known", "確認できません"}},
	{"where", "firewall", {"firewall", "ファイアウォール"}},
	{"where", "inspection", {"inspection", "検査エンジン"}},
	{"companies", "yes", {"may use it", "利用できる"}},
	{"companies", "registration", {"after registration", "登録が必要"}},
	{"companies", "ask", {"ask the publisher first", "提供元への確認が必要"}},
	{"companies", "no", {"must not use it", "利用できない"}},
	{"blocklist_state", "in_use", {"in use", "適用中"}},
	{"blocklist_state", "building", {"being made", "作成中"}},
	{"blocklist_state", "waiting", {"being loaded", "反映中"}},
	{"blocklist_state", "refused", {"refused, the one before stays", "拒否(直前の内容で継続)"}},
	{"blocklist_state", "failed", {"cannot be made", "作成失敗"}},
	{"blocklist_state", "empty", {"nothing listed", "登録なし"}},
	{"blocklist_state", "unreachable", {"not reachable", "接続できません"}},
	{"firewall_list", "in_use", {"in use", "適用中"}},
	{"firewall_list", "waiting", {"being loaded", "反映中"}},
	{"firewall_list", "refused", {"refused, the one before stays", "拒否(直前の内容で継続)"}},
	{"firewall_list", "unreachable", {"not reachable", "接続できません"}},
	{"inspection_list", "in_use", {"in use", "適用中"}},
	{"inspection_list", "waiting", {"being loaded", "反映中"}},
	{"inspection_list", "refused", {"refused, the one before stays", "拒否(直前の内容で継続)"}},
	{"inspection_list", "unreachable", {"not reachable", "接続できません"}},
	{"radius", "up", {"answers", "応答あり"}},
	{"radius", "down", {"does not answer", "応答なし"}},
	{"radius", "unknown", {"not known yet", "確認中"}},
	{"fwd", "reachable", {"reachable", "接続中"}},
	{"fwd", "unreachable", {"not reachable", "接続できません"}},
	{"fwd", "incompatible", {"differs from this daemon's version", "版が異なります"}},
};

/* Why something was blocked. Where a rule is known, one names it (%u); elsewhere any. */
struct reason {
	const char *code;
	struct sk_text any, one;
};

static const struct reason reasons[] = {
	{"no_rule", {"no rule allows it", "許可ルールがない"}, {NULL, NULL}},
	{"rule", {"denied by a rule", "遮断ルールによる"},
		{"denied by rule %u", "ルール %u により遮断"}},
	{"rule_expired", {"its rule has expired", "許可ルールの有効期限が切れている"},
		{"rule %u has expired", "ルール %u の有効期限が切れている"}},
	{"rule_suspended", {"its rule is suspended", "許可ルールが停止中"},
		{"rule %u is suspended", "ルール %u は停止中"}},
	{"rule_removed", {"its rule was removed", "許可ルールが削除された"},
		{"rule %u was removed", "ルール %u は削除された"}},
	{"guard", {"its source is blocked for a time", "一定時間遮断中の接続元"}, {NULL, NULL}},
	{"guard_scan", {"port scan: the source is blocked", "ポートスキャンを行った接続元"},
		{NULL, NULL}},
	{"guard_sweep",
		{"search for hosts: the source is blocked",
			"多数の機器を探索した接続元 (ホストスキャン)"},
		{NULL, NULL}},
	{"guard_syn_flood",
		{"flood of connection requests (SYN flood)", "SYN フラッド (大量の接続要求)"},
		{NULL, NULL}},
	{"guard_udp_flood", {"flood of UDP packets", "UDP フラッド (大量の UDP 通信)"},
		{NULL, NULL}},
	{"guard_icmp_flood", {"flood of ICMP packets", "ICMP フラッド (大量の ICMP 通信)"},
		{NULL, NULL}},
	{"guard_conn_rate", {"too many new connections", "新規接続が多すぎる接続元"}, {NULL, NULL}},
	{"guard_login",
		{"too many attempts to log in (brute force)",
			"ログインの試行が多すぎる接続元 (総当たり攻撃)"},
		{NULL, NULL}},
	{"guard_manual", {"a person blocked the source", "担当者が遮断した接続元"}, {NULL, NULL}},
	{"ips_flow",
		{"the rest of a connection that inspection stopped", "検査で遮断した通信の続き"},
		{NULL, NULL}},
	{"stray", {"its connection no longer exists", "すでに終了した通信の続き"}, {NULL, NULL}},
	{"invalid", {"belongs to no connection", "どの接続にも属さない不正なパケット"},
		{NULL, NULL}},
	{"reverse_path",
		{"the source address does not belong on that side",
			"送信元アドレスがその接続口のものではない"},
		{NULL, NULL}},
	{"bogon", {"an address that must not appear there", "そこに現れるはずのない特殊なアドレス"},
		{NULL, NULL}},
	{"blocklist", {"on a blocklist", "不正サイト一覧に登録されている"}, {NULL, NULL}},
	{"ips", {"detected as malicious by the inspection", "不正な通信として検知した"},
		{NULL, NULL}},
	{"ips_stream",
		{"a TCP connection that could be read in two ways",
			"検査をすり抜けるおそれのある TCP 通信"},
		{NULL, NULL}},
	{"ips_decode", {"a malformed packet", "形式の壊れた不正なパケット"}, {NULL, NULL}},
	{"ips_pressure", {"the inspection had no room for it", "検査の容量を超えた通信"},
		{NULL, NULL}},
	{"flood", {"too many connections", "接続が多すぎる"}, {NULL, NULL}},
	{"admission", {"the device is not admitted", "承認されていない端末"}, {NULL, NULL}},
};

static const struct reason *find_reason(const char *code)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(reasons); i++)
		if (!strcmp(reasons[i].code, code))
			return &reasons[i];
	return NULL;
}

static const struct mg_column *find_column(const char *key)
{
	for (const struct mg_command *c = mg_commands; c->op; c++)
		for (const struct mg_column *col = c->columns; col && col->key; col++)
			if (!strcmp(col->key, key))
				return col;
	return NULL;
}

const struct sk_text *mg_key_text(const char *key)
{
	const struct mg_column *col;

	for (size_t i = 0; i < SK_ARRAY_SIZE(keys); i++)
		if (!strcmp(keys[i].key, key))
			return &keys[i].title;
	col = find_column(key);
	return col ? &col->title : NULL;
}

bool mg_key_is_time(const char *key)
{
	const struct mg_column *col;

	for (size_t i = 0; i < SK_ARRAY_SIZE(keys); i++)
		if (!strcmp(keys[i].key, key))
			return keys[i].is_time;
	col = find_column(key);
	return col && (col->is_time || col->is_date);
}

int mg_key_rank(const char *key)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(keys); i++)
		if (!strcmp(keys[i].key, key))
			return (int)i;
	return -1;
}

const struct sk_text *mg_value_text(const char *key, const char *value)
{
	const struct reason *r = strcmp(key, "reason") ? NULL : find_reason(value);

	if (r)
		return &r->any;
	for (size_t i = 0; i < SK_ARRAY_SIZE(values); i++)
		if (!strcmp(values[i].key, key) && !strcmp(values[i].value, value))
			return &values[i].text;
	return NULL;
}

const char *mg_reason_text(
	const char *code, uint32_t rule, enum sk_lang lang, char *dst, size_t cap)
{
	const struct reason *found = find_reason(code);

	if (!found)
		snprintf(dst, cap, "%s", code);
	else if (rule && found->one.en)
		snprintf(dst, cap, sk_text(&found->one, lang), rule);
	else
		snprintf(dst, cap, "%s", sk_text(&found->any, lang));
	return dst;
}

const char *mg_listed_text(
	const char *const what[3], bool monitored, enum sk_lang lang, char *dst, size_t cap)
{
	static const struct sk_text texts[2][2] = {
		{{"on the blocklist %s: %s", "不正サイト一覧 %s に登録: %s"},
			{"on the blocklist %s: %s (seen: %s)",
				"不正サイト一覧 %s に登録: %s (通信先 %s)"}},
		{{"on the blocklist %s, monitored only: %s",
			 "不正サイト一覧 %s に登録 (監視のみ): %s"},
			{"on the blocklist %s, monitored only: %s (seen: %s)",
				"不正サイト一覧 %s に登録 (監視のみ): %s (通信先 %s)"}},
	};
	bool more = what[2] && what[2][0] && strcmp(what[1], what[2]) != 0;

	snprintf(dst, cap, sk_text(&texts[monitored][more], lang), what[0], what[1], what[2]);
	return dst;
}
