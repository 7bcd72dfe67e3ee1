// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages put into words. The subject is an encoded word (RFC 2047), the body base64 (RFC 2045).
 */
#include "mgmt/notify/message.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <string.h>
#include <time.h>

#include "lib/clock.h"
#include "lib/util.h"

#define TEXT_MAX (64u << 10)
#define ROWS_MAX 50

void mg_message_init(struct mg_message *m)
{
	*m = (struct mg_message){.json = NULL};
	sk_buf_init(&m->text, TEXT_MAX);
}

void mg_message_done(struct mg_message *m)
{
	sk_buf_done(&m->text);
	json_decref(m->json);
	m->json = NULL;
}

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static int64_t number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

/* One line without control characters, whatever it was. */
static void put_clean(struct sk_buf *b, const char *s)
{
	char line[1024];

	sk_buf_puts(b, sk_escape(line, sizeof(line), s, SK_MIN(strlen(s), (size_t)250)));
}

static void put_line(struct sk_buf *b, const char *title, const char *value)
{
	if (!value[0])
		return;
	sk_buf_printf(b, "%s: ", title);
	put_clean(b, value);
	sk_buf_putc(b, '\n');
}

/* A subject keeps to whole characters: cut where one begins. */
static void set_subject(struct mg_message *m, const char *what, const char *site)
{
	struct sk_buf b;
	size_t n;

	sk_buf_init(&b, 4096);
	sk_buf_puts(&b, "[Sekisho ");
	put_clean(&b, site);
	sk_buf_puts(&b, "] ");
	put_clean(&b, what);
	n = SK_MIN(b.len, sizeof(m->subject) - 1);
	while (n && n < b.len && ((unsigned char)sk_buf_str(&b)[n] & 0xc0) == 0x80)
		n--;
	memcpy(m->subject, sk_buf_str(&b), n);
	m->subject[n] = '\0';
	sk_buf_done(&b);
}

static int done(struct mg_message *m)
{
	return m->json ? sk_buf_error(&m->text) : -ENOMEM;
}

static const struct sk_text *decision_text(const char *decision)
{
	static const struct sk_text words[] = {{"blocked", "遮断しました"},
		{"recorded, not blocked", "記録しました(遮断していません)"},
		{"recorded: on trial, else it would have been blocked",
			"記録しました(試行中のため遮断していません)"}};

	if (!strcmp(decision, "drop") || !strcmp(decision, "reject"))
		return &words[0];
	return strcmp(decision, "would_drop") ? &words[1] : &words[2];
}

static void put_endpoints(struct sk_buf *b, const json_t *ev)
{
	const json_t *s = json_object_get(ev, "sekisho");
	char ends[400];

	snprintf(ends, sizeof(ends), "%s:%" PRId64 " (%s) -> %s:%" PRId64 " (%s) %s",
		text(ev, "src_ip"), number(ev, "src_port"), text(s, "zone_in"), text(ev, "dest_ip"),
		number(ev, "dest_port"), text(s, "zone_out"), text(ev, "proto"));
	put_line(b, "通信 (connection)", ends);
}

int mg_message_alert(struct mg_message *m, const char *site, const json_t *event)
{
	const json_t *a = json_object_get(event, "alert"), *s = json_object_get(event, "sekisho");
	const struct sk_text *what = decision_text(text(s, "decision"));
	char line[400];

	snprintf(line, sizeof(line), "%s: %s", what->ja, text(a, "signature"));
	set_subject(m, line, site);
	sk_buf_printf(&m->text,
		"不正な通信を検知し、%s。\nMalicious traffic was detected and %s.\n\n", what->ja,
		what->en);
	snprintf(line, sizeof(line), "%" PRId64 ": %s", number(a, "signature_id"),
		text(a, "signature"));
	put_line(&m->text, "シグネチャ (signature)", line);
	put_line(&m->text, "分類 (class)", text(a, "category"));
	put_line(&m->text, "日時 (time)", text(event, "timestamp"));
	put_endpoints(&m->text, event);
	put_line(&m->text, "MAC", text(json_object_get(event, "ether"), "src_mac"));
	sk_buf_puts(&m->text,
		"\n詳細は sekisho alert list / sekisho alert show で確認してください。\n"
		"For details: sekisho alert list, sekisho alert show.\n");
	m->json = json_pack("{s:s, s:s, s:s, s:s, s:O}", "product", "sekisho", "kind", "alert",
		"site", site, "summary", m->subject, "event", event);
	return done(m);
}

