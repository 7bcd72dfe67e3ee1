// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who read which log (guideline No.53): a row of the audit log for each question, written before it
 * is answered. The same question within the same minute is one row, so that a page that refreshes
 * itself fills nothing; beyond ACCESS_PER_MINUTE different ones a person waits.
 */
#include <errno.h>
#include <string.h>

#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/mgmtd/private.h"
#include "mgmt/store/audit.h"

#define ACCESS_PER_MINUTE 60

/* The first eight bytes of the hash of a text. */
static uint64_t digest(const char *text)
{
	uint8_t hash[32];
	uint64_t v;

	sk_sha256(hash, text, strlen(text));
	memcpy(&v, hash, sizeof(v));
	return v;
}

static bool seen(const struct mg_daemon *d, const struct mg_access *now, unsigned *ret_asked)
{
	unsigned n = 0;

	for (size_t i = 0; i < MG_ACCESSES; i++) {
		const struct mg_access *a = &d->accesses[i];

		if (a->minute != now->minute || a->who != now->who)
			continue;
		if (a->what == now->what)
			return true;
		n++;
	}
	*ret_asked = n;
	return false;
}

static int write_row(struct mg_call *c, struct sk_err *err)
{
	const struct mg_audit_entry a = {.time = c->now,
		.account = c->who.name,
		.uid = c->uid,
		.pid = c->pid,
		.op = c->cmd->op,
		.target = "",
		.after = c->args,
		.result = "ok"};
	struct mg_txn t;
	int r = mg_txn_begin(&t, c->d->store, err);

	return r < 0 ? r : mg_txn_commit(&t, &a, err);
}

int mg_access_record(struct mg_call *c, struct sk_err *err)
{
	struct mg_daemon *d = c->d;
	char *args = json_dumps(c->args, JSON_COMPACT | JSON_SORT_KEYS);
	struct mg_access now = {.minute = (uint64_t)c->now / 60, .who = digest(c->who.name)};
	struct sk_err why = {0};
	unsigned asked = 0;
	char *what = NULL;

	if (!args || asprintf(&what, "%s %s", c->cmd->op, args) < 0) {
		free(args);
		return sk_err_nomem(err);
	}
	now.what = digest(what);
	free(what);
	free(args);
	if (seen(d, &now, &asked))
		return 0;
	if (asked >= ACCESS_PER_MINUTE)
		return sk_err_set(err, -EBUSY, NULL,
			"more than %d questions about logs in a minute; wait a little",
			"ログの参照が 1 分間に %d 回を超えました。少し待って再度実行してください",
			ACCESS_PER_MINUTE);
	d->accesses[d->n_accesses++ % MG_ACCESSES] = now;
	/* A full disk must not blind the people who look into it: the journal has it then. */
	if (write_row(c, &why) < 0) {
		sk_log(LOG_WARNING, "%s reads %s", c->who.name, c->cmd->op);
		sk_log_err(LOG_ERR, "audit", &why);
	}
	return 0;
}
