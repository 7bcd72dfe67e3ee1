// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Certificates of devices. The authority and its key are nacd's; the registry keeps what was issued
 * to whom and by whom. A private key passes through once and is kept nowhere.
 */
#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "lib/util.h"
#include "mgmt/events/alert.h"
#include "mgmt/mgmtd/h_device.h"

#define PASSWORD 20

static void secret(char dst[PASSWORD + 1])
{
	/* Without signs that look like others. */
	static const char letters[] = "abcdefghijkmnpqrstuvwxyzACDEFGHJKLMNPQRTUVWXYZ234679";

	for (int i = 0; i < PASSWORD; i++)
		dst[i] = letters[randombytes_uniform(sizeof(letters) - 1)];
	dst[PASSWORD] = '\0';
}

/* ---- issuing ----------------------------------------------------------------------------------
 */
struct issuing {
	struct mg_call *c;
	struct mg_device *x;
	char name[256], password[PASSWORD + 1];
	int64_t days;
	void *p12;
	size_t len;
	struct mg_certificate cert;
};

static int take_file(json_t *body, void *arg)
{
	const char *text = json_string_value(json_object_get(body, "file"));
	struct issuing *q = arg;

	if (!text || q->p12)
		return 0;
	q->p12 = mg_alert_unbase64(text, &q->len);
	return q->p12 ? 0 : -EBADMSG;
}

static int choose_name(struct issuing *q, struct sk_err *err)
{
	const char *asked = mg_arg_str(q->c, "identity");
	char one[256];

	for (const char *p = q->x->info.identity; (p = mg_device_item(p, one, sizeof(one)));) {
		if (asked && strcmp(asked, one) != 0)
			continue;
		snprintf(q->name, sizeof(q->name), "%s", one);
		return 0;
	}
	return asked
		? sk_err_set(err, -ENOENT, "identity",
			  "is no identity of device %u: change the device first",
			  "は端末 %u の識別名ではありません。先に端末の変更を申請してください",
			  q->x->rec.number)
		: sk_err_set(err, -EINVAL, "identity",
			  "device %u has no identity: change it first (device request --number "
			  "%u --identity …)",
			  "端末 %u に識別名がありません。先に変更を申請してください (device "
			  "request --number %u --identity …)",
			  q->x->rec.number, q->x->rec.number);
}

static int prepare(struct issuing *q, struct sk_err *err)
{
	uint32_t number = (uint32_t)mg_arg_uint(q->c, "number");
	int r = mg_record_get(&mg_device_kind, mg_h_store(q->c), number, &q->x->rec, err);

	if (r < 0)
		return r;
	if (!sk_streq(q->x->rec.state, "active"))
		return sk_err_set(err, -EPERM, "number",
			"device %u is not permitted: no certificate for it",
			"端末 %u は許可されていないため、証明書を発行できません", number);
	q->days = (int64_t)mg_arg_uint(q->c, "days");
	if (!q->days)
		q->days = SK_MAX((q->x->rec.expiry - q->c->now) / 86400 + 1, (int64_t)1);
	return choose_name(q, err);
}

static int ask(struct issuing *q, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *end = NULL;
	const char *serial;
	int r;

	secret(q->password);
	r = mg_daemon_nac_call(q->c->d, "ca.issue",
		json_pack("{s:s, s:s, s:I, s:I}", "name", q->name, "password", q->password,
			"device", (json_int_t)q->x->rec.number, "days", (json_int_t)q->days),
		take_file, q, &end, err);
	if (r < 0)
		return r;
	serial = json_string_value(json_object_get(end, "serial"));
	if (!q->p12 || !serial)
		return sk_err_set(err, -EBADMSG, NULL, "sekisho-nacd sent no certificate",
			"sekisho-nacd から証明書が届きませんでした");
	q->cert = (struct mg_certificate){.number = q->x->rec.number,
		.issued = q->c->now,
		.expires = json_integer_value(json_object_get(end, "expires"))};
	snprintf(q->cert.serial, sizeof(q->cert.serial), "%s", serial);
	snprintf(q->cert.name, sizeof(q->cert.name), "%.127s", q->name);
	snprintf(q->cert.issued_by, sizeof(q->cert.issued_by), "%s", q->c->who.name);
	return 0;
}

