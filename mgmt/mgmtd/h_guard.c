// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * guard.list, guard.release, guard.block: the sources that fwd blocks for a time. They take effect
 * at once and need no approval, since they end by themselves; who did it is in the audit log.
 */
#include <errno.h>

#include "fw/guard/blocks.h"
#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/mgmtd/h_common.h"

static int pass_rows(json_t *body, void *arg)
{
	const json_t *rows = json_object_get(body, "rows");
	struct mg_call *c = arg;
	int r = 0;

	for (size_t i = 0; r == 0 && i < json_array_size(rows); i++)
		r = mg_reply_row(c, json_incref(json_array_get(rows, i)));
	return r;
}

int mg_h_guard_list(struct mg_call *c, struct sk_err *err)
{
	return mg_daemon_fw_stream(c->d, "guard.list", NULL, -1, pass_rows, c, err);
}

/* Both change one address in fwd, and leave a row in the audit log or nothing at all. */
static int change(
	struct mg_call *c, const char *op, json_t *args, json_t **ret_end, struct sk_err *err)
{
	const char *addr = mg_arg_str(c, "address"), *reason = mg_arg_str(c, "reason");
	struct mg_txn t = {0};
	struct fw_block which = {0};
	char name[64], target[80];
	json_t *after = json_object();
	int r = fw_block_parse(addr, &which, err);

	if (r < 0)
		sk_err_prefix(err, "address");
	else
		r = args && after ? mg_txn_begin(&t, mg_h_store(c), err) : sk_err_nomem(err);
	if (r < 0) {
		json_decref(args);
		json_decref(after);
		return r;
	}
	fw_block_format(&which, name, sizeof(name));
	snprintf(target, sizeof(target), "address %s", name);
	json_object_set_new(args, "address", json_string(name));
	json_object_set_new(args, "who", json_string(c->who.name));
	if (mg_arg_has(c, "for"))
		json_object_set_new(after, "for", json_integer((json_int_t)mg_arg_uint(c, "for")));
	if (reason)
		json_object_set_new(after, "reason", json_string(reason));
	r = mg_daemon_fw_call(c->d, op, args, -1, ret_end, err);
	if (r == 0)
		r = mg_h_commit(c, &t, target, NULL, json_incref(after), err);
	mg_txn_abort(&t);
	json_decref(after);
	return r;
}

int mg_h_guard_release(struct mg_call *c, struct sk_err *err)
{
	int r = change(c, "guard.release", json_object(), NULL, err);

	return r < 0 ? r
		     : mg_reply_note(c, "%s is no longer blocked", "%s の遮断を解除しました",
			       mg_arg_str(c, "address"));
}

int mg_h_guard_block(struct mg_call *c, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *end = NULL;
	json_t *args = json_object();
	int r;

	if (args && mg_arg_has(c, "for"))
		json_object_set_new(
			args, "seconds", json_integer((json_int_t)mg_arg_uint(c, "for")));
	r = change(c, "guard.block", args, &end, err);
	if (r < 0)
		return r;
	json_object_del(end, "code");
	return mg_reply_row(c, json_incref(end));
}
