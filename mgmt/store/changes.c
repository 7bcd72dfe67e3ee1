/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of objects, zones and settings: reading, requesting, approving. */
#include <errno.h>
#include <string.h>

#include "mgmt/store/changes_db.h"
#include "mgmt/store/db.h"
#include "mgmt/store/rules_db.h"

#define COLS                                                                                       \
	"number, kind, name, value, before, base, state, initial, applicant, approver, purpose,"   \
	" comment, requested_at, decided_at, active_at, decided_by"
#define IN_VIEW                                                                                    \
	"(state = 'active' OR (?1 >= 1 AND state = 'approved')"                                    \
	" OR (?1 >= 2 AND state = 'requested') OR number = ?2)"

static const struct {
	const char *name;
	struct sk_text text;
} kinds[MG_CH_KINDS] = {
	[MG_CH_ADDRESS] = {"address", {"address object", "アドレスオブジェクト"}},
	[MG_CH_SERVICE] = {"service", {"service object", "サービスオブジェクト"}},
	[MG_CH_ZONE] = {"zone", {"zone", "ゾーン"}},
	[MG_CH_SETTING] = {"setting", {"setting", "設定"}},
	[MG_CH_ACCOUNT] = {"account", {"account", "アカウント"}},
};

const char *mg_change_kind_name(enum mg_change_kind k)
{
	return kinds[k].name;
}

const struct sk_text *mg_change_kind_text(enum mg_change_kind k)
{
	return &kinds[k].text;
}

void mg_change_done(struct mg_change *c)
{
	if (c == NULL)
		return;
	json_decref(c->value);
	json_decref(c->before);
	free(c->purpose);
	free(c->comment);
	*c = (struct mg_change){0};
}

json_t *mg_change_to_json(const struct mg_change *c)
{
	json_t *v = json_pack("{sI ss ss ss ss ss? ss? ss? sI}", "number", (json_int_t)c->number,
		"kind", kinds[c->kind].name, "name", c->name, "state",
		mg_change_state_name(c->state), "applicant", c->applicant, "purpose", c->purpose,
		"comment", c->comment, "approver", c->approver[0] ? c->approver : NULL,
		"requested_at", (json_int_t)c->requested_at);

	if (v == NULL)
		return NULL;
	json_object_set_new(v, "before", c->before ? json_incref(c->before) : json_null());
	json_object_set_new(v, "value", c->value ? json_incref(c->value) : json_null());
	if (c->decided_at)
		json_object_set_new(v, "decided_at", json_integer(c->decided_at));
	if (c->active_at)
		json_object_set_new(v, "active_at", json_integer(c->active_at));
	return v;
}

/* ---- reading ------------------------------------------------------------------------------------
 */

static int read_change(sqlite3_stmt *st, struct mg_change *c, struct sk_err *err)
{
	int r;

	*c = (struct mg_change){.number = (uint32_t)sqlite3_column_int64(st, 0),
		.base = (uint32_t)sqlite3_column_int64(st, 5),
		.initial = sqlite3_column_int(st, 7) != 0,
		.requested_at = sqlite3_column_int64(st, 12),
		.decided_at = sqlite3_column_int64(st, 13),
		.active_at = sqlite3_column_int64(st, 14)};
	for (size_t i = 0; i < MG_CH_KINDS; i++)
		if (sk_streq(kinds[i].name, mg_col_str(st, 1)))
			c->kind = (enum mg_change_kind)i;
	mg_col_copy(st, 2, c->name, sizeof(c->name));
	mg_col_copy(st, 8, c->applicant, sizeof(c->applicant));
	/* Whoever returned it decided, too. */
	mg_col_copy(st, mg_col_str(st, 9) ? 9 : 15, c->approver, sizeof(c->approver));
	r = mg_change_state_parse(mg_col_str(st, 6), &c->state);
	if (r == 0)
		r = mg_col_json(st, 3, &c->value, err);
	if (r == 0)
		r = mg_col_json(st, 4, &c->before, err);
	if (r == 0)
		r = fw_str_set(&c->purpose, mg_col_str(st, 10));
	if (r == 0)
		r = fw_str_set(&c->comment, mg_col_str(st, 11));
	if (r < 0)
		mg_change_done(c);
	return r == -ENOMEM ? sk_err_nomem(err) : r;
}