int mg_message_blocklist(struct mg_message *m, const char *site, const json_t *event)
{
	const json_t *s = json_object_get(event, "sekisho");
	bool refused = !strcmp(text(s, "action"), "refused");
	const char *ja = refused ? "不正サイト一覧の取り込みを見送りました"
				 : "不正サイト一覧を取得できない状態が続いています";
	const char *en = refused ? "A blocklist update was refused"
				 : "A blocklist has not been fetched for long";
	char line[400];

	snprintf(line, sizeof(line), "%s: %.100s", ja, text(s, "feed"));
	set_subject(m, line, site);
	sk_buf_printf(&m->text,
		"%s。直前の一覧を使い続けています。\n%s; the list before it stays in use.\n\n", ja,
		en);
	put_line(&m->text, "名称 (blocklist)", text(s, "feed"));
	put_line(&m->text, "理由", text(s, "message_ja"));
	put_line(&m->text, "why", text(s, "message"));
	put_line(&m->text, "日時 (time)", text(event, "timestamp"));
	sk_buf_puts(&m->text,
		"\n詳細は sekisho blocklist history で確認し、内容に問題がなければ\n"
		"sekisho blocklist update 名称 --accept で取り込んでください。\n"
		"For details: sekisho blocklist history. If it is right after all:\n"
		"sekisho blocklist update NAME --accept.\n");
	m->json = json_pack("{s:s, s:s, s:s, s:s, s:O}", "product", "sekisho", "kind", "blocklist",
		"site", site, "summary", m->subject, "event", event);
	return done(m);
}

static const struct {
	const char *action;
	struct sk_text text;
} admissions[] = {
	{"conflict",
		{"The same MAC address appeared on two ports",
			"同じ MAC アドレスが 2 つのポートに現れました"}},
	{"fingerprint",
		{"A device looks different from the registered one",
			"登録された端末と特徴の異なる端末が現れました"}},
	{"rogue_dhcp", {"An unknown DHCP server answers", "未登録の DHCP サーバーを検知しました"}},
	{"rogue_ra", {"An unknown router advertises itself", "未登録のルーター広告を検知しました"}},
	{"arp_spoof", {"A device claims the address of another", "ARP 詐称を検知しました"}},
	{"flood", {"Very many new devices on one port", "1 つのポートに多数の端末が現れました"}},
	{"radius_down", {"The RADIUS server does not answer", "RADIUS サーバーが応答しません"}},
};

static const struct sk_text *admission_text(const char *action)
{
	static const struct sk_text other = {"Admission", "端末の接続"};

	for (size_t i = 0; i < SK_ARRAY_SIZE(admissions); i++)
		if (!strcmp(admissions[i].action, action))
			return &admissions[i].text;
	return &other;
}

int mg_message_admission(struct mg_message *m, const char *site, const json_t *event)
{
	const json_t *s = json_object_get(event, "sekisho");
	const json_t *address = json_array_get(json_object_get(s, "addresses"), 0);
	const struct sk_text *what = admission_text(text(s, "action"));
	const char *name = text(s, "name")[0] ? text(s, "name") : text(s, "mac");
	char line[400];

	snprintf(line, sizeof(line), "%s: %.100s", what->ja, name);
	set_subject(m, line, site);
	sk_buf_printf(&m->text, "%s。\n%s.\n\n", what->ja, what->en);
	put_line(&m->text, "MAC", text(s, "mac"));
	put_line(&m->text, "端末 (device)", text(s, "name"));
	put_line(&m->text, "管理者 (owner)", text(s, "owner"));
	put_line(&m->text, "部署 (department)", text(s, "department"));
	put_line(&m->text, "設置場所 (location)", text(s, "location"));
	put_line(&m->text, "ポート (port)", text(s, "port"));
	put_line(&m->text, "別のポート (other port)", text(s, "other_port"));
	put_line(&m->text, "メーカー (vendor)", text(s, "vendor"));
	put_line(&m->text, "IP", json_string_value(address) ? json_string_value(address) : "");
	put_line(&m->text, "違い (differs)", text(s, "differs"));
	put_line(&m->text, "日時 (time)", text(event, "timestamp"));
	sk_buf_puts(&m->text,
		"\n詳細は sekisho nac events / sekisho nac explain MAC で確認してください。\n"
		"For details: sekisho nac events, sekisho nac explain MAC.\n");
	m->json = json_pack("{s:s, s:s, s:s, s:s, s:O}", "product", "sekisho", "kind", "admission",
		"site", site, "summary", m->subject, "event", event);
	return done(m);
}

