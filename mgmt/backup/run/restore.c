/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A backup in the place of what is there. It is read, checked and tried in a folder beside; only
 * then the daemons stop (the kernel goes on filtering), old and new change places by renaming, and
 * the daemons start. The old state goes when the new one has answered, or comes back when it does
 * not. A journal beside says how far it was, for the next start after a power cut.
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

struct place {
	char live[MG_BK_PATH], fresh[MG_BK_PATH + 64], old[MG_BK_PATH + 64];
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

static int own_all(const struct mg_bk_opts *o, const struct mg_bk_entries *list, struct sk_err *err)
{
	char path[MG_BK_PATH + MG_BK_NAME_MAX];

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
	ssize_t n;

	if (src < 0 || fstat(src, &st) < 0)
		return mg_bk_fail(err, name);
	unlinkat(to, name, 0);
	dst = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (dst < 0)
		return mg_bk_fail(err, name);
	while ((n = read(src, buf, sizeof(buf))) > 0)
		if (write(dst, buf, (size_t)n) != n)
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
	int r = depth > 8 ? -ELOOP : mg_bk_names_read(from, &list, err);

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

static int swap_settings(const struct place *p, struct sk_err *err)
{
	int r = 0;

	if (mkdir(p->old, 0700) < 0)
		return mg_bk_fail(err, p->old);
	if (there(p->live))
		r = copy_folder(p->live, p->old, 0, err);
	else
		r = sk_mkdir_p(p->live, 0755, err);
	if (r < 0)
		return r;
	empty_folder(p->live);
	return copy_folder(p->fresh, p->live, 0, err);
}

static int swap_one(const struct mg_bk_source *s, const struct place *p, struct sk_err *err)
{
	if (!there(p->fresh))
		return 0;
	if (s->settings)
		return swap_settings(p, err);
	if (there(p->live) && rename(p->live, p->old) < 0)
		return mg_bk_fail(err, p->live);
	if (rename(p->fresh, p->live) < 0)
		return mg_bk_fail(err, p->live);
	if (strcmp(s->name, "mgmtd") == 0 && there(p->old))
		move_kept(p->old, p->live);
	return 0;
}

static int swap_all(const struct mg_bk_opts *o, struct sk_err *err)
{
	char old[MG_BK_PATH];
	int r;

	below(o, OLD, old);
	mg_bk_remove_tree(old);
	r = mkdir(old, 0700) < 0 ? mg_bk_fail(err, old) : 0;
	for (const struct mg_bk_source *s = mg_bk_sources; r == 0 && s->name; s++) {
		struct place p;

		places(o, s, &p);
		r = swap_one(s, &p, err);
	}
	sync_folder(o->state_dir);
	return r;
}

/* Whatever was moved aside comes back; may be called again. */
static int swap_back(const struct mg_bk_opts *o, struct sk_err *err)
{
	int r = 0;

	for (const struct mg_bk_source *s = mg_bk_sources; s->name; s++) {
		struct place p;
		int q = 0;

		places(o, s, &p);
		if (!there(p.old))
			continue;
		if (s->settings) {
			empty_folder(p.live);
			q = copy_folder(p.old, p.live, 0, err);
		} else {
			if (strcmp(s->name, "mgmtd") == 0)
				move_kept(p.live, p.old);
			mg_bk_remove_tree(p.live);
			if (rename(p.old, p.live) < 0)
				q = mg_bk_fail(err, p.old);
		}
		r = r < 0 ? r : q;
	}
	sync_folder(o->state_dir);
	return r;
}

static void clean_up(const struct mg_bk_opts *o)
{
	static const char *const names[] = {JOURNAL, NEW, OLD};
	char path[MG_BK_PATH];

	/* The journal first: without it nothing is undone any more. */
	for (size_t i = 0; i < SK_ARRAY_SIZE(names); i++) {
		below(o, names[i], path);
		mg_bk_remove_tree(path);
		sync_folder(o->state_dir);
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
	char path[MG_BK_PATH];
	int r = 0;

	below(o, JOURNAL, path);
	if (there(path)) {
		sk_log(LOG_WARNING, "a restore was interrupted: the state before it comes back");
		r = swap_back(o, err);
	}
	if (r == 0)
		clean_up(o);
	return r;
}

/* ---- the whole --------------------------------------------------------------------------------
 */
static int prepare(const struct mg_bk_opts *o, const char *path, const struct mg_bk_secret *s,
	struct mg_bk_tell *t, json_t *v, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *manifest = NULL;
	struct mg_bk_entries list = {0};
	char fresh[MG_BK_PATH];
	int r = mg_bk_recover(o, err);

	below(o, NEW, fresh);
	if (r == 0 && mkdir(fresh, 0700) < 0)
		r = mg_bk_fail(err, fresh);
	if (r == 0)
		r = mg_bk_read(path, s, fresh, &list, t, &manifest, err);
	if (r == 0)
		r = mg_bk_try(fresh, manifest, v, err);
	if (r == 0 && sk_streq(json_string_value(json_object_get(v, "policy")), "differs"))
		sk_log(LOG_WARNING, "the registry's policy is not the one that was in force");
	if (r == 0)
		r = own_all(o, &list, err);
	free(list.v);
	return r;
}

static int put_in_place(const struct mg_bk_opts *o, struct mg_bk_tell *t, struct sk_err *err)
{
	static const struct sk_text stopping = {
		"stopping the daemons (the kernel goes on filtering)",
		"デーモンを停止中 (カーネルのフィルタリングは継続)"};
	static const struct sk_text starting = {"starting the daemons", "デーモンを起動中"};
	struct sk_err later = {0};
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
	if (r == 0)
		return 0;
	sk_log_err(LOG_ERR, "restore, going back", err);
	/* Whatever fails, what comes after it is tried all the same. */
	if (mg_bk_services(o, false, &ran, &later) < 0)
		sk_log_err(LOG_ERR, "going back: stop", &later);
	if (swap_back(o, &later) < 0)
		sk_log_err(LOG_CRIT, "going back", &later);
	if (mg_bk_services(o, true, &ran, &later) < 0)
		sk_log_err(LOG_CRIT, "going back: start", &later);
	return r;
}

int mg_bk_restore(const struct mg_bk_opts *o, const char *path, const struct mg_bk_secret *s,
	const char *who, struct mg_bk_tell *t, json_t **ret, struct sk_err *err)
{
	const uint64_t began = sk_mono_us();
	_cleanup_(sk_closep) int lock = mg_bk_lock(o, err);
	json_t *v = json_object();
	int r = lock < 0 ? lock : v ? prepare(o, path, s, t, v, err) : sk_err_nomem(err);

	if (r < 0) {
		if (lock >= 0)
			clean_up(o);
		json_decref(v);
		return r;
	}
	json_object_set_new(
		v, "name", json_string(strrchr(path, '/') ? strrchr(path, '/') + 1 : path));
	r = write_journal(o, who, err);
	if (r == 0)
		r = put_in_place(o, t, err);
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
