// SPDX-License-Identifier: GPL-2.0-or-later
/* What is a device, checked and stored; quarantine and revocation; ports, networks, switches. */
#include "mgmt/store/devices.h"

#include <errno.h>
#include <string.h>

#include "mgmt/store/records_db.h"
#include "mgmt/store/rules_db.h"

#define OWN                                                                                        \
	"name, kind, mac, method, identity, owner, department, location, serial, os, ports,"       \
	" zones, vlan, infrastructure, held_by, held_at, held_reason"

static struct mg_device *of(struct mg_record *x)
{
	return (struct mg_device *)x;
}

static const struct mg_device *of_const(const struct mg_record *x)
{
	return (const struct mg_device *)x;
}

static void read_own(sqlite3_stmt *st, int col, struct mg_record *rec)
{
	struct mg_device *x = of(rec);
	struct {
		char *dst;
		size_t cap;
	} into[MG_DEV_FIELDS] = {
		[MG_DEV_NAME] = {x->info.name, sizeof(x->info.name)},
		[MG_DEV_KIND] = {x->info.kind, sizeof(x->info.kind)},
		[MG_DEV_MAC] = {x->info.mac, sizeof(x->info.mac)},
		[MG_DEV_METHOD] = {x->info.method, sizeof(x->info.method)},
		[MG_DEV_IDENTITY] = {x->info.identity, sizeof(x->info.identity)},
		[MG_DEV_OWNER] = {x->info.owner, sizeof(x->info.owner)},
		[MG_DEV_DEPARTMENT] = {x->info.department, sizeof(x->info.department)},
		[MG_DEV_LOCATION] = {x->info.location, sizeof(x->info.location)},
		[MG_DEV_SERIAL] = {x->info.serial, sizeof(x->info.serial)},
		[MG_DEV_OS] = {x->info.os, sizeof(x->info.os)},
		[MG_DEV_PORTS] = {x->info.ports, sizeof(x->info.ports)},
		[MG_DEV_ZONES] = {x->info.zones, sizeof(x->info.zones)},
		[MG_DEV_VLAN] = {x->info.vlan, sizeof(x->info.vlan)},
		[MG_DEV_INFRASTRUCTURE] = {x->info.infrastructure, sizeof(x->info.infrastructure)},
	};

	for (int f = 0; f < MG_DEV_FIELDS; f++)
		mg_col_copy(st, col + f, into[f].dst, into[f].cap);
	mg_col_copy(st, col + MG_DEV_FIELDS, x->held_by, sizeof(x->held_by));
	x->held_at = sqlite3_column_int64(st, col + MG_DEV_FIELDS + 1);
	mg_col_copy(st, col + MG_DEV_FIELDS + 2, x->held_reason, sizeof(x->held_reason));
}

static size_t bind_own(const struct mg_record *rec, struct mg_val *v)
{
	size_t n = 0;

	for (unsigned f = 0; f < MG_DEV_FIELDS; f++)
		v[n++] = MG_S(mg_device_get(&of_const(rec)->info, f));
	v[n++] = MG_S("");
	v[n++] = MG_I(0);
	v[n++] = MG_S("");
	return n;
}

static void to_json(const struct mg_record *rec, json_t *v)
{
	const struct mg_device *x = of_const(rec);

	mg_device_info_json(&x->info, v);
	if (!x->held_at)
		return;
	json_object_set_new(v, "held_by", json_string(x->held_by));
	json_object_set_new(v, "held_at", json_integer(x->held_at));
	json_object_set_new(v, "held_reason", json_string(x->held_reason));
}

/* No two devices have one address or identity. */
static int taken(struct mg_store *s, const char *field, const char *key, const char *shown,
	uint32_t number, struct sk_err *err)
{
	int64_t other = 0;
	int r = mg_db_int(s, &other, err,
		"SELECT v.number FROM device_key k JOIN device_rev v USING (number, revision)"
		" WHERE k.key = ?1 AND k.number <> ?2"
		" AND v.state IN ('requested', 'active', 'quarantined') LIMIT 1",
		MG_S(key), MG_I(number));

	if (r == 0 && other)
		return sk_err_set(err, -EEXIST, field,
			"%s belongs to device %lld already, or was asked for it",
			"%s は端末 %lld で登録済みか、申請中です", shown, (long long)other);
	return r;
}

static int check_keys(struct mg_store *s, const struct mg_device *x, struct sk_err *err)
{
	char one[256], key[264];
	int r = 0;

	for (const char *p = x->info.mac; r == 0 && (p = mg_device_item(p, one, sizeof(one)));)
		r = taken(s, "mac", one, one, x->rec.number, err);
	for (const char *p = x->info.identity;
		r == 0 && (p = mg_device_item(p, one, sizeof(one)));) {
		snprintf(key, sizeof(key), "id %s", one);
		for (char *c = key; *c; c++)
			*c = (char)(*c >= 'A' && *c <= 'Z' ? *c + 32 : *c);
		r = taken(s, "identity", key, one, x->rec.number, err);
	}
	return r;
}