struct old {
	const char *keep;
	json_t *serials;
	int64_t now;
};

static int note_old(const struct mg_certificate *c, void *arg)
{
	struct old *o = arg;

	if (!c->revoked && c->expires > o->now && strcmp(c->serial, o->keep) != 0)
		json_array_append_new(o->serials, json_string(c->serial));
	return 0;
}

/* At nacd first: what it does not know of is not revoked. */
static int revoke_one(struct mg_call *c, struct mg_txn *t, uint32_t number, const char *serial,
	const struct mg_actor *a, struct sk_err *err)
{
	size_t n = 0;
	int r = mg_daemon_nac_call(c->d, "ca.revoke",
		json_pack("{s:s, s:s}", "serial", serial, "reason", a->text ? a->text : ""), NULL,
		NULL, NULL, err);

	return r < 0 ? r : mg_certificate_revoke(t, number, serial, a, &n, err);
}

static int end_old(struct issuing *q, struct mg_txn *t, size_t *ret_left, struct sk_err *err)
{
	struct old o = {.keep = q->cert.serial, .serials = json_array(), .now = q->c->now};
	const struct mg_actor a = mg_h_actor(q->c, "renewed");
	int r = mg_certificate_each(t->s, q->x->rec.number, false, note_old, &o, err);

	*ret_left = json_array_size(o.serials);
	for (size_t i = 0;
		r == 0 && mg_arg_flag(q->c, "revoke_old") && i < json_array_size(o.serials); i++) {
		r = revoke_one(q->c, t, q->x->rec.number,
			json_string_value(json_array_get(o.serials, i)), &a, err);
		if (r == 0)
			--*ret_left;
	}
	json_decref(o.serials);
	return r;
}

static json_t *cert_row(const struct mg_certificate *c)
{
	json_t *v = json_pack("{s:I, s:s, s:s, s:I, s:s, s:I}", "number", (json_int_t)c->number,
		"identity", c->name, "serial", c->serial, "issued", (json_int_t)c->issued,
		"issued_by", c->issued_by, "expires", (json_int_t)c->expires);

	if (v && c->revoked) {
		json_object_set_new(v, "revoked", json_integer(c->revoked));
		json_object_set_new(v, "revoked_by", json_string(c->revoked_by));
		json_object_set_new(v, "reason", json_string(c->reason));
	}
	return v;
}

static int keep(struct issuing *q, size_t *ret_left, struct sk_err *err)
{
	struct mg_txn t = {0};
	char target[64];
	int r = mg_txn_begin(&t, mg_h_store(q->c), err);

	if (r == 0)
		r = mg_certificate_add(&t, &q->cert, err);
	if (r == 0)
		r = end_old(q, &t, ret_left, err);
	snprintf(target, sizeof(target), "device %u", q->x->rec.number);
	if (r == 0)
		r = mg_h_commit(q->c, &t, target, NULL, cert_row(&q->cert), err);
	mg_txn_abort(&t);
	return r;
}

static int answer(struct issuing *q, size_t left)
{
	json_t *v = cert_row(&q->cert);
	int r = mg_reply_file(q->c, q->p12, q->len);

	if (v)
		json_object_set_new(v, "password", json_string(q->password));
	if (r == 0)
		r = v ? mg_reply_record(q->c, v) : -ENOMEM;
	if (r == 0)
		r = mg_reply_note(q->c, "the password is shown this once and kept nowhere",
			"パスワードの表示は今回だけです。どこにも保存していません");
	if (r == 0 && left)
		r = mg_reply_note(q->c,
			"%zu earlier certificates are still valid: revoke them once the new one is "
			"in use (device certificate revoke)",
			"以前の証明書 %zu "
			"件はまだ有効です。新しい証明書の導入後に失効させてください (device "
			"certificate revoke)",
			left);
	return r;
}

