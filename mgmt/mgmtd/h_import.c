/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rule lists from and to a spreadsheet. An import is compared with the registry line by line; with
 * --apply all of it becomes requests, or none.
 */
#include <errno.h>
#include <string.h>

#include "fw/registry/csv.h"
#include "lib/clock.h"
#include "lib/util.h"
#include "mgmt/mgmtd/h_common.h"

enum result { R_NEW, R_CHANGED, R_UNCHANGED, R_ERROR };
static const char *const results[] = {"new", "changed", "unchanged", "error"};

struct line {
	size_t line;
	enum result result;
	struct mg_rev rev; /* what would be requested */
	json_t *diff;      /* of a changed one: {"field": [before, after]} */
	struct sk_err err;
};

struct import {
	struct mg_call *c;
	struct fw_policy *base;
	struct line *v;
	size_t n;
	size_t count[4];
	uint8_t *seen; /* a bit for each number */
};

/* ---- one line -----------------------------------------------------------------------------------
 */

static int check_applicant(
	struct import *im, const struct fw_rule *r, const struct fw_rule *old, struct sk_err *err)
{
	if (r->applicant == NULL || sk_streq(r->applicant, im->c->who.name) ||
		(old && sk_streq(r->applicant, old->applicant)))
		return 0;
	return sk_err_set(err, -EPERM, "applicant",
		"you are %s: leave the applicant empty, or let %s import this line",
		"取込みの実行者は %s です。申請者を空欄にするか、%s が取り込んでください",
		im->c->who.name, r->applicant);
}

static int first_time(struct import *im, uint32_t number, struct sk_err *err)
{
	uint8_t *byte = &im->seen[number / 8], bit = (uint8_t)(1u << number % 8);

	if (*byte & bit)
		return sk_err_set(err, -EEXIST, "number", "rule %u is in the file twice",
			"ルール %u がファイル内で重複しています", number);
	*byte |= bit;
	return 0;
}

static int defaults(
	struct import *im, struct fw_rule *r, const struct fw_rule *old, struct sk_err *err)
{
	int days = (int)mg_setting_int(mg_h_store(im->c), "rule.expiry_days_max");

	r->registered = old ? old->registered : im->c->now;
	if (r->expiry == 0)
		r->expiry = old ? old->expiry : sk_day_add(sk_day_start(im->c->now), days) - 1;
	if (r->order == 0)
		r->order = old ? old->order : r->kind == FW_DENY ? 500 : 1000;
	r->state = FW_DRAFT;
	return fw_str_set(&r->applicant, im->c->who.name) < 0 ? sk_err_nomem(err) : 0;
}

/* Only what a person writes: not who applied, nor what the gateway notes. */
static json_t *content_diff(const struct fw_rule *old, const struct fw_rule *r)
{
	static const char *const ours[] = {"number", "revision", "state", "applicant", "registered",
		"approver", "approved_at", "last_reviewed", "last_hit"};
	json_t *diff = fw_rule_diff(old, r);

	for (size_t i = 0; diff && i < SK_ARRAY_SIZE(ours); i++)
		json_object_del(diff, ours[i]);
	return diff;
}

static int compare_old(struct import *im, struct line *l, const struct mg_rev *old)
{
	struct mg_rev open;
	int r = defaults(im, &l->rev.rule, &old->rule, &l->err);

	if (r < 0)
		return r;
	l->diff = content_diff(&old->rule, &l->rev.rule);
	if (l->diff == NULL)
		return sk_err_nomem(&l->err);
	if (json_object_size(l->diff) == 0) {
		l->result = R_UNCHANGED;
		return 0;
	}
	l->result = R_CHANGED;
	l->rev.intent = MG_MODIFY;
	if (old->rule.state == FW_REMOVED)
		return sk_err_set(&l->err, -EPERM, "number", "rule %u is removed",
			"ルール %u は削除済みです", old->rule.number);
	r = mg_rule_pending(mg_h_store(im->c), old->rule.number, &open, &l->err);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	if (open.rule.state == FW_REQUESTED)
		r = sk_err_set(&l->err, -EEXIST, "number", "rule %u has an open request",
			"ルール %u には処理待ちの申請があります", old->rule.number);
	mg_rev_done(&open);
	return r;
}

