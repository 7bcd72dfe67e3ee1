// SPDX-License-Identifier: GPL-2.0-or-later
/* Following the RADIUS server's files; see spool.h. */
#include "mgmt/radius/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/util.h"

#define PREFIX "radius-"
#define NAME 18 /* radius-yyyymmddhh and its NUL */
#define LINGER 120
#define CHUNK 65536
#define FILES_MAX 10000

struct file {
	char name[NAME];
	uint64_t offset, told; /* read so far; telling records among it */
	bool skipping;         /* within a line that is too long */
	bool seen;             /* at this look */
};

struct mg_radius_spool {
	char dir[4096];
	struct mg_radius_spool_ops ops;
	void *arg;
	struct file *v; /* by name */
	size_t n, cap;
	struct mg_radius_spool_stat stat;
	bool strange_logged;
	char buf[CHUNK];
};

int mg_radius_spool_open(struct mg_radius_spool **ret, const char *dir,
	const struct mg_radius_spool_ops *ops, void *arg, struct sk_err *err)
{
	struct mg_radius_spool *s;

	if (strlen(dir) >= sizeof(s->dir) - NAME - 1)
		return sk_err_en(err, -ENAMETOOLONG, dir, "is too long");
	s = calloc(1, sizeof(*s));
	if (!s)
		return sk_err_nomem(err);
	snprintf(s->dir, sizeof(s->dir), "%s", dir);
	s->ops = *ops;
	s->arg = arg;
	*ret = s;
	return 0;
}

void mg_radius_spool_close(struct mg_radius_spool *s)
{
	if (!s)
		return;
	free(s->v);
	free(s);
}

void mg_radius_spool_stat(const struct mg_radius_spool *s, struct mg_radius_spool_stat *ret)
{
	*ret = s->stat;
	ret->files = (int)s->n;
}

/* ---- the folder -------------------------------------------------------------------------------
 */
static bool ours(const char *name)
{
	return strlen(name) == NAME - 1 && strncmp(name, PREFIX, strlen(PREFIX)) == 0 &&
		strspn(name + strlen(PREFIX), "0123456789") == 10;
}

/* When its hour is over. */
static int64_t end_of(const char *name)
{
	const char *d = name + strlen(PREFIX);
	struct tm tm = {0};

	tm.tm_year =
		(d[0] - '0') * 1000 + (d[1] - '0') * 100 + (d[2] - '0') * 10 + d[3] - '0' - 1900;
	tm.tm_mon = (d[4] - '0') * 10 + d[5] - '0' - 1;
	tm.tm_mday = (d[6] - '0') * 10 + d[7] - '0';
	tm.tm_hour = (d[8] - '0') * 10 + d[9] - '0';
	return (int64_t)timegm(&tm) + 3600;
}

static int add(struct mg_radius_spool *s, const char *name)
{
	size_t i = s->n;

	while (i > 0 && strcmp(s->v[i - 1].name, name) > 0)
		i--;
	if (i > 0 && strcmp(s->v[i - 1].name, name) == 0) {
		s->v[i - 1].seen = true;
		return 0;
	}
	if (s->n >= FILES_MAX)
		return 0; /* the oldest first; these are seen once there is room */
	if (sk_grow(&s->v, &s->cap, s->n + 1, sizeof(*s->v)) < 0)
		return -ENOMEM;
	memmove(&s->v[i + 1], &s->v[i], (s->n - i) * sizeof(*s->v));
	s->v[i] = (struct file){.seen = true};
	memcpy(s->v[i].name, name, NAME);
	s->n++;
	return 0;
}

static int look(struct mg_radius_spool *s)
{
	DIR *d = opendir(s->dir);
	const struct dirent *e;
	size_t kept = 0;
	int r = 0;

	if (!d)
		return errno == ENOENT ? 0 : -errno;
	for (size_t i = 0; i < s->n; i++)
		s->v[i].seen = false;
	while (r == 0 && (e = readdir(d)))
		if (ours(e->d_name))
			r = add(s, e->d_name);
	closedir(d);
	for (size_t i = 0; r == 0 && i < s->n; i++)
		if (s->v[i].seen)
			s->v[kept++] = s->v[i];
	if (r == 0)
		s->n = kept;
	return r;
}

/* ---- a file -----------------------------------------------------------------------------------
 */