static const struct {
	const char *action;
	struct sk_text text;
} updates[] = {
	{"available",
		{"A version that mends security flaws is available",
			"セキュリティ修正を含む新しい版があります"}},
	{"returned",
		{"The update was not kept, the old version runs again",
			"更新が確定されず、元の版に戻りました"}},
	{"fallback",
		{"A boot slot did not start, the other one runs",
			"スロットが起動せず、もう一方のスロットで動作しています"}},
	{"interrupted", {"The update was interrupted", "更新の書き込みが中断されました"}},
	{"registry_returned",
		{"The registry of before the update is in use, the newer one was set aside",
			"更新前の台帳を使用しています (新しい台帳は別名で保存)"}},
};

int mg_message_update(struct mg_message *m, const char *site, const json_t *event)
{
	const json_t *s = json_object_get(event, "sekisho");
	static const struct sk_text other = {"Update of the system", "システムの更新"};
	const struct sk_text *what = &other;
	char line[400];

	for (size_t i = 0; i < SK_ARRAY_SIZE(updates); i++)
		if (!strcmp(updates[i].action, text(s, "action")))
			what = &updates[i].text;
	snprintf(line, sizeof(line), "%s: %.60s", what->ja, text(s, "version"));
	set_subject(m, line, site);
	sk_buf_printf(&m->text, "%s。\n%s.\n\n", what->ja, what->en);
	put_line(&m->text, "版 (version)", text(s, "version"));
	put_line(&m->text, "動作中 (running)", text(s, "running"));
	put_line(&m->text, "理由", text(s, "message_ja"));
	put_line(&m->text, "why", text(s, "message"));
	put_line(&m->text, "日時 (time)", text(event, "timestamp"));
	sk_buf_puts(&m->text,
		"\n詳細は sekisho update status で確認してください。\n"
		"For details: sekisho update status.\n");
	m->json = json_pack("{s:s, s:s, s:s, s:s, s:O}", "product", "sekisho", "kind", "update",
		"site", site, "summary", m->subject, "event", event);
	return done(m);
}

int mg_message_expiry(struct mg_message *m, const char *site, const json_t *rows)
{
	size_t n = json_array_size(rows);
	char line[400], date[16];

	snprintf(line, sizeof(line), "有効期限が近い記録 %zu 件 (records that expire soon)", n);
	set_subject(m, line, site);
	sk_buf_puts(&m->text,
		"次の記録の有効期限が近づいています。必要なら延長を申請してください。\n"
		"These records expire soon; ask for an extension if needed.\n\n");
	for (size_t i = 0; i < n && i < ROWS_MAX; i++) {
		const json_t *r = json_array_get(rows, i);

		snprintf(line, sizeof(line), "%s  %s  %.200s",
			sk_date_format(number(r, "expiry"), date, sizeof(date)),
			text(r, "applicant"), text(r, "purpose"));
		sk_buf_printf(&m->text, "%" PRId64 "  ", number(r, "number"));
		put_clean(&m->text, line);
		sk_buf_putc(&m->text, '\n');
	}
	if (n > ROWS_MAX)
		sk_buf_printf(&m->text, "… +%zu (sekisho notice list)\n", n - ROWS_MAX);
	m->json = json_pack("{s:s, s:s, s:s, s:s, s:O}", "product", "sekisho", "kind", "expiry",
		"site", site, "summary", m->subject, "records", rows);
	return done(m);
}

