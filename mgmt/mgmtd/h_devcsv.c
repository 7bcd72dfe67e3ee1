// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Device lists from and to a spreadsheet. An import requests everything within one transaction and
 * looks at what happened; without --apply, or with one faulty line, all of it is taken back.
 */
#include <errno.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/util.h"
#include "mgmt/devices/csv.h"
#include "mgmt/mgmtd/h_device.h"
#include "mgmt/store/changes.h"

enum result { R_NEW, R_CHANGED, R_UNCHANGED, R_ERROR, RESULTS };
static const char *const results[RESULTS] = {"new", "changed", "unchanged", "error"};

struct import {
	struct mg_call *c;
	struct mg_txn t;
	struct mg_device *x; /* of the line at hand */
	json_t *rows;
	size_t count[RESULTS];
	int max_days;
};

/* ---- one line ---------------------------------------------------------------------------------
 */
static int row(struct import *im, const struct mg_device_line *l, enum result what, json_t *more)
{
	json_t *v = json_pack("{s:I, s:s}", "line", (json_int_t)l->line, "result", results[what]);

	if (!v || !more) {
		json_decref(v);
		json_decref(more);
		return -ENOMEM;
	}
	if (l->number)
		json_object_set_new(v, "number", json_integer(l->number));
	if (l->info.name[0])
		json_object_set_new(v, "name", json_string(l->info.name));
	json_object_update(v, more);
	json_decref(more);
	return json_array_append_new(im->rows, v);
}

static int row_error(struct import *im, const struct mg_device_line *l, const struct sk_err *e)
{
	im->count[R_ERROR]++;
	return row(im, l, R_ERROR,
		json_pack("{s:s, s:s}", "field", e->path, "message", sk_err_text(e, im->c->lang)));
}

static int row_diff(struct import *im, const struct mg_device_line *l, const char *field,
	const char *before, const char *after)
{
	if (!strcmp(before, after))
		return 0;
	return row(im, l, R_CHANGED,
		json_pack("{s:s, s:s, s:s}", "field", field, "before", before, "after", after));
}

/* A line without number, about an address that is registered, is about that device. */
static int find_number(struct import *im, struct mg_device_line *l, struct sk_err *err)
{
	char mac[NAC_MAC_TEXT];
	int r = 0;

	for (const char *p = l->info.mac;
		r == 0 && !l->number && (p = mg_device_item(p, mac, sizeof(mac)));)
		r = mg_device_by_mac(im->t.s, mac, &l->number, err);
	return r;
}

static int check_applicant(struct import *im, const struct mg_device_line *l, struct sk_err *err)
{
	if (!l->applicant || sk_streq(l->applicant, im->c->who.name) ||
		sk_streq(l->applicant, im->x->rec.applicant))
		return 0;
	return sk_err_set(err, -EPERM, "applicant",
		"you are %s: leave the applicant empty, or let %s import this line",
		"取込みの実行者は %s です。申請者を空欄にするか、%s が取り込んでください",
		im->c->who.name, l->applicant);
}

/* What the file says over what there is; columns the file does not have stay. */
static int merge(struct import *im, const struct mg_device_line *l, struct mg_device *before,
	struct sk_err *err)
{
	struct mg_record *rec = &im->x->rec;
	int r = 0;

	before->info = im->x->info;
	before->rec.expiry = rec->expiry;
	for (unsigned f = 0; r == 0 && f < MG_DEV_FIELDS; f++)
		if (l->has & 1u << f)
			r = mg_device_set(&im->x->info, f, mg_device_get(&l->info, f), err);
	mg_device_defaults(&im->x->info);
	if (l->expiry)
		rec->expiry = l->expiry;
	if (!rec->expiry)
		rec->expiry = sk_day_add(sk_day_start(im->c->now), im->max_days) - 1;
	return r;
}

