/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The operations of sekisho-update: status, check, apply, rollback, settle. Nothing is written into
 * a slot before signature, machine and version were found right.
 */
#include <errno.h>
#include <string.h>
#include <syslog.h>

#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/update/run/run.h"

#if defined(__aarch64__)
#define COMPATIBLE "sekisho-arm64"
#else
#define COMPATIBLE "sekisho-amd64"
#endif
#define PENDING "pending.json"
#define LAST "last.json"
#define START "start.json"

struct request {
	const struct mg_run_opts *o;
	struct sk_oneshot *s;
	const json_t *args;
	struct mg_system sys;
	struct mg_rauc *rauc;
	json_t *answer;
};

static const char *str(const json_t *v, const char *key)
{
	const char *s = json_string_value(json_object_get(v, key));

	return s ? s : "";
}

static void set(json_t *v, const char *key, const char *text)
{
	if (text && text[0])
		json_object_set_new(v, key, json_string(text));
}

static int no_slots(struct sk_err *err)
{
	return sk_err_set(err, -ENOTSUP, NULL,
		"this machine is not the gateway's image and has no second slot: update the Debian "
		"package instead (apt install ./sekisho_*.deb)",
		"本装置はゲートウェイ用イメージではなく、予備のスロットがありません。Debian "
		"パッケージを更新してください (apt install ./sekisho_*.deb)");
}

static void installed_name(const char *slot, char dst[32])
{
	snprintf(dst, 32, "installed-%.8s.json", slot);
}

/* ---- this start ----
 */
/* The first thing anybody asks since the start: later the loader may prefer another slot. */
static void judge_start(const struct request *q)
{
	const char *dir = q->o->state_dir;
	_cleanup_(sk_json_decrefp) json_t *note = mg_state_load(dir, START),
					  *pending = mg_state_load(dir, PENDING),
					  *last = mg_state_load(dir, LAST),
					  *health = mg_state_load(q->o->health_dir, "last.json");
	const struct mg_start_facts f = {.note = note,
		.pending = pending,
		.last = last,
		.health = health,
		.first = q->sys.first,
		.slot = q->sys.slot,
		.boot_id = q->sys.boot_id,
		.now = sk_now()};
	json_t *v = mg_update_start(&f);
	struct sk_err err = {0};

	if (v && mg_state_save(dir, START, v, &err) < 0)
		sk_log_err(LOG_ERR, START, &err);
	json_decref(v);
}

/* Only of this start: what an earlier one noted says nothing where nobody can judge. */
static json_t *start_missed(const struct request *q, json_t **ret_note)
{
	json_t *note = mg_state_load(q->o->state_dir, START);

	*ret_note = note;
	return sk_streq(str(note, "boot_id"), q->sys.boot_id) ? json_object_get(note, "missed")
							      : NULL;
}

/* ---- status ----
 */
/* Who signed what is in a slot: noted when it was installed, if it still is that. */
static void add_signer(struct request *q, json_t *row)
{
	char name[32];
	json_t *v;

	installed_name(str(row, "slot"), name);
	v = mg_state_load(q->o->state_dir, name);
	if (v && sk_streq(str(v, "root_sha256"), str(row, "root_sha256"))) {
		set(row, "signer", str(v, "signer"));
		set(row, "signer_sha256", str(v, "signer_sha256"));
	}
	json_decref(v);
}

static bool is_booted(const struct request *q, const json_t *row)
{
	return sk_streq(str(row, "slot"), q->sys.slot);
}

static int add_slots(struct request *q, struct sk_err *err)
{
	json_t *slots = NULL, *row;
	size_t i;
	int r = mg_rauc_open(&q->rauc, err);

	if (r == 0)
		r = mg_rauc_slots(q->rauc, &slots, err);
	if (r < 0)
		return r;
	json_array_foreach (slots, i, row) {
		/* What was not written by RAUC has no version there. */
		if (is_booted(q, row)) {
			set(row, "version", q->sys.version);
			set(row, "hash", q->sys.hash);
		}
		add_signer(q, row);
	}
	json_object_set_new(q->answer, "slots", slots);
	return 0;
}

/* Why the slot was given up, where the health of this start has come after it: of this try alone.
 */
static json_t *why_returned(struct request *q, const json_t *pending)
{
	json_t *v = mg_state_load(q->o->health_dir, "returned.json");

	if (v && sk_streq(str(v, "slot"), str(pending, "slot")) &&
		sk_streq(str(v, "version"), str(pending, "version")) &&
		json_integer_value(json_object_get(v, "time")) >=
			json_integer_value(json_object_get(pending, "time")))
		return v;
	json_decref(v);
	return NULL;
}

