/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies of the registry for a return to an older version. Files are exchanged by rename alone, in
 * an order that a power cut at any point leaves either registry whole under its name.
 */
#include "mgmt/store/older.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "mgmt/store/db.h"

#define COPY_MAX (1024u << 20)
#define ANCHOR_MAX 65536

static void named(char dst[512], const char *path, const char *what, int64_t n)
{
	snprintf(dst, 512, "%s.%s-%lld", path, what, (long long)n);
}

static int fail(struct sk_err *err, int code, const char *path)
{
	return sk_err_set(err, code, NULL, "%s: %s", "%s: %s", path, strerror(-code));
}

static int copy(const char *from, const char *to, size_t max, struct sk_err *err)
{
	struct sk_buf b;
	int r;

	sk_buf_init(&b, max);
	r = sk_file_read(from, &b, err);
	if (r == 0)
		r = sk_file_replace(to, b.data, b.len, 0600, err);
	sk_buf_done(&b);
	return r;
}

static int sync_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int r = fd < 0 || fsync(fd) < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return r;
}

int mg_older_keep(
	struct mg_store *s, const struct mg_store_paths *p, int64_t from, struct sk_err *err)
{
	char to[512], anchor[512], part[600];
	int r;

	named(to, p->db, "schema", from);
	named(anchor, p->anchor, "schema", from);
	snprintf(part, sizeof(part), "%s.part", to);
	unlink(part);
	/* One consistent file, whatever is still in the write-ahead log. */
	r = mg_db_run(s, err, "VACUUM INTO ?1", MG_S(part));
	if (r == 0 && (chmod(part, 0600) < 0 || sync_file(part) < 0))
		r = fail(err, -errno, part);
	if (r == 0 && access(p->anchor, F_OK) == 0)
		r = copy(p->anchor, anchor, ANCHOR_MAX, err);
	if (r == 0 && rename(part, to) < 0)
		r = fail(err, -errno, to);
	if (r < 0)
		unlink(part);
	return r;
}

/* The schema of a registry that nobody has open (SQLite's file format, "User Version"). 0: is none.
 */
static int64_t schema_of(const char *path)
{
	static const char magic[] = "SQLite format 3";
	uint8_t head[64];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = fd < 0 ? 0 : pread(fd, head, sizeof(head), 0);

	if (fd >= 0)
		close(fd);
	if (n != (ssize_t)sizeof(head) || memcmp(head, magic, sizeof(magic)) != 0)
		return 0;
	return (int64_t)head[60] << 24 | head[61] << 16 | head[62] << 8 | head[63];
}

int mg_older_finish(const struct mg_store_paths *p, int64_t mine, struct sk_err *err)
{
	char next[512], anchor_next[512], aside[512];

	snprintf(next, sizeof(next), "%s.next", p->db);
	snprintf(anchor_next, sizeof(anchor_next), "%s.next", p->anchor);
	/* They were not exchanged: a return that did not happen leaves nothing. */
	if (schema_of(next) <= mine) {
		unlink(anchor_next);
		unlink(next);
		return 0;
	}
	if (access(anchor_next, F_OK) == 0 && rename(anchor_next, p->anchor) < 0)
		return fail(err, -errno, anchor_next);
	/* The newer registry, whose place was taken. */
	named(aside, p->db, "newer", sk_now());
	return rename(next, aside) < 0 ? fail(err, -errno, aside) : 0;
}

int mg_older_return(const struct mg_store_paths *p, int64_t mine, struct sk_err *err)
{
	char from[512], next[512], anchor[512], anchor_next[512], anchor_aside[512];
	int r;

	named(from, p->db, "schema", mine);
	named(anchor, p->anchor, "schema", mine);
	named(anchor_aside, p->anchor, "newer", sk_now());
	snprintf(next, sizeof(next), "%s.next", p->db);
	snprintf(anchor_next, sizeof(anchor_next), "%s.next", p->anchor);
	if (access(from, F_OK) < 0)
		return -ENOENT;
	r = copy(from, next, COPY_MAX, err);
	if (r == 0 && access(p->anchor, F_OK) == 0)
		r = copy(p->anchor, anchor_aside, ANCHOR_MAX, err);
	if (r == 0 && access(anchor, F_OK) == 0)
		r = copy(anchor, anchor_next, ANCHOR_MAX, err);
	/* From here on it is the older one, and mg_older_finish() does the rest at any time. */
	if (r == 0 && renameat2(AT_FDCWD, next, AT_FDCWD, p->db, RENAME_EXCHANGE) < 0)
		r = fail(err, -errno, p->db);
	return r < 0 ? r : mg_older_finish(p, mine, err);
}

/* Schemas are counted from 1, and few. */
int64_t mg_older_time(const struct mg_store_paths *p)
{
	int64_t latest = 0;

	for (int v = 1; v < MG_SCHEMA_VERSION; v++) {
		char path[512];
		struct stat st;

		named(path, p->db, "schema", v);
		if (stat(path, &st) == 0 && st.st_mtime > latest)
			latest = st.st_mtime;
	}
	return latest;
}

void mg_older_forget(const struct mg_store_paths *p)
{
	for (int v = 1; v < MG_SCHEMA_VERSION; v++) {
		char path[512];

		named(path, p->db, "schema", v);
		unlink(path);
		named(path, p->anchor, "schema", v);
		unlink(path);
	}
}

int64_t mg_store_set_aside(const struct mg_store *s)
{
	return s->set_aside;
}