static int show_changes(struct import *im, const struct mg_device_line *l,
	const struct mg_device *before, const char *purpose)
{
	const struct mg_device *x = im->x;
	char was[16], is[16];
	int r = 0;

	for (unsigned f = 0; r == 0 && f < MG_DEV_FIELDS; f++)
		r = row_diff(im, l, mg_device_field_name(f), mg_device_get(&before->info, f),
			mg_device_get(&x->info, f));
	if (r == 0)
		r = row_diff(im, l, "purpose", purpose, x->rec.purpose ? x->rec.purpose : "");
	if (r == 0)
		r = row_diff(im, l, "expiry", sk_date_format(before->rec.expiry, was, sizeof(was)),
			sk_date_format(x->rec.expiry, is, sizeof(is)));
	return r;
}

static int request(struct import *im, struct mg_device_line *l, struct sk_err *err)
{
	struct mg_record *rec = &im->x->rec;
	char target[64];
	int r;

	fw_str_set(&rec->comment, NULL);
	fw_str_set(&rec->reason, NULL);
	snprintf(rec->applicant, sizeof(rec->applicant), "%s", im->c->who.name);
	rec->approver[0] = '\0';
	rec->approved_at = rec->decided_at = 0;
	r = mg_record_request(&mg_device_kind, &im->t, rec, im->c->now, err);
	if (r < 0)
		return r;
	snprintf(target, sizeof(target), "device %u r%u", rec->number, rec->revision);
	return mg_h_audit(
		im->c, &im->t, target, NULL, mg_record_to_json(&mg_device_kind, rec), err);
}

/* -errno with err: the line's fault. */
static int take(struct import *im, struct mg_device_line *l, struct sk_err *err)
{
	struct mg_device *before = (struct mg_device *)mg_record_new(&mg_device_kind);
	_cleanup_(sk_freep) char *purpose = NULL;
	bool same;
	int r = before ? find_number(im, l, err) : sk_err_nomem(err);

	if (r == 0 && l->number)
		r = mg_record_get(&mg_device_kind, im->t.s, l->number, &im->x->rec, err);
	if (r == 0)
		r = check_applicant(im, l, err);
	if (r == 0)
		r = merge(im, l, before, err);
	if (r == 0 && im->x->rec.purpose && !(purpose = strdup(im->x->rec.purpose)))
		r = sk_err_nomem(err);
	if (r == 0 && l->has_purpose && l->purpose &&
		fw_str_set(&im->x->rec.purpose, l->purpose) < 0)
		r = sk_err_nomem(err);
	if (r < 0)
		goto out;
	same = l->number && mg_device_same(&before->info, &im->x->info) &&
		before->rec.expiry == im->x->rec.expiry && sk_streq(purpose, im->x->rec.purpose);
	im->x->rec.intent = l->number ? MG_MODIFY : MG_NEW;
	if (!same)
		r = request(im, l, err);
	if (r < 0)
		goto out;
	im->count[same ? R_UNCHANGED : l->number ? R_CHANGED : R_NEW]++;
	if (same || !l->number)
		r = row(im, l, same ? R_UNCHANGED : R_NEW, json_object());
	else
		r = show_changes(im, l, before, purpose ? purpose : "");
	if (r < 0)
		sk_err_nomem(err);
out:
	mg_record_free(&mg_device_kind, before ? &before->rec : NULL);
	return r;
}

static int take_all(struct import *im, struct mg_device_lines *lines, struct sk_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < lines->n; i++) {
		struct mg_device_line *l = &lines->v[i];

		if (!l->err.code && take(im, l, &l->err) == -ENOMEM)
			return sk_err_nomem(err);
		mg_record_done(&mg_device_kind, &im->x->rec);
		if (l->err.code)
			r = row_error(im, l, &l->err);
	}
	return r < 0 ? sk_err_nomem(err) : 0;
}