int mg_change_get(struct mg_store *s, uint32_t number, struct mg_change *ret, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(
		s, &st, err, "SELECT " COLS " FROM change WHERE number = ?1", MG_I(number));

	if (r == 0)
		r = mg_db_step(s, st, err);
	if (r == 0)
		return sk_err_set(err, -ENOENT, "number", "there is no change %u",
			"変更 %u はありません", number);
	return r < 0 ? r : read_change(st, ret, err);
}

int mg_change_each(struct mg_store *s, const struct mg_change_filter *f,
	int (*fn)(const struct mg_change *c, void *arg), void *arg, struct sk_err *err)
{
	const char *state = f->state < MG_CHANGE_STATES ? mg_change_state_name(f->state) : NULL;
	const char *kind = f->kind < MG_CH_KINDS ? kinds[f->kind].name : NULL;
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err,
		"SELECT " COLS " FROM change WHERE (?1 IS NULL OR state = ?1)"
		" AND (?2 IS NULL OR kind = ?2) AND (?3 IS NULL OR name = ?3) ORDER BY number",
		MG_S(state), MG_S(kind), MG_S(f->name));

	while (r >= 0 && (r = mg_db_step(s, st, err)) > 0) {
		struct mg_change c;

		r = read_change(st, &c, err);
		if (r == 0) {
			r = fn(&c, arg);
			mg_change_done(&c);
		}
		if (r)
			break;
	}
	return r;
}

int mg_target_get(struct mg_store *s, enum mg_view view, enum mg_change_kind kind, const char *name,
	json_t **ret, uint32_t *ret_change, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	json_t *v = NULL;
	int r = mg_db_query(s, &st, err,
		"SELECT number, value FROM change WHERE " IN_VIEW
		" AND kind = ?3 AND name = ?4 ORDER BY number DESC LIMIT 1",
		MG_I(view), MG_I(0), MG_S(kinds[kind].name), MG_S(name));

	if (r == 0)
		r = mg_db_step(s, st, err);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	r = mg_col_json(st, 1, &v, err);
	if (r == 0 && ret_change)
		*ret_change = (uint32_t)sqlite3_column_int64(st, 0);
	if (r == 0 && v == NULL)
		return -ENOENT;
	if (r == 0)
		*ret = v;
	return r;
}

int mg_target_each_with(struct mg_store *s, enum mg_view view, uint32_t extra,
	enum mg_change_kind kind,
	int (*fn)(const char *name, const json_t *value, uint32_t change, void *arg), void *arg,
	struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err,
		"SELECT name, value, max(number) FROM change WHERE " IN_VIEW
		" AND kind = ?3 GROUP BY name ORDER BY name",
		MG_I(view), MG_I(extra), MG_S(kinds[kind].name));

	while (r >= 0 && (r = mg_db_step(s, st, err)) > 0) {
		json_t *v = NULL;

		r = mg_col_json(st, 1, &v, err);
		if (r == 0 && v)
			r = fn(mg_col_str(st, 0), v, (uint32_t)sqlite3_column_int64(st, 2), arg);
		json_decref(v);
		if (r)
			break;
	}
	return r;
}

int mg_target_each(struct mg_store *s, enum mg_view view, enum mg_change_kind kind,
	int (*fn)(const char *name, const json_t *value, uint32_t change, void *arg), void *arg,
	struct sk_err *err)
{
	return mg_target_each_with(s, view, 0, kind, fn, arg, err);
}

/* ---- requesting ---------------------------------------------------------------------------------
 */

/*
 * Does everything still fit together with this change (stored already) beside what is approved? If
 * not, maybe together with the other requests, which are then to be approved first.
 */
static int check_whole(struct mg_store *s, const struct mg_change *c, int64_t now, bool requested,
	struct sk_err *err)
{
	struct sk_err second = {0};
	int r;