static int check(struct mg_store *s, struct mg_record *rec, struct sk_err *err)
{
	struct mg_device *x = of(rec);
	int r;

	mg_device_defaults(&x->info);
	r = mg_device_check(&x->info, err);
	return r < 0 || rec->intent == MG_REMOVAL ? r : check_keys(s, x, err);
}

const struct mg_record_kind mg_device_kind = {
	.table = "device_rev",
	.columns = OWN,
	.noun = {"device", "端末"},
	.expire_op = "device.expire",
	.max = MG_DEVICES_MAX,
	.size = sizeof(struct mg_device),
	.read = read_own,
	.bind = bind_own,
	.check = check,
	.to_json = to_json,
};

/* ---- quarantine and revocation ----------------------------------------------------------------
 */
int mg_device_step(struct mg_txn *t, enum nac_step step, const struct mg_actor *a,
	struct mg_device *x, struct sk_err *err)
{
	uint32_t number = x->rec.number;
	enum nac_state from = NAC_STATES, to;
	int r = mg_wf_reason("reason", a->text, err);

	mg_txn_assert(t);
	if (r == 0)
		r = mg_wf_text("reason", a->text, sizeof(x->held_reason) - 1, true, err);
	if (r == 0)
		r = mg_record_get(&mg_device_kind, t->s, number, &x->rec, err);
	if (r < 0)
		return r;
	nac_state_parse(x->rec.state, &from);
	r = nac_state_next(from, step, &to, err);
	if (r == 0)
		r = mg_db_run(t->s, err,
			"UPDATE device_rev SET state = ?3, held_by = ?4, held_at = ?5,"
			" held_reason = ?6 WHERE number = ?1 AND revision = ?2",
			MG_I(number), MG_I(x->rec.revision), MG_S(nac_state_name(to)),
			MG_S(a->who.name), MG_I(a->now), MG_S(a->text));
	mg_record_done(&mg_device_kind, &x->rec);
	if (r < 0)
		return r;
	return mg_record_get(&mg_device_kind, t->s, number, &x->rec, err);
}

int mg_device_by_mac(struct mg_store *s, const char *mac, uint32_t *ret, struct sk_err *err)
{
	int64_t number = 0;
	int r = mg_db_int(s, &number, err,
		"SELECT v.number FROM device_key k JOIN device_rev v USING (number, revision)"
		" WHERE k.key = ?1 AND v.state IN ('requested', 'active', 'quarantined')"
		" ORDER BY v.state = 'requested' LIMIT 1",
		MG_S(mac));

	if (r == 0)
		*ret = (uint32_t)number;
	return r;
}

/* ---- how it looks -----------------------------------------------------------------------------
 */
int mg_device_print_get(struct mg_store *s, uint32_t number, json_t **ret, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(
		s, &st, err, "SELECT print FROM device_print WHERE number = ?1", MG_I(number));

	if (r == 0)
		r = mg_db_step(s, st, err);
	*ret = NULL;
	return r <= 0 ? r : mg_col_json(st, 0, ret, err);
}

int mg_device_print_set(struct mg_txn *t, uint32_t number, const json_t *print, const char *who,
	int64_t now, struct sk_err *err)
{
	_cleanup_(sk_freep) char *text = print ? mg_json_text(print) : NULL;

	mg_txn_assert(t);
	if (!print)
		return mg_db_run(
			t->s, err, "DELETE FROM device_print WHERE number = ?1", MG_I(number));
	if (!text)
		return sk_err_nomem(err);
	return mg_db_run(t->s, err,
		"INSERT INTO device_print(number, print, learned, learned_by) VALUES (?1, ?2, ?3,"
		" ?4) ON CONFLICT(number) DO UPDATE SET print = ?2, learned = ?3, learned_by = ?4",
		MG_I(number), MG_S(text), MG_I(now), MG_S(who));
}

/* ---- certificates -----------------------------------------------------------------------------
 */
int mg_certificate_add(struct mg_txn *t, const struct mg_certificate *c, struct sk_err *err)
{
	mg_txn_assert(t);
	return mg_db_run(t->s, err,
		"INSERT INTO device_certificate(serial, number, name, issued, issued_by, expires)"
		" VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
		MG_S(c->serial), MG_I(c->number), MG_S(c->name), MG_I(c->issued),
		MG_S(c->issued_by), MG_I(c->expires));
}

int mg_certificate_revoke(struct mg_txn *t, uint32_t number, const char *serial,
	const struct mg_actor *a, size_t *ret_n, struct sk_err *err)
{
	int r = mg_db_run(t->s, err,
		"UPDATE device_certificate SET revoked = ?3, revoked_by = ?4, reason = ?5"
		" WHERE number = ?1 AND (?2 IS NULL OR serial = ?2 COLLATE NOCASE) AND revoked = 0",
		MG_I(number), MG_S(serial), MG_I(a->now), MG_S(a->who.name), MG_S(a->text));

	mg_txn_assert(t);
	if (r == 0)
		*ret_n = (size_t)sqlite3_changes(t->s->db);
	return r;
}