static void strange(struct mg_radius_spool *s, const struct file *f, const struct sk_err *err)
{
	s->stat.strange++;
	if (!s->strange_logged)
		sk_log(LOG_WARNING, "%s: a line that is not understood is left out: %s", f->name,
			err->en);
	s->strange_logged = true;
}

/* One line. 1: it counts as told. */
static int line(struct mg_radius_spool *s, const struct file *f, const char *p, size_t n,
	uint64_t stored, uint64_t told)
{
	struct mg_radius_record r;
	struct sk_err err = {0};

	s->stat.lines++;
	if (mg_radius_record_parse(p, n, &r, &err) < 0) {
		strange(s, f, &err);
		return 0;
	}
	s->ops.record(&r, mg_radius_record_tells(&r) && told < stored, s->arg);
	return mg_radius_record_tells(&r);
}

/* Lines of n bytes at buf: how many bytes were used. */
static size_t lines(
	struct mg_radius_spool *s, struct file *f, size_t n, uint64_t stored, uint64_t *told)
{
	size_t off = 0, count = 0;

	while (off < n && count < MG_RADIUS_BATCH) {
		const char *end = memchr(s->buf + off, '\n', n - off);
		size_t len = end ? (size_t)(end - s->buf) - off : n - off;

		if (!end && len <= MG_RADIUS_LINE_MAX && !f->skipping)
			break; /* the rest is still to come */
		if (f->skipping || len > MG_RADIUS_LINE_MAX) {
			static const struct sk_err too_long = {.en = "it is too long"};

			if (!f->skipping)
				strange(s, f, &too_long);
			f->skipping = !end;
		} else {
			*told += (uint64_t)line(s, f, s->buf + off, len, stored, *told);
			count++;
		}
		off += len + (end ? 1 : 0);
	}
	return off;
}

static int open_file(const struct mg_radius_spool *s, const struct file *f, uint64_t *ret_size)
{
	char path[sizeof(s->dir) + NAME + 1];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", s->dir, f->name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	*ret_size = (uint64_t)st.st_size;
	return fd;
}

/* One batch. 1: something was read, 0: nothing is there, -errno: could not be stored. */
static int batch(struct mg_radius_spool *s, struct file *f)
{
	_cleanup_(sk_closep) int fd = -1;
	uint64_t size = 0, told = f->told;
	bool skipping = f->skipping;
	size_t used;
	ssize_t n;
	int r;

	fd = open_file(s, f, &size);
	if (fd < 0)
		return 0;
	if (f->offset > size) /* written anew: whoever did that wants it read */
		f->offset = f->told = told = 0;
	n = pread(fd, s->buf, sizeof(s->buf), (off_t)f->offset);
	if (n <= 0)
		return 0;
	used = lines(s, f, (size_t)n, s->ops.stored(f->name, s->arg), &told);
	s->stat.backlog += size - f->offset - used;
	if (!used)
		return 0;
	r = s->ops.end(f->name, told, s->arg);
	if (r < 0) {
		f->skipping = skipping;
		return r;
	}
	f->offset += used;
	f->told = told;
	return 1;
}

/* Read to its end, and nothing is written to it any more. */
static void finished(const struct mg_radius_spool *s, const struct file *f, int64_t now)
{
	char path[sizeof(s->dir) + NAME + 1];

	if (now < end_of(f->name) + LINGER)
		return;
	snprintf(path, sizeof(path), "%s/%s", s->dir, f->name);
	if (unlink(path) < 0 && errno != ENOENT)
		sk_log(LOG_WARNING, "%s cannot be deleted: %s", path, strerror(errno));
}

int mg_radius_spool_read(struct mg_radius_spool *s, int64_t now, int batches, struct sk_err *err)
{
	int r = look(s);

	if (r < 0)
		return sk_err_en(err, r, s->dir, "%s", strerror(-r));
	s->stat.backlog = 0;
	s->strange_logged = false;
	for (size_t i = 0; i < s->n; i++) {
		while ((r = batch(s, &s->v[i])) > 0)
			if (--batches <= 0)
				return 1;
		if (r < 0)
			return sk_err_en(err, r, s->v[i].name, "%s", strerror(-r));
		finished(s, &s->v[i], now);
	}
	return 0;
}