int mg_message_summary(struct mg_message *m, const char *site, const json_t *held, uint64_t lost)
{
	char line[300];

	set_subject(m, "まとめ: 個別に通知しなかった検知 (alerts not told singly)", site);
	sk_buf_puts(&m->text,
		"通知数の上限のため、次の検知は個別に通知していません。\n"
		"For the limits set, these alerts were not told one by one.\n\n");
	for (size_t i = 0; i < json_array_size(held) && i < ROWS_MAX; i++) {
		const json_t *h = json_array_get(held, i);

		snprintf(line, sizeof(line), "%" PRId64 " x  %" PRId64 ": %s", number(h, "count"),
			number(h, "sid"), text(h, "msg"));
		put_clean(&m->text, line);
		sk_buf_putc(&m->text, '\n');
	}
	if (lost)
		sk_buf_printf(&m->text,
			"\n送信待ちがあふれ、%" PRIu64 " 件を送れませんでした。\n%" PRIu64
			" messages found no room in the queue.\n",
			lost, lost);
	m->json = json_pack("{s:s, s:s, s:s, s:s, s:O, s:I}", "product", "sekisho", "kind",
		"summary", "site", site, "summary", m->subject, "held", held, "lost",
		(json_int_t)lost);
	return done(m);
}

int mg_message_test(struct mg_message *m, const char *site, const char *who)
{
	set_subject(m, "通知の試験 (test message)", site);
	sk_buf_puts(&m->text,
		"通知の試験です。この通知が届けば設定は正しく動作しています。\n"
		"A test: if this arrives, notification works.\n\n");
	put_line(&m->text, "操作者 (by)", who);
	m->json = json_pack("{s:s, s:s, s:s, s:s, s:s}", "product", "sekisho", "kind", "test",
		"site", site, "summary", m->subject, "by", who);
	return done(m);
}

/* ---- mail -------------------------------------------------------------------------------------
 */
static int put_base64(struct sk_buf *b, const void *p, size_t n)
{
	const int variant = sodium_base64_VARIANT_ORIGINAL;
	_cleanup_(sk_freep) char *out = malloc(sodium_base64_ENCODED_LEN(n, variant));

	if (!out)
		return -ENOMEM;
	sodium_bin2base64(out, sodium_base64_ENCODED_LEN(n, variant), p, n, variant);
	sk_buf_puts(b, out);
	return 0;
}

/* Encoded words of at most 75 characters: 45 bytes each, never within a character. */
static int put_subject(struct sk_buf *b, const char *s)
{
	int r = 0;

	sk_buf_puts(b, "Subject:");
	while (r == 0 && *s) {
		size_t n = SK_MIN(strlen(s), (size_t)39);

		while (n > 1 && ((unsigned char)s[n] & 0xc0) == 0x80)
			n--;
		sk_buf_puts(b, " =?UTF-8?B?");
		r = put_base64(b, s, n);
		s += n;
		sk_buf_puts(b, *s ? "?=\r\n" : "?=");
	}
	sk_buf_puts(b, "\r\n");
	return r;
}

static void put_date(struct sk_buf *b, int64_t now)
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char *const months[] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t t = (time_t)now;
	struct tm tm = {0};

	gmtime_r(&t, &tm);
	sk_buf_printf(b, "Date: %s, %02d %s %d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday],
		tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

int mg_message_mail(const struct mg_message *m, const char *from, const char *to, int64_t now,
	const char *id, struct sk_buf *ret)
{
	const uint8_t *p = (const uint8_t *)sk_buf_str(&m->text);
	int r;

	sk_buf_printf(ret, "From: %s\r\n", from);
	/* Lines may be folded after a comma (RFC 5322 2.2.3). */
	sk_buf_puts(ret, "To: ");
	for (const char *s = to; *s; s++) {
		sk_buf_putc(ret, *s);
		if (*s == ',')
			sk_buf_puts(ret, "\r\n ");
	}
	sk_buf_puts(ret, "\r\n");
	put_date(ret, now);
	sk_buf_printf(ret, "Message-ID: <%s@sekisho.invalid>\r\n", id);
	r = put_subject(ret, m->subject);
	sk_buf_puts(ret,
		"Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
		"Content-Type: text/plain; charset=UTF-8\r\n"
		"Content-Transfer-Encoding: base64\r\n\r\n");
	for (size_t i = 0; r == 0 && i < m->text.len; i += 57) {
		r = put_base64(ret, p + i, SK_MIN(m->text.len - i, (size_t)57));
		sk_buf_puts(ret, "\r\n");
	}
	return r ? r : sk_buf_error(ret);
}
