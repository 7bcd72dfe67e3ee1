/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The yearly review (棚卸し): start, progress, decisions, sign-off, and its record for the file. */
#include <errno.h>
#include <string.h>

#include "fw/registry/csv.h"
#include "lib/clock.h"
#include "lib/util.h"
#include "mgmt/mgmtd/h_common.h"

static json_t *review_json(const struct mg_review *r)
{
	json_t *v = json_pack("{sI ss ss ss ss sI sI sI sI}", "number", (json_int_t)r->number,
		"review_of", r->kind, "title", r->title, "state", r->finished ? "finished" : "open",
		"started_by", r->started_by, "started", (json_int_t)r->started, "due",
		(json_int_t)r->due, "items", (json_int_t)r->items, "open", (json_int_t)r->open);

	if (v && r->finished) {
		json_object_set_new(v, "finished_by", json_string(r->finished_by));
		json_object_set_new(v, "finished", json_integer(r->finished));
	}
	return v;
}

static int list_row(const struct mg_review *r, void *arg)
{
	json_t *v = review_json(r);

	return v ? mg_reply_row(arg, v) : -ENOMEM;
}

int mg_h_review_list(struct mg_call *c, struct sk_err *err)
{
	return mg_review_each(mg_h_store(c), list_row, c, err);
}

static int reply_review(struct mg_call *c, uint32_t number, struct sk_err *err)
{
	struct mg_review r;
	int e = mg_review_get(mg_h_store(c), number, &r, err);
	json_t *v = e == 0 ? review_json(&r) : NULL;

	if (e < 0)
		return e;
	return v ? mg_reply_record(c, v) : sk_err_nomem(err);
}

int mg_h_review_start(struct mg_call *c, struct sk_err *err)
{
	const struct mg_actor a = mg_h_actor(c, NULL);
	struct mg_txn t = {0};
	uint32_t number = 0;
	int64_t due = 0;
	char target[32];
	int r = mg_arg_time(c, "due", true, &due, err);

	if (r == 0)
		r = mg_txn_begin(&t, mg_h_store(c), err);
	if (r == 0)
		r = (sk_streq(mg_arg_str(c, "of"), "devices") ? mg_review_start_devices
							      : mg_review_start)(
			&t, mg_arg_str(c, "title"), due, &a, &number, err);
	if (r == 0) {
		snprintf(target, sizeof(target), "review %u", number);
		r = mg_h_commit(c, &t, target, NULL,
			json_pack(
				"{ss sI}", "title", mg_arg_str(c, "title"), "due", (json_int_t)due),
			err);
	}
	mg_txn_abort(&t);
	return r < 0 || c->dry_run ? r : reply_review(c, number, err);
}

/* ---- the items ----------------------------------------------------------------------------------
 */

static const char *purpose(const json_t *record, enum sk_lang lang)
{
	const json_t *p = json_object_get(record, "purpose");

	if (json_is_object(p))
		p = json_object_get(p, lang == SK_JA ? "ja" : "en");
	return json_string_value(p);
}

static json_t *item_json(const struct mg_review_item *i, enum sk_lang lang)
{
	json_t *v = json_deep_copy(i->record);
	const char *from = json_string_value(json_object_get(v, "from"));
	const char *to = json_string_value(json_object_get(v, "to"));

	if (v == NULL)
		return NULL;
	if (from && to)
		json_object_set_new(v, "direction", json_sprintf("%s->%s", from, to));
	json_object_del(v, "from");
	json_object_del(v, "to");
	if (purpose(i->record, lang))
		json_object_set_new(v, "purpose", json_string(purpose(i->record, lang)));
	json_object_set_new(v, "open", json_boolean(i->open));
	/* The record's own reason is that of its request; here it is the reviewer's. */
	json_object_del(v, "reason");
	if (i->decision)
		json_object_set_new(v, "decision", json_string(i->decision));
	if (i->reviewer)
		json_object_set_new(v, "reviewer", json_string(i->reviewer));
	json_object_del(v, "decided_at");
	if (i->decided_at)
		json_object_set_new(v, "decided_at", json_integer(i->decided_at));
	if (i->reason)
		json_object_set_new(v, "reason", json_string(i->reason));
	if (i->expiry)
		json_object_set_new(v, "new_expiry", json_integer(i->expiry));
	if (i->result)
		json_object_set_new(v, "result", json_integer(i->result));
	return v;
}