static enum mg_outcome add_outcome(struct request *q)
{
	json_t *pending = mg_state_load(q->o->state_dir, PENDING);
	json_t *health = mg_state_load(q->o->health_dir, "last.json");
	const struct mg_outcome_facts f = {
		pending, health, q->sys.slot, q->sys.boot_id, q->sys.hash};
	const enum mg_outcome o = mg_update_outcome(&f);

	set(q->answer, "outcome", mg_outcome_name(o));
	if (o == MG_OUTCOME_RETURNED && !sk_streq(str(health, "slot"), str(pending, "slot"))) {
		json_t *why = why_returned(q, pending);

		if (why) {
			json_decref(health);
			health = why;
		}
	}
	if (pending)
		json_object_set(q->answer, "pending", pending);
	if (health)
		json_object_set(q->answer, "health", health);
	json_decref(pending);
	json_decref(health);
	return o;
}

static int op_status(struct request *q, struct sk_err *err)
{
	struct sk_err why = {0};
	json_t *last = mg_state_load(q->o->state_dir, LAST), *note, *missed;

	if (last)
		json_object_set_new(q->answer, "last", last);
	set(q->answer, "version", q->sys.version);
	set(q->answer, "slot", q->sys.slot);
	set(q->answer, "hash", q->sys.hash);
	set(q->answer, "os_version", q->sys.os_version);
	json_object_set_new(q->answer, "image", json_boolean(q->sys.slot[0]));
	add_outcome(q);
	if ((missed = start_missed(q, &note)))
		json_object_set(q->answer, "missed", missed);
	json_decref(note);
	if (q->sys.slot[0] && add_slots(q, &why) < 0) {
		set(q->answer, "slots_en", why.en);
		set(q->answer, "slots_ja", why.ja);
	}
	return 0;
}

/* ---- check ----
 */
static int source_of(const struct request *q, const char **ret, struct sk_err *err)
{
	*ret = NULL;
	return sk_json_str(q->args, "url", true, ret, err);
}

static int compatible_of(struct request *q, char dst[64], struct sk_err *err)
{
	int r;

	snprintf(dst, 64, "%s", COMPATIBLE);
	if (!q->sys.slot[0])
		return 0;
	r = q->rauc ? 0 : mg_rauc_open(&q->rauc, err);
	return r < 0 ? r : mg_rauc_compatible(q->rauc, dst, 64, err);
}

static void add_release(
	struct request *q, const struct mg_release *rel, const struct mg_signer *signer)
{
	set(q->answer, "available", rel->version);
	set(q->answer, "running", q->sys.version);
	json_object_set_new(q->answer, "newer",
		json_boolean(mg_version_order(rel->version, q->sys.version) > 0));
	json_object_set_new(q->answer, "security", json_boolean(rel->security));
	json_object_set_new(q->answer, "size", json_integer(rel->size));
	if (rel->published)
		json_object_set_new(q->answer, "published", json_integer(rel->published));
	if (rel->expires)
		json_object_set_new(q->answer, "expires", json_integer(rel->expires));
	json_object_set_new(
		q->answer, "expired", json_boolean(rel->expires && rel->expires < sk_now()));
	set(q->answer, "notes_en", rel->en);
	set(q->answer, "notes_ja", rel->ja);
	set(q->answer, "signer", signer->name);
}

static int get_release(
	struct request *q, const char *url, struct mg_release *rel, struct sk_err *err)
{
	struct mg_signer signer = {0};
	char compatible[64];
	int r = compatible_of(q, compatible, err);

	if (r == 0)
		r = mg_get_index(q->o, url, compatible, rel, &signer, err);
	if (r == 0)
		add_release(q, rel, &signer);
	return r;
}

static int op_check(struct request *q, struct sk_err *err)
{
	struct mg_release *rel = calloc(1, sizeof(*rel));
	const char *url;
	int r = rel ? source_of(q, &url, err) : sk_err_nomem(err);

	if (r == 0)
		r = get_release(q, url, rel, err);
	free(rel);
	return r;
}

/* ---- apply ----
 */
struct plan {
	const char *url, *file; /* one of them */
	bool downgrade;
	char compatible[64];
	struct mg_release rel;
	struct mg_manifest manifest;
	struct mg_signer signer;
};

static int allowed(const struct request *q, const struct plan *p, const char *version,
	const char *compatible, struct sk_err *err)
{
	const struct mg_offer o = {.version = version,
		.compatible = compatible,
		.running = q->sys.version,
		.running_compatible = p->compatible,
		.downgrade = p->downgrade};

	return mg_update_allowed(&o, err);
}

