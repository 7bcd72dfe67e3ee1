// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The feeds that come with the installation: those that are new are added as their definition says,
 * those that a newer version defines otherwise follow it. What people decided stays.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/feeds/definition.h"
#include "mgmt/mgmtd/lists_private.h"
#include "mgmt/store/audit.h"

#define DEFINITION_BYTES_MAX 65536

struct seeding {
	struct mg_daemon *d;
	struct mg_txn t;
	json_t *there; /* name: definition, null for one that is not ours to change */
	json_t *names; /* of those added or changed */
};

static int note_feed(const struct mg_feed *f, void *arg)
{
	json_t *ours = f->shipped && !f->removed ? f->definition : NULL;

	return ours ? json_object_set(arg, f->name, ours)
		    : json_object_set_new(arg, f->name, json_null());
}

static int change(struct seeding *s, const struct mg_feed_def *def, struct sk_err *err)
{
	struct mg_feed f;
	int r = mg_feed_get(s->d->store, def->name, &f, err);

	if (r < 0)
		return r;
	json_decref(f.definition);
	f.definition = json_incref(def->json);
	r = mg_feed_update(&s->t, &f, err);
	mg_feed_done(&f);
	return r;
}

static int add(struct seeding *s, const struct mg_feed_def *def, struct sk_err *err)
{
	struct mg_feed f = {.definition = def->json,
		.shipped = true,
		.enabled = def->enabled,
		.block = def->block,
		.added = sk_now()};

	snprintf(f.name, sizeof(f.name), "%s", def->name);
	snprintf(f.added_by, sizeof(f.added_by), "system");
	return mg_feed_add(&s->t, &f, err);
}

static int take(struct seeding *s, const char *path, struct sk_err *err)
{
	struct mg_feed_def def = {.json = NULL};
	const json_t *known;
	struct sk_buf b;
	int r;

	sk_buf_init(&b, DEFINITION_BYTES_MAX);
	r = sk_file_read(path, &b, err);
	if (r == 0)
		r = mg_feed_def_parse_text(&def, sk_buf_str(&b), b.len, err);
	sk_buf_done(&b);
	known = r == 0 ? json_object_get(s->there, def.name) : NULL;
	if (r == 0 && (!known || (json_is_object(known) && !json_equal(known, def.json)))) {
		r = s->t.open ? 0 : mg_txn_begin(&s->t, s->d->store, err);
		if (r == 0)
			r = known ? change(s, &def, err) : add(s, &def, err);
		if (r == 0)
			json_array_append_new(s->names, json_string(def.name));
	}
	mg_feed_def_done(&def);
	return r;
}

static int is_definition(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return e->d_name[0] != '.' && n > 5 && !strcmp(e->d_name + n - 5, ".json");
}

static int commit(struct seeding *s, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *after = json_pack("{sO}", "feeds", s->names);
	struct mg_audit_entry a;

	if (!s->t.open)
		return 0;
	mg_daemon_audit_system(s->d, "blocklist.seed", &a);
	a.target = "blocklists that come with Sekisho";
	a.after = after;
	a.result = "ok";
	return mg_txn_commit(&s->t, &a, err);
}

int mg_lists_seed(struct mg_daemon *d, struct sk_err *err)
{
	struct seeding s = {.d = d, .there = json_object(), .names = json_array()};
	struct dirent **all = NULL;
	int n = scandir(d->o.feeds_dir, &all, is_definition, alphasort);
	int r = mg_feed_each(d->store, true, note_feed, s.there, err);

	for (int i = 0; i < n; i++) {
		struct sk_err why = {0};
		char path[512];

		snprintf(path, sizeof(path), "%.250s/%.250s", d->o.feeds_dir, all[i]->d_name);
		/* One bad file must not keep the others away. */
		if (r == 0 && take(&s, path, &why) < 0) {
			sk_err_prefix(&why, "%s", all[i]->d_name);
			sk_log_err(LOG_ERR, "blocklist definition", &why);
		}
		free(all[i]);
	}
	free(all);
	if (r == 0)
		r = commit(&s, err);
	mg_txn_abort(&s.t);
	json_decref(s.there);
	json_decref(s.names);
	return r;
}
