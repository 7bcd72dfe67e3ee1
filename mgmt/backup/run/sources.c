/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which files belong to a backup: what cannot be made again. Events only when asked for, what the
 * daemons derive from the registry never.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/util.h"
#include "mgmt/backup/run/run.h"

const struct mg_bk_source mg_bk_sources[] = {
	{"mgmtd", "sekisho-mgmtd", false},
	{"fwd", "sekisho-fwd", false},
	{"nac", "sekisho-nacd", false},
	{"rules", "sekisho-mgmtd", false},
	{"feeds", "root", false},
	{"etc", "root", true},
	{0},
};

/* Patterns over archive names, whose * matches slashes, too: a name in any folder. */
static const struct {
	const char *pattern;
	unsigned unless; /* MG_BK_… that brings it back */
} left_out[] = {
	{"*/*.tmp-*", 0},
	{"*/*.sock", 0},
	{"*/*.journal", 0},
	{"*/*.db-wal", 0},
	{"*/*.db-shm", 0},
	{"*/*.db-journal", 0},
	{"mgmtd/eve.json*", MG_BK_EVENTS},
	{"mgmtd/events", MG_BK_EVENTS},
	{"mgmtd/lists", MG_BK_LISTS},
	{"mgmtd/setup.trial", 0},
	{"fwd/blocklist*", 0},
	{"fwd/trial", 0},
	{"fwd/damaged", 0},
	{"fwd/spool*", 0},
};

static bool wanted(const char *name, unsigned with)
{
	for (size_t i = 0; i < SK_ARRAY_SIZE(left_out); i++)
		if (fnmatch(left_out[i].pattern, name, 0) == 0 && !(left_out[i].unless & with))
			return false;
	return true;
}

const struct mg_bk_source *mg_bk_source_of(const char *name)
{
	const size_t n = strcspn(name, "/");

	for (const struct mg_bk_source *s = mg_bk_sources; s->name; s++)
		if (strlen(s->name) == n && memcmp(s->name, name, n) == 0)
			return s;
	return NULL;
}

void mg_bk_source_path(const struct mg_bk_opts *o, const struct mg_bk_source *s, char *dst)
{
	if (s->settings)
		snprintf(dst, MG_BK_PATH, "%s", o->etc_dir);
	else
		snprintf(dst, MG_BK_PATH, "%.900s/%s", o->state_dir, s->name);
}

/* Ours by name, everybody else is root: a backup makes no other owners. */
static void set_owner(struct mg_bk_entry *e, const struct stat *st)
{
	const struct passwd *pw = getpwuid(st->st_uid);
	const struct group *gr = getgrgid(st->st_gid);

	snprintf(e->owner, sizeof(e->owner), "%.31s",
		pw && strncmp(pw->pw_name, "sekisho-", 8) == 0 ? pw->pw_name : "root");
	snprintf(e->group, sizeof(e->group), "%.31s",
		gr && strncmp(gr->gr_name, "sekisho-", 8) == 0 ? gr->gr_name : "root");
}

static int walk(
	int dirfd, const char *name, int depth, const struct mg_bk_walk *w, struct sk_err *err);

static int visit(int dirfd, const char *base, const char *name, int depth,
	const struct mg_bk_walk *w, struct sk_err *err)
{
	struct mg_bk_entry e = {0};
	_cleanup_(sk_closep) int fd = -1;
	struct stat st;

	if (snprintf(e.name, sizeof(e.name), "%s", name) >= (int)sizeof(e.name))
		return sk_err_en(err, -ENAMETOOLONG, NULL, "a file's path is too long");
	if (!wanted(name, w->with))
		return 0;
	fd = openat(dirfd, base, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) /* gone meanwhile, a link, a socket */
		return errno == ENOENT || errno == ELOOP || errno == ENXIO ? 0
									   : mg_bk_fail(err, name);
	if (fstat(fd, &st) < 0)
		return mg_bk_fail(err, name);
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return 0;
	e.folder = S_ISDIR(st.st_mode);
	e.size = e.folder ? 0 : (uint64_t)st.st_size;
	e.mode = st.st_mode & 07777;
	set_owner(&e, &st);
	if (!e.folder)
		return w->fn(&e, fd, w->arg, err);
	if (depth >= MG_BK_DEPTH_MAX)
		return sk_err_en(err, -ELOOP, NULL, "%s: folders too deep", name);
	return walk(fd, name, depth, w, err);
}

static int not_dots(const struct dirent *d)
{
	return strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
}

/* The folder open at dirfd, itself first. */
static int walk(
	int dirfd, const char *name, int depth, const struct mg_bk_walk *w, struct sk_err *err)
{
	struct mg_bk_entry e = {.folder = true};
	struct dirent **list = NULL;
	struct stat st;
	int n, r;

	if (fstat(dirfd, &st) < 0)
		return mg_bk_fail(err, name);
	e.mode = st.st_mode & 07777;
	set_owner(&e, &st);
	snprintf(e.name, sizeof(e.name), "%s", name);
	r = w->fn(&e, -1, w->arg, err);
	n = r < 0 ? 0 : scandirat(dirfd, ".", &list, not_dots, alphasort);
	if (n < 0)
		r = mg_bk_fail(err, name);
	for (int i = 0; i < n; i++) {
		char path[MG_BK_NAME_MAX + 300];

		snprintf(path, sizeof(path), "%s/%s", name, list[i]->d_name);
		if (r == 0)
			r = visit(dirfd, list[i]->d_name, path, depth + 1, w, err);
		free(list[i]);
	}
	free(list);
	return r;
}

int mg_bk_walk_all(const struct mg_bk_opts *o, const struct mg_bk_walk *w, struct sk_err *err)
{
	int r = 0;

	for (const struct mg_bk_source *s = mg_bk_sources; r == 0 && s->name; s++) {
		_cleanup_(sk_closep) int fd = -1;
		char path[MG_BK_PATH];

		mg_bk_source_path(o, s, path);
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT)
			continue;
		r = fd < 0 ? mg_bk_fail(err, path) : walk(fd, s->name, 0, w, err);
	}
	return r;
}