static int check_line(struct import *im, struct line *l)
{
	struct fw_rule *r = &l->rev.rule;
	struct mg_rev old;
	int e;

	if (r->number == 0) {
		l->result = R_NEW;
		l->rev.intent = MG_IMPORT;
		e = check_applicant(im, r, NULL, &l->err);
		if (e == 0)
			e = defaults(im, r, NULL, &l->err);
	} else if (r->number < FW_NUMBER_FIRST) {
		e = sk_err_set(&l->err, -EPERM, "number", "%u is a built-in record",
			"%u は組み込みのルールです", r->number);
	} else {
		e = first_time(im, r->number, &l->err);
		if (e == 0)
			e = mg_rule_base(mg_h_store(im->c), r->number, &old, &l->err);
		if (e < 0)
			return e;
		e = check_applicant(im, r, &old.rule, &l->err);
		if (e == 0)
			e = compare_old(im, l, &old);
		mg_rev_done(&old);
	}
	if (e < 0 || l->result == R_UNCHANGED)
		return e;
	return mg_rule_check(mg_h_store(im->c), im->base, r, im->c->now, NULL, &l->err);
}

/* ---- the answer ---------------------------------------------------------------------------------
 */

static json_t *cell(const char *key, const json_t *v)
{
	char date[16];

	if (json_is_integer(v) && strcmp(key, "expiry") == 0)
		return json_string(sk_date_format(json_integer_value(v), date, sizeof(date)));
	if (json_is_boolean(v))
		return json_string(json_is_true(v) ? "yes" : "no");
	if (json_is_integer(v))
		return json_sprintf("%lld", (long long)json_integer_value(v));
	return json_string(json_is_string(v) ? json_string_value(v) : "");
}

static int reply_error(struct mg_call *c, size_t line, uint32_t number, const struct sk_err *e)
{
	json_t *v = json_pack("{sI ss ss ss}", "line", (json_int_t)line, "result", results[R_ERROR],
		"field", e->path, "message", sk_err_text(e, c->lang));

	if (v && number)
		json_object_set_new(v, "number", json_integer(number));
	return v ? mg_reply_row(c, v) : -ENOMEM;
}

static int reply_line(struct mg_call *c, const struct line *l)
{
	const struct fw_rule *r = &l->rev.rule;
	const char *key;
	json_t *pair, *v;
	int e = 0;

	if (l->result == R_ERROR)
		return reply_error(c, l->line, r->number, &l->err);
	json_object_foreach (l->diff, key, pair) {
		v = json_pack("{sI sI ss ss so so}", "line", (json_int_t)l->line, "number",
			(json_int_t)r->number, "result", results[l->result], "field", key, "before",
			cell(key, json_array_get(pair, 0)), "after",
			cell(key, json_array_get(pair, 1)));
		e = v ? mg_reply_row(c, v) : -ENOMEM;
		if (e < 0)
			return e;
	}
	if (l->result == R_CHANGED)
		return 0;
	v = json_pack("{sI ss ss?}", "line", (json_int_t)l->line, "result", results[l->result],
		"message", l->result == R_NEW ? r->purpose : NULL);
	if (v && r->number)
		json_object_set_new(v, "number", json_integer(r->number));
	return v ? mg_reply_row(c, v) : -ENOMEM;
}

/* Both lists are in the order of the file. */
static int reply_all(struct import *im, const struct fw_csv_rules *csv)
{
	size_t e = 0;
	int r = 0;

	for (size_t i = 0; i <= im->n && r == 0; i++) {
		for (; e < csv->n_errors && r == 0; e++) {
			if (i < im->n && csv->errors[e].line > im->v[i].line)
				break;
			r = reply_error(im->c, csv->errors[e].line, 0, &csv->errors[e].err);
		}
		if (r == 0 && i < im->n)
			r = reply_line(im->c, &im->v[i]);
	}
	return r;
}

static int request_all(struct import *im, struct sk_err *err)
{
	struct mg_txn t = {0};
	char target[48];
	int r = mg_txn_begin(&t, mg_h_store(im->c), err);

	for (size_t i = 0; i < im->n && r == 0; i++) {
		struct line *l = &im->v[i];

		if (l->result == R_UNCHANGED)
			continue;
		r = mg_rule_insert(&t, &l->rev, false, im->c->now, err);
		if (r < 0)
			sk_err_prefix(err, "line[%zu]", l->line);
		snprintf(target, sizeof(target), "rule %u r%u", l->rev.rule.number,
			l->rev.rule.revision);
		if (r == 0)
			r = mg_h_audit(im->c, &t, target, NULL, mg_rev_to_json(&l->rev), err);
	}
	if (r == 0)
		r = mg_h_commit(im->c, &t, "import", NULL,
			json_pack("{sI sI sI}", "new", (json_int_t)im->count[R_NEW], "changed",
				(json_int_t)im->count[R_CHANGED], "unchanged",
				(json_int_t)im->count[R_UNCHANGED]),
			err);
	mg_txn_abort(&t);
	return r;
}

