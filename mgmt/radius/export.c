// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The export's writer. A whole view is compared with what is there, row by row, and only what
 * differs is written; either way a change is one transaction.
 */
#include "mgmt/radius/export.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/util.h"
#include "mgmt/radius/check.h"
#include "mgmt/radius/db.h"
#include "mgmt/radius/mac.h"
#include "mgmt/radius/schema.h"

struct mg_radius_export {
	sqlite3 *db;
};

int mg_radius_export_open(struct mg_radius_export **ret, const char *path, struct sk_err *err)
{
	struct mg_radius_export *x = calloc(1, sizeof(*x));
	int r = x ? mg_radius_db_open(&x->db, path, MG_RADIUS_VERSION, MG_RADIUS_SCHEMA, err)
		  : sk_err_nomem(err);

	if (r < 0) {
		free(x);
		return r;
	}
	*ret = x;
	return 0;
}

void mg_radius_export_close(struct mg_radius_export *x)
{
	if (!x)
		return;
	mg_radius_db_close(x->db);
	free(x);
}

/* ---- one device -------------------------------------------------------------------------------
 */
static const char *state_name(enum mg_radius_state s)
{
	static const char *const names[] = {"active", "quarantined", "revoked"};

	return names[s];
}

/* Its row and lists as one text, the same for the same device: "is there a difference" in SQL. */
static const char same[] =
	"SELECT EXISTS(SELECT 1 FROM device WHERE number=?1 AND name=?2 AND state=?3 AND methods=?4"
	" AND vlan=?5 AND expires=?6)"
	" AND ?7=(SELECT coalesce(group_concat(mac), '') FROM"
	" (SELECT mac FROM mac WHERE number=?1 ORDER BY mac))"
	" AND ?8=(SELECT coalesce(group_concat(name), '') FROM"
	" (SELECT name FROM identity WHERE number=?1 ORDER BY name))";

static int is_same(struct mg_radius_export *x, const struct mg_radius_device *d,
	const struct mg_radius_keys *k, struct sk_err *err)
{
	_cleanup_(mg_radius_stmtp) sqlite3_stmt *st = NULL;
	struct sk_buf macs, names;
	int r;

	sk_buf_init(&macs, 4096);
	sk_buf_init(&names, 16384);
	for (size_t i = 0; i < k->n_macs; i++)
		sk_buf_printf(&macs, "%s%s", i ? "," : "", k->macs[i]);
	for (size_t i = 0; i < k->n_names; i++)
		sk_buf_printf(&names, "%s%s", i ? "," : "", k->names[i]);
	r = sk_buf_error(&macs) || sk_buf_error(&names)
		? sk_err_nomem(err)
		: mg_radius_db_query(x->db, &st, same,
			  MG_RARGS(MG_RI(d->number), MG_RT(d->name), MG_RT(state_name(d->state)),
				  MG_RI(d->methods), MG_RT(d->vlan ? d->vlan : ""),
				  MG_RI(d->expires), MG_RT(sk_buf_str(&macs)),
				  MG_RT(sk_buf_str(&names))),
			  err);
	if (r == 0)
		r = mg_radius_db_step(x->db, st, err);
	if (r > 0)
		r = sqlite3_column_int(st, 0);
	sk_buf_done(&macs);
	sk_buf_done(&names);
	return r;
}

/* Another device's MAC or identity is told apart from every other failure. */
static int taken(struct mg_radius_export *x, const char *sql, const char *key, const char *path,
	struct sk_err *err)
{
	_cleanup_(mg_radius_stmtp) sqlite3_stmt *st = NULL;
	long long number = 0;

	if (mg_radius_db_query(x->db, &st, sql, MG_RARGS(MG_RT(key)), NULL) == 0 &&
		mg_radius_db_step(x->db, st, NULL) > 0)
		number = sqlite3_column_int64(st, 0);
	return sk_err_set(err, -EEXIST, path, "belongs to device %lld already",
		"既に端末 %lld が使用しています", number);
}

static int put_list(struct mg_radius_export *x, int64_t number, const struct mg_radius_keys *k,
	struct sk_err *err)
{
	char path[48];
	int r = 0;

