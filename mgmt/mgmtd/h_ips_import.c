// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ips.rules.import: a rule set is taken in as files of a new version, each with a moment until
 * which its rules only report: what is new or changed has its trial, the rest acts as before.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/mgmtd/h_common.h"
#include "mgmt/mgmtd/inspect.h"
#include "mgmt/ruleset/split.h"
#include "mgmt/store/sets.h"

#define FILE_BYTES_MAX (256u << 20)

static const char *const configs[] = {
	"classification.config", "reference.config", "threshold.config"};

struct import {
	struct mg_call *c;
	struct mg_pack *pack;
	struct mg_known *known;
	struct mg_split split;
	struct mg_set set, before; /* before: in use until now; version 0 none */
	char folder[512];
	uint32_t gone[64]; /* versions whose files go */
	size_t n_gone;
};

/* ---- what is in use ---------------------------------------------------------------------------
 */
static int read_group(struct import *m, const json_t *f, struct sk_err *err)
{
	const char *name = json_string_value(json_object_get(f, "name"));
	const json_t *until = json_object_get(f, "monitor_until");
	char path[1024];
	struct sk_buf b;
	int r = mg_inspect_folder(m->c->d, m->before.version, m->folder, err);

	if (r < 0 || !until)
		return r;
	snprintf(path, sizeof(path), "%s/%s", m->folder, name);
	sk_buf_init(&b, FILE_BYTES_MAX);
	r = sk_file_read(path, &b, err);
	if (r == 0)
		r = mg_known_add(m->known, sk_buf_str(&b), b.len, json_integer_value(until));
	sk_buf_done(&b);
	return r;
}

static int read_known(struct import *m, struct sk_err *err)
{
	struct sk_err why = {0};
	int r = mg_set_get(mg_h_store(m->c), 0, &m->before, err);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	m->known = mg_known_new(m->before.rules);
	if (!m->known)
		return sk_err_nomem(err);
	for (size_t i = 0; r == 0 && i < json_array_size(m->before.files); i++)
		r = read_group(m, json_array_get(m->before.files, i), &why);
	if (r < 0) { /* a longer trial is the safe side */
		sk_log_err(
			LOG_WARNING, "the rule set in use cannot be read: all count as new", &why);
		mg_known_free(m->known);
		m->known = NULL;
	}
	return 0;
}

/* ---- files ------------------------------------------------------------------------------------
 */
static int write_file(
	struct import *m, const char *name, const void *p, size_t n, struct sk_err *err)
{
	char path[1024], *slash;
	mode_t before;
	int r = 0;

	if (snprintf(path, sizeof(path), "%s/%s", m->folder, name) >= (int)sizeof(path))
		return sk_err_en(err, -ENAMETOOLONG, name, "is too long");
	slash = strrchr(path, '/');
	*slash = '\0';
	/* The engine, whose group the folder has, reads it. */
	before = umask(0027);
	r = sk_mkdir_p(path, 0750, err);
	umask(before);
	*slash = '/';
	return r < 0 ? r : sk_file_replace(path, p, n, 0640, err);
}

static void note_file(
	struct import *m, const char *name, const void *p, size_t n, json_t *until, size_t rules)
{
	uint8_t sum[32];
	char hex[65];
	json_t *f;

	sk_sha256(sum, p, n);
	f = json_pack("{s:s, s:s, s:I}", "name", name, "sha256", sk_hex(hex, sum, sizeof(sum)),
		"rules", (json_int_t)rules);
	if (f && until)
		json_object_set_new(f, "monitor_until", until);
	json_array_append_new(m->set.files, f);
}

