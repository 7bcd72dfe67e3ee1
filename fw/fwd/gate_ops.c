/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The operations of the gate, and who may call them: sekisho-nacd, which may call no other. */
#include "fw/fwd/gate_ops.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fw/fwd/gate.h"
#include "fw/registry/addr.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/util.h"

#define SECONDS_MAX (31 * 86400)
#define DOCUMENT_MAX (8u << 20) /* a list that does not fit into a message */
#define ROWS_PER_MSG 500
#define ADDRESSES_MAX 256

typedef int row_fn(const json_t *row, size_t i, void *arg, struct sk_err *err);

/* ---- arguments ---- */

/*
 * The args object: from the message, or from the sealed memfd that came with it, where the list is
 * too long for a message. owned: to be released.
 */
struct args {
	const json_t *v;
	json_t *owned;
};

static void args_done(struct args *a)
{
	json_decref(a->owned);
}

static int read_document(int fd, json_t **ret, struct sk_err *err)
{
	struct sk_buf b;
	int r = sk_memfd_check(fd, err);

	if (r < 0)
		return r;
	sk_buf_init(&b, DOCUMENT_MAX);
	r = sk_fd_read(fd, &b, err);
	if (r == 0) {
		*ret = sk_json_parse(sk_buf_str(&b), b.len, err);
		if (!*ret)
			r = -EINVAL;
	}
	sk_buf_done(&b);
	if (r == 0 && !json_is_object(*ret)) {
		json_decref(*ret);
		*ret = NULL;
		return sk_err_set(
			err, -EINVAL, "document", "must be an object", "オブジェクトです");
	}
	return r;
}

static int get_args(
	const struct sk_ipc_msg *m, const char *const *keys, struct args *ret, struct sk_err *err)
{
	json_t *v = NULL;
	int r;

	if (m->fd >= 0) {
		r = read_document(m->fd, &ret->owned, err);
		v = ret->owned;
	} else {
		r = sk_json_object(m->body, "args", true, &v, err);
	}
	if (r == 0)
		r = sk_json_only(v, keys, err);
	if (r == 0)
		ret->v = v;
	return r;
}

static int each_row(
	const struct args *a, const char *key, row_fn *fn, void *arg, struct sk_err *err)
{
	json_t *rows = NULL;
	int r = sk_json_array(a->v, key, true, &rows, err);

	for (size_t i = 0; r == 0 && i < json_array_size(rows); i++) {
		r = fn(json_array_get(rows, i), i, arg, err);
		if (r < 0)
			sk_err_prefix(err, "%s[%zu]", key, i);
	}
	return r;
}

static size_t length(const struct args *a, const char *key)
{
	return json_array_size(json_object_get(a->v, key));
}

static int mac_of(const char *text, uint8_t ret[FW_MAC_LEN], struct sk_err *err)
{
	if (fw_mac_parse(text, ret) < 0 || !fw_mac_single(ret))
		return sk_err_set(err, -EINVAL, "mac", "not a device's hardware address",
			"機器のMACアドレスではありません");
	return 0;
}

static int key_of(const json_t *row, struct fw_gate_key *ret, struct sk_err *err)
{
	const char *port = NULL, *mac = NULL;
	uint8_t bytes[FW_MAC_LEN];
	int r;

	if (!json_is_object(row))
		return sk_err_set(err, -EINVAL, NULL, "must be an object", "オブジェクトです");
	if ((r = sk_json_str(row, "port", true, &port, err)) < 0 ||
		(r = sk_json_str(row, "mac", true, &mac, err)) < 0 ||
		(r = mac_of(mac, bytes, err)) < 0)
		return r;
	if (!fw_gate_name_ok(port))
		return sk_err_set(err, -EINVAL, "port", "not an interface name",
			"インターフェース名ではありません");
	*ret = fw_gate_key(port, bytes);
	return 0;
}

/* ---- ports ---- */

static int op_ports(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	struct fw_gate_conf *conf = calloc(1, sizeof(*conf));
	json_t *args = NULL;
	int r = conf ? sk_json_object(m->body, "args", true, &args, err) : sk_err_nomem(err);

	if (r == 0)
		r = fw_gate_conf_from_json(args, conf, err);
	if (r == 0)
		r = fwd_gate_ports(d, conf, err);
	if (r == 0)
		*extra = json_pack("{s:I}", "generation", (json_int_t)conf->generation);
	free(conf);
	return r;
}

