/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The manager's requests. It has checked who asks; what it passes on is checked here all the same.
 * A passphrase or key comes in a sealed memfd and is wiped from memory afterwards.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/util.h"
#include "mgmt/backup/run/run.h"

#define SECRET_MAX 8192

void mg_bk_progress(struct mg_bk_tell *t, const struct sk_text *step)
{
	if (t && t->s)
		sk_oneshot_progress(t->s, t->done, t->total, step);
}

/* ---- arguments --------------------------------------------------------------------------------
 */
struct job {
	const struct mg_bk_opts *o;
	const struct sk_oneshot_request *q;
	struct mg_bk_tell t;
	struct sk_buf secret; /* as it came */
	struct mg_bk_secret s;
	char place[MG_BK_PATH], path[MG_BK_PATH + 256];
};

static int read_secret(struct job *j, bool required, struct sk_err *err)
{
	const char *kind = "";
	int r = sk_json_str(j->q->args, "secret", false, &kind, err);

	if (r < 0)
		return r;
	sk_buf_init(&j->secret, SECRET_MAX);
	if (j->q->memfd >= 0)
		r = sk_fd_read(j->q->memfd, &j->secret, err);
	else if (required)
		r = sk_err_set(err, -ENOKEY, NULL,
			"give the key file (--key) or the passphrase (--passphrase)",
			"鍵ファイル (--key) かパスフレーズ (--passphrase) を指定してください");
	j->s = (struct mg_bk_secret){.text = sk_buf_str(&j->secret),
		.len = j->secret.len,
		.is_key = strcmp(kind, "key") == 0};
	/* A passphrase typed or written to a file ends with its line. */
	while (!j->s.is_key && j->s.len &&
		(j->s.text[j->s.len - 1] == '\n' || j->s.text[j->s.len - 1] == '\r'))
		j->s.len--;
	return r;
}

/* "name" in "place", or a path. */
static int find_backup(struct job *j, struct sk_err *err)
{
	const char *name = NULL, *place = NULL;
	int r = sk_json_str(j->q->args, "name", true, &name, err);

	if (r == 0)
		r = sk_json_str(j->q->args, "place", false, &place, err);
	if (r == 0 && name[0] == '/' && strlen(name) < MG_BK_PATH) {
		snprintf(j->path, sizeof(j->path), "%s", name);
		return 0;
	}
	if (r == 0 && (!mg_bk_name_ok(name) || strchr(name, '/')))
		r = sk_err_set(err, -EINVAL, "name",
			"is neither a name from `backup list` nor an "
			"absolute path",
			"は backup list の名前か絶対パスで指定してください");
	if (r == 0)
		r = mg_bk_place(j->o, place, j->place, err);
	if (r == 0)
		snprintf(j->path, sizeof(j->path), "%s/%.200s", j->place, name);
	return r;
}

/* ---- operations -------------------------------------------------------------------------------
 */
static int read_public(const json_t *args, struct mg_bk_plan *p, struct sk_err *err)
{
	const char *text = NULL;
	struct mg_bk_keyfile k;
	int r = sk_json_str(args, "public", false, &text, err);

	if (r < 0 || !text || !text[0])
		return r;
	r = mg_bk_key_parse(text, strlen(text), &k, err);
	if (r < 0)
		return r;
	memcpy(p->pub, k.pub, sizeof(p->pub));
	p->has_pub = true;
	sodium_memzero(&k, sizeof(k));
	return 0;
}

static int create(struct job *j, json_t **ret, struct sk_err *err)
{
	struct mg_bk_plan p = {.now = sk_now(), .label = "manual"};
	const char *place = NULL;
	bool events = false, lists = false, automatic = false;
	int64_t keep = 0;
	int r = sk_json_str(j->q->args, "place", false, &place, err);

	if (r == 0)
		r = sk_json_str(j->q->args, "site", false, &p.site, err);
	if (r == 0)
		r = sk_json_bool(j->q->args, "events", false, &events, err);
	if (r == 0)
		r = sk_json_bool(j->q->args, "lists", false, &lists, err);
	if (r == 0)
		r = sk_json_bool(j->q->args, "automatic", false, &automatic, err);
	if (r == 0)
		r = sk_json_int(j->q->args, "keep", false, &keep, err);
	if (r == 0)
		r = read_public(j->q->args, &p, err);
	if (r == 0)
		r = read_secret(j, false, err);
	if (r == 0)
		r = mg_bk_place(j->o, place, p.place, err);
	if (r < 0)
		return r;
	p.with = (events ? MG_BK_EVENTS : 0) | (lists ? MG_BK_LISTS : 0);
	p.keep = keep > 0 && keep < 10000 ? (unsigned)keep : 0;
	p.label = automatic ? "automatic" : "manual";
	p.pass = j->q->memfd >= 0 ? j->s.text : NULL;
	p.pass_len = j->s.len;
	return mg_bk_create(j->o, &p, &j->t, ret, err);
}

