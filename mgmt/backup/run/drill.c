/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A backup tried out: restored into a scratch folder, its registry opened as the manager would, the
 * audit chain verified, the policy document built and held against the one that was in force.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "fw/policy/policy.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/backup/run/run.h"
#include "mgmt/store/audit.h"
#include "mgmt/store/generations.h"

static int open_store(struct mg_store **s, const char *dir, struct sk_err *err)
{
	char db[MG_BK_PATH + 32], key[MG_BK_PATH + 32], anchor[MG_BK_PATH + 32];
	const struct mg_store_paths paths = {db, key, anchor};

	snprintf(db, sizeof(db), "%s/mgmtd/registry.db", dir);
	snprintf(key, sizeof(key), "%s/mgmtd/audit.key", dir);
	snprintf(anchor, sizeof(anchor), "%s/mgmtd/audit.anchor", dir);
	if (access(db, F_OK) < 0 || access(key, F_OK) < 0)
		return sk_err_set(err, -EBADMSG, NULL, "there is no registry in the backup",
			"バックアップに台帳が含まれていません");
	return mg_store_open(s, &paths, err);
}

static int try_audit(struct mg_store *s, json_t *v, struct sk_err *err)
{
	struct mg_audit_report rep = {0};
	int r = mg_audit_verify(s, &rep, err);

	if (r == 0) {
		json_object_set_new(v, "audit_rows", json_integer(rep.rows));
		json_object_set_new(v, "audit_faults", json_integer((json_int_t)rep.n));
		json_object_set_new(v, "audit_head", json_string(rep.head));
	}
	mg_audit_report_done(&rep);
	return r;
}

/* The document that fwd had confirmed, whose rules had not expired then; NULL without one. */
static struct fw_policy *confirmed(const char *path, int64_t then)
{
	struct fw_policy *p = NULL;
	size_t expired = 0;
	struct sk_buf b;

	sk_buf_init(&b, FW_POLICY_BYTES_MAX);
	if (sk_file_read(path, &b, NULL) < 0 ||
		fw_policy_parse(b.data, b.len, FW_POLICY_BOOT, then, &p, &expired, NULL) < 0)
		p = NULL;
	sk_buf_done(&b);
	return p;
}

/*
 * The hash of everything that decides about packets. A rule that was sent as approved is active
 * since it was confirmed: that alone is no difference.
 */
static int content_hash(
	struct fw_policy *p, const struct mg_generation *g, char dst[65], struct sk_err *err)
{
	struct sk_buf b;
	int r;

	for (size_t i = 0; i < p->n_rules; i++)
		p->rules[i].rec.state = FW_ACTIVE;
	p->generation = g->generation;
	p->created = g->created;
	sk_buf_init(&b, FW_POLICY_BYTES_MAX);
	r = fw_policy_encode(p, &b, err);
	sk_buf_done(&b);
	snprintf(dst, 65, "%s", p->sha256);
	return r;
}

static int compare(struct mg_store *s, const struct mg_generation *g, struct fw_policy *was,
	json_t *v, struct sk_err *err)
{
	struct fw_policy *built = NULL;
	char theirs[65] = "", ours[65] = "";
	const bool sent = sk_streq(was->sha256, g->sha256);
	int r = mg_store_build_policy(s, MG_BUILD_ACTIVE, g->generation, g->created, &built, err);

	if (r == 0)
		r = content_hash(built, g, ours, err);
	if (r == 0)
		r = content_hash(was, g, theirs, err);
	if (r == 0)
		json_object_set_new(v, "policy",
			json_string(sent && strcmp(ours, theirs) == 0 ? "same" : "differs"));
	fw_policy_free(built);
	return r;
}

static int try_policy(struct mg_store *s, const char *dir, json_t *v, struct sk_err *err)
{
	struct mg_generation g;
	struct fw_policy *was = NULL;
	char path[MG_BK_PATH + 32];
	int r = mg_generation_latest(s, MG_GEN_CONFIRMED, &g, err);

	if (r == -ENOENT) {
		json_object_set_new(v, "policy", json_string("none"));
		return 0;
	}
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "%s/fwd/confirmed", dir);
	was = confirmed(path, g.created);
	json_object_set_new(v, "generation", json_integer((json_int_t)g.generation));
	json_object_set_new(v, "policy_sha256", json_string(g.sha256));
	if (was) {
		json_object_set_new(v, "rules", json_integer((json_int_t)was->n_rules));
		r = compare(s, &g, was, v, err);
	} else {
		json_object_set_new(v, "policy", json_string("differs"));
	}
	fw_policy_free(was);
	return r;
}

int mg_bk_try(const char *dir, const json_t *manifest, json_t *v, struct sk_err *err)
{
	struct mg_store *s = NULL;
	int r = open_store(&s, dir, err);

	if (r == 0)
		r = try_audit(s, v, err);
	if (r == 0)
		r = try_policy(s, dir, v, err);
	mg_store_close(s);
	if (r == 0) {
		static const char *const keys[] = {"created", "product", "site", "bytes", NULL};

		for (size_t i = 0; keys[i]; i++)
			if (json_object_get(manifest, keys[i]))
				json_object_set(v, keys[i], json_object_get(manifest, keys[i]));
		json_object_set(v, "files", json_object_get(manifest, "n_files"));
	}
	return r;
}

int mg_bk_drill(const struct mg_bk_opts *o, const char *path, const struct mg_bk_secret *s,
	struct mg_bk_tell *t, json_t **ret, struct sk_err *err)
{
	const uint64_t began = sk_mono_us();
	_cleanup_(sk_json_decrefp) json_t *manifest = NULL;
	struct mg_bk_entries entries = {0};
	char scratch[MG_BK_PATH], path_now[MG_BK_PATH + 32];
	struct fw_policy *now;
	json_t *v = json_object();
	_cleanup_(sk_closep) int lock = mg_bk_lock(o, true, err);
	int r = lock < 0 ? lock : v ? 0 : sk_err_nomem(err);

	snprintf(scratch, sizeof(scratch), "%.900s/.drill-XXXXXX", o->backup_dir);
	if (r == 0 && !mkdtemp(scratch))
		r = mg_bk_fail(err, o->backup_dir);
	else if (r == 0) {
		r = mg_bk_read(path, s, scratch, &entries, t, &manifest, err);
		if (r == 0)
			r = mg_bk_try(scratch, manifest, v, err);
		mg_bk_remove_tree(scratch);
	}
	free(entries.v);
	if (r < 0) {
		json_decref(v);
		return r;
	}
	/* Has the policy changed since? No fault of the backup, but good to know. */
	snprintf(path_now, sizeof(path_now), "%s/fwd/confirmed", o->state_dir);
	now = confirmed(path_now, sk_now());
	if (now)
		json_object_set_new(v, "in_force",
			json_string(sk_streq(now->sha256,
					    json_string_value(json_object_get(v, "policy_sha256")))
					? "same"
					: "changed-since"));
	fw_policy_free(now);
	json_object_set_new(
		v, "took_ms", json_integer((json_int_t)((sk_mono_us() - began) / 1000)));
	*ret = v;
	return 0;
}