/* ---- admission ---- */

static int ask_of(const json_t *row, size_t i, void *arg, struct sk_err *err)
{
	static const char *const keys[] = {"port", "mac", "seconds", "state", NULL};
	struct fwd_gate_ask *a = (struct fwd_gate_ask *)arg + i;
	const char *state = NULL;
	int64_t seconds = 0;
	int r;

	if ((r = key_of(row, &a->key, err)) < 0 || (r = sk_json_only(row, keys, err)) < 0 ||
		(r = sk_json_int(row, "seconds", true, &seconds, err)) < 0 ||
		(r = sk_json_str(row, "state", true, &state, err)) < 0)
		return r;
	if (seconds < 1 || seconds > SECONDS_MAX)
		return sk_err_set(
			err, -ERANGE, "seconds", "must be 1 to %d", "1から%dまでです", SECONDS_MAX);
	a->seconds = (uint64_t)seconds;
	if (fw_gate_state_parse(state, &a->state) < 0)
		return sk_err_set(err, -EINVAL, "state", "must be admitted or quarantined",
			"admitted か quarantined です");
	return 0;
}

static int admit(
	struct fwd *d, struct sk_ipc_msg *m, bool whole, json_t **extra, struct sk_err *err)
{
	static const char *const keys[] = {"rows", NULL};
	_cleanup_(args_done) struct args a = {0};
	_cleanup_(sk_freep) struct fwd_gate_ask *v = NULL;
	uint64_t us = 0;
	int r = get_args(m, keys, &a, err);

	if (r < 0)
		return r;
	v = calloc(length(&a, "rows") + 1, sizeof(*v));
	if (!v)
		return sk_err_nomem(err);
	if ((r = each_row(&a, "rows", ask_of, v, err)) < 0 ||
		(r = fwd_gate_admit(d, v, length(&a, "rows"), whole, &us, err)) < 0)
		return r;
	*extra = json_pack("{s:I}", "us", (json_int_t)us);
	return 0;
}

static int op_admit(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	return admit(d, m, false, extra, err);
}

static int op_sync(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	return admit(d, m, true, extra, err);
}

struct closing {
	struct fw_gate_key *keys;
	struct fw_ip addresses[ADDRESSES_MAX];
	size_t n_addresses;
};

static int close_of(const json_t *row, size_t i, void *arg, struct sk_err *err)
{
	static const char *const keys[] = {"port", "mac", "addresses", NULL};
	struct closing *c = arg;
	json_t *list = NULL;
	int r;

	if ((r = key_of(row, &c->keys[i], err)) < 0 || (r = sk_json_only(row, keys, err)) < 0 ||
		(r = sk_json_array(row, "addresses", false, &list, err)) < 0)
		return r;
	for (size_t k = 0; k < json_array_size(list); k++) {
		const char *s = json_string_value(json_array_get(list, k));

		if (c->n_addresses == ADDRESSES_MAX)
			return sk_err_set(err, -E2BIG, "addresses",
				"at most %d addresses in a request", "アドレスは%d個までです",
				ADDRESSES_MAX);
		if (!s || fw_ip_parse(s, &c->addresses[c->n_addresses], NULL) < 0)
			return sk_err_set(err, -EINVAL, "addresses", "not an IP address",
				"IPアドレスではありません");
		c->n_addresses++;
	}
	return 0;
}

static int op_close(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	static const char *const keys[] = {"rows", NULL};
	_cleanup_(args_done) struct args a = {0};
	_cleanup_(sk_freep) struct fw_gate_key *v = NULL;
	struct closing k = {0};
	uint64_t us = 0;
	size_t cut = 0;
	int r = get_args(m, keys, &a, err);

	if (r < 0)
		return r;
	v = k.keys = calloc(length(&a, "rows") + 1, sizeof(*v));
	if (!v)
		return sk_err_nomem(err);
	if ((r = each_row(&a, "rows", close_of, &k, err)) < 0 ||
		(r = fwd_gate_close(d, v, length(&a, "rows"), &us, err)) < 0 ||
		(r = fwd_gate_cut(d, k.addresses, k.n_addresses, &cut, err)) < 0)
		return r;
	*extra = json_pack("{s:I,s:I}", "us", (json_int_t)us, "cut", (json_int_t)cut);
	return 0;
}

/* ---- lists ---- */