	for (size_t i = 0; r >= 0 && i < k->n_macs; i++) {
		r = mg_radius_db_run(x->db, "INSERT INTO mac VALUES(?1,?2)",
			MG_RARGS(MG_RT(k->macs[i]), MG_RI(number)), err);
		snprintf(path, sizeof(path), "macs[%zu]", k->mac_at[i]);
		if (r == -EEXIST)
			r = taken(x, "SELECT number FROM mac WHERE mac=?1", k->macs[i], path, err);
	}
	for (size_t i = 0; r >= 0 && i < k->n_names; i++) {
		r = mg_radius_db_run(x->db, "INSERT INTO identity VALUES(?1,?2)",
			MG_RARGS(MG_RT(k->names[i]), MG_RI(number)), err);
		snprintf(path, sizeof(path), "identities[%zu]", k->name_at[i]);
		if (r == -EEXIST)
			r = taken(x, "SELECT number FROM identity WHERE name=?1", k->names[i], path,
				err);
	}
	return r < 0 ? r : 0;
}

static int drop_device(struct mg_radius_export *x, int64_t number, struct sk_err *err)
{
	return mg_radius_db_run(
		x->db, "DELETE FROM device WHERE number=?1", MG_RARGS(MG_RI(number)), err);
}

/* Within a transaction. *ret_new: there was none of its number. 1: written, 0: was the same. */
static int put_device(struct mg_radius_export *x, const struct mg_radius_device *d, bool *ret_new,
	struct sk_err *err)
{
	struct mg_radius_keys k;
	int r = mg_radius_check_device(d, &k, err);

	if (r == 0)
		r = is_same(x, d, &k, err);
	if (r != 0)
		return r < 0 ? r : 0;
	r = drop_device(x, d->number, err);
	if (r < 0)
		return r;
	*ret_new = r == 0;
	r = mg_radius_db_run(x->db, "INSERT INTO device VALUES(?1,?2,?3,?4,?5,?6)",
		MG_RARGS(MG_RI(d->number), MG_RT(d->name), MG_RT(state_name(d->state)),
			MG_RI(d->methods), MG_RT(d->vlan ? d->vlan : ""), MG_RI(d->expires)),
		err);
	if (r >= 0)
		r = put_list(x, d->number, &k, err);
	return r < 0 ? r : 1;
}

int mg_radius_export_device(
	struct mg_radius_export *x, const struct mg_radius_device *d, struct sk_err *err)
{
	bool is_new = false;
	int r = mg_radius_db_exec(x->db, "BEGIN IMMEDIATE", err);

	if (r == 0)
		r = mg_radius_db_end(x->db, put_device(x, d, &is_new, err), err);
	return r;
}

int mg_radius_export_forget(struct mg_radius_export *x, int64_t number, struct sk_err *err)
{
	return drop_device(x, number, err);
}

int mg_radius_export_revoke(struct mg_radius_export *x, const char *serial, struct sk_err *err)
{
	char key[MG_RADIUS_SERIAL];
	int r = mg_radius_check_serial(serial, key, err);

	return r < 0 ? r
		     : mg_radius_db_run(x->db, "INSERT OR IGNORE INTO revoked VALUES(?1)",
			       MG_RARGS(MG_RT(key)), err);
}

/* ---- the whole --------------------------------------------------------------------------------
 */
/* Rows not marked in the table "keep" are gone. */
static const char keep_begin[] =
	"CREATE TEMP TABLE IF NOT EXISTS keep(key PRIMARY KEY) WITHOUT ROWID; DELETE FROM keep";

static int keep(
	struct mg_radius_export *x, struct mg_radius_arg key, const char *path, struct sk_err *err)
{
	int r = mg_radius_db_run(
		x->db, "INSERT INTO keep VALUES(?1)", (const struct mg_radius_arg[]){key}, 1, err);

	return r == -EEXIST ? sk_err_set(err, r, path, "is there twice", "重複しています") : r;
}

static int clear_lists(struct mg_radius_export *x, int64_t number, struct sk_err *err)
{
	int r = mg_radius_db_run(
		x->db, "DELETE FROM mac WHERE number=?1", MG_RARGS(MG_RI(number)), err);

	if (r >= 0)
		r = mg_radius_db_run(x->db, "DELETE FROM identity WHERE number=?1",
			MG_RARGS(MG_RI(number)), err);
	return r;
}

/*
 * Devices that leave go first, and so do the lists of those that change: a MAC may move from one
 * device to another within one view.
 */
static int all_devices(struct mg_radius_export *x, const struct mg_radius_view *v,
	struct mg_radius_tally *t, struct sk_err *err)
{
	int r = mg_radius_db_exec(x->db, keep_begin, err);

