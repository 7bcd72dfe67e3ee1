/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A backup in the place of what is there. It is read, checked and tried in a folder beside; only
 * then the daemons stop (the kernel goes on filtering), old and new change places by renaming, and
 * the daemons start. The old state goes when the new one has answered, or comes back when it does
 * not. A journal beside says that this is under way, for the next start after a power cut; it and
 * the old state stay for as long as that did not come back as a whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/backup/run/run.h"

#define NEW ".restore-new"
#define OLD ".restore-old"
#define JOURNAL ".restore-journal"
#define NOTES_MAX 65536

struct place {
	char live[MG_BK_PATH], fresh[MG_BK_PATH + 64];
	char old[MG_BK_PATH + 64]; /* exists: it is the whole of what was there */
	char part[MG_BK_PATH + 64], aside[MG_BK_PATH]; /* not yet whole; the folder of both */
	char none[MG_BK_PATH + 64]; /* exists: there was nothing, and the new one goes again */
};

static void below(const struct mg_bk_opts *o, const char *name, char *dst)
{
	snprintf(dst, MG_BK_PATH, "%.900s/%s", o->state_dir, name);
}

static void places(const struct mg_bk_opts *o, const struct mg_bk_source *s, struct place *p)
{
	mg_bk_source_path(o, s, p->live);
	snprintf(p->fresh, sizeof(p->fresh), "%.900s/" NEW "/%s", o->state_dir, s->name);
	snprintf(p->old, sizeof(p->old), "%.900s/" OLD "/%s", o->state_dir, s->name);
	snprintf(p->part, sizeof(p->part), "%.900s/" OLD "/%s.part", o->state_dir, s->name);
	snprintf(p->none, sizeof(p->none), "%.900s/" OLD "/%s.none", o->state_dir, s->name);
	below(o, OLD, p->aside);
}

static bool there(const char *path)
{
	return access(path, F_OK) == 0;
}

