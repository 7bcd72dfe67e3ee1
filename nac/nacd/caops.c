/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The authority on the socket. It is opened for one operation and closed again, so that the root's
 * key is in memory for no longer than it is needed.
 */
#include "nac/nacd/caops.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"
#include "nac/ca/ca.h"

#define P12_MAX 65536
#define ROWS_PER_MSG 200
#define DAYS 365

static void dir_of(const struct nacd *d, char *dst, size_t cap)
{
	snprintf(dst, cap, "%s/ca", d->opts.state_dir);
}

static int open_ca(const struct nacd *d, struct nac_ca **ret, struct sk_err *err)
{
	char dir[512];
	int r;

	dir_of(d, dir, sizeof(dir));
	r = nac_ca_open(ret, dir, err);
	if (r == -ENOENT)
		sk_err_set(err, -ENOENT, NULL, "there is no certificate authority yet: ca.init",
			"認証局がまだありません (ca.init で作成してください)");
	return r;
}

/* hostapd looks at the CRL by itself; a new authority or server certificate needs a new start. */
static void changed(struct nacd *d)
{
	struct sk_err err = {0};

	if (d->doc && nacd_ports_apply(d, &err) < 0)
		sk_log_err(LOG_ERR, "settings of 802.1X", &err);
}

static int op_init(struct nacd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	static const char *const keys[] = {"organisation", NULL};
	const char *organisation = "";
	json_t *args = NULL;
	char dir[512];
	int r = nacd_args(m, keys, &args, err);

	if (r == 0 && args)
		r = sk_json_str(args, "organisation", false, &organisation, err);
	dir_of(d, dir, sizeof(dir));
	if (r == 0)
		r = nac_ca_init(dir, organisation, sk_now(), err);
	if (r == 0)
		changed(d);
	return r;
}

struct issue {
	const char *name, *password;
	int64_t device, days;
};

static int issue_args(const struct sk_ipc_msg *m, struct issue *q, struct sk_err *err)
{
	static const char *const keys[] = {"name", "password", "device", "days", NULL};
	json_t *args = NULL;
	int r = nacd_args(m, keys, &args, err);

	if (r == 0)
		r = sk_json_str(args, "name", true, &q->name, err);
	if (r == 0)
		r = sk_json_str(args, "password", true, &q->password, err);
	if (r == 0)
		r = sk_json_int(args, "device", false, &q->device, err);
	if (r == 0)
		r = sk_json_int(args, "days", false, &q->days, err);
	if (r == 0 && (q->days < 1 || q->days > NAC_CA_DAYS_MAX || q->device < 0))
		r = sk_err_set(err, -ERANGE, "days", "must be 1 to %d",
			"は 1〜%d で指定してください", NAC_CA_DAYS_MAX);
	return r;
}

static int send_file(struct sk_ipc_client *c, uint32_t id, const struct sk_buf *b)
{
	size_t n = sodium_base64_encoded_len(b->len, sodium_base64_VARIANT_ORIGINAL);
	char *text = malloc(n);
	json_t *body = NULL;
	int r = -ENOMEM;

	if (text) {
		sodium_bin2base64(text, n, b->data, b->len, sodium_base64_VARIANT_ORIGINAL);
		body = json_pack("{s:s}", "file", text);
		r = body ? sk_ipc_reply(c, SK_IPC_DATA, id, body) : -ENOMEM;
		sodium_memzero(text, n);
	}
	json_decref(body);
	free(text);
	return r;
}

static int op_issue(struct nacd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	_cleanup_(sk_buf_done) struct sk_buf p12;
	struct issue q = {.days = DAYS};
	struct nac_ca *ca = NULL;
	struct nac_ca_cert cert;
	int r = issue_args(m, &q, err);

	sk_buf_init(&p12, P12_MAX);
	if (r == 0)
		r = open_ca(d, &ca, err);
	if (r == 0)
		r = nac_ca_issue(ca, q.name, q.device, (unsigned)q.days, q.password, sk_now(), &p12,
			&cert, err);
	nac_ca_close(ca);
	if (r == 0)
		r = send_file(c, m->id, &p12);
	if (r < 0)
		return r;
	nacd_report(d, "certificate",
		json_pack("{s:s,s:s,s:s,s:I,s:I}", "what", "issued", "identity", cert.name,
			"serial", cert.serial, "device", (json_int_t)cert.device, "expires",
			(json_int_t)cert.expires));
	*extra = json_pack("{s:s,s:s,s:I}", "serial", cert.serial, "name", cert.name, "expires",
		(json_int_t)cert.expires);
	return 0;
}