static int show_row(const struct mg_review_item *i, void *arg)
{
	struct mg_call *c = arg;
	json_t *v = item_json(i, c->lang);

	return v ? mg_reply_row(c, v) : -ENOMEM;
}

static int show(struct mg_call *c, const struct mg_review *which, struct sk_err *err)
{
	const struct mg_review rev = *which;
	int r = mg_review_items(mg_h_store(c), rev.number, show_row, c, err);

	if (r == 0)
		mg_reply_note(c, "review %u: %lld of %lld decided",
			"棚卸し %u: 判定 %lld / %lld 件", rev.number,
			(long long)(rev.items - rev.open), (long long)rev.items);
	return r;
}

int mg_h_review_show(struct mg_call *c, struct sk_err *err)
{
	struct mg_review rev;
	int r = mg_review_get(mg_h_store(c), (uint32_t)mg_arg_uint(c, "review"), &rev, err);

	return r < 0 ? r : show(c, &rev, err);
}

int mg_h_device_review(struct mg_call *c, struct sk_err *err)
{
	uint32_t number = (uint32_t)mg_arg_uint(c, "review");
	struct mg_review rev;
	int r = number ? mg_review_get(mg_h_store(c), number, &rev, err)
		       : mg_review_newest(mg_h_store(c), "device", &rev, err);

	if (r == 0 && !sk_streq(rev.kind, "device"))
		r = sk_err_set(err, -EINVAL, "review", "review %u is not one of devices",
			"棚卸し %u は端末の棚卸しではありません", rev.number);
	return r < 0 ? r : show(c, &rev, err);
}

static int parse_decision(const char *s, enum mg_decision *ret)
{
	static const char *const names[] = {
		[MG_KEEP] = "keep", [MG_CHANGE] = "change", [MG_REMOVE] = "remove"};

	for (size_t i = 0; i < SK_ARRAY_SIZE(names); i++) {
		if (sk_streq(s, names[i])) {
			*ret = (enum mg_decision)i;
			return 0;
		}
	}
	return -EINVAL;
}

struct decided {
	uint32_t rule, result;
	bool direct, last;
};

static int decide_one(struct mg_call *c, struct mg_txn *t, const struct mg_review_decision *d,
	struct decided *it, struct sk_err *err)
{
	const struct mg_actor a = mg_h_actor(c, mg_arg_str(c, "reason"));
	json_t *after;
	char target[32];
	int r = mg_review_decide(t, it->rule, d, &a, &it->direct, &it->result, err);

	if (r < 0) {
		sk_err_prefix(err, "rule[%u]", it->rule);
		return r;
	}
	after = json_pack("{ss ss? si sb}", "decision", mg_arg_str(c, "decision"), "reason", a.text,
		"result", (int)it->result, "approved", it->direct);
	if (after && d->expiry)
		json_object_set_new(after, "expiry", json_integer(d->expiry));
	snprintf(target, sizeof(target), "rule %u", it->rule);
	return it->last ? mg_h_commit(c, t, target, NULL, after, err)
			: mg_h_audit(c, t, target, NULL, after, err);
}

static int decide_all(struct mg_call *c, const struct mg_review_decision *d, size_t *ret_pending,
	struct sk_err *err)
{
	struct mg_txn t = {0};
	struct decided it;
	uint32_t next;
	int r = mg_txn_begin(&t, mg_h_store(c), err);

	for (size_t i = 0; r == 0; i++) {
		it = (struct decided){0};
		if (!mg_h_number(c, i, &it.rule))
			break;
		it.last = !mg_h_number(c, i + 1, &next);
		r = decide_one(c, &t, d, &it, err);
		if (it.result && !it.direct)
			*ret_pending += 1;
	}
	mg_txn_abort(&t);
	return r;
}

int mg_h_review_decide(struct mg_call *c, struct sk_err *err)
{
	struct mg_review_decision d = {0};
	size_t pending = 0;
	int r = parse_decision(mg_arg_str(c, "decision"), &d.decision);

	if (r == 0 && mg_arg_has(c, "expiry"))
		r = mg_arg_time(c, "expiry", true, &d.expiry, err);
	if (r == 0 && d.expiry && d.decision != MG_KEEP)
		r = sk_err_set(err, -EINVAL, "expiry", "only a rule that is kept gets a new expiry",
			"有効期限を指定できるのは keep (継続) の場合だけです");
	if (r == 0)
		r = decide_all(c, &d, &pending, err);
	if (r < 0)
		return r;
	if (pending)
		mg_reply_note(c, "%zu requests wait for another approver",
			"%zu 件の申請が別の承認者の承認を待っています", pending);
	if (d.decision == MG_CHANGE)
		mg_reply_note(c,
			"stays open until somebody requests the change (rule request --number)",
			"変更が申請されるまで未完了のままです (rule request --number)");
	return reply_review(c, 0, err);
}

