// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Jobs for the forked child of listwork.c, one at a time: asked for over a socket pair whose other
 * end the process that forks readers hands on, answered in the loop.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/log.h"
#include "lib/util.h"
#include "mgmt/feeds/merge.h"
#include "mgmt/mgmtd/lists_private.h"

#define RETRY_S 60
#define JOB_S 300 /* a child that takes longer will not come back */

void mg_job_end(struct mg_lists *l)
{
	l->job_io = sd_event_source_disable_unref(l->job_io);
	sk_closep(&l->job_fd);
	l->job_fd = -1;
	l->checking = NULL;
}

/* ---- answers ----------------------------------------------------------------------------------
 */
static void merge_failed(struct mg_lists *l, const struct sk_err *err)
{
	bool news = strcmp(l->why.en, err->en) != 0;

	l->why = *err;
	l->dirty = true;
	l->retry_at = sk_now() + RETRY_S;
	sk_log_err(LOG_ERR, "the blocklist document cannot be made", err);
	if (news)
		mg_lists_report(l, json_pack("{ss ss}", "action", "refused", "message", err->en));
}

static void merged(struct mg_lists *l, const json_t *answer, int *memfd)
{
	const json_t *damaged = json_object_get(answer, "damaged");
	const char *sha = json_string_value(json_object_get(answer, "sha256"));
	const char *content = json_string_value(json_object_get(answer, "content"));

	l->why = (struct sk_err){0};
	snprintf(l->stamp, sizeof(l->stamp), "%s", l->next_stamp);
	for (size_t i = 0; i < json_array_size(damaged); i++)
		mg_lists_damaged(l, json_string_value(json_array_get(damaged, i)));
	if (*memfd < 0 || !sha || !content) /* the same content as before */
		return;
	sk_closep(&l->doc);
	l->doc = *memfd;
	*memfd = -1;
	l->generation = l->next_generation;
	l->used = SK_MAX(l->used, l->generation);
	l->entries = (uint64_t)json_integer_value(json_object_get(answer, "entries"));
	snprintf(l->sha256, sizeof(l->sha256), "%s", sha);
	snprintf(l->content, sizeof(l->content), "%s", content);
	sk_log(LOG_INFO, "blocklist document %" PRIu64 ": %" PRIu64 " entries", l->generation,
		l->entries);
}

static int on_answer(sd_event_source *src, int fd, uint32_t revents, void *userdata)
{
	struct mg_lists *l = userdata;
	struct mg_listfetch *checking = l->checking;
	struct sk_ipc_msg m = {.fd = -1};
	struct sk_err err = {0};
	int r = sk_ipc_recv(fd, 0, &m, &err);

	if (r == -ETIMEDOUT)
		return 0;
	if (r == 0)
		r = sk_ipc_end_code(m.body, &err);
	else
		r = sk_err_set(&err, -EIO, NULL, "the check of the lists failed; the log says why",
			"一覧の処理に失敗しました。詳細はログを確認してください");
	mg_job_end(l);
	if (checking)
		mg_lists_checked(l, checking, m.body, r, &err);
	else if (r < 0)
		merge_failed(l, &err);
	else
		merged(l, m.body, &m.fd);
	sk_ipc_msg_done(&m);
	mg_lists_go_on(l);
	return 0;
}

void mg_lists_job_gone(struct mg_daemon *d)
{
	if (!d->lists)
		return;
	d->lists->child = false;
	/* Its answer, if there is one, is read first: it was sent before the end. */
	if (d->lists->job_fd < 0)
		mg_lists_go_on(d->lists);
}

/* ---- asking -----------------------------------------------------------------------------------
 */
/* args is stolen. */
static int start(struct mg_lists *l, const char *op, json_t *args, int memfd, struct sk_err *err)
{
	_cleanup_(sk_json_decrefp) json_t *body =
		args ? json_pack("{s:s, s:o}", "op", op, "args", args) : NULL;
	_cleanup_(sk_closep) int theirs = -1;
	int fds[2], r;

	if (!body)
		return sk_err_nomem(err);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return sk_err_en(err, -errno, NULL, "socketpair: %s", strerror(errno));
	l->job_fd = fds[0];
	theirs = fds[1];
	r = mg_heavy_job(l->d, theirs, err);
	l->child = r == 0;
	if (r == 0)
		r = sk_ipc_send(l->job_fd, SK_IPC_REQUEST, 1, body, memfd, err);
	if (r == 0 &&
		(r = sd_event_add_io(l->d->ev, &l->job_io, l->job_fd, EPOLLIN, on_answer, l)) < 0)
		sk_err_en(err, r, NULL, "sd-event: %s", strerror(-r));
	l->job_since = sk_now();
	if (r < 0)
		mg_job_end(l);
	return r;
}

int mg_job_check(struct mg_lists *l, struct mg_listfetch *f, struct sk_err *err)
{
	int r = start(l, "check", json_pack("{s:s}", "feed", f->feed), f->list, err);

	if (r == 0) {
		f->state = MG_LISTFETCH_CHECKING;
		l->checking = f;
	}
	return r;
}

int mg_job_merge(struct mg_lists *l, struct sk_err *err)
{
	l->next_generation = l->used + 1;
	return start(l, "merge",
		json_pack("{s:I, s:s}", "generation", (json_int_t)l->next_generation, "content",
			l->content),
		-1, err);
}

void mg_job_tick(struct mg_lists *l, int64_t now)
{
	struct mg_listfetch *checking = l->checking;
	struct sk_err err = {0};

	if (l->job_fd < 0 || now - l->job_since <= JOB_S)
		return;
	sk_err_set(&err, -ETIMEDOUT, NULL, "the check of the lists takes too long",
		"一覧の処理に時間がかかりすぎています");
	mg_job_end(l);
	mg_heavy_job_kill(l->d);
	if (checking)
		mg_lists_checked(l, checking, NULL, -ETIMEDOUT, &err);
	else
		merge_failed(l, &err);
}

/* ---- the document of the last run -------------------------------------------------------------
 */
int mg_job_load(struct mg_lists *l, struct sk_err *err)
{
	struct sk_bl_head head;
	char path[512];
	struct sk_buf b;
	int r = mg_lists_path(l->d, MG_LIST_DOC, NULL, path, sizeof(path));

	sk_buf_init(&b, MG_LIST_DOC_MAX);
	if (r == 0)
		r = sk_file_read(path, &b, NULL);
	if (r == 0)
		r = sk_bl_parse(b.data, b.len, &head, NULL, NULL, err);
	if (r == 0) {
		l->generation = l->used = head.generation;
		l->entries = head.entries;
		snprintf(l->sha256, sizeof(l->sha256), "%s", head.sha256);
		sk_bl_head_done(&head);
		if (mg_merge_content(b.data, b.len, l->content) < 0)
			l->content[0] = '\0';
		l->doc = sk_memfd("blocklist", b.data, b.len);
	}
	sk_buf_done(&b);
	/* None, or a damaged one: it is made anew from the lists. */
	return r == -ENOENT ? 0 : r;
}