static int bring(struct request *q, struct plan *p, struct sk_err *err)
{
	int r;

	if (p->file)
		return mg_get_local(q->o, q->s, p->file, err);
	r = get_release(q, p->url, &p->rel, err);
	/* Before anything large is fetched. */
	if (r == 0)
		r = allowed(q, p, p->rel.version, p->compatible, err);
	return r < 0 ? r : mg_get_bundle(q->o, q->s, p->url, &p->rel, err);
}

static int look(struct request *q, struct plan *p, struct sk_err *err)
{
	int r = mg_get_inspect(q->o, &p->manifest, &p->signer, err);

	if (r == 0)
		r = allowed(q, p, p->manifest.version, p->manifest.compatible, err);
	if (r == 0 && p->url && strcmp(p->manifest.version, p->rel.version) != 0)
		r = sk_err_set(err, -EBADMSG, "version",
			"the bundle holds version %s, the index says %s",
			"更新用ファイルの版 (%s) が更新情報 (%s) と異なります", p->manifest.version,
			p->rel.version);
	return r;
}

static const char *other(const struct request *q)
{
	return q->sys.slot[0] == 'A' ? "B" : "A";
}

static int note_pending(
	struct request *q, const struct plan *p, const char *state, struct sk_err *err)
{
	json_t *v = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:s}", "slot", other(q), "state",
		state, "version", p->manifest.version, "from", q->sys.version, "boot_id",
		q->sys.boot_id, "who", str(q->args, "who"), "time", (json_int_t)sk_now(), "signer",
		p->signer.name);
	int r = mg_state_save(q->o->state_dir, PENDING, v, err);

	json_decref(v);
	return r;
}

static int note_installed(struct request *q, const struct plan *p, struct sk_err *err)
{
	char name[32];
	json_t *v = json_pack("{s:s, s:s, s:s, s:s, s:I}", "version", p->manifest.version,
		"root_sha256", p->manifest.root_sha256, "signer", p->signer.name, "signer_sha256",
		p->signer.sha256, "time", (json_int_t)sk_now());
	int r;

	installed_name(other(q), name);
	r = mg_state_save(q->o->state_dir, name, v, err);
	json_decref(v);
	return r;
}

static void add_note(struct request *q, const struct sk_err *why)
{
	struct sk_err note = {0};

	sk_log_err(LOG_ERR, "installed, but not noted", why);
	sk_err_set(&note, why->code, NULL,
		"it is installed and starts next, but this could not be noted: the status may be "
		"wrong about it (%s)",
		"書き込みは完了し、次の起動から動作しますが、記録できませんでした。状態表示が正しく"
		"ない場合"
		"があります (%s)",
		why->en);
	set(q->answer, "note_en", note.en);
	set(q->answer, "note_ja", note.ja);
}

static int install(struct request *q, const struct plan *p, struct sk_err *err)
{
	struct sk_err why = {0};
	char path[512];
	int r = note_pending(q, p, "installing", err);

	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "%s/" MG_BUNDLE_FILE, q->o->state_dir);
	r = mg_rauc_install(q->rauc, q->s, path, err);
	if (r < 0) {
		mg_state_remove(q->o->state_dir, PENDING);
		return r;
	}
	/* It is installed, whatever is known of it afterwards. */
	r = note_pending(q, p, "installed", &why);
	if (r == 0)
		r = note_installed(q, p, &why);
	if (r < 0)
		add_note(q, &why);
	return 0;
}

static int read_plan(struct request *q, struct plan *p, struct sk_err *err)
{
	int r = sk_json_str(q->args, "url", false, &p->url, err);

	if (r == 0)
		r = sk_json_str(q->args, "file", false, &p->file, err);
	if (r == 0)
		r = sk_json_bool(q->args, "downgrade", false, &p->downgrade, err);
	if (r == 0 && (!p->url == !p->file || (p->file && p->file[0] != '/')))
		r = sk_err_set(err, -EINVAL, "file", "an address, or a file by its absolute path",
			"URL、またはファイルの絶対パスを指定してください");
	return r;
}

static int op_apply(struct request *q, struct sk_err *err)
{
	struct plan *p;
	int r = q->sys.slot[0] ? mg_state_lock(q->o->state_dir, err) : no_slots(err);

	if (r < 0)
		return r;
	p = calloc(1, sizeof(*p));
	if (!p)
		return sk_err_nomem(err);
	if ((r = read_plan(q, p, err)) == 0 && (r = compatible_of(q, p->compatible, err)) == 0 &&
		(r = bring(q, p, err)) == 0 && (r = look(q, p, err)) == 0)
		r = install(q, p, err);
	/* Also what was refused: it is of no more use. */
	mg_state_remove(q->o->state_dir, MG_BUNDLE_FILE);
	if (r == 0) {
		set(q->answer, "version", p->manifest.version);
		set(q->answer, "slot", other(q));
		set(q->answer, "signer", p->signer.name);
		set(q->answer, "signer_sha256", p->signer.sha256);
		set(q->answer, "root_sha256", p->manifest.root_sha256);
		set(q->answer, "running", q->sys.version);
	}
	free(p);
	return r;
}