static int write_groups(struct import *m, struct sk_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < m->split.n; i++) {
		const struct mg_group *g = &m->split.groups[i];
		char name[64];

		snprintf(name, sizeof(name), "group-%zu.index", i);
		r = write_file(m, name, sk_buf_str(&g->index), g->index.len, err);
		snprintf(name, sizeof(name), "group-%zu.rules", i);
		if (r == 0)
			r = write_file(m, name, sk_buf_str(&g->rules), g->rules.len, err);
		note_file(m, name, sk_buf_str(&g->rules), g->rules.len,
			json_integer(g->monitor_until), g->n);
	}
	return r;
}

/* From the pack, else what the set in use has. */
static int write_config(struct import *m, const char *name, struct sk_err *err)
{
	size_t n;
	const struct mg_pack_file *f = mg_pack_files(m->pack, &n);
	char folder[512], path[1024];
	struct sk_buf b;
	int r;

	for (size_t i = 0; i < n; i++)
		if (mg_pack_is_named(&f[i], name)) {
			note_file(m, name, f[i].data, f[i].len, NULL, 0);
			return write_file(m, name, f[i].data, f[i].len, err);
		}
	if (!m->before.version || mg_inspect_folder(m->c->d, m->before.version, folder, NULL) < 0)
		return 0;
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	sk_buf_init(&b, FILE_BYTES_MAX);
	r = sk_file_read(path, &b, NULL);
	if (r == 0) {
		note_file(m, name, sk_buf_str(&b), b.len, NULL, 0);
		r = write_file(m, name, sk_buf_str(&b), b.len, err);
	}
	sk_buf_done(&b);
	return r == -ENOENT ? 0 : r;
}

/* Lists that rules name ("dataset: …, load FILE"), where the rules will look for them: relative to
 * the folder that the rules came from. */
static int write_lists(struct import *m, struct sk_err *err)
{
	size_t n, skip = 0;
	const struct mg_pack_file *f = mg_pack_files(m->pack, &n);
	int r = 0;

	for (size_t i = n; i-- > 0;)
		if (mg_pack_is_rules(&f[i], n)) {
			const char *slash = strrchr(f[i].name, '/');

			skip = slash ? (size_t)(slash + 1 - f[i].name) : 0;
		}
	for (size_t i = 0; r == 0 && i < n; i++) {
		bool config = false;

		for (size_t k = 0; k < SK_ARRAY_SIZE(configs); k++)
			config |= mg_pack_is_named(&f[i], configs[k]);
		if (config || mg_pack_is_rules(&f[i], n))
			continue;
		r = write_file(m,
			strncmp(f[i].name, f[0].name, skip) ? f[i].name : f[i].name + skip,
			f[i].data, f[i].len, err);
	}
	return r;
}

static int write_all(struct import *m, struct sk_err *err)
{
	int r = write_groups(m, err);

	for (size_t k = 0; r == 0 && k < SK_ARRAY_SIZE(configs); k++)
		r = write_config(m, configs[k], err);
	return r < 0 ? r : write_lists(m, err);
}

static int unlink_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return remove(path) < 0 ? -1 : 0;
}

