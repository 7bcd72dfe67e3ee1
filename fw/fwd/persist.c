/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of the state directory:
 *
 *   confirmed   the document that was confirmed last; what a start loads
 *   previous    the one confirmed before it; loaded only if `confirmed` is damaged
 *   trial       a document on its way; no start ever loads it
 *
 * apply      1. trial is written (temporary file, fsync, rename, fsync of the directory)
 *            2. the kernel switches to it
 *               with confirm = 0 the next step follows at once, else when the administrator
 * confirms confirm    3. previous := confirmed, as a hard link renamed into place: `confirmed`
 * never vanishes
 *            4. rename trial → confirmed, fsync of the directory: this instant is the confirmation
 * rollback   5. the kernel switches back to confirmed
 *            6. trial is removed
 *
 * A start loads `confirmed` into the kernel, then removes `trial` if there is one. So a death
 * before 4 ends with the old policy whatever the kernel was running, a death after 4 with the new
 * one, and a death between 5 and 6 repeats the rollback. The deadline need not be stored: any death
 * during a trial is a rollback. A full disk fails in step 1, before the kernel is touched; 3, 4 and
 * 6 need no new blocks besides a directory entry, and if they fail the trial simply goes on to its
 * rollback.
 */
#include "fw/fwd/persist.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/util.h"

#define CONFIRMED "confirmed"
#define PREVIOUS "previous"
#define PREVIOUS_NEW "previous.new"
#define TRIAL "trial"
#define DAMAGED "damaged"

struct fwd_persist {
	char dir[PATH_MAX - 64];
	int fd;
};

static int fail(struct sk_err *err, const char *what, const char *name)
{
	int code = -errno;

	return sk_err_set(
		err, code, NULL, "%s %s: %s", "%2$s: %3$s (%1$s)", what, name, strerror(-code));
}

/* One daemon for one directory: a second would take the first one's socket and fight for the table.
 */
