// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One step of the gateway to another policy: number it, build it, record that it is sent, send it,
 * record what became of it. A crash between any two of these is settled by reconcile.c.
 */
#include <errno.h>
#include <string.h>

#include "lib/file.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/mgmtd/generation.h"
#include "mgmt/mgmtd/private.h"

int mg_gen_document(struct mg_daemon *d, enum mg_build what, uint64_t generation, int64_t now,
	struct fw_policy **ret, int *ret_fd, struct sk_err *err)
{
	_cleanup_(fw_policy_freep) struct fw_policy *p = NULL;
	struct sk_buf b;
	int r = mg_store_build_policy(d->store, what, generation, now, &p, err), fd = -1;

	if (r < 0)
		return r;
	sk_buf_init(&b, FW_POLICY_BYTES_MAX);
	r = fw_policy_encode(p, &b, err);
	if (!r && ret_fd) {
		fd = sk_memfd("sekisho-policy", sk_buf_str(&b), b.len);
		if (fd < 0)
			r = sk_err_set(err, fd, NULL, "cannot pass the policy: %s",
				"内容を渡せません (%s)", strerror(-fd));
	}
	sk_buf_done(&b);
	if (r < 0)
		return r;
	if (ret_fd)
		*ret_fd = fd;
	if (ret) {
		*ret = p;
		p = NULL;
	}
	return 0;
}

/* fwd takes no second policy during a trial; asking first saves a failed generation's record. */
static int check_ready(struct mg_daemon *d, uint64_t *ret_generation, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *status = NULL;
	int r = mg_daemon_fw_call(d, "status", NULL, -1, &status, err);

	if (r < 0)
		return r;
	*ret_generation = (uint64_t)json_integer_value(json_object_get(status, "generation"));
	if (!sk_streq(json_string_value(json_object_get(status, "state")), "confirming"))
		return 0;
	return sk_err_set(err, -EBUSY, NULL,
		"generation %lld is on trial: `sekisho confirm` or `sekisho rollback` first",
		"世代 %lld が確認待ちです。先に sekisho confirm または sekisho rollback "
		"を実行してください",
		(long long)*ret_generation);
}

static int record_outcome(struct mg_daemon *d, const struct mg_gen_step *s, uint64_t n, int sent,
	const struct sk_err *why, struct sk_err *err)
{
	struct sk_err ignored = {0};

	/* Not known whether it arrived: reconcile.c asks fwd. */
	if (sent == -EHOSTDOWN)
		return sent;
	if (sent < 0) {
		if (mg_generation_fail(d->store, n, why, s->who, &ignored) < 0)
			sk_log_err(LOG_ERR, "generation", &ignored);
		return sent;
	}
	return s->confirm ? mg_generation_trial(d->store, n, s->who, err)
			  : mg_generation_confirm(d->store, n, s->who, err);
}

int mg_gen_send(
	struct mg_daemon *d, const struct mg_gen_step *s, json_t **ret_end, struct sk_err *err)
{
	_cleanup_(fw_policy_freep) struct fw_policy *p = NULL;
	_cleanup_(sk_closep) int fd = -1;
	uint64_t n = 0, theirs = 0;
	struct sk_err why;
	int r;

	if ((r = check_ready(d, &theirs, err)) < 0 ||
		(r = mg_generation_next(d->store, &n, err)) < 0)
		return r;
	/* After a restored backup fwd may be ahead of us. */
	n = SK_MAX(n, theirs + 1);
	r = mg_gen_document(d, s->what, n, s->who->time, &p, &fd, err);
	if (r < 0)
		return r;
	r = mg_generation_create(d->store, p, s->what, s->kind, s->who, err);
	if (r < 0)
		return r;
	r = mg_daemon_fw_call(
		d, "policy.apply", json_pack("{s:i}", "confirm", s->confirm), fd, ret_end, err);
	if (err)
		why = *err;
	r = record_outcome(d, s, n, r, err ? &why : NULL, err);
	if (!r)
		mg_daemon_registry_changed(d);
	return r;
}