	for (size_t i = 0; r >= 0 && i < v->n_devices; i++) {
		struct mg_radius_keys k;

		r = mg_radius_check_device(&v->devices[i], &k, err);
		if (r == 0)
			r = keep(x, MG_RI(v->devices[i].number), "number", err);
		if (r >= 0)
			r = is_same(x, &v->devices[i], &k, err);
		if (r == 0)
			r = clear_lists(x, v->devices[i].number, err);
		if (r < 0)
			sk_err_prefix(err, "devices[%zu]", i);
	}
	if (r >= 0)
		r = mg_radius_db_run(x->db,
			"DELETE FROM device WHERE number NOT IN (SELECT key FROM keep)", NULL, 0,
			err);
	if (r > 0)
		t->removed += (size_t)r;
	for (size_t i = 0; r >= 0 && i < v->n_devices; i++) {
		bool is_new = false;

		r = put_device(x, &v->devices[i], &is_new, err);
		if (r > 0)
			*(is_new ? &t->added : &t->changed) += 1;
		if (r < 0)
			sk_err_prefix(err, "devices[%zu]", i);
	}
	return r;
}

static int put_switch(struct mg_radius_export *x, const struct mg_radius_switch *w,
	struct mg_radius_tally *t, struct sk_err *err)
{
	char address[INET6_ADDRSTRLEN];
	int r = mg_radius_check_switch(w, address, err);

	if (r == 0)
		r = keep(x, MG_RT(address), "address", err);
	if (r >= 0)
		r = mg_radius_db_run(x->db,
			"UPDATE switch SET name=?2, secret=?3, coa_port=?4 WHERE address=?1"
			" AND (name, secret, coa_port) IS NOT (?2, ?3, ?4)",
			MG_RARGS(MG_RT(address), MG_RT(w->name), MG_RT(w->secret),
				MG_RI(w->coa_port)),
			err);
	if (r > 0)
		t->changed++;
	if (r == 0)
		r = mg_radius_db_run(x->db, "INSERT OR IGNORE INTO switch VALUES(?1,?2,?3,?4)",
			MG_RARGS(MG_RT(address), MG_RT(w->name), MG_RT(w->secret),
				MG_RI(w->coa_port)),
			err);
	else if (r > 0)
		r = 0;
	if (r > 0)
		t->added++;
	return r < 0 ? r : 0;
}

static int all_switches(struct mg_radius_export *x, const struct mg_radius_view *v,
	struct mg_radius_tally *t, struct sk_err *err)
{
	int r = mg_radius_db_exec(x->db, keep_begin, err);

	/* The gateway's own probe and authenticator. */
	if (r == 0)
		r = keep(x, MG_RT("127.0.0.1"), "address", err);
	for (size_t i = 0; r >= 0 && i < v->n_switches; i++) {
		r = put_switch(x, &v->switches[i], t, err);
		if (r < 0)
			sk_err_prefix(err, "switches[%zu]", i);
	}
	if (r >= 0)
		r = mg_radius_db_run(x->db,
			"DELETE FROM switch WHERE address NOT IN (SELECT key FROM keep)", NULL, 0,
			err);
	if (r > 0)
		t->removed += (size_t)r;
	return r < 0 ? r : 0;
}

static int all_revoked(
	struct mg_radius_export *x, const struct mg_radius_view *v, struct sk_err *err)
{
	int r = mg_radius_db_exec(x->db, keep_begin, err);

	for (size_t i = 0; r >= 0 && i < v->n_revoked; i++) {
		char serial[MG_RADIUS_SERIAL];

		r = mg_radius_check_serial(v->revoked[i], serial, err);
		if (r == 0)
			r = mg_radius_db_run(x->db, "INSERT OR IGNORE INTO keep VALUES(?1)",
				MG_RARGS(MG_RT(serial)), err);
		if (r < 0)
			sk_err_prefix(err, "revoked[%zu]", i);
	}
	if (r >= 0)
		r = mg_radius_db_exec(x->db,
			"DELETE FROM revoked WHERE serial NOT IN (SELECT key FROM keep);"
			"INSERT OR IGNORE INTO revoked SELECT key FROM keep",
			err);
	return r < 0 ? r : 0;
}

static int put_settings(
	struct mg_radius_export *x, const struct mg_radius_settings *s, struct sk_err *err)
{
	int r = mg_radius_check_settings(s, err);

	if (r == 0)
		r = mg_radius_db_run(x->db,
			"UPDATE setting SET reauth=?1, quarantine_vlan=?2"
			" WHERE (reauth, quarantine_vlan) IS NOT (?1, ?2)",
			MG_RARGS(MG_RI(s->reauth),
				MG_RT(s->quarantine_vlan ? s->quarantine_vlan : "")),
			err);
	if (r < 0)
		sk_err_prefix(err, "settings");
	return r < 0 ? r : 0;
}