static int take_lines(struct import *im, struct fw_csv_rules *csv, struct sk_err *err)
{
	im->v = calloc(csv->n + 1, sizeof(*im->v));
	im->seen = calloc(1, FW_NUMBER_MAX / 8 + 1);
	if (im->v == NULL || im->seen == NULL)
		return sk_err_nomem(err);
	im->n = csv->n;
	for (size_t i = 0; i < csv->n; i++) {
		struct line *l = &im->v[i];

		l->line = csv->lines[i];
		mg_rev_init(&l->rev);
		if (fw_rule_copy(&l->rev.rule, &csv->rules[i]) < 0)
			return sk_err_nomem(err);
		if (check_line(im, l) < 0)
			l->result = R_ERROR;
		im->count[l->result]++;
	}
	im->count[R_ERROR] += csv->n_errors + csv->errors_cut;
	return 0;
}

static void import_done(struct import *im)
{
	for (size_t i = 0; i < im->n; i++) {
		mg_rev_done(&im->v[i].rev);
		json_decref(im->v[i].diff);
	}
	free(im->v);
	free(im->seen);
	fw_policy_free(im->base);
}

int mg_h_rule_import(struct mg_call *c, struct sk_err *err)
{
	struct import im = {.c = c};
	struct fw_csv_rules csv = {0};
	bool apply = mg_arg_flag(c, "apply");
	const void *data;
	size_t len;
	int r = mg_arg_file(c, "data", &data, &len, NULL, err);

	if (r == 0)
		r = fw_csv_read_rules(data, len, &csv, err);
	if (r < 0)
		return r;
	r = mg_store_build_base(mg_h_store(c), MG_VIEW_REQUESTED, &im.base, err);
	if (r == 0)
		r = take_lines(&im, &csv, err);
	if (r == 0 && apply && im.count[R_ERROR] == 0 && im.count[R_NEW] + im.count[R_CHANGED] > 0)
		r = request_all(&im, err);
	if (r == 0)
		r = reply_all(&im, &csv);
	if (r == 0)
		mg_reply_note(c, "new %zu, changed %zu, unchanged %zu, errors %zu",
			"新規 %zu 件、変更 %zu 件、変更なし %zu 件、エラー %zu 件", im.count[R_NEW],
			im.count[R_CHANGED], im.count[R_UNCHANGED], im.count[R_ERROR]);
	if (r == 0 && im.count[R_ERROR])
		r = sk_err_set(err, -EINVAL, "data", "%zu lines are faulty: nothing was requested",
			"%zu 行に誤りがあります。何も申請していません", im.count[R_ERROR]);
	else if (r == 0 && !apply)
		mg_reply_note(c, "nothing was changed; with --apply these become requests",
			"確認のみで、何も変更していません。--apply を付けると申請します");
	import_done(&im);
	fw_csv_rules_done(&csv);
	return r;
}

/* ---- rule.export --------------------------------------------------------------------------------
 */

struct export
{
	struct sk_buf b;
	enum sk_lang lang;
};

static int export_row(const struct mg_rule_row *row, void *arg)
{
	struct export *e = arg;

	fw_csv_put_rule(&e->b, &row->rev->rule, e->lang);
	return sk_buf_error(&e->b);
}

int mg_h_rule_export(struct mg_call *c, struct sk_err *err)
{
	const struct mg_rule_filter f = {.state = mg_arg_str(c, "state")};
	struct export e = {.lang = c->lang};
	int r;

	sk_buf_init(&e.b, 256u << 20);
	sk_buf_puts(&e.b, "\xef\xbb\xbf");
	fw_csv_put_header(&e.b, c->lang);
	r = mg_rule_each(mg_h_store(c), &f, export_row, &e, err);
	if (r == 0)
		r = sk_buf_error(&e.b) ? sk_err_nomem(err) : mg_reply_text(c, sk_buf_str(&e.b));
	sk_buf_done(&e.b);
	return r;
}