static int finish(struct import *im, bool apply, struct sk_err *err)
{
	int r = 0;

	if (apply && !im->count[R_ERROR] && im->count[R_NEW] + im->count[R_CHANGED])
		r = mg_h_commit(im->c, &im->t, "import", NULL,
			json_pack("{s:I, s:I, s:I}", "new", (json_int_t)im->count[R_NEW], "changed",
				(json_int_t)im->count[R_CHANGED], "unchanged",
				(json_int_t)im->count[R_UNCHANGED]),
			err);
	mg_txn_abort(&im->t);
	for (size_t i = 0; r == 0 && i < json_array_size(im->rows); i++)
		r = mg_reply_row(im->c, json_incref(json_array_get(im->rows, i)));
	if (r == 0)
		mg_reply_note(im->c, "new %zu, changed %zu, unchanged %zu, errors %zu",
			"新規 %zu 件、変更 %zu 件、変更なし %zu 件、エラー %zu 件",
			im->count[R_NEW], im->count[R_CHANGED], im->count[R_UNCHANGED],
			im->count[R_ERROR]);
	if (r == 0 && im->count[R_ERROR])
		return sk_err_set(err, -EINVAL, "data",
			"%zu lines are faulty: nothing was requested",
			"%zu 行に誤りがあります。何も申請していません", im->count[R_ERROR]);
	if (r == 0 && !apply)
		mg_reply_note(im->c, "nothing was changed; with --apply these become requests",
			"確認のみで、何も変更していません。--apply を付けると申請します");
	return r;
}

int mg_h_device_import(struct mg_call *c, struct sk_err *err)
{
	struct import im = {.c = c,
		.x = (struct mg_device *)mg_record_new(&mg_device_kind),
		.rows = json_array(),
		.max_days = (int)mg_setting_int(mg_h_store(c), "rule.expiry_days_max")};
	struct mg_device_lines lines = {0};
	const void *data;
	size_t len;
	int r = mg_arg_file(c, "data", &data, &len, NULL, err);

	if (r == 0 && (!im.x || !im.rows))
		r = sk_err_nomem(err);
	if (r == 0)
		r = mg_device_csv_read(data, len, &lines, err);
	if (r == 0)
		r = mg_txn_begin(&im.t, mg_h_store(c), err);
	if (r == 0)
		r = take_all(&im, &lines, err);
	if (r == 0)
		r = finish(&im, mg_arg_flag(c, "apply"), err);
	mg_txn_abort(&im.t);
	mg_device_lines_done(&lines);
	mg_record_free(&mg_device_kind, im.x ? &im.x->rec : NULL);
	json_decref(im.rows);
	return r;
}

/* ---- device.export ----------------------------------------------------------------------------
 */
struct export
{
	struct mg_call *c;
	struct sk_buf b;
	const char *state;
};

static int export_one(const struct mg_record *x, void *arg)
{
	const struct mg_device *dev = (const struct mg_device *)x;
	struct export *e = arg;
	json_t *v = mg_h_device_row(e->c, x);
	const char *state = json_string_value(json_object_get(v, "state"));
	const struct sk_text *word = state ? mg_value_text("state", state) : NULL;
	const struct mg_device_csv_row line = {.number = x->number,
		.info = &dev->info,
		.purpose = x->purpose,
		.applicant = x->applicant,
		.approver = x->approver,
		.state = word ? sk_text(word, e->c->lang) : state,
		.registered = x->registered,
		.expiry = x->expiry};

	if (v && mg_h_device_state_is(v, e->state))
		mg_device_csv_put(&e->b, &line);
	json_decref(v);
	return sk_buf_error(&e->b);
}

int mg_h_device_export(struct mg_call *c, struct sk_err *err)
{
	struct export e = {.c = c, .state = mg_arg_str(c, "state")};
	const struct mg_record_filter f = {
		.state = sk_streq(e.state, "expiring") ? "active" : e.state,
		.all = mg_arg_flag(c, "all"),
		.fn = export_one,
		.arg = &e};
	int r;

	sk_buf_init(&e.b, 256u << 20);
	sk_buf_puts(&e.b, "\xef\xbb\xbf");
	mg_device_csv_header(&e.b, c->lang);
	r = mg_record_each(&mg_device_kind, mg_h_store(c), &f, err);
	if (r == 0)
		r = sk_buf_error(&e.b) ? sk_err_nomem(err) : mg_reply_text(c, sk_buf_str(&e.b));
	sk_buf_done(&e.b);
	return r;
}