int mg_h_review_finish(struct mg_call *c, struct sk_err *err)
{
	const struct mg_actor a = mg_h_actor(c, NULL);
	struct mg_txn t = {0};
	struct mg_review rev;
	char target[32];
	int r = mg_review_get(mg_h_store(c), (uint32_t)mg_arg_uint(c, "review"), &rev, err);

	if (r == 0)
		r = mg_txn_begin(&t, mg_h_store(c), err);
	if (r == 0)
		r = mg_review_finish(&t, rev.number, &a, err);
	if (r == 0) {
		snprintf(target, sizeof(target), "review %u", rev.number);
		r = mg_h_commit(c, &t, target, mg_h_state("open"), mg_h_state("finished"), err);
	}
	mg_txn_abort(&t);
	return r < 0 ? r : reply_review(c, rev.number, err);
}

/* ---- CSV ----------------------------------------------------------------------------------------
 */

static const struct {
	const char *key;
	struct sk_text title;
	bool is_time;
} columns[] = {
	{"number", {"No.", "番号"}, false},
	{"revision", {"Revision", "版"}, false},
	{"applicant", {"Applicant", "申請者"}, false},
	{"source", {"Source", "接続元"}, false},
	{"destination", {"Destination", "接続先"}, false},
	{"direction", {"Direction", "通信方向"}, false},
	{"protocol", {"Protocol", "プロトコル"}, false},
	{"port", {"Port", "ポート番号"}, false},
	{"purpose", {"Purpose", "利用用途"}, false},
	{"registered", {"Registered", "登録日"}, true},
	{"expiry", {"Expiry", "有効期限"}, true},
	{"last_hit", {"Last used", "最終利用日"}, true},
	{"decision", {"Decision", "判定"}, false},
	{"reviewer", {"Reviewer", "判定者"}, false},
	{"decided_at", {"Decided", "判定日"}, true},
	{"reason", {"Reason", "理由"}, false},
	{"new_expiry", {"New expiry", "新しい有効期限"}, true},
	{"result", {"New revision", "結果の版"}, false},
};

struct csv {
	struct sk_buf b;
	enum sk_lang lang;
};

static int csv_row(const struct mg_review_item *i, void *arg)
{
	struct csv *csv = arg;
	json_t *v = item_json(i, csv->lang);
	char text[40];

	if (v == NULL)
		return -ENOMEM;
	for (size_t n = 0; n < SK_ARRAY_SIZE(columns); n++) {
		const json_t *cell = json_object_get(v, columns[n].key);
		const char *s = json_string_value(cell);
		const struct sk_text *word = s ? mg_value_text(columns[n].key, s) : NULL;

		snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(cell));
		if (columns[n].is_time && json_is_integer(cell))
			sk_date_format(json_integer_value(cell), text, sizeof(text));
		fw_csv_put_cell(&csv->b,
			json_is_integer(cell) ? text
				: word        ? sk_text(word, csv->lang)
				: s           ? s
					      : "",
			n == 0);
	}
	sk_buf_puts(&csv->b, "\r\n");
	json_decref(v);
	return sk_buf_error(&csv->b);
}

int mg_h_review_export(struct mg_call *c, struct sk_err *err)
{
	struct csv csv = {.lang = c->lang};
	struct mg_review rev;
	int r = mg_review_get(mg_h_store(c), (uint32_t)mg_arg_uint(c, "review"), &rev, err);

	if (r < 0)
		return r;
	sk_buf_init(&csv.b, 64u << 20);
	sk_buf_puts(&csv.b, "\xef\xbb\xbf");
	for (size_t n = 0; n < SK_ARRAY_SIZE(columns); n++)
		fw_csv_put_cell(&csv.b, sk_text(&columns[n].title, c->lang), n == 0);
	sk_buf_puts(&csv.b, "\r\n");
	r = mg_review_items(mg_h_store(c), rev.number, csv_row, &csv, err);
	if (r == 0)
		r = sk_buf_error(&csv.b) ? sk_err_nomem(err) : mg_reply_text(c, sk_buf_str(&csv.b));
	sk_buf_done(&csv.b);
	return r;
}