	if (c->kind == MG_CH_SETTING || c->kind == MG_CH_ACCOUNT)
		return 0;
	r = mg_store_check(s, MG_VIEW_APPROVED, c->number, now, err);
	if (r < 0 && requested &&
		mg_store_check(s, MG_VIEW_REQUESTED, c->number, now, &second) == 0)
		return 0;
	return r;
}

static int check_value(struct mg_change *c, struct sk_err *err)
{
	char text[1024];
	int r = 0;

	if (c->kind == MG_CH_SETTING) {
		r = mg_setting_check(
			c->name, json_string_value(c->value) ?: "", text, sizeof(text), err);
		if (r == 0) {
			json_decref(c->value);
			c->value = json_string(text);
		}
	} else if (c->kind == MG_CH_ZONE && !fw_zone_name_valid(c->name)) {
		r = sk_err_set(err, -EINVAL, "name",
			"a zone's name begins with a-z and has a-z, 0-9 and '_', at most %d "
			"characters",
			"ゾーン名は英小文字で始まり、英小文字・数字・「_」のみ、%d 文字以内です",
			FW_ZONE_NAME_MAX);
	} else if (c->kind != MG_CH_ZONE && c->kind != MG_CH_ACCOUNT &&
		!fw_object_name_valid(c->name)) {
		r = sk_err_set(err, -EINVAL, "name",
			"not a name for an object: it begins with a letter, has no blank , : / @ "
			"\" and at "
			"most 63 bytes",
			"オブジェクト名に使用できません: 文字で始まり、空白と , : / @ \" "
			"を含まず、63 バイト以内です");
	}
	if (r == 0)
		r = mg_wf_text("purpose", c->purpose ? c->purpose : "", 1000, true, err);
	if (r == 0)
		r = mg_wf_reason("purpose", c->purpose, err);
	return r;
}

static int store_change(struct mg_txn *t, struct mg_change *c, int64_t now, struct sk_err *err)
{
	_cleanup_(sk_freep) char *value = mg_json_text(c->value);
	_cleanup_(sk_freep) char *before = mg_json_text(c->before);
	int r;

	if ((c->value && !value) || (c->before && !before))
		return sk_err_nomem(err);
	c->state = c->initial ? MG_CHS_ACTIVE : MG_CHS_REQUESTED;
	c->requested_at = now;
	c->active_at = c->initial ? now : 0;
	r = mg_db_run(t->s, err,
		"INSERT INTO change(kind, name, value, before, base, state, initial, applicant, "
		"purpose,"
		" requested_at, active_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
		MG_S(kinds[c->kind].name), MG_S(c->name), MG_S(value), MG_S(before), MG_I(c->base),
		MG_S(mg_change_state_name(c->state)), MG_I(c->initial), MG_S(c->applicant),
		MG_S(c->purpose), MG_I(now), MG_T(c->active_at));
	if (r == 0)
		c->number = (uint32_t)sqlite3_last_insert_rowid(t->s->db);
	return r;
}

int mg_change_request(struct mg_txn *t, struct mg_change *c, int64_t now, struct sk_err *err)
{
	int r = check_value(c, err);

	mg_txn_assert(t);
	if (r < 0)
		return r;
	r = c->kind == MG_CH_ACCOUNT ? mg_account_change_check(t, c, err)
				     : mg_target_get(t->s, MG_VIEW_APPROVED, c->kind, c->name,
					       &c->before, &c->base, err);
	if (r == -ENOENT && c->value == NULL)
		return sk_err_set(
			err, -ENOENT, "name", "there is no %s", "%s はありません", c->name);
	if (r == 0 && json_equal(c->before, c->value))
		return sk_err_set(
			err, -EEXIST, "value", "%s is so already", "%s は既にその値です", c->name);
	if (r == -ENOENT)
		r = 0;
	if (r == 0)
		r = store_change(t, c, now, err);
	if (r == 0 && c->initial)
		return mg_change_activate(t, c->number, now, err);
	return r < 0 ? r : check_whole(t->s, c, now, true, err);
}