int mg_radius_export_all(struct mg_radius_export *x, const struct mg_radius_view *v,
	struct mg_radius_tally *ret, struct sk_err *err)
{
	struct mg_radius_tally t = {0};
	int r;

	if (v->n_devices > MG_RADIUS_DEVICES_MAX || v->n_switches > MG_RADIUS_SWITCHES_MAX)
		return sk_err_set(err, -E2BIG,
			v->n_devices > MG_RADIUS_DEVICES_MAX ? "devices" : "switches",
			"are too many", "数が多すぎます");
	r = mg_radius_db_exec(x->db, "BEGIN IMMEDIATE", err);
	if (r < 0)
		return r;
	r = all_devices(x, v, &t, err);
	if (r >= 0)
		r = all_switches(x, v, &t, err);
	if (r == 0)
		r = all_revoked(x, v, err);
	if (r == 0)
		r = put_settings(x, &v->settings, err);
	r = mg_radius_db_end(x->db, r, err);
	if (r == 0 && ret)
		*ret = t;
	return r < 0 ? r : 0;
}

/* ---- questions --------------------------------------------------------------------------------
 */
char *mg_radius_export_name(struct mg_radius_export *x, int64_t number, char *dst, size_t cap)
{
	_cleanup_(mg_radius_stmtp) sqlite3_stmt *st = NULL;

	dst[0] = '\0';
	if (mg_radius_db_query(x->db, &st, "SELECT name FROM device WHERE number=?1",
		    MG_RARGS(MG_RI(number)), NULL) == 0 &&
		mg_radius_db_step(x->db, st, NULL) > 0)
		mg_radius_db_copy(st, 0, dst, cap);
	return dst;
}

int64_t mg_radius_export_owner(struct mg_radius_export *x, const char *mac)
{
	_cleanup_(mg_radius_stmtp) sqlite3_stmt *st = NULL;
	int64_t number = 0;

	if (mg_radius_db_query(x->db, &st, "SELECT number FROM mac WHERE mac=?1",
		    MG_RARGS(MG_RT(mac)), NULL) == 0 &&
		mg_radius_db_step(x->db, st, NULL) > 0)
		number = sqlite3_column_int64(st, 0);
	return number;
}

int mg_radius_export_switch(
	struct mg_radius_export *x, const char *address, struct mg_radius_nas *ret)
{
	_cleanup_(mg_radius_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_radius_db_query(x->db, &st,
		"SELECT name, secret, coa_port FROM switch WHERE address=?1",
		MG_RARGS(MG_RT(address)), NULL);

	if (r == 0)
		r = mg_radius_db_step(x->db, st, NULL);
	if (r <= 0)
		return r < 0 ? r : -ENOENT;
	mg_radius_db_copy(st, 0, ret->name, sizeof(ret->name));
	mg_radius_db_copy(st, 1, ret->secret, sizeof(ret->secret));
	ret->coa_port = (uint16_t)sqlite3_column_int(st, 2);
	return 0;
}

int mg_radius_export_verdict(struct mg_radius_export *x, const char *mac, int64_t number, char *dst,
	size_t cap, struct sk_err *err)
{
	static const char by_mac[] = "SELECT answer FROM mab WHERE mac=?1 AND ?2=0";
	static const char by_dot1x[] =
		"SELECT iif(macs='' OR instr(macs, ?1), answer, other) FROM dot1x WHERE number=?2"
		" LIMIT 1";
	_cleanup_(mg_radius_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_radius_db_query(x->db, &st, number ? by_dot1x : by_mac,
		MG_RARGS(MG_RT(mac[0] ? mac : "none"), MG_RI(number)), err);

	if (r == 0)
		r = mg_radius_db_step(x->db, st, err);
	if (r < 0)
		return r;
	if (r == 0)
		snprintf(dst, cap, "unknown");
	else
		mg_radius_db_copy(st, 0, dst, cap);
	return 0;
}

int64_t mg_radius_export_switches(struct mg_radius_export *x)
{
	_cleanup_(mg_radius_stmtp) sqlite3_stmt *st = NULL;

	if (mg_radius_db_query(x->db, &st, "SELECT count(*) FROM switch WHERE address<>'127.0.0.1'",
		    NULL, 0, NULL) < 0 ||
		mg_radius_db_step(x->db, st, NULL) <= 0)
		return 0;
	return sqlite3_column_int64(st, 0);
}