int mg_certificate_each(struct mg_store *s, uint32_t number, bool revoked,
	int (*fn)(const struct mg_certificate *c, void *arg), void *arg, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err,
		"SELECT serial, number, name, issued, issued_by, expires, revoked, revoked_by,"
		" reason FROM device_certificate WHERE (?1 = 0 OR number = ?1)"
		" AND (NOT ?2 OR revoked <> 0) ORDER BY issued, serial",
		MG_I(number), MG_I(revoked));

	while (r >= 0 && (r = mg_db_step(s, st, err)) > 0) {
		struct mg_certificate c = {.number = (uint32_t)sqlite3_column_int64(st, 1),
			.issued = sqlite3_column_int64(st, 3),
			.expires = sqlite3_column_int64(st, 5),
			.revoked = sqlite3_column_int64(st, 6)};

		mg_col_copy(st, 0, c.serial, sizeof(c.serial));
		mg_col_copy(st, 2, c.name, sizeof(c.name));
		mg_col_copy(st, 4, c.issued_by, sizeof(c.issued_by));
		mg_col_copy(st, 7, c.revoked_by, sizeof(c.revoked_by));
		mg_col_copy(st, 8, c.reason, sizeof(c.reason));
		r = fn(&c, arg);
		if (r)
			break;
	}
	return r;
}

/* ---- ports, networks, switches ----------------------------------------------------------------
 */
static const struct {
	const char *name;
	struct sk_text noun;
} item_kinds[MG_ITEM_KINDS] = {
	[MG_ITEM_PORT] = {"port", {"port", "ポート"}},
	[MG_ITEM_NETWORK] = {"network", {"network", "ネットワーク"}},
	[MG_ITEM_SWITCH] = {"switch", {"switch", "スイッチ"}},
};

const char *mg_item_kind_name(enum mg_item_kind k)
{
	return item_kinds[k].name;
}

json_t *mg_item_new(enum mg_item_kind k)
{
	switch (k) {
	case MG_ITEM_PORT:
		return json_pack("{s:s,s:b,s:b}", "mode", "learn", "dot1x", true, "mac", true);
	case MG_ITEM_NETWORK: return json_pack("{s:b}", "sensor", true);
	default: return json_pack("{s:i}", "coa_port", 3799);
	}
}

int mg_item_get(
	struct mg_store *s, enum mg_item_kind k, const char *name, json_t **ret, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err,
		"SELECT value FROM admission_item WHERE kind = ?1 AND name = ?2",
		MG_S(item_kinds[k].name), MG_S(name));

	if (r == 0)
		r = mg_db_step(s, st, err);
	if (r == 0)
		return sk_err_set(err, -ENOENT, "name", "there is no %s%.0s %s",
			"%.0s%s %s はありません", item_kinds[k].noun.en, item_kinds[k].noun.ja,
			name);
	return r < 0 ? r : mg_col_json(st, 0, ret, err);
}

int mg_item_each(struct mg_store *s, enum mg_item_kind k,
	int (*fn)(const char *name, const json_t *value, void *arg), void *arg, struct sk_err *err)
{
	_cleanup_(mg_stmtp) sqlite3_stmt *st = NULL;
	int r = mg_db_query(s, &st, err,
		"SELECT name, value FROM admission_item WHERE kind = ?1 ORDER BY name",
		MG_S(item_kinds[k].name));

	while (r >= 0 && (r = mg_db_step(s, st, err)) > 0) {
		json_t *v = NULL;

		r = mg_col_json(st, 1, &v, err);
		if (r == 0)
			r = fn(mg_col_str(st, 0), v, arg);
		json_decref(v);
		if (r)
			break;
	}
	return r;
}

int mg_item_set(struct mg_txn *t, enum mg_item_kind k, const char *name, const json_t *value,
	const struct mg_actor *a, struct sk_err *err)
{
	_cleanup_(sk_freep) char *text = value ? mg_json_text(value) : NULL;

	mg_txn_assert(t);
	if (!value)
		return mg_db_run(t->s, err,
			"DELETE FROM admission_item WHERE kind = ?1 AND name = ?2",
			MG_S(item_kinds[k].name), MG_S(name));
	if (!text)
		return sk_err_nomem(err);
	return mg_db_run(t->s, err,
		"INSERT INTO admission_item(kind, name, value, changed, changed_by)"
		" VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT(kind, name) DO UPDATE SET value = ?3,"
		" changed = ?4, changed_by = ?5",
		MG_S(item_kinds[k].name), MG_S(name), MG_S(text), MG_I(a->now), MG_S(a->who.name));
}
