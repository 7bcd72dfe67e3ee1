/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whole files and sealed memory. Used by the daemons and adapters only; nothing here follows a
 * partial write with a rename, so a reader never sees half a file.
 */
#include "lib/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/util.h"

/* Both texts take the path and the system's reason. */
static int fail(struct sk_err *err, int code, const char *path, const struct sk_text *what)
{
	return sk_err_set(err, code, NULL, what->en, what->ja, path, strerror(-code));
}

static const struct sk_text cannot_read = {"cannot read %s: %s", "%s を読み込めません (%s)"};
static const struct sk_text cannot_write = {"cannot write %s: %s", "%s に書き込めません (%s)"};
static const struct sk_text cannot_remove = {"cannot remove %s: %s", "%s を削除できません (%s)"};
static const struct sk_text cannot_make = {"cannot create %s: %s", "%s を作成できません (%s)"};

static int read_all(int fd, struct sk_buf *b)
{
	uint8_t chunk[16384];

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		sk_buf_put(b, chunk, (size_t)n);
		if (sk_buf_error(b))
			return sk_buf_error(b) == -EMSGSIZE ? -EFBIG : sk_buf_error(b);
	}
}

int sk_fd_read(int fd, struct sk_buf *b, struct sk_err *err)
{
	size_t start = b->len;
	char name[32];
	int r = read_all(fd, b);

	if (r == 0)
		return 0;
	b->len = start;
	if (b->data)
		b->data[start] = '\0';
	snprintf(name, sizeof(name), "descriptor %d", fd);
	return fail(err, r, name, &cannot_read);
}

int sk_file_read(const char *path, struct sk_buf *b, struct sk_err *err)
{
	_cleanup_(sk_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return fail(err, -errno, path, &cannot_read);
	r = sk_fd_read(fd, b, NULL);
	return r < 0 ? fail(err, r, path, &cannot_read) : 0;
}

static int write_all(int fd, const void *p, size_t n)
{
	const uint8_t *at = p;

	while (n > 0) {
		ssize_t w = write(fd, at, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return -errno;
		at += w;
		n -= (size_t)w;
	}
	return 0;
}

/* path up to its last slash, "." if it has none. */
static int dir_of(const char *path, char *dst, size_t cap)
{
	const char *slash = strrchr(path, '/');
	size_t n = !slash ? 1 : slash == path ? 1 : (size_t)(slash - path);

	if (n >= cap)
		return -ENAMETOOLONG;
	memcpy(dst, slash ? path : ".", n);
	dst[n] = '\0';
	return 0;
}

static int sync_dir(const char *dir)
{
	_cleanup_(sk_closep) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	/* Some file systems have no fsync for directories and say EINVAL. */
	return fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
}

int sk_file_put(int fd, const char *path, const void *p, size_t n, struct sk_err *err)
{
	char dir[PATH_MAX];
	int r = dir_of(path, dir, sizeof(dir));

	if (r == 0)
		r = write_all(fd, p, n);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r == 0)
		r = sync_dir(dir);
	return r < 0 ? fail(err, r, path, &cannot_write) : 0;
}

/* The new content in tmp (a mkostemp template), durable; tmp is gone again on failure. */
static int write_tmp(char *tmp, const void *p, size_t n, mode_t mode)
{
	int fd = mkostemp(tmp, O_CLOEXEC), r = 0;

	if (fd < 0)
		return -errno;
	r = write_all(fd, p, n);
	if (r == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0))
		r = -errno;
	if (close(fd) < 0 && r == 0)
		r = -errno;
	if (r < 0)
		unlink(tmp);
	return r;
}

int sk_file_replace(const char *path, const void *p, size_t n, mode_t mode, struct sk_err *err)
{
	char dir[PATH_MAX], tmp[PATH_MAX];
	int r = dir_of(path, dir, sizeof(dir));

	if (r == 0 && snprintf(tmp, sizeof(tmp), "%s.tmp-XXXXXX", path) >= (int)sizeof(tmp))
		r = -ENAMETOOLONG;
	if (r == 0)
		r = write_tmp(tmp, p, n, mode);
	if (r == 0 && rename(tmp, path) < 0) {
		r = -errno;
		unlink(tmp);
	}
	if (r == 0)
		r = sync_dir(dir);
	return r < 0 ? fail(err, r, path, &cannot_write) : 0;
}

int sk_file_remove(const char *path, struct sk_err *err)
{
	char dir[PATH_MAX];
	int r = dir_of(path, dir, sizeof(dir));

	if (r == 0 && unlink(path) < 0) {
		if (errno == ENOENT)
			return 0;
		r = -errno;
	}
	if (r == 0)
		r = sync_dir(dir);
	return r < 0 ? fail(err, r, path, &cannot_remove) : 0;
}

#define SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

int sk_memfd(const char *name, const void *p, size_t n)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING), r;

	if (fd < 0)
		return -errno;
	r = write_all(fd, p, n);
	if (r == 0 && (lseek(fd, 0, SEEK_SET) < 0 || fcntl(fd, F_ADD_SEALS, SEALS) < 0))
		r = -errno;
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

int sk_memfd_check(int fd, struct sk_err *err)
{
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0 && errno == EBADF)
		return sk_err_set(
			err, -EBADF, NULL, "no descriptor was passed", "記述子が渡されていません");
	if (seals < 0 || (seals & SEALS) != SEALS)
		return sk_err_set(err, -EPERM, NULL, "the passed file is not sealed memory",
			"渡されたファイルは封印されたメモリではありません");
	return 0;
}

int sk_mkdir_p(const char *path, mode_t mode, struct sk_err *err)
{
	char part[PATH_MAX];
	struct stat st;
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof(part))
		return fail(err, len ? -ENAMETOOLONG : -EINVAL, path, &cannot_make);
	for (size_t i = 1; i <= len; i++) {
		if (i < len && path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, mode) < 0 && errno != EEXIST)
			return fail(err, -errno, part, &cannot_make);
	}
	if (stat(path, &st) < 0)
		return fail(err, -errno, path, &cannot_make);
	return S_ISDIR(st.st_mode) ? 0 : fail(err, -ENOTDIR, path, &cannot_make);
}