static void remove_folder(struct mg_daemon *d, uint32_t version)
{
	char path[512];

	if (mg_inspect_folder(d, version, path, NULL) == 0)
		nftw(path, unlink_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* ---- the import -------------------------------------------------------------------------------
 */
static int gone(uint32_t version, void *arg)
{
	struct import *m = arg;

	if (m->n_gone < SK_ARRAY_SIZE(m->gone))
		m->gone[m->n_gone++] = version;
	return 0;
}

static int check_new(struct import *m, struct sk_err *err)
{
	struct mg_set known;
	int r;

	sk_hex(m->set.sha256, m->split.sha256, sizeof(m->split.sha256));
	r = mg_set_by_sha(mg_h_store(m->c), m->set.sha256, &known, err);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = sk_streq(known.state, "active")
		? sk_err_set(err, -EEXIST, "path", "is the same as rule set %u, which is in use",
			  "は使用中のシグネチャセット %u と同じ内容です", known.version)
		: sk_err_set(err, -EEXIST, "path",
			  "is the same as rule set %1$u: to use it again, ips rules restore %1$u",
			  "は保存済みの版 %1$u と同じ内容です。使用するには ips rules restore %1$u",
			  known.version);
	mg_set_done(&known);
	return r;
}

static int store(struct import *m, struct sk_err *err)
{
	struct mg_txn t = {0};
	char target[48];
	int r = mg_txn_begin(&t, mg_h_store(m->c), err);

	if (r == 0)
		r = mg_set_next(mg_h_store(m->c), &m->set.version, err);
	if (r == 0)
		r = mg_inspect_folder(m->c->d, m->set.version, m->folder, err);
	if (r == 0) /* what a crash may have left there */
		remove_folder(m->c->d, m->set.version);
	if (r == 0 && !m->c->dry_run)
		r = write_all(m, err);
	if (r == 0)
		r = mg_set_insert(&t, &m->set, err);
	if (r == 0)
		r = mg_set_prune(&t, gone, m, err);
	snprintf(target, sizeof(target), "rule set %u", m->set.version);
	if (r == 0)
		r = mg_h_commit(m->c, &t, target,
			m->before.version ? mg_set_to_json(&m->before) : NULL,
			mg_set_to_json(&m->set), err);
	mg_txn_abort(&t);
	if (r < 0 && m->set.version)
		remove_folder(m->c->d, m->set.version);
	for (size_t i = 0; r == 0 && !m->c->dry_run && i < m->n_gone; i++)
		remove_folder(m->c->d, m->gone[i]);
	return r;
}

static int take(struct import *m, struct sk_err *err)
{
	const char *name = NULL, *base;
	const void *p;
	size_t n;
	int days = (int)mg_setting_int(mg_h_store(m->c), "ips.trial_days");
	int r = mg_arg_file(m->c, "path", &p, &n, &name, err);

	if (r == 0)
		r = mg_pack_open(&m->pack, name, p, n, err);
	if (r == 0)
		r = read_known(m, err);
	m->set.trial_until = days ? sk_day_add(m->c->now, days) : 0;
	if (r == 0)
		r = mg_split_make(&m->split, m->pack, m->known, m->c->now, m->set.trial_until, err);
	if (r < 0)
		return r;
	base = strrchr(name, '/');
	snprintf(m->set.name, sizeof(m->set.name), "%.127s", base && base[1] ? base + 1 : name);
	snprintf(m->set.imported_by, sizeof(m->set.imported_by), "%s", m->c->who.name);
	m->set.imported_at = m->c->now;
	m->set.rules = (uint32_t)m->split.rules;
	m->set.fresh = (uint32_t)m->split.fresh;
	if (!m->split.fresh)
		m->set.trial_until = 0;
	m->set.files = json_array();
	return check_new(m, err);
}

int mg_h_ips_rules_import(struct mg_call *c, struct sk_err *err)
{
	struct import *m = calloc(1, sizeof(*m));
	char until[16];
	int r;

	if (!m)
		return sk_err_nomem(err);
	m->c = c;
	r = take(m, err);
	if (r == 0)
		r = store(m, err);
	if (r == 0)
		r = mg_reply_record(c, mg_set_to_json(&m->set));
	if (r == 0 && m->set.trial_until)
		r = mg_reply_note(c,
			"%u new or changed signatures only report until %s (see: ips trial)",
			"新規・変更されたシグネチャ %u 件は %s まで検知のみです (ips trial で確認)",
			m->set.fresh, sk_date_format(m->set.trial_until, until, sizeof(until)));
	if (r == 0 && !c->dry_run)
		r = mg_reply_note(c, "they are being loaded: see ips status and ips rules refused",
			"読み込み中です。結果は ips status と ips rules refused "
			"で確認してください");
	mg_split_done(&m->split);
	mg_known_free(m->known);
	mg_pack_free(m->pack);
	mg_set_done(&m->set);
	mg_set_done(&m->before);
	free(m);
	return r;
}
