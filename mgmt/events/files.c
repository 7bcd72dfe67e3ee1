// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names, list and removal of the event store's files. Never removes anything by itself: retention.c
 * decides, and the writer sets a damaged file aside rather than losing new events.
 */
#include "mgmt/events/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/util.h"

#define PREFIX "events-"

static const char *const companions[] = {"", "-wal", "-shm"};

static void closedirp(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* "events-20270331.db" or "events-20270331.db.damaged-1". */
static bool parse_name(const char *name, struct mg_day_file *f)
{
	const char *digits = name + strlen(PREFIX), *rest;
	char text[9] = "";
	uint64_t v;

	if (strncmp(name, PREFIX, strlen(PREFIX)) != 0 || strlen(digits) < 11)
		return false;
	memcpy(text, digits, 8);
	if (sk_parse_u64(text, 99991231, &v) < 0 || v < 19700101)
		return false;
	rest = digits + 8;
	f->damaged = strncmp(rest, ".db.damaged-", 12) == 0;
	if (!f->damaged && strcmp(rest, ".db") != 0)
		return false;
	if (f->damaged && (strstr(rest, "-wal") || strstr(rest, "-shm")))
		return false;
	if (strlen(name) >= sizeof(f->name))
		return false;
	f->date = (int)v;
	memcpy(f->name, name, strlen(name) + 1);
	return true;
}

static uint64_t size_of(int dirfd, const char *name)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < 2; i++) {
		char path[80];
		struct stat st;

		snprintf(path, sizeof(path), "%s%s", name, companions[i]);
		if (fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0)
			sum += (uint64_t)st.st_blocks * 512;
	}
	return sum;
}

static int by_date(const void *a, const void *b)
{
	const struct mg_day_file *x = a, *y = b;

	if (x->date != y->date)
		return x->date < y->date ? -1 : 1;
	return strcmp(x->name, y->name);
}

int mg_files_list(const char *dir, struct mg_day_file **ret, size_t *n, struct sk_err *err)
{
	_cleanup_(sk_freep) struct mg_day_file *list = NULL;
	_cleanup_(closedirp) DIR *d = opendir(dir);
	size_t count = 0, cap = 0;
	struct dirent *de;

	if (!d && errno != ENOENT)
		return sk_err_set(
			err, -errno, NULL, "%s: %s", "%s: 開けません(%s)", dir, strerror(errno));
	while (d && (de = readdir(d))) {
		struct mg_day_file f = {0};

		if (!parse_name(de->d_name, &f))
			continue;
		f.bytes = size_of(dirfd(d), f.name);
		if (sk_grow(&list, &cap, count + 1, sizeof(*list)) < 0)
			return sk_err_nomem(err);
		list[count++] = f;
	}
	if (count > 0)
		qsort(list, count, sizeof(*list), by_date);
	*ret = list;
	*n = count;
	list = NULL;
	return 0;
}

int mg_day_path(char *dst, size_t cap, const char *dir, int date)
{
	int n = snprintf(dst, cap, "%s/" PREFIX "%08d.db", dir, date);

	return n < 0 || (size_t)n >= cap ? -ENAMETOOLONG : 0;
}

int mg_date_of(int64_t t)
{
	time_t tt = (time_t)t;
	struct tm tm;

	if (!localtime_r(&tt, &tm))
		return 19700101;
	return (tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday;
}

int64_t mg_date_start(int date)
{
	struct tm tm = {.tm_year = date / 10000 - 1900,
		.tm_mon = date / 100 % 100 - 1,
		.tm_mday = date % 100,
		.tm_hour = 12,
		.tm_isdst = -1};

	return sk_day_start(mktime(&tm));
}

int mg_day_unlink(const char *dir, const char *name, struct sk_err *err)
{
	/* The database first: a log left behind by a crash in between belongs to nothing. */
	for (size_t i = 0; i < SK_ARRAY_SIZE(companions); i++) {
		char path[PATH_MAX];

		if ((size_t)snprintf(path, sizeof(path), "%s/%s%s", dir, name, companions[i]) >=
			sizeof(path))
			return sk_err_set(
				err, -ENAMETOOLONG, NULL, "%s: too long", "%s: 長すぎます", dir);
		if (unlink(path) < 0 && errno != ENOENT)
			return sk_err_set(err, -errno, NULL, "%s: cannot remove: %s",
				"%s: 削除できません(%s)", path, strerror(errno));
	}
	return 0;
}

static int free_number(const char *path)
{
	for (int n = 1; n < 1000; n++) {
		char to[PATH_MAX];

		if ((size_t)snprintf(to, sizeof(to), "%s.damaged-%d", path, n) >= sizeof(to))
			return -1;
		if (access(to, F_OK) < 0)
			return n;
	}
	return -1;
}

int mg_day_set_aside(const char *path, struct sk_err *err)
{
	int n = free_number(path);

	for (size_t i = 0; n > 0 && i < SK_ARRAY_SIZE(companions); i++) {
		char from[PATH_MAX], to[PATH_MAX];

		snprintf(from, sizeof(from), "%s%s", path, companions[i]);
		if ((size_t)snprintf(to, sizeof(to), "%s.damaged-%d%s", path, n, companions[i]) >=
			sizeof(to))
			return sk_err_set(
				err, -ENAMETOOLONG, NULL, "%s: too long", "%s: 長すぎます", path);
		if (rename(from, to) < 0 && errno != ENOENT)
			return sk_err_set(err, -errno, NULL, "%s: cannot set it aside: %s",
				"%s: 退避できません(%s)", path, strerror(errno));
	}
	if (n < 0)
		return sk_err_set(err, -EEXIST, NULL, "%s: too many damaged files set aside",
			"%s: 退避した破損ファイルが多すぎます", path);
	return 0;
}

int mg_dir_sync(const char *dir)
{
	_cleanup_(sk_closep) int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}