static int lock(struct fwd_persist *p, struct sk_err *err)
{
	if (flock(p->fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno != EWOULDBLOCK)
		return fail(err, "cannot lock", p->dir);
	return sk_err_set(err, -EBUSY, "state-dir", "%s is in use by another sekisho-fwd",
		"%s は別の sekisho-fwd が使用中です", p->dir);
}

/* What a death in the middle of sk_file_replace left. Trouble is no reason not to start. */
static void sweep(struct fwd_persist *p)
{
	int fd = openat(p->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;

	if (!dir) {
		sk_closep(&fd);
		return;
	}
	while ((e = readdir(dir))) {
		const char *tmp = strstr(e->d_name, ".tmp-");

		if (tmp && strlen(tmp) == sizeof(".tmp-XXXXXX") - 1)
			unlinkat(p->fd, e->d_name, 0);
	}
	closedir(dir);
}

int fwd_persist_open(struct fwd_persist **ret, const char *dir, struct sk_err *err)
{
	struct fwd_persist *p;
	int r;

	if (strlen(dir) >= sizeof(p->dir))
		return sk_err_set(
			err, -ENAMETOOLONG, "state-dir", "path is too long", "パスが長すぎます");
	r = sk_mkdir_p(dir, 0700, err);
	if (r < 0)
		return r;
	p = calloc(1, sizeof(*p));
	if (!p)
		return sk_err_nomem(err);
	snprintf(p->dir, sizeof(p->dir), "%s", dir);
	p->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->fd < 0) {
		r = fail(err, "cannot open", dir);
		free(p);
		return r;
	}
	r = lock(p, err);
	if (r < 0) {
		fwd_persist_close(p);
		return r;
	}
	sweep(p);
	*ret = p;
	return 0;
}

void fwd_persist_close(struct fwd_persist *p)
{
	if (!p)
		return;
	close(p->fd);
	free(p);
}

static void path_of(const struct fwd_persist *p, const char *name, char dst[PATH_MAX])
{
	snprintf(dst, PATH_MAX, "%s/%s", p->dir, name);
}

static bool exists(const struct fwd_persist *p, const char *name)
{
	return faccessat(p->fd, name, F_OK, 0) == 0;
}

static int sync_dir(struct fwd_persist *p, struct sk_err *err)
{
	return fsync(p->fd) < 0 ? fail(err, "cannot sync", p->dir) : 0;
}

int fwd_persist_read(struct fwd_persist *p, const char *name, struct sk_buf *b, struct sk_err *err)
{
	char path[PATH_MAX];

	path_of(p, name, path);
	return sk_file_read(path, b, err);
}

int fwd_persist_write(
	struct fwd_persist *p, const char *name, const void *data, size_t n, struct sk_err *err)
{
	char path[PATH_MAX];

	path_of(p, name, path);
	return sk_file_replace(path, data, n, 0600, err);
}

int fwd_persist_rename(struct fwd_persist *p, const char *from, const char *to, struct sk_err *err)
{
	if (renameat(p->fd, from, p->fd, to) < 0)
		return fail(err, "cannot rename", from);
	return sync_dir(p, err);
}

int fwd_persist_remove(struct fwd_persist *p, const char *name, struct sk_err *err)
{
	if (unlinkat(p->fd, name, 0) < 0)
		return errno == ENOENT ? 0 : fail(err, "cannot remove", name);
	return sync_dir(p, err);
}

int fwd_persist_append(struct fwd_persist *p, const char *name, const void *data, size_t n,
	size_t *ret_size, struct sk_err *err)
{
	_cleanup_(sk_closep) int fd =
		openat(p->fd, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	ssize_t put = fd < 0 ? -1 : write(fd, data, n);
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);

	if (put < 0 || size < 0)
		return fail(err, "cannot write", name);
	if ((size_t)put < n) {
		errno = ENOSPC;
		return fail(err, "cannot write", name);
	}
	*ret_size = (size_t)size;
	return 0;
}

int fwd_persist_sync(struct fwd_persist *p, const char *name, struct sk_err *err)
{
	_cleanup_(sk_closep) int fd = openat(p->fd, name, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fdatasync(fd) < 0)
		return fail(err, "cannot sync", name);
	return sync_dir(p, err);
}

static int load_one(struct fwd_persist *p, const char *name, int64_t now, struct fwd_load *l,
	struct sk_err *err)
{
	struct sk_buf b;
	int r;

	sk_buf_init(&b, FW_POLICY_BYTES_MAX);
	r = fwd_persist_read(p, name, &b, err);
	if (r == 0)
		r = fw_policy_parse(
			b.data, b.len, FW_POLICY_BOOT, now, &l->policy, &l->expired, err);
	sk_buf_done(&b);
	return r;
}

int fwd_persist_load(struct fwd_persist *p, int64_t now, struct fwd_load *ret, struct sk_err *err)
{
	struct fwd_load l = {.from = FWD_LOADED_CURRENT, .interrupted = exists(p, TRIAL)};
	bool there = exists(p, CONFIRMED);
	int r = load_one(p, CONFIRMED, now, &l, &l.damage);

	if (r == -ENOMEM)
		return sk_err_nomem(err);
	if (r < 0) {
		struct sk_err second = {0};
		int code = l.damage.code;

		/* Without any `confirmed`, a `previous` is still a trace of damage. */
		l.damaged = there || exists(p, PREVIOUS);
		r = load_one(p, PREVIOUS, now, &l, &second);
		if (r == -ENOMEM)
			return sk_err_nomem(err);
		l.from = r == 0 ? FWD_LOADED_PREVIOUS : FWD_LOADED_NONE;
		if (!l.damaged)
			l.damage = (struct sk_err){0};
		else if (code == 0)
			l.damage.code = -EBADMSG;
	}
	*ret = l;
	return 0;
}

int fwd_persist_settle(struct fwd_persist *p, const struct fwd_load *l, struct sk_err *err)
{
	/* Kept for whoever wants to know what happened; it must not become `previous` later. */
	if (l->damaged && renameat(p->fd, CONFIRMED, p->fd, DAMAGED) < 0 && errno != ENOENT)
		return fail(err, "cannot rename", CONFIRMED);
	return fwd_persist_drop_trial(p, err);
}

int fwd_persist_trial(struct fwd_persist *p, const void *doc, size_t n, struct sk_err *err)
{
	return fwd_persist_write(p, TRIAL, doc, n, err);
}

int fwd_persist_drop_trial(struct fwd_persist *p, struct sk_err *err)
{
	if (unlinkat(p->fd, TRIAL, 0) < 0) {
		if (errno == ENOENT)
			return 0;
		return fail(err, "cannot remove", TRIAL);
	}
	return sync_dir(p, err);
}

int fwd_persist_confirm(struct fwd_persist *p, struct sk_err *err)
{
	int r;

	if (unlinkat(p->fd, PREVIOUS_NEW, 0) < 0 && errno != ENOENT)
		return fail(err, "cannot remove", PREVIOUS_NEW);
	if (linkat(p->fd, CONFIRMED, p->fd, PREVIOUS_NEW, 0) == 0) {
		/* Renaming one link over another of the same file does nothing: remove it then. */
		if (renameat(p->fd, PREVIOUS_NEW, p->fd, PREVIOUS) < 0)
			return fail(err, "cannot rename", PREVIOUS_NEW);
		unlinkat(p->fd, PREVIOUS_NEW, 0);
		r = sync_dir(p, err);
		if (r < 0)
			return r;
	} else if (errno != ENOENT) {
		return fail(err, "cannot link", CONFIRMED);
	}
	if (renameat(p->fd, TRIAL, p->fd, CONFIRMED) < 0)
		return fail(err, "cannot rename", TRIAL);
	return sync_dir(p, err) < 0 ? 1 : 0;
}

const char *fwd_loaded_name(enum fwd_loaded l)
{
	static const char *const names[] = {
		[FWD_LOADED_NONE] = "none",
		[FWD_LOADED_CURRENT] = "current",
		[FWD_LOADED_PREVIOUS] = "previous",
		[FWD_LOADED_APPLY] = "apply",
	};

	return names[l];
}
