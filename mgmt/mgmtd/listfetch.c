// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests to sekisho-feed, a few at once, on a connection each. It fetches and parses; what it
 * answers is not believed before it was checked.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/json.h"
#include "lib/oneshot.h"
#include "lib/util.h"
#include "mgmt/feeds/definition.h"
#include "mgmt/mgmtd/lists_private.h"

#define SLACK_S 60 /* beyond the feed's own time limit: parsing, sorting */

void mg_listfetch_done(struct mg_listfetch *f)
{
	sk_oneshot_call_free(f->call);
	sk_closep(&f->list);
	json_decref(f->end);
	*f = (struct mg_listfetch){.l = f->l, .list = -1};
}

struct mg_listfetch *mg_listfetch_of(struct mg_lists *l, const char *feed)
{
	for (size_t i = 0; i < MG_LISTFETCHES; i++)
		if (l->fetches[i].state != MG_LISTFETCH_FREE && sk_streq(l->fetches[i].feed, feed))
			return &l->fetches[i];
	return NULL;
}

static struct mg_listfetch *place(struct mg_lists *l)
{
	for (size_t i = 0; i < MG_LISTFETCHES; i++)
		if (l->fetches[i].state == MG_LISTFETCH_FREE)
			return &l->fetches[i];
	return NULL;
}

/* ---- the answer -------------------------------------------------------------------------------
 */
static void on_data(const json_t *body, int *fd, void *arg)
{
	struct mg_listfetch *f = arg;

	if (*fd < 0)
		return;
	sk_closep(&f->list);
	f->list = *fd;
	*fd = -1;
}

static void on_done(int code, const json_t *end, const struct sk_err *why, void *arg)
{
	struct mg_listfetch *f = arg;
	struct mg_lists *l = f->l;
	struct sk_err err = *why;

	f->call = NULL; /* freed by its owner after this */
	f->end = json_incref((json_t *)end);
	if (!end && code == -ETIMEDOUT)
		code = sk_err_set(&err, -EHOSTDOWN, NULL, "sekisho-feed does not answer",
			"sekisho-feed が応答しません");
	else if (!end)
		code = sk_err_set(&err, -EHOSTDOWN, NULL,
			"sekisho-feed ended without an answer; its log says why",
			"sekisho-feed が応答せずに終了しました。詳細はログを確認してください");
	mg_lists_fetched(l, f, code, &err);
	mg_lists_go_on(l);
}

/* ---- the request ------------------------------------------------------------------------------
 */
/* args is stolen; memfd stays the caller's. */
static int ask(struct mg_lists *l, const struct mg_feed *feed, const char *op, json_t *args,
	int memfd, struct sk_err *err)
{
	static const struct sk_oneshot_ops ops = {.data = on_data, .done = on_done};
	const struct sk_oneshot_ask q = {.socket = l->d->o.feed_socket,
		.op = op,
		.args = args,
		.passfd = memfd,
		.patience = MG_FEED_TIMEOUT_MAX + SLACK_S};
	struct mg_listfetch *f = place(l);
	int r;

	if (!args)
		return sk_err_nomem(err);
	if (!f || mg_listfetch_of(l, feed->name)) {
		json_decref(args);
		return sk_err_set(err, -EBUSY, NULL, "%s is being fetched; try again in a moment",
			"%s は取得中です。少し待って再度実行してください", feed->name);
	}
	r = sk_oneshot_call(&f->call, l->d->ev, &q, &ops, f, err);
	if (r < 0)
		return r;
	snprintf(f->feed, sizeof(f->feed), "%s", feed->name);
	f->state = MG_LISTFETCH_ASKING;
	return 0;
}

/* The list in use, so that `since` is kept; -1: there is none. */
static int previous(struct mg_lists *l, const char *name)
{
	char path[512];
	struct sk_buf b;
	int fd = -1;

	sk_buf_init(&b, MG_LIST_DOC_MAX);
	if (mg_lists_path(l->d, name, "list", path, sizeof(path)) == 0 &&
		sk_file_read(path, &b, NULL) == 0)
		fd = sk_memfd("feed-list", b.data, b.len);
	sk_buf_done(&b);
	return fd;
}

int mg_listfetch_start(struct mg_lists *l, const struct mg_feed *f, int64_t now, struct sk_err *err)
{
	_cleanup_(sk_closep) int before = previous(l, f->name);
	/* Without the list there is nothing that "not modified" could refer to. */
	bool have = before >= 0;

	return ask(l, f, "feed.fetch",
		json_pack("{s:O, s:s, s:s, s:I}", "definition", f->definition, "etag",
			have ? f->etag : "", "last_modified", have ? f->last_modified : "", "now",
			(json_int_t)now),
		before, err);
}

int mg_listfetch_parse(
	struct mg_lists *l, const struct mg_feed *f, const void *p, size_t n, struct sk_err *err)
{
	_cleanup_(sk_closep) int file = sk_memfd("feed-file", p, n);
	int r = file < 0 ? sk_err_nomem(err)
			 : ask(l, f, "feed.parse",
				   json_pack("{s:O, s:I, s:s}", "definition", f->definition, "now",
					   (json_int_t)sk_now(), "name", f->name),
				   file, err);

	if (r == 0)
		mg_listfetch_of(l, f->name)->upload = true;
	return r;
}
