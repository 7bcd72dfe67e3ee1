/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The capture files of a folder and those below it. A file named outright is taken whatever its
 * name; in folders names decide. Symbolic links to folders are not followed, so that there is no
 * circle.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ips/capture/capture.h"
#include "lib/util.h"

#define DEPTH_MAX 32

struct list {
	char **names;
	size_t n, cap;
};

static int add(struct list *l, const char *path, struct sk_err *err)
{
	char *copy = strdup(path);

	if (!copy || sk_grow(&l->names, &l->cap, l->n + 1, sizeof(*l->names)) < 0) {
		free(copy);
		return sk_err_nomem(err);
	}
	l->names[l->n++] = copy;
	return 0;
}

static bool named_as_capture(const char *path)
{
	static const char *const endings[] = {".pcap", ".pcapng", ".cap"};
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t len = strlen(name);

	for (size_t i = 0; i < SK_ARRAY_SIZE(endings); i++) {
		size_t n = strlen(endings[i]);

		if (len > n && strcmp(name + len - n, endings[i]) == 0)
			return true;
	}
	return false;
}

static int walk(struct list *l, const char *dir, unsigned depth, struct sk_err *err);

static int entry(struct list *l, const char *path, unsigned depth, struct sk_err *err)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return sk_err_en(err, -errno, path, "%s", strerror(errno));
	if (S_ISDIR(st.st_mode))
		return walk(l, path, depth + 1, err);
	if (S_ISLNK(st.st_mode) && stat(path, &st) < 0)
		return 0; /* points nowhere */
	return S_ISREG(st.st_mode) && named_as_capture(path) ? add(l, path, err) : 0;
}

static int walk(struct list *l, const char *dir, unsigned depth, struct sk_err *err)
{
	struct dirent *e;
	int ret = 0;
	DIR *d;

	if (depth > DEPTH_MAX)
		return sk_err_set(err, -ELOOP, dir, "more than %d folders deep",
			"フォルダーの階層が%dを超えています", DEPTH_MAX);
	d = opendir(dir);
	if (!d)
		return sk_err_en(err, -errno, dir, "%s", strerror(errno));
	while (ret == 0 && (e = readdir(d))) {
		char *path;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (asprintf(&path, "%s/%s", dir, e->d_name) < 0) {
			ret = sk_err_nomem(err);
			break;
		}
		ret = entry(l, path, depth, err);
		free(path);
	}
	closedir(d);
	return ret;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int ips_capture_list(const char *path, char ***ret, size_t *ret_n, struct sk_err *err)
{
	struct list l = {0};
	struct stat st;
	int r;

	if (stat(path, &st) < 0)
		return sk_err_en(err, -errno, path, "%s", strerror(errno));
	r = S_ISDIR(st.st_mode) ? walk(&l, path, 0, err) : add(&l, path, err);
	if (r < 0) {
		ips_capture_list_free(l.names, l.n);
		return r;
	}
	if (l.n)
		qsort(l.names, l.n, sizeof(*l.names), by_name);
	*ret = l.names;
	*ret_n = l.n;
	return 0;
}

void ips_capture_list_free(char **list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(list[i]);
	free(list);
}
