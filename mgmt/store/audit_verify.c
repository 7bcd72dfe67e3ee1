/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading the audit chain: listing for people, and verification against the key and the anchor. */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "mgmt/store/audit.h"
#include "mgmt/store/db.h"

static const struct {
	const char *name;
	struct sk_text text;
} faults[MG_AUDIT_FAULTS] = {
	[MG_AUDIT_EDITED] = {"edited",
		{"the row was edited or put in", "行が書き換えられたか、挿入されています"}},
	[MG_AUDIT_MISSING] = {"missing", {"rows are missing", "行が失われています"}},
	[MG_AUDIT_CUT] = {"cut", {"the end of the log is missing", "記録の末尾が失われています"}},
	[MG_AUDIT_BEYOND] = {"beyond",
		{"the log goes further than its anchor: the anchor is old, or "
		 "rows were added",
			"起点情報より先の行があります。起点情報が古いか、行が追加されています"}},
	[MG_AUDIT_ANCHOR] = {"anchor",
		{"the anchor was missing or damaged",
			"起点情報が失われているか、破損していました"}},
};

const struct sk_text *mg_audit_fault_text(enum mg_audit_fault f)
{
	return &faults[f].text;
}

const char *mg_audit_fault_name(enum mg_audit_fault f)
{
	return faults[f].name;
}

/* ---- listing ------------------------------------------------------------------------------------
 */

static int row_json(struct mg_store *s, sqlite3_stmt *st, json_t **ret, struct sk_err *err)
{
	json_t *before = NULL, *after = NULL, *v;
	int r = mg_col_json(st, 7, &before, err);

	if (r == 0)
		r = mg_col_json(st, 8, &after, err);
	if (r == -EUCLEAN) { /* edited beyond reading: verification will say so, the list goes on */
		json_decref(before);
		before = json_string("?");
		after = json_string("?");
	}
	v = json_pack("{sI sI ss sI sI ss ss so* so* ss}", "seq",
		(json_int_t)sqlite3_column_int64(st, 0), "time",
		(json_int_t)sqlite3_column_int64(st, 1), "account", mg_col_str(st, 2), "uid",
		(json_int_t)sqlite3_column_int64(st, 3), "pid",
		(json_int_t)sqlite3_column_int64(st, 4), "op", mg_col_str(st, 5), "target",
		mg_col_str(st, 6), "before", before, "after", after, "result", mg_col_str(st, 9));
	if (v == NULL)
		return sk_err_nomem(err);
	*ret = v;
	return 0;
}

int mg_audit_each(struct mg_store *s, const struct mg_audit_filter *f,
	int (*fn)(const json_t *row, void *arg), void *arg, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err,
		"SELECT * FROM (SELECT seq, time, account, uid, pid, op, target, before, after, "
		"result"
		" FROM audit WHERE time >= ?1 AND (?2 = 0 OR time < ?2)"
		" AND (?3 IS NULL OR account = ?3)"
		" AND (?4 IS NULL OR target = ?4 OR substr(target, 1, length(?4) + 1) = ?4 || ' ')"
		" ORDER BY seq DESC LIMIT ?5) ORDER BY seq",
		MG_I(f->from), MG_I(f->to), MG_S(f->account), MG_S(f->target),
		MG_I(f->limit > 0 ? f->limit : 1000));

	while (r >= 0 && (r = mg_db_step(s, st, err)) > 0) {
		json_t *row = NULL;

		r = row_json(s, st, &row, err);
		if (r < 0)
			break;
		r = fn(row, arg);
		json_decref(row);
		if (r)
			break;
	}
	return r;
}

/* ---- verification -------------------------------------------------------------------------------
 */

struct walk {
	struct mg_audit_report *rep;
	struct mg_chain prev; /* the last row seen, with its stored MAC */
	bool gap;             /* rows are missing before the next one */
	struct mg_chain anchor;
	int anchor_state;
	bool beyond; /* rows after the anchor belong to more than one commit */
	bool forked; /* the row the anchor names has another MAC */
};

static int found(struct mg_audit_report *rep, enum mg_audit_fault f, int64_t first, int64_t last)
{
	struct mg_audit_finding *prev = rep->n ? &rep->v[rep->n - 1] : NULL;

	if (prev && prev->fault == f && prev->last + 1 == first) {
		prev->last = last;
		return 0;
	}
	if (sk_grow(&rep->v, &rep->cap, rep->n + 1, sizeof(rep->v[0])) < 0)
		return -ENOMEM;
	rep->v[rep->n++] = (struct mg_audit_finding){.fault = f, .first = first, .last = last};
	return 0;
}