static void sync_folder(const char *path)
{
	_cleanup_(sk_closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		fsync(fd);
}

/* ---- owners -----------------------------------------------------------------------------------
 */
/* Only ours and root; where a daemon's user does not exist (tests), it stays whoever runs this. */
static void own(const char *path, const struct mg_bk_entry *e)
{
	const struct passwd *pw = strncmp(e->owner, "sekisho-", 8) == 0 ? getpwnam(e->owner) : NULL;
	const struct group *gr = strncmp(e->group, "sekisho-", 8) == 0 ? getgrnam(e->group) : NULL;

	if (lchown(path, pw ? pw->pw_uid : geteuid(), gr ? gr->gr_gid : getegid()) < 0)
		sk_log(LOG_WARNING, "%s: chown: %s", path, strerror(errno));
}

/* What trying made beside the registry, such as the copy of one of an older schema. */
static int own_made(const struct mg_bk_opts *o, struct sk_err *err)
{
	const struct mg_bk_source *s = mg_bk_source_of("mgmtd");
	struct mg_bk_entry e = {0};
	struct mg_bk_names list = {0};
	char path[MG_BK_PATH * 2];
	struct place p;
	int r;

	places(o, s, &p);
	snprintf(e.owner, sizeof(e.owner), "%s", s->owner);
	snprintf(e.group, sizeof(e.group), "%s", s->owner);
	r = mg_bk_names_read(p.fresh, &list, err);
	for (size_t i = 0; r == 0 && i < list.n; i++) {
		snprintf(path, sizeof(path), "%s/%s", p.fresh, list.v[i]);
		own(path, &e);
	}
	mg_bk_names_done(&list);
	return r;
}

static int own_all(const struct mg_bk_opts *o, const struct mg_bk_entries *list, struct sk_err *err)
{
	char path[MG_BK_PATH + MG_BK_NAME_MAX];
	int r = own_made(o, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < list->n; i++) {
		const struct mg_bk_entry *e = &list->v[i];

		snprintf(path, sizeof(path), "%.900s/" NEW "/%s", o->state_dir, e->name);
		own(path, e);
		/* setgid of folders (rules) belongs to the layout, setuid to nothing. */
		if (chmod(path, e->mode & (e->folder ? 02777 : 0777)) < 0)
			return mg_bk_fail(err, path);
	}
	return 0;
}

/* ---- settings: a folder that is a mount point of its own --------------------------------------
 */
static int copy_file(int from, int to, const char *name, struct sk_err *err)
{
	_cleanup_(sk_closep) int src = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	_cleanup_(sk_closep) int dst = -1;
	uint8_t buf[32768];
	struct stat st;
	ssize_t n, k;

	if (src < 0 || fstat(src, &st) < 0)
		return mg_bk_fail(err, name);
	unlinkat(to, name, 0);
	dst = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (dst < 0)
		return mg_bk_fail(err, name);
	while ((n = read(src, buf, sizeof(buf))) > 0)
		for (ssize_t at = 0; at < n; at += k)
			if ((k = write(dst, buf + at, (size_t)(n - at))) < 0)
				return mg_bk_fail(err, name);
	if (n < 0 || fchown(dst, st.st_uid, st.st_gid) < 0 || fchmod(dst, st.st_mode & 0777) < 0 ||
		fsync(dst) < 0)
		return mg_bk_fail(err, name);
	return 0;
}

static int copy_folder(const char *from, const char *to, int depth, struct sk_err *err);

static int copy_any(
	const char *from, const char *to, const char *name, int depth, struct sk_err *err)
{
	_cleanup_(sk_closep) int src = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_(sk_closep) int dst = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char a[MG_BK_PATH * 2], b[MG_BK_PATH * 2];
	struct stat st;

	if (src < 0 || dst < 0 || fstatat(src, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return mg_bk_fail(err, name);
	if (S_ISREG(st.st_mode))
		return copy_file(src, dst, name, err);
	if (!S_ISDIR(st.st_mode))
		return 0;
	if (snprintf(a, sizeof(a), "%s/%s", from, name) >= (int)sizeof(a) ||
		snprintf(b, sizeof(b), "%s/%s", to, name) >= (int)sizeof(b))
		return sk_err_en(err, -ENAMETOOLONG, NULL, "%s: too long", name);
	if (mkdirat(dst, name, 0700) < 0 && errno != EEXIST)
		return mg_bk_fail(err, b);
	if (fchownat(dst, name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW) < 0 ||
		fchmodat(dst, name, st.st_mode & 07777, 0) < 0)
		return mg_bk_fail(err, b);
	return copy_folder(a, b, depth + 1, err);
}

/* Over what is there; files that are only in `to` stay. */
static int copy_folder(const char *from, const char *to, int depth, struct sk_err *err)
{
	struct mg_bk_names list = {0};
	int r = depth > MG_BK_DEPTH_MAX ? sk_err_set(err, -ELOOP, NULL, "%s: folders too deep",
						  "%s: フォルダーの階層が深すぎます", from)
					: mg_bk_names_read(from, &list, err);

	for (size_t i = 0; r == 0 && i < list.n; i++)
		r = copy_any(from, to, list.v[i], depth, err);
	mg_bk_names_done(&list);
	sync_folder(to);
	return r;
}

static void empty_folder(const char *path)
{
	struct mg_bk_names list = {0};
	char one[MG_BK_PATH * 2];

	if (mg_bk_names_read(path, &list, NULL) < 0)
		return;
	for (size_t i = 0; i < list.n; i++) {
		snprintf(one, sizeof(one), "%s/%s", path, list.v[i]);
		mg_bk_remove_tree(one);
	}
	mg_bk_names_done(&list);
}

/* ---- change of places -------------------------------------------------------------------------
 */
/* What a backup leaves out stays with whoever is in place: events, lists. */
static const char *const kept[] = {"events", "lists", "eve.json"};

static void move_kept(const char *from, const char *to)
{
	char a[MG_BK_PATH * 2], b[MG_BK_PATH * 2];

	for (size_t i = 0; i < SK_ARRAY_SIZE(kept); i++) {
		snprintf(a, sizeof(a), "%s/%s", from, kept[i]);
		snprintf(b, sizeof(b), "%s/%s", to, kept[i]);
		if (there(a) && !there(b) && rename(a, b) < 0)
			sk_log(LOG_WARNING, "%s: %s", a, strerror(errno));
	}
}

/* The copy gets the name that swap_back() looks for when nothing of it is missing. */
static int swap_settings(const struct place *p, struct sk_err *err)
{
	int r = mkdir(p->part, 0700) < 0 ? mg_bk_fail(err, p->part) : 0;

	if (r == 0 && there(p->live))
		r = copy_folder(p->live, p->part, 0, err);
	else if (r == 0)
		r = sk_mkdir_p(p->live, 0755, err);
	if (r == 0 && rename(p->part, p->old) < 0)
		r = mg_bk_fail(err, p->old);
	if (r < 0)
		return r;
	sync_folder(p->aside);
	empty_folder(p->live);
	return copy_folder(p->fresh, p->live, 0, err);
}

/* Noted before the new one is there: going back has nothing else to know it by. */
static int note_nothing(const struct place *p, struct sk_err *err)
{
	if (mkdir(p->none, 0700) < 0 && errno != EEXIST)
		return mg_bk_fail(err, p->none);
	sync_folder(p->aside);
	return 0;
}

static int swap_one(const struct mg_bk_source *s, const struct place *p, struct sk_err *err)
{
	if (!there(p->fresh))
		return 0;
	if (s->settings)
		return swap_settings(p, err);
	if (there(p->live)) {
		if (rename(p->live, p->old) < 0)
			return mg_bk_fail(err, p->live);
	} else {
		int r = note_nothing(p, err);

		if (r < 0)
			return r;
	}
	if (rename(p->fresh, p->live) < 0)
		return mg_bk_fail(err, p->live);
	if (strcmp(s->name, "mgmtd") == 0 && there(p->old))
		move_kept(p->old, p->live);
	return 0;
}

static int swap_all(const struct mg_bk_opts *o, struct sk_err *err)
{
	int r = 0;

	for (const struct mg_bk_source *s = mg_bk_sources; r == 0 && s->name; s++) {
		struct place p;

		places(o, s, &p);
		r = swap_one(s, &p, err);
	}
	sync_folder(o->state_dir);
	return r;
}

/* Once: another attempt, because of others, leaves it alone. */
static int settings_back(const struct place *p, struct sk_err *err)
{
	int r;

	empty_folder(p->live);
	r = copy_folder(p->old, p->live, 0, err);
	mg_bk_remove_tree(p->part);
	if (r == 0 && rename(p->old, p->part) < 0)
		r = mg_bk_fail(err, p->old);
	return r;
}

/* Once, as what a daemon makes there later is its own. */
static int nothing_back(const struct place *p, struct sk_err *err)
{
	mg_bk_remove_tree(p->live);
	if (there(p->live))
		return sk_err_en(err, -EBUSY, NULL, "%s: cannot be removed", p->live);
	return rmdir(p->none) < 0 ? mg_bk_fail(err, p->none) : 0;
}

static int one_back(const struct mg_bk_source *s, const struct place *p, struct sk_err *err)
{
	if (there(p->none))
		return nothing_back(p, err);
	if (!there(p->old))
		return 0;
	if (s->settings)
		return settings_back(p, err);
	if (strcmp(s->name, "mgmtd") == 0)
		move_kept(p->live, p->old);
	mg_bk_remove_tree(p->live);
	return rename(p->old, p->live) < 0 ? mg_bk_fail(err, p->live) : 0;
}

/* Whatever was moved aside comes back, all that can; may be called again. */
static int swap_back(const struct mg_bk_opts *o, struct sk_err *err)
{
	int r = 0;

	for (const struct mg_bk_source *s = mg_bk_sources; s->name; s++) {
		struct place p;
		struct sk_err why = {0};
		int q;

		places(o, s, &p);
		q = one_back(s, &p, &why);
		if (q < 0)
			sk_log_err(LOG_CRIT, "going back", &why);
		if (q < 0 && r == 0)
			*err = why;
		r = r < 0 ? r : q;
	}
	sync_folder(o->state_dir);
	return r;
}

static bool under_way(const struct mg_bk_opts *o)
{
	char path[MG_BK_PATH];

	below(o, JOURNAL, path);
	return there(path);
}

/* Only when everything is in its place, new or old. */
static void clean_up(const struct mg_bk_opts *o)
{
	static const char *const names[] = {JOURNAL, NEW, OLD};
	char path[MG_BK_PATH];

	/* The journal first: without it nothing is undone any more. */
	for (size_t i = 0; i < SK_ARRAY_SIZE(names); i++) {
		below(o, names[i], path);
		mg_bk_remove_tree(path);
		sync_folder(o->state_dir);
		if (under_way(o))
			return;
	}
}

static int write_journal(const struct mg_bk_opts *o, const char *who, struct sk_err *err)
{
	char path[MG_BK_PATH];

	below(o, JOURNAL, path);
	return sk_file_replace(path, who, strlen(who), 0600, err);
}

int mg_bk_recover(const struct mg_bk_opts *o, struct sk_err *err)
{
	/* Held: what is under way was not interrupted. */
	_cleanup_(sk_closep) int lock = mg_bk_lock(o, false, err);
	int r = 0;

	if (lock == -EBUSY)
		return lock;
	if (under_way(o)) {
		sk_log(LOG_WARNING, "a restore was interrupted: the state before it comes back");
		r = swap_back(o, err);
	}
	if (r == 0)
		clean_up(o);
	return r;
}

/* ---- the whole --------------------------------------------------------------------------------
 */
/*
 * A backup brings accounts, roles and rules in force. Whoever holds its key can make one with
 * others in it, so that one person alone may only restore a file which this gateway wrote, byte by
 * byte. The manager keeps the list.
 */
static int check_known(const struct mg_bk_opts *o, const json_t *manifest, struct sk_err *err)
{
	const char *sum = json_string_value(json_object_get(manifest, "sha256"));
	_cleanup_(sk_json_decrefp) json_t *state = NULL;
	const json_t *made;
	char path[MG_BK_PATH];
	struct sk_buf b;

	below(o, "mgmtd/backup.json", path);
	sk_buf_init(&b, NOTES_MAX);
	if (sk_file_read(path, &b, NULL) == 0)
		state = sk_json_parse(sk_buf_str(&b), b.len, NULL);
	sk_buf_done(&b);
	made = json_object_get(state, "made");
	for (size_t i = 0; sum && i < json_array_size(made); i++)
		if (sk_streq(json_string_value(json_array_get(made, i)), sum))
			return 0;
	return sk_err_set(err, -EPERM, NULL,
		"this gateway does not know the backup as one of its own, and it may bring other "
		"accounts and rules: only the console (root) restores it",
		"本装置で作成した記録のないバックアップで、異なるアカウントやルールを含む可能性があ"
		"ります。復元できるのはコンソール (root) だけです");
}

static int prepare(const struct mg_bk_opts *o, const char *path, const struct mg_bk_secret *s,
	bool any, struct mg_bk_tell *t, json_t *v, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *manifest = NULL;
	struct mg_bk_entries list = {0};
	char fresh[MG_BK_PATH], old[MG_BK_PATH];
	int r = 0;

	clean_up(o);
	below(o, NEW, fresh);
	below(o, OLD, old);
	/* Both are empty, so that nothing else can come back than what is there now. */
	if (mkdir(fresh, 0700) < 0 || mkdir(old, 0700) < 0)
		r = mg_bk_fail(err, o->state_dir);
	if (r == 0)
		r = mg_bk_read(path, s, fresh, &list, t, &manifest, err);
	if (r == 0 && !any)
		r = check_known(o, manifest, err);
	if (r == 0)
		r = mg_bk_try(fresh, manifest, v, err);
	if (r == 0 && sk_streq(json_string_value(json_object_get(v, "policy")), "differs"))
		sk_log(LOG_WARNING, "the registry's policy is not the one that was in force");
	if (r == 0)
		r = own_all(o, &list, err);
	if (r == 0)
		json_object_set(v, "sha256", json_object_get(manifest, "sha256"));
	free(list.v);
	return r;
}

/* What was there before, with the daemons; err becomes why that was not possible. */
static int go_back(const struct mg_bk_opts *o, unsigned ran, struct sk_err *err)
{
	struct sk_err later = {0};
	int r;

	sk_log_err(LOG_ERR, "restore, going back", err);
	/* Whatever fails, what comes after it is tried all the same. */
	if (mg_bk_services(o, false, &ran, &later) < 0)
		sk_log_err(LOG_ERR, "going back: stop", &later);
	r = swap_back(o, &later);
	if (r < 0)
		sk_err_set(err, r, NULL,
			"the restore failed, and not all of what was there before could be put "
			"back (%s): it is kept in %s/" OLD ", and a restart of the gateway tries "
			"again",
			"復元に失敗し、復元前の状態にも完全には戻せませんでした "
			"(%s)。復元前の状態は "
			"%s/" OLD " に残っており、本装置を再起動すると再度戻します",
			later.en, o->state_dir);
	if (mg_bk_services(o, true, &ran, &later) < 0)
		sk_log_err(LOG_CRIT, "going back: start", &later);
	return r;
}

/* *settled: everything is in its place, new or old. */
static int put_in_place(
	const struct mg_bk_opts *o, struct mg_bk_tell *t, bool *settled, struct sk_err *err)
{
	static const struct sk_text stopping = {
		"stopping the daemons (the kernel goes on filtering)",
		"デーモンを停止中 (カーネルのフィルタリングは継続)"};
	static const struct sk_text starting = {"starting the daemons", "デーモンを起動中"};
	unsigned ran = 0;
	int r;

	t->total = 0;
	mg_bk_progress(t, &stopping);
	r = mg_bk_services(o, false, &ran, err);
	if (r == 0)
		r = swap_all(o, err);
	if (r == 0) {
		mg_bk_progress(t, &starting);
		r = mg_bk_services(o, true, &ran, err);
	}
	if (r == 0)
		r = mg_bk_answers(o, o->wait, err);
	*settled = r == 0 || go_back(o, ran, err) == 0;
	return r;
}

static int begin(const struct mg_bk_opts *o, struct sk_err *err)
{
	const int lock = mg_bk_lock(o, true, err);

	if (lock < 0 || !under_way(o))
		return lock;
	close(lock);
	return sk_err_set(err, -EBUSY, NULL,
		"an earlier restore was interrupted: restart the gateway, which puts back what was "
		"there before it",
		"以前の復元が中断されたままです。本装置を再起動すると、復元前の状態に戻ります");
}

int mg_bk_restore(const struct mg_bk_opts *o, const char *path, const struct mg_bk_secret *s,
	const char *who, bool any, struct mg_bk_tell *t, json_t **ret, struct sk_err *err)
{
	const uint64_t began = sk_mono_us();
	_cleanup_(sk_closep) int lock = begin(o, err);
	json_t *v = lock < 0 ? NULL : json_object();
	bool settled = true;
	int r;

	if (lock < 0)
		return lock;
	r = v ? prepare(o, path, s, any, t, v, err) : sk_err_nomem(err);
	if (r == 0)
		r = write_journal(o, who, err);
	if (r < 0) {
		clean_up(o);
		json_decref(v);
		return r;
	}
	json_object_set_new(
		v, "name", json_string(strrchr(path, '/') ? strrchr(path, '/') + 1 : path));
	r = put_in_place(o, t, &settled, err);
	if (settled)
		clean_up(o);
	json_object_set_new(
		v, "took_ms", json_integer((json_int_t)((sk_mono_us() - began) / 1000)));
	mg_bk_report(o, who, v, r, err);
	if (r < 0) {
		json_decref(v);
		return r;
	}
	*ret = v;
	return 0;
}