/* Whoever came in by it is out at once; the CRL keeps it from coming back. */
static void close_serial(struct nacd *d, struct nacd_session *s, void *arg)
{
	if (s->serial[0] && strcasecmp(s->serial, arg) == 0)
		nacd_session_close(d, s, NAC_WHY_REVOKED);
}

static int revoke_args(const struct sk_ipc_msg *m, const char **serial, const char **reason,
	int64_t *device, struct sk_err *err)
{
	static const char *const keys[] = {"serial", "device", "reason", NULL};
	json_t *args = NULL;
	int r = nacd_args(m, keys, &args, err);

	if (r == 0 && args)
		r = sk_json_str(args, "serial", false, serial, err);
	if (r == 0 && args)
		r = sk_json_str(args, "reason", false, reason, err);
	if (r == 0 && args)
		r = sk_json_int(args, "device", false, device, err);
	if (r == 0 && !*serial && *device <= 0)
		r = sk_err_set(err, -EINVAL, "serial", "serial or device must be given",
			"serial または device を指定してください");
	return r;
}

static int op_revoke(struct nacd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	const char *serial = NULL, *reason = "";
	struct nac_ca *ca = NULL;
	int64_t device = 0, now = sk_now();
	json_t *list, *v;
	size_t i;
	int r = revoke_args(m, &serial, &reason, &device, err);

	if (r == 0)
		r = open_ca(d, &ca, err);
	if (r < 0)
		return r;
	r = serial ? nac_ca_revoke(ca, serial, reason, now, err)
		   : nac_ca_revoke_device(ca, device, reason, now, err);
	list = r < 0 ? NULL : nac_ca_list(ca);
	nac_ca_close(ca);
	json_array_foreach (list, i, v) {
		const char *one = json_string_value(json_object_get(v, "serial"));

		if (json_integer_value(json_object_get(v, "revoked")) == 0 ||
			(serial && strcasecmp(one, serial) != 0) ||
			(!serial && json_integer_value(json_object_get(v, "device")) != device))
			continue;
		nacd_sessions_each(d, close_serial, (void *)one);
		nacd_report(d, "certificate",
			json_pack("{s:s,s:O,s:s,s:s}", "what", "revoked", "identity",
				json_object_get(v, "name"), "serial", one, "reason", reason));
	}
	json_decref(list);
	if (r < 0)
		return r;
	/* Whoever is out stays out, also if this process ends now. */
	if (d->dirty)
		nacd_sessions_save(d);
	changed(d); /* the CRL goes behind the authority's certificate */
	*extra = json_pack("{s:i}", "revoked", serial ? 1 : r);
	return 0;
}

static int op_list(struct nacd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *all = NULL;
	struct nac_ca *ca = NULL;
	int r = open_ca(d, &ca, err);

	if (r < 0)
		return r;
	all = nac_ca_list(ca);
	*extra = nac_ca_status(ca);
	nac_ca_close(ca);
	for (size_t i = 0; r == 0 && i < json_array_size(all); i += ROWS_PER_MSG) {
		json_t *rows = json_array(), *body;

		for (size_t k = i; k < json_array_size(all) && k < i + ROWS_PER_MSG; k++)
			json_array_append(rows, json_array_get(all, k));
		body = json_pack("{s:o}", "rows", rows);
		r = body ? sk_ipc_reply(c, SK_IPC_DATA, m->id, body) : -ENOMEM;
		json_decref(body);
	}
	return r;
}

static const struct nacd_op ops[] = {
	{"ca.init", op_init, NULL},
	{"ca.issue", op_issue, NULL},
	{"ca.revoke", op_revoke, NULL},
	{"ca.list", op_list, NULL},
};

const struct nacd_op *nacd_caop_find(const char *name)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(ops); i++)
		if (strcmp(ops[i].name, name) == 0)
			return &ops[i];
	return NULL;
}

void nacd_ca_maintain(struct nacd *d)
{
	struct sk_err err = {0};
	struct nac_ca *ca = NULL;
	int r = open_ca(d, &ca, &err);

	if (r == -ENOENT)
		return;
	if (r == 0)
		r = nac_ca_maintain(ca, sk_now(), &err);
	nac_ca_close(ca);
	if (r < 0)
		sk_log_err(LOG_ERR, "certificate authority", &err);
	else
		changed(d);
}
