/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Feeds that lie on this machine: all files are opened before the process gives up the file system.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/util.h"
#include "mgmt/feeds/fetch/fetch.h"

static int cannot(struct sk_err *err, int code, const char *path)
{
	return sk_err_set(err, code, "path", "%s cannot be read: %s", "%s を読めません (%s)", path,
		strerror(-code));
}

static int add(struct mg_local_files *f, size_t *cap, const char *name, int fd)
{
	if (sk_grow(&f->v, cap, f->n + 1, sizeof(*f->v)) < 0) {
		close(fd);
		return -ENOMEM;
	}
	snprintf(f->v[f->n].name, sizeof(f->v[f->n].name), "%s", name);
	f->v[f->n++].fd = fd;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct mg_local *)a)->name, ((const struct mg_local *)b)->name);
}

/* Regular files only, and none that a link leads to elsewhere. */
static int open_in(struct mg_local_files *f, size_t *cap, int dir, const char *name)
{
	struct stat st;
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return errno == ELOOP || errno == ENXIO ? 0 : -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return 0;
	}
	return f->n < MG_FETCH_FILES ? add(f, cap, name, fd) : (close(fd), -EMFILE);
}

static int open_folder(struct mg_local_files *f, int fd, const char *path, struct sk_err *err)
{
	DIR *dir = fdopendir(fd);
	const struct dirent *e;
	size_t cap = 0;
	int r = 0;

	if (!dir) {
		r = -errno;
		close(fd);
		return cannot(err, r, path);
	}
	while (r == 0 && (e = readdir(dir)))
		if (e->d_name[0] != '.')
			r = open_in(f, &cap, dirfd(dir), e->d_name);
	closedir(dir);
	if (r == -EMFILE)
		return sk_err_set(err, r, "path", "%s holds more than %d files",
			"%s のファイルが %d 個を超えています", path, MG_FETCH_FILES);
	if (r < 0)
		return cannot(err, r, path);
	if (f->n == 0)
		return sk_err_set(err, -ENOENT, "path", "%s holds no file",
			"%s にファイルがありません", path);
	qsort(f->v, f->n, sizeof(*f->v), by_name);
	return 0;
}

static int open_path(struct mg_local_files *f, const char *path, struct sk_err *err)
{
	const char *base = strrchr(path, '/');
	size_t cap = 0;
	struct stat st;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), r;

	if (fd < 0)
		return cannot(err, -errno, path);
	if (fstat(fd, &st) < 0) {
		r = -errno;
		close(fd);
		return cannot(err, r, path);
	}
	if (S_ISDIR(st.st_mode))
		return open_folder(f, fd, path, err);
	if (!S_ISREG(st.st_mode)) {
		close(fd);
		return sk_err_set(err, -EINVAL, "path", "%s is neither a file nor a folder",
			"%s はファイルでもフォルダーでもありません", path);
	}
	r = add(f, &cap, base && base[1] ? base + 1 : path, fd);
	return r < 0 ? sk_err_nomem(err) : 0;
}

static int open_beside(const char *path, int *ret, struct sk_err *err)
{
	if (!path)
		return 0;
	*ret = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	return *ret < 0 ? cannot(err, -errno, path) : 0;
}

int mg_local_open(struct mg_local_files *f, const struct mg_feed_def *d, struct sk_err *err)
{
	int r;

	*f = (struct mg_local_files){.checksum = -1, .signature = -1};
	r = open_path(f, d->path, err);
	if (r == 0)
		r = open_beside(d->sha256_at, &f->checksum, err);
	if (r == 0)
		r = open_beside(d->signature_at, &f->signature, err);
	if (r == 0 && f->n != 1 && (d->sha256 || d->sha256_at || d->signature))
		r = sk_err_set(err, -EINVAL, d->signature ? "signature" : "checksum",
			"is for a single file, not for a folder", "フォルダーには指定できません");
	return r;
}

void mg_local_close(struct mg_local_files *f)
{
	for (size_t i = 0; i < f->n; i++)
		close(f->v[i].fd);
	free(f->v);
	sk_closep(&f->checksum);
	sk_closep(&f->signature);
	*f = (struct mg_local_files){.checksum = -1, .signature = -1};
}