static int issue(struct mg_call *c, struct sk_err *err)
{
	struct issuing q = {.c = c, .x = (struct mg_device *)mg_record_new(&mg_device_kind)};
	size_t left = 0;
	int r = q.x ? prepare(&q, err) : sk_err_nomem(err);

	if (r == 0)
		r = ask(&q, err);
	if (r == 0)
		r = keep(&q, &left, err);
	if (r == 0)
		r = answer(&q, left);
	if (r == 0 && mg_arg_flag(c, "revoke_old"))
		r = mg_h_device_push(c);
	if (q.p12)
		sodium_memzero(q.p12, q.len);
	free(q.p12);
	sodium_memzero(q.password, sizeof(q.password));
	mg_record_free(&mg_device_kind, q.x ? &q.x->rec : NULL);
	return r;
}

int mg_h_device_certificate_issue(struct mg_call *c, struct sk_err *err)
{
	return issue(c, err);
}

int mg_h_device_certificate_renew(struct mg_call *c, struct sk_err *err)
{
	return issue(c, err);
}

/* ---- revoking, listing ------------------------------------------------------------------------
 */
static int add_valid(const struct mg_certificate *c, void *arg)
{
	struct old *o = arg;

	if (!c->revoked && (!o->keep || strcasecmp(o->keep, c->serial) == 0))
		json_array_append_new(o->serials, json_string(c->serial));
	return 0;
}

static int revoke_all(struct mg_call *c, uint32_t number, json_t *serials, struct sk_err *err)
{
	const struct mg_actor a = mg_h_actor(c, mg_arg_str(c, "reason"));
	struct mg_txn t = {0};
	char target[64];
	int r = mg_txn_begin(&t, mg_h_store(c), err);

	for (size_t i = 0; r == 0 && i < json_array_size(serials); i++)
		r = revoke_one(
			c, &t, number, json_string_value(json_array_get(serials, i)), &a, err);
	snprintf(target, sizeof(target), "device %u", number);
	if (r == 0)
		r = mg_h_commit(c, &t, target, NULL,
			json_pack("{s:O, s:s?}", "revoked", serials, "reason", a.text), err);
	mg_txn_abort(&t);
	return r;
}

static int give_row(const struct mg_certificate *c, void *arg)
{
	json_t *v = cert_row(c);

	return v ? mg_reply_row(arg, v) : -ENOMEM;
}

int mg_h_device_certificate_revoke(struct mg_call *c, struct sk_err *err)
{
	uint32_t number = (uint32_t)mg_arg_uint(c, "number");
	struct old o = {.keep = mg_arg_str(c, "serial"), .serials = json_array()};
	int r = mg_certificate_each(mg_h_store(c), number, false, add_valid, &o, err);

	if (r == 0 && !json_array_size(o.serials))
		r = sk_err_set(err, -ENOENT, "number", "device %u has no such valid certificate",
			"端末 %u に該当する有効な証明書はありません", number);
	if (r == 0)
		r = revoke_all(c, number, o.serials, err);
	json_decref(o.serials);
	if (r == 0)
		r = mg_h_device_push(c);
	return r < 0 ? r : mg_certificate_each(mg_h_store(c), number, false, give_row, c, err);
}

int mg_h_device_certificate_list(struct mg_call *c, struct sk_err *err)
{
	return mg_certificate_each(
		mg_h_store(c), (uint32_t)mg_arg_uint(c, "number"), false, give_row, c, err);
}

/* ---- the authority ----------------------------------------------------------------------------
 */
static int no_rows(json_t *body, void *arg)
{
	return 0;
}

int mg_h_device_authority_show(struct mg_call *c, struct sk_err *err)
{
	json_t *end = NULL;
	int r = mg_daemon_nac_call(c->d, "ca.list", NULL, no_rows, NULL, &end, err);

	if (r < 0)
		return r;
	json_object_del(end, "code");
	return mg_reply_record(c, end);
}

int mg_h_device_authority_init(struct mg_call *c, struct sk_err *err)
{
	const char *organisation = mg_arg_str(c, "organisation");
	struct mg_txn t = {0};
	int r = mg_txn_begin(&t, mg_h_store(c), err);

	if (r == 0)
		r = mg_daemon_nac_call(c->d, "ca.init",
			json_pack("{s:s}", "organisation", organisation ? organisation : ""), NULL,
			NULL, NULL, err);
	if (r == 0)
		r = mg_h_commit(c, &t, "authority", NULL,
			json_pack("{s:s?}", "organisation", organisation), err);
	mg_txn_abort(&t);
	return r < 0 ? r : mg_h_device_authority_show(c, err);
}
