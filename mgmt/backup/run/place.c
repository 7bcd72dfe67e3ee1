/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where backups lie: the folder asked for, what is in it, and the old ones that may go. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/util.h"
#include "mgmt/backup/run/run.h"

#define LIST_MAX 1000
#define LOCK_TRIES 100 /* ten seconds: an automatic one is soon over */

int mg_bk_fail(struct sk_err *err, const char *path)
{
	const int code = -errno;

	if (code == -ENOSPC || code == -EDQUOT)
		return sk_err_set(err, code, NULL,
			"there is no room left where it was to be written (%s): nothing was "
			"changed",
			"書き込み先 (%s) の空き容量が足りません。何も変更していません", path);
	return sk_err_set(err, code, NULL, "%s: %s", "%s: %s", path, strerror(-code));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	remove(path);
	return 0;
}

void mg_bk_remove_tree(const char *path)
{
	nftw(path, remove_one, 32, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

int mg_bk_names_read(const char *path, struct mg_bk_names *ret, struct sk_err *err)
{
	DIR *dir = opendir(path);
	const struct dirent *e;
	int r = 0;

	if (!dir)
		return mg_bk_fail(err, path);
	while (r == 0 && (e = readdir(dir))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		r = sk_grow(&ret->v, &ret->cap, ret->n + 1, sizeof(*ret->v));
		if (r == 0 && !(ret->v[ret->n++] = strdup(e->d_name)))
			r = -ENOMEM;
	}
	closedir(dir);
	return r < 0 ? sk_err_nomem(err) : 0;
}

void mg_bk_names_done(struct mg_bk_names *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
}

int mg_bk_place(const struct mg_bk_opts *o, const char *asked, char *dst, struct sk_err *err)
{
	char real[PATH_MAX];
	struct stat st;
	int r = 0;

	if (!asked || !asked[0]) {
		r = sk_mkdir_p(o->backup_dir, 0700, err);
		asked = o->backup_dir;
	}
	if (r < 0)
		return r;
	if (asked[0] != '/')
		return sk_err_set(
			err, -EINVAL, "to", "is no absolute path", "は絶対パスで指定してください");
	if (!realpath(asked, real) || stat(real, &st) < 0 || !S_ISDIR(st.st_mode) ||
		strlen(real) >= MG_BK_PATH - 128)
		return sk_err_set(err, -ENOENT, "to",
			"%s is no folder: is the stick plugged in and mounted?",
			"%s というフォルダーがありません。USB "
			"メモリがマウントされているか確認してください",
			asked);
	snprintf(dst, MG_BK_PATH, "%.*s", MG_BK_PATH - 1, real);
	return 0;
}

static void remove_leftovers(const char *dir)
{
	static const char *const prefixes[] = {".work-", ".drill-"};
	struct mg_bk_names list = {0};
	char path[MG_BK_PATH + 300];

	if (mg_bk_names_read(dir, &list, NULL) < 0)
		return;
	for (size_t i = 0; i < list.n; i++) {
		const size_t n = strlen(list.v[i]);

		snprintf(path, sizeof(path), "%.900s/%s", dir, list.v[i]);
		for (size_t k = 0; k < SK_ARRAY_SIZE(prefixes); k++)
			if (strncmp(list.v[i], prefixes[k], strlen(prefixes[k])) == 0)
				mg_bk_remove_tree(path);
		if (n > 5 && list.v[i][0] == '.' && strcmp(list.v[i] + n - 5, ".part") == 0)
			unlink(path);
	}
	mg_bk_names_done(&list);
}

int mg_bk_lock(const struct mg_bk_opts *o, bool wait, struct sk_err *err)
{
	int r = sk_mkdir_p(o->backup_dir, 0700, err);
	int fd = r < 0 ? r : open(o->backup_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (r < 0)
		return r;
	if (fd < 0)
		return mg_bk_fail(err, o->backup_dir);
	for (int i = 0; (r = flock(fd, LOCK_EX | LOCK_NB)) < 0 && wait && i < LOCK_TRIES; i++)
		nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
	if (r < 0) {
		close(fd);
		return sk_err_set(err, -EBUSY, NULL,
			"another backup, drill or restore is at work; try again later",
			"別のバックアップ・復元訓練・復元が実行中です。後で再度実行してください");
	}
	remove_leftovers(o->backup_dir);
	return fd;
}

/* ---- list -------------------------------------------------------------------------------------
 */
static void describe(int fd, json_t *row)
{
	uint8_t p[MG_BK_HEAD_MAX + 64];
	struct mg_bk_head h;
	struct sk_err err = {0};
	char text[256];
	size_t used;
	const ssize_t n = pread(fd, p, sizeof(p), 0);
	int r = n < 0 ? -errno : mg_bk_head_parse(p, (size_t)n, &h, &used, &err);

	if (r == -EAGAIN)
		r = mg_bk_cut(&err);
	if (r < 0) {
		json_object_set_new(row, "error_en", json_string(err.en));
		json_object_set_new(row, "error_ja", json_string(err.ja));
		return;
	}
	json_object_set_new(row, "created", json_integer(h.created));
	json_object_set_new(row, "version", json_string(h.product));
	if (h.site[0])
		json_object_set_new(row, "site", json_string(h.site));
	json_object_set_new(
		row, "locks_en", json_string(mg_bk_locks_text(&h, SK_EN, text, sizeof(text))));
	json_object_set_new(
		row, "locks_ja", json_string(mg_bk_locks_text(&h, SK_JA, text, sizeof(text))));
}

static int is_backup(const struct dirent *d)
{
	const size_t n = strlen(d->d_name), s = strlen(MG_BK_SUFFIX);

	return n > s && d->d_name[0] != '.' && strcmp(d->d_name + n - s, MG_BK_SUFFIX) == 0 &&
		sk_utf8_valid(d->d_name, n);
}

static int newest_first(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*b)->d_name, (*a)->d_name);
}

int mg_bk_list(const char *place, json_t **ret, struct sk_err *err)
{
	_cleanup_(sk_closep) int dir = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent **list = NULL;
	json_t *rows = json_array();
	int n = dir < 0 ? -1 : scandirat(dir, ".", &list, is_backup, newest_first);

	if (n < 0) {
		json_decref(rows);
		return mg_bk_fail(err, place);
	}
	for (int i = 0; i < n; i++) {
		_cleanup_(sk_closep) int fd = openat(
			dir, list[i]->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
		struct stat st;
		json_t *row = json_pack("{s:s}", "name", list[i]->d_name);

		free(list[i]);
		if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || i >= LIST_MAX) {
			json_decref(row);
			continue;
		}
		json_object_set_new(row, "bytes", json_integer(st.st_size));
		describe(fd, row);
		json_array_append_new(rows, row);
	}
	free(list);
	*ret = rows;
	return 0;
}

void mg_bk_prune(const char *place, const char *host, unsigned keep)
{
	_cleanup_(sk_closep) int dir = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent **list = NULL;
	int n = dir < 0 ? 0 : scandirat(dir, ".", &list, is_backup, newest_first);
	char mine[192];
	const size_t before = strlen("sekisho-YYYYmmdd-HHMMSS");
	unsigned seen = 0;

	/* Other gateways may keep theirs in the same place. */
	snprintf(mine, sizeof(mine), "-%s-automatic" MG_BK_SUFFIX, host);
	for (int i = 0; i < n; i++) {
		const char *name = list[i]->d_name;

		if (strlen(name) > before && strcmp(name + before, mine) == 0 && ++seen > keep)
			unlinkat(dir, name, 0);
		free(list[i]);
	}
	free(list);
}
