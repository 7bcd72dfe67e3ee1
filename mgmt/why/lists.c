// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Searching the accepted lists for `why`. Runs in a forked reader: the files are mapped, as mgmtd
 * replaces them whole and never changes one.
 */
#include "mgmt/why/lists.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/util.h"

#define HITS_MAX 1000 /* of one list */

/* Hits wait until the list has turned out to be whole. */
struct hit {
	char *value, *note;
	enum sk_bl_kind kind;
	bool covers;
	int64_t since;
};

struct search {
	const struct mg_subject *s;
	size_t near_max, n_near;
	struct hit *v;
	size_t n, cap;
};

static void search_done(struct search *q)
{
	for (size_t i = 0; i < q->n; i++) {
		free(q->v[i].value);
		free(q->v[i].note);
	}
	free(q->v);
}

static int on_entry(const struct mg_list_entry *e, void *arg)
{
	struct search *q = arg;
	enum mg_subject_hit what = mg_subject_hit(q->s, e);
	struct hit h = {.kind = e->kind, .covers = what == MG_HIT_COVERS, .since = e->since};

	if (what == MG_HIT_NONE || q->n >= HITS_MAX ||
		(what == MG_HIT_NEAR && q->n_near++ >= q->near_max))
		return 0;
	h.value = strndup(e->value, e->len);
	h.note = strndup(e->note, e->note_len);
	if (!h.value || !h.note || sk_grow(&q->v, &q->cap, q->n + 1, sizeof(*q->v)) < 0) {
		free(h.value);
		free(h.note);
		return -ENOMEM;
	}
	q->v[q->n++] = h;
	return 0;
}

static int give(const struct search *q, const struct mg_list_head *head,
	int (*fn)(const struct mg_why_hit *h, void *arg), void *arg)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < q->n; i++) {
		const struct hit *h = &q->v[i];
		const struct mg_why_hit out = {.feed = head->feed,
			.value = h->value,
			.note = h->note,
			.kind = h->kind,
			.covers = h->covers,
			.since = h->since,
			.fetched = head->fetched};

		r = fn(&out, arg);
	}
	return r;
}

/* *ret_map: to be unmapped if n is not 0. */
static int map_file(const char *path, const void **ret_map, size_t *n)
{
	_cleanup_(sk_closep) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	void *p;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size <= 0 || (uint64_t)st.st_size > MG_LIST_BYTES_MAX)
		return -EINVAL;
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	*ret_map = p;
	*n = (size_t)st.st_size;
	return 0;
}

static int one_list(struct search *q, const char *path,
	int (*fn)(const struct mg_why_hit *h, void *arg), void *arg, bool *ret_bad)
{
	struct mg_list_head head = {.entries = 0};
	const void *p = NULL;
	size_t n = 0;
	int r = map_file(path, &p, &n), given = 0;

	if (r == 0) {
		r = mg_list_check(p, n, &head, on_entry, q, NULL);
		munmap((void *)p, n);
	}
	if (r == 0)
		given = give(q, &head, fn, arg);
	mg_list_head_done(&head);
	/* Gone since the folder was read: it is no longer used. */
	*ret_bad = r < 0 && r != -ENOMEM && r != -ENOENT;
	return r == -ENOMEM ? r : given;
}

static int is_list(const struct dirent *de)
{
	size_t n = strlen(de->d_name);

	/* No list has a dot in its name. */
	return n > 5 && n < SK_BL_NAME_MAX + 5 && strcmp(de->d_name + n - 5, ".list") == 0 &&
		!memchr(de->d_name, '.', n - 5);
}

int mg_why_lists(const char *dir, const struct mg_subject *s, size_t near_max,
	int (*fn)(const struct mg_why_hit *h, void *arg), void *arg, struct sk_buf *ret_bad)
{
	struct dirent **list = NULL;
	int n = scandir(dir, &list, is_list, alphasort), r = 0;

	if (n < 0)
		return errno == ENOENT ? 0 : -errno;
	for (int i = 0; i < n; i++) {
		struct search q = {.s = s, .near_max = near_max};
		char path[PATH_MAX];
		bool bad = true;

		if (r == 0 &&
			(size_t)snprintf(path, sizeof(path), "%s/%s", dir, list[i]->d_name) <
				sizeof(path))
			r = one_list(&q, path, fn, arg, &bad);
		else
			bad = false;
		if (bad)
			sk_buf_printf(ret_bad, "%s%s", ret_bad->len ? ", " : "", list[i]->d_name);
		search_done(&q);
		free(list[i]);
	}
	free(list);
	return r;
}