static int check_row(struct mg_store *s, struct walk *w, sqlite3_stmt *st)
{
	const struct mg_audit_row row = {.seq = sqlite3_column_int64(st, 0),
		.first = sqlite3_column_int64(st, 1),
		.time = sqlite3_column_int64(st, 2),
		.account = mg_col_str(st, 3),
		.uid = sqlite3_column_int64(st, 4),
		.pid = sqlite3_column_int64(st, 5),
		.op = mg_col_str(st, 6),
		.target = mg_col_str(st, 7),
		.before = mg_col_str(st, 8),
		.after = mg_col_str(st, 9),
		.result = mg_col_str(st, 10)};
	struct mg_chain have = {.seq = row.seq};
	uint8_t want[MG_MAC_LEN];
	bool good = sqlite3_column_bytes(st, 11) == MG_MAC_LEN;
	int r = 0;

	if (good)
		memcpy(have.mac, sqlite3_column_blob(st, 11), MG_MAC_LEN);
	w->gap = row.seq != w->prev.seq + 1;
	if (w->gap)
		r = found(w->rep, MG_AUDIT_MISSING, w->prev.seq + 1, row.seq - 1);
	/* After a gap the predecessor's MAC is known only if the anchor kept it. */
	if (w->gap && w->anchor_state == MG_ANCHOR_OK && w->anchor.seq == row.seq - 1) {
		w->prev = w->anchor;
		w->gap = false;
	}
	if (good && !w->gap) {
		/* Text that is no UTF-8 any more has no canonical form: edited, too. */
		good = mg_audit_mac(s, &row, w->prev.mac, want) == 0 &&
			sodium_memcmp(want, have.mac, MG_MAC_LEN) == 0;
	}
	if (r == 0 && !good)
		r = found(w->rep, MG_AUDIT_EDITED, row.seq, row.seq);
	if (row.op && sk_streq(row.op, "audit.anchor") && r == 0)
		r = found(w->rep, MG_AUDIT_ANCHOR, row.seq, row.seq);
	if (w->anchor_state == MG_ANCHOR_OK && row.seq == w->anchor.seq)
		w->forked = sodium_memcmp(have.mac, w->anchor.mac, MG_MAC_LEN) != 0;
	if (row.seq > w->anchor.seq && row.first != w->anchor.seq + 1)
		w->beyond = true;
	w->prev = have;
	w->rep->rows++;
	return r;
}

static int check_end(struct walk *w)
{
	struct mg_audit_report *rep = w->rep;
	int r = 0;

	if (w->anchor_state == MG_ANCHOR_BAD || (w->anchor_state == MG_ANCHOR_NONE && w->beyond))
		return found(rep, MG_AUDIT_ANCHOR, 0, 0);
	if (w->anchor.seq > w->prev.seq)
		return found(rep, MG_AUDIT_CUT, w->prev.seq + 1, w->anchor.seq);
	if (w->forked)
		r = found(rep, MG_AUDIT_EDITED, w->anchor.seq, w->anchor.seq);
	if (r == 0 && w->beyond)
		r = found(rep, MG_AUDIT_BEYOND, w->anchor.seq + 1, w->prev.seq);
	return r;
}

/*
 * Rows and anchor of the same moment, although the daemon may be writing: the anchor is read before
 * and after the snapshot begins, again if it moved. 1: the first row is there, 0: there is none.
 */
static int snapshot(struct mg_store *s, struct walk *w, sqlite3_stmt **ret, struct sk_err *err)
{
	struct mg_chain again;
	int r, state;

	for (int tries = 0;; tries++) {
		w->anchor = again = (struct mg_chain){0};
		w->anchor_state = mg_audit_anchor_read(s, &w->anchor);
		r = mg_db_query(s, ret, err,
			"SELECT seq, first, time, account, uid, pid, op, target, before, after, "
			"result,"
			" mac FROM audit ORDER BY seq");
		if (r == 0)
			r = mg_db_step(s, *ret, err);
		state = mg_audit_anchor_read(s, &again);
		if (r < 0 || tries >= 100 ||
			(state == w->anchor_state && again.seq == w->anchor.seq))
			return r;
		mg_stmtp(ret);
	}
}

int mg_audit_verify(struct mg_store *s, struct mg_audit_report *ret, struct sk_err *err)
{
	struct mg_audit_report rep = {0};
	struct walk w = {.rep = &rep};
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = snapshot(s, &w, &st, err);

	while (r > 0) {
		r = check_row(s, &w, st);
		if (r == 0)
			r = mg_db_step(s, st, err);
	}
	if (r == 0)
		r = check_end(&w);
	if (r < 0) {
		mg_audit_report_done(&rep);
		return r == -ENOMEM ? sk_err_nomem(err) : r;
	}
	rep.last_seq = w.prev.seq;
	rep.anchor_seq = w.anchor_state == MG_ANCHOR_OK ? w.anchor.seq : 0;
	sk_hex(rep.head, w.prev.mac, MG_MAC_LEN);
	*ret = rep;
	return 0;
}

void mg_audit_report_done(struct mg_audit_report *r)
{
	free(r->v);
	*r = (struct mg_audit_report){0};
}