static int list(struct job *j, json_t **ret, struct sk_err *err)
{
	const char *place = NULL;
	json_t *rows = NULL;
	struct statvfs fs;
	int r = sk_json_str(j->q->args, "place", false, &place, err);

	if (r == 0)
		r = mg_bk_place(j->o, place, j->place, err);
	if (r == 0)
		r = mg_bk_list(j->place, &rows, err);
	if (r < 0)
		return r;
	/* One END holds them all: more than it can hold are of no use to people either. */
	while (json_array_size(rows) > 300)
		json_array_remove(rows, json_array_size(rows) - 1);
	*ret = json_pack("{s:s, s:o}", "place", j->place, "rows", rows);
	if (*ret && statvfs(j->place, &fs) == 0)
		json_object_set_new(*ret, "free",
			json_integer((json_int_t)((uint64_t)fs.f_bavail * fs.f_frsize)));
	return *ret ? 0 : sk_err_nomem(err);
}

static int verify(struct job *j, json_t **ret, struct sk_err *err)
{
	static const char *const keys[] = {
		"created", "product", "site", "bytes", "content", "audit", "policy", NULL};
	_cleanup_(sk_json_decrefp) json_t *m = NULL;
	const uint64_t began = sk_mono_us();
	int r = mg_bk_read(j->path, &j->s, NULL, NULL, &j->t, &m, err);

	if (r < 0)
		return r;
	*ret = json_pack("{s:O, s:I}", "files", json_object_get(m, "n_files"), "took_ms",
		(json_int_t)((sk_mono_us() - began) / 1000));
	for (size_t i = 0; *ret && keys[i]; i++)
		if (json_object_get(m, keys[i]))
			json_object_set(*ret, keys[i], json_object_get(m, keys[i]));
	return *ret ? 0 : sk_err_nomem(err);
}

static int run(struct job *j, json_t **ret, struct sk_err *err)
{
	const char *op = j->q->op, *who = "console";
	bool any = false;
	int r;

	if (strcmp(op, "backup.create") == 0)
		return create(j, ret, err);
	if (strcmp(op, "backup.list") == 0)
		return list(j, ret, err);
	if (strcmp(op, "backup.verify") != 0 && strcmp(op, "backup.drill") != 0 &&
		strcmp(op, "backup.restore") != 0)
		return sk_oneshot_unknown(err);
	r = find_backup(j, err);
	if (r == 0)
		r = read_secret(j, true, err);
	if (r == 0)
		r = sk_json_str(j->q->args, "who", false, &who, err);
	if (r == 0)
		r = sk_json_bool(j->q->args, "any", false, &any, err);
	if (r < 0)
		return r;
	if (strcmp(op, "backup.verify") == 0)
		return verify(j, ret, err);
	if (strcmp(op, "backup.drill") == 0)
		return mg_bk_drill(j->o, j->path, &j->s, &j->t, ret, err);
	return mg_bk_restore(j->o, j->path, &j->s, who, any, &j->t, ret, err);
}

int mg_bk_handle(struct sk_oneshot *s, const struct sk_oneshot_request *q, json_t **extra,
	void *arg, struct sk_err *err)
{
	struct job *j = calloc(1, sizeof(*j));
	int r;

	if (!j)
		return sk_err_nomem(err);
	*j = (struct job){.o = arg, .q = q, .t = {.s = s}};
	r = run(j, extra, err);
	if (j->secret.data)
		sodium_memzero(j->secret.data, j->secret.cap);
	sk_buf_done(&j->secret);
	free(j);
	return r;
}