/* ---- deciding -----------------------------------------------------------------------------------
 */

static int check_base(struct mg_store *s, const struct mg_change *c, struct sk_err *err)
{
	json_t *v = NULL;
	uint32_t newest = 0;
	int r = mg_target_get(s, MG_VIEW_APPROVED, c->kind, c->name, &v, &newest, err);

	json_decref(v);
	if (r < 0 && r != -ENOENT)
		return r;
	if (newest == c->base)
		return 0;
	return sk_err_set(err, -ESTALE, "number",
		"%s was changed since this was requested (change %u): return it, to be requested "
		"anew",
		"%s は申請後に変更されています (変更 %u)。差し戻して、再申請を依頼してください",
		c->name, newest);
}

/* Old values give way to the one in force. */
int mg_change_activate(struct mg_txn *t, uint32_t number, int64_t now, struct sk_err *err)
{
	int r = mg_db_run(t->s, err,
		"UPDATE change SET state = 'superseded' WHERE state IN ('active', 'approved')"
		" AND number < ?1 AND (kind, name) = (SELECT kind, name FROM change WHERE number = "
		"?1)",
		MG_I(number));

	if (r == 0)
		r = mg_db_run(t->s, err,
			"UPDATE change SET state = 'active', active_at = ?2 WHERE number = ?1"
			" AND state = 'approved'",
			MG_I(number), MG_I(now));
	return r;
}

static int decide(struct mg_txn *t, const struct mg_change *c, const struct mg_actor *a,
	enum mg_change_event ev, struct sk_err *err)
{
	enum mg_change_state to;
	int r = mg_change_next(c->state, ev, &to, err);

	if (r == 0)
		r = mg_store_decider(t, c->applicant, a, err);
	if (r == 0)
		r = mg_db_run(t->s, err,
			"UPDATE change SET state = ?2, approver = ?3, decided_by = ?4, decided_at "
			"= ?5,"
			" comment = ?6 WHERE number = ?1",
			MG_I(c->number), MG_S(mg_change_state_name(to)),
			MG_S(ev == MG_CHE_APPROVE ? a->who.name : NULL), MG_S(a->who.name),
			MG_I(a->now), MG_S(a->text));
	return r;
}

int mg_change_approve(struct mg_txn *t, uint32_t number, const struct mg_actor *a,
	struct mg_change *ret, struct sk_err *err)
{
	const struct mg_setting_def *def;
	struct mg_change c;
	int r = mg_change_get(t->s, number, &c, err);

	mg_txn_assert(t);
	if (r < 0)
		return r;
	if (c.state == MG_CHS_REQUESTED && c.kind != MG_CH_ACCOUNT)
		r = check_base(t->s, &c, err);
	if (r == 0)
		r = decide(t, &c, a, MG_CHE_APPROVE, err);
	if (r == 0)
		r = check_whole(t->s, &c, a->now, false, err);
	if (r == 0 && c.kind == MG_CH_ACCOUNT)
		r = mg_account_change_enact(t, &c, a, err);
	def = c.kind == MG_CH_SETTING ? mg_setting_find(c.name) : NULL;
	if (r == 0 && (c.kind == MG_CH_ACCOUNT || (def && !def->policy)))
		r = mg_change_activate(t, number, a->now, err);
	mg_change_done(&c);
	return r < 0 || ret == NULL ? r : mg_change_get(t->s, number, ret, err);
}

int mg_change_return(struct mg_txn *t, uint32_t number, const struct mg_actor *a,
	struct mg_change *ret, struct sk_err *err)
{
	struct mg_change c;
	int r = mg_wf_reason("reason", a->text, err);

	mg_txn_assert(t);
	if (r == 0)
		r = mg_change_get(t->s, number, &c, err);
	if (r < 0)
		return r;
	r = decide(t, &c, a, MG_CHE_RETURN, err);
	mg_change_done(&c);
	return r < 0 || ret == NULL ? r : mg_change_get(t->s, number, ret, err);
}