static int op_list(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	uint64_t now = 0;
	size_t n = 0;
	_cleanup_(sk_freep) struct fw_gate_row *v = fwd_gate_list(d, &n, &now);
	json_t *rows = NULL;
	int r = 0;

	if (!v)
		return sk_err_nomem(err);
	for (size_t i = 0; i < n && r >= 0; i++) {
		char mac[FW_MAC_TEXT];

		if (!rows)
			rows = json_array();
		json_array_append_new(rows,
			json_pack("{s:s,s:s,s:s,s:I}", "port", v[i].key.port, "mac",
				fw_mac_text(v[i].key.mac, mac), "state",
				fw_gate_state_name(v[i].state), "left",
				(json_int_t)(v[i].until > now ? (v[i].until - now + 999) / 1000
							      : 0)));
		if (json_array_size(rows) >= ROWS_PER_MSG || i + 1 == n) {
			json_t *body = json_pack("{s:o}", "rows", rows);

			r = body ? sk_ipc_reply(c, SK_IPC_DATA, m->id, body) : -ENOMEM;
			json_decref(body);
			rows = NULL;
		}
	}
	return r;
}

static int forget_of(const json_t *row, size_t i, void *arg, struct sk_err *err)
{
	static const char *const keys[] = {"port", "mac", NULL};
	int r = key_of(row, (struct fw_gate_key *)arg + i, err);

	return r < 0 ? r : sk_json_only(row, keys, err);
}

static int op_forget(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	static const char *const keys[] = {"rows", NULL};
	_cleanup_(args_done) struct args a = {0};
	_cleanup_(sk_freep) struct fw_gate_key *v = NULL;
	int r = get_args(m, keys, &a, err);

	if (r < 0)
		return r;
	v = calloc(length(&a, "rows") + 1, sizeof(*v));
	if (!v)
		return sk_err_nomem(err);
	r = each_row(&a, "rows", forget_of, v, err);
	return r < 0 || length(&a, "rows") == 0 ? r
						: fwd_gate_forget(d, v, length(&a, "rows"), err);
}

static int known_of(const json_t *row, size_t i, void *arg, struct sk_err *err)
{
	uint8_t(*v)[FW_MAC_LEN] = arg;
	const char *s = json_string_value(row);

	return mac_of(s ? s : "", v[i], err);
}

static int op_known(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m, json_t **extra,
	struct sk_err *err)
{
	static const char *const keys[] = {"macs", NULL};
	_cleanup_(args_done) struct args a = {0};
	uint8_t(*v)[FW_MAC_LEN];
	int r = get_args(m, keys, &a, err);

	if (r < 0)
		return r;
	if (length(&a, "macs") > FW_GATE_KNOWN_MAX)
		return sk_err_set(err, -E2BIG, "macs", "at most %u addresses",
			"アドレスは%u個までです", FW_GATE_KNOWN_MAX);
	v = calloc(length(&a, "macs") + 1, FW_MAC_LEN);
	if (!v)
		return sk_err_nomem(err);
	r = each_row(&a, "macs", known_of, v, err);
	if (r < 0) {
		free(v);
		return r;
	}
	return fwd_gate_known(d, v, length(&a, "macs"), err);
}

static int op_subscribe(struct fwd *d, struct sk_ipc_client *c, struct sk_ipc_msg *m,
	json_t **extra, struct sk_err *err)
{
	static const char *const none[] = {NULL};
	json_t *args = NULL;
	int r = sk_json_object(m->body, "args", false, &args, err);

	return r == 0 && args ? sk_json_only(args, none, err) : r;
}

#define ALL (FWD_PEER_ROOT | FWD_PEER_MANAGER | FWD_PEER_NAC)

static const struct fwd_op ops[] = {
	{"nac.ports", ALL, op_ports},
	{"nac.admit", ALL, op_admit},
	{"nac.close", ALL, op_close},
	{"nac.sync", ALL, op_sync},
	{"nac.known", ALL, op_known},
	{"nac.list", ALL, op_list},
	{"nac.forget", ALL, op_forget},
	{"nac.subscribe", ALL, op_subscribe},
};

const struct fwd_op *fwd_gate_op_find(const char *name)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(ops); i++)
		if (strcmp(ops[i].name, name) == 0)
			return &ops[i];
	return NULL;
}

void fwd_gate_op_after(struct fwd *d, const struct fwd_op *op, struct sk_ipc_client *c)
{
	if (op->fn == op_subscribe)
		fwd_gate_subscribe(d, c);
}