/* ---- rollback, settle ----
 */
static int other_system(struct request *q, const json_t **ret, struct sk_err *err)
{
	json_t *row;
	size_t i;
	int r = add_slots(q, err);

	if (r < 0)
		return r;
	json_array_foreach (json_object_get(q->answer, "slots"), i, row)
		if (!is_booted(q, row) && sk_streq(str(row, "boot"), "good")) {
			*ret = row;
			return 0;
		}
	return sk_err_set(err, -ENOENT, NULL,
		"the other slot holds no system that could be started",
		"もう一方のスロットに起動できるシステムがありません");
}

static int op_rollback(struct request *q, struct sk_err *err)
{
	const json_t *row = NULL;
	int r = q->sys.slot[0] ? mg_state_lock(q->o->state_dir, err) : no_slots(err);

	if (r == 0)
		r = other_system(q, &row, err);
	if (r == 0)
		r = mg_rauc_mark(q->rauc, "active", "other", err);
	if (r < 0)
		return r;
	/* Whatever was on trial is no longer: it was left on purpose. */
	mg_state_remove(q->o->state_dir, PENDING);
	set(q->answer, "version", str(row, "version"));
	set(q->answer, "slot", str(row, "slot"));
	set(q->answer, "running", q->sys.version);
	json_object_del(q->answer, "slots");
	return 0;
}

/* Everybody was told that slot did not start. */
static int told_missed(struct request *q, const char *slot, struct sk_err *err)
{
	json_t *note, *missed = start_missed(q, &note);
	int r = 0;

	if (missed && sk_streq(str(missed, "slot"), slot)) {
		json_object_set_new(missed, "told", json_true());
		r = mg_state_save(q->o->state_dir, START, note, err);
	}
	json_decref(note);
	return r;
}

/* The manager has told everybody what became of it: it is no longer pending, but the last one. */
static int op_settle(struct request *q, struct sk_err *err)
{
	const enum mg_outcome o = add_outcome(q);
	json_t *last;
	int r = told_missed(q, str(q->args, "missed"), err);

	if (r < 0)
		return r;
	if (o != MG_OUTCOME_KEPT && o != MG_OUTCOME_RETURNED && o != MG_OUTCOME_INTERRUPTED)
		return 0;
	r = mg_state_lock(q->o->state_dir, err);
	if (r < 0)
		return r;
	last = json_copy(json_object_get(q->answer, "pending"));
	set(last, "outcome", mg_outcome_name(o));
	json_object_set_new(last, "settled", json_integer(sk_now()));
	if (json_object_get(q->answer, "health"))
		json_object_set(last, "health", json_object_get(q->answer, "health"));
	r = mg_state_save(q->o->state_dir, LAST, last, err);
	json_decref(last);
	if (r == 0)
		mg_state_remove(q->o->state_dir, PENDING);
	return r;
}

static int handle(struct sk_oneshot *s, const struct sk_oneshot_request *r, json_t **extra,
	void *arg, struct sk_err *err)
{
	static const struct {
		const char *op;
		int (*fn)(struct request *q, struct sk_err *err);
	} ops[] = {{"status", op_status}, {"check", op_check}, {"apply", op_apply},
		{"rollback", op_rollback}, {"settle", op_settle}};
	struct request q = {.o = arg, .s = s, .args = r->args, .answer = json_object()};
	int ret;

	if (!q.answer)
		return sk_err_nomem(err);
	ret = mg_run_confine(q.o, str(q.args, "file"), err);
	if (ret < 0) {
		json_decref(q.answer);
		return ret;
	}
	ret = sk_oneshot_unknown(err);
	mg_system_read(q.o, &q.sys);
	judge_start(&q);
	for (size_t i = 0; i < SK_ARRAY_SIZE(ops); i++)
		if (sk_streq(r->op, ops[i].op)) {
			if (err)
				*err = (struct sk_err){0};
			ret = ops[i].fn(&q, err);
		}
	mg_rauc_close(q.rauc);
	*extra = q.answer;
	return ret;
}

void mg_run_serve(int fd, void *opts)
{
	sk_oneshot_serve(fd, handle, opts);
}
