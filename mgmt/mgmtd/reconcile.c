// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * After a crash, a restart, a rollback fwd did on its own: compare what fwd runs with what the
 * registry believes, and finish whatever was interrupted. fwd's answer is the truth about the
 * kernel, the registry the truth about what was approved.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/mgmtd/generation.h"
#include "mgmt/mgmtd/private.h"

#define LOOK_BACK 64 /* generations */

struct theirs {
	const char *state;
	uint64_t running, confirmed;
	const char *sha256; /* of the confirmed one */
};

static void read_status(const json_t *status, struct theirs *t)
{
	const json_t *c = json_object_get(status, "confirmed");

	t->state = json_string_value(json_object_get(status, "state"));
	t->state = t->state ? t->state : "none";
	t->running = (uint64_t)json_integer_value(json_object_get(status, "generation"));
	t->confirmed = (uint64_t)json_integer_value(json_object_get(c, "generation"));
	t->sha256 = json_string_value(json_object_get(c, "sha256"));
	t->sha256 = t->sha256 ? t->sha256 : "";
}

struct open_list {
	struct mg_generation v[LOOK_BACK];
	size_t n;
};

static int collect(const struct mg_generation *g, void *arg)
{
	struct open_list *l = arg;

	if (l->n < LOOK_BACK)
		l->v[l->n++] = *g;
	return 0;
}

/* One generation of ours against fwd's state. */
static int settle(struct mg_daemon *d, const struct mg_generation *g, const struct theirs *t,
	const struct mg_audit_entry *who, struct sk_err *err)
{
	bool open = g->state == MG_GEN_SENT || g->state == MG_GEN_TRIAL;
	int r;

	if (g->generation == t->confirmed && !strcmp(g->sha256, t->sha256)) {
		if (g->state == MG_GEN_CONFIRMED)
			return 0;
		sk_log(LOG_NOTICE, "generation %" PRIu64 " is confirmed in fwd", g->generation);
		r = mg_generation_confirm(d->store, g->generation, who, err);
		return r == -ESTALE ? 0 : r;
	}
	if (!open)
		return 0;
	if (!strcmp(t->state, "confirming") && g->generation == t->running)
		return g->state == MG_GEN_SENT
			? mg_generation_trial(d->store, g->generation, who, err)
			: 0;
	sk_log(LOG_NOTICE, "generation %" PRIu64 " was not kept by fwd", g->generation);
	return mg_generation_rollback(d->store, g->generation, who, err);
}

/* Does fwd run something else than what the registry has confirmed? */
static bool differs(struct mg_daemon *d, const struct theirs *t)
{
	struct mg_generation g;

	if (mg_generation_latest(d->store, MG_GEN_CONFIRMED, &g, NULL) < 0)
		return false; /* a new registry has nothing to say */
	if (!strcmp(t->state, "none"))
		return true;
	return g.generation != t->confirmed || strcmp(g.sha256, t->sha256) != 0;
}

/* Was a rule suspended, or did one expire, and mgmtd die before it told fwd? */
static bool stale(struct mg_daemon *d, const struct theirs *t)
{
	struct sk_err err = {0};
	bool found = false;

	if (mg_generation_stale(d->store, t->confirmed, &found, &err) < 0)
		sk_log_err(LOG_ERR, "generation", &err);
	return found;
}

int mg_reconcile(struct mg_daemon *d, const json_t *status, struct sk_err *err)
{
	struct mg_audit_entry who;
	struct mg_gen_step step = {.what = MG_BUILD_ACTIVE, .kind = "restore", .who = &who};
	struct open_list *list = calloc(1, sizeof(*list));
	struct theirs t;
	int r;

	if (!list)
		return sk_err_nomem(err);
	read_status(status, &t);
	mg_daemon_audit_system(d, "policy.reconcile", &who);
	r = mg_generation_each(d->store, LOOK_BACK, collect, list, err);
	/* Oldest first, so that the newest confirmation comes last. */
	for (size_t i = list->n; !r && i-- > 0;)
		r = settle(d, &list->v[i], &t, &who, err);
	free(list);
	if (r < 0)
		return r;
	mg_daemon_registry_changed(d);
	if (!strcmp(t.state, "confirming"))
		return 0;
	if (differs(d, &t)) {
		sk_log(LOG_WARNING, "fwd does not run the confirmed policy: loading it again");
		return mg_gen_send(d, &step, NULL, err);
	}
	if (d->tighten || stale(d, &t))
		r = mg_daemon_tighten(d, err);
	return SK_MIN(r, 0);
}

int mg_reconcile_now(struct mg_daemon *d, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *status = NULL;
	int r = mg_daemon_fw_call(d, "status", NULL, -1, &status, err);

	return r < 0 ? r : mg_reconcile(d, status, err);
}
